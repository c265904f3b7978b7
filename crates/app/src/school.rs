//! A school of this deployment: its row, its time, its way to WeCom.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use domain::{CorpId, clock, reading, retention::Retention, second_factor::Rule};
use store::corps::Corp;
use wecom::callback::Receiver;

use crate::approvals;

/// The name of the contacts-sync assistant in callback paths.
pub const CONTACTS: &str = "contacts";

/// Everything a use case needs of one school.
#[derive(Clone)]
pub struct School {
    /// Its row.
    pub corp: Corp,
    /// The zone its day is counted in.
    pub zone: Tz,
    /// Where people reach Rollcall, without a final slash: links in messages and sign-in begin with it.
    pub public_url: String,
    /// WeCom through the app's secret.
    pub wecom: wecom::Client,
    /// The app's number in WeCom, which messages name.
    pub agent_id: i64,
    /// Accounts the corp may have in WeCom.
    pub accounts: u32,
    /// The forms of approvals the school has named.
    pub approvals: approvals::Forms,
    /// Whether the app's tile on the workbench and its menu are ours to fill.
    pub workbench: bool,
    /// Where heads of the audit chain are told outside of the database; none: nowhere.
    pub anchor_file: Option<PathBuf>,
    /// The account of whoever is told the head of each day in WeCom, and of accounts that read unusually much; none: of the head
    /// nobody, of these the auditors.
    pub data_protection_officer: Option<String>,
    /// What it wants of those who change others' rights and data, beside the sign-in.
    pub second_factor: Rule,
    /// Whether sensitive answers are taken while no privacy notice (告知书) is published.
    pub answers_without_notice: bool,
    /// How many people's data one account may read a day, by role.
    pub reading_budgets: reading::Budgets,
    /// How long what is held is kept.
    pub retention: Retention,
    /// Opens the app's callbacks.
    pub receiver: Receiver,
    /// Opens the contacts-sync assistant's callbacks, where the school has set it up.
    pub contacts_receiver: Option<Receiver>,
    /// Brings the directory here.
    pub mirror: sync::Mirror,
}

impl School {
    /// Our number for it.
    pub fn corp(&self) -> CorpId {
        self.corp.corp_id
    }

    /// Its day at `now`.
    pub fn today(&self, now: DateTime<Utc>) -> NaiveDate {
        clock::school_day(self.zone, now)
    }

    /// Who opens the callbacks of an app of this name.
    pub fn receiver(&self, app: &str) -> Option<&Receiver> {
        if app == CONTACTS {
            self.contacts_receiver.as_ref()
        } else if app == self.wecom.name() {
            Some(&self.receiver)
        } else {
            None
        }
    }
}
