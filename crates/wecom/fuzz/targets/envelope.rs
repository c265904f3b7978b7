//! A body as anyone may post it, and the signed part of its address.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use wecom::callback::{Query, Receiver};

static RECEIVER: LazyLock<Receiver> = LazyLock::new(|| {
    Receiver::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C", "ww1").expect("a receiver")
});

fuzz_target!(|body: &str| {
    let query = Query {
        msg_signature: "0".repeat(40),
        timestamp: "1700000000".into(),
        nonce: "n".into(),
        echostr: Some(body.into()),
    };
    assert!(RECEIVER.receive(&query, body).is_err());
    assert!(RECEIVER.verify_address(&query).is_err());
});
