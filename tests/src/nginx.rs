//! nginx with the configuration of deploy/production, in front of servers of a test.

use std::{fs, path::PathBuf, process::Stdio};

use serde_json::Value;
use tokio::process::{Child, Command};
use url::Url;

use crate::{process, test_app::root};

/// A running nginx; it ends when dropped.
pub struct Nginx {
    _child: Child,
    folder: PathBuf,
    pub url: Url,
}

impl Nginx {
    /// At this port, in front of both servers. Without TLS: what is tried is who is asked when.
    pub async fn start(port: u16, servers: [&process::Server; 2]) -> Self {
        let folder = std::env::temp_dir().join(format!("rollcall-nginx-{port}"));
        fs::create_dir_all(&folder).unwrap();
        let path = |name: &str| folder.join(name).display().to_string();
        let [first, second] = servers.map(|server| server.url.authority().to_owned());
        let deployed = fs::read_to_string(root().join("deploy/production/nginx.conf")).unwrap();
        let replaced = [
            ("127.0.0.1:8710", first),
            ("# server 127.0.0.1:8720", format!("server {second}")),
            ("listen 80;", format!("listen unix:{};", path("plain"))),
            ("listen 443 ssl http2;", format!("listen 127.0.0.1:{port};")),
            ("listen [::]:80;", String::new()),
            ("listen [::]:443 ssl http2;", String::new()),
            ("/var/log/nginx/rollcall.log", path("access.log")),
            ("/var/log/nginx/rollcall-error.log crit", format!("{} warn", path("error.log"))),
        ];
        let mut text = deployed;
        for (of, with) in replaced {
            assert!(text.contains(of), "deploy/production/nginx.conf has {of}");
            text = text.replace(of, &with);
        }
        let text: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("ssl_"))
            .map(|line| format!("{line}\n"))
            .collect();
        let kept = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};", path(kind)))
            .join("\n");
        let whole = format!(
            "daemon off; master_process off; pid {}; error_log {} warn;\nevents {{ worker_connections 1024; }}\nhttp {{\n{kept}\n{text}}}\n",
            path("pid"),
            path("error.log"),
        );
        fs::write(path("nginx.conf"), whole).unwrap();
        let child = Command::new("nginx")
            .args(["-e", &path("error.log"), "-c", &path("nginx.conf")])
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("nginx is installed");
        let url = Url::parse(&format!("http://127.0.0.1:{port}")).unwrap();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {}
        Self { _child: child, folder, url }
    }

    /// What it complained about.
    pub fn complaints(&self) -> String {
        fs::read_to_string(self.folder.join("error.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What nginx lets through at a path of the API, in mebibytes: of the first location of expressions that has it, else of the
/// server.
fn lets_through(conf: &str, path: &str) -> u64 {
    let size = |text: &str| -> u64 {
        let (_, rest) = text.split_once("client_max_body_size").unwrap();
        rest.split_once("m;").unwrap().0.trim().parse().unwrap()
    };
    for location in conf.split("location ~ ").skip(1) {
        let (pattern, rest) = location.split_once('{').unwrap();
        let places = pattern.trim().strip_prefix("^/api/v1/(").and_then(|rest| rest.strip_suffix(')'));
        let mut places = places.expect("^/api/v1/(this|that)").split('|');
        if places.any(|place| path.starts_with(&format!("/api/v1/{}", place.replace("[0-9]+", "1")))) {
            return size(rest);
        }
    }
    size(conf)
}

#[test]
fn every_file_that_rollcall_takes_gets_through_nginx() {
    let conf = fs::read_to_string(root().join("deploy/production/nginx.conf")).unwrap();
    let document = fs::read_to_string(root().join("docs/openapi.json")).unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    let mut files = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        let body = &methods["post"]["requestBody"];
        if body["content"]["application/octet-stream"].is_null() {
            continue;
        }
        files += 1;
        let words = body["description"].as_str().unwrap();
        let (_, most) = words.split_once("at most ").expect("how large it may be");
        let most: u64 = most.strip_suffix(" MiB").unwrap().parse().unwrap();
        let through = lets_through(&conf, &path.replace("{id}", "1"));
        assert!(through > most, "{path} takes {most} MiB, nginx lets through {through}");
    }
    assert!(files >= 19, "{files}");
    assert_eq!(lets_through(&conf, "/api/v1/reports"), 2, "everything else is small");
}
