-- Exports to spreadsheets by template, and what brings people into WeCom: invitations and corrected phones.

-- A template is what a school wants in a sheet; the built-in ones stand in the code.
create table export_templates (
  corp_id      integer not null references corps,
  template_id  bigint generated always as identity,
  name         text not null,
  definition   jsonb not null,       -- domain::export::Definition
  made_by      bigint not null,
  changed_at   timestamptz not null,
  primary key (corp_id, template_id),
  constraint export_templates_name_key unique (corp_id, name),
  foreign key (corp_id, made_by) references members (corp_id, member_id)
);
call school_table('export_templates', 'select, insert, update, delete');

-- The log of exports. A row stays; its file goes at the end of its life.
create table exports (
  corp_id       integer not null references corps,
  export_id     bigint generated always as identity,
  request_key   text not null,       -- the Idempotency-Key it was asked for with
  request_hash  bytea not null,      -- sealed; the same key for something else is a mistake, and told so; empty: it is over
  name          text not null,       -- of the template, as it was then
  definition    jsonb not null,
  purpose       bytea not null,      -- sealed
  phones        text not null check (phones in ('none', 'masked', 'full')),
  state         text not null check (state in ('waiting', 'running', 'done', 'failed', 'expired')),
  attempts      integer not null default 0,
  rows_done     bigint not null default 0,
  rows_total    bigint,
  people        bigint not null default 0,       -- whom it names
  full_phones   bigint not null default 0,       -- … whose phone is in it in full
  size_bytes    bigint,
  chunks        integer not null default 0,
  message       text,                -- why it failed and what to do, in Chinese
  made_by       bigint not null,
  made_at       timestamptz not null,
  finished_at   timestamptz,
  expires_at    timestamptz,
  rights        jsonb,               -- of its maker, as it was made by: whoever has others now makes it anew
  primary key (corp_id, export_id),
  constraint exports_request_key unique (corp_id, made_by, request_key),
  foreign key (corp_id, made_by) references members (corp_id, member_id)
);
create index exports_open on exports (corp_id, export_id) where state in ('waiting', 'running');
create index exports_files on exports (corp_id, expires_at) where state = 'done';
call school_table('exports', 'select, insert, update');

-- The file, in sealed pieces, so that every process can hand it out.
create table export_chunks (
  corp_id    integer not null,
  export_id  bigint not null,
  chunk_no   integer not null,
  content    bytea not null,         -- sealed
  primary key (corp_id, export_id, chunk_no),
  foreign key (corp_id, export_id) references exports
);
call school_table('export_chunks', 'select, insert, delete');

create table export_downloads (
  corp_id      integer not null,
  download_id  bigint generated always as identity,
  export_id    bigint not null,
  member_id    bigint not null,
  at           timestamptz not null,
  primary key (corp_id, download_id),
  foreign key (corp_id, export_id) references exports,
  foreign key (corp_id, member_id) references members (corp_id, member_id)
);
create index export_downloads_export on export_downloads (corp_id, export_id);
call school_table('export_downloads', 'select, insert');

-- What a file is fetched by, within a minute, by the session that asked.
create table download_tickets (
  corp_id       integer not null references corps,
  ticket_hash   bytea not null,
  session_hash  bytea not null,      -- as in sessions, whose row may be gone meanwhile
  what          text not null check (what in ('export', 'data_copy')),
  subject       bigint not null,     -- its number
  at            timestamptz not null,
  uses          smallint not null default 0,   -- requests that fetched it: a phone's web view makes two of one
  primary key (corp_id, ticket_hash)
);
call school_table('download_tickets', 'select, insert, update, delete');

-- Everybody an export names finds it among the looks at their data.
alter table access_log add column export_id bigint;
alter table access_log add foreign key (corp_id, export_id) references exports;

-- Invitations of those who are not activated: one tap is a round, each person of it has a result.
create table invitation_rounds (
  corp_id      integer not null references corps,
  round_id     bigint generated always as identity,
  request_key  text not null,
  made_by      bigint not null,
  made_at      timestamptz not null,
  primary key (corp_id, round_id),
  constraint invitation_rounds_request_key unique (corp_id, made_by, request_key),
  foreign key (corp_id, made_by) references members (corp_id, member_id)
);
call school_table('invitation_rounds', 'select, insert');

create table invitations (
  corp_id    integer not null,
  round_id   bigint not null,
  person_id  bigint not null,
  member_id  bigint,                 -- null: no account that could be invited
  day        date not null,
  -- already: invited before that day, or activated meanwhile; unknown: WeCom's answer was lost, and it is not repeated.
  state      text not null check (state in ('waiting', 'trying', 'invited', 'invalid', 'already', 'no_account', 'unknown',
               'failed')),
  message    text,
  at         timestamptz not null,
  primary key (corp_id, round_id, person_id),
  foreign key (corp_id, round_id) references invitation_rounds,
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, member_id) references members (corp_id, member_id)
);
-- At most once a day.
create unique index invitations_once_a_day on invitations (corp_id, person_id, day)
  where state in ('waiting', 'trying', 'invited', 'unknown');
create index invitations_open on invitations (corp_id, round_id) where state in ('waiting', 'trying');
create index invitations_person on invitations (corp_id, person_id);
call school_table('invitations', 'select, insert, update');

-- Phones put right by those who look after the person: what was replaced by what, and why.
create table phone_corrections (
  corp_id        integer not null,
  correction_id  bigint generated always as identity,
  person_id      bigint not null,
  old_phone      bytea,              -- sealed; null: there was none
  new_phone      bytea not null,     -- sealed
  reason         bytea not null,     -- sealed
  change_set_id  bigint not null,
  plan_id        bigint,             -- the plan that would write it to WeCom
  made_by        bigint not null,
  made_at        timestamptz not null,
  primary key (corp_id, correction_id),
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, plan_id) references write_plans,
  foreign key (corp_id, made_by) references members (corp_id, member_id)
);
create index phone_corrections_person on phone_corrections (corp_id, person_id, correction_id);
call school_table('phone_corrections', 'select, insert, delete');
