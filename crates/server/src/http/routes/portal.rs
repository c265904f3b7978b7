//! 入口: other systems that members are led to.

pub mod entries;
pub mod lists;

use actix_web::{get, post, web};
use app::portal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{openapi::Refusals, problem::Answer, who::SignedIn};

/// The sign on a tile.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PortalIcon)]
pub enum Icon {
    /// Anything.
    Link,
    /// 上报平台
    Report,
    /// 图书馆
    Library,
    /// 健康
    Health,
    /// 一卡通
    Card,
    /// 课表
    Timetable,
    /// 缴费
    Payment,
    /// 报修
    Repair,
}

impl Icon {
    fn of(name: &str) -> Self {
        match portal::Icon::parse(name).unwrap_or(portal::Icon::Link) {
            portal::Icon::Link => Self::Link,
            portal::Icon::Report => Self::Report,
            portal::Icon::Library => Self::Library,
            portal::Icon::Health => Self::Health,
            portal::Icon::Card => Self::Card,
            portal::Icon::Timetable => Self::Timetable,
            portal::Icon::Payment => Self::Payment,
            portal::Icon::Repair => Self::Repair,
        }
    }
}

impl From<Icon> for portal::Icon {
    fn from(icon: Icon) -> Self {
        match icon {
            Icon::Link => Self::Link,
            Icon::Report => Self::Report,
            Icon::Library => Self::Library,
            Icon::Health => Self::Health,
            Icon::Card => Self::Card,
            Icon::Timetable => Self::Timetable,
            Icon::Payment => Self::Payment,
            Icon::Repair => Self::Repair,
        }
    }
}

/// The entries that are for me, in the school's order.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortalTiles {
    items: Vec<PortalTile>,
}

/// An entry.
#[derive(Debug, Serialize, ToSchema)]
struct PortalTile {
    id: i64,
    title: String,
    /// A line below; empty for none.
    note: String,
    icon: Icon,
    /// Whether I opened it today.
    opened: bool,
}

/// The entries to other systems that are for me today.
#[utoipa::path(
    operation_id = "portal_mine",
    tag = "portal", security(("session" = [])), responses((status = 200, body = PortalTiles), Refusals))]
#[get("/portal")]
pub async fn mine(who: SignedIn) -> Answer<web::Json<PortalTiles>> {
    let (app, school, viewer) = who.parts()?;
    let tiles = portal::mine(app, school, viewer).await?;
    let items = tiles.into_iter().map(|tile| PortalTile {
        id: tile.row.entry_id,
        icon: Icon::of(&tile.row.icon),
        title: tile.row.title,
        note: tile.row.note,
        opened: tile.opened,
    });
    Ok(web::Json(PortalTiles { items: items.collect() }))
}

/// Where an entry leads.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortalPass {
    /// `https://…`: what was entered for it.
    address: String,
}

/// Opens an entry that is for me: counted once a day, however often. Gives where it leads.
#[utoipa::path(
    operation_id = "portal_pass",
    tag = "portal", security(("session" = [])), params(("id" = i64, Path)),
    responses((status = 200, body = PortalPass), Refusals))]
#[post("/portal/{id}/passes")]
pub async fn pass(who: SignedIn, id: web::Path<i64>) -> Answer<web::Json<PortalPass>> {
    let (app, school, viewer) = who.parts()?;
    Ok(web::Json(PortalPass { address: portal::pass(app, school, viewer, *id).await? }))
}
