//! Z9: the audit is edited, put together anew, reordered, cut at either end and replaced by an old copy, and its cuts are forged, edited
//! and taken back, by somebody who owns the database.

use app::{App, audit::anchors::Anchors};
use chrono::{NaiveDate, TimeDelta};
use domain::audit::{Content, Cut, GENESIS, Link, cut_detail, event_hash, link_hash};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair},
};
use serde_json::json;
use store::audit as rows;

use super::rows::write;
use crate::{
    audit::{anchored, bring_back_from, cut_once, fill, flaws, keep, outside, put_back, put_back_from, told},
    dice::Dice,
    test_app::TestApp,
};

/// What an intruder does, and what they do to hide it.
const KINDS: [&str; 22] = [
    "an event edited",
    "an event edited, with its hash",
    "an event edited, and the chain made anew",
    "an event deleted",
    "a link deleted",
    "an event deleted, and the chain made anew",
    "an event inserted",
    "an event inserted, and the chain made anew",
    "two events in another order",
    "two events in another order, and the chain made anew",
    "the tail cut",
    "an old copy put back, heads and all",
    "a cut forged over what was taken from the front",
    "a cut forged, told of, and the chain made anew",
    "more taken from the front than the cut says",
    "a cut edited",
    "a cut removed",
    "a cut removed, and its event, and the chain made anew",
    "some of what was cut put back",
    "all that was cut put back, and the cut removed",
    "the copy from before the cut put back, heads and all",
    "the event of a cut removed, and the chain made anew",
];

/// The record as an intruder holds it: changed here, and written back as a whole.
struct Intruder<'a> {
    test: &'a TestApp,
    dice: Dice,
    /// Where the chain begins: the last number that was cut, and its hash.
    began: (i64, Vec<u8>),
}

impl Intruder<'_> {
    async fn links(&self) -> Vec<Link> {
        let mut tx = self.test.app.store().scoped(1).await.unwrap();
        rows::links(&mut tx, 1, 0, i64::MAX).await.unwrap()
    }

    /// The same event, saying something else.
    fn edited(&mut self, content: &Content) -> Content {
        let mut other = content.clone();
        match self.dice.below(7) {
            0 => other.actor = if other.actor.is_some() { None } else { Some(1) },
            1 => other.subject = Some(other.subject.unwrap_or(0) + 1),
            2 => other.action.push('x'),
            3 => other.object.push('0'),
            4 => other.detail = json!({ "field": "photo", "by": self.dice.below(1_000_000) }),
            5 => other.at += TimeDelta::microseconds(1),
            _ => other.nonce[self.dice.below(16)] ^= 1,
        }
        other
    }

    /// Writes what an event says, and its hash where it is given.
    async fn write(&self, event_id: i64, content: &Content, hash: Option<&[u8]>) {
        let sql = "update audit_events set at = $2, actor = $3, action = $4, subject = $5, object = $6, detail = $7,
                     nonce = $8, hash = coalesce($9, hash) where event_id = $1";
        let Content { at, actor, action, subject, object, detail, nonce, .. } = content;
        let changed = self
            .test
            .owner
            .execute(sql, &[&event_id, at, actor, action, subject, object, detail, nonce, &hash])
            .await
            .unwrap();
        assert_eq!(changed, 1);
    }

    /// A chain over these events in this order, each link as it should be.
    async fn chain_anew(&self, events: &[(i64, Vec<u8>)]) {
        self.chain_after(&self.began, events).await;
    }

    /// … after this number and hash.
    async fn chain_after(&self, (began, hash): &(i64, Vec<u8>), events: &[(i64, Vec<u8>)]) {
        let (mut previous, mut seqs, mut ids, mut hashes) =
            (hash.clone(), Vec::new(), Vec::new(), Vec::new());
        for (place, (event_id, hash)) in events.iter().enumerate() {
            let seq = began + place as i64 + 1;
            previous = link_hash(&previous, seq, *event_id, hash);
            seqs.push(seq);
            ids.push(*event_id);
            hashes.push(previous.clone());
        }
        let owner = &self.test.owner;
        owner.batch_execute("delete from audit_chain").await.unwrap();
        let sql = "insert into audit_chain (corp_id, seq, event_id, hash, sealed_at)
                   select 1, r.*, now() from unnest($1::bigint[], $2::bigint[], $3::bytea[]) as r";
        owner.execute(sql, &[&seqs, &ids, &hashes]).await.unwrap();
    }

    async fn delete(&self, table: &str, event_id: i64) {
        let sql = format!("delete from {table} where event_id = {event_id}");
        self.test.owner.batch_execute(&sql).await.unwrap();
    }

    /// An event nobody caused, with its hash.
    async fn insert(&mut self, like: &Content) -> (i64, Vec<u8>) {
        let content = self.edited(like);
        self.add(&content).await
    }

    /// An event that says this, with its hash.
    async fn add(&self, content: &Content) -> (i64, Vec<u8>) {
        let hash = event_hash(content);
        let sql =
            "insert into audit_events (corp_id, at, actor, action, subject, object, detail, nonce, hash)
                   values (1, $1, $2, $3, $4, $5, $6, $7, $8) returning event_id";
        let Content { at, actor, action, subject, object, detail, nonce, .. } = content;
        let id: i64 = self.test.one(sql, &[at, actor, action, subject, object, detail, nonce, &hash]).await;
        (id, hash)
    }

    async fn act(&mut self, kind: usize) {
        let links = self.links().await;
        let length = links.len();
        let at = self.dice.below(length);
        let link = links[at].clone();
        let (content, hash) = link.event.clone().unwrap();
        let mut events: Vec<(i64, Vec<u8>)> =
            links.iter().map(|link| (link.event_id, link.event.as_ref().unwrap().1.clone())).collect();
        match kind {
            0 => {
                let other = self.edited(&content);
                self.write(link.event_id, &other, None).await;
            }
            1 | 2 => {
                let other = self.edited(&content);
                let hash = event_hash(&other);
                self.write(link.event_id, &other, Some(&hash)).await;
                if kind == 2 {
                    events[at].1 = hash;
                    self.chain_anew(&events).await;
                }
            }
            3 => self.delete("audit_events", link.event_id).await,
            4 => self.delete("audit_chain", link.event_id).await,
            5 => {
                self.delete("audit_events", link.event_id).await;
                events.remove(at);
                self.chain_anew(&events).await;
            }
            6 => {
                self.insert(&content).await;
            }
            7 => {
                let new = self.insert(&content).await;
                events.insert(at, new);
                self.chain_anew(&events).await;
            }
            8 => {
                // What the one said stands where the other was.
                let other = links[(at + 1 + self.dice.below(length - 1)) % length].clone();
                let (others, others_hash) = other.event.unwrap();
                self.write(link.event_id, &others, Some(&others_hash)).await;
                self.write(other.event_id, &content, Some(&hash)).await;
            }
            9 => {
                let other = (at + 1 + self.dice.below(length - 1)) % length;
                events.swap(at, other);
                self.chain_anew(&events).await;
            }
            10 => self.cut(link.seq).await,
            11 => {
                // As it was at that number, with the heads there were.
                let sql = format!("delete from audit_heads where seq >= {}", link.seq);
                self.cut(link.seq).await;
                self.test.owner.batch_execute(&sql).await.unwrap();
            }
            _ => self.act_on_cuts(kind, &links, at).await,
        }
    }

    /// What is done to the front, and to what says where it ends.
    async fn act_on_cuts(&mut self, kind: usize, links: &[Link], at: usize) {
        let (test, link) = (self.test, &links[at]);
        let owner = &test.owner;
        let ids = |links: &[Link]| -> Vec<(i64, Vec<u8>)> {
            links.iter().map(|link| (link.event_id, link.event.as_ref().unwrap().1.clone())).collect()
        };
        let is_of_cut = |link: &Link| link.event.as_ref().unwrap().0.action == "audit_cut";
        let of_cut = links.iter().position(is_of_cut).unwrap();
        match kind {
            12 => {
                self.forge(link).await;
                self.take(link.seq).await;
            }
            13 => {
                // Its event says what a true one would, and everything after it is chained anew.
                let cut = self.forge(link).await;
                self.take(link.seq).await;
                let (content, _) = links[of_cut].event.clone().unwrap();
                let content = Content { detail: cut_detail(&cut, &"00".repeat(64)), ..content };
                let new = self.add(&content).await;
                let mut events = ids(&links[at + 1..]);
                events.push(new);
                self.chain_after(&(link.seq, link.hash.clone()), &events).await;
            }
            14 => self.take(link.seq).await,
            15 => {
                let sql = match self.dice.below(6) {
                    0 => "update audit_cuts set seq = seq + 1",
                    1 => "update audit_cuts set hash = sha256(hash)",
                    2 => "update audit_cuts set after_hash = sha256(after_hash)",
                    3 => "update audit_cuts set removed = removed + 1",
                    4 => "update audit_cuts set day = day + 1",
                    _ => "update audit_cuts set signature = sha256(signature) || sha256(hash)",
                };
                owner.batch_execute(sql).await.unwrap();
            }
            16 => owner.batch_execute("delete from audit_cuts").await.unwrap(),
            17 => {
                owner.batch_execute("delete from audit_cuts").await.unwrap();
                self.delete("audit_events", links[of_cut].event_id).await;
                let mut events = ids(links);
                events.remove(of_cut);
                self.chain_after(&(0, GENESIS.to_vec()), &events).await;
            }
            18 => {
                let sql = "insert into audit_chain select * from before.audit_chain where seq = $1";
                let cut = self.began.0 as usize;
                let seq = self.dice.below(cut) as i64 + 1;
                owner.execute(sql, &[&seq]).await.unwrap();
            }
            19 => {
                let sql = format!("{}; delete from audit_cuts", bring_back_from("before"));
                owner.batch_execute(&sql).await.unwrap();
            }
            20 => owner.batch_execute(&put_back_from("before")).await.unwrap(),
            _ => {
                self.delete("audit_events", links[of_cut].event_id).await;
                let mut events = ids(links);
                events.remove(of_cut);
                self.chain_anew(&events).await;
            }
        }
    }

    /// Everything up to this number, events and links.
    async fn take(&self, until: i64) {
        let sql = format!(
            "delete from audit_events where event_id in (select event_id from audit_chain where seq <= {until});
             delete from audit_chain where seq <= {until}"
        );
        self.test.owner.batch_execute(&sql).await.unwrap();
    }

    /// A cut that ends at a link and follows the one there is, with the signature of that.
    async fn forge(&self, link: &Link) -> Cut {
        let (after_seq, after_hash) = self.began.clone();
        let removed = link.seq - after_seq;
        let sql = "insert into audit_cuts
                   select corp_id, $1::bigint, $2::bytea, seq, hash, day, $3::bigint, policy, kid, signature, cut_at from audit_cuts
                   order by seq desc limit 1";
        self.test.owner.execute(sql, &[&link.seq, &link.hash, &removed]).await.unwrap();
        let day: NaiveDate = self.test.one("select day from audit_cuts where seq = $1", &[&link.seq]).await;
        let policy: String =
            self.test.one("select policy from audit_cuts where seq = $1", &[&link.seq]).await;
        Cut { seq: link.seq, hash: link.hash.clone(), after_seq, after_hash, day, removed, policy }
    }

    /// Everything from this number on, events and links.
    async fn cut(&self, from: i64) {
        let sql = format!(
            "delete from audit_events where event_id in (select event_id from audit_chain where seq >= {from});
             delete from audit_chain where seq >= {from}"
        );
        self.test.owner.batch_execute(&sql).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "an experiment: make authz ONLY=Z9"]
async fn the_record_is_touched() {
    let test = TestApp::start().await;
    let file = outside("z9");
    let app = anchored(&test, &file, None);
    // Some of it is cut, and it goes on.
    let cut_to = cut_once(&app, &test).await;
    for _ in 0..5 {
        fill(&app, &test, 40).await;
    }
    let anchors = told(&file);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(flaws(&app, &anchors).await, []);
    keep(&test).await;
    let hash: Vec<u8> = test.one("select hash from audit_cuts", &[]).await;
    let mut intruder = Intruder { test: &test, dice: Dice::new(0xA0D17), began: (cut_to, hash) };

    let wanted: usize = std::env::var("MUTATIONS").map_or(1_000, |many| many.parse().unwrap());
    let mut found = [(0, 0); KINDS.len()];
    for nth in 0..wanted {
        let kind = nth % KINDS.len();
        intruder.act(kind).await;
        let is_found = !flaws(&app, &anchors).await.is_empty();
        found[kind] = (found[kind].0 + usize::from(is_found), found[kind].1 + 1);
        put_back(&test).await;
    }
    assert_eq!(flaws(&app, &anchors).await, [], "what was put back is whole");
    for (kind, (found, of)) in KINDS.iter().zip(found) {
        write("Z9", &format!("{kind}, of {of}"), found as f64, "found", "all", found == of && of > 0);
    }
    let all: usize = found.iter().map(|(found, _)| found).sum();
    write("Z9", &format!("all mutations, of {wanted}"), all as f64, "found", "all", all == wanted);
}

/// Whoever has the database and not the key that seals: they sign their own chain with a key of their own.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "an experiment: make authz ONLY=Z9"]
async fn the_chain_is_signed_by_somebody_else() {
    let test = TestApp::start().await;
    let file = outside("z9-signed");
    let app = anchored(&test, &file, None);
    fill(&app, &test, 40).await;
    std::fs::remove_file(&file).unwrap();
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let own = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    signs_anew(&test, &app, &own).await;
    let is_found = !flaws(&app, &Anchors::default()).await.is_empty();
    write(
        "Z9",
        "the chain made anew and signed with another key",
        f64::from(u8::from(is_found)),
        "found",
        "1",
        is_found,
    );
}

async fn signs_anew(test: &TestApp, app: &App, own: &Ed25519KeyPair) {
    let mut tx = app.store().scoped(1).await.unwrap();
    let head = rows::last_head(&mut tx, 1, None).await.unwrap().unwrap();
    let links = rows::links(&mut tx, 1, 0, i64::MAX).await.unwrap();
    drop(tx);
    // All but one, in a chain of its own, under a head with a signature that fits their key.
    let mut intruder = Intruder { test, dice: Dice::new(7), began: (0, GENESIS.to_vec()) };
    intruder.delete("audit_events", links[3].event_id).await;
    let mut events: Vec<(i64, Vec<u8>)> =
        links.iter().map(|link| (link.event_id, link.event.as_ref().unwrap().1.clone())).collect();
    let removed = events.remove(3);
    assert_eq!(removed.0, links[3].event_id);
    let (content, _) = links[5].event.clone().unwrap();
    events.push(intruder.insert(&content).await);
    intruder.chain_anew(&events).await;
    let hash: Vec<u8> = test.one("select hash from audit_chain where seq = $1", &[&head.seq]).await;
    let text = domain::audit::head_text(1, head.day, head.seq, &hash);
    let signature = own.sign(&text).as_ref().to_vec();
    test.owner
        .execute("update audit_heads set hash = $1, signature = $2", &[&hash, &signature])
        .await
        .unwrap();
    test.owner.execute("update audit_keys set public_key = $1", &[&own.public_key().as_ref()]).await.unwrap();
}
