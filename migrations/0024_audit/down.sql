drop function end_access_log(timestamptz, integer);
drop function cut_audit(bigint);
drop table audit_cuts, audit_heads, audit_keys, audit_chain, audit_unsealed, audit_events;
