//! The one transaction that makes the mirror equal to what WeCom showed, as far as the guard lets it.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    CorpId, DepartmentId, MemberId,
    department::{Kind, Node, Place},
};
use store::{
    AsyncPgConnection, Error, Result,
    audit::By,
    departments, members, memberships, planner,
    staging::{self, Stage},
    tags,
};

use crate::{
    diff::{MemberDiff, TreeDiff},
    follow::follow,
    guard::Verdict,
    picture::{Kept, KeptDepartment, KeptMember, Seen},
    rename::Renamed,
    tags::{KeptTag, TagDiff},
};

/// Reads the mirror.
pub async fn load(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Kept> {
    let mut kept = Kept::default();
    for row in departments::all(conn, corp).await? {
        let kind = Kind::parse(&row.kind).ok_or(Error::Unexpected("departments.kind"))?;
        let place =
            Place { kind, college_id: row.college_id, grade_id: row.grade_id, class_id: row.class_id };
        let node = Node {
            id: row.department_id,
            name: row.name,
            parent_id: row.parent_id,
            sort_order: row.sort_order,
        };
        kept.departments.insert(node.id, KeptDepartment { node, place, open: row.closed_on.is_none() });
    }
    let mut places: HashMap<MemberId, Vec<(DepartmentId, bool)>> = HashMap::new();
    for row in members::departments(conn, corp).await? {
        places.entry(row.member_id).or_default().push((row.department_id, row.is_leader));
    }
    for row in members::all(conn, corp).await? {
        let member = KeptMember {
            member_id: row.member_id,
            userid: row.userid,
            name: row.name,
            position: row.position,
            status: row.status,
            main_department_id: row.main_department_id,
            present: row.left_on.is_none(),
            departments: places.remove(&row.member_id).unwrap_or_default(),
        };
        kept.members.insert(row.userid_key, member);
    }
    for row in tags::all(conn, corp).await? {
        let tag = KeptTag { name: row.name, open: row.closed_on.is_none(), ..KeptTag::default() };
        kept.tags.insert(row.tag_id, tag);
    }
    for (tag, member) in tags::members(conn, corp).await? {
        kept.tags.entry(tag).or_default().members.insert(member);
    }
    for (tag, department) in tags::departments(conn, corp).await? {
        kept.tags.entry(tag).or_default().departments.insert(department);
    }
    Ok(kept)
}

/// Copies what WeCom showed into staging.
pub async fn stage(stage: &Stage, run: i64, seen: &Seen) -> Result<()> {
    let departments: Vec<staging::Department> = seen
        .departments
        .iter()
        .map(|(id, shown)| staging::Department {
            department_id: *id,
            name: shown.name.clone().unwrap_or_default(),
            parent_id: shown.parent_id,
            sort_order: shown.sort_order,
        })
        .collect();
    stage.departments(run, &departments).await?;
    let members = (seen.members.iter()).map(|(key, shown)| staging::Member {
        userid: &shown.userid,
        userid_key: key,
        name: shown.name.as_deref(),
        position: shown.position.as_deref(),
        status: shown.status,
        main_department_id: shown.main_department_id,
    });
    let members: Vec<_> = members.collect();
    stage.members(run, &members).await?;
    let places = seen.members.iter().flat_map(|(key, shown)| {
        shown.departments.iter().map(move |place| staging::MemberDepartment {
            userid_key: key,
            department_id: place.department_id,
            is_leader: place.is_leader,
            sort_order: place.sort_order,
        })
    });
    let places: Vec<_> = places.collect();
    stage.member_departments(run, &places).await
}

/// Rows written, by what happened to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows added.
    pub added: usize,
    /// Rows changed.
    pub changed: usize,
    /// Rows closed.
    pub closed: usize,
    /// Members closed.
    pub members_closed: usize,
}

/// Which run, and by which days its changes are dated.
#[derive(Debug, Clone, Copy)]
pub struct Dates {
    /// What has no history yet.
    pub from: NaiveDate,
    /// Every change.
    pub today: NaiveDate,
    /// When grants that follow are recorded as given and ended.
    pub now: DateTime<Utc>,
}

/// From so many new or changed members on, the planner is told.
const MANY: usize = 1000;

/// What is to be written.
#[derive(Clone, Copy)]
pub struct Changed<'a> {
    /// Of departments.
    pub tree: &'a TreeDiff,
    /// Of members.
    pub members: &'a MemberDiff<'a>,
    /// Of these, what the guard lets through.
    pub verdict: &'a Verdict<'a>,
    /// User ids.
    pub renamed: &'a [Renamed],
    /// Of tags.
    pub tags: &'a TagDiff<'a>,
}

/// Writes only rows that differ. The caller holds [`members::lock`], and commits.
pub async fn apply(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    dates: Dates,
    changed: Changed<'_>,
) -> Result<Counts> {
    let Dates { from, today, now } = dates;
    let Changed { tree, members: diff, verdict, renamed, tags: tag_diff } = changed;
    for renamed in renamed {
        if let Renamed::Account(before, after) = renamed {
            members::rename(conn, corp, run, before, after).await?;
        }
    }

    let rows: Vec<departments::Department> = tree.new.iter().chain(&tree.changed).map(row).collect();
    departments::write(conn, corp, run, &rows, from, today).await?;

    let keys: Vec<&str> = diff.new.iter().chain(&diff.changed).copied().collect();
    members::write_staged(conn, corp, run, &keys, from, today).await?;

    // A leader who is none any more ends one row and begins another; so does whoever becomes one.
    let mut left: Vec<(MemberId, DepartmentId)> = (diff.moved.iter().chain(&verdict.dropped))
        .chain(diff.leading.iter().map(|(left, _)| left))
        .map(|left| (left.member.member_id, left.department_id))
        .collect();
    for gone in &verdict.gone {
        left.extend(gone.member.departments.iter().map(|(id, _)| (gone.member_id, *id)));
    }
    members::close_departments(conn, corp, run, &left, today).await?;
    let joined: Vec<(&str, DepartmentId, bool)> = (diff.joined.iter().copied())
        .chain(diff.leading.iter().map(|(left, leads)| (left.key, left.department_id, *leads)))
        .collect();
    members::open_departments(conn, corp, run, &joined, from, today).await?;

    let gone: Vec<MemberId> = verdict.gone.iter().map(|gone| gone.member_id).collect();
    members::close(conn, corp, run, &gone, today).await?;
    let closed_memberships = memberships::close_of_members(conn, corp, &gone, today).await?;
    departments::close(conn, corp, run, &tree.gone, today).await?;
    for renamed in renamed {
        if let Renamed::Person(before, after) = renamed {
            members::hand_over(conn, corp, run, before, after).await?;
        }
    }

    write_tags(conn, corp, run, dates, tag_diff).await?;

    if keys.len() > MANY {
        planner::refresh_statistics(conn).await?;
    }
    let followed = follow(conn, corp, today, By { member: None, at: now }).await?;
    Ok(Counts {
        added: tree.new.len()
            + diff.new.len()
            + diff.joined.len()
            + tag_diff.new.len()
            + tag_diff.joined.len()
            + tag_diff.departments_joined.len()
            + followed.memberships.opened
            + followed.grants.added,
        changed: tree.changed.len()
            + diff.changed.len()
            + diff.leading.len()
            + tag_diff.changed.len()
            + followed.linked
            + followed.grants.changed,
        closed: tree.gone.len()
            + (left.len() - diff.leading.len())
            + gone.len()
            + closed_memberships
            + tag_diff.gone.len()
            + tag_diff.left.len()
            + tag_diff.departments_left.len()
            + followed.memberships.closed
            + followed.grants.ended,
        members_closed: gone.len(),
    })
}

async fn write_tags(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    run: i64,
    Dates { from, today, .. }: Dates,
    diff: &TagDiff<'_>,
) -> Result<()> {
    let rows: Vec<_> = diff.new.iter().chain(&diff.changed).copied().collect();
    tags::write(conn, corp, run, &rows).await?;
    tags::close_members(conn, corp, run, &diff.left, today).await?;
    tags::close_departments(conn, corp, run, &diff.departments_left, today).await?;
    tags::close(conn, corp, run, &diff.gone, today).await?;
    tags::open_members(conn, corp, run, &diff.joined, from, today).await?;
    tags::open_departments(conn, corp, run, &diff.departments_joined, from, today).await
}

fn row((node, place): &(Node, Place)) -> departments::Department {
    departments::Department {
        department_id: node.id,
        name: node.name.clone(),
        parent_id: node.parent_id,
        sort_order: node.sort_order,
        kind: place.kind.as_str().into(),
        college_id: place.college_id,
        grade_id: place.grade_id,
        class_id: place.class_id,
        closed_on: None,
    }
}
