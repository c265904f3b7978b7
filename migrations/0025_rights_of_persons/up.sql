-- 告知书: what the school tells people before their first answer, on what basis; and who agreed to which version.
create table privacy_notices (
  corp_id       integer not null references corps,
  version       integer not null check (version > 0),   -- counts up; the newest holds
  text          text not null,
  legal_basis   text not null,
  rests_on_consent  boolean not null,   -- the basis is consent: whoever takes it back has what they answered erased
  by_member     bigint not null,
  published_at  timestamptz not null,
  primary key (corp_id, version),
  foreign key (corp_id, by_member) references members (corp_id, member_id)
);
call school_table('privacy_notices', 'select, insert');

-- That it was given stays when it is taken back.
create table notice_agreements (
  corp_id       integer not null,
  agreement_id  bigint generated always as identity,
  person_id     bigint not null,
  version       integer not null,
  locale        text not null check (locale in ('zh-CN', 'en')),   -- of the page they read it on
  agreed_at     timestamptz not null,
  withdrawn_at  timestamptz,
  erased_at     timestamptz,              -- nothing is left that came under it, where it was a consent
  primary key (corp_id, agreement_id),
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, version) references privacy_notices
);
create unique index notice_agreements_standing on notice_agreements (corp_id, person_id, version)
  where withdrawn_at is null;
create index notice_agreements_person on notice_agreements (corp_id, person_id);
create index notice_agreements_version on notice_agreements (corp_id, version) where withdrawn_at is null;
create index notice_agreements_to_erase on notice_agreements (corp_id, person_id) where withdrawn_at is not null and erased_at is null;
call school_table('notice_agreements', 'select, insert, update');

-- 我的数据: who took a copy of everything that is held on them. Gone after 180 days.
create table data_copies (
  corp_id      integer not null,
  copy_id      bigint generated always as identity,
  member_id    bigint not null,
  format       text not null check (format in ('json', 'html')),
  at           timestamptz not null,
  primary key (corp_id, copy_id),
  -- Having taken one keeps no account from being undone with the run that brought it.
  foreign key (corp_id, member_id) references members (corp_id, member_id) on delete cascade
);
create index data_copies_member on data_copies (corp_id, member_id, at);
call school_table('data_copies', 'select, insert, delete');
