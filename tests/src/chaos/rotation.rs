//! Rotation: every secret is changed by restarting two servers behind nginx one after the other, while callbacks, sign-ins,
//! reports and scans at a gate arrive without a pause. Nobody tries twice. One of the servers does the work behind the requests.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use app::audit::{self, anchors::Anchors};
use reqwest::{Client, Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};
use tokio::{
    task::{JoinHandle, JoinSet},
    time,
};
use url::Url;
use wecom::crypto::CallbackCrypto;

use super::rows;
use crate::{
    browser_client::{Browser, IN_CLIENT},
    callbacks::{change, crypto},
    crowd::{self, Sender, sign_in_everybody},
    databases,
    gates::{Device, gate, reason, scan_id, zone},
    nginx::Nginx,
    process::Server,
    secrets::{KEY, TOKEN, event, forget_old_keys, take_new_keys},
    sign_in::to_callback_of,
    test_app::{TestApp, root},
};

/// Callbacks and reports a second, each.
const PER_SECOND: f64 = 40.0;
/// Sign-ins a second: each goes to WeCom and back.
const SIGN_INS: f64 = 8.0;
/// Codes asked for and scanned, a second.
const SCANS: f64 = 5.0;
/// The role the service has after its change.
const NEXT_ROLE: &str = "rollcall_app_next";
const NEXT_PASSWORD: &str = "the-password-afterwards";
const NEXT_SECRET: &str = "rollcall-app-secret-after-the-reset-0000001";
const NEXT_CONTACTS: &str = "rollcall-contacts-secret-afterwards-0000001";

/// One kind of request that arrives all the time.
struct Stream {
    what: &'static str,
    enough: Arc<AtomicBool>,
    failed: Arc<AtomicUsize>,
    sending: JoinHandle<usize>,
}

impl Stream {
    /// Sends `request` of a running number so many times a second until it is told that it is enough.
    fn start<F>(what: &'static str, per_second: f64, request: impl Fn(usize) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        let (enough, failed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (told, failures) = (enough.clone(), failed.clone());
        let sending = tokio::spawn(async move {
            let mut tick = time::interval(Duration::from_secs_f64(1.0 / per_second));
            let (mut requests, mut sent) = (JoinSet::new(), 0);
            while !told.load(Ordering::Relaxed) {
                tick.tick().await;
                let (answer, failures) = (request(sent), failures.clone());
                sent += 1;
                requests.spawn(async move {
                    if let Err(trouble) = answer.await {
                        eprintln!("{what}: {trouble}");
                        failures.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            requests.join_all().await;
            sent
        });
        Self { what, enough, failed, sending }
    }

    /// Ends it and writes what became of it.
    async fn end(self) {
        self.enough.store(true, Ordering::Relaxed);
        let sent = self.sending.await.unwrap();
        let failed = self.failed.load(Ordering::Relaxed);
        rows::write("rotation", self.what, sent as f64, "requests", "> 0", sent > 0);
        rows::write("rotation", "… that failed", failed as f64, "requests", "0", failed == 0);
    }
}

async fn well(answer: reqwest::Result<reqwest::Response>) -> Result<(), String> {
    match answer {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("{} {}", answer.status(), answer.text().await.unwrap_or_default())),
        Err(error) => Err(format!("{error:?}")),
    }
}

/// To WeCom and back. nginx hands on the host without its port, so the way back is put right here.
async fn sign_in(at: &Url, back: &Url, userid: &str) -> Result<(), String> {
    let browser = Browser::new(at.clone(), IN_CLIENT);
    browser.set_cookie("simulator_user", userid);
    let callback = to_callback_of(&browser, back).await?;
    let ended = browser.request(Method::GET, callback, None, &[]).await;
    if browser.cookie(server::http::who::SESSION).is_some() {
        return Ok(());
    }
    let status = ended.status();
    Err(format!("no session: {status} {}", ended.text().await.unwrap_or_default()))
}

/// Both servers, one after the other, with a changed configuration.
async fn roll(servers: &mut [Server; 2], what: &str, change: impl Fn(&mut Value)) {
    for server in servers {
        server.terminate().await;
        server.reconfigure(&change);
        server.restart().await;
    }
    rows::write("rotation", what, 2.0, "restarts", "2", true);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=rotation"]
async fn every_secret_is_changed_and_nobody_notices() {
    let test = TestApp::start().await;
    // Whoever signs in again and again loses the session they had first.
    let mut userids = sign_in_everybody(&test).await;
    let others = Arc::new(userids.split_off(userids.len() / 2));
    let userids = Arc::new(userids);
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let public = format!("http://127.0.0.1:{port}");
    // What they say of a failure.
    let folder = root().join("target/chaos/rotation");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let one = async |log: &str, with_worker: bool| {
        let public = |config: &mut Value| config["server"]["public_url"] = public.as_str().into();
        Server::start_logged(&test, &folder.join(log), with_worker, public).await
    };
    let mut servers = [one("first.txt", false).await, one("second.txt", true).await];
    let nginx = Nginx::start(port, [&servers[0], &servers[1]]).await;

    // What WeCom signs with.
    let (old, corpid) = crypto("contacts");
    let signs = Arc::new(Mutex::new(old));
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let campus = zone(&administrator, "东校区", None).await;
    let device = Arc::new(gate(&test, &administrator, campus, "东门", json!({})).await);
    let streams = [
        callbacks(&nginx.url, &signs),
        reports(&nginx.url, &userids),
        sign_ins(&test, &nginx.url, &others),
        scans(&nginx.url, &device, &userids),
    ];

    roll(&mut servers, "callback Token and EncodingAESKey: the new beside the old", take_new_keys).await;
    let address = json!({
        "url": nginx.url.join("/wecom/1/callback/contacts").unwrap().as_str(), "token": TOKEN, "encoding_aes_key": KEY,
    });
    test.control("callbacks/contacts", &address).await;
    *signs.lock().unwrap() = CallbackCrypto::new(TOKEN, KEY, &corpid).unwrap();
    roll(&mut servers, "… the old left out", forget_old_keys).await;

    test.control("secrets/rollcall", &json!({ "secret": NEXT_SECRET })).await;
    roll(&mut servers, "the app's Secret, reset in the console", |config| {
        config["schools"][0]["app"]["secret"] = NEXT_SECRET.into();
    })
    .await;
    test.control("secrets/contacts", &json!({ "secret": NEXT_CONTACTS })).await;
    roll(&mut servers, "the contacts' Secret, reset in the console", |config| {
        config["schools"][0]["contacts"]["secret"] = NEXT_CONTACTS.into();
    })
    .await;
    let tokens = format!("{}/_sim/tokens", test.simulator.url());
    assert!(Client::new().delete(tokens).send().await.unwrap().status().is_success());

    signing_keys(&test, &administrator).await;
    let key_file = sealing_key(&test, &mut servers).await;
    let role = database_role(&test, &mut servers).await;

    for stream in streams {
        stream.end().await;
    }
    let complaints = nginx.complaints();
    if !complaints.is_empty() {
        eprintln!("{complaints}");
    }
    let lost: i64 = test
        .one(
            "select count(*) from reports r where not exists
              (select from report_answers a where a.corp_id = r.corp_id and a.report_id = r.report_id)",
            &[],
        )
        .await;
    rows::write("rotation", "reports without their answers", lost as f64, "reports", "0", lost == 0);
    let dead: i64 = test.one("select count(*) from jobs where state = 'dead'", &[]).await;
    rows::write("rotation", "jobs that died", dead as f64, "jobs", "0", dead == 0);
    for mut server in servers {
        server.kill().await;
    }
    let chain = audit::verify(&test.app, test.school(), &Anchors::default()).await.unwrap();
    rows::write(
        "rotation",
        "links of the audit",
        chain.sealed_to as f64,
        "links",
        "> 0",
        chain.sealed_to > 0,
    );
    let flaws = chain.flaws.len();
    rows::write("rotation", "… that do not hold", flaws as f64, "flaws", "0", flaws == 0);
    fs::remove_file(key_file).unwrap();
    role.batch_execute(&format!("drop role {NEXT_ROLE}")).await.unwrap();
}

/// The key that signs the audit, by the command; those of the day's codes at the gates, by an administrator. Neither is read at a
/// start.
async fn signing_keys(test: &TestApp, administrator: &Browser) {
    let kid = audit::rotate_key(&test.app, test.school()).await.unwrap();
    let keys: i64 = test.one("select count(*) from audit_keys", &[]).await;
    rows::write("rotation", &format!("audit signing key {kid}"), keys as f64, "keys", "> 1", keys > 1);
    let kid: String = test.one("select encode(kid, 'hex') from gate_keys where killed_at is null", &[]).await;
    let killed = administrator.post(&format!("/gate-keys/{kid}/kill"), &json!({})).await;
    let is_killed = killed.status == StatusCode::NO_CONTENT;
    rows::write("rotation", "keys of the codes at gates", 1.0, "keys", "killed", is_killed);
}

/// First a key that only opens, so that whoever is restarted later can read what the first seals with it. The file of the keys,
/// which every start reads.
async fn sealing_key(test: &TestApp, servers: &mut [Server; 2]) -> PathBuf {
    let before = test.settings["sealing"]["key_file"].as_str().unwrap();
    let before = fs::read_to_string(before).unwrap();
    let (old, new) = (before.trim(), "22".repeat(32));
    let file = std::env::temp_dir().join(format!("rollcall-rotated-key-{}", std::process::id()));
    let path = file.to_str().unwrap();
    fs::write(&file, format!("{old}\n{new}\n")).unwrap();
    roll(servers, "sealing key: the new one opens", |config| config["sealing"]["key_file"] = path.into())
        .await;
    fs::write(&file, format!("{new}\n{old}\n")).unwrap();
    roll(servers, "… and seals", |_| ()).await;
    file
}

/// Postgres knows one password a role: so a second role with the rights of the first, whose password is then changed or which
/// is then locked.
async fn database_role(test: &TestApp, servers: &mut [Server; 2]) -> tokio_postgres::Client {
    let owner = databases::connect(&databases::database_url("postgres")).await;
    let role = format!(
        "drop role if exists {NEXT_ROLE};
         create role {NEXT_ROLE} login password '{NEXT_PASSWORD}' in role rollcall_app"
    );
    owner.batch_execute(&role).await.unwrap();
    let mut url = Url::parse(test.settings["database"]["url"].as_str().unwrap()).unwrap();
    url.set_username(NEXT_ROLE).unwrap();
    url.set_password(Some(NEXT_PASSWORD)).unwrap();
    roll(servers, "database: another role of the same rights", |config| {
        config["database"]["url"] = url.as_str().into();
    })
    .await;
    owner
}

fn callbacks(at: &Url, signs: &Arc<Mutex<CallbackCrypto>>) -> Stream {
    let (http, at, signs) = (Client::new(), at.clone(), signs.clone());
    Stream::start("callbacks", PER_SECOND, move |number| {
        let (url, body) = event(&at, &signs.lock().unwrap(), &change(&format!("nobody-{number}"), 1));
        let sending = http.post(url).body(body).send();
        async move { well(sending.await).await }
    })
}

fn reports(at: &Url, userids: &Arc<Vec<String>>) -> Stream {
    let (sender, userids) = (Sender::to(at), userids.clone());
    Stream::start("reports, and who looks", PER_SECOND, move |number| {
        let (sender, userid) = (sender.clone(), userids[number % userids.len()].clone());
        async move {
            let answer = match number % 3 {
                0 => sender.report(&userid, &format!("rotation-{number}")).await,
                // What was sealed before is opened.
                1 => sender.get(&userid, "reports?form=health-daily").await,
                _ => sender.get(&userid, "me").await,
            };
            well(answer).await
        }
    })
}

/// Somebody asks for codes and holds up the first; the keys may be killed between the two, which is an answer.
fn scans(at: &Url, device: &Arc<Device>, userids: &Arc<Vec<String>>) -> Stream {
    let (http, at, device, userids) = (Client::new(), at.clone(), device.clone(), userids.clone());
    Stream::start("codes at a gate, asked for and scanned", SCANS, move |number| {
        let (http, at, device) = (http.clone(), at.clone(), device.clone());
        let userid = userids[number % userids.len()].clone();
        async move {
            let cookie = crowd::cookie(&userid);
            let (_, cookie) = cookie.split_once(": ").unwrap();
            let asking = http.post(at.join("api/v1/me/gate-codes").unwrap()).header(header::COOKIE, cookie);
            let codes = said(asking.header("X-Requested-With", "rollcall").json(&json!({}))).await?;
            let scan = json!({ "id": scan_id(), "code": codes["codes"][0]["code"], "direction": "in" });
            let authorization = device.authorization();
            let (_, bearer) = authorization.split_once(": ").unwrap();
            let scanning = http.post(at.join("api/v1/gate/scans").unwrap()).json(&scan);
            let decision = said(scanning.header(header::AUTHORIZATION, bearer)).await?;
            match reason(&decision) {
                "allowed" | "killed_key" => Ok(()),
                other => Err(format!("{userid}: {other}")),
            }
        }
    })
}

/// What is answered well.
async fn said(request: RequestBuilder) -> Result<Value, String> {
    let answer = request.send().await.map_err(|error| format!("{error:?}"))?;
    let (status, body) = (answer.status(), answer.text().await.unwrap_or_default());
    if !status.is_success() {
        return Err(format!("{status} {body}"));
    }
    serde_json::from_str(&body).map_err(|error| error.to_string())
}

fn sign_ins(test: &TestApp, at: &Url, userids: &Arc<Vec<String>>) -> Stream {
    let (at, back, userids) = (at.clone(), test.url.clone(), userids.clone());
    Stream::start("sign-ins", SIGN_INS, move |number| {
        let (at, back, userid) = (at.clone(), back.clone(), userids[number % userids.len()].clone());
        async move { sign_in(&at, &back, &userid).await }
    })
}
