//! 保全: who holds a form, why, and until when. Nothing is removed; a hold is lifted or runs out.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId};

use crate::Result;

/// A hold to be set.
#[derive(Debug, Clone, Copy)]
pub struct NewHold<'a> {
    /// On what.
    pub form_id: i64,
    /// Why.
    pub reason: &'a str,
    /// The last day.
    pub until: NaiveDate,
    /// Who.
    pub by: MemberId,
    /// When.
    pub at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    hold_id: i64,
}

/// Sets a hold and gives its number.
pub async fn hold(conn: &mut AsyncPgConnection, corp: CorpId, new: NewHold<'_>) -> Result<i64> {
    let set: Id = diesel::sql_query(
        "insert into retention_holds (corp_id, form_id, reason, until_date, set_by, set_at)
         values ($1, $2, $3, $4, $5, $6) returning hold_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(new.form_id)
    .bind::<Text, _>(new.reason)
    .bind::<Date, _>(new.until)
    .bind::<BigInt, _>(new.by)
    .bind::<Timestamptz, _>(new.at)
    .get_result(conn)
    .await?;
    Ok(set.hold_id)
}

/// Lifts a hold; false where there is none of this number that was not lifted.
pub async fn lift(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    hold_id: i64,
    by: MemberId,
    at: DateTime<Utc>,
) -> Result<bool> {
    let lifted = diesel::sql_query(
        "update retention_holds set lifted_by = $3, lifted_at = $4
         where corp_id = $1 and hold_id = $2 and lifted_at is null",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(hold_id)
    .bind::<BigInt, _>(by)
    .bind::<Timestamptz, _>(at)
    .execute(conn)
    .await?;
    Ok(lifted == 1)
}

/// A hold as it is shown.
#[derive(Debug, Clone, QueryableByName)]
pub struct Hold {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub hold_id: i64,
    /// The form's code.
    #[diesel(sql_type = Text)]
    pub form: String,
    /// What it is called now.
    #[diesel(sql_type = Text)]
    pub title: String,
    /// Why.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// The last day.
    #[diesel(sql_type = Date)]
    pub until_date: NaiveDate,
    /// Who set it.
    #[diesel(sql_type = Text)]
    pub set_by: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub set_at: DateTime<Utc>,
    /// Who lifted it.
    #[diesel(sql_type = Nullable<Text>)]
    pub lifted_by: Option<String>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub lifted_at: Option<DateTime<Utc>>,
}

/// Holds, the newest first, those before `before`.
pub async fn holds(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Hold>> {
    Ok(diesel::sql_query(
        "select h.hold_id, f.code as form, v.title, h.reason, h.until_date, coalesce(p.name, m.name, m.userid) as set_by, h.set_at,
                case when h.lifted_by is not null then coalesce(q.name, n.name, n.userid) end as lifted_by, h.lifted_at
         from retention_holds h
         join forms f on f.corp_id = h.corp_id and f.form_id = h.form_id
         join lateral (select title from form_versions v where v.corp_id = f.corp_id and v.form_id = f.form_id
                       order by version desc limit 1) v on true
         join members m on m.corp_id = h.corp_id and m.member_id = h.set_by
         left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
         left join members n on n.corp_id = h.corp_id and n.member_id = h.lifted_by
         left join persons q on q.corp_id = n.corp_id and q.person_id = n.person_id
         where h.corp_id = $1 and ($2 is null or h.hold_id < $2)
         order by h.hold_id desc limit $3",
    )
    .bind::<Integer, _>(corp)
    .bind::<Nullable<BigInt>, _>(before)
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await?)
}
