//! Delivering events: encrypted, signed, with a limit of time and a few tries (protocol.md §3).

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Semaphore, watch};
use url::Url;
use wecom::crypto::CallbackCrypto;

use crate::corps::{Corp, Here};
use crate::event::{Event, Receiver, cdata};
use crate::faults::Fault;
use crate::ledger::What;
use crate::random;
use crate::school::Spec;
use crate::world::World;

/// How many are under way at once. WeCom sends several, so order is not to be relied upon.
const PARALLEL: usize = 2;
/// How long the server may take to answer the verification of its address.
const VERIFICATION_TIMEOUT: Duration = Duration::from_secs(1);

/// How long one that is to be overtaken waits for the other.
const OVERTAKEN: Duration = Duration::from_secs(1);

/// Delivers what comes in until the sender is gone.
pub async fn deliver_all(shared: Here, client: reqwest::Client, mut events: UnboundedReceiver<Event>) {
    let places = Arc::new(Semaphore::new(PARALLEL));
    while let Some(event) = events.recv().await {
        let mut together = vec![(fault_for(&shared, &event), event)];
        while together.last().is_some_and(|(fault, _)| fault.as_ref().is_some_and(|fault| fault.reorder)) {
            let Ok(Some(next)) = tokio::time::timeout(OVERTAKEN, events.recv()).await else { break };
            together.push((fault_for(&shared, &next), next));
        }
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let (shared, client) = (shared.clone(), client.clone());
        tokio::spawn(async move {
            // The last one goes first.
            for (fault, event) in together.into_iter().rev() {
                deliver(&shared, &client, event, fault).await;
            }
            drop(place);
        });
    }
}

fn fault_for(shared: &Corp, event: &Event) -> Option<Fault> {
    let mut world = shared.write();
    let path = format!("callback/{}", name(&world.spec, event.receiver));
    world.faults.meet(&path)
}

/// Counts events that are under way, also when a delivery ends early.
pub struct UnderWay(watch::Sender<usize>);

impl UnderWay {
    /// None.
    pub fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        *self.0.borrow()
    }

    /// Waits until there is none.
    pub async fn none(&self) {
        // The sender is ours, so this can't fail.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }

    pub(crate) fn add(&self, count: usize) {
        self.0.send_modify(|under_way| *under_way += count);
    }

    fn done(&self) {
        self.0.send_modify(|under_way| *under_way = under_way.saturating_sub(1));
    }
}

async fn deliver(shared: &Corp, client: &reqwest::Client, event: Event, fault: Option<Fault>) {
    let (xml, endpoint) = {
        let world = shared.read();
        (event.xml(&world.spec.corp.id, world.now().timestamp()), Endpoint::of(&world, event.receiver))
    };
    if let Some(fault) = &fault {
        tokio::time::sleep(fault.delay()).await;
    }
    let times = match &fault {
        Some(fault) if fault.lose => 0,
        Some(fault) if fault.duplicate => 2,
        _ => 1,
    };
    let mut tries = Vec::new();
    let mut delivered = false;
    for _ in 0..times {
        match &endpoint {
            Ok(endpoint) => {
                let taken = send_until_taken(shared, client, endpoint, &xml, &mut tries).await;
                delivered = taken.is_some();
                if let Some(reply) = taken.and_then(|answer| endpoint.reply(&answer)) {
                    shared.write().reply(&event, &reply);
                }
            }
            Err(reason) => tries.push(reason.to_string()),
        }
    }
    if times == 0 {
        tries.push("lost".into());
    }
    let Event { receiver, name, subject, .. } = event;
    shared.write().record(What::Callback { receiver, event: name, subject, xml, tries, delivered });
    shared.under_way.done();
}

/// Sends until it is answered with 200, or as often as WeCom tries, and gives the answer's body. Each try is encrypted
/// anew: only the inner XML stays the same.
async fn send_until_taken(
    shared: &Corp,
    client: &reqwest::Client,
    endpoint: &Endpoint,
    xml: &str,
    tries: &mut Vec<String>,
) -> Option<String> {
    let settings = shared.read().settings.clone();
    let mut sealed = endpoint.envelope(xml, shared.read().now().timestamp());
    for number in 0..settings.callback_tries {
        if number > 0 {
            tokio::time::sleep(settings.callback_pause()).await;
        }
        if !settings.unconfirmed.callback_same_body {
            sealed = endpoint.envelope(xml, shared.read().now().timestamp());
        }
        let (url, body) = sealed.clone();
        let request = client
            .post(url)
            .header("content-type", "text/xml")
            .header("user-agent", "Mozilla/4.0")
            .timeout(settings.callback_timeout())
            .body(body);
        match request.send().await {
            Ok(answer) if answer.status() == 200 => {
                tries.push("200".into());
                return Some(answer.text().await.unwrap_or_default());
            }
            Ok(answer) => {
                tries.push(answer.status().as_u16().to_string());
                if !settings.callback_retry_on_status {
                    return None;
                }
            }
            Err(error) if error.is_timeout() => tries.push("timeout".into()),
            Err(_) => tries.push("connection".into()),
        }
    }
    None
}

/// What came of verifying an address, as when an administrator saves it in the console.
#[derive(Debug, Serialize)]
pub struct Verification {
    /// Where it went.
    pub url: String,
    /// Whether WeCom would accept the address.
    pub accepted: bool,
    /// Why not.
    pub reason: Option<String>,
}

/// Asks the address to decrypt a number, as WeCom does before it takes the address.
pub async fn verify(
    shared: &Corp,
    client: &reqwest::Client,
    receiver: Receiver,
) -> anyhow::Result<Verification> {
    let endpoint = Endpoint::of(&shared.read(), receiver)?;
    Ok(ask(shared, client, endpoint).await)
}

/// Verifies an address and saves it if it answers, as the console does. Fails where token or key aren't such.
pub async fn save(
    shared: &Corp,
    client: &reqwest::Client,
    receiver: Receiver,
    address: Address,
) -> anyhow::Result<Verification> {
    let letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let token = &address.token;
    anyhow::ensure!(
        letters(token) && (1..=32).contains(&token.len()),
        "token: 1 to 32 letters and digits (85010)"
    );
    let key = &address.encoding_aes_key;
    anyhow::ensure!(letters(key) && key.len() == 43, "encoding_aes_key: 43 letters and digits (85010)");
    let web = ["http://", "https://"].iter().any(|scheme| address.url.starts_with(scheme));
    anyhow::ensure!(web, "url: http or https (85010)");
    let endpoint = Endpoint::at(&shared.read(), receiver, &address)?;
    let verification = ask(shared, client, endpoint).await;
    if verification.accepted {
        shared.write().callbacks.insert(receiver, address);
    }
    Ok(verification)
}

async fn ask(shared: &Corp, client: &reqwest::Client, endpoint: Endpoint) -> Verification {
    let now = shared.read().now().timestamp();
    let echo: u64 = rand::random();
    let url = endpoint.verification(&echo.to_string(), now);
    let answer = async {
        let answer = client.get(url).timeout(VERIFICATION_TIMEOUT).send().await?.error_for_status()?;
        answer.text().await
    };
    let reason = match answer.await {
        Ok(text) if text == echo.to_string() => None,
        Ok(_) => Some("the answer is not the bare number".to_owned()),
        Err(error) => Some(error.without_url().to_string()),
    };
    Verification { url: endpoint.url.into(), accepted: reason.is_none(), reason }
}

/// What an administrator enters under 接收消息.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Where to.
    pub url: String,
    /// Of the signature.
    pub token: String,
    /// 43 letters and digits.
    pub encoding_aes_key: String,
}

/// Where callbacks go now: what was saved, or the place of the school's own server. None while no server is known.
pub fn address_of(world: &World, receiver: Receiver) -> Option<Address> {
    if let Some(saved) = world.callbacks.get(&receiver) {
        return Some(saved.clone());
    }
    let spec = &world.spec;
    let (token, encoding_aes_key) = match receiver {
        Receiver::App => (&spec.app.token, &spec.app.encoding_aes_key),
        Receiver::Contacts => (&spec.contacts.token, &spec.contacts.encoding_aes_key),
    };
    let url = world.app_url.as_ref()?.join(&format!("/wecom/1/callback/{}", name(spec, receiver))).ok()?;
    Some(Address { url: url.into(), token: token.clone(), encoding_aes_key: encoding_aes_key.clone() })
}

/// An address that takes callbacks, and its keys.
struct Endpoint {
    url: Url,
    crypto: CallbackCrypto,
    corp_id: String,
    agentid: Option<u32>,
}

impl Endpoint {
    fn of(world: &World, receiver: Receiver) -> anyhow::Result<Self> {
        let address = address_of(world, receiver).context("no server is known")?;
        Self::at(world, receiver, &address)
    }

    fn at(world: &World, receiver: Receiver, address: &Address) -> anyhow::Result<Self> {
        let corp_id = world.spec.corp.id.clone();
        Ok(Self {
            url: Url::parse(&address.url).context("url: not an address (85010)")?,
            crypto: CallbackCrypto::new(&address.token, &address.encoding_aes_key, &corp_id)?,
            corp_id,
            agentid: (receiver == Receiver::App).then_some(world.spec.app.agentid),
        })
    }

    /// A passive reply, opened; none where the answer is empty or isn't one.
    fn reply(&self, answer: &str) -> Option<String> {
        let between = |tag: &str| {
            let (_, rest) = answer.split_once(&format!("<{tag}>"))?;
            let (inside, _) = rest.split_once(&format!("</{tag}>"))?;
            let inside = inside.trim();
            Some(inside.strip_prefix("<![CDATA[").and_then(|data| data.strip_suffix("]]>")).unwrap_or(inside))
        };
        let encrypt = between("Encrypt")?;
        let (signature, time, nonce) = (between("MsgSignature")?, between("TimeStamp")?, between("Nonce")?);
        self.crypto.verify(signature, time, nonce, encrypt).ok()?;
        Some(self.crypto.decrypt(encrypt).ok()?.message)
    }

    /// The address with a signature, and the envelope.
    fn envelope(&self, xml: &str, now: i64) -> (Url, String) {
        let encrypt = self.crypto.encrypt(xml, random::block());
        let agent = self
            .agentid
            .map_or_else(String::new, |id| format!("<AgentID>{}</AgentID>", cdata(&id.to_string())));
        let body = format!(
            "<xml><ToUserName>{}</ToUserName><Encrypt>{}</Encrypt>{agent}</xml>",
            cdata(&self.corp_id),
            cdata(&encrypt)
        );
        (self.signed(&encrypt, now, false), body)
    }

    /// The address to be verified, with an encrypted text.
    fn verification(&self, echo: &str, now: i64) -> Url {
        self.signed(&self.crypto.encrypt(echo, random::block()), now, true)
    }

    fn signed(&self, encrypt: &str, now: i64, echo: bool) -> Url {
        let (timestamp, nonce) = (now.to_string(), rand::random::<u32>().to_string());
        let signature = self.crypto.signature(&timestamp, &nonce, encrypt);
        let mut url = self.url.clone();
        let mut query = url.query_pairs_mut();
        query.append_pair("msg_signature", &signature);
        query.append_pair("timestamp", &timestamp);
        query.append_pair("nonce", &nonce);
        if echo {
            query.append_pair("echostr", encrypt);
        }
        drop(query);
        url
    }
}

/// The name in the callback's path.
fn name(spec: &Spec, receiver: Receiver) -> &str {
    match receiver {
        Receiver::App => &spec.app.name,
        Receiver::Contacts => &spec.contacts.name,
    }
}
