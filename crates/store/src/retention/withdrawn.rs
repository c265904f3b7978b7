//! The end of what people answered who took their word back, where the notice they had agreed to rests on their consent (个人信息保护法
//! 第四十七条): reports of their own to forms with sensitive questions, whole, as if they had never come.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Date, Integer, Text, Timestamptz},
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

/// `parted`, who took a consent back and let [`UNDO`] go by, and `ending`, their reports that end. $1 corp, $2 now; `whom` narrows the
/// agreements `a`. A report ends that somebody gave themselves while a notice that rests on consent was the newest: what they answered
/// under another stays, and so does what the office answered for somebody (代报) or brought; where somebody answered themselves and the
/// office corrected it, it goes whole. What they answer after agreeing again later came under their new word.
fn ending(whom: &str) -> String {
    format!(
        "with consenting as materialized (
           select version from privacy_notices where corp_id = $1 and rests_on_consent),
         parted as materialized (
           select p.person_id, w.last + interval '1 hour' as until
           from (select distinct a.person_id from notice_agreements a
                 join consenting n using (version)
                 where a.corp_id = $1 and a.withdrawn_at is not null and a.erased_at is null {whom}) p
           -- All that stands is taken back at once: what stands now was agreed to after the last time.
           cross join lateral (
             select max(b.withdrawn_at) as last, min(b.agreed_at) filter (where b.withdrawn_at is null) as again
             from notice_agreements b where b.corp_id = $1 and b.person_id = p.person_id) w
           where w.last + interval '1 hour' <= $2 and (w.again is null or w.again > w.last + interval '1 hour')),
         asking as materialized (
           select form_version_id from form_versions
           where corp_id = $1 and jsonb_path_exists(definition, '$.fields[*] ? (@.sensitive == true)')),
         ending as (
           select r.report_id, r.month, r.person_id, r.form_id from parted p
           -- One by one by their index, however many there seem to be: few take it back.
           cross join lateral (
             select * from reports r where r.corp_id = $1 and r.person_id = p.person_id offset 0) r
           where exists (
             select from report_revisions v
             join asking k on k.form_version_id = v.form_version_id
             where v.corp_id = $1 and v.report_id = r.report_id and v.source in ('self', 'card', 'chat') and v.at <= p.until
               and (select n.rests_on_consent from privacy_notices n
                    where n.corp_id = $1 and n.published_at <= v.at order by n.version desc limit 1)))"
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
           and a.version in (select version from consenting)
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

/// Ends so many of somebody's reports to a form, unless they have agreed again. How many. One that is being written this moment is left
/// for the next time.
pub async fn end(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    of: &Withdrawn,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<usize> {
    let sql = format!(
        "{}
         select r.report_id, r.month from reports r
         where r.corp_id = $1 and r.person_id = $3 and r.form_id = $4
           and r.report_id in (select report_id from ending where form_id = $4)
         order by r.report_id limit $5 for update skip locked",
        ending("and a.person_id = $3")
    );
    let doomed: Vec<Doomed> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(of.person_id)
        .bind::<BigInt, _>(of.form_id)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?;
    facts::forget(conn, corp, &doomed).await
}
