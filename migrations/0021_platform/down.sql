drop table usage_records;
drop table visits;
drop table platform_livings;
drop table platform_records;
drop table platform_collections;
drop table platform_figures;
