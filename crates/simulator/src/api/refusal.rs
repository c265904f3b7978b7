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
                    _ => "error",
                }
            }
        }
    };
}

refusals! {
    BUSY = -1 "system error";
    SECRET = 40001 "invalid credential";
    USERID_INVALID = 40003 "invalid userid";
    MEDIA_FORMAT = 40004 "invalid media file type";
    MEDIA_TYPE = 40005 "invalid media type";
    MEDIA_SIZE = 40006 "invalid file size";
    MEDIA_ID = 40007 "invalid media_id";
    MSGTYPE = 40008 "invalid message type";
    CORPID = 40013 "invalid corpid";
    TOKEN = 40014 "invalid access_token";
    MENU_BUTTONS = 40016 "invalid button size";
    MENU_TYPE = 40017 "invalid button type";
    MENU_NAME = 40018 "invalid button name size";
    MENU_KEY = 40019 "invalid button key size";
    MENU_URL = 40020 "invalid button url size";
    SUBMENU_BUTTONS = 40023 "invalid sub button size";
    SUBMENU_TYPE = 40024 "invalid sub button type";
    SUBMENU_NAME = 40025 "invalid sub button name size";
    SUBMENU_KEY = 40026 "invalid sub button key size";
    SUBMENU_URL = 40027 "invalid sub button url size";
    CODE = 40029 "invalid code";
    USERID_LIST = 40031 "invalid userid list";
    USERID_LIST_LENGTH = 40032 "invalid userid list size";
    URL_LENGTH = 40039 "invalid url size";
    MENU_URL_SCHEME = 40055 "invalid menu url";
    AGENTID = 40056 "invalid agentid";
    PARAMETER = 40058 "invalid Request Parameter";
    PARAMETER_MISSING = 40063 "some parameters are empty";
    TAGID = 40068 "invalid tagid";
    TAG_ALL_INVALID = 40070 "all users and parties invalid";
    TAG_NAME_EXISTS = 40071 "tag name exists";
    TAG_NAME = 40072 "invalid tag name size";
    JOBID = 40089 "invalid jobid";
    TOKEN_MISSING = 41001 "access_token missing";
    CORPID_MISSING = 41002 "corpid missing";
    SECRET_MISSING = 41004 "corpsecret missing";
    MEDIA_ID_MISSING = 41006 "missing media_id";
    CODE_MISSING = 41008 "missing auth code";
    USERID_MISSING = 41009 "missing userid";
    URL_MISSING = 41010 "missing url";
    AGENTID_MISSING = 41011 "missing agentid";
    TITLE_MISSING = 41016 "missing title";
    DESCRIPTION_MISSING = 41033 "missing description";
    TOKEN_EXPIRED = 42001 "access_token expired";
    CODE_EXPIRED = 42003 "code expired";
    TICKET_KIND = 42012 "jsapi ticket of another kind";
    TASK_ID = 42014 "invalid task_id";
    CARD_OTHER_APP = 42015 "not the sender of the card";
    BUTTON_NAME = 42020 "missing button name";
    CODE_USED = 42022 "code has been used";
    LINE_KEYNAME = 42027 "missing horizontal_content_list.keyname";
    CARD_URL = 42028 "missing url of card part";
    LINE_MEDIA = 42029 "missing horizontal_content_list.media_id";
    CARD_APPID = 42030 "missing appid of card part";
    CARD_TYPE = 42031 "invalid card_type";
    PART_TITLE = 42033 "missing title of card part";
    LINES = 42035 "invalid horizontal_content_list size";
    PARAGRAPHS = 42036 "invalid vertical_content_list size";
    OPTIONS = 42037 "invalid option_list size";
    BUTTON_TEXT = 42038 "invalid button_list.text";
    BUTTON_KEY = 42039 "invalid button_list.key";
    OPTION_ID = 42040 "invalid option_list.id";
    OPTION_TEXT = 42041 "invalid option_list.text";
    JUMPS = 42042 "invalid jump_list size";
    QUESTION_KEY = 42043 "invalid question_key";
    CARD_IMAGE = 42044 "invalid card_image.url";
    CARD_ACTION = 42045 "invalid card_action";
    SUBMIT_KEY = 42046 "invalid submit_button.key";
    SELECT_LIST = 42047 "invalid select_list size";
    SUBMIT_TEXT = 42049 "invalid submit_button.text";
    LINE_USERID = 42050 "invalid horizontal_content_list.userid";
    MENU_KEY_DOUBLED = 42051 "action_menu key conflict";
    MESSAGE_TOO_OLD = 42052 "msgid expired";
    CALLBACK_NEEDED = 43012 "callback url not configured";
    MEDIA_EMPTY = 44001 "empty media data";
    TEXT_EMPTY = 44004 "empty content";
    MEDIA_TOO_LARGE = 45001 "media size out of limit";
    CONTENT_SIZE = 45002 "content size out of limit";
    AGENT_DESCRIPTION = 45004 "invalid app description size";
    ARTICLES = 45008 "article count out of limit";
    FREQUENCY = 45009 "api freq out of limit";
    AGENT_NAME = 45022 "invalid app name size";
    ACCOUNTS = 45024 "account limit reached";
    DELETES_TOO_MANY = 45026 "too many members would be deleted";
    AUTHOR_LENGTH = 45032 "author size out of limit";
    CONCURRENCY = 45033 "api concurrent out of limit";
    URL_SCHEME = 45034 "url missing http/https scheme";
    MENU_NONE = 46003 "menu no exist";
    USER_NOT_FOUND = 46004 "user no exist";
    API_FORBIDDEN = 48002 "api forbidden";
    DETAILS_FORBIDDEN = 48009 "api forbidden for contacts assistant from this ip";
    REDIRECT_DOMAIN = 50001 "redirect_url is not registered in app's trusted domains";
    APP_CLOSED = 50003 "app is disabled";
    PARTY_NAME = 60001 "invalid department name size";
    PARTY_ID_UNKNOWN = 60003 "department not found";
    PARENT_UNKNOWN = 60004 "parent department not found";
    PARTY_HAS_MEMBERS = 60005 "department contains user";
    PARTY_HAS_PARTIES = 60006 "department contains sub-department";
    PARTY_ROOT = 60007 "root department can't be deleted";
    PARTY_EXISTS = 60008 "department existed";
    PARTY_NAME_SIGNS = 60009 "invalid character in department name";
    PARTY_CYCLE = 60010 "department cycle";
    NO_PRIVILEGE = 60011 "no privilege to access/modify contact/party/agent";
    IP = 60020 "not allow to access from your ip";
    OUT_OF_RANGE = 60021 "userid not in app's visible range";
    USERID_EXISTS = 60102 "userid existed";
    MOBILE_INVALID = 60103 "invalid mobile";
    MOBILE_EXISTS = 60104 "mobile existed";
    EMAIL_INVALID = 60105 "invalid email";
    EMAIL_EXISTS = 60106 "email existed";
    PARTIES_OF_USER = 60110 "too many departments of user";
    USER_UNKNOWN = 60111 "userid not found";
    NAME_INVALID = 60112 "invalid name";
    PARTY_UNKNOWN = 60123 "invalid party id";
    PARENT_INVALID = 60124 "invalid parent party id";
    MOBILE_AND_EMAIL_MISSING = 60129 "missing mobile and email";
    LEADER_LENGTH = 60132 "is_leader_in_dept and department differ in size";
    RESPONSE_CODE = 60140 "invalid response_code";
    EMAIL_NOT_FOUND = 60147 "email not found";
    CURSOR = 60268 "invalid cursor";
    PARTY_NODES = 81001 "too many nodes under department";
    PARTY_DEPTH = 81002 "department too deep";
    TAG_NODES = 81003 "too many nodes under tag";
    TAG_FORBIDDEN = 81011 "no privilege to change tag";
    RECIPIENTS_INVALID = 81013 "user & party & tag all invalid";
    TAG_TOO_MANY = 81014 "too many users or parties";
    TOO_MANY_ITEMS = 81017 "too many items";
    RECIPIENTS_EMPTY = 82001 "touser, toparty and totag all empty";
    PARTY_LIST_LENGTH = 82002 "invalid party list size";
    TAG_LIST_LENGTH = 82003 "invalid tag list size";
    UPDATE_NOBODY = 82101 "no user to update";
    UPDATE_STRANGER = 82102 "user not in the message";
    USER_TICKET_EXPIRED = 84014 "user_ticket expired";
    USER_TICKET = 84015 "invalid user_ticket";
    NO_OUTSIDER = 84061 "not external contact";
    USER_TICKET_MISSING = 84090 "missing user_ticket";
    DOMAIN_UNPROVED = 85005 "domain ownership not verified";
    CHATID = 86001 "invalid chatid";
    CHAT_UNKNOWN = 86003 "chatid not exist";
    CHAT_SIZE = 86006 "invalid chat member count";
    CHAT_MEMBER = 86007 "invalid chat member";
    CHATID_MISSING = 86201 "missing chatid";
    CHAT_MEMBERS_MISSING = 86204 "missing chat member list";
    CHATID_LENGTH = 86205 "chatid too long";
    CHAT_OWNER_OUTSIDE = 86207 "chat owner not in member list";
    CHAT_EXISTS = 86215 "chatid exists";
    CHAT_MEMBER_ILLEGAL = 86216 "illegal chat member";
    APPID_MISSING = 90200 "missing mini program appid";
    NOTICE_ITEMS = 90201 "too many content_item";
    NOTICE_KEY = 90202 "invalid content_item key";
    NOTICE_VALUE = 90203 "invalid content_item value";
    NOTICE_PAGE = 90204 "invalid page";
    TICKET_TYPE = 91040 "invalid ticket type";
    NO_SENSITIVE_FIELDS = 92001 "no privilege to access sensitive info";
    TILES_OFF = 94000 "custom workbench mode not enabled";
    TILE_TYPE = 94001 "invalid type";
    TILE_KEYS_MISSING = 94002 "missing keydata";
    TILE_KEYS = 94003 "too many keydata items";
    TILE_LINES_MISSING = 94005 "missing list";
    TILE_LINES = 94006 "too many list items";
    TILE_PAGE_MISSING = 94007 "missing webview";
    TILE_NO_TEMPLATE = 94008 "no workbench template type set";
    TILE_HEIGHT = 94011 "invalid webview height";
    TILE_DATA = 94012 "missing data";
    TILE_IMAGE = 94013 "invalid image url";
    TILE_TITLE = 94014 "invalid list title";
    TILE_PAGE = 94015 "invalid webview url";
    TILE_OTHER_HEIGHT = 94016 "height differs from template";
    OTHER_AGENT = 301002 "not allow operate another agent with this accesstoken";
    CREATOR = 301005 "creator can't be deleted";
    POSITION_INVALID = 301012 "invalid position";
    VOICE_FORMAT = 301017 "voice file not amr";
    USERIDS = 301023 "invalid useridlist size";
    APPROVAL_PARAMETER = 301025 "invalid parameter";
    USERID_FIXED = 301036 "userid can't be changed";
    APPROVAL_RANGE = 301055 "no approval auth";
    IMPORT_USERID = 302003 "userid twice or missing";
    IMPORT_TREE = 302004 "invalid organisation tree";
    IMPORT_PARTYID = 302006 "partyid twice";
    BEHAVIOUR_TIME = 600018 "invalid start_time or end_time";
    MEDIA_IN_PIECES = 830002 "file too large, use range";
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
