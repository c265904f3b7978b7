//! `rollcall config check`: what the configuration says of the data keys, without connecting to anything but a key service.

use std::sync::Arc;

use domain::clock::Clock;

use super::doctor;
use crate::config::Config;

/// What the command prints for a configuration whose parts fit.
pub fn report(config: &Config, clock: Arc<dyn Clock>) -> String {
    let mut text = String::from("数据密钥：\n");
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
