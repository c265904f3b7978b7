//! A simulator of the small school on a free port, and a server that takes its callbacks.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use reqwest::{Client, Response};
use serde_json::{Value, json};
use simulator::school::{Kind, School};
use simulator::{Config, Running, Simulator};
use wecom::crypto::CallbackCrypto;

/// A running simulator and ways to talk to it.
pub struct Sim {
    pub running: Running,
    pub school: School,
    pub http: Client,
}

impl Sim {
    pub fn start() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/school-small.toml");
        let school = School::load(path).unwrap();
        let running = Simulator::start(Config::local(school.clone())).unwrap();
        running.set_app_url("http://127.0.0.1:1".parse().unwrap());
        let http = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { running, school, http }
    }

    /// One whose callbacks go to a server.
    pub async fn with_server() -> (Self, Server) {
        let (sim, server) = (Self::start(), Server::start());
        sim.running.set_app_url(server.url.parse().unwrap());
        sim.control("settings", json!({ "callback_pause_ms": 0 })).await;
        (sim, server)
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.url())
    }

    pub async fn token(&self, secret: &str) -> String {
        let answer = self.get_token(secret).await;
        answer["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
    }

    pub async fn get_token(&self, secret: &str) -> Value {
        let corp = &self.school.spec.corp.id;
        self.get("gettoken", &[("corpid", corp), ("corpsecret", secret)]).await
    }

    pub async fn app_token(&self) -> String {
        self.token(&self.school.spec.app.secret).await
    }

    pub async fn contacts_token(&self) -> String {
        self.token(&self.school.spec.contacts.secret).await
    }

    /// GET of the API without a token.
    pub async fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let request = self.http.get(self.url(&format!("/cgi-bin/{path}"))).query(query);
        json_of(request.send().await.unwrap()).await
    }

    /// GET of the API with the app's token.
    pub async fn app_get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let token = self.app_token().await;
        let query: Vec<_> =
            [("access_token", token.as_str())].into_iter().chain(query.iter().copied()).collect();
        self.get(path, &query).await
    }

    pub async fn post(&self, path: &str, token: &str, body: &str) -> Value {
        let request = self.http.post(self.url(&format!("/cgi-bin/{path}"))).query(&[("access_token", token)]);
        json_of(request.body(body.to_owned()).send().await.unwrap()).await
    }

    /// A text to these recipients, with other fields as given.
    pub async fn send(&self, touser: &str, more: Value) -> Value {
        let mut message = json!({ "touser": touser, "msgtype": "text", "agentid": 1_000_002, "text": { "content": "你好" } });
        for (name, value) in more.as_object().unwrap() {
            message[name] = value.clone();
        }
        self.post("message/send", &self.app_token().await, &message.to_string()).await
    }

    /// POST to the simulator's own controls, which must succeed.
    pub async fn control(&self, path: &str, body: Value) -> Value {
        let answer = self.http.post(self.url(&format!("/_sim/{path}"))).json(&body).send().await.unwrap();
        assert_eq!(
            answer.status(),
            StatusCode::OK.as_u16(),
            "{path} {body}: {}",
            answer.text().await.unwrap()
        );
        json_of(answer).await
    }

    pub async fn inspect(&self, path: &str) -> Value {
        json_of(self.http.get(self.url(&format!("/_sim/{path}"))).send().await.unwrap()).await
    }

    pub async fn advance(&self, seconds: i64) {
        self.control("clock", json!({ "advance_seconds": seconds })).await;
    }

    /// A page, as the person whom the cookie names.
    pub async fn page(&self, path: &str, userid: &str) -> Response {
        let request = self.http.get(self.url(path)).header("cookie", format!("simulator_user={userid}"));
        request.send().await.unwrap()
    }

    /// User id of the `n`th student.
    pub fn student(&self, n: usize) -> String {
        self.school.students().nth(n).unwrap().number.clone()
    }

    /// User id of somebody on the staff, who has letters in it.
    pub fn teacher(&self) -> String {
        self.school.staff().find(|person| person.has_account).unwrap().number.clone()
    }

    /// Number of somebody who has no account.
    pub fn without_account(&self) -> String {
        self.school.staff().find(|person| !person.has_account).unwrap().number.clone()
    }

    pub fn class_of(&self, userid: &str) -> String {
        let person = self.school.people.iter().find(|person| person.number == userid).unwrap();
        let Kind::Student { class, .. } = &person.kind else { panic!("{userid} is no student") };
        class.clone()
    }

    /// Id of the department that alone has this name.
    pub fn department(&self, name: &str) -> u32 {
        let mut named = self.school.departments.iter().filter(|department| department.name == name);
        let id = named.next().unwrap().id;
        assert!(named.next().is_none(), "several departments are named {name}");
        id
    }
}

pub async fn json_of(answer: Response) -> Value {
    let text = answer.text().await.unwrap();
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"))
}

/// A callback as the server got it.
#[derive(Debug, Clone)]
pub struct Received {
    pub path: String,
    pub query: HashMap<String, String>,
    pub body: String,
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub enum Reaction {
    Status(u16),
    /// Doesn't answer.
    Hang,
    /// Answers with these words.
    Say(String),
    /// Opens the encrypted number with its own keys; 403 where they aren't the caller's.
    Prove(CallbackCrypto),
}

/// A server that takes callbacks: it keeps what it got, and reacts as planned, then with 200.
pub struct Server {
    pub url: String,
    received: Arc<Mutex<Vec<Received>>>,
    plan: Arc<Mutex<VecDeque<Reaction>>>,
}

impl Server {
    fn start() -> Self {
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let plan: Arc<Mutex<VecDeque<Reaction>>> = Arc::default();
        let state = (received.clone(), plan.clone());
        let server = HttpServer::new(move || {
            let (received, plan) = state.clone();
            App::new().default_service(web::to(move |request: HttpRequest, body: String| {
                let query =
                    web::Query::<HashMap<_, _>>::from_query(request.query_string()).unwrap().into_inner();
                let asked = query.clone();
                received.lock().unwrap().push(Received { path: request.path().to_owned(), query, body });
                let reaction = plan.lock().unwrap().pop_front().unwrap_or(Reaction::Status(200));
                async move {
                    match reaction {
                        Reaction::Status(status) => {
                            HttpResponse::build(StatusCode::from_u16(status).unwrap()).finish()
                        }
                        Reaction::Say(words) => HttpResponse::Ok().body(words),
                        Reaction::Prove(keys) => {
                            let value = |name: &str| asked[name].as_str();
                            let (signature, echo) = (value("msg_signature"), value("echostr"));
                            match keys.verify(signature, value("timestamp"), value("nonce"), echo) {
                                Ok(()) => HttpResponse::Ok().body(keys.decrypt(echo).unwrap().message),
                                Err(_) => HttpResponse::Forbidden().finish(),
                            }
                        }
                        Reaction::Hang => {
                            tokio::time::sleep(Duration::from_secs(60)).await;
                            HttpResponse::Ok().finish()
                        }
                    }
                }
            }))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        tokio::spawn(server.run());
        Self { url, received, plan }
    }

    pub fn plan(&self, reactions: impl IntoIterator<Item = Reaction>) {
        self.plan.lock().unwrap().extend(reactions);
    }

    /// All it got since it was last asked.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.received.lock().unwrap())
    }

    /// The inner XML of all it got since, opened with the school's keys: (name of the callback, XML).
    pub fn take_events(&self, school: &School) -> Vec<(String, String)> {
        self.take().iter().map(|received| open(school, received)).collect()
    }
}

/// Verifies and decrypts a callback.
pub fn open(school: &School, received: &Received) -> (String, String) {
    let name = received.path.strip_prefix("/wecom/1/callback/").unwrap();
    let query = |name: &str| received.query.get(name).unwrap().as_str();
    let opened = crypto(school, name)
        .open_envelope(&received.body, query("msg_signature"), query("timestamp"), query("nonce"))
        .unwrap();
    (name.to_owned(), opened.message)
}

pub fn crypto(school: &School, name: &str) -> CallbackCrypto {
    let spec = &school.spec;
    let (token, key) = if name == spec.app.name {
        (&spec.app.token, &spec.app.encoding_aes_key)
    } else {
        assert_eq!(name, spec.contacts.name);
        (&spec.contacts.token, &spec.contacts.encoding_aes_key)
    };
    CallbackCrypto::new(token, key, &spec.corp.id).unwrap()
}

/// A real client with the app's secret.
pub fn client(sim: &Sim) -> wecom::Client {
    let app = &sim.school.spec.app;
    client_with(sim, &app.secret, Some(app.agentid.into()))
}

/// A real client with the contacts-sync assistant's secret.
pub fn contacts_client(sim: &Sim) -> wecom::Client {
    client_with(sim, &sim.school.spec.contacts.secret, None)
}

fn client_with(sim: &Sim, secret: &str, agent_id: Option<i64>) -> wecom::Client {
    let corpid = sim.school.spec.corp.id.clone();
    let app = wecom::App { name: "app".into(), corpid, secret: secret.into(), agent_id };
    // A clock that stands: the tokens' ends are WeCom's to tell.
    wecom::Client::builder(app, std::sync::Arc::new(|| chrono::DateTime::UNIX_EPOCH))
        .api(sim.url(""))
        .build()
        .unwrap()
}
