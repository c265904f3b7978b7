//! A whole deployment for one test.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use app::App;
use chrono::{DateTime, TimeDelta, Utc};
use domain::clock::{self, Clock};
use serde_json::{Value, json};
use server::{compose, config::Config, http};
use simulator::{
    Simulator,
    school::{School, roster},
};
use tokio_postgres::types::ToSql;
use url::Url;

use crate::{
    browser_client::{Browser, IN_CLIENT, ON_PC},
    databases,
};

/// The school of tests, which the simulator plays.
const SCHOOL: &str = "fixtures/school-small.toml";
/// The school of experiments: as large as a real one.
pub const REFERENCE: &str = "fixtures/school.toml";
/// One key-encryption key for the whole run, written once: tests start side by side.
static KEY_FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = std::env::temp_dir().join(format!("rollcall-test-key-{}", std::process::id()));
    std::fs::write(&path, "11".repeat(32)).expect("a key file");
    path
});
/// A directory of data keys that nobody else has.
fn key_dir() -> PathBuf {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("rollcall-test-keys-{}-{number}", std::process::id()))
}

/// Where a test's day begins: 08:00 of 4 March 2020 in Shanghai, before any reminder.
const START: &str = "2020-03-04T00:00:00Z";

/// A clock that moves when it is told to.
#[derive(Debug)]
pub struct TestClock(Mutex<DateTime<Utc>>);

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

impl TestClock {
    pub fn advance(&self, by: TimeDelta) {
        *self.0.lock().unwrap() += by;
    }

    /// To a wall-clock time of the day it is at the school, `"14:00"`.
    pub fn set_time(&self, time: &str) {
        let zone = chrono_tz::Asia::Shanghai;
        let mut now = self.0.lock().unwrap();
        *now = clock::instant(
            zone,
            clock::school_day(zone, *now),
            time.parse().unwrap_or_else(|_| format!("{time}:00").parse().unwrap()),
        );
    }
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The people and the grants files of the small school.
pub fn roster_files() -> (Vec<u8>, Vec<u8>) {
    roster_files_of(SCHOOL)
}

/// … of another school.
pub fn roster_files_of(school: &str) -> (Vec<u8>, Vec<u8>) {
    let school = School::load(root().join(school)).unwrap();
    let (mut people, mut grants) = (Vec::new(), Vec::new());
    roster::write_people(&school, &mut people).unwrap();
    roster::write_grants(&school, &mut grants).unwrap();
    (people, grants)
}

/// What a deployment is like.
pub struct Shape {
    /// The description of the school.
    pub school: &'static str,
    /// Made so large.
    pub members: Option<usize>,
    /// Without the contacts-sync assistant.
    pub app_secret_alone: bool,
    /// The forms of approvals by which people ask for leave, and to leave the grounds.
    pub approvals: [Option<&'static str>; 2],
    /// Whether the app's tile and menu are ours.
    pub workbench: bool,
    /// Minutes in which a sign-in counts as fresh. As long as a session lasts, since tests move the clock by hours; those of
    /// the fresh sign-in itself say what production has.
    pub fresh_sign_in_minutes: u32,
    /// What the school wants beside the sign-in of those who change others' rights: `off`, `optional` or `required`.
    pub second_factor: &'static str,
    /// Whether sensitive answers are taken before a privacy notice is published.
    pub answers_without_notice: bool,
    /// How many people's data a role may read a day, where that is another number than production's.
    pub reading_budgets: Value,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            school: SCHOOL,
            members: None,
            app_secret_alone: false,
            approvals: [None; 2],
            workbench: false,
            fresh_sign_in_minutes: 720,
            second_factor: "optional",
            answers_without_notice: true,
            reading_budgets: json!({}),
        }
    }
}

impl Shape {
    /// Where roles read as much as an experiment asks of them.
    pub fn reading_freely() -> Self {
        let most = u32::MAX;
        let much = json!({ "phones": most, "answers": most, "photos": most, "states": most, "whereabouts": most,
            "exported": most });
        let roles = domain::policy::Role::ALL.map(|role| (role.as_str().to_owned(), much.clone()));
        Self { reading_budgets: roles.into_iter().collect(), ..Self::default() }
    }

    /// The reference school.
    pub fn reference() -> Self {
        Self { school: REFERENCE, ..Self::default() }
    }
}

/// A whole deployment: the server, its database, the simulator, and a clock.
pub struct TestApp {
    pub app: App,
    pub simulator: simulator::Running,
    pub clock: Arc<TestClock>,
    pub url: Url,
    pub config: Arc<Config>,
    /// The configuration as it would stand in a file, for further processes.
    pub settings: Value,
    pub owner: tokio_postgres::Client,
    server: actix_web::dev::ServerHandle,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.server.stop(false));
        // Further processes of a test have ended before it.
        let _ = std::fs::remove_dir_all(&self.config.sealing.key_dir);
    }
}

impl TestApp {
    /// With the small school synced and its roster imported.
    pub async fn start() -> Self {
        let test = Self::start_empty().await;
        test.sync().await;
        test.import_roster().await;
        test
    }

    /// With an empty directory: nothing synced, no roster.
    pub async fn start_empty() -> Self {
        Self::start_with(Shape::default()).await
    }

    /// As [`start_empty`](Self::start_empty), otherwise shaped.
    pub async fn start_with(shape: Shape) -> Self {
        let Shape {
            school,
            members,
            app_secret_alone,
            approvals,
            workbench,
            fresh_sign_in_minutes,
            second_factor,
            answers_without_notice,
            reading_budgets,
        } = shape;
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (owner_url, service_url) = databases::fresh().await;
        let school = root().join(school);
        let mut plan = School::load(&school).expect("the school can be read");
        if let Some(members) = members {
            plan = plan.scaled(members).expect("a school of this size");
        }
        let simulator = Simulator::start(simulator::Config::local(plan)).expect("the simulator starts");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        simulator.set_app_url(url.clone());

        let mut settings = settings(&school, &service_url, &url, &simulator.url());
        if app_secret_alone {
            settings["schools"][0].as_object_mut().unwrap().remove("contacts");
        }
        if approvals.iter().any(Option::is_some) {
            let [leave, permit] = approvals;
            settings["schools"][0]["approvals"] =
                json!({ "leave_template": leave, "permit_template": permit });
        }
        settings["schools"][0]["workbench"] = workbench.into();
        settings["server"]["fresh_sign_in_minutes"] = fresh_sign_in_minutes.into();
        settings["schools"][0]["second_factor"] = second_factor.into();
        settings["schools"][0]["answers_without_notice"] = answers_without_notice.into();
        settings["schools"][0]["reading_budgets"] = reading_budgets;
        let config: Config = serde_json::from_value(settings.clone()).expect("a configuration");
        let config = Arc::new(config);
        let clock = Arc::new(TestClock(Mutex::new(START.parse().unwrap())));
        let app = compose::app(&config, clock.clone()).expect("the parts fit");
        compose::register(&app, &config).await.expect("the school is registered");
        listener.set_nonblocking(true).unwrap();
        let server = http::serve(app.clone(), config.clone(), listener, false).expect("the server starts");
        let handle = server.handle();
        tokio::spawn(server);
        let owner = databases::connect(&owner_url).await;
        Self { app, simulator, clock, url, config, settings, owner, server: handle }
    }

    pub fn school(&self) -> &app::School {
        self.app.school(1).unwrap()
    }

    /// One more server of the same application, with limits of its own, until the test ends.
    pub fn another_server(&self) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        listener.set_nonblocking(true).unwrap();
        let server = http::serve(self.app.clone(), self.config.clone(), listener, false);
        tokio::spawn(server.expect("the server starts"));
        url
    }

    /// One full sync. Where the one before ended a moment ago Postgres may not have heard of it yet, and the school is busy.
    pub async fn sync(&self) -> sync::Outcome {
        let now = self.app.now();
        for _ in 0..200 {
            let day = self.school().today(now);
            match self.school().mirror.full(sync::Trigger::Command, now, day).await {
                Err(sync::Error::Busy) => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
                ended => return ended.expect("the sync runs"),
            }
        }
        panic!("a sync never ended")
    }

    /// The roster the simulator writes beside its WeCom side.
    pub async fn import_roster(&self) {
        let (people, grants) = roster_files();
        app::roster::import(&self.app, self.school(), &people, Some(&grants))
            .await
            .expect("the roster is imported");
    }

    /// Runs every job that is due, until none is left.
    pub async fn run_jobs(&self) {
        while app::jobs::run_one(&self.app).await.expect("the queue can be read") {}
    }

    /// Makes the server forget whom it knew a moment ago, as it would by itself after three seconds.
    pub async fn forget_viewers(&self) {
        let Ok(url) = std::env::var("ROLLCALL_TEST_REDIS_URL") else { return };
        let client = redis::Client::open(url).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let _: () = redis::cmd("FLUSHDB").query_async(&mut connection).await.unwrap();
    }

    /// Fails when a job did not end well.
    pub async fn assert_no_failed_jobs(&self) {
        let failed = self
            .owner
            .query("select kind, last_error from jobs where last_error is not null", &[])
            .await
            .unwrap();
        let failed: Vec<(String, String)> = failed.iter().map(|row| (row.get(0), row.get(1))).collect();
        assert_eq!(failed, [], "jobs failed");
    }

    /// One value, read as the owner of all tables.
    pub async fn one<T: for<'a> tokio_postgres::types::FromSql<'a>>(
        &self,
        sql: &str,
        values: &[&(dyn ToSql + Sync)],
    ) -> T {
        self.owner.query_one(sql, values).await.expect("one row").get(0)
    }

    /// A browser nobody has signed in with.
    pub fn browser(&self) -> Browser {
        Browser::new(self.url.clone(), IN_CLIENT)
    }

    /// The browser of someone who opened Rollcall from the workbench.
    pub async fn sign_in(&self, userid: &str) -> Browser {
        self.sign_in_by(userid, IN_CLIENT).await
    }

    /// The browser of someone who scanned the code on a PC.
    pub async fn sign_in_on_pc(&self, userid: &str) -> Browser {
        self.sign_in_by(userid, ON_PC).await
    }

    async fn sign_in_by(&self, userid: &str, user_agent: &'static str) -> Browser {
        let browser = Browser::new(self.url.clone(), user_agent);
        browser.set_cookie("simulator_user", userid);
        let (at, response) = browser.open(browser.url("/auth/start?to=/healthz")).await;
        assert_eq!((at.path(), response.status().as_u16()), ("/healthz", 200), "{userid} signs in");
        browser
    }

    /// The userid of the first person of a role.
    pub fn persona(&self, role: &str) -> String {
        self.personas(role).first().unwrap_or_else(|| panic!("no {role}")).clone()
    }

    /// Where the owner of all tables connects.
    pub fn owner_url(&self) -> String {
        let mut url = databases::database_url("");
        let service = self.settings["database"]["url"].as_str().unwrap();
        url.set_path(Url::parse(service).unwrap().path());
        url.to_string()
    }

    /// The userids of the people of a role.
    pub fn personas(&self, role: &str) -> Vec<String> {
        self.personas_of(SCHOOL, role)
    }

    /// … of another school.
    pub fn personas_of(&self, school: &str, role: &str) -> Vec<String> {
        let personas = School::load(root().join(school)).unwrap().personas();
        personas
            .into_iter()
            .filter(|persona| persona.role.code() == role)
            .map(|persona| persona.userid)
            .collect()
    }

    /// Students counted under a class of a counsellor's, by number.
    pub async fn students_of(&self, counsellor: &str) -> Vec<String> {
        let sql = "select s.number from persons s
            join memberships m on m.corp_id = s.corp_id and m.person_id = s.person_id and m.is_main and m.until_date is null
            join grants g on g.corp_id = m.corp_id and g.department_id = m.department_id and g.role = 'counsellor'
            join persons c on c.corp_id = g.corp_id and c.person_id = g.person_id
            where c.number = $1 and s.kind = 'student' order by s.number";
        self.owner.query(sql, &[&counsellor]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// At what of somebody others looked, the first first, by number; exports aside. What is not in the audit too is none.
    pub async fn looks_at(&self, number: &str) -> Vec<String> {
        let sql = "select l.field from access_log l
            join persons p on p.corp_id = l.corp_id and p.person_id = l.person_id
            join audit_events e on e.corp_id = l.corp_id and e.action = 'look' and e.subject = l.person_id and e.actor = l.viewer
              and e.object = 'access:' || l.access_id
            where p.number = $1 order by l.access_id";
        self.owner.query(sql, &[&number]).await.unwrap().iter().map(|row| row.get(0)).collect()
    }

    /// What the simulator delivered to someone.
    pub async fn messages_of(&self, userid: &str) -> Vec<Value> {
        let url = format!("{}/_sim/messages/{userid}", self.simulator.url());
        let body: Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        body["items"].as_array().cloned().expect("messages")
    }

    /// Reads the simulator: `inspect("ledger?kind=send")`.
    pub async fn inspect(&self, path: &str) -> Value {
        reqwest::get(format!("{}/_sim/{path}", self.simulator.url())).await.unwrap().json().await.unwrap()
    }

    /// How often the API was called at this path.
    pub async fn count_calls(&self, path: &str) -> usize {
        let ledger = self.inspect(&format!("ledger?kind=call&path={path}&limit=1000")).await;
        ledger["items"].as_array().expect("calls").len()
    }

    /// Controls the simulator: `control("members/20180101", json!({…}))`.
    pub async fn control(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/_sim/{path}", self.simulator.url());
        let response = reqwest::Client::new().post(url).json(body).send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.json().await.unwrap_or_default()
    }
}

/// Normal answers of today.
pub fn normal_answers() -> Value {
    json!({ "temperature": 36.5, "place": "非疫区", "abnormal": false })
}

/// A submission of the daily health form.
pub fn health_report(answers: Value) -> Value {
    json!({ "form": "health-daily", "version": 1, "answers": answers })
}

fn settings(school: &Path, database: &Url, public: &Url, simulator: &str) -> Value {
    let spec: toml::Table = toml::from_str(&std::fs::read_to_string(school).unwrap()).unwrap();
    let redis = std::env::var("ROLLCALL_TEST_REDIS_URL").ok();
    json!({
        "server": { "listen": "127.0.0.1:0", "public_url": public.as_str().trim_end_matches('/'), "workers": 2 },
        "database": { "url": database.as_str(), "pool_size": 8,
            // Whatever else the machine does: a test is about what happens, not when.
            "wait_seconds": 30 },
        "redis": { "url": redis },
        "sealing": { "key_dir": key_dir(), "key_file": *KEY_FILE },
        "wecom": {
            "api_url": simulator,
            "authorize_url": format!("{simulator}/connect/oauth2/authorize"),
            "login_url": format!("{simulator}/wwlogin/sso/login"),
        },
        "schools": [{
            "corp_id": 1, "name": spec["name"].as_str(), "wecom_corpid": spec["corp"]["id"].as_str(),
            "hosts": ["127.0.0.1", "localhost"], "records_begin_on": "2017-09-01",
            "verify_files": { "WW_verify_0123456789abcdef.txt": "0123456789abcdef" },
            "app": {
                "name": spec["app"]["name"].as_str(), "agentid": spec["app"]["agentid"].as_integer(),
                "secret": spec["app"]["secret"].as_str(), "token": spec["app"]["token"].as_str(),
                "encoding_aes_key": spec["app"]["encoding_aes_key"].as_str(),
            },
            "contacts": {
                "secret": spec["contacts"]["secret"].as_str(), "token": spec["contacts"]["token"].as_str(),
                "encoding_aes_key": spec["contacts"]["encoding_aes_key"].as_str(),
            },
        }],
    })
}

/// What a card says below its heading, whichever kind of card it is: of its content as it was sent.
pub fn words_of(content: &Value) -> &str {
    content["sub_title_text"].as_str().or(content["description"].as_str()).unwrap_or_default()
}

/// Its heading.
pub fn title_of(content: &Value) -> &str {
    content["main_title"]["title"].as_str().or(content["title"].as_str()).unwrap_or_default()
}

/// Where a tap on it leads.
pub fn link_of(content: &Value) -> &str {
    content["card_action"]["url"].as_str().or(content["url"].as_str()).unwrap_or_default()
}

/// The card of a message in the ledger of deliveries.
pub fn card_of(message: &Value) -> &Value {
    ["template_card", "textcard"]
        .into_iter()
        .map(|kind| &message[kind])
        .find(|card| card.is_object())
        .unwrap_or(message)
}
