//! 二次验证: codes of a phone's authenticator (TOTP, RFC 6238: SHA-1, six digits, half a minute) beside the sign-in by WeCom,
//! and the codes that take their place when the phone is lost.

use chrono::{DateTime, TimeDelta, Utc};
use ring::hmac;
use serde::Deserialize;

/// Bytes of a secret, as RFC 4226 recommends.
pub const SECRET_BYTES: usize = 20;
/// Codes for when the phone is lost, handed out once.
pub const RECOVERY_CODES: usize = 10;
/// Letters of one of them: 60 bits.
pub const RECOVERY_LETTERS: usize = 12;
/// Wrong codes of one member …
pub const TRIES: i64 = 5;
/// … within this: then none is taken until the oldest of them is older.
pub const TRIES_WITHIN: TimeDelta = TimeDelta::minutes(5);

/// Seconds a code is of.
const STEP: i64 = 30;
/// Codes before and after that of the moment are taken too: clocks differ.
const WINDOW: i64 = 1;
/// Six digits.
const CODES: u32 = 1_000_000;

/// What a school wants of those who change others' rights and data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Nobody sets one up, and nobody is asked.
    Off,
    /// Whoever has one is asked for it.
    #[default]
    Optional,
    /// Whoever ought to have one does nothing dangerous without.
    Required,
}

impl Rule {
    /// As it stands in the configuration and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// None is asked for.
    NotAsked,
    /// One is to be set up first.
    Missing,
    /// There is one.
    Held {
        /// When this session last showed a code.
        proven_at: Option<DateTime<Utc>>,
    },
}

impl Standing {
    /// `wanted`: whether they hold rights it belongs to. `held`: whether they have one.
    pub fn of(rule: Rule, wanted: bool, held: bool, proven_at: Option<DateTime<Utc>>) -> Self {
        match rule {
            Rule::Off => Self::NotAsked,
            // Whoever has lost the rights and kept the factor is still asked: it is theirs to remove.
            _ if held => Self::Held { proven_at },
            Rule::Required if wanted => Self::Missing,
            _ => Self::NotAsked,
        }
    }
}

/// What somebody typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// What the authenticator shows.
    Code(u32),
    /// A code for when the phone is lost, in capitals without separators.
    Recovery(String),
}

impl Given {
    /// Reads it, with spaces and hyphens or without; none: it can be neither.
    pub fn parse(text: &str) -> Option<Self> {
        let bare: String =
            text.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').take(64).collect();
        if !bare.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        match bare.len() {
            6 => bare.parse().ok().map(Self::Code),
            RECOVERY_LETTERS => Some(Self::Recovery(bare.to_ascii_uppercase())),
            _ => None,
        }
    }
}

/// The half minute a moment is in.
fn step_of(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(STEP)
}

/// The code of a half minute (RFC 4226 §5.3).
fn code_of(secret: &[u8], step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let hash = tag.as_ref();
    let offset = hash.last().map_or(0, |byte| usize::from(byte & 0x0f));
    let word = hash.get(offset..).and_then(|rest| rest.first_chunk::<4>()).copied().unwrap_or_default();
    (u32::from_be_bytes(word) & 0x7fff_ffff) % CODES
}

/// The code an authenticator shows at a moment, with its zeros.
pub fn shown(secret: &[u8], at: DateTime<Utc>) -> String {
    format!("{:06}", code_of(secret, step_of(at)))
}

/// The half minute a code is of, when it is taken at `at`: to be kept as `used`, since none of it or before is taken again.
pub fn taken(secret: &[u8], code: u32, at: DateTime<Utc>, used: Option<i64>) -> Option<i64> {
    let now = step_of(at);
    // The oldest first, so that a code that happens to be that of two half minutes uses up less.
    (now - WINDOW..=now + WINDOW)
        .filter(|step| used.is_none_or(|used| *step > used))
        .find(|step| code_of(secret, *step) == code)
}

/// What is kept of a code for when the phone is lost. Keyed with the secret, which stands sealed: whoever has the database alone
/// has nothing to try codes against, so the hash need not be slow.
pub fn recovery_hash(secret: &[u8], code: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::sign(&key, format!("rollcall recovery code 1\n{code}").as_bytes()).as_ref().to_vec()
}

/// A code for when the phone is lost, as it is read: in fours.
pub fn in_fours(code: &str) -> String {
    let letters: Vec<char> = code.chars().collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// A secret as people type it into an authenticator (RFC 4648, without padding).
pub fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let letter = |value: u32| char::from(LETTERS[usize::from(value.to_le_bytes()[0] & 31)]);
    let mut text = String::new();
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(held >> bits));
        }
    }
    if bits > 0 {
        text.push(letter(held << (5 - bits)));
    }
    text
}

/// What a QR code says to an authenticator: which account of which school, and the secret.
pub fn uri(school: &str, account: &str, secret: &[u8]) -> String {
    let (school, account) = (escaped(school), escaped(account));
    let secret = base32(secret);
    format!(
        "otpauth://totp/{school}:{account}?secret={secret}&issuer={school}&algorithm=SHA1&digits=6&period={STEP}"
    )
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn codes_are_those_of_rfc_4226() {
        let codes =
            [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        for (step, code) in (0..).zip(codes) {
            assert_eq!(code_of(SECRET, step), code, "{step}");
        }
    }

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // Its table has eight digits; the last six are ours.
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(shown(SECRET, at(seconds)), code, "{seconds}");
        }
    }

    #[test]
    fn a_code_is_taken_half_a_minute_early_and_late_and_no_more() {
        let noon = 1_583_294_400;
        let code = code_of(SECRET, noon / STEP);
        let taken_at = |seconds| taken(SECRET, code, at(seconds), None).is_some();
        for (seconds, is_taken) in
            [(-31, false), (-30, true), (-1, true), (0, true), (29, true), (59, true), (60, false)]
        {
            assert_eq!(taken_at(noon + seconds), is_taken, "{seconds}");
        }
    }

    #[test]
    fn no_code_is_taken_twice_nor_one_before_it() {
        let noon = 1_583_294_400;
        let step = noon / STEP;
        let (code, before, after) =
            (code_of(SECRET, step), code_of(SECRET, step - 1), code_of(SECRET, step + 1));
        let used = taken(SECRET, code, at(noon), None);
        assert_eq!(used, Some(step));
        assert_eq!(taken(SECRET, code, at(noon), used), None);
        assert_eq!(taken(SECRET, code, at(noon + 29), used), None);
        assert_eq!(taken(SECRET, before, at(noon), used), None);
        assert_eq!(taken(SECRET, after, at(noon), used), Some(step + 1));
    }

    #[test]
    fn what_is_typed_is_read_with_separators_and_without() {
        assert_eq!(Given::parse(" 012 345 "), Some(Given::Code(12_345)));
        assert_eq!(Given::parse("abcd-2345-efgh"), Some(Given::Recovery("ABCD2345EFGH".into())));
        assert_eq!(in_fours("ABCD2345EFGH"), "ABCD-2345-EFGH");
        for text in ["", "12345", "1234567", "12345a", "ABCD-2345-EFG", "０１２３４５", "ABCD2345EFG!"]
        {
            assert_eq!(Given::parse(text), None, "{text}");
        }
    }

    #[test]
    fn secrets_are_written_as_rfc_4648_says() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        assert_eq!(
            uri("某校", "a b", SECRET),
            "otpauth://totp/%E6%9F%90%E6%A0%A1:a%20b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=%E6%9F%90%E6%A0%A1&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn another_secret_hashes_the_same_code_otherwise() {
        let hash = recovery_hash(SECRET, "ABCD2345EFGH");
        assert_eq!(hash.len(), 32);
        assert_ne!(hash, recovery_hash(b"other", "ABCD2345EFGH"));
        assert_ne!(hash, recovery_hash(SECRET, "ABCD2345EFGJ"));
    }

    #[test]
    fn who_is_asked_follows_from_the_rule() {
        use Standing::{Held, Missing, NotAsked};
        let held = Held { proven_at: None };
        for (rule, wanted, has, standing) in [
            (Rule::Off, true, true, NotAsked),
            (Rule::Optional, true, false, NotAsked),
            (Rule::Optional, true, true, held),
            (Rule::Optional, false, true, held),
            (Rule::Required, true, false, Missing),
            (Rule::Required, false, false, NotAsked),
            (Rule::Required, true, true, held),
        ] {
            assert_eq!(Standing::of(rule, wanted, has, None), standing, "{rule:?} {wanted} {has}");
        }
    }
}
