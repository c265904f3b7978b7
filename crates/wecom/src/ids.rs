//! From one name of a person to another (docs 95402, 95895, 90202). Nobody's number or address meets 46004 or 60146 to 60148; when more
//! than a fifth of the corp's size was asked in vain, WeCom bars the call for a day.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::{Client, Patience};
use crate::error::Result;

/// Which of a member's addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mailbox {
    /// The corp's.
    Corp,
    /// Their own.
    Own,
}

#[derive(Deserialize)]
struct Found {
    userid: String,
}

impl Client {
    async fn userid(&self, api: &'static str, body: Value) -> Result<String> {
        let found: Found = self.post(api, body.to_string(), Patience::Reads).await?;
        Ok(found.userid)
    }

    /// The user id that belongs to a mobile number (doc 95402).
    pub async fn userid_of_mobile(&self, mobile: &str) -> Result<String> {
        self.userid("user/getuserid", json!({ "mobile": mobile })).await
    }

    /// The user id that belongs to an address (doc 95895).
    pub async fn userid_of_email(&self, email: &str, mailbox: Mailbox) -> Result<String> {
        let kind = if mailbox == Mailbox::Corp { 1 } else { 2 };
        self.userid("user/get_userid_by_email", json!({ "email": email, "email_type": kind })).await
    }

    /// The user id that belongs to an open id (doc 90202).
    pub async fn userid_of_openid(&self, openid: &str) -> Result<String> {
        self.userid("user/convert_to_userid", json!({ "openid": openid })).await
    }

    /// A member's open id, for payments (doc 90202); 43004 if they never used WeChat with this corp.
    pub async fn openid_of(&self, userid: &str) -> Result<String> {
        #[derive(Deserialize)]
        struct Answer {
            openid: String,
        }
        let body = json!({ "userid": userid }).to_string();
        let answer: Answer = self.post("user/convert_to_openid", body, Patience::Reads).await?;
        Ok(answer.openid)
    }
}
