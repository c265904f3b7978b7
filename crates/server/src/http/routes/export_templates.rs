//! Templates of exports, and what there is to choose from.

use actix_web::{HttpResponse, delete, get, post, put, web};
use app::{Error, FieldError, export_templates, exports::offers};
use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    export::{BUILT_IN, Chosen, Column, Dataset, DateStyle, Definition, Filters, Order},
    policy::Action,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    input::{Json, Query},
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// What a sheet holds.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportDefinition {
    /// people, registration, classes, exemptions or report_answers; without templates report_table, report_categories, report_span,
    /// report_people, trips, movements, passages, passage_table, outsiders, usage, usage_console or portal.
    #[schema(example = "people")]
    dataset: String,
    /// From left to right, at most 40.
    columns: Vec<ExportColumn>,
    /// number, place or name; listed for data without templates.
    #[schema(example = "number")]
    order: String,
    /// Which rows.
    #[serde(default)]
    filters: ExportFilters,
}

/// A column and how the sheet heads it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExportColumn {
    #[schema(example = "number")]
    column: String,
    #[schema(example = "学号")]
    title: String,
    /// Of a column of answers: the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// What stands in every row of a blank column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fixed: Option<String>,
    /// Code words: what a cell says, and what is written for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    words: Vec<ExportWord>,
    /// How days are written: dashes, slashes, digits or chinese; left out: 2020-03-04.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dates: Option<String>,
}

/// A code word.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExportWord {
    /// What the cell says; empty for an empty cell.
    #[schema(example = "是")]
    says: String,
    /// What is written.
    #[schema(example = "1")]
    writes: String,
}

impl ExportColumn {
    fn plain(column: Column) -> Self {
        Self::of(Chosen::new(column, column.title()))
    }

    fn of(chosen: Chosen) -> Self {
        let words = chosen.words.into_iter().map(|(says, writes)| ExportWord { says, writes });
        Self {
            column: chosen.column.as_str().into(),
            title: chosen.title,
            field: chosen.field,
            fixed: chosen.fixed,
            words: words.collect(),
            dates: chosen.dates.map(|style| style.as_str().into()),
        }
    }
}

/// Which rows. What is left out picks nothing away.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct ExportFilters {
    /// student or staff.
    kind: Option<String>,
    /// 在编, 合同制, 临时 or 合作办学.
    staff_kind: Option<String>,
    /// Only those under this department.
    department: Option<i32>,
    /// Only those who entered in this year.
    year: Option<i16>,
    /// activated, not_activated or no_account.
    activation: Option<String>,
    /// Exemptions that are over or revoked too.
    past: bool,
    /// The code of the form whose figures are counted.
    form: Option<String>,
    /// The day; the day it is made if left out.
    day: Option<NaiveDate>,
    /// The slot of the day.
    slot: Option<i16>,
    /// college, grade, class or department; of passages college, class or day.
    by: Option<String>,
    /// expected, reported, unreported, normal, abnormal or late; of use activated, not_activated, disabled or
    /// left; of an entry all, both, only_there, only_here, neither, here, not_here, there or not_there.
    state: Option<String>,
    /// A counted field.
    field: Option<String>,
    /// A category of it; empty: in none.
    category: Option<String>,
    /// The first day of a span.
    from: Option<NaiveDate>,
    /// Its last.
    to: Option<NaiveDate>,
    /// Only trips under way.
    open: bool,
    /// Only trips out of this region, by the first digits of its code.
    outside: Option<String>,
    /// Only trips into this region.
    within: Option<String>,
    /// Only trips begun on this day or after; of use, only who has not used it since this day.
    since: Option<NaiveDate>,
    /// On what it was used last.
    client: Option<String>,
    /// The entry whose day is compared.
    entry: Option<i64>,
    /// Only passages at this gate.
    gate: Option<i64>,
    /// Only passages this way: in or out.
    direction: Option<String>,
    /// Only scans that were allowed, refused or flagged.
    outcome: Option<String>,
    /// Only passages of visitors.
    visitors: bool,
    /// The zone people have not come back to.
    zone: Option<i64>,
    /// By when they should have been back; the moment it is made if left out.
    at: Option<DateTime<Utc>>,
}

impl ExportDefinition {
    /// Our definition; names that are none are told.
    pub fn read(self) -> Result<Definition, Error> {
        let mut wrong = Vec::new();
        let mut say = |field: String, message: &str| {
            wrong.push(FieldError { field, message: message.to_owned() });
        };
        let dataset = Dataset::parse(&self.dataset);
        if dataset.is_none() {
            say("dataset".into(), "没有这类数据，请另选");
        }
        let order = Order::parse(&self.order);
        if order.is_none() {
            say("order".into(), "没有这种排序，请另选");
        }
        let mut columns = Vec::with_capacity(self.columns.len());
        for (place, chosen) in self.columns.into_iter().enumerate() {
            match Column::parse(&chosen.column) {
                Some(column) => {
                    let dates = chosen.dates.as_deref().map(DateStyle::parse);
                    if dates == Some(None) {
                        say(format!("columns.{place}.dates"), "没有这种日期写法，请另选");
                    }
                    let words = chosen.words.into_iter().map(|word| (word.says, word.writes)).collect();
                    let (title, field, fixed) = (chosen.title, chosen.field, chosen.fixed);
                    columns.push(Chosen { column, title, field, fixed, words, dates: dates.flatten() });
                }
                None => say(format!("columns.{place}.column"), "没有这一列，请去掉"),
            }
        }
        let ExportFilters {
            kind,
            staff_kind,
            department,
            year,
            activation,
            past,
            form,
            day,
            slot,
            by,
            state,
            field,
            category,
            from,
            to,
            open,
            outside,
            within,
            since,
            client,
            entry,
            gate,
            direction,
            outcome,
            visitors,
            zone,
            at,
        } = self.filters;
        let filters = Filters {
            kind,
            staff_kind,
            department,
            year,
            activation,
            past,
            form,
            day,
            slot,
            by,
            state,
            field,
            category,
            from,
            to,
            open,
            outside,
            within,
            since,
            client,
            entry,
            gate,
            direction,
            outcome,
            visitors,
            zone,
            at,
        };
        match (dataset, order) {
            (Some(dataset), Some(order)) if wrong.is_empty() => {
                Ok(Definition { dataset, columns, order, filters })
            }
            _ => Err(Error::Invalid(wrong)),
        }
    }
}

impl From<Definition> for ExportDefinition {
    fn from(definition: Definition) -> Self {
        let Filters {
            kind,
            staff_kind,
            department,
            year,
            activation,
            past,
            form,
            day,
            slot,
            by,
            state,
            field,
            category,
            from,
            to,
            open,
            outside,
            within,
            since,
            client,
            entry,
            gate,
            direction,
            outcome,
            visitors,
            zone,
            at,
        } = definition.filters;
        let columns = definition.columns.into_iter();
        Self {
            dataset: definition.dataset.as_str().into(),
            columns: columns.map(ExportColumn::of).collect(),
            order: definition.order.as_str().into(),
            filters: ExportFilters {
                kind,
                staff_kind,
                department,
                year,
                activation,
                past,
                form,
                day,
                slot,
                by,
                state,
                field,
                category,
                from,
                to,
                open,
                outside,
                within,
                since,
                client,
                entry,
                gate,
                direction,
                outcome,
                visitors,
                zone,
                at,
            },
        }
    }
}

/// What there is to choose from, and the templates.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportTemplateList {
    datasets: Vec<ExportDataset>,
    items: Vec<ExportTemplate>,
}

/// Data that can be in a sheet.
#[derive(Debug, Serialize, ToSchema)]
struct ExportDataset {
    /// people, registration, classes, exemptions or report_answers.
    name: &'static str,
    /// Whether I may export it; administrators keep templates of all data.
    exportable: bool,
    /// Its columns, each with the heading it has by itself.
    columns: Vec<ExportColumn>,
    /// The orders its rows can have, the usual one first.
    orders: Vec<&'static str>,
    /// By what its rows can be picked: kind, staff_kind, department, year, activation, past.
    filters: Vec<&'static str>,
}

/// A template.
#[derive(Debug, Serialize, ToSchema)]
struct ExportTemplate {
    /// Null: it comes with Rollcall, and can be copied but not changed.
    id: Option<i64>,
    /// Of those that come with Rollcall: meeting, province, class-list, not-activated or classes.
    key: Option<&'static str>,
    name: String,
    definition: ExportDefinition,
    /// Who saved it.
    maker: Option<String>,
    /// Whether I may change it.
    mine: bool,
}

/// Which form.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct QuestionsQuery {
    /// Its code.
    form: String,
}

/// Questions that can be columns.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportQuestions {
    items: Vec<ExportQuestion>,
}

/// A question.
#[derive(Debug, Serialize, ToSchema)]
struct ExportQuestion {
    /// Its name: a column's `field`.
    field: String,
    title: String,
    /// What a cell may say, for code words; empty where that is free.
    says: Vec<String>,
}

/// The questions of a form whose answers can be columns of a sheet.
#[utoipa::path(
    operation_id = "export_templates_questions",
    tag = "exports", security(("session" = [])), params(QuestionsQuery),
    responses((status = 200, body = ExportQuestions), Refusals))]
#[get("/export-templates/questions")]
pub async fn questions(who: SignedIn, query: Query<QuestionsQuery>) -> Answer<web::Json<ExportQuestions>> {
    let (app, school, viewer) = who.parts()?;
    let found = app::exports::questions(app, school, viewer, &query.0.form).await?;
    let items =
        found.into_iter().map(|one| ExportQuestion { field: one.field, title: one.title, says: one.says });
    Ok(web::Json(ExportQuestions { items: items.collect() }))
}

/// Templates of data I may export, and what there is to choose from.
#[utoipa::path(
    operation_id = "export_templates_list",
    tag = "exports", security(("session" = [])), responses((status = 200, body = ExportTemplateList), Refusals))]
#[get("/export-templates")]
pub async fn list(who: SignedIn) -> Answer<web::Json<ExportTemplateList>> {
    let (app, school, viewer) = who.parts()?;
    let (exportable, saved) = export_templates::list(app, school, viewer).await?;
    let all = viewer.may(Action::Administer);
    let datasets = Dataset::ALL.into_iter().filter(|dataset| dataset.has_templates());
    let datasets = datasets.filter(|dataset| all || exportable.contains(dataset));
    let datasets = datasets.map(|dataset| ExportDataset {
        name: dataset.as_str(),
        exportable: exportable.contains(&dataset),
        columns: dataset
            .columns()
            .iter()
            .filter(|column| all || offers(viewer, **column))
            .map(|column| ExportColumn::plain(*column))
            .collect(),
        orders: dataset.orders().iter().map(|order| order.as_str()).collect(),
        filters: dataset.filters().iter().map(|filter| filter.as_str()).collect(),
    });
    let built_in = BUILT_IN.iter().filter(|built_in| {
        let dataset = built_in.definition().dataset;
        all || exportable.contains(&dataset)
    });
    let built_in = built_in.map(|built_in| ExportTemplate {
        id: None,
        key: Some(built_in.key),
        name: built_in.name.into(),
        definition: built_in.definition().into(),
        maker: None,
        mine: false,
    });
    let saved = saved.into_iter().map(|saved| ExportTemplate {
        id: Some(saved.id),
        key: None,
        name: saved.name,
        definition: saved.definition.into(),
        maker: saved.maker,
        mine: saved.mine,
    });
    Ok(web::Json(ExportTemplateList { datasets: datasets.collect(), items: built_in.chain(saved).collect() }))
}

/// A template to be saved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExportTemplate {
    /// At most 30 characters.
    name: String,
    definition: ExportDefinition,
}

/// A template that was saved.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportTemplateMade {
    id: i64,
}

/// Saves a template for the school.
#[utoipa::path(
    operation_id = "export_templates_create",
    tag = "exports", security(("session" = [])), request_body = NewExportTemplate,
    responses((status = 201, body = ExportTemplateMade), Refusals, WriteRefusals))]
#[post("/export-templates")]
pub async fn create(who: SignedIn, body: Json<NewExportTemplate>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let definition = body.0.definition.read()?;
    let id = export_templates::create(app, school, viewer, &body.0.name, definition).await?;
    Ok(HttpResponse::Created().json(ExportTemplateMade { id }))
}

/// Changes a template of mine; an administrator changes anybody's.
#[utoipa::path(
    operation_id = "export_templates_change",
    tag = "exports", security(("session" = [])), params(("id" = i64, Path)), request_body = NewExportTemplate,
    responses((status = 204), Refusals, WriteRefusals))]
#[put("/export-templates/{id}")]
pub async fn change(
    who: SignedIn,
    id: web::Path<i64>,
    body: Json<NewExportTemplate>,
) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    let definition = body.0.definition.read()?;
    export_templates::change(app, school, viewer, *id, &body.0.name, definition).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Removes a template of mine; an administrator removes anybody's.
#[utoipa::path(
    operation_id = "export_templates_remove",
    tag = "exports", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 204), Refusals, WriteRefusals))]
#[delete("/export-templates/{id}")]
pub async fn remove(who: SignedIn, id: web::Path<i64>) -> Answer<HttpResponse> {
    let (app, school, viewer) = who.parts()?;
    export_templates::remove(app, school, viewer, *id).await?;
    Ok(HttpResponse::NoContent().finish())
}
