//! Choosing who to be: on the first page, and on the sign-in pages of a browser that hasn't said.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, PreEscaped, html};
use serde::Deserialize;
use url::form_urlencoded;

use super::{SearchQuery, go_as, own, page};
use crate::api::agent;
use crate::corps::{Corps, Here};
use crate::directory::Member;
use crate::sign_in;
use crate::world::World;

/// How many people a search shows.
const SHOWN: usize = 60;
/// The page that choosing leads to, where nothing else is asked for.
const HOME: &str = "/client/workbench";

/// `/`
pub async fn home(
    query: SearchQuery,
    corps: Data<Corps>,
    folder: Data<own::Folder>,
    shared: Here,
) -> HttpResponse {
    // Who has just dropped a roster sees what becomes of it.
    if folder.is_loading() {
        return super::go("/roster");
    }
    let own = own::card(shared.own().as_ref());
    let invented = shared.own().is_none();
    let world = shared.read();
    let members = world.directory.members().count();
    let body = html! {
        header.top {
            a.brand href="/" { span.logo { "企" } "企业微信模拟器" }
            h1 { (world.spec.name) }
            p.muted {
                "选一个人，用这个人的企业微信打开「" (agent::title(&world)) "」。"
                "共 " (members) " 个帐号，" (if invented { "全部是虚构的人。" } else { "来自您的名册，只在这台电脑上。" })
            }
            p {
                a.console-link href="/console" { "管理后台：通讯录、应用、接收消息、故障" }
                @if invented { " · " a.console-link href="#own" { "用您自己的学校试" } }
            }
        }
        main.choice {
            @if corps.all().count() > 1 {
                nav.corps aria-label="企业" {
                    @for corp in corps.all() {
                        a href={ "/?appid=" (corp.id) } aria-current=[(corp.id == shared.id).then_some("true")] { (corp.id) }
                    }
                }
            }
            (choice(&world, "/", &HashMap::from([("appid".into(), shared.id.clone())]), &query.q, HOME))
            (own)
        }
    };
    page::answer(StatusCode::OK, page::document(&world.spec.name, "plain", body))
}

#[derive(Deserialize)]
pub struct Choice {
    userid: String,
    to: Option<String>,
}

/// `/choose`: makes the browser that person, and goes on.
pub async fn take(choice: Query<Choice>, shared: Here) -> HttpResponse {
    let world = shared.read();
    // Only pages of this simulator: `//host` would be elsewhere.
    let to = choice.to.as_deref().filter(|to| to.starts_with('/') && !to.starts_with("//")).unwrap_or(HOME);
    if choice.userid == sign_in::OUTSIDER {
        return go_as(to, &shared.id, sign_in::cookie(sign_in::OUTSIDER));
    }
    match world.directory.member(&choice.userid) {
        Some(member) => go_as(to, &shared.id, sign_in::cookie(&member.userid)),
        None => page::refusal(&world, "没有这个成员"),
    }
}

/// The authorize page of a browser that hasn't said who it is.
pub fn inside(world: &World, request: &HttpRequest, query: &HashMap<String, String>) -> HttpResponse {
    let (search, to) = (query.get("q").map_or("", String::as_str), return_address(request, query));
    let body = html! {
        header.top {
            h1 { "登录 " (agent::title(world)) }
            p.muted { "在企业微信里，这一步不会出现：客户端知道你是谁。请选择以谁的身份继续。" }
            @if query.get("scope").is_some_and(|scope| scope == "snsapi_privateinfo") {
                p.muted { "继续即表示同意向该应用提供：" (consented(world)) }
            }
        }
        main.choice {
            (choice(world, request.path(), query, search, &to))
            p { a.muted href=(choose_address(world, sign_in::OUTSIDER, &to)) { "以非企业成员（微信用户）继续" } }
        }
    };
    page::answer(StatusCode::OK, page::document("登录", "plain", body))
}

/// The PC page of a browser that hasn't said who it is: a code to scan, and who scans it.
pub fn scan(world: &World, request: &HttpRequest, query: &HashMap<String, String>) -> HttpResponse {
    let (search, to) = (query.get("q").map_or("", String::as_str), return_address(request, query));
    let body = html! {
        main.scan {
            section.card {
                span.brand { span.logo { "企" } "企业微信登录" }
                div.qr role="img" aria-label="模拟的二维码" { (PreEscaped(code_picture(&to))) }
                p { "请使用企业微信扫描二维码登录" }
                p.muted { "「" (agent::title(world)) "」 · " (world.spec.name) }
                p.muted { "模拟器里不用手机：选择谁来扫码即可。" }
            }
            section.choice {
                h2 { "谁来扫码" }
                (choice(world, request.path(), query, search, &to))
            }
        }
    };
    page::answer(StatusCode::OK, page::document("扫码登录", "plain", body))
}

/// The search, what it found, and the personas.
fn choice(world: &World, action: &str, keep: &HashMap<String, String>, search: &str, to: &str) -> Markup {
    let found = find(world, search);
    html! {
        form.search action=(action) role="search" {
            @for (name, value) in keep.iter().filter(|(name, _)| *name != "q") {
                input type="hidden" name=(name) value=(value);
            }
            input type="search" name="q" value=(search) placeholder="姓名、学号、班级或部门" aria-label="搜索成员";
            button type="submit" { "搜索" }
        }
        @if !search.trim().is_empty() {
            section.card {
                h2 { "搜索结果" }
                @if found.is_empty() { p.muted { "没有找到「" (search) "」。" } }
                ul.people {
                    @for member in &found {
                        li { (entry(world, member, &whereabouts(world, member), to)) }
                    }
                }
                @if found.len() == SHOWN { p.muted { "只显示前 " (SHOWN) " 个，请写得更具体。" } }
            }
        }
        div.personas {
            @for group in world.personas.chunk_by(|a, b| a.role == b.role) {
                section.card {
                    h2 { (group[0].role.title()) }
                    ul.people {
                        @for persona in group {
                            @if let Some(member) = world.directory.member(&persona.userid) {
                                li { (entry(world, member, &persona.place, to)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn entry(world: &World, member: &Member, place: &str, to: &str) -> Markup {
    let unread = world.messages.unread(&member.userid);
    html! {
        a.person href=(choose_address(world, &member.userid, to)) {
            (page::avatar(member))
            div { strong { (member.name) } span.muted { (place) } }
            @if unread > 0 { span.badge { (unread.min(99)) } }
            span.number { (member.userid) }
        }
    }
}

/// A member's main department, the nearest name first: on a phone the end of the line is cut.
fn whereabouts(world: &World, member: &Member) -> String {
    let path =
        member.memberships.first().map(|main| world.directory.path(main.department)).unwrap_or_default();
    match path.as_slice() {
        [_, college, .., class] => format!("{class} · {college}"),
        [.., name] => (*name).to_owned(),
        [] => String::new(),
    }
}

/// Members whose name, user id or department has the words in it.
fn find<'a>(world: &'a World, search: &str) -> Vec<&'a Member> {
    let search = search.trim().to_lowercase();
    if search.is_empty() {
        return Vec::new();
    }
    let fits = |member: &Member| {
        member.name.contains(&search)
            || member.memberships.iter().any(|membership| {
                let department = world.directory.department(membership.department);
                department.is_some_and(|department| department.name.to_lowercase().contains(&search))
            })
    };
    world
        .directory
        .members()
        .filter(|(userid, member)| userid.contains(&search) || fits(member))
        .map(|(_, member)| member)
        .take(SHOWN)
        .collect()
}

fn choose_address(world: &World, userid: &str, to: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("userid", userid)
        .append_pair("to", to)
        .append_pair("appid", &world.spec.corp.id)
        .finish();
    format!("/choose?{query}")
}

/// The sign-in page itself, without the search.
fn return_address(request: &HttpRequest, query: &HashMap<String, String>) -> String {
    let kept = query.iter().filter(|(name, _)| *name != "q");
    format!(
        "{}?{}",
        request.path(),
        form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
    )
}

fn consented(world: &World) -> String {
    let names = world.spec.app.sensitive_fields.iter().map(|field| match field.as_str() {
        "mobile" => "手机号",
        "gender" => "性别",
        "avatar" => "头像",
        other => other,
    });
    names.collect::<Vec<_>>().join("、")
}

/// A picture that looks like a code; nothing can be read from it.
fn code_picture(text: &str) -> String {
    const SIDE: usize = 25;
    let finder = |x: usize, y: usize| {
        let corner = |along: usize| {
            if along < 8 { Some(along) } else { along.checked_sub(SIDE - 8).map(|far| 7 - far) }
        };
        match (corner(x), corner(y)) {
            (Some(x), Some(y)) if !(x >= SIDE / 2 || y >= SIDE / 2) => Some((x, y)),
            _ => None,
        }
        .map(|(x, y)| {
            x < 7
                && y < 7
                && (x == 0 || y == 0 || x == 6 || y == 6 || ((2..5).contains(&x) && (2..5).contains(&y)))
        })
    };
    let mut state =
        text.bytes().fold(0x9e37_79b9_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    let mut path = String::new();
    for y in 0..SIDE {
        for x in 0..SIDE {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            // The lower right corner has no finder.
            let in_finder = if x >= SIDE - 8 && y >= SIDE - 8 { None } else { finder(x, y) };
            if in_finder.unwrap_or(state & 1 == 1) {
                path.push_str(&format!("M{x} {y}h1v1h-1z"));
            }
        }
    }
    format!(r#"<svg viewBox="0 0 {SIDE} {SIDE}" aria-hidden="true"><path d="{path}"/></svg>"#)
}
