-- 入口: other systems that members are led to, who went there, and who is on the list another authority gave us back.
create table portal_entries (
  corp_id      integer not null references corps,
  entry_id     bigint generated always as identity,
  title        text not null,
  note         text not null,           -- a line below the title; '' for none
  icon         text not null,           -- of domain::portal::Icon
  address      text not null check (address like 'https://%'),
  position     integer not null,        -- the smallest stands first
  kinds        text[] not null,         -- student, staff
  departments  integer[],               -- only those counted under one of these; null: the whole school
  form_id      bigint,                  -- what is compared with lists; null: who opened the entry
  from_date    date not null,
  until_date   date check (until_date > from_date),
  revision     integer not null,        -- a change names the one it was made on
  by_member    bigint not null,         -- who changed it last
  changed_at   timestamptz not null,
  closed_at    timestamptz,             -- shown to nobody since; what was counted stays
  primary key (corp_id, entry_id),
  foreign key (corp_id, form_id) references forms,
  foreign key (corp_id, by_member) references members (corp_id, member_id)
);
call school_table('portal_entries', 'select, insert, update');

-- Somebody opened an entry on a day, once or often: one row. Gone after 180 days.
create table portal_passes (
  corp_id    integer not null,
  entry_id   bigint not null,
  day        date not null,
  member_id  bigint not null,
  first_at   timestamptz not null,
  primary key (corp_id, entry_id, day, member_id),
  foreign key (corp_id, entry_id) references portal_entries,
  -- Having opened something keeps no account from being undone with the run that brought it.
  foreign key (corp_id, member_id) references members (corp_id, member_id) on delete cascade
);
create index portal_passes_day on portal_passes (corp_id, day);
create index portal_passes_member on portal_passes (corp_id, member_id);
call school_table('portal_passes', 'select, insert, delete');

-- How many they were on days whose rows are gone.
create table portal_totals (
  corp_id   integer not null,
  entry_id  bigint not null,
  day       date not null,
  people    bigint not null check (people > 0),
  primary key (corp_id, entry_id, day),
  foreign key (corp_id, entry_id) references portal_entries
);
call school_table('portal_totals', 'select, insert, update');

-- A list of who has reported in another authority's system on a day. The file is not kept, and a newer one takes its place.
create table portal_lists (
  corp_id     integer not null,
  entry_id    bigint not null,
  day         date not null,
  list_no     integer not null,         -- counts up with each list of the day
  names       text not null check (names in ('reported', 'missing')),  -- whom the file named
  unknown     integer not null,         -- numbers of it that nobody on our roster has
  by_member   bigint not null,
  at          timestamptz not null,
  primary key (corp_id, entry_id, day),
  foreign key (corp_id, entry_id) references portal_entries,
  foreign key (corp_id, by_member) references members (corp_id, member_id)
);
call school_table('portal_lists', 'select, insert, update, delete');

-- Who has reported there, by the day's list.
create table portal_listed (
  corp_id    integer not null,
  entry_id   bigint not null,
  day        date not null,
  person_id  bigint not null,
  primary key (corp_id, entry_id, day, person_id),
  foreign key (corp_id, entry_id, day) references portal_lists,
  foreign key (corp_id, person_id) references persons
);
create index portal_listed_day on portal_listed (corp_id, day);
create index portal_listed_person on portal_listed (corp_id, person_id);
call school_table('portal_listed', 'select, insert, delete');

-- Who was reminded by which list of a day; 0 where there was none. Nobody is told twice by the same list.
create table portal_reminders (
  corp_id     integer not null,
  entry_id    bigint not null,
  day         date not null,
  list_no     integer not null,
  person_id   bigint not null,
  mailing_id  bigint not null,
  at          timestamptz not null,
  primary key (corp_id, entry_id, day, list_no, person_id),
  foreign key (corp_id, entry_id) references portal_entries,
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, mailing_id) references mailings
);
create index portal_reminders_person on portal_reminders (corp_id, person_id);
call school_table('portal_reminders', 'select, insert, delete');
