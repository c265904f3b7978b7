//! The app's menu below its conversation (docs 90231 to 90233): up to three buttons, each with up to five below it.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::{Client, Done, Patience};
use crate::error::{Error, Result};
use crate::lenient;

/// No menu is set.
const NONE: i64 = 46003;

/// A button, or the name over up to five of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MenuButton {
    /// At most 16 bytes, below another 40.
    pub name: String,
    /// `click`, `view`, `scancode_push`, `scancode_waitmsg`, `pic_sysphoto`, `pic_photo_or_album`, `pic_weixin`,
    /// `location_select` or `view_miniprogram`; none over others.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What comes back, at most 128 bytes; not for `view` and `view_miniprogram`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Of `view`, at most 1024 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Of `view_miniprogram`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub appid: Option<String>,
    /// Of `view_miniprogram`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pagepath: Option<String>,
    /// Below it.
    #[serde(
        rename = "sub_button",
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "lenient::items"
    )]
    pub below: Vec<MenuButton>,
}

impl MenuButton {
    /// Opens a page.
    pub fn page(name: impl Into<String>, url: impl Into<String>) -> Self {
        MenuButton { name: name.into(), kind: Some("view".into()), url: Some(url.into()), ..Self::default() }
    }

    /// Comes back as the event `click` with this key.
    pub fn click(name: impl Into<String>, key: impl Into<String>) -> Self {
        MenuButton { name: name.into(), kind: Some("click".into()), key: Some(key.into()), ..Self::default() }
    }
}

impl Client {
    fn own_agent(&self) -> Vec<(&'static str, String)> {
        vec![("agentid", self.agent_id().unwrap_or_default().to_string())]
    }

    /// Puts this menu in the place of the one before (doc 90231).
    pub async fn set_menu(&self, buttons: &[MenuButton]) -> Result<()> {
        let body = json!({ "button": buttons }).to_string();
        let Done {} = self.post_with("menu/create", self.own_agent(), body, Patience::Reads).await?;
        Ok(())
    }

    /// The menu; empty where none is set (doc 90232).
    pub async fn menu(&self) -> Result<Vec<MenuButton>> {
        #[derive(Deserialize)]
        struct Answer {
            #[serde(default, deserialize_with = "lenient::items")]
            button: Vec<MenuButton>,
        }
        match self.get::<Answer>("menu/get", self.own_agent(), Patience::Reads).await {
            Ok(answer) => Ok(answer.button),
            Err(Error::Api(error)) if error.code == NONE => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Takes the menu away (doc 90233).
    pub async fn delete_menu(&self) -> Result<()> {
        let Done {} = self.get("menu/delete", self.own_agent(), Patience::Reads).await?;
        Ok(())
    }
}
