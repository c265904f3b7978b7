//! What is due at a moment: times and steps of a rule, moved out of quiet hours or left out, and spread over minutes.

use chrono::{DateTime, Days as DayCount, NaiveDate, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::{Calendar, Rule};
use crate::{clock, form::WallTime};

/// A time that was missed by more than this is left out: a reminder of the morning is no use at noon.
pub const LATEST: TimeDelta = TimeDelta::minutes(30);

/// When nothing is sent; `until` before `from`: over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// From when.
    pub from: WallTime,
    /// Until when.
    pub until: WallTime,
}

impl Quiet {
    /// From half past ten at night to half past six, unless a school says otherwise.
    pub const NIGHT: Self = Self { from: WallTime::of(22 * 60 + 30), until: WallTime::of(6 * 60 + 30) };

    /// When the quiet hours end in which this moment is; none: it is in none.
    pub fn ends(self, zone: Tz, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = at.with_timezone(&zone);
        let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or_default();
        let (from, until, today) = (self.from.minutes(), self.until.minutes(), local.date_naive());
        let tomorrow = || today.checked_add_days(DayCount::new(1)).unwrap_or(today);
        let end = if from < until {
            (from <= minute && minute < until).then(|| self.until.on(zone, today))
        } else if from == until {
            None
        } else if minute >= from {
            Some(self.until.on(zone, tomorrow()))
        } else {
            (minute < until).then(|| self.until.on(zone, today))
        };
        // A clock that is put back may bring an end that has passed; nobody waits for that.
        end.filter(|end| *end > at)
    }
}

/// The first moment from `at` on that is in none of these quiet hours; none: there is none.
pub fn awake(zone: Tz, quiet: &[Quiet], at: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let mut found = at;
    // Each may move it once into another one's hours; whoever is moved further has no hour left.
    for _ in 0..=2 * quiet.len() {
        match quiet.iter().find_map(|quiet| quiet.ends(zone, found)) {
            Some(end) => found = end,
            None => return Some(found),
        }
    }
    None
}

/// A step of a rule that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The day its time is of.
    pub day: NaiveDate,
    /// The rule's time.
    pub time: WallTime,
    /// Which of its steps.
    pub step: usize,
    /// When it was meant to be: before it was moved out of quiet hours.
    pub meant_at: DateTime<Utc>,
    /// Since when it is due.
    pub at: DateTime<Utc>,
    /// From when on it is of no use, whatever the form says; none: the form alone says.
    pub useful_until: Option<DateTime<Utc>>,
}

/// What of a rule is due at `now`: its moment has passed, and by no more than [`LATEST`]. A moment in quiet hours is moved to
/// their end; what is of no use by then is left out.
pub fn due(rule: &Rule, zone: Tz, calendar: &Calendar, quiet: &[Quiet], now: DateTime<Utc>) -> Vec<Due> {
    let today = clock::school_day(zone, now);
    // A step may come after midnight, and so may the end of quiet hours.
    let days = [today.checked_sub_days(DayCount::new(1)), Some(today)];
    let days = days.into_iter().flatten().filter(|day| rule.days.include(calendar, *day));
    let all = days.flat_map(|day| of_day(rule, zone, quiet, day));
    all.filter(|due| due.at <= now && now - due.at <= LATEST).collect()
}

/// Everything a rule sends on a day, by its times and steps.
pub fn of_day(rule: &Rule, zone: Tz, quiet: &[Quiet], day: NaiveDate) -> Vec<Due> {
    let mut quiet = quiet.to_vec();
    quiet.extend(rule.quiet);
    let mut found = Vec::new();
    for time in &rule.times {
        for (step, after) in rule.steps.iter().map(|step| step.after_minutes).enumerate() {
            let moment = |time: &WallTime| time.on(zone, day) + TimeDelta::minutes(i64::from(after));
            let meant_at = moment(time);
            let Some(at) = awake(zone, &quiet, meant_at) else { continue };
            let next = rule.times.iter().map(moment).filter(|next| *next > meant_at).min();
            let stale = rule.useful_minutes.map(|most| meant_at + TimeDelta::minutes(i64::from(most)));
            let useful_until = next.into_iter().chain(stale).min();
            if useful_until.is_none_or(|until| at < until) {
                found.push(Due { day, time: *time, step, meant_at, at, useful_until });
            }
        }
    }
    found
}

/// The moments over which a round is spread: the minutes from `from` on, `minutes` of them, without :00 and :30, which WeCom's
/// busiest minutes are, without quiet hours, and before `until`. Just `from`, where none is left or nothing is to be spread.
pub fn spread(
    zone: Tz,
    from: DateTime<Utc>,
    minutes: u16,
    quiet: &[Quiet],
    until: DateTime<Utc>,
) -> Vec<DateTime<Utc>> {
    let minute = |count: u16| from + TimeDelta::minutes(i64::from(count));
    let moments = (0..=minutes).map(minute).filter(|at| {
        let of_hour = at.with_timezone(&zone).minute();
        of_hour % 30 != 0 && *at < until && awake(zone, quiet, *at) == Some(*at)
    });
    let moments: Vec<_> = if minutes == 0 { Vec::new() } else { moments.collect() };
    if moments.is_empty() { vec![from] } else { moments }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: Tz = chrono_tz::Asia::Shanghai;

    fn at(text: &str) -> DateTime<Utc> {
        format!("2020-03-{}:00+08:00", text.replace(' ', "T")).parse().unwrap()
    }

    fn quiet(from: &str, until: &str) -> Quiet {
        let time = |text: &str| WallTime::try_from(text.to_owned()).unwrap();
        Quiet { from: time(from), until: time(until) }
    }

    fn rule(change: impl FnOnce(&mut serde_json::Value)) -> Rule {
        let mut value = serde_json::json!({ "days": "every", "times": ["10:00", "14:00", "18:00"], "steps": [
            { "to": "person", "after_minutes": 0, "wording": "x" },
            { "to": "counsellor", "after_minutes": 60, "wording": "x" } ] });
        change(&mut value);
        serde_json::from_value(value).unwrap()
    }

    fn told(rule: &Rule, quiet: &[Quiet], now: &str) -> Vec<String> {
        let due = due(rule, ZONE, &Calendar::default(), quiet, at(now));
        due.iter().map(|due| format!("{} {} {}", due.day.format("%d"), due.time, due.step)).collect()
    }

    #[test]
    fn due_from_its_moment_on_and_not_forever() {
        let rule = rule(|_| ());
        let none: [&str; 0] = [];
        assert_eq!(told(&rule, &[], "04 09:59"), none);
        assert_eq!(told(&rule, &[], "04 10:00"), ["04 10:00 0"]);
        assert_eq!(told(&rule, &[], "04 10:30"), ["04 10:00 0"]);
        assert_eq!(told(&rule, &[], "04 10:31"), none);
        assert_eq!(told(&rule, &[], "04 11:05"), ["04 10:00 1"]);
    }

    #[test]
    fn a_step_may_come_after_midnight() {
        let rule = rule(|rule| rule["times"] = serde_json::json!(["23:30"]));
        assert_eq!(told(&rule, &[], "05 00:31"), ["04 23:30 1"]);
    }

    #[test]
    fn on_workdays_alone() {
        let rule = rule(|rule| rule["days"] = "workdays".into());
        let none: [&str; 0] = [];
        assert_eq!(told(&rule, &[], "06 10:00"), ["06 10:00 0"]);
        assert_eq!(told(&rule, &[], "07 10:00"), none, "a Saturday");
    }

    #[test]
    fn quiet_hours_move_a_moment_to_their_end_or_leave_it_out() {
        let rule = rule(|rule| rule["times"] = serde_json::json!(["06:00", "12:30", "23:00"]));
        let night = quiet("22:30", "06:30");
        let none: [&str; 0] = [];
        assert_eq!(told(&rule, &[night], "04 06:00"), none);
        assert_eq!(told(&rule, &[night], "04 06:30"), ["03 23:00 0", "03 23:00 1", "04 06:00 0"]);
        let noon = quiet("12:00", "14:00");
        assert_eq!(told(&rule, &[night, noon], "04 14:00"), ["04 12:30 0", "04 12:30 1"]);
        // Of no use by then: its next time has come before the end of the quiet hours.
        let early = self::rule(|rule| rule["times"] = serde_json::json!(["05:00", "06:00"]));
        assert_eq!(told(&early, &[night], "04 06:30"), ["04 05:00 1", "04 06:00 0"]);
        let short = self::rule(|rule| {
            rule["times"] = serde_json::json!(["05:00"]);
            rule["useful_minutes"] = 60.into();
        });
        assert_eq!(told(&short, &[night], "04 06:30"), ["04 05:00 1"]);
    }

    #[test]
    fn quiet_hours_of_the_rule_count_beside_the_schools() {
        let rule = rule(|rule| rule["quiet"] = serde_json::json!({ "from": "09:30", "until": "10:20" }));
        let none: [&str; 0] = [];
        assert_eq!(told(&rule, &[quiet("22:30", "06:30")], "04 10:10"), none);
        assert_eq!(told(&rule, &[quiet("10:20", "10:25")], "04 10:25"), ["04 10:00 0"]);
    }

    #[test]
    fn hours_without_an_end_leave_nobody_awake() {
        assert_eq!(awake(ZONE, &[quiet("00:00", "12:00"), quiet("12:00", "24:00")], at("04 10:00")), None);
        assert_eq!(awake(ZONE, &[quiet("22:30", "06:30")], at("04 22:29")), Some(at("04 22:29")));
        assert_eq!(awake(ZONE, &[quiet("22:30", "06:30")], at("04 22:30")), Some(at("05 06:30")));
        assert_eq!(awake(ZONE, &[quiet("20:00", "24:00")], at("04 22:30")), Some(at("05 00:00")));
    }

    #[test]
    fn of_use_until_its_next_moment_or_as_long_as_the_rule_says() {
        let until = |rule: &Rule, now: &str| {
            due(rule, ZONE, &Calendar::default(), &[], at(now)).first().and_then(|due| due.useful_until)
        };
        let plain = rule(|_| ());
        assert_eq!(until(&plain, "04 10:00"), Some(at("04 14:00")));
        assert_eq!(until(&plain, "04 11:00"), Some(at("04 15:00")));
        assert_eq!(until(&plain, "04 18:00"), None);
        assert_eq!(until(&rule(|rule| rule["useful_minutes"] = 45.into()), "04 10:00"), Some(at("04 10:45")));
    }

    #[test]
    fn spread_over_minutes_and_never_at_the_full_or_half_hour() {
        let found = spread(ZONE, at("04 10:00"), 3, &[], at("04 14:00"));
        assert_eq!(found, [at("04 10:01"), at("04 10:02"), at("04 10:03")]);
        assert_eq!(spread(ZONE, at("04 10:00"), 60, &[], at("04 14:00")).len(), 58);
        assert_eq!(spread(ZONE, at("04 10:00"), 0, &[], at("04 14:00")), [at("04 10:00")]);
        assert_eq!(
            spread(ZONE, at("04 10:00"), 60, &[quiet("10:03", "12:00")], at("04 14:00")),
            [at("04 10:01"), at("04 10:02")]
        );
        assert_eq!(spread(ZONE, at("04 10:00"), 60, &[], at("04 10:01")), [at("04 10:00")]);
    }
}
