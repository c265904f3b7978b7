//! What accounts are that no roster knows. A rule proposes: it makes nobody a person.

use std::collections::{BTreeMap, HashMap};

use super::{PersonWhen, Rules, TagId, pattern};
use crate::{
    DepartmentId,
    department::{Kind, Node},
    form::PersonKind,
};

/// An account as rules look at it. What WeCom withheld fits no pattern.
#[derive(Clone, Copy)]
pub struct Account<'a> {
    /// As WeCom gives it.
    pub userid: &'a str,
    /// Name.
    pub name: Option<&'a str>,
    /// Job title.
    pub position: Option<&'a str>,
    /// Where it is.
    pub departments: &'a [DepartmentId],
    /// Tags it has by itself.
    pub tags: &'a [TagId],
}

/// Person rules, ready to look at many accounts.
#[derive(Debug)]
pub struct People<'a> {
    rules: &'a Rules,
    /// For each department itself and all above, with their kinds.
    upwards: HashMap<DepartmentId, Vec<(DepartmentId, Kind)>>,
    tagged: &'a BTreeMap<TagId, Vec<DepartmentId>>,
}

impl<'a> People<'a> {
    /// Over a tree with the kind of each department, and the departments that tags have.
    pub fn new(
        rules: &'a Rules,
        departments: &[(Node, Kind)],
        tagged: &'a BTreeMap<TagId, Vec<DepartmentId>>,
    ) -> Self {
        let by_id: HashMap<DepartmentId, (Option<DepartmentId>, Kind)> =
            departments.iter().map(|(node, kind)| (node.id, (node.parent_id, *kind))).collect();
        let upwards = by_id.keys().map(|id| {
            let mut chain = Vec::new();
            let mut next = Some(*id);
            while let Some((id, (parent, kind))) = next.and_then(|id| by_id.get(&id).map(|found| (id, found)))
            {
                // Should departments form a ring, once around is enough.
                if chain.iter().any(|(seen, _)| *seen == id) {
                    break;
                }
                chain.push((id, *kind));
                next = *parent;
            }
            (*id, chain)
        });
        Self { rules, upwards: upwards.collect(), tagged }
    }

    /// What an account is, and by which rule; none: no rule fits.
    pub fn kind_of(&self, account: &Account<'_>) -> Option<(PersonKind, usize)> {
        let rules = &self.rules.persons;
        rules.iter().position(|rule| self.is(account, &rule.when)).map(|n| (rules[n].kind, n))
    }

    fn is(&self, account: &Account<'_>, when: &PersonWhen) -> bool {
        let fits = |patterns: &[String], text: Option<&str>| {
            patterns.is_empty() || text.is_some_and(|text| pattern::matches_any(patterns, text))
        };
        let anywhere = |wanted: &dyn Fn(&(DepartmentId, Kind)) -> bool| {
            account.departments.iter().filter_map(|id| self.upwards.get(id)).flatten().any(wanted)
        };
        fits(&when.userids, Some(account.userid))
            && fits(&when.names, account.name)
            && fits(&when.positions, account.position)
            && when.under.is_none_or(|under| anywhere(&|(id, _)| *id == under))
            && (when.kinds.is_empty() || anywhere(&|(_, kind)| when.kinds.contains(kind)))
            && when.tag.is_none_or(|tag| {
                account.tags.contains(&tag)
                    || self.tagged.get(&tag).is_some_and(|tagged| anywhere(&|(id, _)| tagged.contains(id)))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASS: &[DepartmentId] = &[4];
    const OFFICE: &[DepartmentId] = &[5];

    fn tree() -> Vec<(Node, Kind)> {
        [
            (1, 0, Kind::School),
            (2, 1, Kind::College),
            (3, 2, Kind::Grade),
            (4, 3, Kind::Class),
            (5, 2, Kind::Office),
        ]
        .map(|(id, parent, kind): (_, _, Kind)| {
            let parent_id = (parent != 0).then_some(parent);
            (Node { id, name: format!("部门{id}"), parent_id, sort_order: 0 }, kind)
        })
        .to_vec()
    }

    fn account<'a>(userid: &'a str, departments: &'a [DepartmentId], tags: &'a [TagId]) -> Account<'a> {
        Account { userid, name: Some("张三"), position: None, departments, tags }
    }

    fn kind(json: &str, account: &Account<'_>) -> Option<(PersonKind, usize)> {
        let rules: Rules = serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}"));
        let tagged = BTreeMap::from([(7, vec![2])]);
        People::new(&rules, &tree(), &tagged).kind_of(account)
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let rules = r#"{"persons":[{"kind":"staff","when":{"positions":["*教师","*主任"]}},{"kind":"student","when":{"kinds":["class"]}},
            {"kind":"staff","when":{"userids":["t*"]}}]}"#;
        let teacher = Account { position: Some("专任教师"), ..account("a", CLASS, &[]) };
        assert_eq!(kind(rules, &teacher), Some((PersonKind::Staff, 0)));
        assert_eq!(kind(rules, &account("a", CLASS, &[])), Some((PersonKind::Student, 1)));
        assert_eq!(kind(rules, &account("T01", OFFICE, &[])), Some((PersonKind::Staff, 2)));
        assert_eq!(kind(rules, &account("a", OFFICE, &[])), None);
        assert_eq!(
            kind(r#"{"persons":[{"kind":"staff"}]}"#, &account("a", &[], &[])),
            Some((PersonKind::Staff, 0))
        );
    }

    #[test]
    fn a_tag_is_had_by_oneself_or_by_a_department() {
        let rules = r#"{"persons":[{"kind":"staff","when":{"tag":7}}]}"#;
        assert!(kind(rules, &account("a", &[1], &[7])).is_some());
        assert!(kind(rules, &account("a", CLASS, &[])).is_some(), "the tag has its college");
        assert_eq!(kind(rules, &account("a", &[1], &[8])), None);
        assert_eq!(
            kind(r#"{"persons":[{"kind":"staff","when":{"tag":9}}]}"#, &account("a", CLASS, &[])),
            None
        );
    }

    #[test]
    fn in_a_department_means_below_it_too() {
        let rules = r#"{"persons":[{"kind":"staff","when":{"under":2,"kinds":["office"]}}]}"#;
        assert!(kind(rules, &account("a", OFFICE, &[])).is_some());
        assert_eq!(kind(rules, &account("a", CLASS, &[])), None, "both must hold");
        assert_eq!(kind(rules, &account("a", &[99], &[])), None, "a department that is gone");
    }

    #[test]
    fn what_is_withheld_fits_no_pattern() {
        let rules = r#"{"persons":[{"kind":"staff","when":{"names":["*"]}}]}"#;
        assert!(kind(rules, &account("a", CLASS, &[])).is_some());
        assert_eq!(kind(rules, &Account { name: None, ..account("a", CLASS, &[]) }), None);
    }
}
