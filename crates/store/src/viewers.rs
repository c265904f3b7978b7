//! Who is signed in: an active account, its person, and the grants that hold on a day.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, DepartmentId, MemberId,
    form::PersonKind,
    policy::{Grant, Role, Viewer, ViewerPerson},
};

use crate::{
    Error, Result,
    schema::{departments, grants, members, memberships, persons},
};

/// The viewer behind an account; `None` when the account has left or is disabled. Whoever is on the roster no more is nobody's person
/// here, and holds nothing.
pub async fn find(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    member: MemberId,
    today: NaiveDate,
) -> Result<Option<Viewer>> {
    let row: Option<(String, Option<i64>, Option<String>)> = members::table
        .left_join(
            persons::table.on(persons::corp_id
                .eq(members::corp_id)
                .and(persons::person_id.nullable().eq(members::person_id))
                .and(persons::until_date.is_null().or(persons::until_date.gt(today)))),
        )
        .filter(members::corp_id.eq(corp))
        .filter(members::member_id.eq(member))
        .filter(members::left_on.is_null())
        // 1 activated, 4 not activated yet; unknown where WeCom withheld it. 2 disabled, 5 left (doc 90196).
        .filter(members::status.is_null().or(members::status.eq_any([1_i16, 4])))
        .select((members::userid, persons::person_id.nullable(), persons::kind.nullable()))
        .first(conn)
        .await
        .optional()?;
    let Some((userid, person, kind)) = row else { return Ok(None) };
    let person = match person.zip(kind) {
        Some((id, kind)) => Some(ViewerPerson { id, kind: person_kind(&kind)? }),
        None => None,
    };
    let grants = match &person {
        Some(person) => granted(conn, corp, person.id, today).await?,
        None => Vec::new(),
    };
    Ok(Some(Viewer { corp, member, userid, person, grants }))
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

async fn granted(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    person: i64,
    today: NaiveDate,
) -> Result<Vec<Grant>> {
    let rows: Vec<(String, DepartmentId, String, String, NaiveDate)> = grants::table
        .inner_join(
            departments::table.on(departments::corp_id
                .eq(grants::corp_id)
                .and(departments::department_id.eq(grants::department_id))),
        )
        .filter(grants::corp_id.eq(corp))
        .filter(grants::person_id.eq(person))
        .filter(grants::from_date.le(today))
        .filter(grants::until_date.gt(today))
        .order((grants::role, departments::sort_order.desc(), grants::department_id))
        .select((
            grants::role,
            grants::department_id,
            departments::name,
            departments::kind,
            grants::until_date,
        ))
        .load(conn)
        .await?;
    rows.into_iter()
        .map(|(role, department_id, department_name, kind, until)| {
            let role = Role::parse(&role).ok_or(Error::Unexpected("grants.role"))?;
            Ok(Grant { role, department_id, department_name, whole_school: kind == "school", until })
        })
        .collect()
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
    match kind {
        "student" => Ok(PersonKind::Student),
        "staff" => Ok(PersonKind::Staff),
        _ => Err(Error::Unexpected("persons.kind")),
    }
}
