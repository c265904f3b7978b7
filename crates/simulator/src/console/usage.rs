//! 使用分析: what the corp did, from the ledger: calls by API with their refusals, messages with what became of them.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use chrono::TimeDelta;
use maud::html;

use super::page::{self, SaidQuery, Section};
use crate::corps::Here;
use crate::ledger::{Filter, Outcome, What};

#[derive(Default)]
struct Calls {
    count: usize,
    refused: usize,
    last: BTreeMap<i64, usize>,
}

/// `/console/usage`
pub async fn show(said: SaidQuery, shared: Here) -> HttpResponse {
    let world = shared.read();
    let since = world.now() - TimeDelta::days(1);
    let everything = Filter { limit: Some(usize::MAX), ..Filter::default() };
    let mut apis: BTreeMap<&str, Calls> = BTreeMap::new();
    let (mut messages, mut callbacks, mut undelivered, mut sign_ins) = (0, 0, 0, 0);
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in world.ledger.find(&everything).into_iter().filter(|entry| entry.at >= since) {
        match &entry.what {
            What::Call { path, errcode, status, .. } => {
                let calls = apis.entry(path).or_default();
                calls.count += 1;
                if *errcode != Some(0) || *status != 200 {
                    calls.refused += 1;
                    *calls.last.entry(errcode.unwrap_or(i64::from(*status))).or_default() += 1;
                }
            }
            What::Send { outcomes: became, .. } => {
                messages += 1;
                for outcome in became.values() {
                    *outcomes.entry(in_chinese(*outcome)).or_default() += 1;
                }
            }
            What::Callback { delivered, .. } => {
                callbacks += 1;
                undelivered += usize::from(!delivered);
            }
            What::SignIn { .. } => sign_ins += 1,
        }
    }
    let members = world.directory.members().count();
    let figure = |name: &str, value: usize| html! { div { b { (value) } span.muted { (name) } } };
    let content = html! {
        section.card {
            h2 { "最近24小时" }
            div.figures {
                (figure("帐号", members))
                (figure("登录", sign_ins))
                (figure("应用消息", messages))
                (figure("回调", callbacks))
                (figure("没送到的回调", undelivered))
            }
        }
        section.card {
            h2 { "导出" }
            p.muted { "接口没有的数据，管理员在这里导出。" }
            p { a href="/console/usage/members.csv" download { "成员使用记录" } " " a href="/console/usage/figures.csv" download { "会议与微盘" } }
        }
        section.card {
            h2 { "消息的去向（人次）" }
            @if outcomes.is_empty() { p.none { "还没有发过消息。" } }
            div.figures { @for (name, count) in outcomes { (figure(name, count)) } }
        }
        section.card {
            h2 { "接口调用" }
            @if apis.is_empty() { p.none { "还没有调用。" } } @else {
                div.scroll {
                    table {
                        thead { tr { th { "接口" } th.figure { "次数" } th.figure { "失败" } th { "错误码（次数）" } } }
                        tbody {
                            @for (path, calls) in apis {
                                tr {
                                    td { code { (path) } }
                                    td.figure { (calls.count) }
                                    td.figure { (calls.refused) }
                                    td { @for (code, count) in calls.last { (code) "（" (count) "） " } }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    page::show(&world, Section::Usage, &said, content)
}

fn in_chinese(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Delivered => "送达",
        Outcome::Invalid => "无效成员",
        Outcome::Unlicensed => "没有接口许可",
        Outcome::Dropped => "超频丢弃",
        Outcome::Duplicate => "重复去除",
    }
}
