-- 部门人员流动日报: what a department's day was, as whoever answers for it signed it. Signing again takes the place of what
-- was signed before, which stays on record.
create table movement_sign_offs (
  corp_id        integer not null,
  sign_off_id    bigint generated always as identity,
  day            date not null,
  department_id  integer not null,
  staff          integer not null,   -- the figures as they were known then
  away           integer not null,
  returned       integer not null,
  on_leave       integer not null,
  note           text,
  by_member      bigint not null,
  at             timestamptz not null,
  revoked_at     timestamptz,
  primary key (corp_id, sign_off_id),
  foreign key (corp_id, department_id) references departments,
  foreign key (corp_id, by_member) references members (corp_id, member_id)
);
create unique index movement_sign_offs_standing on movement_sign_offs (corp_id, day, department_id) where revoked_at is null;
call school_table('movement_sign_offs', 'select, insert, update, delete');
