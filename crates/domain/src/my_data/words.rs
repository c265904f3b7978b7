//! What our codes are called where people read their own data.

/// Codes and their words.
type Words = &'static [(&'static str, &'static str)];

pub(super) const KIND: Words = &[("student", "学生"), ("staff", "教职工")];
pub(super) const FIELD: Words = &[
    ("name", "姓名"),
    ("number", "学号/工号"),
    ("class", "班级"),
    ("major", "专业"),
    ("grade", "年级"),
    ("phone", "手机"),
    ("mail", "邮箱"),
    ("gender", "性别"),
    ("other", "其他"),
];
pub(super) const SOURCE: Words = &[
    ("correction", "更正"),
    ("consent", "本人授权"),
    ("roster", "名册"),
    ("directory", "通讯录"),
    ("manual", "人工登记"),
    ("list", "名单导入"),
    ("approval", "审批"),
    ("graduation", "批量毕业"),
];
/// WeCom's numbers (doc 90196).
pub(super) const ACCOUNT: Words = &[("1", "已激活"), ("2", "已禁用"), ("4", "未激活"), ("5", "已退出")];
pub(super) const PHOTO: Words = &[
    ("stored", "已保存"),
    ("replaced", "替换了原来的"),
    ("same", "与原来相同"),
    ("unknown", "没有这个人"),
    ("not_picture", "不是图片"),
    ("too_large", "太大"),
    ("twice", "重复"),
];
pub(super) const CORRECTION: Words = &[
    ("submitted", "待核对"),
    ("checked", "待更正"),
    ("fixed", "已更正"),
    ("refused", "未采纳"),
    ("withdrawn", "已撤回"),
];
pub(super) const STATUS: Words = &[
    ("transfer", "转班或调动"),
    ("graduation", "毕业"),
    ("completion", "结业"),
    ("withdrawal", "退学"),
    ("departure", "离校"),
    ("return", "复学或返校"),
    ("number", "改学号"),
    ("stay", "更正在册日期"),
    ("place", "更正班级"),
];
pub(super) const EXEMPTION: Words =
    &[("leave", "请假"), ("internship", "实习"), ("suspension", "休学"), ("deferral", "延期报到")];
pub(super) const APPROVAL_STATUS: Words = &[
    ("1", "审批中"),
    ("2", "已通过"),
    ("3", "已驳回"),
    ("4", "已撤销"),
    ("6", "通过后撤销"),
    ("7", "已删除"),
    ("10", "已支付"),
];
pub(super) const APPROVAL: Words = &[
    ("exempt", "登记为免报"),
    ("permit", "登记为通行证"),
    ("known", "已经登记过"),
    ("nothing", "没有整天"),
    ("unknown_person", "找不到人"),
    ("revoked", "已撤销登记"),
    ("not_granted", "没有通过"),
];
pub(super) const STATE: Words = &[("normal", "正常"), ("abnormal", "异常")];
pub(super) const FLAG: Words =
    &[("abnormal", "异常"), ("contradiction", "前后矛盾"), ("risk", "风险"), ("place", "地点不符")];
pub(super) const REPORT_SOURCE: Words = &[
    ("self", "本人填报"),
    ("behalf", "代报"),
    ("card", "卡片填报"),
    ("chat", "对话填报"),
    ("import", "导入"),
];
pub(super) const REVIEW: Words =
    &[("open", "待核查"), ("answered", "已重填"), ("sent_back", "已退回"), ("closed", "已办结")];
pub(super) const REVIEW_ACT: Words = &[
    ("opened", "系统发现"),
    ("sent_back", "退回"),
    ("answered", "本人重填"),
    ("noted", "备注"),
    ("closed", "办结"),
];
pub(super) const FOLLOW_UP: Words = &[
    ("no_phone", "没有手机"),
    ("no_network", "没有网络"),
    ("hospital", "就医住院"),
    ("unreachable", "联系不上"),
    ("refused", "拒绝填报"),
    ("other", "其他原因"),
];
pub(super) const MAILING: Words =
    &[("reminder", "提醒"), ("escalation", "给负责人的提醒"), ("notice", "通知")];
pub(super) const SENT: Words = &[
    ("waiting", "待发送"),
    ("frozen", "发送中"),
    ("sent", "已送达企业微信"),
    ("invalid", "账号无效"),
    ("unlicensed", "账号无使用许可"),
    ("skipped", "已填报，未再发送"),
    ("expired", "已过时，未发送"),
    ("unknown", "结果未知"),
    ("failed", "发送失败"),
    ("unreachable", "没有企业微信账号"),
    ("limited", "当天提醒已达上限，未发送"),
    ("out_of_range", "不在应用可见范围"),
    ("recalled", "已撤回"),
];
pub(super) const DIRECTION: Words = &[("in", "进"), ("out", "出")];
pub(super) const DECISION: Words = &[("allowed", "放行"), ("refused", "未放行")];
pub(super) const REFUSAL: Words = &[
    ("unreadable", "不是本校的通行码"),
    ("killed_key", "通行码已停用"),
    ("early", "通行码还未生效"),
    ("expired", "通行码已过期"),
    ("used", "通行码已经用过"),
    ("left", "不在名册中"),
    ("direction", "通道不走这个方向"),
    ("hours", "不在开放时间"),
    ("no_report", "当天还没有填报"),
    ("abnormal", "当天填报异常"),
    ("no_permit", "没有通行证"),
    ("already_in", "记录为已经在内"),
    ("already_out", "记录为已经在外"),
    ("device", "设备离线时未放行"),
];
pub(super) const PASSAGE_FLAG: Words = &[
    ("passback", "重复进出"),
    ("double", "一码两用"),
    ("travel", "一分钟两岗"),
    ("disputed", "离线放行存疑"),
    ("clock", "设备时间不准"),
];
pub(super) const PERMIT: Words = &[("single", "单次"), ("standing", "长期")];
pub(super) const ALARM: Words = &[
    ("abnormal", "填报异常的人进出"),
    ("forged", "伪造的码"),
    ("double", "一码两用"),
    ("travel", "一分钟两岗"),
    ("disputed", "离线放行存疑"),
    ("silent", "设备失联"),
];
pub(super) const CLIENT: Words =
    &[("android", "Android"), ("ios", "iOS"), ("windows", "Windows"), ("mac", "macOS"), ("other", "其他")];
pub(super) const USE: Words =
    &[("activated", "已激活"), ("not_activated", "未激活"), ("disabled", "已禁用"), ("left", "已退出")];
pub(super) const LOG: Words = &[("member", "成员操作日志"), ("admin", "管理员操作日志")];
pub(super) const STEP: Words = &[
    ("create_member", "新建账号"),
    ("move_member", "改部门"),
    ("rename_member", "改姓名"),
    ("disable_member", "停用账号"),
    ("set_phone", "改手机号"),
];
pub(super) const DONE: Words =
    &[("waiting", "待写入"), ("trying", "正在写入"), ("done", "已写入"), ("failed", "失败")];
pub(super) const HELD: Words = &[("member", "账号"), ("membership", "所在部门")];
pub(super) const ROLE: Words = &[
    ("class_assistant", "学生干部"),
    ("counsellor", "辅导员"),
    ("college_leader", "学院领导"),
    ("college_office", "学院办公室"),
    ("department_head", "部门负责人"),
    ("school_office", "学工办"),
    ("school_leader", "校领导"),
    ("administrator", "管理员"),
    ("auditor", "审计员"),
    ("gate_guard", "门卫"),
];
pub(super) const GRANT_ACT: Words = &[("given", "授权"), ("ended", "收回")];
pub(super) const LOOK: Words = &[
    ("answers", "填报内容"),
    ("attachment", "填报中的照片"),
    ("state", "名单上是否异常、待核查"),
    ("trip", "行程"),
    ("passage", "进出记录"),
    ("residence", "宿舍床位"),
    ("phone", "手机号"),
    ("photo", "照片"),
    ("export", "含姓名的名单"),
    ("export_phone", "含姓名和完整手机号的名单"),
    ("phone_correction", "更正手机号"),
    ("visitor_phone", "访客的手机号"),
    ("exemption_reason", "免报的事由"),
    ("status_reason", "学籍异动的原因"),
    ("permit_reason", "通行证的事由"),
    ("follow_up_reason", "未报的原因"),
    ("follow_up_note", "未报的原因和说明"),
    ("review_note", "核查的情况"),
    ("correction_request", "更正申请的内容"),
    ("phone_correction_reason", "更正手机号的原因"),
    ("visitor_about", "邀请访客的事由"),
    ("attachment", "填报中的照片"),
    ("sessions", "结束了所有登录"),
    ("second_factor", "重置了二次验证"),
];
pub(super) const PURPOSE: Words = &[
    ("call", "电话联系"),
    ("identify", "核对身份"),
    ("correction", "办理更正"),
    ("protect", "保护账号"),
    ("statistics", "看统计数字背后的人"),
    ("review", "核查填报"),
    ("gate", "门岗查验"),
    ("work", "日常管理"),
];
pub(super) const SECURITY_EVENT: Words = &[
    ("signed_in", "登录"),
    ("sign_in_failed", "登录没有成功"),
    ("refused", "被拒绝"),
    ("factor_passed", "二次验证通过"),
    ("factor_failed", "二次验证没有通过"),
];
pub(super) const CHANNEL: Words = &[("h5", "企业微信内"), ("pc", "浏览器")];
pub(super) const FORMAT: Words = &[("json", "数据文件"), ("html", "阅读版")];
pub(super) const INVITATION: Words = &[
    ("waiting", "待邀请"),
    ("trying", "正在邀请"),
    ("invited", "已邀请"),
    ("invalid", "账号无效"),
    ("already", "不用再邀请"),
    ("no_account", "没有账号"),
    ("unknown", "结果未知"),
    ("failed", "失败"),
];
