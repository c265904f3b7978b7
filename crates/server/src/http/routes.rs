//! Every route, in one place.

pub mod access_log;
pub mod accounts;
pub mod auth;
pub mod callbacks;
pub mod dto;
pub mod exemptions;
pub mod forms;
pub mod health;
pub mod jssdk;
pub mod me;
pub mod pages;
pub mod people;
pub mod registration;
pub mod reminder_rules;
pub mod reminders;
pub mod reports;
pub mod roster;
pub mod statistics;
pub mod statuses;
pub mod sync_runs;
pub mod unreported;
pub mod write_plans;

use actix_web::web;
use utoipa_actix_web::{scope, service_config::ServiceConfig};

/// The JSON API: what docs/openapi.json describes.
pub fn api(config: &mut ServiceConfig<'_>) {
    config.service(
        scope("/api/v1")
            .service(me::get)
            .service(jssdk::get)
            .service(access_log::list)
            .service(forms::list)
            .service(forms::get)
            .service(reports::create)
            .service(reports::list)
            .service(reports::revisions)
            .service(statistics::people)
            .service(statistics::explain)
            .service(statistics::table)
            .service(unreported::list)
            .service(people::reveal_phone)
            .service(reminders::create)
            .service(reminders::get)
            .service(reminder_rules::list)
            .service(exemptions::list)
            .service(exemptions::create)
            .service(exemptions::template)
            .service(exemptions::preview)
            .service(exemptions::import)
            .service(exemptions::revoke)
            .service(statuses::list)
            .service(statuses::create)
            .service(statuses::correct_stay)
            .service(statuses::correct_place)
            .service(statuses::revoke)
            .service(statuses::preview)
            .service(statuses::import)
            .service(statuses::preview_numbers)
            .service(statuses::import_numbers)
            .service(statuses::template)
            .service(statuses::preview_graduation)
            .service(statuses::graduate)
            .service(statuses::departments)
            .service(statuses::timeline)
            .service(registration::table)
            .service(registration::not_activated)
            .service(roster::preview)
            .service(roster::import)
            .service(roster::template)
            .service(roster::imports)
            .service(roster::undo)
            .service(accounts::matches)
            .service(accounts::leftovers)
            .service(accounts::link)
            .service(accounts::unlink)
            .service(write_plans::list)
            .service(write_plans::create)
            .service(write_plans::get)
            .service(write_plans::steps)
            .service(write_plans::approve)
            .service(write_plans::discard)
            .service(sync_runs::list)
            .service(sync_runs::create)
            .service(sync_runs::get)
            .service(sync_runs::approve)
            .service(sync_runs::discard)
            .service(sync_runs::revert)
            .service(sync_runs::mirror)
            .route("/openapi.json", web::get().to(health::openapi))
            .default_service(web::to(super::not_found)),
    );
}

/// Everything else: sign-in, callbacks, health, the pages.
pub fn pages(config: &mut web::ServiceConfig) {
    config
        .service(health::healthz)
        .service(health::readyz)
        .service(auth::start)
        .service(auth::callback)
        .service(auth::sign_out)
        .service(callbacks::verify)
        .service(callbacks::receive)
        .service(pages::verify_file)
        .default_service(web::to(pages::page));
}
