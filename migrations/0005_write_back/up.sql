-- Writing the roster back to WeCom: a plan is made from a file, shown as before → after, approved by its digest, and
-- carried out step by step. A step is kept before it is tried, so that a plan goes on after a kill at any point.

create table write_plans (
  corp_id      integer not null references corps,
  plan_id      bigint generated always as identity,
  state        text not null check (state in ('planned', 'approved', 'done', 'discarded')),
  steps        integer not null,
  digest       bytea not null,         -- SHA-256 over the steps: an approval names it
  made_by      bigint not null,
  made_at      timestamptz not null,
  approved_by  bigint,
  approved_at  timestamptz,
  finished_at  timestamptz,
  primary key (corp_id, plan_id),
  foreign key (corp_id, made_by) references members (corp_id, member_id),
  foreign key (corp_id, approved_by) references members (corp_id, member_id)
);
-- One plan at a time is carried out: the steps of two would not fit each other.
create unique index write_plans_approved on write_plans (corp_id) where state = 'approved';
call school_table('write_plans', 'select, insert, update');

create table write_steps (
  corp_id             integer not null,
  plan_id             bigint not null,
  step_no             integer not null,
  kind                text not null check (kind in ('create_department',
                        'rename_department', 'move_department', 'delete_department', 'create_member', 'move_member',
                        'rename_member', 'disable_member', 'set_phone')),
  subject             text not null,     -- department id or userid; empty for a department to be made
  name                text not null,     -- as it is to be called; this and all words empty a month after the plan ended
  before              text not null,     -- for people
  after               text not null,
  departments         integer[] not null,  -- the parent; or all departments of the member afterwards, the main one first
  before_departments  integer[] not null,  -- as the mirror had them: another state by now, and the step is not taken
  before_name         text,
  -- The step that makes the first of the departments.
  needs_step          integer,
  phone               bytea,             -- sealed; null when the step has ended
  state               text not null check (state in ('waiting', 'trying', 'done', 'failed')),
  attempts            integer not null default 0,
  result_id           integer,           -- the id of a department that was made
  code                bigint,            -- WeCom's
  message             text,              -- why it failed and what to do, in Chinese
  at                  timestamptz,
  primary key (corp_id, plan_id, step_no),
  foreign key (corp_id, plan_id) references write_plans
);
create index write_steps_open on write_steps (corp_id, plan_id, step_no) where state in ('waiting', 'trying');
call school_table('write_steps', 'select, insert, update');
