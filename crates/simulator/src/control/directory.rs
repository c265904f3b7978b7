//! The directory by hand: members and departments, with the events WeCom sends for it.

use actix_web::web::{Json, Path};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Wrong};
use crate::corps::Here;
use crate::directory::{Member, Status};
use crate::event::Event;
use crate::school::{Department, Gender, Membership, ROOT};
use crate::world::World;

/// A department, by id or by its name, where no other has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum DepartmentRef {
    Id(u32),
    Name(String),
}

impl DepartmentRef {
    /// As people write one: a number is an id.
    pub(crate) fn written(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Id)
    }

    pub(crate) fn find(&self, world: &World) -> Result<u32, Wrong> {
        match self {
            Self::Id(id) => match world.directory.department(*id) {
                Some(department) => Ok(department.id),
                None => Err(Wrong::missing(format!("no department {id}"))),
            },
            Self::Name(name) => {
                let mut named = world.directory.departments_named(name);
                match (named.next(), named.next()) {
                    (Some(department), None) => Ok(department.id),
                    (Some(_), Some(_)) => Err(Wrong::input(&format!("several departments are named {name}"))),
                    (None, _) => Err(Wrong::missing(format!("no department {name}"))),
                }
            }
        }
    }
}

/// What of a member shall be otherwise.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberChange {
    pub(crate) userid: Option<String>,
    pub(crate) name: Option<String>,
    /// All departments, the main one first.
    pub(crate) department: Option<Vec<DepartmentRef>>,
    /// Whether they lead, department by department; as they were where it is left out.
    pub(crate) is_leader: Option<Vec<bool>>,
    pub(crate) position: Option<String>,
    pub(crate) mobile: Option<String>,
    pub(crate) status: Option<Status>,
    pub(crate) licensed: Option<bool>,
}

impl MemberChange {
    fn apply(self, member: &mut Member, world: &World) -> Result<(), Wrong> {
        if let Some(userid) = self.userid {
            let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"_.@-".contains(&byte);
            let first = userid.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
            if !first || userid.len() > 64 || !userid.bytes().all(letters) {
                return Err(Wrong::input(&"userid: 1 to 64 of [0-9A-Za-z_.@-], a letter or digit first"));
            }
            member.userid = userid;
        }
        if let Some(name) = self.name {
            if name.is_empty() || name.chars().count() > 64 {
                return Err(Wrong::input(&"name: 1 to 64 characters"));
            }
            member.name = name;
        }
        if let Some(departments) = self.department {
            let mut memberships: Vec<Membership> = Vec::with_capacity(departments.len());
            for department in departments {
                let department = department.find(world)?;
                if memberships.iter().any(|membership| membership.department == department) {
                    return Err(Wrong::input(&"department: the same twice"));
                }
                let kept = member.memberships.iter().find(|membership| membership.department == department);
                memberships.push(Membership { department, leader: kept.is_some_and(|kept| kept.leader) });
            }
            member.memberships = memberships;
        }
        if let Some(leads) = self.is_leader {
            if leads.len() != member.memberships.len() {
                return Err(Wrong::input(&"is_leader: as many as departments"));
            }
            for (membership, leader) in member.memberships.iter_mut().zip(leads) {
                membership.leader = leader;
            }
        }
        member.position = self.position.unwrap_or_else(|| std::mem::take(&mut member.position));
        member.mobile = self.mobile.unwrap_or_else(|| std::mem::take(&mut member.mobile));
        member.status = self.status.unwrap_or(member.status);
        member.licensed = self.licensed.unwrap_or(member.licensed);
        Ok(())
    }
}

pub async fn member(userid: Path<String>, shared: Here) -> Answer {
    let world = shared.read();
    let member =
        world.directory.member(&userid).ok_or_else(|| Wrong::missing(format!("no member {userid}")))?;
    Ok(Json(describe_member(&world, member)))
}

pub async fn add_member(change: Json<MemberChange>, shared: Here) -> Answer {
    let (described, events) = new_member(&mut shared.write(), change.into_inner())?;
    shared.send(events);
    Ok(Json(described))
}

/// Adds a member: how they are now, and what WeCom tells of it.
pub fn new_member(world: &mut World, change: MemberChange) -> Result<Done, Wrong> {
    if change.userid.is_none() || change.name.is_none() || change.department.is_none() {
        return Err(Wrong::input(&"a new member needs userid, name and department"));
    }
    let mut member = Member {
        userid: String::new(),
        name: String::new(),
        gender: Gender::Male,
        mobile: String::new(),
        email: String::new(),
        position: String::new(),
        memberships: Vec::new(),
        status: Status::Active,
        licensed: true,
    };
    change.apply(&mut member, world)?;
    let described = describe_member(world, &member);
    Ok((described, world.add_member(member)?))
}

pub async fn change_member(userid: Path<String>, change: Json<MemberChange>, shared: Here) -> Answer {
    let (described, events) = other_member(&mut shared.write(), &userid, change.into_inner())?;
    shared.send(events);
    Ok(Json(described))
}

/// Changes a member: how they are now, and what WeCom tells of it.
pub fn other_member(world: &mut World, userid: &str, change: MemberChange) -> Result<Done, Wrong> {
    let member = world.directory.member(userid).cloned();
    let mut member = member.ok_or_else(|| Wrong::missing(format!("no member {userid}")))?;
    change.apply(&mut member, world)?;
    let described = describe_member(world, &member);
    Ok((described, world.change_member(userid, member)?))
}

/// What is there now, and the events of it.
pub type Done = (Value, Vec<Event>);

pub async fn remove_member(userid: Path<String>, shared: Here) -> Answer {
    let events = shared.write().remove_member(&userid).map_err(Wrong::missing)?;
    shared.send(events);
    Ok(Json(json!({ "deleted": *userid })))
}

fn describe_member(world: &World, member: &Member) -> Value {
    let departments: Vec<Value> = member
        .memberships
        .iter()
        .map(|membership| {
            let path = world.directory.path(membership.department).join("/");
            json!({ "id": membership.department, "path": path, "is_leader": membership.leader })
        })
        .collect();
    json!({
        "userid": member.userid,
        "name": member.name,
        "departments": departments,
        "position": member.position,
        "mobile": member.mobile,
        "status": u8::from(member.status),
        "licensed": member.licensed,
    })
}

/// What of a department shall be otherwise.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepartmentChange {
    pub(crate) id: Option<u32>,
    pub(crate) name: Option<String>,
    pub(crate) parent: Option<DepartmentRef>,
    pub(crate) order: Option<u32>,
}

pub async fn department(id: Path<u32>, shared: Here) -> Answer {
    let world = shared.read();
    let department =
        world.directory.department(*id).ok_or_else(|| Wrong::missing(format!("no department {id}")))?;
    Ok(Json(describe_department(&world, department)))
}

pub async fn add_department(change: Json<DepartmentChange>, shared: Here) -> Answer {
    let (described, events) = new_department(&mut shared.write(), change.into_inner())?;
    shared.send(events);
    Ok(Json(described))
}

/// Adds a department: how it is now, and what WeCom tells of it.
pub fn new_department(world: &mut World, change: DepartmentChange) -> Result<Done, Wrong> {
    let DepartmentChange { id, name, parent, order } = change;
    let department = Department {
        id: id.unwrap_or_else(|| world.directory.free_department_id()),
        parent: parent.unwrap_or(DepartmentRef::Id(ROOT)).find(world)?,
        name: name.ok_or_else(|| Wrong::input(&"a new department needs a name"))?,
        order: order.unwrap_or(100),
    };
    let events = world.add_department(department.clone())?;
    Ok((describe_department(world, &department), events))
}

pub async fn change_department(id: Path<u32>, change: Json<DepartmentChange>, shared: Here) -> Answer {
    let (described, events) = other_department(&mut shared.write(), *id, change.into_inner())?;
    shared.send(events);
    Ok(Json(described))
}

/// Changes a department: how it is now, and what WeCom tells of it.
pub fn other_department(world: &mut World, id: u32, change: DepartmentChange) -> Result<Done, Wrong> {
    let department = world.directory.department(id).cloned();
    let mut department = department.ok_or_else(|| Wrong::missing(format!("no department {id}")))?;
    if change.id.is_some_and(|new| new != id) {
        return Err(Wrong::input(&"a department keeps its id"));
    }
    if let Some(parent) = change.parent {
        department.parent = parent.find(world)?;
    }
    department.name = change.name.unwrap_or(department.name);
    department.order = change.order.unwrap_or(department.order);
    let events = world.change_department(department.clone())?;
    Ok((describe_department(world, &department), events))
}

pub async fn remove_department(id: Path<u32>, shared: Here) -> Answer {
    let events = shared.write().remove_department(*id)?;
    shared.send(events);
    Ok(Json(json!({ "deleted": *id })))
}

fn describe_department(world: &World, department: &Department) -> Value {
    json!({
        "id": department.id,
        "name": department.name,
        "parent": department.parent,
        "order": department.order,
        "members": world.directory.count_direct(department.id),
    })
}
