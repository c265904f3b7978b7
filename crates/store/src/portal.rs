//! 入口: other systems that members are led to, in their order.

pub mod lists;
pub mod passes;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, DepartmentId, MemberId, PersonId,
    audit::Act,
    form::{Audience, PersonKind},
    portal::Entry,
};

use serde_json::json;

use crate::{
    Result,
    audit::{self, Event},
    schema::portal_entries,
};

/// An entry as it stands.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub entry_id: i64,
    /// What the tile is called.
    #[diesel(sql_type = Text)]
    pub title: String,
    /// A line below; empty for none.
    #[diesel(sql_type = Text)]
    pub note: String,
    /// Its sign.
    #[diesel(sql_type = Text)]
    pub icon: String,
    /// Where it leads.
    #[diesel(sql_type = Text)]
    pub address: String,
    /// `student`, `staff`.
    #[diesel(sql_type = Array<Text>)]
    pub kinds: Vec<String>,
    /// Only those counted under one of these; none: the whole school.
    #[diesel(sql_type = Nullable<Array<Integer>>)]
    pub departments: Option<Vec<DepartmentId>>,
    /// Whose reports are compared with lists; none: who opened the entry.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub form_id: Option<i64>,
    /// Its code.
    #[diesel(sql_type = Nullable<Text>)]
    pub form: Option<String>,
    /// The first day it is shown.
    #[diesel(sql_type = Date)]
    pub from_date: NaiveDate,
    /// The first day it no longer is.
    #[diesel(sql_type = Nullable<Date>)]
    pub until_date: Option<NaiveDate>,
    /// A change names it.
    #[diesel(sql_type = Integer)]
    pub revision: i32,
    /// Who changed it last, by name.
    #[diesel(sql_type = Text)]
    pub by: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub changed_at: DateTime<Utc>,
    /// Since when it is shown to nobody.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub closed_at: Option<DateTime<Utc>>,
}

impl Row {
    /// Whom it is for.
    pub fn audience(&self) -> Audience {
        let kinds =
            PersonKind::ALL.into_iter().filter(|kind| self.kinds.iter().any(|name| name == kind.as_str()));
        Audience { kinds: kinds.collect(), within: None, departments: self.departments.clone() }
    }
}

const ROWS: &str = "
  select e.entry_id, e.title, e.note, e.icon, e.address, e.kinds, e.departments, e.form_id, f.code as form, e.from_date,
         e.until_date, e.revision, coalesce(p.name, m.name, m.userid) as by, e.changed_at, e.closed_at
  from portal_entries e
  left join forms f on f.corp_id = e.corp_id and f.form_id = e.form_id
  join members m on m.corp_id = e.corp_id and m.member_id = e.by_member
  left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
  where e.corp_id = $1";

/// Those that stand, in their order.
pub async fn standing(conn: &mut AsyncPgConnection, corp: CorpId, limit: i64) -> Result<Vec<Row>> {
    let sql = format!("{ROWS} and e.closed_at is null order by e.position, e.entry_id limit $2");
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<BigInt, _>(limit).load(conn).await?)
}

/// Those that were ended, the newest first.
pub async fn ended(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Row>> {
    let sql = format!(
        "{ROWS} and e.closed_at is not null and ($2 is null or e.entry_id < $2) order by e.entry_id desc limit $3"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// One of them.
pub async fn find(conn: &mut AsyncPgConnection, corp: CorpId, id: i64) -> Result<Option<Row>> {
    let sql = format!("{ROWS} and e.entry_id = $2");
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(id)
        .get_result(conn)
        .await
        .optional()?)
}

/// Locks those that stand against others who would order, add or end them; their numbers in their order.
pub async fn lock(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<i64>> {
    Ok(portal_entries::table
        .filter(portal_entries::corp_id.eq(corp))
        .filter(portal_entries::closed_at.is_null())
        .order((portal_entries::position, portal_entries::entry_id))
        .select(portal_entries::entry_id)
        .for_update()
        .load(conn)
        .await?)
}

/// Who says so, and when.
#[derive(Debug, Clone, Copy)]
pub struct By {
    /// The account.
    pub member: MemberId,
    /// Now.
    pub at: DateTime<Utc>,
}

fn kinds(entry: &Entry) -> Vec<&'static str> {
    entry.audience.kinds.iter().map(|kind| kind.as_str()).collect()
}

/// Adds one after the others. Its number.
pub async fn add(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    entry: &Entry,
    form_id: Option<i64>,
    by: By,
) -> Result<i64> {
    let last: Option<i32> = portal_entries::table
        .filter(portal_entries::corp_id.eq(corp))
        .filter(portal_entries::closed_at.is_null())
        .select(diesel::dsl::max(portal_entries::position))
        .first(conn)
        .await?;
    let id: i64 = diesel::insert_into(portal_entries::table)
        .values((
            (
                portal_entries::corp_id.eq(corp),
                portal_entries::title.eq(&entry.title),
                portal_entries::note.eq(&entry.note),
                portal_entries::icon.eq(entry.icon.as_str()),
                portal_entries::address.eq(&entry.address),
                portal_entries::position.eq(last.unwrap_or(0) + 1),
                portal_entries::kinds.eq(kinds(entry)),
                portal_entries::departments.eq(&entry.audience.departments),
            ),
            (
                portal_entries::form_id.eq(form_id),
                portal_entries::from_date.eq(entry.from),
                portal_entries::until_date.eq(entry.until),
                portal_entries::revision.eq(1),
                portal_entries::by_member.eq(by.member),
                portal_entries::changed_at.eq(by.at),
            ),
        ))
        .returning(portal_entries::entry_id)
        .get_result(conn)
        .await?;
    note(conn, corp, id, "created", by).await?;
    Ok(id)
}

/// Records in the audit what was done to one.
async fn note(conn: &mut AsyncPgConnection, corp: CorpId, id: i64, act: &str, by: By) -> Result<()> {
    let event = Event::new(corp, Act::EntryChanged, Some(by.member), by.at).on("entry", id);
    audit::insert(conn, event.saying(json!({ "act": act }))).await
}

/// Changes one that stands. False when it is another revision by now, or was ended.
pub async fn change(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    (id, revision): (i64, i32),
    entry: &Entry,
    form_id: Option<i64>,
    by: By,
) -> Result<bool> {
    let changed = diesel::update(portal_entries::table.find((corp, id)))
        .filter(portal_entries::revision.eq(revision))
        .filter(portal_entries::closed_at.is_null())
        .set((
            (
                portal_entries::title.eq(&entry.title),
                portal_entries::note.eq(&entry.note),
                portal_entries::icon.eq(entry.icon.as_str()),
                portal_entries::address.eq(&entry.address),
                portal_entries::kinds.eq(kinds(entry)),
                portal_entries::departments.eq(&entry.audience.departments),
            ),
            (
                portal_entries::form_id.eq(form_id),
                portal_entries::from_date.eq(entry.from),
                portal_entries::until_date.eq(entry.until),
                portal_entries::revision.eq(revision + 1),
                portal_entries::by_member.eq(by.member),
                portal_entries::changed_at.eq(by.at),
            ),
        ))
        .execute(conn)
        .await?;
    if changed == 1 {
        note(conn, corp, id, "changed", by).await?;
    }
    Ok(changed == 1)
}

/// Puts them in this order.
pub async fn order(conn: &mut AsyncPgConnection, corp: CorpId, ids: &[i64], by: By) -> Result<()> {
    let moved = diesel::sql_query(
        "update portal_entries e set position = r.position
         from unnest($2) with ordinality as r (entry_id, position)
         where e.corp_id = $1 and e.entry_id = r.entry_id and e.position <> r.position",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<BigInt>, _>(ids)
    .execute(conn)
    .await?;
    if moved > 0 {
        let event = Event::new(corp, Act::EntryChanged, Some(by.member), by.at);
        audit::insert(conn, event.saying(json!({ "act": "ordered", "entries": moved }))).await?;
    }
    Ok(())
}

/// Ends one. What was ended before stays as it was.
pub async fn end(conn: &mut AsyncPgConnection, corp: CorpId, id: i64, by: By) -> Result<()> {
    let ended = diesel::update(portal_entries::table.find((corp, id)))
        .filter(portal_entries::closed_at.is_null())
        .set((
            portal_entries::closed_at.eq(by.at),
            portal_entries::by_member.eq(by.member),
            portal_entries::changed_at.eq(by.at),
        ))
        .execute(conn)
        .await?;
    if ended == 1 {
        note(conn, corp, id, "ended", by).await?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Place {
    #[diesel(sql_type = Integer)]
    department_id: DepartmentId,
    #[diesel(sql_type = Nullable<Integer>)]
    class_id: Option<DepartmentId>,
    #[diesel(sql_type = Nullable<Integer>)]
    grade_id: Option<DepartmentId>,
    #[diesel(sql_type = Nullable<Integer>)]
    college_id: Option<DepartmentId>,
}

/// What somebody is counted under on a day; empty for those without a place.
pub async fn counted_under(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: PersonId,
    day: NaiveDate,
) -> Result<Vec<Option<DepartmentId>>> {
    let place: Option<Place> = diesel::sql_query(
        "select d.department_id, d.class_id, d.grade_id, d.college_id
         from memberships s join departments d on d.corp_id = s.corp_id and d.department_id = s.department_id
         where s.corp_id = $1 and s.person_id = $2 and s.is_main and s.from_date <= $3
           and (s.until_date is null or s.until_date > $3) limit 1",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(person)
    .bind::<Date, _>(day)
    .get_result(conn)
    .await
    .optional()?;
    let of = |place: Place| vec![Some(place.department_id), place.class_id, place.grade_id, place.college_id];
    Ok(place.map(of).unwrap_or_default())
}
