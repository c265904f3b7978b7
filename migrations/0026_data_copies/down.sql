drop index follow_ups_person, corrections_person, grant_acts_person, attachments_person, invitations_person,
  gate_presence_person, platform_records_userid, usage_records_account;
drop table data_copies;
