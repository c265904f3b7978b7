//! Schools in one deployment never meet: the catalogue proves the shape, two schools side by side the effect.

use tokio_postgres::Client;

use crate::databases;

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
    for table in ["audit_events", "audit_chain", "audit_heads", "audit_keys"] {
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
