//! What devices at gates ask: to be paired, what to decide by, what becomes of a scan; and what they tell later. They have
//! a token of their own and no session.

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    post, web,
};
use app::{
    gate_codes, gate_devices,
    passages::{self, Carried, Direction, Wanted},
};
use chrono::{DateTime, Utc};
use domain::gate::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    auth::address_checked,
    gates::{GateDirections, GateFailure, GateRules},
};
use crate::{
    config::Config,
    http::{
        input::{Json, Query},
        limits::Limits,
        openapi::{Refusals, WriteRefusals},
        problem::Answer,
        who::{AtGate, Pairing, SignedIn},
    },
};

/// Which way somebody passes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateDirection {
    /// 进
    In,
    /// 出
    Out,
}

impl From<GateDirection> for Direction {
    fn from(direction: GateDirection) -> Self {
        match direction {
            GateDirection::In => Self::In,
            GateDirection::Out => Self::Out,
        }
    }
}

/// Why somebody is not let through.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateRefusal {
    /// No code of this school's, or changed on the way.
    Unreadable,
    /// Signed with a key that was killed.
    KilledKey,
    /// From a batch, shown too early.
    Early,
    /// Too old.
    Expired,
    /// Let through before.
    Used,
    /// No longer on the roster.
    Left,
    /// The gate does not serve this direction.
    Direction,
    /// Outside the gate's hours.
    Hours,
    /// No report today.
    NoReport,
    /// An abnormal report today.
    Abnormal,
    /// No permit.
    NoPermit,
    /// Comes in while inside.
    AlreadyIn,
    /// Goes out while outside.
    AlreadyOut,
    /// A visitor before their time.
    VisitEarly,
    /// A visitor after it.
    VisitOver,
    /// A visitor whose invitation was taken back.
    VisitCancelled,
    /// A visitor who is invited to another zone.
    VisitElsewhere,
    /// What a device decided for a reason of its own.
    Device,
}

impl From<Refusal> for GateRefusal {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unreadable => Self::Unreadable,
            Refusal::KilledKey => Self::KilledKey,
            Refusal::Early => Self::Early,
            Refusal::Expired => Self::Expired,
            Refusal::Used => Self::Used,
            Refusal::Left => Self::Left,
            Refusal::Direction => Self::Direction,
            Refusal::Hours => Self::Hours,
            Refusal::NoReport => Self::NoReport,
            Refusal::Abnormal => Self::Abnormal,
            Refusal::NoPermit => Self::NoPermit,
            Refusal::AlreadyIn => Self::AlreadyIn,
            Refusal::AlreadyOut => Self::AlreadyOut,
            Refusal::VisitEarly => Self::VisitEarly,
            Refusal::VisitOver => Self::VisitOver,
            Refusal::VisitCancelled => Self::VisitCancelled,
            Refusal::VisitElsewhere => Self::VisitElsewhere,
            Refusal::Device => Self::Device,
        }
    }
}

impl From<GateRefusal> for Refusal {
    fn from(refusal: GateRefusal) -> Self {
        match refusal {
            GateRefusal::Unreadable => Self::Unreadable,
            GateRefusal::KilledKey => Self::KilledKey,
            GateRefusal::Early => Self::Early,
            GateRefusal::Expired => Self::Expired,
            GateRefusal::Used => Self::Used,
            GateRefusal::Left => Self::Left,
            GateRefusal::Direction => Self::Direction,
            GateRefusal::Hours => Self::Hours,
            GateRefusal::NoReport => Self::NoReport,
            GateRefusal::Abnormal => Self::Abnormal,
            GateRefusal::NoPermit => Self::NoPermit,
            GateRefusal::AlreadyIn => Self::AlreadyIn,
            GateRefusal::AlreadyOut => Self::AlreadyOut,
            GateRefusal::VisitEarly => Self::VisitEarly,
            GateRefusal::VisitOver => Self::VisitOver,
            GateRefusal::VisitCancelled => Self::VisitCancelled,
            GateRefusal::VisitElsewhere => Self::VisitElsewhere,
            GateRefusal::Device => Self::Device,
        }
    }
}

/// A device that was paired.
#[derive(Debug, Serialize, ToSchema)]
pub struct GatePaired {
    /// Who the device is from now on, as `Authorization: Bearer …`. Told this once.
    token: String,
    id: i64,
    name: String,
    /// Its gate's name.
    gate: String,
}

/// Pairs a device, with `Authorization: Pairing …` and the code of the gates' page.
#[utoipa::path(
    operation_id = "gate_pair",
    tag = "gate", security(("pairing" = [])),
    responses((status = 201, body = GatePaired), Refusals, WriteRefusals))]
#[post("/gate/pairing")]
pub async fn pair(
    who: Pairing,
    request: HttpRequest,
    limits: web::Data<Limits>,
    config: web::Data<Config>,
) -> Answer<HttpResponse> {
    address_checked(&request, &limits, &config)?;
    let (app, school, code) = who.parts()?;
    let (token, paired) = gate_devices::pair(app, school, code).await?;
    limits.strangers.given(&token);
    let paired = GatePaired { token, id: paired.device_id, name: paired.name, gate: paired.gate };
    Ok(HttpResponse::Created().json(paired))
}

/// What a device decides by when it hears nothing. To be asked for every few minutes.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateGuide {
    /// The server's clock; a device that is off by more than 30 seconds refuses and says so.
    now: DateTime<Utc>,
    /// Of the rules' hours.
    time_zone: String,
    gate: String,
    zone: String,
    directions: GateDirections,
    failure: GateFailure,
    /// Out of use: nobody passes.
    closed: bool,
    rules: GateRules,
    /// Keys that are good, each with those who are not let through.
    keys: Vec<GateGuideKey>,
    /// Keys that were killed: their codes are worth nothing.
    killed: Vec<String>,
}

/// A public key, and what its codes call people.
#[derive(Debug, Serialize, ToSchema)]
struct GateGuideKey {
    /// Eight hex digits.
    id: String,
    /// Ed25519, base64url.
    public_key: String,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    /// Pseudonyms (base64url) of those who may not come in.
    denied_in: Vec<String>,
    /// … who may not go out.
    denied_out: Vec<String>,
    /// … who have a permit to come in; empty where the gate asks for none.
    permitted_in: Vec<String>,
    /// … to go out.
    permitted_out: Vec<String>,
}

/// What the device decides by when it hears nothing: public keys, rules, and whom not to let through. No name is in it.
#[utoipa::path(
    operation_id = "gate_guide",
    tag = "gate", security(("device" = [])),
    responses((status = 200, body = GateGuide), Refusals))]
#[get("/gate/guide")]
pub async fn guide(who: AtGate, limits: web::Data<Limits>) -> Answer<web::Json<GateGuide>> {
    limits.check_guide(who.device())?;
    let (app, school, token) = who.parts()?;
    let guide = passages::guide(app, school, token).await?;
    let keys = guide.keys.into_iter().map(|key| GateGuideKey {
        id: key.kid,
        public_key: key.public_key,
        from: key.from,
        until: key.until,
        denied_in: key.denied_in,
        denied_out: key.denied_out,
        permitted_in: key.permitted_in,
        permitted_out: key.permitted_out,
    });
    Ok(web::Json(GateGuide {
        now: guide.now,
        time_zone: guide.time_zone,
        gate: guide.gate,
        zone: guide.zone,
        directions: guide.directions.into(),
        failure: guide.failure.into(),
        closed: guide.closed,
        rules: GateRules::of(guide.rules),
        keys: keys.collect(),
        killed: guide.killed,
    }))
}

/// A scan.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GateScan {
    /// The device's own name for it, 8 to 64 letters, digits, _ or -. Sent again, it gets the same answer.
    id: String,
    /// What was scanned.
    code: String,
    direction: GateDirection,
}

/// What becomes of a scan.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateDecision {
    allowed: bool,
    /// Why not.
    reason: Option<GateRefusal>,
    /// The same in Chinese, for the screen.
    message: Option<&'static str>,
    /// What the guard should look at: passback, double, travel, overstayed.
    flags: Vec<String>,
    /// Who it is, where the code says so.
    person: Option<GatePerson>,
    at: DateTime<Utc>,
}

/// Somebody, for the guard's screen.
#[derive(Debug, Serialize, ToSchema)]
struct GatePerson {
    name: String,
    /// Class or department.
    place: Option<String>,
    /// Where their photo is for the next two minutes; null: there is none.
    photo: Option<String>,
    /// 访客: whose guest they are; null: somebody of the school.
    guest: Option<GateGuest>,
}

/// Whose guest a visitor is.
#[derive(Debug, Serialize, ToSchema)]
struct GateGuest {
    /// Who invited them.
    host: String,
    until: DateTime<Utc>,
    reason: String,
    company: Option<String>,
    /// 车牌号
    plate: Option<String>,
}

/// Whether whoever showed this code may pass.
#[utoipa::path(
    operation_id = "gate_scan",
    tag = "gate", security(("device" = [])), request_body = GateScan,
    responses((status = 200, body = GateDecision), Refusals, WriteRefusals))]
#[post("/gate/scans")]
pub async fn scan(who: AtGate, body: Json<GateScan>) -> Answer<web::Json<GateDecision>> {
    let (app, school, token) = who.parts()?;
    let GateScan { id, code, direction } = body.0;
    let wanted = Wanted { id: &id, code: &code, direction: direction.into() };
    let answer = passages::scan(app, school, token, wanted).await?;
    Ok(web::Json(decision(&id, answer)))
}

fn decision(name: &str, answer: passages::Answer) -> GateDecision {
    let person = answer.face.map(|face| GatePerson {
        name: face.name,
        place: face.place,
        photo: face.photo.then(|| format!("/api/v1/gate/scans/{name}/photo")),
        guest: face.guest.map(|guest| GateGuest {
            host: guest.host,
            until: guest.until,
            reason: guest.reason,
            company: guest.company,
            plate: guest.plate,
        }),
    });
    GateDecision {
        allowed: answer.refusal.is_none(),
        reason: answer.refusal.map(GateRefusal::from),
        message: answer.refusal.map(Refusal::title),
        flags: answer.flags,
        person,
        at: answer.at,
    }
}

/// Which way the codes are to lead.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ShownQuery {
    #[param(inline)]
    direction: GateDirection,
}

/// Codes for the next ten minutes, for a gate to show.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateShownCodes {
    /// The server's clock.
    now: DateTime<Utc>,
    /// In order; each is to be shown until the next one.
    codes: Vec<GateShownCode>,
}

/// A code people scan in 企业微信: good for twenty-five seconds, once for each of them.
#[derive(Debug, Serialize, ToSchema)]
struct GateShownCode {
    /// From when it is to be shown.
    from: DateTime<Utc>,
    /// Of this host: the address it opens.
    path: String,
}

/// The other way round: what the gate shows and people scan themselves.
#[utoipa::path(
    operation_id = "gate_shown_codes",
    tag = "gate", security(("device" = [])), params(ShownQuery),
    responses((status = 200, body = GateShownCodes), Refusals))]
#[get("/gate/codes")]
pub async fn codes(who: AtGate, query: Query<ShownQuery>) -> Answer<web::Json<GateShownCodes>> {
    let (app, school, token) = who.parts()?;
    let batch = gate_codes::at_gate(app, school, token, query.0.direction.into()).await?;
    let codes = batch.codes.into_iter().map(|shown| GateShownCode { from: shown.from, path: shown.code });
    Ok(web::Json(GateShownCodes { now: batch.now, codes: codes.collect() }))
}

/// After which scan.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RecentQuery {
    /// `id` of the last one that was shown; 0 or left out: none was.
    #[serde(default)]
    after: i64,
}

/// Scans of a moment ago, the first first.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateRecentList {
    items: Vec<GateRecent>,
}

/// A scan of a moment ago.
#[derive(Debug, Serialize, ToSchema)]
struct GateRecent {
    id: i64,
    #[schema(value_type = GateDirection)]
    direction: &'static str,
    decision: GateDecision,
}

/// Scans at this device within two minutes: whom its code was scanned by, for the guard's screen.
#[utoipa::path(
    operation_id = "gate_recent",
    tag = "gate", security(("device" = [])), params(RecentQuery),
    responses((status = 200, body = GateRecentList), Refusals))]
#[get("/gate/recent")]
pub async fn recent(who: AtGate, query: Query<RecentQuery>) -> Answer<web::Json<GateRecentList>> {
    let (app, school, token) = who.parts()?;
    let recent = passages::recent(app, school, token, query.0.after).await?;
    let items = recent.into_iter().map(|one| GateRecent {
        id: one.id,
        direction: one.direction.as_str(),
        decision: decision(&one.scan, one.answer),
    });
    Ok(web::Json(GateRecentList { items: items.collect() }))
}

/// What I scanned at a gate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnScan {
    /// My own name for it, 8 to 36 letters, digits, _ or -. Sent again, it gets the same answer.
    id: String,
    /// What stands behind `c=` in the address the gate's code opened.
    code: String,
}

/// What becomes of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnDecision {
    allowed: bool,
    /// Why not.
    reason: Option<GateRefusal>,
    /// The same in Chinese.
    message: Option<&'static str>,
    gate: String,
    #[schema(value_type = GateDirection)]
    direction: &'static str,
    /// When it was decided.
    at: DateTime<Utc>,
    /// Our clock: an answer that was given before is no ticket.
    now: DateTime<Utc>,
}

/// Whether I may pass, where I scanned what a gate shows.
#[utoipa::path(
    operation_id = "gate_pass",
    tag = "gate", security(("session" = [])), request_body = OwnScan,
    responses((status = 200, body = OwnDecision), Refusals, WriteRefusals))]
#[post("/me/passages")]
pub async fn pass(who: SignedIn, body: Json<OwnScan>) -> Answer<web::Json<OwnDecision>> {
    let (app, school, viewer) = who.parts()?;
    let passed = passages::pass(app, school, viewer, &body.0.id, &body.0.code).await?;
    Ok(web::Json(OwnDecision {
        allowed: passed.answer.refusal.is_none(),
        reason: passed.answer.refusal.map(GateRefusal::from),
        message: passed.answer.refusal.map(Refusal::title),
        gate: passed.gate,
        direction: passed.direction.as_str(),
        at: passed.answer.at,
        now: app.now(),
    }))
}

/// The photo of whoever was scanned a moment ago. The look is recorded, and the person can read of it.
#[utoipa::path(
    operation_id = "gate_photo",
    tag = "gate", security(("device" = [])), params(("id" = String, Path, description = "of the scan")),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), Refusals))]
#[get("/gate/scans/{id}/photo")]
pub async fn photo(who: AtGate, id: web::Path<String>) -> Answer<HttpResponse> {
    let (app, school, token) = who.parts()?;
    let picture = passages::photo(app, school, token, &id).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "image/jpeg"))
        .insert_header((CACHE_CONTROL, "no-store, private"))
        .body(picture))
}

/// What a device decided by itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GateCarriedList {
    /// At most 100, in any order.
    passages: Vec<GateCarried>,
}

/// A passage a device decided about by itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GateCarried {
    /// The device's own name for it, 8 to 64 letters, digits, _ or -.
    id: String,
    /// What was scanned.
    code: String,
    direction: GateDirection,
    /// When, by the device's clock.
    at: DateTime<Utc>,
    /// Why it was refused; null or left out: allowed.
    #[serde(default)]
    reason: Option<GateRefusal>,
}

/// What was new of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateTaken {
    /// Kept now.
    taken: usize,
    /// Kept before: told again.
    known: usize,
}

/// Takes what a device decided by itself: in any order, late, and again where an answer was lost. Each is kept once.
#[utoipa::path(
    operation_id = "gate_carry",
    tag = "gate", security(("device" = [])), request_body = GateCarriedList,
    responses((status = 200, body = GateTaken), Refusals, WriteRefusals))]
#[post("/gate/passages")]
pub async fn carry(who: AtGate, body: Json<GateCarriedList>) -> Answer<web::Json<GateTaken>> {
    let (app, school, token) = who.parts()?;
    let rows = body.0.passages.into_iter().map(|row| Carried {
        id: row.id,
        code: row.code,
        direction: row.direction.into(),
        at: row.at,
        refusal: row.reason.map(Refusal::from),
    });
    let taken = passages::carry(app, school, token, rows.collect()).await?;
    Ok(web::Json(GateTaken { taken: taken.taken, known: taken.known }))
}
