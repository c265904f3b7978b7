//! Writing the roster back to the directory: what a file wants otherwise than the directory has it, as steps.

pub mod departments;

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::NaiveDate;

use crate::{
    DepartmentId,
    department::{Directory, Kind, Node, NotFound},
    form::PersonKind,
    roster::{Line, LineError, PEOPLE_COLUMNS, PersonLine},
};

/// Columns of a file that is written back: those of people, and the college that a new class belongs to.
pub const WRITE_COLUMNS: [&str; 12] = {
    let mut columns = [""; 12];
    let mut n = 0;
    while n < PEOPLE_COLUMNS.len() {
        columns[n] = PEOPLE_COLUMNS[n];
        n += 1;
    }
    columns[11] = "college";
    columns
};

/// WeCom's root department.
const ROOT: DepartmentId = 1;
/// `status` of a disabled account (doc 90196).
const DISABLED: i16 = 2;

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepKind {
    /// A class or office that is not there yet.
    CreateDepartment,
    /// A department that is to be called otherwise.
    RenameDepartment,
    /// A department that is to stand elsewhere.
    MoveDepartment,
    /// An empty department that is given up.
    DeleteDepartment,
    /// Somebody without an account.
    CreateMember,
    /// Somebody whose account is elsewhere.
    MoveMember,
    /// Somebody whose account has another name.
    RenameMember,
    /// Somebody who has left the school.
    DisableMember,
    /// Somebody not activated yet, whose phone was wrong.
    SetPhone,
}

impl StepKind {
    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateDepartment => "create_department",
            Self::RenameDepartment => "rename_department",
            Self::MoveDepartment => "move_department",
            Self::DeleteDepartment => "delete_department",
            Self::CreateMember => "create_member",
            Self::MoveMember => "move_member",
            Self::RenameMember => "rename_member",
            Self::DisableMember => "disable_member",
            Self::SetPhone => "set_phone",
        }
    }
}

/// One thing to be written.
#[derive(Clone, PartialEq, Eq)]
pub struct Step {
    /// What it does.
    pub kind: StepKind,
    /// The userid, or the department's id; empty for a department to be made.
    pub subject: String,
    /// As it is to be called.
    pub name: String,
    /// How it is, for people.
    pub before: String,
    /// How it is to be.
    pub after: String,
    /// The parent, or all departments of the member afterwards, the main one first; 0 stands for what `needs` makes.
    pub departments: Vec<DepartmentId>,
    /// The member's departments, or the department's parent, as the mirror has them.
    pub before_departments: Vec<DepartmentId>,
    /// The member's or department's name as the mirror has it.
    pub before_name: Option<String>,
    /// The step (by place in the plan) that makes the department that is 0.
    pub needs: Option<usize>,
    /// Of somebody without an account, or with a wrong one.
    pub phone: Option<String>,
}

/// Never the phone.
impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Step").field("kind", &self.kind).field("needs", &self.needs).finish_non_exhaustive()
    }
}

/// An account of the mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// As WeCom gives it.
    pub userid: String,
    /// None: withheld.
    pub name: Option<String>,
    /// 1 activated, 2 disabled, 4 not activated.
    pub status: Option<i16>,
    /// Where it is, the main department first.
    pub departments: Vec<DepartmentId>,
}

/// Where somebody is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum At {
    Known(DepartmentId),
    New(usize),
}

/// Makes the plan: departments first, those above before those below, then people in the file's order.
///
/// `accounts` are those in WeCom, by the lower-cased number of the person they belong to, or by their own userid.
pub fn plan(
    lines: &[(PersonLine, Option<String>)],
    nodes: &[(Node, Kind)],
    accounts: &HashMap<String, Account>,
    today: NaiveDate,
) -> Result<Vec<Step>, Vec<LineError>> {
    let mut planner = Planner::new(nodes);
    let (mut people, mut errors) = (Vec::new(), Vec::new());
    for (line, college) in lines {
        let account = accounts.get(&line.number.to_lowercase());
        if line.until.is_some_and(|until| until <= today) {
            if let Some(account) = account.filter(|account| account.status != Some(DISABLED)) {
                people.push(planner.disable(line, account));
            }
            continue;
        }
        match planner.place(line, college.as_deref()) {
            Ok(at) => match account {
                Some(account) => people.extend(planner.change(line, account, at)),
                None => match planner.create(line, at) {
                    Ok(step) => people.push(step),
                    Err(error) => errors.push(error),
                },
            },
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut steps = planner.new;
    steps.extend(people);
    Ok(steps)
}

/// Reads a line of the file: the person, and the college a new class belongs to.
pub fn read_line(line: &Line<'_>) -> Result<(PersonLine, Option<String>), Vec<LineError>> {
    let college = Some(line.cell("college")).filter(|college| !college.is_empty()).map(str::to_owned);
    PersonLine::read(line).map(|person| (person, college))
}

struct Planner<'a> {
    directory: Directory<'a>,
    nodes: HashMap<DepartmentId, (&'a Node, Kind)>,
    /// By name and the department above.
    children: HashMap<(DepartmentId, &'a str), DepartmentId>,
    /// Departments to be made, and where each is in `new`.
    new: Vec<Step>,
    planned: BTreeMap<(String, String), usize>,
}

impl<'a> Planner<'a> {
    fn new(nodes: &'a [(Node, Kind)]) -> Self {
        let parent = |node: &Node| node.parent_id.unwrap_or(0);
        Self {
            directory: Directory::new(nodes.iter().map(|(node, kind)| (node, *kind))),
            nodes: nodes.iter().map(|(node, kind)| (node.id, (node, *kind))).collect(),
            children: (nodes.iter()).map(|(node, _)| ((parent(node), node.name.as_str()), node.id)).collect(),
            new: Vec::new(),
            planned: BTreeMap::new(),
        }
    }

    /// The department a line names, to be made if there is none.
    fn place(&mut self, line: &PersonLine, college: Option<&str>) -> Result<Option<At>, LineError> {
        let Some(name) = line.place.as_deref() else { return Ok(None) };
        let kind = (line.kind == PersonKind::Student).then_some(Kind::Class);
        let in_college = college.map(|college| format!("{college}/{name}"));
        let found = match &in_college {
            Some(path) => self.directory.find(path, kind),
            None => self.directory.find(name, kind),
        };
        let error =
            |message: String| LineError { line: line.line, column: line.place_column().into(), message };
        match found {
            Ok(id) => return Ok(Some(At::Known(id))),
            Err(NotFound::Unknown) => {}
            Err(NotFound::Ambiguous(many)) => {
                return Err(error(format!("叫“{name}”的有 {many} 个，请写成 学院/年级/{name} 的样子")));
            }
            Err(NotFound::OtherKind(kind)) => {
                return Err(error(format!("“{name}”是{}，请核对", kind.title())));
            }
        }
        let mut path: Vec<String> = name.split('/').map(|part| part.trim().to_owned()).collect();
        if path.len() == 1 {
            let Some(college) = college else {
                let message =
                    format!("组织架构里没有“{name}”。要新建，请加一列“学院”，或写成 学院/年级/{name} 的样子");
                return Err(error(message));
            };
            if let Some(grade) = line.grade.filter(|_| line.kind == PersonKind::Student) {
                path.insert(0, format!("{grade}级"));
            }
            path.insert(0, college.to_owned());
        }
        if let Some(bad) = path.iter().find(|part| !valid_name(part)) {
            return Err(error(format!("“{bad}”不能作部门名称：1 到 64 个字，不含 \\ : * ? \" < > |")));
        }
        Ok(Some(self.make(&path)))
    }

    /// Walks down a path from the root, making what is missing.
    fn make(&mut self, path: &[String]) -> At {
        // A college may stand below a shelf of colleges: it is found by its name wherever it is.
        let mut at = At::Known(ROOT);
        let mut above = String::new();
        for (depth, name) in path.iter().enumerate() {
            let known = match at {
                At::Known(id) => self.children.get(&(id, name.as_str())).copied(),
                At::New(_) => None,
            };
            let known = known.or_else(|| {
                (depth == 0).then(|| self.directory.find(name, Some(Kind::College)).ok()).flatten()
            });
            at = match known {
                Some(id) => At::Known(id),
                None => At::New(self.new_department(at, &above, name)),
            };
            above = if above.is_empty() { name.clone() } else { format!("{above}/{name}") };
        }
        at
    }

    fn new_department(&mut self, parent: At, above: &str, name: &str) -> usize {
        let key = (above.to_owned(), name.to_owned());
        if let Some(place) = self.planned.get(&key) {
            return *place;
        }
        let (departments, needs) = match parent {
            At::Known(id) => (vec![id], None),
            At::New(step) => (vec![0], Some(step)),
        };
        self.new.push(Step {
            kind: StepKind::CreateDepartment,
            subject: String::new(),
            name: name.into(),
            before: String::new(),
            after: if above.is_empty() { name.to_owned() } else { format!("{above}/{name}") },
            departments,
            before_departments: Vec::new(),
            before_name: None,
            needs,
            phone: None,
        });
        self.planned.insert(key, self.new.len() - 1);
        self.new.len() - 1
    }

    fn create(&self, line: &PersonLine, at: Option<At>) -> Result<Step, LineError> {
        let error = |column: &'static str, message: &str| LineError {
            line: line.line,
            column: column.into(),
            message: message.into(),
        };
        let at = at.ok_or_else(|| error(line.place_column(), "新建账号要有班级或部门，请填写"))?;
        let phone = line
            .phone
            .clone()
            .ok_or_else(|| error("phone", "新建账号要有手机号（企业微信 60129），请填写"))?;
        let (departments, needs) = match at {
            At::Known(id) => (vec![id], None),
            At::New(step) => (vec![0], Some(step)),
        };
        Ok(Step {
            kind: StepKind::CreateMember,
            subject: line.number.clone(),
            name: line.name.clone(),
            before: String::new(),
            after: self.path_of(at),
            departments,
            before_departments: Vec::new(),
            before_name: None,
            needs,
            phone: Some(phone),
        })
    }

    fn change(&self, line: &PersonLine, account: &Account, at: Option<At>) -> Vec<Step> {
        let mut steps = Vec::new();
        let step = |kind, before: String, after: String| Step {
            kind,
            subject: account.userid.clone(),
            name: line.name.clone(),
            before,
            after,
            departments: account.departments.clone(),
            before_departments: account.departments.clone(),
            before_name: account.name.clone(),
            needs: None,
            phone: None,
        };
        if let Some(name) = account.name.as_ref().filter(|name| **name != line.name) {
            steps.push(step(StepKind::RenameMember, name.clone(), line.name.clone()));
        }
        let Some(at) = at.filter(|at| !account.departments.iter().any(|id| At::Known(*id) == *at)) else {
            return steps;
        };
        let (target, needs) = match at {
            At::Known(id) => (id, None),
            At::New(step) => (0, Some(step)),
        };
        // A student has one class; of a member of staff the main department gives way. Others stay.
        let student = line.kind == PersonKind::Student;
        let gives_way: HashSet<DepartmentId> = if student {
            let class =
                |id: &&DepartmentId| self.nodes.get(*id).is_some_and(|(_, kind)| *kind == Kind::Class);
            account.departments.iter().filter(class).copied().collect()
        } else {
            account.departments.first().copied().into_iter().collect()
        };
        let rest = account.departments.iter().copied().filter(|id| !gives_way.contains(id));
        let departments: Vec<_> = std::iter::once(target).chain(rest).collect();
        let before: Vec<String> = (account.departments.iter())
            .filter(|id| gives_way.contains(*id))
            .map(|id| self.path_of(At::Known(*id)))
            .collect();
        let moved = step(StepKind::MoveMember, before.join("、"), self.path_of(at));
        steps.push(Step { departments, needs, ..moved });
        steps
    }

    fn disable(&self, line: &PersonLine, account: &Account) -> Step {
        Step {
            kind: StepKind::DisableMember,
            subject: account.userid.clone(),
            name: line.name.clone(),
            before: account.departments.first().map(|id| self.path_of(At::Known(*id))).unwrap_or_default(),
            after: "停用".into(),
            departments: account.departments.clone(),
            before_departments: account.departments.clone(),
            before_name: account.name.clone(),
            needs: None,
            phone: None,
        }
    }

    fn path_of(&self, at: At) -> String {
        match at {
            At::New(step) => self.new[step].after.clone(),
            At::Known(id) => path_of(Some(id), &self.nodes),
        }
    }
}

/// Whether WeCom takes this for a department's name (doc 90205); a `/` would be taken for a path by us.
fn valid_name(name: &str) -> bool {
    (1..=64).contains(&name.chars().count()) && !name.contains(|c| "/\\:*?\"<>|｜".contains(c))
}

/// The names down to a department, without the top.
fn path_of(id: Option<DepartmentId>, nodes: &HashMap<DepartmentId, (&Node, Kind)>) -> String {
    let mut names = Vec::new();
    let mut next = id.and_then(|id| nodes.get(&id));
    while let Some((node, _)) = next.filter(|_| names.len() < 15) {
        names.push(node.name.as_str());
        next = node.parent_id.and_then(|parent| nodes.get(&parent));
    }
    if names.len() > 1 {
        names.pop();
    }
    names.reverse();
    names.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: DepartmentId, parent: DepartmentId, name: &str, kind: Kind) -> (Node, Kind) {
        let parent_id = (parent != 0).then_some(parent);
        (Node { id, name: name.into(), parent_id, sort_order: 0 }, kind)
    }

    fn tree() -> Vec<(Node, Kind)> {
        vec![
            node(1, 0, "学校", Kind::School),
            node(2, 1, "管理学院", Kind::College),
            node(3, 2, "2018级", Kind::Grade),
            node(4, 3, "2018会计1班", Kind::Class),
            node(5, 3, "2018会计2班", Kind::Class),
            node(6, 1, "团委", Kind::Office),
        ]
    }

    fn account(userid: &str, name: &str, departments: &[DepartmentId]) -> Account {
        Account {
            userid: userid.into(),
            name: Some(name.into()),
            status: Some(1),
            departments: departments.to_vec(),
        }
    }

    fn student(
        number: &'static str,
        class: &'static str,
        rest: &[(&'static str, &'static str)],
    ) -> (PersonLine, Option<String>) {
        let mut cells: HashMap<&str, &str> = [
            ("number", number),
            ("name", "甲"),
            ("kind", "student"),
            ("grade", "2018"),
            ("class", class),
            ("phone", "10012345678"),
        ]
        .into();
        cells.extend(rest.iter().copied());
        read_line(&Line { number: 2, cells }).unwrap()
    }

    fn steps(lines: &[(PersonLine, Option<String>)], accounts: &[Account]) -> Vec<Step> {
        let accounts = accounts.iter().map(|one| (one.userid.to_lowercase(), one.clone())).collect();
        plan(lines, &tree(), &accounts, "2020-03-04".parse().unwrap()).unwrap()
    }

    #[test]
    fn nothing_to_do_is_no_plan() {
        let lines = [student("A1", "2018会计1班", &[])];
        assert!(steps(&lines, &[account("a1", "甲", &[4, 6])]).is_empty());
    }

    #[test]
    fn a_move_takes_the_class_and_leaves_the_rest() {
        let lines = [student("A1", "2018会计2班", &[])];
        let steps = steps(&lines, &[account("a1", "乙", &[4, 6])]);
        assert_eq!(
            steps.iter().map(|step| step.kind).collect::<Vec<_>>(),
            [StepKind::RenameMember, StepKind::MoveMember]
        );
        assert_eq!((steps[0].before.as_str(), steps[0].after.as_str()), ("乙", "甲"));
        assert_eq!(steps[1].departments, [5, 6]);
        assert_eq!(steps[1].before, "管理学院/2018级/2018会计1班");
        assert_eq!(steps[1].after, "管理学院/2018级/2018会计2班");
    }

    #[test]
    fn what_is_missing_is_made_once_and_from_above() {
        let lines = [
            student("A1", "2019会计1班", &[("college", "管理学院"), ("grade", "2019")]),
            student("A2", "2019会计1班", &[("college", "管理学院"), ("grade", "2019")]),
            student("A3", "新学院/2019级/2019甲班", &[]),
        ];
        let steps = steps(&lines, &[account("a2", "甲", &[4])]);
        let made: Vec<_> = steps.iter().map(|step| (step.kind, step.after.as_str(), step.needs)).collect();
        assert_eq!(
            made,
            [
                (StepKind::CreateDepartment, "管理学院/2019级", None),
                (StepKind::CreateDepartment, "管理学院/2019级/2019会计1班", Some(0)),
                (StepKind::CreateDepartment, "新学院", None),
                (StepKind::CreateDepartment, "新学院/2019级", Some(2)),
                (StepKind::CreateDepartment, "新学院/2019级/2019甲班", Some(3)),
                (StepKind::CreateMember, "管理学院/2019级/2019会计1班", Some(1)),
                (StepKind::MoveMember, "管理学院/2019级/2019会计1班", Some(1)),
                (StepKind::CreateMember, "新学院/2019级/2019甲班", Some(4)),
            ]
        );
        assert_eq!(steps[0].departments, [2]);
        assert_eq!(steps[6].departments, [0]);
    }

    #[test]
    fn who_has_left_is_disabled_and_only_that() {
        let lines = [student("A1", "没有的班", &[("until", "2020-03-04")])];
        let steps = steps(&lines, &[account("a1", "乙", &[4])]);
        assert_eq!(steps.len(), 1);
        assert_eq!((steps[0].kind, steps[0].after.as_str()), (StepKind::DisableMember, "停用"));
        let gone = Account { status: Some(DISABLED), ..account("a1", "乙", &[4]) };
        assert!(
            super::plan(
                &lines,
                &tree(),
                &HashMap::from([("a1".into(), gone)]),
                "2020-03-04".parse().unwrap()
            )
            .unwrap()
            .is_empty()
        );
    }

    #[test]
    fn what_can_not_be_done_is_told_by_line() {
        let lines = [student("A1", "没有的班", &[]), student("A2", "2018会计1班", &[("phone", "")])];
        let errors = plan(&lines, &tree(), &HashMap::new(), "2020-03-04".parse().unwrap()).unwrap_err();
        assert!(errors[0].message.contains("要新建，请加一列“学院”"), "{}", errors[0]);
        assert!(errors[1].message.contains("60129"), "{}", errors[1]);
    }
}
