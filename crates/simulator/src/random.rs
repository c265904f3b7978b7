//! Unguessable values: tokens, codes, nonces. Not reproducible, so that what a client kept from an earlier run of
//! the simulator is invalid, as it should be.

use rand::Rng;
use rand::distr::Alphanumeric;

/// Letters and digits.
pub fn text(length: usize) -> String {
    rand::rng().sample_iter(Alphanumeric).take(length).map(char::from).collect()
}

/// Sixteen bytes, as they stand before every callback.
pub fn block() -> [u8; 16] {
    rand::random()
}
