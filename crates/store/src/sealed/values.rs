//! Sealed values where they stand, to be sealed anew: for `rollcall keys`, which comes as the owner of the tables. The service
//! itself may not change all of them.

use std::collections::HashSet;

use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Binary, Integer, Jsonb, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::CorpId;
use serde_json::Value;

use super::{KeyId, Sealed, column::Spot};
use crate::Result;

/// A value, and where it stands.
#[derive(Debug, Clone, QueryableByName)]
pub struct Standing {
    /// What finds its table's row: the columns of [`Spot::key`].
    #[diesel(sql_type = Jsonb)]
    pub key: Value,
    /// The row it is sealed for. None: what it was sealed for is gone.
    #[diesel(sql_type = Nullable<Text>)]
    pub sealed_for: Option<String>,
    /// As it stands.
    #[diesel(sql_type = Binary)]
    pub value: Sealed,
}

/// A value sealed anew, in the place of the one that was read.
#[derive(Debug, Clone)]
pub struct Renewed {
    /// What was read.
    pub old: Standing,
    /// What is to stand there.
    pub new: Sealed,
}

fn bytes(ids: &HashSet<KeyId>) -> Vec<Vec<u8>> {
    ids.iter().map(|id| id.0.to_vec()).collect()
}

/// `t.a, t.b`
fn columns(spot: &Spot, of: &str) -> String {
    spot.key.iter().map(|column| format!("{of}.{column}")).collect::<Vec<_>>().join(", ")
}

/// Values of a school that stand under none of `done`, after the row of `after`, by their key. What was emptied is no value.
pub async fn not_under(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    spot: &Spot,
    done: &HashSet<KeyId>,
    after: Option<&Value>,
    limit: i64,
) -> Result<Vec<Standing>> {
    let Spot { table, column, row, .. } = spot;
    let (key, of_after) = (columns(spot, "t"), columns(spot, "k"));
    let object: Vec<String> = spot.key.iter().map(|column| format!("'{column}', t.{column}")).collect();
    let object = object.join(", ");
    // Two statements and not `$3 is null or …`, which no index can serve.
    let after_it = match after {
        Some(_) => {
            format!("and ({key}) > (select {of_after} from jsonb_populate_record(null::{table}, $3) k)")
        }
        None => "and $3 is null".to_owned(),
    };
    let sql = format!(
        "select jsonb_build_object({object}) as key, {row} as sealed_for, t.{column} as value from {table} t
         where t.corp_id = $1 and octet_length(t.{column}) > 0 and substr(t.{column}, 3, 8) <> all($2) {after_it}
         order by {key} limit $4"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<Binary>, _>(bytes(done))
        .bind::<Nullable<Jsonb>, _>(after)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// Puts values in the place of those that were read. One that somebody changed since stays as they left it. How many were put.
///
/// Where changes of the table are noted, the notes say the new value too: what was done can still be undone. In a transaction,
/// whose first statement holds the rows, so that the second sees every note on them.
pub async fn replace(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    spot: &Spot,
    renewed: &[Renewed],
) -> Result<usize> {
    let Spot { table, column, .. } = spot;
    let same: Vec<String> = spot.key.iter().map(|column| format!("t.{column} = k.{column}")).collect();
    let same = same.join(" and ");
    let sql = format!(
        "update {table} t set {column} = r.new
         from unnest($2, $3, $4) as r (key, old, new), lateral jsonb_populate_record(null::{table}, r.key) k
         where t.corp_id = $1 and {same} and t.{column} = r.old"
    );
    let put = diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<Jsonb>, _>(renewed.iter().map(|one| &one.old.key).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(renewed.iter().map(|one| &one.old.value).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(renewed.iter().map(|one| &one.new).collect::<Vec<_>>())
        .execute(conn)
        .await?;
    if spot.noted {
        replace_noted(conn, corp, spot, renewed).await?;
    }
    Ok(put)
}

async fn replace_noted(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    spot: &Spot,
    renewed: &[Renewed],
) -> Result<()> {
    let Spot { table, column, .. } = spot;
    for side in ["before", "after"] {
        // A bytea stands in JSON as Postgres writes it: \x and hex digits.
        let sql = format!(
            "update changes c set {side} = jsonb_set(c.{side}, '{{{column}}}', to_jsonb('\\x' || encode(r.new, 'hex')))
             from unnest($2, $3) as r (old, new)
             where c.corp_id = $1 and c.table_name = '{table}' and c.{side} ->> '{column}' = '\\x' || encode(r.old, 'hex')"
        );
        diesel::sql_query(sql)
            .bind::<Integer, _>(corp)
            .bind::<Array<Binary>, _>(renewed.iter().map(|one| &one.old.value).collect::<Vec<_>>())
            .bind::<Array<Binary>, _>(renewed.iter().map(|one| &one.new).collect::<Vec<_>>())
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Values that stand in the notes on a table alone, under none of `done`: the table has others by now. Each once, in the order of
/// their bytes, those after `after`.
///
/// Only for a [`Spot::noted`] one, whose row is made of its own columns.
pub async fn noted_not_under(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    spot: &Spot,
    done: &HashSet<KeyId>,
    after: Option<&Sealed>,
    limit: i64,
) -> Result<Vec<Standing>> {
    let Spot { table, column, .. } = spot;
    let object: Vec<String> = spot.key.iter().map(|column| format!("'{column}', x.{column}")).collect();
    let object = object.join(", ");
    let row = spot.row.replace("t.", "x.");
    let noted = noted(spot);
    let sql = format!(
        "select distinct on (x.{column}) jsonb_build_object({object}) as key, {row} as sealed_for, x.{column} as value
         from {noted} where c.corp_id = $1 and c.table_name = '{table}' and octet_length(x.{column}) > 0
           and substr(x.{column}, 3, 8) <> all($2) and ($3 is null or x.{column} > $3)
         order by x.{column} limit $4"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Array<Binary>, _>(bytes(done))
        .bind::<Nullable<Binary>, _>(after)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// The rows that notes on a table hold: `c` the note, `x` the row.
fn noted(spot: &Spot) -> String {
    let table = spot.table;
    format!(
        "changes c cross join lateral (values (c.before), (c.after)) as image (document)
           cross join lateral jsonb_populate_record(null::{table}, image.document) x"
    )
}

/// How many values stand under a key.
#[derive(Debug, Clone, QueryableByName)]
pub struct Count {
    /// The key's id, as bytes.
    #[diesel(sql_type = Binary)]
    pub key: Vec<u8>,
    /// So many.
    #[diesel(sql_type = BigInt)]
    pub count: i64,
}

/// How many values of a school stand under which key; what was emptied is no value. Reads the whole table.
pub async fn counts(conn: &mut AsyncPgConnection, corp: CorpId, spot: &Spot) -> Result<Vec<Count>> {
    let Spot { table, column, .. } = spot;
    let mut sources = vec![format!(
        "select substr(t.{column}, 3, 8) as key from {table} t where t.corp_id = $1 and octet_length(t.{column}) > 0"
    )];
    if spot.noted {
        let noted = noted(spot);
        sources.push(format!(
            "select substr(x.{column}, 3, 8) from {noted}
             where c.corp_id = $1 and c.table_name = '{table}' and octet_length(x.{column}) > 0"
        ));
    }
    let sql = format!("select key, count(*) as count from ({}) v group by key", sources.join(" union all "));
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).load(conn).await?)
}
