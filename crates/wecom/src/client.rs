//! One app of one corp: address, credentials, and the way every call takes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use rand::Rng;
use reqwest::StatusCode;
use reqwest::header::{CONTENT_DISPOSITION, CONTENT_TYPE, RANGE};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::alarm::Alarms;
use crate::budget::{Budget, BudgetStore, MemoryBudgets};
use crate::error::{Action, ApiError, Error, Result};
use crate::lenient;
use crate::token::{Clock, Fetch, Fresh, MemoryTokens, TokenKind, TokenStore, Tokens};

/// WeCom's API.
pub const API: &str = "https://qyapi.weixin.qq.com";
/// The page that signs a member in inside the 企业微信 client (doc 91022).
pub const AUTHORIZE_URL: &str = "https://open.weixin.qq.com/connect/oauth2/authorize";
/// The page that signs a member in with a PC's browser (doc 98152).
pub const LOGIN_URL: &str = "https://login.work.weixin.qq.com/wwlogin/sso/login";

/// Time-out of one call; WeCom recommends 5 to 10 seconds (doc 90664).
const TIMEOUT: Duration = Duration::from_secs(8);
/// Time-out of a file on its way; 20 MB over a slow line.
const FILE_TIMEOUT: Duration = Duration::from_secs(120);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a reading call is repeated after passing trouble.
const REPEATS: u32 = 3;
/// A reading call waits out a pause of so many seconds (a minute's limit) and none that is longer.
const LONGEST_PAUSE: u32 = 65;
/// More than any documented answer has; a department of 30,000 members stays below.
const MAX_ANSWER: usize = 64 << 20;

/// What identifies an app of the corp towards WeCom.
#[derive(Debug, Clone)]
pub struct App {
    /// The app's name in our configuration; tokens are stored under it. The contacts-sync assistant has one too.
    pub name: String,
    /// The corp, `ww…`.
    pub corpid: String,
    /// The app's secret.
    pub secret: SecretString,
    /// The app's id; the contacts-sync assistant has none.
    pub agent_id: Option<i64>,
}

/// How a [`Client`] is put together. Everything but app and clock has a default.
pub struct Builder {
    app: App,
    clock: Clock,
    api: String,
    authorize_url: String,
    login_url: String,
    store: Arc<dyn TokenStore>,
    budgets: Arc<dyn BudgetStore>,
    http: Option<reqwest::Client>,
    backoff: Duration,
}

impl Builder {
    /// Another address than WeCom's, for example a simulator's.
    pub fn api(mut self, url: impl Into<String>) -> Self {
        self.api = url.into();
        self
    }

    /// Other sign-in pages than WeCom's.
    pub fn sign_in_pages(mut self, authorize_url: impl Into<String>, login_url: impl Into<String>) -> Self {
        self.authorize_url = authorize_url.into();
        self.login_url = login_url.into();
        self
    }

    /// Where tokens are shared between processes. By default they are kept in memory.
    pub fn token_store(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.store = store;
        self
    }

    /// Where the calls of all processes are counted. By default those of this process are, in memory.
    pub fn budget_store(mut self, budgets: Arc<dyn BudgetStore>) -> Self {
        self.budgets = budgets;
        self
    }

    /// An HTTP client of one's own, with time-outs and a proxy as the network needs them.
    pub fn http(mut self, http: reqwest::Client) -> Self {
        self.http = Some(http);
        self
    }

    /// First pause after passing trouble; doubled each time. One second by default, as WeCom asks. A refusal for
    /// too many calls costs sixty times as much, and more if it comes again.
    pub fn backoff(mut self, first: Duration) -> Self {
        self.backoff = first;
        self
    }

    /// Puts the client together. Without an HTTP client of one's own, a TLS provider must have been
    /// installed in the process (`rustls::crypto::…::install_default`).
    pub fn build(self) -> Result<Client> {
        let url = |text: &str| Url::parse(text).map_err(|error| Error::Settings(format!("{text}: {error}")));
        let http = match self.http {
            Some(http) => http,
            None => reqwest::Client::builder()
                .timeout(TIMEOUT)
                .connect_timeout(CONNECT_TIMEOUT)
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .map_err(|error| Error::Settings(error.without_url().to_string()))?,
        };
        let api = url(&self.api)?;
        if api.cannot_be_a_base() {
            return Err(Error::Settings(format!("{} is no base address", self.api)));
        }
        Ok(Client {
            inner: Arc::new(Inner {
                tokens: Tokens::new(&self.app, self.store, self.clock),
                alarms: Alarms::new(self.app.name.clone()),
                app: self.app,
                api,
                authorize_url: url(&self.authorize_url)?,
                login_url: url(&self.login_url)?,
                http,
                budget: Budget::new(self.budgets, self.backoff),
                backoff: self.backoff,
            }),
        })
    }
}

/// A client for one app of one corp. Cheap to clone; all clones share tokens and limits.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    app: App,
    api: Url,
    pub(crate) authorize_url: Url,
    pub(crate) login_url: Url,
    http: reqwest::Client,
    tokens: Tokens,
    alarms: Alarms,
    budget: Budget,
    backoff: Duration,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("app", &self.inner.app).field("api", &self.inner.api.as_str()).finish()
    }
}

/// Whether a call is repeated after passing trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Reads: a few times, with growing pauses.
    Reads,
    /// What has an effect, or somebody waits for: the caller decides.
    None,
}

#[derive(Clone)]
pub(crate) enum Request {
    Get(Vec<(&'static str, String)>),
    Post(Vec<(&'static str, String)>, String),
    /// A form with a file.
    Form {
        query: Vec<(&'static str, String)>,
        content_type: String,
        body: Bytes,
    },
    /// A file, or a part of it: `bytes=0-99`.
    File {
        query: Vec<(&'static str, String)>,
        range: Option<String>,
    },
}

/// An answer of which only matters that it is none of an error.
#[derive(Deserialize)]
pub(crate) struct Done {}

#[derive(Deserialize)]
struct Status {
    #[serde(default, deserialize_with = "lenient::optional_number")]
    errcode: Option<i64>,
    #[serde(default)]
    errmsg: Option<String>,
}

impl Client {
    /// Begins a client. Tokens end by `clock`, which should be the machine's.
    pub fn builder(app: App, clock: Clock) -> Builder {
        Builder {
            app,
            clock,
            api: API.into(),
            authorize_url: AUTHORIZE_URL.into(),
            login_url: LOGIN_URL.into(),
            store: Arc::new(MemoryTokens::default()),
            budgets: Arc::new(MemoryBudgets::default()),
            http: None,
            backoff: Duration::from_secs(1),
        }
    }

    /// The app's name in our configuration.
    pub fn name(&self) -> &str {
        &self.inner.app.name
    }

    /// The corp, `ww…`.
    pub fn corpid(&self) -> &str {
        &self.inner.app.corpid
    }

    /// The app's id.
    pub fn agent_id(&self) -> Option<i64> {
        self.inner.app.agent_id
    }

    pub(crate) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// A living access token, for calls this crate does not know (doc 91039).
    pub async fn access_token(&self) -> Result<SecretString> {
        self.inner.tokens.get(TokenKind::AccessToken, FetchToken(self.clone())).await
    }

    /// A living jsapi ticket (doc 90506). Never give it to a page, only signatures made with it.
    pub(crate) async fn ticket(&self, kind: TokenKind) -> Result<SecretString> {
        self.inner.tokens.get(kind, FetchTicket(self.clone(), kind)).await
    }

    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        api: &'static str,
        query: Vec<(&'static str, String)>,
        patience: Patience,
    ) -> Result<T> {
        self.call(api, Request::Get(query), patience).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        api: &'static str,
        body: String,
        patience: Patience,
    ) -> Result<T> {
        self.post_with(api, Vec::new(), body, patience).await
    }

    /// With parameters in the query, as some calls want them.
    pub(crate) async fn post_with<T: DeserializeOwned>(
        &self,
        api: &'static str,
        query: Vec<(&'static str, String)>,
        body: String,
        patience: Patience,
    ) -> Result<T> {
        self.call(api, Request::Post(query, body), patience).await
    }

    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        api: &'static str,
        request: Request,
        patience: Patience,
    ) -> Result<T> {
        let mut renewed = false;
        let mut repeats = 0;
        loop {
            match self.once(api, &request, &mut renewed).await {
                Ok(value) => return Ok(value),
                Err(error) if patience == Patience::Reads && repeats < REPEATS => {
                    let Some(pause) = self.pause(&error, repeats) else { return Err(error) };
                    tracing::info!(api, %error, repeats, "passing trouble, trying again");
                    tokio::time::sleep(pause).await;
                    repeats += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// One call, with a second try where the token had ended before its time.
    async fn once<T: DeserializeOwned>(
        &self,
        api: &'static str,
        request: &Request,
        renewed: &mut bool,
    ) -> Result<T> {
        loop {
            let token = self.access_token().await?;
            let outcome = {
                let _turn = self.inner.budget.turn(api).await?;
                self.exchange(api, request, Some(&token)).await
            };
            match outcome.and_then(|bytes| decode(api, &bytes)) {
                Ok(value) => {
                    self.inner.alarms.succeeded(api);
                    return Ok(value);
                }
                Err(Error::Api(error)) => self.meet(error, &token, renewed).await?,
                Err(error) => return Err(error),
            }
        }
    }

    /// A file's beginning: the answer's head has come, its body is still to be read.
    pub(crate) async fn open(&self, api: &'static str, request: &Request) -> Result<reqwest::Response> {
        let mut renewed = false;
        loop {
            let token = self.access_token().await?;
            let response = {
                let _turn = self.inner.budget.turn(api).await?;
                self.begin(api, request, Some(&token)).await?
            };
            let kind = response.headers().get(CONTENT_TYPE);
            // A refusal is JSON, under whatever name; a file of words is told from one by having a name.
            let words = kind
                .and_then(|kind| kind.to_str().ok())
                .is_none_or(|kind| kind.contains("json") || kind.starts_with("text/"));
            if !words || response.headers().contains_key(CONTENT_DISPOSITION) {
                self.inner.alarms.succeeded(api);
                return Ok(response);
            }
            match decode::<serde::de::IgnoredAny>(api, &read(api, response).await?) {
                Err(Error::Api(error)) => self.meet(error, &token, &mut renewed).await?,
                Err(error) => return Err(error),
                Ok(_) => return Err(Error::Unknown { api, reason: "neither a file nor a refusal".into() }),
            }
        }
    }

    /// What a refusal asks for; comes back without an error if the call is to be made once more.
    async fn meet(&self, error: ApiError, token: &SecretString, renewed: &mut bool) -> Result<()> {
        match error.action() {
            Action::Refresh if !*renewed => {
                *renewed = true;
                return self.inner.tokens.expire(TokenKind::AccessToken, token).await;
            }
            Action::Pause => {
                self.inner.budget.refuse(&error).await?;
            }
            Action::Configure => self.inner.alarms.refused(&error),
            _ => {}
        }
        Err(Error::Api(error))
    }

    /// How long to wait before a reading call is repeated; none when that would be in vain or too long.
    fn pause(&self, error: &Error, repeats: u32) -> Option<Duration> {
        // Doubled each time, and spread so that many callers do not come back together.
        let spread = rand::rng().random_range(0.75..1.25);
        match error {
            Error::Paused { retry_after, .. } => (*retry_after <= self.inner.backoff * LONGEST_PAUSE)
                .then(|| retry_after.mul_f64(1.0 + (spread - 0.75) / 5.0)),
            // The pause itself is found when the call is tried again.
            Error::Api(refusal) if refusal.action() == Action::Pause => Some(Duration::ZERO),
            error if error.is_passing() => Some((self.inner.backoff * 2_u32.pow(repeats)).mul_f64(spread)),
            _ => None,
        }
    }

    /// One request and its answer's bytes. An error never carries the address: token and secret stand in it.
    async fn exchange(
        &self,
        api: &'static str,
        request: &Request,
        token: Option<&SecretString>,
    ) -> Result<Vec<u8>> {
        read(api, self.begin(api, request, token).await?).await
    }

    /// One request and its answer's head.
    async fn begin(
        &self,
        api: &'static str,
        request: &Request,
        token: Option<&SecretString>,
    ) -> Result<reqwest::Response> {
        let mut url = self.inner.api.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("cgi-bin").extend(api.split('/'));
        }
        if let Some(token) = token {
            url.query_pairs_mut().append_pair("access_token", token.expose_secret());
        }
        let (Request::Get(query)
        | Request::Post(query, _)
        | Request::Form { query, .. }
        | Request::File { query, .. }) = request;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let http = &self.inner.http;
        let request = match request {
            Request::Get(_) => http.get(url),
            Request::Post(_, body) => {
                http.post(url).header(CONTENT_TYPE, "application/json; charset=utf-8").body(body.clone())
            }
            Request::Form { content_type, body, .. } => {
                http.post(url).header(CONTENT_TYPE, content_type).timeout(FILE_TIMEOUT).body(body.clone())
            }
            Request::File { range: None, .. } => http.get(url).timeout(FILE_TIMEOUT),
            Request::File { range: Some(range), .. } => {
                http.get(url).header(RANGE, range).timeout(FILE_TIMEOUT)
            }
        };
        let response = request.send().await.map_err(|error| failed(api, error))?;
        match response.status() {
            StatusCode::OK | StatusCode::PARTIAL_CONTENT => Ok(response),
            status => Err(Error::Unknown { api, reason: format!("HTTP status {}", status.as_u16()) }),
        }
    }

    /// Something that WeCom gave an address of its own, which opens without a token.
    pub(crate) async fn fetch(&self, api: &'static str, url: &str) -> Result<Vec<u8>> {
        let request = self.inner.http.get(url).timeout(FILE_TIMEOUT);
        let response = request.send().await.map_err(|error| failed(api, error))?;
        match response.status() {
            StatusCode::OK => read(api, response).await,
            status => Err(Error::Unknown { api, reason: format!("HTTP status {}", status.as_u16()) }),
        }
    }
}

/// The answer's body, if it isn't absurdly large.
async fn read(api: &'static str, mut response: reqwest::Response) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(response.content_length().unwrap_or(0).min(1 << 20) as usize);
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(api, error))? {
        if bytes.len() + chunk.len() > MAX_ANSWER {
            return Err(Error::Unknown { api, reason: "the answer is too large".into() });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Whether the request certainly did not arrive, or nobody knows.
pub(crate) fn failed(api: &'static str, error: reqwest::Error) -> Error {
    let before = error.is_connect() || error.is_builder();
    let reason = describe(error.without_url());
    if before { Error::NotSent { api, reason } } else { Error::Unknown { api, reason } }
}

/// The error and what caused it, for the log.
fn describe(error: reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Failure is a code that is there and not 0: some calls leave it out on success (doc 90664).
fn decode<T: DeserializeOwned>(api: &'static str, bytes: &[u8]) -> Result<T> {
    // The parser's own words could quote content, so only the place is kept.
    let unreadable = |error: serde_json::Error| Error::Unknown {
        api,
        reason: format!("the answer can't be read at line {} column {}", error.line(), error.column()),
    };
    let status: Status = serde_json::from_slice(bytes).map_err(unreadable)?;
    match status.errcode {
        None | Some(0) => serde_json::from_slice(bytes).map_err(unreadable),
        Some(code) => Err(Error::Api(ApiError::new(api, code, status.errmsg.as_deref().unwrap_or("")))),
    }
}

/// `gettoken` (doc 91039).
struct FetchToken(Client);

#[async_trait]
impl Fetch for FetchToken {
    async fn fetch(&self) -> Result<Fresh> {
        #[derive(Deserialize)]
        struct Answer {
            access_token: SecretString,
            #[serde(deserialize_with = "lenient::number")]
            expires_in: i64,
        }
        let app = &self.0.inner.app;
        let query =
            vec![("corpid", app.corpid.clone()), ("corpsecret", app.secret.expose_secret().to_owned())];
        let bytes = self.0.exchange("gettoken", &Request::Get(query), None).await?;
        let answer: Answer = decode("gettoken", &bytes)?;
        Ok(Fresh { value: answer.access_token, expires_in: answer.expires_in })
    }
}

/// `get_jsapi_ticket` and `ticket/get` (doc 90506).
struct FetchTicket(Client, TokenKind);

#[async_trait]
impl Fetch for FetchTicket {
    async fn fetch(&self) -> Result<Fresh> {
        #[derive(Deserialize)]
        struct Answer {
            ticket: SecretString,
            #[serde(deserialize_with = "lenient::number")]
            expires_in: i64,
        }
        let answer: Answer = match self.1 {
            TokenKind::AgentTicket => {
                self.0.get("ticket/get", vec![("type", "agent_config".into())], Patience::None).await?
            }
            _ => self.0.get("get_jsapi_ticket", Vec::new(), Patience::None).await?,
        };
        Ok(Fresh { value: answer.ticket, expires_in: answer.expires_in })
    }
}
