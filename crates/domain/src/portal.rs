//! 入口: other systems that members are led to, for whom they are, and where they may lead.

use chrono::{Days, NaiveDate};

use crate::{
    DepartmentId,
    export::is_text,
    form::{Audience, PersonKind, answers::FieldError},
};

/// Characters of a title at most: two lines of a tile.
pub const MAX_TITLE: usize = 12;
/// Characters of the line below it at most.
pub const MAX_NOTE: usize = 40;
/// Bytes of an address at most.
pub const MAX_ADDRESS: usize = 1000;
/// Departments an entry names at most.
pub const MAX_DEPARTMENTS: usize = 200;
/// Entries that stand at a time at most: more than a phone shows at a glance helps nobody.
pub const MAX_ENTRIES: usize = 60;
/// How long it is kept who opened what, and who was on a list; how many they were stays.
pub const KEPT_DAYS: u64 = 180;
/// A list is of a day at most so long ago, and so is a reminder by it.
pub const LISTED_WITHIN: Days = Days::new(60);
/// Those who are missing are reminded of a day at most so long ago.
pub const REMINDED_WITHIN: Days = Days::new(7);

/// The sign on a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Anything.
    Link,
    /// 上报平台
    Report,
    /// 图书馆
    Library,
    /// 健康
    Health,
    /// 一卡通
    Card,
    /// 课表
    Timetable,
    /// 缴费
    Payment,
    /// 报修
    Repair,
}

impl Icon {
    /// All.
    pub const ALL: [Self; 8] = [
        Self::Link,
        Self::Report,
        Self::Library,
        Self::Health,
        Self::Card,
        Self::Timetable,
        Self::Payment,
        Self::Repair,
    ];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Report => "report",
            Self::Library => "library",
            Self::Health => "health",
            Self::Card => "card",
            Self::Timetable => "timetable",
            Self::Payment => "payment",
            Self::Repair => "repair",
        }
    }

    /// The icon of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|icon| icon.as_str() == name)
    }
}

/// An entry as somebody wants it.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// What the tile is called.
    pub title: &'a str,
    /// A line below; empty for none.
    pub note: &'a str,
    /// Its sign.
    pub icon: Icon,
    /// Where it leads.
    pub address: &'a str,
    /// Whom it is for.
    pub kinds: &'a [PersonKind],
    /// Only those counted under one of these; none: the whole school.
    pub departments: Option<&'a [DepartmentId]>,
    /// The first day it is shown.
    pub from: NaiveDate,
    /// The last; none: until further notice.
    pub last: Option<NaiveDate>,
}

/// What was checked of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What the tile is called.
    pub title: String,
    /// A line below; empty for none.
    pub note: String,
    /// Its sign.
    pub icon: Icon,
    /// Where it leads.
    pub address: String,
    /// Whom it is for.
    pub audience: Audience,
    /// The first day it is shown.
    pub from: NaiveDate,
    /// The first day it no longer is.
    pub until: Option<NaiveDate>,
}

impl Entry {
    /// Checks what somebody wants.
    pub fn new(draft: &Draft<'_>) -> Result<Self, Vec<FieldError>> {
        let mut flaws = Vec::new();
        let mut wrong = |field: &str, message: String| {
            flaws.push(FieldError { field: field.into(), message });
        };
        let (title, note, address) = (draft.title.trim(), draft.note.trim(), draft.address.trim());
        if !is_text(title, MAX_TITLE) {
            wrong("title", format!("请填写名称，1 到 {MAX_TITLE} 个字"));
        }
        if !note.is_empty() && !is_text(note, MAX_NOTE) {
            wrong("note", format!("说明最多 {MAX_NOTE} 个字，不能换行"));
        }
        if let Err(message) = check_address(address) {
            wrong("address", message.into());
        }
        let mut kinds: Vec<PersonKind> = Vec::new();
        for kind in [PersonKind::Student, PersonKind::Staff] {
            if draft.kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        if kinds.is_empty() {
            wrong("kinds", "请选择学生、教职工，或两者都选".into());
        }
        let departments = draft.departments.map(|ids| {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids.dedup();
            ids
        });
        if departments.as_ref().is_some_and(|ids| ids.is_empty() || ids.len() > MAX_DEPARTMENTS) {
            wrong("departments", format!("请选择 1 到 {MAX_DEPARTMENTS} 个部门，或改为全校"));
        }
        if draft.last.is_some_and(|last| last < draft.from) {
            wrong("last", "结束日期不能早于开始日期".into());
        }
        let until = draft.last.and_then(|last| last.checked_add_days(Days::new(1)));
        if !flaws.is_empty() {
            return Err(flaws);
        }
        Ok(Self {
            title: title.into(),
            note: note.into(),
            icon: draft.icon,
            address: address.into(),
            audience: Audience { kinds, within: None, departments },
            from: draft.from,
            until,
        })
    }
}

/// Whether an entry is shown on a day.
pub fn is_shown(from: NaiveDate, until: Option<NaiveDate>, day: NaiveDate) -> bool {
    from <= day && until.is_none_or(|until| day < until)
}

/// Whether an entry of this audience is for somebody: what they are, and what they are counted under. Whom the roster does
/// not know sees what is for everybody.
pub fn is_for(audience: &Audience, kind: Option<PersonKind>, counted_under: &[Option<DepartmentId>]) -> bool {
    let of_kind = match kind {
        Some(kind) => audience.kinds.contains(&kind),
        None => [PersonKind::Student, PersonKind::Staff].iter().all(|kind| audience.kinds.contains(kind)),
    };
    let within = |departments: &Vec<DepartmentId>| {
        counted_under.iter().flatten().any(|department| departments.contains(department))
    };
    of_kind && audience.departments.as_ref().is_none_or(within)
}

/// Where an entry may lead: a name, by https, without a user or a password in it.
fn check_address(address: &str) -> Result<(), &'static str> {
    let Some(rest) = address.strip_prefix("https://") else {
        return Err("请填写以 https:// 开头的网址；http:// 的网址会被别人看到内容，请向对方索取 https 网址");
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("网址里不能有账号或密码（@ 前面的部分），请去掉");
    }
    let printable = |c: char| c.is_ascii_graphic() && !"\"'<>\\^`{|}".contains(c);
    if address.len() > MAX_ADDRESS || !address.chars().all(printable) {
        return Err("网址里有空格、中文或特殊符号，或超过 1000 个字符；请从浏览器地址栏复制");
    }
    let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
    if !is_host(host) || !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err("网址里的域名不对，请填写例如 https://lib.school.edu.cn/ 的网址");
    }
    Ok(())
}

fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let labels: Vec<&str> = host.split('.').collect();
    // A name: a bare address of a machine has no certificate people should trust.
    let named = labels.last().is_some_and(|last| last.bytes().any(|byte| byte.is_ascii_alphabetic()));
    labels.len() >= 2 && named && labels.into_iter().all(is_label)
}

/// What a file of the other authority names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// 已上报名单
    Reported,
    /// 未上报名单
    Missing,
}

impl Names {
    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reported => "reported",
            Self::Missing => "missing",
        }
    }

    /// As errors name the file.
    pub fn title(self) -> &'static str {
        match self {
            Self::Reported => "对方已上报名单",
            Self::Missing => "对方未上报名单",
        }
    }
}

/// People of a part of the school, here and there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Whom the entry is for.
    pub people: i64,
    /// Reported here and there.
    pub both: i64,
    /// There, and not here.
    pub only_there: i64,
    /// Here, and not there.
    pub only_here: i64,
}

impl Comparison {
    /// Neither here nor there.
    pub fn neither(self) -> i64 {
        self.people - self.both - self.only_there - self.only_here
    }

    /// Those here.
    pub fn here(self) -> i64 {
        self.both + self.only_here
    }

    /// Those there.
    pub fn there(self) -> i64 {
        self.both + self.only_there
    }
}

impl std::iter::Sum for Comparison {
    fn sum<I: Iterator<Item = Self>>(each: I) -> Self {
        each.fold(Self::default(), |sum, one| Self {
            people: sum.people + one.people,
            both: sum.both + one.both,
            only_there: sum.only_there + one.only_there,
            only_here: sum.only_here + one.only_here,
        })
    }
}

/// Which of those an entry is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// All.
    All,
    /// Here and there.
    Both,
    /// There, and not here.
    OnlyThere,
    /// Here, and not there.
    OnlyHere,
    /// Neither.
    Neither,
    /// Here, whether there or not.
    Here,
    /// Not here.
    NotHere,
    /// There, whether here or not.
    There,
    /// Not there.
    NotThere,
}

impl Which {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::All,
        Self::Both,
        Self::OnlyThere,
        Self::OnlyHere,
        Self::Neither,
        Self::Here,
        Self::NotHere,
        Self::There,
        Self::NotThere,
    ];

    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Both => "both",
            Self::OnlyThere => "only_there",
            Self::OnlyHere => "only_here",
            Self::Neither => "neither",
            Self::Here => "here",
            Self::NotHere => "not_here",
            Self::There => "there",
            Self::NotThere => "not_there",
        }
    }

    /// The one of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|which| which.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft<'a>(address: &'a str, kinds: &'a [PersonKind]) -> Draft<'a> {
        Draft {
            title: " 图书馆 ",
            note: "",
            icon: Icon::Library,
            address,
            kinds,
            departments: None,
            from: NaiveDate::from_ymd_opt(2020, 3, 4).unwrap(),
            last: None,
        }
    }

    const BOTH: [PersonKind; 2] = [PersonKind::Staff, PersonKind::Student];

    #[test]
    fn an_entry_leads_to_a_name_by_https_and_nowhere_else() {
        let leads = |address: &str| Entry::new(&draft(address, &BOTH)).is_ok();
        for address in [
            "https://lib.school.example/",
            "https://lib.school.example:8443/a/b?c=d&e=%E4%B8%AD#f",
            " https://LIB-1.school.example ",
            "https://school.example?to=a@b",
        ] {
            assert!(leads(address), "{address}");
        }
        for address in [
            "",
            "http://lib.school.example/",
            "HTTPS//lib.school.example/",
            "//lib.school.example/",
            "javascript:alert(1)//https://",
            "data:text/html,x",
            "https://",
            "https://localhost/",
            "https://10.0.0.1/",
            "https://[::1]/",
            "https://user@lib.school.example/",
            "https://user:secret@lib.school.example/",
            "https://lib.school.example:0/",
            "https://lib.school.example:99999/",
            "https://lib.school.example:/",
            "https://lib..example/",
            "https://-lib.example/",
            "https://lib.school.example\\@evil.example/",
            "https://lib.school.example/a b",
            "https://lib.school.example/\n/",
            "https://图书馆.example/",
        ] {
            assert!(!leads(address), "{address}");
        }
        assert!(!leads(&format!("https://school.example/{}", "a".repeat(1000))));
    }

    #[test]
    fn what_is_wrong_names_its_field() {
        let mut wrong = draft("ftp://school.example", &[]);
        wrong.title = "一二三四五六七八九十一二三";
        wrong.note = "两\n行";
        wrong.departments = Some(&[]);
        wrong.last = wrong.from.pred_opt();
        let fields: Vec<String> =
            Entry::new(&wrong).unwrap_err().into_iter().map(|flaw| flaw.field).collect();
        assert_eq!(fields, ["title", "note", "address", "kinds", "departments", "last"]);
        let right = Entry::new(&draft("https://school.example", &BOTH)).unwrap();
        assert_eq!((right.title.as_str(), right.until), ("图书馆", None));
        assert_eq!(right.audience.kinds, [PersonKind::Student, PersonKind::Staff], "in one order");
    }

    #[test]
    fn it_is_for_those_it_names() {
        let audience = |kinds: &[PersonKind], departments: Option<Vec<i32>>| Audience {
            kinds: kinds.to_vec(),
            within: None,
            departments,
        };
        let student = Some(PersonKind::Student);
        let place = [Some(7), None, Some(5), Some(3)];
        assert!(is_for(&audience(&BOTH, None), student, &place));
        assert!(is_for(&audience(&BOTH, Some(vec![5, 9])), student, &place));
        assert!(!is_for(&audience(&BOTH, Some(vec![9])), student, &place));
        assert!(!is_for(&audience(&[PersonKind::Staff], None), student, &place));
        assert!(is_for(&audience(&BOTH, None), None, &[]), "whom the roster does not know");
        assert!(!is_for(&audience(&[PersonKind::Student], None), None, &[]));
        assert!(!is_for(&audience(&BOTH, Some(vec![3])), None, &[]));
    }

    #[test]
    fn it_is_shown_from_its_first_day_to_its_last() {
        let day = |day| NaiveDate::from_ymd_opt(2020, 3, day).unwrap();
        let mut of_days = draft("https://school.example", &BOTH);
        of_days.last = Some(day(6));
        let entry = Entry::new(&of_days).unwrap();
        let shown: Vec<u32> = (3..9).filter(|at| is_shown(entry.from, entry.until, day(*at))).collect();
        assert_eq!(shown, [4, 5, 6]);
        assert!(is_shown(day(4), None, day(31)));
    }

    #[test]
    fn figures_add_up() {
        let one = Comparison { people: 10, both: 4, only_there: 1, only_here: 2 };
        assert_eq!((one.neither(), one.here(), one.there()), (3, 6, 5));
        let sum: Comparison = [one, one].into_iter().sum();
        assert_eq!((sum.people, sum.neither()), (20, 6));
    }

    #[test]
    fn names_read_back() {
        for icon in Icon::ALL {
            assert_eq!(Icon::parse(icon.as_str()), Some(icon));
        }
        for which in Which::ALL {
            assert_eq!(Which::parse(which.as_str()), Some(which));
        }
        assert_eq!((Icon::parse("x"), Which::parse("x")), (None, None));
    }
}
