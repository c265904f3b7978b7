-- Photos of persons (照片), as the gate compares them with faces. Deleted means gone: no change set keeps one.

create table photos (
  corp_id    integer not null,
  person_id  bigint not null,
  picture    bytea not null,         -- a JPEG of at most 480 × 640, sealed
  source     bytea not null,         -- SHA-256 of the file it was made from, sealed: the same file again is no news
  stored_by  bigint not null,
  stored_at  timestamptz not null,
  primary key (corp_id, person_id),
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, stored_by) references members (corp_id, member_id)
);
call school_table('photos', 'select, insert, update, delete');

-- One .zip of photos and how far it is. Its bytes lie sealed in photo_chunks until a job has used them.
create table photo_uploads (
  corp_id      integer not null,
  upload_id    bigint generated always as identity,
  state        text not null check (state in ('receiving', 'waiting', 'done', 'failed')),
  bytes        bigint not null default 0,
  chunks       integer not null default 0,
  files        integer,              -- to be looked at; null while nobody has looked into it
  message      text,                 -- why it failed and what to do, in Chinese
  made_by      bigint not null,
  made_at      timestamptz not null,
  finished_at  timestamptz,
  primary key (corp_id, upload_id),
  foreign key (corp_id, made_by) references members (corp_id, member_id)
);
create index photo_uploads_waiting on photo_uploads (corp_id, upload_id) where state = 'waiting';
call school_table('photo_uploads', 'select, insert, update, delete');

create table photo_chunks (
  corp_id    integer not null,
  upload_id  bigint not null,
  chunk_no   integer not null,
  content    bytea not null,         -- sealed
  primary key (corp_id, upload_id, chunk_no),
  foreign key (corp_id, upload_id) references photo_uploads
);
call school_table('photo_chunks', 'select, insert, delete');

-- What became of each file of an upload; committed with its photo, so that a job that was killed goes on after it.
create table photo_results (
  corp_id    integer not null,
  upload_id  bigint not null,
  entry_no   integer not null,       -- the file's place in the .zip
  file       text not null,          -- its name without folders
  outcome    text not null check (outcome in ('stored', 'replaced', 'same', 'unknown', 'not_picture', 'too_large', 'twice')),
  person_id  bigint,
  primary key (corp_id, upload_id, entry_no),
  foreign key (corp_id, upload_id) references photo_uploads,
  foreign key (corp_id, person_id) references persons
);
create index photo_results_outcome on photo_results (corp_id, upload_id, outcome, entry_no);
create index photo_results_person on photo_results (corp_id, upload_id, person_id);
call school_table('photo_results', 'select, insert, delete');
