-- Cards that change after they were sent, and what stands on each member's tile of the workbench.

-- A change of a card: exact bytes with a code that is good once, kept before it is tried.
create table card_updates (
  corp_id       integer not null references corps,
  update_id     bigint generated always as identity,
  cause         text not null,       -- "click 17": of the inbox; "cut-off 5": of a batch. Each changes a card once
  batch_id      bigint,              -- null: a card nobody knows any more
  member_id     bigint,              -- whose card; null: of all of the batch
  settled       boolean not null,    -- nothing more is to be done on it
  body          bytea,               -- sealed; null: nobody is left whose card could change
  state         text not null check (state in ('waiting', 'done', 'needless', 'gone', 'failed')),
  attempts      integer not null default 0,
  not_before    timestamptz not null,
  useful_until  timestamptz not null, -- the code's end
  at            timestamptz not null, -- of the last change of state
  error         text,
  primary key (corp_id, update_id),
  constraint card_updates_cause_key unique (corp_id, cause),
  foreign key (corp_id, batch_id) references outbox_batches,
  foreign key (corp_id, member_id) references members
);
create index card_updates_waiting on card_updates (corp_id, not_before) where state = 'waiting';
create index card_updates_batch on card_updates (corp_id, batch_id);
call school_table('card_updates', 'select, insert, update, delete');

create index outbox_batches_cards on outbox_batches (corp_id, finished_at) where response_code is not null;

-- What stands on the tiles: wanted, and shown as far as WeCom took it.
create table tiles (
  corp_id     integer not null,
  member_id   bigint not null,
  wanted      text not null,         -- JSON: [name, figure, path] of each
  shown       text,
  not_before  timestamptz not null,
  at          timestamptz not null,
  error       text,
  primary key (corp_id, member_id),
  foreign key (corp_id, member_id) references members
);
create index tiles_differing on tiles (corp_id, not_before) where shown is distinct from wanted;
call school_table('tiles', 'select, insert, update');

-- How far the app's tile and menu are, a row a school.
create table workbenches (
  corp_id      integer primary key references corps,
  template_at  timestamptz,          -- since when tiles are of our kind
  menu         text,                 -- as it was set
  counted_at   timestamptz,          -- when tiles were last thought about
  last_report  bigint,               -- … and the newest report by then
  pause_until  timestamptz,          -- WeCom shows no tiles of the app
  error        text
);
call school_table('workbenches', 'select, insert, update');
