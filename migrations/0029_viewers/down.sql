drop function viewer_of_session(integer, bytea, date, timestamptz);
drop function accounts_on(date);
