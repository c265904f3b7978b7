//! 导出: what a sheet holds, in which columns and which order. Whoever asks for one describes it as a [`Definition`].

mod builtin;
mod column;
mod layout;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

pub use builtin::{BUILT_IN, BuiltIn};
pub use column::Column;
pub use layout::{Chosen, DateStyle, MAX_WORDS};

use crate::{DepartmentId, form::answers::FieldError, gate::Direction, portal::Which};

/// Columns of a sheet at most.
pub const MAX_COLUMNS: usize = 40;
/// Characters of a heading at most.
pub const MAX_TITLE: usize = 40;
/// Characters of a template's name at most. Excel allows a sheet 31.
pub const MAX_NAME: usize = 30;
/// Characters of a purpose at most.
pub const MAX_PURPOSE: usize = 100;

/// What the rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dataset {
    /// 人员名册: everybody on the roster today.
    People,
    /// 未激活: those of them who do not use WeCom, and why.
    Registration,
    /// 班级: figures of classes, nobody but their counsellors by name.
    Classes,
    /// 免报
    Exemptions,
    /// 上报统计: figures of a form on a day, by department.
    ReportTable,
    /// 分类统计: those who have reported, by department, question and category.
    ReportCategories,
    /// Figures of a form over a span of days, by day and department.
    ReportSpan,
    /// The people behind a figure.
    ReportPeople,
    /// 行程
    Trips,
    /// 部门人员流动日报
    Movements,
    /// 进出查询表: who passed the gates.
    Passages,
    /// 进出统计表: how many did, by college, class or day.
    PassageTable,
    /// 未归: who has not come back.
    Outsiders,
    /// 成员使用记录, by our own visits.
    Usage,
    /// … as the console's newest export has it.
    UsageConsole,
    /// 入口核对: who has reported here and in another authority's system.
    Portal,
    /// 填报内容: what people answered, a column a question.
    ReportAnswers,
}

impl Dataset {
    /// All.
    pub const ALL: [Self; 17] = [
        Self::People,
        Self::Registration,
        Self::Classes,
        Self::Exemptions,
        Self::ReportTable,
        Self::ReportCategories,
        Self::ReportSpan,
        Self::ReportPeople,
        Self::Trips,
        Self::Movements,
        Self::Passages,
        Self::PassageTable,
        Self::Outsiders,
        Self::Usage,
        Self::UsageConsole,
        Self::Portal,
        Self::ReportAnswers,
    ];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Registration => "registration",
            Self::Classes => "classes",
            Self::Exemptions => "exemptions",
            Self::ReportTable => "report_table",
            Self::ReportCategories => "report_categories",
            Self::ReportSpan => "report_span",
            Self::ReportPeople => "report_people",
            Self::Trips => "trips",
            Self::Movements => "movements",
            Self::Passages => "passages",
            Self::PassageTable => "passage_table",
            Self::Outsiders => "outsiders",
            Self::Usage => "usage",
            Self::UsageConsole => "usage_console",
            Self::Portal => "portal",
            Self::ReportAnswers => "report_answers",
        }
    }

    /// Whether there are templates of it. The others are exported from the page that shows them, as it shows them.
    pub fn has_templates(self) -> bool {
        matches!(
            self,
            Self::People | Self::Registration | Self::Classes | Self::Exemptions | Self::ReportAnswers
        )
    }

    /// Whether its rows name people, each of whom is told of it; the others are figures.
    pub fn names_people(self) -> bool {
        matches!(
            self,
            Self::People
                | Self::Registration
                | Self::Exemptions
                | Self::ReportPeople
                | Self::Trips
                | Self::Passages
                | Self::Outsiders
                | Self::Usage
                | Self::UsageConsole
                | Self::Portal
                | Self::ReportAnswers
        )
    }

    /// Whether its rows are of one form.
    fn is_of_a_form(self) -> bool {
        matches!(
            self,
            Self::ReportTable
                | Self::ReportCategories
                | Self::ReportSpan
                | Self::ReportPeople
                | Self::ReportAnswers
        )
    }

    /// The dataset of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dataset| dataset.as_str() == name)
    }

    /// The columns it has, in the order they are offered.
    pub fn columns(self) -> &'static [Column] {
        column::of(self)
    }

    /// The orders its rows can have, the usual one first.
    pub fn orders(self) -> &'static [Order] {
        match self {
            Self::Classes => &[Order::Place],
            Self::ReportAnswers => &[Order::Number],
            dataset if !dataset.has_templates() => &[Order::Listed],
            _ => &[Order::Number, Order::Place, Order::Name],
        }
    }

    /// By what its rows can be picked.
    pub fn filters(self) -> &'static [Filter] {
        use Filter::{
            Activation, At, By, Category, Client, Day, Department, Direction, Entry, Field, Form, From, Gate,
            Kind, Open, Outcome, Outside, Past, Since, Slot, StaffKind, State, To, Visitors, Within, Year,
            Zone,
        };
        match self {
            Self::People => &[Kind, StaffKind, Department, Year, Activation],
            Self::Registration => &[Kind, StaffKind, Department, Year],
            Self::Classes => &[Department],
            Self::Exemptions => &[Kind, Department, Year, Past],
            Self::ReportTable | Self::ReportCategories => &[Form, Day, Slot, Department, By],
            Self::ReportSpan => &[Form, From, To, Slot, Department, By],
            Self::ReportPeople => &[Form, Day, Slot, Department, State, Field, Category],
            Self::Trips => &[Day, Department, Open, Outside, Within, Since],
            Self::Movements => &[Day, Department],
            Self::Passages => &[From, To, Gate, Direction, Outcome, Visitors, Department],
            Self::PassageTable => &[From, To, Department, By],
            Self::Outsiders => &[Zone, At, Department],
            Self::Usage => &[State, Client, Since, Department],
            Self::UsageConsole => &[State, Client, Since],
            Self::Portal => &[Entry, Day, Department, State],
            Self::ReportAnswers => &[Form, Day, Slot, Department, State],
        }
    }
}

/// In which order rows stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By student or staff number.
    Number,
    /// By college, grade and class or department, then by number.
    Place,
    /// By name, then by number.
    Name,
    /// As the page that shows them has them.
    Listed,
}

impl Order {
    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Place => "place",
            Self::Name => "name",
            Self::Listed => "listed",
        }
    }

    /// The order of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Number, Self::Place, Self::Name, Self::Listed].into_iter().find(|order| order.as_str() == name)
    }
}

/// By what rows are picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Students or staff.
    Kind,
    /// 人员性质
    StaffKind,
    /// Under a college, class or office.
    Department,
    /// Year of entry.
    Year,
    /// Activated or not.
    Activation,
    /// Those that are over or revoked too.
    Past,
    /// Of this form.
    Form,
    /// On this day.
    Day,
    /// Of this slot of the day.
    Slot,
    /// By what figures are grouped.
    By,
    /// Which of those expected.
    State,
    /// A counted field …
    Field,
    /// … and the category an answer to it fell into.
    Category,
    /// From this day …
    From,
    /// … to this one.
    To,
    /// Trips under way.
    Open,
    /// Trips out of a region.
    Outside,
    /// Trips into a region.
    Within,
    /// Trips begun since a day; of use, not used since.
    Since,
    /// On what it was used last.
    Client,
    /// Of this entry.
    Entry,
    /// At this gate.
    Gate,
    /// In or out.
    Direction,
    /// What became of a scan.
    Outcome,
    /// Of visitors.
    Visitors,
    /// Of this zone.
    Zone,
    /// As it was at this moment.
    At,
}

impl Filter {
    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::StaffKind => "staff_kind",
            Self::Department => "department",
            Self::Year => "year",
            Self::Activation => "activation",
            Self::Past => "past",
            Self::Form => "form",
            Self::Day => "day",
            Self::Slot => "slot",
            Self::By => "by",
            Self::State => "state",
            Self::Field => "field",
            Self::Category => "category",
            Self::From => "from",
            Self::To => "to",
            Self::Open => "open",
            Self::Outside => "outside",
            Self::Within => "within",
            Self::Since => "since",
            Self::Client => "client",
            Self::Entry => "entry",
            Self::Gate => "gate",
            Self::Direction => "direction",
            Self::Outcome => "outcome",
            Self::Visitors => "visitors",
            Self::Zone => "zone",
            Self::At => "at",
        }
    }
}

/// Kinds of staff, as the roster has them.
pub const STAFF_KINDS: [&str; 4] = ["在编", "合同制", "临时", "合作办学"];
/// How far somebody's registration may be.
pub const ACTIVATIONS: [&str; 3] = ["activated", "not_activated", "no_account"];

/// Which rows. What is left out picks nothing away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filters {
    /// `student` or `staff`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// One of [`STAFF_KINDS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff_kind: Option<String>,
    /// Only those under this department.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<DepartmentId>,
    /// Only those who entered in this year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub year: Option<i16>,
    /// One of [`ACTIVATIONS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<String>,
    /// Exemptions that are over or revoked too.
    #[serde(default)]
    pub past: bool,
    /// The code of the form whose figures are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// The day; the day it is made if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<NaiveDate>,
    /// The slot of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<i16>,
    /// One of [`GROUPS`]; of passages, one of [`PASSAGE_GROUPS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// One of [`STATES`]; of use, one of [`ACCOUNT_STATES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// A counted field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// A category of it; empty: in none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The first day of a span.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    /// Its last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
    /// Only trips under way.
    #[serde(default)]
    pub open: bool,
    /// Only trips to where the region's code does not begin so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outside: Option<String>,
    /// Only trips to where it begins so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// Only trips begun on this day or after; of use, only who has not used it since this day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<NaiveDate>,
    /// On what it was used last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The entry whose day is compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<i64>,
    /// The gate of a passage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<i64>,
    /// `in` or `out`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<String>,
    /// One of [`OUTCOMES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// Only passages of visitors.
    #[serde(default)]
    pub visitors: bool,
    /// The zone people are outside of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<i64>,
    /// The moment by which they should have been back; the one it is made if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
}

/// By what figures of a form can be grouped.
pub const GROUPS: [&str; 4] = ["college", "grade", "class", "department"];
/// By what passages can be counted.
pub const PASSAGE_GROUPS: [&str; 3] = ["college", "class", "day"];
/// What becomes of a scan: let through, not let through, or to be looked at.
pub const OUTCOMES: [&str; 3] = ["allowed", "refused", "flagged"];
/// Which of those expected.
pub const STATES: [&str; 6] = ["expected", "reported", "unreported", "normal", "abnormal", "late"];

/// What becomes of an account.
pub const ACCOUNT_STATES: [&str; 4] = ["activated", "not_activated", "disabled", "left"];

/// What a sheet holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// What the rows are.
    pub dataset: Dataset,
    /// What stands in them, from left to right.
    pub columns: Vec<Chosen>,
    /// In which order.
    pub order: Order,
    /// Which rows.
    pub filters: Filters,
}

impl Definition {
    /// Everything that is wrong with it, by field.
    pub fn check(&self) -> Vec<FieldError> {
        let mut wrong = Vec::new();
        let mut say = |field: String, message: String| wrong.push(FieldError { field, message });
        if self.columns.is_empty() || self.columns.len() > MAX_COLUMNS {
            say("columns".into(), format!("请选择 1 到 {MAX_COLUMNS} 列"));
        }
        for (place, chosen) in self.columns.iter().enumerate() {
            let field = |name: &str| format!("columns.{place}.{name}");
            if !self.dataset.columns().contains(&chosen.column) {
                say(field("column"), format!("这类数据没有“{}”一列，请去掉", chosen.column.title()));
            }
            let before = self.columns.iter().take(place);
            let again = |other: &Chosen| other.column == chosen.column && other.field == chosen.field;
            if chosen.column != Column::Blank && before.clone().any(again) {
                say(field("column"), format!("“{}”已经有一列了，请去掉一列", chosen.column.title()));
            }
            if !is_text(&chosen.title, MAX_TITLE) {
                say(field("title"), format!("表头要填 1 到 {MAX_TITLE} 个字"));
            } else if before.clone().any(|other| other.title.trim() == chosen.title.trim()) {
                say(field("title"), format!("表头“{}”重复了，请改一个", chosen.title.trim()));
            }
            for (name, message) in chosen.flaws() {
                say(field(name), message);
            }
        }
        if !self.dataset.orders().contains(&self.order) {
            say("order".into(), "这类数据不能这样排序，请另选".into());
        }
        self.check_filters(&mut say);
        wrong
    }

    fn check_filters(&self, say: &mut impl FnMut(String, String)) {
        let Filters { kind, staff_kind, department, year, activation, past, .. } = &self.filters;
        let of = &self.filters;
        let given = [
            (Filter::Kind, kind.is_some()),
            (Filter::StaffKind, staff_kind.is_some()),
            (Filter::Department, department.is_some()),
            (Filter::Year, year.is_some()),
            (Filter::Activation, activation.is_some()),
            (Filter::Past, *past),
            (Filter::Form, of.form.is_some()),
            (Filter::Day, of.day.is_some()),
            (Filter::Slot, of.slot.is_some()),
            (Filter::By, of.by.is_some()),
            (Filter::State, of.state.is_some()),
            (Filter::Field, of.field.is_some()),
            (Filter::Category, of.category.is_some()),
            (Filter::From, of.from.is_some()),
            (Filter::To, of.to.is_some()),
            (Filter::Open, of.open),
            (Filter::Outside, of.outside.is_some()),
            (Filter::Within, of.within.is_some()),
            (Filter::Since, of.since.is_some()),
            (Filter::Client, of.client.is_some()),
            (Filter::Entry, of.entry.is_some()),
            (Filter::Gate, of.gate.is_some()),
            (Filter::Direction, of.direction.is_some()),
            (Filter::Outcome, of.outcome.is_some()),
            (Filter::Visitors, of.visitors),
            (Filter::Zone, of.zone.is_some()),
            (Filter::At, of.at.is_some()),
        ];
        for (filter, given) in given {
            if given && !self.dataset.filters().contains(&filter) {
                say(format!("filters.{}", filter.as_str()), "这类数据不能按此项筛选，请去掉".into());
            }
        }
        let known = |value: &Option<String>, all: &[&str]| {
            value.as_ref().is_none_or(|value| all.contains(&value.as_str()))
        };
        if !known(kind, &["student", "staff"]) {
            say("filters.kind".into(), "请填 student（学生）或 staff（教职工）".into());
        }
        if !known(staff_kind, &STAFF_KINDS) {
            say("filters.staff_kind".into(), format!("请填 {}", STAFF_KINDS.join("、")));
        }
        if !known(activation, &ACTIVATIONS) {
            say("filters.activation".into(), format!("请填 {}", ACTIVATIONS.join("、")));
        }
        if self.dataset.is_of_a_form() && of.form.is_none() {
            say("filters.form".into(), "请选择表单".into());
        }
        let (groups, named): (&[&str], _) = match self.dataset {
            Dataset::PassageTable => (&PASSAGE_GROUPS, "学院、班级或日期"),
            _ => (&GROUPS, "学院、年级、班级或部门"),
        };
        if !known(&of.by, groups) {
            say("filters.by".into(), format!("请选择按{named}分组"));
        }
        if of.direction.as_deref().is_some_and(|name| Direction::parse(name).is_none()) {
            say("filters.direction".into(), "请填 in（进）或 out（出）".into());
        }
        if !known(&of.outcome, &OUTCOMES) {
            say("filters.outcome".into(), "请选择放行、未放行或需核对".into());
        }
        if self.dataset == Dataset::Outsiders && of.zone.is_none() {
            say("filters.zone".into(), "请选择区域".into());
        }
        if self.dataset == Dataset::Portal && of.entry.is_none() {
            say("filters.entry".into(), "请选择入口".into());
        }
        let states: &[&str] = match self.dataset {
            Dataset::Usage | Dataset::UsageConsole => &ACCOUNT_STATES,
            Dataset::Portal => &Which::ALL.map(Which::as_str),
            _ => &STATES,
        };
        if !known(&of.state, states) {
            say("filters.state".into(), "没有这一类人员，请另选".into());
        }
        if of.client.as_ref().is_some_and(|client| !is_text(client, 100)) {
            say("filters.client".into(), "请从列表里选择平台".into());
        }
        if year.is_some_and(|year| !(1900..=2200).contains(&year)) {
            say("filters.year".into(), "请填四位年份，例如 2019".into());
        }
    }

    /// Whether it shows phones.
    pub fn has_phones(&self) -> bool {
        self.columns.iter().any(|chosen| chosen.column == Column::Phone)
    }

    /// The same without blanks around headings.
    pub fn trimmed(mut self) -> Self {
        for chosen in &mut self.columns {
            chosen.title = chosen.title.trim().to_owned();
        }
        self
    }
}

/// Whether something people typed is there, not too long, and of printable characters.
pub fn is_text(text: &str, max_chars: usize) -> bool {
    let text = text.trim();
    !text.is_empty() && text.chars().count() <= max_chars && !text.chars().any(char::is_control)
}

/// A name that Excel takes for a sheet: without `[ ] : * ? / \`, no quote at its ends, 31 characters.
pub fn sheet_name(name: &str) -> String {
    let name: String = name
        .chars()
        .map(
            |c| if matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\') || c.is_control() { ' ' } else { c },
        )
        .take(31)
        .collect();
    match name.trim_matches(|c: char| c == '\'' || c.is_whitespace()) {
        "" => "导出".into(),
        name => name.into(),
    }
}

/// Whether a program that opens the sheet might take a cell for a formula. Such a cell is marked as text, which stays
/// with it when somebody edits it or saves the sheet as CSV and opens that.
pub fn looks_like_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(columns: &[(Column, &str)]) -> Definition {
        Definition {
            dataset: Dataset::People,
            columns: columns.iter().map(|(column, title)| Chosen::new(*column, title)).collect(),
            order: Order::Number,
            filters: Filters::default(),
        }
    }

    fn fields(definition: &Definition) -> Vec<String> {
        definition.check().into_iter().map(|wrong| wrong.field).collect()
    }

    #[test]
    fn a_definition_names_columns_of_its_dataset_once_each_with_a_heading() {
        let good = definition(&[(Column::Number, "学号"), (Column::Blank, "签名"), (Column::Blank, "备注")]);
        assert_eq!(fields(&good), Vec::<String>::new());
        assert_eq!(fields(&definition(&[])), ["columns"]);
        let bad = definition(&[
            (Column::Number, "学号"),
            (Column::Number, "学号 "),
            (Column::Students, "人数"),
            (Column::Name, "  "),
            (Column::Kind, "身\n份"),
        ]);
        assert_eq!(
            fields(&bad),
            ["columns.1.column", "columns.1.title", "columns.2.column", "columns.3.title", "columns.4.title"]
        );
    }

    #[test]
    fn filters_and_orders_are_those_of_the_dataset() {
        let mut classes = definition(&[(Column::Place, "班级")]);
        classes.dataset = Dataset::Classes;
        classes.filters = Filters { kind: Some("student".into()), ..Filters::default() };
        assert_eq!(fields(&classes), ["order", "filters.kind"]);
        let mut people = definition(&[(Column::Name, "姓名")]);
        people.filters = Filters {
            kind: Some("cat".into()),
            staff_kind: Some("x".into()),
            year: Some(19),
            activation: Some("maybe".into()),
            ..Filters::default()
        };
        assert_eq!(
            fields(&people),
            ["filters.kind", "filters.staff_kind", "filters.activation", "filters.year"]
        );
    }

    #[test]
    fn figures_name_their_form_and_have_no_templates() {
        let mut table = definition(&[(Column::Unit, "单位"), (Column::Expected, "应报")]);
        table.dataset = Dataset::ReportTable;
        table.order = Order::Listed;
        assert_eq!(fields(&table), ["filters.form"]);
        table.filters.form = Some("health-daily".into());
        assert_eq!(fields(&table), Vec::<String>::new());
        table.filters.by = Some("planet".into());
        table.filters.since = "2020-01-20".parse().ok();
        assert_eq!(fields(&table), ["filters.since", "filters.by"]);
        assert!(BUILT_IN.iter().all(|built_in| built_in.definition().dataset.has_templates()));
    }

    #[test]
    fn passages_are_picked_by_gate_direction_and_outcome_and_counted_by_day() {
        let mut passages = definition(&[(Column::Name, "姓名"), (Column::Outcome, "结果")]);
        passages.dataset = Dataset::Passages;
        passages.order = Order::Listed;
        passages.filters = Filters {
            gate: Some(1),
            direction: Some("in".into()),
            outcome: Some("refused".into()),
            visitors: true,
            ..Filters::default()
        };
        assert_eq!(fields(&passages), Vec::<String>::new());
        passages.filters.direction = Some("up".into());
        passages.filters.outcome = Some("maybe".into());
        passages.filters.zone = Some(1);
        assert_eq!(fields(&passages), ["filters.zone", "filters.direction", "filters.outcome"]);

        let mut table = definition(&[(Column::Unit, "日期"), (Column::Entered, "进（人次）")]);
        table.dataset = Dataset::PassageTable;
        table.order = Order::Listed;
        table.filters.by = Some("day".into());
        assert_eq!(fields(&table), Vec::<String>::new());
        table.filters.visitors = true;
        assert_eq!(fields(&table), ["filters.visitors"]);
        table.filters.visitors = false;
        table.filters.by = Some("grade".into());
        assert_eq!(fields(&table), ["filters.by"]);

        let mut outside = definition(&[(Column::Name, "姓名"), (Column::PassedAt, "离开时间")]);
        outside.dataset = Dataset::Outsiders;
        outside.order = Order::Listed;
        assert_eq!(fields(&outside), ["filters.zone"]);
        outside.filters.zone = Some(1);
        assert_eq!(fields(&outside), Vec::<String>::new());
    }

    #[test]
    fn what_is_kept_reads_back_the_same() {
        let mut kept = definition(&[(Column::Phone, "电话"), (Column::Blank, "签名")]);
        kept.filters.year = Some(2019);
        let text = serde_json::to_string(&kept).unwrap();
        assert_eq!(serde_json::from_str::<Definition>(&text).unwrap(), kept);
        assert!(text.contains(r#""column":"phone""#) && kept.has_phones());
    }

    #[test]
    fn every_built_in_template_is_valid() {
        for built_in in BUILT_IN {
            let wrong: Vec<_> = built_in.definition().check().into_iter().map(|wrong| wrong.field).collect();
            assert_eq!(wrong, Vec::<String>::new(), "{}", built_in.name);
            assert!(is_text(built_in.name, MAX_NAME));
        }
    }

    #[test]
    fn a_sheet_has_a_name_excel_takes() {
        assert_eq!(sheet_name("省平台[2020]/春季"), "省平台 2020  春季");
        assert_eq!(sheet_name("'?'"), "导出");
        assert_eq!(sheet_name(&"长".repeat(40)).chars().count(), 31);
    }

    #[test]
    fn formulas_are_told_from_text() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1"] {
            assert!(looks_like_formula(formula), "{formula}");
        }
        assert!(!looks_like_formula("张三") && !looks_like_formula("") && !looks_like_formula("a=b"));
    }
}
