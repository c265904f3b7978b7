//! A few people of every role, to try the product as.

use serde::Serialize;

use super::{Grant, Kind, Person, ROOT, Role, School};

/// Someone worth being.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Persona {
    /// Account.
    pub userid: String,
    /// Name.
    pub name: String,
    /// What they are here for.
    pub role: Role,
    /// Where they stand, in a few words, for the first page.
    #[serde(skip)]
    pub place: String,
}

impl School {
    /// One or more of each role, role by role. Those of the college named in the spec know one another: the
    /// students are the counsellor's, and all three the college leader's. Then come some of another college.
    pub fn personas(&self) -> Vec<Persona> {
        let home = self.spec.colleges.iter().position(|college| college.name == self.spec.personas.college);
        let home = home.unwrap_or_default();
        let other = (home + 1) % self.spec.colleges.len();

        let mut personas = Vec::new();
        let counsellors =
            [self.holder(Role::Counsellor, Some(home), 0), self.holder(Role::Counsellor, Some(other), 0)];
        for (counsellor, students) in counsellors.iter().flatten().zip([2, 1]) {
            let own = self.students().filter(|student| self.counsels(counsellor, student));
            personas.extend(own.take(students).map(|student| persona(student, Role::Student)));
        }
        let plain_staff = |college: Option<usize>| {
            self.staff().find(|person| {
                person.has_account
                    && person.college() == college
                    && !person.memberships.iter().any(|membership| membership.leader)
                    && self.grants_of(person).next().is_none()
            })
        };
        for staff in [plain_staff(Some(home)), plain_staff(None)].into_iter().flatten() {
            personas.push(persona(staff, Role::Staff));
        }
        personas.extend(counsellors.iter().flatten().map(|person| persona(person, Role::Counsellor)));
        for college in [home, other] {
            let leader =
                self.staff().find(|person| person.college() == Some(college) && leads_below_root(person));
            personas.extend(leader.map(|person| persona(person, Role::CollegeLeader)));
        }
        let office = self.holder(Role::CollegeOffice, Some(home), 0);
        personas.extend(office.map(|person| persona(person, Role::CollegeOffice)));
        let heads = self.staff().filter(|person| person.college().is_none() && leads_below_root(person));
        let (with_grants, others): (Vec<_>, Vec<_>) = heads.partition(|head| self.office_holds_grants(head));
        personas.extend(
            with_grants.into_iter().chain(others).take(3).map(|person| persona(person, Role::DepartmentHead)),
        );
        for place in 0..2 {
            let holder = self.holder(Role::SchoolOffice, None, place);
            personas.extend(holder.map(|person| persona(person, Role::SchoolOffice)));
        }
        let leaders =
            self.staff().filter(|person| person.memberships.iter().any(|m| m.leader && m.department == ROOT));
        personas.extend(leaders.take(2).map(|person| persona(person, Role::SchoolLeader)));
        for place in 0..2 {
            let holder = self.holder(Role::Administrator, None, place);
            personas.extend(holder.map(|person| persona(person, Role::Administrator)));
        }
        personas
    }

    /// What the roster lets someone do.
    pub fn grants_of(&self, person: &Person) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(move |grant| grant.number == person.number)
    }

    /// The holder of a role in a college (or outside the colleges) who stands at that place among its holders.
    fn holder(&self, role: Role, college: Option<usize>, place: usize) -> Option<&Person> {
        self.staff()
            .filter(|person| {
                person.college() == college && self.grants_of(person).any(|grant| grant.role == role)
            })
            .nth(place)
    }

    fn counsels(&self, counsellor: &Person, student: &Person) -> bool {
        let Kind::Student { class, .. } = &student.kind else { return false };
        self.grants_of(counsellor).any(|grant| grant.role == Role::Counsellor && grant.department == *class)
    }

    fn office_holds_grants(&self, head: &Person) -> bool {
        let Kind::Staff { department, .. } = &head.kind else { return false };
        self.spec.offices.iter().any(|office| office.name == *department && office.grant.is_some())
    }
}

fn leads_below_root(person: &Person) -> bool {
    person.memberships.iter().any(|membership| membership.leader && membership.department != ROOT)
}

fn persona(person: &Person, role: Role) -> Persona {
    let place = match &person.kind {
        // A visitor's own classes are paths.
        Kind::Student { class, .. } => class.rsplit('/').next().unwrap_or(class).to_owned(),
        Kind::Staff { position, department, .. } => {
            let department = department.replace("/学院办公室", "");
            if position.is_empty() { department } else { format!("{department} · {position}") }
        }
    };
    Persona { userid: person.number.clone(), name: person.name.clone(), role, place }
}
