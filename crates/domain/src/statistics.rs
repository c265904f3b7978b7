//! The figures of a form on a day.

use std::iter::Sum;

use serde::{Deserialize, Serialize};

/// A rate in per cent, to hundredths. It reaches 100 only when nobody is missing, and 0 only when nobody is there; of
/// nobody there is none.
pub fn rate(part: i64, whole: i64) -> Option<f64> {
    if whole <= 0 {
        return None;
    }
    let hundredths = (part * 20_000 / whole + 1) / 2;
    let hundredths = match part {
        0 => 0,
        part if part == whole => 10_000,
        _ => hundredths.clamp(1, 9_999),
    };
    #[expect(clippy::cast_precision_loss, reason = "at most ten thousand")]
    Some(hundredths as f64 / 100.0)
}

/// Counts of one group. `reported + unreported = expected`, `normal + abnormal = reported`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// 应报
    pub expected: i64,
    /// 已报
    pub reported: i64,
    /// 异常
    pub abnormal: i64,
    /// 迟报: of those who have reported, after the cut-off.
    pub late: i64,
}

impl Counts {
    /// 未报
    pub fn unreported(self) -> i64 {
        self.expected - self.reported
    }

    /// 正常
    pub fn normal(self) -> i64 {
        self.reported - self.abnormal
    }
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Self>>(rows: I) -> Self {
        rows.fold(Self::default(), |total, row| Self {
            expected: total.expected + row.expected,
            reported: total.reported + row.reported,
            abnormal: total.abnormal + row.abnormal,
            late: total.late + row.late,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::rate;

    #[test]
    fn a_rate_is_a_hundred_only_when_nobody_is_missing() {
        assert_eq!(rate(1_060, 1_156), Some(91.7));
        assert_eq!(rate(15_390, 15_390), Some(100.0));
        assert_eq!((rate(99_999, 100_000), rate(1, 100_000)), (Some(99.99), Some(0.01)));
        assert_eq!((rate(0, 5), rate(0, 0)), (Some(0.0), None));
    }
}
