-- 扫码进出校: zones and their gates, the devices at them, the keys people's codes are signed with, permits, and who passed.

-- What a gate leads into. Somebody is inside or outside of each zone by itself.
create table gate_zones (
  corp_id    integer not null references corps,
  zone_id    bigint generated always as identity,
  name       text not null,
  kind       text not null check (kind in ('campus', 'dormitory', 'building')),
  hard_from  date,                   -- from this day on 反潜回 refuses; before it, or without one, it warns
  primary key (corp_id, zone_id),
  constraint gate_zones_name_key unique (corp_id, name)
);
call school_table('gate_zones', 'select, insert, update');

create table gates (
  corp_id     integer not null,
  gate_id     bigint generated always as identity,
  zone_id     bigint not null,
  name        text not null,
  directions  text not null check (directions in ('in', 'out', 'both')),
  failure     text not null check (failure in ('closed', 'open')),   -- of a device that hears nothing from us
  rules       jsonb not null,        -- domain::gate::Rules
  closed_at   timestamptz,           -- out of use since; its passages stay
  primary key (corp_id, gate_id),
  constraint gates_name_key unique (corp_id, zone_id, name),
  foreign key (corp_id, zone_id) references gate_zones
);
call school_table('gates', 'select, insert, update');

-- A device at a gate. Of its token and of the code it was paired by only hashes are kept.
create table gate_devices (
  corp_id       integer not null,
  device_id     bigint generated always as identity,
  gate_id       bigint not null,
  name          text not null,
  token_hash    bytea not null,
  paired_by     bigint not null,     -- member: who stands for what is shown on its screen
  paired_at     timestamptz not null,
  seen_at       timestamptz not null,
  withdrawn_at  timestamptz,
  withdrawn_by  bigint,
  primary key (corp_id, device_id),
  constraint gate_devices_token_key unique (corp_id, token_hash),
  foreign key (corp_id, gate_id) references gates,
  foreign key (corp_id, paired_by) references members (corp_id, member_id),
  foreign key (corp_id, withdrawn_by) references members (corp_id, member_id)
);
create index gate_devices_gate on gate_devices (corp_id, gate_id);
call school_table('gate_devices', 'select, insert, update');

create table gate_pairings (
  corp_id     integer not null,
  code_hash   bytea not null,
  gate_id     bigint not null,
  name        text not null,         -- what the device is to be called
  made_by     bigint not null,
  made_at     timestamptz not null,
  expires_at  timestamptz not null,
  used_at     timestamptz,
  primary key (corp_id, code_hash),
  foreign key (corp_id, gate_id) references gates,
  foreign key (corp_id, made_by) references members (corp_id, member_id)
);
call school_table('gate_pairings', 'select, insert, update, delete');

-- The keys of a day. One that is killed stands beside the one that took its place.
create table gate_keys (
  corp_id        integer not null references corps,
  kid            bytea not null check (length(kid) = 4),
  day            date not null,
  signing_key    bytea not null,     -- sealed: Ed25519, PKCS#8
  public_key     bytea not null,
  pseudonym_key  bytea not null,     -- sealed: HMAC-SHA-256
  made_at        timestamptz not null,
  killed_at      timestamptz,
  killed_by      bigint,
  primary key (corp_id, kid),
  foreign key (corp_id, killed_by) references members (corp_id, member_id)
);
create unique index gate_keys_standing on gate_keys (corp_id, day) where killed_at is null;
call school_table('gate_keys', 'select, insert, update, delete');

-- Who is meant by a code: kept as long as its key.
create table gate_pseudonyms (
  corp_id    integer not null,
  kid        bytea not null,
  pseudonym  bytea not null,
  person_id  bigint not null,
  primary key (corp_id, kid, pseudonym),
  foreign key (corp_id, kid) references gate_keys on delete cascade,
  foreign key (corp_id, person_id) references persons
);
call school_table('gate_pseudonyms', 'select, insert, delete');

-- 通行证: never changed; revoked with a reason.
create table gate_permits (
  corp_id        integer not null,
  permit_id      bigint generated always as identity,
  person_id      bigint not null,
  kind           text not null check (kind in ('single', 'standing')),   -- single: once each way
  from_time      timestamptz not null,
  until_time     timestamptz not null check (until_time > from_time),
  zones          bigint[] not null,  -- empty: every zone
  reason         bytea not null,     -- sealed
  granted_by     bigint,
  approval_no    text,               -- 审批单号, where an approval of WeCom granted it
  granted_at     timestamptz not null,
  revoked_by     bigint,
  revoked_at     timestamptz,
  revoke_reason  bytea,              -- sealed
  primary key (corp_id, permit_id),
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, granted_by) references members (corp_id, member_id),
  foreign key (corp_id, revoked_by) references members (corp_id, member_id),
  check ((granted_by is null) = (approval_no is not null)),
  check ((revoked_at is null) = (revoke_reason is null))
);
-- An approval grants one, once.
create unique index gate_permits_approval on gate_permits (corp_id, approval_no) where approval_no is not null;
create unique index gate_permits_key on gate_permits (corp_id, person_id, kind, from_time, until_time, zones)
  where revoked_at is null;
create index gate_permits_until on gate_permits (corp_id, person_id, until_time);
call school_table('gate_permits', 'select, insert, update');

-- One scan at a gate, let through or not. A device names each of its scans, so that none is kept twice.
create table passages (
  corp_id      integer not null,
  passage_id   bigint generated always as identity,
  gate_id      bigint not null,
  zone_id      bigint not null,      -- the gate's, then
  device_id    bigint not null,
  scan_id      text not null,
  person_id    bigint,               -- null: the code says nothing we know
  kid          bytea,
  jti          bytea,
  direction    text not null check (direction in ('in', 'out')),
  at           timestamptz not null, -- when it happened
  received_at  timestamptz not null, -- when we were told
  offline      boolean not null,     -- decided by the device, told later
  decision     text not null check (decision in ('allowed', 'refused')),
  reason       text,                 -- why it was refused: domain::gate::Refusal
  flags        text[] not null,      -- what somebody should look at: domain::gate::Flag
  permit_id    bigint,               -- what opened the gate
  primary key (corp_id, passage_id),
  constraint passages_scan_key unique (corp_id, device_id, scan_id),
  foreign key (corp_id, gate_id) references gates,
  foreign key (corp_id, zone_id) references gate_zones,
  foreign key (corp_id, device_id) references gate_devices,
  foreign key (corp_id, person_id) references persons,
  foreign key (corp_id, permit_id) references gate_permits,
  check ((decision = 'refused') = (reason is not null))
);
create index passages_at on passages (corp_id, at desc, passage_id desc);
create index passages_person on passages (corp_id, person_id, at desc);
create index passages_gate on passages (corp_id, gate_id, at desc);
create index passages_permit on passages (corp_id, permit_id) where permit_id is not null;
call school_table('passages', 'select, insert, update, delete');

-- 告警: what the security office hears of, each once.
create table gate_alarms (
  corp_id      integer not null,
  alarm_id     bigint generated always as identity,
  kind         text not null check (kind in ('abnormal', 'forged', 'double', 'travel', 'disputed', 'silent')),
  key          text not null,        -- what it is of: a passage, somebody's day, a gate's ten minutes, a device's silence
  gate_id      bigint not null,
  device_id    bigint not null,
  passage_id   bigint,
  at           timestamptz not null,
  told_at      timestamptz,
  settled_by   bigint,
  settled_at   timestamptz,
  note         bytea,                -- sealed
  primary key (corp_id, alarm_id),
  constraint gate_alarms_key unique (corp_id, kind, key),
  foreign key (corp_id, gate_id) references gates,
  foreign key (corp_id, device_id) references gate_devices,
  foreign key (corp_id, passage_id) references passages on delete cascade,
  foreign key (corp_id, settled_by) references members (corp_id, member_id),
  check ((settled_at is null) = (settled_by is null))
);
create index gate_alarms_untold on gate_alarms (corp_id) where told_at is null;
create index gate_alarms_passage on gate_alarms (corp_id, passage_id) where passage_id is not null;
call school_table('gate_alarms', 'select, insert, update, delete');

-- Whether somebody is inside a zone: what the last of their passages says by the time it happened, whenever we were told.
create table gate_presence (
  corp_id    integer not null,
  zone_id    bigint not null,
  person_id  bigint not null,
  inside     boolean not null,
  since      timestamptz not null,
  primary key (corp_id, zone_id, person_id),
  foreign key (corp_id, zone_id) references gate_zones,
  foreign key (corp_id, person_id) references persons
);
create index gate_presence_person on gate_presence (corp_id, person_id);
call school_table('gate_presence', 'select, insert, update, delete');

-- 门卫: sees who passed.
alter table grants drop constraint grants_role_check;
alter table grants add constraint grants_role_check check (role in ('class_assistant', 'counsellor', 'college_leader',
  'college_office', 'department_head', 'school_office', 'school_leader', 'administrator', 'auditor', 'gate_guard'));
