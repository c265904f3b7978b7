//! `fixtures/school.toml`: what the school is made from.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Another seed gives other people.
    pub seed: u64,
    /// Name of the school, and of the root department.
    pub name: String,
    /// The WeCom corporation.
    pub corp: Corp,
    /// The self-built app.
    pub app: App,
    /// The contacts-sync assistant.
    pub contacts: Contacts,
    /// Grades and sizes of classes.
    pub students: Students,
    /// Students outside the colleges.
    pub exchange: Exchange,
    /// The colleges, in the order they are shown.
    #[serde(rename = "college")]
    pub colleges: Vec<College>,
    /// Staff, kinds and leaders.
    pub staff: Staff,
    /// Offices of the school, in the order they are shown.
    #[serde(rename = "office")]
    pub offices: Vec<Office>,
    /// A day of reports.
    pub reports: Reports,
    /// How the platform is used; what is invented freely where it is left out.
    #[serde(default)]
    pub platform: Option<Platform>,
    /// Whom the first page offers.
    pub personas: Personas,
}

/// `[corp]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Corp {
    /// CorpID.
    pub id: String,
    /// Accounts the corp may have.
    pub seats: u32,
}

/// `[app]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// Stands in the callback's path.
    pub name: String,
    /// What members read.
    pub title: String,
    /// One line beneath it.
    pub description: String,
    /// AgentID.
    pub agentid: u32,
    /// corpsecret of the app.
    pub secret: String,
    /// Callback token.
    pub token: String,
    /// Callback key, 43 characters.
    pub encoding_aes_key: String,
    /// Path of the home page at the server.
    pub home: String,
    /// `host:port`, compared exactly.
    pub trusted_domains: Vec<String>,
    /// Fields a member can consent to (`mobile`, `gender`, `avatar`).
    pub sensitive_fields: Vec<String>,
}

/// `[contacts]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contacts {
    /// Stands in the callback's path.
    pub name: String,
    /// The contacts-sync secret.
    pub secret: String,
    /// Callback token.
    pub token: String,
    /// Callback key, 43 characters.
    pub encoding_aes_key: String,
}

/// `[students]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Students {
    /// Years of entry.
    pub grades: Vec<u16>,
    /// Students of a class, about.
    pub class_size: usize,
    /// Students of a counsellor, about.
    pub per_counsellor: usize,
}

/// `[exchange]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Name of the department below the root.
    pub department: String,
    /// Year of entry.
    pub grade: u16,
    /// Name of the one class.
    pub class: String,
    /// What the roster gives as major.
    pub major: String,
    /// How many.
    pub students: usize,
}

/// `[[college]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct College {
    /// Name, unique in the school.
    pub name: String,
    /// How many are enrolled.
    pub students: usize,
    /// How many of them don't answer on a day of reports.
    pub unreported: usize,
    /// Staff of the kind 合作办学 work here first.
    #[serde(default)]
    pub cooperative: bool,
    /// What is taught.
    pub majors: Vec<Major>,
}

/// One of a college's `majors`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Major {
    /// Name, unique in the school, so that names of classes are.
    pub name: String,
    /// Share of the college's classes.
    pub weight: usize,
    /// Years of entry, where not all.
    #[serde(default)]
    pub grades: Vec<u16>,
}

/// `[staff]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Staff {
    /// How many stand in the roster.
    pub total: usize,
    /// How many of them have no account.
    pub without_account: usize,
    /// How many of each kind.
    pub kinds: BTreeMap<String, usize>,
    /// Positions of the school's leaders.
    pub leaders: Vec<String>,
    /// Positions of the leaders of every college.
    pub college_leaders: Vec<String>,
    /// Positions of those who keep a college's office.
    pub college_office: Vec<String>,
    /// Last day of every grant.
    pub grants_until: NaiveDate,
}

/// `[[office]]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Office {
    /// Name.
    pub name: String,
    /// How many work there.
    pub staff: usize,
    /// Position of its head.
    #[serde(default = "director")]
    pub head: String,
    /// Role that some of its people hold for the whole school.
    pub grant: Option<super::Role>,
    /// How many of them.
    #[serde(default)]
    pub holders: usize,
}

fn director() -> String {
    "主任".into()
}

/// `[reports]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reports {
    /// Choices of the form, the most frequent first.
    pub places: Vec<String>,
}

/// `[platform]`: in every stretch of days that is long enough the same figures are met.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// Contacts outside that are added in any 180 days.
    pub contacts_in_180_days: u64,
    /// Meetings of the day that has the fewest, once in a fortnight.
    pub meetings_least: u64,
    /// … and who comes to them.
    pub attendees_least: u64,
    /// Meetings of the day that has the most, once in a fortnight.
    pub meetings_most: u64,
    /// … and who comes to them.
    pub attendees_most: u64,
    /// Uses of the drive on its busiest day.
    pub drive_uses_most: u64,
    /// How full the drive is, in GB.
    pub drive_used: u64,
    /// Members who have left and still stand in the console's records of use.
    pub left: usize,
}

/// `[personas]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Personas {
    /// The college whose people are offered first.
    pub college: String,
}

impl Spec {
    /// The spec of another corp: the same school under other ids, secrets and keys; the first is the spec itself.
    /// Digits at the end are exchanged, so a key keeps its 43 characters.
    pub fn of_corp(&self, place: usize) -> Self {
        let mut spec = self.clone();
        if place > 0 {
            let number = place + 1;
            let mark = |text: &mut String, digits: usize| {
                let kept = text.len().saturating_sub(digits);
                text.truncate(text.floor_char_boundary(kept));
                text.push_str(&format!("{number:0digits$}"));
            };
            spec.name = format!("{}（{number}）", spec.name);
            mark(&mut spec.corp.id, 4);
            mark(&mut spec.app.secret, 4);
            mark(&mut spec.contacts.secret, 4);
            mark(&mut spec.app.token, 2);
            mark(&mut spec.contacts.token, 2);
            mark(&mut spec.app.encoding_aes_key, 4);
            mark(&mut spec.contacts.encoding_aes_key, 4);
        }
        spec
    }
}
