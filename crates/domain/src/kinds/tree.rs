//! What every department of a tree is, by a school's rules: from the top down, because what stands above counts.

use std::collections::HashMap;

use super::{DepartmentWhen, Rules, Top, built_in, pattern};
use crate::{
    DepartmentId,
    department::{Kind, Node, Place, ROOT},
};

/// What a department is, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    /// What it is and under what it counts.
    pub place: Place,
    /// What decided.
    pub why: Why,
}

/// What decided what a department is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Set by hand.
    Pinned,
    /// The school's rule of this place in the order, from 0.
    Rule(usize),
    /// The built-in rule of this place.
    BuiltIn(usize),
    /// No rule fits: an office because it is nothing else.
    Nothing,
}

/// What stands above a department.
#[derive(Debug, Clone, Copy)]
struct Above {
    place: Place,
    /// Kinds of all departments on the way up.
    kinds: u8,
    depth: u8,
}

/// A department as rules look at it.
struct Subject<'a> {
    node: &'a Node,
    above: Option<Above>,
    children: &'a [&'a Node],
    /// None: nothing stands above it.
    parent: Option<DepartmentId>,
    /// The departments on the way up.
    ancestors: &'a Ancestors<'a>,
    top: bool,
    only: bool,
    /// None in a ring, where nothing is the top.
    depth: Option<u8>,
}

/// Looks upwards.
struct Ancestors<'a>(&'a HashMap<DepartmentId, &'a Node>);

impl Ancestors<'_> {
    fn contain(&self, mut from: Option<DepartmentId>, wanted: DepartmentId) -> bool {
        // No further than there are departments, should they form a ring.
        for _ in 0..self.0.len() {
            let Some(node) = from.and_then(|id| self.0.get(&id)) else { return false };
            if node.id == wanted {
                return true;
            }
            from = node.parent_id;
        }
        false
    }
}

fn bit(kind: Kind) -> u8 {
    1 << kind as u8
}

fn bits(kinds: &[Kind]) -> u8 {
    kinds.iter().fold(0, |bits, kind| bits | bit(*kind))
}

impl Rules {
    /// The place of every department of the tree.
    pub fn places(&self, nodes: &[Node]) -> HashMap<DepartmentId, Placed> {
        let by_id: HashMap<DepartmentId, &Node> = nodes.iter().map(|node| (node.id, node)).collect();
        let mut below: HashMap<DepartmentId, Vec<&Node>> = HashMap::new();
        let mut tops = Vec::new();
        for node in nodes {
            match node.parent_id.filter(|parent| *parent != node.id && by_id.contains_key(parent)) {
                Some(parent) => below.entry(parent).or_default().push(node),
                None => tops.push(node),
            }
        }
        let ancestors = Ancestors(&by_id);
        let only = tops.len() == 1;
        let mut places = HashMap::with_capacity(nodes.len());
        let mut waiting: Vec<(&Node, Option<Above>)> = tops.into_iter().map(|top| (top, None)).collect();
        while let Some((node, above)) = waiting.pop() {
            let children = below.get(&node.id).map(Vec::as_slice).unwrap_or_default();
            let depth = above.map_or(0, |above: Above| above.depth.saturating_add(1));
            let subject = Subject {
                node,
                above,
                children,
                parent: above.and(node.parent_id),
                ancestors: &ancestors,
                top: above.is_none(),
                only,
                depth: Some(depth),
            };
            let placed = self.place(&subject);
            places.insert(node.id, placed);
            let kinds = above.map_or(0, |above| above.kinds) | bit(placed.place.kind);
            let beneath = Above { place: placed.place, kinds, depth };
            waiting.extend(children.iter().map(|child| (*child, Some(beneath))));
        }
        // A ring of departments hangs from no top. WeCom refuses to make one (60010); if it came all the same, its
        // members still need a place.
        for node in nodes {
            places.entry(node.id).or_insert_with(|| {
                self.place(&Subject {
                    node,
                    above: None,
                    children: &[],
                    parent: node.parent_id,
                    ancestors: &ancestors,
                    top: false,
                    only: false,
                    depth: None,
                })
            });
        }
        places
    }

    fn place(&self, subject: &Subject<'_>) -> Placed {
        let (kind, why) = self.decide(subject);
        let id = subject.node.id;
        let (college_id, grade_id, class_id) = subject.above.map_or((None, None, None), |above| {
            (above.place.college_id, above.place.grade_id, above.place.class_id)
        });
        let inherited = Place { kind, college_id, grade_id, class_id };
        let place = match kind {
            Kind::School | Kind::Office => inherited,
            Kind::College => Place { college_id: Some(id), ..inherited },
            Kind::Grade => Place { grade_id: Some(id), ..inherited },
            Kind::Class => Place { class_id: Some(id), ..inherited },
        };
        Placed { place, why }
    }

    fn decide(&self, subject: &Subject<'_>) -> (Kind, Why) {
        // A top may move below another and keep its pin: the school is where nothing stands above.
        let allowed = |kind: &Kind| *kind != Kind::School || subject.top;
        if let Some(kind) = self.pins.get(&subject.node.id).filter(|kind| allowed(kind)) {
            return (*kind, Why::Pinned);
        }
        if let Some(n) =
            self.departments.iter().position(|rule| allowed(&rule.kind) && subject.is(&rule.when))
        {
            return (self.departments[n].kind, Why::Rule(n));
        }
        let built_in = built_in::rules();
        match built_in.iter().position(|rule| subject.is(&rule.when)) {
            Some(n) => (built_in[n].kind, Why::BuiltIn(n)),
            None => (Kind::Office, Why::Nothing),
        }
    }
}

impl Subject<'_> {
    fn is(&self, when: &DepartmentWhen) -> bool {
        let name = if when.before_bracket { before_bracket(&self.node.name) } else { &self.node.name };
        let kinds = self.above.map_or(0, |above| above.kinds);
        let deep = |fits: &dyn Fn(u8) -> bool| self.depth.is_some_and(fits);
        (when.names.is_empty() || pattern::matches_any(&when.names, name))
            && !pattern::matches_any(&when.except, name)
            && when.depth_from.is_none_or(|from| deep(&|depth| depth >= from))
            && when.depth_to.is_none_or(|to| deep(&|depth| depth <= to))
            && when.department.is_none_or(|id| id == self.node.id)
            && when.parent_kind.is_none_or(|kind| self.above.is_some_and(|above| above.place.kind == kind))
            && (when.within.is_empty() || kinds & bits(&when.within) != 0)
            && kinds & bits(&when.outside) == 0
            && when.top.is_none_or(|top| match top {
                Top::Root => self.top && self.node.id == ROOT,
                Top::Only => self.top && self.only,
            })
            && (when.parent_of.is_empty()
                || self.children.iter().any(|child| pattern::matches_any(&when.parent_of, &child.name)))
            && when.under.is_none_or(|id| id != self.node.id && self.ancestors.contain(self.parent, id))
    }
}

/// `信息工程学院(软件学院)` without what the bracket adds.
fn before_bracket(name: &str) -> &str {
    name.split(['(', '（']).next().unwrap_or(name).trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::DepartmentRule;

    fn node(id: DepartmentId, parent: DepartmentId, name: &str) -> Node {
        Node { id, name: name.into(), parent_id: (parent != 0).then_some(parent), sort_order: 0 }
    }

    fn rules(json: &str) -> Rules {
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}"))
    }

    fn kinds(rules: &Rules, nodes: &[Node]) -> Vec<(DepartmentId, &'static str, Why)> {
        let places = rules.places(nodes);
        nodes
            .iter()
            .map(|node| (node.id, places[&node.id].place.kind.as_str(), places[&node.id].why))
            .collect()
    }

    fn school() -> Vec<Node> {
        vec![
            node(1, 0, "学校"),
            node(2, 1, "党委办公室"),
            node(3, 1, "继续教育部"),
            node(4, 3, "成教20-1"),
            node(5, 1, "管理学院"),
            node(6, 5, "2018级"),
            node(7, 6, "会计1班"),
            node(8, 5, "教师党支部"),
        ]
    }

    #[test]
    fn the_first_rule_that_fits_decides_and_the_built_in_ones_come_last() {
        let rules = rules(
            r#"{"departments":[
                {"kind":"college","when":{"names":["继续教育*"]}},
                {"kind":"class","when":{"under":3}},
                {"kind":"office","when":{"names":["*级"],"depth_from":3}},
                {"kind":"office","when":{"names":["*办公室"]}}]}"#,
        );
        assert_eq!(
            kinds(&rules, &school()),
            [
                (1, "school", Why::BuiltIn(0)),
                (2, "office", Why::Rule(3)),
                (3, "college", Why::Rule(0)),
                (4, "class", Why::Rule(1)),
                (5, "college", Why::BuiltIn(7)),
                (6, "grade", Why::BuiltIn(6)),
                (7, "class", Why::BuiltIn(4)),
                (8, "office", Why::Nothing),
            ]
        );
        let place = rules.places(&school())[&4].place;
        assert_eq!((place.college_id, place.grade_id, place.class_id), (Some(3), None, Some(4)));
    }

    #[test]
    fn a_pin_goes_before_rules_and_what_stands_below_follows() {
        let rules = rules(
            r#"{"departments":[{"kind":"grade","when":{}}],"pins":{"6":"office","8":"class","5":"school"}}"#,
        );
        let found = kinds(&rules, &school());
        assert_eq!(found[5], (6, "office", Why::Pinned));
        assert_eq!(found[7], (8, "class", Why::Pinned));
        assert_eq!(found[4], (5, "grade", Why::Rule(0)), "the school has nothing above it");
        assert_eq!(found[6], (7, "grade", Why::Rule(0)), "a rule without conditions fits everything");
        let pinned = self::rules(r#"{"pins":{"6":"office"}}"#);
        assert_eq!(kinds(&pinned, &school())[6], (7, "office", Why::Nothing), "no longer in a grade");
    }

    #[test]
    fn each_condition_does_its_part() {
        let nodes = school();
        let fitting = |when: &str| {
            let rule: DepartmentRule =
                serde_json::from_str(&format!(r#"{{"kind":"class","when":{when}}}"#)).unwrap();
            let rules = Rules { departments: vec![rule], ..Rules::default() };
            let places = rules.places(&nodes);
            let mut ids: Vec<_> =
                nodes.iter().map(|n| n.id).filter(|id| places[id].why == Why::Rule(0)).collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(fitting(r#"{"depth_from":2,"depth_to":2}"#), [4, 6, 8]);
        assert_eq!(fitting(r#"{"depth_to":0}"#), [1]);
        assert_eq!(fitting(r#"{"under":5}"#), [6, 7, 8]);
        assert_eq!(fitting(r#"{"department":5}"#), [5]);
        assert_eq!(fitting(r#"{"parent_of":["20##级"]}"#), [5]);
        assert_eq!(fitting(r#"{"parent_kind":"college"}"#), [6, 8]);
        assert_eq!(fitting(r#"{"within":["grade"]}"#), [7]);
        assert_eq!(fitting(r#"{"outside":["class"]}"#), [1], "all else stands below it");
        assert_eq!(fitting(r#"{"top":"root"}"#), [1]);
        assert_eq!(fitting(r#"{"top":"only","names":["公司"]}"#), [] as [DepartmentId; 0]);
        assert_eq!(fitting(r#"{"names":["*部"],"except":["继续*"]}"#), [8]);
    }

    #[test]
    fn rings_and_lost_parents_have_a_place_too() {
        let rules = rules(
            r#"{"departments":[{"kind":"class","when":{"under":6}},{"kind":"grade","when":{"depth_from":0}}]}"#,
        );
        let nodes =
            [node(1, 0, "学校"), node(5, 6, "甲"), node(6, 5, "乙"), node(7, 7, "丙"), node(8, 99, "丁")];
        let found = kinds(&rules, &nodes);
        assert_eq!(found[1], (5, "class", Why::Rule(0)));
        assert_eq!(found[2].1, "office", "in a ring nothing is so deep");
        assert_eq!((found[3].1, found[4].1), ("grade", "grade"));
    }

    /// The rules as they were before they were data.
    mod former {
        use super::*;

        pub fn places(nodes: &[Node]) -> HashMap<DepartmentId, Place> {
            let by_id: HashMap<DepartmentId, &Node> = nodes.iter().map(|node| (node.id, node)).collect();
            let mut below: HashMap<DepartmentId, Vec<&Node>> = HashMap::new();
            let mut tops = Vec::new();
            for node in nodes {
                match node.parent_id.filter(|parent| *parent != node.id && by_id.contains_key(parent)) {
                    Some(parent) => below.entry(parent).or_default().push(node),
                    None => tops.push(node),
                }
            }
            let mut places = HashMap::new();
            let mut waiting: Vec<(&Node, Option<Place>)> = Vec::new();
            for top in &tops {
                waiting.push((top, None));
                if top.id == 1 || (tops.len() == 1 && !college(&top.name)) {
                    let school =
                        Place { kind: Kind::School, college_id: None, grade_id: None, class_id: None };
                    places.insert(top.id, school);
                }
            }
            while let Some((node, above)) = waiting.pop() {
                let children = below.get(&node.id).map(Vec::as_slice).unwrap_or_default();
                let place = *places.entry(node.id).or_insert_with(|| place(node, above, children));
                waiting.extend(children.iter().map(|child| (*child, Some(place))));
            }
            for node in nodes {
                places.entry(node.id).or_insert_with(|| place(node, None, &[]));
            }
            places
        }

        fn place(node: &Node, above: Option<Place>, children: &[&Node]) -> Place {
            let (college_id, grade_id, class_id) =
                above.map_or((None, None, None), |above| (above.college_id, above.grade_id, above.class_id));
            let inherited = Place { kind: Kind::Office, college_id, grade_id, class_id };
            let in_grade = above.is_some_and(|above| above.kind == Kind::Grade);
            if class_id.is_some() {
                inherited
            } else if in_grade || class(&node.name) {
                Place { kind: Kind::Class, class_id: Some(node.id), ..inherited }
            } else if grade(&node.name) {
                Place { kind: Kind::Grade, grade_id: Some(node.id), ..inherited }
            } else if college_id.is_none()
                && grade_id.is_none()
                && (college(&node.name) || children.iter().any(|child| grade(&child.name)))
            {
                Place { kind: Kind::College, college_id: Some(node.id), ..inherited }
            } else {
                inherited
            }
        }

        fn grade(name: &str) -> bool {
            let Some(year) = name.strip_suffix('级') else { return false };
            let year = year.strip_suffix('年').unwrap_or(year);
            matches!(year.len(), 2 | 4) && year.chars().all(|c| c.is_ascii_digit())
        }

        fn class(name: &str) -> bool {
            name.ends_with('班') && name.chars().take_while(char::is_ascii_digit).count() >= 2
        }

        fn college(name: &str) -> bool {
            let name = name.split(['(', '（']).next().unwrap_or(name).trim_end();
            let shelf = ["二级学院", "教学学院", "各学院", "院系", "二级院系"].contains(&name);
            !shelf && ["学院", "书院", "学部", "系"].iter().any(|end| name.ends_with(end))
        }
    }

    #[test]
    fn without_rules_of_its_own_a_school_is_as_it_always_was() {
        const NAMES: [&str; 28] = [
            "管理学院",
            "信息工程学院(软件学院)",
            "软件学院 （二级）",
            "二级学院",
            "二级学院(南区)",
            "院系",
            "英语系",
            "医学部",
            "致远书院",
            "学院办公室",
            "教务处",
            "2018级",
            "18级",
            "2018年级",
            "018级",
            "2018级(春)",
            "年级",
            "2018会计1班",
            "12班",
            "1班",
            "会计1班",
            "班",
            "2018会计(专升本)2班",
            "实验班",
            "学院",
            "系",
            "",
            "20182019级",
        ];
        let mut state = 11_u64;
        let mut random = move |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        for round in 0..3000 {
            let count = 1 + random(12);
            // Any parent at all: rings, lost parents, several tops, no root.
            let first = if random(4) == 0 { 2 } else { 1 };
            let nodes: Vec<Node> = (0..count)
                .map(|n| {
                    let parent = if random(3) == 0 { random(count + 3) } else { random(n.max(1)) + first };
                    node((n + first) as DepartmentId, parent as DepartmentId, NAMES[random(NAMES.len())])
                })
                .collect();
            let now: HashMap<_, _> =
                Rules::default().places(&nodes).into_iter().map(|(id, placed)| (id, placed.place)).collect();
            assert_eq!(now, former::places(&nodes), "round {round}: {nodes:#?}");
        }
    }
}
