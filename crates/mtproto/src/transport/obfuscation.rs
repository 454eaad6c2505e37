//! Obfuscated transports: everything is under AES-CTR with keys from a random first packet of 64 bytes.
//!
//! This hides the protocol from simple filters and proves a proxy's secret; it protects no content.

use crypto::aes::Ctr;
use crypto::hash::sha256;
use crypto::{RandomSource, Zeroizing};

use super::{Framing, Sniff, sniff};

/// Bytes before the first packet.
pub(super) const HEADER: usize = 64;

/// The secret of an MTProto proxy: 16 bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct ProxySecret(Zeroizing<[u8; 16]>);

/// Why some text is no proxy secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("a proxy secret has 32 hexadecimal digits, or 34 of which the first are dd")]
    Form,
    #[error("secrets that imitate TLS (ee) are not supported")]
    FakeTls,
}

impl ProxySecret {
    pub fn new(secret: [u8; 16]) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// Reads the hexadecimal form of links, with or without the `dd` that asks clients to pad.
    pub fn from_hex(digits: &str) -> Result<Self, SecretError> {
        let digits = digits.as_bytes();
        let digits =
            match (digits.len(), digits.first_chunk().map(|first: &[u8; 2]| first.to_ascii_lowercase())) {
                (32, _) => digits,
                (34, Some(first)) if first == *b"dd" => &digits[2..],
                (_, Some(first)) if first == *b"ee" => return Err(SecretError::FakeTls),
                _ => return Err(SecretError::Form),
            };
        let mut secret = Zeroizing::new([0; 16]);
        for (byte, pair) in secret.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |digit: u8| char::from(digit).to_digit(16).ok_or(SecretError::Form);
            *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
        }
        Ok(Self(secret))
    }
}

impl std::fmt::Debug for ProxySecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProxySecret")
    }
}

/// The two key streams of a connection.
pub(super) struct Streams {
    pub(super) from_client: Ctr,
    pub(super) to_client: Ctr,
}

impl Streams {
    fn new(header: &[u8; HEADER], secret: Option<&ProxySecret>) -> Self {
        let mut reversed = *header;
        reversed.reverse();
        Self { from_client: stream(header, secret), to_client: stream(&reversed, secret) }
    }
}

fn stream(header: &[u8; HEADER], secret: Option<&ProxySecret>) -> Ctr {
    let mut key: [u8; 32] = header[8..40].try_into().expect("32 bytes");
    if let Some(secret) = secret {
        key = sha256(&[&key, &*secret.0]);
    }
    Ctr::new(&key, header[40..56].try_into().expect("16 bytes"))
}

/// What a client's header says.
pub(super) struct Accepted {
    pub(super) streams: Streams,
    pub(super) framing: Framing,
    pub(super) dc: i16,
}

/// Finds the secret (or none) under which the header makes sense.
pub(super) fn accept(header: &[u8; HEADER], secrets: &[ProxySecret]) -> Option<Accepted> {
    std::iter::once(None).chain(secrets.iter().map(Some)).find_map(|secret| {
        let mut streams = Streams::new(header, secret);
        let mut plain = *header;
        streams.from_client.apply(&mut plain);
        let framing = Framing::from_tag(plain[56..60].try_into().expect("four bytes"))?;
        let dc = i16::from_le_bytes(plain[60..62].try_into().expect("two bytes"));
        Some(Accepted { streams, framing, dc })
    })
}

/// Makes a client's header, which looks like no other transport's beginning.
pub(super) fn start(
    tag: [u8; 4],
    dc: i16,
    secret: Option<&ProxySecret>,
    random: &mut dyn RandomSource,
) -> ([u8; HEADER], Streams) {
    let mut header = [0; HEADER];
    loop {
        random.fill(&mut header);
        let known = header[0] == 0xef
            || Framing::from_tag(header[..4].try_into().expect("four bytes")).is_some()
            || header[4..8] == [0; 4]
            || sniff(&header) != Sniff::Mtproto;
        if !known {
            break;
        }
    }
    header[56..60].copy_from_slice(&tag);
    header[60..62].copy_from_slice(&dc.to_le_bytes());
    let mut streams = Streams::new(&header, secret);
    let mut encrypted = header;
    streams.from_client.apply(&mut encrypted);
    header[56..].copy_from_slice(&encrypted[56..]);
    (header, streams)
}
