//! A .zip of photos on its way: its sealed pieces until they are used, and what became of each file.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId, photo::Outcome};

use crate::{
    Result, Sealed,
    schema::{members, persons, photo_chunks, photo_results, photo_uploads},
    sealed::{Place, column},
};

/// Where a piece of an upload stands sealed; `row` is upload and number of the piece.
pub fn chunk_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::UPLOAD_CHUNK, corp, row }
}

/// An upload.
#[derive(Debug, Clone, Queryable)]
pub struct Upload {
    /// Its number.
    pub upload_id: i64,
    /// `receiving`, `waiting` (or being worked on), `done` or `failed`.
    pub state: String,
    /// Its size.
    pub bytes: i64,
    /// Its pieces.
    pub chunks: i32,
    /// Files to be looked at; none while nobody has looked into it.
    pub files: Option<i32>,
    /// Why it failed.
    pub message: Option<String>,
    /// Who brought it.
    pub made_by: MemberId,
    /// When.
    pub made_at: DateTime<Utc>,
    /// When it was done.
    pub finished_at: Option<DateTime<Utc>>,
    /// Their name on the roster, or in WeCom.
    pub made_by_name: Option<String>,
}

/// Begins an upload. Its number.
pub async fn begin(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<i64> {
    Ok(diesel::insert_into(photo_uploads::table)
        .values((
            photo_uploads::corp_id.eq(corp),
            photo_uploads::state.eq("receiving"),
            photo_uploads::made_by.eq(by),
            photo_uploads::made_at.eq(now),
        ))
        .returning(photo_uploads::upload_id)
        .get_result(conn)
        .await?)
}

/// Keeps a piece.
pub async fn add_chunk(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    upload: i64,
    chunk: i32,
    content: &Sealed,
) -> Result<()> {
    diesel::insert_into(photo_chunks::table)
        .values((
            photo_chunks::corp_id.eq(corp),
            photo_chunks::upload_id.eq(upload),
            photo_chunks::chunk_no.eq(chunk),
            photo_chunks::content.eq(content),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// A piece.
pub async fn chunk(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    upload: i64,
    chunk: i32,
) -> Result<Option<Sealed>> {
    Ok(photo_chunks::table
        .filter(photo_chunks::corp_id.eq(corp))
        .filter(photo_chunks::upload_id.eq(upload))
        .filter(photo_chunks::chunk_no.eq(chunk))
        .select(photo_chunks::content)
        .first(conn)
        .await
        .optional()?)
}

/// All of it is there: it waits for a job.
pub async fn received(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    upload: i64,
    bytes: i64,
    chunks: i32,
) -> Result<()> {
    diesel::update(photo_uploads::table)
        .filter(photo_uploads::corp_id.eq(corp))
        .filter(photo_uploads::upload_id.eq(upload))
        .set((
            photo_uploads::state.eq("waiting"),
            photo_uploads::bytes.eq(bytes),
            photo_uploads::chunks.eq(chunks),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// So many files are to be looked at.
pub async fn opened(conn: &mut AsyncPgConnection, corp: CorpId, upload: i64, files: usize) -> Result<()> {
    diesel::update(photo_uploads::table)
        .filter(photo_uploads::corp_id.eq(corp))
        .filter(photo_uploads::upload_id.eq(upload))
        .set(photo_uploads::files.eq(i32::try_from(files).unwrap_or(i32::MAX)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends an upload that waits: `done`, or `failed` with the reason. Its pieces are gone then.
pub async fn settle(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    upload: i64,
    state: &str,
    message: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    drop_chunks(conn, corp, upload).await?;
    diesel::update(photo_uploads::table)
        .filter(photo_uploads::corp_id.eq(corp))
        .filter(photo_uploads::upload_id.eq(upload))
        .filter(photo_uploads::state.eq("waiting"))
        .set((
            photo_uploads::state.eq(state),
            photo_uploads::message.eq(message),
            photo_uploads::finished_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

async fn drop_chunks(conn: &mut AsyncPgConnection, corp: CorpId, upload: i64) -> Result<()> {
    diesel::delete(photo_chunks::table)
        .filter(photo_chunks::corp_id.eq(corp))
        .filter(photo_chunks::upload_id.eq(upload))
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets an upload that never came whole.
pub async fn give_up(conn: &mut AsyncPgConnection, corp: CorpId, upload: i64) -> Result<()> {
    drop_chunks(conn, corp, upload).await?;
    diesel::delete(photo_uploads::table)
        .filter(photo_uploads::corp_id.eq(corp))
        .filter(photo_uploads::upload_id.eq(upload))
        .filter(photo_uploads::state.eq("receiving"))
        .execute(conn)
        .await?;
    Ok(())
}

#[diesel::dsl::auto_type(no_type_alias)]
fn with_names(corp: CorpId) -> _ {
    photo_uploads::table
        .inner_join(members::table.on(
            members::corp_id.eq(photo_uploads::corp_id).and(members::member_id.eq(photo_uploads::made_by)),
        ))
        .left_join(persons::table.on(
            persons::corp_id.eq(members::corp_id).and(persons::person_id.nullable().eq(members::person_id)),
        ))
        .filter(photo_uploads::corp_id.eq(corp))
        .select((
            photo_uploads::upload_id,
            photo_uploads::state,
            photo_uploads::bytes,
            photo_uploads::chunks,
            photo_uploads::files,
            photo_uploads::message,
            photo_uploads::made_by,
            photo_uploads::made_at,
            photo_uploads::finished_at,
            persons::name.nullable(),
        ))
}

/// One upload.
pub async fn find(conn: &mut AsyncPgConnection, corp: CorpId, upload: i64) -> Result<Option<Upload>> {
    Ok(with_names(corp).filter(photo_uploads::upload_id.eq(upload)).first(conn).await.optional()?)
}

/// Uploads that came whole, newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Upload>> {
    Ok(with_names(corp)
        .filter(photo_uploads::state.ne("receiving"))
        .filter(photo_uploads::upload_id.lt(before.unwrap_or(i64::MAX)))
        .order(photo_uploads::upload_id.desc())
        .limit(limit)
        .load(conn)
        .await?)
}

/// Uploads that wait for a job.
pub async fn waiting(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<i64>> {
    Ok(photo_uploads::table
        .filter(photo_uploads::corp_id.eq(corp))
        .filter(photo_uploads::state.eq("waiting"))
        .select(photo_uploads::upload_id)
        .load(conn)
        .await?)
}

/// Whether an earlier file of the upload is of this person.
pub async fn names(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    upload: i64,
    person: PersonId,
) -> Result<bool> {
    let found = photo_results::table
        .filter(photo_results::corp_id.eq(corp))
        .filter(photo_results::upload_id.eq(upload))
        .filter(photo_results::person_id.eq(person))
        .filter(photo_results::outcome.eq_any(["stored", "replaced", "same"]));
    Ok(diesel::select(diesel::dsl::exists(found)).get_result(conn).await?)
}

/// What became of a file.
#[derive(Debug, Clone, Copy)]
pub struct NewResult<'a> {
    /// Its place in the .zip.
    pub entry: i32,
    /// Its name.
    pub file: &'a str,
    /// What became of it.
    pub outcome: Outcome,
    /// Whose it is.
    pub person: Option<PersonId>,
}

/// Records what became of a file, once.
pub async fn record(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    upload: i64,
    result: NewResult<'_>,
) -> Result<()> {
    diesel::insert_into(photo_results::table)
        .values((
            photo_results::corp_id.eq(corp),
            photo_results::upload_id.eq(upload),
            photo_results::entry_no.eq(result.entry),
            photo_results::file.eq(result.file),
            photo_results::outcome.eq(result.outcome.as_str()),
            photo_results::person_id.eq(result.person),
        ))
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    Ok(())
}

/// The last file that is done; files are taken in their order.
pub async fn last_done(conn: &mut AsyncPgConnection, corp: CorpId, upload: i64) -> Result<Option<i32>> {
    Ok(photo_results::table
        .filter(photo_results::corp_id.eq(corp))
        .filter(photo_results::upload_id.eq(upload))
        .select(diesel::dsl::max(photo_results::entry_no))
        .first(conn)
        .await?)
}

/// Files of one outcome.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Count {
    /// See [`Outcome`].
    #[diesel(sql_type = Text)]
    pub outcome: String,
    /// How many.
    #[diesel(sql_type = BigInt)]
    pub files: i64,
}

/// Files of an upload by outcome.
pub async fn counts(conn: &mut AsyncPgConnection, corp: CorpId, upload: i64) -> Result<Vec<Count>> {
    let sql = "select outcome, count(*) as files from photo_results where corp_id = $1 and upload_id = $2
               group by outcome order by outcome";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<BigInt, _>(upload).load(conn).await?)
}

/// A file and what became of it.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its place in the .zip; also the list's order and cursor.
    #[diesel(sql_type = Integer)]
    pub entry_no: i32,
    /// Its name.
    #[diesel(sql_type = Text)]
    pub file: String,
    /// See [`Outcome`].
    #[diesel(sql_type = Text)]
    pub outcome: String,
    /// Whose it is.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub person_id: Option<PersonId>,
}

/// Files of an upload in order, those after `after`; only those of an outcome, if one is asked for.
pub async fn results(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    upload: i64,
    outcome: Option<Outcome>,
    after: Option<i32>,
    limit: i64,
) -> Result<Vec<Row>> {
    let sql = "select entry_no, file, outcome, person_id from photo_results
               where corp_id = $1 and upload_id = $2 and ($3 is null or outcome = $3) and entry_no > $4
               order by entry_no limit $5";
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(upload)
        .bind::<Nullable<Text>, _>(outcome.map(Outcome::as_str))
        .bind::<Integer, _>(after.unwrap_or(-1))
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// Forgets uploads that ended before `before`, and those that did not come whole since `broken_before`.
pub async fn sweep(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    before: DateTime<Utc>,
    broken_before: DateTime<Utc>,
) -> Result<()> {
    let old: Vec<i64> = photo_uploads::table
        .filter(photo_uploads::corp_id.eq(corp))
        .filter(
            photo_uploads::finished_at
                .lt(before)
                .assume_not_null()
                .or(photo_uploads::state.eq("receiving").and(photo_uploads::made_at.lt(broken_before))),
        )
        .select(photo_uploads::upload_id)
        .load(conn)
        .await?;
    diesel::delete(photo_chunks::table)
        .filter(photo_chunks::corp_id.eq(corp))
        .filter(photo_chunks::upload_id.eq_any(&old))
        .execute(conn)
        .await?;
    diesel::delete(photo_results::table)
        .filter(photo_results::corp_id.eq(corp))
        .filter(photo_results::upload_id.eq_any(&old))
        .execute(conn)
        .await?;
    diesel::delete(photo_uploads::table)
        .filter(photo_uploads::corp_id.eq(corp))
        .filter(photo_uploads::upload_id.eq_any(&old))
        .execute(conn)
        .await?;
    Ok(())
}
