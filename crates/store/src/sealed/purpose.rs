//! What a sealed value is kept for. Each purpose has data keys of its own, so that it can be made unreadable alone.

use std::fmt;

/// What a sealed value is kept for. What belongs together is kept equally long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// Phones of the roster, and those on their way to WeCom.
    Contact,
    /// What others than the roster say of a person.
    Fields,
    /// Pictures of people.
    Photos,
    /// Uploaded files that are not taken over yet.
    Uploads,
    /// Answers to one form, and the pictures in them: a campaign's can be ended alone.
    Answers(i64),
    /// What counsellors note beside reports.
    Notes,
    /// What looks and exports were for, and why somebody may read more: kept for years, so that it holds no month of notes open.
    Looks,
    /// What people say is wrong, and what was put right.
    Corrections,
    /// What is sent: gone a week later.
    Messages,
    /// Announcements, which whoever wrote them reads on.
    Announcements,
    /// What comes in.
    Inbox,
    /// Files made for somebody.
    Exports,
    /// Visitors.
    Visitors,
    /// The keys of the codes at the gate.
    Gate,
    /// WeCom's tokens, who a session is while Redis remembers it, and where the next page of a list begins.
    Tokens,
    /// Records of the platform.
    Platform,
    /// The keys that sign the audit record.
    Audit,
    /// The secrets of second factors.
    Factors,
}

/// Before the form's number.
const ANSWERS: &str = "answers-";

impl Purpose {
    /// Those that are not by form.
    const PLAIN: [(Self, &'static str); 17] = [
        (Self::Contact, "contact"),
        (Self::Fields, "fields"),
        (Self::Photos, "photos"),
        (Self::Uploads, "uploads"),
        (Self::Notes, "notes"),
        (Self::Looks, "looks"),
        (Self::Corrections, "corrections"),
        (Self::Messages, "messages"),
        (Self::Announcements, "announcements"),
        (Self::Inbox, "inbox"),
        (Self::Exports, "exports"),
        (Self::Visitors, "visitors"),
        (Self::Gate, "gate"),
        (Self::Tokens, "tokens"),
        (Self::Platform, "platform"),
        (Self::Audit, "audit"),
        (Self::Factors, "factors"),
    ];

    /// From its name: `contact`, `answers-12`.
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(form) = name.strip_prefix(ANSWERS) {
            let id: i64 = form.parse().ok()?;
            // One name for one purpose: not +12, not 012.
            return (id.to_string() == form).then_some(Self::Answers(id));
        }
        Self::PLAIN.iter().find(|(_, plain)| *plain == name).map(|(purpose, _)| *purpose)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Answers(form) = self {
            return write!(f, "{ANSWERS}{form}");
        }
        let name = Self::PLAIN.iter().find(|(purpose, _)| purpose == self).map(|(_, name)| *name);
        f.write_str(name.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_written_and_each_has_one() {
        for (purpose, _) in Purpose::PLAIN {
            assert_eq!(Purpose::parse(&purpose.to_string()), Some(purpose));
        }
        assert_eq!(Purpose::parse("answers-12"), Some(Purpose::Answers(12)));
        assert_eq!(Purpose::Answers(12).to_string(), "answers-12");
        for strange in ["", "answers-", "answers-012", "answers-+1", "answers-1/..", "..", "Contact"] {
            assert_eq!(Purpose::parse(strange), None, "{strange}");
        }
    }
}
