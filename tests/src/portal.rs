//! 入口: whom an entry is for, where it leads, who opened it on which day; and another authority's list beside ours.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use domain::{audit::Act, policy::Viewer};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    audit,
    browser_client::{Browser, Reply},
    exports,
    test_app::{TestApp, health_report, link_of, normal_answers, title_of},
};

const ADDRESS: &str = "https://report.province.example/h5/?school=41010#today";

fn draft(title: &str, kinds: &[&str], departments: Option<&[i32]>) -> Value {
    json!({ "title": title, "note": "每天 10 点前", "icon": "report", "address": ADDRESS, "kinds": kinds,
            "departments": departments, "from": "2020-03-01" })
}

async fn made(browser: &Browser, draft: &Value) -> i64 {
    let reply = browser.post("/portal/entries", draft).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    reply.body["id"].as_i64().unwrap()
}

async fn open(browser: &Browser, id: i64) -> Reply {
    browser.post(&format!("/portal/{id}/passes"), &json!({})).await
}

async fn tiles(browser: &Browser) -> Vec<String> {
    let reply = browser.get("/portal").await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.items().iter().map(|tile| tile["title"].as_str().unwrap().to_owned()).collect()
}

async fn send(browser: &Browser, path: &str, file: &str) -> Reply {
    browser.post_raw(path, file.as_bytes().to_vec(), &[("Content-Type", "application/octet-stream")]).await
}

/// The class of somebody, counted without our own question.
async fn class_of(test: &TestApp, number: &str) -> i32 {
    let sql = "select m.department_id from memberships m join persons p using (corp_id, person_id)
        where p.number = $1 and m.is_main and m.until_date is null";
    test.one(sql, &[&number]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_for_those_it_names_and_leads_where_was_entered() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let class = class_of(&test, &students[0]).await;
    let mut elsewhere = None;
    for counsellor in test.personas("counsellor").into_iter().rev() {
        for student in test.students_of(&counsellor).await {
            if class_of(&test, &student).await != class {
                elsewhere = Some(student);
                break;
            }
        }
    }
    let elsewhere = elsewhere.expect("a student of another class");
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    let everybody = made(&administrator, &draft("图书馆", &["student", "staff"], None)).await;
    let one_class = made(&administrator, &draft("班级系统", &["student"], Some(&[class]))).await;
    let of_staff = made(&administrator, &draft("人事系统", &["staff"], None)).await;
    let mut later = draft("明天开放", &["student", "staff"], None);
    later["from"] = json!("2020-03-05");
    let later = made(&administrator, &later).await;

    let student = test.sign_in(&students[0]).await;
    let other = test.sign_in(&elsewhere).await;
    let teacher = test.sign_in(&test.persona("counsellor")).await;
    assert_eq!(tiles(&student).await, ["图书馆", "班级系统"]);
    assert_eq!(tiles(&other).await, ["图书馆"]);
    assert_eq!(tiles(&teacher).await, ["图书馆", "人事系统"]);

    // What is not theirs looks as if it was not there, and is not counted.
    let nothing = open(&other, 99_999).await;
    for id in [one_class, of_staff, later] {
        let hidden = open(&other, id).await;
        assert_eq!(hidden.status, StatusCode::NOT_FOUND);
        assert_eq!(hidden.code(), nothing.code());
    }
    let counted: i64 = test.one("select count(*) from portal_passes", &[]).await;
    assert_eq!(counted, 0);
    // An address in the request opens nothing.
    let elsewhere = student
        .post(
            &format!("/portal/{one_class}/passes?address=https://evil.example/"),
            &json!({ "address": "https://evil.example/" }),
        )
        .await;
    assert_eq!(elsewhere.body, json!({ "address": ADDRESS }));
    assert_eq!(open(&student, one_class).await.body, json!({ "address": ADDRESS }));
    let opened: Vec<Value> =
        student.get("/portal").await.items().iter().map(|tile| tile["opened"].clone()).collect();
    assert_eq!(opened, [json!(false), json!(true)]);

    // Tomorrow it begins; what was opened today was opened today.
    test.clock.advance(TimeDelta::days(1));
    let student = test.sign_in(&students[0]).await;
    assert_eq!(tiles(&student).await, ["图书馆", "班级系统", "明天开放"]);
    assert!(student.get("/portal").await.items().iter().all(|tile| tile["opened"] == json!(false)));

    // Ended, it leads nowhere; again is the same.
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    for _ in 0..2 {
        let ended = administrator.post(&format!("/portal/entries/{everybody}/end"), &json!({})).await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(open(&student, everybody).await.status, StatusCode::NOT_FOUND);
    assert_eq!(tiles(&student).await, ["班级系统", "明天开放"]);
    let gone = administrator.get("/portal/entries?ended=true").await;
    assert_eq!(gone.items().len(), 1);
    assert_eq!(gone.items()[0]["id"], json!(everybody));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_leads_by_https_and_to_nobody_s_account() {
    let test = TestApp::start().await;
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    for address in [
        "http://report.province.example/",
        "javascript:alert(1)",
        "https://user:secret@report.province.example/",
        "https://report.province.example\\@evil.example/",
        "https://10.0.0.1/",
        "//report.province.example/",
        "",
    ] {
        let mut wrong = draft("省平台", &["student"], None);
        wrong["address"] = json!(address);
        let refused = administrator.post("/portal/entries", &wrong).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}");
        assert_eq!(refused.fields(), ["address"], "{address}");
    }
    let root: i32 = test.one("select department_id from departments where kind = 'school'", &[]).await;
    for (field, value) in
        [("form", json!("nothing-here")), ("departments", json!([root])), ("kinds", json!([]))]
    {
        let mut wrong = draft("省平台", &["student"], None);
        wrong[field] = value;
        let refused = administrator.post("/portal/entries", &wrong).await;
        assert_eq!(refused.fields(), [field], "{}", refused.body);
    }
    let kept: i64 = test.one("select count(*) from portal_entries", &[]).await;
    assert_eq!(kept, 0);
    for role in ["student", "counsellor", "college_office", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        let refused = viewer.post("/portal/entries", &draft("省平台", &["student"], None)).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_ordered_and_changed_by_the_revision_that_was_seen() {
    let test = TestApp::start().await;
    let office = test.sign_in_on_pc(&test.persona("school_office")).await;
    let body = draft("甲", &["student", "staff"], None);
    let first = office.post_with("/portal/entries", "the-same-entry", &body).await.body["id"].clone();
    assert_eq!(office.post_with("/portal/entries", "the-same-entry", &body).await.body["id"], first);
    let other = office.post_with("/portal/entries", "the-same-entry", &draft("乙", &["staff"], None)).await;
    assert_eq!(other.code(), "key_reused");
    let first = first.as_i64().unwrap();
    let second = made(&office, &draft("乙", &["student", "staff"], None)).await;
    let third = made(&office, &draft("丙", &["student", "staff"], None)).await;
    let student = test.sign_in(&test.persona("student")).await;
    assert_eq!(tiles(&student).await, ["甲", "乙", "丙"]);
    let order = |ids: &[i64]| json!({ "ids": ids });
    let done = office.put("/portal/entries/order", &order(&[third, first, second])).await;
    assert_eq!(done.status, StatusCode::NO_CONTENT, "{}", done.body);
    assert_eq!(tiles(&student).await, ["丙", "甲", "乙"]);
    for wrong in [&[third, first][..], &[third, first, second, second], &[third, first, 99_999]] {
        assert_eq!(office.put("/portal/entries/order", &order(wrong)).await.code(), "overtaken");
    }
    let change = |revision: i32, title: &str| json!({ "revision": revision, "entry": draft(title, &["student"], None) });
    let path = format!("/portal/entries/{second}");
    assert_eq!(office.put(&path, &change(1, "新乙")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(office.put(&path, &change(1, "旧乙")).await.code(), "overtaken");
    assert_eq!(office.get(&path).await.body["revision"], json!(2));
    assert_eq!(tiles(&student).await, ["丙", "甲", "新乙"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_open_an_entry_and_each_counts_once() {
    let test = TestApp::start().await;
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    let entry = made(&administrator, &draft("省平台", &["student", "staff"], None)).await;
    // One phone that taps twenty times at once.
    let student = test.sign_in(&test.persona("student")).await;
    let taps = futures_util::future::join_all((0..20).map(|_| open(&student, entry))).await;
    assert!(taps.iter().all(|tap| tap.status == StatusCode::OK));

    let sql = "insert into members (corp_id, userid, userid_key, status, joined_on, run_id)
        select 1, 'crowd' || n, 'crowd' || n, 1, date '2020-01-01', (select max(run_id) from sync_runs)
        from generate_series(1, 9999) n returning member_id";
    let members: Vec<i64> = test.owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let mut crowd = JoinSet::new();
    // Every tenth taps twice.
    let taps: Vec<i64> = members.iter().copied().chain(members.iter().copied().step_by(10)).collect();
    for part in taps.chunks(taps.len().div_ceil(8)) {
        let (app, part) = (test.app.clone(), part.to_vec());
        crowd.spawn(async move {
            for member in part {
                let viewer =
                    Viewer { corp: 1, member, userid: String::new(), person: None, grants: Vec::new() };
                let school = app.school(1).unwrap();
                assert_eq!(app::portal::pass(&app, school, &viewer, entry).await.unwrap(), ADDRESS);
            }
        });
    }
    crowd.join_all().await;
    let days = administrator.get(&format!("/portal/entries/{entry}/days?days=3")).await;
    let people: Vec<i64> = days.items().iter().map(|day| day["people"].as_i64().unwrap()).collect();
    assert_eq!(people, [0, 0, 10_000], "{}", days.body);
    assert_eq!(administrator.get("/portal/entries").await.items()[0]["today"], json!(10_000));

    // Long after, it is forgotten who they were, and not how many.
    test.clock.advance(TimeDelta::days(181));
    let day = test.app.now() - TimeDelta::days(181);
    let mut tx = test.app.store().scoped(1).await.unwrap();
    let before = test.school().today(day).succ_opt().unwrap();
    store::portal::passes::sweep(&mut tx, 1, before).await.unwrap();
    tx.commit().await.unwrap();
    let left: i64 = test.one("select count(*) from portal_passes", &[]).await;
    let total: i64 = test.one("select people from portal_totals", &[]).await;
    assert_eq!((left, total), (0, 10_000));
}

/// Sets of numbers: whom an entry is for, who reported here, and who stands on the list.
struct Model {
    /// By class.
    people: BTreeMap<i32, BTreeSet<String>>,
    here: BTreeSet<String>,
    there: BTreeSet<String>,
}

impl Model {
    /// all, both, only there, only here, neither.
    fn figures(&self, people: &BTreeSet<String>) -> [usize; 5] {
        let of = |holds: &dyn Fn(&String) -> bool| people.iter().filter(|number| holds(number)).count();
        let here = |number: &String| self.here.contains(number);
        let there = |number: &String| self.there.contains(number);
        [
            people.len(),
            of(&|number| here(number) && there(number)),
            of(&|number| !here(number) && there(number)),
            of(&|number| here(number) && !there(number)),
            of(&|number| !here(number) && !there(number)),
        ]
    }
}

fn figures(unit: &Value) -> [usize; 5] {
    ["people", "both", "only_there", "only_here", "neither"]
        .map(|name| usize::try_from(unit[name].as_i64().unwrap()).unwrap())
}

async fn listed(browser: &Browser, path: &str) -> BTreeSet<String> {
    let mut numbers = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page = browser.get(&format!("{path}&limit=40{cursor}")).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        numbers.extend(page.items().iter().map(|one| one["number"].as_str().unwrap().to_owned()));
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return numbers,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn their_list_and_ours_are_compared_as_a_model_compares_them() {
    let test = TestApp::start().await;
    let office = test.sign_in_on_pc(&test.persona("school_office")).await;
    let mut body = draft("省平台", &["student"], None);
    body["form"] = json!("health-daily");
    let entry = made(&office, &body).await;
    let sql = "select m.department_id, p.number from persons p
        join memberships m on m.corp_id = p.corp_id and m.person_id = p.person_id and m.is_main and m.until_date is null
        where p.kind = 'student'";
    let mut model = Model { people: BTreeMap::new(), here: BTreeSet::new(), there: BTreeSet::new() };
    for row in test.owner.query(sql, &[]).await.unwrap() {
        model.people.entry(row.get(0)).or_default().insert(row.get(1));
    }
    let everybody: BTreeSet<String> = model.people.values().flatten().cloned().collect();
    let accounts: BTreeSet<String> = test
        .owner
        .query("select userid from members where left_on is null and status = 1", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    // Every seventh with an account reports here; every third stands on the list, with others who are none of ours.
    for number in everybody.iter().filter(|number| accounts.contains(*number)).step_by(7).take(12) {
        let student = test.sign_in(number).await;
        let told = student.post("/reports", &health_report(normal_answers())).await;
        assert_eq!(told.status, StatusCode::CREATED, "{}", told.body);
        model.here.insert(number.clone());
    }
    model.there = everybody.iter().step_by(3).cloned().collect();
    let teacher = test.persona("counsellor");
    let mut file = String::from("序号,姓名,学号,上报时间\n");
    for number in model.there.iter().chain([&teacher, &"99999999".to_owned(), &teacher]) {
        file.push_str(&format!("1,某人,{number},08:00\n"));
    }
    let list = format!("/portal/entries/{entry}/list");
    let looked = send(&office, &format!("{list}/preview?day=2020-03-04"), &file).await;
    assert_eq!(looked.status, StatusCode::OK, "{}", looked.body);
    let known = model.there.len();
    assert_eq!(looked.body["known"], json!(known), "{}", looked.body);
    assert_eq!((&looked.body["others"], &looked.body["unknown"]), (&json!(1), &json!(["99999999"])));
    let path = format!("/portal/entries/{entry}/comparison");
    assert_eq!(office.get(&path).await.body["list"], Value::Null, "looking writes nothing");
    let brought = send(&office, &format!("{list}?day=2020-03-04"), &file).await;
    assert_eq!(brought.body, looked.body);
    let told = audit::details(&test, Act::EntryChanged).await;
    let said = json!({ "act": "listed", "day": "2020-03-04", "names": "reported", "people": known + 1, "unknown": 1 });
    assert_eq!(told.iter().filter(|one| one["act"] == json!("listed")).collect::<Vec<_>>(), [&said]);

    let by_class = office.get(&format!("{path}?by=class")).await.body;
    assert_eq!(by_class["list"]["unknown"], json!(1));
    let classes: BTreeMap<i32, [usize; 5]> = by_class["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (i32::try_from(row["department"]["id"].as_i64().unwrap()).unwrap(), figures(row)))
        .collect();
    let due: BTreeMap<i32, [usize; 5]> =
        model.people.iter().map(|(class, people)| (*class, model.figures(people))).collect();
    assert_eq!(classes, due);
    let whole = model.figures(&everybody);
    assert_eq!(figures(&by_class["total"]), whole);
    assert_eq!(figures(&office.get(&format!("{path}?by=college")).await.body["total"]), whole);
    assert!(whole[1..].iter().all(|people| *people > 0), "a model that says something: {whole:?}");

    // The people behind the numbers.
    let people = format!("/portal/entries/{entry}/people?day=2020-03-04");
    let minus = |left: &BTreeSet<String>, right: &BTreeSet<String>| {
        left.difference(right).cloned().collect::<BTreeSet<_>>()
    };
    assert_eq!(listed(&office, &format!("{people}&state=not_there")).await, minus(&everybody, &model.there));
    assert_eq!(listed(&office, &format!("{people}&state=only_here")).await, minus(&model.here, &model.there));
    assert_eq!(listed(&office, &format!("{people}&state=there")).await, model.there);

    // A counsellor's part, and no more of it.
    let userid = test.persona("counsellor");
    let theirs: BTreeSet<String> = test.students_of(&userid).await.into_iter().collect();
    let counsellor = test.sign_in(&userid).await;
    assert_eq!(figures(&counsellor.get(&path).await.body["total"]), model.figures(&theirs));
    assert_eq!(listed(&counsellor, &format!("{people}&state=all")).await, theirs);
    assert_eq!(send(&counsellor, &list, &file).await.status, StatusCode::FORBIDDEN);
    let administrator = test.sign_in(&test.persona("administrator")).await;
    assert_eq!(administrator.get(&people).await.status, StatusCode::FORBIDDEN, "figures, and nobody by name");

    // As a sheet, on record.
    let columns = ["number", "here", "there"].map(|column| json!({ "column": column, "title": column }));
    let filters = json!({ "entry": entry, "day": "2020-03-04", "state": "only_here" });
    let definition =
        json!({ "dataset": "portal", "columns": columns, "order": "listed", "filters": filters });
    let asked =
        json!({ "name": "省平台核对", "definition": definition, "purpose": "催报", "full_phones": false });
    let sheet = exports::sheet(&test, &office, &asked).await;
    let numbers: BTreeSet<String> = sheet[1..].iter().map(|row| row[0].clone()).collect();
    assert_eq!(numbers, minus(&model.here, &model.there));
    assert!(sheet[1..].iter().all(|row| row[1] == "已上报" && row[2] == "对方未上报"));

    // A list of those who are missing says the same the other way round, and takes the place of the first.
    let missing = minus(&everybody, &model.there);
    let mut file = String::from("学号\n");
    missing.iter().for_each(|number| file.push_str(&format!("{number}\n")));
    let brought = send(&office, &format!("{list}?day=2020-03-04&names=missing"), &file).await;
    assert_eq!(brought.body["known"], json!(missing.len()), "{}", brought.body);
    let now = office.get(&path).await.body;
    assert_eq!(figures(&now["total"]), whole);
    assert_eq!((&now["list"]["names"], &now["list"]["unknown"]), (&json!("missing"), &json!(0)));

    // A file that is none, and a day that has not come.
    let wrong = send(&office, &list, "学号,姓名\n20180101,甲\n,乙\n").await;
    assert_eq!(
        (&wrong.body["error_count"], &wrong.body["errors"][0]["line"]),
        (&json!(1), &json!(3)),
        "{}",
        wrong.body
    );
    assert_eq!(send(&office, &list, "姓名\n甲\n").await.fields(), ["file"]);
    assert_eq!(send(&office, &format!("{list}?day=2020-03-05"), &file).await.fields(), ["day"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_is_reminded_once_by_each_list() {
    let test = TestApp::start().await;
    let office = test.sign_in_on_pc(&test.persona("school_office")).await;
    let entry = made(&office, &draft("省平台", &["student"], None)).await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let (done, left) = students.split_at(2);
    let list = |numbers: &[String]| format!("学号\n{}\n", numbers.join("\n"));
    let path = format!("/portal/entries/{entry}/list");
    assert_eq!(send(&office, &path, &list(done)).await.body["known"], json!(2));

    let counsellor = test.sign_in(&userid).await;
    let path_of_reminders = format!("/portal/entries/{entry}/reminders");
    let words = json!({ "text": "请在 10 点前上报" });
    let remind = |key: &'static str| counsellor.post_with(&path_of_reminders, key, &words);
    let to_remind = async |browser: &Browser, entry: i64| -> Value {
        browser.get(&format!("/portal/entries/{entry}/comparison")).await.body["to_remind"].clone()
    };
    assert_eq!(to_remind(&counsellor, entry).await, json!(left.len()), "the page says whom it will tell");
    let first = remind("the-first-reminder").await;
    assert_eq!((first.status, &first.body["people"]), (StatusCode::OK, &json!(left.len())), "{}", first.body);
    assert_eq!(remind("the-first-reminder").await.body, first.body, "the same key is the same reminder");
    assert_eq!(remind("another-reminder").await.body["people"], json!(0), "nobody twice by the same list");
    assert_eq!(to_remind(&counsellor, entry).await, json!(0));
    test.run_jobs().await;
    test.assert_no_failed_jobs().await;
    let got = |messages: Vec<Value>| {
        messages
            .into_iter()
            .filter(|message| title_of(&message["content"]) == "请完成：省平台")
            .collect::<Vec<_>>()
    };
    let told: i64 = test.one("select count(*) from outbox where state = 'sent'", &[]).await;
    let reachable: i64 = test
        .one("select count(*) from members where userid = any($1) and (status is null or status = 1) and left_on is null", &[&left])
        .await;
    assert_eq!(told, reachable);
    let messages = got(test.messages_of(&left[0]).await);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert!(link_of(&messages[0]["content"]).contains(&format!("/h5/portal/{entry}?m=")), "{messages:?}");
    assert_eq!(got(test.messages_of(&done[0]).await).len(), 0);
    let people = counsellor.get(&format!("/portal/entries/{entry}/people?state=not_there&limit=200")).await;
    assert!(people.items().iter().all(|one| one["reminded"] == json!(true)));

    // The office reminds the others, and not those again.
    let due = to_remind(&office, entry).await;
    let rest = office.post(&path_of_reminders, &json!({})).await.body["people"].as_i64().unwrap();
    assert_eq!(due, json!(rest));
    let all: i64 =
        test.one("select count(*) from persons where kind = 'student' and until_date is null", &[]).await;
    assert_eq!(rest, all - students.len() as i64);

    // By the next list who is still left is told again.
    assert_eq!(send(&office, &path, &list(&students[..4])).await.body["known"], json!(4));
    let again = remind("by-the-second-list").await;
    assert_eq!(again.body["people"], json!(students.len() - 4), "{}", again.body);
    let leader = test.sign_in(&test.persona("school_leader")).await;
    assert_eq!(leader.post(&path_of_reminders, &json!({})).await.status, StatusCode::FORBIDDEN);
    assert_eq!(to_remind(&leader, entry).await, json!(0));
    let missing = "/portal/entries/99999/reminders";
    assert_eq!(counsellor.post(missing, &json!({})).await.status, StatusCode::NOT_FOUND);

    // Who need not report is left alone; of a day without a list nothing is known, and of one long ago nothing any more.
    let other = made(&office, &draft("图书馆", &["student"], None)).await;
    let leave = json!({ "number": students[0], "kind": "leave", "from": "2020-03-04", "last": "2020-03-04", "reason": "就医" });
    assert_eq!(counsellor.post("/exemptions", &leave).await.status, StatusCode::OK);
    let path_of_reminders = format!("/portal/entries/{other}/reminders");
    let yesterday = counsellor.post(&path_of_reminders, &json!({ "day": "2020-03-03" })).await;
    assert_eq!((yesterday.status, yesterday.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["day"]));
    assert_eq!(to_remind(&counsellor, other).await, json!(students.len() - 1));
    let today = counsellor.post(&path_of_reminders, &json!({})).await;
    assert_eq!(today.body["people"], json!(students.len() - 1), "{}", today.body);
    let long_ago = office.get(&format!("/portal/entries/{other}/comparison?day=2019-09-01")).await;
    assert_eq!((long_ago.status, long_ago.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["day"]));
}
