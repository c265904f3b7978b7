//! Whose word counts for each field of a person: taking a source's word, taking it back, and what a roster does to them.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use domain::{
    CorpId, PersonId,
    person_field::{PersonField, Said, Source, hear, hear_roster, shown},
    roster::PersonLine,
};
use store::{
    AsyncPgConnection, Keyring, members,
    person_fields::{self, Row},
    persons::{self, Known, Person},
    unreported::phone_place,
};

use crate::{Error, Result};

/// What is said of each field.
pub(crate) type Fields = BTreeMap<PersonField, Vec<Said>>;

/// Opens what is said of one person. What does not open any more is as if it had not been said.
pub(crate) fn open(keyring: &Keyring, corp: CorpId, rows: &[Row]) -> Fields {
    let mut fields = Fields::new();
    for row in rows {
        let (Some(field), Some(source)) = (PersonField::parse(&row.field), Source::parse(&row.source)) else {
            continue;
        };
        let key = person_fields::key(row.person_id, field, source);
        let opened = keyring.open(person_fields::place(corp, &key), &row.value);
        let Some(value) = opened.ok().and_then(|value| String::from_utf8(value).ok()) else { continue };
        fields.entry(field).or_default().push(Said { source, value, since: row.since });
    }
    fields
}

/// Takes a source's word of a field and makes what counts the person's. False when there is no such person.
pub(crate) async fn say(
    tx: &mut AsyncPgConnection,
    keyring: &Keyring,
    corp: CorpId,
    person: PersonId,
    field: PersonField,
    word: Said,
) -> Result<bool> {
    // An import that has read what is said would write its own over ours.
    members::lock(tx, corp).await?;
    let Some((record, roster_at)) = persons::lock(tx, corp, person).await? else { return Ok(false) };
    let rows = person_fields::of_person(tx, corp, person).await?;
    let before = open(keyring, corp, &rows).remove(&field).unwrap_or_default();
    let mut after = before.clone();
    if after.is_empty()
        && let Some(value) = on_record(keyring, corp, &record, field)
    {
        // Until somebody else speaks, what is on record is the roster's word.
        let since = roster_at.unwrap_or(word.since);
        after.push(Said { source: Source::Roster, value, since });
    }
    hear(&mut after, word);
    settle(tx, keyring, corp, person, field, &before, &after).await?;
    take_over(tx, keyring, corp, record, field, &after).await?;
    Ok(true)
}

/// Takes a source's words back, of every field; what counts falls back to the next.
pub(crate) async fn unsay(
    tx: &mut AsyncPgConnection,
    keyring: &Keyring,
    corp: CorpId,
    person: PersonId,
    source: Source,
) -> Result<()> {
    members::lock(tx, corp).await?;
    let rows = person_fields::of_person(tx, corp, person).await?;
    for (field, before) in open(keyring, corp, &rows) {
        if !before.iter().any(|one| one.source == source) {
            continue;
        }
        let Some((record, _)) = persons::lock(tx, corp, person).await? else { return Ok(()) };
        let after: Vec<Said> = before.iter().filter(|one| one.source != source).cloned().collect();
        take_over(tx, keyring, corp, record, field, &after).await?;
        settle(tx, keyring, corp, person, field, &before, &tidy(after)).await?;
    }
    // What does not open goes as well: it was asked to be gone.
    for row in rows.iter().filter(|row| row.source == source.as_str()) {
        if let Some(field) = PersonField::parse(&row.field) {
            person_fields::forget(tx, corp, person, field, source).await?;
        }
    }
    Ok(())
}

/// What a roster changes in the words beside it.
#[derive(Debug)]
pub(crate) struct Heard {
    person: PersonId,
    field: PersonField,
    before: Vec<Said>,
    after: Vec<Said>,
}

/// Puts what counts into the lines of a roster, where others than the roster speak of somebody. What that changes in
/// their words is to be kept with [`keep`].
pub(crate) fn hear_lines(
    keyring: &Keyring,
    corp: CorpId,
    rows: &[Row],
    known: &[Known],
    lines: &mut [PersonLine],
    at: DateTime<Utc>,
) -> Vec<Heard> {
    let mut by_person: HashMap<PersonId, Vec<Row>> = HashMap::new();
    for row in rows {
        by_person.entry(row.person_id).or_default().push(row.clone());
    }
    let spoken_of: HashMap<String, PersonId> = known
        .iter()
        .filter(|known| by_person.contains_key(&known.person_id))
        .map(|known| (known.person.number.to_lowercase(), known.person_id))
        .collect();
    let mut heard = Vec::new();
    for line in lines {
        let Some(person) = spoken_of.get(&line.number.to_lowercase()).copied() else { continue };
        let rows = by_person.get(&person).map(Vec::as_slice).unwrap_or_default();
        for (field, before) in open(keyring, corp, rows) {
            let said = match field {
                PersonField::Name => Some(line.name.clone()),
                PersonField::Major => line.major.clone(),
                PersonField::Grade => line.grade.map(|year| year.to_string()),
                PersonField::Phone => line.phone.clone(),
                PersonField::Mail | PersonField::Gender => continue,
            };
            let mut after = before.clone();
            hear_roster(&mut after, said.as_deref(), at);
            let counts = shown(&after).map(|one| one.value.clone());
            match field {
                PersonField::Name => line.name = counts.unwrap_or_else(|| line.name.clone()),
                PersonField::Major => line.major = counts,
                PersonField::Grade => line.grade = counts.and_then(|year| year.parse().ok()),
                PersonField::Phone => line.phone = counts,
                PersonField::Mail | PersonField::Gender => {}
            }
            let after = tidy(after);
            if after != before {
                heard.push(Heard { person, field, before, after });
            }
        }
    }
    heard
}

/// Keeps what [`hear_lines`] found.
pub(crate) async fn keep(
    tx: &mut AsyncPgConnection,
    keyring: &Keyring,
    corp: CorpId,
    heard: &[Heard],
) -> Result<(), store::Error> {
    for one in heard {
        settle(tx, keyring, corp, one.person, one.field, &one.before, &one.after).await?;
    }
    Ok(())
}

/// Where the roster alone speaks, its word is the record.
fn tidy(said: Vec<Said>) -> Vec<Said> {
    if said.iter().all(|one| one.source == Source::Roster) { Vec::new() } else { said }
}

/// Writes what differs between two states of a field.
async fn settle(
    tx: &mut AsyncPgConnection,
    keyring: &Keyring,
    corp: CorpId,
    person: PersonId,
    field: PersonField,
    before: &[Said],
    after: &[Said],
) -> Result<(), store::Error> {
    for gone in before.iter().filter(|one| !after.iter().any(|other| other.source == one.source)) {
        person_fields::forget(tx, corp, person, field, gone.source).await?;
    }
    for new in after.iter().filter(|one| !before.contains(one)) {
        let key = person_fields::key(person, field, new.source);
        let value = keyring.seal(person_fields::place(corp, &key), new.value.as_bytes())?;
        let row = Row {
            person_id: person,
            field: field.as_str().into(),
            source: new.source.as_str().into(),
            value,
            since: new.since,
        };
        person_fields::put(tx, corp, &row).await?;
    }
    Ok(())
}

/// What is on record of a field.
fn on_record(keyring: &Keyring, corp: CorpId, record: &Person, field: PersonField) -> Option<String> {
    match field {
        PersonField::Name => Some(record.name.clone()),
        PersonField::Major => record.major.clone(),
        PersonField::Grade => record.grade.map(|year| year.to_string()),
        PersonField::Phone => {
            let opened = keyring.open(phone_place(corp, &record.number), record.phone.as_ref()?).ok()?;
            String::from_utf8(opened).ok()
        }
        PersonField::Mail | PersonField::Gender => None,
    }
}

/// Makes what counts of a field the person's.
async fn take_over(
    tx: &mut AsyncPgConnection,
    keyring: &Keyring,
    corp: CorpId,
    mut record: Person,
    field: PersonField,
    said: &[Said],
) -> Result<()> {
    let counts = shown(said).map(|one| one.value.clone());
    if counts == on_record(keyring, corp, &record, field) {
        return Ok(());
    }
    match field {
        PersonField::Name => match counts {
            Some(name) => record.name = name,
            None => return Err(Error::internal("nobody's word for a name")),
        },
        PersonField::Major => record.major = counts,
        PersonField::Grade => record.grade = counts.and_then(|year| year.parse().ok()),
        PersonField::Phone => {
            let place = phone_place(corp, &record.number);
            record.phone = counts.map(|phone| keyring.seal(place, phone.as_bytes())).transpose()?;
        }
        PersonField::Mail | PersonField::Gender => return Ok(()),
    }
    persons::write(tx, corp, &[record], None).await?;
    Ok(())
}
