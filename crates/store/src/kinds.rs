//! 类型规则: the school's rules, pinned departments, and what the rules are for.

use chrono::NaiveDate;
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, DepartmentId, MemberId,
    department::Kind,
    form::PersonKind,
    kinds::{DepartmentRule, PersonRule, Rules, TagId},
};
use serde_json::Value;

use crate::{
    Error, Result,
    schema::{kind_pins, kind_rules},
};

const DEPARTMENT: &str = "department";
const PERSON: &str = "person";

/// The school's rules.
pub async fn rules(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Rules> {
    let rows: Vec<(String, String, Value)> = kind_rules::table
        .filter(kind_rules::corp_id.eq(corp))
        .order((kind_rules::part, kind_rules::position))
        .select((kind_rules::part, kind_rules::kind, kind_rules::conditions))
        .load(conn)
        .await?;
    let pins: Vec<(DepartmentId, String)> = kind_pins::table
        .filter(kind_pins::corp_id.eq(corp))
        .select((kind_pins::department_id, kind_pins::kind))
        .load(conn)
        .await?;
    let mut rules = Rules::default();
    let strange = |_| Error::Unexpected("kind_rules.conditions");
    for (part, kind, conditions) in rows {
        if part == DEPARTMENT {
            let kind = Kind::parse(&kind).ok_or(Error::Unexpected("kind_rules.kind"))?;
            let when = serde_json::from_value(conditions).map_err(strange)?;
            rules.departments.push(DepartmentRule { kind, when });
        } else {
            let kind = PersonKind::parse(&kind).ok_or(Error::Unexpected("kind_rules.kind"))?;
            let when = serde_json::from_value(conditions).map_err(strange)?;
            rules.persons.push(PersonRule { kind, when });
        }
    }
    for (id, kind) in pins {
        rules.pins.insert(id, Kind::parse(&kind).ok_or(Error::Unexpected("kind_pins.kind"))?);
    }
    Ok(rules)
}

/// Makes the school's rules these.
pub async fn replace(conn: &mut AsyncPgConnection, corp: CorpId, rules: &Rules) -> Result<()> {
    diesel::delete(kind_rules::table.filter(kind_rules::corp_id.eq(corp))).execute(conn).await?;
    diesel::delete(kind_pins::table.filter(kind_pins::corp_id.eq(corp))).execute(conn).await?;
    let strange = |_| Error::Unexpected("kind_rules.conditions");
    let mut rows: Vec<(&str, i32, &str, Value)> = Vec::new();
    for (position, rule) in (0..).zip(&rules.departments) {
        let conditions = serde_json::to_value(&rule.when).map_err(strange)?;
        rows.push((DEPARTMENT, position, rule.kind.as_str(), conditions));
    }
    for (position, rule) in (0..).zip(&rules.persons) {
        let conditions = serde_json::to_value(&rule.when).map_err(strange)?;
        rows.push((PERSON, position, rule.kind.as_str(), conditions));
    }
    let rows: Vec<_> = rows
        .into_iter()
        .map(|(part, position, kind, conditions)| {
            (
                kind_rules::corp_id.eq(corp),
                kind_rules::part.eq(part),
                kind_rules::position.eq(position),
                kind_rules::kind.eq(kind),
                kind_rules::conditions.eq(conditions),
            )
        })
        .collect();
    diesel::insert_into(kind_rules::table).values(rows).execute(conn).await?;
    let pins: Vec<_> = (rules.pins.iter())
        .map(|(id, kind)| {
            (kind_pins::corp_id.eq(corp), kind_pins::department_id.eq(*id), kind_pins::kind.eq(kind.as_str()))
        })
        .collect();
    diesel::insert_into(kind_pins::table).values(pins).execute(conn).await?;
    Ok(())
}

/// An account in WeCom that belongs to nobody.
#[derive(Clone, PartialEq, Eq, QueryableByName)]
pub struct Unknown {
    /// Our number for it.
    #[diesel(sql_type = BigInt)]
    pub member_id: MemberId,
    /// As WeCom gives it.
    #[diesel(sql_type = Text)]
    pub userid: String,
    /// None: withheld.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// None: withheld.
    #[diesel(sql_type = Nullable<Text>)]
    pub position: Option<String>,
    /// Where it is.
    #[diesel(sql_type = Array<Integer>)]
    pub departments: Vec<DepartmentId>,
    /// Tags it has by itself.
    #[diesel(sql_type = Array<Integer>)]
    pub tags: Vec<TagId>,
    /// Whether somebody on record has its userid as their number, and another account.
    #[diesel(sql_type = Bool)]
    pub taken: bool,
}

impl std::fmt::Debug for Unknown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unknown").field("member_id", &self.member_id).finish_non_exhaustive()
    }
}

/// Accounts in WeCom that belong to nobody, by userid.
pub async fn unknown_accounts(conn: &mut AsyncPgConnection, corp: CorpId) -> Result<Vec<Unknown>> {
    Ok(diesel::sql_query(
        "select m.member_id, m.userid, m.name, m.position,
                coalesce((select array_agg(d.department_id order by d.department_id) from member_departments d
                          where d.corp_id = $1 and d.member_id = m.member_id and d.until_date is null), '{}') as departments,
                coalesce((select array_agg(t.tag_id order by t.tag_id) from tag_members t
                          where t.corp_id = $1 and t.member_id = m.member_id and t.until_date is null), '{}') as tags,
                exists (select from persons p where p.corp_id = $1 and lower(p.number) = m.userid_key) as taken
         from members m where m.corp_id = $1 and m.left_on is null and m.person_id is null
         order by m.userid_key collate \"C\"",
    )
    .bind::<Integer, _>(corp)
    .load(conn)
    .await?)
}

/// Makes persons of accounts of nobody: (userid, kind), numbered by userid. How many: an account that has a person by
/// now, has left, has no name, or whose userid is somebody's number is passed over.
pub async fn make_persons(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rows: &[(&str, PersonKind)],
    today: NaiveDate,
) -> Result<usize> {
    Ok(diesel::sql_query(
        "with made as (
           insert into persons (corp_id, number, name, kind, from_date)
           select $1, m.userid, m.name, r.kind, $4
           from unnest($2, $3) as r (userid, kind)
           join members m on m.corp_id = $1 and m.userid_key = lower(r.userid) and m.left_on is null
             and m.person_id is null and m.name is not null
           where not exists (select from persons p where p.corp_id = $1 and lower(p.number) = m.userid_key)
           returning person_id)
         insert into kind_persons (corp_id, person_id, made_on) select $1, person_id, $4 from made",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<Text>, _>(rows.iter().map(|row| row.0).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(rows.iter().map(|row| row.1.as_str()).collect::<Vec<_>>())
    .bind::<Date, _>(today)
    .execute(conn)
    .await?)
}

/// Notes that a roster knows these numbers: whom a rule made a person is the school's own now. How many.
pub async fn claim(conn: &mut AsyncPgConnection, corp: CorpId, numbers: &[&str]) -> Result<usize> {
    Ok(diesel::sql_query(
        "delete from kind_persons k using persons p
         where k.corp_id = $1 and p.corp_id = $1 and p.person_id = k.person_id
           and lower(p.number) in (select lower(number) from unnest($2) as r (number))",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<Text>, _>(numbers)
    .execute(conn)
    .await?)
}

/// How many persons stand where on a day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, QueryableByName)]
pub struct Standing {
    /// On record.
    #[diesel(sql_type = BigInt)]
    pub persons: i64,
    /// Of these, counted under a college.
    #[diesel(sql_type = BigInt)]
    pub in_college: i64,
    /// Of these, counted under a class.
    #[diesel(sql_type = BigInt)]
    pub in_class: i64,
}

/// How many persons are counted under a college and under a class.
pub async fn standing(conn: &mut AsyncPgConnection, corp: CorpId, day: NaiveDate) -> Result<Standing> {
    Ok(diesel::sql_query(
        "select count(*) as persons, count(d.college_id) as in_college, count(d.class_id) as in_class
         from persons p
         left join memberships m on m.corp_id = $1 and m.person_id = p.person_id and m.is_main
           and m.from_date <= $2 and (m.until_date is null or m.until_date > $2)
         left join departments d on d.corp_id = $1 and d.department_id = m.department_id
         where p.corp_id = $1 and p.from_date <= $2 and (p.until_date is null or p.until_date > $2)",
    )
    .bind::<Integer, _>(corp)
    .bind::<Date, _>(day)
    .get_result(conn)
    .await?)
}
