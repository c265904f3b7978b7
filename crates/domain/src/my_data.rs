//! 我的数据: in which parts everything that is held on a person is handed to them, and what its words mean.
//!
//! Each part is read by one statement (`store::my_data::held`). Here stands how people read it: its title, its columns in
//! their order, and the words for codes. What is held and is in no part stands in [`LEFT_OUT`] with its reason; a test
//! compares both with the privacy manifest.

use crate::region;

mod parts;
mod words;

pub use parts::PARTS;

/// Copies a person may take a day.
pub const COPIES_A_DAY: i64 = 10;
/// How long it is kept who took a copy, in days.
pub const COPIES_KEPT_DAYS: i64 = 180;

/// What several parts are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// 登记信息与账号
    Profile,
    /// 班级、学籍、住宿
    Standing,
    /// 填报与行程
    Reports,
    /// 核查与跟进
    Care,
    /// 消息
    Messages,
    /// 门禁与访客
    Gates,
    /// 使用记录
    Use,
    /// 权限与访问记录
    Rights,
}

impl Group {
    /// All, in the order they are shown.
    pub const ALL: [Self; 8] = [
        Self::Profile,
        Self::Standing,
        Self::Reports,
        Self::Care,
        Self::Messages,
        Self::Gates,
        Self::Use,
        Self::Rights,
    ];

    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Standing => "standing",
            Self::Reports => "reports",
            Self::Care => "care",
            Self::Messages => "messages",
            Self::Gates => "gates",
            Self::Use => "use",
            Self::Rights => "rights",
        }
    }

    /// As people read it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Profile => "登记信息与账号",
            Self::Standing => "班级、学籍与住宿",
            Self::Reports => "填报与行程",
            Self::Care => "核查与跟进",
            Self::Messages => "消息与邀请",
            Self::Gates => "门禁与访客",
            Self::Use => "使用记录",
            Self::Rights => "权限与访问记录",
        }
    }
}

/// Rows of one kind.
#[derive(Debug)]
pub struct Part {
    /// As it stands in JSON.
    pub name: &'static str,
    /// What it belongs to.
    pub group: Group,
    /// As people read it.
    pub title: &'static str,
    /// Its columns, in the order they are read.
    pub columns: &'static [Column],
}

/// One column of a part.
#[derive(Debug)]
pub struct Column {
    /// As it stands in JSON.
    pub name: &'static str,
    /// As people read it.
    pub title: &'static str,
    /// How its values are read.
    pub reads: Reads,
}

/// How a value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// As it is.
    Plain,
    /// An instant, shown in the school's time.
    Moment,
    /// A county by its code.
    Region,
    /// A code of ours, by the words for it; another one is shown as it is.
    Code(&'static [(&'static str, &'static str)]),
    /// The answers to a form: question by question.
    Answers,
}

impl Reads {
    /// The word for a code.
    pub fn word(self, code: &str) -> String {
        match self {
            Self::Code(words) => {
                words.iter().find(|(known, _)| *known == code).map_or(code, |(_, word)| word).to_owned()
            }
            Self::Region => region::path(code),
            Self::Plain | Self::Moment | Self::Answers => code.to_owned(),
        }
    }
}

const fn plain(name: &'static str, title: &'static str) -> Column {
    Column { name, title, reads: Reads::Plain }
}

const fn moment(name: &'static str, title: &'static str) -> Column {
    Column { name, title, reads: Reads::Moment }
}

const fn code(
    name: &'static str,
    title: &'static str,
    words: &'static [(&'static str, &'static str)],
) -> Column {
    Column { name, title, reads: Reads::Code(words) }
}

/// Tables that say something of people and are in no part, and why, as people read it.
pub const LEFT_OUT: &[(&str, &str)] = &[
    ("jobs", "后台任务只有编号和回调里的账号，完成 1 天后删除，失败的 90 天后"),
    ("idempotency_keys", "防止重复提交的回执，内容与填报记录相同，两天后删除"),
    ("sign_in_flows", "进行中的登录，只存散列，十分钟后失效"),
    ("staging_members", "一次同步之内的暂存，同步结束即清空；结果在账号里"),
    ("staging_member_departments", "一次同步之内的暂存，同步结束即清空；结果在账号所在部门里"),
    ("change_sets", "别人做的批量操作，为了撤销保留 30 天；对本人的结果在各项记录里"),
    ("changes", "批量操作之前的整行副本，为了撤销保留 30 天，内容与各项记录相同"),
    ("photo_chunks", "等待处理的照片压缩包，不知道里面有谁，处理完立即删除"),
    ("export_chunks", "等待下载的名单文件，24 小时后删除；含本人的名单记在访问记录里"),
    ("inbox", "企业微信发来的原始消息，密封且不按人存放，处理完 7 天后删除；其中的填报在填报记录里"),
    ("outbox_batches", "发给企业微信的原样字节，内容与收到的消息相同，7 天后清空"),
    ("card_updates", "卡片的改动，内容与填报记录相同，7 天后删除"),
    ("announcements", "通知的原文与名单是学校的；发给本人的每一条在收到的消息里"),
    ("gate_pseudonyms", "通行码里当天的化名，是随机的字节；进出记录里有用它换来的结果"),
    ("export_templates", "本人工作中保存的模板，不是关于本人的数据"),
    ("audit_events", "查看与改动的另一份，编号成链以便查出改动；谁看过本人在访问记录里，改动在各项记录里"),
    ("reading_budgets", "本人工作中每天看了多少人，180 天后删除；看了谁由审计保存"),
    ("reading_lifts", "本人工作中被放宽的查看额度，180 天后删除"),
    ("reading_alarms", "本人工作中查看量的告警，由别人核实，180 天后删除"),
    ("exports", "本人工作中做的导出，由审计保存；含本人的名单记在访问记录里"),
    ("export_downloads", "本人工作中的下载，由审计保存"),
    ("photo_uploads", "本人工作中上传的照片包"),
    ("invitation_rounds", "本人工作中发起的邀请；本人收到的邀请在邀请激活里"),
    ("retention_holds", "本人工作中设置的保全，是对表单的"),
    ("forms", "本人工作中设计的表单"),
    ("form_versions", "本人工作中发布的表单"),
    ("form_acts", "本人工作中对表单的操作"),
    ("sign_offs", "本人工作中的签报，是班级的数字"),
    ("movement_sign_offs", "本人工作中的签报，是部门的数字"),
    ("reminder_rule_acts", "本人工作中对提醒规则的操作"),
    ("reminder_settings", "谁最后改过提醒设置"),
    ("school_days", "谁录入了校历"),
    ("digest_rules", "谁最后改过摘要规则"),
    ("outages", "谁登记了中断"),
    ("privacy_notices", "谁发布了告知书；本人的同意在告知与同意里"),
    ("write_plans", "本人工作中做的回写方案；写到本人账号的每一步在回写里"),
    ("gate_devices", "谁配对了门岗设备"),
    ("gate_pairings", "谁做了配对码，十分钟后失效"),
    ("gate_keys", "谁停用了通行码密钥"),
    ("platform_figures", "谁登记了用量数字"),
    ("portal_entries", "谁改了入口"),
    ("portal_lists", "谁导入了名单；本人在名单上的记录在对方名单里"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_name_is_said_once_and_every_title_says_something() {
        let names: BTreeSet<&str> = PARTS.iter().map(|part| part.name).collect();
        assert_eq!(names.len(), PARTS.len());
        for part in PARTS {
            let columns: BTreeSet<&str> = part.columns.iter().map(|column| column.name).collect();
            assert_eq!(columns.len(), part.columns.len(), "{}", part.name);
            let titles = part.columns.iter().map(|column| column.title).chain([part.title]);
            assert!(titles.into_iter().all(|title| !title.is_empty()), "{}", part.name);
        }
        for group in Group::ALL {
            assert!(PARTS.iter().any(|part| part.group == group), "{group:?} is empty");
        }
    }

    #[test]
    fn codes_are_read_in_words_and_unknown_ones_as_they_are() {
        let reads = Reads::Code(&[("a", "甲")]);
        assert_eq!((reads.word("a"), reads.word("b")), ("甲".to_owned(), "b".to_owned()));
        assert_eq!(Reads::Region.word("410105"), "河南省郑州市金水区");
        assert_eq!(Reads::Plain.word("a"), "a");
    }
}
