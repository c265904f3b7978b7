//! Accounts that no roster knows: what rules say of them, and making persons of them when somebody decides so.

use domain::{department::Kind, form::PersonKind, kinds::People, policy::Viewer};
use ring::digest;
use store::{
    AsyncPgConnection,
    audit::By,
    change_sets::{self, Act},
    kinds::{self, Unknown},
    members, planner,
};

use super::{AccountChange, Tree, administer, looked_at, tagged};
use crate::{App, Error, Page, Result, School};

/// From so many new persons on, the planner is told.
const MANY: usize = 1000;

/// How many accounts of nobody are what, by the rules.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AccountsOf {
    /// Students.
    pub students: usize,
    /// Staff.
    pub staff: usize,
    /// No rule says what.
    pub uncovered: usize,
}

impl AccountsOf {
    pub(super) fn add(&mut self, kind: Option<PersonKind>) {
        match kind {
            Some(PersonKind::Student) => self.students += 1,
            Some(PersonKind::Staff) => self.staff += 1,
            None => self.uncovered += 1,
        }
    }
}

/// An account of nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// As WeCom gives it.
    pub userid: String,
    /// None: withheld.
    pub name: Option<String>,
    /// Where it is.
    pub place: String,
    /// student or staff; none: no rule fits.
    pub kind: Option<&'static str>,
    /// Which rule, from 0.
    pub rule: Option<usize>,
}

fn row(account: &Unknown, kind: Option<(PersonKind, usize)>, tree: &Tree) -> AccountRow {
    let paths: Vec<String> = (account.departments.iter())
        .filter(|id| tree.node(**id).is_some())
        .map(|id| tree.path(*id))
        .collect();
    AccountRow {
        userid: account.userid.clone(),
        name: account.name.clone(),
        place: paths.join("、"),
        kind: kind.map(|(kind, _)| kind.as_str()),
        rule: kind.map(|(_, rule)| rule),
    }
}

/// Accounts of which rules would say something else.
pub(super) fn changes(
    accounts: &[Unknown],
    [now, then]: &[People<'_>; 2],
    tree: &Tree,
) -> Vec<AccountChange> {
    let mut changes = Vec::new();
    for account in accounts {
        let looked_at = looked_at(account);
        let (before, after) = (now.kind_of(&looked_at), then.kind_of(&looked_at));
        if before.map(|(kind, _)| kind) != after.map(|(kind, _)| kind) {
            let before = before.map(|(kind, _)| kind.as_str());
            changes.push(AccountChange { account: row(account, after, tree), before });
        }
    }
    changes
}

/// An account of nobody, and what rules say it is: the kind, and which rule.
type Judged = (Unknown, Option<(PersonKind, usize)>);

/// Accounts of nobody with what the saved rules say of them.
async fn judged(tx: &mut AsyncPgConnection, school: &School) -> Result<(Tree, Vec<Judged>)> {
    let corp = school.corp();
    let rules = kinds::rules(tx, corp).await?;
    let tree = Tree::load(tx, school).await?;
    let tagged = tagged(tx, school).await?;
    let now: Vec<(_, Kind)> = tree.kinds(|id| tree.places.get(&id).map(|place| place.kind));
    let people = People::new(&rules, &now, &tagged);
    let accounts = kinds::unknown_accounts(tx, corp).await?;
    let judged = accounts.into_iter().map(|account| {
        let kind = people.kind_of(&looked_at(&account));
        (account, kind)
    });
    let judged = judged.collect();
    Ok((tree, judged))
}

/// Accounts of nobody that rules say are `kind`, or with none those of which they say nothing, by userid; `after` is the
/// last page's `next`. For administrators.
pub async fn accounts(
    app: &App,
    school: &School,
    viewer: &Viewer,
    kind: Option<PersonKind>,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<AccountRow>> {
    administer(viewer)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let (tree, judged) = judged(&mut tx, school).await?;
    tx.commit().await?;
    let after = after.map(str::to_lowercase);
    let most = usize::try_from(limit).unwrap_or_default() + 1;
    let rows = (judged.iter())
        .filter(|(account, _)| {
            after.as_deref().is_none_or(|after| account.userid.to_lowercase().as_str() > after)
        })
        .filter(|(_, found)| found.map(|(found, _)| found) == kind)
        .take(most)
        .map(|(account, found)| row(account, *found, &tree))
        .collect();
    Ok(Page::cut(rows, limit, |row| row.userid.to_lowercase()))
}

/// Which persons would be made, or were.
#[derive(Debug)]
pub struct Made {
    /// Names exactly these accounts and kinds.
    pub digest: Vec<u8>,
    /// Persons by kind.
    pub of: AccountsOf,
    /// Accounts that a rule says something of and that can't become a person, because WeCom withholds the name.
    pub nameless: usize,
    /// … because somebody on record has this number, and another account.
    pub taken: usize,
    /// Those that would become persons.
    pub accounts: Vec<AccountRow>,
}

fn made(tree: &Tree, judged: &[Judged]) -> Made {
    let mut context = digest::Context::new(&digest::SHA256);
    let (mut of, mut nameless, mut taken, mut accounts) = (AccountsOf::default(), 0, 0, Vec::new());
    for (account, kind) in judged {
        match kind {
            None => of.add(None),
            Some(_) if account.taken => taken += 1,
            Some(_) if account.name.is_none() => nameless += 1,
            Some((found, _)) => {
                of.add(Some(*found));
                let name = account.name.as_deref().unwrap_or_default();
                context.update(format!("{}\t{name}\t{}\n", account.userid, found.as_str()).as_bytes());
                accounts.push(row(account, *kind, tree));
            }
        }
    }
    Made { digest: context.finish().as_ref().to_vec(), of, nameless, taken, accounts }
}

/// Which persons the saved rules would make of accounts that no roster knows. For administrators.
pub async fn preview_persons(app: &App, school: &School, viewer: &Viewer) -> Result<Made> {
    administer(viewer)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let (tree, judged) = judged(&mut tx, school).await?;
    tx.commit().await?;
    Ok(made(&tree, &judged))
}

/// Makes exactly the persons that were shown: numbered by userid, on record from today, until a roster names them. Can be
/// undone among the imports. How many. For administrators.
pub async fn make_persons(app: &App, school: &School, viewer: &Viewer, digest: &[u8]) -> Result<usize> {
    administer(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let mut tx = app.store().scoped(corp).await?;
    members::lock(&mut tx, corp).await?;
    let (tree, judged) = judged(&mut tx, school).await?;
    let would = made(&tree, &judged);
    if would.digest != digest {
        return Err(Error::StaleApproval);
    }
    let rows: Vec<(&str, PersonKind)> = (judged.iter())
        .filter(|(account, _)| !account.taken && account.name.is_some())
        .filter_map(|(account, kind)| kind.map(|(kind, _)| (account.userid.as_str(), kind)))
        .collect();
    let changes = change_sets::begin(&mut tx).await?;
    let persons = kinds::make_persons(&mut tx, corp, &rows, today).await?;
    if persons > MANY {
        planner::refresh_statistics(&mut tx).await?;
    }
    let by = By { member: Some(viewer.member), at: now };
    sync::follow::follow(&mut tx, corp, today, by).await?;
    let title = format!("按类型规则建立人员 {persons} 人");
    let act = Act { kind: "kinds", run_id: None, title: &title, by: Some(viewer.member), at: now };
    change_sets::end(&mut tx, corp, changes, act).await?;
    tx.commit().await?;
    tracing::info!(corp, persons, "persons were made of accounts by rule");
    Ok(persons)
}
