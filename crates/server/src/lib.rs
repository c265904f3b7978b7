//! Rollcall's server: HTTP, the command line, configuration, and where the parts are put together.
//!
//! Nothing here decides: a handler reads the request, calls one use case of `app`, and writes the answer.

pub mod clock;
pub mod commands;
pub mod compose;
pub mod config;
pub mod http;
pub mod privacy;
pub mod secrets;
pub mod telemetry;
pub mod vault;

mod wecom_budgets;
mod wecom_tokens;
