//! Writing the roster back to WeCom: a plan from a file, shown as before → after, approved by its digest, carried out
//! step by step by a job.

use std::collections::HashMap;

use chrono::{DateTime, Datelike, Utc};
use domain::{
    DepartmentId, MemberId,
    department::{Kind, Node},
    policy::{Action, Viewer},
    roster::{LineError, PersonLine, title_of},
    write_back::{
        self, Account, StepKind, WRITE_COLUMNS,
        departments::{self, DEPARTMENT_COLUMNS, DEPARTMENT_NEEDED, DepartmentLine},
    },
};
use ring::digest;
use store::{
    AsyncPgConnection, members, persons,
    unreported::phone_place,
    write_plans::{self, Plan},
};

pub use store::write_plans::{Count, Step};

use crate::{
    App, Error, Page, Result, School,
    jobs::write_back as job,
    roster::{self, ImportError, table::Sheet},
};

const FILE: &str = "回写名册";

fn administer(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Administer) { Ok(()) } else { Err(Error::Forbidden) }
}

/// Refuses whoever may bring no file to make a plan of. Asked before the file is read, too: nobody else's is to lie in memory.
pub fn may_bring(viewer: &Viewer) -> Result<()> {
    administer(viewer)
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planned {
    /// A plan.
    Plan(i64),
    /// WeCom is as the file says.
    Nothing,
    /// Every wrong cell.
    Errors(Vec<LineError>),
}

/// Makes a plan from a file; nothing is written to WeCom. For administrators.
pub async fn create(app: &App, school: &School, viewer: &Viewer, file: Vec<u8>) -> Result<Planned> {
    administer(viewer)?;
    let corp = school.corp();
    let read = tokio::task::spawn_blocking(move || read(&file))
        .await
        .map_err(|error| Error::internal(error.to_string()))?;
    let list = match read {
        Ok(list) => list,
        Err(ImportError::Lines { errors, .. }) => return Ok(Planned::Errors(errors)),
        Err(error) => return Err(Error::field("file", error.to_string())),
    };
    let now = app.now();
    let mut tx = app.store().scoped(corp).await?;
    let nodes = nodes(&mut tx, school).await?;
    let accounts = accounts(&mut tx, school).await?;
    let planned = match &list {
        List::People(lines) => write_back::plan(lines, &nodes, &accounts, school.today(now)),
        List::Departments(lines) => {
            let mut people: HashMap<DepartmentId, usize> = HashMap::new();
            for id in accounts.values().flat_map(|account| &account.departments) {
                *people.entry(*id).or_default() += 1;
            }
            departments::plan(lines, &nodes, &people)
        }
    };
    let steps = match planned {
        Ok(steps) if steps.is_empty() => return Ok(Planned::Nothing),
        Ok(steps) => steps,
        Err(errors) => return Ok(Planned::Errors(errors.into_iter().map(in_words).collect())),
    };
    let plan = keep(app, school, &mut tx, &steps, viewer.member, now).await?;
    tx.commit().await?;
    Ok(Planned::Plan(plan))
}

/// With its column as people head it.
fn in_words(error: LineError) -> LineError {
    LineError { column: title_of(&error.column).to_owned().into(), ..error }
}

/// Keeps a plan of these steps, which waits for an administrator. Its number.
pub(crate) async fn keep(
    app: &App,
    school: &School,
    tx: &mut AsyncPgConnection,
    steps: &[write_back::Step],
    by: MemberId,
    now: DateTime<Utc>,
) -> Result<i64> {
    let corp = school.corp();
    let digest = digest_of(steps);
    let plan = write_plans::add(tx, corp, steps.len(), &digest, by, now).await?;
    let mut rows = Vec::with_capacity(steps.len());
    let some = |ids: &[DepartmentId]| ids.iter().copied().map(Some).collect::<Vec<_>>();
    for (step_no, step) in (0..).zip(steps) {
        let phone = match &step.phone {
            Some(phone) => {
                Some(app.store().keyring().seal(phone_place(corp, &step.subject), phone.as_bytes())?)
            }
            None => None,
        };
        rows.push(Step {
            corp_id: corp,
            plan_id: plan,
            step_no,
            kind: step.kind.as_str().into(),
            subject: step.subject.clone(),
            name: step.name.clone(),
            before: step.before.clone(),
            after: step.after.clone(),
            departments: some(&step.departments),
            before_departments: some(&step.before_departments),
            before_name: step.before_name.clone(),
            needs_step: step.needs.and_then(|needs| i32::try_from(needs).ok()),
            phone,
            state: "waiting".into(),
            attempts: 0,
            result_id: None,
            code: None,
            message: None,
            at: None,
        });
    }
    write_plans::add_steps(tx, &rows).await?;
    Ok(plan)
}

/// What a file lists.
enum List {
    /// People, each with the college a new class belongs to.
    People(Vec<(PersonLine, Option<String>)>),
    /// Departments that are to be otherwise.
    Departments(Vec<DepartmentLine>),
}

fn read(file: &[u8]) -> Result<List, ImportError> {
    let sheet = Sheet::read(FILE, file)?;
    // Nobody but a list of departments says how one is called now.
    if sheet.means(&DEPARTMENT_COLUMNS, "old_department") {
        let table = sheet.table(&DEPARTMENT_COLUMNS, &DEPARTMENT_NEEDED, None)?;
        let (mut lines, mut errors) = (Vec::with_capacity(table.len()), Vec::new());
        for line in table.lines() {
            match DepartmentLine::read(&line) {
                Ok(line) => lines.push(line),
                Err(wrong) => errors.extend(wrong),
            }
        }
        table.fail_if_any(errors)?;
        return Ok(List::Departments(lines));
    }
    let table = sheet.table(&WRITE_COLUMNS, &roster::NEEDED_OF_PEOPLE, None)?;
    Ok(List::People(roster::read_lines(&table, write_back::read_line, |(person, _)| person)?))
}

async fn nodes(tx: &mut AsyncPgConnection, school: &School) -> Result<Vec<(Node, Kind)>> {
    let nodes = roster::load_departments(tx, school.corp()).await.map_err(roster::refused)?;
    if nodes.is_empty() {
        return Err(Error::field("file", ImportError::NotSynced.to_string()));
    }
    Ok(nodes)
}

/// Accounts in WeCom by the number of their person, and those of nobody by their own userid.
async fn accounts(tx: &mut AsyncPgConnection, school: &School) -> Result<HashMap<String, Account>> {
    let corp = school.corp();
    let mut places: HashMap<MemberId, Vec<DepartmentId>> = HashMap::new();
    for row in members::departments(tx, corp).await? {
        places.entry(row.member_id).or_default().push(row.department_id);
    }
    let persons = persons::all(tx, corp).await?;
    let numbers: HashMap<_, _> =
        persons.into_iter().map(|known| (known.person_id, known.person.number.to_lowercase())).collect();
    let mut accounts = HashMap::new();
    for member in members::all(tx, corp).await?.into_iter().filter(|member| member.left_on.is_none()) {
        let mut departments = places.remove(&member.member_id).unwrap_or_default();
        departments.sort_unstable_by_key(|id| (Some(*id) != member.main_department_id, *id));
        let number = member.person_id.and_then(|person| numbers.get(&person).cloned());
        let account =
            Account { userid: member.userid, name: member.name, status: member.status, departments };
        accounts.insert(number.unwrap_or(member.userid_key), account);
    }
    Ok(accounts)
}

fn digest_of(steps: &[write_back::Step]) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    for step in steps {
        let line = format!(
            "{}\t{}\t{}\t{:?}\t{:?}\t{:?}\t{}\n",
            step.kind.as_str(),
            step.subject,
            step.name,
            step.departments,
            step.needs,
            step.before_departments,
            step.after
        );
        context.update(line.as_bytes());
    }
    context.finish().as_ref().to_vec()
}

/// Plans, newest first; `before` is the last page's `next`. For administrators.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Plan>> {
    administer(viewer)?;
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = write_plans::list(&mut tx, school.corp(), before, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(rows, limit, |plan| plan.plan_id.to_string()))
}

/// A plan and how far it is. For administrators.
pub async fn get(app: &App, school: &School, viewer: &Viewer, plan: i64) -> Result<(Plan, Vec<Count>)> {
    administer(viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let found = write_plans::find(&mut tx, corp, plan).await?.ok_or(Error::NotFound)?;
    let counts = write_plans::counts(&mut tx, corp, plan).await?;
    tx.commit().await?;
    Ok((found, counts))
}

/// Steps of a plan in order, each with its result. For administrators.
pub async fn steps(
    app: &App,
    school: &School,
    viewer: &Viewer,
    plan: i64,
    state: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<Step>> {
    administer(viewer)?;
    let after = after.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = write_plans::steps(&mut tx, school.corp(), plan, state, after, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(rows, limit, |step| step.step_no.to_string()))
}

/// Has exactly the plan that was shown carried out. Refused when the directory is not as the plan found it, when
/// another plan is being carried out, or when it would make more accounts than WeCom allows in a month.
pub async fn approve(app: &App, school: &School, viewer: &Viewer, plan: i64, digest: &[u8]) -> Result<()> {
    administer(viewer)?;
    if school.mirror.contacts.is_none() {
        let remedy = "没有配置通讯录同步助手，不能写入企业微信；请在配置文件中填写 contacts";
        return Err(Error::field("plan", remedy));
    }
    let corp = school.corp();
    let now = app.now();
    let mut tx = app.store().scoped(corp).await?;
    let found = write_plans::find(&mut tx, corp, plan).await?.ok_or(Error::NotFound)?;
    if found.digest != digest || found.state != "planned" {
        return Err(Error::StaleApproval);
    }
    let accounts = accounts(&mut tx, school).await?;
    let known: HashMap<String, &Account> =
        accounts.values().map(|account| (account.userid.to_lowercase(), account)).collect();
    let steps = write_plans::steps(&mut tx, corp, plan, None, None, i64::from(found.steps)).await?;
    let nodes = nodes(&mut tx, school).await?;
    let nodes: HashMap<String, &Node> = nodes.iter().map(|(node, _)| (node.id.to_string(), node)).collect();
    let holds = |step: &Step| match nodes.get(&step.subject).filter(|_| step.kind.ends_with("_department")) {
        Some(node) => stands_as(step, node),
        None => still_holds(step, known.get(&step.subject.to_lowercase()).copied()),
    };
    if !steps.iter().all(holds) {
        return Err(Error::StaleApproval);
    }
    let new = steps.iter().filter(|step| step.kind == StepKind::CreateMember.as_str()).count();
    check_accounts(&mut tx, school, new, known.len(), now).await?;
    match write_plans::approve(&mut tx, corp, plan, viewer.member, now).await {
        Ok(true) => {}
        Ok(false) => return Err(Error::StaleApproval),
        Err(error) if error.unique_constraint() == Some("write_plans_approved") => {
            return Err(Error::field("plan", "另一个回写计划正在执行，请等它完成"));
        }
        Err(error) => return Err(error.into()),
    }
    store::jobs::add(&mut tx, &job::job(corp, plan, now), now).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    tracing::info!(corp, plan, steps = found.steps, "a plan of writing was approved");
    Ok(())
}

/// Whether a department is as a step found it.
fn stands_as(step: &Step, node: &Node) -> bool {
    step.before_name.as_ref() == Some(&node.name)
        && step.before_departments.iter().flatten().copied().eq(node.parent_id)
}

/// Whether the directory is as a step found it.
pub(crate) fn still_holds(step: &Step, account: Option<&Account>) -> bool {
    let departments = |account: &Account| {
        let mut ids: Vec<_> = account.departments.clone();
        ids.sort_unstable();
        ids
    };
    match (step.kind.as_str(), account) {
        ("create_department", _) => true,
        ("create_member", account) => account.is_none(),
        (_, None) => false,
        (_, Some(account)) => {
            let mut before: Vec<_> = step.before_departments.iter().flatten().copied().collect();
            before.sort_unstable();
            departments(account) == before && account.name == step.before_name
        }
    }
}

async fn check_accounts(
    tx: &mut AsyncPgConnection,
    school: &School,
    new: usize,
    present: usize,
    now: DateTime<Utc>,
) -> Result<()> {
    let accounts = usize::try_from(school.accounts).unwrap_or(usize::MAX);
    if new > 0 && present + new > accounts {
        let message = format!("企业账号上限 {accounts} 个，已有 {present} 个，再建 {new} 个会超出");
        return Err(Error::field("plan", message));
    }
    let local = now.with_timezone(&school.zone).date_naive();
    let month = local.with_day(1).unwrap_or(local);
    let since = domain::clock::instant(school.zone, month, chrono::NaiveTime::MIN);
    let made = write_plans::accounts_made_since(tx, school.corp(), since).await?;
    let made = usize::try_from(made).unwrap_or(0);
    // Doc 90312: three times the accounts a corp may have.
    let most = accounts.saturating_mul(3);
    if new > 0 && made + new > most {
        let message = format!("企业微信每月最多新建 {most} 个账号，本月已建 {made} 个，再建 {new} 个会超出");
        return Err(Error::field("plan", message));
    }
    Ok(())
}

/// Gives up a plan that was not approved. For administrators.
pub async fn discard(app: &App, school: &School, viewer: &Viewer, plan: i64) -> Result<()> {
    administer(viewer)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let by = Some(viewer.member);
    if !write_plans::discard(&mut tx, school.corp(), plan, "planned", by, app.now()).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
