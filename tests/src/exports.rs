//! 导出: sheets by template, whose data they hold, what stays on record.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use calamine::{Data, Reader, Xlsx};
use chrono::TimeDelta;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    browser_client::{Browser, Reply},
    test_app::{TestApp, health_report, roster_files},
};

type Book = Xlsx<Cursor<Vec<u8>>>;

/// A definition of these columns, each headed by its name.
fn definition(dataset: &str, columns: &[&str]) -> Value {
    let columns: Vec<_> = columns.iter().map(|column| json!({ "column": column, "title": column })).collect();
    let order = if dataset == "classes" { "place" } else { "number" };
    json!({ "dataset": dataset, "columns": columns, "order": order })
}

fn wanted(definition: &Value, full_phones: bool) -> Value {
    json!({ "name": "名单", "definition": definition, "purpose": "报送省平台", "full_phones": full_phones })
}

/// Asks for an export, has it made and gives its number.
async fn made(test: &TestApp, browser: &Browser, asked: &Value) -> i64 {
    let reply = browser.post("/exports", asked).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED, "{}", reply.body);
    let id = reply.body["id"].as_i64().unwrap();
    test.run_jobs().await;
    test.assert_no_failed_jobs().await;
    let export = browser.get(&format!("/exports/{id}")).await;
    assert_eq!(export.body["state"], json!("done"), "{}", export.body);
    id
}

/// Asks for the file of an export.
async fn ask(browser: &Browser, id: i64) -> Reply {
    browser.post(&format!("/exports/{id}/file"), &json!({})).await
}

/// Where the file of an export is to be fetched.
async fn ticket(browser: &Browser, id: i64) -> String {
    let reply = ask(browser, id).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    reply.body["path"].as_str().unwrap().to_owned()
}

async fn go(browser: &Browser, path: &str) -> Response {
    browser.request(Method::GET, browser.url(path), None, &[]).await
}

async fn download(browser: &Browser, id: i64) -> Vec<u8> {
    let response = go(browser, &ticket(browser, id).await).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.bytes().await.unwrap().to_vec()
}

async fn fetch(browser: &Browser, id: i64) -> Book {
    let file = download(browser, id).await;
    assert!(file.starts_with(b"PK"));
    calamine::open_workbook_from_rs(Cursor::new(file)).expect("a workbook")
}

/// The rows of the first sheet, as text; the headings first.
fn rows(book: &mut Book) -> Vec<Vec<String>> {
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    sheet.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect()
}

pub async fn sheet(test: &TestApp, browser: &Browser, asked: &Value) -> Vec<Vec<String>> {
    let id = made(test, browser, asked).await;
    rows(&mut fetch(browser, id).await)
}

/// Phones as the roster has them, by number.
fn phones() -> BTreeMap<String, String> {
    let people = String::from_utf8(roster_files().0).unwrap();
    let cells = people.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    cells.map(|cells| (cells[0].to_owned(), cells[8].to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_whom_its_maker_may_see_and_they_can_read_who_exported_them() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let counsellor = test.sign_in(&userid).await;
    let templates = counsellor.get("/export-templates").await;
    let list = templates.items().iter().find(|template| template["key"] == "class-list").unwrap();
    let asked = json!({ "name": list["name"], "definition": list["definition"], "purpose": "期末签到" });

    let first = counsellor.post_with("/exports", "the-same-key", &asked).await;
    assert_eq!(first.status, StatusCode::ACCEPTED, "{}", first.body);
    let id = first.body["id"].as_i64().unwrap();
    let waiting = counsellor.get(&format!("/exports/{id}")).await.body;
    assert_eq!((&waiting["state"], &waiting["rows_total"]), (&json!("waiting"), &json!(null)));
    assert_eq!(ask(&counsellor, id).await.status, StatusCode::NOT_FOUND, "not made yet");
    let again = counsellor.post_with("/exports", "the-same-key", &asked).await;
    assert_eq!(again.body["id"], json!(id), "a second tap is the same export");
    let other = counsellor.post_with("/exports", "the-same-key", &wanted(&list["definition"], false)).await;
    assert_eq!(other.code(), "key_reused");
    let shortest: i32 = test.one("select min(length(request_hash)) from exports", &[]).await;
    assert!(shortest > 32, "a bare hash: {shortest} bytes");

    test.run_jobs().await;
    test.assert_no_failed_jobs().await;
    let done = counsellor.get(&format!("/exports/{id}")).await.body;
    let all = json!(students.len());
    assert_eq!((&done["state"], &done["rows_done"], &done["people"]), (&json!("done"), &all, &all));
    assert_eq!((&done["phones"], &done["full_phones"]), (&json!("none"), &json!(0)));
    let mut book = fetch(&counsellor, id).await;
    let read = rows(&mut book);
    assert_eq!(read[0], ["序号", "学号", "姓名", "班级", "签名"]);
    let numbers: Vec<&str> = read[1..].iter().map(|row| row[1].as_str()).collect();
    assert_eq!(numbers, students, "theirs, by number, and nobody else's");
    assert_eq!((read[1][0].as_str(), read[1][4].as_str()), ("1", ""));
    let notes = book.worksheet_range_at(1).unwrap().unwrap();
    let notes: Vec<String> = notes.rows().map(|row| row[1].to_string()).collect();
    let name: String = test.one("select name from persons where number = $1", &[&userid]).await;
    assert!(notes.contains(&name) && notes.contains(&"期末签到".to_owned()), "{notes:?}");

    let done = counsellor.get(&format!("/exports/{id}")).await.body;
    assert_eq!(done["downloads"], json!(1), "each download is recorded");
    let looks: i64 = test.one("select count(*) from access_log where export_id = $1", &[&id]).await;
    assert_eq!(looks, students.len() as i64);
    let student = test.sign_in(&students[0]).await;
    let log = student.get("/access-log").await;
    assert_eq!(
        (&log.items()[0]["field"], &log.items()[0]["purpose"], &log.items()[0]["viewer"]),
        (&json!("export"), &json!("期末签到"), &json!(name))
    );

    // Another's file looks as if it was not there.
    let office = test.sign_in(&test.persona("school_office")).await;
    assert_eq!(ask(&office, id).await.status, StatusCode::NOT_FOUND);
    assert_eq!(office.get(&format!("/exports/{id}")).await.status, StatusCode::NOT_FOUND);
    assert!(office.get("/exports").await.items().is_empty());
    assert_eq!(student.get("/exports").await.status, StatusCode::FORBIDDEN);
    assert_eq!(student.post("/exports", &asked).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_are_masked_unless_asked_for_in_full_by_those_who_may_see_them() {
    let test = TestApp::start().await;
    let phones = phones();
    let asked = definition("people", &["number", "phone"]);
    let userid = test.persona("counsellor");
    let counsellor = test.sign_in(&userid).await;
    let preview = counsellor.post("/exports/preview", &asked).await;
    assert_eq!(preview.status, StatusCode::OK, "{}", preview.body);
    assert_eq!(preview.body["total"], json!(test.students_of(&userid).await.len()));
    assert_eq!(preview.body["rows"].as_array().unwrap().len(), 10);
    assert!(preview.body["rows"][0][1].as_str().unwrap().contains("****"));

    let masked = sheet(&test, &counsellor, &wanted(&asked, false)).await;
    for row in &masked[1..] {
        assert_eq!(row[1], domain::phone::mask(&phones[&row[0]]));
    }
    let id = made(&test, &counsellor, &wanted(&asked, true)).await;
    let full = rows(&mut fetch(&counsellor, id).await);
    for row in &full[1..] {
        assert_eq!(row[1], phones[&row[0]]);
    }
    let export = counsellor.get(&format!("/exports/{id}")).await.body;
    assert_eq!((&export["phones"], &export["full_phones"]), (&json!("full"), &json!(full.len() - 1)));
    let student = test.sign_in(&full[1][0]).await;
    let looks: Vec<Value> =
        student.get("/access-log").await.items().iter().map(|look| look["field"].clone()).collect();
    assert_eq!(looks, [json!("export_phone"), json!("export")], "newest first");

    // A leader sees names and calls nobody.
    let leader = test.sign_in(&test.persona("college_leader")).await;
    assert_eq!(leader.post("/exports", &wanted(&asked, true)).await.status, StatusCode::FORBIDDEN);
    let without = sheet(&test, &leader, &wanted(&asked, false)).await;
    assert!(without.len() > 1 && without[1..].iter().all(|row| row[1].is_empty()));
}

#[tokio::test(flavor = "multi_thread")]
async fn text_stays_text_whatever_it_looks_like() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let evil = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=HYPERLINK(\"http://x\")", "<b>&\"'", "00123"];
    for (number, name) in students.iter().zip(evil) {
        test.owner
            .execute("update persons set name = $1 where number = $2", &[&name, &number])
            .await
            .unwrap();
    }
    let counsellor = test.sign_in(&userid).await;
    let id = made(&test, &counsellor, &wanted(&definition("people", &["name", "number"]), false)).await;
    let mut book = fetch(&counsellor, id).await;
    assert!(book.worksheet_formula("名单").unwrap().is_empty());
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    for (row, name) in sheet.rows().skip(1).zip(evil) {
        assert_eq!(row[0], Data::String(name.to_owned()));
        assert!(matches!(row[1], Data::String(_)), "a student number is no figure");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_says_on_every_page_who_took_it_when_and_what_for() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let counsellor = test.sign_in(&userid).await;
    let asked = json!({ "name": "=名单", "purpose": "=报送省平台", "full_phones": false,
        "definition": { "dataset": "people", "order": "number", "columns": [{ "column": "number", "title": "=学号" }] } });
    let id = made(&test, &counsellor, &asked).await;
    let file = download(&counsellor, id).await;
    let mut zip = zip::ZipArchive::new(Cursor::new(file.clone())).unwrap();
    let name: String = test.one("select name from persons where number = $1", &[&userid]).await;
    let mark = format!("{name} 于 2020-03-04 08:00 导出，用途：=报送省平台");
    for part in ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml", "docProps/core.xml"] {
        let mut text = String::new();
        zip.by_name(part).unwrap().read_to_string(&mut text).unwrap();
        assert!(text.contains(&mark), "{part}");
    }
    // What somebody wrote is text there too.
    let mut book: Book = calamine::open_workbook_from_rs(Cursor::new(file)).unwrap();
    for sheet in book.sheet_names() {
        assert!(book.worksheet_formula(&sheet).unwrap().is_empty(), "{sheet}");
    }
    assert_eq!(rows(&mut book)[0], ["=学号"]);
    let notes = book.worksheet_range("导出说明").unwrap();
    let told: Vec<String> = notes.rows().map(|row| row[1].to_string()).collect();
    assert!(told.contains(&name) && told.contains(&"=报送省平台".to_owned()), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_exports_figures_and_an_auditor_reads_the_log() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    for dataset in ["people", "registration", "exemptions"] {
        let asked = definition(dataset, &["number", "name"]);
        let refused = administrator.post("/exports/preview", &asked).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{dataset}");
        let refused = administrator.post("/exports", &wanted(&asked, false)).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{dataset}");
    }
    let classes =
        definition("classes", &["place", "college", "counsellors", "students", "activated", "rate"]);
    let read = sheet(&test, &administrator, &wanted(&classes, false)).await;
    let known: i64 = test.one("select count(*) from departments where kind = 'class'", &[]).await;
    assert_eq!(read.len() as i64, known + 1);
    let students: i64 = test.one("select count(*) from persons where kind = 'student'", &[]).await;
    let sum: f64 = read[1..].iter().map(|row| row[3].parse::<f64>().unwrap()).sum();
    assert_eq!(sum, students as f64);
    assert!(read[1..].iter().all(|row| row[5] == "100"), "every student is activated");
    let counsellor = test.persona("counsellor");
    let name: String = test.one("select name from persons where number = $1", &[&counsellor]).await;
    assert!(read[1..].iter().any(|row| row[2].contains(&name)), "counsellors by name");
    let named: i64 = test.one("select count(*) from access_log", &[]).await;
    assert_eq!(named, 0, "figures name nobody");

    // A counsellor's classes are theirs.
    let own = test.sign_in(&counsellor).await;
    let own = sheet(&test, &own, &wanted(&classes, false)).await;
    let mine: i64 = test
        .one(
            "select count(*) from grants g join persons p using (corp_id, person_id)
             where p.number = $1 and g.role = 'counsellor'",
            &[&counsellor],
        )
        .await;
    assert_eq!(own.len() as i64, mine + 1);

    let auditor = test.persona("staff");
    assert_eq!(test.sign_in(&auditor).await.get("/exports").await.status, StatusCode::FORBIDDEN);
    test.owner
        .execute(
            "insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date, until_date)
             select 1, person_id, 'auditor', 1, '审计', 'manual', '2020-01-01', '2021-01-01' from persons where number = $1",
            &[&auditor],
        )
        .await
        .unwrap();
    test.forget_viewers().await;
    let auditor = test.sign_in(&auditor).await;
    let log = auditor.get("/exports").await;
    assert_eq!(log.items().len(), 2, "{}", log.body);
    assert_eq!(log.items()[0]["purpose"], json!("报送省平台"));
    let id = log.items()[0]["id"].as_i64().unwrap();
    assert_eq!(auditor.get(&format!("/exports/{id}")).await.status, StatusCode::OK);
    assert_eq!(ask(&auditor, id).await.status, StatusCode::NOT_FOUND, "the log, not the files");
    assert_eq!(auditor.post("/exports", &wanted(&classes, false)).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_saved_for_the_school_and_kept_by_their_maker() {
    let test = TestApp::start().await;
    let counsellors = test.personas("counsellor");
    let maker = test.sign_in(&counsellors[0]).await;
    let template = json!({ "name": " 学期名单 ", "definition": definition("people", &["number", "name"]) });
    let saved = maker.post("/export-templates", &template).await;
    assert_eq!(saved.status, StatusCode::CREATED, "{}", saved.body);
    let id = saved.body["id"].as_i64().unwrap();
    assert_eq!(maker.post("/export-templates", &template).await.fields(), ["name"], "a name is taken once");
    let built_in = json!({ "name": "班级名单", "definition": template["definition"] });
    assert_eq!(maker.post("/export-templates", &built_in).await.fields(), ["name"]);
    let bad = json!({ "name": "坏", "definition": {
        "dataset": "people", "order": "number",
        "columns": [{ "column": "password", "title": "x" }, { "column": "name", "title": "" }],
    }});
    assert_eq!(maker.post("/export-templates", &bad).await.fields(), ["columns.0.column"]);

    let other = test.sign_in(&counsellors[1]).await;
    let seen = other.get("/export-templates").await;
    let found = seen.items().iter().find(|one| one["id"] == json!(id)).expect("the school's");
    assert_eq!((&found["name"], &found["mine"]), (&json!("学期名单"), &json!(false)));
    let path = format!("/export-templates/{id}");
    assert_eq!(other.delete(&path).await.status, StatusCode::NOT_FOUND);
    let url = maker.url(&format!("/api/v1{path}"));
    let body = json!({ "name": "学期名单", "definition": definition("people", &["name"]) }).to_string();
    let json_body = [("Content-Type", "application/json")];
    let foreign = other.request(Method::PUT, url.clone(), Some(body.clone().into()), &json_body).await;
    assert_eq!(foreign.status(), StatusCode::NOT_FOUND);
    let changed = maker.request(Method::PUT, url, Some(body.into()), &json_body).await;
    assert_eq!(changed.status(), StatusCode::NO_CONTENT);
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let all = administrator.get("/export-templates").await;
    let found = all.items().iter().find(|one| one["id"] == json!(id)).expect("an administrator keeps them");
    assert_eq!(found["definition"]["columns"].as_array().unwrap().len(), 1);
    assert_eq!(administrator.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(administrator.delete(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_picked_and_ordered_as_asked() {
    let test = TestApp::start().await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let mut asked = definition("people", &["name", "number", "kind", "college", "grade", "place", "path"]);
    let total: i64 = test.one("select count(*) from persons", &[]).await;
    assert_eq!(office.post("/exports/preview", &asked).await.body["total"], json!(total));

    asked["filters"] = json!({ "kind": "student", "year": 2019 });
    asked["order"] = json!("place");
    let read = sheet(&test, &office, &wanted(&asked, false)).await;
    let places: Vec<_> = read[1..].iter().map(|row| (&row[3], &row[4], &row[5], &row[1])).collect();
    assert!(places.len() > 10 && places.is_sorted(), "by college, grade, class and number");
    assert!(read[1..].iter().all(|row| row[2] == "学生"));
    let path = &read[1][6];
    assert!(path.starts_with("小河学院/") && path.ends_with(&read[1][5]), "{path}");

    let class: i32 = test.one("select min(department_id) from departments where kind = 'class'", &[]).await;
    asked["filters"] = json!({ "department": class });
    let inside = office.post("/exports/preview", &asked).await.body["total"].as_i64().unwrap();
    let counted: i64 = test
        .one(
            "select count(*) from memberships where department_id = $1 and is_main and until_date is null",
            &[&class],
        )
        .await;
    assert_eq!(inside, counted);

    let staff: i64 = test.one("select count(*) from persons where kind = 'staff'", &[]).await;
    let accounts: i64 = test
        .one(
            "select count(*) from members m join persons p using (corp_id, person_id) where p.kind = 'staff'",
            &[],
        )
        .await;
    asked["filters"] = json!({ "kind": "staff", "activation": "no_account" });
    assert_eq!(office.post("/exports/preview", &asked).await.body["total"], json!(staff - accounts));
    let mut missing = definition("registration", &["number", "activation"]);
    missing["filters"] = json!({ "kind": "staff" });
    let read = sheet(&test, &office, &wanted(&missing, false)).await;
    assert!(read[1..].iter().any(|row| row[1] == "没有账号"));

    // A page is not the end: the same rows in parts are the same rows.
    asked["filters"] = json!({});
    asked["order"] = json!("name");
    let read = sheet(&test, &office, &wanted(&asked, false)).await;
    let mut numbers: Vec<&String> = read[1..].iter().map(|row| &row[1]).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len() as i64, total);

    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    let others = test.students_of(test.personas("counsellor").last().unwrap()).await;
    let foreign: i32 = test
        .one(
            "select department_id from memberships s join persons p using (corp_id, person_id) where p.number = $1 and is_main",
            &[&others[0]],
        )
        .await;
    asked["filters"] = json!({ "department": foreign });
    assert_eq!(counsellor.post("/exports/preview", &asked).await.body["total"], json!(0), "not theirs");
    let exemption = json!({ "number": test.students_of(&test.persona("counsellor")).await[0], "kind": "leave",
        "from": "2020-03-04", "last": "2020-03-05", "reason": "回家看病" });
    assert_eq!(counsellor.post("/exemptions", &exemption).await.status, StatusCode::OK);
    let list =
        definition("exemptions", &["number", "exemption", "from", "last", "reason", "source", "state"]);
    let preview = counsellor.post("/exports/preview", &list).await;
    assert_eq!(preview.body["rows"][0][1], json!("请假"), "{}", preview.body);
    assert_eq!(
        preview.body["rows"][0][4],
        json!("（导出后可见）"),
        "nobody is told of a look at the first rows"
    );
    let read = sheet(&test, &counsellor, &wanted(&list, false)).await;
    assert_eq!(read[1][1..], ["请假", "2020-03-04", "2020-03-05", "回家看病", "手工登记", "有效"]);
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let refused = leader.post("/exports", &wanted(&list, false)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "reasons are for those who grant");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_by_field() {
    let test = TestApp::start().await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let mut asked = wanted(&definition("people", &["number"]), false);
    asked["purpose"] = json!("  ");
    asked["name"] = json!("");
    assert_eq!(office.post("/exports", &asked).await.fields(), ["name", "purpose"]);
    let unknown = json!({ "dataset": "grades", "columns": [], "order": "size" });
    assert_eq!(office.post("/exports/preview", &unknown).await.fields(), ["dataset", "order"]);
    assert_eq!(office.post("/exports/preview", &definition("people", &[])).await.fields(), ["columns"]);
    let mut filters = definition("people", &["number"]);
    filters["filters"] = json!({ "activation": "perhaps" });
    assert_eq!(office.post("/exports/preview", &filters).await.fields(), ["filters.activation"]);
    let bare = json!({ "definition": definition("people", &["number"]) });
    assert_eq!(office.post("/exports", &bare).await.fields(), ["name"]);
    // So many at a time.
    let asked = wanted(&definition("people", &["number"]), false);
    for _ in 0..3 {
        assert_eq!(office.post("/exports", &asked).await.status, StatusCode::ACCEPTED);
    }
    assert_eq!(office.post("/exports", &asked).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_sealed_and_goes_after_a_day() {
    let test = TestApp::start().await;
    let userid = test.persona("school_office");
    let office = test.sign_in(&userid).await;
    let id = made(&test, &office, &wanted(&definition("people", &["number", "name"]), false)).await;
    let name: String = test.one("select name from persons order by number limit 1", &[]).await;
    let sealed: Vec<u8> = test.one("select content from export_chunks where export_id = $1", &[&id]).await;
    assert!(!sealed.windows(4).any(|bytes| bytes == b"PK\x03\x04"), "the file lies open");
    assert!(!String::from_utf8_lossy(&sealed).contains(&name));
    test.clock.advance(TimeDelta::hours(23));
    fetch(&test.sign_in(&userid).await, id).await;
    test.clock.advance(TimeDelta::hours(2));
    let office = test.sign_in(&userid).await;
    assert_eq!(ask(&office, id).await.status, StatusCode::NOT_FOUND, "even before the sweep");
    app::jobs::look_at_schedules(&test.app).await;
    test.clock.advance(TimeDelta::hours(1));
    test.run_jobs().await;
    let pieces: i64 = test.one("select count(*) from export_chunks", &[]).await;
    assert_eq!(pieces, 0);
    let kept = office.get(&format!("/exports/{id}")).await.body;
    assert_eq!((&kept["state"], &kept["downloads"]), (&json!("expired"), &json!(1)), "the log stays");
    // With nothing that is sealed: the data key of its month would stay for it.
    assert_eq!(test.one::<i32>("select length(request_hash) from exports", &[]).await, 0);
    let key: String = test.one("select request_key from exports", &[]).await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let again = office.post_with("/exports", &key, &wanted(&definition("people", &["number"]), false)).await;
    assert_eq!(again.body["id"], json!(id), "its key names it: {}", again.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_fetched_once_within_a_minute_in_the_session_that_asked() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let counsellor = test.sign_in(&userid).await;
    let id = made(&test, &counsellor, &wanted(&definition("people", &["number"]), false)).await;
    let path = ticket(&counsellor, id).await;
    let elsewhere = test.sign_in_on_pc(&userid).await;
    let other = test.sign_in(&test.persona("school_office")).await;
    for browser in [&elsewhere, &other] {
        assert_eq!(go(browser, &path).await.status(), StatusCode::NOT_FOUND, "a link that went astray");
    }
    let file = go(&counsellor, &path).await;
    assert_eq!(file.status(), StatusCode::OK);
    assert_eq!(file.headers()["cache-control"], "no-store");
    // A phone's web view hands the link to its download manager, which begins anew.
    for _ in 0..2 {
        assert_eq!(go(&counsellor, &path).await.status(), StatusCode::OK, "the same fetch");
    }
    assert_eq!(go(&counsellor, &path).await.status(), StatusCode::NOT_FOUND, "used up");

    let path = ticket(&counsellor, id).await;
    let of_a_copy =
        counsellor.post("/me/data/copies", &json!({ "format": "json" })).await.body["path"].clone();
    let word = of_a_copy.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let sheet = go(&counsellor, &format!("/api/v1/exports/files/{word}")).await;
    assert_eq!(sheet.status(), StatusCode::NOT_FOUND, "what fetches a copy fetches no sheet");
    test.clock.advance(TimeDelta::seconds(61));
    let headers = [("Accept", "text/html")];
    let late = counsellor.request(Method::GET, counsellor.url(&path), None, &headers).await;
    assert_eq!(late.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        late.headers()["content-type"],
        "text/html; charset=utf-8",
        "who came by a link is told on a page"
    );
    let noted: i64 = test.one("select count(*) from export_downloads", &[]).await;
    assert_eq!(noted, 1, "three requests are one fetch, and what was refused is none");

    let left: i64 = test.one("select count(*) from download_tickets", &[]).await;
    assert_eq!(left, 3);
    let mut tx = test.app.store().scoped(1).await.unwrap();
    let now = test.app.now();
    let swept = store::download_tickets::sweep(&mut tx, 1, now - TimeDelta::seconds(60)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(swept, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_file_says_nothing_else_in_its_header() {
    let test = TestApp::start().await;
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    let mut asked = wanted(&definition("people", &["number"]), false);
    asked["name"] = json!("名单\"; filename=\"x.exe");
    let id = made(&test, &counsellor, &asked).await;
    let file = go(&counsellor, &ticket(&counsellor, id).await).await;
    assert_eq!(file.status(), StatusCode::OK);
    let said = file.headers()["content-disposition"].to_str().unwrap();
    let (plain, named) = said.split_once("; filename*=UTF-8''").expect("a name as RFC 6266 has it");
    assert_eq!(plain, format!("attachment; filename=\"export-{id}.xlsx\""));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._%".contains(&byte);
    assert!(named.bytes().all(is_plain) && named.ends_with(".xlsx"), "{named}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_not_handed_out_by_other_rights_than_it_was_made_by() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let counsellor = test.sign_in(&userid).await;
    let asked = wanted(&definition("people", &["number"]), false);
    let id = made(&test, &counsellor, &asked).await;
    let path = ticket(&counsellor, id).await;
    let one_class_less = "delete from grants where grant_id = (
        select min(g.grant_id) from grants g join persons p using (corp_id, person_id)
        where p.number = $1 and g.role = 'counsellor')";
    test.owner.execute(one_class_less, &[&userid]).await.unwrap();
    test.forget_viewers().await;

    let refused = ask(&counsellor, id).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "overtaken"), "{}", refused.body);
    assert!(refused.body["detail"].as_str().unwrap().contains("重新导出"), "{}", refused.body);
    let late = go(&counsellor, &path).await;
    assert_eq!(late.status(), StatusCode::CONFLICT, "a ticket from before is no right");
    let noted: i64 = test.one("select count(*) from export_downloads", &[]).await;
    assert_eq!(noted, 0);

    let anew = made(&test, &counsellor, &asked).await;
    let read = rows(&mut fetch(&counsellor, anew).await);
    let first: i64 = test.one("select people from exports where export_id = $1", &[&id]).await;
    assert!(read.len() > 1 && read.len() as i64 - 1 < first, "their other class");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_goes_on_after_a_kill_and_names_people_once() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let counsellor = test.sign_in(&userid).await;
    let asked = wanted(&definition("people", &["number"]), false);
    let id = counsellor.post("/exports", &asked).await.body["id"].as_i64().unwrap();
    // As a process leaves it that dies while it writes.
    let killed = format!(
        "update exports set state = 'running', attempts = 1, rows_done = 5 where export_id = {id};
         delete from jobs where kind = 'make_export'"
    );
    test.owner.batch_execute(&killed).await.unwrap();
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    // As a second worker finds it that was slower.
    test.owner
        .execute(
            "insert into jobs (corp_id, kind, payload, run_at, max_attempts, created_at)
             values (1, 'make_export', $1, '2020-01-01', 5, '2020-01-01')",
            &[&json!({ "export": id })],
        )
        .await
        .unwrap();
    test.run_jobs().await;
    let read = rows(&mut fetch(&counsellor, id).await);
    assert_eq!(read.len() - 1, test.students_of(&userid).await.len());
    let looks: i64 = test.one("select count(*) from access_log", &[]).await;
    assert_eq!(looks as usize, read.len() - 1);

    // Whose rights have ended by then gets nothing.
    let id = counsellor.post("/exports", &asked).await.body["id"].as_i64().unwrap();
    test.owner.batch_execute("delete from grants where role = 'counsellor'").await.unwrap();
    test.run_jobs().await;
    let state: String = test.one("select state from exports where export_id = $1", &[&id]).await;
    assert_eq!(state, "failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_leave_in_the_layout_of_another_authority() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let well = json!({ "temperature": 36.5, "place": "非疫区", "abnormal": false });
    let ill = json!({ "temperature": 38.4, "place": "非疫区", "abnormal": true, "condition": "居家观察", "symptoms": ["发热"] });
    for (number, answers) in [(&students[0], well), (&students[1], ill)] {
        let student = test.sign_in(number).await;
        let told = student.post("/reports", &health_report(answers)).await;
        assert_eq!(told.status, StatusCode::CREATED, "{}", told.body);
    }
    let counsellor = test.sign_in(&userid).await;
    let questions = counsellor.get("/export-templates/questions?form=health-daily").await;
    assert!(
        questions
            .items()
            .iter()
            .any(|one| one["field"] == json!("abnormal") && one["says"] == json!(["是", "否"]))
    );

    // The province's sheet: its headings in its order, its own code of the school, its words, its days.
    let layout = json!({
        "dataset": "report_answers", "order": "number", "filters": { "form": "health-daily", "day": "2020-03-04" },
        "columns": [
            { "column": "index", "title": "XH" },
            { "column": "blank", "title": "XXDM", "fixed": "41010" },
            { "column": "number", "title": "XSXH" },
            { "column": "day", "title": "TBRQ", "dates": "digits" },
            { "column": "answer", "field": "temperature", "title": "TW" },
            { "column": "answer", "field": "abnormal", "title": "SFYC", "words": [{ "says": "是", "writes": "1" }, { "says": "否", "writes": "0" }] },
            { "column": "answer", "field": "condition", "title": "GLQK", "words": [{ "says": "", "writes": "9" }] },
            { "column": "late", "title": "SFCB", "words": [{ "says": "迟报", "writes": "1" }, { "says": "", "writes": "0" }] },
        ],
    });
    let saved = counsellor
        .post("/export-templates", &json!({ "name": "省平台每日上报表", "definition": layout }))
        .await;
    assert_eq!(saved.status, StatusCode::CREATED, "{}", saved.body);
    let templates = counsellor.get("/export-templates").await;
    let kept = templates.items().iter().find(|one| one["name"] == json!("省平台每日上报表")).unwrap();
    let preview = counsellor.post("/exports/preview", &kept["definition"]).await;
    assert_eq!(preview.body["total"], json!(2), "{}", preview.body);
    assert!(!preview.body.to_string().contains("38.4"), "nobody is told of a look at the first rows");

    let asked = json!({ "name": kept["name"], "definition": kept["definition"], "purpose": "报送省平台" });
    let id = made(&test, &counsellor, &asked).await;
    let mut book = fetch(&counsellor, id).await;
    assert_eq!(book.sheet_names()[0], "省平台每日上报表");
    assert_eq!(
        rows(&mut book),
        [
            vec!["XH", "XXDM", "XSXH", "TBRQ", "TW", "SFYC", "GLQK", "SFCB"],
            vec!["1", "41010", students[0].as_str(), "20200304", "36.5", "0", "9", "0"],
            vec!["2", "41010", students[1].as_str(), "20200304", "38.4", "1", "居家观察", "0"],
        ]
    );
    // Whose answers left finds it among the looks at their data; a question that is none is refused.
    let looks: i64 = test.one("select count(*) from access_log where export_id = $1", &[&id]).await;
    assert_eq!(looks, 2);
    let mut wrong = asked.clone();
    wrong["definition"]["columns"][4]["field"] = json!("blood_type");
    assert_eq!(counsellor.post("/exports", &wrong).await.fields(), ["columns.4.field"]);
    for role in ["school_leader", "administrator"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.post("/exports", &asked).await.status, StatusCode::FORBIDDEN, "{role}");
    }
}
