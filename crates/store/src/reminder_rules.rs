//! Rules of reminders, and what was done to them.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Bool, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, audit, reminder::Rule};
use serde_json::{Value, json};

use crate::{
    Error, Result,
    audit::{Event, insert as record},
    schema::{reminder_rule_acts, reminder_rules},
};

/// A rule as it stands.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub rule_id: i64,
    /// The form.
    #[diesel(sql_type = BigInt)]
    pub form_id: i64,
    /// The form's code.
    #[diesel(sql_type = Text)]
    pub form_code: String,
    /// What people read of the form; none: it was never published.
    #[diesel(sql_type = Nullable<Text>)]
    pub form_title: Option<String>,
    /// What people call the rule.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The document.
    #[diesel(sql_type = Jsonb)]
    pub definition: Value,
    /// `active`, `paused` or `ended`.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// Counts up with each change.
    #[diesel(sql_type = Integer)]
    pub revision: i32,
    /// Whether a round of it was ever planned.
    #[diesel(sql_type = Bool)]
    pub used: bool,
}

impl Row {
    /// The document, read.
    pub fn rule(&self) -> Result<Rule> {
        read(&self.definition)
    }
}

fn read(definition: &Value) -> Result<Rule> {
    serde_json::from_value(definition.clone()).map_err(|_| Error::Unexpected("reminder_rules.definition"))
}

fn written(rule: &Rule) -> Result<Value> {
    serde_json::to_value(rule).map_err(|_| Error::Unexpected("reminder_rules.definition"))
}

const ROWS: &str = "
  select r.rule_id, r.form_id, f.code as form_code,
         (select v.title from form_versions v where v.corp_id = r.corp_id and v.form_id = r.form_id
          order by v.version desc limit 1) as form_title,
         r.name, r.definition, r.state, r.revision,
         exists (select from mailings m where m.corp_id = r.corp_id and m.rule_id = r.rule_id) as used
  from reminder_rules r join forms f on f.corp_id = r.corp_id and f.form_id = r.form_id
  where r.corp_id = $1";

/// Rules, the oldest first: of one form or of all, `active` ones alone or all, after `after`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form: Option<&str>,
    active: bool,
    after: i64,
    limit: i64,
) -> Result<Vec<Row>> {
    let sql = format!(
        "{ROWS} and ($2 is null or f.code = $2) and (not $3 or r.state = 'active') and r.rule_id > $4
         order by r.rule_id limit $5"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Nullable<Text>, _>(form)
        .bind::<Bool, _>(active)
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// One of them; `locked`: held until the transaction ends.
pub async fn find(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rule_id: i64,
    locked: bool,
) -> Result<Option<Row>> {
    let lock = if locked { " for update of r" } else { "" };
    Ok(diesel::sql_query(format!("{ROWS} and r.rule_id = $2{lock}"))
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(rule_id)
        .get_result(conn)
        .await
        .optional()?)
}

/// The rule of this name among a form's.
pub async fn named(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    name: &str,
) -> Result<Option<Row>> {
    Ok(diesel::sql_query(format!("{ROWS} and r.form_id = $2 and r.name = $3"))
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(form_id)
        .bind::<Text, _>(name)
        .get_result(conn)
        .await
        .optional()?)
}

/// Adds a rule; none when the form has one of that name.
pub async fn add(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    name: &str,
    rule: &Rule,
) -> Result<Option<i64>> {
    Ok(diesel::insert_into(reminder_rules::table)
        .values((
            reminder_rules::corp_id.eq(corp),
            reminder_rules::form_id.eq(form_id),
            reminder_rules::name.eq(name),
            reminder_rules::definition.eq(written(rule)?),
        ))
        .on_conflict_do_nothing()
        .returning(reminder_rules::rule_id)
        .get_result(conn)
        .await
        .optional()?)
}

/// Changes what a rule is.
pub async fn change(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rule_id: i64,
    name: &str,
    rule: &Rule,
) -> Result<()> {
    diesel::update(reminder_rules::table.find((corp, rule_id)))
        .set((
            reminder_rules::name.eq(name),
            reminder_rules::definition.eq(written(rule)?),
            reminder_rules::revision.eq(reminder_rules::revision + 1),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Changes whether a rule is at work.
pub async fn set_state(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rule_id: i64,
    state: &'static str,
) -> Result<()> {
    diesel::update(reminder_rules::table.find((corp, rule_id)))
        .set(reminder_rules::state.eq(state))
        .execute(conn)
        .await?;
    Ok(())
}

/// Removes a rule of which no round was ever planned.
pub async fn remove(conn: &mut AsyncPgConnection, corp: CorpId, rule_id: i64) -> Result<()> {
    diesel::delete(reminder_rules::table.find((corp, rule_id))).execute(conn).await?;
    Ok(())
}

/// Something that is done to a rule.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// Which.
    pub rule_id: i64,
    /// `created`, `changed`, `paused`, `resumed`, `ended` or `deleted`.
    pub act: &'static str,
    /// What the rule is called since then.
    pub name: &'a str,
    /// What it is since then.
    pub rule: &'a Rule,
    /// Who; none: it came with Rollcall.
    pub by: Option<MemberId>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Notes it, here and in the audit.
pub async fn note(conn: &mut AsyncPgConnection, corp: CorpId, act: Act<'_>) -> Result<()> {
    diesel::insert_into(reminder_rule_acts::table)
        .values((
            reminder_rule_acts::corp_id.eq(corp),
            reminder_rule_acts::rule_id.eq(act.rule_id),
            reminder_rule_acts::act.eq(act.act),
            reminder_rule_acts::name.eq(act.name),
            reminder_rule_acts::definition.eq(written(act.rule)?),
            reminder_rule_acts::by_member.eq(act.by),
            reminder_rule_acts::at.eq(act.at),
        ))
        .execute(conn)
        .await?;
    let event = Event::new(corp, audit::Act::ReminderRuleChanged, act.by, act.at);
    record(conn, event.on("reminder_rule", act.rule_id).saying(json!({ "act": act.act }))).await
}

/// An act, to be read.
#[derive(Debug, Clone, QueryableByName)]
pub struct ActRow {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub act_id: i64,
    /// What was done.
    #[diesel(sql_type = Text)]
    pub act: String,
    /// What the rule is called since then.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What it is since then.
    #[diesel(sql_type = Jsonb)]
    pub definition: Value,
    /// What it was called before; none: it was not there.
    #[diesel(sql_type = Nullable<Text>)]
    pub name_before: Option<String>,
    /// What it was before.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub definition_before: Option<Value>,
    /// Who.
    #[diesel(sql_type = Nullable<Text>)]
    pub by_name: Option<String>,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

impl ActRow {
    /// What the rule is since then.
    pub fn rule(&self) -> Result<Rule> {
        read(&self.definition)
    }

    /// What it was before.
    pub fn rule_before(&self) -> Result<Option<Rule>> {
        self.definition_before.as_ref().map(read).transpose()
    }
}

/// What was done to a rule, newest first, before the act `before`.
pub async fn acts(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rule_id: i64,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<ActRow>> {
    let sql = "
      select a.act_id, a.act, a.name, a.definition, b.name as name_before, b.definition as definition_before,
             coalesce(p.name, m.name, m.userid) as by_name, a.at
      from reminder_rule_acts a
      left join lateral (
        select b.name, b.definition from reminder_rule_acts b
        where b.corp_id = a.corp_id and b.rule_id = a.rule_id and b.act_id < a.act_id
        order by b.act_id desc limit 1) b on true
      left join members m on m.corp_id = a.corp_id and m.member_id = a.by_member
      left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
      where a.corp_id = $1 and a.rule_id = $2 and ($3 is null or a.act_id < $3)
      order by a.act_id desc limit $4";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(rule_id)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// A round of a rule, and how many of its messages stand in one state.
#[derive(Debug, Clone, QueryableByName)]
pub struct RoundRow {
    /// The round.
    #[diesel(sql_type = BigInt)]
    pub mailing_id: i64,
    /// Which occasion of the rule.
    #[diesel(sql_type = Text)]
    pub occasion: String,
    /// When it was planned.
    #[diesel(sql_type = Timestamptz)]
    pub planned_at: DateTime<Utc>,
    /// A state; none: nobody was in it.
    #[diesel(sql_type = Nullable<Text>)]
    pub state: Option<String>,
    /// How many stand in it.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
}

/// The rounds of a rule, newest first, before the round `before`: at most `limit` of them, a row for each state.
pub async fn rounds(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rule_id: i64,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<RoundRow>> {
    let sql = "
      with page as (
        select mailing_id, occasion, planned_at from mailings
        where corp_id = $1 and rule_id = $2 and occasion is not null and ($3 is null or mailing_id < $3)
        order by mailing_id desc limit $4)
      select p.mailing_id, p.occasion, p.planned_at, o.state, count(o.outbox_id) as people
      from page p left join outbox o on o.corp_id = $1 and o.mailing_id = p.mailing_id
      group by p.mailing_id, p.occasion, p.planned_at, o.state
      order by p.mailing_id desc, o.state";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(rule_id)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// Whether there was never a rule of this name that came with Rollcall.
pub async fn is_new(conn: &mut AsyncPgConnection, corp: CorpId, name: &str) -> Result<bool> {
    let known = reminder_rule_acts::table
        .filter(reminder_rule_acts::corp_id.eq(corp))
        .filter(reminder_rule_acts::name.eq(name))
        .filter(reminder_rule_acts::by_member.is_null());
    Ok(!diesel::select(diesel::dsl::exists(known)).get_result::<bool>(conn).await?)
}
