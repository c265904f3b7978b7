//! 通知: what somebody in charge tells many at once.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::form::answers::FieldError;

/// Bytes of a heading at most (a text card's, doc 90236).
const MOST_TITLE: usize = 128;
/// Bytes of the text at most.
const MOST_TEXT: usize = 512;
/// Bytes of a link at most: a card's address less what is added to it.
const MOST_LINK: usize = 2000;
/// Numbers of a list at most.
pub const MOST_NUMBERS: usize = 3000;
/// Departments, and tags, at most.
pub const MOST_PARTS: usize = 200;
/// So far ahead something may be scheduled.
pub const FARTHEST: TimeDelta = TimeDelta::days(90);
/// WeCom takes a message back within this long (doc 94867).
pub const RECALLED_WITHIN: TimeDelta = TimeDelta::hours(24);
/// For how long it is of use: what could not be sent by then is not sent.
pub const USEFUL_FOR: TimeDelta = TimeDelta::hours(24);

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// Heading.
    pub title: String,
    /// The text.
    pub text: String,
    /// The page it opens; none: one of ours that shows the text.
    pub link: Option<String>,
}

impl Words {
    /// Checks what somebody wrote.
    pub fn new(title: &str, text: &str, link: Option<&str>) -> Result<Self, Vec<FieldError>> {
        let (title, text) = (title.trim(), text.trim());
        let link = link.map(str::trim).filter(|link| !link.is_empty());
        let mut flaws = Vec::new();
        let mut wrong = |field: &str, message: &str| {
            flaws.push(FieldError { field: field.into(), message: message.into() });
        };
        if title.is_empty() || title.len() > MOST_TITLE || title.chars().any(char::is_control) {
            wrong("title", "请填写标题，最多 42 个汉字，不能换行");
        }
        let is_text = |c: char| !c.is_control() || c == '\n';
        if text.is_empty() || text.len() > MOST_TEXT || !text.chars().all(is_text) {
            wrong("text", "请填写正文，最多 170 个汉字");
        }
        // WeCom reads a few tags in a card's text: what looks like one would not be shown.
        if [title, text].iter().any(|words| words.contains('<') && words.contains('>')) {
            wrong("text", "标题和正文里不要同时用 < 和 >，企业微信会把它们当作格式");
        }
        if link.is_some_and(|link| !is_link(link)) {
            wrong("link", "链接要以 https:// 开头，不含空格，最多 2000 个字符");
        }
        if !flaws.is_empty() {
            return Err(flaws);
        }
        Ok(Self { title: title.into(), text: text.into(), link: link.map(str::to_owned) })
    }
}

fn is_link(link: &str) -> bool {
    let host = link.strip_prefix("https://").map(|rest| rest.split(['/', '?', '#']).next().unwrap_or(""));
    link.len() <= MOST_LINK
        && host.is_some_and(|host| host.contains('.') && !host.contains('@'))
        && !link.chars().any(|c| c.is_whitespace() || c.is_control() || "\"'<>\\".contains(c))
}

/// The numbers of a pasted list, each once, in its order: lines, or with commas or blanks between them.
pub fn numbers(pasted: &str) -> Result<Vec<String>, FieldError> {
    let between = |c: char| c.is_whitespace() || c.is_control() || ",，;；、".contains(c);
    let mut known = BTreeSet::new();
    let numbers: Vec<String> = pasted
        .split(between)
        .filter(|number| !number.is_empty())
        .filter(|number| known.insert(number.to_lowercase()))
        .map(str::to_owned)
        .collect();
    let wrong = |message: String| FieldError { field: "numbers".into(), message };
    if numbers.len() > MOST_NUMBERS {
        return Err(wrong(format!("名单最多 {MOST_NUMBERS} 人，请分批发送，或改选部门、标签")));
    }
    if numbers.iter().any(|number| number.len() > 64) {
        return Err(wrong("名单里有超过 64 个字符的内容，请只粘贴学号或工号，每行一个".into()));
    }
    Ok(numbers)
}

/// When it goes out: now, unless somebody says later.
pub fn send_at(wanted: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<DateTime<Utc>, FieldError> {
    let wrong = |message: &str| FieldError { field: "send_at".into(), message: message.into() };
    match wanted {
        None => Ok(now),
        Some(at) if at < now - TimeDelta::minutes(1) => {
            Err(wrong("发送时间已过，请改为以后的时间，或立即发送"))
        }
        Some(at) if at > now + FARTHEST => Err(wrong("发送时间最多在 90 天以内")),
        Some(at) => Ok(at.max(now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_fit_a_card() {
        let words = Words::new(" 停水通知 ", "明天 8:00–12:00 停水。\n请提前储水。", Some("")).unwrap();
        assert_eq!((words.title.as_str(), words.link), ("停水通知", None));
        let fields = |title: &str, text: &str, link: Option<&str>| -> Vec<String> {
            Words::new(title, text, link).unwrap_err().into_iter().map(|flaw| flaw.field).collect()
        };
        assert_eq!(fields("", " ", None), ["title", "text"]);
        assert_eq!(fields("题\n目", "文", None), ["title"]);
        assert_eq!(fields("题", &"字".repeat(171), None), ["text"]);
        assert!(Words::new("题", &"字".repeat(170), None).is_ok());
        assert_eq!(fields("题", "<div>文</div>", None), ["text"]);
        for link in ["http://school.example/", "https://", "https://a b.example", "javascript:1", "https://x"]
        {
            assert_eq!(fields("题", "文", Some(link)), ["link"], "{link}");
        }
        assert!(Words::new("题", "文", Some("https://www.school.example/a?b=c#d")).is_ok());
    }

    #[test]
    fn a_pasted_list_is_read_as_people_paste() {
        let pasted = "20180101\r\n20180102，20180103、20180101\t t1001;T1001 ";
        assert_eq!(numbers(pasted).unwrap(), ["20180101", "20180102", "20180103", "t1001"]);
        assert!(numbers(&"x".repeat(65)).is_err());
        let many: Vec<String> = (0..=MOST_NUMBERS).map(|n| n.to_string()).collect();
        assert!(numbers(&many.join("\n")).is_err());
        assert_eq!(numbers(" \n").unwrap(), Vec::<String>::new());
    }

    #[test]
    fn it_goes_out_now_or_later() {
        let now: DateTime<Utc> = "2020-03-04T00:00:00Z".parse().unwrap();
        assert_eq!(send_at(None, now), Ok(now));
        let later = now + TimeDelta::hours(3);
        assert_eq!(send_at(Some(later), now), Ok(later));
        assert_eq!(send_at(Some(now - TimeDelta::seconds(30)), now), Ok(now), "a minute that has begun");
        assert!(send_at(Some(now - TimeDelta::hours(1)), now).is_err());
        assert!(send_at(Some(now + TimeDelta::days(91)), now).is_err());
    }
}
