//! 摘要推送: those in charge are told the figures of theirs at their hours, once, and nobody is named.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::test_app::{TestApp, health_report, normal_answers};

/// Students each counsellor answers for, and how many of them have reported: counted without our own questions.
async fn counted(test: &TestApp) -> BTreeMap<String, (i64, i64)> {
    let sql = "
        select c.number, count(distinct s.person_id), count(distinct r.person_id)
        from persons c
        join grants g on g.person_id = c.person_id and g.role = 'counsellor'
        join departments d on g.department_id in (d.department_id, d.class_id, d.grade_id, d.college_id)
        join memberships m on m.department_id = d.department_id and m.is_main and m.until_date is null
        join persons s on s.person_id = m.person_id and s.kind = 'student'
        left join reports r on r.person_id = s.person_id and r.day = '2020-03-04'
          and r.form_id = (select form_id from forms where code = 'health-daily')
        where d.college_id is not null
          and exists (select from members a where a.person_id = c.person_id and a.left_on is null
                        and (a.status is null or a.status = 1))
          and not exists (select from grants o where o.person_id = c.person_id and o.role <> 'counsellor')
        group by c.number";
    let rows = test.owner.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect()
}

/// Plans what is due at a time of the day, and sends it. How many messages were planned.
async fn at(test: &TestApp, time: &str) -> usize {
    test.clock.set_time(time);
    let planned = app::digests::plan_due(&test.app, test.school()).await.unwrap();
    test.run_jobs().await;
    planned
}

async fn texts(test: &TestApp, userid: &str) -> Vec<String> {
    test.messages_of(userid)
        .await
        .iter()
        .map(|message| {
            let content = &message["content"];
            format!("{}|{}|{}", content["title"], content["description"], content["url"])
        })
        .collect()
}

async fn report(test: &TestApp, student: &str) {
    let reply = test.sign_in(student).await.post("/reports", &health_report(normal_answers())).await;
    assert!(reply.status.is_success(), "{}", reply.body);
}

async fn administrator(test: &TestApp) -> crate::browser_client::Browser {
    test.sign_in_on_pc(&test.persona("administrator")).await
}

async fn rule(test: &TestApp, about: &str) -> Value {
    let list = administrator(test).await.get("/digest-rules").await;
    list.items().iter().find(|rule| rule["about"] == json!(about)).expect("a built-in rule").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn counsellors_are_told_how_many_of_theirs_are_missing() {
    let test = TestApp::start().await;
    let mine = test.persona("counsellor");
    let students = test.students_of(&mine).await;
    report(&test, &students[0]).await;
    report(&test, &students[1]).await;
    let counted_then = counted(&test).await;
    assert!(counted_then.len() >= 2 && counted_then[&mine].1 == 2, "{counted_then:?}");

    assert_eq!(at(&test, "10:29").await, 0);
    let planned = at(&test, "10:31").await;
    assert_eq!(at(&test, "10:45").await, 0, "an occasion is planned once");
    let names = test.owner.query("select name from persons where kind = 'student'", &[]).await.unwrap();
    let names: Vec<String> = names.iter().map(|row| row.get(0)).collect();
    for (counsellor, (expected, reported)) in &counted_then {
        let told = texts(&test, counsellor).await;
        assert_eq!(told.len(), 1, "{counsellor}: {told:?}");
        let words = format!("应报 {expected} 人，已报 {reported} 人，未报 {} 人", expected - reported);
        assert!(told[0].contains(&words), "{words} in {}", told[0]);
        assert!(told[0].contains("/h5/unreported/health-daily"), "{}", told[0]);
        assert!(names.iter().all(|name| !told[0].contains(name)), "nobody is named: {}", told[0]);
        // … and the page it opens says the same.
        let page = test.sign_in(counsellor).await.get("/unreported/health-daily").await.body;
        assert_eq!(page["total"], json!(expected - reported), "{counsellor}");
    }
    let rows: i64 =
        test.one("select count(*) from outbox join mailings using (corp_id, mailing_id) where occasion like 'digest %'", &[]).await;
    assert_eq!(rows as usize, planned);
    assert_eq!(
        test.one::<i64>("select count(*) from mailings where occasion like 'digest % 2020-03-04 10:30'", &[])
            .await,
        1
    );
    // Equal figures are one message of WeCom's: as many calls as there are different ones.
    let different: std::collections::BTreeSet<_> = counted_then.values().collect();
    let variants: i64 = test.one("select count(distinct variant) from mailing_contents", &[]).await;
    assert!(variants as usize <= different.len() + 1, "{variants} of {different:?}");
    assert!(texts(&test, &students[2]).await.is_empty());
    test.assert_no_failed_jobs().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_all_have_reported_there_is_nothing_to_say_or_one_word() {
    let test = TestApp::start().await;
    let mine = test.persona("counsellor");
    for student in test.students_of(&mine).await {
        report(&test, &student).await;
    }
    at(&test, "10:30").await;
    assert!(texts(&test, &mine).await.is_empty(), "nothing to say");

    let rule = rule(&test, "unreported").await;
    let change =
        json!({ "roles": rule["roles"], "at_times": ["16:00", "21:30"], "when_done": true, "enabled": true });
    let saved = administrator(&test).await.put(&format!("/digest-rules/{}", rule["id"]), &change).await;
    assert_eq!(saved.status, StatusCode::NO_CONTENT, "{}", saved.body);
    for time in ["16:00", "21:30"] {
        at(&test, time).await;
        let told = texts(&test, &mine).await;
        assert_eq!(told.len(), 1, "once a day, {time}: {told:?}");
        assert!(told[0].contains("已全部上报"), "{told:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leaders_get_the_sentence_of_their_page_in_the_evening() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    report(&test, &students[0]).await;
    test.sign_in(&students[1])
        .await
        .post("/reports", &health_report(json!({ "temperature": 38.4, "place": "非疫区", "abnormal": true, "condition": "居家观察", "symptoms": ["发热"] })))
        .await;
    at(&test, "21:00").await;
    for role in ["school_leader", "college_leader", "college_office", "school_office"] {
        let userid = test.persona(role);
        let bulletin = test.sign_in(&userid).await.get("/statistics/health-daily/bulletin").await.body;
        let told: Vec<String> =
            texts(&test, &userid).await.into_iter().filter(|text| text.contains("填报汇总")).collect();
        assert_eq!(told.len(), 1, "{role}: {told:?}");
        let sentence = bulletin["sentence"].as_str().unwrap();
        assert!(told[0].contains(sentence), "{role}: {sentence} in {}", told[0]);
        assert!(told[0].contains("/h5/statistics/health-daily?day=2020-03-04"), "{}", told[0]);
    }
    // Counted without our own questions.
    let (expected, reported): (i64, i64) = {
        let row = test
            .owner
            .query_one(
                "select count(*), count(r.report_id) from persons s
                 join memberships m using (corp_id, person_id) join departments d using (corp_id, department_id)
                 left join reports r on r.person_id = s.person_id and r.day = '2020-03-04'
                 where s.kind = 'student' and m.is_main and m.until_date is null and d.college_id is not null",
                &[],
            )
            .await
            .unwrap();
        (row.get(0), row.get(1))
    };
    let leader = texts(&test, &test.persona("school_leader")).await.join("");
    assert!(
        leader.contains(&format!("应报{expected}人，已报{reported}人")) && leader.contains("异常1人"),
        "{leader}"
    );
    assert!(!texts(&test, &test.persona("administrator")).await.join("").contains("填报汇总"));
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_get_the_movements_of_their_people() {
    let test = TestApp::start().await;
    let staff: Vec<String> = test
        .owner
        .query(
            "select p.number from persons p join memberships m using (corp_id, person_id) join departments d using (corp_id, department_id)
             join members a on a.corp_id = p.corp_id and a.person_id = p.person_id
             where m.is_main and m.until_date is null and d.name = '信息中心' and p.kind = 'staff' order by p.number",
            &[],
        )
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    let administrator = test.persona("administrator");
    let head = staff.iter().find(|number| **number != administrator).unwrap();
    let sql = "insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date, until_date)
        select p.corp_id, p.person_id, 'department_head', d.department_id, '部门负责人', 'manual', date '2020-01-01', date '2027-08-31'
        from persons p join departments d using (corp_id) where p.number = $1 and d.name = '信息中心'";
    assert_eq!(test.owner.execute(sql, &[head]).await.unwrap(), 1);
    let trip = json!({ "form": "trips", "version": 1, "answers": {
        "left_on": "2020-03-02", "out_transport": "自驾", "reason": "公务", "destination": "410302", "address": "某地", "returned": false } });
    let gone = test.sign_in(head).await.post("/reports", &trip).await;
    assert!(gone.status.is_success(), "{}", gone.body);
    at(&test, "17:00").await;
    let all: i64 = test
        .one(
            "select count(*) from persons p join memberships m using (corp_id, person_id) join departments d using (corp_id, department_id)
             where p.kind = 'staff' and m.is_main and m.until_date is null and d.name = '信息中心'",
            &[],
        )
        .await;
    let told = texts(&test, head).await;
    let words = format!("信息中心教职工 {all} 人，外出 1 人，返回 0 人，请假 0 人");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains(&words) && told[0].contains("/admin/movements?day=2020-03-04"),
        "{words}: {told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_day_the_form_does_not_run_and_while_it_is_paused_nobody_is_told() {
    let test = TestApp::start().await;
    let mine = test.persona("counsellor");
    let rule = rule(&test, "unreported").await;
    let change =
        |enabled: bool| json!({ "roles": rule["roles"], "at_times": rule["at_times"], "enabled": enabled });
    let path = format!("/digest-rules/{}", rule["id"]);
    administrator(&test).await.put(&path, &change(false)).await;
    at(&test, "10:30").await;
    assert!(texts(&test, &mine).await.is_empty(), "paused");
    administrator(&test).await.put(&path, &change(true)).await;
    test.owner.execute("update forms set starts_on = date '2020-03-01', ends_on = date '2020-03-03' where code = 'health-daily'", &[]).await.unwrap();
    at(&test, "16:00").await;
    assert!(texts(&test, &mine).await.is_empty(), "the form has ended");
    let preview = administrator(&test).await.get(&format!("{path}/preview")).await;
    assert_eq!(preview.items().len(), 0);
    at(&test, "21:00").await;
    assert!(texts(&test, &test.persona("school_leader")).await.is_empty(), "neither are leaders");
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_say_who_is_told_when_and_look_before() {
    let test = TestApp::start().await;
    for role in ["student", "counsellor", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.get("/digest-rules").await.status, StatusCode::FORBIDDEN, "{role}");
    }
    let rule = rule(&test, "unreported").await;
    assert_eq!(
        (&rule["at_times"], &rule["roles"], &rule["form"], &rule["changed_by"]),
        (&json!(["10:30", "16:00", "21:30"]), &json!(["counsellor"]), &json!("health-daily"), &Value::Null)
    );
    let browser = administrator(&test).await;
    let path = format!("/digest-rules/{}", rule["id"]);
    let wrong = async |body: Value| browser.put(&path, &body).await.fields().join(",");
    assert_eq!(
        wrong(json!({ "roles": ["counsellor"], "at_times": ["25:00"], "enabled": true })).await,
        "at_times"
    );
    assert_eq!(wrong(json!({ "roles": ["counsellor"], "at_times": [], "enabled": true })).await, "at_times");
    assert_eq!(
        wrong(json!({ "roles": ["administrator"], "at_times": ["10:00"], "enabled": true })).await,
        "roles"
    );
    assert_eq!(
        browser
            .put(
                "/digest-rules/999999",
                &json!({ "roles": ["counsellor"], "at_times": ["10:00"], "enabled": true })
            )
            .await
            .status,
        StatusCode::NOT_FOUND
    );

    test.clock.set_time("09:00");
    let preview = browser.get(&format!("{path}/preview")).await;
    let receivers: i64 = preview.items().iter().map(|one| one["receivers"].as_i64().unwrap()).sum();
    assert!(receivers >= counted(&test).await.len() as i64, "{}", preview.body);
    assert_eq!(test.one::<i64>("select count(*) from mailings", &[]).await, 0, "nothing was planned");

    let change =
        json!({ "roles": ["college_office", "counsellor"], "at_times": ["12:00", "9:05"], "enabled": true });
    assert_eq!(browser.put(&path, &change).await.status, StatusCode::NO_CONTENT);
    let changed = browser.get("/digest-rules").await;
    let changed = changed.items().iter().find(|one| one["id"] == rule["id"]).unwrap().clone();
    assert_eq!(
        (&changed["at_times"], &changed["roles"]),
        (&json!(["09:05", "12:00"]), &json!(["counsellor", "college_office"]))
    );
    assert!(changed["changed_by"].is_string());

    let again = json!({ "about": "unreported", "form": "health-daily", "rule": change });
    assert_eq!(browser.post("/digest-rules", &again).await.fields(), ["form"], "there is one");
    let event = json!({ "about": "summary", "form": "trips", "rule": change });
    assert_eq!(browser.post("/digest-rules", &event).await.fields(), ["form"], "answered at any time");
    let other = json!({ "about": "unreported", "form": "basic-info", "rule": change });
    assert_eq!(browser.post("/digest-rules", &other).await.status, StatusCode::CREATED);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_quiet_hours_nobody_is_told_figures() {
    let test = TestApp::start().await;
    let quiet = json!({ "quiet": { "from": "10:00", "until": "11:00" }, "most_a_day": 6 });
    let saved = administrator(&test).await.put("/reminder-settings", &quiet).await;
    assert!(saved.status.is_success(), "{}", saved.body);
    let counsellor = test.persona("counsellor");
    assert!(at(&test, "10:31").await > 0);
    assert_eq!(texts(&test, &counsellor).await.len(), 0, "they sleep");
    test.clock.set_time("11:00");
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    assert_eq!(texts(&test, &counsellor).await.len(), 1, "and hear it when they wake");
}
