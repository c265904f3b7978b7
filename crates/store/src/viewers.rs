//! Who is signed in: an active account, its person, and the grants that hold on a day.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{BigInt, Binary, Bool, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, DepartmentId, MemberId, PersonId,
    form::PersonKind,
    policy::{Grant, Role, Viewer, ViewerPerson},
};

use crate::{
    Error, Result,
    prepared::prepared,
    schema::{departments, grants, members, memberships, persons},
};

/// A row a grant, or one without.
#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Timestamptz>)]
    signed_in_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    seen_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    proven_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Bool)]
    has_factor: bool,
    #[diesel(sql_type = Nullable<BigInt>)]
    member_id: Option<MemberId>,
    #[diesel(sql_type = Nullable<Text>)]
    userid: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    person_id: Option<PersonId>,
    #[diesel(sql_type = Nullable<Text>)]
    person_kind: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    department_id: Option<DepartmentId>,
    #[diesel(sql_type = Nullable<Text>)]
    department_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    department_kind: Option<String>,
    #[diesel(sql_type = Nullable<Date>)]
    until_date: Option<NaiveDate>,
}

const OF_MEMBER: &str = "
  select null::timestamptz as signed_in_at, null::timestamptz as seen_at, null::timestamptz as proven_at, false as has_factor,
         a.member_id, a.userid, a.person_id, a.person_kind, a.role, a.department_id, a.department_name, a.department_kind,
         a.until_date
  from accounts_on($2) a where a.corp_id = $1 and a.member_id = $3
  order by a.role, a.department_order desc, a.department_id";

/// A session that has not ended.
#[derive(Debug, Clone)]
pub struct Session {
    /// When the sign-in ended here.
    pub signed_in_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub seen_at: DateTime<Utc>,
    /// When a code of the second factor was last shown in it.
    pub proven_at: Option<DateTime<Utc>>,
    /// Whether its account has a second factor that counts.
    pub has_factor: bool,
    /// Whose it is; none: the account has left or is disabled.
    pub viewer: Option<Viewer>,
}

/// The viewer behind an account; `None` when the account has left or is disabled. Whoever is on the roster no more is nobody's person
/// here, and holds nothing.
pub async fn find(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    today: NaiveDate,
) -> Result<Option<Viewer>> {
    let rows: Vec<Row> = prepared(OF_MEMBER)
        .bind::<Integer, _>(corp)
        .bind::<Date, _>(today)
        .bind::<BigInt, _>(member)
        .load(conn)
        .await?;
    viewer(corp, rows)
}

/// The same behind the cookie of this hash, unless its session has ended. Outside any transaction: the statement sets the
/// school for itself (migrations/0029_viewers).
pub async fn of_session(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    hash: &[u8],
    today: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Option<Session>> {
    let rows: Vec<Row> = prepared("select * from viewer_of_session($1, $2, $3, $4)")
        .bind::<Integer, _>(corp)
        .bind::<Binary, _>(hash)
        .bind::<Date, _>(today)
        .bind::<Timestamptz, _>(now)
        .load(conn)
        .await?;
    let Some(first) = rows.as_slice().first() else { return Ok(None) };
    let Some((signed_in_at, seen_at)) = first.signed_in_at.zip(first.seen_at) else { return Ok(None) };
    let (proven_at, has_factor) = (first.proven_at, first.has_factor);
    Ok(Some(Session { signed_in_at, seen_at, proven_at, has_factor, viewer: viewer(corp, rows)? }))
}

fn viewer(corp: CorpId, rows: Vec<Row>) -> Result<Option<Viewer>> {
    let Some((first, _)) = rows.split_first() else { return Ok(None) };
    let Some((member, userid)) = first.member_id.zip(first.userid.clone()) else { return Ok(None) };
    let person = match first.person_id.zip(first.person_kind.as_deref()) {
        Some((id, kind)) => Some(ViewerPerson { id, kind: person_kind(kind)? }),
        None => None,
    };
    let grants = rows.into_iter().filter_map(grant).collect::<Result<_>>()?;
    Ok(Some(Viewer { corp, member, userid, person, grants }))
}

fn grant(row: Row) -> Option<Result<Grant>> {
    let role = row.role?;
    let (department_id, department_name) = (row.department_id?, row.department_name?);
    let (whole_school, until) = (row.department_kind? == "school", row.until_date?);
    let role = Role::parse(&role).ok_or(Error::Unexpected("grants.role"));
    Some(role.map(|role| Grant { role, department_id, department_name, whole_school, until }))
}

/// The account of a userid, if it may sign in.
pub async fn member_of(conn: &mut AsyncPgConnection, corp: CorpId, userid: &str) -> Result<Option<MemberId>> {
    Ok(members::table
        .filter(members::corp_id.eq(corp))
        .filter(members::userid_key.eq(userid.to_lowercase()))
        .filter(members::left_on.is_null())
        .filter(members::status.is_null().or(members::status.eq_any([1_i16, 4])))
        .select(members::member_id)
        .first(conn)
        .await
        .optional()?)
}

/// The userids of those who hold a role on a day and can be sent a message.
pub async fn userids_of(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    role: Role,
    today: NaiveDate,
) -> Result<Vec<String>> {
    Ok(grants::table
        .inner_join(members::table.on(
            members::corp_id.eq(grants::corp_id).and(members::person_id.eq(grants::person_id.nullable())),
        ))
        .inner_join(
            persons::table
                .on(persons::corp_id.eq(grants::corp_id).and(persons::person_id.eq(grants::person_id))),
        )
        .filter(persons::until_date.is_null().or(persons::until_date.gt(today)))
        .filter(grants::corp_id.eq(corp))
        .filter(grants::role.eq(role.as_str()))
        .filter(grants::from_date.le(today))
        .filter(grants::until_date.gt(today))
        .filter(members::left_on.is_null())
        .filter(members::status.is_null().or(members::status.eq(1)))
        .select(members::userid)
        .distinct()
        .order(members::userid)
        .limit(1000)
        .load(conn)
        .await?)
}

/// What someone is shown of themselves.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Name in the roster, else in WeCom, else the userid.
    pub name: String,
    /// Student or staff number.
    pub number: Option<String>,
    /// The class they are counted under.
    pub class: Option<(DepartmentId, String)>,
    /// The college they are counted under.
    pub college: Option<(DepartmentId, String)>,
}

/// The signed-in person's own card.
pub async fn profile(conn: &mut AsyncPgConnection, viewer: &Viewer, today: NaiveDate) -> Result<Profile> {
    let (name, own_name, number): (Option<String>, Option<String>, Option<String>) = members::table
        .left_join(persons::table.on(
            persons::corp_id.eq(members::corp_id).and(persons::person_id.nullable().eq(members::person_id)),
        ))
        .filter(members::corp_id.eq(viewer.corp))
        .filter(members::member_id.eq(viewer.member))
        .select((members::name, persons::name.nullable(), persons::number.nullable()))
        .first(conn)
        .await?;
    let mut profile = Profile {
        name: own_name.or(name).unwrap_or_else(|| viewer.userid.clone()),
        number,
        class: None,
        college: None,
    };
    let Some(person) = &viewer.person else { return Ok(profile) };
    let place: Option<(Option<i32>, Option<i32>)> = memberships::table
        .inner_join(
            departments::table.on(departments::corp_id
                .eq(memberships::corp_id)
                .and(departments::department_id.eq(memberships::department_id))),
        )
        .filter(memberships::corp_id.eq(viewer.corp))
        .filter(memberships::person_id.eq(person.id))
        .filter(memberships::is_main)
        .filter(memberships::until_date.is_null().or(memberships::until_date.gt(today)))
        .order(memberships::from_date)
        .select((departments::class_id, departments::college_id))
        .first(conn)
        .await
        .optional()?;
    let Some((class, college)) = place else { return Ok(profile) };
    let wanted: Vec<i32> = [class, college].into_iter().flatten().collect();
    let names: Vec<(i32, String)> = departments::table
        .filter(departments::corp_id.eq(viewer.corp))
        .filter(departments::department_id.eq_any(wanted))
        .select((departments::department_id, departments::name))
        .load(conn)
        .await?;
    let named = |id: Option<i32>| names.iter().find(|(known, _)| Some(*known) == id).cloned();
    profile.class = named(class);
    profile.college = named(college);
    Ok(profile)
}

fn person_kind(kind: &str) -> Result<PersonKind> {
    PersonKind::parse(kind).ok_or(Error::Unexpected("persons.kind"))
}
