//! What somebody writes to the app: a number, one of a few words, or something else.

/// What was meant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Words {
    /// A measured number: 36.4, 36.4℃, 36,4, ３６．４, 体温36.4, 36度4.
    Measured(f64),
    /// 历史
    History,
    /// 未报
    Unreported,
    /// Anything else.
    Other,
}

/// Reads what somebody wrote.
pub fn read(text: &str) -> Words {
    let text: String = text.chars().map(narrow).filter(|c| !c.is_whitespace()).collect();
    let text = text.to_lowercase();
    match text.trim_end_matches(['.', '!', '?', '。']) {
        "历史" | "记录" | "填报记录" | "历史记录" | "history" => Words::History,
        "未报" | "未报名单" | "谁没报" | "unreported" => Words::Unreported,
        _ => measured(&text).map_or(Words::Other, Words::Measured),
    }
}

/// A wide letter, digit or sign as the narrow one; a Chinese full stop or comma is a point where a number is meant.
fn narrow(c: char) -> char {
    match c {
        '！'..='～' => u32::from(c).checked_sub(0xfee0).and_then(char::from_u32).unwrap_or(c),
        '\u{3000}' => ' ',
        c => c,
    }
}

fn measured(text: &str) -> Option<f64> {
    let text = text.strip_prefix("体温").unwrap_or(text).trim_start_matches([':', '是', '为']);
    let text = ["摄氏度", "℃", "°c", "c", "度", "。", "."]
        .into_iter()
        .find_map(|unit| text.strip_suffix(unit))
        .unwrap_or(text);
    let text: String =
        text.chars().map(|c| if matches!(c, ',' | '。' | '度' | '、') { '.' } else { c }).collect();
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, "0"));
    let digits = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    if digits(whole, 3) && digits(decimals, 3) { format!("{whole}.{decimals}").parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_however_it_is_written() {
        for text in [
            "36.4",
            " 36.4 ",
            "36.4℃",
            "36.4°C",
            "36.4度",
            "36,4",
            "36，4",
            "36。4",
            "３６．４",
            "３６．４℃",
            "体温36.4",
            "体温：36.4",
            "36度4",
            "36.4。",
            "36.40",
            "体温是36.4摄氏度",
        ] {
            assert_eq!(read(text), Words::Measured(36.4), "{text}");
        }
        assert_eq!(read("37"), Words::Measured(37.0));
        assert_eq!(read("1000"), Words::Other);
    }

    #[test]
    fn a_few_words_are_known_and_the_rest_is_something_else() {
        for text in ["历史", "历史。", "记录", " 历 史 "] {
            assert_eq!(read(text), Words::History, "{text}");
        }
        assert_eq!(read("未报"), Words::Unreported);
        for text in ["", "你好", "36.4.5", "三十六度四", "-36.4", "36.4 36.5x", "。", "36.4567", "\u{0}"]
        {
            assert_eq!(read(text), Words::Other, "{text}");
        }
    }
}
