drop procedure undo_changes(integer, bigint);
drop procedure track_changes(text);
drop procedure refresh_statistics();
drop table changes, change_sets;
drop sequence change_set_ids;
drop table wecom_budgets, wecom_tokens, grants, roster_changes, exemptions, memberships, member_departments, member_versions, members, persons,
  department_versions, departments, sync_held, sync_runs;
drop procedure watch_roster(regclass, text[]);
drop function roster_changed(), roster_person_changed(), roster_emptied(), note_roster_change();
drop function note_change();
