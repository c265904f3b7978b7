//! A million random changes: after every thousand the mirror equals WeCom.

use super::rows;
use crate::{mirror::shake, test_app::TestApp};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=mirror"]
async fn a_million_random_changes() {
    let test = TestApp::start().await;
    let rounds = 1000;
    shake(&test, 11, rounds, 1000).await;
    rows::write(
        "mirror",
        "changes, the mirror equal to WeCom after each thousand",
        1e6,
        "changes",
        "10⁶",
        true,
    );
}
