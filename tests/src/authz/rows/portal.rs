//! Entries to other systems, who opened them, and lists of who has reported there.

use super::{Row, get, row};
use crate::authz::oracle::Need::{Figures, People, Portal, Remind, SignedIn};

pub const ROWS: &[Row] = &[
    get("portal_mine", SignedIn, "GET /portal"),
    row("portal_pass", SignedIn, "POST /portal/$entry/passes", "{}"),
    get("portal_entries_list", Figures, "GET /portal/entries"),
    get("portal_entries_get", Figures, "GET /portal/entries/$entry"),
    get("portal_entries_days", Figures, "GET /portal/entries/$entry/days"),
    get("portal_comparison", Figures, "GET /portal/entries/$entry/comparison?department=$department"),
    get("portal_people", People, "GET /portal/entries/$entry/people?department=$department"),
    row("portal_lists_preview", Portal, "POST /portal/entries/$entry/list/preview", "学号\n$number\n"),
    row("portal_lists_import", Portal, "POST /portal/entries/$entry/list", "学号\n$number\n"),
    row("portal_remind", Remind, "POST /portal/entries/$entry/reminders", r#"{"department":$department}"#),
    row("portal_entries_order", Portal, "PUT /portal/entries/order", r#"{"ids":[$entry,$spare_entry]}"#),
    row(
        "portal_entries_create",
        Portal,
        "POST /portal/entries",
        r#"{"title":"图书馆","icon":"library","address":"https://lib.school.example/","kinds":["student"],"from":"2020-03-01"}"#,
    ),
    row(
        "portal_entries_change",
        Portal,
        "PUT /portal/entries/$entry",
        r#"{"revision":1,"entry":{"title":"省平台","icon":"report","address":"https://report.province.example/","kinds":["student","staff"],"from":"2020-03-01"}}"#,
    ),
    row("portal_entries_end", Portal, "POST /portal/entries/$spare_entry/end", "{}"),
];
