//! 部门人员流动日报: figures of each department, who signs them, and the sheet of it.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::test_app::TestApp;

fn trip(left_on: &str, returned_on: Option<&str>) -> Value {
    let mut answers = json!({
        "left_on": left_on, "out_transport": "自驾", "reason": "公务", "destination": "410302", "address": "某地",
        "returned": returned_on.is_some(),
    });
    if let Some(day) = returned_on {
        answers["returned_on"] = json!(day);
        answers["back_transport"] = json!("自驾");
    }
    json!({ "form": "trips", "version": 1, "answers": answers })
}

/// The staff numbers of an office.
async fn staff_of(test: &TestApp, office: &str) -> Vec<String> {
    let sql = "select p.number from persons p join memberships m using (corp_id, person_id) join departments d using (corp_id, department_id)
        join members a on a.corp_id = p.corp_id and a.person_id = p.person_id
        where m.is_main and m.until_date is null and d.name = $1 and p.kind = 'staff' order by p.number";
    test.owner.query(sql, &[&office]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// Makes somebody the head of a department.
async fn make_head(test: &TestApp, number: &str, department: &str) {
    let sql = "insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date, until_date)
        select p.corp_id, p.person_id, 'department_head', d.department_id, '部门负责人', 'manual', date '2020-01-01', date '2027-08-31'
        from persons p join departments d using (corp_id) where p.number = $1 and d.name = $2";
    assert_eq!(test.owner.execute(sql, &[&number, &department]).await.unwrap(), 1);
    test.forget_viewers().await;
}

fn row<'a>(table: &'a Value, department: &str) -> &'a Value {
    let rows = table["rows"].as_array().unwrap();
    rows.iter()
        .find(|row| row["department"]["name"] == json!(department))
        .unwrap_or_else(|| panic!("no {department}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_counted_signed_and_exported() {
    let test = TestApp::start().await;
    let mut staff = staff_of(&test, "信息中心").await;
    // The administrator sees the whole school already: somebody else is to be the head.
    let administrator = test.persona("administrator");
    staff.sort_by_key(|number| *number == administrator);
    assert!(staff.len() >= 2, "{staff:?}");
    let all: i64 = test.one("select count(*) from persons where kind = 'staff'", &[]).await;
    test.sign_in(&staff[0]).await.post("/reports", &trip("2020-03-02", None)).await;
    test.sign_in(&staff[1]).await.post("/reports", &trip("2020-03-01", Some("2020-03-04"))).await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let leave = json!({ "number": staff[1], "kind": "leave", "from": "2020-03-04", "last": "2020-03-04", "reason": "看病" });
    assert_eq!(office.post("/exemptions", &leave).await.status, StatusCode::OK);

    let leader = test.sign_in(&test.persona("school_leader")).await;
    let table = leader.get("/movements?day=2020-03-04").await.body;
    assert_eq!(table["total"]["staff"], json!(all), "everybody of the staff is counted once");
    let sum: i64 =
        table["rows"].as_array().unwrap().iter().map(|row| row["movement"]["staff"].as_i64().unwrap()).sum();
    assert_eq!(sum, all);
    let centre = row(&table, "信息中心");
    let movement = &centre["movement"];
    assert_eq!(
        (&movement["away"], &movement["returned"], &movement["on_leave"]),
        (&json!(1), &json!(1), &json!(1))
    );
    let id = centre["department"]["id"].as_i64().unwrap();
    for (state, number) in [("away", &staff[0]), ("returned", &staff[1]), ("on_leave", &staff[1])] {
        let people =
            leader.get(&format!("/movements/people?day=2020-03-04&department={id}&state={state}")).await;
        assert_eq!(people.items().len(), 1, "{state}");
        assert_eq!(people.items()[0]["number"], json!(number), "{state}");
    }
    let before = leader.get("/movements?day=2020-03-01").await.body;
    assert_eq!(row(&before, "信息中心")["movement"]["away"], json!(1), "that day it was the other");

    // Whoever answers for the department signs; the same again is the same.
    make_head(&test, &staff[0], "信息中心").await;
    let head = test.sign_in(&staff[0]).await;
    let path = format!("/movements/2020-03-04/{id}/signature");
    for _ in 0..2 {
        let reply = head.put(&path, &json!({ "note": "洛阳出差一人" })).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.body);
    }
    let kept: i64 = test.one("select count(*) from movement_sign_offs", &[]).await;
    assert_eq!(kept, 1);
    let own = head.get("/movements").await.body;
    assert_eq!(own["rows"].as_array().unwrap().len(), 1, "a head sees their department");
    assert_eq!(
        (&own["rows"][0]["mine"], &own["rows"][0]["signed"]["note"], &own["rows"][0]["signed"]["changed"]),
        (&json!(true), &json!("洛阳出差一人"), &json!(false))
    );

    // What changes afterwards is told, and signed again.
    // Who is on leave travels too.
    let away = test.sign_in(&staff[1]).await.post("/reports", &trip("2020-03-03", None)).await;
    assert_eq!(away.status, StatusCode::CREATED, "{}", away.body);
    let own = head.get("/movements").await.body;
    assert_eq!(own["rows"][0]["signed"]["changed"], json!(true));
    assert_eq!(head.put(&path, &json!({})).await.status, StatusCode::NO_CONTENT);
    let kept: i64 =
        test.one("select count(*) from movement_sign_offs where revoked_at is not null", &[]).await;
    assert_eq!(kept, 1, "what was signed before stays on record");

    let columns = ["index", "unit", "staff", "away", "back", "on_leave", "note", "heads"];
    let titles = ["序号", "部门", "总人数", "外出人数", "返回人数", "请假人数", "备注", "负责人"];
    let columns: Vec<Value> = columns
        .iter()
        .zip(titles)
        .map(|(column, title)| json!({ "column": column, "title": title }))
        .collect();
    let asked = json!({ "name": "部门人员流动日报", "purpose": "报送", "definition": {
        "dataset": "movements", "columns": columns, "order": "listed", "filters": { "day": "2020-03-04" } } });
    let sheet = crate::exports::sheet(&test, &leader, &asked).await;
    assert_eq!(sheet[0], titles);
    let name: String = test.one("select name from persons where number = $1", &[&staff[0]]).await;
    let line = sheet.iter().find(|row| row[1] == "信息中心").unwrap();
    assert_eq!(line[3..], ["2", "1", "1", "", name.as_str()]);
    assert_eq!(sheet.last().unwrap()[1..3], ["合计".to_owned(), all.to_string()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_whoever_answers_for_a_whole_department_signs_and_in_time() {
    let test = TestApp::start().await;
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let table = leader.get("/movements").await.body;
    let centre = row(&table, "信息中心")["department"]["id"].clone();
    let college = row(&table, "信息学院")["department"]["id"].clone();
    let path = |day: &str, id: &Value| format!("/movements/{day}/{id}/signature");
    let student = test.sign_in(&test.persona("student")).await;
    assert_eq!(student.get("/movements").await.status, StatusCode::FORBIDDEN);
    for role in ["student", "school_leader", "administrator"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(
            viewer.put(&path("2020-03-04", &centre), &json!({})).await.status,
            StatusCode::FORBIDDEN,
            "{role}"
        );
    }
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    assert_eq!(
        counsellor.put(&path("2020-03-04", &college), &json!({})).await.status,
        StatusCode::NOT_FOUND,
        "a part of it only"
    );
    let dean = test.sign_in(&test.persona("college_leader")).await;
    assert_eq!(
        dean.put(&path("2020-03-04", &centre), &json!({})).await.status,
        StatusCode::NOT_FOUND,
        "another's"
    );
    let office = test.sign_in(&test.persona("school_office")).await;
    for (day, field) in [("2020-03-05", "day"), ("2020-02-20", "day")] {
        let reply = office.put(&path(day, &centre), &json!({})).await;
        assert_eq!(reply.body["errors"][0]["field"], json!(field), "{day}");
    }
    let reply = office.put(&path("2020-03-04", &centre), &json!({ "note": "长".repeat(101) })).await;
    assert_eq!(reply.body["errors"][0]["field"], json!("note"));
    assert_eq!(office.put(&path("2020-03-04", &centre), &json!({})).await.status, StatusCode::NO_CONTENT);
}
