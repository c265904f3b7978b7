//! Who has reported in another authority's system, by its lists, beside what stands here.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, DepartmentId, MemberId, PersonId,
    audit::Act,
    portal::{Comparison, Names, Which},
};
use serde_json::json;

use crate::{
    Result,
    audit::{Event, insert as record},
    expected::{Bound, Question},
    statistics::By,
};

/// A day's list.
#[derive(Debug, Clone, QueryableByName)]
pub struct List {
    /// Which of the day.
    #[diesel(sql_type = Integer)]
    pub list_no: i32,
    /// `reported` or `missing`: whom the file named.
    #[diesel(sql_type = Text)]
    pub names: String,
    /// Numbers of it nobody here has.
    #[diesel(sql_type = Integer)]
    pub unknown: i32,
    /// Who brought it, by name.
    #[diesel(sql_type = Text)]
    pub by: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
}

/// The newest list of a day.
pub async fn find(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    entry_id: i64,
    day: NaiveDate,
) -> Result<Option<List>> {
    Ok(diesel::sql_query(
        "select l.list_no, l.names, l.unknown, coalesce(p.name, m.name, m.userid) as by, l.at
         from portal_lists l
         join members m on m.corp_id = l.corp_id and m.member_id = l.by_member
         left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
         where l.corp_id = $1 and l.entry_id = $2 and l.day = $3",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(entry_id)
    .bind::<Date, _>(day)
    .get_result(conn)
    .await
    .optional()?)
}

/// A list to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewList {
    /// Of which entry.
    pub entry_id: i64,
    /// Of which day.
    pub day: NaiveDate,
    /// Whom the file named.
    pub names: Names,
    /// Numbers of it nobody here has.
    pub unknown: usize,
    /// Who brings it.
    pub by: MemberId,
    /// Now.
    pub at: DateTime<Utc>,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    person_id: PersonId,
    #[diesel(sql_type = Text)]
    number: String,
}

/// Persons of lower-cased numbers, on the roster or not: a list may name who has left since.
pub async fn named(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    numbers: &[String],
) -> Result<Vec<(PersonId, String)>> {
    let rows: Vec<Found> = diesel::sql_query(
        "select person_id, lower(number) as number from persons where corp_id = $1 and lower(number) = any($2)",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<Text>, _>(numbers)
    .load(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.person_id, row.number)).collect())
}

/// Keeps a list in the place of the day's last one. `question` says whom the entry is for: of a file that names who is
/// missing, all the others are those who have reported. The audit has who brought it and how many it named.
pub async fn put(
    conn: &mut AsyncPgConnection,
    question: &Question,
    list: NewList,
    people: &[PersonId],
) -> Result<()> {
    let corp = question.corp;
    diesel::sql_query(
        "insert into portal_lists as l (corp_id, entry_id, day, list_no, names, unknown, by_member, at)
         values ($1, $2, $3, 1, $4, $5, $6, $7)
         on conflict (corp_id, entry_id, day) do update
           set list_no = l.list_no + 1, names = excluded.names, unknown = excluded.unknown,
               by_member = excluded.by_member, at = excluded.at",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(list.entry_id)
    .bind::<Date, _>(list.day)
    .bind::<Text, _>(list.names.as_str())
    .bind::<Integer, _>(i32::try_from(list.unknown).unwrap_or(i32::MAX))
    .bind::<BigInt, _>(list.by)
    .bind::<Timestamptz, _>(list.at)
    .execute(conn)
    .await?;
    let event = Event::new(corp, Act::EntryChanged, Some(list.by), list.at).on("entry", list.entry_id);
    let detail = json!({
        "act": "listed",
        "day": list.day,
        "names": list.names.as_str(),
        "people": people.len(),
        "unknown": list.unknown,
    });
    record(conn, event.saying(detail)).await?;
    diesel::sql_query("delete from portal_listed where corp_id = $1 and entry_id = $2 and day = $3")
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(list.entry_id)
        .bind::<Date, _>(list.day)
        .execute(conn)
        .await?;
    if list.names == Names::Reported {
        diesel::sql_query(
            "insert into portal_listed (corp_id, entry_id, day, person_id)
             select $1, $2, $3, person_id from unnest($4) as r (person_id) on conflict do nothing",
        )
        .bind::<Integer, _>(corp)
        .bind::<BigInt, _>(list.entry_id)
        .bind::<Date, _>(list.day)
        .bind::<Array<BigInt>, _>(people)
        .execute(conn)
        .await?;
        return Ok(());
    }
    let rest = " insert into portal_listed (corp_id, entry_id, day, person_id)
                 select $1, $12, $3, person_id from enrolled where person_id <> all($13) on conflict do nothing";
    question
        .bind_enrolled(rest)
        .bind::<BigInt, _>(list.entry_id)
        .bind::<Array<BigInt>, _>(people.to_vec())
        .execute(conn)
        .await?;
    Ok(())
}

/// Which entry is compared, and with what: the reports of a form, or who opened it.
#[derive(Debug, Clone, Copy)]
pub struct Compared {
    /// The entry.
    pub entry_id: i64,
    /// The form.
    pub form_id: Option<i64>,
}

/// `compared`: whom the entry is for, with what stands here and there. $12 and $13 are the entry and the form.
const COMPARED: &str = ",
  opened as materialized (
    select distinct m.person_id from portal_passes v
    join members m on m.corp_id = v.corp_id and m.member_id = v.member_id
    where v.corp_id = $1 and v.entry_id = $12 and v.day = $3 and m.person_id is not null),
  answered as materialized (
    select distinct r.person_id from reports r where r.corp_id = $1 and r.form_id = $13 and r.day = $3),
  listed as materialized (
    select l.person_id from portal_listed l where l.corp_id = $1 and l.entry_id = $12 and l.day = $3),
  compared as materialized (
    select e.person_id, e.number, e.name, e.department_id, e.class_id, e.grade_id, e.college_id,
           case when $13 is null then o.person_id else a.person_id end is not null as here,
           l.person_id is not null as there
    from enrolled e
    left join opened o on o.person_id = e.person_id
    left join answered a on a.person_id = e.person_id
    left join listed l on l.person_id = e.person_id)";

fn bind(question: &Question, compared: Compared, rest: &str) -> Bound {
    question
        .bind_enrolled(&format!("{COMPARED}{rest}"))
        .bind::<BigInt, _>(compared.entry_id)
        .bind::<Nullable<BigInt>, _>(compared.form_id)
}

/// A department of the comparison; none: those under none of that kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The department.
    pub department: Option<(DepartmentId, String)>,
    /// Its people.
    pub counts: Comparison,
}

#[derive(QueryableByName)]
struct Grouped {
    #[diesel(sql_type = Nullable<Integer>)]
    department_id: Option<DepartmentId>,
    #[diesel(sql_type = Nullable<Text>)]
    name: Option<String>,
    #[diesel(sql_type = BigInt)]
    people: i64,
    #[diesel(sql_type = BigInt)]
    both: i64,
    #[diesel(sql_type = BigInt)]
    only_there: i64,
    #[diesel(sql_type = BigInt)]
    only_here: i64,
}

/// By department of one kind, in the directory's order.
pub async fn by(
    conn: &mut AsyncPgConnection,
    question: &Question,
    compared: Compared,
    by: By,
) -> Result<Vec<Unit>> {
    let column = by.column();
    let rest = format!(
        ", counted as (
           select {column} as department_id, count(*) as people, count(*) filter (where here and there) as both,
                  count(*) filter (where there and not here) as only_there,
                  count(*) filter (where here and not there) as only_here
           from compared group by 1)
         select c.*, d.name from counted c
         left join department_versions d on d.corp_id = $1 and d.department_id = c.department_id
           and d.from_date <= $3 and (d.until_date is null or d.until_date > $3)
         order by d.sort_order desc nulls last, c.department_id"
    );
    let rows: Vec<Grouped> = bind(question, compared, &rest).load(conn).await?;
    let unit = |row: Grouped| Unit {
        counts: Comparison {
            people: row.people,
            both: row.both,
            only_there: row.only_there,
            only_here: row.only_here,
        },
        department: row.department_id.zip(row.name),
    };
    Ok(rows.into_iter().map(unit).collect())
}

/// Somebody of the comparison.
#[derive(Debug, Clone, QueryableByName)]
pub struct Person {
    /// Our id.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number; order and cursor.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// College on that day.
    #[diesel(sql_type = Nullable<Text>)]
    pub college: Option<String>,
    /// What they are counted under: a class, or a department.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
    /// Whether they have reported here, or opened the entry.
    #[diesel(sql_type = Bool)]
    pub here: bool,
    /// Whether they stand on the list.
    #[diesel(sql_type = Bool)]
    pub there: bool,
    /// Whether they were reminded by this list.
    #[diesel(sql_type = Bool)]
    pub reminded: bool,
}

fn condition(which: Which) -> &'static str {
    match which {
        Which::All => "true",
        Which::Both => "x.here and x.there",
        Which::OnlyThere => "x.there and not x.here",
        Which::OnlyHere => "x.here and not x.there",
        Which::Neither => "not x.here and not x.there",
        Which::Here => "x.here",
        Which::NotHere => "not x.here",
        Which::There => "x.there",
        Which::NotThere => "not x.there",
    }
}

/// Those behind a number, by number, after `after`. `list_no` is the day's list; 0 where there is none.
pub async fn people(
    conn: &mut AsyncPgConnection,
    question: &Question,
    compared: Compared,
    (which, list_no): (Which, i32),
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Person>> {
    let condition = condition(which);
    let rest = format!(
        ", page as (
           select * from compared x where {condition} and ($14 is null or x.number collate \"C\" > $14)
           order by x.number collate \"C\" limit $15)
         select x.person_id, x.number, x.name, x.here, x.there, c.name as college, d.name as place,
                exists (select from portal_reminders r where r.corp_id = $1 and r.entry_id = $12 and r.day = $3
                        and r.list_no = $16 and r.person_id = x.person_id) as reminded
         from page x
         left join department_versions c on c.corp_id = $1 and c.department_id = x.college_id
           and c.from_date <= $3 and (c.until_date is null or c.until_date > $3)
         left join department_versions d on d.corp_id = $1 and d.department_id = x.department_id
           and d.from_date <= $3 and (d.until_date is null or d.until_date > $3)
         order by x.number collate \"C\""
    );
    Ok(bind(question, compared, &rest)
        .bind::<Nullable<Text>, _>(after.map(str::to_owned))
        .bind::<BigInt, _>(limit)
        .bind::<Integer, _>(list_no)
        .load(conn)
        .await?)
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// How many are behind a number.
pub async fn count(
    conn: &mut AsyncPgConnection,
    question: &Question,
    compared: Compared,
    which: Which,
) -> Result<i64> {
    let rest = format!(" select count(*) as count from compared x where {}", condition(which));
    let found: Count = bind(question, compared, &rest).get_result(conn).await?;
    Ok(found.count)
}

/// Whom of `compared x` a reminder leaves alone: who is exempt from reports that day.
const NOT_EXEMPT: &str =
    "not exists (select from exemptions f where f.corp_id = $1 and f.person_id = x.person_id
  and f.revoked_at is null and f.from_date <= $3 and (f.until_date is null or f.until_date > $3))";

/// How many [`remind`] would address by this list.
pub async fn count_to_remind(
    conn: &mut AsyncPgConnection,
    question: &Question,
    compared: Compared,
    (which, list_no): (Which, i32),
) -> Result<i64> {
    let condition = condition(which);
    let rest = format!(
        " select count(*) as count from compared x
          where {condition} and {NOT_EXEMPT}
            and not exists (select from portal_reminders r where r.corp_id = $1 and r.entry_id = $12 and r.day = $3
                            and r.list_no = $14 and r.person_id = x.person_id)"
    );
    let found: Count = bind(question, compared, &rest).bind::<Integer, _>(list_no).get_result(conn).await?;
    Ok(found.count)
}

/// A reminder to those behind a number.
#[derive(Debug, Clone, Copy)]
pub struct Reminder {
    /// Whom.
    pub which: Which,
    /// By which list of the day; 0 where there is none.
    pub list_no: i32,
    /// What it says.
    pub mailing_id: i64,
    /// Until when it is of use.
    pub useful_until: DateTime<Utc>,
    /// Now.
    pub at: DateTime<Utc>,
}

/// Addresses a mailing to those behind a number who are not exempt from reports that day and were not reminded by this list
/// before. How many.
pub async fn remind(
    conn: &mut AsyncPgConnection,
    question: &Question,
    compared: Compared,
    reminder: Reminder,
) -> Result<usize> {
    let condition = condition(reminder.which);
    let rest = format!(
        ", told as (
           insert into portal_reminders (corp_id, entry_id, day, list_no, person_id, mailing_id, at)
           select $1, $12, $3, $14, x.person_id, $15, $16 from compared x
           where {condition} and {NOT_EXEMPT}
           order by x.person_id
           on conflict do nothing returning person_id)
         insert into outbox (corp_id, mailing_id, person_id, member_id, state, not_before, useful_until, at)
         select $1, $15, t.person_id, m.member_id,
                case when m.member_id is not null and (m.status is null or m.status = 1) then 'waiting' else 'unreachable' end,
                $16, $17, $16
         from told t left join members m on m.corp_id = $1 and m.person_id = t.person_id and m.left_on is null
         order by t.person_id
         on conflict do nothing"
    );
    Ok(bind(question, compared, &rest)
        .bind::<Integer, _>(reminder.list_no)
        .bind::<BigInt, _>(reminder.mailing_id)
        .bind::<Timestamptz, _>(reminder.at)
        .bind::<Timestamptz, _>(reminder.useful_until)
        .execute(conn)
        .await?)
}
