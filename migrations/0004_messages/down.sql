drop table reminders, outbox_batches, reminder_rounds, reminder_rules, inbox;
