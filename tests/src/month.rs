//! A month of the school: reports, late and corrected, leave taken and taken back, classes changed, people gone and back,
//! much of it said days later. Every count of every view on every day equals an independent telling of the same month.

mod model;

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};
use domain::policy::Viewer;
use reqwest::StatusCode;
use serde_json::{Value, json};

use self::model::{Chance, Day, Figures, NEVER, Said, School, Student};
use crate::{
    browser_client::Browser,
    test_app::{TestApp, normal_answers},
};

const DAYS: Day = 30;

/// The school's calendar: the month begins on the day the test does.
fn date(day: Day) -> NaiveDate {
    let first: NaiveDate = "2020-03-04".parse().unwrap();
    if day >= 0 {
        first + Days::new(day.unsigned_abs().into())
    } else {
        first - Days::new(day.unsigned_abs().into())
    }
}

struct Month {
    test: TestApp,
    chance: Chance,
    school: School,
    /// Class by id: its name, its grade, its college.
    classes: BTreeMap<i32, (String, i32, i32)>,
    /// Exemptions that stand: number of the exemption, of the student.
    exemptions: Vec<(i64, String)>,
}

impl Month {
    async fn begin() -> Self {
        let test = TestApp::start().await;
        let sql = "select department_id, name, grade_id, college_id from departments
                   where kind = 'class' and college_id is not null and grade_id is not null";
        let rows = test.owner.query(sql, &[]).await.unwrap();
        let classes = rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2), row.get(3)))).collect();
        let sql = "select p.number, m.department_id from persons p join memberships m using (corp_id, person_id)
                   join departments d using (corp_id, department_id)
                   where m.is_main and m.until_date is null and p.kind = 'student' and d.college_id is not null";
        let rows = test.owner.query(sql, &[]).await.unwrap();
        let school = rows.iter().map(|row| (row.get(0), Student::of(row.get(1)))).collect();
        Self { test, chance: Chance(4), school, classes, exemptions: Vec::new() }
    }

    fn somebody(&mut self) -> String {
        let at = self.chance.below(self.school.len());
        self.school.keys().nth(at).unwrap().clone()
    }

    fn student(&mut self, number: &str) -> &mut Student {
        self.school.get_mut(number).unwrap()
    }

    /// What offices say on a day, of this day, of days before and of days to come.
    async fn office_hours(&mut self, today: Day) {
        self.test.clock.set_time("07:00");
        let office = self.test.sign_in(&self.test.persona("school_office")).await;
        for _ in 0..self.chance.below(3) {
            self.exempt(&office, today).await;
        }
        if !self.exemptions.is_empty() && self.chance.one_in(3) {
            let at = self.chance.below(self.exemptions.len());
            let (id, number) = self.exemptions.swap_remove(at);
            let taken =
                office.post(&format!("/exemptions/{id}/revocation"), &json!({ "reason": "登记错了" })).await;
            assert_eq!(taken.status, StatusCode::NO_CONTENT, "{}", taken.body);
            self.student(&number).is_exempted_no_more(id);
        }
        if self.chance.one_in(3) {
            self.change_class(&office, today).await;
        }
        if self.chance.one_in(4) {
            self.leave_or_return(&office, today).await;
        }
    }

    async fn exempt(&mut self, office: &Browser, today: Day) {
        let number = self.somebody();
        let from = today + i32::try_from(self.chance.below(7)).unwrap() - 3;
        let days = 1 + i32::try_from(self.chance.below(6)).unwrap();
        if !(from..from + days).all(|day| self.school[&number].is_here(day)) {
            return;
        }
        let kind = ["leave", "internship"][self.chance.below(2)];
        let body = json!({
            "number": number, "kind": kind, "from": date(from), "last": date(from + days - 1), "reason": "事假",
        });
        let added = office.post("/exemptions", &body).await;
        assert_eq!(added.status, StatusCode::OK, "{body}: {}", added.body);
        if added.body["added"] == json!(true) {
            let id: i64 = self.test.one("select max(exemption_id) from exemptions", &[]).await;
            self.student(&number).is_exempted(id, from, from + days);
            self.exemptions.push((id, number));
        }
    }

    async fn change_class(&mut self, office: &Browser, today: Day) {
        let number = self.somebody();
        let from = today - i32::try_from(self.chance.below(3)).unwrap();
        let at = self.chance.below(self.classes.len());
        let (class, (name, ..)) =
            self.classes.iter().nth(at).map(|(id, class)| (*id, class.clone())).unwrap();
        let student = &self.school[&number];
        if !student.is_here(from)
            || !student.is_here(today)
            || student.last_move() >= from
            || student.class(from) == class
        {
            return;
        }
        let body = json!({ "number": number, "kind": "transfer", "from": date(from), "department": name, "reason": "转专业" });
        let moved = office.post("/statuses", &body).await;
        assert_eq!(moved.status, StatusCode::NO_CONTENT, "{body}: {}", moved.body);
        self.student(&number).moves(from, class);
    }

    async fn leave_or_return(&mut self, office: &Browser, today: Day) {
        let gone =
            self.school.iter().find(|(_, student)| !student.is_here(today)).map(|(number, _)| number.clone());
        let (number, kind) = match gone {
            Some(number) => (number, "return"),
            None => (self.somebody(), "departure"),
        };
        if kind == "departure" && self.school[&number].has_moved_or_left() {
            return;
        }
        let body = json!({ "number": number, "kind": kind, "from": date(today), "reason": "休整" });
        let changed = office.post("/statuses", &body).await;
        assert_eq!(changed.status, StatusCode::NO_CONTENT, "{body}: {}", changed.body);
        match kind {
            "return" => self.student(&number).returns(today),
            _ => self.student(&number).leaves(today),
        }
    }

    /// Who reports when, some twice, some after the cut-off, some not at all; and who is not asked is refused.
    async fn reports(&mut self, today: Day) {
        let numbers: Vec<String> = self.school.keys().cloned().collect();
        let mut turns: Vec<(usize, String)> = Vec::new();
        for number in &numbers {
            if !self.chance.one_in(12) {
                turns.push((480 + self.chance.below(960), number.clone()));
            }
            if self.chance.one_in(6) {
                turns.push((480 + self.chance.below(720), number.clone()));
            }
        }
        turns.sort();
        for (minute, number) in turns {
            self.test.clock.set_time(&format!("{:02}:{:02}", minute / 60, minute % 60));
            self.report(today, minute, &number).await;
        }
    }

    async fn report(&mut self, today: Day, minute: usize, number: &str) {
        let abnormal = self.chance.one_in(15);
        let mut answers = normal_answers();
        if abnormal {
            answers["temperature"] = json!(38.1);
        }
        let submission = serde_json::from_value(json!({
            "form": "health-daily", "version": 1, "answers": answers,
        }));
        let viewer = self.viewer(number, today).await;
        let school = self.test.app.school(1).unwrap();
        let key = format!("month-{today}-{minute}-{number}");
        let taken = app::reports::submit(&self.test.app, school, &viewer, &key, &submission.unwrap()).await;
        let student = self.school.get_mut(number).unwrap();
        match (student.is_expected(today), student.said(today).is_some() && minute >= 20 * 60) {
            (true, false) => {
                taken.unwrap_or_else(|error| panic!("{number} on {}: {error}", date(today)));
                student.says(today, Said { abnormal });
            }
            (true, true) => assert!(matches!(taken, Err(app::Error::CutoffPassed)), "{number}"),
            (false, _) => {
                assert!(matches!(taken, Err(app::Error::NotExpected)), "{number} on {}", date(today))
            }
        }
    }

    async fn viewer(&self, number: &str, today: Day) -> Viewer {
        let mut tx = self.test.app.store().scoped(1).await.unwrap();
        let member = store::viewers::member_of(&mut tx, 1, number).await.unwrap().expect("an account");
        store::viewers::find(&mut tx, 1, member, date(today)).await.unwrap().expect("a viewer")
    }

    /// Every count of a day, as the school's leader sees it.
    async fn check_counts(&self, leader: &Browser, day: Day) {
        let asked = format!("day={}", date(day));
        let (by_college, by_grade, by_class) = (
            model::figures(&self.school, day, |class| self.classes[&class].2),
            model::figures(&self.school, day, |class| self.classes[&class].1),
            model::figures(&self.school, day, |class| class),
        );
        for (by, told) in [("college", by_college), ("grade", by_grade), ("class", by_class)] {
            let table = leader.get(&format!("/statistics/health-daily?by={by}&{asked}")).await;
            assert_eq!(rows(&table.body), told, "{by} on {}", date(day));
            let total = told.values().fold(Figures::default(), |sum, row| Figures {
                expected: sum.expected + row.expected,
                reported: sum.reported + row.reported,
                abnormal: sum.abnormal + row.abnormal,
            });
            assert_eq!(figures(&table.body["total"]), total, "{by} on {}", date(day));
        }
        let explained = leader.get(&format!("/statistics/health-daily/explanation?{asked}")).await.body;
        let here = self.school.values().filter(|student| student.is_here(day)).count();
        assert_eq!(explained["enrolled"], json!(here), "{}", date(day));
    }

    /// Everybody behind every count of a day.
    async fn check_people(&self, leader: &Browser, day: Day) {
        let asked = format!("day={}", date(day));
        type Holds = fn(Option<Said>) -> bool;
        let states: [(&str, Holds); 5] = [
            ("expected", |_| true),
            ("reported", |said| said.is_some()),
            ("unreported", |said| said.is_none()),
            ("normal", |said| said.is_some_and(|said| !said.abnormal)),
            ("abnormal", |said| said.is_some_and(|said| said.abnormal)),
        ];
        for (state, holds) in states {
            let list =
                leader.get(&format!("/statistics/health-daily/people?state={state}&{asked}&limit=200")).await;
            assert_eq!(
                numbers(&list.body),
                model::numbers(&self.school, day, holds),
                "{state} on {}",
                date(day)
            );
        }
    }

    /// The day as those see it who have a part of the school.
    async fn check_parts(&self, today: Day) {
        for role in ["college_leader", "counsellor"] {
            let userid = self.test.persona(role);
            let granted = "select department_id from grants g join persons p using (corp_id, person_id) where p.number = $1";
            let granted = self.test.owner.query(granted, &[&userid]).await.unwrap();
            let granted: Vec<i32> = granted.iter().map(|row| row.get(0)).collect();
            let theirs = |class: i32| {
                let (_, grade, college) = self.classes[&class];
                [class, grade, college].iter().any(|department| granted.contains(department))
            };
            let browser = self.test.sign_in(&userid).await;
            let table = browser.get("/statistics/health-daily?by=class").await;
            let mut told = model::figures(&self.school, today, |class| class);
            told.retain(|class, _| theirs(*class));
            assert_eq!(rows(&table.body), told, "{role} on {}", date(today));
            let missing: Vec<String> = model::numbers(&self.school, today, |said| said.is_none())
                .into_iter()
                .filter(|number| theirs(self.school[number].class(today)))
                .collect();
            let list = browser.get("/unreported/health-daily?limit=200").await;
            assert_eq!(numbers(&list.body), missing, "{role} on {}", date(today));
        }
    }
}

fn figures(row: &Value) -> Figures {
    let number = |name: &str| row[name].as_i64().unwrap();
    let told =
        Figures { expected: number("expected"), reported: number("reported"), abnormal: number("abnormal") };
    assert_eq!(number("unreported"), told.expected - told.reported);
    assert_eq!(number("normal"), told.reported - told.abnormal);
    told
}

fn rows(table: &Value) -> BTreeMap<i32, Figures> {
    let rows = table["rows"].as_array().unwrap_or_else(|| panic!("{table}")).iter();
    rows.map(|row| (i32::try_from(row["department"]["id"].as_i64().unwrap()).unwrap(), figures(row)))
        .collect()
}

fn numbers(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap_or_else(|| panic!("{list}")).iter();
    items.map(|item| item["number"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_count_of_every_day_equals_an_independent_telling() {
    let mut month = Month::begin().await;
    // Each server lets one member ask so much and no more; a test is quicker than a person.
    let mut servers = Vec::new();
    for day in 0..DAYS {
        if day % 5 == 0 {
            servers.push(month.test.another_server());
        }
        month.office_hours(day).await;
        month.reports(day).await;
        month.test.clock.set_time("23:59");
        month.check_parts(day).await;
        let leader = month.test.sign_in(&month.test.persona("school_leader")).await;
        let leader = leader.at(servers.last().unwrap());
        month.check_counts(&leader, day).await;
        month.check_people(&leader, day).await;
        month.test.clock.advance(chrono::TimeDelta::minutes(1));
    }
    // What was said later of days long past counts for those days. Two look, at every server in turn.
    let leader = month.test.sign_in(&month.test.persona("school_leader")).await;
    let office = month.test.sign_in(&month.test.persona("school_office")).await;
    for (day, server) in (0..DAYS).zip(servers.iter().cycle()) {
        month.check_counts(&if day % 2 == 0 { &leader } else { &office }.at(server), day).await;
        if day % 5 == 0 {
            month.check_people(&office.at(server), day).await;
        }
    }
    // The month had something of everything, or it would have shown nothing.
    assert!(month.school.values().any(|student| student.last_move() >= 0), "somebody changed their class");
    assert!(month.school.values().any(|student| !student.is_here(NEVER - 1) || student.has_moved_or_left()));
    assert!(
        month.test.one::<i64>("select count(*) from exemptions where revoked_at is not null", &[]).await > 0
    );
    assert!(month.test.one::<i64>("select count(*) from reports where late", &[]).await > 20);
    assert!(month.test.one::<i64>("select count(*) from reports where revision > 1", &[]).await > 20);
}
