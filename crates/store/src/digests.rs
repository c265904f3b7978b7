//! 摘要推送: the school's rules of who is told which figures when, and who they are about to be told.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use diesel::{
    prelude::*,
    sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text, Time, Timestamptz},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use domain::{
    CorpId, DepartmentId, MemberId,
    audit::Act,
    digest::Timing,
    policy::{Grant, Role, Viewer},
};

use serde_json::json;

use crate::{
    Error, Result,
    audit::{self, Event},
};

/// How the variants of a digest begin that say that all have reported.
pub const DONE: &str = "done";

/// A rule.
#[derive(Debug, Clone, QueryableByName)]
pub struct Rule {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub rule_id: i64,
    /// As [`domain::digest::About`] writes it.
    #[diesel(sql_type = Text)]
    pub about: String,
    /// The form's code; none: of no form.
    #[diesel(sql_type = Nullable<Text>)]
    pub form_code: Option<String>,
    /// Who is told.
    #[diesel(sql_type = Array<Text>)]
    pub roles: Vec<String>,
    /// Times of the school's day.
    #[diesel(sql_type = Array<Time>)]
    pub at_times: Vec<NaiveTime>,
    /// Whether it is told that all have reported.
    #[diesel(sql_type = Bool)]
    pub when_done: bool,
    /// Whether it is at work.
    #[diesel(sql_type = Bool)]
    pub enabled: bool,
    /// Who changed it last; none: it is as it came with Rollcall.
    #[diesel(sql_type = Nullable<Text>)]
    pub changed_by: Option<String>,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub changed_at: DateTime<Utc>,
}

impl Rule {
    /// Who is told.
    pub fn known_roles(&self) -> Vec<Role> {
        self.roles.iter().filter_map(|role| Role::parse(role)).collect()
    }
}

/// The school's rules, or the one with this id, in the order they were made.
pub async fn rules(conn: &mut AsyncPgConnection, corp: CorpId, rule_id: Option<i64>) -> Result<Vec<Rule>> {
    Ok(diesel::sql_query(
        "select r.rule_id, r.about, f.code as form_code, r.roles, r.at_times, r.when_done, r.enabled,
                coalesce(p.name, m.name, m.userid) as changed_by, r.changed_at
         from digest_rules r
         left join forms f on f.corp_id = r.corp_id and f.form_id = r.form_id
         left join members m on m.corp_id = r.corp_id and m.member_id = r.changed_by
         left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
         where r.corp_id = $1 and ($2 is null or r.rule_id = $2) order by r.rule_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<Nullable<BigInt>, _>(rule_id)
    .load(conn)
    .await?)
}

/// What a rule is to be.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Who is told when.
    pub timing: &'a Timing,
    /// Whether it is told that all have reported.
    pub when_done: bool,
    /// Whether it is at work.
    pub enabled: bool,
    /// Who says so; none: it comes with Rollcall.
    pub by: Option<MemberId>,
    /// Now.
    pub at: DateTime<Utc>,
}

impl Wanted<'_> {
    fn roles(&self) -> Vec<&'static str> {
        self.timing.roles.iter().map(|role| role.as_str()).collect()
    }
}

#[derive(QueryableByName)]
struct Added {
    #[diesel(sql_type = BigInt)]
    rule_id: i64,
}

/// Adds a rule; none: there is one about the same already.
pub async fn add(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    about: &str,
    form_id: Option<i64>,
    wanted: Wanted<'_>,
) -> Result<Option<i64>> {
    let added: Option<Added> = diesel::sql_query(
        "insert into digest_rules (corp_id, about, form_id, roles, at_times, when_done, enabled, changed_by, changed_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing returning rule_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<Text, _>(about)
    .bind::<Nullable<BigInt>, _>(form_id)
    .bind::<Array<Text>, _>(wanted.roles())
    .bind::<Array<Time>, _>(&wanted.timing.times)
    .bind::<Bool, _>(wanted.when_done)
    .bind::<Bool, _>(wanted.enabled)
    .bind::<Nullable<BigInt>, _>(wanted.by)
    .bind::<Timestamptz, _>(wanted.at)
    .get_result(conn)
    .await
    .optional()?;
    let Some(Added { rule_id }) = added else { return Ok(None) };
    if wanted.by.is_some() {
        note(conn, corp, rule_id, "created", wanted).await?;
    }
    Ok(Some(rule_id))
}

async fn note(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rule_id: i64,
    act: &str,
    wanted: Wanted<'_>,
) -> Result<()> {
    let event = Event::new(corp, Act::DigestRuleChanged, wanted.by, wanted.at).on("digest_rule", rule_id);
    audit::insert(conn, event.saying(json!({ "act": act, "enabled": wanted.enabled }))).await
}

/// Changes a rule; false: there is none.
pub async fn change(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    rule_id: i64,
    wanted: Wanted<'_>,
) -> Result<bool> {
    let changed = diesel::sql_query(
        "update digest_rules set roles = $3, at_times = $4, when_done = $5, enabled = $6, changed_by = $7, changed_at = $8
         where corp_id = $1 and rule_id = $2",
    )
    .bind::<Integer, _>(corp)
    .bind::<BigInt, _>(rule_id)
    .bind::<Array<Text>, _>(wanted.roles())
    .bind::<Array<Time>, _>(&wanted.timing.times)
    .bind::<Bool, _>(wanted.when_done)
    .bind::<Bool, _>(wanted.enabled)
    .bind::<Nullable<BigInt>, _>(wanted.by)
    .bind::<Timestamptz, _>(wanted.at)
    .execute(conn)
    .await?;
    if changed == 1 {
        note(conn, corp, rule_id, "changed", wanted).await?;
    }
    Ok(changed == 1)
}

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = BigInt)]
    member_id: MemberId,
    #[diesel(sql_type = Text)]
    userid: String,
    #[diesel(sql_type = Text)]
    role: String,
    #[diesel(sql_type = Integer)]
    department_id: DepartmentId,
    #[diesel(sql_type = Text)]
    department_name: String,
    #[diesel(sql_type = Bool)]
    whole_school: bool,
    #[diesel(sql_type = Date)]
    until_date: NaiveDate,
}

/// Everybody who holds one of `roles` on a day and can be sent a message, with all they hold: what they are told is what
/// their page shows.
pub async fn receivers(
    conn: &mut AsyncPgConnection,
    corp: CorpId,
    roles: &[Role],
    today: NaiveDate,
) -> Result<Vec<Viewer>> {
    let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
    let held: Vec<Held> = diesel::sql_query(
        "select m.member_id, m.userid, g.role, g.department_id, d.name as department_name, d.kind = 'school' as whole_school,
                g.until_date
         from members m
         join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
           and (p.until_date is null or p.until_date > $3)
         join grants g on g.corp_id = m.corp_id and g.person_id = m.person_id and g.from_date <= $3 and g.until_date > $3
         join departments d on d.corp_id = g.corp_id and d.department_id = g.department_id
         where m.corp_id = $1 and m.left_on is null and (m.status is null or m.status = 1)
           and exists (select from grants h where h.corp_id = $1 and h.person_id = m.person_id and h.role = any($2)
                         and h.from_date <= $3 and h.until_date > $3)
         order by m.member_id, g.grant_id",
    )
    .bind::<Integer, _>(corp)
    .bind::<Array<Text>, _>(roles)
    .bind::<Date, _>(today)
    .load(conn)
    .await?;
    let mut viewers: Vec<Viewer> = Vec::new();
    for row in held {
        let grant = Grant {
            role: Role::parse(&row.role).ok_or(Error::Unexpected("grants.role"))?,
            department_id: row.department_id,
            department_name: row.department_name,
            whole_school: row.whole_school,
            until: row.until_date,
        };
        match viewers.last_mut().filter(|last| last.member == row.member_id) {
            Some(last) => last.grants.push(grant),
            None => viewers.push(Viewer {
                corp,
                member: row.member_id,
                userid: row.userid,
                person: None,
                grants: vec![grant],
            }),
        }
    }
    Ok(viewers)
}

#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = BigInt)]
    member_id: MemberId,
}

/// Who was told on that day already, by mailings whose occasion begins so, that all have reported.
pub async fn told_done(conn: &mut AsyncPgConnection, corp: CorpId, occasion: &str) -> Result<Vec<MemberId>> {
    let told: Vec<Told> = diesel::sql_query(
        "select distinct o.member_id from mailings a
         join outbox o on o.corp_id = a.corp_id and o.mailing_id = a.mailing_id and starts_with(o.variant, $3)
         where a.corp_id = $1 and starts_with(a.occasion, $2) and o.member_id is not null
           and o.state not in ('expired', 'failed', 'recalled')",
    )
    .bind::<Integer, _>(corp)
    .bind::<Text, _>(occasion)
    .bind::<Text, _>(DONE)
    .load(conn)
    .await?;
    Ok(told.into_iter().map(|told| told.member_id).collect())
}
