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
}

/// Something a viewer wants to do with other people's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Read counts.
    SeeStatistics,
    /// Read names and states behind the counts.
    SeePeople,
    /// Read a phone number, one person at a time, on record.
    RevealPhone,
    /// Send a reminder now.
    Remind,
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
    /// Say since when somebody is in which class, has left, is back, or has which number.
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
    /// Run syncs, read rules, approve held removals.
    Administer,
    /// Read what was exported, by whom and what for.
    Audit,
}

impl Action {
    /// All.
    pub const ALL: [Self; 21] = [
        Self::SeeStatistics,
        Self::SeePeople,
        Self::RevealPhone,
        Self::Remind,
        Self::Exempt,
        Self::CheckCorrections,
        Self::FixCorrections,
        Self::AppointCounsellors,
        Self::House,
        Self::SeePhoto,
        Self::ChangeStatus,
        Self::ReportFor,
        Self::FollowUp,
        Self::SignOff,
        Self::Review,
        Self::SeeAnswers,
        Self::DesignForms,
        Self::GiveGrants,
        Self::Announce,
        Self::Administer,
        Self::Audit,
    ];
}

impl Role {
    /// All, from the smallest.
    pub const ALL: [Self; 9] = [
        Self::ClassAssistant,
        Self::Counsellor,
        Self::CollegeLeader,
        Self::CollegeOffice,
        Self::DepartmentHead,
        Self::SchoolOffice,
        Self::SchoolLeader,
        Self::Administrator,
        Self::Auditor,
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
            Self::SchoolOffice | Self::SchoolLeader | Self::Administrator | Self::Auditor => {
                kind == Kind::School
            }
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
        )
    }

    /// The whole policy, as a table.
    pub fn may(self, action: Action) -> bool {
        use Action::{
            Administer, Announce, AppointCounsellors, Audit, ChangeStatus, CheckCorrections, DesignForms,
            Exempt, FixCorrections, FollowUp, GiveGrants, House, Remind, ReportFor, RevealPhone, Review,
            SeeAnswers, SeePeople, SeePhoto, SeeStatistics, SignOff,
        };
        // What whoever looks after students may do with them.
        let cares = matches!(
            action,
            SeeStatistics
                | SeePeople
                | SeePhoto
                | RevealPhone
                | Remind
                | Exempt
                | ChangeStatus
                | House
                | CheckCorrections
                | ReportFor
                | FollowUp
                | SignOff
                | Review
                | SeeAnswers
        );
        match self {
            Self::Counsellor => cares,
            Self::CollegeOffice | Self::SchoolOffice => {
                cares
                    || matches!(
                        action,
                        FixCorrections | AppointCounsellors | DesignForms | GiveGrants | Announce
                    )
            }
            Self::ClassAssistant => matches!(action, SeeStatistics | SeePeople | Remind | FollowUp),
            Self::CollegeLeader | Self::DepartmentHead => {
                matches!(action, SeeStatistics | SeePeople | Remind | SignOff)
            }
            Self::SchoolLeader => matches!(action, SeeStatistics | SeePeople | Remind),
            Self::Administrator => {
                matches!(
                    action,
                    SeeStatistics | Administer | ChangeStatus | DesignForms | GiveGrants | Announce | Audit
                )
            }
            Self::Auditor => matches!(action, Audit),
        }
    }
}

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
        let granted = || self.grants.iter().filter(|grant| grant.role.may(action));
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
        assert!(administrator.may(Action::Administer) && administrator.may(Action::ChangeStatus));
        assert!(!administrator.may(Action::Exempt));
        assert!(!viewer(&[(Role::SchoolLeader, 1, true)]).may(Action::Administer));
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
        ] {
            assert_eq!(Role::parse(name).map(Role::as_str), Some(name));
        }
        assert_eq!(Role::parse("root"), None);
    }
}
