//! 类型规则: looked at first, saved as one change, followed by the mirror, undone to the byte.

use reqwest::StatusCode;
use serde_json::{Value, json};
use wecom::tags::Tagged;

use crate::{
    browser_client::{Browser, Reply},
    databases::dump,
    sync::leads,
    test_app::TestApp,
};

async fn start() -> (TestApp, Browser) {
    let test = TestApp::start().await;
    // What the contacts-sync assistant would tell comes by the next look at everyone.
    test.control("faults", &json!({ "path": "callback/contacts", "lose": true })).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    (test, administrator)
}

async fn preview(browser: &Browser, rules: &Value) -> Value {
    let reply = browser.post("/kinds/preview", rules).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.body
}

async fn save(browser: &Browser, rules: &Value) -> Value {
    let digest = preview(browser, rules).await["digest"].clone();
    let reply = browser.post("/kinds", &json!({ "rules": rules, "digest": digest })).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.body
}

/// Rules by whose saving somebody would see more than before are not saved by them, and nothing comes of it.
async fn is_refused_for_oneself(test: &TestApp, browser: &Browser, rules: &Value) {
    let before = dump(&test.owner).await;
    let digest = preview(browser, rules).await["digest"].clone();
    let refused = browser.post("/kinds", &json!({ "rules": rules, "digest": digest })).await;
    assert_eq!(refused.fields(), ["rules"], "{}", refused.body);
    assert_eq!(dump(&test.owner).await, before);
}

async fn undo_last(browser: &Browser) -> Reply {
    let imports = browser.get("/roster/imports").await;
    let last = imports.items().iter().find(|set| set["undone_at"].is_null()).expect("a change").clone();
    assert_eq!(last["kind"], json!("kinds"));
    browser.post(&format!("/roster/imports/{}/undo", last["id"]), &json!({})).await
}

async fn department(test: &TestApp, name: &str) -> i32 {
    test.one("select department_id from departments where name = $1 and closed_on is null", &[&name]).await
}

async fn kind(test: &TestApp, id: i32) -> String {
    test.one("select kind from departments where department_id = $1", &[&id]).await
}

/// An account that no roster knows.
async fn newcomer(test: &TestApp, userid: &str, department: i32, position: &str) {
    let member = json!({ "userid": userid, "name": format!("新人{userid}"), "department": [department], "position": position });
    test.control("members", &member).await;
}

fn college(name: &str) -> Value {
    json!({ "departments": [{ "kind": "college", "names": [name] }] })
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_looked_at_saved_followed_and_undone_to_the_byte() {
    let (test, administrator) = start().await;
    let exchange = department(&test, "校际交流").await;
    let class = department(&test, "2019交流生1班").await;
    let before = dump(&test.owner).await;
    let rules = college("校际*");
    let would = preview(&administrator, &rules).await;
    assert_eq!(dump(&test.owner).await, before, "looking writes nothing");
    assert_eq!(would["change_count"], json!(2), "{would}");
    assert_eq!(
        would["changes"],
        json!([
            { "id": exchange, "path": "校际交流", "before": "office", "after": "college", "members": 2 },
            { "id": class, "path": "校际交流/2019交流生1班", "before": "class", "after": "class", "members": 2 },
        ])
    );
    let shift =
        would["kinds"].as_array().unwrap().iter().find(|shift| shift["kind"] == json!("college")).unwrap();
    assert_eq!((&shift["before"], &shift["after"]), (&json!(2), &json!(3)));
    let (was, is) = (&would["standing_before"], &would["standing_after"]);
    assert_eq!(is["in_college"].as_i64().unwrap() - was["in_college"].as_i64().unwrap(), 2, "{would}");

    test.clock.advance(chrono::TimeDelta::days(1));
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let saved = save(&administrator, &rules).await;
    assert_eq!(saved, json!({ "saved": true, "departments": 2 }));
    assert_eq!(save(&administrator, &rules).await, json!({ "saved": false, "departments": 0 }));
    let versions = "select string_agg(kind || ' ' || from_date || '..' || coalesce(until_date::text, ''), ', ' order by from_date)
                    from department_versions where department_id = $1";
    assert_eq!(
        test.one::<String>(versions, &[&exchange]).await,
        "office 2017-09-01..2020-03-05, college 2020-03-05.."
    );
    assert_eq!(administrator.get("/kinds").await.body["rules"]["departments"][0]["names"], json!(["校际*"]));

    // The mirror goes by the rules: nothing to write, and what is new is what they say.
    let quiet = test.sync().await;
    assert_eq!(quiet.rows_written(), 0, "{quiet}");
    test.control("departments", &json!({ "id": 777, "name": "校际合作部", "parent": 1 })).await;
    assert_eq!(test.sync().await.rows_added, 1);
    assert_eq!(kind(&test, 777).await, "college");
    test.control("departments/777", &json!({ "name": "合作部" })).await;
    test.sync().await;
    assert_eq!(kind(&test, 777).await, "office");
    test.owner.batch_execute("delete from department_versions where department_id = 777; delete from departments where department_id = 777").await.unwrap();

    assert_eq!(undo_last(&administrator).await.status, StatusCode::NO_CONTENT);
    assert_eq!(dump(&test.owner).await, before, "every row as it was");
    let url = format!("{}/_sim/departments/777", test.simulator.url());
    reqwest::Client::new().delete(url).send().await.unwrap();
    assert_eq!(test.sync().await.rows_written(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_that_is_no_longer_true_is_refused() {
    let (test, administrator) = start().await;
    let rules = college("校际*");
    let digest = preview(&administrator, &rules).await["digest"].clone();
    let stale = |reply: Reply| {
        assert_eq!((reply.status, reply.code()), (StatusCode::CONFLICT, "stale_approval"), "{}", reply.body);
    };
    // Other rules than those that were shown.
    stale(administrator.post("/kinds", &json!({ "rules": college("*中心"), "digest": digest })).await);
    // The tree has moved on.
    let office = department(&test, "信息中心").await;
    test.control(&format!("departments/{office}"), &json!({ "name": "信息化中心" })).await;
    test.sync().await;
    stale(administrator.post("/kinds", &json!({ "rules": rules, "digest": digest })).await);
    // Somebody else has saved rules.
    let digest = preview(&administrator, &rules).await["digest"].clone();
    save(&administrator, &college("*化中心")).await;
    stale(administrator.post("/kinds", &json!({ "rules": rules, "digest": digest })).await);
    assert_eq!(kind(&test, office).await, "college");
    let strange = administrator.post("/kinds", &json!({ "rules": rules, "digest": "xyz" })).await;
    assert_eq!((strange.status, strange.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["digest"]));
    // An undo is refused once something stands upon it.
    save(&administrator, &rules).await;
    let imports = administrator.get("/roster/imports").await;
    let older = imports.items().iter().filter(|set| set["kind"] == json!("kinds")).nth(1).unwrap().clone();
    let refused = administrator.post(&format!("/roster/imports/{}/undo", older["id"]), &json!({})).await;
    assert_eq!(refused.code(), "changed_since", "{}", refused.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_goes_before_rules_and_leaders_grants_follow() {
    let (test, administrator) = start().await;
    let college = department(&test, "信息学院").await;
    let leader = test.persona("college_leader");
    let roles = "select coalesce(string_agg(g.role, ',' order by g.role), '') from grants g join persons p using (corp_id, person_id)
                 where p.number = $1 and g.source = 'directory' and g.until_date > '2020-03-04'";
    assert_eq!(test.one::<String>(roles, &[&leader]).await, "college_leader");
    let before = dump(&test.owner).await;
    let rules = json!({
        "departments": [{ "kind": "college", "names": ["信息*"] }],
        "pins": [{ "department_id": college, "kind": "office" }],
    });
    let would = preview(&administrator, &rules).await;
    assert_eq!(would["grants_added"], would["grants_ended"], "{would}");
    assert!(would["grants_added"].as_u64().unwrap() >= 1, "{would}");
    save(&administrator, &rules).await;
    assert_eq!(kind(&test, college).await, "office");
    assert_eq!(kind(&test, department(&test, "信息中心").await).await, "college");
    assert_eq!(test.one::<String>(roles, &[&leader]).await, "department_head");
    test.sync().await;
    assert_eq!(kind(&test, college).await, "office", "the mirror keeps a pin");
    let listed = administrator.get("/kinds/departments?text=信息学院&limit=1").await;
    assert_eq!((&listed.items()[0]["by"], &listed.items()[0]["kind"]), (&json!("pin"), &json!("office")));
    assert_eq!(undo_last(&administrator).await.status, StatusCode::NO_CONTENT);
    assert_eq!(dump(&test.owner).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leads_a_department_does_not_make_themselves_more_by_its_kind() {
    let (test, administrator) = start().await;
    let userid = test.persona("administrator");
    let office: i32 = test
        .one(
            "select m.department_id from memberships m join persons p using (corp_id, person_id)
             where p.number = $1 and m.is_main and m.until_date is null",
            &[&userid],
        )
        .await;
    // They lead where they work, which is one office among others, until they say it is a college.
    leads(&test, &userid, true).await;
    test.sync().await;
    let grants = "select coalesce(string_agg(g.role, ',' order by g.role), '') from grants g join persons p using (corp_id, person_id)
                  where p.number = $1 and g.source = 'directory' and g.until_date > '2020-03-04'";
    assert_eq!(test.one::<String>(grants, &[&userid]).await, "department_head");
    let rules = json!({ "departments": [], "pins": [{ "department_id": office, "kind": "college" }] });
    is_refused_for_oneself(&test, &administrator, &rules).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_college_takes_no_other_into_it() {
    let (test, administrator) = start().await;
    let college = department(&test, "信息学院").await;
    let give = "insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date, until_date)
        select 1, person_id, 'college_office', $2, '兼管', 'manual', '2020-03-01', '2020-07-31' from persons where number = $1";
    assert_eq!(test.owner.execute(give, &[&test.persona("administrator"), &college]).await.unwrap(), 1);
    // A school of its own within the college, as WeCom has it: it counts by itself.
    let within = json!({ "id": 987_654, "name": "国际学院", "parent": college });
    test.control("departments", &within).await;
    test.sync().await;
    let inner: i32 = department(&test, "国际学院").await;
    save(
        &administrator,
        &json!({ "departments": [], "pins": [{ "department_id": inner, "kind": "college" }] }),
    )
    .await;
    assert_eq!(kind(&test, inner).await, "college");
    let rules = json!({ "departments": [], "pins": [{ "department_id": inner, "kind": "office" }] });
    is_refused_for_oneself(&test, &administrator, &rules).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_rule_covers_is_listed() {
    let (test, administrator) = start().await;
    let names = |reply: &Reply| -> Vec<String> {
        reply.items().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
    };
    let listed = administrator.get("/kinds/departments?uncovered=true").await;
    assert!(names(&listed).contains(&"学生工作办公室".to_owned()), "{}", listed.body);
    assert!(!names(&listed).contains(&"信息学院".to_owned()));
    let count = administrator.get("/kinds").await.body["uncovered_departments"].clone();
    assert_eq!(count, json!(listed.items().len()));
    save(&administrator, &json!({ "departments": [{ "kind": "office", "names": ["*办公室", "*中心"] }] }))
        .await;
    let listed = administrator.get("/kinds/departments?uncovered=true").await;
    assert_eq!(names(&listed), ["校际交流"], "{}", listed.body);

    let office = department(&test, "信息中心").await;
    newcomer(&test, "wai01", office, "外聘教师").await;
    test.sync().await;
    let accounts = administrator.get("/kinds/accounts").await;
    assert!(accounts.items().iter().any(|account| account["userid"] == json!("wai01")), "{}", accounts.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_proposes_and_persons_are_made_only_when_somebody_says_so() {
    let (test, administrator) = start().await;
    let office = department(&test, "信息中心").await;
    let class: i32 = test.one("select min(department_id) from departments where kind = 'class'", &[]).await;
    newcomer(&test, "wai01", office, "外聘教师").await;
    newcomer(&test, "yu01", class, "").await;
    newcomer(&test, "fang01", office, "访客").await;
    let tag = test.school().mirror.contacts.as_ref().unwrap();
    let tag_id = tag.create_tag("预科生").await.unwrap();
    tag.tag(tag_id, &Tagged { members: vec!["yu01".into()], departments: vec![] }).await.unwrap();
    test.sync().await;
    let before = dump(&test.owner).await;
    let uncovered = administrator.get("/kinds").await.body["accounts"]["uncovered"].as_u64().unwrap();
    let rules = json!({ "persons": [
        { "kind": "student", "tag": tag_id },
        { "kind": "staff", "kinds": ["office"], "positions": ["*教师"] },
    ]});
    let would = preview(&administrator, &rules).await;
    assert_eq!(
        would["accounts_after"],
        json!({ "students": 1, "staff": 1, "uncovered": uncovered - 2 }),
        "{would}"
    );
    assert_eq!(would["account_change_count"], json!(2));
    assert_eq!(would["account_changes"][0]["after"], json!("staff"));
    save(&administrator, &rules).await;
    let persons: i64 = test.one("select count(*) from persons", &[]).await;
    let would = administrator.get("/kinds/persons").await.body;
    assert_eq!(test.one::<i64>("select count(*) from persons", &[]).await, persons, "nobody is invented");
    assert_eq!((&would["students"], &would["staff"]), (&json!(1), &json!(1)), "{would}");

    // What is made is exactly what was shown.
    newcomer(&test, "wai02", office, "外聘教师").await;
    test.sync().await;
    let stale = administrator.post("/kinds/persons", &json!({ "digest": would["digest"] })).await;
    assert_eq!(stale.code(), "stale_approval");
    let would = administrator.get("/kinds/persons").await.body;
    let made = administrator.post("/kinds/persons", &json!({ "digest": would["digest"] })).await;
    assert_eq!(made.body, json!({ "persons": 3 }), "{}", made.body);
    let person = "select p.kind || ' ' || p.name || ' ' || p.from_date || ' ' || s.department_id || ' ' || s.is_main from persons p
        join members m using (corp_id, person_id) join memberships s using (corp_id, person_id) where m.userid = $1";
    assert_eq!(
        test.one::<String>(person, &[&"yu01"]).await,
        format!("student 新人yu01 2020-03-04 {class} true")
    );
    // They sign in as themselves; who was made by rule is the school's own once a roster names them.
    let newcomer = test.sign_in("wai01").await;
    assert_eq!(newcomer.get("/me").await.body["person"]["number"], json!("wai01"));
    let roster =
        "工号,姓名,身份,部门,到校日期\nwai02,新人wai02,教职工,信息中心,2020-03-01\n".as_bytes().to_vec();
    let headers = [("Content-Type", "application/octet-stream")];
    let imported = administrator.post_raw("/roster", roster, &headers).await;
    assert_eq!(imported.status, StatusCode::OK, "{}", imported.body);
    let by_rule = "select string_agg(p.number, ',' order by p.number) from kind_persons join persons p using (corp_id, person_id)";
    assert_eq!(test.one::<String>(by_rule, &[]).await, "wai01,yu01");

    // What stands upon the act keeps it from being undone; taken back in order, all is as it was.
    let imports = administrator.get("/roster/imports").await.items().to_vec();
    let act = |title: &str| {
        let set = imports.iter().find(|set| set["title"].as_str().unwrap().contains(title)).unwrap();
        format!("/roster/imports/{}/undo", set["id"])
    };
    let refused = administrator.post(&act("建立人员"), &json!({})).await;
    assert_eq!(refused.code(), "changed_since", "{}", refused.body);
    for title in ["导入名册 1 人", "建立人员", "保存类型规则"] {
        let undone = administrator.post(&act(title), &json!({})).await;
        assert_eq!(undone.status, StatusCode::NO_CONTENT, "{title}: {}", undone.body);
    }
    let rows = |dump: String| -> Vec<String> {
        dump.lines().filter(|line| !line.contains("wai02")).map(str::to_owned).collect()
    };
    let left: Vec<String> = rows(dump(&test.owner).await);
    assert!(rows(before).iter().all(|line| left.contains(line)));
    assert_eq!(test.one::<i64>("select count(*) from persons", &[]).await, persons);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_tried_before_anything_is_saved() {
    let (test, administrator) = start().await;
    let try_name = async |rules: Value, name: &str, parent: Option<i32>| {
        let reply = administrator
            .post("/kinds/trial", &json!({ "rules": rules, "name": name, "parent_id": parent }))
            .await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
        reply.body
    };
    let none = json!({});
    assert_eq!(
        try_name(none.clone(), "马克思主义学院", None).await,
        json!({ "kind": "college", "by": "built_in", "rule": 8 })
    );
    assert_eq!(
        try_name(none.clone(), "后勤处", None).await,
        json!({ "kind": "office", "by": "nothing", "rule": null })
    );
    let college = department(&test, "信息学院").await;
    assert_eq!(
        try_name(none, "软件系", Some(college)).await["kind"],
        json!("office"),
        "a college has no colleges"
    );
    let rules = json!({ "departments": [{ "kind": "office", "names": ["后勤*"] }, { "kind": "college", "depth_from": 1, "depth_to": 1 }] });
    assert_eq!(
        try_name(rules.clone(), "后勤处", None).await,
        json!({ "kind": "office", "by": "rule", "rule": 1 })
    );
    assert_eq!(try_name(rules, "预科部", None).await, json!({ "kind": "college", "by": "rule", "rule": 2 }));
    let empty = administrator.post("/kinds/trial", &json!({ "rules": {}, "name": " " })).await;
    assert_eq!(empty.fields(), ["name"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_rules_are_told_by_field_and_write_nothing() {
    let (test, administrator) = start().await;
    let college = department(&test, "信息学院").await;
    let before = dump(&test.owner).await;
    for (rules, fields) in [
        (json!({ "departments": [{ "kind": "school", "names": ["*学院"] }] }), vec!["departments.0.top"]),
        (json!({ "departments": [{ "kind": "class", "names": [""] }] }), vec!["departments.0.names"]),
        (json!({ "departments": [{ "kind": "class", "under": 999_999 }] }), vec!["departments.0.under"]),
        (json!({ "persons": [{ "kind": "staff", "tag": 12 }] }), vec!["persons.0.tag"]),
        (
            json!({ "pins": [{ "department_id": college, "kind": "school" }] }),
            vec![&*format!("pins.{college}")],
        ),
        (
            json!({ "pins": [{ "department_id": college, "kind": "class" }, { "department_id": college, "kind": "grade" }] }),
            vec![&*format!("pins.{college}")],
        ),
        (json!({ "departments": [{ "kind": "campus" }] }), vec!["departments[0].kind"]),
        (json!({ "departments": [{ "kind": "class", "name": "x" }] }), vec!["name"]),
    ] {
        let refused = administrator.post("/kinds/preview", &rules).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{rules}: {}", refused.body);
        assert_eq!(refused.fields(), fields, "{rules}");
    }
    assert_eq!(dump(&test.owner).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_touch_rules() {
    let (test, administrator) = start().await;
    let rules = college("校际*");
    let digest = preview(&administrator, &rules).await["digest"].clone();
    for role in ["student", "counsellor", "college_leader", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        for path in ["/kinds", "/kinds/departments", "/kinds/accounts", "/kinds/persons"] {
            assert_eq!(viewer.get(path).await.status, StatusCode::FORBIDDEN, "{role} {path}");
        }
        for (path, body) in [
            ("/kinds", json!({ "rules": rules, "digest": digest })),
            ("/kinds/preview", rules.clone()),
            ("/kinds/trial", json!({ "rules": rules, "name": "x" })),
            ("/kinds/persons", json!({ "digest": "00" })),
        ] {
            assert_eq!(viewer.post(path, &body).await.status, StatusCode::FORBIDDEN, "{role} {path}");
        }
    }
}
