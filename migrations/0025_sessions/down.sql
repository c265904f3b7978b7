alter table sessions drop column session_id, drop column channel, drop column system, drop column browser;
