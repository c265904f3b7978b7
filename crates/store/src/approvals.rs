//! Applications of WeCom (审批) that were read, and the leave they grant.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, PersonId, audit::Act};

use crate::{
    Keyring, Result,
    audit::{self, Event},
    schema::{approvals, exemptions, members},
};

/// An application that was read.
#[derive(Debug, Clone, Queryable)]
pub struct Read {
    /// 审批单号
    pub approval_no: String,
    /// WeCom's.
    pub status: i16,
    /// What came of it.
    pub outcome: String,
    /// When.
    pub read_at: DateTime<Utc>,
}

/// Which of these were read, and what came of them.
pub async fn read(conn: &mut AsyncPgConnection, corp: CorpId, numbers: &[String]) -> Result<Vec<Read>> {
    Ok(approvals::table
        .filter(approvals::corp_id.eq(corp))
        .filter(approvals::approval_no.eq_any(numbers))
        .select((approvals::approval_no, approvals::status, approvals::outcome, approvals::read_at))
        .load(conn)
        .await?)
}

/// Notes what came of an application.
pub async fn note(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    number: &str,
    status: i16,
    outcome: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let row = (approvals::status.eq(status), approvals::outcome.eq(outcome), approvals::read_at.eq(now));
    diesel::insert_into(approvals::table)
        .values((approvals::corp_id.eq(corp), approvals::approval_no.eq(number), row))
        .on_conflict((approvals::corp_id, approvals::approval_no))
        .do_update()
        .set(row)
        .execute(conn)
        .await?;
    Ok(())
}

/// Whose account asked; none: nobody's on the roster.
pub async fn applicant(conn: &mut AsyncPgConnection, corp: CorpId, userid: &str) -> Result<Option<PersonId>> {
    let person: Option<Option<PersonId>> = members::table
        .filter(members::corp_id.eq(corp))
        .filter(members::userid_key.eq(userid.to_lowercase()))
        .select(members::person_id)
        .first(conn)
        .await
        .optional()?;
    Ok(person.flatten())
}

/// Revokes the leave an application had granted. False when it granted none, or it was revoked before.
pub async fn revoke(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    corp: CorpId,
    number: &str,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<bool> {
    let granted: Vec<i64> = exemptions::table
        .filter(exemptions::corp_id.eq(corp))
        .filter(exemptions::approval_no.eq(number))
        .filter(exemptions::revoked_at.is_null())
        .select(exemptions::exemption_id)
        .load(conn)
        .await?;
    let revoked = crate::exemptions::revoke_all(conn, keyring, corp, &granted, None, reason, now).await?;
    if revoked > 0 {
        let ended = |id: &i64| Event::new(corp, Act::ExemptionRevoked, None, now).on("exemption", *id);
        audit::insert_all(conn, corp, granted.iter().map(ended).collect()).await?;
    }
    Ok(revoked > 0)
}

/// Forgets applications read before `before`: they are too old to come up again.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: DateTime<Utc>) -> Result<usize> {
    let old = approvals::table.filter(approvals::corp_id.eq(corp)).filter(approvals::read_at.lt(before));
    Ok(diesel::delete(old).execute(conn).await?)
}
