//! 流水: what came and went, newest first.

use actix_web::HttpResponse;
use actix_web::web::Query;
use maud::{Markup, html};
use serde::Deserialize;

use super::page::{self, SaidQuery, Section};
use crate::client::page::time;
use crate::corps::Here;
use crate::ledger::{Filter, What};

const SHOWN: usize = 200;
const KINDS: [(&str, &str); 5] =
    [("", "全部"), ("call", "接口"), ("send", "消息"), ("callback", "回调"), ("sign_in", "登录")];

#[derive(Deserialize)]
pub struct Wanted {
    #[serde(default)]
    kind: String,
}

/// `/console/log`
pub async fn show(wanted: Query<Wanted>, said: SaidQuery, shared: Here) -> HttpResponse {
    let world = shared.read();
    let kind = Some(wanted.kind.clone()).filter(|kind| !kind.is_empty());
    let entries = world.ledger.find(&Filter { kind, limit: Some(SHOWN), ..Filter::default() });
    let content = html! {
        nav.filters aria-label="种类" {
            @for (kind, name) in KINDS {
                a href={ "/console/log?kind=" (kind) } aria-current=[(kind == wanted.kind).then_some("true")] { (name) }
            }
        }
        section.card {
            @if entries.is_empty() { p.none { "还没有记录。" } } @else {
                div.scroll {
                    table.log {
                        thead { tr { th { "时间" } th { "什么" } th { "结果" } th { "详情" } } }
                        tbody {
                            @for entry in entries.iter().rev() {
                                tr { td { (time(entry.at, world.now())) } (row(&entry.what)) }
                            }
                        }
                    }
                }
                @if entries.len() == SHOWN { p.muted { "只显示最近 " (SHOWN) " 条；全部在 /_sim/ledger。" } }
            }
        }
    };
    page::show(&world, Section::Log, &said, content)
}

fn row(what: &What) -> Markup {
    match what {
        What::Call { path, method, secret, query, status, errcode, fault } => html! {
            td { code { (method) " " (path) } }
            td {
                span class=[(*errcode != Some(0) || *status != 200).then_some("bad")] {
                    @if *status == 200 { (errcode.map_or_else(|| "—".to_owned(), |code| code.to_string())) }
                    @else { "HTTP " (status) }
                }
                @if *fault { " （故障）" }
            }
            td.muted { (secret.unwrap_or("—")) @for (name, value) in query { " " (name) "=" (value) } }
        },
        What::Send { message, outcomes, duplicate, .. } => html! {
            td { "消息 " (message["msgtype"].as_str().unwrap_or_default()) }
            td { (outcomes.len()) " 人" @if *duplicate { "（重复）" } }
            td { details { summary { "内容" } pre { (serde_json::to_string_pretty(message).unwrap_or_default()) } } }
        },
        What::Callback { event, subject, xml, tries, delivered, .. } => html! {
            td { "回调 " code { (event) } " " (subject) }
            td { span class=[(!delivered).then_some("bad")] { (tries.join(" → ")) } }
            td { details { summary { "明文" } pre { (xml) } } }
        },
        What::SignIn { userid, page } => html! {
            td { "登录 " (userid) }
            td { "已发 code" }
            td.muted { @if *page == "login" { "扫码" } @else { "客户端内" } }
        },
    }
}
