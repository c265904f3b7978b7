//! R7: hostile callbacks, over HTTP, against the real route; and a million damaged ones against what the route opens them with.
//! A flood of them is `flood.rs`; what a fuzzer that sees the code finds, `make fuzz`.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wecom::{
    callback::{Query, Receiver},
    crypto::CallbackCrypto,
};

use super::rows;
use crate::{
    callbacks::{change, crypto, gzip_bomb, hostile_bodies, post, signed},
    dice::Dice,
    test_app::TestApp,
};

static PANICS: AtomicUsize = AtomicUsize::new(0);
const GIB: usize = 1 << 30;
const SLOW: usize = 300;
const BOMBS: usize = 50;
const INPUTS: usize = 1_000_000;
/// What a refusal may take.
const PATIENCE: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=R7"]
async fn hostile_callbacks_are_refused_alike() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        before(info);
    }));
    let test = TestApp::start_empty().await;
    let (contacts, _) = crypto("contacts");
    let client = reqwest::Client::new();
    post(&test, "1/callback/contacts", &contacts, &change("warm", 1), 1).await;
    let memory = resident();

    let (mut answers, mut times) = (BTreeSet::new(), Vec::new());
    for _ in 0..50 {
        for (url, body) in hostile_bodies(&test) {
            let began = Instant::now();
            let response = client.post(url).body(body).send().await.unwrap();
            let status = response.status().as_u16();
            let problem: serde_json::Value = response.json().await.unwrap();
            times.push(began.elapsed());
            answers.insert((status, problem["code"].to_string()));
        }
    }
    times.sort();
    let p99 = times[times.len() * 99 / 100].as_secs_f64() * 1000.0;
    let kinds = answers.len();
    assert!(answers.iter().all(|(status, _)| *status == 403), "{answers:?}");
    rows::write("R7", "different answers to hostile bodies", kinds as f64, "answers", "1", kinds == 1);
    rows::write("R7", "time of a refusal, p99", p99, "ms", "≤ 5 ms", p99 <= 5.0);

    let attributes: String = (0..80_000).map(|nth| format!(" a{nth}=\"\"")).collect();
    let body = format!("<xml{attributes}><Encrypt>x</Encrypt></xml>");
    let began = Instant::now();
    let status = client.post(signed(&test, "x")).body(body).send().await.unwrap().status().as_u16();
    let took = began.elapsed().as_secs_f64() * 1000.0;
    rows::write("R7", "80,000 attributes", took, "ms", "413, not read", status == 413);

    let bomb = gzip_bomb(60);
    let (mut unread, began) = (0, Instant::now());
    for _ in 0..BOMBS {
        let packed = client.post(signed(&test, "x")).header("Content-Encoding", "gzip").body(bomb.clone());
        unread += usize::from(packed.send().await.unwrap().status() == 415);
    }
    let took = began.elapsed().as_secs_f64() * 1000.0 / BOMBS as f64;
    rows::write("R7", "60 MiB packed into 60 KiB", took, "ms", "415, not unpacked", unread == BOMBS);

    let (status, sent) = flood(&test).await;
    let taken = sent as f64 / 1_048_576.0;
    let refused = status.is_none_or(|status| status == 413) && sent < GIB;
    rows::write("R7", "of 1 GiB in chunks, sent before the end", taken, "MiB", "refused early", refused);

    let mut slow = Vec::new();
    for _ in 0..SLOW {
        let mut stream = connect(&test).await;
        stream.write_all(b"POST /wecom/1/callback/contacts HTTP/1.1\r\nHost: ").await.unwrap();
        slow.push(stream);
    }
    let began = Instant::now();
    let status = post(&test, "1/callback/contacts", &contacts, &change("meanwhile", 1), 1).await.as_u16();
    let took = began.elapsed().as_secs_f64() * 1000.0;
    rows::write(
        "R7",
        "an event beside 300 slow connections",
        took,
        "ms",
        "200 in ≤ 1 s",
        status == 200 && took < 1e3,
    );
    let mut closed = 0;
    for mut stream in slow {
        let mut rest = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut rest)).await;
        closed += usize::from(read.is_ok());
    }
    rows::write("R7", "slow connections closed", closed as f64, "of 300", "300", closed == SLOW);

    let slow = slow_bodies(&test).await;
    let began = Instant::now();
    let status = post(&test, "1/callback/contacts", &contacts, &change("beside", 1), 1).await.as_u16();
    let took = began.elapsed().as_secs_f64() * 1000.0;
    let goal = "200 in ≤ 1 s";
    rows::write("R7", "an event beside 300 slow bodies", took, "ms", goal, status == 200 && took < 1e3);
    let mut told = 0;
    for mut stream in slow {
        let mut rest = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(30), stream.read_to_end(&mut rest)).await;
        told += usize::from(read.is_ok() && rest.starts_with(b"HTTP/1.1 408"));
    }
    rows::write("R7", "slow bodies answered 408 and closed", told as f64, "of 300", "300", told == SLOW);

    let grown = resident().saturating_sub(memory) as f64 / 1024.0;
    rows::write("R7", "memory grown, client and server", grown, "MiB", "≤ 64 MiB", grown <= 64.0);
    let panics = PANICS.load(Ordering::Relaxed);
    rows::write("R7", "panics", panics as f64, "", "0", panics == 0);
}

/// Cuts out, repeats, changes and puts in a little, here and there.
fn damaged(bytes: &[u8], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=dice.below(4) {
        let (one, other) = (dice.below(bytes.len()), dice.below(bytes.len()));
        let part = one.min(other)..one.max(other);
        match dice.below(4) {
            0 => bytes[one] = u8::try_from(dice.below(256)).unwrap(),
            1 => drop(bytes.drain(part)),
            2 => bytes.insert(one, dice.one_of(b"<>&;[]!?/=\"\0")),
            _ => bytes.extend_from_within(part),
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One callback that is damaged somewhere: its envelope; its ciphertext, signed by whoever has the token; or what is inside, by
/// whoever has the key too.
fn attempt(nth: usize, crypto: &CallbackCrypto, xml: &str, dice: &mut Dice) -> (Query, String) {
    let encrypt = match nth % 3 {
        0 => crypto.encrypt(xml, [1; 16]),
        1 => STANDARD.encode(damaged(&STANDARD.decode(crypto.encrypt(xml, [1; 16])).unwrap(), dice)),
        _ => crypto.encrypt(&text(damaged(xml.as_bytes(), dice)), [1; 16]),
    };
    let query = Query {
        msg_signature: crypto.signature("1583280000", "nonce", &encrypt),
        timestamp: "1583280000".into(),
        nonce: "nonce".into(),
        echostr: None,
    };
    let body = format!("<xml><ToUserName>x</ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>");
    let body = if nth.is_multiple_of(3) { text(damaged(body.as_bytes(), dice)) } else { body };
    (query, body)
}

#[test]
#[ignore = "make chaos ONLY=R7"]
fn a_million_damaged_callbacks() {
    let (token, key, corpid) = ("Token", "RollcallDevelopmentKeyForTheMillionInputs00", "ww0000000000000001");
    let receiver = Receiver::new(token, key, corpid).unwrap();
    let crypto = CallbackCrypto::new(token, key, corpid).unwrap();
    let xml = change("<![CDATA[a&b]]>", 1);
    let mut dice = Dice::new(7);
    let memory = resident();
    let (mut opened, mut panics, mut slow) = (0_i32, 0_i32, 0_usize);
    for nth in 0..INPUTS {
        let (query, body) = attempt(nth, &crypto, &xml, &mut dice);
        let began = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| receiver.receive(&query, &body)));
        slow += usize::from(began.elapsed() > PATIENCE);
        match outcome {
            Err(_) => panics += 1,
            // What was damaged is the envelope: what opens is what was signed.
            Ok(Ok(received)) if nth % 3 == 0 && received.xml != xml => opened += 1,
            Ok(_) => {}
        }
    }
    let grown = resident().saturating_sub(memory) as f64 / 1024.0;
    let ten_thousandth = INPUTS / 10_000;
    rows::write("R7", "panics at a million damaged callbacks", f64::from(panics), "", "0", panics == 0);
    rows::write("R7", "… that opened as something not signed", f64::from(opened), "", "0", opened == 0);
    let goal = "≤ 0.01 % of them";
    rows::write("R7", "… that took over 5 ms", slow as f64, "inputs", goal, slow <= ten_thousandth);
    rows::write("R7", "… memory grown", grown, "MiB", "≤ 64 MiB", grown <= 64.0);
}

async fn connect(test: &TestApp) -> TcpStream {
    TcpStream::connect(test.url.socket_addrs(|| None).unwrap()[0]).await.unwrap()
}

/// Connections that begin a body and send no more of it.
async fn slow_bodies(test: &TestApp) -> Vec<TcpStream> {
    let url = signed(test, "x");
    let request = format!(
        "POST {}?{} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n<xml>",
        url.path(),
        url.query().unwrap_or_default()
    );
    let mut slow = Vec::new();
    for _ in 0..SLOW {
        let mut stream = connect(test).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    slow
}

/// Sends chunks until the server has had enough: its status, if one came, and the bytes it let us send.
async fn flood(test: &TestApp) -> (Option<u16>, usize) {
    let url = signed(test, "x");
    let mut stream = connect(test).await;
    let head = format!(
        "POST {}?{} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        url.path(),
        url.query().unwrap_or_default()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut chunk = format!("{:x}\r\n", 1 << 16).into_bytes();
    chunk.extend(vec![b'x'; 1 << 16]);
    chunk.extend(b"\r\n");
    let (mut reading, mut writing) = stream.into_split();
    let answer = tokio::spawn(async move {
        let mut head = [0; 12];
        reading.read_exact(&mut head).await.ok()?;
        std::str::from_utf8(&head[9..]).ok()?.parse().ok()
    });
    let mut sent = 0;
    while sent < GIB && !answer.is_finished() && writing.write_all(&chunk).await.is_ok() {
        sent += 1 << 16;
    }
    (answer.await.unwrap(), sent)
}

/// Resident memory of this process, in KiB: the server runs in it.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
