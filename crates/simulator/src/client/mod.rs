//! A small 企业微信 in a browser: choose a person, see their workbench and messages, open the app as they would.

mod bubble;
mod card;
pub mod choose;
pub mod own;
pub mod page;

mod contacts;
mod markup;
mod messages;
mod tile;
mod workbench;

use actix_web::cookie::Cookie;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::web::{self, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

use crate::api::oauth::Visitor;
use crate::corps::Here;
use crate::directory::Member;
use crate::sign_in;
use crate::world::World;

/// The addresses.
pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(choose::home))
        .route("/choose", web::get().to(choose::take))
        .route("/roster", web::get().to(own::show))
        .route("/roster", web::post().to(own::bring))
        .route("/roster/forget", web::post().to(own::forget))
        .route("/roster/state", web::get().to(own::state))
        .route("/roster/people.csv", web::get().to(own::people))
        .route("/roster/grants.csv", web::get().to(own::grants))
        .route("/client/messages", web::get().to(messages::list))
        .route("/client/messages/app", web::get().to(messages::conversation))
        .route("/client/messages/click", web::post().to(card::click))
        .route("/client/messages/menu", web::post().to(messages::tap))
        .route("/client/messages/say", web::post().to(card::say))
        .route("/client/contacts", web::get().to(contacts::browse))
        .route("/client/workbench", web::get().to(workbench::show))
        .route("/client/app", web::get().to(workbench::enter))
        .route("/client/open", web::get().to(workbench::open))
        .route("/client/me", web::get().to(workbench::me))
        .route("/client/unread", web::get().to(unread))
        .route("/assets/client.css", web::get().to(|| asset("text/css", include_str!("client.css"))))
        .route("/assets/client.js", web::get().to(|| asset("text/javascript", include_str!("client.js"))));
}

async fn asset(kind: &str, text: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(format!("{kind}; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(text)
}

/// The member whose client it is. Who is none is sent to the first page, to choose.
fn own<'a>(request: &HttpRequest, world: &'a World) -> Option<&'a Member> {
    match sign_in::visitor(request, world)? {
        Visitor::Member(userid) => world.directory.member(&userid),
        Visitor::Outsider => None,
    }
}

/// How many messages wait, for the script that watches.
async fn unread(request: HttpRequest, shared: Here) -> HttpResponse {
    let world = shared.read();
    match own(&request, &world) {
        Some(member) => HttpResponse::Ok().json(json!({ "unread": world.messages.unread(&member.userid) })),
        None => go("/"),
    }
}

pub fn go(to: &str) -> HttpResponse {
    HttpResponse::build(StatusCode::SEE_OTHER).insert_header((LOCATION, to)).finish()
}

fn go_as(to: &str, corp: &str, cookie: Cookie<'static>) -> HttpResponse {
    HttpResponse::build(StatusCode::SEE_OTHER)
        .insert_header((LOCATION, to))
        .cookie(cookie)
        .cookie(sign_in::corp_cookie(corp))
        .finish()
}

#[derive(Deserialize)]
pub struct Search {
    #[serde(default)]
    q: String,
}

type SearchQuery = Query<Search>;
