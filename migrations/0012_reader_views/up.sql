-- What other systems may read: an identity provider (Shibboleth, CARSI), a portal, a library. Views with columns that
-- docs/READERS.md promises to keep, showing today and nothing else: no phone, no answer, no history.

-- Every reader is a login role of its own and a member of this one, which may select the views and nothing else.
-- deploy/ may have made it already; the migration only needs it to exist.
do $$ begin
  if not exists (select from pg_roles where rolname = 'rollcall_reader') then
    create role rollcall_reader nologin;
  end if;
exception when duplicate_object or unique_violation then
  null; -- roles belong to the cluster: another database was first
end $$;

-- Which school a login role reads: one. In the control plane, because it is what decides the school; only the owner of
-- the tables writes it, the service does not even see it.
create table readers (
  role_name  text primary key,
  corp_id    integer not null references corps
);

create schema reader;
grant usage on schema reader to rollcall_reader;

-- The school of whoever is connected; null, and so no row at all, for everybody who is not in readers. It asks who
-- logged in (session_user), which neither SET nor SET ROLE changes. A setting would not do: anyone may SET one.
create function reader.corp() returns integer language sql stable security definer set search_path = ''
  as $$ select corp_id from public.readers where role_name = session_user $$;
revoke all on function reader.corp() from public;
grant execute on function reader.corp() to rollcall_reader;

-- The views run as their owner, whom row-level security does not bind: the school stands in each of them instead.
-- security_barrier: no function in a reader's query is shown a row before that has chosen the school.

-- The school itself, and its day. The database's clock, in the school's time zone: a reader brings no clock of ours,
-- nothing is written by it, and what it asks for is today.
create view reader.school with (security_barrier) as
  select corp_id, wecom_corpid, name, (now() at time zone time_zone)::date as today
  from corps where corp_id = (select reader.corp());

-- Whom the roster has today, and who is to come; not who has left.
create view reader.people with (security_barrier) as
  select p.corp_id, m.userid, p.number, p.name, p.kind, p.staff_kind,
         -- eduPersonAffiliation. A roster does not say who teaches, so that staff are staff.
         case when p.from_date <= s.today then case p.kind when 'student' then 'student' else 'staff' end end
           as affiliation,
         p.grade, c.department_id as college_id, c.name as college, d.department_id, d.name as department,
         p.from_date as on_roster_from, p.until_date as on_roster_until, p.from_date <= s.today as active
  from reader.school s
  join persons p on p.corp_id = s.corp_id and (p.until_date is null or p.until_date > s.today)
  left join members m on m.corp_id = p.corp_id and m.person_id = p.person_id and m.left_on is null
  left join lateral (
    select ms.department_id from memberships ms
    where ms.corp_id = p.corp_id and ms.person_id = p.person_id and ms.is_main and ms.from_date <= s.today
      and (ms.until_date is null or ms.until_date > s.today)
    order by ms.from_date desc, ms.membership_id desc limit 1) main on true
  left join departments d on d.corp_id = p.corp_id and d.department_id = main.department_id and d.closed_on is null
  left join departments c on c.corp_id = d.corp_id and c.department_id = d.college_id and c.closed_on is null;

-- Departments as they are now: school, colleges, grades, classes, offices.
create view reader.groups with (security_barrier) as
  select d.corp_id, d.department_id as group_id, d.parent_id, d.name, d.kind, d.college_id, d.sort_order
  from reader.school s join departments d on d.corp_id = s.corp_id and d.closed_on is null;

-- Who is in which of them, as the school says it holds today. Of a class its students; what is above it has those it
-- has itself.
create view reader.group_members with (security_barrier) as
  select ms.corp_id, ms.department_id as group_id, p.number, m.userid, bool_or(ms.is_main) as is_main,
         coalesce(bool_or(md.is_leader), false) as is_leader
  from reader.school s
  join memberships ms on ms.corp_id = s.corp_id and ms.from_date <= s.today
    and (ms.until_date is null or ms.until_date > s.today)
  join departments d on d.corp_id = ms.corp_id and d.department_id = ms.department_id and d.closed_on is null
  join persons p on p.corp_id = ms.corp_id and p.person_id = ms.person_id and p.from_date <= s.today
    and (p.until_date is null or p.until_date > s.today)
  left join members m on m.corp_id = p.corp_id and m.person_id = p.person_id and m.left_on is null
  left join member_departments md on md.corp_id = m.corp_id and md.member_id = m.member_id
    and md.department_id = ms.department_id and md.until_date is null
  group by ms.corp_id, ms.department_id, p.number, m.userid;

grant select on reader.school, reader.people, reader.groups, reader.group_members to rollcall_reader;
