use tl::service::{MSG_CONTAINER, MSG_COPY};
use tl::{DecodeError, Reader};

use crate::limits::CONTAINER_MESSAGES_MAX;

/// A message, alone or out of a container.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Message<'a> {
    pub(super) msg_id: i64,
    pub(super) seq_no: i32,
    pub(super) body: &'a [u8],
}

/// Why a container is refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContainerError {
    #[error("it does not decode: {0}")]
    Malformed(DecodeError),
    #[error("{count} messages are too many")]
    TooMany { count: u32 },
    #[error("a message of {length} bytes")]
    MessageLength { length: u32 },
    #[error("containers do not stand in containers")]
    Nested,
    #[error("a message has no lower identifier than its container")]
    IdNotBelow,
    #[error("two messages have one identifier")]
    IdTwice,
}

impl From<DecodeError> for ContainerError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

/// Takes a message apart into those it carries: itself, what a container holds, or the original of a copy.
///
/// Source: MTProto, "Service messages", "Containers".
pub(super) fn unfold<'a>(outer: Message<'a>) -> Result<Vec<Message<'a>>, ContainerError> {
    let mut r = Reader::new(outer.body);
    let messages = match r.peek_u32() {
        Ok(MSG_CONTAINER) => {
            r.u32()?;
            let count = r.u32()?;
            if count as usize > CONTAINER_MESSAGES_MAX {
                return Err(ContainerError::TooMany { count });
            }
            let mut messages = Vec::with_capacity((count as usize).min(r.remaining() / 16));
            for _ in 0..count {
                messages.push(message(&mut r)?);
            }
            messages
        }
        Ok(MSG_COPY) => {
            r.u32()?;
            vec![message(&mut r)?]
        }
        // An empty body decodes to nothing later on.
        _ => return Ok(vec![outer]),
    };
    r.finish()?;

    let mut ids = Vec::with_capacity(messages.len());
    for message in &messages {
        if matches!(Reader::new(message.body).peek_u32(), Ok(MSG_CONTAINER | MSG_COPY)) {
            return Err(ContainerError::Nested);
        }
        if message.msg_id >= outer.msg_id {
            return Err(ContainerError::IdNotBelow);
        }
        ids.push(message.msg_id);
    }
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(ContainerError::IdTwice);
    }
    Ok(messages)
}

/// Whether a body is a container or a copy: a message that is nothing but its contents.
pub(super) fn is_container(body: &[u8]) -> bool {
    matches!(Reader::new(body).peek_u32(), Ok(MSG_CONTAINER | MSG_COPY))
}

fn message<'a>(r: &mut Reader<'a>) -> Result<Message<'a>, ContainerError> {
    let (msg_id, seq_no, length) = (r.i64()?, r.i32()?, r.u32()?);
    if !length.is_multiple_of(4) {
        return Err(ContainerError::MessageLength { length });
    }
    Ok(Message { msg_id, seq_no, body: r.raw(length as usize)? })
}

/// Writes the beginning of a container.
pub(super) fn begin(count: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&MSG_CONTAINER.to_le_bytes());
    out.extend_from_slice(&(count as u32).to_le_bytes());
}

/// Writes one message of a container.
pub(super) fn append(msg_id: i64, seq_no: i32, body: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&msg_id.to_le_bytes());
    out.extend_from_slice(&seq_no.to_le_bytes());
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(body);
}
