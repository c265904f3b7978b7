//! A tap on a card: it reports as a page would, or the card says what is true and what to do.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    form::{Form, Turn},
    policy::Viewer,
};
use store::{
    cards::{self as rows, Got},
    reports::{self, Key, Source},
    reviews, viewers,
};
use wecom::callback::CardEvent;

use super::{NOT_CHOSEN, QUESTION, SUBMIT, Said, hour, name, update::Change};
use crate::{
    App, Error, Result, School, forms,
    outbox::{self, Content},
    quick,
};

/// How long the code of a tap is good (doc 90240), less what clocks may differ.
const CODE_LIFE: TimeDelta = TimeDelta::hours(71);

/// How a tap left the card.
enum Truth {
    /// 已报, at this time.
    Reported(DateTime<Utc>, bool),
    /// 已退回: to be put right on the page.
    SentBack,
    /// Nothing was chosen: the card asks again.
    NotChosen(Box<Content>),
    /// The turn takes no answers any more.
    Over(Turn),
    /// The form does not ask them.
    NotAsked,
    /// They have not agreed to the privacy notice that holds: the page shows it.
    NoticeFirst,
    /// Not everything can be as it was: the page asks.
    OpenIt,
}

/// Does what a tap asks for. Gives the change of the card, to be kept in the transaction that marks the tap handled; a second
/// time the same comes of it, and the report is the same one.
pub(crate) async fn clicked(
    app: &App,
    school: &School,
    inbox_id: i64,
    received_at: DateTime<Utc>,
    event: &CardEvent,
) -> Result<Option<Change>> {
    let corp = school.corp();
    let now = app.now();
    let mut tx = app.store().scoped(corp).await?;
    let member = viewers::member_of(&mut tx, corp, &event.userid).await?;
    let viewer = match member {
        Some(member) => viewers::find(&mut tx, corp, member, school.today(now)).await?,
        None => None,
    };
    let Some(viewer) = viewer else { return Ok(None) };
    let batch_id = event.task_id.parse::<i64>().ok();
    let got = match batch_id {
        Some(batch_id) => rows::got(&mut tx, corp, batch_id, viewer.member).await?,
        None => None,
    };
    tx.commit().await?;
    let change = |batch_id, settled, card| Change {
        cause: format!("click {inbox_id}"),
        batch_id,
        member: Some(viewer.member),
        settled,
        userids: vec![event.userid.clone()],
        response_code: event.response_code.clone(),
        useful_until: received_at + CODE_LIFE,
        card,
    };
    let Some(got) = got else {
        let said = Said {
            title: "卡片已失效".to_owned(),
            words: "这张卡片已经过期，请打开点名查看今天要填的内容。".to_owned(),
            path: "/h5/".to_owned(),
            done: None,
        };
        return Ok(Some(change(None, true, said.card(school))));
    };
    let mut tx = app.store().scoped(corp).await?;
    let loaded = forms::current(app, &mut tx, &got.occasion.code).await?;
    tx.commit().await?;
    let truth = act(app, school, &viewer, &got, &loaded, event).await?;
    let form = &loaded.published.form;
    let settled = !matches!(truth, Truth::NotChosen(_));
    let card = match truth {
        Truth::NotChosen(content) => match *content {
            Content::Form(mut card) => {
                if let Some(question) = &card.question {
                    card.words = format!("还没有选择{}：请先选好，再点“提交”。", question.title);
                }
                card.changed_card(school)
            }
            _ => said(school, form, &got, &Truth::OpenIt, now).card(school),
        },
        other => said(school, form, &got, &other, now).card(school),
    };
    Ok(Some(change(batch_id, settled, card)))
}

/// Reports, where that can be, and says how it stands.
async fn act(
    app: &App,
    school: &School,
    viewer: &Viewer,
    got: &Got,
    loaded: &forms::Loaded,
    event: &CardEvent,
) -> Result<Truth> {
    let corp = school.corp();
    let now = app.now();
    let period = got.occasion.period();
    let mut tx = app.store().scoped(corp).await?;
    let Some(person) = viewer.person.as_ref().map(|person| person.id) else { return Ok(Truth::NotAsked) };
    let key = Key { corp, form_id: loaded.form_id, person, period, occurrence: 0 };
    if let Some(report) = reports::by_key(&tx, key).await? {
        return Ok(match reviews::is_sent_back(&mut tx, corp, report.report_id).await? {
            true => Truth::SentBack,
            false => Truth::Reported(report.submitted_at, report.late),
        });
    }
    let open = forms::open_turns(&mut tx, school, loaded, now).await?;
    let Some((day, turn)) = open.into_iter().find(|(_, turn)| turn.period == period) else {
        let over = loaded.turn_of(school, got.occasion.day, Some(period.slot), now);
        return Ok(over.map_or(Truth::OpenIt, Truth::Over));
    };
    if !forms::is_expected(&mut tx, loaded, corp, day, period.slot, person).await? {
        return Ok(Truth::NotAsked);
    }
    let Some(value) = chosen(&loaded.published.form, event) else {
        let content = outbox::said(app, &mut tx, corp, got.mailing_id, &got.variant).await?;
        return Ok(Truth::NotChosen(Box::new(content)));
    };
    let answers = match (event.event_key.as_str(), value) {
        (SUBMIT, Some(value)) => quick::answers(app, &mut tx, school, loaded, person, turn, value).await?,
        _ => None,
    };
    tx.commit().await?;
    let Some(answers) = answers else { return Ok(Truth::OpenIt) };
    // Of all taps on this card one reports: app, task, member and key are what it is known by (doc 90240).
    let key = format!("card-{}-{}", event.task_id, event.event_key);
    match quick::submit(app, school, viewer, (Source::Card, &key), loaded, turn, answers).await {
        Ok(receipt) => Ok(Truth::Reported(receipt.submitted_at, receipt.late)),
        Err(Error::FormClosed) => Ok(Truth::Over(turn)),
        Err(Error::NotExpected) => Ok(Truth::NotAsked),
        Err(Error::NoticeFirst) => Ok(Truth::NoticeFirst),
        Err(error) if quick::is_for_the_page(&error) => Ok(Truth::OpenIt),
        Err(other) => Err(other),
    }
}

/// The value that was chosen; none: nothing was; none within: something that is no choice any more.
fn chosen(form: &Form, event: &CardEvent) -> Option<Option<f64>> {
    let selected = event.selected.iter().find(|selected| selected.question_key == QUESTION);
    let id = selected.and_then(|selected| selected.option_ids.first()).filter(|id| *id != NOT_CHOSEN)?;
    let Some((quick, field)) = form.quick_field() else { return Some(None) };
    Some(quick.bands.iter().map(|band| band.value).find(|value| field.number_text(*value) == *id))
}

/// What the card says.
fn said(school: &School, form: &Form, got: &Got, truth: &Truth, now: DateTime<Utc>) -> Said {
    let path = format!("/h5/forms/{}?from=card", form.code);
    let of =
        |title: String, words: String, done: Option<String>| Said { title, words, path: path.clone(), done };
    let title = &form.title;
    match truth {
        Truth::Reported(at, late) => {
            let at = quick::reported_at(school, *at, now);
            let words =
                if *late { "已收到，截止之后填报的记为迟报。" } else { "已收到。" };
            let words = format!("{words}要查看或更正，请打开。");
            of(format!("{title}已填报"), words, Some(format!("已报 {at}")))
        }
        Truth::SentBack => {
            of(format!("{title}已退回"), "老师把这份填报退回了，请打开查看并更正。".to_owned(), None)
        }
        Truth::Over(turn) => {
            let closed = hour(school, got.occasion.day, turn.window.closes_at);
            let words =
                format!("{}已于 {closed} 截止，没有提交。请打开查看今天要填的内容。", name(form, *turn));
            Said {
                path: "/h5/".to_owned(), ..of(format!("{title}已截止"), words, Some("已截止".to_owned()))
            }
        }
        Truth::NotAsked => {
            let words = "您现在不在这张表单的应报名单里，没有提交。如有疑问请联系辅导员。".to_owned();
            of(format!("{title}不需要填报"), words, None)
        }
        Truth::NoticeFirst => {
            let words = "还没有提交：请先阅读告知书。请打开，阅读并同意后再填写。".to_owned();
            of(format!("{title}待填写"), words, None)
        }
        Truth::OpenIt | Truth::NotChosen(_) => {
            let words = "还没有提交：这次不能直接沿用上次的内容，请打开填写。".to_owned();
            of(format!("{title}待填写"), words, None)
        }
    }
}
