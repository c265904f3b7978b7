//! 我的数据: everything that is held on the signed-in person, opened, and how much of it there is.
//!
//! A look of oneself at oneself is not recorded among the looks at people; that a copy was taken is, by itself. It is asked
//! for first, which wants a fresh sign-in, and fetched within a minute, by a ticket (`download_tickets`).

use std::collections::{HashMap, hash_map::Entry};

use chrono::{DateTime, NaiveTime, SecondsFormat, Utc};
use domain::{
    clock,
    form::Field,
    my_data::{COPIES_A_DAY, Column, Group, PARTS, Part, Reads},
    policy::Viewer,
};
use serde_json::{Map, Value, json};
use store::{
    Scoped, Sealed,
    my_data::{
        copies,
        held::{self, SOURCES, SealedColumn, Source},
    },
};

use crate::{
    App, Error, Result, School,
    download_tickets::{self, What},
    forms,
    retention::shown_after,
};

/// What stands for answers that are kept no longer.
const GONE: &str = "已按期限删除";

/// What a copy is made as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For programs.
    Json,
    /// For people.
    Html,
}

impl Format {
    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Html => "html",
        }
    }

    fn parse(text: &str) -> Result<Self> {
        [Self::Json, Self::Html]
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| Error::internal("a copy of no format"))
    }
}

/// Everything that is held on a person.
pub struct Document {
    /// When it was read: all of it at one moment.
    pub made_at: DateTime<Utc>,
    /// The account it is of.
    pub userid: String,
    /// Part by part, in their order; those without rows too.
    pub parts: Vec<Rows>,
}

/// Only how much.
impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Document").field("parts", &self.parts.len()).finish_non_exhaustive()
    }
}

/// The rows of a part.
pub struct Rows {
    /// Which, and how it is read.
    pub part: &'static Part,
    /// The newest first. Answers are a list of `field`, `question`, `value` and `words`.
    pub rows: Vec<Map<String, Value>>,
}

/// Only how many.
impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("part", &self.part.name).field("rows", &self.rows.len()).finish()
    }
}

/// How much is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Rows by group, in their order.
    pub groups: Vec<(Group, i64)>,
    /// Copies that may still be taken today.
    pub copies_left: i64,
}

/// How much is held on the signed-in person.
pub async fn held(app: &App, school: &School, viewer: &Viewer) -> Result<Held> {
    let corp = school.corp();
    let mut tx = app.store().reading(corp).await?;
    let subject = held::subject(&mut tx, corp, viewer.member, person(viewer)).await?;
    let counts = held::counts(&mut tx, corp, &subject, shown_after(app, corp)?).await?;
    let taken = taken_today(app, &mut tx, school, viewer).await?;
    tx.commit().await?;
    let count = |part: &Part| counts.iter().find(|row| row.part == part.name).map_or(0, |row| row.count);
    let of = |group: Group| PARTS.iter().filter(|part| part.group == group).map(count).sum::<i64>();
    let groups = Group::ALL.into_iter().map(|group| (group, of(group))).collect();
    Ok(Held { groups, copies_left: (COPIES_A_DAY - taken).max(0) })
}

/// Notes that the signed-in person takes a copy: so many a day. What it is to be [fetched](fetch) by, good for one
/// fetch and for a minute. `session`: the cookie of the one that asks.
pub async fn ask(
    app: &App,
    school: &School,
    viewer: &Viewer,
    session: &str,
    format: Format,
) -> Result<String> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    if !copies::lock(&mut tx, corp, viewer.member).await?
        || taken_today(app, &mut tx, school, viewer).await? >= COPIES_A_DAY
    {
        return Err(Error::CopiesTaken);
    }
    let copy = copies::add(&mut tx, corp, viewer.member, format.as_str(), now).await?;
    let ticket = download_tickets::make(&mut tx, corp, session, What::DataCopy, copy, now).await?;
    tx.commit().await?;
    tracing::info!(corp, format = format.as_str(), "a member takes a copy of their data");
    Ok(ticket)
}

/// Everything that is held on the signed-in person, as it was at one moment, and as what they asked for it. One at a time.
/// [`Error::NotFound`]: it is another session's ticket, or none, or was used up, or a minute is over.
pub async fn fetch(
    app: &App,
    school: &School,
    viewer: &Viewer,
    session: &str,
    ticket: &str,
) -> Result<(Format, Document)> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let taken = download_tickets::take(&mut tx, corp, session, What::DataCopy, ticket, now).await?;
    // Refused here, nothing of the ticket is used.
    if !copies::lock(&mut tx, corp, viewer.member).await? {
        return Err(Error::CopiesTaken);
    }
    let asked = copies::format(&mut tx, corp, viewer.member, taken.subject).await?;
    let format = Format::parse(&asked.ok_or(Error::NotFound)?)?;
    tx.commit().await?;
    let mut tx = app.store().steady(corp).await?;
    if !copies::lock(&mut tx, corp, viewer.member).await? {
        return Err(Error::CopiesTaken);
    }
    let subject = held::subject(&mut tx, corp, viewer.member, person(viewer)).await?;
    let shown = shown_after(app, corp)?;
    let mut versions = HashMap::new();
    let mut parts = Vec::with_capacity(PARTS.len());
    for part in PARTS {
        let source = source(part)?;
        let found = held::rows(&mut tx, corp, &subject, shown, source).await?;
        let mut rows = Vec::with_capacity(found.len());
        for row in found {
            rows.push(opened(app, &mut tx, part, source, row, &mut versions).await?);
        }
        parts.push(Rows { part, rows });
    }
    tx.commit().await?;
    Ok((format, Document { made_at: now, userid: viewer.userid.clone(), parts }))
}

fn person(viewer: &Viewer) -> Option<i64> {
    viewer.person.as_ref().map(|person| person.id)
}

async fn taken_today(app: &App, tx: &mut Scoped, school: &School, viewer: &Viewer) -> Result<i64> {
    let began = clock::instant(school.zone, school.today(app.now()), NaiveTime::MIN);
    Ok(copies::since(tx, school.corp(), viewer.member, began).await?)
}

fn source(part: &Part) -> Result<&'static Source> {
    SOURCES
        .iter()
        .find(|source| source.part == part.name)
        .ok_or_else(|| Error::internal(format!("nothing is read for {}", part.name)))
}

/// The questions of each version that was answered.
type Versions = HashMap<i64, Vec<Field>>;

/// A row as it is handed over: what is sealed opened, instants as the API writes them, answers question by question.
async fn opened(
    app: &App,
    tx: &mut Scoped,
    part: &Part,
    source: &Source,
    row: Value,
    versions: &mut Versions,
) -> Result<Map<String, Value>> {
    let Value::Object(mut row) = row else { return Err(Error::internal("a row that is no object")) };
    for column in source.sealed {
        let place_row = row.remove(&format!("{}_row", column.name));
        let sealed = row.remove(column.name);
        if let (Some(Value::String(place_row)), Some(Value::String(sealed))) = (place_row, sealed) {
            let value = unsealed(app, tx.corp(), column, &place_row, &sealed)?;
            row.insert(column.name.to_owned(), value);
        } else {
            // A report always had answers; a note is not always written.
            let gone = part.columns.iter().any(|one| one.name == column.name && one.reads == Reads::Answers);
            row.insert(column.name.to_owned(), if gone { GONE.into() } else { Value::Null });
        }
    }
    let version = row.remove("answers_version").and_then(|version| version.as_i64());
    for column in part.columns {
        let Some(value) = row.get_mut(column.name) else { continue };
        if column.reads == Reads::Moment {
            *value = moment(value);
        } else if column.reads == Reads::Answers
            && let (Some(version), Value::Object(answers)) = (version, &*value)
        {
            *value = questions(of_version(app, tx, version, versions).await?, answers);
        }
    }
    Ok(row)
}

fn unsealed(app: &App, corp: i32, column: &SealedColumn, row: &str, sealed: &str) -> Result<Value> {
    let sealed = hex::decode(sealed).map_err(|_| Error::internal("ciphertext that is not hexadecimal"))?;
    let sealed = Sealed::from_bytes(sealed);
    if sealed.is_erased() || app.store().keyring().is_gone(&sealed)? {
        return Ok(Value::Null);
    }
    let plain = app.store().keyring().open((column.place)(corp, row), &sealed)?;
    if column.is_json {
        return serde_json::from_slice(&plain)
            .map_err(|_| Error::internal("a sealed value that is not JSON"));
    }
    String::from_utf8(plain)
        .map(Value::String)
        .map_err(|_| Error::internal("a sealed value that is not text"))
}

/// An instant as it stands everywhere in the API: `2020-03-04T00:00:00Z`.
fn moment(value: &Value) -> Value {
    let at = value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    at.map_or(Value::Null, |at| at.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true).into())
}

async fn of_version<'a>(
    app: &App,
    tx: &mut Scoped,
    version: i64,
    versions: &'a mut Versions,
) -> Result<&'a [Field]> {
    let fields = match versions.entry(version) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(unknown) => {
            unknown.insert(forms::version(app, tx, version).await?.published.form.fields.clone())
        }
    };
    Ok(fields.as_slice())
}

/// Answers in the order they were asked; what no question asks for comes last.
fn questions(fields: &[Field], answers: &Map<String, Value>) -> Value {
    let asked = fields.iter().filter_map(|field| {
        let value = answers.get(&field.name)?;
        Some(json!({
            "field": field.name, "question": field.title, "value": value, "words": field.read(value),
        }))
    });
    let is_asked = |name: &str| fields.iter().any(|field| field.name == name);
    let others = answers.iter().filter(|(name, _)| !is_asked(name)).map(|(name, value)| {
        json!({ "field": name, "question": name, "value": value, "words": value.to_string() })
    });
    asked.chain(others).collect()
}

/// A value of a column as people read it, instants in the school's time.
pub fn read(school: &School, column: &Column, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => if *yes { "是" } else { "否" }.to_owned(),
        Value::String(text) if column.reads == Reads::Moment => match DateTime::parse_from_rfc3339(text) {
            Ok(at) => at.with_timezone(&school.zone).format("%Y-%m-%d %H:%M:%S").to_string(),
            Err(_) => text.clone(),
        },
        Value::String(text) => column.reads.word(text),
        Value::Number(number) => column.reads.word(&number.to_string()),
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(|value| read(school, column, value)).collect();
            values.join("、")
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(name, value)| format!("{name}：{}", read(school, column, value)))
                .collect();
            fields.join("；")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_has_its_source_and_every_sealed_column_is_read() {
        assert_eq!(
            PARTS.iter().map(|part| part.name).collect::<Vec<_>>(),
            SOURCES.iter().map(|source| source.part).collect::<Vec<_>>()
        );
        for (part, source) in PARTS.iter().zip(SOURCES) {
            for sealed in source.sealed {
                assert!(part.columns.iter().any(|column| column.name == sealed.name), "{}", sealed.name);
            }
        }
    }

    #[test]
    fn instants_are_written_as_everywhere() {
        assert_eq!(moment(&json!("2020-03-04T08:00:00.5+08:00")), json!("2020-03-04T00:00:00.500Z"));
        assert_eq!(moment(&Value::Null), Value::Null);
    }
}
