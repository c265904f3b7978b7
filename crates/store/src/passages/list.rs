//! 进出查询表: passages, the newest first.

use chrono::{DateTime, Utc};
use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{BoxedSqlQuery, SqlQuery},
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, PersonId, policy::Scope};

use super::{IN_SCOPE, PLACED, Under};
use crate::Result;

/// Whose passages.
#[derive(Debug, Clone)]
pub struct Question {
    /// The school.
    pub corp: CorpId,
    /// Whose the viewer may see; who sees the school sees scans that are nobody's too.
    pub scope: Scope,
    /// The name of the school's zone of time.
    pub zone: String,
}

/// Which of them. What is left out picks nothing away.
#[derive(Debug, Clone, Default)]
pub struct Picked {
    /// From when …
    pub from: Option<DateTime<Utc>>,
    /// … until before when.
    pub until: Option<DateTime<Utc>>,
    /// At this gate.
    pub gate: Option<i64>,
    /// Of this zone.
    pub of_zone: Option<i64>,
    /// `in` or `out`.
    pub direction: Option<&'static str>,
    /// Counted under this department.
    pub under: Under,
    /// Of this person.
    pub person: Option<PersonId>,
    /// Only those let through, or only those that were not.
    pub allowed: Option<bool>,
    /// Only those somebody should look at.
    pub flagged: bool,
    /// Only visitors'.
    pub visitors: bool,
}

/// A passage as it is shown.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub passage_id: i64,
    /// Whose.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub person_id: Option<PersonId>,
    /// Student or staff number.
    #[diesel(sql_type = Nullable<Text>)]
    pub number: Option<String>,
    /// Name, a visitor's too.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// Whether it is a visitor's, known still or not.
    #[diesel(sql_type = Bool)]
    pub by_visitor: bool,
    /// College, that day.
    #[diesel(sql_type = Nullable<Text>)]
    pub college: Option<String>,
    /// Major.
    #[diesel(sql_type = Nullable<Text>)]
    pub major: Option<String>,
    /// Class or department, that day.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// The gate's name.
    #[diesel(sql_type = Text)]
    pub gate: String,
    /// The zone's name.
    #[diesel(sql_type = Text)]
    pub zone: String,
    /// `in` or `out`.
    #[diesel(sql_type = Text)]
    pub direction: String,
    /// When it happened.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// When we were told.
    #[diesel(sql_type = Timestamptz)]
    pub received_at: DateTime<Utc>,
    /// Whether the device decided.
    #[diesel(sql_type = Bool)]
    pub offline: bool,
    /// Why it was refused; none: allowed.
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
    /// What somebody should look at.
    #[diesel(sql_type = Array<Text>)]
    pub flags: Vec<String>,
}

const PICKED: &str = "
      and ($4 is null or x.at >= $4) and ($5 is null or x.at < $5)
      and ($6 is null or x.gate_id = $6) and ($7 is null or x.zone_id = $7)
      and ($8 is null or x.direction = $8)
      and ($9 is null or $9 in (d.department_id, d.class_id, d.grade_id, d.college_id))
      and ($10 is null or x.person_id = $10)
      and ($11 is null or (x.decision = 'allowed') = $11)
      and (not $12 or x.flags <> '{}')
      and (not $13 or x.by_visitor)";

fn bind(question: &Question, picked: &Picked, sql: String) -> BoxedSqlQuery<'static, Pg, SqlQuery> {
    diesel::sql_query(sql)
        .into_boxed::<Pg>()
        .bind::<Integer, _>(question.corp)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Text, _>(question.zone.clone())
        .bind::<Nullable<Timestamptz>, _>(picked.from)
        .bind::<Nullable<Timestamptz>, _>(picked.until)
        .bind::<Nullable<BigInt>, _>(picked.gate)
        .bind::<Nullable<BigInt>, _>(picked.of_zone)
        .bind::<Nullable<Text>, _>(picked.direction.map(str::to_owned))
        .bind::<Nullable<Integer>, _>(picked.under)
        .bind::<Nullable<BigInt>, _>(picked.person)
        .bind::<Nullable<Bool>, _>(picked.allowed)
        .bind::<Bool, _>(picked.flagged)
        .bind::<Bool, _>(picked.visitors)
}

/// Passages, the newest first, those before the one of this moment and number.
pub async fn list(
    conn: &mut AsyncPgConnection,
    question: &Question,
    picked: &Picked,
    before: Option<(DateTime<Utc>, i64)>,
    limit: i64,
) -> Result<Vec<Row>> {
    let sql = format!(
        "select x.passage_id, x.person_id, p.number, coalesce(p.name, v.name) as name, x.by_visitor, c.name as college, p.major, d.name as place, g.name as gate,
                z.name as zone, x.direction, x.at, x.received_at, x.offline, x.reason, x.flags
         from passages x
         join gates g on g.corp_id = $1 and g.gate_id = x.gate_id
         join gate_zones z on z.corp_id = $1 and z.zone_id = x.zone_id
         left join persons p on p.corp_id = $1 and p.person_id = x.person_id
         left join visitors v on v.corp_id = $1 and v.visitor_id = x.visitor_id
         {PLACED}
         where x.corp_id = $1 and {IN_SCOPE} {PICKED} and ($14 is null or (x.at, x.passage_id) < ($14, $15))
         order by x.at desc, x.passage_id desc limit $16"
    );
    let query = bind(question, picked, sql)
        .bind::<Nullable<Timestamptz>, _>(before.map(|before| before.0))
        .bind::<Nullable<BigInt>, _>(before.map(|before| before.1))
        .bind::<BigInt, _>(limit);
    Ok(query.load(conn).await?)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many there are.
pub async fn count(conn: &mut AsyncPgConnection, question: &Question, picked: &Picked) -> Result<i64> {
    let sql = format!(
        "select count(*) as count from passages x {PLACED} where x.corp_id = $1 and {IN_SCOPE} {PICKED}"
    );
    Ok(bind(question, picked, sql).get_result::<Count>(conn).await?.count)
}
