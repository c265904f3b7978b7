//! What a department of the org tree is to the school, told from its name and place.
//!
//! WeCom knows departments, not colleges or classes. What makes one of the other are rules ([`crate::kinds`]), and
//! every figure counts by what they say.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::{DepartmentId, kinds::Rules, policy::Role};

/// What a department is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 学校: the root.
    School,
    /// 学院
    College,
    /// 年级
    Grade,
    /// 班级
    Class,
    /// 部门、办公室: everything else.
    Office,
}

impl Kind {
    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::School => "school",
            Self::College => "college",
            Self::Grade => "grade",
            Self::Class => "class",
            Self::Office => "office",
        }
    }

    /// All, from the top down.
    pub const ALL: [Self; 5] = [Self::School, Self::College, Self::Grade, Self::Class, Self::Office];

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// As people read it.
    pub fn title(self) -> &'static str {
        match self {
            Self::School => "学校",
            Self::College => "学院",
            Self::Grade => "年级",
            Self::Class => "班级",
            Self::Office => "部门",
        }
    }
}

/// What whoever leads such a department in the directory is to the school. Leading a grade or a class says
/// nothing: it may be a teacher or a student.
pub fn leader_role(kind: Kind) -> Option<Role> {
    match kind {
        Kind::School => Some(Role::SchoolLeader),
        Kind::College => Some(Role::CollegeLeader),
        Kind::Office => Some(Role::DepartmentHead),
        Kind::Grade | Kind::Class => None,
    }
}

/// A department as the directory has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// WeCom's id.
    pub id: DepartmentId,
    /// Its name.
    pub name: String,
    /// The department above. None, or one that is not in the tree, makes this a top.
    pub parent_id: Option<DepartmentId>,
    /// Larger sorts first.
    pub sort_order: i64,
}

/// What a department is, and under what it counts: the nearest of each kind on the way up, itself included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// What it is.
    pub kind: Kind,
    /// Its college.
    pub college_id: Option<DepartmentId>,
    /// Its grade.
    pub grade_id: Option<DepartmentId>,
    /// Its class.
    pub class_id: Option<DepartmentId>,
}

/// The place of every department of the tree, by the built-in rules alone.
pub fn places(nodes: &[Node]) -> HashMap<DepartmentId, Place> {
    let placed = Rules::default().places(nodes);
    placed.into_iter().map(|(id, placed)| (id, placed.place)).collect()
}

/// WeCom's id of the root department.
pub const ROOT: DepartmentId = 1;

/// Finds departments by the names that people write in a roster: `2018会计3班`, or `管理学院/学院办公室` where a
/// name alone is not enough.
#[derive(Debug)]
pub struct Directory<'a> {
    by_id: HashMap<DepartmentId, (&'a Node, Kind)>,
    by_name: HashMap<&'a str, Vec<DepartmentId>>,
}

/// Why a name leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotFound {
    /// No department is called so.
    Unknown,
    /// So many are.
    Ambiguous(usize),
    /// One is, but it is of another kind.
    OtherKind(Kind),
}

impl<'a> Directory<'a> {
    /// Over the departments that exist now.
    pub fn new(departments: impl IntoIterator<Item = (&'a Node, Kind)>) -> Self {
        let by_id: HashMap<_, _> = departments.into_iter().map(|entry| (entry.0.id, entry)).collect();
        let mut by_name: HashMap<&str, Vec<DepartmentId>> = HashMap::new();
        for (node, _) in by_id.values() {
            by_name.entry(&node.name).or_default().push(node.id);
        }
        Self { by_id, by_name }
    }

    /// Whether there is none at all: nothing was synchronised yet.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// The one department of this name, of this kind if one is asked for. A name with a `/` that is nobody's
    /// whole name is a path: the last part is the department, the others stand above it in this order.
    pub fn find(&self, name: &str, kind: Option<Kind>) -> Result<DepartmentId, NotFound> {
        let candidates: Vec<DepartmentId> = match self.by_name.get(name) {
            Some(ids) => ids.clone(),
            None => {
                let mut parts = name.rsplit('/').map(str::trim);
                let last = parts.next().unwrap_or_default();
                let above: Vec<&str> = parts.collect();
                let ids = self.by_name.get(last).map(Vec::as_slice).unwrap_or_default();
                ids.iter().copied().filter(|id| !above.is_empty() && self.stands_under(*id, &above)).collect()
            }
        };
        let wanted: Vec<DepartmentId> = candidates
            .iter()
            .copied()
            .filter(|id| kind.is_none() || self.by_id.get(id).map(|(_, kind)| *kind) == kind)
            .collect();
        match (wanted.as_slice(), candidates.first()) {
            ([one], _) => Ok(*one),
            ([], Some(other)) => match self.by_id.get(other) {
                Some((_, kind)) => Err(NotFound::OtherKind(*kind)),
                None => Err(NotFound::Unknown),
            },
            ([], None) => Err(NotFound::Unknown),
            (many, _) => Err(NotFound::Ambiguous(many.len())),
        }
    }

    /// The name of the nearest department of a kind on the way up, itself included.
    pub fn above(&self, id: DepartmentId, kind: Kind) -> Option<&'a str> {
        let mut seen = HashSet::new();
        let mut next = Some(id);
        while let Some((node, own)) = next.filter(|id| seen.insert(*id)).and_then(|id| self.by_id.get(&id)) {
            if *own == kind {
                return Some(&node.name);
            }
            next = node.parent_id;
        }
        None
    }

    /// Whether these names stand above the department in this order, nearest first; others may stand between.
    fn stands_under(&self, id: DepartmentId, names: &[&str]) -> bool {
        let mut names = names.iter().peekable();
        let mut seen = HashSet::new();
        let mut next = self.by_id.get(&id).and_then(|(node, _)| node.parent_id);
        while let Some((node, _)) = next.filter(|id| seen.insert(*id)).and_then(|id| self.by_id.get(&id)) {
            names.next_if(|name| **name == node.name);
            next = node.parent_id;
        }
        names.peek().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: DepartmentId, parent: DepartmentId, name: &str) -> Node {
        Node { id, name: name.into(), parent_id: (parent != 0).then_some(parent), sort_order: 0 }
    }

    fn school() -> Vec<Node> {
        vec![
            node(1, 0, "青禾工程技术学院"),
            node(101, 1, "党委办公室"),
            node(900, 1, "校际交流"),
            node(901, 900, "2019交流生1班"),
            node(1000, 1, "信息工程学院(软件学院)"),
            node(1001, 1000, "学院办公室"),
            node(1018, 1000, "2018级"),
            node(1181, 1018, "2018应用电子技术2班"),
            node(1182, 1018, "实验班"),
            node(1183, 1181, "第一小组"),
            node(2000, 1, "管理学院"),
            node(2001, 2000, "学院办公室"),
            node(2002, 2000, "2019财务管理(专升本)1班"),
            node(3000, 1, "体育部"),
            node(3019, 3000, "19级"),
        ]
    }

    fn kinds(nodes: &[Node]) -> Vec<(DepartmentId, &'static str)> {
        let places = places(nodes);
        nodes.iter().map(|node| (node.id, places[&node.id].kind.as_str())).collect()
    }

    #[test]
    fn names_and_places_say_what_a_department_is() {
        assert_eq!(
            kinds(&school()),
            [
                (1, "school"),
                (101, "office"),
                (900, "office"),
                (901, "class"),
                (1000, "college"),
                (1001, "office"),
                (1018, "grade"),
                (1181, "class"),
                (1182, "class"),
                (1183, "office"),
                (2000, "college"),
                (2001, "office"),
                (2002, "class"),
                (3000, "college"),
                (3019, "grade"),
            ]
        );
    }

    #[test]
    fn counts_under_the_nearest_of_each_kind_itself_included() {
        let places = places(&school());
        let of = |id| {
            let Place { college_id, grade_id, class_id, .. } = places[&id];
            (college_id, grade_id, class_id)
        };
        assert_eq!(of(1), (None, None, None));
        assert_eq!(of(1000), (Some(1000), None, None));
        assert_eq!(of(1001), (Some(1000), None, None));
        assert_eq!(of(1181), (Some(1000), Some(1018), Some(1181)));
        assert_eq!(of(1183), (Some(1000), Some(1018), Some(1181)));
        assert_eq!(of(2002), (Some(2000), None, Some(2002)));
        assert_eq!(of(901), (None, None, Some(901)), "outside the colleges");
    }

    #[test]
    fn a_shelf_of_colleges_is_none_and_a_college_has_no_colleges() {
        let nodes = [
            node(1, 0, "学校"),
            node(2, 1, "二级学院"),
            node(3, 2, "外国语学院"),
            node(4, 3, "英语系"),
            node(5, 4, "2018级"),
        ];
        let places = places(&nodes);
        assert_eq!(places[&2].kind, Kind::Office);
        assert_eq!(places[&3].kind, Kind::College);
        assert_eq!(places[&4].kind, Kind::Office);
        assert_eq!(places[&5].college_id, Some(3));
    }

    #[test]
    fn the_root_may_be_out_of_sight() {
        // The app sees two colleges only.
        let nodes = [node(1000, 1, "管理学院"), node(1018, 1000, "2018级"), node(2000, 1, "外国语学院")];
        assert_eq!(kinds(&nodes), [(1000, "college"), (1018, "grade"), (2000, "college")]);
        // One college only.
        assert_eq!(kinds(&nodes[..2]), [(1000, "college"), (1018, "grade")]);
        assert_eq!(kinds(&[]), []);
    }

    #[test]
    fn a_ring_is_survived() {
        let nodes = [node(1, 0, "学校"), node(5, 6, "甲"), node(6, 5, "乙"), node(7, 7, "丙")];
        assert_eq!(places(&nodes).len(), 4);
    }

    #[test]
    fn departments_are_found_by_name_or_path() {
        let nodes = school();
        let places = places(&nodes);
        let directory = Directory::new(nodes.iter().map(|node| (node, places[&node.id].kind)));
        assert_eq!(directory.find("2018应用电子技术2班", Some(Kind::Class)), Ok(1181));
        assert_eq!(directory.find("管理学院/学院办公室", None), Ok(2001));
        assert_eq!(directory.find("青禾工程技术学院/管理学院/学院办公室", None), Ok(2001));
        assert_eq!(directory.find("信息工程学院(软件学院)/2018应用电子技术2班", None), Ok(1181));
        assert_eq!(directory.find("学院办公室", None), Err(NotFound::Ambiguous(2)));
        assert_eq!(directory.find("外国语学院", None), Err(NotFound::Unknown));
        assert_eq!(directory.find("管理学院/党委办公室", None), Err(NotFound::Unknown));
        assert_eq!(directory.find("管理学院", Some(Kind::Class)), Err(NotFound::OtherKind(Kind::College)));
        assert_eq!(directory.find("", None), Err(NotFound::Unknown));
        assert!(!directory.is_empty());
    }

    #[test]
    fn kinds_are_read_back() {
        for kind in [Kind::School, Kind::College, Kind::Grade, Kind::Class, Kind::Office] {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::parse("campus"), None);
    }
}
