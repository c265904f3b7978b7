//! Reminders: rules, and a rule's or a counsellor's round. A round is a mailing ([`crate::mailings`]) to those who have not
//! reported.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Nullable, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId};

use crate::{
    Result,
    expected::Question,
    mailings::{self, About, NewMailing},
    schema::{forms, mailings as heads, outbox, persons, reminder_rules},
};

/// When whom to remind of which form.
#[derive(Debug, Clone, Queryable)]
pub struct Rule {
    /// Its id.
    pub rule_id: i64,
    /// The form.
    pub form_id: i64,
    /// The form's code.
    pub form_code: String,
    /// What people call it.
    pub name: String,
    /// Times of the school's day.
    pub at_times: Vec<Option<NaiveTime>>,
    /// What is sent, with `{form}` and `{closes}` to be filled in.
    pub wording: String,
    /// Whether it is at work.
    pub enabled: bool,
}

/// The school's rules, of one form or of all.
pub async fn rules(conn: &mut AsyncPgConnection, corp: CorpId, form: Option<&str>) -> Result<Vec<Rule>> {
    let mut query =
        reminder_rules::table
            .inner_join(forms::table.on(
                forms::corp_id.eq(reminder_rules::corp_id).and(forms::form_id.eq(reminder_rules::form_id)),
            ))
            .filter(reminder_rules::corp_id.eq(corp))
            .order(reminder_rules::rule_id)
            .select((
                reminder_rules::rule_id,
                reminder_rules::form_id,
                forms::code,
                reminder_rules::name,
                reminder_rules::at_times,
                reminder_rules::wording,
                reminder_rules::enabled,
            ))
            .into_boxed();
    if let Some(form) = form {
        query = query.filter(forms::code.eq(form.to_owned()));
    }
    Ok(query.load(conn).await?)
}

/// Adds a rule unless the form has one of that name.
pub async fn add_rule(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    name: &str,
    at_times: &[NaiveTime],
    wording: &str,
) -> Result<()> {
    diesel::insert_into(reminder_rules::table)
        .values((
            reminder_rules::corp_id.eq(corp),
            reminder_rules::form_id.eq(form_id),
            reminder_rules::name.eq(name),
            reminder_rules::at_times.eq(at_times.to_vec()),
            reminder_rules::wording.eq(wording),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

/// A reminder of the unreported.
#[derive(Debug, Clone)]
pub struct NewRound<'a> {
    /// At most one of an occasion is ever planned: `rule 3 2020-03-04 0 14:00`, or `member 12 <Idempotency-Key>`.
    pub occasion: &'a str,
    /// The rule behind it, if any.
    pub rule_id: Option<i64>,
    /// The counsellor behind it, if any.
    pub by_member: Option<MemberId>,
    /// Only these persons; none: all unreported of the question's scope.
    pub people: Option<&'a [PersonId]>,
    /// Reminders are of no use after this.
    pub useful_until: DateTime<Utc>,
    /// Now.
    pub at: DateTime<Utc>,
}

/// A planned round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Its id.
    pub round_id: i64,
    /// Persons in it.
    pub people: usize,
}

/// Plans a round over the unreported; `None` when the occasion has been planned before. What it says is the caller's to add.
pub async fn plan(
    conn: &mut AsyncPgConnection,
    question: &Question,
    round: &NewRound<'_>,
) -> Result<Option<Planned>> {
    let mailing = NewMailing {
        kind: mailings::Kind::Reminder,
        occasion: Some(round.occasion),
        about: Some(About { form_id: question.form_id, day: question.day, period: question.period }),
        rule_id: round.rule_id,
        by_member: round.by_member,
        at: round.at,
    };
    let Some(round_id) = mailings::add(conn, question.corp, mailing).await? else { return Ok(None) };
    let rest = "
      insert into outbox (corp_id, mailing_id, person_id, member_id, state, not_before, useful_until, at)
      select $1, $12, x.person_id, m.member_id,
             case when m.left_on is null and (m.status is null or m.status = 1) and m.member_id is not null
               then 'waiting' else 'unreachable' end, $15, $14, $15
      from expected x left join members m on m.corp_id = $1 and m.person_id = x.person_id and m.left_on is null
      where x.report_id is null and ($13 is null or x.person_id = any($13))";
    let people = question
        .bind(rest)
        .bind::<BigInt, _>(round_id)
        .bind::<Nullable<Array<BigInt>>, _>(round.people.map(<[_]>::to_vec))
        .bind::<Timestamptz, _>(round.useful_until)
        .bind::<Timestamptz, _>(round.at)
        .execute(conn)
        .await?;
    Ok(Some(Planned { round_id, people }))
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
#[derive(Debug, Clone, Queryable)]
pub struct Outcome {
    /// Order and cursor.
    pub outbox_id: i64,
    /// Whom.
    pub person_id: PersonId,
    /// Their name.
    pub name: String,
    /// What.
    pub state: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// The reminders of a round, after `after`.
pub async fn outcomes(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    round_id: i64,
    after: i64,
    limit: i64,
) -> Result<Vec<Outcome>> {
    Ok(outbox::table
        .inner_join(persons::table.on(
            persons::corp_id.eq(outbox::corp_id).and(persons::person_id.nullable().eq(outbox::person_id)),
        ))
        .filter(outbox::corp_id.eq(corp))
        .filter(outbox::mailing_id.eq(round_id))
        .filter(outbox::outbox_id.gt(after))
        .order(outbox::outbox_id)
        .limit(limit)
        .select((outbox::outbox_id, persons::person_id, persons::name, outbox::state, outbox::at))
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
