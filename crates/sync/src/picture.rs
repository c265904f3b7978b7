//! Two pictures of the directory: what WeCom showed in this run, and what the mirror holds.

use std::collections::{BTreeMap, HashMap};

use domain::{
    DepartmentId, MemberId,
    department::{Node, Place},
    kinds::TagId,
};

use crate::tags::{KeptTag, SeenTags};

/// What WeCom showed.
#[derive(Debug, Default)]
pub struct Seen {
    /// Departments by id.
    pub departments: BTreeMap<DepartmentId, SeenDepartment>,
    /// Members by lower-cased userid.
    pub members: HashMap<String, SeenMember>,
    /// What could not be read, in Chinese. While there is a gap, nothing is taken to be gone.
    pub gaps: Vec<String>,
    /// Tags, and what of them could not be read. That is no reason to take anybody for gone, or not.
    pub tags: SeenTags,
}

/// A department as WeCom showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenDepartment {
    /// None: withheld.
    pub name: Option<String>,
    /// The one above; 0 at the root.
    pub parent_id: DepartmentId,
    /// Larger sorts first.
    pub sort_order: i64,
}

/// A member as WeCom showed it. `None` is "not shown" and never overwrites what is known.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SeenMember {
    /// As WeCom gives it.
    pub userid: String,
    /// Name.
    pub name: Option<String>,
    /// Job title.
    pub position: Option<String>,
    /// 1 activated, 2 disabled, 4 not activated.
    pub status: Option<i16>,
    /// The department it is counted under.
    pub main_department_id: Option<DepartmentId>,
    /// Where it is.
    pub departments: Vec<SeenPlace>,
    /// Whether the app may see it; otherwise only its ids are known.
    pub visible: bool,
}

/// A member in a department, as WeCom showed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenPlace {
    /// Which department.
    pub department_id: DepartmentId,
    /// None: not shown.
    pub is_leader: Option<bool>,
    /// None: not shown.
    pub sort_order: Option<i64>,
}

impl std::fmt::Debug for SeenMember {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SeenMember").field("userid", &self.userid).finish_non_exhaustive()
    }
}

/// What the mirror holds.
#[derive(Debug, Default)]
pub struct Kept {
    /// Departments by id, closed ones too.
    pub departments: HashMap<DepartmentId, KeptDepartment>,
    /// Members by lower-cased userid, those that left too.
    pub members: HashMap<String, KeptMember>,
    /// Tags by id, closed ones too.
    pub tags: BTreeMap<TagId, KeptTag>,
}

/// A department as the mirror holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDepartment {
    /// Its own data.
    pub node: Node,
    /// What it is to the school.
    pub place: Place,
    /// Whether it exists.
    pub open: bool,
}

/// A member as the mirror holds it.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptMember {
    /// Our number for it.
    pub member_id: MemberId,
    /// As WeCom gave it.
    pub userid: String,
    /// Name.
    pub name: Option<String>,
    /// Job title.
    pub position: Option<String>,
    /// 1 activated, 2 disabled, 4 not activated.
    pub status: Option<i16>,
    /// The department it is counted under.
    pub main_department_id: Option<DepartmentId>,
    /// Whether it is in WeCom.
    pub present: bool,
    /// Where it is, and whether it leads there.
    pub departments: Vec<(DepartmentId, bool)>,
}

impl std::fmt::Debug for KeptMember {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptMember").field("userid", &self.userid).finish_non_exhaustive()
    }
}

impl Kept {
    /// Members in WeCom.
    pub fn present(&self) -> impl Iterator<Item = (&str, &KeptMember)> {
        self.members.iter().filter(|(_, member)| member.present).map(|(key, member)| (key.as_str(), member))
    }

    /// The names from below the top down to a department, `管理学院/2018级/2018会计1班`.
    pub fn path(&self, id: DepartmentId) -> String {
        let mut names = Vec::new();
        let mut next = self.departments.get(&id);
        // As deep as WeCom allows, and no further should departments form a ring.
        while let Some(department) = next.filter(|_| names.len() < DEEPEST) {
            names.push(department.node.name.as_str());
            next = department.node.parent_id.and_then(|parent| self.departments.get(&parent));
        }
        if names.len() > 1 {
            names.pop();
        }
        names.reverse();
        names.join("/")
    }
}

/// Levels of a tree of departments (doc 90205).
const DEEPEST: usize = 15;
