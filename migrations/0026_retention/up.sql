-- 保存期限: campaigns' answers end with proof of it, unless somebody holds them; facts end later.

-- When the answers of what ended were purged; null: never, or it was asked anew since.
alter table forms add column purged_at timestamptz;

-- 保全: while one holds, nothing of a form is purged. Nothing here is ever removed.
create table retention_holds (
  corp_id     integer not null,
  hold_id     bigint generated always as identity,
  form_id     bigint not null,
  reason      text not null,
  until_date  date not null,         -- the last day it holds
  set_by      bigint not null,
  set_at      timestamptz not null,
  lifted_by   bigint,
  lifted_at   timestamptz,
  primary key (corp_id, hold_id),
  foreign key (corp_id, form_id) references forms,
  foreign key (corp_id, set_by) references members (corp_id, member_id),
  foreign key (corp_id, lifted_by) references members (corp_id, member_id),
  check ((lifted_by is null) = (lifted_at is null))
);
create index retention_holds_form on retention_holds (corp_id, form_id) where lifted_at is null;
call school_table('retention_holds', 'select, insert, update');

-- One purge of a form's answers, as far as it is, and the certificate of it. It goes on where it was killed.
create table retention_purges (
  corp_id         integer not null,
  purge_id        bigint generated always as identity,
  form_id         bigint not null,
  policy          text not null,         -- version of fixtures/retention.toml
  days            integer not null,      -- how long answers were kept
  ends_on         date not null,         -- the campaign's last day
  operator        text,                  -- null: by schedule
  began_at        timestamptz not null,
  months          date[] not null,       -- under which answers were kept
  data_keys       text[] not null default '{}',   -- ids of those that were destroyed
  keys_at         timestamptz,           -- null: not yet
  step            smallint not null default 0,    -- which table is gone through: domain::retention::PURGED
  months_done     integer not null default 0,     -- of report_answers
  after_report    bigint not null default 0,      -- and how far in the next of them
  after_revision  integer not null default 0,
  counts          bigint[] not null default '{0,0,0,0,0}',   -- rows by table
  rows_hash       bytea not null check (length(rows_hash) = 32),
  ended_at        timestamptz,           -- null: it goes on
  certificate     text,                  -- null: its act has no number in the audit yet
  certified_at    timestamptz,
  primary key (corp_id, purge_id),
  foreign key (corp_id, form_id) references forms
);
create unique index retention_purges_open on retention_purges (corp_id, form_id) where ended_at is null;
create index retention_purges_form on retention_purges (corp_id, form_id, purge_id);
call school_table('retention_purges', 'select, insert, update');

-- When each class was last looked through, and what that took.
create table retention_runs (
  corp_id     integer not null references corps,
  class       text not null,             -- of fixtures/retention.toml; month_keys: the data keys of past months
  ran_at      timestamptz not null,
  removed_at  timestamptz,               -- the last time something was removed
  removed     bigint not null default 0, -- how many rows then
  unrecorded  bigint not null default 0, -- rows since the audit was last told
  primary key (corp_id, class)
);
call school_table('retention_runs', 'select, insert, update');

-- The service ends what it keeps. What stays of a review or a follow-up when its form is purged is that it was, not what was written.
grant delete on reports, report_revisions, report_answers, reviews, review_acts, review_warnings, follow_ups to rollcall_app;
grant update (reason) on report_revisions to rollcall_app;
grant update (note) on review_acts to rollcall_app;
grant update (note) on follow_ups to rollcall_app;

-- What a purge looks for, without reading what it leaves.
create index report_revisions_reason on report_revisions (corp_id, report_id, revision) where reason is not null;
create index review_acts_noted on review_acts (corp_id, act_id) where note is not null;
create index follow_ups_noted on follow_ups (corp_id, form_id, follow_up_id) where note is not null;
create index attachments_form on attachments (corp_id, form_id, attachment_id collate "C");

-- Drops the partition of a month in which nothing is left, of no school; whether it did. It waits for nobody longer than a tenth of a
-- second, and keeps nobody waiting for longer: tried again another day. The service, which owns no table, may call it.
create function drop_answers_partition(class text, first_day date) returns boolean
  language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '100ms' as $$
declare
  partition text := format('report_answers_%s_%s', class, to_char(first_day, 'YYYYMM'));
  filled boolean;
begin
  if class !~ '^[a-z]{1,20}$' or extract(day from first_day) <> 1 then
    raise exception 'no such month of answers: % %', class, first_day;
  end if;
  if not exists (select from pg_class where relname = partition and relnamespace = 'public'::regnamespace) then return false; end if;
  execute format('select exists (select from %I)', partition) into filled;
  if filled then return false; end if;
  -- What is dead in it still is looked through under the lock; where that would take long, vacuum gives the space back first.
  if pg_relation_size(format('public.%I', partition)::regclass) > 8 * 1024 * 1024 then return false; end if;
  perform pg_advisory_xact_lock(hashtext('report_answers'));
  execute 'lock table report_answers in access exclusive mode';
  execute format('select exists (select from %I)', partition) into filled;
  if filled then return false; end if;
  execute format('drop table %I', partition);
  return true;
exception
  -- Somebody else is at it, or somebody writes: another day.
  when lock_not_available or undefined_table then return false;
end $$;
revoke execute on function drop_answers_partition(text, date) from public;
grant execute on function drop_answers_partition(text, date) to rollcall_app;
