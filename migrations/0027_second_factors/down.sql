drop table security_events;
alter table sessions drop column proven_at;
drop table second_factor_recoveries, second_factors;
