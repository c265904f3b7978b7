//! The data keys at hand: made when the first value needs one, read when one is met, forgotten when they are destroyed.
//!
//! All is synchronous: a key is opened once and then in memory, and whose key is in memory waits for nobody. Who needs the first
//! key of a month waits while another thread makes it; who meets an unknown key waits while the directory is listed.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, TryLockError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use domain::{
    CorpId,
    clock::{self, Clock},
};
use ring::rand::{SecureRandom, SystemRandom};

use super::{
    Algorithm, Place, Purpose, Sealed,
    cipher::{Cipher, NONCE, TAG},
    folder::Folder,
    header::Header,
    wrap::{Bare, Closed, Key, Wrap, Wrapped},
};
use crate::{Error, Result};

/// The directory is listed again after this long: what others made and destroyed is known by then.
const LISTED_EVERY: Duration = Duration::from_secs(10);

/// What is known is gone by for so long where the directory can't be read: much less than a key that was replaced is kept.
const TRUSTED_FOR: Duration = Duration::from_secs(600);

/// A key made by hand seals from then on: every process knows it before.
pub const KNOWN_AFTER: TimeDelta = TimeDelta::seconds(30);

/// Names a data key. Stands in every value it seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl KeyId {
    /// From sixteen small hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 8];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        let id = Self(bytes);
        (id.to_string() == text).then_some(id)
    }
}

/// What is known of a data key, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Its name.
    pub id: KeyId,
    /// The school.
    pub corp: CorpId,
    /// What it seals.
    pub purpose: Purpose,
    /// The first day of the month, by the school's calendar, whose values it seals.
    pub month: NaiveDate,
    /// How it seals.
    pub algorithm: Algorithm,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Since when it seals, until there is a newer one.
    pub active_from: DateTime<Utc>,
    /// What wraps it.
    pub wrapped_by: String,
}

impl KeyInfo {
    fn context(&self) -> String {
        let Self { id, corp, purpose, month, algorithm, .. } = self;
        format!("{corp}/{purpose}/{}/{}/{id}", month.format("%Y-%m"), algorithm.as_str())
    }

    /// What makes one the newer of two.
    fn age(&self) -> (DateTime<Utc>, DateTime<Utc>, KeyId) {
        (self.active_from, self.created_at, self.id)
    }
}

struct DataKey {
    info: KeyInfo,
    path: PathBuf,
    /// Since it was first needed.
    cipher: OnceLock<Cipher>,
}

/// What it is for: school, purpose, month.
type Use = (CorpId, Purpose, NaiveDate);

/// The keys of the directory as it was last listed.
#[derive(Default)]
struct Known {
    by_id: HashMap<KeyId, Arc<DataKey>>,
    /// The oldest first.
    by_use: HashMap<Use, Vec<Arc<DataKey>>>,
    /// Files that are there and can't be read: their keys are not gone.
    spoilt: HashMap<KeyId, Spoilt>,
}

/// A key's file that can't be read, for instance since another user made it.
#[derive(Clone)]
struct Spoilt {
    path: PathBuf,
    /// What is wrong and what to do.
    why: String,
}

impl Spoilt {
    fn error(&self) -> Error {
        Error::Keys(self.why.clone())
    }
}

impl Known {
    fn of(keys: impl IntoIterator<Item = Arc<DataKey>>, spoilt: HashMap<KeyId, Spoilt>) -> Self {
        let mut known = Self { spoilt, ..Self::default() };
        for key in keys {
            let KeyInfo { corp, purpose, month, .. } = key.info;
            known.by_use.entry((corp, purpose, month)).or_default().push(key.clone());
            known.by_id.insert(key.info.id, key);
        }
        for keys in known.by_use.values_mut() {
            keys.sort_by_key(|key| key.info.age());
        }
        known
    }

    /// A key that is there, or why it can't be read. None: it is not there.
    fn find(&self, id: KeyId) -> Option<Result<Arc<DataKey>>> {
        match self.by_id.get(&id) {
            Some(key) => Some(Ok(key.clone())),
            None => self.spoilt.get(&id).map(|spoilt| Err(spoilt.error())),
        }
    }

    /// The one that seals at `now`.
    fn newest(&self, of: Use, now: DateTime<Utc>) -> Option<Arc<DataKey>> {
        self.by_use.get(&of)?.iter().rev().find(|key| key.info.active_from <= now).cloned()
    }
}

/// When the directory was listed.
#[derive(Clone, Copy)]
struct Listed {
    /// Since when what is known is true.
    at: Instant,
    /// When it was tried last.
    tried: Instant,
}

/// Where the keys are and how they are made.
#[derive(Debug, Clone)]
pub struct KeySettings {
    /// The directory: made when the first key is.
    pub folder: PathBuf,
    /// Of new keys.
    pub algorithm: Algorithm,
    /// What keeps them closed.
    pub wrap: Arc<dyn Wrap>,
    /// The business clock: says which month it is, and whether a key is active yet.
    pub clock: Arc<dyn Clock>,
    /// The schools' zones: a month begins at a school's midnight. UTC for a school that is not here.
    pub zones: HashMap<CorpId, Tz>,
}

/// Seals and opens values, each by the data key of its school, purpose and month.
pub struct Keyring {
    folder: Folder,
    algorithm: Algorithm,
    wrap: Arc<dyn Wrap>,
    clock: Arc<dyn Clock>,
    zones: HashMap<CorpId, Tz>,
    random: SystemRandom,
    known: RwLock<Arc<Known>>,
    /// Held while the directory is listed. None: it never was.
    listed: Mutex<Option<Listed>>,
    /// Held while a key is made: threads that need the same one make it once.
    making: Mutex<()>,
    /// Ids of values that no key of the last listing opens: the directory is not listed again for each of them.
    missing: Mutex<HashSet<KeyId>>,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} keys)", self.known().by_id.len())
    }
}

/// A panic elsewhere leaves nothing half done behind these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Keyring {
    /// Over a directory, whose keys are listed at first use.
    pub fn new(settings: KeySettings) -> Self {
        let KeySettings { folder, algorithm, wrap, clock, zones } = settings;
        Self {
            folder: Folder::new(folder),
            algorithm,
            wrap,
            clock,
            zones,
            random: SystemRandom::new(),
            known: RwLock::default(),
            listed: Mutex::new(None),
            making: Mutex::new(()),
            missing: Mutex::default(),
        }
    }

    /// Seals `plaintext` for one place, by the newest key of its purpose and of this month; the first value of a month makes it.
    ///
    /// # Errors
    /// [`Error::Keys`]: there is no key and none can be made. [`Error::Seal`]: the row is none of the column's.
    pub fn seal(&self, place: Place<'_>, plaintext: &[u8]) -> Result<Sealed> {
        let purpose = place.purpose()?;
        let now = self.clock.now();
        let of = (place.corp, purpose, self.month(place.corp, now));
        self.list_now_and_then()?;
        let newest = self.known().newest(of, now);
        let key = match newest {
            Some(key) => key,
            None => self.first(of, now)?,
        };
        self.seal_by(&key, place, plaintext)
    }

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    /// [`Error::Seal`]: it was changed or moved, or its key was destroyed. [`Error::Keys`]: the key is there and can't be
    /// read or opened now.
    pub fn open(&self, place: Place<'_>, sealed: &Sealed) -> Result<Vec<u8>> {
        let failed = || Error::Seal(place.column.name);
        let (header, nonce, body) = Header::read(sealed.as_bytes()).ok_or_else(failed)?;
        self.list_now_and_then()?;
        let key = self.find(header.key)?.ok_or_else(failed)?;
        let KeyInfo { corp, purpose, algorithm, .. } = key.info;
        if (corp, purpose, algorithm) != (place.corp, place.purpose()?, header.algorithm) {
            return Err(failed());
        }
        let mut body = body.to_vec();
        let opened = self.cipher(&key)?.open(nonce, &header.associated(purpose, place), &mut body);
        opened.ok_or_else(failed)?;
        Ok(body)
    }

    /// Opens what somebody else may have made up: under a key that is known, and no directory is read for one that is not. A key that another
    /// process made is known within seconds.
    ///
    /// # Errors
    /// As [`open`](Self::open); [`Error::Seal`] also where the key is not known.
    pub fn open_foreign(&self, place: Place<'_>, sealed: &Sealed) -> Result<Vec<u8>> {
        self.list_now_and_then()?;
        let key = sealed.key().filter(|id| self.known().find(*id).is_some());
        key.ok_or(Error::Seal(place.column.name))?;
        self.open(place, sealed)
    }

    /// Whether the key of a value was destroyed: it is kept no longer, though its bytes still stand there.
    ///
    /// # Errors
    /// [`Error::Keys`]: the directory or the file of the key can't be read.
    pub fn is_gone(&self, sealed: &Sealed) -> Result<bool> {
        match sealed.key() {
            Some(key) => Ok(self.find(key)?.is_none()),
            None => Ok(false),
        }
    }

    /// The value sealed anew, by the newest key of the same purpose and month. None: it stands under that key already.
    ///
    /// # Errors
    /// As [`Keyring::open`].
    pub fn renew(&self, place: Place<'_>, sealed: &Sealed) -> Result<Option<Sealed>> {
        let failed = || Error::Seal(place.column.name);
        let (header, ..) = Header::read(sealed.as_bytes()).ok_or_else(failed)?;
        let key = self.find(header.key)?.ok_or_else(failed)?;
        let KeyInfo { corp, purpose, month, .. } = key.info;
        match self.known().newest((corp, purpose, month), self.clock.now()) {
            Some(newest) if newest.info.id != header.key => {
                self.seal_by(&newest, place, &self.open(place, sealed)?).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The keys of one purpose of a school as they are now, the oldest first.
    ///
    /// # Errors
    /// [`Error::Keys`]: the directory or the file of one of them can't be read: there may be more.
    pub fn keys(&self, corp: CorpId, purpose: Purpose) -> Result<Vec<KeyInfo>> {
        self.refresh()?;
        let (known, folder) = (self.known(), self.folder.of(corp, purpose));
        if let Some(spoilt) = known.spoilt.values().find(|spoilt| spoilt.path.starts_with(&folder)) {
            return Err(spoilt.error());
        }
        let mut keys: Vec<KeyInfo> = known.by_id.values().map(|key| key.info.clone()).collect();
        keys.retain(|key| key.corp == corp && key.purpose == purpose);
        keys.sort_by_key(|key| (key.month, key.age()));
        Ok(keys)
    }

    /// Every key, by school, purpose, month and age. Where the directory can't be read now, as it was last.
    pub fn all(&self) -> Vec<KeyInfo> {
        if let Err(error) = self.refresh() {
            tracing::warn!(%error, "the data keys can't be listed");
        }
        let mut keys: Vec<KeyInfo> = self.known().by_id.values().map(|key| key.info.clone()).collect();
        keys.sort_by_key(|key| (key.corp, key.purpose, key.month, key.age()));
        keys
    }

    /// Whether all keys that are there are known: for who says of a value that its key was destroyed.
    ///
    /// # Errors
    /// [`Error::Keys`]: the directory or the file of a key can't be read.
    pub fn check(&self) -> Result<()> {
        self.refresh()?;
        match self.known().spoilt.values().next() {
            Some(spoilt) => Err(spoilt.error()),
            None => Ok(()),
        }
    }

    /// The ids of those that a value of their purpose and month would be sealed under now.
    pub fn newest(&self) -> HashSet<KeyId> {
        let (known, now) = (self.known(), self.clock.now());
        known.by_use.keys().filter_map(|of| known.newest(*of, now)).map(|key| key.info.id).collect()
    }

    /// Makes values unreadable, here and in every backup: overwrites and removes these keys of a school. Gives those that were
    /// there; a key of another school stays. Other processes forget them within ten seconds of their next use.
    ///
    /// # Errors
    /// [`Error::Keys`]: a file can't be removed. Those before it are gone; again, it goes on.
    pub fn destroy(&self, corp: CorpId, ids: &[KeyId]) -> Result<Vec<KeyInfo>> {
        self.refresh()?;
        let known = self.known();
        let mut gone = Vec::new();
        for key in ids.iter().filter_map(|id| known.by_id.get(id)).filter(|key| key.info.corp == corp) {
            if self.folder.destroy(&key.path)? {
                gone.push(key.info.clone());
            }
        }
        drop(known);
        self.refresh()?;
        Ok(gone)
    }

    /// Makes a successor of every key that seals now: of each school, purpose and month; of `purpose` alone, if one is given.
    /// It seals after [`KNOWN_AFTER`]. Gives the new ones.
    ///
    /// # Errors
    /// [`Error::Keys`]: no more can be made. Those before are there.
    pub fn rotate(&self, purpose: Option<Purpose>) -> Result<Vec<KeyInfo>> {
        self.refresh()?;
        let mut uses: Vec<Use> = self.known().by_use.keys().copied().collect();
        uses.retain(|(_, of, _)| purpose.is_none_or(|purpose| purpose == *of));
        uses.sort_unstable();
        let now = self.clock.now();
        let made: Result<Vec<_>> = uses.into_iter().map(|of| self.make(of, now, now + KNOWN_AFTER)).collect();
        Ok(made?.iter().map(|key| key.info.clone()).collect())
    }

    /// Makes next month's key of every purpose of a school that has one of this month, once that month begins within `ahead`: so that its
    /// first value waits for neither disk nor key service. How many were made; those that are there stay.
    ///
    /// # Errors
    /// [`Error::Keys`]: no more can be made. Those before are there.
    pub fn prepare(&self, corp: CorpId, ahead: TimeDelta) -> Result<usize> {
        let now = self.clock.now();
        let (this, next) = (self.month(corp, now), self.month(corp, now + ahead));
        if this == next {
            return Ok(0);
        }
        self.refresh()?;
        let known = self.known();
        let of_this = known.by_use.keys().filter(|(of, _, month)| (*of, *month) == (corp, this));
        let mut uses: Vec<Use> = of_this.map(|(_, purpose, _)| (corp, *purpose, next)).collect();
        uses.retain(|of| known.newest(*of, now).is_none());
        uses.sort_unstable();
        for of in &uses {
            self.make(*of, now, now)?;
        }
        Ok(uses.len())
    }

    /// Wraps every key anew, by what wraps now. How many; after it nothing else is needed to open them.
    ///
    /// # Errors
    /// [`Error::Keys`]: one can't be opened, wrapped or written. Every key opens as before, or as it shall.
    pub fn rewrap(&self) -> Result<usize> {
        let mut count = 0;
        let files = self.files()?;
        for part in files.chunks(BATCH) {
            let closed: Vec<Closed> = part.iter().map(|(info, wrapped)| closed(info, wrapped)).collect();
            let keys = self.wrap.open(&closed).into_iter().collect::<Result<Vec<_>>>()?;
            let bare: Vec<Bare<'_>> = (part.iter().zip(&keys))
                .map(|((info, _), key)| Bare { context: info.context(), key })
                .collect();
            for ((info, _), wrapped) in part.iter().zip(self.wrap.wrap(&bare)?) {
                count += usize::from(self.folder.rewrap(info, &wrapped)?);
            }
        }
        Ok(count)
    }

    /// Whether every key opens: each, and why not. Those that do are in memory then, so that nobody waits for them. Files that can't be read
    /// are left out: [`Keyring::check`] tells of them.
    ///
    /// # Errors
    /// [`Error::Keys`]: the directory can't be read.
    pub fn open_all(&self) -> Result<Vec<(KeyInfo, Result<()>)>> {
        self.refresh()?;
        let known = self.known();
        let mut found = Vec::new();
        let mut files = Vec::new();
        for (_, path) in self.folder.list()? {
            files.extend(self.folder.read(&path).ok().flatten());
        }
        for part in files.chunks(BATCH) {
            let closed: Vec<Closed> = part.iter().map(|(info, wrapped)| closed(info, wrapped)).collect();
            for ((info, _), opened) in part.iter().zip(self.wrap.open(&closed)) {
                let ready = opened.and_then(|bytes| cipher_of(info, &bytes)).map(|cipher| {
                    if let Some(key) = known.by_id.get(&info.id) {
                        // One that is in memory already is the same.
                        let _ = key.cipher.set(cipher);
                    }
                });
                found.push((info.clone(), ready));
            }
        }
        Ok(found)
    }

    /// By what new keys are wrapped.
    pub fn wrapped_by(&self) -> String {
        self.wrap.name()
    }

    /// Lists the directory: what others made is known, what is destroyed is forgotten.
    ///
    /// # Errors
    /// [`Error::Keys`]: it can't be read.
    pub fn refresh(&self) -> Result<()> {
        self.list(&mut lock(&self.listed))
    }

    fn list_now_and_then(&self) -> Result<()> {
        // Who comes while another lists goes on with what was known, but for the first, who knows nothing.
        let mut listed = match self.listed.try_lock() {
            Ok(listed) => listed,
            Err(TryLockError::Poisoned(listed)) => listed.into_inner(),
            Err(TryLockError::WouldBlock) => return Ok(()),
        };
        let last = *listed;
        match last {
            Some(last) if last.tried.elapsed() < LISTED_EVERY => Ok(()),
            Some(Listed { at, .. }) if at.elapsed() < TRUSTED_FOR => {
                // What is in memory works whether or not the directory can be read just now.
                if let Err(error) = self.list(&mut listed) {
                    tracing::warn!(%error, "the data keys can't be listed");
                    *listed = Some(Listed { at, tried: Instant::now() });
                }
                Ok(())
            }
            _ => self.list(&mut listed),
        }
    }

    fn list(&self, listed: &mut Option<Listed>) -> Result<()> {
        let before = self.known();
        let there = self.folder.list()?;
        let ids: HashSet<KeyId> = there.iter().map(|(id, _)| *id).collect();
        // A disk that is not mounted, or another in its place, is no order to forget.
        if before.by_id.keys().any(|id| !ids.contains(id)) && !self.folder.has_lock() {
            return Err(Error::Keys(
                "密钥目录（sealing.key_dir）里少了密钥，而没有人销毁过：它所在的盘是否没有挂载，或换成了别的副本？把它放回来；\
                 确实要让密钥作废，重启点名"
                    .into(),
            ));
        }
        let (mut keys, mut spoilt) = (Vec::new(), HashMap::new());
        for (id, path) in there {
            match before.by_id.get(&id).filter(|key| key.path == path) {
                Some(key) => keys.push(key.clone()),
                None => match self.folder.read(&path) {
                    Ok(Some((info, _))) => {
                        keys.push(Arc::new(DataKey { info, path, cipher: OnceLock::new() }));
                    }
                    Ok(None) => {}
                    // One spoilt file does not take the others away; `rollcall doctor` names it.
                    Err(error) => {
                        tracing::error!(%error, "a data key is spoilt");
                        spoilt.insert(id, Spoilt { path, why: error.to_string() });
                    }
                },
            }
        }
        self.replace(Known::of(keys, spoilt));
        lock(&self.missing).clear();
        let now = Instant::now();
        *listed = Some(Listed { at: now, tried: now });
        Ok(())
    }

    fn known(&self) -> Arc<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, known: Known) {
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
    }

    /// A key by its id. One that is not known was made by another process, or destroyed: the directory says which.
    fn find(&self, id: KeyId) -> Result<Option<Arc<DataKey>>> {
        if let Some(found) = self.known().find(id) {
            return found.map(Some);
        }
        // A key is on the disk before anything is sealed under it: missing once, it is gone.
        if lock(&self.missing).contains(&id) {
            return Ok(None);
        }
        self.refresh()?;
        let found = self.known().find(id).transpose()?;
        if found.is_none() {
            lock(&self.missing).insert(id);
        }
        Ok(found)
    }

    /// The first key of a month, unless another thread or process has made it meanwhile.
    fn first(&self, of: Use, now: DateTime<Utc>) -> Result<Arc<DataKey>> {
        let _made = lock(&self.making);
        self.refresh()?;
        let newest = self.known().newest(of, now);
        newest.map_or_else(|| self.make(of, now, now), Ok)
    }

    fn make(
        &self,
        (corp, purpose, month): Use,
        now: DateTime<Utc>,
        active_from: DateTime<Utc>,
    ) -> Result<Arc<DataKey>> {
        let mut id = [0; 8];
        let mut bytes = Key::new(vec![0; self.algorithm.key_length()]);
        let filled = self.random.fill(&mut id).and_then(|()| self.random.fill(&mut bytes));
        filled.map_err(|_| Error::Keys("数据密钥造不出来：取不到随机数".into()))?;
        let mut info = KeyInfo {
            id: KeyId(id),
            corp,
            purpose,
            month,
            algorithm: self.algorithm,
            created_at: now,
            active_from,
            wrapped_by: String::new(),
        };
        let bare = Bare { context: info.context(), key: &bytes };
        let wrapped = self.wrap.wrap(&[bare])?.pop();
        let wrapped = wrapped.ok_or_else(|| Error::Keys("数据密钥包裹失败：没有收到回答".into()))?;
        info.wrapped_by.clone_from(&wrapped.by);
        let path = self.folder.add(&info, &wrapped)?;
        let cipher = OnceLock::from(cipher_of(&info, &bytes)?);
        let key = Arc::new(DataKey { info, path, cipher });
        // While nobody lists: who lists after this finds the file.
        let _listed = lock(&self.listed);
        let known = self.known();
        let keys = known.by_id.values().cloned().chain([key.clone()]);
        self.replace(Known::of(keys, known.spoilt.clone()));
        Ok(key)
    }

    /// Every key as its file has it now.
    fn files(&self) -> Result<Vec<(KeyInfo, Wrapped)>> {
        let mut files = Vec::new();
        for (_, path) in self.folder.list()? {
            files.extend(self.folder.read(&path)?);
        }
        Ok(files)
    }

    fn cipher<'a>(&self, key: &'a DataKey) -> Result<&'a Cipher> {
        if let Some(cipher) = key.cipher.get() {
            return Ok(cipher);
        }
        // Read when it is needed: it may have been wrapped anew since it was listed.
        let gone = || Error::Keys(format!("数据密钥 {} 已销毁", key.info.id));
        let (info, wrapped) = self.folder.read(&key.path)?.ok_or_else(gone)?;
        let opened = self.wrap.open(&[closed(&info, &wrapped)]).pop();
        let bytes = opened.ok_or_else(|| Error::Keys("数据密钥打不开：没有收到回答".into()))??;
        let cipher = cipher_of(&key.info, &bytes)?;
        // Another thread may have been first: the same key.
        Ok(key.cipher.get_or_init(|| cipher))
    }

    fn seal_by(&self, key: &DataKey, place: Place<'_>, plaintext: &[u8]) -> Result<Sealed> {
        let failed = || Error::Seal(place.column.name);
        let header = Header { algorithm: key.info.algorithm, key: key.info.id };
        let mut nonce = [0; NONCE];
        self.random.fill(&mut nonce).map_err(|_| failed())?;
        let mut body = Vec::with_capacity(plaintext.len() + TAG);
        body.extend_from_slice(plaintext);
        let sealed = self.cipher(key)?.seal(nonce, &header.associated(key.info.purpose, place), &mut body);
        sealed.ok_or_else(failed)?;
        Ok(header.write(nonce, &body))
    }

    /// The first day of the school's month.
    fn month(&self, corp: CorpId, now: DateTime<Utc>) -> NaiveDate {
        let zone = self.zones.get(&corp).copied().unwrap_or(Tz::UTC);
        let day = clock::school_day(zone, now);
        day.with_day(1).unwrap_or(day)
    }
}

/// Keys a key service is asked for at once.
const BATCH: usize = 200;

fn closed(info: &KeyInfo, wrapped: &Wrapped) -> Closed {
    Closed { context: info.context(), wrapped: wrapped.clone() }
}

fn cipher_of(info: &KeyInfo, bytes: &[u8]) -> Result<Cipher> {
    Cipher::new(info.algorithm, bytes)
        .ok_or_else(|| Error::Keys(format!("数据密钥 {} 的长度不对：文件已损坏", info.id)))
}
