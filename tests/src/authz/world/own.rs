//! What somebody made themselves: reports, exports, templates, rounds, forms.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Ids, World,
    facts::{STAFF_HEALTH, done},
    things::text,
};
use crate::authz::oracle::Who;

/// What of strangers' own somebody may look at all the same: whose answers they may see, what they keep or audit.
pub fn everybodys(who: Who) -> &'static [&'static str] {
    match who {
        Who::SchoolOffice => &[
            "own_attachment",
            "campaign",
            "spare_campaign",
            "own_announcement",
            "spare_announcement",
            "sent_announcement",
        ],
        Who::Administrator => &[
            "own_export",
            "own_template",
            "own_change_set",
            "campaign",
            "spare_campaign",
            "own_announcement",
            "spare_announcement",
            "sent_announcement",
        ],
        Who::Auditor => &["own_export"],
        _ => &[],
    }
}

/// A picture and the report that shows it: made once.
pub async fn papers(world: &World, userid: &str) -> (String, String) {
    let sql = "select a.attachment_id, r.receipt from attachments a join reports r using (corp_id, report_id)
        join members m on m.corp_id = r.corp_id and m.person_id = r.person_id where m.userid = $1";
    if let Some(row) = world.test.owner.query_opt(sql, &[&userid]).await.unwrap() {
        return (row.get(0), row.get(1));
    }
    let picture = picture(world, userid).await;
    let report =
        json!({ "form": "papers", "version": 1, "answers": { "book": "边城", "photos": [picture] } });
    let receipt = done(world, userid, "/reports", &report).await;
    (picture, text(&receipt["receipt"]))
}

async fn picture(world: &World, userid: &str) -> String {
    let path = "/attachments?form=papers";
    let told = world.client.send(Some(userid), &Method::POST, path, &world.picture).await;
    if told.status != 201 {
        world.trouble(format!("{userid} {path}: {}", told.text));
    }
    text(&told.body["id"])
}

fn people_sheet(name: &str) -> Value {
    json!({ "name": name, "purpose": "报送", "definition": { "dataset": "people", "order": "number",
            "columns": [{ "column": "number", "title": "学号" }, { "column": "phone", "title": "手机" }] } })
}

pub async fn things(world: &mut World, who: Who, serial: usize) -> Ids {
    let userid = world.userid(who).to_owned();
    let mut ids = of_member(world, &userid, serial).await;
    let college = (who == Who::CollegeOffice).then_some(world.home);
    ids.extend(of_viewer(world, &userid, who == Who::DepartmentHead, serial, college).await);
    // A list of changes of somebody of theirs of whom nothing else is said.
    let subject = match who {
        Who::CollegeOffice => Some(world.class(1)[12].number.clone()),
        Who::SchoolOffice => Some(world.class(3)[12].number.clone()),
        _ => None,
    };
    if let Some(subject) = subject {
        ids.insert("own_change_set", list(world, &userid, &subject).await);
    }
    ids
}

async fn list(world: &mut World, userid: &str, subject: &str) -> String {
    let file = format!("学号,变动类型,生效日期,截止日期,新班级,原因\n{subject},毕业,2021-07-01,,,毕业\n");
    let told = world.client.send(Some(userid), &Method::POST, "/statuses/list", file.as_bytes()).await;
    if !told.body["change_set"].is_i64() {
        world.trouble(format!("{userid} brings a list: {} {}", told.status, told.text));
    }
    world.note("statuses", subject);
    text(&told.body["change_set"])
}

/// One more session, which nobody uses.
async fn spare_session(world: &World, userid: &str) -> String {
    let sql = "insert into sessions (session_hash, corp_id, member_id, signed_in_at, seen_at, idle_until, ends_at)
        select sha256(convert_to('spare ' || userid, 'UTF8')), corp_id, member_id, $2, $2, $2::timestamptz + interval '2 hours',
               $2::timestamptz + interval '12 hours'
        from members where userid = $1 and left_on is null returning session_id";
    world.test.one::<i64>(sql, &[&userid, &world.test.app.now()]).await.to_string()
}

/// What a file is fetched by: the end of its path.
async fn ticket(world: &World, userid: &str, path: &str, body: &Value) -> String {
    let ready = done(world, userid, path, body).await;
    text(&ready["path"]).rsplit('/').next().unwrap_or_default().to_owned()
}

/// The same of an export that is made.
pub async fn file_ticket(world: &World, userid: &str, export: &str) -> String {
    ticket(world, userid, &format!("/exports/{export}/file"), &json!({})).await
}

async fn of_member(world: &mut World, userid: &str, serial: usize) -> Ids {
    let mut ids = Ids::new();
    let (attachment, receipt) = papers(world, userid).await;
    ids.insert("own_attachment", attachment);
    ids.insert("own_receipt", receipt);
    ids.insert("own_loose", picture(world, userid).await);
    ids.insert("own_session", spare_session(world, userid).await);
    let json = json!({ "format": "json" });
    ids.insert("own_copy", ticket(world, userid, "/me/data/copies", &json).await);
    let wrong = json!({ "field": "phone", "value": format!("1380000{serial:04}") });
    ids.insert("own_correction", text(&done(world, userid, "/me/corrections", &wrong).await["id"]));
    world.note("corrections", userid);
    ids
}

/// What those make who look after somebody; what is refused is left out.
pub async fn of_viewer(
    world: &World,
    userid: &str,
    of_staff: bool,
    serial: usize,
    college: Option<i32>,
) -> Ids {
    let mut ids = Ids::new();
    // People with their phones, people, or, for whoever sees none, classes: the first that is given.
    let mut sheet = people_sheet("名单");
    let mut asked = world.client.post(userid, "/exports", &sheet).await;
    for (dataset, order, column) in [("people", "number", "number"), ("classes", "place", "place")] {
        if !asked.succeeded() {
            let columns = json!([{ "column": column, "title": column }]);
            sheet["definition"] = json!({ "dataset": dataset, "order": order, "columns": columns });
            asked = world.client.post(userid, "/exports", &sheet).await;
        }
    }
    if asked.succeeded() {
        ids.insert("own_export", text(&asked.body["id"]));
    }
    let template = json!({ "name": format!("模板{serial}"), "definition": sheet["definition"] });
    let form = if of_staff { STAFF_HEALTH } else { "health-daily" };
    for (word, path, key, body) in [
        ("own_template", "/export-templates", "id", template),
        ("own_round", "/reminders", "round", json!({ "form": form })),
        ("own_invitations", "/registration/invitations", "id", json!({})),
    ] {
        let told = world.client.post(userid, path, &body).await;
        if told.succeeded() {
            ids.insert(word, text(&told.body[key]));
        }
    }
    let visitor = visitor(world).await;
    let told = world.client.post(userid, "/me/visitors", &visitor).await;
    if told.succeeded() {
        ids.insert("own_visitor", text(&told.body["id"]));
    }
    let class = if college == Some(world.other) { world.classes[2] } else { world.classes[0] };
    let later = Some("2020-03-06T02:00:00Z");
    for (word, send_at) in
        [("own_announcement", later), ("spare_announcement", later), ("sent_announcement", None)]
    {
        let audience = json!({ "departments": [class] });
        let draft =
            json!({ "title": "班会通知", "text": "今晚班会", "audience": audience, "send_at": send_at });
        let told = world.client.post(userid, "/announcements", &draft).await;
        if told.succeeded() {
            ids.insert(word, text(&told.body["id"]));
        }
    }
    for (word, code) in [("campaign", format!("c-{serial}")), ("spare_campaign", format!("s-{serial}"))] {
        let new = json!({ "code": code, "title": "晚点名", "department": college });
        let made = world.client.post(userid, "/campaigns", &new).await;
        if !made.succeeded() {
            break;
        }
        ids.insert(word, code.clone());
        if word == "campaign" {
            let mut document = made.body["document"].clone();
            document["purpose"] = json!("晚点名，确认学生安全");
            document["legal_basis"] = json!("学校学生管理规定");
            document["fields"] = json!([{ "name": "present", "title": "是否在校", "kind": "boolean", "required": true,
                "sensitive": false, "carry_over": "ask" }]);
            let draft = json!({ "digest": made.body["digest"], "document": document });
            let path = format!("/campaigns/{code}/draft");
            let saved =
                world.client.send(Some(userid), &Method::PUT, &path, draft.to_string().as_bytes()).await;
            if !saved.succeeded() {
                world.trouble(format!("{code}: {}", saved.text));
            }
            ids.insert("campaign_digest", text(&saved.body["digest"]));
            ids.insert("campaign_document", saved.body["document"].to_string());
        }
    }
    ids
}

/// Somebody to be invited.
pub async fn visitor(world: &World) -> Value {
    let zone: i64 = world.test.one("select min(zone_id) from gate_zones", &[]).await;
    json!({ "name": "来访人", "phone": "100 1234 5678", "reason": "设备检修", "zones": [zone],
        "from": "2020-03-04T00:00:00Z", "until": "2020-03-04T10:00:00Z" })
}

/// The own things of people who are nobody's but the school's: a student and the office of the other college.
pub async fn of_strangers(world: &mut World) -> Ids {
    let student = world.class(2)[0].number.clone();
    let mut ids = of_member(world, &student, 900).await;
    let sql = "select p.number from grants g join persons p using (corp_id, person_id)
        where g.role = 'college_office' and g.department_id = $1";
    let office: String = world.test.one(sql, &[&world.other]).await;
    ids.extend(of_viewer(world, &office, false, 900, Some(world.other)).await);
    ids.insert("received", ids["sent_announcement"].clone());
    let subject = world.class(2)[12].number.clone();
    ids.insert("own_change_set", list(world, &office, &subject).await);
    world.test.run_jobs().await;
    let file = file_ticket(world, &office, &ids["own_export"]).await;
    ids.insert("own_file", file);
    ids
}
