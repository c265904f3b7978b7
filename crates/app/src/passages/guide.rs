//! What a device needs to decide by itself: public keys, its gate's rules, and whom not to let through, by pseudonyms of
//! the day. No name, no number and nothing to sign with: a stolen device opens no other gate.
//!
//! Visitors are not in it. Who is expected today changes by the minute, and a list of it says who comes to whom; off the network a
//! visitor is somebody the device does not know, and the gate's failure mode says what becomes of them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::gate::{Bearer, Direction, Directions, Facts, Failure, PermitNeed, Rules, code};
use store::{
    Scoped,
    gate_keys::{self, Key},
    passages::{self, Standing},
};

use super::heard;
use crate::{App, Error, Result, School, gate_codes, gate_devices::device, gates::rules_of};

/// The next day's keys are there so long before it begins, so that a device that loses its network at night opens in the
/// morning.
const AHEAD: TimeDelta = TimeDelta::hours(2);

/// Keys codes may be signed with, and what they call those who are not let through.
#[derive(Debug, Clone)]
pub struct GuideKey {
    /// Their name, in hex.
    pub kid: String,
    /// What a code is checked with, in base64url.
    pub public_key: String,
    /// From when …
    pub from: DateTime<Utc>,
    /// … to when a code of theirs can be good.
    pub until: DateTime<Utc>,
    /// Who may not come in, in base64url.
    pub denied_in: Vec<String>,
    /// Who may not go out.
    pub denied_out: Vec<String>,
    /// Who has a permit to come in, where the gate asks for one.
    pub permitted_in: Vec<String>,
    /// … to go out.
    pub permitted_out: Vec<String>,
}

/// What a device decides by.
#[derive(Debug, Clone)]
pub struct Guide {
    /// Our clock.
    pub now: DateTime<Utc>,
    /// The name of the school's zone of time, which the hours are of.
    pub time_zone: String,
    /// The gate.
    pub gate: String,
    /// Its zone.
    pub zone: String,
    /// The directions it serves.
    pub directions: Directions,
    /// What to do when nothing is heard.
    pub failure: Failure,
    /// Out of use: lets nobody through.
    pub closed: bool,
    /// What it asks for.
    pub rules: Rules,
    /// Keys that are good.
    pub keys: Vec<GuideKey>,
    /// Names of keys that were killed, in hex: their codes are worth nothing.
    pub killed: Vec<String>,
}

/// What the device of this token decides by, as of now.
pub async fn guide(app: &App, school: &School, token: &str) -> Result<Guide> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let device = device(&mut tx, token).await?;
    heard(&mut tx, &device, now).await?;
    let rules = rules_of(&device.rules)?;
    let today = school.today(now);
    let keys = keys(app, &mut tx, school, today, now).await?;
    let standings = passages::standings(&mut tx, corp, device.zone_id, (today, now), &rules.forms).await?;
    tx.commit().await?;
    let (good, killed): (Vec<Key>, Vec<Key>) = keys.into_iter().partition(|key| key.killed_at.is_none());
    let good = good.iter().map(|key| of_key(app, school, key, &rules, &standings)).collect::<Result<_>>()?;
    let unknown = || Error::internal("a gate nobody understands");
    Ok(Guide {
        now,
        time_zone: school.zone.name().to_owned(),
        gate: device.gate,
        zone: device.zone,
        directions: Directions::parse(&device.directions).ok_or_else(unknown)?,
        failure: Failure::parse(&device.failure).ok_or_else(unknown)?,
        closed: device.closed,
        rules,
        keys: good,
        killed: killed.iter().map(|key| hex::encode(&key.kid)).collect(),
    })
}

/// The keys whose codes can be good now or soon, and those of these days that were killed.
async fn keys(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    today: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Vec<Key>> {
    gate_codes::of_day(app, tx, today, now).await?;
    let soon = school.today(now + AHEAD);
    if soon != today {
        gate_codes::of_day(app, tx, soon, now).await?;
    }
    let corp = tx.corp();
    let yesterday = today.pred_opt().unwrap_or(today);
    let mut keys = gate_keys::since(tx, corp, yesterday).await?;
    keys.retain(|key| code::key_life(school.zone, key.day).1 >= now);
    Ok(keys)
}

fn of_key(app: &App, school: &School, key: &Key, rules: &Rules, standings: &[Standing]) -> Result<GuideKey> {
    let names = gate_codes::pseudonyms(app, school.corp(), key)?;
    let name = |standing: &Standing| {
        URL_SAFE_NO_PAD.encode(gate_codes::pseudonym(&names, Bearer::Person(standing.person_id)))
    };
    let named = |those: &dyn Fn(&Standing) -> bool| {
        let mut named: Vec<String> = standings.iter().filter(|one| those(one)).map(name).collect();
        // In no order that says whose they are.
        named.sort_unstable();
        named
    };
    let denied = |direction| named(&|one| !is_let(rules, direction, one));
    let permitted = |direction| named(&|one| has_permit(rules, direction, one));
    let (from, until) = code::key_life(school.zone, key.day);
    Ok(GuideKey {
        kid: hex::encode(&key.kid),
        public_key: URL_SAFE_NO_PAD.encode(&key.public_key),
        from,
        until,
        denied_in: denied(Direction::In),
        denied_out: denied(Direction::Out),
        permitted_in: permitted(Direction::In),
        permitted_out: permitted(Direction::Out),
    })
}

/// Whether somebody has what the gate asks for in a direction where it asks for a permit.
fn has_permit(rules: &Rules, direction: Direction, standing: &Standing) -> bool {
    let permit = match direction {
        Direction::In => standing.permit_in,
        Direction::Out => standing.permit_out,
    };
    rules.needs(direction).permit != PermitNeed::Never && (permit || rules.leave && standing.on_leave)
}

/// Whether the roster and the reports let somebody through; hours and permits the device looks at itself.
fn is_let(rules: &Rules, direction: Direction, standing: &Standing) -> bool {
    let facts = Facts {
        on_roster: standing.on_roster,
        reported: standing.reported,
        abnormal: standing.abnormal,
        exempt: standing.exempt,
        ..Facts::default()
    };
    facts.on_roster && rules.needs(direction).unmet(&facts).is_none()
}
