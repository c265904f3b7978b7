-- 审计: who looked at whose sensitive data, and who changed what the school runs by. Rows are only added: the service can change none,
-- and removes only the front that was kept long enough, by cut_audit() below. Whoever can do more (the owner of the database) is found out
-- by the chain and by what stands outside of it.
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
-- A start asks what the settings were last; a few rows a year.
create index audit_events_settings on audit_events (corp_id, event_id) where action = 'settings_changed';
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

-- 截断: where the chain begins when its front was kept long enough, signed, each bound to the one before. The event of each stands in the
-- chain. Nothing here is ever removed.
create table audit_cuts (
  corp_id     integer not null references corps,
  seq         bigint not null,       -- the last number that went
  hash        bytea not null check (length(hash) = 32),        -- of its link
  after_seq   bigint not null,       -- where the cut before ended; 0: there was none
  after_hash  bytea not null check (length(after_hash) = 32),
  day         date not null,         -- the school's day
  removed     bigint not null check (removed > 0),              -- how many events went
  policy      text not null,         -- version of fixtures/retention.toml
  kid         bytea not null,
  signature   bytea not null,        -- of domain::audit::cut_text
  cut_at      timestamptz not null,
  primary key (corp_id, seq),
  foreign key (corp_id, kid) references audit_keys,
  check (seq > after_seq)
);
call school_table('audit_cuts', 'select, insert');

-- Removes the front of the chain of this transaction's school, up to the newest cut, which is there first; how many links. The service
-- may remove nothing else of it. Whatever the service says, nothing goes that is younger than 180 days by this database's clock, nothing
-- behind the last head that is as old, nothing but what the cut names, and no more than so many at once. Who may cut at all is not to be
-- known here: a cut that is not signed is found by whoever verifies.
create function cut_audit(up_to bigint) returns bigint
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  school integer := current_corp();
  floor_at timestamptz := now() - interval '180 days';
  cut audit_cuts;
  gone bigint;
begin
  select * into cut from audit_cuts where corp_id = school order by seq desc limit 1;
  if cut.seq is distinct from up_to then
    raise exception 'no cut of the audit ends at %', up_to;
  end if;
  if cut.seq - cut.after_seq > 10000 then
    raise exception 'too much of the audit at once: % to %', cut.after_seq, up_to;
  end if;
  if not exists (select from audit_heads where corp_id = school and seq >= up_to and signed_at <= floor_at) then
    raise exception 'no head of the audit that is 180 days old reaches %', up_to;
  end if;
  if not exists (select from audit_chain where corp_id = school and seq = up_to and hash = cut.hash) then
    raise exception 'the audit goes by another hash at %', up_to;
  end if;
  if exists (select from audit_chain c left join audit_events e on e.corp_id = c.corp_id and e.event_id = c.event_id
             where c.corp_id = school and c.seq <= up_to and (c.sealed_at > floor_at or e.at > floor_at)) then
    raise exception 'the audit up to % is younger than 180 days', up_to;
  end if;
  delete from audit_events e using audit_chain c
  where c.corp_id = school and c.seq <= up_to and e.corp_id = school and e.event_id = c.event_id;
  delete from audit_chain where corp_id = school and seq <= up_to;
  get diagnostics gone = row_count;
  return gone;
end $$;
revoke execute on function cut_audit(bigint) from public;
grant execute on function cut_audit(bigint) to rollcall_app;

-- Ends looks that were before a moment, of this transaction's school, among the oldest so many; how many went. None that is younger than
-- 180 days by this database's clock, whatever moment is said.
create function end_access_log(older_than timestamptz, most integer) returns bigint
  language plpgsql security definer set search_path = public, pg_temp as $$
declare
  school integer := current_corp();
  gone bigint;
begin
  -- From the front of the key: nothing is read that stays but the few that committed late.
  delete from access_log l
  using (select f.access_id, f.at from access_log f where f.corp_id = school order by f.access_id limit least(most, 10000)) front
  where l.corp_id = school and l.access_id = front.access_id and front.at < least(older_than, now() - interval '180 days');
  get diagnostics gone = row_count;
  return gone;
end $$;
revoke execute on function end_access_log(timestamptz, integer) from public;
grant execute on function end_access_log(timestamptz, integer) to rollcall_app;
