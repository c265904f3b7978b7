//! What somebody recognises a browser they are signed in with by: from where, on what, with what. What the browser calls
//! itself is not kept.

use crate::platform::visit::Client;

/// At most so many sessions of a member in a channel: one more ends the one that was not seen for the longest time.
pub const MOST: i64 = 5;

/// From where someone signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// Inside 企业微信: silent.
    InClient,
    /// A browser on a PC: by scanning a code.
    Browser,
}

impl Channel {
    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InClient => "h5",
            Self::Browser => "pc",
        }
    }

    /// 企业微信's own browser says so (doc 90315).
    pub fn of_user_agent(words: &str) -> Self {
        if words.contains("wxwork/") { Self::InClient } else { Self::Browser }
    }
}

/// With what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Browser {
    /// 企业微信
    Wecom,
    /// 微信
    Wechat,
    /// Edge
    Edge,
    /// Firefox
    Firefox,
    /// Chrome
    Chrome,
    /// Safari
    Safari,
    /// Anything else.
    Other,
}

impl Browser {
    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Wecom => "wecom",
            Self::Wechat => "wechat",
            Self::Edge => "edge",
            Self::Firefox => "firefox",
            Self::Chrome => "chrome",
            Self::Safari => "safari",
            Self::Other => "other",
        }
    }

    /// What a browser calls itself.
    pub fn of_user_agent(words: &str) -> Self {
        // 企业微信 says MicroMessenger too, Edge Chrome and Safari, and Chrome Safari.
        let has = |word: &str| words.contains(word);
        if has("wxwork/") {
            Self::Wecom
        } else if has("MicroMessenger/") {
            Self::Wechat
        } else if has("Edg/") || has("EdgA/") || has("EdgiOS/") {
            Self::Edge
        } else if has("Firefox/") || has("FxiOS/") {
            Self::Firefox
        } else if has("Chrome/") || has("CriOS/") {
            Self::Chrome
        } else if has("Safari/") {
            Self::Safari
        } else {
            Self::Other
        }
    }
}

/// A browser somebody signs in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// From where.
    pub channel: Channel,
    /// On what.
    pub system: Client,
    /// With what.
    pub browser: Browser,
}

impl Device {
    /// What a browser calls itself.
    pub fn of_user_agent(words: &str) -> Self {
        Self {
            channel: Channel::of_user_agent(words),
            system: Client::of_user_agent(words),
            browser: Browser::of_user_agent(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_recognised_by_three_words() {
        for (words, channel, browser, system) in [
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) MicroMessenger/7.0 wxwork/4.1",
                "h5",
                "wecom",
                "ios",
            ),
            ("Mozilla/5.0 (Linux; Android 12) Chrome/120 MicroMessenger/8.0", "pc", "wechat", "android"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/120.0 Safari/537.36 Edg/120.0",
                "pc",
                "edge",
                "windows",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0",
                "pc",
                "firefox",
                "other",
            ),
            ("Mozilla/5.0 (Windows NT 10.0) Chrome/120.0 Safari/537.36", "pc", "chrome", "windows"),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.0 Safari/605.1",
                "pc",
                "safari",
                "mac",
            ),
            ("", "pc", "other", "other"),
        ] {
            let device = Device::of_user_agent(words);
            let told = (device.channel.as_str(), device.browser.as_str(), device.system.as_str());
            assert_eq!(told, (channel, browser, system), "{words}");
        }
    }
}
