-- 审计: who looked at whose sensitive data, and who changed what the school runs by. Rows are only added: the service can neither
-- change nor remove one, and whoever can (the owner of the database) is found out by the chain and by what stands outside of it.
create table audit_events (
  corp_id   integer not null references corps,
  event_id  bigint generated always as identity,
  at        timestamptz not null,
  actor     bigint,                  -- member; null: the service itself
  action    text not null,           -- domain::audit::Act
  subject   bigint,                  -- person: whose data it was, or who was given something
  object    text not null,           -- what it was done to, e.g. grant:123; empty: nothing that has a number
  detail    jsonb not null,          -- names of fields, counts and ids; never what somebody's data says
  nonce     bytea not null check (length(nonce) = 16),
  hash      bytea not null check (length(hash) = 32),   -- domain::audit::event_hash
  primary key (corp_id, event_id)
  -- No foreign keys to members and persons: a record outlasts what it names, and hinders nothing that is undone.
);
create index audit_events_at on audit_events (corp_id, at, event_id);
create index audit_events_actor on audit_events (corp_id, actor, at, event_id);
create index audit_events_subject on audit_events (corp_id, subject, at, event_id) where subject is not null;
call school_table('audit_events', 'select, insert');

-- What waits for its number. An event and its row here are written by one statement, so that the sealer sees both when the
-- act commits, however late that is. What is sealed can't be told from the identity: a transaction that takes a small one may
-- commit after larger ones were sealed, and how late is nobody's promise; looking for the events without a link would read more each
-- day. This is what is missing itself, a few rows, and no evidence: an event that stands neither here nor in the chain is found.
create table audit_unsealed (
  corp_id   integer not null references corps,
  event_id  bigint not null,
  primary key (corp_id, event_id)
);
call school_table('audit_unsealed', 'select, insert, delete');

-- Events numbered without a gap, each link bound to all before it.
create table audit_chain (
  corp_id    integer not null references corps,
  seq        bigint not null check (seq > 0),
  event_id   bigint not null,
  hash       bytea not null check (length(hash) = 32),  -- domain::audit::link_hash
  sealed_at  timestamptz not null,
  primary key (corp_id, seq),
  -- No foreign key: an event that is gone is to be found, and not to take a constraint away first.
  constraint audit_chain_event_key unique (corp_id, event_id)
);
call school_table('audit_chain', 'select, insert');

-- What heads are signed with, sealed: whoever has the database alone can't sign.
create table audit_keys (
  corp_id      integer not null references corps,
  kid          bytea not null,
  signing_key  bytea not null,       -- sealed, Ed25519
  public_key   bytea not null,
  made_at      timestamptz not null,
  primary key (corp_id, kid)
);
call school_table('audit_keys', 'select, insert');

-- How far the chain was at a moment, signed, and told somebody outside. The last of a day is the day's.
create table audit_heads (
  corp_id    integer not null references corps,
  seq        bigint not null,
  day        date not null,          -- the school's day it was signed on
  hash       bytea not null,
  kid        bytea not null,
  signature  bytea not null,
  signed_at  timestamptz not null,
  anchored   text check (anchored in ('file')),   -- null: it stands nowhere else
  primary key (corp_id, seq),
  foreign key (corp_id, kid) references audit_keys
);
create index audit_heads_day on audit_heads (corp_id, day, seq);
call school_table('audit_heads', 'select, insert');
