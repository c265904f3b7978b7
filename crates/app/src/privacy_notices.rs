//! 告知书: what the school tells people of their data before they answer for the first time, and their word that they agree.
//!
//! The pages ask before a form is filled in. Where it asks anything sensitive, `reports::submit` takes no answer without that
//! word, and none at all while the school has published nothing (unless its configuration says otherwise), by whatever way it
//! comes: a card and the chat lead to the page. Whoever answers for somebody else (代报) and the school that loads what it knows (`reports::load`) act by their office and not by that person's word: they are not held up.

use chrono::{DateTime, Utc};
use domain::{
    PersonId,
    audit::Act,
    policy::{Action, Viewer},
};
use serde_json::json;
use store::{
    AsyncPgConnection,
    audit::{self, Event},
    privacy_notices::{self as rows, Notice, Word},
    retention::UNDO,
};

pub use store::privacy_notices::Row;

use crate::{App, Error, Page, Result, School, notices};

/// Where people take their word back, and give it anew.
const HELD: &str = "/h5/me/held";
/// Characters of a notice at most.
const MAX_TEXT: usize = 5_000;
/// … and of its basis.
const MAX_BASIS: usize = 500;

/// What holds for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The version that holds.
    pub notice: Notice,
    /// When they agreed to it; none: they have not, or took it back.
    pub agreed_at: Option<DateTime<Utc>>,
    /// What taking their word back would do; none: no word of theirs stands, to this version or one before.
    pub withdrawal: Option<Withdrawal>,
}

/// What becomes of what somebody answered when they take their word back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawal {
    /// It stays as long as all answers: the basis is a duty.
    Keeps,
    /// What they answered under their consent is erased.
    Erases,
}

impl Withdrawal {
    fn of(on_consent: bool) -> Self {
        if on_consent { Self::Erases } else { Self::Keeps }
    }
}

fn person(viewer: &Viewer) -> Result<PersonId> {
    viewer.person.as_ref().map(|person| person.id).ok_or(Error::NotFound)
}

fn may(viewer: &Viewer) -> Result<()> {
    if viewer.may(Action::Administer) { Ok(()) } else { Err(Error::Forbidden) }
}

fn newer() -> Error {
    Error::Overtaken("告知书刚刚更新，请刷新后阅读新的一版".into())
}

/// What holds for the viewer; none: the school has published nothing, or the roster does not know them.
pub async fn standing(app: &App, school: &School, viewer: &Viewer) -> Result<Option<Standing>> {
    let Ok(person) = person(viewer) else { return Ok(None) };
    let corp = school.corp();
    let mut tx = app.store().reading(corp).await?;
    let Some(notice) = rows::newest(&mut tx, corp).await? else { return Ok(None) };
    let agreed_at = rows::agreed_at(&mut tx, corp, person, notice.version).await?;
    let withdrawal = rows::stands_on_consent(&mut tx, corp, person).await?.map(Withdrawal::of);
    tx.commit().await?;
    Ok(Some(Standing { notice, agreed_at, withdrawal }))
}

/// What keeps somebody's own sensitive answers from being taken; none: they agreed, or the school takes them without a notice.
pub(crate) async fn hindrance(
    school: &School,
    conn: &AsyncPgConnection,
    person: PersonId,
) -> Result<Option<Error>> {
    Ok(match rows::word(conn, school.corp(), person).await? {
        Word::Given => None,
        Word::Awaited => Some(Error::NoticeFirst),
        Word::Nothing => (!school.answers_without_notice).then_some(Error::NoticeMissing),
    })
}

/// The viewer agrees to the version they read, in `locale`. Once more does nothing.
pub async fn agree(app: &App, school: &School, viewer: &Viewer, version: i32, locale: &str) -> Result<()> {
    let person = person(viewer)?;
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let newest = rows::newest(&mut tx, corp).await?;
    if newest.is_none_or(|newest| newest.version != version) {
        return Err(newer());
    }
    rows::agree(&mut tx, corp, person, version, locale, app.now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Takes it back: from now on nothing sensitive is taken from them until they agree again, as the pages ask. What they answered under a
/// notice that rests on consent is erased from an hour later on (`retention::withdrawn`), and they are told; otherwise it stays as long as
/// all answers do. Once more does nothing.
pub async fn withdraw(app: &App, school: &School, viewer: &Viewer) -> Result<()> {
    let person = person(viewer)?;
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let Some(on_consent) = rows::stands_on_consent(&mut tx, corp, person).await? else { return Ok(()) };
    if !rows::withdraw(&mut tx, corp, person, now).await? {
        return Ok(());
    }
    let event = Event::new(corp, Act::NoticeWithdrawn, Some(viewer.member), now).of(person);
    audit::insert(&mut tx, event.saying(json!({ "erases": on_consent }))).await?;
    if on_consent {
        let notice = notices::Notice {
            title: "您已收回同意",
            description: "一小时后开始删除您填报的内容。想保留，或者不是您本人操作，请在一小时内重新同意。",
            path: HELD,
            button: "查看",
            useful_for: UNDO,
            urgent: true,
            occasion: None,
        };
        notices::tell(app, &mut tx, school, vec![viewer.userid.clone()], notice, now).await?;
    }
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(())
}

/// Versions, the newest first; `before` is the last page's `next`.
pub async fn list(
    app: &App,
    school: &School,
    viewer: &Viewer,
    before: Option<&str>,
    limit: i64,
) -> Result<Page<Row>> {
    may(viewer)?;
    let before = before.map(str::parse).transpose().map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().reading(school.corp()).await?;
    let found = rows::list(&mut tx, school.corp(), before, limit + 1).await?;
    tx.commit().await?;
    Ok(Page::cut(found, limit, |row| row.version.to_string()))
}

/// A version to be published.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// The one that was on the screen; 0: there was none.
    pub after: i32,
    /// What people are told.
    pub text: &'a str,
    /// On what basis.
    pub legal_basis: &'a str,
    /// Whether that is their consent.
    pub rests_on_consent: bool,
}

/// Publishes a version. Everybody is asked anew. Its number.
pub async fn publish(app: &App, school: &School, viewer: &Viewer, draft: Draft<'_>) -> Result<i32> {
    may(viewer)?;
    let (text, legal_basis) = (draft.text.trim(), draft.legal_basis.trim());
    if text.is_empty() || text.chars().count() > MAX_TEXT {
        return Err(Error::field("text", format!("请写告知的内容，不超过 {MAX_TEXT} 字")));
    }
    if legal_basis.is_empty() || legal_basis.chars().count() > MAX_BASIS {
        return Err(Error::field("legal_basis", format!("请写明依据，不超过 {MAX_BASIS} 字")));
    }
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let standing = rows::newest(&mut tx, corp).await?.map_or(0, |notice| notice.version);
    if standing != draft.after {
        return Err(newer());
    }
    let notice = Notice {
        version: standing + 1,
        text: text.to_owned(),
        legal_basis: legal_basis.to_owned(),
        rests_on_consent: draft.rests_on_consent,
        published_at: app.now(),
    };
    if !rows::publish(&mut tx, corp, &notice, viewer.member).await? {
        return Err(newer());
    }
    let event = Event::new(corp, Act::NoticePublished, Some(viewer.member), notice.published_at);
    audit::insert(
        &mut tx,
        event.saying(json!({ "version": notice.version, "on_consent": notice.rests_on_consent })),
    )
    .await?;
    tx.commit().await?;
    tracing::info!(corp, version = notice.version, "a privacy notice was published");
    Ok(notice.version)
}
