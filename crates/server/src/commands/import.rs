//! `rollcall import` and `rollcall import-reports`.

use std::path::Path;

use anyhow::Context;
use app::App;
use chrono::NaiveDate;
use domain::CorpId;

/// Errors shown at most; a wrong file has one in every line.
const SHOWN: usize = 20;

/// Reads the roster; all of it or, when anything is wrong, nothing.
pub async fn roster(
    app: &App,
    corp: Option<CorpId>,
    people: &Path,
    grants: Option<&Path>,
) -> anyhow::Result<()> {
    let school = super::school(app, corp)?;
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("打不开 {}", path.display()));
    let people = read(people)?;
    let grants = grants.map(read).transpose()?;
    let imported = app::roster::import(app, school, &people, grants.as_deref()).await;
    let report = match imported {
        Ok(report) => report,
        // Told to whoever runs the command, and not to the log: it may quote cells of the file.
        Err(error @ app::roster::ImportError::Lines { .. }) => {
            super::print(&format!(
                "{error}
"
            ))?;
            anyhow::bail!("名册有误，未导入任何内容");
        }
        Err(error) => return Err(error.into()),
    };
    super::print(&format!("{report}\n"))
}

/// Reads a day's reports; all of them or, when anything is wrong, nothing.
pub async fn reports(
    app: &App,
    corp: Option<CorpId>,
    form: &str,
    day: NaiveDate,
    path: &Path,
) -> anyhow::Result<()> {
    let school = super::school(app, corp)?;
    let document = app::reports::form(app, school, form).await.with_context(|| format!("没有表单 {form}"))?;
    let mut file = csv::Reader::from_path(path).with_context(|| format!("打不开 {}", path.display()))?;
    let headers = file.headers()?.clone();
    let number = headers.iter().position(|name| name == "number").context("CSV 缺少 number 列")?;
    for name in headers.iter().filter(|name| *name != "number") {
        anyhow::ensure!(document.field(name).is_some(), "表单 {form} 没有字段 {name}");
    }
    let mut rows = Vec::new();
    for record in file.records() {
        let record = record?;
        let answers = headers
            .iter()
            .zip(record.iter())
            .filter(|(name, _)| *name != "number")
            .filter_map(|(name, text)| Some((name.to_owned(), app::reports::cell(&document, name, text)?)))
            .collect();
        rows.push((record.get(number).unwrap_or_default().to_owned(), answers));
    }
    let count = rows.len();
    let loaded = app::reports::load(app, school, form, day, rows).await?;
    if loaded.errors.is_empty() {
        return super::print(&format!(
            "{day} 的{}：读入 {count} 行，写入 {} 条。\n",
            document.title, loaded.written
        ));
    }
    for error in loaded.errors.iter().take(SHOWN) {
        super::print(&format!("{}（{}）\n", error.message, error.field))?;
    }
    anyhow::bail!("{} 处有误，未写入任何记录", loaded.errors.len())
}
