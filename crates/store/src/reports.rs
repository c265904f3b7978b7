//! Reports and their revisions. Answers are sealed before they come here and opened after they leave.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Date, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId};
use serde_json::Value;

use crate::{
    Result, Sealed,
    schema::{persons, report_revisions, reports},
    sealed::Place,
};

/// What stands for one period: who answered which form for which day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The school.
    pub corp: CorpId,
    /// The form.
    pub form_id: i64,
    /// Who.
    pub person: PersonId,
    /// For which day.
    pub day: NaiveDate,
}

impl Period {
    /// The row part of the sealed answers' place.
    pub fn row(&self) -> String {
        format!("{}/{}/{}", self.form_id, self.person, self.day)
    }

    /// Where the answers of this period stand sealed.
    pub fn place<'a>(&self, row: &'a str) -> Place<'a> {
        Place { column: "reports.answers", corp: self.corp, row }
    }
}

/// A report to be written.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// Who, what, when.
    pub period: Period,
    /// The version the person saw.
    pub form_version_id: i64,
    /// Used if this is the first of the period.
    pub receipt: String,
    /// `normal` or `abnormal`.
    pub state: &'static str,
    /// Category by counted field.
    pub facts: Value,
    /// Sealed for [`Period::place`].
    pub answers: Sealed,
    /// The account it came from; none: loaded by an administrator's command.
    pub by_member: Option<MemberId>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A report as it stands after a write.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Written {
    /// What the person keeps.
    #[diesel(sql_type = Text)]
    pub receipt: String,
    /// 1 for the first.
    #[diesel(sql_type = Integer)]
    pub revision: i32,
    /// When the first revision came.
    #[diesel(sql_type = Timestamptz)]
    pub submitted_at: DateTime<Utc>,
}

/// Writes a report or its next revision, both tables in one statement.
pub async fn submit(conn: &mut AsyncPgConnection, report: &NewReport) -> Result<Written> {
    let sql = "
      with written as (
        insert into reports (corp_id, form_id, person_id, day, form_version_id, revision, receipt, state, facts, answers,
                             submitted_at, revised_at)
        values ($1, $2, $3, $4, $5, 1, $6, $7, $8, $9, $11, $11)
        on conflict on constraint reports_one_per_period do update
          set form_version_id = excluded.form_version_id, revision = reports.revision + 1, state = excluded.state,
              facts = excluded.facts, answers = excluded.answers, revised_at = excluded.revised_at
        returning report_id, revision, receipt, submitted_at),
      kept as (
        insert into report_revisions (corp_id, report_id, revision, form_version_id, state, facts, answers, by_member, at)
        select $1, report_id, revision, $5, $7, $8, $9, $10, $11 from written)
      select receipt, revision, submitted_at from written";
    let Period { corp, form_id, person, day } = report.period;
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(form_id)
        .bind::<BigInt, _>(person)
        .bind::<Date, _>(day)
        .bind::<BigInt, _>(report.form_version_id)
        .bind::<Text, _>(&report.receipt)
        .bind::<Text, _>(report.state)
        .bind::<Jsonb, _>(&report.facts)
        .bind::<Binary, _>(&report.answers)
        .bind::<Nullable<BigInt>, _>(report.by_member)
        .bind::<Timestamptz, _>(report.at)
        .get_result(conn)
        .await?)
}

/// A report as it was read.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = reports, check_for_backend(diesel::pg::Pg))]
pub struct Report {
    /// Its id.
    pub report_id: i64,
    /// The form.
    pub form_id: i64,
    /// The day.
    pub day: Option<NaiveDate>,
    /// What the person keeps.
    pub receipt: String,
    /// 1 for the first.
    pub revision: i32,
    /// `normal` or `abnormal`.
    pub state: String,
    /// Sealed for [`Period::place`].
    pub answers: Sealed,
    /// The version answered.
    pub form_version_id: i64,
    /// First revision.
    pub submitted_at: DateTime<Utc>,
    /// Last revision.
    pub revised_at: DateTime<Utc>,
}

/// The person's own reports of a form, newest day first, before `before`.
pub async fn of_person(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    person: PersonId,
    before: Option<NaiveDate>,
    limit: i64,
) -> Result<Vec<Report>> {
    let mut query = reports::table
        .filter(reports::corp_id.eq(corp))
        .filter(reports::form_id.eq(form_id))
        .filter(reports::person_id.eq(person))
        .filter(reports::day.is_not_null())
        .order((reports::day.desc(), reports::report_id.desc()))
        .limit(limit)
        .select(Report::as_select())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(reports::day.lt(before));
    }
    Ok(query.load(conn).await?)
}

/// The person's own report of this receipt.
pub async fn by_receipt(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    receipt: &str,
) -> Result<Option<Report>> {
    Ok(reports::table
        .filter(reports::corp_id.eq(corp))
        .filter(reports::person_id.eq(person))
        .filter(reports::receipt.eq(receipt))
        .select(Report::as_select())
        .first(conn)
        .await
        .optional()?)
}

/// One revision of a report.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = report_revisions, check_for_backend(diesel::pg::Pg))]
pub struct Revision {
    /// 1 for the first.
    pub revision: i32,
    /// When it came.
    pub at: DateTime<Utc>,
    /// `normal` or `abnormal`.
    pub state: String,
    /// Sealed like the report's.
    pub answers: Sealed,
}

/// The newest revisions of a report, at most 200 of them.
pub async fn revisions(conn: &mut AsyncPgConnection, corp: CorpId, report: i64) -> Result<Vec<Revision>> {
    Ok(report_revisions::table
        .filter(report_revisions::corp_id.eq(corp))
        .filter(report_revisions::report_id.eq(report))
        .order(report_revisions::revision.desc())
        .limit(200)
        .select(Revision::as_select())
        .load(conn)
        .await?)
}

/// The persons of these numbers, by number.
pub async fn persons_by_number(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    numbers: &[String],
) -> Result<HashMap<String, PersonId>> {
    let rows: Vec<(String, PersonId)> = persons::table
        .filter(persons::corp_id.eq(corp))
        .filter(persons::number.eq_any(numbers))
        .select((persons::number, persons::person_id))
        .load(conn)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Writes the first revisions of many reports in one statement; a period that has a report keeps it. Gives the
/// number written.
pub async fn insert_missing(conn: &mut AsyncPgConnection, corp: CorpId, rows: &[NewReport]) -> Result<usize> {
    let sql = "
      with written as (
        insert into reports (corp_id, form_id, person_id, day, form_version_id, revision, receipt, state, facts, answers,
                             submitted_at, revised_at)
        select $1, form_id, person_id, day, form_version_id, 1, receipt, state, facts, answers, at, at
        from unnest($2::bigint[], $3::bigint[], $4::date[], $5::bigint[], $6::text[], $7::text[], $8::jsonb[], $9::bytea[],
                    $10::timestamptz[])
          as row (form_id, person_id, day, form_version_id, receipt, state, facts, answers, at)
        on conflict on constraint reports_one_per_period do nothing
        returning report_id, form_version_id, state, facts, answers, submitted_at)
      insert into report_revisions (corp_id, report_id, revision, form_version_id, state, facts, answers, at)
      select $1, report_id, 1, form_version_id, state, facts, answers, submitted_at from written";
    fn column<'a, T>(rows: &'a [NewReport], value: impl Fn(&'a NewReport) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(column(rows, |row| row.period.form_id))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.period.person))
        .bind::<Array<Date>, _>(column(rows, |row| row.period.day))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.form_version_id))
        .bind::<Array<Text>, _>(column(rows, |row| row.receipt.as_str()))
        .bind::<Array<Text>, _>(column(rows, |row| row.state))
        .bind::<Array<Jsonb>, _>(column(rows, |row| &row.facts))
        .bind::<Array<Binary>, _>(column(rows, |row| &row.answers))
        .bind::<Array<Timestamptz>, _>(column(rows, |row| row.at))
        .execute(conn)
        .await?)
}
