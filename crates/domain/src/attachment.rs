//! 附件: pictures that answers show. What is taken, and what is kept of it.

/// Bytes of a file that is taken at most: what a phone's camera makes.
pub const MAX_FILE: usize = 12 << 20;
/// Width and height of a kept picture at most.
pub const MAX_SIDE: u32 = 1600;
/// Bytes of a kept picture at most.
pub const MAX_BYTES: usize = 600 * 1024;
/// Pictures of one person that no report shows yet, at most.
pub const MAX_UNTIED: i64 = 20;

/// Whether this can be an attachment's id: 32 hex digits.
pub fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::is_id;

    #[test]
    fn an_id_is_thirty_two_hex_digits() {
        assert!(is_id("0123456789abcdef0123456789abcdef"));
        for other in
            ["", "0123456789abcdef", "0123456789ABCDEF0123456789ABCDEF", "../3456789abcdef0123456789abcdef"]
        {
            assert!(!is_id(other), "{other}");
        }
    }
}
