//! Whose account is whose: proposals of the rules, what does not fit, what is left over.

use actix_web::{HttpResponse, delete, get, post, web};
use app::accounts::{self, Side};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    input::{self, Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// What there is to settle between accounts and the roster.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountMatches {
    /// What rules would link, the first 500.
    proposals: Vec<AccountPair>,
    /// What is linked and has another name, the first 500.
    conflicts: Vec<AccountPair>,
}

/// An account and a person.
#[derive(Debug, Serialize, ToSchema)]
struct AccountPair {
    /// Our number for the account.
    id: i64,
    userid: String,
    account_name: Option<String>,
    account_place: Option<String>,
    number: String,
    person_name: String,
    person_place: Option<String>,
    /// name_and_place, name, or linked.
    rule: String,
}

impl From<accounts::Pair> for AccountPair {
    fn from(pair: accounts::Pair) -> Self {
        Self {
            id: pair.member_id,
            userid: pair.userid,
            account_name: pair.account_name,
            account_place: pair.account_place,
            number: pair.number,
            person_name: pair.person_name,
            person_place: pair.person_place,
            rule: pair.rule,
        }
    }
}

/// What rules would link, and what does not fit.
#[utoipa::path(
    operation_id = "accounts_matches",
    tag = "accounts", security(("session" = [])), responses((status = 200, body = AccountMatches), Refusals))]
#[get("/accounts/matches")]
pub async fn matches(who: SignedIn) -> Answer<web::Json<AccountMatches>> {
    let (app, school, viewer) = who.parts()?;
    let found = accounts::matches(app, school, viewer).await?;
    Ok(web::Json(AccountMatches {
        proposals: found.proposals.into_iter().map(AccountPair::from).collect(),
        conflicts: found.conflicts.into_iter().map(AccountPair::from).collect(),
    }))
}

/// Which side is left over.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AccountSide)]
pub enum SideDto {
    /// Accounts of nobody.
    Accounts,
    /// Persons without an account.
    Persons,
}

/// Which leftovers.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct LeftoverQuery {
    /// Which side.
    #[param(inline)]
    side: SideDto,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// What is left over, by userid or number.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeftoverList {
    items: Vec<Leftover>,
    next_cursor: Option<String>,
}

/// An account of nobody, or a person without one.
#[derive(Debug, Serialize, ToSchema)]
struct Leftover {
    id: i64,
    /// Userid or number.
    subject: String,
    name: Option<String>,
    place: Option<String>,
}

/// What no rule covers.
#[utoipa::path(
    operation_id = "accounts_leftovers",
    tag = "accounts", security(("session" = [])), params(LeftoverQuery),
    responses((status = 200, body = LeftoverList), Refusals))]
#[get("/accounts/leftovers")]
pub async fn leftovers(who: SignedIn, query: Query<LeftoverQuery>) -> Answer<web::Json<LeftoverList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let side = match query.0.side {
        SideDto::Accounts => Side::Accounts,
        SideDto::Persons => Side::Persons,
    };
    let page = accounts::leftovers(app, school, viewer, side, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|row| Leftover {
        id: row.id,
        subject: row.subject,
        name: row.name,
        place: row.place,
    });
    Ok(web::Json(LeftoverList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// Which accounts are whose.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountLinks {
    /// At most 500.
    links: Vec<AccountLink>,
}

/// An account and its person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AccountLink {
    userid: String,
    /// Student or staff number.
    number: String,
}

/// How many were linked.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountsLinked {
    /// A pair of which either side is taken by now is passed over.
    linked: usize,
}

/// Links accounts to their persons.
#[utoipa::path(
    operation_id = "accounts_link",
    tag = "accounts", security(("session" = [])), request_body = AccountLinks,
    responses((status = 200, body = AccountsLinked), Refusals, WriteRefusals))]
#[post("/accounts/links")]
pub async fn link(who: SignedIn, body: Json<AccountLinks>) -> Answer<web::Json<AccountsLinked>> {
    // Whoever gets a person gets their grants.
    let (app, school, viewer) = who.fresh_parts()?;
    if body.0.links.is_empty() || body.0.links.len() > 500 {
        return Err(app::Error::field("links", "一次请关联 1 到 500 个账号").into());
    }
    let pairs: Vec<_> = body.0.links.into_iter().map(|link| (link.userid, link.number)).collect();
    let linked = accounts::link(app, school, viewer, &pairs).await?;
    Ok(web::Json(AccountsLinked { linked }))
}

/// Takes an account from its person; not where its userid is the person's number.
#[utoipa::path(
    operation_id = "accounts_unlink",
    tag = "accounts", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[delete("/accounts/{id}/link")]
pub async fn unlink(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.fresh_parts()?;
    accounts::unlink(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
