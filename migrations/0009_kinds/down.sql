drop table kind_persons, kind_pins, kind_rules, tag_departments, tag_members, tags;
alter table sync_runs drop column tag_gaps, drop column tags_seen;
