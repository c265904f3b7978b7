//! The directory written through the API, tags, the menu: by a real client, and who is told by callback.

use serde_json::json;
use wecom::menu::MenuButton;
use wecom::tags::Tagged;
use wecom::write::{DepartmentChange, MemberChange};

use super::answers::fits;
use super::support::{Sim, client, contacts_client};

fn department(name: &str, parentid: i32) -> DepartmentChange {
    DepartmentChange { name: Some(name.into()), parentid: Some(parentid), ..DepartmentChange::default() }
}

#[tokio::test]
async fn a_class_is_made_filled_moved_and_dissolved() {
    let (sim, server) = Sim::with_server().await;
    let contacts = contacts_client(&sim);
    let college = i32::try_from(sim.department("信息学院")).unwrap();
    let class = contacts.create_department(&department("2020物联网1班", college)).await.unwrap();
    let refused = |error: wecom::Error| error.code().unwrap();
    assert_eq!(
        refused(contacts.create_department(&department("2020物联网1班", college)).await.unwrap_err()),
        60008
    );
    assert_eq!(refused(contacts.create_department(&department("a:b", college)).await.unwrap_err()), 60009);
    assert_eq!(refused(contacts.create_department(&department("甲", 77_777)).await.unwrap_err()), 60004);

    let freshman = MemberChange {
        userid: "202001010101".into(),
        name: Some("阿黎".into()),
        mobile: Some("10000000001".into()),
        department: Some(vec![class]),
        to_invite: Some(false),
        ..MemberChange::default()
    };
    let nameless = MemberChange { name: None, ..freshman.clone() };
    assert_eq!(refused(contacts.create_member(&nameless).await.unwrap_err()), 60112);
    let unreachable = MemberChange { mobile: None, ..freshman.clone() };
    assert_eq!(refused(contacts.create_member(&unreachable).await.unwrap_err()), 60129);
    contacts.create_member(&freshman).await.unwrap();
    assert_eq!(refused(contacts.create_member(&freshman).await.unwrap_err()), 60102);
    let twin = MemberChange { userid: "202001010102".into(), ..freshman.clone() };
    assert_eq!(refused(contacts.create_member(&twin).await.unwrap_err()), 60104, "the number is taken");
    assert_eq!(contacts.userid_of_mobile("10000000001").await.unwrap(), "202001010101");
    // Not an app's to write.
    assert_eq!(refused(client(&sim).delete_member("202001010101").await.unwrap_err()), 48002);

    let moved = MemberChange {
        userid: "202001010101".into(),
        department: Some(vec![class, college]),
        is_leader_in_dept: Some(vec![1, 0]),
        ..MemberChange::default()
    };
    contacts.update_member(&moved).await.unwrap();
    let crooked = MemberChange { is_leader_in_dept: Some(vec![1]), ..moved };
    assert_eq!(refused(contacts.update_member(&crooked).await.unwrap_err()), 60132);
    assert_eq!(refused(contacts.delete_department(class).await.unwrap_err()), 60005);
    let several = ["202001010101".to_owned(), "nobody".to_owned()];
    assert_eq!(refused(contacts.delete_members(&several).await.unwrap_err()), 40031, "all or none");
    contacts.delete_members(&several[..1]).await.unwrap();
    contacts.update_department(&DepartmentChange { id: Some(class), ..department("旧班", 1) }).await.unwrap();
    contacts.delete_department(class).await.unwrap();
    assert_eq!(refused(contacts.delete_department(1).await.unwrap_err()), 60007);

    // The assistant isn't told what it wrote itself; the app is told who came and went.
    sim.inspect("callbacks?wait=true").await;
    let told = server.take_events(&sim.school);
    assert!(told.iter().all(|(name, _)| name == &sim.school.spec.app.name), "{told:?}");
    assert!(
        told.iter().any(|(_, xml)| xml.contains("[subscribe]") && xml.contains("202001010101")),
        "{told:?}"
    );
    assert!(
        told.iter().any(|(_, xml)| xml.contains("[unsubscribe]") && xml.contains("202001010101")),
        "{told:?}"
    );
}

#[tokio::test]
async fn written_answers_are_as_documented() {
    let sim = Sim::start();
    let token = sim.contacts_token().await;
    let post = async |path: &'static str, body: serde_json::Value| {
        let answer = sim.post(path, &token, &body.to_string()).await;
        fits(&path.replace('/', "_"), &answer);
        answer
    };
    let get = async |path: &'static str, name: &str, value: &str| {
        fits(&path.replace('/', "_"), &sim.get(path, &[("access_token", &token), (name, value)]).await);
    };
    let id = post("department/create", json!({ "name": "甲", "parentid": 1 })).await["id"].clone();
    post("department/update", json!({ "id": id, "name": "乙" })).await;
    get("department/delete", "id", &id.to_string()).await;
    for userid in ["new.1", "new.2"] {
        let mobile = format!("1000000000{}", &userid[4..]);
        post("user/create", json!({ "userid": userid, "name": "甲", "mobile": mobile })).await;
    }
    post("user/update", json!({ "userid": "new.1", "position": "讲师" })).await;
    post("user/getuserid", json!({ "mobile": "10000000001" })).await;
    let tag = post("tag/create", json!({ "tagname": "校外" })).await["tagid"].to_string();
    post("tag/update", json!({ "tagid": 1, "tagname": "在外" })).await;
    post("tag/addtagusers", json!({ "tagid": 1, "userlist": ["new.1", "x"], "partylist": [1, 99_999] }))
        .await;
    get("tag/get", "tagid", &tag).await;
    get("tag/list", "unused", "x").await;
    post("tag/deltagusers", json!({ "tagid": 1, "userlist": ["new.1"] })).await;
    get("tag/delete", "tagid", &tag).await;
    get("user/delete", "userid", "new.1").await;
    post("user/batchdelete", json!({ "useridlist": ["new.2"] })).await;
    get("getcallbackip", "unused", "x").await;
    get("get_api_domain_ip", "unused", "x").await;
    fits("agent_list", &sim.app_get("agent/list", &[]).await);
}

#[tokio::test]
async fn a_tag_reaches_its_members_and_is_its_makers_own() {
    let (sim, server) = Sim::with_server().await;
    let (app, contacts) = (client(&sim), contacts_client(&sim));
    let tag = app.create_tag("在外地").await.unwrap();
    assert_eq!(app.create_tag("在外地").await.unwrap_err().code(), Some(40071));
    let (one, two) = (sim.student(0), sim.student(1));
    let whom = Tagged { members: vec![one.clone(), "nobody".into()], departments: vec![77_777] };
    let invalid = app.tag(tag, &whom).await.unwrap();
    assert_eq!((invalid.members, invalid.departments), (vec!["nobody".to_owned()], vec![77_777]));
    let strangers = Tagged { members: vec!["nobody".into()], departments: vec![] };
    assert_eq!(app.tag(tag, &strangers).await.unwrap_err().code(), Some(40070));
    assert_eq!(contacts.rename_tag(tag, "甲").await.unwrap_err().code(), Some(81011));
    assert_eq!(app.tagged(tag).await.unwrap().members, std::slice::from_ref(&one));

    let answer = sim.send("", json!({ "totag": format!("{tag}|99") })).await;
    assert_eq!((answer["errcode"].as_i64(), answer["invalidtag"].as_str()), (Some(0), Some("99")));
    let count = async |userid: &str| {
        sim.inspect(&format!("messages/{userid}")).await["items"].as_array().unwrap().len()
    };
    assert_eq!((count(&one).await, count(&two).await), (1, 0));
    sim.inspect("callbacks?wait=true").await;
    let told = server.take_events(&sim.school);
    let items = format!("<AddUserItems><![CDATA[{}]]></AddUserItems>", one.to_lowercase());
    assert!(told.iter().any(|(name, xml)| name == "contacts" && xml.contains(&items)), "{told:?}");
    app.untag(tag, &Tagged { members: vec![one], departments: vec![] }).await.unwrap();
    app.delete_tag(tag).await.unwrap();
    assert_eq!(app.tags().await.unwrap(), []);
}

#[tokio::test]
async fn a_menu_is_set_read_tapped_and_taken_away() {
    let (sim, server) = Sim::with_server().await;
    let app = client(&sim);
    assert_eq!(app.menu().await.unwrap(), []);
    let below = vec![MenuButton::click("历史", "history"), MenuButton::click("未报", "unreported")];
    let more = MenuButton { name: "更多".into(), below, ..MenuButton::default() };
    let menu = [MenuButton::page("填报", "https://app.example.com/h5/"), more];
    app.set_menu(&menu[..1]).await.unwrap();
    fits("menu_get", &sim.app_get("menu/get", &[("agentid", "1000002")]).await);
    app.set_menu(&menu).await.unwrap();
    assert_eq!(app.menu().await.unwrap(), menu);
    let student = sim.student(0);
    let page = sim.page("/client/messages/app", &student).await.text().await.unwrap();
    assert!(page.contains("填报") && page.contains("value=\"unreported\""), "{page}");
    let tapped = sim.http.post(sim.url("/client/messages/menu")).form(&[("key", "unreported")]);
    tapped.header("cookie", format!("simulator_user={student}")).send().await.unwrap();
    sim.inspect("callbacks?wait=true").await;
    let told = server.take_events(&sim.school);
    assert!(told.iter().any(|(_, xml)| xml.contains("[click]") && xml.contains("[unreported]")), "{told:?}");
    let long = [MenuButton::click("一个太长的名字", "x")];
    assert_eq!(app.set_menu(&long).await.unwrap_err().code(), Some(40018));
    app.delete_menu().await.unwrap();
    assert_eq!(app.menu().await.unwrap(), []);
}
