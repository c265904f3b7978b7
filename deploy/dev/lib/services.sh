# shellcheck shell=bash
# Sourced: a private Postgres and Redis for this checkout, on 127.0.0.1 and ports of their own.
# The machine's own servers, if it has any, are neither used nor touched.

# Databases of `make run` outlive it; those of `make test` are made anew and need not survive a crash.
start_postgres() { # PORT [SETTING=VALUE…]
  local data=$data_root/postgres sockets=$data_root/sockets setting settings=()
  make_service_dir "$sockets"
  [ -d "$data" ] || make_cluster "$data"
  for setting in "${@:2}"; do settings+=(-c "$setting"); done
  # INT is Postgres's "fast" shutdown: it does not wait for clients.
  start_as_service postgres INT "$postgres_bin/postgres" -D "$data" -p "$1" -k "$sockets" \
    -c listen_addresses=127.0.0.1 "${settings[@]}"
  wait_until_ready postgres 60 "$postgres_bin/pg_isready" -q -h "$sockets" -p "$1"
}

# Over the socket, in a folder that only the service user enters, one is trusted; over TCP there is a password.
make_cluster() { # DATA
  local data=$1
  say "建立专用的 Postgres 数据库" "making a private Postgres"
  rm -rf "$data.new"
  make_service_dir "$data.new"
  "${as_service[@]}" "$postgres_bin/initdb" -D "$data.new" -U postgres -E UTF8 --locale=C.UTF-8 \
    --auth-local=trust --auth-host=scram-sha-256 >/dev/null
  mv "$data.new" "$data" # whole or not at all
}

superuser_psql() { # PORT ARGUMENTS…
  "${as_service[@]}" "$postgres_bin/psql" -X -q -v ON_ERROR_STOP=1 -h "$data_root/sockets" -p "$1" -U postgres "${@:2}"
}

# rollcall_owner owns the tables and migrates; rollcall_app is the service, which row-level security binds;
# rollcall_reader is what other systems are members of (docs/READERS.md).
make_roles() { # PORT OWNER_ATTRIBUTES
  local password
  password=$(secret postgres-password)
  superuser_psql "$1" -d postgres <<SQL
select format('create role %I', name) from unnest(array['rollcall_owner', 'rollcall_app', 'rollcall_reader']) as name
  where not exists (select from pg_roles where rolname = name) \gexec
alter role rollcall_owner login $2 password '$password';
alter role rollcall_app login password '$password';
SQL
}

make_database() { # PORT NAME
  superuser_psql "$1" -d postgres <<SQL
select 'create database $2 owner rollcall_owner' where not exists (select from pg_database where datname = '$2') \gexec
SQL
}

postgres_url() { # ROLE PORT DATABASE
  echo "postgres://$1:$(secret postgres-password)@127.0.0.1:$2/$3"
}

# Redis is a cache and nothing more: it keeps nothing on disk.
start_redis() { # PORT
  make_service_dir "$data_root/redis"
  make_service_file "$data_root/redis/redis.conf" <<CONF
bind 127.0.0.1
port $1
requirepass $(secret redis-password)
dir $data_root/redis
save ""
appendonly no
CONF
  start_as_service redis TERM redis-server "$data_root/redis/redis.conf"
  wait_until_ready redis 20 port_taken "$1"
}

redis_url() { # PORT
  echo "redis://default:$(secret redis-password)@127.0.0.1:$1/0"
}
