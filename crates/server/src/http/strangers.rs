//! Cookies and tokens that nobody has: each costs a query to find that out. A network that sends them in bulk has few of its
//! unknown ones looked up: the database is for everybody else. A session that is not looked up is answered as one that has
//! ended, for signing in is never held up; a device is asked to wait, and decides by itself meanwhile. What was found before
//! is always looked up.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, Instant},
};

use actix_web::{HttpRequest, web::Data};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{limits::Limits, routes::auth};
use crate::config::Config;

/// Unknown ones looked up a second for one network, after [`BURST`] of them: in the morning a whole school comes back through
/// few addresses with sessions that have ended.
const RATE: f64 = 100.0;
const BURST: f64 = 1000.0;
/// Sessions looked up at once for all networks beyond that.
const AT_ONCE: usize = 2;
/// How long what was found counts as known: as long as a session lasts.
const KNOWN: Duration = Duration::from_secs(12 * 60 * 60);
/// So many are known at most.
const MOST_KNOWN: usize = 200_000;

/// What is known of cookies and tokens, and of networks that send unknown ones.
#[derive(Debug)]
pub struct Strangers {
    /// Makes short names of secrets, others in each process.
    naming: RandomState,
    /// Until when each counts as known.
    known: RwLock<HashMap<u64, Instant>>,
    networks: Mutex<HashMap<String, Bucket>>,
    narrow: Arc<Semaphore>,
}

impl Default for Strangers {
    fn default() -> Self {
        Self {
            naming: RandomState::new(),
            known: RwLock::default(),
            networks: Mutex::default(),
            narrow: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

/// How many more unknown ones a network may send.
#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl Bucket {
    fn left(&self, now: Instant) -> f64 {
        let came = now.saturating_duration_since(self.at).as_secs_f64() * RATE;
        (self.left + came).min(BURST)
    }
}

/// The right to look something up.
#[derive(Debug, Default)]
struct Turn {
    /// Of a tired network: held while it is looked up.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Strangers {
    /// The right to look up a secret that came from a network; none where it is one too many.
    fn turn(&self, network: &str, secret: u64, now: Instant) -> Option<Turn> {
        if self.is_welcome(network, secret, now) {
            return Some(Turn::default());
        }
        self.narrow.clone().try_acquire_owned().ok().map(|permit| Turn { _permit: Some(permit) })
    }

    fn is_welcome(&self, network: &str, secret: u64, now: Instant) -> bool {
        self.is_known(secret, now) || !self.is_tired(network, now)
    }

    fn is_known(&self, secret: u64, now: Instant) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&secret).is_some_and(|until| *until > now)
    }

    fn is_tired(&self, network: &str, now: Instant) -> bool {
        let networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        networks.get(network).is_some_and(|bucket| bucket.left(now) < 1.0)
    }

    fn found(&self, secret: u64, now: Instant) {
        // A device goes on for years: what is known is made known anew before it no longer is.
        if self.is_known(secret, now + KNOWN / 2) {
            return;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST_KNOWN {
            known.insert(secret, now + KNOWN);
        }
    }

    fn missed(&self, network: &str, secret: u64, now: Instant) {
        self.known.write().unwrap_or_else(PoisonError::into_inner).remove(&secret);
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = networks.entry(network.to_owned()).or_insert(Bucket { left: BURST, at: now });
        *bucket = Bucket { left: (bucket.left(now) - 1.0).max(0.0), at: now };
    }

    /// Takes note of a secret that was just given to somebody.
    pub fn given(&self, secret: &str) {
        self.found(self.naming.hash_one(secret), Instant::now());
    }

    /// Forgets what no longer counts.
    pub fn sweep(&self) {
        let now = Instant::now();
        self.known.write().unwrap_or_else(PoisonError::into_inner).retain(|_, until| *until > now);
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        networks.retain(|_, bucket| bucket.left(now) < BURST);
    }
}

/// A cookie or token that is being looked up. Ends with [`found`](Self::found) or [`missed`](Self::missed); dropped where
/// nothing was learned.
#[derive(Debug)]
pub struct Lookup {
    limits: Data<Limits>,
    network: String,
    secret: u64,
    _turn: Turn,
}

impl Lookup {
    fn of(request: &HttpRequest, secret: &str) -> Option<Self> {
        let limits = request.app_data::<Data<Limits>>()?.clone();
        let config = request.app_data::<Data<Config>>()?;
        let network = auth::network(request, config);
        let secret = limits.strangers.naming.hash_one(secret);
        Some(Self { limits, network, secret, _turn: Turn::default() })
    }

    /// Of a session. None: not now, its network sent too many that nobody has.
    pub fn of_session(request: &HttpRequest, cookie: &str) -> Option<Self> {
        let lookup = Self::of(request, cookie)?;
        let turn = lookup.limits.strangers.turn(&lookup.network, lookup.secret, Instant::now())?;
        Some(Self { _turn: turn, ..lookup })
    }

    /// Of a device. None: not now. There are no turns for these, since one would last until their body is read.
    pub fn of_device(request: &HttpRequest, token: &str) -> Option<Self> {
        let lookup = Self::of(request, token)?;
        let is_welcome = lookup.limits.strangers.is_welcome(&lookup.network, lookup.secret, Instant::now());
        is_welcome.then_some(lookup)
    }

    /// Its short name, where somebody was found to have it: what a stranger sends must not fill the memory.
    pub fn known(&self) -> Option<u64> {
        self.limits.strangers.is_known(self.secret, Instant::now()).then_some(self.secret)
    }

    /// Somebody has it.
    pub fn found(self) {
        self.limits.strangers.found(self.secret, Instant::now());
    }

    /// Nobody has it, or no longer.
    pub fn missed(self) {
        self.limits.strangers.missed(&self.network, self.secret, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "203.0.113.0/24";

    /// As many as come at once before a network is tired.
    fn tired(strangers: &Strangers, now: Instant) {
        for secret in 0..1000 {
            assert!(!strangers.is_tired(HERE, now), "{secret}");
            strangers.missed(HERE, secret, now);
        }
    }

    #[test]
    fn who_sends_unknown_ones_in_bulk_has_few_looked_up_at_once() {
        let (strangers, now) = (Strangers::default(), Instant::now());
        tired(&strangers, now);
        let narrow: Vec<_> = (5000..5010).filter_map(|secret| strangers.turn(HERE, secret, now)).collect();
        assert_eq!(narrow.len(), AT_ONCE);
        assert!(strangers.turn("198.51.100.0/24", 5000, now).is_some(), "another network");
        drop(narrow);
        assert!(strangers.turn(HERE, 5000, now).is_some(), "when they are done, the next");
    }

    #[test]
    fn a_tired_network_rests() {
        let (strangers, now) = (Strangers::default(), Instant::now());
        tired(&strangers, now);
        assert!(strangers.is_tired(HERE, now));
        assert!(!strangers.is_tired(HERE, now + Duration::from_secs(1)));
        // A second later there is room for a second's worth, and no more.
        let later = now + Duration::from_secs(1);
        for secret in 0..100 {
            assert!(!strangers.is_tired(HERE, later), "{secret}");
            strangers.missed(HERE, secret, later);
        }
        assert!(strangers.is_tired(HERE, later));
    }

    #[test]
    fn what_was_found_is_never_held_up_until_it_ends() {
        let (strangers, now) = (Strangers::default(), Instant::now());
        strangers.found(7777, now);
        tired(&strangers, now);
        let narrow: Vec<_> = (5000..5002).filter_map(|secret| strangers.turn(HERE, secret, now)).collect();
        assert_eq!(narrow.len(), AT_ONCE, "all turns are taken");
        assert!(strangers.turn(HERE, 7777, now).is_some());
        strangers.missed(HERE, 7777, now);
        assert!(strangers.turn(HERE, 7777, now).is_none(), "it has ended");
        strangers.found(7777, now);
        assert!(!strangers.is_known(7777, now + KNOWN));
    }
}
