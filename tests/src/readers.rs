//! What other systems read: their own school, today, through the views of docs/READERS.md and nothing else.

use tokio_postgres::{Client, error::SqlState};
use url::Url;

use crate::{
    databases,
    test_app::{TestApp, root},
};

/// The fenced blocks of a language in the document.
fn blocks(language: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join("docs/READERS.md")).unwrap();
    let fence = format!("```{language}\n");
    text.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// A login role as the document makes one. Roles belong to the cluster, so each test has its own.
struct Reader {
    role: String,
    owner: Client,
    client: Client,
}

impl Reader {
    async fn of(owner_url: &str, corp: i32) -> Self {
        static COUNTER: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = COUNTER.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let role = format!("rollcall_test_reader_{}_{number}", std::process::id());
        let mut url = Url::parse(owner_url).unwrap();
        let owner = databases::connect(&url).await;
        owner.batch_execute(&format!("drop role if exists {role}")).await.unwrap();
        let made = blocks("sql")[0]
            .replace("qinghe_idp", &role)
            .replace("change-me", url.password().unwrap_or_default())
            .replace(", 1)", &format!(", {corp})"));
        owner.batch_execute(&made).await.expect("the document makes a reader");
        url.set_username(&role).unwrap();
        let client = databases::connect(&url).await;
        Self { role, owner, client }
    }

    async fn count(&self, view: &str) -> i64 {
        self.client.query_one(&format!("select count(*) from {view}"), &[]).await.unwrap().get(0)
    }

    async fn refused(&self, sql: &str) {
        let error = self.client.batch_execute(sql).await.expect_err(sql);
        // A view of joins can't be written by anybody, which Postgres says before it looks at rights.
        let codes = [SqlState::INSUFFICIENT_PRIVILEGE, SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE];
        assert!(error.code().is_some_and(|code| codes.contains(code)), "{sql}: {error}");
    }

    /// As the document ends one.
    async fn end(self) {
        // What it made for itself goes at once: a session that was dropped takes a moment to go.
        self.client.batch_execute("discard all").await.expect("nothing of the reader's stays");
        drop(self.client);
        let ended = blocks("sql")[1].replace("qinghe_idp", &self.role);
        self.owner.batch_execute(&ended).await.expect("the document ends a reader");
    }
}

/// A second school with one student of the first one's number.
async fn second_school(test: &TestApp, number: &str) {
    let sql = "
        insert into corps values (2, '另一所学校', 'wwother', 'Asia/Shanghai', '2017-09-01');
        insert into sync_runs (corp_id, trigger, state, started_at) values (2, 'boot', 'applied', now());
        insert into departments (corp_id, department_id, name, sort_order, kind, run_id)
          select 2, 1, '另一所学校', 0, 'school', run_id from sync_runs where corp_id = 2;";
    test.owner.batch_execute(sql).await.unwrap();
    let add = "insert into persons (corp_id, number, name, kind, from_date) values (2, $1, '别校的人', 'student', '2019-09-01')";
    test.owner.execute(add, &[&number]).await.unwrap();
    let place = "insert into memberships (corp_id, person_id, department_id, is_main, from_date, source)
        select 2, person_id, 1, true, '2019-09-01', 'roster' from persons where corp_id = 2";
    test.owner.execute(place, &[]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queries_of_the_document_answer() {
    let test = TestApp::start().await;
    let reader = Reader::of(&test.owner_url(), 1).await;
    let student = test.persona("student");
    let document = blocks("xml").remove(0);
    let query = document.split("<![CDATA[").nth(1).unwrap().split("]]>").next().unwrap();
    let query = query.replace("$resolutionContext.principal", &student);
    let rows = reader.client.query(&query, &[]).await.expect("the identity provider's query runs");
    assert_eq!(rows.len(), 1);
    let columns: Vec<&str> = rows[0].columns().iter().map(|column| column.name()).collect();
    for named in document.split("columnName=\"").skip(1) {
        let named = named.split('"').next().unwrap();
        assert!(columns.contains(&named), "the query gives {named}");
    }
    let expected = test
        .owner
        .query_one(
            "select p.number, p.name, c.name, d.name, m.userid from persons p
             join members m using (corp_id, person_id) join memberships ms using (corp_id, person_id)
             join departments d on d.corp_id = ms.corp_id and d.department_id = ms.department_id
             join departments c on c.corp_id = d.corp_id and c.department_id = d.college_id
             where p.number = $1 and ms.is_main",
            &[&student],
        )
        .await
        .unwrap();
    let text = |row: &tokio_postgres::Row, place: usize| row.get::<_, String>(place);
    assert_eq!(text(&rows[0], 2), "student");
    for (here, there) in [(0, 0), (1, 1), (3, 2), (4, 3), (5, 4)] {
        assert_eq!(text(&rows[0], here), text(&expected, there));
    }

    let class = text(&expected, 3);
    let list = blocks("sql")[2].replace("2018会计1班", &class);
    let numbers: Vec<String> =
        reader.client.query(&list, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    let students: i64 = test
        .one("select count(*) from memberships ms join departments d using (corp_id, department_id) where d.name = $1", &[&class])
        .await;
    assert_eq!(i64::try_from(numbers.len()).unwrap(), students);
    assert!(numbers.contains(&student));
    reader.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_names_every_column_and_no_other() {
    let test = TestApp::start_empty().await;
    let text = std::fs::read_to_string(root().join("docs/READERS.md")).unwrap();
    for view in ["school", "people", "groups", "group_members"] {
        let table = text.split(&format!("`reader.{view}`：")).nth(1).unwrap();
        let table = table.split("\n\n").nth(1).unwrap();
        let told: Vec<(&str, &str)> = table
            .lines()
            .skip(2)
            .map(|line| {
                let mut cells = line.split('|').map(str::trim).skip(1);
                (cells.next().unwrap().trim_matches('`'), cells.next().unwrap())
            })
            .collect();
        let sql = "select column_name::text, data_type::text from information_schema.columns
            where table_schema = 'reader' and table_name = $1 order by ordinal_position";
        let rows = test.owner.query(sql, &[&view]).await.unwrap();
        let made: Vec<(&str, &str)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        assert_eq!(told, made, "reader.{view}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_sees_its_own_school_whatever_it_sets() {
    let test = TestApp::start().await;
    let student = test.persona("student");
    second_school(&test, &student).await;
    let (first, second) = (Reader::of(&test.owner_url(), 1).await, Reader::of(&test.owner_url(), 2).await);
    let people: i64 = test.one("select count(*) from persons where corp_id = 1", &[]).await;
    assert_eq!(first.count("reader.people").await, people);
    for (view, rows) in [("school", 1), ("people", 1), ("groups", 1), ("group_members", 1)] {
        assert_eq!(second.count(&format!("reader.{view}")).await, rows, "{view}");
    }
    for attempt in [
        "set rollcall.corp_id = '1'",
        "set session rollcall.corp_id = '1'; set role rollcall_reader",
        "select set_config('rollcall.corp_id', '1', false)",
        "set search_path = pg_temp, reader; reset role",
    ] {
        second.client.batch_execute(attempt).await.expect(attempt);
        for view in ["people", "groups", "group_members", "school"] {
            let foreign = second.count(&format!("reader.{view} where corp_id <> 2")).await;
            assert_eq!(foreign, 0, "{attempt}: {view}");
        }
        assert_eq!(second.count("reader.people").await, 1, "{attempt}");
    }
    for attempt in
        ["set role rollcall_owner", "set role rollcall_app", "set session authorization rollcall_owner"]
    {
        second.refused(attempt).await;
    }
    // A function of the reader's own, cheap enough to be asked first, is shown no row of another school.
    let seen = "create temp table seen (number text, name text);
        create function pg_temp.look(number text, name text) returns boolean language plpgsql cost 0.0000001 as
          $$ begin insert into seen values (number, name); return true; end $$;";
    second.client.batch_execute(seen).await.unwrap();
    second.client.query("select 1 from reader.people where pg_temp.look(number, name)", &[]).await.unwrap();
    let names: Vec<String> =
        (second.client.query("select name from pg_temp.seen", &[]).await.unwrap().iter())
            .map(|row| row.get(0))
            .collect();
    assert_eq!(names, ["别校的人"]);

    // Who is no reader any more, or never was one, sees nobody.
    let gone = "delete from readers where role_name = $1";
    test.owner.execute(gone, &[&second.role]).await.unwrap();
    assert_eq!(second.count("reader.people").await, 0);
    assert_eq!(test.one::<i64>("select count(*) from reader.people", &[]).await, 0, "not even the owner");
    first.end().await;
    second.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_may_select_the_views_and_nothing_else() {
    let test = TestApp::start().await;
    let reader = Reader::of(&test.owner_url(), 1).await;
    let tables: Vec<String> = test
        .owner
        .query("select relname::text from pg_class where relkind in ('r', 'p', 'v', 'm', 'S') and relnamespace = 'public'::regnamespace", &[])
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(tables.len() > 30);
    for table in tables {
        reader.refused(&format!("select * from public.{table}")).await;
    }
    for write in [
        "update reader.people set name = '改'",
        "delete from reader.people",
        "insert into reader.groups (corp_id, group_id, name) values (1, 999, '新')",
        "delete from public.reports",
        "insert into public.readers values (session_user, 2)",
        "call public.undo_changes(1, 1)",
        "call public.refresh_statistics()",
        "create table public.mine (a integer)",
        "create view reader.mine as select 1",
    ] {
        reader.refused(write).await;
    }
    // The same by the catalogue, for whatever is added later.
    let rights = "select format('%s.%s %s', table_schema, table_name, privilege_type) from information_schema.table_privileges
        where grantee in ('rollcall_reader', 'PUBLIC') and table_schema not in ('pg_catalog', 'information_schema') order by 1";
    let rights: Vec<String> =
        test.owner.query(rights, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert_eq!(
        rights,
        [
            "reader.group_members SELECT",
            "reader.groups SELECT",
            "reader.people SELECT",
            "reader.school SELECT"
        ]
    );
    let open: i64 = test
        .one(
            "select count(*) from pg_class where relnamespace = 'reader'::regnamespace
             and not coalesce(reloptions, '{}') @> '{security_barrier=true}'",
            &[],
        )
        .await;
    assert_eq!(open, 0, "a view without its barrier");
    // Nor does the service read them, or see who does.
    let service: bool = test
        .one(
            "select has_schema_privilege('rollcall_app', 'reader', 'usage')
             or has_table_privilege('rollcall_app', 'readers', 'select')",
            &[],
        )
        .await;
    assert!(!service);
    reader.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_today_is_shown() {
    let test = TestApp::start().await;
    let reader = Reader::of(&test.owner_url(), 1).await;
    let number = test.persona("student");
    let shown = async || {
        let sql = "select active, affiliation, department from reader.people where number = $1";
        let row = reader.client.query_opt(sql, &[&number]).await.unwrap();
        row.map(|row| {
            (row.get::<_, bool>(0), row.get::<_, Option<String>>(1), row.get::<_, Option<String>>(2))
        })
    };
    let set = async |sql: &str| {
        let sql = format!("update persons set {sql} where number = '{number}'");
        test.owner.batch_execute(&sql).await.unwrap();
    };
    let class = shown().await.unwrap().2;
    assert_eq!(shown().await, Some((true, Some("student".into()), class.clone())));
    // The last day on the roster, in the school's time zone, and the day after it.
    let today: chrono::NaiveDate = test.one("select (now() at time zone 'Asia/Shanghai')::date", &[]).await;
    set(&format!("until_date = '{}'", today.succ_opt().unwrap())).await;
    assert!(shown().await.is_some());
    set(&format!("until_date = '{today}'")).await;
    let members = format!("reader.group_members where number = '{number}'");
    assert_eq!((shown().await, reader.count(&members).await), (None, 0), "who has left is gone");
    // Who is to come is there, and nothing yet.
    set(&format!("until_date = null, from_date = '{}'", today + chrono::Days::new(30))).await;
    assert_eq!(shown().await, Some((false, None, class)));
    assert_eq!(reader.count(&members).await, 0);
    set("from_date = '2018-09-01'").await;
    // A class that was left yesterday, and one that begins tomorrow.
    let leave = "update memberships ms set until_date = $1 from persons p
        where p.corp_id = ms.corp_id and p.person_id = ms.person_id and p.number = $2";
    test.owner.execute(leave, &[&today, &number]).await.unwrap();
    assert_eq!(shown().await, Some((true, Some("student".into()), None)));
    assert_eq!(reader.count(&members).await, 0);
    reader.end().await;
}
