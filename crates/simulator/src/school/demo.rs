//! Weeks of an ordinary school: what a demonstration shows on every page. Nobody in it is real.

use std::{fs::File, io::BufWriter, path::Path};

use chrono::{Days, NaiveDate};

use super::{Person, School, random::Random};

/// Basic information is complete of so many of so many.
const BASIC_INFO: (usize, usize) = (14_365, 15_380);
/// Where people travel to: counties of the neighbouring provinces and of the own.
const COUNTIES: [&str; 8] = ["410105", "411302", "420106", "330106", "440106", "110105", "310115", "340104"];
const TRANSPORT: [&str; 4] = ["火车", "自驾", "长途汽车", "飞机"];
const REASONS: [&str; 4] = ["探亲访友", "返校", "求职实习", "就医"];

/// Writes `health-daily-DAY.csv` of the days up to `until`, the last as it stands in the morning, `basic-info.csv` and
/// `trips.csv`: columns are fields of the forms.
pub fn write_demo(school: &School, until: NaiveDate, days: u64, folder: &Path) -> anyhow::Result<()> {
    for back in 0..days {
        let day = until - Days::new(back);
        write_health(school, day, back == 0, &folder.join(format!("health-daily-{day}.csv")))?;
    }
    write_basic_info(school, &folder.join("basic-info.csv"))?;
    write_trips(school, until, &folder.join("trips.csv"))
}

fn file(path: &Path) -> anyhow::Result<csv::Writer<BufWriter<File>>> {
    Ok(csv::Writer::from_writer(BufWriter::new(File::create(path)?)))
}

fn write_health(school: &School, day: NaiveDate, is_morning: bool, path: &Path) -> anyhow::Result<()> {
    let mut file = file(path)?;
    file.write_record(["number", "temperature", "place", "abnormal", "condition", "symptoms", "treatment"])?;
    let mut random = Random::new(school.spec.seed, &format!("demo {day}"));
    // Some days more forget it than on others, and some colleges more than others.
    let forgetful = random.between(2, 9);
    for student in in_colleges(school) {
        let college = student.college().unwrap_or_default();
        let missing = if is_morning { 300 } else { forgetful + college % 4 };
        if random.below(1000) < missing {
            continue;
        }
        let tenths = random.between(0, 4) + random.between(0, 5);
        let place = if random.chance(95) {
            "非疫区"
        } else {
            random.pick_skewed(&["湖北", "广东", "浙江", "南阳"])
        };
        let number = student.number.as_str();
        if random.below(2000) == 0 {
            let fever = format!("37.{}", random.between(4, 9));
            let treatment = "已电话报告辅导员，居家观察";
            file.write_record([number, &fever, place, "true", "居家观察", "发热;咳嗽", treatment])?;
        } else {
            file.write_record([number, &format!("36.{tenths}"), place, "false", "", "", ""])?;
        }
    }
    Ok(file.flush()?)
}

fn write_basic_info(school: &School, path: &Path) -> anyhow::Result<()> {
    let mut file = file(path)?;
    file.write_record([
        "number",
        "registered_region",
        "registered_address",
        "home_region",
        "home_address",
        "residence",
        "contact_name",
        "contact_relation",
        "contact_phone",
    ])?;
    let mut random = Random::new(school.spec.seed, "demo basic info");
    let students: Vec<&Person> = in_colleges(school).collect();
    let complete = (students.len() * BASIC_INFO.0 + BASIC_INFO.1 / 2) / BASIC_INFO.1;
    let mut order: Vec<usize> = (0..students.len()).collect();
    random.shuffle(&mut order);
    for index in order.into_iter().take(complete) {
        let county = random.pick_skewed(&COUNTIES);
        let relation = random.pick_skewed(&["母亲", "父亲", "监护人"]);
        // A number of the range that is given to nobody.
        let phone = format!("1000000{:04}", random.below(10_000));
        let address = format!("示例路 {} 号", random.between(1, 199));
        let home = if random.chance(80) { "家里" } else { "学校宿舍" };
        file.write_record([
            students[index].number.as_str(),
            county,
            &address,
            county,
            &address,
            home,
            "示例家长",
            relation,
            &phone,
        ])?;
    }
    Ok(file.flush()?)
}

fn write_trips(school: &School, until: NaiveDate, path: &Path) -> anyhow::Result<()> {
    let mut file = file(path)?;
    file.write_record([
        "number",
        "left_on",
        "out_transport",
        "reason",
        "destination",
        "address",
        "returned",
        "returned_on",
        "back_transport",
    ])?;
    let mut random = Random::new(school.spec.seed, "demo trips");
    for person in in_colleges(school).chain(school.staff()) {
        if random.below(100) >= 3 {
            continue;
        }
        let left = random.between(1, 25) as u64;
        let back = (random.chance(70)).then(|| left - (random.between(1, left as usize) as u64).min(left));
        let by = random.pick_skewed(&TRANSPORT);
        let (left_on, returned_on) = (until - Days::new(left), back.map(|back| until - Days::new(back)));
        file.write_record([
            person.number.as_str(),
            &left_on.to_string(),
            by,
            random.pick_skewed(&REASONS),
            random.pick_skewed(&COUNTIES),
            &format!("示例路 {} 号", random.between(1, 199)),
            if returned_on.is_some() { "true" } else { "false" },
            &returned_on.map(|day| day.to_string()).unwrap_or_default(),
            if returned_on.is_some() { by } else { "" },
        ])?;
    }
    Ok(file.flush()?)
}

fn in_colleges(school: &School) -> impl Iterator<Item = &Person> {
    school.students().filter(|student| student.college().is_some())
}
