//! The other way round: the code a gate shows, which people scan in 企业微信. It says which device shows it and which way it
//! leads, and opens a page of ours; who scans it is whoever is signed in there.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use coset::cbor::value::Value;
use domain::gate::{Direction, code};

use super::{
    Batch, Shown, of_day, signing,
    token::{self, Opened},
};
use crate::{
    App, Error, Result, School,
    gate_devices::device,
    passages::{heard, serves},
    secret,
};

/// The claim with the device, of the private ones.
const DEVICE: i64 = -65_538;
/// The claim that is true where it leads in.
const ENTERS: i64 = -65_539;
/// Where a code leads.
const PAGE: &str = "/h5/gate-scan?c=";
/// No code is longer.
const LONGEST: usize = 400;

/// A code of a gate as it was read, not yet believed.
pub(crate) struct AtGate {
    /// Which device showed it.
    pub(crate) device: i64,
    /// Which way it leads.
    pub(crate) direction: Direction,
    opened: Opened,
}

impl AtGate {
    /// The keys it says it is signed with.
    pub(crate) fn kid(&self) -> &[u8] {
        &self.opened.kid
    }

    /// Its own id.
    pub(crate) fn jti(&self) -> &[u8] {
        &self.opened.jti
    }

    /// Until when it is good, in seconds since 1970.
    pub(crate) fn end(&self) -> i64 {
        self.opened.end
    }

    /// Whether it is signed with the key of this public key.
    pub(crate) fn is_signed_with(&self, public_key: &[u8]) -> bool {
        self.opened.is_signed_with(public_key)
    }
}

/// Ten minutes of codes for the device of this token to show, as paths of this host.
pub async fn at_gate(app: &App, school: &School, token: &str, direction: Direction) -> Result<Batch> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let device = device(&mut tx, token).await?;
    if device.closed {
        return Err(Error::UnknownDevice);
    }
    if !serves(&device)?.has(direction) {
        return Err(Error::field("direction", "本门岗不走这个方向，请换一个方向"));
    }
    heard(&mut tx, &device, now).await?;
    let key = of_day(app, &mut tx, school.today(now), now).await?;
    tx.commit().await?;
    let pair = signing(app, corp, &key)?;
    let mut codes = Vec::with_capacity(60);
    for end in code::ends(now) {
        let from = code::shown_from(end).ok_or_else(|| Error::internal("a code at the end of time"))?;
        let own =
            vec![(DEVICE, Value::from(device.device_id)), (ENTERS, Value::from(direction == Direction::In))];
        let signed = token::sign(&pair, &key.kid, end, secret::bytes::<8>()?.to_vec(), own)?;
        codes.push(Shown { from, code: format!("{PAGE}{}", URL_SAFE_NO_PAD.encode(signed)) });
    }
    Ok(Batch { now, codes })
}

/// Reads the code of a gate; none where it is none of ours.
pub(crate) fn read(text: &str) -> Option<AtGate> {
    let opened =
        token::open(&URL_SAFE_NO_PAD.decode(Some(text).filter(|text| text.len() <= LONGEST)?).ok()?)?;
    let Value::Integer(device) = opened.claim(DEVICE)? else { return None };
    let device = i64::try_from(*device).ok()?;
    let Value::Bool(enters) = *opened.claim(ENTERS)? else { return None };
    let direction = if enters { Direction::In } else { Direction::Out };
    Some(AtGate { device, direction, opened })
}
