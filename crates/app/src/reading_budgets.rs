//! 查看额度: how many people's sensitive data one account reads a day, counted with the record of each look, and lifted for a day by
//! somebody else.

use chrono::{DateTime, NaiveTime, Utc};
use domain::{
    PersonId, clock,
    export::is_text,
    policy::{Action, Viewer},
    reading::{self, AlarmKind, Limits, Reading},
};
use store::{
    Scoped,
    access_log::{self, Access, Looks},
    audit, reading_alarms,
    reading_budgets::{self as rows, Count, NewLift, reason_place},
    viewers,
};

pub use store::reading_budgets::Lift;

use crate::{
    App, Error, Page, Result, School, audit as audit_page,
    reasons::{self, Reasoned},
};

/// What words on a page of one's work are read for, in the record of looks.
pub(crate) const WORK: &str = "work";
/// Lifts of a kind for somebody on a day at most, each as much as their budget once more.
const MOST_LIFTS: i64 = 3;

fn may(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Audit) { Ok(()) } else { Err(Error::Forbidden) }
}

fn limits(school: &School, viewer: &Viewer) -> Limits {
    school.reading_budgets.of(viewer.grants.iter().map(|grant| grant.role))
}

fn count(school: &School, viewer: &Viewer, reading: Reading, now: DateTime<Utc>) -> Count {
    Count { corp: school.corp(), member: viewer.member, day: school.today(now), reading }
}

/// Records a look in the transaction that reads the data, and counts it against the viewer's budget: both commit, or neither. The
/// same person again that day is free. Beyond the budget nothing of the transaction stays.
pub(crate) async fn look(
    app: &App,
    school: &School,
    viewer: &Viewer,
    mut tx: Scoped,
    access: Access<'_>,
) -> Result<Scoped> {
    if let Some(reading) = Reading::of_field(access.field) {
        let fields = reading.free_again();
        let since = clock::instant(school.zone, school.today(access.at), NaiveTime::MIN);
        let free =
            fields.contains(&access.field) && access_log::has_looked(&mut tx, access, fields, since).await?;
        if !free {
            tx = spend(app, school, viewer, tx, reading, 1, access.at).await?;
        }
    }
    access_log::insert(&mut tx, app.store().keyring(), access).await?;
    Ok(tx)
}

/// Records of whom a list says by name what stands out or where they are, in the transaction that reads it, and counts them against
/// the viewer's budget: each once a day, however often the list is opened. One's own is no look at somebody.
pub(crate) async fn look_at_list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    mut tx: Scoped,
    (field, purpose): (&str, &str),
    people: Vec<PersonId>,
) -> Result<Scoped> {
    let now = app.now();
    let new = note(app, school, viewer, &mut tx, (field, purpose), people, now).await?;
    match Reading::of_field(field) {
        Some(reading) => spend(app, school, viewer, tx, reading, new, now).await,
        None => Ok(tx),
    }
}

/// Records that what somebody wrote about these people is shown (why they are exempt, what was found out …), in the transaction that
/// reads it: once a day for each, so that a page that is open all day, or read again and again, is one look. It is counted against
/// no budget here: the answer is how many of them are new today. What is about the viewers themselves is no look, and the caller leaves out what the viewer wrote.
pub(crate) async fn note(
    app: &App,
    school: &School,
    viewer: &Viewer,
    tx: &mut Scoped,
    (field, purpose): (&str, &str),
    mut people: Vec<PersonId>,
    now: DateTime<Utc>,
) -> Result<i64> {
    let own = viewer.person.as_ref().map(|person| person.id);
    people.retain(|person| Some(*person) != own);
    let looks = Looks {
        corp: school.corp(),
        viewer: viewer.member,
        people: &people,
        field,
        purpose,
        day: school.today(now),
        at: now,
    };
    Ok(access_log::insert_once(tx, app.store().keyring(), looks).await?)
}

/// Counts so many people in the transaction that reads them, and raises what stands out of it. Beyond the budget nothing of the
/// transaction stays but an alarm of its own.
pub(crate) async fn spend(
    app: &App,
    school: &School,
    viewer: &Viewer,
    mut tx: Scoped,
    reading: Reading,
    people: i64,
    now: DateTime<Utc>,
) -> Result<Scoped> {
    if people == 0 {
        return Ok(tx);
    }
    let count = count(school, viewer, reading, now);
    let limit = limits(school, viewer).get(reading);
    let late = reading::is_at_night(now.with_timezone(&school.zone).time());
    let at_night = if late { people } else { 0 };
    let Some(spent) = rows::spend(&mut tx, count, people, at_night, limit).await? else {
        // Dropped before another is opened: a request that holds two connections may wait for itself.
        drop(tx);
        return Err(refused(app, school, count, limit, now).await?);
    };
    if spent.people >= reading.noticed_from() {
        let usual = rows::usual(&mut tx, count).await?;
        if reading::is_unusual(reading, spent.people, usual) {
            let usual = Some(usual.unwrap_or(0));
            reading_alarms::raise(&mut tx, count, AlarmKind::Unusual, spent.people, usual, now).await?;
        }
    }
    if let Some(kind) = reading::at_night(reading, spent.at_night) {
        reading_alarms::raise(&mut tx, count, kind, spent.at_night, None, now).await?;
    }
    Ok(tx)
}

/// Refuses somebody whose budget of a day is spent already, before work is begun for them.
pub(crate) async fn check(
    app: &App,
    school: &School,
    viewer: &Viewer,
    reading: Reading,
    now: DateTime<Utc>,
) -> Result<()> {
    let count = count(school, viewer, reading, now);
    let limit = limits(school, viewer).get(reading);
    let mut tx = app.store().scoped(school.corp()).await?;
    let (spent, lifted) = (rows::spent(&mut tx, count).await?, rows::lifted(&mut tx, count).await?);
    tx.commit().await?;
    if spent >= limit + lifted { Err(refused(app, school, count, limit, now).await?) } else { Ok(()) }
}

/// What a refusal says; it is itself told to those who audit, once a day unless that was settled.
async fn refused(app: &App, school: &School, count: Count, limit: i64, now: DateTime<Utc>) -> Result<Error> {
    let mut tx = app.store().scoped(count.corp).await?;
    let allowed = limit + rows::lifted(&mut tx, count).await?;
    let spent = rows::spent(&mut tx, count).await?;
    reading_alarms::raise(&mut tx, count, AlarmKind::Refused, spent, Some(allowed), now).await?;
    tx.commit().await?;
    let (corp, kind) = (school.corp(), count.reading.as_str());
    tracing::warn!(corp, kind, "somebody's reading budget of the day is spent");
    Ok(Error::BudgetSpent(spent_words(count.reading, allowed, spent)))
}

/// What is left, what still goes, and who can do something about it: it is read late in the evening by somebody who has to call.
fn spent_words(reading: Reading, allowed: i64, spent: i64) -> String {
    let left = if spent < allowed {
        format!("已用 {spent} 人，不够这一次：请缩小范围，或等明天零点恢复")
    } else if reading.free_again().is_empty() {
        "已经用完，明天零点恢复".to_owned()
    } else {
        "已经用完，明天零点恢复；今天看过的师生还可以再看".to_owned()
    };
    let title = reading.title();
    format!(
        "您今天{title}的额度是 {allowed} 人，{left}。急用请管理员或审计员在“查看告警”页面写明原因、放宽今天的额度"
    )
}

/// Lifts that were given, the newest first; `before` is the last page's `next`. The reading is on record.
pub async fn lifts(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Reasoned<Lift>>> {
    may(viewer)?;
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let found = rows::lifts(&mut tx, school.corp(), before, limit + 1).await?;
    let page = Page::cut(found, limit, |lift| lift.lift_id.to_string());
    audit_page::note_read(&mut tx, viewer, "reading_lifts", page.items.len(), app.now()).await?;
    tx.commit().await?;
    let opened = |row: Lift| -> Result<Reasoned<Lift>> {
        let place = reason_place(school.corp(), &row.reason_row);
        let reason = reasons::shown(app, place, &row.reason)?;
        Ok(Reasoned { row, reason, revoke_reason: None })
    };
    page.try_map(opened)
}

/// Lets whoever has this number read as many people more today as their budget of the kind is. Nobody does so for themselves.
pub async fn lift(
    app: &App,
    school: &School,
    viewer: &Viewer,
    number: &str,
    reading: Reading,
    reason: &str,
) -> Result<i64> {
    may(viewer)?;
    let (number, reason) = (number.trim(), reason.trim());
    if !is_text(reason, 200) {
        return Err(Error::field("reason", "请写明原因，不超过 200 字"));
    }
    let unknown = || Error::field("number", "没有这个学号或工号的账号，请核对");
    if number.is_empty() || number.contains('\0') {
        return Err(unknown());
    }
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let mut given = None;
    for member in audit::members_of(&mut tx, corp, number).await? {
        // Of accounts they had before there is no viewer.
        let Some(reader) = viewers::find(&mut tx, corp, member, school.today(now)).await? else { continue };
        let Some(person) = &reader.person else { continue };
        if viewer.person.as_ref().is_some_and(|own| own.id == person.id) {
            return Err(Error::field("number", "不能放宽自己的额度，请另一位管理员或审计员办理"));
        }
        let people = limits(school, &reader).get(reading);
        if people == 0 {
            return Err(Error::field("reading", "此人的角色没有这一类额度，请核对授权"));
        }
        let count = count(school, &reader, reading, now);
        // Two that lift side by side would both count what neither sees of the other.
        rows::lock_lifts(&mut tx, count).await?;
        if rows::lifted(&mut tx, count).await? >= people * MOST_LIFTS {
            return Err(Error::field("number", "今天已经放宽过三次，请先核实原因"));
        }
        let new = NewLift { count, person: person.id, people, reason, by: viewer.member, at: now };
        given = Some(rows::lift(&mut tx, app.store().keyring(), new).await?);
    }
    let given = given.ok_or_else(unknown)?;
    tx.commit().await?;
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_kind_the_number_and_who_can_lift_it() {
        let words = spent_words(Reading::Phones, 60, 60);
        assert!(words.contains("看手机号") && words.contains("60 人") && words.contains("管理员或审计员"));
        assert!(words.contains("已经用完") && words.contains("还可以再看"));
    }

    #[test]
    fn a_sheet_that_is_too_large_for_what_is_left_says_so_and_promises_no_second_one() {
        let some_left = spent_words(Reading::Exported, 1_000, 999);
        assert!(some_left.contains("已用 999 人") && !some_left.contains("已经用完"));
        let none_left = spent_words(Reading::Exported, 1_000, 1_000);
        assert!(none_left.contains("已经用完") && !none_left.contains("再看"));
    }
}
