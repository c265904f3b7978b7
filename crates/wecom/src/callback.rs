//! What WeCom tells us by callback: verified, opened, and given a type (docs 90238 to 90240, 90970 to 90973).
//!
//! An event says when to look, not what is: the types carry ids only, and what the directory now says is read
//! from it.

use std::fmt;

use crate::crypto::{CallbackCrypto, CryptoError};
use crate::lenient;
use crate::xml::{Element, XmlError};

/// The signed part of a callback's address. Names as WeCom writes them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Query {
    /// Signature over the other three and the ciphertext.
    pub msg_signature: String,
    /// As received.
    pub timestamp: String,
    /// As received.
    pub nonce: String,
    /// Only when WeCom verifies the address: a ciphertext to be opened and answered.
    #[serde(default)]
    pub echostr: Option<String>,
}

/// One callback address: an app's, or the contacts-sync assistant's.
#[derive(Debug, Clone)]
pub struct Receiver {
    crypto: CallbackCrypto,
}

/// An opened callback.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// The decrypted XML, exactly; equal in every repeat of the same callback.
    pub xml: String,
    /// What it says.
    pub event: Event,
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received").field("event", &self.event.name()).finish_non_exhaustive()
    }
}

impl Receiver {
    /// `corpid` is whom callbacks must be encrypted for.
    pub fn new(token: &str, encoding_aes_key: &str, corpid: &str) -> Result<Self, CryptoError> {
        if corpid.is_empty() {
            return Err(CryptoError::Receiver);
        }
        Ok(Receiver { crypto: CallbackCrypto::new(token, encoding_aes_key, corpid)? })
    }

    /// Answers WeCom's verification of the address (doc 90930): the text to be sent back as it is, within a second.
    pub fn verify_address(&self, query: &Query) -> Result<String, CryptoError> {
        let echo = query.echostr.as_deref().ok_or(CryptoError::Ciphertext)?;
        self.crypto.verify(&query.msg_signature, &query.timestamp, &query.nonce, echo)?;
        Ok(self.crypto.decrypt(echo)?.message)
    }

    /// Opens the body of a callback: signature first, then decryption and receiver, then the XML inside.
    pub fn receive(&self, query: &Query, body: &str) -> Result<Received, CryptoError> {
        let opened = self.crypto.open_envelope(body, &query.msg_signature, &query.timestamp, &query.nonce)?;
        let event = Event::parse(&opened.message)?;
        Ok(Received { xml: opened.message, event })
    }
}

/// What happened. Everything not needed yet is [`Event::Unknown`], which keeps its name.
#[derive(Clone, PartialEq, Eq)]
pub enum Event {
    /// The directory changed; only the contacts-sync assistant is told (doc 90970).
    Contact(ContactChange),
    /// A member came into the app's visible range, or joined the corp in it (doc 90240).
    Subscribe {
        /// As WeCom gives it.
        userid: String,
    },
    /// A member left the visible range or the corp, or was disabled (doc 90240).
    Unsubscribe {
        /// As WeCom gives it.
        userid: String,
    },
    /// A member opened the app (doc 90240).
    EnterAgent {
        /// As WeCom gives it.
        userid: String,
    },
    /// A member wrote to the app (doc 90239).
    Text {
        /// As WeCom gives it.
        userid: String,
        /// What they wrote.
        content: String,
        /// WeCom's number of the message, 64 bits.
        msgid: Option<String>,
    },
    /// Something else, or one of the above without the id it should carry.
    Unknown {
        /// E.g. `LOCATION`, `change_contact.update_tag`, `image`.
        name: String,
    },
}

/// What changed in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactChange {
    /// A new member.
    UserCreated {
        /// As WeCom gives it.
        userid: String,
    },
    /// Departments, leadership or the id changed.
    UserUpdated {
        /// The id before the change.
        userid: String,
        /// The id after it, if it changed.
        new_userid: Option<String>,
    },
    /// A member is gone.
    UserDeleted {
        /// As WeCom gave it.
        userid: String,
    },
    /// A new department.
    DepartmentCreated {
        /// Its id.
        id: i32,
    },
    /// A department was moved or renamed.
    DepartmentUpdated {
        /// Its id.
        id: i32,
    },
    /// A department is gone.
    DepartmentDeleted {
        /// Its id.
        id: i32,
    },
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Event({})", self.name())
    }
}

impl Event {
    /// Reads the decrypted XML. Only XML that is none is an error.
    pub fn parse(xml: &str) -> Result<Event, XmlError> {
        let root = Element::parse(xml)?;
        let text = |name: &str| root.text_of(name).map(str::to_owned);
        let kind = text("MsgType").unwrap_or_default();
        let name = match (kind.as_str(), root.text_of("Event"), root.text_of("ChangeType")) {
            ("event", Some("change_contact"), Some(change)) => format!("change_contact.{change}"),
            ("event", Some(event), _) => event.to_owned(),
            _ => kind,
        };
        Ok(Event::typed(&name, &root, text).unwrap_or(Event::Unknown { name: shorten(name) }))
    }

    fn typed(name: &str, root: &Element, text: impl Fn(&str) -> Option<String>) -> Option<Event> {
        let from = || text("FromUserName");
        let department = || lenient::split(root.text_of("Id")?).first()?.parse().ok();
        Some(match name {
            "subscribe" => Event::Subscribe { userid: from()? },
            "unsubscribe" => Event::Unsubscribe { userid: from()? },
            "enter_agent" => Event::EnterAgent { userid: from()? },
            "text" => Event::Text {
                userid: from()?,
                content: text("Content").unwrap_or_default(),
                msgid: text("MsgId"),
            },
            "change_contact.create_user" => {
                Event::Contact(ContactChange::UserCreated { userid: text("UserID")? })
            }
            "change_contact.update_user" => Event::Contact(ContactChange::UserUpdated {
                userid: text("UserID")?,
                new_userid: text("NewUserID"),
            }),
            "change_contact.delete_user" => {
                Event::Contact(ContactChange::UserDeleted { userid: text("UserID")? })
            }
            "change_contact.create_party" => {
                Event::Contact(ContactChange::DepartmentCreated { id: department()? })
            }
            "change_contact.update_party" => {
                Event::Contact(ContactChange::DepartmentUpdated { id: department()? })
            }
            "change_contact.delete_party" => {
                Event::Contact(ContactChange::DepartmentDeleted { id: department()? })
            }
            _ => return None,
        })
    }

    /// The event's name as it is stored and counted, e.g. `change_contact.update_user`.
    pub fn name(&self) -> &str {
        match self {
            Event::Contact(change) => change.name(),
            Event::Subscribe { .. } => "subscribe",
            Event::Unsubscribe { .. } => "unsubscribe",
            Event::EnterAgent { .. } => "enter_agent",
            Event::Text { .. } => "text",
            Event::Unknown { name } => name,
        }
    }
}

impl ContactChange {
    /// With `change_contact.` before WeCom's own name.
    pub fn name(&self) -> &'static str {
        match self {
            ContactChange::UserCreated { .. } => "change_contact.create_user",
            ContactChange::UserUpdated { .. } => "change_contact.update_user",
            ContactChange::UserDeleted { .. } => "change_contact.delete_user",
            ContactChange::DepartmentCreated { .. } => "change_contact.create_party",
            ContactChange::DepartmentUpdated { .. } => "change_contact.update_party",
            ContactChange::DepartmentDeleted { .. } => "change_contact.delete_party",
        }
    }
}

/// A name from outside that will be stored and counted: short, and nothing but a name.
fn shorten(name: String) -> String {
    let name: String =
        name.chars().filter(|c| c.is_ascii_alphanumeric() || "_.-".contains(*c)).take(64).collect();
    if name.is_empty() { "unnamed".into() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "QDG6eK";
    const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";

    fn sealed(corpid: &str, message: &str) -> (Query, String) {
        let crypto = CallbackCrypto::new(TOKEN, KEY, corpid).unwrap();
        let encrypt = crypto.encrypt(message, [3; 16]);
        let query = Query {
            msg_signature: crypto.signature("1700000000", "n1", &encrypt),
            timestamp: "1700000000".into(),
            nonce: "n1".into(),
            echostr: Some(encrypt.clone()),
        };
        let body = format!(
            "<xml><New>1</New><Encrypt>{encrypt}</Encrypt><ToUserName><![CDATA[{corpid}]]></ToUserName></xml>"
        );
        (query, body)
    }

    fn parse(inner: &str) -> Event {
        let common = "<ToUserName><![CDATA[ww1]]></ToUserName><CreateTime>1700000000</CreateTime>";
        Event::parse(&format!("<xml>{inner}{common}</xml>")).unwrap()
    }

    #[test]
    fn verifies_an_address_and_opens_a_callback() {
        let receiver = Receiver::new(TOKEN, KEY, "ww1").unwrap();
        let (query, _) = sealed("ww1", "1616140317555161061");
        assert_eq!(receiver.verify_address(&query).unwrap(), "1616140317555161061");

        let xml = "<xml><MsgType><![CDATA[event]]></MsgType><Event>subscribe</Event><FromUserName>a</FromUserName></xml>";
        let (query, body) = sealed("ww1", xml);
        let received = receiver.receive(&query, &body).unwrap();
        assert_eq!(received, Received { xml: xml.into(), event: Event::Subscribe { userid: "a".into() } });
    }

    #[test]
    fn refuses_what_is_forged_or_not_for_us() {
        let receiver = Receiver::new(TOKEN, KEY, "ww1").unwrap();
        let (query, body) = sealed("ww2", "<xml/>");
        assert_eq!(receiver.receive(&query, &body), Err(CryptoError::Receiver));
        let (mut query, body) = sealed("ww1", "<xml/>");
        query.nonce = "n2".into();
        assert_eq!(receiver.receive(&query, &body), Err(CryptoError::Signature));
        assert_eq!(receiver.verify_address(&query), Err(CryptoError::Signature));
        query.echostr = None;
        assert!(receiver.verify_address(&query).is_err());
        assert!(Receiver::new(TOKEN, KEY, "").is_err());
    }

    #[test]
    fn directory_events_carry_ids() {
        let change = |kind: &str, rest: &str| {
            parse(&format!(
                "<FromUserName><![CDATA[sys]]></FromUserName><MsgType><![CDATA[event]]></MsgType>\
                 <Event><![CDATA[change_contact]]></Event><ChangeType>{kind}</ChangeType>{rest}"
            ))
        };
        let contact = Event::Contact;
        assert_eq!(
            change(
                "create_user",
                "<UserID><![CDATA[zhang.san]]></UserID><Department><![CDATA[1,2]]></Department>"
            ),
            contact(ContactChange::UserCreated { userid: "zhang.san".into() })
        );
        assert_eq!(
            change("update_user", "<NewUserID>b</NewUserID><UserID>a</UserID>"),
            contact(ContactChange::UserUpdated { userid: "a".into(), new_userid: Some("b".into()) })
        );
        assert_eq!(
            change("update_user", "<UserID>a</UserID><NewUserID></NewUserID>"),
            contact(ContactChange::UserUpdated { userid: "a".into(), new_userid: None })
        );
        assert_eq!(
            change("delete_user", "<UserID>a</UserID>"),
            contact(ContactChange::UserDeleted { userid: "a".into() })
        );
        assert_eq!(
            change("create_party", "<Id>12</Id><ParentId><![CDATA[1]]></ParentId>"),
            contact(ContactChange::DepartmentCreated { id: 12 })
        );
        assert_eq!(
            change("update_party", "<Id>12</Id>"),
            contact(ContactChange::DepartmentUpdated { id: 12 })
        );
        assert_eq!(
            change("delete_party", "<Id>12</Id>"),
            contact(ContactChange::DepartmentDeleted { id: 12 })
        );
    }

    #[test]
    fn app_events_and_texts_are_typed() {
        let event = |name: &str| {
            parse(&format!(
                "<MsgType>event</MsgType><FromUserName><![CDATA[a]]></FromUserName><Event><![CDATA[{name}]]></Event>\
                 <EventKey></EventKey><AgentID>1000002</AgentID>"
            ))
        };
        assert_eq!(event("subscribe"), Event::Subscribe { userid: "a".into() });
        assert_eq!(event("unsubscribe"), Event::Unsubscribe { userid: "a".into() });
        assert_eq!(event("enter_agent"), Event::EnterAgent { userid: "a".into() });
        let text = "<MsgType>text</MsgType><FromUserName>a</FromUserName><Content><![CDATA[在吗 <b>]]></Content><MsgId>7300000000000000001</MsgId>";
        assert_eq!(
            parse(text),
            Event::Text {
                userid: "a".into(),
                content: "在吗 <b>".into(),
                msgid: Some("7300000000000000001".into())
            }
        );
    }

    #[test]
    fn what_is_not_known_keeps_its_name() {
        let unknown = |inner: &str| match parse(inner) {
            Event::Unknown { name } => name,
            other => panic!("{other:?}"),
        };
        assert_eq!(unknown("<MsgType>event</MsgType><Event>LOCATION</Event>"), "LOCATION");
        assert_eq!(
            unknown(
                "<MsgType>event</MsgType><Event>change_contact</Event><ChangeType>update_tag</ChangeType>"
            ),
            "change_contact.update_tag"
        );
        // Known by name, but without the id it must carry.
        assert_eq!(
            unknown(
                "<MsgType>event</MsgType><Event>change_contact</Event><ChangeType>delete_user</ChangeType>"
            ),
            "change_contact.delete_user"
        );
        assert_eq!(unknown("<MsgType>image</MsgType>"), "image");
        assert_eq!(unknown("<MsgType>event</MsgType><Event>张三; drop table</Event>"), "droptable");
        assert_eq!(unknown("<Other/>"), "unnamed");
    }
}
