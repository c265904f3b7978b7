//! Every documented request, `fixtures/wecom/requests/`, written by the typed message. WeCom's simulator is held to
//! taking the same files.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;
use wecom::message::*;

const REQUESTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/wecom/requests");

fn documented(name: &str) -> Value {
    let text = std::fs::read_to_string(format!("{REQUESTS}/{name}.json")).unwrap();
    let golden: Value = serde_json::from_str(&text).unwrap();
    assert!(golden["doc"].is_number(), "{name} names no document");
    golden["request"].clone()
}

fn s(text: &str) -> String {
    text.into()
}

fn some(text: &str) -> Option<String> {
    Some(text.into())
}

fn page(url: &str) -> Target {
    Target::Page(url.into())
}

fn title(title: &str, desc: Option<&str>) -> Title {
    Title { title: some(title), desc: desc.map(Into::into) }
}

fn media() -> Media {
    Media { media_id: s("MEDIA_ID") }
}

fn choice(id: &str, text: &str) -> Choice {
    Choice { id: s(id), text: s(text) }
}

fn line(keyname: &str, value: &str, kind: LineKind) -> Line {
    Line { keyname: s(keyname), value: some(value), kind }
}

fn simple() -> Vec<Content> {
    vec![
        Content::Image(media()),
        Content::Voice(media()),
        Content::File(media()),
        Content::Video(Video { media_id: s("MEDIA_ID"), title: some("Title"), description: some("Words") }),
        Content::TextCard {
            title: s("Leave request"),
            description: s("<div class=\"gray\">2026-05-01</div>Please decide"),
            url: s("https://app.example.com/r/1"),
            button: some("Open"),
        },
        Content::News {
            articles: vec![
                Article {
                    title: s("Spring"),
                    description: some("Words"),
                    link: ArticleLink::Page { url: s("https://app.example.com/n/1") },
                    picurl: some("https://app.example.com/p.png"),
                },
                Article {
                    title: s("Mini"),
                    description: None,
                    link: ArticleLink::MiniProgram { appid: s("wx01"), pagepath: s("pages/index") },
                    picurl: None,
                },
            ],
        },
        Content::MpNews {
            articles: vec![KeptArticle {
                title: s("Spring"),
                thumb_media_id: s("MEDIA_ID"),
                author: some("Office"),
                content_source_url: some("https://app.example.com/n/1"),
                content: s("<p>Words</p>"),
                digest: some("Few words"),
            }],
        },
        Content::Markdown {
            content: s(
                "**今天**还有 <font color=\"warning\">3 人</font>未报\n> [查看](https://app.example.com)",
            ),
        },
        Content::MiniProgramNotice(MiniProgramNotice {
            appid: s("wx01"),
            page: some("pages/index?a=1"),
            title: s("会议室预订成功"),
            description: some("四月二十七日"),
            emphasis_first_item: Some(true),
            content_item: vec![NoticeItem { key: s("会议室"), value: s("402") }],
        }),
    ]
}

fn cards() -> Vec<(&'static str, TemplateCard)> {
    let text_notice = TextNotice {
        source: Some(Source {
            icon_url: some("https://app.example.com/i.png"),
            desc: some("HR"),
            desc_color: Some(1),
        }),
        action_menu: Some(ActionMenu {
            desc: some("more"),
            action_list: vec![MenuAction { text: s("Mute"), key: s("mute") }],
        }),
        task_id: some("t-1"),
        main_title: Some(title("Payslip", Some("April"))),
        quote_area: Some(Quote {
            target: Some(page("https://app.example.com/q")),
            title: some("Note"),
            quote_text: some("…"),
        }),
        emphasis_content: Some(title("100", Some("items"))),
        sub_title_text: some("…"),
        horizontal_content_list: vec![
            line("From", "HR", LineKind::Text),
            line("Site", "Open", LineKind::Page(s("https://app.example.com"))),
            line("File", "a.pdf", LineKind::File(s("MEDIA_ID"))),
            line("Owner", "See", LineKind::Member(s("li.si"))),
        ],
        jump_list: vec![
            Jump { target: page("https://app.example.com"), title: s("Details") },
            Jump {
                target: Target::MiniProgram { appid: s("wx01"), pagepath: some("/index.html") },
                title: s("Mini"),
            },
        ],
        card_action: CardAction(page("https://app.example.com")),
    };
    let news_notice = NewsNotice {
        main_title: title("Event", None),
        card_image: Some(CardImage { url: s("https://app.example.com/p.png"), aspect_ratio: Some(1.5) }),
        vertical_content_list: vec![title("When", Some("Friday"))],
        card_action: CardAction(page("https://app.example.com")),
        ..NewsNotice::default()
    };
    let button = |text: &str, style, does| Button { text: s(text), style: Some(style), does };
    let button_interaction = ButtonInteraction {
        task_id: some("t-2"),
        main_title: title("Approve?", Some("Leave, 3 days")),
        sub_title_text: some("…"),
        horizontal_content_list: vec![line("By", "Li Si", LineKind::Text)],
        button_selection: Some(Selection {
            question_key: s("level"),
            title: some("Level"),
            option_list: vec![choice("l1", "High"), choice("l2", "Low")],
            selected_id: some("l1"),
            disable: None,
        }),
        button_list: vec![
            button("Approve", 1, ButtonAction::CallBack(s("approve"))),
            button("Reject", 2, ButtonAction::CallBack(s("reject"))),
            button("Open", 3, ButtonAction::Page(s("https://app.example.com"))),
        ],
        ..ButtonInteraction::default()
    };
    let tick = |id: &str, text: &str, is_checked| Tick { id: s(id), text: s(text), is_checked };
    let submit = |key: &str| Some(SubmitButton { text: s("Send"), key: s(key) });
    let vote = VoteInteraction {
        task_id: some("t-3"),
        main_title: title("Lunch", Some("choose")),
        checkbox: Checkbox {
            question_key: s("food"),
            several: true,
            option_list: vec![tick("a", "Rice", true), tick("b", "Noodles", false)],
            disable: None,
        },
        submit_button: submit("vote"),
        ..VoteInteraction::default()
    };
    let multiple = MultipleInteraction {
        task_id: some("t-4"),
        main_title: title("Survey", Some("…")),
        select_list: vec![Selection {
            question_key: s("q1"),
            title: some("City"),
            option_list: vec![choice("c1", "GZ"), choice("c2", "SZ")],
            selected_id: some("c1"),
            disable: None,
        }],
        submit_button: submit("survey"),
        ..MultipleInteraction::default()
    };
    vec![
        ("text_notice", TemplateCard::TextNotice(text_notice)),
        ("news_notice", TemplateCard::NewsNotice(news_notice)),
        ("button_interaction", TemplateCard::ButtonInteraction(button_interaction)),
        ("vote_interaction", TemplateCard::VoteInteraction(vote)),
        ("multiple_interaction", TemplateCard::MultipleInteraction(multiple)),
    ]
}

fn message(to: &[&str], content: Content) -> Message {
    let to: Vec<String> = to.iter().map(|id| s(id)).collect();
    Message { to: to.into(), agent_id: 1_000_002, content, duplicate_check: None }
}

fn body(message: &Message) -> Value {
    serde_json::from_str(&message.to_body().unwrap()).unwrap()
}

/// Every request by the name of its file.
fn written() -> Vec<(&'static str, Value)> {
    let mut all = Vec::new();
    let mut text = message(
        &[],
        Content::Text { content: s("请填写<a href=\"https://app.example.com/r/1\">日报</a>\n谢谢") },
    );
    text.to = To::Some { members: vec![s("zhang.san"), s("li.si")], departments: vec![12], tags: vec![5] };
    text.duplicate_check = Some(Duration::from_secs(1800));
    all.push(("text", body(&text)));
    for content in simple() {
        all.push((content.msgtype(), body(&message(&["zhang.san", "li.si"], content))));
    }
    for (name, card) in cards() {
        all.push((name, body(&message(&["zhang.san"], Content::TemplateCard(Box::new(card))))));
    }
    let update = |to, change| {
        let update = CardUpdate { to, agent_id: 1_000_002, response_code: s("RESPONSE_CODE"), change };
        serde_json::from_str(&update.to_body().unwrap()).unwrap()
    };
    let some_of = To::Some { members: vec![s("zhang.san")], departments: vec![12], tags: vec![5] };
    all.push(("update_button", update(some_of, Change::Disable(s("Approved")))));
    let done = TemplateCard::ButtonInteraction(ButtonInteraction {
        main_title: title("Done", None),
        button_list: vec![Button { text: s("OK"), style: Some(1), does: ButtonAction::CallBack(s("k")) }],
        replace_text: some("Submitted"),
        ..ButtonInteraction::default()
    });
    all.push(("update_card", update(To::EveryoneWhoSeesTheApp, Change::Replace(Box::new(done)))));
    let chat = NewChat {
        name: some("n"),
        owner: some("zhang.san"),
        userlist: vec![s("zhang.san"), s("li.si")],
        chatid: some("abc123"),
    };
    all.push(("appchat_create", serde_json::to_value(chat).unwrap()));
    let change = ChatChange {
        chatid: s("abc123"),
        name: some("n2"),
        owner: some("li.si"),
        add_user_list: vec![s("wang.wu")],
        del_user_list: vec![s("zhang.san")],
    };
    all.push(("appchat_update", serde_json::to_value(change).unwrap()));
    let hi = ChatMessage {
        chatid: s("abc123"),
        content: Content::Text { content: s("hi") },
        mentioned: vec![s("zhang.san"), s("@all")],
        confidential: true,
    };
    all.push(("appchat_send", serde_json::from_str(&hi.to_body().unwrap()).unwrap()));
    all
}

#[test]
fn every_documented_request_is_written_as_documented() {
    let there: BTreeSet<String> = std::fs::read_dir(REQUESTS)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let written = written();
    assert_eq!(there, written.iter().map(|(name, _)| s(name)).collect());
    for (name, body) in written {
        assert_eq!(body, documented(name), "{name}");
    }
}

#[test]
fn what_wecom_would_refuse_of_a_card_is_refused_before() {
    let cards = cards();
    let card = |name: &str| cards.iter().find(|(known, _)| *known == name).unwrap().1.clone();
    let refused =
        |card: TemplateCard| message(&["a"], Content::TemplateCard(Box::new(card))).to_body().unwrap_err();
    let TemplateCard::ButtonInteraction(buttons) = card("button_interaction") else { panic!() };
    let broken = |change: fn(&mut ButtonInteraction)| {
        let mut card = buttons.clone();
        change(&mut card);
        refused(TemplateCard::ButtonInteraction(card))
    };
    assert_eq!(broken(|card| card.task_id = None), MessageError::Empty("task_id"));
    assert_eq!(broken(|card| card.task_id = Some("点名".into())), MessageError::BadTaskId);
    assert_eq!(broken(|card| card.button_list.clear()), MessageError::Empty("button_list"));
    assert_eq!(broken(|card| card.main_title.title = None), MessageError::Empty("main_title.title"));
    assert_eq!(broken(|card| card.replace_text = Some("x".into())), MessageError::Unexpected("replace_text"));
    let seven = broken(|card| card.button_list = vec![card.button_list[0].clone(); 7]);
    assert_eq!(seven, MessageError::TooLong { field: "button_list", length: 7, unit: "entries", limit: 6 });
    let doubled = broken(|card| {
        let list = &mut card.button_selection.as_mut().unwrap().option_list;
        list[1].id = list[0].id.clone();
    });
    assert_eq!(doubled, MessageError::Repeated("option_list.id"));
    let strange = broken(|card| card.button_selection.as_mut().unwrap().selected_id = Some("none".into()));
    assert_eq!(strange, MessageError::Unexpected("selected_id"));

    let TemplateCard::NewsNotice(mut news) = card("news_notice") else { panic!() };
    news.card_image.as_mut().unwrap().aspect_ratio = Some(1.3);
    assert_eq!(refused(TemplateCard::NewsNotice(news.clone())), MessageError::BadRatio);
    news.card_image = None;
    assert_eq!(refused(TemplateCard::NewsNotice(news)), MessageError::Empty("card_image"));
    assert_eq!(
        refused(TemplateCard::TextNotice(TextNotice::default())),
        MessageError::Empty("main_title.title")
    );
}
