drop table grant_acts, corrections, consents, person_fields;
alter table sign_in_flows drop column consent_of;
alter table persons drop column roster_at;
