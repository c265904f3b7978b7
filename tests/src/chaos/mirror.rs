//! A million random changes: after every thousand the mirror equals WeCom.

use super::rows;
use crate::{mirror::shake, test_app::TestApp};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=mirror"]
async fn a_million_random_changes() {
    // A school asks WeCom so often in an hour and no more, and then waits: five schools, one after the other.
    for seed in 0..5 {
        let test = TestApp::start().await;
        shake(&test, 11 + seed, 200, 1000).await;
    }
    rows::write(
        "mirror",
        "changes, the mirror equal to WeCom after each thousand",
        1e6,
        "changes",
        "10⁶",
        true,
    );
}
