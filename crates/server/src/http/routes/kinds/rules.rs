//! Rules as the API has them.

use std::collections::BTreeMap;

use domain::{department::Kind, form::PersonKind, kinds};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::problem::Answer;

/// What a department is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DepartmentKind {
    /// 学校
    School,
    /// 学院
    College,
    /// 年级
    Grade,
    /// 班级
    Class,
    /// 部门
    Office,
}

impl From<Kind> for DepartmentKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::School => Self::School,
            Kind::College => Self::College,
            Kind::Grade => Self::Grade,
            Kind::Class => Self::Class,
            Kind::Office => Self::Office,
        }
    }
}

impl From<DepartmentKind> for Kind {
    fn from(kind: DepartmentKind) -> Self {
        match kind {
            DepartmentKind::School => Self::School,
            DepartmentKind::College => Self::College,
            DepartmentKind::Grade => Self::Grade,
            DepartmentKind::Class => Self::Class,
            DepartmentKind::Office => Self::Office,
        }
    }
}

/// What a person is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PersonKindName {
    /// 学生
    Student,
    /// 教职工
    Staff,
}

impl From<PersonKindName> for PersonKind {
    fn from(kind: PersonKindName) -> Self {
        match kind {
            PersonKindName::Student => Self::Student,
            PersonKindName::Staff => Self::Staff,
        }
    }
}

impl From<PersonKind> for PersonKindName {
    fn from(kind: PersonKind) -> Self {
        match kind {
            PersonKind::Student => Self::Student,
            PersonKind::Staff => Self::Staff,
        }
    }
}

/// A school's rules: the first of a part that fits decides, and pinned departments go before.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KindRules {
    /// At most 100.
    #[serde(default)]
    departments: Vec<DepartmentRule>,
    /// At most 100.
    #[serde(default)]
    persons: Vec<PersonRule>,
    /// At most 500.
    #[serde(default)]
    pins: Vec<Pin>,
}

/// A department whose kind is set by hand.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KindPin)]
pub struct Pin {
    department_id: i32,
    kind: DepartmentKind,
}

/// Departments that are so are of this kind. All that is given must hold. Patterns: `*` anything, `?` one character, `#` one
/// digit.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DepartmentKindRule)]
pub struct DepartmentRule {
    kind: DepartmentKind,
    /// The name fits one of these patterns …
    #[serde(default)]
    names: Vec<String>,
    /// … and none of these.
    #[serde(default)]
    except: Vec<String>,
    /// Of a name with a bracket only what stands before it is looked at.
    #[serde(default)]
    before_bracket: bool,
    /// Levels below the top, 0 to 15.
    #[serde(default)]
    depth_from: Option<u8>,
    #[serde(default)]
    depth_to: Option<u8>,
    /// Stands somewhere below this department.
    #[serde(default)]
    under: Option<i32>,
    /// Is this department.
    #[serde(default)]
    department: Option<i32>,
    /// A department right below it fits one of these patterns.
    #[serde(default)]
    parent_of: Vec<String>,
    /// The department right above is of this kind.
    #[serde(default)]
    parent_kind: Option<DepartmentKind>,
    /// A department somewhere above is of one of these kinds.
    #[serde(default)]
    within: Vec<DepartmentKind>,
    /// None above is of any of these kinds.
    #[serde(default)]
    outside: Vec<DepartmentKind>,
    /// Nothing stands above it.
    #[serde(default)]
    top: Option<Top>,
}

/// Nothing stands above a department.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = KindTop)]
pub enum Top {
    /// It is WeCom's root department.
    Root,
    /// It is the only such department that is seen.
    Only,
}

/// Accounts that are so, and that no roster knows, are students or staff. All that is given must hold.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PersonKindRule)]
pub struct PersonRule {
    kind: PersonKindName,
    /// Has this tag, by itself or by a department.
    #[serde(default)]
    tag: Option<i32>,
    /// Is in this department or below it.
    #[serde(default)]
    under: Option<i32>,
    /// Is in a department of one of these kinds, or below one.
    #[serde(default)]
    kinds: Vec<DepartmentKind>,
    /// The name fits one of these patterns.
    #[serde(default)]
    names: Vec<String>,
    /// The position fits one of these patterns.
    #[serde(default)]
    positions: Vec<String>,
    /// The userid fits one of these patterns.
    #[serde(default)]
    userids: Vec<String>,
}

fn list<A, B: From<A>>(list: Vec<A>) -> Vec<B> {
    list.into_iter().map(B::from).collect()
}

impl KindRules {
    /// The rules, unless a department is pinned twice.
    pub fn read(self) -> Answer<kinds::Rules> {
        let mut pins = BTreeMap::new();
        for Pin { department_id, kind } in self.pins {
            if pins.insert(department_id, kind.into()).is_some() {
                let field = format!("pins.{department_id}");
                return Err(app::Error::field(&field, "同一个部门指定了两次，请删去一项").into());
            }
        }
        Ok(kinds::Rules { departments: list(self.departments), persons: list(self.persons), pins })
    }
}

impl From<kinds::Rules> for KindRules {
    fn from(rules: kinds::Rules) -> Self {
        let pins =
            rules.pins.into_iter().map(|(department_id, kind)| Pin { department_id, kind: kind.into() });
        Self { departments: list(rules.departments), persons: list(rules.persons), pins: pins.collect() }
    }
}

impl From<DepartmentRule> for kinds::DepartmentRule {
    fn from(rule: DepartmentRule) -> Self {
        let when = kinds::DepartmentWhen {
            names: rule.names,
            except: rule.except,
            before_bracket: rule.before_bracket,
            depth_from: rule.depth_from,
            depth_to: rule.depth_to,
            under: rule.under,
            department: rule.department,
            parent_of: rule.parent_of,
            parent_kind: rule.parent_kind.map(Kind::from),
            within: list(rule.within),
            outside: list(rule.outside),
            top: rule.top.map(|top| match top {
                Top::Root => kinds::Top::Root,
                Top::Only => kinds::Top::Only,
            }),
        };
        Self { kind: rule.kind.into(), when }
    }
}

impl From<kinds::DepartmentRule> for DepartmentRule {
    fn from(kinds::DepartmentRule { kind, when }: kinds::DepartmentRule) -> Self {
        Self {
            kind: kind.into(),
            names: when.names,
            except: when.except,
            before_bracket: when.before_bracket,
            depth_from: when.depth_from,
            depth_to: when.depth_to,
            under: when.under,
            department: when.department,
            parent_of: when.parent_of,
            parent_kind: when.parent_kind.map(DepartmentKind::from),
            within: list(when.within),
            outside: list(when.outside),
            top: when.top.map(|top| match top {
                kinds::Top::Root => Top::Root,
                kinds::Top::Only => Top::Only,
            }),
        }
    }
}

impl From<PersonRule> for kinds::PersonRule {
    fn from(rule: PersonRule) -> Self {
        let when = kinds::PersonWhen {
            tag: rule.tag,
            under: rule.under,
            kinds: list(rule.kinds),
            names: rule.names,
            positions: rule.positions,
            userids: rule.userids,
        };
        Self { kind: rule.kind.into(), when }
    }
}

impl From<kinds::PersonRule> for PersonRule {
    fn from(kinds::PersonRule { kind, when }: kinds::PersonRule) -> Self {
        Self {
            kind: kind.into(),
            tag: when.tag,
            under: when.under,
            kinds: list(when.kinds),
            names: when.names,
            positions: when.positions,
            userids: when.userids,
        }
    }
}
