//! Template cards: shown part by part, with buttons, menus and choices that call back.

use actix_web::web::{Bytes, Form};
use actix_web::{HttpRequest, HttpResponse};
use maud::{Markup, html};
use serde_json::Value;

use super::{go, markup, own};
use crate::api::message::Message;
use crate::api::message::update::{self, Click};
use crate::corps::Here;

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn part<'a>(card: &'a Value, name: &str, field: &str) -> &'a str {
    card.get(name).map(|part| text(part, field)).unwrap_or_default()
}

fn list<'a>(card: &'a Value, name: &str) -> &'a [Value] {
    card.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The card's title, or what stands for it.
pub fn title(card: &Value) -> &str {
    [part(card, "main_title", "title"), text(card, "sub_title_text")]
        .into_iter()
        .find(|title| !title.is_empty())
        .unwrap_or_default()
}

/// The card.
pub fn show(message: &Message) -> Markup {
    let card = &message.content.content;
    let disabled = message.disabled.as_deref();
    let url = part(card, "card_action", "url");
    html! {
        form.template-card method="post" action="/client/messages/click" {
            input type="hidden" name="msgid" value=(message.msgid);
            @if card.get("source").is_some() || card.get("action_menu").is_some() {
                div.source {
                    span.muted { (part(card, "source", "desc")) }
                    (menu(card))
                }
            }
            div.heading {
                @if url.is_empty() { strong { (title(card)) } }
                @else { strong { a href=(markup::open_address(url)) data-window { (title(card)) } } }
                @let desc = part(card, "main_title", "desc");
                @if !desc.is_empty() { span.muted { (desc) } }
            }
            @if card.get("emphasis_content").is_some() {
                div.emphasis {
                    b { (part(card, "emphasis_content", "title")) }
                    span.muted { (part(card, "emphasis_content", "desc")) }
                }
            }
            @if card.get("quote_area").is_some() {
                blockquote { b { (part(card, "quote_area", "title")) } p { (part(card, "quote_area", "quote_text")) } }
            }
            @let words = text(card, "sub_title_text");
            @if !words.is_empty() && words != title(card) { p { (words) } }
            @for paragraph in list(card, "vertical_content_list") {
                div.heading { b { (text(paragraph, "title")) } span.muted { (text(paragraph, "desc")) } }
            }
            (lines(card))
            @if let Some(question) = card.get("button_selection") { (choice(question, disabled.is_some())) }
            @for question in list(card, "select_list") { (choice(question, disabled.is_some())) }
            @if let Some(question) = card.get("checkbox") { (ticks(question, disabled.is_some())) }
            (buttons(card, disabled))
            @for jump in list(card, "jump_list") {
                a.more href=(markup::open_address(text(jump, "url"))) data-window { (text(jump, "title")) }
            }
            @if !url.is_empty() && list(card, "jump_list").is_empty() && list(card, "button_list").is_empty() {
                a.more href=(markup::open_address(url)) data-window { "查看详情" }
            }
        }
    }
}

fn menu(card: &Value) -> Markup {
    let actions = card.get("action_menu").map(|menu| list(menu, "action_list")).unwrap_or_default();
    html! {
        @if !actions.is_empty() {
            details.menu {
                summary aria-label="更多" { "···" }
                @for action in actions {
                    button name="key" value=(text(action, "key")) { (text(action, "text")) }
                }
            }
        }
    }
}

fn lines(card: &Value) -> Markup {
    let lines = list(card, "horizontal_content_list");
    html! {
        @if !lines.is_empty() {
            dl.lines {
                @for line in lines {
                    dt { (text(line, "keyname")) }
                    dd {
                        @if line.get("type").and_then(Value::as_u64) == Some(1) {
                            a href=(markup::open_address(text(line, "url"))) data-window { (text(line, "value")) }
                        } @else { (text(line, "value")) }
                    }
                }
            }
        }
    }
}

fn choice(question: &Value, disabled: bool) -> Markup {
    let disabled = disabled || question.get("disable").and_then(Value::as_bool) == Some(true);
    let key = text(question, "question_key");
    html! {
        label.question {
            span { (text(question, "title")) }
            select name={ "q:" (key) } disabled[disabled] {
                @for option in list(question, "option_list") {
                    option value=(text(option, "id")) selected[text(option, "id") == text(question, "selected_id")] {
                        (text(option, "text"))
                    }
                }
            }
        }
    }
}

fn ticks(question: &Value, disabled: bool) -> Markup {
    let disabled = disabled || question.get("disable").and_then(Value::as_bool) == Some(true);
    let several = question.get("mode").and_then(Value::as_u64) == Some(1);
    let key = text(question, "question_key");
    html! {
        fieldset.ticks disabled[disabled] {
            @for option in list(question, "option_list") {
                label {
                    input type=(if several { "checkbox" } else { "radio" }) name={ "q:" (key) } value=(text(option, "id"))
                        checked[option.get("is_checked").and_then(Value::as_bool) == Some(true)];
                    (text(option, "text"))
                }
            }
        }
    }
}

fn buttons(card: &Value, disabled: Option<&str>) -> Markup {
    let submit = card.get("submit_button");
    html! {
        @if let Some(words) = disabled { div.buttons { button type="button" disabled { (words) } } }
        @else if submit.is_some() || !list(card, "button_list").is_empty() {
            div.buttons {
                @for button in list(card, "button_list") {
                    @let style = button.get("style").and_then(Value::as_u64).unwrap_or(1).clamp(1, 4);
                    @if button.get("type").and_then(Value::as_u64) == Some(1) {
                        a class={ "style-" (style) } href=(markup::open_address(text(button, "url"))) data-window { (text(button, "text")) }
                    } @else {
                        button class={ "style-" (style) } name="key" value=(text(button, "key")) { (text(button, "text")) }
                    }
                }
                @if let Some(button) = submit {
                    button.style-1 name="key" value=(text(button, "key")) { (text(button, "text")) }
                }
            }
        }
    }
}

/// `/client/messages/click`: a button, an entry of the menu, or a submission with its choices.
pub async fn click(request: HttpRequest, body: Bytes, shared: Here) -> HttpResponse {
    let mut click = Click::default();
    for (name, value) in url::form_urlencoded::parse(&body) {
        match name.strip_prefix("q:") {
            Some(question) => click.selected.entry(question.to_owned()).or_default().push(value.into_owned()),
            None if name == "msgid" => click.msgid = value.into_owned(),
            None if name == "key" => click.key = value.into_owned(),
            None => {}
        }
    }
    let event = {
        let mut world = shared.write();
        let Some(userid) = own(&request, &world).map(|member| member.userid.clone()) else { return go("/") };
        update::click(&mut world, &userid, &click)
    };
    // A card that changed meanwhile is shown as it is now.
    if let Ok(event) = event {
        shared.send(vec![event]);
    }
    go("/client/messages/app")
}

/// What a member writes.
#[derive(serde::Deserialize)]
pub struct Words {
    content: String,
}

/// `/client/messages/say`: a member writes to the app.
pub async fn say(request: HttpRequest, words: Form<Words>, shared: Here) -> HttpResponse {
    let content = words.content.trim();
    let event = {
        let mut world = shared.write();
        let Some(userid) = own(&request, &world).map(|member| member.userid.clone()) else { return go("/") };
        (!content.is_empty()).then(|| world.say(&userid, content))
    };
    shared.send(event.into_iter().collect());
    go("/client/messages/app")
}
