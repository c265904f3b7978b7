//! What can go wrong between us and WeCom, classed so that a caller knows what to do next.

use std::fmt;
use std::time::Duration;

use crate::errcodes;
pub use crate::errcodes::{Class, Retry};
use crate::message::MessageError;

/// Shorthand for this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call did not succeed. For the log and for decisions; never for a member's eyes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// WeCom does not give this app a token: secret, corp id or the app's state must be put right by a
    /// person. Not asked again for some minutes, because repeated wrong secrets block our address (doc 90313).
    #[error(
        "WeCom refuses the credentials of app \"{app}\": {refusal}; check its corp id and secret, and that the app is enabled"
    )]
    Configuration {
        /// The app's name in our configuration.
        app: String,
        /// What `gettoken` answered.
        refusal: ApiError,
    },
    /// WeCom answered with an error code.
    #[error("{0}")]
    Api(ApiError),
    /// The request certainly did not reach WeCom.
    #[error("{api}: no connection to WeCom: {reason}")]
    NotSent {
        /// Path of the call.
        api: &'static str,
        /// What the HTTP library says, without the address.
        reason: String,
    },
    /// It is unknown whether WeCom did what was asked: a timeout, a broken connection, a strange answer.
    #[error("{api}: no usable answer from WeCom: {reason}")]
    Unknown {
        /// Path of the call.
        api: &'static str,
        /// What is known, without address or content.
        reason: String,
    },
    /// WeCom refused this API for too many calls a while ago; it is not called before the pause has ended.
    #[error("{api}: paused for {} s after errcode {code}", retry_after.as_secs())]
    Paused {
        /// Path of the call.
        api: &'static str,
        /// The refusal's code.
        code: i64,
        /// How long the pause still lasts.
        retry_after: Duration,
    },
    /// Another process was asked to fetch the token and did not come back in time.
    #[error("waited in vain for the token of app \"{app}\" to be refreshed")]
    TokenBusy {
        /// The app's name in our configuration.
        app: String,
    },
    /// The token store failed.
    #[error("the token store failed")]
    Store(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The message breaks a limit of WeCom; nothing was sent.
    #[error("{0}")]
    Message(#[from] MessageError),
    /// The client can't be built from these settings.
    #[error("the client's settings are unusable: {0}")]
    Settings(String),
}

impl Error {
    /// WeCom's code, if it answered with one.
    pub fn code(&self) -> Option<i64> {
        match self {
            Error::Configuration { refusal, .. } => Some(refusal.code),
            Error::Api(error) => Some(error.code),
            Error::Paused { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether the call may have had its effect although it failed. A message is repeated after such an error
    /// only with the same bytes, and only inside the interval of the duplicate check.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Error::Unknown { .. } => true,
            // "System busy" does not say when it became busy.
            Error::Api(error) => error.code == -1,
            _ => false,
        }
    }

    /// How long WeCom's own pause of this call still lasts, where it is known; before that the call is not made.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Paused { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }

    /// Whether the same call may well succeed in a moment.
    pub fn is_passing(&self) -> bool {
        match self {
            Error::NotSent { .. }
            | Error::Unknown { .. }
            | Error::TokenBusy { .. }
            | Error::Paused { .. } => true,
            Error::Api(error) => matches!(error.action(), Action::BackOff | Action::Pause),
            _ => false,
        }
    }
}

/// What a refusal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A new token, and the same call again, once. The client does it.
    Refresh,
    /// The same call again, a few times at most, with growing pauses. The client does it for reading calls.
    BackOff,
    /// Nobody calls this API for a while. The client keeps to it.
    Pause,
    /// A person must put something right: see [`Error::remedy`].
    Configure,
    /// What was asked for is not there, or not for this app.
    Gone,
    /// The request is wrong and will stay so.
    Correct,
}

/// An answer of WeCom with an error code.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiError {
    /// Path of the call, e.g. `user/get`.
    pub api: &'static str,
    /// `errcode`.
    pub code: i64,
    /// The trace id and our address as WeCom saw it, which its support asks for. The rest of `errmsg` is
    /// dropped: it may quote what was sent.
    pub hint: String,
}

impl ApiError {
    pub(crate) fn new(api: &'static str, code: i64, errmsg: &str) -> Self {
        let hint = errmsg.find("hint:").and_then(|at| errmsg.get(at..)).unwrap_or("");
        let hint = hint.find(", more info").and_then(|end| hint.get(..end)).unwrap_or(hint);
        ApiError { api, code, hint: hint.chars().take(200).collect() }
    }

    /// What sort of error the code is.
    pub fn class(&self) -> Class {
        errcodes::find(self.code).map_or(Class::Other, |known| known.class)
    }

    /// What the code asks the caller to do.
    pub fn retry(&self) -> Retry {
        errcodes::find(self.code).map_or(Retry::None, |known| known.retry)
    }

    /// What the refusal asks for, by its code's class.
    pub fn action(&self) -> Action {
        match (self.class(), self.retry()) {
            (_, Retry::RefreshToken) => Action::Refresh,
            (Class::Rate, _) => Action::Pause,
            (Class::Busy, _) | (_, Retry::Backoff) => Action::BackOff,
            // Of one request, not of the app: a code or a user ticket.
            (Class::Auth, _)
                if matches!(self.code, 40029 | 40205 | 42003 | 42012 | 42022 | 43016 | 84014 | 84015) =>
            {
                Action::Gone
            }
            (Class::Auth | Class::Permission | Class::Ip, _) => Action::Configure,
            (Class::NotFound, _) => Action::Gone,
            (Class::Param | Class::Other, _) => Action::Correct,
        }
    }

    /// The meaning in Chinese, as short as WeCom's own table has it.
    pub fn meaning(&self) -> &'static str {
        errcodes::find(self.code).map_or("未知错误码", |known| known.meaning)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: errcode {} {}", self.api, self.code, self.meaning())?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, " ({})", self.hint) }
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_trace_id_of_an_errmsg_and_drops_the_rest() {
        let errmsg =
            "invalid user 张三, hint: [1576065934_28_e0fa], from ip: 203.0.113.9, more info at https://x";
        let error = ApiError::new("user/get", 60111, errmsg);
        assert_eq!(
            error.to_string(),
            "user/get: errcode 60111 UserID不存在 (hint: [1576065934_28_e0fa], from ip: 203.0.113.9)"
        );
        assert_eq!(error.class(), Class::NotFound);
    }

    #[test]
    fn a_code_that_came_after_the_table_is_other() {
        let error = ApiError::new("user/get", 999_999, "something new");
        assert_eq!((error.class(), error.retry()), (Class::Other, Retry::None));
        assert_eq!(error.to_string(), "user/get: errcode 999999 未知错误码");
    }
}
