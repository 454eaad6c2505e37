//! Every bound of the protocol in one place. Times are milliseconds unless the name says otherwise.

/// Largest packet taken from a transport. File parts have 512 KiB and the largest containers clients
/// build one MiB; the rest is room for headers and padding.
pub const PACKET_BYTES_MAX: usize = (1 << 20) + (64 << 10);
/// Packets below this have no place for a key identifier.
pub const PACKET_BYTES_MIN: usize = 8;
/// Proxy secrets tried on an obfuscated connection.
pub const PROXY_SECRETS_MAX: usize = 16;

/// Padding of an encrypted message, from the specification.
pub const PADDING_BYTES_MIN: usize = 12;
pub const PADDING_BYTES_MAX: usize = 1024;

/// Messages in a container.
pub const CONTAINER_MESSAGES_MAX: usize = 1020;
/// Identifiers in one `msgs_ack`, `msgs_state_req`, `msg_resend_req` and the like.
pub const MSG_IDS_MAX: usize = 8192;
/// Identifiers in one request to send messages again. Each costs a look at what is kept.
pub const RESEND_IDS_MAX: usize = 1024;
/// Bytes that the packed messages of one packet may unpack to, taken together.
pub const UNPACKED_BYTES_MAX: usize = 2 << 20;

/// A message identifier may lie this far behind and ahead of the server's clock.
pub const MSG_ID_PAST: i64 = 300_000;
pub const MSG_ID_FUTURE: i64 = 30_000;
/// Identifiers of received messages that a session remembers to refuse repeats.
pub const SEEN_MESSAGES_MAX: usize = 4096;
/// Queries of one session that may wait for their answer at the same time.
pub const RUNNING_QUERIES_MAX: usize = 1024;

/// How long a message waits for an acknowledgement that could ride with something else.
pub const ACK_DELAY: i64 = 500;
/// Acknowledgements are not delayed any more once there are this many.
pub const ACKS_PENDING_MAX: usize = 16;

/// Unacknowledged messages are sent with their own identifier up to this age (clients ignore older
/// ones), then with a new one.
pub const RESEND_SAME_ID_AGE: i64 = 270_000;
/// How often one message is sent under one identifier. A client that closes the connection at sight of a
/// repeat must not be caught in a circle; it takes the message under a new one.
pub const SAME_ID_TRANSMITS_MAX: u8 = 3;
/// Over HTTP nothing tells whether a response arrived; what is not acknowledged by then is sent again.
pub const HTTP_RESEND_DELAY: i64 = 10_000;
/// Bytes of sent but unacknowledged messages that a session keeps. Over it, the oldest large
/// answers go (their queries can be asked again), then the oldest ones of any size.
pub const UNACKED_BYTES_MAX: usize = 4 << 20;
/// What counts as a large answer there. Only reads of files have such.
pub const LARGE_ANSWER_BYTES: usize = 64 << 10;
/// Answers that were sent and not acknowledged. The oldest one beyond counts as received: the client went
/// on asking.
pub const UNACKED_ANSWERS_MAX: usize = 2048;
/// Bytes that wait to be sent. A session over it is closed: its client does not read.
pub const OUTGOING_BYTES_MAX: usize = 16 << 20;
/// Messages that wait to be sent or acknowledged.
pub const OUTGOING_MESSAGES_MAX: usize = 8192;
/// Bytes of messages put together into one packet.
pub const BATCH_BYTES_MAX: usize = 64 << 10;
/// The same for the answers to one HTTP request, which all go into its response.
pub const HTTP_ANSWERS_BYTES_MAX: usize = 1 << 20;

/// Connections of one session at the same time.
pub const CONNECTIONS_MAX: usize = 16;

/// Answers from this size on are packed when that makes them smaller.
pub const GZIP_BYTES_MIN: usize = 1024;

/// `ping_delay_disconnect`: seconds are taken between these. Web clients ask for 60,000.
pub const DISCONNECT_DELAY_MIN_SECONDS: i32 = 1;
pub const DISCONNECT_DELAY_MAX_SECONDS: i32 = 600;

/// `http_wait`: bounds of its parameters, and its defaults from the specification.
pub const HTTP_MAX_DELAY_MAX: i64 = 5_000;
pub const HTTP_WAIT_AFTER_MAX: i64 = 5_000;
pub const HTTP_MAX_WAIT_MAX: i64 = 30_000;
pub const HTTP_MAX_WAIT_DEFAULT: i64 = 25_000;

/// A new salt is used from the start of each window, and taken for one more.
pub const SALT_WINDOW_SECONDS: i64 = 1800;
/// Salts handed out ahead by `get_future_salts`, from the specification.
pub const FUTURE_SALTS_MAX: usize = 64;
/// A salt is taken this long before its window begins: clients' clocks run ahead.
pub const SALT_EARLY: i64 = 60_000;

/// A key exchange is forgotten this long after its first step, from the specification.
pub const HANDSHAKE_AGE_MAX: i64 = 600_000;
/// `dh_gen_retry` is answered to the same exchange at most this often.
pub const HANDSHAKE_RETRIES_MAX: u8 = 4;
/// `encrypted_data` of `set_client_DH_params`: 324 bytes and padding.
pub const CLIENT_DH_BYTES_MAX: usize = 512;

/// Client role: requests sent but not answered.
pub const CLIENT_REQUESTS_MAX: usize = 4096;
