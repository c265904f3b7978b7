//! Whom a form may ask: a college's form asks nobody but the college's own people.

use domain::{DepartmentId, form::Form};
use store::{Scoped, departments};

use crate::{FieldError, Result};

/// What is wrong with the departments of a form that is this department's, or the whole school's.
pub(super) async fn flaw(
    tx: &mut Scoped,
    owner: Option<DepartmentId>,
    form: &Form,
) -> Result<Option<FieldError>> {
    let wrong = |message: &str| Ok(Some(FieldError { field: "audience".into(), message: message.into() }));
    let Some(asked) = &form.audience.departments else {
        return match owner {
            Some(_) => wrong("学院的表单只能由本学院的人填写，请选择本学院或其中的年级、班级"),
            None => Ok(None),
        };
    };
    let corp = tx.corp();
    let open = departments::open(tx, corp).await?;
    for id in asked {
        let Some(found) = open.iter().find(|one| one.department_id == *id) else {
            return wrong("填写范围里有已撤销的部门，请去掉");
        };
        let path = [Some(*id), found.class_id, found.grade_id, found.college_id];
        if owner.is_some_and(|owner| !path.contains(&Some(owner))) {
            return wrong("填写范围超出了本学院，请只选择本学院或其中的年级、班级");
        }
    }
    Ok(None)
}

/// The departments a form asks that there are, with their names.
pub(super) async fn named(tx: &mut Scoped, form: &Form) -> Result<Vec<(DepartmentId, String)>> {
    let Some(asked) = &form.audience.departments else { return Ok(Vec::new()) };
    let corp = tx.corp();
    let open = departments::open(tx, corp).await?;
    let asked = open.into_iter().filter(|one| asked.contains(&one.department_id));
    Ok(asked.map(|one| (one.department_id, one.name)).collect())
}
