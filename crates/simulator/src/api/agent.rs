//! The app as the console has it (protocol.md §8.1).

use serde_json::json;

use super::{Answer, Call, Refusal, token};
use crate::world::World;

/// `agent/get`
pub fn get(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::OTHER_AGENT)?;
    let given = call.parameter("agentid").ok_or(Refusal::AGENTID_MISSING)?;
    let given: u32 = given.parse().map_err(|_| Refusal::AGENTID)?;
    let app = &world.spec.app;
    if given != app.agentid {
        return Err(Refusal::OTHER_AGENT);
    }
    let own = world.app_url.as_ref();
    let home = own.map(|url| url.join(&app.home).map_or_else(|_| url.to_string(), |home| home.to_string()));
    Ok(json!({
        "agentid": app.agentid,
        "name": app.title,
        "square_logo_url": "https://logo.example.com/0",
        "description": app.description,
        "allow_userinfos": { "user": [] },
        "allow_partys": { "partyid": world.settings.visible },
        "allow_tags": { "tagid": [] },
        "close": 0,
        "redirect_domain": own.and_then(crate::world::authority).unwrap_or_default(),
        "report_location_flag": 0,
        "isreportenter": 1,
        "home_url": home.unwrap_or_default(),
    }))
}

/// `agent/list`: the token's own app alone.
pub fn list(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::API_FORBIDDEN)?;
    let app = &world.spec.app;
    let own =
        json!({ "agentid": app.agentid, "name": app.title, "square_logo_url": "https://logo.example.com/0" });
    Ok(json!({ "agentlist": [own] }))
}

/// `get_api_domain_ip` and `getcallbackip`: addresses for firewalls; here of the documentation's range.
pub fn addresses(world: &mut World, call: &Call) -> Answer {
    token::authenticate(world, call)?;
    Ok(json!({ "ip_list": ["203.0.113.7", "198.51.100.*"] }))
}
