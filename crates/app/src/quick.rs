//! 快捷填报: a report of one number, everything else as in the period before. For a tap on a card and a word in the chat.

use chrono::{DateTime, Utc};
use domain::{
    PersonId,
    form::{Turn, answers::Answers},
    policy::Viewer,
};
use store::{
    Scoped,
    reports::{self, Key, Source},
    trips,
};

use crate::{
    App, Error, Result, School, forms,
    reports::{Receipt, Submission, open, submit_from_chat},
};

/// The whole answers of a quick one; none where it can't be: the period before was not reported, not by the person, not
/// normal, or does not answer all that is asked now.
pub(crate) async fn answers(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    loaded: &forms::Loaded,
    person: PersonId,
    turn: Turn,
    measured: f64,
) -> Result<Option<Answers>> {
    let corp = school.corp();
    let published = &loaded.published;
    let Some(before) = published.form.cadence.before(turn.period) else { return Ok(None) };
    let key = Key { corp, form_id: loaded.form_id, person, period: before, occurrence: 0 };
    let Some(last) = reports::by_key(tx, key).await? else { return Ok(None) };
    if last.state != "normal" || !last.flags.is_empty() || last.source == Source::Behalf.as_str() {
        return Ok(None);
    }
    let Some(last) = open(app, tx, &last).await? else { return Ok(None) };
    let Some(answers) = published.quick(&last, measured, school.today(app.now())) else { return Ok(None) };
    // Where they are may have changed by a trip they told of.
    let away = if published.form.place.is_some() { trips::away(tx, corp, person).await? } else { None };
    Ok(Some(answers).filter(|answers| published.form.flags(answers, away.as_deref()).is_empty()))
}

/// Whether what was refused changed between the look and the writing, or wants the page: it knows.
pub(crate) fn is_for_the_page(error: &Error) -> bool {
    matches!(
        error,
        Error::Invalid(_)
            | Error::FormChanged
            | Error::CutoffPassed
            | Error::KeyReused
            | Error::NoticeMissing
    )
}

/// Sends quick answers the way a page would.
pub(crate) async fn submit(
    app: &App,
    school: &School,
    viewer: &Viewer,
    (source, key): (Source, &str),
    loaded: &forms::Loaded,
    turn: Turn,
    answers: Answers,
) -> Result<Receipt> {
    let form = &loaded.published.form;
    let asked = form.quick.as_ref().map(|quick| quick.field.as_str());
    let carried = answers.keys().filter(|name| Some(name.as_str()) != asked).cloned().collect();
    let submission = Submission {
        form: form.code.clone(),
        version: form.version,
        day: turn.period.day,
        slot: Some(turn.period.slot),
        receipt: None,
        answers,
        carried,
        behalf: None,
    };
    submit_from_chat(app, school, viewer, key, &submission, source).await
}

/// When a report came, as its card says: 07:42, with the day where it is another.
pub(crate) fn reported_at(school: &School, at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let local = at.with_timezone(&school.zone);
    let today = local.date_naive() == school.today(now);
    local.format(if today { "%H:%M" } else { "%-m 月 %-d 日 %H:%M" }).to_string()
}
