-- What somebody recognises a browser they are signed in with by, and a number by which they end it: neither the words by which
-- a browser calls itself nor its address. A process of the release before writes none of it, hence the defaults.
alter table sessions
  add column session_id bigint generated always as identity,
  add column channel text not null default 'pc' check (channel in ('h5', 'pc')),
  add column system text not null default 'other' check (system in ('android', 'ios', 'windows', 'mac', 'other')),
  add column browser text not null default 'other'
    check (browser in ('wecom', 'wechat', 'edge', 'firefox', 'chrome', 'safari', 'other')),
  add constraint sessions_session_id_key unique (session_id);
