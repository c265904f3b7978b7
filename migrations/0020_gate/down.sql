drop table gate_alarms, gate_presence, passages, gate_permits, gate_pseudonyms, gate_keys, gate_pairings, gate_devices, gates, gate_zones;
delete from grants where role = 'gate_guard';
alter table grants drop constraint grants_role_check;
alter table grants add constraint grants_role_check check (role in ('class_assistant', 'counsellor', 'college_leader',
  'college_office', 'department_head', 'school_office', 'school_leader', 'administrator', 'auditor'));
