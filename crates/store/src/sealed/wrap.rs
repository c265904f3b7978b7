//! What keeps the data keys themselves closed: keys of ours, or a key service that never gives its key away.

use std::{fmt, sync::Arc};

use ring::{
    digest,
    rand::{SecureRandom, SystemRandom},
};
use secrecy::zeroize::Zeroizing;

use super::cipher::{Algorithm, Cipher, NONCE};
use crate::{Error, Result};

/// A data key, wrapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    /// By what: `key:1a2b3c4d`, `vault:transit/rollcall`.
    pub by: String,
    /// The wrapped key, as text.
    pub text: String,
}

/// A data key in the open, and what it is: a wrapped key opens for nothing else.
pub struct Bare<'a> {
    /// School, purpose, month, algorithm and id.
    pub context: String,
    /// The key.
    pub key: &'a [u8],
}

/// The bytes of a data key in the open: overwritten when they are dropped.
pub type Key = Zeroizing<Vec<u8>>;

/// A wrapped data key, and what it is.
#[derive(Debug, Clone)]
pub struct Closed {
    /// As it was wrapped for.
    pub context: String,
    /// The key.
    pub wrapped: Wrapped,
}

/// Wraps data keys and opens them. May wait for another host: never called while others wait for a lock.
pub trait Wrap: Send + Sync + fmt::Debug {
    /// By what it wraps, as [`Wrapped::by`] says it.
    fn name(&self) -> String;

    /// Whether what was wrapped by this opens here.
    fn opens(&self, by: &str) -> bool;

    /// Wraps keys, in their order.
    ///
    /// # Errors
    /// [`Error::Keys`]: what went wrong and what to do, in Chinese.
    fn wrap(&self, keys: &[Bare<'_>]) -> Result<Vec<Wrapped>>;

    /// Opens keys, in their order, each or why not: [`Error::Keys`].
    fn open(&self, keys: &[Closed]) -> Vec<Result<Key>>;
}

/// Key-encryption keys of 32 bytes: the first wraps, all open.
pub struct LocalKeys {
    keys: Vec<(String, Cipher)>,
    random: SystemRandom,
}

impl fmt::Debug for LocalKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalKeys({})", self.keys.len())
    }
}

impl LocalKeys {
    /// None: there is no key, or one has another length.
    pub fn new(keys: &[Vec<u8>]) -> Option<Self> {
        let keys = keys
            .iter()
            .map(|bytes| {
                let hash = digest::digest(&digest::SHA256, bytes);
                let id = hash.as_ref().first_chunk::<4>()?;
                Some((format!("key:{}", hex::encode(id)), Cipher::new(Algorithm::Aes256Gcm, bytes)?))
            })
            .collect::<Option<Vec<_>>>()?;
        (!keys.is_empty()).then(|| Self { keys, random: SystemRandom::new() })
    }

    fn wrap_one(&self, bare: &Bare<'_>) -> Option<Wrapped> {
        let (by, cipher) = self.keys.first()?;
        let mut nonce = [0; NONCE];
        self.random.fill(&mut nonce).ok()?;
        let mut body = bare.key.to_vec();
        cipher.seal(nonce, bare.context.as_bytes(), &mut body)?;
        Some(Wrapped { by: by.clone(), text: hex::encode([&nonce[..], &body].concat()) })
    }

    fn open_one(&self, closed: &Closed) -> Option<Key> {
        let (_, cipher) = self.keys.iter().find(|(by, _)| *by == closed.wrapped.by)?;
        let bytes = hex::decode(&closed.wrapped.text).ok()?;
        let (nonce, body) = bytes.split_first_chunk::<NONCE>()?;
        let mut body = Zeroizing::new(body.to_vec());
        cipher.open(*nonce, closed.context.as_bytes(), &mut body)?;
        Some(body)
    }
}

impl Wrap for LocalKeys {
    fn name(&self) -> String {
        self.keys.first().map(|(by, _)| by.clone()).unwrap_or_default()
    }

    fn opens(&self, by: &str) -> bool {
        self.keys.iter().any(|(known, _)| known == by)
    }

    fn wrap(&self, keys: &[Bare<'_>]) -> Result<Vec<Wrapped>> {
        let wrapped = keys.iter().map(|bare| self.wrap_one(bare)).collect::<Option<_>>();
        wrapped.ok_or_else(|| Error::Keys("数据密钥包裹失败：取不到随机数".into()))
    }

    fn open(&self, keys: &[Closed]) -> Vec<Result<Key>> {
        let why = |closed: &Closed| {
            let by = &closed.wrapped.by;
            Error::Keys(match self.opens(by) {
                true => format!("数据密钥打不开：文件已损坏，或被挪动过（{}）", closed.context),
                false => format!(
                    "数据密钥由 {by} 包裹，配置里没有它：把原来的那一行放回 sealing.key_file，再运行 rollcall keys rewrap"
                ),
            })
        };
        keys.iter().map(|closed| self.open_one(closed).ok_or_else(|| why(closed))).collect()
    }
}

/// Several: the first wraps, each opens its own. So that a deployment moves from one to another without standing still.
#[derive(Debug)]
pub struct Several {
    first: Arc<dyn Wrap>,
    others: Vec<Arc<dyn Wrap>>,
}

impl Several {
    /// `first` wraps.
    pub fn new(first: Arc<dyn Wrap>, others: Vec<Arc<dyn Wrap>>) -> Self {
        Self { first, others }
    }
}

impl Wrap for Several {
    fn name(&self) -> String {
        self.first.name()
    }

    fn opens(&self, by: &str) -> bool {
        self.first.opens(by) || self.others.iter().any(|other| other.opens(by))
    }

    fn wrap(&self, keys: &[Bare<'_>]) -> Result<Vec<Wrapped>> {
        self.first.wrap(keys)
    }

    fn open(&self, keys: &[Closed]) -> Vec<Result<Key>> {
        let mut opened: Vec<Option<Result<Key>>> = keys.iter().map(|_| None).collect();
        for wrap in self.others.iter().chain([&self.first]) {
            // Who is asked last answers for what nobody opens, and says why.
            let is_last = Arc::ptr_eq(wrap, &self.first);
            let asked: Vec<usize> = (keys.iter().zip(&opened).enumerate())
                .filter(|(_, (closed, done))| done.is_none() && (is_last || wrap.opens(&closed.wrapped.by)))
                .map(|(place, _)| place)
                .collect();
            let of_these: Vec<Closed> = asked.iter().filter_map(|place| keys.get(*place).cloned()).collect();
            if of_these.is_empty() {
                continue;
            }
            for (place, result) in asked.into_iter().zip(wrap.open(&of_these)) {
                if let Some(slot) = opened.get_mut(place) {
                    *slot = Some(result);
                }
            }
        }
        let nothing = || Err(Error::Keys("数据密钥打不开：没有收到回答".into()));
        opened.into_iter().map(|result| result.unwrap_or_else(nothing)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(lines: &[u8]) -> LocalKeys {
        LocalKeys::new(&lines.iter().map(|line| vec![*line; 32]).collect::<Vec<_>>()).unwrap()
    }

    fn closed(wrap: &dyn Wrap, context: &str) -> Closed {
        let bare = Bare { context: context.into(), key: &[5; 32] };
        Closed { context: context.into(), wrapped: wrap.wrap(&[bare]).unwrap().remove(0) }
    }

    fn opens(wrap: &dyn Wrap, closed: &Closed) -> bool {
        wrap.open(std::slice::from_ref(closed)).remove(0).is_ok_and(|key| *key == [5; 32])
    }

    #[test]
    fn the_first_wraps_and_all_open_what_was_wrapped_for_this() {
        let old = closed(&keys(&[1]), "1/contact");
        let both = keys(&[2, 1]);
        assert!(opens(&both, &old));
        assert_eq!(closed(&both, "1/contact").wrapped.by, keys(&[2]).name());
        assert!(!opens(&keys(&[2]), &old), "the old line is gone");
        assert!(!opens(&both, &Closed { context: "2/contact".into(), ..old }), "another school's");
        assert!(LocalKeys::new(&[]).is_none() && LocalKeys::new(&[vec![1; 31]]).is_none());
    }

    #[test]
    fn of_several_the_first_wraps_and_each_opens_its_own() {
        let (old, new) = (closed(&keys(&[1]), "a"), closed(&keys(&[2]), "b"));
        let both = Several::new(Arc::new(keys(&[2])), vec![Arc::new(keys(&[1]))]);
        assert_eq!(both.name(), keys(&[2]).name());
        let opened = both.open(&[old.clone(), new, Closed { context: "x".into(), ..old }]);
        assert_eq!(opened.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false]);
    }
}
