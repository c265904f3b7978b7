//! What is on record of a person, field by field: who says so, and whose word goes before.
//!
//! A correction stands before what the member let WeCom show, that before the roster, that before the directory: the
//! office has looked at a correction, WeCom has tried a phone that somebody signs in with, a roster is typed. A roster
//! that repeats its old mistake does not bring it back; one that says something new answers the correction, which ends.

use chrono::{DateTime, Utc};

/// Who says so, the one that goes before the others first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// 更正: put right by the office, as the member asked.
    Correction,
    /// 本人授权: shown by WeCom with the member's consent.
    Consent,
    /// 名册
    Roster,
    /// 通讯录
    Directory,
}

impl Source {
    /// All.
    pub const ALL: [Self; 4] = [Self::Correction, Self::Consent, Self::Roster, Self::Directory];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Correction => "correction",
            Self::Consent => "consent",
            Self::Roster => "roster",
            Self::Directory => "directory",
        }
    }

    /// The source of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == name)
    }
}

/// A field that more than one may speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PersonField {
    /// 姓名
    Name,
    /// 专业
    Major,
    /// 年级: the year of entry.
    Grade,
    /// 手机
    Phone,
    /// 邮箱
    Mail,
    /// 性别: `male` or `female`.
    Gender,
}

impl PersonField {
    /// All.
    pub const ALL: [Self; 6] = [Self::Name, Self::Major, Self::Grade, Self::Phone, Self::Mail, Self::Gender];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Major => "major",
            Self::Grade => "grade",
            Self::Phone => "phone",
            Self::Mail => "mail",
            Self::Gender => "gender",
        }
    }

    /// The field of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }
}

/// What one source says of a field.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    /// Who.
    pub source: Source,
    /// What.
    pub value: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// Never the value.
impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Said").field("source", &self.source).finish_non_exhaustive()
    }
}

/// What counts: the word of the source that goes before the others.
pub fn shown(said: &[Said]) -> Option<&Said> {
    said.iter().min_by_key(|one| one.source)
}

/// Takes a source's word. The same again leaves its date.
pub fn hear(said: &mut Vec<Said>, word: Said) {
    if said.iter().any(|known| known.source == word.source && known.value == word.value) {
        return;
    }
    said.retain(|known| known.source != word.source);
    said.push(word);
}

/// Takes a roster's word of a field; none: the roster has nothing there. Something new ends the correction.
pub fn hear_roster(said: &mut Vec<Said>, value: Option<&str>, at: DateTime<Utc>) {
    let before = said.iter().find(|known| known.source == Source::Roster).map(|known| known.value.as_str());
    if before == value {
        return;
    }
    said.retain(|known| !matches!(known.source, Source::Roster | Source::Correction));
    if let Some(value) = value {
        said.push(Said { source: Source::Roster, value: value.into(), since: at });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(source: Source, value: &str) -> Said {
        Said { source, value: value.into(), since: DateTime::UNIX_EPOCH }
    }

    fn value(said: &[Said]) -> Option<&str> {
        shown(said).map(|one| one.value.as_str())
    }

    #[test]
    fn a_correction_goes_before_consent_and_that_before_the_roster() {
        let mut all = vec![said(Source::Directory, "d")];
        for (source, expected) in
            [(Source::Roster, "roster"), (Source::Consent, "consent"), (Source::Correction, "correction")]
        {
            hear(&mut all, said(source, source.as_str()));
            assert_eq!(value(&all), Some(expected));
        }
        all.retain(|one| one.source != Source::Correction);
        assert_eq!(value(&all), Some("consent"), "what is taken back gives way to the next");
        assert_eq!(shown(&[]), None);
    }

    #[test]
    fn the_same_word_again_keeps_its_date_and_another_takes_its_place() {
        let mut all = vec![said(Source::Consent, "1")];
        let later = DateTime::from_timestamp(9, 0).unwrap();
        hear(&mut all, Said { since: later, ..said(Source::Consent, "1") });
        assert_eq!((all.len(), all[0].since), (1, DateTime::UNIX_EPOCH));
        hear(&mut all, Said { since: later, ..said(Source::Consent, "2") });
        assert_eq!((all.len(), all[0].since, value(&all)), (1, later, Some("2")));
    }

    #[test]
    fn a_roster_does_not_bring_back_what_was_corrected_but_may_say_something_new() {
        let corrected = vec![said(Source::Roster, "old"), said(Source::Correction, "right")];
        let after = |value| {
            let mut all = corrected.clone();
            hear_roster(&mut all, value, DateTime::UNIX_EPOCH);
            shown(&all).map(|one| (one.source, one.value.clone()))
        };
        assert_eq!(after(Some("old")), Some((Source::Correction, "right".into())));
        assert_eq!(after(Some("right")), Some((Source::Roster, "right".into())), "the roster agrees");
        assert_eq!(after(Some("newer")), Some((Source::Roster, "newer".into())));
        assert_eq!(after(None), None, "the roster has taken it out");

        let mut consented = vec![said(Source::Roster, "old"), said(Source::Consent, "mine")];
        hear_roster(&mut consented, Some("newer"), DateTime::UNIX_EPOCH);
        assert_eq!(value(&consented), Some("mine"), "consent stands until it is taken back");
        hear_roster(&mut consented, None, DateTime::UNIX_EPOCH);
        assert_eq!(consented.len(), 1);
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for source in Source::ALL {
            assert_eq!(Source::parse(source.as_str()), Some(source));
        }
        for field in PersonField::ALL {
            assert_eq!(PersonField::parse(field.as_str()), Some(field));
        }
        assert_eq!((Source::parse("x"), PersonField::parse("number")), (None, None));
    }

    #[test]
    fn printing_shows_no_value() {
        assert!(!format!("{:?}", said(Source::Roster, "10012345678")).contains("100"));
    }
}
