//! R8: a callback that comes again has no second effect.

use reqwest::StatusCode;

use super::rows;
use crate::{
    callbacks::{change, crypto, post},
    test_app::TestApp,
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=R8"]
async fn repeated_callbacks_have_one_effect() {
    let test = TestApp::start_empty().await;
    let (contacts, _) = crypto("contacts");
    let kept = async || test.one::<i64>("select count(*) from inbox", &[]).await;
    let send = async |xml: &str, random: u8| {
        assert_eq!(post(&test, "1/callback/contacts", &contacts, xml, random).await, StatusCode::OK);
    };

    let event = change("member-a", 1);
    for _ in 0..1000 {
        send(&event, 0).await;
    }
    let effects = kept().await;
    rows::write("R8", "one event delivered 1000 times", effects as f64, "effects", "1", effects == 1);

    let event = change("member-b", 1);
    for random in 1..=3 {
        send(&event, random).await;
    }
    let effects = kept().await - 1;
    rows::write("R8", "one event encrypted anew 3 times", effects as f64, "effects", "1", effects == 1);

    let left = event.replace("update_user", "delete_user").replace("member-b", "member-c");
    send(&change("member-c", 1), 1).await;
    send(&left, 1).await;
    let effects = kept().await - 2;
    rows::write("R8", "two events of a member in a second", effects as f64, "effects", "2", effects == 2);
}
