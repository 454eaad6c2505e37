//! Identities of people and places.

/// A user, bot or service account. Always positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

/// A basic group. Always positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChatId(pub i64);

/// A channel or supergroup. Always positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub i64);

/// The account that sends sign-in codes and service notices.
pub const SERVICE_USER: UserId = UserId(777_000);

/// Whom a dialog is with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    User(UserId),
    Chat(ChatId),
    Channel(ChannelId),
}

/// Ids of each kind end below this, so that one number can name a peer of any kind.
const KIND_SPAN: i64 = 1 << 48;

impl Peer {
    /// One number for a peer of any kind, as the database keeps it. Users stand for themselves.
    pub const fn key(self) -> i64 {
        match self {
            Self::User(UserId(id)) => id,
            Self::Chat(ChatId(id)) => KIND_SPAN + id,
            Self::Channel(ChannelId(id)) => 2 * KIND_SPAN + id,
        }
    }

    /// The peer of a [`Peer::key`]; `None` for a number that is nobody's key.
    pub const fn from_key(key: i64) -> Option<Self> {
        if key <= 0 {
            return None;
        }
        let id = key % KIND_SPAN;
        match (key / KIND_SPAN, id) {
            (_, 0) => None,
            (0, _) => Some(Self::User(UserId(id))),
            (1, _) => Some(Self::Chat(ChatId(id))),
            (2, _) => Some(Self::Channel(ChannelId(id))),
            _ => None,
        }
    }

    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(id),
            _ => None,
        }
    }
}

impl From<UserId> for Peer {
    fn from(id: UserId) -> Self {
        Self::User(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_name_peers_of_every_kind() {
        for peer in [Peer::User(UserId(7)), Peer::Chat(ChatId(7)), Peer::Channel(ChannelId(7))] {
            assert_eq!(Peer::from_key(peer.key()), Some(peer));
        }
        for key in [0, -1, KIND_SPAN, 3 * KIND_SPAN + 1, i64::MIN, i64::MAX] {
            assert_eq!(Peer::from_key(key), None, "{key}");
        }
    }
}
