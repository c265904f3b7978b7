//! What everybody has: their own reports, their own data.

use super::{Row, get, row};
use crate::authz::oracle::Need::{Care, SecondFactor, SignedIn};

pub const ROWS: &[Row] = &[
    get("me_get", SignedIn, "GET /me"),
    get("me_data", SignedIn, "GET /me/data"),
    row("me_contact", SignedIn, "POST /me/data/contact", "{}"),
    get("sessions_list", SignedIn, "GET /me/sessions"),
    row("sessions_end", SignedIn, "DELETE /me/sessions/$own_session", ""),
    row("sessions_end_others", SignedIn, "POST /me/sessions/end-others", "{}"),
    get("second_factors_get", SignedIn, "GET /me/second-factor"),
    row("second_factors_begin", SecondFactor, "POST /me/second-factor", "{}"),
    row(
        "second_factors_confirm",
        SecondFactor,
        "POST /me/second-factor/confirmation",
        r#"{"code":"000000"}"#,
    ),
    row("second_factors_prove", SignedIn, "POST /me/second-factor/proof", r#"{"code":"000000"}"#),
    row("second_factors_remove", SignedIn, "POST /me/second-factor/removal", r#"{"code":"000000"}"#),
    get("me_data_held", SignedIn, "GET /me/data/held"),
    row("me_data_copies_ask", SignedIn, "POST /me/data/copies", r#"{"format":"json"}"#),
    get("me_data_copies_get", SignedIn, "GET /me/data/copies/$own_copy"),
    get("photos_own", SignedIn, "GET /me/photo"),
    get("access_log_list", SignedIn, "GET /access-log"),
    get("jssdk_get", SignedIn, "GET /jssdk?kind=config&url=$page"),
    get("forms_list", SignedIn, "GET /forms"),
    get("forms_get", SignedIn, "GET /forms/papers"),
    get("reports_list", SignedIn, "GET /reports?form=papers"),
    get("reports_forms", SignedIn, "GET /reports/forms"),
    get("reports_get", SignedIn, "GET /reports/$own_receipt"),
    get("reports_revisions", SignedIn, "GET /reports/$own_receipt/revisions"),
    // Before what asks anything sensitive is answered.
    row(
        "privacy_notices_agree",
        SignedIn,
        "POST /me/privacy-notice/agreement",
        r#"{"version":1,"locale":"zh-CN"}"#,
    ),
    row(
        "reports_create",
        SignedIn,
        "POST /reports",
        r#"{"form":"trips","version":1,"answers":{"left_on":"2020-03-01","out_transport":"自驾","reason":"公务","destination":"410302","address":"某地","returned":false}}"#,
    ),
    row("attachments_create", SignedIn, "POST /attachments?form=papers", "$picture"),
    get("attachments_get", SignedIn, "GET /attachments/$own_attachment"),
    get("attachments_get", Care, "GET /attachments/$attachment"),
    row("attachments_delete", SignedIn, "DELETE /attachments/$own_loose", ""),
    get("corrections_mine", SignedIn, "GET /me/corrections"),
    row("corrections_create", SignedIn, "POST /me/corrections", r#"{"field":"name","value":"新的名字"}"#),
    row("corrections_withdraw", SignedIn, "POST /me/corrections/$own_correction/withdrawal", "{}"),
    row("consents_withdraw", SignedIn, "DELETE /me/consent", ""),
    get("privacy_notices_mine", SignedIn, "GET /me/privacy-notice"),
    row("privacy_notices_withdraw", SignedIn, "DELETE /me/privacy-notice/agreement", ""),
];
