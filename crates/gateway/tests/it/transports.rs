//! Every transport, plain, obfuscated and with a proxy secret, over TCP, TLS and WebSocket.

use std::net::SocketAddr;
use std::sync::Arc;

use client::{BoxIo, Client, Connect, Tcp};
use domain::BoxFuture;
use futures_util::{SinkExt, StreamExt};
use mtproto::transport::{Framing, Obfuscation, ProxySecret};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_rustls::{TlsConnector, rustls};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{PUSH, SECRET, Server, WHO, config, lock, noise, query, session_of, soon};

const FRAMINGS: [Framing; 4] =
    [Framing::Abridged, Framing::Intermediate, Framing::PaddedIntermediate, Framing::Full];

/// Plain, obfuscated, and obfuscated with a proxy secret, as far as the transport can be.
fn disguises(framing: Framing) -> Vec<Option<Obfuscation>> {
    let secret = ProxySecret::from_hex(SECRET).unwrap();
    let mut all = vec![None];
    if framing != Framing::Full {
        all.push(Some(Obfuscation { secret: None, dc: 2 }));
        // Some clients leave random bytes in place of the data centre.
        all.push(Some(Obfuscation { secret: None, dc: 26_847 }));
        all.push(Some(Obfuscation { secret: Some(secret), dc: -10_002 }));
    }
    all
}

/// A key is made, small and large queries are answered, pushes come.
async fn check(server: &Server, connect: Arc<dyn Connect>, framing: Framing, disguise: Option<Obfuscation>) {
    let what = format!("{framing:?}, {disguise:?}");
    let client = soon(Client::connect(config(connect, framing, disguise), None)).await.expect(&what);
    let id = client.identity().key.id();
    let answer = soon(client.call(query(WHO, &[]))).await.expect(&what);
    assert_eq!(answer, query(WHO, &[id, id]), "{what}");
    for length in [4, 508, 70_000, 900_000] {
        let body = [vec![0xee, 0xee, 0xee, 0x0e], noise(length as u64, length)].concat();
        let answer = soon(client.call(body.clone())).await.expect(&what);
        assert!(answer == body, "{what}, {length} bytes");
    }
    soon(client.call(query(PUSH, &[3]))).await.expect(&what);
    for number in 0..3 {
        assert_eq!(soon(client.push()).await, Some(query(0xffff_0000, &[number])), "{what}");
    }
    assert!(server.is_connected(session_of(&client)), "{what}");
}

#[tokio::test]
async fn over_tcp() {
    let server = Server::start().await;
    for framing in FRAMINGS {
        for disguise in disguises(framing) {
            check(&server, Arc::new(Tcp(server.address)), framing, disguise).await;
        }
    }
    let names: Vec<_> = lock(&server.handler.callers).iter().map(|caller| caller.transport).collect();
    assert!(names.iter().any(|name| name.contains("abridged")), "{names:?}");
}

/// A byte stream inside WebSocket frames; `chop` cuts what the client sends into frames of this size,
/// without regard for packets.
struct WebSocket {
    address: SocketAddr,
    chop: Option<usize>,
}

impl Connect for WebSocket {
    fn connect(&self) -> BoxFuture<std::io::Result<BoxIo>> {
        let (address, chop) = (self.address, self.chop);
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            let mut request = format!("ws://{address}/apiws").into_client_request().unwrap();
            request.headers_mut().insert("Sec-WebSocket-Protocol", "binary".parse().unwrap());
            let (socket, response) = tokio_tungstenite::client_async(request, stream).await.unwrap();
            assert_eq!(response.headers()["sec-websocket-protocol"], "binary");
            let (near, far) = tokio::io::duplex(1 << 16);
            gateway::task::spawn(pump(socket, far, chop));
            Ok(Box::new(near) as BoxIo)
        })
    }
}

async fn pump(
    socket: tokio_tungstenite::WebSocketStream<TcpStream>,
    far: tokio::io::DuplexStream,
    chop: Option<usize>,
) {
    let (mut sink, mut source) = socket.split();
    let (mut read, mut write) = tokio::io::split(far);
    let up = async {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(length @ 1..) = read.read(&mut buffer).await {
            for frame in buffer[..length].chunks(chop.unwrap_or(length)) {
                sink.feed(Message::binary(frame.to_vec())).await.unwrap();
            }
            sink.flush().await.unwrap();
        }
    };
    let down = async {
        while let Some(Ok(message)) = source.next().await {
            if let Message::Binary(bytes) = message
                && write.write_all(&bytes).await.is_err()
            {
                break;
            }
        }
    };
    tokio::select! {
        () = up => {}
        () = down => {}
    }
}

#[tokio::test]
async fn over_websocket() {
    let server = Server::start().await;
    for framing in FRAMINGS {
        for disguise in disguises(framing) {
            check(&server, Arc::new(WebSocket { address: server.address, chop: None }), framing, disguise)
                .await;
        }
    }
    let names: Vec<_> = lock(&server.handler.callers).iter().map(|caller| caller.transport).collect();
    assert!(names.iter().all(|name| *name == "websocket"), "{names:?}");
}

#[tokio::test]
async fn frames_need_not_be_packets() {
    let server = Server::start().await;
    for chop in [1, 7] {
        let connect = WebSocket { address: server.address, chop: Some(chop) };
        let config = config(Arc::new(connect), Framing::Abridged, Some(Obfuscation::default()));
        let client = soon(Client::connect(config, None)).await.unwrap();
        let body = query(9, &[1, 2, 3]);
        assert_eq!(soon(client.call(body.clone())).await.unwrap(), body);
    }
}

/// Each frame that the server sends is one packet, whole: some clients cannot put pieces together.
#[tokio::test]
async fn the_server_sends_one_packet_a_frame() {
    let server = Server::start().await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let request = format!("ws://{}/apiws_premium", server.address);
    let (mut socket, response) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    assert!(!response.headers().contains_key("sec-websocket-protocol"), "none was asked for");

    // Intermediate; two req_pq_multi in one frame.
    let mut frame = vec![0xee; 4];
    for nonce in [1_u8, 2] {
        let mut packet = vec![0; 8];
        packet.extend_from_slice(&(4_i64 << 32).to_le_bytes());
        packet.extend_from_slice(&20_u32.to_le_bytes());
        packet.extend_from_slice(&0xbe7e_8ef1_u32.to_le_bytes());
        packet.extend_from_slice(&[nonce; 16]);
        frame.extend_from_slice(&u32::try_from(packet.len()).unwrap().to_le_bytes());
        frame.extend_from_slice(&packet);
    }
    socket.send(Message::binary(frame)).await.unwrap();
    for nonce in [1_u8, 2] {
        let Message::Binary(bytes) = soon(socket.next()).await.unwrap().unwrap() else {
            panic!("not binary")
        };
        let length = u32::from_le_bytes(bytes[..4].try_into().unwrap());
        assert_eq!(bytes.len(), length as usize + 4);
        assert_eq!(&bytes[28..44], &[nonce; 16]);
    }
}

/// TLS over TCP.
struct Tls {
    address: SocketAddr,
    connector: TlsConnector,
}

impl Connect for Tls {
    fn connect(&self) -> BoxFuture<std::io::Result<BoxIo>> {
        let (address, connector) = (self.address, self.connector.clone());
        Box::pin(async move {
            let stream = TcpStream::connect(address).await?;
            let name = ServerName::try_from("chat.example.org").unwrap();
            Ok(Box::new(connector.connect(name, stream).await?) as BoxIo)
        })
    }
}

#[tokio::test]
async fn over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    let made = rcgen::generate_simple_self_signed(["chat.example.org".to_owned()]).unwrap();
    std::fs::write(&chain, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let server = Server::with(|parts| parts.tls = Some(gateway::tls::load(&chain, &key).unwrap())).await;

    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(tls));
    for framing in FRAMINGS {
        let connect = Tls { address: server.address, connector: connector.clone() };
        check(&server, Arc::new(connect), framing, None).await;
    }
    // The same port goes on without TLS, and takes HTTP inside of it.
    check(&server, Arc::new(Tcp(server.address)), Framing::Abridged, None).await;
    let mut io = Tls { address: server.address, connector }.connect().await.unwrap();
    io.write_all(b"OPTIONS /apiw1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut response = String::new();
    // Some servers' ends of TLS are abrupt; what came before counts.
    let _ = soon(io.read_to_string(&mut response)).await;
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
}

#[tokio::test]
async fn a_certificate_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.pem");
    let check = |text: &str, expected: &str| {
        std::fs::write(&path, text).unwrap();
        let error = gateway::tls::load(&path, &path).err().unwrap().to_string();
        assert!(error.contains(expected), "{error}");
    };
    check("", "no private key");
    check("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", "no certificate chain");
    let made = rcgen::generate_simple_self_signed(["a".to_owned()]).unwrap();
    check(&made.signing_key.serialize_pem(), "do not go together");
}
