//! 通知: what somebody in charge tells many at once, to whom, and taking it back.

pub mod audience;
pub mod recalls;

use chrono::{DateTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, DepartmentId, MemberId, PersonId, kinds::TagId};

use crate::{
    Result, Sealed,
    schema::announcements,
    sealed::{Place, column},
};

/// Where the words of an announcement stand sealed: `row` is its id.
pub fn content_place(corp: CorpId, row: &str) -> Place<'_> {
    Place { column: &column::ANNOUNCEMENT, corp, row }
}

/// Whom it is for: departments with everybody below them, tags, and persons.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audience {
    /// Departments.
    pub departments: Vec<DepartmentId>,
    /// Tags.
    pub tags: Vec<TagId>,
    /// Persons of a list.
    pub people: Vec<PersonId>,
}

/// What is to be kept of an announcement, without its words.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Whom it is for.
    pub audience: &'a Audience,
    /// When it is to go out.
    pub send_at: DateTime<Utc>,
    /// Whether it goes out in quiet hours too.
    pub urgent: bool,
    /// Who says so.
    pub by: MemberId,
    /// Now.
    pub at: DateTime<Utc>,
}

/// Keeps a new one, with the words its own id seals.
pub async fn add<E: From<crate::Error>>(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    wanted: Wanted<'_>,
    content: impl FnOnce(i64) -> std::result::Result<Sealed, E>,
) -> std::result::Result<i64, E> {
    let id = insert(conn, corp, wanted).await?;
    let content = content(id)?;
    set_content(conn, corp, id, &content).await?;
    Ok(id)
}

async fn insert(conn: &mut AsyncPgConnection, corp: CorpId, wanted: Wanted<'_>) -> Result<i64> {
    Ok(diesel::insert_into(announcements::table)
        .values((
            announcements::corp_id.eq(corp),
            announcements::content.eq(Vec::<u8>::new()),
            announcements::departments.eq(&wanted.audience.departments),
            announcements::tags.eq(&wanted.audience.tags),
            announcements::people.eq(&wanted.audience.people),
            announcements::state.eq("scheduled"),
            announcements::revision.eq(1),
            announcements::send_at.eq(wanted.send_at),
            announcements::urgent.eq(wanted.urgent),
            announcements::by_member.eq(wanted.by),
            announcements::changed_at.eq(wanted.at),
        ))
        .returning(announcements::announcement_id)
        .get_result(conn)
        .await?)
}

async fn set_content(conn: &mut AsyncPgConnection, corp: CorpId, id: i64, content: &Sealed) -> Result<()> {
    diesel::update(announcements::table.find((corp, id)))
        .set(announcements::content.eq(content))
        .execute(conn)
        .await?;
    Ok(())
}

/// Changes one that has not gone out, made on this revision; false: it has, or somebody was faster.
pub async fn change(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: i64,
    revision: i32,
    wanted: Wanted<'_>,
    content: &Sealed,
) -> Result<bool> {
    let this = announcements::table
        .filter(announcements::corp_id.eq(corp))
        .filter(announcements::announcement_id.eq(id))
        .filter(announcements::state.eq("scheduled"))
        .filter(announcements::revision.eq(revision));
    let changed = diesel::update(this)
        .set((
            announcements::content.eq(content),
            announcements::departments.eq(&wanted.audience.departments),
            announcements::tags.eq(&wanted.audience.tags),
            announcements::people.eq(&wanted.audience.people),
            announcements::revision.eq(revision + 1),
            announcements::send_at.eq(wanted.send_at),
            announcements::urgent.eq(wanted.urgent),
            announcements::changed_at.eq(wanted.at),
        ))
        .execute(conn)
        .await?;
    Ok(changed == 1)
}

/// Cancels one that has not gone out; false: it has, or it was before.
pub async fn cancel(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: i64,
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let this = announcements::table
        .filter(announcements::corp_id.eq(corp))
        .filter(announcements::announcement_id.eq(id))
        .filter(announcements::state.eq("scheduled"));
    let cancelled = diesel::update(this)
        .set((
            announcements::state.eq("cancelled"),
            announcements::cancelled_by.eq(by),
            announcements::changed_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(cancelled == 1)
}

/// An announcement.
#[derive(Debug, Clone, QueryableByName)]
pub struct Row {
    /// Its id; newer ones have larger ones.
    #[diesel(sql_type = BigInt)]
    pub announcement_id: i64,
    /// Its words, sealed.
    #[diesel(sql_type = Binary)]
    pub content: Sealed,
    /// Departments it is for.
    #[diesel(sql_type = Array<Integer>)]
    pub departments: Vec<DepartmentId>,
    /// Tags it is for.
    #[diesel(sql_type = Array<Integer>)]
    pub tags: Vec<TagId>,
    /// Persons it is for.
    #[diesel(sql_type = Array<BigInt>)]
    pub people: Vec<PersonId>,
    /// scheduled, sent, cancelled or refused.
    #[diesel(sql_type = Text)]
    pub state: String,
    /// Its revision.
    #[diesel(sql_type = Integer)]
    pub revision: i32,
    /// When it is to go out.
    #[diesel(sql_type = Timestamptz)]
    pub send_at: DateTime<Utc>,
    /// Whether it goes out in quiet hours too.
    #[diesel(sql_type = Bool)]
    pub urgent: bool,
    /// Who wrote it.
    #[diesel(sql_type = BigInt)]
    pub by_member: MemberId,
    /// Their name.
    #[diesel(sql_type = Text)]
    pub by_name: String,
    /// When it was changed last.
    #[diesel(sql_type = Timestamptz)]
    pub changed_at: DateTime<Utc>,
    /// What was sent.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub mailing_id: Option<i64>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub sent_at: Option<DateTime<Utc>>,
    /// When it was to be taken back.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub recall_asked_at: Option<DateTime<Utc>>,
    /// When all of it was tried.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub recall_ended_at: Option<DateTime<Utc>>,
}

const ROWS: &str = "
  select a.announcement_id, a.content, a.departments, a.tags, a.people, a.state, a.revision, a.send_at, a.urgent, a.by_member,
         coalesce(p.name, m.name, m.userid) as by_name, a.changed_at, a.mailing_id, a.sent_at, a.recall_asked_at,
         a.recall_ended_at
  from announcements a
  join members m on m.corp_id = a.corp_id and m.member_id = a.by_member
  left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
  where a.corp_id = $1";

/// Announcements, the newest first, those before `before`; with `by` only of this member.
pub async fn list(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    by: Option<MemberId>,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Row>> {
    let sql = format!(
        "{ROWS} and ($2 is null or a.by_member = $2) and ($3 is null or a.announcement_id < $3)
         order by a.announcement_id desc limit $4"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Nullable<BigInt>, _>(by)
        .bind::<Nullable<BigInt>, _>(before)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// One of them, of `by` where somebody is named, locked against others that would change it. What is another's stays unlocked:
/// whoever only tries their luck must not keep it from being sent.
pub async fn find(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: i64,
    by: Option<MemberId>,
) -> Result<Option<Row>> {
    let sql =
        format!("{ROWS} and a.announcement_id = $2 and ($3 is null or a.by_member = $3) for update of a");
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(id)
        .bind::<Nullable<BigInt>, _>(by)
        .get_result(conn)
        .await
        .optional()?)
}

/// The first that is due, locked; another worker's are passed over.
pub async fn next_due(conn: &mut AsyncPgConnection, corp: CorpId, now: DateTime<Utc>) -> Result<Option<Row>> {
    let sql = format!(
        "{ROWS} and a.state = 'scheduled' and a.send_at <= $2 order by a.send_at, a.announcement_id limit 1
         for update of a skip locked"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Timestamptz, _>(now)
        .get_result(conn)
        .await
        .optional()?)
}

/// Whether any is due.
pub async fn any_due(conn: &mut AsyncPgConnection, corp: CorpId, now: DateTime<Utc>) -> Result<bool> {
    let due = announcements::table
        .filter(announcements::corp_id.eq(corp))
        .filter(announcements::state.eq("scheduled"))
        .filter(announcements::send_at.le(now));
    Ok(diesel::select(diesel::dsl::exists(due)).get_result(conn).await?)
}

/// Notes that it went out as this mailing.
pub async fn mark_sent(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: i64,
    mailing_id: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(announcements::table.find((corp, id)))
        .set((
            announcements::state.eq("sent"),
            announcements::mailing_id.eq(mailing_id),
            announcements::sent_at.eq(now),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that whoever wrote it may not send it any more.
pub async fn mark_refused(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(announcements::table.find((corp, id)))
        .set((announcements::state.eq("refused"), announcements::changed_at.eq(now)))
        .execute(conn)
        .await?;
    Ok(())
}

/// The words of one that reached this member and was not taken back.
pub async fn received(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    id: i64,
    member: MemberId,
) -> Result<Option<(Sealed, DateTime<Utc>)>> {
    #[derive(QueryableByName)]
    struct Received {
        #[diesel(sql_type = Binary)]
        content: Sealed,
        #[diesel(sql_type = Timestamptz)]
        sent_at: DateTime<Utc>,
    }
    let found: Option<Received> = diesel::sql_query(
        "select a.content, a.sent_at from announcements a
         where a.corp_id = $1 and a.announcement_id = $2 and a.sent_at is not null and a.recall_asked_at is null
           and exists (select from outbox o where o.corp_id = $1 and o.mailing_id = a.mailing_id and o.member_id = $3)",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(id)
    .bind::<BigInt, _>(member)
    .get_result(conn)
    .await
    .optional()?;
    Ok(found.map(|found| (found.content, found.sent_at)))
}
