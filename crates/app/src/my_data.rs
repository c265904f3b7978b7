//! What is on record of the signed-in person, each field with whose word it is and since when.

pub mod copy;

use chrono::{DateTime, NaiveDate, Utc};
use domain::{
    person_field::{PersonField, Said, Source, shown},
    phone,
    policy::Viewer,
};
use store::{
    consents,
    my_data::{self, Row},
    person_fields as rows,
    unreported::phone_place,
};

use crate::{App, Error, Result, School, person_fields};

/// A field of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// 学号/工号
    Number,
    /// 姓名
    Name,
    /// 身份: `student` or `staff`.
    Kind,
    /// 学院
    College,
    /// 班级; for staff 部门.
    Place,
    /// 年级
    Grade,
    /// 专业
    Major,
    /// 手机, masked.
    Phone,
    /// 邮箱, masked.
    Mail,
    /// 性别: `male` or `female`.
    Gender,
    /// 企业微信账号: `active`, `inactive` or `disabled`.
    Account,
}

impl Fact {
    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Name => "name",
            Self::Kind => "kind",
            Self::College => "college",
            Self::Place => "place",
            Self::Grade => "grade",
            Self::Major => "major",
            Self::Phone => "phone",
            Self::Mail => "mail",
            Self::Gender => "gender",
            Self::Account => "account",
        }
    }
}

/// One field as it counts.
#[derive(Clone, PartialEq, Eq)]
pub struct Known {
    /// Which.
    pub fact: Fact,
    /// None: unknown, which is not empty.
    pub value: Option<String>,
    /// Whose word it is; none where nobody has said anything.
    pub source: Option<Source>,
    /// Since when, where that is known.
    pub since: Option<NaiveDate>,
}

/// Never the value.
impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known").field("fact", &self.fact).finish_non_exhaustive()
    }
}

/// The page.
#[derive(Debug, Clone)]
pub struct MyData {
    /// In the page's order.
    pub facts: Vec<Known>,
    /// When the consent that holds was given.
    pub consented_at: Option<DateTime<Utc>>,
    /// Whether the roster knows them: without, there is nothing to consent to and nothing to correct.
    pub on_roster: bool,
}

/// The signed-in person's own data. Phone and mail are masked: a screen is seen by others.
pub async fn get(app: &App, school: &School, viewer: &Viewer) -> Result<MyData> {
    let (row, fields, consented_at) = load(app, school, viewer).await?;
    let on_roster = row.number.is_some();
    let account = match row.status {
        Some(1) => Some("active"),
        Some(2) => Some("disabled"),
        Some(4) => Some("inactive"),
        _ => None,
    };
    let directory = |fact, value: Option<String>| Known {
        fact,
        source: value.is_some().then_some(Source::Directory),
        value,
        since: Some(row.joined_on),
    };
    let account = directory(Fact::Account, account.map(Into::into));
    if !on_roster {
        let facts = vec![directory(Fact::Name, row.account_name.clone()), account];
        return Ok(MyData { facts, consented_at, on_roster });
    }
    let day = |at: DateTime<Utc>| school.today(at);
    let roster = |fact, value: Option<String>| Known {
        fact,
        source: value.is_some().then_some(Source::Roster),
        value,
        since: row.roster_at.map(day),
    };
    // Where nobody but the roster speaks, the record is its word.
    let spoken = |fact, field, value: Option<String>| match fields.get(&field).and_then(|said| shown(said)) {
        Some(Said { source, since, .. }) if value.is_some() => {
            Known { fact, value, source: Some(*source), since: Some(day(*since)) }
        }
        _ => roster(fact, value),
    };
    let place = |fact, value: Option<String>| Known {
        fact,
        source: value.as_ref().and(row.place_source.as_deref()).and_then(Source::parse),
        value,
        since: row.place_since,
    };
    let phone = phone_of(app, school, &row)?.map(|phone| phone::mask(&phone));
    let of_consent = |field| fields.get(&field).and_then(|said| shown(said)).map(|said| said.value.clone());
    let mail = of_consent(PersonField::Mail).map(|mail| phone::mask_mail(&mail));
    let student = row.kind.as_deref() == Some("student");
    let mut facts = vec![
        roster(Fact::Number, row.number.clone()),
        spoken(Fact::Name, PersonField::Name, row.name.clone()),
        roster(Fact::Kind, row.kind.clone()),
        place(Fact::College, row.college.clone()),
        place(Fact::Place, row.place.clone()),
    ];
    if student {
        let grade = row.grade.map(|year| year.to_string());
        facts.push(spoken(Fact::Grade, PersonField::Grade, grade));
        facts.push(spoken(Fact::Major, PersonField::Major, row.major.clone()));
    }
    facts.push(spoken(Fact::Phone, PersonField::Phone, phone));
    facts.push(spoken(Fact::Mail, PersonField::Mail, mail));
    facts.push(spoken(Fact::Gender, PersonField::Gender, of_consent(PersonField::Gender)));
    facts.push(account);
    Ok(MyData { facts, consented_at, on_roster })
}

/// The signed-in person's own phone and mail in full. It is no look at somebody: nothing is recorded.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// Phone.
    pub phone: Option<String>,
    /// Mail address.
    pub mail: Option<String>,
}

/// Neither.
impl std::fmt::Debug for Contact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact")
    }
}

/// One's own phone and mail, in full.
pub async fn contact(app: &App, school: &School, viewer: &Viewer) -> Result<Contact> {
    let (row, fields, _) = load(app, school, viewer).await?;
    if row.number.is_none() {
        return Err(Error::NotFound);
    }
    let mail = fields.get(&PersonField::Mail).and_then(|said| shown(said)).map(|said| said.value.clone());
    Ok(Contact { phone: phone_of(app, school, &row)?, mail })
}

async fn load(
    app: &App,
    school: &School,
    viewer: &Viewer,
) -> Result<(Row, person_fields::Fields, Option<DateTime<Utc>>)> {
    let corp = school.corp();
    let mut tx = app.store().scoped(corp).await?;
    let row = my_data::find(&mut tx, corp, viewer.member, school.today(app.now())).await?;
    let (said, consented_at) = match &viewer.person {
        Some(person) => (
            rows::of_person(&mut tx, corp, person.id).await?,
            consents::standing(&mut tx, corp, person.id).await?,
        ),
        None => (Vec::new(), None),
    };
    tx.commit().await?;
    Ok((row, person_fields::open(app.store().keyring(), corp, &said), consented_at))
}

fn phone_of(app: &App, school: &School, row: &Row) -> Result<Option<String>> {
    let (Some(number), Some(sealed)) = (&row.number, &row.phone) else { return Ok(None) };
    let phone = app.store().keyring().open(phone_place(school.corp(), number), sealed)?;
    String::from_utf8(phone).map(Some).map_err(|_| Error::internal("a phone that is not text"))
}
