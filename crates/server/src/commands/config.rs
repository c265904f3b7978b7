//! `rollcall config check`.

use std::fmt::Write;

use clap::Subcommand;

use crate::config::secrets::Found;

/// What is done with the configuration.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// 读取并检查配置文件，不启动服务；列出每个秘密从哪里来，不显示内容
    Check,
}

/// What the command prints first: where the secrets come from, and who else could read them.
pub fn report(secrets: &[Found]) -> String {
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
    text
}
