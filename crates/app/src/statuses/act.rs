//! Changes are made: what each replaces and leaves is worked out first, then everything is written at once.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::{
    DepartmentId, MemberId, PersonId,
    place::{self, Place, Source},
    policy::Viewer,
    roster::LineError,
    status::{Change, StatusLine, Stay},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{
    Keyring, Scoped, Sealed,
    exemptions::{self, Holding, NewExemption},
    grants, memberships,
    persons::{self, Subject},
    statuses::{self, NewChange},
    unreported::phone_place,
    words::Words,
};

use crate::{
    App, Error, Result, School,
    reasons::{self, Reasoned},
};

/// Who makes changes, how and when, and what their reasons are sealed with.
#[derive(Clone, Copy)]
pub(super) struct By<'a> {
    keyring: &'a Keyring,
    source: &'static str,
    member: MemberId,
    change_set: Option<i64>,
    at: DateTime<Utc>,
    today: NaiveDate,
}

impl<'a> By<'a> {
    pub(super) fn new(
        app: &'a App,
        school: &School,
        viewer: &Viewer,
        source: &'static str,
        change_set: Option<i64>,
    ) -> Self {
        let at = app.now();
        let (keyring, today) = (app.store().keyring(), school.today(at));
        Self { keyring, source, member: viewer.member, change_set, at, today }
    }
}

/// A change that is wanted, with whom it is about and the department it names.
pub(super) struct Wanted {
    pub(super) subject: Subject,
    pub(super) line: StatusLine,
    pub(super) department: Option<DepartmentId>,
}

/// What a change replaced, or what it left.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Snapshot {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) stay: Option<StayDates>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) places: Option<Vec<Place>>,
    /// Rows of grants that are not the directory's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) grants: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) exemptions: Vec<Exempt>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct StayDates {
    pub(super) from: NaiveDate,
    pub(super) until: Option<NaiveDate>,
}

impl From<Stay> for StayDates {
    fn from(stay: Stay) -> Self {
        Self { from: stay.from, until: stay.until }
    }
}

impl From<StayDates> for Stay {
    fn from(stay: StayDates) -> Self {
        Self { from: stay.from, until: stay.until }
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Exempt {
    pub(super) kind: String,
    pub(super) from: NaiveDate,
    pub(super) until: Option<NaiveDate>,
    /// The exemption that says why: it stays on record, also where it was revoked.
    pub(super) exemption: i64,
}

/// Exemptions that somebody comes back from.
pub(super) const LONG: [&str; 3] = ["suspension", "deferral", "internship"];

/// What is to be written for one person.
#[derive(Default)]
struct Plan {
    stay: Option<Stay>,
    places: Option<Vec<Place>>,
    number: Option<(String, Option<Sealed>)>,
    ended: Vec<i64>,
    shortened: Vec<NewExemption>,
    before: Snapshot,
    after: Snapshot,
}

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Done {
    /// Changes by kind, in the order they first came.
    pub(super) counts: Vec<(&'static str, usize)>,
    /// Of these, exemptions that stood already.
    pub(super) stood: usize,
}

fn stay_of(subject: &Subject) -> Stay {
    Stay { from: subject.from_date, until: subject.until_date }
}

/// Makes changes; or tells every line that cannot be, and then nothing was written that the caller should keep.
pub(super) async fn apply(
    tx: &mut Scoped,
    app: &App,
    school: &School,
    wanted: Vec<Wanted>,
    by: By<'_>,
) -> Result<std::result::Result<Done, Vec<LineError>>> {
    let corp = school.corp();
    let (exempt, wanted): (Vec<Wanted>, Vec<Wanted>) =
        wanted.into_iter().partition(|one| matches!(one.line.change, Change::Exempt(_)));
    let known = Known::load(app, tx, corp, &wanted).await?;
    let (mut plans, mut errors) = (Vec::with_capacity(wanted.len()), Vec::new());
    let mut seen: HashMap<PersonId, u64> = HashMap::new();
    let mut numbers: HashMap<String, u64> = HashMap::new();
    for one in &wanted {
        let error = |column: &'static str, message: String| LineError {
            line: one.line.line,
            column: column.into(),
            message,
        };
        if let Some(first) = seen.insert(one.subject.person_id, one.line.line) {
            errors.push(error("number", format!("此人在第 {first} 行已有一项变动，请分两次登记")));
            continue;
        }
        if let Some(number) = &one.line.new_number
            && let Some(first) = numbers.insert(number.to_lowercase(), one.line.line)
        {
            errors.push(error("new_number", format!("“{number}”在第 {first} 行已经给了别人，请核对")));
            continue;
        }
        match known.plan(app.store().keyring(), corp, one) {
            Ok(plan) => plans.push((one, plan)),
            Err(Refused::Line(column, message)) => errors.push(error(column, message)),
            Err(Refused::Failed(failure)) => return Err(failure),
        }
    }
    if !errors.is_empty() {
        return Ok(Err(errors));
    }

    let mut done = Done::default();
    let mut count = |kind: &'static str| match done.counts.iter_mut().find(|(known, _)| *known == kind) {
        Some((_, count)) => *count += 1,
        None => done.counts.push((kind, 1)),
    };
    let mut rows = Vec::with_capacity(plans.len());
    for (one, plan) in &plans {
        count(one.line.change.as_str());
        rows.push(change_of(corp, one, plan, &known, by)?);
    }
    for one in &exempt {
        count(one.line.change.as_str());
    }
    let plans = plans.into_iter().map(|(one, plan)| (one.subject.person_id, plan)).collect();
    write(tx, corp, &known, plans, by).await?;
    statuses::add(tx, &rows).await?;
    let exemptions: Vec<NewExemption> = exempt.iter().map(exemption_of).collect();
    let added = by.exempt(tx, corp, &exemptions).await?;
    done.stood = exemptions.len() - added;
    sync::follow::follow(tx, corp, by.today, by.recorded()).await?;
    Ok(Ok(done))
}

impl By<'_> {
    /// As the audit says it.
    fn recorded(self) -> store::audit::By {
        store::audit::By { member: Some(self.member), at: self.at }
    }

    async fn exempt(self, tx: &mut Scoped, corp: i32, rows: &[NewExemption]) -> Result<usize> {
        let source = if self.source == "manual" { "manual" } else { "list" };
        Ok(exemptions::add(tx, self.keyring, corp, rows, source, Some(self.member), self.at).await?)
    }

    fn seal(self, corp: i32, person: PersonId, reason: &str) -> Result<Sealed> {
        Ok(Words { corp, person, at: self.at }.seal(self.keyring, statuses::reason_place, reason)?)
    }
}

fn exemption_of(one: &Wanted) -> NewExemption {
    NewExemption {
        person_id: one.subject.person_id,
        kind: one.line.change.as_str(),
        from: one.line.from,
        until: one.line.until,
        reason: one.line.reason.clone(),
        approval_no: None,
    }
}

fn change_of(corp: i32, one: &Wanted, plan: &Plan, known: &Known, by: By<'_>) -> Result<NewChange> {
    let held = known.places(one.subject.person_id);
    let from = one.line.from;
    let on = |places: &[Place], day: NaiveDate| place::on(places, day).map(|place| place.department_id);
    let day_before = from.checked_sub_days(Days::new(1)).unwrap_or(from);
    let (department_before, department_id) = match (one.line.change, &plan.places) {
        (Change::Number, _) => (None, None),
        (change, _) if change.leaves() => (on(held, day_before), None),
        (_, places) => {
            let places = places.as_deref().unwrap_or(held);
            (on(held, day_before).or_else(|| on(held, from)), on(places, from))
        }
    };
    Ok(NewChange {
        corp_id: corp,
        person_id: one.subject.person_id,
        kind: one.line.change.as_str(),
        from_date: from,
        department_before,
        department_id,
        before: json_of(&plan.before)?,
        after: json_of(&plan.after)?,
        reason: by.seal(corp, one.subject.person_id, &one.line.reason)?,
        source: by.source,
        change_set_id: by.change_set,
        made_by: Some(by.member),
        made_at: by.at,
    })
}

fn json_of(snapshot: &Snapshot) -> Result<Value> {
    serde_json::to_value(snapshot).map_err(|error| Error::Internal("a change".into(), Some(Box::new(error))))
}

/// Writes what was planned.
async fn write(
    tx: &mut Scoped,
    corp: i32,
    known: &Known,
    plans: Vec<(PersonId, Plan)>,
    by: By<'_>,
) -> Result<()> {
    let (mut stays, mut places, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    let (mut ended, mut shortened) = (Vec::new(), Vec::new());
    for (person, plan) in plans {
        stays.extend(plan.stay.map(|stay| (person, stay)));
        places.extend(plan.places.map(|wanted| (person, known.places(person).to_vec(), wanted)));
        numbers.extend(plan.number.map(|(number, phone)| (person, number, phone)));
        ended.extend(plan.ended);
        shortened.extend(plan.shortened);
    }
    memberships::rewrite(tx, corp, &places).await?;
    persons::set_stays(tx, corp, &stays).await?;
    persons::renumber(tx, corp, &numbers).await?;
    let because = "复学或返校，改到前一天为止";
    exemptions::revoke_all(tx, by.keyring, corp, &ended, Some(by.member), because, by.at).await?;
    by.exempt(tx, corp, &shortened).await?;
    Ok(())
}

/// An exemption of a snapshot, to be granted again for the reason it had.
pub(super) fn exempt_again(person_id: PersonId, one: &Exempt, reason: &str) -> Option<NewExemption> {
    let kind = domain::exemption::ExemptionKind::parse(&one.kind)?.as_str();
    let (from, until, reason) = (one.from, one.until, reason.to_owned());
    Some(NewExemption { person_id, kind, from, until, reason, approval_no: None })
}

/// Exemptions with their reasons, to be granted again. They are shown to nobody: no look.
pub(super) fn opened(app: &App, corp: i32, held: Vec<Holding>) -> Result<Vec<Reasoned<Holding>>> {
    let of = |held: &Holding| Words { corp, person: held.person_id, at: held.granted_at };
    reasons::opened(app, exemptions::reason_place, held, |held| (of(held), &held.reason))
}

/// A phone is sealed for its person's number: with another number it is sealed anew.
pub(super) fn reseal(
    keyring: &Keyring,
    corp: i32,
    subject: &Subject,
    number: &str,
) -> Result<Option<Sealed>> {
    let Some(sealed) = &subject.phone else { return Ok(None) };
    let phone = keyring.open(phone_place(corp, &subject.number), sealed)?;
    Ok(Some(keyring.seal(phone_place(corp, number), &phone)?))
}

/// Why a line can't be done.
enum Refused {
    /// Column and what to do.
    Line(&'static str, String),
    /// Something broke.
    Failed(Error),
}

fn refuse<T>(column: &'static str, message: impl Into<String>) -> std::result::Result<T, Refused> {
    Err(Refused::Line(column, message.into()))
}

/// What is on record of the people concerned.
#[derive(Default)]
struct Known {
    places: HashMap<PersonId, Vec<Place>>,
    grants: HashMap<PersonId, Vec<Value>>,
    holdings: HashMap<PersonId, Vec<Reasoned<Holding>>>,
    taken: HashMap<String, HashSet<PersonId>>,
}

impl Known {
    async fn load(app: &App, tx: &mut Scoped, corp: i32, wanted: &[Wanted]) -> Result<Self> {
        let mut known = Self::default();
        let ids = |of: &dyn Fn(Change) -> bool| -> Vec<PersonId> {
            wanted.iter().filter(|one| of(one.line.change)).map(|one| one.subject.person_id).collect()
        };
        known.load_places(tx, corp, &ids(&|_| true)).await?;
        for (person, row) in grants::kept(tx, corp, &ids(&Change::leaves)).await? {
            known.grants.entry(person).or_default().push(row);
        }
        // By day: a list of people who are back usually has one.
        let mut days: Vec<NaiveDate> = (wanted.iter().filter(|one| one.line.change == Change::Return))
            .map(|one| one.line.from)
            .collect();
        days.sort_unstable();
        days.dedup();
        for day in days {
            let back: Vec<PersonId> = (wanted.iter())
                .filter(|one| one.line.change == Change::Return && one.line.from == day)
                .map(|one| one.subject.person_id)
                .collect();
            for held in opened(app, corp, exemptions::holding(tx, corp, &back, &LONG, day).await?)? {
                known.holdings.entry(held.row.person_id).or_default().push(held);
            }
        }
        let numbers: Vec<String> =
            wanted.iter().filter_map(|one| one.line.new_number.as_deref()).map(str::to_lowercase).collect();
        for (number, person) in persons::taken(tx, corp, &numbers).await? {
            known.taken.entry(number).or_default().insert(person);
        }
        Ok(known)
    }

    async fn load_places(&mut self, tx: &mut Scoped, corp: i32, persons: &[PersonId]) -> Result<()> {
        for (person, place) in memberships::mains(tx, corp, persons).await? {
            self.places.entry(person).or_default().push(place);
        }
        Ok(())
    }

    fn places(&self, person: PersonId) -> &[Place] {
        self.places.get(&person).map(Vec::as_slice).unwrap_or_default()
    }

    fn plan(&self, keyring: &Keyring, corp: i32, one: &Wanted) -> std::result::Result<Plan, Refused> {
        match one.line.change {
            Change::Transfer => self.transfer(one),
            change if change.leaves() => self.leave(one),
            Change::Return => self.come_back(one),
            Change::Number => self.renumber(keyring, corp, one),
            _ => Ok(Plan::default()),
        }
    }

    fn transfer(&self, one: &Wanted) -> std::result::Result<Plan, Refused> {
        let (stay, from) = (stay_of(&one.subject), one.line.from);
        if !stay.covers(from) {
            return refuse("effective", format!("{from} 这天此人不在册，请核对生效日期"));
        }
        let Some(department_id) = one.department else {
            return refuse("new_place", "请写明新班级");
        };
        let held = self.places(one.subject.person_id);
        let there = place::on(held, from);
        if there.is_some_and(|there| there.department_id == department_id && there.until.is_none()) {
            return refuse("new_place", format!("{from} 起已经在这个班级，不需要变动"));
        }
        Ok(Plan::default().moved(held, place::put(held, correction(department_id, from, one.line.change))))
    }

    fn leave(&self, one: &Wanted) -> std::result::Result<Plan, Refused> {
        let was = stay_of(&one.subject);
        let stay = was.left_on(one.line.from).or_else(|message| refuse("effective", message))?;
        let mut plan = Plan::default().stayed(was, stay);
        plan.before.grants = self.grants.get(&one.subject.person_id).cloned().unwrap_or_default();
        Ok(plan)
    }

    fn come_back(&self, one: &Wanted) -> std::result::Result<Plan, Refused> {
        let (was, from, person) = (stay_of(&one.subject), one.line.from, one.subject.person_id);
        let held = self.places(person);
        let mut plan = Plan::default();
        let mut places = held.to_vec();
        if let Some(left) = was.until {
            if from < left {
                return refuse("effective", format!("此人 {left} 才离校；要取消离校，请撤销那一条变动"));
            }
            plan = plan.stayed(was, Stay { until: None, ..was });
            places = place::cut(&places, left, Some(from));
        }
        for Reasoned { row: exempt, reason, .. } in self.holdings.get(&person).into_iter().flatten() {
            let of = |until: Option<NaiveDate>| Exempt {
                kind: exempt.kind.clone(),
                from: exempt.from,
                until,
                exemption: exempt.exemption_id,
            };
            plan.before.exemptions.push(of(exempt.until));
            if exempt.from < from {
                let shorter = of(Some(from));
                plan.shortened.extend(exempt_again(person, &shorter, reason));
                plan.after.exemptions.push(shorter);
            }
            plan.ended.push(exempt.exemption_id);
        }
        if was.until.is_none() && plan.ended.is_empty() {
            return refuse("number", format!("此人 {from} 没有休学、实习、延期报到或离校，不需要复学"));
        }
        if let Some(department_id) = one.department {
            let there = place::on(&places, from);
            if there.is_none_or(|there| there.department_id != department_id || there.until.is_some()) {
                places = place::put(&places, correction(department_id, from, one.line.change));
            }
        } else if place::on(&places, from).is_none() {
            return refuse("new_place", "此人没有班级，请写明复学后的班级");
        }
        Ok(if places == held { plan } else { plan.moved(held, places) })
    }

    fn renumber(&self, keyring: &Keyring, corp: i32, one: &Wanted) -> std::result::Result<Plan, Refused> {
        let Some(number) = &one.line.new_number else { return refuse("new_number", "请填写新学号") };
        if *number == one.subject.number {
            return refuse("new_number", "与现在的号码相同，不需要变动");
        }
        let owners = self.taken.get(&number.to_lowercase());
        if owners.is_some_and(|owners| owners.iter().any(|owner| *owner != one.subject.person_id)) {
            return refuse("new_number", format!("“{number}”已经是别人的号码或企业微信账号，请核对"));
        }
        let phone = reseal(keyring, corp, &one.subject, number).map_err(Refused::Failed)?;
        Ok(Plan {
            number: Some((number.clone(), phone)),
            before: Snapshot { number: Some(one.subject.number.clone()), ..Snapshot::default() },
            after: Snapshot { number: Some(number.clone()), ..Snapshot::default() },
            ..Plan::default()
        })
    }
}

impl Plan {
    fn moved(mut self, held: &[Place], places: Vec<Place>) -> Self {
        self.before.places = Some(held.to_vec());
        self.after.places = Some(places.clone());
        self.places = Some(places);
        self
    }

    fn stayed(mut self, was: Stay, stay: Stay) -> Self {
        self.before.stay = Some(was.into());
        self.after.stay = Some(stay.into());
        self.stay = Some(stay);
        self
    }
}

/// A place says which kind of change it came of; the reason stands with the change alone, sealed.
fn correction(department_id: DepartmentId, from: NaiveDate, change: Change) -> Place {
    Place {
        id: None,
        department_id,
        from,
        until: None,
        source: Source::Correction,
        reason: Some(change.title().into()),
    }
}

/// Writes a change that is not of a list's kinds.
async fn put_right(
    tx: &mut Scoped,
    school: &School,
    subject: &Subject,
    (kind, from): (&'static str, NaiveDate),
    reason: &str,
    (known, plan): (Known, Plan),
    by: By<'_>,
) -> Result<()> {
    let corp = school.corp();
    let there = plan.places.as_deref().and_then(|places| place::on(places, from));
    let department = there.map(|place| place.department_id).or(subject.department_id);
    let row = NewChange {
        corp_id: corp,
        person_id: subject.person_id,
        kind,
        from_date: from,
        department_before: department,
        department_id: department,
        before: json_of(&plan.before)?,
        after: json_of(&plan.after)?,
        reason: by.seal(corp, subject.person_id, reason)?,
        source: by.source,
        change_set_id: by.change_set,
        made_by: Some(by.member),
        made_at: by.at,
    };
    write(tx, corp, &known, vec![(subject.person_id, plan)], by).await?;
    statuses::add(tx, &[row]).await?;
    sync::follow::follow(tx, corp, by.today, by.recorded()).await?;
    Ok(())
}

/// Puts right how long somebody stays. Who came earlier than was thought was in their first class from then on.
pub(super) async fn correct_stay(
    tx: &mut Scoped,
    school: &School,
    subject: Subject,
    stay: Stay,
    reason: &str,
    by: By<'_>,
) -> Result<()> {
    let was = stay_of(&subject);
    if was == stay {
        return Err(Error::field("from", "与现在的日期相同，不需要更正"));
    }
    let mut known = Known::default();
    known.load_places(tx, school.corp(), &[subject.person_id]).await?;
    for (person, row) in grants::kept(tx, school.corp(), &[subject.person_id]).await? {
        known.grants.entry(person).or_default().push(row);
    }
    let held = known.places(subject.person_id).to_vec();
    let mut plan = Plan::default().stayed(was, stay);
    plan.before.grants = known.grants.remove(&subject.person_id).unwrap_or_default();
    if let Some(first) = held.first().filter(|first| first.from == was.from && stay.from < was.from)
        && let Some(places) = place::begin_on(&held, first.from, stay.from, "更正在册日期")
    {
        plan = plan.moved(&held, places);
    }
    put_right(tx, school, &subject, ("stay", stay.from), reason, (known, plan), by).await
}

/// Puts right since when somebody is somewhere.
pub(super) async fn correct_place(
    tx: &mut Scoped,
    school: &School,
    subject: Subject,
    (was, from): (NaiveDate, NaiveDate),
    reason: &str,
    by: By<'_>,
) -> Result<()> {
    if was == from {
        return Err(Error::field("from", "与现在的日期相同，不需要更正"));
    }
    let mut known = Known::default();
    known.load_places(tx, school.corp(), &[subject.person_id]).await?;
    let held = known.places(subject.person_id).to_vec();
    let places = place::begin_on(&held, was, from, "更正归属日期")
        .ok_or_else(|| Error::field("from", "这样改后这段归属一天也不剩，请核对日期"))?;
    let plan = Plan::default().moved(&held, places);
    put_right(tx, school, &subject, ("place", from), reason, (known, plan), by).await
}
