//! The last seconds of a server: it answers as always and asks those connected to go elsewhere, so that nobody is cut off when
//! it ends. With a second server behind the proxy a restart is not noticed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServerHandle, ServiceRequest, ServiceResponse},
    http::ConnectionType,
    middleware::Next,
    web,
};
use tokio::signal::unix::{SignalKind, signal};

/// How long a server that was told to end goes on answering: a proxy notices at its next request on each connection.
const GOODBYE: Duration = Duration::from_secs(3);

/// Whether the server is about to end.
#[derive(Debug, Clone, Default)]
pub struct Draining(Arc<AtomicBool>);

impl Draining {
    /// Whether it is.
    pub fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Closes a connection with its answer once the server is about to end.
pub async fn say_goodbye(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let draining = request.app_data::<web::Data<Draining>>().cloned();
    let mut response = next.call(request).await?;
    if draining.is_some_and(|draining| draining.has_begun()) {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(response)
}

/// Ends the server when the process is told to: at once at Ctrl-C, with a goodbye at SIGTERM.
pub(super) async fn end_when_told(draining: Draining, server: ServerHandle) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {
            tracing::info!("told to end");
            draining.0.store(true, Ordering::Relaxed);
            tokio::time::sleep(GOODBYE).await;
        }
    }
    server.stop(true).await;
    Ok(())
}
