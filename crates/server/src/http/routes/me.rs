//! Who am I, and what may I do.

use actix_web::{get, web::Json};
use chrono::NaiveDate;
use domain::policy::{Action, Role, Scope};
use serde::Serialize;
use utoipa::ToSchema;

use super::dto::Department;
use crate::http::{openapi::Refusals, problem::Answer, who::SignedIn};

/// The signed-in person.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// As WeCom gives it.
    userid: String,
    /// Name.
    name: String,
    /// The person, when the roster knows them.
    person: Option<Person>,
    /// What they were granted.
    grants: Vec<Grant>,
    /// What follows from it, for showing the right menus.
    may: May,
    /// The school.
    school: School,
    /// The school's day.
    today: NaiveDate,
}

#[derive(Debug, Serialize, ToSchema)]
struct Person {
    /// Student or staff number.
    number: String,
    name: String,
    kind: Kind,
    class: Option<Department>,
    college: Option<Department>,
    /// Whether `GET /me/photo` has one.
    photo: bool,
    /// Whether the school has gates where I show a code.
    gates: bool,
}

/// Students or staff.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PersonKind)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// 学生
    Student,
    /// 教职工
    Staff,
}

#[derive(Debug, Serialize, ToSchema)]
struct Grant {
    #[schema(value_type = RoleName)]
    role: Role,
    department: Department,
    /// The first day it no longer holds.
    until: NaiveDate,
}

/// The roles there are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "names domain::policy::Role in the document")]
pub(super) enum RoleName {
    ClassAssistant,
    Counsellor,
    CollegeLeader,
    CollegeOffice,
    DepartmentHead,
    SchoolOffice,
    SchoolLeader,
    Administrator,
    Auditor,
    GateGuard,
}

#[derive(Debug, Serialize, ToSchema)]
struct May {
    /// Read who has not reported, and nothing else of them.
    see_unreported: bool,
    see_statistics: bool,
    /// … of the whole school.
    see_school: bool,
    remind: bool,
    /// Have those invited who don't use WeCom.
    invite: bool,
    /// 代报: may answer for somebody of theirs.
    report_for: bool,
    administer: bool,
    exempt: bool,
    /// Check or settle what members want corrected.
    correct: bool,
    /// See which class has no counsellor.
    see_classes: bool,
    house: bool,
    see_photo: bool,
    reveal_phone: bool,
    export: bool,
    /// Read the log of everybody's exports.
    audit: bool,
    delete_photos: bool,
    /// Read since when somebody is where.
    see_status: bool,
    /// Say since when somebody is where.
    change_status: bool,
    /// Look at what stands out, send it back, close it.
    review: bool,
    see_answers: bool,
    /// Say why somebody has not reported.
    follow_up: bool,
    /// Read the names behind the counts.
    see_people: bool,
    /// Sign a day off.
    sign_off: bool,
    /// Make forms, run and end them.
    design_forms: bool,
    /// Give others a role.
    give_grants: bool,
    /// Write to everybody of theirs.
    announce: bool,
    /// Read how many passed the gates.
    see_passage_figures: bool,
    /// Read who did.
    see_passages: bool,
    /// 通行证
    manage_permits: bool,
    /// Set up gates and their devices.
    manage_gates: bool,
    /// Make the codes of a key worthless.
    kill_gate_keys: bool,
    /// May look after alarms at the gates.
    handle_gate_alarms: bool,
    /// See how the school uses the platform.
    see_platform: bool,
    /// Say which other systems members are led to.
    manage_portal: bool,
    /// 访客: invite somebody.
    invite_visitors: bool,
    /// Read who is expected and inside.
    manage_visitors: bool,
    /// 保存期限: read what is purged when.
    see_retention: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct School {
    name: String,
    time_zone: String,
}

/// Who am I, and what may I do.
#[utoipa::path(
    operation_id = "me_get",
    tag = "me", security(("session" = [])), responses((status = 200, body = Me), Refusals))]
#[get("/me")]
pub async fn get(who: SignedIn) -> Answer<Json<Me>> {
    let (app, school, viewer) = who.parts()?;
    let profile = app::people::profile(app, school, viewer).await?;
    let photo = app::photos::has_own(app, school, viewer).await?;
    let gates = app::gates::are_there(app, school, viewer).await?;
    let person = viewer.person.as_ref().map(|person| Person {
        number: profile.number.clone().unwrap_or_default(),
        name: profile.name.clone(),
        kind: match person.kind {
            domain::form::PersonKind::Student => Kind::Student,
            domain::form::PersonKind::Staff => Kind::Staff,
        },
        class: profile.class.clone().map(Department::from),
        college: profile.college.clone().map(Department::from),
        photo,
        gates,
    });
    let grants = viewer
        .grants
        .iter()
        .map(|grant| Grant {
            role: grant.role,
            department: (grant.department_id, grant.department_name.clone()).into(),
            until: grant.until,
        })
        .collect();
    Ok(Json(Me {
        userid: viewer.userid.clone(),
        name: profile.name,
        person,
        grants,
        may: May {
            see_unreported: viewer.may(Action::SeeUnreported),
            see_statistics: viewer.may(Action::SeeStatistics),
            see_school: viewer.scope(Action::SeeStatistics) == Scope::School,
            remind: viewer.may(Action::Remind),
            invite: viewer.may(Action::Invite),
            report_for: viewer.may(Action::ReportFor),
            administer: viewer.may(Action::Administer),
            exempt: viewer.may(Action::Exempt),
            correct: viewer.may(Action::CheckCorrections)
                || viewer.may(Action::FixCorrections)
                || viewer.may(Action::Administer),
            see_classes: viewer.may(Action::AppointCounsellors) || viewer.may(Action::Administer),
            house: viewer.may(Action::House),
            see_photo: viewer.may(Action::SeePhoto),
            reveal_phone: viewer.may(Action::RevealPhone),
            export: app::exports::datasets(viewer).is_ok(),
            audit: viewer.may(Action::Audit),
            delete_photos: viewer.may(Action::DeletePhotos),
            see_status: viewer.may(Action::SeeStatus),
            change_status: viewer.may(Action::ChangeStatus),
            review: viewer.may(Action::Review),
            see_answers: viewer.may(Action::SeeAnswers),
            follow_up: viewer.may(Action::FollowUp),
            see_people: viewer.may(Action::SeePeople),
            sign_off: viewer.may(Action::SignOff),
            design_forms: viewer.may(Action::DesignForms),
            give_grants: viewer.may(Action::GiveGrants),
            announce: viewer.may(Action::Announce),
            see_passage_figures: viewer.may(Action::SeePassageFigures),
            see_passages: viewer.may(Action::SeePassages),
            manage_permits: viewer.may(Action::ManagePermits),
            manage_gates: viewer.may(Action::ManageGates),
            kill_gate_keys: viewer.may(Action::KillGateKeys),
            handle_gate_alarms: viewer.may(Action::HandleGateAlarms),
            see_platform: viewer.may(Action::SeePlatform),
            manage_portal: viewer.may(Action::ManagePortal),
            invite_visitors: viewer.may_invite_visitors(),
            manage_visitors: viewer.may(Action::ManageVisitors),
            see_retention: viewer.may(Action::SeeRetention),
        },
        school: School { name: school.corp.name.clone(), time_zone: school.zone.name().to_owned() },
        today: school.today(app.now()),
    }))
}
