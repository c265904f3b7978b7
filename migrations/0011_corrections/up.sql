-- What a person's data is, field by field, by whose word; and 更正申请, what they say is wrong with it.

-- When the roster last said something new about somebody; null: before it was noted.
alter table persons add column roster_at timestamptz;

-- What others than the roster say of a person. persons has the value that counts; as soon as another speaks of a field
-- the roster's own word is kept here beside it, to be fallen back on.
create table person_fields (
  corp_id    integer not null,
  person_id  bigint not null,
  field      text not null check (field in ('name', 'major', 'grade', 'phone', 'mail', 'gender')),
  source     text not null check (source in ('correction', 'consent', 'roster', 'directory')),
  value      bytea not null,     -- sealed
  since      timestamptz not null,
  primary key (corp_id, person_id, field, source),
  foreign key (corp_id, person_id) references persons
);
call school_table('person_fields', 'select, insert, update, delete');
call track_changes('person_fields');

-- When a member let WeCom show us their phone and mail (授权), and when they took it back. What came of it is in
-- person_fields and goes with it; that it was given stays.
create table consents (
  corp_id       integer not null,
  consent_id    bigint generated always as identity,
  person_id     bigint not null,
  member_id     bigint not null,
  fields        text[] not null,   -- names of what was shown
  given_at      timestamptz not null,
  withdrawn_at  timestamptz,
  primary key (corp_id, consent_id),
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, member_id) references members
);
create index consents_person on consents (corp_id, person_id);
call school_table('consents', 'select, insert, update');

-- A trip to WeCom for somebody's consent, not for a sign-in; null: a sign-in.
alter table sign_in_flows add column consent_of bigint;

-- A member says what is wrong with their data and what is right. The counsellor checks, the office puts it right.
create table corrections (
  corp_id        integer not null,
  correction_id  bigint generated always as identity,
  person_id      bigint not null,
  field          text not null check (field in ('name', 'number', 'class', 'major', 'grade', 'phone', 'other')),
  -- submitted: the counsellor's turn. checked: the office's, at once where there is no counsellor.
  state          text not null check (state in ('submitted', 'checked', 'fixed', 'refused', 'withdrawn')),
  proposed       bytea not null,     -- sealed
  note           bytea,              -- sealed
  submitted_by   bigint not null,
  submitted_at   timestamptz not null,
  checked_by     bigint,
  checked_at     timestamptz,
  settled_by     bigint,
  settled_at     timestamptz,
  answer         bytea,              -- sealed: why it was refused, or what was done
  primary key (corp_id, correction_id),
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, submitted_by) references members (corp_id, member_id),
  foreign key (corp_id, checked_by) references members (corp_id, member_id),
  foreign key (corp_id, settled_by) references members (corp_id, member_id),
  check ((state in ('submitted', 'checked')) = (settled_at is null))
);
create unique index corrections_open on corrections (corp_id, person_id, field) where state in ('submitted', 'checked');
create index corrections_person on corrections (corp_id, person_id);
call school_table('corrections', 'select, insert, update, delete');
call track_changes('corrections');

-- Who gave and ended grants by hand, and when. Nothing here is ever changed.
create table grant_acts (
  corp_id        integer not null,
  act_id         bigint generated always as identity,
  act            text not null check (act in ('given', 'ended')),
  person_id      bigint not null,
  role           text not null,
  department_id  integer not null,
  purpose        text not null,
  until_date     date not null,
  reason         bytea,            -- sealed; ended: why
  made_by        bigint not null,
  made_at        timestamptz not null,
  primary key (corp_id, act_id),
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, department_id) references departments,
  foreign key (corp_id, made_by) references members (corp_id, member_id)
);
create index grant_acts_department on grant_acts (corp_id, department_id);
create index grant_acts_person on grant_acts (corp_id, person_id);
call school_table('grant_acts', 'select, insert');
