//! The end of coded facts: reports with all that hangs on them, follow-ups of who had not reported, and sign-offs.

use chrono::NaiveDate;
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Date, Integer, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::CorpId;

use crate::{Result, reports::RETENTION};

/// A report that ends.
#[derive(QueryableByName)]
pub(super) struct Doomed {
    #[diesel(sql_type = BigInt)]
    pub(super) report_id: i64,
    #[diesel(sql_type = Date)]
    month: NaiveDate,
}

/// What hangs on a report, before it by the foreign keys. $1 corp, $2 reports.
const HANGING: [&str; 6] = [
    "delete from attachments where corp_id = $1 and report_id = any($2)",
    "delete from trips where corp_id = $1 and report_id = any($2)",
    "delete from review_warnings where corp_id = $1 and report_id = any($2)",
    "delete from review_acts where corp_id = $1 and report_id = any($2)",
    "delete from reviews where corp_id = $1 and report_id = any($2)",
    "delete from report_revisions where corp_id = $1 and report_id = any($2)",
];

/// What was found out about who had not reported, and how classes and colleges were signed off. $1 corp, $2 form, $3 the first day of
/// which it is kept, $4 how many.
const BESIDE: [&str; 2] = [
    "delete from follow_ups where corp_id = $1 and follow_up_id = any(array(
       select u.follow_up_id from follow_ups u
       join forms f on f.corp_id = u.corp_id and f.form_id = u.form_id
       where u.corp_id = $1 and u.form_id = $2 and (u.day < $3 or u.day is null and f.ends_on < $3) limit $4))",
    "delete from sign_offs where corp_id = $1 and sign_off_id = any(array(
       select s.sign_off_id from sign_offs s
       join forms f on f.corp_id = s.corp_id and f.form_id = s.form_id
       where s.corp_id = $1 and s.form_id = $2 and (s.day < $3 or s.day is null and f.ends_on < $3) limit $4))",
];

/// Forgets so many reports of a form for days before `since`, and those without a day where its last was before it, with their answers
/// if there are any still, trips and reviews; and when none is left, so many follow-ups and sign-offs of the same days. How many.
pub async fn sweep(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    since: NaiveDate,
    limit: i64,
) -> Result<usize> {
    let doomed: Vec<Doomed> = diesel::sql_query(
        "(select report_id, month from reports where corp_id = $1 and form_id = $2 and day < $3 order by day limit $4)
         union all
         (select r.report_id, r.month from reports r
          join forms f on f.corp_id = r.corp_id and f.form_id = r.form_id and f.ends_on < $3
          where r.corp_id = $1 and r.form_id = $2 and r.day is null limit $4)",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(form_id)
    .bind::<Date, _>(since)
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await?;
    if doomed.is_empty() {
        let mut gone = 0;
        for sql in BESIDE {
            gone += diesel::sql_query(sql)
                .bind::<Integer, _>(corp)
                .bind::<BigInt, _>(form_id)
                .bind::<Date, _>(since)
                .bind::<BigInt, _>(limit)
                .execute(conn)
                .await?;
        }
        return Ok(gone);
    }
    forget(conn, corp, &doomed).await
}

/// Forgets reports with all that hangs on them. How many.
pub(super) async fn forget(conn: &mut AsyncPgConnection, corp: CorpId, doomed: &[Doomed]) -> Result<usize> {
    if doomed.is_empty() {
        return Ok(0);
    }
    let reports: Vec<i64> = doomed.iter().map(|row| row.report_id).collect();
    let mut months: Vec<NaiveDate> = doomed.iter().map(|row| row.month).collect();
    months.sort_unstable();
    months.dedup();
    diesel::sql_query(
        "delete from report_answers where corp_id = $1 and retention = $3 and month = any($4) and report_id = any($2)",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<BigInt>, _>(&reports)
    .bind::<Text, _>(RETENTION)
    .bind::<Array<Date>, _>(&months)
    .execute(conn)
    .await?;
    for sql in HANGING {
        diesel::sql_query(sql)
            .bind::<Integer, _>(corp)
            .bind::<Array<BigInt>, _>(&reports)
            .execute(conn)
            .await?;
    }
    Ok(diesel::sql_query("delete from reports where corp_id = $1 and report_id = any($2)")
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(&reports)
        .execute(conn)
        .await?)
}

/// Forgets how departments signed for where their people were, on days before `since`: a row a department and day. How many.
pub async fn sweep_movements(conn: &mut AsyncPgConnection, corp: CorpId, since: NaiveDate) -> Result<usize> {
    Ok(diesel::sql_query("delete from movement_sign_offs where corp_id = $1 and day < $2")
        .bind::<Integer, _>(corp)
        .bind::<Date, _>(since)
        .execute(conn)
        .await?)
}
