//! 设置: what of the configuration protects people, on record whenever the service starts with another.

use domain::{
    policy::Role,
    reading::{Limits, Reading},
};
use serde_json::{Value, json};
use store::audit;

use crate::{App, Result, School};

/// How long a sign-in counts, which the whole deployment shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Minutes {
    /// … for dangerous acts.
    pub fresh: u32,
    /// … for phones in full and sheets that name people.
    pub reveal: u32,
}

/// Records the settings of a school that protect people, unless they are those recorded last; whether it did. None of them is a
/// secret. Every process that starts may do so.
pub async fn note(app: &App, school: &School, minutes: Minutes) -> Result<bool> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let noted = audit::note_settings(&mut tx, corp, detail(school, minutes), app.now()).await?;
    tx.commit().await?;
    Ok(noted)
}

fn detail(school: &School, minutes: Minutes) -> Value {
    json!({
        "second_factor": school.second_factor.as_str(),
        "without_notice": school.answers_without_notice,
        "officer": school.data_protection_officer,
        "anchor_file": school.anchor_file.as_ref().map(|file| file.to_string_lossy()),
        "fresh_minutes": minutes.fresh,
        "reveal_minutes": minutes.reveal,
        "schedule": school.retention.version,
        "kept_days": kept_days(school),
        "budgets": budgets(school),
    })
}

/// Days every class is kept: `answers 30, facts 180`.
fn kept_days(school: &School) -> String {
    let days = school.retention.classes.all().map(|(name, class)| format!("{name} {}", class.days));
    days.join(", ")
}

/// Roles that read another number than is compiled in: `counsellor phones 100 answers 600 …`; none: no role.
fn budgets(school: &School) -> Option<String> {
    let mut said = Vec::new();
    for role in Role::ALL {
        let limits = school.reading_budgets.of([role]);
        if limits == Limits::of(role) {
            continue;
        }
        let numbers = Reading::ALL.map(|reading| format!("{} {}", reading.as_str(), limits.get(reading)));
        said.push(format!("{} {}", role.as_str(), numbers.join(" ")));
    }
    (!said.is_empty()).then(|| said.join(", "))
}
