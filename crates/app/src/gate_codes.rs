//! 通行码: what somebody shows at a gate. Ten minutes of codes at once, so that a phone without a network opens the gate
//! too; each is good for twenty-five seconds, and none says who it is of but to us.

mod shown;
mod token;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    CorpId,
    gate::{Bearer, code},
    policy::Viewer,
};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use store::{
    Scoped,
    gate_keys::{self, Key, NewKey, pseudonym_place, signing_place},
};

pub use shown::at_gate;
pub(crate) use shown::read as read_shown;
pub use token::{Claims, Code, read};

use crate::{App, Error, Result, School, secret};

/// Bytes of a pseudonym.
const PSEUDONYM: usize = 12;

/// A code and when it is to be shown: until the next one.
#[derive(Debug, Clone)]
pub struct Shown {
    /// From when.
    pub from: DateTime<Utc>,
    /// Its text, for a QR code.
    pub code: String,
}

/// Codes for the next ten minutes.
#[derive(Debug, Clone)]
pub struct Batch {
    /// By our clock: a phone's may be off by minutes.
    pub now: DateTime<Utc>,
    /// The first is to be shown at once.
    pub codes: Vec<Shown>,
}

/// The viewer's codes from now on.
pub async fn batch(app: &App, school: &School, viewer: &Viewer) -> Result<Batch> {
    let person = viewer.person.as_ref().ok_or(Error::NotFound)?.id;
    let now = app.now();
    let mut tx = app.store().scoped(school.corp()).await?;
    let named = name(app, &mut tx, school, Bearer::Person(person), now).await?;
    tx.commit().await?;
    Ok(Batch { now, codes: write(app, school, &named, now)? })
}

/// What somebody is called in the codes of a day, on record.
pub(crate) struct NamedFor {
    key: Key,
    pseudonym: Vec<u8>,
    visitor: bool,
}

/// Keeps what somebody is called in the codes of today.
pub(crate) async fn name(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    bearer: Bearer,
    now: DateTime<Utc>,
) -> Result<NamedFor> {
    let corp = school.corp();
    let key = of_day(app, tx, school.today(now), now).await?;
    let pseudonym = pseudonym(&pseudonyms(app, corp, &key)?, bearer);
    gate_keys::name(tx, corp, &key.kid, &pseudonym, bearer).await?;
    Ok(NamedFor { key, pseudonym, visitor: bearer.visitor().is_some() })
}

/// Codes of somebody for the next ten minutes.
pub(crate) fn write(app: &App, school: &School, named: &NamedFor, now: DateTime<Utc>) -> Result<Vec<Shown>> {
    let pair = signing(app, school.corp(), &named.key)?;
    let mut codes = Vec::with_capacity(60);
    for end in code::ends(now) {
        let from = code::shown_from(end).ok_or_else(|| Error::internal("a code at the end of time"))?;
        let (pseudonym, jti) = (named.pseudonym.clone(), secret::bytes::<8>()?.to_vec());
        let claims = Claims { pseudonym, visitor: named.visitor, end, jti };
        codes.push(Shown { from, code: token::write(&pair, &named.key.kid, claims)? });
    }
    Ok(codes)
}

/// The keys of a day, made by whoever needs them first.
pub(crate) async fn of_day(app: &App, tx: &mut Scoped, day: NaiveDate, now: DateTime<Utc>) -> Result<Key> {
    let corp = tx.corp();
    if let Some(key) = gate_keys::standing(tx, corp, day).await? {
        return Ok(key);
    }
    let random = SystemRandom::new();
    let failed = || Error::internal("no key could be made");
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).map_err(|_| failed())?;
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).map_err(|_| failed())?;
    let kid = secret::bytes::<4>()?;
    let row = hex::encode(kid);
    let keyring = app.store().keyring();
    let new = NewKey {
        kid: kid.to_vec(),
        day,
        signing_key: keyring.seal(signing_place(corp, &row), pkcs8.as_ref())?,
        public_key: pair.public_key().as_ref().to_vec(),
        pseudonym_key: keyring.seal(pseudonym_place(corp, &row), &secret::bytes::<32>()?)?,
    };
    gate_keys::add(tx, corp, &new, now).await?;
    gate_keys::standing(tx, corp, day).await?.ok_or_else(failed)
}

fn signing(app: &App, corp: CorpId, key: &Key) -> Result<Ed25519KeyPair> {
    let opened = app.store().keyring().open(signing_place(corp, &hex::encode(&key.kid)), &key.signing_key)?;
    Ed25519KeyPair::from_pkcs8(&opened).map_err(|_| Error::internal("a signing key that is none"))
}

/// What makes the pseudonyms of a day.
pub(crate) fn pseudonyms(app: &App, corp: CorpId, key: &Key) -> Result<hmac::Key> {
    let place = hex::encode(&key.kid);
    let opened = app.store().keyring().open(pseudonym_place(corp, &place), &key.pseudonym_key)?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &opened))
}

/// What somebody is called in the codes of a day.
pub(crate) fn pseudonym(key: &hmac::Key, bearer: Bearer) -> Vec<u8> {
    let tag = match bearer {
        Bearer::Person(person) => hmac::sign(key, &person.to_be_bytes()),
        // Longer than a person's number: never the same.
        Bearer::Visitor(visitor) => {
            hmac::sign(key, &[b"visitor ".as_slice(), &visitor.to_be_bytes()].concat())
        }
    };
    tag.as_ref().iter().copied().take(PSEUDONYM).collect()
}
