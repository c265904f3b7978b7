//! 核查: a report somebody should look at, sent back until it is right, and closed when somebody is content with it.

use serde::{Deserialize, Serialize};

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// 待核查: noticed, and nobody has looked.
    Open,
    /// 已退回: the person's turn, who may change the report.
    SentBack,
    /// 已重填: the person has; somebody looks again.
    Answered,
    /// 已办结
    Closed,
}

impl ReviewState {
    /// All.
    pub const ALL: [Self; 4] = [Self::Open, Self::SentBack, Self::Answered, Self::Closed];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::SentBack => "sent_back",
            Self::Answered => "answered",
            Self::Closed => "closed",
        }
    }

    /// The state of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

/// What is done with a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewAct {
    /// The report was noticed.
    Opened,
    /// 退回
    SentBack,
    /// 重填
    Answered,
    /// 备注
    Noted,
    /// 办结
    Closed,
}

impl ReviewAct {
    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::SentBack => "sent_back",
            Self::Answered => "answered",
            Self::Noted => "noted",
            Self::Closed => "closed",
        }
    }

    /// The act of this name.
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Opened, Self::SentBack, Self::Answered, Self::Noted, Self::Closed];
        all.into_iter().find(|act| act.as_str() == name)
    }
}

/// Where an act of somebody in charge brings a review; none: it is not to be done now. A report that was never noticed can
/// be sent back.
pub fn after_act(before: Option<ReviewState>, act: ReviewAct) -> Option<ReviewState> {
    use {ReviewAct as Act, ReviewState as State};
    match (act, before) {
        (Act::SentBack, None | Some(State::Open | State::Answered | State::Closed)) => Some(State::SentBack),
        // A word on the phone may settle what waits for the person.
        (Act::Closed, Some(State::Open | State::SentBack | State::Answered)) => Some(State::Closed),
        (Act::Noted, Some(state)) => Some(state),
        _ => None,
    }
}

/// What a report, or a new revision of it, does to its review; none: nothing.
pub fn after_report(before: Option<ReviewState>, flagged: bool) -> Option<(ReviewState, ReviewAct)> {
    use {ReviewAct as Act, ReviewState as State};
    match (before, flagged) {
        (None | Some(State::Closed), true) => Some((State::Open, Act::Opened)),
        (None | Some(State::Closed), false) | (Some(State::Open), true) => None,
        // Put right before anybody looked: there is nothing left to look at.
        (Some(State::Open), false) => Some((State::Closed, Act::Answered)),
        // Whoever sent it back looks at what came.
        (Some(State::SentBack | State::Answered), _) => Some((State::Answered, Act::Answered)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_moves_its_review() {
        use {ReviewAct as Act, ReviewState as State};
        assert_eq!(after_report(None, false), None);
        assert_eq!(after_report(None, true), Some((State::Open, Act::Opened)));
        assert_eq!(after_report(Some(State::Open), false), Some((State::Closed, Act::Answered)));
        assert_eq!(after_report(Some(State::SentBack), true), Some((State::Answered, Act::Answered)));
        assert_eq!(after_report(Some(State::SentBack), false), Some((State::Answered, Act::Answered)));
        assert_eq!(after_report(Some(State::Closed), true), Some((State::Open, Act::Opened)));
    }

    #[test]
    fn people_move_a_review() {
        use {ReviewAct as Act, ReviewState as State};
        assert_eq!(after_act(None, Act::SentBack), Some(State::SentBack));
        assert_eq!(after_act(Some(State::SentBack), Act::SentBack), None);
        assert_eq!(after_act(Some(State::SentBack), Act::Closed), Some(State::Closed));
        assert_eq!(after_act(Some(State::Closed), Act::Closed), None);
        assert_eq!(after_act(None, Act::Closed), None);
        assert_eq!(after_act(Some(State::Open), Act::Noted), Some(State::Open));
        assert_eq!(after_act(Some(State::Open), Act::Answered), None, "only the person answers");
    }

    #[test]
    fn acts_keep_their_names() {
        for act in
            [ReviewAct::Opened, ReviewAct::SentBack, ReviewAct::Answered, ReviewAct::Noted, ReviewAct::Closed]
        {
            assert_eq!(ReviewAct::parse(act.as_str()), Some(act));
        }
    }

    #[test]
    fn states_keep_their_names() {
        for state in ReviewState::ALL {
            assert_eq!(ReviewState::parse(state.as_str()), Some(state));
        }
        assert_eq!(ReviewState::parse("lost"), None);
    }
}
