//! What is on record of the signed-in person, for themselves.

pub mod copies;
pub mod held;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Date, Integer, Nullable, SmallInt, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId};

use crate::{Result, Sealed};

/// An account, its person and where they are counted today.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// The account's name; none: withheld.
    #[diesel(sql_type = Nullable<Text>)]
    pub account_name: Option<String>,
    /// 1 activated, 2 disabled, 4 not activated (doc 90196); none: withheld.
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub status: Option<i16>,
    /// The account is in WeCom since.
    #[diesel(sql_type = Date)]
    pub joined_on: NaiveDate,
    /// Student or staff number; none: the roster does not know them.
    #[diesel(sql_type = Nullable<Text>)]
    pub number: Option<String>,
    /// Name.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// `student` or `staff`.
    #[diesel(sql_type = Nullable<Text>)]
    pub kind: Option<String>,
    /// Major.
    #[diesel(sql_type = Nullable<Text>)]
    pub major: Option<String>,
    /// Year of entry.
    #[diesel(sql_type = Nullable<SmallInt>)]
    pub grade: Option<i16>,
    /// Sealed for [`crate::unreported::phone_place`].
    #[diesel(sql_type = Nullable<Binary>)]
    pub phone: Option<Sealed>,
    /// When the roster last said something new.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub roster_at: Option<DateTime<Utc>>,
    /// College.
    #[diesel(sql_type = Nullable<Text>)]
    pub college: Option<String>,
    /// Class; for staff the department.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// `directory`, `roster` or `correction`.
    #[diesel(sql_type = Nullable<Text>)]
    pub place_source: Option<String>,
    /// There since.
    #[diesel(sql_type = Nullable<Date>)]
    pub place_since: Option<NaiveDate>,
}

/// The data of an account's person on a day.
pub async fn find(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    day: NaiveDate,
) -> Result<Row> {
    let query = diesel::sql_query(
        "select m.name as account_name, m.status, m.joined_on, p.number, p.name, p.kind, p.major, p.grade, p.phone,
                p.roster_at, college.name as college, d.name as place, s.source as place_source,
                s.from_date as place_since
         from members m
         left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
         left join memberships s on s.corp_id = p.corp_id and s.person_id = p.person_id and s.is_main
           and s.from_date <= $3 and (s.until_date is null or s.until_date > $3)
         left join departments d on d.corp_id = s.corp_id and d.department_id = s.department_id
         left join departments college on college.corp_id = d.corp_id and college.department_id = d.college_id
         where m.corp_id = $1 and m.member_id = $2",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(member)
    .bind::<Date, _>(day);
    Ok(query.get_result(conn).await?)
}
