//! How WeCom says no. Which code stands for what is in protocol.md's table of error codes; the words are WeCom's
//! own where they are known.

/// An error code and the beginning of its `errmsg`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// `errcode`
    pub code: i64,
    /// `errmsg` up to the hint.
    pub reason: &'static str,
}

macro_rules! refusals {
    ($($name:ident = $code:literal $reason:literal;)*) => {
        impl Refusal {
            $(#[doc = $reason] pub const $name: Refusal = Refusal { code: $code, reason: $reason };)*

            #[cfg(test)]
            const ALL: &'static [Refusal] = &[$(Self::$name),*];

            /// The usual words for a code that a fault orders.
            pub fn reason_of(code: i64) -> &'static str {
                match code {
                    $($code => $reason,)*
                    42003 => "code expired",
                    42022 => "code has been used",
                    45033 => "api concurrent out of limit",
                    _ => "error",
                }
            }
        }
    };
}

refusals! {
    BUSY = -1 "system error";
    SECRET = 40001 "invalid credential";
    MSGTYPE = 40008 "invalid message type";
    CORPID = 40013 "invalid corpid";
    TOKEN = 40014 "invalid access_token";
    CODE = 40029 "invalid code";
    USERID_LIST = 40031 "invalid userid list";
    USERID_LIST_LENGTH = 40032 "invalid userid list size";
    AGENTID = 40056 "invalid agentid";
    PARAMETER = 40058 "invalid Request Parameter";
    PARAMETER_MISSING = 40063 "some parameters are empty";
    URL_LENGTH = 40039 "invalid url size";
    TOKEN_MISSING = 41001 "access_token missing";
    CORPID_MISSING = 41002 "corpid missing";
    SECRET_MISSING = 41004 "corpsecret missing";
    CODE_MISSING = 41008 "missing auth code";
    USERID_MISSING = 41009 "missing userid";
    URL_MISSING = 41010 "missing url";
    AGENTID_MISSING = 41011 "missing agentid";
    TITLE_MISSING = 41016 "missing title";
    DESCRIPTION_MISSING = 41033 "missing description";
    TOKEN_EXPIRED = 42001 "access_token expired";
    MESSAGE_TOO_OLD = 42052 "msgid expired";
    TEXT_EMPTY = 44004 "empty content";
    FREQUENCY = 45009 "api freq out of limit";
    URL_SCHEME = 45034 "url missing http/https scheme";
    API_FORBIDDEN = 48002 "api forbidden";
    DETAILS_FORBIDDEN = 48009 "api forbidden for contacts assistant from this ip";
    REDIRECT_DOMAIN = 50001 "redirect_url is not registered in app's trusted domains";
    CURSOR = 60268 "invalid cursor";
    NO_PRIVILEGE = 60011 "no privilege to access/modify contact/party/agent";
    IP = 60020 "not allow to access from your ip";
    USER_UNKNOWN = 60111 "userid not found";
    PARTY_UNKNOWN = 60123 "invalid party id";
    RECIPIENTS_INVALID = 81013 "user & party & tag all invalid";
    RECIPIENTS_EMPTY = 82001 "touser, toparty and totag all empty";
    PARTY_LIST_LENGTH = 82002 "invalid party list size";
    TAG_LIST_LENGTH = 82003 "invalid tag list size";
    USER_TICKET_EXPIRED = 84014 "user_ticket expired";
    USER_TICKET = 84015 "invalid user_ticket";
    USER_TICKET_MISSING = 84090 "missing user_ticket";
    TICKET_TYPE = 91040 "invalid ticket type";
    NO_SENSITIVE_FIELDS = 92001 "no privilege to access sensitive info";
    OTHER_AGENT = 301002 "not allow operate another agent with this accesstoken";
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn every_code_is_one_of_wecoms() {
        let known: Vec<Value> =
            serde_json::from_str(include_str!("../../../../fixtures/wecom/errcodes.json")).unwrap();
        let known: Vec<i64> = known.iter().filter_map(|entry| entry["code"].as_i64()).collect();
        for refusal in Refusal::ALL {
            assert!(known.contains(&refusal.code), "{refusal:?}");
        }
    }
}
