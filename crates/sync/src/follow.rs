//! What follows from a changed directory or roster: who belongs to which account, where people are counted, and
//! what leaders may do.

use chrono::NaiveDate;
use domain::{
    CorpId,
    department::{Kind, leader_role},
};
use store::{AsyncPgConnection, Result, audit::By, grants, memberships, persons};

/// The end of a grant that ends with the leadership it comes from.
const NO_END: NaiveDate = NaiveDate::from_ymd_opt(9999, 12, 31).expect("a date");

/// How many rows changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Followed {
    /// Accounts that were linked to a person.
    pub linked: usize,
    /// Memberships of people with an account.
    pub memberships: memberships::Moved,
    /// Grants of leaders.
    pub grants: grants::Changed,
}

/// Brings persons, memberships and leaders' grants in line with the mirror, inside the caller's transaction. What it gives and ends
/// is on record as done `by` whoever changed what it follows. Writes nothing where nothing changed.
pub async fn follow(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    today: NaiveDate,
    by: By,
) -> Result<Followed> {
    let linked = persons::link(conn, corp).await?;
    let memberships = memberships::follow_directory(conn, corp, today).await?;
    let roles: Vec<(&str, &str)> = [Kind::School, Kind::College, Kind::Grade, Kind::Class, Kind::Office]
        .into_iter()
        .filter_map(|kind| leader_role(kind).map(|role| (kind.as_str(), role.as_str())))
        .collect();
    let mut grants = grants::follow_directory(conn, corp, &roles, NO_END, today, by).await?;
    grants.ended += grants::end_with_stay(conn, corp, by).await?;
    Ok(Followed { linked, memberships, grants })
}
