//! Approvals (platform-data.md §8): some students ask for leave each day, invented anew from the date; others by hand.

use serde::Deserialize;
use serde_json::{Value, json};

use super::message::content::text;
use super::usage::{DAY, Stretch, authorised, chance, happened, seen};
use super::{Answer, Call, Refusal};
use crate::world::World;

const LONGEST: i64 = 31 * DAY;

/// A form of approvals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// 学生请假
    #[default]
    Leave,
    /// 出校申请
    Outing,
}

impl Form {
    /// Its id, as the console shows it.
    pub fn template(self) -> &'static str {
        match self {
            Self::Leave => "Bs5KJ2NT4ncf4ZygaE8MB3779yUW8nsMaJd3mmE9v",
            Self::Outing => "Bs5Lq7TxY2vRk9ZpWcE4GhU8nJmD1oFsA6iKbVt3e",
        }
    }

    fn of(template: Option<&str>) -> Result<Self, Refusal> {
        let form = [Self::Leave, Self::Outing].into_iter().find(|form| Some(form.template()) == template);
        form.ok_or(Refusal::APPROVAL_PARAMETER)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Leave => "学生请假",
            Self::Outing => "出校申请",
        }
    }

    /// Type, id and title of the one control it has.
    fn control(self) -> [&'static str; 3] {
        match self {
            Self::Leave => ["Vacation", "vacation-1", "请假"],
            Self::Outing => ["DateRange", "DateRange-1", "出校时间"],
        }
    }
}

/// An application.
#[derive(Debug, Clone)]
pub struct Leave {
    /// By which form.
    pub form: Form,
    /// 审批单号
    pub sp_no: String,
    /// When it was made, Unix seconds.
    pub asked: i64,
    /// Who asked.
    pub userid: String,
    /// 1 waiting, 2 granted, 3 refused, 4 withdrawn, 6 withdrawn after it was granted, 7 deleted.
    pub status: u64,
    /// Unix seconds.
    pub begin: i64,
    /// Unix seconds.
    pub end: i64,
    /// By half days rather than by the hour.
    pub half_days: bool,
    /// 病假, 事假; of a leave.
    pub kind: String,
}

/// Applications made by hand (`/_sim/approvals`), beside those invented from the date.
#[derive(Debug, Default)]
pub struct Applications(Vec<Leave>);

impl Applications {
    /// Keeps one under a number of its own, which begins with a 9: the invented ones begin with a 0.
    pub fn file(&mut self, leave: Leave) -> &Leave {
        let sp_no = format!("9{:011}", self.0.len() + 1);
        let at = self.0.len();
        self.0.push(Leave { sp_no, ..leave });
        &self.0[at]
    }

    /// Gives one another status.
    pub fn decide(&mut self, sp_no: &str, status: u64) -> Option<&Leave> {
        let leave = self.0.iter_mut().find(|leave| leave.sp_no == sp_no)?;
        leave.status = status;
        Some(leave)
    }
}

/// One invented from the moment it was made. Two of three are granted, the others wait.
fn invented(asked: i64, userid: String) -> Leave {
    // A number that leads back to the moment, and so to the person.
    let sp_no = format!("{asked:012}");
    let begin = asked + 3600;
    let end = begin + DAY * i64::try_from(1 + chance(&sp_no, 3)).unwrap_or(1);
    let status = if chance(&sp_no, 3) < 2 { 2 } else { 1 };
    let kind = if chance(&sp_no, 2) == 0 { "病假" } else { "事假" };
    Leave { form: Form::Leave, sp_no, asked, userid, status, begin, end, half_days: false, kind: kind.into() }
}

fn leaves(world: &World, from: i64, to: i64) -> Vec<Leave> {
    let rows = happened(world, "leave", world.settings.leave_a_day.into(), &Stretch { from, to });
    let rows = rows.into_iter().map(|(asked, userid)| invented(asked, userid));
    let filed = world.applications.0.iter().filter(|leave| (from..to).contains(&leave.asked)).cloned();
    rows.chain(filed).filter(|leave| seen(world, &json!({ "userid": leave.userid }))).collect()
}

/// `oa/getapprovalinfo`: times are texts here, and the filters name what is wanted.
pub fn numbers(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "approval")?;
    let time = |field: &str| {
        text(&call.json, field).and_then(|time| time.parse::<i64>().ok()).ok_or(Refusal::APPROVAL_PARAMETER)
    };
    let (from, to) = (time("starttime")?, time("endtime")?);
    let size = call.json.get("size").and_then(Value::as_u64).filter(|size| (1..=100).contains(size));
    let size = usize::try_from(size.ok_or(Refusal::APPROVAL_PARAMETER)?).unwrap_or(100);
    if from >= to || to - from > LONGEST {
        return Err(Refusal::APPROVAL_PARAMETER);
    }
    let filters = call.json.get("filters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let departments: Vec<&str> = values(filters, "department").collect();
    let wanted = |leave: &Leave| {
        values(filters, "template_id").all(|id| id == leave.form.template())
            && values(filters, "creator").all(|userid| userid.eq_ignore_ascii_case(&leave.userid))
            && values(filters, "sp_status").all(|status| status == leave.status.to_string())
            && values(filters, "record_type").all(|kind| kind == "1" && leave.form == Form::Leave)
            && (departments.is_empty() || departments.contains(&party(world, &leave.userid).as_str()))
    };
    let all: Vec<String> =
        leaves(world, from, to).into_iter().filter(wanted).map(|leave| leave.sp_no).collect();
    let start: usize = match text(&call.json, "new_cursor") {
        None => 0,
        Some(cursor) => cursor.parse().map_err(|_| Refusal::APPROVAL_PARAMETER)?,
    };
    let rows: Vec<&String> = all.iter().skip(start).take(size).collect();
    let mut answer = json!({ "sp_no_list": rows });
    if all.len() > start + size {
        answer["new_next_cursor"] = json!((start + size).to_string());
    }
    Ok(answer)
}

fn values<'a>(filters: &'a [Value], key: &'a str) -> impl Iterator<Item = &'a str> {
    filters.iter().filter(move |filter| filter["key"] == key).filter_map(|filter| filter["value"].as_str())
}

fn party(world: &World, userid: &str) -> String {
    let member = world.directory.member(userid);
    member
        .and_then(|member| member.memberships.first())
        .map_or_else(String::new, |place| place.department.to_string())
}

/// `oa/getapprovaldetail`
pub fn detail(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "approval")?;
    let sp_no = text(&call.json, "sp_no").ok_or(Refusal::APPROVAL_PARAMETER)?;
    let filed = world.applications.0.iter().find(|leave| leave.sp_no == sp_no).map(|leave| leave.asked);
    let asked = filed.map_or_else(|| sp_no.parse().map_err(|_| Refusal::APPROVAL_PARAMETER), Ok)?;
    let leave = leaves(world, asked, asked + 1).into_iter().find(|leave| leave.sp_no == sp_no);
    let leave = leave.ok_or(Refusal::APPROVAL_PARAMETER)?;
    let (begin, end) = (leave.begin, leave.end);
    let words = |text: &str| json!([{ "text": text, "lang": "zh_CN" }]);
    let range = json!({
        "type": if leave.half_days { "halfday" } else { "hour" }, "new_begin": begin, "new_end": end, "new_duration": end - begin,
    });
    let value = match leave.form {
        Form::Leave => json!({ "vacation": {
            "selector": { "type": "single", "options": [{ "key": "1", "value": words(&leave.kind) }] },
            "attendance": { "date_range": range, "type": 1 },
        } }),
        Form::Outing => json!({ "date_range": range }),
    };
    let [control, id, title] = leave.form.control();
    Ok(json!({ "info": {
        "sp_no": sp_no,
        "sp_name": leave.form.name(),
        "sp_status": leave.status,
        "template_id": leave.form.template(),
        "apply_time": leave.asked,
        // A text here.
        "applyer": { "userid": leave.userid, "partyid": party(world, &leave.userid) },
        "sp_record": [],
        "notifyer": [],
        "apply_data": { "contents": [{ "control": control, "id": id, "title": words(title), "value": value }] },
        "comments": [],
    } }))
}

/// `oa/gettemplatedetail`: a form and its control.
pub fn template(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "approval")?;
    let form = Form::of(text(&call.json, "template_id"))?;
    let [control, id, title] = form.control();
    let words = |text: &str| json!([{ "text": text, "lang": "zh_CN" }]);
    let property = json!({
        "control": control, "id": id, "title": words(title), "placeholder": words(""), "require": 1, "un_print": 0,
    });
    Ok(json!({
        "template_names": words(form.name()),
        "template_content": { "controls": [{ "property": property, "config": {} }] },
    }))
}

/// `oa/applyevent`: asked by somebody in the range; waits for ever, since nobody decides on it here.
pub fn apply(world: &mut World, call: &Call) -> Answer {
    authorised(world, call, "approval")?;
    let creator = text(&call.json, "creator_userid").ok_or(Refusal::APPROVAL_PARAMETER)?;
    if !seen(world, &json!({ "userid": creator })) {
        return Err(Refusal::APPROVAL_RANGE);
    }
    let contents =
        call.json.get("apply_data").and_then(|data| data.get("contents")).and_then(Value::as_array);
    let filled = contents.is_some_and(|contents| !contents.is_empty());
    let own = call.json.get("use_template_approver").and_then(Value::as_u64) == Some(1);
    let lines = call.json.get("summary_list").and_then(Value::as_array).map_or(0, Vec::len);
    let sound = filled && (own || call.json.contains_key("process")) && lines <= 3;
    if Form::of(text(&call.json, "template_id")).is_err() || !sound {
        return Err(Refusal::APPROVAL_PARAMETER);
    }
    Ok(json!({ "sp_no": format!("{:012}", world.now().timestamp()) }))
}
