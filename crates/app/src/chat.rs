//! What members do in the app's chat: a tap on a card, a word, coming in. Answered by sending, never by the callback's reply,
//! and each thing once: the answer is keyed by what was said.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::{
    chat::{self as words, Words},
    form::{Turn, Window},
    policy::{Action, Viewer, ViewerPerson},
};
use store::{
    Scoped, forms as rows, jobs as queue,
    mailings::{self, Kind, NewMailing},
    reports::{self, Key, Source},
    viewers,
};
use wecom::callback::Event;

use crate::{
    App, Error, Result, School,
    cards::{
        CountCard, click, name, the_rest,
        update::{self, Change},
    },
    forms::{self, FormToday, Loaded, Standing},
    jobs::send_messages,
    outbox::{self, Content},
    quick, roll,
};

/// An answer is of use so long: later it would answer something else.
const USEFUL: TimeDelta = TimeDelta::minutes(10);
/// Reports that 历史 names.
const LAST: i64 = 7;
/// Forms that an answer names at most.
const NAMED: usize = 5;

/// What comes of something a member did; kept in the transaction that marks it handled.
pub(crate) enum Effect {
    /// Nothing.
    Nothing,
    /// Their card changes.
    Card(Box<Change>),
    /// They are answered.
    Say {
        /// To whom, as WeCom gives it.
        userid: String,
        /// At most once of these.
        occasion: String,
        /// What.
        content: Box<Content>,
    },
}

/// What is to be done about something a member did. What it reports is reported already; all else is left to [`keep`].
pub(crate) async fn answer(
    app: &App,
    school: &School,
    inbox_id: i64,
    received_at: DateTime<Utc>,
    event: Event,
) -> Result<Effect> {
    let (userid, said) = match event {
        Event::Card(card) => {
            let change = click::clicked(app, school, inbox_id, received_at, &card).await?;
            return Ok(change.map_or(Effect::Nothing, |change| Effect::Card(Box::new(change))));
        }
        Event::EnterAgent { userid } => return greet(app, school, userid).await,
        Event::Text { userid, content, .. } => (userid, words::read(&content)),
        Event::Message { userid, .. } => (userid, Words::Other),
        _ => return Ok(Effect::Nothing),
    };
    let Some(viewer) = viewer_of(app, school, &userid).await? else { return Ok(Effect::Nothing) };
    let content = match (said, &viewer.person) {
        (Words::Measured(value), Some(person)) => {
            Content::Text(measured(app, school, &viewer, person, inbox_id, value).await?)
        }
        (Words::History, Some(person)) => Content::Text(history(app, school, person).await?),
        (Words::Unreported, _) if viewer.may(Action::SeeUnreported) => {
            unreported(app, school, &viewer).await?
        }
        (Words::Unreported, Some(_)) => Content::Text(own(app, school, &viewer).await?),
        (Words::Other, Some(_)) => Content::Text(help(school, &viewer)),
        (_, None) if viewer.may(Action::SeeUnreported) => Content::Text(help(school, &viewer)),
        (_, None) => Content::Text(
            "您的企业微信账号还没有对应到学校名册，暂时不能填报。请联系辅导员或学院办公室。".to_owned(),
        ),
    };
    Ok(Effect::Say { userid, occasion: format!("answer {inbox_id}"), content: Box::new(content) })
}

/// Keeps an effect. The caller rings `job_added` after its commit.
pub(crate) async fn keep(app: &App, tx: &mut Scoped, school: &School, effect: Effect) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let (userid, occasion, content) = match effect {
        Effect::Nothing => return Ok(()),
        Effect::Card(change) => return update::keep(app, tx, school, *change).await,
        Effect::Say { userid, occasion, content } => (userid, occasion, content),
    };
    let new = NewMailing {
        kind: Kind::Notice,
        occasion: Some(&occasion),
        about: None,
        rule_id: None,
        by_member: None,
        urgent: true,
        at: now,
    };
    if let Some(mailing) = mailings::add(tx, corp, new).await? {
        outbox::say(app, tx, corp, mailing, "", &content).await?;
        mailings::address(tx, corp, mailing, "", &[userid.to_lowercase()], now + USEFUL, now).await?;
        queue::add(tx, &send_messages::job(corp, now), now).await?;
    }
    Ok(())
}

async fn viewer_of(app: &App, school: &School, userid: &str) -> Result<Option<Viewer>> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let viewer = match viewers::member_of(&mut tx, corp, userid).await? {
        Some(member) => viewers::find(&mut tx, corp, member, school.today(app.now())).await?,
        None => None,
    };
    tx.commit().await?;
    Ok(viewer)
}

fn link(school: &School, path: &str, says: &str) -> String {
    format!("<a href=\"{}{path}\">{says}</a>", school.public_url)
}

/// A form that takes one number from this person, with their turn of it that is open.
struct Asking {
    loaded: Loaded,
    turn: Turn,
    reported: Option<reports::Report>,
}

/// The forms that a number can answer, those first that wait for it, what is due first before all.
async fn asking(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    person: &ViewerPerson,
    now: DateTime<Utc>,
) -> Result<Vec<Asking>> {
    let corp = school.corp();
    let today = school.today(now);
    let mut found = Vec::new();
    for (campaign, version) in rows::list(tx, corp, Some(today)).await? {
        let loaded = forms::compiled(app, &campaign, version)?;
        let form = &loaded.published.form;
        if form.quick.is_none() || !form.audience.kinds.contains(&person.kind) {
            continue;
        }
        let Some((day, turn)) = forms::open_turns(tx, school, &loaded, now).await?.pop() else { continue };
        if !forms::is_expected(tx, &loaded, corp, day, turn.period.slot, person.id).await? {
            continue;
        }
        let key =
            Key { corp, form_id: loaded.form_id, person: person.id, period: turn.period, occurrence: 0 };
        let reported = reports::by_key(tx, key).await?;
        found.push(Asking { loaded, turn, reported });
    }
    found.sort_by_key(|one| (one.reported.is_some(), one.turn.window.cutoff_at));
    Ok(found)
}

/// A number: it reports, with the rest as it was, or says why not.
async fn measured(
    app: &App,
    school: &School,
    viewer: &Viewer,
    person: &ViewerPerson,
    inbox_id: i64,
    value: f64,
) -> Result<String> {
    let now = app.now();
    let mut tx = app.store().scoped(school.corp()).await?;
    let asking = asking(app, &mut tx, school, person, now).await?;
    // A number that only one of several forms can take is meant for that one.
    let takes = |one: &&Asking| {
        let field = one.loaded.published.form.quick_field().map(|(_, field)| field);
        field.is_some_and(|field| field.measured(value).is_ok())
    };
    let Some(one) = asking.iter().find(takes).or(asking.first()) else {
        return Ok(format!(
            "现在没有可以直接发数字填报的表单。{}看看今天要填什么。",
            link(school, "/h5/", "打开点名")
        ));
    };
    let form = &one.loaded.published.form;
    let called = name(form, one.turn);
    let open = link(school, &format!("/h5/forms/{}?from=chat", form.code), "打开");
    let Some((_, field)) = form.quick_field() else { return Ok(help(school, viewer)) };
    if let Some(report) = &one.reported {
        let at = quick::reported_at(school, report.submitted_at, now);
        return Ok(format!("“{called}”已在 {at} 填报过，这次没有改动。要查看或更正，请{open}。"));
    }
    if let Err(remedy) = field.measured(value) {
        return Ok(format!("没有填报：{remedy}。请再发一次，或{open}填写。"));
    }
    let answers = quick::answers(app, &mut tx, school, &one.loaded, person.id, one.turn, value).await?;
    tx.commit().await?;
    let value = field.measured(value).map(|value| field.read(&value)).unwrap_or_default();
    let instead = format!("还没有填报：“{called}”这次不能直接沿用上次的内容，请{open}填写。");
    let Some(answers) = answers else { return Ok(instead) };
    let key = format!("chat-{inbox_id}");
    match quick::submit(app, school, viewer, (Source::Chat, &key), &one.loaded, one.turn, answers).await {
        Ok(receipt) => {
            let at = quick::reported_at(school, receipt.submitted_at, now);
            let late = if receipt.late { "（迟报）" } else { "" };
            let rest = the_rest(form);
            let field = &field.title;
            Ok(format!("已报 {at}{late}：{called}，{field} {value}，其余{rest}。要查看或更正，请{open}。"))
        }
        Err(Error::FormClosed) => Ok(format!("没有填报：“{called}”已经截止。")),
        Err(Error::NotExpected) => Ok(format!("没有填报：您不在“{called}”的应报名单里。")),
        Err(Error::NoticeFirst) => {
            Ok(format!("没有填报：请先阅读告知书。请{open}“{called}”，阅读并同意后再填。"))
        }
        Err(error) if quick::is_for_the_page(&error) => Ok(instead),
        Err(other) => Err(other),
    }
}

/// 历史: when the last reports came. What they say stands on the page alone.
async fn history(app: &App, school: &School, person: &ViewerPerson) -> Result<String> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let last = reports::last_of(&mut tx, corp, person.id, LAST).await?;
    tx.commit().await?;
    let all = link(school, "/h5/reports", "全部记录");
    if last.is_empty() {
        return Ok(format!("还没有填报记录。{}", link(school, "/h5/", "打开点名")));
    }
    let line = |one: &reports::Last| {
        let at = one.submitted_at.with_timezone(&school.zone);
        let late = if one.late { "（迟报）" } else { "" };
        format!("{} {}{late}", at.format("%-m月%-d日 %H:%M"), one.title)
    };
    let lines: Vec<String> = last.iter().map(line).collect();
    Ok(format!("最近 {} 次填报：\n{}\n{all}", lines.len(), lines.join("\n")))
}

/// 未报, for those who look after others: how many, and the way to the list. Names stand on the page alone.
async fn unreported(app: &App, school: &School, viewer: &Viewer) -> Result<Content> {
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let mut tx = app.store().scoped(corp).await?;
    let mut counted = Vec::new();
    for (campaign, version) in rows::list(&mut tx, corp, Some(today)).await? {
        let loaded = forms::compiled(app, &campaign, version)?;
        let begun = |turn: &Turn| turn.period.day.is_some() && turn.window.opens_at <= now;
        let Some(turn) = loaded.turns(school, today).into_iter().rfind(begun) else { continue };
        let scope = viewer.scope(Action::SeeUnreported);
        let question = loaded.question(corp, today, turn.period.slot, scope);
        let counts = roll::of(app, &mut tx, &question).await?.counts();
        if counts.expected > 0 {
            counted.push((loaded, turn, counts));
        }
    }
    tx.commit().await?;
    counted.sort_by_key(|(_, turn, counts)| (counts.unreported() == 0, turn.window.cutoff_at));
    let Some((first, turn, counts)) = counted.first() else {
        return Ok(Content::Text(format!("现在没有要统计未报的表单。{}", link(school, "/h5/", "打开点名"))));
    };
    let figure = |unreported: i64, expected: i64| format!("{unreported}/{expected}");
    let others = counted.iter().skip(1).take(NAMED).map(|(loaded, turn, counts)| {
        (name(&loaded.published.form, *turn), figure(counts.unreported(), counts.expected))
    });
    let form = &first.published.form;
    Ok(Content::Count(CountCard {
        title: format!("{}未报", name(form, *turn)),
        words: format!("截至 {}，您负责的范围", now.with_timezone(&school.zone).format("%H:%M")),
        figure: figure(counts.unreported(), counts.expected),
        of: "未报 / 应报".to_owned(),
        lines: others.collect(),
        path: format!("/h5/unreported/{}", form.code),
        button: "打开未报名单".to_owned(),
    }))
}

/// What waits for somebody: unreported and open now, or sent back.
async fn waiting(app: &App, school: &School, viewer: &Viewer) -> Result<Vec<FormToday>> {
    let now = app.now();
    let waits = |form: &FormToday| {
        let window = Window { opens_at: form.opens_at, closes_at: form.closes_at, cutoff_at: form.cutoff_at };
        form.sent_back || (form.standing == Standing::Unreported && window.is_open(now))
    };
    let mut all = forms::today(app, school, viewer).await?;
    all.retain(waits);
    Ok(all)
}

/// The forms that wait, by name.
fn named(school: &School, waiting: &[FormToday], today: NaiveDate) -> String {
    let one = |form: &FormToday| {
        let title = &form.form.form.title;
        let title = match &form.slot_title {
            Some(slot) => format!("{title} · {slot}"),
            None => title.clone(),
        };
        match form.sent_back {
            true => format!("{title}（已退回，待更正）"),
            false => format!("{title}（{} 截止）", crate::cards::hour(school, today, form.cutoff_at)),
        }
    };
    let mut names: Vec<String> = waiting.iter().take(NAMED).map(one).collect();
    if waiting.len() > NAMED {
        names.push("……".to_owned());
    }
    names.join("\n")
}

/// 未报, for everybody else: what they have not reported themselves.
async fn own(app: &App, school: &School, viewer: &Viewer) -> Result<String> {
    let waiting = waiting(app, school, viewer).await?;
    let open = link(school, "/h5/", "打开点名");
    Ok(match waiting.len() {
        0 => format!("您现在没有待填的表单。{open}"),
        many => {
            format!("您有 {many} 项待填：\n{}\n{open}", named(school, &waiting, school.today(app.now())))
        }
    })
}

/// Somebody came in: once a day, if something waits for them.
async fn greet(app: &App, school: &School, userid: String) -> Result<Effect> {
    let (corp, now) = (school.corp(), app.now());
    let Some(viewer) = viewer_of(app, school, &userid).await? else { return Ok(Effect::Nothing) };
    let today = school.today(now);
    let occasion = format!("greet {} {today}", viewer.member);
    let mut tx = app.store().scoped(corp).await?;
    let greeted = mailings::is_planned(&mut tx, corp, &occasion).await?;
    tx.commit().await?;
    if greeted {
        return Ok(Effect::Nothing);
    }
    let waiting = waiting(app, school, &viewer).await?;
    if waiting.is_empty() {
        return Ok(Effect::Nothing);
    }
    let quick = waiting.iter().find_map(|form| form.form.form.quick_field().filter(|_| !form.sent_back));
    let hint = match quick {
        Some((quick, field)) => {
            let example = quick.bands.get(quick.bands.len() / 2).map(|band| field.number_text(band.value));
            let example = example.unwrap_or_default();
            format!("\n其余与上次相同时，直接回复{}即可，例如 {example}。", field.title)
        }
        None => String::new(),
    };
    let names = named(school, &waiting, today);
    let open = link(school, "/h5/", "打开点名");
    let text = format!("您有 {} 项待填：\n{names}\n{open}{hint}", waiting.len());
    Ok(Effect::Say { userid, occasion, content: Box::new(Content::Text(text)) })
}

/// Whatever else was written: what can be.
fn help(school: &School, viewer: &Viewer) -> String {
    let mut lines = vec!["可以这样发消息：".to_owned()];
    if viewer.person.is_some() {
        lines.push("· 体温，例如 36.4：其余与上次相同时直接填报".to_owned());
        lines.push("· 历史：最近七次填报的时间".to_owned());
    }
    lines.push(match viewer.may(Action::SeeUnreported) {
        true => "· 未报：您负责的范围内还有多少人未报".to_owned(),
        false => "· 未报：您自己还有什么没填".to_owned(),
    });
    lines.push(link(school, "/h5/", "打开点名"));
    lines.join("\n")
}
