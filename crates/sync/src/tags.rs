//! Tags: reading who has them, and what has to change so that the mirror has the same.
//!
//! A tag says something about accounts and takes nobody away, so the guard is a simpler one than for members: while
//! anything of the directory could not be read, no tag is lost; a tag that could not be read stays as it is. Otherwise
//! what WeCom says is taken over. A tag that loses everyone changes nobody's kind by itself: rules by tag propose, and
//! an administrator looks at the proposals before persons are made.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use domain::{DepartmentId, MemberId, kinds::TagId};
use futures_util::{StreamExt, stream};
use wecom::Client;

use crate::{
    diff::TreeDiff,
    fetch::explain,
    guard::Verdict,
    picture::{Kept, Seen},
};

/// Calls at a time. WeCom answers a burst with 45033.
const AT_ONCE: usize = 8;

/// What WeCom showed of tags.
#[derive(Debug, Default)]
pub struct SeenTags {
    /// By id; none: the list was not read.
    pub tags: Option<BTreeMap<TagId, SeenTag>>,
    /// What could not be read, in Chinese.
    pub gaps: Vec<String>,
}

/// A tag as WeCom showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenTag {
    /// Its name.
    pub name: String,
    /// Who has it; none: not read.
    pub tagged: Option<Tagged>,
}

/// Who has a tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tagged {
    /// Lower-cased userids.
    pub members: BTreeSet<String>,
    /// Departments, with everyone below them.
    pub departments: BTreeSet<DepartmentId>,
}

/// A tag as the mirror holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeptTag {
    /// Its name.
    pub name: String,
    /// Whether WeCom listed it when it was last looked at.
    pub open: bool,
    /// Accounts that have it by themselves.
    pub members: BTreeSet<MemberId>,
    /// Departments that have it.
    pub departments: BTreeSet<DepartmentId>,
}

/// Reads tags: all, or only these. With the contacts-sync secret where there is one, because it sees everyone; an app
/// sees the members of its range. What fails is a gap.
pub async fn read(app: &Client, contacts: Option<&Client>, only: Option<&BTreeSet<TagId>>) -> SeenTags {
    let client = contacts.unwrap_or(app);
    let mut seen = SeenTags::default();
    let listed = match client.tags().await {
        Ok(listed) => listed,
        Err(error) => {
            seen.gaps.push(format!("标签没有读到（{}）", explain(&error)));
            return seen;
        }
    };
    let mut tags: BTreeMap<TagId, SeenTag> = listed
        .into_iter()
        .filter_map(|tag| Some((TagId::try_from(tag.id).ok()?, SeenTag { name: tag.name, tagged: None })))
        .collect();
    let wanted: Vec<TagId> =
        tags.keys().copied().filter(|id| only.is_none_or(|only| only.contains(id))).collect();
    let mut answers = stream::iter(wanted)
        .map(|id| {
            let client = client.clone();
            async move { (id, client.tagged(id.unsigned_abs()).await) }
        })
        .buffer_unordered(AT_ONCE);
    let mut failed = BTreeMap::new();
    while let Some((id, answer)) = answers.next().await {
        match answer {
            Ok(tagged) => {
                if let Some(tag) = tags.get_mut(&id) {
                    let members = tagged.members.iter().map(|userid| userid.to_lowercase()).collect();
                    tag.tagged =
                        Some(Tagged { members, departments: tagged.departments.into_iter().collect() });
                }
            }
            Err(error) => {
                failed.insert(id, explain(&error));
            }
        }
    }
    // Thousands may be locked to other apps: the first few are enough to see why.
    seen.gaps.extend(failed.iter().take(3).map(|(id, why)| {
        let name = tags.get(id).map(|tag| tag.name.as_str()).unwrap_or_default();
        format!("标签“{name}”没有读到（{why}）")
    }));
    if failed.len() > 3 {
        seen.gaps.push(format!("共 {} 个标签没有读到", failed.len()));
    }
    seen.tags = Some(tags);
    seen
}

/// Changes of tags.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct TagDiff<'a> {
    /// New tags.
    pub new: Vec<(TagId, &'a str)>,
    /// Renamed ones, and closed ones that are back.
    pub changed: Vec<(TagId, &'a str)>,
    /// Tags WeCom lists no more.
    pub gone: Vec<TagId>,
    /// Accounts that got a tag, by lower-cased userid.
    pub joined: Vec<(TagId, &'a str)>,
    /// Accounts that lost one.
    pub left: Vec<(TagId, MemberId)>,
    /// Departments that got a tag.
    pub departments_joined: Vec<(TagId, DepartmentId)>,
    /// Departments that lost one.
    pub departments_left: Vec<(TagId, DepartmentId)>,
    /// Losses that were not taken over because something of the directory could not be read.
    pub held: usize,
}

/// Compares what WeCom showed of tags with the mirror, after it was decided who goes (`verdict`) and which departments
/// (`tree`). `only`: other tags were not looked at. `all`: every member was, so that one who was not seen is held.
pub fn diff<'a>(
    kept: &'a Kept,
    seen: &'a Seen,
    verdict: &Verdict<'_>,
    tree: &TreeDiff,
    only: Option<&BTreeSet<TagId>>,
    all: bool,
) -> TagDiff<'a> {
    let mut diff = TagDiff::default();
    let Some(shown) = &seen.tags.tags else { return diff };
    let blind = !seen.gaps.is_empty() || seen.departments.is_empty();
    let gone: HashSet<MemberId> = verdict.gone.iter().map(|gone| gone.member_id).collect();
    let keys: HashMap<MemberId, &str> =
        kept.members.iter().map(|(key, member)| (member.member_id, key.as_str())).collect();
    // Whose removal the guard holds keeps what they have, tags too.
    let waits = |id: &MemberId| {
        let key = keys.get(id).copied().unwrap_or_default();
        let present = kept.members.get(key).is_some_and(|member| member.present);
        all && present && !gone.contains(id) && !seen.members.contains_key(key)
    };
    let stays = |key: &str| {
        seen.members.contains_key(key)
            || kept.members.get(key).is_some_and(|member| member.present && !gone.contains(&member.member_id))
    };
    let closed: HashSet<DepartmentId> = tree.gone.iter().copied().collect();
    let mut known: HashSet<DepartmentId> = (kept.departments.iter())
        .filter(|(id, department)| department.open && !closed.contains(id))
        .map(|(id, _)| *id)
        .collect();
    known.extend(tree.new.iter().chain(&tree.changed).map(|(node, _)| node.id));

    let looked_at = |id: &TagId| only.is_none_or(|only| only.contains(id));
    let none = KeptTag::default();
    for (id, tag) in shown.iter().filter(|(id, _)| looked_at(id)) {
        let before = kept.tags.get(id);
        match before {
            None => diff.new.push((*id, tag.name.as_str())),
            Some(before) if !before.open || before.name != tag.name => {
                diff.changed.push((*id, tag.name.as_str()));
            }
            Some(_) => {}
        }
        let before = before.unwrap_or(&none);
        let Some(tagged) = &tag.tagged else { continue };
        let mut has = HashSet::new();
        for key in &tagged.members {
            let member = kept.members.get(key).map(|member| member.member_id);
            has.extend(member);
            if stays(key) && member.is_none_or(|id| !before.members.contains(&id)) {
                diff.joined.push((*id, key.as_str()));
            }
        }
        let lost: Vec<MemberId> =
            before.members.iter().copied().filter(|member| !has.contains(member) && !waits(member)).collect();
        let new = tagged.departments.difference(&before.departments).filter(|id| known.contains(id));
        diff.departments_joined.extend(new.map(|department| (*id, *department)));
        let lost_departments = before.departments.difference(&tagged.departments);
        let lost_departments: Vec<DepartmentId> =
            lost_departments.copied().filter(|department| !verdict.keep.contains(department)).collect();
        if blind {
            diff.held += lost.len() + lost_departments.len();
        } else {
            diff.left.extend(lost.into_iter().map(|member| (*id, member)));
            diff.departments_left.extend(lost_departments.into_iter().map(|department| (*id, department)));
        }
    }
    for (id, tag) in kept.tags.iter().filter(|(id, tag)| tag.open && looked_at(id) && !shown.contains_key(id))
    {
        if blind {
            diff.held += 1;
            continue;
        }
        diff.gone.push(*id);
        diff.left.extend(tag.members.iter().map(|member| (*id, *member)));
        diff.departments_left.extend(tag.departments.iter().map(|department| (*id, *department)));
    }
    diff
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diff::{self, Subjects},
        guard,
    };

    const TREE: &[(DepartmentId, DepartmentId, &str)] =
        &[(1, 0, "学校"), (2, 1, "管理学院"), (3, 1, "教务处")];

    fn school(tags: &[(TagId, &str, &[&str], &[DepartmentId])]) -> Seen {
        let mut seen = diff::tests::seen(TREE, &[("a", &[2]), ("B", &[2]), ("c", &[3])]);
        let shown = tags.iter().map(|(id, name, members, departments)| {
            let members = members.iter().map(|userid| userid.to_lowercase()).collect();
            let tagged = Tagged { members, departments: departments.iter().copied().collect() };
            (*id, SeenTag { name: (*name).into(), tagged: Some(tagged) })
        });
        seen.tags.tags = Some(shown.collect());
        seen
    }

    /// The mirror with these accounts and tags. Accounts a, b, c are 1, 2, 3.
    fn kept(tags: &[(TagId, &str, &[MemberId], &[DepartmentId])]) -> Kept {
        let mut kept = diff::tests::kept(&school(&[]));
        for (id, name, members, departments) in tags {
            let tag = KeptTag {
                name: (*name).into(),
                open: true,
                members: members.iter().copied().collect(),
                departments: departments.iter().copied().collect(),
            };
            kept.tags.insert(*id, tag);
        }
        kept
    }

    fn compare<'a>(kept: &'a Kept, seen: &'a Seen) -> TagDiff<'a> {
        let members = diff::members(kept, seen, Subjects::All);
        let gone = diff::gone_departments(kept, seen);
        let verdict = guard::judge(kept, seen, &members, &gone, &guard::Lately::default());
        let tree = diff::tree(kept, seen, &verdict.keep, &domain::kinds::Rules::default());
        super::diff(kept, seen, &verdict, &tree, None, true)
    }

    #[test]
    fn the_second_look_changes_nothing() {
        let seen = school(&[(7, "教师", &["A", "b"], &[3]), (8, "空", &[], &[])]);
        let first = kept(&[]);
        let diff = compare(&first, &seen);
        assert_eq!(diff.new, [(7, "教师"), (8, "空")]);
        assert_eq!(diff.joined, [(7, "a"), (7, "b")]);
        assert_eq!(diff.departments_joined, [(7, 3)]);
        let after = kept(&[(7, "教师", &[1, 2], &[3]), (8, "空", &[], &[])]);
        assert_eq!(compare(&after, &seen), TagDiff::default());
    }

    #[test]
    fn tags_are_renamed_given_taken_and_closed() {
        let before = kept(&[(7, "教师", &[1, 2], &[3]), (8, "旧", &[3], &[2])]);
        let seen = school(&[(7, "老师", &["b", "c"], &[2])]);
        let diff = compare(&before, &seen);
        assert_eq!((diff.changed, diff.joined), (vec![(7, "老师")], vec![(7, "c")]));
        assert_eq!(diff.left, [(7, 1), (8, 3)]);
        assert_eq!((diff.departments_joined, diff.departments_left), (vec![(7, 2)], vec![(7, 3), (8, 2)]));
        assert_eq!((diff.gone, diff.held), (vec![8], 0));
    }

    #[test]
    fn what_was_not_read_stays() {
        let before = kept(&[(7, "教师", &[1, 2], &[3]), (8, "旧", &[3], &[])]);
        let mut seen = school(&[(7, "教师", &[], &[]), (8, "旧", &[], &[])]);
        seen.tags.tags.as_mut().unwrap().get_mut(&7).unwrap().tagged = None;
        assert_eq!(compare(&before, &seen).left, [(8, 3)], "the other goes on");
        seen.tags.tags = None;
        assert_eq!(compare(&before, &seen), TagDiff::default());
        // With a gap anywhere nothing is lost, and what is new comes.
        let mut seen = school(&[(7, "教师", &["c"], &[])]);
        seen.gaps.push("x".into());
        let diff = compare(&before, &seen);
        assert_eq!((diff.joined, diff.held), (vec![(7, "c")], 2 + 1 + 1));
        assert!(diff.left.is_empty() && diff.gone.is_empty() && diff.departments_left.is_empty());
    }

    #[test]
    fn who_is_held_keeps_their_tags_and_strangers_get_none() {
        let mut before = kept(&[(7, "教师", &[1, 2], &[])]);
        let mut seen = school(&[(7, "教师", &["stranger"], &[99])]);
        // The whole directory but one is out of sight: a matter for a person.
        seen.departments.retain(|id, _| *id == 1);
        seen.members.clear();
        for n in 10..70 {
            let mut member = before.members["a"].clone();
            member.member_id = n;
            before.members.insert(format!("x{n}"), member);
        }
        let diff = compare(&before, &seen);
        assert_eq!(diff, TagDiff::default());
    }

    #[test]
    fn a_look_at_one_tag_leaves_the_others() {
        let before = kept(&[(7, "教师", &[1], &[]), (8, "旧", &[3], &[])]);
        let seen = school(&[(7, "教师", &["b"], &[])]);
        let only = BTreeSet::from([7]);
        let (verdict, tree) = (Verdict::default(), TreeDiff::default());
        let diff = super::diff(&before, &seen, &verdict, &tree, Some(&only), false);
        assert_eq!((diff.joined, diff.left, diff.gone), (vec![(7, "b")], vec![(7, 1)], vec![]));
    }
}
