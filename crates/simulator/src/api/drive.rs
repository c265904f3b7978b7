//! The drive and the app's own spaces in it (platform-data.md §4).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::message::content::text;
use super::usage::authorised;
use super::{Answer, Call, Refusal};
use crate::random;
use crate::world::World;

/// Names of the app's spaces by id.
pub type Spaces = BTreeMap<String, String>;

/// `wedrive/mng_capacity`: the free 100 GB.
pub fn capacity(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "drive")?;
    Ok(json!({ "total_capacity_for_all": 107_374_182_400_i64, "total_capacity_for_vip": 0 }))
}

/// `wedrive/mng_pro_info`: not a paid one.
pub fn edition(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "drive")?;
    Ok(json!({ "is_pro": false, "total_vip_acct_num": 0, "use_vip_acct_num": 0, "pro_expire_time": 0 }))
}

/// `wedrive/space_create`
pub fn create_space(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "drive")?;
    let name = text(&call.json, "space_name").ok_or(Refusal::PARAMETER)?.to_owned();
    let access = call.json.get("auth_info").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let managers = access.iter().filter(|one| one["auth"].as_u64() == Some(7)).count();
    // To look without downloading is for paid drives.
    if managers > 3 || access.iter().any(|one| ![Some(1), Some(7)].contains(&one["auth"].as_u64())) {
        return Err(Refusal::PARAMETER);
    }
    let id = format!("s.{}", random::text(40));
    world.spaces.insert(id.clone(), name);
    Ok(json!({ "spaceid": id }))
}

fn own<'a>(world: &'a World, call: &'a Call) -> Result<(&'a str, &'a String), Refusal> {
    authorised(world, call, "drive")?;
    let id = text(&call.json, "spaceid").ok_or(Refusal::PARAMETER)?;
    Ok((id, world.spaces.get(id).ok_or(Refusal::NO_PRIVILEGE)?))
}

/// `wedrive/new_space_info`
pub fn space(world: &mut World, call: &Call) -> Answer {
    let (id, name) = own(world, call)?;
    Ok(json!({ "space_info": {
        "spaceid": id, "space_name": name, "auth_list": { "auth_info": [], "quit_userid": [] }, "space_sub_type": 0,
    } }))
}

/// `wedrive/file_list`: three files in each space.
pub fn files(world: &mut World, call: &Call) -> Answer {
    let (id, _) = own(world, call)?;
    let number = |field: &str| call.json.get(field).and_then(Value::as_u64);
    let limit = number("limit").filter(|limit| (1..=1000).contains(limit)).ok_or(Refusal::PARAMETER)?;
    let start = number("start").unwrap_or(0);
    let now = world.now().timestamp();
    let all = 3;
    let items: Vec<Value> = (start..all.min(start + limit))
        .map(|n| {
            json!({
                "fileid": format!("{id}_{n}"), "file_name": format!("资料{}.pdf", n + 1), "spaceid": id, "fatherid": id,
                "file_size": (n + 1) * 1024, "ctime": now, "mtime": now, "file_type": 2, "file_status": 1,
                "sha": "", "md5": "", "url": "",
            })
        })
        .collect();
    let next = start + limit;
    Ok(json!({ "has_more": next < all, "next_start": next.min(all), "file_list": { "item": items } }))
}
