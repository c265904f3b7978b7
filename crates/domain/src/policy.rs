//! Who may do what, and over whom. The one place where roles become rights.
//!
//! A grant names a role and a department; a right over a college, grade or class is a right over everyone counted under
//! it, a right over an office one over those in that office.
//! Use cases ask [`Viewer::scope`] and pass the answer into the query, which then can't see anyone else.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{CorpId, DepartmentId, MemberId, PersonId, department::Kind, form::PersonKind};

/// What someone is to the school, by grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// 学生干部: their class, no contact data.
    ClassAssistant,
    /// 辅导员: their classes.
    Counsellor,
    /// 学院领导
    CollegeLeader,
    /// 学院办公室
    CollegeOffice,
    /// 部门负责人: their department's staff.
    DepartmentHead,
    /// 学工办
    SchoolOffice,
    /// 校领导
    SchoolLeader,
    /// 管理员: runs the system and keeps the roster; sees counts, not who answered what.
    Administrator,
    /// 审计
    Auditor,
    /// 门卫: who passes the gates.
    GateGuard,
}

/// Something a viewer wants to do with other people's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Read counts.
    SeeStatistics,
    /// Read names and states behind the counts.
    SeePeople,
    /// Read who has not reported, by name, and nothing else of them.
    SeeUnreported,
    /// Read a phone number, one person at a time, on record.
    RevealPhone,
    /// Send a reminder now.
    Remind,
    /// 邀请激活: have WeCom invite those who don't use it.
    Invite,
    /// Say on which days somebody need not answer.
    Exempt,
    /// Say whether what somebody wants corrected is so.
    CheckCorrections,
    /// Put it right.
    FixCorrections,
    /// Name a counsellor for a class.
    AppointCounsellors,
    /// Say who sleeps in which bed of the dormitories.
    House,
    /// Look at a photo, one person at a time, on record.
    SeePhoto,
    /// Delete a photo, which nobody can undo.
    DeletePhotos,
    /// Read since when somebody is in which class, has left, is back, or has which number.
    SeeStatus,
    /// Say so.
    ChangeStatus,
    /// 代报: answer for somebody who can't.
    ReportFor,
    /// Say why somebody has not reported.
    FollowUp,
    /// 零报告: sign a class or a college off for a day.
    SignOff,
    /// Look at what stands out, send it back, close it.
    Review,
    /// Read what somebody answered, one report at a time, on record.
    SeeAnswers,
    /// Make forms, run and end them.
    DesignForms,
    /// Give others a role, no wider than one's own.
    GiveGrants,
    /// 通知: write to everybody of theirs.
    Announce,
    /// 企业微信使用情况: read how the school uses the platform.
    SeePlatform,
    /// Run syncs, read rules, approve held removals.
    Administer,
    /// Read what was exported, by whom and what for.
    Audit,
    /// Read how many passed the gates, and how many are inside.
    SeePassageFigures,
    /// Read who passed the gates, and who is outside.
    SeePassages,
    /// 通行证: let somebody pass where others may not.
    ManagePermits,
    /// Set up gates, their rules and devices.
    ManageGates,
    /// Make every code of a key worthless at once.
    KillGateKeys,
    /// 门禁告警: look after what stands out at the gates.
    HandleGateAlarms,
    /// 入口: say which other systems members are led to, and bring their lists.
    ManagePortal,
    /// 访客: read who is expected and inside, take an invitation back, look at a phone, on record.
    ManageVisitors,
    /// 保存期限: read what is kept how long, what was purged, and the certificates of it.
    SeeRetention,
    /// 保全: keep a form from being purged, and no longer.
    HoldRecords,
}

impl Action {
    /// All.
    pub const ALL: [Self; 36] = [
        Self::SeeStatistics,
        Self::SeePeople,
        Self::SeeUnreported,
        Self::RevealPhone,
        Self::Remind,
        Self::Invite,
        Self::Exempt,
        Self::CheckCorrections,
        Self::FixCorrections,
        Self::AppointCounsellors,
        Self::House,
        Self::SeePhoto,
        Self::DeletePhotos,
        Self::SeeStatus,
        Self::ChangeStatus,
        Self::ReportFor,
        Self::FollowUp,
        Self::SignOff,
        Self::Review,
        Self::SeeAnswers,
        Self::DesignForms,
        Self::GiveGrants,
        Self::Announce,
        Self::SeePlatform,
        Self::Administer,
        Self::Audit,
        Self::SeePassageFigures,
        Self::SeePassages,
        Self::ManagePermits,
        Self::ManageGates,
        Self::KillGateKeys,
        Self::HandleGateAlarms,
        Self::ManagePortal,
        Self::ManageVisitors,
        Self::SeeRetention,
        Self::HoldRecords,
    ];

    /// As schools say it.
    pub fn title(self) -> &'static str {
        match self {
            Self::SeeStatistics => "看统计数字",
            Self::SeePeople => "看数字背后的人（填报状态、行程、宿舍、激活情况）",
            Self::SeeUnreported => "看未报名单（只有谁未报）",
            Self::RevealPhone => "看手机号、更正手机号（逐个，留痕）",
            Self::Remind => "催办",
            Self::Invite => "邀请激活",
            Self::Exempt => "登记免报",
            Self::CheckCorrections => "核实更正申请",
            Self::FixCorrections => "办理更正申请",
            Self::AppointCounsellors => "指定辅导员",
            Self::House => "安排床位",
            Self::SeePhoto => "看照片（逐个，留痕）",
            Self::DeletePhotos => "删除照片",
            Self::SeeStatus => "看学籍异动",
            Self::ChangeStatus => "登记学籍异动",
            Self::ReportFor => "代报",
            Self::FollowUp => "登记未报原因",
            Self::SignOff => "零报告签收、签人员流动",
            Self::Review => "核查、退回",
            Self::SeeAnswers => "看填报内容、导出填报内容（留痕）",
            Self::DesignForms => "设计和发布表单",
            Self::GiveGrants => "授权（不超过自己的权限）",
            Self::Announce => "发通知",
            Self::SeePlatform => "看企业微信使用情况（用量、成员使用记录）",
            Self::Administer => "管理系统（同步、名册导入、规则）",
            Self::Audit => "看审计、导出记录与全部授权",
            Self::SeePassageFigures => "看进出统计",
            Self::SeePassages => "看进出记录、未归名单",
            Self::ManagePermits => "办理通行证",
            Self::ManageGates => "管理门岗与设备",
            Self::KillGateKeys => "停用通行码密钥",
            Self::HandleGateAlarms => "处理门禁告警",
            Self::ManagePortal => "管理入口、导入对方名单",
            Self::ManageVisitors => "看访客、取消邀请、看访客手机号（逐个，留痕）",
            Self::SeeRetention => "看保存期限与删除证明",
            Self::HoldRecords => "设置和解除保全（留痕）",
        }
    }
}

impl Role {
    /// All, from the smallest.
    pub const ALL: [Self; 10] = [
        Self::ClassAssistant,
        Self::Counsellor,
        Self::CollegeLeader,
        Self::CollegeOffice,
        Self::DepartmentHead,
        Self::SchoolOffice,
        Self::SchoolLeader,
        Self::Administrator,
        Self::Auditor,
        Self::GateGuard,
    ];

    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClassAssistant => "class_assistant",
            Self::Counsellor => "counsellor",
            Self::CollegeLeader => "college_leader",
            Self::CollegeOffice => "college_office",
            Self::DepartmentHead => "department_head",
            Self::SchoolOffice => "school_office",
            Self::SchoolLeader => "school_leader",
            Self::Administrator => "administrator",
            Self::Auditor => "auditor",
            Self::GateGuard => "gate_guard",
        }
    }

    /// As schools say it.
    pub fn title(self) -> &'static str {
        match self {
            Self::ClassAssistant => "学生干部",
            Self::Counsellor => "辅导员",
            Self::CollegeLeader => "学院领导",
            Self::CollegeOffice => "学院办公室",
            Self::DepartmentHead => "部门负责人",
            Self::SchoolOffice => "学工办",
            Self::SchoolLeader => "校领导",
            Self::Administrator => "管理员",
            Self::Auditor => "审计员",
            Self::GateGuard => "门卫",
        }
    }

    /// The role of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// Over what kinds of departments it is given by hand.
    pub fn is_over(self, kind: Kind) -> bool {
        match self {
            Self::ClassAssistant => kind == Kind::Class,
            Self::Counsellor => matches!(kind, Kind::Class | Kind::Grade | Kind::College),
            Self::CollegeLeader | Self::CollegeOffice => kind == Kind::College,
            // Of an office its staff, of a college or the school its students too.
            Self::DepartmentHead => matches!(kind, Kind::Office | Kind::College | Kind::School),
            Self::SchoolOffice
            | Self::SchoolLeader
            | Self::Administrator
            | Self::Auditor
            | Self::GateGuard => kind == Kind::School,
        }
    }

    /// Whether students can have it, and whether staff can. Postgraduates look after classes too.
    pub fn is_for(self, kind: PersonKind) -> bool {
        match self {
            Self::ClassAssistant => kind == PersonKind::Student,
            Self::Counsellor => true,
            _ => kind == PersonKind::Staff,
        }
    }

    /// Whether it is one of those that run the school, whom administrators appoint although they see no people
    /// themselves (docs/adr/0005).
    fn is_appointed(self) -> bool {
        matches!(
            self,
            Self::CollegeLeader
                | Self::CollegeOffice
                | Self::DepartmentHead
                | Self::SchoolOffice
                | Self::SchoolLeader
                | Self::Auditor
                | Self::GateGuard
        )
    }

    /// The whole policy, as a table: docs/RIGHTS.md is made from it, and docs/adr/0006 says why.
    pub fn may(self, action: Action) -> bool {
        use Action::{
            Administer, Announce, AppointCounsellors, Audit, ChangeStatus, CheckCorrections, DeletePhotos,
            DesignForms, Exempt, FixCorrections, FollowUp, GiveGrants, HandleGateAlarms, HoldRecords, House,
            Invite, KillGateKeys, ManageGates, ManagePermits, ManagePortal, ManageVisitors, Remind,
            ReportFor, RevealPhone, Review, SeeAnswers, SeePassageFigures, SeePassages, SeePeople, SeePhoto,
            SeePlatform, SeeRetention, SeeStatistics, SeeStatus, SeeUnreported, SignOff,
        };
        let looks_on =
            matches!(action, SeeStatistics | SeePeople | SeeUnreported | SeePassageFigures | SeePassages);
        // What whoever looks after students may do with them.
        let cares = looks_on
            || matches!(
                action,
                SeePhoto
                    | SeeStatus
                    | RevealPhone
                    | Remind
                    | Invite
                    | Exempt
                    | House
                    | CheckCorrections
                    | ReportFor
                    | FollowUp
                    | SignOff
                    | Review
                    | SeeAnswers
                    | ManagePermits
            );
        match self {
            Self::Counsellor => cares,
            Self::CollegeOffice | Self::SchoolOffice => {
                cares
                    || matches!(
                        action,
                        ChangeStatus
                            | DeletePhotos
                            | FixCorrections
                            | AppointCounsellors
                            | DesignForms
                            | GiveGrants
                            | Announce
                    )
                    || self == Self::SchoolOffice
                        && matches!(
                            action,
                            SeePlatform
                                | HandleGateAlarms
                                | ManagePortal
                                | ManageVisitors
                                | SeeRetention
                                | HoldRecords
                        )
            }
            // A fellow student: who has not reported, and nothing else of them.
            Self::ClassAssistant => matches!(action, SeeUnreported | Remind | FollowUp),
            Self::CollegeLeader => looks_on || action == SignOff,
            // Nobody else is nearer to the staff of an office.
            Self::DepartmentHead => looks_on || matches!(action, SignOff | Remind | Invite),
            Self::SchoolLeader => looks_on || action == SeePlatform,
            Self::Administrator => {
                matches!(
                    action,
                    SeeStatistics
                        | SeePlatform
                        | Administer
                        | Invite
                        | SeeStatus
                        | ChangeStatus
                        | DeletePhotos
                        | DesignForms
                        | GiveGrants
                        | Announce
                        | Audit
                        | SeePassageFigures
                        | ManageGates
                        | KillGateKeys
                        | ManagePortal
                        | SeeRetention
                )
            }
            // Whoever runs the system does not say what of it is evidence.
            Self::Auditor => matches!(action, Audit | SeeRetention | HoldRecords),
            Self::GateGuard => {
                matches!(action, SeePassageFigures | SeePassages | HandleGateAlarms | ManageVisitors)
            }
        }
    }
}

/// Days a grant that somebody gives holds at most.
pub const LONGEST: u64 = 400;

/// A role over a department, until a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// What they are.
    pub role: Role,
    /// Over what.
    pub department_id: DepartmentId,
    /// Its name, to be shown.
    pub department_name: String,
    /// Whether the department is the school itself.
    pub whole_school: bool,
    /// The first day it no longer holds.
    pub until: NaiveDate,
}

impl Grant {
    /// Whether it opens an action. A head of a department acts for its staff; over the whole school they look on, as its
    /// leaders do.
    pub fn may(&self, action: Action) -> bool {
        let only_looks_on = self.role == Role::DepartmentHead && self.whole_school;
        self.role.may(action) && (!only_looks_on || Role::SchoolLeader.may(action))
    }
}

/// Whose data an action may touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everyone of the school.
    School,
    /// Those counted under one of these departments; none: nobody.
    Departments(Vec<DepartmentId>),
}

impl Scope {
    /// Whether someone counted under these departments (class, grade, college …) is in it.
    pub fn covers(&self, counted_under: &[Option<DepartmentId>]) -> bool {
        match self {
            Self::School => true,
            Self::Departments(departments) => {
                counted_under.iter().flatten().any(|department| departments.contains(department))
            }
        }
    }

    /// The departments, for a query; none: the whole school.
    pub fn departments(&self) -> Option<Vec<DepartmentId>> {
        match self {
            Self::School => None,
            Self::Departments(departments) => Some(departments.clone()),
        }
    }

    /// Whether it holds nobody.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Departments(departments) if departments.is_empty())
    }
}

/// Who is signed in: an account, the person it belongs to, and what they were granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// The school.
    pub corp: CorpId,
    /// The account.
    pub member: MemberId,
    /// As WeCom gives it.
    pub userid: String,
    /// The person, when the roster knows them.
    pub person: Option<ViewerPerson>,
    /// What holds today.
    pub grants: Vec<Grant>,
}

/// The person behind an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewerPerson {
    /// Our id.
    pub id: PersonId,
    /// Student or staff.
    pub kind: PersonKind,
}

impl Viewer {
    /// Whose data the viewer may touch with `action`.
    pub fn scope(&self, action: Action) -> Scope {
        let granted = || self.grants.iter().filter(|grant| grant.may(action));
        if granted().any(|grant| grant.whole_school) {
            return Scope::School;
        }
        let mut departments: Vec<_> = granted().map(|grant| grant.department_id).collect();
        departments.sort_unstable();
        departments.dedup();
        Scope::Departments(departments)
    }

    /// Whether the viewer may make somebody a counsellor of those counted under these departments: it is theirs to do,
    /// and nobody gives what they don't hold themselves.
    pub fn may_appoint(&self, counted_under: &[Option<DepartmentId>]) -> bool {
        let lent = Action::ALL.into_iter().filter(|action| Role::Counsellor.may(*action));
        lent.chain([Action::AppointCounsellors]).all(|action| self.scope(action).covers(counted_under))
    }

    /// Whether the viewer may give and end this role over a department counted under these: nobody gives what they don't
    /// hold there themselves, but administrators appoint those who run the school.
    pub fn may_give(&self, role: Role, counted_under: &[Option<DepartmentId>]) -> bool {
        let holds = |action: Action| self.scope(action).covers(counted_under);
        let lent = Action::ALL.into_iter().filter(|action| role.may(*action)).all(holds);
        holds(Action::GiveGrants) && (lent || role.is_appointed() && holds(Action::Administer))
    }

    /// Whether the viewer may invite somebody to the school (访客). It takes no grant: of staff everybody has guests, and answers
    /// for them by name. A student's guests are their counsellor's to invite.
    pub fn may_invite_visitors(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.kind == PersonKind::Staff)
    }

    /// Whether a second factor belongs to what the viewer holds: it changes what others may do or are, or shows what everybody
    /// did.
    pub fn wants_second_factor(&self) -> bool {
        use Action::{Administer, Audit, ChangeStatus, GiveGrants};
        [Administer, Audit, ChangeStatus, GiveGrants].into_iter().any(|action| self.may(action))
    }

    /// Whether the viewer may do `action` to anyone at all.
    pub fn may(&self, action: Action) -> bool {
        !self.scope(action).is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewer(grants: &[(Role, DepartmentId, bool)]) -> Viewer {
        let until = NaiveDate::from_ymd_opt(2027, 8, 31).unwrap();
        let grants = grants
            .iter()
            .map(|&(role, department_id, whole_school)| Grant {
                role,
                department_id,
                department_name: String::new(),
                whole_school,
                until,
            })
            .collect();
        Viewer { corp: 1, member: 1, userid: "a".into(), person: None, grants }
    }

    #[test]
    fn without_a_grant_nobody_is_seen() {
        for action in [
            Action::SeeStatistics,
            Action::SeePeople,
            Action::RevealPhone,
            Action::Remind,
            Action::House,
            Action::SeePhoto,
            Action::Administer,
        ] {
            assert!(!viewer(&[]).may(action));
        }
    }

    #[test]
    fn grants_add_up_and_never_lend_each_other_rights() {
        let both = viewer(&[
            (Role::Counsellor, 7, false),
            (Role::Counsellor, 5, false),
            (Role::CollegeLeader, 3, false),
        ]);
        assert_eq!(both.scope(Action::SeePeople), Scope::Departments(vec![3, 5, 7]));
        assert_eq!(both.scope(Action::RevealPhone), Scope::Departments(vec![5, 7]));
    }

    #[test]
    fn an_administrator_sees_counts_and_no_people() {
        let administrator = viewer(&[(Role::Administrator, 1, true)]);
        assert_eq!(administrator.scope(Action::SeeStatistics), Scope::School);
        assert!(!administrator.may(Action::SeePeople) && !administrator.may(Action::RevealPhone));
        assert!(!administrator.may(Action::SeeUnreported) && !administrator.may(Action::SeePhoto));
        assert!(administrator.may(Action::Administer) && administrator.may(Action::ChangeStatus));
        assert!(!administrator.may(Action::Exempt));
        assert!(!viewer(&[(Role::SchoolLeader, 1, true)]).may(Action::Administer));
    }

    #[test]
    fn a_fellow_student_learns_who_has_not_reported_and_nothing_else() {
        let assistant = viewer(&[(Role::ClassAssistant, 7, false)]);
        let may: Vec<Action> = Action::ALL
            .into_iter()
            .filter(|action| assistant.scope(*action) == Scope::Departments(vec![7]))
            .collect();
        assert_eq!(may, [Action::SeeUnreported, Action::Remind, Action::FollowUp]);
    }

    #[test]
    fn leaders_look_on_and_message_nobody() {
        for (role, whole) in [(Role::CollegeLeader, false), (Role::SchoolLeader, true)] {
            let leader = viewer(&[(role, 3, whole)]);
            assert!(leader.may(Action::SeeStatistics) && leader.may(Action::SeePeople), "{role:?}");
            for action in
                [Action::Remind, Action::Invite, Action::Announce, Action::FollowUp, Action::RevealPhone]
            {
                assert!(!leader.may(action), "{role:?} {action:?}");
            }
        }
        assert!(
            viewer(&[(Role::CollegeLeader, 3, false)]).may(Action::SignOff),
            "a college answers for its figures"
        );
    }

    #[test]
    fn a_head_reminds_the_staff_of_a_department_and_not_a_school() {
        let head = viewer(&[(Role::DepartmentHead, 9, false)]);
        let over_all = viewer(&[(Role::DepartmentHead, 1, true)]);
        for action in [Action::Remind, Action::Invite, Action::SignOff] {
            assert!(head.may(action) && !over_all.may(action), "{action:?}");
        }
        assert_eq!(over_all.scope(Action::SeePeople), Scope::School);
        let both = viewer(&[(Role::DepartmentHead, 9, false), (Role::DepartmentHead, 1, true)]);
        assert_eq!(both.scope(Action::Remind), Scope::Departments(vec![9]), "where they are nearest");
    }

    #[test]
    fn what_cannot_be_undone_or_changes_who_is_expected_is_an_offices() {
        let counsellor = viewer(&[(Role::Counsellor, 7, false)]);
        for action in [Action::DeletePhotos, Action::ChangeStatus, Action::FixCorrections] {
            assert!(!counsellor.may(action), "{action:?}");
            for role in [Role::CollegeOffice, Role::SchoolOffice] {
                assert!(role.may(action), "{role:?} {action:?}");
            }
        }
        for action in [Action::SeePhoto, Action::SeeStatus, Action::CheckCorrections] {
            assert!(counsellor.may(action), "{action:?}");
        }
    }

    #[test]
    fn an_office_names_counsellors_where_it_holds_as_much_itself() {
        let class = [Some(7), Some(5), Some(3)];
        assert!(viewer(&[(Role::CollegeOffice, 3, false)]).may_appoint(&class));
        assert!(viewer(&[(Role::SchoolOffice, 1, true)]).may_appoint(&class));
        assert!(!viewer(&[(Role::CollegeOffice, 4, false)]).may_appoint(&class), "another college");
        for role in [Role::Counsellor, Role::CollegeLeader, Role::SchoolLeader, Role::Administrator] {
            assert!(!viewer(&[(role, 1, true)]).may_appoint(&class), "{role:?}");
        }
    }

    #[test]
    fn a_second_factor_belongs_to_whoever_changes_others_or_reads_what_they_did() {
        let wanting: Vec<Role> =
            Role::ALL.into_iter().filter(|role| viewer(&[(*role, 1, true)]).wants_second_factor()).collect();
        assert_eq!(wanting, [Role::CollegeOffice, Role::SchoolOffice, Role::Administrator, Role::Auditor]);
        assert!(!viewer(&[]).wants_second_factor());
    }

    #[test]
    fn nobody_gives_more_than_they_hold() {
        let class = [Some(7), Some(7), Some(5), Some(3)];
        let college = [Some(3), None, None, Some(3)];
        let school = [Some(1), None, None, None];
        let gives =
            |role: Role, over: DepartmentId, whole: bool, given: Role, path: &[Option<DepartmentId>]| {
                viewer(&[(role, over, whole)]).may_give(given, path)
            };
        use Role::*;
        for given in [ClassAssistant, Counsellor] {
            assert!(gives(CollegeOffice, 3, false, given, &class), "{given:?}");
            assert!(!gives(CollegeOffice, 4, false, given, &class), "{given:?} in another college");
            assert!(gives(SchoolOffice, 1, true, given, &class), "{given:?}");
            assert!(
                !gives(Administrator, 1, true, given, &class),
                "{given:?}: an administrator sees no people"
            );
            assert!(!gives(Counsellor, 7, false, given, &class), "{given:?}");
            assert!(!gives(SchoolLeader, 1, true, given, &class), "{given:?}");
        }
        assert!(gives(CollegeOffice, 3, false, CollegeOffice, &college));
        assert!(!gives(CollegeOffice, 3, false, SchoolOffice, &school));
        assert!(gives(SchoolOffice, 1, true, SchoolOffice, &school));
        for given in [Administrator, Auditor] {
            assert!(!gives(SchoolOffice, 1, true, given, &school), "{given:?}");
            assert!(gives(Administrator, 1, true, given, &school), "{given:?}");
        }
        for given in [CollegeLeader, CollegeOffice, DepartmentHead] {
            assert!(gives(Administrator, 1, true, given, &college), "{given:?}");
        }
        assert!(gives(Administrator, 1, true, SchoolOffice, &school));
        assert!(!gives(Auditor, 1, true, Auditor, &school));
    }

    #[test]
    fn an_auditor_reads_the_logs_and_nothing_else() {
        let auditor = viewer(&[(Role::Auditor, 1, true)]);
        assert!(auditor.may(Action::Audit));
        for action in [Action::SeeStatistics, Action::SeePeople, Action::RevealPhone, Action::Administer] {
            assert!(!auditor.may(action));
        }
        assert!(!viewer(&[(Role::SchoolLeader, 1, true)]).may(Action::Audit));
    }

    #[test]
    fn whoever_runs_the_system_sees_what_is_purged_and_holds_nothing() {
        for (role, holds) in [(Role::SchoolOffice, true), (Role::Auditor, true), (Role::Administrator, false)]
        {
            let viewer = viewer(&[(role, 1, true)]);
            assert!(viewer.may(Action::SeeRetention), "{role:?}");
            assert_eq!(viewer.may(Action::HoldRecords), holds, "{role:?}");
        }
        assert!(!viewer(&[(Role::CollegeOffice, 3, false)]).may(Action::SeeRetention));
    }

    #[test]
    fn a_guard_sees_who_passes_and_what_stands_out_and_nothing_else() {
        let guard = viewer(&[(Role::GateGuard, 1, true)]);
        let may: Vec<Action> = Action::ALL.into_iter().filter(|action| guard.may(*action)).collect();
        let due = [
            Action::SeePassageFigures,
            Action::SeePassages,
            Action::HandleGateAlarms,
            Action::ManageVisitors,
        ];
        assert_eq!(may, due);
        let administrator = viewer(&[(Role::Administrator, 1, true)]);
        assert!(administrator.may(Action::KillGateKeys) && !administrator.may(Action::SeePassages));
        assert!(!viewer(&[(Role::SchoolLeader, 1, true)]).may(Action::ManagePermits));
    }

    #[test]
    fn staff_have_guests_and_students_do_not() {
        let of = |kind| Some(ViewerPerson { id: 1, kind });
        let plain = Viewer { person: of(PersonKind::Staff), ..viewer(&[]) };
        assert!(plain.may_invite_visitors() && !plain.may(Action::ManageVisitors));
        let counsellor =
            Viewer { person: of(PersonKind::Student), ..viewer(&[(Role::Counsellor, 7, false)]) };
        assert!(!counsellor.may_invite_visitors(), "a postgraduate, who has a class");
        assert!(!viewer(&[(Role::SchoolOffice, 1, true)]).may_invite_visitors(), "nobody the roster knows");
    }

    #[test]
    fn roles_keep_their_names() {
        for name in [
            "class_assistant",
            "counsellor",
            "college_leader",
            "college_office",
            "department_head",
            "school_office",
            "school_leader",
            "administrator",
            "auditor",
            "gate_guard",
        ] {
            assert_eq!(Role::parse(name).map(Role::as_str), Some(name));
        }
        assert_eq!(Role::parse("root"), None);
    }
}
