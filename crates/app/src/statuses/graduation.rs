//! 毕业: a year or a class leaves together, looked at first by class.

use std::collections::HashSet;

use chrono::NaiveDate;
use domain::{
    DepartmentId, clock,
    policy::Viewer,
    status::{Change, StatusLine},
};
use store::{
    change_sets::{self, Act},
    members, persons,
};

use super::{
    act::{self, By, Wanted},
    reason_of, scope,
};
use crate::{App, Error, Result, School};

/// Who leaves, when and why.
#[derive(Debug, Clone, Copy)]
pub struct Graduation<'a> {
    /// Year of entry.
    pub grade: Option<i16>,
    /// College, grade or class.
    pub department: Option<DepartmentId>,
    /// The first day they are no longer expected.
    pub on: NaiveDate,
    /// Whether they complete without a degree (结业) rather than graduate.
    pub completion: bool,
    /// Why.
    pub reason: &'a str,
    /// Numbers of those who stay.
    pub except: &'a [String],
}

/// Who leaves, by class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graduates {
    /// Classes and how many of each leave; none: those without a class.
    pub classes: Vec<(Option<String>, usize)>,
    /// All of them.
    pub people: usize,
    /// Those who stay by name.
    pub excepted: usize,
    /// Under which number it can be undone.
    pub change_set: Option<i64>,
}

/// Lets a year, a college, a grade or a class leave on a day. With `write` false it is only counted.
pub async fn graduate(
    app: &App,
    school: &School,
    viewer: &Viewer,
    asked: Graduation<'_>,
    write: bool,
) -> Result<Graduates> {
    let scope = scope(viewer)?;
    if asked.grade.is_none() && asked.department.is_none() {
        return Err(Error::field("grade", "请选择年级或班级"));
    }
    if clock::parse_day(&asked.on.to_string()).is_none() {
        return Err(Error::field("on", "请填 1900 到 2199 年之间的日期，例如 2020-07-01"));
    }
    let reason = if write { reason_of(asked.reason)? } else { asked.reason };
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    members::lock(&mut tx, corp).await?;
    let students = persons::students(&mut tx, corp, &scope, asked.grade, asked.department, asked.on).await?;
    let except: HashSet<String> = (asked.except.iter().map(|number| number.trim().to_lowercase()))
        .filter(|number| !number.is_empty())
        .collect();
    let known: HashSet<String> = students.iter().map(|one| one.number.to_lowercase()).collect();
    if let Some(stranger) = except.iter().find(|number| !known.contains(*number)) {
        return Err(Error::field("except", format!("“{stranger}”不在这次毕业的学生里，请核对")));
    }
    let mut graduates = Graduates { excepted: except.len(), ..Graduates::default() };
    let change = if asked.completion { Change::Completion } else { Change::Graduation };
    let mut wanted = Vec::with_capacity(students.len());
    for subject in students {
        if except.contains(&subject.number.to_lowercase()) {
            continue;
        }
        match graduates.classes.last_mut() {
            Some((place, count)) if *place == subject.place => *count += 1,
            _ => graduates.classes.push((subject.place.clone(), 1)),
        }
        let line = StatusLine {
            line: 0,
            number: subject.number.clone(),
            change,
            from: asked.on,
            until: None,
            place: None,
            new_number: None,
            reason: reason.to_owned(),
        };
        wanted.push(Wanted { subject, line, department: None });
    }
    graduates.people = wanted.len();
    if !write || wanted.is_empty() {
        return Ok(graduates);
    }
    let changes = change_sets::begin(&mut tx).await?;
    let by = By::new(app, school, viewer, "graduation", Some(changes));
    if act::apply(&mut tx, app, school, wanted, by).await?.is_err() {
        return Err(Error::internal("students who were chosen can't leave"));
    }
    let title = format!("{} {} 人，{} 起", change.title(), graduates.people, asked.on);
    let act = Act { kind: "statuses", run_id: None, title: &title, by: Some(viewer.member), at: now };
    let kept = change_sets::end(&mut tx, corp, changes, act).await?;
    tx.commit().await?;
    tracing::info!(corp, people = graduates.people, "students leave");
    graduates.change_set = kept.then_some(changes);
    Ok(graduates)
}
