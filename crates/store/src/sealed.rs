//! What must not lie open in the database: AES-256-GCM, bound to the place it stands in.
//!
//! Layout: version (1 byte, 1) │ key id (4) │ nonce (12) │ ciphertext and tag. The associated data is
//! `column:corp:row`, so a value moved to another row or column does not open.

use std::fmt;

use diesel::{deserialize::FromSqlRow, expression::AsExpression, sql_types::Binary};
use domain::CorpId;
use ring::{
    aead, digest,
    rand::{SecureRandom, SystemRandom},
};

use crate::{Error, Result};

const VERSION: u8 = 1;
const HEADER: usize = 1 + 4 + aead::NONCE_LEN;

/// A sealed value as it stands in a `bytea` column. Says nothing when printed.
#[derive(Clone, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Binary)]
pub struct Sealed(Vec<u8>);

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[sealed]")
    }
}

impl Sealed {
    /// The bytes as stored, for COPY.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Bytes read from a column by other means than diesel.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

/// Where a sealed value stands: part of what is authenticated.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// `table.column`.
    pub column: &'static str,
    /// The school.
    pub corp: CorpId,
    /// The row's natural key: a receipt, a person's number.
    pub row: &'a str,
}

impl Place<'_> {
    fn associated_data(&self) -> String {
        format!("{}:{}:{}", self.column, self.corp, self.row)
    }
}

struct Key {
    id: [u8; 4],
    key: aead::LessSafeKey,
}

/// The key that seals, and older ones that only open.
pub struct Keyring {
    keys: Vec<Key>,
    random: SystemRandom,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} keys)", self.keys.len())
    }
}

impl Keyring {
    /// Keys of 32 bytes, the sealing one first. `None` when there is none or one has another length.
    pub fn new(keys: &[Vec<u8>]) -> Option<Self> {
        let keys = keys
            .iter()
            .map(|bytes| {
                let key = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, bytes).ok()?);
                let hash = digest::digest(&digest::SHA256, bytes);
                let id = hash.as_ref().first_chunk::<4>().copied()?;
                Some(Key { id, key })
            })
            .collect::<Option<Vec<_>>>()?;
        (!keys.is_empty()).then(|| Self { keys, random: SystemRandom::new() })
    }

    /// Seals `plaintext` for one place.
    pub fn seal(&self, place: Place<'_>, plaintext: &[u8]) -> Result<Sealed> {
        let failed = || Error::Seal(place.column);
        let Key { id, key } = self.keys.first().ok_or_else(failed)?;
        let mut nonce = [0; aead::NONCE_LEN];
        self.random.fill(&mut nonce).map_err(|_| failed())?;

        let mut sealed = Vec::with_capacity(HEADER + plaintext.len() + aead::AES_256_GCM.tag_len());
        sealed.push(VERSION);
        sealed.extend_from_slice(id);
        sealed.extend_from_slice(&nonce);
        let mut body = plaintext.to_vec();
        key.seal_in_place_append_tag(
            aead::Nonce::assume_unique_for_key(nonce),
            aead::Aad::from(place.associated_data()),
            &mut body,
        )
        .map_err(|_| failed())?;
        sealed.extend_from_slice(&body);
        Ok(Sealed(sealed))
    }

    /// Opens what was sealed for the same place.
    pub fn open(&self, place: Place<'_>, sealed: &Sealed) -> Result<Vec<u8>> {
        let failed = || Error::Seal(place.column);
        let (header, body) = sealed.0.split_at_checked(HEADER).ok_or_else(failed)?;
        if header.first() != Some(&VERSION) {
            return Err(failed());
        }
        let id = header.get(1..5).ok_or_else(failed)?;
        let nonce = header.get(5..).ok_or_else(failed)?;
        let key = self.keys.iter().find(|key| key.id == id).ok_or_else(failed)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| failed())?;
        let mut body = body.to_vec();
        let length = key
            .key
            .open_in_place(nonce, aead::Aad::from(place.associated_data()), &mut body)
            .map_err(|_| failed())?
            .len();
        body.truncate(length);
        Ok(body)
    }
}

mod sql {
    use diesel::{
        deserialize::{self, FromSql},
        pg::{Pg, PgValue},
        serialize::{self, Output, ToSql},
        sql_types::Binary,
    };

    use super::Sealed;

    impl ToSql<Binary, Pg> for Sealed {
        fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
            <Vec<u8> as ToSql<Binary, Pg>>::to_sql(&self.0, out)
        }
    }

    impl FromSql<Binary, Pg> for Sealed {
        fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
            <Vec<u8> as FromSql<Binary, Pg>>::from_sql(value).map(Self)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(first: u8) -> Keyring {
        Keyring::new(&[vec![first; 32], vec![9; 32]]).unwrap()
    }

    const HERE: Place<'static> = Place { column: "report_answers.answers", corp: 1, row: "A1" };

    #[test]
    fn opens_where_it_was_sealed_and_nowhere_else() {
        let ring = keyring(1);
        let sealed = ring.seal(HERE, "36.5".as_bytes()).unwrap();
        assert_eq!(ring.open(HERE, &sealed).unwrap(), b"36.5");
        assert!(ring.open(Place { row: "A2", ..HERE }, &sealed).is_err());
        assert!(ring.open(Place { corp: 2, ..HERE }, &sealed).is_err());
        assert!(ring.open(Place { column: "persons.phone", ..HERE }, &sealed).is_err());
    }

    #[test]
    fn a_changed_or_cut_value_does_not_open() {
        let ring = keyring(1);
        let sealed = ring.seal(HERE, b"36.5").unwrap();
        for length in 0..sealed.0.len() {
            assert!(ring.open(HERE, &Sealed(sealed.0[..length].to_vec())).is_err());
        }
        for index in 0..sealed.0.len() {
            let mut bytes = sealed.0.clone();
            bytes[index] ^= 1;
            assert!(ring.open(HERE, &Sealed(bytes)).is_err(), "byte {index}");
        }
    }

    #[test]
    fn an_older_key_still_opens_and_a_stranger_does_not() {
        let old = Keyring::new(&[vec![9; 32]]).unwrap();
        let sealed = old.seal(HERE, b"36.5").unwrap();
        assert_eq!(keyring(1).open(HERE, &sealed).unwrap(), b"36.5");
        assert!(Keyring::new(&[vec![3; 32]]).unwrap().open(HERE, &sealed).is_err());
    }

    #[test]
    fn prints_nothing_of_its_content() {
        let sealed = keyring(1).seal(HERE, b"secret").unwrap();
        assert_eq!(format!("{sealed:?} {:?}", keyring(1)), "[sealed] Keyring(2 keys)");
    }
}
