//! Finding a department by a part of its path.

use actix_web::{get, web};
use app::departments;
use domain::policy::Action;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{input::Query, openapi::Refusals, problem::Answer, who::SignedIn};

/// What I want to do with it.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Ask its people.
    DesignForms,
    /// Give somebody a role over it.
    GiveGrants,
    /// Write to its people.
    Announce,
    /// Read how many of its people passed the gates.
    SeePassages,
    /// Ask who saw its people.
    Audit,
}

/// Which departments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    /// What I want to do with them: only mine to do it with are found.
    #[param(inline)]
    purpose: Purpose,
    /// Words of the path, all of which must be there.
    #[serde(default)]
    text: String,
}

/// Departments, the highest first; at most 50.
#[derive(Debug, Serialize, ToSchema)]
pub struct DepartmentsFound {
    items: Vec<DepartmentFound>,
}

/// A department.
#[derive(Debug, Serialize, ToSchema)]
struct DepartmentFound {
    id: i32,
    name: String,
    /// With those above it.
    #[schema(example = "信息学院 / 2018级 / 2018应用电子技术2班")]
    path: String,
    /// school, college, grade, class or office.
    kind: String,
}

/// Departments I may do something with.
#[utoipa::path(
    operation_id = "departments_search",
    tag = "departments", security(("session" = [])), params(SearchQuery),
    responses((status = 200, body = DepartmentsFound), Refusals))]
#[get("/departments")]
pub async fn search(who: SignedIn, query: Query<SearchQuery>) -> Answer<web::Json<DepartmentsFound>> {
    let (app, school, viewer) = who.parts()?;
    let action = match query.0.purpose {
        Purpose::DesignForms => Action::DesignForms,
        Purpose::GiveGrants => Action::GiveGrants,
        Purpose::Announce => Action::Announce,
        Purpose::SeePassages => Action::SeePassageFigures,
        Purpose::Audit => Action::Audit,
    };
    let found = departments::search(app, school, viewer, action, &query.0.text, 50).await?;
    let items = found.into_iter().map(|one| DepartmentFound {
        id: one.id,
        name: one.name,
        path: one.path,
        kind: one.kind,
    });
    Ok(web::Json(DepartmentsFound { items: items.collect() }))
}
