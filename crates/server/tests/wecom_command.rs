//! `rollcall wecom` as an engineer runs it, over WeCom's own vectors.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn vectors(decrypted: bool) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../../fixtures/wecom/vectors.json")).unwrap();
    let known = |vector: &&Value| vector["decrypt_verified"] == Value::Bool(decrypted);
    all["callback"].as_array().unwrap().iter().filter(known).cloned().collect()
}

fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_rollcall"))
        .arg("wecom")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap_or_default()
}

fn ciphertext(vector: &Value) -> &str {
    vector["echostr"].as_str().or(vector["encrypt"].as_str()).unwrap()
}

fn decrypt(vector: &Value, key: &str, receive_id: &str, signature: &str, input: &str) -> Output {
    let arguments = [
        "decrypt",
        "--token",
        text(vector, "token"),
        "--key",
        key,
        "--receive-id",
        receive_id,
        "--signature",
        signature,
        "--timestamp",
        text(vector, "timestamp"),
        "--nonce",
        text(vector, "nonce"),
    ];
    run(&arguments, input)
}

#[test]
fn what_wecom_sent_is_opened_and_nothing_else() {
    let vectors = vectors(true);
    assert!(vectors.len() >= 8, "{} vectors", vectors.len());
    for vector in &vectors {
        let (key, receiver) = (text(vector, "encoding_aes_key"), text(vector, "receive_id"));
        let signature = text(vector, "msg_signature");
        let opened = decrypt(vector, key, receiver, signature, ciphertext(vector));
        assert!(opened.status.success(), "{}: {}", vector["id"], String::from_utf8_lossy(&opened.stderr));
        assert_eq!(String::from_utf8(opened.stdout).unwrap(), text(&vector["expected"], "plaintext"));

        let forged = decrypt(vector, key, receiver, &"0".repeat(40), ciphertext(vector));
        assert!(!forged.status.success() && forged.stdout.is_empty(), "{}", vector["id"]);
        assert!(String::from_utf8_lossy(&forged.stderr).contains("签名不符"));

        let elsewhere = decrypt(vector, key, "ww_somebody_else", signature, ciphertext(vector));
        assert!(!elsewhere.status.success() && elsewhere.stdout.is_empty(), "{}", vector["id"]);
        assert!(String::from_utf8_lossy(&elsewhere.stderr).contains("企业 ID"));
    }
}

#[test]
fn a_wrong_key_is_told_from_a_wrong_token() {
    let vector = &vectors(true)[0];
    let signature = text(vector, "msg_signature");
    let short = decrypt(vector, "tooshort", text(vector, "receive_id"), signature, ciphertext(vector));
    assert!(String::from_utf8_lossy(&short.stderr).contains("43 位"));
    let other = decrypt(vector, &"b".repeat(43), text(vector, "receive_id"), signature, ciphertext(vector));
    assert!(!other.status.success() && other.stdout.is_empty());
    assert!(String::from_utf8_lossy(&other.stderr).contains("EncodingAESKey"));
}

#[test]
fn verify_takes_a_ciphertext_or_an_envelope() {
    let vector = &vectors(true)[1];
    let arguments = |signature| {
        [
            "verify",
            "--token",
            text(vector, "token"),
            "--signature",
            signature,
            "--timestamp",
            text(vector, "timestamp"),
            "--nonce",
            text(vector, "nonce"),
        ]
    };
    let envelope = format!("<xml>\n<Encrypt><![CDATA[{}]]></Encrypt></xml>", ciphertext(vector));
    let right = arguments(text(vector, "msg_signature"));
    for input in [ciphertext(vector), &envelope] {
        assert!(run(&right, input).status.success());
        assert!(!run(&arguments("0"), input).status.success());
    }
    let empty = run(&right, "<xml></xml>");
    assert!(String::from_utf8_lossy(&empty.stderr).contains("Encrypt"));
}

#[test]
fn what_is_encrypted_or_signed_by_hand_is_opened_again() {
    let (token, key, corp) =
        ("SomeToken", "RollcallDevelopmentKeyForTheAppCallback0001", "ww0123456789abcdef");
    let address = ["--token", token, "--key", key, "--receive-id", corp];
    let fixed =
        ["--timestamp", "1700000000", "--nonce", "n1", "--random", "00112233445566778899aabbccddeeff"];
    let message = "<xml>中文 & 🙂</xml>";
    let first = run(&[&["encrypt"][..], &address, &fixed].concat(), message);
    let again = run(&[&["encrypt"][..], &address, &fixed].concat(), message);
    assert_eq!(first.stdout, again.stdout, "the same random bytes, the same envelope");
    let envelope = String::from_utf8(first.stdout).unwrap();
    let between =
        |from: &str, to: &str| envelope.split_once(from).unwrap().1.split_once(to).unwrap().0.to_owned();
    let signature = between("<MsgSignature><![CDATA[", "]]>");
    let asked = ["--signature", &signature, "--timestamp", "1700000000", "--nonce", "n1"];
    let opened = run(&[&["decrypt"][..], &address, &asked].concat(), &envelope);
    assert_eq!(String::from_utf8(opened.stdout).unwrap(), message);

    let url = "https://rollcall.example.edu.cn/wecom/1/callback/rollcall";
    let signed = run(&[&["sign-url", "--url", url, "--echo", "42"][..], &address, &fixed].concat(), "");
    let signed = url::Url::parse(String::from_utf8(signed.stdout).unwrap().trim()).unwrap();
    let query: std::collections::HashMap<_, _> = signed.query_pairs().into_owned().collect();
    let asked = [
        "--signature",
        &query["msg_signature"],
        "--timestamp",
        &query["timestamp"],
        "--nonce",
        &query["nonce"],
    ];
    let opened = run(&[&["decrypt"][..], &address, &asked].concat(), &query["echostr"]);
    assert_eq!(String::from_utf8(opened.stdout).unwrap(), "42");
}
