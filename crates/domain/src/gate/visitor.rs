//! 访客: somebody whom a member of staff expects for some hours or days. They show a code as everybody does, and are asked for
//! nothing but their time and place.
//!
//! Whoever is inside gets out, whatever became of the invitation meanwhile: what stands against it is looked at by people.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{Direction, Flag, PermitNeed, Refusal, Scene, is_hard, passback};
use crate::{clock, export::is_text, form::answers::FieldError, phone};

/// An invitation.
pub type VisitorId = i64;

/// Nobody is expected for longer than this.
pub const LONGEST: TimeDelta = TimeDelta::days(7);
/// … or from a time further away.
pub const AHEAD: TimeDelta = TimeDelta::days(30);
/// Days after its end that an invitation is forgotten.
pub const KEPT_DAYS: i64 = 30;

/// Characters of a name at most.
const MAX_NAME: usize = 40;
/// … of what they come for.
const MAX_REASON: usize = 100;
/// … of where they come from.
const MAX_COMPANY: usize = 60;
/// … of a number plate.
const MAX_PLATE: usize = 12;
/// Zones of an invitation at most.
const MAX_ZONES: usize = 20;

/// What is said of a visit in people's words; it lies sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// 事由
    pub reason: String,
    /// 单位
    pub company: Option<String>,
    /// 车牌号
    pub plate: Option<String>,
}

/// An invitation as somebody writes it.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// The visitor's name.
    pub name: &'a str,
    /// Their phone.
    pub phone: &'a str,
    /// What for.
    pub reason: &'a str,
    /// From where; empty: not said.
    pub company: &'a str,
    /// With which car; empty: none.
    pub plate: &'a str,
    /// Into which zones.
    pub zones: &'a [i64],
    /// From when …
    pub from: DateTime<Utc>,
    /// … until when.
    pub until: DateTime<Utc>,
}

/// An invitation that may stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The visitor's name.
    pub name: String,
    /// Their phone.
    pub phone: String,
    /// What is said of it.
    pub about: About,
    /// Into which zones, in order.
    pub zones: Vec<i64>,
    /// From when …
    pub from: DateTime<Utc>,
    /// … until when.
    pub until: DateTime<Utc>,
}

/// Makes an invitation of what somebody wrote, or says what is wrong with it, by field.
pub fn check(draft: Draft<'_>, now: DateTime<Utc>) -> Result<Invitation, Vec<FieldError>> {
    let mut wrong = Vec::new();
    let mut say = |field: &str, message: String| wrong.push(FieldError { field: field.into(), message });
    if !is_text(draft.name, MAX_NAME) {
        say("name", format!("请填访客姓名，1 到 {MAX_NAME} 个字"));
    }
    let phone = phone::read(draft.phone);
    if phone.is_none() {
        say("phone", "请填访客的手机号，只用数字，例如 100 1234 5678".into());
    }
    if !is_text(draft.reason, MAX_REASON) {
        say("reason", format!("请写明来访事由，不超过 {MAX_REASON} 字"));
    }
    let fits = |text: &str, most| text.trim().is_empty() || is_text(text, most);
    if !fits(draft.company, MAX_COMPANY) {
        say("company", format!("单位不超过 {MAX_COMPANY} 字"));
    }
    if !fits(draft.plate, MAX_PLATE) {
        say("plate", format!("车牌号不超过 {MAX_PLATE} 个字，不开车请留空"));
    }
    let mut zones = draft.zones.to_vec();
    zones.sort_unstable();
    zones.dedup();
    if zones.is_empty() || zones.len() > MAX_ZONES {
        say("zones", "请选择访客可以进入的区域".into());
    }
    if draft.until <= draft.from || draft.until <= now {
        say("until", "结束时间应晚于开始时间，并且还没有过去".into());
    } else if draft.until - draft.from > LONGEST {
        say("until", format!("一次来访最长 {} 天，请缩短", LONGEST.num_days()));
    }
    if draft.from > now + AHEAD {
        say("from", format!("请邀请 {} 天以内的来访", AHEAD.num_days()));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let said = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    Ok(Invitation {
        name: draft.name.trim().to_owned(),
        phone: phone.unwrap_or_default(),
        about: About {
            reason: draft.reason.trim().to_owned(),
            company: said(draft.company),
            plate: said(draft.plate).map(|plate| plate.to_uppercase()),
        },
        zones,
        from: draft.from,
        until: draft.until,
    })
}

/// From when to when somebody is expected, unless it was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// From when …
    pub from: DateTime<Utc>,
    /// … until before when.
    pub until: DateTime<Utc>,
    /// Taken back then.
    pub cancelled: Option<DateTime<Utc>>,
}

/// How an invitation stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// 未到时间
    Early,
    /// 有效
    Open,
    /// 已过期
    Over,
    /// 已取消
    Cancelled,
}

impl State {
    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Early => "early",
            Self::Open => "open",
            Self::Over => "over",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Term {
    /// How it stands.
    pub fn state(&self, at: DateTime<Utc>) -> State {
        if self.cancelled.is_some_and(|cancelled| cancelled <= at) {
            State::Cancelled
        } else if at < self.from {
            State::Early
        } else if at < self.until {
            State::Open
        } else {
            State::Over
        }
    }

    /// What it says against somebody who comes in.
    pub fn against(&self, at: DateTime<Utc>) -> Option<Refusal> {
        match self.state(at) {
            State::Open => None,
            State::Early => Some(Refusal::VisitEarly),
            State::Over => Some(Refusal::VisitOver),
            State::Cancelled => Some(Refusal::VisitCancelled),
        }
    }

    /// Whether codes are shown: while they may come in, and to whoever is inside, so that they get out.
    pub fn shows(&self, inside: bool, at: DateTime<Utc>) -> bool {
        inside || self.state(at) == State::Open
    }

    /// Whether somebody who is inside should have left.
    pub fn is_overstayed(&self, inside: bool, at: DateTime<Utc>) -> bool {
        inside && matches!(self.state(at), State::Over | State::Cancelled)
    }

    /// The first day it is not known any more.
    pub fn forgotten_on(&self, zone: Tz) -> NaiveDate {
        clock::school_day(zone, self.until + TimeDelta::days(KEPT_DAYS + 1))
    }
}

/// What is known of a visitor whose code is scanned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// When they are expected.
    pub term: Term,
    /// Whether the gate leads into a zone they are invited to.
    pub here: bool,
    /// Their last passage of this zone.
    pub last: Option<(Direction, DateTime<Utc>)>,
    /// Whether every device of the zone was heard lately.
    pub zone_heard: bool,
}

/// What becomes of a visitor's scan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Why not; none: allowed.
    pub refusal: Option<Refusal>,
    /// What the guard should look at.
    pub flags: Vec<Flag>,
}

/// Whether a visitor whose code is good may pass. An invitation counts as a permit. Who goes out is stopped by nothing but a
/// gate that does not lead out.
pub fn decide(scene: &Scene<'_>, direction: Direction, facts: &Facts) -> Verdict {
    let refused = |refusal| Verdict { refusal: Some(refusal), flags: Vec::new() };
    if !scene.serves.has(direction) {
        return refused(Refusal::Direction);
    }
    let passback = passback(scene, direction, facts.last);
    if direction == Direction::In {
        if let Some(refusal) = unexpected(&facts.term, facts.here, scene.now) {
            return refused(refusal);
        }
        let time = scene.now.with_timezone(&scene.zone).time();
        if !scene.rules.is_open(time) && scene.rules.entering.permit == PermitNeed::Never {
            return refused(Refusal::Hours);
        }
        if let Some(refusal) = passback.filter(|_| is_hard(scene) && facts.zone_heard) {
            // One link is not for two.
            return refused(refusal);
        }
    }
    let overstayed = direction == Direction::Out && facts.term.is_overstayed(true, scene.now);
    let flags = [passback.map(|_| Flag::Passback), overstayed.then_some(Flag::Overstayed)];
    Verdict { refusal: None, flags: flags.into_iter().flatten().collect() }
}

/// What an invitation says against coming in here then.
pub fn unexpected(term: &Term, here: bool, at: DateTime<Utc>) -> Option<Refusal> {
    term.against(at).or((!here).then_some(Refusal::VisitElsewhere))
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::{
        super::{Directions, Rules},
        *,
    };

    const ZONE: Tz = chrono_tz::Asia::Shanghai;

    fn at(hour: u32, minute: u32) -> DateTime<Utc> {
        ZONE.with_ymd_and_hms(2020, 3, 4, hour, minute, 0).unwrap().with_timezone(&Utc)
    }

    fn term() -> Term {
        Term { from: at(9, 0), until: at(17, 0), cancelled: None }
    }

    fn good() -> Facts {
        Facts { term: term(), here: true, last: None, zone_heard: true }
    }

    fn decided(rules: &str, now: DateTime<Utc>, direction: Direction, facts: Facts) -> Verdict {
        let rules: Rules = serde_json::from_str(rules).unwrap();
        let hard_from = NaiveDate::from_ymd_opt(2020, 3, 4);
        let scene = Scene { rules: &rules, serves: Directions::Both, hard_from, zone: ZONE, now };
        decide(&scene, direction, &facts)
    }

    fn refusal(now: DateTime<Utc>, facts: Facts) -> Option<Refusal> {
        decided("{}", now, Direction::In, facts).refusal
    }

    #[test]
    fn a_visitor_comes_in_at_their_time_and_place_alone() {
        assert_eq!(refusal(at(8, 59), good()), Some(Refusal::VisitEarly));
        assert_eq!(refusal(at(9, 0), good()), None);
        assert_eq!(refusal(at(16, 59), good()), None);
        assert_eq!(refusal(at(17, 0), good()), Some(Refusal::VisitOver));
        assert_eq!(refusal(at(10, 0), Facts { here: false, ..good() }), Some(Refusal::VisitElsewhere));
        let cancelled = Term { cancelled: Some(at(10, 0)), ..term() };
        assert_eq!(refusal(at(9, 59), Facts { term: cancelled, ..good() }), None);
        assert_eq!(refusal(at(10, 0), Facts { term: cancelled, ..good() }), Some(Refusal::VisitCancelled));
    }

    #[test]
    fn whoever_is_inside_gets_out_and_is_flagged_where_they_stayed_too_long() {
        let inside = Facts { last: Some((Direction::In, at(9, 30))), ..good() };
        let out = |now, facts| decided("{}", now, Direction::Out, facts);
        assert_eq!(out(at(16, 0), inside), Verdict::default());
        let late = Verdict { refusal: None, flags: vec![Flag::Overstayed] };
        assert_eq!(out(at(20, 0), inside), late);
        let cancelled = Term { cancelled: Some(at(10, 0)), ..term() };
        assert_eq!(out(at(11, 0), Facts { term: cancelled, ..inside }), late);
        assert_eq!(out(at(11, 0), Facts { here: false, ..inside }).refusal, None);
        let shut = r#"{"hours":[{"from":"06:00:00","until":"18:00:00"}],"leaving":{"permit":"always"}}"#;
        assert_eq!(decided(shut, at(20, 0), Direction::Out, inside).refusal, None, "nobody is locked in");
    }

    #[test]
    fn a_gate_asks_a_visitor_for_no_report_and_an_invitation_is_a_permit() {
        let asks = r#"{"forms":["health-daily"],"entering":{"report":true,"normal":true,"permit":"always"}}"#;
        assert_eq!(decided(asks, at(10, 0), Direction::In, good()).refusal, None);
        let shut = r#"{"hours":[{"from":"06:00:00","until":"09:30:00"}]}"#;
        assert_eq!(decided(shut, at(10, 0), Direction::In, good()).refusal, Some(Refusal::Hours));
        let by_permit =
            r#"{"hours":[{"from":"06:00:00","until":"09:30:00"}],"entering":{"permit":"outside_hours"}}"#;
        assert_eq!(decided(by_permit, at(10, 0), Direction::In, good()).refusal, None);
    }

    #[test]
    fn one_link_is_not_for_two() {
        let inside = Facts { last: Some((Direction::In, at(9, 30))), ..good() };
        assert_eq!(refusal(at(10, 0), inside), Some(Refusal::AlreadyIn));
        let unheard = Facts { zone_heard: false, ..inside };
        let warned = decided("{}", at(10, 0), Direction::In, unheard);
        assert_eq!(warned, Verdict { refusal: None, flags: vec![Flag::Passback] });
    }

    #[test]
    fn codes_are_shown_while_they_are_of_use() {
        for (now, inside, shows) in [
            (at(8, 0), false, false),
            (at(9, 0), false, true),
            (at(17, 0), false, false),
            (at(17, 0), true, true),
        ] {
            assert_eq!(term().shows(inside, now), shows, "{now} {inside}");
        }
        assert!(!term().is_overstayed(true, at(16, 0)) && term().is_overstayed(true, at(17, 0)));
        assert_eq!(term().forgotten_on(ZONE), NaiveDate::from_ymd_opt(2020, 4, 4).unwrap());
    }

    #[test]
    fn what_is_wrong_is_told_by_field() {
        let draft = Draft {
            name: "来访人",
            phone: "100 1234 5678",
            reason: "设备检修",
            company: " ",
            plate: "豫c00001",
            zones: &[2, 1, 2],
            from: at(9, 0),
            until: at(17, 0),
        };
        let invitation = check(draft, at(8, 0)).unwrap();
        assert_eq!(
            (invitation.phone.as_str(), invitation.zones.as_slice()),
            ("10012345678", [1, 2].as_slice())
        );
        let about = About { reason: "设备检修".into(), company: None, plate: Some("豫C00001".into()) };
        assert_eq!(invitation.about, about);
        let fields = |draft: Draft<'_>| -> Vec<String> {
            check(draft, at(8, 0)).unwrap_err().into_iter().map(|wrong| wrong.field).collect()
        };
        assert_eq!(
            fields(Draft { name: " ", phone: "12", reason: "", ..draft }),
            ["name", "phone", "reason"]
        );
        assert_eq!(fields(Draft { zones: &[], ..draft }), ["zones"]);
        assert_eq!(fields(Draft { until: at(9, 0), ..draft }), ["until"]);
        assert_eq!(fields(Draft { until: at(9, 1) + LONGEST, ..draft }), ["until"]);
        let far = at(9, 0) + TimeDelta::days(31);
        assert_eq!(fields(Draft { from: far, until: far + TimeDelta::hours(1), ..draft }), ["from"]);
    }
}
