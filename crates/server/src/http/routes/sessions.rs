//! Where I am signed in, and the end of it.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use app::sessions;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    input::Json,
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::{SESSION, SignedIn},
};

/// Where I am signed in, the last seen first.
#[derive(Debug, Serialize, ToSchema)]
pub struct MySessions {
    items: Vec<MySession>,
}

/// A browser I am signed in with.
#[derive(Debug, Serialize, ToSchema)]
struct MySession {
    /// What it is ended by; it says nothing.
    id: i64,
    #[schema(value_type = SessionChannel)]
    channel: String,
    #[schema(value_type = SessionSystem)]
    system: String,
    #[schema(value_type = SessionBrowser)]
    browser: String,
    signed_in_at: DateTime<Utc>,
    /// To the minute.
    seen_at: DateTime<Utc>,
    /// Ends by itself at the latest; unused for two hours, earlier.
    ends_at: DateTime<Utc>,
    /// Whether it is the one that asks.
    this: bool,
}

/// From where.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "names domain::session::Channel in the document")]
enum SessionChannel {
    /// Inside 企业微信.
    H5,
    /// A browser.
    Pc,
}

/// On what.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "names domain::platform::visit::Client in the document")]
enum SessionSystem {
    Android,
    Ios,
    Windows,
    Mac,
    Other,
}

/// With what.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "names domain::session::Browser in the document")]
enum SessionBrowser {
    /// 企业微信
    Wecom,
    /// 微信
    Wechat,
    Edge,
    Firefox,
    Chrome,
    Safari,
    Other,
}

/// The cookie of the session that asks. Whoever is signed in has one.
pub(super) fn own(request: &HttpRequest) -> Answer<String> {
    let cookie = request.cookie(SESSION).ok_or(app::Error::NotSignedIn)?;
    Ok(cookie.value().to_owned())
}

/// Where I am signed in.
#[utoipa::path(
    operation_id = "sessions_list",
    tag = "me", security(("session" = [])), responses((status = 200, body = MySessions), Refusals))]
#[get("/me/sessions")]
pub async fn list(who: SignedIn, request: HttpRequest) -> Answer<web::Json<MySessions>> {
    let (app, school, viewer) = who.parts()?;
    let known = sessions::list(app, school, viewer, &own(&request)?).await?;
    let items = known.into_iter().map(|session| MySession {
        id: session.session_id,
        channel: session.channel,
        system: session.system,
        browser: session.browser,
        signed_in_at: session.signed_in_at,
        seen_at: session.seen_at,
        ends_at: session.ends_at,
        this: session.this,
    });
    Ok(web::Json(MySessions { items: items.collect() }))
}

/// Ends one of my sessions.
#[utoipa::path(
    operation_id = "sessions_end",
    tag = "me", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[delete("/me/sessions/{id}")]
pub async fn end(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    sessions::end(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How many sessions were ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionsEnded {
    ended: usize,
}

/// Ends all my sessions but this one.
#[utoipa::path(
    operation_id = "sessions_end_others",
    tag = "me", security(("session" = [])),
    responses((status = 200, body = SessionsEnded), Refusals, WriteRefusals))]
#[post("/me/sessions/end-others")]
pub async fn end_others(who: SignedIn, request: HttpRequest) -> Answer<web::Json<SessionsEnded>> {
    let (app, school, viewer) = who.parts()?;
    let ended = sessions::end_others(app, school, viewer, &own(&request)?).await?;
    Ok(web::Json(SessionsEnded { ended }))
}

/// Whose sessions are to end.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndSessions {
    /// As WeCom gives it, whatever the case.
    userid: String,
}

/// Ends all sessions of an account, wherever it is signed in: a phone was lost, or somebody else has it.
#[utoipa::path(
    operation_id = "accounts_end_sessions",
    tag = "accounts", security(("session" = [])), request_body = EndSessions,
    responses((status = 200, body = SessionsEnded), Refusals, WriteRefusals))]
#[post("/accounts/sessions/end")]
pub async fn end_of_account(who: SignedIn, body: Json<EndSessions>) -> Answer<web::Json<SessionsEnded>> {
    let (app, school, viewer) = who.fresh_parts()?;
    let ended = sessions::end_of(app, school, viewer, body.0.userid.trim()).await?;
    Ok(web::Json(SessionsEnded { ended }))
}
