//! What passages say together. They come late, in any order and more than once, and always say the same.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Direction, Flag};

/// Seconds within which the same code can have been good at two gates.
const DOUBLE: TimeDelta = TimeDelta::seconds(25);
/// Nobody walks from one gate to another in less.
const WALK: TimeDelta = TimeDelta::seconds(60);

/// A passage that somebody was let through for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Which way.
    pub direction: Direction,
    /// Where.
    pub gate: i64,
    /// The code's own id.
    pub code: Vec<u8>,
}

/// Where somebody is, and since when: what the last passage says by the time it happened. Of two at the same moment the one
/// that comes in counts.
pub fn state<'a>(passages: impl IntoIterator<Item = &'a Passed>) -> Option<(Direction, DateTime<Utc>)> {
    let last = passages.into_iter().max_by_key(|passed| (passed.at, passed.direction))?;
    Some((last.direction, last.at))
}

/// What two passages of one person say against each other; both are flagged.
pub fn conflict(one: &Passed, other: &Passed) -> Option<Flag> {
    let apart = (one.at - other.at).abs();
    if one.code == other.code && apart <= DOUBLE {
        Some(Flag::Double)
    } else if one.gate != other.gate && apart < WALK {
        Some(Flag::Travel)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn passed(seconds: i64, direction: Direction, gate: i64, code: u8) -> Passed {
        let at = Utc.with_ymd_and_hms(2020, 3, 4, 0, 0, 0).unwrap() + TimeDelta::seconds(seconds);
        Passed { at, direction, gate, code: vec![code] }
    }

    #[test]
    fn the_order_in_which_passages_come_says_nothing() {
        let mut passages = vec![
            passed(0, Direction::In, 1, 1),
            passed(3600, Direction::Out, 2, 2),
            passed(7200, Direction::In, 1, 3),
        ];
        let due = Some((Direction::In, passages[2].at));
        for _ in 0..3 {
            passages.rotate_left(1);
            assert_eq!(state(&passages), due);
        }
        let twice: Vec<Passed> = passages.iter().chain(&passages).cloned().collect();
        assert_eq!(state(&twice), due, "nor how often");
        assert_eq!(state(&[]), None);
        let same = [passed(0, Direction::In, 1, 1), passed(0, Direction::Out, 2, 1)];
        assert_eq!(state(&same).map(|state| state.0), Some(Direction::In));
    }

    #[test]
    fn a_code_at_two_gates_and_a_walk_nobody_walks_are_told() {
        let first = passed(0, Direction::In, 1, 1);
        let told = |seconds, gate, code| {
            let other = passed(seconds, Direction::Out, gate, code);
            let flag = conflict(&first, &other);
            assert_eq!(flag, conflict(&other, &first));
            flag
        };
        assert_eq!(told(25, 2, 1), Some(Flag::Double));
        assert_eq!(told(10, 1, 1), Some(Flag::Double), "at the same gate too");
        assert_eq!(told(26, 2, 1), Some(Flag::Travel));
        assert_eq!(told(59, 2, 2), Some(Flag::Travel));
        assert_eq!(told(60, 2, 2), None);
        assert_eq!(told(10, 1, 2), None, "in and out again at one gate");
    }
}
