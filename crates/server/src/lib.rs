//! Rollcall's server: HTTP, command line, configuration
