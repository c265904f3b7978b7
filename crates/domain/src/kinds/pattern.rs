//! Patterns of names as people write them: `*学院`, `20##级`. A star is anything, a question mark one character, a number
//! sign one digit. Not a regular expression: nobody has to learn one, and no pattern takes longer than pattern × name.

/// Whether a text fits a pattern as a whole. Letters in either case; the wide signs of a Chinese keyboard count too.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // The pattern after the last star, and the text of which the star may swallow one more character.
    let mut star = None;
    loop {
        let fits = match (pattern.clone().next(), text.clone().next()) {
            (Some('*' | '＊'), _) => {
                pattern.next();
                star = Some((pattern.clone(), text.clone()));
                continue;
            }
            (Some(sign), Some(character)) => fits(sign, character),
            (Some(_), None) => return false,
            (None, character) => {
                if character.is_none() {
                    return true;
                }
                false
            }
        };
        if fits {
            pattern.next();
            text.next();
            continue;
        }
        let Some((after, from)) = &mut star else { return false };
        if from.next().is_none() {
            return false;
        }
        (pattern, text) = (after.clone(), from.clone());
    }
}

/// Whether a text fits one of these patterns.
pub fn matches_any(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, text))
}

fn fits(sign: char, character: char) -> bool {
    match sign {
        '?' | '？' => true,
        '#' | '＃' => character.is_ascii_digit(),
        _ => sign.eq_ignore_ascii_case(&character),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_question_marks_and_digits() {
        for (pattern, text, expected) in [
            ("*学院", "信息工程学院", true),
            ("*学院", "学院", true),
            ("*学院", "学院办公室", false),
            ("学院*", "学院办公室", true),
            ("*实验*", "省级实验中心", true),
            ("20??级", "2018级", true),
            ("20??级", "2018 级", false),
            ("##级", "18级", true),
            ("##级", "一八级", false),
            ("##*班", "2018会计3班", true),
            ("##*班", "2班", false),
            ("*1*1*班", "2018-1-1班", true),
            ("", "", true),
            ("", "甲", false),
            ("*", "", true),
            ("？？处", "教务处", true),
            ("＊＃班", "会计3班", true),
            ("IT*", "it服务部", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    /// The plainest way to say it, which takes forever where the other does not.
    fn slow(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|skip| slow(rest, &text[skip..])),
            Some((sign, rest)) => text
                .split_first()
                .is_some_and(|(character, more)| fits(*sign, *character) && slow(rest, more)),
        }
    }

    #[test]
    fn agrees_with_the_plain_definition_on_all_short_texts() {
        let words = |alphabet: &str, longest: usize| {
            let mut words = vec![String::new()];
            let mut from = 0;
            for _ in 0..longest {
                let until = words.len();
                for n in from..until {
                    for letter in alphabet.chars() {
                        words.push(format!("{}{letter}", words[n]));
                    }
                }
                from = until;
            }
            words
        };
        for pattern in words("a1*?#", 4) {
            for text in words("a1b", 4) {
                let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
                assert_eq!(matches(&pattern, &text), slow(&p, &t), "{pattern} {text}");
            }
        }
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_not() {
        // Plain backtracking would take longer than the universe has had.
        let (pattern, text) = (format!("{}b", "*a".repeat(30)), "a".repeat(2000));
        assert!(!matches(&pattern, &text));
    }
}
