delete from write_steps where kind = 'set_phone';
alter table write_steps drop constraint write_steps_kind_check;
alter table write_steps add constraint write_steps_kind_check check (kind in ('create_department', 'create_member',
  'move_member', 'rename_member', 'disable_member'));
drop table phone_corrections, invitations, invitation_rounds;
alter table access_log drop column export_id;
drop table export_downloads, export_chunks, exports, export_templates;
