//! Rules of reminders as administrators make them, and what their steps send.

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    browser_client::Browser,
    test_app::{TestApp, health_report, normal_answers, words_of},
};

async fn administrator(test: &TestApp) -> Browser {
    test.sign_in_on_pc(&test.persona("administrator")).await
}

fn step(to: &str, after: u32, wording: &str) -> Value {
    json!({ "to": to, "after_minutes": after, "wording": wording })
}

fn rule(times: &[&str], steps: &[Value]) -> Value {
    json!({ "days": "every", "times": times, "departments": null, "kinds": null, "steps": steps, "quiet": null,
            "spread_minutes": 0, "useful_minutes": null })
}

fn named(name: &str, rule: &Value) -> Value {
    json!({ "form": "health-daily", "name": name, "rule": rule })
}

async fn planned(test: &TestApp, time: &str) -> usize {
    test.clock.set_time(time);
    let planned = app::reminders::plan_due(&test.app, test.school()).await.unwrap();
    test.run_jobs().await;
    planned
}

/// The daily rule the school begins with would send too.
async fn pause_built_in(administrator: &Browser) {
    let built_in = administrator.get("/reminder-rules").await.items()[0].clone();
    assert_eq!((&built_in["name"], &built_in["form"]), (&json!("每日催办"), &json!("health-daily")));
    let paused = administrator.post(&format!("/reminder-rules/{}/pause", built_in["id"]), &json!(null)).await;
    assert_eq!(paused.body["state"], json!("paused"), "{}", paused.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_made_changed_paused_and_ended_and_every_act_is_kept() {
    let test = TestApp::start().await;
    let administrator = administrator(&test).await;
    let first = rule(&["09:00"], &[step("person", 0, "请填“{form}”")]);
    let made = administrator.post("/reminder-rules", &named("晨检", &first)).await;
    assert_eq!((made.status, &made.body["rule"]), (StatusCode::OK, &first), "{}", made.body);
    let again = administrator.post("/reminder-rules", &named("晨检", &first)).await;
    assert_eq!(again.body["id"], made.body["id"], "the same again is the same rule");
    let path = format!("/reminder-rules/{}", made.body["id"]);

    let second = rule(
        &["09:00", "11:00"],
        &[step("person", 0, "请填“{form}”"), step("counsellor", 30, "{count} 人未报")],
    );
    let mut change = named("晨检", &second);
    change["revision"] = json!(1);
    let changed = administrator.put(&path, &change).await;
    assert_eq!((changed.status, &changed.body["revision"]), (StatusCode::OK, &json!(2)), "{}", changed.body);
    assert_eq!(
        administrator.put(&path, &change).await.status,
        StatusCode::OK,
        "the same again changes nothing"
    );
    let mut stale = named("晨检", &first);
    stale["revision"] = json!(1);
    let refused = administrator.put(&path, &stale).await;
    assert_eq!((refused.status, refused.code()), (StatusCode::CONFLICT, "overtaken"));

    assert_eq!(
        administrator.post(&format!("{path}/pause"), &json!(null)).await.body["state"],
        json!("paused")
    );
    assert_eq!(planned(&test, "09:00").await, 0, "a paused rule plans nothing");
    assert_eq!(
        administrator.post(&format!("{path}/resume"), &json!(null)).await.body["state"],
        json!("active")
    );
    assert_eq!(planned(&test, "09:05").await, 1);
    let used = administrator.delete(&path).await;
    assert_eq!(used.fields(), ["id"], "what has sent something is ended, not deleted");
    assert_eq!(administrator.post(&format!("{path}/end"), &json!(null)).await.body["state"], json!("ended"));
    assert_eq!(administrator.post(&format!("{path}/resume"), &json!(null)).await.fields(), ["state"]);
    assert_eq!(planned(&test, "11:00").await, 0, "nor does one that has ended");

    let acts = administrator.get(&format!("{path}/acts")).await;
    let told: Vec<&str> = acts.items().iter().filter_map(|act| act["act"].as_str()).collect();
    assert_eq!(told, ["ended", "resumed", "paused", "changed", "created"]);
    let change = &acts.items()[3];
    assert_eq!((&change["before"]["rule"], &change["after"]["rule"]), (&first, &second));
    assert!(change["by"].as_str().is_some_and(|by| !by.is_empty()));

    let fresh = administrator.post("/reminder-rules", &named("没用过", &first)).await;
    let path = format!("/reminder-rules/{}", fresh.body["id"]);
    assert_eq!(administrator.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(administrator.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_cannot_be_is_told_by_field() {
    let test = TestApp::start().await;
    let administrator = administrator(&test).await;
    let good = rule(&["09:00"], &[step("person", 0, "请填“{form}”")]);
    let tell = async |change: &dyn Fn(&mut Value)| {
        let mut body = named("晨检", &good);
        change(&mut body);
        let reply = administrator.post("/reminder-rules", &body).await;
        assert_eq!(reply.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", reply.body);
        (reply.fields().join(","), reply.body["errors"][0]["message"].as_str().unwrap().to_owned())
    };
    assert_eq!(tell(&|body: &mut Value| body["name"] = json!(" ")).await.0, "name");
    assert_eq!(tell(&|body: &mut Value| body["form"] = json!("nothing")).await.0, "form");
    assert_eq!(
        tell(&|body: &mut Value| body["form"] = json!("trips")).await.0,
        "form",
        "nobody leaves a trip unreported"
    );
    assert_eq!(tell(&|body: &mut Value| body["rule"]["times"] = json!(["25:00"])).await.0, "times");
    assert_eq!(tell(&|body: &mut Value| body["rule"]["times"] = json!([])).await.0, "times");
    assert_eq!(tell(&|body: &mut Value| body["rule"]["kinds"] = json!(["staff"])).await.0, "kinds");
    assert_eq!(
        tell(&|body: &mut Value| body["rule"]["quiet"] = json!({ "from": "1", "until": "2" })).await.0,
        "quiet"
    );
    let (field, message) =
        tell(&|body: &mut Value| body["rule"]["steps"][0]["wording"] = json!("请打 {phone}")).await;
    assert_eq!(field, "steps");
    assert!(message.contains("{phone}") && message.contains("{closes}"), "{message}");
    assert_eq!(
        administrator.put("/reminder-settings", &json!({ "quiet": null, "most_a_day": 0 })).await.fields(),
        ["most_a_day"]
    );

    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    assert_eq!(counsellor.get("/reminder-rules").await.status, StatusCode::OK, "to be read by who reminds");
    for (path, body) in [
        ("/reminder-rules", named("晨检", &good)),
        ("/reminder-rules/outlook", json!({ "form": "health-daily", "rule": good })),
        ("/reminder-rules/test", json!({ "form": "health-daily", "rule": good, "to": "person" })),
        ("/reminder-rules/1/pause", json!(null)),
        ("/school-days", json!({ "text": "2020-05-01,放假" })),
    ] {
        assert_eq!(counsellor.post(path, &body).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let rounds = counsellor.get("/reminder-rules/1/rounds").await;
    assert_eq!(rounds.status, StatusCode::FORBIDDEN, "they count everybody a rule asks");
    let student = test.sign_in(&test.persona("student")).await;
    for path in
        ["/reminder-rules", "/reminder-settings", "/school-days?year=2020", "/reminder-rules/1/people"]
    {
        assert_eq!(student.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_step_after_the_other_as_long_as_somebody_is_missing() {
    let test = TestApp::start().await;
    let administrator = administrator(&test).await;
    pause_built_in(&administrator).await;
    let steps = [
        step("person", 0, "{name}，请填“{form}”"),
        step("counsellor", 30, "{class}还有 {count}/{expected} 人未报，请在 {closes} 前提醒。"),
        step("college", 60, "{college}还有 {count} 人未报。"),
        step("school", 90, "全校还有 {count}/{expected} 人未报。"),
    ];
    administrator.post("/reminder-rules", &named("逐级催办", &rule(&["09:00"], &steps))).await;
    let students: i64 = test
        .one(
            "select count(*) from persons p join memberships m using (corp_id, person_id) join departments d using (corp_id, department_id)
             where p.kind = 'student' and m.is_main and m.until_date is null and d.college_id is not null",
            &[],
        )
        .await;
    assert_eq!(planned(&test, "09:00").await, 1);
    let counsellor = test.persona("counsellor");
    let theirs = test.students_of(&counsellor).await;
    let name: String = test.one("select name from persons where number = $1", &[&theirs[0]]).await;
    let message = test.messages_of(&theirs[0]).await.swap_remove(0);
    assert_eq!(words_of(&message["content"]), format!("{name}，请填“健康日报”"));

    // One of them reports; the counsellor hears of the others.
    test.sign_in(&theirs[0]).await.post("/reports", &health_report(normal_answers())).await;
    assert_eq!(planned(&test, "09:30").await, 1);
    let message = test.messages_of(&counsellor).await.swap_remove(0);
    let left = theirs.len() - 1;
    assert_eq!(message["content"]["title"], json!(format!("健康日报未报 {left} 人")));
    let words = message["content"]["description"].as_str().unwrap();
    assert!(
        words.contains(&format!("还有 {left}/{} 人未报，请在 今晚 24:00 前提醒。", theirs.len())),
        "{words}"
    );
    assert!(message["content"]["url"].as_str().unwrap().contains("/h5/unreported/health-daily"));

    assert_eq!(planned(&test, "10:00").await, 1);
    let leader = test.messages_of(&test.persona("college_leader")).await.swap_remove(0);
    assert!(leader["content"]["description"].as_str().unwrap().starts_with("信息学院还有 "), "{leader}");
    assert!(leader["content"]["url"].as_str().unwrap().contains("/h5/statistics/health-daily"));

    // All but one report, and then that one too: the school hears of one, and then of nobody.
    for missing in [1, 0] {
        let all: Vec<String> = test
            .owner
            .query(
                "select p.number from persons p join memberships m using (corp_id, person_id) join departments d using (corp_id, department_id)
                 where p.kind = 'student' and m.is_main and m.until_date is null and d.college_id is not null
                   and not exists (select from reports r where r.corp_id = p.corp_id and r.person_id = p.person_id) order by 1",
                &[],
            )
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();
        for number in &all[..all.len() - missing] {
            let report = test.sign_in(number).await.post("/reports", &health_report(normal_answers())).await;
            assert_eq!(report.status, StatusCode::CREATED, "{}", report.body);
        }
        if missing == 1 {
            assert_eq!(planned(&test, "10:30").await, 1);
            let leader = test.messages_of(&test.persona("school_leader")).await.swap_remove(0);
            let words = format!("全校还有 1/{students} 人未报。");
            assert_eq!(leader["content"]["description"], json!(words));
        }
    }
    let before = test.messages_of(&test.persona("school_leader")).await.len();
    let late = rule(&["11:00"], &[step("school", 0, "全校还有 {count} 人未报。")]);
    self::administrator(&test).await.post("/reminder-rules", &named("收尾", &late)).await;
    assert_eq!(planned(&test, "11:00").await, 1);
    assert_eq!(test.messages_of(&test.persona("school_leader")).await.len(), before, "nobody is missing");
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_looked_at_and_tested_before_it_goes() {
    let test = TestApp::start().await;
    let userid = test.persona("administrator");
    let administrator = administrator(&test).await;
    let student = test.persona("student");
    test.sign_in(&student).await.post("/reports", &health_report(normal_answers())).await;
    let steps = [step("person", 0, "{name}，请填“{form}”"), step("counsellor", 60, "还有 {count} 人")];
    let mut draft = rule(&["09:00", "23:00"], &steps);
    draft["days"] = json!("workdays");
    let outlook = administrator
        .post("/reminder-rules/outlook", &json!({ "form": "health-daily", "rule": draft }))
        .await;
    let body = &outlook.body;
    let asked: i64 = test.one("select count(*) from persons where kind = 'student'", &[]).await;
    assert_eq!(
        body["steps"][0]["receivers"],
        json!(asked - 3),
        "two are outside the colleges, one has reported: {body}"
    );
    assert_eq!(body["steps"][0]["left_out"]["reported"], json!(1));
    let own: String = test.one("select name from persons where number = $1", &[&userid]).await;
    assert_eq!(body["steps"][0]["card"]["description"], json!(format!("{own}，请填“健康日报”")));
    assert_eq!(body["steps"][1]["card"]["title"], json!(format!("健康日报未报 {} 人", asked - 3)));
    assert!(body["steps"][1]["receivers"].as_i64().unwrap() >= 2, "{body}");
    // 23:00 is in the night: of no use any more when it ends. Saturday and Sunday are left out.
    let moments: Vec<&str> =
        body["moments"].as_array().unwrap().iter().filter_map(|moment| moment["at"].as_str()).collect();
    let mornings: Vec<&&str> = moments.iter().filter(|at| at.contains("T01:00:00")).collect();
    assert_eq!(mornings[..3], [&"2020-03-04T01:00:00Z", &"2020-03-05T01:00:00Z", &"2020-03-06T01:00:00Z"]);
    assert_eq!(test.one::<i64>("select count(*) from mailings", &[]).await, 0, "nothing was planned");

    let order = json!({ "form": "health-daily", "rule": draft, "to": "counsellor" });
    for _ in 0..2 {
        let sent = administrator.post_with("/reminder-rules/test", "one-test-only", &order).await;
        assert_eq!(sent.status, StatusCode::ACCEPTED, "{}", sent.body);
        test.run_jobs().await;
    }
    let messages = test.messages_of(&userid).await;
    assert_eq!(messages.len(), 1);
    assert!(messages[0]["content"]["title"].as_str().unwrap().starts_with("【测试】"), "{}", messages[0]);
    assert_eq!(test.one::<i64>("select count(*) from outbox", &[]).await, 1, "to nobody else");
    // An administrator sees counts and no people.
    let made = administrator.post("/reminder-rules", &named("试试", &draft)).await;
    let people = format!("/reminder-rules/{}/people", made.body["id"]);
    assert_eq!(administrator.get(&people).await.status, StatusCode::FORBIDDEN);
    let counsellor = test.persona("counsellor");
    let theirs = test.students_of(&counsellor).await;
    let list = test.sign_in(&counsellor).await.get(&people).await;
    let numbers: Vec<&str> = list.items().iter().filter_map(|one| one["number"].as_str()).collect();
    let missing: Vec<&str> = theirs.iter().map(String::as_str).filter(|number| *number != student).collect();
    assert_eq!(numbers, missing, "of their own classes alone");
    assert!(list.items().iter().all(|one| one["state"] == json!("waiting")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_round_is_spread_and_what_it_did_is_on_record() {
    let test = TestApp::start().await;
    let administrator = administrator(&test).await;
    pause_built_in(&administrator).await;
    let mut spread = rule(&["09:00"], &[step("person", 0, "请填“{form}”")]);
    spread["spread_minutes"] = json!(10);
    let made = administrator.post("/reminder-rules", &named("错峰", &spread)).await;
    assert_eq!(planned(&test, "09:00").await, 1);
    let sent = async || test.one::<i64>("select count(*) from outbox where state = 'sent'", &[]).await;
    assert_eq!(sent().await, 0, "not at the full hour");
    let all: i64 = test.one("select count(*) from outbox", &[]).await;
    let mut before = 0;
    for minute in 1..=10 {
        test.clock.set_time(&format!("09:{minute:02}"));
        app::jobs::look_at_schedules(&test.app).await;
        test.run_jobs().await;
        let now = sent().await;
        assert!(now > before, "some in each minute");
        before = now;
    }
    assert_eq!(before, all);
    let rounds = administrator.get(&format!("/reminder-rules/{}/rounds", made.body["id"])).await;
    let round = &rounds.items()[0];
    assert_eq!(
        (&round["time"], &round["to"], &round["day"]),
        (&json!("09:00"), &json!("person"), &json!("2020-03-04"))
    );
    assert_eq!(round["counts"], json!({ "sent": all }));

    // Paused in the middle of a round, the rest stays back.
    test.clock.advance(TimeDelta::days(1));
    assert_eq!(planned(&test, "09:05").await, 1);
    let path = format!("/reminder-rules/{}/pause", made.body["id"]);
    self::administrator(&test).await.post(&path, &json!(null)).await;
    test.clock.set_time("09:30");
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    let late: i64 = test.one("select count(*) from outbox where state = 'expired'", &[]).await;
    assert!(late > 0 && sent().await < 2 * all, "{late}");
    assert_eq!(sent().await + late, 2 * all);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_calendar_is_pasted_corrected_and_followed() {
    let test = TestApp::start().await;
    let administrator = administrator(&test).await;
    pause_built_in(&administrator).await;
    let mut workdays = rule(&["09:00"], &[step("person", 0, "请填“{form}”")]);
    workdays["days"] = json!("workdays");
    administrator.post("/reminder-rules", &named("工作日", &workdays)).await;
    let list = json!({ "text": "日期,类型,名称\n2020-03-04,放假,校庆\n2020-03-07 上班 补课\n2020-05-01 至 2020-05-05,放假,劳动节" });
    let looked = administrator.post("/school-days", &json!({ "text": list["text"], "preview": true })).await;
    assert_eq!(looked.body, json!({ "days": 7, "changed": 7 }));
    assert!(administrator.get("/school-days?year=2020").await.items().is_empty(), "only looked at");
    for changed in [7, 0] {
        assert_eq!(
            administrator.post("/school-days", &list).await.body,
            json!({ "days": 7, "changed": changed })
        );
    }
    let wrong =
        administrator.post("/school-days", &json!({ "text": "2020-05-01,旅游\n不是日期1,放假" })).await;
    assert_eq!(wrong.fields(), ["text.1", "text.2"]);
    assert_eq!(planned(&test, "09:00").await, 0, "a day off");
    let path = "/school-days/2020-03-04";
    assert_eq!(administrator.delete(path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(planned(&test, "09:10").await, 1, "a Wednesday like any other");
    let set = administrator.put(path, &json!({ "kind": "holiday", "name": "校庆" })).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT);
    let days = administrator.get("/school-days?year=2020").await;
    assert_eq!(days.items()[0]["day"], json!("2020-03-04"));
    assert_eq!((&days.items()[0]["kind"], days.items().len()), (&json!("holiday"), 7));
    test.clock.advance(TimeDelta::days(3));
    assert_eq!(planned(&test, "09:00").await, 1, "a Saturday that is made up for");
}
