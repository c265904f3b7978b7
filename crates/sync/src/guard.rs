//! Holds back removals that look like a mistake of the directory's, not like people leaving.
//!
//! A visible range made too small, a page that failed, a root that was emptied: for WeCom's API all of these look
//! like thousands of people gone. Joins, moves and every other change go on; removals wait for someone who knows.

use std::collections::{BTreeSet, HashMap, HashSet};

use domain::{DepartmentId, MemberId};

use crate::{
    diff::{Gone, Left, MemberDiff},
    picture::{Kept, KeptMember, Seen},
};

/// Members that may leave in an hour, whatever the size of the school.
const MEMBERS_FLOOR: usize = 50;
/// … or so many of a hundred, if that is more.
const MEMBERS_PERCENT: usize = 2;
/// A department may lose so many members without a question.
const DEPARTMENT_FLOOR: usize = 5;
/// … or so many of a hundred.
const DEPARTMENT_PERCENT: usize = 20;

/// Why removals were held, for the administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The tree came back empty.
    EmptyTree,
    /// Not everything could be read.
    Gaps(Vec<String>),
    /// More members than an hour's budget.
    Members {
        /// Members this run would close.
        gone: usize,
        /// Members closed in the last hour.
        before: usize,
        /// The budget.
        budget: usize,
    },
    /// A department that would lose too many.
    Department {
        /// Its name.
        name: String,
        /// Members it would lose.
        lost: usize,
        /// Members it lost in the last hour.
        before: usize,
        /// Members it has.
        of: usize,
    },
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::EmptyTree => write!(f, "企业微信返回的组织架构是空的"),
            Self::Gaps(gaps) => write!(f, "企业微信的数据没有读全：{}", gaps.join("；")),
            Self::Members { gone, before: 0, budget } => {
                write!(f, "将有 {gone} 个成员离开，超过每小时 {budget} 人的上限")
            }
            Self::Members { gone, before, budget } => {
                write!(f, "将有 {gone} 个成员离开，一小时内已离开 {before} 人，超过每小时 {budget} 人的上限")
            }
            Self::Department { name, lost, before: 0, of } => {
                write!(f, "“{name}”将减少 {lost} 人（现有 {of} 人）")
            }
            Self::Department { name, lost, before, of } => {
                write!(f, "“{name}”一小时内已减少 {before} 人，还将减少 {lost} 人（现有 {of} 人）")
            }
        }
    }
}

/// A removal that was held back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Held {
    /// A department.
    Department(DepartmentId, String),
    /// An account: userid and name.
    Member(String, String),
    /// An account's place in a department: userid, department, name.
    Membership(String, DepartmentId, String),
}

/// What all paths closed in the last hour without anybody's approval: a loss that comes in small parts is one loss.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lately {
    /// Members.
    pub members: usize,
    /// … by the departments they were in.
    pub departments: HashMap<DepartmentId, usize>,
}

/// What may be done, and what may not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// Members that are closed.
    pub gone: Vec<Gone<'a>>,
    /// Places that are closed without a new one.
    pub dropped: Vec<Left<'a>>,
    /// Departments that stay although WeCom shows them no more.
    pub keep: HashSet<DepartmentId>,
    /// What was held back, in order.
    pub held: Vec<Held>,
    /// Why; empty exactly when nothing is held.
    pub reasons: Vec<Reason>,
}

/// Judges the removals of a diff.
pub fn judge<'a>(
    kept: &'a Kept,
    seen: &Seen,
    diff: &MemberDiff<'a>,
    gone_departments: &[DepartmentId],
    lately: &Lately,
) -> Verdict<'a> {
    let mut reasons = Vec::new();
    if seen.departments.is_empty() && kept.departments.values().any(|department| department.open) {
        reasons.push(Reason::EmptyTree);
    }
    if !seen.gaps.is_empty() {
        reasons.push(Reason::Gaps(seen.gaps.clone()));
    }
    let blind = !reasons.is_empty();

    let budget = MEMBERS_FLOOR.max(kept.present().count() * MEMBERS_PERCENT / 100);
    let many = !diff.gone.is_empty() && diff.gone.len() + lately.members > budget;
    if many {
        reasons.push(Reason::Members { gone: diff.gone.len(), before: lately.members, budget });
    }
    let shrinking = shrinking_departments(kept, diff, lately, &mut reasons);

    let mut verdict = Verdict::default();
    for gone in &diff.gone {
        let hit = gone.member.departments.iter().any(|(id, _)| shrinking.contains(id));
        if blind || many || hit {
            verdict.held.push(Held::Member(gone.member.userid.clone(), name_of(gone.member)));
        } else {
            verdict.gone.push(gone.clone());
        }
    }
    for left in &diff.dropped {
        if blind || shrinking.contains(&left.department_id) {
            let (userid, name) = (left.member.userid.clone(), name_of(left.member));
            verdict.held.push(Held::Membership(userid, left.department_id, name));
        } else {
            verdict.dropped.push(left.clone());
        }
    }
    keep_departments(kept, diff, gone_departments, blind, &mut verdict);
    verdict.held.sort_unstable();
    if verdict.held.is_empty() {
        // A gap with nothing to remove behind it is told elsewhere.
        reasons.clear();
    }
    verdict.reasons = reasons;
    verdict
}

/// What would be done had nobody to be asked: everything.
pub fn approve<'a>(kept: &Kept, diff: &MemberDiff<'a>, gone_departments: &[DepartmentId]) -> Verdict<'a> {
    let mut verdict =
        Verdict { gone: diff.gone.clone(), dropped: diff.dropped.clone(), ..Verdict::default() };
    keep_departments(kept, diff, gone_departments, false, &mut verdict);
    verdict
}

fn name_of(member: &KeptMember) -> String {
    member.name.clone().unwrap_or_else(|| member.userid.clone())
}

/// Departments that would lose more than a fifth of their members, and at least five, within the hour.
fn shrinking_departments(
    kept: &Kept,
    diff: &MemberDiff<'_>,
    lately: &Lately,
    reasons: &mut Vec<Reason>,
) -> BTreeSet<DepartmentId> {
    let mut lost: HashMap<DepartmentId, usize> = HashMap::new();
    let gone = diff.gone.iter().flat_map(|gone| gone.member.departments.iter().map(|(id, _)| *id));
    for department in gone.chain(diff.dropped.iter().map(|left| left.department_id)) {
        *lost.entry(department).or_default() += 1;
    }
    let before = |id: &DepartmentId| lately.departments.get(id).copied().unwrap_or(0);
    lost.retain(|id, lost| *lost + before(id) >= DEPARTMENT_FLOOR);
    if lost.is_empty() {
        return BTreeSet::new();
    }
    let mut sizes: HashMap<DepartmentId, usize> = HashMap::new();
    for (id, _) in kept.present().flat_map(|(_, member)| &member.departments) {
        *sizes.entry(*id).or_default() += 1;
    }
    let mut shrinking = BTreeSet::new();
    for (id, lost) in lost {
        let (of, before) = (sizes.get(&id).copied().unwrap_or(0), before(&id));
        if (lost + before) * 100 > (of + before) * DEPARTMENT_PERCENT {
            shrinking.insert(id);
            let name = kept.departments.get(&id).map_or_else(|| id.to_string(), |d| d.node.name.clone());
            reasons.push(Reason::Department { name, lost, before, of });
        }
    }
    // A college that vanishes has dozens of classes; the worst are enough to see why.
    let rest = reasons.iter().position(|reason| matches!(reason, Reason::Department { .. })).unwrap_or(0);
    reasons[rest..].sort_by_key(|reason| match reason {
        Reason::Department { name, lost, .. } => (std::cmp::Reverse(*lost), name.clone()),
        _ => (std::cmp::Reverse(usize::MAX), String::new()),
    });
    reasons.truncate(rest + 3);
    shrinking
}

/// A department stays while somebody is left in it, and with it those above. Held: those left because of a
/// removal that is held. A look at few members just leaves it to the next look at all.
fn keep_departments(
    kept: &Kept,
    diff: &MemberDiff<'_>,
    gone: &[DepartmentId],
    blind: bool,
    verdict: &mut Verdict<'_>,
) {
    let gone: HashSet<DepartmentId> = gone.iter().copied().collect();
    if gone.is_empty() {
        return;
    }
    let closed: HashSet<MemberId> = verdict.gone.iter().map(|gone| gone.member_id).collect();
    let left: HashSet<(MemberId, DepartmentId)> = (diff.moved.iter().chain(&verdict.dropped))
        .map(|left| (left.member.member_id, left.department_id))
        .collect();
    let mut keep: HashSet<DepartmentId> = kept
        .present()
        .filter(|(_, member)| !closed.contains(&member.member_id))
        .flat_map(|(_, member)| member.departments.iter().map(|(id, _)| (member.member_id, *id)))
        .filter(|place| gone.contains(&place.1) && !left.contains(place))
        .map(|(_, id)| id)
        .collect();
    if blind {
        keep.clone_from(&gone);
    }
    let mut waiting: Vec<DepartmentId> = keep.iter().copied().collect();
    while let Some(id) = waiting.pop() {
        let parent = kept.departments.get(&id).and_then(|department| department.node.parent_id);
        if let Some(parent) = parent.filter(|parent| gone.contains(parent) && !keep.contains(parent)) {
            keep.insert(parent);
            waiting.push(parent);
        }
    }
    if blind || !verdict.held.is_empty() {
        verdict.held.extend(keep.iter().filter_map(|id| {
            kept.departments.get(id).map(|department| Held::Department(*id, department.node.name.clone()))
        }));
    }
    verdict.keep = keep;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{
        self, Subjects,
        tests::{kept, seen},
    };

    /// A college with classes 10, 11, … of the given sizes.
    fn school(classes: &[usize]) -> Seen {
        let ids: Vec<DepartmentId> = (10..).take(classes.len()).collect();
        let names: Vec<String> = ids.iter().map(|id| format!("2018会计{id}班")).collect();
        let mut departments = vec![(1, 0, "学校"), (2, 1, "管理学院"), (3, 2, "2018级")];
        departments.extend(ids.iter().zip(&names).map(|(id, name)| (*id, 3, name.as_str())));
        let mut picture = seen(&departments, &[]);
        for (id, size) in ids.iter().zip(classes) {
            for n in 0..*size {
                let userid = format!("s{id}-{n:03}");
                picture.members.insert(userid.clone(), diff::tests::member(&userid, &[*id]));
            }
        }
        picture
    }

    fn without(mut picture: Seen, class: DepartmentId, members: usize) -> Seen {
        for n in 0..members {
            picture.members.remove(&format!("s{class}-{n:03}")).unwrap();
        }
        picture
    }

    struct Judged {
        gone: usize,
        dropped: usize,
        keep: Vec<DepartmentId>,
        held: Vec<Held>,
        reasons: Vec<Reason>,
    }

    fn judge_all(before: &Seen, now: &Seen, closed_lately: usize) -> Judged {
        judge_after(before, now, &Lately { members: closed_lately, ..Lately::default() })
    }

    fn judge_after(before: &Seen, now: &Seen, lately: &Lately) -> Judged {
        let kept = kept(before);
        let members = diff::members(&kept, now, Subjects::All);
        let gone = diff::gone_departments(&kept, now);
        let verdict = judge(&kept, now, &members, &gone, lately);
        let mut keep: Vec<_> = verdict.keep.iter().copied().collect();
        keep.sort_unstable();
        Judged {
            gone: verdict.gone.len(),
            dropped: verdict.dropped.len(),
            keep,
            held: verdict.held.clone(),
            reasons: verdict.reasons.clone(),
        }
    }

    #[test]
    fn a_few_may_leave() {
        let before = school(&[30, 30]);
        let judged = judge_all(&before, &without(school(&[30, 30]), 10, 6), 0);
        assert_eq!(
            (judged.gone, judged.held.len(), judged.reasons.len()),
            (6, 0, 0),
            "6 of 30 is a fifth, not more"
        );
    }

    #[test]
    fn a_class_that_loses_over_a_fifth_is_held_and_others_go_on() {
        let before = school(&[30, 100]);
        let now = without(without(school(&[30, 100]), 10, 7), 11, 3);
        let judged = judge_all(&before, &now, 0);
        assert_eq!(judged.gone, 3);
        assert_eq!(judged.held.len(), 7);
        assert_eq!(
            judged.reasons,
            [Reason::Department { name: "2018会计10班".into(), lost: 7, before: 0, of: 30 }]
        );
        assert_eq!(judged.reasons[0].to_string(), "“2018会计10班”将减少 7 人（现有 30 人）");
    }

    #[test]
    fn a_small_class_may_lose_four() {
        let before = school(&[4, 60]);
        assert_eq!(judge_all(&before, &without(school(&[4, 60]), 10, 4), 0).gone, 4);
        let before = school(&[5, 60]);
        assert_eq!(judge_all(&before, &without(school(&[5, 60]), 10, 5), 0).gone, 0);
    }

    #[test]
    fn more_members_than_the_budget_are_held() {
        // 51 of 60 classes' pupils, one from each, so that no class shrinks too much.
        let sizes = vec![30; 60];
        let leave = |count: i32| {
            let mut now = school(&sizes);
            for class in 10..10 + count {
                now = without(now, class, 1);
            }
            now
        };
        let before = school(&sizes);
        assert_eq!(judge_all(&before, &leave(50), 0).gone, 50);
        let judged = judge_all(&before, &leave(51), 0);
        assert_eq!((judged.gone, judged.held.len()), (0, 51));
        assert_eq!(judged.reasons, [Reason::Members { gone: 51, before: 0, budget: 50 }]);
        // One budget an hour, whoever closed them.
        let judged = judge_all(&before, &leave(1), 50);
        assert_eq!((judged.gone, judged.held.len()), (0, 1));
        assert_eq!(judge_all(&before, &leave(1), 49).gone, 1);
    }

    #[test]
    fn a_large_school_has_a_larger_budget() {
        let sizes = vec![50; 100];
        let mut now = school(&sizes);
        for class in 10..110 {
            now = without(now, class, 1);
        }
        assert_eq!(judge_all(&school(&sizes), &now, 0).gone, 100, "2 % of 5000");
    }

    #[test]
    fn moves_are_never_held() {
        let mut now = school(&[30, 30]);
        for n in 0..30 {
            let userid = format!("s10-{n:03}");
            now.members.insert(userid.clone(), diff::tests::member(&userid, &[11]));
        }
        now.departments.remove(&10);
        let judged = judge_all(&school(&[30, 30]), &now, 0);
        assert_eq!((judged.held.len(), judged.keep.len()), (0, 0));
    }

    #[test]
    fn places_dropped_without_a_new_one_count_as_losses() {
        let mut before = school(&[30]);
        for member in before.members.values_mut() {
            member.departments.extend(diff::tests::member("x", &[2]).departments);
        }
        let judged = judge_all(&before, &school(&[30]), 0);
        assert_eq!((judged.gone, judged.dropped, judged.held.len()), (0, 0, 30));
        assert_eq!(judged.held[0], Held::Membership("s10-000".into(), 2, "姓名s10-000".into()));
        assert_eq!(
            judged.reasons,
            [Reason::Department { name: "管理学院".into(), lost: 30, before: 0, of: 30 }]
        );
    }

    #[test]
    fn an_empty_tree_takes_nobody_with_it() {
        let judged = judge_all(&school(&[3, 3]), &Seen::default(), 0);
        assert_eq!((judged.gone, judged.dropped), (0, 0));
        assert_eq!(judged.held.len(), 6 + 5, "six members, five departments");
        assert_eq!(judged.reasons[0], Reason::EmptyTree);
        assert_eq!(judged.keep, [1, 2, 3, 10, 11]);
    }

    #[test]
    fn while_something_could_not_be_read_nothing_is_gone() {
        let mut now = without(school(&[30, 30]), 10, 1);
        now.departments.remove(&11);
        now.members.retain(|key, _| !key.starts_with("s11"));
        now.gaps.push("部门 11 的成员没有读到".into());
        let judged = judge_all(&school(&[30, 30]), &now, 0);
        assert_eq!(judged.gone, 0);
        assert_eq!(judged.held.len(), 31 + 1);
        assert_eq!(judged.keep, [11]);
        assert_eq!(judged.reasons[0].to_string(), "企业微信的数据没有读全：部门 11 的成员没有读到");
    }

    #[test]
    fn a_gap_with_nothing_to_remove_holds_nothing() {
        let mut now = school(&[3]);
        now.gaps.push("x".into());
        let judged = judge_all(&school(&[3]), &now, 0);
        assert!(judged.held.is_empty() && judged.reasons.is_empty());
    }

    #[test]
    fn a_college_out_of_sight_stays_with_everything_above_its_members() {
        let before = school(&[30, 2]);
        let judged = judge_all(&before, &seen(&[(1, 0, "学校")], &[]), 0);
        // Class 11 lost two members, which may leave; class 10 lost thirty, which may not.
        assert_eq!(judged.gone, 2);
        assert_eq!(judged.keep, [2, 3, 10], "the class, its grade, its college, but not the empty class");
        assert_eq!(judged.held.len(), 30 + 3);
    }

    #[test]
    fn an_approval_closes_everything() {
        let (before, now) = (school(&[30, 2]), seen(&[(1, 0, "学校")], &[]));
        let kept = kept(&before);
        let members = diff::members(&kept, &now, Subjects::All);
        let gone = diff::gone_departments(&kept, &now);
        let verdict = approve(&kept, &members, &gone);
        assert_eq!((verdict.gone.len(), verdict.keep.len(), verdict.held.len()), (32, 0, 0));
    }

    #[test]
    fn a_class_that_drips_away_is_one_loss() {
        let before = school(&[26, 30]);
        let now = without(school(&[26, 30]), 10, 4);
        assert_eq!(judge_all(&before, &now, 4).held.len(), 0, "four left elsewhere");
        let lately = Lately { members: 4, departments: HashMap::from([(10, 4)]) };
        let judged = judge_after(&before, &now, &lately);
        assert_eq!((judged.gone, judged.held.len()), (0, 4), "8 of 30 within the hour");
        assert_eq!(
            judged.reasons[0].to_string(),
            "“2018会计10班”一小时内已减少 4 人，还将减少 4 人（现有 26 人）"
        );
    }

    #[test]
    fn a_look_at_few_closes_no_department_that_others_are_in() {
        let before = school(&[3]);
        let kept = kept(&before);
        let mut now = school(&[3]);
        now.departments.remove(&10);
        let members = diff::members(&kept, &now, Subjects::Only(&BTreeSet::new()));
        let gone = diff::gone_departments(&kept, &now);
        let verdict = judge(&kept, &now, &members, &gone, &Lately::default());
        assert_eq!(verdict.keep, HashSet::from([10]));
        assert!(verdict.held.is_empty(), "nobody has to approve it");
    }
}
