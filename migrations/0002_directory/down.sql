drop procedure refresh_statistics();
drop table wecom_budgets, wecom_tokens, grants, exemptions, memberships, member_departments, member_versions, members, persons,
  department_versions, departments, sync_held, sync_runs;
