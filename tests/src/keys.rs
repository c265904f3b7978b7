//! 密钥: data keys in a directory that several processes share, wrapped by a file or by Vault; values sealed anew while people
//! report; and what is destroyed is gone.

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use app::{audit::sealing, retention};
use chrono::TimeDelta;
use domain::audit::Act;
use reqwest::StatusCode;
use serde_json::{Value, json};
use server::{
    commands::{config, doctor, keys as command},
    compose,
    config::Config,
    secrets,
};
use store::{
    Error, Keyring, Purpose, Sealed, Store,
    sealed::{
        Column, Place, column,
        keyring::KNOWN_AFTER,
        values::{self, Standing},
    },
};

use crate::{
    audit::details,
    crowd::{Sender, sign_in_everybody},
    databases, exports,
    test_app::{TestApp, health_report, normal_answers},
    vault::{Mood, TOKEN, Vault},
};

const PHONE: Place<'static> = Place { column: &column::PERSON_PHONE, corp: 1, row: "20180101" };

/// The configuration of the commands, which come as the owner of the tables.
pub fn owners(test: &TestApp) -> Config {
    let mut settings = test.settings.clone();
    settings["database"]["owner_url"] = test.owner_url().into();
    serde_json::from_value(settings).unwrap()
}

/// The store of the commands.
pub fn owner_store(test: &TestApp) -> Store {
    compose::owner_store(&owners(test), test.clock.clone()).unwrap()
}

/// Every sealed value, opened: what does not open fails. By where it stands.
pub async fn opened(store: &Store) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let nothing = HashSet::new();
    for column in column::ALL {
        for spot in column.spots {
            let mut after: Option<Value> = None;
            loop {
                let mut tx = store.reading(1).await.unwrap();
                let part = values::not_under(&mut tx, 1, spot, &nothing, after.as_ref(), 500).await.unwrap();
                tx.commit().await.unwrap();
                let Some(last) = part.last() else { break };
                after = Some(last.key.clone());
                for Standing { key, sealed_for: row, value } in &part {
                    let row = row.as_deref().expect("a row");
                    let plain = store.keyring().open(Place { column, corp: 1, row }, value);
                    let place = format!("{}.{} {key}", spot.table, spot.column);
                    let plain = plain.unwrap_or_else(|error| panic!("{place}: {error}"));
                    all.insert(place, plain);
                }
            }
        }
    }
    all
}

/// Rotates all keys, lets every process hear of it, and seals all anew until nothing is left under old ones.
pub async fn renew_all(test: &TestApp, store: &Store) -> usize {
    command::rotate(&owners(test), test.clock.clone(), None).await.unwrap();
    test.clock.advance(KNOWN_AFTER);
    let mut renewed = 0;
    // What others sealed under the old key, which they knew a moment longer, is met the second time.
    for _ in 0..2 {
        let all = app::keys::reencrypt(store, &[1], |_| {}).await.unwrap();
        assert_eq!(all.iter().map(|one| one.unreadable).sum::<usize>(), 0, "{all:?}");
        renewed += all.iter().map(|one| one.renewed).sum::<usize>();
        test.app.store().keyring().refresh().unwrap();
    }
    renewed
}

#[tokio::test(flavor = "multi_thread")]
async fn values_are_sealed_anew_while_people_report_and_nothing_is_lost() {
    let test = TestApp::start().await;
    let students = sign_in_everybody(&test).await;
    let sender = Sender::to(&test.url);
    let (before, during) = students.split_at(students.len() / 2);
    for userid in before {
        sender.report_until_taken(userid, "before-it").await;
    }
    let store = owner_store(&test);
    let held = opened(&store).await;
    assert!(held.len() > before.len() * 2, "answers and phones at least: {}", held.len());

    let ended = Arc::new(AtomicBool::new(false));
    let reporting = {
        let (ended, sender, during) = (ended.clone(), sender.clone(), during.to_vec());
        tokio::spawn(async move {
            let mut statuses = Vec::new();
            // At least one round, and on as long as values are sealed anew.
            for round in 0.. {
                for userid in &during {
                    let key = format!("during-{round}");
                    statuses.push(sender.report(userid, &key).await.expect("an answer").status());
                }
                if ended.load(Ordering::SeqCst) {
                    return statuses;
                }
            }
            statuses
        })
    };
    let renewed = renew_all(&test, &store).await;
    ended.store(true, Ordering::SeqCst);
    let statuses = reporting.await.unwrap();
    assert!(statuses.iter().all(StatusCode::is_success), "{statuses:?}");
    assert!(renewed >= held.len(), "{renewed} of {}", held.len());

    // Once more, with nobody writing: now nothing stands under an old key.
    app::keys::reencrypt(&store, &[1], |_| {}).await.unwrap();
    let (used, gone) = app::keys::usage(&store, &[1]).await.unwrap();
    assert_eq!(gone, 0);
    let old: Vec<_> = used.iter().filter(|one| !one.is_newest && one.values > 0).collect();
    assert!(old.is_empty(), "{old:?}");
    let now = opened(&store).await;
    for (place, plain) in &held {
        assert_eq!(now.get(place), Some(plain), "{place}");
    }
    assert!(now.len() >= held.len() + during.len());

    // Keys that have had a successor for an hour go, those in use stay.
    let clock = test.clock.clone();
    let count = store.keyring().all().len();
    assert!(app::keys::destroy_old(&store, &[1], test.app.now()).await.unwrap().is_empty(), "too early");
    clock.advance(TimeDelta::hours(1));
    let destroyed = app::keys::destroy_old(&store, &[1], test.app.now()).await.unwrap();
    assert!(!destroyed.is_empty() && destroyed.len() < count, "{} of {count}", destroyed.len());
    let fresh = owner_store(&test);
    assert_eq!(opened(&fresh).await, opened(&store).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_undone_after_its_values_were_sealed_anew() {
    let test = TestApp::start().await;
    let counsellor = test.persona("counsellor");
    let number = test.students_of(&counsellor).await[0].clone();
    let student = test.sign_in(&number).await;
    let phone = async || student.post("/me/data/contact", &json!({})).await.body["phone"].clone();
    let before = phone().await;
    let claim = json!({ "field": "phone", "value": "13900000002" });
    let id = student.post("/me/corrections", &claim).await.body["id"].clone();
    let check = format!("/corrections/{id}/confirmation");
    assert_eq!(test.sign_in(&counsellor).await.post(&check, &json!({})).await.status, StatusCode::NO_CONTENT);
    let office = test.sign_in_on_pc(&test.persona("college_office")).await;
    let fixed = office.post(&format!("/corrections/{id}/fix"), &json!({})).await;
    assert_eq!(fixed.status, StatusCode::NO_CONTENT, "{}", fixed.body);
    assert_eq!(phone().await, json!("13900000002"));

    let store = owner_store(&test);
    renew_all(&test, &store).await;
    test.clock.advance(TimeDelta::hours(1));
    let destroyed = app::keys::destroy_old(&store, &[1], test.app.now()).await.unwrap();
    assert!(destroyed.iter().any(|key| key.purpose == Purpose::Contact), "{destroyed:?}");
    test.app.store().keyring().refresh().unwrap();

    // The phone of before stood in the notes of the change alone.
    let administrator = test.sign_in(&test.persona("administrator")).await;
    let set = administrator.get("/roster/imports").await.items()[0].clone();
    let undo = format!("/roster/imports/{}/undo", set["id"]);
    let undone = administrator.post(&undo, &json!({})).await;
    assert_eq!(undone.status, StatusCode::NO_CONTENT, "{}", undone.body);
    assert_eq!(phone().await, before);
}

/// A key is destroyed when nothing stands under it. What notes of changes hold is counted, and sealed anew, only where it is known
/// that there are such notes.
#[tokio::test(flavor = "multi_thread")]
async fn whose_changes_are_noted_with_sealed_values_is_known() {
    let (owner, _) = databases::fresh().await;
    let owner = databases::connect(&owner).await;
    let sql = "select tgrelid::regclass::text from pg_trigger where tgname = 'note_change'";
    let noted: HashSet<String> = owner.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    assert!(noted.contains("persons"), "{noted:?}");
    for spot in column::ALL.iter().flat_map(|column| column.spots) {
        assert_eq!(spot.noted, noted.contains(spot.table), "{}.{}", spot.table, spot.column);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_exemptions_is_undone_after_its_reasons_were_sealed_anew() {
    let test = TestApp::start().await;
    let student = test.students_of(&test.persona("counsellor")).await[0].clone();
    let office = test.sign_in(&test.persona("school_office")).await;
    let list =
        format!("学号,免报类型,开始日期,结束日期,事由\n{student},请假,2020-03-20,2020-03-21,家中有事\n");
    let listed =
        office.post_raw("/exemptions/list", list, &[("Content-Type", "application/octet-stream")]).await;
    assert_eq!(listed.status, StatusCode::OK, "{}", listed.body);
    assert_eq!(test.one::<i64>("select count(*) from exemptions where source = 'list'", &[]).await, 1);

    let store = owner_store(&test);
    renew_all(&test, &store).await;
    test.clock.advance(TimeDelta::hours(1));
    let destroyed = app::keys::destroy_old(&store, &[1], test.app.now()).await.unwrap();
    assert!(destroyed.iter().any(|key| key.purpose == Purpose::Notes), "{destroyed:?}");
    test.app.store().keyring().refresh().unwrap();

    let administrator = test.sign_in(&test.persona("administrator")).await;
    let set = administrator.get("/roster/imports").await.items()[0].clone();
    let undone = administrator.post(&format!("/roster/imports/{}/undo", set["id"]), &json!({})).await;
    assert_eq!(undone.status, StatusCode::NO_CONTENT, "{}", undone.body);
    assert_eq!(test.one::<i64>("select count(*) from exemptions where source = 'list'", &[]).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answers_to_one_form_are_made_unreadable_and_nothing_else() {
    let test = TestApp::start().await;
    let userid = test.persona("student");
    let student = test.sign_in(&userid).await;
    let sent = student.post("/reports", &health_report(normal_answers())).await;
    assert_eq!(sent.status, StatusCode::CREATED);
    let form: i64 = test.one("select form_id from forms where code = 'health-daily'", &[]).await;
    let keyring = test.app.store().keyring();
    let ids: Vec<_> = keyring.keys(1, Purpose::Answers(form)).unwrap().iter().map(|key| key.id).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(keyring.destroy(1, &ids).unwrap().len(), 1);

    // Another process of the same installation, with the same database.
    let store = owner_store(&test);
    let (used, gone) = app::keys::usage(&store, &[1]).await.unwrap();
    assert_eq!(gone, 1);
    assert!(used.iter().all(|one| one.info.purpose != Purpose::Answers(form)));
    let (key, sealed): (String, Vec<u8>) = {
        let sql = "select concat_ws('/', r.form_id, r.person_id, r.day, r.slot, r.occurrence), a.answers
                   from report_answers a join reports r using (corp_id, report_id)";
        let row = test.owner.query_one(sql, &[]).await.unwrap();
        (row.get(0), row.get(1))
    };
    let place = Place { column: &column::ANSWERS, corp: 1, row: &key };
    let opened = store.keyring().open(place, &store::Sealed::from_bytes(sealed));
    assert!(matches!(opened, Err(Error::Seal(_))), "{opened:?}");
    // Phones open, and answers come in again, under a new key.
    assert_eq!(student.post("/me/data/contact", &json!({})).await.status, StatusCode::OK);
    let again = student.post("/reports", &health_report(normal_answers())).await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.body);
    assert_eq!(keyring.keys(1, Purpose::Answers(form)).unwrap().len(), 1);
}

/// The months that a purpose has data keys of, one a key.
fn months(test: &TestApp, purpose: Purpose) -> Vec<String> {
    let keys = test.app.store().keyring().keys(1, purpose).unwrap();
    keys.iter().map(|key| key.month.format("%Y-%m").to_string()).collect()
}

/// Forgets what is no longer of use, as the worker does every hour.
async fn sweep(test: &TestApp) {
    let sql = "insert into jobs (corp_id, kind, payload, run_at, max_attempts, created_at) values (1, 'sweep', 'null', $1, 20, $1)";
    test.owner.execute(sql, &[&test.app.now()]).await.unwrap();
    test.run_jobs().await;
}

/// A value as a backup has it: its row, and the bytes.
struct Copied {
    column: &'static Column,
    row: String,
    value: Sealed,
}

impl Copied {
    async fn of(test: &TestApp, column: &'static Column, sql: &str) -> Self {
        let found = test.owner.query_one(sql, &[]).await.unwrap();
        Self { column, row: found.get(0), value: Sealed::from_bytes(found.get(1)) }
    }

    fn open(&self, test: &TestApp) -> Result<Vec<u8>, Error> {
        let place = Place { column: self.column, corp: 1, row: &self.row };
        test.app.store().keyring().open(place, &self.value)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_with_its_month_opens_in_no_backup() {
    let test = TestApp::start().await;
    let userid = test.persona("counsellor");
    let purposes = [Purpose::Messages, Purpose::Exports, Purpose::Inbox];
    // A file, a message, and what repeated writes are known by.
    let work = async || {
        let counsellor = test.sign_in(&userid).await;
        let columns = json!([{ "column": "number", "title": "学号" }]);
        let asked = json!({ "name": "名单", "purpose": "报送省平台", "full_phones": false,
            "definition": { "dataset": "people", "order": "number", "columns": columns } });
        exports::sheet(&test, &counsellor, &asked).await;
        let reminded = counsellor.post("/reminders", &json!({ "form": "health-daily" })).await;
        assert!(reminded.status.is_success(), "{}", reminded.body);
        test.run_jobs().await;
        test.app.store().keyring().seal(PHONE, b"13900000002").unwrap();
    };
    work().await;
    let backup = [
        Copied::of(
            &test,
            &column::MAILING,
            "select format('%s %s', mailing_id, variant), content from mailing_contents limit 1",
        ),
        Copied::of(
            &test,
            &column::EXPORT_CHUNK,
            "select concat_ws('/', export_id, chunk_no), content from export_chunks limit 1",
        ),
        Copied::of(
            &test,
            &column::REQUEST_HASH,
            "select concat_ws('/', member_id, key), request_hash from idempotency_keys limit 1",
        ),
    ];
    let backup = futures_util::future::join_all(backup).await;
    for copied in &backup {
        copied.open(&test).expect("until then it opens");
    }
    let folder = test.config.sealing.key_dir.join("1/exports");
    let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let older = fs::read(&file).unwrap();

    // On 10 April, by when all of it is forgotten.
    test.clock.advance(TimeDelta::days(37));
    work().await;
    sweep(&test).await;
    retention::run(&test.app, test.school(), None).await.unwrap();
    for purpose in purposes {
        assert_eq!(months(&test, purpose), ["2020-03", "2020-04"], "{purpose}: nobody has looked before");
    }
    test.clock.advance(TimeDelta::days(2));
    retention::run(&test.app, test.school(), None).await.unwrap();
    assert!(details(&test, Act::MonthKeysDestroyed).await.is_empty(), "two days are not three");
    test.clock.advance(TimeDelta::days(1));
    retention::run(&test.app, test.school(), None).await.unwrap();
    for purpose in purposes {
        assert_eq!(months(&test, purpose), ["2020-04"], "{purpose}");
    }
    for copied in &backup {
        let opened = copied.open(&test);
        assert!(matches!(opened, Err(Error::Seal(_))), "{}: {opened:?}", copied.column.name);
    }
    let told = details(&test, Act::MonthKeysDestroyed).await;
    for purpose in purposes {
        let of_this = told.iter().filter(|one| one["sealed_for"] == json!(purpose.to_string()));
        let of_this: Vec<&Value> = of_this.map(|one| &one["month"]).collect();
        assert_eq!(of_this, [&json!("2020-03")], "{purpose}: on record, once");
    }
    // Phones of March are still held.
    assert_eq!(months(&test, Purpose::Contact), ["2020-03", "2020-04"]);
    let (_, gone) = app::keys::usage(&owner_store(&test), &[1]).await.unwrap();
    assert_eq!(gone, 0, "nothing that is held was sealed under them");

    // What an older copy of the directory brings back goes again.
    assert!(!file.exists());
    fs::write(&file, older).unwrap();
    test.clock.advance(TimeDelta::days(3));
    retention::run(&test.app, test.school(), None).await.unwrap();
    assert!(!file.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_a_month_stay_while_anything_stands_under_one_of_them_or_none_is_newer() {
    let test = TestApp::start().await;
    sealing::seal(&test.app, test.school()).await.unwrap();
    assert!(sealing::sign_if_due(&test.app, test.school()).await.unwrap());
    // Of the phones only the notes of the import are left, under the older of two keys; of an upload nothing.
    test.owner.batch_execute("update persons set phone = null").await.unwrap();
    let keyring = test.app.store().keyring();
    assert_eq!(keyring.rotate(Some(Purpose::Contact)).unwrap().len(), 1);
    keyring.seal(Place { column: &column::UPLOAD_CHUNK, corp: 1, row: "1/0" }, b"1").unwrap();
    test.clock.advance(TimeDelta::days(28));
    keyring.seal(PHONE, b"13900000002").unwrap();

    let look = async || {
        test.clock.advance(TimeDelta::days(3));
        retention::run(&test.app, test.school(), None).await.unwrap();
    };
    look().await;
    look().await;
    assert_eq!(months(&test, Purpose::Contact), ["2020-03", "2020-03", "2020-04"], "it can be undone");
    sweep(&test).await;
    // The phone of one person stands under a key that is not there, as in a database that was restored.
    let lost = "update persons set phone = decode('0201' || repeat('ab', 8) || repeat('00', 40), 'hex')
        where number = (select min(number) from persons)";
    test.owner.batch_execute(lost).await.unwrap();
    look().await;
    assert_eq!(months(&test, Purpose::Contact), ["2020-03", "2020-03", "2020-04"], "not of one time");
    test.owner.batch_execute("update persons set phone = null").await.unwrap();
    look().await;
    assert_eq!(months(&test, Purpose::Contact), ["2020-04"]);
    assert_eq!(months(&test, Purpose::Uploads), ["2020-03"], "the newest stays");
    let told = details(&test, Act::MonthKeysDestroyed).await;
    assert_eq!((told.len(), &told[0]["sealed_for"]), (1, &json!("contact")), "{told:?}");
    assert_eq!(told[0]["data_keys"].as_str().unwrap().split(' ').count(), 2, "both, by name");

    // A process whose directory of keys is not mounted does not look.
    let mut settings = test.settings.clone();
    let elsewhere = format!("{}-elsewhere", test.config.sealing.key_dir.display());
    settings["sealing"]["key_dir"] = elsewhere.into();
    let unmounted = compose::app(&serde_json::from_value(settings).unwrap(), test.clock.clone()).unwrap();
    test.clock.advance(TimeDelta::days(3));
    let error = retention::run(&unmounted, unmounted.school(1).unwrap(), None).await.unwrap_err();
    assert!(format!("{:#}", anyhow::Error::from(error)).contains("挂载"));
}

/// A database that was put beside the directory, empty or as it was long ago, says nothing of what stands under keys of months it has not
/// seen the end of.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_long_ago_ends_no_month_that_it_has_not_seen_end() {
    let test = TestApp::start().await;
    let keyring = test.app.store().keyring();
    let look = async || retention::run(&test.app, test.school(), None).await.unwrap();
    look().await;
    let piece = Place { column: &column::UPLOAD_CHUNK, corp: 1, row: "1/0" };
    for days in [0, 31, 31] {
        test.clock.advance(TimeDelta::days(days));
        keyring.seal(piece, b"1").unwrap();
    }
    // The last look was in March, and it is May.
    look().await;
    assert_eq!(months(&test, Purpose::Uploads), ["2020-03", "2020-04", "2020-05"]);
    test.clock.advance(TimeDelta::days(3));
    look().await;
    assert_eq!(months(&test, Purpose::Uploads), ["2020-05"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_say_what_there_is_and_where_it_comes_from() {
    let test = TestApp::start().await;
    let config = owners(&test);
    let text = command::status(&config, test.clock.clone(), true).await.unwrap();
    // Those of the roster, and those that the notes of its import hold.
    let sql = "select (select count(phone) from persons) + (select count(*) from changes c,
                 lateral (values (c.before), (c.after)) i (row) where c.table_name = 'persons' and i.row ->> 'phone' is not null)";
    let phones: i64 = test.one(sql, &[]).await;
    let line = text.lines().find(|line| line.starts_with("  contact  ")).expect("phones have a key");
    assert!(line.contains("2020-03  aes-256-gcm") && line.contains("在用"), "{line}");
    assert!(line.ends_with(&format!("{phones} 个值")), "{line}");
    assert!(command::rotate(&config, test.clock.clone(), Some("nothing")).await.is_err());
    let rotated = command::rotate(&config, test.clock.clone(), Some("contact")).await.unwrap();
    assert!(rotated.contains("1 把"), "{rotated}");
    test.clock.advance(KNOWN_AFTER);
    let text = command::status(&config, test.clock.clone(), false).await.unwrap();
    assert_eq!(text.lines().filter(|line| line.starts_with("  contact  ")).count(), 2, "{text}");

    let report = config::report(&[], &doctor::examine_keys(&config, test.clock.clone()));
    assert!(report.ends_with("配置可用。\n"), "{report}");
    assert!(report.contains("✓ 密钥目录") && report.contains("全部打得开"), "{report}");
    let secret = fs::read_to_string(config.sealing.key_file.as_ref().unwrap()).unwrap();
    assert!(!report.contains(secret.trim()) && !text.contains(secret.trim()));
}

/// A deployment whose data keys Vault wraps, but for the file of before; and the file of its token.
fn with_vault(test: &TestApp, vault: &Vault, with_file: bool) -> (Config, PathBuf) {
    let token = PathBuf::from(format!("{}-token", test.config.sealing.key_dir.display()));
    fs::write(&token, TOKEN).unwrap();
    let mut settings = test.settings.clone();
    let sealing = settings["sealing"].as_object_mut().unwrap();
    sealing.insert("vault".into(), json!({ "url": vault.url, "key": "rollcall", "token_file": token }));
    if !with_file {
        sealing.remove("key_file");
    }
    (serde_json::from_value(settings).unwrap(), token)
}

fn keyring(test: &TestApp, config: &Config) -> Keyring {
    secrets::keyring(config, test.clock.clone()).unwrap()
}

/// Why a value can't be opened or sealed now, as the operator reads it.
fn why<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Keys(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn vault_keeps_the_keys_and_a_deployment_moves_to_it_while_it_runs() {
    let test = TestApp::start().await;
    let by_file = test.app.store().keyring().seal(PHONE, b"1").unwrap();
    let vault = Vault::start();
    let (both, token) = with_vault(&test, &vault, true);
    let (alone, _) = with_vault(&test, &vault, false);
    assert!(keyring(&test, &alone).open(PHONE, &by_file).is_err(), "the file wrapped it");

    let said = command::rewrap(&both, test.clock.clone()).await.unwrap();
    assert!(said.contains("vault:transit/rollcall"), "{said}");
    let ring = keyring(&test, &alone);
    assert_eq!(ring.open(PHONE, &by_file).unwrap(), b"1");
    assert!(
        ring.open_all()
            .unwrap()
            .iter()
            .all(|(info, opened)| { opened.is_ok() && info.wrapped_by == "vault:transit/rollcall" })
    );
    let file = fs::read_dir(test.config.sealing.key_dir.join("1/contact")).unwrap().next().unwrap().unwrap();
    let text = fs::read_to_string(file.path()).unwrap();
    assert!(text.contains("vault:v1:"), "{text}");

    // A key is asked for once: Vault may go away.
    let asked = vault.requests();
    vault.set(Mood::Sealed);
    let sealed = ring.seal(PHONE, b"2").unwrap();
    assert_eq!(ring.open(PHONE, &sealed).unwrap(), b"2");
    assert_eq!(vault.requests(), asked);

    // Who needs one then hears what to do; where it is away, who needs one a moment later hears it at once, and nobody asks again.
    for (mood, remedy, is_away) in [
        (Mood::Sealed, "先解封", true),
        (Mood::Silent, "没有按时应答", true),
        (Mood::Nonsense, "查看它的日志", false),
    ] {
        vault.set(mood);
        let fresh = keyring(&test, &alone);
        let said = why(fresh.open(PHONE, &sealed));
        assert!(said.contains(remedy), "{mood:?}: {said}");
        let asked = vault.requests();
        assert_eq!(why(fresh.open(PHONE, &sealed)), said);
        assert_eq!(vault.requests() == asked, is_away, "{mood:?}");
    }
    // They are served when it is back.
    let fresh = keyring(&test, &alone);
    vault.set(Mood::Well);
    fs::write(&token, "another").unwrap();
    let said = why(fresh.open(PHONE, &sealed));
    assert!(said.contains("403") && said.contains("transit/decrypt/rollcall"), "{said}");
    assert!(!said.contains("another"), "a token is never printed");
    fs::write(&token, format!("{TOKEN}\n")).unwrap();
    assert_eq!(fresh.open(PHONE, &sealed).unwrap(), b"2");

    // A key file that says it is another's does not open.
    let swapped = text.replace("\"purpose\": \"contact\"", "\"purpose\": \"photos\"");
    let elsewhere = test.config.sealing.key_dir.join("1/photos").join(file.file_name());
    fs::create_dir_all(elsewhere.parent().unwrap()).unwrap();
    fs::write(&elsewhere, swapped).unwrap();
    fs::remove_file(file.path()).unwrap();
    let opened = keyring(&test, &alone).open_all().unwrap();
    let refused = opened.into_iter().find(|(info, _)| info.purpose == Purpose::Photos).unwrap().1;
    assert!(why(refused).contains("Vault 打不开"));
    fs::remove_file(&token).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn new_values_are_sealed_by_the_national_cipher_where_the_school_says_so() {
    let test = TestApp::start().await;
    let aes = test.app.store().keyring().seal(PHONE, b"1").unwrap();
    let mut config = owners(&test);
    config.sealing.algorithm = Some("sm4-gcm".into());
    let ring = keyring(&test, &config);
    // The month has its key; the next one is SM4's.
    ring.rotate(Some(Purpose::Contact)).unwrap();
    test.clock.advance(KNOWN_AFTER);
    let sm4 = ring.seal(PHONE, b"2").unwrap();
    assert_eq!((aes.as_bytes()[1], sm4.as_bytes()[1]), (1, 2));
    assert_eq!(
        (ring.open(PHONE, &aes).unwrap(), ring.open(PHONE, &sm4).unwrap()),
        (b"1".into(), b"2".into())
    );
    let renewed = ring.renew(PHONE, &aes).unwrap().unwrap();
    assert_eq!(renewed.as_bytes()[1], 2);
    config.sealing.algorithm = Some("rot-13".into());
    assert!(secrets::keyring(&config, test.clock.clone()).is_err());
}
