-- Dormitories (宿舍): the beds a school has, and who sleeps in which since when. Kept apart from WeCom's directory.

-- A bed is what its names say; no name is in two places. Campus and floor may be empty, where a school writes none.
create table beds (
  corp_id   integer not null references corps,
  bed_id    bigint generated always as identity,
  campus    text not null,
  building  text not null,
  floor     text not null,
  room      text not null,
  bed       text not null,
  primary key (corp_id, bed_id),
  constraint beds_key unique (corp_id, campus, building, floor, room, bed)
);
call school_table('beds', 'select, insert');
call track_changes('beds');

-- Who sleeps where, from the first night to the day somebody else may: until_date null while they live there. One
-- open row a person, one a bed; earlier ones are history.
create table residences (
  corp_id       integer not null,
  residence_id  bigint generated always as identity,
  person_id     bigint not null,
  bed_id        bigint not null,
  from_date     date not null,
  until_date    date check (until_date > from_date),
  source        text not null check (source in ('manual', 'list')),
  primary key (corp_id, residence_id),
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, bed_id) references beds
);
create unique index residences_open_person on residences (corp_id, person_id) where until_date is null;
create unique index residences_open_bed on residences (corp_id, bed_id) where until_date is null;
create index residences_person on residences (corp_id, person_id, from_date);
create index residences_bed on residences (corp_id, bed_id, from_date);
call school_table('residences', 'select, insert, update, delete');
call track_changes('residences');
