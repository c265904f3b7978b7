//! 更正手机号: a wrong number keeps somebody out of WeCom, and who looks after them knows the right one. It goes on the
//! roster at once; into WeCom it goes by a plan an administrator approves, as long as the account is not activated.

use chrono::{DateTime, Utc};
use domain::{
    CorpId, PersonId,
    export::is_text,
    person_field::{PersonField, Said, Source},
    phone,
    policy::{Action, Viewer},
    write_back::{Step as Planned, StepKind},
};
use store::{
    Sealed,
    access_log::{self, Access},
    change_sets::{self, Act},
    members,
    phone_corrections::{self, NewCorrection, Subject, new_place, old_place},
    sealed::Place,
    unreported::phone_place,
    words::Words,
};

pub use store::phone_corrections::Row;

use crate::{
    App, Error, Page, Result, School, person_fields,
    reading_budgets::{self, WORK},
    reasons, write_plans,
};

/// WeCom's `status` of an account that nobody has activated (doc 90196).
const NOT_ACTIVATED: i32 = 4;

/// What became of a correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The number stood already.
    Same,
    /// It is on the roster, and a plan waits that would write it to WeCom.
    Planned(i64),
    /// It is on the roster; there is no account it could be written to.
    NoAccount,
    /// It is on the roster; WeCom lets nobody but its console or the member change the number of this account.
    ByHand,
}

/// Puts somebody's phone right, on record. The old number does not come back with the next roster.
pub async fn correct(
    app: &App,
    school: &School,
    viewer: &Viewer,
    person: PersonId,
    entered: &str,
    reason: &str,
) -> Result<Outcome> {
    let scope = viewer.scope(Action::RevealPhone);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    let entered =
        phone::read(entered).ok_or_else(|| Error::field("phone", "不是电话号码，请填 5 到 20 位数字"))?;
    let reason = reason.trim();
    if !is_text(reason, 200) {
        return Err(Error::field("reason", "请写明更正原因，不超过 200 字"));
    }
    let (corp, now) = (school.corp(), app.now());
    let keyring = app.store().keyring();
    let mut tx = app.store().scoped(corp).await?;
    members::lock(&mut tx, corp).await?;
    let subject = phone_corrections::subject(&mut tx, corp, person, &scope, school.today(now)).await?;
    let subject = subject.ok_or(Error::NotFound)?;
    let place = phone_place(corp, &subject.number);
    let before = subject.phone.as_ref().and_then(|sealed| keyring.open(place, sealed).ok());
    if before.as_deref() == Some(entered.as_bytes()) {
        return Ok(Outcome::Same);
    }
    let outcome = match (&subject.userid, subject.status) {
        (None, _) => Outcome::NoAccount,
        (Some(userid), Some(NOT_ACTIVATED)) if school.mirror.contacts.is_some() => {
            let step = step(&subject, userid, before.as_deref(), &entered);
            Outcome::Planned(write_plans::keep(app, school, &mut tx, &[step], viewer.member, now).await?)
        }
        _ => Outcome::ByHand,
    };
    let change_set = change_sets::begin(&mut tx).await?;
    let word = Said { source: Source::Correction, value: entered.clone(), since: now };
    person_fields::say(&mut tx, keyring, corp, person, PersonField::Phone, word).await?;
    let act = Act {
        kind: "corrections",
        run_id: None,
        title: "更正 1 人的手机号",
        by: Some(viewer.member),
        at: now,
    };
    change_sets::end(&mut tx, corp, change_set, act).await?;
    let key = person.to_string();
    let old = match &before {
        Some(before) => Some(keyring.seal(old_place(corp, &key), before)?),
        None => None,
    };
    let new = NewCorrection {
        corp,
        person,
        old,
        new: keyring.seal(new_place(corp, &key), entered.as_bytes())?,
        reason: words(corp, person, now).seal(keyring, phone_corrections::reason_place, reason)?,
        change_set,
        plan: match outcome {
            Outcome::Planned(plan) => Some(plan),
            _ => None,
        },
        by: viewer.member,
        at: now,
    };
    phone_corrections::add(&mut tx, &new).await?;
    // Whose number it is may know that it was changed. Why stands with the correction, sealed.
    let look = Access {
        corp,
        viewer: viewer.member,
        person,
        field: "phone_correction",
        purpose: "更正手机号",
        at: now,
    };
    access_log::insert(&mut tx, app.store().keyring(), look).await?;
    tx.commit().await?;
    Ok(outcome)
}

fn step(subject: &Subject, userid: &str, before: Option<&[u8]>, after: &str) -> Planned {
    let before = before.map(|phone| phone::mask(&String::from_utf8_lossy(phone))).unwrap_or_default();
    Planned {
        kind: StepKind::SetPhone,
        subject: userid.to_owned(),
        name: subject.account_name.clone().unwrap_or_default(),
        before,
        after: phone::mask(after),
        departments: subject.departments.clone(),
        before_departments: subject.departments.clone(),
        before_name: subject.account_name.clone(),
        needs: None,
        phone: Some(after.to_owned()),
    }
}

/// A correction as it is shown.
#[derive(Clone)]
pub struct Shown {
    /// Whose, by whom and when.
    pub row: Row,
    /// What it was, masked.
    pub old: Option<String>,
    /// What it is, masked.
    pub new: String,
    /// Why.
    pub reason: String,
}

/// Corrections of people whose phone the viewer may see, newest first; `before` is the last page's `next`. Why somebody else put a
/// phone right is a look at whose it is, once a day.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Shown>> {
    let scope = viewer.scope(Action::RevealPhone);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let now = app.now();
    let today = school.today(now);
    let rows = phone_corrections::list(&mut tx, corp, &scope, today, before, limit + 1).await?;
    let page = Page::cut(rows, limit, |row| row.correction_id.to_string());
    let others = |row: &&Row| reasons::are_of_others(viewer, Some(row.made_by_member), false);
    let people = page.items.iter().filter(others).map(|row| row.person_id).collect();
    reading_budgets::note(app, school, viewer, &mut tx, ("phone_correction_reason", WORK), people, now)
        .await?;
    tx.commit().await?;
    page.try_map(|row| {
        let key = row.person_id.to_string();
        let old = match &row.old_phone {
            Some(sealed) => Some(masked(app, old_place(corp, &key), sealed)?),
            None => None,
        };
        let new = masked(app, new_place(corp, &key), &row.new_phone)?;
        let sealed_for = words(corp, row.person_id, row.made_at);
        let reason = sealed_for.open(app.store().keyring(), phone_corrections::reason_place, &row.reason)?;
        Ok(Shown { row, old, new, reason })
    })
}

fn words(corp: CorpId, person: PersonId, at: DateTime<Utc>) -> Words {
    Words { corp, person, at }
}

fn masked(app: &App, place: Place<'_>, sealed: &Sealed) -> Result<String> {
    let opened = app.store().keyring().open(place, sealed)?;
    Ok(phone::mask(&String::from_utf8_lossy(&opened)))
}
