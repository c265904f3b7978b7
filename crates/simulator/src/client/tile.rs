//! What the app shows on its tile of the workbench: figures, a picture, lines, or a page of its own.

use maud::{Markup, html};
use serde_json::Value;

use super::markup::open_address;
use super::page;
use crate::api::agent;
use crate::api::workbench::Tile;
use crate::world::World;

/// The tile: the icon alone where the app shows nothing.
pub fn draw(world: &World, tile: Option<&Tile>) -> Markup {
    let shown = tile.filter(|tile| !tile.data.is_null());
    html! {
        @match shown {
            None => ul { li { (icon(world)) } },
            Some(tile) => {
                div.own-tile {
                    @if tile.data["hide_title"].as_bool() != Some(true) {
                        a.own-title href="/client/app" data-window { (page::app_icon(world)) (agent::title(world)) }
                    }
                    (inside(tile))
                }
            }
        }
    }
}

fn icon(world: &World) -> Markup {
    html! { a.tile href="/client/app" data-window { (page::app_icon(world)) span { (agent::title(world)) } } }
}

fn inside(tile: &Tile) -> Markup {
    let items = tile.data["items"].as_array().map_or(&[][..], Vec::as_slice);
    let words = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match tile.kind.as_str() {
        "keydata" => html! {
            div.keys {
                @for item in items {
                    a href=(leads(item)) data-window { strong { (words(&item["data"])) } span { (words(&item["key"])) } }
                }
            }
        },
        "list" => html! {
            ul.lines { @for item in items { li { a href=(leads(item)) data-window { (words(&item["title"])) } } } }
        },
        // Its own page can't be framed here and its pictures come from elsewhere: both are named, not fetched.
        "image" => {
            html! { a.picture href=(leads(&tile.data)) data-window { "图片 " (words(&tile.data["url"])) } }
        }
        _ => html! {
            a.picture href=(leads(&tile.data)) data-window { "网页 " (words(&tile.data["url"])) }
        },
    }
}

/// Where a tap leads: the app's home page where nothing is said.
fn leads(item: &Value) -> String {
    item["jump_url"].as_str().filter(|url| !url.is_empty()).map_or_else(|| "/client/app".into(), open_address)
}
