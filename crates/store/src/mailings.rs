//! Mailings: what is sent at one occasion and what it says. To whom stands in [`crate::outbox`], a row per person.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Integer, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, form::Period};

use crate::{
    Result, Sealed,
    schema::{mailing_contents, mailings},
    sealed::{Place, column},
};

/// Where the content of a mailing stands: `row` is "MAILING VARIANT".
pub fn content_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::MAILING, corp, row }
}

/// What a mailing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// To people who have not reported: nothing is sent to who has by then.
    Reminder,
    /// To those in charge of people who have not reported.
    Escalation,
    /// Anything else.
    Notice,
}

impl Kind {
    fn text(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::Escalation => "escalation",
            Self::Notice => "notice",
        }
    }
}

/// Of which form and turn a mailing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    /// The form.
    pub form_id: i64,
    /// The day whose roster counts.
    pub day: NaiveDate,
    /// For what the answers count.
    pub period: Period,
}

/// A mailing to be planned.
#[derive(Debug, Clone, Copy)]
pub struct NewMailing<'a> {
    /// What it is.
    pub kind: Kind,
    /// At most one of an occasion is ever planned. None: it is keyed by the act it tells of.
    pub occasion: Option<&'a str>,
    /// Of which form; a reminder needs one.
    pub about: Option<About>,
    /// The rule behind it, if any.
    pub rule_id: Option<i64>,
    /// The member who asked for it, if any.
    pub by_member: Option<MemberId>,
    /// Quiet hours do not hold it back: it answers somebody who is awake, or can't wait.
    pub urgent: bool,
    /// Now.
    pub at: DateTime<Utc>,
}

/// Adds the head of a mailing; `None` when its occasion has been planned before.
pub async fn add(conn: &mut AsyncPgConnection, corp: CorpId, mailing: NewMailing<'_>) -> Result<Option<i64>> {
    Ok(diesel::insert_into(mailings::table)
        .values((
            mailings::corp_id.eq(corp),
            mailings::kind.eq(mailing.kind.text()),
            mailings::occasion.eq(mailing.occasion),
            mailings::form_id.eq(mailing.about.map(|about| about.form_id)),
            mailings::day.eq(mailing.about.map(|about| about.day)),
            mailings::period_day.eq(mailing.about.and_then(|about| about.period.day)),
            mailings::slot.eq(mailing.about.map_or(0, |about| about.period.slot)),
            mailings::rule_id.eq(mailing.rule_id),
            mailings::by_member.eq(mailing.by_member),
            mailings::urgent.eq(mailing.urgent),
            mailings::planned_at.eq(mailing.at),
        ))
        .on_conflict_do_nothing()
        .returning(mailings::mailing_id)
        .get_result(conn)
        .await
        .optional()?)
}

/// Whether an occasion has been planned.
pub async fn is_planned(conn: &mut AsyncPgConnection, corp: CorpId, occasion: &str) -> Result<bool> {
    let known = mailings::table.filter(mailings::corp_id.eq(corp)).filter(mailings::occasion.eq(occasion));
    Ok(diesel::select(diesel::dsl::exists(known)).get_result(conn).await?)
}

/// Keeps what a variant of a mailing says.
pub async fn add_content(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    mailing_id: i64,
    variant: &str,
    content: &Sealed,
) -> Result<()> {
    diesel::insert_into(mailing_contents::table)
        .values((
            mailing_contents::corp_id.eq(corp),
            mailing_contents::mailing_id.eq(mailing_id),
            mailing_contents::variant.eq(variant),
            mailing_contents::content.eq(content),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Keeps what many variants of a mailing say.
pub async fn add_contents(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    mailing_id: i64,
    contents: &[(&str, Sealed)],
) -> Result<()> {
    // Ten thousand are a few megabytes.
    for part in contents.chunks(10_000) {
        let sql = "insert into mailing_contents (corp_id, mailing_id, variant, content)
                   select $1, $2, r.* from unnest($3, $4) as r";
        diesel::sql_query(sql)
            .bind::<Integer, _>(corp)
            .bind::<BigInt, _>(mailing_id)
            .bind::<Array<Text>, _>(part.iter().map(|(variant, _)| *variant).collect::<Vec<_>>())
            .bind::<Array<Binary>, _>(part.iter().map(|(_, content)| content.as_bytes()).collect::<Vec<_>>())
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// What a variant of a mailing says.
pub async fn content(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    mailing_id: i64,
    variant: &str,
) -> Result<Sealed> {
    Ok(mailing_contents::table
        .find((corp, mailing_id, variant))
        .select(mailing_contents::content)
        .first(conn)
        .await?)
}

/// Forgets what was said by mailings of before `before` of which nothing has happened since then, and empties the bodies of
/// the batches that ended before it. Who was sent what stays longer. How many of both.
pub async fn forget(conn: &mut AsyncPgConnection, corp: CorpId, before: DateTime<Utc>) -> Result<usize> {
    let mut gone = 0;
    for sql in [
        "delete from mailing_contents c using mailings a
         where c.corp_id = $1 and a.corp_id = $1 and a.mailing_id = c.mailing_id and a.planned_at < $2
           and not exists (select from outbox o where o.corp_id = $1 and o.mailing_id = a.mailing_id
                           and (o.state in ('waiting', 'frozen') or o.at >= $2))",
        "update outbox_batches set body = ''
         where corp_id = $1 and state <> 'frozen' and finished_at < $2 and length(body) > 0",
    ] {
        let query = diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<Timestamptz, _>(before);
        gone += query.execute(conn).await?;
    }
    Ok(gone)
}

/// Addresses a variant of a mailing to accounts by their lower-cased user ids, as far as they are there. How many.
pub async fn address(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    mailing_id: i64,
    variant: &str,
    userids: &[String],
    useful_until: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<usize> {
    let sql = "
      insert into outbox (corp_id, mailing_id, variant, person_id, member_id, state, not_before, useful_until, at)
      select $1, $2, $3, m.person_id, m.member_id, 'waiting', $6, $5, $6
      from members m where m.corp_id = $1 and m.userid_key = any($4) and m.left_on is null
      on conflict do nothing";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(mailing_id)
        .bind::<Text, _>(variant)
        .bind::<Array<Text>, _>(userids)
        .bind::<Timestamptz, _>(useful_until)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?)
}
