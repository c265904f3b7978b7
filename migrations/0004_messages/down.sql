drop table outbox, outbox_batches, mailing_contents, mailings, reminder_rules, inbox;
