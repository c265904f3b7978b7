//! Sign-ins under way: from the redirect to WeCom until the browser is back. Only hashes are kept.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId};

use crate::{
    Result,
    schema::{sign_in_flows, used_codes},
};

/// One sign-in under way.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = sign_in_flows, check_for_backend(diesel::pg::Pg))]
pub struct SignInFlow {
    /// SHA-256 of the `state` WeCom carries.
    pub state_hash: Vec<u8>,
    /// SHA-256 of the cookie that binds the flow to its browser.
    pub binding_hash: Vec<u8>,
    /// The school.
    pub corp_id: CorpId,
    /// Relative path to end on.
    pub return_to: String,
    /// Start.
    pub created_at: DateTime<Utc>,
    /// From here on it counts for nothing.
    pub expires_at: DateTime<Utc>,
    /// When its code was taken for exchange.
    pub used_at: Option<DateTime<Utc>>,
    /// The session it ended in.
    pub session_hash: Option<Vec<u8>>,
    /// The member whose consent it fetches; none: it is a sign-in.
    pub consent_of: Option<MemberId>,
}

/// Begins a flow.
pub async fn insert(conn: &mut AsyncPgConnection, flow: &SignInFlow) -> Result<()> {
    diesel::insert_into(sign_in_flows::table).values(flow).execute(conn).await?;
    Ok(())
}

/// The flow of a state, unless it has expired.
pub async fn find(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    state_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<SignInFlow>> {
    Ok(sign_in_flows::table
        .filter(sign_in_flows::state_hash.eq(state_hash))
        .filter(sign_in_flows::corp_id.eq(corp))
        .filter(sign_in_flows::expires_at.gt(now))
        .select(SignInFlow::as_select())
        .first(conn)
        .await
        .optional()?)
}

/// Takes the flow for exchange; false when another request has taken it before.
pub async fn take(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    state_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<bool> {
    let open = sign_in_flows::table
        .filter(sign_in_flows::state_hash.eq(state_hash))
        .filter(sign_in_flows::corp_id.eq(corp))
        .filter(sign_in_flows::used_at.is_null());
    Ok(diesel::update(open).set(sign_in_flows::used_at.eq(now)).execute(conn).await? == 1)
}

/// Notes the session a flow ended in.
pub async fn finish(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    state_hash: &[u8],
    session_hash: &[u8],
) -> Result<()> {
    let flow = sign_in_flows::table
        .filter(sign_in_flows::state_hash.eq(state_hash))
        .filter(sign_in_flows::corp_id.eq(corp));
    diesel::update(flow).set(sign_in_flows::session_hash.eq(session_hash)).execute(conn).await?;
    Ok(())
}

/// Records a code before its exchange; false when it was seen before, by anyone.
pub async fn use_code(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    code_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<bool> {
    let row =
        (used_codes::corp_id.eq(corp), used_codes::code_hash.eq(code_hash), used_codes::used_at.eq(now));
    Ok(diesel::insert_into(used_codes::table).values(row).on_conflict_do_nothing().execute(conn).await? == 1)
}

/// Forgets what can no longer be used: expired flows, and codes of before `codes_before`.
pub async fn sweep(
    conn: &mut AsyncPgConnection,
    now: DateTime<Utc>,
    codes_before: DateTime<Utc>,
) -> Result<()> {
    diesel::delete(sign_in_flows::table.filter(sign_in_flows::expires_at.le(now))).execute(conn).await?;
    diesel::delete(used_codes::table.filter(used_codes::used_at.lt(codes_before))).execute(conn).await?;
    Ok(())
}
