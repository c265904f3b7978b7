//! S2, S5, S6: a school's morning. Reports as fast as they are taken and at half of that, then the dashboard and the
//! unreported lists on a day with all of it, and with 400 days before it; and the dashboard of one school among thirty.

use std::{
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use tokio::{process::Command, task::JoinSet, time};
use url::Url;

use super::rows;
use crate::{
    browser_client::Browser,
    crowd::{Line, sign_in_everybody},
    test_app::{REFERENCE, Shape, TestApp, roster_files_of},
};

/// Requests at once.
const CONNECTIONS: usize = 64;
/// Reports of the run for the rate; the rest of the school reports at half of it.
const FULL_SPEED: usize = 9000;

/// Milliseconds that so many in a hundred did not exceed.
pub(super) fn percentile(times: &mut [f64], of: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    let last = times.len() - 1;
    times[((times.len() as f64 * of / 100.0).ceil() as usize).saturating_sub(1).min(last)]
}

async fn take(line: &mut Line, userid: &str) {
    let (status, body) = line.report(userid, &format!("bench-key-{userid}")).await;
    assert_eq!(status, StatusCode::CREATED.as_u16(), "{body}");
}

pub(super) async fn at_full_speed(server: &Url, userids: &[String]) -> f64 {
    let userids: Arc<[String]> = userids.into();
    let next = Arc::new(AtomicUsize::new(0));
    let mut senders = JoinSet::new();
    let began = Instant::now();
    for _ in 0..CONNECTIONS {
        let (mut line, userids, next) = (Line::to(server).await, userids.clone(), next.clone());
        senders.spawn(async move {
            while let Some(userid) = userids.get(next.fetch_add(1, Ordering::Relaxed)) {
                take(&mut line, userid).await;
            }
        });
    }
    while let Some(done) = senders.join_next().await {
        done.unwrap();
    }
    userids.len() as f64 / began.elapsed().as_secs_f64()
}

/// Latencies in milliseconds, counted from when each was to begin.
pub(super) async fn at_rate(server: &Url, userids: &[String], rate: f64) -> Vec<f64> {
    let idle: Arc<Mutex<Vec<Line>>> = Arc::default();
    let mut requests = JoinSet::new();
    let began = time::Instant::now();
    for (index, userid) in userids.iter().enumerate() {
        let (server, userid, idle) = (server.clone(), userid.clone(), idle.clone());
        let intended = began + Duration::from_secs_f64(index as f64 / rate);
        requests.spawn(async move {
            time::sleep_until(intended).await;
            let free = idle.lock().unwrap().pop();
            let mut line = match free {
                Some(line) => line,
                None => Line::to(&server).await,
            };
            take(&mut line, &userid).await;
            let taken = intended.elapsed().as_secs_f64() * 1000.0;
            idle.lock().unwrap().push(line);
            taken
        });
    }
    requests.join_all().await
}

/// The same statements in the same transaction, by pgbench: transactions a second.
async fn by_pgbench(test: &TestApp) -> f64 {
    let (form, version): (i64, i64) = {
        let sql = "select form_id, form_version_id from form_versions join forms using (corp_id, form_id)
                   where code = 'health-daily' order by version desc limit 1";
        let row = test.owner.query_one(sql, &[]).await.unwrap();
        (row.get(0), row.get(1))
    };
    let people: i64 = test.one("select max(person_id) from persons", &[]).await;
    let now = test.app.now().to_rfc3339();
    let member: i64 = test.one("select min(member_id) from members", &[]).await;
    let fill = |sql: &str, values: &[&str]| {
        let mut text = sql.to_owned();
        for (index, value) in values.iter().enumerate().rev() {
            text = text.replace(&format!("${}", index + 1), value);
        }
        text
    };
    let (form, version, member) =
        (format!("{form}::bigint"), format!("{version}::bigint"), format!("{member}::bigint"));
    let at = format!("timestamptz '{now}'");
    let day = "(date '1900-01-01' + :day::integer)";
    let sealed = format!("'\\x{}'::bytea", "5a".repeat(110));
    let key = "concat('bench-', :n::text)";
    // As long as a sealed receipt.
    let answer = format!("'\\x{}'::bytea", "5a".repeat(270));
    let kinds = "'{student}'::text[]";
    let script = [
        "\\set n random(1, 2000000000)".to_owned(),
        format!("\\set person random(1, {people})"),
        "\\set day random(0, 30000)".to_owned(),
        "begin;".to_owned(),
        "set local rollcall.corp_id = '1';".to_owned(),
        fill(store::idempotency_keys::CLAIM, &["1", &member, key, "'POST /reports'", "'\\x00'::bytea", &at]) + ";",
        "select f.form_id, f.code, f.starts_on, f.ends_on, f.owner, f.department_id, v.form_version_id
         from form_versions v join forms f on f.corp_id = v.corp_id and f.form_id = v.form_id
         where f.corp_id = 1 and f.code = 'health-daily' order by v.version desc limit 1;"
            .to_owned(),
        fill(
            store::expected::ONE_EXPECTED,
            &[
                "1", &form, "date '2020-03-04'", kinds, "true", "null::integer[]", "null::integer", ":person::bigint",
                "null::integer[]", day, "0::smallint",
            ],
        ) + ";",
        fill(store::privacy_notices::WORD, &["1", ":person::bigint"]) + ";",
        format!(
            "select report_id, revision, state, receipt, submitted_at from reports where corp_id = 1 and form_id = {form}
             and person_id = :person::bigint and slot = 0 and occurrence = 0 and day = {day};"
        ),
        "select region from trips where corp_id = 1 and person_id = :person::bigint and returned_on is null
         order by left_on desc, report_id desc limit 1;"
            .to_owned(),
        fill(
            store::reports::SUBMIT,
            &[
                "1", &form, ":person::bigint", day, "0::smallint", "0", &version,
                "upper(substr(md5(:n::text || random()::text), 1, 16))", "'normal'", "'{\"place\":\"非疫区\"}'::jsonb",
                "'{}'::text[]", "false", "'self'", "'standard'", "date '2020-03-01'", &at, &sealed, "'{}'::text[]",
                "null::bytea", &member,
            ],
        ) + ";",
        fill(store::idempotency_keys::SETTLE, &["1", &member, key, &answer]) + ";",
        "commit;".to_owned(),
    ];
    let file = std::env::temp_dir().join(format!("rollcall-pgbench-{}.sql", std::process::id()));
    std::fs::write(&file, script.join("\n")).unwrap();
    let service = test.settings["database"]["url"].as_str().unwrap();
    let output = Command::new("pgbench")
        .args(["--no-vacuum", "--protocol=prepared", "--client=16", "--jobs=2", "--time=10", "--file"])
        .arg(&file)
        .arg(service)
        .stdin(Stdio::null())
        .output()
        .await
        .expect("pgbench runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = said.lines().find_map(|line| line.strip_prefix("tps = "));
    let rate = told.and_then(|line| line.split(' ').next()).and_then(|rate| rate.parse().ok());
    rate.unwrap_or_else(|| panic!("{said}{}", String::from_utf8_lossy(&output.stderr)))
}

/// Milliseconds of a request, so often that its limits are kept.
async fn times(browser: &Browser, path: &str, times: usize) -> Vec<f64> {
    let mut taken = Vec::with_capacity(times);
    let mut tick = time::interval(Duration::from_millis(55));
    for _ in 0..times {
        tick.tick().await;
        let began = Instant::now();
        let reply = browser.get(path).await;
        taken.push(began.elapsed().as_secs_f64() * 1000.0);
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    }
    taken
}

/// The same numbers by one statement of somebody's own on the rows: milliseconds.
async fn by_hand(test: &TestApp, times: usize) -> f64 {
    let statement = test
        .owner
        .prepare(
            "select d.college_id, count(*), count(r.report_id), count(*) filter (where r.state = 'abnormal')
             from memberships m
             join department_versions d on d.department_id = m.department_id and d.until_date is null
             join persons p on p.person_id = m.person_id
             left join reports r on r.person_id = m.person_id and r.day = date '2020-03-04'
             where m.is_main and m.until_date is null and p.kind = 'student' and d.college_id is not null
               and not exists (select from exemptions e where e.person_id = m.person_id and e.revoked_at is null
                 and e.from_date <= date '2020-03-04' and (e.until_date is null or e.until_date > date '2020-03-04'))
             group by 1",
        )
        .await
        .unwrap();
    let mut taken = Vec::new();
    for _ in 0..times {
        let began = Instant::now();
        test.owner.query(&statement, &[]).await.unwrap();
        taken.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    percentile(&mut taken, 99.0)
}

/// Reports of so many days before the day, facts without answers: what statistics read. Those that are there stay.
pub(super) async fn write_history(test: &TestApp, days: i32) {
    test.owner
        .execute(
            "insert into reports (corp_id, form_id, person_id, day, form_version_id, revision, receipt, state, facts, flags,
                                  late, source, retention, month, submitted_at, revised_at)
             select r.corp_id, r.form_id, r.person_id, r.day - back, r.form_version_id, 1,
                    upper(substr(md5(r.report_id || '/' || back), 1, 16)), r.state, r.facts, r.flags, false, 'import', r.retention,
                    date_trunc('month', r.day - back)::date, r.submitted_at, r.revised_at
             from reports r, generate_series(1, $1) back where r.day = date '2020-03-04' and r.source = 'self'
             on conflict do nothing",
            &[&days],
        )
        .await
        .unwrap();
    test.owner.batch_execute("analyze reports").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make bench ONLY=S2"]
async fn a_schools_morning() {
    let test = TestApp::start_with(Shape::reference()).await;
    test.sync().await;
    let (people, grants) = roster_files_of(REFERENCE);
    app::roster::import(&test.app, test.school(), &people, Some(&grants)).await.unwrap();
    test.run_jobs().await;
    test.owner.batch_execute("analyze").await.unwrap();
    let userids = sign_in_everybody(&test).await;
    let (warm, rest) = userids.split_at(500);
    at_full_speed(&test.url, warm).await;
    // As on any day but the first: Postgres knows the tables.
    test.owner.batch_execute("analyze").await.unwrap();
    let (fast, rest) = rest.split_at(FULL_SPEED);
    let rate = at_full_speed(&test.url, fast).await;
    // Some stay unreported: the lists are to have somebody on them.
    let (steady, _) = rest.split_at(rest.len() - 400);
    let mut latencies = at_rate(&test.url, steady, rate / 2.0).await;
    let theirs = by_pgbench(&test).await;
    let reached = rate / theirs >= 0.6;
    rows::compare(
        "S2",
        "reports over HTTP, 64 connections",
        rate,
        "/s",
        "pgbench",
        theirs,
        "≥ 60 % of pgbench",
        reached,
    );
    let p99 = percentile(&mut latencies, 99.0);
    rows::write("S2", "… p99 at half of it, from intended starts", p99, "ms", "≤ 50", p99 <= 50.0);
    let p50 = percentile(&mut latencies, 50.0);
    rows::write("S2", "… p50", p50, "ms", "–", true);

    test.owner
        .batch_execute(
            "delete from report_revisions v using reports r where r.corp_id = v.corp_id
        and r.report_id = v.report_id and r.day <> date '2020-03-04'",
        )
        .await
        .unwrap();
    test.owner.batch_execute("delete from reports where day <> date '2020-03-04'").await.unwrap();
    test.owner.batch_execute("vacuum analyze reports").await.unwrap();
    let leader = test.sign_in(&test.personas_of(REFERENCE, "school_leader")[0]).await;
    let dashboard = "/statistics/health-daily?by=college";
    let mut taken = times(&leader, dashboard, 200).await;
    let (first, cost) = (percentile(&mut taken, 99.0), percentile(&mut taken, 50.0));
    let theirs = by_hand(&test, 200).await;
    rows::compare(
        "S5",
        "dashboard by college, one day, p99",
        first,
        "ms",
        "SQL by hand",
        theirs,
        "≤ 20",
        first <= 20.0,
    );
    for (days, what, limit) in [(29, "a month", 20.0), (399, "400 days", 20.0)] {
        write_history(&test, days).await;
        let mut taken = times(&leader, dashboard, 200).await;
        let later = percentile(&mut taken, 99.0);
        rows::write("S5", &format!("… with {what} of history, p99"), later, "ms", "≤ 20", later <= limit);
        // What it costs is the median: of 200 tries the tail is two, and says more of the machine than of the history.
        let ratio = percentile(&mut taken, 50.0) / cost;
        rows::write("S5", "… its median, of that with one day", ratio, "×", "≤ 1.3", ratio <= 1.3);
    }

    let college = leader.get(dashboard).await.body["rows"][5]["department"]["id"].clone();
    let classes = leader.get(&format!("/statistics/health-daily?by=class&department={college}")).await;
    let class = classes.body["rows"][0]["department"]["id"].clone();
    for (what, filter) in [
        ("a class", format!("&department={class}")),
        ("a college", format!("&department={college}")),
        ("the school", String::new()),
    ] {
        let first = format!("/unreported/health-daily?limit=50{filter}");
        let mut taken = times(&leader, &first, 100).await;
        let mut page = leader.get(&first).await;
        while let Some(cursor) = page.body["next_cursor"].as_str() {
            let next = format!("{first}&cursor={cursor}");
            taken.extend(times(&leader, &next, 20).await);
            page = leader.get(&next).await;
        }
        let p99 = percentile(&mut taken, 99.0);
        rows::write("S6", &format!("unreported of {what}, any page, p99"), p99, "ms", "≤ 20", p99 <= 20.0);
    }
}

/// The tables a dashboard reads, with what they lean on, in the order of their foreign keys.
const SCHOOL: [&str; 10] = [
    "corps",
    "sync_runs",
    "departments",
    "department_versions",
    "persons",
    "members",
    "memberships",
    "forms",
    "form_versions",
    "reports",
];

/// So many more schools like the first, row by row: half a million people in one deployment.
async fn more_schools(test: &TestApp, schools: i32) {
    for table in SCHOOL {
        copy(test, table, schools).await;
    }
    test.owner.batch_execute("analyze").await.unwrap();
}

async fn copy(test: &TestApp, table: &str, schools: i32) {
    let sql = "select string_agg(quote_ident(column_name), ', ' order by ordinal_position),
                      string_agg(case when column_name = 'corp_id' then 'school'
                                      when column_name = 'wecom_corpid' then 'wecom_corpid || school'
                                      else quote_ident(column_name) end, ', ' order by ordinal_position)
               from information_schema.columns
               where table_schema = 'public' and table_name = $1 and is_generated = 'NEVER'";
    let row = test.owner.query_one(sql, &[&table]).await.unwrap();
    let (columns, values): (String, String) = (row.get(0), row.get(1));
    // Rows that were checked when the first school's were written: no trigger looks at each of fifteen million again.
    let sql = format!(
        "set session_replication_role = replica;
         insert into {table} ({columns}) overriding system value
         select {values} from {table}, generate_series(2, {schools}) school where corp_id = 1;
         reset session_replication_role"
    );
    test.owner.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{table}: {error:?}"));
}

/// Reports of the day, facts without answers; one in forty has not.
pub(super) async fn almost_everybody_reported(test: &TestApp) {
    test.owner
        .batch_execute(
            "insert into reports (corp_id, form_id, person_id, day, form_version_id, revision, receipt, state, facts, flags, late,
                                  source, retention, month, submitted_at, revised_at)
             select p.corp_id, v.form_id, p.person_id, date '2020-03-04', v.form_version_id, 1,
                    upper(substr(md5(p.person_id::text), 1, 16)), case when p.person_id % 97 = 0 then 'abnormal' else 'normal' end,
                    '{\"place\": \"非疫区\"}', '{}', false, 'self', 'standard', date '2020-03-01',
                    timestamptz '2020-03-04 00:00Z', timestamptz '2020-03-04 00:00Z'
             from persons p
             join lateral (select v.form_id, v.form_version_id from form_versions v join forms f using (corp_id, form_id)
                           where v.corp_id = p.corp_id and f.code = 'health-daily' order by v.version desc limit 1) v on true
             where p.kind = 'student' and p.person_id % 40 <> 0",
        )
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make bench ONLY=S5"]
async fn a_province() {
    let test = TestApp::start_with(Shape::reference()).await;
    test.sync().await;
    let (people, grants) = roster_files_of(REFERENCE);
    app::roster::import(&test.app, test.school(), &people, Some(&grants)).await.unwrap();
    test.run_jobs().await;
    almost_everybody_reported(&test).await;
    write_history(&test, 29).await;
    more_schools(&test, 30).await;
    let members: i64 = test.one("select count(*) from persons", &[]).await;
    rows::write("S5", "people of 30 schools", members as f64, "people", "≥ 480000", members >= 480_000);
    let reports: i64 = test.one("select count(*) from reports", &[]).await;
    rows::write("S5", "… and their reports of 30 days", reports as f64, "reports", "–", true);
    let leader = test.sign_in(&test.personas_of(REFERENCE, "school_leader")[0]).await;
    let dashboard = "/statistics/health-daily?by=college";
    times(&leader, dashboard, 20).await;
    let p99 = percentile(&mut times(&leader, dashboard, 200).await, 99.0);
    rows::write("S5", "dashboard of one of 30 schools, p99", p99, "ms", "≤ 60", p99 <= 60.0);
}
