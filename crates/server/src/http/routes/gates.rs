//! Zones, their gates and what each gate asks for.

use actix_web::{HttpResponse, get, post, put, web};
use app::gates::{self, NewGate, NewZone};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use domain::gate::{self as rules, Directions, Failure, ZoneKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    input::Json,
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// What kind of place a zone is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateZoneKind {
    /// 校园
    Campus,
    /// 宿舍
    Dormitory,
    /// 楼宇
    Building,
}

/// Which directions a gate serves.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateDirections {
    /// 只进
    In,
    /// 只出
    Out,
    /// 进出
    Both,
}

/// What a device does that hears nothing from the server.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateFailure {
    /// Lets through whom it can check by itself.
    Closed,
    /// Lets everybody through and keeps a log.
    Open,
}

/// When a permit is needed.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GatePermitNeed {
    /// Never: outside its hours the gate is shut.
    #[default]
    Never,
    /// Outside its hours.
    OutsideHours,
    /// At any time.
    Always,
}

/// A part of the day.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GateHours {
    /// `HH:MM`.
    #[schema(example = "06:00")]
    from: String,
    /// `HH:MM`; earlier than `from`: past midnight.
    #[schema(example = "23:00")]
    until: String,
}

/// What is asked of those who pass in one direction.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct GateNeeds {
    /// Today's report, of whoever is not exempt.
    #[serde(default)]
    report: bool,
    /// No abnormal report today.
    #[serde(default)]
    normal: bool,
    #[serde(default)]
    permit: GatePermitNeed,
}

/// What a gate asks for. Nothing left in: a good code alone.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GateRules {
    /// Codes of the forms whose reports count.
    #[serde(default)]
    forms: Vec<String>,
    /// When it is open; none: always.
    #[serde(default)]
    hours: Vec<GateHours>,
    /// Whether 请假 counts as a permit on its days.
    #[serde(default)]
    leave: bool,
    /// Of those who come in.
    #[serde(default)]
    entering: GateNeeds,
    /// Of those who go out.
    #[serde(default)]
    leaving: GateNeeds,
}

impl From<GateNeeds> for rules::Needs {
    fn from(needs: GateNeeds) -> Self {
        let permit = match needs.permit {
            GatePermitNeed::Never => rules::PermitNeed::Never,
            GatePermitNeed::OutsideHours => rules::PermitNeed::OutsideHours,
            GatePermitNeed::Always => rules::PermitNeed::Always,
        };
        Self { report: needs.report, normal: needs.normal, permit }
    }
}

impl From<rules::Needs> for GateNeeds {
    fn from(needs: rules::Needs) -> Self {
        let permit = match needs.permit {
            rules::PermitNeed::Never => GatePermitNeed::Never,
            rules::PermitNeed::OutsideHours => GatePermitNeed::OutsideHours,
            rules::PermitNeed::Always => GatePermitNeed::Always,
        };
        Self { report: needs.report, normal: needs.normal, permit }
    }
}

impl GateRules {
    /// As the API shows it.
    pub(super) fn of(rules: rules::Rules) -> Self {
        let time = |time: NaiveTime| time.format("%H:%M").to_string();
        let hours = rules.hours.iter();
        Self {
            forms: rules.forms,
            hours: hours
                .map(|hours| GateHours { from: time(hours.from), until: time(hours.until) })
                .collect(),
            leave: rules.leave,
            entering: rules.entering.into(),
            leaving: rules.leaving.into(),
        }
    }

    fn read(self) -> Answer<rules::Rules> {
        let time = |text: &str| {
            let wrong = || app::Error::field("rules.hours", "时间请写成 06:00 的样子");
            NaiveTime::parse_from_str(text, "%H:%M").map_err(|_| wrong())
        };
        let mut hours = Vec::with_capacity(self.hours.len());
        for given in &self.hours {
            hours.push(rules::Hours { from: time(&given.from)?, until: time(&given.until)? });
        }
        Ok(rules::Rules {
            forms: self.forms,
            hours,
            leave: self.leave,
            entering: self.entering.into(),
            leaving: self.leaving.into(),
        })
    }
}

impl From<Directions> for GateDirections {
    fn from(directions: Directions) -> Self {
        match directions {
            Directions::In => Self::In,
            Directions::Out => Self::Out,
            Directions::Both => Self::Both,
        }
    }
}

impl From<Failure> for GateFailure {
    fn from(mode: Failure) -> Self {
        match mode {
            Failure::Closed => Self::Closed,
            Failure::Open => Self::Open,
        }
    }
}

/// The school's zones.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateZoneList {
    items: Vec<GateZone>,
}

/// What gates lead into.
#[derive(Debug, Serialize, ToSchema)]
struct GateZone {
    id: i64,
    name: String,
    /// campus, dormitory or building.
    #[schema(value_type = GateZoneKind)]
    kind: String,
    /// From this day on, coming in while inside (反潜回) is refused; before it, or null: warned of.
    hard_from: Option<NaiveDate>,
}

/// Every zone.
#[utoipa::path(
    operation_id = "gate_zones_list",
    tag = "gate", security(("session" = [])),
    responses((status = 200, body = GateZoneList), Refusals))]
#[get("/gate-zones")]
pub async fn zones(who: SignedIn) -> Answer<web::Json<GateZoneList>> {
    let (app, school, viewer) = who.parts()?;
    let zones = gates::zones(app, school, viewer).await?;
    let items = zones.into_iter().map(|zone| GateZone {
        id: zone.zone_id,
        name: zone.name,
        kind: zone.kind,
        hard_from: zone.hard_from,
    });
    Ok(web::Json(GateZoneList { items: items.collect() }))
}

/// What a zone is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GateZoneDraft {
    /// At most 40 characters.
    name: String,
    kind: GateZoneKind,
    /// From which day on anti-passback refuses; null or left out: it warns.
    #[serde(default)]
    hard_from: Option<NaiveDate>,
}

impl GateZoneDraft {
    fn wanted(&self) -> NewZone<'_> {
        let kind = match self.kind {
            GateZoneKind::Campus => ZoneKind::Campus,
            GateZoneKind::Dormitory => ZoneKind::Dormitory,
            GateZoneKind::Building => ZoneKind::Building,
        };
        NewZone { name: &self.name, kind, hard_from: self.hard_from }
    }
}

/// What was made.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateMade {
    id: i64,
}

/// Makes a zone.
#[utoipa::path(
    operation_id = "gate_zones_create",
    tag = "gate", security(("session" = [])), request_body = GateZoneDraft,
    responses((status = 201, body = GateMade), Refusals, WriteRefusals))]
#[post("/gate-zones")]
pub async fn create_zone(who: SignedIn, body: Json<GateZoneDraft>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let id = gates::add_zone(app, school, viewer, body.0.wanted()).await?;
    Ok(HttpResponse::Created().json(GateMade { id }))
}

/// Changes a zone.
#[utoipa::path(
    operation_id = "gate_zones_change",
    tag = "gate", security(("session" = [])), params(("id" = i64, Path)), request_body = GateZoneDraft,
    responses((status = 204), Refusals, WriteRefusals))]
#[put("/gate-zones/{id}")]
pub async fn change_zone(
    who: SignedIn,
    id: web::Path<i64>,
    body: Json<GateZoneDraft>,
) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    gates::change_zone(app, school, viewer, *id, body.0.wanted()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The school's gates, by zone.
#[derive(Debug, Serialize, ToSchema)]
pub struct GateList {
    items: Vec<Gate>,
}

/// A gate and what it asks for.
#[derive(Debug, Serialize, ToSchema)]
struct Gate {
    id: i64,
    zone: i64,
    zone_name: String,
    name: String,
    /// in, out or both.
    #[schema(value_type = GateDirections)]
    directions: String,
    /// closed or open.
    #[schema(value_type = GateFailure)]
    failure: String,
    rules: GateRules,
    /// Since when it is out of use.
    closed_at: Option<DateTime<Utc>>,
    /// Devices paired with it.
    devices: i64,
}

/// Every gate.
#[utoipa::path(
    operation_id = "gates_list",
    tag = "gate", security(("session" = [])),
    responses((status = 200, body = GateList), Refusals))]
#[get("/gates")]
pub async fn list(who: SignedIn) -> Answer<web::Json<GateList>> {
    let (app, school, viewer) = who.parts()?;
    let mut items = Vec::new();
    for gate in gates::list(app, school, viewer).await? {
        items.push(Gate {
            id: gate.gate_id,
            zone: gate.zone_id,
            zone_name: gate.zone,
            name: gate.name,
            directions: gate.directions,
            failure: gate.failure,
            rules: GateRules::of(gates::rules_of(&gate.rules)?),
            closed_at: gate.closed_at,
            devices: gate.devices,
        });
    }
    Ok(web::Json(GateList { items }))
}

/// What a gate is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GateDraft {
    zone: i64,
    /// At most 40 characters.
    name: String,
    directions: GateDirections,
    failure: GateFailure,
    #[serde(default)]
    rules: GateRules,
    /// Out of use: nobody passes, and no device is paired. Its passages stay.
    #[serde(default)]
    closed: bool,
}

/// A gate as its use cases take it.
fn new_gate(name: &str, draft: GateDraft) -> Answer<NewGate<'_>> {
    let directions = match draft.directions {
        GateDirections::In => Directions::In,
        GateDirections::Out => Directions::Out,
        GateDirections::Both => Directions::Both,
    };
    let failure = match draft.failure {
        GateFailure::Closed => Failure::Closed,
        GateFailure::Open => Failure::Open,
    };
    let (zone, closed) = (draft.zone, draft.closed);
    Ok(NewGate { zone, name, directions, failure, rules: draft.rules.read()?, closed })
}

/// Makes a gate.
#[utoipa::path(
    operation_id = "gates_create",
    tag = "gate", security(("session" = [])), request_body = GateDraft,
    responses((status = 201, body = GateMade), Refusals, WriteRefusals))]
#[post("/gates")]
pub async fn create(who: SignedIn, body: Json<GateDraft>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let name = body.0.name.clone();
    let id = gates::add(app, school, viewer, new_gate(&name, body.0)?).await?;
    Ok(HttpResponse::Created().json(GateMade { id }))
}

/// Changes a gate; its devices learn of it within minutes, and what is decided online at once.
#[utoipa::path(
    operation_id = "gates_change",
    tag = "gate", security(("session" = [])), params(("id" = i64, Path)), request_body = GateDraft,
    responses((status = 204), Refusals, WriteRefusals))]
#[put("/gates/{id}")]
pub async fn change(who: SignedIn, id: web::Path<i64>, body: Json<GateDraft>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let name = body.0.name.clone();
    gates::change(app, school, viewer, *id, new_gate(&name, body.0)?).await?;
    Ok(HttpResponse::NoContent().finish())
}
