-- 二次验证: what a member proves themselves by beside WeCom (TOTP, RFC 6238). One that is being set up counts for nothing yet.
create table second_factors (
  corp_id       integer not null,
  member_id     bigint not null,
  secret        bytea not null,        -- sealed, 20 bytes
  begun_at      timestamptz not null,
  confirmed_at  timestamptz,           -- null: nobody has shown that they hold it
  used_step     bigint,                -- half minutes since 1970: no code of this one or before is taken again
  primary key (corp_id, member_id),
  -- It keeps no account from being undone with the run that brought it.
  foreign key (corp_id, member_id) references members (corp_id, member_id) on delete cascade
);
call school_table('second_factors', 'select, insert, update, delete');

-- What takes the place of a code when the phone is lost, each once: used, it is gone.
create table second_factor_recoveries (
  corp_id    integer not null,
  member_id  bigint not null,
  hash       bytea not null check (length(hash) = 32),   -- keyed with the secret, which is sealed
  primary key (corp_id, member_id, hash),
  foreign key (corp_id, member_id) references second_factors on delete cascade
);
call school_table('second_factor_recoveries', 'select, insert, delete');

-- Until when the session counts as proven is the service's to say; a new sign-in has to be proven anew.
alter table sessions add column proven_at timestamptz;

-- Who signed in, who was refused, whose code was wrong. What somebody changed is in the audit; this is what is noise until
-- somebody asks, so it is no chain, and gone after 180 days.
create table security_events (
  corp_id    integer not null references corps,
  event_id   bigint generated always as identity,
  at         timestamptz not null,     -- of what is counted: the minute
  kind       text not null check (kind in ('signed_in', 'sign_in_failed', 'refused', 'factor_passed', 'factor_failed')),
  member_id  bigint,                   -- whose account; null: nobody is known
  reason     text not null,            -- which check; empty: it went well
  channel    text not null check (channel in ('h5', 'pc')),
  network    text not null,            -- a /24 or /48, never an address; empty: unknown
  operation  text not null,            -- method and route without ids; empty: a sign-in
  times      integer not null default 1 check (times > 0),
  primary key (corp_id, event_id)
  -- No foreign key to members: it outlasts what it names, and hinders nothing that is undone.
);
create index security_events_at on security_events (corp_id, at, event_id);
create index security_events_member on security_events (corp_id, member_id, at, event_id) where member_id is not null;
-- A storm is one row a minute with a count.
create unique index security_events_minute
  on security_events (corp_id, kind, at, reason, channel, network, operation, coalesce(member_id, 0))
  where kind in ('sign_in_failed', 'refused');
call school_table('security_events', 'select, insert, update, delete');
