//! 消息: who wrote, and what.

use actix_web::web::Form;
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

use super::page::{self, Tab};
use super::{bubble, go, markup, own};
use crate::api::agent;
use crate::api::message::Message;
use crate::corps::Here;
use crate::event::Event;
use crate::world::World;

/// How many of the newest messages are shown.
const SHOWN: usize = 50;

/// `/client/messages`
pub async fn list(request: HttpRequest, shared: Here) -> HttpResponse {
    let world = shared.read();
    let Some(member) = own(&request, &world) else { return go("/") };
    let content = match world.messages.of(&member.userid).next_back() {
        None => html! {
            div.empty { p { "还没有消息" } p.muted { "「" (agent::title(&world)) "」发来的提醒会出现在这里。" } }
        },
        Some(last) => html! {
            ul.rows {
                li {
                    a.row href="/client/messages/app" {
                        (page::app_icon(&world))
                        div {
                            strong { (agent::title(&world)) }
                            span.muted { (bubble::summary(last)) }
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
            @for message in messages { li { (bubble::show(world, message)) } }
        }
        (menu(world))
        form.say method="post" action="/client/messages/say" {
            input name="content" aria-label="发消息" placeholder="发消息给应用" autocomplete="off" required maxlength="500";
            button { "发送" }
        }
    };
    page::client(world, member, Tab::Messages, agent::title(world), Some("/client/messages"), content)
}

/// The app's menu: what opens a page is a link, what calls back a button; three names, each with its own below.
fn menu(world: &World) -> Markup {
    let text = |button: &Value, field: &str| {
        button.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let action = |button: &Value| {
        html! {
            @if text(button, "type") == "view" {
                a href=(markup::open_address(&text(button, "url"))) data-window { (text(button, "name")) }
            } @else {
                button name="key" value=(text(button, "key")) { (text(button, "name")) }
            }
        }
    };
    html! {
        @if !world.menu.is_empty() {
            form.app-menu method="post" action="/client/messages/menu" aria-label="应用菜单" {
                @for button in &world.menu {
                    @let below = button.get("sub_button").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                    @if below.is_empty() { (action(button)) }
                    @else {
                        details {
                            summary { "≡ " (text(button, "name")) }
                            div { @for button in below { (action(button)) } }
                        }
                    }
                }
            }
        }
    }
}

/// Which entry of the menu.
#[derive(Deserialize)]
pub struct Tap {
    key: String,
}

/// `/client/messages/menu`: an entry that calls back.
pub async fn tap(request: HttpRequest, tap: Form<Tap>, shared: Here) -> HttpResponse {
    let event = {
        let world = shared.read();
        let Some(member) = own(&request, &world) else { return go("/") };
        Event::menu("click", &member.userid, world.spec.app.agentid, &tap.key)
    };
    shared.send(vec![event]);
    go("/client/messages/app")
}
