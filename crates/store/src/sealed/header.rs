//! What stands before the ciphertext: version │ algorithm │ key │ nonce.

use super::{
    Algorithm, KeyId, Place, Purpose, Sealed,
    cipher::{NONCE, TAG},
};

/// Version 1 was before data keys: none of it was ever handed out.
const VERSION: u8 = 2;
/// Bytes before the nonce.
const LENGTH: usize = 1 + 1 + 8;

/// How a value is sealed, and by which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) key: KeyId,
}

impl Header {
    fn bytes(self) -> [u8; LENGTH] {
        let KeyId([a, b, c, d, e, f, g, h]) = self.key;
        [VERSION, self.algorithm.byte(), a, b, c, d, e, f, g, h]
    }

    /// Takes a value apart: header, nonce, ciphertext and tag.
    pub(super) fn read(value: &[u8]) -> Option<(Self, [u8; NONCE], &[u8])> {
        let ([version, algorithm], rest) = value.split_first_chunk::<2>()?;
        let (key, rest) = rest.split_first_chunk::<8>()?;
        let (nonce, body) = rest.split_first_chunk::<NONCE>()?;
        let algorithm = Algorithm::from_byte(*algorithm)?;
        (*version == VERSION).then_some((Self { algorithm, key: KeyId(*key) }, *nonce, body))
    }

    /// Puts a value together.
    pub(super) fn write(self, nonce: [u8; NONCE], body: &[u8]) -> Sealed {
        Sealed::from_bytes([&self.bytes()[..], &nonce, body].concat())
    }

    /// What is authenticated beside the value: how it is sealed, what for, and where it stands.
    pub(super) fn associated(self, purpose: Purpose, place: Place<'_>) -> Vec<u8> {
        let place = format!("{purpose}:{}:{}:{}", place.column.name, place.corp, place.row);
        [&self.bytes()[..], place.as_bytes()].concat()
    }
}

impl Sealed {
    /// The key it is sealed under. None: these are not bytes that were sealed here.
    pub fn key(&self) -> Option<KeyId> {
        Header::read(self.as_bytes()).filter(|(.., body)| body.len() >= TAG).map(|(header, ..)| header.key)
    }
}
