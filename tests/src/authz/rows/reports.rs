//! Of others' reports: figures, people behind them, who has not reported, what they answered.

use super::{Row, get, row};
use crate::authz::oracle::Need::{
    Care, Figures, FollowUp, FormsOfOthers, People, Remind, SignOff, Unreported,
};

pub const ROWS: &[Row] = &[
    get("statistics_forms", FormsOfOthers, "GET /statistics"),
    get("statistics_table", Figures, "GET /statistics/$health"),
    get("statistics_table", Figures, "GET /statistics/$health?by=class&department=$department"),
    get("bulletins_get", Figures, "GET /statistics/$health/bulletin?department=$department"),
    get("statistics_categories", Figures, "GET /statistics/$health/categories?department=$department"),
    get("statistics_comparison", Figures, "GET /statistics/$health/comparison?department=$department"),
    get("statistics_explain", Figures, "GET /statistics/$health/explanation?department=$department"),
    get("statistics_trend", Figures, "GET /statistics/$health/trend?department=$department"),
    get("statistics_people", People, "GET /statistics/$health/people?department=$department"),
    get("trips_list", People, "GET /trips?state=all&department=$department"),
    get("trips_summary", People, "GET /trips/summary?state=all&department=$department"),
    get("movements_table", Figures, "GET /movements"),
    get("movements_people", People, "GET /movements/people?department=$unit"),
    row("movements_sign", SignOff, "PUT /movements/2020-03-04/$unit/signature", "{}"),
    get("unreported_list", Unreported, "GET /unreported/$health?department=$department"),
    get("follow_ups_list", FollowUp, "GET /unreported/$health/follow-ups?person=$silent"),
    get("follow_ups_list", FollowUp, "GET /unreported/$health/follow-ups?person=$followed"),
    row(
        "follow_ups_create",
        FollowUp,
        "POST /unreported/$health/follow-ups",
        r#"{"person":$silent,"reason":"unreachable"}"#,
    ),
    row("reminders_create", Remind, "POST /reminders", r#"{"form":"$health","people":[$silent]}"#),
    get("reminders_get", Remind, "GET /reminders/$own_round"),
    get("forms_get", Care, "GET /forms/$health?person=$absent"),
    row("attachments_create", Care, "POST /attachments?form=papers&person=$absent", "$picture"),
    row(
        "reports_create",
        Care,
        "POST /reports",
        r#"{"form":"$health","version":1,"answers":{"temperature":36.5,"place":"非疫区","abnormal":false},"behalf":{"person":$absent,"reason":"手机坏了"}}"#,
    ),
    get("reviews_list", Care, "GET /reviews?department=$department"),
    get("reviews_counts", Care, "GET /reviews/counts?department=$department"),
    get("reviews_get", Care, "GET /reviews/$receipt"),
    row("reviews_answers", Care, "POST /reviews/$receipt/answers", r#"{"purpose":"核实异常情况"}"#),
    row("reviews_note", Care, "POST /reviews/$receipt/note", r#"{"note":"已电话了解"}"#),
    row("reviews_send_back", Care, "POST /reviews/$receipt/send-back", r#"{"note":"请补充症状"}"#),
    row("reviews_close", Care, "POST /reviews/$receipt/close", r#"{"note":"已核实"}"#),
    row("reviews_create", Care, "POST /reviews", r#"{"form":"$health","person":$well,"note":"请补充"}"#),
    get("sign_offs_list", Figures, "GET /sign-offs?form=$health"),
    row(
        "sign_offs_create",
        SignOff,
        "POST /sign-offs",
        r#"{"form":"$health","department":$department,"note":"已联系"}"#,
    ),
    row("sign_offs_revoke", SignOff, "DELETE /sign-offs/$sign_off", ""),
];
