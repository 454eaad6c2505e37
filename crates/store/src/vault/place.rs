//! Where sealed bytes belong: whose they are, and in which row.

use sha2::{Digest, Sha256};

/// Whose data key seals something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// What belongs to nobody in particular: auth keys, jobs.
    Server,
    User(i64),
    Chat(i64),
    Channel(i64),
}

impl Owner {
    /// As the database keeps it: kind and id.
    pub(crate) const fn parts(self) -> (i64, i64) {
        match self {
            Self::Server => (0, 0),
            Self::User(id) => (1, id),
            Self::Chat(id) => (2, id),
            Self::Channel(id) => (3, id),
        }
    }

    pub(crate) const fn from_parts(kind: i64, id: i64) -> Option<Self> {
        match kind {
            0 => Some(Self::Server),
            1 => Some(Self::User(id)),
            2 => Some(Self::Chat(id)),
            3 => Some(Self::Channel(id)),
            _ => None,
        }
    }
}

/// The primary key of a row as bytes, in a form in which no two keys look the same.
///
/// Made by `RowKey::from` of an integer, of a tuple of integers, of text or bytes, or of an integer
/// with text or bytes. Long values are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowKey {
    bytes: [u8; CAPACITY],
    length: u8,
}

/// Four integers and the tag in front of them, or an integer, two tags and a SHA-256.
const CAPACITY: usize = 48;
const INT: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const HASHED: u8 = 4;
/// Longer values are hashed, and so is one of this length: the form tells them apart.
const INLINE: usize = 32;

impl RowKey {
    const EMPTY: Self = Self { bytes: [0; CAPACITY], length: 0 };

    fn int(self, value: i64) -> Self {
        self.tag(INT).raw(&value.to_be_bytes())
    }

    /// A value of open length: always the last part.
    fn value(self, tag: u8, value: &[u8]) -> Self {
        if value.len() < INLINE {
            return self.tag(tag).raw(value);
        }
        self.tag(HASHED + tag).raw(&Sha256::digest(value))
    }

    fn tag(self, tag: u8) -> Self {
        self.raw(&[tag])
    }

    fn raw(mut self, bytes: &[u8]) -> Self {
        let start = usize::from(self.length);
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
        self.length += u8::try_from(bytes.len()).expect("a part is at most 32 bytes");
        self
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl From<i64> for RowKey {
    fn from(id: i64) -> Self {
        Self::EMPTY.int(id)
    }
}

impl From<(i64, i64)> for RowKey {
    fn from((a, b): (i64, i64)) -> Self {
        Self::EMPTY.int(a).int(b)
    }
}

impl From<(i64, i64, i64)> for RowKey {
    fn from((a, b, c): (i64, i64, i64)) -> Self {
        Self::EMPTY.int(a).int(b).int(c)
    }
}

impl From<(i64, i64, i64, i64)> for RowKey {
    fn from((a, b, c, d): (i64, i64, i64, i64)) -> Self {
        Self::EMPTY.int(a).int(b).int(c).int(d)
    }
}

impl From<&[u8]> for RowKey {
    fn from(bytes: &[u8]) -> Self {
        Self::EMPTY.value(BYTES, bytes)
    }
}

impl<const N: usize> From<&[u8; N]> for RowKey {
    fn from(bytes: &[u8; N]) -> Self {
        Self::from(bytes.as_slice())
    }
}

impl From<&str> for RowKey {
    fn from(text: &str) -> Self {
        Self::EMPTY.value(TEXT, text.as_bytes())
    }
}

impl From<(i64, &[u8])> for RowKey {
    fn from((id, bytes): (i64, &[u8])) -> Self {
        Self::EMPTY.int(id).value(BYTES, bytes)
    }
}

impl<const N: usize> From<(i64, &[u8; N])> for RowKey {
    fn from((id, bytes): (i64, &[u8; N])) -> Self {
        Self::from((id, bytes.as_slice()))
    }
}

impl From<(i64, &str)> for RowKey {
    fn from((id, text): (i64, &str)) -> Self {
        Self::EMPTY.int(id).value(TEXT, text.as_bytes())
    }
}

/// The associated data of a seal: table, owner, row.
pub(super) fn associated(table: &str, owner: Owner, row: RowKey) -> Vec<u8> {
    let (kind, id) = owner.parts();
    let mut bytes = Vec::with_capacity(table.len() + 1 + 16 + CAPACITY);
    bytes.extend_from_slice(table.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(&kind.to_be_bytes());
    bytes.extend_from_slice(&id.to_be_bytes());
    bytes.extend_from_slice(row.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_places_look_the_same() {
        let long = "x".repeat(40);
        let hash: [u8; 32] = Sha256::digest(&long).into();
        let rows = [
            RowKey::from(1),
            RowKey::from((1, 1)),
            RowKey::from((1, 1, 1)),
            RowKey::from((1, 1, 1, 1)),
            RowKey::from((1, 2)),
            RowKey::from("a"),
            RowKey::from(b"a"),
            RowKey::from((1, "a")),
            RowKey::from((1, b"a")),
            RowKey::from((1, "")),
            RowKey::from(long.as_str()),
            RowKey::from(long.as_bytes()),
            RowKey::from(&hash),
            RowKey::from((1, long.as_str())),
        ];
        let owners = [Owner::Server, Owner::User(1), Owner::Chat(1), Owner::Channel(1), Owner::User(2)];
        let mut seen = HashSet::new();
        for table in ["messages", "messages.content", "users"] {
            for owner in owners {
                for row in rows {
                    assert!(seen.insert(associated(table, owner, row)), "{table} {owner:?} {row:?}");
                }
            }
        }
    }

    #[test]
    fn owners_survive_the_database() {
        for owner in [Owner::Server, Owner::User(5), Owner::Chat(5), Owner::Channel(5)] {
            let (kind, id) = owner.parts();
            assert_eq!(Owner::from_parts(kind, id), Some(owner));
        }
        assert_eq!(Owner::from_parts(9, 1), None);
    }
}
