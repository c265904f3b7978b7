//! What can be switched while the simulator runs.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::school::ROOT;

/// The switches, with what WeCom does unless it is known otherwise.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What `gettoken` gives while an earlier token is valid.
    pub tokens: TokenPolicy,
    /// After so many wrong secrets within an hour an address is barred from `gettoken` for an hour. WeCom's own
    /// number is not published.
    pub wrong_secrets: u32,
    /// The app's visible range: departments with all below them.
    pub visible: BTreeSet<u32>,
    /// … members who are in it singly, by user id.
    pub visible_members: BTreeSet<String>,
    /// … and tags, with their members and departments.
    pub visible_tags: BTreeSet<u32>,
    /// The addresses that may call; empty for all (企业可信IP).
    pub trusted_ips: Vec<IpAddr>,
    /// Seconds until an address that was added may call; WeCom says about a minute.
    pub trusted_ip_delay_seconds: u32,
    /// How many calls of one API may be under way at once (45033). WeCom's number is not published: none here.
    pub concurrency: Option<u32>,
    /// Products the app may not ask about (可调用接口的应用 in the console): `usage`, `files`, `meeting`, `living`,
    /// `drive`, `approval`, `customer`.
    pub closed_products: BTreeSet<String>,
    /// Whether the app is disabled (停用): its secret gets no token.
    pub app_closed: bool,
    /// Whether a code that was used or has ended is told from an unknown one (42022, 42003); all are 40029 otherwise.
    pub codes_told_apart: bool,
    /// Whether the assistant may edit the directory (通讯录编辑权限).
    pub contacts_edit: bool,
    /// Who made the corp, by user id; can't be deleted (301005).
    pub creator: Option<String>,
    /// Accounts the corp may have; a new member more meets 45024.
    pub accounts: usize,
    /// Whether the app's tile may show what the app wants (工作台自定义展示).
    pub workbench: bool,
    /// The hour in China from which yesterday's figures about contacts outside are there.
    pub behaviour_hour: u32,
    /// About how many members ask for leave each day, invented; those who ask by `/_sim/approvals` come on top.
    pub leave_a_day: u32,
    /// What WeCom's pages leave open.
    pub unconfirmed: Unconfirmed,
    /// Leave out `errcode` and `errmsg` where all went well, as some APIs do.
    pub omit_errcode: bool,
    /// How long a callback may take, in milliseconds.
    pub callback_timeout_ms: u64,
    /// How often a callback is sent at most.
    pub callback_tries: u32,
    /// Whether an answer other than 200 is tried again, as doc 90238 says; doc 90930 names timeouts and lost
    /// connections alone.
    pub callback_retry_on_status: bool,
    /// How long WeCom waits between tries, in milliseconds; not documented.
    pub callback_pause_ms: u64,
}

/// What `gettoken` gives while an earlier token is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenPolicy {
    /// The earlier one.
    Same,
    /// A new one, and the earlier stays valid.
    New,
    /// A new one, and the earlier is invalid at once.
    Replace,
}

/// What WeCom's pages leave open, so that a client is tried with both: as nobody has seen otherwise, unless switched.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Unconfirmed {
    /// Whether `gettoken` too is refused from an address that is not trusted.
    pub gettoken_needs_trusted_ip: bool,
    /// Whether a callback that is tried again is the same ciphertext, or encrypted anew.
    pub callback_same_body: bool,
    /// Whether a passive reply to a card's event is taken.
    pub replies_to_cards: bool,
    /// Whether fields that are withheld are left out, or empty.
    pub withheld_absent: bool,
    /// Whether the contacts-sync secret may look up user ids by number and address.
    pub lookups_by_assistant: bool,
    /// Whether members who are asked for their consent refuse it: they come back without a code.
    pub consent_refused: bool,
}

impl Default for Unconfirmed {
    fn default() -> Self {
        Self {
            gettoken_needs_trusted_ip: false,
            callback_same_body: false,
            replies_to_cards: false,
            withheld_absent: false,
            lookups_by_assistant: true,
            consent_refused: false,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tokens: TokenPolicy::Same,
            wrong_secrets: 100,
            visible: BTreeSet::from([ROOT]),
            visible_members: BTreeSet::new(),
            visible_tags: BTreeSet::new(),
            trusted_ips: Vec::new(),
            trusted_ip_delay_seconds: 60,
            concurrency: None,
            closed_products: BTreeSet::new(),
            app_closed: false,
            codes_told_apart: false,
            contacts_edit: true,
            creator: None,
            accounts: 50_000,
            workbench: true,
            behaviour_hour: 5,
            leave_a_day: 6,
            unconfirmed: Unconfirmed::default(),
            omit_errcode: false,
            callback_timeout_ms: 5000,
            callback_tries: 3,
            callback_retry_on_status: true,
            callback_pause_ms: 1000,
        }
    }
}

impl Settings {
    /// How long a callback may take.
    pub fn callback_timeout(&self) -> Duration {
        Duration::from_millis(self.callback_timeout_ms)
    }

    /// Until an address that was added may call.
    pub fn trusted_ip_delay(&self) -> TimeDelta {
        TimeDelta::seconds(self.trusted_ip_delay_seconds.into())
    }

    /// How long to wait between tries.
    pub fn callback_pause(&self) -> Duration {
        Duration::from_millis(self.callback_pause_ms)
    }
}
