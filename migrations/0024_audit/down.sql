drop table audit_heads, audit_keys, audit_chain, audit_unsealed, audit_events;
