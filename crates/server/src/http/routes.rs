//! Every route, in one place.

pub mod access_log;
pub mod accounts;
pub mod announcements;
pub mod attachments;
pub mod audit;
pub mod auth;
pub mod bulletins;
pub mod callbacks;
pub mod campaigns;
pub mod class_counsellors;
pub mod consents;
pub mod corrections;
pub mod departments;
pub mod digest_rules;
pub mod dto;
pub mod exemptions;
pub mod export_templates;
pub mod exports;
pub mod follow_ups;
pub mod form_document;
pub mod forms;
pub mod gate;
pub mod gate_alarms;
pub mod gate_codes;
pub mod gate_devices;
pub mod gate_keys;
pub mod gate_permits;
pub mod gates;
pub mod grants;
pub mod health;
pub mod invitations;
pub mod jssdk;
pub mod kinds;
pub mod me;
pub mod movements;
pub mod my_data;
pub mod operations;
pub mod outages;
pub mod pages;
pub mod passages;
pub mod people;
pub mod phone_corrections;
pub mod photos;
pub mod platform;
pub mod portal;
pub mod privacy_notices;
pub mod reading_alarms;
pub mod reading_budgets;
pub mod registration;
pub mod reminder_rules;
pub mod reminder_settings;
pub mod reminders;
pub mod reports;
pub mod residences;
pub mod retention;
pub mod reviews;
pub mod roster;
pub mod school_days;
pub mod second_factors;
pub mod security_events;
pub mod sessions;
pub mod sign_offs;
pub mod statistics;
pub mod statuses;
pub mod sync_runs;
pub mod tags;
pub mod trips;
pub mod unreported;
pub mod visitors;
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
            .service(audit::list)
            .service(audit::search)
            .service(retention::get)
            .service(retention::forms)
            .service(retention::certificates)
            .service(retention::certificate)
            .service(retention::holds)
            .service(retention::hold)
            .service(retention::lift)
            .service(security_events::list)
            .service(audit::viewers)
            .service(reading_alarms::list)
            .service(reading_alarms::settle)
            .service(reading_budgets::lifts)
            .service(reading_budgets::lift)
            .service(forms::list)
            .service(forms::get)
            .service(reports::create)
            .service(reports::list)
            .service(reports::own_forms)
            .service(reports::get)
            .service(reports::revisions)
            .service(attachments::create)
            .service(attachments::get)
            .service(attachments::remove)
            .service(statistics::people)
            .service(statistics::explain)
            .service(statistics::categories::get)
            .service(statistics::span::trend)
            .service(statistics::span::comparison)
            .service(bulletins::get)
            .service(statistics::forms::list)
            .service(statistics::table)
            .service(trips::summary)
            .service(trips::list)
            .service(movements::people)
            .service(movements::table)
            .service(movements::sign)
            .service(unreported::list)
            .service(people::reveal_phone)
            .service(reminders::create)
            .service(reminders::get)
            .service(reminder_rules::list)
            .service(reminder_rules::create)
            .service(reminder_rules::outlook)
            .service(reminder_rules::test)
            .service(reminder_rules::get)
            .service(reminder_rules::change)
            .service(reminder_rules::remove)
            .service(reminder_rules::pause)
            .service(reminder_rules::resume)
            .service(reminder_rules::end)
            .service(reminder_rules::acts)
            .service(reminder_rules::rounds)
            .service(reminder_rules::people)
            .service(reminder_settings::get)
            .service(reminder_settings::set)
            .service(school_days::list)
            .service(school_days::put_list)
            .service(school_days::set)
            .service(school_days::remove)
            .service(exemptions::list)
            .service(exemptions::create)
            .service(exemptions::template)
            .service(exemptions::preview)
            .service(exemptions::import)
            .service(exemptions::revoke)
            .service(residences::buildings)
            .service(residences::colleges)
            .service(residences::rooms)
            .service(residences::without)
            .service(residences::history)
            .service(residences::move_in)
            .service(residences::move_out)
            .service(residences::list::template)
            .service(residences::list::preview)
            .service(residences::list::import)
            .service(photos::coverage)
            .service(photos::people)
            .service(photos::uploads::list)
            .service(photos::uploads::create)
            .service(photos::uploads::get)
            .service(photos::uploads::results)
            .service(photos::own)
            .service(photos::get)
            .service(photos::remove)
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
            .service(invitations::create)
            .service(invitations::get)
            .service(phone_corrections::create)
            .service(phone_corrections::list)
            .service(export_templates::list)
            .service(export_templates::questions)
            .service(export_templates::create)
            .service(export_templates::change)
            .service(export_templates::remove)
            .service(exports::preview)
            .service(exports::create)
            .service(exports::list)
            .service(exports::get)
            .service(exports::fetch)
            .service(exports::file)
            .service(roster::preview)
            .service(roster::import)
            .service(roster::template)
            .service(roster::imports)
            .service(roster::undo)
            .service(accounts::matches)
            .service(accounts::leftovers)
            .service(accounts::link)
            .service(accounts::unlink)
            .service(sessions::end_of_account)
            .service(second_factors::reset_of_account)
            .service(write_plans::list)
            .service(write_plans::departments_template)
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
            .service(my_data::get)
            .service(my_data::contact)
            .service(sessions::list)
            .service(sessions::end)
            .service(sessions::end_others)
            .service(second_factors::get)
            .service(second_factors::begin)
            .service(second_factors::confirm)
            .service(second_factors::prove)
            .service(second_factors::remove)
            .service(my_data::copy::held)
            .service(my_data::copy::ask)
            .service(my_data::copy::get)
            .service(consents::withdraw)
            .service(privacy_notices::mine)
            .service(privacy_notices::agree)
            .service(privacy_notices::withdraw)
            .service(privacy_notices::list)
            .service(privacy_notices::publish)
            .service(corrections::create)
            .service(corrections::mine)
            .service(corrections::withdraw)
            .service(corrections::list)
            .service(corrections::values)
            .service(corrections::confirm)
            .service(corrections::refuse)
            .service(corrections::fix)
            .service(class_counsellors::list)
            .service(class_counsellors::without_class)
            .service(class_counsellors::appoint)
            .service(class_counsellors::end)
            .service(kinds::get)
            .service(kinds::save)
            .service(kinds::preview)
            .service(kinds::trial)
            .service(kinds::departments)
            .service(kinds::accounts)
            .service(kinds::preview_persons)
            .service(kinds::make_persons)
            .service(tags::list)
            .service(reviews::list)
            .service(reviews::counts)
            .service(reviews::send_back_unnoticed)
            .service(reviews::get)
            .service(reviews::answers)
            .service(reviews::send_back)
            .service(reviews::note)
            .service(reviews::close)
            .service(follow_ups::create)
            .service(follow_ups::history)
            .service(sign_offs::list)
            .service(sign_offs::create)
            .service(sign_offs::revoke)
            .service(outages::list)
            .service(outages::create)
            .service(outages::remove)
            .service(departments::search)
            .service(campaigns::list)
            .service(campaigns::create)
            .service(campaigns::get)
            .service(campaigns::delete)
            .service(campaigns::save)
            .service(campaigns::outlook)
            .service(campaigns::publish)
            .service(campaigns::schedule)
            .service(campaigns::end)
            .service(campaigns::take_over)
            .service(campaigns::acts)
            .service(grants::list)
            .service(grants::acts)
            .service(grants::preview)
            .service(grants::give)
            .service(grants::end)
            .service(digest_rules::list)
            .service(digest_rules::create)
            .service(digest_rules::change)
            .service(digest_rules::preview)
            .service(announcements::preview)
            .service(announcements::create)
            .service(announcements::list)
            .service(announcements::get)
            .service(announcements::change)
            .service(announcements::cancel)
            .service(announcements::recall)
            .service(announcements::people)
            .service(announcements::received)
            .service(platform::get)
            .service(platform::collect)
            .service(platform::briefing)
            .service(platform::enter)
            .service(platform::remove)
            .service(platform::files::template)
            .service(platform::files::preview_figures)
            .service(platform::files::import_figures)
            .service(platform::files::usage_template)
            .service(platform::files::preview_usage)
            .service(platform::files::import_usage)
            .service(platform::lists::usage)
            .service(platform::lists::contacts)
            .service(platform::lists::records)
            .service(portal::mine)
            .service(portal::pass)
            .service(portal::entries::list)
            .service(portal::entries::create)
            .service(portal::entries::order)
            .service(portal::entries::get)
            .service(portal::entries::change)
            .service(portal::entries::end)
            .service(portal::entries::days)
            .service(portal::lists::comparison)
            .service(portal::lists::people)
            .service(portal::lists::preview)
            .service(portal::lists::import)
            .service(portal::lists::remind)
            .service(operations::get)
            .service(operations::dead_jobs)
            .service(operations::retry)
            .service(operations::discard)
            .service(gate_codes::create)
            .service(gates::zones)
            .service(gates::create_zone)
            .service(gates::change_zone)
            .service(gates::list)
            .service(gates::create)
            .service(gates::change)
            .service(gate_devices::offer)
            .service(gate_devices::list)
            .service(gate_devices::withdraw)
            .service(gate_keys::list)
            .service(gate_keys::kill)
            .service(gate_permits::list)
            .service(gate_permits::create)
            .service(gate_permits::revoke)
            .service(gate_permits::own)
            .service(passages::list)
            .service(passages::inside)
            .service(passages::by_hour)
            .service(passages::table)
            .service(passages::outside)
            .service(passages::own)
            .service(gate::pair)
            .service(gate::guide)
            .service(gate::scan)
            .service(gate::photo)
            .service(gate::carry)
            .service(gate::codes)
            .service(gate::recent)
            .service(gate::pass)
            .service(gate_alarms::list)
            .service(gate_alarms::settle)
            .service(visitors::own::list)
            .service(visitors::own::zones)
            .service(visitors::own::invite)
            .service(visitors::own::renew_link)
            .service(visitors::own::cancel)
            .service(visitors::list)
            .service(visitors::cancel)
            .service(visitors::reveal_phone)
            .service(visitors::open)
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
        .service(consents::start)
        .service(consents::callback)
        .service(callbacks::verify)
        .service(callbacks::receive)
        .service(pages::verify_file)
        .default_service(web::to(pages::page));
}
