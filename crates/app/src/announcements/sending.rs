//! Sending what is due: one transaction each, so that a kill sends nothing twice and loses nothing.

use domain::{announcement::USEFUL_FOR, policy::Action};
use store::{
    announcements::{self as rows, Audience, audience},
    jobs as queue,
    mailings::{self, Kind, NewMailing},
    viewers,
};

use super::open;
use crate::{
    App, Error, Result, School,
    jobs::send_messages,
    outbox::{self, Card, Content},
};

/// Sends what is due. What the sender may do is looked at now, and so is whom it reaches; both stay so.
pub(crate) async fn send_due(app: &App, school: &School) -> Result<()> {
    while send_next(app, school).await? {}
    Ok(())
}

async fn send_next(app: &App, school: &School) -> Result<bool> {
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let mut tx = app.store().scoped(corp).await?;
    let Some(row) = rows::next_due(&mut tx, corp, now).await? else { return Ok(false) };
    let id = row.announcement_id;
    let sender = viewers::find(&mut tx, corp, row.by_member, today).await?;
    let scope = sender.map(|viewer| viewer.scope(Action::Announce)).filter(|scope| !scope.is_empty());
    let Some(scope) = scope else {
        tracing::warn!(corp, announcement = id, "whoever wrote it may not send it any more");
        rows::mark_refused(&mut tx, corp, id, now).await?;
        tx.commit().await?;
        return Ok(true);
    };
    let words = open(app, school, id, &row.content)?;
    let occasion = format!("announcement {id}");
    let new = NewMailing {
        kind: Kind::Notice,
        occasion: Some(&occasion),
        about: None,
        rule_id: None,
        by_member: Some(row.by_member),
        urgent: row.urgent,
        at: now,
    };
    let mailing = mailings::add(&mut tx, corp, new).await?;
    let mailing = mailing.ok_or_else(|| Error::internal("an announcement that was sent and is due"))?;
    let card = Card {
        title: words.title,
        description: words.text,
        path: words.link.unwrap_or_else(|| format!("/h5/announcements/{id}")),
        button: "查看".to_owned(),
    };
    outbox::say(app, &mut tx, corp, mailing, "", &Content::Card(card)).await?;
    let to = Audience { departments: row.departments, tags: row.tags, people: row.people };
    let times = (now + USEFUL_FOR, now);
    let people = audience::address(&mut tx, corp, &to, &scope, today, mailing, times).await?;
    rows::mark_sent(&mut tx, corp, id, mailing, now).await?;
    queue::add(&mut tx, &send_messages::job(corp, now), now).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    tracing::info!(corp, announcement = id, people, "an announcement goes out");
    Ok(true)
}
