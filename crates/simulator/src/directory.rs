//! WeCom's directory (通讯录): departments, members, and what an app may see of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::school::{Department, Gender, Kind, Membership, ROOT, School};

/// `status` of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub enum Status {
    /// 1 已激活
    Active,
    /// 2 已禁用
    Disabled,
    /// 4 未激活
    Inactive,
    /// 5 退出企业
    Left,
}

impl From<Status> for u8 {
    fn from(status: Status) -> u8 {
        match status {
            Status::Active => 1,
            Status::Disabled => 2,
            Status::Inactive => 4,
            Status::Left => 5,
        }
    }
}

impl TryFrom<u8> for Status {
    type Error = String;

    fn try_from(code: u8) -> Result<Self, String> {
        match code {
            1 => Ok(Self::Active),
            2 => Ok(Self::Disabled),
            4 => Ok(Self::Inactive),
            5 => Ok(Self::Left),
            _ => Err(format!("status {code}: 1 active, 2 disabled, 4 not activated or 5 left")),
        }
    }
}

impl Status {
    /// Whether the member is there to see the app and be sent messages.
    pub fn is_present(self) -> bool {
        matches!(self, Self::Active | Self::Inactive)
    }
}

/// An account.
#[derive(Debug, Clone)]
pub struct Member {
    /// As it was created; compared without case.
    pub userid: String,
    /// Name.
    pub name: String,
    /// Withheld from apps but for consent.
    pub gender: Gender,
    /// Withheld from apps but for consent.
    pub mobile: String,
    /// Their own; withheld from apps but for consent. Empty where none is known.
    pub email: String,
    /// 职务
    pub position: String,
    /// Departments, the main one first.
    pub memberships: Vec<Membership>,
    /// Whether they use WeCom.
    pub status: Status,
    /// Whether the account has a basic API licence (基础接口许可).
    pub licensed: bool,
}

/// Departments and members.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    departments: BTreeMap<u32, Department>,
    /// By lower-cased user id.
    members: BTreeMap<String, Member>,
    /// Lower-cased user ids by department.
    direct: BTreeMap<u32, BTreeSet<String>>,
}

impl Directory {
    /// The directory of a school: everyone with an account, activated.
    pub fn of(school: &School) -> Self {
        let mut directory = Self::default();
        for department in &school.departments {
            directory.departments.insert(department.id, department.clone());
        }
        for person in school.people.iter().filter(|person| person.has_account) {
            directory.put(Member {
                userid: person.number.clone(),
                name: person.name.clone(),
                gender: person.gender,
                mobile: person.phone.clone(),
                email: String::new(),
                position: match &person.kind {
                    Kind::Student { .. } => String::new(),
                    Kind::Staff { position, .. } => position.clone(),
                },
                memberships: person.memberships.clone(),
                status: Status::Active,
                licensed: true,
            });
        }
        directory
    }

    /// A member by user id, in any case.
    pub fn member(&self, userid: &str) -> Option<&Member> {
        self.members.get(&userid.to_lowercase())
    }

    /// Everyone, by lower-cased user id.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Member)> {
        self.members.iter().map(|(userid, member)| (userid.as_str(), member))
    }

    /// Members whose lower-cased user id is `from` or comes after it.
    pub fn members_from(&self, from: &str) -> impl Iterator<Item = (&str, &Member)> {
        self.members.range(from.to_owned()..).map(|(userid, member)| (userid.as_str(), member))
    }

    /// Members of just this department, by user id.
    pub fn direct_members(&self, department: u32) -> impl Iterator<Item = &Member> {
        self.direct.get(&department).into_iter().flatten().filter_map(|userid| self.members.get(userid))
    }

    /// How many members a department has without those below it.
    pub fn count_direct(&self, department: u32) -> usize {
        self.direct.get(&department).map_or(0, BTreeSet::len)
    }

    /// Adds a member, or puts another in the place of one.
    pub fn put(&mut self, member: Member) {
        self.remove(&member.userid);
        let key = member.userid.to_lowercase();
        for membership in &member.memberships {
            self.direct.entry(membership.department).or_default().insert(key.clone());
        }
        self.members.insert(key, member);
    }

    /// Takes a member out.
    pub fn remove(&mut self, userid: &str) -> Option<Member> {
        let key = userid.to_lowercase();
        let member = self.members.remove(&key)?;
        for membership in &member.memberships {
            if let Some(direct) = self.direct.get_mut(&membership.department) {
                direct.remove(&key);
            }
        }
        Some(member)
    }

    /// A department by id.
    pub fn department(&self, id: u32) -> Option<&Department> {
        self.departments.get(&id)
    }

    /// Departments of this name; one, where names are unique.
    pub fn departments_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Department> {
        self.departments.values().filter(move |department| department.name == name)
    }

    /// Adds a department, or puts another in the place of one.
    pub fn put_department(&mut self, department: Department) {
        self.departments.insert(department.id, department);
    }

    /// Takes a department out.
    pub fn remove_department(&mut self, id: u32) -> Option<Department> {
        self.direct.remove(&id);
        self.departments.remove(&id)
    }

    /// An id that no department has.
    pub fn free_department_id(&self) -> u32 {
        self.departments.last_key_value().map_or(ROOT, |(id, _)| *id) + 1
    }

    /// Departments right below another, first shown first.
    pub fn children(&self, parent: u32) -> Vec<&Department> {
        let mut children: Vec<&Department> =
            self.departments.values().filter(|department| department.parent == parent).collect();
        children.sort_by_key(|department| (std::cmp::Reverse(department.order), department.id));
        children
    }

    /// A department and all below it, parents before children; nothing if it does not exist.
    pub fn subtree(&self, id: u32) -> Vec<&Department> {
        let mut by_parent: BTreeMap<u32, Vec<&Department>> = BTreeMap::new();
        for department in self.departments.values() {
            by_parent.entry(department.parent).or_default().push(department);
        }
        let mut found: Vec<&Department> = self.departments.get(&id).into_iter().collect();
        let mut next = 0;
        while next < found.len() {
            found.extend(by_parent.get(&found[next].id).into_iter().flatten());
            next += 1;
        }
        found
    }

    /// Names from the root down to a department.
    pub fn path(&self, id: u32) -> Vec<&str> {
        let mut names = Vec::new();
        let mut next = self.departments.get(&id);
        while let Some(department) = next {
            names.insert(0, department.name.as_str());
            next = self.departments.get(&department.parent);
        }
        names
    }
}

/// An app's visible range (可见范围): some departments with all below them.
#[derive(Debug, Clone, Default)]
pub struct Range {
    departments: BTreeSet<u32>,
    members: BTreeSet<String>,
}

impl Range {
    /// The range of these departments and all below them, and of members who are in it singly (user ids in any case).
    pub fn new(
        directory: &Directory,
        tops: impl IntoIterator<Item = u32>,
        members: impl IntoIterator<Item = String>,
    ) -> Self {
        let departments =
            tops.into_iter().flat_map(|top| directory.subtree(top)).map(|department| department.id).collect();
        Self { departments, members: members.into_iter().map(|userid| userid.to_lowercase()).collect() }
    }

    /// Whether it has this department in it.
    pub fn has(&self, department: u32) -> bool {
        self.departments.contains(&department)
    }

    /// A member's departments in it; none where the member is outside, or in it singly.
    pub fn memberships<'a>(&'a self, member: &'a Member) -> impl Iterator<Item = &'a Membership> {
        member.memberships.iter().filter(|membership| self.has(membership.department))
    }

    /// Whether it has this member in it, by a department or singly.
    pub fn has_member(&self, member: &Member) -> bool {
        self.memberships(member).next().is_some() || self.members.contains(&member.userid.to_lowercase())
    }

    /// Whether the member is in it, and there to see the app.
    pub fn reaches(&self, member: &Member) -> bool {
        member.status.is_present() && self.has_member(member)
    }
}
