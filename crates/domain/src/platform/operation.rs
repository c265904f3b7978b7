//! What WeCom's two logs of operations call what was done.

/// Which log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Log {
    /// 成员操作记录
    Member,
    /// 管理端操作日志
    Admin,
}

impl Log {
    /// As it stands in the database and in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
        }
    }
}

/// A contact outside was added.
pub const CONTACT_ADDED: i32 = 1;
/// … or deleted.
pub const CONTACT_REMOVED: i32 = 2;

const OF_MEMBERS: [(i32, &str); 17] = [
    (1, "添加外部联系人"),
    (2, "删除外部联系人"),
    (3, "标记企业客户"),
    (4, "新设备登录"),
    (5, "更换手机号"),
    (6, "绑定微信"),
    (7, "换绑微信"),
    (8, "邀请成员"),
    (9, "封禁登录"),
    (11, "修改昵称"),
    (12, "修改姓名"),
    (13, "辅助设备登录"),
    (15, "确认付费功能订单"),
    (16, "应用变更"),
    (17, "确认会话存档订单"),
    (20, "封禁互通"),
    (21, "锁定设备"),
];

const OF_ADMINISTRATORS: [(i32, &str); 7] = [
    (2, "权限管理变更"),
    (3, "成员与部门变更"),
    (7, "其他"),
    (8, "应用变更"),
    (11, "通讯录与聊天管理"),
    (12, "企业信息变更"),
    (13, "外部联系人管理"),
];

/// What a type is called, as far as WeCom's pages say; they allow any number.
pub fn title(log: Log, kind: i32) -> Option<&'static str> {
    let names: &[(i32, &str)] = match log {
        Log::Member => &OF_MEMBERS,
        Log::Admin => &OF_ADMINISTRATORS,
    };
    names.iter().find(|(known, _)| *known == kind).map(|(_, title)| *title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_names_of_their_log() {
        assert_eq!(title(Log::Member, CONTACT_ADDED), Some("添加外部联系人"));
        assert_eq!(title(Log::Member, CONTACT_REMOVED), Some("删除外部联系人"));
        assert_eq!(title(Log::Admin, 2), Some("权限管理变更"));
        assert_eq!(title(Log::Admin, 1), None, "WeCom's sample has one its table has not");
    }
}
