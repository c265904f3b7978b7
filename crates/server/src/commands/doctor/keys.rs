//! Where secrets come from, and whether the data keys are as they should be.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc};

use chrono::TimeDelta;
use domain::clock::Clock;
use store::sealed::Keyring;

use super::finding::{Both, Finding, Step};
use crate::{config::Config, secrets};

const SOURCES: Step = ("sealing.sources", "机密的来源", "Where secrets come from");
const KEY: Step = ("sealing.key", "包裹数据密钥的密钥", "What wraps the data keys");
const FOLDER: Step = ("sealing.key_dir", "密钥目录", "Directory of keys");
const DATA_KEYS: Step = ("sealing.data_keys", "数据密钥", "Data keys");
const ROTATION: Step = ("sealing.rotation", "密钥轮换", "Rotation of keys");

/// A key is made for each month; no younger one than this, and something does not work.
const OLD: TimeDelta = TimeDelta::days(62);

/// What can be said without the database.
pub fn examine(config: &Config, clock: Arc<dyn Clock>) -> Vec<Finding> {
    let sources = secrets::sources(config).into_iter().map(|(key, from)| format!("{key}：{from}"));
    let mut findings = vec![Finding::passed(SOURCES, sources.collect::<Vec<_>>().join("；"))];
    findings.extend(examine_keys(config, clock));
    findings
}

/// Of the keys alone: what wraps them, where they lie, whether each opens.
pub fn examine_keys(config: &Config, clock: Arc<dyn Clock>) -> Vec<Finding> {
    let now = clock.now();
    let keyring = match secrets::keyring(config, clock) {
        Ok(keyring) => keyring,
        Err(error) => {
            let remedy = Both::new(
                "按提示修正 sealing.key_file、sealing.key_env 或 [sealing.vault]",
                "Put sealing.key_file, sealing.key_env or [sealing.vault] right as the reason says",
            );
            return vec![Finding::failed(KEY, format!("{error:#}"), remedy)];
        }
    };
    let mut findings = vec![Finding::passed(KEY, keyring.wrapped_by()), folder(&config.sealing.key_dir)];
    findings.extend(data_keys(&keyring, now));
    findings
}

fn folder(path: &Path) -> Finding {
    let failed = |why: String| {
        Finding::failed(
            FOLDER,
            why,
            Both::new(
                format!(
                    "建立只有服务用户能读写的目录：install -d -m 700 -o rollcall -g rollcall {}",
                    path.display()
                ),
                format!(
                    "Make a directory only the service's user may read: install -d -m 700 -o rollcall -g rollcall {}",
                    path.display()
                ),
            ),
        )
    };
    let Ok(found) = fs::metadata(path) else {
        return failed(format!("没有 {}，或读不到", path.display()));
    };
    if !found.is_dir() {
        return failed(format!("{} 不是目录", path.display()));
    }
    let mode = found.permissions().mode() & 0o777;
    if mode != 0o700 {
        return failed(format!("{} 的权限是 {mode:o}，应为 700", path.display()));
    }
    if let Some(why) = in_a_cluster(path) {
        return failed(why);
    }
    // Whether one may is known by doing it: a mode says nothing of a mount that is read only.
    let draft = path.join(format!(".check-{}", std::process::id()));
    match fs::write(&draft, b"").and_then(|()| fs::remove_file(&draft)) {
        Ok(()) => Finding::passed(FOLDER, path.display().to_string()),
        Err(error) => failed(format!("写不进 {}：{error}", path.display())),
    }
}

/// A key that lies with the database goes into its backups, and opens them.
fn in_a_cluster(path: &Path) -> Option<String> {
    let whole = path.canonicalize().ok()?;
    let cluster = whole.ancestors().find(|above| above.join("PG_VERSION").is_file())?;
    Some(format!("{} 在数据库的目录 {} 里：会随数据库一起备份", path.display(), cluster.display()))
}

fn data_keys(keyring: &Keyring, now: chrono::DateTime<chrono::Utc>) -> Vec<Finding> {
    let opened = match keyring.check().and_then(|()| keyring.open_all()) {
        Ok(opened) => opened,
        Err(error) => {
            let remedy = Both::new(
                "按原因处理；密钥文件用密钥目录的副本恢复",
                "Do as the reason says; key files come back from the copy of the directory",
            );
            return vec![Finding::failed(DATA_KEYS, error.to_string(), remedy)];
        }
    };
    let closed: Vec<String> = opened
        .iter()
        .filter_map(|(info, opened)| {
            Some(format!("{} {}：{}", info.purpose, info.id, opened.as_ref().err()?))
        })
        .collect();
    let first = match closed.first() {
        None => Finding::passed(DATA_KEYS, format!("{} 把，全部打得开", opened.len())),
        Some(example) => Finding::failed(
            DATA_KEYS,
            format!("{} 把里有 {} 把打不开，例如 {example}", opened.len(), closed.len()),
            Both::new(
                "按原因处理：被它们密封的内容现在读不到；密钥文件可用密钥目录的副本恢复",
                "Do as the reason says: what they sealed can't be read now; key files come back from the copy of the directory",
            ),
        ),
    };
    let newest = opened.iter().map(|(info, _)| info.created_at).max();
    let second = match newest {
        None => Finding::skipped(
            ROTATION,
            Both::new("还没有数据密钥，第一次密封时建立", "no data key yet: the first value makes one"),
        ),
        Some(newest) if now - newest > OLD => Finding::warned(
            ROTATION,
            Both::new(
                format!("最近一次是 {}：每月本应自动更换，检查服务是否在运行", newest.format("%Y-%m-%d")),
                format!(
                    "The last was on {}: each month should bring new ones; see whether the service runs",
                    newest.format("%Y-%m-%d")
                ),
            ),
        ),
        Some(newest) => Finding::passed(ROTATION, newest.format("%Y-%m-%d").to_string()),
    };
    vec![first, second]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_for_others_or_in_a_cluster_is_a_failure() {
        let made = std::env::temp_dir().join(format!("rollcall-doctor-keys-{}", std::process::id()));
        let keys = made.join("keys");
        fs::create_dir_all(&keys).unwrap();
        fs::set_permissions(&keys, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(folder(&keys).has_failed(), "others may read it");
        fs::set_permissions(&keys, fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!folder(&keys).has_failed());
        fs::write(made.join("PG_VERSION"), "15").unwrap();
        assert!(folder(&keys).has_failed(), "it lies in a cluster");
        fs::remove_dir_all(&made).unwrap();
        assert!(folder(&keys).has_failed(), "it is not there");
    }
}
