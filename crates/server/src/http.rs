//! HTTP: who asks, what they send, what they get. One file a noun under `routes`.

pub mod body;
pub mod draining;
pub mod fresh;
pub mod headers;
pub mod input;
pub mod limits;
pub mod metrics;
pub mod openapi;
pub mod problem;
pub mod progress;
pub mod refusals;
pub mod routes;
pub mod strangers;
pub mod who;

use std::{collections::HashMap, net::TcpListener, sync::Arc};

use actix_web::{
    App as ActixApp, HttpResponse, HttpServer,
    dev::Server,
    middleware::{Compress, from_fn},
    web,
};
use app::App;
use domain::CorpId;
use tracing_actix_web::TracingLogger;
use utoipa_actix_web::AppExt;

use crate::{config::Config, telemetry::RequestSpan};

/// Host names, lower-cased, and the school each leads to.
#[derive(Debug, Clone)]
pub struct Hosts(pub Arc<HashMap<String, CorpId>>);

/// How long a connection may idle: longer than a proxy keeps one (nginx 60 s), so that it is the proxy who hangs up.
const KEEP_ALIVE: std::time::Duration = std::time::Duration::from_secs(75);

/// The server on `listener`. It runs when awaited; with `signals` it ends gracefully when the process is told to.
pub fn serve(app: App, config: Arc<Config>, listener: TcpListener, signals: bool) -> std::io::Result<Server> {
    let hosts = config
        .schools
        .iter()
        .flat_map(|school| school.hosts.iter().map(|host| (host.to_lowercase(), school.corp_id)))
        .collect();
    let hosts = web::Data::new(Hosts(Arc::new(hosts)));
    let limits = web::Data::new(limits::Limits::default());
    let places = web::Data::new(body::Places::default());
    let app = web::Data::new(app);
    let draining = draining::Draining::default();
    let leaving = web::Data::new(draining.clone());
    let quiet = Arc::downgrade(&limits.clone().into_inner());
    tokio::spawn(async move {
        // Until the server and its limits are gone.
        while let Some(limits) = quiet.upgrade() {
            limits.sweep();
            drop(limits);
            tokio::time::sleep(std::time::Duration::from_secs(60)).await;
        }
    });
    let workers = config.server.workers;
    let config: web::Data<Config> = config.into();

    let mut server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(app.clone())
            .app_data(hosts.clone())
            .app_data(limits.clone())
            .app_data(config.clone())
            .app_data(leaving.clone())
            .app_data(places.clone())
            .app_data(
                web::PathConfig::default()
                    .error_handler(|_, _| problem::Failure::http("no_such_address").into()),
            )
            .wrap(from_fn(headers::same_site))
            .wrap(from_fn(headers::unpacked))
            .wrap(from_fn(refusals::note))
            .wrap(Compress::default())
            .wrap(from_fn(headers::secure))
            .wrap(from_fn(draining::say_goodbye))
            .wrap(from_fn(metrics::measure))
            .wrap(TracingLogger::<RequestSpan>::new())
            .into_utoipa_app()
            .configure(routes::api)
            .into_app()
            .configure(routes::pages)
    })
    .disable_signals()
    // An answer goes in pieces, head and then compressed body; without this the second waits 40 ms for a word on the first.
    .tcp_nodelay(true)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(30)
    .client_request_timeout(std::time::Duration::from_secs(15));
    if let Some(workers) = workers {
        server = server.workers(workers);
    }
    let server = server.listen(listener)?.run();
    if signals {
        tokio::spawn(draining::end_when_told(draining, server.handle()));
    }
    Ok(server)
}

/// The answer to a path that leads nowhere.
pub async fn not_found() -> problem::Answer<HttpResponse> {
    Err(problem::Failure::http("no_such_address"))
}
