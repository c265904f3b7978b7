//! Two roles of one person: each opens what is its own where it holds, and nothing of the other's where the other holds.

use serde_json::json;

use super::{
    findings::Findings,
    oracle::Who,
    pairs,
    world::{World, facts::REASON, seats},
};

/// The counsellor keeps the roster of the whole school beside their classes.
pub async fn check(world: &World, pairs: usize, findings: &mut Findings) {
    seats::grant(&world.test, world.userid(Who::Counsellor), "administrator", world.root).await;
    world.test.forget_viewers().await;
    for (class, is_theirs) in [(0, true), (2, false)] {
        let exempt = &world.class(class)[5].number;
        let asked = json!({ "number": exempt });
        let told = world.client.post(world.userid(Who::Counsellor), "/statuses/timeline", &asked).await;
        findings.looks += 1;
        match (told.succeeded(), told.text.contains(REASON)) {
            (false, _) => findings.missing(format_args!("the timeline of {exempt}: {}", told.text)),
            (true, false) if is_theirs => findings.missing(format_args!("why {exempt} is exempt")),
            (true, true) if !is_theirs => findings.extra(format_args!("why {exempt} is exempt")),
            _ => {}
        }
    }
    // What an administrator opens is not what a counsellor does.
    pairs::check(world, pairs, Some(Who::Counsellor), findings).await;
}
