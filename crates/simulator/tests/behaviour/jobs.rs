//! Imports, exports, invitations and looking people up, through the real client.

use wecom::crypto::FileKey;
use wecom::ids::Mailbox;
use wecom::jobs::{Export, Import};
use wecom::media::MediaKind;
use wecom::write::MemberChange;

use super::answers::fits;
use super::support::{Sim, client, contacts_client};

#[tokio::test]
async fn a_table_adds_and_changes_members_and_a_dangerous_one_is_refused() {
    let (sim, server) = Sim::with_server().await;
    let contacts = contacts_client(&sim);
    let (student, college) = (sim.student(0), sim.department("信息学院"));
    let table = format!(
        "姓名,帐号,手机号,邮箱,所在部门,职位\n改名,{student},,,,\n新来,new1,10099990001,,{college},助教\n缺号,new2,,,{college},\n"
    );
    let file = contacts.upload(MediaKind::File, "members.csv", table.as_bytes()).await.unwrap();
    let job = contacts.import(Import::UpdateMembers, &file.media_id, false, None).await.unwrap();
    let state = contacts.import_state(&job).await.unwrap();
    assert_eq!((state.status, state.result.len()), (2, 0), "under way at first");
    let state = contacts.import_state(&job).await.unwrap();
    assert_eq!((state.status, state.kind.as_str(), state.total), (3, "sync_user", Some(3)));
    let codes: Vec<_> = state.result.iter().map(|row| row.errcode.unwrap()).collect();
    assert_eq!(codes, [0, 0, 60129]);
    let app = client(&sim);
    assert_eq!(app.member(&student).await.unwrap().name.as_deref(), Some("改名"));
    assert_eq!(app.member("new1").await.unwrap().department, [i32::try_from(college).unwrap()]);
    sim.running.callbacks_delivered().await;
    let events = server.take_events(&sim.school);
    assert!(events.iter().any(|(_, xml)| xml.contains("batch_job_result") && xml.contains("sync_user")));

    // One row would leave the corp empty.
    let job = contacts.import(Import::ReplaceMembers, &file.media_id, false, None).await;
    assert_eq!(job.unwrap_err().code(), Some(45026));
    let refused = app.import(Import::UpdateMembers, &file.media_id, false, None).await;
    assert_eq!(refused.unwrap_err().code(), Some(48002), "an app does not write the directory");
    fits("batch_getresult", &{
        let token = sim.contacts_token().await;
        sim.get(
            "batch/getresult",
            &[("access_token", &token), ("jobid", &state_id(&contacts, &file.media_id).await)],
        )
        .await
    });
}

/// A job that was asked about once.
async fn state_id(contacts: &wecom::Client, media_id: &str) -> String {
    let job = contacts.import(Import::UpdateMembers, media_id, false, None).await.unwrap();
    contacts.import_state(&job).await.unwrap();
    job
}

#[tokio::test]
async fn departments_follow_a_table_and_those_with_members_stay() {
    let sim = Sim::start();
    let contacts = contacts_client(&sim);
    let before = contacts.department_nodes(None).await.unwrap().len();
    let (college, corp) = (sim.department("信息学院"), &sim.school.departments[0].name);
    let table = format!(
        "部门名称,部门ID,父部门ID,排序\n{corp},1,,1\n计算机学院,{college},1,5\n新部门,90001,{college},1\n"
    );
    let file = contacts.upload(MediaKind::File, "parties.csv", table.as_bytes()).await.unwrap();
    let job = contacts.import(Import::ReplaceDepartments, &file.media_id, false, None).await.unwrap();
    contacts.import_state(&job).await.unwrap();
    let state = contacts.import_state(&job).await.unwrap();
    assert!(state.result.iter().all(|row| row.errcode == Some(0)), "{state:?}");
    assert_eq!(state.result[2].action, Some(1), "made");
    assert_eq!(state.result[1].action.unwrap() & 2, 2, "renamed");
    let after = contacts.department_nodes(None).await.unwrap();
    assert!(after.iter().any(|node| node.id == 90001));
    assert!(after.len() > 3 && after.len() <= before + 1, "whoever has members stays");
}

#[tokio::test]
async fn an_export_is_encrypted_and_says_what_the_lists_say() {
    let sim = Sim::start();
    let (app, key) = (client(&sim), "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C");
    let (key, other) = (FileKey::new(key).unwrap(), FileKey::new(&key.replace('W', "X")).unwrap());
    let job = app.export(Export::Members, &key, 10_000).await.unwrap();
    assert_eq!(app.export_state(&job).await.unwrap().status, 1);
    let state = app.export_state(&job).await.unwrap();
    let members = app.exported(&state.data_list[0], &key).await.unwrap();
    assert_eq!(
        members["userlist"].as_array().unwrap().len(),
        sim.school.people.iter().filter(|p| p.has_account).count()
    );
    assert!(app.exported(&state.data_list[0], &other).await.is_err(), "another key");
    let job = app.export(Export::Departments, &key, 10_000).await.unwrap();
    app.export_state(&job).await.unwrap();
    let token = sim.app_token().await;
    let answer = sim.get("export/get_result", &[("access_token", &token), ("jobid", &job)]).await;
    fits("export_get_result", &answer);
    assert_eq!(
        contacts_client(&sim).export(Export::Members, &key, 10_000).await.unwrap_err().code(),
        Some(48009),
        "not from an address added after August 2022"
    );
}

#[tokio::test]
async fn people_are_looked_up_and_who_guesses_is_barred_for_a_day() {
    let sim = Sim::start();
    let (app, contacts, student) = (client(&sim), contacts_client(&sim), sim.student(0));
    let change = MemberChange {
        userid: student.clone(),
        email: Some("a.b@example.com".into()),
        ..MemberChange::default()
    };
    contacts.update_member(&change).await.unwrap();
    assert_eq!(app.userid_of_email("A.B@example.com", Mailbox::Own).await.unwrap(), student);
    let missed = app.userid_of_email("a.b@example.com", Mailbox::Corp).await;
    assert_eq!(missed.unwrap_err().code(), Some(60147));
    let openid = app.openid_of(&student).await.unwrap();
    assert_eq!(app.userid_of_openid(&openid).await.unwrap(), student);
    let not = contacts.invite(&[student, "x".into()], &[99_999], &[7]).await.unwrap();
    assert_eq!((not.members, not.departments, not.tags), (vec!["x".to_owned()], vec![99_999], vec![7]));
    contacts.join_qrcode(2).await.unwrap();

    let token = sim.app_token().await;
    let people = sim.school.people.iter().filter(|person| person.has_account).count();
    let mut codes = Vec::new();
    for n in 0..=people / 5 {
        let guess = format!(r#"{{"mobile":"1000000{n:04}"}}"#);
        codes.push(sim.post("user/getuserid", &token, &guess).await["errcode"].as_i64().unwrap());
    }
    assert!(codes[..people / 5].iter().all(|code| *code == 46004));
    assert_eq!(codes.last(), Some(&45009));
    sim.advance(86_400).await;
    let again = sim.post("user/getuserid", &sim.app_token().await, r#"{"mobile":"1"}"#).await;
    assert_eq!(again["errcode"], 46004);
}
