//! What all pages share: the frame, avatars, dates.

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::{HttpResponse, HttpResponseBuilder};
use chrono::{DateTime, FixedOffset, Utc};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::api::agent;
use crate::directory::Member;
use crate::world::World;

/// Colours of avatars; see the style sheet.
const COLOURS: u32 = 7;

/// The tabs at the foot of the client.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// 消息
    Messages,
    /// 通讯录
    Contacts,
    /// 工作台
    Workbench,
    /// 我
    Me,
}

/// A whole page; one of the console has its own style beside the client's.
pub fn document(title: &str, kind: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="zh-CN" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · 企业微信模拟器" }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/assets/client.css";
                @if kind == "console" { link rel="stylesheet" href="/assets/console.css"; }
                script src="/assets/client.js" defer {}
            }
            body class=(kind) { (body) }
        }
    }
}

/// The answer that carries a page.
pub fn answer(status: StatusCode, page: Markup) -> HttpResponse {
    HttpResponseBuilder::new(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        // form-action is left open: a sign-in that starts with a form ends at the app.
        .insert_header((
            CONTENT_SECURITY_POLICY,
            "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
        ))
        .body(page.into_string())
}

/// A page of the client: a phone, and on a wide screen the bench it lies on.
pub fn client(
    world: &World,
    member: &Member,
    tab: Tab,
    title: &str,
    back: Option<&str>,
    content: Markup,
) -> HttpResponse {
    let unread = world.messages.unread(&member.userid);
    let tabs = [
        (Tab::Messages, "消息", "/client/messages", ICON_MESSAGES),
        (Tab::Contacts, "通讯录", "/client/contacts", ICON_CONTACTS),
        (Tab::Workbench, "工作台", "/client/workbench", ICON_WORKBENCH),
        (Tab::Me, "我", "/client/me", ICON_ME),
    ];
    let body = html! {
        (bench(world, member))
        main.phone data-unread=(unread) {
            header.bar {
                @if let Some(back) = back {
                    a.back href=(back) aria-label="返回" { (PreEscaped(ICON_BACK)) }
                }
                h1 { (title) }
            }
            div.content { (content) }
            nav.tabs aria-label="主导航" {
                @for (each, name, href, icon) in tabs {
                    a href=(href) aria-current=[(each == tab).then_some("page")] {
                        (PreEscaped(icon))
                        @if each == Tab::Messages && unread > 0 { span.badge { (unread.min(99)) } }
                        span { (name) }
                    }
                }
            }
        }
    };
    answer(StatusCode::OK, document(title, "client", body))
}

/// What a wide screen shows beside the phone: who it is, and the others to be.
fn bench(world: &World, member: &Member) -> Markup {
    html! {
        aside.bench {
            a.brand href="/" { span.logo { "企" } "企业微信模拟器" }
            section.card {
                h2 { "正在使用" }
                div.person {
                    (avatar(member))
                    div { strong { (member.name) } span.muted { (member.userid) } }
                }
                p.muted { (place(world, member)) }
                a.button href="/" { "换一个人" }
            }
            section.card {
                h2 { "常用身份" }
                ul.plain {
                    @for persona in world.personas.iter().filter(|p| world.directory.member(&p.userid).is_some()) {
                        li {
                            a href={ "/choose?userid=" (persona.userid) } aria-current=[(persona.userid == member.userid).then_some("true")] {
                                span.role { (persona.role.title()) } (persona.name)
                            }
                        }
                    }
                }
            }
        }
    }
}

/// WeCom says no to a sign-in.
pub fn refusal(world: &World, reason: &str) -> HttpResponse {
    let body = html! {
        main.notice {
            div.sign { "!" }
            h1 { "无法访问" }
            p { (reason) }
            p.muted { (world.spec.name) " · " (agent::title(world)) }
            a.button href="/" { "回到模拟器首页" }
        }
    };
    answer(StatusCode::BAD_REQUEST, document("无法访问", "plain", body))
}

/// A square with the end of the name, as WeCom draws members without a picture.
pub fn avatar(member: &Member) -> Markup {
    let colour =
        member.userid.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()))
            % COLOURS;
    let skip = member.name.chars().count().saturating_sub(2);
    let end: String = member.name.chars().skip(skip).collect();
    html! { span class={ "avatar colour-" (colour) } aria-hidden="true" { (end) } }
}

/// The app's own square.
pub fn app_icon(world: &World) -> Markup {
    html! { span.app-icon aria-hidden="true" { (agent::title(world).chars().next().unwrap_or('·')) } }
}

/// The path of a member's main department without the school.
pub fn place(world: &World, member: &Member) -> String {
    let Some(main) = member.memberships.first() else { return "未分配部门".into() };
    let path = world.directory.path(main.department);
    match path.as_slice() {
        [_, below @ ..] if !below.is_empty() => below.join(" / "),
        _ => path.join(" / "),
    }
}

/// When it was, as a chat shows it: the school's time, and the day where it isn't today.
pub fn time(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    // China has one time and no summer time.
    let Some(zone) = FixedOffset::east_opt(8 * 3600) else { return at.to_string() };
    let (at, now) = (at.with_timezone(&zone), now.with_timezone(&zone));
    match (now.date_naive() - at.date_naive()).num_days() {
        0 => at.format("%H:%M").to_string(),
        1 => at.format("昨天 %H:%M").to_string(),
        _ => at.format("%-m月%-d日 %H:%M").to_string(),
    }
}

/// The date and time in China, in full.
pub fn moment(at: DateTime<Utc>) -> String {
    let zone = FixedOffset::east_opt(8 * 3600);
    zone.map_or_else(
        || at.to_string(),
        |zone| at.with_timezone(&zone).format("%Y年%-m月%-d日 %H:%M").to_string(),
    )
}

const ICON_BACK: &str = r#"<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M15 5l-7 7 7 7"/></svg>"#;
const ICON_MESSAGES: &str = r#"<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4c-5 0-9 3.1-9 7 0 2.2 1.3 4.2 3.3 5.500L5.8 20l3.7-2.100c.8.1 1.6.2 2.5.2 5 0 9-3.1 9-7s-4-7.1-9-7.100z"/></svg>"#;
const ICON_CONTACTS: &str = r#"<svg viewBox="0 0 24 24" aria-hidden="true"><rect x="4" y="3.5" width="15" height="17" rx="2.5"/><circle cx="11.5" cy="10" r="2.3"/><path d="M7.5 16.500c.6-2 2-3 4-3s3.4 1 4 3M19 8h2M19 12h2M19 16h2"/></svg>"#;
const ICON_WORKBENCH: &str = r#"<svg viewBox="0 0 24 24" aria-hidden="true"><rect x="4" y="4" width="6.5" height="6.5" rx="1.5"/><rect x="13.5" y="4" width="6.5" height="6.5" rx="1.5"/><rect x="4" y="13.5" width="6.5" height="6.5" rx="1.5"/><rect x="13.5" y="13.5" width="6.5" height="6.5" rx="1.5"/></svg>"#;
const ICON_ME: &str = r#"<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="8" r="3.8"/><path d="M4.5 20c.8-4 3.5-6 7.5-6s6.7 2 7.5 6"/></svg>"#;
