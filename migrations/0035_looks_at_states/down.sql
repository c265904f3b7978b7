delete from reading_budgets where kind = 'states';
delete from reading_lifts where kind = 'states';
delete from reading_alarms where reading = 'states';
alter table reading_budgets drop constraint reading_budgets_kind_check;
alter table reading_budgets add constraint reading_budgets_kind_check check (kind in ('phones', 'answers', 'photos', 'exported'));
alter table reading_lifts drop constraint reading_lifts_kind_check;
alter table reading_lifts add constraint reading_lifts_kind_check check (kind in ('phones', 'answers', 'photos', 'exported'));
alter table reading_alarms drop constraint reading_alarms_reading_check;
alter table reading_alarms add constraint reading_alarms_reading_check
  check (reading in ('phones', 'answers', 'photos', 'exported'));
drop index reading_alarms_open;
-- One of a kind a member and day is left: the first.
delete from reading_alarms a using reading_alarms b
where b.corp_id = a.corp_id and b.member_id = a.member_id and b.day = a.day and b.kind = a.kind and b.alarm_id < a.alarm_id;
alter table reading_alarms add constraint reading_alarms_key unique (corp_id, member_id, day, kind);
