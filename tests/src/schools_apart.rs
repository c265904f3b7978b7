//! Schools in one deployment never meet: the catalogue proves the shape, two schools side by side the effect.

use tokio_postgres::{Client, error::SqlState};

use crate::{databases, test_app::TestApp};

/// Read before it is known which school a request is for; everything else is school data.
const CONTROL_PLANE: [&str; 10] = [
    "corp_hosts",
    "corps",
    "jobs",
    "readers",
    "sessions",
    "sign_in_flows",
    "staging_departments",
    "staging_member_departments",
    "staging_members",
    "used_codes",
];

async fn names(owner: &Client, sql: &str) -> Vec<String> {
    owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

const TABLES: &str =
    "select relname::text from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
    and relname not like '\\_\\_diesel%' order by 1";

/// Stands before every name of the neighbouring school.
pub const NEIGHBOUR: &str = "邻校·";

/// Tables of school data: those of which there are parts, as one.
const SCHOOL_TABLES: &str = "select c.relname::text from pg_class c join pg_policies p on p.tablename = c.relname
    where p.policyname = 'school' and not c.relispartition and c.relnamespace = 'public'::regnamespace order by 1";

/// Puts a second school beside the first: every row again, with other names. Gives the tables of school data.
pub async fn double(owner: &Client) -> Vec<String> {
    let corp = "insert into corps select 2, name, 'wwneighbour', time_zone, records_begin_on from corps where corp_id = 1";
    owner.execute(corp, &[]).await.unwrap();
    let tables = names(owner, SCHOOL_TABLES).await;
    // What refers to another table comes after it, in whatever order that is.
    let mut left = tables.clone();
    while !left.is_empty() {
        let (mut failed, mut why) = (Vec::new(), String::new());
        for table in &left {
            if let Err(error) = owner.batch_execute(&again(owner, table).await).await {
                why.push_str(&format!("{table}: {error:?}\n"));
                failed.push(table.clone());
            }
        }
        assert!(failed.len() < left.len(), "no second school: {why}");
        left = failed;
    }
    tables
}

/// All rows of a table again, as the second school's.
async fn again(owner: &Client, table: &str) -> String {
    let sql = "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
        where attrelid = $1::text::regclass and attnum > 0 and not attisdropped and attgenerated = ''";
    let columns: String = owner.query_one(sql, &[&table]).await.unwrap().get(0);
    format!(
        "insert into {table} ({columns}) overriding system value
         select {columns} from (
           select (jsonb_populate_record(null::{table}, to_jsonb(t) || jsonb_build_object('corp_id', 2) || coalesce(
             (select jsonb_object_agg(key, '{NEIGHBOUR}' || value) from jsonb_each_text(to_jsonb(t))
              where key in ('name', 'title') and value is not null), '{{}}'))).*
           from {table} t where corp_id = 1) again
         on conflict do nothing"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_without_a_condition_reaches_the_school_beside() {
    let test = TestApp::start().await;
    let tables = double(&test.owner).await;
    let service =
        databases::connect(&test.settings["database"]["url"].as_str().unwrap().parse().unwrap()).await;
    let denied = |error: &tokio_postgres::Error| error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE);
    let mut filled = 0;
    for table in &tables {
        let count = |corp: i32| format!("select count(*) from {table} where corp_id = {corp}");
        let (own, others): (i64, i64) = (test.one(&count(1), &[]).await, test.one(&count(2), &[]).await);
        filled += usize::from(others > 0);
        let begin = "begin; set local rollcall.corp_id = '1'";
        service.batch_execute(begin).await.unwrap();
        let seen: i64 =
            service.query_one(&format!("select count(*) from {table}"), &[]).await.unwrap().get(0);
        assert_eq!(seen, own, "{table} shows the own rows and no other");
        service.batch_execute("rollback").await.unwrap();
        // Every statement there is, each without asking which school's a row is.
        let column =
            "select attname::text from pg_attribute where attrelid = $1::text::regclass and attnum > 0
            and not attisdropped and has_column_privilege('rollcall_app', attrelid, attnum, 'update')
            order by attnum limit 1";
        let column = test.owner.query_opt(column, &[table]).await.unwrap();
        let column = column.map_or_else(|| "corp_id".to_owned(), |row| row.get::<_, String>(0));
        for sql in [
            format!("update {table} set {column} = {column}"),
            format!("update {table} set {column} = {column} where corp_id <> 1"),
            format!("delete from {table} where corp_id <> 1"),
        ] {
            service.batch_execute(begin).await.unwrap();
            match service.execute(&sql, &[]).await {
                Ok(rows) if sql.contains("where") => assert_eq!(rows, 0, "{sql}"),
                Ok(rows) => assert!(i64::try_from(rows).unwrap() <= own, "{sql}: {rows} rows"),
                Err(error) if sql.contains("where") => assert!(denied(&error), "{sql}: {error:?}"),
                // What forbids it is another rule.
                Err(_) => {}
            }
            service.batch_execute("rollback").await.unwrap();
        }
        if own > 0 {
            let columns = "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
                where attrelid = $1::text::regclass and attnum > 0 and not attisdropped and attgenerated = ''";
            let columns: String = test.one(columns, &[table]).await;
            let smuggled = columns.replacen("corp_id", "2", 1);
            service.batch_execute(begin).await.unwrap();
            let sql = format!(
                "insert into {table} ({columns}) overriding system value select {smuggled} from {table} limit 1"
            );
            let error = service.execute(&sql, &[]).await.expect_err(&sql);
            // What the policy refuses and what the role may not do at all have the same code.
            assert!(denied(&error), "{sql}: {error:?}");
            service.batch_execute("rollback").await.unwrap();
        }
        let after: i64 = test.one(&count(2), &[]).await;
        assert_eq!(after, others, "{table}: nothing of the other school changed");
    }
    assert!(filled > 10, "{filled} of {} tables have rows of two schools", tables.len());
}

/// What runs as the owner: cuts the front of the audit and ends old looks, makes and drops parts of a table (only what is empty, of all
/// schools), asks who logged in, gathers figures for the planner, and takes changes back.
const DEFINERS: [&str; 7] = [
    "cut_audit(bigint)",
    "drop_answers_partition(text,date)",
    "end_access_log(timestamp with time zone,integer)",
    "ensure_answers_partition(text,date)",
    "reader.corp()",
    "refresh_statistics()",
    "undo_changes(integer,bigint)",
];

/// Whoever calls what runs as the owner, whom row-level security does not bind, reaches nothing of the school beside.
#[tokio::test(flavor = "multi_thread")]
async fn what_runs_as_the_owner_serves_one_school() {
    let test = TestApp::start().await;
    double(&test.owner).await;
    let definers = names(
        &test.owner,
        "select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
         where p.prosecdef and n.nspname in ('public', 'reader') order by 1",
    )
    .await;
    let strange: Vec<&String> =
        definers.iter().filter(|definer| !DEFINERS.contains(&definer.as_str())).collect();
    assert!(strange.is_empty(), "what these reach of another school is to be tried here: {strange:?}");
    let service =
        databases::connect(&test.settings["database"]["url"].as_str().unwrap().parse().unwrap()).await;
    service.batch_execute("begin; set local rollcall.corp_id = '1'").await.unwrap();
    let set: i64 = test.one("select max(change_set_id) from change_sets where corp_id = 2", &[]).await;
    let undone = service.batch_execute(&format!("call undo_changes(2, {set})")).await;
    assert_eq!(undone.unwrap_err().code().map(SqlState::code), Some("RC002"));
    service.batch_execute("rollback").await.unwrap();
    old_records(&test).await;
    for (sql, table) in [
        ("select cut_audit(1)", "audit_chain"),
        ("select cut_audit(1)", "audit_events"),
        ("select end_access_log(now() - interval '181 days', 100)", "access_log"),
    ] {
        service.batch_execute("begin; set local rollcall.corp_id = '1'").await.unwrap();
        let gone: i64 = service.query_one(sql, &[]).await.unwrap().get(0);
        assert_eq!(gone, 1, "{sql}");
        // It sees its own rows alone: what is left of the other school's is counted as the owner.
        service.batch_execute("commit").await.unwrap();
        let left = |corp: i32| format!("select count(*) from {table} where corp_id = {corp}");
        let (own, others): (i64, i64) = (test.one(&left(1), &[]).await, test.one(&left(2), &[]).await);
        assert_eq!((own, others), (0, 1), "{sql} of {table}");
        old_records(&test).await;
    }
    // Notes of its own school that the service makes up itself.
    let row = |table: &str, corp: i32| {
        format!("(select to_jsonb(t) from {table} t where corp_id = {corp} limit 1)")
    };
    let (others, own) = (row("persons", 2), row("persons", 1));
    let record = row("audit_events", 1);
    for (what, table, before, after) in [
        ("takes a row away", "persons", "null", others.as_str()),
        ("puts a row there", "persons", others.as_str(), "null"),
        ("changes a row", "persons", own.as_str(), others.as_str()),
        ("makes a row another school's", "persons", others.as_str(), own.as_str()),
        ("takes a record of the own school away", "audit_events", "null", record.as_str()),
        ("is of no table", "no_such", "null", own.as_str()),
    ] {
        let sql = format!("select {before}::text, {after}::text");
        let made_up = test.owner.query_one(&sql, &[]).await.unwrap();
        let (before, after): (Option<String>, Option<String>) = (made_up.get(0), made_up.get(1));
        assert!(before.is_some() || after.is_some(), "{what}");
        service.batch_execute("begin; set local rollcall.corp_id = '1'").await.unwrap();
        let note = "insert into changes (corp_id, change_set_id, table_name, before, after)
            values (1, 900000, $1, $2::text::jsonb, $3::text::jsonb)";
        service.execute(note, &[&table, &before, &after]).await.unwrap();
        let undone = service.batch_execute("call undo_changes(1, 900000)").await;
        assert_eq!(undone.unwrap_err().code().map(SqlState::code), Some("RC002"), "{what}");
        service.batch_execute("rollback").await.unwrap();
    }
    // A temporary table of the service's is looked for last, whatever it is called.
    let strange = names(
        &test.owner,
        "select p.oid::regprocedure::text from pg_proc p where p.prosecdef and p.pronamespace = 'public'::regnamespace
         and not coalesce('search_path=public, pg_temp' = any (p.proconfig), false)",
    )
    .await;
    assert_eq!(strange, Vec::<String>::new());
    // Figures for the planner and parts of a table show no row; the views of readers are not the service's.
    let read = service.batch_execute("select * from reader.people").await;
    assert_eq!(read.unwrap_err().code(), Some(&SqlState::INSUFFICIENT_PRIVILEGE));
}

/// Of each of two schools one look and one event, long ago, of which the event may be cut; nothing else of either.
async fn old_records(test: &TestApp) {
    let zeros = |length: u8| format!("decode(repeat('00', {length}), 'hex')");
    let sql = format!(
        "truncate access_log, audit_events, audit_unsealed, audit_chain, audit_keys, audit_heads, audit_cuts;
         insert into access_log (corp_id, at, viewer, person_id, field, purpose)
           select c.corp_id, '2020-03-04', (select min(member_id) from members m where m.corp_id = c.corp_id),
             (select min(person_id) from persons p where p.corp_id = c.corp_id), 'phone', 'call'::bytea from corps c;
         insert into audit_events (corp_id, at, action, object, detail, nonce, hash)
           select corp_id, '2020-03-04', 'look', '', '{{}}', {nonce}, {hash} from corps;
         insert into audit_chain (corp_id, seq, event_id, hash, sealed_at)
           select corp_id, 1, event_id, {hash}, '2020-03-04' from audit_events;
         insert into audit_keys (corp_id, kid, signing_key, public_key, made_at)
           select corp_id, {nonce}, {nonce}, {nonce}, '2020-03-04' from corps;
         insert into audit_heads (corp_id, seq, day, hash, kid, signature, signed_at)
           select corp_id, 1, '2020-03-04', {hash}, {nonce}, {nonce}, '2020-03-04' from corps;
         insert into audit_cuts (corp_id, seq, hash, after_seq, after_hash, day, removed, policy, kid, signature, cut_at)
           select corp_id, 1, {hash}, 0, {hash}, '2021-04-08', 1, 'x', {nonce}, {nonce}, '2021-04-08' from corps",
        nonce = zeros(16),
        hash = zeros(32),
    );
    test.owner.batch_execute(&sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_school_data_or_on_the_list() {
    let (owner, _) = databases::fresh().await;
    let owner = databases::connect(&owner).await;
    let protected = names(
        &owner,
        "select distinct tablename::text from pg_policies where policyname = 'school' order by 1",
    )
    .await;
    let mut all = protected.clone();
    all.extend(CONTROL_PLANE.map(str::to_owned));
    all.sort();
    assert_eq!(names(&owner, TABLES).await, all, "a table is neither protected nor listed");
    assert!(protected.len() > 20);
    let open = names(&owner, "select relname::text from pg_class c join pg_policies p on p.tablename = c.relname
        where not relrowsecurity or p.qual <> '(corp_id = current_corp())' or p.with_check <> '(corp_id = current_corp())'").await;
    assert_eq!(open, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn corp_id_leads_every_key_of_school_data() {
    let (owner, _) = databases::fresh().await;
    let owner = databases::connect(&owner).await;
    let not_leading = names(
        &owner,
        "
        select format('%s %s', c.conrelid::regclass, c.conname) from pg_constraint c
        join pg_policies p on p.tablename = c.conrelid::regclass::text
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
        where c.contype in ('p', 'u', 'f') and a.attname <> 'corp_id'
        union all
        select format('%s %s', i.indrelid::regclass, i.indexrelid::regclass) from pg_index i
        join pg_policies p on p.tablename = i.indrelid::regclass::text
        join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where a.attname <> 'corp_id'",
    )
    .await;
    assert_eq!(not_leading, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_owns_nothing_and_changes_no_record_of_looks() {
    let (owner, _) = databases::fresh().await;
    let owner = databases::connect(&owner).await;
    let owned =
        names(&owner, "select relname::text from pg_class where relowner = 'rollcall_app'::regrole").await;
    assert_eq!(owned, Vec::<String>::new());
    let powers: bool = owner
        .query_one("select rolsuper or rolbypassrls or rolcreaterole or rolcreatedb from pg_roles where rolname = 'rollcall_app'", &[])
        .await
        .unwrap()
        .get(0);
    assert!(!powers);
    let rights = names(
        &owner,
        "select privilege_type::text from information_schema.role_table_grants
        where table_name = 'access_log' and grantee = 'rollcall_app' order by 1",
    )
    .await;
    assert_eq!(rights, ["INSERT", "SELECT"]);
    for table in ["audit_events", "audit_chain", "audit_heads", "audit_keys", "audit_cuts"] {
        let sql = format!(
            "select privilege_type::text from information_schema.role_table_grants
             where table_name = '{table}' and grantee = 'rollcall_app' order by 1"
        );
        assert_eq!(names(&owner, &sql).await, ["INSERT", "SELECT"], "{table}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_sees_and_writes_its_own_school_only() {
    let (owner_url, service_url) = databases::fresh().await;
    let owner = databases::connect(&owner_url).await;
    for corp in [1, 2] {
        owner
            .execute(
                "insert into corps values ($1, $2, $3, 'Asia/Shanghai', '2017-09-01')",
                &[&corp, &format!("学校{corp}"), &format!("ww{corp}")],
            )
            .await
            .unwrap();
        owner
            .execute("insert into persons (corp_id, number, name, kind, from_date) values ($1, '1', '同号', 'student', '2019-09-01')", &[&corp])
            .await
            .unwrap();
    }
    let service = databases::connect(&service_url).await;
    let seen =
        async || -> i64 { service.query_one("select count(*) from persons", &[]).await.unwrap().get(0) };
    assert_eq!(seen().await, 0, "without a school there is nobody");
    service.batch_execute("begin; set local rollcall.corp_id = '1'").await.unwrap();
    assert_eq!(seen().await, 1);
    let foreign = service.execute("update persons set name = '改' where corp_id = 2", &[]).await.unwrap();
    assert_eq!(foreign, 0);
    let smuggled = service
        .execute("insert into persons (corp_id, number, name, kind, from_date) values (2, '9', '外', 'student', '2019-09-01')", &[])
        .await;
    assert!(smuggled.is_err(), "a row of another school is refused");
    service.batch_execute("rollback").await.unwrap();
    assert_eq!(seen().await, 0, "the school ends with its transaction");
}
