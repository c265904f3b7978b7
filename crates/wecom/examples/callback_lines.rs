//! Seals or opens callbacks by the thousand, for checking against other libraries.
//!
//! `callback_lines seal TOKEN KEY RECEIVER MOST` writes one JSON line for each length of message from 0 to MOST bytes:
//! `{"length", "timestamp", "nonce", "signature", "envelope"}`. `callback_lines open …` reads such lines, made by whatever
//! library, and says how many were genuine and held the message that belongs to their length.

use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use wecom::crypto::{CallbackCrypto, ciphertext_of};

#[derive(Serialize, Deserialize)]
struct Line {
    length: usize,
    timestamp: String,
    nonce: String,
    signature: String,
    envelope: String,
}

/// The message of a length: three-byte characters as far as they go, then single bytes.
fn message(length: usize) -> String {
    let single = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap_or_default());
    "点名".chars().cycle().take(length / 3).chain((0..length % 3).map(single)).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [verb, token, key, receiver, most] = arguments.as_slice() else {
        return Err("callback_lines seal|open TOKEN KEY RECEIVER MOST".into());
    };
    let crypto = CallbackCrypto::new(token, key, receiver)?;
    let most: usize = most.parse()?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    if verb == "seal" {
        for length in 0..=most {
            let (timestamp, nonce) = (format!("{}", 1_700_000_000 + length), format!("nonce{length}"));
            let envelope = crypto.seal_envelope(&message(length), rand::random(), &timestamp, &nonce);
            let signature = crypto.signature(&timestamp, &nonce, &ciphertext_of(&envelope)?);
            writeln!(
                out,
                "{}",
                serde_json::to_string(&Line { length, timestamp, nonce, signature, envelope })?
            )?;
        }
        return Ok(());
    }
    let mut lengths = std::collections::BTreeSet::new();
    for line in io::stdin().lock().lines() {
        let line: Line = serde_json::from_str(&line?)?;
        let opened = crypto.open_envelope(&line.envelope, &line.signature, &line.timestamp, &line.nonce)?;
        if opened.message != message(line.length) {
            return Err(format!("length {}: another message", line.length).into());
        }
        lengths.insert(line.length);
    }
    if lengths.len() != most + 1 {
        return Err(format!("{} lengths of {}", lengths.len(), most + 1).into());
    }
    writeln!(out, "{}", lengths.len())?;
    Ok(())
}
