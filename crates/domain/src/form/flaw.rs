//! Whether a form can be published: what its types can't say.

use super::{Cadence, CarryOver, Condition, Field, FieldKind, Form};
use crate::region;

/// Questions of one form at most.
const FIELDS: usize = 100;

/// Something that keeps a form from being published, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("表单 {form} 的 {field}：{problem}")]
pub struct Flaw {
    /// The form's code.
    pub form: String,
    /// The question's name, or the part of the form: `title`, `cadence`, `audience` …
    pub field: String,
    /// What is wrong and what to do, in Chinese.
    pub problem: &'static str,
}

impl Form {
    /// Everything that keeps the form from being published, each question's first flaw; none: it can be.
    pub fn check(&self) -> Result<(), Vec<Flaw>> {
        let mut flaws = Vec::new();
        let mut flaw = |field: &str, problem| {
            if !flaws.iter().any(|known: &Flaw| known.field == field) {
                flaws.push(Flaw { form: self.code.clone(), field: field.to_owned(), problem });
            }
        };
        self.check_head(&mut flaw);
        for (index, field) in self.fields.iter().enumerate() {
            let (before, _) = self.fields.split_at(index);
            self.check_field(field, before, &mut flaw);
        }
        for condition in self.abnormal.iter().chain(self.checks.iter().flat_map(|check| &check.when)) {
            match (self.field(&condition.field), wrong_condition(condition)) {
                (None, _) => flaw(&condition.field, "异常或核查条件引用了不存在的问题"),
                (_, Some(problem)) => flaw(&condition.field, problem),
                _ => {}
            }
        }
        if self.checks.iter().any(|check| check.when.is_empty() || check.title.trim().is_empty()) {
            flaw("checks", "每条核查要有说明和至少一个条件");
        }
        self.check_statistics(&mut flaw);
        self.check_trip(&mut flaw);
        if let Some(problem) = self.wrong_quick() {
            flaw("quick", problem);
        }
        if flaws.is_empty() { Ok(()) } else { Err(flaws) }
    }

    fn check_head(&self, flaw: &mut impl FnMut(&str, &'static str)) {
        let is_code = |code: &str| {
            (1..=64).contains(&code.len())
                && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        let fits = |text: &str, most: usize| (1..=most).contains(&text.trim().chars().count());
        if !is_code(&self.code) {
            flaw("code", "代号用小写字母、数字和连字符，不超过 64 个字符，例如 health-daily");
        }
        if !fits(&self.title, 30) {
            flaw("title", "请填写标题，不超过 30 字");
        }
        if !fits(&self.purpose, 200) {
            flaw("purpose", "请写明为什么收集，不超过 200 字");
        }
        if !fits(&self.legal_basis, 200) {
            flaw("legal_basis", "请写明收集的依据（法律条款或学校规定），不超过 200 字");
        }
        if self.audience.kinds.is_empty() {
            flaw("audience", "请选择由谁填写：学生、教职工或两者");
        }
        if self.audience.departments.as_ref().is_some_and(Vec::is_empty) {
            flaw("audience", "请至少选择一个部门，或选择全校");
        }
        if self.fields.is_empty() || self.fields.len() > FIELDS {
            flaw("fields", "一张表单要有 1 到 100 个问题");
        }
        match &self.cadence {
            Cadence::Daily { slots } => {
                if slots.is_empty() || slots.len() > 12 {
                    flaw("cadence", "每天要有 1 到 12 个时段");
                }
                if slots.iter().any(|slot| !(slot.opens < slot.cutoff && slot.cutoff <= slot.closes)) {
                    flaw("cadence", "每个时段的时间应为：开始 < 截止 ≤ 关闭");
                }
                if slots.windows(2).any(|pair| matches!(pair, [one, next] if next.opens < one.opens)) {
                    flaw("cadence", "时段请按开始时间排列");
                }
                if slots.len() > 1
                    && slots.iter().any(|slot| slot.title.as_deref().is_none_or(|title| !fits(title, 10)))
                {
                    flaw("cadence", "有多个时段时，每个时段要有名称，例如 晨检");
                }
            }
            Cadence::Weekly { opens, closes, cutoff } => {
                if ![opens, closes, cutoff].iter().all(|time| (1..=7).contains(&time.weekday)) {
                    flaw("cadence", "星期请用 1（周一）到 7（周日）");
                }
                if !(opens < cutoff && cutoff <= closes) {
                    flaw("cadence", "时间应为：开始 < 截止 ≤ 关闭");
                }
            }
            Cadence::Once | Cadence::Event => {}
        }
    }

    fn check_field(&self, field: &Field, before: &[Field], flaw: &mut impl FnMut(&str, &'static str)) {
        let name = field.name.as_str();
        let is_name = (1..=40).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if !is_name {
            flaw(name, "问题的代号用小写字母、数字和下划线，不超过 40 个字符");
        }
        if before.iter().any(|other| other.name == field.name) {
            flaw(name, "问题的代号重复");
        }
        if !(1..=60).contains(&field.title.trim().chars().count()) {
            flaw(name, "请填写问题，不超过 60 字");
        }
        if let Some(condition) = &field.show_if {
            if !before.iter().any(|other| other.name == condition.field) {
                flaw(name, "显示条件只能引用前面的问题");
            }
            if let Some(problem) = wrong_condition(condition) {
                flaw(name, problem);
            }
        }
        if field.kind.is_measured() && field.carry_over == CarryOver::Prefill {
            flaw(name, "数值、照片和位置每次都要重新填写，不能沿用上次的");
        }
        match &field.kind {
            FieldKind::Number { minimum, maximum, decimals, .. }
                if !(minimum.is_finite() && maximum.is_finite() && minimum < maximum) || *decimals > 6 =>
            {
                flaw(name, "最小值要小于最大值，小数不超过 6 位");
            }
            FieldKind::Choice { choices } | FieldKind::Choices { choices } => {
                let repeated =
                    |index: usize, value: &str| choices.iter().take(index).any(|other| other.value == value);
                if choices.len() < 2 || choices.len() > 200 {
                    flaw(name, "选项要有 2 到 200 个");
                }
                if choices.iter().enumerate().any(|(index, choice)| {
                    choice.value.trim().is_empty()
                        || choice.title.trim().is_empty()
                        || repeated(index, &choice.value)
                }) {
                    flaw(name, "选项不能为空，也不能重复");
                }
                if choices
                    .iter()
                    .filter_map(|choice| choice.region.as_deref())
                    .any(|prefix| !is_prefix(prefix))
                {
                    flaw(name, "选项的地区请用行政区划代码的前 2、4 或 6 位");
                }
            }
            FieldKind::Text { max_length } if !(1..=2000).contains(max_length) => {
                flaw(name, "字数上限为 1 到 2000")
            }
            FieldKind::Photos { at_most } if !(1..=9).contains(at_most) => flaw(name, "照片上限为 1 到 9 张"),
            FieldKind::Date { not_before: Some(other), .. }
                if !before
                    .iter()
                    .any(|field| field.name == *other && matches!(field.kind, FieldKind::Date { .. })) =>
            {
                flaw(name, "“不早于”只能引用前面的日期");
            }
            _ => {}
        }
    }

    fn check_statistics(&self, flaw: &mut impl FnMut(&str, &'static str)) {
        for statistic in &self.statistics {
            let Some(field) = self.field(&statistic.field).filter(|field| !field.sensitive) else {
                flaw(&statistic.field, "统计的问题必须存在，且不能是敏感问题");
                continue;
            };
            let counts_by_itself =
                matches!(field.kind, FieldKind::Choice { .. } | FieldKind::Boolean | FieldKind::Region);
            if statistic.categories.is_empty() && !counts_by_itself {
                flaw(&field.name, "只有单选、是否和地区可以直接统计；其他问题请给出分类");
            }
            let wrong = |category: &super::Category| {
                category.title.trim().is_empty()
                    || category.when.field != statistic.field
                    || category.when.is_empty()
                    || wrong_condition(&category.when).is_some()
            };
            if statistic.categories.iter().any(wrong) {
                flaw(&field.name, "每个统计分类要有名称，和一个针对本问题的条件");
            }
        }
    }

    fn check_trip(&self, flaw: &mut impl FnMut(&str, &'static str)) {
        let is = |name: &str, fits: fn(&FieldKind) -> bool| {
            self.field(name).is_some_and(|field| fits(&field.kind))
        };
        type Fits = fn(&FieldKind) -> bool;
        let date: Fits = |kind| matches!(kind, FieldKind::Date { .. });
        let region: Fits = |kind| matches!(kind, FieldKind::Region);
        if let Some(trip) = &self.trip
            && !(is(&trip.left_on, date)
                && trip.returned_on.as_ref().is_none_or(|name| is(name, date))
                && is(&trip.place, region)
                && trip
                    .transport
                    .as_ref()
                    .is_none_or(|name| is(name, |kind| matches!(kind, FieldKind::Choice { .. }))))
        {
            flaw("trip", "行程需要：离开日期、返回日期（日期）、目的地（地区）、交通方式（单选）");
        }
        if let Some(place) = &self.place
            && !is(place, |kind| matches!(kind, FieldKind::Choice { .. } | FieldKind::Region))
        {
            flaw("place", "所在地必须是单选或地区");
        }
    }
}

fn wrong_condition(condition: &Condition) -> Option<&'static str> {
    let prefixes = || condition.within.iter().chain(&condition.outside);
    if prefixes().any(Vec::is_empty) || prefixes().flatten().any(|prefix| !is_prefix(prefix)) {
        return Some("条件里的地区请用行政区划代码的前 2、4 或 6 位");
    }
    condition.is_empty().then_some("条件里请写明要等于什么、在什么范围或在哪些地区")
}

/// The first two, four or six digits of a region's code.
fn is_prefix(prefix: &str) -> bool {
    matches!(prefix.len(), 2 | 4 | 6) && region::name(&format!("{prefix:0<6}")).is_some()
}
