//! Rate limits of one process. A member is limited by account, sign-in by address: a campus shares few addresses,
//! so that limit is wide. So are visitors, who have no account; there are fewer of them.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
};

use domain::{CorpId, MemberId};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use super::{
    problem::{Answer, Failure},
    strangers::Strangers,
};

/// Requests a second of one member, after a burst of [`MEMBER_BURST`].
const MEMBER_RATE: NonZeroU32 = NonZeroU32::new(20).unwrap();
const MEMBER_BURST: NonZeroU32 = NonZeroU32::new(80).unwrap();
/// Sign-ins a second from one address, after a burst of [`ADDRESS_BURST`].
const ADDRESS_RATE: NonZeroU32 = NonZeroU32::new(200).unwrap();
const ADDRESS_BURST: NonZeroU32 = NonZeroU32::new(2000).unwrap();
/// Links of visitors opened a second from one address, after a burst of [`VISIT_BURST`].
const VISIT_RATE: NonZeroU32 = NonZeroU32::new(20).unwrap();
const VISIT_BURST: NonZeroU32 = NonZeroU32::new(200).unwrap();

/// The limits, shared by all workers of the process.
#[derive(Debug)]
pub struct Limits {
    members: DefaultKeyedRateLimiter<(CorpId, MemberId)>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    returns: DefaultKeyedRateLimiter<IpAddr>,
    visits: DefaultKeyedRateLimiter<IpAddr>,
    /// Cookies and tokens that nobody has.
    pub strangers: Strangers,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            members: RateLimiter::keyed(Quota::per_second(MEMBER_RATE).allow_burst(MEMBER_BURST)),
            addresses: RateLimiter::keyed(Quota::per_second(ADDRESS_RATE).allow_burst(ADDRESS_BURST)),
            returns: RateLimiter::keyed(Quota::per_second(ADDRESS_RATE).allow_burst(ADDRESS_BURST)),
            visits: RateLimiter::keyed(Quota::per_second(VISIT_RATE).allow_burst(VISIT_BURST)),
            strangers: Strangers::default(),
        }
    }
}

impl Limits {
    /// Counts a request of a member. After the session is known: what a stranger sends must not fill the memory.
    pub fn check_member(&self, corp: CorpId, member: MemberId) -> Answer<()> {
        self.members.check_key(&(corp, member)).map_err(|_| too_many())
    }

    /// Counts a sign-in from an address.
    pub fn check_address(&self, address: Option<IpAddr>) -> Answer<()> {
        check(&self.addresses, address)
    }

    /// Counts a way back from WeCom, by the address it comes to us from.
    pub fn check_return(&self, address: Option<IpAddr>) -> Answer<()> {
        check(&self.returns, address)
    }

    /// Counts a visitor's link that is opened from an address.
    pub fn check_visit(&self, address: Option<IpAddr>) -> Answer<()> {
        check(&self.visits, address)
    }

    /// Forgets those who have been quiet.
    pub fn sweep(&self) {
        self.members.retain_recent();
        self.addresses.retain_recent();
        self.returns.retain_recent();
        self.visits.retain_recent();
        self.strangers.sweep();
    }
}

fn check(limiter: &DefaultKeyedRateLimiter<IpAddr>, address: Option<IpAddr>) -> Answer<()> {
    match address {
        Some(address) => limiter.check_key(&whole(address)).map_err(|_| too_many()),
        None => Ok(()),
    }
}

/// Of IPv6 the network (/64): who has one address there has them all.
fn whole(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

/// The answer to what comes too often.
pub(super) fn too_many() -> Failure {
    Failure::http("too_many_requests").retry_after(5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_ipv6_is_its_network() {
        for (address, counted) in [
            ("203.0.113.77", "203.0.113.77"),
            ("::ffff:203.0.113.77", "203.0.113.77"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            assert_eq!(whole(address.parse().unwrap()), counted.parse::<IpAddr>().unwrap());
        }
    }
}
