//! What stands in a message: each `msgtype` with its limits (protocol.md §6.2). What WeCom cuts is cut, what it refuses is
//! refused.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::card;
use crate::api::Refusal;
use crate::world::World;

/// Bytes of a text or markdown; the rest is cut.
const MAX_TEXT: usize = 2048;
/// Of a title and a description: characters on a card, bytes elsewhere; the rest is cut.
const MAX_TITLE: usize = 128;
const MAX_DESCRIPTION: usize = 512;
/// Characters of a card's button.
const MAX_BUTTON: usize = 4;
/// Bytes of an address.
const MAX_URL: usize = 2048;
const MAX_ARTICLES: usize = 8;
/// Bytes of an article that WeCom keeps, and of its author.
const MAX_ARTICLE: usize = 666 * 1024;
const MAX_AUTHOR: usize = 64;
const MAX_ITEMS: usize = 10;

/// What stands in a message.
#[derive(Debug, Clone, Serialize)]
pub struct Content {
    /// `text`, `textcard`, …
    pub msgtype: String,
    /// What the message has under that name, cut to its limits.
    pub content: Value,
}

impl Content {
    /// A text of it, or nothing.
    pub fn text(&self, field: &str) -> &str {
        self.content.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether WeCom gives a code to update it by.
    pub fn can_be_updated(&self) -> bool {
        self.msgtype == "template_card" && card::calls_back(&self.content)
    }
}

/// Reads and checks the content of a message.
pub fn read(world: &World, message: &Map<String, Value>) -> Result<Content, Refusal> {
    let kind = message.get("msgtype").and_then(Value::as_str).ok_or(Refusal::MSGTYPE)?;
    let empty = Map::new();
    let given = message.get(kind).and_then(Value::as_object).unwrap_or(&empty);
    // Confidential ones of these don't exist.
    let open_only = ["voice", "textcard", "news", "markdown", "miniprogram_notice", "template_card"];
    if open_only.contains(&kind) && message.get("safe").is_some_and(|safe| safe.as_u64() != Some(0)) {
        return Err(Refusal::PARAMETER);
    }
    let content = match kind {
        "text" => {
            json!({ "content": cut_bytes(text(given, "content").ok_or(Refusal::TEXT_EMPTY)?, MAX_TEXT) })
        }
        "markdown" => {
            json!({ "content": cut_bytes(text(given, "content").ok_or(Refusal::TEXT_EMPTY)?, MAX_TEXT) })
        }
        "image" | "voice" | "file" => json!({ "media_id": media(world, given, "media_id", kind)? }),
        "video" => json!({
            "media_id": media(world, given, "media_id", kind)?,
            "title": cut_bytes(text(given, "title").unwrap_or_default(), MAX_TITLE),
            "description": cut_bytes(text(given, "description").unwrap_or_default(), MAX_DESCRIPTION),
        }),
        "textcard" => textcard(given)?,
        "news" => json!({ "articles": articles(given, article)? }),
        "mpnews" => json!({ "articles": articles(given, |given| kept_article(world, given))? }),
        "miniprogram_notice" => notice(given)?,
        "template_card" => {
            card::check(world, given, card::Use::New)?;
            Value::Object(given.clone())
        }
        _ => return Err(Refusal::MSGTYPE),
    };
    Ok(Content { msgtype: kind.to_owned(), content })
}

/// A text that isn't empty.
pub fn text<'a>(given: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    given.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn textcard(given: &Map<String, Value>) -> Result<Value, Refusal> {
    let title = text(given, "title").ok_or(Refusal::TITLE_MISSING)?;
    let description = text(given, "description").ok_or(Refusal::DESCRIPTION_MISSING)?;
    let url = text(given, "url").ok_or(Refusal::URL_MISSING)?;
    check_url(url)?;
    Ok(json!({
        "title": cut(title, MAX_TITLE),
        "description": cut(description, MAX_DESCRIPTION),
        "url": url,
        "btntxt": cut(text(given, "btntxt").unwrap_or("详情"), MAX_BUTTON),
    }))
}

fn articles(
    given: &Map<String, Value>,
    read: impl Fn(&Map<String, Value>) -> Result<Value, Refusal>,
) -> Result<Vec<Value>, Refusal> {
    let articles = given.get("articles").and_then(Value::as_array).ok_or(Refusal::ARTICLES)?;
    if articles.is_empty() || articles.len() > MAX_ARTICLES {
        return Err(Refusal::ARTICLES);
    }
    articles.iter().map(|article| read(article.as_object().ok_or(Refusal::PARAMETER)?)).collect()
}

fn article(given: &Map<String, Value>) -> Result<Value, Refusal> {
    let title = text(given, "title").ok_or(Refusal::TITLE_MISSING)?;
    let mut article = json!({
        "title": cut_bytes(title, MAX_TITLE),
        "description": cut_bytes(text(given, "description").unwrap_or_default(), MAX_DESCRIPTION),
        "picurl": text(given, "picurl").unwrap_or_default(),
    });
    // A mini program wins over a page.
    match (text(given, "appid"), text(given, "pagepath"), text(given, "url")) {
        (Some(appid), Some(pagepath), _) => {
            article["appid"] = json!(appid);
            article["pagepath"] = json!(pagepath);
        }
        (_, _, Some(url)) => {
            check_url(url)?;
            article["url"] = json!(url);
        }
        _ => return Err(Refusal::URL_MISSING),
    }
    Ok(article)
}

fn kept_article(world: &World, given: &Map<String, Value>) -> Result<Value, Refusal> {
    let title = text(given, "title").ok_or(Refusal::TITLE_MISSING)?;
    let thumb = media(world, given, "thumb_media_id", "image")?;
    let content = text(given, "content").ok_or(Refusal::TEXT_EMPTY)?;
    let author = text(given, "author").unwrap_or_default();
    if content.len() > MAX_ARTICLE {
        return Err(Refusal::CONTENT_SIZE);
    }
    if author.len() > MAX_AUTHOR {
        return Err(Refusal::AUTHOR_LENGTH);
    }
    Ok(json!({
        "title": cut_bytes(title, MAX_TITLE),
        "thumb_media_id": thumb,
        "author": author,
        "content_source_url": text(given, "content_source_url").unwrap_or_default(),
        "content": content,
        "digest": cut_bytes(text(given, "digest").unwrap_or_default(), MAX_DESCRIPTION),
    }))
}

fn notice(given: &Map<String, Value>) -> Result<Value, Refusal> {
    text(given, "appid").ok_or(Refusal::APPID_MISSING)?;
    let title = text(given, "title").ok_or(Refusal::TITLE_MISSING)?;
    for words in [Some(title), text(given, "description")].into_iter().flatten() {
        if !(4..=12).contains(&words.chars().count()) {
            return Err(Refusal::PARAMETER);
        }
    }
    if text(given, "page").is_some_and(|page| page.len() > 1024) {
        return Err(Refusal::NOTICE_PAGE);
    }
    let items = given.get("content_item").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if items.len() > MAX_ITEMS {
        return Err(Refusal::NOTICE_ITEMS);
    }
    for item in items.iter().filter_map(Value::as_object) {
        let length = |field| text(item, field).map_or(0, |text| text.chars().count());
        if !(1..=10).contains(&length("key")) {
            return Err(Refusal::NOTICE_KEY);
        }
        if !(1..=30).contains(&length("value")) {
            return Err(Refusal::NOTICE_VALUE);
        }
    }
    Ok(Value::Object(given.clone()))
}

/// An id of something uploaded as this kind, not yet forgotten.
fn media<'a>(
    world: &World,
    given: &'a Map<String, Value>,
    field: &str,
    kind: &str,
) -> Result<&'a str, Refusal> {
    let id = text(given, field).ok_or(Refusal::MEDIA_ID)?;
    let media = world.media.get(id, world.now()).ok_or(Refusal::MEDIA_ID)?;
    if media.kind == kind { Ok(id) } else { Err(Refusal::MEDIA_ID) }
}

/// An address with its scheme.
pub fn check_url(url: &str) -> Result<(), Refusal> {
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(Refusal::URL_SCHEME);
    }
    if url.len() > MAX_URL { Err(Refusal::URL_LENGTH) } else { Ok(()) }
}

fn cut(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
}

fn cut_bytes(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
