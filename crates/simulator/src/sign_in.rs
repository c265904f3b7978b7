//! The two pages that sign a member in: OAuth inside WeCom (doc 91022) and the PC page (doc 98152).
//!
//! A browser that carries the cookie `simulator_user` is that member and is sent on without a click; another one
//! is asked who it wants to be.

use std::collections::HashMap;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::StatusCode;
use actix_web::http::header::LOCATION;
use actix_web::web::Query;
use actix_web::{HttpRequest, HttpResponse};
use url::Url;

use crate::api::oauth::Visitor;
use crate::client::{choose, page};
use crate::corps::{self, Corp, Here};
use crate::directory::Status;
use crate::ledger::What;
use crate::world::World;

/// Name of the cookie that says who the browser is.
pub const COOKIE: &str = "simulator_user";
/// The cookie of someone who isn't a member.
pub const OUTSIDER: &str = "@outsider";

type Parameters = Query<HashMap<String, String>>;

/// `/connect/oauth2/authorize`
pub async fn authorize(request: HttpRequest, query: Parameters, shared: Here) -> HttpResponse {
    let checked = |world: &World| {
        expect(&query, "response_type", "code")?;
        let scope = parameter(&query, "scope")?;
        let private = match scope {
            "snsapi_base" => false,
            // Without an agentid WeCom takes this for snsapi_base.
            "snsapi_privateinfo" => query.contains_key("agentid"),
            _ => return Err(format!("scope {scope} 不合法")),
        };
        if query.contains_key("agentid") {
            expect(&query, "agentid", &world.spec.app.agentid.to_string())?;
        }
        let state = query.get("state").map_or("", String::as_str);
        if state.len() > 128 || !state.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err("state 不合法：最多 128 个字母或数字（84025）".into());
        }
        Ok(private)
    };
    sign_in(&request, &query, &shared, "authorize", checked)
}

/// `/wwlogin/sso/login`
pub async fn login(request: HttpRequest, query: Parameters, shared: Here) -> HttpResponse {
    let checked = |world: &World| {
        expect(&query, "login_type", "CorpApp")?;
        expect(&query, "agentid", &world.spec.app.agentid.to_string())?;
        Ok(false)
    };
    sign_in(&request, &query, &shared, "login", checked)
}

/// What both pages do: check the request, find out who it is, send them back with a code.
fn sign_in(
    request: &HttpRequest,
    query: &HashMap<String, String>,
    shared: &Corp,
    page: &'static str,
    checked: impl Fn(&World) -> Result<bool, String>,
) -> HttpResponse {
    let mut world = shared.write();
    let request_checked = redirect_of(query, &world).and_then(|to| Ok((to, checked(&world)?)));
    let (to, private) = match request_checked {
        Ok(checked) => checked,
        Err(reason) => return page::refusal(&world, &reason),
    };
    let visitor = match visitor(request, &world) {
        Some(visitor) => visitor,
        None if page == "login" => return choose::scan(&world, request, query),
        None => return choose::inside(&world, request, query),
    };
    if let Visitor::Member(userid) = &visitor
        && let Some(reason) = barred(&world, userid, page)
    {
        return page::refusal(&world, reason);
    }
    let back = |mut to: Url, code: Option<&str>| {
        to.query_pairs_mut().extend_pairs(code.map(|code| ("code", code)));
        to.query_pairs_mut().extend_pairs(query.get("state").map(|state| ("state", state)));
        HttpResponse::build(StatusCode::FOUND).insert_header((LOCATION, to.as_str())).finish()
    };
    if private && world.settings.unconfirmed.consent_refused {
        return back(to, None);
    }
    let now = world.now();
    let code = world.sign_ins.code(visitor.clone(), private, now);
    if let Visitor::Member(userid) = visitor {
        world.record(What::SignIn { userid, page });
    }
    back(to, Some(&code))
}

/// Who the browser is; none where it hasn't said, or names somebody who isn't there any more.
pub fn visitor(request: &HttpRequest, world: &World) -> Option<Visitor> {
    // Somebody of another corp is nobody here.
    if request.cookie(corps::COOKIE).is_some_and(|corp| corp.value() != world.spec.corp.id) {
        return None;
    }
    let cookie = request.cookie(COOKIE)?;
    if cookie.value() == OUTSIDER {
        return Some(Visitor::Outsider);
    }
    world.directory.member(cookie.value()).map(|member| Visitor::Member(member.userid.clone()))
}

/// The cookie that makes a browser a member. Scripts set it too, so it is open to them.
pub fn cookie(value: &str) -> Cookie<'static> {
    Cookie::build(COOKIE, value.to_owned()).path("/").same_site(SameSite::Lax).finish()
}

/// The cookie of a browser that looks at a corp.
pub fn corp_cookie(id: &str) -> Cookie<'static> {
    Cookie::build(corps::COOKIE, id.to_owned()).path("/").same_site(SameSite::Lax).finish()
}

fn barred(world: &World, userid: &str, page: &str) -> Option<&'static str> {
    let member = world.directory.member(userid)?;
    match member.status {
        Status::Active if page == "login" && !world.range.reaches(member) => Some("你没有该应用的访问权限"),
        Status::Active => None,
        Status::Disabled => Some("你的帐号已被企业禁用"),
        Status::Inactive => Some("你的帐号尚未激活，请先登录企业微信"),
        Status::Left => Some("你已退出该企业"),
    }
}

fn redirect_of(query: &HashMap<String, String>, world: &World) -> Result<Url, String> {
    expect(query, "appid", &world.spec.corp.id)?;
    let given = parameter(query, "redirect_uri")?;
    let url = Url::parse(given).map_err(|_| "redirect_uri 不是一个地址".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") || !world.trusts(&url) {
        return Err("redirect_uri 与应用配置的可信域名不一致（50001）".into());
    }
    Ok(url)
}

fn parameter<'a>(query: &'a HashMap<String, String>, name: &str) -> Result<&'a str, String> {
    query
        .get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| format!("缺少参数 {name}"))
}

fn expect(query: &HashMap<String, String>, name: &str, wanted: &str) -> Result<(), String> {
    if parameter(query, name)? == wanted { Ok(()) } else { Err(format!("参数 {name} 不正确")) }
}
