-- 摘要推送: who is told which figures at which times of a day. What is sent is a mailing of the occasion "digest RULE DAY TIME".
create table digest_rules (
  corp_id     integer not null references corps,
  rule_id     bigint generated always as identity,
  about       text not null check (about in ('unreported', 'summary', 'movements')),
  form_id     bigint,                -- whose figures; movements are of no form
  roles       text[] not null,       -- who is told, each of those they look after
  at_times    time[] not null,       -- of the school's day
  when_done   boolean not null,      -- unreported: whether "all have reported" is told too, once a day
  enabled     boolean not null,
  changed_by  bigint,                -- null: as it came with Rollcall
  changed_at  timestamptz not null,
  primary key (corp_id, rule_id),
  constraint digest_rules_key unique nulls not distinct (corp_id, about, form_id),
  check ((about = 'movements') = (form_id is null)),
  foreign key (corp_id, form_id) references forms,
  foreign key (corp_id, changed_by) references members (corp_id, member_id)
);
call school_table('digest_rules', 'select, insert, update');
