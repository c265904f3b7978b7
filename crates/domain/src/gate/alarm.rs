//! 告警: what the security office hears of.

use super::{Flag, Refusal};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmKind {
    /// Somebody whose report of today is abnormal wanted to pass.
    Abnormal,
    /// One code after another that is none of ours.
    Forged,
    /// The same code was let through twice.
    Double,
    /// Two gates in less time than it takes to walk.
    Travel,
    /// A device let through by itself what it should not have.
    Disputed,
    /// A device is not heard any more.
    Silent,
}

impl AlarmKind {
    /// All.
    pub const ALL: [Self; 6] =
        [Self::Abnormal, Self::Forged, Self::Double, Self::Travel, Self::Disputed, Self::Silent];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Abnormal => "abnormal",
            Self::Forged => "forged",
            Self::Double => "double",
            Self::Travel => "travel",
            Self::Disputed => "disputed",
            Self::Silent => "silent",
        }
    }
}

/// Codes of nobody at one gate within [`FORGED_WITHIN`] that are more than a slip.
pub const FORGED_AT_LEAST: i64 = 5;
/// Minutes in which they are counted.
pub const FORGED_WITHIN: i64 = 10;

/// What a refusal says to the security office.
pub fn of_refusal(refusal: Refusal) -> Option<AlarmKind> {
    match refusal {
        Refusal::Abnormal => Some(AlarmKind::Abnormal),
        Refusal::Unreadable | Refusal::KilledKey => Some(AlarmKind::Forged),
        _ => None,
    }
}

/// What a flag says to the security office: an alarm of the same name.
pub fn of_flag(flag: Flag) -> Option<AlarmKind> {
    match flag {
        Flag::Double => Some(AlarmKind::Double),
        Flag::Travel => Some(AlarmKind::Travel),
        Flag::Disputed => Some(AlarmKind::Disputed),
        // A slip of somebody's, or of a clock; of a visitor their host hears, and the page of visitors shows it.
        Flag::Passback | Flag::Clock | Flag::Overstayed => None,
    }
}
