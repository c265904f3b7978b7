//! 表单: from a draft to answers, a new version and the end; whose it is; and what is refused.

use chrono::TimeDelta;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    browser_client::{Browser, Reply},
    test_app::{Shape, TestApp},
};

async fn put(browser: &Browser, path: &str, body: &Value) -> Reply {
    let url = browser.url(&format!("/api/v1{path}"));
    let headers = [("Content-Type", "application/json")];
    let response = browser.request(Method::PUT, url, Some(body.to_string().into_bytes()), &headers).await;
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    Reply { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
}

async fn create(browser: &Browser, body: &Value) -> Value {
    let made = browser.post("/campaigns", body).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    made.body
}

/// Saves the draft of a design as `change` makes it.
async fn save(browser: &Browser, design: &Value, change: impl FnOnce(&mut Value)) -> Reply {
    let mut document = design["document"].clone();
    change(&mut document);
    let code = design["campaign"]["code"].as_str().unwrap();
    let body = json!({ "digest": design["digest"], "document": document });
    put(browser, &format!("/campaigns/{code}/draft"), &body).await
}

async fn publish(browser: &Browser, design: &Value) -> Reply {
    let code = design["campaign"]["code"].as_str().unwrap();
    browser.post(&format!("/campaigns/{code}/publish"), &json!({ "digest": design["digest"] })).await
}

fn question(name: &str, title: &str, kind: &Value) -> Value {
    let mut field =
        json!({ "name": name, "title": title, "required": true, "sensitive": false, "carry_over": "ask" });
    field.as_object_mut().unwrap().extend(kind.as_object().unwrap().clone());
    field
}

/// A roll-call of the evening, ready to be published.
fn evening(document: &mut Value) {
    document["purpose"] = json!("晚点名，确认学生安全");
    document["legal_basis"] = json!("学校学生管理规定");
    document["fields"] = json!([
        question("present", "是否在校", &json!({ "kind": "boolean" })),
        question(
            "where",
            "现在在哪里",
            &json!({ "kind": "text", "max_length": 50, "show_if": { "field": "present", "equals": false } }),
        ),
    ]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sensitive_questions_are_not_published_before_the_school_said_what_becomes_of_the_answers() {
    let test = TestApp::start_with(Shape { answers_without_notice: false, ..Shape::default() }).await;
    test.sync().await;
    test.import_roster().await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let design = create(&office, &json!({ "code": "evening", "title": "晚点名" })).await;
    let plain = save(&office, &design, evening).await.body;
    assert_eq!(plain["flaws"], json!([]), "it asks nothing sensitive");
    let ready = save(&office, &plain, |document| document["fields"][1]["sensitive"] = json!(true)).await.body;
    assert_eq!(ready["flaws"][0]["field"], json!("notice"), "{}", ready["flaws"]);
    assert_eq!(publish(&office, &ready).await.fields(), ["notice"]);
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let notice = json!({ "after": 0, "text": "我们会问您晚上在哪里。", "legal_basis": "学校学生管理规定",
        "rests_on_consent": false });
    let told = administrator.post("/privacy-notices", &notice).await;
    assert_eq!(told.status, StatusCode::CREATED, "{}", told.body);
    assert_eq!(publish(&office, &ready).await.body, json!({ "version": 1, "published": true }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_lives_from_its_draft_to_its_end() {
    let test = TestApp::start().await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let student = test.sign_in(&test.persona("student")).await;
    let asked = async || -> Vec<Value> {
        let codes = student.get("/forms").await;
        codes.items().iter().map(|form| form["code"].clone()).collect()
    };

    let design = create(&office, &json!({ "code": "evening", "title": "晚点名" })).await;
    assert_eq!(
        (&design["campaign"]["state"], &design["campaign"]["may_edit"], &design["campaign"]["version"]),
        (&json!("draft"), &json!(true), &json!(null))
    );
    // What is missing is told by part, and nothing is published.
    let refused = publish(&office, &design).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.fields(), ["purpose", "legal_basis", "fields"]);
    let flawed = save(&office, &design, |document| {
        evening(document);
        document["fields"][1]["show_if"]["field"] = json!("nothing");
        document["fields"][0]["title"] = json!(" ");
    })
    .await;
    assert_eq!(flawed.status, StatusCode::OK, "a draft may be flawed: {}", flawed.body);
    let told: Vec<&str> =
        flawed.body["flaws"].as_array().unwrap().iter().filter_map(|flaw| flaw["field"].as_str()).collect();
    assert_eq!(told, ["present", "where"]);
    assert_eq!(publish(&office, &flawed.body).await.fields(), ["present", "where"]);
    assert!(!asked().await.contains(&json!("evening")), "a draft asks nobody");

    let ready = save(&office, &flawed.body, evening).await.body;
    assert_eq!(ready["flaws"], json!([]));
    let outlook = office.get("/campaigns/evening/outlook").await.body;
    let students: i64 = test.one("select count(*) from persons where kind = 'student'", &[]).await;
    assert_eq!(outlook["expected"], json!(students), "{outlook}");
    assert_eq!((&outlook["expected_before"], &outlook["difference"]), (&json!(null), &json!(null)));
    let published = publish(&office, &ready).await;
    assert_eq!(published.body, json!({ "version": 1, "published": true }), "{}", published.status);
    assert_eq!(publish(&office, &ready).await.body, json!({ "version": 1, "published": false }), "once");

    // A student sees and answers it.
    assert!(asked().await.contains(&json!("evening")));
    let form = student.get("/forms/evening").await.body;
    assert_eq!((&form["version"], &form["purpose"]), (&json!(1), &json!("晚点名，确认学生安全")));
    let report = json!({ "form": "evening", "version": 1, "answers": { "present": true } });
    let sent = student.post("/reports", &report).await;
    assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.body);
    let receipt = sent.body["receipt"].as_str().unwrap().to_owned();

    // A new version asks otherwise; what was answered on the old one is still read as it was.
    let now = office.get("/campaigns/evening").await.body;
    assert_eq!(
        (&now["campaign"]["state"], &now["campaign"]["has_changes"]),
        (&json!("running"), &json!(false))
    );
    let changed = save(&office, &now, |document| {
        document["audience"]["kinds"] = json!(["staff"]);
        document["fields"][0] = question(
            "beds",
            "宿舍几人在寝",
            &json!({
            "kind": "number", "minimum": 0.0, "maximum": 8.0, "decimals": 0 }),
        );
        document["fields"][1]["show_if"] = json!({ "field": "beds", "at_most": 0.0 });
    })
    .await
    .body;
    assert_eq!(changed["campaign"]["has_changes"], json!(true));
    let difference = office.get("/campaigns/evening/outlook").await.body;
    assert_eq!(difference["expected_before"], json!(students));
    assert_ne!(difference["expected"], json!(students), "others are asked");
    assert_eq!(
        difference["difference"],
        json!({ "added": ["宿舍几人在寝"], "removed": ["是否在校"], "changed": ["现在在哪里"],
                "reordered": false, "parts": ["audience"] })
    );
    assert_eq!(
        student.get("/forms/evening").await.body["version"],
        json!(1),
        "nothing is asked before it is published"
    );
    assert_eq!(publish(&office, &changed).await.body, json!({ "version": 2, "published": true }));
    let again = student.post("/reports", &report).await;
    assert_eq!((again.status, again.code()), (StatusCode::CONFLICT, "form_changed"));
    let old = student.get(&format!("/reports/{receipt}")).await;
    assert_eq!(old.status, StatusCode::OK, "{}", old.body);
    assert_eq!(old.body["answers"], json!({ "present": true }));
    assert!(old.body["fields"].as_array().unwrap().iter().any(|field| field["name"] == json!("present")));

    // It ends at once, and what was answered stays.
    let teacher = test.sign_in(&test.persona("staff")).await;
    let open = json!({ "form": "evening", "version": 2, "answers": { "beds": 4 } });
    let ended = office.post("/campaigns/evening/end", &json!({})).await;
    assert_eq!((ended.status, &ended.body["state"]), (StatusCode::OK, &json!("ended")), "{}", ended.body);
    assert_eq!(office.post("/campaigns/evening/end", &json!({})).await.body, ended.body, "a second tap");
    let late = teacher.post("/reports", &open).await;
    assert_eq!((late.status, late.code()), (StatusCode::CONFLICT, "form_closed"), "{}", late.body);
    assert_eq!(student.get(&format!("/reports/{receipt}")).await.status, StatusCode::OK);
    let acts = office.get("/campaigns/evening/acts").await;
    let acts: Vec<&str> = acts.items().iter().map(|act| act["act"].as_str().unwrap()).collect();
    assert_eq!(acts, ["ended", "published", "saved", "published", "saved", "saved", "created"]);
    // And begins anew when somebody says so.
    let wanted = json!({ "starts_on": "2020-03-04", "ends_on": "2020-03-20" });
    let back = put(&office, "/campaigns/evening/schedule", &wanted).await;
    assert_eq!(back.body["state"], json!("running"), "{}", back.body);
    let sent = teacher.post("/reports", &open).await;
    assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_saved_over_what_was_seen_only() {
    let test = TestApp::start().await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let design = create(&office, &json!({ "code": "evening", "title": "晚点名" })).await;
    let mine = save(&office, &design, evening).await;
    assert_eq!(mine.status, StatusCode::OK, "{}", mine.body);
    assert_eq!(save(&office, &design, evening).await.body, mine.body, "the same again is the same");
    let theirs = save(&administrator, &design, |document| document["title"] = json!("夜间点名")).await;
    assert_eq!((theirs.status, theirs.code()), (StatusCode::CONFLICT, "form_changed"));
    assert_eq!(
        publish(&administrator, &design).await.status,
        StatusCode::CONFLICT,
        "nobody publishes what they did not see"
    );
    let saves: i64 = test.one("select count(*) from form_acts where act = 'saved'", &[]).await;
    assert_eq!(saves, 1);

    // A draft that is as what is published is none.
    assert_eq!(publish(&office, &mine.body).await.body["published"], json!(true));
    let now = office.get("/campaigns/evening").await.body;
    let changed = save(&office, &now, |document| document["title"] = json!("夜间点名")).await.body;
    assert_eq!(changed["campaign"]["has_changes"], json!(true));
    let back = save(&office, &changed, |document| document["title"] = json!("晚点名")).await.body;
    assert_eq!((&back["campaign"]["has_changes"], &back["digest"]), (&json!(false), &now["digest"]));
    assert_eq!(publish(&office, &back).await.body, json!({ "version": 1, "published": false }));

    // A shape nobody could keep names the question.
    for (wrong, field) in [
        (json!({ "kind": "number" }), "beds"),
        (json!({ "kind": "choice" }), "beds"),
        (json!({ "kind": "boolean", "help": "a\u{0}b" }), "document.fields.0.help"),
    ] {
        let reply =
            save(&office, &now, |document| document["fields"] = json!([question("beds", "几人", &wrong)]))
                .await;
        assert_eq!(
            (reply.status, reply.fields()),
            (StatusCode::UNPROCESSABLE_ENTITY, vec![field]),
            "{wrong}"
        );
    }
    let reply =
        save(&office, &now, |document| document["cadence"]["slots"][0]["opens"] = json!("25:00")).await;
    assert_eq!(reply.fields(), ["cadence"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_college_designs_for_its_own_people() {
    let test = TestApp::start().await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let college = test.sign_in(&test.persona("college_office")).await;
    let seen = async |browser: &Browser| -> Vec<(String, bool)> {
        let list = browser.get("/campaigns?limit=200").await;
        let row = |form: &Value| (form["code"].as_str().unwrap().to_owned(), form["may_edit"] == json!(true));
        list.items().iter().map(row).collect()
    };
    let own = create(&college, &json!({ "code": "our-roll-call", "title": "本院点名" })).await;
    let info: i32 = test
        .one("select department_id from departments where kind = 'college' and name = '信息学院'", &[])
        .await;
    let other: i32 = test
        .one("select department_id from departments where kind = 'college' and name = '管理学院'", &[])
        .await;
    let class: i32 = test
        .one("select min(department_id) from departments where kind = 'class' and college_id = $1", &[&info])
        .await;
    assert_eq!(own["campaign"]["department"]["id"], json!(info));
    assert_eq!(own["document"]["audience"]["departments"], json!([info]), "it asks the college's own people");
    assert_eq!(own["departments"], json!([{ "id": info, "name": "信息学院" }]));
    for (departments, fits) in [
        (json!(null), false),
        (json!([other]), false),
        (json!([info, other]), false),
        (json!([999_999]), false),
        (json!([class]), true),
        (json!([info]), true),
    ] {
        let now = college.get("/campaigns/our-roll-call").await.body;
        let saved = save(&college, &now, |document| {
            evening(document);
            document["audience"]["departments"] = departments.clone();
        })
        .await
        .body;
        let told: Vec<&Value> =
            saved["flaws"].as_array().unwrap().iter().map(|flaw| &flaw["field"]).collect();
        let expected = if fits { vec![] } else { vec![json!("audience")] };
        assert_eq!(told, expected.iter().collect::<Vec<_>>(), "{departments}");
        if !fits {
            assert_eq!(publish(&college, &saved).await.fields(), ["audience"], "{departments}");
        }
    }
    let now = college.get("/campaigns/our-roll-call").await.body;
    let theirs: i64 = test
        .one(
            "select count(*) from memberships m join departments d using (corp_id, department_id) join persons p using (corp_id, person_id)
             where m.is_main and m.until_date is null and d.college_id = $1 and p.kind = 'student'",
            &[&info],
        )
        .await;
    assert_eq!(college.get("/campaigns/our-roll-call/outlook").await.body["expected"], json!(theirs));
    assert_eq!(publish(&college, &now).await.body["published"], json!(true));
    // A student of the other college is not asked.
    let stranger: String = test
        .one(
            "select min(p.number) from memberships m join departments d using (corp_id, department_id) join persons p using (corp_id, person_id)
             where m.is_main and m.until_date is null and d.college_id = $1 and p.kind = 'student'",
            &[&other],
        )
        .await;
    let stranger = test.sign_in(&stranger).await;
    assert!(stranger.get("/forms").await.items().iter().all(|form| form["code"] != json!("our-roll-call")));

    // The whole school's forms are read, not changed; the school's office changes all.
    let list = seen(&college).await;
    assert!(
        list.contains(&("health-daily".into(), false)) && list.contains(&("our-roll-call".into(), true)),
        "{list:?}"
    );
    assert!(seen(&office).await.iter().all(|(_, mine)| *mine));
    let health = college.get("/campaigns/health-daily").await.body;
    let not_there = college.post("/campaigns/nothing/end", &json!({})).await;
    for refused in [
        save(&college, &health, |document| document["title"] = json!("改")).await,
        publish(&college, &health).await,
        college.post("/campaigns/health-daily/end", &json!({})).await,
        college.get("/campaigns/health-daily/outlook").await,
        college.delete("/campaigns/health-daily").await,
        put(
            &college,
            "/campaigns/health-daily/schedule",
            &json!({ "starts_on": "2020-03-04", "ends_on": "2020-03-05" }),
        )
        .await,
    ] {
        assert_eq!((refused.status, &refused.body), (StatusCode::NOT_FOUND, &not_there.body));
    }
    // Another college's form is not there at all.
    let elsewhere = json!({ "code": "theirs", "title": "管理学院点名", "department": other });
    assert_eq!(college.post("/campaigns", &elsewhere).await.fields(), ["department"]);
    create(&office, &elsewhere).await;
    assert_eq!(college.get("/campaigns/theirs").await.status, StatusCode::NOT_FOUND);
    assert!(seen(&college).await.iter().all(|(code, _)| code != "theirs"));
    let taken = college.post("/campaigns", &json!({ "code": "theirs", "title": "x" })).await;
    assert_eq!(taken.fields(), ["code"]);
    // A copy of the school's form is the college's, for its own people.
    let copy = json!({ "code": "our-health", "title": "本院健康日报", "like": "health-daily" });
    let copied = create(&college, &copy).await;
    assert_eq!(copied["document"]["audience"]["departments"], json!([info]));
    assert_eq!(copied["document"]["fields"], health["document"]["fields"]);
    assert_eq!(create(&college, &copy).await, copied, "a second tap");

    for role in ["student", "counsellor", "college_leader", "school_leader", "staff"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        for path in ["/campaigns", "/campaigns/health-daily", "/departments?purpose=design_forms"] {
            assert_eq!(viewer.get(path).await.status, StatusCode::FORBIDDEN, "{role} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_are_listed_by_state_scheduled_and_thrown_away() {
    let test = TestApp::start().await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let codes = async |rest: &str| -> Vec<String> {
        let list = office.get(&format!("/campaigns{rest}")).await;
        assert_eq!(list.status, StatusCode::OK, "{}", list.body);
        list.items().iter().map(|form| form["code"].as_str().unwrap().to_owned()).collect()
    };
    let all = codes("").await;
    let mut running = codes("?state=running").await;
    running.sort();
    assert_eq!(running, ["basic-info", "health-daily", "trips"]);
    assert_eq!(codes("?state=draft").await.len(), 5, "the others lie ready");
    assert_eq!(codes("?state=ended").await, Vec::<String>::new());
    assert_eq!(codes("?text=%E5%81%A5%E5%BA%B7%E6%97%A5%E6%8A%A5&state=running").await, ["health-daily"]);
    let mut paged = Vec::new();
    let mut rest = "?limit=3".to_owned();
    loop {
        let page = office.get(&format!("/campaigns{rest}")).await;
        paged.extend(page.items().iter().map(|form| form["code"].as_str().unwrap().to_owned()));
        let Some(cursor) = page.body["next_cursor"].as_str() else { break };
        rest = format!("?limit=3&cursor={cursor}");
    }
    assert_eq!(paged, all);

    // What lies ready is published by whoever wants it, and is theirs then.
    let ready = office.get("/campaigns/status-survey").await.body;
    let wanted = json!({ "starts_on": "2020-03-10", "ends_on": "2020-03-20" });
    assert_eq!(put(&office, "/campaigns/status-survey/schedule", &wanted).await.status, StatusCode::OK);
    assert_eq!(publish(&office, &ready).await.body["version"], json!(1));
    assert_eq!(codes("?state=planned").await, ["status-survey"]);
    let name: String =
        test.one("select name from persons where number = $1", &[&test.persona("school_office")]).await;
    assert_eq!(office.get("/campaigns/status-survey").await.body["campaign"]["owner"], json!(name));
    // Somebody else takes it over: they answer for it, and it is on record.
    let administrator = test.sign_in(&test.persona("administrator")).await;
    for _ in 0..2 {
        let taken = put(&administrator, "/campaigns/status-survey/owner", &json!({})).await;
        assert_eq!(taken.status, StatusCode::OK, "{}", taken.body);
    }
    let name: String =
        test.one("select name from persons where number = $1", &[&test.persona("administrator")]).await;
    assert_eq!(office.get("/campaigns/status-survey").await.body["campaign"]["owner"], json!(name));
    let acts = office.get("/campaigns/status-survey/acts").await;
    let acts: Vec<&str> = acts.items().iter().map(|act| act["act"].as_str().unwrap()).collect();
    assert_eq!(acts, ["taken_over", "published", "scheduled"]);
    let student = test.sign_in(&test.persona("student")).await;
    let refused = put(&student, "/campaigns/status-survey/owner", &json!({})).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    for (starts_on, ends_on, field) in [
        ("2020-03-03", "2020-03-20", "starts_on"),
        ("2020-03-10", "2020-03-09", "ends_on"),
        ("2020-03-10", "2021-04-14", "ends_on"),
    ] {
        let wrong = json!({ "starts_on": starts_on, "ends_on": ends_on });
        let reply = put(&office, "/campaigns/status-survey/schedule", &wrong).await;
        assert_eq!(
            (reply.status, reply.fields()),
            (StatusCode::UNPROCESSABLE_ENTITY, vec![field]),
            "{wrong}"
        );
    }
    test.clock.advance(TimeDelta::days(6));
    let office = test.sign_in(&test.persona("school_office")).await;
    let moved = json!({ "starts_on": "2020-03-11", "ends_on": "2020-03-20" });
    assert_eq!(
        put(&office, "/campaigns/status-survey/schedule", &moved).await.fields(),
        ["starts_on"],
        "it runs"
    );
    test.clock.advance(TimeDelta::days(11));
    let office = test.sign_in(&test.persona("school_office")).await;
    let ended = office.get("/campaigns?state=ended").await;
    assert_eq!(ended.items().len(), 1, "by itself: {}", ended.body);

    // Only what was never published is thrown away, and does not come back.
    assert_eq!(office.delete("/campaigns/status-survey").await.fields(), ["code"]);
    assert_eq!(office.delete("/campaigns/reading-notes").await.status, StatusCode::NO_CONTENT);
    assert_eq!(office.delete("/campaigns/reading-notes").await.status, StatusCode::NOT_FOUND);
    app::forms::publish_built_in(&test.app, test.school()).await.unwrap();
    assert_eq!(office.get("/campaigns/reading-notes").await.status, StatusCode::NOT_FOUND);
    assert_eq!(office.get("/campaigns/live-teaching").await.status, StatusCode::OK);
    for strange in ["?cursor=YQBi", "?state=nothing", "?limit=0"] {
        assert!(office.get(&format!("/campaigns{strange}")).await.status.is_client_error(), "{strange}");
    }
}
