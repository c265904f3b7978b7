//! Rollcall's tests from outside. [`TestApp`] is a whole deployment: the real server over real Postgres, Redis
//! and the simulator, with a clock of its own. One file a noun, named as on every other floor.
//!
//! `make test` sets `ROLLCALL_TEST_DATABASE_URL` (the owner of a private Postgres) and
//! `ROLLCALL_TEST_REDIS_URL`.

#![cfg(test)]

/// What is measured allocates as what is handed out.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

mod browser_client;
mod crowd;
mod databases;
mod dice;
mod nginx;
mod process;
mod test_app;
mod vault;

mod accounts;
mod announcements;
mod approvals;
mod attachments;
mod audit;
mod authz;
mod behalf;
mod bodies;
mod browser;
mod bulletins;
mod callbacks;
mod campaigns;
mod cards;
mod chaos;
mod chat;
mod class_counsellors;
mod connections;
mod consents;
mod corrections;
mod cursors;
mod deployment;
mod digests;
mod doctor;
mod exemptions;
mod exports;
mod faults;
mod follow_ups;
mod forms;
mod gate_alarms;
mod gates;
mod grants;
mod house;
mod jobs;
mod jssdk;
mod keys;
mod kinds;
mod logs;
mod migrations;
mod mirror;
mod month;
mod movements;
mod my_data;
mod npm_licences;
mod openapi;
mod operations;
mod outages;
mod own_school;
mod passages;
mod people;
mod photos;
mod platform;
mod portal;
mod privacy;
mod privacy_notices;
mod readers;
mod reading_budgets;
mod reasons;
mod registration;
mod reminder_rules;
mod reminder_week;
mod reminders;
mod reports;
mod residences;
mod retention;
mod reviews;
mod rolls;
mod roster;
mod roster_lists;
mod schools_apart;
mod second_factor;
mod secrets;
mod security_documents;
mod sessions;
mod sign_in;
mod sign_offs;
mod statistics;
mod statuses;
mod sync;
mod sync_runs;
mod tags;
mod tokens;
mod trips;
mod units;
mod unreported;
mod visitors;
mod withdrawals;
mod workbench;
mod write_plans;
