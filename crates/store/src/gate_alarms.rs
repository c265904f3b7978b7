//! 告警: what the security office hears of at the gates, and what became of it.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Bool, Date, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId, audit::Act, policy::Role};
use serde_json::Value;

use crate::{
    Result, Sealed,
    audit::{self, Event},
    sealed::{Place, column},
};

/// Where stands sealed what became of an alarm; `row` is its number.
pub fn note_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::GATE_ALARM_NOTE, corp, row }
}

/// Raises what these passages say: abnormal once for somebody's day in a zone of time, and once more each time they come after
/// that was settled; flags once for a passage. Gives how many were new.
pub async fn of_passages(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    passages: &[i64],
    kinds: &[&'static str],
    zone: &str,
) -> Result<usize> {
    let sql = "insert into gate_alarms (corp_id, kind, key, gate_id, device_id, passage_id, at)
               select $1, k.kind, k.key, x.gate_id, x.device_id, x.passage_id, x.at
               from passages x
               cross join lateral (
                 select 'abnormal' as kind, concat_ws(' ', d.key, nullif(s.settled, 0)) as key
                 from (select concat(x.person_id, ' ', (x.at at time zone $4)::date) as key) d
                 cross join lateral (
                   select count(*) as settled from gate_alarms a
                   where a.corp_id = $1 and a.kind = 'abnormal' and a.settled_at < x.at
                     and (a.key = d.key or starts_with(a.key, d.key || ' '))) s
                 where x.reason = 'abnormal'
                 union all
                 select f, x.passage_id::text from unnest(x.flags) f where f = any($3)) k
               where x.corp_id = $1 and x.passage_id = any($2)
               on conflict on constraint gate_alarms_key do nothing";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(passages)
        .bind::<Array<Text>, _>(kinds)
        .bind::<Text, _>(zone)
        .execute(conn)
        .await?)
}

/// At a gate, since when, how many.
#[derive(Debug, Clone, Copy)]
pub struct Forged {
    /// The gate.
    pub gate: i64,
    /// The device that saw the last one.
    pub device: i64,
    /// Counted from here.
    pub since: DateTime<Utc>,
    /// This many are one alarm.
    pub at_least: i64,
    /// Now.
    pub now: DateTime<Utc>,
}

/// Raises that codes of nobody came one after another at a gate, once for the time they are counted in.
pub async fn forged(conn: &mut AsyncPgConnection, corp: CorpId, at: Forged) -> Result<usize> {
    let sql = "insert into gate_alarms (corp_id, kind, key, gate_id, device_id, at)
               select $1, 'forged', concat($2::text, ' ', floor(extract(epoch from $4) / 600)), $2, $3, $4
               where (select count(*) from passages x where x.corp_id = $1 and x.gate_id = $2 and x.at > $5
                        and x.reason in ('unreadable', 'killed_key')) >= $6
               on conflict on constraint gate_alarms_key do nothing";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(at.gate)
        .bind::<BigInt, _>(at.device)
        .bind::<Timestamptz, _>(at.now)
        .bind::<Timestamptz, _>(at.since)
        .bind::<BigInt, _>(at.at_least)
        .execute(conn)
        .await?)
}

/// A device that is not heard.
#[derive(Debug, Clone, QueryableByName)]
pub struct Silent {
    /// Which.
    #[diesel(sql_type = BigInt)]
    pub device_id: i64,
    /// Its gate.
    #[diesel(sql_type = BigInt)]
    pub gate_id: i64,
    /// The gate's rules: when it is open.
    #[diesel(sql_type = Jsonb)]
    pub rules: Value,
    /// When it was heard last.
    #[diesel(sql_type = Timestamptz)]
    pub seen_at: DateTime<Utc>,
}

/// Devices not heard since, of gates in use, whose silence was not raised yet.
pub async fn unheard(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    since: DateTime<Utc>,
) -> Result<Vec<Silent>> {
    let sql = "select d.device_id, d.gate_id, g.rules, d.seen_at
               from gate_devices d join gates g on g.corp_id = d.corp_id and g.gate_id = d.gate_id
               where d.corp_id = $1 and d.withdrawn_at is null and g.closed_at is null and d.seen_at < $2
                 and not exists (select from gate_alarms a where a.corp_id = $1 and a.kind = 'silent'
                   and a.key = concat(d.device_id, ' ', extract(epoch from d.seen_at)))
               order by d.device_id limit 1000";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Timestamptz, _>(since).load(conn).await?)
}

/// Raises that these devices are not heard, once for each silence.
pub async fn silent(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    devices: &[i64],
    now: DateTime<Utc>,
) -> Result<usize> {
    let sql = "insert into gate_alarms (corp_id, kind, key, gate_id, device_id, at)
               select $1, 'silent', concat(d.device_id, ' ', extract(epoch from d.seen_at)), d.gate_id, d.device_id, $3
               from gate_devices d where d.corp_id = $1 and d.device_id = any($2)
               on conflict on constraint gate_alarms_key do nothing";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(devices)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?)
}

/// An alarm as it is shown.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub alarm_id: i64,
    /// What happened.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// At which gate.
    #[diesel(sql_type = Text)]
    pub gate: String,
    /// At which device.
    #[diesel(sql_type = Text)]
    pub device: String,
    /// Whom it is of.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub person_id: Option<PersonId>,
    /// Student or staff number.
    #[diesel(sql_type = Nullable<Text>)]
    pub number: Option<String>,
    /// Name, a visitor's too.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// Whether it is of a visitor, known still or not.
    #[diesel(sql_type = Bool)]
    pub by_visitor: bool,
    /// Class or department, that day.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
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
    zone: &str,
    open: bool,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Row>> {
    let sql = "select a.alarm_id, a.kind, g.name as gate, v.name as device, x.person_id, p.number,
                 coalesce(p.name, i.name) as name, coalesce(x.by_visitor, false) as by_visitor, d.name as place,
                 a.at, coalesce(s.name, m.name, m.userid) as settled_by, a.settled_at, a.note
               from gate_alarms a
               join gates g on g.corp_id = $1 and g.gate_id = a.gate_id
               join gate_devices v on v.corp_id = $1 and v.device_id = a.device_id
               left join passages x on x.corp_id = $1 and x.passage_id = a.passage_id
               left join persons p on p.corp_id = $1 and p.person_id = x.person_id
               left join visitors i on i.corp_id = $1 and i.visitor_id = x.visitor_id
               left join memberships w on w.corp_id = $1 and w.person_id = x.person_id and w.is_main
                 and w.from_date <= (a.at at time zone $5)::date
                 and (w.until_date is null or w.until_date > (a.at at time zone $5)::date)
               left join departments d on d.corp_id = $1 and d.department_id = w.department_id
               left join members m on m.corp_id = $1 and m.member_id = a.settled_by
               left join persons s on s.corp_id = $1 and s.person_id = m.person_id
               where a.corp_id = $1 and (not $2 or a.settled_at is null) and ($3 is null or a.alarm_id < $3)
               order by a.alarm_id desc limit $4";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Bool, _>(open)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .bind::<Text, _>(zone)
        .load(conn)
        .await?)
}

/// Notes what became of an alarm; false when there is none of this number that is open.
pub async fn settle(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    alarm: i64,
    by: MemberId,
    note: &Sealed,
    now: DateTime<Utc>,
) -> Result<bool> {
    let sql = "update gate_alarms set settled_by = $3, note = $4, settled_at = $5
               where corp_id = $1 and alarm_id = $2 and settled_at is null";
    let settled = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(alarm)
        .bind::<BigInt, _>(by)
        .bind::<Binary, _>(note)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    if settled == 1 {
        let event = Event::new(corp, Act::GateAlarmSettled, Some(by), now);
        audit::insert(conn, event.on("gate_alarm", alarm)).await?;
    }
    Ok(settled == 1)
}

#[derive(QueryableByName)]
struct Outstanding {
    #[diesel(sql_type = Nullable<Bool>)]
    any: Option<bool>,
}

/// Whether there is something to be told now: an alarm nobody was told of, and nobody was told one after `since`.
pub async fn outstanding(conn: &mut AsyncPgConnection, corp: CorpId, since: DateTime<Utc>) -> Result<bool> {
    let sql = "select exists (select from gate_alarms where corp_id = $1 and told_at is null)
                  and not exists (select from gate_alarms where corp_id = $1 and told_at > $2) as any";
    let found: Outstanding = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Timestamptz, _>(since)
        .get_result(conn)
        .await?;
    Ok(found.any == Some(true))
}

/// Notes that all alarms so far were told of. Gives how many were not, before.
pub async fn told(conn: &mut AsyncPgConnection, corp: CorpId, now: DateTime<Utc>) -> Result<usize> {
    let sql = "update gate_alarms set told_at = $2 where corp_id = $1 and told_at is null";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Timestamptz, _>(now).execute(conn).await?)
}

#[derive(QueryableByName)]
struct Receiver {
    #[diesel(sql_type = Text)]
    userid: String,
}

/// The accounts of those who hold a role today.
pub async fn holders(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    role: Role,
    today: NaiveDate,
) -> Result<Vec<String>> {
    let sql = "select distinct m.userid from grants g
               join members m on m.corp_id = g.corp_id and m.person_id = g.person_id and m.left_on is null
                 and (m.status is null or m.status = 1)
               where g.corp_id = $1 and g.role = $2 and g.from_date <= $3 and g.until_date > $3 order by 1";
    let found: Vec<Receiver> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Text, _>(role.as_str())
        .bind::<Date, _>(today)
        .load(conn)
        .await?;
    Ok(found.into_iter().map(|receiver| receiver.userid).collect())
}

/// Forgets alarms of before `before`.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: DateTime<Utc>) -> Result<usize> {
    let sql = "delete from gate_alarms where corp_id = $1 and at < $2";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Timestamptz, _>(before).execute(conn).await?)
}
