/// What the first bytes of a connection (or of what comes out of TLS) begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniff {
    /// More bytes are needed to tell. At most six are.
    NeedMore,
    /// A TLS `ClientHello`.
    Tls,
    /// A request of HTTP/1: the HTTP transport, WebSocket, or any other page of the server.
    Http,
    /// One of our transports, for [`super::ServerTransport`].
    Mtproto,
}

/// The methods that obfuscated clients keep their random bytes from looking like.
const HTTP_METHODS: [&[u8; 4]; 4] = [b"GET ", b"POST", b"HEAD", b"OPTI"];

/// Tells from the first bytes, all that were read so far, what a connection is.
pub fn sniff(first: &[u8]) -> Sniff {
    if HTTP_METHODS.iter().any(|method| first.starts_with(*method)) {
        return Sniff::Http;
    }
    if is_client_hello(first) {
        return if first.len() < 6 { Sniff::NeedMore } else { Sniff::Tls };
    }
    if HTTP_METHODS.iter().any(|method| method.starts_with(first)) {
        return Sniff::NeedMore;
    }
    Sniff::Mtproto
}

/// Whether the bytes, as far as they go, are a handshake record of TLS (any version's), its
/// length, and the message type `ClientHello`.
fn is_client_hello(first: &[u8]) -> bool {
    first.iter().take(6).enumerate().all(|(at, byte)| match at {
        0 => *byte == 0x16,
        1 => *byte == 3,
        2 => *byte <= 4,
        5 => *byte == 1,
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes() {
        for (bytes, expected) in [
            (&b""[..], Sniff::NeedMore),
            (b"G", Sniff::NeedMore),
            (b"GET", Sniff::NeedMore),
            (b"GET /apiws HTTP/1.1", Sniff::Http),
            (b"GETX", Sniff::Mtproto),
            (b"POST /api HTTP/1.1", Sniff::Http),
            (b"HEAD /", Sniff::Http),
            (b"OPTIONS /apiw1", Sniff::Http),
            (b"\x16", Sniff::NeedMore),
            (b"\x16\x03\x01\x02\x00", Sniff::NeedMore),
            (b"\x16\x03\x01\x02\x00\x01", Sniff::Tls),
            (b"\x16\x03\x03\x00\xc0\x01\x00", Sniff::Tls),
            (b"\x16\x03\x09", Sniff::Mtproto),
            (b"\x16\x03\x01\x02\x00\x02", Sniff::Mtproto),
            (b"\xef", Sniff::Mtproto),
            (b"\xee\xee\xee\xee", Sniff::Mtproto),
            (b"\xdd\xdd\xdd\xdd", Sniff::Mtproto),
            (b"\x34\0\0\0\0\0\0\0", Sniff::Mtproto),
        ] {
            assert_eq!(sniff(bytes), expected, "{bytes:x?}");
        }
    }
}
