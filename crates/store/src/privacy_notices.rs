//! 告知书: what people are told before their first answer, version by version, and who agreed to which.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Bool, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId};

use crate::{
    Result,
    prepared::prepared,
    schema::{notice_agreements, privacy_notices},
};

/// A version as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Queryable)]
pub struct Notice {
    /// Counts up.
    pub version: i32,
    /// What they are told.
    pub text: String,
    /// On what basis their data is processed.
    pub legal_basis: String,
    /// Whether that is their consent: whoever takes it back has what they answered erased.
    pub rests_on_consent: bool,
    /// Since when it holds.
    pub published_at: DateTime<Utc>,
}

/// The version that holds.
pub async fn newest(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Option<Notice>> {
    Ok(privacy_notices::table
        .filter(privacy_notices::corp_id.eq(corp))
        .order(privacy_notices::version.desc())
        .select((
            privacy_notices::version,
            privacy_notices::text,
            privacy_notices::legal_basis,
            privacy_notices::rests_on_consent,
            privacy_notices::published_at,
        ))
        .first(conn)
        .await
        .optional()?)
}

/// Publishes a version; false when somebody was faster with it.
pub async fn publish(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    notice: &Notice,
    by: MemberId,
) -> Result<bool> {
    let added = diesel::insert_into(privacy_notices::table)
        .values((
            privacy_notices::corp_id.eq(corp),
            privacy_notices::version.eq(notice.version),
            privacy_notices::text.eq(&notice.text),
            privacy_notices::legal_basis.eq(&notice.legal_basis),
            privacy_notices::rests_on_consent.eq(notice.rests_on_consent),
            privacy_notices::by_member.eq(by),
            privacy_notices::published_at.eq(notice.published_at),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(added == 1)
}

/// A version as administrators see it.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Counts up.
    #[diesel(sql_type = Integer)]
    pub version: i32,
    /// What people are told.
    #[diesel(sql_type = Text)]
    pub text: String,
    /// On what basis.
    #[diesel(sql_type = Text)]
    pub legal_basis: String,
    /// Whether that is their consent.
    #[diesel(sql_type = Bool)]
    pub rests_on_consent: bool,
    /// Since when.
    #[diesel(sql_type = Timestamptz)]
    pub published_at: DateTime<Utc>,
    /// Who published it.
    #[diesel(sql_type = Text)]
    pub by_name: String,
    /// How many agree to it.
    #[diesel(sql_type = BigInt)]
    pub agreed: i64,
}

/// Versions, the newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: Option<i32>,
    limit: i64,
) -> Result<Vec<Row>> {
    Ok(diesel::sql_query(
        "select n.version, n.text, n.legal_basis, n.rests_on_consent, n.published_at, coalesce(p.name, m.name, m.userid) as by_name,
           (select count(*) from notice_agreements a
            where a.corp_id = n.corp_id and a.version = n.version and a.withdrawn_at is null) as agreed
         from privacy_notices n
         join members m on m.corp_id = n.corp_id and m.member_id = n.by_member
         left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
         where n.corp_id = $1 and ($2 is null or n.version < $2)
         order by n.version desc limit $3",
    )
    .bind::<Integer, _>(corp)
    .bind::<Nullable<Integer>, _>(before)
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await?)
}

/// When somebody agreed to a version, if that stands.
pub async fn agreed_at(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    version: i32,
) -> Result<Option<DateTime<Utc>>> {
    Ok(notice_agreements::table
        .filter(notice_agreements::corp_id.eq(corp))
        .filter(notice_agreements::person_id.eq(person))
        .filter(notice_agreements::version.eq(version))
        .filter(notice_agreements::withdrawn_at.is_null())
        .select(notice_agreements::agreed_at)
        .first(conn)
        .await
        .optional()?)
}

/// What somebody said to the version that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// They agree.
    Given,
    /// Nothing yet, or they took it back.
    Awaited,
    /// There is nothing to agree to: none was ever published.
    Nothing,
}

#[derive(QueryableByName)]
struct Said {
    #[diesel(sql_type = Nullable<Bool>)]
    agreed: Option<bool>,
}

/// What [`word`] runs.
pub const WORD: &str = "
  select (
    select exists (
      select from notice_agreements a
      where a.corp_id = n.corp_id and a.person_id = $2 and a.version = n.version and a.withdrawn_at is null)
    from privacy_notices n
    where n.corp_id = $1 and n.version = (select max(version) from privacy_notices where corp_id = $1)
  ) as agreed";

/// What somebody said to the version that holds.
pub async fn word(mut conn: &AsyncPgConnection, corp: CorpId, person: PersonId) -> Result<Word> {
    let row: Said =
        prepared(WORD).bind::<Integer, _>(corp).bind::<BigInt, _>(person).get_result(&mut conn).await?;
    Ok(match row.agreed {
        Some(true) => Word::Given,
        Some(false) => Word::Awaited,
        None => Word::Nothing,
    })
}

/// Notes that somebody agrees to a version; once more changes nothing.
pub async fn agree(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    version: i32,
    locale: &str,
    at: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(notice_agreements::table)
        .values((
            notice_agreements::corp_id.eq(corp),
            notice_agreements::person_id.eq(person),
            notice_agreements::version.eq(version),
            notice_agreements::locale.eq(locale),
            notice_agreements::agreed_at.eq(at),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

#[derive(QueryableByName)]
struct OnConsent {
    #[diesel(sql_type = Nullable<Bool>)]
    on_consent: Option<bool>,
}

/// Whether something that came under somebody's consent is kept, or can come, while a word of theirs stands; none: none stands.
pub async fn stands_on_consent(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
) -> Result<Option<bool>> {
    let standing: OnConsent = diesel::sql_query(
        "select case when bool_or(a.withdrawn_at is null) then bool_or(n.rests_on_consent and a.erased_at is null) end as on_consent
         from notice_agreements a
         join privacy_notices n on n.corp_id = a.corp_id and n.version = a.version
         where a.corp_id = $1 and a.person_id = $2",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(person)
    .get_result(conn)
    .await?;
    Ok(standing.on_consent)
}

/// Notes that somebody takes back what they agreed to; false where nothing stood.
pub async fn withdraw(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    at: DateTime<Utc>,
) -> Result<bool> {
    let standing = notice_agreements::table
        .filter(notice_agreements::corp_id.eq(corp))
        .filter(notice_agreements::person_id.eq(person))
        .filter(notice_agreements::withdrawn_at.is_null());
    let ended = diesel::update(standing).set(notice_agreements::withdrawn_at.eq(at)).execute(conn).await?;
    Ok(ended > 0)
}
