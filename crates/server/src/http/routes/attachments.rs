//! Pictures that answers show.

use actix_web::{
    HttpResponse, delete, get,
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    post, web,
};
use app::attachments;
use domain::attachment::MAX_FILE;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    body::File,
    input::Query,
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// What the picture is for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AttachmentQuery {
    /// The form's code.
    form: String,
    /// 代报: for this person's answers.
    person: Option<i64>,
}

/// A picture that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttachmentTaken {
    /// What the answers say.
    #[schema(example = "0123456789abcdef0123456789abcdef")]
    id: String,
}

/// Takes a picture (JPEG or PNG) for answers to a form. It is decoded and encoded anew, at most 1600 pixels wide and high,
/// without what the camera wrote into it. One that no report shows within a day is forgotten; at most 20 wait.
#[utoipa::path(
    operation_id = "attachments_create",
    tag = "reports", security(("session" = [])), params(AttachmentQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the picture, at most 12 MiB"),
    responses((status = 201, body = AttachmentTaken), Refusals, WriteRefusals))]
#[post("/attachments")]
pub async fn create(who: SignedIn, query: Query<AttachmentQuery>, body: File) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let AttachmentQuery { form, person } = query.0;
    let owner = attachments::may_send(app, school, viewer, &form, person).await?;
    let (file, _place) = body.read(&who, MAX_FILE).await?;
    let id = attachments::take(app, school, viewer, owner, file).await?;
    Ok(HttpResponse::Created().json(AttachmentTaken { id }))
}

/// A picture: of my own answers, or of somebody's whose answers I may see; then the look is on record.
#[utoipa::path(
    operation_id = "attachments_get",
    tag = "reports", security(("session" = [])), params(("id" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"), Refusals))]
#[get("/attachments/{id}")]
pub async fn get(who: SignedIn, id: web::Path<String>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let picture = if let Some(own) = attachments::own(app, school, viewer, &id).await? {
        own
    } else {
        let (app, school, viewer) = who.recent_parts()?;
        attachments::look(app, school, viewer, &id).await?
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "image/jpeg"))
        .insert_header((CACHE_CONTROL, "no-store, private"))
        .body(picture))
}

/// Takes back a picture I sent, as long as no report shows it.
#[utoipa::path(
    operation_id = "attachments_delete",
    tag = "reports", security(("session" = [])), params(("id" = String, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[delete("/attachments/{id}")]
pub async fn remove(who: SignedIn, id: web::Path<String>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    attachments::remove(app, school, viewer, &id).await?;
    Ok(HttpResponse::NoContent().finish())
}
