//! Invitations of those who are not activated: a round and a row for each person of it, at most one a day.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId};

use crate::{
    Result,
    registration::Question,
    schema::{invitation_rounds, invitations},
};

/// A round as it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct NewRound<'a> {
    /// Who asks.
    pub by: MemberId,
    /// The Idempotency-Key.
    pub key: &'a str,
    /// Only these; none: everybody the question finds.
    pub people: Option<&'a [PersonId]>,
    /// When.
    pub at: DateTime<Utc>,
}

/// Begins a round. The same key is the same round, which stays as it is. Its number, and the people of it.
pub async fn begin(
    conn: &mut AsyncPgConnection,
    question: &Question,
    new: NewRound<'_>,
) -> Result<(i64, usize)> {
    let added: Option<i64> = diesel::insert_into(invitation_rounds::table)
        .values((
            invitation_rounds::corp_id.eq(question.corp),
            invitation_rounds::request_key.eq(new.key),
            invitation_rounds::made_by.eq(new.by),
            invitation_rounds::made_at.eq(new.at),
        ))
        .on_conflict_do_nothing()
        .returning(invitation_rounds::round_id)
        .get_result(conn)
        .await
        .optional()?;
    let Some(round) = added else {
        let round = invitation_rounds::table
            .filter(invitation_rounds::corp_id.eq(question.corp))
            .filter(invitation_rounds::made_by.eq(new.by))
            .filter(invitation_rounds::request_key.eq(new.key))
            .select(invitation_rounds::round_id)
            .first(conn)
            .await?;
        let people: i64 = invitations::table
            .filter(invitations::corp_id.eq(question.corp))
            .filter(invitations::round_id.eq(round))
            .count()
            .get_result(conn)
            .await?;
        return Ok((round, usize::try_from(people).unwrap_or(0)));
    };
    // Who was invited that day is not again; of two rounds at once, one writes the row and the other leaves it out.
    let sql = "
      insert into invitations (corp_id, round_id, person_id, member_id, day, state, at)
      select $1, $7, r.person_id, r.member_id, $2,
             case when r.member_id is null or r.status = 2 then 'no_account'
                  when exists (select from invitations i where i.corp_id = $1 and i.person_id = r.person_id and i.day = $2
                                 and i.state in ('waiting', 'trying', 'invited', 'unknown')) then 'already'
                  else 'waiting' end, $8
      from not_activated r where $6 is null or r.person_id = any($6)
      on conflict do nothing";
    let people = question
        .not_activated(sql)
        .bind::<Nullable<Array<BigInt>>, _>(new.people.map(<[PersonId]>::to_vec))
        .bind::<BigInt, _>(round)
        .bind::<Timestamptz, _>(new.at)
        .execute(conn)
        .await?;
    Ok((round, people))
}

/// Somebody who is about to be invited.
#[derive(Debug, Clone, QueryableByName)]
pub struct Next {
    /// Who.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Their account.
    #[diesel(sql_type = Text)]
    pub userid: String,
}

/// Settles what needs no call (activated meanwhile, left, or tried before a stop) and notes a try for the next of a round,
/// at most `limit`.
pub async fn next(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    round: i64,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Next>> {
    // A try whose end is not known may have had its effect.
    let settle = "
      update invitations i set at = $3,
        state = case when i.state = 'trying' then 'unknown' when m.left_on is not null or m.status = 2 then 'no_account'
                     else 'already' end
      from members m
      where i.corp_id = $1 and i.round_id = $2 and m.corp_id = i.corp_id and m.member_id = i.member_id
        and (i.state = 'trying' or i.state = 'waiting' and (m.left_on is not null or m.status in (1, 2)))";
    diesel::sql_query(settle)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(round)
        .bind::<Timestamptz, _>(now)
        .execute(conn)
        .await?;
    let take = "
      update invitations i set state = 'trying', at = $3
      from members m
      where m.corp_id = i.corp_id and m.member_id = i.member_id and i.corp_id = $1 and i.round_id = $2
        and i.person_id in (select person_id from invitations where corp_id = $1 and round_id = $2 and state = 'waiting'
                            order by person_id limit $4)
      returning i.person_id, m.userid";
    Ok(diesel::sql_query(take)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(round)
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// Records what became of people who were tried.
pub async fn record(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    round: i64,
    people: &[PersonId],
    state: &str,
    message: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(invitations::table)
        .filter(invitations::corp_id.eq(corp))
        .filter(invitations::round_id.eq(round))
        .filter(invitations::person_id.eq_any(people))
        .filter(invitations::state.eq("trying"))
        .set((invitations::state.eq(state), invitations::message.eq(message), invitations::at.eq(now)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Rounds that are not over.
pub async fn open(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<i64>> {
    Ok(invitations::table
        .filter(invitations::corp_id.eq(corp))
        .filter(invitations::state.eq_any(["waiting", "trying"]))
        .select(invitations::round_id)
        .distinct()
        .load(conn)
        .await?)
}

/// When a member's own round was begun.
pub async fn own_round(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    round: i64,
) -> Result<Option<DateTime<Utc>>> {
    Ok(invitation_rounds::table
        .filter(invitation_rounds::corp_id.eq(corp))
        .filter(invitation_rounds::round_id.eq(round))
        .filter(invitation_rounds::made_by.eq(member))
        .select(invitation_rounds::made_at)
        .first(conn)
        .await
        .optional()?)
}

/// How many of a round stand in each state.
pub async fn counts(conn: &mut AsyncPgConnection, corp: CorpId, round: i64) -> Result<Vec<(String, i64)>> {
    Ok(invitations::table
        .filter(invitations::corp_id.eq(corp))
        .filter(invitations::round_id.eq(round))
        .group_by(invitations::state)
        .order(invitations::state)
        .select((invitations::state, diesel::dsl::count_star()))
        .load(conn)
        .await?)
}

/// What became of somebody.
#[derive(Debug, Clone, QueryableByName)]
pub struct Outcome {
    /// Who.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// See the table.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// Why it failed.
    #[diesel(sql_type = Nullable<Text>)]
    pub message: Option<String>,
}

/// People of a round who are in the scope of the question, by number, after `after`.
pub async fn outcomes(
    conn: &mut AsyncPgConnection,
    question: &Question,
    round: i64,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Outcome>> {
    let rest = " select i.person_id, r.number, r.name, i.state, i.message from rostered r
                 join invitations i on i.corp_id = $1 and i.round_id = $6 and i.person_id = r.person_id
                 where $7 is null or r.number > $7 order by r.number limit $8";
    let query = question
        .rostered(rest)
        .bind::<BigInt, _>(round)
        .bind::<Nullable<Text>, _>(after.map(str::to_owned))
        .bind::<BigInt, _>(limit);
    Ok(query.load(conn).await?)
}

/// Of these people, who was invited on a day.
pub async fn invited_on(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    people: &[PersonId],
    day: NaiveDate,
) -> Result<Vec<PersonId>> {
    #[derive(QueryableByName)]
    struct Invited {
        #[diesel(sql_type = BigInt)]
        person_id: PersonId,
    }
    let sql = "select person_id from invitations where corp_id = $1 and person_id = any($2) and day = $3
               and state in ('waiting', 'trying', 'invited', 'unknown')";
    let rows: Vec<Invited> = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<BigInt>, _>(people)
        .bind::<Date, _>(day)
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(|row| row.person_id).collect())
}
