//! The log of exports, their files in sealed pieces, and who fetched them.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Bytea, Integer, Jsonb, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId, audit::Act};
use serde_json::{Value, json};

use crate::{
    Keyring, Result, Sealed, access_log,
    audit::{self, Event},
    schema::{export_chunks, export_downloads, exports},
    sealed::{Place, column},
};

/// Where a piece of a file stands sealed; `row` is made by [`chunk_row`].
pub fn chunk_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::EXPORT_CHUNK, corp, row }
}

/// The natural key of a piece.
pub fn chunk_row(export: i64, chunk_no: i32) -> String {
    format!("{export}/{chunk_no}")
}

/// Where the hash of what was asked for stands sealed: a hash alone would let whoever has a copy of the database try which
/// names and purposes fit. `row` is `member/key`.
pub fn request_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::EXPORT_HASH, corp, row }
}

/// Where stands sealed what an export was asked for; `row` is `member/key`.
pub fn purpose_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::EXPORT_PURPOSE, corp, row }
}

/// An export as it is asked for.
#[derive(Debug, Clone)]
pub struct NewExport<'a> {
    /// The school.
    pub corp: CorpId,
    /// Who asks.
    pub by: MemberId,
    /// The Idempotency-Key.
    pub key: &'a str,
    /// SHA-256 of what is asked for; kept sealed.
    pub hash: &'a [u8],
    /// The template's name.
    pub name: &'a str,
    /// A [`domain::export::Definition`].
    pub definition: &'a Value,
    /// What for; kept sealed.
    pub purpose: &'a str,
    /// `none`, `masked` or `full`.
    pub phones: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

impl NewExport<'_> {
    /// The row the hash and the purpose are sealed for.
    fn row(&self) -> String {
        format!("{}/{}", self.by, self.key)
    }
}

/// An export and how far it is.
#[derive(Debug, Clone, QueryableByName)]
pub struct Export {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub export_id: i64,
    /// The template's name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// A [`domain::export::Definition`].
    #[diesel(sql_type = Jsonb)]
    pub definition: Value,
    /// What for, sealed …
    #[diesel(sql_type = Binary)]
    pub purpose: Sealed,
    /// … for this row ([`purpose_place`]).
    #[diesel(sql_type = Text)]
    pub purpose_row: String,
    /// `none`, `masked` or `full`.
    #[diesel(sql_type = Text)]
    pub phones: String,
    /// `waiting`, `running`, `done`, `failed` or `expired`.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// Tries.
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// Rows written.
    #[diesel(sql_type = BigInt)]
    pub rows_done: i64,
    /// Rows there were at the beginning.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub rows_total: Option<i64>,
    /// People it names.
    #[diesel(sql_type = BigInt)]
    pub people: i64,
    /// … whose phone is in it in full.
    #[diesel(sql_type = BigInt)]
    pub full_phones: i64,
    /// Of the file.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub size_bytes: Option<i64>,
    /// Pieces of the file.
    #[diesel(sql_type = Integer)]
    pub chunks: i32,
    /// Why it failed, and what to do.
    #[diesel(sql_type = Nullable<Text>)]
    pub message: Option<String>,
    /// Who asked for it.
    #[diesel(sql_type = BigInt)]
    pub made_by: MemberId,
    /// Their name, or their account.
    #[diesel(sql_type = Text)]
    pub maker: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub made_at: DateTime<Utc>,
    /// When it ended.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub finished_at: Option<DateTime<Utc>>,
    /// When the file goes.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub expires_at: Option<DateTime<Utc>>,
    /// The rights it was made by.
    #[diesel(sql_type = Nullable<Jsonb>)]
    pub rights: Option<Value>,
    /// How often it was fetched.
    #[diesel(sql_type = BigInt)]
    pub downloads: i64,
    /// The last time.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub downloaded_at: Option<DateTime<Utc>>,
}

const SHOWN: &str = "
  select e.export_id, e.name, e.definition, e.purpose, concat_ws('/', e.made_by, e.request_key) as purpose_row, e.phones,
         e.state, e.attempts, e.rows_done, e.rows_total, e.people,
         e.full_phones, e.size_bytes, e.chunks, e.message, e.made_by, coalesce(p.name, m.name, m.userid) as maker, e.made_at,
         e.finished_at, e.expires_at, e.rights, d.downloads, d.downloaded_at
  from exports e
  join members m on m.corp_id = e.corp_id and m.member_id = e.made_by
  left join persons p on p.corp_id = e.corp_id and p.person_id = m.person_id
  left join lateral (
    select count(*) as downloads, max(d.at) as downloaded_at from export_downloads d
    where d.corp_id = e.corp_id and d.export_id = e.export_id) d on true
  where e.corp_id = $1";

/// Keeps an export that is asked for and gives its number. The same key is the same export; `None` when it was used for
/// something else.
pub async fn add(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    new: &NewExport<'_>,
) -> Result<Option<i64>> {
    let place_row = new.row();
    let place = request_place(new.corp, &place_row);
    let row = (
        exports::corp_id.eq(new.corp),
        exports::request_key.eq(new.key),
        exports::request_hash.eq(keyring.seal(place, new.hash)?),
        exports::name.eq(new.name),
        exports::definition.eq(new.definition),
        exports::purpose.eq(keyring.seal(purpose_place(new.corp, &place_row), new.purpose.as_bytes())?),
        exports::phones.eq(new.phones),
        exports::state.eq("waiting"),
        exports::made_by.eq(new.by),
        exports::made_at.eq(new.at),
    );
    let added: Option<i64> = diesel::insert_into(exports::table)
        .values(row)
        .on_conflict_do_nothing()
        .returning(exports::export_id)
        .get_result(conn)
        .await
        .optional()?;
    if let Some(id) = added {
        let dataset = new.definition.get("dataset");
        let asked = Event::new(new.corp, Act::ExportAsked, Some(new.by), new.at).on("export", id);
        audit::insert(conn, asked.saying(json!({ "dataset": dataset, "phones": new.phones }))).await?;
        return Ok(added);
    }
    let (id, kept): (i64, Sealed) = exports::table
        .filter(exports::corp_id.eq(new.corp))
        .filter(exports::made_by.eq(new.by))
        .filter(exports::request_key.eq(new.key))
        .select((exports::export_id, exports::request_hash))
        .first(conn)
        .await?;
    // Of one that is over there is nothing left to compare with: its key names it.
    let is_same = kept.as_bytes().is_empty() || keyring.open(place, &kept)? == new.hash;
    Ok(is_same.then_some(id))
}

/// How many of somebody's exports are under way.
pub async fn open_of(conn: &mut AsyncPgConnection, corp: CorpId, member: MemberId) -> Result<i64> {
    Ok(exports::table
        .filter(exports::corp_id.eq(corp))
        .filter(exports::made_by.eq(member))
        .filter(exports::state.eq_any(["waiting", "running"]))
        .count()
        .get_result(conn)
        .await?)
}

/// Exports under way.
pub async fn open(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<i64>> {
    Ok(exports::table
        .filter(exports::corp_id.eq(corp))
        .filter(exports::state.eq_any(["waiting", "running"]))
        .order(exports::export_id)
        .select(exports::export_id)
        .load(conn)
        .await?)
}

/// One export, of this member, or of anybody.
pub async fn find(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: i64,
    of: Option<MemberId>,
) -> Result<Option<Export>> {
    Ok(diesel::sql_query(format!("{SHOWN} and e.export_id = $2 and ($3 is null or e.made_by = $3)"))
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(id)
        .bind::<Nullable<BigInt>, _>(of)
        .get_result(conn)
        .await
        .optional()?)
}

/// Exports of this member, or of everybody, newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    of: Option<MemberId>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Export>> {
    let sql = format!(
        "{SHOWN} and ($2 is null or e.made_by = $2) and ($3 is null or e.export_id < $3) order by e.export_id desc limit $4"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Nullable<BigInt>, _>(of)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// Begins a try. False when there is nothing to do.
pub async fn begin(conn: &mut AsyncPgConnection, corp: CorpId, id: i64) -> Result<bool> {
    let begun = diesel::update(exports::table)
        .filter(exports::corp_id.eq(corp))
        .filter(exports::export_id.eq(id))
        .filter(exports::state.eq_any(["waiting", "running"]))
        .set((
            exports::state.eq("running"),
            exports::attempts.eq(exports::attempts + 1),
            exports::rows_done.eq(0),
        ))
        .execute(conn)
        .await?;
    Ok(begun == 1)
}

/// Tells how far a try is.
pub async fn progress(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: i64,
    done: i64,
    total: i64,
) -> Result<()> {
    diesel::update(exports::table)
        .filter(exports::corp_id.eq(corp))
        .filter(exports::export_id.eq(id))
        .filter(exports::state.eq("running"))
        .set((exports::rows_done.eq(done), exports::rows_total.eq(total)))
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends an export that can't be made.
pub async fn fail(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: i64,
    message: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(exports::table)
        .filter(exports::corp_id.eq(corp))
        .filter(exports::export_id.eq(id))
        .filter(exports::state.eq_any(["waiting", "running"]))
        .set((exports::state.eq("failed"), exports::message.eq(message), exports::finished_at.eq(now)))
        .execute(conn)
        .await?;
    Ok(())
}

/// A made file.
#[derive(Debug, Clone)]
pub struct Made {
    /// Its rows.
    pub rows: i64,
    /// How many people it names.
    pub people: usize,
    /// … with their phone in full.
    pub full_phones: usize,
    /// Of the file.
    pub size_bytes: i64,
    /// Pieces of the file, kept before.
    pub chunks: i32,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// When the file goes.
    pub expires_at: DateTime<Utc>,
    /// The rights it was made by.
    pub rights: Value,
}

/// Ends an export whose file is kept. False when another worker has ended it: drop the transaction.
pub async fn finish(conn: &mut AsyncPgConnection, corp: CorpId, id: i64, made: Made) -> Result<bool> {
    let count = |people: usize| i64::try_from(people).unwrap_or(i64::MAX);
    let finished = diesel::update(exports::table)
        .filter(exports::corp_id.eq(corp))
        .filter(exports::export_id.eq(id))
        .filter(exports::state.eq("running"))
        .set((
            exports::state.eq("done"),
            exports::rows_done.eq(made.rows),
            exports::rows_total.eq(made.rows),
            exports::people.eq(count(made.people)),
            exports::full_phones.eq(count(made.full_phones)),
            exports::size_bytes.eq(made.size_bytes),
            exports::chunks.eq(made.chunks),
            exports::finished_at.eq(made.at),
            exports::expires_at.eq(made.expires_at),
            exports::rights.eq(made.rights),
        ))
        .execute(conn)
        .await?;
    Ok(finished == 1)
}

/// How an export is found by those it names, among the looks at their data.
#[derive(Debug, Clone, Copy)]
pub struct Naming<'a> {
    /// As a look at what.
    pub field: &'a str,
    /// What the export is for; kept sealed, for each of them.
    pub purpose: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// Notes for people an export names that it does, in the transaction that makes its file available.
pub async fn note_people(
    conn: &mut AsyncPgConnection,
    keyring: &Keyring,
    corp: CorpId,
    export: &Export,
    naming: Naming<'_>,
    people: &[PersonId],
) -> Result<()> {
    let Naming { field, purpose, at } = naming;
    let mut purposes = Vec::with_capacity(people.len());
    for person in people {
        let row = access_log::purpose_row(export.made_by, *person, at);
        purposes.push(keyring.seal(access_log::purpose_place(corp, &row), purpose.as_bytes())?);
    }
    diesel::sql_query(
        "insert into access_log (corp_id, viewer, person_id, field, purpose, at, export_id)
         select $1, $2, n.person_id, $4, n.purpose, $6, $7 from unnest($3, $5) as n (person_id, purpose)",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(export.made_by)
    .bind::<Array<BigInt>, _>(people)
    .bind::<Text, _>(field)
    .bind::<Array<Binary>, _>(&purposes)
    .bind::<Timestamptz, _>(at)
    .bind::<BigInt, _>(export.export_id)
    .execute(conn)
    .await?;
    let look = Event::new(corp, Act::Look, Some(export.made_by), at).on("export", export.export_id);
    audit::insert_for(conn, &look.saying(json!({ "field": field })), people).await
}

/// Keeps a piece of a file, in the transaction that makes it available.
pub async fn put_chunk(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    export: i64,
    chunk_no: i32,
    content: &Sealed,
) -> Result<()> {
    diesel::sql_query(
        "insert into export_chunks (corp_id, export_id, chunk_no, content) values ($1, $2, $3, $4)",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(export)
    .bind::<Integer, _>(chunk_no)
    .bind::<Bytea, _>(content.as_bytes())
    .execute(conn)
    .await?;
    Ok(())
}

/// A piece of a file that is there.
pub async fn chunk(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    export: i64,
    chunk_no: i32,
) -> Result<Option<Sealed>> {
    Ok(export_chunks::table
        .filter(export_chunks::corp_id.eq(corp))
        .filter(export_chunks::export_id.eq(export))
        .filter(export_chunks::chunk_no.eq(chunk_no))
        .select(export_chunks::content)
        .first(conn)
        .await
        .optional()?
        .map(Sealed::from_bytes))
}

/// Records that somebody fetches a file.
pub async fn note_download(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    export: i64,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(export_downloads::table)
        .values((
            export_downloads::corp_id.eq(corp),
            export_downloads::export_id.eq(export),
            export_downloads::member_id.eq(by),
            export_downloads::at.eq(now),
        ))
        .execute(conn)
        .await?;
    audit::insert(conn, Event::new(corp, Act::ExportFetched, Some(by), now).on("export", export)).await
}

/// Removes the files whose time is over, and of exports that are over what their request is compared by; the log stays.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, now: DateTime<Utc>) -> Result<usize> {
    let over = exports::table
        .filter(exports::corp_id.eq(corp))
        .filter(exports::state.eq("done"))
        .filter(exports::expires_at.le(now))
        .select(exports::export_id);
    diesel::delete(export_chunks::table)
        .filter(export_chunks::corp_id.eq(corp))
        .filter(export_chunks::export_id.eq_any(over))
        .execute(conn)
        .await?;
    let removed = diesel::update(exports::table)
        .filter(exports::corp_id.eq(corp))
        .filter(exports::state.eq("done"))
        .filter(exports::expires_at.le(now))
        .set(exports::state.eq("expired"))
        .execute(conn)
        .await?;
    // A value that stays keeps the data key of its month, under which the files in backups are sealed too.
    let emptied = Sealed::from_bytes(Vec::new());
    diesel::update(exports::table)
        .filter(exports::corp_id.eq(corp))
        .filter(exports::state.eq_any(["expired", "failed"]))
        .filter(exports::request_hash.ne(&emptied))
        .set(exports::request_hash.eq(&emptied))
        .execute(conn)
        .await?;
    Ok(removed)
}
