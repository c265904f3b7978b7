//! Rollcall's tests from outside: server, simulator, Postgres and Redis, in a browser too
