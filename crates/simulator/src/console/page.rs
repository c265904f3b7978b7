//! The console's frame: the sections at the side, what was just done at the top.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Query;
use maud::{Markup, html};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::client::{go, page};
use crate::world::World;

/// The sections.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Section {
    Contacts,
    App,
    Receiving,
    Usage,
    Log,
    Faults,
}

const SECTIONS: [(Section, &str, &str); 6] = [
    (Section::Contacts, "通讯录", "/console/contacts"),
    (Section::App, "应用管理", "/console/app"),
    (Section::Receiving, "接收消息", "/console/receiving"),
    (Section::Usage, "使用分析", "/console/usage"),
    (Section::Log, "流水", "/console/log"),
    (Section::Faults, "故障与时钟", "/console/faults"),
];

/// What was just done, or why not; in the address, so that going back and forth does nothing twice.
#[derive(Debug, Default, Deserialize)]
pub struct Said {
    done: Option<String>,
    wrong: Option<String>,
}

/// What was said, of a request.
pub type SaidQuery = Query<Said>;

/// Goes on to a page that says it.
pub fn done(to: &str, words: &str) -> HttpResponse {
    say(to, "done", words)
}

/// Goes back to a page that says why not.
pub fn wrong(to: &str, reason: &str) -> HttpResponse {
    say(to, "wrong", reason)
}

fn say(to: &str, name: &str, words: &str) -> HttpResponse {
    let mark = if to.contains('?') { '&' } else { '?' };
    let query = Serializer::new(String::new()).append_pair(name, words).finish();
    go(&format!("{to}{mark}{query}"))
}

/// A page of the console.
pub fn show(world: &World, section: Section, said: &Said, content: Markup) -> HttpResponse {
    let title = SECTIONS.iter().find(|(each, ..)| *each == section).map_or("", |(_, title, _)| title);
    let body = html! {
        header.masthead {
            a.brand href="/console/contacts" { span.logo { "企" } "管理后台（模拟）" }
            span.muted { (world.spec.name) }
            a.leave href="/" { "进入企业微信" }
        }
        nav.sections aria-label="栏目" {
            @for (each, name, href) in SECTIONS {
                a href=(href) aria-current=[(each == section).then_some("page")] { (name) }
            }
        }
        main {
            h1 { (title) }
            @if let Some(words) = &said.done { p.said-done role="status" { (words) } }
            @if let Some(reason) = &said.wrong { p.said-wrong role="alert" { (reason) } }
            (content)
        }
    };
    page::answer(StatusCode::OK, page::document(title, "console", body))
}
