//! Applications for leave, or to leave the grounds, by hand: made, granted, withdrawn; with the event that tells of it.

use actix_web::web::{Json, Path};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Wrong};
use crate::api::approval::{Form, Leave};
use crate::corps::Here;
use crate::event::Event;

/// Somebody asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    userid: String,
    /// `leave`, unless `outing` is said.
    #[serde(default)]
    form: Form,
    begin: DateTime<Utc>,
    end: DateTime<Utc>,
    /// By half days: the end is when the last one begins.
    #[serde(default)]
    half_days: bool,
    /// When it was asked for; now if left out.
    asked: Option<DateTime<Utc>>,
    /// 1 waiting, unless said otherwise.
    #[serde(default = "waiting")]
    status: u64,
}

fn waiting() -> u64 {
    1
}

/// `{"userid", "begin", "end"}`: an application, and its number.
pub async fn file(asked: Json<Asked>, shared: Here) -> Answer {
    let asked = asked.into_inner();
    let (event, answer) = {
        let mut world = shared.write();
        let member = world.directory.member(&asked.userid);
        let userid = member.map(|member| member.userid.clone());
        let userid = userid.ok_or_else(|| Wrong::missing(format!("no member {}", asked.userid)))?;
        let at = asked.asked.unwrap_or_else(|| world.now()).timestamp();
        let leave = world.applications.file(Leave {
            form: asked.form,
            sp_no: String::new(),
            asked: at,
            userid,
            status: asked.status,
            begin: asked.begin.timestamp(),
            end: asked.end.timestamp(),
            half_days: asked.half_days,
            kind: "事假".into(),
        });
        (told(leave), json!({ "sp_no": leave.sp_no, "template_id": leave.form.template() }))
    };
    shared.send(vec![event]);
    Ok(Json(answer))
}

/// What becomes of an application.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// 2 granted, 3 refused, 6 withdrawn after it was granted, 7 deleted.
    status: u64,
}

/// `{"status"}`: another status.
pub async fn decide(sp_no: Path<String>, decision: Json<Decision>, shared: Here) -> Answer {
    let event = {
        let mut world = shared.write();
        let leave = world.applications.decide(&sp_no, decision.status);
        told(leave.ok_or_else(|| Wrong::missing(format!("no approval {sp_no}")))?)
    };
    shared.send(vec![event]);
    Ok(Json(json!({ "sp_no": *sp_no, "status": decision.status })))
}

fn told(leave: &Leave) -> Event {
    Event::approval(&leave.sp_no, leave.status, leave.form.template(), &leave.userid, leave.asked)
}
