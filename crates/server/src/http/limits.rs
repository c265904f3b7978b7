//! Rate limits of one process. A person is limited by session, sign-in by address: a campus shares few addresses,
//! so that limit is wide.

use std::{net::IpAddr, num::NonZeroU32};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::problem::{Answer, Failure};

/// Requests a second of one session, after a burst of [`SESSION_BURST`].
const SESSION_RATE: NonZeroU32 = NonZeroU32::new(20).unwrap();
const SESSION_BURST: NonZeroU32 = NonZeroU32::new(80).unwrap();
/// Sign-ins a second from one address, after a burst of [`ADDRESS_BURST`].
const ADDRESS_RATE: NonZeroU32 = NonZeroU32::new(200).unwrap();
const ADDRESS_BURST: NonZeroU32 = NonZeroU32::new(2000).unwrap();

/// The limits, shared by all workers of the process.
#[derive(Debug)]
pub struct Limits {
    sessions: DefaultKeyedRateLimiter<String>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sessions: RateLimiter::keyed(Quota::per_second(SESSION_RATE).allow_burst(SESSION_BURST)),
            addresses: RateLimiter::keyed(Quota::per_second(ADDRESS_RATE).allow_burst(ADDRESS_BURST)),
        }
    }
}

impl Limits {
    /// Counts a request of a session.
    pub fn check_session(&self, session: &str) -> Answer<()> {
        self.sessions.check_key(&session.to_owned()).map_err(|_| too_many())
    }

    /// Counts a sign-in from an address.
    pub fn check_address(&self, address: Option<IpAddr>) -> Answer<()> {
        match address {
            Some(address) => self.addresses.check_key(&address).map_err(|_| too_many()),
            None => Ok(()),
        }
    }

    /// Forgets those who have been quiet.
    pub fn sweep(&self) {
        self.sessions.retain_recent();
        self.addresses.retain_recent();
    }
}

fn too_many() -> Failure {
    Failure::http("too_many_requests").retry_after(5)
}
