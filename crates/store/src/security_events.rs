//! Sign-ins and refusals, kept for a while. What is counted is one row a minute.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, MemberId,
    security_event::{Kind, minute},
    session::Channel,
};

use crate::{Result, schema::security_events};

/// Something that happened.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// What.
    pub kind: Kind,
    /// Whose account it was; none: nobody is known.
    pub member: Option<MemberId>,
    /// Which check; empty: it went well.
    pub reason: &'a str,
    /// From where.
    pub channel: Channel,
    /// The network of the address, as `domain::security_event::network` writes it; empty: unknown.
    pub network: &'a str,
    /// Method and route without ids; empty: a sign-in.
    pub operation: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// Records what happened so many times.
pub async fn add(conn: &mut AsyncPgConnection, corp: CorpId, event: Event<'_>, times: i32) -> Result<()> {
    let at = match event.kind {
        Kind::SignInFailed | Kind::Refused => minute(event.at),
        Kind::SignedIn | Kind::FactorPassed | Kind::FactorFailed => event.at,
    };
    let sql = "insert into security_events (corp_id, at, kind, member_id, reason, channel, network, operation, times)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
               on conflict (corp_id, kind, at, reason, channel, network, operation, coalesce(member_id, 0))
                 where kind in ('sign_in_failed', 'refused')
               do update set times = security_events.times + excluded.times";
    diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Timestamptz, _>(at)
        .bind::<Text, _>(event.kind.as_str())
        .bind::<Nullable<BigInt>, _>(event.member)
        .bind::<Text, _>(event.reason)
        .bind::<Text, _>(event.channel.as_str())
        .bind::<Text, _>(event.network)
        .bind::<Text, _>(event.operation)
        .bind::<Integer, _>(times)
        .execute(conn)
        .await?;
    Ok(())
}

/// Wrong codes of an account after `since`.
pub async fn wrong_codes(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    since: DateTime<Utc>,
) -> Result<i64> {
    Ok(security_events::table
        .filter(security_events::corp_id.eq(corp))
        .filter(security_events::member_id.eq(member))
        .filter(security_events::kind.eq(Kind::FactorFailed.as_str()))
        .filter(security_events::at.gt(since))
        .count()
        .get_result(conn)
        .await?)
}

/// Which events.
#[derive(Debug, Clone, Copy, Default)]
pub struct Question {
    /// At or after this.
    pub from: Option<DateTime<Utc>>,
    /// Before this.
    pub until: Option<DateTime<Utc>>,
    /// Only these.
    pub kind: Option<Kind>,
    /// Only of this account.
    pub member: Option<MemberId>,
}

/// An event as it is shown.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its own number.
    #[diesel(sql_type = BigInt)]
    pub event_id: i64,
    /// When; of what is counted, the minute.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// As [`Kind`] writes it.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Whose account.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub member: Option<MemberId>,
    /// Their name, or their account.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// Their number.
    #[diesel(sql_type = Nullable<Text>)]
    pub number: Option<String>,
    /// Which check; empty: it went well.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// `h5` or `pc`.
    #[diesel(sql_type = Text)]
    pub channel: String,
    /// Of the address; empty: unknown.
    #[diesel(sql_type = Text)]
    pub network: String,
    /// Method and route; empty: a sign-in.
    #[diesel(sql_type = Text)]
    pub operation: String,
    /// How many times.
    #[diesel(sql_type = Integer)]
    pub times: i32,
}

/// Events, the newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    question: &Question,
    before: Option<(DateTime<Utc>, i64)>,
    limit: i64,
) -> Result<Vec<Row>> {
    let sql = "select e.event_id, e.at, e.kind, e.member_id as member, coalesce(p.name, m.name, m.userid) as name, p.number,
                 e.reason, e.channel, e.network, e.operation, e.times
               from security_events e
               left join members m on m.corp_id = e.corp_id and m.member_id = e.member_id
               left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
               where e.corp_id = $1 and ($2 is null or e.at >= $2) and ($3 is null or e.at < $3)
                 and ($4 is null or e.kind = $4) and ($5 is null or e.member_id = $5)
                 and ($6 is null or (e.at, e.event_id) < ($6, $7))
               order by e.at desc, e.event_id desc limit $8";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Nullable<Timestamptz>, _>(question.from)
        .bind::<Nullable<Timestamptz>, _>(question.until)
        .bind::<Nullable<Text>, _>(question.kind.map(Kind::as_str))
        .bind::<Nullable<BigInt>, _>(question.member)
        .bind::<Nullable<Timestamptz>, _>(before.map(|(at, _)| at))
        .bind::<BigInt, _>(before.map_or(0, |(_, id)| id))
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// Forgets those before `before`. How many.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: DateTime<Utc>) -> Result<usize> {
    let old = security_events::table
        .filter(security_events::corp_id.eq(corp))
        .filter(security_events::at.lt(before));
    Ok(diesel::delete(old).execute(conn).await?)
}
