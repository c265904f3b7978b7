//! What people are sent: announcements, reminders by rule, digests, and on which days.

use super::{Row, get, row};
use crate::authz::oracle::Need::{
    Administer, Announce, PeopleOfRules, ReminderRules, SchoolFigures, SignedIn,
};

pub const ROWS: &[Row] = &[
    get("tags_list", Announce, "GET /tags"),
    get("departments_search", Announce, "GET /departments?purpose=announce"),
    get("announcements_list", Announce, "GET /announcements"),
    get("announcements_get", Announce, "GET /announcements/$own_announcement"),
    get("announcements_people", Announce, "GET /announcements/$sent_announcement/people"),
    get("announcements_received", SignedIn, "GET /announcements/received/$received"),
    row(
        "announcements_preview",
        Announce,
        "POST /announcements/preview",
        r#"{"departments":[$department],"numbers":"$number"}"#,
    ),
    row(
        "announcements_create",
        Announce,
        "POST /announcements",
        r#"{"title":"停水通知","text":"明天停水","audience":{"departments":[$department]},"send_at":"2020-03-06T02:00:00Z"}"#,
    ),
    row(
        "announcements_change",
        Announce,
        "PUT /announcements/$own_announcement",
        r#"{"revision":1,"draft":{"title":"停水通知","text":"后天停水","audience":{"departments":[$department]},"send_at":"2020-03-06T02:00:00Z"}}"#,
    ),
    row("announcements_cancel", Announce, "POST /announcements/$spare_announcement/cancel", "{}"),
    row("announcements_recall", Announce, "POST /announcements/$sent_announcement/recall", "{}"),
    get("digest_rules_list", Administer, "GET /digest-rules"),
    get("digest_rules_preview", Administer, "GET /digest-rules/$digest_rule/preview"),
    row(
        "digest_rules_change",
        Administer,
        "PUT /digest-rules/$digest_rule",
        r#"{"roles":["counsellor"],"at_times":["10:30"],"enabled":true}"#,
    ),
    row(
        "digest_rules_create",
        Administer,
        "POST /digest-rules",
        r#"{"about":"summary","form":"health-daily-of-staff","rule":{"roles":["department_head"],"at_times":["17:00"],"enabled":false}}"#,
    ),
    get("reminder_settings_get", ReminderRules, "GET /reminder-settings"),
    row(
        "reminder_settings_set",
        Administer,
        "PUT /reminder-settings",
        r#"{"quiet":{"from":"22:30","until":"06:30"},"most_a_day":9}"#,
    ),
    get("reminder_rules_list", ReminderRules, "GET /reminder-rules"),
    get("reminder_rules_get", ReminderRules, "GET /reminder-rules/$rule"),
    get("reminder_rules_acts", ReminderRules, "GET /reminder-rules/$rule/acts"),
    get("reminder_rules_people", PeopleOfRules, "GET /reminder-rules/$rule/people"),
    get("reminder_rules_rounds", SchoolFigures, "GET /reminder-rules/$rule/rounds"),
    row(
        "reminder_rules_outlook",
        Administer,
        "POST /reminder-rules/outlook",
        r#"{"form":"health-daily","rule":$rule_document}"#,
    ),
    row(
        "reminder_rules_test",
        Administer,
        "POST /reminder-rules/test",
        r#"{"form":"health-daily","rule":$rule_document,"to":"person"}"#,
    ),
    row(
        "reminder_rules_create",
        Administer,
        "POST /reminder-rules",
        r#"{"form":"health-daily","name":"晚催办","rule":$rule_document}"#,
    ),
    row(
        "reminder_rules_change",
        Administer,
        "PUT /reminder-rules/$rule",
        r#"{"form":"health-daily","name":"早催办","revision":1,"rule":$rule_document}"#,
    ),
    row("reminder_rules_pause", Administer, "POST /reminder-rules/$rule/pause", "{}"),
    row("reminder_rules_resume", Administer, "POST /reminder-rules/$rule/resume", "{}"),
    row("reminder_rules_end", Administer, "POST /reminder-rules/$rule/end", "{}"),
    row("reminder_rules_remove", Administer, "DELETE /reminder-rules/$spare_rule", ""),
    get("school_days_list", ReminderRules, "GET /school-days?year=2020"),
    row(
        "school_days_set",
        Administer,
        "PUT /school-days/2020-05-01",
        r#"{"kind":"holiday","name":"劳动节"}"#,
    ),
    row("school_days_put_list", Administer, "POST /school-days", r#"{"text":"2020-05-04 放假 劳动节"}"#),
    row("school_days_remove", Administer, "DELETE /school-days/2020-05-01", ""),
];
