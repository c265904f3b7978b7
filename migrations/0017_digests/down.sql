drop table digest_rules;
