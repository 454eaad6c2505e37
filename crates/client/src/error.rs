use std::io;

use mtproto::handshake::client::ClientHandshakeError;
use mtproto::session::client::RequestError;
use mtproto::transport::TransportError;
use tl::DecodeError;

/// How a call or a connection ends when it does not succeed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("{code} {text}")]
    Rpc { code: i32, text: String },
    /// The server closed the connection with this code, such as -404: it does not know the key.
    #[error("transport error {0}")]
    Transport(i32),
    #[error("the message was refused: bad_msg_notification {0}")]
    Refused(i32),
    #[error("the answer does not decode: {0}")]
    Malformed(#[from] DecodeError),
    #[error("{0} does not exist in this layer")]
    Inexpressible(&'static str),
    #[error("the key exchange failed: {0}")]
    Handshake(#[from] ClientHandshakeError),
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    #[error("the server's bytes are of no transport: {0}")]
    Framing(#[from] TransportError),
    #[error("the server's packet cannot be opened")]
    Sealed,
    #[error("the query was not sent: {0}")]
    Request(#[from] RequestError),
    #[error("the client has ended")]
    Closed,
}
