//! 授权: given and ended by hand, never more than one holds; and gone within seconds whatever ends it (goal Z4).

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{browser_client::Browser, test_app::TestApp};

const LIST: &str = "/unreported/health-daily";

async fn department(test: &TestApp, name: &str) -> i32 {
    test.one("select department_id from departments where name = $1", &[&name]).await
}

async fn school(test: &TestApp) -> i32 {
    test.one("select department_id from departments where kind = 'school'", &[]).await
}

fn new(number: &str, role: &str, department: i32) -> Value {
    json!({ "number": number, "role": role, "department": department, "purpose": "春季学期", "last": "2020-07-31" })
}

async fn give(browser: &Browser, body: &Value) -> Value {
    let given = browser.post("/grants", body).await;
    assert_eq!(given.status, StatusCode::OK, "{}", given.body);
    given.body
}

/// The id of the only grant by hand.
async fn by_hand(test: &TestApp) -> i64 {
    test.one("select grant_id from grants where source = 'manual'", &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_is_given_seen_and_ended_with_who_and_why() {
    let test = TestApp::start().await;
    let office_id = test.persona("college_office");
    let office = test.sign_in(&office_id).await;
    let (info, other) = (department(&test, "信息学院").await, department(&test, "管理学院").await);
    let teacher = test.persona("staff");
    let wanted = new(&teacher, "college_leader", info);

    let looked = office.post("/grants/preview", &wanted).await;
    let name: String = test.one("select name from persons where number = $1", &[&teacher]).await;
    assert_eq!(
        (&looked.body["name"], &looked.body["added"]),
        (&json!(name), &json!(true)),
        "{}",
        looked.body
    );
    let grants: i64 = test.one("select count(*) from grants where source = 'manual'", &[]).await;
    assert_eq!(grants, 0, "looking gives nothing");
    assert_eq!(give(&office, &wanted).await["added"], json!(true));
    assert_eq!(give(&office, &wanted).await["added"], json!(false), "a second tap");

    let list = office.get(&format!("/grants?role=college_leader&department={info}")).await;
    let row = list.items().iter().find(|row| row["number"] == json!(teacher)).unwrap();
    let giver: String = test.one("select name from persons where number = $1", &[&office_id]).await;
    assert_eq!(
        (&row["source"], &row["purpose"], &row["last"], &row["given_by"], &row["may_end"]),
        (&json!("manual"), &json!("春季学期"), &json!("2020-07-31"), &json!(giver), &json!(true))
    );
    // Leaders of the directory are listed with it, and end in 企业微信 only.
    let leader = list.items().iter().find(|row| row["source"] == json!("directory")).unwrap();
    assert_eq!((&leader["may_end"], &leader["last"]), (&json!(false), &json!(null)));
    let end = json!({ "reason": "换人" });
    let refused = office.post(&format!("/grants/{}/end", leader["id"]), &end).await;
    assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["id"]));
    let roster = office.get("/grants?role=counsellor").await.items()[0].clone();
    assert_eq!(roster["source"], json!("roster"));
    assert_eq!(office.post(&format!("/grants/{}/end", roster["id"]), &end).await.fields(), ["id"]);

    // Another college's office neither sees nor ends it.
    let names: Vec<Value> = office
        .get("/grants?limit=200")
        .await
        .items()
        .iter()
        .map(|row| row["department"]["id"].clone())
        .collect();
    assert!(!names.contains(&json!(other)));
    test.owner
        .execute("update grants set department_id = $1 where role = 'college_office' and department_id <> $1 and person_id in
                  (select person_id from persons where number = $2)", &[&other, &office_id])
        .await
        .unwrap();
    test.forget_viewers().await;
    let id = by_hand(&test).await;
    let (foreign, nothing) = (
        office.post(&format!("/grants/{id}/end"), &end).await,
        office.post("/grants/999999/end", &end).await,
    );
    assert_eq!((foreign.status, &foreign.body), (StatusCode::NOT_FOUND, &nothing.body));

    let school_office_id = test.persona("school_office");
    let school_office = test.sign_in(&school_office_id).await;
    assert_eq!(
        school_office.post(&format!("/grants/{id}/end"), &json!({ "reason": " " })).await.fields(),
        ["reason"]
    );
    assert_eq!(school_office.post(&format!("/grants/{id}/end"), &end).await.status, StatusCode::NO_CONTENT);
    assert_eq!(
        school_office.post(&format!("/grants/{id}/end"), &end).await.status,
        StatusCode::NOT_FOUND,
        "once"
    );
    let acts = school_office.get("/grants/acts").await;
    let told: Vec<(&Value, &Value)> = acts.items().iter().map(|act| (&act["act"], &act["reason"])).collect();
    assert_eq!(told, [(&json!("ended"), &json!("换人")), (&json!("given"), &json!(null))]);
    assert_eq!(acts.items()[1]["by"], json!(giver));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_more_than_they_hold_nor_anything_to_themselves() {
    let test = TestApp::start().await;
    let (info, other, whole) =
        (department(&test, "信息学院").await, department(&test, "管理学院").await, school(&test).await);
    let counsellor = test.persona("counsellor");
    let teacher = test.persona("staff");
    let students = test.students_of(&counsellor).await;
    let class: i32 = test
        .one(
            "select m.department_id from memberships m join persons p using (corp_id, person_id)
             where p.number = $1 and m.is_main and m.until_date is null",
            &[&students[0]],
        )
        .await;
    let foreign: String = test
        .one(
            "select min(p.number) from memberships m join departments d using (corp_id, department_id) join persons p using (corp_id, person_id)
             where m.is_main and m.until_date is null and d.college_id = $1 and p.kind = 'student'",
            &[&other],
        )
        .await;
    let (office_id, administrator_id) = (test.persona("college_office"), test.persona("administrator"));
    let office = test.sign_in(&office_id).await;
    let school_office = test.sign_in(&test.persona("school_office")).await;
    let administrator = test.sign_in(&administrator_id).await;
    for (who, browser, body, field) in [
        ("another college", &office, new(&teacher, "college_leader", other), "department"),
        ("the school", &office, new(&teacher, "school_office", whole), "department"),
        ("no such department", &office, new(&teacher, "college_leader", 999_999), "department"),
        ("a leader of a class", &office, new(&teacher, "college_leader", class), "department"),
        ("themselves", &office, new(&office_id, "college_leader", info), "number"),
        ("a student who leads", &office, new(&students[0], "college_leader", info), "number"),
        ("a teacher as class assistant", &office, new(&teacher, "class_assistant", class), "number"),
        ("a student of another college", &office, new(&foreign, "class_assistant", class), "number"),
        ("nobody", &office, new("nobody", "counsellor", class), "number"),
        ("an office makes administrators", &school_office, new(&teacher, "administrator", whole), "role"),
        ("an administrator's counsellor", &administrator, new(&teacher, "counsellor", class), "role"),
        ("an administrator's own", &administrator, new(&administrator_id, "school_office", whole), "number"),
    ] {
        let refused = browser.post("/grants", &body).await;
        assert_eq!(
            (refused.status, refused.fields()),
            (StatusCode::UNPROCESSABLE_ENTITY, vec![field]),
            "{who}: {}",
            refused.body
        );
    }
    let mut late = new(&teacher, "college_leader", info);
    for (field, value) in [
        ("last", json!("2020-03-03")),
        ("last", json!("2021-04-08")),
        ("purpose", json!(" ")),
        ("purpose", json!("x".repeat(65))),
    ] {
        let before = std::mem::replace(&mut late[field], value);
        assert_eq!(office.post("/grants", &late).await.fields(), [field], "{late}");
        late[field] = before;
    }
    for (browser, body) in [
        (&office, new(&students[0], "class_assistant", class)),
        (&office, new(&teacher, "counsellor", class)),
        (&school_office, new(&teacher, "school_leader", whole)),
        (&administrator, new(&teacher, "college_office", other)),
        (&administrator, new(&teacher, "auditor", whole)),
    ] {
        assert_eq!(give(browser, &body).await["added"], json!(true), "{body}");
    }
    for role in ["student", "counsellor", "college_leader", "school_leader", "staff"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        if role != "staff" {
            assert_eq!(viewer.get("/grants").await.status, StatusCode::FORBIDDEN, "{role}");
            assert_eq!(
                viewer.post("/grants", &new(&teacher, "counsellor", class)).await.status,
                StatusCode::FORBIDDEN,
                "{role}"
            );
            assert_eq!(viewer.get("/grants/acts").await.status, StatusCode::FORBIDDEN, "{role}");
        }
    }
    // Who audits reads everything that was given, by whomever.
    let auditor = test.sign_in(&teacher).await;
    assert_eq!(auditor.get("/grants/acts").await.items().len(), 5);
}

/// What a viewer may do is remembered for less than the five seconds within which it must be gone.
#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_may_is_remembered_for_seconds_only() {
    let Ok(url) = std::env::var("ROLLCALL_TEST_REDIS_URL") else { return };
    let test = TestApp::start().await;
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    let mut connection = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
    // Tests beside this one may empty the same Redis at any moment, so it is asked until it has something to say.
    for _ in 0..100 {
        counsellor.get("/me").await;
        let keys: Vec<String> =
            redis::cmd("KEYS").arg("viewer:*").query_async(&mut connection).await.unwrap();
        let mut seen = 0;
        for key in keys {
            let left: i64 = redis::cmd("PTTL").arg(&key).query_async(&mut connection).await.unwrap();
            // -2: gone meanwhile. -1 would be kept for ever.
            assert!(left == -2 || (0..=5000).contains(&left), "{left} ms");
            seen += i32::from(left >= 0);
        }
        if seen > 0 {
            return;
        }
    }
    panic!("no viewer was ever remembered");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ended_or_over_opens_nothing() {
    let test = TestApp::start().await;
    let office_id = test.persona("college_office");
    let office = test.sign_in(&office_id).await;
    let info = department(&test, "信息学院").await;
    let teacher = test.persona("staff");
    let browser = test.sign_in(&teacher).await;
    assert_eq!(browser.get(LIST).await.status, StatusCode::FORBIDDEN);
    give(&office, &new(&teacher, "college_leader", info)).await;
    test.forget_viewers().await;
    assert_eq!(browser.get(LIST).await.status, StatusCode::OK);

    // Ended by hand: gone as soon as what was remembered is.
    let id = by_hand(&test).await;
    office.post(&format!("/grants/{id}/end"), &json!({ "reason": "不再需要" })).await;
    test.forget_viewers().await;
    assert_eq!(browser.get(LIST).await.status, StatusCode::FORBIDDEN);

    // Over by the clock: gone at midnight, even where it is still remembered.
    let mut day = new(&teacher, "college_leader", info);
    day["last"] = json!("2020-03-04");
    give(&office, &day).await;
    test.forget_viewers().await;
    assert_eq!(browser.get(LIST).await.status, StatusCode::OK);
    test.clock.set_time("23:59");
    let browser = test.sign_in(&teacher).await;
    test.clock.advance(TimeDelta::seconds(59));
    assert_eq!(browser.get(LIST).await.status, StatusCode::OK);
    test.clock.advance(TimeDelta::seconds(1));
    assert_eq!(browser.get(LIST).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_left_is_signed_out() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let counsellor = test.sign_in(&counsellor_id).await;
    assert_eq!(counsellor.get(LIST).await.status, StatusCode::OK);
    let url = format!("{}/_sim/members/{counsellor_id}", test.simulator.url());
    assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
    // By the event of WeCom, or by the next sync: both end with the member gone.
    test.run_jobs().await;
    test.sync().await;
    test.forget_viewers().await;
    assert_eq!(counsellor.get(LIST).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(counsellor.get("/me").await.status, StatusCode::UNAUTHORIZED, "and stays so");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_moved_is_seen_where_they_are_and_who_leads_no_more_sees_nobody() {
    let test = TestApp::start().await;
    let counsellors = test.personas("counsellor");
    let mine = test.students_of(&counsellors[0]).await;
    let other: i32 = test
        .one(
            "select min(g.department_id) from grants g join persons p using (corp_id, person_id)
             where g.role = 'counsellor' and p.number = $1",
            &[counsellors.last().unwrap()],
        )
        .await;
    let counsellor = test.sign_in(&counsellors[0]).await;
    let person: i64 = test.one("select person_id from persons where number = $1", &[&mine[0]]).await;
    let phone = format!("/people/{person}/phone");
    let call = json!({ "purpose": "call" });
    assert_eq!(counsellor.post(&phone, &call).await.status, StatusCode::OK);
    // The student moves into another counsellor's class.
    test.control(&format!("members/{}", mine[0]), &json!({ "department": [other] })).await;
    test.clock.advance(TimeDelta::days(1));
    test.sync().await;
    let counsellor = test.sign_in(&counsellors[0]).await;
    assert_eq!(counsellor.post(&phone, &call).await.status, StatusCode::NOT_FOUND);
    let theirs = test.sign_in(counsellors.last().unwrap()).await;
    assert_eq!(theirs.post(&phone, &call).await.status, StatusCode::OK);

    // A class that moves to another college goes out of its office's sight at once: no grant changes.
    let office = test.sign_in(&test.persona("college_office")).await;
    let (info, elsewhere) = (department(&test, "信息学院").await, department(&test, "管理学院").await);
    let class: i32 = test
        .one("select min(department_id) from departments where kind = 'class' and college_id = $1", &[&info])
        .await;
    let seen = async |browser: &Browser| -> bool {
        let found = browser.get("/departments?purpose=give_grants").await;
        found.items().iter().any(|one| one["id"] == json!(class))
    };
    assert!(seen(&office).await);
    test.owner
        .execute(
            "update departments set college_id = $2, grade_id = null where department_id = $1",
            &[&class, &elsewhere],
        )
        .await
        .unwrap();
    assert!(!seen(&office).await);

    // Who is a leader in 企业微信 no more loses the grant with it.
    let leader_id = test.persona("college_leader");
    let leader = test.sign_in(&leader_id).await;
    assert_eq!(leader.get(LIST).await.status, StatusCode::OK);
    let places: i32 = test
        .one(
            "select count(*)::int from member_departments d join members m using (corp_id, member_id)
             where m.userid = $1 and d.until_date is null",
            &[&leader_id],
        )
        .await;
    let nowhere = vec![false; usize::try_from(places).unwrap()];
    test.control(&format!("members/{leader_id}"), &json!({ "is_leader": nowhere })).await;
    test.sync().await;
    test.forget_viewers().await;
    assert_eq!(leader.get(LIST).await.status, StatusCode::FORBIDDEN);
}
