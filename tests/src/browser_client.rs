//! A browser without a screen: keeps cookies, follows redirects, and is told apart from other people's browsers.

use std::{collections::BTreeMap, sync::Mutex};

use reqwest::{Method, Response, StatusCode, header};
use serde_json::Value;
use url::Url;

/// One person's browser.
pub struct Browser {
    http: reqwest::Client,
    base: Url,
    cookies: Mutex<BTreeMap<String, String>>,
    user_agent: &'static str,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: header::HeaderMap,
    pub body: Value,
}

impl Reply {
    /// The code of a problem.
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The fields a problem names.
    pub fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|error| error["field"].as_str()).collect()
    }

    /// The items of a list.
    pub fn items(&self) -> &[Value] {
        let items = self.body["items"].as_array().map(Vec::as_slice);
        items.unwrap_or_else(|| panic!("no list, but {}: {}", self.status, self.body))
    }
}

/// 企业微信's own browser.
pub const IN_CLIENT: &str = "Mozilla/5.0 (Linux; Android 10) Mobile wxwork/4.1.0 MicroMessenger/7.0.1";
/// Any browser on a PC.
pub const ON_PC: &str = "Mozilla/5.0 (X11; Linux x86_64) Chrome/120";

impl Browser {
    pub fn new(base: Url, user_agent: &'static str) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Self { http, base, cookies: Mutex::default(), user_agent }
    }

    /// The same browser, signed in as it is, at another server of the same application.
    pub fn at(&self, server: &Url) -> Self {
        let cookies = Mutex::new(self.cookies.lock().unwrap().clone());
        Self { cookies, ..Self::new(server.clone(), self.user_agent) }
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.into(), value.into());
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// One request, no redirect followed; cookies are kept.
    pub async fn request(
        &self,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Response {
        let cookies = self
            .cookies
            .lock()
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ");
        let mut request = self
            .http
            .request(method, url)
            .header(header::COOKIE, cookies)
            .header(header::USER_AGENT, self.user_agent)
            .header("X-Requested-With", "rollcall");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.expect("an answer");
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            let text = cookie.to_str().unwrap();
            let (pair, rest) = text.split_once(';').unwrap_or((text, ""));
            let (name, value) = pair.split_once('=').unwrap();
            let mut cookies = self.cookies.lock().unwrap();
            if rest.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }

    /// Opens an address and follows every redirect; gives where it ended.
    pub async fn open(&self, url: Url) -> (Url, Response) {
        let mut at = url;
        for _ in 0..10 {
            let response = self.request(Method::GET, at.clone(), None, &[]).await;
            match response.headers().get(header::LOCATION) {
                Some(to) => at = at.join(to.to_str().unwrap()).unwrap(),
                None => return (at, response),
            }
        }
        panic!("redirected in a circle at {at}");
    }

    pub fn url(&self, path: &str) -> Url {
        self.base.join(path).unwrap()
    }

    async fn reply(response: Response) -> Reply {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Reply { status, headers, body }
    }

    /// A GET of the API: `get("/me")`.
    pub async fn get(&self, path: &str) -> Reply {
        let url = self.url(&format!("/api/v1{path}"));
        Self::reply(self.request(Method::GET, url, None, &[]).await).await
    }

    /// A POST to the API with an Idempotency-Key.
    pub async fn post_with(&self, path: &str, key: &str, body: &Value) -> Reply {
        self.post_raw(
            path,
            body.to_string(),
            &[("Idempotency-Key", key), ("Content-Type", "application/json")],
        )
        .await
    }

    /// A POST to the API with a new Idempotency-Key.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        static COUNTER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let key = format!("test-key-{}", COUNTER.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        self.post_with(path, &key, body).await
    }

    /// A POST to the API as it is given.
    pub async fn post_raw(&self, path: &str, body: impl Into<Vec<u8>>, headers: &[(&str, &str)]) -> Reply {
        let url = self.url(&format!("/api/v1{path}"));
        Self::reply(self.request(Method::POST, url, Some(body.into()), headers).await).await
    }

    /// A PUT of JSON to the API.
    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        let url = self.url(&format!("/api/v1{path}"));
        let headers = [("Content-Type", "application/json")];
        Self::reply(self.request(Method::PUT, url, Some(body.to_string().into()), &headers).await).await
    }

    /// A DELETE of the API.
    pub async fn delete(&self, path: &str) -> Reply {
        let url = self.url(&format!("/api/v1{path}"));
        Self::reply(self.request(Method::DELETE, url, None, &[]).await).await
    }
}
