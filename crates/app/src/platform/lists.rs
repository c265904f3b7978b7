//! The lists behind the figures: members with their last use, and what WeCom's logs have of members and administrators.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use domain::{
    DepartmentId, clock,
    platform::{
        line::AccountState,
        operation::{self, CONTACT_ADDED, CONTACT_REMOVED, Log},
    },
    policy::{Action, Viewer},
};
use serde_json::Value;
use store::platform::{
    records as logs,
    usage::{self as used, Of, Question},
};

use super::{administer, see};
use crate::{App, Error, Page, Result, School, page};

/// Which members.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Of our own visits, or of the console's newest export.
    pub of: Of,
    /// Only with an account of this state.
    pub state: Option<AccountState>,
    /// Only who used it last on this.
    pub client: Option<&'a str>,
    /// Only who has not used it for so many days, or never.
    pub unused_days: Option<u64>,
    /// Only under this department; of our own visits alone.
    pub department: Option<DepartmentId>,
}

/// A page of members, and how many there are.
#[derive(Debug, Clone)]
pub struct Usage {
    /// The page.
    pub page: Page<used::Row>,
    /// Of all pages.
    pub total: i64,
}

pub(crate) fn question(app: &App, school: &School, asked: Asked<'_>) -> Result<Question> {
    let today = school.today(app.now());
    if asked.client.is_some_and(|client| client.len() > 100 || client.contains('\0')) {
        return Err(Error::field("client", "使用平台太长，请从列表里选择"));
    }
    if asked.department.is_some() && asked.of == Of::Console {
        return Err(Error::field("department", "管理后台的导出不能按部门筛选，请选择点名记录"));
    }
    let unused_since = match asked.unused_days {
        None => None,
        Some(days @ 1..=3650) => today.checked_sub_days(Days::new(days - 1)),
        Some(_) => return Err(Error::field("unused_days", "请填 1 到 3650 天")),
    };
    Ok(Question {
        corp: school.corp(),
        today,
        state: asked.state.map(AccountState::as_str),
        client: asked.client.map(str::to_owned),
        unused_since,
        under: asked.department,
    })
}

/// Members in the order they came; `after` is the last page's `next`.
pub async fn usage(
    app: &App,
    school: &School,
    viewer: &Viewer,
    asked: Asked<'_>,
    after: Option<&str>,
    limit: i64,
) -> Result<Usage> {
    see(viewer)?;
    let question = question(app, school, asked)?;
    let after = after.map_or(Ok(0), str::parse::<i64>).map_err(|_| crate::bad_cursor())?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = used::list(&mut tx, &question, asked.of, after, limit + 1).await?;
    let total = used::count(&mut tx, &question, asked.of).await?;
    tx.commit().await?;
    Ok(Usage { page: Page::cut(rows, limit, |row| row.id.to_string()), total })
}

/// Which records.
#[derive(Debug, Clone, Copy)]
pub struct AskedRecords {
    /// Of which log; none: external contacts, of the members' log.
    pub log: Option<Log>,
    /// Only of this type.
    pub kind: Option<i32>,
    /// From this day …
    pub from: Option<NaiveDate>,
    /// … to this one.
    pub to: Option<NaiveDate>,
}

/// A record as it is shown.
#[derive(Clone)]
pub struct Record {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who, as WeCom gives it; empty: the corp itself.
    pub userid: String,
    /// Their name, where it is known.
    pub name: Option<String>,
    /// Class or department.
    pub place: Option<String>,
    /// WeCom's type.
    pub kind: i32,
    /// What it is called; none: WeCom's pages don't say.
    pub title: Option<&'static str>,
    /// WeCom's words, which may name people; for administrators.
    pub words: Option<String>,
    /// From where; for administrators.
    pub ip: Option<String>,
}

/// Never who and what.
impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A page of records, and how many there are.
#[derive(Debug, Clone)]
pub struct Records {
    /// The page.
    pub page: Page<Record>,
    /// Of all pages.
    pub total: i64,
}

/// Records, newest first; `before` is the last page's `next`. The logs are for administrators; who added whom outside is for
/// everybody who sees how the school uses the platform, without whom.
pub async fn records(
    app: &App,
    school: &School,
    viewer: &Viewer,
    asked: AskedRecords,
    before: Option<&str>,
    limit: i64,
) -> Result<Records> {
    match asked.log {
        None => see(viewer)?,
        Some(_) => administer(viewer)?,
    }
    let log = asked.log.unwrap_or(Log::Member);
    let kinds = match (asked.log, asked.kind) {
        (None, None) => vec![CONTACT_ADDED, CONTACT_REMOVED],
        (None, Some(kind)) if ![CONTACT_ADDED, CONTACT_REMOVED].contains(&kind) => {
            return Err(Error::field("kind", "请选择添加或删除外部联系人"));
        }
        (_, kind) => kind.into_iter().collect(),
    };
    let today = school.today(app.now());
    let to = asked.to.unwrap_or(today).min(today);
    let from = asked.from.or_else(|| to.checked_sub_days(Days::new(179))).unwrap_or(to);
    if from > to || clock::parse_day(&from.to_string()).is_none() {
        return Err(Error::field("from", "开始日期要在结束日期之前"));
    }
    let question = logs::Question {
        corp: school.corp(),
        log: log.as_str(),
        kinds,
        from: clock::instant(school.zone, from, NaiveTime::MIN),
        until: clock::end_of_day(school.zone, to),
    };
    let before = before.map(page::parse_moment).transpose()?;
    let mut tx = app.store().scoped(school.corp()).await?;
    let rows = logs::list(&mut tx, &question, before, limit + 1).await?;
    let total = logs::count(&mut tx, &question).await?;
    tx.commit().await?;
    let told = viewer.may(Action::Administer);
    let page = Page::cut(rows, limit, |row| page::moment(row.at, row.record_id));
    Ok(Records { page: page.try_map(|row| shown(app, school, log, row, told))?, total })
}

fn shown(app: &App, school: &School, log: Log, row: logs::Record, told: bool) -> Result<Record> {
    let (mut words, mut ip) = (None, None);
    if told {
        let name = logs::row(log.as_str(), row.at, &row.userid, row.kind, row.occurrence);
        let sealed = store::Sealed::from_bytes(row.detail);
        let opened = app.store().keyring().open(logs::place(school.corp(), &name), &sealed)?;
        let detail: Value = serde_json::from_slice(&opened)
            .map_err(|_| Error::internal("a sealed record that can't be read"))?;
        let text = |field: &str| detail.get(field).and_then(Value::as_str).map(str::to_owned);
        (words, ip) = (text("words"), text("ip"));
    }
    Ok(Record {
        id: row.record_id,
        at: row.at,
        title: operation::title(log, row.kind),
        userid: row.userid,
        name: row.name,
        place: row.place,
        kind: row.kind,
        words,
        ip,
    })
}
