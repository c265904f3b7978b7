//! Everything that is held on a person, part by part: `domain::my_data` says how each is read.
//!
//! A row is a JSON object. Sealed columns come as hexadecimal ciphertext, beside each (`…_row`) the row it is sealed for.

use chrono::NaiveDate;
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Date, Integer, Jsonb, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId};
use serde_json::Value;

use crate::{Result, schema::members, sealed::Place};

mod sources;

pub use sources::SOURCES;

/// Where a part comes from.
#[derive(Debug)]
pub struct Source {
    /// Its name: of `domain::my_data::PARTS`.
    pub part: &'static str,
    /// The tables it hands over.
    pub tables: &'static [&'static str],
    /// Its sealed columns.
    pub sealed: &'static [SealedColumn],
    /// Its rows, the newest first. $1 to $4: corp, person, accounts, and the day later than which the last of a form must be for its
    /// answers to be shown.
    pub sql: &'static str,
}

/// A sealed column of a part.
#[derive(Debug)]
pub struct SealedColumn {
    /// Its name; the row it is sealed for stands under `NAME_row`.
    pub name: &'static str,
    /// Where it is sealed for.
    pub place: fn(CorpId, &str) -> Place<'_>,
    /// Whether JSON is sealed, and not a text.
    pub is_json: bool,
}

/// Whose data it is.
#[derive(Debug, Clone)]
pub struct Subject {
    /// None: an account that is nobody of the roster.
    pub person: Option<PersonId>,
    /// Their accounts, those that have left too.
    pub members: Vec<MemberId>,
}

/// Who somebody is by the account they are signed in with.
pub async fn subject(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    person: Option<PersonId>,
) -> Result<Subject> {
    let mut accounts: Vec<MemberId> = match person {
        Some(person) => {
            members::table
                .filter(members::corp_id.eq(corp))
                .filter(members::person_id.eq(person))
                .select(members::member_id)
                .load(conn)
                .await?
        }
        None => Vec::new(),
    };
    if !accounts.contains(&member) {
        accounts.push(member);
    }
    Ok(Subject { person, members: accounts })
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Jsonb)]
    row: Value,
}

/// The rows of a part, the newest first.
pub async fn rows(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    subject: &Subject,
    shown_after: NaiveDate,
    source: &Source,
) -> Result<Vec<Value>> {
    let sql = format!("select to_jsonb(x) as row from ({}) x", source.sql);
    let rows: Vec<Row> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Nullable<BigInt>, _>(subject.person)
        .bind::<Array<BigInt>, _>(subject.members.as_slice())
        .bind::<Date, _>(shown_after)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.row).collect())
}

/// How many rows a part has.
#[derive(Debug, Clone, QueryableByName)]
pub struct Count {
    /// The part.
    #[diesel(sql_type = Text)]
    pub part: String,
    /// Its rows.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// How many rows each part has.
pub async fn counts(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    subject: &Subject,
    shown_after: NaiveDate,
) -> Result<Vec<Count>> {
    let parts = SOURCES.iter().map(|source| {
        format!("select '{}'::text as part, count(*) as count from ({}) x", source.part, source.sql)
    });
    Ok(diesel::sql_query(parts.collect::<Vec<_>>().join(" union all "))
        .bind::<Integer, _>(corp)
        .bind::<Nullable<BigInt>, _>(subject.person)
        .bind::<Array<BigInt>, _>(subject.members.as_slice())
        .bind::<Date, _>(shown_after)
        .load(conn)
        .await?)
}
