//! What is granted in WeCom (审批): leave becomes an exemption, leaving the grounds a permit for the gates, and both end with the
//! approval. WeCom says what is; a callback only says when to look.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{PersonId, leave};
use futures_util::{StreamExt, pin_mut};
use store::{
    approvals,
    exemptions::{self, NewExemption},
    gate_permits::{self, ApprovedPermit},
};
use wecom::approvals::{Absence, Approval, ApprovalFilter};

use crate::{App, Error, Result, School};

/// Applications are looked at for so long after they were made; what changes later, only a callback tells.
pub(crate) const WINDOW: TimeDelta = wecom::approvals::APPROVAL_SPAN;
/// Whoever was unknown may be on the roster by now: their application is read again after this long.
const AGAIN: TimeDelta = TimeDelta::hours(24);

/// `sp_status` of what was granted.
const GRANTED: i64 = 2;
/// … and of what holds no more: withdrawn after it was granted, deleted.
const ENDED: [i64; 2] = [6, 7];

/// The forms of approvals (审批模板) a school has named; the same one may be both.
#[derive(Debug, Clone, Default)]
pub struct Forms {
    /// By which people ask for leave.
    pub leave: Option<String>,
    /// By which they ask to pass the gates.
    pub permit: Option<String>,
}

impl Forms {
    /// Their ids, each once.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        let permit = self.permit.as_deref().filter(|id| !self.is_leave(id));
        self.leave.as_deref().into_iter().chain(permit)
    }

    fn is_leave(&self, id: &str) -> bool {
        self.leave.as_deref() == Some(id)
    }

    fn is_permit(&self, id: &str) -> bool {
        self.permit.as_deref() == Some(id)
    }
}

/// Numbers of applications by a form to be read: granted ones that were not, and those that hold no more.
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
pub(crate) async fn read(app: &App, school: &School, number: &str) -> Result<()> {
    let approval = school.wecom.approval(number).await?;
    let form = approval.template_id.as_deref().unwrap_or_default();
    let (is_leave, is_permit) = (school.approvals.is_leave(form), school.approvals.is_permit(form));
    if !is_leave && !is_permit {
        return Ok(());
    }
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let outcome = if approval.sp_status == GRANTED {
        match approvals::applicant(&mut tx, corp, &approval.applyer.userid).await? {
            None => "unknown_person",
            Some(person) => {
                let exempt =
                    if is_leave { exempt(app, &mut tx, school, &approval, person).await? } else { None };
                let permit =
                    if is_permit { permit(app, &mut tx, school, &approval, person).await? } else { None };
                exempt.or(permit).unwrap_or("nothing")
            }
        }
    } else {
        let because = ended_because(approval.sp_status);
        let keyring = app.store().keyring();
        let exempt = approvals::revoke(&mut tx, keyring, corp, number, because, now).await?;
        let permitted = gate_permits::revoke_approved(&mut tx, keyring, corp, number, because, now).await?;
        if exempt || permitted { "revoked" } else { "not_granted" }
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

/// Exempts the applicant on the whole days of their leave, if there are any.
async fn exempt(
    app: &App,
    tx: &mut store::Scoped,
    school: &School,
    approval: &Approval,
    person_id: PersonId,
) -> Result<Option<&'static str>> {
    let Some(asked) = approval.leave() else { return Ok(None) };
    let days = span(&asked).and_then(|(begin, end)| leave::whole_days(school.zone, begin, end));
    let Some((from, until)) = days else { return Ok(None) };
    let row = NewExemption {
        person_id,
        kind: "leave",
        from,
        until: Some(until),
        reason: reason(asked.kind.as_deref().unwrap_or("请假")),
        approval_no: Some(approval.sp_no.clone()),
    };
    let keyring = app.store().keyring();
    let added = exemptions::add(tx, keyring, school.corp(), &[row], "approval", None, app.now()).await?;
    // The same days were entered by hand, or this approval was read by another process.
    Ok(Some(if added == 1 { "exempt" } else { "known" }))
}

/// Lets the applicant pass the gates in the hours they asked for, as often as they need to.
async fn permit(
    app: &App,
    tx: &mut store::Scoped,
    school: &School,
    approval: &Approval,
    person_id: PersonId,
) -> Result<Option<&'static str>> {
    let asked = approval.absence().as_ref().and_then(span);
    let Some((from, until)) = asked.filter(|(from, until)| crate::gate_permits::is_span(*from, *until))
    else {
        return Ok(None);
    };
    let reason = reason(approval.sp_name.as_deref().unwrap_or("出校申请"));
    let (approval_no, at) = (approval.sp_no.as_str(), app.now());
    let new = ApprovedPermit { person_id, from, until, reason: &reason, approval_no, at };
    let added = gate_permits::add_approved(tx, app.store().keyring(), school.corp(), new).await?;
    Ok(Some(if added { "permit" } else { "known" }))
}

fn reason(what: &str) -> String {
    format!("企业微信审批：{what}").chars().take(200).collect()
}

fn span(asked: &Absence) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    DateTime::from_timestamp(asked.begin, 0).zip(ends_at(asked))
}

/// Time by half days names the half day it ends with by its beginning.
fn ends_at(asked: &Absence) -> Option<DateTime<Utc>> {
    let end = DateTime::from_timestamp(asked.end, 0)?;
    end.checked_add_signed(if asked.half_days { TimeDelta::hours(12) } else { TimeDelta::zero() })
}
