drop table access_log, idempotency_keys, trips, report_answers, report_revisions, reports, form_versions, forms;
drop function ensure_answers_partition(text, date);
drop function stamp_report();
