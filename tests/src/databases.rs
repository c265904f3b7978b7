//! A database a test, cloned from a template that is migrated once.

use std::env;

use secrecy::SecretString;
use tokio::sync::OnceCell;
use tokio_postgres::NoTls;
use url::Url;

static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// The owner's address of the private Postgres.
pub fn server_url() -> Url {
    let url = env::var("ROLLCALL_TEST_DATABASE_URL")
        .expect("ROLLCALL_TEST_DATABASE_URL is not set: run `make test`, which starts a private Postgres");
    Url::parse(&url).expect("ROLLCALL_TEST_DATABASE_URL is no URL")
}

/// The same server, another database.
pub fn database_url(name: &str) -> Url {
    let mut url = server_url();
    url.set_path(name);
    url
}

/// A connection as the owner of everything.
pub async fn connect(url: &Url) -> tokio_postgres::Client {
    let (client, connection) =
        tokio_postgres::connect(url.as_str(), NoTls).await.expect("the private Postgres answers");
    tokio::spawn(connection);
    client
}

async fn template() -> String {
    let name = format!("rollcall_template_{}", std::process::id());
    let server = connect(&database_url("postgres")).await;
    // The service's role, as deploy/ makes it: it may connect and owns nothing.
    let role = "do $$ begin
        if not exists (select from pg_roles where rolname = 'rollcall_app') then create role rollcall_app login; end if;
        alter role rollcall_app login;
      end $$";
    server.batch_execute(role).await.expect("the service's role");
    server.batch_execute(&format!("drop database if exists {name}")).await.expect("an old template goes");
    server.batch_execute(&format!("create database {name}")).await.expect("a template");
    let owner = SecretString::from(database_url(&name).to_string());
    store::migrate::up(&owner).await.expect("the migrations run");
    name
}

/// An empty database with the whole schema. Gives the owner's address and the service's.
pub async fn fresh() -> (Url, Url) {
    let template = TEMPLATE.get_or_init(template).await;
    static COUNTER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    let number = COUNTER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let name = format!("rollcall_test_{}_{number}", std::process::id());
    let server = connect(&database_url("postgres")).await;
    server
        .batch_execute(&format!("drop database if exists {name} with (force)"))
        .await
        .expect("an old one goes");
    // A template can't be cloned while someone is connected to it; two clones at a time wait for each other.
    server.batch_execute(&format!("create database {name} template {template}")).await.expect("a clone");
    let owner = database_url(&name);
    let mut service = owner.clone();
    service.set_username("rollcall_app").expect("a user name");
    (owner, service)
}

/// Every row of the mirror and of the roster, byte by byte.
pub async fn dump(owner: &tokio_postgres::Client) -> String {
    let tables = [
        "departments",
        "department_versions",
        "persons",
        "members",
        "member_versions",
        "member_departments",
        "memberships",
        "exemptions",
        "grants",
        "person_fields",
        "corrections",
        "tags",
        "tag_members",
        "tag_departments",
        "kind_rules",
        "kind_pins",
        "kind_persons",
        "beds",
        "residences",
        "platform_figures",
        "usage_records",
    ];
    let rows: Vec<String> =
        tables.iter().map(|table| format!("select '{table} ' || t::text as row from {table} t")).collect();
    let sql = format!(
        "select coalesce(string_agg(row, E'\\n' order by row), '') from ({}) rows",
        rows.join(" union all ")
    );
    owner.query_one(&sql, &[]).await.expect("the rows").get(0)
}
