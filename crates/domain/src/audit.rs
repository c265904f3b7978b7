//! 审计: what is recorded of looks and changes, and the chain that shows whether the record was touched.
//!
//! An event's hash is over everything the service knew when it was written. A link binds a number, an event and everything
//! before it. A head is how far the chain was at a moment; signed and kept elsewhere it shows a tail that was cut.

use chrono::{DateTime, NaiveDate, Utc};
use ring::digest::{Context, SHA256};
use serde_json::{Value, json};

use crate::{CorpId, MemberId, PersonId};

/// What the link of the first event is bound to.
pub const GENESIS: [u8; 32] = [0; 32];

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Somebody looked at another's phone, photo, answers …, or an export named them.
    Look,
    /// The audit was searched by people.
    AuditSearched,
    /// A role was given by hand.
    GrantGiven,
    /// … ended.
    GrantEnded,
    /// A form was made, saved, published, scheduled, ended, taken over or deleted.
    FormChanged,
    /// A rule of reminders was made, changed, paused, resumed, ended or deleted.
    ReminderRuleChanged,
    /// Quiet hours, and how many reminders a day.
    ReminderSettingsChanged,
    /// A rule of digests was made or changed.
    DigestRuleChanged,
    /// The school's calendar.
    SchoolDaysChanged,
    /// An outage was recorded.
    OutageRecorded,
    /// … taken back.
    OutageTakenBack,
    /// Rows were changed by one act that can be undone: a roster, a list, rules of kinds, accounts …
    RowsChanged,
    /// … undone.
    RowsRestored,
    /// Exemptions were granted one by one.
    ExemptionsGranted,
    /// One was revoked.
    ExemptionRevoked,
    /// Changes of standing were recorded.
    StatusesRecorded,
    /// One was revoked.
    StatusRevoked,
    /// A photo was removed.
    PhotoRemoved,
    /// Removals a sync held were approved.
    RemovalsApproved,
    /// … discarded.
    RemovalsDiscarded,
    /// A plan of writing to WeCom was approved.
    WritePlanApproved,
    /// A sheet was asked for.
    ExportAsked,
    /// … fetched.
    ExportFetched,
    /// A template of sheets was saved.
    TemplateSaved,
    /// … removed.
    TemplateRemoved,
    /// A zone was made or changed.
    ZoneChanged,
    /// A gate was made or changed.
    GateChanged,
    /// A code to pair a device was shown.
    DeviceOffered,
    /// A device was paired.
    DevicePaired,
    /// … withdrawn.
    DeviceWithdrawn,
    /// The keys of a day's codes were killed.
    GateKeysKilled,
    /// Permits were given.
    PermitsGiven,
    /// One was revoked.
    PermitRevoked,
    /// An entry to another system was made, changed, ordered or ended.
    EntryChanged,
    /// The answers of a campaign were purged.
    AnswersPurged,
    /// A form was put under legal hold.
    HoldSet,
    /// … released.
    HoldLifted,
    /// Somebody set up a second factor of their own.
    SecondFactorSet,
    /// … removed it.
    SecondFactorRemoved,
    /// … used a code for when the phone is lost.
    RecoveryCodeUsed,
    /// An administrator removed another's.
    SecondFactorReset,
    /// An administrator ended another's sessions.
    SessionsEnded,
    /// Somebody may read more today.
    ReadingLifted,
    /// What became of an alarm on how much somebody reads was noted.
    ReadingAlarmSettled,
    /// An announcement was made, changed, cancelled or taken back.
    AnnouncementChanged,
    /// Somebody was given a bed, or moved out, one by one.
    ResidenceChanged,
    /// Photos were brought.
    PhotosUploaded,
    /// A figure of the platform was entered by hand, or removed.
    FigureChanged,
    /// A privacy notice was published.
    NoticePublished,
    /// A dead job was put back into the queue.
    JobRetried,
    /// … given up.
    JobDiscarded,
}

impl Act {
    /// All.
    pub const ALL: [Self; 51] = [
        Self::Look,
        Self::AuditSearched,
        Self::GrantGiven,
        Self::GrantEnded,
        Self::FormChanged,
        Self::ReminderRuleChanged,
        Self::ReminderSettingsChanged,
        Self::DigestRuleChanged,
        Self::SchoolDaysChanged,
        Self::OutageRecorded,
        Self::OutageTakenBack,
        Self::RowsChanged,
        Self::RowsRestored,
        Self::ExemptionsGranted,
        Self::ExemptionRevoked,
        Self::StatusesRecorded,
        Self::StatusRevoked,
        Self::PhotoRemoved,
        Self::RemovalsApproved,
        Self::RemovalsDiscarded,
        Self::WritePlanApproved,
        Self::ExportAsked,
        Self::ExportFetched,
        Self::TemplateSaved,
        Self::TemplateRemoved,
        Self::ZoneChanged,
        Self::GateChanged,
        Self::DeviceOffered,
        Self::DevicePaired,
        Self::DeviceWithdrawn,
        Self::GateKeysKilled,
        Self::PermitsGiven,
        Self::PermitRevoked,
        Self::EntryChanged,
        Self::AnswersPurged,
        Self::HoldSet,
        Self::HoldLifted,
        Self::SecondFactorSet,
        Self::SecondFactorRemoved,
        Self::RecoveryCodeUsed,
        Self::SecondFactorReset,
        Self::SessionsEnded,
        Self::ReadingLifted,
        Self::ReadingAlarmSettled,
        Self::AnnouncementChanged,
        Self::ResidenceChanged,
        Self::PhotosUploaded,
        Self::FigureChanged,
        Self::NoticePublished,
        Self::JobRetried,
        Self::JobDiscarded,
    ];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::AuditSearched => "audit_searched",
            Self::GrantGiven => "grant_given",
            Self::GrantEnded => "grant_ended",
            Self::FormChanged => "form_changed",
            Self::ReminderRuleChanged => "reminder_rule_changed",
            Self::ReminderSettingsChanged => "reminder_settings_changed",
            Self::DigestRuleChanged => "digest_rule_changed",
            Self::SchoolDaysChanged => "school_days_changed",
            Self::OutageRecorded => "outage_recorded",
            Self::OutageTakenBack => "outage_taken_back",
            Self::RowsChanged => "rows_changed",
            Self::RowsRestored => "rows_restored",
            Self::ExemptionsGranted => "exemptions_granted",
            Self::ExemptionRevoked => "exemption_revoked",
            Self::StatusesRecorded => "statuses_recorded",
            Self::StatusRevoked => "status_revoked",
            Self::PhotoRemoved => "photo_removed",
            Self::RemovalsApproved => "removals_approved",
            Self::RemovalsDiscarded => "removals_discarded",
            Self::WritePlanApproved => "write_plan_approved",
            Self::ExportAsked => "export_asked",
            Self::ExportFetched => "export_fetched",
            Self::TemplateSaved => "template_saved",
            Self::TemplateRemoved => "template_removed",
            Self::ZoneChanged => "zone_changed",
            Self::GateChanged => "gate_changed",
            Self::DeviceOffered => "device_offered",
            Self::DevicePaired => "device_paired",
            Self::DeviceWithdrawn => "device_withdrawn",
            Self::GateKeysKilled => "gate_keys_killed",
            Self::PermitsGiven => "permits_given",
            Self::PermitRevoked => "permit_revoked",
            Self::EntryChanged => "entry_changed",
            Self::AnswersPurged => "answers_purged",
            Self::HoldSet => "hold_set",
            Self::HoldLifted => "hold_lifted",
            Self::SecondFactorSet => "second_factor_set",
            Self::SecondFactorRemoved => "second_factor_removed",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::SecondFactorReset => "second_factor_reset",
            Self::SessionsEnded => "sessions_ended",
            Self::ReadingLifted => "reading_lifted",
            Self::ReadingAlarmSettled => "reading_alarm_settled",
            Self::AnnouncementChanged => "announcement_changed",
            Self::ResidenceChanged => "residence_changed",
            Self::PhotosUploaded => "photos_uploaded",
            Self::FigureChanged => "figure_changed",
            Self::NoticePublished => "notice_published",
            Self::JobRetried => "job_retried",
            Self::JobDiscarded => "job_discarded",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == text)
    }
}

/// Everything an event says.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// The school.
    pub corp: CorpId,
    /// When, to the microsecond.
    pub at: DateTime<Utc>,
    /// Who; none: the service itself.
    pub actor: Option<MemberId>,
    /// What was done, as [`Act`] writes it.
    pub action: String,
    /// Whose data it was, or who was given something.
    pub subject: Option<PersonId>,
    /// What it was done to, e.g. `grant:123`; empty: nothing that has a number.
    pub object: String,
    /// Names of fields, counts and ids. Numbers are whole, so that a database gives back what it was given.
    pub detail: Value,
    /// 16 random bytes: two equal acts are two events.
    pub nonce: Vec<u8>,
}

/// The hash of an event: 32 bytes.
pub fn event_hash(content: &Content) -> Vec<u8> {
    let said = json!([
        content.corp,
        content.at.timestamp_micros(),
        content.actor,
        content.action,
        content.subject,
        content.object,
        content.detail,
    ]);
    let mut text = String::new();
    canonical(&mut text, &said);
    // The nonce is always as long, so nothing of the text can be taken for a part of it.
    hash(&[b"rollcall audit event 1\n", &content.nonce, text.as_bytes()])
}

/// The hash of a link: 32 bytes. Nothing before it, its number, its event's number or its event can change without it.
pub fn link_hash(previous: &[u8], seq: i64, event_id: i64, event_hash: &[u8]) -> Vec<u8> {
    hash(&[previous, &seq.to_be_bytes(), &event_id.to_be_bytes(), event_hash])
}

/// What is signed of a head.
pub fn head_text(corp: CorpId, day: NaiveDate, seq: i64, hash: &[u8]) -> Vec<u8> {
    let mut text = format!("rollcall audit head 1\n{corp} {day} {seq}\n").into_bytes();
    text.extend_from_slice(hash);
    text
}

fn hash(parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

/// JSON in one way only: keys in order, nothing between.
pub(crate) fn canonical(text: &mut String, value: &Value) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                canonical(text, item);
            }
            text.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (place, (key, item)) in entries.into_iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                canonical(text, item);
            }
            text.push('}');
        }
        single => text.push_str(&single.to_string()),
    }
}

/// A link of the chain as it is kept, with its event.
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    /// Its number, from 1.
    pub seq: i64,
    /// Its event's.
    pub event_id: i64,
    /// As it is kept.
    pub hash: Vec<u8>,
    /// What the event says and the hash kept with it; none: it is not there.
    pub event: Option<(Content, Vec<u8>)>,
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// Numbers that are in no chain any more.
    LinksGone {
        /// The first …
        from: i64,
        /// … and the last.
        until: i64,
    },
    /// A link whose event is gone.
    EventGone {
        /// Its number.
        seq: i64,
    },
    /// An event that says something else than when it was written.
    EventChanged {
        /// Its number.
        seq: i64,
    },
    /// A link that does not follow from the one before and its event: changed, moved or put between.
    LinkChanged {
        /// Its number.
        seq: i64,
    },
    /// An event that is in no chain and waits for none: put there past the service, or its link was cut.
    EventLoose {
        /// Its number.
        event_id: i64,
    },
    /// An event that waited for its number and is gone.
    WaitingGone {
        /// Its number.
        event_id: i64,
    },
    /// A signed head the chain does not reach: its tail was cut.
    ChainCut {
        /// How far the chain was.
        head: i64,
    },
    /// A signed head that the chain goes by otherwise.
    ChainRewritten {
        /// The head's number.
        head: i64,
    },
    /// A head without a signature of ours.
    HeadForged {
        /// Its number.
        head: i64,
    },
    /// A line of the file outside that is none of ours.
    AnchorForged {
        /// The line, from 1.
        line: usize,
    },
}

impl Flaw {
    /// What is wrong where, in Chinese.
    pub fn words(&self) -> String {
        match self {
            Self::LinksGone { from, until } if from == until => format!("第 {from} 号记录被删除"),
            Self::LinksGone { from, until } => format!("第 {from} 到 {until} 号记录被删除"),
            Self::EventGone { seq } => format!("第 {seq} 号记录的内容被删除"),
            Self::EventChanged { seq } => format!("第 {seq} 号记录的内容被改动"),
            Self::LinkChanged { seq } => format!("第 {seq} 号处链条断开：这里有记录被改动、插入或调换了顺序"),
            Self::EventLoose { event_id } => format!("事件 {event_id} 不在链上：被插入，或链尾被截断"),
            Self::WaitingGone { event_id } => format!("事件 {event_id} 还未封存就被删除"),
            Self::ChainCut { head } => format!("链尾被截断：签名证明曾封到第 {head} 号，现在没有那么多"),
            Self::ChainRewritten { head } => format!("第 {head} 号之前被改写：与签名的链头不一致"),
            Self::HeadForged { head } => format!("第 {head} 号链头的签名无效"),
            Self::AnchorForged { line } => format!("外部留存文件第 {line} 行不是本系统签的，或已损坏"),
        }
    }
}

/// Follows a chain from its beginning, link by link.
#[derive(Debug, Clone)]
pub struct Follower {
    seq: i64,
    hash: Vec<u8>,
}

impl Default for Follower {
    fn default() -> Self {
        Self { seq: 0, hash: GENESIS.to_vec() }
    }
}

impl Follower {
    /// How far it is.
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// Takes the next link in order of numbers. After a flaw it goes on from what is kept, so that each is told where it is.
    pub fn follow(&mut self, link: &Link) -> Vec<Flaw> {
        let due = self.seq.saturating_add(1);
        let seq = link.seq;
        // Numbers begin at 1 and come in order: one before that was put there.
        if seq < due {
            return vec![Flaw::LinkChanged { seq }];
        }
        let mut flaws = Vec::new();
        if seq > due {
            flaws.push(Flaw::LinksGone { from: due, until: seq.saturating_sub(1) });
        }
        match &link.event {
            None => flaws.push(Flaw::EventGone { seq }),
            Some((content, kept)) => {
                if event_hash(content) != *kept {
                    flaws.push(Flaw::EventChanged { seq });
                }
                // Behind a gap nothing can be said of what it was bound to.
                if seq == due && link_hash(&self.hash, seq, link.event_id, kept) != link.hash {
                    flaws.push(Flaw::LinkChanged { seq });
                }
            }
        }
        self.seq = seq;
        self.hash.clone_from(&link.hash);
        flaws
    }
}

/// What a signed head says of the chain, whose link of the same number has the hash `kept`; none: there is no such link.
pub fn against_head(seq: i64, hash: &[u8], kept: Option<&[u8]>) -> Option<Flaw> {
    match kept {
        None => Some(Flaw::ChainCut { head: seq }),
        Some(kept) if kept != hash => Some(Flaw::ChainRewritten { head: seq }),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(at: i64) -> Content {
        Content {
            corp: 1,
            at: DateTime::from_timestamp_micros(1_583_280_000_000_000 + at).unwrap(),
            actor: Some(7),
            action: Act::Look.as_str().into(),
            subject: Some(9),
            object: "access:3".into(),
            detail: json!({ "field": "phone", "b": [1, null], "a": { "y": true, "x": "\"" } }),
            nonce: vec![5; 16],
        }
    }

    fn chain(length: i64) -> Vec<Link> {
        let mut previous = GENESIS.to_vec();
        (1..=length)
            .map(|seq| {
                let content = content(seq);
                let kept = event_hash(&content);
                let hash = link_hash(&previous, seq, 100 + seq, &kept);
                previous.clone_from(&hash);
                Link { seq, event_id: 100 + seq, hash, event: Some((content, kept)) }
            })
            .collect()
    }

    fn flaws(links: &[Link]) -> Vec<Flaw> {
        let mut follower = Follower::default();
        links.iter().flat_map(|link| follower.follow(link)).collect()
    }

    #[test]
    fn acts_are_written_and_read() {
        for act in Act::ALL {
            assert_eq!(Act::parse(act.as_str()), Some(act));
        }
        assert_eq!(Act::parse("other"), None);
    }

    #[test]
    fn there_is_one_way_to_write_what_an_event_says() {
        let mut text = String::new();
        canonical(&mut text, &content(0).detail);
        assert_eq!(text, r#"{"a":{"x":"\"","y":true},"b":[1,null],"field":"phone"}"#);
        let again = r#"{"field":"phone","a":{"y":true,"x":"\""},"b":[1,null]}"#;
        let again: Value = serde_json::from_str(again).unwrap();
        assert_eq!(event_hash(&content(0)), event_hash(&Content { detail: again, ..content(0) }));
    }

    #[test]
    fn every_part_of_an_event_counts() {
        let same = event_hash(&content(0));
        assert_eq!(same.len(), 32);
        let others = [
            Content { corp: 2, ..content(0) },
            content(1),
            Content { actor: None, ..content(0) },
            Content { action: "grant_given".into(), ..content(0) },
            Content { subject: None, ..content(0) },
            Content { object: "access:4".into(), ..content(0) },
            Content { detail: json!({}), ..content(0) },
            Content { nonce: vec![6; 16], ..content(0) },
        ];
        for other in others {
            assert_ne!(event_hash(&other), same, "{other:?}");
        }
    }

    #[test]
    fn a_whole_chain_has_no_flaw() {
        assert_eq!(flaws(&chain(20)), []);
        assert_eq!(flaws(&[]), []);
    }

    #[test]
    fn what_is_edited_deleted_inserted_or_moved_is_found_where_it_is() {
        let mut edited = chain(9);
        edited[4].event.as_mut().unwrap().0.actor = None;
        assert_eq!(flaws(&edited), [Flaw::EventChanged { seq: 5 }]);

        // With its hash: the link says that it was another.
        let mut edited = chain(9);
        let other = content(99);
        let hash = event_hash(&other);
        edited[4].event = Some((other, hash));
        assert_eq!(flaws(&edited), [Flaw::LinkChanged { seq: 5 }]);

        let mut deleted = chain(9);
        deleted.remove(4);
        assert_eq!(flaws(&deleted), [Flaw::LinksGone { from: 5, until: 5 }]);

        let mut emptied = chain(9);
        emptied[4].event = None;
        assert_eq!(flaws(&emptied), [Flaw::EventGone { seq: 5 }]);

        // Deleted, and all after it numbered anew.
        let mut closed = chain(9);
        closed.remove(4);
        closed.iter_mut().skip(4).for_each(|link| link.seq -= 1);
        assert!(flaws(&closed).contains(&Flaw::LinkChanged { seq: 5 }));

        let mut moved = chain(9);
        let (one, other) = (moved[3].event.clone(), moved[5].event.clone());
        (moved[3].event, moved[5].event) = (other, one);
        assert_eq!(flaws(&moved), [Flaw::LinkChanged { seq: 4 }, Flaw::LinkChanged { seq: 6 }]);

        let mut inserted = chain(9);
        let mut twin = inserted[4].clone();
        twin.event_id = 999;
        inserted.insert(4, twin);
        inserted.iter_mut().skip(5).for_each(|link| link.seq += 1);
        assert!(flaws(&inserted).contains(&Flaw::LinkChanged { seq: 5 }));

        let mut before = chain(9);
        before.insert(0, Link { seq: 0, ..before[8].clone() });
        assert_eq!(flaws(&before), [Flaw::LinkChanged { seq: 0 }]);
    }

    #[test]
    fn a_head_shows_what_was_cut_or_written_anew() {
        let whole = chain(9);
        let head = &whole[8];
        let kept = |links: &[Link]| {
            let found = links.iter().find(|link| link.seq == head.seq);
            against_head(head.seq, &head.hash, found.map(|link| link.hash.as_slice()))
        };
        assert_eq!(kept(&whole), None);
        assert_eq!(kept(&whole[..8]), Some(Flaw::ChainCut { head: 9 }));
        let mut anew = chain(8);
        let last = content(77);
        let hash = event_hash(&last);
        let link = link_hash(&anew[7].hash, 9, 109, &hash);
        anew.push(Link { seq: 9, event_id: 109, hash: link, event: Some((last, hash)) });
        assert_eq!(flaws(&anew), [], "in itself it is whole");
        assert_eq!(kept(&anew), Some(Flaw::ChainRewritten { head: 9 }));
    }

    #[test]
    fn what_is_wrong_is_said_in_words() {
        assert_eq!(Flaw::LinksGone { from: 3, until: 3 }.words(), "第 3 号记录被删除");
        assert_eq!(Flaw::LinksGone { from: 3, until: 5 }.words(), "第 3 到 5 号记录被删除");
    }
}
