drop index access_log_export;
drop table reading_alarms, reading_lifts, reading_budgets;
