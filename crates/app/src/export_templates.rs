//! Templates of exports: those that come with Rollcall, and those a school has saved.

use domain::{
    export::{Dataset, Definition, MAX_NAME, is_text},
    policy::{Action, Viewer},
};
use store::export_templates;

use crate::{
    App, Error, Result, School,
    exports::{checked, datasets, definition_of, is_built_in, to_value},
};

/// A template a school has saved.
#[derive(Debug, Clone)]
pub struct Saved {
    /// Its number.
    pub id: i64,
    /// As people call it.
    pub name: String,
    /// What it makes.
    pub definition: Definition,
    /// Who saved it.
    pub maker: Option<String>,
    /// Whether the viewer may change it.
    pub mine: bool,
}

/// What the viewer may export, and the templates of that by name; all templates for administrators. One whose columns are no
/// more is left out.
pub async fn list(app: &App, school: &School, viewer: &Viewer) -> Result<(Vec<Dataset>, Vec<Saved>)> {
    let datasets: Vec<_> = datasets(viewer)?.into_iter().filter(|dataset| dataset.has_templates()).collect();
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = export_templates::all(&mut tx, school.corp()).await?;
    tx.commit().await?;
    let anybodys = viewer.may(Action::Administer);
    let saved = rows.into_iter().filter_map(|row| {
        let definition = definition_of(&row.definition).ok()?;
        (anybodys || datasets.contains(&definition.dataset)).then_some(Saved {
            id: row.template_id,
            name: row.name,
            definition,
            maker: row.maker,
            mine: anybodys || row.made_by == viewer.member,
        })
    });
    let saved = saved.collect();
    Ok((datasets, saved))
}

/// Checks a name and a definition. Administrators keep templates of data they may not export themselves.
fn valid(viewer: &Viewer, name: &str, definition: Definition) -> Result<(String, Definition)> {
    let name = name.trim();
    if !is_text(name, MAX_NAME) {
        return Err(Error::field("name", format!("请给模板起个名字，1 到 {MAX_NAME} 个字")));
    }
    if is_built_in(name) {
        return Err(Error::field("name", "这是内置模板的名字，请换一个"));
    }
    if !definition.dataset.has_templates() {
        return Err(Error::field("dataset", "这类数据在显示它的页面上导出，不能存为模板"));
    }
    if viewer.may(Action::Administer) {
        let wrong = definition.check();
        if !wrong.is_empty() {
            return Err(Error::Invalid(wrong));
        }
        return Ok((name.into(), definition.trimmed()));
    }
    Ok((name.into(), checked(viewer, definition)?.0))
}

fn taken(error: store::Error) -> Error {
    if error.unique_constraint() == Some("export_templates_name_key") {
        return Error::field("name", "已经有同名的模板，请换一个名字");
    }
    error.into()
}

/// Saves a new template and gives its number.
pub async fn create(
    app: &App,
    school: &School,
    viewer: &Viewer,
    name: &str,
    definition: Definition,
) -> Result<i64> {
    let (name, definition) = valid(viewer, name, definition)?;
    let definition = to_value(&definition)?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let id =
        export_templates::add(&mut tx, school.corp(), &name, &definition, viewer.member, app.now()).await;
    let id = id.map_err(taken)?;
    tx.commit().await?;
    Ok(id)
}

/// Changes a template of the viewer's own; an administrator changes anybody's.
pub async fn change(
    app: &App,
    school: &School,
    viewer: &Viewer,
    id: i64,
    name: &str,
    definition: Definition,
) -> Result<()> {
    let (name, definition) = valid(viewer, name, definition)?;
    let definition = to_value(&definition)?;
    let anybodys = viewer.may(Action::Administer);
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let changed =
        export_templates::change(&mut tx, corp, id, &name, &definition, viewer.member, anybodys, app.now())
            .await
            .map_err(taken)?;
    if !changed {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    Ok(())
}

/// Removes a template of the viewer's own; an administrator removes anybody's.
pub async fn remove(app: &App, school: &School, viewer: &Viewer, id: i64) -> Result<()> {
    datasets(viewer)?;
    let anybodys = viewer.may(Action::Administer);
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    if !export_templates::remove(&mut tx, corp, id, viewer.member, anybodys, now).await? {
        return Err(Error::NotFound);
    }
    tx.commit().await?;
    Ok(())
}
