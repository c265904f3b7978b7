//! Every documented answer, `fixtures/wecom/answers/`, read field by field. WeCom's simulator is held to the same files.

use std::collections::BTreeSet;

use futures_util::TryStreamExt;
use secrecy::ExposeSecret;
use serde_json::Value;
use wecom::oauth::{Identity, UserTicket};
use wecom::{Class, Client};

use crate::fake::{Fake, TestClock, client, memory};

const ANSWERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/wecom/answers");

/// The files this test reads; one it does not know fails it.
const READ: [&str; 96] = [
    "agent_batch_set_workbench_data",
    "agent_get",
    "agent_get_workbench_data",
    "agent_get_workbench_template",
    "agent_list",
    "agent_set",
    "agent_set_workbench_data",
    "agent_set_workbench_template",
    "appchat_create",
    "appchat_get",
    "appchat_send",
    "appchat_update",
    "auth_getuserdetail",
    "auth_getuserinfo",
    "auth_getuserinfo_outsider",
    "batch_getresult",
    "batch_invite",
    "batch_replaceparty",
    "batch_replaceuser",
    "batch_syncuser",
    "corp_get_join_qrcode",
    "department_create",
    "department_delete",
    "department_get",
    "department_list",
    "department_simplelist",
    "department_update",
    "export_department",
    "export_get_result",
    "export_simple_user",
    "export_taguser",
    "export_user",
    "externalcontact_get_follow_user_list",
    "externalcontact_get_user_behavior_data",
    "externalcontact_list",
    "get_api_domain_ip",
    "get_jsapi_ticket",
    "getcallbackip",
    "gettoken",
    "living_cancel",
    "living_create",
    "living_delete_replay_data",
    "living_get_living_info",
    "living_get_user_all_livingid",
    "living_get_watch_stat",
    "living_modify",
    "media_upload",
    "media_uploadimg",
    "meeting_cancel",
    "meeting_create",
    "meeting_get_attendee_list",
    "meeting_get_info",
    "meeting_get_realtime_attendee_list",
    "meeting_get_user_meetingid",
    "meeting_statistics_get_start_list",
    "meeting_update",
    "menu_create",
    "menu_delete",
    "menu_get",
    "message_recall",
    "message_send",
    "message_update_template_card",
    "oa_applyevent",
    "oa_getapprovaldetail",
    "oa_getapprovalinfo",
    "oa_gettemplatedetail",
    "refusal",
    "security_admin_oper_log_list",
    "security_get_file_oper_record",
    "security_member_oper_log_list",
    "tag_addtagusers",
    "tag_create",
    "tag_delete",
    "tag_deltagusers",
    "tag_get",
    "tag_list",
    "tag_update",
    "ticket_get",
    "user_batchdelete",
    "user_convert_to_openid",
    "user_convert_to_userid",
    "user_create",
    "user_delete",
    "user_get",
    "user_get_active_stat",
    "user_get_userid_by_email",
    "user_getuserid",
    "user_list",
    "user_list_id",
    "user_simplelist",
    "user_update",
    "wedrive_file_list",
    "wedrive_mng_capacity",
    "wedrive_mng_pro_info",
    "wedrive_new_space_info",
    "wedrive_space_create",
];

fn answer(name: &str) -> Value {
    let text = std::fs::read_to_string(format!("{ANSWERS}/{name}.json")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    assert!(golden["doc"].is_number(), "{name} names no document");
    golden["answer"].clone()
}

/// A WeCom that gives the documented answers; the page after the first of `user/list_id` is the last.
async fn documented(exceptions: &'static [(&'static str, &'static str)]) -> (Fake, Client) {
    let fake = Fake::start(move |seen| {
        let named = exceptions.iter().find(|(path, _)| *path == seen.path);
        let mut body = answer(named.map_or(&seen.path.replace('/', "_"), |(_, name)| *name));
        // The second page is the last.
        let key_given = |first: &str| seen.body.contains("next_key") && !seen.body.contains(first);
        if (seen.body.contains("\"cursor\"") || seen.body.contains("new_cursor\":\"1"))
            || key_given("\"next_key\":\"0\"")
            || seen.body.contains("\"start\":1000")
        {
            body["next_cursor"] = "".into();
            body["new_next_cursor"] = "".into();
            body["has_more"] = false.into();
            body["ending"] = 1.into();
        }
        (200, body.to_string())
    })
    .await;
    let client = client(&fake, &TestClock::new(), memory());
    (fake, client)
}

#[test]
fn every_documented_answer_is_read_by_a_test() {
    let there: BTreeSet<String> = std::fs::read_dir(ANSWERS)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(there, READ.map(str::to_owned).into());
}

#[tokio::test]
async fn the_directory() {
    let (_fake, client) = documented(&[]).await;
    let nodes = client.department_nodes(None).await.unwrap();
    assert_eq!((nodes[0].id, nodes[0].parent_id, nodes[0].order), (1, 0, 100_000_000));
    assert_eq!((nodes[1].id, nodes[1].parent_id, nodes[1].order), (12, 1, 10));
    let department = client.department(12).await.unwrap();
    assert_eq!(
        (department.name.as_deref(), department.leaders.as_slice()),
        (Some("研发"), &["zhang.san".into()][..])
    );
    assert!(client.departments(None).await.unwrap().contains(&department));

    let member = client.member("zhang.san").await.unwrap();
    assert_eq!((member.userid.as_str(), member.name.as_deref()), ("zhang.san", Some("张三")));
    assert_eq!(
        (&member.department[..], &member.is_leader_in_dept[..]),
        (&[12, 15][..], &[Some(1), Some(0)][..])
    );
    assert_eq!(
        (member.main_department, member.status, member.position.as_deref()),
        (Some(12), Some(1), Some("engineer"))
    );
    assert_eq!(client.members(12).await.unwrap()[0].userid, "zhang.san");
    assert_eq!(client.simple_members(12).await.unwrap()[0].department, [12, 15]);
    let ids: Vec<_> = client.member_ids().try_concat().await.unwrap();
    let pairs: Vec<_> = ids.iter().map(|id| (id.userid.as_str(), id.department)).collect();
    assert_eq!(pairs, [("zhang.san", 12), ("zhang.san", 15)].repeat(2), "two pages");
}

#[tokio::test]
async fn a_visitor() {
    let (_fake, client) = documented(&[]).await;
    let Identity::Member { userid, ticket: Some(ticket) } = client.user_info("code").await.unwrap() else {
        panic!("a member with a ticket")
    };
    assert_eq!((userid.as_str(), ticket.0.expose_secret()), ("zhang.san", "UT_x"));
    let detail = client.user_detail(&UserTicket("UT_x".into())).await.unwrap();
    assert_eq!((detail.userid.as_str(), detail.gender), ("zhang.san", Some(1)));
    assert_eq!(detail.mobile.as_deref(), Some("10013800000"));
    assert_eq!(
        (detail.email.as_deref(), detail.biz_mail.as_deref()),
        (Some("zs@example.com"), Some("zs@corp.example.com"))
    );
    assert!(detail.avatar.is_some());

    let (_fake, client) = documented(&[("auth/getuserinfo", "auth_getuserinfo_outsider")]).await;
    assert!(matches!(client.user_info("code").await.unwrap(), Identity::Outsider));
}

#[tokio::test]
async fn the_app_its_messages_and_its_tickets() {
    let (fake, client) = documented(&[]).await;
    let agent = client.agent().await.unwrap();
    assert_eq!((agent.agent_id, agent.name.as_deref(), agent.is_closed), (1_000_002, Some("HR"), false));
    assert_eq!(
        (&agent.allowed_members[..], &agent.allowed_departments[..]),
        (&["zhang.san".to_owned()][..], &[1][..])
    );
    assert_eq!(
        (&agent.allowed_tags[..], agent.redirect_domain.as_deref()),
        (&[5][..], Some("app.example.com"))
    );

    let uploaded = client.upload(wecom::media::MediaKind::File, "名单.xlsx", b"a file").await.unwrap();
    assert_eq!((uploaded.media_id.as_str(), uploaded.created_at), ("3a8_x", 1_700_000_000));
    assert_eq!(client.upload_image("p.png", b"a picture").await.unwrap(), "https://wework.qpic.cn/wwpic/x/0");
    assert_eq!(client.update_card("{}").await.unwrap(), ["x"]);
    let chat = wecom::message::NewChat { userlist: vec!["a".into(), "b".into()], ..Default::default() };
    assert_eq!(client.create_chat(&chat).await.unwrap(), "abc123");
    let change = wecom::message::ChatChange { chatid: "abc123".into(), ..Default::default() };
    client.update_chat(&change).await.unwrap();
    client.send_to_chat("{}").await.unwrap();
    let chat = client.chat("abc123").await.unwrap();
    assert_eq!((chat.owner.as_deref(), chat.userlist.len(), chat.chat_type), (Some("a"), 2, Some(0)));
    let sent = client.send("{}").await.unwrap();
    assert_eq!(sent.response_code.as_deref(), Some("rc_x"));
    assert_eq!((sent.msgid.as_deref(), &sent.unlicensed[..]), (Some("mid_x"), &["c".to_owned()][..]));
    assert_eq!(sent.invalid, ["a", "b"]);

    client.recall("mid_x").await.unwrap();
    assert_eq!(fake.calls("message/recall")[0].body, r#"{"msgid":"mid_x"}"#);

    let page = "https://app.example.com/";
    client.sign_config(page, "n".into(), 1).await.unwrap();
    client.sign_agent_config(page, "n".into(), 1).await.unwrap();
    let tickets = ["get_jsapi_ticket", "ticket/get"].map(|api| fake.calls(api).len());
    assert_eq!(tickets, [1, 1]);
    assert_eq!(fake.calls("ticket/get")[0].query["type"], "agent_config");
}

#[tokio::test]
async fn a_refusal() {
    let (fake, client) = documented(&[("user/get", "refusal")]).await;
    let refused = client.member("zhang.san").await.unwrap_err();
    assert_eq!(refused.code(), Some(40014));
    let wecom::Error::Api(refusal) = refused else { panic!("an error of the API") };
    assert_eq!((refusal.class(), refusal.source_ip()), (Class::Auth, Some("203.0.113.9")));
    assert_eq!(fake.calls("user/get").len(), 2, "once more with a new token, and no further");
}

#[tokio::test]
async fn what_is_written() {
    use wecom::menu::MenuButton;
    use wecom::tags::Tagged;
    use wecom::write::{DepartmentChange, MemberChange};

    let (_fake, client) = documented(&[]).await;
    let (department, member) = (DepartmentChange::default(), MemberChange::default());
    assert_eq!(client.create_department(&department).await.unwrap(), 12);
    client.update_department(&department).await.unwrap();
    client.delete_department(12).await.unwrap();
    client.create_member(&member).await.unwrap();
    client.update_member(&member).await.unwrap();
    client.delete_member("a").await.unwrap();
    client.delete_members(&["a".into()]).await.unwrap();
    assert_eq!(client.userid_of_mobile("100").await.unwrap(), "zhang.san");

    assert_eq!(client.create_tag("a").await.unwrap(), 12);
    client.rename_tag(12, "b").await.unwrap();
    client.delete_tag(12).await.unwrap();
    assert_eq!(client.tags().await.unwrap()[0].name, "a");
    let tagged = client.tagged(12).await.unwrap();
    assert_eq!((tagged.members, tagged.departments), (vec!["zhang.san".to_owned()], vec![12]));
    let nobody = Tagged::default();
    assert_eq!(client.tag(12, &nobody).await.unwrap().members, ["x", "y"]);
    assert_eq!(client.untag(12, &nobody).await.unwrap().departments, [2, 4]);

    assert_eq!(client.agents().await.unwrap(), [(1_000_002, "HR".to_owned())]);
    assert_eq!(client.callback_addresses().await.unwrap()[1], "198.51.100.*");
    assert_eq!(client.api_addresses().await.unwrap().len(), 1);
    client.set_menu(&[MenuButton::click("a", "b")]).await.unwrap();
    client.delete_menu().await.unwrap();
    let menu = client.menu().await.unwrap();
    assert_eq!(menu[0], MenuButton::page("Home", "https://app.example.com"));
    assert_eq!(menu[1].below, [MenuButton::click("Help", "help")]);
}

#[tokio::test]
async fn how_the_platform_is_used() {
    use chrono::{DateTime, TimeDelta};

    let (_fake, client) = documented(&[]).await;
    let day = chrono::NaiveDate::from_ymd_opt(2026, 3, 4).unwrap();
    assert_eq!(client.active_members(day).await.unwrap(), 15127);
    let from = DateTime::from_timestamp(1_709_500_000, 0).unwrap();
    let to = from + TimeDelta::days(7);
    let pages: Vec<_> = client.member_operations(from, to, Some(1)).unwrap().try_collect().await.unwrap();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1], "one page more, then the last");
    assert_eq!((pages[0][0].oper_type, pages[0][0].ip.as_deref()), (1, Some("203.0.113.*")));
    let pages: Vec<_> = client.admin_operations(from, to, None).unwrap().try_collect().await.unwrap();
    assert_eq!((pages.len(), pages[0][0].detail_type), (1, Some(1)));
    let pages: Vec<_> = client.meeting_starts(from, to).unwrap().try_collect().await.unwrap();
    assert_eq!((pages.len(), pages[0][0].start_time), (2, 1_772_600_000));
    assert!(
        client.member_operations(from, to + TimeDelta::seconds(1), None).is_err(),
        "more than seven days"
    );
    assert!(client.meeting_starts(to, from).is_err());
    let drive = client.drive_capacity().await.unwrap();
    assert_eq!((drive.everyone, drive.paid), (107_374_182_400, Some(0)));
}

#[tokio::test]
async fn the_workbench() {
    use wecom::workbench::{Tile, TileKey, TileLine, TileLink, TilePage, TilePicture};

    let (fake, client) = documented(&[]).await;
    let link = TileLink::page("https://app.example.com/todo");
    let tile = Tile::Keys(vec![TileKey { key: "待办".into(), data: "2".into(), link: link.clone() }]);
    client.set_workbench_template(&tile, false).await.unwrap();
    assert_eq!(client.workbench_template().await.unwrap(), tile);
    client.set_workbench_tile("zhang.san", &tile).await.unwrap();
    client.set_workbench_tiles(&["zhang.san".into()], &tile).await.unwrap();
    assert_eq!(client.workbench_tile("zhang.san").await.unwrap(), tile);
    let keys = serde_json::json!({ "items": [{ "key": "待办", "data": "2", "jump_url": "https://app.example.com/todo" }] });
    let sent = |api: &str| serde_json::from_str::<Value>(&fake.calls(api)[0].body).unwrap();
    assert_eq!(
        sent("agent/set_workbench_data"),
        serde_json::json!({ "agentid": 1_000_002, "userid": "zhang.san", "type": "keydata", "keydata": keys })
    );
    assert_eq!(
        sent("agent/batch_set_workbench_data")["data"],
        serde_json::json!({ "type": "keydata", "keydata": keys })
    );

    let lines = |count| Tile::Lines(vec![TileLine { title: "一行".into(), link: link.clone() }; count]);
    let page = TilePage { url: "https://app.example.com/t".into(), ..TilePage::default() };
    let picture = TilePicture { url: "https://app.example.com/p.png".into(), link: link.clone() };
    for good in [Tile::Normal, lines(3), Tile::Page(page), Tile::Picture(picture)] {
        client.set_workbench_template(&good, true).await.unwrap();
    }
    let long = TileKey { data: "长".repeat(65), ..TileKey::default() };
    let empty = Tile::Picture(TilePicture::default());
    for bad in [lines(4), empty, Tile::Keys(vec![long]), Tile::Keys(vec![TileKey::default()])] {
        assert!(client.set_workbench_template(&bad, true).await.is_err(), "{bad:?}");
    }
    assert_eq!(fake.calls("agent/set_workbench_template").len(), 5, "what WeCom would refuse isn't sent");
}

#[tokio::test]
async fn ids_jobs_and_exports() {
    use wecom::crypto::FileKey;
    use wecom::ids::Mailbox;
    use wecom::jobs::{Export, Import, JobCallback};

    let (fake, client) = documented(&[]).await;
    assert_eq!(client.userid_of_email("zs@corp.example.com", Mailbox::Corp).await.unwrap(), "zhang.san");
    assert_eq!(client.openid_of("zhang.san").await.unwrap(), "oDx");
    assert_eq!(client.userid_of_openid("oDx").await.unwrap(), "zhang.san");
    client
        .change_agent(&wecom::agent::AgentChange { isreportenter: Some(1), ..Default::default() })
        .await
        .unwrap();
    assert_eq!(fake.calls("agent/set")[0].body, r#"{"agentid":1000002,"isreportenter":1}"#);

    let (url, token) = ("https://app.example.com/job".to_owned(), "T".to_owned());
    let callback = JobCallback { url, token, encoding_aes_key: "K".into() };
    assert_eq!(client.import(Import::UpdateMembers, "m", false, Some(&callback)).await.unwrap(), "job1");
    assert_eq!(client.import(Import::ReplaceMembers, "m", true, None).await.unwrap(), "job2");
    assert_eq!(client.import(Import::ReplaceDepartments, "m", true, None).await.unwrap(), "job3");
    assert_eq!(fake.calls("batch/replaceparty")[0].body, r#"{"media_id":"m"}"#);
    assert!(fake.calls("batch/syncuser")[0].body.contains(r#""encodingaeskey":"K""#));
    let state = client.import_state("job1").await.unwrap();
    assert_eq!((state.status, state.result[0].userid.as_deref()), (3, Some("zhang.san")));
    let not = client.invite(&["x".into()], &[99], &[7]).await.unwrap();
    assert_eq!((not.members, not.departments, not.tags), (vec!["x".to_owned()], vec![99], vec![7]));
    assert!(client.join_qrcode(3).await.unwrap().starts_with("https://"));

    let key = FileKey::new("jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap();
    for (export, id) in [
        (Export::SimpleMembers, "e1"),
        (Export::Members, "e2"),
        (Export::Departments, "e3"),
        (Export::Tagged(5), "e4"),
    ] {
        assert_eq!(client.export(export, &key, 10_000).await.unwrap(), id);
    }
    let state = client.export_state("e1").await.unwrap();
    assert_eq!((state.status, state.data_list[0].size), (2, 123));
}

#[tokio::test]
async fn meetings_lives_and_the_drive() {
    use chrono::{DateTime, TimeDelta};
    use wecom::drive::SpaceAccess;
    use wecom::living::NewLiving;
    use wecom::meetings::Booking;

    let (fake, client) = documented(&[]).await;
    let from = DateTime::from_timestamp(1_772_000_000, 0).unwrap();
    let to = from + TimeDelta::days(30);
    let booked = client.book_meeting(&Booking::default()).await.unwrap();
    assert_eq!((booked.meetingid.as_str(), &booked.excess_users[..]), ("hy1", &["t1003".to_owned()][..]));
    client.change_meeting("hy1", &Booking::default()).await.unwrap();
    client.cancel_meeting("hy1").await.unwrap();
    let ids: Vec<_> = client.meeting_ids("t1001", from, to).unwrap().try_concat().await.unwrap();
    assert_eq!(ids, ["hy1", "hy2", "hy1", "hy2"], "two pages");
    let meeting = client.meeting("hy1").await.unwrap();
    assert_eq!((meeting.status, meeting.attendees.member[0].cumulative_time), (Some(3), Some(1500)));
    assert_eq!(meeting.attendees.tmp_external_user[0].userid.as_deref(), Some("wo1"));
    let came: Vec<_> = client.meeting_attended("hy1", from, to).unwrap().try_concat().await.unwrap();
    assert_eq!((came.len(), came[0].join_time), (2, Some(1_772_600_100)), "a number in a text");
    let present: Vec<_> = client.meeting_present("hy1").try_concat().await.unwrap();
    assert_eq!((present.len(), present[0].quit_time), (2, None), "still there");
    assert!(client.meeting_attended("hy1", from, to + TimeDelta::days(2)).is_err());

    assert_eq!(client.book_living(&NewLiving::default()).await.unwrap(), "lv1");
    client.change_living("lv1", &wecom::living::LivingChange::default()).await.unwrap();
    client.delete_replay("lv1").await.unwrap();
    client.cancel_living("lv1").await.unwrap();
    let ids: Vec<_> = client.living_ids("t1001").try_concat().await.unwrap();
    assert_eq!(ids.len(), 2, "two pages");
    assert_eq!(client.living("lv1").await.unwrap().viewer_num, Some(100));
    let pages: Vec<_> = client.living_watched("lv1").try_collect().await.unwrap();
    assert_eq!((pages.len(), pages[0].users[0].watch_time), (2, 1800));
    assert_eq!(pages[1].external_users[0].userid.as_deref(), Some("wm1"));
    let keys: Vec<_> = fake.calls("living/get_watch_stat").into_iter().map(|seen| seen.body).collect();
    assert!(keys[0].contains(r#""next_key":"0""#) && keys[1].contains(r#""next_key":"k""#));

    let edition = client.drive_edition().await.unwrap();
    assert_eq!((edition.is_pro, edition.accounts_used), (true, Some(5)));
    let access = [SpaceAccess::member("t1", 7), SpaceAccess::department(12, 1)];
    assert_eq!(client.create_space("课件", &access).await.unwrap(), "s.1");
    assert_eq!(
        serde_json::from_str::<Value>(&fake.calls("wedrive/space_create")[0].body).unwrap()["auth_info"],
        serde_json::json!([{ "type": 1, "userid": "t1", "auth": 7 }, { "type": 2, "departmentid": 12, "auth": 1 }])
    );
    assert_eq!(client.space_name("s.1").await.unwrap(), "课件");
    let files: Vec<_> = client.drive_files("s.1", "s.1").try_concat().await.unwrap();
    assert_eq!((files.len(), files[0].file_size), (2, Some(1024)));
}

#[tokio::test]
async fn leave_files_and_people_outside() {
    use chrono::{DateTime, TimeDelta};
    use wecom::approvals::{ApprovalFilter, LEAVE};

    let (fake, client) = documented(&[]).await;
    let from = DateTime::from_timestamp(1_772_000_000, 0).unwrap();
    let to = from + TimeDelta::days(7);
    let filter = ApprovalFilter {
        sp_status: Some(2),
        record_type: Some(LEAVE),
        departments: vec![12, 13],
        ..Default::default()
    };
    let numbers: Vec<_> = client.approval_numbers(from, to, &filter).unwrap().try_concat().await.unwrap();
    assert_eq!(numbers, ["202603040001"; 2], "two pages");
    let asked: Value = serde_json::from_str(&fake.calls("oa/getapprovalinfo")[0].body).unwrap();
    assert_eq!((&asked["starttime"], &asked["new_cursor"]), (&Value::from("1772000000"), &Value::from("")));
    assert_eq!(asked["filters"].as_array().unwrap().len(), 4);
    let approval = client.approval("202603040001").await.unwrap();
    assert_eq!((approval.applyer.userid.as_str(), approval.applyer.partyid), ("s2001", Some(12)));
    let leave = approval.leave().unwrap();
    assert_eq!((leave.begin, leave.end, leave.half_days), (1_772_600_000, 1_772_680_000, false));

    let template = client.approval_template("T").await.unwrap();
    assert_eq!(
        (template.template_names[0].text.as_str(), template.template_content.controls.len()),
        ("请假", 1)
    );
    let words = vec![wecom::approvals::Words { text: "请假".into(), lang: "zh_CN".into() }];
    let application = wecom::approvals::Application {
        creator_userid: "s2001".into(),
        template_id: "T".into(),
        use_template_approver: 1,
        process: None,
        apply_data: serde_json::json!({ "contents": [] }),
        summary_list: vec![wecom::approvals::Summary { summary_info: words }],
    };
    assert_eq!(client.apply(&application).await.unwrap(), "202603040002");

    let files: Vec<_> = client.file_operations(from, to, &[]).unwrap().try_concat().await.unwrap();
    assert_eq!((files.len(), files[0].operation.kind), (2, 103));
    assert_eq!(client.members_with_outsiders().await.unwrap(), ["t1001", "t1002"]);
    assert_eq!(client.outsiders("t1001").await.unwrap(), ["woAAA", "wmBBB"]);
    let days = client.behaviour(&["t1001".into()], &[], from, to).await.unwrap();
    assert_eq!((days[0].chat_cnt, days[0].reply_percentage), (Some(12), Some(66.5)));
    assert!(client.behaviour(&[], &[], from, to).await.is_err(), "about nobody");
}
