-- The mirror of WeCom's directory, and beside it what the school itself knows of its people.
-- Intervals are two dates, half open: from_date <= day and (until_date is null or day < until_date).

create table sync_runs (
  corp_id             integer not null references corps,
  run_id              bigint generated always as identity,
  trigger             text not null check (trigger in ('boot', 'schedule', 'command', 'event', 'approval')),
  state               text not null check (state in ('running', 'applied', 'held', 'failed', 'discarded')),
  started_at          timestamptz not null,
  finished_at         timestamptz,
  departments_seen    integer not null default 0,
  members_seen        integer not null default 0,
  -- Members whose names WeCom did not show to the app.
  members_not_visible integer not null default 0,
  rows_added          integer not null default 0,
  rows_changed        integer not null default 0,
  rows_closed         integer not null default 0,
  -- Members closed: what the hourly budget over all paths counts.
  members_closed      integer not null default 0,
  reverted_at         timestamptz,
  rows_held           integer not null default 0,
  -- SHA-256 over the held removals: an approval names it, so that exactly the diff that was shown is applied.
  held_digest         bytea,
  reason              text,
  primary key (corp_id, run_id)
);
create index sync_runs_finished on sync_runs (corp_id, finished_at);
call school_table('sync_runs', 'select, insert, update');

-- Removals a guard held back, as the administrator sees them.
create table sync_held (
  corp_id     integer not null,
  run_id      bigint not null,
  kind        text not null check (kind in ('department', 'member', 'membership')),
  subject     text not null,   -- department id, userid, or "userid/department id"
  name        text not null,
  place       text not null,   -- where it stands now, as a path; what the removal would end
  primary key (corp_id, run_id, kind, subject),
  foreign key (corp_id, run_id) references sync_runs
);
call school_table('sync_held', 'select, insert, delete');

-- A department as it is now; department_versions has what it was on any day.
create table departments (
  corp_id        integer not null references corps,
  department_id  integer not null,   -- WeCom's
  name           text not null,
  parent_id      integer,            -- null: the root, or the parent is outside the visible range
  sort_order     bigint not null,
  kind           text not null check (kind in ('school', 'college', 'grade', 'class', 'office')),
  college_id     integer,            -- the nearest of that kind on the way up, itself included
  grade_id       integer,
  class_id       integer,
  closed_on      date,
  run_id         bigint not null,
  primary key (corp_id, department_id),
  foreign key (corp_id, run_id) references sync_runs
);
call school_table('departments', 'select, insert, update');

create table department_versions (
  corp_id        integer not null,
  department_id  integer not null,
  from_date      date not null,
  until_date     date check (until_date > from_date),
  name           text not null,
  parent_id      integer,
  sort_order     bigint not null,
  kind           text not null,
  college_id     integer,
  grade_id       integer,
  class_id       integer,
  run_id         bigint not null,
  primary key (corp_id, department_id, from_date),
  foreign key (corp_id, department_id) references departments,
  foreign key (corp_id, run_id) references sync_runs
);
create unique index department_versions_open on department_versions (corp_id, department_id) where until_date is null;
call school_table('department_versions', 'select, insert, update, delete');

-- The school's own record of someone. Exists before and after any WeCom account.
create table persons (
  corp_id       integer not null references corps,
  person_id     bigint generated always as identity,
  number        text not null,       -- student or staff number
  name          text not null,
  kind          text not null check (kind in ('student', 'staff')),
  staff_kind    text check (staff_kind in ('在编', '合同制', '临时', '合作办学')),
  major         text,
  grade         smallint,            -- year of entry
  phone         bytea,               -- sealed
  from_date     date not null,       -- on the roster since, as the school says
  until_date    date check (until_date > from_date),
  primary key (corp_id, person_id),
  constraint persons_number_key unique (corp_id, number),
  check ((kind = 'staff') or staff_kind is null)
);
call school_table('persons', 'select, insert, update');

-- A WeCom account. Linked to at most one person; one that has left keeps the link, for when it comes back.
create table members (
  corp_id             integer not null references corps,
  member_id           bigint generated always as identity,
  userid              text not null,  -- as WeCom gives it
  userid_key          text not null,  -- lower-cased: WeCom compares so (doc 90195)
  name                text,           -- null: WeCom withheld it
  position            text,
  status              smallint,       -- 1 activated, 2 disabled, 4 not activated, 5 left (doc 90196)
  main_department_id  integer,
  person_id           bigint,
  joined_on           date not null,
  left_on             date,
  run_id              bigint not null,
  primary key (corp_id, member_id),
  constraint members_userid_key unique (corp_id, userid_key),
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, run_id) references sync_runs
);
create unique index members_person_present on members (corp_id, person_id) where left_on is null;
create index members_person on members (corp_id, person_id);
call school_table('members', 'select, insert, update');

create table member_versions (
  corp_id             integer not null,
  member_id           bigint not null,
  from_date           date not null,
  until_date          date check (until_date > from_date),
  name                text,
  position            text,
  status              smallint,
  main_department_id  integer,
  run_id              bigint not null,
  primary key (corp_id, member_id, from_date),
  foreign key (corp_id, member_id) references members,
  foreign key (corp_id, run_id) references sync_runs
);
create unique index member_versions_open on member_versions (corp_id, member_id) where until_date is null;
call school_table('member_versions', 'select, insert, update, delete');

-- In which departments WeCom showed an account: what was observed, never corrected by hand.
create table member_departments (
  corp_id        integer not null,
  member_id      bigint not null,
  department_id  integer not null,
  from_date      date not null,
  until_date     date check (until_date > from_date),
  is_leader      boolean not null default false,
  run_id         bigint not null,
  primary key (corp_id, member_id, department_id, from_date),
  foreign key (corp_id, member_id) references members,
  foreign key (corp_id, department_id) references departments,
  foreign key (corp_id, run_id) references sync_runs
);
create unique index member_departments_open on member_departments (corp_id, member_id, department_id) where until_date is null;
create index member_departments_department on member_departments (corp_id, department_id) where until_date is null;
call school_table('member_departments', 'select, insert, update, delete');

-- person × department as the school says it holds; the school may correct the dates. A sync run opens and
-- closes rows for linked persons, the roster for persons without an account.
create table memberships (
  corp_id        integer not null,
  membership_id  bigint generated always as identity,
  person_id      bigint not null,
  department_id  integer not null,
  is_main        boolean not null,   -- the one a person is counted under
  from_date      date not null,
  until_date     date check (until_date > from_date),
  source         text not null check (source in ('directory', 'roster', 'correction')),
  reason         text,
  primary key (corp_id, membership_id),
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, department_id) references departments,
  check ((source = 'correction') = (reason is not null))
);
create unique index memberships_open on memberships (corp_id, person_id, department_id) where until_date is null;
create unique index memberships_one_main on memberships (corp_id, person_id) where until_date is null and is_main;
create index memberships_department on memberships (corp_id, department_id, person_id);
create index memberships_person on memberships (corp_id, person_id);
call school_table('memberships', 'select, insert, update, delete');

-- Days on which somebody need not answer, as the school says; until_date null: until further notice. A row is never
-- changed: a correction revokes it, with a reason, and writes another.
create table exemptions (
  corp_id        integer not null,
  exemption_id   bigint generated always as identity,
  person_id      bigint not null,
  kind           text not null check (kind in ('leave', 'internship', 'suspension', 'deferral')),
  from_date      date not null,
  until_date     date check (until_date > from_date),
  reason         bytea not null,     -- sealed
  source         text not null check (source in ('manual', 'list', 'approval')),
  approval_no    text,               -- WeCom's number of the approved application (审批单号)
  granted_by     bigint,
  granted_at     timestamptz not null,
  revoked_by     bigint,
  revoked_at     timestamptz,
  revoke_reason  bytea,              -- sealed
  primary key (corp_id, exemption_id),
  constraint exemptions_approval_key unique (corp_id, approval_no),
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, granted_by) references members,
  foreign key (corp_id, revoked_by) references members,
  check ((source = 'approval') = (approval_no is not null)),
  check ((revoked_at is null) = (revoke_reason is null))
);
create unique index exemptions_key on exemptions (corp_id, person_id, kind, from_date) where revoked_at is null;
create index exemptions_person on exemptions (corp_id, person_id);
call school_table('exemptions', 'select, insert, update');

-- The transactions that changed who is expected when, so that what was read can be kept until there is one
-- (store/src/roll.rs). Restored into another cluster these numbers may lie ahead: then more is read anew than need be.
create table roster_changes (
  corp_id     integer not null references corps,
  changed_in  bigint not null default pg_current_xact_id()::text::bigint,
  at          timestamptz not null default now(),   -- by Postgres's clock, as its sweep is
  primary key (corp_id, changed_in)
);
call school_table('roster_changes', 'select, insert, delete');

create function note_roster_change() returns void language sql as $$
  -- Outside a school, as in a repair by hand, it may be any of them.
  insert into roster_changes (corp_id)
  select corp_id from corps where corp_id = current_corp() or current_corp() is null
  on conflict do nothing
$$;
create function roster_emptied() returns trigger language plpgsql as $$ begin
  perform note_roster_change();
  return null;
end $$;
-- A statement that touched no row, as those of a sync that finds nothing new, changed nothing.
create function roster_changed() returns trigger language plpgsql as $$ begin
  if exists (select from touched) then perform note_roster_change(); end if;
  return null;
end $$;
-- Of a person only some columns say who is expected.
create function roster_person_changed() returns trigger language plpgsql as $$ begin
  if exists (select from touched n join replaced o using (corp_id, person_id)
             where (n.number, n.name, n.kind, n.from_date, n.until_date)
               is distinct from (o.number, o.name, o.kind, o.from_date, o.until_date))
  then perform note_roster_change(); end if;
  return null;
end $$;

-- Notes what changes a table of the roster: `events` among insert, update, delete.
create procedure watch_roster(name regclass, variadic events text[]) language plpgsql as $$ declare event text; begin
  execute format('create trigger roster_truncate after truncate on %s for each statement execute function roster_emptied()', name);
  foreach event in array events loop
    execute format('create trigger roster_%s after %1$s on %s referencing %s table as touched
                    for each statement execute function roster_changed()',
                   event, name, case event when 'delete' then 'old' else 'new' end);
  end loop;
end $$;
call watch_roster('persons', 'insert', 'delete');
create trigger roster_update after update on persons referencing old table as replaced new table as touched
  for each statement execute function roster_person_changed();
call watch_roster('department_versions', 'insert', 'update', 'delete');
call watch_roster('memberships', 'insert', 'update', 'delete');
call watch_roster('exemptions', 'insert', 'update', 'delete');

-- person × role × scope × purpose × end date.
create table grants (
  corp_id        integer not null,
  grant_id       bigint generated always as identity,
  person_id      bigint not null,
  role           text not null check (role in ('class_assistant', 'counsellor', 'college_leader', 'college_office',
                   'department_head', 'school_office', 'school_leader', 'administrator', 'auditor')),
  department_id  integer not null,
  purpose        text not null,
  source         text not null check (source in ('directory', 'roster', 'manual')),
  from_date      date not null,
  until_date     date not null check (until_date > from_date),
  primary key (corp_id, grant_id),
  constraint grants_key unique (corp_id, person_id, role, department_id, source, from_date),
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, department_id) references departments
);
create index grants_department on grants (corp_id, department_id, role);
call school_table('grants', 'select, insert, update, delete');

-- Tokens and tickets, shared by all processes; one refresh at a time. Never the secret, and sealed.
create table wecom_tokens (
  corp_id       integer not null references corps,
  app           text not null,       -- the app's name in the configuration, or "contacts"
  kind          text not null check (kind in ('access_token', 'corp_ticket', 'agent_ticket')),
  value         bytea,               -- sealed
  digest        bytea,               -- SHA-256 of the value: compare-and-expire without opening it
  obtained_at   timestamptz,
  expires_at    timestamptz,
  refreshing_until  timestamptz,     -- a lease, on the database's clock
  -- What WeCom answered instead of a token, when it may be asked again, and which credentials (a hash) it refused.
  refused_code         bigint,
  refused_hint         text,
  refused_since        timestamptz,  -- the first of the refusals that came one upon the other
  refused_until        timestamptz,
  refused_credentials  text,
  primary key (corp_id, app, kind)
);
call school_table('wecom_tokens', 'select, insert, update, delete');

-- Calls of each of WeCom's APIs by all processes, and until when nobody calls it because WeCom refused. All on the
-- database's clock.
create table wecom_budgets (
  corp_id        integer not null references corps,
  api            text not null,      -- path of the call, e.g. user/get
  minute_begins  timestamptz not null default 'epoch',
  minute_calls   bigint not null default 0,
  hour_begins    timestamptz not null default 'epoch',
  hour_calls     bigint not null default 0,
  paused_until   timestamptz,
  paused_code    bigint,
  strikes        integer not null default 0,   -- pauses that came one upon the other
  primary key (corp_id, api)
);
call school_table('wecom_budgets', 'select, insert, update, delete');

-- Fresh figures for the planner after a bulk load. Until Postgres gathers them by itself, about a minute later,
-- it takes a school of sixteen thousand for a handful and loops over all pairs. Only a table's owner may ANALYZE.
create procedure refresh_statistics() language sql security definer set search_path = public, pg_temp as $$
  analyze departments, department_versions, members, member_versions, member_departments, persons, memberships, grants
$$;
revoke all on procedure refresh_statistics() from public;
grant execute on procedure refresh_statistics() to rollcall_app;

-- What one act changed, row by row: a sync run, an import, a bulk change. It can be looked at, and undone as long as
-- nobody has changed the same rows since.
create table change_sets (
  corp_id        integer not null references corps,
  change_set_id  bigint not null,
  kind           text not null check (kind in ('sync', 'roster', 'exemptions', 'accounts', 'statuses', 'residences',
                   'photos', 'corrections', 'kinds', 'platform')),
  run_id         bigint,
  title          text not null,
  rows_changed   bigint not null,
  made_by        bigint,             -- null: the service itself
  made_at        timestamptz not null,
  undone_by      bigint,
  undone_at      timestamptz,
  primary key (corp_id, change_set_id),
  foreign key (corp_id, run_id) references sync_runs,
  foreign key (corp_id, made_by) references members (corp_id, member_id),
  foreign key (corp_id, undone_by) references members (corp_id, member_id)
);
create sequence change_set_ids;
grant usage on sequence change_set_ids to rollcall_app;
call school_table('change_sets', 'select, insert, update, delete');

create table changes (
  corp_id        integer not null references corps,
  change_set_id  bigint not null,
  change_id      bigint generated always as identity,
  table_name     text not null,
  before         jsonb,              -- null: the row was added
  after          jsonb,              -- null: the row was removed
  primary key (corp_id, change_set_id, change_id)
);
call school_table('changes', 'select, insert, delete');

create function note_change() returns trigger language plpgsql set timezone = 'UTC' as $$ begin
  insert into changes (corp_id, change_set_id, table_name, before, after)
  values (coalesce(new.corp_id, old.corp_id), current_setting('rollcall.change_set')::bigint, tg_table_name,
          to_jsonb(old), to_jsonb(new));
  return null;
end $$;

-- Has the changes of a table noted while a transaction has set rollcall.change_set.
create procedure track_changes(name text) language plpgsql as $$ begin
  execute format('create trigger note_change after insert or update or delete on %I for each row
                  when (current_setting(''rollcall.change_set'', true) <> '''') execute function note_change()', name);
end $$;
call track_changes('departments');
call track_changes('department_versions');
call track_changes('persons');
call track_changes('members');
call track_changes('member_versions');
call track_changes('member_departments');
call track_changes('memberships');
call track_changes('exemptions');
call track_changes('grants');

-- Takes a change set back, last change first. A row that is not as the change left it ends this with SQLSTATE RC001,
-- one that something else needs by now with a foreign key violation. Runs as the owner: the service itself may not
-- delete a person, only take back the adding of one. The service may write notes of its own, so what they say is not
-- trusted: only rows of its school and of tables whose changes are noted are touched; anything else ends this with RC002.
create procedure undo_changes(corp integer, change_set bigint) language plpgsql security definer
  set search_path = public, pg_temp set timezone = 'UTC' as $$
declare
  change record;
  at_hand text := '';
  key text;
  columns text;
  count bigint;
begin
  if corp is distinct from current_corp() then
    raise exception 'another school' using errcode = 'RC002';
  end if;
  for change in
    select table_name, before, after from changes where corp_id = corp and change_set_id = change_set
    order by change_id desc
  loop
    if coalesce(change.before, change.after) ->> 'corp_id' is distinct from corp::text
       or coalesce(change.after, change.before) ->> 'corp_id' is distinct from corp::text then
      raise exception 'a row of another school' using errcode = 'RC002';
    end if;
    if change.table_name <> at_hand then
      at_hand := change.table_name;
      if not exists (select from pg_trigger t join pg_class c on c.oid = t.tgrelid
                     where c.relname = at_hand and c.relnamespace = 'public'::regnamespace and t.tgname = 'note_change') then
        raise exception 'changes of this table are not noted' using errcode = 'RC002';
      end if;
      select string_agg(quote_ident(a.attname), ', ') filter (where a.attnum = any (i.indkey)),
             string_agg(quote_ident(a.attname), ', ') filter (where a.attnum <> all (i.indkey))
        into key, columns
        from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum > 0 and not a.attisdropped
        where i.indrelid = at_hand::regclass and i.indisprimary;
    end if;
    if change.before is null then
      execute format('delete from %1$I t where (%2$s) = (select %2$s from jsonb_populate_record(null::%1$I, $1))
                      and to_jsonb(t) = $1', at_hand, key) using change.after;
    elsif change.after is null then
      execute format('insert into %1$I overriding system value select * from jsonb_populate_record(null::%1$I, $1)',
                     at_hand) using change.before;
    else
      execute format('update %1$I t set (%3$s) = (select %3$s from jsonb_populate_record(null::%1$I, $2))
                      where (%2$s) = (select %2$s from jsonb_populate_record(null::%1$I, $1)) and to_jsonb(t) = $1',
                     at_hand, key, columns) using change.after, change.before;
    end if;
    get diagnostics count = row_count;
    if count <> 1 then
      raise exception 'changed since' using errcode = 'RC001';
    end if;
  end loop;
end $$;
revoke all on procedure undo_changes(integer, bigint) from public;
grant execute on procedure undo_changes(integer, bigint) to rollcall_app;
