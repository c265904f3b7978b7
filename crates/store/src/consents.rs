//! When members let WeCom show us what it withholds, and when they took it back.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId};

use crate::{Result, schema::consents};

/// Notes a consent and which fields came of it.
pub async fn give(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    member: MemberId,
    fields: &[&str],
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(consents::table)
        .values((
            consents::corp_id.eq(corp),
            consents::person_id.eq(person),
            consents::member_id.eq(member),
            consents::fields.eq(fields),
            consents::given_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// When the consent that holds was last given.
pub async fn standing(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
) -> Result<Option<DateTime<Utc>>> {
    Ok(consents::table
        .filter(consents::corp_id.eq(corp))
        .filter(consents::person_id.eq(person))
        .filter(consents::withdrawn_at.is_null())
        .select(diesel::dsl::max(consents::given_at))
        .first(conn)
        .await?)
}

/// Notes that a person takes back what they gave.
pub async fn withdraw(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    now: DateTime<Utc>,
) -> Result<()> {
    let standing = consents::table
        .filter(consents::corp_id.eq(corp))
        .filter(consents::person_id.eq(person))
        .filter(consents::withdrawn_at.is_null());
    diesel::update(standing).set(consents::withdrawn_at.eq(now)).execute(conn).await?;
    Ok(())
}
