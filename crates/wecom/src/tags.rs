//! Tags (docs 90210 to 90216). An app may change those it made (81011), and sees of each the members of its range.

use serde::Deserialize;
use serde_json::json;

use crate::client::{Client, Done, Patience};
use crate::contacts::DepartmentId;
use crate::error::Result;
use crate::lenient;

/// A tag's head.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Tag {
    /// Its id.
    #[serde(rename = "tagid", deserialize_with = "lenient::number")]
    pub id: u32,
    /// 1 to 32 characters, unique.
    #[serde(rename = "tagname")]
    pub name: String,
}

/// Who has a tag.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tagged {
    /// User ids.
    pub members: Vec<String>,
    /// Departments, with everyone below them.
    pub departments: Vec<DepartmentId>,
}

impl Client {
    /// All tags (doc 90216).
    pub async fn tags(&self) -> Result<Vec<Tag>> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default, deserialize_with = "lenient::items")]
            taglist: Vec<Tag>,
        }
        let answer: Answer = self.get("tag/list", Vec::new(), Patience::Reads).await?;
        Ok(answer.taglist)
    }

    /// Who has a tag (doc 90213).
    pub async fn tagged(&self, id: u32) -> Result<Tagged> {
        #[derive(Deserialize)]
        struct User {
            userid: String,
        }
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default, deserialize_with = "lenient::items")]
            userlist: Vec<User>,
            #[serde(default, deserialize_with = "lenient::numbers")]
            partylist: Vec<DepartmentId>,
        }
        let answer: Answer = self.get("tag/get", vec![("tagid", id.to_string())], Patience::Reads).await?;
        let members = answer.userlist.into_iter().map(|user| user.userid).collect();
        Ok(Tagged { members, departments: answer.partylist })
    }

    /// Makes a tag and gives its id (doc 90210).
    pub async fn create_tag(&self, name: &str) -> Result<u32> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(deserialize_with = "lenient::number")]
            tagid: u32,
        }
        let body = json!({ "tagname": name }).to_string();
        let answer: Answer = self.post("tag/create", body, Patience::None).await?;
        Ok(answer.tagid)
    }

    /// Renames a tag (doc 90211).
    pub async fn rename_tag(&self, id: u32, name: &str) -> Result<()> {
        let body = json!({ "tagid": id, "tagname": name }).to_string();
        let Done {} = self.post("tag/update", body, Patience::None).await?;
        Ok(())
    }

    /// Deletes a tag (doc 90212).
    pub async fn delete_tag(&self, id: u32) -> Result<()> {
        let Done {} = self.get("tag/delete", vec![("tagid", id.to_string())], Patience::None).await?;
        Ok(())
    }

    /// Gives members and departments a tag, at most 1000 and 100 (doc 90214). Comes back with those that are not there; if none
    /// is, with 40070.
    pub async fn tag(&self, id: u32, whom: &Tagged) -> Result<Tagged> {
        self.change_tag("tag/addtagusers", id, whom).await
    }

    /// Takes a tag from members and departments (doc 90215).
    pub async fn untag(&self, id: u32, whom: &Tagged) -> Result<Tagged> {
        self.change_tag("tag/deltagusers", id, whom).await
    }

    async fn change_tag(&self, api: &'static str, id: u32, whom: &Tagged) -> Result<Tagged> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default, deserialize_with = "lenient::texts")]
            invalidlist: Vec<String>,
            #[serde(default, deserialize_with = "lenient::numbers")]
            invalidparty: Vec<DepartmentId>,
        }
        let body =
            json!({ "tagid": id, "userlist": whom.members, "partylist": whom.departments }).to_string();
        let answer: Answer = self.post(api, body, Patience::Reads).await?;
        Ok(Tagged { members: answer.invalidlist, departments: answer.invalidparty })
    }
}
