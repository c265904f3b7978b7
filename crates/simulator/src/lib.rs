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
mod console;
mod control;
mod corps;
mod directory;
mod dump;
mod event;
mod faults;
mod ledger;
mod limits;
mod random;
mod settings;
mod sign_in;
mod world;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};
use anyhow::Context;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use url::Url;

use corps::{Corp, Corps};
use directory::Directory;
pub use dump::DirectoryFile;
use school::School;

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
    /// A directory of one's own in the place of the school's; app, secrets and callbacks stay the school's.
    pub directory: Option<DirectoryFile>,
    /// How many corps; each after the first has the same school under other ids, secrets and keys.
    pub corps: usize,
    /// A visitor's roster and the name of their school, to begin with.
    pub own: Option<(Vec<u8>, String)>,
    /// Where a roster that is dropped on the first page is kept for whoever runs the app's server; in memory otherwise.
    pub own_folder: Option<PathBuf>,
}

impl Config {
    /// On this machine, on a free port, with no server yet.
    pub fn local(school: School) -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            school,
            app_url: None,
            directory: None,
            corps: 1,
            own: None,
            own_folder: None,
        }
    }

    /// The corps, each with the receiving end of its events.
    fn found(self) -> anyhow::Result<Vec<(Corp, mpsc::UnboundedReceiver<event::Event>)>> {
        let directory = match &self.directory {
            Some(file) => file.directory()?,
            None => Directory::of(&self.school),
        };
        let corp = |place| {
            let (outgoing, events) = mpsc::unbounded_channel();
            let school = School { spec: self.school.spec.of_corp(place), ..self.school.clone() };
            (Corp::new(school, directory.clone(), self.app_url.clone(), outgoing), events)
        };
        Ok((0..self.corps.max(1)).map(corp).collect())
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
        let listen = config.listen;
        let folder = Data::new(client::own::Folder(config.own_folder.clone()));
        let own = config.own.clone();
        let (corps, events): (Vec<_>, Vec<_>) = config.found()?.into_iter().unzip();
        let mut corps = corps.into_iter();
        let first = corps.next().context("no corp")?;
        let corps = Data::new(Corps::new(first, corps.collect()));
        if let Some((roster, name)) = own {
            let own = corps.first().read_roster(&roster, &name).map_err(anyhow::Error::msg)?;
            corps.first().play(Some(own));
        }
        let deliveries = corps
            .all()
            .zip(events)
            .map(|(corp, events)| tokio::spawn(callback::deliver_all(corp.clone(), client.clone(), events)))
            .collect();
        let (state, client) = (corps.clone(), Data::new(client));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(state.clone())
                .app_data(client.clone())
                .app_data(folder.clone())
                .wrap(from_fn(corps::name))
                .configure(configure)
        })
        .workers(2)
        .disable_signals()
        .tcp_nodelay(true)
        .shutdown_timeout(1)
        .bind(listen)
        .with_context(|| format!("cannot listen on {listen}"))?;
        let addr = *server.addrs().first().context("no address")?;
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Ok(Running { addr, handle, deliveries, corps })
    }
}

/// A simulator at work.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    handle: ServerHandle,
    deliveries: Vec<JoinHandle<()>>,
    corps: Data<Corps>,
}

impl Running {
    /// Its address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Says where the app's server is: callbacks go there, and sign-ins may return there.
    pub fn set_app_url(&self, url: Url) {
        for corp in self.corps.all() {
            corp.write().app_url = Some(url.clone());
        }
    }

    /// The ids of its corps, the first one first.
    pub fn corp_ids(&self) -> Vec<String> {
        self.corps.all().map(|corp| corp.id.clone()).collect()
    }

    /// Waits until no callback is under way.
    pub async fn callbacks_delivered(&self) {
        for corp in self.corps.all() {
            corp.under_way.none().await;
        }
    }

    /// Ends it, without waiting for callbacks.
    pub async fn stop(self) {
        for delivery in &self.deliveries {
            delivery.abort();
        }
        self.handle.stop(true).await;
    }
}

fn configure(config: &mut ServiceConfig) {
    config
        .app_data(web::PayloadConfig::new(MAX_BODY))
        .route("/healthz", web::get().to(|| async { HttpResponse::Ok().body("ok") }))
        .route("/cgi-bin/{path:.*}", web::get().to(api::answer))
        .route("/cgi-bin/{path:.*}", web::post().to(api::answer))
        .route("/exports/{corp}/{job}", web::get().to(api::export))
        .route("/connect/oauth2/authorize", web::get().to(sign_in::authorize))
        .route("/wwlogin/sso/login", web::get().to(sign_in::login))
        .service(web::scope("/_sim").configure(control::configure))
        .configure(client::configure)
        .configure(console::configure);
}
