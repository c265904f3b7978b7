//! 审计: what is recorded of looks and changes, and the chain that shows whether the record was touched.
//!
//! An event's hash is over everything the service knew when it was written. A link binds a number, an event and everything
//! before it. A head is how far the chain was at a moment; signed and kept elsewhere it shows a tail that was cut. A cut is where the
//! chain begins when its front was kept long enough: signed, bound to the cut before it, and itself an event.

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
    /// A page of the audit, or of the alarms on how much somebody reads, was read: it says what looks were for.
    AuditRead,
    /// A role was given, or for longer: by hand, by a roster, by the directory, or as something was taken back.
    GrantGiven,
    /// … ended, or for less long.
    GrantEnded,
    /// An account was made somebody's by hand.
    AccountLinked,
    /// … taken from them.
    AccountUnlinked,
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
    /// Exemptions were granted one by one, by hand or by an approval of WeCom (审批).
    ExemptionsGranted,
    /// One was revoked.
    ExemptionRevoked,
    /// Changes of standing were recorded.
    StatusesRecorded,
    /// One was revoked.
    StatusRevoked,
    /// A photo was removed.
    PhotoRemoved,
    /// What was held on people who left was erased by schedule.
    DepartedErased,
    /// What somebody answered who took their word back was erased.
    WithdrawnErased,
    /// How much of each class ended by schedule, once a day.
    RetentionRecorded,
    /// Removals a sync held were approved.
    RemovalsApproved,
    /// … discarded.
    RemovalsDiscarded,
    /// A plan of writing to WeCom was approved.
    WritePlanApproved,
    /// … given up, by hand or because nobody approved or carried it out in time.
    WritePlanDiscarded,
    /// What somebody says is wrong of them was confirmed, put right or refused.
    CorrectionSettled,
    /// The sign-off of a class or a college was taken back.
    SignOffRevoked,
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
    /// Permits were given, by hand or by an approval of WeCom (审批).
    PermitsGiven,
    /// One was revoked.
    PermitRevoked,
    /// Somebody else's visitor was uninvited.
    VisitCancelled,
    /// What became of an alarm at a gate was noted.
    GateAlarmSettled,
    /// An entry to another system was made, changed, ordered or ended, or a list of its was brought.
    EntryChanged,
    /// The answers of a campaign were purged.
    AnswersPurged,
    /// The data keys of a month that is over, under which nothing was left, were destroyed.
    MonthKeysDestroyed,
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
    /// Somebody took back what they had agreed to.
    NoticeWithdrawn,
    /// The front of the audit itself was cut, as it had been kept long enough.
    AuditCut,
    /// A dead job was put back into the queue.
    JobRetried,
    /// … given up.
    JobDiscarded,
    /// A command made, wrapped, replaced or destroyed keys.
    KeysChanged,
    /// The service was started with other settings than before.
    SettingsChanged,
}

impl Act {
    /// All.
    pub const ALL: [Self; 67] = [
        Self::Look,
        Self::AuditSearched,
        Self::AuditRead,
        Self::GrantGiven,
        Self::GrantEnded,
        Self::AccountLinked,
        Self::AccountUnlinked,
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
        Self::DepartedErased,
        Self::WithdrawnErased,
        Self::RetentionRecorded,
        Self::RemovalsApproved,
        Self::RemovalsDiscarded,
        Self::WritePlanApproved,
        Self::WritePlanDiscarded,
        Self::CorrectionSettled,
        Self::SignOffRevoked,
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
        Self::VisitCancelled,
        Self::GateAlarmSettled,
        Self::EntryChanged,
        Self::AnswersPurged,
        Self::MonthKeysDestroyed,
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
        Self::NoticeWithdrawn,
        Self::AuditCut,
        Self::JobRetried,
        Self::JobDiscarded,
        Self::KeysChanged,
        Self::SettingsChanged,
    ];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::AuditSearched => "audit_searched",
            Self::AuditRead => "audit_read",
            Self::GrantGiven => "grant_given",
            Self::GrantEnded => "grant_ended",
            Self::AccountLinked => "account_linked",
            Self::AccountUnlinked => "account_unlinked",
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
            Self::DepartedErased => "departed_erased",
            Self::WithdrawnErased => "withdrawn_erased",
            Self::RetentionRecorded => "retention_recorded",
            Self::RemovalsApproved => "removals_approved",
            Self::RemovalsDiscarded => "removals_discarded",
            Self::WritePlanApproved => "write_plan_approved",
            Self::WritePlanDiscarded => "write_plan_discarded",
            Self::CorrectionSettled => "correction_settled",
            Self::SignOffRevoked => "sign_off_revoked",
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
            Self::VisitCancelled => "visit_cancelled",
            Self::GateAlarmSettled => "gate_alarm_settled",
            Self::EntryChanged => "entry_changed",
            Self::AnswersPurged => "answers_purged",
            Self::MonthKeysDestroyed => "month_keys_destroyed",
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
            Self::NoticeWithdrawn => "notice_withdrawn",
            Self::AuditCut => "audit_cut",
            Self::JobRetried => "job_retried",
            Self::JobDiscarded => "job_discarded",
            Self::KeysChanged => "keys_changed",
            Self::SettingsChanged => "settings_changed",
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

/// An end of the front of the chain: what was up to its number is gone, and the chain is followed from its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The last number that went.
    pub seq: i64,
    /// The hash of its link: 32 bytes.
    pub hash: Vec<u8>,
    /// Where the cut before ended; 0: there was none.
    pub after_seq: i64,
    /// The hash there; [`GENESIS`] where there was none.
    pub after_hash: Vec<u8>,
    /// The school's day.
    pub day: NaiveDate,
    /// How many events went.
    pub removed: i64,
    /// Version of the schedule it was made by.
    pub policy: String,
}

/// What is signed of a cut.
pub fn cut_text(corp: CorpId, cut: &Cut) -> Vec<u8> {
    let Cut { seq, hash, after_seq, after_hash, day, removed, policy } = cut;
    let said = format!("rollcall audit cut 1\n{corp} {day} {after_seq} {seq} {removed} {policy}\n");
    // Both hashes are always as long, so nothing before can be taken for a part of them.
    let mut text = said.into_bytes();
    text.extend_from_slice(after_hash);
    text.extend_from_slice(hash);
    text
}

/// What the event of a cut says, whose signature is given in hex.
pub fn cut_detail(cut: &Cut, signature: &str) -> Value {
    json!({
        "after": cut.after_seq,
        "seq": cut.seq,
        "removed": cut.removed,
        "policy": cut.policy,
        "signature": signature,
    })
}

/// The cut an event is of, by its act and what it says: its number and signature, in hex; none: it is of something else.
pub fn cut_told<'a>(action: &str, detail: &'a Value) -> Option<(i64, &'a str)> {
    if action != Act::AuditCut.as_str() {
        return None;
    }
    Some((detail.get("seq")?.as_i64()?, detail.get("signature")?.as_str()?))
}

/// Where the chain begins by its cuts, in order, each with whether it is signed by us; and what is wrong with them. One that is not
/// signed moves nothing.
pub fn begins<'a>(cuts: impl IntoIterator<Item = (&'a Cut, bool)>) -> (Follower, Vec<Flaw>) {
    let (mut follower, mut flaws) = (Follower::default(), Vec::new());
    for (cut, is_signed) in cuts {
        if !is_signed || cut.seq.checked_sub(cut.after_seq) != Some(cut.removed) {
            flaws.push(Flaw::CutForged { cut: cut.seq });
            continue;
        }
        if (cut.after_seq, &cut.after_hash) != (follower.seq, &follower.hash) {
            flaws.push(Flaw::CutMissing { cut: cut.after_seq });
        }
        follower = Follower { began: cut.seq, seq: cut.seq, hash: cut.hash.clone() };
    }
    (follower, flaws)
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
    /// A cut without a signature of ours, or that says another count than it spans.
    CutForged {
        /// The number it ends at.
        cut: i64,
    },
    /// A cut that is on record, or that the next one follows, and of which there is no record any more or another.
    CutMissing {
        /// The number it ended at.
        cut: i64,
    },
    /// The newest cut, which no event tells of.
    CutUntold {
        /// The number it ends at.
        cut: i64,
    },
    /// A link that was cut and is there again.
    CameBack {
        /// Its number.
        seq: i64,
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
            Self::CutForged { cut } => format!("截到第 {cut} 号的截断记录不是本系统签的，或条数不符"),
            Self::CutMissing { cut } => format!("截到第 {cut} 号的截断记录不见了，或被换成了别的"),
            Self::CutUntold { cut } => format!("截到第 {cut} 号的截断没有记入审计"),
            Self::CameBack { seq } => format!("第 {seq} 号记录已按保存期限截去，现在又出现了"),
        }
    }
}

/// Follows a chain from its beginning, or from where it was cut, link by link.
#[derive(Debug, Clone)]
pub struct Follower {
    began: i64,
    seq: i64,
    hash: Vec<u8>,
}

impl Default for Follower {
    fn default() -> Self {
        Self { began: 0, seq: 0, hash: GENESIS.to_vec() }
    }
}

impl Follower {
    /// The last number that was cut; 0: none was.
    pub fn began(&self) -> i64 {
        self.began
    }

    /// How far it is.
    pub fn seq(&self) -> i64 {
        self.seq
    }

    /// The hash there.
    pub fn hash(&self) -> &[u8] {
        &self.hash
    }

    /// Takes the next link in order of numbers. After a flaw it goes on from what is kept, so that each is told where it is.
    pub fn follow(&mut self, link: &Link) -> Vec<Flaw> {
        let due = self.seq.saturating_add(1);
        let seq = link.seq;
        if (1..=self.began).contains(&seq) {
            return vec![Flaw::CameBack { seq }];
        }
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

    fn cut(links: &[Link], after: i64, seq: i64) -> Cut {
        let hash = |seq: i64| links.iter().find(|link| link.seq == seq).unwrap().hash.clone();
        Cut {
            seq,
            hash: hash(seq),
            after_seq: after,
            after_hash: if after == 0 { GENESIS.to_vec() } else { hash(after) },
            day: "2021-04-08".parse().unwrap(),
            removed: seq - after,
            policy: "2026-11".into(),
        }
    }

    /// What is found of a chain by its cuts, all of them signed.
    fn found(cuts: &[Cut], links: &[Link]) -> Vec<Flaw> {
        let (mut follower, mut flaws) = begins(cuts.iter().map(|cut| (cut, true)));
        flaws.extend(links.iter().flat_map(|link| follower.follow(link)));
        flaws
    }

    #[test]
    fn a_chain_goes_on_from_where_it_was_cut() {
        let whole = chain(9);
        let cuts = [cut(&whole, 0, 3), cut(&whole, 3, 5)];
        assert_eq!(found(&cuts, &whole[5..]), []);
        assert_eq!(found(&cuts[..1], &whole[3..]), []);
        let (follower, _) = begins(cuts.iter().map(|cut| (cut, true)));
        assert_eq!((follower.began(), follower.seq(), follower.hash()), (5, 5, whole[4].hash.as_slice()));
    }

    #[test]
    fn a_cut_that_is_not_as_it_was_made_is_found() {
        let whole = chain(9);
        let cuts = [cut(&whole, 0, 3), cut(&whole, 3, 5)];
        // Nothing says where it begins.
        assert_eq!(found(&[], &whole[5..]), [Flaw::LinksGone { from: 1, until: 5 }]);
        assert_eq!(found(&cuts[1..], &whole[5..]), [Flaw::CutMissing { cut: 3 }]);
        assert_eq!(found(&cuts[..1], &whole[5..]), [Flaw::LinksGone { from: 4, until: 5 }]);
        // More went than it says.
        assert_eq!(found(&cuts, &whole[7..]), [Flaw::LinksGone { from: 6, until: 7 }]);
        assert_eq!(found(&cuts, &whole[4..]), [Flaw::CameBack { seq: 5 }]);
        let more = Cut { removed: 1, ..cuts[1].clone() };
        assert!(found(&[cuts[0].clone(), more], &whole[5..]).contains(&Flaw::CutForged { cut: 5 }));
        let (follower, flaws) = begins([(&cuts[0], true), (&cuts[1], false)]);
        assert_eq!((follower.began(), flaws), (3, vec![Flaw::CutForged { cut: 5 }]));
        let other = Cut { hash: whole[6].hash.clone(), ..cuts[1].clone() };
        assert_eq!(found(&[cuts[0].clone(), other], &whole[5..]), [Flaw::LinkChanged { seq: 6 }]);
    }

    #[test]
    fn every_part_of_a_cut_is_signed() {
        let whole = chain(9);
        let one = cut(&whole, 3, 5);
        let others = [
            Cut { seq: 6, ..one.clone() },
            Cut { hash: GENESIS.to_vec(), ..one.clone() },
            Cut { after_seq: 2, ..one.clone() },
            Cut { after_hash: GENESIS.to_vec(), ..one.clone() },
            Cut { day: "2021-04-09".parse().unwrap(), ..one.clone() },
            Cut { removed: 3, ..one.clone() },
            Cut { policy: "2026-12".into(), ..one.clone() },
        ];
        for other in others {
            assert_ne!(cut_text(1, &other), cut_text(1, &one), "{other:?}");
        }
        assert_ne!(cut_text(2, &one), cut_text(1, &one));
    }

    #[test]
    fn the_event_of_a_cut_tells_which_it_is() {
        let whole = chain(9);
        let detail = cut_detail(&cut(&whole, 3, 5), "ab12");
        assert_eq!(cut_told("audit_cut", &detail), Some((5, "ab12")));
        assert_eq!(cut_told("look", &detail), None);
        assert_eq!(cut_told("audit_cut", &json!({})), None);
    }

    #[test]
    fn what_is_wrong_is_said_in_words() {
        assert_eq!(Flaw::LinksGone { from: 3, until: 3 }.words(), "第 3 号记录被删除");
        assert_eq!(Flaw::LinksGone { from: 3, until: 5 }.words(), "第 3 到 5 号记录被删除");
    }
}
