-- The control plane: the few tables that are read before it is known which school a request is for.
-- Everything else holds a school's data, leads with corp_id and stands behind row-level security;
-- school_table() below is the one way to make such a table, and tests/src/schools_apart.rs proves it.

-- The service connects as a role that owns nothing, so that row-level security binds it.
-- deploy/ gives this role a password or a peer mapping; the migration only needs it to exist.
do $$ begin
  if not exists (select from pg_roles where rolname = 'rollcall_app') then
    create role rollcall_app nologin;
  end if;
end $$;

-- The school this transaction works for; null (and so no row at all) unless store.scoped() set it.
create function current_corp() returns integer language sql stable parallel safe
  as $$ select nullif(current_setting('rollcall.corp_id', true), '')::integer $$;

-- Puts one table of school data behind row-level security and opens it to the service.
create procedure school_table(name regclass, rights text) language plpgsql as $$ begin
  execute format('alter table %s enable row level security', name);
  execute format('create policy school on %s using (corp_id = current_corp()) with check (corp_id = current_corp())', name);
  execute format('grant %s on %s to rollcall_app', rights, name);
end $$;

create table corps (
  corp_id           integer primary key,
  name              text not null,
  wecom_corpid      text not null constraint corps_wecom_corpid_key unique,
  time_zone         text not null,
  -- What the first sync finds counts as true since this day, unless the roster says otherwise.
  records_begin_on  date not null
);

create table corp_hosts (
  host     text primary key check (host = lower(host)),
  corp_id  integer not null references corps
);

create table sign_in_flows (
  state_hash    bytea primary key,
  binding_hash  bytea not null,
  corp_id       integer not null references corps,
  return_to     text not null check (return_to like '/%'),
  created_at    timestamptz not null,
  expires_at    timestamptz not null,
  used_at       timestamptz,
  session_hash  bytea
);
create index sign_in_flows_expires_at on sign_in_flows (expires_at);

-- A code from WeCom is exchanged at most once, whoever brings it.
create table used_codes (
  corp_id    integer not null references corps,
  code_hash  bytea not null,
  used_at    timestamptz not null,
  primary key (corp_id, code_hash)
);
create index used_codes_used_at on used_codes (used_at);

create table sessions (
  session_hash  bytea primary key,
  corp_id       integer not null references corps,
  member_id     bigint not null,
  signed_in_at  timestamptz not null,
  seen_at       timestamptz not null,
  idle_until    timestamptz not null,
  ends_at       timestamptz not null,
  -- What somebody recognises a browser they are signed in with by, and a number by which they end it: neither the words by
  -- which a browser calls itself nor its address.
  session_id    bigint generated always as identity unique,
  channel       text not null default 'pc' check (channel in ('h5', 'pc')),
  system        text not null default 'other' check (system in ('android', 'ios', 'windows', 'mac', 'other')),
  browser       text not null default 'other'
    check (browser in ('wecom', 'wechat', 'edge', 'firefox', 'chrome', 'safari', 'other'))
);
create index sessions_member on sessions (corp_id, member_id);
create index sessions_ends_at on sessions (ends_at);

-- Work to be done after the transaction that asked for it. Leases use the database's clock.
create table jobs (
  job_id        bigint generated always as identity primary key,
  corp_id       integer not null references corps,
  kind          text not null,
  payload       jsonb not null,
  -- While a job with this key waits, a second one is not added.
  unique_key    text,
  state         text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'dead')),
  run_at        timestamptz not null,
  attempts      integer not null default 0,
  max_attempts  integer not null,
  lease_until   timestamptz,
  last_error    text,
  created_at    timestamptz not null,
  finished_at   timestamptz,
  -- Of a dead job: what an administrator did about it, who and when.
  settled_as    text check (settled_as in ('retried', 'discarded')),
  settled_by    bigint,
  settled_at    timestamptz
);
create unique index jobs_waiting_key on jobs (corp_id, kind, unique_key) where state = 'waiting';
create index jobs_due on jobs (run_at, job_id) where state = 'waiting';
create index jobs_leased on jobs (lease_until) where state = 'running';
create index jobs_dead on jobs (corp_id, job_id) where state = 'dead' or settled_at is not null;

-- Staging of one sync run. COPY can't write under row-level security, so rows land here first.
create unlogged table staging_departments (
  corp_id        integer not null,
  run_id         bigint not null,
  department_id  integer not null,
  name           text not null,
  parent_id      integer not null,
  sort_order     bigint not null,
  primary key (corp_id, run_id, department_id)
);
create unlogged table staging_members (
  corp_id             integer not null,
  run_id              bigint not null,
  userid              text not null,
  userid_key          text not null,
  name                text,
  position            text,
  status              smallint,
  main_department_id  integer,
  primary key (corp_id, run_id, userid_key)
);
create unlogged table staging_member_departments (
  corp_id        integer not null,
  run_id         bigint not null,
  userid_key     text not null,
  department_id  integer not null,
  is_leader      boolean,
  sort_order     bigint,
  primary key (corp_id, run_id, userid_key, department_id)
);

grant select, insert, update, delete on
  corps, corp_hosts, sign_in_flows, used_codes, sessions, jobs,
  staging_departments, staging_members, staging_member_departments
  to rollcall_app;
