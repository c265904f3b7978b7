//! 用您自己的学校试: a roster dropped on the first page becomes the school that is played, and is forgotten at a click.
//!
//! Nothing of it leaves this machine. It is in memory; and in a folder, if whoever runs the app's server named one, so
//! that they can begin anew with it: they watch for the file `changed` there and take it away when they are done.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{self, Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt;
use maud::{Markup, html};
use serde_json::json;

use super::{go, page};
use crate::corps::{Here, Own};
use crate::school::{Role, School, write_grants, write_people};

/// The largest roster taken, in bytes.
const LARGEST: usize = 20 << 20;
/// Files of the folder.
const FILES: [&str; 4] = ["roster", "name", "people.csv", "grants.csv"];
/// Says that the folder is not what the app's server has.
const CHANGED: &str = "changed";
/// … that it is about to have it.
const LOADING: &str = "loading";

/// Where a roster is kept for whoever runs the app's server.
#[derive(Debug, Clone)]
pub struct Folder(pub Option<PathBuf>);

impl Folder {
    /// Whether the app's server is still being given what was dropped.
    pub fn is_loading(&self) -> bool {
        self.0.as_ref().is_some_and(|folder| [CHANGED, LOADING].iter().any(|mark| folder.join(mark).exists()))
    }

    fn keep(&self, roster: &[u8], own: &Own) -> io::Result<()> {
        let Some(folder) = &self.0 else { return Ok(()) };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        write(folder, "roster", roster)?;
        write(folder, "name", own.school.spec.name.as_bytes())?;
        write(folder, "people.csv", &people_of(&own.school)?)?;
        write(folder, "grants.csv", &grants_of(&own.school)?)?;
        write(folder, CHANGED, b"")
    }

    fn forget(&self) -> io::Result<()> {
        let Some(folder) = &self.0 else { return Ok(()) };
        for name in FILES {
            match fs::remove_file(folder.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        write(folder, CHANGED, b"")
    }
}

/// A file that only its owner reads.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(folder.join(name))?;
    file.write_all(bytes)
}

fn people_of(school: &School) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    write_people(school, &mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

fn grants_of(school: &School) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    write_grants(school, &mut bytes).map_err(io::Error::other)?;
    Ok(bytes)
}

/// What the first page says of it.
pub fn card(own: Option<&Own>) -> Markup {
    html! {
        section.card.own id="own" {
            @match own {
                None => {
                    h2 { "用您自己的学校试" }
                    p {
                        "拖入一份花名册（.xlsx 或 CSV），演示就换成您自己的学院、班级、学生和教职工。"
                        "认得学号或工号、姓名、学院、年级、班级、手机号、身份、部门、辅导员等表头；缺的会虚构，并告诉您。"
                    }
                    (form())
                }
                Some(own) => {
                    h2 { "正在演示您自己的学校：" (own.school.spec.name) }
                    p { (own.found.colleges) " 个学院，" (own.found.classes) " 个班，" (own.found.students) " 名学生，" (own.found.staff) " 名教职工。" }
                    div.actions {
                        a.button href="/roster" { "读到了什么" }
                        (forget_button())
                    }
                }
            }
        }
    }
}

fn form() -> Markup {
    html! {
        form.drop action="/roster" method="post" enctype="multipart/form-data" {
            label { "花名册" input type="file" name="roster" accept=".xlsx,.csv,.txt" required; }
            label { "学校名称" input type="text" name="name" maxlength="32" placeholder="我的学校"; }
            button type="submit" { "换成我的学校" }
        }
        p.muted { "文件只在这台电脑上：不上传，不外发。随时可以忘掉它，回到示例学校。" }
    }
}

fn forget_button() -> Markup {
    html! { form action="/roster/forget" method="post" { button.grave type="submit" { "忘掉我的名册" } } }
}

/// `GET /roster`: what was found in it, and how far the app's server is.
pub async fn show(folder: Data<Folder>, shared: Here) -> HttpResponse {
    let loading = folder.is_loading();
    let own = shared.own();
    let body = html! {
        header.top {
            a.brand href="/" { span.logo { "企" } "企业微信模拟器" }
            h1 { @match own.as_ref() { Some(own) => (own.school.spec.name), None => "用您自己的学校试" } }
        }
        main.choice {
            @if loading { (waiting(own.is_some())) }
            @match own.as_ref() {
                None if loading => {}
                None => { section.card.own { (form()) } }
                Some(own) => { (findings(own, loading, folder.0.is_some())) }
            }
        }
    };
    let answer = page::answer(StatusCode::OK, page::document("我的名册", "plain", body));
    if !loading {
        return answer;
    }
    // The page looks again by itself, without a script.
    let mut answer = answer;
    answer.headers_mut().insert(
        actix_web::http::header::HeaderName::from_static("refresh"),
        actix_web::http::header::HeaderValue::from_static("2"),
    );
    answer
}

fn waiting(own: bool) -> Markup {
    html! {
        section.card role="status" {
            h2 { @if own { "点名正在换成您的学校" } @else { "点名正在回到示例学校，并删除您的名册" } }
            p { "清空演示数据、同步组织架构、导入名册，约半分钟。这一页会自己刷新。" }
            progress aria-label="正在换学校" {}
        }
    }
}

fn findings(own: &Own, loading: bool, has_server: bool) -> Markup {
    let found = &own.found;
    html! {
        section.card.own {
            h2 { "从名册里读到" }
            dl.figures {
                @for (title, count) in [("学院", found.colleges), ("班级", found.classes), ("学生", found.students),
                    ("教职工", found.staff), ("辅导员", found.counsellors), ("略过的行", found.left_out)] {
                    div { dt { (title) } dd { (count) } }
                }
            }
            ul.notes { @for line in &found.headings { li { (line) } } }
            @if !loading {
                div.actions {
                    a.button href="/" { "选一个人，打开点名" }
                    (forget_button())
                }
            }
        }
        @if !has_server {
            section.card.own {
                h2 { "让点名也认识他们" }
                p { "这个模拟器不是由 make run 启动的。先让点名同步一次组织架构，再导入这两个文件：" }
                div.actions {
                    a.button href="/roster/people.csv" { "people.csv" }
                    a.button href="/roster/grants.csv" { "grants.csv" }
                }
                p.muted { "rollcall sync；rollcall import --people people.csv --grants grants.csv。点名若已有另一所学校的数据，请换一个空的数据库。" }
            }
        }
        section.card.own {
            h2 { "名册里没有、由模拟器虚构的" }
            ul.notes { @for line in &found.invented { li { (line) } } }
            p { "可以用这些身份进入：" }
            ul.notes {
                @for role in [Role::Student, Role::Counsellor, Role::CollegeLeader, Role::SchoolOffice, Role::SchoolLeader, Role::Administrator] {
                    @let personas = own.school.personas();
                    @if let Some(persona) = personas.iter().find(|persona| persona.role == role) {
                        li { (role.title()) "：" (persona.name) "（" (persona.userid) "）" }
                    }
                }
            }
        }
        @if found.problem_count > 0 {
            section.card.own {
                h2 { "有 " (found.problem_count) " 处问题" }
                p { "这些行没有全部用上。改好后可以再拖一次。" }
                table.problems {
                    thead { tr { th scope="col" { "位置" } th scope="col" { "列" } th scope="col" { "问题" } } }
                    tbody {
                        @for problem in &found.problems {
                            tr {
                                td { @if let Some(sheet) = &problem.sheet { (sheet) " " } "第 " (problem.line) " 行" }
                                td { (problem.column) }
                                td { (problem.message) }
                            }
                        }
                    }
                }
                @if found.problem_count > found.problems.len() {
                    p.muted { "只显示前 " (found.problems.len()) " 处。" }
                }
            }
        }
        section.card.own { h2 { "换一份名册" } (form()) }
    }
}

/// A browser says where a form comes from: no other site puts a school here.
fn from_elsewhere(request: &HttpRequest) -> bool {
    let site = request.headers().get("sec-fetch-site").and_then(|site| site.to_str().ok());
    site.is_some_and(|site| !["same-origin", "none"].contains(&site))
}

fn refused(status: StatusCode, reason: &str) -> HttpResponse {
    let body = html! {
        main.notice {
            div.sign { "!" }
            h1 { "名册没有换上" }
            p { (reason) }
            a.button href="/" { "回到首页" }
        }
    };
    page::answer(status, page::document("名册没有换上", "plain", body))
}

/// `POST /roster`: a form with a file and a name.
pub async fn bring(request: HttpRequest, body: Payload, folder: Data<Folder>, shared: Here) -> HttpResponse {
    if from_elsewhere(&request) {
        return refused(StatusCode::FORBIDDEN, "请从模拟器自己的页面提交。");
    }
    if folder.is_loading() {
        return refused(StatusCode::CONFLICT, "点名还在换上一份，请等它就绪。");
    }
    let (roster, name) = match read(&request, body).await {
        Ok(form) => form,
        Err((status, reason)) => return refused(status, reason),
    };
    let (reader, folder) = (shared.clone(), folder.get_ref().clone());
    let read = web::block(move || {
        let own = reader.read_roster(&roster, &name)?;
        folder.keep(&roster, &own).map_err(|error| format!("写不进 .rollcall：{error}"))?;
        Ok::<_, String>(own)
    });
    match read.await {
        Ok(Ok(own)) => {
            shared.play(Some(own));
            go("/roster")
        }
        Ok(Err(reason)) => refused(StatusCode::UNPROCESSABLE_ENTITY, &reason),
        Err(_) => refused(StatusCode::INTERNAL_SERVER_ERROR, "读名册时出错，请重试。"),
    }
}

async fn read(
    request: &HttpRequest,
    mut body: Payload,
) -> Result<(Bytes, String), (StatusCode, &'static str)> {
    let wrong = (StatusCode::BAD_REQUEST, "没有收到文件，请重新选择。");
    let (mut bytes, mut length) = (Vec::new(), 0_usize);
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|_| wrong)?;
        // What is too much is read and dropped: a browser shows no answer before it has sent all.
        length += piece.len();
        if length <= LARGEST {
            bytes.extend_from_slice(&piece);
        }
    }
    if length > LARGEST {
        return Err((StatusCode::PAYLOAD_TOO_LARGE, "文件超过 20 MB，请删去图片和多余的工作表。"));
    }
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).ok_or(wrong)?;
    let boundary = multer::parse_boundary(kind).map_err(|_| wrong)?;
    let stream =
        futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(Bytes::from(bytes)) });
    let mut form = multer::Multipart::new(stream, boundary);
    let (mut roster, mut name) = (None, String::new());
    while let Some(part) = form.next_field().await.map_err(|_| wrong)? {
        match part.name() {
            Some("roster") => roster = Some(part.bytes().await.map_err(|_| wrong)?),
            Some("name") => name = part.text().await.map_err(|_| wrong)?.chars().take(32).collect(),
            _ => {}
        }
    }
    roster.filter(|roster| !roster.is_empty()).map(|roster| (roster, name)).ok_or(wrong)
}

/// `POST /roster/forget`: back to the demo school; everything of the visitor's is deleted.
pub async fn forget(request: HttpRequest, folder: Data<Folder>, shared: Here) -> HttpResponse {
    if from_elsewhere(&request) {
        return refused(StatusCode::FORBIDDEN, "请从模拟器自己的页面提交。");
    }
    if folder.is_loading() {
        return refused(StatusCode::CONFLICT, "点名还在换学校，请等它就绪。");
    }
    if let Err(error) = folder.forget() {
        return refused(StatusCode::INTERNAL_SERVER_ERROR, &format!("没有删干净：{error}"));
    }
    shared.play(None);
    go(if folder.is_loading() { "/roster" } else { "/" })
}

/// `GET /roster/state`, for scripts.
pub async fn state(folder: Data<Folder>, shared: Here) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "own": shared.own().is_some(), "loading": folder.is_loading() }))
}

/// `GET /roster/people.csv`
pub async fn people(shared: Here) -> HttpResponse {
    file(&shared, "people.csv", people_of)
}

/// `GET /roster/grants.csv`
pub async fn grants(shared: Here) -> HttpResponse {
    file(&shared, "grants.csv", grants_of)
}

fn file(shared: &Here, name: &str, make: fn(&School) -> io::Result<Vec<u8>>) -> HttpResponse {
    let own = shared.own();
    match own.as_ref().and_then(|own| make(&own.school).ok()) {
        Some(bytes) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
            .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
            .body(bytes),
        None => HttpResponse::NotFound().finish(),
    }
}
