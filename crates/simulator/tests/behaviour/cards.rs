//! Messages of every kind, cards that call back and change, group chats, and files: the documented requests are taken,
//! and a real client gets through.

use futures_util::TryStreamExt;
use serde_json::{Value, json};
use wecom::media::MediaKind;
use wecom::message::{
    Button, ButtonAction, ButtonInteraction, CardUpdate, Change, Choice, Content, Media, Message, Selection,
    TemplateCard, Title, To,
};

use super::answers::fits;
use super::support::{Sim, client, open};

/// Puts real recipients and files in the place of the documented ones.
fn real(sim: &Sim, request: &Value, media: &str) -> Value {
    let mut text = request.to_string();
    for (invented, real) in
        [("zhang.san", sim.student(0)), ("li.si", sim.student(1)), ("wang.wu", sim.student(2))]
    {
        text = text.replace(invented, &real);
    }
    let mut request: Value = serde_json::from_str(&text.replace("MEDIA_ID", media)).unwrap();
    for invented in ["toparty", "totag", "partyids", "tagids"] {
        request.as_object_mut().unwrap().remove(invented);
    }
    request
}

#[tokio::test]
async fn every_documented_request_is_taken() {
    let (sim, _server) = Sim::with_server().await;
    let client = client(&sim);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/wecom/requests");
    let (token, mut code) = (sim.app_token().await, String::new());
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    // Chats are made before they change, cards are sent before they are updated.
    names.sort_by_key(|name| (name.starts_with("update"), name == "appchat_update", name.clone()));
    for name in names {
        let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
        let golden: Value = serde_json::from_str(&text).unwrap();
        let kind = match name.as_str() {
            "voice" => MediaKind::Voice,
            "video" => MediaKind::Video,
            "image" | "mpnews" => MediaKind::Image,
            _ => MediaKind::File,
        };
        let bytes: &[u8] = match kind {
            MediaKind::Voice => b"#!AMR\nwords",
            MediaKind::Video => b"\0\0\0\x18ftypmp42",
            MediaKind::Image => b"\x89PNG\r\n\x1a\n",
            MediaKind::File => b"some words",
        };
        let media = client.upload(kind, "a.bin", bytes).await.unwrap().media_id;
        let request = real(&sim, &golden["request"], &media);
        let request = request.to_string().replace("RESPONSE_CODE", &code);
        let path = golden["path"].as_str().unwrap();
        let answer = sim.post(path, &token, &request).await;
        assert_eq!(answer["errcode"], 0, "{name}: {answer}");
        if let Some(given) = answer["response_code"].as_str() {
            code = given.to_owned();
        }
        if path.starts_with("appchat") || path.ends_with("card") {
            fits(&path.replace('/', "_"), &answer);
        }
        if name == "update_button" {
            // The code is used up; the next update needs one of its own.
            assert_eq!(sim.post(path, &token, &request).await["errcode"], 60140);
            let text = std::fs::read_to_string(format!("{folder}/button_interaction.json")).unwrap();
            let text = text.replace("t-2", "t-5");
            let again =
                real(&sim, &serde_json::from_str::<Value>(&text).unwrap()["request"], &media).to_string();
            code =
                sim.post("message/send", &token, &again).await["response_code"].as_str().unwrap().to_owned();
        }
    }
    let chat = sim.get("appchat/get", &[("access_token", &token), ("chatid", "abc123")]).await;
    fits("appchat_get", &chat);
    assert_eq!(chat["chat_info"]["userlist"], json!([sim.student(1), sim.student(2)]));
}

fn card() -> TemplateCard {
    TemplateCard::ButtonInteraction(ButtonInteraction {
        task_id: Some("health-2020-03-04".into()),
        main_title: Title { title: Some("健康日报".into()), desc: Some("18:00 前".into()) },
        button_selection: Some(Selection {
            question_key: "temperature".into(),
            title: Some("体温".into()),
            option_list: vec![
                Choice { id: "normal".into(), text: "37.3 以下".into() },
                Choice { id: "high".into(), text: "37.3 以上".into() },
            ],
            ..Selection::default()
        }),
        button_list: vec![Button {
            text: "提交".into(),
            style: Some(1),
            does: ButtonAction::CallBack("submit".into()),
        }],
        ..ButtonInteraction::default()
    })
}

fn message(sim: &Sim, to: Vec<String>, content: Content) -> String {
    let agent_id = sim.school.spec.app.agentid.into();
    Message { to: to.into(), agent_id, content, duplicate_check: None }.to_body().unwrap()
}

#[tokio::test]
async fn a_card_calls_back_and_turns() {
    let (sim, server) = Sim::with_server().await;
    let client = client(&sim);
    let (one, two) = (sim.student(0), sim.student(1));
    let body = message(&sim, vec![one.clone(), two.clone()], Content::TemplateCard(Box::new(card())));
    let sent = client.send(&body).await.unwrap();
    assert!(sent.response_code.is_some());
    // A task's id is one card's only.
    assert_eq!(client.send(&body).await.unwrap_err().code(), Some(42014));

    let message = sim.inspect(&format!("messages/{one}")).await["items"][0].clone();
    let msgid = message["msgid"].as_str().unwrap();
    let click = json!({ "msgid": msgid, "key": "submit", "selected": { "temperature": ["normal"] } });
    sim.control(&format!("messages/{one}/click"), click.clone()).await;
    let xml = loop {
        if let Some(received) = server.take().into_iter().next() {
            break open(&sim.school, &received).1;
        }
        tokio::task::yield_now().await;
    };
    let event = wecom::callback::Event::parse(&xml).unwrap();
    let wecom::callback::Event::Card(event) = event else { panic!("{xml}") };
    assert_eq!((event.event_key.as_str(), event.task_id.as_str()), ("submit", "health-2020-03-04"));
    assert_eq!(event.selected[0].question_key, "temperature");
    assert_eq!(event.selected[0].option_ids, ["normal"]);

    let update = |code: &str, to: To| {
        let change = Change::Disable("已报 07:42".into());
        let agent_id = sim.school.spec.app.agentid.into();
        CardUpdate { to, agent_id, response_code: code.into(), change }.to_body().unwrap()
    };
    let code = event.response_code.clone();
    let stranger = update(&code, vec![sim.student(2)].into());
    assert_eq!(client.update_card(&stranger).await.unwrap_err().code(), Some(82102));
    let mine = update(&code, vec![one.clone(), sim.student(2)].into());
    assert_eq!(client.update_card(&mine).await.unwrap(), [sim.student(2).to_lowercase()]);
    assert_eq!(client.update_card(&mine).await.unwrap_err().code(), Some(60140), "a code is used once");
    let disabled = async |userid: &str| {
        sim.inspect(&format!("messages/{userid}")).await["items"][0]["disabled"].as_str().map(str::to_owned)
    };
    assert_eq!(disabled(&one).await.as_deref(), Some("已报 07:42"));
    assert_eq!(disabled(&two).await, None, "the other's card is as it was");
    // The code of the sending lives three days.
    sim.advance(72 * 3600 + 1).await;
    let late = update(&sent.response_code.unwrap(), vec![two].into());
    assert_eq!(client.update_card(&late).await.unwrap_err().code(), Some(60140));
}

#[tokio::test]
async fn a_file_goes_up_and_comes_down_whole_or_in_part_and_is_forgotten() {
    let sim = Sim::start();
    let client = client(&sim);
    let uploaded = client
        .upload(MediaKind::File, "未报名单 3月4日.csv", "学号,姓名\n1,阿黎\n".as_bytes())
        .await
        .unwrap();
    let whole = client.download(&uploaded.media_id, None).await.unwrap();
    assert_eq!(whole.file_name().as_deref(), Some("未报名单 3月4日.csv"));
    let pieces: Vec<_> = whole.pieces().try_collect().await.unwrap();
    assert_eq!(pieces.concat(), "学号,姓名\n1,阿黎\n".as_bytes());
    let part = client.download(&uploaded.media_id, Some(0..=5)).await.unwrap();
    assert_eq!(part.bytes(100).await.unwrap(), "学号".as_bytes());
    let file = Content::File(Media { media_id: uploaded.media_id.clone() });
    client.send(&message(&sim, vec![sim.student(0)], file.clone())).await.unwrap();

    assert_eq!(client.download("nonsense", None).await.unwrap_err().code(), Some(40007));
    assert!(
        client
            .upload(MediaKind::Voice, "a.amr", b"no recording")
            .await
            .is_err_and(|e| e.code() == Some(301_017))
    );
    assert_eq!(
        client.upload(MediaKind::File, "a", b"five5").await.unwrap_err().code(),
        None,
        "refused before"
    );
    sim.advance(3 * 24 * 3600 + 1).await;
    assert_eq!(client.download(&uploaded.media_id, None).await.unwrap_err().code(), Some(40007));
    let late = client.send(&message(&sim, vec![sim.student(0)], file)).await;
    assert_eq!(late.unwrap_err().code(), Some(40007));
}

#[tokio::test]
async fn a_member_writes_to_the_app() {
    let (sim, server) = Sim::with_server().await;
    let student = sim.student(0);
    sim.control(&format!("messages/{student}/say"), json!({ "content": "36.4 <b>]]>" })).await;
    let xml = loop {
        if let Some(received) = server.take().into_iter().next() {
            break open(&sim.school, &received).1;
        }
        tokio::task::yield_now().await;
    };
    let event = wecom::callback::Event::parse(&xml).unwrap();
    let wecom::callback::Event::Text { userid, content, .. } = event else { panic!("{xml}") };
    assert_eq!((userid, content.as_str()), (student.clone(), "36.4 <b>]]>"));
    let page = sim.page("/client/messages/app", &student).await.text().await.unwrap();
    assert!(page.contains("36.4 &lt;b&gt;]]&gt;"), "{page}");
}
