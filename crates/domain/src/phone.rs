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

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn hides_the_middle_and_all_of_a_short_number() {
        assert_eq!(mask("10012345678"), "100****5678");
        assert_eq!(mask("12345"), "*****");
        assert_eq!(mask(""), "");
    }
}
