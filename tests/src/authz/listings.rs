//! Lists of other things than people: classes, grants, departments, exports, and who looked at oneself.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    findings::Findings,
    oracle::{Need, Who},
    people::compare,
    world::World,
};

/// A list and the SQL that says what must stand in it: of the department of a viewer ($1) and the viewer's account ($2).
struct Listing {
    path: &'static str,
    need: Need,
    id: fn(&Value) -> String,
    sql: &'static str,
}

fn id(row: &Value) -> String {
    row["id"].to_string()
}

const LISTINGS: &[Listing] = &[
    Listing {
        path: "/class-counsellors",
        need: Need::Classes,
        id: |row| row["class"]["id"].to_string(),
        sql: "select department_id::text from departments
              where kind = 'class' and closed_on is null and ($1 = 1 or college_id = $1) and $2 <> ''",
    },
    Listing {
        path: "/grants",
        need: Need::GrantActs,
        id,
        sql: "select g.grant_id::text from grants g join departments d using (corp_id, department_id)
              where date '2020-03-04' >= g.from_date and date '2020-03-04' < g.until_date
              and ($1 = 1 or d.college_id = $1 or d.department_id = $1) and $2 <> ''",
    },
    Listing {
        path: "/announcements",
        need: Need::Announce,
        id,
        sql: "select announcement_id::text from announcements a join members m on m.corp_id = a.corp_id and m.member_id = a.by_member
              where $1 = 1 or m.userid = $2",
    },
    Listing {
        path: "/reminder-rules",
        need: Need::ReminderRules,
        id,
        sql: "select rule_id::text from reminder_rules where $1 > 0 and $2 <> ''",
    },
    Listing {
        path: "/exports",
        need: Need::ExportLog,
        id,
        sql: "select export_id::text from exports e join members m on m.corp_id = e.corp_id and m.member_id = e.made_by
              where m.userid = $2 and $1 > 0",
    },
    Listing {
        path: "/access-log",
        need: Need::SignedIn,
        id: |row| format!("{} {}", row["field"], row["viewer"]),
        sql: "select '\"' || l.field || '\" \"' || coalesce(p.name, v.userid) || '\"'
              from access_log l join members m using (corp_id, person_id)
              join members v on v.corp_id = l.corp_id and v.member_id = l.viewer
              left join persons p on p.corp_id = v.corp_id and p.person_id = v.person_id
              where m.userid = $2 and $1 > 0",
    },
];

pub async fn check(world: &World, findings: &mut Findings) {
    for who in Who::ALL {
        let department = match who {
            Who::CollegeLeader | Who::CollegeOffice => world.home,
            _ => world.root,
        };
        for listing in LISTINGS.iter().filter(|listing| listing.need.is_held_by(who)) {
            let audits = listing.path == "/exports" && matches!(who, Who::Administrator | Who::Auditor);
            let sql = if audits {
                "select export_id::text from exports where $1 > 0 and $2 <> ''"
            } else {
                listing.sql
            };
            let rows = world.test.owner.query(sql, &[&department, &world.userid(who)]).await.unwrap();
            let due: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
            match world.client.pages(world.userid(who), listing.path).await {
                Err(told) => findings.missing(format_args!("{}: {who:?}: {}", listing.path, told.status)),
                Ok(items) => {
                    let shown: Vec<String> = items.iter().map(listing.id).collect();
                    compare(world, &format!("{}: {who:?}", listing.path), &shown, &due, findings);
                }
            }
        }
    }
}
