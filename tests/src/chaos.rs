//! Experiments with failures and attacks, for `make chaos`: ignored in an ordinary run, whose tests show the same
//! on a small scale. Each ends with the rows it measured.

mod flood;
mod gate;
mod mirror;
mod purge;
mod r1;
mod r10;
mod r13;
mod r3;
mod r6;
mod r7;
mod r8;
mod r9;
mod reporting;
mod rotation;
pub mod rows;
mod s2;
mod s3;
mod s7;
mod s8;
mod s9;
mod z10;
mod z4;
mod z6;
mod z8;
mod z9;
