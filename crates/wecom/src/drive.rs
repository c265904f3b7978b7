//! The drive (微盘): its size, its edition, and the app's own spaces in it (docs 95856, 96845, 97950, 93657). The console must list
//! the app under the drive's 可调用应用. An app works in the spaces it made; how much of the whole is used is not to be had.

use futures_util::Stream;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::{Client, Patience};
use crate::contacts::DepartmentId;
use crate::error::Result;
use crate::lenient;
use crate::pages::{Paging, fields};

/// The drive's size in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct DriveCapacity {
    /// Shared by all.
    #[serde(rename = "total_capacity_for_all", deserialize_with = "lenient::number")]
    pub everyone: i64,
    /// Of paid accounts.
    #[serde(rename = "total_capacity_for_vip", default, deserialize_with = "lenient::optional_number")]
    pub paid: Option<i64>,
}

/// Whether the drive is a paid one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct DriveEdition {
    /// Whether it is.
    #[serde(default)]
    pub is_pro: bool,
    /// Paid accounts.
    #[serde(rename = "total_vip_acct_num", default, deserialize_with = "lenient::optional_number")]
    pub accounts: Option<i64>,
    /// Paid accounts that somebody has.
    #[serde(rename = "use_vip_acct_num", default, deserialize_with = "lenient::optional_number")]
    pub accounts_used: Option<i64>,
    /// When it ends, Unix seconds.
    #[serde(rename = "pro_expire_time", default, deserialize_with = "lenient::optional_number")]
    pub ends_at: Option<i64>,
}

/// Who may do what in a space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum SpaceAccess {
    /// A member.
    Member {
        /// Always 1.
        #[serde(rename = "type")]
        kind: u8,
        /// Who.
        userid: String,
        /// 1 download, 4 look (paid drives), 7 manage (at most three).
        auth: u8,
    },
    /// A department with everyone below it.
    Department {
        /// Always 2.
        #[serde(rename = "type")]
        kind: u8,
        /// Which.
        departmentid: DepartmentId,
        /// 1 download, 4 look (paid drives).
        auth: u8,
    },
}

impl SpaceAccess {
    /// A member who may do this.
    pub fn member(userid: impl Into<String>, auth: u8) -> Self {
        SpaceAccess::Member { kind: 1, userid: userid.into(), auth }
    }

    /// A department whose members may do this.
    pub fn department(id: DepartmentId, auth: u8) -> Self {
        SpaceAccess::Department { kind: 2, departmentid: id, auth }
    }
}

/// A file or folder of a space.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DriveFile {
    /// Its id.
    pub fileid: String,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub file_name: Option<String>,
    /// Bytes.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub file_size: Option<i64>,
    /// Last changed, Unix seconds.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub mtime: Option<i64>,
    /// 1 folder, 2 file, 3 document, 4 sheet, 5 form, 6 slides.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub file_type: Option<i64>,
    /// 1 there, 2 deleted.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub file_status: Option<i64>,
}

impl Client {
    /// How large the drive is (doc 95856). Whether old quotas of calls still hold is not confirmed: ask daily.
    pub async fn drive_capacity(&self) -> Result<DriveCapacity> {
        self.post("wedrive/mng_capacity", "{}".into(), Patience::Reads).await
    }

    /// Whether the drive is a paid one, and until when (doc 95856).
    pub async fn drive_edition(&self) -> Result<DriveEdition> {
        self.post("wedrive/mng_pro_info", "{}".into(), Patience::Reads).await
    }

    /// Makes a space that belongs to the app, and gives its id (doc 96845).
    pub async fn create_space(&self, name: &str, access: &[SpaceAccess]) -> Result<String> {
        #[derive(Deserialize)]
        struct Answer {
            spaceid: String,
        }
        let body = json!({ "space_name": name, "auth_info": access, "space_sub_type": 0 }).to_string();
        let answer: Answer = self.post("wedrive/space_create", body, Patience::None).await?;
        Ok(answer.spaceid)
    }

    /// A space's name (doc 97950).
    pub async fn space_name(&self, spaceid: &str) -> Result<String> {
        #[derive(Deserialize)]
        struct Info {
            space_name: String,
        }
        #[derive(Deserialize)]
        struct Answer {
            space_info: Info,
        }
        let body = json!({ "spaceid": spaceid }).to_string();
        let answer: Answer = self.post("wedrive/new_space_info", body, Patience::Reads).await?;
        Ok(answer.space_info.space_name)
    }

    /// What a folder of one of the app's spaces holds, newest first, page by page (doc 93657); the space's own id is its top
    /// folder's.
    pub fn drive_files(
        &self,
        spaceid: &str,
        folder: &str,
    ) -> impl Stream<Item = Result<Vec<DriveFile>>> + Send + 'static + use<> {
        let body = json!({ "spaceid": spaceid, "fatherid": folder, "sort_type": 6, "limit": 1000 });
        self.pages("wedrive/file_list", Paging::Start, fields(body), "/file_list/item")
    }
}
