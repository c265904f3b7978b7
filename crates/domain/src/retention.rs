//! 保存期限: how long what is held is kept, when answers are hidden and purged, and what a certificate of a purge is signed over.
//!
//! The schedule is `fixtures/retention.toml`, compiled in. From the day a campaign's answers have been kept long enough nobody is
//! shown them; within a day after that they are gone.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate, TimeDelta};
use ring::digest::{Context, SHA256};
use serde::Deserialize;
use serde_json::Value;

use crate::audit::canonical;

const SOURCE: &str = include_str!("../../../fixtures/retention.toml");

/// Tables a purge of a form's answers goes through, in this order. Of the first and the last whole rows go, of the others what
/// somebody wrote freely.
pub const PURGED: [&str; 5] =
    ["report_answers", "report_revisions", "review_acts", "follow_ups", "attachments"];

/// What [`chained`] begins with: 32 bytes.
pub const NOTHING: [u8; 32] = [0; 32];

/// Days after the day from which answers are hidden, by which they are gone.
pub const PURGED_WITHIN: u64 = 1;

/// How long one class of what is held is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// What it is, in Chinese.
    pub title: String,
    /// From when the days are counted, in Chinese.
    pub since: String,
    /// How many.
    pub days: i64,
    /// A school says no fewer …
    pub floor: i64,
    /// … and no more.
    pub ceiling: i64,
    /// Why so many, in Chinese.
    pub basis: String,
}

impl Class {
    /// The days as a span.
    pub fn life(&self) -> TimeDelta {
        TimeDelta::days(self.days)
    }

    /// The days, to be counted on a calendar.
    pub fn calendar(&self) -> Days {
        Days::new(self.days.unsigned_abs())
    }
}

/// The classes by name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Classes {
    /// Answers, attachments, and what was written freely about them.
    pub answers: Class,
    /// State and coded facts of reports, with their trips and reviews.
    pub facts: Class,
    /// Passages, alarms and the keys of codes.
    pub passages: Class,
    /// Visitors.
    pub visits: Class,
    /// What a bulk change replaced.
    pub undo: Class,
    /// Settled requests for a correction.
    pub corrections: Class,
    /// Results of uploads of photos.
    pub uploads: Class,
    /// Pictures no report shows.
    pub pictures: Class,
    /// Answers to repeated writes.
    pub receipts: Class,
    /// Handled messages from WeCom.
    pub messages: Class,
    /// What sent messages said.
    pub words: Class,
    /// Who was sent what.
    pub deliveries: Class,
    /// Done jobs.
    pub jobs: Class,
    /// Dead jobs somebody did something about.
    pub settled_jobs: Class,
    /// Who opened an entry, and lists of other systems.
    pub entries: Class,
    /// Who took a copy of their data.
    pub copies: Class,
    /// Sign-ins and refusals.
    pub security: Class,
    /// Looks and changes on record, and who looked at one's data.
    pub audit: Class,
    /// How much was read, and what stood out.
    pub readings: Class,
    /// Second factors of accounts that left.
    pub factors: Class,
    /// Phones, photos, beds and reasons of people who left.
    pub departed: Class,
}

/// A school's schedule.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Of the file it was made by.
    pub version: String,
    /// How long each class is kept.
    pub classes: Classes,
}

/// How far the end of a campaign's answers is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// They are shown.
    Kept,
    /// Somebody holds them (保全): they are hidden in time and not purged.
    Held,
    /// Nobody is shown them; they are being purged.
    Hidden,
    /// They are gone.
    Purged,
}

impl Stage {
    /// From what is known.
    pub fn of(is_hidden: bool, is_purged: bool, is_held: bool) -> Self {
        if is_purged {
            Self::Purged
        } else if is_held {
            Self::Held
        } else if is_hidden {
            Self::Hidden
        } else {
            Self::Kept
        }
    }

    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Held => "held",
            Self::Hidden => "hidden",
            Self::Purged => "purged",
        }
    }
}

/// Why there is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// The compiled-in file can't be read.
    #[error("fixtures/retention.toml: {0}")]
    File(String),
    /// There is no class of this name.
    #[error("没有这类保存期限：{0}；可以写的有 {known}", known = NAMES.join("、"))]
    Unknown(String),
    /// The days are not within what may be said.
    #[error("{name} = {days}：“{title}”应在 {floor} 到 {ceiling} 天之间，请改成这个范围里的天数或删去这一行")]
    Days {
        /// The class.
        name: String,
        /// What it is.
        title: String,
        /// What was said.
        days: i64,
        /// No fewer …
        floor: i64,
        /// … and no more.
        ceiling: i64,
    },
    /// Answers would go before their time: with the facts of their reports.
    #[error(
        "answers = {answers} 比 facts = {facts} 长：状态到期时答案一起删除，请把 answers 改短或把 facts 改长"
    )]
    Longer {
        /// Days of answers.
        answers: i64,
        /// Days of facts.
        facts: i64,
    },
}

/// Names of the classes, in the order they are shown.
pub const NAMES: [&str; 21] = [
    "answers",
    "facts",
    "passages",
    "visits",
    "undo",
    "corrections",
    "uploads",
    "pictures",
    "receipts",
    "messages",
    "words",
    "deliveries",
    "jobs",
    "settled_jobs",
    "entries",
    "copies",
    "security",
    "audit",
    "readings",
    "factors",
    "departed",
];

impl Classes {
    /// Each by its name, in the order of [`NAMES`].
    pub fn all(&self) -> [(&'static str, &Class); 21] {
        [
            ("answers", &self.answers),
            ("facts", &self.facts),
            ("passages", &self.passages),
            ("visits", &self.visits),
            ("undo", &self.undo),
            ("corrections", &self.corrections),
            ("uploads", &self.uploads),
            ("pictures", &self.pictures),
            ("receipts", &self.receipts),
            ("messages", &self.messages),
            ("words", &self.words),
            ("deliveries", &self.deliveries),
            ("jobs", &self.jobs),
            ("settled_jobs", &self.settled_jobs),
            ("entries", &self.entries),
            ("copies", &self.copies),
            ("security", &self.security),
            ("audit", &self.audit),
            ("readings", &self.readings),
            ("factors", &self.factors),
            ("departed", &self.departed),
        ]
    }

    fn named(&mut self, name: &str) -> Option<&mut Class> {
        Some(match name {
            "answers" => &mut self.answers,
            "facts" => &mut self.facts,
            "passages" => &mut self.passages,
            "visits" => &mut self.visits,
            "undo" => &mut self.undo,
            "corrections" => &mut self.corrections,
            "uploads" => &mut self.uploads,
            "pictures" => &mut self.pictures,
            "receipts" => &mut self.receipts,
            "messages" => &mut self.messages,
            "words" => &mut self.words,
            "deliveries" => &mut self.deliveries,
            "jobs" => &mut self.jobs,
            "settled_jobs" => &mut self.settled_jobs,
            "entries" => &mut self.entries,
            "copies" => &mut self.copies,
            "security" => &mut self.security,
            "audit" => &mut self.audit,
            "readings" => &mut self.readings,
            "factors" => &mut self.factors,
            "departed" => &mut self.departed,
            _ => return None,
        })
    }
}

impl Retention {
    /// The compiled-in schedule with the days a school says otherwise, by name of the class.
    pub fn of(days: &BTreeMap<String, i64>) -> Result<Self, Wrong> {
        let mut retention: Self =
            toml::from_str(SOURCE).map_err(|error| Wrong::File(error.message().to_owned()))?;
        for (name, days) in days {
            let class = retention.classes.named(name).ok_or_else(|| Wrong::Unknown(name.clone()))?;
            if !(class.floor..=class.ceiling).contains(days) {
                return Err(Wrong::Days {
                    name: name.clone(),
                    title: class.title.clone(),
                    days: *days,
                    floor: class.floor,
                    ceiling: class.ceiling,
                });
            }
            class.days = *days;
        }
        let (answers, facts) = (retention.classes.answers.days, retention.classes.facts.days);
        if answers > facts {
            return Err(Wrong::Longer { answers, facts });
        }
        Ok(retention)
    }

    /// The first day on which nobody is shown the answers of a campaign whose last day this is.
    pub fn hidden_on(&self, last_day: NaiveDate) -> NaiveDate {
        last_day.checked_add_days(self.classes.answers.calendar()).unwrap_or(NaiveDate::MAX)
    }

    /// The day by whose beginning they are gone.
    pub fn gone_by(&self, last_day: NaiveDate) -> NaiveDate {
        self.hidden_on(last_day).checked_add_days(Days::new(PURGED_WITHIN)).unwrap_or(NaiveDate::MAX)
    }

    /// On a day, answers are shown of campaigns whose last day is later than this: of no other.
    pub fn shown_after(&self, today: NaiveDate) -> NaiveDate {
        today.checked_sub_days(self.classes.answers.calendar()).unwrap_or(NaiveDate::MIN)
    }

    /// On a day, facts of days before this are kept no longer.
    pub fn facts_since(&self, today: NaiveDate) -> NaiveDate {
        today.checked_sub_days(self.classes.facts.calendar()).unwrap_or(NaiveDate::MIN)
    }
}

/// The hash over rows that are gone: of what was before, and the next row's. Rows come table by table as [`PURGED`] lists them, within
/// each as the certificate says.
pub fn chained(before: &[u8], row: &[u8]) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    context.update(before);
    context.update(row);
    context.finish().as_ref().to_vec()
}

/// What is signed of a certificate: its content in one way of writing only, keys in order.
pub fn certificate_text(certificate: &Value) -> Vec<u8> {
    let mut text = String::from("rollcall retention certificate 1\n");
    canonical(&mut text, certificate);
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{gate, my_data, portal, security_event};

    fn standard() -> Retention {
        Retention::of(&BTreeMap::new()).unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_file_can_be_read_and_each_class_is_within_its_bounds() {
        let retention = standard();
        assert_eq!(retention.classes.all().map(|(name, _)| name), NAMES);
        for (name, class) in retention.classes.all() {
            assert!(0 < class.floor && class.floor <= class.days && class.days <= class.ceiling, "{name}");
        }
    }

    #[test]
    fn what_pages_count_on_is_what_the_file_says() {
        let classes = standard().classes;
        assert_eq!(classes.passages.days, gate::KEPT_DAYS);
        assert_eq!(classes.visits.days, gate::visitor::KEPT_DAYS);
        assert_eq!(classes.entries.days.unsigned_abs(), portal::KEPT_DAYS);
        assert_eq!(classes.copies.days, my_data::COPIES_KEPT_DAYS);
        assert_eq!(classes.security.days, security_event::KEPT_DAYS);
        let fixed =
            [&classes.passages, &classes.visits, &classes.entries, &classes.copies, &classes.security];
        for class in fixed {
            assert_eq!((class.floor, class.ceiling), (class.days, class.days), "{}", class.title);
        }
    }

    #[test]
    fn the_audit_is_kept_no_shorter_than_the_database_lets_it_be_cut() {
        // migrations/0024_audit: what is younger is cut by nobody who is not the owner.
        assert_eq!(standard().classes.audit.floor, 180);
    }

    #[test]
    fn a_school_says_other_days_within_bounds() {
        let of = |name: &str, days: i64| Retention::of(&BTreeMap::from([(name.to_owned(), days)]));
        assert_eq!(of("answers", 60).unwrap().classes.answers.days, 60);
        let refused = of("answers", 3).unwrap_err();
        assert!(refused.to_string().contains("answers = 3") && refused.to_string().contains("7 到 400 天"));
        assert!(of("passages", 31).is_err(), "pages count on thirty");
        let both = |answers: i64, facts: i64| {
            Retention::of(&BTreeMap::from([("answers".to_owned(), answers), ("facts".to_owned(), facts)]))
        };
        assert!(both(180, 180).is_ok());
        assert!(both(181, 180).unwrap_err().to_string().contains("answers = 181 比 facts = 180"));
        assert!(of("no_such", 30).unwrap_err().to_string().contains("answers、facts"));
    }

    #[test]
    fn answers_are_hidden_so_many_days_after_the_last_and_gone_a_day_later() {
        let retention = standard();
        assert_eq!(retention.hidden_on(day("2020-03-31")), day("2020-04-30"));
        assert_eq!(retention.gone_by(day("2020-03-31")), day("2020-05-01"));
        // The same the other way round.
        assert!(day("2020-03-31") > retention.shown_after(day("2020-04-29")));
        assert!(day("2020-03-31") <= retention.shown_after(day("2020-04-30")));
        assert_eq!(retention.hidden_on(NaiveDate::MAX), NaiveDate::MAX);
    }

    #[test]
    fn rows_and_their_order_count() {
        let (one, other) = (chained(&NOTHING, b"one"), chained(&NOTHING, b"other"));
        assert_ne!(chained(&one, b"other"), chained(&other, b"one"));
        assert_eq!(one.len(), 32);
    }

    #[test]
    fn a_certificate_is_written_in_one_way() {
        let text = certificate_text(&json!({ "b": 1, "a": [{ "y": null, "x": "1" }] }));
        assert_eq!(text, b"rollcall retention certificate 1\n{\"a\":[{\"x\":\"1\",\"y\":null}],\"b\":1}");
    }
}
