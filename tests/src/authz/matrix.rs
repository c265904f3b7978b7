//! Every operation × everybody: refused where the role never may, hidden where the object is not theirs, and open
//! where it is.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use super::{
    client::Told,
    fields,
    findings::Findings,
    oracle::{Need, Who},
    rows::{self, Row},
    world::{Aim, Ids, World},
};

/// The operations of the committed document.
pub fn documented() -> BTreeSet<String> {
    let text = std::fs::read_to_string(crate::test_app::root().join("docs/openapi.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|methods| methods.as_object().unwrap().values());
    operations.map(|operation| operation["operationId"].as_str().unwrap().to_owned()).collect()
}

/// A row without words, or `None` where one of them stands for nothing here.
fn fill(text: &str, ids: &Ids) -> Option<String> {
    let mut parts = text.split('$');
    let mut filled = parts.next()?.to_owned();
    for part in parts {
        let end =
            part.find(|letter: char| !(letter.is_ascii_lowercase() || letter == '_')).unwrap_or(part.len());
        filled.push_str(ids.get(&part[..end])?);
        filled.push_str(&part[end..]);
    }
    Some(filled)
}

/// One request of somebody's; `None` where a word of it stands for nothing here.
pub async fn ask(world: &World, row: &Row, who: Option<Who>, ids: &Ids) -> Option<Told> {
    let (method, path) = row.call.split_once(' ').unwrap();
    let method: Method = method.parse().unwrap();
    let path = fill(path, ids)?;
    let body = match row.body {
        "$picture" => world.picture.clone(),
        "$zip" => world.zip.clone(),
        body => fill(body, ids)?.into_bytes(),
    };
    let userid = who.map(|who| world.userid(who));
    Some(world.client.send(userid, &method, &path, &body).await)
}

/// What is said, without the time and without the ids of what was asked for.
pub fn said(told: &Told, ids: &Ids) -> String {
    let mut body = told.body.clone();
    if let Some(body) = body.as_object_mut() {
        // When, and the number of what the request itself made.
        for made in ["as_of", "id", "round"] {
            body.remove(made);
        }
        // Sealed: no two are alike.
        if let Some(next) = body.get_mut("next_cursor").filter(|next| next.is_string()) {
            *next = "…".into();
        }
    }
    let mut text = if body.is_null() { told.text.clone() } else { body.to_string() };
    let mut words: Vec<&String> = ids.values().filter(|id| id.len() > 5).collect();
    // The longest first: one may be a part of another.
    words.sort_by_key(|id| std::cmp::Reverse(id.len()));
    for id in words {
        text = text.replace(id.as_str(), "…");
    }
    format!("{} {text}", told.status)
}

/// What looks as if it was not there to whoever has no right to it, since their own of it they may have: whether there is
/// another's is not told.
const HIDDEN: &[&str] = &["attachments_get", "exports_ticket", "exports_file"];

/// What wants the code of an authenticator: it succeeds in a test of its own (`second_factor.rs`).
const WANT_A_CODE: &[&str] = &["second_factors_confirm", "second_factors_prove", "second_factors_remove"];

/// Asks everything of everybody.
pub async fn check(world: &World, findings: &mut Findings) {
    let mut succeeded = BTreeSet::new();
    for row in rows::all() {
        nobody(world, row, findings).await;
        for who in Who::ALL.into_iter().filter(|who| !row.need.is_held_by(*who)) {
            refused(world, row, who, findings).await;
        }
        for who in row.need.holders() {
            beyond(world, row, *who, findings).await;
            if theirs(world, row, *who, findings).await {
                succeeded.insert(row.operation);
            }
        }
    }
    // Devices succeed in tests of their own.
    let asked = |row: &&Row| {
        row.need != Need::Device
            && !WANT_A_CODE.contains(&row.operation)
            && !succeeded.contains(row.operation)
    };
    for row in rows::all().filter(asked) {
        let mut said = Vec::new();
        for who in row.need.holders() {
            let told = ask(world, row, Some(*who), world.ids(*who, Aim::Theirs)).await;
            said.extend(told.map(|told| format!("{} {}", told.status, short(&told))));
        }
        findings.missing(format_args!("{}: nobody succeeded: {said:?}", row.operation));
    }
}

async fn nobody(world: &World, row: &Row, findings: &mut Findings) {
    let told = ask(world, row, None, world.ids(Who::Student, Aim::Theirs)).await;
    findings.looks += 1;
    match told {
        Some(told) if told.status == 401 => {}
        Some(told) => findings.extra(format_args!("{}: nobody: {}", row.operation, told.status)),
        None => findings.missing(format_args!("{}: there is nothing to ask for", row.operation)),
    }
}

async fn refused(world: &World, row: &Row, who: Who, findings: &mut Findings) {
    let ids = world.ids(who, Aim::Theirs);
    let Some(told) = ask(world, row, Some(who), ids).await else { return };
    findings.looks += 1;
    let what = || format!("{} {}: {who:?}: {} {}", row.operation, row.call, told.status, short(&told));
    match told.status {
        // A device's operation asks for a device and knows no members.
        401 if row.need == Need::Device => {}
        403 if row.need != Need::Device => {}
        404 if HIDDEN.contains(&row.operation) => {}
        404 => findings.unlike(what()),
        _ => findings.extra(what()),
    }
}

async fn beyond(world: &World, row: &Row, who: Who, findings: &mut Findings) {
    let ids = [world.ids(who, Aim::Foreign), world.ids(who, Aim::Nothing)];
    if fill(row.call, ids[0]) == fill(row.call, ids[1]) && fill(row.body, ids[0]) == fill(row.body, ids[1]) {
        return;
    }
    let Some(foreign) = ask(world, row, Some(who), ids[0]).await else { return };
    let Some(nothing) = ask(world, row, Some(who), ids[1]).await else { return };
    findings.looks += 2;
    let (foreign_said, nothing_said) = (said(&foreign, ids[0]), said(&nothing, ids[1]));
    if foreign_said != nothing_said {
        let what =
            format!("{} {}: {who:?}: {foreign_said:.300} | {nothing_said:.300}", row.operation, row.call);
        if foreign.succeeded() { findings.extra(what) } else { findings.unlike(what) }
    }
}

async fn theirs(world: &World, row: &Row, who: Who, findings: &mut Findings) -> bool {
    let ids = world.ids(who, Aim::Theirs);
    let Some(told) = ask(world, row, Some(who), ids).await else { return false };
    findings.looks += 1;
    if !told.is_permitted() || told.status >= 500 {
        findings.missing(format_args!(
            "{} {}: {who:?}: {} {}",
            row.operation,
            row.call,
            told.status,
            short(&told)
        ));
    }
    fields::check(row, who, &told, findings);
    told.succeeded()
}

fn short(told: &Told) -> String {
    told.text.chars().take(160).collect()
}
