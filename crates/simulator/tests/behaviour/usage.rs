//! Platform figures: who may ask, how far back, and pages that are short without being the last.

use chrono::{DateTime, Days, TimeDelta, Utc};
use futures_util::TryStreamExt;
use serde_json::json;

use super::answers::fits;
use super::support::{Sim, client, contacts_client};

async fn now(sim: &Sim) -> DateTime<Utc> {
    sim.inspect("clock").await["now"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn active_members_are_one_number_a_day_for_the_contacts_secret() {
    let sim = Sim::start();
    let (contacts, day) = (contacts_client(&sim), now(&sim).await.date_naive() - Days::new(1));
    let count = contacts.active_members(day).await.unwrap();
    assert!(count > 0 && count <= i64::try_from(sim.school.people.len()).unwrap());
    assert_eq!(contacts.active_members(day).await.unwrap(), count, "the same again");
    assert_eq!(contacts.active_members(day - Days::new(30)).await.unwrap_err().code(), Some(40058));
    assert_eq!(client(&sim).active_members(day).await.unwrap_err().code(), Some(48002));
}

#[tokio::test]
async fn operations_come_page_by_page_and_only_of_whom_the_app_sees() {
    let sim = Sim::start();
    let (app, to) = (client(&sim), now(&sim).await);
    let from = to - TimeDelta::days(7);
    let all: Vec<_> = app.member_operations(from, to, None).unwrap().try_concat().await.unwrap();
    let added: Vec<_> = app.member_operations(from, to, Some(1)).unwrap().try_concat().await.unwrap();
    assert!(all.len() > added.len() && added.iter().all(|row| row.oper_type == 1));
    assert!(all.iter().all(|row| (from.timestamp()..to.timestamp()).contains(&row.time)));

    let college = sim.department("信息学院");
    sim.control("settings", json!({ "visible": [college] })).await;
    let fewer: Vec<_> = app.member_operations(from, to, None).unwrap().try_concat().await.unwrap();
    assert!(!fewer.is_empty() && fewer.len() < all.len());
    let token = sim.app_token().await;
    let ask = json!({ "start_time": from.timestamp(), "end_time": to.timestamp(), "limit": 20 });
    let page = sim.post("security/member_oper_log/list", &token, &ask.to_string()).await;
    fits("security_member_oper_log_list", &page);
    assert!(
        page["has_more"] == true && page["record_list"].as_array().unwrap().len() < 20,
        "short, and not the last"
    );
    let admin = sim.post("security/admin_oper_log/list", &token, &ask.to_string()).await;
    fits("security_admin_oper_log_list", &admin);

    let old = app.member_operations(from - TimeDelta::days(200), to - TimeDelta::days(200), None).unwrap();
    assert_eq!(old.try_concat().await.unwrap_err().code(), Some(40058));
    sim.control("settings", json!({ "closed_products": ["usage"] })).await;
    let closed = app.admin_operations(from, to, None).unwrap().try_concat().await;
    assert_eq!(closed.unwrap_err().code(), Some(48002));
}

#[tokio::test]
async fn meetings_are_counted_from_the_first_moment_to_before_the_last() {
    let sim = Sim::start();
    let (app, to) = (client(&sim), now(&sim).await);
    let from = to - TimeDelta::days(30);
    let all: Vec<_> = app.meeting_starts(from, to).unwrap().try_concat().await.unwrap();
    assert!(all.len() > 300 && all.is_sorted_by_key(|row| std::cmp::Reverse(row.start_time)));
    let at = |seconds: i64| DateTime::from_timestamp(seconds, 0).unwrap();
    let first = all.last().unwrap().start_time;
    let until: Vec<_> = app.meeting_starts(from, at(first)).unwrap().try_concat().await.unwrap();
    assert!(until.is_empty(), "the end is not in it");
    let since: Vec<_> = app.meeting_starts(at(first), at(first + 1)).unwrap().try_concat().await.unwrap();
    assert!(!since.is_empty(), "the beginning is");
    let token = sim.app_token().await;
    let ask = json!({ "type": 1, "begin_time": from.timestamp(), "end_time": to.timestamp() });
    fits(
        "meeting_statistics_get_start_list",
        &sim.post("meeting/statistics/get_start_list", &token, &ask.to_string()).await,
    );
    fits("wedrive_mng_capacity", &sim.post("wedrive/mng_capacity", &token, "{}").await);
    assert_eq!(app.drive_capacity().await.unwrap().everyone, 100 << 30);
}
