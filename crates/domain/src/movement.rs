//! 部门人员流动日报: where the staff of a department are on a day.

use std::iter::Sum;

/// Characters of a note at most.
pub const MAX_NOTE: usize = 100;

/// The figures of a department. Somebody may be both away and on leave: these are three questions, not a division.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Movement {
    /// 总人数: staff on the roster.
    pub staff: i64,
    /// 外出人数: on a trip that is under way.
    pub away: i64,
    /// 返回人数: back from one on that day.
    pub returned: i64,
    /// 请假人数
    pub on_leave: i64,
}

impl Sum for Movement {
    fn sum<I: Iterator<Item = Self>>(rows: I) -> Self {
        rows.fold(Self::default(), |total, row| Self {
            staff: total.staff + row.staff,
            away: total.away + row.away,
            returned: total.returned + row.returned,
            on_leave: total.on_leave + row.on_leave,
        })
    }
}
