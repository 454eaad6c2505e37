//! A client's byte stream: bare, or inside WebSocket frames.

use std::io;

use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};

use crate::io::{BoxIo, read_some};
use crate::limits::{IDLE_BUFFER_BYTES, WEBSOCKET_MESSAGE_BYTES};

pub(crate) enum Wire {
    Stream { io: BoxIo, out: Vec<u8> },
    WebSocket { socket: Box<WebSocketStream<BoxIo>>, out: Vec<Vec<u8>> },
}

impl Wire {
    pub(crate) fn stream(io: BoxIo) -> Self {
        Self::Stream { io, out: Vec::new() }
    }

    /// After the HTTP upgrade.
    pub(crate) async fn websocket(io: BoxIo) -> Self {
        // The defaults would cost 128 KiB for every connection that waits.
        let config = WebSocketConfig::default()
            .read_buffer_size(4 * 1024)
            .write_buffer_size(0)
            .max_message_size(Some(WEBSOCKET_MESSAGE_BYTES))
            .max_frame_size(Some(WEBSOCKET_MESSAGE_BYTES));
        let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await;
        Self::WebSocket { socket: Box::new(socket), out: Vec::new() }
    }

    pub(crate) fn is_websocket(&self) -> bool {
        matches!(self, Self::WebSocket { .. })
    }

    /// Appends what came to `buffer`, waiting for at least one byte; 0 at the end. Cancel-safe.
    pub(crate) async fn read(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let socket = match self {
            Self::Stream { io, .. } => return read_some(io, buffer).await,
            Self::WebSocket { socket, .. } => socket,
        };
        loop {
            match socket.next().await {
                Some(Ok(Message::Binary(bytes))) if !bytes.is_empty() => {
                    buffer.extend_from_slice(&bytes);
                    return Ok(bytes.len());
                }
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                // Text has no place here; a close frame is answered by the library as it is dropped.
                Some(Ok(Message::Text(_) | Message::Close(_))) | None => return Ok(0),
                Some(Err(error)) => return Err(io_error(error)),
            }
        }
    }

    /// Keeps one encoded packet for the next [`Wire::flush`]. In a WebSocket it is one binary frame: some
    /// clients read one packet of each frame and no more.
    pub(crate) fn queue(&mut self, packet: &[u8]) {
        match self {
            Self::Stream { out, .. } => out.extend_from_slice(packet),
            Self::WebSocket { out, .. } => out.push(packet.to_vec()),
        }
    }

    pub(crate) fn has_queued(&self) -> bool {
        match self {
            Self::Stream { out, .. } => !out.is_empty(),
            Self::WebSocket { out, .. } => !out.is_empty(),
        }
    }

    /// Writes all that is queued. When it is cancelled, the stream is of no more use.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stream { io, out } => {
                io.write_all(out).await?;
                io.flush().await?;
                out.clear();
                out.shrink_to(IDLE_BUFFER_BYTES);
            }
            Self::WebSocket { socket, out } => {
                for packet in out.drain(..) {
                    socket.feed(Message::Binary(packet.into())).await.map_err(io_error)?;
                }
                socket.flush().await.map_err(io_error)?;
            }
        }
        Ok(())
    }

    /// Says goodbye properly, as far as the other side still listens.
    pub(crate) async fn shutdown(&mut self) {
        // A failure here means that the other side was faster.
        let _ = match self {
            Self::Stream { io, .. } => io.shutdown().await,
            Self::WebSocket { socket, .. } => WebSocketStream::close(socket, None).await.map_err(io_error),
        };
    }
}

fn io_error(error: WebSocketError) -> io::Error {
    match error {
        WebSocketError::Io(error) => error,
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    }
}
