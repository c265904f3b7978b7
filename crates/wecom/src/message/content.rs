//! The simple kinds of content (doc 90236), with the limits WeCom refuses or cuts at.

use serde::Serialize;

use super::card::Use;
use super::{
    Content, MAX_BUTTON_CHARS, MAX_DESCRIPTION_BYTES, MAX_TEXT_BYTES, MAX_TITLE_BYTES, MAX_URL_BYTES,
    MessageError,
};

const MAX_ARTICLES: usize = 8;
/// Bytes of an article that WeCom keeps.
const MAX_ARTICLE_BYTES: usize = 666 * 1024;
const MAX_PAGE_BYTES: usize = 1024;
const MAX_PAGEPATH_BYTES: usize = 128;
const MAX_AUTHOR_BYTES: usize = 64;

/// Something that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Media {
    /// Of `media/upload`; lives three days.
    pub media_id: String,
}

/// A film with words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Video {
    /// Of `media/upload`; lives three days.
    pub media_id: String,
    /// At most [`MAX_TITLE_BYTES`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// At most [`MAX_DESCRIPTION_BYTES`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// An article that stands elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Article {
    /// At most [`MAX_TITLE_BYTES`].
    pub title: String,
    /// At most [`MAX_DESCRIPTION_BYTES`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Where it stands.
    #[serde(flatten)]
    pub link: ArticleLink,
    /// JPG or PNG, 1068 × 455 for the first, 150 × 150 for the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picurl: Option<String>,
}

/// Where an [`Article`] stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ArticleLink {
    /// A page.
    Page {
        /// Its address.
        url: String,
    },
    /// A mini program bound to the corp.
    MiniProgram {
        /// Its id.
        appid: String,
        /// At most 128 bytes.
        pagepath: String,
    },
}

/// An article that WeCom keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct KeptArticle {
    /// At most [`MAX_TITLE_BYTES`].
    pub title: String,
    /// The picture, uploaded.
    pub thumb_media_id: String,
    /// At most 64 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Behind "read more".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_source_url: Option<String>,
    /// HTML, at most 666 KB.
    pub content: String,
    /// At most [`MAX_DESCRIPTION_BYTES`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// A notice of a mini program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MiniProgramNotice {
    /// Bound to the app.
    pub appid: String,
    /// The page a tap opens, at most 1024 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// 4 to 12 Chinese characters.
    pub title: String,
    /// 4 to 12 Chinese characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether the first line stands out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emphasis_first_item: Option<bool>,
    /// At most ten.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub content_item: Vec<NoticeItem>,
}

/// A line of a [`MiniProgramNotice`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NoticeItem {
    /// At most 10 characters.
    pub key: String,
    /// At most 30 characters.
    pub value: String,
}

impl Content {
    /// As `msgtype` names it.
    pub fn msgtype(&self) -> &'static str {
        match self {
            Content::Text { .. } => "text",
            Content::Image(_) => "image",
            Content::Voice(_) => "voice",
            Content::Video(_) => "video",
            Content::File(_) => "file",
            Content::TextCard { .. } => "textcard",
            Content::News { .. } => "news",
            Content::MpNews { .. } => "mpnews",
            Content::Markdown { .. } => "markdown",
            Content::MiniProgramNotice(_) => "miniprogram_notice",
            Content::TemplateCard(_) => "template_card",
        }
    }

    pub(super) fn check(&self) -> Result<(), MessageError> {
        match self {
            Content::Text { content } => within("the text", content.len(), "bytes", MAX_TEXT_BYTES),
            Content::Markdown { content } => within("the markdown", content.len(), "bytes", MAX_TEXT_BYTES),
            Content::Image(media) | Content::Voice(media) | Content::File(media) => {
                filled("media_id", &media.media_id)
            }
            Content::Video(video) => {
                filled("media_id", &video.media_id)?;
                optional("the title", video.title.as_deref(), MAX_TITLE_BYTES)?;
                optional("the description", video.description.as_deref(), MAX_DESCRIPTION_BYTES)
            }
            Content::TextCard { title, description, url, button } => {
                within("the title", title.len(), "bytes", MAX_TITLE_BYTES)?;
                within("the description", description.len(), "bytes", MAX_DESCRIPTION_BYTES)?;
                check_link(url)?;
                match button {
                    Some(button) => {
                        within("the button", button.chars().count(), "characters", MAX_BUTTON_CHARS)
                    }
                    None => Ok(()),
                }
            }
            Content::News { articles } => {
                within("articles", articles.len(), "entries", MAX_ARTICLES)?;
                articles.iter().try_for_each(Article::check)
            }
            Content::MpNews { articles } => {
                within("articles", articles.len(), "entries", MAX_ARTICLES)?;
                articles.iter().try_for_each(KeptArticle::check)
            }
            Content::MiniProgramNotice(notice) => notice.check(),
            Content::TemplateCard(card) => card.check(Use::New),
        }
    }
}

impl Article {
    fn check(&self) -> Result<(), MessageError> {
        within("an article's title", self.title.len(), "bytes", MAX_TITLE_BYTES)?;
        optional("an article's description", self.description.as_deref(), MAX_DESCRIPTION_BYTES)?;
        optional("an article's picurl", self.picurl.as_deref(), MAX_URL_BYTES)?;
        match &self.link {
            ArticleLink::Page { url } => check_link(url),
            ArticleLink::MiniProgram { appid, pagepath } => {
                filled("an article's appid", appid)?;
                within("an article's pagepath", pagepath.len(), "bytes", MAX_PAGEPATH_BYTES)
            }
        }
    }
}

impl KeptArticle {
    fn check(&self) -> Result<(), MessageError> {
        within("an article's title", self.title.len(), "bytes", MAX_TITLE_BYTES)?;
        filled("an article's thumb_media_id", &self.thumb_media_id)?;
        within("an article's content", self.content.len(), "bytes", MAX_ARTICLE_BYTES)?;
        optional("an article's author", self.author.as_deref(), MAX_AUTHOR_BYTES)?;
        optional("an article's digest", self.digest.as_deref(), MAX_DESCRIPTION_BYTES)
    }
}

impl MiniProgramNotice {
    fn check(&self) -> Result<(), MessageError> {
        filled("appid", &self.appid)?;
        optional("page", self.page.as_deref(), MAX_PAGE_BYTES)?;
        for (field, text) in
            [("the title", Some(&self.title)), ("the description", self.description.as_ref())]
        {
            let Some(text) = text else { continue };
            let length = text.chars().count();
            if length < 4 {
                return Err(MessageError::Empty(field));
            }
            within(field, length, "characters", 12)?;
        }
        at_most("content_item", self.content_item.len(), 10)?;
        for item in &self.content_item {
            within("content_item.key", item.key.chars().count(), "characters", 10)?;
            within("content_item.value", item.value.chars().count(), "characters", 30)?;
        }
        Ok(())
    }
}

/// At least one and no more than `limit`.
pub(crate) fn within(
    field: &'static str,
    length: usize,
    unit: &'static str,
    limit: usize,
) -> Result<(), MessageError> {
    match length {
        0 => Err(MessageError::Empty(field)),
        _ if length > limit => Err(MessageError::TooLong { field, length, unit, limit }),
        _ => Ok(()),
    }
}

pub(crate) fn at_most(field: &'static str, length: usize, limit: usize) -> Result<(), MessageError> {
    if length > limit { Err(MessageError::TooLong { field, length, unit: "entries", limit }) } else { Ok(()) }
}

pub(crate) fn filled(field: &'static str, text: &str) -> Result<(), MessageError> {
    if text.is_empty() { Err(MessageError::Empty(field)) } else { Ok(()) }
}

/// Empty and absent are the same.
fn optional(field: &'static str, text: Option<&str>, limit: usize) -> Result<(), MessageError> {
    match text {
        Some(text) if text.len() > limit => {
            Err(MessageError::TooLong { field, length: text.len(), unit: "bytes", limit })
        }
        _ => Ok(()),
    }
}

pub(crate) fn check_link(url: &str) -> Result<(), MessageError> {
    within("the link", url.len(), "bytes", MAX_URL_BYTES)?;
    if url.starts_with("https://") || url.starts_with("http://") {
        Ok(())
    } else {
        Err(MessageError::BadLink)
    }
}
