//! 宿舍: what a line of a list of beds says, and what becomes of who sleeps where when wishes are carried out.

use std::collections::{HashMap, HashSet};

use chrono::{Datelike, NaiveDate};

use crate::{
    PersonId,
    roster::{Line, LineError},
};

/// Columns of a list of beds.
pub const BED_COLUMNS: [&str; 9] =
    ["campus", "building", "floor", "room", "bed", "number", "name", "moved_in", "moved_out"];
/// Those a list can't be without.
pub const BED_NEEDED: [&str; 3] = ["building", "room", "bed"];

/// A bed by its names.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BedName {
    /// 校区; empty where the school has one.
    pub campus: String,
    /// 楼栋
    pub building: String,
    /// 楼层; empty where neither a column nor the room's number says it.
    pub floor: String,
    /// 房间
    pub room: String,
    /// 床位
    pub bed: String,
}

impl BedName {
    fn read(line: &Line<'_>, errors: &mut Vec<LineError>) -> Self {
        let mut cell = |column: &'static str, needed: bool| {
            let text: String = line.cell(column).chars().filter(|c| !c.is_whitespace()).collect();
            if text.chars().count() > 32 {
                errors.push(line.error(column, "超过 32 个字，请缩短"));
            } else if text.is_empty() && needed {
                errors.push(line.error(column, "不能为空，请填写"));
            }
            text
        };
        let campus = cell("campus", false);
        let building = cell("building", true);
        let floor = cell("floor", false);
        let room = cell("room", true);
        let bed = cell("bed", true);
        let room = without_unit(&room, &["房间", "室", "房"]);
        let floor = match without_unit(&floor, &["楼层", "层", "楼", "F"]) {
            floor if floor.is_empty() => floor_of(&room),
            floor => floor,
        };
        Self {
            campus,
            building,
            floor,
            bed: without_unit(&bed, &["号床位", "号床", "床位", "床", "号"]),
            room,
        }
    }
}

/// “3层” and “3” are one floor, “2号床” and “2” one bed; what is nothing but a unit stays.
fn without_unit(text: &str, units: &[&str]) -> String {
    let plain = units.iter().find_map(|unit| text.strip_suffix(unit));
    plain.filter(|plain| !plain.is_empty()).unwrap_or(text).to_owned()
}

/// 301 is on the third floor, 1205 on the twelfth; other rooms don't say.
fn floor_of(room: &str) -> String {
    match room.len() {
        3 | 4 if room.bytes().all(|digit| digit.is_ascii_digit()) => room[..room.len() - 2].to_owned(),
        _ => String::new(),
    }
}

/// Who sleeps in a bed, as a list says.
#[derive(Clone, PartialEq, Eq)]
pub struct Occupant {
    /// Student or staff number.
    pub number: String,
    /// To be compared with the roster's.
    pub name: Option<String>,
    /// The first night.
    pub from: Option<NaiveDate>,
    /// The day of moving out.
    pub until: Option<NaiveDate>,
}

/// One line of a list of beds.
#[derive(Clone, PartialEq, Eq)]
pub struct BedLine {
    /// Line of the file.
    pub line: u64,
    /// The bed.
    pub bed: BedName,
    /// None: the line only says that there is such a bed.
    pub occupant: Option<Occupant>,
}

/// Never who sleeps there.
impl std::fmt::Debug for BedLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BedLine").field("line", &self.line).finish_non_exhaustive()
    }
}

impl BedLine {
    /// Reads one line; every cell that is wrong is told.
    pub fn read(line: &Line<'_>) -> Result<Self, Vec<LineError>> {
        let mut errors = Vec::new();
        let bed = BedName::read(line, &mut errors);
        let mut day = |column: &'static str| match line.date(column) {
            Ok(Some(day)) if !is_plausible(day) => {
                errors.push(line.error(column, format!("{day} 不像入住或搬出的日期，请核对年份")));
                None
            }
            Ok(day) => day,
            Err(error) => {
                errors.push(error);
                None
            }
        };
        let (from, until) = (day("moved_in"), day("moved_out"));
        if let (Some(from), Some(until)) = (from, until)
            && until <= from
        {
            errors.push(line.error("moved_out", format!("搬出日期 {until} 不晚于入住日期 {from}，请核对")));
        }
        let told = ["name", "moved_in", "moved_out"].iter().any(|column| !line.cell(column).is_empty());
        let occupant = if line.cell("number").is_empty() {
            if told {
                errors.push(line.error("number", "填了姓名或日期，请填学号或工号；空床位请把这几格都留空"));
            }
            None
        } else {
            match line.number() {
                Ok(number) => Some(Occupant {
                    number: number.to_owned(),
                    name: Some(line.cell("name").to_owned()).filter(|name| !name.is_empty()),
                    from,
                    until,
                }),
                Err(error) => {
                    errors.push(error);
                    None
                }
            }
        };
        if errors.is_empty() { Ok(Self { line: line.number, bed, occupant }) } else { Err(errors) }
    }
}

/// Whether somebody may have moved on this day.
pub fn is_plausible(day: NaiveDate) -> bool {
    (1990..=2100).contains(&day.year())
}

/// Somebody in a bed, as it is on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stay {
    /// Its number.
    pub id: i64,
    /// Who.
    pub person: PersonId,
    /// Where.
    pub bed: i64,
    /// The first night.
    pub from: NaiveDate,
    /// The day of moving out; none: they live there.
    pub until: Option<NaiveDate>,
}

/// Somebody to be in a bed, or out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Line of the file; 1 for what is entered by hand.
    pub line: u64,
    /// Who.
    pub person: PersonId,
    /// Where.
    pub bed: i64,
    /// The first night; none: today, or whenever it was.
    pub from: Option<NaiveDate>,
    /// The day of moving out; none: they stay.
    pub until: Option<NaiveDate>,
}

/// A stay to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewStay {
    /// Who.
    pub person: PersonId,
    /// Where.
    pub bed: i64,
    /// The first night.
    pub from: NaiveDate,
    /// The day of moving out.
    pub until: Option<NaiveDate>,
}

/// What carries the wishes out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Stays that never were: begun on the day they would end.
    pub removed: Vec<i64>,
    /// Stays that end, and when.
    pub ended: Vec<(i64, NaiveDate)>,
    /// Stays that begin.
    pub begun: Vec<NewStay>,
    /// People who move in.
    pub moved_in: usize,
    /// People who change beds.
    pub moved: usize,
    /// People who move out.
    pub moved_out: usize,
    /// Wishes that are so already.
    pub unchanged: usize,
}

impl Plan {
    /// Ends a stay on a day; one that begins then never was.
    fn end(&mut self, stay: &Stay, on: NaiveDate) {
        if on == stay.from { self.removed.push(stay.id) } else { self.ended.push((stay.id, on)) }
    }
}

/// What carries out all wishes at once (so that two may change beds with each other), or why some can't be. `stays` are
/// those of the people and of the beds that the wishes name.
pub fn plan(wishes: &[Wish], stays: &[Stay], today: NaiveDate) -> Result<Plan, Vec<LineError>> {
    let mut of_person: HashMap<PersonId, Vec<&Stay>> = HashMap::new();
    for stay in stays {
        of_person.entry(stay.person).or_default().push(stay);
    }
    let mut plan = Plan::default();
    let mut errors = named_twice(wishes);
    let mut begun = Vec::new();
    let mut settled = HashSet::new();
    // Whoever moves out of one bed and into another by two lines has moved out by the time the second is read.
    let (outs, ins): (Vec<&Wish>, Vec<&Wish>) = wishes.iter().partition(|wish| wish.until.is_some());
    for wish in outs.into_iter().chain(ins) {
        let theirs = of_person.get(&wish.person).map(Vec::as_slice).unwrap_or_default();
        let open = theirs.iter().find(|stay| stay.until.is_none() && !settled.contains(&stay.id));
        let here = theirs.iter().filter(|stay| stay.bed == wish.bed);
        let from = wish.from.unwrap_or(today);
        match (wish.until, open) {
            (None, Some(open)) if open.bed == wish.bed => plan.unchanged += 1,
            (None, Some(open)) if from < open.from => errors.push(error(
                wish,
                "moved_in",
                format!("此人 {} 才住进现在的床位，换床位的日期不能更早", open.from),
            )),
            (None, Some(open)) => {
                plan.end(open, from);
                settled.insert(open.id);
                plan.moved += 1;
                begun.push((wish, from));
            }
            (None, None) => {
                plan.moved_in += 1;
                begun.push((wish, from));
            }
            (Some(until), Some(open)) if open.bed == wish.bed => {
                if until < open.from {
                    let told = format!("此人 {} 才住进这个床位，搬出日期不能更早", open.from);
                    errors.push(error(wish, "moved_out", told));
                } else {
                    plan.end(open, until);
                    settled.insert(open.id);
                    plan.moved_out += 1;
                }
            }
            (Some(until), _) if here.clone().any(|stay| stay.until == Some(until)) => plan.unchanged += 1,
            (Some(_), _) if wish.from.is_none() => {
                errors.push(error(wish, "moved_out", "此人没有住在这个床位，请核对床位".to_owned()));
            }
            (Some(_), _) => {
                plan.moved_in += 1;
                begun.push((wish, from));
            }
        }
    }
    begin(&mut plan, &begun, stays, &mut errors);
    if errors.is_empty() { Ok(plan) } else { Err(errors) }
}

fn error(wish: &Wish, column: &'static str, message: String) -> LineError {
    LineError { line: wish.line, column: column.into(), message }
}

/// Nobody stays in two beds, and nobody shares one.
fn named_twice(wishes: &[Wish]) -> Vec<LineError> {
    let (mut people, mut beds) = (HashMap::new(), HashMap::new());
    let mut errors = Vec::new();
    for wish in wishes.iter().filter(|wish| wish.until.is_none()) {
        let person = *people.entry(wish.person).or_insert(wish.line);
        if person != wish.line {
            errors.push(error(wish, "number", format!("与第 {person} 行是同一人，请只留一行")));
        }
        let bed = *beds.entry(wish.bed).or_insert(wish.line);
        if bed != wish.line {
            errors.push(error(wish, "bed", format!("与第 {bed} 行是同一床位，请核对")));
        }
    }
    errors
}

/// Days of a stay, of the record or of a wish.
struct Days {
    from: NaiveDate,
    until: Option<NaiveDate>,
    /// The line that wishes it.
    line: Option<u64>,
}

impl Days {
    fn meet(&self, from: NaiveDate, until: Option<NaiveDate>) -> bool {
        self.until.is_none_or(|end| end > from) && until.is_none_or(|end| end > self.from)
    }
}

/// Begins the stays that meet no other one of the person or of the bed, once all that end have ended.
fn begin(plan: &mut Plan, begun: &[(&Wish, NaiveDate)], stays: &[Stay], errors: &mut Vec<LineError>) {
    let ended: HashMap<i64, NaiveDate> = plan.ended.iter().copied().collect();
    let removed: HashSet<i64> = plan.removed.iter().copied().collect();
    let (mut people, mut beds): (HashMap<PersonId, Vec<Days>>, HashMap<i64, Vec<Days>>) = Default::default();
    for stay in stays.iter().filter(|stay| !removed.contains(&stay.id)) {
        let until = stay.until.or_else(|| ended.get(&stay.id).copied());
        let days = || Days { from: stay.from, until, line: None };
        people.entry(stay.person).or_default().push(days());
        beds.entry(stay.bed).or_default().push(days());
    }
    for &(wish, from) in begun {
        let people = people.entry(wish.person).or_default();
        let beds = beds.entry(wish.bed).or_default();
        if let Some(met) = people.iter().find(|days| days.meet(from, wish.until)) {
            errors.push(error(wish, "moved_in", person_busy(met)));
        } else if let Some(met) = beds.iter().find(|days| days.meet(from, wish.until)) {
            errors.push(error(wish, "bed", bed_busy(met)));
        } else {
            plan.begun.push(NewStay { person: wish.person, bed: wish.bed, from, until: wish.until });
        }
        let days = || Days { from, until: wish.until, line: Some(wish.line) };
        people.push(days());
        beds.push(days());
    }
}

fn person_busy(met: &Days) -> String {
    match (met.line, met.until) {
        (Some(line), _) => format!("与第 {line} 行的日期重叠：同一人不能同时住两个床位"),
        (None, Some(until)) => format!("此人 {} 至 {until} 住在另一床位，日期重叠，请核对", met.from),
        (None, None) => format!("此人 {} 起住在另一床位，日期重叠，请核对", met.from),
    }
}

fn bed_busy(met: &Days) -> String {
    match (met.line, met.until) {
        (Some(line), _) => format!("与第 {line} 行的日期重叠：同一床位不能同时住两个人"),
        (None, Some(until)) => format!("这个床位到 {until} 才空出来，请改日期或换一个床位"),
        (None, None) => "这个床位住着别人，请先登记他搬出，或在同一份名单里写明他的新床位".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn read(cells: &[(&'static str, &'static str)]) -> Result<BedLine, Vec<String>> {
        let line = Line { number: 2, cells: cells.iter().copied().collect() };
        BedLine::read(&line).map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    fn wish(line: u64, person: PersonId, bed: i64, from: &str, until: Option<&str>) -> Wish {
        Wish { line, person, bed, from: Some(day(from)), until: until.map(day) }
    }

    fn stay(id: i64, person: PersonId, bed: i64, from: &str, until: Option<&str>) -> Stay {
        Stay { id, person, bed, from: day(from), until: until.map(day) }
    }

    fn planned(wishes: &[Wish], stays: &[Stay]) -> Result<Plan, Vec<String>> {
        plan(wishes, stays, day("2020-03-04"))
            .map_err(|errors| errors.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_bed_is_the_same_with_and_without_units() {
        let plain = read(&[("building", "3号楼"), ("room", "301"), ("bed", "2")]).unwrap();
        let worded =
            read(&[("building", "3号楼"), ("floor", "3层"), ("room", "301室"), ("bed", "2号床")]).unwrap();
        assert_eq!(plain.bed, worded.bed);
        assert_eq!((plain.bed.floor.as_str(), plain.occupant.is_none()), ("3", true));
        let high = read(&[("building", "A"), ("room", "1205"), ("bed", "床")]).unwrap();
        assert_eq!((high.bed.floor.as_str(), high.bed.bed.as_str()), ("12", "床"));
        assert_eq!(read(&[("building", "A"), ("room", "东1"), ("bed", "1")]).unwrap().bed.floor, "");
    }

    #[test]
    fn every_wrong_cell_is_told() {
        let wrong =
            read(&[("room", "301"), ("name", "甲"), ("moved_in", "0020-01-01"), ("moved_out", "三月")]);
        assert_eq!(
            wrong.unwrap_err(),
            [
                "第 2 行 building 列：不能为空，请填写",
                "第 2 行 bed 列：不能为空，请填写",
                "第 2 行 moved_in 列：0020-01-01 不像入住或搬出的日期，请核对年份",
                "第 2 行 moved_out 列：“三月”不是日期，请写成 2019-09-01 的样子",
                "第 2 行 number 列：填了姓名或日期，请填学号或工号；空床位请把这几格都留空",
            ]
        );
    }

    #[test]
    fn moving_in_changing_beds_and_moving_out() {
        let stays = [stay(1, 10, 100, "2019-09-01", None), stay(2, 11, 101, "2019-09-01", None)];
        let done = planned(
            &[
                wish(2, 10, 102, "2020-03-01", None),
                wish(3, 11, 101, "2019-09-01", Some("2020-02-01")),
                wish(4, 12, 101, "2020-03-01", None),
            ],
            &stays,
        );
        let done = done.unwrap();
        assert_eq!(done.ended, [(2, day("2020-02-01")), (1, day("2020-03-01"))]);
        assert_eq!((done.moved_in, done.moved, done.moved_out), (1, 1, 1));
        assert_eq!(done.begun.len(), 2);
    }

    #[test]
    fn two_change_beds_with_each_other() {
        let stays = [stay(1, 10, 100, "2019-09-01", None), stay(2, 11, 101, "2019-09-01", None)];
        let done =
            planned(&[wish(2, 10, 101, "2020-03-01", None), wish(3, 11, 100, "2020-03-01", None)], &stays);
        assert_eq!(done.unwrap().begun.len(), 2);
        let one = planned(&[wish(2, 10, 101, "2020-03-01", None)], &stays);
        assert!(one.unwrap_err()[0].contains("这个床位住着别人"));
    }

    #[test]
    fn out_of_one_bed_and_into_another_by_two_lines() {
        let stays = [stay(1, 10, 100, "2019-09-01", None)];
        let lines = [
            wish(2, 10, 101, "2020-03-01", None),
            Wish { from: None, ..wish(3, 10, 100, "2020-02-01", Some("2020-02-01")) },
        ];
        let done = planned(&lines, &stays).unwrap();
        assert_eq!((done.ended, done.begun.len()), (vec![(1, day("2020-02-01"))], 1));
        let met = planned(&[Wish { from: Some(day("2020-01-31")), ..lines[0] }, lines[1]], &stays);
        assert!(met.unwrap_err()[0].contains("至 2020-02-01 住在另一床位"));
    }

    #[test]
    fn the_same_again_changes_nothing() {
        let stays =
            [stay(1, 10, 100, "2019-09-01", None), stay(2, 11, 101, "2019-09-01", Some("2020-01-10"))];
        let done = planned(
            &[
                wish(2, 10, 100, "2019-09-01", None),
                Wish { from: None, ..wish(3, 11, 101, "2019-09-01", Some("2020-01-10")) },
            ],
            &stays,
        );
        assert_eq!(done.unwrap(), Plan { unchanged: 2, ..Plan::default() });
    }

    #[test]
    fn what_begins_on_the_day_it_ends_never_was() {
        let stays = [stay(1, 10, 100, "2020-03-04", None)];
        let moved = planned(&[wish(1, 10, 101, "2020-03-04", None)], &stays).unwrap();
        assert_eq!((moved.removed, moved.ended), (vec![1], vec![]));
        let out =
            planned(&[Wish { from: None, ..wish(1, 10, 100, "2020-03-04", Some("2020-03-04")) }], &stays);
        assert_eq!(out.unwrap().removed, [1]);
    }

    #[test]
    fn days_that_meet_are_refused() {
        let stays = [
            stay(1, 10, 100, "2020-03-01", None),
            stay(2, 11, 101, "2019-09-01", Some("2020-06-01")),
            stay(3, 12, 102, "2019-09-01", Some("2020-04-01")),
        ];
        let told = |wish: Wish| planned(&[wish], &stays).unwrap_err().remove(0);
        assert!(told(wish(1, 10, 103, "2020-02-01", None)).contains("2020-03-01 才住进"));
        assert!(told(wish(1, 13, 101, "2020-05-31", None)).contains("到 2020-06-01 才空出来"));
        assert!(planned(&[wish(1, 13, 101, "2020-06-01", None)], &stays).is_ok());
        assert!(told(wish(1, 12, 103, "2020-03-04", None)).contains("至 2020-04-01 住在另一床位"));
        let never = Wish { from: None, ..wish(1, 13, 101, "2020-03-01", Some("2020-03-09")) };
        assert!(told(never).contains("没有住在这个床位"));
        let twice = [wish(2, 20, 200, "2020-03-01", None), wish(3, 20, 201, "2020-03-01", None)];
        assert!(planned(&twice, &[]).unwrap_err()[0].contains("与第 2 行是同一人"));
        let shared = [wish(2, 20, 200, "2020-03-01", None), wish(3, 21, 200, "2020-03-01", None)];
        assert!(planned(&shared, &[]).unwrap_err()[0].contains("与第 2 行是同一床位"));
    }
}
