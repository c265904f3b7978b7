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
use app::{
    App,
    operations::{KINDS, Operations, Standing},
};
use chrono::{DateTime, Utc};
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
    for (name, unit, words) in GAUGES {
        metrics::describe_gauge!(name, unit, words);
    }
    handle
}

/// What is read from a school's operations.
const GAUGES: [(&str, metrics::Unit, &str); 15] = [
    ("rollcall_queue_jobs", metrics::Unit::Count, "Jobs in the queue, by school, kind and state"),
    (
        "rollcall_queue_oldest_seconds",
        metrics::Unit::Seconds,
        "How long the oldest is due, or dead, by school, kind and state",
    ),
    (
        "rollcall_outbox_people",
        metrics::Unit::Count,
        "Messages by school and state: unsettled ones, and those settled within a day",
    ),
    (
        "rollcall_outbox_oldest_seconds",
        metrics::Unit::Seconds,
        "How long the oldest message waits, or is on its way, by school and state",
    ),
    ("rollcall_outbox_failing_batches", metrics::Unit::Count, "Batches that are tried again, by school"),
    ("rollcall_messages_left_today", metrics::Unit::Count, "Recipients WeCom still allows today, by school"),
    ("rollcall_wecom_minute_left", metrics::Unit::Count, "Calls left in this minute, by school and API"),
    ("rollcall_wecom_hour_left", metrics::Unit::Count, "Calls left in this hour, by school and API"),
    (
        "rollcall_wecom_paused_seconds",
        metrics::Unit::Seconds,
        "How long an API is still paused after WeCom refused, by school and API",
    ),
    (
        "rollcall_wecom_refused",
        metrics::Unit::Count,
        "Whether WeCom refuses the credentials, by school and app",
    ),
    ("rollcall_wecom_refused_seconds", metrics::Unit::Seconds, "For how long it does, by school and app"),
    (
        "rollcall_callback_age_seconds",
        metrics::Unit::Seconds,
        "Since the last callback came, by school and app",
    ),
    ("rollcall_audit_unsealed", metrics::Unit::Count, "Audit events without a number yet, by school"),
    (
        "rollcall_audit_unsealed_seconds",
        metrics::Unit::Seconds,
        "How long the oldest of them waits, by school",
    ),
    (
        "rollcall_clock_skew_seconds",
        metrics::Unit::Seconds,
        "The host's clock less the database's, by school",
    ),
];

/// States of the outbox; one that is empty is told too.
const STATES: [&str; 11] = [
    "waiting",
    "frozen",
    "sent",
    "invalid",
    "unlicensed",
    "skipped",
    "expired",
    "unknown",
    "failed",
    "unreachable",
    "recalled",
];

/// What waits and fails in a school. Every label is told each time, so that none stands when it is no longer true.
#[expect(clippy::cast_precision_loss, reason = "counts and milliseconds")]
fn show(corp: &str, found: &Operations) {
    let corp = || corp.to_owned();
    let age = |since: Option<DateTime<Utc>>| {
        since.map_or(0.0, |since| (found.as_of - since).num_seconds().max(0) as f64)
    };
    for kind in KINDS {
        for state in ["waiting", "running", "dead"] {
            let jobs = found.jobs.iter().find(|jobs| jobs.kind == kind && jobs.state == state);
            metrics::gauge!("rollcall_queue_jobs", "corp" => corp(), "kind" => kind, "state" => state)
                .set(jobs.map_or(0.0, |jobs| jobs.jobs as f64));
            metrics::gauge!("rollcall_queue_oldest_seconds", "corp" => corp(), "kind" => kind, "state" => state)
                .set(age(jobs.and_then(|jobs| jobs.since)));
        }
    }
    for state in STATES {
        let messages = found.messages.iter().find(|messages| messages.state == state);
        metrics::gauge!("rollcall_outbox_people", "corp" => corp(), "state" => state)
            .set(messages.map_or(0.0, |messages| messages.people as f64));
    }
    for state in ["waiting", "frozen"] {
        let messages = found.messages.iter().find(|messages| messages.state == state);
        metrics::gauge!("rollcall_outbox_oldest_seconds", "corp" => corp(), "state" => state)
            .set(age(messages.and_then(|messages| messages.since)));
    }
    let failing = found.failing.iter().filter(|batch| batch.state == "frozen").count();
    metrics::gauge!("rollcall_outbox_failing_batches", "corp" => corp()).set(failing as f64);
    let left = (found.today.allowed - found.today.sent).max(0);
    metrics::gauge!("rollcall_messages_left_today", "corp" => corp()).set(left as f64);
    for budget in &found.budgets {
        let api = || budget.api.clone();
        if let Some(minute) = budget.minute {
            metrics::gauge!("rollcall_wecom_minute_left", "corp" => corp(), "api" => api()).set(minute);
        }
        if let Some(hour) = budget.hour {
            metrics::gauge!("rollcall_wecom_hour_left", "corp" => corp(), "api" => api()).set(hour);
        }
        metrics::gauge!("rollcall_wecom_paused_seconds", "corp" => corp(), "api" => api())
            .set(budget.paused_seconds as f64);
    }
    for app in &found.apps {
        let name = || app.app.clone();
        let refused = app.standing == Standing::Refused;
        metrics::gauge!("rollcall_wecom_refused", "corp" => corp(), "app" => name()).set(if refused {
            1.0
        } else {
            0.0
        });
        metrics::gauge!("rollcall_wecom_refused_seconds", "corp" => corp(), "app" => name())
            .set(age(app.since.filter(|_| refused)));
        if app.last_callback_at.is_some() {
            metrics::gauge!("rollcall_callback_age_seconds", "corp" => corp(), "app" => name())
                .set(age(app.last_callback_at));
        }
    }
    metrics::gauge!("rollcall_clock_skew_seconds", "corp" => corp()).set(found.clock_skew_ms as f64 / 1000.0);
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
        if let Ok(found) = app::operations::look_at(&app, school).await {
            show(&school.corp().to_string(), &found);
        }
        if let Ok(waiting) = app::audit::sealing::waiting(&app, school).await {
            let corp = || school.corp().to_string();
            let age = waiting.since.map_or(0.0, |since| (app.now() - since).num_seconds().max(0) as f64);
            metrics::gauge!("rollcall_audit_unsealed", "corp" => corp()).set(waiting.events as f64);
            metrics::gauge!("rollcall_audit_unsealed_seconds", "corp" => corp()).set(age);
        }
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
