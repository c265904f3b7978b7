//! The app's menu below its conversation (protocol.md §8.2).

use serde_json::{Map, Value, json};

use super::message::content::text;
use super::{Answer, Call, Refusal, token};
use crate::world::World;

const TYPES: [&str; 9] = [
    "click",
    "view",
    "scancode_push",
    "scancode_waitmsg",
    "pic_sysphoto",
    "pic_photo_or_album",
    "pic_weixin",
    "location_select",
    "view_miniprogram",
];

fn authorised(world: &World, call: &Call) -> Result<(), Refusal> {
    token::of_app(world, call, Refusal::API_FORBIDDEN)?;
    let id: u32 =
        call.parameter("agentid").ok_or(Refusal::AGENTID_MISSING)?.parse().map_err(|_| Refusal::AGENTID)?;
    if id == world.spec.app.agentid { Ok(()) } else { Err(Refusal::OTHER_AGENT) }
}

/// `menu/create`
pub fn create(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    let buttons = call.json.get("button").and_then(Value::as_array).ok_or(Refusal::MENU_BUTTONS)?;
    if buttons.is_empty() || buttons.len() > 3 {
        return Err(Refusal::MENU_BUTTONS);
    }
    for button in buttons.iter().filter_map(Value::as_object) {
        name(button, 16, Refusal::MENU_NAME)?;
        match button.get("sub_button").and_then(Value::as_array).filter(|below| !below.is_empty()) {
            None => action(button, &TOP)?,
            Some(below) if below.len() > 5 => return Err(Refusal::SUBMENU_BUTTONS),
            Some(below) => {
                for button in below.iter().filter_map(Value::as_object) {
                    name(button, 40, Refusal::SUBMENU_NAME)?;
                    action(button, &BELOW)?;
                }
            }
        }
    }
    world.menu = buttons.clone();
    Ok(json!({}))
}

fn name(button: &Map<String, Value>, bytes: usize, refusal: Refusal) -> Result<(), Refusal> {
    text(button, "name").filter(|name| name.len() <= bytes).map(drop).ok_or(refusal)
}

/// The codes differ between the two floors.
struct Floor {
    kind: Refusal,
    key: Refusal,
    url: Refusal,
}

const TOP: Floor = Floor { kind: Refusal::MENU_TYPE, key: Refusal::MENU_KEY, url: Refusal::MENU_URL };
const BELOW: Floor =
    Floor { kind: Refusal::SUBMENU_TYPE, key: Refusal::SUBMENU_KEY, url: Refusal::SUBMENU_URL };

fn action(button: &Map<String, Value>, floor: &Floor) -> Result<(), Refusal> {
    let kind = text(button, "type").filter(|kind| TYPES.contains(kind)).ok_or(floor.kind)?;
    match kind {
        "view" => {
            let url = text(button, "url").filter(|url| url.len() <= 1024).ok_or(floor.url)?;
            if url.starts_with("http") || url.starts_with("weixin://") {
                Ok(())
            } else {
                Err(Refusal::MENU_URL_SCHEME)
            }
        }
        "view_miniprogram" => text(button, "appid").map(drop).ok_or(Refusal::APPID_MISSING),
        _ => text(button, "key").filter(|key| key.len() <= 128).map(drop).ok_or(floor.key),
    }
}

/// `menu/get`
pub fn get(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    if world.menu.is_empty() { Err(Refusal::MENU_NONE) } else { Ok(json!({ "button": world.menu })) }
}

/// `menu/delete`
pub fn delete(world: &mut World, call: &Call) -> Answer {
    authorised(world, call)?;
    world.menu.clear();
    Ok(json!({}))
}
