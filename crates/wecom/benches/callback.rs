//! How many callbacks one core opens in a second, beside Tencent's own package on Node.
//!
//! `cargo bench -p wecom --bench callback [-- --node tests/bench/wecom-crypto/bench.mjs]`, or `make bench ONLY=S1`,
//! which installs the package. Rows go where `ROLLCALL_ROWS` says, else to standard output.

use std::error::Error;
use std::fs::OpenOptions;
use std::hint::black_box;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wecom::callback::{Query, Receiver};
use wecom::crypto::CallbackCrypto;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const TOKEN: &str = "QDG6eK";
const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";
const CORP: &str = "ww0123456789abcdef";
const TIMESTAMP: &str = "1700000000";
const NONCE: &str = "1372623149";
/// How long one measurement takes, and how many there are; the median counts, ours and theirs in turn.
const TIME: Duration = Duration::from_secs(1);
const ROUNDS: usize = 5;

/// A member's change with names and lists, 693 bytes as in the goal.
const XML: &str = "<xml><ToUserName><![CDATA[ww0123456789abcdef]]></ToUserName>\
<FromUserName><![CDATA[sys]]></FromUserName><CreateTime>1700000000</CreateTime>\
<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_contact]]></Event>\
<ChangeType>update_user</ChangeType><UserID><![CDATA[zhang.san]]></UserID>\
<Name><![CDATA[张三]]></Name><Department><![CDATA[1,2,3]]></Department><MainDepartment>1</MainDepartment>\
<IsLeaderInDept><![CDATA[1,0,0]]></IsLeaderInDept><DirectLeader><![CDATA[li.si]]></DirectLeader>\
<Position><![CDATA[辅导员]]></Position><Gender>1</Gender><Status>1</Status>\
<ExtAttr><Item><Name><![CDATA[art]]></Name><Type>0</Type><Text><Value><![CDATA[go]]></Value></Text></Item>\
</ExtAttr></xml>";

fn main() -> Result<()> {
    let crypto = CallbackCrypto::new(TOKEN, KEY, CORP)?;
    let receiver = Receiver::new(TOKEN, KEY, CORP)?;
    let encrypt = crypto.encrypt(XML, [7; 16]);
    let query = Query {
        msg_signature: crypto.signature(TIMESTAMP, NONCE, &encrypt),
        timestamp: TIMESTAMP.into(),
        nonce: NONCE.into(),
        echostr: None,
    };
    let body = format!(
        "<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><AgentID><![CDATA[1000002]]></AgentID>\
         <Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"
    );
    let node = std::env::args().skip_while(|argument| argument != "--node").nth(1);
    let input = json!({
        "token": TOKEN, "key": KEY, "timestamp": TIMESTAMP, "nonce": NONCE,
        "signature": query.msg_signature, "encrypt": encrypt, "seconds": TIME.as_secs_f64(),
    });

    let (mut typed, mut opened, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        typed.push(rate(|| Ok(receiver.receive(black_box(&query), black_box(&body))?.event.name().len()))?);
        opened.push(rate(|| {
            let encrypt = black_box(encrypt.as_str());
            crypto.verify(&query.msg_signature, TIMESTAMP, NONCE, encrypt)?;
            Ok(crypto.decrypt(encrypt)?.message.len())
        })?);
        if let Some(script) = &node {
            theirs.push(rate_on_node(script, &input)?);
        }
    }
    let theirs = (!theirs.is_empty()).then(|| median(theirs));
    let size = XML.len();
    write(row(&format!("envelope to typed event, {size} bytes"), median(typed), theirs, 300_000.0))?;
    write(row(&format!("verify and decrypt, {size} bytes"), median(opened), theirs, 600_000.0))
}

fn rate(mut work: impl FnMut() -> Result<usize>) -> Result<f64> {
    let began = Instant::now();
    let mut count = 0;
    loop {
        for _ in 0..1000 {
            black_box(work()?);
        }
        count += 1000;
        let elapsed = began.elapsed();
        if elapsed > TIME {
            return Ok(f64::from(count) / elapsed.as_secs_f64());
        }
    }
}

fn rate_on_node(script: &str, input: &Value) -> Result<f64> {
    let mut node = Command::new("node").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    node.stdin.take().ok_or("no standard input")?.write_all(input.to_string().as_bytes())?;
    Ok(String::from_utf8(node.wait_with_output()?.stdout)?.trim().parse()?)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn row(what: &str, value: f64, theirs: Option<f64>, goal: f64) -> Value {
    json!({
        "id": "S1", "what": what, "value": value.round(), "unit": "/s",
        "yardstick": theirs.map(|rate| format!("@wecom/crypto {:.0} k/s", rate / 1000.0)),
        "ratio": theirs.map(|rate| value / rate),
        "goal": format!("≥ {:.0} k/s", goal / 1000.0), "pass": value >= goal,
    })
}

fn write(row: Value) -> Result<()> {
    match std::env::var_os("ROLLCALL_ROWS") {
        Some(path) => writeln!(OpenOptions::new().append(true).create(true).open(path)?, "{row}")?,
        None => writeln!(io::stdout(), "{row}")?,
    }
    Ok(())
}
