//! What an answer may show: no phone in full without a look at it, none at all to a fellow student, and of what
//! people answered only what counts.

use super::{
    client::Told,
    findings::Findings,
    oracle::{Need, Who},
    rows::Row,
    world::facts::{CANARY, NOTE, REASON},
};

/// The looks at phones, which are on record, and one's own.
const FULL_PHONES: [&str; 5] = [
    "people_reveal_phone",
    "corrections_values",
    "me_contact",
    "me_data_copies_get",
    "visitors_reveal_phone",
];
/// One's own, masked.
const OWN: [&str; 6] =
    ["me_data", "me_data_copies_get", "corrections_mine", "reports_get", "reports_revisions", "forms_get"];
/// Everything that is held on oneself: also why one was exempt and what others found out.
const ALL_ONES_OWN: &str = "me_data_copies_get";

/// Show what was found out about those who have not reported.
const FOUND_OUT: [&str; 2] = ["unreported_list", "follow_ups_list"];

/// Eleven digits that begin with 1, by themselves.
fn has_phone(text: &str) -> bool {
    let parts = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    parts.into_iter().any(|part| {
        part.len() == 11 && part.starts_with('1') && part.bytes().all(|digit| digit.is_ascii_digit())
    })
}

pub fn check(row: &Row, who: Who, told: &Told, findings: &mut Findings) {
    let what = |field: &str| format!("{} {}: {who:?}: shows {field}", row.operation, row.call);
    if has_phone(&told.text) && !FULL_PHONES.contains(&row.operation) {
        findings.extra(what("a phone in full"));
    }
    let is_own = OWN.contains(&row.operation) || FULL_PHONES.contains(&row.operation);
    if who == Who::Assistant && !is_own && told.text.contains("****") {
        findings.extra(what("a masked phone"));
    }
    if told.text.contains(CANARY) && row.operation != "reviews_answers" && !OWN.contains(&row.operation) {
        findings.extra(what("what was answered"));
    }
    let may_know = Need::Care.is_held_by(who) || row.operation == ALL_ONES_OWN;
    if told.text.contains(REASON) && !may_know {
        findings.extra(what("why somebody is exempt"));
    }
    if told.text.contains(NOTE) && !may_know {
        findings.extra(what("what a counsellor found out"));
    }
    // Notes are opened one person at a time, on record.
    if told.text.contains(NOTE) && row.operation == "unreported_list" {
        findings.extra(what("what a counsellor noted, in a list"));
    }
    // A fellow student learns that somebody asked, and not that a classmate is in hospital.
    if who == Who::Assistant && FOUND_OUT.contains(&row.operation) && told.text.contains("hospital") {
        findings.extra(what("why a classmate has not reported"));
    }
    if FOUND_OUT.contains(&row.operation)
        && told.succeeded()
        && Need::Care.is_held_by(who)
        && row.call.contains("$followed")
        && !told.text.contains(NOTE)
    {
        findings.missing(what("not what a counsellor found out"));
    }
}

#[test]
fn phones_are_found() {
    assert!(has_phone(r#"{"phone":"10020200304"}"#) && has_phone("139-0000 0002 10020200304"));
    assert!(!has_phone(r#"{"phone":"100****0304","number":"201801010101"}"#));
}
