//! Reminders: a rule's or a counsellor's round, one row per person, and the frozen batches that carry them.
//!
//! waiting → frozen (into a batch) → sent, invalid, unlicensed, unknown or failed; or skipped (reported since),
//! expired (no longer of use), unreachable (no active account).

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId};

use crate::{
    Result,
    expected::Question,
    outbox,
    schema::{forms, outbox_batches, persons, reminder_rounds, reminder_rules, reminders},
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

/// What makes a round: at most one of an occasion is ever planned.
#[derive(Debug, Clone)]
pub struct NewRound<'a> {
    /// `rule 3 14:00`, or `member 12 <Idempotency-Key>`.
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

/// Plans a round over the unreported; `None` when the occasion has been planned before.
pub async fn plan(
    conn: &mut AsyncPgConnection,
    question: &Question,
    round: &NewRound<'_>,
) -> Result<Option<Planned>> {
    let inserted: Option<i64> = diesel::insert_into(reminder_rounds::table)
        .values((
            reminder_rounds::corp_id.eq(question.corp),
            reminder_rounds::occasion.eq(round.occasion),
            reminder_rounds::form_id.eq(question.form_id),
            reminder_rounds::day.eq(question.day),
            reminder_rounds::period_day.eq(question.period.day),
            reminder_rounds::slot.eq(question.period.slot),
            reminder_rounds::rule_id.eq(round.rule_id),
            reminder_rounds::by_member.eq(round.by_member),
            reminder_rounds::planned_at.eq(round.at),
        ))
        .on_conflict_do_nothing()
        .returning(reminder_rounds::round_id)
        .get_result(conn)
        .await
        .optional()?;
    let Some(round_id) = inserted else { return Ok(None) };
    let rest = "
      insert into reminders (corp_id, round_id, person_id, member_id, state, useful_until, at)
      select $1, $12, x.person_id, m.member_id,
             case when m.left_on is null and (m.status is null or m.status = 1) and m.member_id is not null
               then 'waiting' else 'unreachable' end, $14, $15
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

/// Settles waiting reminders that must not go out any more: reported since, or no longer of use.
pub async fn drop_needless(conn: &mut AsyncPgConnection, corp: CorpId, now: DateTime<Utc>) -> Result<usize> {
    let sql = "
      update reminders set state = case when reported then 'skipped' else 'expired' end, at = $2
      from (
        select w.reminder_id, w.useful_until <= $2 as expired,
               exists (select from reports r where r.corp_id = $1 and r.form_id = o.form_id
                 and r.day is not distinct from o.period_day and r.slot = o.slot and r.occurrence = 0
                 and r.person_id = w.person_id) as reported
        from reminders w join reminder_rounds o on o.corp_id = w.corp_id and o.round_id = w.round_id
        where w.corp_id = $1 and w.state = 'waiting') needless
      where reminders.corp_id = $1 and reminders.reminder_id = needless.reminder_id and (reported or expired)";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Timestamptz, _>(now).execute(conn).await?)
}

/// Waiting reminders of one round, taken for a batch.
#[derive(Debug, Clone, QueryableByName)]
pub struct Waiting {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub reminder_id: i64,
    /// Its round: all of a batch are of one.
    #[diesel(sql_type = BigInt)]
    pub round_id: i64,
    /// To whom, as WeCom gives it.
    #[diesel(sql_type = Text)]
    pub userid: String,
    /// Of no use after this.
    #[diesel(sql_type = Timestamptz)]
    pub useful_until: DateTime<Utc>,
}

/// What a round's message says.
#[derive(Debug, Clone, Queryable)]
pub struct RoundContent {
    /// The form's code.
    pub form_code: String,
    /// The day it is about.
    pub day: NaiveDate,
    /// For what the answers count.
    pub period_day: Option<NaiveDate>,
    /// Of that day.
    pub slot: i16,
    /// The rule's wording; none: a counsellor asked.
    pub wording: Option<String>,
}

/// How often one member may be sent something (doc 90312): WeCom drops what is more without a word.
#[derive(Debug, Clone, Copy)]
pub struct PerMember {
    /// In a minute.
    pub minute: i64,
    /// In an hour.
    pub hour: i64,
}

/// Rounds with waiting reminders, oldest first.
pub async fn waiting_rounds(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<i64>> {
    Ok(reminders::table
        .filter(reminders::corp_id.eq(corp))
        .filter(reminders::state.eq("waiting"))
        .select(reminders::round_id)
        .distinct()
        .order(reminders::round_id)
        .load(conn)
        .await?)
}

/// Locks up to `limit` waiting reminders of a round for this transaction, without those whose member has had their
/// fill of messages: they stay waiting.
pub async fn take_waiting(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    round_id: i64,
    limit: i64,
    per_member: PerMember,
    now: DateTime<Utc>,
) -> Result<Vec<Waiting>> {
    let sql = "
      select w.reminder_id, w.round_id, m.userid, w.useful_until
      from reminders w join members m on m.corp_id = w.corp_id and m.member_id = w.member_id
      where w.corp_id = $1 and w.state = 'waiting' and w.round_id = $2
        and (select count(*) < $5 and count(*) filter (where s.at > $3 - interval '1 minute') < $4
             from reminders s where s.corp_id = $1 and s.person_id = w.person_id and s.batch_id is not null
               and s.at > $3 - interval '1 hour')
      order by w.reminder_id limit $6 for update of w skip locked";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(round_id)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(per_member.minute)
        .bind::<BigInt, _>(per_member.hour)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// What a round's message says.
pub async fn round_content(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    round_id: i64,
) -> Result<RoundContent> {
    Ok(reminder_rounds::table
        .inner_join(
            forms::table.on(forms::corp_id
                .eq(reminder_rounds::corp_id)
                .and(forms::form_id.eq(reminder_rounds::form_id))),
        )
        .left_join(
            reminder_rules::table.on(reminder_rules::corp_id
                .eq(reminder_rounds::corp_id)
                .and(reminder_rules::rule_id.nullable().eq(reminder_rounds::rule_id))),
        )
        .filter(reminder_rounds::corp_id.eq(corp))
        .filter(reminder_rounds::round_id.eq(round_id))
        .select((
            forms::code,
            reminder_rounds::day,
            reminder_rounds::period_day,
            reminder_rounds::slot,
            reminder_rules::wording.nullable(),
        ))
        .first(conn)
        .await?)
}

/// Puts taken reminders into the batch that carries them.
pub async fn put_into(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    batch_id: i64,
    taken: &[Waiting],
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(
        reminders::table
            .filter(reminders::corp_id.eq(corp))
            .filter(reminders::reminder_id.eq_any(taken.iter().map(|waiting| waiting.reminder_id))),
    )
    .set((reminders::state.eq("frozen"), reminders::batch_id.eq(batch_id), reminders::at.eq(now)))
    .execute(conn)
    .await?;
    Ok(())
}

/// How a batch ended.
#[derive(Debug, Clone)]
pub enum BatchEnd<'a> {
    /// WeCom took it; these (lower-cased) it could not deliver to.
    Sent {
        /// WeCom's id of the message.
        msgid: Option<&'a str>,
        /// Unknown to WeCom or outside the app's range.
        invalid: &'a [String],
        /// Without a licence.
        unlicensed: &'a [String],
    },
    /// No longer of use before it could be tried.
    Expired,
    /// Nobody can say whether WeCom took it.
    Unknown(&'a str),
    /// WeCom refused it.
    Failed(&'a str),
}

/// Records the end of a batch, and of each reminder in it. A batch ends once: a second end changes nothing.
pub async fn finish(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    batch_id: i64,
    end: &BatchEnd<'_>,
    now: DateTime<Utc>,
) -> Result<()> {
    let none: &[String] = &[];
    let (state, msgid, error, invalid, unlicensed) = match end {
        BatchEnd::Sent { msgid, invalid, unlicensed } => ("sent", *msgid, None, *invalid, *unlicensed),
        BatchEnd::Expired => ("expired", None, None, none, none),
        BatchEnd::Unknown(error) => ("unknown", None, Some(*error), none, none),
        BatchEnd::Failed(error) => ("failed", None, Some(*error), none, none),
    };
    let ended = diesel::update(
        outbox_batches::table
            .filter(outbox_batches::corp_id.eq(corp))
            .filter(outbox_batches::batch_id.eq(batch_id))
            .filter(outbox_batches::state.eq("frozen")),
    )
    .set((
        outbox_batches::state.eq(state),
        outbox_batches::msgid.eq(msgid),
        outbox_batches::error.eq(error),
        outbox_batches::finished_at.eq(now),
    ))
    .execute(conn)
    .await?;
    if ended == 0 {
        return Ok(());
    }
    let sql = "
      update reminders set at = $3, state = case
          when m.userid_key = any($5) then 'invalid' when m.userid_key = any($6) then 'unlicensed' else $4 end
      from members m
      where reminders.corp_id = $1 and reminders.batch_id = $2 and m.corp_id = $1 and m.member_id = reminders.member_id";
    diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(batch_id)
        .bind::<Timestamptz, _>(now)
        .bind::<Text, _>(state)
        .bind::<Array<Text>, _>(invalid)
        .bind::<Array<Text>, _>(unlicensed)
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether anything waits to be frozen or sent.
pub async fn outstanding(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<bool> {
    let waiting = diesel::select(diesel::dsl::exists(
        reminders::table.filter(reminders::corp_id.eq(corp)).filter(reminders::state.eq("waiting")),
    ))
    .get_result::<bool>(conn)
    .await?;
    Ok(waiting || !outbox::frozen(conn, corp, 1).await?.is_empty())
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
    Ok(reminder_rounds::table
        .inner_join(
            forms::table.on(forms::corp_id
                .eq(reminder_rounds::corp_id)
                .and(forms::form_id.eq(reminder_rounds::form_id))),
        )
        .filter(reminder_rounds::corp_id.eq(corp))
        .filter(reminder_rounds::round_id.eq(round_id))
        .filter(reminder_rounds::by_member.eq(member))
        .select((forms::code, reminder_rounds::day, reminder_rounds::planned_at))
        .first(conn)
        .await
        .optional()?)
}

/// What became of one reminder of a round.
#[derive(Debug, Clone, Queryable)]
pub struct Outcome {
    /// Order and cursor.
    pub reminder_id: i64,
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
    Ok(reminders::table
        .inner_join(
            persons::table
                .on(persons::corp_id.eq(reminders::corp_id).and(persons::person_id.eq(reminders::person_id))),
        )
        .filter(reminders::corp_id.eq(corp))
        .filter(reminders::round_id.eq(round_id))
        .filter(reminders::reminder_id.gt(after))
        .order(reminders::reminder_id)
        .limit(limit)
        .select((
            reminders::reminder_id,
            reminders::person_id,
            persons::name,
            reminders::state,
            reminders::at,
        ))
        .load(conn)
        .await?)
}

/// How many reminders of a round stand in each state.
pub async fn counts(conn: &mut AsyncPgConnection, corp: CorpId, round_id: i64) -> Result<Vec<(String, i64)>> {
    Ok(reminders::table
        .filter(reminders::corp_id.eq(corp))
        .filter(reminders::round_id.eq(round_id))
        .group_by(reminders::state)
        .select((reminders::state, diesel::dsl::count_star()))
        .load(conn)
        .await?)
}
