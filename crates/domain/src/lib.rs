//! Rollcall's rules without I/O: people, forms, reports, reminders, policy
