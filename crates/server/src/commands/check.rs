//! `rollcall config check`: what the configuration says of secrets and keys, without connecting to anything but a key service.

use std::sync::Arc;

use domain::clock::Clock;

use super::doctor;
use crate::{config::Config, secrets};

/// What the command prints for a configuration whose parts fit.
pub fn report(config: &Config, clock: Arc<dyn Clock>) -> String {
    let mut text = String::from("机密从哪里来：\n");
    for (key, place) in secrets::sources(config) {
        text.push_str(&format!("  {key}  {place}\n"));
    }
    text.push_str("数据密钥：\n");
    let findings = doctor::examine_keys(config, clock);
    for finding in &findings {
        text.push_str(&finding.lines(doctor::Language::Zh));
    }
    text.push_str(if findings.iter().any(doctor::Finding::has_failed) {
        "配置读得通；带 ✗ 的请按「→」处理。\n"
    } else {
        "配置可用。\n"
    });
    text
}
