//! Rate limits of one process. A member is limited by account, sign-in by address: a campus shares few addresses,
//! so that limit is wide. So are visitors, who have no account; there are fewer of them. A device at a gate is limited by its token.

use std::{
    hash::Hash,
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
/// Requests a second of one device at a gate, after a burst of [`DEVICE_BURST`]: a lane lets a few people through a second, each a
/// scan and a photo, and a device that heard nothing for hours tells what it decided a hundred at a time.
const DEVICE_RATE: NonZeroU32 = NonZeroU32::new(10).unwrap();
const DEVICE_BURST: NonZeroU32 = NonZeroU32::new(100).unwrap();
/// Guides a minute of one device, after a burst of [`GUIDE_BURST`]: it names everybody who is not let through, and a device needs
/// one every few seconds at most, when it finds its way back to the network.
const GUIDE_RATE: NonZeroU32 = NonZeroU32::new(30).unwrap();
const GUIDE_BURST: NonZeroU32 = NonZeroU32::new(20).unwrap();
/// Links of visitors opened a second from one address, after a burst of [`VISIT_BURST`].
const VISIT_RATE: NonZeroU32 = NonZeroU32::new(20).unwrap();
const VISIT_BURST: NonZeroU32 = NonZeroU32::new(200).unwrap();

/// A device at a gate: its school, and the short name of its token in this process.
pub type GateDevice = (CorpId, u64);

/// The limits, shared by all workers of the process.
#[derive(Debug)]
pub struct Limits {
    members: DefaultKeyedRateLimiter<(CorpId, MemberId)>,
    devices: DefaultKeyedRateLimiter<GateDevice>,
    guides: DefaultKeyedRateLimiter<GateDevice>,
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
            devices: RateLimiter::keyed(Quota::per_second(DEVICE_RATE).allow_burst(DEVICE_BURST)),
            guides: RateLimiter::keyed(Quota::per_minute(GUIDE_RATE).allow_burst(GUIDE_BURST)),
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

    /// Counts a request of a device that is known. None: its token was not looked up yet, and [`strangers`](Self::strangers) has an
    /// eye on it.
    pub fn check_device(&self, device: Option<GateDevice>) -> Answer<()> {
        check_known(&self.devices, device)
    }

    /// Counts a guide that a device asks for, which costs more than all else it may ask.
    pub fn check_guide(&self, device: Option<GateDevice>) -> Answer<()> {
        check_known(&self.guides, device)
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
        self.devices.retain_recent();
        self.guides.retain_recent();
        self.addresses.retain_recent();
        self.returns.retain_recent();
        self.visits.retain_recent();
        self.strangers.sweep();
    }
}

fn check(limiter: &DefaultKeyedRateLimiter<IpAddr>, address: Option<IpAddr>) -> Answer<()> {
    check_known(limiter, address.map(whole))
}

fn check_known<K: Clone + Eq + Hash>(limiter: &DefaultKeyedRateLimiter<K>, key: Option<K>) -> Answer<()> {
    match key {
        Some(key) => limiter.check_key(&key).map_err(|_| too_many()),
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
    fn a_device_asks_so_much_and_for_few_guides_and_another_is_not_held_up() {
        let limits = Limits::default();
        let asked = |device, check: fn(&Limits, Option<GateDevice>) -> Answer<()>| {
            (0..1000).filter(|_| check(&limits, device).is_ok()).count()
        };
        for (check, burst) in [
            (Limits::check_device as fn(&Limits, Option<GateDevice>) -> Answer<()>, 100),
            (Limits::check_guide, 20),
        ] {
            // A thousand questions take a moment, in which a few more come free.
            assert!((burst..burst + 50).contains(&asked(Some((1, 7)), check)));
            assert!(check(&limits, Some((1, 8))).is_ok() && check(&limits, Some((2, 7))).is_ok());
            assert_eq!(asked(None, check), 1000);
        }
    }

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
