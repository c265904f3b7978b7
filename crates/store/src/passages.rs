//! 进出: scans at gates. What is known of somebody whose code is scanned, and the writing of what became of it.

mod figures;
mod list;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Bool, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, DepartmentId, PersonId,
    gate::{Bearer, Flag},
};

use crate::{Result, Sealed, prepared::prepared};

pub use figures::{GateHour, Inside, Outsider, Unit, by_hour, count_outside, inside, outside, table};
pub use list::{Picked, Question, Row, count, list};

/// Waits until nobody else decides about these people, so that a code is good once wherever it is scanned. Until the
/// transaction ends.
pub async fn lock(conn: &mut AsyncPgConnection, corp: CorpId, bearers: &[Bearer]) -> Result<()> {
    let mut bearers = bearers.to_vec();
    // In one order, so that two who wait don't wait for each other.
    bearers.sort_unstable();
    bearers.dedup();
    let names: Vec<String> = bearers
        .into_iter()
        .map(|bearer| match bearer {
            Bearer::Person(person) => person.to_string(),
            Bearer::Visitor(visitor) => format!("visitor {visitor}"),
        })
        .collect();
    let sql = "select count(pg_advisory_xact_lock(hashtextextended('gate ' || $1::text || ' ' || w.bearer, 0))) as count
               from unnest($2) with ordinality as w (bearer, nth)";
    prepared(sql).bind::<Integer, _>(corp).bind::<Array<Text>, _>(names).execute(conn).await?;
    Ok(())
}

/// Whose scan, where.
#[derive(Debug, Clone, Copy)]
pub struct Scanned<'a> {
    /// The school.
    pub corp: CorpId,
    /// Whose code.
    pub person: PersonId,
    /// The gate's zone.
    pub zone: i64,
    /// `in` or `out`.
    pub direction: &'static str,
    /// The code's own id.
    pub jti: &'a [u8],
    /// Today.
    pub today: NaiveDate,
    /// Now.
    pub now: DateTime<Utc>,
    /// Forms whose reports count.
    pub forms: &'a [String],
    /// The device that asks.
    pub device: i64,
    /// Another device of the zone that was not heard since may have more to tell.
    pub heard_since: DateTime<Utc>,
}

/// What is known of them.
#[derive(Debug, Clone, QueryableByName)]
pub struct Known {
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Class or department.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// On the roster today.
    #[diesel(sql_type = Bool)]
    pub on_roster: bool,
    /// Whether there is a photo.
    #[diesel(sql_type = Bool)]
    pub photo: bool,
    /// Has reported today.
    #[diesel(sql_type = Bool)]
    pub reported: bool,
    /// … abnormally.
    #[diesel(sql_type = Bool)]
    pub abnormal: bool,
    /// Need not report today: exempt, or asked by none of the forms.
    #[diesel(sql_type = Bool)]
    pub exempt: bool,
    /// Is on leave today.
    #[diesel(sql_type = Bool)]
    pub on_leave: bool,
    /// A permit that holds here and now.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub permit_id: Option<i64>,
    /// The direction of their last passage of this zone …
    #[diesel(sql_type = Nullable<Bool>)]
    pub inside: Option<bool>,
    /// … and when it was.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub since: Option<DateTime<Utc>>,
    /// Whether the same code was let through before.
    #[diesel(sql_type = Bool)]
    pub used: bool,
    /// Whether they passed any gate within the last minute.
    #[diesel(sql_type = Bool)]
    pub just_passed: bool,
    /// Whether every other device of the zone was heard.
    #[diesel(sql_type = Bool)]
    pub zone_heard: bool,
}

/// Whether the permit `t` is good for a direction still: a single one is for one passage each way.
macro_rules! unused {
    ($direction:literal) => {
        concat!(
            "(t.kind = 'standing' or not exists (
              select from passages u where u.corp_id = t.corp_id and u.permit_id = t.permit_id
                and u.direction = ",
            $direction,
            " and u.decision = 'allowed'))"
        )
    };
}

/// A permit of `$2` that holds at `$7` in zone `$3`, single ones where they have not been used in direction `$4`.
macro_rules! permit {
    () => {
        concat!(
            "(select t.permit_id from gate_permits t
          where t.corp_id = $1 and t.person_id = p.person_id and t.until_time > $7 and t.from_time <= $7
            and t.revoked_at is null and (t.zones = '{}' or $3 = any(t.zones)) and ",
            unused!("$4"),
            " order by t.kind desc, t.permit_id limit 1)"
        )
    };
}

/// Whether one of these forms asks the person `p`, counted under `d`, on a day: who is asked by none of them need not report.
macro_rules! asked {
    ($forms:literal, $day:literal) => {
        concat!(
            "exists (select from forms f
           join lateral (select v.definition -> 'audience' as audience from form_versions v
             where v.corp_id = f.corp_id and v.form_id = f.form_id order by v.version desc limit 1) v on true
           where f.corp_id = $1 and f.code = any(",
            $forms,
            ") and f.starts_on <= ",
            $day,
            " and f.ends_on >= ",
            $day,
            " and v.audience -> 'kinds' ? p.kind
             and (v.audience ->> 'within' is null or d.college_id is not null)
             and (jsonb_typeof(v.audience -> 'departments') is distinct from 'array' or exists (
               select from jsonb_array_elements_text(v.audience -> 'departments') u (id)
               where u.id::integer in (d.department_id, d.class_id, d.grade_id, d.college_id))))"
        )
    };
}

/// What [`known`] runs: the hottest statement of the gate.
pub const KNOWN: &str = concat!(
    "select p.name, d.name as place,
       p.from_date <= $6 and (p.until_date is null or p.until_date > $6) as on_roster,
       exists (select from photos f where f.corp_id = $1 and f.person_id = p.person_id) as photo,
       coalesce(r.reported, false) as reported, coalesce(r.abnormal, false) as abnormal,
       exists (select from exemptions e where e.corp_id = $1 and e.person_id = p.person_id and e.revoked_at is null
         and e.from_date <= $6 and (e.until_date is null or e.until_date > $6)) or not ",
    asked!("$8", "$6"),
    " as exempt,
       exists (select from exemptions e where e.corp_id = $1 and e.person_id = p.person_id and e.revoked_at is null
         and e.kind = 'leave' and e.from_date <= $6 and (e.until_date is null or e.until_date > $6)) as on_leave,
       ",
    permit!(),
    " as permit_id, s.inside, s.since,
       exists (select from passages u where u.corp_id = $1 and u.person_id = p.person_id and u.jti = $5
         and u.at > $7 - interval '10 minutes' and u.decision = 'allowed') as used,
       exists (select from passages u where u.corp_id = $1 and u.person_id = p.person_id
         and u.at > $7 - interval '60 seconds' and u.decision = 'allowed') as just_passed,
       not exists (select from gates g join gate_devices v on v.corp_id = g.corp_id and v.gate_id = g.gate_id
         where g.corp_id = $1 and g.zone_id = $3 and g.closed_at is null and v.withdrawn_at is null
           and v.device_id <> $10 and v.seen_at < $9) as zone_heard
     from persons p
     left join memberships m on m.corp_id = $1 and m.person_id = p.person_id and m.is_main and m.from_date <= $6
       and (m.until_date is null or m.until_date > $6)
     left join departments d on d.corp_id = $1 and d.department_id = m.department_id
     left join gate_presence s on s.corp_id = $1 and s.zone_id = $3 and s.person_id = p.person_id
     left join lateral (
       select true as reported, bool_or(r.state = 'abnormal') as abnormal
       from forms f join reports r on r.corp_id = f.corp_id and r.form_id = f.form_id and r.person_id = p.person_id
         and r.day = $6
       where f.corp_id = $1 and f.code = any($8) having count(*) > 0) r on true
     where p.corp_id = $1 and p.person_id = $2"
);

/// What is known of somebody whose code is scanned.
pub async fn known(conn: &mut AsyncPgConnection, scanned: Scanned<'_>) -> Result<Known> {
    Ok(prepared(KNOWN)
        .bind::<Integer, _>(scanned.corp)
        .bind::<BigInt, _>(scanned.person)
        .bind::<BigInt, _>(scanned.zone)
        .bind::<Text, _>(scanned.direction)
        .bind::<Binary, _>(scanned.jti)
        .bind::<Date, _>(scanned.today)
        .bind::<Timestamptz, _>(scanned.now)
        .bind::<Array<Text>, _>(scanned.forms)
        .bind::<Timestamptz, _>(scanned.heard_since)
        .bind::<BigInt, _>(scanned.device)
        .get_result(conn)
        .await?)
}

/// What the reports and permits of somebody say, for devices that can't ask.
#[derive(Debug, Clone, QueryableByName)]
pub struct Standing {
    /// Who.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// On the roster today.
    #[diesel(sql_type = Bool)]
    pub on_roster: bool,
    /// Has reported today.
    #[diesel(sql_type = Bool)]
    pub reported: bool,
    /// … abnormally.
    #[diesel(sql_type = Bool)]
    pub abnormal: bool,
    /// Need not report today.
    #[diesel(sql_type = Bool)]
    pub exempt: bool,
    /// Is on leave today.
    #[diesel(sql_type = Bool)]
    pub on_leave: bool,
    /// Has a permit to come in.
    #[diesel(sql_type = Bool)]
    pub permit_in: bool,
    /// … to go out.
    #[diesel(sql_type = Bool)]
    pub permit_out: bool,
}

const STANDINGS: &str = concat!(
    "with reported as (
        select r.person_id, bool_or(r.state = 'abnormal') as abnormal
        from forms f join reports r on r.corp_id = f.corp_id and r.form_id = f.form_id and r.day = $3
        where f.corp_id = $1 and f.code = any($5) group by 1),
      exempt as (
        select e.person_id, bool_or(e.kind = 'leave') as on_leave
        from exemptions e where e.corp_id = $1 and e.revoked_at is null
          and e.from_date <= $3 and (e.until_date is null or e.until_date > $3) group by 1),
      permitted as (
        select t.person_id, bool_or(",
    unused!("'in'"),
    ") as come, bool_or(",
    unused!("'out'"),
    ") as go
        from gate_permits t where t.corp_id = $1 and t.until_time > $4 and t.from_time <= $4
          and t.revoked_at is null and (t.zones = '{}' or $2 = any(t.zones)) group by 1)
      select p.person_id, p.from_date <= $3 and (p.until_date is null or p.until_date > $3) as on_roster,
             r.person_id is not null as reported, coalesce(r.abnormal, false) as abnormal,
             e.person_id is not null or not ",
    asked!("$5", "$3"),
    " as exempt, coalesce(e.on_leave, false) as on_leave, coalesce(t.come, false) as permit_in,
             coalesce(t.go, false) as permit_out
      from persons p
      left join memberships m on m.corp_id = $1 and m.person_id = p.person_id and m.is_main and m.from_date <= $3
        and (m.until_date is null or m.until_date > $3)
      left join departments d on d.corp_id = $1 and d.department_id = m.department_id
      left join reported r on r.person_id = p.person_id
      left join exempt e on e.person_id = p.person_id
      left join permitted t on t.person_id = p.person_id
      where p.corp_id = $1 and (p.until_date is null or p.until_date >= $3::date - 1)"
);

/// Everybody on the roster, and whoever left it within a day and may still have a code.
pub async fn standings(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    zone: i64,
    (today, now): (NaiveDate, DateTime<Utc>),
    forms: &[String],
) -> Result<Vec<Standing>> {
    Ok(diesel::sql_query(STANDINGS)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(zone)
        .bind::<Date, _>(today)
        .bind::<Timestamptz, _>(now)
        .bind::<Array<Text>, _>(forms)
        .load(conn)
        .await?)
}

/// A passage to be kept.
#[derive(Debug, Clone)]
pub struct NewPassage {
    /// The device's own name for it.
    pub scan_id: String,
    /// Whose, where the code says so.
    pub bearer: Option<Bearer>,
    /// The keys of the code.
    pub kid: Option<Vec<u8>>,
    /// The code's own id.
    pub jti: Option<Vec<u8>>,
    /// `in` or `out`.
    pub direction: &'static str,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Why it was refused; none: allowed.
    pub refusal: Option<&'static str>,
    /// What somebody should look at.
    pub flags: Vec<&'static str>,
    /// The permit that opened the gate.
    pub permit: Option<i64>,
}

/// At which device.
#[derive(Debug, Clone, Copy)]
pub struct Where {
    /// The school.
    pub corp: CorpId,
    /// The device.
    pub device: i64,
    /// Its gate.
    pub gate: i64,
    /// The gate's zone.
    pub zone: i64,
    /// Whether the device decided.
    pub offline: bool,
    /// When we are told.
    pub now: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct Kept {
    #[diesel(sql_type = BigInt)]
    passage_id: i64,
}

/// What [`write`] runs.
pub const WRITE: &str = "
  with kept as (
    insert into passages (corp_id, gate_id, zone_id, device_id, scan_id, person_id, kid, jti, direction, at, received_at,
                          offline, decision, reason, flags, permit_id, visitor_id, by_visitor)
    select $1, $2, $3, $4, w.scan_id, w.person_id, w.kid, w.jti, w.direction, w.at, $5, $6,
           case when w.refusal is null then 'allowed' else 'refused' end, w.refusal,
           string_to_array(w.flags, ' '), w.permit_id, w.visitor_id, w.visitor_id is not null
    from unnest($7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
      as w (scan_id, person_id, kid, jti, direction, at, refusal, flags, permit_id, visitor_id)
    on conflict on constraint passages_scan_key do nothing
    returning passage_id, person_id, direction, at, decision),
  last as (
    select distinct on (person_id) person_id, direction = 'in' as inside, at from kept
    where decision = 'allowed' and person_id is not null order by person_id, at desc, direction),
  present as (
    insert into gate_presence (corp_id, zone_id, person_id, inside, since)
    select $1, $3, person_id, inside, at from last
    on conflict (corp_id, zone_id, person_id) do update set inside = excluded.inside, since = excluded.since
      where (excluded.since, excluded.inside) > (gate_presence.since, gate_presence.inside)),
  heard as (
    update gate_devices set seen_at = $5
    where corp_id = $1 and device_id = $4 and seen_at < $5 - interval '30 seconds')
  select passage_id from kept";

/// Keeps passages, each once, and moves the state of those who were let through by the time it happened. Gives the numbers
/// of those that were new.
pub async fn write(conn: &mut AsyncPgConnection, at: Where, rows: &[NewPassage]) -> Result<Vec<i64>> {
    let kept: Vec<Kept> = prepared(WRITE)
        .bind::<Integer, _>(at.corp)
        .bind::<BigInt, _>(at.gate)
        .bind::<BigInt, _>(at.zone)
        .bind::<BigInt, _>(at.device)
        .bind::<Timestamptz, _>(at.now)
        .bind::<Bool, _>(at.offline)
        .bind::<Array<Text>, _>(rows.iter().map(|row| row.scan_id.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<BigInt>>, _>(
            rows.iter().map(|row| row.bearer.and_then(Bearer::person)).collect::<Vec<_>>(),
        )
        .bind::<Array<Nullable<Binary>>, _>(rows.iter().map(|row| row.kid.clone()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Binary>>, _>(rows.iter().map(|row| row.jti.clone()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows.iter().map(|row| row.direction).collect::<Vec<_>>())
        .bind::<Array<Timestamptz>, _>(rows.iter().map(|row| row.at).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(rows.iter().map(|row| row.refusal).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(rows.iter().map(|row| row.flags.join(" ")).collect::<Vec<_>>())
        .bind::<Array<Nullable<BigInt>>, _>(rows.iter().map(|row| row.permit).collect::<Vec<_>>())
        .bind::<Array<Nullable<BigInt>>, _>(
            rows.iter().map(|row| row.bearer.and_then(Bearer::visitor)).collect::<Vec<_>>(),
        )
        .load(conn)
        .await?;
    Ok(kept.into_iter().map(|kept| kept.passage_id).collect())
}

/// Passages we decided about while the device did not hear the answer and decided otherwise: what happened at the gate is what
/// the device did. Where it let somebody through whom we did not, somebody should look at it. Gives their numbers.
pub async fn overrule(conn: &mut AsyncPgConnection, at: Where, rows: &[NewPassage]) -> Result<Vec<i64>> {
    let sql = "update passages x
               set decision = case when w.refusal is null then 'allowed' else 'refused' end, reason = w.refusal,
                   offline = true, permit_id = null,
                   flags = case when w.refusal is null then x.flags || $5::text else x.flags end
               from unnest($3, $4) as w (scan_id, refusal)
               where x.corp_id = $1 and x.device_id = $2 and x.scan_id = w.scan_id and not x.offline
                 and (x.decision = 'allowed') <> (w.refusal is null)
               returning x.passage_id";
    let changed: Vec<Kept> = diesel::sql_query(sql)
        .bind::<Integer, _>(at.corp)
        .bind::<BigInt, _>(at.device)
        .bind::<Array<Text>, _>(rows.iter().map(|row| row.scan_id.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(rows.iter().map(|row| row.refusal).collect::<Vec<_>>())
        .bind::<Text, _>(Flag::Disputed.as_str())
        .load(conn)
        .await?;
    let changed: Vec<i64> = changed.into_iter().map(|kept| kept.passage_id).collect();
    for sql in [
        "delete from gate_presence s using passages x
         where x.corp_id = $1 and x.passage_id = any($2)
           and s.corp_id = $1 and s.zone_id = x.zone_id and s.person_id = x.person_id",
        "insert into gate_presence (corp_id, zone_id, person_id, inside, since)
         select distinct on (u.zone_id, u.person_id) $1, u.zone_id, u.person_id, u.direction = 'in', u.at
         from passages u
         where u.corp_id = $1 and u.decision = 'allowed' and (u.zone_id, u.person_id) in (
           select x.zone_id, x.person_id from passages x where x.corp_id = $1 and x.passage_id = any($2))
         order by u.zone_id, u.person_id, u.at desc, u.direction",
    ] {
        diesel::sql_query(sql)
            .bind::<Integer, _>(at.corp)
            .bind::<Array<BigInt>, _>(&changed)
            .execute(conn)
            .await?;
    }
    Ok(changed)
}

/// Notes which permits opened the gate for passages a device decided about: those of these names, where there was one.
pub async fn use_permits(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    passages: &[i64],
    scan_ids: &[&str],
) -> Result<()> {
    let sql = concat!(
        "update passages x set permit_id = (
           select t.permit_id from gate_permits t
           where t.corp_id = $1 and t.person_id = x.person_id and t.until_time > x.at and t.from_time <= x.at
             and (t.revoked_at is null or t.revoked_at > x.at) and (t.zones = '{}' or x.zone_id = any(t.zones)) and ",
        unused!("x.direction"),
        " order by t.kind desc, t.permit_id limit 1)
         where x.corp_id = $1 and x.passage_id = any($2) and x.scan_id = any($3) and x.decision = 'allowed'
           and x.person_id is not null"
    );
    diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(passages)
        .bind::<Array<Text>, _>(scan_ids)
        .execute(conn)
        .await?;
    Ok(())
}

/// A passage and what it says.
#[derive(Debug, Clone, QueryableByName)]
pub struct Before {
    /// Whose.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub person_id: Option<PersonId>,
    /// Their name.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// Class or department.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// Whether there is a photo.
    #[diesel(sql_type = Bool)]
    pub photo: bool,
    /// Why it was refused.
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
    /// What somebody should look at.
    #[diesel(sql_type = Array<Text>)]
    pub flags: Vec<String>,
    /// When we were told.
    #[diesel(sql_type = Timestamptz)]
    pub received_at: DateTime<Utc>,
    /// 访客: what is said of the visit, sealed for [`crate::visitors::about_place`] …
    #[diesel(sql_type = Nullable<Binary>)]
    pub about: Option<Sealed>,
    /// … of this key.
    #[diesel(sql_type = Nullable<Text>)]
    pub key: Option<String>,
    /// Who invited them, by name.
    #[diesel(sql_type = Nullable<Text>)]
    pub host: Option<String>,
    /// Until when they are expected.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub until_time: Option<DateTime<Utc>>,
}

/// A statement that gives what passages `x` say, with $1 the corp and $2 the day.
macro_rules! said {
    ($also:literal, $rest:literal) => {
        concat!(
            "select x.person_id, coalesce(p.name, v.name) as name, d.name as place, x.reason, x.flags, x.received_at,
               v.about, v.host_id || ':' || v.request_key as key, h.name as host, v.until_time,
               exists (select from photos f where f.corp_id = $1 and f.person_id = x.person_id) as photo",
            $also,
            " from passages x
             left join persons p on p.corp_id = $1 and p.person_id = x.person_id
             left join memberships m on m.corp_id = $1 and m.person_id = x.person_id and m.is_main and m.from_date <= $2
               and (m.until_date is null or m.until_date > $2)
             left join departments d on d.corp_id = $1 and d.department_id = m.department_id
             left join visitors v on v.corp_id = $1 and v.visitor_id = x.visitor_id
             left join persons h on h.corp_id = $1 and h.person_id = v.host_id
             where x.corp_id = $1 ",
            $rest
        )
    };
}

/// What became of a scan of this name before.
pub async fn before(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    device: i64,
    scan_id: &str,
    today: NaiveDate,
) -> Result<Option<Before>> {
    Ok(prepared(said!("", "and x.device_id = $3 and x.scan_id = $4 limit 1"))
        .bind::<Integer, _>(corp)
        .bind::<Date, _>(today)
        .bind::<BigInt, _>(device)
        .bind::<Text, _>(scan_id)
        .get_result(conn)
        .await
        .optional()?)
}

/// A passage of a moment ago.
#[derive(Debug, Clone, QueryableByName)]
pub struct Recent {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub passage_id: i64,
    /// The device's own name for it, or ours.
    #[diesel(sql_type = Text)]
    pub scan_id: String,
    /// `in` or `out`.
    #[diesel(sql_type = Text)]
    pub direction: String,
    /// What it says.
    #[diesel(embed)]
    pub said: Before,
}

/// Passages at a device that we were told of since and whose names begin so, those after the one of this number, the first
/// first.
pub async fn recent(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    (device, named): (i64, &str),
    after: i64,
    since: DateTime<Utc>,
    today: NaiveDate,
) -> Result<Vec<Recent>> {
    let sql = said!(
        ", x.passage_id, x.scan_id, x.direction",
        "and x.device_id = $3 and x.passage_id > $4 and x.received_at > $5 and x.at > $5
         and starts_with(x.scan_id, $6) order by x.passage_id limit 20"
    );
    Ok(prepared(sql)
        .bind::<Integer, _>(corp)
        .bind::<Date, _>(today)
        .bind::<BigInt, _>(device)
        .bind::<BigInt, _>(after)
        .bind::<Timestamptz, _>(since)
        .bind::<Text, _>(named)
        .load(conn)
        .await?)
}

/// Two passages of one person or visitor that are less than a minute apart.
#[derive(Debug, Clone, QueryableByName)]
pub struct Pair {
    /// One.
    #[diesel(sql_type = BigInt)]
    pub one: i64,
    /// Its moment.
    #[diesel(sql_type = Timestamptz)]
    pub one_at: DateTime<Utc>,
    /// Its gate.
    #[diesel(sql_type = BigInt)]
    pub one_gate: i64,
    /// Its code.
    #[diesel(sql_type = Binary)]
    pub one_jti: Vec<u8>,
    /// The other.
    #[diesel(sql_type = BigInt)]
    pub other: i64,
    /// Its moment.
    #[diesel(sql_type = Timestamptz)]
    pub other_at: DateTime<Utc>,
    /// Its gate.
    #[diesel(sql_type = BigInt)]
    pub other_gate: i64,
    /// Its code.
    #[diesel(sql_type = Binary)]
    pub other_jti: Vec<u8>,
}

/// Passages `a` of $2 and those `b` near them of the same bearer.
macro_rules! near {
    ($bearer:literal) => {
        concat!(
            "select a.passage_id as one, a.at as one_at, a.gate_id as one_gate, a.jti as one_jti,
               b.passage_id as other, b.at as other_at, b.gate_id as other_gate, b.jti as other_jti
             from passages a
             join passages b on b.corp_id = a.corp_id and b.",
            $bearer,
            " = a.",
            $bearer,
            " and b.passage_id <> a.passage_id
               and b.at > a.at - interval '60 seconds' and b.at < a.at + interval '60 seconds'
             where a.corp_id = $1 and a.passage_id = any($2) and a.decision = 'allowed' and b.decision = 'allowed'
               and a.jti is not null and b.jti is not null"
        )
    };
}

/// The passages near these, each with the one it is near.
pub async fn near(conn: &mut AsyncPgConnection, corp: CorpId, ids: &[i64]) -> Result<Vec<Pair>> {
    let sql = concat!(near!("person_id"), " union all ", near!("visitor_id"));
    Ok(prepared(sql).bind::<Integer, _>(corp).bind::<Array<BigInt>, _>(ids).load(conn).await?)
}

/// Adds flags to passages, each once.
pub async fn flag(conn: &mut AsyncPgConnection, corp: CorpId, flags: &[(i64, &'static str)]) -> Result<()> {
    let (ids, words): (Vec<i64>, Vec<&str>) = flags.iter().copied().unzip();
    let sql = "with told as (
        select w.id, array_agg(distinct w.flag) as flags from unnest($2, $3) as w (id, flag) group by 1)
      update passages x set flags = array(select distinct f from unnest(x.flags || t.flags) f order by f)
      from told t where x.corp_id = $1 and x.passage_id = t.id and not x.flags @> t.flags";
    prepared(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(ids)
        .bind::<Array<Text>, _>(words)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets passages that happened before `before`. What a permit that is good once was used for stays as long as it holds:
/// it would be good again.
pub async fn sweep(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<usize> {
    let sql = "delete from passages x where x.corp_id = $1 and x.at < $2 and not exists (
                 select from gate_permits t where t.corp_id = x.corp_id and t.permit_id = x.permit_id
                   and t.kind = 'single' and t.until_time > $3 and t.revoked_at is null)";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Timestamptz, _>(before)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?)
}

/// Whose data a query over passages may show: those counted under a department of the scope on the day of the passage.
/// With $1 the corp, $2 the scope, $3 the zone of time.
pub(crate) const PLACED: &str = "
    left join memberships m on m.corp_id = $1 and m.person_id = x.person_id and m.is_main
      and m.from_date <= (x.at at time zone $3)::date and (m.until_date is null or m.until_date > (x.at at time zone $3)::date)
    left join departments d on d.corp_id = $1 and d.department_id = m.department_id
    left join departments c on c.corp_id = $1 and c.department_id = d.college_id";

/// The condition that goes with [`PLACED`].
pub(crate) const IN_SCOPE: &str = "($2 is null or d.department_id = any($2) or d.class_id = any($2) or d.grade_id = any($2) or d.college_id = any($2))";

/// Only those counted under this department.
pub(crate) type Under = Option<DepartmentId>;
