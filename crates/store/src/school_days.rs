//! The school's calendar: days that are not what their weekday is.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Date, Integer, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, MemberId,
    audit::Act,
    reminder::{Calendar, DayKind, calendar::ListedDay},
};

use serde_json::json;

use crate::{
    Error, Result,
    audit::{self, Event},
    schema::school_days,
};

/// A day, and who said so.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Which.
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    /// `holiday` or `workday`.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// What it is called.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Who said so.
    #[diesel(sql_type = Text)]
    pub by_name: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

/// The days from `from` to before `until`, in order.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Vec<Row>> {
    let sql = "
      select d.day, d.kind, d.name, coalesce(p.name, m.name, m.userid) as by_name, d.at
      from school_days d
      join members m on m.corp_id = d.corp_id and m.member_id = d.by_member
      left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
      where d.corp_id = $1 and d.day >= $2 and d.day < $3 order by d.day";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Date, _>(from)
        .bind::<Date, _>(until)
        .load(conn)
        .await?)
}

/// What the school says of the days from `from` to before `until`.
pub async fn calendar(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    from: NaiveDate,
    until: NaiveDate,
) -> Result<Calendar> {
    let rows: Vec<(NaiveDate, String)> = school_days::table
        .filter(school_days::corp_id.eq(corp))
        .filter(school_days::day.ge(from))
        .filter(school_days::day.lt(until))
        .select((school_days::day, school_days::kind))
        .load(conn)
        .await?;
    let days = rows.into_iter().map(|(day, kind)| {
        DayKind::parse(&kind).map(|kind| (day, kind)).ok_or(Error::Unexpected("school_days.kind"))
    });
    Ok(Calendar::new(days.collect::<Result<Vec<_>>>()?))
}

/// Says of days what they are; what was said before is replaced. How many are not as they were.
pub async fn put(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    days: &[ListedDay],
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<usize> {
    let sql = "
      insert into school_days as d (corp_id, day, kind, name, by_member, at)
      select $1, r.*, $5, $6 from unnest($2, $3, $4) as r
      on conflict (corp_id, day) do update
        set kind = excluded.kind, name = excluded.name, by_member = excluded.by_member, at = excluded.at
        where (d.kind, d.name) is distinct from (excluded.kind, excluded.name)";
    let changed = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<Date>, _>(days.iter().map(|one| one.day).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(days.iter().map(|one| one.kind.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(days.iter().map(|one| one.name.as_str()).collect::<Vec<_>>())
        .bind::<BigInt, _>(by)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    if changed > 0 {
        let event = Event::new(corp, Act::SchoolDaysChanged, Some(by), now);
        audit::insert(conn, event.saying(json!({ "act": "set", "days": changed }))).await?;
    }
    Ok(changed)
}

/// Says nothing of a day any more: its weekday decides. False when nothing was said.
pub async fn remove(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    day: NaiveDate,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let removed = diesel::delete(school_days::table.find((corp, day))).execute(conn).await? == 1;
    if removed {
        let event = Event::new(corp, Act::SchoolDaysChanged, Some(by), now);
        audit::insert(conn, event.saying(json!({ "act": "removed", "day": day }))).await?;
    }
    Ok(removed)
}
