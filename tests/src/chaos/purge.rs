//! Reports are taken at a steady rate, by turns alone and while large campaigns are purged: whoever reports does not notice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use app::retention;

use super::{
    rows,
    s2::{at_full_speed, at_rate, percentile},
};
use crate::{
    crowd::sign_in_everybody,
    test_app::{REFERENCE, Shape, TestApp, roster_files_of},
};

/// Reports a second: a school of 15,000 in two and a half minutes.
const RATE: f64 = 100.0;
/// Everybody reports so many times, in so many turns each: what else changes while it lasts falls on both alike.
const ROUNDS: usize = 2;
const TURNS: usize = 8;
/// Campaigns that ended, and their days.
const CAMPAIGNS: i32 = 2;
const DAYS: i32 = 30;

/// Campaigns that ended two months ago, everybody's reports of each day with answers as long as ours.
async fn old_campaigns(test: &TestApp) {
    test.owner
        .batch_execute(&format!(
            "select ensure_answers_partition('standard', '2019-12-01');
             insert into forms (corp_id, code, starts_on, ends_on)
               select 1, 'old-' || n, '2019-12-01', '2019-12-{DAYS}' from generate_series(1, {CAMPAIGNS}) n;
             insert into form_versions (corp_id, form_id, version, title, definition, schema, published_at)
               select 1, f.form_id, 1, f.code, v.definition, v.schema, v.published_at
               from forms f, form_versions v join forms o using (corp_id, form_id)
               where f.code like 'old-%' and o.code = 'health-daily' and v.version = 1;
             insert into reports (corp_id, form_id, person_id, day, form_version_id, revision, receipt, state, facts, flags, late,
                                  source, retention, month, submitted_at, revised_at)
               select 1, v.form_id, p.person_id, date '2019-12-01' + n, v.form_version_id, 1,
                      upper(substr(md5(concat_ws('/', v.form_id, p.person_id, n)), 1, 16)), 'normal', '{{\"place\": \"非疫区\"}}', '{{}}',
                      false, 'self', 'standard', '2019-12-01', timestamptz '2019-12-01 00:00Z' + n * interval '1 day',
                      timestamptz '2019-12-01 00:00Z' + n * interval '1 day'
               from form_versions v join forms f using (corp_id, form_id), persons p, generate_series(0, {DAYS} - 1) n
               where f.code like 'old-%' and p.kind = 'student';
             insert into report_revisions (corp_id, report_id, revision, form_version_id, state, facts, flags, carried, source, at)
               select corp_id, report_id, 1, form_version_id, state, facts, flags, '{{}}', source, submitted_at from reports;
             insert into report_answers (corp_id, retention, month, report_id, revision, answers)
               select corp_id, retention, month, report_id, 1, decode(repeat(md5(report_id::text), 7), 'hex') from reports;
             analyze;"
        ))
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=purge"]
async fn reports_while_a_large_campaign_is_purged() {
    let test = TestApp::start_with(Shape::reference()).await;
    test.sync().await;
    let (people, grants) = roster_files_of(REFERENCE);
    app::roster::import(&test.app, test.school(), &people, Some(&grants)).await.unwrap();
    test.run_jobs().await;
    old_campaigns(&test).await;
    let before: i64 = test.one("select count(*) from report_answers where month = '2019-12-01'", &[]).await;
    let userids = sign_in_everybody(&test).await;
    let (warm, rest) = userids.split_at(500);
    at_full_speed(&test.url, warm).await;
    test.owner.batch_execute("analyze").await.unwrap();

    let (mut without, mut with, mut seconds) = (Vec::new(), Vec::new(), 0.0);
    for _ in 0..ROUNDS {
        for (turn, people) in rest.chunks(rest.len().div_ceil(TURNS)).enumerate() {
            if turn % 2 == 0 {
                without.extend(at_rate(&test.url, people, RATE).await);
                continue;
            }
            let (app, over) = (test.app.clone(), Arc::new(AtomicBool::new(false)));
            let (until, began) = (over.clone(), Instant::now());
            let purge = tokio::spawn(async move {
                let school = app.school(1).unwrap();
                let mut is_left = true;
                while is_left && !until.load(Ordering::Relaxed) {
                    is_left = retention::part(&app, school).await.unwrap();
                }
                is_left
            });
            with.extend(at_rate(&test.url, people, RATE).await);
            over.store(true, Ordering::Relaxed);
            assert!(purge.await.unwrap(), "it went on until the end of the turn");
            seconds += began.elapsed().as_secs_f64();
        }
    }
    let gone =
        before - test.one::<i64>("select count(*) from report_answers where month = '2019-12-01'", &[]).await;
    // The rest of it in one go.
    let school = test.app.school(1).unwrap();
    assert_eq!(retention::run(&test.app, school, None).await.unwrap(), usize::try_from(CAMPAIGNS).unwrap());
    let after: i64 = test.one("select count(*) from report_answers where month = '2019-12-01'", &[]).await;
    assert_eq!(after, 0);
    rows::write("purge", "answers purged meanwhile", gone as f64, "rows", "≥ 200000", gone >= 200_000);
    rows::write("purge", "… in", seconds, "s", "–", true);
    rows::write("purge", "… of all there were", before as f64, "rows", "≥ 500000", before >= 500_000);
    rows::write("purge", "reports alone, and as many meanwhile", without.len() as f64, "reports", "–", true);
    let (quiet, busy) = (percentile(&mut without, 50.0), percentile(&mut with, 50.0));
    rows::compare("purge", "p50 of reports while it runs", busy, "ms", "without it", quiet, "–", true);
    let (quiet, busy) = (percentile(&mut without, 99.0), percentile(&mut with, 99.0));
    let bears = busy <= quiet * 1.1;
    rows::compare("purge", "p99 of reports while it runs", busy, "ms", "without it", quiet, "≤ 110 %", bears);
}
