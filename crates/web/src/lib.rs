//! Rollcall's pages, built by Vite and embedded in the binary
