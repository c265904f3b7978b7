//! Rollcall's Postgres and Redis: queries by noun
