//! The app's tile on the workbench: to do and done for everybody, 未报 12/231 for those who look after others, and the first
//! entries to other systems in what room is left; and the app's menu.
//!
//! What is wanted is thought about for all at once, and kept; WeCom is told what differs, a thousand tiles of the same text a
//! call. Nothing waits for it, and a lost call is made up for by the next look.

use std::collections::HashMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use domain::{
    DepartmentId, MemberId, PersonId,
    form::{PersonKind, Turn},
    policy::{Action, Role, Scope},
    portal::{is_for, is_shown},
};
use serde::{Deserialize, Serialize};
use store::{
    Scoped, forms as rows, jobs as queue, portal,
    tiles::{self, Differing, Watch, Workbench},
};
use wecom::{
    menu::MenuButton,
    workbench::{MAX_KEYS, MAX_TILES, Tile, TileKey, TileLink},
};

use crate::{App, Error, Result, School, forms, jobs::fill_tiles};

/// After a report tiles are thought about again, and not sooner than this after the last time: WeCom takes ten fillings a
/// minute of one tile.
const COALESCE: TimeDelta = TimeDelta::seconds(30);
/// At least so often, for what changes by the hour: turns that open and close, midnight, the roster.
const EVERY: TimeDelta = TimeDelta::minutes(5);
/// While the school has not switched its tiles on, or WeCom refuses: once in so long.
const PAUSE: TimeDelta = TimeDelta::hours(1);
/// A tile WeCom takes nothing for is tried again after this.
const REFUSED: TimeDelta = TimeDelta::days(1);
/// Tiles read at once.
const PAGE: i64 = 10_000;

/// The app shows no tiles: its custom display is off (doc 92535).
const SWITCHED_OFF: i64 = 94000;
/// The app's tiles have no kind yet, or another one.
const NO_TEMPLATE: [i64; 2] = [94008, 94001];
/// Of one member: unknown, or out of the app's range.
const OF_ONE: [i64; 8] = [40031, 40003, 46004, 60011, 60021, 60111, 92000, 301021];

/// What stands on a tile: name, figure, and the page it opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Figures(Vec<(String, String, String)>);

impl Figures {
    fn tile(&self, school: &School) -> Tile {
        let key = |(name, figure, path): &(String, String, String)| TileKey {
            key: name.clone(),
            data: figure.clone(),
            link: TileLink::page(format!("{}{path}", school.public_url)),
        };
        Tile::Keys(self.0.iter().map(key).collect())
    }
}

/// How one person stands today.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    to_do: usize,
    done: usize,
}

/// How somebody stands for those who look after them.
#[derive(Debug, Clone, Copy)]
struct Watched {
    counted_under: [Option<DepartmentId>; 4],
    unreported: bool,
}

/// Adds the job where there is something to think about: the first time, after a report, and at least every five minutes.
pub(crate) async fn enqueue_if_due(tx: &mut Scoped, school: &School, now: DateTime<Utc>) -> Result<bool> {
    if !school.workbench {
        return Ok(false);
    }
    let corp = school.corp();
    let known = tiles::workbench(tx, corp).await?;
    if known.pause_until.is_some_and(|until| now < until) {
        return Ok(false);
    }
    let newest = tiles::newest_report(tx, corp).await?;
    let slot = |at: DateTime<Utc>| at.duration_trunc(EVERY).unwrap_or(at);
    let run_at = match known.counted_at {
        None => now,
        Some(last) if slot(last) != slot(now) || known.last_report != newest => now.max(last + COALESCE),
        Some(_) => return Ok(false),
    };
    Ok(queue::add(tx, &fill_tiles::job(corp, run_at), now).await?)
}

/// An administrator switched the custom display of the app.
pub(crate) async fn switched(app: &App, school: &School, on: bool) -> Result<()> {
    let corp = school.corp();
    if !school.workbench || !on {
        return Ok(());
    }
    let mut tx = app.store().scoped(corp).await?;
    let known = tiles::workbench(&mut tx, corp).await?;
    let fresh = Workbench { template_at: None, counted_at: None, pause_until: None, ..known };
    tiles::keep_workbench(&mut tx, corp, &fresh, None).await?;
    queue::add(&mut tx, &fill_tiles::job(corp, app.now()), app.now()).await?;
    tx.commit().await?;
    app.job_added().notify_one();
    Ok(())
}

/// Sets up what is missing, thinks about all tiles, and has WeCom show what differs. Gives how long to wait when WeCom could
/// not be asked.
pub(crate) async fn fill(app: &App, school: &School) -> Result<Option<TimeDelta>> {
    if !school.workbench {
        return Ok(None);
    }
    let trouble = match set_up(app, school).await? {
        Ok(()) => {
            count(app, school).await?;
            show(app, school).await?
        }
        Err(error) => Some(error),
    };
    match trouble {
        None => Ok(None),
        Some(error) if error.is_passing() || error.is_ambiguous() => {
            let own = error.retry_after().and_then(|pause| TimeDelta::from_std(pause).ok());
            Ok(Some(own.unwrap_or_default() + TimeDelta::seconds(15)))
        }
        Some(error) => {
            tracing::error!(
                corp = school.corp(),
                error = &error as &dyn std::error::Error,
                "the tiles of the workbench can't be shown"
            );
            stop(app, school, &error).await?;
            Ok(None)
        }
    }
}

/// A person must put something right: nothing is tried for a while.
async fn stop(app: &App, school: &School, error: &wecom::Error) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let mut tx = app.store().scoped(corp).await?;
    let known = tiles::workbench(&mut tx, corp).await?;
    let of_kind = error.code().is_none_or(|code| code != SWITCHED_OFF && !NO_TEMPLATE.contains(&code));
    let template_at = known.template_at.filter(|_| of_kind);
    let pause_until = Some(now + PAUSE);
    let fresh = Workbench { template_at, pause_until, ..known };
    tiles::keep_workbench(&mut tx, corp, &fresh, Some(&error.to_string())).await?;
    tx.commit().await?;
    Ok(())
}

/// What the tiles of people without one of their own say.
fn template() -> Tile {
    let key = TileKey { key: "点名".to_owned(), data: "打开".to_owned(), link: TileLink::default() };
    Tile::Keys(vec![key])
}

/// The app's menu: three pages.
fn menu(school: &School) -> Vec<MenuButton> {
    let page = |name: &str, path: &str| MenuButton::page(name, format!("{}{path}", school.public_url));
    vec![page("今日填报", "/h5/"), page("填报记录", "/h5/reports"), page("我的", "/h5/me")]
}

/// Sets the kind of the tiles and the menu, once; what stands there already is left.
async fn set_up(app: &App, school: &School) -> Result<std::result::Result<(), wecom::Error>> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let mut known = tiles::workbench(&mut tx, corp).await?;
    tx.commit().await?;
    let wanted = menu(school);
    let text = serde_json::to_string(&wanted).map_err(|_| Error::internal("a menu"))?;
    if known.menu.as_ref() != Some(&text) {
        let set = match school.wecom.menu().await {
            Ok(there) if there == wanted => Ok(()),
            Ok(_) => school.wecom.set_menu(&wanted).await,
            Err(error) => Err(error),
        };
        if let Err(error) = set {
            return Ok(Err(error));
        }
        known.menu = Some(text);
        keep(app, school, &known).await?;
    }
    if known.template_at.is_none() {
        let ours = match school.wecom.workbench_template().await {
            Ok(tile) => tile.kind() == template().kind(),
            Err(error) if error.code().is_some_and(|code| NO_TEMPLATE.contains(&code)) => false,
            Err(error) => return Ok(Err(error)),
        };
        if !ours {
            if let Err(error) = school.wecom.set_workbench_template(&template(), false).await {
                return Ok(Err(error));
            }
            let mut tx = app.store().scoped(corp).await?;
            tiles::forget_shown(&mut tx, corp, app.now()).await?;
            tx.commit().await?;
        }
        known.template_at = Some(app.now());
        keep(app, school, &known).await?;
    }
    Ok(Ok(()))
}

async fn keep(app: &App, school: &School, known: &Workbench) -> Result<()> {
    let mut tx = app.store().scoped(school.corp()).await?;
    tiles::keep_workbench(&mut tx, school.corp(), known, None).await?;
    tx.commit().await?;
    Ok(())
}

/// Thinks about every tile, and keeps what is wanted on it.
async fn count(app: &App, school: &School) -> Result<()> {
    let (corp, now) = (school.corp(), app.now());
    let today = school.today(now);
    let mut tx = app.store().scoped(corp).await?;
    let newest = tiles::newest_report(&mut tx, corp).await?;
    let (tallies, watched) = look(app, &mut tx, school, now).await?;
    let roles: Vec<Role> = Role::ALL.into_iter().filter(|role| role.may(Action::SeeUnreported)).collect();
    let watches = tiles::watches(&mut tx, corp, &roles, today).await?;
    let figures = figures_of(&watches, &watched);
    let mut wanted: Vec<(MemberId, String)> = Vec::new();
    let mut entries = portal::standing(&mut tx, corp, crate::portal::most()).await?;
    entries.retain(|entry| is_shown(entry.from_date, entry.until_date, today));
    let entries: Vec<_> = entries.into_iter().map(|entry| (entry.audience(), entry)).collect();
    for owner in tiles::owners(&mut tx, corp, today).await? {
        let tally = tallies.get(&owner.person_id).copied().unwrap_or_default();
        let (kind, under) = (PersonKind::parse(&owner.kind), owner.counted_under());
        let theirs = entries.iter().filter(|(audience, _)| is_for(audience, kind, &under));
        let theirs = theirs.map(|(_, entry)| (entry.title.as_str(), entry.entry_id));
        let text = words(tally, figures.get(&owner.person_id).copied(), theirs)?;
        wanted.push((owner.member_id, text));
    }
    for some in wanted.chunks(5000) {
        tiles::want(&mut tx, corp, some, now).await?;
    }
    let known = tiles::workbench(&mut tx, corp).await?;
    let known = Workbench { counted_at: Some(now), last_report: newest, pause_until: None, ..known };
    tiles::keep_workbench(&mut tx, corp, &known, None).await?;
    tx.commit().await?;
    Ok(())
}

/// What stands on a tile; of the entries, by title and number, as many as there is room for.
fn words<'a>(
    tally: Tally,
    figure: Option<(usize, usize)>,
    entries: impl Iterator<Item = (&'a str, i64)>,
) -> Result<String> {
    let line = |name: &str, figure: String, path: &str| (name.to_owned(), figure, path.to_owned());
    let mut figures = vec![
        line("待填", tally.to_do.to_string(), "/h5/"),
        line("已填", tally.done.to_string(), "/h5/reports"),
    ];
    if let Some((unreported, expected)) = figure {
        figures.push(line("未报", format!("{unreported}/{expected}"), "/h5/unreported"));
    }
    let room = MAX_KEYS - figures.len();
    figures.extend(
        entries.take(room).map(|(title, id)| line(title, "打开".into(), &format!("/h5/portal/{id}"))),
    );
    serde_json::to_string(&Figures(figures)).map_err(|_| Error::internal("a tile"))
}

/// How everybody stands with the forms of today.
async fn look(
    app: &App,
    tx: &mut Scoped,
    school: &School,
    now: DateTime<Utc>,
) -> Result<(HashMap<PersonId, Tally>, HashMap<PersonId, Watched>)> {
    let corp = school.corp();
    let today = school.today(now);
    let mut tallies: HashMap<PersonId, Tally> = HashMap::new();
    let mut watched: HashMap<PersonId, Watched> = HashMap::new();
    for (campaign, version) in rows::list(tx, corp, Some(today)).await? {
        let loaded = forms::compiled(app, &campaign, version)?;
        if loaded.published.form.is_event() {
            continue;
        }
        let open = forms::open_turns(tx, school, &loaded, now).await?;
        let begun: Vec<Turn> =
            loaded.turns(school, today).into_iter().filter(|turn| turn.window.opens_at <= now).collect();
        let newest = begun.last().map(|turn| turn.period);
        let over = begun.iter().filter(|turn| !open.iter().any(|(_, one)| one.period == turn.period));
        let all =
            open.iter().map(|(day, turn)| (*day, *turn, true)).chain(over.map(|turn| (today, *turn, false)));
        for (day, turn, is_open) in all.collect::<Vec<_>>() {
            let question = loaded.question(corp, day, turn.period.slot, Scope::School);
            // What is asked once is done once, not every day; and nobody is behind with it for weeks.
            let of_a_day = turn.period.day.is_some();
            for one in tiles::standings(tx, &question).await? {
                let tally = tallies.entry(one.person_id).or_default();
                tally.to_do += usize::from(is_open && !one.reported);
                tally.done += usize::from(of_a_day && one.reported);
                if of_a_day && Some(turn.period) == newest {
                    let counted_under = one.counted_under();
                    let entry =
                        watched.entry(one.person_id).or_insert(Watched { counted_under, unreported: false });
                    entry.unreported |= !one.reported;
                }
            }
        }
    }
    Ok((tallies, watched))
}

/// Unreported and expected people of everybody who looks after some.
fn figures_of(watches: &[Watch], watched: &HashMap<PersonId, Watched>) -> HashMap<PersonId, (usize, usize)> {
    let mut scopes: HashMap<PersonId, Scope> = HashMap::new();
    for watch in watches {
        let scope = scopes.entry(watch.person_id).or_insert(Scope::Departments(Vec::new()));
        match scope {
            _ if watch.whole_school => *scope = Scope::School,
            Scope::Departments(departments) => departments.push(watch.department_id),
            Scope::School => {}
        }
    }
    let figure = |scope: &Scope| {
        let mine = watched.values().filter(|one| scope.covers(&one.counted_under));
        mine.fold((0, 0), |(unreported, expected), one| {
            (unreported + usize::from(one.unreported), expected + 1)
        })
    };
    scopes
        .iter()
        .map(|(person, scope)| (*person, figure(scope)))
        .filter(|(_, (_, expected))| *expected > 0)
        .collect()
}

/// Has WeCom show what differs. Gives what keeps it from doing so.
async fn show(app: &App, school: &School) -> Result<Option<wecom::Error>> {
    let corp = school.corp();
    loop {
        let mut tx = app.store().scoped(corp).await?;
        let differing = tiles::differing(&mut tx, corp, PAGE, app.now()).await?;
        tx.commit().await?;
        if differing.is_empty() {
            return Ok(None);
        }
        for same in differing.chunk_by(|one, other| one.wanted == other.wanted) {
            for some in same.chunks(MAX_TILES) {
                if let Some(error) = show_same(app, school, some).await? {
                    return Ok(Some(error));
                }
            }
        }
    }
}

/// Shows the same on several tiles; where one of them can't be, by halves down to that one.
async fn show_same(app: &App, school: &School, of: &[Differing]) -> Result<Option<wecom::Error>> {
    let corp = school.corp();
    let mut left = vec![of];
    while let Some(some) = left.pop() {
        let Some(first) = some.first() else { continue };
        let figures: Figures =
            serde_json::from_str(&first.wanted).map_err(|_| Error::internal("a kept tile"))?;
        let userids: Vec<String> = some.iter().map(|one| one.userid.clone()).collect();
        let answer = school.wecom.set_workbench_tiles(&userids, &figures.tile(school)).await;
        let now = app.now();
        let mut tx = app.store().scoped(corp).await?;
        match answer {
            Ok(()) => {
                let members: Vec<MemberId> = some.iter().map(|one| one.member_id).collect();
                tiles::shown(&mut tx, corp, &members, &first.wanted, now).await?;
            }
            Err(error) if error.code().is_some_and(|code| OF_ONE.contains(&code)) => match some.len() {
                1 => {
                    let again_at = now + REFUSED;
                    tiles::refused(&mut tx, corp, first.member_id, &error.to_string(), again_at, now).await?;
                }
                many => {
                    let (one, other) = some.split_at(many / 2);
                    left.extend([one, other]);
                }
            },
            Err(error) => return Ok(Some(error)),
        }
        tx.commit().await?;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(under: DepartmentId, unreported: bool) -> Watched {
        Watched { counted_under: [Some(under), Some(under), None, Some(100)], unreported }
    }

    #[test]
    fn everybody_who_looks_after_some_is_told_of_theirs() {
        let people = HashMap::from([(1, watched(11, true)), (2, watched(11, false)), (3, watched(12, true))]);
        let watch = |person_id, department_id, whole_school| Watch { person_id, department_id, whole_school };
        let figures = figures_of(
            &[
                watch(50, 11, false),
                watch(51, 11, false),
                watch(51, 12, false),
                // A class of a college that is theirs too is counted once.
                watch(52, 100, false),
                watch(52, 12, false),
                watch(53, 1, true),
                watch(54, 13, false),
            ],
            &people,
        );
        let expected = [(50, (1, 2)), (51, (2, 3)), (52, (2, 3)), (53, (2, 3))];
        assert_eq!(figures, HashMap::from(expected));
    }

    #[test]
    fn a_tile_says_it_in_few_words() {
        let tally = Tally { to_do: 1, done: 2 };
        let plain = words(tally, None, [].into_iter()).unwrap();
        assert_eq!(plain, r#"[["待填","1","/h5/"],["已填","2","/h5/reports"]]"#);
        let entries = [("教育厅填报", 7), ("图书馆", 8)];
        assert_eq!(
            words(tally, Some((12, 231)), entries.into_iter()).unwrap(),
            r#"[["待填","1","/h5/"],["已填","2","/h5/reports"],["未报","12/231","/h5/unreported"],["教育厅填报","打开","/h5/portal/7"]]"#
        );
    }
}
