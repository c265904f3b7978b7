//! What somebody holds: taken before and after an act of theirs that moves grants or accounts of many, it tells whether they gave
//! themselves something by it.

use chrono::NaiveDate;
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Date, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, PersonId};

use crate::Result;

/// Whose an account is, and what that person may from a day on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding(Vec<Held>);

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
    /// Whether the account became somebody else's, or its person holds a role over a department sooner or for longer than before.
    pub fn grew_to(&self, after: &Self) -> bool {
        after.0.iter().any(|now| !self.0.iter().any(|then| then.covers(now)))
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
    let sql = "select m.person_id, g.role, g.department_id, greatest(g.from_date, $3) as since, g.until_date as until
        from members m
        left join grants g on g.corp_id = m.corp_id and g.person_id = m.person_id and g.until_date > $3
        where m.corp_id = $1 and m.member_id = $2";
    Ok(Holding(
        diesel::sql_query(sql)
            .bind::<Integer, _>(corp)
            .bind::<BigInt, _>(member)
            .bind::<Date, _>(today)
            .load(conn)
            .await?,
    ))
}
