//! Random values that are handed out, and the hashes of them that are kept.

use ring::{
    digest,
    rand::{SecureRandom, SystemRandom},
};

use crate::{Error, Result};

/// `N` random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::internal("the system gives no randomness"))?;
    Ok(bytes)
}

/// 32 random bytes in hex: WeCom's `state` takes letters and digits only (doc 91022).
pub(crate) fn token() -> Result<String> {
    Ok(hex::encode(bytes::<32>()?))
}

/// `N` letters and digits that say nothing, without those that are misread.
fn letters<const N: usize>() -> Result<String> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let bytes = bytes::<N>()?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}

/// A receipt: 16 letters and digits.
pub(crate) fn receipt() -> Result<String> {
    letters::<16>()
}

/// What pairs a device with a gate: 12 letters and digits, good once and for minutes. 60 bits: of whoever reads its hash nobody tries
/// them through in that time, so that it needs no slow one, by which anybody could keep us busy.
pub(crate) fn pairing_code() -> Result<String> {
    letters::<12>()
}

/// What takes the place of a second factor when the phone is lost: 12 letters and digits, good once.
pub(crate) fn recovery_code() -> Result<String> {
    letters::<{ domain::second_factor::RECOVERY_LETTERS }>()
}

/// 16 random bytes in hex: an attachment's id, which nobody guesses.
pub(crate) fn id() -> Result<String> {
    Ok(hex::encode(bytes::<16>()?))
}

/// SHA-256.
pub(crate) fn hash(value: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, value).as_ref().to_vec()
}
