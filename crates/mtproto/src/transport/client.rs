use crypto::RandomSource;

use super::framing::{Buffer, Decoder, Encoder, Frame};
use super::obfuscation::{Streams, start};
use super::{Framing, ProxySecret, TransportError};

/// What comes from a server.
#[derive(Debug, PartialEq, Eq)]
pub enum ClientInbound {
    Packet(Vec<u8>),
    /// The token of a packet that was sent with `quick_ack`.
    QuickAck(u32),
    /// A transport error, negative: see [`super::TransportCode`].
    Error(i32),
}

/// How a client hides its transport.
#[derive(Clone, Debug, Default)]
pub struct Obfuscation {
    pub secret: Option<ProxySecret>,
    /// The data centre wanted, for proxies.
    pub dc: i16,
}

/// The client's end of one connection.
pub struct ClientTransport {
    buffer: Buffer,
    decoder: Decoder,
    encoder: Encoder,
    streams: Option<Streams>,
    /// What announces the transport, before the first packet.
    header: Vec<u8>,
}

impl ClientTransport {
    /// # Panics
    /// For [`Framing::Full`] with obfuscation: its header has no name for it.
    pub fn new(framing: Framing, obfuscation: Option<&Obfuscation>, random: &mut dyn RandomSource) -> Self {
        let (header, streams) = match (obfuscation, framing) {
            (None, Framing::Abridged) => (vec![0xef], None),
            (None, Framing::Full) => (Vec::new(), None),
            (None, Framing::Intermediate) => (vec![0xee; 4], None),
            (None, Framing::PaddedIntermediate) => (vec![0xdd; 4], None),
            (Some(obfuscation), framing) => {
                let tag = framing.tag().expect("the full transport is not obfuscated");
                let (header, streams) = start(tag, obfuscation.dc, obfuscation.secret.as_ref(), random);
                (header.to_vec(), Some(streams))
            }
        };
        Self {
            buffer: Buffer::default(),
            decoder: Decoder::new(framing, true),
            encoder: Encoder::new(framing, false),
            streams,
            header,
        }
    }

    /// Appends a packet for the server to `out`; before the first one, what announces the transport.
    pub fn encode_packet(
        &mut self,
        payload: &[u8],
        quick_ack: bool,
        random: &mut dyn RandomSource,
        out: &mut Vec<u8>,
    ) {
        out.append(&mut self.header);
        let start = out.len();
        self.encoder.packet(payload, quick_ack, random, out);
        if let Some(streams) = &mut self.streams {
            streams.from_client.apply(&mut out[start..]);
        }
    }

    /// Takes what the socket gave.
    pub fn handle_bytes(&mut self, bytes: &[u8]) {
        self.buffer.push(bytes);
        if let Some(streams) = &mut self.streams {
            let rest = self.buffer.rest_mut();
            let new = rest.len() - bytes.len();
            streams.to_client.apply(&mut rest[new..]);
        }
    }

    /// The next thing the server sent. After an error the connection is to be closed.
    pub fn poll_packet(&mut self) -> Result<Option<ClientInbound>, TransportError> {
        Ok(match self.decoder.next(&mut self.buffer)? {
            None => None,
            Some(Frame::QuickAck(token)) => Some(ClientInbound::QuickAck(token)),
            Some(Frame::Payload { payload, .. }) => {
                let first = i32::from_le_bytes(*payload.first_chunk().expect("at least four bytes"));
                Some(if payload.len() == 4 && first < 0 {
                    ClientInbound::Error(first)
                } else {
                    ClientInbound::Packet(payload)
                })
            }
        })
    }
}
