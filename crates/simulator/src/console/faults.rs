//! 故障与时钟: what the app shall meet, for whoever wants to see how it takes it.

use actix_web::HttpResponse;
use actix_web::web::Form;
use chrono::TimeDelta;
use maud::html;
use serde::Deserialize;
use serde_json::json;

use super::page::{self, SaidQuery, Section};
use crate::client::page::{moment, time};
use crate::corps::Here;
use crate::faults::Fault;

const HERE: &str = "/console/faults";

/// Ready-made faults: name, and the fields of a [`Fault`] but for path and times.
const READY: [(&str, &str, &str); 9] = [
    ("busy", "系统繁忙（-1）", r#"{"errcode":-1}"#),
    ("frequency", "超过频率（45009）", r#"{"errcode":45009}"#),
    ("forbidden", "没有权限（48002）", r#"{"errcode":48002}"#),
    ("ip", "不可信IP（60020）", r#"{"errcode":60020}"#),
    ("status", "HTTP 502", r#"{"http_status":502}"#),
    ("slow", "慢 3 秒", r#"{"delay_ms":3000}"#),
    ("silence", "一直不答", r#"{"silence":true}"#),
    ("reset", "连接被重置", r#"{"reset":true}"#),
    ("lose", "回调丢失", r#"{"lose":true}"#),
];

/// `/console/faults`
pub async fn show(said: SaidQuery, shared: Here) -> HttpResponse {
    let world = shared.read();
    let faults = world.faults.all();
    let paths = [
        "message/send",
        "gettoken",
        "user/get",
        "user/list",
        "department/simplelist",
        "auth/getuserinfo",
        "callback/rollcall",
        "callback/contacts",
    ];
    let content = html! {
        section.card {
            h2 { "时钟" }
            p { "模拟的时间：" strong { (moment(world.now())) } }
            form.form method="post" action="/console/faults/clock" {
                label { "往前拨（分钟）" input name="minutes" type="number" min="1" max="525600" value="60" required; }
                button type="submit" { "拨" }
            }
        }
        section.card {
            h2 { "制造故障" }
            form.form method="post" action=(HERE) {
                label { "接口"
                    input name="path" list="paths" required placeholder="message/send";
                    datalist id="paths" { @for path in paths { option value=(path) {} } }
                }
                label { "故障" select name="fault" { @for (name, words, _) in READY { option value=(name) { (words) } } } }
                label { "次数" input name="times" type="number" min="1" max="1000000" value="1" required; }
                button type="submit" { "开始" }
            }
            p.muted { "更多种类（截断、超大、脚本……）见 POST /_sim/faults。" }
        }
        section.card {
            h2 { "进行中的故障" }
            @if faults.is_empty() { p.none { "没有。" } } @else {
                div.scroll {
                    table {
                        thead { tr { th { "接口" } th { "故障" } th.figure { "还剩" } } }
                        tbody {
                            @for fault in faults {
                                tr {
                                    td { code { (fault.path) } }
                                    td { code { (described(fault)) } }
                                    td.figure { (fault.times.map_or_else(|| "一直".to_owned(), |times| times.to_string())) }
                                }
                            }
                        }
                    }
                }
                form method="post" action="/console/faults/end" { button.quiet type="submit" { "全部结束" } }
            }
        }
        section.card {
            h2 { "凭证与重来" }
            div.row-of-buttons {
                form method="post" action="/console/faults/tokens" { button.quiet type="submit" { "作废所有 access_token" } }
                form method="post" action="/console/faults/reset" { button.grave type="submit" { "恢复到最初的状态" } }
            }
            p.muted { "恢复会清除改过的通讯录、消息、设置和流水；服务器地址保留。" }
        }
    };
    page::show(&world, Section::Faults, &said, content)
}

/// The fields that say something.
fn described(fault: &Fault) -> String {
    let mut fields = json!(fault);
    if let Some(fields) = fields.as_object_mut() {
        for name in ["id", "path", "times"] {
            fields.remove(name);
        }
        fields.retain(|_, value| *value != json!(false) && *value != json!(0));
    }
    fields.to_string()
}

#[derive(Deserialize)]
pub struct Order {
    path: String,
    fault: String,
    times: u32,
}

/// Orders a fault.
pub async fn order(form: Form<Order>, shared: Here) -> HttpResponse {
    let ready = READY.iter().find(|(name, ..)| *name == form.fault).map(|(_, _, fields)| fields);
    let mut fields: serde_json::Value =
        ready.and_then(|fields| serde_json::from_str(fields).ok()).unwrap_or_default();
    fields["path"] = json!(form.path.trim());
    fields["times"] = json!(form.times);
    let ordered = serde_json::from_value::<Fault>(fields).map_err(|error| error.to_string());
    let ordered =
        ordered.and_then(|fault| shared.write().faults.order(fault).map(drop).map_err(str::to_owned));
    match ordered {
        Ok(()) => page::done(HERE, "故障已就位"),
        Err(reason) => page::wrong(HERE, &format!("没有开始：{reason}")),
    }
}

/// Ends all faults.
pub async fn end(shared: Here) -> HttpResponse {
    let ended = shared.write().faults.end(None);
    page::done(HERE, &format!("结束了 {ended} 个故障"))
}

#[derive(Deserialize)]
pub struct Minutes {
    minutes: u32,
}

/// Moves the clock on.
pub async fn advance(form: Form<Minutes>, shared: Here) -> HttpResponse {
    let now = {
        let mut world = shared.write();
        world.clock.advance(TimeDelta::minutes(form.minutes.min(525_600).into()));
        time(world.now(), world.now())
    };
    page::done(HERE, &format!("时钟拨到了 {now}"))
}

/// Makes all tokens invalid before their time.
pub async fn invalidate(shared: Here) -> HttpResponse {
    shared.write().tokens.invalidate();
    page::done(HERE, "所有 access_token 已作废")
}

/// Everything as at the start.
pub async fn reset(shared: Here) -> HttpResponse {
    shared.reset();
    page::done(HERE, "已恢复到最初的状态")
}
