//! Names that a Chinese school might have on its lists. Combined at random: nobody is meant.

use super::random::Random;

/// The most frequent family names, most frequent first.
const FAMILY: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何",
    "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹", "袁", "邓",
    "许", "傅", "沈", "曾", "彭", "吕", "苏", "卢", "蒋", "蔡", "贾", "丁", "魏", "薛", "叶", "阎", "余",
    "潘", "杜", "戴", "夏", "钟", "汪", "田", "任", "姜", "范", "方", "石", "姚", "谭", "廖", "邹", "熊",
    "金", "陆", "郝", "孔", "白", "崔", "康", "邱", "秦", "史", "顾", "侯", "邵", "孟", "龙", "万", "段",
    "雷", "钱", "汤", "尹", "黎", "易", "常", "武", "乔", "贺", "赖", "龚", "文", "欧阳", "上官", "司马",
    "诸葛",
];

/// First characters of given names, and those that also stand alone.
const MALE: &[&str] = &[
    "伟", "磊", "洋", "勇", "军", "杰", "涛", "超", "明", "刚", "平", "辉", "浩", "宇", "轩", "泽", "博",
    "晨", "航", "俊", "凯", "嘉", "子", "文", "志", "建", "国", "海", "天", "一", "思", "宏", "家", "振",
    "景", "承", "启", "翔", "旭", "飞", "龙", "昊", "然", "睿", "瑞", "奕", "铭", "坤", "乐", "阳", "东",
    "林", "峰", "彬", "帅", "少", "永", "新",
];
const FEMALE: &[&str] = &[
    "芳", "娜", "敏", "静", "丽", "艳", "娟", "霞", "秀", "玲", "婷", "雪", "慧", "莹", "倩", "颖", "琳",
    "璐", "梦", "雨", "欣", "怡", "佳", "思", "诗", "晓", "婉", "可", "紫", "若", "语", "梓", "馨", "悦",
    "丹", "洁", "燕", "萍", "红", "月", "春", "秋", "冬", "文", "雅", "淑", "美", "兰", "凤", "云", "莉",
    "瑶", "菲", "嘉", "子", "一", "天", "心", "书", "晨",
];

/// Second characters of given names.
const MALE_SECOND: &[&str] = &[
    "杰", "辉", "豪", "宇", "轩", "涛", "鹏", "飞", "龙", "华", "明", "强", "伟", "峰", "阳", "洋", "博",
    "文", "斌", "林", "浩", "然", "恒", "凯", "瑞", "航", "霖", "远", "达", "成", "康", "毅", "源", "晨",
    "昊", "坤", "平", "军", "生", "哲", "帆", "翔", "泽", "宁", "东", "旭", "铭", "睿", "亮", "山",
];
const FEMALE_SECOND: &[&str] = &[
    "婷", "怡", "雯", "萱", "涵", "琪", "妍", "瑶", "洁", "颖", "慧", "敏", "静", "丽", "娜", "莹", "雪",
    "梅", "兰", "君", "玉", "芳", "欣", "悦", "琳", "宁", "彤", "蕾", "薇", "菲", "倩", "露", "茹", "佳",
    "如", "然", "蓉", "霞", "云", "英", "华", "月", "清", "文", "岚", "楠", "桐", "晴", "溪", "禾",
];

/// As WeCom numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gender {
    /// `"1"`
    Male,
    /// `"2"`
    Female,
}

/// An invented name, in the order it is written: family name first.
pub fn name(random: &mut Random, gender: Gender) -> String {
    let family = random.pick_skewed(FAMILY);
    let (first, second) = match gender {
        Gender::Male => (MALE, MALE_SECOND),
        Gender::Female => (FEMALE, FEMALE_SECOND),
    };
    let given = random.pick(first);
    // One given character is older fashion: one name in five.
    if random.chance(20) {
        return format!("{family}{given}");
    }
    let mut last = random.pick(second);
    while last == given {
        last = random.pick(second);
    }
    format!("{family}{given}{last}")
}
