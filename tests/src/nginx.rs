//! nginx with the configuration of deploy/production, in front of servers of a test.

use std::{fs, path::PathBuf, process::Stdio};

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
