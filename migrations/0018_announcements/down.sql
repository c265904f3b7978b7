drop index outbox_batches_bodies;
drop index outbox_by_time;
alter table outbox_batches drop column failing_since;
drop table announcement_recalls, announcements;
