-- 访客: who is expected at the gates, by whose invitation and when. Gone thirty days after the visit.
create table visitors (
  corp_id       integer not null references corps,
  visitor_id    bigint generated always as identity,
  host_id       bigint not null,        -- person: who invited them, and hears when they come
  request_key   text not null,          -- of the request that invited them: sent again, it invites nobody twice
  name          text not null,
  phone         bytea not null,         -- sealed
  about         bytea not null,         -- sealed: what for, from where, with which car (domain::gate::visitor::About)
  zones         bigint[] not null check (zones <> '{}'),
  from_time     timestamptz not null,
  until_time    timestamptz not null check (until_time > from_time),
  token_hash    bytea not null,         -- of what the link has behind its #, which is kept nowhere
  invited_by    bigint not null,
  invited_at    timestamptz not null,
  cancelled_at  timestamptz,
  cancelled_by  bigint,
  primary key (corp_id, visitor_id),
  constraint visitors_request_key unique (corp_id, host_id, request_key),
  constraint visitors_token_key unique (corp_id, token_hash),
  foreign key (corp_id, host_id) references persons,
  foreign key (corp_id, invited_by) references members (corp_id, member_id),
  foreign key (corp_id, cancelled_by) references members (corp_id, member_id),
  check ((cancelled_at is null) = (cancelled_by is null))
);
create index visitors_until on visitors (corp_id, until_time);
call school_table('visitors', 'select, insert, update, delete');

-- A code is a person's or a visitor's.
alter table gate_pseudonyms
  alter column person_id drop not null,
  add column visitor_id bigint,
  add foreign key (corp_id, visitor_id) references visitors on delete cascade,
  add constraint gate_pseudonyms_somebodys check ((person_id is null) <> (visitor_id is null));
create index gate_pseudonyms_visitor on gate_pseudonyms (corp_id, visitor_id) where visitor_id is not null;

-- A passage stays one of a visitor when the visitor is forgotten.
alter table passages
  add column visitor_id bigint,
  add column by_visitor boolean not null default false,
  add foreign key (corp_id, visitor_id) references visitors,
  add constraint passages_by_visitor check (visitor_id is null or by_visitor),
  add constraint passages_somebodys check (person_id is null or not by_visitor);
create index passages_visitor on passages (corp_id, visitor_id, at desc) where visitor_id is not null;
