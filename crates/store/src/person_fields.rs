//! What others than the roster say of a person, and beside it what the roster says. The value that counts is in
//! `persons`, or here alone where the roster has no such column.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, PersonId,
    person_field::{PersonField, Source},
};

use crate::{
    Result, Sealed,
    schema::person_fields,
    sealed::{Place, column},
};

/// The row a value is sealed for.
pub fn key(person: PersonId, field: PersonField, source: Source) -> String {
    format!("{person}:{}:{}", field.as_str(), source.as_str())
}

/// Where a value stands sealed; `key` is of [`key`].
pub fn place(corp: CorpId, key: &str) -> Place<'_> {
    Place { column: &column::FIELD_VALUE, corp, row: key }
}

/// One source's word.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = person_fields, check_for_backend(diesel::pg::Pg))]
pub struct Row {
    /// Of whom.
    pub person_id: PersonId,
    /// Of what.
    pub field: String,
    /// Whose word.
    pub source: String,
    /// Sealed for [`place`].
    pub value: Sealed,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// What is said of one person.
pub async fn of_person(conn: &mut AsyncPgConnection, corp: CorpId, person: PersonId) -> Result<Vec<Row>> {
    Ok(person_fields::table
        .filter(person_fields::corp_id.eq(corp))
        .filter(person_fields::person_id.eq(person))
        .select(Row::as_select())
        .load(conn)
        .await?)
}

/// What is said of everybody, beside the roster.
pub async fn all(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<Row>> {
    Ok(person_fields::table
        .filter(person_fields::corp_id.eq(corp))
        .select(Row::as_select())
        .load(conn)
        .await?)
}

/// Keeps a source's word in place of its last.
pub async fn put(conn: &mut AsyncPgConnection, corp: CorpId, row: &Row) -> Result<()> {
    let said = (person_fields::value.eq(&row.value), person_fields::since.eq(row.since));
    diesel::insert_into(person_fields::table)
        .values((
            person_fields::corp_id.eq(corp),
            person_fields::person_id.eq(row.person_id),
            person_fields::field.eq(&row.field),
            person_fields::source.eq(&row.source),
            said,
        ))
        .on_conflict((
            person_fields::corp_id,
            person_fields::person_id,
            person_fields::field,
            person_fields::source,
        ))
        .do_update()
        .set(said)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets a source's word of a field.
pub async fn forget(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    field: PersonField,
    source: Source,
) -> Result<()> {
    let word = person_fields::table
        .filter(person_fields::corp_id.eq(corp))
        .filter(person_fields::person_id.eq(person))
        .filter(person_fields::field.eq(field.as_str()))
        .filter(person_fields::source.eq(source.as_str()));
    diesel::delete(word).execute(conn).await?;
    Ok(())
}
