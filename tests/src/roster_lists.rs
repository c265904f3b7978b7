//! Lists as schools have them: of classes and their counsellors, under headings of their own, from templates of ours,
//! and large enough that one wants to know how far they are.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    browser_client::{Browser, Reply},
    test_app::TestApp,
};

const BYTES: &[(&str, &str)] = &[("Content-Type", "application/octet-stream")];

async fn send(administrator: &Browser, path: &str, file: impl Into<Vec<u8>>) -> Reply {
    administrator.post_raw(path, file, BYTES).await
}

/// Classes of the counsellor, by name.
async fn classes_of(test: &TestApp, counsellor: &str) -> Vec<String> {
    let sql = "select d.name from grants g join persons p using (corp_id, person_id)
        join departments d using (corp_id, department_id)
        where p.number = $1 and g.role = 'counsellor' and g.until_date > '2020-03-04' order by 1";
    test.owner.query(sql, &[&counsellor]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn name_of(test: &TestApp, number: &str) -> String {
    test.one("select name from persons where number = $1", &[&number]).await
}

fn told(reply: &Reply) -> Vec<(u64, String, String)> {
    let errors = reply.body["errors"].as_array().unwrap();
    let text = |error: &Value, field: &str| error[field].as_str().unwrap().to_owned();
    let one =
        |error: &Value| (error["line"].as_u64().unwrap(), text(error, "column"), text(error, "message"));
    errors.iter().map(one).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_classes_makes_its_counsellors() {
    let test = TestApp::start().await;
    let before = crate::databases::dump(&test.owner).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let counsellors = test.personas("counsellor");
    let (old, new) = (&counsellors[0], &counsellors[1]);
    let (old_classes, new_classes) = (classes_of(&test, old).await, classes_of(&test, new).await);
    let class = &old_classes[0];
    let elsewhere: i64 = test
        .one("select count(*) from grants where role <> 'counsellor' and source = 'roster' and until_date > '2020-03-04'", &[])
        .await;

    let file = format!(
        "行政班级,所属学院,辅导员工号,辅导员姓名,截止日期\n{class},,{new},{},2020-06-30\n",
        name_of(&test, new).await
    );
    let looked = send(&administrator, "/roster/preview", file.clone()).await;
    assert_eq!(looked.status, StatusCode::OK, "{}", looked.body);
    assert_eq!(looked.body["list"], "classes", "told by its headings");
    let report = looked.body["report"].clone();
    let counts =
        ["people", "classes", "counsellors", "without_counsellor", "grants_added", "grants_ended", "added"];
    assert_eq!(counts.map(|count| report[count].as_i64().unwrap()), [1, 1, 1, 0, 1, 1, 0]);
    assert_eq!(crate::databases::dump(&test.owner).await, before, "nothing was written");

    let done = send(&administrator, "/roster", file.clone()).await;
    assert_eq!(done.body, report, "exactly what was shown");
    let mut more = new_classes.clone();
    more.push(class.clone());
    more.sort();
    assert_eq!(classes_of(&test, new).await, more);
    assert_eq!(classes_of(&test, old).await, old_classes[1..], "whom the list no longer names");
    let until: chrono::NaiveDate = test
        .one(
            "select g.until_date from grants g join persons p using (corp_id, person_id)
             join departments d using (corp_id, department_id) where p.number = $1 and d.name = $2",
            &[new, class],
        )
        .await;
    assert_eq!(until.to_string(), "2020-07-01", "the last day counts");
    let still: i64 = test
        .one("select count(*) from grants where role <> 'counsellor' and source = 'roster' and until_date > '2020-03-04'", &[])
        .await;
    assert_eq!(still, elsewhere, "what the roster grants otherwise stays");

    // The new one sees the class, the old one no more.
    test.forget_viewers().await;
    let student: String = test
        .one(
            "select p.number from persons p join memberships m using (corp_id, person_id)
             join departments d using (corp_id, department_id) where d.name = $1 and m.is_main limit 1",
            &[class],
        )
        .await;
    for (counsellor, sees) in [(new, true), (old, false)] {
        let list = test.sign_in(counsellor).await.get("/unreported/health-daily?limit=200").await;
        let there = list.items().iter().any(|row| row["number"] == json!(student));
        assert_eq!(there, sees, "{counsellor}");
    }

    let again = send(&administrator, "/roster", file).await;
    assert_eq!((&again.body["grants_added"], &again.body["grants_ended"]), (&json!(0), &json!(0)));
    let import = administrator.get("/roster/imports").await.items()[0].clone();
    assert_eq!(import["kind"], "roster");
    assert!(import["title"].as_str().unwrap().contains("班级名单 1 个班"), "{import}");
    let undone = administrator.post(&format!("/roster/imports/{}/undo", import["id"]), &json!({})).await;
    assert_eq!(undone.status, StatusCode::NO_CONTENT, "{}", undone.body);
    assert_eq!(crate::databases::dump(&test.owner).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_of_a_list_of_classes_is_told_and_nothing_is_written() {
    let test = TestApp::start().await;
    let before = crate::databases::dump(&test.owner).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let counsellor = test.persona("counsellor");
    let classes = classes_of(&test, &counsellor).await;
    let (class, student) = (&classes[0], test.persona("student"));
    let college = test
        .one::<String>(
            "select name from departments where kind = 'college' and department_id <>
             (select college_id from departments where name = $1) limit 1",
            &[class],
        )
        .await;
    let file = format!(
        "班级,学院,年级,辅导员工号,辅导员\n没有的班,,,{counsellor},\n{class},{college},,{counsellor},\n\
         {class},,1999,{counsellor},\n{class},,,{student},\n{class},,,NOBODY,\n{class},,,{counsellor},别人\n\
         {class},,,{counsellor},\n{class},,,{counsellor},\n"
    );
    for path in ["/roster/preview", "/roster"] {
        let reply = send(&administrator, path, file.clone()).await;
        if path == "/roster" {
            assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY);
            continue;
        }
        let told = told(&reply);
        let places: Vec<(u64, &str)> =
            told.iter().map(|(line, column, _)| (*line, column.as_str())).collect();
        assert_eq!(
            places,
            [
                (2, "班级"),
                (3, "学院"),
                (4, "年级"),
                (5, "辅导员工号"),
                (6, "辅导员工号"),
                (7, "辅导员"),
                (9, "班级")
            ],
            "{told:#?}"
        );
        assert!(told[6].2.contains("第 8 行"), "a duplicate says where the first stands");
    }
    // A class without anybody, in a list for it, ends its counsellor: shown before it is done.
    let nobody = send(&administrator, "/roster/preview?list=classes", format!("班级\n{class}\n")).await;
    let report = &nobody.body["report"];
    assert_eq!((&report["without_counsellor"], &report["grants_ended"]), (&json!(1), &json!(1)));
    for role in ["counsellor", "college_leader", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        let refused = send(&viewer, "/roster?list=classes", format!("班级\n{class}\n")).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role}");
    }
    assert_eq!(crate::databases::dump(&test.owner).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_says_what_headings_mean_where_words_do_not() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let class: String = test.one("select name from departments where kind = 'class' limit 1", &[]).await;
    let file = format!("证号,称呼,行政班级,级别\nZ1,新同学,{class},2019\n");
    let looked = send(&administrator, "/roster/preview", file.clone()).await;
    assert_eq!((looked.status, &looked.body["list"]), (StatusCode::OK, &json!("students")));
    let columns = |reply: &Reply| {
        let headings = reply.body["headings"].as_array().unwrap();
        json!(headings.iter().map(|one| one["column"].clone()).collect::<Vec<_>>())
    };
    assert_eq!(columns(&looked), json!([null, null, "class", null]));
    assert_eq!(looked.body["report"], Value::Null);
    assert!(told(&looked)[0].2.contains("缺少 学号、姓名（number、name）列"), "{}", looked.body);
    let offered = looked.body["columns"].as_array().unwrap();
    assert!(
        offered.contains(&json!("number")) && !offered.contains(&json!("department")),
        "a student's columns"
    );

    let said = "list=students&columns=number,name,class,grade";
    let looked = send(&administrator, &format!("/roster/preview?{said}"), file.clone()).await;
    assert_eq!(columns(&looked), json!(["number", "name", "class", "grade"]));
    assert_eq!(looked.body["report"]["added"], json!(1), "{}", looked.body);
    let done = send(&administrator, &format!("/roster?{said}"), file.clone()).await;
    assert_eq!(done.body["added"], json!(1));
    assert_eq!(
        test.one::<Option<i16>>("select grade from persons where number = 'Z1'", &[]).await,
        Some(2019)
    );

    for (wrong, why) in [
        ("columns=number,name", "4 列"),
        ("columns=number,number,class,grade", "两次"),
        ("columns=number,name,class,password", "password"),
        ("list=staff&columns=number,name,class,grade", "class"),
    ] {
        let refused = send(&administrator, &format!("/roster/preview?{wrong}"), file.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
        assert_eq!(refused.fields(), ["columns"], "{wrong}");
        assert!(
            refused.body["errors"][0]["message"].as_str().unwrap().contains(why),
            "{wrong}: {}",
            refused.body
        );
    }
    // What a list is of can be said too, where nothing tells students from staff.
    let unclear = send(&administrator, "/roster/preview", "编号,姓名,入职日期\nZ2,甲,2015-01-01\n").await;
    assert!(told(&unclear)[0].2.contains("分不清是学生还是教职工"));
    let staff =
        send(&administrator, "/roster/preview?list=staff", "编号,姓名,入职日期\nZ2,甲,2015-01-01\n").await;
    assert_eq!(staff.body["report"]["added"], json!(1), "{}", staff.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_are_workbooks_that_import_as_they_are_filled_in() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    for list in ["students", "staff", "classes"] {
        let url = administrator.url(&format!("/api/v1/roster/template?list={list}&format=xlsx"));
        let response = administrator.request(Method::GET, url, None, &[]).await;
        assert_eq!(response.status(), StatusCode::OK);
        let disposition = response.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert_eq!(disposition, format!("attachment; filename=\"{list}.xlsx\""));
        let book = response.bytes().await.unwrap().to_vec();
        let mut parts = zip::ZipArchive::new(std::io::Cursor::new(&book)).unwrap();
        assert!(parts.by_name("xl/comments1.xml").is_ok(), "{list}: notes at the headings");
        let mut sheet = String::new();
        std::io::Read::read_to_string(&mut parts.by_name("xl/worksheets/sheet1.xml").unwrap(), &mut sheet)
            .unwrap();
        assert!(sheet.contains("<dataValidation "), "{list}: choices");

        let looked = send(&administrator, "/roster/preview", book).await;
        assert_eq!((looked.status, &looked.body["list"]), (StatusCode::OK, &json!(list)), "{}", looked.body);
        assert_eq!(looked.body["rows"], json!(0), "the example is no row");
        assert!(looked.body["headings"].as_array().unwrap().iter().all(|one| !one["column"].is_null()));
        let csv = administrator.get(&format!("/roster/template?list={list}")).await;
        assert!(csv.body.as_str().unwrap().starts_with('\u{feff}'));
    }
    // The example stays in the file, and out of the roster.
    let class: String = test.one("select name from departments where kind = 'class' limit 1", &[]).await;
    let filled =
        format!("学号*,姓名*,班级,年级\n示例 20190001,林小满,2019会计1班,2019\nZ1,新同学,{class},2019\n");
    let done = send(&administrator, "/roster", filled).await;
    assert_eq!((&done.body["people"], &done.body["added"]), (&json!(1), &json!(1)), "{}", done.body);
}

/// The lines of an answer by steps.
async fn lines(administrator: &Browser, path: &str, file: String) -> Vec<Value> {
    let url = administrator.url(&format!("/api/v1{path}"));
    let headers = [("Content-Type", "application/octet-stream"), ("Accept", "application/x-ndjson")];
    let response = administrator.request(Method::POST, url, Some(file.into_bytes()), &headers).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    let text = response.text().await.unwrap();
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_says_how_far_it_is() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let mut file = String::from("学号,姓名,身份,年级\n");
    for n in 0..20_000 {
        file.push_str(&format!("Z{n:05},同学,学生,2019\n"));
    }
    for (path, added) in [("/roster/preview", 0), ("/roster", 20_000)] {
        let lines = lines(&administrator, path, file.clone()).await;
        let (last, steps) = lines.split_last().unwrap();
        assert_eq!(last["step"], "done", "{last}");
        let result = if path == "/roster" { &last["result"] } else { &last["result"]["report"] };
        assert_eq!(result["added"], json!(20_000));
        // Steps that come while nobody looks are left out; those that are told go forward and say what is so.
        let done: Vec<i64> = steps
            .iter()
            .filter(|line| line["step"] == "writing")
            .map(|line| line["done"].as_i64().unwrap())
            .collect();
        assert!(done.len() >= 2 && done.is_sorted(), "{path}: {done:?}");
        assert!(
            steps.iter().filter(|line| line["step"] == "writing").all(|line| line["total"] == json!(20_000))
        );
        let order = ["reading", "checking", "writing", "following"];
        let places: Vec<usize> =
            steps.iter().map(|line| order.iter().position(|step| line["step"] == *step).unwrap()).collect();
        assert!(places.is_sorted(), "{places:?}");
        assert_eq!(test.one::<i64>("select count(*) from persons where number like 'Z%'", &[]).await, added);
    }
    // What goes wrong on the way is the last line, with the status it would have had.
    let lines = lines(&administrator, "/roster", "学号,姓名,身份,年级\nZ1,,学生,2019\n".into()).await;
    let last = lines.last().unwrap();
    assert_eq!((&last["step"], &last["problem"]["status"]), (&json!("failed"), &json!(422)), "{last}");
    // Who may not do it is refused at once.
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let refused = leader.post_raw("/roster", "学号,姓名\n", &[("Accept", "application/x-ndjson")]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

/// What the audit has of grants since an event, the oldest first: act, number, role, department, end, source, and who did it.
async fn recorded(test: &TestApp, since: i64) -> Vec<String> {
    let sql = "select concat_ws(' ', e.action, p.number, e.detail ->> 'role', d.name, e.detail ->> 'until',
                                e.detail ->> 'source', a.userid)
        from audit_events e
        join persons p on p.corp_id = e.corp_id and p.person_id = e.subject
        join departments d on d.corp_id = e.corp_id and d.department_id = (e.detail ->> 'department')::integer
        left join members a on a.corp_id = e.corp_id and a.member_id = e.actor
        where e.action in ('grant_given', 'grant_ended') and e.event_id > $1 order by e.event_id";
    test.owner.query(sql, &[&since]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

async fn last_event(test: &TestApp) -> i64 {
    test.one("select max(event_id) from audit_events", &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_grant_a_file_gives_or_ends_is_on_record_with_whom_and_until_when() {
    let test = TestApp::start().await;
    // The command's import, and the leaders that followed: nobody was signed in.
    let grants: i64 = test.one("select count(*) from grants", &[]).await;
    let given: i64 = test
        .one("select count(*) from audit_events where action = 'grant_given' and actor is null", &[])
        .await;
    assert_eq!(given, grants);
    test.import_roster().await;
    assert_eq!(recorded(&test, 0).await.len(), usize::try_from(grants).unwrap(), "nothing is given twice");

    let admin = test.persona("administrator");
    let administrator = test.sign_in(&admin).await;
    let counsellors = test.personas("counsellor");
    let (old, new) = (&counsellors[0], &counsellors[1]);
    let class = classes_of(&test, old).await.remove(0);
    let until: chrono::NaiveDate = test
        .one(
            "select g.until_date from grants g join persons p using (corp_id, person_id)
             join departments d using (corp_id, department_id)
             where p.number = $1 and d.name = $2 and g.role = 'counsellor'",
            &[old, &class],
        )
        .await;
    let file = |last: &str| format!("班级,辅导员工号,截止日期\n{class},{new},{last}\n");
    let since = last_event(&test).await;
    send(&administrator, "/roster/preview", file("2020-06-30")).await;
    assert_eq!(recorded(&test, since).await, [""; 0], "a look gives nothing");
    send(&administrator, "/roster", file("2020-06-30")).await;
    let import = administrator.get("/roster/imports").await.items()[0].clone();
    administrator.post(&format!("/roster/imports/{}/undo", import["id"]), &json!({})).await;
    assert_eq!(
        recorded(&test, since).await,
        [
            format!("grant_ended {old} counsellor {class} 2020-03-04 roster {admin}"),
            format!("grant_given {new} counsellor {class} 2020-07-01 roster {admin}"),
            // Taken back: it is as if it had never been.
            format!("grant_given {old} counsellor {class} {until} roster {admin}"),
            format!("grant_ended {new} counsellor {class} 2020-03-04 roster {admin}"),
        ]
    );

    // For longer is given, for less long is ended.
    send(&administrator, "/roster", file("2020-06-30")).await;
    let since = last_event(&test).await;
    for last in ["2020-07-31", "2020-05-31"] {
        send(&administrator, "/roster", file(last)).await;
    }
    assert_eq!(
        recorded(&test, since).await,
        [
            format!("grant_given {new} counsellor {class} 2020-08-01 roster {admin}"),
            format!("grant_ended {new} counsellor {class} 2020-06-01 roster {admin}"),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_gives_nothing_to_whoever_brings_it_and_nothing_for_ever() {
    let test = TestApp::start().await;
    let own = test.persona("administrator");
    test.owner.execute("update persons set name = '独一无二' where number = $1", &[&own]).await.unwrap();
    let administrator = test.sign_in(&own).await;
    let counsellor = test.persona("counsellor");
    let class = classes_of(&test, &counsellor).await.remove(0);
    let before = crate::databases::dump(&test.owner).await;
    let list = |number: &str, name: &str, last: &str| {
        format!("班级,辅导员工号,辅导员,截止日期\n{class},{number},{name},{last}\n")
    };
    for (file, column) in [
        (list(&own, "", ""), "辅导员工号"),
        (list(&own.to_lowercase(), "", "2020-06-30"), "辅导员工号"),
        (list("", "独一无二", ""), "辅导员"),
        // Neither the end of the academic year nor 400 days.
        (list(&counsellor, "", "2021-04-08"), "截止日期"),
        (list(&counsellor, "", "9999-12-30"), "截止日期"),
    ] {
        let looked = told(&send(&administrator, "/roster/preview", file.clone()).await);
        let places: Vec<(u64, &str)> =
            looked.iter().map(|(line, column, _)| (*line, column.as_str())).collect();
        assert_eq!(places, [(2, column)], "{file}: {looked:?}");
        let refused = send(&administrator, "/roster", file).await;
        assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["file"]));
    }
    assert_eq!(crate::databases::dump(&test.owner).await, before);

    // What somebody else gave them stays in the list, and grows no longer by it.
    test.owner
        .execute(
            "insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date, until_date)
             select 1, p.person_id, 'counsellor', d.department_id, '辅导员', 'roster', '2020-01-01', '2020-07-01'
             from persons p, departments d where p.number = $1 and d.name = $2 and d.kind = 'class'",
            &[&own, &class],
        )
        .await
        .unwrap();
    let kept = send(&administrator, "/roster", list(&own, "", "2020-06-30")).await;
    assert_eq!((kept.status, &kept.body["grants_added"]), (StatusCode::OK, &json!(0)), "{}", kept.body);
    let longer = send(&administrator, "/roster", list(&own, "", "2020-07-01")).await;
    assert_eq!(longer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", longer.body);

    // Another administrator's list ends it: undoing that would give it back.
    let other = test.personas("counsellor")[1].clone();
    test.owner
        .execute(
            "insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date, until_date)
             select 1, p.person_id, 'administrator', d.department_id, '值班', 'manual', '2020-01-01', '2020-07-01'
             from persons p, departments d where p.number = $1 and d.parent_id is null",
            &[&other],
        )
        .await
        .unwrap();
    let other = test.sign_in(&other).await;
    let ended = send(&other, "/roster", list(&counsellor, "", "2020-06-30")).await;
    assert_eq!(ended.status, StatusCode::OK, "{}", ended.body);
    let import = administrator.get("/roster/imports").await.items()[0].clone();
    let path = format!("/roster/imports/{}/undo", import["id"]);
    let refused = administrator.post(&path, &json!({})).await;
    assert_eq!(
        (refused.status, refused.fields()),
        (StatusCode::UNPROCESSABLE_ENTITY, vec!["id"]),
        "{}",
        refused.body
    );
    assert_eq!(other.post(&path, &json!({})).await.status, StatusCode::NO_CONTENT);
}
