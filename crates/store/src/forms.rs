//! Forms, their published versions, and what a designer works on.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, DepartmentId, MemberId,
    form::{Form, Schedule},
};
use serde_json::Value;

use crate::{
    Error, Result,
    schema::{form_versions, forms},
};

/// A form as it is run.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = forms, check_for_backend(diesel::pg::Pg))]
pub struct Campaign {
    /// Its id.
    pub form_id: i64,
    /// Its name in URLs.
    pub code: String,
    /// The first day it is asked.
    pub starts_on: NaiveDate,
    /// The last.
    pub ends_on: NaiveDate,
    /// Who answers for it; none: it came with Rollcall.
    pub owner: Option<MemberId>,
    /// Whose it is; none: the whole school's.
    pub department_id: Option<DepartmentId>,
}

impl Campaign {
    /// From which day to which.
    pub fn schedule(&self) -> Schedule {
        Schedule { starts_on: self.starts_on, ends_on: self.ends_on }
    }
}

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
    /// Since when.
    pub published_at: DateTime<Utc>,
}

/// The form of this code, and the version of it that is asked now. Without the document, which is large and which whoever
/// asks often has.
pub async fn newest(
    mut conn: &AsyncPgConnection,
    corp: CorpId,
    code: &str,
) -> Result<Option<(Campaign, i64)>> {
    Ok(form_versions::table
        .inner_join(
            forms::table
                .on(forms::corp_id.eq(form_versions::corp_id).and(forms::form_id.eq(form_versions::form_id))),
        )
        .filter(forms::corp_id.eq(corp))
        .filter(forms::code.eq(code))
        .order(form_versions::version.desc())
        .select((Campaign::as_select(), form_versions::form_version_id))
        .first(&mut conn)
        .await
        .optional()?)
}

/// Every published form of the school in its newest version, by code; with `on`, only those asked on that day.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    on: Option<NaiveDate>,
) -> Result<Vec<(Campaign, FormVersion)>> {
    let mut query = form_versions::table
        .inner_join(
            forms::table
                .on(forms::corp_id.eq(form_versions::corp_id).and(forms::form_id.eq(form_versions::form_id))),
        )
        .filter(forms::corp_id.eq(corp))
        .distinct_on(forms::code)
        .order((forms::code, form_versions::version.desc()))
        .select((Campaign::as_select(), FormVersion::as_select()))
        .into_boxed();
    if let Some(day) = on {
        query = query.filter(forms::starts_on.le(day)).filter(forms::ends_on.ge(day));
    }
    Ok(query.load(conn).await?)
}

/// One version, whichever it is.
pub async fn version(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_version_id: i64,
) -> Result<Option<(Campaign, FormVersion)>> {
    Ok(form_versions::table
        .inner_join(
            forms::table
                .on(forms::corp_id.eq(form_versions::corp_id).and(forms::form_id.eq(form_versions::form_id))),
        )
        .filter(form_versions::corp_id.eq(corp))
        .filter(form_versions::form_version_id.eq(form_version_id))
        .select((Campaign::as_select(), FormVersion::as_select()))
        .first(conn)
        .await
        .optional()?)
}

/// Who runs a form, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Ownership {
    /// From which day to which.
    pub schedule: Schedule,
    /// Who answers for it; none: it came with Rollcall.
    pub owner: Option<MemberId>,
    /// Whose it is; none: the whole school's.
    pub department_id: Option<DepartmentId>,
}

/// Makes a form of this code unless there is one. Gives its id, and whether it was made.
pub async fn add(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    code: &str,
    of: Ownership,
) -> Result<(i64, bool)> {
    let added = diesel::insert_into(forms::table)
        .values((
            forms::corp_id.eq(corp),
            forms::code.eq(code),
            forms::starts_on.eq(of.schedule.starts_on),
            forms::ends_on.eq(of.schedule.ends_on),
            forms::owner.eq(of.owner),
            forms::department_id.eq(of.department_id),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    let form_id = forms::table
        .filter(forms::corp_id.eq(corp))
        .filter(forms::code.eq(code))
        .select(forms::form_id)
        .first(conn)
        .await?;
    Ok((form_id, added > 0))
}

/// Publishes a version; does nothing when that version stands already. Whether it was published.
pub async fn publish(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    form: &Form,
    schema: &Value,
    by: Option<MemberId>,
    now: DateTime<Utc>,
) -> Result<bool> {
    let definition = serde_json::to_value(form).map_err(|_| Error::Unexpected("form_versions.definition"))?;
    let published = diesel::insert_into(form_versions::table)
        .values((
            form_versions::corp_id.eq(corp),
            form_versions::form_id.eq(form_id),
            form_versions::version.eq(form.version),
            form_versions::title.eq(&form.title),
            form_versions::definition.eq(definition),
            form_versions::schema.eq(schema),
            form_versions::published_at.eq(now),
            form_versions::published_by.eq(by),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(published > 0)
}

/// Keeps what the designer works on.
pub async fn keep_draft(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    draft: Option<&Value>,
    by: Option<MemberId>,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(forms::table.filter(forms::corp_id.eq(corp)).filter(forms::form_id.eq(form_id)))
        .set((forms::draft.eq(draft), forms::draft_at.eq(draft.map(|_| now)), forms::draft_by.eq(by)))
        .execute(conn)
        .await?;
    Ok(())
}
