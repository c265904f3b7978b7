alter table passages drop column visitor_id, drop column by_visitor;
delete from gate_pseudonyms where person_id is null;
alter table gate_pseudonyms drop column visitor_id, alter column person_id set not null;
drop table visitors;
