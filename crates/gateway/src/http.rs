//! HTTP/1.1 on the public port: the HTTP transport, the way in for WebSockets, and web pages.
//!
//! Source: MTProto, "Transports" (HTTP, WebSocket), "HTTP long poll".

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use domain::Time;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use mtproto::session::ConnectionKind;
use mtproto::transport::TransportCode;
use rpc::boundary::{PageRequest, Pages};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tracing::debug;

use crate::admission::Newcomer;
use crate::io::{BoxIo, Prefixed};
use crate::limits::{
    HTTP_BODY_BYTES, HTTP_BODY_SECS, HTTP_HEAD_BYTES, HTTP_HEAD_SECS, HTTP_HOLD_SECS, PAGE_FORM_BYTES,
    SHUTDOWN_SECS,
};
use crate::link::Close;
use crate::port::{Port, Received, Refused};
use crate::shared::{Shared, stopped};

/// What a connection has become when HTTP is through with it.
pub(crate) enum Served {
    Closed,
    /// It speaks WebSocket from here on. The stream begins with what was read too far.
    WebSocket(BoxIo),
}

/// Serves HTTP requests until the connection closes or changes its protocol.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    io: BoxIo,
    first: Vec<u8>,
    address: IpAddr,
    newcomer: &mut Option<Newcomer>,
) -> Served {
    let visitor = Arc::new(Visitor {
        shared,
        address,
        newcomer: Mutex::new(newcomer.take()),
        is_known: AtomicBool::new(false),
        unknown_keys: AtomicU32::new(0),
        has_upgraded: AtomicBool::new(false),
    });
    let io = TokioIo::new(Prefixed::new(first, io));
    let service = service_fn(|request| {
        let visitor = Arc::clone(&visitor);
        // Boxed: the future is large, and lies idle between requests.
        Box::pin(async move { Ok::<_, Infallible>(visitor.respond(request).await) })
    });
    let mut connection = http1::Builder::new()
        // Without a date the length is the last header: some clients read the body right after it.
        .auto_date_header(false)
        .half_close(false)
        .max_buf_size(HTTP_HEAD_BYTES)
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HTTP_HEAD_SECS))
        .serve_connection(io, service);
    let mut stop = visitor.shared.stop.clone();
    let newcomer_limit = Duration::from_secs(visitor.shared.limits.newcomer_secs);
    let stays_unknown = async {
        tokio::time::sleep(newcomer_limit).await;
        if visitor.is_known.load(Ordering::Acquire) {
            std::future::pending::<()>().await;
        }
    };
    let served = tokio::select! {
        served = std::future::poll_fn(|cx| connection.poll_without_shutdown(cx)) => served,
        () = stays_unknown => {
            debug!("http connection ends: no packet with a known key in time");
            return Served::Closed;
        }
        () = stopped(&mut stop) => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            std::future::poll_fn(|cx| connection.poll_without_shutdown(cx)).await
        }
    };
    *newcomer = visitor.newcomer().take();
    let parts = connection.into_parts();
    match served {
        Ok(()) if visitor.has_upgraded.load(Ordering::Acquire) => {
            let io: BoxIo = Box::new(parts.io.into_inner());
            Served::WebSocket(Box::new(Prefixed::new(parts.read_buf.to_vec(), io)))
        }
        Ok(()) => {
            // TLS has a last word of its own. If it cannot be said, the client was faster, or is gone.
            let write_limit = Duration::from_secs(visitor.shared.limits.write_secs);
            let _ = tokio::time::timeout(write_limit, parts.io.into_inner().shutdown()).await;
            Served::Closed
        }
        Err(error) => {
            debug!(%error, "http connection ends");
            Served::Closed
        }
    }
}

/// One HTTP connection; its requests come one after the other.
struct Visitor {
    shared: Arc<Shared>,
    address: IpAddr,
    newcomer: Mutex<Option<Newcomer>>,
    /// A packet with a known key has come.
    is_known: AtomicBool,
    /// Packets with unknown keys so far.
    unknown_keys: AtomicU32,
    /// The last response was `101 Switching Protocols`.
    has_upgraded: AtomicBool,
}

type Answer = Response<Full<Bytes>>;

/// Pages load nothing, run nothing, are shown in no other page and are kept nowhere.
const PAGE_HEADERS: &[(header::HeaderName, &str)] = &[
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

#[derive(Debug, PartialEq, Eq)]
enum Route {
    /// One packet in, one packet out.
    Exchange,
    WebSocket,
    Unknown,
}

/// `/api`, `/apiw` (with CORS; here both have it) and `/apiws`, each perhaps followed by `1`, `_test` or
/// `_premium`: one server answers for all of them.
fn route(path: &str) -> Route {
    let Some(rest) = path.strip_prefix("/api") else { return Route::Unknown };
    let (route, mut rest) = match (rest.strip_prefix("ws"), rest.strip_prefix('w')) {
        (Some(rest), _) => (Route::WebSocket, rest),
        (None, Some(rest)) => (Route::Exchange, rest),
        (None, None) => (Route::Exchange, rest),
    };
    while !rest.is_empty() {
        let known = ["_test", "_premium", "1"].iter().find_map(|suffix| rest.strip_prefix(suffix));
        match known {
            Some(shorter) => rest = shorter,
            None => return Route::Unknown,
        }
    }
    route
}

impl Visitor {
    async fn respond(&self, request: Request<Incoming>) -> Answer {
        let path = request.uri().path();
        if let Some(pages) = self.shared.pages.as_ref().filter(|pages| pages.has(path)) {
            let pages = Arc::clone(pages);
            return self.page(&*pages, request).await;
        }
        match (route(path), request.method()) {
            (Route::Exchange | Route::WebSocket, &Method::OPTIONS) => preflight(),
            (Route::Exchange, &Method::POST) => self.exchange(request.into_body()).await,
            (Route::WebSocket, &Method::GET) => self.upgrade(&request),
            _ => answer(StatusCode::NOT_FOUND, Vec::new()),
        }
    }

    /// A web page: looked at, or sent a form to.
    async fn page(&self, pages: &dyn Pages, request: Request<Incoming>) -> Answer {
        let form = match *request.method() {
            Method::GET => None,
            Method::POST => match whole(request.into_body(), PAGE_FORM_BYTES).await {
                Ok(form) => Some(form),
                Err(status) => return last(answer(status, Vec::new())),
            },
            _ => return answer(StatusCode::METHOD_NOT_ALLOWED, Vec::new()),
        };
        let page = pages.respond(PageRequest { form, address: self.address }).await;
        let mut response = Response::new(Full::new(Bytes::from(page.html)));
        *response.status_mut() = StatusCode::from_u16(page.status).unwrap_or(StatusCode::OK);
        let headers = response.headers_mut();
        for (name, value) in PAGE_HEADERS {
            headers.insert(name.clone(), HeaderValue::from_static(value));
        }
        response
    }

    async fn exchange(&self, body: Incoming) -> Answer {
        let payload = match whole(body, HTTP_BODY_BYTES).await {
            Ok(payload) => payload,
            Err(status) => return answer(status, Vec::new()),
        };
        if payload.is_empty() {
            // Browsers' clients ask this way whether HTTP gets through.
            return answer(StatusCode::OK, Vec::new());
        }
        let newcomer = self.newcomer().take();
        let mut port = Port::new(&self.shared, ConnectionKind::Http, self.address, newcomer);
        port.unknown_keys = self.unknown_keys.load(Ordering::Acquire);
        let received = port.receive(payload).await;
        self.unknown_keys.store(port.unknown_keys, Ordering::Release);
        if port.is_known {
            self.is_known.store(true, Ordering::Release);
        }
        *self.newcomer() = port.take_newcomer();
        match received {
            Ok(Received::Plain(packet)) => answer(StatusCode::OK, packet),
            Ok(Received::Nothing | Received::QuickAck(_)) => self.hold(&port).await,
            Err(Refused::Error(code)) => transport_error(code),
            Err(Refused::Fatal(code)) => last(transport_error(code)),
            Err(Refused::Close) => answer(StatusCode::SERVICE_UNAVAILABLE, Vec::new()),
        }
    }

    /// Waits until a session has a packet for this request.
    async fn hold(&self, port: &Port) -> Answer {
        let shared = &self.shared;
        let deadline = shared.now().plus_secs(HTTP_HOLD_SECS.cast_signed());
        let mut stop = shared.stop.clone();
        let mut leave_at = None;
        loop {
            let now = shared.now();
            let timer = port.handle_timeouts(now);
            // Looked at first: what was answered before the end was called is still sent.
            let closing = port.link.closing();
            // Before looking for a packet: what it waits for may come in between.
            let awaits = port.awaits();
            let mut packet = Vec::new();
            if port.transmit(&mut packet) {
                return answer(StatusCode::OK, packet);
            }
            let leaves = leave_at.is_some_and(|at| now >= at || port.link.calls() == 0);
            if leaves || (closing.is_none() && !awaits) {
                return answer(StatusCode::OK, Vec::new());
            }
            match closing {
                Some(Close::KeyGone) => return transport_error(TransportCode::NotFound),
                Some(_) => return answer(StatusCode::OK, Vec::new()),
                None if now >= deadline => return answer(StatusCode::OK, Vec::new()),
                None => {}
            }
            let until = [timer, leave_at].into_iter().flatten().fold(deadline, Time::min);
            let millis = (until.0 - now.0).max(1).cast_unsigned();
            tokio::select! {
                () = port.link.woken() => {}
                () = tokio::time::sleep(Duration::from_millis(millis)) => {}
                // What runs is waited for, for a short time.
                () = stopped(&mut stop), if leave_at.is_none() => {
                    leave_at = Some(now.plus_secs(SHUTDOWN_SECS.cast_signed()));
                }
            }
        }
    }

    fn upgrade(&self, request: &Request<Incoming>) -> Answer {
        let headers = request.headers();
        let has_token = |name: header::HeaderName, token: &str| {
            headers
                .get_all(name)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .flat_map(|value| value.split(','))
                .any(|value| value.trim().eq_ignore_ascii_case(token))
        };
        let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY) else {
            return answer(StatusCode::BAD_REQUEST, Vec::new());
        };
        if !has_token(header::UPGRADE, "websocket")
            || !has_token(header::CONNECTION, "upgrade")
            || !has_token(header::SEC_WEBSOCKET_VERSION, "13")
        {
            return answer(StatusCode::BAD_REQUEST, Vec::new());
        }
        let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()));
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let out = response.headers_mut();
        out.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        out.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        out.insert(header::SEC_WEBSOCKET_ACCEPT, accept.expect("base64 is a header value"));
        if has_token(header::SEC_WEBSOCKET_PROTOCOL, "binary") {
            out.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("binary"));
        }
        self.has_upgraded.store(true, Ordering::Release);
        response
    }

    fn newcomer(&self) -> MutexGuard<'_, Option<Newcomer>> {
        self.newcomer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The whole body of a request, or the status that it is refused with.
async fn whole(body: Incoming, most: usize) -> Result<Vec<u8>, StatusCode> {
    if body.size_hint().lower() > most as u64 {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let limit = Duration::from_secs(HTTP_BODY_SECS);
    match tokio::time::timeout(limit, Limited::new(body, most).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes().to_vec()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(StatusCode::PAYLOAD_TOO_LARGE),
        Ok(Err(_)) => Err(StatusCode::BAD_REQUEST),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
    }
}

fn answer(status: StatusCode, body: Vec<u8>) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    response
}

/// As a status, and as the four bytes that other transports have.
fn transport_error(code: TransportCode) -> Answer {
    let status = StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::NOT_FOUND);
    answer(status, code.code().to_le_bytes().to_vec())
}

/// The same response, after which the connection is closed.
fn last(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// What a browser asks before it posts to another origin.
fn preflight() -> Answer {
    let mut response = answer(StatusCode::OK, Vec::new());
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, OPTIONS"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("origin, content-type"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("1728000"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes() {
        let check = |path: &str, expected: Route| assert_eq!(route(path), expected, "{path}");
        check("/api", Route::Exchange);
        check("/apiw", Route::Exchange);
        check("/apiw1", Route::Exchange);
        check("/api_test", Route::Exchange);
        check("/apiw_test1", Route::Exchange);
        check("/apiw1_test_premium", Route::Exchange);
        check("/apiws", Route::WebSocket);
        check("/apiws_test", Route::WebSocket);
        check("/apiws_premium", Route::WebSocket);
        check("/apiws_test_premium", Route::WebSocket);
        check("/", Route::Unknown);
        check("/apis", Route::Unknown);
        check("/apiwx", Route::Unknown);
        check("/apiws/more", Route::Unknown);
        check("/bot1:a/getMe", Route::Unknown);
    }
}
