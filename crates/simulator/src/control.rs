//! `/_sim/…`: setting the clock, changing the directory, ordering faults, and looking at what happened.

pub mod approvals;
pub mod directory;

use std::collections::HashMap;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Json, Path, Query, ServiceConfig};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError, Result};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api::message::update::{self, Click};
use crate::api::ticket::{self, Signed};
use crate::callback;
use crate::corps::{Corps, Here};
use crate::dump;
use crate::event::Receiver;
use crate::faults::Fault;
use crate::ledger::Filter;
use crate::world::World;

/// The addresses.
pub fn configure(config: &mut ServiceConfig) {
    config
        .app_data(web::JsonConfig::default().error_handler(|error, _| Wrong::input(&error).into()))
        .app_data(web::QueryConfig::default().error_handler(|error, _| Wrong::input(&error).into()))
        .app_data(web::PathConfig::default().error_handler(|error, _| Wrong::input(&error).into()))
        .route("/clock", web::get().to(clock))
        .route("/clock", web::post().to(set_clock))
        .route("/settings", web::get().to(settings))
        .route("/settings", web::post().to(change_settings))
        .route("/members", web::post().to(directory::add_member))
        .route("/members/{userid}", web::get().to(directory::member))
        .route("/members/{userid}", web::post().to(directory::change_member))
        .route("/members/{userid}", web::delete().to(directory::remove_member))
        .route("/departments", web::post().to(directory::add_department))
        .route("/departments/{id}", web::get().to(directory::department))
        .route("/departments/{id}", web::post().to(directory::change_department))
        .route("/departments/{id}", web::delete().to(directory::remove_department))
        .route("/approvals", web::post().to(approvals::file))
        .route("/approvals/{sp_no}", web::post().to(approvals::decide))
        .route("/faults", web::get().to(faults))
        .route("/faults", web::post().to(order_fault))
        .route("/faults", web::delete().to(end_faults))
        .route("/faults/{id}", web::delete().to(end_fault))
        .route("/tokens", web::delete().to(invalidate_tokens))
        .route("/secrets/{receiver}", web::post().to(reset_secret))
        .route("/ledger", web::get().to(ledger))
        .route("/messages/{userid}", web::get().to(messages))
        .route("/messages/{userid}/click", web::post().to(click))
        .route("/messages/{userid}/say", web::post().to(say))
        .route("/jssdk/verify", web::post().to(judge))
        .route("/personas", web::get().to(personas))
        .route("/callbacks", web::get().to(callbacks))
        .route("/callbacks/{receiver}", web::post().to(save_callback))
        .route("/callbacks/{receiver}/verification", web::post().to(verify_callback))
        .route("/reset", web::post().to(reset))
        .route("/corps", web::get().to(corps))
        .route("/dump", web::get().to(dump))
        .default_service(web::to(|| async { Err::<HttpResponse, _>(Wrong::missing("no such address")) }));
}

/// Why a request to the simulator itself was refused.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Wrong {
    status: StatusCode,
    reason: String,
}

impl Wrong {
    fn input(reason: &dyn std::fmt::Display) -> Self {
        Self { status: StatusCode::BAD_REQUEST, reason: reason.to_string() }
    }

    fn missing(reason: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, reason: reason.into() }
    }
}

impl From<String> for Wrong {
    fn from(reason: String) -> Self {
        Self { status: StatusCode::CONFLICT, reason }
    }
}

impl ResponseError for Wrong {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponseBuilder::new(self.status).json(json!({ "error": self.reason }))
    }
}

pub type Answer = Result<Json<Value>, Wrong>;

async fn clock(shared: Here) -> Json<Value> {
    let world = shared.read();
    Json(describe_clock(&world))
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum ClockChange {
    AdvanceSeconds(i64),
    Set(DateTime<Utc>),
}

async fn set_clock(change: Json<ClockChange>, shared: Here) -> Answer {
    let mut world = shared.write();
    match change.into_inner() {
        ClockChange::AdvanceSeconds(seconds) => {
            let length =
                TimeDelta::try_seconds(seconds).filter(|length| length.abs() < TimeDelta::days(36_500));
            world.clock.advance(length.ok_or_else(|| Wrong::input(&"too many seconds"))?);
        }
        ClockChange::Set(time) => world.clock.set(time),
    }
    Ok(Json(describe_clock(&world)))
}

fn describe_clock(world: &World) -> Value {
    json!({ "now": world.now(), "offset_seconds": world.clock.offset().num_seconds() })
}

async fn settings(shared: Here) -> Answer {
    let world = shared.read();
    Ok(Json(serde_json::to_value(&world.settings).map_err(|error| Wrong::input(&error))?))
}

/// Changes the given settings and leaves the others; a new visible range is told to the app.
async fn change_settings(change: Json<Map<String, Value>>, shared: Here) -> Answer {
    let (settings, events) = {
        let mut world = shared.write();
        let mut settings = serde_json::to_value(&world.settings).map_err(|error| Wrong::input(&error))?;
        for (name, value) in change.into_inner() {
            settings[name] = value;
        }
        let changed = serde_json::from_value(settings.clone()).map_err(|error| Wrong::input(&error))?;
        (settings, world.configure(changed))
    };
    shared.send(events);
    Ok(Json(settings))
}

async fn faults(shared: Here) -> Json<Value> {
    Json(json!({ "items": shared.read().faults.all() }))
}

/// Orders one fault, or a script of them that is met in this order, path by path: all of it, or nothing.
async fn order_fault(order: Json<Value>, shared: Here) -> Answer {
    let is_script = order.is_array();
    let script = match order.into_inner() {
        Value::Array(script) => script,
        fault => vec![fault],
    };
    let script = script.into_iter().map(serde_json::from_value::<Fault>).collect::<Result<Vec<_>, _>>();
    let script = script.map_err(|error| Wrong::input(&error))?;
    for fault in &script {
        fault.check().map_err(|reason| Wrong::input(&reason))?;
    }
    let mut world = shared.write();
    let mut ordered = Vec::with_capacity(script.len());
    for fault in script {
        ordered.push(json!(world.faults.order(fault).map_err(|reason| Wrong::input(&reason))?));
    }
    Ok(Json(if is_script { json!({ "items": ordered }) } else { ordered.pop().unwrap_or_default() }))
}

async fn end_faults(shared: Here) -> Json<Value> {
    Json(json!({ "ended": shared.write().faults.end(None) }))
}

async fn end_fault(id: Path<u64>, shared: Here) -> Json<Value> {
    Json(json!({ "ended": shared.write().faults.end(Some(*id)) }))
}

/// WeCom may invalidate tokens before their time; so may we.
async fn invalidate_tokens(shared: Here) -> Json<Value> {
    shared.write().tokens.invalidate();
    Json(json!({ "invalidated": true }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    secret: String,
    /// Whether the tokens of both secrets end with it: WeCom does not say whether they do.
    #[serde(default)]
    ends_tokens: bool,
}

/// An administrator resets the secret of the app, or of the contacts-sync assistant: the one before gives no token any more.
async fn reset_secret(receiver: Path<String>, new: Json<NewSecret>, shared: Here) -> Answer {
    let mut world = shared.write();
    let receiver = receiver_named(&world, &receiver)?;
    let NewSecret { secret, ends_tokens } = new.into_inner();
    let spec = Arc::make_mut(&mut world.spec);
    match receiver {
        Receiver::App => spec.app.secret = secret,
        Receiver::Contacts => spec.contacts.secret = secret,
    }
    if ends_tokens {
        world.tokens.invalidate();
    }
    Ok(Json(json!({ "reset": true })))
}

async fn ledger(filter: Query<Filter>, shared: Here) -> Json<Value> {
    Json(json!({ "items": shared.read().ledger.find(&filter) }))
}

async fn messages(userid: Path<String>, shared: Here) -> Json<Value> {
    let world = shared.read();
    Json(json!({ "items": world.messages.of(&userid).rev().collect::<Vec<_>>() }))
}

/// A member taps a card: `{"msgid", "key", "selected": {question: [option, …]}}`.
async fn click(userid: Path<String>, click: Json<Click>, shared: Here) -> Answer {
    let event = update::click(&mut shared.write(), &userid, &click)?;
    shared.send(vec![event]);
    Ok(Json(json!({ "clicked": click.key })))
}

/// A member writes to the app: `{"content"}`.
async fn say(userid: Path<String>, words: Json<Words>, shared: Here) -> Answer {
    let event = {
        let mut world = shared.write();
        let member =
            world.directory.member(&userid).ok_or_else(|| Wrong::missing(format!("no member {userid}")))?;
        let userid = member.userid.clone();
        world.say(&userid, &words.content)
    };
    shared.send(vec![event]);
    Ok(Json(json!({ "said": words.content })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    content: String,
}

/// Whether a page's signature is good: `{"kind", "url", "nonce", "timestamp", "signature"}`.
async fn judge(signed: Json<Signed>, shared: Here) -> Json<Value> {
    Json(ticket::judge(&shared.read(), &signed))
}

async fn personas(shared: Here) -> Json<Value> {
    Json(json!(shared.read().personas))
}

/// How many callbacks are under way; with `?wait=true` the answer comes when there is none.
async fn callbacks(query: Query<HashMap<String, String>>, shared: Here) -> Json<Value> {
    if query.get("wait").is_some_and(|wait| wait == "true") {
        shared.under_way.none().await;
    }
    Json(json!({ "under_way": shared.under_way.count() }))
}

fn receiver_named(world: &World, name: &str) -> Result<Receiver, Wrong> {
    if name == world.spec.app.name {
        Ok(Receiver::App)
    } else if name == world.spec.contacts.name {
        Ok(Receiver::Contacts)
    } else {
        Err(Wrong::missing(format!("no callback {name}")))
    }
}

/// Sets where callbacks go and under which keys. An address that doesn't answer its verification isn't saved.
async fn save_callback(
    receiver: Path<String>,
    address: Json<callback::Address>,
    shared: Here,
    client: Data<reqwest::Client>,
) -> Answer {
    let receiver = receiver_named(&shared.read(), &receiver)?;
    let saved = callback::save(&shared, &client, receiver, address.into_inner()).await;
    let saved = saved.map_err(|error| Wrong::input(&error))?;
    match &saved.reason {
        None => Ok(Json(json!(saved))),
        Some(reason) => Err(Wrong::from(format!("the address was not verified (85011): {reason}"))),
    }
}

async fn verify_callback(
    receiver: Path<String>,
    shared: Here,
    client: Data<reqwest::Client>,
) -> Result<Json<Value>, Wrong> {
    let receiver = receiver_named(&shared.read(), &receiver)?;
    let verification = callback::verify(&shared, &client, receiver).await;
    Ok(Json(json!(verification.map_err(|error| Wrong::from(error.to_string()))?)))
}

/// Everything as it was at the start, but for the address of the server.
async fn reset(shared: Here) -> Json<Value> {
    shared.reset();
    Json(json!({ "reset": true }))
}

/// Every corp with what a server needs to be its app: this is a simulator, its secrets are for development.
async fn corps(corps: Data<Corps>) -> Json<Value> {
    let described = corps.all().map(|corp| {
        let spec = &corp.read().spec;
        json!({
            "corpid": spec.corp.id,
            "name": spec.name,
            "app": {
                "agentid": spec.app.agentid,
                "secret": spec.app.secret,
                "token": spec.app.token,
                "encoding_aes_key": spec.app.encoding_aes_key,
            },
            "contacts": {
                "secret": spec.contacts.secret,
                "token": spec.contacts.token,
                "encoding_aes_key": spec.contacts.encoding_aes_key,
            },
        })
    });
    Json(json!({ "items": described.collect::<Vec<_>>() }))
}

/// The state of a corp; its `directory` can be loaded again.
async fn dump(shared: Here) -> Json<Value> {
    Json(dump::of(&shared.read()))
}
