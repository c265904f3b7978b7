//! Rollcall's Postgres and Redis: queries by noun, one module a noun.
//!
//! Two doors lead to Postgres. [`Store::scoped`] opens a transaction that sees one school only: row-level
//! security stands behind every table of school data. [`Store::control`] serves the short control plane that is
//! read before a school is known (hosts, sign-in flows, sessions, jobs). Query functions borrow a connection
//! from either, take the time as a parameter and never open a transaction themselves.

// Diesel names every pair of tables by a macro that goes one deeper for each table.
#![recursion_limit = "256"]

pub mod access_log;
pub mod accounts;
pub mod announcements;
pub mod approvals;
pub mod archiver;
pub mod attachments;
pub mod audit;
pub mod budgets;
pub mod cache;
pub mod campaigns;
pub mod cards;
pub mod change_sets;
pub mod class_counsellors;
pub mod consents;
pub mod contacts;
pub mod corps;
pub mod corrections;
pub mod departments;
pub mod digests;
pub mod download_tickets;
pub mod error;
pub mod exemptions;
pub mod expected;
pub mod export_rows;
pub mod export_templates;
pub mod exports;
pub mod follow_ups;
pub mod form_acts;
pub mod forms;
pub mod gate_alarms;
pub mod gate_devices;
pub mod gate_keys;
pub mod gate_permits;
pub mod gates;
pub mod grants;
pub mod idempotency_keys;
pub mod inbox;
pub mod invitations;
pub mod jobs;
pub mod kinds;
pub mod mailings;
pub mod members;
pub mod memberships;
pub mod migrate;
pub mod movements;
pub mod my_data;
pub mod operations;
pub mod outages;
pub mod outbox;
pub mod passages;
pub mod person_fields;
pub mod persons;
pub mod phone_corrections;
pub mod photos;
pub mod planner;
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
pub mod roll;
#[expect(missing_docs, reason = "generated from the migrations, where every table says what it is")]
pub mod schema;
pub mod school_days;
pub mod sealed;
pub mod second_factors;
pub mod security_events;
pub mod sessions;
pub mod sign_in_flows;
pub mod sign_offs;
pub mod staging;
pub mod statistics;
pub mod statuses;
pub mod sync_runs;
pub mod tags;
pub mod tiles;
pub mod tokens;
pub mod trips;
pub mod unreported;
pub mod viewers;
pub mod visitors;
pub mod words;
pub mod write_plans;

mod connection;
mod prepared;

pub use connection::{Connection, Scoped, Settings, Store};
pub use diesel_async::AsyncPgConnection;
pub use error::{Error, Result};
pub use sealed::{KeyId, KeyInfo, Keyring, Purpose, Sealed};

/// The migrations, embedded: `rollcall migrate` needs nothing but the binary.
pub const MIGRATIONS: diesel_migrations::EmbeddedMigrations =
    diesel_migrations::embed_migrations!("../../migrations");
