-- Tags of WeCom's directory, and the rules that say what departments and accounts are to the school.

-- What of the tags a run could not read: told, and no reason to hold anything else.
alter table sync_runs add column tags_seen integer not null default 0;
alter table sync_runs add column tag_gaps text;

-- A tag as it is now.
create table tags (
  corp_id    integer not null references corps,
  tag_id     integer not null,        -- WeCom's
  name       text not null,
  closed_on  date,                    -- since when WeCom lists it no more
  run_id     bigint not null,
  primary key (corp_id, tag_id),
  foreign key (corp_id, run_id) references sync_runs
);
call school_table('tags', 'select, insert, update');

-- Accounts that have a tag by themselves, on any day.
create table tag_members (
  corp_id     integer not null,
  tag_id      integer not null,
  member_id   bigint not null,
  from_date   date not null,
  until_date  date check (until_date > from_date),
  run_id      bigint not null,
  primary key (corp_id, tag_id, member_id, from_date),
  foreign key (corp_id, tag_id) references tags,
  foreign key (corp_id, member_id) references members,
  foreign key (corp_id, run_id) references sync_runs
);
create unique index tag_members_open on tag_members (corp_id, tag_id, member_id) where until_date is null;
create index tag_members_member on tag_members (corp_id, member_id) where until_date is null;
call school_table('tag_members', 'select, insert, update, delete');

-- Departments that have a tag, with everyone below them.
create table tag_departments (
  corp_id        integer not null,
  tag_id         integer not null,
  department_id  integer not null,
  from_date      date not null,
  until_date     date check (until_date > from_date),
  run_id         bigint not null,
  primary key (corp_id, tag_id, department_id, from_date),
  foreign key (corp_id, tag_id) references tags,
  foreign key (corp_id, department_id) references departments,
  foreign key (corp_id, run_id) references sync_runs
);
create unique index tag_departments_open on tag_departments (corp_id, tag_id, department_id) where until_date is null;
call school_table('tag_departments', 'select, insert, update, delete');

-- The school's rules in order, the first that fits decides; what they mean is in domain::kinds.
create table kind_rules (
  corp_id     integer not null references corps,
  part        text not null check (part in ('department', 'person')),
  position    integer not null,
  kind        text not null,
  conditions  jsonb not null,
  primary key (corp_id, part, position),
  check (case part when 'department' then kind in ('school', 'college', 'grade', 'class', 'office')
         else kind in ('student', 'staff') end)
);
call school_table('kind_rules', 'select, insert, delete');

-- Departments whose kind was set by hand.
create table kind_pins (
  corp_id        integer not null,
  department_id  integer not null,
  kind           text not null check (kind in ('school', 'college', 'grade', 'class', 'office')),
  primary key (corp_id, department_id),
  foreign key (corp_id, department_id) references departments
);
call school_table('kind_pins', 'select, insert, delete');

-- Persons whom no roster has named yet: a rule said what their account is, and somebody had them made.
create table kind_persons (
  corp_id    integer not null,
  person_id  bigint not null,
  made_on    date not null,
  primary key (corp_id, person_id),
  foreign key (corp_id, person_id) references persons
);
call school_table('kind_persons', 'select, insert, delete');

call track_changes('tags');
call track_changes('tag_members');
call track_changes('tag_departments');
call track_changes('kind_rules');
call track_changes('kind_pins');
call track_changes('kind_persons');
