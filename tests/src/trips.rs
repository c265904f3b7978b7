//! 行程: who is away and where, who may know it, and the sheet of it.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{browser_client::Browser, test_app::TestApp};

fn trip(left_on: &str, destination: &str, returned_on: Option<&str>) -> Value {
    let mut answers = json!({
        "left_on": left_on, "out_transport": "火车", "reason": "探亲访友", "destination": destination,
        "address": "某小区", "returned": returned_on.is_some(),
    });
    if let Some(day) = returned_on {
        answers["returned_on"] = json!(day);
        answers["back_transport"] = json!("自驾");
    }
    json!({ "form": "trips", "version": 1, "answers": answers })
}

async fn told(test: &TestApp, userid: &str, trip: &Value) {
    let reply = test.sign_in(userid).await.post("/reports", trip).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
}

async fn numbers(browser: &Browser, query: &str) -> Vec<String> {
    let list = browser.get(&format!("/trips{query}")).await;
    assert_eq!(list.status, StatusCode::OK, "{}", list.body);
    list.items().iter().map(|row| row["number"].as_str().unwrap().to_owned()).collect()
}

/// A school where three students and one of the staff have been somewhere. Gives the students.
async fn with_trips(test: &TestApp) -> Vec<String> {
    let students = test.students_of(&test.persona("counsellor")).await;
    told(test, &students[0], &trip("2020-01-15", "420102", None)).await;
    told(test, &students[0], &trip("2020-02-20", "440103", None)).await;
    told(test, &students[1], &trip("2020-01-25", "420102", Some("2020-02-20"))).await;
    told(test, &students[2], &trip("2020-03-01", "410105", None)).await;
    told(test, &test.persona("administrator"), &trip("2020-03-02", "110101", None)).await;
    students
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_away_is_listed_once_with_where_they_are_now() {
    let test = TestApp::start().await;
    let students = with_trips(&test).await;
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let administrator = test.persona("administrator");
    let administrator = administrator.as_str();
    let [zero, one, two] = [&students[0], &students[1], &students[2]].map(String::as_str);

    let open = leader.get("/trips").await;
    assert_eq!(numbers(&leader, "").await, [administrator, two, zero], "the newest first");
    let row = &open.items()[2];
    assert_eq!(
        (&row["region"], &row["left_on"], &row["returned_on"], &row["transport"]),
        (&json!("广东省广州市荔湾区"), &json!("2020-02-20"), &json!(null), &json!("火车"))
    );
    assert_eq!(numbers(&leader, "?outside=41").await, [administrator, zero], "out of the province");
    assert_eq!(numbers(&leader, "?within=42").await, Vec::<String>::new(), "they have gone on since");
    assert_eq!(numbers(&leader, "?state=all&within=42&since=2020-01-20").await, [one]);
    assert_eq!(numbers(&leader, "?state=all").await.len(), 5);
    assert_eq!(numbers(&leader, "?day=2020-02-01").await, [one, zero], "on another day");

    // Each number opens the people behind it.
    for query in ["state=open", "state=open&outside=41", "state=all", "state=all&since=2020-01-20"] {
        let summary = leader.get(&format!("/trips/summary?{query}")).await.body;
        let mut all = numbers(&leader, &format!("?{query}")).await;
        assert_eq!(summary["trips"].as_u64(), Some(all.len() as u64), "{query}");
        for province in summary["provinces"].as_array().unwrap() {
            let mut there =
                numbers(&leader, &format!("?{query}&within={}", province["code"].as_str().unwrap())).await;
            assert_eq!(province["trips"].as_u64(), Some(there.len() as u64), "{province}");
            there.sort();
            there.dedup();
            assert_eq!(province["people"].as_u64(), Some(there.len() as u64), "{province}");
        }
        all.sort();
        all.dedup();
        assert_eq!(summary["people"].as_u64(), Some(all.len() as u64), "{query}");
    }
    let counted: i64 = test
        .one("select count(distinct person_id) from trips where returned_on is null and left_on <= '2020-03-04'", &[])
        .await;
    assert_eq!(leader.get("/trips/summary").await.body["people"], json!(counted));
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_sees_their_part_page_by_page() {
    let test = TestApp::start().await;
    let students = with_trips(&test).await;
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    assert_eq!(numbers(&counsellor, "").await, [students[2].as_str(), students[0].as_str()]);
    let mut seen = Vec::new();
    let mut path = "/trips?state=all&limit=1".to_owned();
    loop {
        let page = counsellor.get(&path).await;
        seen.extend(page.items().iter().map(|row| row["id"].as_i64().unwrap()));
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        path = format!("/trips?state=all&limit=1&cursor={cursor}");
    }
    assert_eq!(seen.len(), 4, "nobody twice");
    for (role, status) in [
        ("student", StatusCode::FORBIDDEN),
        ("administrator", StatusCode::FORBIDDEN),
        ("college_leader", StatusCode::OK),
    ] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.get("/trips").await.status, status, "{role}");
        assert_eq!(viewer.get("/trips/summary").await.status, status, "{role}");
    }
    let wrong = counsellor.get("/trips?outside=4x").await;
    assert_eq!(
        (wrong.status, &wrong.body["errors"][0]["field"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("outside"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_listed_was_looked_at_once_a_day() {
    let test = TestApp::start().await;
    let students = with_trips(&test).await;
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    for _ in 0..2 {
        assert_eq!(numbers(&counsellor, "").await.len(), 2);
    }
    assert_eq!(test.looks_at(&students[0]).await, ["trip"]);
    assert_eq!(test.looks_at(&students[2]).await, ["trip"]);
    assert!(test.looks_at(&students[1]).await.is_empty(), "who is back is not on that list");
    let own = test.sign_in(&students[0]).await.get("/access-log").await;
    assert_eq!(own.items()[0]["field"], json!("trip"), "and knows it: {}", own.body);
    // What a sheet would hold is looked at before it is made.
    let definition = json!({ "dataset": "trips", "columns": [{ "column": "number", "title": "学号" }],
        "order": "listed" });
    let preview = counsellor.post("/exports/preview", &definition).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.body);
    assert_eq!(test.looks_at(&students[0]).await.len(), 1);
    assert_eq!(test.looks_at(&students[1]).await, ["trip"], "its first rows are of all trips");
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let staff = leader.get("/movements/people?state=away").await;
    assert_eq!(staff.items().len(), 1, "{}", staff.body);
    assert_eq!(test.looks_at(&test.persona("administrator")).await, ["trip"], "the staff too");
    let everybody = leader.get("/movements/people?limit=200").await;
    assert!(everybody.items().len() > 1);
    assert!(test.looks_at(&test.persona("school_office")).await.is_empty(), "who is here is not looked at");
    let spent: i64 =
        test.one("select sum(people)::bigint from reading_budgets where kind = 'whereabouts'", &[]).await;
    assert_eq!(spent, 4, "each once for each who looked");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sheets_of_figures_and_lists_are_what_the_pages_show() {
    let test = TestApp::start().await;
    let students = with_trips(&test).await;
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    let column = |name: &str| json!({ "column": name, "title": name });
    let asked = |dataset: &str, columns: &[&str], filters: Value| {
        json!({ "name": "行程", "purpose": "核查", "definition": {
            "dataset": dataset, "columns": columns.iter().map(|name| column(name)).collect::<Vec<_>>(),
            "order": "listed", "filters": filters } })
    };
    let trips = asked("trips", &["index", "number", "region", "left_on"], json!({ "open": true }));
    let sheet = crate::exports::sheet(&test, &counsellor, &trips).await;
    assert_eq!(
        sheet[1..],
        [
            ["1", students[2].as_str(), "河南省郑州市金水区", "2020-03-01"],
            ["2", students[0].as_str(), "广东省广州市荔湾区", "2020-02-20"],
        ]
    );
    let looks: i64 = test.one("select count(*) from access_log where export_id is not null", &[]).await;
    assert_eq!(looks, 2, "whom it names can read that it does");

    let leader = test.sign_in(&test.persona("school_leader")).await;
    let filters = json!({ "form": "health-daily", "by": "college" });
    let table = asked("report_table", &["index", "unit", "expected", "reported", "report_rate"], filters);
    let sheet = crate::exports::sheet(&test, &leader, &table).await;
    assert_eq!(
        sheet[1..],
        [["1", "信息学院", "31", "0", "0"], ["2", "管理学院", "27", "0", "0"], ["", "合计", "58", "0", "0"],]
    );
    let filters = json!({ "form": "health-daily", "state": "unreported" });
    let people = asked("report_people", &["number", "report_state"], filters);
    let sheet = crate::exports::sheet(&test, &counsellor, &people).await;
    let listed: Vec<&str> = sheet[1..].iter().map(|row| row[0].as_str()).collect();
    assert_eq!(listed, students, "theirs and nobody else's");
    let filters = json!({ "form": "health-daily" });
    for (dataset, columns, rows) in
        [("report_span", ["day", "unit"], 3), ("report_categories", ["unit", "category"], 3 * 5)]
    {
        let sheet = crate::exports::sheet(&test, &leader, &asked(dataset, &columns, filters.clone())).await;
        assert_eq!(sheet.len(), 1 + rows, "{dataset}");
    }

    let administrator = test.sign_in(&test.persona("administrator")).await;
    assert_eq!(administrator.post("/exports", &trips).await.status, StatusCode::FORBIDDEN);
    assert_eq!(administrator.post("/exports", &table).await.status, StatusCode::ACCEPTED, "figures");
    let nothing = asked("report_table", &["unit"], json!({}));
    let reply = leader.post("/exports", &nothing).await;
    assert_eq!(reply.body["errors"][0]["field"], json!("filters.form"));
    let kept = json!({ "name": "统计", "definition": table["definition"] });
    let reply = leader.post("/export-templates", &kept).await;
    assert_eq!(reply.body["errors"][0]["field"], json!("dataset"), "these have no templates");
}
