//! 类型规则: what departments and accounts are, by rules an administrator edits. Looked at first, saved as one change that
//! can be undone, and from then on what the mirror goes by.

mod accounts;

use std::collections::{BTreeMap, HashMap, HashSet};

use domain::{
    DepartmentId,
    department::{Kind, Node, Place, ROOT},
    kinds::{Account, People, Placed, Rules, TagId, Why},
    policy::{Action, Viewer},
};
use ring::digest;
use store::{
    AsyncPgConnection,
    audit::By,
    change_sets::{self, Act},
    departments, grants,
    kinds::{self, Standing, Unknown},
    members, memberships, tags,
};

pub use accounts::{AccountRow, AccountsOf, Made, accounts, make_persons, preview_persons};

use crate::{App, Error, FieldError, Page, Result, School};

fn administer(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Administer) { Ok(()) } else { Err(Error::Forbidden) }
}

/// The departments that exist now, as rules look at them.
struct Tree {
    nodes: Vec<Node>,
    places: HashMap<DepartmentId, Place>,
    by_id: HashMap<DepartmentId, usize>,
}

impl Tree {
    async fn load(conn: &mut AsyncPgConnection, school: &School) -> Result<Self> {
        let rows = departments::open(conn, school.corp()).await?;
        let (mut nodes, mut places) = (Vec::with_capacity(rows.len()), HashMap::with_capacity(rows.len()));
        for row in rows {
            let kind = Kind::parse(&row.kind).ok_or(store::Error::Unexpected("departments.kind"))?;
            let place =
                Place { kind, college_id: row.college_id, grade_id: row.grade_id, class_id: row.class_id };
            places.insert(row.department_id, place);
            nodes.push(Node {
                id: row.department_id,
                name: row.name,
                parent_id: row.parent_id,
                sort_order: row.sort_order,
            });
        }
        let by_id = nodes.iter().enumerate().map(|(n, node)| (node.id, n)).collect();
        Ok(Self { nodes, places, by_id })
    }

    fn node(&self, id: DepartmentId) -> Option<&Node> {
        self.by_id.get(&id).map(|n| &self.nodes[*n])
    }

    /// A department and all above, nearest first.
    fn upwards(&self, id: DepartmentId) -> Vec<&Node> {
        let mut chain: Vec<&Node> = Vec::new();
        let mut next = self.node(id);
        while let Some(node) = next.filter(|node| chain.iter().all(|seen| seen.id != node.id)) {
            chain.push(node);
            next = node.parent_id.and_then(|parent| self.node(parent));
        }
        chain
    }

    /// The names from below the top down to a department.
    fn path(&self, id: DepartmentId) -> String {
        let mut names: Vec<&str> = self.upwards(id).into_iter().map(|node| node.name.as_str()).collect();
        if names.len() > 1 {
            names.pop();
        }
        names.reverse();
        names.join("/")
    }

    fn kinds(&self, places: impl Fn(DepartmentId) -> Option<Kind>) -> Vec<(Node, Kind)> {
        self.nodes.iter().map(|node| (node.clone(), places(node.id).unwrap_or(Kind::Office))).collect()
    }

    fn count(&self, places: impl Fn(DepartmentId) -> Option<Kind>) -> [usize; 5] {
        let mut counts = [0; 5];
        for node in &self.nodes {
            let kind = places(node.id).unwrap_or(Kind::Office);
            counts[Kind::ALL.iter().position(|each| *each == kind).unwrap_or(4)] += 1;
        }
        counts
    }
}

/// How many accounts are in a department or below it.
async fn sizes(
    conn: &mut AsyncPgConnection,
    school: &School,
    tree: &Tree,
) -> Result<HashMap<DepartmentId, usize>> {
    let mut inside: HashMap<DepartmentId, HashSet<i64>> = HashMap::new();
    let chains: HashMap<DepartmentId, Vec<DepartmentId>> = (tree.nodes.iter())
        .map(|node| (node.id, tree.upwards(node.id).into_iter().map(|node| node.id).collect()))
        .collect();
    for row in members::departments(conn, school.corp()).await? {
        for id in chains.get(&row.department_id).into_iter().flatten() {
            inside.entry(*id).or_default().insert(row.member_id);
        }
    }
    Ok(inside.into_iter().map(|(id, members)| (id, members.len())).collect())
}

/// Departments that tags have.
async fn tagged(conn: &mut AsyncPgConnection, school: &School) -> Result<BTreeMap<TagId, Vec<DepartmentId>>> {
    let mut tagged: BTreeMap<TagId, Vec<DepartmentId>> = BTreeMap::new();
    for (tag, department) in tags::departments(conn, school.corp()).await? {
        tagged.entry(tag).or_default().push(department);
    }
    Ok(tagged)
}

/// What a school's rules are, and what they come to.
#[derive(Debug)]
pub struct Overview {
    /// The rules.
    pub rules: Rules,
    /// Departments they name: id, name, path; a closed one has no path.
    pub departments: Vec<(DepartmentId, String, Option<String>)>,
    /// Tags that can be named: id and name.
    pub tags: Vec<(TagId, String)>,
    /// Departments by kind, in the order of [`Kind::ALL`].
    pub kinds: [usize; 5],
    /// Departments that are an office because no rule fits.
    pub uncovered: usize,
    /// Accounts of nobody.
    pub accounts: AccountsOf,
}

/// The rules and what they come to. For administrators.
pub async fn get(app: &App, school: &School, viewer: &Viewer) -> Result<Overview> {
    administer(viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let rules = kinds::rules(&mut tx, corp).await?;
    let tree = Tree::load(&mut tx, school).await?;
    let names: HashMap<DepartmentId, String> =
        departments::all(&mut tx, corp).await?.into_iter().map(|row| (row.department_id, row.name)).collect();
    let tag_rows = tags::all(&mut tx, corp).await?;
    let tagged = tagged(&mut tx, school).await?;
    let unknown = kinds::unknown_accounts(&mut tx, corp).await?;
    tx.commit().await?;
    let now = |id: DepartmentId| tree.places.get(&id).map(|place| place.kind);
    let mut ids: Vec<DepartmentId> = rules.named_departments().into_iter().map(|(_, id)| id).collect();
    ids.sort_unstable();
    ids.dedup();
    let departments = ids
        .into_iter()
        .map(|id| {
            let name = names.get(&id).cloned().unwrap_or_default();
            (id, name, tree.node(id).map(|_| tree.path(id)))
        })
        .collect();
    let placed = rules.places(&tree.nodes);
    let uncovered = placed.values().filter(|placed| placed.why == Why::Nothing).count();
    let accounts = count(&People::new(&rules, &tree.kinds(now), &tagged), &unknown);
    let used: HashSet<TagId> = rules.named_tags().into_iter().map(|(_, id)| id).collect();
    let tags = (tag_rows.into_iter())
        .filter(|tag| tag.closed_on.is_none() || used.contains(&tag.tag_id))
        .map(|tag| (tag.tag_id, tag.name))
        .collect();
    Ok(Overview { departments, tags, kinds: tree.count(now), uncovered, accounts, rules })
}

/// Counts accounts of nobody by what rules say they are.
fn count(people: &People<'_>, accounts: &[Unknown]) -> AccountsOf {
    let mut of = AccountsOf::default();
    for account in accounts {
        of.add(people.kind_of(&looked_at(account)).map(|(kind, _)| kind));
    }
    of
}

fn looked_at(account: &Unknown) -> Account<'_> {
    Account {
        userid: &account.userid,
        name: account.name.as_deref(),
        position: account.position.as_deref(),
        departments: &account.departments,
        tags: &account.tags,
    }
}

/// A department that would be something else, or count under something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub department_id: DepartmentId,
    /// The names from below the top down to it.
    pub path: String,
    /// What it is.
    pub before: Kind,
    /// What it would be.
    pub after: Kind,
    /// Accounts in it and below it.
    pub members: usize,
}

/// An account of nobody that rules would say something else of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountChange {
    /// The account.
    pub account: AccountRow,
    /// What rules say now; none: nothing.
    pub before: Option<&'static str>,
}

/// What saving rules does, or would do.
#[derive(Debug)]
pub struct Outcome {
    /// Names exactly these rules over exactly this tree.
    pub digest: Vec<u8>,
    /// Whether the rules differ from those that are saved.
    pub rules_differ: bool,
    /// Departments of another kind, and those that count under something else.
    pub changes: Vec<Change>,
    /// Departments by kind before and after, in the order of [`Kind::ALL`].
    pub kinds: [[usize; 5]; 2],
    /// Persons under colleges and classes before and after.
    pub standing: [Standing; 2],
    /// What becomes of memberships.
    pub memberships: memberships::Moved,
    /// What becomes of leaders' grants.
    pub grants: grants::Changed,
    /// Accounts of nobody before and after.
    pub accounts: [AccountsOf; 2],
    /// Those of which rules would say something else.
    pub account_changes: Vec<AccountChange>,
}

/// What these rules would do: everything but the keeping. For administrators.
pub async fn preview(app: &App, school: &School, viewer: &Viewer, rules: &Rules) -> Result<Outcome> {
    administer(viewer)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let by = By { member: Some(viewer.member), at: app.now() };
    act(&mut tx, school, rules, None, by).await
}

/// Saves rules that were looked at. False when there was nothing to save; refused when the rules or the tree are no longer
/// as they were shown. Can be undone among the imports. For administrators.
pub async fn save(
    app: &App,
    school: &School,
    viewer: &Viewer,
    rules: &Rules,
    digest: &[u8],
) -> Result<(Outcome, bool)> {
    administer(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let mut tx = app.store().scoped(corp).await?;
    members::lock(&mut tx, corp).await?;
    let before = grants::holding(&mut tx, corp, viewer.member, today).await?;
    let changes = change_sets::begin(&mut tx).await?;
    let by = By { member: Some(viewer.member), at: now };
    let outcome = act(&mut tx, school, rules, Some(digest), by).await?;
    // Who leads a department is granted by its kind, and who counts under it follows from that.
    if before.grew_to(&grants::holding(&mut tx, corp, viewer.member, today).await?) {
        return Err(Error::field(
            "rules",
            "这样保存会给您自己新的授权，或使更多部门归您看，请由其他管理员保存",
        ));
    }
    let title = format!("保存类型规则：{} 个部门改变", outcome.changes.len());
    let done = Act { kind: "kinds", run_id: None, title: &title, by: Some(viewer.member), at: now };
    let saved = change_sets::end(&mut tx, corp, changes, done).await?;
    tx.commit().await?;
    tracing::info!(corp, departments = outcome.changes.len(), "rules of kinds were saved");
    Ok((outcome, saved))
}

async fn act(
    tx: &mut AsyncPgConnection,
    school: &School,
    rules: &Rules,
    shown: Option<&[u8]>,
    by: By,
) -> Result<Outcome> {
    let (corp, today) = (school.corp(), school.today(by.at));
    members::lock(tx, corp).await?;
    let saved = kinds::rules(tx, corp).await?;
    let tree = Tree::load(tx, school).await?;
    check(tx, school, rules, &tree).await?;
    let digest = digest_of(rules, &saved, &tree);
    if shown.is_some_and(|shown| shown != digest) {
        return Err(Error::StaleApproval);
    }
    let sizes = sizes(tx, school, &tree).await?;
    let tagged = tagged(tx, school).await?;
    let unknown = kinds::unknown_accounts(tx, corp).await?;
    let standing = kinds::standing(tx, corp, today).await?;

    let placed = rules.places(&tree.nodes);
    let (mut rows, mut changes) = (Vec::new(), Vec::new());
    for node in &tree.nodes {
        let (Some(before), Some(Placed { place: after, .. })) =
            (tree.places.get(&node.id), placed.get(&node.id))
        else {
            continue;
        };
        if before != after {
            rows.push((node.id, *after));
            changes.push(Change {
                department_id: node.id,
                path: tree.path(node.id),
                before: before.kind,
                after: after.kind,
                members: sizes.get(&node.id).copied().unwrap_or(0),
            });
        }
    }
    // Those of another kind first; the others follow from them.
    changes.sort_by_cached_key(|change| (change.before == change.after, change.path.clone()));
    if *rules != saved {
        kinds::replace(tx, corp, rules).await?;
    }
    departments::rekind(tx, corp, &rows, today).await?;
    let followed = sync::follow::follow(tx, corp, today, by).await?;

    let now = |id: DepartmentId| tree.places.get(&id).map(|place| place.kind);
    let then = |id: DepartmentId| placed.get(&id).map(|placed| placed.place.kind);
    let (kinds_now, kinds_then) = (tree.kinds(now), tree.kinds(then));
    let people = [People::new(&saved, &kinds_now, &tagged), People::new(rules, &kinds_then, &tagged)];
    let account_changes = accounts::changes(&unknown, &people, &tree);
    Ok(Outcome {
        digest,
        rules_differ: *rules != saved,
        changes,
        kinds: [tree.count(now), tree.count(then)],
        standing: [standing, kinds::standing(tx, corp, today).await?],
        memberships: followed.memberships,
        grants: followed.grants,
        accounts: [count(&people[0], &unknown), count(&people[1], &unknown)],
        account_changes,
    })
}

/// What only the school's own departments and tags can tell is wrong.
async fn check(tx: &mut AsyncPgConnection, school: &School, rules: &Rules, tree: &Tree) -> Result<()> {
    let mut errors = rules.check();
    let corp = school.corp();
    let (named, tagged) = (rules.named_departments(), rules.named_tags());
    let known: HashSet<DepartmentId> =
        departments::all(tx, corp).await?.into_iter().map(|row| row.department_id).collect();
    let mut wrong = |field, message: &str| errors.push(FieldError { field, message: message.into() });
    for (field, _) in named.into_iter().filter(|(_, id)| !known.contains(id)) {
        wrong(field, "没有这个部门，请重新选择");
    }
    if !tagged.is_empty() {
        let known: HashSet<TagId> = tags::all(tx, corp).await?.into_iter().map(|tag| tag.tag_id).collect();
        for (field, _) in tagged.into_iter().filter(|(_, id)| !known.contains(id)) {
            wrong(field, "没有这个标签，请重新选择");
        }
    }
    for (id, _) in rules.pins.iter().filter(|(_, kind)| **kind == Kind::School) {
        if tree.upwards(*id).len() > 1 {
            wrong(format!("pins.{id}"), "“学校”只能是最上级部门，请改选其他类型");
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Error::Invalid(errors)) }
}

/// SHA-256 over the rules to be saved, those that are, and the tree.
fn digest_of(rules: &Rules, saved: &Rules, tree: &Tree) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    for rules in [rules, saved] {
        context.update(serde_json::to_string(rules).unwrap_or_default().as_bytes());
        context.update(b"\n");
    }
    for node in &tree.nodes {
        let place = tree.places.get(&node.id);
        context.update(format!("{}\t{:?}\t{:?}\t{}\n", node.id, node.parent_id, place, node.name).as_bytes());
    }
    context.finish().as_ref().to_vec()
}

/// What a department of this name would be below another, by rules that need not be saved. For administrators.
pub async fn try_name(
    app: &App,
    school: &School,
    viewer: &Viewer,
    rules: &Rules,
    name: &str,
    parent: Option<DepartmentId>,
) -> Result<(Kind, Why)> {
    administer(viewer)?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 64 {
        return Err(Error::field("name", "请输入 1 到 64 个字的部门名称"));
    }
    let errors = rules.check();
    if !errors.is_empty() {
        return Err(Error::Invalid(errors));
    }
    let mut tx = app.store().scoped(school.corp()).await?;
    let mut tree = Tree::load(&mut tx, school).await?;
    tx.commit().await?;
    let parent = parent.or_else(|| tree.node(ROOT).map(|root| root.id));
    if parent.is_some_and(|parent| tree.node(parent).is_none()) {
        return Err(Error::field("parent_id", "没有这个部门，请重新选择"));
    }
    // No department of WeCom's has this number.
    const TRIED: DepartmentId = 0;
    tree.nodes.push(Node { id: TRIED, name: name.into(), parent_id: parent, sort_order: 0 });
    let placed = rules.places(&tree.nodes).get(&TRIED).copied();
    placed
        .map(|placed| (placed.place.kind, placed.why))
        .ok_or_else(|| Error::internal("a name without a place"))
}

/// A department and what decided its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartmentRow {
    /// Which.
    pub department_id: DepartmentId,
    /// Its name.
    pub name: String,
    /// The names from below the top down to it.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Why.
    pub why: Why,
    /// Accounts in it and below it.
    pub members: usize,
}

/// Departments, by id: those with a text in their path, or those that no rule fits. For administrators.
pub async fn departments(
    app: &App,
    school: &School,
    viewer: &Viewer,
    text: Option<&str>,
    uncovered: bool,
    after: Option<&str>,
    limit: i64,
) -> Result<Page<DepartmentRow>> {
    administer(viewer)?;
    let after: Option<DepartmentId> = after.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rules = kinds::rules(&mut tx, school.corp()).await?;
    let tree = Tree::load(&mut tx, school).await?;
    let sizes = sizes(&mut tx, school, &tree).await?;
    tx.commit().await?;
    let placed = rules.places(&tree.nodes);
    let most = usize::try_from(limit).unwrap_or_default() + 1;
    let rows = (tree.nodes.iter())
        .filter(|node| after.is_none_or(|after| node.id > after))
        .filter_map(|node| {
            let Placed { place, why } = placed.get(&node.id)?;
            let path = tree.path(node.id);
            let wanted =
                text.is_none_or(|text| path.contains(text.trim())) && (!uncovered || *why == Why::Nothing);
            wanted.then(|| DepartmentRow {
                department_id: node.id,
                name: node.name.clone(),
                path,
                kind: place.kind,
                why: *why,
                members: sizes.get(&node.id).copied().unwrap_or(0),
            })
        })
        .take(most)
        .collect();
    Ok(Page::cut(rows, limit, |row| row.department_id.to_string()))
}
