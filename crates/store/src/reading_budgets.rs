//! 查看额度: how many people's data an account read on a day, counted in the transaction of the look, and what was lifted.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId, audit::Act, reading::Reading};
use serde_json::json;

use crate::{
    Keyring, Result, Sealed,
    audit::{self, Event},
    sealed::{Place, column},
};

/// Where stands sealed why somebody may read more; `row` is `member/kind/moment`, in microseconds since 1970.
pub fn reason_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::LIFT_REASON, corp, row }
}

/// Whose count of which day.
#[derive(Debug, Clone, Copy)]
pub struct Count {
    /// The school.
    pub corp: CorpId,
    /// Who reads.
    pub member: MemberId,
    /// The school's day.
    pub day: NaiveDate,
    /// What is read.
    pub reading: Reading,
}

/// How many were read on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, QueryableByName)]
pub struct Spent {
    /// People.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
    /// Of these, outside office hours.
    #[diesel(sql_type = BigInt)]
    pub at_night: i64,
}

/// Counts `people` more, of whom `at_night` are read outside office hours. None: it would be more than `limit` and what was
/// lifted, and nothing is counted. It holds the member's own row until the transaction ends.
pub async fn spend(
    conn: &mut AsyncPgConnection,
    count: Count,
    people: i64,
    at_night: i64,
    limit: i64,
) -> Result<Option<Spent>> {
    let sql = "with allowed as (
                 select $7 + coalesce(sum(people), 0)::bigint as people from reading_lifts
                 where corp_id = $1 and member_id = $2 and day = $3 and kind = $4)
               insert into reading_budgets (corp_id, member_id, day, kind, people, at_night)
               select $1, $2, $3, $4, $5, $6 from allowed where $5 <= allowed.people
               on conflict (corp_id, member_id, day, kind) do update
                 set people = reading_budgets.people + excluded.people, at_night = reading_budgets.at_night + excluded.at_night
                 where reading_budgets.people + excluded.people <= (select allowed.people from allowed)
               returning people, at_night";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(count.corp)
        .bind::<BigInt, _>(count.member)
        .bind::<Date, _>(count.day)
        .bind::<Text, _>(count.reading.as_str())
        .bind::<BigInt, _>(people)
        .bind::<BigInt, _>(at_night)
        .bind::<BigInt, _>(limit)
        .get_result(conn)
        .await
        .optional()?)
}

#[derive(QueryableByName)]
struct People {
    #[diesel(sql_type = Nullable<BigInt>)]
    people: Option<i64>,
}

/// How many were read on a day so far.
pub async fn spent(conn: &mut AsyncPgConnection, count: Count) -> Result<i64> {
    let sql = "select sum(people)::bigint as people from reading_budgets
               where corp_id = $1 and member_id = $2 and day = $3 and kind = $4";
    people(conn, sql, count).await.map(Option::unwrap_or_default)
}

/// How many more were allowed on a day.
pub async fn lifted(conn: &mut AsyncPgConnection, count: Count) -> Result<i64> {
    let sql = "select sum(people)::bigint as people from reading_lifts
               where corp_id = $1 and member_id = $2 and day = $3 and kind = $4";
    people(conn, sql, count).await.map(Option::unwrap_or_default)
}

/// What is usual for a member: the 95th percentile of the days of the thirty before on which they read any; none: there is none.
pub async fn usual(conn: &mut AsyncPgConnection, count: Count) -> Result<Option<i64>> {
    let sql = "select percentile_disc(0.95) within group (order by people) as people from reading_budgets
               where corp_id = $1 and member_id = $2 and day >= $3 - 30 and day < $3 and kind = $4";
    people(conn, sql, count).await
}

async fn people(conn: &mut AsyncPgConnection, sql: &str, count: Count) -> Result<Option<i64>> {
    let found: People = diesel::sql_query(sql)
        .bind::<Integer, _>(count.corp)
        .bind::<BigInt, _>(count.member)
        .bind::<Date, _>(count.day)
        .bind::<Text, _>(count.reading.as_str())
        .get_result(conn)
        .await?;
    Ok(found.people)
}

/// Until the transaction ends nobody else lifts anything for this member. Looks of theirs don't wait for it.
pub async fn lock_lifts(conn: &mut AsyncPgConnection, count: Count) -> Result<()> {
    // Not `for update`, which would hold up every row that names the member by a foreign key.
    let sql = "select from members where corp_id = $1 and member_id = $2 for no key update";
    diesel::sql_query(sql)
        .bind::<Integer, _>(count.corp)
        .bind::<BigInt, _>(count.member)
        .execute(conn)
        .await?;
    Ok(())
}

/// More for a day.
#[derive(Debug, Clone, Copy)]
pub struct NewLift<'a> {
    /// Whose, which day and kind.
    pub count: Count,
    /// Whose account it is.
    pub person: PersonId,
    /// How many more.
    pub people: i64,
    /// Why; kept sealed.
    pub reason: &'a str,
    /// By whom, who is somebody else.
    pub by: MemberId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Allows more for a day, on record. Gives its number.
pub async fn lift(conn: &mut AsyncPgConnection, keyring: &Keyring, new: NewLift<'_>) -> Result<i64> {
    #[derive(QueryableByName)]
    struct Added {
        #[diesel(sql_type = BigInt)]
        lift_id: i64,
    }
    let Count { corp, member, day, reading } = new.count;
    let row = format!("{member}/{}/{}", reading.as_str(), new.at.timestamp_micros());
    let reason = keyring.seal(reason_place(corp, &row), new.reason.as_bytes())?;
    let sql = "insert into reading_lifts (corp_id, member_id, day, kind, people, reason, given_by, given_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8) returning lift_id";
    let added: Added = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(member)
        .bind::<Date, _>(day)
        .bind::<Text, _>(reading.as_str())
        .bind::<BigInt, _>(new.people)
        .bind::<Binary, _>(&reason)
        .bind::<BigInt, _>(new.by)
        .bind::<Timestamptz, _>(new.at)
        .get_result(conn)
        .await?;
    let event = Event::new(corp, Act::ReadingLifted, Some(new.by), new.at).of(new.person);
    let detail = json!({ "reading": reading.as_str(), "people": new.people });
    audit::insert(conn, event.on("lift", added.lift_id).saying(detail)).await?;
    Ok(added.lift_id)
}

/// A lift as it is shown.
#[derive(Debug, Clone, QueryableByName)]
pub struct Lift {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub lift_id: i64,
    /// Whose, by name or account.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Their number.
    #[diesel(sql_type = Nullable<Text>)]
    pub number: Option<String>,
    /// The day it holds on.
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    /// What may be read, as [`Reading`] writes it.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// How many more.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
    /// Why, sealed …
    #[diesel(sql_type = Binary)]
    pub reason: Sealed,
    /// … for this row ([`reason_place`]).
    #[diesel(sql_type = Text)]
    pub reason_row: String,
    /// Who gave it, by name or account.
    #[diesel(sql_type = Text)]
    pub given_by: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub given_at: DateTime<Utc>,
}

/// Lifts, the newest first, those before `before`.
pub async fn lifts(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Lift>> {
    let sql = "select l.lift_id, coalesce(p.name, m.name, m.userid) as name, p.number, l.day, l.kind, l.people, l.reason,
                 concat_ws('/', l.member_id, l.kind, (extract(epoch from l.given_at) * 1000000)::bigint) as reason_row,
                 coalesce(gp.name, g.name, g.userid) as given_by, l.given_at
               from reading_lifts l
               join members m on m.corp_id = l.corp_id and m.member_id = l.member_id
               left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
               join members g on g.corp_id = l.corp_id and g.member_id = l.given_by
               left join persons gp on gp.corp_id = g.corp_id and gp.person_id = g.person_id
               where l.corp_id = $1 and ($2 is null or l.lift_id < $2)
               order by l.lift_id desc limit $3";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// Forgets counts and lifts of days before `before`. How many.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: NaiveDate) -> Result<usize> {
    let mut gone = 0;
    for sql in [
        "delete from reading_budgets where corp_id = $1 and day < $2",
        "delete from reading_lifts where corp_id = $1 and day < $2",
    ] {
        gone += diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Date, _>(before).execute(conn).await?;
    }
    Ok(gone)
}
