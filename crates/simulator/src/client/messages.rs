//! 消息: who wrote, and what.

use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};

use super::page::{self, Tab};
use super::{go, markup, own};
use crate::api::message::{Content, Message};
use crate::corps::Here;
use crate::world::World;

/// How many of the newest messages are shown.
const SHOWN: usize = 50;
/// What stands in the place of a message that was taken back.
const RECALLED: &str = "该消息已被撤回";

/// `/client/messages`
pub async fn list(request: HttpRequest, shared: Here) -> HttpResponse {
    let world = shared.read();
    let Some(member) = own(&request, &world) else { return go("/") };
    let content = match world.messages.of(&member.userid).next_back() {
        None => html! {
            div.empty { p { "还没有消息" } p.muted { "「" (world.spec.app.title) "」发来的提醒会出现在这里。" } }
        },
        Some(last) => html! {
            ul.rows {
                li {
                    a.row href="/client/messages/app" {
                        (page::app_icon(&world))
                        div {
                            strong { (world.spec.app.title) }
                            span.muted { (summary(last)) }
                        }
                        div.end {
                            time.muted { (page::time(last.at, world.now())) }
                            @let unread = world.messages.unread(&member.userid);
                            @if unread > 0 { span.badge { (unread.min(99)) } }
                        }
                    }
                }
            }
        },
    };
    page::client(&world, member, Tab::Messages, "消息", None, content)
}

/// `/client/messages/app`: everything the app sent; looking at it makes it read.
pub async fn conversation(request: HttpRequest, shared: Here) -> HttpResponse {
    let mut world = shared.write();
    let Some(userid) = own(&request, &world).map(|member| member.userid.clone()) else { return go("/") };
    world.messages.mark_read(&userid);
    let world = &*world;
    let Some(member) = own(&request, world) else { return go("/") };
    let mut messages: Vec<&Message> = world.messages.of(&userid).rev().take(SHOWN).collect();
    messages.reverse();
    let content = html! {
        @if messages.is_empty() { div.empty { p { "还没有消息" } } }
        ol.conversation {
            @for message in messages { li { (bubble(world, message)) } }
        }
    };
    page::client(world, member, Tab::Messages, &world.spec.app.title, Some("/client/messages"), content)
}

fn bubble(world: &World, message: &Message) -> Markup {
    html! {
        time { (page::time(message.at, world.now())) }
        @if message.recalled { p.muted { (RECALLED) } } @else { @match &message.content {
            Content::Text { content } => {
                div.said { (page::app_icon(world)) p.words { (markup::text(content)) } }
            }
            Content::TextCard { title, description, url, btntxt } => {
                a.textcard href=(markup::open_address(url)) data-window {
                    strong { (title) }
                    div.description { (markup::description(description)) }
                    span.more { (btntxt) }
                }
            }
        } }
    }
}

fn summary(message: &Message) -> String {
    if message.recalled {
        return RECALLED.to_owned();
    }
    match &message.content {
        Content::Text { content } => markup::summary(content),
        Content::TextCard { title, .. } => format!("[卡片] {title}"),
    }
}
