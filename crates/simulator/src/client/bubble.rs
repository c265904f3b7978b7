//! How each kind of message looks in a conversation.

use maud::{Markup, html};
use serde_json::Value;

use super::{card, markup, page};
use crate::api::message::Message;
use crate::world::World;

/// What stands in the place of a message that was taken back.
const RECALLED: &str = "该消息已被撤回";

/// A message in a conversation.
pub fn show(world: &World, message: &Message) -> Markup {
    let content = &message.content;
    html! {
        time { (page::time(message.at, world.now())) }
        @if message.recalled { p.muted { (RECALLED) } }
        @else if message.own { div.said.own { p.words { (content.text("content")) } } }
        @else { @match content.msgtype.as_str() {
            "text" => { div.said { (page::app_icon(world)) p.words { (markup::text(content.text("content"))) } } }
            "markdown" => {
                div.said { (page::app_icon(world)) div.words.markdown { (markup::markdown(content.text("content"))) } }
            }
            "textcard" => {
                a.textcard href=(markup::open_address(content.text("url"))) data-window {
                    strong { (content.text("title")) }
                    div.description { (markup::description(content.text("description"))) }
                    span.more { (content.text("btntxt")) }
                }
            }
            "news" | "mpnews" => { (articles(&content.content)) }
            "template_card" => { (card::show(message)) }
            "miniprogram_notice" => { (notice(&content.content)) }
            kind => { (file(world, kind, content.text("media_id"))) }
        } }
    }
}

/// The same in a few words, for the list of conversations.
pub fn summary(message: &Message) -> String {
    if message.recalled {
        return RECALLED.to_owned();
    }
    let content = &message.content;
    match content.msgtype.as_str() {
        "text" => markup::summary(content.text("content")),
        "markdown" => markup::plain(content.text("content")),
        "textcard" => format!("[卡片] {}", content.text("title")),
        "news" | "mpnews" => {
            let first = content.content.get("articles").and_then(|articles| articles.get(0));
            format!("[图文] {}", first.map(|article| text(article, "title")).unwrap_or_default())
        }
        "template_card" => format!("[卡片] {}", card::title(&content.content)),
        "miniprogram_notice" => format!("[小程序] {}", content.text("title")),
        "image" => "[图片]".into(),
        "voice" => "[语音]".into(),
        "video" => "[视频]".into(),
        _ => "[文件]".into(),
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn articles(content: &Value) -> Markup {
    let articles = content.get("articles").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    html! {
        div.articles {
            @for article in articles {
                @let address = [text(article, "url"), text(article, "content_source_url")].into_iter().find(|url| !url.is_empty());
                a href=[address.map(markup::open_address)] data-window {
                    strong { (text(article, "title")) }
                    @let words = [text(article, "description"), text(article, "digest")].concat();
                    @if !words.is_empty() { span.muted { (words) } }
                }
            }
        }
    }
}

fn notice(content: &Value) -> Markup {
    let items = content.get("content_item").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    html! {
        div.card {
            strong { (text(content, "title")) }
            @if !text(content, "description").is_empty() { p.muted { (text(content, "description")) } }
            dl.lines { @for item in items { dt { (text(item, "key")) } dd { (text(item, "value")) } } }
            p.muted { "小程序" }
        }
    }
}

fn file(world: &World, kind: &str, id: &str) -> Markup {
    let media = world.media.get(id, world.now());
    let kind = match kind {
        "image" => "图片",
        "voice" => "语音",
        "video" => "视频",
        _ => "文件",
    };
    html! {
        div.said {
            (page::app_icon(world))
            p.words {
                "[" (kind) "] "
                @match media {
                    Some(media) => { (media.name) span.muted { " · " (media.bytes.len().div_ceil(1024)) " KB" } }
                    None => span.muted { "已过期" }
                }
            }
        }
    }
}
