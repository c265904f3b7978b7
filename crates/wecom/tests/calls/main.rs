//! The client against a little server that answers as told.

#![expect(clippy::unwrap_used, reason = "a test that meets an error has failed")]

mod client;
mod fake;
mod golden;
mod requests;
