//! A day of health reports that gives the school's table its figures.

use std::collections::BTreeSet;
use std::io::Write;

use chrono::NaiveDate;

use super::School;
use super::random::Random;

/// Writes one row for everyone of the colleges but the unreported; columns are fields of the form
/// `health-daily`. Another day has other people unreported, and other answers.
pub fn write_reports(school: &School, day: NaiveDate, out: impl Write) -> csv::Result<()> {
    let mut file = csv::Writer::from_writer(out);
    file.write_record(["number", "temperature", "place", "abnormal"])?;
    let unreported = unreported(school, day);
    let mut random = Random::new(school.spec.seed, &format!("reports {day}"));
    let places: Vec<&str> = school.spec.reports.places.iter().map(String::as_str).collect();
    for student in school.students().filter(|student| student.college().is_some()) {
        if unreported.contains(student.number.as_str()) {
            continue;
        }
        // 36.0 to 36.9, the middle more often.
        let tenths = random.between(0, 4) + random.between(0, 5);
        let place = match places.as_slice() {
            &[usual] => usual,
            &[usual, ..] if random.chance(94) => usual,
            [_, elsewhere @ ..] => random.pick_skewed(elsewhere),
            [] => "",
        };
        file.write_record([student.number.as_str(), &format!("36.{tenths}"), place, "false"])?;
    }
    file.flush()?;
    Ok(())
}

/// The numbers of those who don't answer that day: as many of each college as the spec says.
fn unreported(school: &School, day: NaiveDate) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for (place, college) in school.spec.colleges.iter().enumerate() {
        let mut numbers: Vec<&str> = school
            .students()
            .filter(|student| student.college() == Some(place))
            .map(|student| student.number.as_str())
            .collect();
        Random::new(school.spec.seed, &format!("unreported {} {day}", college.name)).shuffle(&mut numbers);
        found.extend(&numbers[..college.unreported]);
    }
    found
}
