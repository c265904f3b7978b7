//! What must not lie open in the database: AES-256-GCM or SM4-GCM, bound to the place it stands in.
//!
//! Layout: version (1 byte, 2) │ algorithm (1) │ key id (8) │ nonce (12) │ ciphertext and tag. The associated data is all before
//! the nonce and `purpose:column:corp:row`, so a value moved to another row or column does not open. Each value is sealed by
//! a data key of its school, purpose and month; those lie in a directory of their own, wrapped ([`keyring`]). Why so is in
//! ADR 7.

pub mod cipher;
pub mod column;
mod folder;
mod header;
pub mod keyring;
mod purpose;
pub mod values;
pub mod wrap;

use std::fmt;

use diesel::{deserialize::FromSqlRow, expression::AsExpression, sql_types::Binary};
use domain::CorpId;

pub use cipher::Algorithm;
pub use column::Column;
pub use keyring::{KeyId, KeyInfo, KeySettings, Keyring};
pub use purpose::Purpose;

use crate::{Error, Result};

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

    /// Whether nothing stands there any more: it was emptied when its time was over, and its row stays.
    pub fn is_erased(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes read from a column by other means than diesel.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

/// Where a sealed value stands: part of what is authenticated.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The column it is sealed for.
    pub column: &'static Column,
    /// The school.
    pub corp: CorpId,
    /// The row's natural key: a receipt, a person's number.
    pub row: &'a str,
}

impl Place<'_> {
    /// What a value here is kept for.
    ///
    /// # Errors
    /// [`Error::Seal`]: the row is none of the column's.
    pub fn purpose(&self) -> Result<Purpose> {
        self.column.purpose(self.row).ok_or(Error::Seal(self.column.name))
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
mod tests;
