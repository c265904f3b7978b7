//! 扫码进出校: who may pass a gate, when a code is good, and what a history of passages says.
//!
//! A code says who (by a pseudonym of the day) and until when; whether that person may pass here and now follows from the
//! gate's rules and from what the school knows, by [`decide`] alone. [`history`] makes the state of a person of passages
//! that come late, in any order and more than once.

pub mod alarm;
pub mod code;
pub mod history;
mod rules;
pub mod visitor;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;

pub use rules::{Directions, Failure, Hours, Needs, PermitNeed, Rules, ZoneKind};

use crate::{PersonId, clock};
use visitor::VisitorId;

/// Whose a code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bearer {
    /// Somebody of the roster.
    Person(PersonId),
    /// 访客
    Visitor(VisitorId),
}

impl Bearer {
    /// The person, where it is one.
    pub fn person(self) -> Option<PersonId> {
        match self {
            Self::Person(person) => Some(person),
            Self::Visitor(_) => None,
        }
    }

    /// The visitor, where it is one.
    pub fn visitor(self) -> Option<VisitorId> {
        match self {
            Self::Person(_) => None,
            Self::Visitor(visitor) => Some(visitor),
        }
    }
}

/// Which way somebody passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// 出
    Out,
    /// 进
    In,
}

impl Direction {
    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
        }
    }

    /// As people say it.
    pub fn title(self) -> &'static str {
        match self {
            Self::In => "进",
            Self::Out => "出",
        }
    }

    /// The direction of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::In, Self::Out].into_iter().find(|direction| direction.as_str() == name)
    }
}

/// Why somebody is not let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// No code of this school's, or changed on the way.
    Unreadable,
    /// Signed with a key that was killed.
    KilledKey,
    /// Of the near future: from a batch, shown too early.
    Early,
    /// 失效
    Expired,
    /// The same code was let through before.
    Used,
    /// No longer on the roster.
    Left,
    /// The gate does not serve this direction.
    Direction,
    /// 不在开放时间
    Hours,
    /// 今日未填报
    NoReport,
    /// 填报异常
    Abnormal,
    /// 没有通行证
    NoPermit,
    /// 反潜回: comes in while inside.
    AlreadyIn,
    /// 反潜回: goes out while outside.
    AlreadyOut,
    /// 访客: before their time.
    VisitEarly,
    /// 访客: after it.
    VisitOver,
    /// 访客: the invitation was taken back.
    VisitCancelled,
    /// 访客: invited to another zone.
    VisitElsewhere,
    /// What a device decided by itself for a reason of its own.
    Device,
}

impl Refusal {
    /// All.
    pub const ALL: [Self; 18] = [
        Self::Unreadable,
        Self::KilledKey,
        Self::Early,
        Self::Expired,
        Self::Used,
        Self::Left,
        Self::Direction,
        Self::Hours,
        Self::NoReport,
        Self::Abnormal,
        Self::NoPermit,
        Self::AlreadyIn,
        Self::AlreadyOut,
        Self::VisitEarly,
        Self::VisitOver,
        Self::VisitCancelled,
        Self::VisitElsewhere,
        Self::Device,
    ];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::KilledKey => "killed_key",
            Self::Early => "early",
            Self::Expired => "expired",
            Self::Used => "used",
            Self::Left => "left",
            Self::Direction => "direction",
            Self::Hours => "hours",
            Self::NoReport => "no_report",
            Self::Abnormal => "abnormal",
            Self::NoPermit => "no_permit",
            Self::AlreadyIn => "already_in",
            Self::AlreadyOut => "already_out",
            Self::VisitEarly => "visit_early",
            Self::VisitOver => "visit_over",
            Self::VisitCancelled => "visit_cancelled",
            Self::VisitElsewhere => "visit_elsewhere",
            Self::Device => "device",
        }
    }

    /// What the guard and the person read.
    pub fn title(self) -> &'static str {
        match self {
            Self::Unreadable => "不是本校的通行码，请打开点名里的通行码",
            Self::KilledKey => "通行码已停用，请刷新后重试",
            Self::Early => "通行码还未生效，请核对手机时间后刷新",
            Self::Expired => "通行码已过期，请刷新后重试",
            Self::Used => "这个通行码已经用过，请等下一个",
            Self::Left => "不在名册中，请与学校核对",
            Self::Direction => "本通道不走这个方向",
            Self::Hours => "不在开放时间内",
            Self::NoReport => "今天还没有填报，请先填报",
            Self::Abnormal => "今天的填报有异常，请联系辅导员",
            Self::NoPermit => "没有有效的通行证，请先办理",
            Self::AlreadyIn => "记录为已经在内，请联系门卫",
            Self::AlreadyOut => "记录为已经在外，请联系门卫",
            Self::VisitEarly => "还没到来访时间",
            Self::VisitOver => "来访时间已过，请联系邀请人",
            Self::VisitCancelled => "邀请已取消，请联系邀请人",
            Self::VisitElsewhere => "不在受邀进入的区域，请核对地点",
            Self::Device => "设备离线时未放行",
        }
    }

    /// The refusal of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.as_str() == name)
    }
}

/// Why somebody should look at a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// 反潜回, while it only warns.
    Passback,
    /// The same code was let through twice.
    Double,
    /// Two gates in less time than it takes to walk.
    Travel,
    /// A device let through by itself what it should not have.
    Disputed,
    /// The device's clock was wrong: it counts as of when we were told.
    Clock,
    /// 访客: left after their time.
    Overstayed,
}

impl Flag {
    /// All.
    pub const ALL: [Self; 6] =
        [Self::Passback, Self::Double, Self::Travel, Self::Disputed, Self::Clock, Self::Overstayed];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passback => "passback",
            Self::Double => "double",
            Self::Travel => "travel",
            Self::Disputed => "disputed",
            Self::Clock => "clock",
            Self::Overstayed => "overstayed",
        }
    }

    /// As a list says it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Passback => "重复进出",
            Self::Double => "一码两用",
            Self::Travel => "一分钟两岗",
            Self::Disputed => "离线放行存疑",
            Self::Clock => "设备时间不准",
            Self::Overstayed => "访客超时离校",
        }
    }

    /// The flag of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flag| flag.as_str() == name)
    }
}

/// When the anti-passback of the day before is forgiven: who forgot to scan is not locked out for ever.
const FORGIVENESS: NaiveTime = NaiveTime::from_hms_opt(4, 0, 0).unwrap();
/// Where a device of a zone was not heard for this long, passages may be missing, and anti-passback only warns.
pub const HEARD: TimeDelta = TimeDelta::minutes(10);

/// How long it is known who passed, as long as it is known whose a code was. What that costs: 进出统计表 and 未归 look back
/// no further, since they are counted from passages, and no figures are kept beside them. A school that is asked for
/// longer ones exports them in time.
pub const KEPT_DAYS: i64 = 30;

/// What is known of somebody when their code is scanned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Facts {
    /// On the roster today.
    pub on_roster: bool,
    /// Has reported today, on one of the forms the gate asks for.
    pub reported: bool,
    /// … abnormally.
    pub abnormal: bool,
    /// Need not report today.
    pub exempt: bool,
    /// Has a permit that holds here and now, in this direction.
    pub permit: bool,
    /// Is on leave today.
    pub on_leave: bool,
    /// Their last passage of this zone.
    pub last: Option<(Direction, DateTime<Utc>)>,
    /// Whether every device of the zone was heard lately.
    pub zone_heard: bool,
}

/// Where and when.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The gate's rules.
    pub rules: &'a Rules,
    /// The directions it serves.
    pub serves: Directions,
    /// From which day on anti-passback refuses.
    pub hard_from: Option<chrono::NaiveDate>,
    /// The school's zone of time.
    pub zone: Tz,
    /// Now.
    pub now: DateTime<Utc>,
}

/// What becomes of a scan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Decision {
    /// Why not; none: allowed.
    pub refusal: Option<Refusal>,
    /// Let through although it contradicts the passage before.
    pub passback: bool,
    /// Whether it was the permit that opened the gate.
    pub by_permit: bool,
}

impl Decision {
    fn refused(refusal: Refusal) -> Self {
        Self { refusal: Some(refusal), ..Self::default() }
    }
}

/// Whether somebody whose code is good may pass.
pub fn decide(scene: &Scene<'_>, direction: Direction, facts: &Facts) -> Decision {
    if !facts.on_roster {
        return Decision::refused(Refusal::Left);
    }
    if !scene.serves.has(direction) {
        return Decision::refused(Refusal::Direction);
    }
    let needs = scene.rules.needs(direction);
    let has_permit = facts.permit || scene.rules.leave && facts.on_leave;
    let time = scene.now.with_timezone(&scene.zone).time();
    let by_permit = scene.rules.takes_permit(direction, time);
    if by_permit && !has_permit {
        return Decision::refused(Refusal::NoPermit);
    }
    if !by_permit && !scene.rules.is_open(time) {
        return Decision::refused(Refusal::Hours);
    }
    if let Some(refusal) = needs.unmet(facts) {
        return Decision::refused(refusal);
    }
    let passback = passback(scene, direction, facts.last);
    if let Some(refusal) = passback.filter(|_| is_hard(scene) && facts.zone_heard) {
        return Decision::refused(refusal);
    }
    Decision { refusal: None, passback: passback.is_some(), by_permit }
}

/// Whether anti-passback refuses already.
fn is_hard(scene: &Scene<'_>) -> bool {
    scene.hard_from.is_some_and(|from| from <= clock::school_day(scene.zone, scene.now))
}

/// What the passage before says against this one, unless it was forgiven.
fn passback(
    scene: &Scene<'_>,
    direction: Direction,
    last: Option<(Direction, DateTime<Utc>)>,
) -> Option<Refusal> {
    let (last, at) = last?;
    if last != direction || at < forgiven_at(scene.zone, scene.now) {
        return None;
    }
    Some(match direction {
        Direction::In => Refusal::AlreadyIn,
        Direction::Out => Refusal::AlreadyOut,
    })
}

/// The last 04:00 before `now`.
fn forgiven_at(zone: Tz, now: DateTime<Utc>) -> DateTime<Utc> {
    let today = clock::school_day(zone, now);
    let this_morning = clock::instant(zone, today, FORGIVENESS);
    match today.pred_opt() {
        Some(yesterday) if this_morning > now => clock::instant(zone, yesterday, FORGIVENESS),
        _ => this_morning,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn at(hour: u32, minute: u32) -> DateTime<Utc> {
        let local = chrono_tz::Asia::Shanghai.with_ymd_and_hms(2020, 3, 4, hour, minute, 0);
        local.unwrap().with_timezone(&Utc)
    }

    fn good() -> Facts {
        Facts { on_roster: true, reported: true, zone_heard: true, ..Facts::default() }
    }

    fn rules(text: &str) -> Rules {
        serde_json::from_str(text).unwrap()
    }

    fn decided(rules: &Rules, now: DateTime<Utc>, direction: Direction, facts: Facts) -> Decision {
        let hard_from = chrono::NaiveDate::from_ymd_opt(2020, 3, 4);
        let scene =
            Scene { rules, serves: Directions::Both, hard_from, zone: chrono_tz::Asia::Shanghai, now };
        decide(&scene, direction, &facts)
    }

    fn refusal(rules: &Rules, now: DateTime<Utc>, direction: Direction, facts: Facts) -> Option<Refusal> {
        decided(rules, now, direction, facts).refusal
    }

    #[test]
    fn a_gate_asks_for_what_its_rules_name_and_nothing_else() {
        let open = Rules::default();
        let nothing = Facts { on_roster: true, ..Facts::default() };
        assert_eq!(refusal(&open, at(3, 0), Direction::In, nothing), None);
        assert_eq!(refusal(&open, at(3, 0), Direction::In, Facts::default()), Some(Refusal::Left));
        let rules = rules(
            r#"{"forms":["health-daily"],"entering":{"report":true,"normal":true},"leaving":{"permit":"always"}}"#,
        );
        assert_eq!(refusal(&rules, at(8, 0), Direction::In, nothing), Some(Refusal::NoReport));
        assert_eq!(refusal(&rules, at(8, 0), Direction::In, Facts { exempt: true, ..nothing }), None);
        assert_eq!(refusal(&rules, at(8, 0), Direction::In, good()), None);
        let ill = Facts { abnormal: true, ..good() };
        assert_eq!(refusal(&rules, at(8, 0), Direction::In, ill), Some(Refusal::Abnormal));
        assert_eq!(refusal(&rules, at(8, 0), Direction::Out, good()), Some(Refusal::NoPermit));
        let permitted = decided(&rules, at(8, 0), Direction::Out, Facts { permit: true, ..good() });
        assert_eq!((permitted.refusal, permitted.by_permit), (None, true));
        let on_leave = Facts { on_leave: true, ..good() };
        assert_eq!(refusal(&rules, at(8, 0), Direction::Out, on_leave), Some(Refusal::NoPermit));
        let rules = Rules { leave: true, ..rules };
        assert_eq!(refusal(&rules, at(8, 0), Direction::Out, on_leave), None, "where the gate says so");
    }

    #[test]
    fn a_gate_is_open_in_its_hours_and_by_permit_outside_them_where_it_says_so() {
        let rules = rules(
            r#"{"hours":[{"from":"06:00:00","until":"23:00:00"}],"entering":{"permit":"outside_hours"}}"#,
        );
        assert_eq!(refusal(&rules, at(5, 59), Direction::Out, good()), Some(Refusal::Hours));
        assert_eq!(refusal(&rules, at(6, 0), Direction::Out, good()), None);
        assert_eq!(refusal(&rules, at(22, 59), Direction::Out, good()), None);
        assert_eq!(refusal(&rules, at(23, 0), Direction::Out, good()), Some(Refusal::Hours));
        assert_eq!(refusal(&rules, at(23, 0), Direction::In, good()), Some(Refusal::NoPermit));
        let permit = Facts { permit: true, ..good() };
        assert_eq!(refusal(&rules, at(23, 0), Direction::In, permit), None);
        let day = decided(&rules, at(12, 0), Direction::In, permit);
        assert!(!day.by_permit, "nothing is used up where none was needed");
    }

    #[test]
    fn a_gate_of_one_direction_serves_no_other() {
        let rules = Rules::default();
        let scene = Scene {
            rules: &rules,
            serves: Directions::In,
            hard_from: None,
            zone: chrono_tz::Asia::Shanghai,
            now: at(8, 0),
        };
        assert_eq!(decide(&scene, Direction::Out, &good()).refusal, Some(Refusal::Direction));
        assert_eq!(decide(&scene, Direction::In, &good()).refusal, None);
    }

    #[test]
    fn anti_passback_warns_then_refuses_and_forgives_at_four() {
        let rules = Rules::default();
        let last = |hour, direction| Facts { last: Some((direction, at(hour, 0))), ..good() };
        let refused = refusal(&rules, at(9, 0), Direction::In, last(8, Direction::In));
        assert_eq!(refused, Some(Refusal::AlreadyIn));
        let refused = refusal(&rules, at(9, 0), Direction::Out, last(8, Direction::Out));
        assert_eq!(refused, Some(Refusal::AlreadyOut));
        assert_eq!(refusal(&rules, at(9, 0), Direction::Out, last(8, Direction::In)), None);
        assert_eq!(refusal(&rules, at(9, 0), Direction::In, last(3, Direction::In)), None, "forgiven");
        assert!(!decided(&rules, at(9, 0), Direction::In, last(3, Direction::In)).passback);
        let early = refusal(&rules, at(3, 30), Direction::In, last(2, Direction::In));
        assert_eq!(early, Some(Refusal::AlreadyIn), "before four it is still the day before");
        let unheard = Facts { zone_heard: false, ..last(8, Direction::In) };
        let warned = decided(&rules, at(9, 0), Direction::In, unheard);
        assert_eq!((warned.refusal, warned.passback), (None, true), "a gate may have more to tell");
        let scene = Scene {
            rules: &rules,
            serves: Directions::Both,
            hard_from: chrono::NaiveDate::from_ymd_opt(2020, 3, 5),
            zone: chrono_tz::Asia::Shanghai,
            now: at(9, 0),
        };
        let soft = decide(&scene, Direction::In, &last(8, Direction::In));
        assert_eq!((soft.refusal, soft.passback), (None, true), "one day before it is hard");
    }

    #[test]
    fn words_are_read_back() {
        for refusal in Refusal::ALL {
            assert_eq!(Refusal::parse(refusal.as_str()), Some(refusal));
        }
        for direction in [Direction::In, Direction::Out] {
            assert_eq!(Direction::parse(direction.as_str()), Some(direction));
        }
        assert_eq!((Refusal::parse("x"), Direction::parse("up")), (None, None));
    }
}
