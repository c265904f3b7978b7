-- Pictures that answers show (附件): sent before the report, tied to it when it is taken. Those nobody sent go after a day.
create table attachments (
  corp_id        integer not null,
  attachment_id  text not null check (attachment_id ~ '^[0-9a-f]{32}$'),   -- random: what the answers say
  form_id        bigint not null,
  person_id      bigint not null,    -- whose answers it is for
  uploaded_by    bigint not null,    -- member: the person's own account, or who answers for them
  content        bytea not null,     -- a JPEG of at most 1600 × 1600, sealed
  bytes          integer not null,
  made_at        timestamptz not null,
  report_id      bigint,             -- null: not sent yet
  primary key (corp_id, attachment_id),
  foreign key (corp_id, form_id) references forms,
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, uploaded_by) references members (corp_id, member_id),
  foreign key (corp_id, report_id) references reports
);
create index attachments_untied on attachments (corp_id, person_id) where report_id is null;
create index attachments_report on attachments (corp_id, report_id) where report_id is not null;
create index attachments_person on attachments (corp_id, person_id);
call school_table('attachments', 'select, insert, update, delete');
