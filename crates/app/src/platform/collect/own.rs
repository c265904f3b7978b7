//! What our own records say: the roster and the mirror, visits, reports, the questionnaire on live teaching.

use chrono::{Datelike, Days, NaiveDate};
use domain::{
    form::Cadence,
    platform::{Metric, Source, visit},
    policy::Scope,
};
use store::{
    platform::{NewFigure, visits as seen},
    registration::{self, Question},
};

use super::{Could, days, figure, keep};
use crate::{
    App, Error, Result, School, forms, platform,
    statistics::{Asked, By, categories_in, table_in},
};

/// How far back a day's figures are made up for, where the service was away.
const BACK: u16 = 7;
/// The form that asks teachers how they taught.
const QUESTIONNAIRE: &str = "live-teaching";

/// Who is on the roster and uses WeCom, and how many accounts there are.
pub(super) async fn registration(app: &App, school: &School) -> Result<Could> {
    let (corp, today) = (school.corp(), school.today(app.now()));
    let question = Question { corp, day: today, scope: Scope::School, under: None, kind: None };
    let mut tx = app.store().scoped(corp).await?;
    let rows = registration::by(&mut tx, &question, registration::By::Kind).await?;
    let used = registration::accounts_used(&mut tx, corp).await?;
    tx.commit().await?;
    let sum = |students: bool, of: fn(&registration::Row) -> i64| {
        let rows = rows.iter().filter(|row| (row.name.as_deref() == Some("student")) == students);
        rows.map(of).sum::<i64>()
    };
    let figures = [
        (Metric::StudentsEnrolled, sum(true, |row| row.rostered)),
        (Metric::StudentsActivated, sum(true, |row| row.activated)),
        (Metric::StaffRostered, sum(false, |row| row.rostered)),
        (Metric::StaffActivated, sum(false, |row| row.activated)),
        (Metric::SeatsUsed, used),
        (Metric::SeatsLimit, school.accounts.into()),
    ];
    let figures = figures.map(|(metric, value)| figure(metric, "", today, value));
    keep(app, school, Source::Own, &figures, None).await?;
    Ok(None)
}

/// Who used Rollcall, by part of it and by role.
pub(super) async fn visits(app: &App, school: &School) -> Result<Could> {
    platform::visits::flush(app).await;
    let corp = school.corp();
    for day in days(app, school, Metric::Visitors, Source::Own, BACK).await? {
        let mut tx = app.store().scoped(corp).await?;
        let modules = seen::by_module(&mut tx, corp, day).await?;
        let roles = seen::by_role(&mut tx, corp, day).await?;
        tx.commit().await?;
        // A day on which nobody came may be one before Rollcall was there.
        if day < school.today(app.now()) && roles.is_empty() {
            continue;
        }
        let of_module = |part: &str| match part {
            "" => Metric::Visitors,
            _ => Metric::ModuleVisitors,
        };
        let modules = modules.iter().map(|one| figure(of_module(&one.part), &one.part, day, one.members));
        let roles = roles.iter().map(|one| figure(Metric::RoleVisitors, &one.part, day, one.members));
        keep(app, school, Source::Own, &modules.chain(roles).collect::<Vec<_>>(), None).await?;
    }
    let oldest = school.today(app.now()).checked_sub_days(Days::new(visit::KEPT_DAYS));
    if let Some(oldest) = oldest {
        let mut tx = app.store().scoped(corp).await?;
        seen::sweep(&mut tx, corp, oldest).await?;
        tx.commit().await?;
    }
    Ok(None)
}

/// Who was to report, and who did, of every form that is asked every day.
pub(super) async fn reports(app: &App, school: &School) -> Result<Could> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let mut daily = Vec::new();
    for (campaign, version) in store::forms::list(&mut tx, corp, None).await? {
        let loaded = forms::compiled(app, &campaign, version)?;
        if matches!(loaded.published.form.cadence, Cadence::Daily { .. }) {
            daily.push(campaign);
        }
    }
    tx.commit().await?;
    for day in days(app, school, Metric::ReportsExpected, Source::Own, BACK).await? {
        let mut figures: Vec<NewFigure> = Vec::new();
        for campaign in daily.iter().filter(|form| form.starts_on <= day && day <= form.ends_on) {
            if let Some((expected, reported)) = counts(app, school, &campaign.code, day).await? {
                figures.push(figure(Metric::ReportsExpected, &campaign.code, day, expected));
                figures.push(figure(Metric::ReportsReceived, &campaign.code, day, reported));
            }
        }
        keep(app, school, Source::Own, &figures, None).await?;
    }
    Ok(None)
}

/// Expected and reported of the whole school; none where nobody was asked.
async fn counts(app: &App, school: &School, form: &str, day: NaiveDate) -> Result<Option<(i64, i64)>> {
    let asked = Asked { form, day: Some(day), slot: None, department: None };
    let mut tx = app.store().reading(school.corp()).await?;
    let table = match table_in(app, &mut tx, school, Scope::School, asked, By::College).await {
        Ok((_, table)) => table,
        // The form has no turn on that day, or is gone.
        Err(Error::Invalid(_) | Error::NotFound) => return Ok(None),
        Err(error) => return Err(error),
    };
    tx.commit().await?;
    Ok((table.total.expected > 0).then_some((table.total.expected, table.total.reported)))
}

/// What teachers say of their live teaching, week by week: this one and the one before.
pub(super) async fn questionnaire(app: &App, school: &School) -> Result<Could> {
    let today = school.today(app.now());
    for day in [today.checked_sub_days(Days::new(7)), Some(today)].into_iter().flatten() {
        let Some((_, answered)) = counts(app, school, QUESTIONNAIRE, day).await? else { continue };
        let asked = Asked { form: QUESTIONNAIRE, day: Some(day), slot: None, department: None };
        let mut tx = app.store().reading(school.corp()).await?;
        let found = categories_in(app, &mut tx, school, Scope::School, asked, By::College).await?;
        tx.commit().await?;
        let taught = found.fields.iter().find(|field| field.field == "taught").and_then(|field| {
            let place = field.categories.iter().position(|(code, _)| code.as_deref() == Some("是"))?;
            field.total.get(place).copied()
        });
        let monday = day - Days::new(u64::from(day.weekday().num_days_from_monday()));
        let figures = [
            figure(Metric::LivingAnswers, "", monday, answered),
            figure(Metric::LivingTeachers, "", monday, taught.unwrap_or(0)),
        ];
        keep(app, school, Source::Own, &figures, None).await?;
    }
    Ok(None)
}
