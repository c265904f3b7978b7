//! 行政区划: provinces, cities and counties of China by their six-digit codes (GB/T 2260).
//!
//! The list is fixtures/regions.txt, written from the package `@vant/area-data` by the pages, which keep it equal.

use std::{collections::BTreeMap, sync::LazyLock};

static NAMES: LazyLock<BTreeMap<&'static str, &'static str>> = LazyLock::new(|| {
    include_str!("../../../fixtures/regions.txt").lines().filter_map(|line| line.split_once(' ')).collect()
});

/// The name of a province, city or county: `410105` is 金水区.
pub fn name(code: &str) -> Option<&'static str> {
    NAMES.get(code).copied()
}

/// Whether the code is a county's: the level people are asked for.
pub fn is_county(code: &str) -> bool {
    name(code).is_some() && !code.ends_with("00")
}

/// The name of the province a code lies in.
pub fn province(code: &str) -> Option<&'static str> {
    name(&format!("{}0000", code.get(..2)?))
}

/// The whole way down: `410105` is 河南省郑州市金水区, `110101` 北京市东城区. An unknown code is given back.
pub fn path(code: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for (digits, zeros) in [(2, "0000"), (4, "00"), (6, "")] {
        let part = code.get(..digits).and_then(|prefix| name(&format!("{prefix}{zeros}")));
        // Municipalities name themselves twice, and counties without a city stand under a makeshift one.
        if let Some(part) = part.filter(|part| parts.last() != Some(part) && !part.contains("直辖县")) {
            parts.push(part);
        }
    }
    if parts.is_empty() { code.to_owned() } else { parts.concat() }
}

/// Whether `code` lies in one of these: each is a code's first two, four or six digits.
pub fn is_within(code: &str, prefixes: &[String]) -> bool {
    prefixes.iter().any(|prefix| code.starts_with(prefix.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_level() {
        assert_eq!(name("410000"), Some("河南省"));
        assert_eq!(path("410105"), "河南省郑州市金水区");
        assert_eq!(path("110101"), "北京市东城区");
        assert_eq!(path("429004"), "湖北省仙桃市");
        assert_eq!(province("410105"), Some("河南省"));
        assert!(is_county("410105") && !is_county("410100") && !is_county("410000") && !is_county("999999"));
        assert_eq!((name("x"), province("4"), path("中")), (None, None, "中".to_owned()));
    }

    #[test]
    fn every_county_lies_in_a_city_and_a_province() {
        for code in NAMES.keys().filter(|code| is_county(code)) {
            assert!(province(code).is_some(), "{code}");
            assert!(name(&format!("{}00", &code[..4])).is_some(), "{code}");
        }
    }
}
