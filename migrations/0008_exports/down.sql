drop table phone_corrections, invitations, invitation_rounds;
alter table access_log drop column export_id;
drop table download_tickets, export_downloads, export_chunks, exports, export_templates;
