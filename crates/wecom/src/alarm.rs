//! One alarm for each trouble that a person must end, and a word when it is over.
//!
//! A thousand calls may meet the same missing address or permission; the log gets one error with what to click.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use crate::error::{ApiError, Class};
use crate::remedy::Remedy;

/// The troubles of one app that stand now.
pub(crate) struct Alarms {
    app: String,
    standing: Mutex<BTreeSet<(&'static str, i64)>>,
}

impl Alarms {
    pub fn new(app: String) -> Self {
        Alarms { app, standing: Mutex::default() }
    }

    /// A call was refused for a reason that only a person can end.
    pub fn refused(&self, error: &ApiError) {
        if self.raise(error) {
            announce(&self.app, error);
        }
    }

    /// A call succeeded: what kept this API, or the whole app, from working is over.
    pub fn succeeded(&self, api: &'static str) {
        let over = self.end(api);
        for (api, code) in over {
            tracing::info!(app = self.app, api, code, "WeCom takes our calls again");
        }
    }

    /// Whether this is news. One request's own trouble (a member outside the app's range) is no alarm.
    fn raise(&self, error: &ApiError) -> bool {
        let key = match (error.class(), error.code) {
            // Not of one API: any success ends it.
            (Class::Ip, code) | (_, code @ (50003 | 60031 | 301007)) => ("", code),
            (_, code @ (48001 | 48002 | 48004 | 48006 | 48009 | 50006 | 301002)) => (error.api, code),
            _ => return false,
        };
        self.standing.lock().unwrap_or_else(PoisonError::into_inner).insert(key)
    }

    fn end(&self, api: &'static str) -> Vec<(&'static str, i64)> {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        if standing.is_empty() {
            return Vec::new();
        }
        let (over, left) = standing.iter().partition(|(of, _)| of.is_empty() || *of == api);
        *standing = left;
        let over: BTreeSet<_> = over;
        over.into_iter().collect()
    }
}

/// The alarm itself: what was refused and what to click.
pub(crate) fn announce(app: &str, error: &ApiError) {
    let remedy = error.remedy();
    tracing::error!(
        alarm = "wecom",
        app,
        code = error.code,
        %error,
        remedy = remedy.as_ref().map_or("", Remedy::zh),
        "WeCom refuses us until a person puts this right"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_told_once_and_again_only_after_it_was_over() {
        let alarms = Alarms::new("app".into());
        let raise = |api, code| alarms.raise(&ApiError::new(api, code, ""));
        assert!(raise("user/get", 60020));
        assert!(!raise("user/list", 60020), "the address is refused everywhere");
        assert!(raise("message/send", 48002));
        assert!(!raise("user/get", 60011), "one member's range is no alarm");
        assert_eq!(alarms.end("user/get"), [("", 60020)]);
        assert!(raise("user/get", 60020));
        assert!(!raise("message/send", 48002), "that one still stands");
    }
}
