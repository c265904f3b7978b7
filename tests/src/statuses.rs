//! 学籍异动: classes, stays and numbers as the school says them, since when and why; beside what the directory shows.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    browser_client::{Browser, Reply},
    test_app::{TestApp, health_report, normal_answers},
};

async fn send(browser: &Browser, path: &str, file: &str) -> Reply {
    let file = file.as_bytes().to_vec();
    browser.post_raw(path, file, &[("Content-Type", "application/octet-stream")]).await
}

/// A college's class: its id and name, of all of them by id.
async fn class(test: &TestApp, at: i64) -> (i32, String) {
    let sql = "select department_id, name from departments where kind = 'class' and college_id is not null
               order by department_id offset $1 limit 1";
    let row = test.owner.query_one(sql, &[&at]).await.unwrap();
    (row.get(0), row.get(1))
}

/// Students of a class by number, on the day the test begins.
async fn students(test: &TestApp, class: i32) -> Vec<String> {
    let sql = "select p.number from persons p join memberships m using (corp_id, person_id)
               where m.is_main and m.until_date is null and m.department_id = $1 and p.kind = 'student' order by 1";
    test.owner.query(sql, &[&class]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// How many of a class are expected on a day, as the school's leader sees it.
async fn expected(test: &TestApp, class: i32, day: &str) -> i64 {
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let table = leader.get(&format!("/statistics/health-daily?day={day}&by=class&department={class}")).await;
    let explained =
        leader.get(&format!("/statistics/health-daily/explanation?day={day}&department={class}")).await;
    assert_eq!(
        table.body["total"]["expected"], explained.body["expected"],
        "the figure and its explanation agree"
    );
    let exempt = explained.body["exempt"].as_array().unwrap().iter();
    let exempt: i64 = exempt.map(|part| part["people"].as_i64().unwrap()).sum();
    assert_eq!(
        explained.body["enrolled"].as_i64().unwrap() - exempt,
        explained.body["expected"].as_i64().unwrap()
    );
    table.body["total"]["expected"].as_i64().unwrap()
}

fn transfer(number: &str, to: &str, from: &str) -> Value {
    json!({ "number": number, "kind": "transfer", "from": from, "department": to, "reason": "教务处批文" })
}

async fn done(browser: &Browser, path: &str, body: &Value) {
    let reply = browser.post(path, body).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{path} {body}: {}", reply.body);
}

/// The first change of the list.
async fn newest(browser: &Browser) -> Value {
    browser.get("/statuses").await.items()[0].clone()
}

async fn timeline(browser: &Browser, number: &str) -> Value {
    let seen = browser.post("/statuses/timeline", &json!({ "number": number })).await;
    assert_eq!(seen.status, StatusCode::OK, "{}", seen.body);
    seen.body
}

async fn revoke(browser: &Browser, change: &Value) -> Reply {
    let reason = json!({ "reason": "登记错了" });
    browser.post(&format!("/statuses/{}/revocation", change["id"]), &reason).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_class_holds_from_its_day_whatever_the_directory_shows() {
    let test = TestApp::start().await;
    let ((a, _), (b, to)) = (class(&test, 0).await, class(&test, 1).await);
    let student = students(&test, a).await[0].clone();
    let office = test.sign_in(&test.persona("school_office")).await;
    let (before_a, before_b) =
        (expected(&test, a, "2020-02-10").await, expected(&test, b, "2020-02-10").await);
    done(&office, "/statuses", &transfer(&student, &to, "2020-02-10")).await;
    for (day, moved) in [("2020-02-09", 0), ("2020-02-10", 1), ("2020-03-04", 1), ("2020-04-01", 1)] {
        assert_eq!(expected(&test, a, day).await, before_a - moved, "{day}");
        assert_eq!(expected(&test, b, day).await, before_b + moved, "{day}");
    }
    // The directory still shows the old class; it says so beside, and moves nobody.
    test.sync().await;
    assert_eq!(expected(&test, b, "2020-03-04").await, before_b + 1);
    let timeline = office.post("/statuses/timeline", &json!({ "number": student })).await;
    let [now, then] = [&timeline.body["places"][0], &timeline.body["places"][1]];
    assert_eq!((&now["name"], &now["source"]), (&json!(to), &json!("correction")), "{}", timeline.body);
    assert_eq!((&then["until"], &now["from"]), (&json!("2020-02-10"), &json!("2020-02-10")));
    assert_eq!(timeline.body["observed"].as_array().unwrap().len(), 1, "what was observed stands apart");
    assert_ne!(timeline.body["observed"][0]["name"], json!(to));

    let change = newest(&office).await;
    assert_eq!((&change["kind"], &change["place"]), (&json!("transfer"), &json!(to)));
    assert_eq!(revoke(&office, &change).await.status, StatusCode::NO_CONTENT);
    assert_eq!(revoke(&office, &change).await.status, StatusCode::NOT_FOUND, "once");
    for day in ["2020-02-10", "2020-03-04", "2020-04-01"] {
        assert_eq!(expected(&test, a, day).await, before_a, "{day}");
    }
    assert!(office.get("/statuses").await.items().is_empty());
    let kept = office.get("/statuses?revoked=true").await;
    assert_eq!(kept.items()[0]["revoke_reason"], json!("登记错了"));
    test.sync().await;
    assert_eq!(expected(&test, a, "2020-03-04").await, before_a);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_the_directory_agrees_with_is_handed_over_and_nothing_changes() {
    let test = TestApp::start().await;
    let ((a, _), (b, to)) = (class(&test, 0).await, class(&test, 1).await);
    let (c, _) = class(&test, 2).await;
    let student = students(&test, a).await[0].clone();
    let office = test.sign_in(&test.persona("school_office")).await;
    done(&office, "/statuses", &transfer(&student, &to, "2020-02-10")).await;
    let place = "select m.source || ' ' || m.from_date || ' ' || m.department_id from memberships m
                 join persons p using (corp_id, person_id) where p.number = $1 and m.is_main and m.until_date is null";
    assert_eq!(test.one::<String>(place, &[&student]).await, format!("correction 2020-02-10 {b}"));
    let figures = (expected(&test, a, "2020-03-04").await, expected(&test, b, "2020-03-04").await);

    test.control(&format!("members/{student}"), &json!({ "department": [b] })).await;
    test.sync().await;
    assert_eq!(test.one::<String>(place, &[&student]).await, format!("directory 2020-02-10 {b}"));
    assert_eq!((expected(&test, a, "2020-03-04").await, expected(&test, b, "2020-03-04").await), figures);
    let nothing = test.sync().await;
    assert_eq!(nothing.rows_written(), 0);
    // From here on the directory moves the person again.
    test.control(&format!("members/{student}"), &json!({ "department": [c] })).await;
    test.sync().await;
    assert_eq!(test.one::<String>(place, &[&student]).await, format!("directory 2020-03-04 {c}"));
    // And what it did stays when the change is taken back; before it, what was before.
    assert_eq!(revoke(&office, &newest(&office).await).await.status, StatusCode::NO_CONTENT);
    assert_eq!(test.one::<String>(place, &[&student]).await, format!("directory 2020-03-04 {c}"));
    assert_eq!(expected(&test, a, "2020-02-20").await, figures.0 + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_may_lie_ahead_and_goes_back_last_first() {
    let test = TestApp::start().await;
    let ((a, _), (b, second), (c, third)) =
        (class(&test, 0).await, class(&test, 1).await, class(&test, 2).await);
    let student = students(&test, a).await[0].clone();
    let office = test.sign_in(&test.persona("school_office")).await;
    let was = expected(&test, a, "2020-03-04").await;
    done(&office, "/statuses", &transfer(&student, &second, "2020-03-10")).await;
    let first = newest(&office).await;
    done(&office, "/statuses", &transfer(&student, &third, "2020-04-01")).await;
    test.sync().await;
    let (of_b, of_c) = (expected(&test, b, "2020-03-04").await, expected(&test, c, "2020-03-04").await);
    for (day, [in_a, in_b, in_c]) in
        [("2020-03-09", [0, 0, 0]), ("2020-03-10", [-1, 1, 0]), ("2020-04-01", [-1, 0, 1])]
    {
        assert_eq!(expected(&test, a, day).await, was + in_a, "{day}");
        assert_eq!(expected(&test, b, day).await, of_b + in_b, "{day}");
        assert_eq!(expected(&test, c, day).await, of_c + in_c, "{day}");
    }
    let refused = revoke(&office, &first).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    assert!(refused.body.to_string().contains("请先撤销之后的那一条"));
    assert_eq!(revoke(&office, &newest(&office).await).await.status, StatusCode::NO_CONTENT);
    assert_eq!(revoke(&office, &first).await.status, StatusCode::NO_CONTENT);
    for day in ["2020-03-10", "2020-04-01"] {
        assert_eq!(expected(&test, a, day).await, was, "{day}");
    }
    let there = office.post("/statuses", &transfer(&student, &class(&test, 0).await.1, "2020-03-04")).await;
    assert!(there.body.to_string().contains("已经在这个班级"), "{}", there.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_of_a_place_and_of_a_stay_are_put_right() {
    let test = TestApp::start().await;
    let ((a, _), (b, to)) = (class(&test, 0).await, class(&test, 1).await);
    let student = students(&test, a).await[0].clone();
    let office = test.sign_in(&test.persona("school_office")).await;
    let (was_a, was_b) = (expected(&test, a, "2020-02-20").await, expected(&test, b, "2020-02-20").await);
    // The directory moved the person when somebody got round to it.
    test.control(&format!("members/{student}"), &json!({ "department": [b] })).await;
    test.sync().await;
    assert_eq!(expected(&test, b, "2020-02-20").await, was_b);
    let timeline = office.post("/statuses/timeline", &json!({ "number": student })).await;
    let place = &timeline.body["places"][0];
    assert_eq!((&place["name"], &place["from"]), (&json!(to), &json!("2020-03-04")));
    let path = format!("/statuses/places/{}/dates", place["id"]);
    done(&office, &path, &json!({ "from": "2020-02-17", "reason": "2 月 17 日起已在新班上课" })).await;
    assert_eq!(expected(&test, b, "2020-02-20").await, was_b + 1);
    assert_eq!(expected(&test, a, "2020-02-20").await, was_a - 1);
    assert_eq!(expected(&test, a, "2020-02-16").await, was_a);
    assert_eq!(test.sync().await.rows_written(), 0, "the directory agrees");
    let nothing = json!({ "from": "2017-01-01", "reason": " " });
    assert_eq!(office.post(&path, &nothing).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(revoke(&office, &newest(&office).await).await.status, StatusCode::NO_CONTENT);
    assert_eq!(expected(&test, b, "2020-02-20").await, was_b);
    assert_eq!(expected(&test, b, "2020-03-04").await, was_b + 1);

    // A stay that began later than was thought; a roster that says otherwise does not overrule it.
    let other = students(&test, a).await[1].clone();
    let late = json!({ "number": other, "from": "2020-03-01", "reason": "延期入学" });
    done(&office, "/statuses/stays", &late).await;
    assert_eq!(expected(&test, a, "2020-02-29").await, was_a - 1);
    test.import_roster().await;
    assert_eq!(expected(&test, a, "2020-02-29").await, was_a - 1);
    let backwards = json!({ "number": other, "from": "2020-03-01", "until": "2020-03-01", "reason": "x" });
    assert_eq!(office.post("/statuses/stays", &backwards).await.fields(), ["until"]);
    assert_eq!(revoke(&office, &newest(&office).await).await.status, StatusCode::NO_CONTENT);
    assert_eq!(expected(&test, a, "2020-02-29").await, was_a);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_is_expected_until_the_day_before_and_comes_back_with_a_date() {
    let test = TestApp::start().await;
    let (a, name) = class(&test, 0).await;
    let student = students(&test, a).await[0].clone();
    let office = test.sign_in(&test.persona("school_office")).await;
    let was = expected(&test, a, "2020-03-04").await;
    let withdrawal =
        json!({ "number": student, "kind": "withdrawal", "from": "2020-02-20", "reason": "本人申请" });
    done(&office, "/statuses", &withdrawal).await;
    let again = office.post("/statuses", &withdrawal).await;
    assert_eq!(again.fields(), ["from"], "gone already: {}", again.body);
    assert_eq!(expected(&test, a, "2020-02-19").await, was);
    assert_eq!(expected(&test, a, "2020-02-20").await, was - 1);
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let explained =
        leader.get(&format!("/statistics/health-daily/explanation?day=2020-02-20&department={a}")).await;
    assert_eq!(explained.body["changed"]["left"], json!(1), "{}", explained.body);
    test.sync().await;
    test.import_roster().await;
    assert_eq!(
        expected(&test, a, "2020-03-04").await,
        was - 1,
        "neither directory nor roster bring them back"
    );
    // Their account still opens Rollcall, and finds nobody there.
    test.forget_viewers().await;
    let gone = test.sign_in(&student).await;
    assert_eq!(gone.get("/me").await.body["person"], json!(null));
    assert!(gone.get("/forms").await.items().is_empty());

    let back = json!({ "number": student, "kind": "return", "from": "2020-03-02", "reason": "恢复学籍" });
    done(&office, "/statuses", &back).await;
    for (day, missing) in [("2020-02-19", 0), ("2020-02-20", 1), ("2020-03-01", 1), ("2020-03-02", 0)] {
        assert_eq!(expected(&test, a, day).await, was - missing, "{day}");
    }
    test.forget_viewers().await;
    let here = test.sign_in(&student).await;
    assert_eq!(here.get("/me").await.body["person"]["class"]["name"], json!(name));
    assert!(here.get("/forms").await.items().iter().any(|form| form["code"] == "health-daily"));
    assert_eq!(revoke(&office, &newest(&office).await).await.status, StatusCode::NO_CONTENT);
    assert_eq!(expected(&test, a, "2020-03-02").await, was - 1);
    assert_eq!(revoke(&office, &newest(&office).await).await.status, StatusCode::NO_CONTENT);
    assert_eq!(expected(&test, a, "2020-02-20").await, was);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_ends_when_somebody_is_back() {
    let test = TestApp::start().await;
    let (a, _) = class(&test, 0).await;
    let student = students(&test, a).await[0].clone();
    let office = test.sign_in(&test.persona("school_office")).await;
    let was = expected(&test, a, "2020-03-04").await;
    let back = json!({ "number": student, "kind": "return", "from": "2020-03-04", "reason": "病愈" });
    assert_eq!(office.post("/statuses", &back).await.fields(), ["number"], "was never away");
    let list = format!("学号,变动类型,生效日期,截止日期,新班级,原因\n{student},休学,2020-02-01,,,休学一年\n");
    assert_eq!(send(&office, "/statuses/list", &list).await.status, StatusCode::OK);
    assert_eq!(expected(&test, a, "2020-03-04").await, was - 1);
    done(&office, "/statuses", &back).await;
    for (day, missing) in [("2020-02-01", 1), ("2020-03-03", 1), ("2020-03-04", 0), ("2020-05-01", 0)] {
        assert_eq!(expected(&test, a, day).await, was - missing, "{day}");
    }
    assert_eq!(revoke(&office, &newest(&office).await).await.status, StatusCode::NO_CONTENT);
    for day in ["2020-02-01", "2020-03-04", "2020-05-01"] {
        assert_eq!(expected(&test, a, day).await, was - 1, "{day}: suspended as before");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn grants_end_with_the_stay_and_come_back_only_when_it_was_a_mistake() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let counsellor = test.sign_in(&userid).await;
    assert!(counsellor.get("/unreported/health-daily").await.status.is_success());
    let office = test.sign_in(&test.persona("school_office")).await;
    let ahead = json!({ "number": userid, "kind": "departure", "from": "2020-03-05", "reason": "离职" });
    done(&office, "/statuses", &ahead).await;
    let until = "select count(*) from grants g join persons p using (corp_id, person_id)
                 where p.number = $1 and g.until_date > '2020-03-05'";
    assert_eq!(test.one::<i64>(until, &[&userid]).await, 0);
    test.forget_viewers().await;
    assert!(counsellor.get("/unreported/health-daily").await.status.is_success(), "until the day before");
    test.import_roster().await;
    assert_eq!(test.one::<i64>(until, &[&userid]).await, 0, "the roster's grants end with the stay too");
    test.clock.advance(chrono::TimeDelta::days(1));
    let counsellor = test.sign_in(&userid).await;
    assert_eq!(counsellor.get("/unreported/health-daily").await.status, StatusCode::FORBIDDEN);
    let office = test.sign_in(&test.persona("school_office")).await;
    assert_eq!(revoke(&office, &newest(&office).await).await.status, StatusCode::NO_CONTENT);
    test.forget_viewers().await;
    assert!(counsellor.get("/unreported/health-daily").await.status.is_success());
    // A leader by the directory holds nothing while they are off the roster.
    let dean = test.persona("college_leader");
    let leaving = json!({ "number": dean, "kind": "departure", "from": "2020-03-05", "reason": "调出" });
    done(&office, "/statuses", &leaving).await;
    test.sync().await;
    let held = "select count(*) from grants g join persons p using (corp_id, person_id)
                where p.number = $1 and g.until_date > '2020-03-05'";
    assert_eq!(test.one::<i64>(held, &[&dean]).await, 0);
    assert_eq!(test.sync().await.rows_written(), 0);
    assert_eq!(revoke(&office, &newest(&office).await).await.status, StatusCode::NO_CONTENT);
    assert_ne!(test.one::<i64>(held, &[&dean]).await, 0, "the directory still shows them leading");
}

#[tokio::test(flavor = "multi_thread")]
async fn taking_a_change_back_gives_no_grant_back_that_somebody_ended_and_none_to_oneself() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let (office_id, administrator_id) = (test.persona("school_office"), test.persona("administrator"));
    let office = test.sign_in(&office_id).await;
    let held = "select count(*) from grants g join persons p using (corp_id, person_id)
                where p.number = $1 and g.until_date > '2020-03-10'";
    let by_roster = test.one::<i64>(held, &[&userid]).await;
    let college: i32 = test
        .one("select department_id from departments where kind = 'college' order by 1 limit 1", &[])
        .await;
    let given = json!({ "number": userid, "role": "college_leader", "department": college,
        "purpose": "春季学期", "last": "2020-07-31" });
    assert!(office.post("/grants", &given).await.status.is_success());
    test.owner
        .execute("update grants set from_date = '2020-03-01' where source = 'manual'", &[])
        .await
        .unwrap();
    // A correction that takes nothing, and a departure ahead that takes everything: then one is ended by hand.
    let stay: chrono::NaiveDate =
        test.one("select from_date from persons where number = $1", &[&userid]).await;
    let earlier = json!({ "number": userid, "from": stay.pred_opt().unwrap(), "reason": "更正" });
    let end_by_hand = async || {
        let id: i64 = test.one("select grant_id from grants where source = 'manual'", &[]).await;
        let ended = office.post(&format!("/grants/{id}/end"), &json!({ "reason": "换人" })).await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT, "{}", ended.body);
    };
    let corrected = office.post("/statuses/stays", &earlier).await;
    assert!(corrected.status.is_success(), "{}", corrected.body);
    assert_eq!(test.one::<i64>(held, &[&userid]).await, by_roster + 1);
    end_by_hand().await;
    assert_eq!(revoke(&office, &newest(&office).await).await.status, StatusCode::NO_CONTENT);
    assert_eq!(test.one::<i64>(held, &[&userid]).await, by_roster, "it stays ended");

    assert!(office.post("/grants", &given).await.status.is_success());
    test.owner
        .execute("update grants set from_date = '2020-03-02' where source = 'manual' and until_date > '2020-03-10'", &[])
        .await
        .unwrap();
    let leaving = |number: &str| json!({ "number": number, "kind": "departure", "from": "2020-03-10", "reason": "离职" });
    done(&office, "/statuses", &leaving(&userid)).await;
    assert_eq!(test.one::<i64>(held, &[&userid]).await, 0);
    let id: i64 = test
        .one("select grant_id from grants where source = 'manual' and until_date = '2020-03-10'", &[])
        .await;
    let ended = office.post(&format!("/grants/{id}/end"), &json!({ "reason": "换人" })).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT, "{}", ended.body);
    assert_eq!(revoke(&office, &newest(&office).await).await.status, StatusCode::NO_CONTENT);
    assert_eq!(test.one::<i64>(held, &[&userid]).await, by_roster, "what the stay took is back, and no more");

    // Nobody gives themselves back what they held.
    let own = test.one::<i64>(held, &[&office_id]).await;
    done(&office, "/statuses", &leaving(&office_id)).await;
    assert_eq!(test.one::<i64>(held, &[&office_id]).await, 0);
    let refused = revoke(&office, &newest(&office).await).await;
    assert_eq!(
        (refused.status, refused.fields()),
        (StatusCode::UNPROCESSABLE_ENTITY, vec!["reason"]),
        "{}",
        refused.body
    );
    let administrator = test.sign_in(&administrator_id).await;
    assert_eq!(revoke(&administrator, &newest(&administrator).await).await.status, StatusCode::NO_CONTENT);
    assert_eq!(test.one::<i64>(held, &[&office_id]).await, own);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_year_graduates_on_a_day_and_is_undone_to_the_byte() {
    let test = TestApp::start().await;
    let before = crate::databases::dump(&test.owner).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let year: i64 =
        test.one("select count(*) from persons where kind = 'student' and grade = 2018", &[]).await;
    let (a, _) = class(&test, 0).await;
    let stays: String = test
        .one(
            "select number from persons where kind = 'student' and grade = 2018 order by number limit 1",
            &[],
        )
        .await;
    let ask = json!({ "grade": 2018, "on": "2020-07-01", "except": [stays], "reason": "2018 级毕业" });
    let looked = administrator.post("/statuses/graduation/preview", &ask).await;
    assert_eq!(looked.status, StatusCode::OK, "{}", looked.body);
    assert_eq!((&looked.body["people"], &looked.body["excepted"]), (&json!(year - 1), &json!(1)));
    let classes = looked.body["classes"].as_array().unwrap();
    let sum: i64 = classes.iter().map(|class| class["people"].as_i64().unwrap()).sum();
    assert_eq!(sum, year - 1);
    assert_eq!(crate::databases::dump(&test.owner).await, before, "looking writes nothing");
    let was = expected(&test, a, "2020-06-30").await;

    let done = administrator.post("/statuses/graduation", &ask).await;
    assert_eq!(done.body["people"], json!(year - 1), "{}", done.body);
    let again = administrator.post("/statuses/graduation", &ask).await;
    assert_eq!(
        (&again.body["people"], &again.body["change_set"]),
        (&json!(0), &json!(null)),
        "the rest has gone"
    );
    assert_eq!(expected(&test, a, "2020-06-30").await, was);
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let total = |day: &str| {
        let path = format!("/statistics/health-daily/explanation?day={day}");
        let leader = &leader;
        async move { leader.get(&path).await.body }
    };
    let (last, first) = (total("2020-06-30").await, total("2020-07-01").await);
    assert_eq!(last["enrolled"].as_i64().unwrap() - first["enrolled"].as_i64().unwrap(), year - 1);
    assert_eq!(first["changed"], json!({ "arrived": 0, "moved_in": 0, "moved_out": 0, "left": year - 1 }));

    let import = administrator.get("/roster/imports").await.items()[0].clone();
    assert_eq!((&import["kind"], &import["id"]), (&json!("statuses"), &done.body["change_set"]));
    let path = format!("/roster/imports/{}/undo", import["id"]);
    let other = test.sign_in(&test.persona("college_office")).await;
    assert_eq!(other.post(&path, &json!({})).await.status, StatusCode::NOT_FOUND, "another's");
    assert_eq!(administrator.post(&path, &json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(crate::databases::dump(&test.owner).await, before);
    assert!(administrator.get("/statuses").await.items().is_empty());
    assert_ne!(administrator.get("/statuses?revoked=true").await.items().len(), 0, "it stays on record");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_every_kind_is_looked_at_brought_and_undone() {
    let test = TestApp::start().await;
    let before = crate::databases::dump(&test.owner).await;
    let ((a, _), (_, to)) = (class(&test, 0).await, class(&test, 1).await);
    let people = students(&test, a).await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let template = office.get("/statuses/template").await;
    assert!(template.body.as_str().unwrap().contains("学号,变动类型,生效日期"), "{}", template.body);
    let head = "学号,姓名,异动类型,生效日期,截止日期,班级,新班级,新学号,原因\n";
    let wrong = format!(
        "{head}{p},甲,旅行,2020-03-04,,x,,,x\n{q},乙,转班,2020-03-04,,x,没有的班,,x\nNOBODY,丙,毕业,2020-07-01,,,,,x\n",
        p = people[0],
        q = people[1]
    );
    let looked = send(&office, "/statuses/list/preview", &wrong).await;
    assert_eq!(looked.body["error_count"], json!(1), "{}", looked.body);
    assert_eq!(
        (&looked.body["errors"][0]["line"], &looked.body["errors"][0]["column"]),
        (&json!(2), &json!("异动类型"))
    );
    let wrong = wrong.replace("旅行", "毕业");
    let looked = send(&office, "/statuses/list", &wrong).await;
    let cells: Vec<_> =
        looked.body["errors"].as_array().unwrap().iter().map(|e| json!([e["line"], e["column"]])).collect();
    assert_eq!(cells, [json!([3, "新班级"]), json!([4, "学号"])], "{}", looked.body);
    let twice = format!("{head}{p},,毕业,2020-07-01,,,,,x\n{p},,转班,2020-03-04,,,{to},,x\n", p = people[0]);
    let looked = send(&office, "/statuses/list", &twice).await;
    assert!(looked.body.to_string().contains("第 2 行已有一项变动"), "{}", looked.body);
    assert_eq!(crate::databases::dump(&test.owner).await, before, "all or nothing");

    let list = format!(
        "{head}{},,转班,2020-03-01,,,{to},,批文\n{},,毕业,2020-07-01,,,,,毕业\n{},,退学,2020/3/2,,,,,申请\n\
         {},,休学,2020-03-01,,,,,休学一年\n{},,请假,2020-03-04,2020-03-05,,,,回家\n{},,实习,2020年3月1日,,,,,顶岗\n\
         {},,延期报到,2020-03-01,,,,,疫情\n{},,改学号,2020-03-04,,,,NEW1,重号\n",
        people[0], people[1], people[2], people[3], people[4], people[5], people[6], people[7]
    );
    let looked = send(&office, "/statuses/list/preview", &list).await;
    assert_eq!(looked.body["error_count"], json!(0), "{}", looked.body);
    assert_eq!(looked.body["counts"].as_array().unwrap().len(), 8);
    assert_eq!(crate::databases::dump(&test.owner).await, before, "looking writes nothing");
    let was = expected(&test, a, "2020-03-04").await;
    let brought = send(&office, "/statuses/list", &list).await;
    assert_eq!(brought.body["counts"], looked.body["counts"]);
    assert_eq!(expected(&test, a, "2020-03-04").await, was - 6);
    assert_eq!(office.get("/statuses").await.items().len(), 4, "exemptions stand among the exemptions");
    // Whoever brought it may undo it.
    let path = format!("/roster/imports/{}/undo", brought.body["change_set"]);
    assert_eq!(office.post(&path, &json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(crate::databases::dump(&test.owner).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_that_moved_on_undoes_no_list_of_people_who_are_no_longer_theirs() {
    let test = TestApp::start().await;
    let office_id = test.persona("college_office");
    let office = test.sign_in(&office_id).await;
    let theirs = "select g.department_id from grants g join persons p using (corp_id, person_id)
                  where p.number = $1 and g.role = 'college_office'";
    let here: i32 = test.one(theirs, &[&office_id]).await;
    let elsewhere: i32 = test
        .one("select department_id from departments where kind = 'college' and department_id <> $1 order by 1 limit 1", &[&here])
        .await;
    let somebody: String = test
        .one(
            "select min(p.number) from persons p join memberships m using (corp_id, person_id)
             join departments d using (corp_id, department_id)
             where p.kind = 'student' and m.is_main and m.until_date is null and d.college_id = $1",
            &[&here],
        )
        .await;
    let list = format!("学号,异动类型,生效日期,原因\n{somebody},退学,2020-03-02,申请\n");
    let brought = send(&office, "/statuses/list", &list).await;
    assert_eq!(brought.status, StatusCode::OK, "{}", brought.body);
    let path = format!("/roster/imports/{}/undo", brought.body["change_set"]);
    let moves = "update grants g set department_id = $2 from persons p
                 where p.corp_id = g.corp_id and p.person_id = g.person_id and p.number = $1 and g.role = 'college_office'";
    for (college, status) in [(elsewhere, StatusCode::NOT_FOUND), (here, StatusCode::NO_CONTENT)] {
        assert_eq!(test.owner.execute(moves, &[&office_id, &college]).await.unwrap(), 1);
        test.forget_viewers().await;
        assert_eq!(office.post(&path, &json!({})).await.status, status, "{college}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn freshmen_get_their_numbers_and_keep_history_account_and_phone() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let (a, name) = class(&test, 0).await;
    let freshmen = format!(
        "考生号,姓名,班级,年级,入学日期,联系电话\nK001,甲新生,{name},2020,2020-03-01,10012345678\nK002,乙新生,{name},2020,2020-03-01,\n"
    );
    let imported = send(&administrator, "/roster", &freshmen).await;
    assert_eq!((imported.status, &imported.body["added"]), (StatusCode::OK, &json!(2)), "{}", imported.body);
    // One has an account under the temporary key, and reports.
    test.control("members", &json!({ "userid": "K001", "name": "甲新生", "department": [a] })).await;
    test.sync().await;
    let freshman = test.sign_in("K001").await;
    let receipt = freshman.post("/reports", &health_report(normal_answers())).await;
    assert_eq!(receipt.status, StatusCode::CREATED, "{}", receipt.body);
    let before = crate::databases::dump(&test.owner).await;

    let taken = test.persona("student");
    let wrong = format!("考生号,学号,姓名\nK001,{taken},甲新生\nK002,20209002,乙新生\n");
    let looked = send(&administrator, "/statuses/numbers/preview", &wrong).await;
    assert_eq!(
        (&looked.body["errors"][0]["line"], &looked.body["errors"][0]["column"]),
        (&json!(2), &json!("学号")),
        "{}",
        looked.body
    );
    let other = "临时号,学号,姓名\nK001,20209001,乙新生\nK009,20209002,\n";
    let looked = send(&administrator, "/statuses/numbers/preview", other).await;
    assert_eq!(looked.body["errors"][0]["column"], json!("临时号"), "{}", looked.body);
    let swapped =
        send(&administrator, "/statuses/numbers/preview", "临时号,学号,姓名\nK001,20209001,乙新生\n").await;
    assert_eq!(swapped.body["errors"][0]["column"], json!("姓名"), "a slip in the number: {}", swapped.body);
    let list = "考生号,学号,姓名\nK001,20209001,甲新生\nK002,20209002,乙新生\n";
    let looked = send(&administrator, "/statuses/numbers/preview", list).await;
    assert_eq!(looked.body["counts"], json!([{ "kind": "number", "people": 2 }]), "{}", looked.body);
    assert_eq!(crate::databases::dump(&test.owner).await, before);
    let given = send(&administrator, "/statuses/numbers", list).await;
    assert_eq!(given.body["error_count"], json!(0), "{}", given.body);

    test.forget_viewers().await;
    let me = freshman.get("/me").await;
    assert_eq!(me.body["person"]["number"], json!("20209001"), "the account is theirs as before");
    assert_eq!(freshman.get("/reports?form=health-daily").await.items().len(), 1, "with their history");
    let office = test.sign_in(&test.persona("school_office")).await;
    let id: i64 = test.one("select person_id from persons where number = '20209001'", &[]).await;
    let phone = office.post(&format!("/people/{id}/phone"), &json!({ "purpose": "call" })).await;
    assert_eq!(phone.body["phone"], json!("10012345678"), "{}", phone.body);
    // The other one's account comes under the number.
    test.control("members", &json!({ "userid": "20209002", "name": "乙新生", "department": [a] })).await;
    test.sync().await;
    assert_eq!(test.sign_in("20209002").await.get("/me").await.body["person"]["number"], json!("20209002"));

    // It goes back one by one.
    let change = newest(&administrator).await;
    assert_eq!((&change["number_before"], &change["number_after"]), (&json!("K002"), &json!("20209002")));
    assert_eq!(revoke(&administrator, &change).await.status, StatusCode::NO_CONTENT);
    assert_eq!(test.one::<i64>("select count(*) from persons where number = 'K002'", &[]).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_undone_to_the_byte() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let (_, name) = class(&test, 0).await;
    let freshmen = format!("录取号,姓名,班级,年级,联系电话\nK001,甲新生,{name},2019,10012345678\n");
    send(&administrator, "/roster", &freshmen).await;
    let before = crate::databases::dump(&test.owner).await;
    let list = "录取号,学号\nK001,20199001\n";
    let given = send(&administrator, "/statuses/numbers", list).await;
    let roster = send(&administrator, "/roster/preview", &freshmen).await;
    assert!(roster.body["errors"].to_string().contains("已改为 20199001"), "{}", roster.body);
    let again = send(&administrator, "/statuses/numbers", list).await;
    assert_eq!(again.body["errors"][0]["line"], json!(2), "the old number is nobody's: {}", again.body);
    let path = format!("/roster/imports/{}/undo", given.body["change_set"]);
    assert_eq!(administrator.post(&path, &json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(crate::databases::dump(&test.owner).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_why_somebodys_standing_changed_is_on_record_once_a_day() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let mine = test.students_of(&userid).await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let withdrawal =
        json!({ "number": mine[0], "kind": "withdrawal", "from": "2020-03-05", "reason": "个人原因" });
    done(&office, "/statuses", &withdrawal).await;
    let away = json!({ "number": mine[1], "kind": "suspension", "from": "2020-03-04", "reason": "住院" });
    assert_eq!(office.post("/exemptions", &away).await.status, StatusCode::OK);
    assert_eq!(newest(&office).await["number"], json!(mine[0]));
    assert!(test.looks_at(&mine[0]).await.is_empty(), "who wrote it knows it");

    let counsellor = test.sign_in(&userid).await;
    for _ in 0..2 {
        assert_eq!(newest(&counsellor).await["number"], json!(mine[0]));
        assert_eq!(timeline(&counsellor, &mine[0]).await["changes"][0]["reason"], json!("个人原因"));
        assert_eq!(timeline(&counsellor, &mine[1]).await["exemptions"][0]["reason"], json!("住院"));
    }
    assert_eq!(test.looks_at(&mine[0]).await, ["status_reason"], "in a list and in a timeline");
    assert_eq!(test.looks_at(&mine[1]).await, ["exemption_reason"]);
    // To who only keeps the roster an exemption's reason stays sealed, which is no look.
    let administrator = test.sign_in(&test.persona("administrator")).await;
    assert_eq!(timeline(&administrator, &mine[1]).await["exemptions"][0]["reason"], json!(null));
    assert_eq!(test.looks_at(&mine[1]).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_the_standing_of_others_students() {
    let test = TestApp::start().await;
    let mine = test.students_of(&test.persona("counsellor")).await;
    let other = test.personas("counsellor").last().unwrap().clone();
    let theirs = test.students_of(&other).await;
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    let office = test.sign_in(&test.persona("college_office")).await;
    let withdrawal =
        |number: &str| json!({ "number": number, "kind": "withdrawal", "from": "2020-03-05", "reason": "x" });
    let refused = office.post("/statuses", &withdrawal(&theirs[0])).await;
    let nobody = office.post("/statuses", &withdrawal("NOBODY")).await;
    assert_eq!((refused.status, refused.fields()), (nobody.status, nobody.fields()));
    assert_eq!(
        refused.body.to_string().replace(&theirs[0], ""),
        nobody.body.to_string().replace("NOBODY", ""),
        "not yours and not there look the same"
    );
    let timeline = counsellor.post("/statuses/timeline", &json!({ "number": theirs[0] })).await;
    assert_eq!(timeline.status, StatusCode::UNPROCESSABLE_ENTITY);
    done(&office, "/statuses", &withdrawal(&mine[0])).await;
    // A counsellor reads it and does not change it: it says who is expected of their students.
    let change = newest(&counsellor).await;
    assert_eq!(change["number"], json!(mine[0]));
    assert_eq!(revoke(&counsellor, &change).await.status, StatusCode::FORBIDDEN);
    assert_eq!(counsellor.post("/statuses", &withdrawal(&mine[1])).await.status, StatusCode::FORBIDDEN);
    let stranger = test.sign_in(&other).await;
    assert!(stranger.get("/statuses").await.items().is_empty());
    for role in ["student", "college_leader", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.get("/statuses").await.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(
            viewer.post("/statuses", &withdrawal(&mine[0])).await.status,
            StatusCode::FORBIDDEN,
            "{role}"
        );
        assert_eq!(send(&viewer, "/statuses/list", "x").await.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(viewer.get("/statuses/departments").await.status, StatusCode::FORBIDDEN, "{role}");
        let ask = json!({ "grade": 2018, "on": "2020-07-01" });
        assert_eq!(
            viewer.post("/statuses/graduation/preview", &ask).await.status,
            StatusCode::FORBIDDEN,
            "{role}"
        );
    }
    // An illness is not for those who only keep the roster.
    let leave = json!({ "number": mine[1], "kind": "suspension", "from": "2020-03-04", "reason": "住院" });
    counsellor.post("/exemptions", &leave).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let seen = administrator.post("/statuses/timeline", &json!({ "number": mine[1] })).await;
    assert_eq!(seen.body["exemptions"][0]["reason"], json!(null), "{}", seen.body);
    let known = counsellor.post("/statuses/timeline", &json!({ "number": mine[1] })).await;
    assert_eq!(known.body["exemptions"][0]["reason"], json!("住院"));
    // In an office's own college a year graduates, and in no other.
    let asked =
        office.post("/statuses/graduation/preview", &json!({ "grade": 2018, "on": "2020-07-01" })).await;
    let people = asked.body["people"].as_i64().unwrap();
    let year: i64 =
        test.one("select count(*) from persons where kind = 'student' and grade = 2018", &[]).await;
    assert!(people > 0 && people < year, "{}", asked.body);
    // An office of another college.
    test.owner
        .execute(
            "update grants set department_id = (select min(department_id) from departments
               where kind = 'college' and department_id <> grants.department_id) where role = 'college_office'",
            &[],
        )
        .await
        .unwrap();
    let elsewhere = test.sign_in(&test.persona("college_office")).await;
    assert_eq!(revoke(&elsewhere, &change).await.status, StatusCode::NOT_FOUND);
}
