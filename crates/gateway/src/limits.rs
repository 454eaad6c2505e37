//! Every number that bounds what a stranger, or a client gone wrong, can make the gateway hold or do.
//!
//! What depends on the machine or on who is expected to come is a field of [`Limits`], with its default; what
//! follows from the protocol is a constant.

/// What the operator may change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once, of any kind. One more is closed as soon as it is accepted.
    pub connections: usize,
    /// Connections at once from one address (IPv6: one /64) that have not yet shown a key that somebody is
    /// signed in with.
    pub newcomers_per_address: u32,
    /// Plaintext requests (three make a key) per minute and address, also the size of a burst.
    pub handshake_steps_per_minute: u32,
    /// Keys made per minute and address, also the size of a burst. Each is written down.
    pub keys_per_minute: u32,
    /// This machine's own addresses, behind which a proxy may have many clients, make as many keys as they
    /// like, and are no newcomers once they have shown one.
    pub trusts_loopback: bool,
    /// Key exchanges computed at once; the others wait. More than there are processors helps nobody.
    pub handshakes_at_once: usize,
    /// Sessions at once.
    pub sessions: usize,
    /// Bytes that wait to be sent or acknowledged, of all sessions together. Over it, sessions that keep much
    /// are cut down to little.
    pub outgoing_bytes: usize,
    /// How long a connection may say nothing. Clients ping every minute or so.
    pub idle_secs: u64,
    /// From accept to the first packet sealed with a known key.
    pub newcomer_secs: u64,
    /// How long a client may take nothing of what was written for it before it counts as gone, and how long what was
    /// sent to it may go without the network's acknowledgement.
    pub write_secs: u64,
    /// Bytes that the system is asked to keep for a client that has not taken them (Linux keeps twice as many, its
    /// own bookkeeping included), and with the way to the client what bounds the speed of one connection: 64 KiB are
    /// about 1 MB/s over 100 ms. 0 leaves it to the system, which may keep megabytes for each client that does not
    /// read.
    pub send_buffer_bytes: usize,
    /// How long a session without a connection is remembered. Below [`REPLAY_SECS`], what it took could be
    /// played back.
    pub session_idle_secs: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 100_000,
            newcomers_per_address: 1_000,
            handshake_steps_per_minute: 3_000,
            keys_per_minute: 60,
            trusts_loopback: true,
            handshakes_at_once: 4,
            sessions: 500_000,
            outgoing_bytes: 1 << 30,
            idle_secs: 10 * 60,
            newcomer_secs: 90,
            write_secs: 30,
            send_buffer_bytes: 64 << 10,
            session_idle_secs: 6 * 60,
        }
    }
}

/// From accept to the bytes that tell the protocol, and for a TLS handshake.
pub const FIRST_BYTES_SECS: u64 = 15;
/// Addresses remembered for the limits above; beyond it, idle ones are forgotten early.
pub const ADDRESSES: usize = 100_000;

/// Sessions of one key. Clients open about ten (several uploads and downloads beside the main one).
pub const SESSIONS_PER_KEY: usize = 64;
/// The same while nobody is signed in with the key, and what is kept of each in bytes: unsent, and sent but
/// not acknowledged.
pub const SESSIONS_PER_STRANGER: usize = 8;
pub const STRANGER_QUEUE_BYTES: usize = 2 << 20;
pub const STRANGER_UNACKED_BYTES: usize = 512 << 10;
/// What each session may keep while all together keep too much.
pub const FRUGAL_BYTES: usize = 64 << 10;
/// Sessions that one connection speaks for. A connection that re-keys has two or three.
pub const SESSIONS_PER_CONNECTION: usize = 16;
/// Connections of one session: one, while a lost one is not noticed two, with HTTP a few.
pub const CONNECTIONS_PER_SESSION: usize = 8;
/// How long a client's message is taken: what is older is refused for its age. For so long it is remembered
/// which messages an ended session took.
pub const REPLAY_SECS: i64 = 330;
/// Ended sessions remembered of one key.
pub const ENDED_PER_KEY: usize = 64;
/// Packets with an unknown key that a connection may send before it is closed.
pub const UNKNOWN_KEYS_PER_CONNECTION: u32 = 3;

/// Keys without a session that stay in memory, and for how long.
pub const IDLE_KEYS: usize = 50_000;
pub const IDLE_KEY_SECS: i64 = 10 * 60;

/// Queries of one session that run at once; the next ones wait their turn.
pub const CALLS_PER_SESSION: usize = 32;
/// Queries of one connection that run or wait; then the connection is not read until one is answered.
pub const CALLS_PER_CONNECTION: usize = 128;
/// The same in bytes of queries, unpacked.
pub const CALL_BYTES_PER_CONNECTION: usize = 4 << 20;
/// Results that `invokeAfterMsg` can refer to.
pub const OUTCOMES_PER_SESSION: usize = 512;
/// How long `invokeAfterMsg` waits for a message that has not come yet, or is not answered.
pub const AFTER_SECS: u64 = 15;

/// Bytes taken from a socket at once.
pub const READ_BYTES: usize = 16 * 1024;
/// Bytes encoded before they are written; one packet may exceed it.
pub const WRITE_BYTES: usize = 128 * 1024;
/// Buffers larger than this are given back when a connection falls idle.
pub const IDLE_BUFFER_BYTES: usize = 1024;

/// An HTTP request: head, body, and how long each may take.
pub const HTTP_HEAD_BYTES: usize = 16 * 1024;
pub const HTTP_BODY_BYTES: usize = 2 * 1024 * 1024;
pub const HTTP_HEAD_SECS: u64 = 75;
pub const HTTP_BODY_SECS: u64 = 60;
/// What a browser may send with a form.
pub const PAGE_FORM_BYTES: usize = 4 * 1024;
/// The longest that an HTTP request is held (`http_wait` asks for 25 seconds).
pub const HTTP_HOLD_SECS: u64 = 60;
/// Key exchanges under way over HTTP, where each step may come on another connection: of one address, of one
/// behind which a proxy has many clients, how many addresses, and how long one is remembered.
pub const HTTP_EXCHANGES_PER_ADDRESS: usize = 32;
pub const HTTP_EXCHANGES_PER_PROXY: usize = 1024;
pub const HTTP_EXCHANGE_ADDRESSES: usize = 4096;
pub const HTTP_EXCHANGE_SECS: i64 = 10 * 60;
/// Key exchanges under way on one connection: the permanent key's and the temporary one's.
pub const HANDSHAKES_PER_CONNECTION: usize = 4;

/// One WebSocket message. Clients send one packet a frame.
pub const WEBSOCKET_MESSAGE_BYTES: usize = 2 * 1024 * 1024;

/// How long running queries and unsent answers are waited for when the server stops.
pub const SHUTDOWN_SECS: u64 = 5;
/// How often the janitor looks around.
pub const JANITOR_SECS: u64 = 15;
