//! 宿舍: beds from a list, who sleeps where on which day, and who may know.

use domain::audit::Act;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    audit::details,
    browser_client::{Browser, Reply},
    test_app::TestApp,
};

const HEADER: &str = "校区,宿舍楼,楼层,房间号,床位号,学号,姓名,入住日期,退宿日期\n";

async fn send(browser: &Browser, path: &str, file: &str) -> Reply {
    let file = file.as_bytes().to_vec();
    let reply = browser.post_raw(path, file, &[("Content-Type", "application/octet-stream")]).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply
}

/// Two rooms of four beds in one building and one of two in another; of the first, the first beds are these students'.
fn list(students: &[String]) -> String {
    let mut students = students.iter();
    let mut list = HEADER.to_owned();
    for room in ["301", "302"] {
        for bed in 1..=4 {
            let who =
                students.next().map_or_else(|| ",,,".to_owned(), |number| format!("{number},,2019-09-01,"));
            list.push_str(&format!("东校区,3号楼,3层,{room},{bed}号床,{who}\n"));
        }
    }
    for bed in 1..=2 {
        list.push_str(&format!("东校区,10号楼,,101室,{bed},,,,\n"));
    }
    list
}

async fn rooms(browser: &Browser, rest: &str) -> Reply {
    let building: String = url::form_urlencoded::byte_serialize("3号楼".as_bytes()).collect();
    let campus: String = url::form_urlencoded::byte_serialize("东校区".as_bytes()).collect();
    let reply = browser.get(&format!("/residences/rooms?campus={campus}&building={building}{rest}")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply
}

/// The bed of this name in a room of 3号楼.
async fn bed(browser: &Browser, room: &str, name: &str) -> Value {
    let rooms = rooms(browser, "").await;
    let room = rooms.items().iter().find(|one| one["room"] == json!(room)).expect("the room").clone();
    let beds = room["beds"].as_array().unwrap();
    beds.iter().find(|bed| bed["bed"] == json!(name)).expect("the bed").clone()
}

async fn buildings(browser: &Browser, rest: &str) -> Value {
    let reply = browser.get(&format!("/residences/buildings{rest}")).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.body
}

async fn person(test: &TestApp, number: &str) -> i64 {
    test.one("select person_id from persons where number = $1", &[&number]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_looked_at_brought_and_undone() {
    let test = TestApp::start().await;
    let before = crate::databases::dump(&test.owner).await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let template = administrator.get("/residences/template").await;
    assert!(template.body.as_str().unwrap().contains("校区,楼栋,楼层,房间,床位,学号"), "{}", template.body);

    let list = list(&students[..3]);
    let looked = send(&administrator, "/residences/list/preview", &list).await.body;
    let counts = |body: &Value| {
        ["beds_added", "moved_in", "moved", "moved_out", "unchanged"].map(|name| body[name].as_i64().unwrap())
    };
    assert_eq!((counts(&looked), looked["rows"].as_i64()), ([10, 3, 0, 0, 0], Some(10)), "{looked}");
    assert_eq!(looked["headings"][1]["column"], json!("building"));
    assert_eq!(crate::databases::dump(&test.owner).await, before, "looking writes nothing");
    let brought = send(&administrator, "/residences/list", &list).await.body;
    assert_eq!(counts(&brought), [10, 3, 0, 0, 0]);
    let again = send(&administrator, "/residences/list", &list).await.body;
    assert_eq!(counts(&again), [0, 0, 0, 0, 3], "the same list changes nothing");

    // Two change beds with each other, one moves out, one comes: all in one list.
    let next = format!(
        "{HEADER}东校区,3号楼,3,301,1,{},,2020-03-01,\n东校区,3号楼,3,301,2,{},,2020-03-01,\n\
         东校区,3号楼,3,301,3,{},,,2020-03-01\n东校区,3号楼,3,301,3,{},,2020-03-02,\n",
        students[1], students[0], students[2], students[3]
    );
    let moved = send(&administrator, "/residences/list", &next).await.body;
    assert_eq!(counts(&moved), [0, 1, 2, 1, 0], "{moved}");
    let stays: i64 = test.one("select count(*) from residences", &[]).await;
    assert_eq!(stays, 6, "history is kept");

    let imports = administrator.get("/roster/imports").await;
    let kinds: Vec<&Value> = imports.items().iter().map(|import| &import["kind"]).collect();
    assert_eq!(kinds, [&json!("residences"), &json!("residences"), &json!("roster")]);
    for import in &imports.items()[..2] {
        let undone = administrator.post(&format!("/roster/imports/{}/undo", import["id"]), &json!({})).await;
        assert_eq!(undone.status, StatusCode::NO_CONTENT, "{}", undone.body);
    }
    assert_eq!(crate::databases::dump(&test.owner).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_cell_is_told_and_nothing_is_written() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    send(&administrator, "/residences/list", &list(&students[..1])).await;
    let before = crate::databases::dump(&test.owner).await;
    let wrong = async |rows: &str| {
        let told = send(&administrator, "/residences/list", &format!("{HEADER}{rows}")).await.body;
        let error = &told["errors"][0];
        assert_eq!(told["error_count"], json!(1), "{told}");
        (error["line"].clone(), error["column"].clone(), error["message"].as_str().unwrap().to_owned())
    };
    let (line, column, message) = wrong("东校区,3号楼,3,301,9,20999999,,,\n").await;
    assert_eq!((line, column), (json!(2), json!("学号")));
    assert!(message.contains("名册里没有“20999999”"), "{message}");
    let (_, column, message) = wrong(&format!("东校区,3号楼,3,301,2,{},另一个人,,\n", students[1])).await;
    assert!(column == json!("姓名") && message.contains("姓名不同"), "{column} {message}");
    let (line, column, message) =
        wrong(&format!("东校区,3号楼,3,301,9,,,,\n东校区,3号楼,3,301,1,{},,,\n", students[1])).await;
    assert_eq!((line, column), (json!(3), json!("床位号")));
    assert!(message.contains("住着别人"), "{message}");
    let (_, column, _) = wrong("东校区,,3,301,2,,,,\n").await;
    assert_eq!(column, json!("宿舍楼"));
    assert_eq!(crate::databases::dump(&test.owner).await, before, "all or nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_of_any_day_say_how_full_the_beds_are() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    send(&administrator, "/residences/list", &list(&students[..6])).await;
    let today = buildings(&administrator, "").await;
    assert_eq!((&today["beds"], &today["occupied"]), (&json!(10), &json!(6)));
    let named: Vec<&Value> = today["rows"].as_array().unwrap().iter().map(|row| &row["building"]).collect();
    assert_eq!(named, [&json!("3号楼"), &json!("10号楼")], "as numbers are");
    let third = &today["rows"][0];
    assert_eq!(
        (&third["floors"], &third["rooms"], &third["occupied"]),
        (&json!(["3"]), &json!(2), &json!(6))
    );
    let before = buildings(&administrator, "?day=2019-08-31").await;
    assert_eq!((&before["beds"], &before["occupied"]), (&json!(10), &json!(0)));

    let colleges = administrator.get("/residences/colleges").await.body;
    let enrolled: i64 = test.one("select count(*) from persons where kind = 'student'", &[]).await;
    assert_eq!((&colleges["enrolled"], &colleges["housed"]), (&json!(enrolled), &json!(6)), "{colleges}");
    let counsellor = test.sign_in(&userid).await;
    let mine = counsellor.get("/residences/colleges").await.body;
    assert_eq!((&mine["enrolled"], &mine["housed"]), (&json!(students.len()), &json!(6)));

    let without = counsellor.get("/residences/without?limit=200").await;
    let numbers: Vec<&Value> = without.items().iter().map(|one| &one["number"]).collect();
    assert_eq!(json!(numbers), json!(students[6..]));
    assert!(without.items()[0]["class"].is_string() && without.items()[0]["college"].is_string());
    let first = counsellor.get("/residences/without?limit=2").await;
    let rest = counsellor
        .get(&format!("/residences/without?limit=200&cursor={}", first.body["next_cursor"].as_str().unwrap()))
        .await;
    assert_eq!(first.items().len() + rest.items().len(), students.len() - 6);

    let page = rooms(&counsellor, "&limit=1").await;
    assert_eq!(page.items()[0]["room"], json!("301"));
    let cursor = page.body["next_cursor"].as_str().unwrap().to_owned();
    let last = rooms(&counsellor, &format!("&limit=1&cursor={cursor}")).await;
    assert_eq!(
        (last.items()[0]["room"].clone(), last.body["next_cursor"].clone()),
        (json!("302"), json!(null))
    );
    let free = rooms(&counsellor, "&free=true").await;
    assert_eq!((free.items().len(), free.items()[0]["room"].clone()), (1, json!("302")), "301 is full");
    assert_eq!(counsellor.get("/residences/buildings?day=0001-01-01").await.fields(), ["day"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_shown_to_those_whose_people_they_are() {
    let test = TestApp::start().await;
    let counsellors = test.personas("counsellor");
    let (mine, theirs) = (&counsellors[0], counsellors.last().unwrap());
    let my_student = test.students_of(mine).await[0].clone();
    let their_student = test.students_of(theirs).await[0].clone();
    assert_ne!(my_student, their_student);
    let administrator = test.sign_in(&test.persona("administrator")).await;
    send(&administrator, "/residences/list", &list(&[my_student.clone(), their_student.clone()])).await;

    let counsellor = test.sign_in(mine).await;
    let own = bed(&counsellor, "301", "1").await;
    let name: String = test.one("select name from persons where number = $1", &[&my_student]).await;
    assert_eq!((&own["occupant"]["name"], &own["occupant"]["from"]), (&json!(name), &json!("2019-09-01")));
    let other = bed(&counsellor, "301", "2").await;
    assert_eq!((&other["occupied"], &other["occupant"]), (&json!(true), &json!(null)));
    assert!(!rooms(&counsellor, "").await.body.to_string().contains(&their_student));
    // How many sleep in a building counts others' people: those who see the whole school are told.
    let counts = |told: &Value| (told["occupied"].clone(), told["rows"][0]["occupied"].clone());
    assert_eq!(counts(&buildings(&counsellor, "").await), (Value::Null, Value::Null));
    assert_eq!(counts(&buildings(&administrator, "").await), (json!(2), json!(2)));
    let whole = rooms(&administrator, "").await.body.to_string();
    assert!(!whole.contains(&my_student) && !whole.contains(&their_student), "an administrator sees counts");
    let office = test.sign_in(&test.persona("school_office")).await;
    assert_eq!(bed(&office, "301", "2").await["occupant"]["number"], json!(their_student));

    // Nor can a name be had, or somebody be moved, any other way.
    let theirs = person(&test, &their_student).await;
    assert_eq!(counsellor.get(&format!("/residences/people/{theirs}")).await.items().len(), 0);
    assert_eq!(
        test.looks_at(&my_student).await,
        ["residence", "residence"],
        "by the counsellor and the office"
    );
    assert_eq!(test.looks_at(&their_student).await, ["residence"], "whoever sees no names has not looked");
    assert_eq!(office.get(&format!("/residences/people/{theirs}")).await.items().len(), 1);
    let stay: i64 = test.one("select residence_id from residences where person_id = $1", &[&theirs]).await;
    let out = counsellor.post(&format!("/residences/{stay}/end"), &json!({ "on": "2020-03-04" })).await;
    let not_there = counsellor.post("/residences/999999/end", &json!({ "on": "2020-03-04" })).await;
    assert_eq!((out.status, &out.body), (StatusCode::NOT_FOUND, &not_there.body));
    let free = bed(&counsellor, "301", "3").await["id"].clone();
    let into = |number: &str| json!({ "number": number, "bed": free, "from": "2020-03-04" });
    let refused = counsellor.post("/residences", &into(&their_student)).await;
    assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["number"]));
    for role in ["student", "administrator", "school_leader"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(
            viewer.post("/residences", &into(&my_student)).await.status,
            StatusCode::FORBIDDEN,
            "{role}"
        );
    }
    let student = test.sign_in(&test.persona("student")).await;
    for path in [
        "/residences/buildings",
        "/residences/colleges",
        "/residences/rooms?building=x",
        "/residences/without",
    ] {
        assert_eq!(student.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let list = list(&[]).into_bytes();
    let brought = counsellor.post_raw("/residences/list", list, &[]).await;
    assert_eq!(brought.status, StatusCode::FORBIDDEN, "lists are the administrators'");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_moves_in_over_and_out_by_hand() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    send(&administrator, "/residences/list", &list(&students[..1])).await;
    let counsellor = test.sign_in(&userid).await;
    let second = bed(&counsellor, "301", "2").await["id"].clone();
    let into = |bed: &Value, from: &str| json!({ "number": students[0], "bed": bed, "from": from });
    let moved = counsellor.post("/residences", &into(&second, "2020-02-01")).await;
    assert_eq!((moved.status, &moved.body["moved"]), (StatusCode::OK, &json!("changed")), "{}", moved.body);
    let again = counsellor.post("/residences", &into(&second, "2020-02-01")).await;
    assert_eq!(again.body["moved"], json!("nothing"));
    let early =
        counsellor.post("/residences", &into(&bed(&counsellor, "301", "3").await["id"], "2020-01-01")).await;
    assert_eq!((early.status, early.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["from"]));
    let other = json!({ "number": students[1], "bed": second, "from": "2020-03-01" });
    let taken = counsellor.post("/residences", &other).await;
    assert_eq!((taken.status, taken.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["bed"]));
    let nowhere = json!({ "number": students[1], "bed": 999_999, "from": "2020-03-01" });
    assert_eq!(counsellor.post("/residences", &nowhere).await.fields(), ["bed"]);

    // On any day, they were where they were.
    let on = async |day: &str, name: &str| {
        let rooms = rooms(&counsellor, &format!("&day={day}")).await;
        let beds = rooms.items()[0]["beds"].as_array().unwrap().clone();
        beds.iter().find(|bed| bed["bed"] == json!(name)).unwrap()["occupied"].clone()
    };
    assert_eq!((on("2020-01-31", "1").await, on("2020-01-31", "2").await), (json!(true), json!(false)));
    assert_eq!((on("2020-02-01", "1").await, on("2020-02-01", "2").await), (json!(false), json!(true)));

    let stay = bed(&counsellor, "301", "2").await["occupant"]["residence"].clone();
    let path = format!("/residences/{stay}/end");
    let early = counsellor.post(&path, &json!({ "on": "2020-01-31" })).await;
    assert_eq!((early.status, early.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["on"]));
    let out = counsellor.post(&path, &json!({ "on": "2020-03-01" })).await;
    assert_eq!((out.status, &out.body["moved"]), (StatusCode::OK, &json!("out")), "{}", out.body);
    let again = counsellor.post(&path, &json!({ "on": "2020-03-01" })).await;
    assert_eq!(again.body["moved"], json!("nothing"), "{}", again.body);
    let recorded = details(&test, Act::ResidenceChanged).await;
    let due = [
        json!({ "act": "moved_in", "from": "2020-02-01" }),
        json!({ "act": "moved_out", "until": "2020-03-01" }),
    ];
    assert_eq!(recorded, due, "what was so already is no act");
    assert_eq!(
        counsellor.post("/residences", &other).await.body["moved"],
        json!("in"),
        "the bed is free again"
    );

    let history = counsellor.get(&format!("/residences/people/{}", person(&test, &students[0]).await)).await;
    let days: Vec<(&Value, &Value)> =
        history.items().iter().map(|stay| (&stay["from"], &stay["until"])).collect();
    assert_eq!(
        days,
        [(&json!("2020-02-01"), &json!("2020-03-01")), (&json!("2019-09-01"), &json!("2020-02-01")),]
    );
}
