//! A small stand-in for Vault's transit engine: over HTTP, with a token, and really encrypting. Its key never leaves it.

use std::{
    net::TcpListener,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom, SystemRandom},
};
use serde_json::{Value, json};

/// What it lets in.
pub const TOKEN: &str = "token-of-the-stand-in";
const PREFIX: &str = "vault:v1:";

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Well,
    Sealed,
    /// Takes the request and never answers.
    Silent,
    /// A page of somebody else's.
    Nonsense,
}

struct State {
    key: LessSafeKey,
    mood: Mutex<Mood>,
    requests: AtomicUsize,
}

/// A running one; it ends when dropped.
pub struct Vault {
    pub url: String,
    state: web::Data<State>,
    handle: ServerHandle,
}

impl Drop for Vault {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

impl Vault {
    pub fn start() -> Self {
        let mut key = [0; 32];
        SystemRandom::new().fill(&mut key).unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
        let state =
            web::Data::new(State { key, mood: Mutex::new(Mood::Well), requests: AtomicUsize::new(0) });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = state.clone();
        let server = HttpServer::new(move || {
            App::new().app_data(shared.clone()).route("/v1/transit/{act}/{key}", web::post().to(transit))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, state, handle }
    }

    pub fn set(&self, mood: Mood) {
        *self.state.mood.lock().unwrap() = mood;
    }

    /// How often it was asked.
    pub fn requests(&self) -> usize {
        self.state.requests.load(Ordering::SeqCst)
    }
}

async fn transit(
    path: web::Path<(String, String)>,
    request: HttpRequest,
    body: web::Json<Value>,
    state: web::Data<State>,
) -> HttpResponse {
    state.requests.fetch_add(1, Ordering::SeqCst);
    let mood = *state.mood.lock().unwrap();
    match mood {
        Mood::Well => {}
        Mood::Sealed => {
            return HttpResponse::ServiceUnavailable().json(json!({ "errors": ["Vault is sealed"] }));
        }
        Mood::Silent => std::future::pending().await,
        Mood::Nonsense => return HttpResponse::Ok().body("<html>welcome</html>"),
    }
    let token = request.headers().get("X-Vault-Token").and_then(|value| value.to_str().ok());
    if token != Some(TOKEN) {
        return HttpResponse::Forbidden().json(json!({ "errors": ["permission denied"] }));
    }
    let (act, key) = path.into_inner();
    let items = body["batch_input"].as_array().cloned().unwrap_or_default();
    let results: Vec<Value> = items
        .iter()
        .map(|item| {
            let done = match act.as_str() {
                "encrypt" => encrypt(&state.key, &key, item),
                "decrypt" => decrypt(&state.key, &key, item),
                _ => None,
            };
            done.unwrap_or_else(|| json!({ "error": "cipher: message authentication failed" }))
        })
        .collect();
    let failed = results.iter().any(|result| result["error"].is_string());
    let answer = json!({ "data": { "batch_results": results } });
    if failed { HttpResponse::BadRequest().json(answer) } else { HttpResponse::Ok().json(answer) }
}

/// What another key of it wrapped, or what was wrapped for something else, does not open.
fn associated(key: &str, item: &Value) -> Option<Aad<Vec<u8>>> {
    let data = STANDARD.decode(item["associated_data"].as_str()?).ok()?;
    Some(Aad::from([key.as_bytes(), b"/", &data].concat()))
}

fn encrypt(own: &LessSafeKey, key: &str, item: &Value) -> Option<Value> {
    let mut body = STANDARD.decode(item["plaintext"].as_str()?).ok()?;
    let mut nonce = [0; NONCE_LEN];
    SystemRandom::new().fill(&mut nonce).ok()?;
    let unique = Nonce::assume_unique_for_key(nonce);
    own.seal_in_place_append_tag(unique, associated(key, item)?, &mut body).ok()?;
    let text = STANDARD.encode([&nonce[..], &body].concat());
    Some(json!({ "ciphertext": format!("{PREFIX}{text}") }))
}

fn decrypt(own: &LessSafeKey, key: &str, item: &Value) -> Option<Value> {
    let bytes = STANDARD.decode(item["ciphertext"].as_str()?.strip_prefix(PREFIX)?).ok()?;
    let (nonce, body) = bytes.split_first_chunk::<NONCE_LEN>()?;
    let mut body = body.to_vec();
    let unique = Nonce::assume_unique_for_key(*nonce);
    let plain = own.open_in_place(unique, associated(key, item)?, &mut body).ok()?;
    Some(json!({ "plaintext": STANDARD.encode(plain) }))
}
