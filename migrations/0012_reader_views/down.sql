drop view reader.group_members, reader.groups, reader.people, reader.school;
drop function reader.corp();
drop schema reader;
drop table readers;
-- The role stays: it belongs to the cluster, and other databases may use it.
