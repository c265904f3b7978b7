drop table form_acts;
