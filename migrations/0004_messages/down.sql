drop table outbox, outbox_batches, mailing_contents, mailings, school_days, reminder_settings, reminder_rule_acts, reminder_rules, inbox;
