//! Reading the directory from WeCom, with both secrets or with the app's alone.
//!
//! The contacts-sync secret says who exists and where, for the whole corp. The app's secret says names, positions
//! and leaders, for those in its visible range. With both, the first decides on existence and place, and the second
//! fills in; with the app alone, what it does not see does not exist for the mirror.

use std::collections::{BTreeSet, HashMap};

use domain::kinds::TagId;
use futures_util::{StreamExt, TryStreamExt, future, stream};
use wecom::{
    Client, Error,
    contacts::{Department, DepartmentNode, Member, MemberId},
};

use crate::{
    picture::{Seen, SeenDepartment, SeenMember, SeenPlace},
    tags,
};

/// Calls at a time. WeCom answers a burst with 45033.
const AT_ONCE: usize = 8;
/// `status` of an account that has left the corp (doc 90196).
const HAS_LEFT: i16 = 5;

/// Everything. An error when not even the tree can be read; anything less becomes a gap.
pub async fn all(app: &Client, contacts: Option<&Client>) -> Result<Seen, Error> {
    let (nodes, departments) = future::join(
        future::OptionFuture::from(contacts.map(|contacts| contacts.department_nodes(None))),
        app.departments(None),
    )
    .await;
    let mut seen = Seen::default();
    let nodes = match nodes {
        Some(Err(error)) => {
            seen.gaps.push(format!("通讯录同步密钥读不到部门（{}）", explain(&error)));
            None
        }
        nodes => nodes.and_then(Result::ok),
    };
    let departments = match departments {
        Ok(departments) => departments,
        Err(error) if nodes.is_some() => {
            seen.gaps.push(format!("应用读不到部门（{}）", explain(&error)));
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    add_tree(&mut seen, nodes.as_deref(), &departments);

    let mut listed = false;
    if let Some(contacts) = contacts {
        match list(contacts, &mut seen, |_| true).await {
            Ok(()) => listed = true,
            Err(error) => seen.gaps.push(format!("通讯录同步密钥读不全成员（{}）", explain(&error))),
        }
    }
    // Clones and owned ids: borrows inside a stream's futures would keep the run from being spawned.
    let ids: Vec<i32> = departments.iter().map(|department| department.id).collect();
    let mut answers = stream::iter(ids)
        .map(|id| {
            let app = app.clone();
            async move { (id, app.members(id).await) }
        })
        .buffer_unordered(AT_ONCE);
    while let Some((department, answer)) = answers.next().await {
        match answer {
            Ok(members) => {
                members.into_iter().for_each(|member| add_member(&mut seen, member, listed, Some(department)))
            }
            Err(error) => seen.gaps.push(format!("部门 {department} 的成员没有读到（{}）", explain(&error))),
        }
    }
    add_single(app, listed, &mut seen).await;
    note_strange_places(&mut seen);
    seen.tags = tags::read(app, contacts, None).await;
    Ok(seen)
}

/// Whoever is in the app's visible range singly or by a tag stands in no department's list (docs 90227, 90213).
async fn add_single(app: &Client, listed: bool, seen: &mut Seen) {
    let range = match app.agent().await {
        Ok(range) => range,
        Err(error) => {
            seen.gaps.push(format!("应用的可见范围没有读到（{}）", explain(&error)));
            return;
        }
    };
    let mut userids: BTreeSet<String> = range.allowed_members.into_iter().collect();
    for tag in range.allowed_tags.into_iter().filter_map(|tag| u32::try_from(tag).ok()) {
        match app.tagged(tag).await {
            Ok(tagged) => userids.extend(tagged.members),
            Err(error) => seen.gaps.push(format!("标签 {tag} 的成员没有读到（{}）", explain(&error))),
        }
    }
    userids.retain(|userid| !seen.members.get(&userid.to_lowercase()).is_some_and(|member| member.visible));
    let mut answers = stream::iter(userids)
        .map(|userid| {
            let app = app.clone();
            async move { app.member(&userid).await }
        })
        .buffer_unordered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(member) => add_member(seen, member, listed, None),
            Err(error) if is_out_of_sight(&error) => {}
            Err(error) => seen.gaps.push(format!("可见范围内的成员没有读全（{}）", explain(&error))),
        }
    }
}

/// The tree, these members (by lower-cased userid), and these tags. Any failure but of a tag is an error: the caller
/// tries again.
pub async fn some(
    app: &Client,
    contacts: Option<&Client>,
    keys: &BTreeSet<String>,
    tag_ids: &BTreeSet<TagId>,
) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    let nodes = match contacts {
        Some(contacts) => Some(contacts.department_nodes(None).await?),
        None => None,
    };
    let departments = app.departments(None).await?;
    add_tree(&mut seen, nodes.as_deref(), &departments);
    if let Some(contacts) = contacts
        && !keys.is_empty()
    {
        // The contacts-sync secret can't ask for one member; a whole school is a few pages.
        list(contacts, &mut seen, |key| keys.contains(key)).await?;
    }
    let userids: Vec<String> = keys.iter().cloned().collect();
    let mut answers = stream::iter(userids)
        .map(|userid| {
            let app = app.clone();
            async move { app.member(&userid).await }
        })
        .buffer_unordered(AT_ONCE);
    while let Some(answer) = answers.next().await {
        match answer {
            Ok(member) => add_member(&mut seen, member, contacts.is_some(), None),
            Err(error) if is_out_of_sight(&error) => {}
            Err(error) => return Err(error),
        }
    }
    note_strange_places(&mut seen);
    if !tag_ids.is_empty() {
        seen.tags = tags::read(app, contacts, Some(tag_ids)).await;
    }
    Ok(seen)
}

/// Whether WeCom says that there is no such member, or none that the app may see.
fn is_out_of_sight(error: &Error) -> bool {
    matches!(error.code(), Some(40003 | 46004 | 50002 | 60011 | 60021 | 60030 | 60111))
}

fn add_tree(seen: &mut Seen, nodes: Option<&[DepartmentNode]>, departments: &[Department]) {
    for department in departments {
        let shown = SeenDepartment {
            name: department.name.clone(),
            parent_id: department.parent_id,
            sort_order: department.order,
        };
        seen.departments.insert(department.id, shown);
    }
    // The contacts-sync secret sees the whole tree: what it says of places goes before.
    for node in nodes.unwrap_or_default() {
        let name = seen.departments.remove(&node.id).and_then(|shown| shown.name);
        let shown = SeenDepartment { name, parent_id: node.parent_id, sort_order: node.order };
        seen.departments.insert(node.id, shown);
    }
}

async fn list(contacts: &Client, seen: &mut Seen, wanted: impl Fn(&str) -> bool) -> Result<(), Error> {
    let mut pages = std::pin::pin!(contacts.member_ids());
    while let Some(page) = pages.try_next().await? {
        for MemberId { userid, department } in page {
            let key = userid.to_lowercase();
            if !wanted(&key) {
                continue;
            }
            let member =
                seen.members.entry(key).or_insert_with(|| SeenMember { userid, ..SeenMember::default() });
            if !member.departments.iter().any(|place| place.department_id == department) {
                member.departments.push(SeenPlace {
                    department_id: department,
                    is_leader: None,
                    sort_order: None,
                });
            }
        }
    }
    Ok(())
}

/// Fills in what the app sees of a member. `listed`: the contacts-sync secret has said where everyone is.
fn add_member(seen: &mut Seen, member: Member, listed: bool, found_in: Option<i32>) {
    let key = member.userid.to_lowercase();
    if member.status == Some(HAS_LEFT) {
        seen.members.remove(&key);
        return;
    }
    let at = |list: &[Option<i64>], place: usize| list.get(place).copied().flatten();
    let places: HashMap<i32, SeenPlace> = (member.department.iter().enumerate())
        .map(|(n, id)| {
            let place = SeenPlace {
                department_id: *id,
                is_leader: at(&member.is_leader_in_dept, n).map(|leads| leads != 0),
                sort_order: at(&member.order, n),
            };
            (*id, place)
        })
        .collect();
    let known = seen.members.contains_key(&key);
    let entry = seen.members.entry(key).or_default();
    for place in &mut entry.departments {
        if let Some(shown) = places.get(&place.department_id) {
            *place = *shown;
        }
    }
    if !(listed && known) {
        // In WeCom's order, which is the member's own.
        for id in member.department.iter().chain(&found_in) {
            if !entry.departments.iter().any(|place| place.department_id == *id) {
                let bare = SeenPlace { department_id: *id, is_leader: None, sort_order: None };
                entry.departments.push(places.get(id).copied().unwrap_or(bare));
            }
        }
    }
    entry.userid = member.userid;
    entry.name = member.name;
    entry.position = member.position;
    entry.status = member.status;
    entry.main_department_id = member.main_department;
    entry.visible = true;
}

/// A department made between reading the tree and reading its members: the next run sees it.
fn note_strange_places(seen: &mut Seen) {
    let strange: BTreeSet<i32> = (seen.members.values().flat_map(|member| &member.departments))
        .map(|place| place.department_id)
        .filter(|id| !seen.departments.contains_key(id))
        .collect();
    if !strange.is_empty() && !seen.departments.is_empty() {
        seen.gaps.push(format!("有 {} 个部门在读取期间才出现", strange.len()));
    }
}

/// What happened, in Chinese, without anything personal.
pub fn explain(error: &Error) -> String {
    match error {
        Error::Configuration { refusal, .. } => {
            format!("密钥被拒绝，错误码 {} {}，请核对配置", refusal.code, refusal.meaning())
        }
        Error::Api(error) => format!("错误码 {} {}", error.code, error.meaning()),
        Error::NotSent { .. } => "连不上企业微信".into(),
        Error::Unknown { .. } | Error::TokenBusy { .. } => "企业微信没有响应".into(),
        _ => "内部错误".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str) -> Member {
        match serde_json::from_str(json) {
            Ok(member) => member,
            Err(error) => panic!("{error}"),
        }
    }

    fn listed(ids: &[(&str, i32)]) -> Seen {
        let mut seen = Seen::default();
        for (userid, department) in ids {
            let member = seen
                .members
                .entry(userid.to_lowercase())
                .or_insert_with(|| SeenMember { userid: (*userid).into(), ..SeenMember::default() });
            member.departments.push(SeenPlace {
                department_id: *department,
                is_leader: None,
                sort_order: None,
            });
        }
        seen
    }

    #[test]
    fn the_contacts_secret_says_where_and_the_app_says_who() {
        let mut seen = listed(&[("Zhang.San", 4), ("Zhang.San", 9)]);
        // The app's range holds department 4 only, and its answer is a moment newer: 5 is for the next run.
        let json = r#"{"userid":"zhang.san","name":"张三","department":[4,5],"is_leader_in_dept":[1,0],"order":[7,1],"status":1}"#;
        add_member(&mut seen, shown(json), true, Some(4));
        let member = &seen.members["zhang.san"];
        assert_eq!(
            (member.userid.as_str(), member.name.as_deref(), member.visible),
            ("zhang.san", Some("张三"), true)
        );
        assert_eq!(
            member.departments,
            [
                SeenPlace { department_id: 4, is_leader: Some(true), sort_order: Some(7) },
                SeenPlace { department_id: 9, is_leader: None, sort_order: None },
            ]
        );
    }

    #[test]
    fn the_app_alone_says_both_and_a_member_in_two_departments_is_one() {
        let mut seen = Seen::default();
        let json = r#"{"userid":"a","department":[4,5],"is_leader_in_dept":[0,1]}"#;
        add_member(&mut seen, shown(json), false, Some(4));
        add_member(&mut seen, shown(json), false, Some(5));
        assert_eq!(seen.members.len(), 1);
        assert_eq!(seen.members["a"].departments.len(), 2);
        // Departments withheld: at least the one it was found in is known.
        add_member(&mut seen, shown(r#"{"userid":"b"}"#), false, Some(5));
        assert_eq!(seen.members["b"].departments[0].department_id, 5);
    }

    #[test]
    fn who_has_left_is_not_there() {
        let mut seen = listed(&[("a", 4)]);
        add_member(&mut seen, shown(r#"{"userid":"A","status":5}"#), true, None);
        assert!(seen.members.is_empty());
    }

    #[test]
    fn a_member_newer_than_the_list_is_taken() {
        let mut seen = Seen::default();
        add_member(&mut seen, shown(r#"{"userid":"new","department":[4]}"#), true, Some(4));
        assert_eq!(seen.members["new"].departments.len(), 1);
    }
}
