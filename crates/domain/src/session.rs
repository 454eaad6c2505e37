//! How a client's session is named on the server's side.

/// One session, as pushes address it.
///
/// Session ids are chosen by clients, so only the pair means anything. `key_id` is the key that packets are
/// sealed with: of a client that uses temporary keys, that is the temporary one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionRef {
    pub key_id: i64,
    pub session_id: i64,
}
