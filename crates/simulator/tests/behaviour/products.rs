//! Meetings, lives, the drive, approvals and contacts outside: an app sees its own, in products that are open to it.

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::TryStreamExt;
use serde_json::json;
use wecom::approvals::{ApprovalFilter, LEAVE};
use wecom::drive::SpaceAccess;
use wecom::living::NewLiving;
use wecom::meetings::{Booking, Invitees};

use super::answers::fits;
use super::support::{Sim, client};

async fn now(sim: &Sim) -> DateTime<Utc> {
    sim.inspect("clock").await["now"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_meeting_is_booked_held_and_attended() {
    let sim = Sim::start();
    let (app, begin, teacher) = (client(&sim), now(&sim).await, sim.teacher());
    let start = begin.timestamp() + 600;
    let invitees: Vec<String> = (0..40).map(|n| sim.student(n)).collect();
    let booking = Booking {
        admin_userid: Some(teacher.clone()),
        title: Some("辅导员例会".into()),
        meeting_start: Some(start),
        meeting_duration: Some(1800),
        invitees: Some(Invitees { userid: invitees.clone() }),
        ..Booking::default()
    };
    let booked = app.book_meeting(&booking).await.unwrap();
    let late = Booking { meeting_start: Some(start - 700), ..booking.clone() };
    assert_eq!(app.book_meeting(&late).await.unwrap_err().code(), Some(40058), "not in the past");
    let change = Booking { title: Some("改到明天".into()), ..Booking::default() };
    app.change_meeting(&booked.meetingid, &change).await.unwrap();
    let meeting = app.meeting(&booked.meetingid).await.unwrap();
    assert_eq!((meeting.status, meeting.title.as_deref()), (Some(1), Some("改到明天")));
    let of = |userid: &str| app.meeting_ids(userid, begin, begin + TimeDelta::days(1)).unwrap().try_concat();
    assert_eq!(of(&teacher).await.unwrap(), [booked.meetingid.as_str()]);
    assert_eq!(of(&invitees[3]).await.unwrap(), [booked.meetingid.as_str()]);
    assert!(of(&sim.student(50)).await.unwrap().is_empty());

    sim.advance(1200).await;
    let present: Vec<_> = app.meeting_present(&booked.meetingid).try_concat().await.unwrap();
    // Each comes or stays away by the draw of this meeting's code: now and then all of them come.
    assert!((20..=40).contains(&present.len()) && present.iter().all(|one| one.quit_time.is_none()));
    sim.advance(1200).await;
    let meeting = app.meeting(&booked.meetingid).await.unwrap();
    let there = meeting.attendees.member.iter().filter(|one| one.status == Some(1)).count();
    assert_eq!(meeting.status, Some(3));
    assert!((20..=40).contains(&there), "most come: {there}");
    let came: Vec<_> = app
        .meeting_attended(&booked.meetingid, begin, begin + TimeDelta::days(1))
        .unwrap()
        .try_concat()
        .await
        .unwrap();
    assert_eq!(came.len(), there);
    assert!(came.iter().all(|one| one.join_time >= Some(start) && one.quit_time == Some(start + 1800)));
    assert_eq!(app.change_meeting(&booked.meetingid, &change).await.unwrap_err().code(), Some(40058), "over");
    app.cancel_meeting(&booked.meetingid).await.unwrap();
    assert_eq!(app.meeting("hy-of-somebody").await.unwrap_err().code(), Some(40058));

    let token = sim.app_token().await;
    let ask =
        json!({ "meetingid": booked.meetingid, "start_time": start, "end_time": start + 9 }).to_string();
    fits("meeting_get_info", &{
        let mut answer = sim.post("meeting/get_info", &token, &ask).await;
        answer["attendees"]["tmp_external_user"] = json!([]);
        answer
    });
    fits("meeting_get_attendee_list", &sim.post("meeting/get_attendee_list", &token, &ask).await);
    let ask =
        json!({ "userid": teacher, "begin_time": begin.timestamp(), "end_time": start + 9 }).to_string();
    fits("meeting_get_user_meetingid", &sim.post("meeting/get_user_meetingid", &token, &ask).await);
    sim.control("settings", json!({ "closed_products": ["meeting"] })).await;
    assert_eq!(app.meeting(&booked.meetingid).await.unwrap_err().code(), Some(48002));
}

#[tokio::test]
async fn a_live_tells_who_watched_page_by_page() {
    let sim = Sim::start();
    let (app, begin, student) = (client(&sim), now(&sim).await, sim.student(0));
    let living = NewLiving {
        anchor_userid: student.clone(),
        theme: "高等数学".into(),
        living_start: begin.timestamp() + 60,
        living_duration: 1800,
        ..NewLiving::default()
    };
    let id = app.book_living(&living).await.unwrap();
    assert_eq!(app.living_ids(&student).try_concat().await.unwrap(), [id.as_str()]);
    assert_eq!(app.living(&id).await.unwrap().status, Some(0));
    let change = wecom::living::LivingChange { theme: Some("线性代数".into()), ..Default::default() };
    app.change_living(&id, &change).await.unwrap();
    assert_eq!(app.living(&id).await.unwrap().theme.as_deref(), Some("线性代数"));
    assert_eq!(app.delete_replay(&id).await.unwrap_err().code(), Some(40058), "nothing was recorded yet");
    sim.advance(60 + 1800).await;
    let told = app.living(&id).await.unwrap();
    let pages: Vec<_> = app.living_watched(&id).try_collect().await.unwrap();
    let viewers: usize = pages.iter().map(|page| page.users.len()).sum();
    assert_eq!((told.status, told.viewer_num), (Some(2), Some(viewers.try_into().unwrap())));
    assert!(viewers > 5 && pages[0].users.iter().all(|viewer| viewer.watch_time == 1800));
    assert_eq!(app.cancel_living(&id).await.unwrap_err().code(), Some(40058), "it is over");
    let answer = sim.app_get("living/get_living_info", &[("livingid", &id)]).await;
    fits("living_get_living_info", &answer);
    let token = sim.app_token().await;
    let ask = json!({ "livingid": id }).to_string();
    fits("living_get_watch_stat", &sim.post("living/get_watch_stat", &token, &ask).await);
}

#[tokio::test]
async fn the_drive_shows_the_apps_own_spaces() {
    let sim = Sim::start();
    let app = client(&sim);
    assert!(!app.drive_edition().await.unwrap().is_pro);
    let space = app.create_space("课件", &[SpaceAccess::member(sim.teacher(), 7)]).await.unwrap();
    assert_eq!(app.space_name(&space).await.unwrap(), "课件");
    let files: Vec<_> = app.drive_files(&space, &space).try_concat().await.unwrap();
    assert_eq!(
        files.iter().map(|file| file.file_size).collect::<Vec<_>>(),
        [Some(1024), Some(2048), Some(3072)]
    );
    assert_eq!(app.space_name("s.other").await.unwrap_err().code(), Some(60011));
    let token = sim.app_token().await;
    let ask = json!({ "spaceid": space, "fatherid": space, "start": 0, "limit": 2 }).to_string();
    let page = sim.post("wedrive/file_list", &token, &ask).await;
    fits("wedrive_file_list", &page);
    assert_eq!((&page["has_more"], &page["next_start"]), (&json!(true), &json!(2)));
    fits("wedrive_new_space_info", &sim.post("wedrive/new_space_info", &token, &ask).await);
    fits("wedrive_mng_pro_info", &sim.post("wedrive/mng_pro_info", &token, "{}").await);
}

#[tokio::test]
async fn leave_is_found_by_its_filters_and_read_one_by_one() {
    let sim = Sim::start();
    let (app, to) = (client(&sim), now(&sim).await);
    let from = to - TimeDelta::days(30);
    let find = |filter: ApprovalFilter| {
        let pages = app.approval_numbers(from, to, &filter).unwrap();
        async move { pages.try_concat().await.unwrap() }
    };
    let all: Vec<String> = find(ApprovalFilter { record_type: Some(LEAVE), ..Default::default() }).await;
    let granted = find(ApprovalFilter { sp_status: Some(2), ..Default::default() }).await;
    assert!(all.len() > 100 && !granted.is_empty() && granted.len() < all.len(), "more than a page");
    let leave = app.approval(&granted[0]).await.unwrap();
    let asked = leave.leave().unwrap();
    let (begin, end) = (asked.begin, asked.end);
    assert!(leave.sp_status == 2 && begin < end);
    let theirs =
        find(ApprovalFilter { creator: Some(leave.applyer.userid.clone()), ..Default::default() }).await;
    assert!(theirs.contains(&granted[0]) && theirs.len() < all.len());
    assert!(find(ApprovalFilter { record_type: Some(3), ..Default::default() }).await.is_empty());
    let token = sim.app_token().await;
    let ask = json!({ "sp_no": granted[0] }).to_string();
    fits("oa_getapprovaldetail", &sim.post("oa/getapprovaldetail", &token, &ask).await);
    let ms = json!({ "starttime": "1772000000000", "endtime": "1772000000001", "size": 200 }).to_string();
    assert_eq!(sim.post("oa/getapprovalinfo", &token, &ms).await["errcode"], 301_025);
}

#[tokio::test]
async fn contacts_outside_are_counted_the_morning_after() {
    let sim = Sim::start();
    let (app, to) = (client(&sim), now(&sim).await);
    let members = app.members_with_outsiders().await.unwrap();
    assert!(!members.is_empty() && !members.contains(&sim.student(0)));
    assert!(app.outsiders(&sim.student(0)).await.unwrap().is_empty(), "84061 is nobody");
    let some = futures_util::future::join_all(members.iter().map(|userid| app.outsiders(userid))).await;
    assert!(some.into_iter().any(|ids| ids.unwrap().iter().any(|id| id.starts_with("wm"))));

    let asked = [members[0].clone()];
    let days = app.behaviour(&asked, &[], to - TimeDelta::days(20), to).await.unwrap();
    assert_eq!(days.len(), 21, "both ends");
    assert_eq!(days.last().unwrap().chat_cnt, Some(0), "today is not counted yet");
    assert!(days.iter().any(|day| day.chat_cnt > Some(0) && day.reply_percentage.is_some()));
    assert!(days.iter().all(|day| (day.stat_time + 8 * 3600) % 86_400 == 0));
    let old = app.behaviour(&asked, &[], to - TimeDelta::days(200), to - TimeDelta::days(190)).await;
    assert_eq!(old.unwrap_err().code(), Some(600_018));
    let token = sim.app_token().await;
    let ask =
        json!({ "userid": asked, "start_time": to.timestamp() - 86_400 * 9, "end_time": to.timestamp() })
            .to_string();
    let answer = sim.post("externalcontact/get_user_behavior_data", &token, &ask).await;
    fits("externalcontact_get_user_behavior_data", &answer);
    let from = to - TimeDelta::days(14);
    let files: Vec<_> = app.file_operations(from, to, &[]).unwrap().try_concat().await.unwrap();
    assert!(files.len() > 100 && files.iter().all(|file| [101, 103].contains(&file.operation.kind)));
    let ask = json!({ "start_time": from.timestamp(), "end_time": to.timestamp(), "limit": 5 }).to_string();
    fits("security_get_file_oper_record", &sim.post("security/get_file_oper_record", &token, &ask).await);
    sim.send(&sim.student(0), json!({})).await;
    let counts = app.message_counts(false).await.unwrap();
    assert_eq!(counts[0].2, 1);
}
