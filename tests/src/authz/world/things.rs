//! What requests name: for everybody something within their part of the school, something beyond it, and nothing.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Aim, Ids, Person, World, facts, own};
use crate::{
    authz::oracle::{Need, Who},
    test_app::roster_files,
};

/// Some people and where they are.
#[derive(Debug, Clone)]
struct Cast {
    people: Vec<Person>,
    department: i32,
    college: i32,
    /// What a day's movements are signed for.
    unit: i32,
    /// The class their corrections go through.
    counsellor: Option<String>,
}

impl Cast {
    fn at(&self, place: usize) -> &Person {
        &self.people[place.min(self.people.len() - 1)]
    }
}

fn class(world: &World, at: usize) -> Cast {
    let college = if at < 2 { world.home } else { world.other };
    let counsellors = world.test.personas("counsellor");
    Cast {
        people: world.class(at).into_iter().cloned().collect(),
        department: world.classes[at],
        college,
        unit: college,
        counsellor: Some(counsellors[at / 2].clone()),
    }
}

fn office(world: &World) -> Cast {
    let (head, colleague) = (world.userid(Who::DepartmentHead).to_owned(), facts::colleague(world));
    let staff =
        world.people.iter().filter(|person| !person.student && person.department == Some(world.office));
    let mut people: Vec<Person> = staff.cloned().collect();
    people.sort_by_key(|person| match &person.number {
        number if *number == head => 0,
        number if *number == colleague => 1,
        _ => 2,
    });
    Cast { people, department: world.office, college: world.home, unit: world.office, counsellor: None }
}

pub async fn make(world: &mut World) {
    let fixed = fixed(world).await;
    let casts = [class(world, 0), class(world, 1), class(world, 2), office(world)];
    let [home, neighbour, other, office] = casts;
    let mut theirs = BTreeMap::new();
    for (serial, who) in Who::ALL.into_iter().enumerate() {
        let cast = if who == Who::DepartmentHead { &office } else { &home };
        let mut ids = fixed.clone();
        ids.extend(of(world, cast, serial).await);
        ids.insert("me", world.userid(who).to_owned());
        ids.insert("serial", serial.to_string());
        ids.insert("health", health(who));
        ids.extend(own::things(world, who, serial).await);
        if who == Who::Administrator {
            numbers_and_classes(world, &home, &mut ids).await;
        }
        theirs.insert(who, ids);
    }
    // Who may not make a thing of their own is refused at somebody else's.
    let general = theirs[&Who::SchoolOffice].clone();
    for ids in theirs.values_mut() {
        for (word, id) in &general {
            ids.entry(*word).or_insert_with(|| id.clone());
        }
    }
    for (who, ids) in &mut theirs {
        for word in lacks(*who) {
            ids.remove(word);
        }
    }
    // After the persons, of everybody's: the next serials.
    let serial = Who::ALL.len();
    let strange = [
        // Of the same college as the last one: one more, so that they don't meet.
        of(world, &neighbour, serial + 1).await,
        of(world, &other, serial).await,
        of(world, &home, serial).await,
    ];
    let others_own = own::of_strangers(world).await;
    // Their sheets are made by now. Who has none is refused at the school office's.
    let mut files = BTreeMap::new();
    for who in Need::Export.holders() {
        let file = own::file_ticket(world, world.userid(*who), &theirs[who]["own_export"]).await;
        files.insert(*who, file);
    }
    for (who, ids) in &mut theirs {
        let file = files.get(who).unwrap_or(&files[&Who::SchoolOffice]);
        ids.insert("own_file", file.clone());
    }
    for (who, ids) in theirs {
        let [neighbour, other, home] = &strange;
        let mut foreign = match who {
            Who::Assistant => neighbour.clone(),
            Who::DepartmentHead => home.clone(),
            _ if who.has_whole_school() => Ids::new(),
            _ => other.clone(),
        };
        foreign.extend(others_own.clone());
        for word in own::everybodys(who) {
            foreign.remove(word);
        }
        let nothing = foreign.iter().map(|(word, id)| (*word, nothing(word, id))).collect::<Ids>();
        for (aim, mut aimed) in [(Aim::Foreign, foreign), (Aim::Nothing, nothing)] {
            for (word, id) in fixed.iter().chain([
                (&"me", &ids["me"]),
                (&"health", &ids["health"]),
                (&"serial", &ids["serial"]),
            ]) {
                aimed.insert(*word, id.clone());
            }
            world.ids.insert((who, aim), aimed);
        }
        world.ids.insert((who, Aim::Theirs), ids);
    }
}

/// Of what somebody has nothing, however much of its kind there is.
fn lacks(who: Who) -> &'static [&'static str] {
    match who {
        // A part of a department is not enough to sign it.
        Who::Counsellor => &["unit"],
        // A list is undone by whoever brought it.
        Who::CollegeOffice | Who::SchoolOffice => &["change_set"],
        Who::Administrator => &["own_change_set"],
        _ => &[],
    }
}

fn health(who: Who) -> String {
    if who == Who::DepartmentHead { facts::STAFF_HEALTH } else { "health-daily" }.to_owned()
}

/// An id of the same shape of something that is not there.
fn nothing(word: &str, id: &str) -> String {
    match word {
        "department" | "college" | "class" | "unit" => "999999".to_owned(),
        // What has nothing to do with whose it is.
        "free_bed" | "new_number" | "campaign_digest" | "campaign_document" => id.to_owned(),
        "number" | "homeless" | "status_number" | "temporary" => "2099999999".to_owned(),
        _ if id.parse::<i64>().is_ok() => "99999999".to_owned(),
        _ => id.chars().map(|letter| if letter.is_ascii_digit() { '0' } else { letter }).rev().collect(),
    }
}

/// What is the same for everybody.
async fn fixed(world: &mut World) -> Ids {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let mut ids = world.runs.clone();
    ids.insert("page", encode(&format!("{}h5/", world.test.url)));
    ids.insert("campus", encode("东校区"));
    ids.insert("building", encode("3号楼"));
    ids.insert(
        "beds_file",
        "校区,宿舍楼,楼层,房间号,床位号,学号,姓名,入住日期,退宿日期\n东校区,5号楼,1层,101,1号床,,,,\n"
            .to_owned(),
    );
    let people = String::from_utf8(roster_files().0).unwrap();
    ids.insert("roster_file", people.lines().take(2).map(|line| format!("{line}\n")).collect());
    let class: String =
        world.test.one("select name from departments where department_id = $1", &[&world.classes[3]]).await;
    let departments = |name: &str| format!("现部门,新名称,新上级,停用\n{class},{name},,\n");
    ids.insert("departments_file", departments("改了名的班"));
    let idle = world.people.iter().filter(|person| !person.student && person.userid.is_none());
    let idle: Vec<String> = idle.map(|person| person.number.clone()).collect();
    ids.insert("idle", idle[0].clone());
    ids.insert("userid", world.userid(Who::Teacher).to_owned());
    ids.insert("reader", world.userid(Who::Counsellor).to_owned());

    let administrator = world.userid(Who::Administrator).to_owned();
    let asked = facts::done(world, &administrator, "/kinds/preview", &json!({})).await;
    ids.insert("kinds_digest", text(&asked["digest"]));
    let persons = world.client.get(&administrator, "/kinds/persons").await;
    ids.insert("persons_digest", text(&persons.body["digest"]));
    let uploads = world.client.get(&administrator, "/photos/uploads").await;
    ids.insert("upload", text(&uploads.body["items"][0]["id"]));
    for (word, name) in [("spare_plan", "不要的班名"), ("plan", "要改的班名")] {
        let file = departments(name);
        let made =
            world.client.send(Some(&administrator), &Method::POST, "/write-plans", file.as_bytes()).await;
        if !made.body["plan"].is_i64() {
            world.trouble(format!("{word}: {}", made.text));
        }
        ids.insert(word, text(&made.body["plan"]));
    }
    let plan = world.client.get(&administrator, &format!("/write-plans/{}", ids["plan"])).await;
    ids.insert("plan_digest", text(&plan.body["digest"]));
    let outage = json!({ "from": "2020-03-02T10:00:00Z", "until": "2020-03-02T11:00:00Z", "note": "检修" });
    facts::done(world, &administrator, "/outages", &outage).await;
    ids.insert("outage", one(world, "select max(outage_id) from outages").await);
    let notice = json!({ "after": 0, "text": "我们会收集您每天的体温。", "legal_basis": "个人信息保护法第十三条",
            "rests_on_consent": false });
    facts::done(world, &administrator, "/privacy-notices", &notice).await;
    let purged = "insert into retention_purges
          (corp_id, form_id, policy, days, ends_on, began_at, months, rows_hash, ended_at, certificate, certified_at)
        select 1, form_id, '2026-11', 30, '2020-01-31', timestamptz '2020-03-02 00:00Z', '{}', sha256('nothing'),
               timestamptz '2020-03-02 00:00Z', '{}', timestamptz '2020-03-02 00:00Z'
        from forms where code = 'health-daily' returning purge_id";
    ids.insert("certificate", one(world, purged).await);
    let run = world.client.get(&administrator, &format!("/sync-runs/{}", ids["held_run"])).await;
    ids.insert("held_digest", text(&run.body["held_digest"]));
    ids.insert(
        "odd_account",
        one(world, "select max(a.member_id) from members a join persons p using (corp_id, person_id) where p.number like 'X%'").await,
    );
    let sql =
        "select a.userid from members a join persons p using (corp_id, person_id) where p.number like 'X%'
        order by a.member_id desc limit 1";
    ids.insert("odd_userid", world.test.one::<String>(sql, &[]).await);

    messages(world, &administrator, &mut ids).await;
    gate(world, &mut ids).await;
    portal(world, &administrator, &mut ids).await;
    for college in [world.home, world.other] {
        let signed = json!({ "form": "health-daily", "department": college, "note": "已逐一联系" });
        let office = world.userid(Who::SchoolOffice);
        facts::done(world, office, "/sign-offs", &signed).await;
    }

    // A list that may be undone.
    let (listed, office) = (world.class(3)[2].number.clone(), world.userid(Who::SchoolOffice).to_owned());
    let list = format!("学号,类型,开始日期,结束日期,事由\n{listed},请假,2020-08-01,2020-08-02,x\n");
    let told = world.client.send(Some(&office), &Method::POST, "/exemptions/list", list.as_bytes()).await;
    if told.body["added"] != json!(1) {
        world.trouble(format!("a list: {} {}", told.status, told.text));
    }
    world.note("exemptions", &listed);
    ids.insert("change_set", one(world, "select max(change_set_id) from change_sets").await);
    ids
}

/// Rules, an announcement everybody got, and jobs that died.
async fn messages(world: &World, administrator: &str, ids: &mut Ids) {
    let step = json!({ "to": "person", "after_minutes": 0, "wording": "请填写“{form}”" });
    let document = json!({ "days": "workdays", "times": ["06:40"], "steps": [step] });
    for (word, name) in [("rule", "早催办"), ("spare_rule", "不要的催办")] {
        let new = json!({ "form": "health-daily", "name": name, "rule": document });
        ids.insert(word, text(&facts::done(world, administrator, "/reminder-rules", &new).await["id"]));
    }
    ids.insert("rule_document", document.to_string());
    ids.insert(
        "digest_rule",
        one(world, "select min(rule_id) from digest_rules where about = 'unreported'").await,
    );
    let everybody: Vec<&str> = world.seats.values().map(String::as_str).collect();
    let told = json!({ "title": "开学通知", "text": "三月十日开学", "audience": { "numbers": everybody.join("\n") } });
    ids.insert("received", text(&facts::done(world, administrator, "/announcements", &told).await["id"]));
    for (word, key) in [("dead_job", "take_photos 98"), ("spare_job", "take_photos 99")] {
        let sql = "insert into jobs
            (corp_id, kind, payload, unique_key, state, run_at, attempts, max_attempts, last_error, created_at, finished_at)
            values (1, 'take_photos', '{\"upload\": 99}', $2, 'dead', $1, 20, 20, 'an upload', $1, $1) returning job_id";
        ids.insert(word, world.test.one::<i64>(sql, &[&world.test.app.now(), &key]).await.to_string());
    }
}

/// What stands at the gate that `facts` made, and a key.
async fn gate(world: &World, ids: &mut Ids) {
    facts::done(world, world.userid(Who::Teacher), "/me/gate-codes", &json!({})).await;
    ids.insert("zone", one(world, "select min(zone_id) from gate_zones").await);
    ids.insert("gate", one(world, "select min(gate_id) from gates").await);
    ids.insert("device", one(world, "select min(device_id) from gate_devices").await);
    let shown = app::gate_codes::at_gate(
        &world.test.app,
        world.test.school(),
        "at-the-gate",
        app::passages::Direction::In,
    );
    let path = shown.await.unwrap().codes[0].code.clone();
    ids.insert("gate_code", path.split_once("?c=").unwrap().1.to_owned());
    ids.insert("gate_key", world.test.one("select encode(kid, 'hex') from gate_keys", &[]).await);
}

/// Entries for everybody: the one that `facts` made, to open, and one to end.
async fn portal(world: &World, administrator: &str, ids: &mut Ids) {
    ids.insert("entry", one(world, "select min(entry_id) from portal_entries").await);
    let new = json!({ "title": "旧系统", "note": "每天 10 点前", "icon": "report", "kinds": ["student", "staff"],
        "address": "https://report.province.example/", "from": "2020-03-01" });
    ids.insert("spare_entry", text(&facts::done(world, administrator, "/portal/entries", &new).await["id"]));
}

pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

async fn one(world: &World, sql: &str) -> String {
    world.test.one::<i64>(sql, &[]).await.to_string()
}

/// Things of a cast's people. Each serial has things of its own, so that what ends one leaves the others.
async fn of(world: &mut World, cast: &Cast, serial: usize) -> Ids {
    let place = 1 + serial % 11;
    let mut ids = Ids::new();
    ids.insert("department", cast.department.to_string());
    ids.insert("class", cast.department.to_string());
    ids.insert("college", cast.college.to_string());
    ids.insert("unit", cast.unit.to_string());
    for (word, at) in
        [("person", 1), ("silent", 2), ("absent", 3), ("well", 4), ("inactive", 8), ("followed", 12)]
    {
        ids.insert(word, cast.at(at).id.to_string());
    }
    ids.insert("number", cast.at(1).number.clone());
    ids.insert("status_number", cast.at(12).number.clone());
    ids.insert("temporary", cast.at(11).number.clone());
    ids.insert("new_number", format!("203001{serial:02}"));
    ids.insert("homeless", cast.at(3 * (1 + serial % 4)).number.clone());
    let sql = "select r.receipt from reports r join forms f using (corp_id, form_id)
        where r.person_id = $1 and f.code like 'health-daily%' limit 1";
    if let Some(row) = world.test.owner.query_opt(sql, &[&cast.at(1).id]).await.unwrap() {
        ids.insert("receipt", row.get(0));
    }
    let sql = "select max(residence_id) from residences where person_id = $1";
    if let Some(id) = world.test.one::<Option<i64>>(sql, &[&cast.at(1).id]).await {
        ids.insert("residence", id.to_string());
    }
    let sql = "select b.bed_id from beds b where b.building = '4号楼' order by 1 offset $1 limit 1";
    ids.insert("free_bed", world.test.one::<i64>(sql, &[&(serial as i64)]).await.to_string());
    ids.insert("attachment", own::papers(world, &cast.at(1).number).await.0);
    let with_photo: Vec<&Person> =
        cast.people.iter().filter(|person| world.holds("photos", &person.number)).collect();
    ids.insert("photo", with_photo[serial % with_photo.len()].id.to_string());
    ids.insert("place", place_of(world, cast).await);
    for (word, role) in [("grant", "college_leader"), ("counsellor_grant", "counsellor")] {
        ids.insert(word, grant(world, cast, role, serial).await);
    }

    let office = world.userid(Who::SchoolOffice).to_owned();
    let day = |first: &str, days: u64| first.parse::<NaiveDate>().unwrap() + Days::new(days);
    let from = day("2020-07-01", serial as u64);
    let number = cast.at(1).number.clone();
    let leave =
        json!({ "number": number, "kind": "leave", "from": from, "last": from, "reason": facts::REASON });
    facts::done(world, &office, "/exemptions", &leave).await;
    world.note("exemptions", &number);
    ids.insert("exemption", one(world, "select max(exemption_id) from exemptions").await);

    let permit = json!({ "numbers": number, "kind": "standing", "from": format!("2020-03-04T00:00:{serial:02}Z"),
        "until": "2020-07-01T00:00:00Z", "reason": "外出实习" });
    facts::done(world, &office, "/gate-permits", &permit).await;
    ids.insert("permit", one(world, "select max(permit_id) from gate_permits").await);
    let sql = "insert into gate_alarms (corp_id, kind, key, gate_id, device_id, at)
        select 1, 'silent', gen_random_uuid()::text, gate_id, device_id, seen_at from gate_devices
        order by device_id limit 1 returning alarm_id";
    ids.insert("gate_alarm", one(world, sql).await);
    let held = format!(
        "insert into retention_holds (corp_id, form_id, reason, until_date, set_by, set_at)
         select 1, f.form_id, '校内调查', '2020-12-31', m.member_id, timestamptz '2020-03-03 00:00Z'
         from forms f, members m where f.code = 'health-daily' and m.userid = '{office}' returning hold_id"
    );
    ids.insert("hold", one(world, &held).await);
    let reader = world.userid(Who::Counsellor);
    let sql = format!(
        "insert into reading_alarms (corp_id, member_id, day, kind, reading, people, usual, at)
         select 1, member_id, (select coalesce(max(day), date '2019-01-01') + 1 from reading_alarms), 'refused', 'phones', 60, 60,
           timestamptz '2020-03-03T10:00:00Z' from members where userid = '{reader}' returning alarm_id"
    );
    ids.insert("reading_alarm", one(world, &sql).await);
    let visitor = own::visitor(world).await;
    let invited = facts::done(world, world.userid(Who::Teacher), "/me/visitors", &visitor).await;
    ids.insert("visitor", text(&invited["id"]));

    let number = cast.at(place).number.clone();
    let since = if cast.counsellor.is_some() {
        day("2019-09-10", serial as u64)
    } else {
        day("2019-01-10", serial as u64)
    };
    let stay = json!({ "number": number, "from": since, "reason": "延期入学" });
    facts::done(world, &office, "/statuses/stays", &stay).await;
    world.note("statuses", &number);
    ids.insert("status", one(world, "select max(change_id) from status_changes").await);

    let form = if cast.counsellor.is_some() { "health-daily" } else { facts::STAFF_HEALTH };
    let signed = json!({ "form": form, "day": day("2020-02-18", serial as u64), "department": cast.department, "note": "补签" });
    let signed = world.client.post(&office, "/sign-offs", &signed).await;
    if signed.succeeded() {
        ids.insert("sign_off", text(&signed.body["id"]));
    }
    corrections(world, cast, serial, &mut ids).await;
    ids
}

/// A place of somebody that has another before it.
async fn place_of(world: &World, cast: &Cast) -> String {
    let person = cast.at(3);
    let sql = "with now as (
          update memberships set from_date = '2020-02-01'
          where person_id = $1 and is_main and until_date is null and from_date <> '2020-02-01' and $3
          returning corp_id, person_id, department_id)
        insert into memberships (corp_id, person_id, department_id, is_main, from_date, until_date, source)
        select corp_id, person_id, $2, true, date '2019-10-01', date '2020-02-01', 'directory' from now";
    let before = world.classes[1];
    world.test.owner.execute(sql, &[&person.id, &before, &cast.counsellor.is_some()]).await.unwrap();
    let sql = "select membership_id from memberships where person_id = $1 and is_main and until_date is null";
    world.test.one::<i64>(sql, &[&person.id]).await.to_string()
}

/// A grant given by hand.
async fn grant(world: &World, cast: &Cast, role: &str, serial: usize) -> String {
    let department = if role == "counsellor" { cast.department } else { cast.college };
    let idle = world.people.iter().rfind(|person| !person.student && person.userid.is_none()).unwrap();
    let from = "2019-01-01".parse::<NaiveDate>().unwrap() + Days::new(serial as u64);
    let sql =
        "insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date, until_date)
        values (1, $1, $2, $3, '代管', 'manual', $4, '2020-12-31') returning grant_id";
    world.test.one::<i64>(sql, &[&idle.id, &role, &department, &from]).await.to_string()
}

/// Requests that only a roster settles: the administrators'.
async fn numbers_and_classes(world: &mut World, cast: &Cast, ids: &mut Ids) {
    let number = cast.at(2).number.clone();
    for (words, field, value) in [
        (["correction_fix", "correction_values"], "number", "20181234"),
        (["correction_refuse", "correction_confirm"], "class", "2018软件技术9班"),
    ] {
        let wrong = json!({ "field": field, "value": value });
        let id = text(&facts::done(world, &number, "/me/corrections", &wrong).await["id"]);
        world.note("corrections", &number);
        for word in words {
            ids.insert(word, id.clone());
        }
    }
}

/// Requests of four people, or four of one: each for another act.
async fn corrections(world: &mut World, cast: &Cast, serial: usize, ids: &mut Ids) {
    let person = cast.at(1 + serial % 11).clone();
    let fields = [
        ("correction_confirm", "other", "请核对".to_owned()),
        ("correction_fix", "major", "新专业".to_owned()),
        ("correction_refuse", "grade", "2017".to_owned()),
        ("correction_values", "phone", format!("1390000{:04}", 100 + serial)),
    ];
    for (word, field, value) in fields {
        let wrong = json!({ "field": field, "value": value });
        let told = world.client.post(&person.number, "/me/corrections", &wrong).await;
        if !told.succeeded() {
            continue;
        }
        world.note("corrections", &person.number);
        let id = text(&told.body["id"]);
        if let Some(counsellor) = cast.counsellor.clone().filter(|_| word == "correction_fix") {
            // The same request again is confirmed already.
            world.client.post(&counsellor, &format!("/corrections/{id}/confirmation"), &json!({})).await;
        }
        ids.insert(word, id);
    }
}
