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
    /// To be signed in: it is about oneself, or about nobody.
    SignedIn,
    /// Counts of one's part of the school, nobody by name.
    Figures,
    /// The people behind a number, who has not reported, who has no account.
    People,
    Remind,
    /// The rules by which reminders go out.
    ReminderRules,
    /// To have those invited who don't use WeCom.
    Invite,
    /// To ask why somebody has not reported, and to keep it.
    FollowUp,
    SignOff,
    /// What whoever looks after people may: their phones, photos, answers, leave, reviews, beds, and to answer for them.
    Care,
    /// Lists of the whole school, brought without looking at anybody.
    ListsOfExemptions,
    ChangeStatus,
    DeletePhotos,
    /// What people say is wrong with their data.
    Corrections,
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
    /// Sheets of what one sees.
    Export,
    /// To read who exported what.
    ExportLog,
    /// To tell many people something.
    Announce,
    Administer,
}

impl Need {
    /// Who has it. Everybody within their own part of the school.
    pub fn holders(self) -> &'static [Who] {
        match self {
            Self::SignedIn => &Who::ALL,
            // An administrator sees counts and no people; an auditor neither.
            Self::Figures | Self::Export | Self::ReminderRules | Self::Invite => &[
                Assistant,
                Counsellor,
                CollegeLeader,
                CollegeOffice,
                DepartmentHead,
                SchoolOffice,
                SchoolLeader,
                Administrator,
            ],
            Self::People | Self::Remind => &[
                Assistant,
                Counsellor,
                CollegeLeader,
                CollegeOffice,
                DepartmentHead,
                SchoolOffice,
                SchoolLeader,
            ],
            Self::FollowUp => &[Assistant, Counsellor, CollegeOffice, SchoolOffice],
            // Who answers for a whole department. The school's leader looks on.
            Self::SignOff => &[Counsellor, CollegeLeader, CollegeOffice, DepartmentHead, SchoolOffice],
            // Leaders and heads lead; what people answered, their phones and their leave is for those who look after them.
            Self::Care => &[Counsellor, CollegeOffice, SchoolOffice],
            // Administrators keep the roster, and bring what comes as a list.
            Self::ListsOfExemptions | Self::ChangeStatus | Self::DeletePhotos | Self::Corrections => {
                &[Counsellor, CollegeOffice, SchoolOffice, Administrator]
            }
            Self::SettleCorrections
            | Self::DesignForms
            | Self::GiveGrants
            | Self::Classes
            | Self::Announce => &[CollegeOffice, SchoolOffice, Administrator],
            Self::AppointCounsellors => &[CollegeOffice, SchoolOffice],
            Self::GrantActs => &[CollegeOffice, SchoolOffice, Administrator, Auditor],
            Self::ExportLog => &[
                Assistant,
                Counsellor,
                CollegeLeader,
                CollegeOffice,
                DepartmentHead,
                SchoolOffice,
                SchoolLeader,
                Administrator,
                Auditor,
            ],
            Self::Administer => &[Administrator],
        }
    }

    pub fn is_held_by(self, who: Who) -> bool {
        self.holders().contains(&who)
    }
}
