//! The figures of a form on a day, from the rows themselves.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz},
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
}

/// Counts by department of one kind, in the directory's order.
pub async fn by(conn: &mut AsyncPgConnection, question: &Question, by: By) -> Result<Vec<Row>> {
    let column = match by {
        By::College => "college_id",
        By::Grade => "grade_id",
        By::Class => "class_id",
    };
    let rest = format!(
        ", counted as (
           select {column} as department_id, count(*) as expected, count(report_id) as reported,
                  count(*) filter (where state = 'abnormal') as abnormal
           from expected group by {column})
         select c.department_id, d.name, c.expected, c.reported, c.abnormal
         from counted c left join department_versions d on d.corp_id = $1 and d.department_id = c.department_id
           and d.from_date <= $3 and (d.until_date is null or d.until_date > $3)
         order by d.sort_order desc nulls last, c.department_id"
    );
    let rows: Vec<Grouped> = question.bind(&rest).load(conn).await?;
    Ok(rows
        .into_iter()
        .map(|row| Row {
            department: row.department_id.zip(row.name),
            counts: Counts { expected: row.expected, reported: row.reported, abnormal: row.abnormal },
        })
        .collect())
}

/// One number for all: what a list's head shows.
pub async fn total(conn: &mut AsyncPgConnection, question: &Question) -> Result<Counts> {
    let rest = " select null::integer as department_id, null as name, count(*) as expected, count(report_id) as reported,
                   count(*) filter (where state = 'abnormal') as abnormal from expected";
    let row: Grouped = question.bind(rest).get_result(conn).await?;
    Ok(Counts { expected: row.expected, reported: row.reported, abnormal: row.abnormal })
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
    /// normal, abnormal, or none: unreported.
    #[diesel(sql_type = Nullable<Text>)]
    pub state: Option<String>,
    /// When they last answered.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub revised_at: Option<DateTime<Utc>>,
}

/// The people behind a number, by student or staff number, after `after`.
pub async fn people(
    conn: &mut AsyncPgConnection,
    question: &Question,
    which: Which,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<PersonRow>> {
    let condition = match which {
        Which::Expected => "true",
        Which::Reported => "x.report_id is not null",
        Which::Unreported => "x.report_id is null",
        Which::Normal => "x.state = 'normal'",
        Which::Abnormal => "x.state = 'abnormal'",
    };
    let rest = format!(
        ", page as (select * from expected x where {condition} and ($12 is null or x.number > $12) order by x.number limit $13)
         select x.person_id, x.number, x.name, x.class_id, class.name as class_name, x.college_id,
                college.name as college_name, x.state, x.revised_at
         from page x
         left join department_versions class on class.corp_id = $1 and class.department_id = x.class_id
           and class.from_date <= $3 and (class.until_date is null or class.until_date > $3)
         left join department_versions college on college.corp_id = $1 and college.department_id = x.college_id
           and college.from_date <= $3 and (college.until_date is null or college.until_date > $3)
         order by x.number"
    );
    let query =
        question.bind(&rest).bind::<Nullable<Text>, _>(after.map(str::to_owned)).bind::<BigInt, _>(limit);
    Ok(query.load(conn).await?)
}
