//! The privacy manifest (隐私清单): of every column of the database what class it is of, what it is for, on what basis,
//! how long it is kept and how it is protected. `fixtures/privacy.toml` says it, tests/src/privacy.rs compares it with the
//! database, and docs/PRIVACY.md is made of it.

use std::{collections::BTreeMap, fmt::Write};

use serde::Deserialize;

const SOURCE: &str = include_str!("../../../fixtures/privacy.toml");

/// What a column says of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Nothing of anybody.
    None,
    /// What the school is and does.
    Organisational,
    /// Something of a person, or which person.
    Personal,
    /// Health, whereabouts, contact, pictures, and free words that may say such a thing.
    Sensitive,
    /// What opens something.
    Secret,
}

impl Class {
    /// All, the heaviest first.
    pub const ALL: [Self; 5] =
        [Self::Secret, Self::Sensitive, Self::Personal, Self::Organisational, Self::None];

    fn title(self) -> &'static str {
        match self {
            Self::None => "技术",
            Self::Organisational => "组织",
            Self::Personal => "个人",
            Self::Sensitive => "敏感",
            Self::Secret => "密钥",
        }
    }

    fn meaning(self) -> &'static str {
        match self {
            Self::None => "编号、时刻、状态，与具体的人无关",
            Self::Organisational => "学校是什么样、做什么：部门、表单、数字",
            Self::Personal => "关于某个人，或者指出是哪个人",
            Self::Sensitive => "健康、行踪、联系方式、照片，以及可能写到这些的自由文本",
            Self::Secret => "能打开别的东西的：会话、令牌、密钥",
        }
    }
}

/// How a column stands in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// Ciphertext, bound to its row: `store::sealed`.
    Sealed,
    /// A hash alone.
    Hashed,
    /// As it is.
    Clear,
}

impl Protection {
    const ALL: [Self; 3] = [Self::Sealed, Self::Hashed, Self::Clear];

    fn title(self) -> &'static str {
        match self {
            Self::Sealed => "密封",
            Self::Hashed => "只存散列",
            Self::Clear => "明文",
        }
    }
}

/// The whole manifest.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// On what basis, by name.
    pub bases: BTreeMap<String, String>,
    /// How long, by name.
    pub keeps: BTreeMap<String, Keep>,
    /// The tables, by what they are about.
    pub parts: Vec<Part>,
}

/// How long something is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// In words.
    pub title: String,
    /// The file whose code ends it; none: nothing ends it by itself.
    pub by: Option<String>,
}

/// Tables of one subject.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The subject.
    pub title: String,
    /// Its tables.
    pub tables: Vec<Table>,
}

/// One table: each column stands under its class.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// As the database calls it.
    pub name: String,
    /// As people call it.
    pub title: String,
    /// What it is for.
    pub purpose: String,
    /// One of [`Manifest::bases`].
    pub basis: String,
    /// One of [`Manifest::keeps`], of its rows.
    pub keep: String,
    #[serde(default)]
    none: Vec<String>,
    #[serde(default)]
    organisational: Vec<String>,
    #[serde(default)]
    personal: Vec<String>,
    #[serde(default)]
    sensitive: Vec<String>,
    #[serde(default)]
    secret: Vec<String>,
    /// Columns of ciphertext.
    #[serde(default)]
    pub sealed: Vec<String>,
    /// Columns of which only a hash is kept.
    #[serde(default)]
    pub hashed: Vec<String>,
    /// Why a sensitive or secret column is neither.
    #[serde(default)]
    pub clear: BTreeMap<String, String>,
    /// Columns that end otherwise than their row, and their [`Manifest::keeps`].
    #[serde(default)]
    pub ends: BTreeMap<String, String>,
}

impl Table {
    /// The columns of a class.
    pub fn of(&self, class: Class) -> &[String] {
        match class {
            Class::None => &self.none,
            Class::Organisational => &self.organisational,
            Class::Personal => &self.personal,
            Class::Sensitive => &self.sensitive,
            Class::Secret => &self.secret,
        }
    }

    /// How a column stands in the database.
    pub fn protection(&self, column: &str) -> Protection {
        let among = |columns: &[String]| columns.iter().any(|name| name == column);
        if among(&self.sealed) {
            Protection::Sealed
        } else if among(&self.hashed) {
            Protection::Hashed
        } else {
            Protection::Clear
        }
    }
}

impl Manifest {
    /// The tables in their order.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.parts.iter().flat_map(|part| &part.tables)
    }
}

/// Reads the manifest.
pub fn manifest() -> Result<Manifest, toml::de::Error> {
    toml::from_str(SOURCE)
}

/// docs/PRIVACY.md.
pub fn text() -> String {
    match manifest() {
        Ok(manifest) => write(&manifest),
        Err(error) => format!("fixtures/privacy.toml: {error}\n"),
    }
}

fn write(manifest: &Manifest) -> String {
    let mut text = String::from(
        "# Privacy 隐私清单\n\n\
         Made by `rollcall reference privacy` from `fixtures/privacy.toml`, which a test compares with the database, column by \
         column. Who sees what is in [RIGHTS.md](RIGHTS.md), how it is protected in [SECURITY.md](SECURITY.md).\n\n\
         数据库里每一列是什么、为什么有、依据什么、留多久、怎样保护。依据是建议，以学校的告知书为准；保存期限是代码现在做的，\
         没有自动删除的就写没有。备份里的副本随备份的期限。\n\n\
         | 分级 | 是什么 |\n|---|---|\n",
    );
    for class in Class::ALL {
        let _ = writeln!(text, "| {} | {} |", class.title(), class.meaning());
    }
    text.push_str("\n## 保存期限\n\n| 多久 | 由哪里的代码执行 | 表 |\n|---|---|---|\n");
    for (name, keep) in &manifest.keeps {
        let tables = manifest.tables().filter(|table| table.keep == *name).map(|table| table.name.clone());
        let columns = manifest.tables().flat_map(|table| {
            let ending = table.ends.iter().filter(move |(_, ends)| *ends == name);
            ending.map(move |(column, _)| format!("{}.{column}", table.name))
        });
        let by = keep.by.as_ref().map(|by| format!("`{by}`")).unwrap_or_default();
        let _ = writeln!(text, "| {} | {by} | {} |", keep.title, quoted(tables.chain(columns)));
    }
    text.push_str("\n## 没有密封的敏感内容\n\n| 列 | 为什么 |\n|---|---|\n");
    for table in manifest.tables() {
        let mut reasons: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (column, reason) in &table.clear {
            reasons.entry(reason).or_default().push(format!("{}.{column}", table.name));
        }
        for (reason, columns) in reasons {
            let _ = writeln!(text, "| {} | {reason} |", quoted(columns.into_iter()));
        }
    }
    for part in &manifest.parts {
        let _ = write!(text, "\n## {}\n", part.title);
        for table in &part.tables {
            write_table(&mut text, manifest, table);
        }
    }
    text
}

fn write_table(text: &mut String, manifest: &Manifest, table: &Table) {
    let basis = manifest.bases.get(&table.basis).map_or("？", String::as_str);
    let keep = |name: &str| manifest.keeps.get(name).map_or("？", |keep| keep.title.as_str());
    let Table { name, title, purpose, .. } = table;
    let _ =
        write!(text, "\n### `{name}` {title}\n\n{purpose}。依据：{basis}。保存：{}。\n", keep(&table.keep));
    for (column, ends) in &table.ends {
        let _ = writeln!(text, "其中 `{column}`：{}。", keep(ends));
    }
    text.push_str("\n| 分级 | 保护 | 列 |\n|---|---|---|\n");
    for class in Class::ALL {
        for protection in Protection::ALL {
            let columns = table.of(class).iter().filter(|column| table.protection(column) == protection);
            let columns = quoted(columns.cloned());
            if !columns.is_empty() {
                let _ = writeln!(text, "| {} | {} | {columns} |", class.title(), protection.title());
            }
        }
    }
}

fn quoted(names: impl Iterator<Item = String>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join("、")
}
