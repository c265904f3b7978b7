//! What WeCom tells us by callback: verified, opened, and given a type (docs 90238 to 90240, 90970 to 90973).
//!
//! An event says when to look, not what is: some come late, twice, in another order or not at all, and most
//! receivers are told ids only. What counts is what the directory says when it is read again.

mod contact;
mod event;
mod reply;

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use crate::crypto::{CallbackCrypto, CryptoError};

pub use contact::{ContactChange, DepartmentFields, ExtAttr, ExtValue, TagChange, UserFields};
pub use event::{CardEvent, Common, Event, Place, Selected, Sent};
pub use reply::{Article, Reply};

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
    /// What is tried where that does not open it.
    previous: Option<CallbackCrypto>,
    window: Option<TimeDelta>,
}

/// An opened callback.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// The decrypted XML, exactly; equal in every repeat of the same callback.
    pub xml: String,
    /// From whom, when, about which app.
    pub common: Common,
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
        let crypto = CallbackCrypto::new(token, encoding_aes_key, corpid)?;
        Ok(Receiver { crypto, previous: None, window: None })
    }

    /// Also opens what comes under the Token and EncodingAESKey that held before. WeCom asks the address with new ones before
    /// it saves them, and repeats what it sent before with the old ones: while they change, both have to open.
    pub fn with_previous(mut self, token: &str, encoding_aes_key: &str) -> Result<Self, CryptoError> {
        self.previous = Some(self.crypto.with_keys(token, encoding_aes_key)?);
        Ok(self)
    }

    /// By the keys that hold now, or else by those that held before. Where both fail, the first says why.
    fn by_either<T>(
        &self,
        open: impl Fn(&CallbackCrypto) -> Result<T, CryptoError>,
    ) -> Result<T, CryptoError> {
        open(&self.crypto).or_else(|error| match &self.previous {
            Some(previous) => open(previous).map_err(|_| error),
            None => Err(error),
        })
    }

    /// Answers WeCom's verification of the address (doc 90930): the text to be sent back as it is, within a second.
    pub fn verify_address(&self, query: &Query) -> Result<String, CryptoError> {
        let echo = query.echostr.as_deref().ok_or(CryptoError::Ciphertext)?;
        self.by_either(|crypto| {
            crypto.verify(&query.msg_signature, &query.timestamp, &query.nonce, echo)?;
            let text = crypto.decrypt(echo)?.message;
            // A message is signed over the same parts: whoever recorded one would have it opened here. UNCONFIRMED: the text of a
            // verification is never XML; in the documentation's examples it is digits.
            if text.trim_start().starts_with('<') { Err(CryptoError::Ciphertext) } else { Ok(text) }
        })
    }

    /// The body that answers a callback with a passive reply (doc 90930): encrypted for the corp, signed with `now`
    /// (Unix seconds) and a nonce of its own, under the keys that hold now. `to` is the [`Received::common`] that is answered.
    pub fn reply(&self, reply: &Reply, to: &Common, now: i64) -> String {
        let nonce = rand::random::<u64>().to_string();
        self.crypto.seal_envelope(&reply.to_xml(to, now), rand::random(), &now.to_string(), &nonce)
    }

    /// Also refuses timestamps further than `window` from now, in [`Receiver::receive_at`]. Off by default, as WeCom
    /// defines no window and how it repeats a callback is UNCONFIRMED: below 10 minutes, repeats may be lost.
    /// Replays are found by remembering [`Received::xml`], with a window or without.
    pub fn fresh_within(mut self, window: TimeDelta) -> Self {
        self.window = Some(window);
        self
    }

    /// Like [`Receiver::receive`], and compares the timestamp with `now` if there is a window.
    pub fn receive_at(&self, query: &Query, body: &str, now: DateTime<Utc>) -> Result<Received, CryptoError> {
        let received = self.receive(query, body)?;
        let Some(window) = self.window else { return Ok(received) };
        let sent = query.timestamp.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        match sent {
            Some(sent) if (now - sent).abs() <= window => Ok(received),
            _ => Err(CryptoError::Stale),
        }
    }

    /// Opens the body of a callback: signature first, then decryption and receiver, then the XML inside.
    pub fn receive(&self, query: &Query, body: &str) -> Result<Received, CryptoError> {
        let opened = self.by_either(|crypto| {
            crypto.open_envelope(body, &query.msg_signature, &query.timestamp, &query.nonce)
        })?;
        let (common, event) = event::read(&opened.message)?;
        Ok(Received { xml: opened.message, common, event })
    }
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
        let (recorded, _) = sealed("ww1", "\n<xml><Content>机密</Content></xml>");
        assert_eq!(
            receiver.verify_address(&recorded),
            Err(CryptoError::Ciphertext),
            "no message is opened so"
        );

        let xml = "<xml><MsgType><![CDATA[event]]></MsgType><Event>subscribe</Event><FromUserName>a</FromUserName></xml>";
        let (query, body) = sealed("ww1", xml);
        let received = receiver.receive(&query, &body).unwrap();
        assert_eq!((received.xml.as_str(), received.common.from.as_str()), (xml, "a"));
        assert_eq!(received.event, Event::Subscribe { userid: "a".into() });
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
    fn what_comes_under_the_keys_before_opens_while_they_change() {
        const NEW_TOKEN: &str = "NewToken";
        const NEW_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
        let (query, body) = sealed("ww1", "<xml/>");
        let (echo, _) = sealed("ww1", "1616140317555161061");
        // Token and key, the token alone, the key alone.
        for (token, key) in [(NEW_TOKEN, NEW_KEY), (NEW_TOKEN, KEY), (TOKEN, NEW_KEY)] {
            let changed = Receiver::new(token, key, "ww1").unwrap();
            let refused = changed.receive(&query, &body).unwrap_err();
            let both = changed.clone().with_previous(TOKEN, KEY).unwrap();
            assert_eq!(both.receive(&query, &body).unwrap().xml, "<xml/>");
            assert_eq!(both.verify_address(&echo).unwrap(), "1616140317555161061");
            // Neither opens it: what is said is what would be said without the old ones.
            let neither = changed.with_previous("OldestToken", NEW_KEY).unwrap();
            assert_eq!(neither.receive(&query, &body), Err(refused));
        }
        let other = Receiver::new(NEW_TOKEN, NEW_KEY, "ww2").unwrap().with_previous(TOKEN, KEY).unwrap();
        assert!(other.receive(&query, &body).is_err(), "another corp's");
        assert!(Receiver::new(TOKEN, KEY, "ww1").unwrap().with_previous(TOKEN, "short").is_err());
    }

    fn change(kind: &str, rest: &str) -> ContactChange {
        let event = parse(&format!(
            "<FromUserName><![CDATA[sys]]></FromUserName><MsgType><![CDATA[event]]></MsgType>\
             <Event><![CDATA[change_contact]]></Event><ChangeType>{kind}</ChangeType>{rest}"
        ));
        let Event::Contact(change) = event else { panic!("{event:?}") };
        change
    }

    #[test]
    fn an_old_or_future_callback_is_refused_where_a_window_is_set() {
        let receiver = Receiver::new(TOKEN, KEY, "ww1").unwrap();
        let (query, body) = sealed("ww1", "<xml/>");
        let at = |seconds: i64| DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap();
        assert!(receiver.receive_at(&query, &body, at(90_000)).is_ok());
        let receiver = receiver.fresh_within(TimeDelta::minutes(10));
        assert!(receiver.receive_at(&query, &body, at(600)).is_ok());
        assert!(receiver.receive_at(&query, &body, at(-600)).is_ok());
        for seconds in [601, -601] {
            assert_eq!(receiver.receive_at(&query, &body, at(seconds)), Err(CryptoError::Stale));
        }
    }

    #[test]
    fn a_member_s_event_carries_every_field() {
        let ContactChange::UserUpdated { userid, new_userid, fields } = change(
            "update_user",
            "<UserID><![CDATA[zhang.san]]></UserID><NewUserID>zhang.san2</NewUserID><Name><![CDATA[张三]]></Name>\
             <Department><![CDATA[1,2,3]]></Department><MainDepartment>1</MainDepartment>\
             <IsLeaderInDept><![CDATA[1,0,0]]></IsLeaderInDept><DirectLeader><![CDATA[li.si]]></DirectLeader>\
             <Mobile>13800000000</Mobile><Gender>1</Gender><Status>1</Status><Alias></Alias><ExtAttr>\
             <Item><Name>hobby</Name><Type>0</Type><Text><Value><![CDATA[travel]]></Value></Text></Item>\
             <Item><Name>card</Name><Type>1</Type><Web><Title>t</Title><Url>https://example.com</Url></Web></Item>\
             </ExtAttr>",
        ) else {
            panic!("not an update")
        };
        assert_eq!((userid.as_str(), new_userid.as_deref()), ("zhang.san", Some("zhang.san2")));
        assert_eq!(fields.name.as_deref(), Some("张三"));
        assert_eq!(fields.department.as_deref(), Some(&[1, 2, 3][..]));
        assert_eq!((fields.main_department, fields.gender, fields.status), (Some(1), Some(1), Some(1)));
        assert_eq!(fields.is_leader_in_dept.as_deref(), Some(&[true, false, false][..]));
        assert_eq!(fields.direct_leader.as_deref(), Some(&["li.si".to_owned()][..]));
        assert_eq!(fields.mobile.as_deref(), Some("13800000000"));
        assert_eq!((fields.alias.as_deref(), fields.email.as_deref()), (None, None));
        let web = ExtValue::Web { title: "t".into(), url: "https://example.com".into() };
        let ext: Vec<_> = fields.ext_attr.iter().map(|attr| (attr.name.as_str(), &attr.value)).collect();
        assert!(ext == [("hobby", &ExtValue::Text("travel".into())), ("card", &web)]);
        assert!(!format!("{fields:?}").contains("张三"));
    }

    #[test]
    fn other_directory_events_are_typed() {
        let id_of = |change| match change {
            ContactChange::DepartmentCreated { id, fields }
            | ContactChange::DepartmentUpdated { id, fields } => {
                (id, fields.name, fields.parent_id, fields.order)
            }
            ContactChange::DepartmentDeleted { id } => (id, None, None, None),
            other => panic!("{other:?}"),
        };
        let rest =
            "<Id>12</Id><Name><![CDATA[研发]]></Name><ParentId><![CDATA[1]]></ParentId><Order>7</Order>";
        assert_eq!(id_of(change("create_party", rest)), (12, Some("研发".into()), Some(1), Some(7)));
        assert_eq!(id_of(change("update_party", "<Id>12</Id>")), (12, None, None, None));
        assert_eq!(id_of(change("delete_party", "<Id>12</Id>")), (12, None, None, None));
        assert!(
            change("delete_user", "<UserID>a</UserID>") == ContactChange::UserDeleted { userid: "a".into() }
        );
        let same = change("update_user", "<UserID>a</UserID><NewUserID></NewUserID>");
        assert!(matches!(same, ContactChange::UserUpdated { new_userid: None, .. }));
        let tag = change(
            "update_tag",
            "<TagId>5</TagId><AddUserItems>zhang.san,li.si</AddUserItems><DelPartyItems>3</DelPartyItems>",
        );
        let expected = TagChange {
            tag_id: 5,
            added_users: vec!["zhang.san".into(), "li.si".into()],
            removed_departments: vec![3],
            ..TagChange::default()
        };
        assert!(tag == ContactChange::TagUpdated(expected));
    }

    fn event(name: &str, rest: &str) -> Event {
        parse(&format!(
            "<MsgType>event</MsgType><FromUserName><![CDATA[a]]></FromUserName>\
             <Event><![CDATA[{name}]]></Event>{rest}<AgentID>1000002</AgentID>"
        ))
    }

    fn own(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn app_events_are_typed() {
        assert_eq!(event("subscribe", "<EventKey></EventKey>"), Event::Subscribe { userid: own("a") });
        assert_eq!(event("unsubscribe", ""), Event::Unsubscribe { userid: own("a") });
        assert_eq!(event("enter_agent", "<EventKey/>"), Event::EnterAgent { userid: own("a") });
        let key = "<EventKey><![CDATA[k]]></EventKey>";
        for name in ["click", "view", "view_miniprogram"] {
            assert_eq!(event(name, key), Event::Menu { name: own(name), key: own("k") });
        }
        let scan = "<ScanCodeInfo><ScanType>qrcode</ScanType><ScanResult>r</ScanResult></ScanCodeInfo>";
        let (scan_type, scan_result) = (own("qrcode"), own("r"));
        assert_eq!(
            event("scancode_waitmsg", &format!("{key}{scan}")),
            Event::ScanCode { name: own("scancode_waitmsg"), key: own("k"), scan_type, scan_result }
        );
        let pictures = "<SendPicsInfo><Count>2</Count><PicList><item><PicMd5Sum>m1</PicMd5Sum></item>\
                        <item><PicMd5Sum>m2</PicMd5Sum></item></PicList></SendPicsInfo>";
        let md5 = vec![own("m1"), own("m2")];
        assert_eq!(
            event("pic_weixin", &format!("{key}{pictures}")),
            Event::Pictures { name: own("pic_weixin"), key: own("k"), count: 2, md5 }
        );
        let place = "<SendLocationInfo><Location_X>23.1</Location_X><Location_Y>113.3</Location_Y><Scale>15</Scale>\
                     <Label>l</Label><Poiname>p</Poiname></SendLocationInfo><AppType>wxwork</AppType>";
        let Event::LocationSelect { place, .. } = event("location_select", place) else { panic!() };
        assert_eq!((place.latitude.as_str(), place.longitude.as_str()), ("23.1", "113.3"));
        assert_eq!((place.poi_name.as_deref(), place.app_type.as_deref()), (Some("p"), Some("wxwork")));
        let position = "<Latitude>23</Latitude><Longitude>113</Longitude><Precision>65</Precision>";
        assert_eq!(
            event("LOCATION", position),
            Event::Location {
                latitude: own("23"),
                longitude: own("113"),
                precision: own("65"),
                app_type: None
            }
        );
        let job = "<BatchJob><JobId>j</JobId><JobType>sync_user</JobType><ErrCode>3</ErrCode><ErrMsg>m</ErrMsg></BatchJob>";
        let (job_id, job_type) = (own("j"), own("sync_user"));
        assert_eq!(
            event("batch_job_result", job),
            Event::BatchJob { job_id, job_type, err_code: 3, err_msg: own("m") }
        );
        assert_eq!(
            event("upload_media_job_finish", "<JobId>j</JobId>"),
            Event::UploadFinished { job_id: own("j") }
        );
        assert_eq!(event("switch_workbench_mode", "<Mode>1</Mode>"), Event::WorkbenchMode { on: true });
        assert_eq!(
            event("inactive_alert", "<EffectTime>1700000000</EffectTime>"),
            Event::Activity { name: own("inactive_alert"), effect_time: Some(1_700_000_000) }
        );
        let approval = event("open_approval_change", "<ApprovalInfo><ThirdNo>n</ThirdNo></ApprovalInfo>");
        let Event::Approval { info, .. } = approval else { panic!() };
        assert_eq!(info.text_of("ThirdNo"), Some("n"));
        assert_eq!(
            event("doc_change", "<ChangeType>form_complete</ChangeType><FormId>1</FormId><FormId>2</FormId>"),
            Event::Changed {
                name: own("doc_change.form_complete"),
                ids: vec![own("1"), own("2")],
                status: None
            }
        );
    }

    #[test]
    fn a_card_says_what_was_chosen() {
        let rest = "<EventKey>approve</EventKey><TaskId>t</TaskId><CardType>vote_interaction</CardType>\
                    <ResponseCode>rc</ResponseCode><SelectedItems><SelectedItem><QuestionKey>q1</QuestionKey><OptionIds>\
                    <OptionId>o1</OptionId><OptionId>o2</OptionId></OptionIds></SelectedItem></SelectedItems>";
        let Event::Card(card) = event("template_card_event", rest) else { panic!() };
        let selected = Selected { question_key: own("q1"), option_ids: vec![own("o1"), own("o2")] };
        assert!(card.selected == [selected]);
        assert_eq!((card.menu, card.userid.as_str(), card.event_key.as_str()), (false, "a", "approve"));
        assert_eq!((card.task_id.as_str(), card.response_code.as_str()), ("t", "rc"));
        assert!(matches!(event("template_card_menu_event", ""), Event::Card(card) if card.menu));
    }

    #[test]
    fn messages_are_typed() {
        let message = |kind: &str, rest: &str| {
            parse(&format!(
                "<MsgType>{kind}</MsgType><FromUserName>a</FromUserName>{rest}<MsgId>7300000000000000001</MsgId>"
            ))
        };
        let msgid = || Some(own("7300000000000000001"));
        assert_eq!(
            message("text", "<Content><![CDATA[在吗 <b>]]></Content>"),
            Event::Text { userid: own("a"), content: own("在吗 <b>"), msgid: msgid() }
        );
        let (pic_url, media_id) = (|| own("https://example.com/p"), || own("m"));
        let picture = "<PicUrl>https://example.com/p</PicUrl><MediaId>m</MediaId>";
        let link =
            "<Title>t</Title><Description>d</Description><Url>u</Url><PicUrl>https://example.com/p</PicUrl>";
        let place = "<Location_X>1</Location_X><Location_Y>2</Location_Y><Scale>20</Scale><Label>l</Label>";
        let expected_place = Place {
            latitude: own("1"),
            longitude: own("2"),
            scale: own("20"),
            label: own("l"),
            ..Place::default()
        };
        let (title, description, url) = (own("t"), own("d"), own("u"));
        for (rest, content) in [
            (picture, Sent::Image { pic_url: pic_url(), media_id: media_id() }),
            (
                "<MediaId>m</MediaId><Format>amr</Format>",
                Sent::Voice { media_id: media_id(), format: own("amr") },
            ),
            (
                "<MediaId>m</MediaId><ThumbMediaId>h</ThumbMediaId>",
                Sent::Video { media_id: media_id(), thumb_media_id: own("h") },
            ),
            (place, Sent::Location(expected_place)),
            (link, Sent::Link { title, description, url, pic_url: pic_url() }),
        ] {
            let kind = content.name();
            assert_eq!(
                message(kind, rest),
                Event::Message { userid: own("a"), content, msgid: msgid() },
                "{kind}"
            );
        }
    }

    #[test]
    fn what_is_not_known_keeps_its_name_and_content() {
        let unknown = |inner: &str| match parse(inner) {
            Event::Unknown { name, content } => {
                assert_eq!(content.text_of("ToUserName"), Some("ww1"));
                name
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(unknown("<MsgType>event</MsgType><Event>new_thing</Event>"), "new_thing");
        // Known by name, but without the id it must carry.
        let contact = "<MsgType>event</MsgType><Event>change_contact</Event>";
        assert_eq!(
            unknown(&format!("{contact}<ChangeType>delete_user</ChangeType>")),
            "change_contact.delete_user"
        );
        assert_eq!(
            unknown(&format!("{contact}<ChangeType>update_tag</ChangeType>")),
            "change_contact.update_tag"
        );
        assert_eq!(unknown("<MsgType>image</MsgType>"), "image");
        assert_eq!(unknown("<MsgType>event</MsgType><Event>张三; drop table</Event>"), "droptable");
        assert_eq!(unknown("<Other/>"), "unnamed");
    }

    /// The agent's id has two spellings, and none from the contacts-sync assistant.
    #[test]
    fn common_elements_are_read() {
        let common = |inner: &str| event::read(&format!("<xml>{inner}</xml>")).unwrap().0;
        assert_eq!(common("<AgentID>1000002</AgentID><CreateTime>5</CreateTime>").agent_id, Some(1_000_002));
        assert_eq!(common("<AgentId>1000003</AgentId>").agent_id, Some(1_000_003));
        assert_eq!(common("<AgentID></AgentID>").agent_id, None);
    }

    /// Twenty thousand damaged envelopes and events, the same in each run: refused or read, never a panic.
    #[test]
    fn damage_is_refused_or_read_and_never_a_panic() {
        let receiver = Receiver::new(TOKEN, KEY, "ww1").unwrap();
        let xml = "<xml><MsgType><![CDATA[event]]></MsgType><Event>change_contact</Event><ChangeType>update_tag</ChangeType>\
                   <TagId>5</TagId><AddUserItems>a,b</AddUserItems><N>&amp;&#x70B9;</N><!-- c --></xml>";
        let (query, body) = sealed("ww1", xml);
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        let mut next = move |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % below as u64) as usize
        };
        let mut damaged = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=next(4) {
                let (at, other) = (next(bytes.len()), next(bytes.len()));
                match next(4) {
                    0 => bytes[at] = next(256) as u8,
                    1 => drop(bytes.drain(at.min(other)..at.max(other))),
                    2 => bytes.insert(at, b"<>&;[]!?/=\"\0"[next(12)]),
                    _ => bytes.extend_from_within(at.min(other)..at.max(other)),
                }
                if bytes.is_empty() {
                    break;
                }
            }
            String::from_utf8_lossy(&bytes).into_owned()
        };
        for _ in 0..10_000 {
            let envelope = damaged(&body);
            if let Ok(received) = receiver.receive(&query, &envelope) {
                assert_eq!(received.xml, xml, "only what was signed is opened");
            }
            if let Ok(event) = Event::parse(&damaged(xml)) {
                assert!((1..=64).contains(&event.name().len()));
            }
        }
    }
}
