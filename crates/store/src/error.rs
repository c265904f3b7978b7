//! What can go wrong below the use cases.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

/// Shorthand for this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed query, connection or seal. Texts are for our log, never for a member.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Postgres can't be reached or broke the connection; the caller may try again later.
    #[error("postgres is not available: {0}")]
    Unavailable(String),
    /// Postgres refused or failed a statement.
    #[error("query failed")]
    Query(#[source] DieselError),
    /// COPY or another statement of the bulk path failed.
    #[error("bulk statement failed")]
    Bulk(#[from] tokio_postgres::Error),
    /// A sealed value does not open: wrong key, or moved from another row.
    #[error("a sealed value of {0} does not open")]
    Seal(&'static str),
    /// A data key can't be read, made or opened now: what went wrong and what to do, in Chinese, for who runs the service.
    #[error("{0}")]
    Keys(String),
    /// The database was made by another version: what stands in it that this one does not know, in Chinese, for who runs the service.
    #[error("{0}")]
    Strange(String),
    /// A row says what the code does not understand: a bug or a half-done migration.
    #[error("unexpected value in {0}")]
    Unexpected(&'static str),
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::DatabaseError(
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
                info,
            ) => Self::Unavailable(info.message().to_owned()),
            DieselError::BrokenTransactionManager => {
                Self::Unavailable("the transaction was broken off".into())
            }
            DieselError::DatabaseError(DatabaseErrorKind::Unknown, info) if is_shutdown(info.message()) => {
                Self::Unavailable(info.message().to_owned())
            }
            _ => Self::Query(error),
        }
    }
}

/// Diesel gives no SQLSTATE, so Postgres's own words for a stop (57P01–57P03) are told by their text.
fn is_shutdown(message: &str) -> bool {
    ["terminating connection", "shutting down", "starting up", "connection closed", "error communicating"]
        .iter()
        .any(|words| message.contains(words))
}

impl Error {
    /// The name of the unique constraint that refused the row, if that is what happened.
    pub fn unique_constraint(&self) -> Option<&str> {
        match self {
            Self::Query(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, info)) => {
                info.constraint_name()
            }
            _ => None,
        }
    }
}
