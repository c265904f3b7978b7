//! `rollcall sync`.

use app::App;
use domain::CorpId;

/// One full run now; prints what it did.
pub async fn run(app: &App, corp: Option<CorpId>) -> anyhow::Result<()> {
    let school = super::school(app, corp)?;
    let now = app.now();
    let outcome = school.mirror.full(::sync::Trigger::Command, now, school.today(now)).await?;
    super::print(&format!("{outcome}\n"))
}
