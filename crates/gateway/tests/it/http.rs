//! The HTTP transport, and what else HTTP asks of the public port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::task::BoxFuture;
use domain::{Clock, Random};
use gateway::Limits;
use mtproto::Side;
use mtproto::handshake::client::{ClientConfig, ClientKey, ClientStep, HandshakeClient, KeyKind, Padding};
use mtproto::packet::{encrypted, plain};
use mtproto::session::MsgIds;
use mtproto::session::client::{ClientEvent, ClientSession};
use rpc::boundary::{Page, PageRequest, Pages, SessionRef, Sessions};
use tl::service::{HttpWait, MsgsAck};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{SLEEP, Server, System, lock, public_key, query, soon, until};

/// Posts on a connection of its own; head and body of the response.
async fn post(address: SocketAddr, path: &str, body: &[u8]) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    request(&mut stream, &format!("POST {path} HTTP/1.1"), body).await;
    response(&mut stream).await
}

async fn request(stream: &mut TcpStream, line: &str, body: &[u8]) {
    let head = format!("{line}\r\nHost: chat\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), body].concat()).await.unwrap();
}

/// Reads as the strictest client does: the body begins right after the line with its length.
async fn response(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(soon(stream.read_u8()).await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let last = head.trim_end().lines().last().unwrap();
    let length = last.strip_prefix("content-length: ").unwrap_or_else(|| panic!("not last: {head}"));
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await.unwrap();
    (head, body)
}

fn fill(bytes: &mut [u8]) {
    System.fill(bytes);
}

/// A key, each step of its exchange on another connection.
async fn make_key(address: SocketAddr) -> ClientKey {
    let config =
        ClientConfig { keys: vec![public_key()], dc: 2, kind: KeyKind::Permanent, padding: Padding::Old };
    let (mut handshake, mut body) = HandshakeClient::start(config, &mut fill);
    let mut ids = MsgIds::default();
    loop {
        let mut packet = Vec::new();
        plain::seal(ids.next(System.now().0, false) & !3, &body, &mut packet);
        let (head, answer) = post(address, "/api", &packet).await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        let answer = plain::open(&answer).unwrap();
        match handshake.handle(System.now().0, answer.body, &mut fill).unwrap() {
            ClientStep::Send(next) => body = next,
            ClientStep::Done(key) => return key,
        }
    }
}

struct Visitor {
    address: SocketAddr,
    session: ClientSession,
}

impl Visitor {
    async fn new(server: &Server) -> Self {
        let made = make_key(server.address).await;
        let session = ClientSession::new(made.key, System.fill_i64(), made.salt, made.time_offset);
        Self { address: server.address, session }
    }

    /// The next packet of the session.
    fn packet(&mut self) -> Vec<u8> {
        let mut packet = Vec::new();
        assert!(self.session.poll_transmit(System.now().0, &mut fill, &mut packet));
        packet
    }

    fn take(&mut self, mut packet: Vec<u8>) -> Vec<ClientEvent> {
        let key = self.session.auth_key().clone();
        let opened = encrypted::open(&key, Side::Server, &mut packet).expect("a packet");
        self.session.handle_message(System.now().0, &opened).expect("a good message");
        std::iter::from_fn(|| self.session.poll_event()).collect()
    }

    async fn exchange(&mut self) -> Vec<ClientEvent> {
        let packet = self.packet();
        let (head, answer) = post(self.address, "/apiw1", &packet).await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        self.take(answer)
    }

    /// Exchanges until `wanted` comes; what the server sends first may be about the session.
    async fn until(&mut self, wanted: impl Fn(&ClientEvent) -> bool) {
        for _ in 0..5 {
            if self.exchange().await.iter().any(&wanted) {
                return;
            }
            self.session.service(&HttpWait { max_delay: 0, wait_after: 0, max_wait: 10_000 });
        }
        panic!("it never came");
    }

    fn reference(&self) -> SessionRef {
        SessionRef { key_id: self.session.auth_key().id(), session_id: self.session.session_id() }
    }
}

trait FillI64 {
    fn fill_i64(&self) -> i64;
}

impl FillI64 for System {
    fn fill_i64(&self) -> i64 {
        let random: &dyn Random = self;
        random.i64()
    }
}

#[tokio::test]
async fn queries_are_answered_in_the_response() {
    let server = Server::start().await;
    let mut visitor = Visitor::new(&server).await;
    for number in 0..3 {
        let body = query(9, &[number]);
        let asked = visitor.session.request(body.clone()).unwrap();
        visitor.until(|event| *event == ClientEvent::Answer { request: asked, body: body.clone() }).await;
    }
    assert!(lock(&server.handler.callers).iter().all(|caller| caller.transport == "http"));
}

#[tokio::test]
async fn a_slow_answer_is_waited_for() {
    let server = Server::start().await;
    let mut visitor = Visitor::new(&server).await;
    let body = query(SLEEP, &[700]);
    let asked = visitor.session.request(body.clone()).unwrap();
    visitor.until(|event| *event == ClientEvent::Answer { request: asked, body: body.clone() }).await;
}

#[tokio::test]
async fn a_long_poll_brings_what_is_pushed() {
    let server = Server::start().await;
    let mut visitor = Visitor::new(&server).await;
    let asked = visitor.session.request(query(9, &[])).unwrap();
    visitor.until(|event| matches!(event, ClientEvent::Answer { request, .. } if *request == asked)).await;

    visitor.session.service(&HttpWait { max_delay: 0, wait_after: 0, max_wait: 20_000 });
    let poll = gateway_poll(visitor.address, visitor.packet());
    let session = visitor.reference();
    until("the poll is there", || server.is_connected(session)).await;
    let registry = Arc::clone(&server.registry);
    assert!(registry.push(session, &query(42, &[])));
    let events = visitor.take(soon(poll).await.unwrap());
    assert!(events.contains(&ClientEvent::Push { body: query(42, &[]) }), "{events:?}");
    until("the poll is over", || !server.is_connected(session)).await;
}

#[tokio::test]
async fn a_long_poll_ends_when_its_time_is_over() {
    let server = Server::start().await;
    let mut visitor = Visitor::new(&server).await;
    let asked = visitor.session.request(query(9, &[])).unwrap();
    visitor.until(|event| matches!(event, ClientEvent::Answer { request, .. } if *request == asked)).await;
    visitor.session.service(&HttpWait { max_delay: 0, wait_after: 0, max_wait: 300 });
    let started = System.now().0;
    let (head, _) = post(visitor.address, "/api", &visitor.packet()).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(System.now().0 - started < 10_000);
}

fn gateway_poll(address: SocketAddr, packet: Vec<u8>) -> tokio::sync::oneshot::Receiver<Vec<u8>> {
    let (done, poll) = tokio::sync::oneshot::channel();
    gateway::task::spawn(async move {
        let (_, body) = post(address, "/api", &packet).await;
        let _ = done.send(body);
    });
    poll
}

#[tokio::test]
async fn requests_follow_each_other_on_a_connection() {
    let server = Server::start().await;
    let mut visitor = Visitor::new(&server).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // Pipelined: both are sent before the first is answered.
    for number in 0..2 {
        visitor.session.request(query(9, &[number])).unwrap();
        request(&mut stream, "POST /api HTTP/1.1", &visitor.packet()).await;
    }
    let mut events = Vec::new();
    for _ in 0..2 {
        let (_, body) = response(&mut stream).await;
        events.extend(visitor.take(body));
    }
    let answers = events.iter().filter(|event| matches!(event, ClientEvent::Answer { .. })).count();
    assert_eq!(answers, 2, "{events:?}");
}

/// Telethon acknowledges in a request of its own, sends the next one behind it, and reads the responses in
/// order.
#[tokio::test]
async fn acknowledgements_hold_up_no_query() {
    let server = Server::start().await;
    let mut visitor = Visitor::new(&server).await;
    let asked = visitor.session.request(query(9, &[])).unwrap();
    visitor.until(|event| matches!(event, ClientEvent::Answer { request, .. } if *request == asked)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let started = System.now().0;
    visitor.session.service(&MsgsAck { msg_ids: vec![1] });
    request(&mut stream, "POST /api HTTP/1.1", &visitor.packet()).await;
    let body = query(9, &[1]);
    let asked = visitor.session.request(body.clone()).unwrap();
    request(&mut stream, "POST /api HTTP/1.1", &visitor.packet()).await;
    let (head, empty) = response(&mut stream).await;
    assert!(head.starts_with("http/1.1 200") && empty.is_empty(), "{head}");
    let (_, answer) = response(&mut stream).await;
    let events = visitor.take(answer);
    assert!(events.contains(&ClientEvent::Answer { request: asked, body }), "{events:?}");
    assert!(System.now().0 - started < 10_000);
}

#[tokio::test]
async fn stopping_waits_for_the_answers_to_requests() {
    let server = Server::start().await;
    let mut visitor = Visitor::new(&server).await;
    let body = query(SLEEP, &[600]);
    let asked = visitor.session.request(body.clone()).unwrap();
    let poll = gateway_poll(visitor.address, visitor.packet());
    until("the query runs", || server.handler.runs.load(Ordering::SeqCst) == 1).await;
    server.stop_soon();
    let events = visitor.take(soon(poll).await.unwrap());
    assert!(events.contains(&ClientEvent::Answer { request: asked, body }), "{events:?}");
    server.stop().await;
}

/// Asking after keys costs a look into the store each time: not without end.
#[tokio::test]
async fn unknown_keys_are_few_for_a_connection_and_an_address() {
    let server =
        Server::with(|parts| parts.limits = Limits { handshake_steps_per_minute: 4, ..Limits::default() })
            .await;
    let (unknown, flood) = ((-404_i32).to_le_bytes(), (-429_i32).to_le_bytes());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    for number in 1..=3 {
        request(&mut stream, "POST /api HTTP/1.1", &[number; 64]).await;
        let (head, body) = response(&mut stream).await;
        assert_eq!(body, unknown);
        assert_eq!(head.contains("connection: close"), number == 3, "{head}");
    }
    assert_eq!(soon(stream.read(&mut [0])).await.unwrap(), 0);
    assert_eq!(post(server.address, "/api", &[9; 64]).await.1, unknown);
    assert_eq!(post(server.address, "/api", &[9; 64]).await.1, flood);
}

#[tokio::test]
async fn whoever_shows_no_key_does_not_stay() {
    let server = Server::with(|parts| parts.limits = Limits { newcomer_secs: 1, ..Limits::default() }).await;
    let mut visitor = Visitor::new(&server).await;
    let mut known = TcpStream::connect(server.address).await.unwrap();
    visitor.session.request(query(9, &[1])).unwrap();
    request(&mut known, "POST /api HTTP/1.1", &visitor.packet()).await;
    let (_, body) = response(&mut known).await;
    visitor.take(body);

    let mut stream = TcpStream::connect(server.address).await.unwrap();
    request(&mut stream, "POST /api HTTP/1.1", b"").await;
    response(&mut stream).await;
    assert_eq!(soon(stream.read(&mut [0])).await.unwrap(), 0);
    visitor.session.request(query(9, &[2])).unwrap();
    request(&mut known, "POST /api HTTP/1.1", &visitor.packet()).await;
    assert!(response(&mut known).await.0.starts_with("http/1.1 200"));
}

#[tokio::test]
async fn what_is_not_the_protocol() {
    let server = Server::start().await;
    let check = async |line: &str, body: &[u8], status: &str, expected: &[u8]| {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        request(&mut stream, line, body).await;
        let (head, answer) = response(&mut stream).await;
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{line}: {head}");
        assert_eq!(answer, expected, "{line}");
        head
    };
    let unknown = (-404_i32).to_le_bytes();
    check("GET / HTTP/1.1", b"", "404", b"").await;
    check("GET /api HTTP/1.1", b"", "404", b"").await;
    check("GET /apiws HTTP/1.1", b"", "400", b"").await;
    check("POST /apiw1 HTTP/1.1", b"short", "404", &unknown).await;
    check("POST /apiw1 HTTP/1.1", &[9; 64], "404", &unknown).await;
    let head = check("POST /apiw1 HTTP/1.1", b"", "200", b"").await;
    assert!(head.contains("access-control-allow-origin: *\r\n"), "{head}");
    let head = check("OPTIONS /apiw1_test HTTP/1.1", b"", "200", b"").await;
    assert!(head.contains("access-control-allow-methods: post, options\r\n"), "{head}");
    assert!(head.contains("access-control-allow-headers: origin, content-type\r\n"), "{head}");
}

#[tokio::test]
async fn a_body_without_end_is_refused() {
    let server = Server::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let line = "POST /api HTTP/1.1\r\nHost: chat\r\nContent-Length: 999999999\r\n\r\n";
    stream.write_all(line.as_bytes()).await.unwrap();
    let (head, _) = response(&mut stream).await;
    assert!(head.starts_with("http/1.1 413"), "{head}");
}

struct OnePage;

impl Pages for OnePage {
    fn has(&self, path: &str) -> bool {
        path == "/page"
    }

    fn respond(&self, request: PageRequest) -> BoxFuture<Page> {
        let form = request.form.map_or("looked at".to_owned(), |form| String::from_utf8(form).unwrap());
        Box::pin(async move { Page { status: 418, html: format!("<p>{form} from {}", request.address) } })
    }
}

#[tokio::test]
async fn pages_are_looked_at_and_sent_forms() {
    let server = Server::with(|parts| parts.pages = Some(Arc::new(OnePage))).await;
    let ask = async |line: &str, body: &[u8]| {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        request(&mut stream, &format!("{line} HTTP/1.1"), body).await;
        let (head, body) = response(&mut stream).await;
        (head, String::from_utf8(body).unwrap())
    };
    let (head, body) = ask("GET /page?x=1", b"").await;
    assert!(head.starts_with("http/1.1 418") && head.contains("default-src 'none'"), "{head}");
    assert!(!head.contains("set-cookie") && !head.contains("access-control"), "{head}");
    assert_eq!(body, "<p>looked at from 127.0.0.1");
    assert_eq!(ask("POST /page", b"phone=1").await.1, "<p>phone=1 from 127.0.0.1");
    let (head, _) = ask("POST /page", &[b'x'; 5000]).await;
    assert!(head.starts_with("http/1.1 413"), "{head}");
    assert!(ask("OPTIONS /page", b"").await.0.starts_with("http/1.1 405"));
    assert!(ask("GET /pages", b"").await.0.starts_with("http/1.1 404"));
    server.stop().await;
    let without = Server::start().await;
    let (head, _) = post(without.address, "/page", b"").await;
    assert!(head.starts_with("http/1.1 404"), "{head}");
}
