//! WeCom's callbacks: the path names the school and the app.

use actix_web::{HttpResponse, get, post, web};
use app::App;
use wecom::callback::Query as Signed;

use crate::http::{
    input::Query,
    problem::{Answer, Failure},
};

/// Every refusal looks the same: who forges learns nothing.
fn refused(error: app::Error) -> Failure {
    match error {
        app::Error::Forbidden | app::Error::NotFound => Failure::http("callback_refused"),
        other => other.into(),
    }
}

/// The signed part of the address; one that is incomplete is refused like a forged one.
type MaybeSigned = Result<Query<Signed>, Failure>;

fn complete(query: MaybeSigned) -> Answer<Signed> {
    query.map(|query| query.0).map_err(|_| refused(app::Error::Forbidden))
}

/// Proves the address (doc 90930): the bare plaintext.
#[get("/wecom/{corp}/callback/{app}")]
pub async fn verify(
    app: web::Data<App>,
    path: web::Path<(i32, String)>,
    query: MaybeSigned,
) -> Answer<HttpResponse> {
    let (corp, name) = path.into_inner();
    let text = app::callback::verify(&app, corp, &name, &complete(query)?).map_err(refused)?;
    Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text))
}

/// Takes a message: kept, then an empty 200.
#[post("/wecom/{corp}/callback/{app}")]
pub async fn receive(
    app: web::Data<App>,
    path: web::Path<(i32, String)>,
    query: MaybeSigned,
    body: web::Bytes,
) -> Answer<HttpResponse> {
    let (corp, name) = path.into_inner();
    let body = std::str::from_utf8(&body).map_err(|_| refused(app::Error::Forbidden))?;
    app::callback::receive(&app, corp, &name, &complete(query)?, body).await.map_err(refused)?;
    Ok(HttpResponse::Ok().finish())
}
