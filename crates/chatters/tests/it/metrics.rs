//! What the operator's monitoring sees of a server that is used.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use client::{Client, Config, Tcp};
use domain::{Clock, Random, Time};
use mtproto::RsaPublicKey;
use mtproto::transport::Framing;
use tl_api::{enums, functions};

use crate::flood::Server;

const PHONE: &str = "9996621234";
const TEXT: &str = "nobody but us reads this";
const NAME: &str = "Ophelia";

struct System;

impl Clock for System {
    #[expect(clippy::disallowed_methods, reason = "the server is in real time")]
    fn now(&self) -> Time {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Time(i64::try_from(since.as_millis()).unwrap())
    }
}

impl Random for System {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).unwrap();
    }
}

/// Head and body of an answer.
fn ask(address: SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

pub(crate) fn get(address: SocketAddr, path: &str) -> (String, String) {
    ask(address, &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n"))
}

/// The figure of a line that begins with `name`, labels included.
pub(crate) fn figure(metrics: &str, name: &str) -> f64 {
    let value = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no {name} in {metrics}")).parse().unwrap()
}

/// Every value of a label is one of a few that this program knows.
fn labels_are_ours(metrics: &str) {
    let registry = api::registry();
    let layers: Vec<String> = tl_api::LAYERS.iter().map(ToString::to_string).collect();
    let mut values = 0;
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let Some((_, labels)) = line.split_once('{') else { continue };
        for label in labels.split('}').next().unwrap().split(',') {
            let (name, value) = label.split_once('=').unwrap();
            let value = value.trim_matches('"');
            let is_ours = match name {
                "method" => value == "unknown" || registry.names().any(|known| known == value),
                "outcome" => ["ok", "client_error", "flood", "server_error"].contains(&value),
                "kind" => ["stream", "websocket", "http"].contains(&value),
                "side" => ["read", "write"].contains(&value),
                "layer" => layers.iter().any(|layer| layer == value),
                "le" => value == "+Inf" || value.parse::<f64>().is_ok(),
                "version" => value == env!("CARGO_PKG_VERSION"),
                _ => false,
            };
            assert!(is_ours, "{line}");
            values += 1;
        }
    }
    assert!(values > 50, "labels are read: {values}");
}

async fn sign_up(server: &Server) -> Client {
    let key = RsaPublicKey::from_pem(server.announced()["public_key"].as_str().unwrap()).unwrap();
    let config = Config {
        connect: Arc::new(Tcp(server.address())),
        keys: vec![key],
        dc: 2,
        framing: Framing::Intermediate,
        obfuscation: None,
        layer: tl_api::NEWEST_LAYER,
        clock: Arc::new(System),
        random: Arc::new(System),
        spawn: Arc::new(gateway::task::Runtime::current()),
    };
    let client = Client::connect(config, None).await.unwrap();
    let request = functions::auth::SendCode { phone_number: PHONE.to_owned(), ..Default::default() };
    let enums::auth::SentCode::SentCode(sent) = client.invoke(&request).await.unwrap() else {
        panic!("signed in without a code")
    };
    let request = functions::auth::SignIn {
        phone_number: PHONE.to_owned(),
        phone_code_hash: sent.phone_code_hash.clone(),
        phone_code: Some("22222".to_owned()),
        ..Default::default()
    };
    client.invoke(&request).await.unwrap();
    let request = functions::auth::SignUp {
        phone_number: PHONE.to_owned(),
        phone_code_hash: sent.phone_code_hash,
        first_name: NAME.to_owned(),
        ..Default::default()
    };
    client.invoke(&request).await.unwrap();
    client
}

#[test]
fn figures_move_and_say_nothing_about_anybody() {
    let server = Server::start_with(&["--metrics", "127.0.0.1:0", "--test-mode"]);
    let address: SocketAddr = server.announced()["metrics"].as_str().unwrap().parse().unwrap();
    assert_eq!(get(address, "/healthz").1, "ok\n");
    let (head, before) = get(address, "/metrics");
    assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("text/plain; version=0.0.4"), "{head}");
    assert!(figure(&before, "chatters_build_info{version=\"0.1.0\"}") > 0.0);

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = runtime.block_on(async {
        let client = sign_up(&server).await;
        let mut query = functions::messages::SendMessage {
            peer: enums::InputPeer::PeerSelf,
            message: TEXT.to_owned(),
            random_id: 7,
            ..Default::default()
        };
        client.invoke(&query).await.unwrap();
        query.message.clear();
        query.random_id = 8;
        client.invoke(&query).await.unwrap_err();
        // No method, and one that nobody built: what they are called is a stranger's choice.
        for id in [0xdead_beef_u32, 0x0bad_f00d] {
            client.call(id.to_le_bytes().to_vec()).await.unwrap_err();
        }
        client
    });
    let after = get(address, "/metrics").1;
    let sent = "chatters_rpc_requests_total{method=\"messages.sendMessage\",outcome";
    assert_eq!(figure(&after, &format!("{sent}=\"ok\"}}")) as i64, 1);
    assert_eq!(figure(&after, &format!("{sent}=\"client_error\"}}")) as i64, 1);
    assert_eq!(figure(&after, "chatters_rpc_seconds_count{method=\"messages.sendMessage\"}") as i64, 2);
    let layer = format!("chatters_layer_sessions{{layer=\"{}\"}}", tl_api::NEWEST_LAYER);
    for name in [
        "chatters_store_commits_total",
        "chatters_store_writes_total",
        "chatters_store_commit_seconds_count",
        "chatters_messages_total",
        "chatters_connections_accepted_total",
        "chatters_connections",
        "chatters_transport_connections{kind=\"stream\"}",
        "chatters_sessions",
        layer.as_str(),
        "chatters_rpc_requests_total{method=\"unknown\",outcome=\"client_error\"}",
        "chatters_handshakes_total",
        "chatters_received_bytes_total",
        "chatters_sent_bytes_total",
    ] {
        let (was, is) = (figure(&before, name), figure(&after, name));
        assert!(is > was, "{name} was {was} and is {is}");
    }
    assert_eq!(figure(&after, "chatters_store_failed_commits_total") as i64, 0);
    for name in ["process_resident_memory_bytes", "process_open_fds", "process_threads"] {
        assert!(figure(&after, name) > 0.0, "{name}");
    }
    for queue in [
        "chatters_store_writes_waiting",
        "chatters_store_reads_waiting",
        "chatters_events_waiting",
        "chatters_outgoing_bytes",
    ] {
        assert!((0.0..1e6).contains(&figure(&after, queue)), "{queue}");
    }
    labels_are_ours(&after);
    for secret in [PHONE, &PHONE[3..], TEXT, NAME, "127.0.0.1"] {
        assert!(!after.contains(secret), "{secret} is in {after}");
    }
    drop(client);
}

#[test]
fn nothing_else_is_answered() {
    let server = Server::start_with(&["--metrics", "127.0.0.1:0"]);
    let address: SocketAddr = server.announced()["metrics"].as_str().unwrap().parse().unwrap();
    assert!(get(address, "/").0.starts_with("HTTP/1.1 404 "));
    assert!(ask(address, "POST /metrics HTTP/1.1\r\n\r\n").0.starts_with("HTTP/1.1 405 "));
    assert!(ask(address, "nonsense\r\n\r\n").0.starts_with("HTTP/1.1 400 "));
    let long = format!("GET /metrics HTTP/1.1\r\nx: {}", "x".repeat(8192 - 26));
    assert_eq!(long.len(), 8192);
    assert!(ask(address, &long).0.starts_with("HTTP/1.1 431 "));
    assert!(Server::start().announced().get("metrics").is_none(), "off unless it is asked for");
}
