//! 告知书: what people are told before they answer, and whether they agree.

use actix_web::{HttpResponse, delete, get, post, web};
use app::privacy_notices::{self, Draft};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{
    input::{self, Json, PageQuery, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// What I am told, and whether I agreed.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyNotice {
    /// Null: there is nothing I am to agree to.
    notice: Option<PrivacyNotice>,
    /// When I agreed to it; null: I have not, or took it back.
    agreed_at: Option<DateTime<Utc>>,
    /// Whether the school has still to publish one, before which it takes no answer to anything sensitive.
    missing: bool,
    /// What taking my word back would do; null: no word of mine stands, to this version or one before.
    withdrawal: Option<Withdrawal>,
}

/// What becomes of what I answered when I take my word back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Withdrawal {
    /// It stays as long as all answers.
    Keeps,
    /// What I answered under my consent is erased from an hour later on.
    Erases,
}

/// The version that holds.
#[derive(Debug, Serialize, ToSchema)]
struct PrivacyNotice {
    version: i32,
    text: String,
    legal_basis: String,
    published_at: DateTime<Utc>,
}

/// What I am told before I answer, and whether I agreed.
#[utoipa::path(
    operation_id = "privacy_notices_mine",
    tag = "me", security(("session" = [])), responses((status = 200, body = MyNotice), Refusals))]
#[get("/me/privacy-notice")]
pub async fn mine(who: SignedIn) -> Answer<web::Json<MyNotice>> {
    let (app, school, viewer) = who.parts()?;
    let Some(standing) = privacy_notices::standing(app, school, viewer).await? else {
        let missing = viewer.person.is_some() && !school.answers_without_notice;
        return Ok(web::Json(MyNotice { notice: None, agreed_at: None, missing, withdrawal: None }));
    };
    let notice = standing.notice;
    let notice = PrivacyNotice {
        version: notice.version,
        text: notice.text,
        legal_basis: notice.legal_basis,
        published_at: notice.published_at,
    };
    let withdrawal = standing.withdrawal.map(|withdrawal| match withdrawal {
        privacy_notices::Withdrawal::Keeps => Withdrawal::Keeps,
        privacy_notices::Withdrawal::Erases => Withdrawal::Erases,
    });
    Ok(web::Json(MyNotice {
        notice: Some(notice),
        agreed_at: standing.agreed_at,
        missing: false,
        withdrawal,
    }))
}

/// To what I agree.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoticeAgreement {
    /// The version I read.
    version: i32,
    locale: NoticeLocale,
}

/// The language of the page I read it on.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
enum NoticeLocale {
    #[serde(rename = "zh-CN")]
    Chinese,
    #[serde(rename = "en")]
    English,
}

/// I agree to the version that holds. Once more does nothing.
#[utoipa::path(
    operation_id = "privacy_notices_agree",
    tag = "me", security(("session" = [])), request_body = NoticeAgreement,
    responses((status = 204), Refusals, WriteRefusals))]
#[post("/me/privacy-notice/agreement")]
pub async fn agree(who: SignedIn, body: Json<NoticeAgreement>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let locale = match body.0.locale {
        NoticeLocale::Chinese => "zh-CN",
        NoticeLocale::English => "en",
    };
    privacy_notices::agree(app, school, viewer, body.0.version, locale).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// I take it back: I am asked again before my next answer. Where the notice rests on consent, what I answered to forms with sensitive
/// questions is erased from an hour later on unless I agree again; otherwise it stays as long as all answers do. Wants a fresh sign-in.
#[utoipa::path(
    operation_id = "privacy_notices_withdraw",
    tag = "me", security(("session" = [])), responses((status = 204), Refusals, WriteRefusals))]
#[delete("/me/privacy-notice/agreement")]
pub async fn withdraw(who: SignedIn) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.fresh_parts()?;
    privacy_notices::withdraw(app, school, viewer).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Versions, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct PrivacyNoticeList {
    items: Vec<PublishedNotice>,
    next_cursor: Option<String>,
}

/// A version, and how many agree to it.
#[derive(Debug, Serialize, ToSchema)]
struct PublishedNotice {
    version: i32,
    text: String,
    legal_basis: String,
    /// Whether that is the consent of people.
    rests_on_consent: bool,
    published_at: DateTime<Utc>,
    /// Who published it.
    by: String,
    /// How many agree to it.
    agreed: i64,
}

/// Every version.
#[utoipa::path(
    operation_id = "privacy_notices_list",
    tag = "privacy-notices", security(("session" = [])), params(PageQuery),
    responses((status = 200, body = PrivacyNoticeList), Refusals))]
#[get("/privacy-notices")]
pub async fn list(who: SignedIn, query: Query<PageQuery>) -> Answer<web::Json<PrivacyNoticeList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let page = privacy_notices::list(app, school, viewer, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(|row| PublishedNotice {
        version: row.version,
        text: row.text,
        legal_basis: row.legal_basis,
        rests_on_consent: row.rests_on_consent,
        published_at: row.published_at,
        by: row.by_name,
        agreed: row.agreed,
    });
    Ok(web::Json(PrivacyNoticeList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// A version to be published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPrivacyNotice {
    /// The version that holds until now; 0: there is none.
    after: i32,
    /// At most 5000 characters.
    text: String,
    /// At most 500 characters.
    legal_basis: String,
    /// Whether that is the consent of people: whoever takes it back has what they answered erased.
    rests_on_consent: bool,
}

/// The version that holds now.
#[derive(Debug, Serialize, ToSchema)]
pub struct PrivacyNoticeMade {
    version: i32,
}

/// Publishes a version. Everybody is asked anew.
#[utoipa::path(
    operation_id = "privacy_notices_publish",
    tag = "privacy-notices", security(("session" = [])), request_body = NewPrivacyNotice,
    responses((status = 201, body = PrivacyNoticeMade), Refusals, WriteRefusals))]
#[post("/privacy-notices")]
pub async fn publish(who: SignedIn, body: Json<NewPrivacyNotice>) -> Answer<HttpResponse> {
    // Until they have agreed nobody answers what is sensitive.
    let (app, school, viewer) = who.fresh_parts()?;
    let NewPrivacyNotice { after, text, legal_basis, rests_on_consent } = &body.0;
    let draft = Draft { after: *after, text, legal_basis, rests_on_consent: *rests_on_consent };
    let version = privacy_notices::publish(app, school, viewer, draft).await?;
    Ok(HttpResponse::Created().json(PrivacyNoticeMade { version }))
}
