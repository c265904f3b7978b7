//! Z4: how long something still opens after the right to it has ended, with the worker running as in a deployment. The
//! server remembers a viewer for three seconds; who asks all the time is who would notice.

use std::{future::Future, time::Duration};

use chrono::TimeDelta;
use reqwest::StatusCode;
use serde_json::json;
use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval, sleep},
};

use super::rows::write;
use crate::{browser_client::Browser, test_app::TestApp};

const LIST: &str = "/unreported/health-daily";
/// How long it is asked for.
const SETTLED: Duration = Duration::from_secs(8);

/// Longer than a viewer is remembered.
const FORGOTTEN: Duration = Duration::from_secs(4);

/// What somebody keeps asking for.
enum Ask {
    Get(String),
    Phone(i64),
}

impl Ask {
    async fn status(&self, browser: &Browser) -> StatusCode {
        match self {
            Self::Get(path) => browser.get(path).await.status,
            Self::Phone(person) => {
                browser.post(&format!("/people/{person}/phone"), &json!({ "purpose": "call" })).await.status
            }
        }
    }
}

/// The jobs as a process with a worker runs them.
fn worker(test: &TestApp) -> JoinHandle<()> {
    let app = test.app.clone();
    tokio::spawn(async move {
        loop {
            if !app::jobs::run_one(&app).await.unwrap_or(false) {
                sleep(Duration::from_millis(50)).await;
            }
        }
    })
}

/// Seconds from the end of `act` to the last success: asked every 100 ms.
async fn last_success(browser: &Browser, ask: &Ask, act: impl Future<Output = ()>) -> f64 {
    let mut tick = interval(Duration::from_millis(100));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // What was remembered is forgotten, and remembered anew just before the act: as long as it can be.
    sleep(FORGOTTEN).await;
    assert_eq!(ask.status(browser).await, StatusCode::OK, "as long as the right lasts");
    act.await;
    let acted = Instant::now();
    let (mut last, mut asked) = (Duration::ZERO, 0);
    while acted.elapsed() < SETTLED {
        tick.tick().await;
        asked += 1;
        if ask.status(browser).await == StatusCode::OK {
            last = acted.elapsed();
        }
    }
    assert!(asked > 20, "asked {asked} times only");
    last.as_secs_f64()
}

fn told(what: &str, seconds: f64) {
    write("Z4", what, seconds, "s to the last success", "≤ 5 s", seconds <= 5.0);
}

async fn started() -> (TestApp, JoinHandle<()>) {
    let test = TestApp::start().await;
    let worker = worker(&test);
    (test, worker)
}

async fn give(test: &TestApp, last: &str) -> (Browser, Browser, i64) {
    let office = test.sign_in(&test.persona("college_office")).await;
    let teacher = test.persona("staff");
    let college: i32 = test.one("select department_id from departments where name = '信息学院'", &[]).await;
    let grant = json!({ "number": teacher, "role": "college_leader", "department": college, "purpose": "春季学期", "last": last });
    let given = office.post("/grants", &grant).await;
    assert_eq!(given.status, StatusCode::OK, "{}", given.body);
    let id: i64 = test.one("select max(grant_id) from grants where source = 'manual'", &[]).await;
    (office, test.sign_in(&teacher).await, id)
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an experiment: make authz ONLY=Z4"]
async fn a_grant_is_revoked() {
    let (test, worker) = started().await;
    let (office, browser, id) = give(&test, "2020-07-31").await;
    let act = async {
        let ended = office.post(&format!("/grants/{id}/end"), &json!({ "reason": "换人" })).await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT, "{}", ended.body);
    };
    told("a grant is revoked", last_success(&browser, &Ask::Get(LIST.into()), act).await);
    worker.abort();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an experiment: make authz ONLY=Z4"]
async fn a_grant_runs_out() {
    let (test, worker) = started().await;
    test.clock.set_time("23:59");
    let (_, browser, _) = give(&test, "2020-03-04").await;
    let act = async { test.clock.advance(TimeDelta::minutes(1)) };
    told("a grant runs out at midnight", last_success(&browser, &Ask::Get(LIST.into()), act).await);
    worker.abort();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an experiment: make authz ONLY=Z4"]
async fn a_student_changes_class() {
    let (test, worker) = started().await;
    let counsellors = test.personas("counsellor");
    let students = test.students_of(&counsellors[0]).await;
    let other: i32 = test
        .one(
            "select min(g.department_id) from grants g join persons p using (corp_id, person_id)
             where g.role = 'counsellor' and p.number = $1",
            &[counsellors.last().unwrap()],
        )
        .await;
    let person: i64 = test.one("select person_id from persons where number = $1", &[&students[0]]).await;
    let counsellor = test.sign_in(&counsellors[0]).await;
    let act = async {
        test.control(&format!("members/{}", students[0]), &json!({ "department": [other] })).await;
    };
    let seconds = last_success(&counsellor, &Ask::Phone(person), act).await;
    told("a student is moved in 企业微信 to another's class", seconds);
    // … and by the school's own word.
    let office = test.sign_in(&test.persona("school_office")).await;
    let second: i64 = test.one("select person_id from persons where number = $1", &[&students[1]]).await;
    let class: String = test.one("select name from departments where department_id = $1", &[&other]).await;
    let act = async {
        let change = json!({ "number": students[1], "kind": "transfer", "from": "2020-03-04", "department": class, "reason": "转班" });
        let changed = office.post("/statuses", &change).await;
        assert_eq!(changed.status, StatusCode::NO_CONTENT, "{}", changed.body);
    };
    let seconds = last_success(&counsellor, &Ask::Phone(second), act).await;
    told("a student is moved to another's class by the office", seconds);
    worker.abort();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an experiment: make authz ONLY=Z4"]
async fn a_member_leaves() {
    let (test, worker) = started().await;
    let userid = test.persona("counsellor");
    let counsellor = test.sign_in(&userid).await;
    let act = async {
        let url = format!("{}/_sim/members/{userid}", test.simulator.url());
        assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
    };
    told("a member leaves 企业微信", last_success(&counsellor, &Ask::Get(LIST.into()), act).await);
    assert_eq!(counsellor.get("/me").await.status, StatusCode::UNAUTHORIZED, "the session is over");
    worker.abort();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an experiment: make authz ONLY=Z4"]
async fn a_leader_leads_no_more() {
    let (test, worker) = started().await;
    let userid = test.persona("college_leader");
    let leader = test.sign_in(&userid).await;
    let places: i32 = test
        .one(
            "select count(*)::int from member_departments d join members m using (corp_id, member_id)
             where m.userid = $1 and d.until_date is null",
            &[&userid],
        )
        .await;
    let nowhere = vec![false; usize::try_from(places).unwrap()];
    let act = async {
        test.control(&format!("members/{userid}"), &json!({ "is_leader": nowhere })).await;
    };
    let seconds = last_success(&leader, &Ask::Get(LIST.into()), act).await;
    told("a leader of a department in 企业微信 leads no more", seconds);
    worker.abort();
}
