//! What one step found.

use clap::ValueEnum;
use serde::Serialize;

/// The language of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// 简体中文
    Zh,
    /// English
    En,
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Both {
    pub zh: String,
    pub en: String,
}

impl Both {
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    fn of(&self, language: Language) -> &str {
        match language {
            Language::Zh => &self.zh,
            Language::En => &self.en,
        }
    }
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// As it should be; `detail` is what was seen.
    Passed {
        /// Seen.
        detail: String,
    },
    /// Works, but somebody should know.
    Warned {
        /// What.
        remedy: Both,
    },
    /// Does not work.
    Failed {
        /// What was seen.
        reason: String,
        /// What to do.
        remedy: Both,
    },
    /// Not looked at.
    Skipped {
        /// Why not.
        why: Both,
    },
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The school it is about; none for the deployment's own.
    pub school: Option<String>,
    /// For programs, `wecom.app.secret`.
    pub step: &'static str,
    /// For people.
    pub name: Both,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// A step: its name for programs, in Chinese, in English.
pub type Step = (&'static str, &'static str, &'static str);

impl Finding {
    fn new((step, zh, en): Step, outcome: Outcome) -> Self {
        Self { school: None, step, name: Both::new(zh, en), outcome }
    }

    /// As it should be; what was seen.
    pub fn passed(step: Step, detail: impl Into<String>) -> Self {
        Self::new(step, Outcome::Passed { detail: detail.into() })
    }

    /// Works, but somebody should know.
    pub fn warned(step: Step, remedy: Both) -> Self {
        Self::new(step, Outcome::Warned { remedy })
    }

    /// Does not work: what was seen, what to do.
    pub fn failed(step: Step, reason: impl Into<String>, remedy: Both) -> Self {
        Self::new(step, Outcome::Failed { reason: reason.into(), remedy })
    }

    /// Not looked at.
    pub fn skipped(step: Step, why: Both) -> Self {
        Self::new(step, Outcome::Skipped { why })
    }

    /// About this school.
    pub fn of(mut self, school: &str) -> Self {
        self.school = Some(school.to_owned());
        self
    }

    /// Whether somebody has to do something.
    pub fn has_failed(&self) -> bool {
        matches!(self.outcome, Outcome::Failed { .. })
    }

    /// For a terminal: one line, and one more that says what to do.
    pub fn lines(&self, language: Language) -> String {
        let name = self.name.of(language);
        match &self.outcome {
            Outcome::Passed { detail } if detail.is_empty() => format!("  ✓ {name}\n"),
            Outcome::Passed { detail } => format!("  ✓ {name}  {detail}\n"),
            Outcome::Warned { remedy } => format!("  ! {name}\n    → {}\n", remedy.of(language)),
            Outcome::Failed { reason, remedy } => {
                format!("  ✗ {name}  {reason}\n    → {}\n", remedy.of(language))
            }
            Outcome::Skipped { why } => format!("  – {name}  {}\n", why.of(language)),
        }
    }
}
