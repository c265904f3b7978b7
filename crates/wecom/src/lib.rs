#![doc = include_str!("../README.md")]

#[cfg(feature = "client")]
pub mod agent;
#[cfg(feature = "client")]
pub mod approvals;
#[cfg(feature = "client")]
pub mod budget;
#[cfg(feature = "callback")]
pub mod callback;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "client")]
pub mod contacts;
pub mod crypto;
#[cfg(feature = "client")]
pub mod drive;
pub mod errcodes;
#[cfg(feature = "client")]
pub mod error;
#[cfg(feature = "client")]
pub mod ids;
#[cfg(feature = "client")]
pub mod jobs;
#[cfg(feature = "client")]
pub mod jssdk;
#[cfg(feature = "client")]
pub mod living;
#[cfg(feature = "client")]
pub mod media;
#[cfg(feature = "client")]
pub mod meetings;
#[cfg(feature = "client")]
pub mod menu;
#[cfg(feature = "client")]
pub mod message;
#[cfg(feature = "client")]
pub mod oauth;
#[cfg(feature = "client")]
pub mod outsiders;
#[cfg(feature = "client")]
pub mod pages;
#[cfg(feature = "client")]
pub mod remedy;
#[cfg(feature = "client")]
pub mod tags;
#[cfg(feature = "client")]
pub mod token;
#[cfg(feature = "client")]
pub mod usage;
#[cfg(feature = "client")]
pub mod workbench;
#[cfg(feature = "client")]
pub mod write;
#[cfg(feature = "callback")]
pub mod xml;

#[cfg(feature = "client")]
mod alarm;
#[cfg(any(feature = "client", feature = "callback"))]
#[cfg_attr(
    not(feature = "client"),
    expect(dead_code, reason = "callbacks read numbers and lists in XML only")
)]
mod lenient;

#[cfg(feature = "client")]
pub use agent::Agent;
#[cfg(feature = "client")]
pub use budget::{BudgetStore, MemoryBudgets};
#[cfg(feature = "client")]
pub use client::{App, Client};
#[cfg(feature = "client")]
pub use error::{Action, ApiError, Class, Error, Result};
#[cfg(feature = "client")]
pub use message::{Content, Message, Sent};
#[cfg(feature = "client")]
pub use remedy::Remedy;
#[cfg(feature = "client")]
pub use token::{Clock, Lease, MemoryTokens, Stored, Token, TokenKey, TokenKind, TokenStore};
