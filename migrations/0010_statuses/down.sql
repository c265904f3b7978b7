drop table approvals, status_changes;
