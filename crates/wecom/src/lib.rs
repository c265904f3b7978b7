//! A client for apps that a corp builds itself in WeCom (企业微信): tokens, directory, messages, sign-in, callbacks.
//!
//! Numbers after "doc" are pages of `developer.work.weixin.qq.com/document/path/`. Answers are read leniently
//! (unknown fields, numbers as strings, what is withheld), requests are written strictly. No secret, token or
//! ticket can be printed, and no error carries an address or what was sent.
//!
//! ```
//! use std::sync::Arc;
//! use wecom::{App, Client};
//!
//! # fn example(clock: wecom::Clock) -> wecom::Result<()> {
//! let app = App {
//!     name: "rollcall".into(),
//!     corpid: "ww0123456789abcdef".into(),
//!     secret: "from the configuration".into(),
//!     agent_id: Some(1_000_002),
//! };
//! let client = Client::builder(app, clock).build()?;
//! // client.members(1).await, client.user_info(code).await, client.send(&message.to_body()?).await, …
//! # Ok(()) }
//! ```

pub mod agent;
pub mod budget;
pub mod callback;
pub mod client;
pub mod contacts;
pub mod crypto;
pub mod errcodes;
pub mod error;
pub mod jssdk;
pub mod media;
pub mod menu;
pub mod message;
pub mod oauth;
pub mod remedy;
pub mod tags;
pub mod token;
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
