//! What the id of a person, of something of theirs, or of a department opens: in the path, the query, the body, the cursor.

use super::{
    super::{
        oracle::Need::{
            self, Announce, AppointCounsellors, Care, ChangeStatus, Corrections, DeletePhotos, DesignForms,
            Figures, FollowUp, GiveGrants, GrantActs, Invite, ListsOfExemptions, PassageFigures, Passages,
            People, Permits, Portal, Remind, SeeStatus, SettleCorrections, SignOff, Unreported,
        },
        people::{expected, reported},
        world::{Person, World},
    },
    keys::Keys,
};

/// Whom the gate saw come in.
fn inside(world: &World, person: &Person) -> bool {
    !person.student && world.holds("passed", &person.number)
}

/// What is counted at a place of an answer.
type Total = (&'static str, fn(&World, &Person) -> bool);

/// How an answer is judged.
#[derive(Clone, Copy)]
pub enum Judged {
    /// Theirs is given; another's looks like nothing.
    Read,
    /// Another's looks like nothing. Of theirs it is not asked: it would change the world.
    Write,
    /// Of a department: the part of it that is theirs, and a number that counts it.
    Part(Option<Total>),
    /// A place in a list: whoever's it is, what follows is one's own.
    Cursor,
}

pub struct Door {
    /// `GET /path` with `$id`, or with `$cursor`.
    pub call: &'static str,
    pub body: &'static str,
    /// What a viewer needs; `None`: to be the person.
    pub need: Option<Need>,
    /// The id of a person's thing; an empty one: there is none.
    pub id: fn(&Keys, &Person) -> String,
    pub nothing: &'static str,
    pub judged: Judged,
}

impl Door {
    /// Whether somebody is counted under the department a request names.
    pub fn is_under(&self, person: &Person, id: &str) -> bool {
        [person.department, person.college]
            .into_iter()
            .flatten()
            .any(|department| department.to_string() == id)
    }
}

/// An id, and one of its shape that is nobody's.
type Id = (fn(&Keys, &Person) -> String, &'static str);

const PERSON: Id = (|_, person| person.id.to_string(), "99999999");
const EXPECTED: Id = (
    |keys, person| if keys.expects(&person.number) { person.id.to_string() } else { String::new() },
    "99999999",
);
const NUMBER: Id = (|_, person| person.number.clone(), "2099999999");
const PHONE: Id = (|keys, person| keys.get("phone", &person.number), "99999999");
const PHOTO: Id = (|keys, person| keys.get("photo", &person.number), "99999999");
const RECEIPT: Id = (|keys, person| keys.get("receipt", &person.number), "nothingtobefound");
const PAPER: Id = (|keys, person| keys.get("paper", &person.number), "nothingtobefound");
const ATTACHMENT: Id =
    (|keys, person| keys.get("attachment", &person.number), "00000000000000000000000000000000");
const STAY: Id = (|keys, person| keys.get("stay", &person.number), "99999999");
const EXEMPTION: Id = (|keys, person| keys.get("exemption", &person.number), "99999999");
const STATUS: Id = (|keys, person| keys.get("status", &person.number), "99999999");
const PLACE: Id = (|keys, person| keys.get("place", &person.number), "99999999");
const CORRECTION: Id = (|keys, person| keys.get("correction", &person.number), "99999999");
const GRANT: Id = (|keys, person| keys.get("grant", &person.number), "99999999");
const SIGN_OFF: Id = (|keys, person| keys.get("sign_off", &person.number), "99999999");
const DEPARTMENT: Id = (|_, person| person.department.unwrap_or_default().to_string(), "999999");
const CLASS: Id = (
    |_, person| person.department.filter(|_| person.student).map(|id| id.to_string()).unwrap_or_default(),
    "999999",
);
const COLLEGE: Id = (|_, person| person.college.map(|id| id.to_string()).unwrap_or_default(), "999999");

const fn door(call: &'static str, body: &'static str, need: Option<Need>, id: Id, judged: Judged) -> Door {
    Door { call, body, need, id: id.0, nothing: id.1, judged }
}

const fn read(call: &'static str, need: Need, id: Id) -> Door {
    door(call, "", Some(need), id, Judged::Read)
}

const fn tell(call: &'static str, body: &'static str, need: Need, id: Id) -> Door {
    door(call, body, Some(need), id, Judged::Read)
}

const fn own(call: &'static str, body: &'static str, id: Id, judged: Judged) -> Door {
    door(call, body, None, id, judged)
}

const fn write(call: &'static str, body: &'static str, need: Need, id: Id) -> Door {
    door(call, body, Some(need), id, Judged::Write)
}

const fn part(call: &'static str, need: Need, id: Id) -> Door {
    door(call, "", Some(need), id, Judged::Part(None))
}

const fn counted(call: &'static str, need: Need, id: Id, total: Total) -> Door {
    door(call, "", Some(need), id, Judged::Part(Some(total)))
}

const fn cursor(call: &'static str, need: Need, id: Id) -> Door {
    door(call, "", Some(need), id, Judged::Cursor)
}

const EMPTY: &str = "{}";

pub const DOORS: &[Door] = &[
    // A person's.
    read("GET /photos/$id", Care, PHOTO),
    write("DELETE /photos/$id", "", DeletePhotos, PHOTO),
    read("GET /residences/people/$id", People, PERSON),
    read("GET /unreported/health-daily/follow-ups?person=$id", FollowUp, EXPECTED),
    write(
        "POST /unreported/health-daily/follow-ups",
        r#"{"person":$id,"reason":"refused"}"#,
        FollowUp,
        EXPECTED,
    ),
    tell("POST /people/$id/phone", r#"{"purpose":"call"}"#, Care, PHONE),
    write("POST /people/$id/phone-correction", r#"{"phone":"100-9999 0001","reason":"换号"}"#, Care, PERSON),
    read("GET /forms/health-daily?person=$id", Care, EXPECTED),
    write("POST /attachments?form=papers&person=$id", "$picture", Care, PERSON),
    write(
        "POST /reports",
        r#"{"form":"health-daily","version":1,"answers":{"temperature":36.5,"place":"非疫区","abnormal":false},"behalf":{"person":$id,"reason":"手机坏了"}}"#,
        Care,
        EXPECTED,
    ),
    write("POST /reviews", r#"{"form":"health-daily","person":$id,"note":"请补充"}"#, Care, EXPECTED),
    write("POST /reminders", r#"{"form":"health-daily","people":[$id]}"#, Remind, EXPECTED),
    write("POST /registration/invitations", r#"{"people":[$id]}"#, Invite, PERSON),
    read("GET /passages?person=$id", Passages, PERSON),
    // By number.
    write(
        "POST /gate-permits",
        r#"{"numbers":"$id","kind":"single","from":"2020-03-05T00:00:00Z","until":"2020-03-06T00:00:00Z","reason":"就医"}"#,
        Permits,
        NUMBER,
    ),
    tell("POST /statuses/timeline", r#"{"number":"$id"}"#, SeeStatus, NUMBER),
    write(
        "POST /statuses",
        r#"{"number":"$id","kind":"graduation","from":"2021-07-01","reason":"毕业"}"#,
        ChangeStatus,
        NUMBER,
    ),
    write(
        "POST /statuses/stays",
        r#"{"number":"$id","from":"2018-09-04","reason":"延期入学"}"#,
        ChangeStatus,
        NUMBER,
    ),
    tell(
        "POST /statuses/list/preview",
        "学号,变动类型,生效日期,截止日期,新班级,原因\n$id,毕业,2021-07-01,,,毕业\n",
        ChangeStatus,
        NUMBER,
    ),
    write(
        "POST /statuses/list",
        "学号,变动类型,生效日期,截止日期,新班级,原因\n$id,毕业,2021-07-01,,,毕业\n",
        ChangeStatus,
        NUMBER,
    ),
    write("POST /statuses/numbers", "考生号,学号,姓名\n$id,20300101,\n", ChangeStatus, NUMBER),
    write(
        "POST /exemptions",
        r#"{"number":"$id","kind":"leave","from":"2020-06-01","last":"2020-06-02","reason":"回家"}"#,
        Care,
        NUMBER,
    ),
    tell(
        "POST /exemptions/list/preview",
        "学号,类型,开始日期,结束日期,事由\n$id,请假,2020-06-04,2020-06-05,x\n",
        ListsOfExemptions,
        NUMBER,
    ),
    write(
        "POST /exemptions/list",
        "学号,类型,开始日期,结束日期,事由\n$id,请假,2020-06-04,2020-06-05,x\n",
        ListsOfExemptions,
        NUMBER,
    ),
    write("POST /residences", r#"{"bed":1,"from":"2020-03-04","number":"$id"}"#, Care, NUMBER),
    tell("POST /announcements/preview", r#"{"numbers":"$id"}"#, Announce, NUMBER),
    tell("POST /portal/entries/1/list/preview", "学号\n$id\n", Portal, NUMBER),
    write("POST /portal/entries/1/list", "学号\n$id\n", Portal, NUMBER),
    // Of what is theirs.
    read("GET /reviews/$id", Care, RECEIPT),
    tell("POST /reviews/$id/answers", r#"{"purpose":"核实"}"#, Care, RECEIPT),
    write("POST /reviews/$id/note", r#"{"note":"已了解"}"#, Care, RECEIPT),
    write("POST /reviews/$id/send-back", r#"{"note":"请补充"}"#, Care, RECEIPT),
    write("POST /reviews/$id/close", r#"{"note":"已核实"}"#, Care, RECEIPT),
    own("GET /reports/$id", "", PAPER, Judged::Read),
    own("GET /reports/$id/revisions", "", RECEIPT, Judged::Read),
    own("GET /forms/papers?receipt=$id", "", PAPER, Judged::Write),
    read("GET /attachments/$id", Care, ATTACHMENT),
    own("DELETE /attachments/$id", "", ATTACHMENT, Judged::Write),
    write("POST /residences/$id/end", r#"{"on":"2020-03-04"}"#, Care, STAY),
    write("POST /exemptions/$id/revocation", r#"{"reason":"登记错了"}"#, Care, EXEMPTION),
    write("POST /statuses/$id/revocation", r#"{"reason":"登记错了"}"#, ChangeStatus, STATUS),
    write("POST /statuses/places/$id/dates", r#"{"from":"2020-02-20","reason":"补登"}"#, ChangeStatus, PLACE),
    tell("POST /corrections/$id/values", EMPTY, Care, CORRECTION),
    write("POST /corrections/$id/confirmation", EMPTY, Care, CORRECTION),
    write("POST /corrections/$id/fix", r#"{"note":"已办理"}"#, SettleCorrections, CORRECTION),
    write("POST /corrections/$id/refusal", r#"{"reason":"不是"}"#, Care, CORRECTION),
    own("POST /me/corrections/$id/withdrawal", EMPTY, CORRECTION, Judged::Write),
    write("POST /grants/$id/end", r#"{"reason":"换人"}"#, GiveGrants, GRANT),
    write("DELETE /class-counsellors/grants/$id", "", AppointCounsellors, GRANT),
    write("DELETE /sign-offs/$id", "", SignOff, SIGN_OFF),
    // A department's.
    counted(
        "GET /statistics/health-daily?department=$id",
        Figures,
        DEPARTMENT,
        ("/total/expected", expected),
    ),
    counted(
        "GET /statistics/health-daily?by=class&department=$id",
        Figures,
        COLLEGE,
        ("/total/expected", expected),
    ),
    counted(
        "GET /statistics/health-daily/bulletin?department=$id",
        Figures,
        DEPARTMENT,
        ("/table/total/expected", expected),
    ),
    counted(
        "GET /statistics/health-daily/categories?department=$id",
        Figures,
        DEPARTMENT,
        ("/total/reported", |world, person| expected(world, person) && reported(world, person)),
    ),
    counted(
        "GET /statistics/health-daily/comparison?from=2020-03-04&department=$id",
        Figures,
        COLLEGE,
        ("/total/expected", expected),
    ),
    counted(
        "GET /statistics/health-daily/trend?from=2020-03-04&department=$id",
        Figures,
        DEPARTMENT,
        ("/days/0/counts/expected", expected),
    ),
    counted(
        "GET /statistics/health-daily/explanation?department=$id",
        Figures,
        COLLEGE,
        ("/expected", expected),
    ),
    part("GET /statistics/health-daily/people?department=$id", People, DEPARTMENT),
    counted(
        "GET /unreported/health-daily?department=$id",
        Unreported,
        DEPARTMENT,
        ("/total", |world, person| expected(world, person) && !reported(world, person)),
    ),
    part("GET /trips?state=all&department=$id", People, DEPARTMENT),
    part("GET /passages?department=$id", Passages, DEPARTMENT),
    part("GET /passages/outside?zone=1&department=$id", Passages, DEPARTMENT),
    counted("GET /passages/inside?department=$id", PassageFigures, DEPARTMENT, ("/zones/0/inside", inside)),
    counted(
        "GET /trips/summary?state=all&department=$id",
        People,
        COLLEGE,
        ("/people", |world, person| world.holds("trips", &person.number)),
    ),
    part("GET /movements/people?department=$id", People, DEPARTMENT),
    counted(
        "GET /portal/entries/1/comparison?department=$id",
        Figures,
        DEPARTMENT,
        ("/total/people", |_, _| true),
    ),
    counted(
        "GET /portal/entries/1/comparison?by=class&department=$id",
        Figures,
        COLLEGE,
        ("/total/only_there", |world, person| world.holds("there", &person.number)),
    ),
    counted(
        "GET /portal/entries/1/comparison?by=grade&department=$id",
        Figures,
        CLASS,
        ("/total/only_here", |world, person| world.holds("opened", &person.number)),
    ),
    part("GET /portal/entries/1/people?department=$id", People, DEPARTMENT),
    part("GET /portal/entries/1/people?state=not_there&department=$id", People, COLLEGE),
    write("POST /portal/entries/1/reminders", r#"{"department":$id}"#, Remind, CLASS),
    counted(
        "GET /registration?by=class&department=$id",
        Figures,
        DEPARTMENT,
        ("/total/rostered", |_, _| true),
    ),
    part("GET /registration/not-activated?department=$id", People, DEPARTMENT),
    part("GET /photos/people?department=$id", People, DEPARTMENT),
    part("GET /residences/without?department=$id", People, DEPARTMENT),
    part("GET /reviews?department=$id", Care, DEPARTMENT),
    part("GET /reviews/counts?department=$id", Care, DEPARTMENT),
    part("GET /sign-offs?form=health-daily&college=$id", Figures, COLLEGE),
    read("GET /grants?department=$id", GrantActs, COLLEGE),
    door(
        "POST /exports/preview",
        r#"{"dataset":"people","order":"number","columns":[{"column":"number","title":"学号"}],"filters":{"department":$id}}"#,
        Some(People),
        DEPARTMENT,
        Judged::Part(None),
    ),
    door(
        "POST /announcements/preview",
        r#"{"departments":[$id]}"#,
        Some(Announce),
        CLASS,
        Judged::Part(None),
    ),
    door(
        "POST /statuses/graduation/preview",
        r#"{"department":$id,"on":"2022-07-01"}"#,
        Some(ChangeStatus),
        CLASS,
        Judged::Part(None),
    ),
    write(
        "POST /statuses/graduation",
        r#"{"department":$id,"on":"2022-07-01","reason":"毕业"}"#,
        ChangeStatus,
        CLASS,
    ),
    write(
        "POST /announcements",
        r#"{"title":"停水通知","text":"明天停水","audience":{"departments":[$id]},"send_at":"2020-03-06T02:00:00Z"}"#,
        Announce,
        CLASS,
    ),
    write(
        "POST /campaigns",
        r#"{"code":"not-mine","title":"晚点名","department":$id}"#,
        DesignForms,
        COLLEGE,
    ),
    write("POST /sign-offs", r#"{"form":"health-daily","department":$id,"note":"已联系"}"#, SignOff, CLASS),
    write("PUT /movements/2020-03-04/$id/signature", EMPTY, SignOff, COLLEGE),
    // Places in lists.
    cursor("GET /statistics/health-daily/people?limit=20&cursor=$cursor", People, NUMBER),
    cursor("GET /unreported/health-daily?limit=20&cursor=$cursor", Unreported, NUMBER),
    cursor("GET /photos/people?limit=20&cursor=$cursor", People, NUMBER),
    cursor("GET /movements/people?limit=20&cursor=$cursor", People, NUMBER),
    cursor("GET /registration/not-activated?limit=20&cursor=$cursor", People, NUMBER),
    cursor("GET /residences/without?limit=20&cursor=$cursor", People, NUMBER),
    cursor("GET /exemptions?limit=20&cursor=$cursor", Care, EXEMPTION),
    cursor("GET /statuses?limit=20&cursor=$cursor", SeeStatus, STATUS),
    cursor("GET /corrections?limit=20&cursor=$cursor", Corrections, CORRECTION),
    cursor("GET /reviews?limit=20&cursor=$cursor", Care, PERSON),
    cursor("GET /phone-corrections?limit=20&cursor=$cursor", Care, PERSON),
    cursor("GET /trips?state=all&limit=20&cursor=$cursor", People, PERSON),
];
