//! Every target: what it is called, what it does with an input, and what it may take for it.

mod gzip;
mod handshake;
mod packet;
#[cfg(feature = "port")]
mod port;
mod session_client;
mod session_server;
mod text;
mod tl;
mod transport;

pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    /// Builds what is built once.
    pub warm: fn(),
    /// Names and contents of inputs to start from.
    pub seeds: fn() -> Vec<(String, Vec<u8>)>,
    /// Bytes of memory that one byte of input may take.
    pub growth: usize,
    /// Bytes of memory that any input may take.
    pub slack: usize,
}

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

const fn target(
    name: &'static str,
    run: fn(&[u8]),
    seeds: fn() -> Vec<(String, Vec<u8>)>,
    growth: usize,
    slack: usize,
) -> Target {
    Target { name, run, warm: || (), seeds, growth, slack }
}

pub const TARGETS: &[Target] = &[
    target("sniff", transport::sniff_bytes, transport::seeds_sniff, 0, 0),
    target("transport_server", transport::server, transport::seeds_server, 12, 4 * KIB),
    target("transport_obfuscated", transport::obfuscated, transport::seeds_framed, 16, 8 * KIB),
    // Every four bytes can be a quick acknowledgement, which the target collects.
    target("transport_client", transport::client, transport::seeds_framed, 64, 8 * KIB),
    target("transport_pair", transport::pair, transport::seeds_framed, 64, 64 * KIB),
    target("packet", packet::run, packet::seeds, 64, 64 * KIB),
    target("handshake_server", handshake::server, handshake::seeds_server, 64, 256 * KIB),
    target("handshake_client", handshake::client, handshake::seeds_client, 64, 256 * KIB),
    // What a session may keep is bounded by its limits, not by the length of what made it keep that.
    target("session_server", session_server::run, session_server::seeds, 1000, 96 * MIB),
    target("session_client", session_client::run, session_client::seeds, 1000, 64 * MIB),
    Target { warm: tl::warm, ..target("tl_bytes", tl::bytes, tl::seeds_bytes, 400, 16 * KIB) },
    Target { warm: tl::warm, ..target("tl_values", tl::values, tl::seeds_values, 400, 8 * MIB) },
    target("gzip", gzip::run, gzip::seeds, 8, 4 * MIB),
    // Patterns of numbering plans are kept once they were used, a bounded number of them.
    Target { warm: text::warm_message, ..target("text", text::message, text::seeds_message, 600, 8 * MIB) },
    target("words", text::words, text::seeds_words, 600, 256 * KIB),
    Target { warm: text::warm_phone, ..target("phone", text::phone, text::seeds_phone, 64, 8 * MIB) },
    #[cfg(feature = "port")]
    target("envelope", port::envelope, port::seeds_envelope, 16, 16 * MIB),
    #[cfg(feature = "port")]
    Target { warm: port::warm, ..target("port", port::raw, port::seeds_raw, 64, 8 * MIB) },
    #[cfg(feature = "port")]
    Target { warm: port::warm, ..target("http", port::http, port::seeds_http, 64, 8 * MIB) },
    #[cfg(feature = "port")]
    Target { warm: port::warm, ..target("websocket", port::websocket, port::seeds_websocket, 64, 8 * MIB) },
];

/// Seeds by number.
fn numbered(seeds: impl IntoIterator<Item = Vec<u8>>) -> Vec<(String, Vec<u8>)> {
    seeds.into_iter().enumerate().map(|(at, seed)| (format!("{at:02}"), seed)).collect()
}
