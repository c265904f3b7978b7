//! 邀请激活: WeCom invites those who are not activated.

use actix_web::{HttpResponse, get, post, web};
use app::invitations::{self, Wanted};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::registration::{Kind, kind};
use crate::http::{
    input::{self, IdempotencyKey, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    /// Only these, 1 to 1000; null or left out: everybody of mine who is not activated.
    people: Option<Vec<i64>>,
    /// Only those under this department.
    department: Option<i32>,
    /// Only students, or only staff.
    kind: Option<Kind>,
}

/// A round of invitations.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationRoundMade {
    id: i64,
    /// People in it, those included who can't be invited today.
    people: usize,
}

/// Has WeCom invite people, each at most once a day. The results come by the round.
#[utoipa::path(
    operation_id = "invitations_create",
    tag = "registration", security(("session" = [])),
    params(("Idempotency-Key" = String, Header, description = "8 to 64 letters, digits, _ or -")),
    request_body = Invite, responses((status = 202, body = InvitationRoundMade), Refusals, WriteRefusals))]
#[post("/registration/invitations")]
pub async fn create(who: SignedIn, key: IdempotencyKey, body: Json<Invite>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let wanted =
        Wanted { people: body.0.people.as_deref(), department: body.0.department, kind: kind(body.0.kind) };
    let (id, people) = invitations::invite(app, school, viewer, &key.0, wanted).await?;
    Ok(HttpResponse::Accepted().json(InvitationRoundMade { id, people }))
}

/// What became of a round.
#[derive(Debug, Serialize, ToSchema)]
pub struct InvitationRound {
    id: i64,
    at: DateTime<Utc>,
    counts: Vec<InvitationCount>,
    /// Those whom I may see one by one.
    items: Vec<Invitation>,
    next_cursor: Option<String>,
}

/// People in one state.
#[derive(Debug, Serialize, ToSchema)]
struct InvitationCount {
    /// waiting, trying, invited, invalid, already, no_account, unknown or failed.
    state: String,
    people: i64,
}

/// What became of one person.
#[derive(Debug, Serialize, ToSchema)]
struct Invitation {
    person: i64,
    number: String,
    name: String,
    /// waiting, trying, invited, invalid (unknown to WeCom), already (invited today, or activated meanwhile), no_account,
    /// unknown (WeCom's answer was lost) or failed.
    state: String,
    /// Why, and what to do.
    message: Option<String>,
}

/// A round of my own, with a result for each person.
#[utoipa::path(
    operation_id = "invitations_get",
    tag = "registration", security(("session" = [])), params(("id" = i64, Path), PageQuery),
    responses((status = 200, body = InvitationRound), Refusals))]
#[get("/registration/invitations/{id}")]
pub async fn get(
    who: SignedIn,
    id: web::Path<i64>,
    query: Query<PageQuery>,
) -> Answer<web::Json<InvitationRound>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let after = paging.after.as_deref();
    let result = invitations::result(app, school, viewer, *id, after, paging.limit).await?;
    let counts = result.counts.into_iter().map(|(state, people)| InvitationCount { state, people });
    let items = result.page.items.into_iter().map(|row| Invitation {
        person: row.person_id,
        number: row.number,
        name: row.name,
        state: row.state,
        message: row.message,
    });
    Ok(web::Json(InvitationRound {
        id: *id,
        at: result.at,
        counts: counts.collect(),
        items: items.collect(),
        next_cursor: paging.cursor(result.page.next)?,
    }))
}
