//! What has to change so that the mirror equals what WeCom showed. Pure: two pictures in, a list of changes out.

use std::collections::{BTreeSet, HashSet};

use domain::{
    DepartmentId, MemberId,
    department::{Kind, Node, Place},
    kinds::Rules,
};

use crate::picture::{Kept, KeptMember, Seen, SeenMember};

/// Whose changes are looked for.
#[derive(Debug, Clone, Copy)]
pub enum Subjects<'a> {
    /// Everyone's: what was not seen is gone.
    All,
    /// Only these members', by lower-cased userid.
    Only(&'a BTreeSet<String>),
}

impl Subjects<'_> {
    fn contain(&self, key: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(keys) => keys.contains(key),
        }
    }
}

/// Changes of the org tree.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TreeDiff {
    /// New departments.
    pub new: Vec<(Node, Place)>,
    /// Changed ones, and closed ones that are back.
    pub changed: Vec<(Node, Place)>,
    /// Departments WeCom shows no more.
    pub gone: Vec<DepartmentId>,
}

/// Changes of members.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct MemberDiff<'a> {
    /// Keys of accounts never seen before.
    pub new: Vec<&'a str>,
    /// Keys of accounts with a new value, and of those that are back.
    pub changed: Vec<&'a str>,
    /// Accounts WeCom shows no more, with the departments they were in.
    pub gone: Vec<Gone<'a>>,
    /// Accounts that came into a department: key, department, leads.
    pub joined: Vec<(&'a str, DepartmentId, bool)>,
    /// Accounts that left a department and came into another.
    pub moved: Vec<Left<'a>>,
    /// Accounts that left a department and came into no other.
    pub dropped: Vec<Left<'a>>,
    /// Accounts that became or ceased to be a department's leader.
    pub leading: Vec<(Left<'a>, bool)>,
}

/// An account that is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone<'a> {
    /// Our number for it.
    pub member_id: MemberId,
    /// As the mirror holds it.
    pub member: &'a KeptMember,
}

/// An account that is no longer in a department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left<'a> {
    /// Lower-cased userid.
    pub key: &'a str,
    /// As the mirror holds it.
    pub member: &'a KeptMember,
    /// Which department.
    pub department_id: DepartmentId,
}

/// Departments WeCom shows no more.
pub fn gone_departments(kept: &Kept, seen: &Seen) -> Vec<DepartmentId> {
    let mut gone: Vec<DepartmentId> = (kept.departments.iter())
        .filter(|(id, department)| department.open && !seen.departments.contains_key(id))
        .map(|(id, _)| *id)
        .collect();
    gone.sort_unstable();
    gone
}

/// Changes of the tree. `keep` are departments that stay although WeCom shows them no more.
pub fn tree(kept: &Kept, seen: &Seen, keep: &HashSet<DepartmentId>, rules: &Rules) -> TreeDiff {
    let mut nodes: Vec<Node> = seen
        .departments
        .iter()
        .map(|(id, shown)| Node {
            id: *id,
            name: shown.name.clone().unwrap_or_else(|| match kept.departments.get(id) {
                Some(known) => known.node.name.clone(),
                // Outside the app's range nobody tells us its name; it still has members.
                None => format!("部门 {id}"),
            }),
            parent_id: Some(shown.parent_id).filter(|parent| *parent > 0),
            sort_order: shown.sort_order,
        })
        .collect();
    let shown = |id: &DepartmentId| seen.departments.contains_key(id);
    nodes.extend(
        keep.iter().filter(|id| !shown(id)).filter_map(|id| kept.departments.get(id)).map(|d| d.node.clone()),
    );

    let known: HashSet<DepartmentId> = nodes.iter().map(|node| node.id).collect();
    for node in &mut nodes {
        node.parent_id = node.parent_id.filter(|parent| known.contains(parent));
    }
    let places = rules.places(&nodes);
    let mut diff = TreeDiff::default();
    for node in nodes {
        let office = Place { kind: Kind::Office, college_id: None, grade_id: None, class_id: None };
        let place = places.get(&node.id).map_or(office, |placed| placed.place);
        match kept.departments.get(&node.id) {
            None => diff.new.push((node, place)),
            Some(known) if known.open && known.node == node && known.place == place => {}
            Some(_) => diff.changed.push((node, place)),
        }
    }
    diff.gone = kept
        .departments
        .iter()
        .filter(|(id, department)| department.open && !known.contains(id))
        .map(|(id, _)| *id)
        .collect();
    diff.gone.sort_unstable();
    diff
}

/// Changes of members. A place in a department that is not in the tree is not taken over: it can't be kept, and
/// whoever reads the directory reports it as a gap.
pub fn members<'a>(kept: &'a Kept, seen: &'a Seen, subjects: Subjects<'_>) -> MemberDiff<'a> {
    let mut diff = MemberDiff::default();
    for (key, shown) in seen.members.iter().filter(|(key, _)| subjects.contain(key)) {
        match kept.members.get(key) {
            None => diff.new.push(key),
            Some(known) if !known.present || differs(known, shown) => diff.changed.push(key),
            Some(_) => {}
        }
        places_of(key, kept.members.get(key), shown, seen, &mut diff);
    }
    for (key, known) in kept.present().filter(|(key, _)| subjects.contain(key)) {
        if !seen.members.contains_key(key) {
            diff.gone.push(Gone { member_id: known.member_id, member: known });
        }
    }
    // Maps have no order; what is written, counted and shown has one.
    diff.new.sort_unstable();
    diff.changed.sort_unstable();
    diff.joined.sort_unstable();
    diff.gone.sort_unstable_by_key(|gone| gone.member_id);
    for list in [&mut diff.moved, &mut diff.dropped] {
        list.sort_unstable_by_key(|left| (left.member.member_id, left.department_id));
    }
    diff.leading.sort_unstable_by_key(|(left, _)| (left.member.member_id, left.department_id));
    diff
}

fn differs(known: &KeptMember, shown: &SeenMember) -> bool {
    fn news<T: PartialEq>(known: &Option<T>, shown: &Option<T>) -> bool {
        shown.is_some() && shown != known
    }
    known.userid != shown.userid
        || news(&known.name, &shown.name)
        || news(&known.position, &shown.position)
        || news(&known.status, &shown.status)
        || news(&known.main_department_id, &shown.main_department_id)
}

fn places_of<'a>(
    key: &'a str,
    known: Option<&'a KeptMember>,
    shown: &'a SeenMember,
    seen: &'a Seen,
    diff: &mut MemberDiff<'a>,
) {
    let before = known.map(|known| known.departments.as_slice()).unwrap_or_default();
    let now = || shown.departments.iter().filter(|place| seen.departments.contains_key(&place.department_id));
    let mut joined = false;
    for place in now() {
        match (known, before.iter().find(|(id, _)| *id == place.department_id)) {
            (Some(known), Some((department_id, led))) => {
                if let Some(leads) = place.is_leader.filter(|leads| leads != led) {
                    diff.leading.push((Left { key, member: known, department_id: *department_id }, leads));
                }
            }
            _ => {
                joined = true;
                diff.joined.push((key, place.department_id, place.is_leader.unwrap_or(false)));
            }
        }
    }
    let Some(known) = known else { return };
    for (department_id, _) in before {
        if !now().any(|place| place.department_id == *department_id) {
            let left = Left { key, member: known, department_id: *department_id };
            if joined { diff.moved.push(left) } else { diff.dropped.push(left) }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::picture::{KeptDepartment, SeenDepartment, SeenPlace};

    pub fn seen(
        departments: &[(DepartmentId, DepartmentId, &str)],
        members: &[(&str, &[DepartmentId])],
    ) -> Seen {
        Seen {
            departments: departments
                .iter()
                .map(|(id, parent_id, name)| {
                    let shown =
                        SeenDepartment { name: Some((*name).into()), parent_id: *parent_id, sort_order: 0 };
                    (*id, shown)
                })
                .collect(),
            members: members
                .iter()
                .map(|(userid, places)| (userid.to_lowercase(), member(userid, places)))
                .collect(),
            ..Seen::default()
        }
    }

    pub fn member(userid: &str, places: &[DepartmentId]) -> SeenMember {
        SeenMember {
            userid: userid.into(),
            name: Some(format!("姓名{userid}")),
            status: Some(1),
            main_department_id: places.first().copied(),
            departments: places
                .iter()
                .map(|id| SeenPlace { department_id: *id, is_leader: Some(false), sort_order: Some(0) })
                .collect(),
            visible: true,
            ..SeenMember::default()
        }
    }

    /// The mirror after everything WeCom showed was taken over.
    pub fn kept(seen: &Seen) -> Kept {
        let mut kept = Kept::default();
        for (node, place) in tree(&kept, seen, &HashSet::new(), &Rules::default()).new {
            kept.departments.insert(node.id, KeptDepartment { node, place, open: true });
        }
        let mut keys: Vec<&String> = seen.members.keys().collect();
        keys.sort();
        for (n, key) in keys.into_iter().enumerate() {
            let shown = &seen.members[key];
            let member = KeptMember {
                member_id: n as MemberId + 1,
                userid: shown.userid.clone(),
                name: shown.name.clone(),
                position: shown.position.clone(),
                status: shown.status,
                main_department_id: shown.main_department_id,
                present: true,
                departments: shown
                    .departments
                    .iter()
                    .map(|place| (place.department_id, place.is_leader.unwrap_or(false)))
                    .collect(),
            };
            kept.members.insert(key.clone(), member);
        }
        kept
    }

    const TREE: &[(DepartmentId, DepartmentId, &str)] =
        &[(1, 0, "学校"), (2, 1, "管理学院"), (3, 2, "2018级"), (4, 3, "2018会计1班"), (5, 3, "2018会计2班")];

    fn school() -> Seen {
        seen(TREE, &[("S1", &[4]), ("s2", &[4]), ("s3", &[5]), ("t1", &[2, 1])])
    }

    fn lefts(list: &[Left<'_>]) -> Vec<(String, DepartmentId)> {
        list.iter().map(|left| (left.key.to_owned(), left.department_id)).collect()
    }

    fn gone(diff: &MemberDiff<'_>) -> Vec<String> {
        diff.gone.iter().map(|gone| gone.member.userid.clone()).collect()
    }

    #[test]
    fn the_first_look_is_all_new_and_the_second_changes_nothing() {
        let (seen, empty) = (school(), Kept::default());
        let first = tree(&empty, &seen, &HashSet::new(), &Rules::default());
        assert_eq!(first.new.len(), 5);
        assert!(first.changed.is_empty() && first.gone.is_empty());
        let first = members(&empty, &seen, Subjects::All);
        assert_eq!(first.new, ["s1", "s2", "s3", "t1"]);
        assert_eq!(
            first.joined,
            [("s1", 4, false), ("s2", 4, false), ("s3", 5, false), ("t1", 1, false), ("t1", 2, false)]
        );

        let kept = kept(&seen);
        assert_eq!(tree(&kept, &seen, &HashSet::new(), &Rules::default()), TreeDiff::default());
        assert_eq!(members(&kept, &seen, Subjects::All), MemberDiff::default());
    }

    #[test]
    fn what_is_withheld_overwrites_nothing() {
        let kept = kept(&school());
        let mut withheld = school();
        for shown in withheld.departments.values_mut() {
            shown.name = None;
        }
        for shown in withheld.members.values_mut() {
            *shown = SeenMember {
                userid: shown.userid.clone(),
                departments: shown
                    .departments
                    .iter()
                    .map(|place| SeenPlace { is_leader: None, sort_order: None, ..*place })
                    .collect(),
                ..SeenMember::default()
            };
        }
        assert_eq!(tree(&kept, &withheld, &HashSet::new(), &Rules::default()), TreeDiff::default());
        assert_eq!(members(&kept, &withheld, Subjects::All), MemberDiff::default());
    }

    #[test]
    fn a_department_without_a_name_still_has_a_place() {
        let mut seen = school();
        seen.departments.insert(9, SeenDepartment { name: None, parent_id: 3, sort_order: 0 });
        let diff = tree(&kept(&school()), &seen, &HashSet::new(), &Rules::default());
        assert_eq!(diff.new[0].0.name, "部门 9");
        assert_eq!(diff.new[0].1.class_id, Some(9));
    }

    #[test]
    fn each_changed_value_makes_one_changed_member() {
        let kept = kept(&school());
        let change: [fn(&mut SeenMember); 5] = [
            |member| member.userid = "s1".into(),
            |member| member.name = Some("新名".into()),
            |member| member.position = Some("班长".into()),
            |member| member.status = Some(2),
            |member| member.main_department_id = Some(5),
        ];
        for change in change {
            let mut seen = school();
            change(seen.members.get_mut("s1").unwrap());
            let diff = members(&kept, &seen, Subjects::All);
            assert_eq!(diff, MemberDiff { changed: vec!["s1"], ..MemberDiff::default() });
        }
    }

    #[test]
    fn a_move_is_no_loss_and_a_loss_is_no_move() {
        let kept = kept(&school());
        let mut seen = school();
        seen.members.insert("s1".into(), SeenMember { main_department_id: None, ..member("S1", &[5]) });
        seen.members.insert("t1".into(), member("t1", &[2]));
        let diff = members(&kept, &seen, Subjects::All);
        assert_eq!(diff.joined, [("s1", 5, false)]);
        assert_eq!(lefts(&diff.moved), [("s1".to_owned(), 4)]);
        assert_eq!(lefts(&diff.dropped), [("t1".to_owned(), 1)]);
        assert!(diff.gone.is_empty());
    }

    #[test]
    fn leaders_come_and_go() {
        let mut seen = school();
        seen.members.get_mut("t1").unwrap().departments[0].is_leader = Some(true);
        let kept_before = kept(&school());
        let diff = members(&kept_before, &seen, Subjects::All);
        assert_eq!(diff.leading.len(), 1);
        assert_eq!((diff.leading[0].0.department_id, diff.leading[0].1), (2, true));
        let (kept_after, school) = (kept(&seen), school());
        let back = members(&kept_after, &school, Subjects::All);
        assert_eq!((back.leading[0].0.department_id, back.leading[0].1), (2, false));
    }

    #[test]
    fn who_is_not_seen_is_gone_and_can_come_back() {
        let mut kept = kept(&school());
        let mut seen = school();
        seen.members.remove("s2");
        assert_eq!(gone(&members(&kept, &seen, Subjects::All)), ["s2"]);

        let left = kept.members.get_mut("s2").unwrap();
        left.present = false;
        left.departments.clear();
        assert_eq!(members(&kept, &seen, Subjects::All), MemberDiff::default(), "gone once");
        let school = school();
        let back = members(&kept, &school, Subjects::All);
        assert_eq!((back.changed, back.joined), (vec!["s2"], vec![("s2", 4, false)]));
        assert!(back.new.is_empty());
    }

    #[test]
    fn a_look_at_few_says_nothing_about_others() {
        let kept = kept(&school());
        let subjects: BTreeSet<String> = ["s2".to_owned(), "s9".to_owned()].into();
        let few = seen(TREE, &[("s9", &[5]), ("s3", &[4])]);
        let diff = members(&kept, &few, Subjects::Only(&subjects));
        assert_eq!(gone(&diff), ["s2"]);
        assert_eq!(diff.new, ["s9"]);
        assert!(diff.moved.is_empty());
    }

    #[test]
    fn a_place_outside_the_tree_is_not_taken_over() {
        let seen = seen(TREE, &[("s1", &[77, 4])]);
        assert_eq!(members(&Kept::default(), &seen, Subjects::All).joined, [("s1", 4, false)]);
    }

    #[test]
    fn departments_are_added_renamed_moved_closed_and_come_back() {
        let mut kept = kept(&school());
        let mut seen = school();
        seen.departments
            .insert(6, SeenDepartment { name: Some("2018会计3班".into()), parent_id: 3, sort_order: 0 });
        seen.departments.get_mut(&4).unwrap().name = Some("2018会计(1)班".into());
        seen.departments.get_mut(&5).unwrap().parent_id = 2;
        let diff = tree(&kept, &seen, &HashSet::new(), &Rules::default());
        assert_eq!(diff.new.iter().map(|(node, _)| node.id).collect::<Vec<_>>(), [6]);
        assert_eq!(diff.changed.iter().map(|(node, _)| node.id).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(diff.changed[1].1.grade_id, None);

        let mut seen = school();
        seen.departments.remove(&5);
        assert_eq!(tree(&kept, &seen, &HashSet::new(), &Rules::default()).gone, [5]);
        assert_eq!(
            tree(&kept, &seen, &HashSet::from([5]), &Rules::default()),
            TreeDiff::default(),
            "kept on purpose"
        );
        kept.departments.get_mut(&5).unwrap().open = false;
        assert_eq!(
            tree(&kept, &seen, &HashSet::new(), &Rules::default()),
            TreeDiff::default(),
            "closed once"
        );
        assert_eq!(tree(&kept, &school(), &HashSet::new(), &Rules::default()).changed[0].0.id, 5);
    }

    #[test]
    fn a_parent_out_of_sight_is_none() {
        let seen = seen(&[(2, 1, "管理学院"), (3, 2, "2018级")], &[]);
        let diff = tree(&Kept::default(), &seen, &HashSet::new(), &Rules::default());
        assert_eq!(diff.new[0].0.parent_id, None);
        assert_eq!(diff.new[0].1.kind, Kind::College);
    }
}
