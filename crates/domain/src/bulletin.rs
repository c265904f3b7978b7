//! 一键通报: the figures of a form as a sentence that can be sent on as it is. No names in it.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime};

use crate::{
    form::{Cadence, Form},
    statistics::{Counts, rate},
};

/// What a bulletin is about. Times are the school's wall clock.
#[derive(Debug, Clone, Copy)]
pub struct Bulletin<'a> {
    /// The form.
    pub form: &'a Form,
    /// What its slot is called, where there are several.
    pub slot: Option<&'a str>,
    /// The part of the school; none: all of what the viewer may see.
    pub unit: Option<&'a str>,
    /// The day of the figures.
    pub day: NaiveDate,
    /// When they were read.
    pub as_of: NaiveDateTime,
    /// The hour the day's figures are read.
    pub cutoff: NaiveDateTime,
    /// The figures.
    pub counts: Counts,
}

impl Bulletin<'_> {
    /// What stands above the sentence: the form, and the day and slot it is about.
    pub fn title(&self) -> String {
        let Self { form, slot, day, .. } = self;
        let slot = slot.map(|slot| format!("·{slot}")).unwrap_or_default();
        match form.cadence {
            Cadence::Daily { .. } => format!("{}（{}{slot}）", form.title, date(*day)),
            Cadence::Weekly { .. } => {
                let monday = *day - Days::new(u64::from(day.weekday().num_days_from_monday()));
                format!("{}（{}起一周）", form.title, date(monday))
            }
            Cadence::Once | Cadence::Event => form.title.clone(),
        }
    }

    /// The sentence.
    pub fn sentence(&self) -> String {
        let Counts { expected, reported, abnormal, late } = self.counts;
        let unit = self.unit.unwrap_or_default();
        let when = self.when();
        if matches!(self.form.cadence, Cadence::Event) {
            return format!("{when}，{unit}已有{reported}人填报。");
        }
        let Some(rate) = rate(reported, expected) else {
            return format!("{when}，{unit}没有应报人员。");
        };
        let mut sentence = format!(
            "{when}，{unit}应报{expected}人，已报{reported}人，未报{}人，上报率{rate:.2}%",
            expected - reported
        );
        if late > 0 {
            sentence += &format!("，其中迟报{late}人");
        }
        if let Some(words) = abnormal_words(self.form) {
            sentence += &format!("；{words}{abnormal}人");
        }
        sentence + "。"
    }

    /// Up to when the figures count, and whether the cut-off has passed by then.
    fn when(&self) -> String {
        let as_of = moment(self.as_of, None);
        let dated = matches!(self.form.cadence, Cadence::Daily { .. } | Cadence::Weekly { .. });
        if self.as_of < self.cutoff {
            return format!("截至{as_of}");
        }
        let cutoff = moment(self.cutoff, dated.then(|| self.as_of.date()));
        format!("截至{as_of}（已过{cutoff}的截止时间）")
    }
}

/// `3月4日`
fn date(day: NaiveDate) -> String {
    format!("{}月{}日", day.month(), day.day())
}

/// `3月4日10:00`, or `10:00` on the day that is known. The midnight that ends a day is its 24:00.
fn moment(at: NaiveDateTime, known: Option<NaiveDate>) -> String {
    let (day, time) = match (at.time() == NaiveTime::MIN, at.date().pred_opt()) {
        (true, Some(before)) => (before, "24:00".to_owned()),
        _ => (at.date(), at.format("%H:%M").to_string()),
    };
    if known == Some(day) { time } else { format!("{}{time}", date(day)) }
}

/// What an abnormal answer is called after: the measured question of those that make one, or the first. None: no answer is
/// abnormal.
fn abnormal_words(form: &Form) -> Option<String> {
    let fields = || form.abnormal.iter().filter_map(|condition| form.field(&condition.field));
    let named = fields().find(|field| field.kind.is_measured()).or_else(|| fields().next())?;
    let several = fields().any(|field| field.name != named.name);
    Some(format!("{}{}异常", named.title, if several { "等" } else { "" }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(file: &str) -> Form {
        let path = format!("{}/../../fixtures/forms/{file}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn at(text: &str) -> NaiveDateTime {
        text.parse().unwrap()
    }

    const COUNTS: Counts = Counts { expected: 15_380, reported: 15_343, abnormal: 0, late: 0 };

    fn bulletin(form: &Form) -> Bulletin<'_> {
        Bulletin {
            form,
            slot: None,
            unit: None,
            day: "2020-03-04".parse().unwrap(),
            as_of: at("2020-03-04T10:00:00"),
            cutoff: at("2020-03-04T20:00:00"),
            counts: COUNTS,
        }
    }

    #[test]
    fn a_day_under_way_reads_as_a_school_writes_it() {
        let daily = form("health-daily");
        let bulletin = bulletin(&daily);
        assert_eq!(
            bulletin.sentence(),
            "截至3月4日10:00，应报15380人，已报15343人，未报37人，上报率99.76%；体温等异常0人。"
        );
        assert_eq!(bulletin.title(), "健康日报（3月4日）");
        let noon = Bulletin { slot: Some("午检"), unit: Some("信息学院"), ..bulletin };
        assert!(noon.sentence().starts_with("截至3月4日10:00，信息学院应报15380人"), "{}", noon.sentence());
        assert_eq!(noon.title(), "健康日报（3月4日·午检）");
    }

    #[test]
    fn it_says_that_the_cut_off_has_passed_and_who_was_late() {
        let daily = form("health-daily");
        let late = Counts { late: 12, abnormal: 2, ..COUNTS };
        let evening = Bulletin { as_of: at("2020-03-04T20:00:00"), counts: late, ..bulletin(&daily) };
        assert_eq!(
            evening.sentence(),
            "截至3月4日20:00（已过20:00的截止时间），应报15380人，已报15343人，未报37人，上报率99.76%，其中迟报12人；体温等异常2人。"
        );
        let next_day = Bulletin { as_of: at("2020-03-05T08:05:00"), ..bulletin(&daily) };
        assert!(
            next_day.sentence().starts_with("截至3月5日08:05（已过3月4日20:00的截止时间），"),
            "{}",
            next_day.sentence()
        );
        let midnight = Bulletin { cutoff: at("2020-03-05T00:00:00"), ..next_day };
        assert!(midnight.sentence().contains("（已过3月4日24:00的截止时间）"), "{}", midnight.sentence());
    }

    #[test]
    fn forms_without_a_day_or_without_abnormal_answers_have_their_own_words() {
        let once = form("basic-info");
        let counts = Counts { expected: 15_380, reported: 14_365, abnormal: 0, late: 0 };
        let completion = Bulletin { cutoff: at("2021-03-05T00:00:00"), counts, ..bulletin(&once) };
        assert_eq!(
            completion.sentence(),
            "截至3月4日10:00，应报15380人，已报14365人，未报1015人，上报率93.40%。"
        );
        assert_eq!(completion.title(), "基本信息");
        let event = form("trips");
        assert_eq!(bulletin(&event).sentence(), "截至3月4日10:00，已有15343人填报。");
        let nobody = Bulletin { counts: Counts::default(), ..completion };
        assert_eq!(nobody.sentence(), "截至3月4日10:00，没有应报人员。");
        let weekly = form("live-teaching");
        assert_eq!(bulletin(&weekly).title(), "直播教学问卷（3月2日起一周）");
    }
}
