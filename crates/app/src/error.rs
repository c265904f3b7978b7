//! Errors of the use cases. Each has a code for programs and a text in Chinese that says what to do.

pub use domain::form::answers::FieldError;

/// Shorthand for this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody is signed in, or the session has ended.
    #[error("not signed in")]
    NotSignedIn,
    /// The device at the gate is not paired, or was withdrawn.
    #[error("unknown device")]
    UnknownDevice,
    /// The link of a visitor leads to nothing: never there, another school's, or forgotten.
    #[error("unknown visit")]
    UnknownVisit,
    /// The viewer has no grant for this at all.
    #[error("forbidden")]
    Forbidden,
    /// There is no such thing, or it is not the viewer's to see: both look the same.
    #[error("not found")]
    NotFound,
    /// Something in the request is wrong; each field says what to do.
    #[error("invalid input")]
    Invalid(Vec<FieldError>),
    /// The form takes no answers at this hour.
    #[error("the form is closed")]
    FormClosed,
    /// The cut-off has passed: what was sent stands, unless somebody sends it back.
    #[error("the report can't be changed any more")]
    CutoffPassed,
    /// The person saw another version of the form than the one that is asked now.
    #[error("the form has a newer version")]
    FormChanged,
    /// The form does not ask this person today.
    #[error("not expected to answer")]
    NotExpected,
    /// The form asks what is sensitive, and the person has not agreed to the privacy notice that holds.
    #[error("the privacy notice comes first")]
    NoticeFirst,
    /// The form asks what is sensitive, and the school has published no privacy notice.
    #[error("the school has published no privacy notice")]
    NoticeMissing,
    /// The Idempotency-Key was used for another request.
    #[error("idempotency key reused")]
    KeyReused,
    /// What was to be approved is not what is held now.
    #[error("stale approval")]
    StaleApproval,
    /// What was to be undone has been changed since.
    #[error("changed since")]
    ChangedSince,
    /// Somebody else did something about it first: who, when and what, for people and never for a log.
    #[error("overtaken")]
    Overtaken(String),
    /// A copy of one's own data is being made, or today's are all taken.
    #[error("no more copies")]
    CopiesTaken,
    /// Too many wrong codes of the second factor within a few minutes.
    #[error("no more tries")]
    TriesTaken,
    /// So many people's data were read today as may be: of what, how many, and who can lift it.
    #[error("reading budget spent")]
    BudgetSpent(String),
    /// Postgres or what keeps the data keys can't be reached; worth trying again.
    #[error("unavailable")]
    Unavailable(#[source] store::Error),
    /// WeCom did not answer or refused.
    #[error("wecom failed")]
    Wecom(#[from] wecom::Error),
    /// The mirror could not be brought up to date.
    #[error("sync failed")]
    Sync(#[from] sync::Error),
    /// A bug, or the database refused a statement. Silent to the member, loud to us.
    #[error("internal error: {0}")]
    Internal(String, #[source] Option<Box<dyn std::error::Error + Send + Sync>>),
}

impl Error {
    /// An internal error without a cause of its own.
    pub fn internal(what: impl Into<String>) -> Self {
        Self::Internal(what.into(), None)
    }

    /// One wrong field.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// Code, HTTP status it is answered with, title and remedy. The table of docs/ERRORS.md is made from
    /// [`Error::catalogue`].
    pub fn describe(&self) -> &'static Description {
        match self {
            Self::NotSignedIn => &NOT_SIGNED_IN,
            Self::UnknownDevice => &UNKNOWN_DEVICE,
            Self::UnknownVisit => &UNKNOWN_VISIT,
            Self::Forbidden => &FORBIDDEN,
            Self::NotFound => &NOT_FOUND,
            Self::Invalid(_) => &INVALID,
            Self::FormClosed => &FORM_CLOSED,
            Self::CutoffPassed => &CUTOFF_PASSED,
            Self::FormChanged => &FORM_CHANGED,
            Self::NotExpected => &NOT_EXPECTED,
            Self::NoticeFirst => &NOTICE_FIRST,
            Self::NoticeMissing => &NOTICE_MISSING,
            Self::KeyReused => &KEY_REUSED,
            Self::StaleApproval => &STALE_APPROVAL,
            Self::ChangedSince => &CHANGED_SINCE,
            Self::Overtaken(_) => &OVERTAKEN,
            Self::CopiesTaken => &COPIES_TAKEN,
            Self::TriesTaken => &TRIES_TAKEN,
            Self::BudgetSpent(_) => &BUDGET_SPENT,
            Self::Unavailable(_) => &UNAVAILABLE,
            Self::Wecom(_) | Self::Sync(_) => &WECOM_UNAVAILABLE,
            Self::Internal(..) => &INTERNAL,
        }
    }

    /// Every error a client can meet from the use cases.
    pub fn catalogue() -> [&'static Description; 22] {
        [
            &NOT_SIGNED_IN,
            &UNKNOWN_DEVICE,
            &UNKNOWN_VISIT,
            &FORBIDDEN,
            &NOT_FOUND,
            &INVALID,
            &FORM_CLOSED,
            &CUTOFF_PASSED,
            &FORM_CHANGED,
            &NOT_EXPECTED,
            &NOTICE_FIRST,
            &NOTICE_MISSING,
            &KEY_REUSED,
            &STALE_APPROVAL,
            &CHANGED_SINCE,
            &OVERTAKEN,
            &COPIES_TAKEN,
            &TRIES_TAKEN,
            &BUDGET_SPENT,
            &UNAVAILABLE,
            &WECOM_UNAVAILABLE,
            &INTERNAL,
        ]
    }
}

/// An error as clients know it.
#[derive(Debug, PartialEq, Eq)]
pub struct Description {
    /// For programs.
    pub code: &'static str,
    /// How it is answered over HTTP.
    pub status: u16,
    /// What happened, for people.
    pub title: &'static str,
    /// What to do, for people.
    pub remedy: &'static str,
}

const fn describe(code: &'static str, status: u16, title: &'static str, remedy: &'static str) -> Description {
    Description { code, status, title, remedy }
}

static NOT_SIGNED_IN: Description =
    describe("not_signed_in", 401, "尚未登录", "请从企业微信工作台重新打开点名");
static UNKNOWN_DEVICE: Description =
    describe("unknown_device", 401, "设备未配对", "请在门岗管理页面生成配对码，重新配对这台设备");
static UNKNOWN_VISIT: Description =
    describe("unknown_visit", 401, "没有这次邀请", "链接不完整、已更换或来访早已结束，请向邀请人要新的链接");
static FORBIDDEN: Description = describe("forbidden", 403, "没有权限", "如需此权限，请联系学校管理员授权");
static NOT_FOUND: Description = describe("not_found", 404, "没有找到", "请检查地址，或返回上一页重试");
static INVALID: Description = describe("invalid", 422, "填写有误", "请按各项提示修改后重新提交");
static FORM_CLOSED: Description =
    describe("form_closed", 409, "不在填报时间内", "请在开放时间内填报，或联系辅导员");
static CUTOFF_PASSED: Description =
    describe("cutoff_passed", 409, "已过截止时间", "已提交的内容不能再改；如需更正，请联系辅导员退回后修改");
static FORM_CHANGED: Description = describe("form_changed", 409, "表单已更新", "请刷新页面后重新填写");
static NOT_EXPECTED: Description =
    describe("not_expected", 403, "今天不需要填报", "您不在本表单今天的应报名单中；如有疑问请联系辅导员");
static NOTICE_FIRST: Description = describe(
    "notice_first",
    403,
    "请先阅读告知书",
    "这张表单有敏感的问题：请打开表单，阅读并同意告知书后再填报",
);
static NOTICE_MISSING: Description = describe(
    "notice_missing",
    403,
    "学校还没有发布告知书",
    "这张表单有敏感的问题，发布告知书之后才能填报；请联系学工办，由管理员在电脑页面的“告知书”里发布",
);
static KEY_REUSED: Description = describe("key_reused", 422, "请求编号已用于其他内容", "请刷新页面后重试");
static STALE_APPROVAL: Description =
    describe("stale_approval", 409, "待批准的变更已经不同", "请刷新后核对最新的变更再批准");
static CHANGED_SINCE: Description = describe(
    "changed_since",
    409,
    "之后又有改动",
    "其中有记录之后又改过或已在使用，不能整批撤销；请逐项修改",
);
static OVERTAKEN: Description = describe("overtaken", 409, "已有变化", "请刷新后查看最新情况再处理");
static COPIES_TAKEN: Description = describe(
    "copies_taken",
    429,
    "现在不能再取副本",
    "同一时间只做一份，每天最多十份；请稍后再试，或明天再取",
);
static TRIES_TAKEN: Description =
    describe("too_many_tries", 429, "试得太多了", "5 分钟内错了 5 次；请过 5 分钟再试，并核对手机的时间");
static BUDGET_SPENT: Description = describe(
    "budget_spent",
    429,
    "今天的查看额度不够了",
    "明天零点恢复；急用请管理员或审计员写明原因、放宽今天的额度",
);
static UNAVAILABLE: Description = describe("unavailable", 503, "系统繁忙", "已填内容不会丢失，请稍后重试");
static WECOM_UNAVAILABLE: Description =
    describe("wecom_unavailable", 502, "企业微信暂时没有响应", "请稍后重试；若持续出现请联系信息中心");
static INTERNAL: Description = describe(
    "internal",
    500,
    "系统出错了",
    "已记录此问题，请稍后重试；若持续出现请把页面上的编号告诉信息中心",
);

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Unavailable(_) | store::Error::Keys(_) => Self::Unavailable(error),
            other => Self::Internal("store".into(), Some(Box::new(other))),
        }
    }
}
