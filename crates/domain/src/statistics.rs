//! The figures of a form on a day.

use std::iter::Sum;

use serde::{Deserialize, Serialize};

/// Counts of one group. `reported + unreported = expected`, `normal + abnormal = reported`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// 应报
    pub expected: i64,
    /// 已报
    pub reported: i64,
    /// 异常
    pub abnormal: i64,
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
        })
    }
}
