//! A WeCom (企业微信) simulator: the real API's behaviour, a reference school, and a small client in a browser

pub mod school;
