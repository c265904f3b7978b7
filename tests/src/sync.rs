//! The mirror against the simulator: what it takes over, what it keeps of the past, and what it refuses to believe.

use chrono::{NaiveDate, TimeDelta};
use serde_json::{Value, json};
use sync::{Error, Hints, Mirror, Outcome, State, Trigger};

use crate::test_app::TestApp;

/// The day every test begins on.
const TODAY: &str = "2020-03-04";
const BEGIN: &str = "2017-09-01";

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

async fn full(test: &TestApp, mirror: &Mirror) -> sync::Result<Outcome> {
    let now = test.app.now();
    mirror.full(Trigger::Command, now, test.school().today(now)).await
}

/// What the callbacks so far lead to. Events are stamped by the second, and the same event in the same second is
/// taken for a repeat: the next ones shall be of another.
async fn handle_callbacks(test: &TestApp) {
    test.control("clock", &json!({ "advance_seconds": 1 })).await;
    test.simulator.callbacks_delivered().await;
    test.run_jobs().await;
    test.assert_no_failed_jobs().await;
}

async fn rows(test: &TestApp, sql: &str) -> Vec<String> {
    test.owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn remove(test: &TestApp, userid: &str) {
    let url = format!("{}/_sim/members/{userid}", test.simulator.url());
    assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success(), "{userid}");
}

/// Reads the simulator.
async fn look(test: &TestApp, path: &str) -> Value {
    reqwest::get(format!("{}/_sim/{path}", test.simulator.url())).await.unwrap().json().await.unwrap()
}

async fn end_faults(test: &TestApp) {
    let url = format!("{}/_sim/faults", test.simulator.url());
    reqwest::Client::new().delete(url).send().await.unwrap();
}

/// Classes of colleges, the smallest id first.
async fn classes(test: &TestApp) -> Vec<i32> {
    let sql =
        "select department_id from departments where kind = 'class' and college_id is not null order by 1";
    test.owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Userids of a class, as the mirror has them.
async fn members_of(test: &TestApp, class: i32) -> Vec<String> {
    let sql = "select m.userid from member_departments d join members m using (corp_id, member_id)
               where d.department_id = $1 and d.until_date is null order by 1";
    test.owner.query(sql, &[&class]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// `department from..until` for each interval of an account, oldest first.
async fn history(test: &TestApp, table: &str, userid: &str) -> Vec<String> {
    let key = if table == "memberships" { "person_id" } else { "member_id" };
    let sql = format!(
        "select t.department_id || ' ' || t.from_date || '..' || coalesce(t.until_date::text, '')
         from {table} t join members m on m.corp_id = t.corp_id and m.{key} = t.{key}
         where m.userid_key = lower($1) order by t.from_date, t.department_id"
    );
    test.owner.query(&sql, &[&userid]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn present(test: &TestApp) -> i64 {
    test.one("select count(*) from members where left_on is null", &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_takes_over_everything_from_the_day_records_begin() {
    let test = TestApp::start_empty().await;
    let outcome = test.sync().await;
    assert_eq!(outcome.state, State::Applied);
    assert_eq!(outcome.members_not_visible, 0);
    assert_eq!(outcome.members_seen as i64, present(&test).await);
    let kinds =
        rows(&test, "select kind || ' ' || count(*) from departments group by kind order by kind").await;
    assert_eq!(kinds, ["class 5", "college 2", "grade 4", "office 5", "school 1"]);
    for table in ["department_versions", "member_versions", "member_departments"] {
        let dates = rows(
            &test,
            &format!("select distinct from_date || '..' || coalesce(until_date::text, '') from {table}"),
        )
        .await;
        assert_eq!(dates, [format!("{BEGIN}..")], "{table}");
    }
    let staged: i64 = test
        .one(
            "select (select count(*) from staging_members) + (select count(*) from staging_departments)
                  + (select count(*) from staging_member_departments)",
            &[],
        )
        .await;
    assert_eq!(staged, 0, "staging is empty after a run");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_where_the_directory_shows_them_since_the_roster_says() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let history = history(&test, "memberships", &student).await;
    assert_eq!(history.len(), 1);
    let since: NaiveDate = test.one("select from_date from persons where number = $1", &[&student]).await;
    assert!(history[0].ends_with(&format!("{since}..")), "{history:?}");
    let without: i64 = test
        .one(
            "select count(*) from persons p join memberships m using (corp_id, person_id)
             where m.source = 'roster' and m.is_main and m.until_date is null
               and not exists (select from members a where a.corp_id = p.corp_id and a.person_id = p.person_id)",
            &[],
        )
        .await;
    assert_eq!(without, 2, "the staff without an account are where the roster says");
    let mains: i64 = test
        .one("select count(*) from persons p where (select count(*) from memberships m where m.corp_id = p.corp_id
              and m.person_id = p.person_id and m.is_main and m.until_date is null) <> 1", &[])
        .await;
    assert_eq!(mains, 0, "everyone is counted under exactly one department");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_ends_one_interval_and_begins_another_and_a_second_one_that_day_leaves_no_trace() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let classes = classes(&test).await;
    let begun = history(&test, "memberships", &student).await;
    let (from, since) = begun[0].split_once(' ').unwrap();
    let from: i32 = from.parse().unwrap();
    let others: Vec<i32> = classes.into_iter().filter(|class| *class != from).collect();

    for to in [others[0], others[1], others[1]] {
        test.control(&format!("members/{student}"), &json!({ "department": [to] })).await;
        handle_callbacks(&test).await;
        assert_eq!(
            history(&test, "memberships", &student).await,
            [format!("{from} {since}{TODAY}"), format!("{to} {TODAY}..")]
        );
        assert_eq!(
            history(&test, "member_departments", &student).await,
            [format!("{from} {BEGIN}..{TODAY}"), format!("{to} {TODAY}..")]
        );
    }
    // Back where they were: the day shows nothing but that.
    test.control(&format!("members/{student}"), &json!({ "department": [from] })).await;
    handle_callbacks(&test).await;
    assert_eq!(
        history(&test, "memberships", &student).await,
        [format!("{from} {since}{TODAY}"), format!("{from} {TODAY}..")]
    );
    // And the next day.
    test.clock.advance(TimeDelta::days(1));
    test.control(&format!("members/{student}"), &json!({ "department": [others[0]] })).await;
    handle_callbacks(&test).await;
    let moved = history(&test, "memberships", &student).await;
    assert_eq!(moved[2], format!("{} 2020-03-05..", others[0]));
    assert_eq!(
        full(&test, &test.school().mirror).await.unwrap().rows_written(),
        0,
        "events and the full look agree"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_is_closed_and_opens_again_as_the_same() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let member: i64 = test.one("select member_id from members where userid = $1", &[&student]).await;
    let kept: Value = look(&test, &format!("members/{student}")).await;
    remove(&test, &student).await;
    handle_callbacks(&test).await;
    let left: Option<NaiveDate> =
        test.one("select left_on from members where member_id = $1", &[&member]).await;
    assert_eq!(left, Some(day(TODAY)));
    for table in ["memberships", "member_departments"] {
        let history = history(&test, table, &student).await;
        assert!(history.last().unwrap().ends_with(&format!("..{TODAY}")), "{table} {history:?}");
    }

    test.clock.advance(TimeDelta::days(3));
    let class = kept["departments"][0]["id"].clone();
    test.control(
        "members",
        &json!({ "userid": student.to_uppercase(), "name": kept["name"], "department": [class] }),
    )
    .await;
    handle_callbacks(&test).await;
    let back: (i64, Option<NaiveDate>) = {
        let row = test
            .owner
            .query_one("select member_id, left_on from members where userid_key = lower($1)", &[&student])
            .await
            .unwrap();
        (row.get(0), row.get(1))
    };
    assert_eq!(back, (member, None));
    let history = history(&test, "memberships", &student).await;
    assert_eq!(history.last().unwrap(), &format!("{class} 2020-03-07.."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_class_that_vanishes_is_held_while_others_move_until_exactly_that_is_approved() {
    let test = TestApp::start().await;
    let classes = classes(&test).await;
    let (vanishing, other) = (classes[0], classes[1]);
    let members = members_of(&test, vanishing).await;
    assert!(members.len() >= 6, "{members:?}");
    let before = present(&test).await;
    // The callbacks are lost, and one of another class moves meanwhile.
    for receiver in ["callback/rollcall", "callback/contacts"] {
        test.control("faults", &json!({ "path": receiver, "lose": true })).await;
    }
    for member in &members[..6] {
        remove(&test, member).await;
    }
    let mover = members_of(&test, other).await.remove(0);
    test.control(&format!("members/{mover}"), &json!({ "department": [classes[2]] })).await;

    let held = test.sync().await;
    assert_eq!((held.state, held.rows_held), (State::Held, 6));
    assert!(held.reason.as_deref().unwrap().contains("将减少 6 人"), "{:?}", held.reason);
    assert_eq!(present(&test).await, before);
    assert!(members_of(&test, classes[2]).await.contains(&mover), "moves go on");
    let shown =
        rows(&test, &format!("select subject from sync_held where run_id = {} order by 1", held.run_id))
            .await;
    assert_eq!(shown, members[..6]);

    let (now, mirror) = (test.app.now(), &test.school().mirror);
    let digest = held.held_digest.clone().unwrap();
    let wrong = mirror.approve(held.run_id, &[0; 32], now, day(TODAY)).await;
    assert!(matches!(wrong, Err(Error::Stale)));
    // One more goes: that is not what was shown.
    remove(&test, &members[6]).await;
    let stale = mirror.approve(held.run_id, &digest, now, day(TODAY)).await;
    assert!(matches!(stale, Err(Error::Stale)), "{stale:?}");
    assert_eq!(present(&test).await, before);

    let newest = test.sync().await;
    assert_eq!((newest.state, newest.rows_held), (State::Held, 7));
    let digest = newest.held_digest.unwrap();
    let outcome = mirror.approve(newest.run_id, &digest, now, day(TODAY)).await.unwrap();
    assert_eq!(outcome.state, State::Applied);
    assert_eq!(present(&test).await, before - 7);
    assert!(matches!(mirror.approve(newest.run_id, &digest, now, day(TODAY)).await, Err(Error::NotHeld)));
    assert_eq!(
        rows(&test, "select distinct state from sync_runs where state = 'held'").await,
        [""; 0],
        "nothing waits"
    );
    assert_eq!(full(&test, mirror).await.unwrap().rows_written(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_discarded_stays_and_is_held_again_at_the_next_look() {
    let test = TestApp::start().await;
    let class = classes(&test).await[0];
    test.control("faults", &json!({ "path": "callback/contacts", "lose": true })).await;
    test.control("faults", &json!({ "path": "callback/rollcall", "lose": true })).await;
    for member in &members_of(&test, class).await[..6] {
        remove(&test, member).await;
    }
    let held = test.sync().await;
    let by: i64 = test.one("select min(member_id) from members", &[]).await;
    let now = test.app.now();
    test.school().mirror.discard(held.run_id, by, now).await.unwrap();
    assert!(matches!(test.school().mirror.discard(held.run_id, by, now).await, Err(Error::NotHeld)));
    let again = test.sync().await;
    assert_eq!((again.state, again.held_digest), (State::Held, held.held_digest));
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_run_held_back_is_forgotten_a_month_later_unless_it_waits() {
    let test = TestApp::start().await;
    let class = classes(&test).await[0];
    for receiver in ["callback/rollcall", "callback/contacts"] {
        test.control("faults", &json!({ "path": receiver, "lose": true })).await;
    }
    for member in &members_of(&test, class).await[..6] {
        remove(&test, member).await;
    }
    let held = test.sync().await;
    assert_eq!((held.state, held.rows_held), (State::Held, 6));
    let left = async || -> i64 { test.one("select count(*) from sync_held", &[]).await };
    let sweep = async || {
        test.owner.execute("delete from jobs", &[]).await.unwrap();
        let sql = "insert into jobs (corp_id, kind, payload, run_at, max_attempts, created_at) values (1, 'sweep', 'null', $1, 20, $1)";
        test.owner.execute(sql, &[&test.app.now()]).await.unwrap();
        test.run_jobs().await;
        test.assert_no_failed_jobs().await;
    };
    test.clock.advance(TimeDelta::days(31));
    sweep().await;
    assert_eq!(left().await, 6, "it waits to be judged");
    let by: i64 = test.one("select min(member_id) from members", &[]).await;
    test.school().mirror.discard(held.run_id, by, test.app.now()).await.unwrap();
    sweep().await;
    assert_eq!(left().await, 0);
    let count: i32 = test.one("select rows_held from sync_runs where run_id = $1", &[&held.run_id]).await;
    assert_eq!(count, 6, "how many they were stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_budget_an_hour_counts_what_events_closed_too() {
    let test = TestApp::start().await;
    // As if events had closed fifty members in this hour.
    test.owner
        .execute(
            "insert into sync_runs (corp_id, trigger, state, started_at, finished_at, members_closed)
             values (1, 'event', 'applied', $1, $1, 50)",
            &[&test.app.now()],
        )
        .await
        .unwrap();
    let before = present(&test).await;
    let student = test.persona("student");
    remove(&test, &student).await;
    handle_callbacks(&test).await;
    assert_eq!(present(&test).await, before);
    let reason: String = test.one("select reason from sync_runs order by run_id desc limit 1", &[]).await;
    assert_eq!(reason, "将有 1 个成员离开，一小时内已离开 50 人，超过每小时 50 人的上限");

    test.clock.advance(TimeDelta::minutes(61));
    assert_eq!(test.sync().await.state, State::Applied);
    assert_eq!(present(&test).await, before - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visible_range_made_too_small_loses_nobody() {
    let test = TestApp::start().await;
    let mirror = Mirror { contacts: None, ..test.school().mirror.clone() };
    assert_eq!(full(&test, &mirror).await.unwrap().rows_written(), 0, "the app's secret alone sees the same");
    let before = present(&test).await;
    let office: i32 =
        test.one("select department_id from departments where kind = 'office' order by 1 limit 1", &[]).await;
    test.control("faults", &json!({ "path": "callback/rollcall", "lose": true })).await;
    test.control("settings", &json!({ "visible": [office] })).await;
    let outcome = full(&test, &mirror).await.unwrap();
    assert_eq!(outcome.state, State::Held);
    assert_eq!(present(&test).await, before);
    let open: i64 =
        test.one("select count(*) from departments where kind = 'class' and closed_on is null", &[]).await;
    assert_eq!(open, 5, "classes stay with their members");
    // With both secrets everyone is still there, only not visible to the app; what was known stays known.
    let both = test.sync().await;
    assert_eq!(both.state, State::Applied);
    assert!(both.members_not_visible > 50, "{both}");
    let nameless: i64 = test.one("select count(*) from members where name is null", &[]).await;
    assert_eq!(nameless, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_school_the_app_can_not_see_is_still_listed_by_the_contacts_secret() {
    let test = TestApp::start_empty().await;
    let office = 101;
    test.control("settings", &json!({ "visible": [office] })).await;
    let outcome = test.sync().await;
    assert_eq!(outcome.state, State::Applied);
    assert!(outcome.members_not_visible > 50, "{outcome}");
    assert_eq!(present(&test).await as usize, outcome.members_seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_the_range_singly_or_by_a_tag_is_read_too() {
    let test = TestApp::start_empty().await;
    let mirror = Mirror { contacts: None, ..test.school().mirror.clone() };
    let (single, tagged) = (test.persona("student"), test.persona("counsellor"));
    let tag = mirror.app.create_tag("先行试用").await.unwrap();
    let whom = wecom::tags::Tagged { members: vec![tagged.clone()], ..Default::default() };
    mirror.app.tag(tag, &whom).await.unwrap();
    let office = 101;
    test.control("settings", &json!({ "visible": [office] })).await;
    let before = full(&test, &mirror).await.unwrap();
    test.control(
        "settings",
        &json!({ "visible": [office], "visible_members": [single], "visible_tags": [tag] }),
    )
    .await;
    let after = full(&test, &mirror).await.unwrap();
    assert_eq!((after.members_seen, after.state), (before.members_seen + 2, State::Applied), "{after}");
    for userid in [&single, &tagged] {
        let named: bool = test
            .one(
                "select name is not null from members where userid_key = lower($1) and left_on is null",
                &[userid],
            )
            .await;
        assert!(named, "{userid}");
    }
    // The other secret says where they are.
    assert_eq!(test.sync().await.state, State::Applied);
    assert!(!history(&test, "member_departments", &single).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_pages_fail_nobody_is_gone_and_newcomers_come() {
    let test = TestApp::start().await;
    let class = classes(&test).await[0];
    test.control("faults", &json!({ "path": "callback/contacts", "lose": true })).await;
    test.control("faults", &json!({ "path": "callback/rollcall", "lose": true })).await;
    let leaver = test.persona("student");
    remove(&test, &leaver).await;
    test.control("members", &json!({ "userid": "newcomer", "name": "新同学", "department": [class] })).await;
    for path in ["user/list", "user/list_id"] {
        end_faults(&test).await;
        test.control("faults", &json!({ "path": path, "errcode": 60011, "times": 1 })).await;
        let outcome = test.sync().await;
        assert_eq!((outcome.state, outcome.rows_held), (State::Held, 1), "{path}");
        assert!(outcome.reason.unwrap().contains("没有读全"), "{path}");
    }
    let joined: i64 =
        test.one("select count(*) from members where userid = 'newcomer' and left_on is null", &[]).await;
    assert_eq!(joined, 1);
    end_faults(&test).await;
    assert_eq!(test.sync().await.state, State::Applied);
    let left: i64 =
        test.one("select count(*) from members where userid = $1 and left_on is not null", &[&leaver]).await;
    assert_eq!(left, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_can_not_read_the_tree_fails_and_says_why() {
    let test = TestApp::start().await;
    for path in ["department/list", "department/simplelist"] {
        test.control("faults", &json!({ "path": path, "errcode": 60020 })).await;
    }
    assert!(matches!(full(&test, &test.school().mirror).await, Err(Error::Wecom(_))));
    let last = rows(&test, "select state || ' ' || reason from sync_runs order by run_id desc limit 1").await;
    assert!(last[0].starts_with("failed 错误码 60020"), "{last:?}");
    assert!(present(&test).await > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_killed_in_the_middle_changes_nothing_and_is_told_by_the_next() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let before = history(&test, "memberships", &student).await;
    test.control("faults", &json!({ "path": "callback/contacts", "lose": true })).await;
    let class = classes(&test).await.pop().unwrap();
    test.control(&format!("members/{student}"), &json!({ "department": [class] })).await;
    // The run hangs in WeCom, holding the lock; then it dies.
    test.control("faults", &json!({ "path": "user/list", "delay_ms": 60_000 })).await;
    let (mirror, now) = (test.school().mirror.clone(), test.app.now());
    let run = tokio::spawn(async move { mirror.full(Trigger::Schedule, now, day(TODAY)).await });
    while test.one::<i64>("select count(*) from sync_runs where state = 'running'", &[]).await == 0 {
        tokio::task::yield_now().await;
    }
    assert!(matches!(full(&test, &test.school().mirror).await, Err(Error::Busy)), "one run at a time");
    run.abort();
    assert!(run.await.unwrap_err().is_cancelled());
    assert_eq!(history(&test, "memberships", &student).await, before);

    end_faults(&test).await;
    // The database notices the closed connection in its own time.
    let outcome = loop {
        match full(&test, &test.school().mirror).await {
            Err(Error::Busy) => tokio::task::yield_now().await,
            outcome => break outcome.unwrap(),
        }
    };
    assert_eq!(outcome.state, State::Applied);
    assert_eq!(history(&test, "memberships", &student).await.len(), 2);
    let dead = rows(&test, "select reason from sync_runs where state = 'failed'").await;
    assert_eq!(dead, ["上次同步中途停止"]);
}

/// Makes somebody lead, or not, wherever WeCom shows them.
pub async fn leads(test: &TestApp, userid: &str, is_leader: bool) {
    let member: Value = look(test, &format!("members/{userid}")).await;
    let each = vec![is_leader; member["departments"].as_array().unwrap().len()];
    test.control(&format!("members/{userid}"), &json!({ "is_leader": each })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaders_of_the_directory_have_their_grant_as_long_as_they_lead() {
    let test = TestApp::start().await;
    let leader = test.persona("college_leader");
    let grants = "select g.role || ' ' || d.kind || ' ' || (g.until_date > '2020-03-04') from grants g
        join persons p using (corp_id, person_id) join departments d using (corp_id, department_id)
        where p.number = $1 and g.source = 'directory'";
    assert_eq!(test.one::<String>(grants, &[&leader]).await, "college_leader college true");
    test.clock.advance(TimeDelta::days(1));
    leads(&test, &leader, false).await;
    handle_callbacks(&test).await;
    let ended: NaiveDate = test
        .one("select g.until_date from grants g join persons p using (corp_id, person_id) where p.number = $1 and g.source = 'directory'", &[&leader])
        .await;
    assert_eq!(ended, day("2020-03-05"));
    let recorded = "select string_agg(concat_ws(' ', e.action, e.detail ->> 'until', e.detail ->> 'source', e.actor), ', ' order by e.event_id)
        from audit_events e join persons p on p.corp_id = e.corp_id and p.person_id = e.subject
        where e.action like 'grant\\_%' and p.number = $1 and e.detail ->> 'role' = 'college_leader'";
    assert_eq!(
        test.one::<String>(recorded, &[&leader]).await,
        "grant_given directory, grant_ended 2020-03-05 directory",
        "by nobody: the directory says so"
    );
    let browser = test.sign_in(&leader).await;
    let me = browser.get("/me").await;
    assert!(!me.body["grants"].to_string().contains("college_leader"), "{}", me.body["grants"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_leads_again_by_reverting_a_run() {
    let test = TestApp::start().await;
    let userid = test.persona("administrator");
    leads(&test, &userid, true).await;
    test.sync().await;
    let leading = "select count(*) from grants g join persons p using (corp_id, person_id)
        where p.number = $1 and g.source = 'directory' and g.until_date > '2020-03-05'";
    assert_eq!(test.one::<i64>(leading, &[&userid]).await, 1);
    test.clock.advance(TimeDelta::days(1));
    leads(&test, &userid, false).await;
    let ended = test.sync().await;
    assert_eq!(test.one::<i64>(leading, &[&userid]).await, 0);
    let administrator = test.sign_in(&userid).await;
    let refused = administrator.post(&format!("/sync-runs/{}/reversion", ended.run_id), &json!({})).await;
    assert_eq!(refused.fields(), ["id"], "{}", refused.body);
    assert_eq!(test.one::<i64>(leading, &[&userid]).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_made_later_is_linked_and_stays_where_the_roster_had_its_person() {
    let test = TestApp::start().await;
    let row = test
        .owner
        .query_one(
            "select p.number, m.department_id from persons p join memberships m using (corp_id, person_id)
             where m.source = 'roster' order by 1 limit 1",
            &[],
        )
        .await
        .unwrap();
    let (number, department): (String, i32) = (row.get(0), row.get(1));
    test.control(
        "members",
        &json!({ "userid": number.to_uppercase(), "name": "新账号", "department": [department] }),
    )
    .await;
    handle_callbacks(&test).await;
    let linked: i64 = test
        .one(
            "select count(*) from members m join persons p using (corp_id, person_id) where p.number = $1",
            &[&number],
        )
        .await;
    assert_eq!(linked, 1);
    let history = history(&test, "memberships", &number).await;
    assert_eq!(history.len(), 1, "not interrupted: {history:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn departments_are_renamed_and_moved_with_their_history() {
    let test = TestApp::start().await;
    let class = classes(&test).await[0];
    test.clock.advance(TimeDelta::days(1));
    // A rename raises no event; the next full look sees it.
    test.control(&format!("departments/{class}"), &json!({ "name": "2018软件技术(订单)1班" })).await;
    test.sync().await;
    let sql = format!(
        "select name || ' ' || from_date || '..' || coalesce(until_date::text, '') from department_versions
         where department_id = {class} order by from_date"
    );
    let versions = rows(&test, &sql).await;
    assert_eq!(versions.len(), 2);
    assert!(versions[0].ends_with(&format!("{BEGIN}..2020-03-05")), "{versions:?}");
    assert_eq!(versions[1], "2018软件技术(订单)1班 2020-03-05..");
    // An empty department that goes is closed by its event, and nobody has to be asked.
    let made = test.control("departments", &json!({ "name": "2019新建1班", "parent": class })).await;
    handle_callbacks(&test).await;
    let id = made["id"].as_i64().unwrap() as i32;
    assert_eq!(
        test.one::<i64>(
            "select count(*) from departments where department_id = $1 and closed_on is null",
            &[&id]
        )
        .await,
        1
    );
    let url = format!("{}/_sim/departments/{id}", test.simulator.url());
    assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
    handle_callbacks(&test).await;
    assert_eq!(
        test.one::<i64>(
            "select count(*) from departments where department_id = $1 and closed_on is not null",
            &[&id]
        )
        .await,
        1
    );
    assert_eq!(test.sync().await.rows_written(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_processes_share_one_token_and_a_broken_one_is_replaced_once() {
    let test = TestApp::start().await;
    let calls = async |test: &TestApp| {
        let ledger: Value = look(test, "ledger?kind=call&path=gettoken").await;
        ledger["items"].as_array().unwrap().len()
    };
    assert_eq!(calls(&test).await, 2, "one for each secret");
    let url = format!("{}/_sim/tokens", test.simulator.url());
    reqwest::Client::new().delete(url).send().await.unwrap();
    assert_eq!(test.sync().await.rows_written(), 0);
    assert_eq!(calls(&test).await, 4, "one more for each, however many calls ran at once");
    let settled: i64 = test
        .one("select count(*) from wecom_tokens where value is not null and refreshing_until is null", &[])
        .await;
    assert_eq!(settled, 2, "both are kept, and no lease is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn hints_before_the_first_run_lead_to_a_first_run() {
    let test = TestApp::start_empty().await;
    let now = test.app.now();
    let hints = Hints { members: vec![test.persona("student")], ..Hints::default() };
    let outcome = test.school().mirror.refresh(hints, now, day(TODAY)).await.unwrap();
    assert_eq!(outcome.members_seen as i64, present(&test).await);
    assert!(outcome.members_seen > 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roster_with_a_mistake_writes_nothing() {
    let test = TestApp::start().await;
    let header = "number,name,kind,staff_kind,major,grade,class,department,phone,since,until";
    let people = format!("{header}\nZ1,新同学,student,,,2019,没有的班,,,,\nZ2,好同学,student,,,2019,,,,,\n");
    let error = app::roster::import(&test.app, test.school(), people.as_bytes(), None).await.unwrap_err();
    assert!(error.to_string().contains("第 2 行 班级 列：组织架构里没有“没有的班”"), "{error}");
    let count: i64 = test.one("select count(*) from persons where number like 'Z%'", &[]).await;
    assert_eq!(count, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_of_the_roster_become_those_of_the_file() {
    let test = TestApp::start().await;
    let counsellor = test.persona("counsellor");
    let held = "select count(*) from grants where source = 'roster' and until_date > '2020-03-05'";
    assert!(test.one::<i64>(held, &[]).await > 1);
    let class: String = test
        .one("select name from departments where kind = 'class' and college_id is not null order by department_id limit 1", &[])
        .await;
    let (people, _) = crate::test_app::roster_files();
    let grants =
        format!("number,role,department,purpose,until\n{counsellor},counsellor,{class},辅导员,2021-08-31\n");
    test.clock.advance(TimeDelta::days(1));
    let imported = app::roster::import(&test.app, test.school(), &people, Some(grants.as_bytes())).await;
    let report = imported.unwrap();
    assert_eq!((report.added, report.changed), (0, 0));
    assert_eq!(test.one::<i64>(held, &[]).await, 1);
    let until: NaiveDate = test.one("select max(until_date) from grants where source = 'roster'", &[]).await;
    assert_eq!(until, day("2021-08-31"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_with_another_user_id_is_the_same_account() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let account = "select member_id || ' ' || person_id from members where userid = $1 and left_on is null";
    let before: String = test.one(account, &[&student]).await;
    test.control(&format!("members/{student}"), &json!({ "userid": "Renamed.Once" })).await;
    handle_callbacks(&test).await;
    assert_eq!(test.one::<String>(account, &[&"Renamed.Once"]).await, before);
    assert_eq!(test.one::<i64>("select count(*) from members where left_on is not null", &[]).await, 0);

    // The event comes after a look that saw one account gone and another there: the person goes over.
    test.control("faults", &json!({ "path": "callback/contacts", "delay_ms": 1, "lose": true })).await;
    test.control("members/Renamed.Once", &json!({ "userid": "Renamed.Twice" })).await;
    test.sync().await;
    let person: Option<i64> =
        test.one("select person_id from members where userid = 'Renamed.Twice'", &[]).await;
    assert_eq!(person, None, "nothing in WeCom's answers says whose it is");
    let now = test.app.now();
    let hints = Hints {
        members: vec!["renamed.once".into(), "renamed.twice".into()],
        renamed: vec![("Renamed.Once".into(), "Renamed.Twice".into())],
        ..Hints::default()
    };
    test.school().mirror.refresh(hints, now, test.school().today(now)).await.unwrap();
    let same = before.split(' ').next_back().unwrap();
    let person: i64 = test.one("select person_id from members where userid = 'Renamed.Twice'", &[]).await;
    assert_eq!(person.to_string(), same);
    assert_eq!(
        history(&test, "memberships", "Renamed.Twice").await.iter().filter(|row| row.ends_with("..")).count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_finds_their_history_and_who_got_the_account_does_not() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let (returning, reused) = (&students[0], &students[1]);
    let person = "select person_id from members where userid = $1";
    let whose: i64 = test.one(person, &[returning]).await;
    // The second one's account is linked by a rule, not by a number.
    test.owner
        .execute("update persons set number = 'X' || number where number = $1", &[reused])
        .await
        .unwrap();
    let member = look(&test, &format!("members/{returning}")).await;
    let class = member["departments"][0]["id"].clone();
    for userid in [returning, reused] {
        remove(&test, userid).await;
    }
    handle_callbacks(&test).await;
    assert_eq!(test.one::<i64>("select count(*) from members where left_on is not null", &[]).await, 2);
    test.clock.advance(TimeDelta::days(3));
    let again = |userid: &str, name: &str| json!({ "userid": userid, "name": name, "department": [class] });
    test.control("members", &again(returning, member["name"].as_str().unwrap())).await;
    test.control("members", &again(reused, "另一个人")).await;
    handle_callbacks(&test).await;
    assert_eq!(test.one::<Option<i64>>(person, &[returning]).await, Some(whose));
    assert_eq!(test.one::<Option<i64>>(person, &[reused]).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_reverted_as_long_as_nobody_touched_its_rows() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    test.control("faults", &json!({ "path": "callback/contacts", "lose": true, "times": 100 })).await;
    let students = test.students_of(&test.persona("counsellor")).await;
    for student in students.iter().take(7) {
        remove(&test, student).await;
    }
    let before = crate::databases::dump(&test.owner).await;
    let held = test.sync().await;
    assert_eq!(held.state, State::Held);
    let shown = administrator.get(&format!("/sync-runs/{}", held.run_id)).await;
    assert!(shown.body["held"][0]["place"].as_str().unwrap().contains("级/"), "{}", shown.body["held"][0]);
    let now = test.app.now();
    let digest = held.held_digest.unwrap();
    let applied =
        test.school().mirror.approve(held.run_id, &digest, now, test.school().today(now)).await.unwrap();
    assert_ne!(crate::databases::dump(&test.owner).await, before);

    let path = format!("/sync-runs/{}/reversion", applied.run_id);
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    assert_eq!(counsellor.post(&path, &json!({})).await.status, 403);
    assert_eq!(administrator.post(&path, &json!({})).await.status, 204);
    assert_eq!(crate::databases::dump(&test.owner).await, before, "every row as it was");
    assert_eq!(administrator.post(&path, &json!({})).await.status, 404, "once");
    // WeCom still shows them gone: that is held again, not done again.
    assert_eq!(test.sync().await.state, State::Held);
    assert_eq!(crate::databases::dump(&test.owner).await, before);

    test.control(&format!("members/{}", students[10]), &json!({ "name": "新名字" })).await;
    let renamed = test.sync().await;
    test.control(&format!("members/{}", students[10]), &json!({ "name": "更新的名字" })).await;
    test.sync().await;
    let path = format!("/sync-runs/{}/reversion", renamed.run_id);
    let refused = administrator.post(&path, &json!({})).await;
    assert_eq!((refused.status.as_u16(), &refused.body["code"]), (409, &json!("changed_since")));
}
