//! What somebody holds: taken before and after an act of theirs that moves grants or accounts of many, it tells whether they gave
//! themselves something by it.

use std::collections::HashSet;

use chrono::NaiveDate;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Date, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, PersonId};

use crate::Result;

/// Whose an account is, and what that person may from a day on: which role over which departments, those beneath them too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    held: Vec<Held>,
    /// The departments there are.
    there: HashSet<DepartmentId>,
}

#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
struct Held {
    #[diesel(sql_type = Nullable<BigInt>)]
    person_id: Option<PersonId>,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    department_id: Option<DepartmentId>,
    /// The first day from today on that it holds.
    #[diesel(sql_type = Nullable<Date>)]
    since: Option<NaiveDate>,
    /// The first day it no longer does.
    #[diesel(sql_type = Nullable<Date>)]
    until: Option<NaiveDate>,
}

impl Holding {
    /// Whether the account became somebody else's, or its person holds a role over a department sooner or for longer than before. A
    /// department that was not there before is nothing that anybody gains.
    pub fn grew_to(&self, after: &Self) -> bool {
        let was_there = |held: &&Held| held.department_id.is_none_or(|id| self.there.contains(&id));
        after.held.iter().filter(was_there).any(|now| !self.held.iter().any(|then| then.covers(now)))
    }
}

impl Held {
    fn covers(&self, other: &Self) -> bool {
        self.person_id == other.person_id
            && (other.role.is_none()
                || (&self.role, self.department_id) == (&other.role, other.department_id)
                    && self.since <= other.since
                    && self.until >= other.until)
    }
}

/// What the person of an account holds, from today on.
pub async fn holding(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    today: NaiveDate,
) -> Result<Holding> {
    let there: Vec<Department> =
        diesel::sql_query("select department_id from departments where corp_id = $1 and closed_on is null")
            .bind::<Integer, _>(corp)
            .load(conn)
            .await?;
    let sql = "
        with granted as (
          select m.person_id, g.role, g.department_id, greatest(g.from_date, $3) as since, g.until_date as until
          from members m
          left join grants g on g.corp_id = m.corp_id and g.person_id = m.person_id and g.until_date > $3
          where m.corp_id = $1 and m.member_id = $2)
        select * from granted
        union
        select g.person_id, g.role, d.department_id, g.since, g.until from granted g
        join departments d on d.corp_id = $1 and d.closed_on is null
          and g.department_id in (d.class_id, d.grade_id, d.college_id)";
    let held = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(member)
        .bind::<Date, _>(today)
        .load(conn)
        .await?;
    Ok(Holding { held, there: there.into_iter().map(|one| one.department_id).collect() })
}

#[derive(QueryableByName)]
struct Department {
    #[diesel(sql_type = Integer)]
    department_id: DepartmentId,
}
