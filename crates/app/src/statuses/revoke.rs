//! A change is taken back: what was before it holds again, as far as nothing else has come since.

use domain::{PersonId, place, policy::Viewer, status::Stay};
use serde_json::Value;
use store::{
    Scoped,
    audit::By,
    exemptions::{self, NewExemption},
    grants, members, memberships,
    persons::{self, Subject},
    statuses::{self, Question, Row, Which},
};

use super::{
    act::{self, Exempt, LONG, Snapshot},
    reason_of, scope,
};
use crate::{App, Error, Result, School};

/// Takes a change back, with a reason; the record of it stays. The changes of a person go back last first.
pub async fn revoke(app: &App, school: &School, viewer: &Viewer, id: i64, reason: &str) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let by = By { member: Some(viewer.member), at: now };
    let question = Question { corp, scope: scope(viewer)?, today, kind: None, person: None, revoked: false };
    let reason = reason_of(reason)?;
    let keyring = app.store().keyring();
    let mut tx = app.store().scoped(corp).await?;
    members::lock(&mut tx, corp).await?;
    let held = grants::holding(&mut tx, corp, viewer.member, today).await?;
    let change = statuses::find(&mut tx, &question, id).await?.ok_or(Error::NotFound)?;
    if statuses::has_later(&mut tx, corp, change.person_id, id).await? {
        return Err(Error::field("reason", "此人之后还有别的变动，请先撤销之后的那一条"));
    }
    let everyone = domain::policy::Scope::School;
    let subject = persons::subject(&mut tx, corp, &everyone, change.person_id, today).await?;
    let subject = subject.ok_or(Error::NotFound)?;
    let (before, after) = (snapshot(&change.before)?, snapshot(&change.after)?);
    put_stay_back(&mut tx, corp, &subject, &before, &after).await?;
    put_number_back(&mut tx, app, corp, &subject, &before, &after).await?;
    if let (Some(was), Some(left)) = (&before.places, &after.places) {
        let held = memberships::mains(&mut tx, corp, &[subject.person_id]).await?;
        let held: Vec<_> = held.into_iter().map(|(_, place)| place).collect();
        let places = place::revert(was, left, &held);
        memberships::rewrite(&mut tx, corp, &[(subject.person_id, held, places)]).await?;
    }
    if let Some(ended) = after.stay.and_then(|stay| stay.until).filter(|_| !before.grants.is_empty()) {
        grants::put_back(&mut tx, corp, &Value::Array(before.grants), ended, by).await?;
    }
    if !before.exemptions.is_empty() {
        let day = change.from_date.pred_opt().unwrap_or(change.from_date);
        let held = exemptions::holding(&mut tx, corp, &[subject.person_id], &LONG, day).await?;
        let shortened = held.iter().filter(|held| {
            (after.exemptions.iter()).any(|one| {
                (one.kind.as_str(), one.from, one.until) == (held.kind.as_str(), held.from, held.until)
            })
        });
        let ids: Vec<i64> = shortened.map(|held| held.exemption_id).collect();
        exemptions::revoke_all(&mut tx, keyring, corp, &ids, Some(viewer.member), reason, now).await?;
        let again = again(&mut tx, app, corp, subject.person_id, &before.exemptions).await?;
        exemptions::add(&mut tx, keyring, corp, &again, "manual", Some(viewer.member), now).await?;
    }
    statuses::revoke(&mut tx, keyring, corp, Which::Change(id), viewer.member, reason, now).await?;
    sync::follow::follow(&mut tx, corp, today, by).await?;
    if held.grew_to(&grants::holding(&mut tx, corp, viewer.member, today).await?) {
        return Err(Error::field("reason", "撤销会把您自己的授权还给您，请由其他有权限的人撤销"));
    }
    tx.commit().await?;
    Ok(())
}

/// Exemptions of a snapshot, to be granted again for the reasons they had.
async fn again(
    tx: &mut Scoped,
    app: &App,
    corp: i32,
    person: PersonId,
    were: &[Exempt],
) -> Result<Vec<NewExemption>> {
    let ids: Vec<i64> = were.iter().map(|one| one.exemption).collect();
    let known = act::opened(app, corp, exemptions::by_ids(tx, corp, &ids).await?)?;
    let mut again = Vec::with_capacity(were.len());
    for one in were {
        let known = known.iter().find(|known| known.row.exemption_id == one.exemption);
        let known = known.ok_or(Error::ChangedSince)?;
        again.extend(act::exempt_again(person, one, &known.reason));
    }
    Ok(again)
}

fn snapshot(value: &Value) -> Result<Snapshot> {
    serde_json::from_value(value.clone())
        .map_err(|error| Error::Internal("a change that can't be read".into(), Some(Box::new(error))))
}

async fn put_stay_back(
    tx: &mut Scoped,
    corp: i32,
    subject: &Subject,
    before: &Snapshot,
    after: &Snapshot,
) -> Result<()> {
    let (Some(was), Some(left)) = (before.stay, after.stay) else { return Ok(()) };
    let now = Stay { from: subject.from_date, until: subject.until_date };
    if now != left.into() {
        return Err(Error::ChangedSince);
    }
    Ok(persons::set_stays(tx, corp, &[(subject.person_id, was.into())]).await?)
}

async fn put_number_back(
    tx: &mut Scoped,
    app: &App,
    corp: i32,
    subject: &Subject,
    before: &Snapshot,
    after: &Snapshot,
) -> Result<()> {
    let (Some(was), Some(left)) = (&before.number, &after.number) else { return Ok(()) };
    let taken = persons::taken(tx, corp, &[was.to_lowercase()]).await?;
    if subject.number != *left || taken.iter().any(|(_, owner)| *owner != subject.person_id) {
        return Err(Error::ChangedSince);
    }
    let phone = act::reseal(app.store().keyring(), corp, subject, was)?;
    Ok(persons::renumber(tx, corp, &[(subject.person_id, was.clone(), phone)]).await?)
}

/// What a change says of itself, for whoever reads the list.
impl super::Said {
    /// Reads it from the record.
    pub fn of(row: &Row) -> Self {
        let (before, after) =
            (snapshot(&row.before).unwrap_or_default(), snapshot(&row.after).unwrap_or_default());
        Self {
            number_before: before.number,
            number_after: after.number,
            stay_before: before.stay.map(|stay| (stay.from, stay.until)),
            stay_after: after.stay.map(|stay| (stay.from, stay.until)),
        }
    }
}
