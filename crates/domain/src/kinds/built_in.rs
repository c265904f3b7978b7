//! The rules that come with Rollcall, in the language of rules: schools name their departments alike, so names and
//! places say enough where nobody has said otherwise.

use std::sync::LazyLock;

use super::{DepartmentRule, DepartmentWhen, Top};
use crate::department::Kind;

/// `信息工程学院`
const COLLEGES: [&str; 4] = ["*学院", "*书院", "*学部", "*系"];
/// Shelves of colleges, which are none.
const SHELVES: [&str; 5] = ["二级学院", "教学学院", "各学院", "院系", "二级院系"];
/// `2018级`, `18级`, `2018年级`
const GRADES: [&str; 4] = ["####级", "##级", "####年级", "##年级"];

/// The built-in rules, in order.
///
/// * A top is the school if it is WeCom's root, or the only one and not called like a college.
/// * Below a class nothing has a kind of its own.
/// * What stands in a grade, or is called like `2018应用电子技术2班`, is a class; `2018级` is a grade.
/// * Outside a college, what is called 学院, 系, 学部 or 书院, or has a grade directly below, is a college.
pub fn rules() -> &'static [DepartmentRule] {
    static RULES: LazyLock<Vec<DepartmentRule>> = LazyLock::new(|| {
        let list = |patterns: &[&str]| patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        let any = DepartmentWhen::default;
        let rule = |kind, when| DepartmentRule { kind, when };
        let outside = vec![Kind::College, Kind::Grade];
        vec![
            rule(Kind::School, DepartmentWhen { top: Some(Top::Root), ..any() }),
            rule(
                Kind::School,
                DepartmentWhen {
                    top: Some(Top::Only),
                    except: list(&COLLEGES),
                    before_bracket: true,
                    ..any()
                },
            ),
            rule(
                Kind::School,
                DepartmentWhen { top: Some(Top::Only), names: list(&SHELVES), before_bracket: true, ..any() },
            ),
            rule(Kind::Office, DepartmentWhen { within: vec![Kind::Class], ..any() }),
            rule(Kind::Class, DepartmentWhen { parent_kind: Some(Kind::Grade), ..any() }),
            rule(Kind::Class, DepartmentWhen { names: list(&["##*班"]), ..any() }),
            rule(Kind::Grade, DepartmentWhen { names: list(&GRADES), ..any() }),
            rule(
                Kind::College,
                DepartmentWhen {
                    names: list(&COLLEGES),
                    except: list(&SHELVES),
                    before_bracket: true,
                    outside: outside.clone(),
                    ..any()
                },
            ),
            rule(Kind::College, DepartmentWhen { parent_of: list(&GRADES), outside, ..any() }),
        ]
    });
    &RULES
}
