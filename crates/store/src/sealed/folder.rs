//! Where the data keys lie: a directory outside the database, a small file a key. What is gone from here makes values
//! unreadable in the database and in every backup of it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use chrono::{DateTime, NaiveDate, Utc};
use domain::CorpId;
use serde::{Deserialize, Serialize};

use super::{Algorithm, KeyId, KeyInfo, Purpose, wrap::Wrapped};
use crate::{Error, Result};

/// What a key file says.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    id: String,
    corp: CorpId,
    purpose: String,
    /// The first day of it.
    month: NaiveDate,
    algorithm: String,
    created_at: DateTime<Utc>,
    active_from: DateTime<Utc>,
    wrapped_by: String,
    wrapped: String,
}

impl KeyFile {
    fn new(info: &KeyInfo, wrapped: &Wrapped) -> Self {
        Self {
            id: info.id.to_string(),
            corp: info.corp,
            purpose: info.purpose.to_string(),
            month: info.month,
            algorithm: info.algorithm.as_str().to_owned(),
            created_at: info.created_at,
            active_from: info.active_from,
            wrapped_by: wrapped.by.clone(),
            wrapped: wrapped.text.clone(),
        }
    }

    fn read(self) -> Option<(KeyInfo, Wrapped)> {
        let info = KeyInfo {
            id: KeyId::parse(&self.id)?,
            corp: self.corp,
            purpose: Purpose::parse(&self.purpose)?,
            month: self.month,
            algorithm: Algorithm::parse(&self.algorithm)?,
            created_at: self.created_at,
            active_from: self.active_from,
            wrapped_by: self.wrapped_by.clone(),
        };
        Some((info, Wrapped { by: self.wrapped_by, text: self.wrapped }))
    }
}

/// What is held while a key is destroyed or wrapped anew.
const LOCK: &str = ".lock";

/// The directory.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Error {
    Error::Keys(format!("密钥目录（sealing.key_dir）{what} {}：{error}", path.display()))
}

impl Folder {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Every key there is, and its file. One that does not exist yet is empty.
    pub(super) fn list(&self) -> Result<Vec<(KeyId, PathBuf)>> {
        let mut keys = Vec::new();
        for corp in entries(&self.root)? {
            for purpose in entries(&corp)? {
                keys.extend(
                    entries(&purpose)?.into_iter().filter_map(|path| Some((id_in_name(&path)?, path))),
                );
            }
        }
        Ok(keys)
    }

    /// What a file says. None: it is gone by now.
    pub(super) fn read(&self, path: &Path) -> Result<Option<(KeyInfo, Wrapped)>> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("读不到", path, &error)),
        };
        let file: Option<KeyFile> = serde_json::from_slice(&bytes).ok();
        let (info, wrapped) = file.and_then(KeyFile::read).ok_or_else(|| {
            Error::Keys(format!("密钥文件 {} 已损坏：用密钥目录的副本恢复这个文件", path.display()))
        })?;
        // One that was moved would seal for what it was not made for.
        if self.path(&info) != path {
            return Err(Error::Keys(format!("密钥文件 {} 被挪动过：放回原处", path.display())));
        }
        Ok(Some((info, wrapped)))
    }

    /// Where a key's file is.
    pub(super) fn path(&self, info: &KeyInfo) -> PathBuf {
        let name = format!("{}-{}.json", info.month.format("%Y-%m"), info.id);
        self.of(info.corp, info.purpose).join(name)
    }

    /// Where the keys of one purpose of a school lie.
    pub(super) fn of(&self, corp: CorpId, purpose: Purpose) -> PathBuf {
        self.root.join(corp.to_string()).join(purpose.to_string())
    }

    /// Keeps a new key; when this returns it is on the disk.
    pub(super) fn add(&self, info: &KeyInfo, wrapped: &Wrapped) -> Result<PathBuf> {
        let path = self.path(info);
        let folder = path.parent().unwrap_or(&self.root);
        self.make(folder)?;
        let written = || -> io::Result<()> {
            let draft = draft(&path, info, wrapped)?;
            // Never over a file that is there.
            let linked = fs::hard_link(&draft, &path);
            fs::remove_file(&draft)?;
            linked?;
            sync(folder)
        };
        written().map_err(|error| failed("写不进", &path, &error))?;
        Ok(path)
    }

    /// Keeps a key that is there wrapped otherwise. False: it was destroyed by now.
    pub(super) fn rewrap(&self, info: &KeyInfo, wrapped: &Wrapped) -> Result<bool> {
        let path = self.path(info);
        let folder = path.parent().unwrap_or(&self.root);
        // Held by who destroys too: what is destroyed does not come back.
        let _lock = self.lock()?;
        if !path.exists() {
            return Ok(false);
        }
        let written = || -> io::Result<()> {
            let draft = draft(&path, info, wrapped)?;
            fs::rename(&draft, &path)?;
            sync(folder)
        };
        written().map_err(|error| failed("写不进", &path, &error))?;
        Ok(true)
    }

    /// Overwrites and removes a key's file, and drafts of it that a process left that was killed; when this returns they are gone from the
    /// disk. What a medium keeps beneath its files (a copying file system, worn cells) stays wrapped.
    pub(super) fn destroy(&self, path: &Path) -> Result<bool> {
        let _lock = self.lock()?;
        let gone = || -> io::Result<()> {
            for draft in drafts(path)? {
                erase(&draft)?;
            }
            erase(path)?;
            sync(path.parent().unwrap_or(&self.root))
        };
        match gone() {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(failed("删不掉", path, &error)),
        }
    }

    /// Whether anything was ever destroyed or wrapped anew here: a directory without it was never without keys.
    pub(super) fn has_lock(&self) -> bool {
        self.root.join(LOCK).is_file()
    }

    /// Held until it is dropped; by one process at a time.
    fn lock(&self) -> Result<File> {
        self.make(&self.root)?;
        let path = self.root.join(LOCK);
        let taken = || -> io::Result<File> {
            let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path)?;
            file.lock()?;
            Ok(file)
        };
        taken().map_err(|error| failed("锁不住", &path, &error))
    }

    /// Makes a folder of this directory, for nobody else to read.
    fn make(&self, folder: &Path) -> Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        let made = || -> io::Result<()> {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            for above in folder.ancestors().take_while(|above| above.starts_with(&self.root)).skip(1) {
                sync(above)?;
            }
            Ok(())
        };
        made().map_err(|error| failed("建不了", folder, &error))
    }
}

/// Writes a file beside `path`, for nobody else to read.
fn draft(path: &Path, info: &KeyInfo, wrapped: &Wrapped) -> io::Result<PathBuf> {
    // Hidden and named after the key and the process: nobody else's, and no key to who lists.
    let draft = path.with_file_name(format!(".{}-{}", info.id, std::process::id()));
    let text = serde_json::to_vec_pretty(&KeyFile::new(info, wrapped)).map_err(io::Error::other)?;
    let written = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(&text)?;
        file.sync_all()
    };
    match written() {
        Ok(()) => Ok(draft),
        Err(error) => {
            // On a full disk there may be half of it; why it could not be written is what is told.
            let _ = fs::remove_file(&draft);
            Err(error)
        }
    }
}

/// Drafts of a key that lie beside its file.
fn drafts(path: &Path) -> io::Result<Vec<PathBuf>> {
    let (Some(folder), Some(id)) = (path.parent(), id_in_name(path)) else { return Ok(Vec::new()) };
    let begins = format!(".{id}-");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(begins.as_bytes()) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Overwrites a file and removes it.
fn erase(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).open(path)?;
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(0);
    file.write_all(&vec![0; length])?;
    file.sync_all()?;
    fs::remove_file(path)
}

fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// What is in a folder but for what is hidden; nothing where it is none.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = match fs::read_dir(folder) {
        Ok(read) => read,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(failed("读不到", folder, &error)),
    };
    let hidden =
        |path: &Path| path.file_name().is_none_or(|name| name.as_encoded_bytes().first() == Some(&b'.'));
    let mut found = Vec::new();
    for entry in read {
        let path = entry.map_err(|error| failed("读不到", folder, &error))?.path();
        if !hidden(&path) {
            found.push(path);
        }
    }
    Ok(found)
}

/// Of `2026-03-0011223344556677.json`.
fn id_in_name(path: &Path) -> Option<KeyId> {
    let name = path.file_name()?.to_str()?.strip_suffix(".json")?;
    KeyId::parse(name.rsplit('-').next()?)
}
