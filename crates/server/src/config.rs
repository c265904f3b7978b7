//! The configuration: one TOML file, every key of which an environment variable may replace
//! (`ROLLCALL_DATABASE__URL` is `database.url`). docs/CONFIG.md lists the keys.

pub mod secrets;

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::Context;
use chrono::NaiveDate;
use domain::{
    CorpId,
    policy::Role,
    reading::{Budgets, Limits, Reading},
    second_factor::Rule,
};
use figment::{
    Figment,
    providers::{Env, Format, Toml},
};
use secrecy::SecretString;
use serde::Deserialize;
use url::{Host, Url};
use utoipa::ToSchema;

/// Everything Rollcall is told at start.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where it listens.
    pub server: Server,
    /// Postgres.
    pub database: Database,
    /// Redis; left out, Rollcall works without.
    #[serde(default)]
    pub redis: Redis,
    /// What seals personal data.
    pub sealing: Sealing,
    /// The record of looks and changes.
    #[serde(default)]
    pub audit: Audit,
    /// WeCom's addresses; left out, the real ones.
    #[serde(default)]
    pub wecom: Wecom,
    /// The schools of this deployment.
    pub schools: Vec<School>,
}

/// Where Rollcall listens, and who stands before it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Address of the pages and the API.
    #[schema(value_type = String)]
    pub listen: SocketAddr,
    /// Address of /metrics; keep it inside.
    #[schema(value_type = Option<String>)]
    pub metrics_listen: Option<SocketAddr>,
    /// Where people reach it: `https://rollcall.example.edu.cn`.
    pub public_url: String,
    /// Proxies whose X-Forwarded-For is believed.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub trusted_proxies: Vec<IpAddr>,
    /// HTTP workers; as many as cores if left out.
    pub workers: Option<usize>,
    /// Minutes after a sign-in in which a phone is shown in full, what others answered and pictures of them are shown, and a sheet that
    /// names people is made and fetched; after them one signs in once more. 480 if left out.
    #[serde(default = "default_reveal_sign_in_minutes")]
    pub reveal_sign_in_minutes: u32,
    /// Minutes after a sign-in in which dangerous acts (grants, rosters, whose an account is, approvals, undoing a sync run, ending a form
    /// or moving its days, letting a year leave, ending another's sessions, deleting photos, killing keys, kind rules, privacy notices,
    /// exports of answers, copies of one's own data, lifting a reading budget) are taken; after them one signs in once more. 10 if left
    /// out; a session ends after 720.
    #[serde(default = "default_fresh_sign_in_minutes")]
    pub fresh_sign_in_minutes: u32,
}

fn default_fresh_sign_in_minutes() -> u32 {
    10
}

fn default_reveal_sign_in_minutes() -> u32 {
    480
}

/// Postgres.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The service role, which owns no table. A secret.
    #[serde(deserialize_with = "secrets::read")]
    #[schema(value_type = String)]
    pub url: SecretString,
    /// The owner, for `rollcall migrate` and `rollcall keys` only. A secret.
    #[serde(default, deserialize_with = "secrets::read_some")]
    #[schema(value_type = Option<String>)]
    pub owner_url: Option<SecretString>,
    /// Connections held at most.
    #[serde(default = "default_pool_size")]
    pub pool_size: usize,
    /// Seconds a request waits for a connection before it is told to come back; 2 if left out.
    #[serde(default = "default_wait_seconds")]
    pub wait_seconds: u64,
}

fn default_wait_seconds() -> u64 {
    2
}

fn default_pool_size() -> usize {
    16
}

/// Redis.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// `redis://…`. A secret.
    #[serde(default, deserialize_with = "secrets::read_some")]
    #[schema(value_type = Option<String>)]
    pub url: Option<SecretString>,
}

/// What seals personal data.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sealing {
    /// The directory of the data keys, one small wrapped file each, made when they are needed. Outside the database, and shared by all
    /// processes. Whoever loses it has lost every sealed value; back up its latest state apart, and never old ones (docs/BACKUP.md).
    #[schema(value_type = String)]
    pub key_dir: PathBuf,
    /// How new keys seal: `aes-256-gcm`, or `sm4-gcm` (GB/T 32907). `aes-256-gcm` if left out; values of both open.
    pub algorithm: Option<String>,
    /// A file of hex keys of 32 bytes, one a line: the first wraps data keys, all of them open them. `$CREDENTIALS_DIRECTORY/NAME` is a
    /// credential of systemd (`LoadCredential=`).
    #[schema(value_type = Option<String>)]
    pub key_file: Option<PathBuf>,
    /// The name of an environment variable with such keys, separated by commas, instead of a file.
    pub key_env: Option<String>,
    /// A Vault or OpenBao that wraps data keys; keys of a file or the environment beside it open what they wrapped before.
    pub vault: Option<Vault>,
}

/// The transit engine of a Vault or OpenBao.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Vault {
    /// Where it is: `https://vault.example.edu.cn:8200`. Data keys and the token go there, so `http` is taken of this machine alone.
    pub url: String,
    /// Where its transit engine is mounted; `transit` if left out.
    #[serde(default = "default_mount")]
    pub mount: String,
    /// The name of the key in it: of a type that authenticates associated data (`aes256-gcm96`).
    pub key: String,
    /// A file with the token, read at each request; `$CREDENTIALS_DIRECTORY/NAME` is a credential of systemd.
    #[schema(value_type = String)]
    pub token_file: PathBuf,
}

impl Vault {
    /// Whether nobody on the way reads what goes there: it is told by TLS, or does not leave this machine.
    fn is_private(&self) -> bool {
        let Ok(url) = Url::parse(&self.url) else { return false };
        match (url.scheme(), url.host()) {
            ("https", Some(_)) => true,
            ("http", Some(Host::Domain(name))) => name == "localhost",
            ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
            ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
            _ => false,
        }
    }
}

fn default_mount() -> String {
    "transit".into()
}

/// The record of looks and changes.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// A file a signed line is added to every ten minutes: how far the record is. Keep it where whoever runs the database can't
    /// write (another host, a medium that is only written once): it shows what `rollcall audit verify` can't see without it.
    #[schema(value_type = Option<String>)]
    pub anchor_file: Option<PathBuf>,
}

/// WeCom's addresses. Only a simulator has others.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Wecom {
    /// Before `/cgi-bin/`.
    pub api_url: String,
    /// Sign-in inside 企业微信 (doc 91022).
    pub authorize_url: String,
    /// Sign-in on a PC (doc 98152).
    pub login_url: String,
}

impl Default for Wecom {
    fn default() -> Self {
        Self {
            api_url: wecom::client::API.into(),
            authorize_url: wecom::client::AUTHORIZE_URL.into(),
            login_url: wecom::client::LOGIN_URL.into(),
        }
    }
}

/// One school.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct School {
    /// Our small number for it; never changes.
    #[schema(value_type = i32)]
    pub corp_id: CorpId,
    /// What people read.
    pub name: String,
    /// 企业ID, `ww…`.
    pub wecom_corpid: String,
    /// Host names that lead to it.
    pub hosts: Vec<String>,
    /// Where its people reach it; left out, `server.public_url`. Links in its messages begin with it.
    pub public_url: Option<String>,
    /// The zone its day is counted in.
    #[serde(default = "default_zone")]
    #[schema(value_type = String)]
    pub time_zone: chrono_tz::Tz,
    /// What the first sync finds counts as true since this day.
    pub records_begin_on: NaiveDate,
    /// Accounts the corp may have in WeCom (企业人数上限), as its console says.
    #[serde(default = "default_accounts")]
    pub accounts: u32,
    /// `WW_verify_….txt` files WeCom looks for: name to content.
    #[serde(default)]
    pub verify_files: BTreeMap<String, String>,
    /// The self-built app (自建应用).
    pub app: AppSecrets,
    /// The contacts-sync assistant (通讯录同步助手); left out, Rollcall works with the app's secret alone.
    pub contacts: Option<ContactsSecrets>,
    /// Leave and permits from approvals (审批); left out, both are entered by hand and by list.
    pub approvals: Option<Approvals>,
    /// Whether Rollcall fills the app's tile on the workbench (to do, done; unreported for those who look after others; the first entries to
    /// other systems) and sets
    /// its menu. The console must switch the tile on (应用 → 工作台自定义展示 → 由企业自行设置).
    #[serde(default)]
    pub workbench: bool,
    /// A second factor (二次验证) of those who change others' rights or data, or read the audit: `off`, nobody is asked; `optional`
    /// (if left out), whoever has set one up is asked before a dangerous act; `required`, they do none without.
    #[serde(default)]
    #[schema(value_type = String)]
    pub second_factor: Rule,
    /// Whether answers to sensitive questions are taken while the school has published no privacy notice (告知书): nobody is asked to
    /// agree then. For trying Rollcall out with invented people; a school leaves it out, and such forms stay closed until an
    /// administrator publishes one.
    #[serde(default)]
    pub answers_without_notice: bool,
    /// Account of the data protection officer (数据保护负责人): told the head of the audit record of each day in WeCom, where nobody
    /// here can change it, and of how many accounts read unusually much. Left out, nobody is told of the head, and the auditors of
    /// the accounts; where one of the accounts is the officer's own, the auditors are told, too.
    pub data_protection_officer: Option<String>,
    /// Days something is kept, by class (保存期限), where the school says otherwise than fixtures/retention.toml: `answers = 60`. Each within
    /// the bounds of that file.
    #[serde(default)]
    pub retention: BTreeMap<String, i64>,
    /// How many people's data one account may read a day, where a role shall have another number than docs/RIGHTS.md says:
    /// `{ counsellor = { phones = 100, answers = 600, photos = 600, states = 600, whereabouts = 1500, exported = 50000 } }`; what is left
    /// out stays. Not below 20 phones, 100 answers, 100 photos, 300 people in lists of those that stand out, 300 in lists of trips,
    /// passages and beds, and 1000 people in sheets.
    #[serde(default)]
    pub reading_budgets: BTreeMap<String, ReadingBudget>,
}

/// How many people's data an account of a role may read a day.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadingBudget {
    /// Phones shown in full.
    pub phones: Option<u32>,
    /// People whose answers are opened.
    pub answers: Option<u32>,
    /// Photos shown.
    pub photos: Option<u32>,
    /// People whose reports lists show to stand out.
    pub states: Option<u32>,
    /// People whose trips, passages and beds lists show, each of the three by itself.
    pub whereabouts: Option<u32>,
    /// People named by sheets.
    pub exported: Option<u32>,
}

impl School {
    /// What each role may read a day.
    pub fn reading_budgets(&self) -> anyhow::Result<Budgets> {
        let mut budgets = Budgets::default();
        for (name, said) in &self.reading_budgets {
            let role = Role::parse(name).with_context(|| {
                format!("schools.reading_budgets：没有角色 {name}，角色名见 docs/RIGHTS.md")
            })?;
            let before = Limits::of(role);
            let limit = |reading: Reading, said: Option<u32>| -> anyhow::Result<i64> {
                let Some(said) = said.map(i64::from) else { return Ok(before.get(reading)) };
                let (kind, floor) = (reading.as_str(), Limits::FLOORS.get(reading));
                anyhow::ensure!(
                    said >= floor,
                    "schools.reading_budgets.{name}.{kind} 不能低于 {floor}：再低会妨碍正常工作"
                );
                Ok(said)
            };
            let limits = Limits {
                phones: limit(Reading::Phones, said.phones)?,
                answers: limit(Reading::Answers, said.answers)?,
                photos: limit(Reading::Photos, said.photos)?,
                states: limit(Reading::States, said.states)?,
                whereabouts: limit(Reading::Whereabouts, said.whereabouts)?,
                exported: limit(Reading::Exported, said.exported)?,
            };
            budgets = budgets.with(role, limits);
        }
        Ok(budgets)
    }
}

/// Leave and permits from approvals. The console must give the app their data (审批 → API → 审批数据权限).
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approvals {
    /// Id of the form by which people ask for leave (审批模板 ID), as its address in the console says.
    pub leave_template: Option<String>,
    /// Id of the form by which people ask to leave the grounds (出校申请): what is granted is a permit for the gates in its hours.
    /// The same as `leave_template` where leave is both.
    pub permit_template: Option<String>,
}

/// What a verified school has.
fn default_accounts() -> u32 {
    50_000
}

fn default_zone() -> chrono_tz::Tz {
    chrono_tz::Asia::Shanghai
}

/// The self-built app.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppSecrets {
    /// Its name in callback paths.
    #[serde(default = "default_app")]
    pub name: String,
    /// AgentId.
    pub agentid: i64,
    /// The app's Secret. A secret.
    #[serde(deserialize_with = "secrets::read")]
    #[schema(value_type = String)]
    pub secret: SecretString,
    /// 接收消息 Token. A secret.
    #[serde(deserialize_with = "secrets::read")]
    #[schema(value_type = String)]
    pub token: SecretString,
    /// 接收消息 EncodingAESKey. A secret.
    #[serde(deserialize_with = "secrets::read")]
    #[schema(value_type = String)]
    pub encoding_aes_key: SecretString,
    /// The Token before, while it changes: callbacks under either open. Left out once the console has the new one. A secret.
    #[serde(default, deserialize_with = "secrets::read_some")]
    #[schema(value_type = Option<String>)]
    pub previous_token: Option<SecretString>,
    /// The EncodingAESKey before, likewise. A secret.
    #[serde(default, deserialize_with = "secrets::read_some")]
    #[schema(value_type = Option<String>)]
    pub previous_encoding_aes_key: Option<SecretString>,
}

fn default_app() -> String {
    "rollcall".into()
}

/// The contacts-sync assistant.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactsSecrets {
    /// Its Secret. A secret.
    #[serde(deserialize_with = "secrets::read")]
    #[schema(value_type = String)]
    pub secret: SecretString,
    /// 接收事件 Token. A secret.
    #[serde(deserialize_with = "secrets::read")]
    #[schema(value_type = String)]
    pub token: SecretString,
    /// 接收事件 EncodingAESKey. A secret.
    #[serde(deserialize_with = "secrets::read")]
    #[schema(value_type = String)]
    pub encoding_aes_key: SecretString,
    /// The Token before, while it changes: callbacks under either open. Left out once the console has the new one. A secret.
    #[serde(default, deserialize_with = "secrets::read_some")]
    #[schema(value_type = Option<String>)]
    pub previous_token: Option<SecretString>,
    /// The EncodingAESKey before, likewise. A secret.
    #[serde(default, deserialize_with = "secrets::read_some")]
    #[schema(value_type = Option<String>)]
    pub previous_encoding_aes_key: Option<SecretString>,
}

/// The file, and the environment over it.
fn sources(path: &Path) -> Figment {
    Figment::new()
        .merge(Toml::file_exact(path))
        .merge(Env::prefixed("ROLLCALL_").filter(|key| key.as_str().contains("__")).split("__"))
}

impl Config {
    /// Reads the file, then the environment over it.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        if !path.is_file() {
            anyhow::bail!(
                "没有配置文件 {}（用 --config 指定，样例见 deploy/production/rollcall.toml）",
                path.display()
            );
        }
        let config: Self = sources(path).extract()?;
        config.check()?;
        Ok(config)
    }

    /// Where each secret of this configuration comes from.
    pub fn secrets(path: &Path) -> anyhow::Result<Vec<secrets::Found>> {
        secrets::find(&sources(path), path)
    }

    fn check(&self) -> anyhow::Result<()> {
        anyhow::ensure!(!self.schools.is_empty(), "配置里没有学校：请至少写一个 [[schools]]");
        anyhow::ensure!(
            self.server.public_url.starts_with("http") && !self.server.public_url.ends_with('/'),
            "server.public_url 应形如 https://rollcall.example.edu.cn，末尾不带 /"
        );
        anyhow::ensure!(
            self.sealing.vault.as_ref().is_none_or(Vault::is_private),
            "sealing.vault.url 应是 https:// 的地址：数据密钥和令牌经过它；只有本机（localhost、127.0.0.1、[::1]）的可以是 http://"
        );
        for school in &self.schools {
            anyhow::ensure!(!school.hosts.is_empty(), "schools.hosts 为空：请写上 {} 的域名", school.name);
            let same = |other: &&School| {
                other.corp_id == school.corp_id || other.hosts.iter().any(|host| school.hosts.contains(host))
            };
            anyhow::ensure!(
                self.schools.iter().filter(same).count() == 1,
                "schools：{} 的 corp_id 或域名与别的学校重复，每个域名只能属于一个学校",
                school.name
            );
            school.reading_budgets()?;
            anyhow::ensure!(
                school.app.name != app::school::CONTACTS,
                "schools.app.name 不能是保留名 contacts"
            );
        }
        Ok(())
    }
}
