//! 企业微信使用情况: what is collected, brought and entered, which of it counts, and who sees it.

use chrono::{TimeDelta, Utc};
use domain::audit::Act;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    audit::details,
    browser_client::{Browser, Reply},
    test_app::{REFERENCE, Shape, TestApp, health_report, normal_answers, roster_files_of},
};

/// The simulator's day is the test's.
async fn same_clock(test: &TestApp) {
    test.control("clock", &json!({ "set": test.app.now().to_rfc3339() })).await;
}

async fn advance(test: &TestApp, by: TimeDelta) {
    test.clock.advance(by);
    same_clock(test).await;
}

async fn collect(test: &TestApp, administrator: &Browser) {
    let asked = administrator.post("/platform/collection", &json!({})).await;
    assert_eq!(asked.status, StatusCode::NO_CONTENT, "{}", asked.body);
    test.run_jobs().await;
    test.assert_no_failed_jobs().await;
}

async fn send(browser: &Browser, path: &str, file: impl Into<Vec<u8>>) -> Reply {
    browser.post_raw(path, file, &[("Content-Type", "application/octet-stream")]).await
}

async fn page(browser: &Browser, rest: &str) -> Value {
    let reply = browser.get(&format!("/platform{rest}")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.body
}

/// What is known of a metric, of one part.
fn part<'a>(page: &'a Value, metric: &str, part: &str) -> &'a Value {
    let metrics = page["metrics"].as_array().unwrap();
    let metric = metrics.iter().find(|one| one["metric"] == metric).unwrap();
    let parts = metric["parts"].as_array().unwrap();
    parts.iter().find(|one| one["part"] == part).unwrap_or_else(|| panic!("no {part} of {metric}"))
}

fn now(page: &Value, metric: &str) -> (f64, String) {
    let now = &part(page, metric, "")["now"];
    (now["value"].as_f64().unwrap(), now["source"].as_str().unwrap().to_owned())
}

/// Values by day.
fn days(page: &Value, metric: &str) -> Vec<(String, f64)> {
    let days = part(page, metric, "")["days"].as_array().unwrap();
    days.iter().map(|day| (day["day"].as_str().unwrap().to_owned(), day["value"].as_f64().unwrap())).collect()
}

fn collector<'a>(page: &'a Value, name: &str) -> &'a Value {
    page["collectors"].as_array().unwrap().iter().find(|one| one["collector"] == name).unwrap()
}

async fn console(test: &TestApp, file: &str) -> Vec<u8> {
    let url = format!("{}/console/usage/{file}", test.simulator.url());
    reqwest::get(url).await.unwrap().bytes().await.unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_school_has_the_figures_of_its_briefing() {
    let test = TestApp::start_with(Shape::reference()).await;
    same_clock(&test).await;
    test.sync().await;
    let (people, grants) = roster_files_of(REFERENCE);
    app::roster::import(&test.app, test.school(), &people, Some(&grants)).await.unwrap();
    let figures: Value = serde_json::from_str(
        &std::fs::read_to_string(crate::test_app::root().join("fixtures/school/figures.json")).unwrap(),
    )
    .unwrap();
    let given = |pointer: &str| figures.pointer(pointer).unwrap().as_f64().unwrap();
    let administrator = test.sign_in(&test.personas_of(REFERENCE, "administrator")[0]).await;

    collect(&test, &administrator).await;
    // Past midnight, when WeCom has yesterday whole.
    advance(&test, TimeDelta::minutes(21 * 60 + 30)).await;
    let administrator = test.sign_in(&test.personas_of(REFERENCE, "administrator")[0]).await;
    collect(&test, &administrator).await;
    for file in ["figures", "members"] {
        let path = if file == "figures" { "/platform/figures/list" } else { "/platform/usage/list" };
        let brought = send(&administrator, path, console(&test, &format!("{file}.csv")).await).await;
        assert_eq!(
            (brought.status, &brought.body["error_count"]),
            (StatusCode::OK, &json!(0)),
            "{}",
            brought.body
        );
    }

    let leader = test.sign_in(&test.personas_of(REFERENCE, "school_leader")[0]).await;
    let shown = page(&leader, "?to=2020-03-04").await;
    let own = |value: f64| (value, "own".to_owned());
    assert_eq!(now(&shown, "students_enrolled"), own(given("/members/students_enrolled")));
    assert_eq!(now(&shown, "students_activated"), own(given("/members/students_activated")));
    assert_eq!(now(&shown, "staff_rostered"), own(given("/members/staff_rostered")));
    assert_eq!(now(&shown, "staff_activated"), own(given("/members/staff_activated")));
    assert_eq!(now(&shown, "seats_limit"), own(given("/members/seats_after")));

    let active = days(&shown, "active_members");
    assert_eq!(active.len(), 30, "{active:?}");
    assert!(
        active.iter().all(|(_, members)| *members >= given("/members/daily_active_at_least")),
        "{active:?}"
    );

    let meetings = days(&shown, "meetings_started");
    let attendees = days(&shown, "meeting_attendees");
    let at = |value: f64| {
        let (day, _) = meetings.iter().find(|(_, count)| *count == value).unwrap();
        attendees.iter().find(|(of, _)| of == day).unwrap().1
    };
    assert_eq!(at(given("/meetings/max_day/meetings")), given("/meetings/max_day/attendees"));
    assert_eq!(at(given("/meetings/min_day/meetings")), given("/meetings/min_day/attendees"));
    let counts = || meetings.iter().map(|(_, count)| *count);
    assert_eq!(counts().fold(0.0, f64::max), given("/meetings/max_day/meetings"));
    assert_eq!(counts().fold(f64::MAX, f64::min), given("/meetings/min_day/meetings"));
    assert_eq!(part(&shown, "meeting_attendees", "")["now"]["source"], "console", "WeCom has no call for it");

    assert_eq!(now(&shown, "drive_capacity"), (given("/drive/capacity_gb"), "api".to_owned()));
    assert_eq!(now(&shown, "drive_used"), (given("/drive/used_gb"), "console".to_owned()));
    let uses = days(&shown, "drive_uses").iter().map(|(_, uses)| *uses).fold(0.0, f64::max);
    assert_eq!(uses, given("/drive/max_daily_uses"));

    let contacts = leader.get("/platform/contacts?kind=1&to=2020-03-04").await;
    assert_eq!(contacts.body["total"].as_f64(), Some(given("/external_contact_records")));
    let rows = given("/members/usage_record_rows_per_page");
    let usage = leader.get(&format!("/platform/usage?of=console&limit={rows}")).await;
    let pages = (usage.body["total"].as_f64().unwrap() / rows).ceil();
    assert_eq!((usage.items().len() as f64, pages), (rows, given("/members/usage_record_pages")));

    let briefing = page(&leader, "/briefing?month=2020-03").await;
    let text = briefing.to_string();
    for sentence in [
        "教职工在册1156人，已激活1060人，激活率91.70%。",
        "企业微信账号席位50000个",
        "微盘容量100GB，已用30GB（30.00%）。",
    ] {
        assert!(text.contains(sentence), "{sentence} {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_leaves_its_figures_with_since_when_and_why() {
    let test = TestApp::start().await;
    same_clock(&test).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    test.control("settings", &json!({ "closed_products": ["meeting", "usage"] })).await;
    collect(&test, &administrator).await;
    let first = page(&administrator, "").await;
    let failing = collector(&first, "meetings");
    assert_eq!(failing["failing_since"], failing["tried_at"]);
    assert!(failing["error"].as_str().unwrap().contains("48002"), "{failing}");
    assert_eq!(failing["collected_at"], Value::Null);
    assert_eq!(collector(&first, "active")["error"], Value::Null, "others go on");
    assert!(!days(&first, "active_members").is_empty());

    advance(&test, TimeDelta::minutes(20)).await;
    collect(&test, &administrator).await;
    let again = page(&administrator, "").await;
    assert_eq!(
        collector(&again, "meetings")["failing_since"],
        failing["failing_since"],
        "since the first time"
    );

    test.control("settings", &json!({ "closed_products": [] })).await;
    advance(&test, TimeDelta::minutes(20)).await;
    collect(&test, &administrator).await;
    let well = page(&administrator, "").await;
    assert_eq!(collector(&well, "meetings")["failing_since"], Value::Null);
    assert_eq!(days(&well, "meetings_started").len(), 30, "what was missed is made up for");

    // Then it fails once more: what was read stays.
    test.control("settings", &json!({ "closed_products": ["meeting"] })).await;
    advance(&test, TimeDelta::minutes(20)).await;
    collect(&test, &administrator).await;
    let stands = page(&administrator, "").await;
    assert_eq!(days(&stands, "meetings_started"), days(&well, "meetings_started"));
    assert!(collector(&stands, "meetings")["collected_at"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_final_is_not_asked_for_again_and_outlives_wecoms_window() {
    let test = TestApp::start().await;
    same_clock(&test).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    collect(&test, &administrator).await;
    let calls = test.count_calls("user/get_active_stat").await;
    assert_eq!(calls, 30, "as far back as WeCom goes");
    collect(&test, &administrator).await;
    // Today alone: at eight in the morning yesterday was whole.
    assert_eq!(test.count_calls("user/get_active_stat").await, calls + 1);
    let first = days(&page(&administrator, "").await, "active_members");
    let logged: i64 = test.one("select count(*) from platform_records where log = 'member'", &[]).await;
    assert!(logged > 0);
    advance(&test, TimeDelta::days(40)).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    collect(&test, &administrator).await;
    let later = days(&page(&administrator, "?from=2020-02-04&to=2020-03-03").await, "active_members");
    let kept: Vec<_> = first.into_iter().filter(|(day, _)| day.as_str() < "2020-03-04").collect();
    assert_eq!(later, kept[kept.len() - later.len()..], "WeCom has forgotten them");
    let twice: i64 = test
        .one(
            "select count(*) - count(distinct (log, at, userid, kind, occurrence)) from platform_records",
            &[],
        )
        .await;
    assert_eq!(twice, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_entered_stands_beside_what_wecom_says_and_says_who() {
    let test = TestApp::start().await;
    same_clock(&test).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    collect(&test, &administrator).await;
    let entry = json!({ "metric": "drive_capacity", "day": "2020-03-04", "value": 200, "note": "合同" });
    assert_eq!(administrator.put("/platform/figures", &entry).await.status, StatusCode::NO_CONTENT);
    let shown = page(&administrator, "").await;
    let capacity = part(&shown, "drive_capacity", "");
    assert_eq!((&capacity["now"]["value"], &capacity["now"]["source"]), (&json!(100.0), &json!("api")));
    let other = &capacity["others"][0];
    assert_eq!(
        (&other["value"], &other["source"], &other["note"]),
        (&json!(200.0), &json!("hand"), &json!("合同"))
    );
    assert!(other["entered_by"].is_string());

    // The price of more, by size.
    for (size, price) in [("1TB", 3000.0), ("5TB", 9999.9)] {
        let entry = json!({ "metric": "drive_price", "part": size, "day": "2020-03-01", "value": price });
        assert_eq!(administrator.put("/platform/figures", &entry).await.status, StatusCode::NO_CONTENT);
    }
    let shown = page(&administrator, "").await;
    assert_eq!(part(&shown, "drive_price", "5TB")["now"]["value"], json!(9999.9));
    // A second word of the same source takes the place of the first.
    let entry = json!({ "metric": "drive_price", "part": "1TB", "day": "2020-03-01", "value": 2500 });
    administrator.put("/platform/figures", &entry).await;
    let briefing = page(&administrator, "/briefing?month=2020-03").await.to_string();
    assert!(briefing.contains("扩容价格：1TB每年2500元，5TB每年9999.9元。"), "{briefing}");

    let path = "/platform/figures/drive_capacity/2020-03-04?source=hand";
    assert_eq!(administrator.delete(path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(administrator.delete(path).await.status, StatusCode::NOT_FOUND);
    let collected = "/platform/figures/drive_capacity/2020-03-04?source=api";
    assert_eq!(
        administrator.delete(collected).await.status,
        StatusCode::NOT_FOUND,
        "what is collected stays"
    );
    assert_eq!(part(&page(&administrator, "").await, "drive_capacity", "")["others"], json!([]));
    let recorded = details(&test, Act::FigureChanged).await;
    let of = |act: &str, metric: &str, day: &str| json!({ "act": act, "metric": metric, "day": day });
    let due = [
        of("set", "drive_capacity", "2020-03-04"),
        of("set", "drive_price", "2020-03-01"),
        of("set", "drive_price", "2020-03-01"),
        of("set", "drive_price", "2020-03-01"),
        of("removed", "drive_capacity", "2020-03-04"),
    ];
    assert_eq!(recorded, due, "who entered what, and not how much");

    for (wrong, field) in [
        (json!({ "metric": "visitors", "day": "2020-03-04", "value": 1 }), "metric"),
        (json!({ "metric": "drive_uses", "day": "2020-03-05", "value": 1 }), "day"),
        (json!({ "metric": "drive_uses", "day": "2020-03-04", "value": 0.5 }), "value"),
        (json!({ "metric": "drive_uses", "day": "2020-03-04", "value": -1 }), "value"),
        (json!({ "metric": "drive_uses", "part": "x", "day": "2020-03-04", "value": 1 }), "part"),
        (json!({ "metric": "drive_price", "day": "2020-03-04", "value": 1 }), "part"),
    ] {
        let refused = administrator.put("/platform/figures", &wrong).await;
        assert_eq!(
            (refused.status, refused.fields()),
            (StatusCode::UNPROCESSABLE_ENTITY, vec![field]),
            "{wrong}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_looked_at_before_it_is_brought() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let wrong = send(
        &administrator,
        "/platform/figures/list",
        "日期,会议场次,参会人次\n2020-03-03,四百,48881\n2020-03-09,1,1\n",
    )
    .await;
    assert_eq!(wrong.body["error_count"], json!(2), "{}", wrong.body);
    assert_eq!(wrong.body["errors"][0]["column"], json!("会议场次"), "as the file heads it");
    let none: i64 = test.one("select count(*) from platform_figures", &[]).await;
    assert_eq!(none, 0, "all of it, or nothing");
    let unknown = send(&administrator, "/platform/figures/list", "日期,天气\n2020-03-03,晴\n").await;
    assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);

    let good = "日期,参会人次,微盘已用（GB）\n2020/3/2,\"48,881\",30\n2020/3/3,726,30.5\n";
    let looked = send(&administrator, "/platform/figures/list/preview", good).await;
    assert_eq!(
        (&looked.body["figures"], &looked.body["from"], &looked.body["to"]),
        (&json!(4), &json!("2020-03-02"), &json!("2020-03-03"))
    );
    let none: i64 = test.one("select count(*) from platform_figures", &[]).await;
    assert_eq!(none, 0, "looking writes nothing");
    for _ in 0..2 {
        let brought = send(&administrator, "/platform/figures/list", good).await;
        assert_eq!(brought.body["figures"], json!(4), "{}", brought.body);
    }
    let kept: i64 = test.one("select count(*) from platform_figures", &[]).await;
    assert_eq!(kept, 4);
    assert_eq!(now(&page(&administrator, "").await, "drive_used"), (30.5, "console".to_owned()));

    let members = "统计时间,账号,姓名,部门,状态,最近使用时间,使用平台\n\
        2020-03-03,a1,甲某,教务处,已激活,2020-03-02 10:11:12,iOS\n2020-03-03,a2,乙某,教务处,未激活,--,\n";
    let looked = send(&administrator, "/platform/usage/list/preview", members).await;
    assert_eq!((&looked.body["members"], &looked.body["recorded_on"]), (&json!(2), &json!("2020-03-03")));
    assert_eq!(page(&administrator, "/usage?of=console").await["total"], json!(0));
    send(&administrator, "/platform/usage/list", members).await;
    let shown = page(&administrator, "/usage?of=console&unused_days=2").await;
    assert_eq!(shown["total"], json!(2), "not since the third");
    let shown = page(&administrator, "/usage?of=console&state=activated").await;
    assert_eq!(shown["items"][0]["last_used_on"], json!("2020-03-02"));
    let late = members.replace("2020-03-03", "2020-03-09");
    let refused = send(&administrator, "/platform/usage/list", late).await;
    assert_eq!(refused.body["error_count"], json!(2), "{}", refused.body);
}

/// Brings a file under a name.
async fn bring(browser: &Browser, path: &str, name: &str, file: &str) {
    let headers = [("Content-Type", "application/octet-stream"), ("X-File-Name", name)];
    let brought = browser.post_raw(path, file.as_bytes().to_vec(), &headers).await;
    assert_eq!(brought.body["error_count"], json!(0), "{}", brought.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_says_who_brought_which_file_and_is_taken_back_once() {
    let test = TestApp::start().await;
    let userid = test.persona("administrator");
    let administrator = test.sign_in(&userid).await;
    let name: String = test.one("select name from persons where number = $1", &[&userid]).await;
    let by_hand = json!({ "metric": "drive_used", "day": "2020-03-02", "value": 1, "note": "估计" });
    assert_eq!(administrator.put("/platform/figures", &by_hand).await.status, StatusCode::NO_CONTENT);
    let empty = crate::databases::dump(&test.owner).await;
    // 三月.csv, from somebody's desktop.
    let march = "C:%5CUsers%5C%E4%B8%89%E6%9C%88.csv";
    bring(&administrator, "/platform/figures/list", march, "日期,参会人次\n2020/3/2,100\n2020/3/3,200\n")
        .await;
    let first = crate::databases::dump(&test.owner).await;
    test.clock.advance(TimeDelta::minutes(5));
    bring(&administrator, "/platform/figures/list", "%E4", "日期,参会人次\n2020/3/3,999\n2020/3/4,300\n")
        .await;
    let members = "统计时间,账号,姓名,部门,状态,最近使用时间,使用平台\n2020-03-03,a1,甲某,教务处,已激活,2020-03-02 10:11:12,iOS\n";
    let second = crate::databases::dump(&test.owner).await;
    bring(&administrator, "/platform/usage/list", "members.csv", members).await;

    let imports = administrator.get("/roster/imports?kind=platform").await;
    let said: Vec<(&str, i64)> = imports
        .items()
        .iter()
        .map(|one| (one["title"].as_str().unwrap(), one["rows_changed"].as_i64().unwrap()))
        .collect();
    assert_eq!(
        said,
        [
            ("导入成员使用记录“members.csv”：1 人", 1),
            ("导入平台数据：2 行，2 个数", 2),
            ("导入平台数据“三月.csv”：2 行，2 个数", 2),
        ],
        "newest first, without where it lay"
    );
    assert!(imports.items().iter().all(|one| one["made_by"] == json!(name) && one["undone_at"].is_null()));
    let rosters = administrator.get("/roster/imports?kind=roster").await;
    assert!(rosters.items().iter().all(|one| imports.items().iter().all(|import| import["id"] != one["id"])));
    let undo = async |nth: usize| {
        let id = &imports.items()[nth]["id"];
        administrator.post(&format!("/roster/imports/{id}/undo"), &json!({})).await
    };
    let early = undo(2).await;
    assert_eq!(
        early.status,
        StatusCode::CONFLICT,
        "a later file has changed the same figures: {}",
        early.body
    );
    assert_eq!(undo(0).await.status, StatusCode::NO_CONTENT);
    assert_eq!(crate::databases::dump(&test.owner).await, second);
    assert_eq!(undo(1).await.status, StatusCode::NO_CONTENT);
    assert_eq!(crate::databases::dump(&test.owner).await, first, "what stood before is back");
    let shown = page(&administrator, "").await;
    let of = |day: &str, value: f64| (day.to_owned(), value);
    assert_eq!(days(&shown, "meeting_attendees"), [of("2020-03-02", 100.0), of("2020-03-03", 200.0)]);
    assert_eq!(undo(1).await.status, StatusCode::NOT_FOUND, "once");
    assert_eq!(undo(2).await.status, StatusCode::NO_CONTENT);
    assert_eq!(crate::databases::dump(&test.owner).await, empty, "what was entered by hand stays");
    let undone = administrator.get("/roster/imports?kind=platform").await;
    assert!(undone.items().iter().all(|one| one["undone_at"].is_string()));

    // Who only reads the figures takes nothing back.
    bring(&administrator, "/platform/figures/list", "x.csv", "日期,参会人次\n2020/3/2,1\n").await;
    let id = administrator.get("/roster/imports?kind=platform").await.items()[0]["id"].clone();
    let office = test.sign_in(&test.persona("school_office")).await;
    assert_eq!(office.get("/roster/imports?kind=platform").await.status, StatusCode::FORBIDDEN);
    let refused = office.post(&format!("/roster/imports/{id}/undo"), &json!({})).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let refused = leader.post(&format!("/roster/imports/{id}/undo"), &json!({})).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_visit_is_a_day_a_member_and_a_module_and_ends_after_180_days() {
    let test = TestApp::start().await;
    let counsellor = test.persona("counsellor");
    let students = test.students_of(&counsellor).await;
    let student = test.sign_in(&students[0]).await;
    for _ in 0..3 {
        student.get("/forms").await;
        student.get("/reports?form=health-daily").await;
    }
    let reported = student.post("/reports", &health_report(normal_answers())).await;
    assert!(reported.status.is_success(), "{}", reported.body);
    let leader = test.sign_in(&counsellor).await;
    leader.get("/statistics/health-daily").await;
    leader.get("/unreported/health-daily").await;
    app::platform::visits::flush(&test.app).await;
    app::platform::visits::flush(&test.app).await;
    let rows = test.owner.query("select module from visits order by module", &[]).await.unwrap();
    let modules: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(modules, ["reports", "statistics", "unreported"]);

    let administrator = test.sign_in(&test.persona("administrator")).await;
    same_clock(&test).await;
    collect(&test, &administrator).await;
    let shown = page(&administrator, "").await;
    // Whoever asked for the collection was there too.
    assert_eq!(now(&shown, "visitors").0, 3.0);
    assert_eq!(part(&shown, "module_visitors", "reports")["now"]["value"], json!(1.0));
    assert_eq!(part(&shown, "role_visitors", "student")["now"]["value"], json!(1.0));
    assert_eq!(part(&shown, "role_visitors", "counsellor")["now"]["value"], json!(1.0));
    let received = part(&shown, "reports_received", "health-daily");
    assert_eq!((&received["now"]["value"], &received["title"]), (&json!(1.0), &json!("健康日报")));
    let used = page(&administrator, "/usage?client=android&state=activated").await;
    assert_eq!(used["total"], json!(3), "{used}");
    assert!(used["items"].as_array().unwrap().iter().all(|row| row["last_used_on"] == "2020-03-04"));
    let unused = page(&administrator, "/usage?unused_days=1").await;
    let all = page(&administrator, "/usage").await;
    assert_eq!(all["total"].as_i64().unwrap() - unused["total"].as_i64().unwrap(), 3);

    advance(&test, TimeDelta::days(181)).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    collect(&test, &administrator).await;
    let old: i64 = test.one("select count(*) from visits where day < '2020-03-05'", &[]).await;
    assert_eq!(old, 0);
    let kept: i64 = test
        .one("select count(*) from platform_figures where metric = 'visitors' and day = '2020-03-04'", &[])
        .await;
    assert_eq!(kept, 1, "the figure stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_for_the_school_and_words_of_the_logs_for_administrators() {
    let test = TestApp::start().await;
    same_clock(&test).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    collect(&test, &administrator).await;
    for role in ["school_office", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.get("/platform").await.status, StatusCode::OK, "{role}");
        let contacts = viewer.get("/platform/contacts?limit=3").await;
        assert_eq!(contacts.items().len(), 3, "{role}");
        assert!(contacts.items().iter().all(|row| row["words"].is_null() && row["ip"].is_null()), "{role}");
        assert!(contacts.items().iter().all(|row| [json!(1), json!(2)].contains(&row["kind"])), "{role}");
        assert_eq!(viewer.get("/platform/records?log=member").await.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(viewer.get("/platform/contacts?kind=4").await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let entry = json!({ "metric": "drive_used", "day": "2020-03-04", "value": 1 });
        assert_eq!(viewer.put("/platform/figures", &entry).await.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(viewer.post("/platform/collection", &json!({})).await.status, StatusCode::FORBIDDEN);
    }
    for role in ["student", "counsellor", "college_office", "college_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        for path in ["", "/usage", "/contacts", "/records?log=admin", "/briefing?month=2020-03"] {
            let refused = viewer.get(&format!("/platform{path}")).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role} {path}");
        }
    }
    let logged = administrator.get("/platform/records?log=member&limit=2").await;
    assert!(
        logged.items().iter().all(|row| row["words"].is_string() && row["title"].is_string()),
        "{}",
        logged.body
    );
    let next = logged.body["next_cursor"].as_str().unwrap();
    let second = administrator.get(&format!("/platform/records?log=member&limit=2&cursor={next}")).await;
    assert_ne!(logged.items()[0]["id"], second.items()[0]["id"]);
    assert!(logged.items()[1]["at"].as_str() >= second.items()[0]["at"].as_str(), "newest first");
    // What WeCom said of people lies nowhere in the open.
    let open: i64 = test
        .one("select count(*) from platform_records where position('校外'::bytea in detail) > 0", &[])
        .await;
    assert_eq!(open, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_collected_four_times_a_day_without_anybody_asking() {
    let test = TestApp::start().await;
    same_clock(&test).await;
    app::jobs::look_at_schedules(&test.app).await;
    app::jobs::look_at_schedules(&test.app).await;
    let waiting = test
        .owner
        .query("select run_at from jobs where kind = 'collect_platform' and state = 'waiting'", &[])
        .await
        .unwrap();
    let at: Vec<chrono::DateTime<Utc>> = waiting.iter().map(|row| row.get(0)).collect();
    assert_eq!(at, ["2020-03-04T04:30:00Z".parse::<chrono::DateTime<Utc>>().unwrap()]);
    advance(&test, TimeDelta::hours(5)).await;
    test.run_jobs().await;
    test.assert_no_failed_jobs().await;
    let read: i64 =
        test.one("select count(distinct collector) from platform_collections where error is null", &[]).await;
    assert_eq!(read, 10, "every collector went well");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_contacts_secret_it_is_said_what_is_missing() {
    let test = TestApp::start_with(Shape { app_secret_alone: true, ..Shape::default() }).await;
    same_clock(&test).await;
    test.sync().await;
    test.import_roster().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    collect(&test, &administrator).await;
    let shown = page(&administrator, "").await;
    let why = collector(&shown, "active")["error"].as_str().unwrap().to_owned();
    assert!(why.contains("通讯录同步助手"), "{why}");
}
