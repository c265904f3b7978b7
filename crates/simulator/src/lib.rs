//! A WeCom (企业微信) simulator: the real API's behaviour, a reference school, and a small client in a browser.
//!
//! It is written from the protocol alone and shares nothing with the product but the encryption of callbacks, so
//! that a field misread on one side fails against the other.
//!
//! ```no_run
//! # async fn example() -> anyhow::Result<()> {
//! use simulator::school::School;
//! use simulator::{Config, Simulator};
//!
//! let school = School::load("fixtures/school-small.toml")?;
//! let running = Simulator::start(Config::local(school))?;
//! running.set_app_url("http://127.0.0.1:8710".parse()?);
//! println!("{}", running.url());
//! running.stop().await;
//! # Ok(()) }
//! ```

pub mod school;

mod api;
mod callback;
mod client;
mod clock;
mod control;
mod directory;
mod event;
mod faults;
mod ledger;
mod limits;
mod random;
mod settings;
mod sign_in;
mod world;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::Context;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::JoinHandle;
use url::Url;

use callback::UnderWay;
use event::Event;
use school::School;
use world::World;

/// Largest body accepted, in bytes. A message to a thousand members takes about thirty thousand.
const MAX_BODY: usize = 1 << 20;

/// How to start.
#[derive(Debug)]
pub struct Config {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The school.
    pub school: School,
    /// Where the app's server is, if that is known already.
    pub app_url: Option<Url>,
}

impl Config {
    /// On this machine, on a free port, with no server yet.
    pub fn local(school: School) -> Self {
        Self { listen: (Ipv4Addr::LOCALHOST, 0).into(), school, app_url: None }
    }
}

/// Starts simulators.
pub struct Simulator;

impl Simulator {
    /// Starts one; it listens when this returns. Must be called within a tokio runtime.
    pub fn start(config: Config) -> anyhow::Result<Running> {
        // Two of a process may meet here; the first one's provider serves both.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client =
            reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build()?;
        let (outgoing, events) = mpsc::unbounded_channel();
        let shared = Data::new(Shared {
            world: RwLock::new(World::new(&config.school, config.app_url)),
            school: config.school,
            outgoing,
            under_way: UnderWay::new(),
        });

        let deliveries = tokio::spawn(callback::deliver_all(shared.clone(), client.clone(), events));
        let (state, client) = (shared.clone(), Data::new(client));
        let server = HttpServer::new(move || {
            App::new().app_data(state.clone()).app_data(client.clone()).configure(configure)
        })
        .workers(2)
        .disable_signals()
        .shutdown_timeout(1)
        .bind(config.listen)
        .with_context(|| format!("cannot listen on {}", config.listen))?;
        let addr = *server.addrs().first().context("no address")?;
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Running { addr, handle, deliveries, shared })
    }
}

/// A simulator at work.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    handle: ServerHandle,
    deliveries: JoinHandle<()>,
    shared: Data<Shared>,
}

impl Running {
    /// Its address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Says where the app's server is: callbacks go there, and sign-ins may return there.
    pub fn set_app_url(&self, url: Url) {
        self.shared.write().app_url = Some(url);
    }

    /// Waits until no callback is under way.
    pub async fn callbacks_delivered(&self) {
        self.shared.under_way.none().await;
    }

    /// Ends it, without waiting for callbacks.
    pub async fn stop(self) {
        self.deliveries.abort();
        self.handle.stop(true).await;
    }
}

/// What all handlers share.
struct Shared {
    world: RwLock<World>,
    /// As it was generated.
    school: School,
    outgoing: UnboundedSender<Event>,
    under_way: UnderWay,
}

impl Shared {
    fn read(&self) -> RwLockReadGuard<'_, World> {
        self.world.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, World> {
        self.world.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives events to delivery.
    fn send(&self, events: Vec<Event>) {
        self.under_way.add(events.len());
        for event in events {
            // Fails only when the simulator is being stopped.
            let _ = self.outgoing.send(event);
        }
    }

    fn reset(&self) {
        let mut world = self.write();
        *world = World::new(&self.school, world.app_url.take());
    }
}

fn configure(config: &mut ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(MAX_BODY))
        .route("/healthz", web::get().to(|| async { HttpResponse::Ok().body("ok") }))
        .route("/cgi-bin/{path:.*}", web::get().to(api::answer))
        .route("/cgi-bin/{path:.*}", web::post().to(api::answer))
        .route("/connect/oauth2/authorize", web::get().to(sign_in::authorize))
        .route("/wwlogin/sso/login", web::get().to(sign_in::login))
        .service(web::scope("/_sim").configure(control::configure))
        .configure(client::configure);
}
