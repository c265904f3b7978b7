//! The exports of 使用分析 and 会议: what WeCom's interface has no call for. Figures of thirty days, and 成员使用记录.

use std::fmt::Write;

use actix_web::HttpResponse;
use chrono::{Days, FixedOffset, NaiveDate};

use crate::api::usage::{chance, console_figures};
use crate::corps::Here;
use crate::directory::Status;
use crate::world::World;

/// Days of figures the console has.
const DAYS: u64 = 30;
const CLIENTS: [&str; 5] = ["Android", "Android", "iOS", "iOS", "Windows"];

fn today(world: &World) -> NaiveDate {
    FixedOffset::east_opt(8 * 3600)
        .map_or_else(|| world.now().date_naive(), |zone| world.now().with_timezone(&zone).date_naive())
}

/// `/console/usage/figures.csv`: of a school whose description has figures; only headings of another.
pub async fn figures(shared: Here) -> HttpResponse {
    let world = shared.read();
    let mut text = String::from("日期,会议场次,参会人次,微盘使用人次,微盘已用容量（GB）\r\n");
    let days = (1..=DAYS).rev().filter_map(|back| today(&world).checked_sub_days(Days::new(back)));
    if let Some(platform) = &world.spec.platform {
        for day in days {
            let [meetings, attendees, uses] = console_figures(platform, day);
            // Writing into a text does not fail.
            let _ = write!(text, "{day},{meetings},{attendees},{uses},{}\r\n", platform.drive_used);
        }
    }
    csv("figures.csv", text)
}

/// `/console/usage/members.csv`: everybody with an account, and those who left not long ago.
pub async fn members(shared: Here) -> HttpResponse {
    let world = shared.read();
    let today = today(&world);
    let mut text = String::from("统计时间,账号,姓名,部门,状态,最近使用时间,使用平台\r\n");
    for (userid, member) in world.directory.members() {
        let place = member.memberships.first().and_then(|place| world.directory.department(place.department));
        let state = match member.status {
            Status::Active => "已激活",
            Status::Disabled => "已禁用",
            Status::Inactive => "未激活",
            Status::Left => "已退出",
        };
        let (used, client) = if member.status == Status::Active {
            let back =
                [0, 0, 0, 0, 0, 0, 0, 0, 1, 3][usize::try_from(chance(userid, 10)).unwrap_or_default()];
            let day = today.checked_sub_days(Days::new(back)).unwrap_or(today);
            let client = usize::try_from(chance(&format!("{userid} client"), 5)).unwrap_or_default();
            (day.to_string(), CLIENTS.get(client).copied().unwrap_or_default())
        } else {
            (String::new(), "")
        };
        let place = place.map_or("", |place| place.name.as_str());
        let _ = write!(
            text,
            "{today},{},{},{},{state},{used},{client}\r\n",
            cell(&member.userid),
            cell(&member.name),
            cell(place)
        );
    }
    let left = world.spec.platform.as_ref().map_or(0, |platform| platform.left);
    for number in 1..=left {
        let _ = write!(text, "{today},left{number:03},离校成员{number},,已退出,,\r\n");
    }
    csv("members.csv", text)
}

/// Names with commas stand in quotes.
fn cell(text: &str) -> String {
    if text.contains([',', '"', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn csv(name: &str, text: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header(("content-disposition", format!("attachment; filename=\"{name}\"")))
        .body(format!("\u{feff}{text}"))
}
