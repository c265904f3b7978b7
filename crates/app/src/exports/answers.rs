//! What people answered, as a sheet has it: a column a question. Whom it names finds the export among the looks at their data.

use std::collections::{HashMap, hash_map::Entry};

use domain::{
    PersonId,
    export::{Dataset, Definition},
    form::{Field, FieldKind, answers::Answers},
    policy::{Action, Viewer},
};
use store::{
    Scoped,
    expected::Question as Expected,
    reports::{self, Key},
};

use super::{Cell, cells::text};
use crate::{App, Error, FieldError, Result, School, forms, retention::shown_after, statistics::PersonRow};

/// What stands for an answer, and for why somebody is exempt, where nobody is told of the look.
pub(super) const HIDDEN: &str = "（导出后可见）";

/// A question that can be a column.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its name.
    pub field: String,
    /// What people read.
    pub title: String,
    /// What can be answered, as a sheet says it; empty where that is free.
    pub says: Vec<String>,
}

/// The questions of a form, for those who see answers and those who keep templates.
pub async fn questions(app: &App, school: &School, viewer: &Viewer, form: &str) -> Result<Vec<Question>> {
    if !viewer.may(Action::SeeAnswers) && !viewer.may(Action::Administer) {
        return Err(Error::Forbidden);
    }
    let mut tx = app.store().reading(school.corp()).await?;
    let loaded = forms::current(app, &mut tx, form).await?;
    tx.commit().await?;
    let question = |field: &Field| Question {
        field: field.name.clone(),
        title: field.title.clone(),
        says: match &field.kind {
            FieldKind::Boolean => vec!["是".into(), "否".into()],
            FieldKind::Choice { choices } => choices.iter().map(|choice| choice.title.clone()).collect(),
            _ => Vec::new(),
        },
    };
    Ok(loaded.published.form.fields.iter().map(question).collect())
}

/// Refuses columns of questions the form does not have.
pub(super) async fn check(app: &App, tx: &mut Scoped, definition: &Definition) -> Result<()> {
    if definition.dataset != Dataset::ReportAnswers {
        return Ok(());
    }
    let code = definition.filters.form.as_deref().unwrap_or_default();
    let loaded = forms::current(app, tx, code).await?;
    let is_asked = |field: &String| loaded.published.form.fields.iter().any(|one| one.name == *field);
    let columns = definition.columns.iter().enumerate();
    let wrong = columns.filter(|(_, chosen)| chosen.field.as_ref().is_some_and(|field| !is_asked(field)));
    let wrong: Vec<FieldError> = wrong
        .map(|(place, chosen)| FieldError {
            field: format!("columns.{place}.field"),
            message: format!("这张表单没有“{}”这道题，请另选", chosen.title),
        })
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(Error::Invalid(wrong)) }
}

/// The answers of some people, by person and question.
#[derive(Debug, Default)]
pub(super) struct Answered(HashMap<PersonId, HashMap<String, Cell>>);

impl Answered {
    /// What somebody answered; nothing where they were not asked.
    pub(super) fn cell(&self, person: PersonId, field: &str) -> Cell {
        self.0.get(&person).and_then(|answers| answers.get(field)).cloned().unwrap_or(Cell::Empty)
    }
}

/// The answers of these people to a form's turn, each read by the version it was given on.
pub(super) async fn of_people(
    app: &App,
    tx: &mut Scoped,
    loaded: &forms::Loaded,
    question: &Expected,
    people: &[PersonRow],
) -> Result<Answered> {
    let corp = question.corp;
    let ids: Vec<PersonId> = people.iter().map(|row| row.person_id).collect();
    let shown = shown_after(app, corp)?;
    let sealed = reports::sealed_of(tx, corp, loaded.form_id, question.period, &ids, shown).await?;
    let mut versions: HashMap<i64, Vec<Field>> = HashMap::new();
    let mut found = HashMap::with_capacity(sealed.len());
    for (person, version, sealed) in sealed {
        // Kept no longer: the row is on its way out.
        if app.store().keyring().is_gone(&sealed)? {
            continue;
        }
        if let Entry::Vacant(unknown) = versions.entry(version) {
            unknown.insert(forms::version(app, tx, version).await?.published.form.fields.clone());
        }
        let key = Key { corp, form_id: loaded.form_id, person, period: question.period, occurrence: 0 };
        let row = key.row();
        let plain = app.store().keyring().open(key.place(&row), &sealed)?;
        let answers: Answers = serde_json::from_slice(&plain).map_err(|_| Error::internal("kept answers"))?;
        let fields = versions.get(&version).map(Vec::as_slice).unwrap_or_default();
        let cell =
            |field: &Field| answers.get(&field.name).map(|answer| (field.name.clone(), cell(field, answer)));
        found.insert(person, fields.iter().filter_map(cell).collect());
    }
    Ok(Answered(found))
}

/// An answer as a sheet has it: a number without its unit, all else in words.
fn cell(field: &Field, answer: &serde_json::Value) -> Cell {
    match (&field.kind, answer.as_f64()) {
        (FieldKind::Number { .. }, Some(number)) => Cell::Number(number),
        _ => text(field.read(answer)),
    }
}
