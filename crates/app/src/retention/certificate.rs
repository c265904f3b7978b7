//! The certificate of a purge: what went, by which schedule, signed with the key the audit's heads are signed with.

use chrono::NaiveDate;
use domain::retention::{PURGED, certificate_text};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::retention::{self as rows, Purge};

use crate::{App, Error, Result, School, audit};

/// In which order the rows' hashes are chained, for whoever holds a copy of the rows and wants to compare.
const ORDER: &str = "h(0) = 32 zero bytes; h(n) = SHA-256(h(n-1) || r(n)); r = SHA-256(\"table/key\" LF value). Tables in this order: \
report_answers by month, report, revision (key month/report/revision, value: the sealed answers); report_revisions by report, revision \
(key report/revision, value: the sealed reason); review_acts by act (value: the sealed note); follow_ups by follow-up (value: the sealed \
note); attachments by id (value: the sealed picture). Where a data key appeared during the purge, the tables were gone through once more.";

/// A certificate as it is handed out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    /// What is certified.
    certificate: Value,
    /// The name of the key, in hex.
    key: String,
    /// What the signature is checked with, in hex. Whoever checks has it from elsewhere, too.
    public_key: String,
    /// Ed25519, in hex, of [`certificate_text`].
    signature: String,
}

/// Rows that went, by table.
pub(super) fn by_table(purge: &Purge) -> Map<String, Value> {
    PURGED.iter().zip(&purge.counts).map(|(table, count)| ((*table).to_owned(), json!(count))).collect()
}

/// Issues the certificates that are due. Whether one waits: its act has no number in the audit yet.
pub(super) async fn issue(app: &App, school: &School) -> Result<bool> {
    let corp = school.corp();
    let mut tx = app.store().reading(corp).await?;
    let purges = rows::uncertified(&mut tx, corp).await?;
    let mut numbered = Vec::with_capacity(purges.len());
    for purge in purges {
        let number = rows::number(&mut tx, corp, purge.purge_id).await?;
        let form = rows::of_form(&mut tx, corp, purge.form_id).await?;
        numbered.push((purge, number, form));
    }
    tx.commit().await?;
    let mut waits = false;
    for (purge, number, form) in numbered {
        let (Some(number), Some(form)) = (number, form) else {
            waits = true;
            continue;
        };
        let certificate = content(school, &purge, (&form.code, &form.title), number);
        let Some(signed) = audit::sign(app, corp, &certificate_text(&certificate)).await? else {
            waits = true;
            continue;
        };
        let signed = Signed {
            certificate,
            key: hex::encode(&signed.kid),
            public_key: hex::encode(&signed.public_key),
            signature: hex::encode(&signed.signature),
        };
        let text = serde_json::to_string_pretty(&signed)
            .map_err(|error| Error::Internal("a certificate".into(), Some(Box::new(error))))?;
        let mut tx = app.store().scoped(corp).await?;
        rows::certify(&mut tx, corp, purge.purge_id, &text, app.now()).await?;
        tx.commit().await?;
    }
    Ok(waits)
}

fn content(school: &School, purge: &Purge, (code, title): (&str, &str), number: i64) -> Value {
    let hidden_on = purge.ends_on.checked_add_days(chrono::Days::new(u64::from(purge.days.unsigned_abs())));
    let months: Vec<String> = purge.months.iter().map(|month| month.format("%Y-%m").to_string()).collect();
    json!({
        "kind": "rollcall retention certificate",
        "version": 1,
        "policy": purge.policy,
        "kept_days": purge.days,
        "school": { "corp": school.corp(), "name": school.corp.name },
        "form": { "code": code, "title": title },
        "purge": purge.purge_id,
        "last_day": purge.ends_on,
        "hidden_on": hidden_on,
        "months": months,
        "rows": by_table(purge),
        "rows_hash": hex::encode(&purge.rows_hash),
        "rows_order": ORDER,
        "data_keys": purge.data_keys,
        "data_keys_destroyed_at": purge.keys_at,
        "began_at": purge.began_at,
        "ended_at": purge.ended_at,
        "operator": purge.operator,
        "audit_number": number,
    })
}

/// What a certificate says that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The school's name.
    pub school: String,
    /// The form's title.
    pub form: String,
    /// The campaign's last day.
    pub last_day: Option<NaiveDate>,
    /// How many rows went.
    pub rows: i64,
    /// How many data keys were destroyed.
    pub data_keys: usize,
}

/// Whether a certificate, as it was handed out, is signed with the key of this public key (in hex) and says what was signed. Without a
/// database. What is wrong is told in Chinese, with what to do.
pub fn verify(certificate: &str, public_key: &str) -> Result<Proven, &'static str> {
    let signed: Signed =
        serde_json::from_str(certificate).map_err(|_| "这不是删除证明，或文件已损坏：请重新下载")?;
    let given = public_key.trim();
    let key = hex::decode(given).map_err(|_| "公钥应是十六进制：见审计页面的“公钥（Ed25519）”")?;
    if !signed.public_key.eq_ignore_ascii_case(given) {
        return Err("证明不是用这个公钥签的：请核对公钥，或查明证明从哪里来");
    }
    let signature = hex::decode(&signed.signature).map_err(|_| "签名已损坏：请重新下载")?;
    if !audit::is_signed_text(&key, &certificate_text(&signed.certificate), &signature) {
        return Err("签名无效：证明的内容被改动过");
    }
    let text = |pointer: &str| {
        signed.certificate.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let rows = signed.certificate.get("rows").and_then(Value::as_object);
    Ok(Proven {
        school: text("/school/name"),
        form: text("/form/title"),
        last_day: text("/last_day").parse().ok(),
        rows: rows.into_iter().flat_map(Map::values).filter_map(Value::as_i64).sum(),
        data_keys: signed.certificate.get("data_keys").and_then(Value::as_array).map_or(0, Vec::len),
    })
}
