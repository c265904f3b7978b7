//! The text of a code: a CWT (RFC 8392) in COSE_Sign1 (RFC 9052), signed with Ed25519, in base45 (RFC 9285) for a small QR
//! code.

use coset::{
    CborSerializable, CoseSign1, CoseSign1Builder, HeaderBuilder, RegisteredLabelWithPrivate,
    cbor::value::Value,
    cwt::{ClaimName, ClaimsSet, Timestamp},
    iana,
};
use ring::signature::{ED25519, Ed25519KeyPair, UnparsedPublicKey};

use crate::{Error, Result};

/// What a code of ours begins with.
const PREFIX: &str = "G1:";
/// No code is longer.
const LONGEST: usize = 400;
/// The claim with the pseudonym of a person, of the private ones.
const PSEUDONYM: i64 = -65_537;
/// The claim with a visitor's. Under a name of its own, so that a device that knows of people alone, whom it lets through unless
/// they are on its list, does not take a visitor for one.
const VISITOR: i64 = -65_540;

/// What a code says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Of whom it is, to whoever has the keys of the day.
    pub pseudonym: Vec<u8>,
    /// Whether it is a visitor's.
    pub visitor: bool,
    /// Until when it is good, in seconds since 1970.
    pub end: i64,
    /// Its own id, by which it is known again.
    pub jti: Vec<u8>,
}

/// A code as it was read, not yet believed.
#[derive(Debug, Clone)]
pub struct Code {
    /// The keys it says it is signed with.
    pub kid: Vec<u8>,
    /// What it says.
    pub claims: Claims,
    signed: CoseSign1,
}

impl Code {
    /// Whether it is signed with the key of this public key.
    pub fn is_signed_with(&self, public_key: &[u8]) -> bool {
        is_signed_with(&self.signed, public_key)
    }
}

/// Signs what a code says and writes it.
pub(super) fn write(pair: &Ed25519KeyPair, kid: &[u8], claims: Claims) -> Result<String> {
    let name = if claims.visitor { VISITOR } else { PSEUDONYM };
    let bytes = sign(pair, kid, claims.end, claims.jti, vec![(name, Value::Bytes(claims.pseudonym))])?;
    Ok(format!("{PREFIX}{}", base45::encode(bytes)))
}

/// Reads a code; none where it is none of ours.
pub fn read(text: &str) -> Option<Code> {
    let text = text.strip_prefix(PREFIX).filter(|text| text.len() <= LONGEST)?;
    let opened = open(&base45::decode(text).ok()?)?;
    let (claim, visitor) = match (opened.claim(PSEUDONYM), opened.claim(VISITOR)) {
        (Some(claim), None) => (claim, false),
        (None, Some(claim)) => (claim, true),
        _ => return None,
    };
    let Value::Bytes(pseudonym) = claim else { return None };
    let pseudonym = Some(pseudonym.clone()).filter(|name| name.len() == super::PSEUDONYM)?;
    let Opened { kid, end, jti, signed, .. } = opened;
    Some(Code { kid, claims: Claims { pseudonym, visitor, end, jti }, signed })
}

/// Signs a CWT that ends then, of this id, with claims of our own.
pub(super) fn sign(
    pair: &Ed25519KeyPair,
    kid: &[u8],
    end: i64,
    jti: Vec<u8>,
    own: Vec<(i64, Value)>,
) -> Result<Vec<u8>> {
    let failed = |_| Error::internal("a code that can't be written");
    let claims = ClaimsSet {
        expiration_time: Some(Timestamp::WholeSeconds(end)),
        cwt_id: Some(jti),
        rest: own.into_iter().map(|(name, value)| (ClaimName::PrivateUse(name), value)).collect(),
        ..ClaimsSet::default()
    };
    let header = HeaderBuilder::new().algorithm(iana::Algorithm::EdDSA).key_id(kid.to_vec()).build();
    let signed = CoseSign1Builder::new()
        .protected(header)
        .payload(claims.to_vec().map_err(failed)?)
        .create_signature(b"", |text| pair.sign(text).as_ref().to_vec())
        .build();
    signed.to_vec().map_err(failed)
}

/// A CWT of ours as it was read, not yet believed.
pub(super) struct Opened {
    pub(super) kid: Vec<u8>,
    pub(super) end: i64,
    pub(super) jti: Vec<u8>,
    rest: Vec<(ClaimName, Value)>,
    signed: CoseSign1,
}

impl Opened {
    /// What it says under a name of our own.
    pub(super) fn claim(&self, name: i64) -> Option<&Value> {
        self.rest.iter().find(|(known, _)| *known == ClaimName::PrivateUse(name)).map(|(_, value)| value)
    }

    /// Whether it is signed with the key of this public key.
    pub(super) fn is_signed_with(&self, public_key: &[u8]) -> bool {
        is_signed_with(&self.signed, public_key)
    }
}

/// Opens a CWT; none where it is none of ours.
pub(super) fn open(bytes: &[u8]) -> Option<Opened> {
    let signed = CoseSign1::from_slice(bytes).ok()?;
    let header = &signed.protected.header;
    let is_eddsa = header.alg == Some(RegisteredLabelWithPrivate::Assigned(iana::Algorithm::EdDSA));
    if !is_eddsa || header.key_id.len() != 4 || !header.crit.is_empty() {
        return None;
    }
    let said = ClaimsSet::from_slice(signed.payload.as_deref()?).ok()?;
    let Some(Timestamp::WholeSeconds(end)) = said.expiration_time else { return None };
    let jti = said.cwt_id.filter(|id| id.len() == 8)?;
    Some(Opened { kid: header.key_id.clone(), end, jti, rest: said.rest, signed })
}

fn is_signed_with(signed: &CoseSign1, public_key: &[u8]) -> bool {
    let key = UnparsedPublicKey::new(&ED25519, public_key);
    signed.verify_signature(b"", |signature, text| key.verify(text, signature)).is_ok()
}

#[cfg(test)]
mod tests {
    use ring::{rand::SystemRandom, signature::KeyPair};

    use super::*;

    fn pair() -> Ed25519KeyPair {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap()
    }

    fn claims() -> Claims {
        Claims { pseudonym: vec![7; 12], visitor: false, end: 1_583_280_020, jti: vec![9; 8] }
    }

    #[test]
    fn what_is_written_is_read_and_believed_with_the_right_key_alone() {
        let (ours, other) = (pair(), pair());
        let text = write(&ours, b"kid4", claims()).unwrap();
        assert!(text.len() <= 200, "a QR code of version 8: {}", text.len());
        let code = read(&text).unwrap();
        assert_eq!((code.kid.as_slice(), &code.claims), (b"kid4".as_slice(), &claims()));
        assert!(code.is_signed_with(ours.public_key().as_ref()));
        assert!(!code.is_signed_with(other.public_key().as_ref()));
        assert!(!code.is_signed_with(b""));
        let visitors = Claims { visitor: true, ..claims() };
        let text = write(&ours, b"kid4", visitors.clone()).unwrap();
        assert_eq!(read(&text).unwrap().claims, visitors);
    }

    #[test]
    fn a_code_is_a_persons_or_a_visitors_and_never_both() {
        let ours = pair();
        let named = |names: &[i64]| {
            let own = names.iter().map(|name| (*name, Value::Bytes(vec![7; 12]))).collect();
            let bytes = sign(&ours, b"kid4", 1_583_280_020, vec![9; 8], own).unwrap();
            read(&format!("{PREFIX}{}", base45::encode(bytes)))
        };
        assert!(named(&[PSEUDONYM]).is_some() && named(&[VISITOR]).is_some());
        assert!(named(&[PSEUDONYM, VISITOR]).is_none() && named(&[]).is_none());
    }

    #[test]
    fn whatever_is_changed_is_not_believed() {
        let ours = pair();
        let text = write(&ours, b"kid4", claims()).unwrap();
        let bytes = base45::decode(text.strip_prefix(PREFIX).unwrap()).unwrap();
        for index in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[index] ^= 1 << bit;
                let believed = read(&format!("{PREFIX}{}", base45::encode(&changed)))
                    .is_some_and(|code| code.is_signed_with(ours.public_key().as_ref()));
                assert!(!believed, "byte {index}, bit {bit}");
            }
        }
        for length in 0..text.len() {
            assert!(text.get(..length).and_then(read).is_none(), "cut to {length}");
        }
    }

    /// Codes that the gate's page must read and believe too; it says what it makes of them in `code.test.ts`. Signatures of
    /// Ed25519 are always the same, so what stands there is what is written.
    #[test]
    fn the_gates_page_is_shown_what_is_written_here() {
        #[derive(serde::Deserialize)]
        struct Fixture {
            seed: String,
            public_key: String,
            kid: String,
            codes: Vec<Written>,
        }
        #[derive(serde::Deserialize)]
        struct Written {
            pseudonym: String,
            #[serde(default)]
            visitor: bool,
            end: i64,
            jti: String,
            code: String,
        }
        let fixture: Fixture =
            serde_json::from_str(include_str!("../../../../fixtures/gate/codes.json")).unwrap();
        let bytes = |text: &str| hex::decode(text).unwrap();
        let pair = Ed25519KeyPair::from_seed_unchecked(&bytes(&fixture.seed)).unwrap();
        assert_eq!(hex::encode(pair.public_key().as_ref()), fixture.public_key);
        assert!(!fixture.codes.is_empty());
        for written in &fixture.codes {
            let claims = Claims {
                pseudonym: bytes(&written.pseudonym),
                visitor: written.visitor,
                end: written.end,
                jti: bytes(&written.jti),
            };
            assert_eq!(write(&pair, &bytes(&fixture.kid), claims).unwrap(), written.code);
            assert!(read(&written.code).unwrap().is_signed_with(pair.public_key().as_ref()));
        }
    }

    #[test]
    fn other_texts_are_none_of_ours() {
        for text in
            ["", "G1:", "g1:6BF", "HC1:6BFOXN", "G1:\u{4e2d}\u{6587}", "https://example.com/", "G1:::::::"]
        {
            assert!(read(text).is_none(), "{text}");
        }
        assert!(read(&format!("G1:{}", "0".repeat(10_000))).is_none());
    }
}
