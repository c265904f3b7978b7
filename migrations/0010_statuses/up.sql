-- 学籍异动: what the school says of a person's place, stay and number, from which day, and why. A row is never removed:
-- one that was a mistake is revoked, with a reason.

create table status_changes (
  corp_id            integer not null,
  change_id          bigint generated always as identity,
  person_id          bigint not null,
  kind               text not null check (kind in ('transfer', 'graduation', 'completion', 'withdrawal', 'departure',
                       'return', 'number', 'stay', 'place')),
  from_date          date not null,   -- the day from which it holds
  department_before  integer,         -- the main department on the day before
  department_id      integer,         -- … and from that day on; null: none, or it is not about a place
  -- What the change replaced and what it left: stay, number, main places, grants, exemptions. For taking it back.
  before             jsonb not null,
  after              jsonb not null,
  reason             bytea not null,     -- sealed
  source             text not null check (source in ('manual', 'list', 'graduation')),
  change_set_id      bigint,          -- the list it came with; forgotten earlier than this row
  made_by            bigint,
  made_at            timestamptz not null,
  revoked_by         bigint,
  revoked_at         timestamptz,
  revoke_reason      bytea,              -- sealed
  primary key (corp_id, change_id),
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, department_before) references departments,
  foreign key (corp_id, department_id) references departments,
  foreign key (corp_id, made_by) references members (corp_id, member_id),
  foreign key (corp_id, revoked_by) references members (corp_id, member_id),
  check ((revoked_at is null) = (revoke_reason is null))
);
create index status_changes_person on status_changes (corp_id, person_id);
create index status_changes_set on status_changes (corp_id, change_set_id) where change_set_id is not null;
call school_table('status_changes', 'select, insert, update');

-- Applications of WeCom (审批) that were read, so that each is read once. What they grant are exemptions.
create table approvals (
  corp_id      integer not null references corps,
  approval_no  text not null,         -- 审批单号
  status       smallint not null,     -- WeCom's: 2 granted, 6 withdrawn afterwards, 7 deleted …
  outcome      text not null check (outcome in ('exempt', 'permit', 'known', 'nothing', 'unknown_person', 'revoked', 'not_granted')),
  read_at      timestamptz not null,
  primary key (corp_id, approval_no)
);
call school_table('approvals', 'select, insert, update, delete');
