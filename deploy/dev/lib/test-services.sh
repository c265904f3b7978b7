# shellcheck shell=bash
# Sourced: a Postgres and a Redis that last as long as the script, for `make test` and `make schema`.
# Made anew each time, on free ports, without fsync: nothing in them need survive a crash.

start_test_services() {
  take_lock test || die "这个目录里已有一个 make test 在运行。" "make test is already running in this checkout."
  trap stop_test_services EXIT
  trap 'exit 130' INT TERM HUP
  choose_data_root test
  rm -rf "$data_root"
  make_data_root test
  test_postgres_port=$(free_port 8732)
  test_redis_port=$(free_port $((test_postgres_port + 1)))
  start_postgres "$test_postgres_port" fsync=off synchronous_commit=off full_page_writes=off max_connections=300
  make_test_database "$test_postgres_port"
  start_redis "$test_redis_port"
  export ROLLCALL_TEST_DATABASE_URL ROLLCALL_TEST_REDIS_URL
  ROLLCALL_TEST_DATABASE_URL=$(postgres_url rollcall_owner "$test_postgres_port" rollcall_test)
  ROLLCALL_TEST_REDIS_URL=$(redis_url "$test_redis_port")
}

# Tests make a database each, end old connections to it, and see to the service's role; an experiment copies millions of
# rows without the triggers that looked at them when they were first written.
make_test_database() { # PORT
  make_roles "$1" "createdb createrole"
  superuser_psql "$1" -d postgres -c 'grant pg_signal_backend to rollcall_owner' \
    -c 'grant set on parameter session_replication_role to rollcall_owner' \
    -c 'grant rollcall_app, rollcall_reader to rollcall_owner with admin option'
  make_database "$1" rollcall_test
}

stop_test_services() {
  trap '' INT TERM HUP
  stop_all
  rm -rf "$data_root"
}
