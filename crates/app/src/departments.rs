//! Finding a department by a part of its path, among those the viewer may do something with.

use std::collections::HashMap;

use domain::{
    DepartmentId,
    policy::{Action, Viewer},
};
use store::departments::{self, Department};

use crate::{App, Error, Result, School};

/// A department that was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its id.
    pub id: DepartmentId,
    /// Its name.
    pub name: String,
    /// Its name with those above it, the school's left out.
    pub path: String,
    /// `school`, `college`, `grade`, `class` or `office`.
    pub kind: String,
}

/// Departments of the viewer's scope whose path holds every word of `text`, the highest first.
pub async fn search(
    app: &App,
    school: &School,
    viewer: &Viewer,
    action: Action,
    text: &str,
    limit: usize,
) -> Result<Vec<Found>> {
    let scope = viewer.scope(action);
    if scope.is_empty() {
        return Err(Error::Forbidden);
    }
    let mut tx = app.store().scoped(school.corp()).await?;
    let open = departments::open(&mut tx, school.corp()).await?;
    tx.commit().await?;
    let by_id: HashMap<DepartmentId, &Department> = open.iter().map(|one| (one.department_id, one)).collect();
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let mut found: Vec<(usize, Found)> = open
        .iter()
        .filter(|one| scope.covers(&[Some(one.department_id), one.class_id, one.grade_id, one.college_id]))
        .filter_map(|one| {
            let names = path(&by_id, one);
            let path = names.join(" / ");
            let lower = path.to_lowercase();
            let fits = words.iter().all(|word| lower.contains(word.as_str()));
            let found = Found { id: one.department_id, name: one.name.clone(), path, kind: one.kind.clone() };
            fits.then_some((names.len(), found))
        })
        .collect();
    found.sort_by(|one, other| (one.0, &one.1.path).cmp(&(other.0, &other.1.path)));
    Ok(found.into_iter().map(|(_, found)| found).take(limit).collect())
}

/// Names from the top down; the school's own only for the school itself.
fn path<'a>(by_id: &HashMap<DepartmentId, &'a Department>, of: &'a Department) -> Vec<&'a str> {
    let mut names = vec![of.name.as_str()];
    let mut above = of.parent_id;
    // As deep as a tree of WeCom's goes; a circle ends here too.
    while let Some(one) = above.and_then(|id| by_id.get(&id)).filter(|one| one.kind != "school")
        && names.len() < 16
    {
        names.push(&one.name);
        above = one.parent_id;
    }
    names.reverse();
    names
}
