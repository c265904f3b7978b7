//! Reports and their revisions. Answers are sealed before they come here and opened after they leave.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Bool, Date, Integer, Jsonb, Nullable, SmallInt, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, MemberId, PersonId,
    form::{Flag, Period},
};
use serde_json::Value;

use crate::{
    Result, Sealed,
    prepared::prepared,
    schema::{persons, report_answers, reports},
    sealed::{Place, column},
};

/// How long answers are kept, until there are other classes.
pub const RETENTION: &str = "standard";

/// What stands for one report: who answered which form for which period, and the how many-th time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// The school.
    pub corp: CorpId,
    /// The form.
    pub form_id: i64,
    /// Who.
    pub person: PersonId,
    /// For which day and slot.
    pub period: Period,
    /// Counted from 0; always 0 but for forms answered by event.
    pub occurrence: i32,
}

impl Key {
    /// The row part of the sealed answers' place: the same through all revisions.
    pub fn row(&self) -> String {
        let day = self.period.day.map_or_else(|| "-".to_owned(), |day| day.to_string());
        format!("{}/{}/{day}/{}/{}", self.form_id, self.person, self.period.slot, self.occurrence)
    }

    /// Where the answers stand sealed.
    pub fn place<'a>(&self, row: &'a str) -> Place<'a> {
        answers_place(self.corp, row)
    }
}

/// Where answers stand sealed; `row` is of [`Key::row`].
pub fn answers_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::ANSWERS, corp, row }
}

/// From whom the answers came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The person.
    OneSelf,
    /// 代报: somebody who looks after them.
    Behalf,
    /// The person, by a tap on a card.
    Card,
    /// The person, by what they wrote in the chat.
    Chat,
    /// Loaded from a file.
    Import,
}

impl Source {
    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OneSelf => "self",
            Self::Behalf => "behalf",
            Self::Card => "card",
            Self::Chat => "chat",
            Self::Import => "import",
        }
    }
}

/// A report to be written.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// Who, what, when.
    pub key: Key,
    /// The version the person saw.
    pub form_version_id: i64,
    /// Used if this is the first of the period.
    pub receipt: String,
    /// `normal` or `abnormal`.
    pub state: &'static str,
    /// Category by counted field.
    pub facts: Value,
    /// Why somebody should look at it.
    pub flags: Vec<Flag>,
    /// Questions whose answer was carried over.
    pub carried: Vec<String>,
    /// Whether a first answer is late now.
    pub late: bool,
    /// From whom.
    pub source: Source,
    /// Why somebody else answered.
    pub reason: Option<String>,
    /// Sealed for [`Key::place`].
    pub answers: Sealed,
    /// The account it came from; none: loaded by an administrator's command.
    pub by_member: Option<MemberId>,
    /// The first of the month under which the answers of a first revision are kept.
    pub month: NaiveDate,
    /// When.
    pub at: DateTime<Utc>,
}

impl NewReport {
    fn flags(&self) -> Vec<&'static str> {
        self.flags.iter().map(|flag| flag.as_str()).collect()
    }
}

/// The first day of a day's month.
pub fn month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// Makes room for the answers of a month, unless there is. In a transaction of its own, before the first of them.
pub async fn ensure_partition(conn: &mut AsyncPgConnection, month: NaiveDate) -> Result<()> {
    diesel::sql_query("select ensure_answers_partition($1, $2)")
        .bind::<Text, _>(RETENTION)
        .bind::<Date, _>(month)
        .execute(conn)
        .await?;
    Ok(())
}

/// A report as it stands after a write.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Written {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub report_id: i64,
    /// What the person keeps.
    #[diesel(sql_type = Text)]
    pub receipt: String,
    /// 1 for the first.
    #[diesel(sql_type = Integer)]
    pub revision: i32,
    /// Whether the first came after the cut-off.
    #[diesel(sql_type = Bool)]
    pub late: bool,
    /// When the first revision came.
    #[diesel(sql_type = Timestamptz)]
    pub submitted_at: DateTime<Utc>,
}

/// What [`submit`] runs.
pub const SUBMIT: &str = "
      with written as (
        insert into reports (corp_id, form_id, person_id, day, slot, occurrence, form_version_id, revision, receipt, state,
                             facts, flags, late, source, retention, month, submitted_at, revised_at)
        values ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)
        on conflict on constraint reports_one_per_period do update
          set form_version_id = excluded.form_version_id, revision = reports.revision + 1, state = excluded.state,
              facts = excluded.facts, flags = excluded.flags, source = excluded.source, revised_at = excluded.revised_at
        returning report_id, revision, receipt, late, retention, month, submitted_at),
      sealed as (
        insert into report_answers (corp_id, retention, month, report_id, revision, answers)
        select $1, retention, month, report_id, revision, $17 from written),
      kept as (
        insert into report_revisions (corp_id, report_id, revision, form_version_id, state, facts, flags, carried, source, reason,
                                      by_member, at)
        select $1, report_id, revision, $7, $9, $10, $11, $18, $13, $19, $20, $16 from written)
      select report_id, receipt, revision, late, submitted_at from written";

/// Writes a report or its next revision, all three tables in one statement.
pub async fn submit(conn: &mut AsyncPgConnection, report: &NewReport) -> Result<Written> {
    let Key { corp, form_id, person, period, occurrence } = report.key;
    Ok(prepared(SUBMIT)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(form_id)
        .bind::<BigInt, _>(person)
        .bind::<Nullable<Date>, _>(period.day)
        .bind::<SmallInt, _>(period.slot)
        .bind::<Integer, _>(occurrence)
        .bind::<BigInt, _>(report.form_version_id)
        .bind::<Text, _>(&report.receipt)
        .bind::<Text, _>(report.state)
        .bind::<Jsonb, _>(&report.facts)
        .bind::<Array<Text>, _>(report.flags())
        .bind::<Bool, _>(report.late)
        .bind::<Text, _>(report.source.as_str())
        .bind::<Text, _>(RETENTION)
        .bind::<Date, _>(report.month)
        .bind::<Timestamptz, _>(report.at)
        .bind::<Binary, _>(&report.answers)
        .bind::<Array<Text>, _>(&report.carried)
        .bind::<Nullable<Text>, _>(report.reason.as_deref())
        .bind::<Nullable<BigInt>, _>(report.by_member)
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
    /// Whose.
    pub person_id: PersonId,
    /// The day.
    pub day: Option<NaiveDate>,
    /// The slot.
    pub slot: i16,
    /// The how many-th.
    pub occurrence: i32,
    /// What the person keeps.
    pub receipt: String,
    /// 1 for the first.
    pub revision: i32,
    /// `normal` or `abnormal`.
    pub state: String,
    /// Why somebody should look at it.
    pub flags: Vec<Option<String>>,
    /// Whether the first revision came after the cut-off.
    pub late: bool,
    /// From whom the last revision came.
    pub source: String,
    /// The version answered.
    pub form_version_id: i64,
    /// First revision.
    pub submitted_at: DateTime<Utc>,
    /// Last revision.
    pub revised_at: DateTime<Utc>,
    retention: String,
    month: NaiveDate,
}

impl Report {
    /// What it stands for.
    pub fn key(&self, corp: CorpId) -> Key {
        let period = Period { day: self.day, slot: self.slot };
        Key { corp, form_id: self.form_id, person: self.person_id, period, occurrence: self.occurrence }
    }
}

/// The sealed answers of a report's newest revision; none: they are gone, as the school said.
pub async fn answers(conn: &mut AsyncPgConnection, corp: CorpId, report: &Report) -> Result<Option<Sealed>> {
    Ok(report_answers::table
        .filter(report_answers::corp_id.eq(corp))
        .filter(report_answers::retention.eq(&report.retention))
        .filter(report_answers::month.eq(report.month))
        .filter(report_answers::report_id.eq(report.report_id))
        .filter(report_answers::revision.eq(report.revision))
        .select(report_answers::answers)
        .first(conn)
        .await
        .optional()?)
}

/// The sealed answers of the newest revision of several reports, by report; those that are gone are left out.
pub async fn answers_of(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    reports: &[Report],
) -> Result<HashMap<i64, Sealed>> {
    let ids: Vec<i64> = reports.iter().map(|report| report.report_id).collect();
    let mut months: Vec<NaiveDate> = reports.iter().map(|report| report.month).collect();
    months.sort_unstable();
    months.dedup();
    let rows: Vec<(i64, Sealed)> = report_answers::table
        .inner_join(
            reports::table.on(reports::corp_id
                .eq(report_answers::corp_id)
                .and(reports::report_id.eq(report_answers::report_id))
                .and(reports::revision.eq(report_answers::revision))
                .and(reports::retention.eq(report_answers::retention))),
        )
        .filter(report_answers::corp_id.eq(corp))
        .filter(report_answers::month.eq_any(months))
        .filter(report_answers::report_id.eq_any(ids))
        .select((report_answers::report_id, report_answers::answers))
        .load(conn)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Whose answers, on which version, sealed.
#[derive(QueryableByName)]
struct SealedOf {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    person_id: PersonId,
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    form_version_id: i64,
    #[diesel(sql_type = diesel::sql_types::Binary)]
    answers: Sealed,
}

/// The sealed answers of these people to a form's period, in their newest revision, each with the version it was given on; those
/// that are gone are left out.
pub async fn sealed_of(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    period: Period,
    people: &[PersonId],
) -> Result<Vec<(PersonId, i64, Sealed)>> {
    use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, SmallInt};
    let day = if period.day.is_some() { "r.day = $3" } else { "r.day is null and $3 is null" };
    let sql = format!(
        "select r.person_id, r.form_version_id, a.answers
         from reports r
         join report_answers a on a.corp_id = r.corp_id and a.retention = r.retention and a.month = r.month
           and a.report_id = r.report_id and a.revision = r.revision
         where r.corp_id = $1 and r.form_id = $2 and {day} and r.slot = $4 and r.occurrence = 0
           and r.person_id = any($5)"
    );
    let rows: Vec<SealedOf> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(form_id)
        .bind::<Nullable<Date>, _>(period.day)
        .bind::<SmallInt, _>(period.slot)
        .bind::<Array<BigInt>, _>(people)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.person_id, row.form_version_id, row.answers)).collect())
}

/// The report of this key.
pub async fn by_key(mut conn: &AsyncPgConnection, key: Key) -> Result<Option<Report>> {
    let query = reports::table
        .filter(reports::corp_id.eq(key.corp))
        .filter(reports::form_id.eq(key.form_id))
        .filter(reports::person_id.eq(key.person))
        .filter(reports::slot.eq(key.period.slot))
        .filter(reports::occurrence.eq(key.occurrence))
        .select(Report::as_select())
        .into_boxed();
    let query = match key.period.day {
        Some(day) => query.filter(reports::day.eq(day)),
        None => query.filter(reports::day.is_null()),
    };
    Ok(query.first(&mut conn).await.optional()?)
}

/// The person's next occurrence of a form answered by event. Until the transaction ends nobody else is given it.
pub async fn next_occurrence(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    person: PersonId,
) -> Result<i32> {
    diesel::sql_query(
        "select pg_advisory_xact_lock(hashtextextended(format('report %s %s %s', $1, $2, $3), 0))",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(form_id)
    .bind::<BigInt, _>(person)
    .execute(conn)
    .await?;
    let last: Option<i32> = reports::table
        .filter(reports::corp_id.eq(corp))
        .filter(reports::form_id.eq(form_id))
        .filter(reports::person_id.eq(person))
        .select(diesel::dsl::max(reports::occurrence))
        .get_result(conn)
        .await?;
    Ok(last.map_or(0, |last| last + 1))
}

/// The person's own reports of a form, the newest first, before the report `before`.
pub async fn of_person(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    person: PersonId,
    before: Option<(Option<NaiveDate>, i64)>,
    limit: i64,
) -> Result<Vec<Report>> {
    let mut query = reports::table
        .filter(reports::corp_id.eq(corp))
        .filter(reports::form_id.eq(form_id))
        .filter(reports::person_id.eq(person))
        .order((reports::day.desc(), reports::report_id.desc()))
        .limit(limit)
        .select(Report::as_select())
        .into_boxed();
    match before {
        Some((Some(day), report_id)) => {
            query = query
                .filter(reports::day.lt(day).or(reports::day.eq(day).and(reports::report_id.lt(report_id))));
        }
        Some((None, report_id)) => query = query.filter(reports::report_id.lt(report_id)),
        None => {}
    }
    Ok(query.load(conn).await?)
}

/// The report of this receipt; with `person`, only if it is theirs.
pub async fn by_receipt(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: Option<PersonId>,
    receipt: &str,
) -> Result<Option<Report>> {
    let mut query = reports::table
        .filter(reports::corp_id.eq(corp))
        .filter(reports::receipt.eq(receipt))
        .select(Report::as_select())
        .into_boxed();
    if let Some(person) = person {
        query = query.filter(reports::person_id.eq(person));
    }
    Ok(query.first(conn).await.optional()?)
}

/// One revision of a report.
#[derive(Debug, Clone, QueryableByName)]
pub struct Revision {
    /// 1 for the first.
    #[diesel(sql_type = Integer)]
    pub revision: i32,
    /// When it came.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// `normal` or `abnormal`.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// From whom.
    #[diesel(sql_type = Text)]
    pub source: String,
    /// Why somebody else answered.
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
    /// Who answered for the person, if somebody did.
    #[diesel(sql_type = Nullable<Text>)]
    pub by_name: Option<String>,
    /// What they were then.
    #[diesel(sql_type = Nullable<Text>)]
    pub by_role: Option<String>,
    /// Questions whose answer was carried over.
    #[diesel(sql_type = Array<Text>)]
    pub carried: Vec<String>,
    /// The version it was given on.
    #[diesel(sql_type = BigInt)]
    pub form_version_id: i64,
    /// Sealed like the report's; none: gone.
    #[diesel(sql_type = Nullable<Binary>)]
    pub answers: Option<Sealed>,
}

/// The newest revisions of a report, at most 200 of them. `roles` are those that may answer for somebody.
pub async fn revisions(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    report: &Report,
    roles: &[&str],
) -> Result<Vec<Revision>> {
    Ok(diesel::sql_query(
        "select v.revision, v.at, v.state, v.source, v.reason, v.carried, v.form_version_id, a.answers,
           coalesce(p.name, m.userid) as by_name, g.role as by_role
         from report_revisions v
         left join members m on m.corp_id = v.corp_id and m.member_id = v.by_member and v.source = 'behalf'
         left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
         left join lateral (
           select g.role from grants g
           where g.corp_id = p.corp_id and g.person_id = p.person_id and g.role = any($5) and g.from_date <= v.at::date
             and g.until_date > v.at::date
           order by array_position($5, g.role) limit 1) g on true
         left join report_answers a on a.corp_id = v.corp_id and a.retention = $3 and a.month = $4 and a.report_id = v.report_id
           and a.revision = v.revision
         where v.corp_id = $1 and v.report_id = $2
         order by v.revision desc limit 200",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(report.report_id)
    .bind::<Text, _>(&report.retention)
    .bind::<Date, _>(report.month)
    .bind::<Array<Text>, _>(roles)
    .load(conn)
    .await?)
}

/// A form somebody answered.
#[derive(Debug, Clone, QueryableByName)]
pub struct OwnForm {
    /// Its code.
    #[diesel(sql_type = Text)]
    pub code: String,
    /// Its title now.
    #[diesel(sql_type = Text)]
    pub title: String,
    /// How many reports.
    #[diesel(sql_type = BigInt)]
    pub reports: i64,
    /// When the last of them came or was changed.
    #[diesel(sql_type = Timestamptz)]
    pub last_at: DateTime<Utc>,
}

/// The forms a person ever answered, the one answered last first.
pub async fn forms_of(conn: &mut AsyncPgConnection, corp: CorpId, person: PersonId) -> Result<Vec<OwnForm>> {
    Ok(diesel::sql_query(
        "select f.code, v.title, r.reports, r.last_at
         from (select form_id, count(*) as reports, max(revised_at) as last_at
               from reports where corp_id = $1 and person_id = $2 group by form_id) r
         join forms f on f.corp_id = $1 and f.form_id = r.form_id
         join lateral (select title from form_versions v where v.corp_id = $1 and v.form_id = r.form_id
                       order by version desc limit 1) v on true
         order by r.last_at desc, f.code limit 200",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(person)
    .load(conn)
    .await?)
}

/// One of someone's last reports.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Last {
    /// What the form is called now.
    #[diesel(sql_type = Text)]
    pub title: String,
    /// The day; none: answered once, or by event.
    #[diesel(sql_type = Nullable<Date>)]
    pub day: Option<NaiveDate>,
    /// When it came.
    #[diesel(sql_type = Timestamptz)]
    pub submitted_at: DateTime<Utc>,
    /// Whether that was after the cut-off.
    #[diesel(sql_type = Bool)]
    pub late: bool,
}

/// The last reports of a person, of whatever form, the newest first.
pub async fn last_of(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    limit: i64,
) -> Result<Vec<Last>> {
    Ok(diesel::sql_query(
        "select v.title, r.day, r.submitted_at, r.late
         from reports r
         join lateral (select title from form_versions v where v.corp_id = $1 and v.form_id = r.form_id
                       order by version desc limit 1) v on true
         where r.corp_id = $1 and r.person_id = $2
         order by r.submitted_at desc, r.report_id desc limit $3",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(person)
    .bind::<BigInt, _>(limit)
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
      with given as (
        -- An array of arrays would have to be square: the flags of a row stand in one text.
        select form_id, person_id, day, slot, occurrence, form_version_id, receipt, state, facts,
               string_to_array(flags, ' ') as flags, late, month, answers, at
        from unnest($2::bigint[], $3::bigint[], $4::date[], $5::smallint[], $6::integer[], $7::bigint[], $8::text[], $9::text[],
                    $10::jsonb[], $11::text[], $12::boolean[], $13::date[], $14::bytea[], $15::timestamptz[])
          as row (form_id, person_id, day, slot, occurrence, form_version_id, receipt, state, facts, flags, late, month, answers,
                  at)),
      written as (
        insert into reports (corp_id, form_id, person_id, day, slot, occurrence, form_version_id, revision, receipt, state,
                             facts, flags, late, source, retention, month, submitted_at, revised_at)
        select $1, form_id, person_id, day, slot, occurrence, form_version_id, 1, receipt, state, facts, flags, late,
               'import', $16, month, at, at from given
        on conflict on constraint reports_one_per_period do nothing
        returning report_id, receipt, form_version_id, state, facts, flags, retention, month, submitted_at),
      sealed as (
        insert into report_answers (corp_id, retention, month, report_id, revision, answers)
        select $1, w.retention, w.month, w.report_id, 1, g.answers from written w join given g using (receipt))
      insert into report_revisions (corp_id, report_id, revision, form_version_id, state, facts, flags, carried, source, at)
      select $1, report_id, 1, form_version_id, state, facts, flags, '{}', 'import', submitted_at from written";
    fn column<'a, T>(rows: &'a [NewReport], value: impl Fn(&'a NewReport) -> T) -> Vec<T> {
        rows.iter().map(value).collect()
    }
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(column(rows, |row| row.key.form_id))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.key.person))
        .bind::<Array<Nullable<Date>>, _>(column(rows, |row| row.key.period.day))
        .bind::<Array<SmallInt>, _>(column(rows, |row| row.key.period.slot))
        .bind::<Array<Integer>, _>(column(rows, |row| row.key.occurrence))
        .bind::<Array<BigInt>, _>(column(rows, |row| row.form_version_id))
        .bind::<Array<Text>, _>(column(rows, |row| row.receipt.as_str()))
        .bind::<Array<Text>, _>(column(rows, |row| row.state))
        .bind::<Array<Jsonb>, _>(column(rows, |row| &row.facts))
        .bind::<Array<Text>, _>(column(rows, |row| row.flags().join(" ")))
        .bind::<Array<Bool>, _>(column(rows, |row| row.late))
        .bind::<Array<Date>, _>(column(rows, |row| row.month))
        .bind::<Array<Binary>, _>(column(rows, |row| &row.answers))
        .bind::<Array<Timestamptz>, _>(column(rows, |row| row.at))
        .bind::<Text, _>(RETENTION)
        .execute(conn)
        .await?)
}
