//! The school's table, what each viewer sees of it, and the people behind the numbers.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    browser_client::Browser,
    test_app::{TestApp, health_report, normal_answers},
};

fn counts(row: &Value) -> [i64; 5] {
    ["expected", "reported", "unreported", "normal", "abnormal"].map(|name| row[name].as_i64().unwrap())
}

/// Every row and the total add up.
fn assert_adds_up(table: &Value) {
    let rows = table["rows"].as_array().unwrap();
    let mut sum = [0; 5];
    for row in rows.iter().chain([&table["total"]]) {
        let [expected, reported, unreported, normal, abnormal] = counts(row);
        assert_eq!((reported + unreported, normal + abnormal), (expected, reported), "{row}");
    }
    for row in rows {
        for (total, value) in sum.iter_mut().zip(counts(row)) {
            *total += value;
        }
    }
    assert_eq!(sum, counts(&table["total"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_counts_and_drills_down() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let one = test.sign_in(&students[0]).await;
    one.post("/reports", &health_report(normal_answers())).await;
    let two = test.sign_in(&students[1]).await;
    let fever = json!({ "temperature": 38.0, "place": "非疫区", "abnormal": false });
    two.post("/reports", &health_report(fever)).await;

    let leader = test.sign_in(&test.persona("school_leader")).await;
    let school = leader.get("/statistics/health-daily?by=college").await;
    assert_adds_up(&school.body);
    assert_eq!(counts(&school.body["total"]), [58, 2, 56, 1, 1]);
    let names: Vec<&str> = school.body["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["department"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["信息学院", "管理学院"]);

    let college = &school.body["rows"][0];
    let id = &college["department"]["id"];
    for by in ["grade", "class"] {
        let below = leader.get(&format!("/statistics/health-daily?by={by}&department={id}")).await;
        assert_adds_up(&below.body);
        assert_eq!(counts(&below.body["total"]), counts(college), "{by}");
    }
    for (state, count) in
        [("expected", 0), ("reported", 1), ("unreported", 2), ("normal", 3), ("abnormal", 4)]
    {
        let people = leader
            .get(&format!("/statistics/health-daily/people?department={id}&state={state}&limit=200"))
            .await;
        assert_eq!(people.items().len() as i64, counts(college)[count], "{state}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_a_list_shows_to_be_abnormal_reads_who_looked_once_a_day() {
    let test = TestApp::start().await;
    let counsellor_id = test.persona("counsellor");
    let students = test.students_of(&counsellor_id).await;
    let well = test.sign_in(&students[0]).await;
    well.post("/reports", &health_report(normal_answers())).await;
    let ill = test.sign_in(&students[1]).await;
    let fever = json!({ "temperature": 38.0, "place": "非疫区", "abnormal": false });
    let receipt = ill.post("/reports", &health_report(fever)).await.body["receipt"].clone();
    let looks = || test.one::<i64>("select count(*) from access_log where field = 'state'", &[]);

    // Figures, and lists of those who are well or have not reported, are no look at anybody's health.
    let counsellor = test.sign_in(&counsellor_id).await;
    for path in [
        "/statistics/health-daily",
        "/statistics/health-daily/people?state=normal",
        "/statistics/health-daily/people?state=unreported",
        "/reviews/counts",
    ] {
        assert_eq!(counsellor.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(looks().await, 0);

    // Lists that show it are one look together, however often and by whichever way they are opened.
    let lists = [
        "/statistics/health-daily/people?state=abnormal".to_owned(),
        "/statistics/health-daily/people?limit=200".to_owned(),
        "/reviews".to_owned(),
        format!("/reviews/{}", receipt.as_str().unwrap()),
    ];
    let asked = lists.iter().cycle().take(8).map(|path| counsellor.get(path));
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    }
    let log = ill.get("/access-log").await;
    let name: String = test.one("select name from persons where number = $1", &[&counsellor_id]).await;
    let seen: Vec<_> = log.items().iter().filter(|look| look["field"] == "state").collect();
    assert_eq!(seen.len(), 1, "{}", log.body);
    assert_eq!(seen[0]["viewer"], json!(name));
    assert!(well.get("/access-log").await.items().is_empty());
    let spent: i64 = test.one("select people from reading_budgets where kind = 'states'", &[]).await;
    assert_eq!(spent, 1);
    let recorded: i64 = test
        .one(
            "select count(*) from audit_events e join persons p on p.corp_id = e.corp_id and p.person_id = e.subject
             where e.action = 'look' and e.detail = '{\"field\": \"state\"}' and p.number = $1",
            &[&students[1]],
        )
        .await;
    assert_eq!(recorded, 1);

    // Another viewer is another look, as the first rows of a sheet are one, and so is another day.
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let sheet = json!({ "dataset": "report_people", "columns": [{ "column": "number", "title": "学号" }],
        "order": "listed", "filters": { "form": "health-daily", "state": "abnormal" } });
    let preview = leader.post("/exports/preview", &sheet).await;
    assert_eq!(preview.body["rows"], json!([[students[1]]]), "{}", preview.body);
    assert_eq!(looks().await, 2);
    assert_eq!(leader.get(&lists[0]).await.items().len(), 1);
    assert_eq!(looks().await, 2);
    test.clock.advance(chrono::TimeDelta::days(1));
    let counsellor = test.sign_in(&counsellor_id).await;
    for _ in 0..2 {
        let then = counsellor.get(&format!("{}&day=2020-03-04", lists[0])).await;
        assert_eq!(then.items().len(), 1, "{}", then.body);
    }
    assert_eq!(looks().await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_sees_their_part_and_no_more() {
    let test = TestApp::start().await;
    let total = |table: &Value| counts(&table["total"])[0];
    let counsellor = test.persona("counsellor");
    let mine = test.students_of(&counsellor).await.len() as i64;
    let table = test.sign_in(&counsellor).await.get("/statistics/health-daily").await;
    assert_eq!(total(&table.body), mine);

    let leader = test.sign_in(&test.persona("college_leader")).await;
    let table = leader.get("/statistics/health-daily").await;
    assert_eq!(table.body["rows"].as_array().unwrap().len(), 1);
    let own = table.body["rows"][0]["department"]["id"].clone();
    let everything = test.sign_in(&test.persona("school_leader")).await.get("/statistics/health-daily").await;
    let rows = everything.body["rows"].as_array().unwrap();
    let foreign = rows.iter().map(|row| &row["department"]["id"]).find(|id| **id != own).unwrap();
    let table = leader.get(&format!("/statistics/health-daily?department={foreign}")).await;
    assert_eq!(total(&table.body), 0);
    let people = leader.get(&format!("/statistics/health-daily/people?department={foreign}")).await;
    assert!(people.items().is_empty());

    let student = test.sign_in(&test.persona("student")).await;
    assert_eq!(student.get("/statistics/health-daily").await.status, StatusCode::FORBIDDEN);
    let administrator = test.sign_in(&test.persona("administrator")).await;
    assert_eq!(administrator.get("/statistics/health-daily").await.status, StatusCode::OK, "counts");
    assert_eq!(
        administrator.get("/statistics/health-daily/people").await.status,
        StatusCode::FORBIDDEN,
        "no people"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_past_day_uses_the_roster_of_that_day() {
    let test = TestApp::start().await;
    let leader = test.persona("school_leader");
    let before = test.sign_in(&leader).await.get("/statistics/health-daily?day=2020-03-04").await;
    let student = test.persona("student");
    test.clock.advance(chrono::TimeDelta::days(3));
    let url = format!("{}/_sim/members/{student}", test.simulator.url());
    assert!(reqwest::Client::new().delete(url).send().await.unwrap().status().is_success());
    test.simulator.callbacks_delivered().await;
    test.run_jobs().await;
    let leader = test.sign_in(&leader).await;
    let then = leader.get("/statistics/health-daily?day=2020-03-04").await;
    assert_eq!(then.body["total"], before.body["total"]);
    let now = leader.get("/statistics/health-daily").await;
    assert_eq!(counts(&now.body["total"])[0], counts(&before.body["total"])[0] - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_before_the_form_is_empty_and_a_bad_day_is_told() {
    let test = TestApp::start().await;
    let leader = test.sign_in(&test.persona("school_leader")).await;
    assert_eq!(
        leader.get("/statistics/health-daily?day=yesterday").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        leader.get("/statistics/health-daily?by=planet").await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(leader.get("/statistics/nothing").await.status, StatusCode::NOT_FOUND);
    let early = leader.get("/statistics/health-daily?day=2010-01-01").await;
    assert_eq!(counts(&early.body["total"]), [0; 5]);
}

/// Has these students of the counsellor's report from these places, the first after the cut-off and with a fever.
async fn report_from(test: &TestApp, students: &[String], places: &[&str]) {
    for (student, place) in students.iter().zip(places).skip(1) {
        let answers = json!({ "temperature": 36.4, "place": place, "abnormal": false });
        let reply = test.sign_in(student).await.post("/reports", &health_report(answers)).await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    }
    test.clock.set_time("20:30");
    let fever = json!({ "temperature": 38.0, "place": places[0], "abnormal": false });
    let reply = test.sign_in(&students[0]).await.post("/reports", &health_report(fever)).await;
    assert_eq!((reply.status, &reply.body["late"]), (StatusCode::CREATED, &json!(true)), "{}", reply.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_category_opens_its_people_and_the_colleges_add_up() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let places = ["湖北", "非疫区", "非疫区", "南阳"];
    report_from(&test, &students, &places).await;

    let leader = test.sign_in(&test.persona("school_leader")).await;
    let found = leader.get("/statistics/health-daily/categories").await.body;
    let place = &found["fields"][0];
    assert_eq!(
        (&place["field"], &found["total"]["reported"], &found["total"]["late"]),
        (&json!("place"), &json!(4), &json!(1))
    );
    let titles: Vec<&str> =
        place["categories"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect();
    assert_eq!(
        titles,
        ["非疫区", "湖北", "广东", "浙江", "南阳"],
        "in the form's order, also where nobody is"
    );

    let mut sums = vec![0; titles.len()];
    for row in place["rows"].as_array().unwrap() {
        for (sum, people) in sums.iter_mut().zip(row["people"].as_array().unwrap()) {
            *sum += people.as_i64().unwrap();
        }
    }
    for ((title, sum), category) in titles.iter().zip(sums).zip(place["categories"].as_array().unwrap()) {
        let counted: i64 =
            test.one("select count(*) from reports where facts ->> 'place' = $1", &[title]).await;
        assert_eq!((category["people"].as_i64().unwrap(), sum), (counted, counted), "{title}");
        let people =
            leader.get(&format!("/statistics/health-daily/people?field=place&category={title}")).await;
        assert_eq!(people.items().len() as i64, counted, "{title}");
    }
    let none = leader.get("/statistics/health-daily/people?field=place&category=").await;
    assert!(none.items().is_empty(), "everybody who reported is in a category");

    let late = leader.get("/statistics/health-daily/people?state=late").await;
    assert_eq!(
        (late.items().len(), &late.items()[0]["number"], &late.items()[0]["late"]),
        (1, &json!(students[0]), &json!(true))
    );
    let table = leader.get("/statistics/health-daily").await;
    assert_eq!(table.body["total"]["late"], json!(1));

    let administrator = test.sign_in(&test.persona("administrator")).await;
    assert_eq!(administrator.get("/statistics/health-daily/categories").await.status, StatusCode::OK);
    let student = test.sign_in(&test.persona("student")).await;
    assert_eq!(student.get("/statistics/health-daily/categories").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_span_has_each_day_by_its_roster_and_its_departments_add_up() {
    let test = TestApp::start().await;
    let counsellor = test.persona("counsellor");
    let students = test.students_of(&counsellor).await;
    for reported in [2, 3] {
        for student in &students[..reported] {
            test.sign_in(student).await.post("/reports", &health_report(normal_answers())).await;
        }
        test.clock.advance(chrono::TimeDelta::days(1));
    }
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let trend = leader.get("/statistics/health-daily/trend?from=2020-03-01&to=2020-03-31").await.body;
    let days: Vec<(&str, i64)> = trend["days"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (of["day"].as_str().unwrap(), of["counts"]["reported"].as_i64().unwrap()))
        .collect();
    assert_eq!(
        days,
        [("2020-03-04", 2), ("2020-03-05", 3), ("2020-03-06", 0)],
        "since the form is asked, until today"
    );

    let compared = leader.get("/statistics/health-daily/comparison?from=2020-03-04&to=2020-03-06").await.body;
    let mut reported = 0;
    for row in compared["rows"].as_array().unwrap() {
        let of_days: i64 =
            row["days"].as_array().unwrap().iter().map(|day| day["reported"].as_i64().unwrap()).sum();
        assert_eq!(row["sum"]["reported"].as_i64().unwrap(), of_days);
        reported += of_days;
    }
    assert_eq!(
        (reported, compared["total"]["reported"].as_i64(), compared["total"]["expected"].as_i64()),
        (5, Some(5), Some(3 * 58))
    );

    let of_counsellor = test.sign_in(&counsellor).await.get("/statistics/health-daily/trend").await.body;
    let mine = of_counsellor["days"].as_array().unwrap();
    assert!(mine.iter().all(|of| of["counts"]["expected"] == json!(students.len())));

    for (query, field) in [
        ("from=2020-01-01&to=2020-12-31", "from"),
        ("from=2020-03-05&to=2020-03-04", "from"),
        ("to=2500-01-01", "to"),
    ] {
        let reply = leader.get(&format!("/statistics/health-daily/trend?{query}")).await;
        assert_eq!(
            (reply.status, &reply.body["errors"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)),
            "{query}"
        );
    }
    let once = leader.get("/statistics/basic-info/trend").await;
    assert_eq!(once.body["errors"][0]["field"], json!("form"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_forms_with_figures_say_what_their_pages_need() {
    let test = TestApp::start().await;
    let leader = test.sign_in(&test.persona("school_leader")).await;
    let forms = leader.get("/statistics").await;
    let known: Vec<_> = forms
        .items()
        .iter()
        .map(|form| {
            (
                form["code"].as_str().unwrap(),
                form["cadence"].as_str().unwrap(),
                form["trips"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        known,
        [("health-daily", "daily", false), ("basic-info", "once", false), ("trips", "event", true)]
    );
    let student = test.sign_in(&test.persona("student")).await;
    assert_eq!(student.get("/statistics").await.status, StatusCode::FORBIDDEN);
}

/// Reports of the first `many` students by number whom colleges count, as if they had come one by one.
async fn fill_basic_info(test: &TestApp, many: i64) {
    let sql = "insert into reports (corp_id, form_id, person_id, day, slot, occurrence, form_version_id, revision, receipt, state,
                 facts, flags, late, source, retention, month, submitted_at, revised_at)
        select s.corp_id, f.form_id, s.person_id, null::date, 0, 0, v.form_version_id, 1, 'TESTRECEIPT' || s.person_id, 'normal',
               jsonb_build_object('residence', case when s.person_id % 2 = 0 then '家里' else '学校宿舍' end), '{}'::text[], false, 'self',
               'standard', date '2020-03-01', timestamptz '2020-03-04T00:00:00Z', timestamptz '2020-03-04T00:00:00Z'
        from forms f join form_versions v using (corp_id, form_id)
        join lateral (
          select p.corp_id, p.person_id from persons p
          join memberships m on m.corp_id = p.corp_id and m.person_id = p.person_id and m.is_main and m.until_date is null
          join departments d on d.corp_id = m.corp_id and d.department_id = m.department_id
          where p.kind = 'student' and d.college_id is not null order by p.number limit $1) s on true
        where f.code = 'basic-info'";
    assert_eq!(test.owner.execute(sql, &[&many]).await.unwrap(), many as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_answered_once_has_its_completion_down_to_the_person() {
    let test = TestApp::start_with(crate::test_app::Shape::reference()).await;
    test.sync().await;
    let (people, grants) = crate::test_app::roster_files_of(crate::test_app::REFERENCE);
    app::roster::import(&test.app, test.school(), &people, Some(&grants))
        .await
        .expect("the roster is imported");
    let figures: Value = serde_json::from_str(
        &std::fs::read_to_string(crate::test_app::root().join("fixtures/school/figures.json")).unwrap(),
    )
    .unwrap();
    fill_basic_info(&test, 14_365).await;
    let leader = test.sign_in(&test.personas_of(crate::test_app::REFERENCE, "school_leader")[0]).await;

    let school = leader.get("/statistics/basic-info").await;
    assert_adds_up(&school.body);
    assert_eq!(counts(&school.body["total"])[..3], [15_380, 14_365, 1_015]);
    assert!(figures.to_string().contains("14365"), "the figures of the reference school say the same");
    let told = leader.get("/statistics/basic-info/bulletin").await;
    assert!(
        told.body["sentence"]
            .as_str()
            .unwrap()
            .contains("应报15380人，已报14365人，未报1015人，上报率93.40%"),
        "{}",
        told.body["sentence"]
    );

    // Down to the last person, and each level adds up to the one above.
    let college = school.body["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["unreported"].as_i64() > Some(0))
        .unwrap();
    let id = &college["department"]["id"];
    let classes = leader.get(&format!("/statistics/basic-info?by=class&department={id}")).await;
    assert_adds_up(&classes.body);
    assert_eq!(counts(&classes.body["total"]), counts(college));
    let class = classes.body["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["unreported"].as_i64() > Some(0))
        .unwrap();
    let id = &class["department"]["id"];
    let people = leader
        .get(&format!("/statistics/basic-info/people?department={id}&state=unreported&limit=200"))
        .await;
    assert_eq!(people.items().len() as i64, counts(class)[2]);
    let categories = leader.get("/statistics/basic-info/categories").await.body;
    let of = |field: usize| {
        categories["fields"][field]["categories"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["people"].as_i64().unwrap())
            .sum::<i64>()
    };
    assert_eq!((of(0), of(1)), (14_365, 14_365), "who did not answer is counted too");
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_are_counted_under_their_college_or_their_department() {
    let test = TestApp::start().await;
    let leader = test.sign_in(&test.persona("school_leader")).await;
    // The form of events asks staff too.
    let table = leader.get("/statistics/trips?by=department").await;
    assert_adds_up(&table.body);
    let rows = table.body["rows"].as_array().unwrap();
    let office =
        rows.iter().find(|row| row["department"]["name"] == json!("信息中心")).expect("an office has a row");
    let counted: i64 = test
        .one(
            "select count(*) from persons p join memberships m using (corp_id, person_id) join departments d using (corp_id, department_id)
             where m.is_main and m.until_date is null and d.name = '信息中心'",
            &[],
        )
        .await;
    assert_eq!(office["expected"].as_i64(), Some(counted));
    assert!(rows.iter().any(|row| row["department"]["name"] == json!("信息学院")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_asks_again_is_told_when_nothing_has_changed() {
    let test = TestApp::start().await;
    let leader = test.sign_in(&test.persona("school_leader")).await;
    for path in
        ["/statistics/health-daily", "/statistics/health-daily/categories", "/trips/summary", "/movements"]
    {
        let url = leader.url(&format!("/api/v1{path}"));
        let first = leader.get(path).await;
        let tag = first.headers["etag"].to_str().unwrap().to_owned();
        test.clock.advance(chrono::TimeDelta::seconds(15));
        let same = leader.request(reqwest::Method::GET, url.clone(), None, &[("If-None-Match", &tag)]).await;
        assert_eq!(same.status(), StatusCode::NOT_MODIFIED, "{path}");
        assert!(same.headers()["x-as-of"].to_str().unwrap() > first.body["as_of"].as_str().unwrap());
    }
    let url = leader.url("/api/v1/statistics/health-daily");
    let tag = leader.get("/statistics/health-daily").await.headers["etag"].to_str().unwrap().to_owned();
    let student = test.sign_in(&test.persona("student")).await;
    student.post("/reports", &health_report(normal_answers())).await;
    let changed = leader.request(reqwest::Method::GET, url, None, &[("If-None-Match", &tag)]).await;
    assert_eq!(changed.status(), StatusCode::OK);
}

/// Every figure there is for whoever looks on.
const FIGURES: [&str; 15] = [
    "/statistics/health-daily",
    "/statistics/health-daily?by=class",
    "/statistics/health-daily/bulletin",
    "/statistics/health-daily/categories",
    "/statistics/health-daily/comparison?from=2020-03-03",
    "/statistics/health-daily/explanation",
    "/statistics/health-daily/trend",
    "/registration?by=college",
    "/residences/colleges",
    "/photos/coverage",
    "/passages/inside",
    "/passages/hours",
    "/passages/table?by=college",
    "/movements",
    "/sign-offs?form=health-daily",
];

async fn figures(browser: &Browser) -> Vec<Value> {
    let mut all = Vec::new();
    for path in FIGURES {
        let reply = browser.get(path).await;
        assert_eq!(reply.status, StatusCode::OK, "{path}: {}", reply.body);
        all.push(reply.body);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_outside_ones_part_of_the_school_changes_none_of_its_figures() {
    let test = TestApp::start().await;
    let userid = test.persona("college_leader");
    let leader = test.sign_in(&userid).await;
    let whole = test.sign_in(&test.persona("school_leader")).await;
    let (before, school_before) = (figures(&leader).await, figures(&whole).await);

    // Elsewhere a few report, one has a fever, one is on leave, one stops using WeCom: counts of one that say who it is.
    let sql = "select p.number from persons p
        join memberships m on m.corp_id = p.corp_id and m.person_id = p.person_id and m.is_main and m.until_date is null
        join departments d on d.corp_id = m.corp_id and d.department_id = m.department_id
        join departments c on c.corp_id = d.corp_id and c.department_id = d.college_id
        where p.kind = 'student' and c.name in ('信息学院', '管理学院') and c.department_id not in (
          select g.department_id from grants g join persons l using (corp_id, person_id)
          where l.number = $1 and g.role = 'college_leader')
        order by p.number limit 4";
    let rows = test.owner.query(sql, &[&userid]).await.unwrap();
    let elsewhere: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    let fever = json!({ "temperature": 38.0, "place": "非疫区", "abnormal": false });
    for (number, answers) in elsewhere.iter().zip([normal_answers(), fever]) {
        let sent = test.sign_in(number).await.post("/reports", &health_report(answers)).await;
        assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.body);
    }
    let leave = json!({ "number": elsewhere[2], "kind": "leave", "from": "2020-03-04", "last": "2020-03-05",
        "reason": "返乡" });
    let office = test.sign_in(&test.persona("school_office")).await;
    let granted = office.post("/exemptions", &leave).await;
    assert_eq!(granted.status, StatusCode::OK, "{}", granted.body);
    let sql = "update members set status = 4 from persons p
        where p.corp_id = members.corp_id and p.person_id = members.person_id and p.number = $1";
    assert_eq!(test.owner.execute(sql, &[&elsewhere[3]]).await.unwrap(), 1);

    for ((path, before), after) in FIGURES.iter().zip(before).zip(figures(&leader).await) {
        assert_eq!(before, after, "{path}");
    }
    let seen: Vec<&str> = FIGURES
        .iter()
        .zip(school_before)
        .zip(figures(&whole).await)
        .filter(|((_, before), after)| before != after)
        .map(|((path, _), _)| *path)
        .collect();
    for path in
        ["/statistics/health-daily", "/statistics/health-daily/explanation", "/registration?by=college"]
    {
        assert!(seen.contains(&path), "the school's leader sees it: {path} of {seen:?}");
    }
}
