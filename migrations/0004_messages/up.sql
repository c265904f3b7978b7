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

create table reminder_rules (
  corp_id     integer not null,
  rule_id     bigint generated always as identity,
  form_id     bigint not null,
  name        text not null,
  at_times    time[] not null,       -- of the school's day
  wording     text not null,         -- {form} and {closes} are filled in
  enabled     boolean not null default true,
  primary key (corp_id, rule_id),
  constraint reminder_rules_name_key unique (corp_id, form_id, name),
  foreign key (corp_id, form_id) references forms
);
call school_table('reminder_rules', 'select, insert, update');

-- One time of one rule on one day, or one tap of a counsellor: planned at most once.
create table reminder_rounds (
  corp_id     integer not null,
  round_id    bigint generated always as identity,
  occasion    text not null,         -- "rule 3 14:00" or "member 12 <Idempotency-Key>"
  form_id     bigint not null,
  day         date not null,
  period_day  date,                  -- for what the answers count: of a week its Monday; null: answered once
  slot        smallint not null default 0,
  rule_id     bigint,
  by_member   bigint,
  planned_at  timestamptz not null,
  primary key (corp_id, round_id),
  constraint reminder_rounds_occasion_key unique (corp_id, form_id, day, slot, occasion),
  foreign key (corp_id, form_id) references forms,
  foreign key (corp_id, rule_id) references reminder_rules,
  foreign key (corp_id, by_member) references members
);
call school_table('reminder_rounds', 'select, insert');

-- Exact bytes for WeCom and for whom, frozen before the first try, so that a repeat is the same message.
create table outbox_batches (
  corp_id       integer not null references corps,
  batch_id      bigint generated always as identity,
  app           text not null,
  recipients    integer not null,    -- people named in it: WeCom counts them by day and app
  body          text not null,
  state         text not null check (state in ('frozen', 'sent', 'expired', 'unknown', 'failed')),
  attempts      integer not null default 0,
  frozen_at     timestamptz not null,
  useful_until  timestamptz not null,
  first_try_at  timestamptz,
  finished_at   timestamptz,
  msgid         text,
  error         text,
  primary key (corp_id, batch_id)
);
create index outbox_batches_by_time on outbox_batches (corp_id, app, frozen_at) include (recipients);
create index outbox_batches_frozen on outbox_batches (corp_id, batch_id) where state = 'frozen';
call school_table('outbox_batches', 'select, insert, update');

-- One row per person: what is to be sent, and what became of it.
create table reminders (
  corp_id      integer not null,
  reminder_id  bigint generated always as identity,
  round_id     bigint not null,
  person_id    bigint not null,
  member_id    bigint,               -- null: the person has no account
  state        text not null check (state in ('waiting', 'frozen', 'sent', 'invalid', 'unlicensed', 'skipped',
                 'expired', 'unknown', 'failed', 'unreachable')),
  batch_id     bigint,
  useful_until timestamptz not null,
  at           timestamptz not null, -- of the last change of state
  primary key (corp_id, reminder_id),
  constraint reminders_once_a_round unique (corp_id, round_id, person_id),
  foreign key (corp_id, round_id) references reminder_rounds,
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, member_id) references members,
  foreign key (corp_id, batch_id) references outbox_batches
);
create index reminders_waiting on reminders (corp_id, round_id) where state = 'waiting';
create index reminders_batch on reminders (corp_id, batch_id);
create index reminders_person on reminders (corp_id, person_id, at);
call school_table('reminders', 'select, insert, update');
