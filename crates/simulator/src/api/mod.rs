//! The API as a server sees it: everything below `/cgi-bin/`.
//!
//! One handler reads the request, lets faults and limits have their say, runs the call against the state, and
//! writes the answer as WeCom writes it. The calls themselves are functions of the state; they know no HTTP.

pub mod agent;
pub mod approval;
pub mod chat;
pub mod contacts;
pub mod drive;
pub mod ids;
pub mod job;
pub mod living;
pub mod media;
pub mod meeting;
pub mod menu;
pub mod message;
pub mod oauth;
pub mod outsider;
pub mod tag;
pub mod ticket;
pub mod token;
pub mod usage;
pub mod workbench;
pub mod write;

mod binary;
mod broken;
mod refusal;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use actix_web::http::{Method, StatusCode};
use actix_web::web::{Bytes, Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Map, Value, json};

use broken::Broken;
pub use refusal::Refusal;

use crate::corps::{Corps, Here};
use crate::faults::Fault;
use crate::ledger::{Outcome, What};
use crate::limits;
use crate::world::World;

/// The fields of a successful answer, or why there is none.
pub type Answer = Result<Value, Refusal>;

/// A request, read.
#[derive(Clone)]
pub struct Call {
    /// Host and port it was sent to.
    pub host: String,
    /// Without `/cgi-bin/`.
    pub path: String,
    /// Where it came from.
    pub from: IpAddr,
    /// The body as it came.
    pub body: Bytes,
    /// The body as JSON; empty where it isn't an object.
    pub json: Map<String, Value>,
    /// What a fault wants to become of a message, by user id.
    pub ordered_outcomes: BTreeMap<String, Outcome>,
    /// A file that came in parts of a form.
    pub file: Option<binary::File>,
    /// First and last byte asked for.
    pub range: Option<(usize, Option<usize>)>,
    query: BTreeMap<String, String>,
}

impl Call {
    /// A parameter of the query that isn't empty.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// One API.
struct Api {
    post: bool,
    /// Whether calls count towards the corp's limits.
    limited: bool,
    run: fn(&mut World, &Call) -> Answer,
}

/// The API at a path, if this WeCom has it.
fn find(path: &str) -> Option<Api> {
    let get = |run| Some(Api { post: false, limited: true, run });
    let post = |run| Some(Api { post: true, limited: true, run });
    match path {
        "gettoken" => get(token::get),
        "agent/get" => get(agent::get),
        "agent/list" => get(agent::list),
        "get_api_domain_ip" | "getcallbackip" => get(agent::addresses),
        "user/get_active_stat" => post(usage::active),
        "security/member_oper_log/list" => post(usage::member_operations),
        "security/admin_oper_log/list" => post(usage::admin_operations),
        "meeting/statistics/get_start_list" => post(usage::meeting_starts),
        "security/get_file_oper_record" => post(usage::file_operations),
        "meeting/create" => post(meeting::create),
        "meeting/update" => post(meeting::update),
        "meeting/cancel" => post(meeting::cancel),
        "meeting/get_user_meetingid" => post(meeting::ids),
        "meeting/get_info" => post(meeting::info),
        "meeting/get_attendee_list" => post(meeting::attendees),
        "meeting/get_realtime_attendee_list" => post(meeting::present),
        "living/create" => post(living::create),
        "living/modify" => post(living::modify),
        "living/delete_replay_data" => post(living::delete_replay),
        "living/cancel" => post(living::cancel),
        "living/get_user_all_livingid" => post(living::ids),
        "living/get_living_info" => get(living::info),
        "living/get_watch_stat" => post(living::watched),
        "wedrive/mng_capacity" => post(drive::capacity),
        "wedrive/mng_pro_info" => post(drive::edition),
        "wedrive/space_create" => post(drive::create_space),
        "wedrive/new_space_info" => post(drive::space),
        "wedrive/file_list" => post(drive::files),
        "oa/gettemplatedetail" => post(approval::template),
        "oa/applyevent" => post(approval::apply),
        "oa/getapprovalinfo" => post(approval::numbers),
        "oa/getapprovaldetail" => post(approval::detail),
        "externalcontact/get_follow_user_list" => get(outsider::members),
        "externalcontact/list" => get(outsider::list),
        "externalcontact/get_user_behavior_data" => post(outsider::behaviour),
        "agent/set" => post(agent::set),
        "agent/set_workbench_template" => post(workbench::set_template),
        "agent/get_workbench_template" => post(workbench::template),
        "agent/set_workbench_data" => post(workbench::fill),
        "agent/batch_set_workbench_data" => post(workbench::fill_many),
        "agent/get_workbench_data" => post(workbench::filled),
        "batch/syncuser" => post(job::update_members),
        "batch/replaceuser" => post(job::replace_members),
        "batch/replaceparty" => post(job::replace_departments),
        "batch/getresult" => get(job::import_state),
        "batch/invite" => post(job::invite),
        "corp/get_join_qrcode" => get(job::join_qrcode),
        "export/simple_user" => post(job::export_simple_members),
        "export/user" => post(job::export_members),
        "export/department" => post(job::export_departments),
        "export/taguser" => post(job::export_tagged),
        "export/get_result" => get(job::export_state),
        "menu/create" => post(menu::create),
        "menu/get" => get(menu::get),
        "menu/delete" => get(menu::delete),
        "department/create" => post(write::create_department),
        "department/update" => post(write::update_department),
        "department/delete" => get(write::delete_department),
        "user/create" => post(write::create_user),
        "user/update" => post(write::update_user),
        "user/delete" => get(write::delete_user),
        "user/batchdelete" => post(write::delete_users),
        "user/getuserid" => post(ids::of_mobile),
        "user/get_userid_by_email" => post(ids::of_email),
        "user/convert_to_openid" => post(ids::to_openid),
        "user/convert_to_userid" => post(ids::of_openid),
        "tag/create" => post(tag::create),
        "tag/update" => post(tag::update),
        "tag/delete" => get(tag::delete),
        "tag/list" => get(tag::list),
        "tag/get" => get(tag::get),
        "tag/addtagusers" => post(tag::add),
        "tag/deltagusers" => post(tag::remove),
        "department/simplelist" => get(contacts::department_simplelist),
        "department/list" => get(contacts::department_list),
        "department/get" => get(contacts::department_get),
        "user/get" => get(contacts::user_get),
        "user/list" => get(contacts::user_list),
        "user/simplelist" => get(contacts::user_simplelist),
        "user/list_id" => post(contacts::user_list_id),
        // Neither sign-ins nor messages count.
        "auth/getuserinfo" => Some(Api { post: false, limited: false, run: oauth::user_info }),
        "message/send" => Some(Api { post: true, limited: false, run: message::send }),
        // The old path, with the names it had.
        "user/getuserinfo" => Some(Api { post: false, limited: false, run: oauth::old_user_info }),
        "message/recall" => post(message::recall),
        "message/get_statistics" => post(message::statistics),
        "message/update_template_card" => post(message::update::update),
        "appchat/create" => post(chat::create),
        "appchat/update" => post(chat::update),
        "appchat/get" => get(chat::get),
        "appchat/send" => post(chat::send),
        "media/upload" => post(media::upload),
        "media/uploadimg" => post(media::upload_image),
        // Recordings made with the JS-SDK; here the same library.
        "media/get" | "media/get/jssdk" => get(|world, call| media::get(world, call).map(|_| json!({}))),
        "auth/getuserdetail" => post(oauth::user_detail),
        "get_jsapi_ticket" => get(ticket::corp),
        "ticket/get" => get(ticket::app),
        _ => None,
    }
}

/// `/exports/{corp}/{job}`: a file of an export, for whoever has its address.
pub async fn export(path: Path<(String, String)>, corps: Data<Corps>) -> HttpResponse {
    let (corp, job) = path.into_inner();
    let file = corps.find(&corp).and_then(|corp| corp.read().jobs.file(&job));
    file.map_or_else(|| HttpResponse::NotFound().finish(), |file| HttpResponse::Ok().body(file))
}

/// Answers any request below `/cgi-bin/`.
pub async fn answer(request: HttpRequest, body: Bytes, corps: Data<Corps>) -> HttpResponse {
    let path = request.match_info().query("path").trim_end_matches('/').to_owned();
    let query = Query::<BTreeMap<String, String>>::from_query(request.query_string());
    let parsed: Option<Map<String, Value>> = serde_json::from_slice(&body).ok();
    let file = binary::file_of(&request, &body).await;
    let malformed = request.method() == Method::POST && parsed.is_none() && file.is_none();
    let mut call = Call {
        host: request.connection_info().host().to_owned(),
        path,
        from: request.peer_addr().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |address| address.ip()),
        body,
        json: parsed.unwrap_or_default(),
        ordered_outcomes: BTreeMap::new(),
        file,
        range: binary::range_of(&request),
        query: query.map(Query::into_inner).unwrap_or_default(),
    };

    let (answer, fault, media, _under_way) = {
        let corp = match call.parameter("corpid") {
            Some(id) if call.path == "gettoken" => corps.find(id).unwrap_or_else(|| corps.first()),
            _ => corps.of_token(call.parameter("access_token").unwrap_or_default()),
        };
        let under_way = CallUnderWay::begin(corp, &call.path);
        let mut world = corp.write();
        let fault = world.faults.meet(&call.path);
        let answer = run(&mut world, &mut call, request.method(), malformed, fault.as_ref());
        record(&mut world, &call, request.method(), &answer, fault.is_some());
        let wanted = call.path.starts_with("media/get") && answer.errcode == Some(0);
        let media = if wanted { media::get(&mut world, &call).ok() } else { None };
        corp.send(world.take_told());
        (answer, fault, media, under_way)
    };
    if let (Some(media), None) = (media, &fault) {
        return binary::respond(media, call.range);
    }
    let mut response = HttpResponse::build(answer.status);
    response.content_type("application/json; charset=UTF-8");
    let Some(fault) = fault else { return response.body(answer.body) };
    if !fault.delay().is_zero() {
        tokio::time::sleep(fault.delay()).await;
    }
    if fault.silence {
        std::future::pending::<()>().await;
    }
    if fault.reset {
        return response.body(Broken::reset());
    }
    if fault.cut { response.body(Broken::cut(&answer.body)) } else { response.body(answer.body) }
}

/// Counts a call until it is answered, or its caller gave up.
struct CallUnderWay {
    corp: Here,
    path: String,
}

impl CallUnderWay {
    fn begin(corp: &Here, path: &str) -> Self {
        *corp.write().calls.entry(path.to_owned()).or_default() += 1;
        Self { corp: corp.clone(), path: path.to_owned() }
    }
}

impl Drop for CallUnderWay {
    fn drop(&mut self) {
        let mut world = self.corp.write();
        if let Some(calls) = world.calls.get_mut(&self.path) {
            *calls = calls.saturating_sub(1);
        }
    }
}

struct Written {
    status: StatusCode,
    errcode: Option<i64>,
    body: String,
}

fn run(
    world: &mut World,
    call: &mut Call,
    method: &Method,
    malformed: bool,
    fault: Option<&Fault>,
) -> Written {
    if let Some(fault) = fault {
        call.ordered_outcomes = fault.recipients.clone();
        if fault.replaces_answer() {
            if fault.takes_effect {
                execute(world, call, method, malformed);
            }
            return spoiled(world, call, fault);
        }
    }
    execute(world, call, method, malformed)
}

/// Runs the call and writes its answer.
fn execute(world: &mut World, call: &Call, method: &Method, malformed: bool) -> Written {
    // What WeCom has and this doesn't is not found, rather than pretended.
    let Some(api) = find(&call.path) else {
        return Written { status: StatusCode::NOT_FOUND, errcode: None, body: String::new() };
    };
    let now = world.now();
    let crowded = world.settings.concurrency.is_some_and(|most| world.calls.get(&call.path) > Some(&most));
    let debugging = call.parameter("debug") == Some("1");
    let often = (debugging && !world.limits.admit("debug=1", &limits::DEBUG, now))
        || (api.limited && !world.limits.admit(&call.path, &limits::API, now));
    let answer = if crowded {
        Err(Refusal::CONCURRENCY)
    } else if often {
        Err(Refusal::FREQUENCY)
    } else if api.post && method != Method::POST {
        // The body isn't read.
        Err(Refusal::PARAMETER)
    } else {
        (api.run)(world, call)
    };
    // Fields of a malformed body count as absent, and the answer may still be a good one.
    let warning = if api.post && malformed { "Warning: wrong json format. " } else { "" };
    match answer {
        Ok(mut fields) => {
            if !world.settings.omit_errcode {
                fields["errcode"] = json!(0);
                let words = fields["errmsg"].as_str().unwrap_or("ok");
                fields["errmsg"] = json!(format!("{warning}{words}"));
            }
            Written { status: StatusCode::OK, errcode: Some(0), body: fields.to_string() }
        }
        Err(refusal) => refused(world, call, refusal.code, &format!("{warning}{}", refusal.reason)),
    }
}

fn refused(world: &World, call: &Call, code: i64, reason: &str) -> Written {
    let errmsg = format!(
        "{reason}, hint: [{}_{}_{}], from ip: {}, more info at https://open.work.weixin.qq.com/devtool/query?e={code}",
        world.now().timestamp(),
        code.unsigned_abs() % 97,
        hex::encode(crate::random::block()),
        call.from,
    );
    let body = json!({ "errcode": code, "errmsg": errmsg }).to_string();
    Written { status: StatusCode::OK, errcode: Some(code), body }
}

/// The answer that a fault wants.
fn spoiled(world: &World, call: &Call, fault: &Fault) -> Written {
    let mut written = match fault.errcode {
        Some(code) => refused(world, call, code, Refusal::reason_of(code)),
        None => Written { status: StatusCode::OK, errcode: None, body: String::new() },
    };
    if let Some(body) = &fault.body {
        written.body.clone_from(body);
    }
    if let Some(bytes) = fault.huge_bytes {
        written.body = " ".repeat(bytes);
    }
    if let Some(status) = fault.http_status {
        written.status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    }
    written
}

fn record(world: &mut World, call: &Call, method: &Method, answer: &Written, fault: bool) {
    let secret = match call.parameter("corpsecret") {
        Some(given) => token::secret_of(world, given),
        None => token::owner(world, call),
    };
    let hidden = ["access_token", "corpsecret", "code"];
    let query = call.query.iter().filter(|(name, _)| !hidden.contains(&name.as_str()));
    world.record(What::Call {
        path: call.path.clone(),
        method: method.to_string(),
        secret: secret.map(token::Secret::name),
        query: query.map(|(name, value)| (name.clone(), value.clone())).collect(),
        status: answer.status.as_u16(),
        errcode: answer.errcode,
        fault,
    });
}
