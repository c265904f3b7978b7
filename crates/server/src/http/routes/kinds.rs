//! 类型规则: what departments and accounts are, by rules an administrator edits.

mod rules;

use actix_web::{get, post, web};
use app::kinds::{self, AccountsOf};
use domain::{department::Kind, form::PersonKind, kinds::Why};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub use rules::{DepartmentKind, KindRules, PersonKindName};

use crate::http::{
    input::{self, Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// Departments and accounts shown of a preview.
const SHOWN: usize = 500;

/// How many departments are of a kind.
#[derive(Debug, Serialize, ToSchema)]
struct KindCount {
    kind: DepartmentKind,
    departments: usize,
}

/// How many accounts that no roster knows are what.
#[derive(Debug, Serialize, ToSchema)]
struct AccountCounts {
    students: usize,
    staff: usize,
    /// No rule says what.
    uncovered: usize,
}

impl From<AccountsOf> for AccountCounts {
    fn from(of: AccountsOf) -> Self {
        Self { students: of.students, staff: of.staff, uncovered: of.uncovered }
    }
}

/// A department that rules name.
#[derive(Debug, Serialize, ToSchema)]
struct NamedDepartment {
    id: i32,
    name: String,
    /// Null: it exists no more.
    path: Option<String>,
}

/// A tag that rules can name.
#[derive(Debug, Serialize, ToSchema)]
struct NamedTag {
    id: i32,
    name: String,
}

/// The school's rules and what they come to.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindOverview {
    rules: KindRules,
    /// Rules that come with Rollcall, after the school's own.
    built_in: Vec<rules::DepartmentRule>,
    /// Departments that rules name.
    departments: Vec<NamedDepartment>,
    tags: Vec<NamedTag>,
    kinds: Vec<KindCount>,
    /// Departments that are an office because no rule fits.
    uncovered_departments: usize,
    /// Accounts that no roster knows.
    accounts: AccountCounts,
}

/// The rules and what they come to.
#[utoipa::path(
    operation_id = "kinds_get",
    tag = "kinds", security(("session" = [])), responses((status = 200, body = KindOverview), Refusals))]
#[get("/kinds")]
pub async fn get(who: SignedIn) -> Answer<web::Json<KindOverview>> {
    let (app, school, viewer) = who.parts()?;
    let found = kinds::get(app, school, viewer).await?;
    let counts = Kind::ALL.into_iter().zip(found.kinds);
    Ok(web::Json(KindOverview {
        built_in: domain::kinds::built_in::rules().iter().cloned().map(Into::into).collect(),
        departments: (found.departments.into_iter())
            .map(|(id, name, path)| NamedDepartment { id, name, path })
            .collect(),
        tags: found.tags.into_iter().map(|(id, name)| NamedTag { id, name }).collect(),
        kinds: counts.map(|(kind, count)| KindCount { kind: kind.into(), departments: count }).collect(),
        uncovered_departments: found.uncovered,
        accounts: found.accounts.into(),
        rules: found.rules.into(),
    }))
}

/// A department that would be something else, or count under something else.
#[derive(Debug, Serialize, ToSchema)]
struct KindChange {
    id: i32,
    path: String,
    before: DepartmentKind,
    /// The same as before: it counts under another college, grade or class.
    after: DepartmentKind,
    /// Accounts in it and below it.
    members: usize,
}

/// How many departments of a kind there are and would be.
#[derive(Debug, Serialize, ToSchema)]
struct KindShift {
    kind: DepartmentKind,
    before: usize,
    after: usize,
}

/// Where persons are counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KindStanding)]
struct Standing {
    persons: i64,
    /// Under a college.
    in_college: i64,
    /// Under a class.
    in_class: i64,
}

impl From<store::kinds::Standing> for Standing {
    fn from(standing: store::kinds::Standing) -> Self {
        Self { persons: standing.persons, in_college: standing.in_college, in_class: standing.in_class }
    }
}

/// An account of which rules would say something else.
#[derive(Debug, Serialize, ToSchema)]
struct AccountShift {
    userid: String,
    name: Option<String>,
    place: String,
    before: Option<String>,
    after: Option<String>,
}

/// What saving rules does, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindOutcome {
    /// To be sent back with the same rules to save them.
    digest: String,
    /// Whether there is anything to save.
    differs: bool,
    /// The first 500.
    changes: Vec<KindChange>,
    change_count: usize,
    kinds: Vec<KindShift>,
    standing_before: Standing,
    standing_after: Standing,
    /// Places of persons that begin and end.
    memberships_opened: usize,
    memberships_closed: usize,
    /// Grants of leaders that begin and end.
    grants_added: usize,
    grants_ended: usize,
    accounts_before: AccountCounts,
    accounts_after: AccountCounts,
    /// The first 500.
    account_changes: Vec<AccountShift>,
    account_change_count: usize,
}

impl From<kinds::Outcome> for KindOutcome {
    fn from(outcome: kinds::Outcome) -> Self {
        let [before, after] = outcome.kinds;
        let [standing_before, standing_after] = outcome.standing;
        let [accounts_before, accounts_after] = outcome.accounts;
        let shifts = Kind::ALL.into_iter().zip(before.into_iter().zip(after));
        Self {
            digest: hex::encode(&outcome.digest),
            differs: outcome.rules_differ || !outcome.changes.is_empty(),
            change_count: outcome.changes.len(),
            changes: (outcome.changes.into_iter().take(SHOWN))
                .map(|change| KindChange {
                    id: change.department_id,
                    path: change.path,
                    before: change.before.into(),
                    after: change.after.into(),
                    members: change.members,
                })
                .collect(),
            kinds: shifts
                .map(|(kind, (before, after))| KindShift { kind: kind.into(), before, after })
                .collect(),
            standing_before: standing_before.into(),
            standing_after: standing_after.into(),
            memberships_opened: outcome.memberships.opened,
            memberships_closed: outcome.memberships.closed,
            grants_added: outcome.grants.added,
            grants_ended: outcome.grants.ended,
            accounts_before: accounts_before.into(),
            accounts_after: accounts_after.into(),
            account_change_count: outcome.account_changes.len(),
            account_changes: (outcome.account_changes.into_iter().take(SHOWN))
                .map(|change| AccountShift {
                    userid: change.account.userid,
                    name: change.account.name,
                    place: change.account.place,
                    before: change.before.map(str::to_owned),
                    after: change.account.kind.map(str::to_owned),
                })
                .collect(),
        }
    }
}

/// What these rules would do, without saving them.
#[utoipa::path(
    operation_id = "kinds_preview",
    tag = "kinds", security(("session" = [])), request_body = KindRules,
    responses((status = 200, body = KindOutcome), Refusals, WriteRefusals))]
#[post("/kinds/preview")]
pub async fn preview(who: SignedIn, body: Json<KindRules>) -> Answer<web::Json<KindOutcome>> {
    let (app, school, viewer) = who.parts()?;
    let rules = body.0.read()?;
    let outcome = kinds::preview(app, school, viewer, &rules).await?;
    Ok(web::Json(outcome.into()))
}

/// Rules that were looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KindSave {
    rules: KindRules,
    /// The `digest` of their preview.
    digest: String,
}

/// What became of the rules.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindsSaved {
    /// False: nothing differed.
    saved: bool,
    /// Departments that changed.
    departments: usize,
}

/// Saves rules; refused (409) when the rules or the tree are no longer as they were shown. Can be undone among the imports.
#[utoipa::path(
    operation_id = "kinds_save",
    tag = "kinds", security(("session" = [])), request_body = KindSave,
    responses((status = 200, body = KindsSaved), Refusals, WriteRefusals))]
#[post("/kinds")]
pub async fn save(who: SignedIn, body: Json<KindSave>) -> Answer<web::Json<KindsSaved>> {
    let (app, school, viewer) = who.fresh_parts()?;
    let (rules, digest) = (body.0.rules.read()?, digest(&body.0.digest)?);
    let (outcome, saved) = kinds::save(app, school, viewer, &rules, &digest).await?;
    Ok(web::Json(KindsSaved { saved, departments: outcome.changes.len() }))
}

fn digest(text: &str) -> Answer<Vec<u8>> {
    Ok(hex::decode(text).map_err(|_| app::Error::field("digest", "请原样带上预览的 digest"))?)
}

/// A name to be tried.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KindTrial {
    /// Need not be saved.
    rules: KindRules,
    name: String,
    /// The department it would stand below; left out: the root.
    parent_id: Option<i32>,
}

/// What decided a kind.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum DecidedBy {
    /// Set by hand.
    Pin,
    /// A rule of the school's.
    Rule,
    /// A rule that comes with Rollcall.
    BuiltIn,
    /// No rule fits: an office because it is nothing else.
    Nothing,
}

fn decided(why: Why) -> (DecidedBy, Option<usize>) {
    match why {
        Why::Pinned => (DecidedBy::Pin, None),
        Why::Rule(n) => (DecidedBy::Rule, Some(n + 1)),
        Why::BuiltIn(n) => (DecidedBy::BuiltIn, Some(n + 1)),
        Why::Nothing => (DecidedBy::Nothing, None),
    }
}

/// What a department of this name would be.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindTried {
    kind: DepartmentKind,
    by: DecidedBy,
    /// Which rule of its list, from 1.
    rule: Option<usize>,
}

/// What a department of this name would be, by rules that need not be saved.
#[utoipa::path(
    operation_id = "kinds_try",
    tag = "kinds", security(("session" = [])), request_body = KindTrial,
    responses((status = 200, body = KindTried), Refusals, WriteRefusals))]
#[post("/kinds/trial")]
pub async fn trial(who: SignedIn, body: Json<KindTrial>) -> Answer<web::Json<KindTried>> {
    let (app, school, viewer) = who.parts()?;
    let KindTrial { rules, name, parent_id } = body.0;
    let (kind, why) = kinds::try_name(app, school, viewer, &rules.read()?, &name, parent_id).await?;
    let (by, rule) = decided(why);
    Ok(web::Json(KindTried { kind: kind.into(), by, rule }))
}

/// Which departments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DepartmentQuery {
    /// Stands in the path of their names.
    text: Option<String>,
    /// Only those that are an office because no rule fits.
    #[serde(default)]
    uncovered: bool,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Departments, by id.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindDepartmentList {
    items: Vec<KindDepartment>,
    next_cursor: Option<String>,
}

/// A department and what decided its kind.
#[derive(Debug, Serialize, ToSchema)]
struct KindDepartment {
    id: i32,
    name: String,
    path: String,
    kind: DepartmentKind,
    by: DecidedBy,
    /// Which rule of its list, from 1.
    rule: Option<usize>,
    /// Accounts in it and below it.
    members: usize,
}

/// Departments and what decided their kind, by id.
#[utoipa::path(
    operation_id = "kinds_departments",
    tag = "kinds", security(("session" = [])), params(DepartmentQuery),
    responses((status = 200, body = KindDepartmentList), Refusals))]
#[get("/kinds/departments")]
pub async fn departments(
    who: SignedIn,
    query: Query<DepartmentQuery>,
) -> Answer<web::Json<KindDepartmentList>> {
    let (app, school, viewer) = who.parts()?;
    let DepartmentQuery { text, uncovered, cursor, limit } = query.0;
    let paging = input::paging(app, school, cursor.as_deref(), limit)?;
    let after = paging.after.as_deref();
    let page =
        kinds::departments(app, school, viewer, text.as_deref(), uncovered, after, paging.limit).await?;
    let items = page.items.into_iter().map(|row| {
        let (by, rule) = decided(row.why);
        KindDepartment {
            id: row.department_id,
            name: row.name,
            path: row.path,
            kind: row.kind.into(),
            by,
            rule,
            members: row.members,
        }
    });
    Ok(web::Json(KindDepartmentList { items: items.collect(), next_cursor: paging.cursor(page.next)? }))
}

/// Which accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AccountQuery {
    /// What rules say they are; left out: those of which no rule says anything.
    #[param(inline)]
    kind: Option<PersonKindName>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows, 1 to 200; 50 if left out.
    limit: Option<i64>,
}

/// Accounts, by userid.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindAccountList {
    items: Vec<KindAccount>,
    next_cursor: Option<String>,
}

/// An account that no roster knows.
#[derive(Debug, Serialize, ToSchema)]
struct KindAccount {
    userid: String,
    name: Option<String>,
    place: String,
    kind: Option<String>,
    /// Which rule, from 1.
    rule: Option<usize>,
}

impl From<kinds::AccountRow> for KindAccount {
    fn from(row: kinds::AccountRow) -> Self {
        Self {
            userid: row.userid,
            name: row.name,
            place: row.place,
            kind: row.kind.map(str::to_owned),
            rule: row.rule.map(|rule| rule + 1),
        }
    }
}

/// Accounts that no roster knows, by userid.
#[utoipa::path(
    operation_id = "kinds_accounts",
    tag = "kinds", security(("session" = [])), params(AccountQuery),
    responses((status = 200, body = KindAccountList), Refusals))]
#[get("/kinds/accounts")]
pub async fn accounts(who: SignedIn, query: Query<AccountQuery>) -> Answer<web::Json<KindAccountList>> {
    let (app, school, viewer) = who.parts()?;
    let paging = input::paging(app, school, query.0.cursor.as_deref(), query.0.limit)?;
    let kind = query.0.kind.map(PersonKind::from);
    let page = kinds::accounts(app, school, viewer, kind, paging.after.as_deref(), paging.limit).await?;
    let items = page.items.into_iter().map(KindAccount::from).collect();
    Ok(web::Json(KindAccountList { items, next_cursor: paging.cursor(page.next)? }))
}

/// Which persons the saved rules would make of accounts that no roster knows.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindPersons {
    /// To be sent back to have exactly these made.
    digest: String,
    students: usize,
    staff: usize,
    /// Accounts of which no rule says anything.
    uncovered: usize,
    /// Accounts whose name WeCom withholds: they can't become a person.
    nameless: usize,
    /// Accounts whose userid is the number of somebody with another account.
    taken: usize,
    /// The first 500.
    items: Vec<KindAccount>,
}

/// Which persons the saved rules would make of accounts that no roster knows.
#[utoipa::path(
    operation_id = "kinds_preview_persons",
    tag = "kinds", security(("session" = [])), responses((status = 200, body = KindPersons), Refusals))]
#[get("/kinds/persons")]
pub async fn preview_persons(who: SignedIn) -> Answer<web::Json<KindPersons>> {
    let (app, school, viewer) = who.parts()?;
    let would = kinds::preview_persons(app, school, viewer).await?;
    Ok(web::Json(KindPersons {
        digest: hex::encode(&would.digest),
        students: would.of.students,
        staff: would.of.staff,
        uncovered: would.of.uncovered,
        nameless: would.nameless,
        taken: would.taken,
        items: would.accounts.into_iter().take(SHOWN).map(KindAccount::from).collect(),
    }))
}

/// Persons that were looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KindPersonsApproval {
    /// The `digest` as it was shown.
    digest: String,
}

/// How many persons were made.
#[derive(Debug, Serialize, ToSchema)]
pub struct KindPersonsMade {
    persons: usize,
}

/// Makes exactly the persons that were shown (409 when they would be others by now). Can be undone among the imports.
#[utoipa::path(
    operation_id = "kinds_make_persons",
    tag = "kinds", security(("session" = [])), request_body = KindPersonsApproval,
    responses((status = 200, body = KindPersonsMade), Refusals, WriteRefusals))]
#[post("/kinds/persons")]
pub async fn make_persons(
    who: SignedIn,
    body: Json<KindPersonsApproval>,
) -> Answer<web::Json<KindPersonsMade>> {
    let (app, school, viewer) = who.fresh_parts()?;
    let persons = kinds::make_persons(app, school, viewer, &digest(&body.0.digest)?).await?;
    Ok(web::Json(KindPersonsMade { persons }))
}
