//! How a column stands in a sheet: under whose heading, in which code words, with which dates. Another authority's layout is one of
//! these, column by column.

use serde::{Deserialize, Serialize};

use super::Column;

/// Code words of a column at most.
pub const MAX_WORDS: usize = 50;
/// Characters of a code word, and of what stands in every row, at most.
const MAX_WORD: usize = 40;

/// How days are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateStyle {
    /// 2020-03-04
    Dashes,
    /// 2020/03/04
    Slashes,
    /// 20200304
    Digits,
    /// 2020年3月4日
    Chinese,
}

impl DateStyle {
    /// All.
    pub const ALL: [Self; 4] = [Self::Dashes, Self::Slashes, Self::Digits, Self::Chinese];

    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dashes => "dashes",
            Self::Slashes => "slashes",
            Self::Digits => "digits",
            Self::Chinese => "chinese",
        }
    }

    /// The style of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|style| style.as_str() == name)
    }

    /// A day as we write it, in this style; a time behind it stays.
    fn rewrite(self, text: &str) -> Option<String> {
        let (day, rest) = text.split_at_checked(10)?;
        let day: chrono::NaiveDate = day.parse().ok()?;
        let day = day.format(match self {
            Self::Dashes => "%Y-%m-%d",
            Self::Slashes => "%Y/%m/%d",
            Self::Digits => "%Y%m%d",
            Self::Chinese => "%Y年%-m月%-d日",
        });
        Some(format!("{day}{rest}"))
    }
}

/// A column that was chosen, and how the sheet has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Which.
    pub column: Column,
    /// Its heading.
    pub title: String,
    /// The question whose answer it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What stands in every row of a column that is blank by itself: a school's code, a campus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fixed: Option<String>,
    /// What a cell says, and the code word that is written for it. An empty cell may have one too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<(String, String)>,
    /// How days are written; none: 2020-03-04.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dates: Option<DateStyle>,
}

impl Chosen {
    /// A column as it is, under a heading.
    pub fn new(column: Column, title: &str) -> Self {
        Self { column, title: title.into(), field: None, fixed: None, words: Vec::new(), dates: None }
    }

    /// What is written where a cell says `text`; empty where it says nothing.
    pub fn written(&self, text: &str) -> String {
        if let Some(fixed) = self.fixed.as_ref().filter(|_| text.is_empty()) {
            return fixed.clone();
        }
        if let Some((_, word)) = self.words.iter().find(|(said, _)| said == text) {
            return word.clone();
        }
        self.dates.and_then(|style| style.rewrite(text)).unwrap_or_else(|| text.to_owned())
    }

    /// Whether it is written as it is.
    pub fn is_plain(&self) -> bool {
        self.fixed.is_none() && self.words.is_empty() && self.dates.is_none()
    }

    /// What is wrong with how it is written, by its part.
    pub(super) fn flaws(&self) -> Vec<(&'static str, String)> {
        let mut flaws = Vec::new();
        // As it stands it goes into a cell: nothing is cut off its ends.
        let is_word = |word: &str| word.chars().count() <= MAX_WORD && !word.chars().any(char::is_control);
        if (self.column == Column::Answer) != self.field.is_some() {
            flaws.push(("field", "“填报内容”列要选一道题，其他列不选".into()));
        }
        if let Some(fixed) = &self.fixed {
            if self.column != Column::Blank {
                flaws.push(("fixed", "只有“备注”（空白）列可以填固定内容，请改用空白列".into()));
            } else if !is_word(fixed) || fixed.trim().is_empty() {
                flaws.push(("fixed", format!("固定内容要填 1 到 {MAX_WORD} 个字")));
            }
        }
        if self.words.len() > MAX_WORDS {
            flaws.push(("words", format!("一列最多 {MAX_WORDS} 个对照")));
        } else if !self.words.iter().all(|(said, word)| is_word(said) && is_word(word)) {
            flaws.push(("words", format!("对照的每一边最多 {MAX_WORD} 个字，不能换行")));
        }
        let mut said: Vec<&str> = self.words.iter().map(|(said, _)| said.as_str()).collect();
        said.sort_unstable();
        if said.windows(2).any(|two| two[0] == two[1]) {
            flaws.push(("words", "同一个内容写了两个对照，请去掉一个".into()));
        }
        flaws
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_written_as_the_other_side_wants_it() {
        let mut late = Chosen::new(Column::Late, "是否迟报");
        assert!(late.is_plain() && late.written("迟报") == "迟报");
        late.words = vec![("迟报".into(), "1".into()), (String::new(), "0".into())];
        assert_eq!(
            (late.written("迟报"), late.written(""), late.written("别的")),
            ("1".into(), "0".into(), "别的".into())
        );
        let mut since = Chosen::new(Column::Since, "入学时间");
        for (style, written) in [
            (DateStyle::Dashes, "2019-09-01"),
            (DateStyle::Slashes, "2019/09/01"),
            (DateStyle::Digits, "20190901"),
            (DateStyle::Chinese, "2019年9月1日"),
        ] {
            since.dates = Some(style);
            assert_eq!(since.written("2019-09-01"), written);
            assert_eq!(DateStyle::parse(style.as_str()), Some(style));
        }
        assert_eq!(since.written("2019-09-01 08:30"), "2019年9月1日 08:30");
        assert_eq!(
            (since.written(""), since.written("尚未报到的学生们")),
            (String::new(), "尚未报到的学生们".into())
        );
        let mut code = Chosen::new(Column::Blank, "学校代码");
        code.fixed = Some("41010".into());
        assert_eq!(code.written(""), "41010");
    }

    #[test]
    fn flaws_name_their_part() {
        let parts = |chosen: &Chosen| chosen.flaws().into_iter().map(|(part, _)| part).collect::<Vec<_>>();
        assert_eq!(parts(&Chosen::new(Column::Answer, "体温")), ["field"]);
        let mut number = Chosen::new(Column::Number, "学号");
        number.fixed = Some("1".into());
        assert_eq!(parts(&number), ["fixed"]);
        let mut blank = Chosen::new(Column::Blank, "代码");
        blank.fixed = Some(" ".into());
        assert_eq!(parts(&blank), ["fixed"]);
        let mut kind = Chosen::new(Column::Kind, "身份");
        kind.words = vec![("学生".into(), "1".into()), ("学生".into(), "2".into())];
        assert_eq!(parts(&kind), ["words"]);
        kind.words = vec![("学生".into(), "1\n".into())];
        assert_eq!(parts(&kind), ["words"]);
        kind.words = vec![("学生".into(), "1".into()), (String::new(), "0".into())];
        assert_eq!(parts(&kind), Vec::<&str>::new());
    }
}
