//! Rollcall's use cases: sign in, callback, reports, statistics, reminders, jobs
