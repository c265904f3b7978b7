//! Templates of exports that a school has saved.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, audit::Act};
use serde_json::Value;

use crate::{
    Result,
    audit::{self, Event},
    schema::{export_templates, members, persons},
};

/// A template.
#[derive(Debug, Clone, PartialEq, Queryable)]
pub struct Template {
    /// Its number.
    pub template_id: i64,
    /// As people call it.
    pub name: String,
    /// A [`domain::export::Definition`].
    pub definition: Value,
    /// Whose it is.
    pub made_by: MemberId,
    /// Their name on the roster.
    pub maker: Option<String>,
    /// When it was last changed.
    pub changed_at: DateTime<Utc>,
}

/// All of a school, by name. A school has a few.
pub async fn all(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<Template>> {
    Ok(export_templates::table
        .inner_join(
            members::table.on(members::corp_id
                .eq(export_templates::corp_id)
                .and(members::member_id.eq(export_templates::made_by))),
        )
        .left_join(persons::table.on(
            persons::corp_id.eq(members::corp_id).and(persons::person_id.nullable().eq(members::person_id)),
        ))
        .filter(export_templates::corp_id.eq(corp))
        .order(export_templates::name)
        .select((
            export_templates::template_id,
            export_templates::name,
            export_templates::definition,
            export_templates::made_by,
            persons::name.nullable(),
            export_templates::changed_at,
        ))
        .load(conn)
        .await?)
}

/// Keeps a new one and gives its number; an error naming `export_templates_name_key` when the name is taken.
pub async fn add(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    name: &str,
    definition: &Value,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<i64> {
    let id: i64 = diesel::insert_into(export_templates::table)
        .values((
            export_templates::corp_id.eq(corp),
            export_templates::name.eq(name),
            export_templates::definition.eq(definition),
            export_templates::made_by.eq(by),
            export_templates::changed_at.eq(now),
        ))
        .returning(export_templates::template_id)
        .get_result(conn)
        .await?;
    audit::insert(conn, Event::new(corp, Act::TemplateSaved, Some(by), now).on("template", id)).await?;
    Ok(id)
}

/// Changes one; only its maker's, unless `anybodys`. False when there is none such.
#[expect(clippy::too_many_arguments, reason = "a row has so many columns")]
pub async fn change(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: i64,
    name: &str,
    definition: &Value,
    by: MemberId,
    anybodys: bool,
    now: DateTime<Utc>,
) -> Result<bool> {
    let changed = diesel::update(export_templates::table)
        .filter(export_templates::corp_id.eq(corp))
        .filter(export_templates::template_id.eq(id))
        .filter(export_templates::made_by.eq(by).or(anybodys.into_sql::<diesel::sql_types::Bool>()))
        .set((
            export_templates::name.eq(name),
            export_templates::definition.eq(definition),
            export_templates::changed_at.eq(now),
        ))
        .execute(conn)
        .await?;
    if changed == 1 {
        audit::insert(conn, Event::new(corp, Act::TemplateSaved, Some(by), now).on("template", id)).await?;
    }
    Ok(changed == 1)
}

/// Removes one; only its maker's, unless `anybodys`. False when there is none such.
pub async fn remove(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: i64,
    by: MemberId,
    anybodys: bool,
    now: DateTime<Utc>,
) -> Result<bool> {
    let removed = diesel::delete(export_templates::table)
        .filter(export_templates::corp_id.eq(corp))
        .filter(export_templates::template_id.eq(id))
        .filter(export_templates::made_by.eq(by).or(anybodys.into_sql::<diesel::sql_types::Bool>()))
        .execute(conn)
        .await?;
    if removed == 1 {
        audit::insert(conn, Event::new(corp, Act::TemplateRemoved, Some(by), now).on("template", id)).await?;
    }
    Ok(removed == 1)
}
