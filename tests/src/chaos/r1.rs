//! R1: the process that sends reminders is killed again and again. Every reminder arrives, and none twice.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::time;

use super::rows;
use crate::{
    process::Server,
    test_app::{REFERENCE, Shape, TestApp, card_of, roster_files_of, words_of},
};

/// What came of a round of kills.
struct Went {
    planned: usize,
    /// Messages that never arrived, and those that arrived once more.
    lost: usize,
    doubled: usize,
    /// What became of reminders that do not stand as sent, and why.
    otherwise: Vec<String>,
    /// Kills while something was still to be sent.
    kills: usize,
    /// From the last kill until everything was done.
    done_after: Duration,
}

/// Reminds so many people in so many rounds, each in words of their own so that each is a message of its own, and kills the
/// sender while it works. `patient`: the lease of the last one that was killed runs out by itself.
async fn send_through_kills(
    test: &TestApp,
    (rounds, most): (usize, usize),
    kills: usize,
    patient: bool,
) -> Went {
    test.owner
        .execute(
            "insert into reminder_settings (corp_id, quiet, most_a_day, by_member, at)
             select 1, null, 50, min(member_id), $1 from members",
            &[&test.app.now()],
        )
        .await
        .unwrap();
    // WeCom takes its time, so that there is something to be killed in the middle of.
    test.control("faults", &json!({ "path": "message/send", "delay_ms": 40 })).await;
    let office = test.sign_in(&holder(test, "school_office").await).await;
    let sql = "select p.person_id from persons p join members m using (corp_id, person_id)
               join memberships s using (corp_id, person_id) join departments d on d.corp_id = s.corp_id and d.department_id = s.department_id
               where p.kind = 'student' and s.is_main and s.until_date is null and d.college_id is not null
                 and m.left_on is null and m.status = 1 order by 1 limit $1";
    let people = test.owner.query(sql, &[&i64::try_from(most).unwrap()]).await.unwrap();
    let people: Vec<i64> = people.iter().map(|row| row.get(0)).collect();
    let mut planned = 0;
    for round in 0..rounds {
        for part in people.chunks(1000) {
            let words = format!("{{name}}，第 {} 次提醒您填写“{{form}}”。", round + 1);
            let body = json!({ "form": "health-daily", "people": part, "words": words });
            let round = office.post("/reminders", &body).await;
            planned += usize::try_from(round.body["planned"].as_i64().expect("a round")).unwrap();
        }
    }

    let mut server = Server::start_with_worker(test).await;
    let mut happened = 0;
    for kill in 0..kills {
        time::sleep(Duration::from_millis(50 + (kill as u64 * 137) % 450)).await;
        server.kill().await;
        happened += usize::from(outstanding(test).await > 0);
        // As if the dead worker's lease had run out; it runs on the database's clock.
        if !patient || kill + 1 < kills {
            test.owner
                .execute("update jobs set lease_until = clock_timestamp() where state = 'running'", &[])
                .await
                .unwrap();
        }
        server.restart().await;
    }
    let last_kill = Instant::now();
    while outstanding(test).await > 0 && last_kill.elapsed() < Duration::from_secs(300) {
        time::sleep(Duration::from_millis(100)).await;
    }
    let done_after = last_kill.elapsed();
    drop(server);

    // What the server plans by itself at this hour has ends of its own.
    let sql = "select o.state || coalesce('：' || b.error, '') from outbox o join mailings using (corp_id, mailing_id)
               left join outbox_batches b using (corp_id, batch_id)
               where by_member is not null and o.state <> 'sent'";
    let otherwise = test.owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let (mut arrived, mut after) = (BTreeMap::<String, usize>::new(), 0);
    loop {
        // Its entries come the oldest first, so it is read in parts from the beginning.
        let part = test.inspect(&format!("ledger?kind=send&limit=50000&after={after}")).await;
        let items = part["items"].as_array().expect("items");
        let Some(last) = items.last() else { break };
        after = last["id"].as_u64().unwrap();
        for entry in items {
            let words = words_of(card_of(&entry["message"]));
            for (userid, outcome) in entry["outcomes"].as_object().unwrap() {
                if outcome == "delivered" {
                    *arrived.entry(format!("{userid} {words}")).or_default() += 1;
                }
            }
        }
    }
    let doubled = arrived.values().map(|times| times - 1).sum();
    Went {
        planned,
        lost: planned.saturating_sub(arrived.len()),
        doubled,
        otherwise,
        kills: happened,
        done_after,
    }
}

/// The account of somebody with this role.
pub async fn holder(test: &TestApp, role: &str) -> String {
    let sql = "select m.userid from grants g join members m using (corp_id, person_id)
               where g.role = $1 and m.left_on is null order by 1 limit 1";
    test.one(sql, &[&role]).await
}

async fn outstanding(test: &TestApp) -> i64 {
    let sql = "select count(*) from outbox join mailings using (corp_id, mailing_id)
               where by_member is not null and state in ('waiting', 'frozen')";
    test.one(sql, &[]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_is_killed_again_and_again_loses_and_doubles_nothing() {
    let test = TestApp::start().await;
    let went = send_through_kills(&test, (12, 58), 20, false).await;
    assert!(went.planned >= 12 * 50, "{} were planned", went.planned);
    assert_eq!((went.lost, went.doubled, went.otherwise), (0, 0, Vec::<String>::new()));
    assert!(went.kills >= 3, "it was killed {} times while it sent", went.kills);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=R1"]
async fn five_thousand_reminders_through_a_hundred_kills() {
    let test = TestApp::start_with(Shape::reference()).await;
    test.sync().await;
    let (people, grants) = roster_files_of(REFERENCE);
    app::roster::import(&test.app, test.school(), &people, Some(&grants)).await.unwrap();
    let went = send_through_kills(&test, (1, 5000), 100, true).await;
    rows::write("R1", "reminders planned", went.planned as f64, "reminders", "5000", went.planned == 5000);
    rows::write("R1", "… killed while they were sent", went.kills as f64, "times", "≥ 20", went.kills >= 20);
    rows::write("R1", "… lost", went.lost as f64, "reminders", "0", went.lost == 0);
    rows::write("R1", "… delivered twice", went.doubled as f64, "reminders", "0", went.doubled == 0);
    let otherwise = went.otherwise.iter().take(3).map(|one| format!(" {one}")).collect::<String>();
    let count = went.otherwise.len();
    rows::write("R1", &format!("… not known as sent{otherwise}"), count as f64, "reminders", "0", count == 0);
    let seconds = went.done_after.as_secs_f64();
    rows::write("R1", "… all done after the last kill", seconds, "s", "≤ 60", seconds <= 60.0);
}
