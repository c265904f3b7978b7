//! The closed list of figures.

use super::{Collector, Source};

/// What a figure is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// 在册学生
    StudentsEnrolled,
    /// … whose account is activated.
    StudentsActivated,
    /// 在册教职工
    StaffRostered,
    /// … whose account is activated.
    StaffActivated,
    /// Accounts in WeCom.
    SeatsUsed,
    /// Accounts it may have.
    SeatsLimit,
    /// Members who used WeCom on a day.
    ActiveMembers,
    /// Members who used Rollcall on a day.
    Visitors,
    /// … by part of it.
    ModuleVisitors,
    /// … by role.
    RoleVisitors,
    /// Who was to report on a day, by form.
    ReportsExpected,
    /// Who did.
    ReportsReceived,
    /// Passes through the entry to the province's system.
    PortalPasses,
    /// Contacts outside that were added.
    ContactsAdded,
    /// … and deleted.
    ContactsRemoved,
    /// Meetings started on a day.
    MeetingsStarted,
    /// Who came to them, each as often as they came.
    MeetingAttendees,
    /// Lives of a day that this app booked.
    LivingsHeld,
    /// Who watched them.
    LivingViewers,
    /// Answers to the questionnaire of a week.
    LivingAnswers,
    /// Teachers who taught live in a week, as they say.
    LivingTeachers,
    /// The drive's size.
    DriveCapacity,
    /// How much of it is used.
    DriveUsed,
    /// Uses of the drive on a day.
    DriveUses,
    /// What so much of it costs a year.
    DrivePrice,
    /// What members did with their accounts on a day.
    MemberOperations,
    /// What administrators did in the console.
    AdminOperations,
}

/// Under which heading a figure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// 注册与席位
    Registration,
    /// 日活跃成员
    Activity,
    /// 应用使用
    Own,
    /// 会议
    Meetings,
    /// 直播教学
    Living,
    /// 微盘
    Drive,
    /// 外部沟通
    Contacts,
    /// 操作日志
    Logs,
}

impl Group {
    /// All, in the page's order.
    pub const ALL: [Self; 8] = [
        Self::Registration,
        Self::Activity,
        Self::Own,
        Self::Meetings,
        Self::Living,
        Self::Drive,
        Self::Contacts,
        Self::Logs,
    ];

    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Activity => "activity",
            Self::Own => "own",
            Self::Meetings => "meetings",
            Self::Living => "living",
            Self::Drive => "drive",
            Self::Contacts => "contacts",
            Self::Logs => "logs",
        }
    }

    /// As a briefing heads it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Registration => "注册与席位",
            Self::Activity => "成员活跃",
            Self::Own => "点名应用使用",
            Self::Meetings => "会议",
            Self::Living => "直播教学",
            Self::Drive => "微盘",
            Self::Contacts => "外部沟通",
            Self::Logs => "操作日志",
        }
    }
}

/// What a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 人
    People,
    /// 人次
    Times,
    /// 条、场、份
    Items,
    /// Kept in bytes, shown in GB of 2^30, as WeCom's console does.
    Gigabytes,
    /// Kept in fen, shown in yuan.
    Yuan,
}

const BYTES: f64 = 1_073_741_824.0;
/// Larger than any school's figure, and exact in every unit.
const LARGEST: f64 = 1e12;

impl Unit {
    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Times => "times",
            Self::Items => "items",
            Self::Gigabytes => "gigabytes",
            Self::Yuan => "yuan",
        }
    }

    /// As people read it.
    #[expect(clippy::cast_precision_loss, reason = "figures of a school are far below 2^52")]
    pub fn shown(self, kept: i64) -> f64 {
        match self {
            Self::People | Self::Times | Self::Items => kept as f64,
            Self::Gigabytes => (kept as f64 / BYTES * 100.0).round() / 100.0,
            Self::Yuan => kept as f64 / 100.0,
        }
    }

    /// As it is kept; none for what is no such figure: below zero, half a person.
    #[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number below 2^53")]
    pub fn kept(self, shown: f64) -> Option<i64> {
        let kept = match self {
            Self::People | Self::Times | Self::Items => Some(shown).filter(|shown| shown.fract() == 0.0),
            Self::Gigabytes => Some((shown * BYTES).round()),
            Self::Yuan => Some((shown * 100.0).round()),
        };
        let known = (0.0..LARGEST).contains(&shown);
        kept.filter(|kept| known && *kept < 9e15).map(|kept| kept as i64)
    }

    /// With its word, as a briefing has it.
    pub fn words(self, kept: i64) -> String {
        let shown = self.shown(kept);
        match self {
            Self::People => format!("{shown:.0}人"),
            Self::Times => format!("{shown:.0}人次"),
            Self::Items => format!("{shown:.0}"),
            Self::Gigabytes => format!("{}GB", plain(shown)),
            Self::Yuan => format!("{}元", plain(shown)),
        }
    }
}

/// Without noughts at the end.
fn plain(number: f64) -> String {
    let text = format!("{number:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Of what a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    /// A standing: the newest is what holds.
    Now,
    /// What happened on a day: a month has a sum, a most and a least.
    Day,
    /// What happened in a week, kept under its Monday.
    Week,
}

impl Metric {
    /// All, in the page's order.
    pub const ALL: [Self; 27] = [
        Self::StudentsEnrolled,
        Self::StudentsActivated,
        Self::StaffRostered,
        Self::StaffActivated,
        Self::SeatsUsed,
        Self::SeatsLimit,
        Self::ActiveMembers,
        Self::Visitors,
        Self::ModuleVisitors,
        Self::RoleVisitors,
        Self::ReportsExpected,
        Self::ReportsReceived,
        Self::PortalPasses,
        Self::MeetingsStarted,
        Self::MeetingAttendees,
        Self::LivingsHeld,
        Self::LivingViewers,
        Self::LivingAnswers,
        Self::LivingTeachers,
        Self::DriveCapacity,
        Self::DriveUsed,
        Self::DriveUses,
        Self::DrivePrice,
        Self::ContactsAdded,
        Self::ContactsRemoved,
        Self::MemberOperations,
        Self::AdminOperations,
    ];

    /// As it stands in the database, in JSON, and as a file's column.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StudentsEnrolled => "students_enrolled",
            Self::StudentsActivated => "students_activated",
            Self::StaffRostered => "staff_rostered",
            Self::StaffActivated => "staff_activated",
            Self::SeatsUsed => "seats_used",
            Self::SeatsLimit => "seats_limit",
            Self::ActiveMembers => "active_members",
            Self::Visitors => "visitors",
            Self::ModuleVisitors => "module_visitors",
            Self::RoleVisitors => "role_visitors",
            Self::ReportsExpected => "reports_expected",
            Self::ReportsReceived => "reports_received",
            Self::PortalPasses => "portal_passes",
            Self::ContactsAdded => "contacts_added",
            Self::ContactsRemoved => "contacts_removed",
            Self::MeetingsStarted => "meetings_started",
            Self::MeetingAttendees => "meeting_attendees",
            Self::LivingsHeld => "livings_held",
            Self::LivingViewers => "living_viewers",
            Self::LivingAnswers => "living_answers",
            Self::LivingTeachers => "living_teachers",
            Self::DriveCapacity => "drive_capacity",
            Self::DriveUsed => "drive_used",
            Self::DriveUses => "drive_uses",
            Self::DrivePrice => "drive_price",
            Self::MemberOperations => "member_operations",
            Self::AdminOperations => "admin_operations",
        }
    }

    /// As schools say it.
    pub fn title(self) -> &'static str {
        match self {
            Self::StudentsEnrolled => "在册学生",
            Self::StudentsActivated => "已激活学生",
            Self::StaffRostered => "在册教职工",
            Self::StaffActivated => "已激活教职工",
            Self::SeatsUsed => "已用席位",
            Self::SeatsLimit => "席位上限",
            Self::ActiveMembers => "日活跃成员",
            Self::Visitors => "点名使用人数",
            Self::ModuleVisitors => "各功能使用人数",
            Self::RoleVisitors => "各角色使用人数",
            Self::ReportsExpected => "应报人数",
            Self::ReportsReceived => "已报人数",
            Self::PortalPasses => "省平台入口使用",
            Self::ContactsAdded => "添加外部联系人",
            Self::ContactsRemoved => "删除外部联系人",
            Self::MeetingsStarted => "会议场次",
            Self::MeetingAttendees => "参会人次",
            Self::LivingsHeld => "直播场次",
            Self::LivingViewers => "直播观看人数",
            Self::LivingAnswers => "直播问卷填报人数",
            Self::LivingTeachers => "直播授课教师",
            Self::DriveCapacity => "微盘容量",
            Self::DriveUsed => "微盘已用",
            Self::DriveUses => "微盘使用人次",
            Self::DrivePrice => "微盘价格",
            Self::MemberOperations => "成员操作",
            Self::AdminOperations => "管理端操作",
        }
    }

    /// Under which heading it stands.
    pub fn group(self) -> Group {
        match self {
            Self::StudentsEnrolled
            | Self::StudentsActivated
            | Self::StaffRostered
            | Self::StaffActivated
            | Self::SeatsUsed
            | Self::SeatsLimit => Group::Registration,
            Self::ActiveMembers => Group::Activity,
            Self::Visitors
            | Self::ModuleVisitors
            | Self::RoleVisitors
            | Self::ReportsExpected
            | Self::ReportsReceived
            | Self::PortalPasses => Group::Own,
            Self::ContactsAdded | Self::ContactsRemoved => Group::Contacts,
            Self::MeetingsStarted | Self::MeetingAttendees => Group::Meetings,
            Self::LivingsHeld | Self::LivingViewers | Self::LivingAnswers | Self::LivingTeachers => {
                Group::Living
            }
            Self::DriveCapacity | Self::DriveUsed | Self::DriveUses | Self::DrivePrice => Group::Drive,
            Self::MemberOperations | Self::AdminOperations => Group::Logs,
        }
    }

    /// What its value counts.
    pub fn unit(self) -> Unit {
        match self {
            Self::PortalPasses | Self::MeetingAttendees | Self::DriveUses => Unit::Times,
            Self::ContactsAdded
            | Self::ContactsRemoved
            | Self::MeetingsStarted
            | Self::LivingsHeld
            | Self::MemberOperations
            | Self::AdminOperations => Unit::Items,
            Self::DriveCapacity | Self::DriveUsed => Unit::Gigabytes,
            Self::DrivePrice => Unit::Yuan,
            _ => Unit::People,
        }
    }

    /// Of what its value is.
    pub fn per(self) -> Per {
        match self {
            Self::StudentsEnrolled
            | Self::StudentsActivated
            | Self::StaffRostered
            | Self::StaffActivated
            | Self::SeatsUsed
            | Self::SeatsLimit
            | Self::DriveCapacity
            | Self::DriveUsed
            | Self::DrivePrice => Per::Now,
            Self::LivingAnswers | Self::LivingTeachers => Per::Week,
            _ => Per::Day,
        }
    }

    /// Who collects it; none: nobody can, it is brought or entered.
    pub fn collector(self) -> Option<Collector> {
        Some(match self {
            Self::StudentsEnrolled
            | Self::StudentsActivated
            | Self::StaffRostered
            | Self::StaffActivated
            | Self::SeatsUsed
            | Self::SeatsLimit => Collector::Registration,
            Self::ActiveMembers => Collector::Active,
            Self::Visitors | Self::ModuleVisitors | Self::RoleVisitors => Collector::Visits,
            Self::ReportsExpected | Self::ReportsReceived => Collector::Reports,
            Self::LivingAnswers | Self::LivingTeachers => Collector::Questionnaire,
            Self::MeetingsStarted => Collector::Meetings,
            Self::ContactsAdded | Self::ContactsRemoved | Self::MemberOperations => Collector::MemberLog,
            Self::AdminOperations => Collector::AdminLog,
            Self::DriveCapacity => Collector::Drive,
            Self::LivingsHeld | Self::LivingViewers => Collector::Living,
            Self::PortalPasses
            | Self::MeetingAttendees
            | Self::DriveUsed
            | Self::DriveUses
            | Self::DrivePrice => {
                return None;
            }
        })
    }

    /// Where its readings come from by themselves.
    pub fn collected_from(self) -> Option<Source> {
        self.collector().map(|collector| match collector {
            Collector::Registration | Collector::Visits | Collector::Reports | Collector::Questionnaire => {
                Source::Own
            }
            _ => Source::Api,
        })
    }

    /// Days after which WeCom has it no more.
    pub fn window(self) -> Option<u16> {
        match self {
            Self::ActiveMembers | Self::MeetingsStarted => Some(30),
            Self::ContactsAdded | Self::ContactsRemoved | Self::MemberOperations | Self::AdminOperations => {
                Some(180)
            }
            _ => None,
        }
    }

    /// Whether it has parts: forms, modules, roles, sizes.
    pub fn has_parts(self) -> bool {
        matches!(
            self,
            Self::ModuleVisitors
                | Self::RoleVisitors
                | Self::ReportsExpected
                | Self::ReportsReceived
                | Self::DrivePrice
        )
    }

    /// Whether somebody may enter it. What follows from our own records day by day is not anybody's to say.
    pub fn is_entered(self) -> bool {
        !matches!(
            self,
            Self::ModuleVisitors
                | Self::RoleVisitors
                | Self::Visitors
                | Self::ReportsExpected
                | Self::ReportsReceived
                | Self::MemberOperations
                | Self::AdminOperations
        )
    }

    /// The metric of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_a_name_of_its_own_and_somewhere_to_come_from() {
        let names: std::collections::BTreeSet<_> = Metric::ALL.iter().map(|metric| metric.as_str()).collect();
        assert_eq!(names.len(), Metric::ALL.len());
        for metric in Metric::ALL {
            assert_eq!(Metric::parse(metric.as_str()), Some(metric));
            assert!(metric.collector().is_some() || metric.is_entered(), "{metric:?} comes from nowhere");
            assert!(metric.window().is_none() || metric.collected_from() == Some(Source::Api), "{metric:?}");
        }
        assert_eq!(Metric::parse("mood"), None);
    }

    #[test]
    fn values_are_kept_whole_and_shown_as_people_say_them() {
        assert_eq!(Unit::Gigabytes.kept(100.0), Some(107_374_182_400));
        assert!((Unit::Gigabytes.shown(107_374_182_400) - 100.0).abs() < f64::EPSILON);
        assert_eq!(Unit::Gigabytes.words(32_212_254_720), "30GB");
        assert_eq!(Unit::Yuan.kept(1999.9), Some(199_990));
        assert_eq!(Unit::Yuan.words(199_990), "1999.9元");
        assert_eq!(Unit::Times.kept(48_881.0), Some(48_881));
        assert_eq!(Unit::Times.words(48_881), "48881人次");
        for wrong in [-1.0, 0.5, f64::NAN, f64::INFINITY, 1e13] {
            assert_eq!(Unit::People.kept(wrong), None, "{wrong}");
        }
    }
}
