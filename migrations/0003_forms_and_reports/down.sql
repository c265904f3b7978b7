drop table access_log, idempotency_keys, report_revisions, reports, form_versions, forms;
