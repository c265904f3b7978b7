-- Who is signed in, and what they may: asked before every write, and at every look of somebody who was not here a moment ago.

-- Accounts that may sign in, with the person each is and a row a grant that holds on a day, or one without. Of status 1 is
-- activated and 4 not yet, unknown where WeCom withheld it; 2 is disabled, 5 left (doc 90196). Read in a statement's FROM, it
-- becomes part of that statement.
create function accounts_on(today date) returns table (
  corp_id integer, member_id bigint, userid text, person_id bigint, person_kind text, role text, department_id integer,
  department_name text, department_kind text, department_order bigint, until_date date)
  language sql stable as $$
  select m.corp_id, m.member_id, m.userid, p.person_id, p.kind, g.role, g.department_id, d.name, d.kind, d.sort_order, g.until_date
  from members m
  left join persons p on p.corp_id = m.corp_id and p.person_id = m.person_id
    and (p.until_date is null or p.until_date > today)
  left join grants g on g.corp_id = p.corp_id and g.person_id = p.person_id
    and g.from_date <= today and g.until_date > today
  left join departments d on d.corp_id = g.corp_id and d.department_id = g.department_id
  where m.left_on is null and (m.status is null or m.status in (1, 4))
$$;

-- The same behind a session that has not ended; no row: there is none. A statement of its own, in one flight: it sets the
-- school for itself, as store.scoped() does with three.
create function viewer_of_session(corp integer, hash bytea, today date, moment timestamptz) returns table (
  signed_in_at timestamptz, seen_at timestamptz, proven_at timestamptz, has_factor boolean, member_id bigint, userid text,
  person_id bigint, person_kind text, role text, department_id integer, department_name text, department_kind text,
  until_date date)
  language plpgsql as $$
#variable_conflict use_column
begin
  if current_corp() <> corp then
    raise exception 'another school' using errcode = 'RC002';
  end if;
  perform set_config('rollcall.corp_id', corp::text, true);
  return query
    select s.signed_in_at, s.seen_at, s.proven_at,
           exists (select from second_factors f
             where f.corp_id = s.corp_id and f.member_id = s.member_id and f.confirmed_at is not null),
           a.member_id, a.userid, a.person_id, a.person_kind, a.role, a.department_id, a.department_name, a.department_kind,
           a.until_date
    from sessions s
    left join accounts_on(today) a on a.corp_id = s.corp_id and a.member_id = s.member_id
    where s.corp_id = corp and s.session_hash = hash and s.idle_until > moment and s.ends_at > moment
    order by a.role, a.department_order desc, a.department_id;
end $$;
