use crypto::RandomSource;

use crate::limits::{PACKET_BYTES_MAX, PACKET_BYTES_MIN};

/// How packets are marked off in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    Abridged,
    Intermediate,
    PaddedIntermediate,
    Full,
}

impl Framing {
    /// The four bytes that announce the framing inside an obfuscated header. `Full` has none.
    pub(super) fn tag(self) -> Option<[u8; 4]> {
        match self {
            Self::Abridged => Some([0xef; 4]),
            Self::Intermediate => Some([0xee; 4]),
            Self::PaddedIntermediate => Some([0xdd; 4]),
            Self::Full => None,
        }
    }

    pub(super) fn from_tag(tag: [u8; 4]) -> Option<Self> {
        [Self::Abridged, Self::Intermediate, Self::PaddedIntermediate]
            .into_iter()
            .find(|framing| framing.tag() == Some(tag))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Abridged => "abridged",
            Self::Intermediate => "intermediate",
            Self::PaddedIntermediate => "padded intermediate",
            Self::Full => "full",
        }
    }
}

/// What is wrong with a stream. There is no way to go on: the connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    #[error("the first bytes belong to no transport and no proxy secret")]
    UnknownTransport,
    #[error("a packet of {length} bytes is too long")]
    TooLong { length: usize },
    #[error("a packet of {length} bytes is too short")]
    TooShort { length: usize },
    #[error("packet number {got} came where {expected} was due")]
    PacketNumber { got: u32, expected: u32 },
    #[error("the checksum of a packet is wrong")]
    Checksum,
}

/// A packet cut out of the stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    Payload {
        payload: Vec<u8>,
        quick_ack: bool,
    },
    /// Towards clients only.
    QuickAck(u32),
}

/// Bytes that were read and not yet taken.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
}

impl Buffer {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        // Moves what is left to the front only when that is cheaper than growing.
        if self.start == self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        } else if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn rest(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub(super) fn rest_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..]
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.start += count;
        debug_assert!(self.start <= self.bytes.len());
        // A large packet must not leave its buffer with an idle connection.
        if self.start == self.bytes.len() && self.bytes.capacity() > 64 << 10 {
            *self = Self::default();
        }
    }

    fn int(&self, at: usize) -> Option<u32> {
        self.rest().get(at..at + 4).map(|bytes| u32::from_le_bytes(bytes.try_into().expect("four bytes")))
    }
}

/// Cuts packets out of one direction of a stream.
pub(super) struct Decoder {
    framing: Framing,
    /// Whether quick acknowledgements are asked for (by clients) or given (by servers).
    to_client: bool,
    /// Packets taken, for the full transport.
    count: u32,
}

impl Decoder {
    pub(super) fn new(framing: Framing, to_client: bool) -> Self {
        Self { framing, to_client, count: 0 }
    }

    /// The next whole packet, if it is there.
    pub(super) fn next(&mut self, buffer: &mut Buffer) -> Result<Option<Frame>, TransportError> {
        match self.framing {
            Framing::Abridged => self.abridged(buffer),
            Framing::Intermediate | Framing::PaddedIntermediate => self.intermediate(buffer),
            Framing::Full => self.full(buffer),
        }
    }

    fn abridged(&self, buffer: &mut Buffer) -> Result<Option<Frame>, TransportError> {
        let Some(&first) = buffer.rest().first() else { return Ok(None) };
        let flag = first & 0x80 != 0;
        if flag && self.to_client {
            let Some(token) = buffer.int(0) else { return Ok(None) };
            buffer.skip(4);
            return Ok(Some(Frame::QuickAck(token.swap_bytes())));
        }
        let (header, words) = if first & 0x7f == 0x7f {
            let Some(word) = buffer.int(0) else { return Ok(None) };
            (4, word >> 8)
        } else {
            (1, u32::from(first & 0x7f))
        };
        self.payload(buffer, header, words as usize * 4, flag)
    }

    fn intermediate(&self, buffer: &mut Buffer) -> Result<Option<Frame>, TransportError> {
        let Some(word) = buffer.int(0) else { return Ok(None) };
        let flag = word & 0x8000_0000 != 0;
        if flag && self.to_client {
            buffer.skip(4);
            return Ok(Some(Frame::QuickAck(word)));
        }
        let frame = self.payload(buffer, 4, (word & 0x7fff_ffff) as usize, flag)?;
        Ok(match (self.framing, frame) {
            (Framing::PaddedIntermediate, Some(Frame::Payload { mut payload, quick_ack })) => {
                if self.to_client
                    && payload.len() <= 16
                    && let Some([0xff, 0xff, 0xff, 0xff, token @ ..]) = payload.first_chunk::<8>()
                {
                    return Ok(Some(Frame::QuickAck(u32::from_le_bytes(*token))));
                }
                trim_padding(&mut payload);
                Some(Frame::Payload { payload, quick_ack })
            }
            (_, frame) => frame,
        })
    }

    fn payload(
        &self,
        buffer: &mut Buffer,
        header: usize,
        length: usize,
        quick_ack: bool,
    ) -> Result<Option<Frame>, TransportError> {
        self.check_length(length)?;
        let Some(payload) = buffer.rest().get(header..header + length) else { return Ok(None) };
        let payload = payload.to_vec();
        buffer.skip(header + length);
        Ok(Some(Frame::Payload { payload, quick_ack }))
    }

    fn full(&mut self, buffer: &mut Buffer) -> Result<Option<Frame>, TransportError> {
        let Some(word) = buffer.int(0) else { return Ok(None) };
        let total = word as usize;
        let length = total.checked_sub(12).ok_or(TransportError::TooShort { length: total })?;
        self.check_length(length)?;
        let Some(packet) = buffer.rest().get(..total) else { return Ok(None) };
        let checksum = packet[total - 4..].try_into().expect("four bytes");
        if crc32fast::hash(&packet[..total - 4]) != u32::from_le_bytes(checksum) {
            return Err(TransportError::Checksum);
        }
        let got = u32::from_le_bytes(packet[4..8].try_into().expect("four bytes"));
        if got != self.count {
            return Err(TransportError::PacketNumber { got, expected: self.count });
        }
        let payload = packet[8..total - 4].to_vec();
        self.count = self.count.wrapping_add(1);
        buffer.skip(total);
        Ok(Some(Frame::Payload { payload, quick_ack: false }))
    }

    fn check_length(&self, length: usize) -> Result<(), TransportError> {
        // Towards clients, errors have four bytes.
        let least = if self.to_client { 4 } else { PACKET_BYTES_MIN };
        if length > PACKET_BYTES_MAX {
            Err(TransportError::TooLong { length })
        } else if length < least {
            Err(TransportError::TooShort { length })
        } else {
            Ok(())
        }
    }
}

/// Takes the transport's 0..15 random bytes off an encrypted packet, whose own length is whole blocks.
/// A plaintext packet says its length itself.
fn trim_padding(payload: &mut Vec<u8>) {
    if payload.len() > 24 && payload[..8] != [0; 8] {
        payload.truncate(24 + (payload.len() - 24) / 16 * 16);
    }
}

/// Marks off packets in one direction of a stream.
pub(super) struct Encoder {
    framing: Framing,
    /// Random bytes behind a packet of the padded transport, at most.
    padding_max: u8,
    count: u32,
}

impl Encoder {
    pub(super) fn new(framing: Framing, to_client: bool) -> Self {
        // Packets are whole words, and Telethon takes off what is left over of the last word, nothing more.
        let padding_max = if to_client { 3 } else { 15 };
        Self { framing, padding_max, count: 0 }
    }

    /// An error in place of a packet. It is never padded: clients know it by its four bytes.
    pub(super) fn error(&mut self, code: i32, random: &mut dyn RandomSource, out: &mut Vec<u8>) {
        let payload = code.to_le_bytes();
        match self.framing {
            Framing::PaddedIntermediate => self.padded(&payload, 0, 0, random, out),
            _ => self.packet(&payload, false, random, out),
        }
    }

    pub(super) fn packet(
        &mut self,
        payload: &[u8],
        quick_ack: bool,
        random: &mut dyn RandomSource,
        out: &mut Vec<u8>,
    ) {
        let length = payload.len() as u32;
        match self.framing {
            Framing::Abridged => {
                let (words, flag) = (length / 4, if quick_ack { 0x80 } else { 0 });
                if words < 0x7f {
                    out.push(words as u8 | flag);
                } else {
                    out.extend_from_slice(&(words << 8 | 0x7f | u32::from(flag)).to_le_bytes());
                }
                out.extend_from_slice(payload);
            }
            Framing::Intermediate => {
                let flag = if quick_ack { 0x8000_0000 } else { 0 };
                out.extend_from_slice(&(length | flag).to_le_bytes());
                out.extend_from_slice(payload);
            }
            Framing::PaddedIntermediate => {
                let flag = if quick_ack { 0x8000_0000 } else { 0 };
                self.padded(payload, self.padding_max, flag, random, out);
            }
            Framing::Full => {
                let start = out.len();
                out.extend_from_slice(&(length + 12).to_le_bytes());
                out.extend_from_slice(&self.count.to_le_bytes());
                out.extend_from_slice(payload);
                let checksum = crc32fast::hash(&out[start..]);
                out.extend_from_slice(&checksum.to_le_bytes());
                self.count = self.count.wrapping_add(1);
            }
        }
    }

    /// The full transport has none: the client cannot ask for it.
    pub(super) fn quick_ack(&self, token: u32, random: &mut dyn RandomSource, out: &mut Vec<u8>) {
        match self.framing {
            Framing::Abridged => out.extend_from_slice(&token.to_be_bytes()),
            Framing::Intermediate => out.extend_from_slice(&token.to_le_bytes()),
            Framing::PaddedIntermediate => {
                let mut payload = [0xff; 8];
                payload[4..].copy_from_slice(&token.to_le_bytes());
                self.padded(&payload, self.padding_max, 0, random, out);
            }
            Framing::Full => (),
        }
    }

    fn padded(
        &self,
        payload: &[u8],
        padding_max: u8,
        flag: u32,
        random: &mut dyn RandomSource,
        out: &mut Vec<u8>,
    ) {
        let mut noise = [0; 16];
        random.fill(&mut noise);
        let padding = usize::from(noise[15] % (padding_max + 1));
        out.extend_from_slice(&((payload.len() + padding) as u32 | flag).to_le_bytes());
        out.extend_from_slice(payload);
        out.extend_from_slice(&noise[..padding]);
    }
}
