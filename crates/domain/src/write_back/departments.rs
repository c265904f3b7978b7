//! Departments of the directory as a list wants them: renamed, moved, or given up once they are empty.

use std::collections::{HashMap, HashSet};

use super::{Step, StepKind, path_of, valid_name};
use crate::{
    DepartmentId,
    department::{Directory, Kind, Node},
    roster::{Line, LineError, describe},
};

/// Columns of a list of departments.
pub const DEPARTMENT_COLUMNS: [&str; 4] = ["old_department", "new_name", "new_parent", "disband"];
/// Those it can't be without.
pub const DEPARTMENT_NEEDED: [&str; 1] = ["old_department"];

/// One department of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartmentLine {
    line: u64,
    department: String,
    name: Option<String>,
    parent: Option<String>,
    disband: bool,
}

impl DepartmentLine {
    /// Reads one line; every cell that is wrong is told.
    pub fn read(line: &Line<'_>) -> Result<Self, Vec<LineError>> {
        let mut errors = Vec::new();
        let cell = |column| Some(line.cell(column)).filter(|cell| !cell.is_empty()).map(str::to_owned);
        let department = cell("old_department");
        if department.is_none() {
            errors.push(line.error(
                "old_department",
                "不能为空，请填部门现在的名称，例如 2018会计3班 或 管理学院/办公室",
            ));
        }
        let name = cell("new_name");
        if name.as_deref().is_some_and(|name| !valid_name(name)) {
            errors.push(line.error("new_name", "不能作部门名称：1 到 64 个字，不含 / \\ : * ? \" < > |"));
        }
        let disband = match line.cell("disband") {
            "" | "否" => false,
            "是" | "停用" | "撤销" => true,
            other => {
                errors.push(line.error("disband", format!("“{other}”不认识，请填 是，或留空")));
                false
            }
        };
        let parent = cell("new_parent");
        if disband && (name.is_some() || parent.is_some()) {
            errors.push(line.error("disband", "要停用的部门不能同时改名或移动，请留空其中之一"));
        }
        if errors.is_empty() && !disband && name.is_none() && parent.is_none() {
            errors.push(line.error("new_name", "没有写要改什么：请填新名称、新上级，或在停用一列填 是"));
        }
        match department {
            Some(department) if errors.is_empty() => {
                Ok(Self { line: line.number, department, name, parent, disband })
            }
            _ => Err(errors),
        }
    }
}

/// Makes the plan: names and places in the list's order, then what is given up, the lowest first. `people` are the
/// members that stand directly in each department.
pub fn plan(
    lines: &[DepartmentLine],
    nodes: &[(Node, Kind)],
    people: &HashMap<DepartmentId, usize>,
) -> Result<Vec<Step>, Vec<LineError>> {
    let by_id: HashMap<DepartmentId, (&Node, Kind)> =
        nodes.iter().map(|(node, kind)| (node.id, (node, *kind))).collect();
    let directory = Directory::new(nodes.iter().map(|(node, kind)| (node, *kind)));
    let mut errors = Vec::new();
    let mut found = Vec::with_capacity(lines.len());
    let mut first_lines: HashMap<DepartmentId, u64> = HashMap::new();
    for line in lines {
        let mut wrong = |column: &'static str, message: String| {
            errors.push(LineError { line: line.line, column: column.into(), message });
        };
        let find = |name: &str| directory.find(name, None).map_err(|why| describe(name, None, why));
        let id = match find(&line.department) {
            Ok(id) => id,
            Err(message) => {
                wrong("old_department", message);
                continue;
            }
        };
        if let Some(first) = first_lines.insert(id, line.line) {
            wrong("old_department", format!("“{}”在第 {first} 行已经有了，请删去一行", line.department));
            continue;
        }
        let parent = match line.parent.as_deref().map(find).transpose() {
            Ok(parent) => parent,
            Err(message) => {
                wrong("new_parent", message);
                continue;
            }
        };
        let Some((node, _)) = by_id.get(&id).copied() else { continue };
        if node.parent_id.is_none() {
            wrong("old_department", "是最上层的部门，不能在这里改动".into());
        } else if parent.is_some_and(|parent| stands_below(parent, id, &by_id)) {
            wrong("new_parent", "不能移到自己或自己的下级下面".into());
        } else {
            found.push((line, node, parent));
        }
    }
    let given_up: HashSet<DepartmentId> =
        found.iter().filter(|(line, ..)| line.disband).map(|(_, node, _)| node.id).collect();
    let moved_to: HashMap<DepartmentId, DepartmentId> =
        found.iter().filter_map(|(_, node, parent)| Some((node.id, (*parent)?))).collect();
    let place = |node: &Node| moved_to.get(&node.id).copied().or(node.parent_id);
    for (line, node, _) in found.iter().filter(|(line, ..)| line.disband) {
        let members = people.get(&node.id).copied().unwrap_or(0);
        let below = nodes.iter().find(|(one, _)| place(one) == Some(node.id) && !given_up.contains(&one.id));
        let message = match (members, below) {
            (0, None) => continue,
            (0, Some((below, _))) => format!("下面还有“{}”，请先移走或一并停用", below.name),
            (members, _) => format!("还有 {members} 人，请先把他们调整到别的部门"),
        };
        errors.push(LineError { line: line.line, column: "disband".into(), message });
    }
    if !errors.is_empty() {
        errors.sort_by_key(|error| error.line);
        return Err(errors);
    }
    let mut steps = Vec::new();
    for (line, node, parent) in found.iter().filter(|(line, ..)| !line.disband) {
        let name = line.name.as_deref().unwrap_or(&node.name);
        if name != node.name {
            steps.push(step(StepKind::RenameDepartment, node, name, node.name.clone(), name.to_owned()));
        }
        if let Some(parent) = parent.filter(|parent| Some(*parent) != node.parent_id) {
            let (before, after) = (path_of(node.parent_id, &by_id), path_of(Some(parent), &by_id));
            let moved = step(StepKind::MoveDepartment, node, name, before, after);
            steps.push(Step { departments: vec![parent], ..moved });
        }
    }
    let mut ends: Vec<&Node> =
        found.iter().filter(|(line, ..)| line.disband).map(|(_, node, _)| *node).collect();
    ends.sort_by_key(|node| std::cmp::Reverse(depth(node.id, &by_id)));
    steps.extend(ends.into_iter().map(|node| {
        step(StepKind::DeleteDepartment, node, &node.name, path_of(Some(node.id), &by_id), "停用".into())
    }));
    Ok(steps)
}

fn step(kind: StepKind, node: &Node, name: &str, before: String, after: String) -> Step {
    Step {
        kind,
        subject: node.id.to_string(),
        name: name.to_owned(),
        before,
        after,
        departments: Vec::new(),
        before_departments: node.parent_id.into_iter().collect(),
        before_name: Some(node.name.clone()),
        needs: None,
        phone: None,
    }
}

fn ancestors<'a>(
    id: DepartmentId,
    by_id: &'a HashMap<DepartmentId, (&'a Node, Kind)>,
) -> impl Iterator<Item = DepartmentId> + 'a {
    // As deep as WeCom allows, should departments form a ring.
    std::iter::successors(Some(id), |id| by_id.get(id).and_then(|(node, _)| node.parent_id)).take(16)
}

fn stands_below(id: DepartmentId, above: DepartmentId, by_id: &HashMap<DepartmentId, (&Node, Kind)>) -> bool {
    ancestors(id, by_id).any(|one| one == above)
}

fn depth(id: DepartmentId, by_id: &HashMap<DepartmentId, (&Node, Kind)>) -> usize {
    ancestors(id, by_id).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes() -> Vec<(Node, Kind)> {
        let node = |id, parent: DepartmentId, name: &str, kind| {
            let parent_id = (parent != 0).then_some(parent);
            (Node { id, name: name.into(), parent_id, sort_order: 0 }, kind)
        };
        vec![
            node(1, 0, "学校", Kind::School),
            node(2, 1, "管理学院", Kind::College),
            node(3, 2, "2018级", Kind::Grade),
            node(4, 3, "2018会计1班", Kind::Class),
            node(5, 3, "2018会计2班", Kind::Class),
            node(6, 1, "经济学院", Kind::College),
        ]
    }

    fn planned(rows: &[[&str; 4]]) -> Result<Vec<String>, Vec<String>> {
        let said = |errors: Vec<LineError>| errors.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut lines = Vec::new();
        for (number, row) in (2..).zip(rows) {
            let cells = DEPARTMENT_COLUMNS.into_iter().zip(row.iter().copied()).collect();
            lines.push(DepartmentLine::read(&Line { number, cells }).map_err(said)?);
        }
        let steps = plan(&lines, &nodes(), &HashMap::from([(4, 30)])).map_err(said)?;
        let line = |step: &Step| {
            format!(
                "{} {} {} → {} {:?}",
                step.kind.as_str(),
                step.subject,
                step.before,
                step.after,
                step.departments
            )
        };
        Ok(steps.iter().map(line).collect())
    }

    #[test]
    fn departments_are_renamed_moved_and_given_up_from_below() {
        let rows = [
            ["2018级", "", "", "是"],
            ["2018会计1班", "2018财务1班", "经济学院", ""],
            ["2018会计2班", "", "", "是"],
            ["管理学院", "管理学院", "", ""],
        ];
        assert_eq!(
            planned(&rows).unwrap(),
            [
                "rename_department 4 2018会计1班 → 2018财务1班 []",
                "move_department 4 管理学院/2018级 → 经济学院 [6]",
                "delete_department 5 管理学院/2018级/2018会计2班 → 停用 []",
                "delete_department 3 管理学院/2018级 → 停用 []",
            ]
        );
    }

    #[test]
    fn what_can_not_be_is_told_by_line_and_column() {
        assert_eq!(
            planned(&[
                ["2018会计1班", "", "", "是"],
                ["2018级", "", "", "是"],
                ["管理学院", "", "2018级", ""],
                ["没有的班", "新名", "", ""],
                ["学校", "大学", "", ""],
                ["2018级", "x", "", ""],
            ])
            .unwrap_err(),
            [
                "第 2 行 disband 列：还有 30 人，请先把他们调整到别的部门",
                "第 3 行 disband 列：下面还有“2018会计2班”，请先移走或一并停用",
                "第 4 行 new_parent 列：不能移到自己或自己的下级下面",
                "第 5 行 old_department 列：组织架构里没有“没有的班”，请核对名称；刚在企业微信里新建的，请先同步组织架构",
                "第 6 行 old_department 列：是最上层的部门，不能在这里改动",
                "第 7 行 old_department 列：“2018级”在第 3 行已经有了，请删去一行",
            ]
        );
        for (row, part) in [
            (["2018级", "", "", ""], "没有写要改什么"),
            (["2018级", "a/b", "", ""], "不能作部门名称"),
            (["2018级", "x", "", "是"], "不能同时"),
            (["2018级", "", "", "也许"], "不认识"),
        ] {
            assert!(planned(&[row]).unwrap_err()[0].contains(part), "{row:?}");
        }
    }
}
