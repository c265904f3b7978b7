//! Values and keys without a database: what opens, what does not, and what becomes of both when keys come and go.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use chrono::TimeDelta;
use domain::clock::Clock;
use tempfile::TempDir;

use super::{column, keyring::KNOWN_AFTER, wrap::LocalKeys, *};

#[derive(Debug)]
struct Standing(Mutex<chrono::DateTime<chrono::Utc>>);

impl Clock for Standing {
    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        *self.0.lock().unwrap()
    }
}

/// A directory, and the processes that share it.
struct House {
    folder: TempDir,
    clock: Arc<Standing>,
}

impl House {
    fn new() -> Self {
        let clock = Arc::new(Standing(Mutex::new("2020-03-04T00:00:00Z".parse().unwrap())));
        Self { folder: tempfile::tempdir().unwrap(), clock }
    }

    fn settings(&self, lines: &[u8]) -> KeySettings {
        let lines: Vec<Vec<u8>> = lines.iter().map(|line| vec![*line; 32]).collect();
        KeySettings {
            folder: self.folder.path().join("keys"),
            algorithm: Algorithm::Aes256Gcm,
            wrap: Arc::new(LocalKeys::new(&lines).unwrap()),
            clock: self.clock.clone(),
            zones: HashMap::from([(1, chrono_tz::Asia::Shanghai)]),
        }
    }

    fn ring(&self) -> Keyring {
        Keyring::new(self.settings(&[1]))
    }

    fn advance(&self, by: TimeDelta) {
        *self.clock.0.lock().unwrap() += by;
    }
}

const ROW: &str = "12/7/2020-03-04/0/0";
const HERE: Place<'static> = Place { column: &column::ANSWERS, corp: 1, row: ROW };
const PHONE: Place<'static> = Place { column: &column::PERSON_PHONE, corp: 1, row: "20180101" };

#[test]
fn opens_where_it_was_sealed_and_nowhere_else() {
    let house = House::new();
    for algorithm in [Algorithm::Aes256Gcm, Algorithm::Sm4Gcm] {
        let ring = Keyring::new(KeySettings { algorithm, ..house.settings(&[1]) });
        let sealed = ring.seal(HERE, "36.5".as_bytes()).unwrap();
        assert_eq!(ring.open(HERE, &sealed).unwrap(), b"36.5");
        assert!(ring.open(Place { row: "12/8/2020-03-04/0/0", ..HERE }, &sealed).is_err());
        assert!(ring.open(Place { row: "13/7/2020-03-04/0/0", ..HERE }, &sealed).is_err());
        assert!(ring.open(Place { corp: 2, ..HERE }, &sealed).is_err());
        assert!(ring.open(Place { column: &column::ATTACHMENT, ..HERE }, &sealed).is_err());
        assert!(ring.open(Place { column: &column::PERSON_PHONE, ..HERE }, &sealed).is_err());
        house.advance(TimeDelta::days(31));
    }
}

#[test]
fn a_changed_or_cut_value_does_not_open() {
    let house = House::new();
    let ring = house.ring();
    let sealed = ring.seal(HERE, b"36.5").unwrap();
    let whole = sealed.as_bytes();
    for length in 0..whole.len() {
        assert!(ring.open(HERE, &Sealed::from_bytes(whole[..length].to_vec())).is_err());
    }
    for index in 0..whole.len() {
        let mut bytes = whole.to_vec();
        bytes[index] ^= 1;
        assert!(ring.open(HERE, &Sealed::from_bytes(bytes)).is_err(), "byte {index}");
    }
}

#[test]
fn a_row_that_is_none_of_the_columns_is_not_sealed() {
    let house = House::new();
    let ring = house.ring();
    for row in ["", "12", "a/7", "/7"] {
        assert!(matches!(ring.seal(Place { row, ..HERE }, b"x"), Err(Error::Seal(_))), "{row}");
    }
}

#[test]
fn each_school_purpose_and_month_has_a_key_of_its_own_and_a_month_is_the_schools() {
    let house = House::new();
    let ring = house.ring();
    let key = |place: Place<'_>| ring.seal(place, b"x").unwrap().key().unwrap();
    let first = key(HERE);
    assert_eq!(key(HERE), first);
    let another_form = key(Place { row: "13/7/2020-03-04/0/0", ..HERE });
    let others = [another_form, key(PHONE), key(Place { corp: 2, ..PHONE })];
    assert_eq!(others.iter().chain([&first]).collect::<std::collections::HashSet<_>>().len(), 4);
    assert_eq!(ring.keys(1, Purpose::Answers(12)).unwrap().len(), 1);
    // 23:00 of 31 March in Greenwich is April in Shanghai.
    *house.clock.0.lock().unwrap() = "2020-03-31T23:00:00Z".parse().unwrap();
    assert_ne!(key(HERE), first);
    let keys = ring.keys(1, Purpose::Answers(12)).unwrap();
    let months: Vec<String> = keys.iter().map(|key| key.month.to_string()).collect();
    assert_eq!(months, ["2020-03-01", "2020-04-01"]);
    // Where no zone is known it is still March.
    assert_eq!(key(Place { corp: 2, ..PHONE }), others[2]);
}

#[test]
fn the_keys_of_a_month_are_made_before_it_begins() {
    let house = House::new();
    let ring = house.ring();
    let ahead = TimeDelta::days(3);
    let march = [ring.seal(HERE, b"x").unwrap().key(), ring.seal(PHONE, b"x").unwrap().key()];
    ring.seal(Place { corp: 2, ..PHONE }, b"x").unwrap();
    assert_eq!(ring.prepare(1, ahead).unwrap(), 0, "it is early");
    *house.clock.0.lock().unwrap() = "2020-03-29T00:00:00Z".parse().unwrap();
    assert_eq!(ring.prepare(1, ahead).unwrap(), 2);
    assert_eq!(house.ring().prepare(1, ahead).unwrap(), 0, "once");
    assert_eq!(ring.seal(HERE, b"x").unwrap().key(), march[0], "it is March still");
    let made: Vec<KeyId> =
        ring.all().iter().filter(|key| key.month.to_string() == "2020-04-01").map(|key| key.id).collect();
    *house.clock.0.lock().unwrap() = "2020-04-01T00:00:00Z".parse().unwrap();
    for place in [HERE, PHONE] {
        let key = ring.seal(place, b"x").unwrap().key().unwrap();
        assert!(made.contains(&key) && !march.contains(&Some(key)));
    }
}

#[test]
fn two_processes_over_one_directory_know_each_others_keys() {
    let house = House::new();
    let (one, two) = (house.ring(), house.ring());
    // Both have listed the empty directory.
    assert!(one.all().is_empty() && two.all().is_empty());
    let (by_one, by_two) = (one.seal(HERE, b"1").unwrap(), two.seal(HERE, b"2").unwrap());
    assert_eq!(two.open(HERE, &by_one).unwrap(), b"1");
    assert_eq!(one.open(HERE, &by_two).unwrap(), b"2");

    // A rotated key is known to both before it seals.
    let rotated = one.rotate(None).unwrap();
    assert_eq!(rotated.len(), 1);
    assert_ne!(one.seal(HERE, b"3").unwrap().key(), Some(rotated[0].id));
    house.advance(KNOWN_AFTER);
    two.refresh().unwrap();
    for ring in [&one, &two] {
        assert_eq!(ring.seal(HERE, b"4").unwrap().key(), Some(rotated[0].id));
    }
    let renewed = two.renew(HERE, &by_one).unwrap().unwrap();
    assert_eq!(renewed.key(), Some(rotated[0].id));
    assert_eq!(one.open(HERE, &renewed).unwrap(), b"1");
    assert_eq!(one.renew(HERE, &renewed).unwrap(), None);
}

#[test]
fn many_threads_make_one_key() {
    let house = House::new();
    let ring = house.ring();
    let keys: std::collections::HashSet<KeyId> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| ring.seal(HERE, b"x").unwrap().key().unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(keys.len(), 1);
}

#[test]
fn two_processes_that_make_the_first_key_at_once_both_have_a_usable_one() {
    let house = House::new();
    let rings = [house.ring(), house.ring()];
    let together = std::sync::Barrier::new(rings.len());
    let sealed: Vec<Sealed> = std::thread::scope(|scope| {
        let together = &together;
        let mut threads = Vec::new();
        for ring in &rings {
            threads.push(scope.spawn(move || {
                together.wait();
                ring.seal(HERE, b"x").unwrap()
            }));
        }
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for ring in &rings {
        assert!(sealed.iter().all(|one| ring.open(HERE, one).unwrap() == b"x"));
    }
}

#[test]
fn what_a_destroyed_key_sealed_opens_nowhere_any_more() {
    let house = House::new();
    let (one, two) = (house.ring(), house.ring());
    let (here, phone) = (one.seal(HERE, b"36.5").unwrap(), one.seal(PHONE, b"1").unwrap());
    assert_eq!(two.open(HERE, &here).unwrap(), b"36.5");
    let id = here.key().unwrap();
    assert!(one.destroy(2, &[id]).unwrap().is_empty(), "another school's");
    let gone = one.destroy(1, &[id]).unwrap();
    assert_eq!(
        gone.iter().map(|key| (key.id, key.purpose)).collect::<Vec<_>>(),
        [(id, Purpose::Answers(12))]
    );
    two.refresh().unwrap();
    for ring in [&one, &two, &house.ring()] {
        assert!(matches!(ring.open(HERE, &here), Err(Error::Seal(_))));
        assert!(ring.is_gone(&here).unwrap() && !ring.is_gone(&phone).unwrap());
        assert_eq!(ring.open(PHONE, &phone).unwrap(), b"1");
        assert!(ring.keys(1, Purpose::Answers(12)).unwrap().is_empty());
    }
    assert!(one.destroy(1, &[id]).unwrap().is_empty(), "it is gone");
    assert_eq!(one.rewrap().unwrap(), 1, "and nothing brings it back: the phone's alone is there");
    // What comes later is sealed by another key.
    assert_ne!(two.seal(HERE, b"37").unwrap().key(), Some(id));
}

#[test]
fn with_a_key_go_the_drafts_of_it_that_a_killed_process_left() {
    let house = House::new();
    let ring = house.ring();
    let (here, phone) = (ring.seal(HERE, b"36.5").unwrap(), ring.seal(PHONE, b"1").unwrap());
    let (id, other) = (here.key().unwrap(), phone.key().unwrap());
    let folder = house.folder.path().join("keys/1/answers-12");
    // As `rewrap` leaves them when it is killed before the last step.
    std::fs::copy(folder.join(format!("2020-03-{id}.json")), folder.join(format!(".{id}-4711"))).unwrap();
    std::fs::write(folder.join(format!(".{other}-4711")), "another's").unwrap();
    assert_eq!(ring.destroy(1, &[id]).unwrap().len(), 1);
    let left: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [format!(".{other}-4711").as_str()]);
}

#[test]
fn keys_are_wrapped_anew_and_the_old_line_can_go() {
    let house = House::new();
    let old = house.ring();
    let sealed = old.seal(HERE, b"36.5").unwrap();
    let stranger = Keyring::new(house.settings(&[2]));
    assert!(matches!(stranger.open(HERE, &sealed), Err(Error::Keys(_))));
    assert!(stranger.rewrap().is_err(), "it opens none of them");
    let both = Keyring::new(house.settings(&[2, 1]));
    assert_eq!(both.rewrap().unwrap(), 1);
    assert_eq!(stranger.open(HERE, &sealed).unwrap(), b"36.5");
    // A process of before has the key in memory.
    assert_eq!(old.open(HERE, &sealed).unwrap(), b"36.5");
    assert!(house.ring().open_all().unwrap().iter().all(|(_, opened)| opened.is_err()));
    assert!(stranger.open_all().unwrap().iter().all(|(_, opened)| opened.is_ok()));
}

#[test]
fn a_file_that_was_moved_or_spoilt_is_no_key() {
    let house = House::new();
    let ring = house.ring();
    let (here, phone) = (ring.seal(HERE, b"36.5").unwrap(), ring.seal(PHONE, b"1").unwrap());
    let info = ring.keys(1, Purpose::Answers(12)).unwrap().remove(0);
    let name = format!("2020-03-{}.json", info.id);
    let folder = house.folder.path().join("keys/1");
    std::fs::rename(folder.join("answers-12").join(&name), folder.join("contact").join(&name)).unwrap();
    let fresh = house.ring();
    assert!(fresh.open(HERE, &here).is_err());
    assert_eq!(fresh.open(PHONE, &phone).unwrap(), b"1", "the others work");
    // Renamed in the file too, it does not unwrap: what it is for is authenticated.
    let path = folder.join("contact").join(&name);
    let text = std::fs::read_to_string(&path).unwrap().replace("answers-12", "contact");
    std::fs::write(&path, text).unwrap();
    let opened = house.ring().open_all().unwrap();
    assert_eq!(opened.iter().filter(|(_, opened)| opened.is_err()).count(), 1);
}

#[test]
fn what_can_t_be_read_now_was_not_destroyed() {
    let house = House::new();
    let ring = house.ring();
    let (here, phone) = (ring.seal(HERE, b"36.5").unwrap(), ring.seal(PHONE, b"1").unwrap());
    let info = ring.keys(1, Purpose::Answers(12)).unwrap().remove(0);
    let path = house.folder.path().join(format!("keys/1/answers-12/2020-03-{}.json", info.id));
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let fresh = house.ring();
    for _ in 0..2 {
        assert!(matches!(fresh.open(HERE, &here), Err(Error::Keys(_))));
        assert!(matches!(fresh.is_gone(&here), Err(Error::Keys(_))));
        assert!(fresh.keys(1, Purpose::Answers(12)).is_err(), "a purge does not say that there is none");
        assert!(fresh.check().is_err(), "nor does a count of what is gone");
    }
    assert_eq!(fresh.open(PHONE, &phone).unwrap(), b"1", "the others work");
    assert_eq!(fresh.open_all().unwrap().len(), 1, "and are made ready");
    std::fs::write(&path, &whole).unwrap();
    fresh.check().unwrap();
    assert_eq!(fresh.open(HERE, &here).unwrap(), b"36.5");
}

#[test]
fn a_directory_that_is_gone_is_told_and_what_is_in_memory_goes_on() {
    let house = House::new();
    let ring = house.ring();
    let sealed = ring.seal(HERE, b"36.5").unwrap();
    std::fs::remove_dir_all(house.folder.path().join("keys")).unwrap();
    assert!(matches!(ring.refresh(), Err(Error::Keys(_))));
    // Another is in its place, with keys of its own.
    house.ring().seal(PHONE, b"1").unwrap();
    assert!(matches!(ring.refresh(), Err(Error::Keys(_))));
    assert_eq!(ring.open(HERE, &sealed).unwrap(), b"36.5");
    assert_eq!(ring.all().len(), 1, "as it was last");
    assert!(
        ring.keys(1, Purpose::Answers(12)).is_err(),
        "who wants to know which there are is told that it is not known"
    );
}

#[test]
fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::new();
    house.ring().seal(HERE, b"36.5").unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = house.folder.path().join("keys/1/answers-12");
    assert_eq!((mode(&house.folder.path().join("keys")), mode(&folder)), (0o700, 0o700));
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.iter().map(|path| mode(path)).collect::<Vec<_>>(), [0o600], "one file, no draft left");
}

#[test]
fn prints_nothing_of_its_content() {
    let house = House::new();
    let ring = house.ring();
    let sealed = ring.seal(HERE, b"secret").unwrap();
    assert_eq!(format!("{sealed:?} {ring:?}"), "[sealed] Keyring(1 keys)");
}
