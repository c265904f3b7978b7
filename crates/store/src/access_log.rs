//! Who looked at whose data. The service adds and reads; the database lets it change nothing, and end only what is old.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Date, Integer, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId, audit::Act};
use serde_json::json;

use crate::{
    Keyring, Result, Sealed,
    audit::{self, Event},
    schema::{access_log, members, persons},
    sealed::{Place, column},
};

/// Where stands sealed what a look was for; `row` is of [`purpose_row`].
pub fn purpose_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::LOOK_PURPOSE, corp, row }
}

/// The row of a look: who looked at whom, and when.
pub fn purpose_row(viewer: MemberId, person: PersonId, at: DateTime<Utc>) -> String {
    format!("{viewer}/{person}/{}", at.timestamp_micros())
}

/// One look.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// The school.
    pub corp: CorpId,
    /// Who looked.
    pub viewer: MemberId,
    /// At whom.
    pub person: PersonId,
    /// At what, e.g. `phone`.
    pub field: &'a str,
    /// What for; kept sealed.
    pub purpose: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// Records a look, in the transaction that reads the data: for the person, and in the audit.
pub async fn insert(conn: &mut AsyncPgConnection, keyring: &Keyring, access: Access<'_>) -> Result<()> {
    let row = purpose_row(access.viewer, access.person, access.at);
    let purpose = keyring.seal(purpose_place(access.corp, &row), access.purpose.as_bytes())?;
    let id: i64 = diesel::insert_into(access_log::table)
        .values((
            access_log::corp_id.eq(access.corp),
            access_log::viewer.eq(access.viewer),
            access_log::person_id.eq(access.person),
            access_log::field.eq(access.field),
            access_log::purpose.eq(purpose),
            access_log::at.eq(access.at),
        ))
        .returning(access_log::access_id)
        .get_result(conn)
        .await?;
    audit::insert(conn, event(access, id)).await
}

/// A look, as the audit has it.
fn event(access: Access<'_>, id: i64) -> Event {
    let look = Event::new(access.corp, Act::Look, Some(access.viewer), access.at).of(access.person);
    look.on("access", id).saying(json!({ "field": access.field }))
}

/// Looks of one viewer at the same field of several people, as a page shows it.
#[derive(Debug, Clone, Copy)]
pub struct Looks<'a> {
    /// The school.
    pub corp: CorpId,
    /// Who looked.
    pub viewer: MemberId,
    /// At whom; the same person twice is one look.
    pub people: &'a [PersonId],
    /// At what, e.g. `exemption_reason`.
    pub field: &'a str,
    /// What for; kept sealed.
    pub purpose: &'a str,
    /// The school's day.
    pub day: NaiveDate,
    /// When.
    pub at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct Unnoted {
    #[diesel(sql_type = BigInt)]
    person_id: PersonId,
}

#[derive(QueryableByName)]
struct Looked {
    #[diesel(sql_type = BigInt)]
    access_id: i64,
    #[diesel(sql_type = BigInt)]
    person_id: PersonId,
}

/// Records looks in the transaction that reads the data, for the people and in the audit; who was looked at by the same viewer that
/// day, at the same field, is on record already. How many are new.
pub async fn insert_once(conn: &mut AsyncPgConnection, keyring: &Keyring, looks: Looks<'_>) -> Result<i64> {
    let Looks { corp, viewer, people, field, purpose, day, at } = looks;
    if people.is_empty() {
        return Ok(0);
    }
    // What is there is found first, so that a page that is read again seals nothing and takes no numbers.
    let sql = "select n.person_id from (select distinct unnest($3) as person_id) n
               where not exists (
                 select from access_log l
                 where l.corp_id = $1 and l.viewer = $2 and l.person_id = n.person_id and l.field = $4 and l.day = $5)
               order by n.person_id";
    let people: Vec<Unnoted> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(viewer)
        .bind::<Array<BigInt>, _>(people)
        .bind::<Text, _>(field)
        .bind::<Date, _>(day)
        .load(conn)
        .await?;
    if people.is_empty() {
        return Ok(0);
    }
    let people: Vec<PersonId> = people.into_iter().map(|one| one.person_id).collect();
    let seal = |person: &PersonId| {
        let row = purpose_row(viewer, *person, at);
        keyring.seal(purpose_place(corp, &row), purpose.as_bytes())
    };
    let purposes = people.iter().map(seal).collect::<Result<Vec<Sealed>>>()?;
    // The unique key is for two requests at once; they take the people in the same order, or each could wait for the other.
    let sql = "insert into access_log (corp_id, viewer, person_id, field, purpose, day, at)
               select $1, $2, n.person_id, $5, n.purpose, $6, $7 from unnest($3, $4) as n (person_id, purpose)
               order by n.person_id
               on conflict (corp_id, viewer, person_id, field, day) where day is not null do nothing
               returning access_id, person_id";
    let new: Vec<Looked> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(viewer)
        .bind::<Array<BigInt>, _>(people)
        .bind::<Array<Binary>, _>(purposes)
        .bind::<Text, _>(field)
        .bind::<Date, _>(day)
        .bind::<Timestamptz, _>(at)
        .load(conn)
        .await?;
    let of = |one: &Looked| {
        event(Access { corp, viewer, person: one.person_id, field, purpose, at }, one.access_id)
    };
    audit::insert_all(conn, corp, new.iter().map(of).collect()).await?;
    Ok(i64::try_from(new.len()).unwrap_or(i64::MAX))
}

/// Whether the same viewer looked at one of these fields of the same person since then.
pub async fn has_looked(
    conn: &mut AsyncPgConnection,
    access: Access<'_>,
    fields: &[&str],
    since: DateTime<Utc>,
) -> Result<bool> {
    let looks = access_log::table
        .filter(access_log::corp_id.eq(access.corp))
        .filter(access_log::person_id.eq(access.person))
        .filter(access_log::at.ge(since))
        .filter(access_log::viewer.eq(access.viewer))
        .filter(access_log::field.eq_any(fields.to_vec()));
    Ok(diesel::select(diesel::dsl::exists(looks)).get_result(conn).await?)
}

/// A look, as the person looked at sees it.
#[derive(Debug, Clone, Queryable)]
pub struct Look {
    /// Order and cursor.
    pub access_id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who looked.
    pub viewer: MemberId,
    /// The viewer's name on the roster.
    pub viewer_name: Option<String>,
    /// The viewer's userid, for those the roster does not know.
    pub viewer_userid: String,
    /// At what.
    pub field: String,
    /// What for, sealed for [`purpose_row`].
    pub purpose: Sealed,
}

/// Looks at one person, newest first, before `before`.
pub async fn of_person(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Look>> {
    let mut query = access_log::table
        .inner_join(
            members::table
                .on(members::corp_id.eq(access_log::corp_id).and(members::member_id.eq(access_log::viewer))),
        )
        .left_join(persons::table.on(
            persons::corp_id.eq(members::corp_id).and(persons::person_id.nullable().eq(members::person_id)),
        ))
        .filter(access_log::corp_id.eq(corp))
        .filter(access_log::person_id.eq(person))
        .order(access_log::access_id.desc())
        .limit(limit)
        .select((
            access_log::access_id,
            access_log::at,
            access_log::viewer,
            persons::name.nullable(),
            members::userid,
            access_log::field,
            access_log::purpose,
        ))
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(access_log::access_id.lt(before));
    }
    Ok(query.load(conn).await?)
}

#[derive(QueryableByName)]
struct Gone {
    #[diesel(sql_type = BigInt)]
    gone: i64,
}

/// Ends looks before a moment among the oldest `most` of this transaction's school. How many. None that is younger than 180 days by the
/// database's clock.
pub async fn end(conn: &mut AsyncPgConnection, before: DateTime<Utc>, most: i32) -> Result<usize> {
    let query = diesel::sql_query("select end_access_log($1, $2) as gone")
        .bind::<Timestamptz, _>(before)
        .bind::<Integer, _>(most);
    Ok(usize::try_from(query.get_result::<Gone>(conn).await?.gone).unwrap_or_default())
}
