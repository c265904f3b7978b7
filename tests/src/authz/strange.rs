//! Z5 on a small scale: every operation of the document is sent what fits and what does not, by everybody in turn and by nobody. No
//! answer is an error of ours, undocumented, or told otherwise than as a problem, and nobody is let in. What schemathesis finds in
//! hours is `make authz ONLY=Z5`.

use reqwest::{Client, Method, RequestBuilder, header};
use serde_json::{Value, json};

use crate::{
    browser_client::ON_PC,
    crowd,
    dice::Dice,
    test_app::{TestApp, root},
};

/// Requests of each operation; of the last it is nobody who asks.
const EACH: usize = 8;
/// What stands in addresses, encoded.
const IN_ADDRESSES: [&str; 12] = [
    "0",
    "-1",
    "1e9",
    "99999999999999999999999",
    "a",
    "%00",
    "%FF",
    "%F0%9F%92%A9",
    "2020-02-30",
    "-9999-01-01",
    "%E5%AD%A6%27%20or%201%3D1--",
    "..%2F..%2Fetc%2Fpasswd",
];

/// A value of a schema: all of its properties, the first of its choices.
fn sample(document: &Value, schema: &Value, depth: usize) -> Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        // Some documents hold others of their kind.
        let inner = &document["components"]["schemas"][name];
        return if depth > 4 { Value::Null } else { sample(document, inner, depth + 1) };
    }
    let options = ["oneOf", "allOf", "anyOf"].iter().find_map(|kind| schema[*kind].as_array());
    if let Some(option) = options.and_then(|options| options.iter().rfind(|option| option["type"] != "null"))
    {
        return sample(document, option, depth);
    }
    if let Some(first) = schema["enum"].as_array().and_then(|values| values.first()) {
        return first.clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.first().and_then(Value::as_str),
        kind => kind.as_str(),
    };
    match (kind, schema["format"].as_str()) {
        (Some("string"), Some("date")) => json!("2020-03-04"),
        (Some("string"), Some("date-time")) => json!("2020-03-04T00:00:00Z"),
        (Some("string"), _) => json!("x"),
        (Some("integer"), _) => json!(1),
        (Some("number"), _) => json!(36.5),
        (Some("boolean"), _) => json!(true),
        (Some("array"), _) => json!([sample(document, &schema["items"], depth)]),
        (Some("null"), _) => Value::Null,
        _ => {
            let properties = schema["properties"].as_object().into_iter().flatten();
            properties.map(|(name, inner)| (name.clone(), sample(document, inner, depth))).collect()
        }
    }
}

fn strange(dice: &mut Dice) -> Value {
    match dice.below(14) {
        0 => Value::Null,
        1 => json!(""),
        2 => json!("a\u{0}b"),
        3 => json!("长".repeat(5_000)),
        4 => json!("\u{202e}\u{feff}😀\u{fffd}"),
        5 => json!(-1),
        6 => json!(i64::MAX),
        7 => json!(u64::MAX),
        8 => json!(1e308),
        9 => json!(0.1),
        10 => json!([]),
        11 => json!({ "a": [{}] }),
        12 => json!(false),
        _ => json!("-9999-01-01"),
    }
}

/// Changes something of it, somewhere.
fn spoil(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Object(map) if !map.is_empty() && dice.below(5) > 0 => {
            let key = map.keys().nth(dice.below(map.len())).unwrap().clone();
            match dice.below(8) {
                0 => drop(map.remove(&key)),
                1 => drop(map.insert("not\u{0}known 字段".into(), json!(1))),
                _ => spoil(&mut map[&key], dice),
            }
        }
        Value::Array(items) if !items.is_empty() && dice.below(5) > 0 => {
            let at = dice.below(items.len());
            match dice.below(4) {
                0 => items.clear(),
                1 => items.resize(300, items[at].clone()),
                _ => spoil(&mut items[at], dice),
            }
        }
        other => *other = strange(dice),
    }
}

/// An operation of the document.
struct Operation<'a> {
    document: &'a Value,
    path: &'a str,
    method: Method,
    told: &'a Value,
}

impl Operation<'_> {
    /// The address: `fits` or with what does not in one place or another.
    fn address(&self, fits: bool, dice: &mut Dice) -> String {
        let (mut path, mut query) = (self.path.to_owned(), Vec::new());
        for parameter in self.told["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            let fitting = match sample(self.document, &parameter["schema"], 0) {
                Value::String(text) => text,
                other => other.to_string(),
            };
            let odd = !fits && dice.below(2) == 0;
            let value = if odd { dice.one_of(&IN_ADDRESSES).to_owned() } else { fitting };
            match parameter["in"].as_str() {
                Some("path") => path = path.replace(&format!("{{{name}}}"), &value),
                Some("query") if fits || dice.below(3) > 0 => query.push(format!("{name}={value}")),
                _ => {}
            }
        }
        if !fits && dice.below(8) == 0 {
            query.push("unknown=%00".to_owned());
        }
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    fn body(&self, fits: bool, request: RequestBuilder, dice: &mut Dice) -> RequestBuilder {
        let content = &self.told["requestBody"]["content"];
        if let Some(json) = content.get("application/json") {
            let mut body = sample(self.document, &json["schema"], 0);
            if !fits {
                spoil(&mut body, dice);
            }
            let text = match dice.below(if fits { 1 } else { 12 }) {
                1 => String::new(),
                2 => "{\"a\":".to_owned(),
                3 => "[".repeat(2_000),
                4 => format!("{{\"a\":\"{}\"}}", "x".repeat(70_000)),
                _ => body.to_string(),
            };
            let kind = if !fits && dice.below(10) == 0 { "text/plain" } else { "application/json" };
            return request.header(header::CONTENT_TYPE, kind).body(text);
        }
        if content.is_object() {
            let files: [&[u8]; 5] =
                [b"", b"PK\x03\x04", b"\xff\xd8\xff\xe0", b"\xe5\xad\xa6,\0\n1,2,3\n", &[0; 3_000]];
            return request
                .header(header::CONTENT_TYPE, "application/octet-stream")
                .body(dice.one_of(&files));
        }
        request
    }
}

/// Members whom the office's pages are for, and students: in turn, since each may ask so often only.
async fn askers(test: &TestApp) -> [Vec<String>; 2] {
    crowd::sign_in_everybody(test).await;
    let of = |sql: &'static str| async move {
        let rows = test.owner.query(sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>()
    };
    let with_grants = "select distinct a.userid from members a join grants g using (corp_id, person_id)
        where a.left_on is null order by 1";
    let everybody = "select userid from members where left_on is null order by 1";
    [of(with_grants).await, of(everybody).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_anybody_sends_is_answered_as_the_document_says() {
    let test = TestApp::start().await;
    let askers = askers(&test).await;
    let text = std::fs::read_to_string(root().join("docs/openapi.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let http = Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let (mut dice, mut wrong, mut asked) = (Dice::new(5), Vec::new(), 0_usize);
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, told) in methods.as_object().unwrap() {
            let operation =
                Operation { document: &document, path, method: method.to_uppercase().parse().unwrap(), told };
            for nth in 0..EACH {
                let (fits, is_nobody) = (nth == 0, nth == EACH - 1);
                let address = operation.address(fits, &mut dice);
                let url = format!("{}{address}", test.url.as_str().trim_end_matches('/'));
                let key =
                    if fits || dice.below(6) > 0 { format!("strange-key-{asked}") } else { "x".to_owned() };
                let mut request = http
                    .request(operation.method.clone(), url)
                    .header(header::USER_AGENT, ON_PC)
                    .header("X-Requested-With", "rollcall")
                    .header("Idempotency-Key", key);
                request = if is_nobody {
                    request.header(header::AUTHORIZATION, "Bearer of nothing")
                } else {
                    let ring = &askers[nth % 2];
                    let cookie = crowd::cookie(&ring[asked % ring.len()]);
                    request.header(header::COOKIE, cookie.trim_start_matches("Cookie: "))
                };
                asked += 1;
                let request = operation.body(fits, request, &mut dice).build().unwrap();
                let sent = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
                let sent: String = String::from_utf8_lossy(sent).chars().take(200).collect();
                let answer = http.execute(request).await.expect("an answer");
                let status = answer.status().as_u16();
                let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
                let is_problem = kind == Some("application/problem+json");
                let is_told = told["responses"].get(status.to_string()).is_some();
                // An address of another shape leads nowhere, whoever asks. Whether a device's token is worth anything is found
                // in the transaction of its work: what it sent wrong is told before.
                let is_device = told["security"][0].get("device").is_some();
                let is_kept_out =
                    [401, 404].contains(&status) || (is_device && [400, 415, 422].contains(&status));
                let is_let_in = is_nobody && !is_kept_out;
                if status >= 500 || !is_told || (status >= 400 && !is_problem) || is_let_in {
                    let who = if is_nobody { "nobody" } else { "a member" };
                    wrong.push(format!("{method} {address:.200} by {who}: {status} {kind:?} to {sent:?}\n"));
                }
            }
        }
    }
    assert!(asked > 2_000, "{asked}");
    assert!(wrong.is_empty(), "of {asked}:\n{}", wrong.concat());
}
