//! What a visitor sees who opens their link: no account, no session, nothing of anybody else.

use chrono::{DateTime, NaiveDate, Utc};
use domain::gate::{Bearer, visitor::State};
use store::visitors as rows;

use super::term;
use crate::{
    App, Error, Result, School,
    gate_codes::{self, Shown},
    secret,
};

/// A visit as its visitor sees it.
#[derive(Debug, Clone)]
pub struct Visit {
    /// By our clock.
    pub now: DateTime<Utc>,
    /// Their name.
    pub name: String,
    /// Who invited them.
    pub host: String,
    /// Where they may go in.
    pub zones: Vec<String>,
    /// From when …
    pub from: DateTime<Utc>,
    /// … until when.
    pub until: DateTime<Utc>,
    /// How it stands.
    pub state: State,
    /// Whether they are inside.
    pub inside: bool,
    /// By which day all of it is forgotten.
    pub forgotten_on: NaiveDate,
    /// Codes for the next ten minutes; none while there is nothing to be opened.
    pub codes: Vec<Shown>,
}

/// The visit of a link. Another school's, an old one and one that never was look the same.
pub async fn open(app: &App, school: &School, token: &str) -> Result<Visit> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let hash = secret::hash(token.as_bytes());
    let row = rows::by_token(&mut tx, corp, school.today(now), &hash).await?.ok_or(Error::UnknownVisit)?;
    let term = term(&row);
    let named = if term.shows(row.inside, now) {
        Some(gate_codes::name(app, &mut tx, school, Bearer::Visitor(row.visitor_id), now).await?)
    } else {
        None
    };
    tx.commit().await?;
    let codes = named.map(|named| gate_codes::write(app, school, &named, now)).transpose()?;
    Ok(Visit {
        now,
        name: row.name,
        host: row.host,
        zones: row.zones,
        from: row.from_time,
        until: row.until_time,
        state: term.state(now),
        inside: row.inside,
        forgotten_on: term.forgotten_on(school.zone),
        codes: codes.unwrap_or_default(),
    })
}
