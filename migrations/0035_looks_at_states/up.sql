-- 查看告警: at most one of a kind and reading is open a member and day. What was settled hides nothing that is read after it.
alter table reading_alarms drop constraint reading_alarms_key;
create unique index reading_alarms_open on reading_alarms (corp_id, member_id, day, kind, reading) where settled_at is null;
