//! Whether anything was changed: every row of what people may change, in one word a table.

use std::collections::BTreeMap;

use super::super::world::World;

const TABLES: &[&str] = &[
    "persons",
    "memberships",
    "exemptions",
    "status_changes",
    "grants",
    "residences",
    "photos",
    "reports",
    "report_revisions",
    "reviews",
    "review_acts",
    "follow_ups",
    "sign_offs",
    "movement_sign_offs",
    "corrections",
    "phone_corrections",
    "attachments",
    "forms",
    "announcements",
    "outbox",
    "invitations",
    "export_templates",
    "exports",
    "consents",
    "data_copies",
    "privacy_notices",
    "notice_agreements",
    "second_factors",
    "second_factor_recoveries",
    "reminder_rules",
    "digest_rules",
    "gates",
    "gate_devices",
    "gate_permits",
    "passages",
    "visitors",
    "portal_entries",
    "portal_passes",
    "portal_lists",
    "portal_listed",
    "portal_reminders",
];

pub async fn take(world: &World) -> BTreeMap<&'static str, String> {
    let mut prints = BTreeMap::new();
    for table in TABLES {
        let sql =
            format!("select coalesce(md5(string_agg(t::text, E'\\n' order by t::text)), '') from {table} t");
        prints.insert(*table, world.test.one::<String>(&sql, &[]).await);
    }
    prints
}
