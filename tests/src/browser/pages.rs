//! Every page in a real Chromium: `tests/browser/pages.test.mjs` looks at them, this makes a school with something on
//! each.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;

use super::drive;
use crate::{
    authz::{
        oracle::Who,
        world::{Aim, World, facts::done},
    },
    operations,
    test_app::health_report,
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make pages: it takes minutes"]
async fn every_page_is_good_in_every_state_and_both_languages() {
    let world = World::make().await.with_things().await;
    let ids = fill(&world).await;
    assert_eq!(world.troubles(), Vec::<String>::new());
    let named = Who::ALL.into_iter().filter_map(|who| Some((who.role()?, world.userid(who))));
    let people: BTreeMap<&str, &str> = named.chain([("student", world.userid(Who::Student))]).collect();
    drive(
        &world.test,
        "pages.test.mjs",
        &[("PEOPLE", json!(people).to_string()), ("IDS", json!(ids).to_string())],
    )
    .await;
}

/// What the world lacks: what is told, planned and signed. Gives what the addresses name.
async fn fill(world: &World) -> BTreeMap<&'static str, String> {
    let test = &world.test;
    let userid = |who| world.userid(who).to_owned();
    let (student, counsellor) = (userid(Who::Student), userid(Who::Counsellor));
    let (office, administrator) = (userid(Who::CollegeOffice), userid(Who::Administrator));

    let notice = test.sign_in(&student).await.get("/me/privacy-notice").await;
    let agreed = json!({ "version": notice.body["notice"]["version"], "locale": "zh-CN" });
    done(world, &student, "/me/privacy-notice/agreement", &agreed).await;
    let second = json!({ "temperature": 36.7, "place": "非疫区", "abnormal": false });
    let report = done(world, &student, "/reports", &health_report(second)).await;
    let me: i64 = test.one("select person_id from persons where number = $1", &[&student]).await;
    done(world, &counsellor, &format!("/people/{me}/phone"), &json!({ "purpose": "call" })).await;
    let found_out = json!({ "person": world.class(0)[2].id, "reason": "hospital", "note": "在校医院输液" });
    done(world, &counsellor, "/unreported/health-daily/follow-ups", &found_out).await;

    let told = json!({ "title": "停水通知", "text": "明天 8:00–12:00 停水。\n请提前储水。",
        "audience": { "departments": [world.home] } });
    let announcement = done(world, &office, "/announcements", &told).await["id"].to_string();
    let mut later = told;
    later["title"] = json!("端午放假安排");
    later["send_at"] = json!("2020-03-05T00:00:00Z");
    done(world, &office, "/announcements", &later).await;

    let days = json!({ "text": "2020-05-01 至 2020-05-05,放假,劳动节\n2020-05-09,上班,劳动节" });
    done(world, &administrator, "/school-days", &days).await;
    let path = format!("/movements/2020-03-04/{}/signature", world.office);
    let signature = json!({ "note": "洛阳出差一人" }).to_string();
    let head = userid(Who::DepartmentHead);
    let signed = world.client.send(Some(&head), &Method::PUT, &path, signature.as_bytes()).await;
    assert!(signed.succeeded(), "{}", signed.text);

    let grant = json!({ "number": userid(Who::Teacher), "role": "college_leader", "department": world.home,
        "purpose": "春季学期", "last": "2020-07-31" });
    done(world, &userid(Who::SchoolOffice), "/grants", &grant).await;

    // How the platform is used: what the console shows of some days, an entry, and what can be collected.
    let mut figures = String::from("日期,会议场次,参会人次,微盘使用人次,微盘已用（GB）\n");
    for day in 1..=4 {
        figures.push_str(&format!("2020-03-0{day},{},{},{},30\n", 100 * day, 12_000 * day, 380 * day));
    }
    let path = "/platform/figures/list";
    let brought = world.client.send(Some(&administrator), &Method::POST, path, figures.as_bytes()).await;
    assert!(brought.succeeded(), "{}", brought.text);
    let price =
        json!({ "metric": "drive_price", "part": "1TB", "day": "2020-03-01", "value": 3000 }).to_string();
    let path = "/platform/figures";
    let entered = world.client.send(Some(&administrator), &Method::PUT, path, price.as_bytes()).await;
    assert!(entered.succeeded(), "{}", entered.text);
    done(world, &administrator, "/platform/collection", &json!({})).await;

    // Who opened an entry, who is on the list, and one that was ended.
    let entry = world.ids(Who::SchoolOffice, Aim::Theirs)["entry"].clone();
    let spare = world.ids(Who::SchoolOffice, Aim::Theirs)["spare_entry"].clone();
    for number in world.class(0).iter().step_by(2).map(|person| person.number.clone()) {
        world.client.post(&number, &format!("/portal/{entry}/passes"), &json!({})).await;
    }
    let mut list = String::from("学号\n");
    world.class(0).iter().step_by(3).for_each(|person| list.push_str(&format!("{}\n", person.number)));
    let path = format!("/portal/entries/{entry}/list");
    let brought = world.client.send(Some(&administrator), &Method::POST, &path, list.as_bytes()).await;
    assert!(brought.succeeded(), "{}", brought.text);
    let new = json!({ "title": "图书馆", "note": "查书、续借", "icon": "library", "kinds": ["student", "staff"],
        "address": "https://lib.school.example/", "from": "2020-03-01" });
    done(world, &administrator, "/portal/entries", &new).await;
    done(world, &administrator, &format!("/portal/entries/{spare}/end"), &json!({})).await;

    // Somebody is expected all day.
    let visitor = json!({ "name": "来访人", "phone": "100 1234 5678", "reason": "设备检修", "company": "某某公司",
        "plate": "豫C00001", "zones": [test.one::<i64>("select min(zone_id) from gate_zones", &[]).await],
        "from": "2020-03-04T00:00:00Z", "until": "2020-03-04T12:00:00Z" });
    let invited = done(world, &counsellor, "/me/visitors", &visitor).await;
    let visit = invited["path"].as_str().unwrap().rsplit_once("#t=").unwrap().1.to_owned();

    let rule = test.one::<i64>("select min(rule_id) from reminder_rules", &[]).await;
    for act in ["pause", "resume"] {
        done(world, &administrator, &format!("/reminder-rules/{rule}/{act}"), &json!({})).await;
    }
    // The rule's first time of the day, and a job that died.
    test.clock.set_time("10:00");
    // WeCom refuses to tell of days long past.
    test.control("clock", &json!({ "set": test.app.now().to_rfc3339() })).await;
    assert_eq!(app::reminders::plan_due(&test.app, test.school()).await.unwrap(), 1);
    test.run_jobs().await;
    operations::bury(test).await;

    let mut ids: BTreeMap<&'static str, String> = BTreeMap::new();
    let named: [(Who, &[&'static str]); 4] = [
        (Who::Student, &["own_receipt"]),
        (Who::Counsellor, &["own_round", "receipt"]),
        (Who::SchoolOffice, &["campaign", "entry"]),
        (Who::Administrator, &["held_run", "plan", "upload", "gate", "gate_code"]),
    ];
    for (who, words) in named {
        let theirs = world.ids(who, Aim::Theirs);
        ids.extend(words.iter().map(|word| (*word, theirs[word].clone())));
    }
    ids.insert("own_report", report["receipt"].as_str().unwrap_or_default().to_owned());
    ids.insert("announcement", announcement);
    ids.insert("rule", rule.to_string());
    ids.insert("visit", visit);
    ids
}
