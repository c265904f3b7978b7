//! The app's tile on the workbench (protocol.md §8.3): of one kind for the whole app, filled for each member.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::message::content::text;
use super::{Answer, Call, Refusal, token};
use crate::limits::Limit;
use crate::world::World;

/// Fillings of one member's tile.
const OF_MEMBER: [Limit; 1] = [Limit { count: 10, seconds: 60 }];
const MAX_MEMBERS: usize = 1000;
const MAX_CHARS: usize = 64;
const MAX_LINK: usize = 1024;

/// What stands on the tiles.
#[derive(Debug, Default)]
pub struct Tiles {
    /// `type` and the object of that name; none while the app has no kind.
    template: Option<Tile>,
    /// By lower-cased user id.
    filled: BTreeMap<String, Tile>,
}

/// A tile: its `type`, and the object of that name.
#[derive(Debug, Clone)]
pub struct Tile {
    /// `keydata`, `image`, `list`, `webview` or `normal`.
    pub kind: String,
    /// What stands on it; null where nothing does.
    pub data: Value,
}

impl Tile {
    fn to_json(&self) -> Value {
        let mut tile = json!({ "type": self.kind });
        if !self.data.is_null() {
            tile[&self.kind] = self.data.clone();
        }
        tile
    }
}

impl Tiles {
    /// What a member sees.
    pub fn of(&self, userid: &str) -> Option<&Tile> {
        self.filled.get(&userid.to_lowercase()).or(self.template.as_ref())
    }
}

/// The app's token, and its own id in the body.
fn authorised(world: &World, call: &Call) -> Result<(), Refusal> {
    token::of_app(world, call, Refusal::API_FORBIDDEN)?;
    let id = call.json.get("agentid").ok_or(Refusal::AGENTID_MISSING)?.as_u64().ok_or(Refusal::AGENTID)?;
    if id != u64::from(world.spec.app.agentid) {
        return Err(Refusal::OTHER_AGENT);
    }
    if world.settings.workbench { Ok(()) } else { Err(Refusal::TILES_OFF) }
}

fn read(given: &Map<String, Value>) -> Result<Tile, Refusal> {
    let kind = text(given, "type").ok_or(Refusal::TILE_TYPE)?;
    let data = given.get(kind).filter(|data| !data.is_null());
    match (kind, data) {
        ("normal", _) | ("keydata" | "image" | "list" | "webview", None) => {}
        ("keydata", Some(data)) => {
            let items = items(data, 4, Refusal::TILE_KEYS)?;
            for item in items {
                let value = text(item, "data").ok_or(Refusal::TILE_DATA)?;
                let key = text(item, "key").unwrap_or_default();
                let long = |words: &str| words.chars().count() > MAX_CHARS;
                if long(value) || long(key) {
                    return Err(Refusal::PARAMETER);
                }
                link(item)?;
            }
        }
        ("image", Some(data)) => {
            let data = data.as_object().ok_or(Refusal::TILE_IMAGE)?;
            text(data, "url").filter(|url| url.starts_with("http")).ok_or(Refusal::TILE_IMAGE)?;
            link(data)?;
        }
        ("list", Some(data)) => {
            for item in items(data, 3, Refusal::TILE_LINES)? {
                text(item, "title").filter(|title| title.len() <= 128).ok_or(Refusal::TILE_TITLE)?;
                link(item)?;
            }
        }
        ("webview", Some(data)) => {
            let data = data.as_object().ok_or(Refusal::TILE_PAGE_MISSING)?;
            text(data, "url").filter(|url| url.starts_with("http")).ok_or(Refusal::TILE_PAGE)?;
            if let Some(height) = text(data, "height")
                && !["single_row", "double_row"].contains(&height)
            {
                return Err(Refusal::TILE_HEIGHT);
            }
            link(data)?;
        }
        _ => return Err(Refusal::TILE_TYPE),
    }
    Ok(Tile { kind: kind.to_owned(), data: data.cloned().unwrap_or_default() })
}

fn items(data: &Value, most: usize, too_many: Refusal) -> Result<Vec<&Map<String, Value>>, Refusal> {
    let items = data.get("items").and_then(Value::as_array).ok_or(Refusal::PARAMETER)?;
    if items.len() > most {
        return Err(too_many);
    }
    items.iter().map(|item| item.as_object().ok_or(Refusal::PARAMETER)).collect()
}

fn link(given: &Map<String, Value>) -> Result<(), Refusal> {
    let long = |field: &str| text(given, field).is_some_and(|link| link.len() > MAX_LINK);
    if long("jump_url") || long("pagepath") { Err(Refusal::URL_LENGTH) } else { Ok(()) }
}

/// `agent/set_workbench_template`
pub fn set_template(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let tile = read(&call.json)?;
    let other = world.tiles.template.as_ref().is_none_or(|before| before.kind != tile.kind);
    // What was filled is of the kind before.
    if other || call.json.get("replace_user_data").and_then(Value::as_bool) == Some(true) {
        world.tiles.filled.clear();
    }
    world.tiles.template = Some(tile);
    Ok(json!({}))
}

/// `agent/get_workbench_template`
pub fn template(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let mut answer = world.tiles.template.as_ref().ok_or(Refusal::TILE_NO_TEMPLATE)?.to_json();
    answer["replace_user_data"] = json!(false);
    Ok(answer)
}

/// A tile for members: of the template's kind, and filled.
fn filling(world: &World, given: &Map<String, Value>) -> Result<Tile, Refusal> {
    let template = world.tiles.template.as_ref().ok_or(Refusal::TILE_NO_TEMPLATE)?;
    let tile = read(given)?;
    if tile.kind != template.kind {
        return Err(Refusal::TILE_TYPE);
    }
    match tile.kind.as_str() {
        _ if !tile.data.is_null() => {}
        "keydata" => return Err(Refusal::TILE_KEYS_MISSING),
        "list" => return Err(Refusal::TILE_LINES_MISSING),
        "webview" => return Err(Refusal::TILE_PAGE_MISSING),
        "image" => return Err(Refusal::TILE_IMAGE),
        _ => {}
    }
    let height = |data: &Value| data["height"].as_str().unwrap_or("double_row").to_owned();
    if tile.kind == "webview" && !template.data.is_null() && height(&tile.data) != height(&template.data) {
        return Err(Refusal::TILE_OTHER_HEIGHT);
    }
    Ok(tile)
}

/// The key of a member who sees the app.
fn member(world: &World, userid: &str) -> Result<String, Refusal> {
    let member = world.directory.member(userid).ok_or(Refusal::USER_UNKNOWN)?;
    if world.range.reaches(member) { Ok(member.userid.to_lowercase()) } else { Err(Refusal::OUT_OF_RANGE) }
}

/// `agent/set_workbench_data`
pub fn fill(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let userid = text(&call.json, "userid").ok_or(Refusal::USERID_MISSING)?;
    let (key, tile) = (member(world, userid)?, filling(world, &call.json)?);
    let now = world.now();
    if !world.limits.admit(&format!("tile of {key}"), &OF_MEMBER, now) {
        return Err(Refusal::FREQUENCY);
    }
    world.tiles.filled.insert(key, tile);
    Ok(json!({}))
}

/// `agent/batch_set_workbench_data`
pub fn fill_many(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let list = call.json.get("userid_list").and_then(Value::as_array).ok_or(Refusal::USERIDS)?;
    if list.is_empty() || list.len() > MAX_MEMBERS {
        return Err(Refusal::USERIDS);
    }
    let data = call.json.get("data").and_then(Value::as_object).ok_or(Refusal::TILE_DATA)?;
    let tile = filling(world, data)?;
    let keys: Vec<String> = list
        .iter()
        .map(|userid| userid.as_str().ok_or(Refusal::USERID_INVALID).and_then(|userid| member(world, userid)))
        .collect::<Result<_, _>>()?;
    world.tiles.filled.extend(keys.into_iter().map(|key| (key, tile.clone())));
    Ok(json!({}))
}

/// `agent/get_workbench_data`
pub fn filled(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let userid = text(&call.json, "userid").ok_or(Refusal::USERID_MISSING)?;
    let key = member(world, userid)?;
    let tile = world.tiles.of(&key).ok_or(Refusal::TILE_NO_TEMPLATE)?;
    Ok(json!({ "data": tile.to_json() }))
}
