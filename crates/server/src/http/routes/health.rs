//! For those who watch the service, and the API's own description.

use std::sync::OnceLock;

use actix_web::{HttpResponse, get, web};
use app::App;

use crate::http::{draining::Draining, openapi};

/// The process lives.
#[get("/healthz")]
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok")
}

/// The process can serve: Postgres answers, and it is not about to end.
#[get("/readyz")]
pub async fn readyz(app: web::Data<App>, draining: web::Data<Draining>) -> HttpResponse {
    if draining.has_begun() {
        return HttpResponse::ServiceUnavailable()
            .content_type("text/plain; charset=utf-8")
            .body("about to end");
    }
    let ready = match app.store().control().await {
        Ok(mut conn) => store::corps::list(&mut conn).await.is_ok(),
        Err(_) => false,
    };
    if ready {
        HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ready")
    } else {
        HttpResponse::ServiceUnavailable()
            .content_type("text/plain; charset=utf-8")
            .body("postgres does not answer")
    }
}

/// The OpenAPI document.
pub async fn openapi() -> HttpResponse {
    static TEXT: OnceLock<String> = OnceLock::new();
    HttpResponse::Ok().content_type("application/json").body(TEXT.get_or_init(openapi::text).clone())
}
