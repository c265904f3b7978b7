//! Reading the directory (docs 90208, 95350, 95351, 90196, 90200, 90201, 96067).
//!
//! Two secrets see two halves of it: the contacts-sync secret lists ids of the whole corp, the app's secret
//! reads names and positions inside the app's visible range. What WeCom withholds is absent, null or empty,
//! and arrives here as `None`, which means "not known" and never "empty".

use futures_util::Stream;
use serde::Deserialize;

use crate::client::{Client, Patience};
use crate::error::Result;
use crate::lenient;
use crate::pages::Paging;

/// A department's id, WeCom's own. The root is 1.
pub type DepartmentId = i32;

/// Rows of one page of [`Client::member_ids`]; WeCom's maximum.
const PAGE: u32 = 10_000;

/// A department without its name, as the contacts-sync secret sees it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DepartmentNode {
    /// Its id.
    #[serde(deserialize_with = "lenient::number")]
    pub id: DepartmentId,
    /// The department above; 0 at the root. May lie outside what the secret sees.
    #[serde(default, rename = "parentid", deserialize_with = "lenient::number")]
    pub parent_id: DepartmentId,
    /// Larger sorts first; 0 to 2³²−1.
    #[serde(default, deserialize_with = "lenient::number")]
    pub order: i64,
}

/// A department.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Department {
    /// Its id.
    #[serde(deserialize_with = "lenient::number")]
    pub id: DepartmentId,
    /// Its name; none when withheld.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub name: Option<String>,
    /// The department above; 0 at the root. May lie outside what the secret sees.
    #[serde(default, rename = "parentid", deserialize_with = "lenient::number")]
    pub parent_id: DepartmentId,
    /// Larger sorts first; 0 to 2³²−1.
    #[serde(default, deserialize_with = "lenient::number")]
    pub order: i64,
    /// User ids of leaders inside the visible range.
    #[serde(default, rename = "department_leader", deserialize_with = "lenient::texts")]
    pub leaders: Vec<String>,
}

/// A member in one department.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MemberId {
    /// As WeCom gives it; compare lower-cased.
    pub userid: String,
    /// One of the member's departments.
    #[serde(deserialize_with = "lenient::number")]
    pub department: DepartmentId,
}

/// A member with the little `user/simplelist` tells.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct SimpleMember {
    /// As WeCom gives it; compare lower-cased.
    pub userid: String,
    /// None when withheld.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub name: Option<String>,
    /// The departments this app may see.
    #[serde(default, deserialize_with = "lenient::numbers")]
    pub department: Vec<DepartmentId>,
}

/// A member. Fields that need the member's consent (phone, mail, gender, picture) are not here: a new
/// app never gets them by these calls.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// As WeCom gives it; compare lower-cased.
    pub userid: String,
    /// None when withheld.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub name: Option<String>,
    /// The departments this app may see.
    #[serde(default, deserialize_with = "lenient::numbers")]
    pub department: Vec<DepartmentId>,
    /// Place in each department, in the order of `department`; larger sorts first.
    #[serde(default, deserialize_with = "lenient::aligned_numbers")]
    pub order: Vec<Option<i64>>,
    /// Whether the member leads each department, in the order of `department`.
    #[serde(default, deserialize_with = "lenient::aligned_numbers")]
    pub is_leader_in_dept: Vec<Option<i64>>,
    /// Job title.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub position: Option<String>,
    /// 1 activated, 2 disabled, 4 not activated, 5 left.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub status: Option<i16>,
    /// The department the member is counted under, if this app may see it.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub main_department: Option<DepartmentId>,
}

/// Names people: shown by user id only, so that no log line carries a name.
macro_rules! debug_by_userid {
    ($($kind:ident),*) => {$(
        impl std::fmt::Debug for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($kind)).field("userid", &self.userid).finish_non_exhaustive()
            }
        }
    )*};
}
debug_by_userid!(SimpleMember, Member);

#[derive(Deserialize)]
struct UserList<T> {
    #[serde(
        default = "Vec::new",
        deserialize_with = "lenient::items",
        bound(deserialize = "T: serde::de::DeserializeOwned")
    )]
    userlist: Vec<T>,
}

impl Client {
    /// Ids of all departments the secret sees, or of one and all below it (doc 95350). Any secret may ask.
    pub async fn department_nodes(&self, under: Option<DepartmentId>) -> Result<Vec<DepartmentNode>> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default, deserialize_with = "lenient::items")]
            department_id: Vec<DepartmentNode>,
        }
        let answer: Answer = self.get("department/simplelist", id_query(under), Patience::Reads).await?;
        Ok(answer.department_id)
    }

    /// All departments the app sees, or one and all below it, with names (doc 90208). The app's secret.
    pub async fn departments(&self, under: Option<DepartmentId>) -> Result<Vec<Department>> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default, deserialize_with = "lenient::items")]
            department: Vec<Department>,
        }
        let answer: Answer = self.get("department/list", id_query(under), Patience::Reads).await?;
        Ok(answer.department)
    }

    /// One department (doc 95351). The app's secret.
    pub async fn department(&self, id: DepartmentId) -> Result<Department> {
        #[derive(Deserialize)]
        struct Answer {
            department: Department,
        }
        let answer: Answer = self.get("department/get", id_query(Some(id)), Patience::Reads).await?;
        Ok(answer.department)
    }

    /// Every member of the corp with every department, page by page (doc 96067). The contacts-sync secret only.
    pub fn member_ids(&self) -> impl Stream<Item = Result<Vec<MemberId>>> + Send + 'static + use<> {
        let mut body = serde_json::Map::new();
        body.insert("limit".into(), PAGE.into());
        self.pages("user/list_id", Paging::Cursor, body, "/dept_user")
    }

    /// Direct members of a department (doc 90201). The app's secret.
    pub async fn members(&self, department: DepartmentId) -> Result<Vec<Member>> {
        let query = vec![("department_id", department.to_string())];
        let answer: UserList<Member> = self.get("user/list", query, Patience::Reads).await?;
        Ok(answer.userlist)
    }

    /// Direct members of a department, names only (doc 90200). The app's secret.
    pub async fn simple_members(&self, department: DepartmentId) -> Result<Vec<SimpleMember>> {
        let query = vec![("department_id", department.to_string())];
        let answer: UserList<SimpleMember> = self.get("user/simplelist", query, Patience::Reads).await?;
        Ok(answer.userlist)
    }

    /// One member (doc 90196). The app's secret.
    pub async fn member(&self, userid: &str) -> Result<Member> {
        self.get("user/get", vec![("userid", userid.to_owned())], Patience::Reads).await
    }
}

fn id_query(id: Option<DepartmentId>) -> Vec<(&'static str, String)> {
    id.map(|id| ("id", id.to_string())).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_read_however_wecom_writes_it() {
        let full: Member = serde_json::from_str(
            r#"{"userid":"Zhang.San","name":"张三","department":[12,"15"],"order":[1,4294967295],"position":"",
                "is_leader_in_dept":[1,0],"main_department":"12","status":1,"gender":"0","new_field":{"a":[1]}}"#,
        )
        .unwrap();
        assert_eq!(full.department, [12, 15]);
        assert_eq!(full.order, [Some(1), Some(4_294_967_295)]);
        assert_eq!((full.main_department, full.status, full.position), (Some(12), Some(1), None));

        let withheld: Member =
            serde_json::from_str(r#"{"userid":"li.si","name":"","department":null,"status":null}"#).unwrap();
        assert_eq!((withheld.name, withheld.department.len(), withheld.status), (None, 0, None));

        let joined: Member =
            serde_json::from_str(r#"{"userid":"a","department":"1,2,3","is_leader_in_dept":"1,x,0"}"#)
                .unwrap();
        assert_eq!(joined.department, [1, 2, 3]);
        assert_eq!(joined.is_leader_in_dept, [Some(1), None, Some(0)]);
    }

    #[test]
    fn members_print_no_name() {
        let member: Member =
            serde_json::from_str(r#"{"userid":"a","name":"张三","position":"辅导员"}"#).unwrap();
        assert_eq!(format!("{member:?}"), "Member { userid: \"a\", .. }");
    }
}
