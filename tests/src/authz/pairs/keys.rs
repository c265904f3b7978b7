//! The ids of people's things, by noun and number.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::super::{
    oracle::Who,
    people,
    world::{World, facts, own},
};

#[derive(Debug, Default)]
pub struct Keys {
    of: BTreeMap<&'static str, BTreeMap<String, String>>,
    /// Who must answer the students' form.
    expected: BTreeSet<String>,
}

impl Keys {
    /// An empty one: there is none.
    pub fn get(&self, noun: &str, number: &str) -> String {
        self.of.get(noun).and_then(|of| of.get(number)).cloned().unwrap_or_default()
    }

    pub fn expects(&self, number: &str) -> bool {
        self.expected.contains(number)
    }
}

/// Of each noun, whose it is and its id.
const NOUNS: &[(&str, &str)] = &[
    (
        "receipt",
        "select p.number, r.receipt from reports r join persons p using (corp_id, person_id)
         join forms f using (corp_id, form_id) where f.code like 'health-daily%'",
    ),
    (
        "paper",
        "select p.number, r.receipt from reports r join persons p using (corp_id, person_id)
         join forms f using (corp_id, form_id) where f.code = 'papers'",
    ),
    (
        "attachment",
        "select p.number, a.attachment_id from attachments a join persons p using (corp_id, person_id)
         where a.report_id is not null",
    ),
    ("phone", "select number, person_id::text from persons where phone is not null"),
    ("photo", "select p.number, p.person_id::text from photos join persons p using (corp_id, person_id)"),
    (
        "stay",
        "select p.number, r.residence_id::text from residences r join persons p using (corp_id, person_id)
         where r.until_date is null",
    ),
    (
        "exemption",
        "select p.number, e.exemption_id::text from exemptions e join persons p using (corp_id, person_id)
         where e.revoked_at is null",
    ),
    (
        "status",
        "select p.number, c.change_id::text from status_changes c join persons p using (corp_id, person_id)",
    ),
    (
        "place",
        "select p.number, m.membership_id::text from memberships m join persons p using (corp_id, person_id)
         where m.is_main and m.until_date is null",
    ),
    (
        "correction",
        "select p.number, c.correction_id::text from corrections c join persons p using (corp_id, person_id)
         where c.state = 'submitted'",
    ),
    // Of their class: who is their counsellor, and what was signed of it.
    (
        "grant",
        "select p.number, max(g.grant_id)::text from persons p
         join memberships m on m.corp_id = p.corp_id and m.person_id = p.person_id and m.is_main and m.until_date is null
         join grants g on g.corp_id = m.corp_id and g.department_id = m.department_id and g.role = 'counsellor'
         where p.kind = 'student' group by 1",
    ),
    (
        "sign_off",
        "select p.number, max(s.sign_off_id)::text from persons p
         join memberships m on m.corp_id = p.corp_id and m.person_id = p.person_id and m.is_main and m.until_date is null
         join sign_offs s on s.corp_id = m.corp_id and s.department_id = m.department_id
         where p.kind = 'student' group by 1",
    ),
];

pub async fn make(world: &World) -> Keys {
    // Papers, with a picture each, of one in five.
    for person in world.people.iter().filter(|person| person.student && person.id % 5 == 0) {
        // Who is on leave is not asked.
        if people::expected(world, person) && person.userid.as_ref() == Some(&person.number) {
            own::papers(world, &person.number).await;
        }
    }
    for class in &world.classes {
        let signed =
            json!({ "form": "health-daily", "day": "2020-03-03", "department": class, "note": "补签" });
        facts::done(world, world.userid(Who::SchoolOffice), "/sign-offs", &signed).await;
    }
    let mut keys = Keys::default();
    for (noun, sql) in NOUNS {
        let rows = world.test.owner.query(*sql, &[]).await.unwrap();
        let of: BTreeMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        assert!(!of.is_empty(), "there is no {noun} to ask for");
        keys.of.insert(noun, of);
    }
    let expected = world.people.iter().filter(|person| people::expected(world, person));
    keys.expected = expected.map(|person| person.number.clone()).collect();
    keys
}
