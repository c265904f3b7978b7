//! 未报: those expected who have not answered, with what a counsellor needs to reach them.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Bool, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, PersonId};

use crate::{
    Result, Sealed,
    expected::Question,
    schema::follow_ups,
    sealed::{Place, column},
};

/// Where a person's phone stands sealed; their number is the row.
pub fn phone_place(corp: CorpId, number: &str) -> Place<'_> {
    Place { column: &column::PERSON_PHONE, corp, row: number }
}

/// One of them.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Our id.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number; also the list's order and cursor.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The department they are counted under that day.
    #[diesel(sql_type = Integer)]
    pub department_id: DepartmentId,
    /// College on that day.
    #[diesel(sql_type = Nullable<Integer>)]
    pub college_id: Option<DepartmentId>,
    /// Grade on that day.
    #[diesel(sql_type = Nullable<Integer>)]
    pub grade_id: Option<DepartmentId>,
    /// Class on that day.
    #[diesel(sql_type = Nullable<Integer>)]
    pub class_id: Option<DepartmentId>,
    /// Its name.
    #[diesel(sql_type = Nullable<Text>)]
    pub class_name: Option<String>,
    /// Sealed for [`phone_place`].
    #[diesel(sql_type = Nullable<Binary>)]
    pub phone: Option<Sealed>,
    /// Whether an active account can be sent a message.
    #[diesel(sql_type = Bool)]
    pub reachable: bool,
    /// What became of the last reminder about this form and day.
    #[diesel(sql_type = Nullable<Text>)]
    pub reminder_state: Option<String>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub reminder_at: Option<DateTime<Utc>>,
    /// Why they have not reported, as somebody last found out.
    #[diesel(sql_type = Nullable<Text>)]
    pub follow_reason: Option<String>,
    /// Who found out.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub follow_by: Option<MemberId>,
    /// Their name.
    #[diesel(sql_type = Nullable<Text>)]
    pub follow_by_name: Option<String>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub follow_at: Option<DateTime<Utc>>,
}

fn followed(question: &Question) -> String {
    let day = if question.period.day.is_some() { "u.day = $10" } else { "u.day is null" };
    format!("u.corp_id = $1 and u.form_id = $2 and {day} and u.slot = $11")
}

/// Those of the period of whom somebody found out why.
pub async fn followed_up(conn: &mut AsyncPgConnection, question: &Question) -> Result<HashSet<PersonId>> {
    let found: Vec<PersonId> = follow_ups::table
        .filter(follow_ups::corp_id.eq(question.corp))
        .filter(follow_ups::form_id.eq(question.form_id))
        .filter(follow_ups::day.is_not_distinct_from(question.period.day))
        .filter(follow_ups::slot.eq(question.period.slot))
        .select(follow_ups::person_id)
        .load(conn)
        .await?;
    Ok(found.into_iter().collect())
}

/// Some of them, by student or staff number. Who has reported since is left out.
pub async fn rows(
    conn: &mut AsyncPgConnection,
    question: &Question,
    people: &[PersonId],
) -> Result<Vec<Row>> {
    let followed = followed(question);
    let rest = format!("
      select x.person_id, x.number, x.name, x.department_id, x.college_id, x.grade_id, x.class_id, class.name as class_name, p.phone,
             coalesce(m.left_on is null and (m.status is null or m.status = 1), false) as reachable,
             last.state as reminder_state, last.at as reminder_at, why.reason as follow_reason,
             why.by_member as follow_by, why.by_name as follow_by_name, why.at as follow_at
      from expected x
      join persons p on p.corp_id = $1 and p.person_id = x.person_id
      left join department_versions class on class.corp_id = $1 and class.department_id = x.class_id
           and class.from_date <= $3 and (class.until_date is null or class.until_date > $3)
      left join members m on m.corp_id = $1 and m.person_id = x.person_id and m.left_on is null
      left join lateral (
        select r.state, r.at from outbox r join mailings o on o.corp_id = r.corp_id and o.mailing_id = r.mailing_id
        where r.corp_id = $1 and r.person_id = x.person_id and o.kind = 'reminder' and o.form_id = $2 and o.day = $3
        order by r.outbox_id desc limit 1) last on true
      left join lateral (
        select u.reason, u.by_member, u.at, coalesce(w.name, o.name, o.userid) as by_name
        from follow_ups u
        join members o on o.corp_id = u.corp_id and o.member_id = u.by_member
        left join persons w on w.corp_id = o.corp_id and w.person_id = o.person_id
        where {followed} and u.person_id = x.person_id
        order by u.follow_up_id desc limit 1) why on true
      where x.report_id is null order by x.number collate \"C\"");
    Ok(question.bind_people(&rest, people).load(conn).await?)
}
