//! Phone numbers: as people write them, and as screens show them.

/// What people write as `100 1234 5678` or `100-1234-5678`: 5 to 20 digits, perhaps after a plus.
pub fn read(text: &str) -> Option<String> {
    let phone: String = text.trim().chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let digits = phone.strip_prefix('+').unwrap_or(&phone);
    ((5..=20).contains(&digits.len()) && digits.bytes().all(|c| c.is_ascii_digit())).then_some(phone)
}

/// The first three and the last four digits; everything between, and everything of a short number, is hidden.
pub fn mask(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().collect();
    match digits.as_slice() {
        [a, b, c, hidden @ .., w, x, y, z] if hidden.len() >= 3 => {
            format!("{a}{b}{c}{}{w}{x}{y}{z}", "*".repeat(hidden.len()))
        }
        all => "*".repeat(all.len()),
    }
}

/// A mail address: its first letter and where it is kept.
pub fn mask_mail(mail: &str) -> String {
    match mail.split_once('@') {
        Some((name, host)) => {
            format!("{}***@{host}", name.chars().next().map(String::from).unwrap_or_default())
        }
        None => "*".repeat(mail.chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::{mask, mask_mail, read};

    #[test]
    fn a_number_is_read_however_it_is_grouped() {
        assert_eq!(read(" 100-1234 5678").as_deref(), Some("10012345678"));
        assert_eq!(read("+86 10012345678").as_deref(), Some("+8610012345678"));
        for wrong in ["", "1234", "100x2345678", "123456789012345678901", "１００１２３４５"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn hides_the_middle_and_all_of_a_short_number() {
        assert_eq!(mask("10012345678"), "100****5678");
        assert_eq!(mask("12345"), "*****");
        assert_eq!(mask(""), "");
    }
    #[test]
    fn hides_who_a_mail_address_is_of() {
        assert_eq!(mask_mail("wang.yi@example.com"), "w***@example.com");
        assert_eq!(mask_mail("@example.com"), "***@example.com");
        assert_eq!(mask_mail("王一"), "**");
    }
}
