//! The roster from a file, as an administrator brings it: looked at, put right, imported.

use std::io::Write;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{browser_client::Reply, test_app::TestApp};

async fn send(test: &TestApp, role: &str, path: &str, file: impl Into<Vec<u8>>) -> Reply {
    let viewer = test.sign_in(&test.persona(role)).await;
    viewer.post_raw(path, file, &[("Content-Type", "application/octet-stream")]).await
}

async fn count(test: &TestApp) -> i64 {
    test.one("select count(*) from persons where number like 'Z%'", &[]).await
}

/// An Excel workbook with one sheet of these cells.
fn workbook(rows: &[&[&str]]) -> Vec<u8> {
    let row = |cells: &&[&str]| {
        let cell = |text: &&str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
        format!("<row>{}</row>", cells.iter().map(cell).collect::<String>())
    };
    let sheet = rows.iter().map(row).collect::<String>();
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let links = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let parts = [
        (
            "[Content_Types].xml",
            "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>".to_owned(),
        ),
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
                 <Relationship Id=\"r1\" Type=\"{links}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{links}\"><sheets><sheet name=\"名单\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
                 <Relationship Id=\"r1\" Type=\"{links}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{main}\"><sheetData>{sheet}</sheetData></worksheet>"),
        ),
    ];
    let mut book = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in parts {
        book.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        book.write_all(text.as_bytes()).unwrap();
    }
    book.finish().unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workbook_is_looked_at_and_then_imported() {
    let test = TestApp::start().await;
    let class: String = test
        .one("select name from departments where kind = 'class' order by department_id limit 1", &[])
        .await;
    let file = workbook(&[
        &["序号", "学号", "姓名", "行政班级", "年级", "联系电话"],
        &["1", "Z001", "新同学", &class, "2019", "10012345678"],
        &["2", "Z002", "又一位", &class, "2019", ""],
    ]);
    let looked = send(&test, "administrator", "/roster/preview", file.clone()).await;
    assert_eq!(looked.status, StatusCode::OK, "{}", looked.body);
    let columns: Vec<&Value> =
        looked.body["headings"].as_array().unwrap().iter().map(|heading| &heading["column"]).collect();
    assert_eq!(json!(columns), json!([null, "number", "name", "class", "grade", "phone"]));
    assert_eq!((&looked.body["rows"], &looked.body["error_count"]), (&json!(2), &json!(0)));
    let report = &looked.body["report"];
    assert_eq!(
        (&report["added"], &report["without_account"], &report["memberships_opened"]),
        (&json!(2), &json!(2), &json!(2))
    );
    assert_eq!(count(&test).await, 0, "nothing was written");

    let done = send(&test, "administrator", "/roster", file.clone()).await;
    assert_eq!(&done.body, report, "exactly what was shown");
    assert_eq!(count(&test).await, 2);
    let again = send(&test, "administrator", "/roster", file).await;
    assert_eq!((&again.body["added"], &again.body["changed"]), (&json!(0), &json!(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_is_told_and_nothing_is_written() {
    let test = TestApp::start().await;
    let file = "学号,姓名,班级,年级,联系电话\nZ001,甲,没有的班,2019,\nZ002,,,2019,无\nZ001,乙,,2019,\n";
    let gb18030: Vec<u8> = encoding_rs::GB18030.encode(file).0.into_owned();
    let looked = send(&test, "administrator", "/roster/preview", gb18030.clone()).await;
    let told: Vec<(u64, &str)> = looked.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["line"].as_u64().unwrap(), error["column"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [(3, "姓名"), (3, "联系电话"), (4, "学号")]);
    assert_eq!(looked.body["report"], Value::Null);
    let refused = send(&test, "administrator", "/roster", gb18030).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    // The class is looked for once the lines can be read.
    let looked =
        send(&test, "administrator", "/roster/preview", "学号,姓名,班级,年级\nZ001,甲,没有的班,2019\n").await;
    assert_eq!(looked.body["errors"][0]["column"], "班级");
    let unreadable = send(&test, "administrator", "/roster/preview", "PK\u{3}\u{4}nonsense").await;
    assert_eq!((unreadable.status, unreadable.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["file"]));
    assert_eq!(count(&test).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_mistakes_among_twenty_thousand_rows_are_each_found() {
    let test = TestApp::start().await;
    let mut file = String::from("学号,姓名,身份,年级,联系电话\n");
    let mut planted = Vec::new();
    for n in 0..20_000_u64 {
        let line = n + 2;
        let (mut name, mut phone, mut grade) = ("同学", "10012345678".to_owned(), "2019");
        if n % 100 == 37 {
            match n % 3 {
                0 => name = "",
                1 => phone = "没有".into(),
                _ => grade = "十九",
            }
            planted.push((line, ["姓名", "联系电话", "年级"][usize::try_from(n % 3).unwrap()]));
        }
        file.push_str(&format!("Z{n:05},{name},学生,{grade},{phone}\n"));
    }
    let looked = send(&test, "administrator", "/roster/preview", file).await;
    assert_eq!((planted.len(), &looked.body["error_count"]), (200, &json!(200)));
    let told: Vec<(u64, String)> = looked.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["line"].as_u64().unwrap(), error["column"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(told, planted.into_iter().map(|(line, column)| (line, column.to_owned())).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn people_on_record_may_be_left_as_they_are() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    let file = format!("学号,姓名,身份,年级\n{student},改了名,学生,2018\nZ001,新同学,学生,2019\n");
    let skipped = send(&test, "administrator", "/roster?duplicates=skip", file.clone()).await;
    let counts = |reply: &Reply| json!([reply.body["added"], reply.body["changed"], reply.body["skipped"]]);
    assert_eq!(counts(&skipped), json!([1, 0, 1]));
    let named = "select name from persons where number = $1";
    assert_ne!(test.one::<String>(named, &[&student]).await, "改了名");
    let overwritten = send(&test, "administrator", "/roster?duplicates=overwrite", file).await;
    assert_eq!(counts(&overwritten), json!([0, 1, 0]));
    assert_eq!(test.one::<String>(named, &[&student]).await, "改了名");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_bring_rosters() {
    let test = TestApp::start().await;
    let file = "学号,姓名,身份,年级\nZ001,甲,学生,2019\n";
    for role in ["student", "counsellor", "college_leader", "school_leader"] {
        for path in ["/roster/preview", "/roster"] {
            assert_eq!(send(&test, role, path, file).await.status, StatusCode::FORBIDDEN, "{role} {path}");
        }
    }
    assert_eq!(count(&test).await, 0);
    let large = vec![b'x'; 21 << 20];
    assert_eq!(send(&test, "administrator", "/roster", large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let template = administrator.get("/roster/template").await;
    assert_eq!(template.status, StatusCode::OK);
    assert!(template.body.as_str().unwrap().contains("学号,姓名,身份"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_undone_to_the_byte() {
    let test = TestApp::start().await;
    let before = crate::databases::dump(&test.owner).await;
    let class = test
        .one::<String>(
            "select name from departments where kind = 'class' order by department_id limit 1",
            &[],
        )
        .await;
    // Known people change, 20,000 new ones come.
    let mut file = String::from("学号,姓名,班级,年级,联系电话\n");
    for student in test.students_of(&test.persona("counsellor")).await {
        file.push_str(&format!("{student},改名同学,{class},2018,10012345678\n"));
    }
    for n in 0..20_000 {
        file.push_str(&format!("U{n:05},新同学,{class},2018,100{n:08}\n"));
    }
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let imported = send(&test, "administrator", "/roster", file).await;
    assert_eq!(imported.status, StatusCode::OK, "{}", imported.body);
    assert_ne!(crate::databases::dump(&test.owner).await, before);

    let kept = administrator.get("/roster/imports").await;
    let import = kept.items()[0].clone();
    assert!(import["title"].as_str().unwrap().contains("新增 20000"), "{import}");
    let path = format!("/roster/imports/{}/undo", import["id"]);
    let leader = test.sign_in(&test.persona("school_leader")).await;
    assert_eq!(leader.post(&path, &json!({})).await.status, StatusCode::FORBIDDEN);
    let undone = administrator.post(&path, &json!({})).await;
    assert_eq!(undone.status, StatusCode::NO_CONTENT, "{}", undone.body);
    assert_eq!(crate::databases::dump(&test.owner).await, before);
    assert_eq!(administrator.post(&path, &json!({})).await.status, StatusCode::NOT_FOUND, "once");
    assert!(administrator.get("/roster/imports").await.items()[0]["undone_at"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_whose_people_are_in_use_stays() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let class = test
        .one::<String>(
            "select name from departments where kind = 'class' order by department_id limit 1",
            &[],
        )
        .await;
    let file = format!("学号,姓名,班级,年级\nN1,新同学,{class},2018\n");
    let imported = send(&test, "administrator", "/roster", file).await;
    assert_eq!(imported.status, StatusCode::OK, "{}", imported.body);
    test.owner.execute("update persons set major = '会计' where number = 'N1'", &[]).await.unwrap();
    let import = administrator.get("/roster/imports").await.items()[0]["id"].clone();
    let refused = administrator.post(&format!("/roster/imports/{import}/undo"), &json!({})).await;
    assert_eq!((refused.status, &refused.body["code"]), (StatusCode::CONFLICT, &json!("changed_since")));
    assert_eq!(test.one::<i64>("select count(*) from persons where number = 'N1'", &[]).await, 1);
}
