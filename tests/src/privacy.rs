//! The privacy manifest says what the database is: fixtures/privacy.toml against the catalogue, column by column.

use std::collections::{BTreeMap, BTreeSet};

use server::privacy::{Class, Manifest, Protection, manifest};
use store::sealed::column;

use crate::{databases, test_app::root};

fn read() -> Manifest {
    manifest().expect("fixtures/privacy.toml can be read")
}

/// Every column of every table, and its type. Partitions have those of their table.
async fn columns() -> BTreeMap<String, String> {
    let (owner, _) = databases::fresh().await;
    let sql = "select format('%s.%s', c.relname, a.attname), format_type(a.atttypid, null)
        from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace
        and c.relname not like '\\_\\_diesel%' and a.attnum > 0 and not a.attisdropped";
    let rows = databases::connect(&owner).await.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_of_the_database_stands_in_the_manifest_once() {
    let manifest = read();
    let mut said = Vec::new();
    for table in manifest.tables() {
        for class in Class::ALL {
            said.extend(table.of(class).iter().map(|column| format!("{}.{column}", table.name)));
        }
    }
    said.sort();
    let there: Vec<String> = columns().await.into_keys().collect();
    let missing: Vec<_> = there.iter().filter(|column| !said.contains(column)).collect();
    assert!(missing.is_empty(), "not in fixtures/privacy.toml: {missing:?}");
    let gone: Vec<_> = said.iter().filter(|column| !there.contains(column)).collect();
    assert!(gone.is_empty(), "in fixtures/privacy.toml and not in the database: {gone:?}");
    let twice: Vec<_> = said.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| &pair[0]).collect();
    assert!(twice.is_empty(), "of two classes: {twice:?}");
    assert!(there.len() > 900, "{}", there.len());
}

#[test]
fn what_is_sensitive_or_secret_is_protected_or_has_its_reason() {
    for table in read().tables() {
        let name = &table.name;
        let of = |class| table.of(class).iter().map(String::as_str);
        let heavy: BTreeSet<&str> = of(Class::Sensitive).chain(of(Class::Secret)).collect();
        let open: BTreeSet<&str> =
            heavy.into_iter().filter(|column| table.protection(column) == Protection::Clear).collect();
        let excused: BTreeSet<&str> = table.clear.keys().map(String::as_str).collect();
        assert_eq!(open, excused, "{name}: what lies open, and what has a reason to");
        assert!(
            table.clear.values().all(|reason| !reason.trim().is_empty()),
            "{name}: a reason that says nothing"
        );
        let all: BTreeSet<&str> = Class::ALL.into_iter().flat_map(of).collect();
        for column in table.sealed.iter().chain(&table.hashed).chain(table.ends.keys()) {
            assert!(all.contains(column.as_str()), "{name} has no column {column}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_called_sealed_is_bytes_and_sealed_by_the_store() {
    let mut sealed = BTreeSet::new();
    for table in read().tables() {
        sealed.extend(table.sealed.iter().map(|column| format!("{}.{column}", table.name)));
    }
    let types = columns().await;
    for column in &sealed {
        assert_eq!(types.get(column).map(String::as_str), Some("bytea"), "{column}");
    }
    let spots = column::ALL.iter().flat_map(|column| column.spots);
    let known: BTreeSet<String> = spots.map(|spot| format!("{}.{}", spot.table, spot.column)).collect();
    assert_eq!(sealed, known, "what the manifest calls sealed, and what store::sealed seals anew");
    let names: BTreeSet<&str> = column::ALL.iter().map(|column| column.name).collect();
    assert_eq!(names.len(), column::ALL.len(), "two columns of one name");
    assert!(names.iter().all(|name| known.contains(*name)), "{names:?}");
}

/// Notes of changes carry sealed values on: they are sealed anew with them, or a change could not be undone any more.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_sealed_and_whose_changes_are_noted_is_sealed_anew_in_the_notes() {
    let (owner, _) = databases::fresh().await;
    let sql = "select c.relname::text from pg_trigger t join pg_class c on c.oid = t.tgrelid where t.tgname = 'note_change'";
    let rows = databases::connect(&owner).await.query(sql, &[]).await.unwrap();
    let tracked: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
    let mut noted = BTreeSet::new();
    for spot in column::ALL.iter().flat_map(|column| column.spots) {
        let place = format!("{}.{}", spot.table, spot.column);
        assert_eq!(
            spot.noted,
            tracked.contains(spot.table),
            "{place}: whether changes of its table are noted"
        );
        if spot.noted {
            assert!(!spot.row.contains("select"), "{place}: a note has the columns of its own row alone");
            noted.insert(spot.table);
        }
    }
    assert!(noted.contains("persons") && noted.contains("exemptions"), "{noted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_by_itself_can_be_deleted_and_every_name_is_known_and_used() {
    let manifest = read();
    let (owner, _) = databases::fresh().await;
    let owner = databases::connect(&owner).await;
    let mut used = BTreeSet::new();
    for table in manifest.tables() {
        assert!(manifest.bases.contains_key(&table.basis), "{}: {}", table.name, table.basis);
        used.extend([table.basis.as_str(), table.keep.as_str()]);
        used.extend(table.ends.values().map(String::as_str));
        let keep =
            manifest.keeps.get(&table.keep).unwrap_or_else(|| panic!("{}: {}", table.name, table.keep));
        // By its own right, or by a function of the owner's that deletes what is old enough and nothing else.
        let sql = r"select has_table_privilege('rollcall_app', $1::text, 'delete') or exists (
            select from pg_proc where prosecdef and prosrc ~ ('\mdelete from ' || $1::text || '\M')
              and has_function_privilege('rollcall_app', oid, 'execute'))";
        let deletes: bool = owner.query_one(sql, &[&table.name]).await.unwrap().get(0);
        assert!(deletes || keep.by.is_none(), "{}: the service can't end what it keeps", table.name);
    }
    for (name, keep) in &manifest.keeps {
        assert!(used.contains(name.as_str()), "nothing is kept so: {name}");
        let Some(by) = &keep.by else { continue };
        assert!(root().join(by).is_file(), "{name}: {by}");
    }
    assert!(manifest.bases.keys().all(|basis| used.contains(basis.as_str())));
    for table in manifest.tables() {
        assert!(table.ends.values().all(|ends| manifest.keeps.contains_key(ends)), "{}", table.name);
    }
}
