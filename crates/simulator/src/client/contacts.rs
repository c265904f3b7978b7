//! 通讯录: the school's tree.

use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse};
use maud::html;
use serde::Deserialize;

use super::page::{self, Tab};
use super::{go, own};
use crate::corps::Here;
use crate::directory::Status;
use crate::school::ROOT;

#[derive(Deserialize)]
pub struct Place {
    department: Option<u32>,
}

/// `/client/contacts`
pub async fn browse(request: HttpRequest, query: Query<Place>, shared: Here) -> HttpResponse {
    let world = shared.read();
    let Some(member) = own(&request, &world) else { return go("/") };
    let directory = &world.directory;
    let asked =
        query.department.and_then(|id| directory.department(id)).or_else(|| directory.department(ROOT));
    let Some(department) = asked else { return go("/") };
    let count = |id: u32| -> usize {
        directory.subtree(id).iter().map(|below| directory.count_direct(below.id)).sum()
    };
    let back = (department.id != ROOT).then(|| format!("/client/contacts?department={}", department.parent));
    let content = html! {
        p.path { (directory.path(department.id).join(" › ")) }
        ul.rows {
            @for child in directory.children(department.id) {
                li {
                    a.row href={ "/client/contacts?department=" (child.id) } {
                        span.folder aria-hidden="true" {}
                        div { strong { (child.name) } }
                        span.end.muted { (count(child.id)) }
                    }
                }
            }
            @for colleague in directory.direct_members(department.id) {
                li {
                    div.row {
                        (page::avatar(colleague))
                        div {
                            strong {
                                (colleague.name)
                                @if colleague.memberships.iter().any(|m| m.department == department.id && m.leader) {
                                    span.tag { "负责人" }
                                }
                                @if colleague.status == Status::Disabled { span.tag.grey { "已禁用" } }
                                @if colleague.status == Status::Inactive { span.tag.grey { "未激活" } }
                            }
                            span.muted { (colleague.position) }
                        }
                        span.end.muted { (colleague.userid) }
                    }
                }
            }
        }
    };
    page::client(&world, member, Tab::Contacts, &department.name, back.as_deref(), content)
}
