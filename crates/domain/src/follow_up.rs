//! 未报跟进: why somebody has not reported, as somebody found out.

use serde::{Deserialize, Serialize};

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FollowUpReason {
    /// 没有手机
    NoPhone,
    /// 没有网络
    NoNetwork,
    /// 就医住院
    Hospital,
    /// 联系不上
    Unreachable,
    /// 拒绝填报
    Refused,
    /// 其他: the note says what.
    Other,
}

impl FollowUpReason {
    /// All.
    pub const ALL: [Self; 6] =
        [Self::NoPhone, Self::NoNetwork, Self::Hospital, Self::Unreachable, Self::Refused, Self::Other];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoPhone => "no_phone",
            Self::NoNetwork => "no_network",
            Self::Hospital => "hospital",
            Self::Unreachable => "unreachable",
            Self::Refused => "refused",
            Self::Other => "other",
        }
    }

    /// The reason of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == name)
    }

    /// Whether it says nothing without a note.
    pub fn needs_a_note(self) -> bool {
        self == Self::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_keep_their_names() {
        for reason in FollowUpReason::ALL {
            assert_eq!(FollowUpReason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(FollowUpReason::parse("tired"), None);
    }
}
