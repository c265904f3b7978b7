//! Vault or OpenBao keeps the data keys closed: its transit engine wraps and opens them, and its own key never comes here.
//!
//! Whoever needs a key waits for it without a runtime (`store::sealed` is synchronous), so the HTTP is spoken on a thread of its
//! own. A data key is asked for once and then in memory: Vault may be away while everybody reports.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, mpsc as answers},
    thread,
    time::{Duration, Instant},
};

use actix_web::web::Bytes;
use anyhow::Context;
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{StatusCode, header::CONTENT_TYPE};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use serde::{Deserialize, Serialize, Serializer};
use store::{
    Error, Result,
    sealed::wrap::{Bare, Closed, Key, Wrap, Wrapped},
};
use tokio::sync::mpsc;

use crate::{config, secrets};

/// One try, from the first byte to the last.
const PATIENCE: Duration = Duration::from_secs(2);
/// Tries, each after a longer pause.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);
/// Longer than all tries and pauses together: nobody waits for ever, whatever becomes of the thread.
const ANSWERED_BY: Duration = Duration::from_secs(10);
/// After all tries failed nobody tries for so long: threads that serve would wait one after another.
const QUIET: Duration = Duration::from_secs(5);
/// Before a name of ours in [`Wrapped::by`].
const BY: &str = "vault:";

/// The transit engine of a Vault or an OpenBao.
#[derive(Debug)]
pub struct Vault {
    mount: String,
    key: String,
    asks: mpsc::UnboundedSender<Ask>,
    /// When it was found away last, and in which words.
    away: Mutex<Option<(Instant, String)>>,
}

/// Why there is no answer, and whether another try may do better: Vault is away, and does not refuse.
type Failed = (String, bool);

/// One request, and where its answer goes.
#[derive(Debug)]
struct Ask {
    /// `transit/decrypt/rollcall`
    path: String,
    batch: Vec<Part>,
    answer: answers::SyncSender<Result<Vec<Item>, Failed>>,
}

/// One request of a batch, as Vault reads it. A key in the open is in no line that is written of it, and overwritten when dropped.
#[derive(Debug, Serialize)]
struct Part {
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "in_the_open")]
    plaintext: Option<SecretString>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ciphertext: Option<String>,
    associated_data: String,
}

fn in_the_open<S: Serializer>(text: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    text.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}

#[derive(Serialize)]
struct Batch<'a> {
    batch_input: &'a [Part],
}

/// What is sent of a batch, overwritten when it was: of what HTTP and TLS copy of it that can't be said.
fn body(batch: &[Part]) -> serde_json::Result<Bytes> {
    // Long enough from the start: a buffer that grows leaves copies behind.
    let long =
        |part: &Part| 256 + part.ciphertext.as_ref().map_or(0, String::len) + part.associated_data.len();
    let mut text = Zeroizing::new(Vec::<u8>::with_capacity(64 + batch.iter().map(long).sum::<usize>()));
    serde_json::to_writer(&mut *text, &Batch { batch_input: batch })?;
    Ok(Bytes::from_owner(text))
}

/// One result of a batch, as Vault writes it. Of a key in the open the same holds as for a [`Part`].
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Item {
    ciphertext: Option<String>,
    plaintext: Option<SecretString>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    data: Results,
}

#[derive(Deserialize)]
struct Results {
    batch_results: Vec<Item>,
}

/// Where Vault is, and who we are there.
struct Service {
    http: reqwest::Client,
    url: String,
    token_file: PathBuf,
}

impl Vault {
    /// Starts the thread that speaks to it; says nothing to it yet.
    ///
    /// # Errors
    /// The client or the thread can't be made.
    pub fn new(settings: &config::Vault) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("sealing.vault：建不了 HTTP 客户端")?;
        let service = Arc::new(Service {
            http,
            url: settings.url.trim_end_matches('/').to_owned(),
            token_file: secrets::expand(&settings.token_file)?,
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (asks, mut asked) = mpsc::unbounded_channel::<Ask>();
        // Ends with the sender, which is in the Vault.
        thread::Builder::new().name("vault".into()).spawn(move || {
            runtime.block_on(async move {
                while let Some(Ask { path, batch, answer }) = asked.recv().await {
                    let service = service.clone();
                    tokio::spawn(async move {
                        // Whoever asked may have given up.
                        let _ = answer.send(service.ask(&path, &batch).await);
                    });
                }
            });
        })?;
        Ok(Self {
            mount: settings.mount.trim_matches('/').to_owned(),
            key: settings.key.clone(),
            asks,
            away: Mutex::new(None),
        })
    }

    /// Asks for a batch: as many results as were asked for, or why there is none. Who asks a moment after somebody found Vault away is
    /// told so at once.
    fn ask(&self, path: String, batch: Vec<Part>) -> Result<Vec<Item>, String> {
        let away = || self.away.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, why)) = &*away()
            && at.elapsed() < QUIET
        {
            return Err(why.clone());
        }
        let asked = self.ask_it(path, batch);
        *away() = match &asked {
            Err((why, true)) => Some((Instant::now(), why.clone())),
            _ => None,
        };
        asked.map_err(|(why, _)| why)
    }

    fn ask_it(&self, path: String, batch: Vec<Part>) -> Result<Vec<Item>, Failed> {
        let count = batch.len();
        let (answer, answered) = answers::sync_channel(1);
        let gone = || ("与 Vault 通信的线程已停止：重新启动点名".to_owned(), false);
        self.asks.send(Ask { path, batch, answer }).map_err(|_| gone())?;
        let items = answered.recv_timeout(ANSWERED_BY).map_err(|_| gone())??;
        if items.len() == count {
            return Ok(items);
        }
        let why = "Vault 的回答与请求的数目不符：检查 sealing.vault.url 指向的是不是 Vault 或 OpenBao";
        Err((why.to_owned(), false))
    }
}

impl Wrap for Vault {
    fn name(&self) -> String {
        format!("{BY}{}/{}", self.mount, self.key)
    }

    fn opens(&self, by: &str) -> bool {
        by.starts_with(BY)
    }

    fn wrap(&self, keys: &[Bare<'_>]) -> Result<Vec<Wrapped>> {
        let batch = keys.iter().map(|bare| Part {
            plaintext: Some(STANDARD.encode(bare.key).into()),
            ciphertext: None,
            associated_data: STANDARD.encode(&bare.context),
        });
        let items = self.ask(format!("{}/encrypt/{}", self.mount, self.key), batch.collect());
        let wrapped = items.map_err(Error::Keys)?.into_iter().map(|item| {
            let text = item.ciphertext.ok_or_else(|| refused(item.error))?;
            Ok(Wrapped { by: self.name(), text })
        });
        wrapped.collect()
    }

    fn open(&self, keys: &[Closed]) -> Vec<Result<Key>> {
        // What another key of it wrapped is asked of that one: so a deployment moves to a new key by `rollcall keys rewrap`.
        let mut by_key: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, closed) in keys.iter().enumerate() {
            by_key.entry(&closed.wrapped.by).or_default().push(place);
        }
        let mut opened: BTreeMap<usize, Result<Key>> = BTreeMap::new();
        for (by, places) in by_key {
            let results = match by.strip_prefix(BY).and_then(|key| key.rsplit_once('/')) {
                Some((mount, key)) => {
                    let batch = places.iter().filter_map(|place| keys.get(*place)).map(|closed| Part {
                        plaintext: None,
                        ciphertext: Some(closed.wrapped.text.clone()),
                        associated_data: STANDARD.encode(&closed.context),
                    });
                    self.ask(format!("{mount}/decrypt/{key}"), batch.collect())
                }
                None => Err(format!(
                    "数据密钥由 {by} 包裹，配置里没有它：把它加回配置，再运行 rollcall keys rewrap"
                )),
            };
            match results {
                Ok(items) => opened.extend(places.into_iter().zip(items.into_iter().map(plain))),
                Err(why) => {
                    opened.extend(places.into_iter().map(|place| (place, Err(Error::Keys(why.clone())))));
                }
            }
        }
        opened.into_values().collect()
    }
}

fn plain(item: Item) -> Result<Key> {
    let text = item.plaintext.ok_or_else(|| refused(item.error))?;
    STANDARD.decode(text.expose_secret()).map(Key::new).map_err(|_| refused(None))
}

fn refused(why: Option<String>) -> Error {
    let why = why.unwrap_or_else(|| "没有说明".into());
    Error::Keys(format!(
        "Vault 打不开或包不了这把数据密钥（{why}）：检查 sealing.vault.key，旧版本是否被 min_decryption_version 停用"
    ))
}

impl Service {
    /// Until there is an answer or no try is left.
    async fn ask(&self, path: &str, batch: &[Part]) -> Result<Vec<Item>, Failed> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_once(path, batch).await {
                Ok(items) => return Ok(items),
                Err((why, worth_it)) if !worth_it || tries == TRIES => return Err((why, worth_it)),
                Err(_) => tokio::time::sleep(PAUSE * tries).await,
            }
        }
    }

    /// One try; if it fails, why, and whether another may do better.
    async fn try_once(&self, path: &str, batch: &[Part]) -> Result<Vec<Item>, Failed> {
        // Read each time: an agent renews it.
        let token = fs::read_to_string(&self.token_file).map_err(|error| {
            (
                format!(
                    "读不到 Vault 的令牌 {}（sealing.vault.token_file）：{error}",
                    self.token_file.display()
                ),
                false,
            )
        })?;
        let away = |error: &reqwest::Error| {
            let what = if error.is_timeout() { "没有按时应答" } else { "连不上" };
            (format!("Vault {what}：检查 sealing.vault.url、网络和 Vault 是否在运行"), true)
        };
        let body = body(batch).map_err(|error| (format!("写不出给 Vault 的请求：{error}"), false))?;
        let sent = self
            .http
            .post(format!("{}/v1/{path}", self.url))
            .header("X-Vault-Token", token.trim())
            .header(CONTENT_TYPE, "application/json")
            .body(body)
            .send()
            .await;
        let response = sent.map_err(|error| away(&error))?;
        let status = response.status();
        let text = response.bytes().await.map_err(|error| away(&error))?;
        match serde_json::from_slice::<Answer>(&text) {
            // Vault answers 400 where some of a batch failed, and says which.
            Ok(answer) if status.is_success() || status == StatusCode::BAD_REQUEST => {
                Ok(answer.data.batch_results)
            }
            _ => Err(words(status, path)),
        }
    }
}

/// What an answer means that is none, and whether another try may do better.
fn words(status: StatusCode, path: &str) -> Failed {
    match status {
        StatusCode::FORBIDDEN => {
            let why = format!("Vault 拒绝了令牌（403）：换一个有效的令牌，其策略要允许 update {path}");
            (why, false)
        }
        StatusCode::NOT_FOUND => (
            format!("Vault 里没有 {path}（404）：检查 sealing.vault.mount 与 key，transit 引擎是否已启用"),
            false,
        ),
        StatusCode::BAD_REQUEST => {
            let why = format!(
                "Vault 不接受请求（400）：密钥 {path} 是否已建立，类型须为 aes256-gcm96、chacha20-poly1305 或 xchacha20-poly1305"
            );
            (why, false)
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            ("Vault 已封存或在维护（503）：先解封（vault operator unseal）".into(), true)
        }
        status => (
            format!("Vault 答了 {status}：查看它的日志"),
            status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS,
        ),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const KEY: &str = "a2V5LWluLXRoZS1vcGVu";

    #[test]
    fn what_is_asked_and_answered_is_written_to_no_log_with_a_key() {
        let asked = Part { plaintext: Some(KEY.into()), ciphertext: None, associated_data: "Yw==".into() };
        let sent: Value = serde_json::from_slice(&body(std::slice::from_ref(&asked)).unwrap()).unwrap();
        assert_eq!(sent, json!({ "batch_input": [{ "plaintext": KEY, "associated_data": "Yw==" }] }));
        let (answer, _) = answers::sync_channel(1);
        let asked = Ask { path: "transit/encrypt/rollcall".into(), batch: vec![asked], answer };
        let answered: Item = serde_json::from_value(json!({ "plaintext": KEY })).unwrap();
        let said = format!("{asked:?} {answered:?}");
        assert!(said.contains("transit/encrypt/rollcall") && !said.contains(KEY), "{said}");
        assert_eq!(plain(answered).unwrap().as_slice(), b"key-in-the-open");
    }
}
