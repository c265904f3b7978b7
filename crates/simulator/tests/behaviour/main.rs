//! The simulator over HTTP, as a server and a browser meet it.
#![allow(clippy::unwrap_used)] // a test says what went wrong by failing

mod answers;
mod callbacks;
mod cards;
mod client;
mod console;
mod contacts;
mod control;
mod corps;
mod faults;
mod jobs;
mod messages;
mod own;
mod products;
mod sign_in;
mod small_print;
mod support;
mod tokens;
mod usage;
mod workbench;
mod writes;
