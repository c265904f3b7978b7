//! 工作台 and 我: opening the app as the member would.

use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse};
use maud::html;
use serde::Deserialize;
use url::Url;

use super::page::{self, Tab};
use super::{go, own, tile};
use crate::api::agent;
use crate::corps::Here;
use crate::directory::Status;
use crate::event::Event;
use crate::world::World;

/// Apps that WeCom brings along; here they are only drawn.
const OTHERS: [(&str, &str); 8] = [
    ("公告", "colour-1"),
    ("打卡", "colour-2"),
    ("审批", "colour-3"),
    ("汇报", "colour-4"),
    ("日程", "colour-5"),
    ("会议", "colour-0"),
    ("微盘", "colour-6"),
    ("收集表", "colour-2"),
];

/// `/client/workbench`
pub async fn show(request: HttpRequest, shared: Here) -> HttpResponse {
    let world = shared.read();
    let Some(member) = own(&request, &world) else { return go("/") };
    let app = &world.spec.app;
    let content = html! {
        section.tiles {
            h2 { "学校应用" }
            @if !world.range.reaches(member) {
                p.muted { "「" (agent::title(&world)) "」对你不可见。" }
            } @else if world.app_url.is_none() {
                p.muted { "「" (agent::title(&world)) "」的服务器还没有启动。" }
            } @else {
                (tile::draw(&world, world.tiles.of(&member.userid)))
                p.muted { (app.description) }
            }
        }
        section.tiles.dim {
            h2 { "企业微信自带" }
            ul {
                @for (name, colour) in OTHERS {
                    li.tile {
                        span class={ "app-icon " (colour) } aria-hidden="true" { (name.chars().next().unwrap_or(' ')) }
                        span { (name) }
                    }
                }
            }
            p.muted { "仅作陪衬，模拟器不提供。" }
        }
    };
    page::client(&world, member, Tab::Workbench, "工作台", None, content)
}

/// `/client/app`: the app's home page; the app hears that somebody came in.
pub async fn enter(request: HttpRequest, shared: Here) -> HttpResponse {
    let (home, event) = {
        let world = shared.read();
        let Some(member) = own(&request, &world) else { return go("/") };
        let Some(home) = agent::home(&world) else {
            return page::refusal(&world, "应用的服务器还没有启动");
        };
        (
            home,
            world.range.reaches(member).then(|| Event::enter_agent(&member.userid, world.spec.app.agentid)),
        )
    };
    shared.send(event.into_iter().collect());
    go(home.as_str())
}

#[derive(Deserialize)]
pub struct Link {
    url: String,
}

/// `/client/open`: a link of a message.
pub async fn open(request: HttpRequest, link: Query<Link>, shared: Here) -> HttpResponse {
    let world = shared.read();
    if own(&request, &world).is_none() {
        return go("/");
    }
    match Url::parse(&link.url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => go(as_member(&world, url).as_str()),
        _ => page::refusal(&world, "链接不是一个网址"),
    }
}

/// In WeCom each member has a browser of their own; here all share one, in which the app may still be signed in as
/// somebody else. So its links go by way of its sign-in.
fn as_member(world: &World, url: Url) -> Url {
    let Some(app) = world.app_url.as_ref().filter(|app| app.origin() == url.origin()) else { return url };
    if url.path().starts_with("/auth/") {
        return url;
    }
    let Ok(mut start) = app.join("/auth/start") else { return url };
    let mut to = url.path().to_owned();
    if let Some(query) = url.query() {
        to = format!("{to}?{query}");
    }
    start.query_pairs_mut().append_pair("to", &to);
    start
}

/// `/client/me`
pub async fn me(request: HttpRequest, shared: Here) -> HttpResponse {
    let world = shared.read();
    let Some(member) = own(&request, &world) else { return go("/") };
    let status = match member.status {
        Status::Active => "已激活",
        Status::Disabled => "已禁用",
        Status::Inactive => "未激活",
        Status::Left => "已退出",
    };
    let admin = world.app_url.as_ref().and_then(|app| app.join("/auth/start?to=/admin/").ok());
    let content = html! {
        div.me {
            (page::avatar(member))
            div { strong { (member.name) } span.muted { (world.spec.name) } }
        }
        dl.facts {
            div { dt { "帐号" } dd { (member.userid) } }
            @for membership in &member.memberships {
                div {
                    dt { "部门" }
                    dd {
                        @let path = world.directory.path(membership.department);
                        (path[path.len().min(1)..].join(" / "))
                        @if path.len() == 1 { (path[0]) }
                        @if membership.leader { span.tag { "负责人" } }
                    }
                }
            }
            @if !member.position.is_empty() { div { dt { "职务" } dd { (member.position) } } }
            div { dt { "手机" } dd { (masked(&member.mobile)) } }
            div { dt { "状态" } dd { (status) } }
        }
        div.actions {
            @if let Some(admin) = admin {
                a.button href=(admin) target="_blank" rel="noopener" { "在电脑浏览器里打开管理端" }
            }
            a.button href="/" { "换一个人" }
        }
    };
    page::client(&world, member, Tab::Me, "我", None, content)
}

fn masked(mobile: &str) -> String {
    match (mobile.get(..3), mobile.get(7..)) {
        (Some(start), Some(end)) => format!("{start}****{end}"),
        _ => "未填写".into(),
    }
}
