//! 使用情况简报: the figures of a month in the sentences an information centre writes, each with where it comes from. No names.

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::{Group, Metric, Reading, Source};
use crate::statistics::rate;

/// A heading and what stands below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// What it is about.
    pub group: Group,
    /// Its sentences; never none.
    pub lines: Vec<Sentence>,
}

/// A sentence, and what it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// In Chinese.
    pub text: String,
    /// Where its figures come from; none: it says that there are none.
    pub sources: Vec<Source>,
    /// The hour the newest of them was true.
    pub as_of: Option<DateTime<Utc>>,
}

/// A month, and what counts of it: of standings the last reading until its end, of the rest each day's.
#[derive(Debug, Clone)]
pub struct Month<'a> {
    /// Its first day.
    pub first: NaiveDate,
    /// The readings that count.
    pub readings: Vec<&'a Reading>,
    /// What forms are called, by code.
    pub forms: &'a [(String, String)],
}

impl Month<'_> {
    /// What stands above it.
    pub fn title(&self) -> String {
        format!("企业微信使用情况简报（{}年{}月）", self.first.year(), self.first.month())
    }

    /// The whole of it, in the page's order.
    pub fn sections(&self) -> Vec<Section> {
        Group::ALL
            .into_iter()
            .map(|group| {
                let mut lines = self.lines(group);
                if lines.is_empty() {
                    lines.push(Sentence {
                        text: "本月没有数据。".into(), sources: Vec::new(), as_of: None
                    });
                }
                Section { group, lines }
            })
            .collect()
    }

    fn lines(&self, group: Group) -> Vec<Sentence> {
        match group {
            Group::Registration => self.registration(),
            Group::Activity => self.flow(Metric::ActiveMembers, "日活跃成员", "人").into_iter().collect(),
            Group::Own => self.own(),
            Group::Meetings => self.meetings(),
            Group::Living => self.living(),
            Group::Drive => self.drive(),
            Group::Contacts => self.contacts(),
            Group::Logs => [
                self.sum(Metric::MemberOperations, "成员操作记录", "条"),
                self.sum(Metric::AdminOperations, "管理端操作日志", "条"),
            ]
            .into_iter()
            .flatten()
            .collect(),
        }
    }

    fn of(&self, metric: Metric) -> impl Iterator<Item = &Reading> {
        self.readings.iter().copied().filter(move |reading| reading.metric == metric)
    }

    /// The newest of a standing.
    fn standing(&self, metric: Metric) -> Option<&Reading> {
        self.of(metric).max_by_key(|reading| reading.day)
    }

    fn registration(&self) -> Vec<Sentence> {
        let people = |who: &str, rostered: Metric, activated: Metric| {
            let (rostered, activated) = (self.standing(rostered)?, self.standing(activated)?);
            let share = rate(activated.value, rostered.value)?;
            let text = format!(
                "截至{}，{who}在册{}人，已激活{}人，激活率{share:.2}%。",
                day(activated.day),
                rostered.value,
                activated.value
            );
            Some(said(text, &[rostered, activated]))
        };
        let seats = || {
            let (used, limit) = (self.standing(Metric::SeatsUsed)?, self.standing(Metric::SeatsLimit)?);
            let text = format!(
                "企业微信账号席位{}个，已用{}个，剩余{}个。",
                limit.value,
                used.value,
                (limit.value - used.value).max(0)
            );
            Some(said(text, &[used, limit]))
        };
        [
            people("学生", Metric::StudentsEnrolled, Metric::StudentsActivated),
            people("教职工", Metric::StaffRostered, Metric::StaffActivated),
            seats(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn own(&self) -> Vec<Sentence> {
        let mut lines: Vec<_> = self.flow(Metric::Visitors, "使用点名", "人").into_iter().collect();
        for (code, title) in self.forms {
            lines.extend(self.report_rate(code, title));
        }
        lines.extend(self.flow(Metric::PortalPasses, "经省平台入口填报", "人次"));
        lines
    }

    /// The rate of a month is of all that was asked; the lowest is a day's.
    fn report_rate(&self, code: &str, title: &str) -> Option<Sentence> {
        let of_form = |metric| self.of(metric).filter(|reading| reading.part == code);
        let mut days: Vec<(NaiveDate, i64, i64)> = Vec::new();
        let mut rests_on: Vec<&Reading> = Vec::new();
        for expected in of_form(Metric::ReportsExpected).filter(|expected| expected.value > 0) {
            if let Some(received) = of_form(Metric::ReportsReceived).find(|one| one.day == expected.day) {
                days.push((expected.day, received.value, expected.value));
                rests_on.extend([expected, received]);
            }
        }
        let (received, expected) =
            days.iter().fold((0, 0), |sum, (_, received, expected)| (sum.0 + received, sum.1 + expected));
        let whole = rate(received, expected)?;
        // Compared as fractions, so that no rounding decides.
        let lowest = days
            .iter()
            .min_by(|a, b| (i128::from(a.1) * i128::from(b.2)).cmp(&(i128::from(b.1) * i128::from(a.2))))?;
        let text = format!(
            "{title}：{}天共应报{expected}人次，已报{received}人次，上报率{whole:.2}%；最低为{}的{:.2}%（{}/{}）。",
            days.len(),
            day(lowest.0),
            rate(lowest.1, lowest.2)?,
            lowest.1,
            lowest.2
        );
        Some(said(text, &rests_on))
    }

    fn meetings(&self) -> Vec<Sentence> {
        let started: Vec<_> = self.of(Metric::MeetingsStarted).collect();
        let attended = |on: NaiveDate| self.of(Metric::MeetingAttendees).find(|one| one.day == on);
        let mut lines = Vec::new();
        if let (Some(most), Some(least)) = (most(&started), least(&started)) {
            let mut rests_on = started.clone();
            let mut at = |reading: &'_ Reading| match attended(reading.day) {
                Some(attendees) => {
                    rests_on.push(attendees);
                    format!("{}场、{}人次参会（{}）", reading.value, attendees.value, day(reading.day))
                }
                None => format!("{}场（{}）", reading.value, day(reading.day)),
            };
            let text =
                format!("本月共发起会议{}场；单日最多{}，最少{}。", total(&started), at(most), at(least));
            lines.push(said(text, &rests_on));
        }
        if self.of(Metric::MeetingAttendees).next().is_some() {
            lines.extend(self.flow(Metric::MeetingAttendees, "参会", "人次"));
        } else {
            let text = "参会人次：企业微信不提供全校数据的接口，可从管理后台登记。".into();
            lines.push(Sentence { text, sources: Vec::new(), as_of: None });
        }
        lines
    }

    fn living(&self) -> Vec<Sentence> {
        let held = || {
            let held: Vec<_> = self.of(Metric::LivingsHeld).collect();
            let viewers: Vec<_> = self.of(Metric::LivingViewers).collect();
            let all: Vec<_> = held.iter().chain(&viewers).copied().collect();
            (!held.is_empty()).then(|| {
                let text = format!("由点名预约的直播{}场，观看{}人次。", total(&held), total(&viewers));
                said(text, &all)
            })
        };
        let asked = || {
            let taught: Vec<_> = self.of(Metric::LivingTeachers).collect();
            let most = most(&taught)?;
            let answers: Vec<_> = self.of(Metric::LivingAnswers).collect();
            let of_week = answers.iter().find(|one| one.day == most.day).map_or(0, |one| one.value);
            let text = format!(
                "直播教学问卷{}周；{}起的一周填报{of_week}人，其中{}人上过直播课，为各周最多。",
                taught.len(),
                day(most.day),
                most.value
            );
            Some(said(text, &taught.iter().chain(&answers).copied().collect::<Vec<_>>()))
        };
        [held(), asked()].into_iter().flatten().collect()
    }

    fn drive(&self) -> Vec<Sentence> {
        let mut lines = Vec::new();
        let words = |reading: &Reading| reading.metric.unit().words(reading.value);
        match (self.standing(Metric::DriveCapacity), self.standing(Metric::DriveUsed)) {
            (Some(capacity), Some(used)) => {
                let share = rate(used.value, capacity.value).unwrap_or_default();
                let text = format!("微盘容量{}，已用{}（{share:.2}%）。", words(capacity), words(used));
                lines.push(said(text, &[capacity, used]));
            }
            (Some(capacity), None) => {
                lines.push(said(format!("微盘容量{}。", words(capacity)), &[capacity]));
            }
            (None, Some(used)) => lines.push(said(format!("微盘已用{}。", words(used)), &[used])),
            (None, None) => {}
        }
        lines.extend(self.flow(Metric::DriveUses, "使用微盘", "人次"));
        let mut prices: Vec<_> = self.of(Metric::DrivePrice).collect();
        // Of each size the newest.
        prices.sort_by(|a, b| a.part.cmp(&b.part).then(b.day.cmp(&a.day)));
        prices.dedup_by(|older, newest| older.part == newest.part);
        prices.sort_by_key(|reading| reading.value);
        if !prices.is_empty() {
            let each: Vec<_> =
                prices.iter().map(|price| format!("{}每年{}", price.part, words(price))).collect();
            lines.push(said(format!("扩容价格：{}。", each.join("，")), &prices));
        }
        lines
    }

    fn contacts(&self) -> Vec<Sentence> {
        [
            self.sum(Metric::ContactsAdded, "添加外部联系人", "条"),
            self.sum(Metric::ContactsRemoved, "删除外部联系人", "条"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn sum(&self, metric: Metric, what: &str, unit: &str) -> Option<Sentence> {
        let days: Vec<_> = self.of(metric).collect();
        (!days.is_empty()).then(|| said(format!("{what}{}{unit}。", total(&days)), &days))
    }

    /// What a day has, on average, at most and at least.
    fn flow(&self, metric: Metric, what: &str, unit: &str) -> Option<Sentence> {
        let days: Vec<_> = self.of(metric).collect();
        let (most, least) = (most(&days)?, least(&days)?);
        let count = i64::try_from(days.len()).ok()?;
        let text = format!(
            "{what}：有记录的{count}天日均{}{unit}，最多{}{unit}（{}），最少{}{unit}（{}）。",
            (total(&days) + count / 2) / count,
            most.value,
            day(most.day),
            least.value,
            day(least.day)
        );
        Some(said(text, &days))
    }
}

/// The first day that has the most.
fn most<'a>(days: &[&'a Reading]) -> Option<&'a Reading> {
    days.iter().copied().min_by_key(|reading| (std::cmp::Reverse(reading.value), reading.day))
}

/// The first day that has the least.
fn least<'a>(days: &[&'a Reading]) -> Option<&'a Reading> {
    days.iter().copied().min_by_key(|reading| (reading.value, reading.day))
}

fn total(days: &[&Reading]) -> i64 {
    days.iter().map(|reading| reading.value).sum()
}

/// `3月4日`
fn day(day: NaiveDate) -> String {
    format!("{}月{}日", day.month(), day.day())
}

fn said(text: String, rests_on: &[&Reading]) -> Sentence {
    let mut sources: Vec<_> = rests_on.iter().map(|reading| reading.source).collect();
    sources.sort_unstable();
    sources.dedup();
    Sentence { text, sources, as_of: rests_on.iter().map(|reading| reading.as_of).max() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn reading(metric: Metric, part: &str, on: &str, source: Source, value: i64) -> Reading {
        Reading {
            metric,
            part: part.into(),
            day: on.parse().unwrap(),
            source,
            value,
            as_of: Utc.with_ymd_and_hms(2020, 3, 5, 0, 0, 0).unwrap(),
            note: None,
        }
    }

    fn lines(readings: &[Reading], group: Group) -> Vec<Sentence> {
        let forms = [("health-daily".to_owned(), "学生健康日报".to_owned())];
        let first = "2020-03-01".parse().unwrap();
        let month = Month { first, readings: readings.iter().collect(), forms: &forms };
        assert_eq!(month.title(), "企业微信使用情况简报（2020年3月）");
        let sections = month.sections();
        sections.into_iter().find(|section| section.group == group).unwrap().lines
    }

    #[test]
    fn the_figures_of_the_reference_school_read_as_its_information_centre_wrote_them() {
        use Metric::{
            DriveCapacity, DriveUsed, DriveUses, MeetingAttendees, MeetingsStarted, ReportsExpected,
            ReportsReceived, SeatsLimit, SeatsUsed, StaffActivated, StaffRostered,
        };
        let (api, own, console) = (Source::Api, Source::Own, Source::Console);
        let readings = [
            reading(StaffRostered, "", "2020-03-04", own, 1156),
            reading(StaffActivated, "", "2020-03-04", own, 1060),
            reading(SeatsUsed, "", "2020-03-04", own, 16_450),
            reading(SeatsLimit, "", "2020-03-04", own, 50_000),
            reading(MeetingsStarted, "", "2020-03-02", api, 400),
            reading(MeetingAttendees, "", "2020-03-02", console, 48_881),
            reading(MeetingsStarted, "", "2020-03-03", api, 101),
            reading(MeetingAttendees, "", "2020-03-03", console, 726),
            reading(DriveCapacity, "", "2020-03-04", api, 100 << 30),
            reading(DriveUsed, "", "2020-03-04", console, 30 << 30),
            reading(DriveUses, "", "2020-03-04", console, 1555),
            reading(ReportsExpected, "health-daily", "2020-03-04", own, 15_380),
            reading(ReportsReceived, "health-daily", "2020-03-04", own, 15_343),
        ];
        let text = |group| lines(&readings, group).into_iter().map(|line| line.text).collect::<Vec<_>>();
        assert_eq!(
            text(Group::Registration),
            [
                "截至3月4日，教职工在册1156人，已激活1060人，激活率91.70%。",
                "企业微信账号席位50000个，已用16450个，剩余33550个。",
            ]
        );
        let meetings = lines(&readings, Group::Meetings);
        assert_eq!(
            meetings[0].text,
            "本月共发起会议501场；单日最多400场、48881人次参会（3月2日），最少101场、726人次参会（3月3日）。"
        );
        assert_eq!(meetings[0].sources, [api, console]);
        assert_eq!(text(Group::Drive)[0], "微盘容量100GB，已用30GB（30.00%）。");
        assert!(text(Group::Drive)[1].contains("最多1555人次（3月4日）"));
        assert_eq!(
            text(Group::Own),
            [
                "学生健康日报：1天共应报15380人次，已报15343人次，上报率99.76%；最低为3月4日的99.76%（15343/15380）。"
            ]
        );
    }

    #[test]
    fn what_is_not_known_is_said_to_be_unknown() {
        let nothing = lines(&[], Group::Activity);
        assert_eq!((nothing[0].text.as_str(), nothing[0].sources.len()), ("本月没有数据。", 0));
        let readings = [reading(Metric::MeetingsStarted, "", "2020-03-02", Source::Api, 7)];
        let meetings = lines(&readings, Group::Meetings);
        assert_eq!(meetings[0].text, "本月共发起会议7场；单日最多7场（3月2日），最少7场（3月2日）。");
        assert!(meetings[1].text.contains("企业微信不提供全校数据的接口"), "{meetings:?}");
        assert!(meetings[1].sources.is_empty());
    }
}
