//! Where the parts are put together.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use app::{
    App, School,
    approvals::Forms,
    settings::{self, Minutes},
};
use domain::{clock::Clock, retention::Retention};
use secrecy::{ExposeSecret, SecretString};
use store::{
    Settings, Store,
    cache::Cache,
    corps::{self, Corp},
};
use wecom::{BudgetStore, MemoryBudgets, MemoryTokens, TokenStore, callback::Receiver};

use crate::{
    config::{self, Config},
    secrets,
    wecom_budgets::PostgresBudgets,
    wecom_tokens::PostgresTokens,
};

/// The store alone: for commands that need no WeCom.
pub fn store(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Store> {
    let settings = Settings {
        url: config.database.url.clone(),
        pool_size: config.database.pool_size,
        wait: Duration::from_secs(config.database.wait_seconds),
    };
    Ok(Store::new(settings, secrets::keyring(config, clock)?)?)
}

/// The store of the tables' owner, whom row-level security does not bind: for `rollcall keys`, which changes what the service may only
/// add.
pub fn owner_store(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<Store> {
    let owner =
        config.database.owner_url.as_ref().context("这个命令需要 database.owner_url（表的所有者）")?;
    // One statement at a time; who migrates or backs up meanwhile is waited for.
    let settings = Settings { url: owner.clone(), pool_size: 2, wait: Duration::from_secs(30) };
    Ok(Store::new(settings, secrets::keyring(config, clock)?)?)
}

/// The whole application over one clock.
pub fn app(config: &Config, clock: Arc<dyn Clock>) -> anyhow::Result<App> {
    let cache = Cache::new(config.redis.url.as_ref().map(|url| url.expose_secret()));
    let store = store(config, clock.clone())?;
    let schools = config
        .schools
        .iter()
        .map(|school| compose_school(config, school, &store, &clock))
        .collect::<anyhow::Result<_>>()?;
    Ok(App::new(store, cache, clock, schools))
}

fn compose_school(
    config: &Config,
    school: &config::School,
    store: &Store,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<School> {
    let corp = corp(school);
    let shared = Shared::in_postgres(store, school.corp_id);
    let wecom = app_client(config, school, clock, &shared)?;
    let contacts = contacts_client(config, school, clock, &shared)?;
    Ok(School {
        zone: school.time_zone,
        public_url: school.public_url.clone().unwrap_or_else(|| config.server.public_url.clone()),
        agent_id: school.app.agentid,
        accounts: school.accounts,
        approvals: school.approvals.clone().map_or_else(Forms::default, |forms| Forms {
            leave: forms.leave_template,
            permit: forms.permit_template,
        }),
        workbench: school.workbench,
        anchor_file: config.audit.anchor_file.clone(),
        data_protection_officer: school.data_protection_officer.clone(),
        retention: Retention::of(&school.retention)
            .with_context(|| format!("{} 的保存期限不对（schools.retention）", school.name))?,
        second_factor: school.second_factor,
        answers_without_notice: school.answers_without_notice,
        reading_budgets: school.reading_budgets()?,
        receiver: app_receiver(school)?,
        contacts_receiver: contacts_receiver(school)?,
        mirror: sync::Mirror { store: store.clone(), corp: corp.clone(), app: wecom.clone(), contacts },
        wecom,
        corp,
    })
}

fn app_receiver(school: &config::School) -> anyhow::Result<Receiver> {
    let app = &school.app;
    let now = (&app.token, &app.encoding_aes_key);
    receiver(school, now, (app.previous_token.as_ref(), app.previous_encoding_aes_key.as_ref()))
}

fn contacts_receiver(school: &config::School) -> anyhow::Result<Option<Receiver>> {
    let Some(contacts) = &school.contacts else { return Ok(None) };
    let now = (&contacts.token, &contacts.encoding_aes_key);
    let before = (contacts.previous_token.as_ref(), contacts.previous_encoding_aes_key.as_ref());
    receiver(school, now, before).map(Some)
}

/// What opens callbacks under a Token and an EncodingAESKey, and under those before, of which one may be what it was.
fn receiver(
    school: &config::School,
    (token, key): (&SecretString, &SecretString),
    before: (Option<&SecretString>, Option<&SecretString>),
) -> anyhow::Result<Receiver> {
    let made = Receiver::new(token.expose_secret(), key.expose_secret(), &school.wecom_corpid);
    let made = match before {
        (None, None) => made,
        (old_token, old_key) => made.and_then(|receiver| {
            let (token, key) = (old_token.unwrap_or(token), old_key.unwrap_or(key));
            receiver.with_previous(token.expose_secret(), key.expose_secret())
        }),
    };
    made.with_context(|| format!("{} 的回调 Token 或 EncodingAESKey 不对：Key 应为 43 个字符", school.name))
}

/// What the clients of a school keep together: tokens, and calls counted against WeCom's limits.
#[derive(Clone)]
pub struct Shared {
    tokens: Arc<dyn TokenStore>,
    budgets: Arc<dyn BudgetStore>,
}

impl Shared {
    /// With all processes of the installation.
    pub fn in_postgres(store: &Store, corp: domain::CorpId) -> Self {
        Self {
            tokens: Arc::new(PostgresTokens::new(store.clone(), corp)),
            budgets: Arc::new(PostgresBudgets::new(store.clone(), corp)),
        }
    }

    /// With nobody else: for looking at WeCom without a database.
    pub fn in_memory() -> Self {
        Self { tokens: Arc::new(MemoryTokens::default()), budgets: Arc::new(MemoryBudgets::default()) }
    }
}

/// WeCom through the app's secret.
pub fn app_client(
    config: &Config,
    school: &config::School,
    clock: &Arc<dyn Clock>,
    shared: &Shared,
) -> anyhow::Result<wecom::Client> {
    let app = &school.app;
    client(config, school, clock, shared, &app.name, &app.secret, Some(app.agentid))
}

/// WeCom through the contacts-sync assistant's secret, where the school has set it up.
pub fn contacts_client(
    config: &Config,
    school: &config::School,
    clock: &Arc<dyn Clock>,
    shared: &Shared,
) -> anyhow::Result<Option<wecom::Client>> {
    let Some(contacts) = &school.contacts else { return Ok(None) };
    client(config, school, clock, shared, app::school::CONTACTS, &contacts.secret, None).map(Some)
}

fn client(
    config: &Config,
    school: &config::School,
    clock: &Arc<dyn Clock>,
    shared: &Shared,
    name: &str,
    secret: &SecretString,
    agent_id: Option<i64>,
) -> anyhow::Result<wecom::Client> {
    let credentials = wecom::App {
        name: name.to_owned(),
        corpid: school.wecom_corpid.clone(),
        secret: secret.clone(),
        agent_id,
    };
    let clock = clock.clone();
    wecom::Client::builder(credentials, Arc::new(move || clock.now()))
        .api(&config.wecom.api_url)
        .sign_in_pages(&config.wecom.authorize_url, &config.wecom.login_url)
        .token_store(shared.tokens.clone())
        .budget_store(shared.budgets.clone())
        .build()
        .context("wecom 的地址不对")
}

fn corp(school: &config::School) -> Corp {
    Corp {
        corp_id: school.corp_id,
        name: school.name.clone(),
        wecom_corpid: school.wecom_corpid.clone(),
        time_zone: school.time_zone.name().to_owned(),
        records_begin_on: school.records_begin_on,
    }
}

/// Records what of the configuration protects people, where it is another than at the last start.
///
/// # Errors
/// The database does not answer.
pub async fn note_settings(app: &App, config: &Config) -> anyhow::Result<()> {
    let server = &config.server;
    let minutes = Minutes { fresh: server.fresh_sign_in_minutes, reveal: server.reveal_sign_in_minutes };
    for school in app.schools() {
        if settings::note(app, school, minutes).await? {
            tracing::info!(corp = school.corp(), "the settings are others than at the last start");
        }
    }
    Ok(())
}

/// Makes the database know the schools of the configuration and their built-in forms.
pub async fn register(app: &App, config: &Config) -> anyhow::Result<()> {
    let mut tx = app.store().unscoped().await?;
    for school in &config.schools {
        corps::upsert(&mut tx, &corp(school), &school.hosts).await?;
    }
    tx.commit().await?;
    for school in app.schools() {
        app::forms::publish_built_in(app, school).await?;
    }
    Ok(())
}
