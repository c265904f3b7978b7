//! The end of what people answered who took their word back, where the notice they had agreed to rests on their consent (个人信息保护法
//! 第四十七条): reports of their own to forms with sensitive questions, whole, as if they had never come.

use chrono::{DateTime, NaiveDate, Utc};
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

/// Reports that end. $1 corp, $2 the moment until which the last word must have been taken back. What the office answered for somebody
/// (代报) or brought rests on its own duty, and stays; where somebody answered themselves and the office corrected it, it goes whole.
const ENDING: &str = "
  with parted as materialized (
    select a.person_id from notice_agreements a
    join privacy_notices n on n.corp_id = a.corp_id and n.version = a.version
    where a.corp_id = $1
    group by a.person_id
    having bool_and(coalesce(a.withdrawn_at <= $2, false)) and bool_or(n.rests_on_consent)),
  asking as materialized (
    select form_version_id from form_versions
    where corp_id = $1 and jsonb_path_exists(definition, '$.fields[*] ? (@.sensitive == true)')),
  ending as (
    select r.report_id, r.month, r.person_id, r.form_id from parted p
    join reports r on r.corp_id = $1 and r.person_id = p.person_id
    where exists (select from report_revisions v
                  join asking k on k.form_version_id = v.form_version_id
                  where v.corp_id = $1 and v.report_id = r.report_id and v.source in ('self', 'card', 'chat')))";

/// Whose reports to which forms are to end, of forms nobody holds: so many, in the order of people.
pub async fn due(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    today: NaiveDate,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Withdrawn>> {
    let sql = format!(
        "{ENDING}
         select distinct e.person_id, e.form_id, f.code from ending e
         join forms f on f.corp_id = $1 and f.form_id = e.form_id
         where not exists (select from retention_holds h where h.corp_id = $1 and h.form_id = e.form_id
                             and h.lifted_at is null and h.until_date >= $3)
         order by e.person_id, e.form_id limit $4"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Timestamptz, _>(before)
        .bind::<Date, _>(today)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
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

/// Ends so many of somebody's reports to a form, unless they have agreed again. How many.
pub async fn end(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    of: &Withdrawn,
    before: DateTime<Utc>,
    limit: i64,
) -> Result<usize> {
    let sql = format!(
        "{ENDING} select report_id, month from ending where person_id = $3 and form_id = $4 order by report_id limit $5"
    );
    let doomed: Vec<Doomed> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Timestamptz, _>(before)
        .bind::<BigInt, _>(of.person_id)
        .bind::<BigInt, _>(of.form_id)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?;
    facts::forget(conn, corp, &doomed).await
}
