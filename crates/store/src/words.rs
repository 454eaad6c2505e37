//! The search index: hashes of the words of each box's messages, under the data key of the box's owner.
//! Nothing of it can be read back, the same word has another hash in each box, and without the data key
//! nobody can look for a word either.

use domain::words::{Query, Terms};
use domain::{Peer, UserId};

use crate::{Owner, OwnerHasher, StoreError, Tx, Value};

const INSERT: &str =
    "INSERT INTO words (owner, word, message_id, peer) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
const FORGET: &str = "DELETE FROM words WHERE owner = $1 AND message_id = $2";
const FIND: &str =
    "SELECT message_id FROM words WHERE owner = $1 AND word = $2 ORDER BY message_id DESC LIMIT $3";
const FIND_IN: &str = "SELECT message_id FROM words WHERE owner = $1 AND word = $2 AND peer = $4 \
     ORDER BY message_id DESC LIMIT $3";
const HAS: &str = "SELECT message_id FROM words WHERE owner = $1 AND word = $2 AND message_id = $3";
const CURSOR: &str = "SELECT pts FROM word_cursor WHERE owner = $1";
const HOLD: &str = "INSERT INTO word_cursor (owner, pts) VALUES ($1, 1) \
     ON CONFLICT (owner) DO UPDATE SET pts = word_cursor.pts RETURNING pts";
const SET_CURSOR: &str = "UPDATE word_cursor SET pts = $2 WHERE owner = $1";
const BEHIND: &str = "SELECT boxes.owner FROM boxes LEFT JOIN word_cursor ON word_cursor.owner = boxes.owner \
     WHERE boxes.owner > $1 AND boxes.pts > COALESCE(word_cursor.pts, 1) ORDER BY boxes.owner LIMIT $2";
const TO_INDEX: &str = "SELECT pts, message_id FROM events WHERE owner = $1 AND pts > $2 AND sub = 0 \
     ORDER BY pts LIMIT $3";

/// What a message has besides words that can be searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A link stands in the text.
    Url,
}

impl Kind {
    fn code(self) -> &'static str {
        match self {
            Self::Url => "url",
        }
    }
}

/// One entry of the index that a message can have.
#[derive(Clone, Copy, Debug)]
pub enum Term<'a> {
    /// The whole word.
    Word(&'a str),
    /// The beginning of a word.
    Prefix(&'a str),
    Kind(Kind),
}

/// The entries that a message must have to be found by a query.
pub fn asked(query: &Query) -> Vec<Term<'_>> {
    // Whole words first, and long ones before short ones: they leave the fewest.
    let mut words: Vec<Term<'_>> = query.words.iter().map(|word| Term::Word(word)).collect();
    words.sort_by_key(|term| match term {
        Term::Word(word) => std::cmp::Reverse(word.len()),
        _ => std::cmp::Reverse(0),
    });
    words.extend(query.prefix.as_deref().map(Term::Prefix));
    words
}

/// Writes a message's entries. Gives how many.
pub fn insert(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Peer,
    message_id: i32,
    terms: &Terms,
    kinds: &[Kind],
) -> Result<usize, StoreError> {
    let words = terms.words.iter().map(|word| Term::Word(word));
    let prefixes = terms.prefixes.iter().map(|prefix| Term::Prefix(prefix));
    let kinds = kinds.iter().map(|kind| Term::Kind(*kind));
    let hasher = tx.new_owner_hasher(Owner::User(owner.0))?;
    let mut count = 0;
    for term in words.chain(prefixes).chain(kinds) {
        let hash = hash(&hasher, term);
        let values =
            [Value::Int(owner.0), Value::Blob(&hash), Value::Int(message_id.into()), Value::Int(peer.key())];
        tx.defer(INSERT, &values)?;
        count += 1;
    }
    Ok(count)
}

/// Takes a message out of the index.
pub fn forget(tx: &mut Tx<'_>, owner: UserId, message_id: i32) -> Result<(), StoreError> {
    tx.defer(FORGET, &[Value::Int(owner.0), Value::Int(message_id.into())])
}

/// Messages of a box (of one dialog, if it is given) that have an entry, highest id first, at most `limit`.
pub fn find(
    tx: &mut Tx<'_>,
    owner: UserId,
    peer: Option<Peer>,
    term: Term<'_>,
    limit: i64,
) -> Result<Vec<i32>, StoreError> {
    let Some(hasher) = tx.owner_hasher(Owner::User(owner.0))? else { return Ok(Vec::new()) };
    let hash = hash(&hasher, term);
    let [a, b, c] = [Value::Int(owner.0), Value::Blob(&hash), Value::Int(limit)];
    let rows = match peer {
        Some(peer) => tx.query(FIND_IN, &[a, b, c, Value::Int(peer.key())])?,
        None => tx.query(FIND, &[a, b, c])?,
    };
    rows.iter().map(|row| row.int32(0)).collect()
}

/// Those of the messages that have an entry, in the order in which they are given.
pub fn keep(tx: &mut Tx<'_>, owner: UserId, ids: &[i32], term: Term<'_>) -> Result<Vec<i32>, StoreError> {
    let Some(hasher) = tx.owner_hasher(Owner::User(owner.0))? else { return Ok(Vec::new()) };
    let hash = hash(&hasher, term);
    let keys: Vec<_> =
        ids.iter().map(|id| [Value::Int(owner.0), Value::Blob(&hash), Value::Int((*id).into())]).collect();
    let sets: Vec<&[Value<'_>]> = keys.iter().map(|key| key.as_slice()).collect();
    tx.query_each(HAS, &sets)?.iter().map(|row| row.int32(0)).collect()
}

/// Up to which `pts` a box's events are in the index.
pub fn cursor(tx: &mut Tx<'_>, owner: UserId) -> Result<i32, StoreError> {
    let row = tx.query_opt(CURSOR, &[Value::Int(owner.0)])?;
    row.map_or(Ok(1), |row| row.int32(0))
}

/// The same, and no other writer moves it until the transaction ends.
pub fn hold_cursor(tx: &mut Tx<'_>, owner: UserId) -> Result<i32, StoreError> {
    let row = tx.query_opt(HOLD, &[Value::Int(owner.0)])?;
    row.ok_or_else(|| StoreError::corrupt("word_cursor", "pts"))?.int32(0)
}

pub fn set_cursor(tx: &mut Tx<'_>, owner: UserId, pts: i32) -> Result<(), StoreError> {
    tx.defer(SET_CURSOR, &[Value::Int(owner.0), Value::Int(pts.into())])
}

/// Owners above `after` whose boxes have events that the index has not seen, in rising order.
pub fn behind(tx: &mut Tx<'_>, after: UserId, limit: i64) -> Result<Vec<UserId>, StoreError> {
    let rows = tx.query(BEHIND, &[Value::Int(after.0), Value::Int(limit)])?;
    rows.iter().map(|row| row.int(0).map(UserId)).collect()
}

/// A box's next events after `pts`: the place of each, and the message that came or changed by it.
pub fn to_index(
    tx: &mut Tx<'_>,
    owner: UserId,
    pts: i32,
    limit: i64,
) -> Result<Vec<(i32, Option<i32>)>, StoreError> {
    let rows = tx.query(TO_INDEX, &[Value::Int(owner.0), Value::Int(pts.into()), Value::Int(limit)])?;
    rows.iter()
        .map(|row| {
            let id = row.opt_int(1)?.map(|id| i32::try_from(id).unwrap_or_default());
            Ok((row.int32(0)?, id))
        })
        .collect()
}

fn hash(hasher: &OwnerHasher, term: Term<'_>) -> [u8; 16] {
    match term {
        Term::Word(word) => hasher.hash("search word", word.as_bytes()),
        Term::Prefix(prefix) => hasher.hash("search prefix", prefix.as_bytes()),
        Term::Kind(kind) => hasher.hash("search kind", kind.code().as_bytes()),
    }
}
