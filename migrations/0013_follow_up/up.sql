-- What is done about reports: looked at, sent back, followed up, signed off; and when nobody could report.

-- 核查: a report somebody should look at, until it is closed.
create table reviews (
  corp_id     integer not null,
  report_id   bigint not null,
  -- open: noticed. sent_back: the person's turn, who may change it. answered: they have. closed: somebody looked.
  state       text not null check (state in ('open', 'sent_back', 'answered', 'closed')),
  flags       text[] not null,       -- why it was opened; none: somebody sent it back without any
  opened_at   timestamptz not null,
  changed_at  timestamptz not null,
  warned_at   timestamptz,           -- when those in charge were put on the list of whom to tell
  primary key (corp_id, report_id),
  foreign key (corp_id, report_id) references reports
);
create index reviews_unsettled on reviews (corp_id, report_id) where state <> 'closed';
create index reviews_changed on reviews (corp_id, changed_at desc, report_id desc);
create index reviews_unwarned on reviews (corp_id, report_id) where warned_at is null;
call school_table('reviews', 'select, insert, update');

-- Everything that was done with it. Nothing here is ever changed.
create table review_acts (
  corp_id    integer not null,
  act_id     bigint generated always as identity,
  report_id  bigint not null,
  act        text not null check (act in ('opened', 'sent_back', 'answered', 'noted', 'closed')),
  revision   integer not null,       -- of the report, then
  note       bytea,                  -- sealed
  by_member  bigint,                 -- null: by itself
  at         timestamptz not null,
  primary key (corp_id, act_id),
  foreign key (corp_id, report_id) references reviews,
  foreign key (corp_id, by_member) references members (corp_id, member_id)
);
create index review_acts_report on review_acts (corp_id, report_id, act_id);
call school_table('review_acts', 'select, insert');

-- 预警: whom a review is to be told, and when they were. Each opening is told once.
create table review_warnings (
  corp_id     integer not null,
  report_id   bigint not null,
  member_id   bigint not null,
  planned_at  timestamptz not null,
  told_at     timestamptz,           -- null: waits
  primary key (corp_id, report_id, member_id),
  foreign key (corp_id, report_id) references reviews,
  foreign key (corp_id, member_id) references members (corp_id, member_id)
);
create index review_warnings_waiting on review_warnings (corp_id, member_id) where told_at is null;
create index review_warnings_told on review_warnings (corp_id, member_id, told_at desc);
call school_table('review_warnings', 'select, insert, update');

-- 未报跟进: why somebody has not reported, as somebody found out. The newest counts.
create table follow_ups (
  corp_id       integer not null,
  follow_up_id  bigint generated always as identity,
  form_id       bigint not null,
  person_id     bigint not null,
  day           date,
  slot          smallint not null,
  reason        text not null check (reason in ('no_phone', 'no_network', 'hospital', 'unreachable', 'refused', 'other')),
  note          bytea,               -- sealed
  by_member     bigint not null,
  at            timestamptz not null,
  primary key (corp_id, follow_up_id),
  foreign key (corp_id, form_id) references forms,
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, by_member) references members (corp_id, member_id)
);
create index follow_ups_period on follow_ups (corp_id, form_id, day, slot, person_id, follow_up_id desc);
create index follow_ups_person on follow_ups (corp_id, person_id);
call school_table('follow_ups', 'select, insert');

-- 零报告: a class or a college is signed off for a period, with the figures as they were known then.
create table sign_offs (
  corp_id        integer not null,
  sign_off_id    bigint generated always as identity,
  form_id        bigint not null,
  day            date,
  slot           smallint not null,
  department_id  integer not null,
  expected       integer not null,
  reported       integer not null,
  abnormal       integer not null,
  note           bytea,              -- sealed
  by_member      bigint not null,
  at             timestamptz not null,
  revoked_at     timestamptz,
  revoked_by     bigint,
  primary key (corp_id, sign_off_id),
  foreign key (corp_id, form_id) references forms,
  foreign key (corp_id, department_id) references departments,
  foreign key (corp_id, by_member) references members (corp_id, member_id),
  foreign key (corp_id, revoked_by) references members (corp_id, member_id)
);
create unique index sign_offs_standing on sign_offs (corp_id, form_id, day, slot, department_id) nulls not distinct
  where revoked_at is null;
call school_table('sign_offs', 'select, insert, update, delete');

-- When nobody could report, because the service or its database was down. A window that was open then is longer by it.
create table outages (
  corp_id     integer not null references corps,
  outage_id   bigint generated always as identity,
  from_time   timestamptz not null,
  until_time  timestamptz not null check (until_time > from_time),
  cause       text not null check (cause in ('noticed', 'recorded')),   -- by the service itself, or by an administrator
  note        text,
  by_member   bigint,
  at          timestamptz not null,
  primary key (corp_id, outage_id),
  foreign key (corp_id, by_member) references members (corp_id, member_id)
);
create index outages_until on outages (corp_id, until_time);
call school_table('outages', 'select, insert, delete');

-- When the service last said that it takes reports.
create table heartbeats (
  corp_id  integer primary key references corps,
  at       timestamptz not null
);
call school_table('heartbeats', 'select, insert, update');
