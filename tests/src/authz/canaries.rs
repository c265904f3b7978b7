//! Z7: what is secret or sensitive stands where it is meant to and nowhere else: in no log, metric or error, not in Redis, and in
//! no row of the database in plain; neither as it is nor in the usual dress.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use server::privacy::manifest;
use url::Url;

use super::{
    matrix,
    oracle::Who,
    rows,
    world::{
        Aim, World,
        facts::{CANARY, NOTE, REASON},
        own,
    },
};
use crate::{
    browser_client::{Browser, IN_CLIENT, ON_PC},
    chaos::rows::write,
    process::Server,
    sign_in::to_callback_of,
    test_app::TestApp,
};

/// What is sent where something else is expected.
const WRONG: &str = "canary-金丝雀-wrong";
const CORRECTION: &str = "canary-金丝雀-correction";
const VISIT: &str = "canary-金丝雀-visit";
const PHONES: [&str; 2] = ["10074319265", "10074319266"];

/// Something that is looked for.
struct Canary {
    what: String,
    /// Whether the database keeps it in clear, in columns of which the privacy manifest says why.
    is_clear: bool,
    dressed: Vec<String>,
}

impl Canary {
    fn new(what: impl Into<String>, value: &str) -> Self {
        Self { what: what.into(), is_clear: false, dressed: dressed(value) }
    }

    fn stands_in(&self, text: &str) -> bool {
        self.dressed.iter().any(|form| text.contains(form))
    }
}

/// As it is, in hex, in Base64 wherever it begins, percent-encoded, and escaped as in JSON.
fn dressed(value: &str) -> Vec<String> {
    assert!(value.len() >= 8, "too short to be told from chance");
    let bytes = value.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = url::form_urlencoded::byte_serialize(bytes).collect();
    let escaped: String = value
        .encode_utf16()
        .map(|unit| match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => char::from(byte).to_string(),
            _ => format!("\\u{unit:04x}"),
        })
        .collect();
    let mut forms = vec![value.to_owned(), hex.to_uppercase(), hex, percent.to_lowercase(), percent, escaped];
    // What stands before it decides where a group of three bytes begins; the letters at its edges belong to its neighbours, too.
    for (before, cut) in [(0, 0), (1, 2), (2, 3)] {
        let shifted = [vec![0; before], bytes.to_vec()].concat();
        let own = shifted.len() * 8 / 6;
        for encoded in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            forms.push(encoded[cut..own].to_owned());
        }
    }
    forms.sort();
    forms.dedup();
    forms
}

/// A file of this test's own that is not there yet.
fn log_file(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("rollcall-{name}-{}.log", std::process::id()));
    let _ = fs::remove_file(&path);
    path
}

#[test]
fn a_canary_is_found_in_whatever_it_is_dressed() {
    let canary = Canary::new("a canary", WRONG);
    let bytes = WRONG.as_bytes();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    let mut texts = vec![format!("…{WRONG}…"), hex, json!({ "a": WRONG }).to_string()];
    texts.push(url::form_urlencoded::Serializer::new(String::new()).append_pair("a", WRONG).finish());
    texts.push(r"canary-\u91d1\u4e1d\u96c0-wrong".to_owned());
    for (before, after) in [("", ""), ("a", "b"), ("ab", "cde"), ("abc", "d")] {
        texts.push(STANDARD_NO_PAD.encode(format!("{before}{WRONG}{after}")));
        texts.push(URL_SAFE_NO_PAD.encode(format!("{before}{WRONG}{after}")));
    }
    for text in &texts {
        assert!(canary.stands_in(text), "{text}");
    }
    assert!(!canary.stands_in("canary-金丝雀-wron and others"));
}

/// Sends what does not fit in every place a request has.
async fn send_wrong_things(browser: &Browser) {
    let encoded: String = url::form_urlencoded::byte_serialize(WRONG.as_bytes()).collect();
    let health = |answers: Value| json!({ "form": "health-daily", "version": 1, "answers": answers });
    for body in [
        health(json!({ "temperature": WRONG })),
        health(json!({ "temperature": 36.5, (WRONG): 1 })),
        json!({ (WRONG): WRONG }),
        json!([WRONG]),
        json!({ "form": WRONG, "version": 1, "answers": {} }),
    ] {
        assert!(browser.post("/reports", &body).await.status.is_client_error(), "{body}");
    }
    let cut = format!("{{\"form\":\"{WRONG}");
    assert!(
        browser
            .post_raw("/reports", cut, &[("Content-Type", "application/json")])
            .await
            .status
            .is_client_error()
    );
    for path in [
        format!("/reports?form={encoded}&cursor={encoded}"),
        format!("/reports?limit={encoded}"),
        format!("/reports/{encoded}"),
        format!("/{encoded}"),
        format!("/me?{encoded}={encoded}"),
    ] {
        browser.get(&path).await;
    }
    browser.post_with("/me/corrections", &encoded, &json!({ "field": WRONG, "value": "" })).await;
    let url = browser.url(&format!("/auth/callback?code={encoded}&state={encoded}"));
    browser.request(Method::GET, url, None, &[("User-Agent", &encoded), ("Referer", &encoded)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_wrong_is_answered_and_not_logged() {
    let test = TestApp::start().await;
    let log = log_file("wrong");
    let server = Server::start_logged(&test, &log, false, |_| ()).await;
    let signed_in = test.sign_in(&test.persona("student")).await;
    let browser = Browser::new(server.url.clone(), IN_CLIENT);
    let session = signed_in.cookie(server::http::who::SESSION).unwrap();
    browser.set_cookie(server::http::who::SESSION, &session);
    send_wrong_things(&browser).await;
    let said = fs::read_to_string(&log).unwrap();
    assert!(said.contains("invalid"), "the log tells that something was refused: {said}");
    for canary in [Canary::new("what was sent", WRONG), Canary::new("the session", &session)] {
        assert!(!canary.stands_in(&said), "{} is in the log: {said}", canary.what);
    }
    fs::remove_file(&log).unwrap();
}

/// Secrets of the configuration.
fn configured(test: &TestApp) -> Vec<Canary> {
    let mut canaries = Vec::new();
    let school = &test.settings["schools"][0];
    for part in ["app", "contacts"] {
        for name in ["secret", "token", "encoding_aes_key"] {
            canaries.push(Canary::new(format!("{part}.{name}"), school[part][name].as_str().unwrap()));
        }
    }
    let key = fs::read_to_string(test.settings["sealing"]["key_file"].as_str().unwrap()).unwrap();
    canaries.push(Canary::new("the sealing key", key.trim()));
    for part in ["database", "redis"] {
        let url = test.settings[part]["url"].as_str().and_then(|url| Url::parse(url).ok());
        if let Some(password) = url.as_ref().and_then(Url::password).filter(|password| password.len() >= 8) {
            canaries.push(Canary::new(format!("the password of {part}"), password));
        }
    }
    canaries
}

/// What is made while somebody works with it: sessions, codes, tokens; and what people tell of themselves and others.
async fn made(world: &World, server: &Url) -> Vec<Canary> {
    let mut canaries = vec![
        Canary::new("what was answered", CANARY),
        Canary::new("a note on somebody", NOTE),
        Canary::new("what was sent wrong", WRONG),
        Canary {
            is_clear: clear_columns().contains("exemptions.reason"),
            ..Canary::new("why somebody is exempt", REASON)
        },
    ];
    let test = &world.test;
    let access_token = test.school().wecom.access_token().await.unwrap();
    canaries.push(Canary::new("WeCom's access token", access_token.expose_secret()));

    let browser = Browser::new(server.clone(), IN_CLIENT);
    browser.set_cookie("simulator_user", world.userid(Who::Student));
    let callback = to_callback_of(&browser, &test.url).await.unwrap();
    for (name, value) in callback.query_pairs().filter(|(_, value)| value.len() >= 8) {
        canaries.push(Canary::new(format!("{name} of a sign-in"), &value));
    }
    browser.open(callback).await;
    for name in [server::http::who::SESSION, server::http::who::BINDING] {
        let value = browser.cookie(name).unwrap_or_else(|| panic!("no {name}: it would not be looked for"));
        canaries.push(Canary::new(format!("the cookie {name}"), &value));
    }
    for word in ["own_copy", "own_file"] {
        let ticket = &world.ids(Who::Counsellor, Aim::Theirs)[word];
        canaries.push(Canary::new(format!("what fetches {word}"), ticket));
    }
    send_wrong_things(&browser).await;
    let wrong = json!({ "field": "other", "value": CORRECTION });
    assert!(browser.post("/me/corrections", &wrong).await.status.is_success());
    canaries.push(Canary::new("what somebody wants corrected", CORRECTION));

    let silent = &world.ids(Who::SchoolOffice, Aim::Theirs)["silent"];
    let path = format!("/people/{silent}/phone-correction");
    let phone = json!({ "phone": PHONES[0], "reason": "换号" });
    let told = world.client.post(world.userid(Who::SchoolOffice), &path, &phone).await;
    assert!(told.succeeded(), "{}", told.text);
    let mut visitor = own::visitor(world).await;
    visitor["phone"] = PHONES[1].into();
    visitor["reason"] = VISIT.into();
    let invited = world.client.post(world.userid(Who::Teacher), "/me/visitors", &visitor).await;
    assert!(invited.succeeded(), "{}", invited.text);
    for (what, value) in
        [("a phone", PHONES[0]), ("a visitor's phone", PHONES[1]), ("why somebody comes", VISIT)]
    {
        canaries.push(Canary::new(what, value));
    }
    canaries.extend(at_the_gate(world, server).await);
    canaries
}

/// What pairs a device, what it then has, and what a phone shows.
async fn at_the_gate(world: &World, server: &Url) -> Vec<Canary> {
    let administrator = world.userid(Who::Administrator);
    let gate = &world.ids(Who::Administrator, Aim::Theirs)["gate"];
    let path = format!("/gates/{gate}/pairing");
    let offered = world.client.post(administrator, &path, &json!({ "name": "闸机" })).await;
    let code = offered.body["code"].as_str().unwrap_or_else(|| panic!("{}", offered.text)).to_owned();
    let device = Browser::new(server.clone(), ON_PC);
    let paired = device.post_raw("/gate/pairing", "", &[("Authorization", &format!("Pairing {code}"))]).await;
    let token = paired.body["token"].as_str().unwrap_or_else(|| panic!("{}", paired.body)).to_owned();
    let bearer = format!("Bearer {token}");
    let codes = world.client.post(world.userid(Who::Student), "/me/gate-codes", &json!({})).await;
    let shown =
        codes.body["codes"][0]["code"].as_str().unwrap_or_else(|| panic!("{}", codes.text)).to_owned();
    let scan = json!({ "id": "scan-canary-1", "code": shown, "direction": "in" });
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    device.post_raw("/gate/scans", scan.to_string(), &headers).await;
    [("the code that pairs a device", code), ("a device's token", token), ("a code a phone shows", shown)]
        .into_iter()
        .filter(|(_, value)| value.len() >= 8)
        .map(|(what, value)| Canary::new(what, &value))
        .collect()
}

/// Everything Redis holds, keys and values.
async fn redis(found: &mut BTreeSet<String>) {
    let Ok(url) = std::env::var("ROLLCALL_TEST_REDIS_URL") else { return };
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    for key in keys {
        let value: Option<Vec<u8>> = redis::cmd("GET").arg(&key).query_async(&mut connection).await.unwrap();
        let value = value.unwrap_or_default();
        let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
        found.insert(format!("{key} {} {hex}", String::from_utf8_lossy(&value)));
    }
}

/// Every operation for everybody, at what is theirs and at what is not. Gives the words of errors.
async fn ask_everything(world: &World, in_redis: &mut BTreeSet<String>) -> String {
    let mut errors = String::new();
    for row in rows::all() {
        for who in Who::ALL {
            for aim in [Aim::Theirs, Aim::Foreign, Aim::Nothing] {
                let told = matrix::ask(world, row, Some(who), world.ids(who, aim)).await;
                if let Some(told) = told.filter(|told| told.status >= 400) {
                    errors.push_str(&told.text);
                    errors.push('\n');
                }
            }
        }
        redis(in_redis).await;
    }
    errors
}

/// Where the rows of the database hold a canary: `table.column`.
async fn in_the_database(test: &TestApp, canaries: &[Canary]) -> Vec<BTreeSet<String>> {
    let mut found = vec![BTreeSet::new(); canaries.len()];
    let tables =
        "select c.relname::text from pg_class c where c.relkind in ('r', 'p') and not c.relispartition
        and c.relnamespace = 'public'::regnamespace";
    for table in test.owner.query(tables, &[]).await.unwrap() {
        let table: String = table.get(0);
        let sql = format!("select e.column_name, e.value from {table} t, jsonb_each_text(to_jsonb(t)) as e(column_name, value)
            where e.value is not null");
        for row in test.owner.query(&sql, &[]).await.unwrap() {
            let (column, value): (String, String) = (row.get(0), row.get(1));
            for (canary, found) in canaries.iter().zip(&mut found) {
                if canary.stands_in(&value) {
                    found.insert(format!("{table}.{column}"));
                }
            }
        }
    }
    found
}

/// Columns that are in clear although what stands in them is sensitive, each with its reason in the manifest.
fn clear_columns() -> BTreeSet<String> {
    let manifest = manifest().unwrap();
    let columns = manifest.tables().flat_map(|table| {
        table.clear.keys().map(|column| format!("{}.{column}", table.name)).collect::<Vec<_>>()
    });
    columns.collect()
}

fn told(place: &str, canaries: &[Canary], text: &str) {
    let found: Vec<&str> =
        canaries.iter().filter(|canary| canary.stands_in(text)).map(|canary| canary.what.as_str()).collect();
    if !found.is_empty() {
        eprintln!("{place}: {found:?}");
    }
    let what = format!("{} canaries looked for in {place}", canaries.len());
    write("Z7", &what, found.len() as f64, "found", "0", found.is_empty());
}

async fn names(test: &TestApp) -> Vec<Canary> {
    let rows = test.owner.query("select name, number from persons", &[]).await.unwrap();
    let both = rows.iter().flat_map(|row| [row.get::<_, String>(0), row.get::<_, String>(1)]);
    // As they are: two letters in another dress are found by chance.
    both.map(|value| Canary { what: value.clone(), is_clear: true, dressed: vec![value] }).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an experiment: make authz ONLY=Z7"]
async fn canaries() {
    let mut world = World::make().await.with_things().await;
    let log = log_file("canaries");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let metrics = format!("127.0.0.1:{port}");
    let server = Server::start_logged(&world.test, Path::new(&log), true, |config| {
        config["server"]["metrics_listen"] = metrics.as_str().into();
    })
    .await;
    world.client = world.client.at(&server.url);
    let mut canaries = configured(&world.test);
    canaries.extend(made(&world, &server.url).await);
    let mut in_redis = BTreeSet::new();
    let errors = ask_everything(&world, &mut in_redis).await;

    let said = fs::read_to_string(&log).unwrap();
    let lines = said.lines().count() as f64;
    write("Z7", "lines of the server's and the worker's log", lines, "lines", "> 100", lines > 100.0);
    told("the log", &canaries, &said);
    told("the log, of all names and numbers", &names(&world.test).await, &said);
    let measured = reqwest::get(format!("http://{metrics}/metrics")).await.unwrap().text().await.unwrap();
    assert!(measured.contains("rollcall_http_request_seconds"), "{measured}");
    told("/metrics", &canaries, &measured);
    told("/metrics, of all names and numbers", &names(&world.test).await, &measured);
    told("the words of errors", &canaries, &errors);
    let kept = in_redis.len() as f64;
    write("Z7", "keys of Redis", kept, "keys", "> 0", kept > 0.0);
    told("Redis", &canaries, &in_redis.into_iter().collect::<Vec<_>>().join("\n"));

    let name: String = world.test.one("select max(name) from persons", &[]).await;
    let known = Canary { what: "a name".to_owned(), is_clear: true, dressed: vec![name] };
    let found = in_the_database(&world.test, &[known]).await;
    assert!(found[0].contains("persons.name"), "what is there is found: {found:?}");
    let clear = clear_columns();
    let mut astray = Vec::new();
    for (canary, found) in canaries.iter().zip(in_the_database(&world.test, &canaries).await) {
        let meant = |place: &String| canary.is_clear && clear.contains(place);
        astray.extend(
            found.iter().filter(|place| !meant(place)).map(|place| format!("{} in {place}", canary.what)),
        );
    }
    if !astray.is_empty() {
        eprintln!("the database: {astray:?}");
    }
    let what = format!("{} canaries looked for in every row of the database", canaries.len());
    write("Z7", &what, astray.len() as f64, "found", "0", astray.is_empty());
    fs::remove_file(&log).unwrap();
}
