//! What a reminder says. A closed list of variables; nothing personal beyond the receiver's own name, since it may stand on a
//! lock screen.

use super::To;

/// Letters of a wording at most: filled in it still fits a card.
pub const LONGEST: usize = 120;

/// What is filled into a wording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variable {
    /// The form's title.
    Form,
    /// Until when it takes answers.
    Closes,
    /// The receiver's own name.
    Name,
    /// Their class; of whoever looks after one class, that one.
    Class,
    /// Their college.
    College,
    /// How many of theirs have not reported.
    Count,
    /// How many of theirs must.
    Expected,
}

impl Variable {
    /// All.
    pub const ALL: [Self; 7] =
        [Self::Form, Self::Closes, Self::Name, Self::Class, Self::College, Self::Count, Self::Expected];

    /// Between its braces.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Closes => "closes",
            Self::Name => "name",
            Self::Class => "class",
            Self::College => "college",
            Self::Count => "count",
            Self::Expected => "expected",
        }
    }

    /// Whether a step that tells these can say it.
    pub fn is_for(self, to: To) -> bool {
        match self {
            Self::Count | Self::Expected => to != To::Person,
            _ => true,
        }
    }
}

/// A wording in parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'a> {
    Words(&'a str),
    Variable(Variable),
    Unknown(&'a str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((words, after)) = rest.split_once('{') {
        let Some((name, left)) = after.split_once('}') else { break };
        parts.push(Part::Words(words));
        let known = Variable::ALL.into_iter().find(|variable| variable.as_str() == name.trim());
        parts.push(known.map_or(Part::Unknown(name), Part::Variable));
        rest = left;
    }
    parts.push(Part::Words(rest));
    parts
}

/// The variables a wording has.
pub fn variables(text: &str) -> Vec<Variable> {
    let variable = |part| match part {
        Part::Variable(variable) => Some(variable),
        _ => None,
    };
    parts(text).into_iter().filter_map(variable).collect()
}

/// Whether this can be said to these; why not, in Chinese.
pub fn check(text: &str, to: To) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("请填写提醒内容".into());
    }
    if text.chars().count() > LONGEST || text.chars().any(|letter| letter.is_control() && letter != '\n') {
        return Err(format!("提醒内容不超过 {LONGEST} 字，不能有特殊控制字符"));
    }
    let known = || {
        let known = Variable::ALL.into_iter().filter(|variable| variable.is_for(to));
        known.map(|variable| format!("{{{}}}", variable.as_str())).collect::<Vec<_>>().join("、")
    };
    for part in parts(text) {
        match part {
            Part::Unknown(name) => return Err(format!("没有变量“{{{name}}}”，可以用 {}", known())),
            Part::Variable(variable) if !variable.is_for(to) => {
                return Err(format!("发给本人的提醒不能用“{{{}}}”，可以用 {}", variable.as_str(), known()));
            }
            Part::Words(words) if words.contains(['{', '}']) => {
                return Err(format!("大括号要成对，可以用 {}", known()));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The wording with its variables filled in; what is filled in is never read as a variable.
pub fn fill(text: &str, value: impl Fn(Variable) -> String) -> String {
    let said = |part| match part {
        Part::Words(words) => words.to_owned(),
        Part::Variable(variable) => value(variable),
        Part::Unknown(name) => format!("{{{name}}}"),
    };
    parts(text).into_iter().map(said).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_once() {
        let value = |variable| match variable {
            Variable::Name => "{form}".to_owned(),
            _ => "健康日报".to_owned(),
        };
        assert_eq!(fill("{name}，请填“{form}”", value), "{form}，请填“健康日报”");
        assert_eq!(variables("{name}，请填“{form}”"), [Variable::Name, Variable::Form]);
    }

    #[test]
    fn an_unknown_variable_is_named() {
        let refusal = check("请打 {phone}", To::Person).unwrap_err();
        assert!(refusal.contains("{phone}") && refusal.contains("{name}"), "{refusal}");
        assert!(!refusal.contains("{count}"), "{refusal}");
        assert!(check("还有 {count} 人", To::Person).is_err());
        assert_eq!(check("还有 {count} 人", To::School), Ok(()));
        assert!(check("还有 {count 人", To::School).is_err());
        assert!(check("还有 count} 人", To::School).is_err());
        assert!(check(" ", To::School).is_err());
        assert!(check(&"催".repeat(121), To::School).is_err());
    }
}
