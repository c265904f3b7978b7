//! Callback signatures and encryption (doc 90968), and the page signature of the JS-SDK (doc 96909).
//!
//! Two traps are dealt with here. An EncodingAESKey carries 258 bits, and the two spare ones are
//! usually not zero, so strict Base64 refuses most real keys. And the padding goes to 32 bytes, not
//! to the 16 of an AES block, so the usual PKCS#7 unpadders refuse most real messages.

mod cipher;

use std::fmt;
use std::sync::Arc;

use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, Engine, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretString};
use sha1::{Digest, Sha1};
use subtle::ConstantTimeEq;

use cipher::Cipher;

#[cfg(feature = "callback")]
use crate::xml::{self, Document, XmlError};

/// Decodes what WeCom and its administrators write: spare bits set, final `=` there or not.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Random bytes and length that stand before the message, in bytes.
const HEAD: usize = 16 + 4;

/// Why a callback was refused. Says nothing about the content, and the answer to the caller should
/// not tell one reason from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// The EncodingAESKey isn't 43 characters of Base64.
    #[error("the EncodingAESKey must be 43 letters and digits")]
    Key,
    /// `msg_signature` doesn't fit.
    #[error("the signature does not match")]
    Signature,
    /// Not Base64, not whole blocks, or padding and length that contradict each other: another key, or a damaged message.
    #[error("the ciphertext can't be opened")]
    Ciphertext,
    /// Older or newer than the receiver allows, where it is told to look.
    #[error("the timestamp is too far from now")]
    Stale,
    /// Encrypted for another corp or suite.
    #[error("the message is meant for another receiver")]
    Receiver,
    /// The message inside isn't UTF-8.
    #[error("the message is not UTF-8")]
    Encoding,
    /// The envelope around the ciphertext.
    #[cfg(feature = "callback")]
    #[error("the envelope is unreadable: {0}")]
    Envelope(#[from] XmlError),
}

/// What stood in a ciphertext.
#[derive(Clone, PartialEq, Eq)]
pub struct Decrypted {
    /// The message: inner XML, or the echo string of a URL verification.
    pub message: String,
    /// Whom it was encrypted for; already compared with the own one.
    pub receive_id: String,
    /// The random bytes in front; a repeated delivery has others.
    pub random: [u8; 16],
}

impl fmt::Debug for Decrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decrypted").field("receive_id", &self.receive_id).finish_non_exhaustive()
    }
}

/// The key of an export's files (doc 94849): the same cipher as a callback's, with nothing around what it holds.
#[cfg(feature = "client")]
pub struct FileKey {
    encoded: SecretString,
    cipher: Cipher,
}

#[cfg(feature = "client")]
impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileKey").finish_non_exhaustive()
    }
}

#[cfg(feature = "client")]
impl FileKey {
    /// Of 43 letters and digits, chosen by the caller.
    pub fn new(encoding_aes_key: &str) -> Result<Self, CryptoError> {
        Ok(FileKey { encoded: encoding_aes_key.into(), cipher: Cipher::new(encoding_aes_key)? })
    }

    pub(crate) fn encoded(&self) -> &str {
        self.encoded.expose_secret()
    }

    /// Opens a file.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.cipher.open(&mut sealed.to_vec()).map(<[u8]>::to_vec)
    }

    /// Closes a file.
    pub fn seal(&self, plain: &[u8]) -> Vec<u8> {
        self.cipher.seal(plain.to_vec())
    }
}

/// Token, key and receiver of one callback address. An address of its own has each app, and the contacts-sync assistant.
#[derive(Clone)]
pub struct CallbackCrypto {
    token: SecretString,
    cipher: Arc<Cipher>,
    receive_id: String,
}

impl fmt::Debug for CallbackCrypto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackCrypto").field("receive_id", &self.receive_id).finish_non_exhaustive()
    }
}

impl CallbackCrypto {
    /// `receive_id` is the corp id for an app of the corp's own.
    pub fn new(token: &str, encoding_aes_key: &str, receive_id: &str) -> Result<Self, CryptoError> {
        Ok(CallbackCrypto {
            token: token.into(),
            cipher: Arc::new(Cipher::new(encoding_aes_key)?),
            receive_id: receive_id.into(),
        })
    }

    /// The same address under another token and key: while these change, what was signed with the old ones still comes.
    pub fn with_keys(&self, token: &str, encoding_aes_key: &str) -> Result<Self, CryptoError> {
        CallbackCrypto::new(token, encoding_aes_key, &self.receive_id)
    }

    /// `msg_signature` of a ciphertext: lower-case hex. Time and nonce are the texts of the query, as received.
    pub fn signature(&self, timestamp: &str, nonce: &str, encrypt: &str) -> String {
        let mut parts = [self.token.expose_secret(), timestamp, nonce, encrypt];
        parts.sort_unstable();
        sha1_hex(&parts)
    }

    /// Compares a signature in constant time.
    pub fn verify(
        &self,
        signature: &str,
        timestamp: &str,
        nonce: &str,
        encrypt: &str,
    ) -> Result<(), CryptoError> {
        let expected = self.signature(timestamp, nonce, encrypt);
        if bool::from(expected.as_bytes().ct_eq(signature.as_bytes())) {
            Ok(())
        } else {
            Err(CryptoError::Signature)
        }
    }

    /// Opens a ciphertext whose signature has been verified, and checks whom it is for.
    pub fn decrypt(&self, encrypt: &str) -> Result<Decrypted, CryptoError> {
        let mut buffer = LENIENT.decode(encrypt).map_err(|_| CryptoError::Ciphertext)?;
        let plain = self.cipher.open(&mut buffer)?;
        let (random, rest) = plain.split_first_chunk::<16>().ok_or(CryptoError::Ciphertext)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(CryptoError::Ciphertext)?;
        let length = u32::from_be_bytes(*length) as usize;
        if length > rest.len() {
            return Err(CryptoError::Ciphertext);
        }
        let (message, receive_id) = rest.split_at(length);
        if receive_id != self.receive_id.as_bytes() {
            return Err(CryptoError::Receiver);
        }
        let message = std::str::from_utf8(message).map_err(|_| CryptoError::Encoding)?;
        Ok(Decrypted { message: message.into(), receive_id: self.receive_id.clone(), random: *random })
    }

    /// Encrypts for the receiver. `random` must come from a good source; it is a parameter so that vectors can be checked.
    pub fn encrypt(&self, message: &str, random: [u8; 16]) -> String {
        let mut buffer = Vec::with_capacity(HEAD + message.len() + self.receive_id.len() + 32);
        buffer.extend_from_slice(&random);
        // WeCom accepts and sends messages of kilobytes; 4 GiB are out of reach.
        buffer.extend_from_slice(&u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
        buffer.extend_from_slice(message.as_bytes());
        buffer.extend_from_slice(self.receive_id.as_bytes());
        STANDARD.encode(self.cipher.seal(buffer))
    }

    #[cfg(feature = "callback")]
    /// The body of a passive reply (doc 90930): encrypted, signed, in the order and spelling WeCom requires.
    pub fn seal_envelope(&self, message: &str, random: [u8; 16], timestamp: &str, nonce: &str) -> String {
        let encrypt = self.encrypt(message, random);
        let signature = self.signature(timestamp, nonce, &encrypt);
        format!(
            "<xml>\n<Encrypt>{}</Encrypt>\n<MsgSignature>{}</MsgSignature>\n<TimeStamp>{timestamp}</TimeStamp>\n<Nonce>{}</Nonce>\n</xml>",
            xml::cdata(&encrypt),
            xml::cdata(&signature),
            xml::cdata(nonce),
        )
    }

    #[cfg(feature = "callback")]
    /// Opens the body of a callback request: finds the ciphertext, verifies, then decrypts.
    pub fn open_envelope(
        &self,
        body: &str,
        signature: &str,
        timestamp: &str,
        nonce: &str,
    ) -> Result<Decrypted, CryptoError> {
        let envelope = Document::parse(body)?;
        let encrypt = envelope.root().text_of("Encrypt").ok_or(CryptoError::Ciphertext)?;
        self.verify(signature, timestamp, nonce, encrypt)?;
        self.decrypt(encrypt)
    }
}

#[cfg(feature = "callback")]
/// The ciphertext inside an envelope (doc 90238), nothing verified yet.
pub fn ciphertext_of(envelope: &str) -> Result<String, CryptoError> {
    let envelope = Document::parse(envelope)?;
    envelope.root().text_of("Encrypt").map(str::to_owned).ok_or(CryptoError::Ciphertext)
}

/// The signature a page needs for `wx.config` or `wx.agentConfig` (doc 96909). `timestamp` in seconds;
/// `url` exactly as `location.href` shows it, without `#` and what follows.
pub fn jsapi_signature(ticket: &str, nonce: &str, timestamp: i64, url: &str) -> String {
    let timestamp = timestamp.to_string();
    sha1_hex(&["jsapi_ticket=", ticket, "&noncestr=", nonce, "&timestamp=", &timestamp, "&url=", url])
}

fn sha1_hex(parts: &[&str]) -> String {
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part.as_bytes());
    }
    // By table: formatting each byte took as long as the hash.
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half & 15)]);
    hash.finalize().iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../../fixtures/wecom/vectors.json")).unwrap()
    }

    fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
        vector[name].as_str().unwrap_or_else(|| panic!("{} has no {name}", vector["id"]))
    }

    /// The crypto of a vector; the one vector without a published key is only signed.
    fn crypto(vector: &Value) -> CallbackCrypto {
        let spare = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";
        CallbackCrypto::new(
            text(vector, "token"),
            vector["encoding_aes_key"].as_str().unwrap_or(spare),
            vector["receive_id"].as_str().unwrap_or(""),
        )
        .unwrap()
    }

    fn ciphertext(vector: &Value) -> &str {
        vector["encrypt"].as_str().or(vector["echostr"].as_str()).unwrap()
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
    }

    #[test]
    fn every_vector_is_signed_opened_and_encrypted_as_published() {
        let vectors = vectors();
        let mut opened = 0;
        for vector in vectors["callback"].as_array().unwrap() {
            let id = text(vector, "id");
            let crypto = crypto(vector);
            let (timestamp, nonce) = (text(vector, "timestamp"), text(vector, "nonce"));
            let encrypt = ciphertext(vector);
            assert_eq!(crypto.signature(timestamp, nonce, encrypt), text(vector, "msg_signature"), "{id}");
            crypto.verify(text(vector, "msg_signature"), timestamp, nonce, encrypt).unwrap();
            let expected = &vector["expected"];
            if expected.is_null() {
                continue;
            }
            let decrypted = crypto.decrypt(encrypt).unwrap_or_else(|e| panic!("{id}: {e}"));
            assert_eq!(decrypted.message, text(expected, "plaintext"), "{id}");
            assert_eq!(decrypted.receive_id, text(expected, "receive_id"), "{id}");
            assert_eq!(decrypted.random.to_vec(), hex(text(expected, "random16_hex")), "{id}");
            assert_eq!(crypto.encrypt(&decrypted.message, decrypted.random), encrypt, "{id}");
            if let Some(reply) = vector["reply_xml"].as_str() {
                let sealed = crypto.seal_envelope(&decrypted.message, decrypted.random, timestamp, nonce);
                assert_eq!(sealed, reply, "{id}");
                let reopened = crypto.open_envelope(reply, text(vector, "msg_signature"), timestamp, nonce);
                assert_eq!(reopened.unwrap().message, decrypted.message, "{id}");
            }
            opened += 1;
        }
        assert_eq!(opened, 10);
        for vector in vectors["jsapi"].as_array().unwrap() {
            let signature = jsapi_signature(
                text(vector, "jsapi_ticket"),
                text(vector, "noncestr"),
                vector["timestamp"].as_i64().unwrap(),
                text(vector, "url"),
            );
            assert_eq!(signature, text(vector, "signature"), "{}", vector["id"]);
        }
    }

    const KEY: &str = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C";

    fn own() -> CallbackCrypto {
        CallbackCrypto::new("QDG6eK", KEY, "wwcorp").unwrap()
    }

    #[test]
    fn opens_what_it_encrypted_at_every_length_of_padding() {
        for length in 0..=70 {
            let message = "点".repeat(length / 3) + &"x".repeat(length % 3);
            let encrypt = own().encrypt(&message, [7; 16]);
            assert_eq!(own().decrypt(&encrypt).unwrap().message, message);
        }
    }

    #[test]
    fn a_message_for_another_corp_is_refused() {
        let other = CallbackCrypto::new("QDG6eK", KEY, "wwother").unwrap();
        assert_eq!(own().decrypt(&other.encrypt("hello", [1; 16])), Err(CryptoError::Receiver));
        // Nor one for nobody (a third-party app's).
        let nobody = CallbackCrypto::new("QDG6eK", KEY, "").unwrap();
        assert_eq!(own().decrypt(&nobody.encrypt("hello", [1; 16])), Err(CryptoError::Receiver));
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        let good = STANDARD.decode(own().encrypt("hello, 同学", [9; 16])).unwrap();
        for position in 0..good.len() {
            for bit in 0..8 {
                let mut bad = good.clone();
                bad[position] ^= 1 << bit;
                if let Ok(decrypted) = own().decrypt(&STANDARD.encode(&bad)) {
                    // A changed random prefix or message can't be noticed here: the signature is for that.
                    assert_eq!(decrypted.receive_id, "wwcorp");
                }
            }
        }
        for length in 0..good.len() {
            assert!(own().decrypt(&STANDARD.encode(&good[..length])).is_err());
        }
        for text in ["", "====", "不是", "AAAA"] {
            assert_eq!(own().decrypt(text), Err(CryptoError::Ciphertext));
        }
    }

    #[test]
    fn a_wrong_signature_is_refused_before_anything_is_opened() {
        let body = own().seal_envelope("hello", [1; 16], "1700000000", "n");
        let wrong = own().open_envelope(&body, &"0".repeat(40), "1700000000", "n");
        assert_eq!(wrong, Err(CryptoError::Signature));
        assert_eq!(own().verify("", "1700000000", "n", "x"), Err(CryptoError::Signature));
        assert!(matches!(own().open_envelope("<xml", "", "", ""), Err(CryptoError::Envelope(_))));
    }

    #[test]
    fn a_key_of_the_wrong_shape_is_refused() {
        for key in
            ["", "short", &KEY[..42], &format!("{KEY}="), "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2!"]
        {
            assert_eq!(CallbackCrypto::new("t", key, "ww").err(), Some(CryptoError::Key), "{key}");
        }
    }

    #[test]
    fn debug_shows_no_secret_and_no_message() {
        let crypto = own();
        let decrypted = crypto.decrypt(&crypto.encrypt("private words", [1; 16])).unwrap();
        let shown = format!("{crypto:?} {decrypted:?}");
        for secret in ["QDG6eK", KEY, "private"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
