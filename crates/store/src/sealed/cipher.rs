//! The ciphers: AES-256-GCM by ring, and SM4-GCM (GB/T 32907) for schools that must use the national one.

use aes_gcm::{
    AesGcm,
    aead::{AeadInOut, KeyInit, consts::U12},
};
use ring::aead;
use sm4::Sm4;

/// Bytes of a nonce, of either cipher.
pub(super) const NONCE: usize = aead::NONCE_LEN;
/// Bytes of a tag, of either cipher.
pub(super) const TAG: usize = 16;

/// How a value is sealed. Stands in each value, so that values of both lie beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Algorithm {
    /// AES-256-GCM.
    #[default]
    Aes256Gcm,
    /// SM4-GCM.
    Sm4Gcm,
}

impl Algorithm {
    const ALL: [Self; 2] = [Self::Aes256Gcm, Self::Sm4Gcm];

    /// As it stands in the configuration and in key files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aes256Gcm => "aes-256-gcm",
            Self::Sm4Gcm => "sm4-gcm",
        }
    }

    /// From its name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }

    /// As it stands in a sealed value.
    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Aes256Gcm => 1,
            Self::Sm4Gcm => 2,
        }
    }

    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.byte() == byte)
    }

    /// Bytes of a key.
    pub(super) fn key_length(self) -> usize {
        match self {
            Self::Aes256Gcm => 32,
            Self::Sm4Gcm => 16,
        }
    }
}

/// A key ready for use.
pub(super) enum Cipher {
    Aes(Box<aead::LessSafeKey>),
    Sm4(Box<AesGcm<Sm4, U12>>),
}

impl Cipher {
    /// None: a key of another length.
    pub(super) fn new(algorithm: Algorithm, key: &[u8]) -> Option<Self> {
        match algorithm {
            Algorithm::Aes256Gcm => {
                let key = aead::UnboundKey::new(&aead::AES_256_GCM, key).ok()?;
                Some(Self::Aes(Box::new(aead::LessSafeKey::new(key))))
            }
            Algorithm::Sm4Gcm => {
                AesGcm::<Sm4, U12>::new_from_slice(key).ok().map(|key| Self::Sm4(Box::new(key)))
            }
        }
    }

    /// Makes `body` ciphertext and tag. None: it is too long.
    pub(super) fn seal(&self, nonce: [u8; NONCE], associated: &[u8], body: &mut Vec<u8>) -> Option<()> {
        match self {
            Self::Aes(key) => {
                let nonce = aead::Nonce::assume_unique_for_key(nonce);
                key.seal_in_place_append_tag(nonce, aead::Aad::from(associated), body).ok()
            }
            Self::Sm4(key) => key.encrypt_in_place(&nonce.into(), associated, body).ok(),
        }
    }

    /// Makes `body` the plaintext. None: it is not what was sealed by this key, with this nonce and for this place.
    pub(super) fn open(&self, nonce: [u8; NONCE], associated: &[u8], body: &mut Vec<u8>) -> Option<()> {
        match self {
            Self::Aes(key) => {
                let nonce = aead::Nonce::assume_unique_for_key(nonce);
                let length = key.open_in_place(nonce, aead::Aad::from(associated), body).ok()?.len();
                body.truncate(length);
                Some(())
            }
            Self::Sm4(key) => key.decrypt_in_place(&nonce.into(), associated, body).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8998, appendix A.1: SM4-GCM as others have it.
    #[test]
    fn sm4_gcm_is_that_of_rfc_8998() {
        let bytes = |text: &str| hex::decode(text).unwrap();
        let key = bytes("0123456789abcdeffedcba9876543210");
        let nonce: [u8; NONCE] = bytes("00001234567800000000abcd").try_into().unwrap();
        let associated = bytes("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plain = bytes(
            "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd\
             eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
        );
        let sealed = bytes(
            "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735\
             d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d\
             83de3541e4c2b58177e065a9bf7b62ec",
        );
        let cipher = Cipher::new(Algorithm::Sm4Gcm, &key).unwrap();
        let mut body = plain.clone();
        cipher.seal(nonce, &associated, &mut body).unwrap();
        assert_eq!(hex::encode(&body), hex::encode(&sealed));
        cipher.open(nonce, &associated, &mut body).unwrap();
        assert_eq!(body, plain);
    }

    #[test]
    fn a_key_of_another_length_is_none() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::parse(algorithm.as_str()), Some(algorithm));
            for length in [0, 15, 16, 24, 32, 33] {
                let fits = Cipher::new(algorithm, &vec![1; length]).is_some();
                assert_eq!(fits, length == algorithm.key_length(), "{algorithm:?} {length}");
            }
        }
    }
}
