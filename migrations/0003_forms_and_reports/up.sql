-- Forms are data; a published version never changes, and answers keep the version they were given on.

create table forms (
  corp_id     integer not null references corps,
  form_id     bigint generated always as identity,
  code        text not null,
  primary key (corp_id, form_id),
  constraint forms_code_key unique (corp_id, code)
);
call school_table('forms', 'select, insert, update');

create table form_versions (
  corp_id          integer not null,
  form_version_id  bigint generated always as identity,
  form_id          bigint not null,
  version          integer not null check (version > 0),
  title            text not null,
  definition       jsonb not null,   -- the field list, cadence, audience, conditions: domain::form::Form
  schema           jsonb not null,   -- JSON Schema 2020-12, compiled at publish
  published_at     timestamptz not null,
  primary key (corp_id, form_version_id),
  constraint form_versions_version_key unique (corp_id, form_id, version),
  foreign key (corp_id, form_id) references forms
);
call school_table('form_versions', 'select, insert');

-- One person's answer to one form for one period. What is counted stands in the open as coded facts;
-- the answers themselves are sealed.
create table reports (
  corp_id          integer not null,
  report_id        bigint generated always as identity,
  form_id          bigint not null,
  person_id        bigint not null,
  day              date,                         -- null for a form answered once
  slot             smallint not null default 0,  -- several a day
  occurrence       integer not null default 0,   -- event forms: any number
  form_version_id  bigint not null,
  revision         integer not null check (revision > 0),
  receipt          text not null,                -- what the person keeps: letters and digits, says nothing
  state            text not null check (state in ('normal', 'abnormal')),
  facts            jsonb not null,               -- category by counted field, e.g. {"place": "非疫区"}
  answers          bytea not null,               -- sealed
  submitted_at     timestamptz not null,
  revised_at       timestamptz not null,
  primary key (corp_id, report_id),
  constraint reports_one_per_period unique nulls not distinct (corp_id, form_id, day, slot, person_id, occurrence),
  constraint reports_receipt_key unique (corp_id, receipt),
  foreign key (corp_id, form_id) references forms,
  foreign key (corp_id, form_version_id) references form_versions,
  foreign key (corp_id, person_id) references persons
);
create index reports_person on reports (corp_id, person_id, form_id, day desc, report_id desc);
call school_table('reports', 'select, insert, update');

create table report_revisions (
  corp_id          integer not null,
  report_id        bigint not null,
  revision         integer not null,
  form_version_id  bigint not null,
  state            text not null,
  facts            jsonb not null,
  answers          bytea not null,   -- sealed
  by_member        bigint,           -- null: loaded by an administrator's command
  at               timestamptz not null,
  primary key (corp_id, report_id, revision),
  foreign key (corp_id, report_id) references reports,
  foreign key (corp_id, form_version_id) references form_versions,
  foreign key (corp_id, by_member) references members
);
call school_table('report_revisions', 'select, insert');

-- The first answer to a write that carried an Idempotency-Key, given again to every repeat.
create table idempotency_keys (
  corp_id       integer not null,
  member_id     bigint not null,
  key           text not null,
  operation     text not null,
  request_hash  bytea not null,      -- the same key with another body is a mistake, and told so
  response      jsonb not null,
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
  purpose    text not null,
  primary key (corp_id, access_id),
  foreign key (corp_id, viewer) references members,
  foreign key (corp_id, person_id) references persons
);
create index access_log_person on access_log (corp_id, person_id, at);
call school_table('access_log', 'select, insert');
