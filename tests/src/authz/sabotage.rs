//! Z3: two schools in one database, and the application's own conditions on the school made void. Every table of school data becomes
//! a view that says of each of its rows that it is of the school that is asked for; so `corp_id = …` holds always, and what is
//! left is row-level security.

use std::collections::BTreeMap;

use super::{
    matrix::{ask, said},
    oracle::Who,
    rows::{self, Row},
    world::{Aim, World},
};
use crate::{
    chaos::rows::write,
    process::Server,
    schools_apart::{NEIGHBOUR, double},
};

/// Voids the conditions. The views look at their tables with the rights of whoever asks: the policies hold as before.
const VOID: &str = "do $$ declare here name; columns text; begin
  foreach here in array (
    select array_agg(c.relname) from pg_class c join pg_policies p on p.tablename = c.relname
    where p.policyname = 'school' and not c.relispartition and c.relnamespace = 'public'::regnamespace)
  loop
    select string_agg(case attname when 'corp_id' then 'current_corp() as corp_id' else quote_ident(attname) end, ', '
                      order by attnum)
      into columns from pg_attribute where attrelid = here::text::regclass and attnum > 0 and not attisdropped;
    execute format('alter table %I rename to %I', here, here || '_behind');
    execute format('create view %I with (security_invoker = true) as select %s from %I', here, columns, here || '_behind');
    execute format('grant select, insert, update, delete on %I to rollcall_app', here);
  end loop;
end $$";

/// Takes row-level security away too: what the search finds then shows that it would find it.
const BARE: &str = "do $$ declare here name; begin
  foreach here in array (
    select array_agg(relname) from pg_class where relrowsecurity and relnamespace = 'public'::regnamespace)
  loop
    execute format('alter table %I disable row level security', here);
  end loop;
end $$";

/// What was asked and by whom.
type Asked = (usize, Who);

/// Reads of everybody, at what is theirs.
fn reads() -> impl Iterator<Item = (Asked, &'static Row)> {
    let reads = rows::all().enumerate().filter(|(_, row)| row.call.starts_with("GET "));
    reads.flat_map(|(nth, row)| row.need.holders().iter().map(move |who| ((nth, *who), row)))
}

/// What everybody is told at what is theirs.
async fn read_all(world: &World) -> BTreeMap<Asked, (u16, String)> {
    let mut told = BTreeMap::new();
    for (asked, row) in reads() {
        let ids = world.ids(asked.1, Aim::Theirs);
        if let Some(answer) = ask(world, row, Some(asked.1), ids).await {
            told.insert(asked, (answer.status, said(&answer, ids)));
        }
    }
    told
}

fn told_of_the_neighbour(told: &BTreeMap<Asked, (u16, String)>) -> usize {
    told.values().filter(|(_, text)| text.contains(NEIGHBOUR)).count()
}

/// How many rows each school has, in each table: by the owner, who sees all.
async fn census(world: &World, tables: &[String], corp: i32) -> Vec<String> {
    let mut rows = Vec::new();
    for table in tables {
        let sql = format!(
            "select coalesce(md5(string_agg(t::text, '' order by t::text)), '') from {table}_behind t where corp_id = $1"
        );
        rows.push(world.test.one::<String>(&sql, &[&corp]).await);
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an experiment: make authz ONLY=Z3"]
async fn row_level_security_alone() {
    let mut world = World::make().await.with_things().await;
    let tables = double(&world.test.owner).await;
    let sound = Server::start(&world.test, |_| ()).await;
    world.client = world.client.at(&sound.url);
    let first = read_all(&world).await;
    // What differs from one time to the next is told by its names alone.
    let mut steady = read_all(&world).await;
    steady.retain(|asked, answer| first.get(asked) == Some(&*answer));
    drop(sound);

    world.test.owner.batch_execute(VOID).await.unwrap();
    // Another process: what a connection has prepared goes on reading the table and not the view.
    let sabotaged = Server::start(&world.test, |_| ()).await;
    world.client = world.client.at(&sabotaged.url);
    let kept = census(&world, &tables, 2).await;
    let read = read_all(&world).await;
    let answered = read.values().filter(|(status, _)| *status < 500).count();
    let goal = format!("> {} of {}", read.len() / 2, read.len());
    write(
        "Z3",
        "reads that still answer without the conditions",
        answered as f64,
        "reads",
        &goal,
        answered * 2 > read.len(),
    );
    let astray = told_of_the_neighbour(&read);
    write("Z3", "… that show a name of the other school", astray as f64, "reads", "0", astray == 0);
    let other: Vec<_> = read
        .iter()
        .filter(|(asked, (status, text))| {
            *status < 500 && steady.get(*asked).is_some_and(|(_, sound)| sound != text)
        })
        .map(|((nth, who), _)| format!("{} {who:?}", rows::all().nth(*nth).unwrap().operation))
        .collect();
    if !other.is_empty() {
        eprintln!("other than before: {other:?}");
    }
    let what = format!("… that say something else than with them, of {} that are steady", steady.len());
    write("Z3", &what, other.len() as f64, "reads", "0", other.is_empty());

    // Everything else, as whoever may: it fails or it does not, and the other school stays as it is.
    for row in rows::all().filter(|row| !row.call.starts_with("GET ")) {
        for who in row.need.holders() {
            ask(&world, row, Some(*who), world.ids(*who, Aim::Theirs)).await;
        }
    }
    let after = census(&world, &tables, 2).await;
    let changed = kept.iter().zip(&after).filter(|(before, after)| before != after).count();
    write(
        "Z3",
        "tables in which a row of the other school changed",
        changed as f64,
        "tables",
        "0",
        changed == 0,
    );

    world.test.owner.batch_execute(BARE).await.unwrap();
    let bare = told_of_the_neighbour(&read_all(&world).await);
    write(
        "Z3",
        "reads that show one without row-level security either: it would be seen",
        bare as f64,
        "reads",
        "> 0",
        bare > 0,
    );
}
