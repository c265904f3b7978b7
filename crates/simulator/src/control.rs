//! `/_sim/…`: setting the clock, changing the directory, ordering faults, and looking at what happened.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{self, Data, Json, Path, Query, ServiceConfig};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError, Result};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api::message::update::{self, Click};
use crate::callback;
use crate::corps::{Corps, Here};
use crate::directory::{Member, Status};
use crate::dump;
use crate::event::Receiver;
use crate::faults::Fault;
use crate::ledger::Filter;
use crate::school::{Department, Gender, Membership, ROOT};
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
        .route("/members", web::post().to(add_member))
        .route("/members/{userid}", web::get().to(member))
        .route("/members/{userid}", web::post().to(change_member))
        .route("/members/{userid}", web::delete().to(remove_member))
        .route("/departments", web::post().to(add_department))
        .route("/departments/{id}", web::get().to(department))
        .route("/departments/{id}", web::post().to(change_department))
        .route("/departments/{id}", web::delete().to(remove_department))
        .route("/faults", web::get().to(faults))
        .route("/faults", web::post().to(order_fault))
        .route("/faults", web::delete().to(end_faults))
        .route("/faults/{id}", web::delete().to(end_fault))
        .route("/tokens", web::delete().to(invalidate_tokens))
        .route("/ledger", web::get().to(ledger))
        .route("/messages/{userid}", web::get().to(messages))
        .route("/messages/{userid}/click", web::post().to(click))
        .route("/messages/{userid}/say", web::post().to(say))
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
struct Wrong {
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

type Answer = Result<Json<Value>, Wrong>;

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
        world.settings = serde_json::from_value(settings.clone()).map_err(|error| Wrong::input(&error))?;
        let visible = world.settings.visible.clone();
        (settings, world.set_range(visible))
    };
    shared.send(events);
    Ok(Json(settings))
}

/// A department, by id or by its name, where no other has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum DepartmentRef {
    Id(u32),
    Name(String),
}

impl DepartmentRef {
    fn find(&self, world: &World) -> Result<u32, Wrong> {
        match self {
            Self::Id(id) => match world.directory.department(*id) {
                Some(department) => Ok(department.id),
                None => Err(Wrong::missing(format!("no department {id}"))),
            },
            Self::Name(name) => {
                let mut named = world.directory.departments_named(name);
                match (named.next(), named.next()) {
                    (Some(department), None) => Ok(department.id),
                    (Some(_), Some(_)) => Err(Wrong::input(&format!("several departments are named {name}"))),
                    (None, _) => Err(Wrong::missing(format!("no department {name}"))),
                }
            }
        }
    }
}

/// What of a member shall be otherwise.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberChange {
    userid: Option<String>,
    name: Option<String>,
    /// All departments, the main one first.
    department: Option<Vec<DepartmentRef>>,
    /// Whether they lead, department by department; as they were where it is left out.
    is_leader: Option<Vec<bool>>,
    position: Option<String>,
    mobile: Option<String>,
    status: Option<Status>,
    licensed: Option<bool>,
}

impl MemberChange {
    fn apply(self, member: &mut Member, world: &World) -> Result<(), Wrong> {
        if let Some(userid) = self.userid {
            let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"_.@-".contains(&byte);
            let first = userid.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
            if !first || userid.len() > 64 || !userid.bytes().all(letters) {
                return Err(Wrong::input(&"userid: 1 to 64 of [0-9A-Za-z_.@-], a letter or digit first"));
            }
            member.userid = userid;
        }
        if let Some(name) = self.name {
            if name.is_empty() || name.chars().count() > 64 {
                return Err(Wrong::input(&"name: 1 to 64 characters"));
            }
            member.name = name;
        }
        if let Some(departments) = self.department {
            let mut memberships: Vec<Membership> = Vec::with_capacity(departments.len());
            for department in departments {
                let department = department.find(world)?;
                if memberships.iter().any(|membership| membership.department == department) {
                    return Err(Wrong::input(&"department: the same twice"));
                }
                let kept = member.memberships.iter().find(|membership| membership.department == department);
                memberships.push(Membership { department, leader: kept.is_some_and(|kept| kept.leader) });
            }
            member.memberships = memberships;
        }
        if let Some(leads) = self.is_leader {
            if leads.len() != member.memberships.len() {
                return Err(Wrong::input(&"is_leader: as many as departments"));
            }
            for (membership, leader) in member.memberships.iter_mut().zip(leads) {
                membership.leader = leader;
            }
        }
        member.position = self.position.unwrap_or_else(|| std::mem::take(&mut member.position));
        member.mobile = self.mobile.unwrap_or_else(|| std::mem::take(&mut member.mobile));
        member.status = self.status.unwrap_or(member.status);
        member.licensed = self.licensed.unwrap_or(member.licensed);
        Ok(())
    }
}

async fn member(userid: Path<String>, shared: Here) -> Answer {
    let world = shared.read();
    let member =
        world.directory.member(&userid).ok_or_else(|| Wrong::missing(format!("no member {userid}")))?;
    Ok(Json(describe_member(&world, member)))
}

async fn add_member(change: Json<MemberChange>, shared: Here) -> Answer {
    let (described, events) = {
        let mut world = shared.write();
        let change = change.into_inner();
        if change.userid.is_none() || change.name.is_none() || change.department.is_none() {
            return Err(Wrong::input(&"a new member needs userid, name and department"));
        }
        let mut member = Member {
            userid: String::new(),
            name: String::new(),
            gender: Gender::Male,
            mobile: String::new(),
            position: String::new(),
            memberships: Vec::new(),
            status: Status::Active,
            licensed: true,
        };
        change.apply(&mut member, &world)?;
        let described = describe_member(&world, &member);
        (described, world.add_member(member)?)
    };
    shared.send(events);
    Ok(Json(described))
}

async fn change_member(userid: Path<String>, change: Json<MemberChange>, shared: Here) -> Answer {
    let (described, events) = {
        let mut world = shared.write();
        let member = world.directory.member(&userid).cloned();
        let mut member = member.ok_or_else(|| Wrong::missing(format!("no member {userid}")))?;
        change.into_inner().apply(&mut member, &world)?;
        let described = describe_member(&world, &member);
        (described, world.change_member(&userid, member)?)
    };
    shared.send(events);
    Ok(Json(described))
}

async fn remove_member(userid: Path<String>, shared: Here) -> Answer {
    let events = shared.write().remove_member(&userid).map_err(Wrong::missing)?;
    shared.send(events);
    Ok(Json(json!({ "deleted": *userid })))
}

fn describe_member(world: &World, member: &Member) -> Value {
    let departments: Vec<Value> = member
        .memberships
        .iter()
        .map(|membership| {
            let path = world.directory.path(membership.department).join("/");
            json!({ "id": membership.department, "path": path, "is_leader": membership.leader })
        })
        .collect();
    json!({
        "userid": member.userid,
        "name": member.name,
        "departments": departments,
        "position": member.position,
        "mobile": member.mobile,
        "status": u8::from(member.status),
        "licensed": member.licensed,
    })
}

/// What of a department shall be otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DepartmentChange {
    id: Option<u32>,
    name: Option<String>,
    parent: Option<DepartmentRef>,
    order: Option<u32>,
}

async fn department(id: Path<u32>, shared: Here) -> Answer {
    let world = shared.read();
    let department =
        world.directory.department(*id).ok_or_else(|| Wrong::missing(format!("no department {id}")))?;
    Ok(Json(describe_department(&world, department)))
}

async fn add_department(change: Json<DepartmentChange>, shared: Here) -> Answer {
    let (described, events) = {
        let mut world = shared.write();
        let DepartmentChange { id, name, parent, order } = change.into_inner();
        let department = Department {
            id: id.unwrap_or_else(|| world.directory.free_department_id()),
            parent: parent.unwrap_or(DepartmentRef::Id(ROOT)).find(&world)?,
            name: name.ok_or_else(|| Wrong::input(&"a new department needs a name"))?,
            order: order.unwrap_or(100),
        };
        let events = world.add_department(department.clone())?;
        (describe_department(&world, &department), events)
    };
    shared.send(events);
    Ok(Json(described))
}

async fn change_department(id: Path<u32>, change: Json<DepartmentChange>, shared: Here) -> Answer {
    let (described, events) = {
        let mut world = shared.write();
        let department = world.directory.department(*id).cloned();
        let mut department = department.ok_or_else(|| Wrong::missing(format!("no department {id}")))?;
        let change = change.into_inner();
        if change.id.is_some_and(|new| new != *id) {
            return Err(Wrong::input(&"a department keeps its id"));
        }
        if let Some(parent) = change.parent {
            department.parent = parent.find(&world)?;
        }
        department.name = change.name.unwrap_or(department.name);
        department.order = change.order.unwrap_or(department.order);
        let events = world.change_department(department.clone())?;
        (describe_department(&world, &department), events)
    };
    shared.send(events);
    Ok(Json(described))
}

async fn remove_department(id: Path<u32>, shared: Here) -> Answer {
    let events = shared.write().remove_department(*id)?;
    shared.send(events);
    Ok(Json(json!({ "deleted": *id })))
}

fn describe_department(world: &World, department: &Department) -> Value {
    json!({
        "id": department.id,
        "name": department.name,
        "parent": department.parent,
        "order": department.order,
        "members": world.directory.count_direct(department.id),
    })
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
