-- 查看告警: at most one of a kind and reading is open a member and day. What was settled hides nothing that is read after it.
alter table reading_alarms drop constraint reading_alarms_key;
create unique index reading_alarms_open on reading_alarms (corp_id, member_id, day, kind, reading) where settled_at is null;

-- 看异常名单: that somebody's report stands out, seen in a list by name.
alter table reading_budgets drop constraint reading_budgets_kind_check;
alter table reading_budgets add constraint reading_budgets_kind_check
  check (kind in ('phones', 'answers', 'photos', 'states', 'exported'));
alter table reading_lifts drop constraint reading_lifts_kind_check;
alter table reading_lifts add constraint reading_lifts_kind_check
  check (kind in ('phones', 'answers', 'photos', 'states', 'exported'));
alter table reading_alarms drop constraint reading_alarms_reading_check;
alter table reading_alarms add constraint reading_alarms_reading_check
  check (reading in ('phones', 'answers', 'photos', 'states', 'exported'));
