//! Beds and who sleeps in them from a file: looked at first, then imported.

use actix_web::{
    HttpResponse, get,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    post, web,
};
use app::residences::list;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::roster::{RosterError, RosterHeading, told};
use crate::http::{
    body::{File, LIST_LIMIT},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// What a list does, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResidenceListOutcome {
    headings: Vec<RosterHeading>,
    rows: usize,
    /// Beds that were not known.
    beds_added: usize,
    moved_in: usize,
    /// From one bed to another.
    moved: usize,
    moved_out: usize,
    /// People who are where the list says already.
    unchanged: usize,
    /// The first 500 wrong cells; nothing is written while there is one.
    errors: Vec<RosterError>,
    error_count: usize,
}

impl From<list::Outcome> for ResidenceListOutcome {
    fn from(outcome: list::Outcome) -> Self {
        Self {
            headings: outcome.headings.into_iter().map(RosterHeading::from).collect(),
            rows: outcome.rows,
            beds_added: outcome.beds_added,
            moved_in: outcome.moved_in,
            moved: outcome.moved,
            moved_out: outcome.moved_out,
            unchanged: outcome.unchanged,
            error_count: outcome.errors.len(),
            errors: told(outcome.errors),
        }
    }
}

/// Looks at a list (.xlsx or CSV) without writing anything.
#[utoipa::path(
    operation_id = "residences_preview",
    tag = "residences", security(("session" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = ResidenceListOutcome), Refusals, WriteRefusals))]
#[post("/residences/list/preview")]
pub async fn preview(who: SignedIn, body: File) -> Answer<web::Json<ResidenceListOutcome>> {
    let (app, school, viewer) = who.parts()?;
    list::may_bring(viewer)?;
    let (file, _place) = body.read(&who, LIST_LIMIT).await?;
    let outcome = list::take(app, school, viewer, file, false).await?;
    Ok(web::Json(outcome.into()))
}

/// Imports a list: all of it, or nothing. A row without a number says that there is such a bed; who is not in the list stays
/// where they are. Can be undone among the imports.
#[utoipa::path(
    operation_id = "residences_import",
    tag = "residences", security(("session" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "the file, at most 20 MiB"),
    responses((status = 200, body = ResidenceListOutcome), Refusals, WriteRefusals))]
#[post("/residences/list")]
pub async fn import(who: SignedIn, body: File) -> Answer<web::Json<ResidenceListOutcome>> {
    let (app, school, viewer) = who.parts()?;
    list::may_bring(viewer)?;
    let (file, _place) = body.read(&who, LIST_LIMIT).await?;
    let outcome = list::take(app, school, viewer, file, true).await?;
    Ok(web::Json(outcome.into()))
}

/// An empty list to be filled in, as CSV for Excel.
#[utoipa::path(
    operation_id = "residences_template",
    tag = "residences", security(("session" = [])),
    responses((status = 200, body = String, content_type = "text/csv"), Refusals))]
#[get("/residences/template")]
pub async fn template(who: SignedIn) -> Answer<HttpResponse> {
    who.parts()?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=\"residences.csv\""))
        .body(list::template()))
}
