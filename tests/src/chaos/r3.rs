//! R3: two servers behind nginx, as deployed, are restarted twenty times in turn while 200 requests a second arrive. Nobody tries
//! twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{task::JoinSet, time};

use super::{reporting::reference_school, rows};
use crate::{crowd::Sender, nginx::Nginx, process::Server};

const RESTARTS: usize = 20;
const PER_SECOND: f64 = 200.0;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make chaos ONLY=R3"]
async fn restarts_behind_nginx() {
    let (test, userids) = reference_school().await;
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let public = format!("http://127.0.0.1:{port}");
    let one =
        async || Server::start(&test, |config| config["server"]["public_url"] = public.as_str().into()).await;
    let mut servers = [one().await, one().await];
    let nginx = Nginx::start(port, [&servers[0], &servers[1]]).await;
    let sender = Sender::to(&nginx.url);

    let (enough, failed) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let (told, failures) = (enough.clone(), failed.clone());
    let crowd = tokio::spawn(async move {
        let mut tick = time::interval(Duration::from_secs_f64(1.0 / PER_SECOND));
        let (mut requests, mut sent) = (JoinSet::new(), 0);
        while !told.load(Ordering::Relaxed) {
            tick.tick().await;
            let (sender, failures) = (sender.clone(), failures.clone());
            let (userid, reports) = (userids[sent % userids.len()].clone(), sent % 2 == 0);
            let key = format!("restart-{sent}");
            sent += 1;
            requests.spawn(async move {
                let answer = match reports {
                    true => sender.report(&userid, &key).await,
                    false => sender.get(&userid, "me").await,
                };
                let trouble = match answer {
                    Ok(answer) if answer.status().is_success() => return,
                    Ok(answer) => answer.status().to_string(),
                    Err(error) => format!("{error:?}"),
                };
                eprintln!("a request failed: {trouble}");
                failures.fetch_add(1, Ordering::Relaxed);
            });
        }
        requests.join_all().await;
        sent
    });
    for restart in 0..RESTARTS {
        let server = &mut servers[restart % 2];
        server.terminate().await;
        server.restart().await;
    }
    enough.store(true, Ordering::Relaxed);
    let sent = crowd.await.unwrap();
    let failed = failed.load(Ordering::Relaxed);
    if failed > 0 {
        eprintln!("{}", nginx.complaints());
    }
    rows::write("R3", "restarts of one of two servers behind nginx", RESTARTS as f64, "restarts", "20", true);
    rows::write("R3", "requests meanwhile at 200/s", sent as f64, "requests", "> 0", sent > 0);
    rows::write("R3", "… that failed", failed as f64, "requests", "0", failed == 0);
}
