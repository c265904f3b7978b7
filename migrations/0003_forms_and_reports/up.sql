-- Forms are data; a published version never changes, and answers keep the version they were given on.

-- A form and the campaign it runs as: from which day to which, and who answers for it.
create table forms (
  corp_id        integer not null references corps,
  form_id        bigint generated always as identity,
  code           text not null,
  starts_on      date not null,
  ends_on        date not null check (ends_on >= starts_on - 1),   -- the last day; the one before the first: ended at once
  owner          bigint,             -- member; null: it came with Rollcall
  department_id  integer,            -- whose form it is; null: the whole school's
  draft          jsonb,              -- what the designer works on: domain::form::Form, not yet checked
  draft_at       timestamptz,
  draft_by       bigint,
  primary key (corp_id, form_id),
  constraint forms_code_key unique (corp_id, code),
  foreign key (corp_id, owner) references members (corp_id, member_id),
  foreign key (corp_id, draft_by) references members (corp_id, member_id),
  foreign key (corp_id, department_id) references departments
);
call school_table('forms', 'select, insert, update, delete');

create table form_versions (
  corp_id          integer not null,
  form_version_id  bigint generated always as identity,
  form_id          bigint not null,
  version          integer not null check (version > 0),
  title            text not null,
  definition       jsonb not null,   -- the field list, cadence, audience, conditions: domain::form::Form
  schema           jsonb not null,   -- JSON Schema 2020-12, compiled at publish
  published_at     timestamptz not null,
  published_by     bigint,           -- member; null: it came with Rollcall
  primary key (corp_id, form_version_id),
  constraint form_versions_version_key unique (corp_id, form_id, version),
  foreign key (corp_id, form_id) references forms,
  foreign key (corp_id, published_by) references members (corp_id, member_id)
);
call school_table('form_versions', 'select, insert');

-- One person's answer to one form for one period: state and coded facts, which are counted and live long. The answers
-- stand sealed in report_answers and can end earlier.
create table reports (
  corp_id          integer not null,
  report_id        bigint generated always as identity,
  form_id          bigint not null,
  person_id        bigint not null,
  day              date,                         -- of a week its Monday; null: answered once, or by event
  slot             smallint not null default 0,  -- several a day
  occurrence       integer not null default 0,   -- event forms: any number
  form_version_id  bigint not null,
  revision         integer not null check (revision > 0),
  receipt          text not null,                -- what the person keeps: letters and digits, says nothing
  state            text not null check (state in ('normal', 'abnormal')),
  facts            jsonb not null,               -- category by counted field, e.g. {"place": "非疫区"}
  flags            text[] not null,              -- why somebody should look at it: domain::form::Flag
  late             boolean not null,             -- the first revision came after the cut-off
  source           text not null check (source in ('self', 'behalf', 'card', 'chat', 'import')),   -- of the last revision
  retention        text not null,               -- where its answers stand, and how long
  month            date not null check (extract(day from month) = 1),
  submitted_at     timestamptz not null,
  revised_at       timestamptz not null,
  changed_in       bigint not null default pg_current_xact_id()::text::bigint,   -- transaction: store/src/roll.rs
  primary key (corp_id, report_id),
  constraint reports_one_per_period unique nulls not distinct (corp_id, form_id, day, slot, person_id, occurrence),
  constraint reports_receipt_key unique (corp_id, receipt),
  foreign key (corp_id, form_id) references forms,
  foreign key (corp_id, form_version_id) references form_versions,
  foreign key (corp_id, person_id) references persons
);
create index reports_person on reports (corp_id, person_id, form_id, day desc, report_id desc);
create index reports_changed_in on reports (corp_id, changed_in);
call school_table('reports', 'select, insert, update');

create function stamp_report() returns trigger language plpgsql as $$ begin
  new.changed_in := pg_current_xact_id()::text::bigint;
  return new;
end $$;
create trigger stamps_report before update on reports for each row execute function stamp_report();
call watch_roster('reports', 'delete');

create table report_revisions (
  corp_id          integer not null,
  report_id        bigint not null,
  revision         integer not null,
  form_version_id  bigint not null,
  state            text not null,
  facts            jsonb not null,
  flags            text[] not null,
  carried          text[] not null,  -- questions whose answer was carried over, as the person said
  source           text not null,
  reason           bytea,            -- 代报: why somebody else answered, sealed
  by_member        bigint,           -- null: loaded by an administrator's command
  at               timestamptz not null,
  primary key (corp_id, report_id, revision),
  foreign key (corp_id, report_id) references reports,
  foreign key (corp_id, form_version_id) references form_versions,
  foreign key (corp_id, by_member) references members
);
call school_table('report_revisions', 'select, insert');

-- The answers of every revision, sealed, by how long they are kept and the month they came: dropping a partition ends them.
create table report_answers (
  corp_id    integer not null,
  retention  text not null,
  month      date not null,
  report_id  bigint not null,
  revision   integer not null,
  answers    bytea not null,         -- sealed
  primary key (corp_id, retention, month, report_id, revision)
) partition by range (retention, month);
call school_table('report_answers', 'select, insert');

-- Makes the partition of a month unless it is there. The service, which owns no table, may call it.
create function ensure_answers_partition(class text, first_day date) returns void
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  partition text := format('report_answers_%s_%s', class, to_char(first_day, 'YYYYMM'));
begin
  if class !~ '^[a-z]{1,20}$' or extract(day from first_day) <> 1 then
    raise exception 'no such month of answers: % %', class, first_day;
  end if;
  -- By the table and not by to_regclass(), whose cache would not see what another session just made.
  if exists (select from pg_class where relname = partition and relnamespace = 'public'::regnamespace) then return; end if;
  perform pg_advisory_xact_lock(hashtext('report_answers'));
  if exists (select from pg_class where relname = partition and relnamespace = 'public'::regnamespace) then return; end if;
  -- Made apart and attached, which does not wait for those who write; and closed to everybody but through its parent.
  execute format('create table %I (like report_answers including all)', partition);
  execute format('alter table %I enable row level security', partition);
  execute format('create policy school on %I using (corp_id = current_corp()) with check (corp_id = current_corp())', partition);
  execute format('alter table report_answers attach partition %I for values from (%L, %L) to (%L, %L)', partition,
                 class, first_day, class, (first_day + interval '1 month')::date);
end $$;
revoke execute on function ensure_answers_partition(text, date) from public;
grant execute on function ensure_answers_partition(text, date) to rollcall_app;

-- 行程: when somebody was away, as a report of theirs says.
create table trips (
  corp_id      integer not null,
  report_id    bigint not null,
  person_id    bigint not null,
  left_on      date not null,
  returned_on  date,                 -- null: away
  region       text not null,        -- a county's code
  transport    text,
  primary key (corp_id, report_id),
  foreign key (corp_id, report_id) references reports,
  foreign key (corp_id, person_id) references persons
);
create index trips_person on trips (corp_id, person_id, left_on);
create index trips_open on trips (corp_id, person_id) where returned_on is null;
call school_table('trips', 'select, insert, update, delete');

-- The first answer to a write that carried an Idempotency-Key, given again to every repeat.
create table idempotency_keys (
  corp_id       integer not null,
  member_id     bigint not null,
  key           text not null,
  operation     text not null,
  request_hash  bytea not null,      -- sealed; the same key with another body is a mistake, and told so
  response      bytea,               -- sealed; null until the write is done, in the same transaction
  created_at    timestamptz not null,
  primary key (corp_id, member_id, key),
  foreign key (corp_id, member_id) references members
);
create index idempotency_keys_created on idempotency_keys (corp_id, created_at);
call school_table('idempotency_keys', 'select, insert, update, delete');

-- Who looked at whose data. The service may add and read, never change.
create table access_log (
  corp_id    integer not null,
  access_id  bigint generated always as identity,
  at         timestamptz not null,
  viewer     bigint not null,        -- member
  person_id  bigint not null,
  field      text not null,          -- e.g. phone
  purpose    bytea not null,         -- sealed
  day        date,                   -- of what is on record once a day: the school's; null: every look is a row
  primary key (corp_id, access_id),
  foreign key (corp_id, viewer) references members,
  foreign key (corp_id, person_id) references persons
);
create index access_log_person on access_log (corp_id, person_id, at);
-- Words a page shows of many people: once for each of them and day, however often it is read and by how many requests at once.
create unique index access_log_once on access_log (corp_id, viewer, person_id, field, day) where day is not null;
call school_table('access_log', 'select, insert');
