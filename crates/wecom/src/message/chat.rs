//! Group chats of the app (docs 90244, 90245, 98913, 98914, 90248). Only for apps that the whole corp sees (48002
//! otherwise); members of the corp only, and chats that this app made (86008).

use serde::{Deserialize, Serialize};

use super::{Content, MessageError, filled, within};
use crate::client::{Client, Patience};
use crate::error::Result;
use crate::lenient;

/// Characters of a chat's name; WeCom cuts what is longer.
const MAX_NAME_CHARS: usize = 50;

/// A chat to make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NewChat {
    /// At most 50 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// One of the members; WeCom picks one where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// 2 to 2000 user ids.
    pub userlist: Vec<String>,
    /// At most 32 letters and digits, unique in the corp (86215); WeCom makes one up where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chatid: Option<String>,
}

/// What is to change of a chat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ChatChange {
    /// Which.
    pub chatid: String,
    /// The new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The new owner; needed when the old one is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// To come in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub add_user_list: Vec<String>,
    /// To go out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub del_user_list: Vec<String>,
}

/// A chat as it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Chat {
    /// Its id.
    pub chatid: String,
    /// Its name.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub name: Option<String>,
    /// Its owner.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub owner: Option<String>,
    /// Its members.
    #[serde(default, deserialize_with = "lenient::texts")]
    pub userlist: Vec<String>,
    /// 0 an ordinary one, 1 of a course.
    #[serde(default, deserialize_with = "lenient::optional_number")]
    pub chat_type: Option<i64>,
}

/// A message into a chat. Template cards and mini programs' notices can't be sent there.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatMessage {
    /// Which chat.
    pub chatid: String,
    /// What it shows.
    pub content: Content,
    /// Who is mentioned in a text: user ids, or `@all`.
    pub mentioned: Vec<String>,
    /// No forwarding, and a watermark.
    pub confidential: bool,
}

impl NewChat {
    fn check(&self) -> Result<(), MessageError> {
        if self.userlist.len() < 2 {
            return Err(MessageError::NoRecipient);
        }
        within("userlist", self.userlist.len(), "entries", 2000)?;
        if let Some(name) = &self.name {
            within("the name", name.chars().count(), "characters", MAX_NAME_CHARS)?;
        }
        match &self.chatid {
            Some(id) if !id.chars().all(|c| c.is_ascii_alphanumeric()) => {
                Err(MessageError::Unexpected("chatid"))
            }
            Some(id) => within("chatid", id.len(), "characters", 32),
            None => Ok(()),
        }
    }
}

impl ChatMessage {
    /// The exact bytes of the call, after checking every limit.
    pub fn to_body(&self) -> Result<String, MessageError> {
        filled("chatid", &self.chatid)?;
        match self.content {
            Content::TemplateCard(_) => return Err(MessageError::Unexpected("template_card")),
            Content::MiniProgramNotice(_) => return Err(MessageError::Unexpected("miniprogram_notice")),
            _ => self.content.check()?,
        }
        let kind = self.content.msgtype();
        let mut body = serde_json::to_value(&self.content).unwrap_or_default();
        body["chatid"] = self.chatid.as_str().into();
        body["msgtype"] = kind.into();
        if !self.mentioned.is_empty() {
            if kind != "text" {
                return Err(MessageError::Unexpected("mentioned_list"));
            }
            body["text"]["mentioned_list"] = self.mentioned.clone().into();
        }
        if self.confidential {
            body["safe"] = 1.into();
        }
        Ok(body.to_string())
    }
}

impl Client {
    /// Makes a chat and gives its id (doc 90245). It may stay invisible until the first message.
    pub async fn create_chat(&self, chat: &NewChat) -> Result<String> {
        #[derive(Deserialize)]
        struct Answer {
            chatid: String,
        }
        chat.check()?;
        let body = serde_json::to_string(chat).unwrap_or_default();
        let answer: Answer = self.post("appchat/create", body, Patience::None).await?;
        Ok(answer.chatid)
    }

    /// Renames a chat, gives it another owner, lets members in and out (doc 98913).
    pub async fn update_chat(&self, change: &ChatChange) -> Result<()> {
        #[derive(Deserialize)]
        struct Answer {}
        filled("chatid", &change.chatid)?;
        let body = serde_json::to_string(change).unwrap_or_default();
        let Answer {} = self.post("appchat/update", body, Patience::None).await?;
        Ok(())
    }

    /// A chat (doc 98914).
    pub async fn chat(&self, chatid: &str) -> Result<Chat> {
        #[derive(Deserialize)]
        struct Answer {
            chat_info: Chat,
        }
        let answer: Answer =
            self.get("appchat/get", vec![("chatid", chatid.to_owned())], Patience::Reads).await?;
        Ok(answer.chat_info)
    }

    /// Sends into a chat, by [`ChatMessage::to_body`] (doc 90248). There is no duplicate check and no message id.
    pub async fn send_to_chat(&self, body: &str) -> Result<()> {
        #[derive(Deserialize)]
        struct Answer {}
        let Answer {} = self.post("appchat/send", body.to_owned(), Patience::None).await?;
        Ok(())
    }
}
