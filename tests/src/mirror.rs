//! The mirror against thousands of random changes: equal to WeCom after every reconcile, right for every past day, and
//! never anything in between when a run dies.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use chrono::{NaiveDate, TimeDelta};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use sync::{State, Trigger};
use wecom::tags::Tagged;

use crate::{dice::Dice, test_app::TestApp};

/// What the mirror holds now: a line a department, a line a member, a line a tag.
pub async fn mirror_picture(test: &TestApp) -> BTreeSet<String> {
    let sql = "select 'd ' || department_id || ' ' || name || ' ' || coalesce(parent_id, 0) || ' ' || sort_order from departments
               where closed_on is null
               union all
               select 'm ' || m.userid || ' ' || m.name || ' ' || m.status || ' ' || m.main_department_id || ' '
                 || coalesce((select string_agg(d.department_id || case when d.is_leader then '*' else '' end, ',' order by d.department_id)
                              from member_departments d where d.corp_id = m.corp_id and d.member_id = m.member_id and d.until_date is null), '')
               from members m where m.left_on is null
               union all
               select 't ' || t.tag_id || ' ' || t.name || ' '
                 || coalesce((select string_agg(m.userid_key, ',' order by m.userid_key collate \"C\") from tag_members i join members m using (corp_id, member_id)
                              where i.corp_id = t.corp_id and i.tag_id = t.tag_id and i.until_date is null), '') || ' '
                 || coalesce((select string_agg(d.department_id::text, ',' order by d.department_id) from tag_departments i join departments d using (corp_id, department_id)
                              where i.corp_id = t.corp_id and i.tag_id = t.tag_id and i.until_date is null and d.closed_on is null), '')
               from tags t where t.closed_on is null";
    test.owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// What WeCom holds now, in the same lines.
pub async fn wecom_picture(test: &TestApp) -> BTreeSet<String> {
    let dump = test.inspect("dump").await;
    let directory = &dump["directory"];
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let departments = list(&directory["department"])
        .into_iter()
        .map(|d| format!("d {} {} {} {}", d["id"], d["name"].as_str().unwrap(), d["parentid"], d["order"]));
    let members = list(&directory["userlist"]).into_iter().map(|m| {
        let ids = list(&m["department"]);
        let main = ids.first().cloned().unwrap_or_default();
        let leads = list(&m["is_leader_in_dept"]);
        let mut places: Vec<(i64, bool)> = ids
            .iter()
            .zip(leads.iter())
            .map(|(id, leads)| (id.as_i64().unwrap(), leads.as_i64() == Some(1)))
            .collect();
        places.sort_unstable();
        let places: Vec<String> =
            places.iter().map(|(id, leads)| format!("{id}{}", if *leads { "*" } else { "" })).collect();
        let (userid, name) = (m["userid"].as_str().unwrap(), m["name"].as_str().unwrap());
        format!("m {userid} {name} {} {main} {}", m["status"], places.join(","))
    });
    let there = |list: &str, key: &str| -> BTreeSet<String> {
        let ids = directory[list].as_array().unwrap().iter().map(|one| one[key].clone());
        ids.map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_lowercase)).collect()
    };
    let (userids, ids) = (there("userlist", "userid"), there("department", "id"));
    let tags = dump["tags"].as_object().unwrap().iter().map(|(id, tag)| {
        let members: Vec<&str> =
            tag["members"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let members: Vec<&str> = members.into_iter().filter(|userid| userids.contains(*userid)).collect();
        let parties: Vec<String> =
            tag["departments"].as_array().unwrap().iter().map(Value::to_string).collect();
        let parties: Vec<String> = parties.into_iter().filter(|id| ids.contains(id)).collect();
        format!("t {id} {} {} {}", tag["name"].as_str().unwrap(), members.join(","), parties.join(","))
    });
    departments.chain(members).chain(tags).collect()
}

/// Changes WeCom's directory at random, the same way for the same seed.
pub struct Shaker {
    http: Client,
    url: String,
    wecom: wecom::Client,
    tags: Vec<u32>,
    dice: Dice,
    next: u32,
    pub userids: Vec<String>,
    pub departments: Vec<i64>,
}

impl Shaker {
    pub async fn new(test: &TestApp, seed: u64) -> Self {
        let dump = test.inspect("dump").await;
        let ids = |list: &Value, key: &str| -> Vec<Value> {
            list.as_array().unwrap().iter().map(|one| one[key].clone()).collect()
        };
        Self {
            http: Client::new(),
            url: format!("{}/_sim", test.simulator.url()),
            wecom: test.school().mirror.contacts.clone().expect("the contacts-sync assistant"),
            tags: Vec::new(),
            dice: Dice::new(seed),
            next: 0,
            userids: ids(&dump["directory"]["userlist"], "userid")
                .iter()
                .map(|id| id.as_str().unwrap().to_owned())
                .collect(),
            departments: ids(&dump["directory"]["department"], "id")
                .iter()
                .map(|id| id.as_i64().unwrap())
                .collect(),
        }
    }

    pub fn random(&mut self, below: usize) -> usize {
        self.dice.below(below)
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> bool {
        let request = self.http.request(method, format!("{}/{path}", self.url)).json(&body);
        request.send().await.unwrap().status().is_success()
    }

    fn department(&mut self) -> i64 {
        let n = self.random(self.departments.len());
        self.departments[n]
    }

    fn departments(&mut self) -> Vec<i64> {
        let count = 1 + self.random(3);
        let picked: BTreeSet<i64> = (0..count).map(|_| self.department()).collect();
        picked.into_iter().collect()
    }

    /// Puts somebody into another department: a change that WeCom tells of.
    pub async fn move_someone(&mut self) {
        let who = self.random(self.userids.len());
        let path = format!("members/{}", self.userids[who]);
        let department = self.department();
        self.send(Method::POST, &path, json!({ "department": [department] })).await;
    }

    /// A tag is made, given, taken, renamed or deleted.
    async fn shake_tags(&mut self, userid: String, department: i64, next: u32) {
        let other = self.random(self.userids.len());
        let other = self.userids[other].clone();
        let mut whom = Tagged { members: vec![userid, other], departments: Vec::new() };
        if self.random(3) == 0 {
            whom.departments.push(department as i32);
        }
        let place = self.random(self.tags.len().max(1));
        let act = self.random(10);
        match self.tags.get(place).copied() {
            Some(tag) if act < 4 => drop(self.wecom.tag(tag, &whom).await),
            Some(tag) if act < 7 => drop(self.wecom.untag(tag, &whom).await),
            Some(tag) if act < 8 => drop(self.wecom.rename_tag(tag, &format!("改名{next}")).await),
            Some(tag) if act < 9 && self.wecom.delete_tag(tag).await.is_ok() => {
                self.tags.swap_remove(place);
            }
            Some(_) if act < 9 => {}
            _ if self.tags.len() < 8 => {
                if let Ok(tag) = self.wecom.create_tag(&format!("标签{next}")).await {
                    let _ = self.wecom.tag(tag, &whom).await;
                    self.tags.push(tag);
                }
            }
            _ => {}
        }
    }

    /// One change; the simulator may refuse it as WeCom would.
    pub async fn shake(&mut self) {
        let who = self.random(self.userids.len());
        let userid = self.userids[who].clone();
        let path = format!("members/{userid}");
        let department = self.department();
        self.next += 1;
        let next = self.next;
        match self.random(100) {
            0..31 => {
                let department = self.departments();
                self.send(Method::POST, &path, json!({ "department": department })).await;
            }
            31..35 => self.shake_tags(userid, department, next).await,
            35..50 => {
                self.send(Method::POST, &path, json!({ "name": format!("姓名{next}") })).await;
            }
            50..58 => {
                let status = if self.random(3) == 0 { "disabled" } else { "active" };
                self.send(Method::POST, &path, json!({ "status": status })).await;
            }
            58..66 => {
                let (department, leads) = (self.departments(), self.random(2) == 0);
                let is_leader: Vec<bool> = department.iter().map(|_| leads).collect();
                self.send(Method::POST, &path, json!({ "department": department, "is_leader": is_leader }))
                    .await;
            }
            66..71 => {
                let renamed = format!("R{next}");
                if self.send(Method::POST, &path, json!({ "userid": renamed })).await {
                    self.userids[who] = renamed;
                }
            }
            71..79 if self.userids.len() > 40 => {
                if self.send(Method::DELETE, &path, json!({})).await {
                    self.userids.swap_remove(who);
                }
            }
            71..87 => {
                let userid = format!("n{next}");
                let department = self.departments();
                let new =
                    json!({ "userid": userid, "name": format!("新人{next}"), "department": department });
                if self.userids.len() < 150 && self.send(Method::POST, "members", new).await {
                    self.userids.push(userid);
                }
            }
            87..91 => {
                let id = 5000 + i64::from(next);
                let new = json!({ "id": id, "name": format!("部门{next}"), "parent": department });
                if self.departments.len() < 60 && self.send(Method::POST, "departments", new).await {
                    self.departments.push(id);
                }
            }
            91..94 => {
                if self.send(Method::DELETE, &format!("departments/{department}"), json!({})).await {
                    self.departments.retain(|id| *id != department);
                }
            }
            94..97 => {
                self.send(
                    Method::POST,
                    &format!("departments/{department}"),
                    json!({ "name": format!("改名{next}") }),
                )
                .await;
            }
            _ => {
                let parent = self.department();
                self.send(Method::POST, &format!("departments/{department}"), json!({ "parent": parent }))
                    .await;
            }
        }
    }
}

/// Reconciles as the schedule does, and approves what the guard holds.
pub async fn reconcile(test: &TestApp) {
    let now = test.app.now();
    let (school, today) = (test.school(), test.school().today(now));
    let outcome = loop {
        match school.mirror.full(Trigger::Schedule, now, today).await {
            // A run that was killed may not have let go yet.
            Err(sync::Error::Busy) => {}
            outcome => break outcome.unwrap(),
        }
    };
    if outcome.state == State::Held {
        let digest = outcome.held_digest.unwrap();
        school.mirror.approve(outcome.run_id, &digest, now, today).await.unwrap();
    }
}

/// So many rounds of so many changes. Of each round's events some come twice, some late, and most never.
pub async fn shake(test: &TestApp, seed: u64, rounds: usize, changes: usize) {
    let mut shaker = Shaker::new(test, seed).await;
    for round in 0..rounds {
        test.control(
            "faults",
            &json!([
                { "path": "callback/contacts", "duplicate": true, "times": 8 },
                { "path": "callback/contacts", "reorder": true, "skip": 3, "times": 4 },
                { "path": "callback/contacts", "lose": true, "skip": 20 },
            ]),
        )
        .await;
        for _ in 0..changes {
            shaker.shake().await;
        }
        Client::new().delete(format!("{}/_sim/faults", test.simulator.url())).send().await.unwrap();
        test.simulator.callbacks_delivered().await;
        test.run_jobs().await;
        test.clock.advance(TimeDelta::hours(2));
        test.control("clock", &json!({ "advance_seconds": 7200 })).await;
        reconcile(test).await;
        let (mirror, wecom) = (mirror_picture(test).await, wecom_picture(test).await);
        let differ: Vec<&String> = mirror.symmetric_difference(&wecom).take(6).collect();
        assert!(differ.is_empty(), "round {round}: {differ:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happened_the_mirror_equals_wecom_after_a_reconcile() {
    let test = TestApp::start().await;
    shake(&test, 1, 20, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_past_day_reads_as_it_was() {
    let test = TestApp::start().await;
    let mut shaker = Shaker::new(&test, 7).await;
    let classes: Vec<i64> = test
        .owner
        .query("select department_id::bigint from departments where kind = 'class' order by 1", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    let students = test
        .owner
        .query(
            "select m.userid, d.department_id::bigint from members m join member_departments d using (corp_id, member_id)
             join departments c using (corp_id, department_id) join persons p using (corp_id, person_id)
             where c.kind = 'class' and d.until_date is null and p.kind = 'student' order by 1",
            &[],
        )
        .await
        .unwrap();
    test.control("faults", &json!({ "path": "callback/contacts", "lose": true })).await;
    // An independent replay: who is in which class at the end of each day.
    let mut at: BTreeMap<String, i64> = students.iter().map(|row| (row.get(0), row.get(1))).collect();
    let userids: Vec<String> = at.keys().cloned().collect();
    let mut days: Vec<(NaiveDate, BTreeMap<String, i64>)> = Vec::new();
    for _ in 0..60 {
        test.clock.advance(TimeDelta::days(1));
        for _ in 0..17 {
            let userid = &userids[shaker.random(userids.len())];
            let class = classes[shaker.random(classes.len())];
            test.control(&format!("members/{userid}"), &json!({ "department": [class] })).await;
            at.insert(userid.clone(), class);
        }
        reconcile(&test).await;
        days.push((test.school().today(test.app.now()), at.clone()));
    }
    for (table, join) in [("member_departments", "member_id"), ("memberships", "person_id")] {
        let sql = format!(
            "select m.userid, t.department_id::bigint from {table} t join members m on m.corp_id = t.corp_id and m.{join} = t.{join}
             join department_versions d on d.corp_id = t.corp_id and d.department_id = t.department_id
               and d.from_date <= $1 and (d.until_date is null or d.until_date > $1)
             where d.kind = 'class' and t.from_date <= $1 and (t.until_date is null or t.until_date > $1)"
        );
        for (day, expected) in &days {
            let rows = test.owner.query(&sql, &[day]).await.unwrap();
            let mut found: Vec<(String, i64)> = rows
                .iter()
                .map(|row| (row.get(0), row.get(1)))
                .filter(|(userid, _)| expected.contains_key(userid))
                .collect();
            found.sort();
            let expected: Vec<(String, i64)> = expected.clone().into_iter().collect();
            assert_eq!(found, expected, "{table} on {day}");
        }
    }
}

/// Polls a future so often and then drops it, as a process that dies there leaves it. Whether it came to its end, and how
/// many polls it took.
async fn poll_times<T>(future: impl Future<Output = T>, times: usize) -> (bool, usize) {
    let mut future = pin!(future);
    let mut polls = 0;
    let ended = poll_fn(|context| {
        if polls == times {
            return Poll::Ready(false);
        }
        polls += 1;
        future.as_mut().poll(context).map(|_| true)
    })
    .await;
    (ended, polls)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_killed_anywhere_leaves_the_old_mirror_or_the_new_one() {
    let test = TestApp::start().await;
    let mut shaker = Shaker::new(&test, 3).await;
    test.control("faults", &json!({ "path": "callback/contacts", "lose": true })).await;
    let now = test.app.now();
    let today = test.school().today(now);
    // How many polls a run takes depends on what else the machine does: every other one is given plenty.
    let mut whole = poll_times(test.school().mirror.full(Trigger::Command, now, today), usize::MAX).await.1;
    let (mut old, mut new) = (0, 0);
    for round in 0..50 {
        // Moves and names alone: nothing that a guard would hold.
        for _ in 0..10 {
            let n = shaker.random(shaker.userids.len());
            let path = format!("members/{}", shaker.userids[n]);
            let department = shaker.department();
            let change = json!({ "name": format!("名{}", shaker.random(1000)), "department": [department] });
            test.control(&path, &change).await;
        }
        let before = mirror_picture(&test).await;
        let wecom = wecom_picture(&test).await;
        let polls = 1 + shaker.random(if round % 2 == 0 { whole } else { 8 * whole });
        let run = test.school().mirror.full(Trigger::Command, now, today);
        let (ended, polled) = poll_times(run, polls).await;
        whole = if ended { whole.max(polled) } else { whole };
        // The database notices the end of a connection in its own time: a run that finds the lock free comes after.
        let stage = loop {
            if let Some(stage) = store::staging::Stage::open(test.app.store(), 1, 30).await.unwrap() {
                break stage;
            }
        };
        drop(stage);
        let after = mirror_picture(&test).await;
        if after == before {
            old += 1;
        } else {
            assert_eq!(after, wecom, "nothing in between");
            new += 1;
        }
    }
    assert!(old > 0 && new > 0, "killed before the end {old} times, after it {new} times");
    reconcile(&test).await;
    assert_eq!(mirror_picture(&test).await, wecom_picture(&test).await);
}
