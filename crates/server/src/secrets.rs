//! The keyring of the configuration: what wraps the data keys, from a file, a systemd credential, the environment, or a key service.
//! How all other secrets are read and where each comes from is in [`crate::config::secrets`].

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use domain::clock::Clock;
use store::sealed::{
    Algorithm, KeySettings, Keyring,
    wrap::{LocalKeys, Several, Wrap},
};

use crate::{
    config::{
        Config, Sealing,
        secrets::{Origin, located},
    },
    vault::Vault,
};

/// A path of the configuration, with systemd's directory of credentials put in.
///
/// # Errors
/// It names a credential and this process has none.
pub fn expand(path: &Path) -> anyhow::Result<PathBuf> {
    located(path).map_err(anyhow::Error::msg)
}

/// The keyring of the configuration. Reads the key-encryption keys; the data keys are read when they are needed.
///
/// # Errors
/// A key is missing or none, in Chinese, with the key of the configuration to look at.
pub fn keyring(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Keyring> {
    let sealing = &config.sealing;
    let algorithm = sealing.algorithm.as_deref().map_or(Some(Algorithm::default()), Algorithm::parse);
    Ok(Keyring::new(KeySettings {
        folder: sealing.key_dir.clone(),
        algorithm: algorithm.context("sealing.algorithm 应为 aes-256-gcm 或 sm4-gcm")?,
        wrap: wrap(sealing)?,
        clock,
        zones: config.schools.iter().map(|school| (school.corp_id, school.time_zone)).collect(),
    }))
}

/// What wraps the data keys: Vault where there is one, else our own keys; these open what they wrapped before.
fn wrap(sealing: &Sealing) -> anyhow::Result<Arc<dyn Wrap>> {
    let local: Option<Arc<dyn Wrap>> = match (&sealing.key_file, &sealing.key_env) {
        (Some(path), None) => Some(Arc::new(from_file(path)?)),
        (None, Some(name)) => Some(Arc::new(from_environment(name)?)),
        (Some(_), Some(_)) => anyhow::bail!("sealing.key_file 与 sealing.key_env 只能写一个"),
        (None, None) => None,
    };
    match &sealing.vault {
        Some(vault) => {
            let vault: Arc<dyn Wrap> = Arc::new(Vault::new(vault)?);
            Ok(Arc::new(Several::new(vault, local.into_iter().collect())))
        }
        None => {
            local.context("没有包裹数据密钥的密钥：请写 sealing.key_file、sealing.key_env 或 [sealing.vault]")
        }
    }
}

fn from_file(path: &Path) -> anyhow::Result<LocalKeys> {
    let path = expand(path)?;
    let text = fs::read_to_string(&path)
        .with_context(|| format!("读不到密钥文件 {}（sealing.key_file）", path.display()))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    local(lines).with_context(|| {
        format!("密钥文件 {} 应每行一个 64 位十六进制密钥：openssl rand -hex 32", path.display())
    })
}

fn from_environment(name: &str) -> anyhow::Result<LocalKeys> {
    let text =
        env::var(name).with_context(|| format!("环境变量 {name} 没有设置或不是文字（sealing.key_env）"))?;
    local(text.split([',', '\n', ' ']).map(str::trim).filter(|line| !line.is_empty())).with_context(|| {
        format!("环境变量 {name} 应为 64 位十六进制密钥，多个之间用逗号隔开：openssl rand -hex 32")
    })
}

fn local<'a>(lines: impl Iterator<Item = &'a str>) -> Option<LocalKeys> {
    LocalKeys::new(&lines.map(hex::decode).collect::<Result<Vec<_>, _>>().ok()?)
}

/// Where what wraps the data keys comes from: its key, and where. Never what it is. Of other secrets: [`crate::config::secrets`].
pub fn sources(config: &Config) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let Sealing { key_file, key_env, vault, .. } = &config.sealing;
    if let Some(path) = key_file {
        found.push(("sealing.key_file".into(), Origin::of_file(path).to_string()));
    }
    if let Some(name) = key_env {
        found.push(("sealing.key_env".into(), format!("环境变量 {name}")));
    }
    if let Some(vault) = vault {
        let at = format!("Vault {}（{}/{}）", vault.url, vault.mount, vault.key);
        found.push(("sealing.vault".into(), at));
        found.push(("sealing.vault.token_file".into(), Origin::of_file(&vault.token_file).to_string()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_credential_is_looked_for_elsewhere() {
        assert_eq!(expand(Path::new("/etc/rollcall/key")).unwrap(), Path::new("/etc/rollcall/key"));
        let credential = Path::new("$CREDENTIALS_DIRECTORY/key");
        // Tests are not a unit of systemd: there is none, and it says what to do.
        match env::var_os("CREDENTIALS_DIRECTORY") {
            None => assert!(expand(credential).unwrap_err().to_string().contains("LoadCredential")),
            Some(folder) => assert_eq!(expand(credential).unwrap(), Path::new(&folder).join("key")),
        }
        assert_eq!(Origin::of_file(credential).to_string(), "systemd 凭据 key");
    }

    #[test]
    fn keys_are_hex_of_32_bytes_each() {
        let (one, two) = ("11".repeat(32), "22".repeat(32));
        assert!(local([one.as_str(), two.as_str()].into_iter()).is_some());
        for wrong in ["", "11", "zz"] {
            assert!(local([one.as_str(), wrong].into_iter()).is_none(), "{wrong}");
        }
        assert!(local(std::iter::empty()).is_none());
    }
}
