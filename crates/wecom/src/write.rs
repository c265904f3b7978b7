//! Writing the directory (docs 90195 to 90207). Only the contacts-sync assistant's secret may, where the console allows it to
//! edit; an app's secret is refused with 48002. Departments and their members are written one after the other (45035).
//!
//! Nothing here is repeated by itself: whether an ambiguous answer had its effect is seen by reading.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::{Client, Done, Patience};
use crate::contacts::DepartmentId;
use crate::error::Result;
use crate::lenient;

/// Members one call may delete.
pub const MAX_DELETED: usize = 200;

/// A department to make, or what is to change of one: what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DepartmentChange {
    /// Above 1 for a new one, which gets one by itself otherwise. Needed for a change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<DepartmentId>,
    /// 1 to 64 characters without `\ : * ? " < > |`, its own among its siblings (60008). Needed for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Needed for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parentid: Option<DepartmentId>,
    /// Larger stands first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<u32>,
}

/// A member to make, or what is to change of one: what is absent stays.
#[derive(Clone, Default, PartialEq, Eq, Serialize)]
pub struct MemberChange {
    /// 1 to 64 of letters, digits and `_.@-`, unique without case.
    pub userid: String,
    /// 1 to 64 characters. Needed for a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Unique. This or `email` is needed for a new one (60129); ignored without a word once the member is activated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
    /// Unique.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// At most 100; all of them, not those to add.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<Vec<DepartmentId>>,
    /// As many as departments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<Vec<u32>>,
    /// As many as departments: 1 leads, 0 does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_leader_in_dept: Option<Vec<u8>>,
    /// One of the departments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main_department: Option<DepartmentId>,
    /// At most 128 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// 1 enabled, 0 disabled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable: Option<u8>,
    /// Whether a new member is invited, daily for up to three working days. WeCom does unless told not to; set it to
    /// false for many at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_invite: Option<bool>,
}

impl std::fmt::Debug for MemberChange {
    // Who it is, and nothing else of them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemberChange").field("userid", &self.userid).finish_non_exhaustive()
    }
}

impl Client {
    /// Makes a department and gives its id (doc 90205).
    pub async fn create_department(&self, department: &DepartmentChange) -> Result<DepartmentId> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(deserialize_with = "lenient::number")]
            id: DepartmentId,
        }
        let body = serde_json::to_string(department).unwrap_or_default();
        let answer: Answer = self.post("department/create", body, Patience::None).await?;
        Ok(answer.id)
    }

    /// Renames, moves or reorders a department (doc 90206).
    pub async fn update_department(&self, change: &DepartmentChange) -> Result<()> {
        let body = serde_json::to_string(change).unwrap_or_default();
        let Done {} = self.post("department/update", body, Patience::None).await?;
        Ok(())
    }

    /// Deletes a department without members (60005) and departments below it (60006) (doc 90207).
    pub async fn delete_department(&self, id: DepartmentId) -> Result<()> {
        let Done {} = self.get("department/delete", vec![("id", id.to_string())], Patience::None).await?;
        Ok(())
    }

    /// Makes a member (doc 90195). At most three times the corp's accounts a month.
    pub async fn create_member(&self, member: &MemberChange) -> Result<()> {
        let body = serde_json::to_string(member).unwrap_or_default();
        let Done {} = self.post("user/create", body, Patience::None).await?;
        Ok(())
    }

    /// Changes a member (doc 90197).
    pub async fn update_member(&self, change: &MemberChange) -> Result<()> {
        let body = serde_json::to_string(change).unwrap_or_default();
        let Done {} = self.post("user/update", body, Patience::None).await?;
        Ok(())
    }

    /// Deletes a member, their corp mailbox too (doc 90198).
    pub async fn delete_member(&self, userid: &str) -> Result<()> {
        let Done {} = self.get("user/delete", vec![("userid", userid.to_owned())], Patience::None).await?;
        Ok(())
    }

    /// Deletes up to [`MAX_DELETED`] members; one unknown id, and none is deleted (doc 90199).
    pub async fn delete_members(&self, userids: &[String]) -> Result<()> {
        let body = json!({ "useridlist": userids }).to_string();
        let Done {} = self.post("user/batchdelete", body, Patience::None).await?;
        Ok(())
    }
}
