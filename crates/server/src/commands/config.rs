//! `rollcall config check`: one report of what the configuration says of secrets and keys, without connecting to anything but a key
//! service.

use std::fmt::Write;

use clap::Subcommand;

use super::doctor::{Finding, Language};
use crate::config::secrets::Found;

/// What is done with the configuration.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// 读取并检查配置文件，不启动服务；列出每个秘密从哪里来，不显示内容，数据密钥是否打得开
    Check,
}

/// What the command prints for a configuration whose parts fit: where the secrets come from and who else could read them, then what was
/// found of the data keys, then whether there is something to do.
pub fn report(secrets: &[Found], keys: &[Finding]) -> String {
    let mut text = String::from("机密从哪里来：\n");
    for Found { key, origin, is_open } in secrets {
        let _ = writeln!(text, "  {} {key}：{origin}", if *is_open { "!" } else { "✓" });
        if *is_open {
            text.push_str("    → 本机任何人都能读这个文件：chmod o= 收回\n");
        }
        if key.ends_with("previous_token") || key.ends_with("previous_encoding_aes_key") {
            text.push_str("    → 更换期间才需要：企业微信后台换好以后，过一天删掉再重启\n");
        }
    }
    text.push_str("数据密钥：\n");
    for finding in keys {
        text.push_str(&finding.lines(Language::Zh));
    }
    text.push_str(if keys.iter().any(Finding::has_failed) {
        "配置读得通；带 ✗ 的请按「→」处理。\n"
    } else if secrets.iter().any(|found| found.is_open) {
        "配置可用；带 ! 的请按「→」处理。\n"
    } else {
        "配置可用。\n"
    });
    text
}
