//! Who made, changed, published, scheduled and ended forms.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, audit, form::Schedule};
use serde_json::json;

use crate::{
    Result,
    audit::{Event, insert as record},
    schema::form_acts,
};

/// Something that was done to a form.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// The form.
    pub form_id: i64,
    /// Its name.
    pub code: &'a str,
    /// `created`, `saved`, `published`, `scheduled`, `ended`, `taken_over` or `deleted`.
    pub act: &'static str,
    /// The version that was published.
    pub version: Option<i32>,
    /// From when to when since then.
    pub schedule: Option<Schedule>,
    /// Who.
    pub by: MemberId,
    /// When.
    pub at: DateTime<Utc>,
}

/// Notes it, here and in the audit.
pub async fn note(conn: &mut AsyncPgConnection, corp: CorpId, act: Act<'_>) -> Result<()> {
    diesel::insert_into(form_acts::table)
        .values((
            form_acts::corp_id.eq(corp),
            form_acts::form_id.eq(act.form_id),
            form_acts::code.eq(act.code),
            form_acts::act.eq(act.act),
            form_acts::version.eq(act.version),
            form_acts::starts_on.eq(act.schedule.map(|schedule| schedule.starts_on)),
            form_acts::ends_on.eq(act.schedule.map(|schedule| schedule.ends_on)),
            form_acts::by_member.eq(act.by),
            form_acts::at.eq(act.at),
        ))
        .execute(conn)
        .await?;
    let event = Event::new(corp, audit::Act::FormChanged, Some(act.by), act.at).on("form", act.form_id);
    record(conn, event.saying(json!({ "act": act.act, "code": act.code, "version": act.version }))).await
}

/// An act, to be read.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub act_id: i64,
    /// What was done.
    #[diesel(sql_type = Text)]
    pub act: String,
    /// The version that was published.
    #[diesel(sql_type = Nullable<Integer>)]
    pub version: Option<i32>,
    /// From when since then.
    #[diesel(sql_type = Nullable<Date>)]
    pub starts_on: Option<NaiveDate>,
    /// To when.
    #[diesel(sql_type = Nullable<Date>)]
    pub ends_on: Option<NaiveDate>,
    /// Who.
    #[diesel(sql_type = Text)]
    pub by_name: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

/// What was done to a form, newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Row>> {
    let query = diesel::sql_query(
        "select a.act_id, a.act, a.version, a.starts_on, a.ends_on, coalesce(p.name, m.name, m.userid) as by_name, a.at
         from form_acts a
         join members m on m.corp_id = a.corp_id and m.member_id = a.by_member
         left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
         where a.corp_id = $1 and a.form_id = $2 and ($3 is null or a.act_id < $3)
         order by a.act_id desc limit $4",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(form_id)
    .bind::<Nullable<BigInt>, _>(before)
    .bind::<BigInt, _>(limit);
    Ok(query.load(conn).await?)
}

/// Whether somebody threw away a draft of this code.
pub async fn was_deleted(conn: &mut AsyncPgConnection, corp: CorpId, code: &str) -> Result<bool> {
    Ok(diesel::select(diesel::dsl::exists(
        form_acts::table
            .filter(form_acts::corp_id.eq(corp))
            .filter(form_acts::code.eq(code))
            .filter(form_acts::act.eq("deleted")),
    ))
    .get_result(conn)
    .await?)
}
