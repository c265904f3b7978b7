//! WeCom's callbacks: the path names the school and the app.

use actix_web::{HttpResponse, ResponseError, get, post, web};
use app::App;
use wecom::callback::Query as Signed;

use crate::http::{
    body::Small,
    input::Query,
    problem::{Answer, Failure},
};

/// Every refusal looks the same: who forges learns nothing. It is an answer and not an error, of which the log would have a line
/// each: what there is to say the use case says, however many they are.
fn refused(error: app::Error) -> Answer<HttpResponse> {
    match error {
        app::Error::Forbidden | app::Error::NotFound => {
            Ok(Failure::http("callback_refused").error_response())
        }
        other => Err(other.into()),
    }
}

/// The signed part of the address; one that is incomplete is refused like a forged one.
type MaybeSigned = Result<Query<Signed>, Failure>;

/// Proves the address (doc 90930): the bare plaintext.
#[get("/wecom/{corp}/callback/{app}")]
pub async fn verify(
    app: web::Data<App>,
    path: web::Path<(i32, String)>,
    query: MaybeSigned,
) -> Answer<HttpResponse> {
    let (corp, name) = path.into_inner();
    let Ok(Query(query)) = query else { return refused(app::Error::Forbidden) };
    match app::callback::verify(&app, corp, &name, &query) {
        Ok(text) => Ok(HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)),
        Err(error) => refused(error),
    }
}

/// Takes a message: kept, then an empty 200.
#[post("/wecom/{corp}/callback/{app}")]
pub async fn receive(
    app: web::Data<App>,
    path: web::Path<(i32, String)>,
    query: MaybeSigned,
    body: Small,
) -> Answer<HttpResponse> {
    let (corp, name) = path.into_inner();
    let (Ok(Query(query)), Ok(body)) = (query, std::str::from_utf8(&body.0)) else {
        return refused(app::Error::Forbidden);
    };
    match app::callback::receive(&app, corp, &name, &query, body).await {
        Ok(()) => Ok(HttpResponse::Ok().finish()),
        Err(error) => refused(error),
    }
}
