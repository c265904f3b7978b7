-- Who made, changed, published, scheduled, ended and took over forms. Nothing here is ever changed. A draft that was thrown away is
-- in forms no more, so what was done to it is known by its code.
create table form_acts (
  corp_id    integer not null,
  act_id     bigint generated always as identity,
  form_id    bigint not null,
  code       text not null,
  act        text not null check (act in ('created', 'saved', 'published', 'scheduled', 'ended', 'taken_over',
               'deleted')),
  version    integer,                -- published: which
  starts_on  date,                   -- scheduled, ended: from when to when since then
  ends_on    date,
  by_member  bigint not null,
  at         timestamptz not null,
  primary key (corp_id, act_id),
  foreign key (corp_id, by_member) references members (corp_id, member_id)
);
create index form_acts_form on form_acts (corp_id, form_id, act_id);
create index form_acts_deleted on form_acts (corp_id, code) where act = 'deleted';
call school_table('form_acts', 'select, insert');
