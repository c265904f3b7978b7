//! What is on record of me, each field with whose word it is.

pub mod copy;

mod readable;

use actix_web::{get, post, web};
use app::my_data;
use chrono::{DateTime, NaiveDate, Utc};
use domain::person_field::Source;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{
    openapi::{Refusals, WriteRefusals},
    problem::Answer,
    who::SignedIn,
};

/// What is on record of me.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyData {
    /// In the order they are to be shown.
    facts: Vec<MyFact>,
    /// When the consent that holds was given; null: none holds.
    consented_at: Option<DateTime<Utc>>,
    /// False: the roster does not know me, and there is nothing to consent to or to correct.
    on_roster: bool,
}

/// One field.
#[derive(Debug, Serialize, ToSchema)]
struct MyFact {
    #[schema(value_type = MyFactField)]
    field: &'static str,
    /// Phone and mail masked; null: unknown.
    value: Option<String>,
    /// Null: nobody has said anything.
    #[schema(value_type = Option<FieldSource>)]
    source: Option<&'static str>,
    /// Since when, where that is known.
    since: Option<NaiveDate>,
}

/// The fields there are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "names app::my_data::Fact in the document")]
enum MyFactField {
    Number,
    Name,
    /// student or staff.
    Kind,
    College,
    /// Class or department.
    Place,
    /// Year of entry.
    Grade,
    Major,
    Phone,
    Mail,
    /// male or female.
    Gender,
    /// active, inactive or disabled.
    Account,
}

/// Whose word a field is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "names domain::person_field::Source in the document")]
enum FieldSource {
    /// 更正
    Correction,
    /// 本人授权
    Consent,
    /// 名册
    Roster,
    /// 通讯录
    Directory,
}

/// What is on record of me, each field with whose word it is and since when.
#[utoipa::path(
    operation_id = "me_data",
    tag = "me", security(("session" = [])), responses((status = 200, body = MyData), Refusals))]
#[get("/me/data")]
pub async fn get(who: SignedIn) -> Answer<web::Json<MyData>> {
    let (app, school, viewer) = who.parts()?;
    let found = my_data::get(app, school, viewer).await?;
    let facts = found.facts.into_iter().map(|known| MyFact {
        field: known.fact.as_str(),
        value: known.value,
        source: known.source.map(Source::as_str),
        since: known.since,
    });
    Ok(web::Json(MyData {
        facts: facts.collect(),
        consented_at: found.consented_at,
        on_roster: found.on_roster,
    }))
}

/// My own phone and mail in full.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyContact {
    #[schema(example = "10012345678")]
    phone: Option<String>,
    mail: Option<String>,
}

/// My own phone and mail in full, on a tap.
#[utoipa::path(
    operation_id = "me_contact",
    tag = "me", security(("session" = [])),
    responses((status = 200, body = MyContact), Refusals, WriteRefusals))]
#[post("/me/data/contact")]
pub async fn contact(who: SignedIn) -> Answer<web::Json<MyContact>> {
    let (app, school, viewer) = who.parts()?;
    let contact = my_data::contact(app, school, viewer).await?;
    Ok(web::Json(MyContact { phone: contact.phone, mail: contact.mail }))
}
