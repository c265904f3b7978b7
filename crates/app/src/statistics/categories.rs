//! 分类统计: those who have reported, by what they answered to each counted field, and by department.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    DepartmentId,
    form::{Field, Form},
    policy::{Action, Scope, Viewer},
    statistics::Counts,
};
use store::statistics::{self, By, Tally};

use super::{Asked, cutoff_at, question_of};
use crate::{App, Result, School};

/// What was answered to the counted fields of a form.
#[derive(Debug, Clone)]
pub struct Categories {
    /// The day.
    pub day: NaiveDate,
    /// The slot of the day.
    pub slot: i16,
    /// The hour the day's figures are read.
    pub cutoff_at: DateTime<Utc>,
    /// The hour these were true.
    pub as_of: DateTime<Utc>,
    /// The figures they are a part of.
    pub total: Counts,
    /// The counted fields, in the form's order.
    pub fields: Vec<FieldCategories>,
}

/// What was answered to one of them.
#[derive(Debug, Clone)]
pub struct FieldCategories {
    /// Its name.
    pub field: String,
    /// What people read.
    pub title: String,
    /// Its categories in the form's order, each with what people read, and last those in none, where there are any.
    pub categories: Vec<(Option<String>, String)>,
    /// How many people gave each of them.
    pub total: Vec<i64>,
    /// The same by department, in the directory's order.
    pub rows: Vec<CategoryRow>,
}

/// What was answered in a department.
#[derive(Debug, Clone)]
pub struct CategoryRow {
    /// The department; none: those counted under none of that kind.
    pub department: Option<(DepartmentId, String)>,
    /// How many people gave each category, in the field's order.
    pub people: Vec<i64>,
}

/// The categories of what the viewer may see.
pub async fn categories(
    app: &App,
    school: &School,
    viewer: &Viewer,
    asked: Asked<'_>,
    by: By,
) -> Result<Categories> {
    let mut tx = app.store().reading(school.corp()).await?;
    let found = categories_in(app, &mut tx, school, viewer.scope(Action::SeeStatistics), asked, by).await?;
    tx.commit().await?;
    Ok(found)
}

/// The same in a transaction, for those in a scope.
pub(crate) async fn categories_in(
    app: &App,
    tx: &mut store::Scoped,
    school: &School,
    scope: Scope,
    asked: Asked<'_>,
    by: By,
) -> Result<Categories> {
    let now = app.now();
    let (loaded, question) = question_of(app, tx, school, scope, asked).await?;
    let form = &loaded.published.form;
    let fields: Vec<String> = form.statistics.iter().map(|statistic| statistic.field.clone()).collect();
    let rows = statistics::by(tx, &question, by).await?;
    let tallies = statistics::tally(tx, &question, by, &fields).await?;
    let total = rows.iter().map(|row| row.counts).sum();
    let departments: Vec<_> = rows.into_iter().map(|row| row.department).collect();
    Ok(Categories {
        day: question.day,
        slot: question.period.slot,
        cutoff_at: cutoff_at(school, &loaded, &question, now)?,
        as_of: now,
        total,
        fields: fields.iter().filter_map(|field| of_field(form, field, &tallies, &departments)).collect(),
    })
}

fn of_field(
    form: &Form,
    name: &str,
    tallies: &[Tally],
    departments: &[Option<(DepartmentId, String)>],
) -> Option<FieldCategories> {
    let field = form.field(name)?;
    let mut counted: HashMap<(Option<DepartmentId>, Option<&str>), i64> = HashMap::new();
    let mut sums: HashMap<Option<&str>, i64> = HashMap::new();
    for tally in tallies.iter().filter(|tally| tally.field == name) {
        let category = tally.category.as_deref();
        *counted.entry((tally.department_id, category)).or_default() += tally.people;
        *sums.entry(category).or_default() += tally.people;
    }
    let categories = ordered(form, field, &sums);
    let of = |department: Option<DepartmentId>| {
        let people = |(category, _): &(Option<String>, String)| {
            counted.get(&(department, category.as_deref())).copied().unwrap_or_default()
        };
        categories.iter().map(people).collect::<Vec<i64>>()
    };
    let rows = departments
        .iter()
        .map(|department| CategoryRow {
            people: of(department.as_ref().map(|(id, _)| *id)),
            department: department.clone(),
        })
        .collect();
    let total = categories
        .iter()
        .map(|(category, _)| sums.get(&category.as_deref()).copied().unwrap_or_default())
        .collect();
    Some(FieldCategories { field: name.to_owned(), title: field.title.clone(), categories, total, rows })
}

/// The form's own categories in its order; then those only older versions have, and provinces, by people; then those
/// in none.
fn ordered(form: &Form, field: &Field, sums: &HashMap<Option<&str>, i64>) -> Vec<(Option<String>, String)> {
    let statistic = form.statistics.iter().find(|statistic| statistic.field == field.name);
    let own = statistic.map(|statistic| statistic.titles(&field.kind)).unwrap_or_default();
    let mut others: Vec<(&str, i64)> = sums
        .iter()
        .filter_map(|(category, people)| Some(((*category)?, *people)))
        .filter(|(category, _)| !own.iter().any(|title| title == category))
        .collect();
    others.sort_by(|one, other| (other.1, one.0).cmp(&(one.1, other.0)));
    let title = |category: &str| {
        let choice = field.kind.choices().iter().find(|choice| choice.value == category);
        choice.map_or_else(|| category.to_owned(), |choice| choice.title.clone())
    };
    let mut found: Vec<(Option<String>, String)> = own
        .iter()
        .map(String::as_str)
        .chain(others.iter().map(|(category, _)| *category))
        .map(|category| (Some(category.to_owned()), title(category)))
        .collect();
    if sums.get(&None).is_some_and(|people| *people > 0) {
        found.push((None, "未归类".into()));
    }
    found
}
