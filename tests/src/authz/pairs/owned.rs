//! What somebody made themselves, or what is for some: exports, templates, rounds, announcements, forms, entries. Another's is
//! not there, but for those who look after all of its kind.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::{
    oracle::{
        Need::{self, Announce, DesignForms, Export, ExportLog, Invitations, Invite, Remind, SignedIn},
        Who,
    },
    world::{World, facts, own},
};

/// A call that names something of an owner's.
pub struct Owned {
    /// What of theirs, as `world/own.rs` calls it.
    pub word: &'static str,
    pub call: &'static str,
    pub body: &'static str,
    pub need: Need,
    /// Whether it is asked of one's own too: nothing is changed by it.
    pub reads: bool,
}

impl Owned {
    /// An id of its shape of which there is nothing.
    pub fn nothing(&self, id: &str) -> String {
        if id.parse::<i64>().is_ok() { "99999999".to_owned() } else { "not-there".to_owned() }
    }

    /// Whether it is open to somebody beside its owner.
    pub fn is_open_to(&self, who: Who, owner: &str, world: &World) -> bool {
        if !self.need.is_held_by(who) {
            return false;
        }
        // A form of the whole school is seen by whoever designs forms; it is the school's to change.
        let of_school =
            [Who::SchoolOffice, Who::Administrator].iter().any(|school| world.userid(*school) == owner);
        let sees_form = self.word == "campaign" && self.reads && of_school;
        own::everybodys(who).contains(&self.word) || sees_form
    }
}

const fn read(word: &'static str, call: &'static str, need: Need) -> Owned {
    Owned { word, call, body: "", need, reads: true }
}

const fn write(word: &'static str, call: &'static str, body: &'static str, need: Need) -> Owned {
    Owned { word, call, body, need, reads: false }
}

const TEMPLATE: &str = r#"{"name":"不是我的","definition":{"dataset":"people","order":"number","columns":[{"column":"number","title":"学号"}]}}"#;

pub const OWNED: &[Owned] = &[
    read("own_export", "GET /exports/$id", ExportLog),
    // The link to a file. It changes nothing, so it is asked of one's own too.
    Owned { word: "own_file", call: "POST /exports/$id/file", body: "{}", need: Export, reads: true },
    write("own_template", "PUT /export-templates/$id", TEMPLATE, Export),
    write("own_template", "DELETE /export-templates/$id", "", Export),
    write("own_visitor", "POST /me/visitors/$id/link", "{}", Invitations),
    write("own_visitor", "POST /me/visitors/$id/cancellation", "{}", Invitations),
    read("own_round", "GET /reminders/$id", Remind),
    read("own_invitations", "GET /registration/invitations/$id", Invite),
    read("own_announcement", "GET /announcements/$id", Announce),
    read("sent_announcement", "GET /announcements/$id/people", Announce),
    read("received", "GET /announcements/received/$id", SignedIn),
    // What it would note of those it is for.
    write("entry", "POST /portal/$id/passes", "{}", SignedIn),
    write("own_announcement", "POST /announcements/$id/cancel", "{}", Announce),
    write(
        "own_announcement",
        "PUT /announcements/$id",
        r#"{"revision":1,"draft":{"title":"停水通知","text":"明天停水","audience":{"departments":[1]},"send_at":"2020-03-06T02:00:00Z"}}"#,
        Announce,
    ),
    write("sent_announcement", "POST /announcements/$id/recall", "{}", Announce),
    read("campaign", "GET /campaigns/$id", DesignForms),
    read("campaign", "GET /campaigns/$id/acts", DesignForms),
    write(
        "campaign",
        "PUT /campaigns/$id/schedule",
        r#"{"starts_on":"2020-03-04","ends_on":"2020-05-31"}"#,
        DesignForms,
    ),
    write("campaign", "PUT /campaigns/$id/owner", "{}", DesignForms),
    write("campaign", "POST /campaigns/$id/end", "{}", DesignForms),
    write("campaign", "DELETE /campaigns/$id", "", DesignForms),
];

/// Of each word: whose, and its id.
pub type Things = BTreeMap<&'static str, Vec<(String, String)>>;

/// Everybody with a role makes what they may, and so does the office of the other college.
pub async fn make(world: &World) -> Things {
    let mut things = Things::new();
    let sql = "select p.number from grants g join persons p using (corp_id, person_id)
        where g.role = 'college_office' and g.department_id = $1";
    let stranger: String = world.test.one(sql, &[&world.other]).await;
    let seats = world.seats.iter().map(|(who, userid)| {
        let college = (*who == Who::CollegeOffice).then_some(world.home);
        (userid.clone(), *who == Who::DepartmentHead, college)
    });
    let makers = seats.chain([(stranger, false, Some(world.other))]);
    // Another time in the same world the names are others.
    let made: i64 = world.test.one("select count(*) from forms", &[]).await;
    for (at, (userid, of_staff, college)) in makers.enumerate() {
        let serial = usize::try_from(made).unwrap_or_default() * 100 + at;
        for (word, id) in own::of_viewer(world, &userid, of_staff, serial, college).await {
            things.entry(word).or_default().push((userid.clone(), id));
        }
    }
    // Files of whoever may fetch one; whom an announcement was for, whether or not their message is still on its way.
    let files = things.get("own_export").cloned().unwrap_or_default();
    things.insert("own_file", files);
    world.test.run_jobs().await;
    let sql = "select m.userid, a.announcement_id::text from announcements a
        join outbox o on o.corp_id = a.corp_id and o.mailing_id = a.mailing_id
        join members m on m.corp_id = o.corp_id and m.member_id = o.member_id where a.sent_at is not null";
    let rows = world.test.owner.query(sql, &[]).await.unwrap();
    things.insert("received", rows.iter().map(|row| (row.get(0), row.get(1))).collect());
    // An entry for the students of each class.
    let administrator = world.userid(Who::Administrator);
    for (at, class) in world.classes.iter().enumerate() {
        let new = json!({ "title": format!("班级系统{made}-{at}"), "icon": "report", "kinds": ["student"],
            "departments": [class], "address": "https://class.school.example/", "from": "2020-03-01" });
        let id = facts::done(world, administrator, "/portal/entries", &new).await["id"].to_string();
        let theirs = world.class(at).into_iter().filter_map(|student| student.userid.clone());
        things.entry("entry").or_default().extend(theirs.map(|userid| (userid, id.clone())));
    }
    for owned in OWNED {
        assert!(things.get(owned.word).is_some_and(|of| !of.is_empty()), "nobody has {}", owned.word);
    }
    things
}
