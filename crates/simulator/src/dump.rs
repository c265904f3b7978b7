//! A directory as JSON, in WeCom's own field names: to load one, and to write down the state.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::directory::{Directory, Member, Status};
use crate::school::{Department, Gender, Membership, ROOT};
use crate::world::World;

/// What `--directory` loads: `{"department": […], "userlist": […]}`, or a whole dump, of which this is the
/// `directory`.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct DirectoryFile {
    department: Vec<DepartmentEntry>,
    userlist: Vec<MemberEntry>,
}

/// As `department/list` answers it.
#[derive(Debug, Clone, Deserialize, Serialize)]
struct DepartmentEntry {
    id: u32,
    name: String,
    #[serde(default)]
    parentid: u32,
    #[serde(default)]
    order: u32,
}

/// As `user/list` answers it; fields it doesn't have here are passed over.
#[derive(Debug, Clone, Deserialize, Serialize)]
struct MemberEntry {
    userid: String,
    name: String,
    department: Vec<u32>,
    /// As many as departments; none leads where it is left out.
    #[serde(default)]
    is_leader_in_dept: Vec<u8>,
    #[serde(default)]
    position: String,
    #[serde(default)]
    mobile: String,
    #[serde(default)]
    email: String,
    /// `"1"` male, `"2"` female.
    #[serde(default = "male")]
    gender: String,
    #[serde(default = "active")]
    status: u8,
}

fn male() -> String {
    "1".into()
}

fn active() -> u8 {
    Status::Active.into()
}

impl DirectoryFile {
    /// Reads a file. Fails where it isn't JSON of this shape.
    pub fn load(path: impl AsRef<Path>) -> anyhow::Result<Self> {
        let path = path.as_ref();
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is not a directory", path.display()))
    }

    /// Reads the JSON of a directory, or of a dump.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let mut value: Value = serde_json::from_str(text)?;
        let directory = value.get_mut("directory").map(Value::take);
        Ok(serde_json::from_value(directory.unwrap_or(value))?)
    }

    /// The directory it describes. Fails where a department or user id stands twice, a parent or a member's
    /// department isn't there, or the root (id 1) is missing.
    pub(crate) fn directory(&self) -> anyhow::Result<Directory> {
        let mut directory = Directory::default();
        for entry in &self.department {
            let DepartmentEntry { id, name, parentid, order } = entry.clone();
            ensure!(directory.department(id).is_none(), "department {id} stands twice");
            directory.put_department(Department {
                id,
                parent: if id == ROOT { 0 } else { parentid },
                name,
                order,
            });
        }
        ensure!(directory.department(ROOT).is_some(), "the root department, id {ROOT}, is missing");
        // Whatever hangs below the root, and by that no circle, is in its subtree.
        let reached: BTreeSet<u32> = directory.subtree(ROOT).iter().map(|department| department.id).collect();
        let lost = self.department.iter().find(|entry| !reached.contains(&entry.id));
        ensure!(
            lost.is_none(),
            "department {} does not hang below the root",
            lost.map_or(0, |entry| entry.id)
        );
        for entry in &self.userlist {
            let member = entry.member()?;
            ensure!(directory.member(&member.userid).is_none(), "member {} stands twice", member.userid);
            let unknown = entry.department.iter().find(|id| !reached.contains(id));
            ensure!(unknown.is_none(), "member {}: no department {}", entry.userid, unknown.unwrap_or(&0));
            directory.put(member);
        }
        Ok(directory)
    }

    fn of(directory: &Directory) -> Self {
        let department = directory.subtree(ROOT).into_iter().map(|department| DepartmentEntry {
            id: department.id,
            name: department.name.clone(),
            parentid: department.parent,
            order: department.order,
        });
        let userlist = directory.members().map(|(_, member)| MemberEntry {
            userid: member.userid.clone(),
            name: member.name.clone(),
            department: member.memberships.iter().map(|membership| membership.department).collect(),
            is_leader_in_dept: member.memberships.iter().map(|membership| membership.leader.into()).collect(),
            position: member.position.clone(),
            mobile: member.mobile.clone(),
            email: member.email.clone(),
            gender: if member.gender == Gender::Female { "2" } else { "1" }.into(),
            status: member.status.into(),
        });
        Self { department: department.collect(), userlist: userlist.collect() }
    }
}

impl MemberEntry {
    fn member(&self) -> anyhow::Result<Member> {
        let leads = &self.is_leader_in_dept;
        ensure!(
            leads.is_empty() || leads.len() == self.department.len(),
            "member {}: is_leader_in_dept and department differ in length",
            self.userid
        );
        let memberships = self.department.iter().enumerate().map(|(place, &department)| Membership {
            department,
            leader: leads.get(place).is_some_and(|&leads| leads != 0),
        });
        Ok(Member {
            userid: self.userid.clone(),
            name: self.name.clone(),
            gender: if self.gender == "2" { Gender::Female } else { Gender::Male },
            mobile: self.mobile.clone(),
            email: self.email.clone(),
            position: self.position.clone(),
            memberships: memberships.collect(),
            status: Status::try_from(self.status).map_err(anyhow::Error::msg)?,
            licensed: true,
        })
    }
}

/// The state of a corp: its directory, tags, settings, faults, clock and what members were sent. No secrets.
pub fn of(world: &World) -> Value {
    let messages: serde_json::Map<String, Value> = world
        .directory
        .members()
        .filter_map(|(_, member)| {
            let sent: Vec<_> = world.messages.of(&member.userid).collect();
            (!sent.is_empty()).then(|| (member.userid.clone(), json!(sent)))
        })
        .collect();
    json!({
        "corpid": world.spec.corp.id,
        "now": world.now(),
        "directory": DirectoryFile::of(&world.directory),
        "tags": world.tags,
        "settings": world.settings,
        "faults": world.faults.all(),
        "messages": messages,
    })
}
