//! Accounts that got another user id: one account with its history, not one that left and one that came.

use std::collections::HashMap;

use crate::picture::{Kept, Seen};

/// A change of user id, by lower-cased ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renamed {
    /// The account is kept under its new id.
    Account(String, String),
    /// A look between the change and its event has closed one account and opened another: the person goes over.
    Person(String, String),
}

/// Gives accounts of the mirror their new ids, where WeCom shows that it is so.
///
/// * `renamed` may be a chain (a to b, b to c) in any order; what counts is the end that WeCom shows.
/// * An id that WeCom still shows was not given up, whatever the event said.
pub fn settle(kept: &mut Kept, seen: &Seen, renamed: Vec<(String, String)>) -> Vec<Renamed> {
    let next: HashMap<String, String> = renamed.iter().cloned().collect();
    let mut settled = Vec::new();
    for (before, _) in renamed {
        let Some(after) = last(&next, &before) else { continue };
        if seen.members.contains_key(&before) || !seen.members.contains_key(&after) {
            continue;
        }
        let (old, new) = (kept.members.get(&before), kept.members.get(&after));
        match (old.map(|old| old.present), new.is_some()) {
            (Some(true), false) => {
                if let Some(member) = kept.members.remove(&before) {
                    kept.members.insert(after.clone(), member);
                    settled.push(Renamed::Account(before, after));
                }
            }
            (Some(_), true) => settled.push(Renamed::Person(before, after)),
            _ => {}
        }
    }
    settled
}

/// The end of a chain; none for one that goes in a circle.
fn last(next: &HashMap<String, String>, first: &str) -> Option<String> {
    let mut at = next.get(first)?;
    for _ in 0..next.len() {
        match next.get(at) {
            Some(further) => at = further,
            None => return Some(at.clone()),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::tests::{kept, seen};

    const TREE: &[(i32, i32, &str)] = &[(1, 0, "学校")];

    fn pair(before: &str, after: &str) -> (String, String) {
        (before.into(), after.into())
    }

    #[test]
    fn an_account_keeps_its_row_under_its_new_id() {
        let mut mirror = kept(&seen(TREE, &[("a", &[1]), ("x", &[1])]));
        let id = mirror.members["a"].member_id;
        let now = seen(TREE, &[("c", &[1]), ("x", &[1])]);
        let settled = settle(&mut mirror, &now, vec![pair("b", "c"), pair("a", "b")]);
        assert_eq!(settled, [Renamed::Account("a".into(), "c".into())]);
        assert_eq!(mirror.members["c"].member_id, id);
        assert!(!mirror.members.contains_key("a"));
    }

    #[test]
    fn what_wecom_still_shows_was_not_given_up() {
        let mut mirror = kept(&seen(TREE, &[("a", &[1])]));
        let now = seen(TREE, &[("a", &[1]), ("b", &[1])]);
        assert_eq!(settle(&mut mirror, &now, vec![pair("a", "b")]), []);
        assert_eq!(settle(&mut mirror, &now, vec![pair("a", "a2"), pair("a2", "a")]), [], "a circle");
    }

    #[test]
    fn after_a_look_in_between_the_person_goes_over() {
        let mut mirror = kept(&seen(TREE, &[("a", &[1]), ("b", &[1])]));
        mirror.members.get_mut("a").unwrap().present = false;
        let now = seen(TREE, &[("b", &[1])]);
        assert_eq!(
            settle(&mut mirror, &now, vec![pair("a", "b")]),
            [Renamed::Person("a".into(), "b".into())]
        );
    }
}
