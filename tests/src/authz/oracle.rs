//! Who may do what, as a school would say it: written from docs/ARCHITECTURE.md, docs/adr/ and the descriptions of
//! docs/openapi.json, and not from the rules it is to judge.

/// Somebody of every role. Who has signed in nowhere is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    Student,
    Teacher,
    /// A student who helps with their class.
    Assistant,
    Counsellor,
    CollegeLeader,
    CollegeOffice,
    /// Of an office of the school, for its staff.
    DepartmentHead,
    SchoolOffice,
    SchoolLeader,
    Administrator,
    Auditor,
}

use Who::{
    Administrator, Assistant, Auditor, CollegeLeader, CollegeOffice, Counsellor, DepartmentHead,
    SchoolLeader, SchoolOffice, Student, Teacher,
};

impl Who {
    pub const ALL: [Self; 11] = [
        Student,
        Teacher,
        Assistant,
        Counsellor,
        CollegeLeader,
        CollegeOffice,
        DepartmentHead,
        SchoolOffice,
        SchoolLeader,
        Administrator,
        Auditor,
    ];

    /// The role they hold, as the API writes it; `None` for members without one.
    pub fn role(self) -> Option<&'static str> {
        Some(match self {
            Student | Teacher => return None,
            Assistant => "class_assistant",
            Counsellor => "counsellor",
            CollegeLeader => "college_leader",
            CollegeOffice => "college_office",
            DepartmentHead => "department_head",
            SchoolOffice => "school_office",
            SchoolLeader => "school_leader",
            Administrator => "administrator",
            Auditor => "auditor",
        })
    }

    /// Whether the whole school is theirs, so that nobody of it is a stranger.
    pub fn has_whole_school(self) -> bool {
        matches!(self, SchoolOffice | SchoolLeader | Administrator | Auditor)
    }
}

/// What an operation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// To be signed in: it is about oneself.
    SignedIn,
    /// Counts of one's part of the school, nobody by name.
    Figures,
    /// How many beds and rooms there are, and whose they are within one's part.
    House,
    /// Counts of who uses WeCom: the information centre's too.
    Registration,
    /// The people behind a number.
    People,
    /// Who has not reported.
    Unreported,
    FollowUp,
    Remind,
    /// The rules by which reminders go out.
    ReminderRules,
    RevealPhone,
    /// People of the roster one by one: photo, whether they use WeCom. Not for fellow students.
    SeeRoster,
    SeeAnswers,
    Review,
    ReportFor,
    SignOff,
    Exempt,
    ChangeStatus,
    /// To see, check or settle what people say is wrong with their data.
    Corrections,
    CheckCorrections,
    SettleCorrections,
    /// Forms of the school or of one's college.
    DesignForms,
    GiveGrants,
    /// To read who gave what to whom.
    GrantActs,
    /// Which class has whom.
    Classes,
    /// To name a counsellor.
    AppointCounsellors,
    /// Sheets of one's part of the school.
    Export,
    /// To read who exported what.
    ExportLog,
    /// The staff of departments, and where they are.
    Movements,
    Administer,
    /// What bulk acts changed.
    Imports,
}

impl Need {
    /// Who has it. Everybody within their own part of the school.
    pub fn holders(self) -> &'static [Who] {
        match self {
            Self::SignedIn => &Who::ALL,
            // Leaders look; those below them and beside them act.
            Self::Figures | Self::People | Self::Unreported => &[
                Assistant,
                Counsellor,
                CollegeLeader,
                CollegeOffice,
                DepartmentHead,
                SchoolOffice,
                SchoolLeader,
            ],
            Self::Registration => &[
                Counsellor,
                CollegeLeader,
                CollegeOffice,
                DepartmentHead,
                SchoolOffice,
                SchoolLeader,
                Administrator,
            ],
            Self::House => {
                &[Counsellor, CollegeLeader, CollegeOffice, SchoolOffice, SchoolLeader, Administrator]
            }
            Self::FollowUp | Self::Remind => {
                &[Assistant, Counsellor, CollegeOffice, DepartmentHead, SchoolOffice]
            }
            Self::ReminderRules => {
                &[Assistant, Counsellor, CollegeOffice, DepartmentHead, SchoolOffice, Administrator]
            }
            Self::RevealPhone | Self::SeeAnswers | Self::Review | Self::ReportFor | Self::Exempt => {
                &[Counsellor, CollegeOffice, DepartmentHead, SchoolOffice]
            }
            Self::SeeRoster => {
                &[Counsellor, CollegeLeader, CollegeOffice, DepartmentHead, SchoolOffice, SchoolLeader]
            }
            Self::SignOff => &[Counsellor, CollegeLeader, CollegeOffice, DepartmentHead, SchoolOffice],
            Self::ChangeStatus | Self::SettleCorrections | Self::AppointCounsellors => {
                &[CollegeOffice, SchoolOffice]
            }
            Self::Corrections => &[Counsellor, CollegeOffice, SchoolOffice],
            Self::CheckCorrections => &[Counsellor],
            Self::DesignForms | Self::GiveGrants | Self::Classes => {
                &[CollegeOffice, SchoolOffice, Administrator]
            }
            Self::GrantActs => &[CollegeOffice, SchoolOffice, Administrator, Auditor],
            Self::Export => &[
                Counsellor,
                CollegeLeader,
                CollegeOffice,
                DepartmentHead,
                SchoolOffice,
                SchoolLeader,
                Administrator,
            ],
            Self::ExportLog => &[
                Counsellor,
                CollegeLeader,
                CollegeOffice,
                DepartmentHead,
                SchoolOffice,
                SchoolLeader,
                Administrator,
                Auditor,
            ],
            Self::Movements => &[CollegeLeader, CollegeOffice, DepartmentHead, SchoolOffice, SchoolLeader],
            Self::Administer | Self::Imports => &[Administrator],
        }
    }

    pub fn is_held_by(self, who: Who) -> bool {
        self.holders().contains(&who)
    }
}
