//! Leave granted in WeCom (审批) becomes an exemption, and ends with the approval. WeCom says what is; a callback only says when
//! to look.

use chrono::{DateTime, TimeDelta, Utc};
use domain::leave;
use futures_util::{StreamExt, pin_mut};
use store::{
    approvals,
    exemptions::{self, NewExemption},
};
use wecom::approvals::{Approval, ApprovalFilter, Leave};

use crate::{App, Error, Result, School};

/// Applications are looked at for so long after they were made; what changes later, only a callback tells.
pub(crate) const WINDOW: TimeDelta = wecom::approvals::APPROVAL_SPAN;
/// Whoever was unknown may be on the roster by now: their application is read again after this long.
const AGAIN: TimeDelta = TimeDelta::hours(24);

/// `sp_status` of what was granted.
const GRANTED: i64 = 2;
/// … and of what holds no more: withdrawn after it was granted, deleted.
const ENDED: [i64; 2] = [6, 7];

/// Numbers of applications to be read: granted ones that were not, and those that hold no more.
pub(crate) async fn to_read(app: &App, school: &School, template: &str) -> Result<Vec<String>> {
    let now = app.now();
    let mut wanted = Vec::new();
    for status in [GRANTED].into_iter().chain(ENDED) {
        let filter = ApprovalFilter {
            template_id: Some(template.to_owned()),
            sp_status: Some(status),
            ..ApprovalFilter::default()
        };
        let pages = school.wecom.approval_numbers(now - WINDOW, now, &filter)?;
        pin_mut!(pages);
        while let Some(numbers) = pages.next().await {
            let numbers = numbers?;
            let mut tx = app.store().scoped(school.corp()).await?;
            let read = approvals::read(&mut tx, school.corp(), &numbers).await?;
            tx.commit().await?;
            wanted.extend(numbers.into_iter().filter(|number| {
                let read = read.iter().find(|read| read.approval_no == *number);
                match read {
                    None => status == GRANTED,
                    Some(read) if status == GRANTED => {
                        i64::from(read.status) != GRANTED
                            || (read.outcome == "unknown_person" && read.read_at <= now - AGAIN)
                    }
                    Some(read) => i64::from(read.status) != status,
                }
            }));
        }
    }
    Ok(wanted)
}

/// Reads one application of WeCom, and makes of it what it says. Another form's is left alone.
pub(crate) async fn read(app: &App, school: &School, template: &str, number: &str) -> Result<()> {
    let approval = school.wecom.approval(number).await?;
    if approval.template_id.as_deref() != Some(template) {
        return Ok(());
    }
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let outcome = if approval.sp_status == GRANTED {
        grant(&mut tx, school, &approval, now).await?
    } else if approvals::revoke(&mut tx, corp, number, ended_because(approval.sp_status), now).await? {
        tracing::info!(corp, "leave ended with its approval");
        "revoked"
    } else {
        "not_granted"
    };
    let status = i16::try_from(approval.sp_status).map_err(|_| Error::internal("an approval's status"))?;
    approvals::note(&mut tx, corp, number, status, outcome, now).await?;
    tx.commit().await?;
    Ok(())
}

fn ended_because(status: i64) -> &'static str {
    match status {
        6 => "企业微信审批在通过后撤销",
        7 => "企业微信审批单已删除",
        _ => "企业微信审批不再是已通过",
    }
}

/// Exempts the applicant on the whole days of their leave.
async fn grant(
    tx: &mut store::Scoped,
    school: &School,
    approval: &Approval,
    now: DateTime<Utc>,
) -> Result<&'static str> {
    let corp = school.corp();
    let Some(asked) = approval.leave() else { return Ok("no_leave") };
    let span = DateTime::from_timestamp(asked.begin, 0).zip(ends_at(&asked));
    let days = span.and_then(|(begin, end)| leave::whole_days(school.zone, begin, end));
    let Some((from, until)) = days else { return Ok("no_whole_day") };
    let Some(person_id) = approvals::applicant(tx, corp, &approval.applyer.userid).await? else {
        return Ok("unknown_person");
    };
    let kind = asked.kind.unwrap_or_else(|| "请假".into());
    let reason: String = format!("企业微信审批：{kind}").chars().take(200).collect();
    let row = NewExemption {
        person_id,
        kind: "leave",
        from,
        until: Some(until),
        reason,
        approval_no: Some(approval.sp_no.clone()),
    };
    let added = exemptions::add(tx, corp, &[row], "approval", None, now).await?;
    // The same days were entered by hand, or this approval was read by another process.
    Ok(if added == 1 { "exempt" } else { "known" })
}

/// A leave by half days names the half day it ends with by its beginning.
fn ends_at(asked: &Leave) -> Option<DateTime<Utc>> {
    let end = DateTime::from_timestamp(asked.end, 0)?;
    end.checked_add_signed(if asked.half_days { TimeDelta::hours(12) } else { TimeDelta::zero() })
}
