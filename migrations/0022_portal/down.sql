drop table portal_reminders, portal_listed, portal_lists, portal_totals, portal_passes, portal_entries;
