-- What comes in by callback goes through inbox, what leaves goes through outbox; both commit with the work.

create table inbox (
  corp_id       integer not null references corps,
  inbox_id      bigint generated always as identity,
  app           text not null,
  digest        bytea not null,      -- SHA-256 of the decrypted XML: WeCom re-encrypts its repeats
  event         text not null,       -- e.g. change_contact.update_user; what is not known is kept too
  message       bytea not null,      -- the XML, sealed
  received_at   timestamptz not null,
  handled_at    timestamptz,
  primary key (corp_id, inbox_id),
  constraint inbox_digest_key unique (corp_id, app, digest)
);
create index inbox_unhandled on inbox (corp_id, inbox_id) where handled_at is null;
create index inbox_handled on inbox (corp_id, handled_at);
call school_table('inbox', 'select, insert, update, delete');

-- When whom to remind of a form, in which steps and words.
create table reminder_rules (
  corp_id     integer not null,
  rule_id     bigint generated always as identity,
  form_id     bigint not null,
  name        text not null,
  definition  jsonb not null,        -- domain::reminder::Rule
  state       text not null default 'active' check (state in ('active', 'paused', 'ended')),
  revision    integer not null default 1 check (revision > 0),
  primary key (corp_id, rule_id),
  constraint reminder_rules_name_key unique (corp_id, form_id, name),
  foreign key (corp_id, form_id) references forms
);
call school_table('reminder_rules', 'select, insert, update, delete');

-- Who made, changed, paused and ended rules, and what a rule was since then. Nothing here is ever changed. A rule that
-- never sent anything may be deleted; what was done to it stays.
create table reminder_rule_acts (
  corp_id     integer not null references corps,
  act_id      bigint generated always as identity,
  rule_id     bigint not null,
  act         text not null check (act in ('created', 'changed', 'paused', 'resumed', 'ended', 'deleted')),
  name        text not null,
  definition  jsonb not null,
  by_member   bigint,                -- null: it came with Rollcall
  at          timestamptz not null,
  primary key (corp_id, act_id),
  foreign key (corp_id, by_member) references members (corp_id, member_id)
);
create index reminder_rule_acts_rule on reminder_rule_acts (corp_id, rule_id, act_id);
call school_table('reminder_rule_acts', 'select, insert');

-- What holds for all reminders of a school. Without a row: domain::reminder's own.
create table reminder_settings (
  corp_id      integer not null primary key references corps,
  quiet        jsonb,                -- domain::reminder::Quiet; null: no quiet hours
  most_a_day   integer not null check (most_a_day between 1 and 50),
  by_member    bigint not null,
  at           timestamptz not null,
  foreign key (corp_id, by_member) references members (corp_id, member_id)
);
call school_table('reminder_settings', 'select, insert, update');

-- The school's calendar: days that are not what their weekday is.
create table school_days (
  corp_id    integer not null references corps,
  day        date not null,
  kind       text not null check (kind in ('holiday', 'workday')),
  name       text not null,
  by_member  bigint not null,
  at         timestamptz not null,
  primary key (corp_id, day),
  foreign key (corp_id, by_member) references members (corp_id, member_id)
);
call school_table('school_days', 'select, insert, update, delete');

-- What is sent at one occasion: a step of a rule, a counsellor's tap, a notice, an answer. Planned at most once.
create table mailings (
  corp_id     integer not null references corps,
  mailing_id  bigint generated always as identity,
  kind        text not null check (kind in ('reminder', 'escalation', 'notice')), -- a reminder is dropped for who has reported
  occasion    text,                  -- "rule 3 2020-03-04 0 14:00 person", "member 12 <Idempotency-Key>"; null: keyed by the act it tells of
  form_id     bigint,
  day         date,
  period_day  date,                  -- for what the answers count: of a week its Monday; null: answered once
  slot        smallint not null default 0,
  rule_id     bigint,
  by_member   bigint,
  urgent      boolean not null,      -- quiet hours do not hold it back
  planned_at  timestamptz not null,
  primary key (corp_id, mailing_id),
  constraint mailings_occasion_key unique (corp_id, occasion),
  check (kind = 'notice' or (form_id is not null and day is not null)),
  foreign key (corp_id, form_id) references forms,
  foreign key (corp_id, rule_id) references reminder_rules,
  foreign key (corp_id, by_member) references members
);
create index mailings_of_form on mailings (corp_id, form_id, day);
create index mailings_of_rule on mailings (corp_id, rule_id, mailing_id) where rule_id is not null;
call school_table('mailings', 'select, insert');

-- What it says, in as many variants as people need: one for all of them, or one for each.
create table mailing_contents (
  corp_id     integer not null,
  mailing_id  bigint not null,
  variant     text not null,
  content     bytea not null,        -- sealed
  primary key (corp_id, mailing_id, variant),
  foreign key (corp_id, mailing_id) references mailings
);
call school_table('mailing_contents', 'select, insert, delete');

-- Exact bytes for WeCom and for whom, frozen before the first try, so that a repeat is the same message.
create table outbox_batches (
  corp_id        integer not null references corps,
  batch_id       bigint generated always as identity,
  app            text not null,
  recipients     integer not null,   -- people named in it: WeCom counts them by day and app
  body           bytea not null,     -- sealed
  repeatable     boolean not null,   -- whether WeCom drops the same bytes sent again
  state          text not null check (state in ('frozen', 'sent', 'expired', 'unknown', 'failed')),
  attempts       integer not null default 0,
  frozen_at      timestamptz not null,
  useful_until   timestamptz not null,
  first_try_at   timestamptz,
  finished_at    timestamptz,
  msgid          text,
  response_code  text,               -- with which a sent card is changed, within 72 hours and once
  error          text,
  primary key (corp_id, batch_id)
);
create index outbox_batches_by_time on outbox_batches (corp_id, app, frozen_at) include (recipients);
create index outbox_batches_frozen on outbox_batches (corp_id, batch_id) where state = 'frozen';
call school_table('outbox_batches', 'select, insert, update');

-- One row per person: what is to be sent, and what became of it.
create table outbox (
  corp_id      integer not null,
  outbox_id    bigint generated always as identity,
  mailing_id   bigint not null,
  variant      text not null default '',
  person_id    bigint,               -- null: an account that is nobody of the roster
  member_id    bigint,               -- null: the person has no account
  state        text not null check (state in ('waiting', 'frozen', 'sent', 'invalid', 'unlicensed', 'skipped',
                 'expired', 'unknown', 'failed', 'unreachable', 'limited', 'out_of_range', 'recalled')),
  batch_id     bigint,
  not_before   timestamptz not null,
  useful_until timestamptz not null,
  at           timestamptz not null, -- of the last change of state
  primary key (corp_id, outbox_id),
  constraint outbox_once_a_person unique (corp_id, mailing_id, person_id),
  constraint outbox_once_a_member unique (corp_id, mailing_id, member_id),
  check (person_id is not null or member_id is not null),
  foreign key (corp_id, mailing_id) references mailings,
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, member_id) references members,
  foreign key (corp_id, batch_id) references outbox_batches
);
create index outbox_waiting on outbox (corp_id, mailing_id, variant, outbox_id) where state = 'waiting';
create index outbox_batch on outbox (corp_id, batch_id);
create index outbox_member on outbox (corp_id, member_id, at);
create index outbox_person on outbox (corp_id, person_id, at);
call school_table('outbox', 'select, insert, update, delete');
