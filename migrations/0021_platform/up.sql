-- 企业微信使用情况: what is known of how the school uses the platform. WeCom shows most of it for 30 to 180 days; here it stays.
create table platform_figures (
  corp_id     integer not null references corps,
  metric      text not null,                        -- of domain::platform::Metric
  part        text not null,                        -- a form, a module, a role; '' for the whole
  day         date not null,                        -- what it is true of
  source      text not null check (source in ('api', 'own', 'console', 'hand')),
  value       bigint not null check (value >= 0),   -- people, times, bytes or fen, as the metric has it
  as_of       timestamptz not null,                 -- the hour it was true
  note        text,
  entered_by  bigint,
  primary key (corp_id, metric, part, day, source),
  check ((source in ('console', 'hand')) = (entered_by is not null)),
  foreign key (corp_id, entered_by) references members (corp_id, member_id)
);
call school_table('platform_figures', 'select, insert, update, delete');
call track_changes('platform_figures');

-- How each collecting went last: since when it fails, and why.
create table platform_collections (
  corp_id        integer not null references corps,
  collector      text not null,
  tried_at       timestamptz not null,
  collected_at   timestamptz,                       -- the last time it went well
  failing_since  timestamptz,
  error          text,                              -- in Chinese: what WeCom said and what to do
  primary key (corp_id, collector),
  check ((failing_since is null) = (error is null))
);
call school_table('platform_collections', 'select, insert, update');

-- What members did with their accounts and administrators in the console, as WeCom's two logs have it. WeCom gives no id:
-- of several that are alike in a second, occurrence tells them apart.
create table platform_records (
  corp_id     integer not null references corps,
  record_id   bigint generated always as identity,
  log         text not null check (log in ('member', 'admin')),
  at          timestamptz not null,
  userid      text not null,                        -- '': the corp itself
  kind        integer not null,                     -- oper_type
  occurrence  integer not null,
  detail      bytea not null,                       -- WeCom's words and the address, sealed: they may name people
  primary key (corp_id, record_id),
  constraint platform_records_once unique (corp_id, log, at, userid, kind, occurrence)
);
create index platform_records_newest on platform_records (corp_id, log, at desc, record_id desc);
create index platform_records_userid on platform_records (corp_id, userid);
call school_table('platform_records', 'select, insert, delete');

-- Lives this app booked, as WeCom had them last. Nobody by name.
create table platform_livings (
  corp_id     integer not null references corps,
  livingid    text not null,
  started_at  timestamptz not null,
  status      smallint,                             -- 0 booked, 1 live, 2 ended, 3 expired, 4 cancelled
  viewers     bigint not null,
  read_at     timestamptz not null,
  primary key (corp_id, livingid)
);
call school_table('platform_livings', 'select, insert, update');

-- Who used which part of Rollcall on a day: no hour, no page, no count. Gone after 180 days.
create table visits (
  corp_id    integer not null references corps,
  day        date not null,
  member_id  bigint not null,
  module     text not null,
  client     text not null check (client in ('android', 'ios', 'windows', 'mac', 'other')),
  primary key (corp_id, day, member_id, module),
  -- A visit keeps no account from being undone with the run that brought it.
  foreign key (corp_id, member_id) references members (corp_id, member_id) on delete cascade
);
create index visits_of_member on visits (corp_id, member_id, day desc);
call school_table('visits', 'select, insert, delete');

-- 成员使用记录, from the console's export: WeCom has no call for it.
create table usage_records (
  corp_id       integer not null references corps,
  record_id     bigint generated always as identity,
  recorded_on   date not null,
  account       text not null,                      -- lower-cased; where the file has none, name and place
  name          text not null,
  place         text,
  state         text not null check (state in ('activated', 'not_activated', 'disabled', 'left')),
  last_used_on  date,
  client        text,                               -- as the console calls it
  as_of         timestamptz not null,
  entered_by    bigint not null,
  primary key (corp_id, record_id),
  constraint usage_records_once unique (corp_id, recorded_on, account),
  foreign key (corp_id, entered_by) references members (corp_id, member_id)
);
create index usage_records_account on usage_records (corp_id, account);
call school_table('usage_records', 'select, insert, update, delete');
call track_changes('usage_records');
