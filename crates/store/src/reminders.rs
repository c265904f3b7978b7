//! Rounds of reminders: a mailing ([`crate::mailings`]) to those who have not reported, or to those in charge of them.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, MemberId, PersonId,
    policy::{Role, Scope},
};

use crate::{
    Result,
    expected::Question,
    mailings::{self, About, NewMailing},
    schema::{forms, mailings as heads, outbox},
};

/// How many reminders one person gets of a day at most, and since when that day is.
#[derive(Debug, Clone, Copy)]
pub struct Most {
    /// So many.
    pub a_day: i32,
    /// The school's midnight.
    pub since: DateTime<Utc>,
}

/// By what the words of a round differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// All read the same.
    Nothing,
    /// 学院
    College,
    /// 班级
    Class,
    /// Everybody reads something of their own.
    Person,
}

impl By {
    /// The variant of somebody of `expected x`.
    fn variant(self) -> &'static str {
        match self {
            Self::Nothing => "''",
            Self::College => "coalesce(x.college_id::text, '')",
            Self::Class => "coalesce(x.class_id::text, '')",
            Self::Person => "x.person_id::text",
        }
    }
}

/// A reminder of the unreported.
#[derive(Debug, Clone)]
pub struct NewRound<'a> {
    /// At most one of an occasion is ever planned: [`domain::reminder::Occasion`], or `member 12 <Idempotency-Key>`.
    pub occasion: &'a str,
    /// The rule behind it, if any.
    pub rule_id: Option<i64>,
    /// The counsellor behind it, if any.
    pub by_member: Option<MemberId>,
    /// Only these persons; none: all unreported of the question's scope.
    pub people: Option<&'a [PersonId]>,
    /// By what its words differ.
    pub by: By,
    /// People are spread over these moments, at least one: nothing goes before.
    pub moments: &'a [DateTime<Utc>],
    /// Reminders are of no use after this.
    pub useful_until: DateTime<Utc>,
    /// Who has had so many of the day gets none.
    pub most: Most,
    /// Now.
    pub at: DateTime<Utc>,
}

/// A planned round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its id.
    pub round_id: i64,
    /// Persons in it.
    pub people: usize,
    /// What it has to say, one row for each that reads differently.
    pub variants: Vec<Variant>,
}

/// People of a round who read the same.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Variant {
    /// Of the round.
    #[diesel(sql_type = Text)]
    pub variant: String,
    /// Their name, where everybody reads something of their own.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// Their class, where they are of one.
    #[diesel(sql_type = Nullable<Text>)]
    pub class: Option<String>,
    /// Their college, where they are of one.
    #[diesel(sql_type = Nullable<Text>)]
    pub college: Option<String>,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
}

/// Whether a reminder would go to somebody of `expected x` with the account `m`, or why it would not. $12 is how many a day
/// are the most, $13 since when the day is.
const STATE: &str = "
  case when m.member_id is null or m.status <> 1 then 'unreachable'
       when (select count(*) from outbox s join mailings a on a.corp_id = s.corp_id and a.mailing_id = s.mailing_id
             where s.corp_id = $1 and s.person_id = x.person_id and s.at >= $13 and a.kind <> 'notice'
               and s.state in ('waiting', 'frozen', 'sent', 'unknown')) >= $12 then 'limited'
       else 'waiting' end";

/// Plans a round over the unreported; `None` when the occasion has been planned before. What it says is the caller's to add.
pub async fn plan(
    conn: &mut AsyncPgConnection,
    question: &Question,
    round: &NewRound<'_>,
) -> Result<Option<Planned>> {
    let head = Head {
        kind: mailings::Kind::Reminder,
        occasion: round.occasion,
        rule_id: round.rule_id,
        by_member: round.by_member,
        at: round.at,
    };
    let Some(round_id) = add_head(conn, question, head).await? else { return Ok(None) };
    let variant = round.by.variant();
    let rest = format!(
        ", chosen as materialized (
           select x.person_id, x.name, x.class_id, x.college_id, m.member_id, {STATE} as state, {variant} as variant
           from expected x left join members m on m.corp_id = $1 and m.person_id = x.person_id and m.left_on is null
           where x.report_id is null and ($14 is null or x.person_id = any($14))),
         added as (
           insert into outbox (corp_id, mailing_id, variant, person_id, member_id, state, not_before, useful_until, at)
           select $1, $15, c.variant, c.person_id, c.member_id, c.state,
                  ($16)[(1 + mod(c.person_id + $15, cardinality($16)::bigint))::integer], $17, $18
           from chosen c)
         select c.variant, case when count(*) = 1 then min(c.name) end as name,
                case when count(distinct c.class_id) = 1 then min(l.name) end as class,
                case when count(distinct c.college_id) = 1 then min(o.name) end as college, count(*) as people
         from chosen c
         left join department_versions l on l.corp_id = $1 and l.department_id = c.class_id
           and l.from_date <= $3 and (l.until_date is null or l.until_date > $3)
         left join department_versions o on o.corp_id = $1 and o.department_id = c.college_id
           and o.from_date <= $3 and (o.until_date is null or o.until_date > $3)
         group by c.variant order by c.variant"
    );
    let variants: Vec<Variant> = question
        .bind(&rest)
        .bind::<BigInt, _>(i64::from(round.most.a_day))
        .bind::<Timestamptz, _>(round.most.since)
        .bind::<Nullable<Array<BigInt>>, _>(round.people.map(<[_]>::to_vec))
        .bind::<BigInt, _>(round_id)
        .bind::<Array<Timestamptz>, _>(round.moments.to_vec())
        .bind::<Timestamptz, _>(round.useful_until)
        .bind::<Timestamptz, _>(round.at)
        .load(conn)
        .await?;
    let people = variants.iter().map(|variant| variant.people).sum::<i64>();
    Ok(Some(Planned { round_id, people: usize::try_from(people).unwrap_or_default(), variants }))
}

/// The head of a round to be planned.
struct Head<'a> {
    kind: mailings::Kind,
    occasion: &'a str,
    rule_id: Option<i64>,
    by_member: Option<MemberId>,
    at: DateTime<Utc>,
}

async fn add_head(conn: &mut AsyncPgConnection, question: &Question, head: Head<'_>) -> Result<Option<i64>> {
    let mailing = NewMailing {
        kind: head.kind,
        occasion: Some(head.occasion),
        about: Some(About { form_id: question.form_id, day: question.day, period: question.period }),
        rule_id: head.rule_id,
        by_member: head.by_member,
        urgent: false,
        at: head.at,
    };
    mailings::add(conn, question.corp, mailing).await
}

/// Somebody in charge of people who have not reported.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct InCharge {
    /// Who.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Their account.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub member_id: Option<MemberId>,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The class, where all who are missing are of one.
    #[diesel(sql_type = Nullable<Text>)]
    pub class: Option<String>,
    /// The college, where all who are missing are of one.
    #[diesel(sql_type = Nullable<Text>)]
    pub college: Option<String>,
    /// How many of theirs have not reported.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
    /// How many of theirs are expected.
    #[diesel(sql_type = BigInt)]
    pub expected: i64,
    /// `waiting`, or why nothing would go to them: `unreachable`, `limited`.
    #[diesel(sql_type = Text)]
    pub state: String,
}

/// Those in charge, by these roles, of anybody who has not reported, with what is theirs. A role over the whole school counts
/// only where `whole_school` says so.
pub async fn in_charge(
    conn: &mut AsyncPgConnection,
    question: &Question,
    roles: &[Role],
    whole_school: bool,
    most: Most,
) -> Result<Vec<InCharge>> {
    let whole = if whole_school { "o.kind = 'school' or" } else { "o.kind <> 'school' and" };
    let rest = format!(
        ", counted as (
           select department_id, class_id, grade_id, college_id, count(*) as expected,
                  count(*) filter (where report_id is null) as people
           from expected group by 1, 2, 3, 4),
         places as materialized (select row_number() over () as place, c.* from counted c),
         covered as (
           select distinct g.person_id, p.place, p.people, p.expected, p.class_id, p.college_id
           from grants g
           join departments o on o.corp_id = g.corp_id and o.department_id = g.department_id
           join places p on {whole} g.department_id in (p.department_id, p.class_id, p.grade_id, p.college_id)
           where g.corp_id = $1 and g.role = any($14) and g.from_date <= $3 and g.until_date > $3),
         held as (
           select person_id, sum(people)::bigint as people, sum(expected)::bigint as expected,
                  count(distinct class_id) filter (where people > 0) as classes,
                  min(class_id) filter (where people > 0) as class_id,
                  count(distinct college_id) filter (where people > 0) as colleges,
                  min(college_id) filter (where people > 0) as college_id
           from covered group by person_id having sum(people) > 0)
         select x.person_id, m.member_id, h.name, case when x.classes = 1 then l.name end as class,
                case when x.colleges = 1 then c.name end as college, x.people, x.expected, {STATE} as state
         from held x
         join persons h on h.corp_id = $1 and h.person_id = x.person_id and (h.until_date is null or h.until_date > $3)
         left join members m on m.corp_id = $1 and m.person_id = x.person_id and m.left_on is null
         left join departments l on l.corp_id = $1 and l.department_id = x.class_id
         left join departments c on c.corp_id = $1 and c.department_id = x.college_id
         order by x.person_id"
    );
    let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    Ok(question
        .bind(&rest)
        .bind::<BigInt, _>(i64::from(most.a_day))
        .bind::<Timestamptz, _>(most.since)
        .bind::<Array<Text>, _>(roles)
        .load(conn)
        .await?)
}

/// A word to those in charge.
#[derive(Debug, Clone)]
pub struct NewEscalation<'a> {
    /// At most one of an occasion is ever planned.
    pub occasion: &'a str,
    /// The rule behind it.
    pub rule_id: i64,
    /// To whom, and in which variant of its words.
    pub to: &'a [(InCharge, String)],
    /// Nothing goes before.
    pub not_before: DateTime<Utc>,
    /// It is of no use after this.
    pub useful_until: DateTime<Utc>,
    /// Now.
    pub at: DateTime<Utc>,
}

/// Plans a word to those in charge; `None` when the occasion has been planned before. What it says is the caller's to add.
pub async fn escalate(
    conn: &mut AsyncPgConnection,
    question: &Question,
    escalation: &NewEscalation<'_>,
) -> Result<Option<i64>> {
    let head = Head {
        kind: mailings::Kind::Escalation,
        occasion: escalation.occasion,
        rule_id: Some(escalation.rule_id),
        by_member: None,
        at: escalation.at,
    };
    let Some(mailing) = add_head(conn, question, head).await? else { return Ok(None) };
    let sql = "
      insert into outbox (corp_id, mailing_id, variant, person_id, member_id, state, not_before, useful_until, at)
      select $1, $2, r.variant, r.person_id, r.member_id, r.state, $7, $8, $9
      from unnest($3, $4, $5, $6) as r (variant, person_id, member_id, state)";
    let to = escalation.to;
    diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<BigInt, _>(mailing)
        .bind::<Array<Text>, _>(to.iter().map(|(_, variant)| variant.as_str()).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(to.iter().map(|(one, _)| one.person_id).collect::<Vec<_>>())
        .bind::<Array<Nullable<BigInt>>, _>(to.iter().map(|(one, _)| one.member_id).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(to.iter().map(|(one, _)| one.state.as_str()).collect::<Vec<_>>())
        .bind::<Timestamptz, _>(escalation.not_before)
        .bind::<Timestamptz, _>(escalation.useful_until)
        .bind::<Timestamptz, _>(escalation.at)
        .execute(conn)
        .await?;
    Ok(Some(mailing))
}

/// How many of those expected would get a reminder now (`waiting`), or why not: `reported`, `limited`, `unreachable`.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Reason {
    /// Which.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
}

/// Who of those expected would get a reminder now, and why the others would not.
pub async fn reasons(conn: &mut AsyncPgConnection, question: &Question, most: Most) -> Result<Vec<Reason>> {
    let rest = format!(
        " select case when x.report_id is not null then 'reported' else {STATE} end as state, count(*) as people
          from expected x left join members m on m.corp_id = $1 and m.person_id = x.person_id and m.left_on is null
          group by 1 order by 1"
    );
    let query = question.bind(&rest).bind::<BigInt, _>(i64::from(most.a_day));
    Ok(query.bind::<Timestamptz, _>(most.since).load(conn).await?)
}

/// One who has not reported, and whether a reminder would go to them now.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Candidate {
    /// Who.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number; also the list's order and cursor.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Their class.
    #[diesel(sql_type = Nullable<Text>)]
    pub class: Option<String>,
    /// `waiting`, or why not: `limited`, `unreachable`.
    #[diesel(sql_type = Text)]
    pub state: String,
}

/// The unreported by number, those after `after`; of `departments` alone, where they are said.
pub async fn candidates(
    conn: &mut AsyncPgConnection,
    question: &Question,
    departments: Option<&[domain::DepartmentId]>,
    most: Most,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Candidate>> {
    let rest = format!(
        " select x.person_id, x.number, x.name, l.name as class, {STATE} as state
          from expected x
          left join members m on m.corp_id = $1 and m.person_id = x.person_id and m.left_on is null
          left join department_versions l on l.corp_id = $1 and l.department_id = x.class_id
            and l.from_date <= $3 and (l.until_date is null or l.until_date > $3)
          where x.report_id is null and ($14 is null or x.number > $14)
            and ($15 is null or x.department_id = any($15) or x.class_id = any($15) or x.grade_id = any($15)
                 or x.college_id = any($15))
          order by x.number limit $16"
    );
    Ok(question
        .bind(&rest)
        .bind::<BigInt, _>(i64::from(most.a_day))
        .bind::<Timestamptz, _>(most.since)
        .bind::<Nullable<Text>, _>(after.map(str::to_owned))
        .bind::<Nullable<Array<Integer>>, _>(departments.map(<[_]>::to_vec))
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// The head of a round.
#[derive(Debug, Clone, Queryable)]
pub struct Round {
    /// The form's code.
    pub form_code: String,
    /// The day it is about.
    pub day: NaiveDate,
    /// When it was planned.
    pub planned_at: DateTime<Utc>,
}

/// A round the member asked for themselves.
pub async fn own_round(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    round_id: i64,
) -> Result<Option<Round>> {
    Ok(heads::table
        .inner_join(
            forms::table
                .on(forms::corp_id.eq(heads::corp_id).and(forms::form_id.nullable().eq(heads::form_id))),
        )
        .filter(heads::corp_id.eq(corp))
        .filter(heads::mailing_id.eq(round_id))
        .filter(heads::by_member.eq(member))
        .select((forms::code, heads::day.assume_not_null(), heads::planned_at))
        .first(conn)
        .await
        .optional()?)
}

/// What became of one reminder of a round.
#[derive(Debug, Clone, QueryableByName)]
pub struct Outcome {
    /// Order and cursor.
    #[diesel(sql_type = BigInt)]
    pub outbox_id: i64,
    /// Whom.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

/// The reminders of a round to those who are in the scope today, after `after`.
pub async fn outcomes(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    round_id: i64,
    (scope, today): (&Scope, NaiveDate),
    after: i64,
    limit: i64,
) -> Result<Vec<Outcome>> {
    let sql = "
        select o.outbox_id, p.person_id, p.name, o.state, o.at
        from outbox o join persons p on p.corp_id = o.corp_id and p.person_id = o.person_id
        where o.corp_id = $1 and o.mailing_id = $2 and o.outbox_id > $3
          and ($4 is null or exists (
            select from memberships s
            join departments d on d.corp_id = s.corp_id and d.department_id = s.department_id
            where s.corp_id = $1 and s.person_id = p.person_id and s.is_main
              and s.from_date <= $5 and (s.until_date is null or s.until_date > $5)
              and (d.department_id = any($4) or d.class_id = any($4) or d.grade_id = any($4) or d.college_id = any($4))))
        order by o.outbox_id limit $6";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(round_id)
        .bind::<BigInt, _>(after)
        .bind::<Nullable<Array<Integer>>, _>(scope.departments())
        .bind::<Date, _>(today)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// How many reminders of a round stand in each state.
pub async fn counts(conn: &mut AsyncPgConnection, corp: CorpId, round_id: i64) -> Result<Vec<(String, i64)>> {
    Ok(outbox::table
        .filter(outbox::corp_id.eq(corp))
        .filter(outbox::mailing_id.eq(round_id))
        .group_by(outbox::state)
        .select((outbox::state, diesel::dsl::count_star()))
        .load(conn)
        .await?)
}
