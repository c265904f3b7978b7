//! What the app shows on its tile of the workbench (doc 92535): of one kind for the whole app, filled for each member. The
//! administrator must have switched the app to it (94000 otherwise).

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::client::{Client, Done, Patience};
use crate::error::{Error, Result};
use crate::lenient;
use crate::message::{MessageError, at_most, filled, within};

/// Members one call may fill tiles of.
pub const MAX_TILES: usize = 1000;
/// Keys a tile shows.
pub const MAX_KEYS: usize = 4;
const MAX_LINES: usize = 3;
const MAX_CHARS: usize = 64;
const MAX_LINE_BYTES: usize = 128;
const MAX_LINK_BYTES: usize = 1024;

/// A tile, of one of five kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tile {
    /// The icon alone.
    Normal,
    /// Up to four figures side by side.
    Keys(Vec<TileKey>),
    /// A picture, best 3.35 wide to 1 high.
    Picture(TilePicture),
    /// Up to three lines.
    Lines(Vec<TileLine>),
    /// A page within the tile.
    Page(TilePage),
}

/// Where a tap leads; the app's home page where neither is given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TileLink {
    /// A page, where the app's home is one; at most 1024 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jump_url: Option<String>,
    /// A page of a mini program, where the app's home is one; at most 1024 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pagepath: Option<String>,
}

impl TileLink {
    /// Leads to a page.
    pub fn page(url: impl Into<String>) -> Self {
        TileLink { jump_url: Some(url.into()), pagepath: None }
    }

    fn check(&self) -> Result<(), MessageError> {
        let links = [&self.jump_url, &self.pagepath];
        links
            .into_iter()
            .flatten()
            .try_for_each(|link| within("jump_url", link.len(), "bytes", MAX_LINK_BYTES))
    }
}

/// A figure with its name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TileKey {
    /// At most 64 characters.
    pub key: String,
    /// At most 64 characters; a text, also where it is a number.
    pub data: String,
    /// Where a tap leads.
    #[serde(flatten)]
    pub link: TileLink,
}

/// A picture.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TilePicture {
    /// Where it is.
    pub url: String,
    /// Where a tap leads.
    #[serde(flatten)]
    pub link: TileLink,
}

/// A line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TileLine {
    /// At most 128 bytes.
    pub title: String,
    /// Where a tap leads.
    #[serde(flatten)]
    pub link: TileLink,
}

/// A page within the tile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TilePage {
    /// Where it is.
    pub url: String,
    /// Where a tap leads; not where the page takes taps itself.
    #[serde(flatten)]
    pub link: TileLink,
    /// `single_row` (106 px) or `double_row` (171 px, the usual).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<String>,
    /// Whether the app's name above it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hide_title: Option<bool>,
    /// Whether the page takes taps itself; its links then are `wxwork://openurl?url=…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_webview_click: Option<bool>,
}

impl Tile {
    /// WeCom's name of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Tile::Normal => "normal",
            Tile::Keys(_) => "keydata",
            Tile::Picture(_) => "image",
            Tile::Lines(_) => "list",
            Tile::Page(_) => "webview",
        }
    }

    /// Whether WeCom would take it. The error names the part.
    pub fn check(&self) -> Result<(), MessageError> {
        match self {
            Tile::Normal => Ok(()),
            Tile::Keys(keys) => {
                at_most("keydata.items", keys.len(), MAX_KEYS)?;
                keys.iter().try_for_each(|key| {
                    within("keydata.data", key.data.chars().count(), "characters", MAX_CHARS)?;
                    at_most("keydata.key", key.key.chars().count(), MAX_CHARS)?;
                    key.link.check()
                })
            }
            Tile::Picture(picture) => {
                filled("image.url", &picture.url)?;
                picture.link.check()
            }
            Tile::Lines(lines) => {
                at_most("list.items", lines.len(), MAX_LINES)?;
                lines.iter().try_for_each(|line| {
                    within("list.title", line.title.len(), "bytes", MAX_LINE_BYTES)?;
                    line.link.check()
                })
            }
            Tile::Page(page) => {
                filled("webview.url", &page.url)?;
                page.link.check()
            }
        }
    }

    fn to_json(&self) -> Result<Value> {
        self.check().map_err(|error| Error::Settings(error.to_string()))?;
        let kind = self.kind();
        let mut tile = json!({ "type": kind });
        match self {
            Tile::Normal => {}
            Tile::Keys(keys) => tile[kind] = json!({ "items": keys }),
            Tile::Picture(picture) => tile[kind] = json!(picture),
            Tile::Lines(lines) => tile[kind] = json!({ "items": lines }),
            Tile::Page(page) => tile[kind] = json!(page),
        }
        Ok(tile)
    }
}

/// A tile as WeCom gives it back.
#[derive(Deserialize)]
struct Given {
    #[serde(rename = "type", default)]
    kind: String,
    #[serde(default)]
    keydata: Option<Items<TileKey>>,
    #[serde(default)]
    image: Option<TilePicture>,
    #[serde(default)]
    list: Option<Items<TileLine>>,
    #[serde(default)]
    webview: Option<TilePage>,
}

#[derive(Deserialize)]
struct Items<T: serde::de::DeserializeOwned> {
    #[serde(default, deserialize_with = "lenient::items")]
    items: Vec<T>,
}

impl Given {
    fn tile(self) -> Tile {
        match self.kind.as_str() {
            "keydata" => Tile::Keys(self.keydata.map(|keys| keys.items).unwrap_or_default()),
            "image" => Tile::Picture(self.image.unwrap_or_default()),
            "list" => Tile::Lines(self.list.map(|list| list.items).unwrap_or_default()),
            "webview" => Tile::Page(self.webview.unwrap_or_default()),
            // What WeCom may add later is drawn as the icon.
            _ => Tile::Normal,
        }
    }
}

impl Client {
    /// Sets the kind of the app's tiles, and what stands on those that were not filled; `replace` empties those that were.
    pub async fn set_workbench_template(&self, tile: &Tile, replace: bool) -> Result<()> {
        let mut body = tile.to_json()?;
        body["agentid"] = json!(self.agent_id());
        body["replace_user_data"] = json!(replace);
        let Done {} = self.post("agent/set_workbench_template", body.to_string(), Patience::Reads).await?;
        Ok(())
    }

    /// The kind of the app's tiles, and what stands on those that were not filled.
    pub async fn workbench_template(&self) -> Result<Tile> {
        let body = json!({ "agentid": self.agent_id() }).to_string();
        let given: Given = self.post("agent/get_workbench_template", body, Patience::Reads).await?;
        Ok(given.tile())
    }

    /// Fills one member's tile; of the template's kind. At most ten times a minute for each member.
    pub async fn set_workbench_tile(&self, userid: &str, tile: &Tile) -> Result<()> {
        let mut body = tile.to_json()?;
        body["agentid"] = json!(self.agent_id());
        body["userid"] = json!(userid);
        let Done {} = self.post("agent/set_workbench_data", body.to_string(), Patience::Reads).await?;
        Ok(())
    }

    /// Fills the same on the tiles of up to [`MAX_TILES`] members; of the template's kind. At most 100,000 members a minute.
    pub async fn set_workbench_tiles(&self, userids: &[String], tile: &Tile) -> Result<()> {
        let data = tile.to_json()?;
        let body = json!({ "agentid": self.agent_id(), "userid_list": userids, "data": data }).to_string();
        let Done {} = self.post("agent/batch_set_workbench_data", body, Patience::Reads).await?;
        Ok(())
    }

    /// What stands on a member's tile.
    pub async fn workbench_tile(&self, userid: &str) -> Result<Tile> {
        #[derive(Deserialize)]
        struct Answer {
            data: Given,
        }
        let body = json!({ "agentid": self.agent_id(), "userid": userid }).to_string();
        let answer: Answer = self.post("agent/get_workbench_data", body, Patience::Reads).await?;
        Ok(answer.data.tile())
    }
}
