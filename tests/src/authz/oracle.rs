//! Who may do what, as a school would say it: written from what the product promises each role and from docs/adr/0006, and not
//! from the rules it is to judge.

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
    /// At the school's gates.
    GateGuard,
}

use Who::{
    Administrator, Assistant, Auditor, CollegeLeader, CollegeOffice, Counsellor, DepartmentHead, GateGuard,
    SchoolLeader, SchoolOffice, Student, Teacher,
};

impl Who {
    pub const ALL: [Self; 12] = [
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
        GateGuard,
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
            GateGuard => "gate_guard",
        })
    }

    /// Whether the whole school is theirs, so that nobody of it is a stranger.
    pub fn has_whole_school(self) -> bool {
        matches!(self, SchoolOffice | SchoolLeader | Administrator | Auditor | GateGuard)
    }
}

/// What an operation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// To be signed in: it is about oneself, or about nobody.
    SignedIn,
    /// Counts of one's part of the school, nobody by name.
    Figures,
    /// Counts of all of it.
    SchoolFigures,
    /// Which forms are asked of others.
    FormsOfOthers,
    /// The people behind a number: what they reported as, where they are, where they sleep, whether they use WeCom.
    People,
    /// Who has not reported, and nothing else of them.
    Unreported,
    Remind,
    /// Whom a rule would remind.
    PeopleOfRules,
    /// The rules by which reminders go out.
    ReminderRules,
    /// To have those invited who don't use WeCom.
    Invite,
    /// To ask why somebody has not reported, and to keep it.
    FollowUp,
    SignOff,
    /// What whoever looks after people may: their phones, photos, answers, leave, reviews, beds, to say that what they want
    /// corrected is so, and to answer for them.
    Care,
    /// Lists of the whole school, brought without looking at anybody.
    ListsOfExemptions,
    SeeStatus,
    ChangeStatus,
    DeletePhotos,
    /// What people say is wrong with their data.
    Corrections,
    SettleCorrections,
    /// Forms of the school or of one's college.
    DesignForms,
    GiveGrants,
    /// To read who holds what, and who gave what to whom.
    GrantActs,
    /// Which class has whom.
    Classes,
    /// To name a counsellor.
    AppointCounsellors,
    /// Sheets of what one sees.
    Export,
    /// To choose questions whose answers stand in a sheet: whoever sees answers, and whoever keeps templates.
    AnswerQuestions,
    /// To read who exported what.
    ExportLog,
    /// To read who looked at what and changed what.
    Audit,
    /// To read what is purged when, and the proof of what was.
    Retention,
    /// To keep something from being purged.
    Hold,
    /// To set up a second factor: it belongs to who changes what others may do or are, or reads what they did.
    SecondFactor,
    /// To tell many people something.
    Announce,
    /// How the school uses the platform, with who uses it.
    Platform,
    Administer,
    /// How many passed the gates.
    PassageFigures,
    /// Who passed them.
    Passages,
    /// What stands out at the gates.
    Alarms,
    /// To let somebody pass where others may not.
    Permits,
    /// To say which other systems members are led to, and to bring their lists.
    Portal,
    /// To invite somebody to the school.
    Invitations,
    /// Who is expected at the gates and who of them is inside.
    Visitors,
    /// To be a device at a gate, or a visitor, which nobody is who signs in.
    Device,
}

impl Need {
    /// Who has it. Everybody within their own part of the school.
    pub fn holders(self) -> &'static [Who] {
        match self {
            Self::SignedIn => &Who::ALL,
            // An administrator sees counts and no people; an auditor neither. A class assistant is a fellow student: of a
            // class of thirty a count says who is ill.
            Self::Figures | Self::Export => &[
                Counsellor,
                CollegeLeader,
                CollegeOffice,
                DepartmentHead,
                SchoolOffice,
                SchoolLeader,
                Administrator,
            ],
            // Who also reads the rules, of those who see the whole school.
            Self::SchoolFigures => &[SchoolOffice, Administrator],
            Self::FormsOfOthers => &[
                Assistant,
                Counsellor,
                CollegeLeader,
                CollegeOffice,
                DepartmentHead,
                SchoolOffice,
                SchoolLeader,
                Administrator,
            ],
            Self::People => {
                &[Counsellor, CollegeLeader, CollegeOffice, DepartmentHead, SchoolOffice, SchoolLeader]
            }
            Self::Unreported => &[
                Assistant,
                Counsellor,
                CollegeLeader,
                CollegeOffice,
                DepartmentHead,
                SchoolOffice,
                SchoolLeader,
            ],
            // Leaders look on: who is near reminds. Nobody is nearer to the staff of an office than its head.
            Self::Remind => &[Assistant, Counsellor, CollegeOffice, DepartmentHead, SchoolOffice],
            Self::PeopleOfRules => &[Counsellor, CollegeOffice, DepartmentHead, SchoolOffice],
            Self::ReminderRules => {
                &[Assistant, Counsellor, CollegeOffice, DepartmentHead, SchoolOffice, Administrator]
            }
            Self::Invite => &[Counsellor, CollegeOffice, DepartmentHead, SchoolOffice, Administrator],
            Self::FollowUp => &[Assistant, Counsellor, CollegeOffice, SchoolOffice],
            // Who answers for a whole department. The school's leader looks on.
            Self::SignOff => &[Counsellor, CollegeLeader, CollegeOffice, DepartmentHead, SchoolOffice],
            // Leaders and heads lead; what people answered, their phones and their leave is for those who look after them.
            Self::Care => &[Counsellor, CollegeOffice, SchoolOffice],
            // Administrators keep the roster, and bring what comes as a list. Counsellors check what is theirs and read it.
            Self::ListsOfExemptions | Self::SeeStatus | Self::Corrections | Self::AnswerQuestions => {
                &[Counsellor, CollegeOffice, SchoolOffice, Administrator]
            }
            // Who is expected is not for those to change whose rate it makes; and what is deleted is gone.
            Self::ChangeStatus
            | Self::DeletePhotos
            | Self::SettleCorrections
            | Self::DesignForms
            | Self::GiveGrants
            | Self::Classes
            | Self::Announce => &[CollegeOffice, SchoolOffice, Administrator],
            Self::AppointCounsellors => &[CollegeOffice, SchoolOffice],
            Self::GrantActs | Self::SecondFactor => &[CollegeOffice, SchoolOffice, Administrator, Auditor],
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
            Self::Audit => &[Administrator, Auditor],
            Self::Retention => &[SchoolOffice, Administrator, Auditor],
            // Whoever runs the systems does not say what of them is evidence.
            Self::Hold => &[SchoolOffice, Auditor],
            // Who answers for the whole school, and who runs it.
            Self::Platform => &[SchoolOffice, SchoolLeader, Administrator],
            Self::Administer => &[Administrator],
            Self::Alarms => &[SchoolOffice, GateGuard],
            // A guard sees who passes; an administrator, who sets gates up, how many.
            Self::PassageFigures => &[
                Counsellor,
                CollegeLeader,
                CollegeOffice,
                DepartmentHead,
                SchoolOffice,
                SchoolLeader,
                Administrator,
                GateGuard,
            ],
            Self::Passages => &[
                Counsellor,
                CollegeLeader,
                CollegeOffice,
                DepartmentHead,
                SchoolOffice,
                SchoolLeader,
                GateGuard,
            ],
            Self::Permits => &[Counsellor, CollegeOffice, SchoolOffice],
            // Who runs the school, and who runs its systems.
            Self::Portal => &[SchoolOffice, Administrator],
            // Of staff everybody has guests. The counsellor of the world is one of them.
            Self::Invitations => &[
                Teacher,
                Counsellor,
                CollegeLeader,
                CollegeOffice,
                DepartmentHead,
                SchoolOffice,
                SchoolLeader,
                Administrator,
                Auditor,
                GateGuard,
            ],
            // Who keeps the gates.
            Self::Visitors => &[SchoolOffice, GateGuard],
            Self::Device => &[],
        }
    }

    pub fn is_held_by(self, who: Who) -> bool {
        self.holders().contains(&who)
    }
}
