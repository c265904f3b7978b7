//! Cards that were sent, changed in place (doc 94888).

use serde::{Deserialize, Serialize};

use super::card::{TemplateCard, Use};
use super::{MAX_DEPARTMENTS, MAX_RECIPIENTS, MAX_TAGS, MessageError, To, at_most, filled};
use crate::client::{Client, Patience};
use crate::contacts::DepartmentId;
use crate::error::Result;
use crate::lenient;

/// A change of a card for some of those who got it. Its code is used up by it; the next click brings another.
#[derive(Debug, Clone, PartialEq)]
pub struct CardUpdate {
    /// For whom it changes; everyone is everyone who got the message.
    pub to: To,
    /// The app that sent it.
    pub agent_id: i64,
    /// Of the answer to sending ([`Sent::response_code`](super::Sent::response_code)) or of the click; lives 72 hours.
    pub response_code: String,
    /// What changes.
    pub change: Change,
}

/// What becomes of a card.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Its buttons can't be pressed any more and say this.
    Disable(String),
    /// Another card stands in its place, of any kind.
    Replace(Box<TemplateCard>),
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    userids: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    partyids: &'a [DepartmentId],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tagids: &'a [u32],
    #[serde(skip_serializing_if = "Option::is_none")]
    atall: Option<u8>,
    agentid: i64,
    response_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    button: Option<Button<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template_card: Option<&'a TemplateCard>,
}

#[derive(Serialize)]
struct Button<'a> {
    replace_name: &'a str,
}

impl CardUpdate {
    /// The exact bytes of the call, after checking every limit.
    pub fn to_body(&self) -> Result<String, MessageError> {
        filled("response_code", &self.response_code)?;
        let (userids, partyids, tagids, atall): (&[_], &[_], &[_], _) = match &self.to {
            To::EveryoneWhoSeesTheApp => (&[], &[], &[], Some(1)),
            To::Some { members, departments, tags } => {
                if members.is_empty() && departments.is_empty() && tags.is_empty() {
                    return Err(MessageError::NoRecipient);
                }
                at_most("members", members.len(), MAX_RECIPIENTS)?;
                at_most("departments", departments.len(), MAX_DEPARTMENTS)?;
                at_most("tags", tags.len(), MAX_TAGS)?;
                (members, departments, tags, None)
            }
        };
        let (button, template_card) = match &self.change {
            Change::Disable(text) => {
                filled("the button", text)?;
                (Some(Button { replace_name: text }), None)
            }
            Change::Replace(card) => {
                card.check(Use::Update)?;
                (None, Some(&**card))
            }
        };
        let body = Body {
            userids,
            partyids,
            tagids,
            atall,
            agentid: self.agent_id,
            response_code: &self.response_code,
            button,
            template_card,
        };
        Ok(serde_json::to_string(&body).unwrap_or_default())
    }
}

impl Client {
    /// Changes a card, by [`CardUpdate::to_body`]. Gives the lower-cased user ids for whom it could not. A code that
    /// was used or is older than 72 hours is refused (60140); so is one who did not get the message (82102).
    pub async fn update_card(&self, body: &str) -> Result<Vec<String>> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default, deserialize_with = "lenient::texts")]
            invaliduser: Vec<String>,
        }
        let answer: Answer =
            self.post("message/update_template_card", body.to_owned(), Patience::None).await?;
        Ok(answer.invaliduser.into_iter().map(|id| id.to_lowercase()).collect())
    }
}
