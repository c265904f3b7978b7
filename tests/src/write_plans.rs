//! The roster written back to WeCom: planned, approved, carried out once whatever happens in between.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    browser_client::{Browser, Reply},
    test_app::TestApp,
};

async fn plan(browser: &Browser, file: &str) -> Reply {
    let file = file.as_bytes().to_vec();
    browser.post_raw("/write-plans", file, &[("Content-Type", "application/octet-stream")]).await
}

async fn look(test: &TestApp, path: &str) -> Value {
    reqwest::get(format!("{}/_sim/{path}", test.simulator.url())).await.unwrap().json().await.unwrap()
}

/// Names of the first college and of two of its classes.
async fn places(test: &TestApp) -> (String, String, String) {
    let row = test
        .owner
        .query_one(
            "select c.name, min(d.name), max(d.name) from departments d
             join departments c on c.corp_id = d.corp_id and c.department_id = d.college_id
             where d.kind = 'class' group by c.name, c.department_id having count(*) > 1 order by c.department_id limit 1",
            &[],
        )
        .await
        .unwrap();
    (row.get(0), row.get(1), row.get(2))
}

const HEADER: &str = "学号,姓名,身份,学院,年级,班级,联系电话,离校日期\n";

/// A file that makes a class with two students, moves, renames and disables one each.
async fn file(test: &TestApp) -> (String, Vec<String>) {
    let (college, _, _) = places(test).await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let name = async |number: &str| -> String {
        test.one("select name from persons where number = $1", &[&number]).await
    };
    let (moved, renamed, left) = (&students[0], &students[1], &students[2]);
    let class: String = test
        .one(
            "select d.name from departments d join member_departments md using (corp_id, department_id)
             join members m using (corp_id, member_id) where m.userid = $1 and d.kind = 'class'",
            &[renamed],
        )
        .await;
    let mut file = String::from(HEADER);
    file.push_str(&format!("W1,新生甲,学生,{college},2020,2020会计1班,10000000001,\n"));
    file.push_str(&format!("W2,新生乙,学生,{college},2020,2020会计1班,10000000002,\n"));
    file.push_str(&format!("{moved},{},学生,{college},2020,2020会计1班,,\n", name(moved).await));
    file.push_str(&format!("{renamed},改了名,学生,,2018,{class},,\n"));
    file.push_str(&format!("{left},{},学生,,2018,{class},,2020-03-01\n", name(left).await));
    (file, students)
}

async fn check_written(test: &TestApp, students: &[String]) {
    let class = look(test, "members/W1").await["departments"][0].clone();
    assert!(class["path"].as_str().unwrap().ends_with("2020级/2020会计1班"), "{class}");
    assert_eq!(look(test, "members/W2").await["departments"][0]["id"], class["id"], "one class, made once");
    let moved = look(test, &format!("members/{}", students[0])).await;
    assert_eq!(moved["departments"][0]["id"], class["id"], "{moved}");
    assert_eq!(look(test, &format!("members/{}", students[1])).await["name"], json!("改了名"));
    assert_eq!(look(test, &format!("members/{}", students[2])).await["status"], json!(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_looked_at_approved_and_carried_out() {
    let test = TestApp::start().await;
    let (file, students) = file(&test).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let made = plan(&administrator, &file).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    let id = made.body["plan"].as_i64().unwrap_or_else(|| panic!("{}", made.body));
    let steps = administrator.get(&format!("/write-plans/{id}/steps")).await;
    let kinds: Vec<&str> = steps.items().iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "create_department",
            "create_department",
            "create_member",
            "create_member",
            "move_member",
            "rename_member",
            "disable_member"
        ]
    );
    assert!(!steps.body.to_string().contains("10000000001"), "no phone on the page");
    test.run_jobs().await;
    assert!(look(&test, "members/W1").await["error"].is_string(), "nothing is written before the approval");

    let detail = administrator.get(&format!("/write-plans/{id}")).await;
    let approval = json!({ "digest": detail.body["digest"] });
    let path = format!("/write-plans/{id}/approval");
    let other = administrator.post(&path, &json!({ "digest": "00".repeat(32) })).await;
    assert_eq!(other.status, StatusCode::CONFLICT);
    let approved = administrator.post(&path, &approval).await;
    assert_eq!(approved.status, StatusCode::ACCEPTED, "{}", approved.body);
    assert_eq!(administrator.post(&path, &approval).await.status, StatusCode::CONFLICT, "once");
    test.run_jobs().await;
    test.assert_no_failed_jobs().await;
    check_written(&test, &students).await;
    let done = administrator.get(&format!("/write-plans/{id}")).await;
    assert_eq!(done.body["state"], json!("done"), "{}", done.body);
    assert!(done.body["counts"].as_array().unwrap().iter().all(|count| count["state"] == json!("done")));
    // The mirror has it by itself, and the same file has nothing more to say.
    let again = plan(&administrator, &file).await;
    assert_eq!(
        (&again.body["plan"], &again.body["error_count"]),
        (&json!(null), &json!(0)),
        "{}",
        again.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_goes_on_wherever_it_was_killed() {
    let test = TestApp::start().await;
    let (file, students) = file(&test).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let id = plan(&administrator, &file).await.body["plan"].as_i64().unwrap();
    let digest = administrator.get(&format!("/write-plans/{id}")).await.body["digest"].clone();
    let path = format!("/write-plans/{id}/approval");
    assert_eq!(administrator.post(&path, &json!({ "digest": digest })).await.status, StatusCode::ACCEPTED);
    // As a process leaves it that dies after WeCom has done a step and before that is recorded: step by step,
    // everything is forgotten but that it was begun.
    for _ in 0..7 {
        test.run_jobs().await;
        test.owner
            .batch_execute(&format!(
                "update write_steps set state = 'trying', result_id = null, attempts = greatest(attempts, 1) where plan_id = {id};
                 update write_plans set state = 'approved', finished_at = null where plan_id = {id};
                 delete from jobs where kind = 'write_back'"
            ))
            .await
            .unwrap();
        app::jobs::look_at_schedules(&test.app).await;
    }
    test.run_jobs().await;
    check_written(&test, &students).await;
    let done = administrator.get(&format!("/write-plans/{id}")).await;
    assert_eq!(done.body["state"], json!("done"), "{}", done.body);
    let failed = administrator.get(&format!("/write-plans/{id}/steps?state=failed")).await;
    assert!(failed.items().is_empty(), "{}", failed.body);
    let departments: i64 =
        test.one("select count(*) from departments where name in ('2020级', '2020会计1班')", &[]).await;
    assert_eq!(departments, 2, "nothing is made twice");
}

/// How many steps carry a phone, and how many say of whom or what they are.
async fn said(test: &TestApp) -> (i64, i64) {
    let words =
        "select count(*) from write_steps where concat(subject, name, before, after, before_name) <> ''
                 or departments <> '{}' or before_departments <> '{}'";
    (
        test.one("select count(*) from write_steps where phone is not null", &[]).await,
        test.one(words, &[]).await,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_ended_keeps_no_phone_and_a_month_later_no_word() {
    let test = TestApp::start().await;
    let (_, class, _) = places(&test).await;
    let (file, _) = file(&test).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let id = plan(&administrator, &file).await.body["plan"].as_i64().unwrap();
    assert_eq!(said(&test).await, (2, 7));
    let digest = administrator.get(&format!("/write-plans/{id}")).await.body["digest"].clone();
    let path = format!("/write-plans/{id}/approval");
    assert_eq!(administrator.post(&path, &json!({ "digest": digest })).await.status, StatusCode::ACCEPTED);
    test.run_jobs().await;
    assert_eq!(said(&test).await, (0, 7), "what was written can still be looked at");

    let gone = plan(&administrator, &format!("{HEADER}W3,新生丙,学生,,2018,{class},10000000003,\n")).await;
    let gone = gone.body["plan"].as_i64().unwrap();
    assert_eq!(said(&test).await, (1, 8));
    assert_eq!(administrator.delete(&format!("/write-plans/{gone}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(said(&test).await, (0, 8), "nor one that was given up");
    let lying = plan(&administrator, &format!("{HEADER}W4,新生丁,学生,,2018,{class},10000000004,\n")).await;
    let lying = lying.body["plan"].as_i64().unwrap();
    for (days, left) in [(29, (1, 9)), (2, (0, 0))] {
        test.clock.advance(TimeDelta::days(days));
        let sweep = "insert into jobs (corp_id, kind, payload, run_at, max_attempts, created_at) values (1, 'sweep', 'null', $1, 20, $1)";
        test.owner.execute(sweep, &[&test.app.now()]).await.unwrap();
        test.run_jobs().await;
        assert_eq!(said(&test).await, left, "{days} more days");
    }
    let state: String = test.one("select state from write_plans where plan_id = $1", &[&lying]).await;
    assert_eq!(state, "discarded", "nobody approves what can't be read any more");
    let given_up = test
        .owner
        .query(
            "select actor is null from audit_events where action = 'write_plan_discarded' order by event_id",
            &[],
        )
        .await
        .unwrap();
    let by_itself: Vec<bool> = given_up.iter().map(|row| row.get(0)).collect();
    assert_eq!(by_itself, [false, true], "by hand, and because nobody did anything");
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let done = administrator.get(&format!("/write-plans/{id}/steps?state=done")).await;
    assert_eq!(done.items().len(), 7, "how each ended stays: {}", done.body);
    let mut tx = test.app.store().scoped(1).await.unwrap();
    let since = test.app.now() - TimeDelta::days(40);
    assert_eq!(store::write_plans::accounts_made_since(&mut tx, 1, since).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_wecom_refuses_is_told_by_row_and_the_rest_goes_on() {
    let test = TestApp::start().await;
    let (_, class, _) = places(&test).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let taken: Value = look(&test, &format!("members/{}", test.persona("student"))).await;
    let file = format!(
        "{HEADER}W1,新生甲,学生,,2018,{class},{},\nW2,新生乙,学生,,2018,{class},10000000002,\n",
        taken["mobile"].as_str().unwrap()
    );
    let id = plan(&administrator, &file).await.body["plan"].as_i64().unwrap();
    let digest = administrator.get(&format!("/write-plans/{id}")).await.body["digest"].clone();
    administrator.post(&format!("/write-plans/{id}/approval"), &json!({ "digest": digest })).await;
    test.run_jobs().await;
    let failed = administrator.get(&format!("/write-plans/{id}/steps?state=failed")).await;
    assert_eq!(failed.items().len(), 1, "{}", failed.body);
    assert_eq!(failed.items()[0]["code"], json!(60104));
    assert!(failed.items()[0]["message"].as_str().unwrap().contains("属于另一个账号"));
    assert_eq!(look(&test, "members/W2").await["name"], json!("新生乙"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_the_directory_has_overtaken_is_refused() {
    let test = TestApp::start().await;
    let (file, students) = file(&test).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let id = plan(&administrator, &file).await.body["plan"].as_i64().unwrap();
    let digest = administrator.get(&format!("/write-plans/{id}")).await.body["digest"].clone();
    test.control(&format!("members/{}", students[1]), &json!({ "name": "又改了" })).await;
    test.sync().await;
    let path = format!("/write-plans/{id}/approval");
    let refused = administrator.post(&path, &json!({ "digest": digest })).await;
    assert_eq!((refused.status, &refused.body["code"]), (StatusCode::CONFLICT, &json!("stale_approval")));
    assert_eq!(administrator.delete(&format!("/write-plans/{id}")).await.status, StatusCode::NO_CONTENT);
    for role in ["student", "counsellor", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(plan(&viewer, &file).await.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(viewer.get("/write-plans").await.status, StatusCode::FORBIDDEN, "{role}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn departments_are_renamed_moved_and_given_up_when_they_are_empty() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let (college, class, _) = places(&test).await;
    let full = plan(&administrator, &format!("现部门,新名称,新上级,停用\n{class},,,是\n")).await;
    assert_eq!(full.body["errors"][0]["column"], json!("停用"), "{}", full.body);
    assert!(full.body["errors"][0]["message"].as_str().unwrap().contains("请先把他们调整到别的部门"));

    let id: i32 = test.one("select department_id from departments where name = $1", &[&class]).await;
    let empty = test.control("departments", &json!({ "name": "筹备中的班", "parent": college })).await;
    test.sync().await;
    let file = format!("现部门,新名称,新上级,停用\n{class},改了名的班,{college},\n筹备中的班,,,是\n");
    let made = plan(&administrator, &file).await;
    let number = made.body["plan"].as_i64().unwrap_or_else(|| panic!("{}", made.body));
    let steps = administrator.get(&format!("/write-plans/{number}/steps")).await;
    let kinds: Vec<&str> = steps.items().iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["rename_department", "move_department", "delete_department"], "{}", steps.body);
    let digest = administrator.get(&format!("/write-plans/{number}")).await.body["digest"].clone();
    let path = format!("/write-plans/{number}/approval");
    assert_eq!(administrator.post(&path, &json!({ "digest": digest })).await.status, StatusCode::ACCEPTED);
    test.run_jobs().await;
    let failed = administrator.get(&format!("/write-plans/{number}/steps?state=failed")).await;
    assert!(failed.items().is_empty(), "{}", failed.body);
    let written = look(&test, &format!("departments/{id}")).await;
    let above: i32 = test
        .one("select department_id from departments where name = $1 and kind = 'college'", &[&college])
        .await;
    assert_eq!((&written["name"], &written["parent"]), (&json!("改了名的班"), &json!(above)), "{written}");
    let gone = look(&test, &format!("departments/{}", empty["id"])).await;
    assert!(gone["error"].is_string(), "{gone}");
    // The mirror has followed, and the plan can't be made again.
    let name: String = test.one("select name from departments where department_id = $1", &[&id]).await;
    assert_eq!(name, "改了名的班");
    let again = plan(&administrator, &file).await;
    assert_eq!(again.body["error_count"], json!(2), "{}", again.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_department_that_changed_since_is_not_written() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let (_, class, _) = places(&test).await;
    let made = plan(&administrator, &format!("现部门,新名称,新上级,停用\n{class},改了名的班,,\n")).await;
    let number = made.body["plan"].as_i64().unwrap_or_else(|| panic!("{}", made.body));
    let digest = administrator.get(&format!("/write-plans/{number}")).await.body["digest"].clone();
    let id: i32 = test.one("select department_id from departments where name = $1", &[&class]).await;
    test.control(&format!("departments/{id}"), &json!({ "name": "别人先改了" })).await;
    test.sync().await;
    let path = format!("/write-plans/{number}/approval");
    let refused = administrator.post(&path, &json!({ "digest": digest })).await;
    assert_eq!((refused.status, &refused.body["code"]), (StatusCode::CONFLICT, &json!("stale_approval")));
}
