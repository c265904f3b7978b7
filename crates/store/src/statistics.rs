//! The figures of a form on a day, from the rows themselves.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{DepartmentId, PersonId, statistics::Counts};

use crate::{Result, expected::Question};

/// By what the figures are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// 学院
    College,
    /// 年级
    Grade,
    /// 班级
    Class,
    /// 学院; for those under none, the department they are counted under: 教职工.
    Department,
}

impl By {
    /// What of `expected` it groups by.
    pub(crate) fn column(self) -> &'static str {
        match self {
            Self::College => "college_id",
            Self::Grade => "grade_id",
            Self::Class => "class_id",
            Self::Department => "coalesce(college_id, department_id)",
        }
    }
}

/// The counts of one department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The department; `None` for those counted under none of that kind.
    pub department: Option<(DepartmentId, String)>,
    /// Its counts.
    pub counts: Counts,
}

#[derive(QueryableByName)]
struct Grouped {
    #[diesel(sql_type = Nullable<Integer>)]
    department_id: Option<DepartmentId>,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = BigInt)]
    expected: i64,
    #[diesel(sql_type = BigInt)]
    reported: i64,
    #[diesel(sql_type = BigInt)]
    abnormal: i64,
    #[diesel(sql_type = BigInt)]
    late: i64,
}

impl Grouped {
    fn counts(&self) -> Counts {
        Counts { expected: self.expected, reported: self.reported, abnormal: self.abnormal, late: self.late }
    }
}

/// The counts of a group of `expected`.
const COUNTS: &str = "count(*) as expected, count(report_id) as reported,
                  count(*) filter (where state = 'abnormal') as abnormal, count(*) filter (where late) as late";

/// Counts by department of one kind, in the directory's order.
pub async fn by(conn: &mut AsyncPgConnection, question: &Question, by: By) -> Result<Vec<Row>> {
    let column = by.column();
    let rest = format!(
        ", counted as (
           select {column} as department_id, {COUNTS}
           from expected group by 1)
         select c.department_id, d.name, c.expected, c.reported, c.abnormal, c.late
         from counted c left join department_versions d on d.corp_id = $1 and d.department_id = c.department_id
           and d.from_date <= $3 and (d.until_date is null or d.until_date > $3)
         order by d.sort_order desc nulls last, c.department_id"
    );
    let rows: Vec<Grouped> = question.bind(&rest).load(conn).await?;
    Ok(rows
        .into_iter()
        .map(|row| Row { counts: row.counts(), department: row.department_id.zip(row.name) })
        .collect())
}

/// One number for all: what a list's head shows.
pub async fn total(conn: &mut AsyncPgConnection, question: &Question) -> Result<Counts> {
    let rest = format!(" select null::integer as department_id, null as name, {COUNTS} from expected");
    let row: Grouped = question.bind(&rest).get_result(conn).await?;
    Ok(row.counts())
}

/// Which of those expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// 应报
    Expected,
    /// 已报
    Reported,
    /// 未报
    Unreported,
    /// 正常
    Normal,
    /// 异常
    Abnormal,
    /// 迟报
    Late,
}

/// Those whose answer to a counted field fell into a category.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fact<'a> {
    /// The field.
    pub field: &'a str,
    /// The category; none: reported, and in no category.
    pub category: Option<&'a str>,
}

/// How many people of a department gave a counted field a category.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Tally {
    /// The department; none: under none of that kind.
    #[diesel(sql_type = Nullable<Integer>)]
    pub department_id: Option<DepartmentId>,
    /// The field.
    #[diesel(sql_type = Text)]
    pub field: String,
    /// The category; none: reported, and in no category.
    #[diesel(sql_type = Nullable<Text>)]
    pub category: Option<String>,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
}

/// Those who have reported, by department, counted field and category.
///
/// The facts are read from the rows of `expected`, which are in memory by then: under row-level security no index on them
/// could be used.
pub async fn tally(
    conn: &mut AsyncPgConnection,
    question: &Question,
    by: By,
    fields: &[String],
) -> Result<Vec<Tally>> {
    let column = by.column();
    let rest = format!(
        " select {column} as department_id, f.field, x.facts ->> f.field as category, count(*) as people
         from expected x cross join unnest($12) as f (field)
         where x.report_id is not null group by 1, 2, 3"
    );
    Ok(question.bind(&rest).bind::<Array<Text>, _>(fields).load(conn).await?)
}

/// One of the people behind a number.
#[derive(Debug, Clone, QueryableByName)]
pub struct PersonRow {
    /// Our id.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number; also the list's order and cursor.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Class on that day.
    #[diesel(sql_type = Nullable<Integer>)]
    pub class_id: Option<DepartmentId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub class_name: Option<String>,
    /// College on that day.
    #[diesel(sql_type = Nullable<Integer>)]
    pub college_id: Option<DepartmentId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub college_name: Option<String>,
    /// What they are counted under: a class, or a department.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// Whether the first answer came after the cut-off; none: unreported.
    #[diesel(sql_type = Nullable<Bool>)]
    pub late: Option<bool>,
    /// normal, abnormal, or none: unreported.
    #[diesel(sql_type = Nullable<Text>)]
    pub state: Option<String>,
    /// When they last answered.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub revised_at: Option<DateTime<Utc>>,
}

impl PersonRow {
    /// Whether the report is abnormal.
    pub fn is_abnormal(&self) -> bool {
        self.state.as_deref() == Some("abnormal")
    }
}

impl Which {
    fn condition(self) -> &'static str {
        match self {
            Self::Expected => "true",
            Self::Reported => "x.report_id is not null",
            Self::Unreported => "x.report_id is null",
            Self::Normal => "x.state = 'normal'",
            Self::Abnormal => "x.state = 'abnormal'",
            Self::Late => "x.late",
        }
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many people are behind a number.
pub async fn count(
    conn: &mut AsyncPgConnection,
    question: &Question,
    which: Which,
    fact: Option<Fact<'_>>,
) -> Result<i64> {
    let rest = format!(
        " select count(*) as count from expected x where {}
           and ($12 is null or (x.report_id is not null and x.facts ->> $12 is not distinct from $13))",
        which.condition()
    );
    let query = question
        .bind(&rest)
        .bind::<Nullable<Text>, _>(fact.map(|fact| fact.field.to_owned()))
        .bind::<Nullable<Text>, _>(fact.and_then(|fact| fact.category).map(str::to_owned));
    Ok(query.get_result::<Count>(conn).await?.count)
}

/// The people behind a number, by student or staff number, after `after`.
pub async fn people(
    conn: &mut AsyncPgConnection,
    question: &Question,
    which: Which,
    fact: Option<Fact<'_>>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<PersonRow>> {
    let condition = which.condition();
    let rest = format!(
        ", page as (select * from expected x where {condition} and ($12 is null or x.number > $12)
           and ($14 is null or (x.report_id is not null and x.facts ->> $14 is not distinct from $15))
           order by x.number limit $13)
         select x.person_id, x.number, x.name, x.class_id, class.name as class_name, x.college_id,
                college.name as college_name,
                place.name as place, x.state, x.late, x.revised_at
         from page x
         left join department_versions class on class.corp_id = $1 and class.department_id = x.class_id
           and class.from_date <= $3 and (class.until_date is null or class.until_date > $3)
         left join department_versions college on college.corp_id = $1 and college.department_id = x.college_id
           and college.from_date <= $3 and (college.until_date is null or college.until_date > $3)
         left join department_versions place on place.corp_id = $1 and place.department_id = x.department_id
           and place.from_date <= $3 and (place.until_date is null or place.until_date > $3)
         order by x.number"
    );
    let query = question
        .bind(&rest)
        .bind::<Nullable<Text>, _>(after.map(str::to_owned))
        .bind::<BigInt, _>(limit)
        .bind::<Nullable<Text>, _>(fact.map(|fact| fact.field.to_owned()))
        .bind::<Nullable<Text>, _>(fact.and_then(|fact| fact.category).map(str::to_owned));
    Ok(query.load(conn).await?)
}
