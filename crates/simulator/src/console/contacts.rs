//! 通讯录: the tree, who is in it, and every change an administrator can make.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::web::{Form, Path, Query};
use maud::{Markup, html};
use serde::Deserialize;
use url::form_urlencoded::byte_serialize;

use super::page::{self, SaidQuery, Section};
use crate::client::page::avatar;
use crate::control::Wrong;
use crate::control::directory::{
    DepartmentChange, DepartmentRef, Done, MemberChange, new_department, new_member, other_department,
    other_member,
};
use crate::corps::Here;
use crate::directory::{Member, Status};
use crate::event::Event;
use crate::school::{Department, ROOT};
use crate::world::World;

/// Members one page shows.
const SHOWN: usize = 200;

#[derive(Deserialize)]
pub struct Place {
    department: Option<u32>,
    #[serde(default)]
    q: String,
}

fn address(department: u32) -> String {
    format!("/console/contacts?department={department}")
}

fn member_address(userid: &str) -> String {
    format!("/console/contacts/members/{}", byte_serialize(userid.as_bytes()).collect::<String>())
}

/// `/console/contacts`
pub async fn show(place: Query<Place>, said: SaidQuery, shared: Here) -> HttpResponse {
    let world = shared.read();
    let directory = &world.directory;
    let asked =
        place.department.and_then(|id| directory.department(id)).or_else(|| directory.department(ROOT));
    let Some(department) = asked else { return page::wrong("/console/app", "企业没有根部门") };
    let search = place.q.trim().to_lowercase();
    let found: Vec<&Member> = if search.is_empty() {
        directory.direct_members(department.id).take(SHOWN).collect()
    } else {
        let fits =
            |(userid, member): &(&str, &Member)| userid.contains(&search) || member.name.contains(&search);
        directory.members().filter(fits).map(|(_, member)| member).take(SHOWN).collect()
    };
    let content = html! {
        form.search action="/console/contacts" role="search" {
            input type="search" name="q" value=(place.q) placeholder="姓名或帐号" aria-label="搜索成员";
            button type="submit" { "搜索" }
        }
        div.two {
            (tree(&world, department))
            section.card {
                h2 { @if search.is_empty() { (department.name) "的成员" } @else { "搜索结果" } }
                @if found.is_empty() { p.none { "这里没有成员。" } } @else { (table(&found)) }
                @if found.len() == SHOWN { p.muted { "只显示前 " (SHOWN) " 个。" } }
                @if search.is_empty() { (new_member_form(department)) }
            }
        }
    };
    page::show(&world, Section::Contacts, &said, content)
}

fn tree(world: &World, department: &Department) -> Markup {
    let directory = &world.directory;
    // Who is in two departments is one person.
    let count = |id: u32| {
        let below = directory.subtree(id).into_iter().flat_map(|below| directory.direct_members(below.id));
        below.map(|member| member.userid.as_str()).collect::<BTreeSet<_>>().len()
    };
    let mut above = Vec::new();
    let mut next = directory.department(department.parent);
    while let Some(parent) = next {
        above.insert(0, parent);
        next = directory.department(parent.parent);
    }
    html! {
        section.card {
            nav.crumbs aria-label="上级部门" {
                @for parent in above { a href=(address(parent.id)) { (parent.name) } span.muted { "›" } }
                strong { (department.name) }
            }
            p.muted { "部门ID " (department.id) "，共 " (count(department.id)) " 人" }
            ul.tree {
                @for child in directory.children(department.id) {
                    li { a href=(address(child.id)) { (child.name) span { (count(child.id)) } } }
                }
            }
            details {
                summary { "添加子部门" }
                form.form method="post" action="/console/contacts/departments" {
                    input type="hidden" name="parent" value=(department.id);
                    label.wide { "名称" input name="name" required maxlength="64"; }
                    button type="submit" { "添加" }
                }
            }
            details {
                summary { "修改、移动或删除这个部门" }
                form.form method="post" action={ "/console/contacts/departments/" (department.id) } {
                    label.wide { "名称" input name="name" value=(department.name) required maxlength="64"; }
                    @if department.id != ROOT {
                        label.wide { "上级部门（名称或ID）" input name="parent" value=(department.parent) required; }
                    }
                    label.wide { "排序（大的在前）" input name="order" value=(department.order) inputmode="numeric" required; }
                    button type="submit" { "保存" }
                }
                @if department.id != ROOT {
                    form method="post" action={ "/console/contacts/departments/" (department.id) "/delete" } {
                        button.grave type="submit" { "删除部门" }
                    }
                }
            }
        }
    }
}

fn table(members: &[&Member]) -> Markup {
    html! {
        div.scroll {
            table {
                thead { tr { th { "姓名" } th { "帐号" } th { "职务" } th { "状态" } } }
                tbody {
                    @for member in members {
                        tr {
                            td { a href=(member_address(&member.userid)) { (member.name) } }
                            td { (member.userid) }
                            td { (member.position) }
                            td { (status(member.status)) }
                        }
                    }
                }
            }
        }
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Active => "已激活",
        Status::Disabled => "已禁用",
        Status::Inactive => "未激活",
        Status::Left => "已退出",
    }
}

fn new_member_form(department: &Department) -> Markup {
    html! {
        details {
            summary { "添加成员" }
            form.form method="post" action="/console/contacts/members" {
                label { "姓名" input name="name" required maxlength="64"; }
                label { "帐号" input name="userid" required maxlength="64" autocapitalize="off"; }
                label { "手机" input name="mobile" inputmode="tel"; }
                label { "职务" input name="position" maxlength="128"; }
                input type="hidden" name="department" value=(department.id);
                input type="hidden" name="status" value="1";
                button type="submit" { "添加" }
            }
        }
    }
}

/// `/console/contacts/members/{userid}`
pub async fn member(userid: Path<String>, said: SaidQuery, shared: Here) -> HttpResponse {
    let world = shared.read();
    let Some(member) = world.directory.member(&userid) else {
        return page::wrong("/console/contacts", "没有这个成员");
    };
    let ids: Vec<String> = member.memberships.iter().map(|place| place.department.to_string()).collect();
    let leads: Vec<String> = member
        .memberships
        .iter()
        .filter(|place| place.leader)
        .map(|place| place.department.to_string())
        .collect();
    let own = member_address(&member.userid);
    let home = member.memberships.first().map_or(ROOT, |place| place.department);
    let content = html! {
        p.crumbs { a href=(address(home)) { "返回部门" } }
        section.card {
            div.person { (avatar(member)) div { strong { (member.name) } span.muted { (member.userid) } } }
            ul {
                @for place in &member.memberships {
                    li.muted {
                        (world.directory.path(place.department).join(" › ")) "（ID " (place.department) "）"
                        @if place.leader { span.tag { "负责人" } }
                    }
                }
            }
            form.form method="post" action=(own) {
                label { "姓名" input name="name" value=(member.name) required maxlength="64"; }
                label { "手机" input name="mobile" value=(member.mobile) inputmode="tel"; }
                label { "职务" input name="position" value=(member.position) maxlength="128"; }
                label { "状态"
                    select name="status" {
                        @for each in [Status::Active, Status::Disabled, Status::Inactive, Status::Left] {
                            option value=(u8::from(each)) selected[each == member.status] { (status(each)) }
                        }
                    }
                }
                label.wide { "部门（名称或ID，主部门在前，逗号分开）" input name="department" value=(ids.join("，")) required; }
                label.wide { "负责的部门（ID，逗号分开）" input name="leads" value=(leads.join("，")); }
                div.row-of-buttons.wide { button type="submit" { "保存" } }
            }
            form method="post" action={ (own) "/delete" } { button.grave type="submit" { "删除成员" } }
        }
    };
    page::show(&world, Section::Contacts, &said, content)
}

#[derive(Deserialize)]
pub struct MemberForm {
    userid: Option<String>,
    name: String,
    #[serde(default)]
    mobile: String,
    #[serde(default)]
    position: String,
    department: String,
    #[serde(default)]
    leads: String,
    status: u8,
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '，', '、', ';', '；']).map(str::trim).filter(|part| !part.is_empty())
}

impl MemberForm {
    fn change(self, world: &World) -> Result<MemberChange, Wrong> {
        let departments: Vec<DepartmentRef> = listed(&self.department).map(DepartmentRef::written).collect();
        let leads: Vec<u32> = listed(&self.leads).filter_map(|id| id.parse().ok()).collect();
        let leader = departments
            .iter()
            .map(|one| Ok(leads.contains(&one.find(world)?)))
            .collect::<Result<_, Wrong>>()?;
        Ok(MemberChange {
            userid: self.userid,
            name: Some(self.name),
            department: Some(departments),
            is_leader: Some(leader),
            position: Some(self.position),
            mobile: Some(self.mobile),
            status: Status::try_from(self.status).ok(),
            licensed: None,
        })
    }
}

/// What came of a change: its events are sent, and the page says it.
fn tell(shared: &Here, to: &str, outcome: Result<Vec<Event>, Wrong>, words: &str) -> HttpResponse {
    match outcome {
        Ok(events) => {
            shared.send(events);
            page::done(to, words)
        }
        Err(reason) => page::wrong(to, &in_chinese(&reason.to_string())),
    }
}

fn events((_, events): Done) -> Vec<Event> {
    events
}

/// The controls speak English, to scripts.
fn in_chinese(reason: &str) -> String {
    let known = [
        ("userid:", "帐号须为 1 到 64 个字母、数字或 _ . @ -，首位是字母或数字"),
        ("name:", "姓名须为 1 到 64 个字"),
        ("the same twice", "同一个部门写了两次"),
        ("exists", "帐号或部门已存在"),
        ("stands there already", "同级已有同名部门"),
        ("has members or departments", "部门下还有成员或子部门，请先移走"),
        ("below itself", "部门不能移到自己下面"),
        ("several departments", "有多个同名部门，请写部门ID"),
        ("no department", "没有这个部门"),
        ("no member", "没有这个成员"),
    ];
    let found = known.iter().find(|(words, _)| reason.contains(words));
    format!("没有保存：{}", found.map_or(reason, |(_, chinese)| chinese))
}

/// Adds a member.
pub async fn add_member(form: Form<MemberForm>, shared: Here) -> HttpResponse {
    let form = form.into_inner();
    let to = form.department.parse().map_or_else(|_| "/console/contacts".to_owned(), address);
    let outcome = {
        let mut world = shared.write();
        form.change(&world).and_then(|change| new_member(&mut world, change)).map(events)
    };
    tell(&shared, &to, outcome, "已添加成员")
}

/// Changes a member.
pub async fn change_member(userid: Path<String>, form: Form<MemberForm>, shared: Here) -> HttpResponse {
    let form = MemberForm { userid: None, ..form.into_inner() };
    let outcome = {
        let mut world = shared.write();
        form.change(&world).and_then(|change| other_member(&mut world, &userid, change)).map(events)
    };
    tell(&shared, &member_address(&userid), outcome, "已保存")
}

/// Deletes a member.
pub async fn remove_member(userid: Path<String>, shared: Here) -> HttpResponse {
    let outcome = shared.write().remove_member(&userid).map_err(Wrong::from);
    tell(&shared, "/console/contacts", outcome, "已删除成员")
}

#[derive(Deserialize)]
pub struct DepartmentForm {
    name: String,
    parent: Option<String>,
    order: Option<u32>,
}

impl DepartmentForm {
    fn change(self) -> DepartmentChange {
        let parent = self.parent.as_deref().map(DepartmentRef::written);
        DepartmentChange { id: None, name: Some(self.name), parent, order: self.order }
    }
}

/// Adds a department.
pub async fn add_department(form: Form<DepartmentForm>, shared: Here) -> HttpResponse {
    let form = form.into_inner();
    let to = form
        .parent
        .as_deref()
        .and_then(|id| id.parse().ok())
        .map_or_else(|| "/console/contacts".into(), address);
    let outcome = new_department(&mut shared.write(), form.change()).map(events);
    tell(&shared, &to, outcome, "已添加部门")
}

/// Renames, moves or reorders a department.
pub async fn change_department(id: Path<u32>, form: Form<DepartmentForm>, shared: Here) -> HttpResponse {
    let outcome = other_department(&mut shared.write(), *id, form.into_inner().change()).map(events);
    tell(&shared, &address(*id), outcome, "已保存")
}

/// Deletes a department that is empty.
pub async fn remove_department(id: Path<u32>, shared: Here) -> HttpResponse {
    let (parent, outcome) = {
        let mut world = shared.write();
        let parent = world.directory.department(*id).map_or(ROOT, |department| department.parent);
        (parent, world.remove_department(*id).map_err(Wrong::from))
    };
    let to = if outcome.is_ok() { address(parent) } else { address(*id) };
    tell(&shared, &to, outcome, "已删除部门")
}
