//! 二次验证, and what is kept of sign-ins and refusals.

use chrono::{DateTime, TimeDelta, Utc};
use domain::second_factor::shown;
use futures_util::future::join_all;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    browser_client::{Browser, Reply},
    test_app::{Shape, TestApp},
};

/// As production has it, with the roster.
async fn start(second_factor: &'static str) -> TestApp {
    let test =
        TestApp::start_with(Shape { fresh_sign_in_minutes: 10, second_factor, ..Shape::default() }).await;
    test.sync().await;
    test.import_roster().await;
    test
}

/// Somebody's authenticator.
struct Authenticator {
    secret: Vec<u8>,
    recoveries: Vec<String>,
}

impl Authenticator {
    fn read(secret: &str) -> Self {
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let bits: String =
            secret.chars().map(|letter| format!("{:05b}", letters.find(letter).unwrap())).collect();
        let bytes = bits.as_bytes().chunks_exact(8);
        let secret = bytes.map(|eight| u8::from_str_radix(str::from_utf8(eight).unwrap(), 2).unwrap());
        Self { secret: secret.collect(), recoveries: Vec::new() }
    }

    fn code(&self, at: DateTime<Utc>) -> Value {
        json!({ "code": shown(&self.secret, at) })
    }

    /// A code of none of the half minutes around a moment.
    fn wrong_code(&self, at: DateTime<Utc>) -> Value {
        let around: Vec<String> =
            (-2..=2).map(|half| shown(&self.secret, at + TimeDelta::seconds(30 * half))).collect();
        let code = (0..10).map(|digit| format!("{digit}00000")).find(|code| !around.contains(code));
        json!({ "code": code.unwrap() })
    }
}

/// Sets one up, by the page's own way.
async fn set_up(test: &TestApp, browser: &Browser) -> Authenticator {
    let begun = browser.post("/me/second-factor", &json!({})).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.body);
    let mut authenticator = Authenticator::read(begun.body["secret"].as_str().unwrap());
    let code = authenticator.code(test.app.now());
    let confirmed = browser.post("/me/second-factor/confirmation", &code).await;
    assert_eq!(confirmed.status, StatusCode::OK, "{}", confirmed.body);
    authenticator.recoveries = serde_json::from_value(confirmed.body["recovery_codes"].clone()).unwrap();
    authenticator
}

/// A dangerous act, of a grant that is not there.
async fn end_grant(browser: &Browser) -> Reply {
    browser.post("/grants/999999/end", &json!({ "reason": "换人" })).await
}

async fn prove(browser: &Browser, code: &Value) -> Reply {
    browser.post("/me/second-factor/proof", code).await
}

/// What was kept, the newest first: `kind`, `reason` and `times`.
async fn kept(test: &TestApp, auditor: &Browser, kind: &str) -> Vec<Value> {
    app::security_events::flush(&test.app).await;
    let listed = auditor.get(&format!("/security-events?kind={kind}")).await;
    assert_eq!(listed.status, StatusCode::OK, "{}", listed.body);
    listed.items().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_asked_before_a_dangerous_act_and_none_is_taken_twice() {
    let test = start("optional").await;
    let userid = test.persona("administrator");
    let administrator = test.sign_in_on_pc(&userid).await;
    let mine = administrator.get("/me/second-factor").await.body;
    let none = json!({ "rule": "optional", "wanted": true, "confirmed_at": null, "recoveries_left": 0 });
    assert_eq!(mine, none);
    assert_eq!(end_grant(&administrator).await.status, StatusCode::NOT_FOUND, "nothing is asked yet");

    let begun = administrator.post("/me/second-factor", &json!({})).await;
    let secret = begun.body["secret"].as_str().unwrap();
    assert!(begun.body["uri"].as_str().unwrap().contains(secret), "{}", begun.body);
    let authenticator = Authenticator::read(secret);
    let hex: String = authenticator.secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let open: i64 = test
        .one("select count(*) from second_factors f where f::text like '%' || $1::text || '%'", &[&hex])
        .await;
    assert_eq!((authenticator.secret.len(), open), (20, 0), "it stands sealed");
    assert_eq!(end_grant(&administrator).await.status, StatusCode::NOT_FOUND, "it counts for nothing yet");
    let now = test.app.now();
    let wrong = administrator.post("/me/second-factor/confirmation", &authenticator.wrong_code(now)).await;
    assert_eq!((wrong.status, wrong.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["code"]));
    let code = authenticator.code(now);
    let confirmed = administrator.post("/me/second-factor/confirmation", &code).await;
    assert_eq!(confirmed.body["recovery_codes"].as_array().map(Vec::len), Some(10), "{}", confirmed.body);
    assert_eq!(end_grant(&administrator).await.status, StatusCode::NOT_FOUND, "it was just shown here");
    let again = administrator.post("/me/second-factor", &json!({})).await;
    assert_eq!(again.code(), "overtaken", "there is one");

    // Whoever signs in elsewhere has to show a code, and not the one that was shown.
    let elsewhere = test.sign_in_on_pc(&userid).await;
    let asked = end_grant(&elsewhere).await;
    assert_eq!((asked.status, asked.code()), (StatusCode::FORBIDDEN, "second_factor_needed"));
    assert_eq!(prove(&elsewhere, &code).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(end_grant(&elsewhere).await.code(), "second_factor_needed");
    test.clock.advance(TimeDelta::seconds(30));
    let next = authenticator.code(test.app.now());
    assert_eq!(prove(&elsewhere, &next).await.status, StatusCode::NO_CONTENT);
    assert_eq!(end_grant(&elsewhere).await.status, StatusCode::NOT_FOUND);
    assert_eq!(prove(&elsewhere, &next).await.status, StatusCode::UNPROCESSABLE_ENTITY, "twice");

    // It lasts as long as the sign-in is fresh, and a new sign-in is a new session.
    test.clock.advance(TimeDelta::minutes(11));
    assert_eq!(end_grant(&elsewhere).await.code(), "sign_in_again");
    elsewhere.open(elsewhere.url("/auth/start?to=/healthz")).await;
    assert_eq!(end_grant(&elsewhere).await.code(), "second_factor_needed");

    let removed = elsewhere.post("/me/second-factor/removal", &authenticator.code(test.app.now())).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.body);
    assert_eq!(end_grant(&elsewhere).await.status, StatusCode::NOT_FOUND);
    assert_eq!(elsewhere.get("/me/second-factor").await.body, none);
    let acts = test
        .owner
        .query("select action from audit_events where action like 'second_factor%' order by event_id", &[])
        .await
        .unwrap();
    let acts: Vec<String> = acts.iter().map(|row| row.get(0)).collect();
    assert_eq!(acts, ["second_factor_set", "second_factor_removed"]);
    test.run_jobs().await;
    let told = Value::from(test.messages_of(&userid).await).to_string();
    assert!(told.contains("已设置二次验证") && told.contains("已移除二次验证"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_same_code_sent_many_times_at_once_one_is_taken() {
    let test = start("optional").await;
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    let authenticator = set_up(&test, &administrator).await;
    test.clock.advance(TimeDelta::minutes(1));
    let code = authenticator.code(test.app.now());
    let replies = join_all((0..4).map(|_| prove(&administrator, &code))).await;
    let taken = replies.iter().filter(|reply| reply.status == StatusCode::NO_CONTENT).count();
    let refused = replies.iter().filter(|reply| reply.status == StatusCode::UNPROCESSABLE_ENTITY).count();
    assert_eq!((taken, refused), (1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_five_wrong_codes_in_five_minutes_the_right_one_is_not_taken_either() {
    let test = start("optional").await;
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    let authenticator = set_up(&test, &administrator).await;
    test.clock.advance(TimeDelta::minutes(1));
    let malformed = prove(&administrator, &json!({ "code": "12345" })).await;
    assert_eq!(malformed.fields(), ["code"], "what can't be a code is no try");
    // Side by side they wait for each other.
    let wrong = authenticator.wrong_code(test.app.now());
    let replies = join_all((0..8).map(|_| prove(&administrator, &wrong))).await;
    let refused = replies.iter().filter(|reply| reply.code() == "invalid").count();
    let limited = replies.iter().filter(|reply| reply.code() == "too_many_tries").count();
    assert_eq!((refused, limited), (5, 3));
    let right = prove(&administrator, &authenticator.code(test.app.now())).await;
    assert_eq!((right.status, right.code()), (StatusCode::TOO_MANY_REQUESTS, "too_many_tries"));
    let recovery = json!({ "code": authenticator.recoveries[0] });
    assert_eq!(prove(&administrator, &recovery).await.code(), "too_many_tries");
    let removal = administrator.post("/me/second-factor/removal", &recovery).await;
    assert_eq!(removal.code(), "too_many_tries");

    test.clock.advance(TimeDelta::minutes(5));
    let right = prove(&administrator, &authenticator.code(test.app.now())).await;
    assert_eq!(right.status, StatusCode::NO_CONTENT, "{}", right.body);
    let failed = kept(&test, &administrator, "factor_failed").await;
    assert_eq!(failed.len(), 5);
    assert!(failed.iter().all(|event| event["network"] == "127.0.0.0/24" && event["reason"] == "code"));
    assert_eq!(kept(&test, &administrator, "factor_passed").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_begun_is_not_to_be_guessed_either() {
    let test = start("optional").await;
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    let begun = administrator.post("/me/second-factor", &json!({})).await;
    let authenticator = Authenticator::read(begun.body["secret"].as_str().unwrap());
    let confirm = "/me/second-factor/confirmation";
    let wrong = authenticator.wrong_code(test.app.now());
    let replies = join_all((0..8).map(|_| administrator.post(confirm, &wrong))).await;
    let refused = replies.iter().filter(|reply| reply.code() == "invalid").count();
    let limited = replies.iter().filter(|reply| reply.code() == "too_many_tries").count();
    assert_eq!((refused, limited), (5, 3));
    let right = administrator.post(confirm, &authenticator.code(test.app.now())).await;
    assert_eq!(right.code(), "too_many_tries");
    test.clock.advance(TimeDelta::minutes(5));
    let right = administrator.post(confirm, &authenticator.code(test.app.now())).await;
    assert_eq!(right.status, StatusCode::OK, "{}", right.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_code_is_good_once_and_only_a_hash_of_it_is_kept() {
    let test = start("optional").await;
    let userid = test.persona("administrator");
    let administrator = test.sign_in_on_pc(&userid).await;
    let authenticator = set_up(&test, &administrator).await;
    for code in &authenticator.recoveries {
        let bare = code.replace('-', "");
        let open: i64 = test
            .one(
                "select count(*) from second_factor_recoveries r
                 where position(convert_to($1, 'UTF8') in r.hash) > 0 or r.hash = sha256(convert_to($1, 'UTF8'))",
                &[&bare],
            )
            .await;
        assert_eq!((bare.len(), open), (12, 0));
    }
    let code = json!({ "code": authenticator.recoveries[3].to_lowercase() });
    assert_eq!(prove(&administrator, &code).await.status, StatusCode::NO_CONTENT);
    assert_eq!(prove(&administrator, &code).await.status, StatusCode::UNPROCESSABLE_ENTITY, "twice");
    assert_eq!(administrator.get("/me/second-factor").await.body["recoveries_left"], json!(9));
    let used: i64 =
        test.one("select count(*) from audit_events where action = 'recovery_code_used'", &[]).await;
    assert_eq!(used, 1);
    // Whose it was hears of it, and how many are left.
    test.run_jobs().await;
    let told = Value::from(test.messages_of(&userid).await).to_string();
    assert!(told.contains("已使用恢复码") && told.contains("还剩 9 个"), "{told}");
    let other = json!({ "code": authenticator.recoveries[4] });
    let removed = administrator.post("/me/second-factor/removal", &other).await;
    assert_eq!(removed.status, StatusCode::NO_CONTENT, "{}", removed.body);
    let left: i64 = test.one("select count(*) from second_factor_recoveries", &[]).await;
    assert_eq!(left, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_resets_anothers_and_nobody_their_own() {
    let test = start("optional").await;
    let office = test.persona("school_office");
    let phone = test.sign_in_on_pc(&office).await;
    set_up(&test, &phone).await;
    let reset = json!({ "userid": office });
    for role in ["student", "counsellor", "college_office", "school_office", "school_leader"] {
        let viewer = test.sign_in_on_pc(&test.persona(role)).await;
        let refused = viewer.post("/accounts/second-factor/reset", &reset).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{role}");
    }
    let userid = test.persona("administrator");
    let administrator = test.sign_in_on_pc(&userid).await;
    let nobody = json!({ "userid": "nobody-here" });
    let missing = administrator.post("/accounts/second-factor/reset", &nobody).await;
    assert_eq!(missing.status, StatusCode::NOT_FOUND);
    let done = administrator.post("/accounts/second-factor/reset", &reset).await;
    assert_eq!((done.status, &done.body["removed"]), (StatusCode::OK, &json!(true)), "{}", done.body);
    let again = administrator.post("/accounts/second-factor/reset", &reset).await;
    assert_eq!(again.body["removed"], json!(false));
    assert_eq!(phone.get("/me/second-factor").await.body["confirmed_at"], Value::Null);

    // They are told, and read who it was.
    test.run_jobs().await;
    let told = Value::from(test.messages_of(&office).await).to_string();
    assert!(told.contains("二次验证已被重置"), "{told}");
    let looks = phone.get("/access-log").await;
    let fields: Vec<&str> = looks.items().iter().map(|look| look["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["second_factor"]);
    let resets: i64 = test
        .one(
            "select count(*) from audit_events where action = 'second_factor_reset' and subject is not null",
            &[],
        )
        .await;
    assert_eq!(resets, 1);

    // Their own they remove by a code alone: not even from a session that has just shown one.
    set_up(&test, &administrator).await;
    let own = administrator.post("/accounts/second-factor/reset", &json!({ "userid": userid })).await;
    assert_eq!((own.status, own.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["userid"]));
    assert_ne!(administrator.get("/me/second-factor").await.body["confirmed_at"], Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_required_nothing_dangerous_is_done_without() {
    let test = start("required").await;
    let office = test.sign_in_on_pc(&test.persona("school_office")).await;
    let asked = end_grant(&office).await;
    assert_eq!((asked.status, asked.code()), (StatusCode::FORBIDDEN, "second_factor_missing"));
    set_up(&test, &office).await;
    assert_eq!(end_grant(&office).await.status, StatusCode::NOT_FOUND);

    // Whose roles change nobody's rights set none up, and are asked for none.
    let counsellor = test.sign_in_on_pc(&test.persona("counsellor")).await;
    assert_eq!(counsellor.get("/me/second-factor").await.body["wanted"], json!(false));
    let begun = counsellor.post("/me/second-factor", &json!({})).await;
    assert_eq!(begun.status, StatusCode::FORBIDDEN);
    assert_eq!(end_grant(&counsellor).await.code(), "forbidden");

    // To set one up, too, one has signed in a moment ago.
    let late = test.sign_in_on_pc(&test.persona("administrator")).await;
    test.clock.advance(TimeDelta::minutes(11));
    assert_eq!(late.post("/me/second-factor", &json!({})).await.code(), "sign_in_again");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_off_nobody_is_asked() {
    let test = start("off").await;
    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    assert_eq!(administrator.get("/me/second-factor").await.body["wanted"], json!(false));
    let begun = administrator.post("/me/second-factor", &json!({})).await;
    assert_eq!(begun.status, StatusCode::FORBIDDEN);
    assert_eq!(end_grant(&administrator).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_and_lists_of_names_want_a_sign_in_of_this_working_day() {
    let test = start("optional").await;
    let counsellor = test.sign_in_on_pc(&test.persona("counsellor")).await;
    let reveal = json!({ "purpose": "call" });
    let names = json!({ "name": "名册", "purpose": "报送", "definition": { "dataset": "people", "order": "number",
        "columns": [{ "column": "number", "title": "学号" }] } });
    let answers = "/reviews/AAAAAAAAAAAAAAAA/answers";
    let pictures = ["/photos/999999".to_owned(), format!("/attachments/{}", "a".repeat(32))];
    // Used all along, the session lasts; eight hours after the sign-in it no longer opens these.
    for hour in 1..=8 {
        test.clock.advance(TimeDelta::hours(1));
        let used = counsellor.post("/me/sessions/end-others", &json!({})).await;
        assert_eq!(used.status, StatusCode::OK, "{}", used.body);
        if ![1, 8].contains(&hour) {
            continue;
        }
        assert_ne!(counsellor.post("/people/999999/phone", &reveal).await.code(), "sign_in_again");
        assert_ne!(counsellor.post("/corrections/999999/values", &json!({})).await.code(), "sign_in_again");
        assert_ne!(counsellor.post("/exports/999999/file", &json!({})).await.code(), "sign_in_again");
        assert_ne!(counsellor.post(answers, &reveal).await.code(), "sign_in_again");
        for picture in &pictures {
            assert_eq!(counsellor.get(picture).await.status, StatusCode::NOT_FOUND, "{picture}");
        }
    }
    assert_eq!(counsellor.post("/exports", &names).await.status, StatusCode::ACCEPTED);
    test.clock.advance(TimeDelta::minutes(1));
    let none = json!({});
    for (path, body) in [
        ("/people/999999/phone", &reveal),
        ("/corrections/999999/values", &none),
        ("/exports", &names),
        ("/exports/999999/file", &none),
        (answers, &reveal),
    ] {
        let late = counsellor.post(path, body).await;
        assert_eq!((late.status, late.code()), (StatusCode::FORBIDDEN, "sign_in_again"), "{path}");
    }
    for picture in &pictures {
        let late = counsellor.get(picture).await;
        assert_eq!((late.status, late.code()), (StatusCode::FORBIDDEN, "sign_in_again"), "{picture}");
    }
    // One's own is there as long as the session, and so is who is to be reviewed.
    assert_eq!(counsellor.get("/me/photo").await.code(), "not_found");
    assert_eq!(counsellor.get("/reviews").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_ins_and_refusals_are_kept_and_a_storm_is_one_row() {
    let test = TestApp::start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let counsellor = test.sign_in(&test.persona("counsellor")).await;
    for _ in 0..5 {
        let refused = student.post("/people/1/phone", &json!({ "purpose": "call" })).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
    }
    let strange = counsellor.post("/people/999999/phone", &json!({ "purpose": "call" })).await;
    assert_eq!(strange.status, StatusCode::NOT_FOUND);
    // What another site's page sends with the cookie.
    let foreign = [("Sec-Fetch-Site", "cross-site")];
    let url = student.url("/api/v1/people/1/phone");
    let forged = student.request(Method::POST, url, None, &foreign).await;
    assert_eq!(forged.status(), StatusCode::FORBIDDEN);
    // Who is not signed in and what is no address of ours: neither is a refusal.
    assert_eq!(test.browser().get("/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(student.get("/nothing-here").await.status, StatusCode::NOT_FOUND);
    // A state that is none of ours.
    let foreign = test.browser();
    let callback = foreign.url("/auth/callback?code=c&state=s");
    let response = foreign.request(Method::GET, callback, None, &[]).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "once more");

    let administrator = test.sign_in_on_pc(&test.persona("administrator")).await;
    let refused = kept(&test, &administrator, "refused").await;
    let mut told: Vec<Value> = refused
        .iter()
        .map(|event| json!([event["operation"], event["reason"], event["times"], event["network"]]))
        .collect();
    told.sort_by_key(Value::to_string);
    let phone = "POST /api/v1/people/{id}/phone";
    assert_eq!(
        told,
        [
            json!([phone, "forbidden", 5, "127.0.0.0/24"]),
            json!([phone, "foreign_site", 1, "127.0.0.0/24"]),
            json!([phone, "not_found", 1, "127.0.0.0/24"]),
        ]
    );
    let failed = kept(&test, &administrator, "sign_in_failed").await;
    let reasons: Vec<&str> = failed.iter().map(|event| event["reason"].as_str().unwrap()).collect();
    assert_eq!((reasons, &failed[0]["member"]), (vec!["unknown_state"], &Value::Null));
    let signed_in = kept(&test, &administrator, "signed_in").await;
    let channels: Vec<&str> = signed_in.iter().map(|event| event["channel"].as_str().unwrap()).collect();
    assert_eq!(channels, ["pc", "h5", "h5"], "the newest first");

    // What somebody mistypes is not kept, what comes in bulk is.
    let wrong = json!({ "phone": "12a", "reason": "换号" });
    for times in [3, 10] {
        for _ in 0..times {
            let refused = counsellor.post("/people/1/phone-correction", &wrong).await;
            assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["phone"]));
        }
        app::security_events::flush(&test.app).await;
    }
    let sql = "select coalesce(sum(times), 0) from security_events where reason = 'invalid' and member_id is not null";
    assert_eq!(test.one::<i64>(sql, &[]).await, 10);

    // More within the minute count on the same row; of one account alone they can be asked for.
    assert_eq!(
        student.post("/people/1/phone", &json!({ "purpose": "call" })).await.status,
        StatusCode::FORBIDDEN
    );
    app::security_events::flush(&test.app).await;
    let member = refused.iter().find(|event| event["times"] == 5).unwrap()["member"].clone();
    let theirs = administrator.get(&format!("/security-events?kind=refused&member={member}")).await;
    let times: Vec<&Value> = theirs.items().iter().map(|event| &event["times"]).collect();
    assert_eq!(times, [&json!(6)]);
    let addresses: i64 =
        test.one("select count(*) from security_events e where e::text ~ '127\\.0\\.0\\.[1-9]'", &[]).await;
    assert_eq!(addresses, 0, "networks alone");

    // Nobody else reads them, and they end.
    assert_eq!(counsellor.get("/security-events").await.status, StatusCode::FORBIDDEN);
    let mut tx = test.app.store().scoped(1).await.unwrap();
    store::security_events::sweep(&mut tx, 1, test.app.now() + TimeDelta::minutes(1)).await.unwrap();
    tx.commit().await.unwrap();
    let left: i64 = test.one("select count(*) from security_events", &[]).await;
    assert_eq!(left, 0);
}
