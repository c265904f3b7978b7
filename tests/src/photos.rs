//! 照片: a .zip goes in, one small sealed picture a person stays, and every look is on record.

use std::io::{Cursor, Write};

use domain::audit::Act;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    audit::details,
    browser_client::{Browser, Reply},
    test_app::TestApp,
};

/// A picture of one colour.
fn picture(width: u32, height: u32, colour: [u8; 3], format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = DynamicImage::from(RgbImage::from_pixel(width, height, Rgb(colour)));
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn photo(colour: [u8; 3]) -> Vec<u8> {
    picture(600, 800, colour, ImageFormat::Jpeg)
}

fn zip(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

async fn send(browser: &Browser, file: Vec<u8>) -> Reply {
    browser.post_raw("/photos/uploads", file, &[("Content-Type", "application/octet-stream")]).await
}

/// Brings a .zip and waits for its end. The upload as it is then.
async fn bring(test: &TestApp, administrator: &Browser, files: &[(String, Vec<u8>)]) -> Value {
    let taken = send(administrator, zip(files)).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED, "{}", taken.body);
    test.run_jobs().await;
    test.assert_no_failed_jobs().await;
    let reply = administrator.get(&format!("/photos/uploads/{}", taken.body["id"])).await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.body);
    reply.body
}

async fn outcomes(administrator: &Browser, upload: &Value) -> Vec<(String, String)> {
    let reply = administrator.get(&format!("/photos/uploads/{}/results?limit=200", upload["id"])).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    reply.items().iter().map(|row| (text(&row["file"]), text(&row["outcome"]))).collect()
}

async fn person(test: &TestApp, number: &str) -> i64 {
    test.one("select person_id from persons where number = $1", &[&number]).await
}

/// Status, cache rule and bytes of an answer.
async fn fetch(browser: &Browser, path: &str) -> (StatusCode, String, Vec<u8>) {
    let url = browser.url(&format!("/api/v1{path}"));
    let response = browser.request(Method::GET, url, None, &[]).await;
    let cached = response.headers()["cache-control"].to_str().unwrap().to_owned();
    (response.status(), cached, response.bytes().await.unwrap().to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zip_becomes_small_sealed_pictures_with_a_result_for_every_file() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let files = [
        (format!("照片/2018级/{}.jpg", students[0]), photo([200, 0, 0])),
        (
            format!("../../{}.PNG", students[1].to_lowercase()),
            picture(300, 400, [0, 200, 0], ImageFormat::Png),
        ),
        (format!("__MACOSX/照片/._{}.jpg", students[0]), b"litter".to_vec()),
        ("照片/Thumbs.db".to_owned(), b"litter".to_vec()),
        ("20999999.jpg".to_owned(), photo([1, 2, 3])),
        (format!("{}.jpg", students[2]), b"no picture at all".to_vec()),
        (format!("{}.gif", students[3]), b"GIF89a".to_vec()),
        (format!("{}.jpg", students[4]), vec![0; (20 << 20) + 1]),
        (format!("再来一次/{}.jpeg", students[0]), photo([0, 0, 200])),
    ];
    let upload = bring(&test, &administrator, &files).await;
    assert_eq!((&upload["state"], &upload["files"], &upload["done"]), (&json!("done"), &json!(7), &json!(7)));
    let expected = [
        (format!("{}.jpg", students[0]), "stored"),
        (format!("{}.PNG", students[1].to_lowercase()), "stored"),
        ("20999999.jpg".to_owned(), "unknown"),
        (format!("{}.jpg", students[2]), "not_picture"),
        (format!("{}.gif", students[3]), "not_picture"),
        (format!("{}.jpg", students[4]), "too_large"),
        (format!("{}.jpeg", students[0]), "twice"),
    ];
    let expected: Vec<(String, String)> =
        expected.into_iter().map(|(file, what)| (file, what.to_owned())).collect();
    assert_eq!(outcomes(&administrator, &upload).await, expected);
    let stored = administrator.get(&format!("/photos/uploads/{}/results?outcome=stored", upload["id"])).await;
    assert_eq!(stored.items().len(), 2);
    assert_eq!(details(&test, Act::PhotosUploaded).await, [json!({})]);

    // Neither the .zip nor a picture lies open.
    let pieces: i64 = test.one("select count(*) from photo_chunks", &[]).await;
    assert_eq!(pieces, 0, "the .zip is gone");
    let open: i64 = test
        .one("select count(*) from photos where position('\\xffd8ff'::bytea in picture) > 0 or length(picture) > 62000", &[])
        .await;
    assert_eq!(open, 0);
    let office = test.sign_in(&test.persona("school_office")).await;
    let (status, _, bytes) = fetch(&office, &format!("/photos/{}", person(&test, &students[0]).await)).await;
    assert_eq!(status, StatusCode::OK);
    let kept = image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).unwrap().to_rgb8();
    assert_eq!(kept.dimensions(), (480, 640));
    assert!(kept.get_pixel(240, 320).0[0] > 150, "the first of two is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_zip_again_stores_nothing_new_and_another_picture_replaces() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let files = |colour| {
        [(format!("{}.jpg", students[0]), photo(colour)), (format!("{}.jpg", students[1]), photo([9, 9, 9]))]
    };
    bring(&test, &administrator, &files([200, 0, 0])).await;
    let rows = async || -> String {
        test.one("select string_agg(f::text, '' order by person_id) from photos f", &[]).await
    };
    let before = rows().await;
    let again = bring(&test, &administrator, &files([200, 0, 0])).await;
    assert_eq!(again["counts"], json!([{ "outcome": "same", "files": 2 }]));
    assert_eq!(rows().await, before);
    let other = bring(&test, &administrator, &files([0, 0, 200])).await;
    assert_eq!(
        other["counts"],
        json!([{ "outcome": "replaced", "files": 1 }, { "outcome": "same", "files": 1 }])
    );
    let list = administrator.get("/photos/uploads").await;
    assert_eq!(list.items().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_goes_on_after_the_last_file_that_is_on_record() {
    let test = TestApp::start().await;
    let students = test.students_of(&test.persona("counsellor")).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let files: Vec<(String, Vec<u8>)> =
        students[..3].iter().map(|number| (format!("{number}.jpg"), photo([5, 5, 5]))).collect();
    let id = send(&administrator, zip(&files)).await.body["id"].as_i64().unwrap();
    // As a worker leaves it that dies after the first file; its job died with it.
    let first = person(&test, &students[0]).await;
    test.owner
        .execute("insert into photo_results values (1, $1, 0, 'first.jpg', 'stored', $2)", &[&id, &first])
        .await
        .unwrap();
    test.owner.execute("delete from jobs where kind = 'take_photos'", &[]).await.unwrap();
    app::jobs::look_at_schedules(&test.app).await;
    test.run_jobs().await;
    let upload = administrator.get(&format!("/photos/uploads/{id}")).await.body;
    assert_eq!((&upload["state"], &upload["done"]), (&json!("done"), &json!(3)), "{upload}");
    let kept: i64 = test.one("select count(*) from photos where person_id <> $1", &[&first]).await;
    let all: i64 = test.one("select count(*) from photos", &[]).await;
    assert_eq!((kept, all), (2, 2), "the first is not taken again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_is_shown_to_those_whose_person_it_is_and_every_look_is_recorded() {
    let test = TestApp::start().await;
    let counsellors = test.personas("counsellor");
    let mine = test.students_of(&counsellors[0]).await[0].clone();
    let theirs = test.students_of(counsellors.last().unwrap()).await[0].clone();
    assert_ne!(mine, theirs);
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let files = [(format!("{mine}.jpg"), photo([200, 0, 0])), (format!("{theirs}.jpg"), photo([0, 200, 0]))];
    bring(&test, &administrator, &files).await;
    let (my_id, their_id) = (person(&test, &mine).await, person(&test, &theirs).await);

    let counsellor = test.sign_in(&counsellors[0]).await;
    let (status, cached, bytes) = fetch(&counsellor, &format!("/photos/{my_id}")).await;
    assert_eq!((status, cached.as_str()), (StatusCode::OK, "no-store, private"));
    assert!(bytes.starts_with(b"\xff\xd8\xff") && bytes.len() <= 60 * 1024);
    let not_mine = counsellor.get(&format!("/photos/{their_id}")).await;
    let not_there = counsellor.get("/photos/999999999").await;
    assert_eq!((not_mine.status, &not_mine.body), (StatusCode::NOT_FOUND, &not_there.body));
    for role in ["student", "school_leader", "college_leader", "administrator"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(viewer.get(&format!("/photos/{my_id}")).await.status, StatusCode::FORBIDDEN, "{role}");
    }

    // The person sees their own, which is no look of anybody's, and who else looked.
    let student = test.sign_in(&mine).await;
    assert_eq!(student.get("/me").await.body["person"]["photo"], json!(true));
    let (status, cached, own) = fetch(&student, "/me/photo").await;
    assert_eq!((status, cached.as_str(), own == bytes), (StatusCode::OK, "no-store, private", true));
    let looks = student.get("/access-log").await;
    assert_eq!(looks.items().len(), 1, "{}", looks.body);
    assert_eq!(
        (&looks.items()[0]["field"], &looks.items()[0]["purpose"]),
        (&json!("photo"), &json!("identify"))
    );
    let recorded: i64 = test.one("select count(*) from access_log", &[]).await;
    assert_eq!(recorded, 1, "a look that showed nothing is none");

    // Deleted is gone, so it is not a counsellor's to do.
    assert_eq!(counsellor.delete(&format!("/photos/{my_id}")).await.status, StatusCode::FORBIDDEN);
    let office = test.sign_in(&test.persona("college_office")).await;
    assert_eq!(office.delete(&format!("/photos/{their_id}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(office.delete(&format!("/photos/{my_id}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(office.delete(&format!("/photos/{my_id}")).await.status, StatusCode::NOT_FOUND, "once");
    assert_eq!(student.get("/me/photo").await.status, StatusCode::NOT_FOUND);
    assert_eq!(student.get("/me").await.body["person"]["photo"], json!(false));
    assert_eq!(administrator.delete(&format!("/photos/{their_id}")).await.status, StatusCode::NO_CONTENT);
    let left: i64 = test.one("select count(*) from photos", &[]).await;
    assert_eq!(left, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_say_who_has_a_photo() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let students = test.students_of(&userid).await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    bring(&test, &administrator, &[(format!("{}.jpg", students[0]), photo([3, 3, 3]))]).await;
    let whole = administrator.get("/photos/coverage").await.body;
    let rostered: i64 = test.one("select count(*) from persons", &[]).await;
    assert_eq!((&whole["rostered"], &whole["with_photo"]), (&json!(rostered), &json!(1)), "{whole}");
    let staff = administrator.get("/photos/coverage?kind=staff").await.body;
    assert_eq!(staff["with_photo"], json!(0));
    assert_eq!(administrator.get("/photos/people").await.status, StatusCode::FORBIDDEN, "counts, no people");
    let counsellor = test.sign_in(&userid).await;
    let mine = counsellor.get("/photos/coverage").await.body;
    assert_eq!((&mine["rostered"], &mine["with_photo"]), (&json!(students.len()), &json!(1)));
    let without = counsellor.get("/photos/people?limit=200").await;
    assert_eq!(without.items().len(), students.len() - 1);
    let with = counsellor.get("/photos/people?with=true").await;
    assert_eq!(with.items()[0]["number"], json!(students[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_archive_is_refused_and_leaves_nothing_behind() {
    let test = TestApp::start().await;
    let administrator = test.sign_in(&test.persona("administrator")).await;
    for strange in [b"".to_vec(), b"Rar!\x1a\x07\x00 not ours".to_vec(), vec![b'x'; 3 << 20]] {
        let refused = send(&administrator, strange).await;
        assert_eq!((refused.status, refused.fields()), (StatusCode::UNPROCESSABLE_ENTITY, vec!["file"]));
    }
    // It begins like one and is none: its job says so.
    let taken = send(&administrator, [&b"PK\x03\x04"[..], &[7; 3 << 20]].concat()).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED, "{}", taken.body);
    test.run_jobs().await;
    test.assert_no_failed_jobs().await;
    let upload = administrator.get(&format!("/photos/uploads/{}", taken.body["id"])).await.body;
    assert_eq!(upload["state"], json!("failed"), "{upload}");
    assert!(upload["message"].as_str().unwrap().contains("打不开"), "{upload}");
    let pieces: i64 = test.one("select count(*) from photo_chunks", &[]).await;
    assert_eq!(pieces, 0);
    let file = zip(&[("1.jpg".to_owned(), photo([1, 1, 1]))]);
    for role in ["student", "counsellor", "school_office"] {
        let viewer = test.sign_in(&test.persona(role)).await;
        assert_eq!(send(&viewer, file.clone()).await.status, StatusCode::FORBIDDEN, "{role}");
        assert_eq!(viewer.get("/photos/uploads").await.status, StatusCode::FORBIDDEN, "{role}");
    }
}
