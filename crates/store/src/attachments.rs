//! 附件: pictures that answers show, sealed. A picture is sent before its report, and tied to it when that is taken.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Date, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId, policy::Scope};

use crate::{
    Result, Sealed,
    schema::attachments,
    sealed::{Place, column},
};

/// The row a picture is sealed for. It begins with the form, whose answers and pictures end together.
pub fn content_row(form_id: i64, attachment_id: &str) -> String {
    format!("{form_id}/{attachment_id}")
}

/// Where a picture stands sealed; `row` is of [`content_row`].
pub fn content_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::ATTACHMENT, corp, row }
}

/// A picture to be kept.
#[derive(Debug, Clone)]
pub struct NewAttachment {
    /// Random.
    pub attachment_id: String,
    /// For answers to this form.
    pub form_id: i64,
    /// Whose answers.
    pub person: PersonId,
    /// Who sent it.
    pub uploaded_by: MemberId,
    /// Sealed for [`content_place`].
    pub content: Sealed,
    /// How large it is in the open.
    pub bytes: i32,
    /// When.
    pub at: DateTime<Utc>,
}

/// Keeps a picture that no report shows yet.
pub async fn insert(conn: &mut AsyncPgConnection, corp: CorpId, new: &NewAttachment) -> Result<()> {
    diesel::insert_into(attachments::table)
        .values((
            attachments::corp_id.eq(corp),
            attachments::attachment_id.eq(&new.attachment_id),
            attachments::form_id.eq(new.form_id),
            attachments::person_id.eq(new.person),
            attachments::uploaded_by.eq(new.uploaded_by),
            attachments::content.eq(&new.content),
            attachments::bytes.eq(new.bytes),
            attachments::made_at.eq(new.at),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// How many pictures of a person no report shows yet. Until the transaction ends nobody else adds one.
pub async fn untied(conn: &mut AsyncPgConnection, corp: CorpId, person: PersonId) -> Result<i64> {
    diesel::sql_query(
        "select pg_advisory_xact_lock(hashtextextended(format('attachments %s %s', $1, $2), 0))",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(person)
    .execute(conn)
    .await?;
    Ok(attachments::table
        .filter(attachments::corp_id.eq(corp))
        .filter(attachments::person_id.eq(person))
        .filter(attachments::report_id.is_null())
        .count()
        .get_result(conn)
        .await?)
}

/// A picture for somebody's own answers, or one that `member` sent for somebody else and that no report shows yet: the form
/// and the picture.
pub async fn own(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    attachment_id: &str,
    person: Option<PersonId>,
    member: MemberId,
) -> Result<Option<(i64, Sealed)>> {
    let sent = attachments::uploaded_by.eq(member).and(attachments::report_id.is_null());
    Ok(attachments::table
        .filter(attachments::corp_id.eq(corp))
        .filter(attachments::attachment_id.eq(attachment_id))
        // Nobody's id is 0.
        .filter(attachments::person_id.eq(person.unwrap_or(0)).or(sent))
        .select((attachments::form_id, attachments::content))
        .first(conn)
        .await
        .optional()?)
}

/// A picture that a report shows.
#[derive(Debug, QueryableByName)]
pub struct Shown {
    /// Whose.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Answers to which form.
    #[diesel(sql_type = BigInt)]
    pub form_id: i64,
    /// Sealed for [`content_place`].
    #[diesel(sql_type = Binary)]
    pub content: Sealed,
}

/// A picture that a report of somebody in the scope on a day shows.
pub async fn in_scope(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    attachment_id: &str,
    scope: &Scope,
    day: NaiveDate,
) -> Result<Option<Shown>> {
    let sql = "
      select a.person_id, a.form_id, a.content from attachments a
      where a.corp_id = $1 and a.attachment_id = $2 and a.report_id is not null and ($3 is null or exists (
        select from memberships m join departments d on d.corp_id = m.corp_id and d.department_id = m.department_id
        where m.corp_id = $1 and m.person_id = a.person_id and m.is_main and m.from_date <= $4
          and (m.until_date is null or m.until_date > $4)
          and (d.department_id = any($3) or d.class_id = any($3) or d.grade_id = any($3) or d.college_id = any($3))))";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Text, _>(attachment_id)
        .bind::<Nullable<Array<Integer>>, _>(scope.departments())
        .bind::<Date, _>(day)
        .get_result(conn)
        .await
        .optional()?)
}

/// Of these, those that answers of a person to a form may show: sent for them, and shown by no other report than
/// `report`. They stay so until the transaction ends.
pub async fn usable(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    ids: &[String],
    form_id: i64,
    person: PersonId,
    report: Option<i64>,
) -> Result<Vec<String>> {
    Ok(attachments::table
        .filter(attachments::corp_id.eq(corp))
        .filter(attachments::attachment_id.eq_any(ids))
        .filter(attachments::form_id.eq(form_id))
        .filter(attachments::person_id.eq(person))
        .filter(attachments::report_id.is_null().or(attachments::report_id.eq(report.unwrap_or(0))))
        .order(attachments::attachment_id)
        .select(attachments::attachment_id)
        .for_update()
        .load(conn)
        .await?)
}

/// Ties pictures to the report that shows them. One that a later revision leaves out stays: the earlier one shows it.
pub async fn tie(conn: &mut AsyncPgConnection, corp: CorpId, ids: &[String], report_id: i64) -> Result<()> {
    // Most reports have none, and Postgres plans a list of ids anew each time.
    if ids.is_empty() {
        return Ok(());
    }
    diesel::update(
        attachments::table
            .filter(attachments::corp_id.eq(corp))
            .filter(attachments::attachment_id.eq_any(ids))
            .filter(attachments::report_id.is_null()),
    )
    .set(attachments::report_id.eq(report_id))
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a picture that `member` sent and no report shows. False: there is none.
pub async fn remove(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    attachment_id: &str,
    member: MemberId,
) -> Result<bool> {
    let removed = diesel::delete(
        attachments::table
            .filter(attachments::corp_id.eq(corp))
            .filter(attachments::attachment_id.eq(attachment_id))
            .filter(attachments::uploaded_by.eq(member))
            .filter(attachments::report_id.is_null()),
    )
    .execute(conn)
    .await?;
    Ok(removed == 1)
}

/// Forgets pictures that no report showed by `before`.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: DateTime<Utc>) -> Result<usize> {
    Ok(diesel::delete(
        attachments::table
            .filter(attachments::corp_id.eq(corp))
            .filter(attachments::report_id.is_null())
            .filter(attachments::made_at.lt(before)),
    )
    .execute(conn)
    .await?)
}
