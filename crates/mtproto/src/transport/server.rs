use std::sync::Arc;

use crypto::RandomSource;
use crypto::aes::Ctr;

use super::framing::{Buffer, Decoder, Encoder, Frame};
use super::obfuscation::{HEADER, accept};
use super::{Framing, ProxySecret, TransportCode, TransportError};
use crate::limits::PROXY_SECRETS_MAX;

/// A packet from a client.
#[derive(Debug, PartialEq, Eq)]
pub struct Inbound {
    pub payload: Vec<u8>,
    /// The client wants the packet's token back at once ([`ServerTransport::encode_quick_ack`]).
    pub quick_ack: bool,
}

/// The server's end of one connection: finds out the transport, then takes and makes packets.
pub struct ServerTransport {
    secrets: Arc<[ProxySecret]>,
    buffer: Buffer,
    state: State,
}

enum State {
    /// The first bytes do not tell yet.
    Sniffing,
    Open(Box<Open>),
}

struct Open {
    framing: Framing,
    decoder: Decoder,
    encoder: Encoder,
    obfuscated: Option<Obfuscated>,
}

struct Obfuscated {
    from_client: Ctr,
    to_client: Ctr,
    dc: i16,
}

impl ServerTransport {
    /// `secrets` are those a client may prove besides none at all; more than
    /// [`PROXY_SECRETS_MAX`] are not looked at.
    pub fn new(secrets: Arc<[ProxySecret]>) -> Self {
        Self { secrets, buffer: Buffer::default(), state: State::Sniffing }
    }

    /// Takes what the socket gave. Call [`Self::poll_packet`] until it has nothing before reading on:
    /// then no more than one packet is ever kept.
    pub fn handle_bytes(&mut self, bytes: &[u8]) {
        self.buffer.push(bytes);
        if let State::Open(open) = &mut self.state
            && let Some(obfuscated) = &mut open.obfuscated
        {
            let rest = self.buffer.rest_mut();
            let new = rest.len() - bytes.len();
            obfuscated.from_client.apply(&mut rest[new..]);
        }
    }

    /// The next packet. After an error the connection is to be closed.
    pub fn poll_packet(&mut self) -> Result<Option<Inbound>, TransportError> {
        if let State::Sniffing = self.state {
            match self.sniff()? {
                Some(open) => self.state = State::Open(Box::new(open)),
                None => return Ok(None),
            }
        }
        let State::Open(open) = &mut self.state else { return Ok(None) };
        Ok(match open.decoder.next(&mut self.buffer)? {
            Some(Frame::Payload { payload, quick_ack }) => Some(Inbound { payload, quick_ack }),
            Some(Frame::QuickAck(_)) | None => None,
        })
    }

    fn sniff(&mut self) -> Result<Option<Open>, TransportError> {
        let first = self.buffer.rest();
        let (framing, skip) = match (first.first(), first.first_chunk::<4>(), first.first_chunk::<8>()) {
            (Some(0xef), _, _) => (Framing::Abridged, 1),
            (_, Some([0xee, 0xee, 0xee, 0xee]), _) => (Framing::Intermediate, 4),
            (_, Some([0xdd, 0xdd, 0xdd, 0xdd]), _) => (Framing::PaddedIntermediate, 4),
            (_, _, Some([_, _, _, _, 0, 0, 0, 0])) => (Framing::Full, 0),
            (_, _, Some(_)) => return self.sniff_obfuscated(),
            _ => return Ok(None),
        };
        self.buffer.skip(skip);
        Ok(Some(Open::new(framing, None)))
    }

    fn sniff_obfuscated(&mut self) -> Result<Option<Open>, TransportError> {
        let Some(header) = self.buffer.rest().first_chunk::<HEADER>() else { return Ok(None) };
        let secrets = &self.secrets[..self.secrets.len().min(PROXY_SECRETS_MAX)];
        let accepted = accept(header, secrets).ok_or(TransportError::UnknownTransport)?;
        let mut obfuscated = Obfuscated {
            from_client: accepted.streams.from_client,
            to_client: accepted.streams.to_client,
            dc: accepted.dc,
        };
        self.buffer.skip(HEADER);
        obfuscated.from_client.apply(self.buffer.rest_mut());
        Ok(Some(Open::new(accepted.framing, Some(obfuscated))))
    }

    /// Appends a packet for the client to `out`.
    ///
    /// Before the client has said how it wants packets, there is nobody to send one to: nothing is
    /// appended. The same holds for the two methods below.
    pub fn encode_packet(&mut self, payload: &[u8], random: &mut dyn RandomSource, out: &mut Vec<u8>) {
        self.encode(out, |encoder, out| encoder.packet(payload, false, random, out));
    }

    /// Appends the token of a packet whose client asked for it.
    pub fn encode_quick_ack(&mut self, token: u32, random: &mut dyn RandomSource, out: &mut Vec<u8>) {
        self.encode(out, |encoder, out| encoder.quick_ack(token, random, out));
    }

    /// Appends an error in place of a packet.
    pub fn encode_error(&mut self, code: TransportCode, random: &mut dyn RandomSource, out: &mut Vec<u8>) {
        self.encode(out, |encoder, out| encoder.error(code.code(), random, out));
    }

    fn encode(&mut self, out: &mut Vec<u8>, append: impl FnOnce(&mut Encoder, &mut Vec<u8>)) {
        let State::Open(open) = &mut self.state else { return };
        let start = out.len();
        append(&mut open.encoder, out);
        if let Some(obfuscated) = &mut open.obfuscated {
            obfuscated.to_client.apply(&mut out[start..]);
        }
    }

    /// The framing, once the client's first bytes have told it.
    pub fn framing(&self) -> Option<Framing> {
        self.open().map(|open| open.framing)
    }

    pub fn is_obfuscated(&self) -> bool {
        self.obfuscated().is_some()
    }

    /// The data centre that an obfuscated client wrote into its header. Several clients leave random
    /// bytes there: it proves nothing and is never a reason to refuse.
    pub fn dc_hint(&self) -> Option<i16> {
        self.obfuscated().map(|obfuscated| obfuscated.dc)
    }

    /// For the operator's counters.
    pub fn name(&self) -> &'static str {
        match self.framing() {
            None => "unknown",
            Some(framing) if !self.is_obfuscated() => framing.name(),
            Some(Framing::Abridged) => "obfuscated abridged",
            Some(Framing::Intermediate) => "obfuscated intermediate",
            Some(Framing::PaddedIntermediate) => "obfuscated padded intermediate",
            Some(Framing::Full) => "obfuscated full",
        }
    }

    fn open(&self) -> Option<&Open> {
        match &self.state {
            State::Sniffing => None,
            State::Open(open) => Some(open),
        }
    }

    fn obfuscated(&self) -> Option<&Obfuscated> {
        self.open()?.obfuscated.as_ref()
    }
}

impl Open {
    fn new(framing: Framing, obfuscated: Option<Obfuscated>) -> Self {
        Self {
            framing,
            decoder: Decoder::new(framing, false),
            encoder: Encoder::new(framing, true),
            obfuscated,
        }
    }
}
