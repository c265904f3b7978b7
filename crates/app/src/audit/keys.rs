//! What heads are signed with: Ed25519, kept sealed, made by the first that needs it.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{CorpId, audit::head_text};
use ring::{
    rand::SystemRandom,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use store::{
    Scoped,
    audit::{self as rows, HeadRow, Key, signing_place},
};

use crate::{
    App, Error, Result, School,
    keys::{Done, event},
    secret,
};

/// Makes a new key: heads are signed with it from now on. Those signed before stay what they are, for each names its key. Gives
/// its name, in hex; the audit has it.
pub async fn rotate(app: &App, school: &School) -> Result<String> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let kid = hex::encode(make(app, &mut tx, now).await?);
    rows::insert(&mut tx, event(corp, &Done::Signing(kid.clone()), now)).await?;
    tx.commit().await?;
    Ok(kid)
}

/// Makes a key of a school. Gives its name.
pub(super) async fn make(app: &App, tx: &mut Scoped, now: DateTime<Utc>) -> Result<Vec<u8>> {
    let corp = tx.corp();
    let failed = || Error::internal("no key could be made");
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| failed())?;
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(|_| failed())?;
    let kid = secret::bytes::<4>()?.to_vec();
    let sealed = app.store().keyring().seal(signing_place(corp, &hex::encode(&kid)), pkcs8.as_ref())?;
    let key = Key { kid, signing_key: sealed, public_key: pair.public_key().as_ref().to_vec() };
    rows::add_key(tx, corp, &key, now).await?;
    Ok(key.kid)
}

/// A signature of the school's.
pub(crate) struct Signed {
    /// The name of the key.
    pub kid: Vec<u8>,
    /// Ed25519.
    pub signature: Vec<u8>,
    /// What it is checked with.
    pub public_key: Vec<u8>,
}

/// Signs a text with the key heads are signed with, which the first that needs it makes; none: somebody else is making it now.
pub(crate) async fn sign(app: &App, corp: CorpId, text: &[u8]) -> Result<Option<Signed>> {
    let mut tx = app.store().scoped(corp).await?;
    if rows::keys(&mut tx, corp).await?.is_empty() {
        if !rows::lock(&mut tx, corp).await? {
            return Ok(None);
        }
        if rows::keys(&mut tx, corp).await?.is_empty() {
            make(app, &mut tx, app.now()).await?;
        }
        tx.commit().await?;
        tx = app.store().scoped(corp).await?;
    }
    let (kid, pair) = signing(app, &mut tx).await?;
    tx.commit().await?;
    Ok(Some(Signed {
        kid,
        signature: pair.sign(text).as_ref().to_vec(),
        public_key: pair.public_key().as_ref().to_vec(),
    }))
}

/// Whether a text is signed with the key of this public key.
pub(crate) fn is_signed_text(public_key: &[u8], text: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(text, signature).is_ok()
}

/// The key heads are signed with now, and its name.
pub(super) async fn signing(app: &App, tx: &mut Scoped) -> Result<(Vec<u8>, Ed25519KeyPair)> {
    let corp = tx.corp();
    // One that was put there by somebody else does not open, and stops nothing.
    let ours = rows::keys(tx, corp).await?.into_iter().find_map(|key| {
        let pair = open(app, corp, &key)?;
        Some((key.kid, pair))
    });
    ours.ok_or_else(|| Error::internal("no key of the audit opens"))
}

/// None: it was not sealed by us.
fn open(app: &App, corp: CorpId, key: &Key) -> Option<Ed25519KeyPair> {
    let place = hex::encode(&key.kid);
    let opened = app.store().keyring().open(signing_place(corp, &place), &key.signing_key).ok()?;
    Ed25519KeyPair::from_pkcs8(&opened).ok()
}

/// Public keys by name, each taken from what is sealed: whoever has the database alone can put another beside it, and not
/// into it.
pub(super) fn public(app: &App, corp: CorpId, keys: &[Key]) -> HashMap<Vec<u8>, Vec<u8>> {
    keys.iter()
        .filter_map(|key| Some((key.kid.clone(), open(app, corp, key)?.public_key().as_ref().to_vec())))
        .collect()
}

/// Whether a head is signed with the key of this public key.
pub(super) fn has_signed(public_key: &[u8], corp: CorpId, head: &HeadRow) -> bool {
    is_signed(public_key, &head.signature, (corp, head.day, head.seq), &head.hash)
}

/// … a head as it stands anywhere: of which school, of which day, up to which number.
pub(super) fn is_signed(
    public_key: &[u8],
    signature: &[u8],
    (corp, day, seq): (CorpId, NaiveDate, i64),
    hash: &[u8],
) -> bool {
    is_signed_text(public_key, &head_text(corp, day, seq, hash), signature)
}

/// A public key in hex.
pub(super) fn public_of(pair: &Ed25519KeyPair) -> String {
    hex::encode(pair.public_key().as_ref())
}
