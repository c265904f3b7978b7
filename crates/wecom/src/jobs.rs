//! Many members or departments at once (docs 90979 to 90983, 94849, 94854), invitations (docs 90975, 91714). WeCom works through a
//! job by itself and tells its end as the event `batch_job_result`, or is asked. Imports want the contacts-sync assistant's secret,
//! and run one at a time (302008).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::client::{Client, Patience};
use crate::contacts::DepartmentId;
use crate::crypto::FileKey;
use crate::error::{Error, Result};
use crate::lenient;

/// What a file brings about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Import {
    /// Members in the file are added or changed, others left.
    UpdateMembers,
    /// Members become those in the file, others are deleted; WeCom refuses to delete too many (45026).
    ReplaceMembers,
    /// Departments become those in the file.
    ReplaceDepartments,
}

/// Where the end of an import is told; the app's own address otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobCallback {
    /// Where to.
    pub url: String,
    /// Of its signature.
    pub token: String,
    /// Of its encryption.
    #[serde(rename = "encodingaeskey")]
    pub encoding_aes_key: String,
}

/// How far an import is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ImportState {
    /// 1 begun, 2 under way, 3 done.
    #[serde(deserialize_with = "lenient::number")]
    pub status: i64,
    /// `sync_user`, `replace_user`, `replace_party`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Rows.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub total: Option<i64>,
    /// Of a hundred.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub percentage: Option<i64>,
    /// Row by row, once it is done.
    #[serde(default, deserialize_with = "lenient::items")]
    pub result: Vec<ImportRow>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ImportRow {
    /// Of a member.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub userid: Option<String>,
    /// Of a department.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub partyid: Option<DepartmentId>,
    /// Of a department, added up: 1 made, 2 renamed, 4 moved, 8 reordered.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub action: Option<i64>,
    /// 0 if it went well.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub errcode: Option<i64>,
    /// WeCom's words.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub errmsg: Option<String>,
}

/// Whom an invitation did not go to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NotInvited {
    /// User ids.
    #[serde(rename = "invaliduser", deserialize_with = "lenient::texts")]
    pub members: Vec<String>,
    /// Departments.
    #[serde(rename = "invalidparty", deserialize_with = "lenient::numbers")]
    pub departments: Vec<DepartmentId>,
    /// Tags.
    #[serde(rename = "invalidtag", deserialize_with = "lenient::numbers")]
    pub tags: Vec<u32>,
}

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    /// Ids, names and departments of members.
    SimpleMembers,
    /// Members in full.
    Members,
    /// Departments.
    Departments,
    /// Who has a tag.
    Tagged(u32),
}

/// How far an export is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ExportState {
    /// 0 not begun, 1 under way, 2 done, 3 failed.
    #[serde(deserialize_with = "lenient::number")]
    pub status: i64,
    /// Its files, for two hours.
    #[serde(default, deserialize_with = "lenient::items")]
    pub data_list: Vec<ExportFile>,
}

/// A file of an export, encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ExportFile {
    /// Where it is; opens without a token.
    pub url: String,
    /// Bytes.
    #[serde(deserialize_with = "lenient::number")]
    pub size: i64,
    /// Lower-case hex, of the encrypted bytes.
    pub md5: String,
}

#[derive(Deserialize)]
struct Job {
    jobid: String,
}

impl Client {
    /// Begins an import of a CSV file that was uploaded as [`MediaKind::File`](crate::media::MediaKind::File), and gives its id.
    /// The file's columns are those of the console's template. `invite`: whether new members are invited.
    pub async fn import(
        &self,
        import: Import,
        media_id: &str,
        invite: bool,
        callback: Option<&JobCallback>,
    ) -> Result<String> {
        let api = match import {
            Import::UpdateMembers => "batch/syncuser",
            Import::ReplaceMembers => "batch/replaceuser",
            Import::ReplaceDepartments => "batch/replaceparty",
        };
        let mut body = Map::new();
        body.insert("media_id".into(), media_id.into());
        if import != Import::ReplaceDepartments {
            body.insert("to_invite".into(), invite.into());
        }
        if let Some(callback) = callback {
            body.insert("callback".into(), json!(callback));
        }
        let job: Job = self.post(api, Value::Object(body).to_string(), Patience::None).await?;
        Ok(job.jobid)
    }

    /// How far an import is (doc 90983). WeCom keeps the last five (40089).
    pub async fn import_state(&self, jobid: &str) -> Result<ImportState> {
        self.get("batch/getresult", vec![("jobid", jobid.to_owned())], Patience::Reads).await
    }

    /// Invites members who are not activated (doc 90975): up to 1,000 members, 100 departments, 100 tags.
    pub async fn invite(
        &self,
        members: &[String],
        departments: &[DepartmentId],
        tags: &[u32],
    ) -> Result<NotInvited> {
        let body = json!({ "user": members, "party": departments, "tag": tags }).to_string();
        self.post("batch/invite", body, Patience::None).await
    }

    /// A picture of the QR code by which people join the corp (doc 91714), for seven days. `size`: 1 to 4, for 171, 399, 741 or
    /// 2,052 pixels. The contacts-sync secret.
    pub async fn join_qrcode(&self, size: u8) -> Result<String> {
        #[derive(Deserialize)]
        struct Answer {
            join_qrcode: String,
        }
        let query = vec![("size_type", size.to_string())];
        let answer: Answer = self.get("corp/get_join_qrcode", query, Patience::Reads).await?;
        Ok(answer.join_qrcode)
    }

    /// Begins an export and gives its id (doc 94849). Files of `rows` rows, 10,000 to 1,000,000, encrypted with `key`.
    pub async fn export(&self, export: Export, key: &FileKey, rows: u32) -> Result<String> {
        let api = match export {
            Export::SimpleMembers => "export/simple_user",
            Export::Members => "export/user",
            Export::Departments => "export/department",
            Export::Tagged(_) => "export/taguser",
        };
        let mut body = json!({ "encoding_aeskey": key.encoded(), "block_size": rows });
        if let Export::Tagged(tag) = export {
            body["tagid"] = json!(tag);
        }
        let job: Job = self.post(api, body.to_string(), Patience::None).await?;
        Ok(job.jobid)
    }

    /// How far an export is (doc 94854).
    pub async fn export_state(&self, jobid: &str) -> Result<ExportState> {
        self.get("export/get_result", vec![("jobid", jobid.to_owned())], Patience::Reads).await
    }

    /// Fetches a file of an export and opens it: the JSON of the list call of the same name.
    pub async fn exported(&self, file: &ExportFile, key: &FileKey) -> Result<Value> {
        let api = "export/get_result";
        let unreadable = |reason: &str| Error::Unknown { api, reason: reason.into() };
        let sealed = self.fetch(api, &file.url).await?;
        if i64::try_from(sealed.len()) != Ok(file.size) {
            return Err(unreadable("the file is not as long as it should be"));
        }
        let plain = key.open(&sealed).map_err(|_| unreadable("the file can't be opened with this key"))?;
        serde_json::from_slice(&plain).map_err(|_| unreadable("the file is not JSON"))
    }
}
