-- 通知: what somebody in charge tells many at once. Who that is follows from the mirror at the moment it goes out.
create table announcements (
  corp_id          integer not null references corps,
  announcement_id  bigint generated always as identity,
  content          bytea not null,       -- title, text and link, sealed
  departments      integer[] not null,   -- with everybody below them
  tags             integer[] not null,
  people           bigint[] not null,    -- persons of a list
  -- refused: whoever wrote it may not send it any more.
  state            text not null check (state in ('scheduled', 'sent', 'cancelled', 'refused')),
  revision         integer not null,     -- a change names the one it was made on
  send_at          timestamptz not null,
  urgent           boolean not null,     -- goes out in quiet hours too
  by_member        bigint not null,
  changed_at       timestamptz not null,
  mailing_id       bigint,               -- since it went out
  sent_at          timestamptz,
  cancelled_by     bigint,
  recall_asked_at  timestamptz,          -- nobody gets it from then on, and who has it loses it
  recall_asked_by  bigint,
  recall_ended_at  timestamptz,
  primary key (corp_id, announcement_id),
  check ((state = 'sent') = (mailing_id is not null)),
  foreign key (corp_id, mailing_id) references mailings,
  foreign key (corp_id, by_member) references members (corp_id, member_id),
  foreign key (corp_id, cancelled_by) references members (corp_id, member_id),
  foreign key (corp_id, recall_asked_by) references members (corp_id, member_id)
);
create index announcements_by_member on announcements (corp_id, by_member, announcement_id);
create index announcements_scheduled on announcements (corp_id, send_at) where state = 'scheduled';
create index announcements_recalled on announcements (corp_id, announcement_id)
  where recall_asked_at is not null and recall_ended_at is null;
call school_table('announcements', 'select, insert, update');

-- What became of taking back each of its batches. A row is written when that is known.
create table announcement_recalls (
  corp_id          integer not null,
  batch_id         bigint not null,
  announcement_id  bigint not null,
  state            text not null check (state in ('recalled', 'too_late', 'unknown', 'failed')),
  error            text,                 -- in Chinese: what WeCom said and what to do
  at               timestamptz not null,
  primary key (corp_id, batch_id),
  foreign key (corp_id, batch_id) references outbox_batches,
  foreign key (corp_id, announcement_id) references announcements
);
create index announcement_recalls_of on announcement_recalls (corp_id, announcement_id);
call school_table('announcement_recalls', 'select, insert');

-- Since when a batch fails, while it is tried again: `error` says why.
alter table outbox_batches add column failing_since timestamptz;
create index outbox_by_time on outbox (corp_id, at);
-- Bodies that are still there: the sweep empties those of a week ago.
create index outbox_batches_bodies on outbox_batches (corp_id, finished_at) where length(body) > 0;
