#![doc = include_str!("../README.md")]

pub mod agent;
pub mod approvals;
pub mod budget;
pub mod callback;
pub mod client;
pub mod contacts;
pub mod crypto;
pub mod drive;
pub mod errcodes;
pub mod error;
pub mod ids;
pub mod jobs;
pub mod jssdk;
pub mod living;
pub mod media;
pub mod meetings;
pub mod menu;
pub mod message;
pub mod oauth;
pub mod outsiders;
pub mod pages;
pub mod remedy;
pub mod tags;
pub mod token;
pub mod usage;
pub mod workbench;
pub mod write;
pub mod xml;

mod alarm;
mod lenient;

pub use agent::Agent;
pub use budget::{BudgetStore, MemoryBudgets};
pub use client::{App, Client};
pub use error::{Action, ApiError, Class, Error, Result};
pub use message::{Content, Message, Sent};
pub use remedy::Remedy;
pub use token::{Clock, Lease, MemoryTokens, Stored, Token, TokenKey, TokenKind, TokenStore};
