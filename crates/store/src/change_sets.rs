//! What one act changed, row by row: a sync run, an import, a bulk change. It can be looked at, and undone as long
//! as nobody has changed the same rows since.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error as DieselError},
    sql_types::{BigInt, Integer},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, audit};
use serde_json::json;

use crate::{
    Error, Result, accounts,
    audit::{By, Event, insert as record},
    grants,
    schema::{change_sets, changes, members},
};

/// A set of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeSet {
    /// Its number.
    pub change_set_id: i64,
    /// `sync`, `roster`, `exemptions`, `accounts`, `kinds`, `platform` …
    pub kind: String,
    /// The sync run it belongs to.
    pub run_id: Option<i64>,
    /// What was done, in Chinese.
    pub title: String,
    /// Rows written.
    pub rows_changed: i64,
    /// Who did it, by name; none: the service itself.
    pub made_by: Option<String>,
    /// When.
    pub made_at: DateTime<Utc>,
    /// When it was undone.
    pub undone_at: Option<DateTime<Utc>>,
}

/// Who did what, to be kept with the changes.
#[derive(Debug, Clone, Copy)]
pub struct Act<'a> {
    /// `sync`, `roster`, `exemptions`, `accounts`, `kinds`, `platform` …
    pub kind: &'a str,
    /// The sync run.
    pub run_id: Option<i64>,
    /// What was done, in Chinese.
    pub title: &'a str,
    /// Who; none: the service itself.
    pub by: Option<MemberId>,
    /// When.
    pub at: DateTime<Utc>,
}

/// How undoing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// Every row is as it was before.
    Yes,
    /// Rows were changed since, or others need them by now. The transaction must be dropped.
    ChangedSince,
    /// There is no such set, its rows are forgotten, or it was undone before.
    Nothing,
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// From here to the end of the transaction, or to [`end`], changes are noted. The number of the set.
pub async fn begin(conn: &mut AsyncPgConnection) -> Result<i64> {
    let begun: Number = diesel::sql_query(
        "select set_config('rollcall.change_set', nextval('change_set_ids')::text, true)::bigint as number",
    )
    .get_result(conn)
    .await?;
    Ok(begun.number)
}

/// Ends noting. Keeps the set if anything changed; whether it did.
pub async fn end(conn: &mut AsyncPgConnection, corp: CorpId, change_set: i64, act: Act<'_>) -> Result<bool> {
    diesel::sql_query("select set_config('rollcall.change_set', '', true)").execute(conn).await?;
    let rows: i64 = changes::table
        .filter(changes::corp_id.eq(corp))
        .filter(changes::change_set_id.eq(change_set))
        .count()
        .get_result(conn)
        .await?;
    if rows == 0 {
        return Ok(false);
    }
    diesel::insert_into(change_sets::table)
        .values((
            change_sets::corp_id.eq(corp),
            change_sets::change_set_id.eq(change_set),
            change_sets::kind.eq(act.kind),
            change_sets::run_id.eq(act.run_id),
            change_sets::title.eq(act.title),
            change_sets::rows_changed.eq(rows),
            change_sets::made_by.eq(act.by),
            change_sets::made_at.eq(act.at),
        ))
        .execute(conn)
        .await?;
    // What the mirror brings is WeCom's, and stands in its runs.
    if act.kind != "sync" {
        let event = Event::new(corp, audit::Act::RowsChanged, act.by, act.at).on("change_set", change_set);
        record(conn, event.saying(json!({ "kind": act.kind, "rows": rows }))).await?;
    }
    Ok(true)
}

/// Sets that are not a sync run's, all or those of one kind, newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    kind: Option<&str>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<ChangeSet>> {
    let mut sets = shown(corp)
        .filter(change_sets::kind.ne("sync"))
        .filter(change_sets::change_set_id.lt(before.unwrap_or(i64::MAX)))
        .order(change_sets::change_set_id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(kind) = kind {
        sets = sets.filter(change_sets::kind.eq(kind));
    }
    let rows: Vec<Row> = sets.load(conn).await?;
    Ok(rows.into_iter().map(ChangeSet::from).collect())
}

/// One set.
pub async fn find(conn: &mut AsyncPgConnection, corp: CorpId, id: i64) -> Result<Option<ChangeSet>> {
    let row: Option<Row> =
        shown(corp).filter(change_sets::change_set_id.eq(id)).first(conn).await.optional()?;
    Ok(row.map(ChangeSet::from))
}

/// Who made a set; none: the service itself, or there is no such set.
pub async fn maker(conn: &mut AsyncPgConnection, corp: CorpId, id: i64) -> Result<Option<MemberId>> {
    let maker: Option<Option<MemberId>> = change_sets::table
        .filter(change_sets::corp_id.eq(corp))
        .filter(change_sets::change_set_id.eq(id))
        .select(change_sets::made_by)
        .first(conn)
        .await
        .optional()?;
    Ok(maker.flatten())
}

/// The set of a sync run; none when it changed nothing or its rows are forgotten.
pub async fn of_run(conn: &mut AsyncPgConnection, corp: CorpId, run: i64) -> Result<Option<ChangeSet>> {
    let row: Option<Row> = shown(corp).filter(change_sets::run_id.eq(run)).first(conn).await.optional()?;
    Ok(row.map(ChangeSet::from))
}

type Row = (
    i64,
    String,
    Option<i64>,
    String,
    i64,
    Option<String>,
    DateTime<Utc>,
    Option<DateTime<Utc>>,
    Option<String>,
);

impl From<Row> for ChangeSet {
    fn from(row: Row) -> Self {
        let (change_set_id, kind, run_id, title, rows_changed, userid, made_at, undone_at, name) = row;
        let made_by = name.or(userid);
        Self { change_set_id, kind, run_id, title, rows_changed, made_by, made_at, undone_at }
    }
}

#[diesel::dsl::auto_type]
fn shown(corp: CorpId) -> _ {
    change_sets::table
        .left_join(
            members::table.on(members::corp_id
                .eq(change_sets::corp_id)
                .and(members::member_id.nullable().eq(change_sets::made_by))),
        )
        .filter(change_sets::corp_id.eq(corp))
        .select((
            change_sets::change_set_id,
            change_sets::kind,
            change_sets::run_id,
            change_sets::title,
            change_sets::rows_changed,
            members::userid.nullable(),
            change_sets::made_at,
            change_sets::undone_at,
            members::name.nullable(),
        ))
}

/// Puts every row of a set back as it was. All or nothing: on [`Undone::ChangedSince`] drop the transaction.
pub async fn undo(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: i64,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<Undone> {
    let marked = diesel::update(change_sets::table)
        .filter(change_sets::corp_id.eq(corp))
        .filter(change_sets::change_set_id.eq(id))
        .filter(change_sets::undone_at.is_null())
        .set((change_sets::undone_by.eq(by), change_sets::undone_at.eq(now)))
        .execute(conn)
        .await?;
    if marked == 0 {
        return Ok(Undone::Nothing);
    }
    let undone = diesel::sql_query("call undo_changes($1, $2)")
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(id)
        .execute(conn)
        .await
        .map_err(Error::from);
    match undone {
        Ok(_) => {
            record(conn, Event::new(corp, audit::Act::RowsRestored, Some(by), now).on("change_set", id))
                .await?;
            let by = By { member: Some(by), at: now };
            grants::note_undone(conn, corp, id, by).await?;
            accounts::note_undone(conn, corp, id, by).await?;
            Ok(Undone::Yes)
        }
        Err(error) if is_conflict(&error) => Ok(Undone::ChangedSince),
        Err(error) => Err(error),
    }
}

/// Diesel gives no SQLSTATE for our own code; its words are the procedure's.
fn is_conflict(error: &Error) -> bool {
    match error {
        Error::Query(DieselError::DatabaseError(kind, info)) => {
            matches!(kind, DatabaseErrorKind::ForeignKeyViolation | DatabaseErrorKind::UniqueViolation)
                || info.message() == "changed since"
        }
        _ => false,
    }
}

/// Forgets sets made before a moment.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: DateTime<Utc>) -> Result<usize> {
    let old = change_sets::table
        .filter(change_sets::corp_id.eq(corp))
        .filter(change_sets::made_at.lt(before))
        .select(change_sets::change_set_id);
    diesel::delete(changes::table)
        .filter(changes::corp_id.eq(corp))
        .filter(changes::change_set_id.eq_any(old))
        .execute(conn)
        .await?;
    Ok(diesel::delete(change_sets::table)
        .filter(change_sets::corp_id.eq(corp))
        .filter(change_sets::made_at.lt(before))
        .execute(conn)
        .await?)
}
