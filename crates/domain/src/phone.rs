//! Phone numbers on screens.

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
    use super::{mask, mask_mail};

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
