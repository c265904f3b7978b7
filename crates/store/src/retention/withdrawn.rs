//! The end of what people answered who took their word back, where the notice they had agreed to rests on their consent (个人信息保护法
//! 第四十七条): reports of their own to forms with sensitive questions, whole, as if they had never come.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Bool, Date, Integer, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, PersonId};

use super::facts::{self, Doomed};
use crate::Result;

/// Somebody's reports to a form.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Withdrawn {
    /// Who took their word back.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// The form.
    #[diesel(sql_type = BigInt)]
    pub form_id: i64,
    /// Its name in URLs.
    #[diesel(sql_type = Text)]
    pub code: String,
}

/// So long after taking it back somebody may agree again, to whatever version holds then, and nothing is lost.
pub const UNDO: TimeDelta = TimeDelta::hours(1);

/// `parted`, who took a consent back and let [`UNDO`] go by, and `ending`, their reports of which something ends. $1 corp, $2 now; `whom`
/// narrows the agreements `a`. What somebody gave themselves ends while a notice that rests on consent was the newest: what they answered
/// under another stays, and so does what they answer after agreeing again later, under their new word. Of one report, what they said last
/// themselves decides: it ends `whole` with what the office answered before or after (代报), or loses only its `revisions` under the old
/// word. What the office answered for somebody who did not answer themselves, or brought, stays.
fn ending(whom: &str) -> String {
    format!(
        "with consenting as materialized (
           select version from privacy_notices where corp_id = $1 and rests_on_consent),
         parted as materialized (
           select p.person_id, w.last + interval '1 hour' as until
           from (select a.person_id, min(a.withdrawn_at) as first from notice_agreements a
                 join consenting n using (version)
                 where a.corp_id = $1 and a.withdrawn_at is not null and a.erased_at is null {whom}
                 group by a.person_id) p
           -- Each time stands for itself: a slip of the thumb, undone within the hour, undoes no earlier time that was meant.
           cross join lateral (
             select max(b.withdrawn_at) as last from notice_agreements b
             where b.corp_id = $1 and b.person_id = p.person_id and b.withdrawn_at + interval '1 hour' <= $2
               and not exists (
                 select from notice_agreements c
                 where c.corp_id = $1 and c.person_id = b.person_id and c.withdrawn_at is distinct from b.withdrawn_at
                   and c.agreed_at between b.withdrawn_at and b.withdrawn_at + interval '1 hour')) w
           where p.first <= w.last),
         asking as materialized (
           select form_version_id from form_versions
           where corp_id = $1 and jsonb_path_exists(definition, '$.fields[*] ? (@.sensitive == true)')),
         said as (
           select r.report_id, r.person_id, r.form_id, v.revision,
             v.form_version_id in (select form_version_id from asking) and v.at <= p.until
               and (select n.rests_on_consent from privacy_notices n
                    where n.corp_id = $1 and n.published_at <= v.at order by n.version desc limit 1) as ends
           from parted p
           -- One by one by their index, however many there seem to be: few take it back.
           cross join lateral (
             select * from reports r where r.corp_id = $1 and r.person_id = p.person_id offset 0) r
           join report_revisions v on v.corp_id = $1 and v.report_id = r.report_id and v.source in ('self', 'card', 'chat')),
         ending as (
           select report_id, person_id, form_id, array_agg(revision) filter (where ends) as revisions,
             max(revision) filter (where ends) = max(revision) as whole
           from said group by report_id, person_id, form_id having bool_or(ends))"
    )
}

/// Whose reports to which forms are to end, of forms nobody holds: so many, in the order of people.
pub async fn due(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    today: NaiveDate,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Withdrawn>> {
    let sql = format!(
        "{}
         select distinct e.person_id, e.form_id, f.code from ending e
         join forms f on f.corp_id = $1 and f.form_id = e.form_id
         where not exists (select from retention_holds h where h.corp_id = $1 and h.form_id = e.form_id
                             and h.lifted_at is null and h.until_date >= $3)
         order by e.person_id, e.form_id limit $4",
        ending("")
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Timestamptz, _>(now)
        .bind::<Date, _>(today)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// Notes of whom nothing is left that came under a consent they took back: they are not looked at again.
pub async fn note_erased(conn: &mut AsyncPgConnection, corp: CorpId, now: DateTime<Utc>) -> Result<()> {
    let sql = format!(
        "{}
         update notice_agreements a set erased_at = $2
         from parted p
         where a.corp_id = $1 and a.person_id = p.person_id and a.withdrawn_at is not null and a.erased_at is null
           and a.version in (select version from consenting) and a.withdrawn_at <= p.until
           and not exists (select from ending e where e.person_id = a.person_id)",
        ending("")
    );
    diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Timestamptz, _>(now).execute(conn).await?;
    Ok(())
}

/// Keeps somebody from agreeing anew until the transaction ends. A statement of its own, before what is decided on is read.
pub async fn hold_word(conn: &mut AsyncPgConnection, corp: CorpId, person: PersonId) -> Result<()> {
    // What they agree to refers to them, which waits for this.
    diesel::sql_query("select person_id from persons where corp_id = $1 and person_id = $2 for update")
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(person)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends so many of somebody's reports to a form, or what ends of them, unless they have agreed again. How many. One that is being written
/// or looked into this moment is left for the next time.
pub async fn end(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    of: &Withdrawn,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<usize> {
    let ending = ending("and a.person_id = $3");
    let ours: Vec<Report> = diesel::sql_query(format!(
        "{ending}
         select report_id from reports
         where corp_id = $1 and person_id = $3 and form_id = $4 and report_id in (select report_id from ending)
         order by report_id limit $5 for update skip locked"
    ))
    .bind::<Integer, _>(corp)
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(of.person_id)
    .bind::<BigInt, _>(of.form_id)
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await?;
    // What was answered between the look and the lock is seen by a second look only.
    let ours: Vec<i64> = ours.iter().map(|report| report.report_id).collect();
    let mut found: Vec<Found> = diesel::sql_query(format!(
        "{ending}
         select r.report_id, r.month, e.revisions, e.whole from reports r
         join ending e on e.report_id = r.report_id
         where r.corp_id = $1 and r.report_id = any($4)"
    ))
    .bind::<Integer, _>(corp)
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(of.person_id)
    .bind::<Array<BigInt>, _>(ours)
    .load(conn)
    .await?;
    let busy = looked_into(conn, corp, &found).await?;
    found.retain(|found| !busy.contains(&found.doomed.report_id));
    let (whole, rest): (Vec<Found>, Vec<Found>) = found.into_iter().partition(|found| found.whole);
    for report in &rest {
        for sql in REVISIONS {
            diesel::sql_query(sql)
                .bind::<Integer, _>(corp)
                .bind::<BigInt, _>(report.doomed.report_id)
                .bind::<Array<Integer>, _>(&report.revisions)
                .execute(conn)
                .await?;
        }
        for sql in REVIEW {
            diesel::sql_query(sql)
                .bind::<Integer, _>(corp)
                .bind::<BigInt, _>(report.doomed.report_id)
                .execute(conn)
                .await?;
        }
    }
    let whole: Vec<Doomed> = whole.into_iter().map(|found| found.doomed).collect();
    Ok(facts::forget(conn, corp, &whole).await? + rest.len())
}

/// A report of which something ends.
#[derive(QueryableByName)]
struct Found {
    #[diesel(embed)]
    doomed: Doomed,
    #[diesel(sql_type = Array<Integer>)]
    revisions: Vec<i32>,
    #[diesel(sql_type = Bool)]
    whole: bool,
}

/// What of a report ends with some of its revisions. Its pictures stay: the answers that are kept may show them. $1 corp, $2 report, $3
/// revisions.
const REVISIONS: [&str; 3] = [
    "delete from report_answers a using reports r
     where r.corp_id = $1 and r.report_id = $2 and a.corp_id = $1 and a.retention = r.retention and a.month = r.month
       and a.report_id = $2 and a.revision = any($3)",
    "delete from review_acts where corp_id = $1 and report_id = $2 and revision = any($3)",
    "delete from report_revisions where corp_id = $1 and report_id = $2 and revision = any($3)",
];

/// What is left of looking into such a report: nothing where all of it was of the revisions that ended, or what stands out in what is kept.
/// $1 corp, $2 report.
const REVIEW: [&str; 3] = [
    "delete from review_warnings w where w.corp_id = $1 and w.report_id = $2
       and not exists (select from review_acts a where a.corp_id = $1 and a.report_id = $2)",
    "delete from reviews v where v.corp_id = $1 and v.report_id = $2
       and not exists (select from review_acts a where a.corp_id = $1 and a.report_id = $2)",
    "update reviews v set flags = r.flags from reports r
     where v.corp_id = $1 and v.report_id = $2 and r.corp_id = $1 and r.report_id = $2",
];

/// Those of the reports that somebody is looking into this moment. They hold the review first and wait for the person, whom we hold.
async fn looked_into(conn: &mut AsyncPgConnection, corp: CorpId, found: &[Found]) -> Result<Vec<i64>> {
    let reports: Vec<i64> = found.iter().map(|found| found.doomed.report_id).collect();
    let of = |tail: &str| {
        diesel::sql_query(format!(
            "select report_id from reviews where corp_id = $1 and report_id = any($2) order by report_id {tail}"
        ))
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(reports.clone())
    };
    let free: Vec<Report> = of("for update skip locked").load(conn).await?;
    let all: Vec<Report> = of("").load(conn).await?;
    Ok(all.into_iter().filter(|one| !free.contains(one)).map(|one| one.report_id).collect())
}

/// One of the reports.
#[derive(PartialEq, QueryableByName)]
struct Report {
    #[diesel(sql_type = BigInt)]
    report_id: i64,
}
