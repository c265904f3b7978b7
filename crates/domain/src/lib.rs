//! Rollcall's rules without I/O: given the same arguments they give the same answer.
//!
//! Nothing here waits, reads a clock, logs or knows WeCom's wire shapes. Time and randomness come in as arguments.

pub mod announcement;
pub mod attachment;
pub mod audit;
pub mod bulletin;
pub mod campaign;
pub mod chat;
pub mod clock;
pub mod correction;
pub mod department;
pub mod digest;
pub mod exemption;
pub mod export;
pub mod follow_up;
pub mod form;
pub mod gate;
pub mod kinds;
pub mod leave;
pub mod movement;
pub mod my_data;
pub mod person_field;
pub mod phone;
pub mod photo;
pub mod place;
pub mod platform;
pub mod policy;
pub mod portal;
pub mod reading;
pub mod region;
pub mod reminder;
pub mod residence;
pub mod retention;
pub mod review;
pub mod roster;
pub mod second_factor;
pub mod security_event;
pub mod session;
pub mod statistics;
pub mod status;
pub mod write_back;

/// A school in this deployment: our own small integer.
pub type CorpId = i32;
/// A person on the school's roster.
pub type PersonId = i64;
/// A WeCom account.
pub type MemberId = i64;
/// A department, numbered by WeCom.
pub type DepartmentId = i32;
