//! What ends and what stays when somebody takes a consent back, where it is less plain than "everything": reports answered under two words,
//! withdrawals one after another, the schedule, and others at the same moment.

use chrono::TimeDelta;
use domain::audit::Act;
use reqwest::StatusCode;
use serde_json::json;

use crate::{
    audit::details,
    browser_client::Browser,
    databases,
    privacy_notices::{NOTHING, agree, person, publish_by, report, report_for, reports_of, run, withdraw},
    retention::{HOLD, LOCK, until_somebody_waits},
    test_app::{TestApp, normal_answers},
};

/// A school whose notice rests on consent, and somebody who agreed to it.
struct Scene {
    test: TestApp,
    counsellor: String,
    number: String,
}

impl Scene {
    async fn start() -> Self {
        let test = TestApp::start().await;
        let scene = Self { counsellor: test.persona("counsellor"), number: test.persona("student"), test };
        scene.publish(1, true).await;
        scene.agree(1).await;
        scene
    }

    async fn publish(&self, version: i32, rests_on_consent: bool) {
        let administrator = self.test.sign_in(&self.test.persona("administrator")).await;
        let published =
            publish_by(&administrator, version - 1, "我们会收集您每天的体温。", rests_on_consent).await;
        assert_eq!(published.status, StatusCode::CREATED, "{}", published.body);
    }

    /// The person's browser. They sign in each time: hours go by.
    async fn own(&self) -> Browser {
        self.test.sign_in(&self.number).await
    }

    async fn agree(&self, version: i32) {
        assert_eq!(agree(&self.own().await, version).await.status, StatusCode::NO_CONTENT);
    }

    async fn withdraw(&self) {
        withdraw(&self.own().await).await;
    }

    async fn report(&self) {
        report(&self.own().await, normal_answers()).await;
    }

    async fn report_for(&self, number: &str) {
        report_for(&self.test.sign_in(&self.counsellor).await, person(&self.test, number).await).await;
    }

    async fn minutes(&self, minutes: i64) {
        self.test.clock.advance(TimeDelta::minutes(minutes));
    }

    /// The revisions of somebody's reports that are there with their answers.
    async fn revisions(&self) -> String {
        let sql = "select coalesce(string_agg(v.revision::text, ' ' order by v.report_id, v.revision), '')
            from report_revisions v join reports r using (corp_id, report_id) join persons p using (corp_id, person_id)
            join report_answers a on (a.corp_id, a.report_id, a.revision) = (v.corp_id, v.report_id, v.revision)
            where p.number = $1";
        self.test.one(sql, &[&self.number]).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_answered_anew_under_a_new_word_loses_only_what_came_under_the_old_one() {
    let scene = Scene::start().await;
    scene.report().await;
    scene.withdraw().await;
    scene.minutes(61).await;
    scene.agree(1).await;
    scene.report().await;
    assert_eq!(scene.revisions().await, "1 2");
    run(&scene.test).await;
    assert_eq!(scene.revisions().await, "2");
    let acts = details(&scene.test, Act::WithdrawnErased).await;
    assert_eq!(acts, [json!({ "rows": 1, "policy": "2026-11" })]);
    // They have reported, and can change it once more.
    let missing = scene.test.sign_in(&scene.counsellor).await.get("/unreported/health-daily").await;
    assert!(!missing.body.to_string().contains(scene.number.as_str()), "{}", missing.body);
    scene.report().await;
    run(&scene.test).await;
    assert_eq!(scene.revisions().await, "2 3");
    assert_eq!(details(&scene.test, Act::WithdrawnErased).await.len(), 1, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_report_that_stays_nothing_tells_what_stood_out_in_the_revisions_that_went() {
    let scene = Scene::start().await;
    let reviews = "select coalesce(string_agg(concat_ws(' ', v.state, v.flags::text,
          (select string_agg(a.act || a.revision, ',' order by a.act_id) from review_acts a where a.report_id = v.report_id)), ' '), '')
        from reviews v join reports r using (corp_id, report_id) join persons p using (corp_id, person_id) where p.number = $1";
    let ill = json!({ "temperature": 38.4, "place": "非疫区", "abnormal": true, "condition": "居家观察", "symptoms": ["发热"] });
    report(&scene.own().await, ill.clone()).await;
    let opened: String = scene.test.one(reviews, &[&scene.number]).await;
    assert!(
        opened.starts_with("open {") && opened.contains("abnormal") && opened.ends_with("opened1"),
        "{opened}"
    );
    scene.withdraw().await;
    scene.minutes(61).await;
    scene.agree(1).await;
    // Well again: the review is closed by itself, and was all about what goes.
    scene.report().await;
    run(&scene.test).await;
    assert_eq!(scene.revisions().await, "2");
    let left: String = scene.test.one(reviews, &[&scene.number]).await;
    assert!(!left.contains("abnormal") && !left.contains("opened"), "{left}");
    let receipt: String = scene
        .test
        .one(
            "select receipt from reports r join persons p using (corp_id, person_id) where p.number = $1",
            &[&scene.number],
        )
        .await;
    let counsellor = scene.test.sign_in(&scene.counsellor).await;
    let listed = counsellor.get("/reviews").await;
    assert_eq!(listed.status, StatusCode::OK, "{}", listed.body);
    let looked = counsellor.get(&format!("/reviews/{receipt}")).await;
    assert!(looked.status == StatusCode::OK || looked.status == StatusCode::NOT_FOUND, "{}", looked.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_last_under_a_duty_stays_without_what_came_under_a_consent_before() {
    let scene = Scene::start().await;
    scene.report().await;
    scene.minutes(1).await;
    scene.publish(2, false).await;
    scene.agree(2).await;
    scene.report().await;
    scene.withdraw().await;
    scene.minutes(61).await;
    run(&scene.test).await;
    assert_eq!(scene.revisions().await, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_answered_over_the_offices_answer_goes_with_it() {
    let scene = Scene::start().await;
    scene.report_for(&scene.number).await;
    scene.report().await;
    scene.withdraw().await;
    scene.minutes(61).await;
    run(&scene.test).await;
    assert_eq!(reports_of(&scene.test, &scene.number).await, NOTHING);
    // What the office answers later is by its duty.
    scene.report_for(&scene.number).await;
    run(&scene.test).await;
    assert_eq!(scene.revisions().await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slip_undone_within_the_hour_undoes_no_earlier_withdrawal_that_was_meant() {
    let scene = Scene::start().await;
    scene.report().await;
    scene.test.owner.batch_execute(HOLD).await.unwrap();
    scene.withdraw().await;
    scene.minutes(24 * 60).await;
    scene.agree(1).await;
    scene.report().await;
    scene.minutes(10).await;
    scene.withdraw().await;
    scene.minutes(20).await;
    scene.agree(1).await;
    scene.minutes(120).await;
    run(&scene.test).await;
    assert_eq!(scene.revisions().await, "1 1", "on hold");
    scene
        .test
        .owner
        .batch_execute("update retention_holds set lifted_by = set_by, lifted_at = set_at")
        .await
        .unwrap();
    run(&scene.test).await;
    let day = "select string_agg(day::text, ' ') from reports r join persons p using (corp_id, person_id) where p.number = $1";
    assert_eq!(
        scene.test.one::<String>(day, &[&scene.number]).await,
        "2020-03-05",
        "of the day they agreed again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schedule_erases_what_is_due_for_everybody_and_nobody_else() {
    let scene = Scene::start().await;
    let test = &scene.test;
    let students = test.students_of(&scene.counsellor).await;
    let other = students.iter().find(|number| **number != scene.number).expect("a second student");
    let other_browser = test.sign_in(other).await;
    assert_eq!(agree(&other_browser, 1).await.status, StatusCode::NO_CONTENT);
    report(&other_browser, normal_answers()).await;
    scene.report().await;
    let third =
        students.iter().rfind(|number| *number != other && **number != scene.number).expect("a third");
    let third_browser = test.sign_in(third).await;
    assert_eq!(agree(&third_browser, 1).await.status, StatusCode::NO_CONTENT);
    report(&third_browser, normal_answers()).await;
    // As the worker does: jobs are added, and done when they are due.
    app::jobs::look_at_schedules(&test.app).await;
    scene.minutes(120).await;
    test.run_jobs().await;
    withdraw(&test.sign_in(other).await).await;
    scene.withdraw().await;
    app::jobs::look_at_schedules(&test.app).await;
    scene.minutes(180).await;
    test.run_jobs().await;
    for number in [other, &scene.number] {
        assert_eq!(reports_of(test, number).await, NOTHING, "{number}");
    }
    assert!(reports_of(test, third).await.starts_with("1 1 1"));
    assert_eq!(details(test, Act::WithdrawnErased).await.len(), 2, "each person's is on record");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_agrees_again_or_holds_the_form_while_it_is_erased_is_waited_for() {
    let scene = Scene::start().await;
    let test = &scene.test;
    scene.report().await;
    scene.withdraw().await;
    scene.minutes(61).await;
    let other = databases::connect(&test.owner_url().parse().unwrap()).await;
    let meanwhile = async || {
        until_somebody_waits(test).await;
        other.batch_execute("commit").await.unwrap();
    };
    // In the last minute of the hour somebody agreed again, and it is not committed when their reports are looked at.
    let again = "begin; insert into notice_agreements (corp_id, person_id, version, locale, agreed_at)
        select corp_id, person_id, version, locale, withdrawn_at + interval '59 minutes' from notice_agreements";
    other.batch_execute(again).await.unwrap();
    tokio::join!(run(test), meanwhile());
    assert_eq!(scene.revisions().await, "1", "they agreed again");
    let undone = "delete from notice_agreements where withdrawn_at is null";
    assert_eq!(test.owner.execute(undone, &[]).await.unwrap(), 1);
    // The form is held, and that is not committed.
    other.batch_execute(LOCK).await.unwrap();
    other.batch_execute(HOLD).await.unwrap();
    tokio::join!(run(test), meanwhile());
    assert_eq!(scene.revisions().await, "1", "on hold");
    test.owner.batch_execute("delete from retention_holds").await.unwrap();
    // Somebody looks into the report: they have it and will want to tell the person, whom the eraser would have.
    let looked = "insert into reviews (corp_id, report_id, state, flags, opened_at, changed_at)
        select corp_id, report_id, 'open', '{}', submitted_at, submitted_at from reports";
    assert_eq!(test.owner.execute(looked, &[]).await.unwrap(), 1);
    other.batch_execute("begin; select from reviews for update").await.unwrap();
    run(test).await;
    assert_eq!(scene.revisions().await, "1", "the next time");
    other.batch_execute("rollback").await.unwrap();
    // A second answer under a new word, which is not committed when the eraser comes.
    let anew = "begin; select from persons for update;
        insert into notice_agreements (corp_id, person_id, version, locale, agreed_at)
        select distinct corp_id, person_id, version, locale, withdrawn_at + interval '61 minutes' from notice_agreements;
        insert into report_answers (corp_id, retention, month, report_id, revision, answers)
        select corp_id, retention, month, report_id, 2, answers from report_answers;
        insert into report_revisions (corp_id, report_id, revision, form_version_id, state, facts, flags, carried, source, at)
        select v.corp_id, v.report_id, 2, v.form_version_id, v.state, v.facts, v.flags, v.carried, v.source, a.agreed_at
        from report_revisions v, notice_agreements a where a.withdrawn_at is null;
        update reports set revision = 2";
    other.batch_execute(anew).await.unwrap();
    tokio::join!(run(test), meanwhile());
    assert_eq!(scene.revisions().await, "2", "the old one alone went");
    scene.withdraw().await;
    scene.minutes(61).await;
    run(test).await;
    assert_eq!(reports_of(test, &scene.number).await, NOTHING);
}
