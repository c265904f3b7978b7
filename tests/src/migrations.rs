//! Migrations go up, down to nothing, and up to the same again.

use secrecy::SecretString;

use crate::{databases, test_app::root};

/// Every column, constraint, index, policy and right, as text.
async fn catalogue(url: &url::Url) -> String {
    let sql = "
      select string_agg(line, E'\\n' order by line) from (
        select format('column %s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) as line
          from information_schema.columns where table_schema in ('public', 'reader') and table_name not like '\\_\\_diesel%'
        union all select format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid))
          from pg_constraint where connamespace = 'public'::regnamespace and conrelid::regclass::text not like '\\_\\_diesel%'
        union all select indexdef from pg_indexes where schemaname = 'public' and tablename not like '\\_\\_diesel%'
        union all select format('policy %s %s %s', tablename, policyname, qual) from pg_policies
        union all select format('right %s %s %s', table_name, grantee, privilege_type)
          from information_schema.role_table_grants where table_schema in ('public', 'reader') and grantee in ('rollcall_app', 'rollcall_reader')
        union all select format('routine %s', proname) from pg_proc where pronamespace in (select oid from pg_namespace where nspname in ('public', 'reader'))
          and proname not like 'diesel%') lines";
    let row = databases::connect(url).await.query_one(sql, &[]).await.unwrap();
    row.get::<_, Option<String>>(0).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn up_down_and_up_again() {
    let (owner, _) = databases::fresh().await;
    let secret = SecretString::from(owner.to_string());
    let first = catalogue(&owner).await;
    assert!(first.contains("column report_answers.answers bytea"));
    let all = std::fs::read_dir(root().join("migrations")).unwrap().count();
    assert_eq!(store::migrate::down(&secret).await.unwrap().len(), all);
    assert_eq!(catalogue(&owner).await, "");
    assert_eq!(store::migrate::up(&secret).await.unwrap().len(), all);
    assert_eq!(catalogue(&owner).await, first);
    assert!(store::migrate::up(&secret).await.unwrap().is_empty(), "a second run finds nothing to do");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_another_version_is_left_as_it_is() {
    let (owner, _) = databases::fresh().await;
    let secret = SecretString::from(owner.to_string());
    let connection = databases::connect(&owner).await;
    let sql = "insert into __diesel_schema_migrations (version) values ('9998')";
    connection.batch_execute(sql).await.unwrap();
    let before = catalogue(&owner).await;
    let refused = store::migrate::up(&secret).await.unwrap_err();
    assert!(
        matches!(&refused, store::Error::Strange(_)) && refused.to_string().contains("9998"),
        "{refused}"
    );
    assert_eq!(catalogue(&owner).await, before);
}
