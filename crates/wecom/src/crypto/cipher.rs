//! AES-256 in CBC under an EncodingAESKey, padded to 32 bytes: of callbacks, and of files that WeCom exports.

use std::fmt;

use aes::{Aes256, Aes256Dec};
use base64::Engine;
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, InnerIvInit, KeyInit};

use super::{CryptoError, LENIENT};

/// Multiple to which a message is padded, in bytes.
const PAD: usize = 32;

/// The key, made ready once: its schedule costs as much as a short message.
#[derive(Clone)]
pub(super) struct Cipher {
    encrypt: Aes256,
    decrypt: Aes256Dec,
    iv: [u8; 16],
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cipher").finish_non_exhaustive()
    }
}

impl Cipher {
    /// Of 43 characters; the vector is the key's beginning.
    pub(super) fn new(encoding_aes_key: &str) -> Result<Self, CryptoError> {
        if encoding_aes_key.len() != 43 {
            return Err(CryptoError::Key);
        }
        let key = LENIENT.decode(encoding_aes_key).map_err(|_| CryptoError::Key)?;
        let key: [u8; 32] = key.try_into().map_err(|_| CryptoError::Key)?;
        let mut iv = [0; 16];
        iv.copy_from_slice(&key[..16]);
        Ok(Self { encrypt: Aes256::new(&key.into()), decrypt: Aes256Dec::new(&key.into()), iv })
    }

    /// Opens in place and takes the padding off.
    pub(super) fn open<'a>(&self, buffer: &'a mut [u8]) -> Result<&'a [u8], CryptoError> {
        if buffer.len() < PAD || !buffer.len().is_multiple_of(16) {
            return Err(CryptoError::Ciphertext);
        }
        let padded = cbc::Decryptor::inner_iv_init(&self.decrypt, &self.iv.into())
            .decrypt_padded::<NoPadding>(buffer)
            .map_err(|_| CryptoError::Ciphertext)?;
        let pad = usize::from(*padded.last().ok_or(CryptoError::Ciphertext)?);
        if !(1..=PAD).contains(&pad) {
            return Err(CryptoError::Ciphertext);
        }
        padded.len().checked_sub(pad).and_then(|end| padded.get(..end)).ok_or(CryptoError::Ciphertext)
    }

    /// Pads and closes.
    pub(super) fn seal(&self, mut plain: Vec<u8>) -> Vec<u8> {
        let pad = PAD - plain.len() % PAD;
        plain.resize(plain.len() + pad, pad as u8);
        cbc::Encryptor::inner_iv_init(&self.encrypt, &self.iv.into()).encrypt_padded_vec::<NoPadding>(&plain)
    }
}
