//! 密钥: what `rollcall keys` does to the data keys and to what is sealed under them, while everybody goes on working.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{CorpId, audit::Act};
use serde_json::{Value, json};
use store::{
    Error as StoreError, KeyId, KeyInfo, Purpose, Sealed, Store,
    audit::{self, Event},
    sealed::{
        Column, Place,
        column::{ALL, Spot},
        values::{self, Renewed, Standing},
    },
};

use crate::{App, Error, Result, School};

/// Values read, and put, at once.
const BATCH: i64 = 100;
/// Tries of a batch that two writers wait for each other over.
const TRIES: usize = 5;
/// A key that has a successor is not destroyed before this has passed since: who sealed under it has written it down by then.
const SETTLED: TimeDelta = TimeDelta::hours(1);
/// How long before a month its keys are made.
const AHEAD: TimeDelta = TimeDelta::days(3);

/// Makes the data keys of next month in the last days of this one: nobody's first report of a month waits for a key service, or fails
/// where it is away.
pub(crate) async fn prepare(app: &App, school: &School) -> Result<()> {
    let (store, corp) = (app.store().clone(), school.corp());
    // It may wait for another host; no thread that others need does.
    let made = tokio::task::spawn_blocking(move || store.keyring().prepare(corp, AHEAD)).await;
    let made = made.map_err(|_| Error::internal("making keys panicked"))??;
    if made > 0 {
        tracing::info!(corp, keys = made, "next month's data keys are made");
    }
    Ok(())
}

/// Whether the directory of keys is this database's: at least one key of the audit has its data key there. None of these is ever destroyed
/// before it is sealed anew, so where all are missing the directory is not mounted, another's, or older than they are. Who went on
/// would seal under keys that are lost when the right one is back, and say of others that they were destroyed.
///
/// # Errors
/// It is not, with what to do, in Chinese; or database or directory can't be read. Nothing can be said before there is an audit.
pub async fn belong(store: &Store, corp: CorpId) -> Result<()> {
    let mut tx = store.reading(corp).await?;
    let signing = audit::keys(&mut tx, corp).await?;
    tx.commit().await?;
    for key in &signing {
        if !store.keyring().is_gone(&key.signing_key)? {
            return Ok(());
        }
    }
    if signing.is_empty() {
        return Ok(());
    }
    Err(StoreError::Keys(
        "密钥目录（sealing.key_dir）里没有这个数据库的数据密钥：检查它所在的盘是否挂载、路径是否写对，或用最新的副本恢复；\
         确实全丢了，先运行 rollcall audit rotate-key"
            .into(),
    )
    .into())
}

/// What a command did to the keys of a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// So many data keys have a successor.
    Rotated(usize),
    /// So many data keys are wrapped anew.
    Rewrapped(usize),
    /// So many values stand under newer data keys.
    Reencrypted(usize),
    /// So many old data keys are gone.
    Destroyed(usize),
    /// Heads of the audit are signed with a new key of this name, in hex.
    Signing(String),
}

impl Done {
    fn detail(&self) -> Value {
        match self {
            Self::Rotated(keys) => json!({ "act": "rotated", "keys": keys }),
            Self::Rewrapped(keys) => json!({ "act": "rewrapped", "keys": keys }),
            Self::Reencrypted(values) => json!({ "act": "reencrypted", "values": values }),
            Self::Destroyed(keys) => json!({ "act": "destroyed", "keys": keys }),
            Self::Signing(kid) => json!({ "act": "signing_key", "kid": kid }),
        }
    }
}

/// What is recorded of it: nobody is signed in where commands are given.
pub(crate) fn event(corp: CorpId, done: &Done, at: DateTime<Utc>) -> Event {
    Event::new(corp, Act::KeysChanged, None, at).saying(done.detail())
}

/// Records what a command did to the keys of a school. Keys lie outside of the database: it is recorded when it is done.
pub async fn note(store: &Store, corp: CorpId, done: &Done, at: DateTime<Utc>) -> Result<()> {
    let mut tx = store.scoped(corp).await?;
    audit::insert(&mut tx, event(corp, done, at)).await?;
    tx.commit().await?;
    Ok(())
}

/// What became of the values of one column of a school.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The school.
    pub corp: CorpId,
    /// `table.column`.
    pub column: String,
    /// Sealed anew.
    pub renewed: usize,
    /// Changed by somebody else meanwhile; what they left is looked at again.
    pub overtaken: usize,
    /// Did not open: their key was destroyed, or they were changed.
    pub unreadable: usize,
}

impl Progress {
    /// Whether there is anything to say.
    pub fn is_worth_a_line(&self) -> bool {
        self.renewed + self.overtaken + self.unreadable > 0
    }
}

/// Seals every value of these schools anew that is not under the newest key of its purpose and month, in small transactions, and
/// tells after each what was done so far. Stopped anywhere, it goes on from there the next time. `store` connects as the owner of the
/// tables.
pub async fn reencrypt(
    store: &Store,
    corps: &[CorpId],
    mut tell: impl FnMut(&Progress),
) -> Result<Vec<Progress>> {
    store.keyring().refresh()?;
    let mut all = Vec::new();
    for corp in corps {
        for column in ALL {
            for spot in column.spots {
                let progress = spot_anew(store, *corp, column, spot, &mut tell).await?;
                all.push(progress);
            }
        }
    }
    Ok(all)
}

async fn spot_anew(
    store: &Store,
    corp: CorpId,
    column: &'static Column,
    spot: &Spot,
    tell: &mut impl FnMut(&Progress),
) -> Result<Progress> {
    let name = format!("{}.{}", spot.table, spot.column);
    let mut progress = Progress { corp, column: name, renewed: 0, overtaken: 0, unreadable: 0 };
    let mut after: Option<Value> = None;
    loop {
        let done = store.keyring().newest();
        let mut tx = store.reading(corp).await?;
        let found = values::not_under(&mut tx, corp, spot, &done, after.as_ref(), BATCH).await?;
        tx.commit().await?;
        let Some(last) = found.last() else { break };
        after = Some(last.key.clone());
        let renewed = anew(store, corp, column, found, &mut progress)?;
        let put = replace(store, corp, spot, &renewed).await?;
        progress.renewed += put;
        progress.overtaken += renewed.len() - put;
        tell(&progress);
    }
    if spot.noted {
        notes_anew(store, column, spot, &mut progress, tell).await?;
    }
    Ok(progress)
}

/// What only the notes of changes have left: an undo puts it back, and it must open then.
async fn notes_anew(
    store: &Store,
    column: &'static Column,
    spot: &Spot,
    progress: &mut Progress,
    tell: &mut impl FnMut(&Progress),
) -> Result<()> {
    let corp = progress.corp;
    let mut after: Option<Sealed> = None;
    loop {
        let done = store.keyring().newest();
        let mut tx = store.reading(corp).await?;
        let found = values::noted_not_under(&mut tx, corp, spot, &done, after.as_ref(), BATCH).await?;
        tx.commit().await?;
        let Some(last) = found.last() else { break };
        after = Some(last.value.clone());
        let renewed = anew(store, corp, column, found, progress)?;
        // The table has none of them: whatever the notes have is put.
        replace(store, corp, spot, &renewed).await?;
        progress.renewed += renewed.len();
        tell(progress);
    }
    Ok(())
}

/// Seals anew what opens of what was found, and counts what does not.
fn anew(
    store: &Store,
    corp: CorpId,
    column: &'static Column,
    found: Vec<Standing>,
    progress: &mut Progress,
) -> Result<Vec<Renewed>> {
    let mut renewed = Vec::with_capacity(found.len());
    for old in found {
        let new = match &old.sealed_for {
            Some(row) => store.keyring().renew(Place { column, corp, row }, &old.value),
            None => Err(StoreError::Seal(column.name)),
        };
        match new {
            Ok(Some(new)) => renewed.push(Renewed { old, new }),
            // Under a key that was not the newest a moment ago.
            Ok(None) => {}
            Err(StoreError::Seal(_)) => progress.unreadable += 1,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(renewed)
}

/// Puts what was sealed anew in its place. How many values of the table that were.
async fn replace(store: &Store, corp: CorpId, spot: &Spot, renewed: &[Renewed]) -> Result<usize> {
    if renewed.is_empty() {
        return Ok(0);
    }
    let mut tries = 0;
    loop {
        tries += 1;
        let mut tx = store.scoped(corp).await?;
        match values::replace(&mut tx, corp, spot, renewed).await {
            Ok(put) => {
                tx.commit().await?;
                return Ok(put);
            }
            // Two writers that each hold a row the other wants: Postgres ended this one.
            Err(StoreError::Query(_)) if tries < TRIES => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// A key, and how many values stand under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// The key.
    pub info: KeyInfo,
    /// The values, in the tables and in the notes of changes.
    pub values: i64,
    /// Whether a value of its purpose and month would be sealed under it now.
    pub is_newest: bool,
}

/// Every key, and how many values stand under it. Reads every table with sealed values; `store` connects as their owner. The second
/// number: values whose key is gone.
pub async fn usage(store: &Store, corps: &[CorpId]) -> Result<(Vec<Used>, i64)> {
    store.keyring().check()?;
    let keys = store.keyring().all();
    let newest = store.keyring().newest();
    let mut counts: BTreeMap<KeyId, i64> = BTreeMap::new();
    let mut gone = 0;
    for corp in corps {
        let known: HashSet<KeyId> = keys.iter().filter(|key| key.corp == *corp).map(|key| key.id).collect();
        for spot in ALL.iter().flat_map(|column| column.spots) {
            let mut tx = store.reading(*corp).await?;
            for row in values::counts(&mut tx, *corp, spot).await? {
                match row.key.try_into().ok().map(KeyId).filter(|id| known.contains(id)) {
                    Some(id) => *counts.entry(id).or_default() += row.count,
                    None => gone += row.count,
                }
            }
            tx.commit().await?;
        }
    }
    let used = keys.into_iter().map(|info| {
        let values = counts.get(&info.id).copied().unwrap_or_default();
        Used { values, is_newest: newest.contains(&info.id), info }
    });
    Ok((used.collect(), gone))
}

/// Destroys keys that nothing is sealed under and that have had a successor for an hour. Backups from before are unreadable then: their
/// values stand under these keys. Gives what is gone. `store` connects as the owner of the tables.
pub async fn destroy_old(store: &Store, corps: &[CorpId], now: DateTime<Utc>) -> Result<Vec<KeyInfo>> {
    let (used, _) = usage(store, corps).await?;
    let mut gone = Vec::new();
    for corp in corps {
        let old: Vec<KeyId> = used
            .iter()
            .filter(|one| one.info.corp == *corp && one.values == 0 && is_settled(&one.info, &used, now))
            .map(|one| one.info.id)
            .collect();
        gone.extend(store.keyring().destroy(*corp, &old)?);
    }
    Ok(gone)
}

/// Whether the successor of a key has long been the one that seals.
fn is_settled(key: &KeyInfo, all: &[Used], now: DateTime<Utc>) -> bool {
    let of =
        |info: &KeyInfo| -> (CorpId, Purpose, chrono::NaiveDate) { (info.corp, info.purpose, info.month) };
    all.iter().any(|other| {
        of(&other.info) == of(key)
            && other.info.active_from > key.active_from
            && other.info.active_from + SETTLED <= now
    })
}
