//! `rollcall doctor`: looks at a real configuration step by step, and says for each failure what to do and where to
//! click. It asks WeCom with tokens of its own, so that a cached one can't hide a wrong secret; it sends nothing
//! to anybody.

mod callback;
mod finding;
mod keys;
mod local;
mod notice;
mod wecom;

use std::sync::Arc;

use domain::clock::Clock;

pub use finding::{Finding, Language, Outcome};
pub use keys::examine_keys;

use crate::config::Config;

/// Examines everything. A step whose ground is missing is skipped and says so.
pub async fn examine(config: &Config, clock: Arc<dyn Clock>) -> Vec<Finding> {
    let mut findings = keys::examine(config, clock.clone());
    findings.extend(local::examine(config, &clock).await);
    for school in &config.schools {
        let mut of_school = wecom::examine(config, school, &clock).await;
        of_school.extend(callback::examine(config, school, &clock).await);
        of_school.push(notice::examine(config, school, &clock).await);
        findings.extend(of_school.into_iter().map(|finding| finding.of(&school.name)));
    }
    findings
}

/// What the command prints, and whether all is well.
pub fn report(findings: &[Finding], language: Language, json: bool) -> anyhow::Result<(String, bool)> {
    let failed = findings.iter().filter(|finding| finding.has_failed()).count();
    if json {
        return Ok((format!("{}\n", serde_json::to_string_pretty(findings)?), failed == 0));
    }
    let mut text = String::new();
    let mut school = None;
    for finding in findings {
        if finding.school != school {
            school.clone_from(&finding.school);
            text.push_str(&format!("\n{}\n", school.as_deref().unwrap_or_default()));
        }
        text.push_str(&finding.lines(language));
    }
    text.push_str(&match (language, failed) {
        (Language::Zh, 0) => "\n没有未通过的项；带 ! 的请留意。\n".to_owned(),
        (Language::Zh, _) => format!("\n{failed} 项未通过：请按「→」处理后再运行一次。\n"),
        (Language::En, 0) => "\nNothing failed; mind what is marked !.\n".to_owned(),
        (Language::En, _) => format!("\n{failed} failed: do what → says, then run it again.\n"),
    });
    Ok((text, failed == 0))
}
