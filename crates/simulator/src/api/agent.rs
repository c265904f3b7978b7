//! The app as the console has it (protocol.md §8.1).

use serde_json::{Value, json};
use url::Url;

use super::message::content::text;
use super::{Answer, Call, Refusal, token};
use crate::world::{World, authority};

/// What the app changed of itself; the school's own where it did not.
#[derive(Debug, Default)]
pub struct AgentChanges {
    /// Its name.
    pub name: Option<String>,
    description: Option<String>,
    home_url: Option<String>,
    report_enter: Option<u64>,
}

/// `agent/set`: the trusted domain must be one that was proved, which is where the app's server is.
pub fn set(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::OTHER_AGENT)?;
    let id = call.json.get("agentid").ok_or(Refusal::AGENTID_MISSING)?.as_u64().ok_or(Refusal::AGENTID)?;
    if id != u64::from(world.spec.app.agentid) {
        return Err(Refusal::OTHER_AGENT);
    }
    let within = |field: &str, least: usize, most: usize, refusal: Refusal| match text(&call.json, field) {
        Some(words) if !(least..=most).contains(&words.chars().count()) => Err(refusal),
        words => Ok(words.map(str::to_owned)),
    };
    let name = within("name", 1, 32, Refusal::AGENT_NAME)?;
    let description = within("description", 4, 120, Refusal::AGENT_DESCRIPTION)?;
    let home_url = match text(&call.json, "home_url") {
        Some(url) if !url.starts_with("http://") && !url.starts_with("https://") => {
            return Err(Refusal::URL_SCHEME);
        }
        url => url.map(str::to_owned),
    };
    if let Some(domain) = text(&call.json, "redirect_domain") {
        let own = world.app_url.as_ref().and_then(authority);
        let trusted = &world.spec.app.trusted_domains;
        if own.as_deref() != Some(domain) && !trusted.iter().any(|known| known == domain) {
            return Err(Refusal::DOMAIN_UNPROVED);
        }
    }
    let changes = &mut world.agent;
    changes.name = name.or(changes.name.take());
    changes.description = description.or(changes.description.take());
    changes.home_url = home_url.or(changes.home_url.take());
    changes.report_enter = call.json.get("isreportenter").and_then(Value::as_u64).or(changes.report_enter);
    Ok(json!({}))
}

/// Where the app opens from the workbench.
pub fn home(world: &World) -> Option<Url> {
    match &world.agent.home_url {
        Some(url) => Url::parse(url).ok(),
        None => world.app_url.as_ref().and_then(|url| url.join(&world.spec.app.home).ok()),
    }
}

/// The app's name.
pub fn title(world: &World) -> &str {
    world.agent.name.as_deref().unwrap_or(&world.spec.app.title)
}

/// `agent/get`
pub fn get(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::OTHER_AGENT)?;
    let given = call.parameter("agentid").ok_or(Refusal::AGENTID_MISSING)?;
    let given: u32 = given.parse().map_err(|_| Refusal::AGENTID)?;
    let app = &world.spec.app;
    if given != app.agentid {
        return Err(Refusal::OTHER_AGENT);
    }
    let home = home(world).map(String::from);
    let users: Vec<Value> =
        world.settings.visible_members.iter().map(|userid| json!({ "userid": userid })).collect();
    Ok(json!({
        "agentid": app.agentid,
        "name": title(world),
        "square_logo_url": "https://logo.example.com/0",
        "description": world.agent.description.as_ref().unwrap_or(&app.description),
        "allow_userinfos": { "user": users },
        "allow_partys": { "partyid": world.settings.visible },
        "allow_tags": { "tagid": world.settings.visible_tags },
        "close": u8::from(world.settings.app_closed),
        "redirect_domain": world.app_url.as_ref().and_then(authority).unwrap_or_default(),
        "report_location_flag": 0,
        "isreportenter": world.agent.report_enter.unwrap_or(1),
        "home_url": home.unwrap_or_default(),
    }))
}

/// `agent/list`: the token's own app alone.
pub fn list(world: &mut World, call: &Call) -> Answer {
    token::of_app(world, call, Refusal::API_FORBIDDEN)?;
    let app = &world.spec.app;
    let own = json!({ "agentid": app.agentid, "name": title(world), "square_logo_url": "https://logo.example.com/0" });
    Ok(json!({ "agentlist": [own] }))
}

/// `get_api_domain_ip` and `getcallbackip`: addresses for firewalls; here of the documentation's range.
pub fn addresses(world: &mut World, call: &Call) -> Answer {
    token::authenticate(world, call)?;
    Ok(json!({ "ip_list": ["203.0.113.7", "198.51.100.*"] }))
}
