//! Forms and their published versions.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, form::Form};
use serde_json::Value;

use crate::{
    Error, Result,
    schema::{form_versions, forms},
};

/// A published version.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = form_versions, check_for_backend(diesel::pg::Pg))]
pub struct FormVersion {
    /// The form.
    pub form_id: i64,
    /// This version of it.
    pub form_version_id: i64,
    /// Its number.
    pub version: i32,
    /// The document.
    pub definition: Value,
    /// What it was compiled to.
    pub schema: Value,
}

/// The version that is asked now.
pub async fn current(conn: &mut AsyncPgConnection, corp: CorpId, code: &str) -> Result<Option<FormVersion>> {
    Ok(form_versions::table
        .inner_join(
            forms::table
                .on(forms::corp_id.eq(form_versions::corp_id).and(forms::form_id.eq(form_versions::form_id))),
        )
        .filter(forms::corp_id.eq(corp))
        .filter(forms::code.eq(code))
        .order(form_versions::version.desc())
        .select(FormVersion::as_select())
        .first(conn)
        .await
        .optional()?)
}

/// Every form of the school in its newest version, by code.
pub async fn list(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<FormVersion>> {
    Ok(form_versions::table
        .inner_join(
            forms::table
                .on(forms::corp_id.eq(form_versions::corp_id).and(forms::form_id.eq(form_versions::form_id))),
        )
        .filter(forms::corp_id.eq(corp))
        .distinct_on(forms::code)
        .order((forms::code, form_versions::version.desc()))
        .select(FormVersion::as_select())
        .load(conn)
        .await?)
}

/// Publishes a version; does nothing when that version stands already. Gives the form's id.
pub async fn publish(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form: &Form,
    schema: &Value,
    now: DateTime<Utc>,
) -> Result<i64> {
    diesel::insert_into(forms::table)
        .values((forms::corp_id.eq(corp), forms::code.eq(&form.code)))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    let form_id: i64 = forms::table
        .filter(forms::corp_id.eq(corp))
        .filter(forms::code.eq(&form.code))
        .select(forms::form_id)
        .first(conn)
        .await?;
    let definition = serde_json::to_value(form).map_err(|_| Error::Unexpected("form_versions.definition"))?;
    diesel::insert_into(form_versions::table)
        .values((
            form_versions::corp_id.eq(corp),
            form_versions::form_id.eq(form_id),
            form_versions::version.eq(form.version),
            form_versions::title.eq(&form.title),
            form_versions::definition.eq(definition),
            form_versions::schema.eq(schema),
            form_versions::published_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(form_id)
}
