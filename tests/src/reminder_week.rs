//! A school week with all rules at work, told a second time from what the rules say in words, by code that shares nothing with
//! ours: everybody who was missing got what the rules say, and nobody else anything; nothing came in quiet hours, and WeCom
//! swallowed nothing.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days, NaiveDate, Weekday};
use domain::policy::Viewer;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::test_app::{TestApp, card_of, normal_answers, title_of};

/// Minutes after midnight.
type Minute = u32;

const fn at(hour: u32, minute: u32) -> Minute {
    hour * 60 + minute
}

/// Reminders one person gets in a day at most.
const MOST: usize = 4;
/// 22:30 to 06:30, for everything.
fn is_quiet(minute: Minute) -> bool {
    !(at(6, 30)..at(22, 30)).contains(&minute)
}

fn first_day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2020, 3, 4).unwrap()
}

/// The Sunday is made up for, the Tuesday after it is off.
fn is_workday(day: NaiveDate) -> bool {
    let made_up = NaiveDate::from_ymd_opt(2020, 3, 8).unwrap();
    let off = NaiveDate::from_ymd_opt(2020, 3, 10).unwrap();
    day == made_up || day != off && !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

struct Student {
    number: String,
    /// Class, grade, college.
    path: [i32; 3],
    /// Days of the week on leave.
    away: BTreeSet<u64>,
    /// When they report on the day at hand.
    reports: Option<Minute>,
}

struct Official {
    number: String,
    role: String,
    department: i32,
    whole_school: bool,
}

/// Something somebody must get, within so many minutes of the day.
#[derive(Debug, Clone, PartialEq)]
struct Event {
    from: Minute,
    until: Minute,
    title: String,
}

struct Week {
    test: TestApp,
    students: Vec<Student>,
    officials: Vec<Official>,
    /// Whom a message can reach, by number.
    reachable: BTreeSet<String>,
    /// The college the second rule is about.
    college: i32,
    chance: u64,
    seen: u64,
}

impl Week {
    async fn begin() -> Self {
        let test = TestApp::start().await;
        // Digests have a test of their own.
        test.owner.batch_execute("update digest_rules set enabled = false").await.unwrap();
        let college: i32 = test
            .one("select department_id from departments where kind = 'college' and name = '信息学院'", &[])
            .await;
        // A student looks after their class, as an office may decide.
        test.owner
            .execute(
                "insert into grants (corp_id, person_id, role, department_id, purpose, source, from_date, until_date)
                 select 1, p.person_id, 'class_assistant', m.department_id, '考勤', 'manual', '2020-03-01', '2020-07-01'
                 from persons p join memberships m using (corp_id, person_id)
                 join departments d using (corp_id, department_id)
                 where p.kind = 'student' and m.is_main and m.until_date is null and d.college_id = $1
                 order by p.number limit 1",
                &[&college],
            )
            .await
            .unwrap();
        let sql = "select p.number, d.class_id, d.grade_id, d.college_id
                   from persons p join memberships m using (corp_id, person_id) join departments d using (corp_id, department_id)
                   where m.is_main and m.until_date is null and p.kind = 'student' and d.college_id is not null
                   order by p.number";
        let rows = test.owner.query(sql, &[]).await.unwrap();
        let students = rows.iter().map(|row| Student {
            number: row.get(0),
            path: [row.get(1), row.get(2), row.get(3)],
            away: BTreeSet::new(),
            reports: None,
        });
        let students: Vec<Student> = students.collect();
        let sql = "select p.number, g.role, g.department_id, d.kind = 'school' from grants g join persons p using (corp_id, person_id)
                   join departments d using (corp_id, department_id)";
        let rows = test.owner.query(sql, &[]).await.unwrap();
        let officials = rows.iter().map(|row| Official {
            number: row.get(0),
            role: row.get(1),
            department: row.get(2),
            whole_school: row.get(3),
        });
        let officials: Vec<Official> = officials.collect();
        let sql = "select p.number from persons p join members m using (corp_id, person_id)
                   where m.left_on is null and (m.status is null or m.status = 1)";
        let rows = test.owner.query(sql, &[]).await.unwrap();
        let reachable = rows.iter().map(|row| row.get(0)).collect();
        let mut week = Self { test, students, officials, reachable, college, chance: 7, seen: 0 };
        week.set_up().await;
        week
    }

    /// The rules, the calendar and the settings, as an administrator makes them.
    async fn set_up(&mut self) {
        let administrator = self.test.sign_in_on_pc(&self.test.persona("administrator")).await;
        let settings = json!({ "quiet": { "from": "22:30", "until": "06:30" }, "most_a_day": MOST });
        assert_eq!(administrator.put("/reminder-settings", &settings).await.status, StatusCode::NO_CONTENT);
        let days = json!({ "text": "2020-03-08,上班,补课\n2020-03-10 放假 校庆" });
        assert_eq!(administrator.post("/school-days", &days).await.body["changed"], json!(2));
        // Beside the rule the school begins with: at 10, 14 and 18 everybody who is missing, every day.
        let say = |to: &str, after: u32, wording: &str| json!({ "to": to, "after_minutes": after, "wording": wording });
        let rule = json!({
            "form": "health-daily", "name": "工作日催办", "rule": {
                "days": "workdays", "times": ["08:30", "12:10", "22:10"], "departments": [self.college],
                "steps": [
                    say("person", 0, "{name}，请在 {closes} 前填写“{form}”。"),
                    say("class_assistant", 30, "{class}还有 {count} 人未报，请提醒。"),
                    say("counsellor", 60, "您的班级还有 {count}/{expected} 人未报。"),
                    say("college", 90, "{college}还有 {count} 人未报。"),
                    say("school", 120, "全校还有 {count} 人未报。"),
                ],
                "quiet": { "from": "12:00", "until": "13:30" }, "spread_minutes": 20, "useful_minutes": 100,
            } });
        let made = administrator.post("/reminder-rules", &rule).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.body);
        // One is on leave for three days.
        let office = self.test.sign_in(&self.test.persona("school_office")).await;
        let number = self.students[5].number.clone();
        let leave = json!({ "number": number, "kind": "leave", "from": "2020-03-05", "last": "2020-03-07", "reason": "事假" });
        assert_eq!(office.post("/exemptions", &leave).await.status, StatusCode::OK);
        self.students[5].away = BTreeSet::from([1, 2, 3]);
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.chance =
            self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33) % below
    }

    /// When everybody reports on a day, if at all: never while a rule is at work over several minutes.
    fn decide(&mut self) {
        for index in 0..self.students.len() {
            let minute = at(6, 30) + 30 * Minute::try_from(self.draw(31)).unwrap();
            let busy = minute == at(8, 30) || minute == at(13, 30);
            let never = self.draw(4) == 0;
            self.students[index].reports = (!never && !busy).then_some(minute);
        }
    }

    /// Those who must report on this day and have not by this minute.
    fn missing(&self, day: u64, minute: Minute) -> Vec<&Student> {
        let is_missing = |student: &&Student| {
            !student.away.contains(&day) && student.reports.is_none_or(|reports| reports > minute)
        };
        self.students.iter().filter(is_missing).collect()
    }

    /// What the rules say of a day, by number of the receiver.
    fn told(&self, day: u64) -> BTreeMap<String, Vec<Event>> {
        let mut told: BTreeMap<String, Vec<Event>> = BTreeMap::new();
        let mut add = |number: &str, from: Minute, until: Minute, title: String| {
            if self.reachable.contains(number) {
                told.entry(number.to_owned()).or_default().push(Event { from, until, title });
            }
        };
        let to_fill = "健康日报待填写";
        for minute in [at(10, 0), at(14, 0), at(18, 0)] {
            for student in self.missing(day, minute) {
                add(&student.number, minute, minute, to_fill.into());
            }
        }
        if !is_workday(first_day() + Days::new(day)) {
            return told;
        }
        // 12:10 is in the rule's own quiet hours and comes at their end; 22:10 comes before the night, its later steps don't.
        for minute in [at(8, 30), at(13, 30), at(22, 10)] {
            for student in self.missing(day, minute).into_iter().filter(|one| one.path[2] == self.college) {
                add(&student.number, minute + 1, minute + 20, to_fill.into());
            }
        }
        let steps: [(&[&str], [Minute; 2]); 4] = [
            (&["class_assistant"], [at(9, 0), at(13, 30)]),
            (&["counsellor"], [at(9, 30), at(13, 30)]),
            (&["college_leader", "college_office", "department_head"], [at(10, 0), at(13, 40)]),
            (&["school_office", "school_leader"], [at(10, 30), at(14, 10)]),
        ];
        for (roles, minutes) in steps {
            for minute in minutes {
                let mut theirs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
                for official in self.officials.iter().filter(|one| roles.contains(&one.role.as_str())) {
                    if official.whole_school && !roles.contains(&"school_leader") {
                        continue;
                    }
                    for student in
                        self.missing(day, minute).into_iter().filter(|one| one.path[2] == self.college)
                    {
                        if official.whole_school || student.path.contains(&official.department) {
                            theirs.entry(&official.number).or_default().insert(&student.number);
                        }
                    }
                }
                for (number, students) in theirs {
                    add(number, minute, minute, format!("健康日报未报 {} 人", students.len()));
                }
            }
        }
        told
    }

    async fn viewer(&self, number: &str) -> Viewer {
        let today = self.test.school().today(self.test.app.now());
        let mut tx = self.test.app.store().scoped(1).await.unwrap();
        let member = store::viewers::member_of(&mut tx, 1, number).await.unwrap().expect("an account");
        store::viewers::find(&mut tx, 1, member, today).await.unwrap().expect("a viewer")
    }

    /// One minute of a day: who reports, what is planned and sent. Gives what arrived, by number, with its title.
    async fn minute(&mut self, day: u64, minute: Minute) -> Vec<(String, String)> {
        self.test.clock.set_time(&format!("{:02}:{:02}", minute / 60, minute % 60));
        let now = self.test.app.now();
        self.test.control("clock", &json!({ "set": now })).await;
        let reporting =
            self.students.iter().filter(|one| one.reports == Some(minute) && !one.away.contains(&day));
        for student in reporting {
            let submission = serde_json::from_value(
                json!({ "form": "health-daily", "version": 1, "answers": normal_answers() }),
            );
            let viewer = self.viewer(&student.number).await;
            let key = format!("week-{day}-{}", student.number);
            let (app, school) = (&self.test.app, self.test.school());
            app::reports::submit(app, school, &viewer, &key, &submission.unwrap()).await.unwrap();
        }
        app::jobs::look_at_schedules(&self.test.app).await;
        self.test.run_jobs().await;
        let sent = self.test.inspect(&format!("ledger?kind=send&limit=1000&after={}", self.seen)).await;
        let mut arrived = Vec::new();
        for entry in sent["items"].as_array().unwrap() {
            self.seen = self.seen.max(entry["id"].as_u64().unwrap());
            let title = title_of(card_of(&entry["message"])).to_owned();
            for (userid, outcome) in entry["outcomes"].as_object().unwrap() {
                assert_eq!(outcome, &json!("delivered"), "{userid}: WeCom swallowed or refused a message");
                arrived.push((userid.clone(), title.clone()));
            }
        }
        if !arrived.is_empty() {
            assert!(!is_quiet(minute), "messages at {:02}:{:02}", minute / 60, minute % 60);
        }
        arrived
    }
}

/// A few at night, then every half hour, and more while a rule spreads its messages or a step of it comes.
fn minutes() -> BTreeSet<Minute> {
    let mut minutes: BTreeSet<Minute> = (6 * 2..24 * 2).map(|half| half * 30).collect();
    minutes.extend([at(0, 10), at(4, 0), at(13, 40), at(14, 10)]);
    for begins in [at(8, 30), at(13, 30), at(22, 10)] {
        // The last before they would be of no use, or the night begins.
        minutes.extend([0, 5, 10, 15, 19, 20].map(|after| begins + after));
    }
    minutes
}

fn check(
    day: u64,
    told: &BTreeMap<String, Vec<Event>>,
    got: &BTreeMap<String, Vec<(Minute, String)>>,
) -> usize {
    let mut limited = 0;
    for number in told.keys().chain(got.keys()).collect::<BTreeSet<_>>() {
        let mut events = told.get(number).cloned().unwrap_or_default();
        let arrived = got.get(number).cloned().unwrap_or_default();
        let wanted = events.len().min(MOST);
        limited += events.len() - wanted;
        assert_eq!(arrived.len(), wanted, "{number} on day {day}: {arrived:?} of {events:?}");
        for (minute, title) in arrived {
            let fits = |event: &Event| event.title == title && (event.from..=event.until).contains(&minute);
            let found = events.iter().position(fits);
            let found =
                found.unwrap_or_else(|| panic!("{number} on day {day} at {minute}: {title} of {events:?}"));
            events.remove(found);
        }
    }
    limited
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_what_the_rules_say_and_nobody_else() {
    let mut week = Week::begin().await;
    let (mut limited, mut sent, mut escalated) = (0, 0, 0);
    for day in 0..7 {
        week.decide();
        let mut got: BTreeMap<String, Vec<(Minute, String)>> = BTreeMap::new();
        for minute in minutes() {
            // The first day began before anybody was asked.
            if day == 0 && minute < at(8, 0) {
                for student in &mut week.students {
                    student.reports = student.reports.filter(|reports| *reports >= at(8, 0));
                }
                continue;
            }
            for (number, title) in week.minute(day, minute).await {
                escalated += usize::from(title.contains("未报"));
                sent += 1;
                got.entry(number).or_default().push((minute, title));
            }
        }
        limited += check(day, &week.told(day), &got);
        week.test.clock.set_time("23:59");
        week.test.clock.advance(chrono::TimeDelta::minutes(1));
    }
    // The week had something of everything, or it would have shown nothing.
    assert!(sent > 500 && escalated > 30 && limited > 30, "{sent} {escalated} {limited}");
    let states = week.test.owner.query("select distinct state from outbox order by 1", &[]).await.unwrap();
    let states: Vec<String> = states.iter().map(|row| row.get(0)).collect();
    for state in &states {
        assert!(["limited", "sent", "unreachable"].contains(&state.as_str()), "{states:?}");
    }
    week.test.assert_no_failed_jobs().await;
    let told: i64 = week.test.one("select count(*) from outbox where state = 'sent'", &[]).await;
    assert_eq!(told, i64::from(sent), "what arrived is what we say we sent");
    let content: Value = week.test.inspect("ledger?kind=send&limit=1").await;
    assert!(content["items"][0]["message"]["enable_duplicate_check"] == json!(1), "{content}");
}
