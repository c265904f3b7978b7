//! The school: departments, people, accounts and grants, generated from a [`Spec`].

mod demo;
mod generate;
mod names;
pub mod own;
mod personas;
mod random;
mod reports;
pub mod roster;
mod spec;

use std::path::Path;

use anyhow::Context;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use demo::write_demo;
pub use names::Gender;
pub use personas::Persona;
pub use reports::write_reports;
pub use roster::{write_grants, write_people};
pub use spec::{Platform, Spec};

/// The root department of every WeCom corporation.
pub const ROOT: u32 = 1;

/// A generated school.
#[derive(Debug, Clone)]
pub struct School {
    /// What it was made from.
    pub spec: Spec,
    /// The tree, parents before children.
    pub departments: Vec<Department>,
    /// Everyone: students by number, then staff by number.
    pub people: Vec<Person>,
    /// Roles that the school's roster gives.
    pub grants: Vec<Grant>,
}

/// A node of the tree, as WeCom has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    /// WeCom's id.
    pub id: u32,
    /// The root's is 0.
    pub parent: u32,
    /// Name.
    pub name: String,
    /// Larger stands first.
    pub order: u32,
}

/// Someone on the school's roster, with an account or without.
#[derive(Debug, Clone)]
pub struct Person {
    /// 学号 or 工号; also the user id of the account.
    pub number: String,
    /// Invented.
    pub name: String,
    /// As WeCom keeps it.
    pub gender: Gender,
    /// Student or staff, and what belongs to it.
    pub kind: Kind,
    /// Eleven digits with the prefix 100, which nobody can have.
    pub phone: String,
    /// First day at the school.
    pub since: NaiveDate,
    /// Whether there is a WeCom account.
    pub has_account: bool,
    /// WeCom departments.
    pub memberships: Vec<Membership>,
}

/// A person in a department.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// WeCom's id.
    pub department: u32,
    /// `is_leader_in_dept`
    pub leader: bool,
}

/// What a person is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Enrolled.
    Student {
        /// Place of the college in the spec; none outside the colleges.
        college: Option<usize>,
        /// 专业
        major: String,
        /// Year of entry.
        grade: u16,
        /// Name of the class, unique in the school.
        class: String,
    },
    /// Employed.
    Staff {
        /// Place of the college in the spec; none outside the colleges.
        college: Option<usize>,
        /// 在编, 合同制, 临时 or 合作办学
        kind: String,
        /// 职务
        position: String,
        /// As the roster writes it: `学院/学院办公室` or the name of an office.
        department: String,
    },
}

/// What someone may do, as the product names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Own data.
    Student,
    /// Own data.
    Staff,
    /// Their classes.
    Counsellor,
    /// Their college; leader in WeCom's directory.
    CollegeLeader,
    /// Their college.
    CollegeOffice,
    /// Their office; leader in WeCom's directory.
    DepartmentHead,
    /// The school.
    SchoolOffice,
    /// The school; leader in WeCom's directory.
    SchoolLeader,
    /// The information centre.
    Administrator,
}

impl Role {
    /// As it stands in the roster and in the list of personas.
    pub fn code(self) -> &'static str {
        match self {
            Self::Student => "student",
            Self::Staff => "staff",
            Self::Counsellor => "counsellor",
            Self::CollegeLeader => "college_leader",
            Self::CollegeOffice => "college_office",
            Self::DepartmentHead => "department_head",
            Self::SchoolOffice => "school_office",
            Self::SchoolLeader => "school_leader",
            Self::Administrator => "administrator",
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Student => "学生",
            Self::Staff => "教职工",
            Self::Counsellor => "辅导员",
            Self::CollegeLeader => "学院领导",
            Self::CollegeOffice => "学院办公室",
            Self::DepartmentHead => "部门负责人",
            Self::SchoolOffice => "学工办",
            Self::SchoolLeader => "校领导",
            Self::Administrator => "管理员",
        }
    }
}

/// A role that the roster gives; leaders get theirs from WeCom's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Whose.
    pub number: String,
    /// Which.
    pub role: Role,
    /// Name of the class, the college or the school.
    pub department: String,
    /// What for.
    pub purpose: &'static str,
}

impl School {
    /// Reads a spec and generates the school.
    pub fn load(path: impl AsRef<Path>) -> anyhow::Result<Self> {
        let path = path.as_ref();
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let spec = toml::from_str(&text).with_context(|| format!("{} is not a school", path.display()))?;
        Self::generate(spec).with_context(|| format!("{} does not add up", path.display()))
    }

    /// The same school with so many accounts: its colleges grow or shrink alike, to classes of about fifty.
    ///
    /// Fails where that is fewer than its staff and exchange students, or more than a college's numbers can tell
    /// apart.
    pub fn scaled(&self, members: usize) -> anyhow::Result<Self> {
        let mut spec = self.spec.clone();
        let others =
            self.people.iter().filter(|person| person.has_account && person.college_class().is_none());
        let students = members.checked_sub(others.count()).filter(|students| *students > 0);
        let students = students.context("fewer members than staff and exchange students")?;
        let weights: Vec<usize> = spec.colleges.iter().map(|college| college.students).collect();
        for (college, share) in spec.colleges.iter_mut().zip(random::apportion(students, &weights)) {
            college.students = share;
            college.unreported = college.unreported.min(share);
        }
        spec.students.class_size = 50;
        // The staff stays as it is, so each counsellor has more students.
        let before = weights.iter().sum::<usize>().max(1);
        spec.students.per_counsellor = (spec.students.per_counsellor * students).div_ceil(before).max(1);
        spec.corp.seats = spec.corp.seats.max(u32::try_from(members)?);
        Self::generate(spec)
    }

    /// Students, in the order of their numbers.
    pub fn students(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(|person| person.is_student())
    }

    /// Staff, in the order of their numbers.
    pub fn staff(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(|person| !person.is_student())
    }
}

impl Person {
    /// Whether they are enrolled.
    pub fn is_student(&self) -> bool {
        matches!(self.kind, Kind::Student { .. })
    }

    /// Their class in a college.
    fn college_class(&self) -> Option<&str> {
        match &self.kind {
            Kind::Student { college: Some(_), class, .. } => Some(class),
            _ => None,
        }
    }

    /// Place of their college in the spec.
    pub fn college(&self) -> Option<usize> {
        match self.kind {
            Kind::Student { college, .. } | Kind::Staff { college, .. } => college,
        }
    }
}
