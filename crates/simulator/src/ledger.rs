//! What happened: every call of the API, every message with what became of it, every callback with its tries,
//! every sign-in. The newest are kept.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::event::Receiver;

/// How many entries are kept.
const CAPACITY: usize = 50_000;

/// Something that happened.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Rises by one with each entry.
    pub id: u64,
    /// By the simulator's clock.
    pub at: DateTime<Utc>,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// The kinds of entries.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum What {
    /// A call of the API.
    Call {
        /// Without `/cgi-bin/`.
        path: String,
        /// GET or POST.
        method: String,
        /// Whose token or secret it was, where that is known.
        secret: Option<&'static str>,
        /// Parameters but for secrets and tokens.
        query: BTreeMap<String, String>,
        /// HTTP status of the answer.
        status: u16,
        /// `errcode` of the answer.
        errcode: Option<i64>,
        /// Whether a fault was in play.
        fault: bool,
    },
    /// A message accepted.
    Send {
        /// Of the answer.
        msgid: String,
        /// Sender.
        agentid: u32,
        /// As it was sent.
        message: Value,
        /// What became of it, by user id.
        outcomes: BTreeMap<String, Outcome>,
        /// Whether it was the repetition of one just sent.
        duplicate: bool,
    },
    /// A callback delivered, or given up.
    Callback {
        /// Which address.
        receiver: Receiver,
        /// `Event` or `ChangeType`.
        event: &'static str,
        /// User id or department id.
        subject: String,
        /// The inner XML.
        xml: String,
        /// Each try: `200`, `timeout`, `connection`, ….
        tries: Vec<String>,
        /// Whether the last try was answered with 200.
        delivered: bool,
    },
    /// A code handed to a browser.
    SignIn {
        /// Who.
        userid: String,
        /// `authorize` or `login`.
        page: &'static str,
    },
}

/// What became of a message for one member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Stands in their list.
    Delivered,
    /// Unknown, disabled or out of range; named in the answer.
    Invalid,
    /// Without a licence; named in the answer.
    Unlicensed,
    /// Lost without a word, as what is over 30 a minute or 1000 an hour.
    Dropped,
    /// Not delivered again.
    Duplicate,
}

/// Which entries are asked for.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// `call`, `send`, `callback` or `sign_in`.
    pub kind: Option<String>,
    /// Who it is about or was sent to.
    pub userid: Option<String>,
    /// Path of a call, with or without `/cgi-bin/`.
    pub path: Option<String>,
    /// Only entries after this one.
    pub after: Option<u64>,
    /// At most so many, the newest; 1000 unless said.
    pub limit: Option<usize>,
}

/// The newest entries, oldest first.
#[derive(Debug, Default)]
pub struct Ledger {
    entries: VecDeque<Entry>,
    next: u64,
}

impl Ledger {
    /// Adds an entry.
    pub fn record(&mut self, at: DateTime<Utc>, what: What) {
        self.next += 1;
        self.entries.push_back(Entry { id: self.next, at, what });
        if self.entries.len() > CAPACITY {
            self.entries.pop_front();
        }
    }

    /// The newest entries that fit, oldest first.
    pub fn find(&self, filter: &Filter) -> Vec<&Entry> {
        let mut found: Vec<&Entry> = self
            .entries
            .iter()
            .rev()
            .filter(|entry| filter.fits(entry))
            .take(filter.limit.unwrap_or(1000))
            .collect();
        found.reverse();
        found
    }
}

impl Filter {
    fn fits(&self, entry: &Entry) -> bool {
        let kind = match &entry.what {
            What::Call { .. } => "call",
            What::Send { .. } => "send",
            What::Callback { .. } => "callback",
            What::SignIn { .. } => "sign_in",
        };
        self.after.is_none_or(|after| entry.id > after)
            && self.kind.as_ref().is_none_or(|wanted| wanted == kind)
            && self.path.as_ref().is_none_or(|wanted| match &entry.what {
                What::Call { path, .. } => path == wanted.trim_start_matches("/cgi-bin/"),
                _ => false,
            })
            && self.userid.as_ref().is_none_or(|wanted| match &entry.what {
                What::Call { query, .. } => {
                    query.get("userid").is_some_and(|id| id.eq_ignore_ascii_case(wanted))
                }
                What::Send { outcomes, .. } => outcomes.keys().any(|id| id.eq_ignore_ascii_case(wanted)),
                What::Callback { subject, .. } => subject.eq_ignore_ascii_case(wanted),
                What::SignIn { userid, .. } => userid.eq_ignore_ascii_case(wanted),
            })
    }
}
