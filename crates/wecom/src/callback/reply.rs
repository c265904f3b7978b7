//! Passive replies: what may be answered in the response to a callback (doc 90241).
//!
//! Messages may be answered, and the events `subscribe`, `enter_agent`, `LOCATION`, `click`, `view`,
//! `view_miniprogram`, `scancode_waitmsg` and `template_card_menu_event`. Whether an answer to
//! `template_card_event` is heeded is UNCONFIRMED: `message/update_template_card` is certain.

use serde_json::Value;

use super::Common;
use crate::xml::cdata;

/// The content of a passive reply.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// At most 2048 bytes; WeCom cuts what is longer.
    Text(String),
    /// A picture uploaded before.
    Image {
        /// From `media/upload`.
        media_id: String,
    },
    /// A voice message uploaded before.
    Voice {
        /// From `media/upload`.
        media_id: String,
    },
    /// A video uploaded before.
    Video {
        /// From `media/upload`.
        media_id: String,
        /// At most 128 bytes.
        title: String,
        /// At most 512 bytes.
        description: String,
    },
    /// Articles.
    News(Vec<Article>),
    /// The text of the button that was pressed becomes this, for who pressed it. For cards of type
    /// `button_interaction`, `vote_interaction` and `multiple_interaction`.
    UpdateButton {
        /// The new text.
        replace_name: String,
    },
    /// The card that was used becomes this one, for who used it. The card as in `message/send`, snake_case.
    UpdateTemplateCard(Value),
}

/// One article of [`Reply::News`].
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Article {
    /// Title.
    pub title: String,
    /// Text below it.
    pub description: String,
    /// Address of its picture.
    pub pic_url: String,
    /// Where it leads.
    pub url: String,
}

impl Reply {
    /// The `MsgType`.
    pub fn name(&self) -> &'static str {
        match self {
            Reply::Text(_) => "text",
            Reply::Image { .. } => "image",
            Reply::Voice { .. } => "voice",
            Reply::Video { .. } => "video",
            Reply::News(_) => "news",
            Reply::UpdateButton { .. } => "update_button",
            Reply::UpdateTemplateCard(_) => "update_template_card",
        }
    }

    /// The plaintext, addressed back to where `to` came from. `now` in Unix seconds.
    pub fn to_xml(&self, to: &Common, now: i64) -> String {
        let content = match self {
            Reply::Text(content) => element("Content", content),
            Reply::Image { media_id } => format!("<Image>{}</Image>", element("MediaId", media_id)),
            Reply::Voice { media_id } => format!("<Voice>{}</Voice>", element("MediaId", media_id)),
            Reply::Video { media_id, title, description } => format!(
                "<Video>{}{}{}</Video>",
                element("MediaId", media_id),
                element("Title", title),
                element("Description", description)
            ),
            Reply::News(articles) => {
                let items: String = articles.iter().map(Article::to_xml).collect();
                format!("<ArticleCount>{}</ArticleCount><Articles>{items}</Articles>", articles.len())
            }
            Reply::UpdateButton { replace_name } => {
                format!("<Button>{}</Button>", element("ReplaceName", replace_name))
            }
            Reply::UpdateTemplateCard(card) => mirror("TemplateCard", card),
        };
        format!(
            "<xml>{}{}<CreateTime>{now}</CreateTime>{}{content}</xml>",
            element("ToUserName", &to.from),
            element("FromUserName", &to.to),
            element("MsgType", self.name()),
        )
    }
}

impl Article {
    fn to_xml(&self) -> String {
        format!(
            "<item>{}{}{}{}</item>",
            element("Title", &self.title),
            element("Description", &self.description),
            element("PicUrl", &self.pic_url),
            element("Url", &self.url)
        )
    }
}

fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", cdata(text))
}

/// A JSON value as elements: names in PascalCase, lists as repeated elements, empty ones left out.
fn mirror(name: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => element(name, text),
        Value::Bool(_) | Value::Number(_) => format!("<{name}>{value}</{name}>"),
        Value::Array(items) => items.iter().map(|item| mirror(name, item)).collect(),
        Value::Object(fields) => {
            let inner: String = fields.iter().map(|(key, value)| mirror(&pascal(key, name), value)).collect();
            format!("<{name}>{inner}</{name}>")
        }
    }
}

/// `main_title` is `MainTitle`. Words that JSON runs together, and `Appid` inside two of the
/// areas, are as doc 90241 prints them.
fn pascal(key: &str, parent: &str) -> String {
    match (key, parent) {
        ("checkbox", _) => "CheckBox".into(),
        ("appid", "ImageTextArea" | "QuoteArea") => "Appid".into(),
        ("appid", _) => "AppId".into(),
        ("pagepath", _) => "PagePath".into(),
        ("userid", _) => "UserId".into(),
        ("keyname", _) => "KeyName".into(),
        // Only the letters of a name: no key may write XML.
        _ => key
            .split('_')
            .filter_map(|word| {
                let mut letters = word.chars().filter(char::is_ascii_alphanumeric);
                let first = letters.next()?.to_ascii_uppercase();
                Some(std::iter::once(first).chain(letters).collect::<String>())
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callback::{Query, Receiver};
    use crate::crypto::CallbackCrypto;
    use crate::xml::Element;
    use serde_json::json;

    fn to() -> Common {
        Common { to: "ww1".into(), from: "zhang.san".into(), ..Common::default() }
    }

    fn read(reply: &Reply) -> Element {
        let xml = Element::parse(&reply.to_xml(&to(), 1_700_000_000)).unwrap();
        assert_eq!(xml.text_of("MsgType"), Some(reply.name()));
        xml
    }

    #[test]
    fn a_reply_is_addressed_back_and_escaped() {
        let xml = read(&Reply::Text("a]]><b>".into()));
        assert_eq!(xml.text_of("ToUserName"), Some("zhang.san"));
        assert_eq!(xml.text_of("FromUserName"), Some("ww1"));
        assert_eq!(xml.text_of("CreateTime"), Some("1700000000"));
        assert_eq!(xml.text_of("Content"), Some("a]]><b>"));
    }

    #[test]
    fn media_and_articles_are_nested_as_documented() {
        let inner = |reply: Reply, name: &str, field: &str| {
            read(&reply).child(name).and_then(|part| part.text_of(field)).map(str::to_owned)
        };
        let id = || "m".to_owned();
        assert_eq!(inner(Reply::Image { media_id: id() }, "Image", "MediaId"), Some(id()));
        assert_eq!(inner(Reply::Voice { media_id: id() }, "Voice", "MediaId"), Some(id()));
        let video = Reply::Video { media_id: id(), title: "t".into(), description: "d".into() };
        assert_eq!(inner(video, "Video", "Description"), Some("d".into()));
        let button = Reply::UpdateButton { replace_name: "已办".into() };
        assert_eq!(inner(button, "Button", "ReplaceName"), Some("已办".into()));
        let news = read(&Reply::News(vec![Article { url: "u".into(), ..Article::default() }; 2]));
        assert_eq!(news.text_of("ArticleCount"), Some("2"));
        let items = &news.child("Articles").unwrap().children;
        assert_eq!(items.iter().map(|item| item.text_of("Url")).collect::<Vec<_>>(), [Some("u"); 2]);
    }

    #[test]
    fn a_card_is_mirrored_in_pascal_case() {
        let card = json!({
            "card_type": "multiple_interaction", "main_title": {"title": "t", "desc": null},
            "horizontal_content_list": [
                {"keyname": "k", "type": 3, "userid": "a"}, {"keyname": "l", "media_id": "m"},
            ],
            "jump_list": [{"type": 2, "appid": "wx1", "pagepath": "/p"}],
            "quote_area": {"appid": "wx2", "quote_text": "q"},
            "checkbox": {"question_key": "c", "option_list": [{"id": "1", "is_checked": true}]},
        });
        let xml = Reply::UpdateTemplateCard(card).to_xml(&to(), 0);
        let expected = "<TemplateCard><CardType><![CDATA[multiple_interaction]]></CardType>\
            <CheckBox><OptionList><Id><![CDATA[1]]></Id><IsChecked>true</IsChecked></OptionList>\
            <QuestionKey><![CDATA[c]]></QuestionKey></CheckBox>\
            <HorizontalContentList><KeyName><![CDATA[k]]></KeyName><Type>3</Type><UserId><![CDATA[a]]></UserId></HorizontalContentList>\
            <HorizontalContentList><KeyName><![CDATA[l]]></KeyName><MediaId><![CDATA[m]]></MediaId></HorizontalContentList>\
            <JumpList><AppId><![CDATA[wx1]]></AppId><PagePath><![CDATA[/p]]></PagePath><Type>2</Type></JumpList>\
            <MainTitle><Title><![CDATA[t]]></Title></MainTitle>\
            <QuoteArea><Appid><![CDATA[wx2]]></Appid><QuoteText><![CDATA[q]]></QuoteText></QuoteArea></TemplateCard></xml>";
        assert!(xml.ends_with(expected), "{xml}");
    }

    /// Read again as WeCom reads it: signature over the new ciphertext, corp id as receiver.
    #[test]
    fn a_sealed_reply_opens_again() {
        let key = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
        let receiver = Receiver::new("QDG6eK", key, "ww1").unwrap();
        let sealed = receiver.reply(&Reply::Text("hi".into()), &to(), 1_700_000_000);
        let envelope = Element::parse(&sealed).unwrap();
        let field = |name: &str| envelope.text_of(name).unwrap().to_owned();
        let query = Query {
            msg_signature: field("MsgSignature"),
            timestamp: field("TimeStamp"),
            nonce: field("Nonce"),
            echostr: None,
        };
        assert_eq!(query.timestamp, "1700000000");
        let crypto = CallbackCrypto::new("QDG6eK", key, "ww1").unwrap();
        let opened =
            crypto.open_envelope(&sealed, &query.msg_signature, &query.timestamp, &query.nonce).unwrap();
        assert_eq!(Element::parse(&opened.message).unwrap().text_of("Content"), Some("hi"));
        assert_ne!(sealed, receiver.reply(&Reply::Text("hi".into()), &to(), 1_700_000_000));
    }
}
