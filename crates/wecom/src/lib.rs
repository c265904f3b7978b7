//! A client for WeCom (企业微信) self-built apps: tokens, contacts, messages, OAuth, callbacks

pub mod crypto;
pub mod xml;
