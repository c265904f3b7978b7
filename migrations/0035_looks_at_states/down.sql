drop index reading_alarms_open;
-- One of a kind a member and day is left: the first.
delete from reading_alarms a using reading_alarms b
where b.corp_id = a.corp_id and b.member_id = a.member_id and b.day = a.day and b.kind = a.kind and b.alarm_id < a.alarm_id;
alter table reading_alarms add constraint reading_alarms_key unique (corp_id, member_id, day, kind);
