//! What members and administrators did, as WeCom's two logs have it.

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::CorpId;

use crate::{
    Result,
    schema::platform_records,
    sealed::{Place, Sealed, column},
};

/// A record to be kept.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// When.
    pub at: DateTime<Utc>,
    /// Who; empty: the corp itself.
    pub userid: String,
    /// WeCom's type.
    pub kind: i32,
    /// Of several that are alike in a second, which.
    pub occurrence: i32,
    /// WeCom's words and the address.
    pub detail: Sealed,
}

/// Where the words of a record stand, sealed; `row` from [`row`].
pub fn place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::PLATFORM_DETAIL, corp, row }
}

/// A record's own name.
pub fn row(log: &str, at: DateTime<Utc>, userid: &str, kind: i32, occurrence: i32) -> String {
    format!("{log}/{}/{userid}/{kind}/{occurrence}", at.timestamp())
}

/// Keeps records; those that are known stay. How many are new.
pub async fn add(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    log: &str,
    records: &[NewRecord],
) -> Result<usize> {
    let mut added = 0;
    for part in records.chunks(5_000) {
        added += diesel::sql_query(
            "insert into platform_records (corp_id, log, at, userid, kind, occurrence, detail)
             select $1, $2, r.* from unnest($3, $4, $5, $6, $7) as r on conflict do nothing",
        )
        .bind::<Integer, _>(corp)
        .bind::<Text, _>(log)
        .bind::<Array<Timestamptz>, _>(part.iter().map(|one| one.at).collect::<Vec<_>>())
        .bind::<Array<Text>, _>(part.iter().map(|one| one.userid.as_str()).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(part.iter().map(|one| one.kind).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(part.iter().map(|one| one.occurrence).collect::<Vec<_>>())
        .bind::<Array<Binary>, _>(part.iter().map(|one| one.detail.as_bytes()).collect::<Vec<_>>())
        .execute(conn)
        .await?;
    }
    Ok(added)
}

/// Which records.
#[derive(Debug, Clone)]
pub struct Question {
    /// The school.
    pub corp: CorpId,
    /// member or admin.
    pub log: &'static str,
    /// Only of these types; empty: all.
    pub kinds: Vec<i32>,
    /// From this moment …
    pub from: DateTime<Utc>,
    /// … until this one.
    pub until: DateTime<Utc>,
}

/// A record as it is shown.
#[derive(Clone, QueryableByName)]
pub struct Record {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub record_id: i64,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// Who; empty: the corp itself.
    #[diesel(sql_type = Text)]
    pub userid: String,
    /// WeCom's type.
    #[diesel(sql_type = Integer)]
    pub kind: i32,
    /// Of several that are alike in a second, which.
    #[diesel(sql_type = Integer)]
    pub occurrence: i32,
    /// WeCom's words and the address, sealed.
    #[diesel(sql_type = Binary)]
    pub detail: Vec<u8>,
    /// Their name, where the school or the mirror knows them.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// Class or department.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
}

/// Never who.
impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("record_id", &self.record_id).finish_non_exhaustive()
    }
}

/// Records, newest first, those before `before`.
pub async fn list(
    conn: &mut AsyncPgConnection,
    question: &Question,
    before: Option<(DateTime<Utc>, i64)>,
    limit: i64,
) -> Result<Vec<Record>> {
    Ok(diesel::sql_query(
        "select r.record_id, r.at, r.userid, r.kind, r.occurrence, r.detail, coalesce(p.name, m.name) as name, d.name as place
         from platform_records r
         left join members m on m.corp_id = r.corp_id and m.userid_key = lower(r.userid)
         left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
         left join memberships s on s.corp_id = p.corp_id and s.person_id = p.person_id and s.is_main and s.until_date is null
         left join departments d on d.corp_id = s.corp_id and d.department_id = s.department_id
         where r.corp_id = $1 and r.log = $2 and (cardinality($3) = 0 or r.kind = any($3)) and r.at >= $4 and r.at < $5
           and ($6 is null or (r.at, r.record_id) < ($6, $7))
         order by r.at desc, r.record_id desc limit $8",
    )
    .bind::<Integer, _>(question.corp)
    .bind::<Text, _>(question.log)
    .bind::<Array<Integer>, _>(&question.kinds)
    .bind::<Timestamptz, _>(question.from)
    .bind::<Timestamptz, _>(question.until)
    .bind::<Nullable<Timestamptz>, _>(before.map(|(at, _)| at))
    .bind::<Nullable<BigInt>, _>(before.map(|(_, id)| id))
    .bind::<BigInt, _>(limit)
    .load(conn)
    .await?)
}

/// How many there are.
pub async fn count(conn: &mut AsyncPgConnection, question: &Question) -> Result<i64> {
    let rows = platform_records::table
        .filter(platform_records::corp_id.eq(question.corp))
        .filter(platform_records::log.eq(question.log))
        .filter(platform_records::at.ge(question.from))
        .filter(platform_records::at.lt(question.until))
        .into_boxed();
    let rows = if question.kinds.is_empty() {
        rows
    } else {
        rows.filter(platform_records::kind.eq_any(question.kinds.clone()))
    };
    Ok(rows.count().get_result(conn).await?)
}

/// Forgets what is older.
pub async fn sweep(conn: &mut AsyncPgConnection, corp: CorpId, before: DateTime<Utc>) -> Result<usize> {
    let old = platform_records::table
        .filter(platform_records::corp_id.eq(corp))
        .filter(platform_records::at.lt(before));
    Ok(diesel::delete(old).execute(conn).await?)
}
