//! What changed in the directory (docs 90970 to 90973).

use std::fmt;

use crate::lenient;
use crate::xml::Part;

/// What changed in the directory. The names are WeCom's `ChangeType`.
#[derive(Clone, PartialEq, Eq)]
pub enum ContactChange {
    /// A new member.
    UserCreated {
        /// As WeCom gives it.
        userid: String,
        /// What else is told.
        fields: Box<UserFields>,
    },
    /// Departments, leadership or the id changed; full-field receivers are told of other changes too.
    UserUpdated {
        /// The id before the change.
        userid: String,
        /// The id after it, if it changed.
        new_userid: Option<String>,
        /// What else is told: changed fields only.
        fields: Box<UserFields>,
    },
    /// A member is gone.
    UserDeleted {
        /// As WeCom gave it.
        userid: String,
    },
    /// A new department.
    DepartmentCreated {
        /// Its id.
        id: i32,
        /// What else is told.
        fields: DepartmentFields,
    },
    /// A department was moved or renamed.
    DepartmentUpdated {
        /// Its id.
        id: i32,
        /// What else is told: changed fields only.
        fields: DepartmentFields,
    },
    /// A department is gone.
    DepartmentDeleted {
        /// Its id.
        id: i32,
    },
    /// A tag has other members or departments. Not ordered with the events of members: read the tag again (doc 90972).
    TagUpdated(TagChange),
}

/// Fields of a member in an event. A receiver that gets ids only is told departments at most.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserFields {
    /// Display name.
    pub name: Option<String>,
    /// Departments the receiver may see.
    pub department: Option<Vec<i32>>,
    /// The main one.
    pub main_department: Option<i32>,
    /// Leads the department at the same place of `department`.
    pub is_leader_in_dept: Option<Vec<bool>>,
    /// Direct superiors' userids.
    pub direct_leader: Option<Vec<String>>,
    /// Position, up to 128 characters.
    pub position: Option<String>,
    /// Telephone number.
    pub mobile: Option<String>,
    /// 0 undefined or withheld, 1 male, 2 female.
    pub gender: Option<u8>,
    /// Mail address.
    pub email: Option<String>,
    /// Mail address the corp gave.
    pub biz_mail: Option<String>,
    /// 1 active, 2 disabled, 4 not activated, 5 left.
    pub status: Option<u8>,
    /// Address of the picture, ending in `/0`; `/100` is a thumbnail.
    pub avatar: Option<String>,
    /// Another name.
    pub alias: Option<String>,
    /// Landline.
    pub telephone: Option<String>,
    /// Postal address.
    pub address: Option<String>,
    /// Fields the corp defined.
    pub ext_attr: Vec<ExtAttr>,
}

/// Never the values: they are about a person.
impl fmt::Debug for UserFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserFields").finish_non_exhaustive()
    }
}

/// A field the corp defined.
#[derive(Clone, PartialEq, Eq)]
pub struct ExtAttr {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: ExtValue,
}

/// Value of an [`ExtAttr`].
#[derive(Clone, PartialEq, Eq)]
pub enum ExtValue {
    /// Type 0.
    Text(String),
    /// Type 1.
    Web {
        /// What is shown.
        title: String,
        /// Where it leads.
        url: String,
    },
    /// Another type, by number.
    Other(u8),
}

/// Fields of a department in an event.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DepartmentFields {
    /// Its name.
    pub name: Option<String>,
    /// The department above.
    pub parent_id: Option<i32>,
    /// Among its siblings, highest first.
    pub order: Option<u32>,
}

/// What changed in a tag.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct TagChange {
    /// The tag.
    pub tag_id: i32,
    /// Members who got it.
    pub added_users: Vec<String>,
    /// Members who lost it.
    pub removed_users: Vec<String>,
    /// Departments that got it.
    pub added_departments: Vec<i32>,
    /// Departments that lost it.
    pub removed_departments: Vec<i32>,
}

impl fmt::Debug for ContactChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContactChange({})", self.name())
    }
}

impl ContactChange {
    /// With `change_contact.` before WeCom's own name.
    pub fn name(&self) -> &'static str {
        match self {
            ContactChange::UserCreated { .. } => "change_contact.create_user",
            ContactChange::UserUpdated { .. } => "change_contact.update_user",
            ContactChange::UserDeleted { .. } => "change_contact.delete_user",
            ContactChange::DepartmentCreated { .. } => "change_contact.create_party",
            ContactChange::DepartmentUpdated { .. } => "change_contact.update_party",
            ContactChange::DepartmentDeleted { .. } => "change_contact.delete_party",
            ContactChange::TagUpdated(_) => "change_contact.update_tag",
        }
    }

    /// None for a change not known, or without the id it must carry.
    pub(super) fn read(change: &str, root: Part<'_, '_>) -> Option<Self> {
        let userid = || root.text_of("UserID").map(str::to_owned);
        let id = || root.text_of("Id")?.split(',').next()?.trim().parse().ok();
        Some(match change {
            "create_user" => ContactChange::UserCreated { userid: userid()?, fields: user(root) },
            "update_user" => ContactChange::UserUpdated {
                userid: userid()?,
                new_userid: root.text_of("NewUserID").map(str::to_owned),
                fields: user(root),
            },
            "delete_user" => ContactChange::UserDeleted { userid: userid()? },
            "create_party" => ContactChange::DepartmentCreated { id: id()?, fields: department(root) },
            "update_party" => ContactChange::DepartmentUpdated { id: id()?, fields: department(root) },
            "delete_party" => ContactChange::DepartmentDeleted { id: id()? },
            "update_tag" => ContactChange::TagUpdated(TagChange {
                tag_id: number(root.text_of("TagId")?)?,
                added_users: lenient::split(root.text_of("AddUserItems").unwrap_or_default()),
                removed_users: lenient::split(root.text_of("DelUserItems").unwrap_or_default()),
                added_departments: numbers(root.text_of("AddPartyItems").unwrap_or_default()),
                removed_departments: numbers(root.text_of("DelPartyItems").unwrap_or_default()),
            }),
            _ => return None,
        })
    }
}

/// In one pass: a member has many fields, and looking for each would read them all each time.
fn user(root: Part<'_, '_>) -> Box<UserFields> {
    let mut fields = Box::<UserFields>::default();
    for part in root.children() {
        let text = part.text();
        if part.name() == "ExtAttr" {
            fields.ext_attr =
                part.children().filter(|item| item.name() == "Item").filter_map(ext_attr).collect();
        }
        if text.is_empty() {
            continue;
        }
        let own = || Some(text.to_owned());
        match part.name() {
            "Name" => fields.name = own(),
            "Department" => fields.department = Some(numbers(text)),
            "MainDepartment" => fields.main_department = number(text),
            "IsLeaderInDept" => {
                fields.is_leader_in_dept = Some(text.split(',').map(|flag| flag.trim() == "1").collect());
            }
            "DirectLeader" => fields.direct_leader = Some(lenient::split(text)),
            "Position" => fields.position = own(),
            "Mobile" => fields.mobile = own(),
            "Gender" => fields.gender = number(text),
            "Email" => fields.email = own(),
            "BizMail" => fields.biz_mail = own(),
            "Status" => fields.status = number(text),
            "Avatar" => fields.avatar = own(),
            "Alias" => fields.alias = own(),
            "Telephone" => fields.telephone = own(),
            "Address" => fields.address = own(),
            _ => {}
        }
    }
    fields
}

fn ext_attr(item: Part<'_, '_>) -> Option<ExtAttr> {
    let of = |part: &str, name: &str| {
        item.child(part).and_then(|part| part.text_of(name)).unwrap_or_default().to_owned()
    };
    let value = match number(item.text_of("Type").unwrap_or("0"))? {
        0 => ExtValue::Text(of("Text", "Value")),
        1 => ExtValue::Web { title: of("Web", "Title"), url: of("Web", "Url") },
        other => ExtValue::Other(other),
    };
    Some(ExtAttr { name: item.text_of("Name")?.to_owned(), value })
}

fn department(root: Part<'_, '_>) -> DepartmentFields {
    DepartmentFields {
        name: root.text_of("Name").map(str::to_owned),
        parent_id: root.text_of("ParentId").and_then(number),
        order: root.text_of("Order").and_then(number),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.trim().parse().ok()
}

fn numbers(joined: &str) -> Vec<i32> {
    joined.split([',', '|']).filter_map(number).collect()
}
