//! Who a session is, remembered in Redis for a moment, for those who only look.
//!
//! Sealed for its key and with its time: whoever can write to Redis makes nobody up, gives nobody another's rights, and
//! brings back nothing that was ended.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{CorpId, policy::Viewer};
use serde::{Deserialize, Serialize};
use store::{
    Sealed,
    sealed::{Place, column},
};

use crate::{App, School};

/// How long: who left is out within 5 s.
const SECONDS: u64 = 3;
const LIFE: TimeDelta = TimeDelta::seconds(3);

#[derive(Serialize, Deserialize)]
struct Remembered {
    at: DateTime<Utc>,
    viewer: Viewer,
    signed_in_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct Remembering<'a> {
    at: DateTime<Utc>,
    viewer: &'a Viewer,
    signed_in_at: DateTime<Utc>,
}

fn place(corp: CorpId, key: &str) -> Place<'_> {
    Place { column: &column::REMEMBERED_VIEWER, corp, row: key }
}

/// Where the viewer of a session is remembered.
fn key(corp: CorpId, session_hash: &[u8]) -> String {
    format!("viewer:{corp}:{}", hex::encode(session_hash))
}

/// The viewer of a session as it was a moment ago and when they signed in, if Redis says so and it is ours that it says.
pub(crate) async fn recall(
    app: &App,
    school: &School,
    session_hash: &[u8],
) -> Option<(Viewer, DateTime<Utc>)> {
    let (corp, now) = (school.corp(), app.now());
    let key = key(corp, session_hash);
    let sealed = Sealed::from_bytes(app.cache().get(&key).await?);
    let opened = app.store().keyring().open(place(corp, &key), &sealed).inspect_err(|_| {
        tracing::error!(corp, "redis answered with a viewer that is not ours; it was not used")
    });
    let Remembered { at, mut viewer, signed_in_at } = serde_json::from_slice(&opened.ok()?).ok()?;
    if (now - at).abs() > LIFE {
        return None;
    }
    // What ends at midnight ends at midnight, whenever it was read.
    let today = school.today(now);
    viewer.grants.retain(|grant| grant.until > today);
    Some((viewer, signed_in_at))
}

/// Remembers the viewer of a session, if Redis takes it.
pub(crate) async fn remember(
    app: &App,
    school: &School,
    session_hash: &[u8],
    viewer: &Viewer,
    signed_in_at: DateTime<Utc>,
) {
    let corp = school.corp();
    let key = key(corp, session_hash);
    let remembering = Remembering { at: app.now(), viewer, signed_in_at };
    if let Ok(bytes) = serde_json::to_vec(&remembering)
        && let Ok(sealed) = app.store().keyring().seal(place(corp, &key), &bytes)
    {
        app.cache().put(&key, sealed.as_bytes(), SECONDS).await;
    }
}

/// Forgets the viewers of sessions that were ended, by their hashes: what only looks is refused at once as well.
pub(crate) async fn forget(app: &App, school: &School, session_hashes: &[Vec<u8>]) {
    for hash in session_hashes {
        app.cache().forget(&key(school.corp(), hash)).await;
    }
}
