//! Which part of Rollcall somebody uses, and on what. A day, a member, a module: nothing finer is kept.

/// How long it is kept who used what: as long as WeCom keeps its own. What is counted from it stays.
pub const KEPT_DAYS: u64 = 180;

/// A part of Rollcall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Module {
    /// 填报
    Reports,
    /// 统计
    Statistics,
    /// 未报与催办
    Unreported,
    /// 核查
    Reviews,
    /// 通知
    Announcements,
    /// 人员: registration, leave, standing, dormitories, photos, exports.
    People,
    /// 我的数据
    Me,
    /// 企业微信使用情况
    Platform,
    /// 系统管理
    Administration,
}

impl Module {
    /// All.
    pub const ALL: [Self; 9] = [
        Self::Reports,
        Self::Statistics,
        Self::Unreported,
        Self::Reviews,
        Self::Announcements,
        Self::People,
        Self::Me,
        Self::Platform,
        Self::Administration,
    ];

    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reports => "reports",
            Self::Statistics => "statistics",
            Self::Unreported => "unreported",
            Self::Reviews => "reviews",
            Self::Announcements => "announcements",
            Self::People => "people",
            Self::Me => "me",
            Self::Platform => "platform",
            Self::Administration => "administration",
        }
    }

    /// The module an address of the API belongs to; none for what every page asks for.
    pub fn of_path(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix("/api/v1/")?.split('/');
        Some(match parts.next()? {
            // The notice is asked for by every form.
            "me" => return parts.next().filter(|part| *part != "privacy-notice").map(|_| Self::Me),
            "jssdk" | "openapi.json" => return None,
            // The tiles stand on everybody's first page.
            "portal" => return (parts.next() == Some("entries")).then_some(Self::Administration),
            "access-log" => Self::Me,
            "forms" | "reports" | "attachments" => Self::Reports,
            "statistics" | "trips" | "movements" | "sign-offs" => Self::Statistics,
            "unreported" | "reminders" => Self::Unreported,
            "reviews" => Self::Reviews,
            "announcements" => Self::Announcements,
            "people" | "phone-corrections" | "registration" | "exemptions" | "statuses" | "corrections"
            | "residences" | "photos" | "class-counsellors" | "exports" | "export-templates" => Self::People,
            "platform" => Self::Platform,
            _ => Self::Administration,
        })
    }
}

/// On what somebody uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Client {
    /// Android
    Android,
    /// iOS
    Ios,
    /// Windows
    Windows,
    /// macOS
    Mac,
    /// Anything else.
    Other,
}

impl Client {
    /// As it stands in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::Ios => "ios",
            Self::Windows => "windows",
            Self::Mac => "mac",
            Self::Other => "other",
        }
    }

    /// As people write it.
    pub fn title(name: &str) -> &str {
        match name {
            "android" => "Android",
            "ios" => "iOS",
            "windows" => "Windows",
            "mac" => "macOS",
            "other" => "其他",
            // As the console calls it.
            other => other,
        }
    }

    /// What a browser calls itself.
    pub fn of_user_agent(words: &str) -> Self {
        // An iPhone says Mac OS too, and an Android Linux.
        let has = |word: &str| words.contains(word);
        if has("Android") {
            Self::Android
        } else if has("iPhone") || has("iPad") {
            Self::Ios
        } else if has("Windows") {
            Self::Windows
        } else if has("Macintosh") || has("Mac OS X") {
            Self::Mac
        } else {
            Self::Other
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_belong_to_modules() {
        for (path, module) in [
            ("/api/v1/forms", Some(Module::Reports)),
            ("/api/v1/forms/health-daily", Some(Module::Reports)),
            ("/api/v1/statistics/health-daily/people", Some(Module::Statistics)),
            ("/api/v1/me", None),
            ("/api/v1/me/data", Some(Module::Me)),
            ("/api/v1/me/privacy-notice", None),
            ("/api/v1/jssdk", None),
            ("/api/v1/portal/4/passes", None),
            ("/api/v1/portal/entries/4", Some(Module::Administration)),
            ("/api/v1/sync-runs/4", Some(Module::Administration)),
            ("/healthz", None),
        ] {
            assert_eq!(Module::of_path(path), module, "{path}");
        }
    }

    #[test]
    fn a_browser_says_what_it_runs_on() {
        for (words, client) in [
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) wxwork/4.1", Client::Ios),
            ("Mozilla/5.0 (Linux; Android 12; M2) wxwork/4.1", Client::Android),
            ("Mozilla/5.0 (Windows NT 10.0; WOW64) wxwork/4.1", Client::Windows),
            ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", Client::Mac),
            ("curl/8", Client::Other),
        ] {
            assert_eq!(Client::of_user_agent(words), client, "{words}");
        }
    }
}
