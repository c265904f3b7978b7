//! The mirror: WeCom's directory into Postgres. Fetch, stage, diff, guard, apply
