//! Reviews as those see them who look after the people: within a scope, by where the person is counted today.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Date, Integer, Nullable, SmallInt, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, PersonId, form::Flag, policy::Scope, review::ReviewState};

use crate::{Result, Sealed};

/// Whose reports somebody may look at.
#[derive(Debug, Clone)]
pub struct Reach {
    /// The school.
    pub corp: CorpId,
    /// Whose.
    pub scope: Scope,
    /// Never their own.
    pub except: Option<PersonId>,
    /// Today.
    pub today: NaiveDate,
}

/// Which of them.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// In this state.
    pub state: Option<ReviewState>,
    /// Opened for this.
    pub flag: Option<Flag>,
    /// Of the form with this code.
    pub form: Option<String>,
    /// Of those counted under this department today.
    pub under: Option<DepartmentId>,
}

/// A report, and its review if it has one.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// The report.
    #[diesel(sql_type = BigInt)]
    pub report_id: i64,
    /// What names it.
    #[diesel(sql_type = Text)]
    pub receipt: String,
    /// Whose.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Where they are counted today.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// Its path: department, class, grade, college.
    #[diesel(sql_type = Nullable<Integer>)]
    pub department_id: Option<DepartmentId>,
    /// The class.
    #[diesel(sql_type = Nullable<Integer>)]
    pub class_id: Option<DepartmentId>,
    /// The grade's department.
    #[diesel(sql_type = Nullable<Integer>)]
    pub grade_id: Option<DepartmentId>,
    /// The college.
    #[diesel(sql_type = Nullable<Integer>)]
    pub college_id: Option<DepartmentId>,
    /// The form's code.
    #[diesel(sql_type = Text)]
    pub form: String,
    /// Its title, as it was when it was answered.
    #[diesel(sql_type = Text)]
    pub form_title: String,
    /// For which day.
    #[diesel(sql_type = Nullable<Date>)]
    pub day: Option<NaiveDate>,
    /// For which slot.
    #[diesel(sql_type = SmallInt)]
    pub slot: i16,
    /// 1 for the first.
    #[diesel(sql_type = Integer)]
    pub revision: i32,
    /// normal or abnormal.
    #[diesel(sql_type = Text)]
    pub report_state: String,
    /// What stands out in it now.
    #[diesel(sql_type = Array<Text>)]
    pub flags_now: Vec<String>,
    /// When the last revision came.
    #[diesel(sql_type = Timestamptz)]
    pub revised_at: DateTime<Utc>,
    /// Whose turn it is; none: it was never noticed.
    #[diesel(sql_type = Nullable<Text>)]
    pub state: Option<String>,
    /// What it was opened for.
    #[diesel(sql_type = Nullable<Array<Text>>)]
    pub flags: Option<Vec<String>>,
    /// Since when.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub opened_at: Option<DateTime<Utc>>,
    /// When something was last done with it.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub changed_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "
  select r.report_id, r.receipt, r.person_id, p.number, p.name, d.name as place, d.department_id, d.class_id, d.grade_id,
         d.college_id, f.code as form, x.title as form_title, r.day, r.slot, r.revision, r.state as report_state,
         r.flags as flags_now, r.revised_at, v.state, v.flags, v.opened_at, v.changed_at";

/// $1 the corp, $2 the scope, $3 today, $4 whom never.
macro_rules! reached {
    ($join:literal) => {
        concat!(
            "
  from reports r ",
            $join,
            " join reviews v on v.corp_id = r.corp_id and v.report_id = r.report_id
  join persons p on p.corp_id = r.corp_id and p.person_id = r.person_id
  join forms f on f.corp_id = r.corp_id and f.form_id = r.form_id
  join form_versions x on x.corp_id = r.corp_id and x.form_version_id = r.form_version_id
  left join memberships s on s.corp_id = r.corp_id and s.person_id = r.person_id and s.is_main
    and s.from_date <= $3 and (s.until_date is null or s.until_date > $3)
  left join departments d on d.corp_id = s.corp_id and d.department_id = s.department_id
  where r.corp_id = $1 and r.person_id is distinct from $4
    and ($2 is null or d.department_id = any($2) or d.class_id = any($2) or d.grade_id = any($2) or d.college_id = any($2))"
        )
    };
}

/// Reviews, those first with which something was done last; after those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    wanted: &Wanted,
    before: Option<(DateTime<Utc>, i64)>,
    limit: i64,
) -> Result<Vec<Row>> {
    let sql = format!(
        "{COLUMNS}{} and ($5 is null or v.state = $5) and ($6 is null or $6 = any(v.flags)) and ($7 is null or f.code = $7)
           and ($8 is null or $8 in (d.department_id, d.class_id, d.grade_id, d.college_id))
           and ($9 is null or (v.changed_at, v.report_id) < ($9, $10))
         order by v.changed_at desc, v.report_id desc limit $11",
        reached!("")
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(reach.corp)
        .bind::<Nullable<Array<Integer>>, _>(reach.scope.departments())
        .bind::<Date, _>(reach.today)
        .bind::<Nullable<BigInt>, _>(reach.except)
        .bind::<Nullable<Text>, _>(wanted.state.map(ReviewState::as_str))
        .bind::<Nullable<Text>, _>(wanted.flag.map(Flag::as_str))
        .bind::<Nullable<Text>, _>(wanted.form.as_deref())
        .bind::<Nullable<Integer>, _>(wanted.under)
        .bind::<Nullable<Timestamptz>, _>(before.map(|before| before.0))
        .bind::<BigInt, _>(before.map_or(0, |before| before.1))
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// The report of a receipt within reach, reviewed or not.
pub async fn by_receipt(conn: &mut AsyncPgConnection, reach: &Reach, receipt: &str) -> Result<Option<Row>> {
    let sql = format!("{COLUMNS}{} and r.receipt = $5", reached!("left"));
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(reach.corp)
        .bind::<Nullable<Array<Integer>>, _>(reach.scope.departments())
        .bind::<Date, _>(reach.today)
        .bind::<Nullable<BigInt>, _>(reach.except)
        .bind::<Text, _>(receipt)
        .get_result(conn)
        .await
        .optional()?)
}

/// How many reviews are not settled, by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, QueryableByName)]
pub struct Counts {
    /// Nobody has looked.
    #[diesel(sql_type = BigInt)]
    pub open: i64,
    /// The persons' turn.
    #[diesel(sql_type = BigInt)]
    pub sent_back: i64,
    /// They have answered.
    #[diesel(sql_type = BigInt)]
    pub answered: i64,
}

/// Counts within reach, and under a department.
pub async fn counts(
    conn: &mut AsyncPgConnection,
    reach: &Reach,
    under: Option<DepartmentId>,
) -> Result<Counts> {
    let sql = concat!(
        "select count(*) filter (where v.state = 'open') as open, count(*) filter (where v.state = 'sent_back') as sent_back,
                count(*) filter (where v.state = 'answered') as answered",
        reached!(""),
        " and v.state <> 'closed' and ($5 is null or $5 in (d.department_id, d.class_id, d.grade_id, d.college_id))"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(reach.corp)
        .bind::<Nullable<Array<Integer>>, _>(reach.scope.departments())
        .bind::<Date, _>(reach.today)
        .bind::<Nullable<BigInt>, _>(reach.except)
        .bind::<Nullable<Integer>, _>(under)
        .get_result(conn)
        .await?)
}

/// One thing that was done.
#[derive(Debug, Clone, QueryableByName)]
pub struct ActRow {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub act_id: i64,
    /// What.
    #[diesel(sql_type = Text)]
    pub act: String,
    /// The report's revision, then.
    #[diesel(sql_type = Integer)]
    pub revision: i32,
    /// Sealed for [`super::note_place`].
    #[diesel(sql_type = Nullable<Binary>)]
    pub note: Option<Sealed>,
    /// By whom; none: by itself.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub by_member: Option<MemberId>,
    /// Their name.
    #[diesel(sql_type = Nullable<Text>)]
    pub by_name: Option<String>,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

/// What was done with a report's review, the newest first; at most 200. Without the notes where the form's last day is not later than
/// `shown_after`: they are hidden with the answers.
pub async fn acts(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    report_id: i64,
    shown_after: NaiveDate,
) -> Result<Vec<ActRow>> {
    Ok(diesel::sql_query(
        "select a.act_id, a.act, a.revision, case when f.form_id is not null then a.note end as note, a.by_member,
                coalesce(p.name, m.name, m.userid) as by_name, a.at
         from review_acts a
         join reports r on r.corp_id = a.corp_id and r.report_id = a.report_id
         left join forms f on f.corp_id = r.corp_id and f.form_id = r.form_id and f.ends_on > $3
         left join members m on m.corp_id = a.corp_id and m.member_id = a.by_member
         left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
         where a.corp_id = $1 and a.report_id = $2
         order by a.act_id desc limit 200",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(report_id)
    .bind::<Date, _>(shown_after)
    .load(conn)
    .await?)
}
