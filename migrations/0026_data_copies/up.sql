-- 我的数据: who took a copy of everything that is held on them. Gone after 180 days.
create table data_copies (
  corp_id      integer not null,
  copy_id      bigint generated always as identity,
  member_id    bigint not null,
  format       text not null check (format in ('json', 'html')),
  ticket_hash  bytea not null,      -- of what it is fetched by, within a minute and by them alone
  at           timestamptz not null,
  primary key (corp_id, copy_id),
  -- Having taken one keeps no account from being undone with the run that brought it.
  foreign key (corp_id, member_id) references members (corp_id, member_id) on delete cascade
);
create index data_copies_member on data_copies (corp_id, member_id, at);
call school_table('data_copies', 'select, insert, delete');

-- What is held on one person is read of each of these.
create index follow_ups_person on follow_ups (corp_id, person_id);
create index corrections_person on corrections (corp_id, person_id);
create index grant_acts_person on grant_acts (corp_id, person_id);
create index attachments_person on attachments (corp_id, person_id);
create index invitations_person on invitations (corp_id, person_id);
create index gate_presence_person on gate_presence (corp_id, person_id);
create index platform_records_userid on platform_records (corp_id, userid);
create index usage_records_account on usage_records (corp_id, account);
