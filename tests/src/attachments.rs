//! 附件: a picture is sent while a form is filled in, kept sealed without what the camera wrote into it, tied to its
//! report, and looked at on record.

use std::io::Cursor;

use chrono::{Days, TimeDelta};
use domain::form::{Form, Schedule, schema};
use image::{ImageFormat, Rgb, RgbImage};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::forms::{self, Ownership};

use crate::{
    browser_client::{Browser, Reply},
    test_app::{TestApp, root},
};

/// A camera's picture that says where it was taken.
fn camera(shade: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture =
        RgbImage::from_fn(2400, 1800, |x, _| if x < 1200 { Rgb([shade, 0, 0]) } else { Rgb([0, 0, shade]) });
    picture.write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    let bytes = bytes.into_inner();
    // Orientation 6: held upright.
    let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    tiff.extend_from_slice(b"GPS canary 34.123 113.456");
    let mut block = b"\xff\xe1".to_vec();
    block.extend_from_slice(&u16::try_from(tiff.len() + 8).unwrap().to_be_bytes());
    block.extend_from_slice(b"Exif\0\0");
    block.extend_from_slice(&tiff);
    [&bytes[..2], &block, &bytes[2..]].concat()
}

/// A school that collects photos of reading notes.
async fn start() -> TestApp {
    let test = TestApp::start().await;
    let text = std::fs::read_to_string(root().join("fixtures/forms/reading-notes.json")).unwrap();
    let form: Form = serde_json::from_str(&text).unwrap();
    let today = test.school().today(test.app.now());
    let schedule = Schedule { starts_on: today, ends_on: today + Days::new(30) };
    let mut tx = test.app.store().scoped(1).await.unwrap();
    let of = Ownership { schedule, owner: None, department_id: None };
    let (form_id, _) = forms::add(&mut tx, 1, &form.code, of).await.unwrap();
    forms::publish(&mut tx, 1, form_id, &form, &schema::compile(&form), None, test.app.now()).await.unwrap();
    tx.commit().await.unwrap();
    test
}

async fn send_to(browser: &Browser, query: &str, file: Vec<u8>) -> Reply {
    browser
        .post_raw(&format!("/attachments?{query}"), file, &[("Content-Type", "application/octet-stream")])
        .await
}

/// Sends a picture and gives its id.
async fn send(browser: &Browser, shade: u8) -> String {
    let taken = send_to(browser, "form=reading-notes", camera(shade)).await;
    assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.body);
    taken.body["id"].as_str().unwrap().to_owned()
}

async fn look(browser: &Browser, id: &str) -> (StatusCode, Vec<u8>) {
    let url = browser.url(&format!("/api/v1/attachments/{id}"));
    let response = browser.request(Method::GET, url, None, &[]).await;
    (response.status(), response.bytes().await.unwrap().to_vec())
}

fn notes(photos: &[&str]) -> Value {
    json!({ "form": "reading-notes", "version": 1, "answers": { "book": "边城", "photos": photos } })
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_kept_small_sealed_and_without_where_it_was_taken() {
    let test = start().await;
    let student = test.sign_in(&test.persona("student")).await;
    assert!(holds(&camera(200), b"GPS canary"));
    let id = send(&student, 200).await;

    let (status, bytes) = look(&student, &id).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!holds(&bytes, b"GPS") && !holds(&bytes, b"Exif") && !holds(&bytes, b"canary"));
    let kept = image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).unwrap().to_rgb8();
    assert_eq!(kept.dimensions(), (1200, 1600), "upright, and small");
    assert!(kept.get_pixel(600, 100).0[0] > 150, "the left half is above");

    let stored: Vec<u8> = test.one("select content from attachments", &[]).await;
    assert!(
        !holds(&stored, b"canary") && !holds(&stored, b"\xff\xd8\xff") && !holds(&stored, &bytes[200..260])
    );
    let size: i32 = test.one("select bytes from attachments", &[]).await;
    assert_eq!(usize::try_from(size).unwrap(), bytes.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_shows_its_own_pictures_and_no_others() {
    let test = start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let (one, other) = (test.sign_in(&students[0]).await, test.sign_in(&students[1]).await);
    let (mine, second, theirs) = (send(&one, 200).await, send(&one, 100).await, send(&other, 150).await);

    let strange = "0".repeat(32);
    for photos in [vec![theirs.as_str()], vec![strange.as_str()], vec![mine.as_str(), theirs.as_str()]] {
        let refused = one.post("/reports", &notes(&photos)).await;
        assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["photos"]));
    }
    let tied: i64 = test.one("select count(*) from attachments where report_id is not null", &[]).await;
    assert_eq!(tied, 0, "a refused report ties nothing");

    assert_eq!(one.post("/reports", &notes(&[&mine])).await.status, StatusCode::CREATED);
    // The next revision shows another one; the first stays with the first.
    assert_eq!(one.post("/reports", &notes(&[&second])).await.status, StatusCode::OK);
    let tied: i64 = test.one("select count(*) from attachments where report_id is not null", &[]).await;
    assert_eq!(tied, 2);
    assert_eq!(one.post("/reports", &notes(&[&mine, &second])).await.status, StatusCode::OK);

    // Tied, it is nobody's to take back; untied, its sender's.
    assert_eq!(one.delete(&format!("/attachments/{mine}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(one.delete(&format!("/attachments/{theirs}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(other.delete(&format!("/attachments/{theirs}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(other.post("/reports", &notes(&[&theirs])).await.fields(), ["photos"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn others_look_only_where_answers_are_theirs_to_see_and_on_record() {
    let test = start().await;
    let counsellors = test.personas("counsellor");
    let students = test.students_of(&counsellors[0]).await;
    let (student, classmate) = (test.sign_in(&students[0]).await, test.sign_in(&students[1]).await);
    let id = send(&student, 200).await;
    let counsellor = test.sign_in(&counsellors[0]).await;
    assert_eq!(look(&counsellor, &id).await.0, StatusCode::NOT_FOUND, "no report shows it yet");
    assert_eq!(student.post("/reports", &notes(&[&id])).await.status, StatusCode::CREATED);

    assert_eq!(look(&student, &id).await.0, StatusCode::OK);
    assert_eq!(look(&counsellor, &id).await.0, StatusCode::OK);
    for viewer in [
        classmate,
        test.sign_in(counsellors.last().unwrap()).await,
        test.sign_in(&test.persona("administrator")).await,
    ] {
        assert_eq!(look(&viewer, &id).await.0, StatusCode::NOT_FOUND);
    }
    assert_eq!(look(&student, "nothing").await.0, StatusCode::NOT_FOUND);
    let looks = student.get("/access-log").await;
    assert_eq!(looks.items().len(), 1, "{}", looks.body);
    assert_eq!(
        (&looks.items()[0]["field"], &looks.items()[0]["purpose"]),
        (&json!("attachment"), &json!("review"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_picture_too_much_or_not_asked_is_refused() {
    let test = start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let refused = send_to(&student, "form=reading-notes", b"%PDF-1.7".to_vec()).await;
    assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["file"]));
    let large = send_to(&student, "form=reading-notes", vec![0; 13 << 20]).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(send_to(&student, "form=health-daily", camera(1)).await.fields(), ["form"]);
    assert_eq!(send_to(&student, "form=nothing", camera(1)).await.status, StatusCode::NOT_FOUND);
    let staff = test.sign_in(&test.persona("counsellor")).await;
    assert_eq!(send_to(&staff, "form=reading-notes", camera(1)).await.code(), "not_expected");

    // Twenty wait at most.
    let small = {
        let mut bytes = Cursor::new(Vec::new());
        RgbImage::from_pixel(20, 20, Rgb([9, 9, 9])).write_to(&mut bytes, ImageFormat::Png).unwrap();
        bytes.into_inner()
    };
    for _ in 0..20 {
        assert_eq!(send_to(&student, "form=reading-notes", small.clone()).await.status, StatusCode::CREATED);
    }
    assert_eq!(send_to(&student, "form=reading-notes", small).await.fields(), ["file"]);
    let kept: i64 = test.one("select count(*) from attachments", &[]).await;
    assert_eq!(kept, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_report_shows_is_forgotten_after_a_day() {
    let test = start().await;
    let student = test.sign_in(&test.persona("student")).await;
    let (shown, left) = (send(&student, 200).await, send(&student, 100).await);
    assert_eq!(student.post("/reports", &notes(&[&shown])).await.status, StatusCode::CREATED);
    test.clock.advance(TimeDelta::hours(25));
    app::jobs::look_at_schedules(&test.app).await;
    test.clock.advance(TimeDelta::hours(1));
    test.run_jobs().await;
    let kept: String = test.one("select string_agg(attachment_id, ',') from attachments", &[]).await;
    assert_eq!(kept, shown);
    assert_ne!(kept, left);
}
