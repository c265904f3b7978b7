//! A million passages of devices that heard nothing for eight hours, told late, in any order and again.

use super::rows;
use crate::passages::{Size, histories};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=gate"]
async fn a_million_passages() {
    let size = Size { people: 60, batches: 48, events: 1_000_000 };
    let wanted = size.events;
    // What is known afterwards is compared in it.
    let (taken, again) = histories(size).await;
    rows::write(
        "gate",
        "passages kept",
        taken as f64,
        "passages",
        "1000000, as the model says",
        taken == wanted,
    );
    rows::write("gate", "… told again and not kept twice", again as f64, "passages", "> 0", again > 0);
}
