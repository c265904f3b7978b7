//! The embedded pages. H5, admin and gate are single-page applications: a path of theirs that is no file is their index.

use std::borrow::Cow;

use ::web::{APPLICATIONS, Asset};
use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{Method, header},
    web,
};

use crate::{
    config::Config,
    http::{not_found, problem::Answer, who::AtSchool},
};

/// A file WeCom looks for to prove a domain is the school's (doc 91335).
#[get("/WW_verify_{token:[A-Za-z0-9]{16}}.txt")]
pub async fn verify_file(
    at: AtSchool,
    request: HttpRequest,
    config: web::Data<Config>,
) -> Answer<HttpResponse> {
    let corp = at.school()?.corp();
    let name = request.path().trim_start_matches('/');
    let school = config.schools.iter().find(|school| school.corp_id == corp);
    match school.and_then(|school| school.verify_files.get(name)) {
        Some(content) => {
            Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(content.clone()))
        }
        None => Err(app::Error::NotFound.into()),
    }
}

/// Any other path: a page, or nothing.
pub async fn page(request: HttpRequest) -> Answer<HttpResponse> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return not_found().await;
    }
    let path = request.path();
    if path == "/" {
        let to = if is_phone(&request) { "/h5/" } else { "/admin/" };
        return Ok(HttpResponse::Found().insert_header((header::LOCATION, to)).finish());
    }
    let application = APPLICATIONS.into_iter().find(|application| {
        path.strip_prefix('/')
            .is_some_and(|path| path == *application || path.starts_with(&format!("{application}/")))
    });
    let Some(application) = application else { return not_found().await };
    let file = path.trim_start_matches('/');
    if let Some(asset) = ::web::asset(file) {
        return Ok(answer(&request, asset));
    }
    // A missing file with an ending is missing; anything else is a place inside the application.
    if file.rsplit('/').next().is_some_and(|name| name.contains('.')) {
        return not_found().await;
    }
    match ::web::asset(&format!("{application}/index.html")) {
        Some(index) => Ok(answer(&request, index)),
        None => not_found().await,
    }
}

fn answer(request: &HttpRequest, asset: Asset) -> HttpResponse {
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|tag| tag.to_str().ok());
    // Names of built files carry a hash of their content; the index does not.
    let cache = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    if known == Some(asset.etag.as_str()) {
        return HttpResponse::NotModified().insert_header((header::ETAG, asset.etag)).finish();
    }
    let mut response = HttpResponse::Ok();
    response
        .content_type(asset.content_type)
        .insert_header((header::CACHE_CONTROL, cache))
        .insert_header((header::ETAG, asset.etag));
    match asset.bytes {
        Cow::Borrowed(bytes) => response.body(bytes),
        Cow::Owned(bytes) => response.body(bytes),
    }
}

fn is_phone(request: &HttpRequest) -> bool {
    let agent =
        request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    ["Mobile", "Android", "iPhone"].iter().any(|word| agent.contains(word))
}
