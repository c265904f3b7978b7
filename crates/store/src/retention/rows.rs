//! The rows a purge ends, in small parts. Each tells the hash of what stood in it: of a line `table/key` and the bytes behind it, by
//! SHA-256.

use chrono::NaiveDate;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Binary, Bool, Date, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::CorpId;

use crate::{Result, reports::RETENTION};

/// After which answers a part begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cursor {
    /// The report.
    pub report_id: i64,
    /// The revision.
    pub revision: i32,
}

/// Rows that are gone.
#[derive(Debug, Clone, Default)]
pub struct Gone {
    /// The hash of each, in order.
    pub hashes: Vec<Vec<u8>>,
    /// Where the next part begins; none: nothing is left.
    pub next: Option<Cursor>,
}

#[derive(QueryableByName)]
struct Passed {
    #[diesel(sql_type = BigInt)]
    report_id: i64,
    #[diesel(sql_type = Integer)]
    revision: i32,
    #[diesel(sql_type = Bool)]
    doomed: bool,
    #[diesel(sql_type = Nullable<Binary>)]
    hash: Option<Vec<u8>>,
}

/// Goes through so many answers of a month after `after`, in the order of report and revision, and ends those of a form. So a purge
/// reads each answer of its months once and needs no index of its own.
pub async fn end_answers(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    month: NaiveDate,
    after: Cursor,
    limit: i64,
) -> Result<Gone> {
    let passed: Vec<Passed> = diesel::sql_query(
        "with page as materialized (
           select a.report_id, a.revision, a.answers, r.form_id is not distinct from $2 as doomed
           from report_answers a
           left join reports r on r.corp_id = a.corp_id and r.report_id = a.report_id
           where a.corp_id = $1 and a.retention = $3 and a.month = $4 and (a.report_id, a.revision) > ($5, $6)
           order by a.report_id, a.revision limit $7),
         gone as (
           delete from report_answers a using page p
           where a.corp_id = $1 and a.retention = $3 and a.month = $4 and a.report_id = p.report_id and a.revision = p.revision
             and p.doomed)
         select report_id, revision, doomed,
           case when doomed then sha256(convert_to(concat_ws('/', 'report_answers', to_char($4, 'YYYY-MM-DD'), report_id, revision) || E'\\n', 'UTF8')
                                        || answers) end as hash
         from page order by report_id, revision",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(form_id)
    .bind::<Text, _>(RETENTION)
    .bind::<Date, _>(month)
    .bind::<BigInt, _>(after.report_id)
    .bind::<Integer, _>(after.revision)
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await?;
    let whole = i64::try_from(passed.len()).is_ok_and(|passed| passed >= limit);
    let last = passed.last().map(|row| Cursor { report_id: row.report_id, revision: row.revision });
    let hashes = passed.into_iter().filter(|row| row.doomed).filter_map(|row| row.hash).collect();
    Ok(Gone { hashes, next: last.filter(|_| whole) })
}

#[derive(QueryableByName)]
struct Ended {
    #[diesel(sql_type = Binary)]
    hash: Vec<u8>,
}

/// Why somebody else answered; in the order of report and revision.
const REASONS: &str = "
  with doomed as materialized (
    select n.report_id, n.revision, n.reason from report_revisions n
    join reports r on r.corp_id = n.corp_id and r.report_id = n.report_id
    where n.corp_id = $1 and r.form_id = $2 and n.reason is not null
    order by n.report_id, n.revision limit $3),
  gone as (
    update report_revisions n set reason = null from doomed d
    where n.corp_id = $1 and n.report_id = d.report_id and n.revision = d.revision)
  select sha256(convert_to(concat_ws('/', 'report_revisions', report_id, revision) || E'\\n', 'UTF8') || reason) as hash
  from doomed order by report_id, revision";

/// What was noted when a report was looked at; in the order of the acts.
const REVIEW_NOTES: &str = "
  with doomed as materialized (
    select a.act_id, a.note from review_acts a
    join reports r on r.corp_id = a.corp_id and r.report_id = a.report_id
    where a.corp_id = $1 and r.form_id = $2 and a.note is not null
    order by a.act_id limit $3),
  gone as (update review_acts a set note = null from doomed d where a.corp_id = $1 and a.act_id = d.act_id)
  select sha256(convert_to(concat_ws('/', 'review_acts', act_id) || E'\\n', 'UTF8') || note) as hash
  from doomed order by act_id";

/// What was found out about who had not reported; in the order of the follow-ups.
const FOLLOW_UP_NOTES: &str = "
  with doomed as materialized (
    select follow_up_id, note from follow_ups
    where corp_id = $1 and form_id = $2 and note is not null
    order by follow_up_id limit $3),
  gone as (update follow_ups u set note = null from doomed d where u.corp_id = $1 and u.follow_up_id = d.follow_up_id)
  select sha256(convert_to(concat_ws('/', 'follow_ups', follow_up_id) || E'\\n', 'UTF8') || note) as hash
  from doomed order by follow_up_id";

/// Pictures; in the order of the bytes of their ids.
const ATTACHMENTS: &str = "
  with doomed as materialized (
    select attachment_id, content from attachments
    where corp_id = $1 and form_id = $2
    order by attachment_id collate \"C\" limit $3),
  gone as (delete from attachments t using doomed d where t.corp_id = $1 and t.attachment_id = d.attachment_id)
  select sha256(convert_to(concat_ws('/', 'attachments', attachment_id) || E'\\n', 'UTF8') || content) as hash
  from doomed order by attachment_id collate \"C\"";

/// Ends so many rows of a form in one of the other tables, by its name. There is no cursor: what is gone is found no more.
pub async fn end_others(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    table: &str,
    limit: i64,
) -> Result<Gone> {
    let sql = match table {
        "report_revisions" => REASONS,
        "review_acts" => REVIEW_NOTES,
        "follow_ups" => FOLLOW_UP_NOTES,
        "attachments" => ATTACHMENTS,
        _ => return Err(crate::Error::Unexpected("the tables of a purge")),
    };
    let ended: Vec<Ended> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(form_id)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?;
    let whole = i64::try_from(ended.len()).is_ok_and(|ended| ended >= limit);
    let hashes = ended.into_iter().map(|row| row.hash).collect();
    Ok(Gone { hashes, next: whole.then(Cursor::default) })
}
