//! Rollcall's use cases, one module a noun. No SQL, no HTTP: rules come from `domain`, rows from `store`,
//! WeCom from `wecom`, the directory from `sync`.
//!
//! [`App`] holds what a use case may touch. A use case takes it, the viewer and the input; it decides, and gives
//! back plain values or an [`Error`].

pub mod accounts;
pub mod announcements;
pub mod approvals;
pub mod attachments;
pub mod audit;
pub mod bulletins;
pub mod callback;
pub mod campaigns;
pub mod class_counsellors;
pub mod consents;
pub mod corrections;
pub mod cursors;
pub mod departments;
pub mod digests;
pub mod error;
pub mod exemptions;
pub mod export_templates;
pub mod exports;
pub mod follow_ups;
pub mod forms;
pub mod gate_alarms;
pub mod gate_codes;
pub mod gate_devices;
pub mod gate_keys;
pub mod gate_permits;
pub mod gates;
pub mod grants;
pub mod invitations;
pub mod jobs;
pub mod jssdk;
pub mod keys;
pub mod kinds;
pub mod movements;
pub mod my_data;
pub mod operations;
pub mod outages;
pub mod passages;
pub mod people;
pub mod phone_corrections;
pub mod photos;
pub mod platform;
pub mod portal;
pub mod privacy_notices;
pub mod reading_alarms;
pub mod reading_budgets;
pub mod reasons;
pub mod registration;
pub mod reminder_rules;
pub mod reminder_settings;
pub mod reminders;
pub mod reports;
pub mod residences;
pub mod retention;
pub mod reviews;
pub mod roster;
pub mod school;
pub mod school_days;
pub mod second_factors;
pub mod security_events;
pub mod sessions;
pub mod settings;
pub mod sign_in;
pub mod sign_offs;
pub mod statistics;
pub mod statuses;
pub mod sync_runs;
pub mod tags;
pub mod trips;
pub mod unreported;
pub mod visitors;
pub mod write_plans;

mod cards;
mod chat;
mod download_tickets;
mod notices;
mod outbox;
mod page;
mod person_fields;
mod quick;
mod remembered_viewers;
mod roll;
mod secret;
mod tiles;

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use domain::{CorpId, clock::Clock};
use store::{Store, cache::Cache};
use tokio::sync::Notify;

pub use error::{Error, FieldError, Result};
pub use page::Page;
pub(crate) use page::bad_cursor;
pub use school::School;

/// What a use case may touch. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

struct Parts {
    store: Store,
    cache: Cache,
    clock: Arc<dyn Clock>,
    schools: HashMap<CorpId, School>,
    forms: forms::Cache,
    months: reports::Months,
    rolls: roll::Rolls,
    looks: jobs::handle_inbox::Looks,
    visits: platform::visits::Noted,
    security_events: security_events::Noted,
    /// Rung when a job was added, so that a worker of this process looks at once.
    job_added: Notify,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("schools", &self.0.schools.len()).finish_non_exhaustive()
    }
}

impl App {
    /// Puts the parts together.
    pub fn new(store: Store, cache: Cache, clock: Arc<dyn Clock>, schools: Vec<School>) -> Self {
        let schools = schools.into_iter().map(|school| (school.corp(), school)).collect();
        Self(Arc::new(Parts {
            store,
            cache,
            clock,
            schools,
            forms: forms::Cache::default(),
            months: reports::Months::default(),
            rolls: roll::Rolls::default(),
            looks: jobs::handle_inbox::Looks::default(),
            visits: platform::visits::Noted::default(),
            security_events: security_events::Noted::default(),
            job_added: Notify::new(),
        }))
    }

    /// The way to Postgres.
    pub fn store(&self) -> &Store {
        &self.0.store
    }

    /// The way to Redis.
    pub fn cache(&self) -> &Cache {
        &self.0.cache
    }

    /// The business time.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// A school of this deployment.
    pub fn school(&self, corp: CorpId) -> Result<&School> {
        self.0.schools.get(&corp).ok_or(Error::NotFound)
    }

    /// Every school, in no order.
    pub fn schools(&self) -> impl Iterator<Item = &School> {
        self.0.schools.values()
    }

    pub(crate) fn rolls(&self) -> &roll::Rolls {
        &self.0.rolls
    }

    pub(crate) fn looks(&self) -> &jobs::handle_inbox::Looks {
        &self.0.looks
    }

    pub(crate) fn visits(&self) -> &platform::visits::Noted {
        &self.0.visits
    }

    pub(crate) fn security_events(&self) -> &security_events::Noted {
        &self.0.security_events
    }

    pub(crate) fn job_added(&self) -> &Notify {
        &self.0.job_added
    }
}
