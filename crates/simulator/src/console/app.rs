//! 应用管理: what the app is, who sees it, from where it may call, and which products are open to it.

use std::collections::BTreeSet;
use std::net::IpAddr;

use actix_web::HttpResponse;
use actix_web::web::Form;
use maud::{Markup, html};
use serde::Deserialize;

use super::page::{self, SaidQuery, Section};
use crate::api::agent;
use crate::control::directory::DepartmentRef;
use crate::corps::Here;
use crate::settings::Settings;
use crate::world::World;

const HERE: &str = "/console/app";
/// Products by the names of the settings.
const PRODUCTS: [(&str, &str); 7] = [
    ("usage", "使用分析"),
    ("files", "文件防泄漏"),
    ("meeting", "会议"),
    ("living", "直播"),
    ("drive", "微盘"),
    ("approval", "审批"),
    ("customer", "客户联系"),
];

/// `/console/app`
pub async fn show(said: SaidQuery, shared: Here) -> HttpResponse {
    let world = shared.read();
    let content = html! {
        (card(&world))
        (range(&world))
        (trusted(&world))
        (products(&world.settings))
        (state(&world.settings))
    };
    page::show(&world, Section::App, &said, content)
}

fn card(world: &World) -> Markup {
    let spec = &world.spec;
    let secret = |label: &str, value: &str| {
        html! {
            tr { th { (label) } td { details { summary { "查看" } code { (value) } } } }
        }
    };
    html! {
        section.card {
            h2 { (agent::title(world)) }
            table {
                tbody {
                    tr { th { "企业ID" } td { code { (spec.corp.id) } } }
                    tr { th { "AgentId" } td { code { (spec.app.agentid) } } }
                    (secret("Secret", &spec.app.secret))
                    (secret("通讯录同步 Secret", &spec.contacts.secret))
                    tr { th { "应用主页" } td { (agent::home(world).map(String::from).unwrap_or_default()) } }
                    tr { th { "可信域名" } td {
                        (world.app_url.as_ref().and_then(crate::world::authority).unwrap_or_default())
                        @for domain in &spec.app.trusted_domains { " " (domain) }
                    } }
                }
            }
            p.muted { "这里的密钥只属于模拟的企业，可以放心展示。" }
        }
    }
}

fn range(world: &World) -> Markup {
    let names = world.settings.visible.iter().map(|id| match world.directory.department(*id) {
        Some(department) => format!("{}（{id}）", department.name),
        None => format!("已删除的部门（{id}）"),
    });
    let ids: Vec<String> = world.settings.visible.iter().map(u32::to_string).collect();
    let members: Vec<&str> = world.settings.visible_members.iter().map(String::as_str).collect();
    let tags: Vec<String> = world.settings.visible_tags.iter().map(u32::to_string).collect();
    html! {
        section.card {
            h2 { "可见范围" }
            p { (names.collect::<Vec<_>>().join("、")) }
            form.form method="post" action="/console/app/range" {
                label.wide { "部门（名称或ID，逗号分开；含全部下级）" input name="departments" value=(ids.join("，")); }
                label { "成员（userid，逗号分开）" input name="members" value=(members.join("，")); }
                label { "标签（ID，逗号分开）" input name="tags" value=(tags.join("，")); }
                button type="submit" { "保存" }
            }
            p.muted { "进入和离开范围的成员，会以 subscribe、unsubscribe 事件告诉应用。" }
        }
    }
}

fn trusted(world: &World) -> Markup {
    let ips: Vec<String> = world.settings.trusted_ips.iter().map(IpAddr::to_string).collect();
    let waiting = world.trusted_since.iter().any(|(_, since)| *since > world.now());
    html! {
        section.card {
            h2 { "企业可信IP" }
            form.form method="post" action="/console/app/trusted-ips" {
                label.wide { "IP（逗号分开；留空则任何IP都可调用）" input name="ips" value=(ips.join("，")) inputmode="url"; }
                button type="submit" { "保存" }
            }
            @if waiting && !ips.is_empty() { p.muted { "新加的IP约一分钟后生效。" } }
        }
    }
}

fn products(settings: &Settings) -> Markup {
    html! {
        section.card {
            h2 { "可调用接口的应用" }
            form.form method="post" action="/console/app/products" {
                fieldset.ticks.wide {
                    @for (name, words) in PRODUCTS {
                        label { input type="checkbox" name=(name) checked[!settings.closed_products.contains(name)]; (words) }
                    }
                }
                button type="submit" { "保存" }
            }
            p.muted { "没有勾选的产品，接口返回 48002。" }
        }
    }
}

fn state(settings: &Settings) -> Markup {
    html! {
        section.card {
            h2 { "状态与权限" }
            form.form method="post" action="/console/app/state" {
                fieldset.ticks.wide {
                    label { input type="checkbox" name="enabled" checked[!settings.app_closed]; "启用应用" }
                    label { input type="checkbox" name="workbench" checked[settings.workbench]; "工作台自定义展示" }
                    label { input type="checkbox" name="contacts_edit" checked[settings.contacts_edit]; "通讯录同步可编辑" }
                }
                button type="submit" { "保存" }
            }
        }
    }
}

/// Changes settings, and tells the app who came into its range and left it.
fn configure(
    shared: &Here,
    change: impl FnOnce(&World, &mut Settings) -> Result<(), String>,
) -> HttpResponse {
    let outcome = {
        let mut world = shared.write();
        let mut settings = world.settings.clone();
        change(&world, &mut settings).map(|()| world.configure(settings))
    };
    match outcome {
        Ok(events) => {
            shared.send(events);
            page::done(HERE, "已保存")
        }
        Err(reason) => page::wrong(HERE, &format!("没有保存：{reason}")),
    }
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '，', '、', ';', '；', ' ', '\n']).map(str::trim).filter(|part| !part.is_empty())
}

#[derive(Deserialize)]
pub struct Range {
    #[serde(default)]
    departments: String,
    #[serde(default)]
    members: String,
    #[serde(default)]
    tags: String,
}

/// The visible range.
pub async fn set_range(form: Form<Range>, shared: Here) -> HttpResponse {
    configure(&shared, |world, settings| {
        let find = |one: &str| {
            DepartmentRef::written(one).find(world).map_err(|_| format!("没有唯一的部门「{one}」"))
        };
        let visible: BTreeSet<u32> = listed(&form.departments).map(find).collect::<Result<_, _>>()?;
        let member = |one: &str| {
            let member = world.directory.member(one);
            member.map(|member| member.userid.clone()).ok_or_else(|| format!("没有成员「{one}」"))
        };
        let members: BTreeSet<String> = listed(&form.members).map(member).collect::<Result<_, _>>()?;
        let tag = |one: &str| {
            let id = one.parse().ok().filter(|id| world.tags.contains_key(id));
            id.ok_or_else(|| format!("没有标签「{one}」"))
        };
        settings.visible_tags = listed(&form.tags).map(tag).collect::<Result<_, _>>()?;
        (settings.visible, settings.visible_members) = (visible, members);
        Ok(())
    })
}

#[derive(Deserialize)]
pub struct Ips {
    ips: String,
}

/// Where calls may come from.
pub async fn set_trusted_ips(form: Form<Ips>, shared: Here) -> HttpResponse {
    configure(&shared, |_, settings| {
        let read = |one: &str| one.parse().map_err(|_| format!("「{one}」不是IP地址（85007）"));
        settings.trusted_ips = listed(&form.ips).map(read).collect::<Result<_, _>>()?;
        Ok(())
    })
}

/// Boxes that are ticked; those that aren't don't come.
pub type Ticked = Form<Vec<(String, String)>>;

fn is_ticked(form: &Ticked, name: &str) -> bool {
    form.iter().any(|(ticked, _)| ticked == name)
}

/// Which products are open.
pub async fn set_products(form: Ticked, shared: Here) -> HttpResponse {
    configure(&shared, |_, settings| {
        let closed = PRODUCTS.iter().filter(|(name, _)| !is_ticked(&form, name));
        settings.closed_products = closed.map(|(name, _)| (*name).to_owned()).collect();
        Ok(())
    })
}

/// Whether the app is on, and what it may.
pub async fn set_state(form: Ticked, shared: Here) -> HttpResponse {
    configure(&shared, |_, settings| {
        settings.app_closed = !is_ticked(&form, "enabled");
        settings.workbench = is_ticked(&form, "workbench");
        settings.contacts_edit = is_ticked(&form, "contacts_edit");
        Ok(())
    })
}
