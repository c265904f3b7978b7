//! 访客: who is expected at the gates, by whose invitation and when.

mod scanned;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Bool, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId, gate::visitor::VisitorId};

use crate::{
    Result, Sealed,
    sealed::{Place, column},
};

pub use scanned::{Entered, Expected, Known, Scanned, entered, expected, known};

/// The row what is said of a visitor is sealed for. It has no number before it is kept.
pub fn key(host: PersonId, request_key: &str) -> String {
    format!("{host}:{request_key}")
}

/// Where a visitor's phone stands sealed; `key` is of [`key`].
pub fn phone_place(corp: CorpId, key: &str) -> Place<'_> {
    Place { column: &column::VISITOR_PHONE, corp, row: key }
}

/// … what is said of the visit.
pub fn about_place(corp: CorpId, key: &str) -> Place<'_> {
    Place { column: &column::VISITOR_ABOUT, corp, row: key }
}

/// Somebody to be expected.
#[derive(Debug)]
pub struct NewVisitor<'a> {
    /// Who invites them.
    pub host: PersonId,
    /// The Idempotency-Key.
    pub request_key: &'a str,
    /// Name.
    pub name: &'a str,
    /// Sealed for [`phone_place`].
    pub phone: Sealed,
    /// Sealed for [`about_place`].
    pub about: Sealed,
    /// Into which zones, in order.
    pub zones: &'a [i64],
    /// From when …
    pub from: DateTime<Utc>,
    /// … until when.
    pub until: DateTime<Utc>,
    /// SHA-256 of what the link has.
    pub token_hash: &'a [u8],
    /// The account that says so.
    pub by: MemberId,
    /// When.
    pub at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: VisitorId,
}

/// Keeps an invitation; none: this request has made one before.
pub async fn add(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    new: &NewVisitor<'_>,
) -> Result<Option<VisitorId>> {
    let sql = "insert into visitors (corp_id, host_id, request_key, name, phone, about, zones, from_time, until_time, token_hash,
                                     invited_by, invited_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
               on conflict on constraint visitors_request_key do nothing
               returning visitor_id as id";
    let kept: Option<Id> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(new.host)
        .bind::<Text, _>(new.request_key)
        .bind::<Text, _>(new.name)
        .bind::<Binary, _>(&new.phone)
        .bind::<Binary, _>(&new.about)
        .bind::<Array<BigInt>, _>(new.zones)
        .bind::<Timestamptz, _>(new.from)
        .bind::<Timestamptz, _>(new.until)
        .bind::<Binary, _>(new.token_hash)
        .bind::<BigInt, _>(new.by)
        .bind::<Timestamptz, _>(new.at)
        .get_result(conn)
        .await
        .optional()?;
    Ok(kept.map(|kept| kept.id))
}

/// A visitor as they are shown.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Number.
    #[diesel(sql_type = BigInt)]
    pub visitor_id: VisitorId,
    /// What phone and words are sealed for.
    #[diesel(sql_type = Text)]
    pub key: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Sealed for [`phone_place`].
    #[diesel(sql_type = Binary)]
    pub phone: Sealed,
    /// Sealed for [`about_place`].
    #[diesel(sql_type = Binary)]
    pub about: Sealed,
    /// Who invited them.
    #[diesel(sql_type = BigInt)]
    pub host_id: PersonId,
    /// … by name.
    #[diesel(sql_type = Text)]
    pub host: String,
    /// … of which department.
    #[diesel(sql_type = Nullable<Text>)]
    pub host_place: Option<String>,
    /// Names of the zones.
    #[diesel(sql_type = Array<Text>)]
    pub zones: Vec<String>,
    /// From when …
    #[diesel(sql_type = Timestamptz)]
    pub from_time: DateTime<Utc>,
    /// … until when.
    #[diesel(sql_type = Timestamptz)]
    pub until_time: DateTime<Utc>,
    /// When it was taken back.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub cancelled_at: Option<DateTime<Utc>>,
    /// Whether their last passage of some zone led in.
    #[diesel(sql_type = Bool)]
    pub inside: bool,
    /// Their last passage.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub passed_at: Option<DateTime<Utc>>,
}

/// $1 the corp, $2 today.
const SHOWN: &str = "
  select v.visitor_id, concat(v.host_id, ':', v.request_key) as key, v.name, v.phone, v.about, v.host_id, h.name as host,
         d.name as host_place,
         array(select z.name from gate_zones z where z.corp_id = $1 and z.zone_id = any(v.zones) order by z.zone_id) as zones,
         v.from_time, v.until_time, v.cancelled_at, coalesce(w.inside, false) as inside, w.passed_at
  from visitors v
  join persons h on h.corp_id = $1 and h.person_id = v.host_id
  left join memberships m on m.corp_id = $1 and m.person_id = v.host_id and m.is_main and m.from_date <= $2
    and (m.until_date is null or m.until_date > $2)
  left join departments d on d.corp_id = $1 and d.department_id = m.department_id
  left join lateral (
    select bool_or(l.direction = 'in') as inside, max(l.at) as passed_at from (
      select distinct on (x.zone_id) x.direction, x.at from passages x
      where x.corp_id = $1 and x.visitor_id = v.visitor_id and x.decision = 'allowed'
      order by x.zone_id, x.at desc, x.direction) l) w on true
  where v.corp_id = $1";

/// Which of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All that are known.
    All,
    /// Expected between these moments.
    Expected(DateTime<Utc>, DateTime<Utc>),
    /// Inside.
    Inside,
    /// Inside although their time is over.
    Overstayed(DateTime<Utc>),
}

/// Visitors, the newest first, those before `before`; only this host's where one is named.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    today: NaiveDate,
    (host, which): (Option<PersonId>, Which),
    before: Option<VisitorId>,
    limit: i64,
) -> Result<Vec<Row>> {
    let (word, from, until) = match which {
        Which::All => ("all", None, None),
        Which::Expected(from, until) => ("expected", Some(from), Some(until)),
        Which::Inside => ("inside", None, None),
        Which::Overstayed(now) => ("overstayed", Some(now), None),
    };
    let sql = format!(
        "{SHOWN} and ($3 is null or v.host_id = $3) and ($4 is null or v.visitor_id < $4)
           and case $6
             when 'expected' then v.cancelled_at is null and v.from_time < $8 and v.until_time > $7
             when 'inside' then w.inside
             when 'overstayed' then w.inside and (v.until_time <= $7 or v.cancelled_at is not null)
             else true end
         order by v.visitor_id desc limit $5"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Date, _>(today)
        .bind::<Nullable<BigInt>, _>(host)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .bind::<Text, _>(word)
        .bind::<Nullable<Timestamptz>, _>(from)
        .bind::<Nullable<Timestamptz>, _>(until)
        .load(conn)
        .await?)
}

/// The visitor of this number, of this host's where one is named.
pub async fn find(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    today: NaiveDate,
    host: Option<PersonId>,
    visitor: VisitorId,
) -> Result<Option<Row>> {
    let sql = format!("{SHOWN} and ($3 is null or v.host_id = $3) and v.visitor_id = $4");
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Date, _>(today)
        .bind::<Nullable<BigInt>, _>(host)
        .bind::<BigInt, _>(visitor)
        .get_result(conn)
        .await
        .optional()?)
}

/// The visitor whose link has this.
pub async fn by_token(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    today: NaiveDate,
    token_hash: &[u8],
) -> Result<Option<Row>> {
    Ok(diesel::sql_query(format!("{SHOWN} and v.token_hash = $3"))
        .bind::<Integer, _>(corp)
        .bind::<Date, _>(today)
        .bind::<Binary, _>(token_hash)
        .get_result(conn)
        .await
        .optional()?)
}

/// Gives an invitation another link; the one before leads nowhere.
pub async fn renew(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    visitor: VisitorId,
    token_hash: &[u8],
) -> Result<()> {
    diesel::sql_query("update visitors set token_hash = $3 where corp_id = $1 and visitor_id = $2")
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(visitor)
        .bind::<Binary, _>(token_hash)
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes an invitation back, once. False where it was taken back before.
pub async fn cancel(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    visitor: VisitorId,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let sql = "update visitors set cancelled_at = $4, cancelled_by = $3
               where corp_id = $1 and visitor_id = $2 and cancelled_at is null";
    let cancelled = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(visitor)
        .bind::<BigInt, _>(by)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    Ok(cancelled == 1)
}

/// Forgets visitors who were expected until before `before`. That a visitor passed stays, and not who.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: DateTime<Utc>) -> Result<usize> {
    let sql = "update passages x set visitor_id = null from visitors v
               where x.corp_id = $1 and v.corp_id = $1 and v.visitor_id = x.visitor_id and v.until_time < $2";
    diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Timestamptz, _>(before).execute(conn).await?;
    let sql = "delete from visitors where corp_id = $1 and until_time < $2";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Timestamptz, _>(before).execute(conn).await?)
}
