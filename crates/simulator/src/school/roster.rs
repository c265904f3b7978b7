//! The roster files that a school hands over: people and grants.

use std::io::Write;

use super::{Kind, School};

/// `people.csv`: everyone on the roster, with an account or without.
pub fn write_people(school: &School, out: impl Write) -> csv::Result<()> {
    let mut file = csv::Writer::from_writer(out);
    file.write_record([
        "number",
        "name",
        "kind",
        "staff_kind",
        "major",
        "grade",
        "class",
        "department",
        "phone",
        "since",
        "until",
    ])?;
    for person in &school.people {
        let since = person.since.to_string();
        let (number, name, phone) = (person.number.as_str(), person.name.as_str(), person.phone.as_str());
        match &person.kind {
            Kind::Student { major, grade, class, .. } => {
                let grade = grade.to_string();
                file.write_record([
                    number, name, "student", "", major, &grade, class, "", phone, &since, "",
                ])?;
            }
            Kind::Staff { kind, department, .. } => {
                file.write_record([number, name, "staff", kind, "", "", "", department, phone, &since, ""])?;
            }
        }
    }
    file.flush()?;
    Ok(())
}

/// `grants.csv`: who may do what, where the directory's leaders don't say it.
pub fn write_grants(school: &School, out: impl Write) -> csv::Result<()> {
    let mut file = csv::Writer::from_writer(out);
    file.write_record(["number", "role", "department", "purpose", "until"])?;
    let until = school.spec.staff.grants_until.to_string();
    for grant in &school.grants {
        file.write_record([&grant.number, grant.role.code(), &grant.department, grant.purpose, &until])?;
    }
    file.flush()?;
    Ok(())
}
