//! At the gates: what devices ask, who passed, permits, and what gates ask for.

use super::{Row, get, row};
use crate::authz::oracle::Need::{Administer, Alarms, Device, PassageFigures, Passages, Permits, SignedIn};

pub const ROWS: &[Row] = &[
    row("gate_codes_create", SignedIn, "POST /me/gate-codes", ""),
    row("gate_pass", SignedIn, "POST /me/passages", r#"{"id":"scan-0001","code":"$gate_code"}"#),
    get("passages_own", SignedIn, "GET /me/passages"),
    row("gate_pair", Device, "POST /gate/pairing", ""),
    get("gate_guide", Device, "GET /gate/guide"),
    row("gate_scan", Device, "POST /gate/scans", r#"{"id":"scan-0001","code":"G1:","direction":"in"}"#),
    get("gate_photo", Device, "GET /gate/scans/scan-0001/photo"),
    row("gate_carry", Device, "POST /gate/passages", r#"{"passages":[]}"#),
    get("gate_shown_codes", Device, "GET /gate/codes?direction=in"),
    get("gate_recent", Device, "GET /gate/recent"),
    get("gate_alarms_list", Alarms, "GET /gate-alarms"),
    row("gate_alarms_settle", Alarms, "POST /gate-alarms/$gate_alarm/settlement", r#"{"note":"已核实"}"#),
    get("gate_zones_list", PassageFigures, "GET /gate-zones"),
    get("gates_list", PassageFigures, "GET /gates"),
    get("passages_inside", PassageFigures, "GET /passages/inside?department=$department"),
    get("passages_by_hour", PassageFigures, "GET /passages/hours?department=$department"),
    get("passages_table", PassageFigures, "GET /passages/table?by=class&department=$department"),
    get("passages_list", Passages, "GET /passages?department=$department"),
    get("passages_outside", Passages, "GET /passages/outside?zone=$zone&department=$department"),
    get("gate_permits_list", Permits, "GET /gate-permits"),
    row(
        "gate_permits_create",
        Permits,
        "POST /gate-permits",
        r#"{"numbers":"$number","kind":"single","from":"2020-03-05T00:00:00Z","until":"2020-03-06T00:00:00Z","reason":"就医"}"#,
    ),
    row("gate_permits_revoke", Permits, "POST /gate-permits/$permit/revocation", r#"{"reason":"提前返校"}"#),
    row("gate_zones_create", Administer, "POST /gate-zones", r#"{"name":"西校区","kind":"campus"}"#),
    row("gate_zones_change", Administer, "PUT /gate-zones/$zone", r#"{"name":"东校区","kind":"campus"}"#),
    row(
        "gates_create",
        Administer,
        "POST /gates",
        r#"{"zone":$zone,"name":"北门","directions":"both","failure":"closed"}"#,
    ),
    row(
        "gates_change",
        Administer,
        "PUT /gates/$gate",
        r#"{"zone":$zone,"name":"东门","directions":"both","failure":"open","rules":{"forms":["health-daily"],"entering":{"report":true}}}"#,
    ),
    row("gates_pair", Administer, "POST /gates/$gate/pairing", r#"{"name":"闸机"}"#),
    get("gate_devices_list", Administer, "GET /gate-devices"),
    row("gate_devices_withdraw", Administer, "DELETE /gate-devices/$device", ""),
    get("gate_keys_list", Administer, "GET /gate-keys"),
    row("gate_keys_kill", Administer, "POST /gate-keys/$gate_key/kill", ""),
];
