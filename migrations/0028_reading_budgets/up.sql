-- 查看额度: how many different people's data an account read on a day, by kind. Counted in the transaction of the look itself, so
-- that it holds whatever else is away. Nobody waits for anybody: a row is one member's own.
create table reading_budgets (
  corp_id    integer not null,
  member_id  bigint not null,
  day        date not null,          -- the school's
  kind       text not null check (kind in ('phones', 'answers', 'photos', 'states', 'whereabouts', 'exported')),
  people     bigint not null check (people > 0),
  at_night   bigint not null check (at_night between 0 and people),   -- of these outside office hours
  primary key (corp_id, member_id, day, kind),
  foreign key (corp_id, member_id) references members
);
create index reading_budgets_day on reading_budgets (corp_id, day);
call school_table('reading_budgets', 'select, insert, update, delete');

-- More for today, and why.
create table reading_lifts (
  corp_id    integer not null,
  lift_id    bigint generated always as identity,
  member_id  bigint not null,
  day        date not null,
  kind       text not null check (kind in ('phones', 'answers', 'photos', 'states', 'whereabouts', 'exported')),
  people     bigint not null check (people > 0),   -- how many more
  reason     bytea not null,         -- sealed
  given_by   bigint not null check (given_by <> member_id),
  given_at   timestamptz not null,
  primary key (corp_id, lift_id),
  foreign key (corp_id, member_id) references members,
  foreign key (corp_id, given_by) references members (corp_id, member_id)
);
create index reading_lifts_member on reading_lifts (corp_id, member_id, day);
create index reading_lifts_day on reading_lifts (corp_id, day);
call school_table('reading_lifts', 'select, insert, delete');

-- What stands out of it: at most one of a kind and reading is open a member and day. What was settled hides nothing read after it.
create table reading_alarms (
  corp_id     integer not null,
  alarm_id    bigint generated always as identity,
  member_id   bigint not null,       -- who read
  day         date not null,
  kind        text not null check (kind in ('unusual', 'refused', 'night_export', 'off_hours')),
  reading     text not null check (reading in ('phones', 'answers', 'photos', 'states', 'whereabouts', 'exported')),
  people      bigint not null,       -- how many, when it was raised
  usual       bigint,                -- unusual: what is usual for them; refused: what they may
  at          timestamptz not null,
  told_at     timestamptz,
  settled_by  bigint,
  settled_at  timestamptz,
  note        bytea,                 -- sealed
  primary key (corp_id, alarm_id),
  foreign key (corp_id, member_id) references members,
  foreign key (corp_id, settled_by) references members (corp_id, member_id),
  check ((settled_at is null) = (settled_by is null)),
  check (settled_by is null or settled_by <> member_id)
);
create unique index reading_alarms_open on reading_alarms (corp_id, member_id, day, kind, reading) where settled_at is null;
create index reading_alarms_untold on reading_alarms (corp_id) where told_at is null;
create index reading_alarms_day on reading_alarms (corp_id, day);
call school_table('reading_alarms', 'select, insert, update, delete');

-- Whom an export named.
create index access_log_export on access_log (corp_id, export_id) where export_id is not null;
