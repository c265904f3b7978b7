//! 接收消息: where callbacks go, under which keys. Saving asks the address first, as WeCom does.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path};
use maud::{Markup, html};

use super::page::{self, SaidQuery, Section};
use crate::callback::{self, Address};
use crate::corps::Here;
use crate::event::Receiver;
use crate::world::World;

const HERE: &str = "/console/receiving";

/// `/console/receiving`
pub async fn show(said: SaidQuery, shared: Here) -> HttpResponse {
    let world = shared.read();
    let content = html! {
        (address(&world, Receiver::App, "app", "应用：接收消息", "成员进入应用、发消息、点卡片，以及进入和离开可见范围。"))
        (address(&world, Receiver::Contacts, "contacts", "通讯录同步：接收事件", "成员和部门的增删改，只带ID。"))
    };
    page::show(&world, Section::Receiving, &said, content)
}

fn address(world: &World, receiver: Receiver, name: &str, title: &str, about: &str) -> Markup {
    let current = callback::address_of(world, receiver);
    let (url, token, key) = match &current {
        Some(address) => (address.url.as_str(), address.token.as_str(), address.encoding_aes_key.as_str()),
        None => ("", "", ""),
    };
    html! {
        section.card {
            h2 { (title) }
            p.muted { (about) }
            form.form method="post" action={ "/console/receiving/" (name) } {
                label.wide { "URL" input name="url" type="url" value=(url) required; }
                label { "Token" input name="token" value=(token) required maxlength="32" autocomplete="off"; }
                label { "EncodingAESKey" input name="encoding_aes_key" value=(key) required minlength="43" maxlength="43" autocomplete="off"; }
                button type="submit" { "保存并验证" }
            }
        }
    }
}

/// Saves an address that answers its verification.
pub async fn save(
    name: Path<String>,
    form: Form<Address>,
    shared: Here,
    client: Data<reqwest::Client>,
) -> HttpResponse {
    let receiver = if name.as_str() == "contacts" { Receiver::Contacts } else { Receiver::App };
    match callback::save(&shared, &client, receiver, form.into_inner()).await {
        Ok(saved) if saved.accepted => page::done(HERE, "已保存，地址通过了验证"),
        Ok(saved) => {
            let reason = saved.reason.unwrap_or_default();
            page::wrong(HERE, &format!("没有保存：openapi回调地址请求不通过（85011）：{reason}"))
        }
        Err(error) => page::wrong(HERE, &format!("没有保存：{error}")),
    }
}
