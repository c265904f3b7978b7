//! 类型规则: what a department is, and what an account is that no roster knows, as data an administrator edits.
//!
//! Rules stand in order and the first that fits decides. A department that is pinned is what it is pinned to, whatever
//! the rules say; the built-in rules ([`built_in`]) come after the school's own. What none fits is an office. Person
//! rules propose: a person is the school's own record, and is only made when somebody decides so.

pub mod built_in;
pub mod pattern;
pub mod people;
mod tree;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use people::{Account, People};
pub use tree::{Placed, Why};

use crate::{
    DepartmentId,
    department::Kind,
    form::{PersonKind, answers::FieldError},
};

/// A tag, numbered by WeCom.
pub type TagId = i32;

/// Rules of a part at most.
pub const MAX_RULES: usize = 100;
/// Departments pinned at most.
pub const MAX_PINS: usize = 500;
/// Patterns of a condition at most.
const MAX_PATTERNS: usize = 20;
/// Characters of a pattern at most.
const MAX_PATTERN: usize = 64;
/// Levels of a tree of departments (doc 90205).
const DEEPEST: u8 = 15;

/// A school's rules.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// What departments are, in order.
    pub departments: Vec<DepartmentRule>,
    /// What accounts are that no roster knows, in order.
    pub persons: Vec<PersonRule>,
    /// Departments whose kind was set by hand.
    pub pins: BTreeMap<DepartmentId, Kind>,
}

/// Departments that are so are of this kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepartmentRule {
    /// The kind.
    pub kind: Kind,
    /// Which departments.
    #[serde(default)]
    pub when: DepartmentWhen,
}

/// All that is given must hold; nothing given fits every department.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DepartmentWhen {
    /// The name fits one of these patterns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// … and none of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// Of a name with a bracket only what stands before it is looked at.
    #[serde(skip_serializing_if = "is_false")]
    pub before_bracket: bool,
    /// Levels below the top, from …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth_from: Option<u8>,
    /// … to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth_to: Option<u8>,
    /// Stands somewhere below this department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub under: Option<DepartmentId>,
    /// Is this department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<DepartmentId>,
    /// A department right below it fits one of these patterns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parent_of: Vec<String>,
    /// The department right above is of this kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_kind: Option<Kind>,
    /// A department somewhere above is of one of these kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<Kind>,
    /// None above is of any of these kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<Kind>,
    /// Nothing stands above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top: Option<Top>,
}

/// What kind of top a department is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Top {
    /// WeCom's root department.
    Root,
    /// The only top that is seen.
    Only,
}

/// Accounts that are so are students, or staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonRule {
    /// What they are.
    pub kind: PersonKind,
    /// Which accounts.
    #[serde(default)]
    pub when: PersonWhen,
}

/// All that is given must hold; nothing given fits every account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PersonWhen {
    /// Has this tag, by itself or by a department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<TagId>,
    /// Is in this department or below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub under: Option<DepartmentId>,
    /// Is in a department of one of these kinds, or below one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Kind>,
    /// The name fits one of these patterns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// The position fits one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub positions: Vec<String>,
    /// The userid fits one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub userids: Vec<String>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl Rules {
    /// Departments that rules name, with the field that does. Whether they exist is for others to say.
    pub fn named_departments(&self) -> Vec<(String, DepartmentId)> {
        let mut departments = Vec::new();
        for (n, rule) in self.departments.iter().enumerate() {
            departments.extend(rule.when.under.map(|id| (format!("departments.{n}.under"), id)));
            departments.extend(rule.when.department.map(|id| (format!("departments.{n}.department"), id)));
        }
        for (n, rule) in self.persons.iter().enumerate() {
            departments.extend(rule.when.under.map(|id| (format!("persons.{n}.under"), id)));
        }
        departments.extend(self.pins.keys().map(|id| (format!("pins.{id}"), *id)));
        departments
    }

    /// … and tags.
    pub fn named_tags(&self) -> Vec<(String, TagId)> {
        let rules = self.persons.iter().enumerate();
        rules.filter_map(|(n, rule)| Some((format!("persons.{n}.tag"), rule.when.tag?))).collect()
    }

    /// Everything that is wrong with rules somebody wrote, field by field.
    pub fn check(&self) -> Vec<FieldError> {
        let mut errors = Vec::new();
        let mut wrong = |field: String, message: String| errors.push(FieldError { field, message });
        for (field, count, most) in [
            ("departments", self.departments.len(), MAX_RULES),
            ("persons", self.persons.len(), MAX_RULES),
            ("pins", self.pins.len(), MAX_PINS),
        ] {
            if count > most {
                wrong(field.into(), format!("最多 {most} 条，请合并或删去一些"));
            }
        }
        for (n, DepartmentRule { kind, when }) in self.departments.iter().enumerate() {
            let field = |name: &str| format!("departments.{n}.{name}");
            for (name, patterns) in
                [("names", &when.names), ("except", &when.except), ("parent_of", &when.parent_of)]
            {
                check_patterns(&field(name), patterns, &mut wrong);
            }
            for (name, depth) in [("depth_from", when.depth_from), ("depth_to", when.depth_to)] {
                if depth.is_some_and(|depth| depth > DEEPEST) {
                    wrong(field(name), format!("层级应为 0 到 {DEEPEST}，0 是最上级"));
                }
            }
            if let (Some(from), Some(to)) = (when.depth_from, when.depth_to)
                && from > to
            {
                wrong(field("depth_to"), "结束层级不能小于起始层级".into());
            }
            // Who leads the school, or holds a grant over it, sees everyone: that takes more than a name.
            if *kind == Kind::School && when.top.is_none() {
                wrong(field("top"), "“学校”只能是最上级部门，请选择“最上级”条件".into());
            }
        }
        for (n, PersonRule { when, .. }) in self.persons.iter().enumerate() {
            for (name, patterns) in
                [("names", &when.names), ("positions", &when.positions), ("userids", &when.userids)]
            {
                check_patterns(&format!("persons.{n}.{name}"), patterns, &mut wrong);
            }
        }
        errors
    }
}

fn check_patterns(field: &str, patterns: &[String], wrong: &mut impl FnMut(String, String)) {
    if patterns.len() > MAX_PATTERNS {
        wrong(field.into(), format!("最多 {MAX_PATTERNS} 个写法，请拆成几条规则"));
    }
    for pattern in patterns {
        if pattern.trim().is_empty() || pattern.chars().count() > MAX_PATTERN {
            wrong(field.into(), format!("每个写法应为 1 到 {MAX_PATTERN} 个字"));
        } else if pattern.chars().any(char::is_control) {
            wrong(field.into(), "写法里不能有换行等控制字符".into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(json: &str) -> Rules {
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}"))
    }

    fn fields(rules: &Rules) -> Vec<String> {
        rules.check().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn rules_are_read_back_as_they_were_written() {
        let json = r#"{"departments":[{"kind":"college","when":{"names":["*部"],"depth_from":1}}],
            "persons":[{"kind":"staff","when":{"tag":3}}],"pins":{"12":"office"}}"#;
        let read = rules(json);
        assert_eq!(rules(&serde_json::to_string(&read).unwrap()), read);
        assert!(read.check().is_empty());
        assert_eq!(read.named_departments(), [("pins.12".to_owned(), 12)]);
        assert_eq!(read.named_tags(), [("persons.0.tag".to_owned(), 3)]);
        assert!(
            serde_json::from_str::<Rules>(r#"{"departments":[{"kind":"college","when":{"name":[]}}]}"#)
                .is_err()
        );
        assert!(serde_json::from_str::<Rules>(r#"{"departments":[{"kind":"campus"}]}"#).is_err());
    }

    #[test]
    fn what_is_wrong_is_told_by_field() {
        let json = format!(
            r#"{{"departments":[{{"kind":"school","when":{{"names":[" "]}}}},{{"kind":"class","when":{{"depth_from":3,"depth_to":1,"except":["{}"]}}}},
            {{"kind":"class","when":{{"depth_to":99}}}}],
            "persons":[{{"kind":"staff","when":{{"userids":["a\nb"]}}}}]}}"#,
            "长".repeat(65)
        );
        assert_eq!(
            fields(&rules(&json)),
            [
                "departments.0.names",
                "departments.0.top",
                "departments.1.except",
                "departments.1.depth_to",
                "departments.2.depth_to",
                "persons.0.userids"
            ]
        );
        let rule = DepartmentRule { kind: Kind::Class, when: DepartmentWhen::default() };
        let many = Rules { departments: vec![rule; MAX_RULES + 1], ..Rules::default() };
        assert_eq!(fields(&many), ["departments"]);
        let wide = DepartmentWhen { names: vec!["*".into(); MAX_PATTERNS + 1], ..DepartmentWhen::default() };
        let rule = DepartmentRule { kind: Kind::Class, when: wide };
        assert_eq!(fields(&Rules { departments: vec![rule], ..Rules::default() }), ["departments.0.names"]);
    }
}
