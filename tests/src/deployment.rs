//! What deploy/production is an example of: nginx speaks TLS of today and nothing in the clear, whose word of an address counts,
//! what stands in its log, and that no secret comes with the program. And that nothing starts where two clocks disagree.

use std::{
    fs,
    net::{IpAddr, TcpListener},
    sync::Arc,
};

use reqwest::{StatusCode, redirect::Policy};
use server::{commands::serve, config::Config};
use toml::Value;
use url::Url;

use crate::test_app::{TestApp, root};

/// The configuration of nginx, without what is said about it.
fn nginx() -> String {
    let text = fs::read_to_string(root().join("deploy/production/nginx.conf")).unwrap();
    text.lines().map(|line| line.split('#').next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Its two servers: the one in the clear, and the one with TLS.
fn servers(conf: &str) -> [&str; 2] {
    let servers: Vec<&str> = conf.split("\nserver {").skip(1).collect();
    let [plain, tls] = servers[..] else { panic!("{} servers", servers.len()) };
    [plain, tls]
}

/// Where each location of a server is, and what stands in it.
fn locations(server: &str) -> Vec<(&str, &str)> {
    let each = server.split("location ").skip(1);
    each.map(|location| {
        let (place, rest) = location.split_once('{').unwrap();
        (place.trim(), rest.split('}').next().unwrap_or_default())
    })
    .collect()
}

/// What stands after a directive, as often as it stands there.
fn said<'a>(block: &'a str, directive: &str) -> Vec<&'a str> {
    block
        .split(['{', '}', ';'])
        .filter_map(|statement| statement.trim().strip_prefix(directive)?.strip_prefix(' '))
        .map(str::trim)
        .collect()
}

#[test]
fn only_tls_that_keeps_old_traffic_closed_is_spoken() {
    let conf = nginx();
    let [protocols] = said(&conf, "ssl_protocols")[..] else { panic!("ssl_protocols, once") };
    for protocol in protocols.split_whitespace() {
        assert!(["TLSv1.2", "TLSv1.3"].contains(&protocol), "{protocol}");
    }
    let [ciphers] = said(&conf, "ssl_ciphers")[..] else { panic!("ssl_ciphers, once") };
    let ciphers: Vec<&str> = ciphers.split(':').collect();
    for cipher in &ciphers {
        let authenticates = cipher.contains("-GCM-") || cipher.ends_with("-CHACHA20-POLY1305");
        assert!(cipher.starts_with("ECDHE-") && authenticates, "{cipher}");
    }
    assert!(ciphers.is_sorted_by_key(|cipher| cipher.contains("AES128")), "the strongest first: {ciphers:?}");
    assert_eq!(said(&conf, "ssl_prefer_server_ciphers"), ["on"]);

    let [_, tls] = servers(&conf);
    for port in said(tls, "listen") {
        assert!(port.split_whitespace().any(|word| word == "ssl"), "{port}");
    }
    let (_, seconds) = tls.split_once("Strict-Transport-Security \"max-age=").expect("HSTS");
    let seconds: u64 = seconds.split(';').next().unwrap_or_default().parse().unwrap();
    assert!(seconds >= 31_536_000, "a year: {seconds}");
    // Headers of a location replace those of its server.
    for (place, block) in locations(tls) {
        assert!(said(block, "add_header").is_empty(), "{place}");
    }
}

#[test]
fn in_the_clear_pages_lead_on_and_programs_are_refused() {
    let conf = nginx();
    let [plain, _] = servers(&conf);
    assert!(!plain.contains("proxy_pass"), "nobody is asked in the clear");
    let places = locations(plain);
    for (place, block) in &places {
        let [answer] = said(block, "return")[..] else { panic!("{place} answers by itself") };
        let expected = if *place == "/" { "301 https://$host$request_uri" } else { "403" };
        assert_eq!(answer, expected, "{place}");
    }
    for program in ["/", "/api/", "/wecom/"] {
        assert!(places.iter().any(|(place, _)| *place == program), "{program}");
    }
}

#[test]
fn what_a_client_says_of_its_way_here_is_replaced() {
    let conf = nginx();
    let [_, tls] = servers(&conf);
    let asked: Vec<_> =
        locations(tls).into_iter().filter(|(_, block)| block.contains("proxy_pass")).collect();
    assert!(asked.len() >= 5, "{}", asked.len());
    for (place, block) in asked {
        let headers = said(block, "proxy_set_header");
        for header in [
            "X-Forwarded-For $remote_addr",
            "X-Forwarded-Proto https",
            "X-Forwarded-Host \"\"",
            "Forwarded \"\"",
            "Host $host",
        ] {
            assert!(headers.contains(&header), "{place}: {header}");
        }
    }
}

/// Of an address only the path, which has no code and no state.
#[test]
fn the_log_of_nginx_has_no_query_and_no_header() {
    let conf = nginx();
    let [format] = said(&conf, "log_format")[..] else { panic!("log_format, once") };
    let (name, line) = format.split_once(' ').unwrap();
    let is_name = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_';
    let mut told = 0;
    for variable in
        line.split('$').skip(1).map(|rest| rest.split(|sign: char| !is_name(sign)).next().unwrap_or_default())
    {
        told += 1;
        // What is made of the path, where something is.
        let of_path = conf.contains(&format!("map $uri ${variable} "));
        let harmless = [
            "remote_addr",
            "time_iso8601",
            "request_method",
            "uri",
            "status",
            "body_bytes_sent",
            "request_time",
        ];
        assert!(harmless.contains(&variable) || of_path, "${variable}");
    }
    assert!(told >= 6, "{told}");
    let [_, tls] = servers(&conf);
    let logs = said(tls, "access_log");
    assert!(!logs.is_empty() && logs.iter().all(|log| log.ends_with(&format!(" {name}"))), "{logs:?}");
    // Its errors name the whole address, and nothing can be left out of them.
    let [errors] = said(tls, "error_log")[..] else { panic!("error_log, once") };
    assert!(errors.ends_with(" crit"), "{errors}");
}

/// What everybody has who has the program protects nobody.
#[test]
fn no_secret_has_a_value_of_ours() {
    let text = fs::read_to_string(root().join("deploy/production/rollcall.toml")).unwrap();
    let example: toml::Table = text.parse().unwrap();
    for (name, url) in [("database", "url"), ("database", "owner_url"), ("redis", "url")] {
        let url = Url::parse(example[name][url].as_str().unwrap()).unwrap();
        assert_eq!(url.password(), Some("PASSWORD"), "{name}: to be replaced");
    }
    let is_read = |configuration: toml::Table| Value::Table(configuration).try_into::<Config>().is_ok();
    assert!(is_read(example.clone()), "the example itself");
    let mut without = example.clone();
    without["database"].as_table_mut().unwrap().remove("url").unwrap();
    assert!(!is_read(without), "database.url");
    for part in ["app", "contacts"] {
        for secret in ["secret", "token", "encoding_aes_key"] {
            let mut without = example.clone();
            without["schools"][0][part].as_table_mut().unwrap().remove(secret).unwrap();
            assert!(!is_read(without), "{part}.{secret}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_trusted_proxy_says_where_somebody_comes_from() {
    let test = TestApp::start_empty().await;
    let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let here = IpAddr::from([127, 0, 0, 1]);
    // Of two that are named the last is who came to the proxy; what stands before it anybody can have written. Some proxies add a line
    // of their own, some name the port; of what can't be read the proxy's own address is left.
    for (trusted, said, network) in [
        (vec![], &["198.51.100.7, 203.0.113.9"][..], "127.0.0.0/24"),
        (vec![here], &["198.51.100.7, 203.0.113.9"], "203.0.113.0/24"),
        (vec![here], &["198.51.100.7", "203.0.113.9"], "203.0.113.0/24"),
        (vec![here], &["203.0.113.9:51234"], "203.0.113.0/24"),
        (vec![here], &["nobody"], "127.0.0.0/24"),
        (vec![here], &[], "127.0.0.0/24"),
    ] {
        let mut config = Config::clone(&test.config);
        config.server.trusted_proxies = trusted;
        let listener = TcpListener::bind((here, 0)).unwrap();
        let url = format!("http://{}/auth/callback?code=none&state=none", listener.local_addr().unwrap());
        listener.set_nonblocking(true).unwrap();
        let server = server::http::serve(test.app.clone(), Arc::new(config), listener, false).unwrap();
        let handle = server.handle();
        tokio::spawn(server);
        let asked = said.iter().fold(http.get(url), |asked, line| asked.header("X-Forwarded-For", *line));
        let asked = asked.send().await.unwrap();
        assert_eq!(asked.status(), StatusCode::SEE_OTHER, "begun anew");
        handle.stop(false).await;

        app::security_events::flush(&test.app).await;
        let told: String =
            test.one("select network from security_events where kind = 'sign_in_failed'", &[]).await;
        assert_eq!(told, network);
        test.owner.execute("delete from security_events", &[]).await.unwrap();
    }
}

/// The clock of tests stands years before the database's.
#[tokio::test(flavor = "multi_thread")]
async fn where_host_and_database_disagree_about_the_time_nothing_starts() {
    let test = TestApp::start_empty().await;
    let refused = serve::run(Config::clone(&test.config), test.clock.clone(), false).await;
    let told = refused.unwrap_err().to_string();
    assert!(told.contains("时钟"), "{told}");
}
