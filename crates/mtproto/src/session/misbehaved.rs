use tl::DecodeError;

use super::container::ContainerError;
use crate::transport::TransportCode;

/// One variant per way in which a client's message can be wrong. The message, with everything in it, was
/// not processed. Where the protocol has a notice for it, the notice is on its way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PeerMisbehaved {
    #[error("the message belongs to another session")]
    WrongSession,
    #[error("code 16: the message identifier is too low for the time")]
    MsgIdTooLow,
    #[error("code 17: the message identifier is too high for the time")]
    MsgIdTooHigh,
    #[error("code 18: the message identifier is not divisible by four")]
    MsgIdParity,
    #[error("code 19: the container has the identifier of another message")]
    ContainerIdReused,
    #[error("code 20: too old to tell whether it was received")]
    TooOld,
    #[error("code 32: the sequence number is too low")]
    SeqNoTooLow,
    #[error("code 33: the sequence number is too high")]
    SeqNoTooHigh,
    #[error("code 35: the sequence number of a query is even")]
    OddSeqNoExpected,
    #[error("code 48: the salt is not good now")]
    BadServerSalt,
    #[error("code 64: {0}")]
    InvalidContainer(ContainerError),
    #[error("a container was played back")]
    Replayed,
    #[error("a service message does not decode: {0}")]
    Malformed(DecodeError),
    #[error("{count} identifiers in one service message")]
    TooManyIds { count: usize },
    #[error("the packet unpacks to too much")]
    TooMuchPacked,
    #[error("too many queries at the same time")]
    TooManyQueries,
    #[error("the messages overtook each other on one connection")]
    Reordered,
}

impl PeerMisbehaved {
    /// The code of the notice to the client.
    pub fn code(&self) -> Option<i32> {
        Some(match self {
            Self::MsgIdTooLow | Self::Reordered => 16,
            Self::MsgIdTooHigh => 17,
            Self::MsgIdParity => 18,
            Self::ContainerIdReused => 19,
            Self::TooOld => 20,
            Self::SeqNoTooLow => 32,
            Self::SeqNoTooHigh => 33,
            Self::OddSeqNoExpected => 35,
            Self::BadServerSalt => 48,
            Self::InvalidContainer(_) => 64,
            Self::WrongSession | Self::Replayed | Self::Malformed(_) => return None,
            Self::TooManyIds { .. } | Self::TooManyQueries | Self::TooMuchPacked => return None,
        })
    }

    /// Whether the connection is to be closed, after this transport error.
    pub fn fatal(&self) -> Option<TransportCode> {
        match self {
            Self::WrongSession | Self::Malformed(_) => Some(TransportCode::NotFound),
            Self::TooManyIds { .. } | Self::TooManyQueries | Self::TooMuchPacked => {
                Some(TransportCode::Flood)
            }
            Self::InvalidContainer(ContainerError::TooMany { .. }) => Some(TransportCode::Flood),
            _ => None,
        }
    }

    pub fn is_fatal(&self) -> bool {
        self.fatal().is_some()
    }
}
