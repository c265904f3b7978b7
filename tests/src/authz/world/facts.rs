//! What everybody did and what was said of them: in every class alike, so that it is known what each may see of it.

use std::io::{Cursor, Write};

use chrono::Days;
use domain::form::{Form, Schedule, schema};
use image::{ImageFormat, Rgb, RgbImage};
use reqwest::Method;
use serde_json::{Value, json};
use store::forms::{self, Ownership};

use super::World;
use crate::{
    authz::oracle::Who,
    test_app::{health_report, normal_answers, root},
};

/// Stands in answers that are masked on screens.
pub const CANARY: &str = "canary-金丝雀-treatment";

/// The staff's daily form.
pub const STAFF_HEALTH: &str = "health-daily-of-staff";

/// Stands in the reason of an exemption: for those who may grant one.
pub const REASON: &str = "canary-金丝雀-reason";

/// Stands in what a counsellor found out about somebody who has not reported.
pub const NOTE: &str = "canary-金丝雀-note";

pub fn ill() -> Value {
    json!({ "temperature": 38.4, "place": "非疫区", "abnormal": true, "condition": "居家观察", "symptoms": ["发热"],
            "treatment": CANARY })
}

fn trip() -> Value {
    json!({ "form": "trips", "version": 1, "answers": { "left_on": "2020-03-01", "out_transport": "自驾", "reason": "公务",
            "destination": "410302", "address": CANARY, "returned": false } })
}

pub async fn make(world: &mut World) {
    world.picture = picture(300, 400);
    publish_forms(world).await;
    for class in 0..4 {
        class_reports(world, class).await;
    }
    staff_reports(world).await;
    photos(world).await;
    residences(world).await;
    passages(world).await;
    portal(world).await;
}

/// A request that is to be taken.
pub async fn done(world: &World, userid: &str, path: &str, body: &Value) -> Value {
    let told = world.client.post(userid, path, body).await;
    if !told.succeeded() {
        world.trouble(format!("{userid} {path} {body:.200}: {} {}", told.status, told.text));
    }
    told.body
}

async fn class_reports(world: &mut World, class: usize) {
    let students: Vec<_> = world.class(class).into_iter().cloned().collect();
    assert!(students.len() > 12, "a class to choose from");
    let office = world.userid(Who::SchoolOffice).to_owned();
    let counsellor = world.test.personas("counsellor")[class / 2].clone();
    for (at, student) in students.iter().enumerate() {
        let number = &student.number;
        match at {
            5 => {
                let leave = json!({ "number": number, "kind": "leave", "from": "2020-03-04", "last": "2020-03-04", "reason": REASON });
                done(world, &office, "/exemptions", &leave).await;
                world.note("exempt", number);
                world.note("exemptions", number);
            }
            _ if at % 5 == 1 => {
                done(world, number, "/reports", &health_report(ill())).await;
                world.note("reported", number);
                world.note("abnormal", number);
            }
            _ if at % 5 == 0 || at % 5 == 4 => {
                done(world, number, "/reports", &health_report(normal_answers())).await;
                world.note("reported", number);
            }
            _ => {}
        }
        if [1, 4, 7].contains(&at) {
            done(world, number, "/reports", &trip()).await;
            world.note("trips", number);
        }
        if at == 7 {
            let path = format!("/people/{}/phone-correction", student.id);
            done(world, &office, &path, &json!({ "phone": "100-9999 0007", "reason": "换号" })).await;
            world.note("phone_corrections", number);
        }
        if at == 8 {
            let sql = "update members set status = 4 where userid = $1";
            assert_eq!(world.test.owner.execute(sql, &[&number]).await.unwrap(), 1);
            world.note("inactive", number);
        }
        if at == 12 {
            let found = json!({ "person": student.id, "reason": "hospital", "note": NOTE });
            done(world, &counsellor, "/unreported/health-daily/follow-ups", &found).await;
        }
        if at == 9 {
            let stay = json!({ "number": number, "from": "2019-09-03", "reason": "延期入学" });
            done(world, &office, "/statuses/stays", &stay).await;
            world.note("statuses", number);
            let wrong = json!({ "field": "name", "value": "更正名" });
            done(world, number, "/me/corrections", &wrong).await;
            world.note("corrections", number);
        }
    }
}

/// Somebody of the department head's, beside the head.
pub fn colleague(world: &World) -> String {
    let head = world.userid(Who::DepartmentHead);
    let mut staff = world
        .people
        .iter()
        .filter(|person| !person.student && person.department == Some(world.office) && person.number != head);
    staff.find(|person| person.userid.is_some()).expect("a colleague with an account").number.clone()
}

async fn staff_reports(world: &mut World) {
    let colleague = colleague(world);
    let staff: Vec<_> = world.people.iter().filter(|person| !person.student).cloned().collect();
    for (at, person) in staff.iter().enumerate() {
        let number = &person.number;
        if person.userid.is_none() {
            world.note("inactive", number);
            continue;
        }
        let report = |answers: Value| json!({ "form": STAFF_HEALTH, "version": 1, "answers": answers });
        if *number == colleague {
            done(world, number, "/reports", &report(ill())).await;
            world.note("reported", number);
            world.note("abnormal", number);
        } else if at % 3 == 0 {
            done(world, number, "/reports", &report(normal_answers())).await;
            world.note("reported", number);
        }
        if at % 2 == 0 || *number == colleague {
            done(world, number, "/reports", &trip()).await;
            world.note("trips", number);
        }
    }
}

/// The built-in forms that a new school does not run yet: for everybody, with pictures; and for the staff.
async fn publish_forms(world: &World) {
    publish(world, "reading-notes", "papers", json!(["student", "staff"])).await;
    publish(world, "health-daily-staff", STAFF_HEALTH, json!(["staff"])).await;
}

async fn publish(world: &World, file: &str, code: &str, kinds: Value) {
    let text = std::fs::read_to_string(root().join(format!("fixtures/forms/{file}.json"))).unwrap();
    let mut form: Value = serde_json::from_str(&text).unwrap();
    form["code"] = json!(code);
    form["audience"] = json!({ "kinds": kinds });
    let form: Form = serde_json::from_value(form).unwrap();
    let (app, now) = (&world.test.app, world.test.app.now());
    let today = world.test.school().today(now);
    let schedule = Schedule { starts_on: today - Days::new(30), ends_on: today + Days::new(30) };
    let mut tx = app.store().scoped(1).await.unwrap();
    let of = Ownership { schedule, owner: None, department_id: None };
    let (id, _) = forms::add(&mut tx, 1, &form.code, of).await.unwrap();
    forms::publish(&mut tx, 1, id, &form, &schema::compile(&form), None, now).await.unwrap();
    tx.commit().await.unwrap();
}

fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(width, height, Rgb([200, 20, 20])).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

async fn photos(world: &mut World) {
    let seats: Vec<String> = world.seats.values().cloned().collect();
    let mut wanted = seats.clone();
    for class in 0..4 {
        let students = world.class(class).into_iter().enumerate();
        wanted.extend(students.filter(|(at, _)| at % 4 != 3).map(|(_, student)| student.number.clone()));
    }
    wanted.sort();
    wanted.dedup();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for number in &wanted {
        zip.start_file(format!("{number}.jpg"), options).unwrap();
        zip.write_all(&world.picture).unwrap();
    }
    let file = zip.finish().unwrap().into_inner();
    let administrator = world.userid(Who::Administrator);
    let told = world.client.send(Some(administrator), &Method::POST, "/photos/uploads", &file).await;
    assert_eq!(told.status, 202, "{}", told.text);
    world.test.run_jobs().await;
    world.test.assert_no_failed_jobs().await;
    for number in &wanted {
        world.note("photos", number);
    }
    world.zip = file;
}

/// A zone, its gate, a device, and a passage of every second student, out of the zone, and of all staff, into it.
async fn passages(world: &mut World) {
    let administrator = world.userid(Who::Administrator).to_owned();
    let zone =
        done(world, &administrator, "/gate-zones", &json!({ "name": "东校区", "kind": "campus" })).await;
    let gate = json!({ "zone": zone["id"], "name": "东门", "directions": "both", "failure": "closed" });
    let gate = done(world, &administrator, "/gates", &gate).await;
    let sql = "insert into gate_devices (corp_id, gate_id, name, token_hash, paired_by, paired_at, seen_at)
        select 1, $1::bigint, '闸机', sha256('at-the-gate'::bytea), min(member_id), $2::timestamptz, $2::timestamptz from members returning device_id";
    let (now, gate) = (world.test.app.now(), gate["id"].as_i64().unwrap());
    let device: i64 = world.test.one(sql, &[&gate, &now]).await;
    let passed = world.people.iter().enumerate().filter(|(at, person)| !person.student || at % 2 == 0);
    let passed: Vec<_> = passed.map(|(_, person)| person.clone()).collect();
    for person in passed {
        let sql = "with passed as (
              insert into passages (corp_id, gate_id, zone_id, device_id, scan_id, person_id, direction, at, received_at, offline,
                                    decision, flags)
              values (1, $1, $2, $3, 'scan-' || ($4::bigint)::text, $4, $5, $6, $6, false, 'allowed', '{}'))
            insert into gate_presence (corp_id, zone_id, person_id, inside, since) values (1, $2, $4, $5 = 'in', $6)";
        let direction = if person.student { "out" } else { "in" };
        let zone = zone["id"].as_i64().unwrap();
        world.test.owner.execute(sql, &[&gate, &zone, &device, &person.id, &direction, &now]).await.unwrap();
        world.note("passed", &person.number);
    }
}

/// An entry for everybody, the first: two of each class opened it, and a third of each stands on the province's list.
async fn portal(world: &mut World) {
    let administrator = world.userid(Who::Administrator).to_owned();
    let new = json!({ "title": "省平台", "note": "每天 10 点前", "icon": "report", "kinds": ["student", "staff"],
        "address": "https://report.province.example/", "from": "2020-03-01" });
    let entry = done(world, &administrator, "/portal/entries", &new).await;
    assert_eq!(entry["id"], json!(1), "doors and figures name it so");
    let mut list = "学号\n".to_owned();
    for class in 0..4 {
        let students: Vec<String> = world.class(class).iter().map(|student| student.number.clone()).collect();
        for (at, number) in students.iter().enumerate() {
            if at % 3 == 0 {
                list.push_str(&format!("{number}\n"));
                world.note("there", number);
            } else if at < 3 {
                done(world, number, "/portal/1/passes", &json!({})).await;
                world.note("opened", number);
            }
        }
    }
    let path = "/portal/entries/1/list";
    let told = world.client.send(Some(&administrator), &Method::POST, path, list.as_bytes()).await;
    if told.body["unknown_count"] != json!(0) {
        world.trouble(format!("the province's list: {} {}", told.status, told.text));
    }
}

/// A bed for two of three students, and free ones in another building.
async fn residences(world: &mut World) {
    let mut list = "校区,宿舍楼,楼层,房间号,床位号,学号,姓名,入住日期,退宿日期\n".to_owned();
    let mut housed = Vec::new();
    for class in 0..4 {
        for (at, student) in world.class(class).into_iter().enumerate().filter(|(at, _)| at % 3 != 0) {
            list.push_str(&format!(
                "东校区,3号楼,3层,3{class:02},{at}号床,{},,2019-09-05,\n",
                student.number
            ));
            housed.push(student.number.clone());
        }
    }
    for bed in 1..=30 {
        list.push_str(&format!("东校区,4号楼,1层,101,{bed}号床,,,,\n"));
    }
    let administrator = world.userid(Who::Administrator);
    let file = list.as_bytes();
    let told = world.client.send(Some(administrator), &Method::POST, "/residences/list", file).await;
    if told.body["error_count"] != json!(0) {
        world.trouble(format!("beds: {} {}", told.status, told.text));
    }
    for number in housed {
        world.note("housed", &number);
    }
}
