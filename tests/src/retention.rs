//! 保存期限: a campaign's answers are hidden in time, purged with their keys and with proof; what is held stays, and so does what was
//! counted.

use app::{
    audit::{anchors::Anchors, sealing, verify},
    retention,
};
use chrono::TimeDelta;
use domain::{audit::Act, retention::Retention};
use reqwest::StatusCode;
use serde_json::{Value, json};
use server::{compose, privacy::manifest};
use store::{Purpose, Sealed, reports::answers_place};

use crate::{
    audit::details,
    browser_client::Browser,
    databases,
    test_app::{TestApp, health_report, normal_answers},
};

fn ill() -> Value {
    json!({ "temperature": 38.4, "place": "非疫区", "abnormal": true, "condition": "居家观察", "symptoms": ["发热"] })
}

/// A campaign with an abnormal report that was noted, a normal one, one for somebody else, and a note on who has not reported; ended.
struct Scene {
    test: TestApp,
    counsellor: String,
    student: String,
    receipt: String,
}

impl Scene {
    async fn start() -> Self {
        let test = TestApp::start().await;
        let counsellor = test.persona("counsellor");
        let students = test.students_of(&counsellor).await;
        let student = test.sign_in(&students[0]).await;
        let sent = student.post("/reports", &health_report(ill())).await;
        assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.body);
        let receipt = sent.body["receipt"].as_str().unwrap().to_owned();
        let other = test.sign_in(&students[1]).await;
        assert!(other.post("/reports", &health_report(normal_answers())).await.status.is_success());

        let browser = test.sign_in(&counsellor).await;
        let noted = browser.post(&format!("/reviews/{receipt}/note"), &json!({ "note": "已电话询问" })).await;
        assert!(noted.status.is_success(), "{}", noted.body);
        let mut behalf = health_report(normal_answers());
        behalf["behalf"] = json!({ "person": person(&test, &students[2]).await, "reason": "手机坏了" });
        let taken = browser.post("/reports", &behalf).await;
        assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.body);
        let why =
            json!({ "person": person(&test, &students[3]).await, "reason": "other", "note": "家里有事" });
        let followed = browser.post("/unreported/health-daily/follow-ups", &why).await;
        assert!(followed.status.is_success(), "{}", followed.body);
        let sql = "select d.department_id from persons p join memberships m using (corp_id, person_id)
            join departments d using (corp_id, department_id) where p.number = $1 and m.is_main and m.until_date is null";
        let class: i32 = test.one(sql, &[&students[0]]).await;
        let signing = json!({ "form": "health-daily", "department": class, "note": "已逐一联系" });
        let signed = browser.post("/sign-offs", &signing).await;
        assert!(signed.status.is_success(), "{}", signed.body);
        Self { test, counsellor, student: students[0].clone(), receipt }
    }

    async fn end(&self) -> Value {
        let office = self.office().await;
        let ended = office.post("/campaigns/health-daily/end", &json!({})).await;
        assert_eq!(ended.status, StatusCode::OK, "{}", ended.body);
        ended.body
    }

    async fn office(&self) -> Browser {
        self.test.sign_in(&self.test.persona("school_office")).await
    }

    async fn run(&self) -> usize {
        retention::run(&self.test.app, self.test.school(), None).await.unwrap()
    }

    async fn count(&self, sql: &str) -> i64 {
        self.test.one(sql, &[]).await
    }

    /// What of the campaign can be purged: answers, reasons, notes.
    async fn left(&self) -> (i64, i64) {
        let answers = self.count("select count(*) from report_answers where corp_id = 1").await;
        let words = "select (select count(*) from report_revisions where reason is not null)
            + (select count(*) from review_acts where note is not null) + (select count(*) from follow_ups where note is not null)";
        (answers, self.count(words).await)
    }

    /// What was counted of it, to be compared.
    async fn facts(&self) -> String {
        let sql = "select string_agg(concat_ws(' ', report_id, person_id, day, state, facts, flags, revision), '\n' order by report_id)
            from reports";
        self.test.one(sql, &[]).await
    }
}

async fn person(test: &TestApp, number: &str) -> i64 {
    test.one("select person_id from persons where number = $1", &[&number]).await
}

/// The figures of the day, as the school reads them.
async fn figures(test: &TestApp) -> Value {
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let mut table = leader.get("/statistics/health-daily?by=college&day=2020-03-04").await;
    assert_eq!(table.status, StatusCode::OK, "{}", table.body);
    table.body["rows"].take()
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_hidden_from_everybody_on_their_day_and_purged_with_proof() {
    let scene = Scene::start().await;
    let test = &scene.test;
    let ended = scene.end().await;
    let ending = &ended["ending"];
    assert_eq!(
        (&ended["ends_on"], &ending["stage"], &ending["hidden_on"], &ending["gone_by"]),
        (&json!("2020-03-03"), &json!("kept"), &json!("2020-04-02"), &json!("2020-04-03"))
    );
    assert_eq!(scene.left().await, (3, 3));
    let facts = scene.facts().await;
    assert_eq!(scene.run().await, 0, "nothing is due");

    // The day before they are there.
    test.clock.advance(TimeDelta::days(28));
    let own = format!("/reports/{}", scene.receipt);
    let student = test.sign_in(&scene.student).await;
    assert_eq!(student.get(&own).await.body["answers"]["temperature"], json!(38.4));
    let figures_before = figures(test).await;

    // On the day they are nobody's, although they still stand in the database.
    test.clock.advance(TimeDelta::days(1));
    let student = test.sign_in(&scene.student).await;
    assert_eq!(student.get(&own).await.body["answers"], Value::Null);
    let revisions = student.get(&format!("{own}/revisions")).await;
    assert_eq!(revisions.items()[0]["answers"], Value::Null, "{}", revisions.body);
    let history = student.get("/reports?form=health-daily").await;
    assert_eq!(history.items()[0]["answers"], Value::Null, "{}", history.body);
    let asked = student.post("/me/data/copies", &json!({ "format": "json" })).await;
    let path = asked.body["path"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
    let copy = student.get(&path).await;
    assert!(copy.body.to_string().contains("已按期限删除"));
    assert!(!copy.body.to_string().contains("38.4") && !copy.body.to_string().contains("已电话询问"));
    let counsellor = test.sign_in(&scene.counsellor).await;
    let looked =
        counsellor.post(&format!("/reviews/{}/answers", scene.receipt), &json!({ "purpose": "核查" })).await;
    assert_eq!(looked.status, StatusCode::OK, "{}", looked.body);
    assert_eq!(looked.body["revisions"][0]["answers"], Value::Null);
    let head = counsellor.get(&format!("/reviews/{}", scene.receipt)).await;
    assert!(!head.body.to_string().contains("已电话询问"), "{}", head.body);
    let late = student.post("/reports", &health_report(normal_answers())).await;
    assert_eq!((late.status, late.code()), (StatusCode::CONFLICT, "form_closed"));
    let rows = vec![(scene.student.clone(), normal_answers().as_object().cloned().unwrap())];
    let day = "2020-03-02".parse().unwrap();
    let loaded = app::reports::load(&test.app, test.school(), "health-daily", day, rows).await.unwrap();
    assert_eq!((loaded.written, loaded.errors.len()), (0, 1), "what is loaded now would stay for ever");
    let office = scene.office().await;
    let again = json!({ "starts_on": "2020-04-02", "ends_on": "2020-06-30" });
    let refused = office.put("/campaigns/health-daily/schedule", &again).await;
    assert_eq!(refused.fields(), ["ends_on"], "what is hidden does not come back: {}", refused.body);
    assert_eq!(scene.left().await, (3, 3));

    // A copy of the rows, as a backup has it.
    let sql = "select a.answers, concat_ws('/', r.form_id, r.person_id, to_char(r.day, 'YYYY-MM-DD'), r.slot, r.occurrence), r.form_id
        from report_answers a join reports r using (corp_id, report_id) where r.receipt = $1";
    let kept = test.owner.query_one(sql, &[&scene.receipt]).await.unwrap();
    let (sealed, row, form): (Vec<u8>, String, i64) = (kept.get(0), kept.get(1), kept.get(2));
    let sealed = Sealed::from_bytes(sealed);
    let keyring = test.app.store().keyring();
    keyring.open(answers_place(1, &row), &sealed).expect("until then it opens");
    assert!(!keyring.keys(1, Purpose::Answers(form)).unwrap().is_empty());

    assert_eq!(scene.run().await, 1);
    assert_eq!(scene.left().await, (0, 0));
    assert!(keyring.keys(1, Purpose::Answers(form)).unwrap().is_empty());
    assert!(keyring.open(answers_place(1, &row), &sealed).is_err(), "a backup can't be read either");
    assert_eq!(scene.facts().await, facts);
    assert_eq!(figures(test).await, figures_before);
    assert_eq!(scene.run().await, 0, "once");

    let auditor = test.sign_in(&test.persona("school_office")).await;
    let list = auditor.get("/retention/certificates").await;
    let one = &list.items()[0];
    assert_eq!((&one["form"], &one["rows"], list.items().len()), (&json!("health-daily"), &json!(6), 1));
    let file = auditor.get(&format!("/retention/certificates/{}", one["id"])).await;
    assert_eq!(file.status, StatusCode::OK, "{}", file.body);
    let certificate = &file.body["certificate"];
    assert_eq!(certificate["rows"]["report_answers"], json!(3));
    assert_eq!((&certificate["policy"], &certificate["operator"]), (&json!("2026-11"), &Value::Null));
    assert_eq!(certificate["data_keys"].as_array().map(Vec::len), Some(1));
    let number: i64 = test
        .one(
            "select c.seq from audit_chain c join audit_events e using (corp_id, event_id) where e.action = 'answers_purged'",
            &[],
        )
        .await;
    assert_eq!(certificate["audit_number"], json!(number));

    let key: String = test.one("select encode(public_key, 'hex') from audit_keys", &[]).await;
    let text = file.body.to_string();
    let proven = retention::verify(&text, &key).expect("it holds");
    assert_eq!((proven.rows, proven.data_keys), (6, 1));
    for (was, is) in [
        ("\"report_answers\":3", "\"report_answers\":2"),
        ("2020-03-03", "2020-02-03"),
        ("2026-11", "2026-12"),
    ] {
        assert!(text.contains(was), "{was} in {text}");
        assert!(retention::verify(&text.replace(was, is), &key).is_err(), "{was} was changed");
    }
    assert!(retention::verify(&text, &"00".repeat(32)).is_err(), "another's key");
    assert!(retention::verify("{}", &key).is_err());
    let verified = verify(&test.app, test.school(), &Anchors::default()).await.unwrap();
    assert_eq!(verified.flaws, []);

    // Asked anew it takes answers again, and has to be purged again.
    let begun = office.put("/campaigns/health-daily/schedule", &again).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.body);
    assert_eq!(begun.body["ending"]["stage"], json!("kept"));
    let student = test.sign_in(&scene.student).await;
    assert!(student.post("/reports", &health_report(normal_answers())).await.status.is_success());
    assert_eq!(scene.left().await, (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_stays_until_it_is_lifted() {
    let scene = Scene::start().await;
    let test = &scene.test;
    scene.end().await;
    let office = scene.office().await;
    let hold = |until: &str| json!({ "form": "health-daily", "reason": "校内调查", "until": until });
    for (wrong, field) in [
        (hold("2020-03-03"), "until"),
        (hold("2023-03-04"), "until"),
        (json!({ "form": "health-daily", "reason": " ", "until": "2020-05-31" }), "reason"),
        (json!({ "form": "no-such", "reason": "校内调查", "until": "2020-05-31" }), "form"),
    ] {
        let refused = office.post("/retention/holds", &wrong).await;
        assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec![field]));
    }
    let set = office.post("/retention/holds", &hold("2020-05-31")).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.body);
    test.clock.advance(TimeDelta::days(40));
    assert_eq!(scene.run().await, 0);
    assert_eq!(scene.left().await, (3, 3));
    let student = test.sign_in(&scene.student).await;
    let own = student.get(&format!("/reports/{}", scene.receipt)).await;
    assert_eq!(own.body["answers"], Value::Null, "hidden all the same");
    let office = scene.office().await;
    let campaign = office.get("/campaigns/health-daily").await;
    let ending = &campaign.body["campaign"]["ending"];
    assert_eq!((&ending["stage"], &ending["held_until"]), (&json!("held"), &json!("2020-05-31")));

    // An administrator sees it and lifts nothing.
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let end = format!("/retention/holds/{}/end", set.body["id"]);
    assert_eq!(administrator.get("/retention/holds").await.items().len(), 1);
    assert_eq!(administrator.post(&end, &json!({})).await.status, StatusCode::FORBIDDEN);
    assert_eq!(office.post(&end, &json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(office.post(&end, &json!({})).await.status, StatusCode::NOT_FOUND, "once");
    assert_eq!(scene.run().await, 1);
    assert_eq!(scene.left().await, (0, 0));
    let late = office.post("/retention/holds", &hold("2020-05-31")).await;
    assert_eq!(late.fields(), ["form"], "what is gone can't be held");
    let acts: Vec<String> = test
        .owner
        .query("select action from audit_events where action like 'hold%' order by event_id", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(acts, ["hold_set", "hold_lifted"]);
}

/// Until somebody waits for a row of this test's database.
pub async fn until_somebody_waits(test: &TestApp) {
    let sql = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    for _ in 0..100_000 {
        if test.one::<i64>(sql, &[]).await > 0 {
            return;
        }
    }
    panic!("nobody waits");
}

/// A hold on the form, as another process sets it.
pub const HOLD: &str = "insert into retention_holds (corp_id, form_id, reason, until_date, set_by, set_at)
    select 1, form_id, '校内调查', '2021-12-31', (select min(member_id) from members where corp_id = 1), '2020-04-13 00:00Z'
    from forms where corp_id = 1 and code = 'health-daily'";
const LIFT: &str = "update retention_holds set lifted_by = set_by, lifted_at = set_at";
/// A purge of it that begins, as another process notes it.
const BEGUN: &str =
    "insert into retention_purges (corp_id, form_id, policy, days, ends_on, began_at, months, rows_hash)
    select 1, form_id, '2026-11', 30, ends_on, '2020-04-13 00:00Z', '{2020-03-01}', sha256('') from forms
    where corp_id = 1 and code = 'health-daily'";
pub const LOCK: &str =
    "begin; select form_id from forms where corp_id = 1 and code = 'health-daily' for update";

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hold_and_a_purge_at_the_same_moment_the_second_sees_the_first() {
    let scene = Scene::start().await;
    let test = &scene.test;
    scene.end().await;
    test.clock.advance(TimeDelta::days(40));
    let other = databases::connect(&test.owner_url().parse().unwrap()).await;

    // What another process, which has the form, does while somebody of this one waits for it.
    let meanwhile = async |sql: &str| {
        until_somebody_waits(test).await;
        other.batch_execute(sql).await.unwrap();
        other.batch_execute("commit").await.unwrap();
    };

    // The hold is set and not committed when the purge looks.
    other.batch_execute(LOCK).await.unwrap();
    let (purged, ()) = tokio::join!(scene.run(), meanwhile(HOLD));
    assert_eq!(purged, 0);
    assert_eq!(scene.left().await, (3, 3));

    // The other way round: the purge has begun and not committed when the hold is asked for.
    test.owner.batch_execute(LIFT).await.unwrap();
    let office = scene.office().await;
    let hold = json!({ "form": "health-daily", "reason": "校内调查", "until": "2020-05-31" });
    other.batch_execute(LOCK).await.unwrap();
    let (refused, ()) = tokio::join!(office.post("/retention/holds", &hold), meanwhile(BEGUN));
    assert_eq!(refused.fields(), ["form"], "{}", refused.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_purged_is_not_asked_anew_even_where_nobody_answered() {
    let test = TestApp::start().await;
    let office = test.sign_in(&test.persona("school_office")).await;
    let ended = office.post("/campaigns/health-daily/end", &json!({})).await;
    assert_eq!(ended.status, StatusCode::OK, "{}", ended.body);
    test.clock.advance(TimeDelta::days(40));
    // Begun, and killed.
    assert!(retention::part(&test.app, test.school()).await.unwrap());
    let office = test.sign_in(&test.persona("school_office")).await;
    let again = json!({ "starts_on": "2020-04-13", "ends_on": "2020-06-30" });
    let refused = office.put("/campaigns/health-daily/schedule", &again).await;
    assert_eq!(refused.fields(), ["ends_on"], "its answers would go with the old ones: {}", refused.body);
    while retention::part(&test.app, test.school()).await.unwrap() {}
    let begun = office.put("/campaigns/health-daily/schedule", &again).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_keys_nothing_is_purged_and_none_comes_back() {
    let scene = Scene::start().await;
    let test = &scene.test;
    scene.end().await;
    sealing::seal(&test.app, test.school()).await.unwrap();
    assert!(sealing::sign_if_due(&test.app, test.school()).await.unwrap());
    test.clock.advance(TimeDelta::days(40));

    // A process whose directory of keys is not mounted.
    let mut settings = test.settings.clone();
    let elsewhere = format!("{}-elsewhere", test.config.sealing.key_dir.display());
    settings["sealing"]["key_dir"] = elsewhere.clone().into();
    let unmounted = compose::app(&serde_json::from_value(settings).unwrap(), test.clock.clone()).unwrap();
    let error = retention::run(&unmounted, unmounted.school(1).unwrap(), None).await.unwrap_err();
    assert!(format!("{:#}", anyhow::Error::from(error)).contains("挂载"));
    assert_eq!(scene.left().await, (3, 3));
    assert!(!std::path::Path::new(&elsewhere).exists(), "it made none there");

    // A copy of the directory from before the purge comes back after it.
    let form: i64 = test.one("select form_id from forms where code = 'health-daily'", &[]).await;
    let folder = test.config.sealing.key_dir.join(format!("1/answers-{form}"));
    let file = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let copy = std::fs::read(&file).unwrap();
    assert_eq!(scene.run().await, 1);
    assert!(!file.exists());
    std::fs::write(&file, copy).unwrap();
    let keyring = test.app.store().keyring();
    assert_eq!(keyring.keys(1, Purpose::Answers(form)).unwrap().len(), 1);
    assert_eq!(scene.run().await, 0);
    assert!(!file.exists());
    assert!(keyring.keys(1, Purpose::Answers(form)).unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_hidden_takes_no_notes_any_more() {
    let scene = Scene::start().await;
    let test = &scene.test;
    scene.end().await;
    test.clock.advance(TimeDelta::days(29));
    let counsellor = test.sign_in(&scene.counsellor).await;
    let review = format!("/reviews/{}", scene.receipt);
    let said = json!({ "note": "又问了一次" });
    for act in ["note", "send-back", "close"] {
        let refused = counsellor.post(&format!("{review}/{act}"), &said).await;
        assert_eq!(refused.fields(), ["note"], "{act}: {}", refused.body);
    }
    let students = test.students_of(&scene.counsellor).await;
    let who = person(test, &students[3]).await;
    let why = json!({ "person": who, "day": "2020-03-04", "reason": "other", "note": "在家" });
    let refused = counsellor.post("/unreported/health-daily/follow-ups", &why).await;
    assert_eq!(refused.fields(), ["note"], "{}", refused.body);
    let closed = counsellor.post(&format!("{review}/close"), &json!({ "note": "" })).await;
    assert!(closed.status.is_success(), "what is open can be settled: {}", closed.body);

    assert_eq!(scene.run().await, 1);
    let late = counsellor.post(&format!("{review}/note"), &said).await;
    assert_eq!(late.fields(), ["note"], "{}", late.body);
    assert_eq!(scene.left().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumped_is_not_believed_at_once() {
    let scene = Scene::start().await;
    let test = &scene.test;
    scene.end().await;
    // As the worker does: jobs are added, and done when they are due.
    let two_hours = async || {
        app::jobs::look_at_schedules(&test.app).await;
        test.clock.advance(TimeDelta::hours(2));
        test.run_jobs().await;
    };
    two_hours().await;
    test.clock.advance(TimeDelta::days(40));
    two_hours().await;
    assert_eq!(scene.left().await, (3, 3), "somebody may still put it right");
    two_hours().await;
    assert_eq!(scene.left().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_that_ran_out_holds_no_longer() {
    let scene = Scene::start().await;
    scene.end().await;
    let office = scene.office().await;
    let hold = json!({ "form": "health-daily", "reason": "校内调查", "until": "2020-04-10" });
    assert_eq!(office.post("/retention/holds", &hold).await.status, StatusCode::OK);
    // Its last day is the 10th of April.
    scene.test.clock.advance(TimeDelta::days(37));
    assert_eq!(scene.run().await, 0);
    scene.test.clock.advance(TimeDelta::days(1));
    assert_eq!(scene.run().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purge_that_was_killed_goes_on_and_leaves_another_schools_rows() {
    let scene = Scene::start().await;
    let test = &scene.test;
    second_school(test).await;
    scene.end().await;
    test.clock.advance(TimeDelta::days(40));
    let mut parts = 0;
    // Each part is a process that ends after it.
    while retention::part(&test.app, test.school()).await.unwrap() {
        parts += 1;
        assert!(parts < 100, "it never ends");
    }
    assert!(parts > 5, "{parts}: keys, five tables, the end");
    assert_eq!(scene.left().await, (0, 0));
    let others = "select count(*) from report_answers where corp_id = 2";
    assert_eq!(scene.count(others).await, 1, "in the same month");
    // The same rows in one go have the same hash, wherever it was interrupted.
    let hash: Vec<u8> = test.one("select rows_hash from retention_purges where corp_id = 1", &[]).await;
    let counts: Vec<i64> = test.one("select counts from retention_purges where corp_id = 1", &[]).await;
    assert_eq!((hash.len(), counts), (32, vec![3, 1, 1, 1, 0]));
    assert_ne!(hash, vec![0; 32]);

    // While somebody's rows are in it, nobody drops a month.
    let partition = "select count(*) from pg_class where relname = 'report_answers_standard_202003'";
    test.clock.advance(TimeDelta::days(60));
    scene.run().await;
    assert_eq!(scene.count(partition).await, 1);
    test.owner.batch_execute("delete from report_answers where corp_id = 2").await.unwrap();
    // Where somebody is at it that moment, it is left for another day.
    for _ in 0..100 {
        scene.run().await;
        if scene.count(partition).await == 0 {
            break;
        }
    }
    assert_eq!(scene.count(partition).await, 0, "it is empty");
    let service =
        databases::connect(&test.settings["database"]["url"].as_str().unwrap().parse().unwrap()).await;
    assert!(
        service.batch_execute("drop table report_answers").await.is_err(),
        "the service drops nothing else"
    );
}

/// A second school with an answer in the same month.
async fn second_school(test: &TestApp) {
    let sql = "
        insert into corps values (2, '另一所学校', 'wwother', 'Asia/Shanghai', '2017-09-01');
        insert into forms (corp_id, code, starts_on, ends_on) values (2, 'health-daily', '2020-03-01', '2020-12-31');
        insert into form_versions (corp_id, form_id, version, title, definition, schema, published_at)
          select 2, f.form_id, 1, v.title, v.definition, v.schema, v.published_at
          from forms f, form_versions v join forms o on o.corp_id = v.corp_id and o.form_id = v.form_id
          where f.corp_id = 2 and o.corp_id = 1 and o.code = 'health-daily' and v.version = 1;
        insert into persons (corp_id, number, name, kind, from_date) values (2, '1', '别校的人', 'student', '2019-09-01');
        insert into reports (corp_id, form_id, person_id, day, form_version_id, revision, receipt, state, facts, flags, late, source,
                             retention, month, submitted_at, revised_at)
          select 2, v.form_id, p.person_id, '2020-03-04', v.form_version_id, 1, 'OTHER', 'normal', '{}', '{}', false, 'self',
                 'standard', '2020-03-01', v.published_at, v.published_at
          from form_versions v, persons p where v.corp_id = 2 and p.corp_id = 2;
        insert into report_answers (corp_id, retention, month, report_id, revision, answers)
          select 2, 'standard', '2020-03-01', report_id, 1, '\\x00' from reports where corp_id = 2;";
    test.owner.batch_execute(sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_end_four_hundred_days_after_their_day() {
    let scene = Scene::start().await;
    let test = &scene.test;
    let reports = "select count(*) from reports";
    assert_eq!(scene.count(reports).await, 3);
    // The campaign goes on for as long as it may.
    test.owner
        .batch_execute("update forms set ends_on = '2021-06-30' where code = 'health-daily'")
        .await
        .unwrap();
    test.clock.advance(TimeDelta::days(400));
    scene.run().await;
    assert_eq!(scene.count(reports).await, 3, "the last day");
    test.clock.advance(TimeDelta::days(1));
    // Somebody holds it in this moment.
    let other = databases::connect(&test.owner_url().parse().unwrap()).await;
    other.batch_execute(LOCK).await.unwrap();
    tokio::join!(scene.run(), async {
        until_somebody_waits(test).await;
        other.batch_execute(HOLD).await.unwrap();
        other.batch_execute("commit").await.unwrap();
    });
    assert_eq!(scene.count(reports).await, 3, "what is held stays");
    test.owner.batch_execute(LIFT).await.unwrap();
    scene.run().await;
    assert_eq!(scene.count(reports).await, 0);
    for table in
        ["report_revisions", "report_answers", "reviews", "review_acts", "trips", "follow_ups", "sign_offs"]
    {
        let sql = format!("select count(*) from {table} where corp_id = 1");
        assert_eq!(scene.count(&sql).await, 0, "{table}");
    }
    let removed = scene.count("select removed from retention_runs where class = 'facts'").await;
    assert_eq!(removed, 5, "three reports, why one was missing, and how their class was signed off");
}

/// What of a person ends when they left: 1 where there is any.
const BELONGINGS: &str = "select concat_ws(' ', (p.phone is not null)::int,
      (select least(count(*), 1) from person_fields t where t.person_id = p.person_id),
      (select least(count(*), 1) from photos t where t.person_id = p.person_id),
      (select least(count(*), 1) from corrections t where t.person_id = p.person_id),
      (select least(count(*), 1) from phone_corrections t where t.person_id = p.person_id),
      (select least(count(*), 1) from residences t where t.person_id = p.person_id),
      (select least(count(*), 1) from gate_presence t where t.person_id = p.person_id),
      (select least(count(*), 1) from exemptions t where t.person_id = p.person_id and octet_length(t.reason) > 0),
      (select least(count(*), 1) from gate_permits t where t.person_id = p.person_id and octet_length(t.reason) > 0),
      (select least(count(*), 1) from status_changes t where t.person_id = p.person_id and octet_length(t.reason) > 0))
    from persons p where p.number = $1";
const ALL: &str = "1 1 1 1 1 1 1 1 1 1";
const NONE: &str = "0 0 0 0 0 0 0 0 0 0";

/// A photo, a bed, a request for a correction, and where a gate last saw somebody.
const BROUGHT: &str = "
    with someone as (select person_id from persons where number = $1),
      anybody as (select min(member_id) as member_id from members),
      bed as (insert into beds (corp_id, campus, building, floor, room, bed)
              select 1, '东校区', '3号楼', '3层', '301', number from persons where number = $1 returning bed_id),
      zone as (insert into gate_zones (corp_id, name, kind)
               select 1, number, 'campus' from persons where number = $1 returning zone_id),
      lives as (insert into residences (corp_id, person_id, bed_id, from_date, source)
                select 1, person_id, bed_id, '2019-09-01', 'manual' from someone, bed),
      seen as (insert into gate_presence (corp_id, zone_id, person_id, inside, since)
               select 1, zone_id, person_id, true, '2020-03-03 00:00Z' from zone, someone),
      asked as (insert into corrections (corp_id, person_id, field, state, proposed, submitted_by, submitted_at)
                select 1, person_id, 'major', 'submitted', '\\x00', member_id, '2020-03-03 00:00Z' from someone, anybody)
    insert into photos (corp_id, person_id, picture, source, stored_by, stored_at)
    select 1, person_id, '\\x00', '\\x00', member_id, '2020-03-03 00:00Z' from someone, anybody";

/// Rows that stay, for the figures of the days they are of.
const STAYING: &str = "select concat_ws(' ', (select count(*) from persons), (select count(*) from memberships),
    (select count(*) from exemptions), (select count(*) from gate_permits), (select count(*) from status_changes))";

async fn done(browser: &Browser, path: &str, body: &Value) {
    let reply = browser.post(path, body).await;
    assert!(reply.status.is_success(), "{path}: {}", reply.body);
}

/// The office enters that somebody left today, 4 March, whatever day it is by now.
async fn withdraw(test: &TestApp, number: &str) {
    let office = test.sign_in(&test.persona("school_office")).await;
    let left = json!({ "number": number, "kind": "withdrawal", "from": "2020-03-04", "reason": "个人原因" });
    done(&office, "/statuses", &left).await;
}

/// … and that they did not.
async fn bring_back(test: &TestApp, number: &str) {
    let office = test.sign_in(&test.persona("school_office")).await;
    let sql = "select change_id from status_changes c join persons p using (corp_id, person_id) where p.number = $1";
    let change: i64 = test.one(sql, &[&number]).await;
    done(&office, &format!("/statuses/{change}/revocation"), &json!({ "reason": "登记错了" })).await;
}

async fn held(test: &TestApp, number: &str) -> String {
    test.one(BELONGINGS, &[&number]).await
}

async fn run(test: &TestApp) {
    retention::run(&test.app, test.school(), None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_who_left_nothing_is_held_a_month_later_but_that_they_were_there() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let mut students = test.students_of(&counsellor_id).await;
    students.truncate(4);
    let counsellor = test.sign_in(&counsellor_id).await;
    for (number, phone) in students.iter().zip(["10099990001", "10099990002", "10099990003", "10099990004"]) {
        let leave = json!({ "number": number, "kind": "leave", "from": "2020-03-10", "last": "2020-03-11", "reason": "就诊" });
        done(&counsellor, "/exemptions", &leave).await;
        let permit = json!({ "numbers": number, "kind": "standing", "from": "2020-03-04T00:00:00Z",
            "until": "2020-03-05T00:00:00Z", "reason": "就诊" });
        done(&counsellor, "/gate-permits", &permit).await;
        let path = format!("/people/{}/phone-correction", person(&test, number).await);
        done(&counsellor, &path, &json!({ "phone": phone, "reason": "换号" })).await;
        assert_eq!(test.owner.execute(BROUGHT, &[number]).await.unwrap(), 1);
    }
    let [gone, back, late, made] = students.as_slice() else { panic!("a class of four") };
    withdraw(&test, gone).await;
    withdraw(&test, back).await;
    // Somebody no roster speaks of, whose account is there no more.
    test.owner
        .execute(
            "insert into kind_persons select corp_id, person_id, '2020-03-01' from persons where number = $1",
            &[made],
        )
        .await
        .unwrap();
    let account = "update members m set left_on = '2020-03-05' from persons p where p.person_id = m.person_id and p.number = $1";
    assert_eq!(test.owner.execute(account, &[made]).await.unwrap(), 1);

    test.clock.advance(TimeDelta::days(20));
    bring_back(&test, back).await;
    test.clock.advance(TimeDelta::days(10));
    run(&test).await;
    assert_eq!(held(&test, gone).await, ALL, "the thirtieth day");
    assert_eq!(held(&test, made).await, "1 1 1 1 1 1 1 1 1 0", "their standing never changed");
    let events = "select count(*) from audit_events where action = 'departed_erased'";
    let before: i64 = test.one(events, &[]).await;
    test.clock.advance(TimeDelta::days(1));
    withdraw(&test, late).await;
    let staying: String = test.one(STAYING, &[]).await;
    run(&test).await;
    assert_eq!((held(&test, gone).await.as_str(), held(&test, made).await.as_str()), (NONE, NONE));
    assert_eq!(held(&test, back).await, ALL, "who came back keeps everything");
    assert_eq!(held(&test, late).await, ALL, "what was entered a moment ago may be put right");
    assert_eq!(test.one::<String>(STAYING, &[]).await, staying);
    let removed: i64 = test.one("select removed from retention_runs where class = 'departed'", &[]).await;
    assert!(removed >= 10, "{removed}");
    let office = test.sign_in(&test.persona("school_office")).await;
    let timeline = office.post("/statuses/timeline", &json!({ "number": gone })).await;
    assert_eq!(timeline.status, StatusCode::OK, "{}", timeline.body);
    assert_eq!(timeline.body["changes"][0]["reason"], json!(""), "{}", timeline.body);

    // On record: once with what was erased, and once a day with all that ended.
    run(&test).await;
    assert_eq!(test.one::<i64>(events, &[]).await, before + 1);
    let recorded = details(&test, Act::RetentionRecorded).await;
    let last = recorded.last().expect("the record of this day");
    assert_eq!((&last["policy"], &last["rows"]["departed"]), (&json!("2026-11"), &json!(removed)));

    // Whoever is back after that begins anew, and reads what is left of them.
    bring_back(&test, gone).await;
    let browser = test.sign_in(gone).await;
    let asked = browser.post("/me/data/copies", &json!({ "format": "json" })).await;
    let path = asked.body["path"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
    let copy = browser.get(&path).await;
    assert_eq!(copy.status, StatusCode::OK, "{}", copy.body);
    let parts = copy.body["parts"].as_array().unwrap();
    for name in ["exemptions", "gate_permits", "status_changes"] {
        let part = parts.iter().find(|part| part["name"] == json!(name)).unwrap();
        assert_eq!(part["rows"].as_array().map(Vec::len), Some(1), "{name}");
        assert_eq!(part["rows"][0]["reason"], Value::Null, "{name}");
    }

    test.clock.advance(TimeDelta::days(31));
    run(&test).await;
    run(&test).await;
    assert_eq!(held(&test, late).await, NONE, "a month after it was entered");
    assert_eq!(details(&test, Act::RetentionRecorded).await.len(), recorded.len() + 1);
    assert_eq!(held(&test, back).await, ALL);
}

#[test]
fn the_manifest_says_as_many_days_as_the_schedule() {
    let schedule = Retention::of(&Default::default()).unwrap();
    let manifest = manifest().unwrap();
    // What the manifest calls what the schedule calls so.
    let names = [
        ("answers", "answers"),
        ("facts", "facts"),
        ("passages", "passage"),
        ("passages", "alarm"),
        ("passages", "gate_key"),
        ("visits", "visit"),
        ("undo", "undo"),
        ("undo", "held"),
        ("undo", "written"),
        ("corrections", "request"),
        ("uploads", "upload"),
        ("pictures", "picture"),
        ("receipts", "key"),
        ("messages", "message"),
        ("words", "words"),
        ("deliveries", "delivery"),
        ("jobs", "job"),
        ("settled_jobs", "job"),
        ("entries", "entry"),
        ("copies", "entry"),
        ("security", "entry"),
        ("audit", "audit"),
        ("readings", "entry"),
        ("factors", "factor"),
        ("departed", "departed"),
    ];
    for (class, _) in schedule.classes.all() {
        assert!(names.iter().any(|(name, _)| *name == class), "{class}");
    }
    for (name, keep) in names {
        let (_, class) = schedule.classes.all().into_iter().find(|(class, _)| *class == name).unwrap();
        let title = &manifest.keeps[keep].title;
        assert!(title.contains(&format!("{} 天", class.days)), "{name}: {} days, and {title}", class.days);
    }
}
