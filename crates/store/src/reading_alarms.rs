//! 查看告警: what stands out of how much somebody reads, and what became of it.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Bool, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, MemberId,
    audit::Act,
    reading::{AGAIN, AlarmKind},
};

use crate::{
    Result, Sealed,
    audit::{self, Event},
    reading_budgets::Count,
    sealed::{Place, column},
};

/// Where stands sealed what became of an alarm; `row` is its number.
pub fn note_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::READING_ALARM_NOTE, corp, row }
}

/// Raises an alarm: `people` were read, where `usual` is usual for them or, refused, allowed. Of a kind and reading one is open for
/// a member's day; where one was settled, another comes when [`AGAIN`] times as many were read as it said. Whether it is new.
pub async fn raise(
    conn: &mut AsyncPgConnection,
    count: Count,
    kind: AlarmKind,
    people: i64,
    usual: Option<i64>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let sql = "insert into reading_alarms (corp_id, member_id, day, kind, reading, people, usual, at)
               select $1, $2, $3, $4, $5, $6, $7, $8
               where not exists (select from reading_alarms a where a.corp_id = $1 and a.member_id = $2 and a.day = $3
                 and a.kind = $4 and a.reading = $5 and a.settled_at is not null and $6 < greatest(a.people, 1) * $9)
               on conflict (corp_id, member_id, day, kind, reading) where settled_at is null do nothing";
    let raised = diesel::sql_query(sql)
        .bind::<Integer, _>(count.corp)
        .bind::<BigInt, _>(count.member)
        .bind::<Date, _>(count.day)
        .bind::<Text, _>(kind.as_str())
        .bind::<Text, _>(count.reading.as_str())
        .bind::<BigInt, _>(people)
        .bind::<Nullable<BigInt>, _>(usual)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(AGAIN)
        .execute(conn)
        .await?;
    Ok(raised == 1)
}

/// An alarm as it is shown.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub alarm_id: i64,
    /// What stands out, as [`AlarmKind`] writes it.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// What was read.
    #[diesel(sql_type = Text)]
    pub reading: String,
    /// Who read, by name or account.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Their number.
    #[diesel(sql_type = Nullable<Text>)]
    pub number: Option<String>,
    /// Whether it is of whoever looks at it.
    #[diesel(sql_type = Bool)]
    pub own: bool,
    /// How many, when it was raised.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
    /// What is usual for them, or allowed.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub usual: Option<i64>,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// Who looked after it, by name.
    #[diesel(sql_type = Nullable<Text>)]
    pub settled_by: Option<String>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub settled_at: Option<DateTime<Utc>>,
    /// What they say of it, sealed ([`note_place`]).
    #[diesel(sql_type = Nullable<Binary>)]
    pub note: Option<Sealed>,
}

/// Alarms, the newest first, those before `before`; only those nobody looked after, where `open` says so.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    viewer: MemberId,
    open: bool,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Row>> {
    let sql = "select a.alarm_id, a.kind, a.reading, coalesce(p.name, m.name, m.userid) as name, p.number,
                 (a.member_id = $2 or coalesce(m.person_id = v.person_id, false)) as own, a.people, a.usual, a.at,
                 coalesce(sp.name, s.name, s.userid) as settled_by, a.settled_at, a.note
               from reading_alarms a
               join members m on m.corp_id = a.corp_id and m.member_id = a.member_id
               left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
               left join members v on v.corp_id = a.corp_id and v.member_id = $2
               left join members s on s.corp_id = a.corp_id and s.member_id = a.settled_by
               left join persons sp on sp.corp_id = s.corp_id and sp.person_id = s.person_id
               where a.corp_id = $1 and (not $3 or a.settled_at is null) and ($4 is null or a.alarm_id < $4)
               order by a.alarm_id desc limit $5";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(viewer)
        .bind::<Bool, _>(open)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// Notes what became of an alarm, on record; false when there is none of this number that is open and of somebody else. An account
/// somebody had before is theirs, too.
pub async fn settle(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    alarm: i64,
    by: MemberId,
    note: &Sealed,
    now: DateTime<Utc>,
) -> Result<bool> {
    let sql = "update reading_alarms set settled_by = $3, note = $4, settled_at = $5
               where corp_id = $1 and alarm_id = $2 and settled_at is null and member_id <> $3
                 and not exists (select from members one join members other
                     on other.corp_id = one.corp_id and other.person_id = one.person_id
                   where one.corp_id = $1 and one.member_id = $3 and other.member_id = reading_alarms.member_id)";
    let settled = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(alarm)
        .bind::<BigInt, _>(by)
        .bind::<Binary, _>(note)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    if settled == 1 {
        let event = Event::new(corp, Act::ReadingAlarmSettled, Some(by), now);
        audit::insert(conn, event.on("reading_alarm", alarm)).await?;
    }
    Ok(settled == 1)
}

#[derive(QueryableByName)]
struct Outstanding {
    #[diesel(sql_type = Bool)]
    any: bool,
}

/// Whether there is an alarm nobody was told of.
pub async fn outstanding(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<bool> {
    let sql = "select exists (select from reading_alarms where corp_id = $1 and told_at is null) as any";
    let found: Outstanding = diesel::sql_query(sql).bind::<Integer, _>(corp).get_result(conn).await?;
    Ok(found.any)
}

#[derive(QueryableByName)]
struct Reader {
    #[diesel(sql_type = Text)]
    userid: String,
}

/// Notes that all alarms so far were told of. Gives the userids of those of whose day nobody was told of one that is still open.
pub async fn told(conn: &mut AsyncPgConnection, corp: CorpId, now: DateTime<Utc>) -> Result<Vec<String>> {
    // The statement sees the alarms as they were: those it notes were not told of.
    let sql = "with noted as (
                 update reading_alarms set told_at = $2 where corp_id = $1 and told_at is null returning member_id, day)
               select m.userid from (select distinct member_id, day from noted) n
               join members m on m.corp_id = $1 and m.member_id = n.member_id
               where not exists (select from reading_alarms a where a.corp_id = $1 and a.member_id = n.member_id
                 and a.day = n.day and a.told_at is not null and a.settled_at is null)";
    let readers: Vec<Reader> =
        diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Timestamptz, _>(now).load(conn).await?;
    Ok(readers.into_iter().map(|reader| reader.userid).collect())
}

/// Forgets alarms of days before `before`.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: NaiveDate) -> Result<usize> {
    let sql = "delete from reading_alarms where corp_id = $1 and day < $2";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Date, _>(before).execute(conn).await?)
}
