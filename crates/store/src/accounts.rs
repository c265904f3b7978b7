//! Whose account is whose: what matches by rule, what is left over, and what does not fit.

use chrono::NaiveDate;
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Date, Integer, Nullable, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{CorpId, MemberId, PersonId, audit::Act};

use crate::{
    Result,
    audit::{By, Event, insert_all},
};

/// An account and a person who may belong together, or do.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Pair {
    /// The account.
    #[diesel(sql_type = BigInt)]
    pub member_id: MemberId,
    /// As WeCom gives it.
    #[diesel(sql_type = Text)]
    pub userid: String,
    /// The account's name; none: withheld.
    #[diesel(sql_type = Nullable<Text>)]
    pub account_name: Option<String>,
    /// Where the account is.
    #[diesel(sql_type = Nullable<Text>)]
    pub account_place: Option<String>,
    /// The person.
    #[diesel(sql_type = BigInt)]
    pub person_id: PersonId,
    /// Student or staff number.
    #[diesel(sql_type = Text)]
    pub number: String,
    /// The person's name.
    #[diesel(sql_type = Text)]
    pub person_name: String,
    /// Where the roster has them.
    #[diesel(sql_type = Nullable<Text>)]
    pub person_place: Option<String>,
    /// `name_and_place` or `name`; `linked` for one that is linked already.
    #[diesel(sql_type = Text)]
    pub rule: String,
}

/// An account of nobody, or a person without one.
#[derive(Debug, Clone, PartialEq, Eq, QueryableByName)]
pub struct Leftover {
    /// The account's or the person's id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Userid or number; also the list's order and cursor.
    #[diesel(sql_type = Text)]
    pub subject: String,
    /// None: withheld.
    #[diesel(sql_type = Nullable<Text>)]
    pub name: Option<String>,
    /// Where.
    #[diesel(sql_type = Nullable<Text>)]
    pub place: Option<String>,
}

/// Accounts of nobody, persons without one ($2: the day), each where they are.
const FREE: &str = "
  accounts as materialized (
    select m.member_id, m.userid, m.name,
           (select array_agg(md.department_id) from member_departments md
            where md.corp_id = $1 and md.member_id = m.member_id and md.until_date is null) as departments,
           (select string_agg(d.name, '、' order by d.department_id) from member_departments md
            join departments d on d.corp_id = md.corp_id and d.department_id = md.department_id
            where md.corp_id = $1 and md.member_id = m.member_id and md.until_date is null) as place
    from members m where m.corp_id = $1 and m.left_on is null and m.person_id is null),
  people as materialized (
    select p.person_id, p.number, p.name, s.department_id, d.name as place
    from persons p
    left join memberships s on s.corp_id = p.corp_id and s.person_id = p.person_id and s.is_main
      and s.from_date <= $2 and (s.until_date is null or s.until_date > $2)
    left join departments d on d.corp_id = s.corp_id and d.department_id = s.department_id
    where p.corp_id = $1 and (p.until_date is null or p.until_date > $2)
      and not exists (select from members m where m.corp_id = $1 and m.person_id = p.person_id and m.left_on is null))";

/// What rules would link, and nobody has: the same name in the same class or department, else a name that only one
/// account and one person have. Only where neither side leaves a choice.
pub async fn proposals(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    day: NaiveDate,
    limit: i64,
) -> Result<Vec<Pair>> {
    let sql = format!(
        "with {FREE},
         placed as (
           select a.member_id, p.person_id, count(*) over (partition by a.member_id) as people,
                  count(*) over (partition by p.person_id) as accounts
           from accounts a join people p on p.name = a.name and p.department_id = any(a.departments)),
         named as (
           select a.member_id, p.person_id, count(*) over (partition by a.member_id) as people,
                  count(*) over (partition by p.person_id) as accounts
           from accounts a join people p on p.name = a.name),
         matched as (
           select member_id, person_id, 'name_and_place' as rule from placed where people = 1 and accounts = 1
           union all
           select member_id, person_id, 'name' from named n where people = 1 and accounts = 1
             and not exists (select from placed x where x.member_id = n.member_id or x.person_id = n.person_id))
         select a.member_id, a.userid, a.name as account_name, a.place as account_place, p.person_id, p.number,
                p.name as person_name, p.place as person_place, m.rule
         from matched m join accounts a using (member_id) join people p using (person_id)
         order by m.rule desc, p.number limit $3"
    );
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Date, _>(day)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// Linked accounts whose name is not their person's.
pub async fn conflicts(conn: &mut AsyncPgConnection, corp: CorpId, limit: i64) -> Result<Vec<Pair>> {
    let sql = "
      select m.member_id, m.userid, m.name as account_name, null::text as account_place, p.person_id, p.number,
             p.name as person_name, null::text as person_place, 'linked' as rule
      from members m join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
      where m.corp_id = $1 and m.left_on is null and m.name <> p.name
      order by p.number limit $2";
    Ok(diesel::sql_query(sql).bind::<Integer, _>(corp).bind::<BigInt, _>(limit).load(conn).await?)
}

/// Accounts of nobody, by userid.
pub async fn without_person(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    day: NaiveDate,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Leftover>> {
    let sql = format!(
        "with {FREE} select member_id as id, userid as subject, name, place from accounts
         where $3 is null or userid > $3 order by userid limit $4"
    );
    leftovers(conn, sql, corp, day, after, limit).await
}

/// Persons without an account, by number.
pub async fn without_account(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    day: NaiveDate,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Leftover>> {
    let sql = format!(
        "with {FREE} select person_id as id, number as subject, name, place from people
         where $3 is null or number > $3 order by number limit $4"
    );
    leftovers(conn, sql, corp, day, after, limit).await
}

async fn leftovers(
    conn: &mut AsyncPgConnection,
    sql: String,
    corp: CorpId,
    day: NaiveDate,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Leftover>> {
    Ok(diesel::sql_query(sql)
        .bind::<Integer, _>(corp)
        .bind::<Date, _>(day)
        .bind::<Nullable<Text>, _>(after)
        .bind::<BigInt, _>(limit)
        .load(conn)
        .await?)
}

/// An account, and whose it was and is.
#[derive(QueryableByName)]
struct Owned {
    #[diesel(sql_type = BigInt)]
    member_id: MemberId,
    #[diesel(sql_type = Nullable<BigInt>)]
    earlier: Option<PersonId>,
    #[diesel(sql_type = Nullable<BigInt>)]
    later: Option<PersonId>,
}

/// Keeps in the audit from whom accounts were taken and whose they became.
async fn note(conn: &mut AsyncPgConnection, corp: CorpId, owned: &[Owned], by: By) -> Result<()> {
    let event = |act: Act, member: MemberId, person: PersonId| {
        Event::new(corp, act, by.member, by.at).of(person).on("member", member)
    };
    let events = owned.iter().flat_map(|one| {
        let taken = one.earlier.map(|person| event(Act::AccountUnlinked, one.member_id, person));
        let given = one.later.map(|person| event(Act::AccountLinked, one.member_id, person));
        taken.into_iter().chain(given)
    });
    insert_all(conn, corp, events.collect()).await
}

/// Links accounts of nobody to persons without one, by userid and number, whatever the case, and notes who did. How many were
/// linked: a pair of which either side is taken by now is passed over.
pub async fn link(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    pairs: &[(String, String)],
    by: By,
) -> Result<usize> {
    let linked: Vec<Owned> = diesel::sql_query(
        "update members m set person_id = p.person_id
         from unnest($2, $3) as r (userid, number)
         join persons p on p.corp_id = $1 and lower(p.number) = lower(r.number)
         where m.corp_id = $1 and m.userid_key = lower(r.userid) and m.left_on is null and m.person_id is null
           and not exists (select from members o where o.corp_id = $1 and o.person_id = p.person_id and o.left_on is null)
         returning m.member_id, null::bigint as earlier, m.person_id as later",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<Text>, _>(pairs.iter().map(|pair| pair.0.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(pairs.iter().map(|pair| pair.1.as_str()).collect::<Vec<_>>())
    .load(conn)
    .await?;
    note(conn, corp, &linked, by).await?;
    Ok(linked.len())
}

/// Takes an account from its person, and notes who did; not where its userid is the person's number, which would link it again at
/// once.
pub async fn unlink(conn: &mut AsyncPgConnection, corp: CorpId, member: MemberId, by: By) -> Result<usize> {
    let unlinked: Vec<Owned> = diesel::sql_query(
        "update members m set person_id = null from persons p
         where m.corp_id = $1 and m.member_id = $2 and p.corp_id = $1 and p.person_id = m.person_id
           and lower(p.number) <> m.userid_key
         returning m.member_id, p.person_id as earlier, null::bigint as later",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(member)
    .load(conn)
    .await?;
    note(conn, corp, &unlinked, by).await?;
    Ok(unlinked.len())
}

/// Keeps in the audit what undoing a set of changes makes of accounts that were linked and taken by hand: it is asked of what the set
/// noted, which undoing leaves. Accounts whose userid is a number follow from the roster, whoever brings it.
pub(crate) async fn note_undone(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    change_set: i64,
    by: By,
) -> Result<()> {
    let owned: Vec<Owned> = diesel::sql_query(
        "with net as (
           select (coalesce(c.before, c.after) ->> 'member_id')::bigint as member_id,
                  ((array_agg(c.after order by c.change_id desc))[1] ->> 'person_id')::bigint as earlier,
                  ((array_agg(c.before order by c.change_id))[1] ->> 'person_id')::bigint as later
           from changes c
           join change_sets s on s.corp_id = c.corp_id and s.change_set_id = c.change_set_id and s.kind = 'accounts'
           where c.corp_id = $1 and c.change_set_id = $2 and c.table_name = 'members' group by 1)
         select member_id, earlier, later from net where earlier is distinct from later order by member_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(change_set)
    .load(conn)
    .await?;
    note(conn, corp, &owned, by).await
}
