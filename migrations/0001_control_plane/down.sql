drop table staging_member_departments, staging_members, staging_departments,
  jobs, sessions, used_codes, sign_in_flows, corp_hosts, corps;
drop procedure school_table(regclass, text);
drop function current_corp();
-- The role stays: it belongs to the cluster, and other databases may use it.
