//! Sign-ins and refusals, as they are kept for a while: which check it was, from which network, never from which address.

use std::net::IpAddr;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

/// How long they are kept, in days.
pub const KEPT_DAYS: i64 = 180;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Somebody signed in.
    SignedIn,
    /// A way to WeCom and back ended in no session.
    SignInFailed,
    /// Somebody was refused an operation, asked by an id for what is not theirs or not there, came too often, or sent wrong
    /// input in bulk.
    Refused,
    /// A code of the second factor was right.
    FactorPassed,
    /// … was wrong.
    FactorFailed,
}

impl Kind {
    /// All.
    pub const ALL: [Self; 5] =
        [Self::SignedIn, Self::SignInFailed, Self::Refused, Self::FactorPassed, Self::FactorFailed];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::SignInFailed => "sign_in_failed",
            Self::Refused => "refused",
            Self::FactorPassed => "factor_passed",
            Self::FactorFailed => "factor_failed",
        }
    }

    /// Reads what [`as_str`](Self::as_str) wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Which check ended a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failing {
    /// The state is none of ours, or older than ten minutes.
    UnknownState,
    /// Another browser began it.
    OtherBrowser,
    /// It was ended before.
    SpentState,
    /// The code was brought before, or WeCom knows it no more.
    SpentCode,
    /// Whoever it is, they are not in the directory, or not any more.
    Stranger,
    /// WeCom did not answer.
    Wecom,
}

impl Failing {
    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownState => "unknown_state",
            Self::OtherBrowser => "other_browser",
            Self::SpentState => "spent_state",
            Self::SpentCode => "spent_code",
            Self::Stranger => "stranger",
            Self::Wecom => "wecom",
        }
    }
}

/// The network an address is in: of a campus, a building or so.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let [a, b, c, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

/// The minute a moment is in: what is counted is counted by it.
pub fn minute(at: DateTime<Utc>) -> DateTime<Utc> {
    at.duration_trunc(TimeDelta::minutes(1)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_written_and_read() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(Kind::parse("other"), None);
    }

    #[test]
    fn of_an_address_its_network_is_kept() {
        for (address, kept) in [
            ("203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48"),
        ] {
            assert_eq!(network(address.parse().unwrap()), kept);
        }
    }

    #[test]
    fn what_is_counted_is_counted_by_the_minute() {
        let at: DateTime<Utc> = "2020-03-04T08:15:59.9Z".parse().unwrap();
        assert_eq!(minute(at), "2020-03-04T08:15:00Z".parse::<DateTime<Utc>>().unwrap());
    }
}
