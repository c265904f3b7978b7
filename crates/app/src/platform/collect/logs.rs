//! WeCom's two logs of operations: every record of the last 180 days once, and how many there were each day.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::{
    clock,
    platform::{
        Metric, Source,
        operation::{CONTACT_ADDED, CONTACT_REMOVED, Log},
    },
};
use futures_util::{Stream, StreamExt, pin_mut};
use serde_json::json;
use store::platform::{
    self as rows, NewFigure, Origin,
    records::{self, NewRecord},
};
use wecom::usage::{LOG_SPAN, Operation};

use super::{Could, days, figure};
use crate::{App, Result, School};

/// What members did with their accounts; of it, who added and deleted contacts outside.
pub(super) async fn members(app: &App, school: &School) -> Result<Could> {
    read(app, school, Log::Member, Metric::MemberOperations, |from, to| {
        school.wecom.member_operations(from, to, None)
    })
    .await
}

/// What administrators did in the console. What was done through WeCom's interface is in no log.
pub(super) async fn administrators(app: &App, school: &School) -> Result<Could> {
    read(app, school, Log::Admin, Metric::AdminOperations, |from, to| {
        school.wecom.admin_operations(from, to, None)
    })
    .await
}

/// Reads what is not final yet, a week at a time; each week is kept before the next is asked for.
async fn read<S>(
    app: &App,
    school: &School,
    log: Log,
    metric: Metric,
    ask: impl Fn(DateTime<Utc>, DateTime<Utc>) -> wecom::Result<S>,
) -> Result<Could>
where
    S: Stream<Item = wecom::Result<Vec<Operation>>> + Send,
{
    let wanted = days(app, school, metric, Source::Api, metric.window().unwrap_or(1)).await?;
    let today = school.today(app.now());
    let Some(mut first) = wanted.first().copied() else { return Ok(None) };
    let week = Days::new(u64::try_from(LOG_SPAN.num_days()).unwrap_or(1));
    while first <= today {
        let next = first + week;
        let begins = |day: NaiveDate| clock::instant(school.zone, day, NaiveTime::MIN);
        // WeCom wants the end to be over.
        let (from, to) = (begins(first), begins(next).min(app.now() - TimeDelta::seconds(1)));
        if from >= to {
            break;
        }
        let mut operations = Vec::new();
        let pages = ask(from, to)?;
        pin_mut!(pages);
        while let Some(page) = pages.next().await {
            operations.extend(page?);
        }
        let last = next.pred_opt().unwrap_or(next).min(today);
        keep(app, school, log, metric, (first, last), operations).await?;
        first = next;
    }
    Ok(None)
}

async fn keep(
    app: &App,
    school: &School,
    log: Log,
    metric: Metric,
    (first, last): (NaiveDate, NaiveDate),
    operations: Vec<Operation>,
) -> Result<()> {
    let corp = school.corp();
    let mut counts: BTreeMap<NaiveDate, [i64; 3]> =
        first.iter_days().take_while(|day| *day <= last).map(|day| (day, [0; 3])).collect();
    let mut alike: HashMap<(i64, String, i32), i32> = HashMap::new();
    let mut kept = Vec::with_capacity(operations.len());
    for operation in operations {
        let Some(at) = DateTime::from_timestamp(operation.time, 0) else { continue };
        let userid = operation.userid.unwrap_or_default();
        let kind = i32::try_from(operation.oper_type).unwrap_or(i32::MAX);
        let occurrence = alike.entry((operation.time, userid.clone(), kind)).or_insert(-1);
        *occurrence += 1;
        let row = records::row(log.as_str(), at, &userid, kind, *occurrence);
        let detail = json!({
            "words": operation.detail_info, "ip": operation.ip, "type": operation.detail_type,
        });
        let detail = app.store().keyring().seal(records::place(corp, &row), detail.to_string().as_bytes())?;
        if let Some([all, added, removed]) = counts.get_mut(&school.today(at)) {
            *all += 1;
            *added += i64::from(kind == CONTACT_ADDED);
            *removed += i64::from(kind == CONTACT_REMOVED);
        }
        kept.push(NewRecord { at, userid, kind, occurrence: *occurrence, detail });
    }
    let figures: Vec<NewFigure> = counts
        .into_iter()
        .flat_map(|(day, [all, added, removed])| {
            let contacts = (log == Log::Member).then(|| {
                [
                    figure(Metric::ContactsAdded, "", day, added),
                    figure(Metric::ContactsRemoved, "", day, removed),
                ]
            });
            std::iter::once(figure(metric, "", day, all)).chain(contacts.into_iter().flatten())
        })
        .collect();
    let origin = Origin { source: Source::Api.as_str(), as_of: app.now(), by: None, note: None };
    let mut tx = app.store().scoped(corp).await?;
    records::add(&mut tx, corp, log.as_str(), &kept).await?;
    rows::keep(&mut tx, corp, &figures, origin).await?;
    tx.commit().await?;
    Ok(())
}
