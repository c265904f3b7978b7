//! Carries out a plan of writing, step by step. A step is recorded before it is tried and after; a kill in between
//! leaves one that is tried again, which WeCom answers with what it is (made already) or takes as the same once more.

use chrono::{DateTime, TimeDelta, Utc};
use domain::CorpId;
use serde_json::{Value, json};
use store::{
    jobs::{self as queue, NewJob},
    unreported::phone_place,
    write_plans::{self, End, Step},
};
use wecom::{
    Client,
    write::{DepartmentChange, MemberChange},
};

use super::{Done, sync_directory};
use crate::{App, Error, Result, School};

pub(crate) const KIND: &str = "write_back";

/// A step is given up after so many tries.
const TRIES: i32 = 10;
/// How long to wait where WeCom does not say.
const PAUSE: TimeDelta = TimeDelta::seconds(30);
/// WeCom's code for a department that exists.
const DEPARTMENT_EXISTS: i64 = 60008;
/// … for one that is not there (any more), said in two ways.
const DEPARTMENT_UNKNOWN: i64 = 60003;
const DEPARTMENT_INVALID: i64 = 60123;
/// … for an account that exists.
const MEMBER_EXISTS: i64 = 60102;

/// The job; one a plan.
pub fn job(corp: CorpId, plan: i64, now: DateTime<Utc>) -> NewJob {
    NewJob {
        payload: json!({ "plan": plan }),
        unique_key: Some(format!("{KIND} {plan}")),
        max_attempts: 100,
        ..super::new(corp, KIND, now)
    }
}

pub(crate) async fn run(app: &App, school: &School, payload: &Value) -> Result<Done> {
    let corp = school.corp();
    let plan = payload.get("plan").and_then(Value::as_i64);
    let plan = plan.ok_or_else(|| Error::internal("a plan of writing without a number"))?;
    let contacts = school.mirror.contacts.as_ref();
    let contacts = contacts.ok_or_else(|| Error::internal("the contacts-sync assistant is not set up"))?;
    loop {
        let mut tx = app.store().scoped(corp).await?;
        let found = write_plans::find(&mut tx, corp, plan).await?;
        if found.is_none_or(|found| found.state != "approved") {
            return Ok(Done::Yes);
        }
        let Some(step) = write_plans::next(&mut tx, corp, plan).await? else {
            let now = app.now();
            write_plans::settle(&mut tx, corp, plan, "approved", "done", now).await?;
            // The assistant is not told of what it wrote itself.
            queue::add(&mut tx, &sync_directory::job(corp, sync::Trigger::Command, now), now).await?;
            tx.commit().await?;
            app.job_added().notify_one();
            return Ok(Done::Yes);
        };
        let made = match step.needs_step {
            Some(needs) => {
                write_plans::step(&mut tx, corp, plan, needs).await?.and_then(|made| made.result_id)
            }
            None => None,
        };
        let trying = End { state: "trying", result_id: None, code: None, message: None };
        write_plans::record(&mut tx, &step, step.attempts + 1, trying, app.now()).await?;
        tx.commit().await?;

        let end = match (step.needs_step, made) {
            (Some(_), None) => failed(None, "上级部门没有建成，请先处理那一步"),
            _ => match write(app, contacts, &step, made).await {
                Ok(result_id) => End { state: "done", result_id, code: None, message: None },
                Err(error) => match judge(school, contacts, &step, made, error).await {
                    Judged::Settled(end) => end,
                    Judged::Later(delay, why) => return Ok(Done::Later(delay, why)),
                },
            },
        };
        let mut tx = app.store().scoped(corp).await?;
        write_plans::record(&mut tx, &step, step.attempts + 1, end, app.now()).await?;
        tx.commit().await?;
    }
}

fn failed(code: Option<i64>, message: impl Into<String>) -> End<'static> {
    End { state: "failed", result_id: None, code, message: Some(message.into()) }
}

/// The one call of a step. The id of a department that was made.
async fn write(
    app: &App,
    contacts: &Client,
    step: &Step,
    made: Option<i32>,
) -> Result<Option<i32>, wecom::Error> {
    let departments: Vec<i32> = step
        .departments
        .iter()
        .flatten()
        .map(|id| if *id == 0 { made.unwrap_or(*id) } else { *id })
        .collect();
    let main_department = departments.first().copied();
    let department = step.subject.parse().ok();
    let change = MemberChange { userid: step.subject.clone(), ..MemberChange::default() };
    let phone = || {
        let place = phone_place(step.corp_id, &step.subject);
        let opened = step.phone.as_ref().and_then(|sealed| app.store().keyring().open(place, sealed).ok())?;
        Some(String::from_utf8_lossy(&opened).into_owned())
    };
    match step.kind.as_str() {
        "create_department" => {
            let name = Some(step.name.clone());
            let department =
                DepartmentChange { name, parentid: main_department, ..DepartmentChange::default() };
            return contacts.create_department(&department).await.map(Some);
        }
        "rename_department" | "move_department" => {
            let moves = step.kind == "move_department";
            let name = (!moves).then(|| step.name.clone());
            let parentid = main_department.filter(|_| moves);
            let change = DepartmentChange { id: department, name, parentid, ..DepartmentChange::default() };
            contacts.update_department(&change).await?;
        }
        "delete_department" => contacts.delete_department(department.unwrap_or_default()).await?,
        "create_member" => {
            let member = MemberChange {
                name: Some(step.name.clone()),
                mobile: phone(),
                department: Some(departments),
                main_department,
                // Invitations are sent when the school says so, not to thousands at once.
                to_invite: Some(false),
                ..change
            };
            contacts.create_member(&member).await?;
        }
        "move_member" => {
            let moved = MemberChange { department: Some(departments), main_department, ..change };
            contacts.update_member(&moved).await?;
        }
        "rename_member" => {
            contacts.update_member(&MemberChange { name: Some(step.name.clone()), ..change }).await?;
        }
        // WeCom leaves the number of an activated member as it is, without a word.
        "set_phone" => contacts.update_member(&MemberChange { mobile: phone(), ..change }).await?,
        _ => contacts.update_member(&MemberChange { enable: Some(0), ..change }).await?,
    }
    Ok(None)
}

enum Judged {
    Settled(End<'static>),
    Later(TimeDelta, String),
}

/// What a failed try means: done before, worth another try, or no.
async fn judge(
    school: &School,
    contacts: &Client,
    step: &Step,
    made: Option<i32>,
    error: wecom::Error,
) -> Judged {
    let code = error.code();
    if code == Some(DEPARTMENT_EXISTS) && step.kind == "create_department" {
        let parent = made.or(step.departments.first().copied().flatten());
        if let Some(id) = find_department(school, contacts, parent, &step.name).await {
            return Judged::Settled(End { state: "done", result_id: Some(id), code: None, message: None });
        }
    }
    // Tried before: an answer was lost, and this is what that try made.
    if code == Some(MEMBER_EXISTS) && step.attempts > 0 {
        return Judged::Settled(End { state: "done", result_id: None, code: None, message: None });
    }
    if matches!(code, Some(DEPARTMENT_UNKNOWN | DEPARTMENT_INVALID))
        && step.kind == "delete_department"
        && step.attempts > 0
    {
        return Judged::Settled(End { state: "done", result_id: None, code: None, message: None });
    }
    if error.is_passing() && step.attempts + 1 < TRIES {
        let delay = error.retry_after().and_then(|pause| TimeDelta::from_std(pause).ok()).unwrap_or(PAUSE);
        return Judged::Later(delay, sync::explain(&error));
    }
    let remedy = match code {
        Some(48002 | 301002) => "。请在企业微信后台允许通讯录同步助手编辑通讯录",
        Some(60104) => "。这个手机号已属于另一个账号，请核对",
        Some(60005 | 60006) => "。请先移走其中的成员和下级部门，再重新生成计划",
        Some(MEMBER_EXISTS) => "。账号已存在但不在同步范围内，请在企业微信后台核对",
        _ => "",
    };
    Judged::Settled(failed(code, format!("{}{remedy}", sync::explain(&error))))
}

/// A department by its name and parent. Names are the app's to read; ids alone are the assistant's.
async fn find_department(school: &School, contacts: &Client, parent: Option<i32>, name: &str) -> Option<i32> {
    let parent = parent?;
    let below = contacts.department_nodes(Some(parent)).await.ok()?;
    let named = school.wecom.departments(Some(parent)).await.ok()?;
    named
        .into_iter()
        .find(|department| {
            department.parent_id == parent
                && department.name.as_deref() == Some(name)
                && below.iter().any(|node| node.id == department.id)
        })
        .map(|department| department.id)
}
