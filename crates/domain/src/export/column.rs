//! The columns a sheet can have.

use serde::{Deserialize, Serialize};

use super::Dataset;

/// A column of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// The row's place in the sheet, from 1.
    Index,
    /// Student or staff number.
    Number,
    /// Name.
    Name,
    /// Student or staff.
    Kind,
    /// 在编, 合同制 …
    StaffKind,
    /// 学院
    College,
    /// 年级, as the directory calls it.
    Grade,
    /// Class, or department.
    Place,
    /// The department from the school downwards, with slashes.
    Path,
    /// Major.
    Major,
    /// Year of entry.
    Year,
    /// Masked, unless the export is one with full phones.
    Phone,
    /// On the roster since.
    Since,
    /// The first day no longer on it.
    Until,
    /// The account in WeCom.
    Userid,
    /// How far registration is; for those not activated, why.
    Activation,
    /// Nothing: to be filled in or signed by hand.
    Blank,
    /// Counsellors of a class.
    Counsellors,
    /// Students of a class.
    Students,
    /// … with an account.
    WithAccount,
    /// … activated.
    Activated,
    /// … activated, in per cent.
    Rate,
    /// Kind of exemption.
    Exemption,
    /// Its first day.
    From,
    /// Its last day.
    Last,
    /// Why.
    Reason,
    /// By hand, by list or by approval.
    Source,
    /// Who granted it.
    GrantedBy,
    /// Whether it holds, is over or was revoked.
    State,
    /// A department of a table of figures.
    Unit,
    /// 应报
    Expected,
    /// 已报
    Reported,
    /// 未报
    Unreported,
    /// … reported, in per cent.
    ReportRate,
    /// 正常
    Normal,
    /// 异常
    Abnormal,
    /// 迟报
    Late,
    /// A counted question.
    Question,
    /// What answers to it were counted as.
    Category,
    /// How many people.
    Count,
    /// A day of a span.
    Day,
    /// Unreported, normal or abnormal.
    ReportState,
    /// When somebody last answered.
    RevisedAt,
    /// The day somebody left.
    LeftOn,
    /// The day they came back.
    ReturnedOn,
    /// Where to.
    Region,
    /// How.
    Transport,
    /// Staff of a department.
    Staff,
    /// … away.
    Away,
    /// … who came back on the day.
    Back,
    /// … on leave.
    OnLeave,
    /// What whoever signed adds.
    Note,
    /// Who signed, or who answers for the department.
    Heads,
    /// When it was signed.
    SignedAt,
    /// When somebody passed a gate.
    PassedAt,
    /// Which way.
    Direction,
    /// The gate.
    Gate,
    /// What became of the scan: let through, or why not.
    Outcome,
    /// What somebody should look at.
    Flags,
    /// Passages in.
    Entered,
    /// Passages out.
    Exited,
    /// What becomes of an account.
    AccountState,
    /// The day it was last used.
    LastUsed,
    /// On what.
    Client,
    /// Whether somebody has reported here.
    Here,
    /// Whether somebody stands on the other authority's list.
    There,
    /// What somebody answered to a question.
    Answer,
}

use Column::{
    Abnormal, AccountState, Activated, Activation, Answer, Away, Back, Blank, Category, Client, College,
    Counsellors, Count, Day, Direction, Entered, Exemption, Exited, Expected, Flags, From, Gate, Grade,
    GrantedBy, Heads, Here, Index, Kind, Last, LastUsed, Late, LeftOn, Major, Name, Normal, Note, Number,
    OnLeave, Outcome, PassedAt, Path, Phone, Place, Question, Rate, Reason, Region, ReportRate, ReportState,
    Reported, ReturnedOn, RevisedAt, SignedAt, Since, Source, Staff, StaffKind, State, Students, There,
    Transport, Unit, Unreported, Until, Userid, WithAccount, Year,
};

const ALL: [Column; 67] = [
    Index,
    Number,
    Name,
    Kind,
    StaffKind,
    College,
    Grade,
    Place,
    Path,
    Major,
    Year,
    Phone,
    Since,
    Until,
    Userid,
    Activation,
    Blank,
    Counsellors,
    Students,
    WithAccount,
    Activated,
    Rate,
    Exemption,
    From,
    Last,
    Reason,
    Source,
    GrantedBy,
    State,
    Unit,
    Expected,
    Reported,
    Unreported,
    ReportRate,
    Normal,
    Abnormal,
    Late,
    Question,
    Category,
    Count,
    Day,
    ReportState,
    RevisedAt,
    LeftOn,
    ReturnedOn,
    Region,
    Transport,
    Staff,
    Away,
    Back,
    OnLeave,
    Note,
    Heads,
    SignedAt,
    PassedAt,
    Direction,
    Gate,
    Outcome,
    Flags,
    Entered,
    Exited,
    AccountState,
    LastUsed,
    Client,
    Here,
    There,
    Answer,
];

pub(super) fn of(dataset: Dataset) -> &'static [Column] {
    match dataset {
        Dataset::People | Dataset::Registration => &[
            Index, Number, Name, Kind, StaffKind, College, Grade, Place, Path, Major, Year, Phone, Since,
            Until, Userid, Activation, Blank,
        ],
        Dataset::Classes => {
            &[Index, Place, College, Grade, Path, Counsellors, Students, WithAccount, Activated, Rate, Blank]
        }
        Dataset::Exemptions => &[
            Index, Number, Name, Kind, College, Grade, Place, Exemption, From, Last, Reason, Source,
            GrantedBy, State, Blank,
        ],
        Dataset::ReportTable => {
            &[Index, Unit, Expected, Reported, Unreported, ReportRate, Normal, Abnormal, Late, Blank]
        }
        Dataset::ReportCategories => &[Index, Unit, Question, Category, Count, Blank],
        Dataset::ReportSpan => {
            &[Index, Day, Unit, Expected, Reported, Unreported, ReportRate, Normal, Abnormal, Late, Blank]
        }
        Dataset::ReportPeople => &[Index, Number, Name, College, Place, ReportState, Late, RevisedAt, Blank],
        Dataset::Trips => {
            &[Index, Number, Name, College, Place, LeftOn, ReturnedOn, Region, Transport, Blank]
        }
        Dataset::Movements => &[Index, Unit, Staff, Away, Back, OnLeave, Note, Heads, SignedAt, Blank],
        Dataset::Passages => {
            &[Index, Number, Name, College, Major, Place, PassedAt, Direction, Gate, Outcome, Flags, Blank]
        }
        Dataset::PassageTable => &[Index, Unit, Entered, Exited, Count, Blank],
        Dataset::Outsiders => &[Index, Number, Name, Place, PassedAt, Gate, Blank],
        Dataset::Usage | Dataset::UsageConsole => {
            &[Index, Userid, Name, Place, AccountState, LastUsed, Client, Day, Blank]
        }
        Dataset::Portal => &[Index, Number, Name, College, Place, Here, There, Blank],
        Dataset::ReportAnswers => {
            &[Index, Number, Name, Answer, College, Place, Day, ReportState, Late, RevisedAt, Blank]
        }
    }
}

impl Column {
    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Index => "index",
            Number => "number",
            Name => "name",
            Kind => "kind",
            StaffKind => "staff_kind",
            College => "college",
            Grade => "grade",
            Place => "place",
            Path => "path",
            Major => "major",
            Year => "year",
            Phone => "phone",
            Since => "since",
            Until => "until",
            Userid => "userid",
            Activation => "activation",
            Blank => "blank",
            Counsellors => "counsellors",
            Students => "students",
            WithAccount => "with_account",
            Activated => "activated",
            Rate => "rate",
            Exemption => "exemption",
            From => "from",
            Last => "last",
            Reason => "reason",
            Source => "source",
            GrantedBy => "granted_by",
            State => "state",
            Unit => "unit",
            Expected => "expected",
            Reported => "reported",
            Unreported => "unreported",
            ReportRate => "report_rate",
            Normal => "normal",
            Abnormal => "abnormal",
            Late => "late",
            Question => "question",
            Category => "category",
            Count => "count",
            Day => "day",
            ReportState => "report_state",
            RevisedAt => "revised_at",
            LeftOn => "left_on",
            ReturnedOn => "returned_on",
            Region => "region",
            Transport => "transport",
            Staff => "staff",
            Away => "away",
            Back => "back",
            OnLeave => "on_leave",
            Note => "note",
            Heads => "heads",
            SignedAt => "signed_at",
            PassedAt => "passed_at",
            Direction => "direction",
            Gate => "gate",
            Outcome => "outcome",
            Flags => "flags",
            Entered => "entered",
            Exited => "exited",
            AccountState => "account_state",
            LastUsed => "last_used",
            Client => "client",
            Here => "here",
            There => "there",
            Answer => "answer",
        }
    }

    /// The column of this name.
    pub fn parse(name: &str) -> Option<Self> {
        ALL.into_iter().find(|column| column.as_str() == name)
    }

    /// What it is headed by itself: where there is one, a word that the roster import reads.
    pub fn title(self) -> &'static str {
        match self {
            Index => "序号",
            Number => "学工号",
            Name => "姓名",
            Kind => "身份",
            StaffKind => "人员性质",
            College => "学院",
            Grade => "年级",
            Place => "班级或部门",
            Path => "部门路径",
            Major => "专业",
            Year => "入学年份",
            Phone => "联系电话",
            Since => "到校日期",
            Until => "离校日期",
            Userid => "企业微信账号",
            Activation => "激活状态",
            Blank => "备注",
            Counsellors => "辅导员",
            Students => "学生人数",
            WithAccount => "有账号",
            Activated => "已激活",
            Rate => "激活率（%）",
            Exemption => "免报类型",
            From => "开始日期",
            Last => "结束日期",
            Reason => "事由",
            Source => "来源",
            GrantedBy => "登记人",
            State => "状态",
            Unit => "单位",
            Expected => "应报",
            Reported => "已报",
            Unreported => "未报",
            ReportRate => "上报率（%）",
            Normal => "正常",
            Abnormal => "异常",
            Late => "迟报",
            Question => "统计项",
            Category => "类别",
            Count => "人数",
            Day => "日期",
            ReportState => "填报情况",
            RevisedAt => "最近提交",
            LeftOn => "离开日期",
            ReturnedOn => "返回日期",
            Region => "目的地",
            Transport => "交通方式",
            Staff => "总人数",
            Away => "外出人数",
            Back => "返回人数",
            OnLeave => "请假人数",
            Note => "备注",
            Heads => "负责人",
            SignedAt => "确认时间",
            PassedAt => "进出时间",
            Direction => "进出类型",
            Gate => "门岗",
            Outcome => "结果",
            Flags => "需核对",
            Entered => "进（人次）",
            Exited => "出（人次）",
            AccountState => "状态",
            LastUsed => "最近使用时间",
            Client => "使用平台",
            Here => "本校情况",
            There => "对方名单",
            Answer => "填报内容",
        }
    }

    /// Its width, in characters.
    pub fn width(self) -> f64 {
        match self {
            Index | Kind | Year | Students | WithAccount | Activated | Expected | Reported | Unreported
            | Normal | Abnormal | Late | Count | Staff | Away | Back | OnLeave | Direction => 8.0,
            Name | StaffKind | Grade | Activation | Exemption | Source | GrantedBy | State | Rate
            | ReportRate | Day | ReportState | LeftOn | ReturnedOn | Transport | AccountState | LastUsed
            | Client | Here | There | Entered | Exited => 12.0,
            Number | Phone | Since | Until | Userid | From | Last | Blank | Question | Category
            | RevisedAt | Heads | SignedAt | PassedAt | Gate | Flags => 16.0,
            College | Major | Counsellors | Answer => 20.0,
            Place | Unit | Region | Outcome => 24.0,
            Path | Reason | Note => 44.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_has_a_name_of_its_own_and_json_has_it_too() {
        for column in ALL {
            assert_eq!(Column::parse(column.as_str()), Some(column));
            assert_eq!(serde_json::to_value(column).unwrap(), serde_json::json!(column.as_str()));
        }
        assert_eq!(Column::parse("password"), None);
    }
}
