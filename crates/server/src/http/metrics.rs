//! Metrics, on a port of their own. No label ever names a person, a path with an id, or a school's secret.

use std::{net::TcpListener, time::Instant};

use actix_web::{
    App as ActixApp, Error, HttpResponse, HttpServer,
    body::MessageBody,
    dev::{Server, ServiceRequest, ServiceResponse},
    http::Method,
    middleware::Next,
    web,
};
use app::App;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Counts and times every request by route template and status.
pub async fn measure(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    // Anything may stand where a method is expected; a label takes only known ones.
    let method = match *request.method() {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        _ => "other",
    };
    let response = next.call(request).await?;
    let route = response.request().match_pattern().unwrap_or_else(|| "unmatched".into());
    let status = response.status().as_u16().to_string();
    metrics::histogram!("rollcall_http_request_seconds", "method" => method, "route" => route, "status" => status)
        .record(started.elapsed().as_secs_f64());
    Ok(response)
}

/// Makes this process record metrics; a second call in one process (tests) records nothing new.
pub fn install() -> PrometheusHandle {
    let recorder = PrometheusBuilder::new()
        .set_buckets(&[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0])
        .unwrap_or_else(|_| PrometheusBuilder::new())
        .build_recorder();
    let handle = recorder.handle();
    let _ = metrics::set_global_recorder(recorder);
    metrics::describe_histogram!(
        "rollcall_http_request_seconds",
        metrics::Unit::Seconds,
        "Time to answer, by route and status"
    );
    metrics::describe_gauge!("rollcall_jobs", "Jobs in the queue, by state");
    metrics::describe_gauge!(
        "rollcall_jobs_oldest_seconds",
        metrics::Unit::Seconds,
        "How long the oldest job of a state has been due"
    );
    metrics::describe_gauge!("rollcall_redis_up", "Whether Redis answers");
    metrics::describe_gauge!(
        "rollcall_mirror_age_seconds",
        metrics::Unit::Seconds,
        "Since the whole directory was last read, by school"
    );
    metrics::describe_gauge!(
        "rollcall_mirror_not_visible",
        "Members whose names WeCom did not show, by school"
    );
    metrics::describe_gauge!("rollcall_mirror_held", "Removals that wait for an administrator, by school");
    metrics::describe_gauge!(
        "rollcall_mirror_difference_rows",
        "Rows the last reconcile wrote that found what no event had told, by school"
    );
    handle
}

/// The metrics server on `listener`. What stands in the database is read when asked for.
pub fn serve(app: App, handle: PrometheusHandle, listener: TcpListener) -> std::io::Result<Server> {
    let (app, handle) = (web::Data::new(app), web::Data::new(handle));
    let server = HttpServer::new(move || {
        ActixApp::new()
            .app_data(app.clone())
            .app_data(handle.clone())
            .route("/metrics", web::get().to(render))
    });
    Ok(server.workers(1).disable_signals().listen(listener)?.run())
}

async fn render(app: web::Data<App>, handle: web::Data<PrometheusHandle>) -> HttpResponse {
    metrics::gauge!("rollcall_redis_up").set(if app.cache().answers().await { 1.0 } else { 0.0 });
    if let Ok(mut conn) = app.store().control().await
        && let Ok(depths) = store::jobs::depth(&mut conn, app.now()).await
    {
        for state in ["waiting", "running", "dead"] {
            let depth = depths.iter().find(|depth| depth.state == state);
            metrics::gauge!("rollcall_jobs", "state" => state)
                .set(depth.map_or(0.0, |depth| depth.jobs as f64));
            metrics::gauge!("rollcall_jobs_oldest_seconds", "state" => state)
                .set(depth.map_or(0.0, |depth| depth.oldest_seconds));
        }
    }
    for school in app.schools() {
        let Ok(drift) = app::sync_runs::drift_of(&app, school).await else { continue };
        let corp = school.corp().to_string();
        if let Some(read_at) = drift.read_at {
            let age = (app.now() - read_at).num_seconds() as f64;
            metrics::gauge!("rollcall_mirror_age_seconds", "corp" => corp.clone()).set(age);
        }
        let not_visible = f64::from(drift.members_not_visible);
        metrics::gauge!("rollcall_mirror_not_visible", "corp" => corp.clone()).set(not_visible);
        metrics::gauge!("rollcall_mirror_held", "corp" => corp.clone()).set(drift.rows_held as f64);
        let difference = f64::from(drift.difference_rows);
        metrics::gauge!("rollcall_mirror_difference_rows", "corp" => corp).set(difference);
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(handle.render())
}
