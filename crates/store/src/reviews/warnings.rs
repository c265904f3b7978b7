//! 预警: whom an opened review is to be told, and who was told.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, policy::Role};

use crate::Result;

#[derive(QueryableByName)]
struct Planned {
    #[diesel(sql_type = BigInt)]
    without: i64,
}

/// Puts those in charge on the list, of every opened review that nobody was put on it for: of `roles`, those who hold the
/// first that anybody holds over the person. Gives of how many reviews there is nobody to tell.
pub async fn plan(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    roles: &[Role],
    today: NaiveDate,
    now: DateTime<Utc>,
) -> Result<i64> {
    // A role over the school counts for everybody, but only after those who are nearer.
    let sql = "
      with fresh as materialized (
        select v.report_id from reviews v
        where v.corp_id = $1 and v.warned_at is null and v.state = 'open'
        order by v.report_id limit 5000 for update skip locked),
      candidates as materialized (
        select f.report_id, m.member_id, array_position($2, g.role) as rank,
               min(array_position($2, g.role)) over (partition by f.report_id) as nearest
        from fresh f
        join reports r on r.corp_id = $1 and r.report_id = f.report_id
        left join memberships s on s.corp_id = $1 and s.person_id = r.person_id and s.is_main
          and s.from_date <= $3 and (s.until_date is null or s.until_date > $3)
        left join departments d on d.corp_id = $1 and d.department_id = s.department_id
        join grants g on g.corp_id = $1 and g.role = any($2) and g.person_id <> r.person_id
          and g.from_date <= $3 and g.until_date > $3
        join departments o on o.corp_id = $1 and o.department_id = g.department_id
          and (o.kind = 'school' or g.department_id in (d.department_id, d.class_id, d.grade_id, d.college_id))
        join members m on m.corp_id = $1 and m.person_id = g.person_id and m.left_on is null
          and (m.status is null or m.status = 1)),
      planned as (
        insert into review_warnings (corp_id, report_id, member_id, planned_at)
        select distinct $1, report_id, member_id, $4::timestamptz from candidates where rank = nearest
        on conflict (corp_id, report_id, member_id) do update set planned_at = excluded.planned_at, told_at = null),
      marked as (
        update reviews v set warned_at = $4 from fresh f where v.corp_id = $1 and v.report_id = f.report_id)
      select count(*) as without from fresh f
      where not exists (select from candidates c where c.report_id = f.report_id)";
    let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let planned: Planned = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<Text>, _>(roles)
        .bind::<Date, _>(today)
        .bind::<Timestamptz, _>(now)
        .get_result(conn)
        .await?;
    Ok(planned.without)
}

/// Somebody who is to be told.
#[derive(Debug, Clone, QueryableByName)]
pub struct Receiver {
    /// The account.
    #[diesel(sql_type = BigInt)]
    pub member_id: MemberId,
    /// As WeCom gives it.
    #[diesel(sql_type = Text)]
    pub userid: String,
    /// Of how many reviews.
    #[diesel(sql_type = BigInt)]
    pub reviews: i64,
}

/// Whom to tell now: those for whom reviews wait that are still open, unless they were told after `since`.
pub async fn waiting(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    since: DateTime<Utc>,
) -> Result<Vec<Receiver>> {
    Ok(diesel::sql_query(
        "select w.member_id, m.userid, count(*) as reviews
         from review_warnings w
         join reviews v on v.corp_id = w.corp_id and v.report_id = w.report_id and v.state = 'open'
         join members m on m.corp_id = w.corp_id and m.member_id = w.member_id
         where w.corp_id = $1 and w.told_at is null
           and not exists (select from review_warnings t where t.corp_id = w.corp_id and t.member_id = w.member_id
                           and t.told_at > $2)
         group by w.member_id, m.userid
         order by w.member_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<Timestamptz, _>(since)
    .load(conn)
    .await?)
}

/// Notes that these were told of everything that waited for them.
pub async fn told(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    members: &[MemberId],
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::sql_query(
        "update review_warnings set told_at = $3 where corp_id = $1 and member_id = any($2) and told_at is null",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<BigInt>, _>(members)
    .bind::<Timestamptz, _>(now)
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct Outstanding {
    #[diesel(sql_type = Nullable<Bool>)]
    any: Option<bool>,
}

/// Whether there is anybody to be planned or told now.
pub async fn outstanding(conn: &mut AsyncPgConnection, corp: CorpId, since: DateTime<Utc>) -> Result<bool> {
    let found: Outstanding = diesel::sql_query(
        "select exists (select from reviews where corp_id = $1 and warned_at is null and state = 'open')
             or exists (select from review_warnings w
                        join reviews v on v.corp_id = w.corp_id and v.report_id = w.report_id and v.state = 'open'
                        where w.corp_id = $1 and w.told_at is null
                          and not exists (select from review_warnings t where t.corp_id = w.corp_id
                                          and t.member_id = w.member_id and t.told_at > $2)) as any",
    )
    .bind::<Integer, _>(corp)
    .bind::<Timestamptz, _>(since)
    .get_result(conn)
    .await?;
    Ok(found.any == Some(true))
}
