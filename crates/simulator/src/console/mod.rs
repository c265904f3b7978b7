//! 管理后台: a small admin console of the corp in a browser. What it changes, WeCom tells the app of, as when an administrator
//! clicks in the real one.

mod app;
mod contacts;
mod exports;
mod faults;
mod log;
mod page;
mod receiving;
mod usage;

use actix_web::HttpResponse;
use actix_web::web::{self, ServiceConfig};

use crate::client::go;

/// The addresses.
pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/console", web::get().to(|| async { go("/console/contacts") }))
        .route("/console/contacts", web::get().to(contacts::show))
        .route("/console/contacts/departments", web::post().to(contacts::add_department))
        .route("/console/contacts/departments/{id}", web::post().to(contacts::change_department))
        .route("/console/contacts/departments/{id}/delete", web::post().to(contacts::remove_department))
        .route("/console/contacts/members", web::post().to(contacts::add_member))
        .route("/console/contacts/members/{userid}", web::get().to(contacts::member))
        .route("/console/contacts/members/{userid}", web::post().to(contacts::change_member))
        .route("/console/contacts/members/{userid}/delete", web::post().to(contacts::remove_member))
        .route("/console/app", web::get().to(app::show))
        .route("/console/app/range", web::post().to(app::set_range))
        .route("/console/app/trusted-ips", web::post().to(app::set_trusted_ips))
        .route("/console/app/products", web::post().to(app::set_products))
        .route("/console/app/state", web::post().to(app::set_state))
        .route("/console/receiving", web::get().to(receiving::show))
        .route("/console/receiving/{receiver}", web::post().to(receiving::save))
        .route("/console/usage", web::get().to(usage::show))
        .route("/console/usage/figures.csv", web::get().to(exports::figures))
        .route("/console/usage/members.csv", web::get().to(exports::members))
        .route("/console/log", web::get().to(log::show))
        .route("/console/faults", web::get().to(faults::show))
        .route("/console/faults", web::post().to(faults::order))
        .route("/console/faults/end", web::post().to(faults::end))
        .route("/console/faults/clock", web::post().to(faults::advance))
        .route("/console/faults/tokens", web::post().to(faults::invalidate))
        .route("/console/faults/reset", web::post().to(faults::reset))
        .route("/assets/console.css", web::get().to(style));
}

async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header(("cache-control", "no-cache"))
        .body(include_str!("console.css"))
}
