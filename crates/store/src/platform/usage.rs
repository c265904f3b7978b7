//! 成员使用记录: who has an account, what becomes of it and when it was used last: by our own visits, or as the console exported it.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{BoxedSqlQuery, SqlQuery},
    sql_types::{Array, BigInt, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, PersonId};

use crate::Result;

/// A line of the console's export.
#[derive(Clone)]
pub struct NewRecord {
    /// The day it was exported.
    pub recorded_on: NaiveDate,
    /// Tells members apart.
    pub account: String,
    /// Name.
    pub name: String,
    /// Class or department.
    pub place: Option<String>,
    /// activated, not_activated, disabled or left.
    pub state: &'static str,
    /// The day it was last used.
    pub last_used_on: Option<NaiveDate>,
    /// On what.
    pub client: Option<String>,
}

/// Keeps an export. The same day's again takes the place of what it said of the same accounts. How many rows.
pub async fn keep(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    records: &[NewRecord],
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<usize> {
    let mut kept = 0;
    for part in records.chunks(5_000) {
        kept += diesel::sql_query(
            "insert into usage_records (corp_id, recorded_on, account, name, place, state, last_used_on, client, as_of, entered_by)
             select distinct on (r.recorded_on, r.account) $1, r.*, $9, $10
             from unnest($2, $3, $4, $5, $6, $7, $8) as r (recorded_on, account, name, place, state, last_used_on, client)
             order by r.recorded_on, r.account, r.last_used_on desc nulls last
             on conflict (corp_id, recorded_on, account) do update
             set name = excluded.name, place = excluded.place, state = excluded.state, last_used_on = excluded.last_used_on,
                 client = excluded.client, as_of = excluded.as_of, entered_by = excluded.entered_by",
        )
        .bind::<Integer, _>(corp)
        .bind::<Array<Date>, _>(part.iter().map(|one| one.recorded_on).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(part.iter().map(|one| one.account.as_str()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(part.iter().map(|one| one.name.as_str()).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(part.iter().map(|one| one.place.as_deref()).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(part.iter().map(|one| one.state).collect::<Vec<_>>())
        .bind::<Array<Nullable<Date>>, _>(part.iter().map(|one| one.last_used_on).collect::<Vec<_>>())
        .bind::<Array<Nullable<Text>>, _>(part.iter().map(|one| one.client.as_deref()).collect::<Vec<_>>())
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(by)
        .execute(conn)
        .await?;
    }
    Ok(kept)
}

/// Which members.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// The school.
    pub corp: CorpId,
    /// Today.
    pub today: NaiveDate,
    /// Only with an account of this state.
    pub state: Option<&'static str>,
    /// Only who used it last on this.
    pub client: Option<String>,
    /// Only who has not used it since this day, or never.
    pub unused_since: Option<NaiveDate>,
    /// Only under this department; not of the console's export, which names places by text.
    pub under: Option<DepartmentId>,
}

/// Somebody's use.
#[derive(Clone, QueryableByName)]
pub struct Row {
    /// Order and cursor.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The person, where the roster knows them.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub person_id: Option<PersonId>,
    /// The account.
    #[diesel(sql_type = Text)]
    pub account: String,
    /// Name.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// Class or department.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// activated, not_activated, disabled or left.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// The day it was last used, as far as is known.
    #[diesel(sql_type = Nullable<Date>)]
    pub last_used_on: Option<NaiveDate>,
    /// On what.
    #[diesel(sql_type = Nullable<Text>)]
    pub client: Option<String>,
    /// The day this is true of.
    #[diesel(sql_type = Date)]
    pub recorded_on: NaiveDate,
}

/// Never who.
impl std::fmt::Debug for Row {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Row").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Whose use: of the mirror with our own visits, or of the console's newest export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Our own.
    Own,
    /// The console's.
    Console,
}

/// $1 corp, $2 today, $3 state, $4 client, $5 unused since, $6 department.
const OWN: &str = "
  select m.member_id as id, m.person_id, m.userid as account, coalesce(p.name, m.name) as name, d.name as place,
         case m.status when 1 then 'activated' when 2 then 'disabled' when 5 then 'left' else 'not_activated' end as state,
         v.day as last_used_on, v.client, $2 as recorded_on
  from members m
  left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
  left join memberships s on s.corp_id = p.corp_id and s.person_id = p.person_id and s.is_main
    and s.from_date <= $2 and (s.until_date is null or s.until_date > $2)
  left join departments d on d.corp_id = s.corp_id and d.department_id = s.department_id
  left join lateral (select day, client from visits v where v.corp_id = m.corp_id and v.member_id = m.member_id
                     order by day desc limit 1) v on true
  where m.corp_id = $1 and m.left_on is null
    and ($6 is null or $6 in (d.department_id, d.class_id, d.grade_id, d.college_id))";

const CONSOLE: &str = "
  select r.record_id as id, m.person_id, r.account, r.name, r.place, r.state, r.last_used_on, r.client, r.recorded_on
  from usage_records r
  left join members m on m.corp_id = r.corp_id and m.userid_key = r.account
  where r.corp_id = $1 and $6 is null
    and r.recorded_on = (select max(recorded_on) from usage_records where corp_id = $1 and recorded_on <= $2)";

const FILTERED: &str = "
  select * from used where ($3 is null or state = $3) and ($4 is null or client = $4)
    and ($5 is null or last_used_on is null or last_used_on < $5)";

impl Question {
    fn bind(&self, of: Of, rest: &str) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
        let rows = match of {
            Of::Own => OWN,
            Of::Console => CONSOLE,
        };
        diesel::sql_query(format!("with used as ({rows}), filtered as ({FILTERED}) {rest}"))
            .into_boxed::<Pg>()
            .bind::<Integer, _>(self.corp)
            .bind::<Date, _>(self.today)
            .bind::<Nullable<Text>, _>(self.state)
            .bind::<Nullable<Text>, _>(self.client.clone())
            .bind::<Nullable<Date>, _>(self.unused_since)
            .bind::<Nullable<Integer>, _>(self.under)
    }
}

/// Members in the order they came, after `after`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    question: &Question,
    of: Of,
    after: i64,
    limit: i64,
) -> Result<Vec<Row>> {
    let rest = "select * from filtered where id > $7 order by id limit $8";
    let query = question.bind(of, rest).bind::<BigInt, _>(after).bind::<BigInt, _>(limit);
    Ok(query.load(conn).await?)
}

/// How many there are.
pub async fn count(conn: &mut AsyncPgConnection, question: &Question, of: Of) -> Result<i64> {
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    let count: Count = question.bind(of, "select count(*) as rows from filtered").get_result(conn).await?;
    Ok(count.rows)
}

/// Forgets exports that are older.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: NaiveDate) -> Result<usize> {
    use crate::schema::usage_records;
    let old = usage_records::table
        .filter(usage_records::corp_id.eq(corp))
        .filter(usage_records::recorded_on.lt(before));
    Ok(diesel::delete(old).execute(conn).await?)
}
