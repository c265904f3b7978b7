//! Publishing: what keeps a draft from it, what it changes for whom, and doing it once.

use domain::{
    form::{
        Form,
        answers::Published,
        difference::{self, Difference},
        schema,
    },
    policy::{Action, Scope, Viewer},
};
use store::{
    Scoped, campaigns,
    campaigns::{Question, Row},
    expected, form_acts, forms, privacy_notices, statistics,
};

use super::{audience, digest, document, find, held, published, question};
use crate::{App, Error, FieldError, Result, School};

/// What keeps a document from being published, by question or part of the form; none: it can be.
pub(super) async fn flaws(
    tx: &mut Scoped,
    school: &School,
    question: &Question,
    row: &Row,
    form: &Form,
) -> Result<Vec<FieldError>> {
    let mut found: Vec<FieldError> = Vec::new();
    if let Err(flaws) = form.check() {
        found.extend(
            flaws.into_iter().map(|flaw| FieldError { field: flaw.field, message: flaw.problem.to_owned() }),
        );
    } else if Published::new(form.clone(), &schema::compile(form)).is_err() {
        // Nobody gets here by the rules there are; should one be missing, nothing is published that can't be answered.
        found.push(FieldError {
            field: "fields".into(),
            message: "这些问题不能生成校验规则，请检查数值和条件".into(),
        });
    }
    if let Some(flaw) = audience::flaw(tx, row.department_id, form).await?
        && !found.iter().any(|known| known.field == flaw.field)
    {
        found.push(flaw);
    }
    if form.is_sensitive()
        && !school.answers_without_notice
        && privacy_notices::newest(tx, question.corp).await?.is_none()
    {
        let message = "有敏感的问题，而学校还没有发布告知书：请管理员先在“告知书”页发布".to_owned();
        found.push(FieldError { field: "notice".into(), message });
    }
    if row.version.is_none() && row.ends_on < question.today {
        let message = "填报时间已经过去，请先设置开始和结束日期".to_owned();
        found.push(FieldError { field: "schedule".into(), message });
    }
    Ok(found)
}

/// What publishing would change, for whom.
#[derive(Debug, Clone)]
pub struct Outlook {
    /// Which document this is about.
    pub digest: String,
    /// Who would be expected today, as far as the viewer sees them.
    pub expected: i64,
    /// Who is by what is published; none: nothing is.
    pub expected_before: Option<i64>,
    /// What differs from what is published; none: nothing is.
    pub difference: Option<Difference>,
}

/// What publishing the draft would change.
pub async fn outlook(app: &App, school: &School, viewer: &Viewer, code: &str) -> Result<Outlook> {
    let question = question(app, school, viewer)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let row = find(&mut tx, &question, code, false).await?;
    if !super::may_edit(&question.scope, row.department_id) {
        return Err(Error::NotFound);
    }
    let scope = viewer.scope(Action::SeeStatistics);
    let (draft, standing) = (document(&row)?, published(&row)?);
    let expected = people(&mut tx, &question, &row, &draft, &scope).await?;
    let expected_before = match &standing {
        Some(standing) => Some(people(&mut tx, &question, &row, standing, &scope).await?),
        None => None,
    };
    tx.commit().await?;
    let difference = standing.map(|standing| difference::between(&standing, &draft));
    Ok(Outlook { digest: digest(&draft)?, expected, expected_before, difference })
}

async fn people(tx: &mut Scoped, question: &Question, row: &Row, form: &Form, scope: &Scope) -> Result<i64> {
    let question = expected::Question {
        corp: question.corp,
        form_id: row.form_id,
        audience: form.audience.clone(),
        day: question.today,
        period: form.cadence.period(question.today, 0),
        scope: scope.clone(),
        under: None,
        person: None,
    };
    Ok(statistics::total(tx, &question).await?.expected)
}

/// Publishes exactly the draft that was seen, as the next version. Gives the newest version, and whether it is a new one:
/// what is published already is not published again.
pub async fn publish(
    app: &App,
    school: &School,
    viewer: &Viewer,
    code: &str,
    seen: &str,
) -> Result<(i32, bool)> {
    let question = question(app, school, viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let row = held(&mut tx, &question, code).await?;
    let draft = document(&row)?;
    if digest(&draft)? != seen {
        return Err(Error::FormChanged);
    }
    if let (None, Some(version)) = (&row.draft, row.version) {
        return Ok((version, false));
    }
    let flaws = flaws(&mut tx, school, &question, &row, &draft).await?;
    if !flaws.is_empty() {
        return Err(Error::Invalid(flaws));
    }
    let version = row.version.unwrap_or(0) + 1;
    let form = Form { version, ..draft };
    let by = Some(viewer.member);
    forms::publish(&mut tx, corp, row.form_id, &form, &schema::compile(&form), by, now).await?;
    forms::keep_draft(&mut tx, corp, row.form_id, None, by, now).await?;
    if row.owner_id.is_none() && row.version.is_none() {
        campaigns::give_owner(&mut tx, corp, row.form_id, viewer.member).await?;
    }
    let act = form_acts::Act {
        form_id: row.form_id,
        code: &row.code,
        act: "published",
        version: Some(version),
        schedule: None,
        by: viewer.member,
        at: now,
    };
    form_acts::note(&mut tx, corp, act).await?;
    tx.commit().await?;
    Ok((version, true))
}
