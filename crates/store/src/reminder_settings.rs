//! What holds for all reminders of a school: quiet hours, and how many a day one person gets.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, MemberId,
    audit::Act,
    reminder::{Quiet, Settings},
};
use serde_json::{Value, json};

use crate::{
    Error, Result,
    audit::{self, Event},
    schema::reminder_settings,
};

const UNEXPECTED: Error = Error::Unexpected("reminder_settings.quiet");

/// As the school has said, or else as they are from the start.
pub async fn get(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Settings> {
    let row: Option<(Option<Value>, i32)> = reminder_settings::table
        .find(corp)
        .select((reminder_settings::quiet, reminder_settings::most_a_day))
        .first(conn)
        .await
        .optional()?;
    let Some((quiet, most_a_day)) = row else { return Ok(Settings::default()) };
    let read = |quiet: Value| serde_json::from_value::<Quiet>(quiet).map_err(|_| UNEXPECTED);
    Ok(Settings { quiet: quiet.map(read).transpose()?, most_a_day })
}

/// Changes them.
pub async fn set(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    settings: Settings,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<()> {
    let quiet = settings.quiet.map(serde_json::to_value).transpose().map_err(|_| UNEXPECTED)?;
    let values = (
        reminder_settings::corp_id.eq(corp),
        reminder_settings::quiet.eq(quiet),
        reminder_settings::most_a_day.eq(settings.most_a_day),
        reminder_settings::by_member.eq(by),
        reminder_settings::at.eq(now),
    );
    diesel::insert_into(reminder_settings::table)
        .values(values.clone())
        .on_conflict(reminder_settings::corp_id)
        .do_update()
        .set((values.1, values.2, values.3, values.4))
        .execute(conn)
        .await?;
    let event = Event::new(corp, Act::ReminderSettingsChanged, Some(by), now);
    audit::insert(conn, event.saying(json!({ "most_a_day": settings.most_a_day }))).await
}
