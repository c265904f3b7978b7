//! Forms as they are run: whose they are, from when to when, in which version, and what is drafted.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Bool, Date, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, campaign::CampaignState, form::Schedule, policy::Scope};
use serde_json::Value;

use crate::{Result, schema::forms};

/// A form, its newest version and its draft.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its id; newer ones have larger ones.
    #[diesel(sql_type = BigInt)]
    pub form_id: i64,
    /// Its name in URLs.
    #[diesel(sql_type = Text)]
    pub code: String,
    /// The first day it is asked.
    #[diesel(sql_type = Date)]
    pub starts_on: NaiveDate,
    /// The last.
    #[diesel(sql_type = Date)]
    pub ends_on: NaiveDate,
    /// Whether somebody answers for it; it may have come with Rollcall.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub owner_id: Option<MemberId>,
    /// Who that is.
    #[diesel(sql_type = Nullable<Text>)]
    pub owner: Option<String>,
    /// Whose it is; none: the whole school's.
    #[diesel(sql_type = Nullable<Integer>)]
    pub department_id: Option<DepartmentId>,
    /// What that is called.
    #[diesel(sql_type = Nullable<Text>)]
    pub department: Option<String>,
    /// What the designer works on; none: nothing that is not published.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub draft: Option<Value>,
    /// The newest version's number.
    #[diesel(sql_type = Nullable<Integer>)]
    pub version: Option<i32>,
    /// Its document.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub definition: Option<Value>,
    /// Since when.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub published_at: Option<DateTime<Utc>>,
    /// When its answers were purged.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub purged_at: Option<DateTime<Utc>>,
    /// Whether they are being purged.
    #[diesel(sql_type = Bool)]
    pub purging: bool,
    /// The last day of the hold that is or was the longest, of those that were not lifted.
    #[diesel(sql_type = Nullable<Date>)]
    pub held_until: Option<NaiveDate>,
    /// The last purge that has its certificate.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub certificate: Option<i64>,
}

impl Row {
    /// From which day to which.
    pub fn schedule(&self) -> Schedule {
        Schedule { starts_on: self.starts_on, ends_on: self.ends_on }
    }
}

/// Which forms.
#[derive(Debug, Clone)]
pub struct Question {
    /// The school.
    pub corp: CorpId,
    /// Whose: of these departments, and those of the whole school.
    pub scope: Scope,
    /// Today.
    pub today: NaiveDate,
}

// $1 corp, $2 departments in scope.
const ROWS: &str = "
  select f.form_id, f.code, f.starts_on, f.ends_on, f.owner as owner_id, coalesce(p.name, m.name, m.userid) as owner,
         f.department_id, d.name as department, f.draft, v.version, v.definition, v.published_at, f.purged_at,
         exists (select from retention_purges u where u.corp_id = f.corp_id and u.form_id = f.form_id and u.ended_at is null)
           as purging,
         (select max(h.until_date) from retention_holds h
          where h.corp_id = f.corp_id and h.form_id = f.form_id and h.lifted_at is null) as held_until,
         (select max(u.purge_id) from retention_purges u
          where u.corp_id = f.corp_id and u.form_id = f.form_id and u.certificate is not null) as certificate
  from forms f
  left join lateral (
    select version, definition, published_at from form_versions v
    where v.corp_id = f.corp_id and v.form_id = f.form_id order by version desc limit 1) v on true
  left join members m on m.corp_id = f.corp_id and m.member_id = f.owner
  left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
  left join departments d on d.corp_id = f.corp_id and d.department_id = f.department_id
  where f.corp_id = $1 and ($2 is null or f.department_id is null or f.department_id = any($2))";

/// Forms, newest first, those before `before`; only in this state, only with this in their title.
pub async fn list(
    conn: &mut AsyncPgConnection,
    question: &Question,
    state: Option<CampaignState>,
    text: Option<&str>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Row>> {
    let sql = format!(
        "{ROWS}
           and ($3 is null or $3 = case when v.version is null then 'draft'
                                        when f.starts_on <= $4 and $4 <= f.ends_on then 'running'
                                        when f.starts_on > $4 and f.ends_on >= f.starts_on then 'planned'
                                        else 'ended' end)
           and ($5 is null or position(lower($5) in lower(coalesce(v.definition, f.draft) ->> 'title')) > 0)
           and ($6 is null or f.form_id < $6)
         order by f.form_id desc limit $7"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Nullable<Text>, _>(state.map(CampaignState::as_str))
        .bind::<Date, _>(question.today)
        .bind::<Nullable<Text>, _>(text)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// The form of this code; with `locked` nobody else changes it until the transaction ends.
pub async fn find(
    conn: &mut AsyncPgConnection,
    question: &Question,
    code: &str,
    locked: bool,
) -> Result<Option<Row>> {
    let sql = format!("{ROWS} and f.code = $3 {}", if locked { "for update of f" } else { "" });
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(question.corp)
        .bind::<Nullable<Array<Integer>>, _>(question.scope.departments())
        .bind::<Text, _>(code)
        .get_result(conn)
        .await
        .optional()?)
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = Bool)]
    taken: bool,
}

/// Whether any form of the school has this code.
pub async fn is_taken(conn: &mut AsyncPgConnection, corp: CorpId, code: &str) -> Result<bool> {
    let query =
        diesel::sql_query("select exists (select from forms where corp_id = $1 and code = $2) as taken")
            .bind::<Integer, _>(corp)
            .bind::<Text, _>(code);
    Ok(query.get_result::<Taken>(conn).await?.taken)
}

/// From when to when it is asked from now on.
pub async fn schedule(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    schedule: Schedule,
) -> Result<()> {
    diesel::update(forms::table.filter(forms::corp_id.eq(corp)).filter(forms::form_id.eq(form_id)))
        .set((forms::starts_on.eq(schedule.starts_on), forms::ends_on.eq(schedule.ends_on)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Who answers for it from now on.
pub async fn give_owner(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    form_id: i64,
    owner: MemberId,
) -> Result<()> {
    diesel::update(forms::table.filter(forms::corp_id.eq(corp)).filter(forms::form_id.eq(form_id)))
        .set(forms::owner.eq(owner))
        .execute(conn)
        .await?;
    Ok(())
}

/// Throws away a form that was never published; false when reminders are planned for it already.
pub async fn delete(conn: &mut AsyncPgConnection, corp: CorpId, form_id: i64) -> Result<bool> {
    let query = diesel::sql_query(
        "delete from forms f where corp_id = $1 and form_id = $2
           and not exists (select from reminder_rules r where r.corp_id = f.corp_id and r.form_id = f.form_id)",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(form_id);
    Ok(query.execute(conn).await? == 1)
}
