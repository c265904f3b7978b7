drop table residences, beds;
