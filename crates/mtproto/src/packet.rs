//! One packet: what stands between the transport and the session.
//!
//! A connection may carry packets of several keys and plaintext in any order, so every packet is looked at
//! by itself.

use tl::Reader;

/// What a packet is, by its first eight bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// `auth_key_id` is 0: a message of the key exchange.
    Plain,
    Encrypted {
        auth_key_id: i64,
    },
}

/// What is wrong with a packet outside its encryption. The answer is always the transport error -404.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    #[error("{length} bytes hold no key identifier")]
    TooShort { length: usize },
    #[error("a plaintext message has {actual} bytes where it says {stated}")]
    PlainLength { stated: i32, actual: usize },
    #[error("the packet is not plaintext")]
    NotPlain,
}

/// Tells plaintext from encrypted packets.
pub fn classify(payload: &[u8]) -> Result<PacketKind, PacketError> {
    match payload.first_chunk() {
        None => Err(PacketError::TooShort { length: payload.len() }),
        Some(&[0, 0, 0, 0, 0, 0, 0, 0]) => Ok(PacketKind::Plain),
        Some(id) => Ok(PacketKind::Encrypted { auth_key_id: i64::from_le_bytes(*id) }),
    }
}

/// Messages without encryption.
pub mod plain {
    use super::{PacketError, Reader};

    /// A plaintext message.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub struct Plain<'a> {
        pub msg_id: i64,
        pub body: &'a [u8],
    }

    /// Takes a plaintext packet apart. Bytes after the stated length are a transport's padding.
    pub fn open(payload: &[u8]) -> Result<Plain<'_>, PacketError> {
        let short = |_| PacketError::TooShort { length: payload.len() };
        let mut r = Reader::new(payload);
        if r.i64().map_err(short)? != 0 {
            return Err(PacketError::NotPlain);
        }
        let msg_id = r.i64().map_err(short)?;
        let stated = r.i32().map_err(short)?;
        let actual = r.remaining();
        let body = usize::try_from(stated).ok().and_then(|length| r.raw(length).ok());
        let body = body.ok_or(PacketError::PlainLength { stated, actual })?;
        Ok(Plain { msg_id, body })
    }

    /// Appends a plaintext packet to `out`.
    pub fn seal(msg_id: i64, body: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&[0; 8]);
        out.extend_from_slice(&msg_id.to_le_bytes());
        out.extend_from_slice(&(body.len() as u32).to_le_bytes());
        out.extend_from_slice(body);
    }
}

/// Messages under an authorization key.
///
/// Source: MTProto, "Detailed description" and "Security guidelines", "MTProto encrypted messages".
pub mod encrypted {
    use std::fmt;

    use crypto::aes::{BLOCK, ige_decrypt, ige_encrypt};
    use crypto::kdf::{message_keys, msg_key, msg_key_large};
    use crypto::{AuthKey, ConstantTimeEq, RandomSource, Side};

    use crate::limits::{PADDING_BYTES_MAX, PADDING_BYTES_MIN};

    /// Key identifier and message key.
    const OUTER: usize = 24;
    /// Salt, session, message identifier, sequence number, length.
    const INNER: usize = 32;

    /// The fields before the body.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub struct Header {
        pub salt: i64,
        pub session_id: i64,
        pub msg_id: i64,
        pub seq_no: i32,
    }

    /// A decrypted message whose `msg_key` and length were right. Nothing else is checked yet.
    #[derive(Clone, Copy, PartialEq, Eq)]
    pub struct Opened<'a> {
        pub salt: i64,
        pub session_id: i64,
        pub msg_id: i64,
        pub seq_no: i32,
        pub body: &'a [u8],
        /// What a transport sends back at once when the client asked for it.
        pub quick_ack_token: u32,
    }

    impl fmt::Debug for Opened<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "Opened {{ msg_id: {}, seq_no: {}, .. }}", self.msg_id, self.seq_no)
        }
    }

    /// Why a packet does not open. To the peer all variants look the same: the transport error -404, then
    /// the end of the connection. They are told apart in tests and in the operator's counters only.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
    pub enum OpenError {
        /// Seen from outside by everybody, before any decryption.
        #[error("{length} bytes are no encrypted message")]
        PacketLength { length: usize },
        #[error("the message key does not belong to the content")]
        MsgKey,
        /// From here on the peer holds the key.
        #[error("a message of {length} bytes")]
        MessageLength { length: i32 },
        #[error("{padding} bytes of padding")]
        Padding { padding: usize },
    }

    /// Decrypts a packet in place.
    ///
    /// The message key is compared, in constant time and over the whole plaintext with its padding,
    /// before a single decrypted byte is looked at: no length or header field of a forged packet can
    /// change what happens or how long it takes ("Four attacks and a proof for Telegram", 2022, the
    /// timing attack on clients that looked at the length first).
    pub fn open<'a>(key: &AuthKey, from: Side, payload: &'a mut [u8]) -> Result<Opened<'a>, OpenError> {
        let length = payload.len();
        let encrypted = length.saturating_sub(OUTER);
        if encrypted < INNER + PADDING_BYTES_MIN || !encrypted.is_multiple_of(BLOCK) {
            return Err(OpenError::PacketLength { length });
        }
        let (outer, plaintext) = payload.split_at_mut(OUTER);
        let stated: [u8; 16] = outer[8..].try_into().expect("sixteen bytes");
        let keys = message_keys(key, from, &stated);
        ige_decrypt(&keys.key, &keys.iv, plaintext);
        let large = msg_key_large(key, from, plaintext);
        if !bool::from(msg_key(&large).ct_eq(&stated)) {
            return Err(OpenError::MsgKey);
        }

        let plaintext = &*plaintext;
        let long = |at: usize| i64::from_le_bytes(plaintext[at..at + 8].try_into().expect("eight bytes"));
        let int = |at: usize| i32::from_le_bytes(plaintext[at..at + 4].try_into().expect("four bytes"));
        let length = int(28);
        let body = usize::try_from(length)
            .ok()
            .filter(|length| length.is_multiple_of(4))
            .and_then(|length| plaintext[INNER..].get(..length))
            .ok_or(OpenError::MessageLength { length })?;
        let padding = plaintext.len() - INNER - body.len();
        if !(PADDING_BYTES_MIN..=PADDING_BYTES_MAX).contains(&padding) {
            return Err(OpenError::Padding { padding });
        }
        Ok(Opened {
            salt: long(0),
            session_id: long(8),
            msg_id: long(16),
            seq_no: int(24),
            body,
            quick_ack_token: quick_ack_token(&large),
        })
    }

    /// Encrypts a message and appends the packet to `out`. Returns the token of its quick
    /// acknowledgement. Two packets never repeat a plaintext: the padding is random, and the session
    /// gives every packet an identifier of its own.
    pub fn seal(
        key: &AuthKey,
        from: Side,
        header: &Header,
        body: &[u8],
        random: &mut dyn RandomSource,
        out: &mut Vec<u8>,
    ) -> u32 {
        debug_assert!(body.len().is_multiple_of(4), "TL objects are whole words");
        let padding = PADDING_BYTES_MIN + (INNER + body.len() + PADDING_BYTES_MIN).wrapping_neg() % BLOCK;
        let start = out.len();
        out.reserve(OUTER + INNER + body.len() + padding);
        out.extend_from_slice(&key.id().to_le_bytes());
        out.extend_from_slice(&[0; 16]);
        out.extend_from_slice(&header.salt.to_le_bytes());
        out.extend_from_slice(&header.session_id.to_le_bytes());
        out.extend_from_slice(&header.msg_id.to_le_bytes());
        out.extend_from_slice(&header.seq_no.to_le_bytes());
        out.extend_from_slice(&(body.len() as u32).to_le_bytes());
        out.extend_from_slice(body);
        let padded = out.len() + padding;
        out.resize(padded, 0);
        random.fill(&mut out[padded - padding..]);

        let (outer, plaintext) = out[start..].split_at_mut(OUTER);
        let large = msg_key_large(key, from, plaintext);
        let msg_key = msg_key(&large);
        outer[8..].copy_from_slice(&msg_key);
        let keys = message_keys(key, from, &msg_key);
        ige_encrypt(&keys.key, &keys.iv, plaintext);
        quick_ack_token(&large)
    }

    /// Source: MTProto, "MTProto transports", "Quick ack".
    fn quick_ack_token(msg_key_large: &[u8; 32]) -> u32 {
        let first = msg_key_large.first_chunk().expect("32 bytes hold four");
        u32::from_le_bytes(*first) | 0x8000_0000
    }
}
