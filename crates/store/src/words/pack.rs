//! The words of a run of messages, as bytes that are searched from front to back.

use std::collections::BTreeMap;

use domain::Peer;
use domain::words::Query;

use super::PACK;

const VERSION: u8 = 1;

/// Kinds stand among the words behind a character that no word has.
const KIND: char = '\0';

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

/// What a message must have to be found.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub query: &'a Query,
    pub kind: Option<Kind>,
    /// In this dialog only.
    pub peer: Option<Peer>,
}

/// The finished form: a version byte; the dialogs, each with its messages; the words in their order, each as
/// the number of bytes that it shares with the one before, its other bytes, and the messages that have it.
/// A message is one byte, the place of its id in the pack; numbers are LEB128.
#[derive(Debug, PartialEq, Eq)]
pub struct Pack(Vec<u8>);

/// A pack that is being put together.
#[derive(Debug, Default)]
pub struct Builder {
    dialogs: BTreeMap<i64, Vec<u8>>,
    words: BTreeMap<String, Vec<u8>>,
}

/// Messages of one pack, by their places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Places([u64; 4]);

impl Places {
    const ALL: Self = Self([u64::MAX; 4]);

    fn add(&mut self, place: u8) {
        self.0[usize::from(place >> 6)] |= 1 << (place & 63);
    }

    fn and(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] & other.0[at]))
    }

    fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] | other.0[at]))
    }

    fn has(self, place: u8) -> bool {
        self.0[usize::from(place >> 6)] & (1 << (place & 63)) != 0
    }
}

impl Builder {
    /// Takes a message in. Ids have to rise.
    pub fn add(&mut self, id: i32, peer: Peer, words: Vec<String>, kinds: &[Kind]) {
        let place = place(id);
        self.dialogs.entry(peer.key()).or_default().push(place);
        let kinds = kinds.iter().map(|kind| format!("{KIND}{}", kind.code()));
        for word in words.into_iter().chain(kinds) {
            self.words.entry(word).or_default().push(place);
        }
    }

    pub fn finish(&self) -> Pack {
        let mut out = vec![VERSION];
        number(&mut out, self.dialogs.len());
        for (peer, places) in &self.dialogs {
            out.extend_from_slice(&peer.to_le_bytes());
            counted(&mut out, places);
        }
        let mut before: &[u8] = &[];
        for (word, places) in &self.words {
            let word = word.as_bytes();
            let shared = word.iter().zip(before).take_while(|(a, b)| a == b).count();
            number(&mut out, shared);
            counted(&mut out, &word[shared..]);
            counted(&mut out, places);
            before = word;
        }
        Pack(out)
    }
}

impl Pack {
    /// `None` for bytes that no [`Builder`] made.
    pub(super) fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let pack = Self(bytes);
        pack.walk(|_, _| {}, |_, _| {})?;
        Some(pack)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The messages of pack `number` that have everything that is asked for, highest id first.
    pub fn find(&self, number: i32, asked: &Asked<'_>) -> Vec<i32> {
        let kind = asked.kind.map(|kind| format!("{KIND}{}", kind.code()));
        let whole: Vec<&[u8]> = asked.query.words.iter().chain(&kind).map(|word| word.as_bytes()).collect();
        let prefix = asked.query.prefix.as_deref().map(str::as_bytes);
        let mut there = asked.peer.map_or(Places::ALL, |_| Places::default());
        let mut with = vec![Places::default(); whole.len()];
        let mut begun = prefix.map_or(Places::ALL, |_| Places::default());
        let walked = self.walk(
            |peer, places| {
                if asked.peer.is_some_and(|asked| asked.key() == peer) {
                    there = places;
                }
            },
            |word, places| {
                for (asked, found) in whole.iter().zip(&mut with) {
                    if *asked == word {
                        *found = places;
                    }
                }
                if prefix.is_some_and(|prefix| word.starts_with(prefix)) {
                    begun = begun.or(places);
                }
            },
        );
        debug_assert!(walked.is_some(), "a pack is read when it is opened");
        let found = with.into_iter().fold(there.and(begun), Places::and);
        let places = (0..=u8::MAX).rev().filter(|place| found.has(*place));
        places.map(|place| number * PACK + i32::from(place)).collect()
    }

    /// Shows each dialog and each word with its messages; `None` at bytes that make no sense.
    fn walk(&self, mut dialog: impl FnMut(i64, Places), mut word: impl FnMut(&[u8], Places)) -> Option<()> {
        let (&VERSION, mut rest) = self.0.split_first()? else { return None };
        let rest = &mut rest;
        for _ in 0..read_number(rest)? {
            let (peer, after) = rest.split_first_chunk::<8>()?;
            *rest = after;
            dialog(i64::from_le_bytes(*peer), places(read_counted(rest)?));
        }
        let mut spelled = Vec::new();
        while !rest.is_empty() {
            let shared = read_number(rest)?;
            if shared > spelled.len() {
                return None;
            }
            spelled.truncate(shared);
            spelled.extend_from_slice(read_counted(rest)?);
            word(&spelled, places(read_counted(rest)?));
        }
        Some(())
    }
}

fn place(id: i32) -> u8 {
    u8::try_from(id.rem_euclid(PACK)).expect("a pack has 256 places")
}

fn places(bytes: &[u8]) -> Places {
    let mut places = Places::default();
    bytes.iter().for_each(|place| places.add(*place));
    places
}

fn counted(out: &mut Vec<u8>, bytes: &[u8]) {
    number(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn number(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn read_counted<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = read_number(rest)?;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

fn read_number(rest: &mut &[u8]) -> Option<usize> {
    let mut value = 0;
    for shift in [0, 7, 14, 21] {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        value |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use domain::{UserId, words};

    use super::*;

    const ANN: Peer = Peer::User(UserId(1));
    const BOB: Peer = Peer::User(UserId(2));

    fn pack() -> Pack {
        let mut builder = Builder::default();
        let texts = [
            (512, ANN, "the cat sat", false),
            (513, BOB, "the category", true),
            (600, ANN, "a dog and a cat", false),
            (767, ANN, "nothing, the end", true),
        ];
        for (id, peer, text, url) in texts {
            builder.add(id, peer, words::words(text), if url { &[Kind::Url] } else { &[] });
        }
        Pack::from_bytes(builder.finish().0).expect("what was built can be read")
    }

    #[test]
    fn words_and_beginnings_are_found() {
        let check = |raw: &str, kind, peer, expected: &[i32]| {
            let query = words::query(raw);
            assert_eq!(pack().find(2, &Asked { query: &query, kind, peer }), expected, "{raw:?}");
        };
        check("cat ", None, None, &[600, 512]);
        check("cat", None, None, &[600, 513, 512]);
        check("the cat", None, None, &[513, 512]);
        check("the cat", None, Some(ANN), &[512]);
        check("the ", None, Some(BOB), &[513]);
        check("the ", Some(Kind::Url), None, &[767, 513]);
        check("", Some(Kind::Url), Some(ANN), &[767]);
        check("url", None, None, &[]);
        check("mouse", None, None, &[]);
    }

    #[test]
    fn damaged_bytes_are_no_pack() {
        let whole = pack().0;
        assert_eq!(Pack::from_bytes(Vec::new()), None);
        assert_eq!(Pack::from_bytes(vec![VERSION + 1]), None);
        // What is cut between two words is a shorter pack; whatever else, nothing panics.
        let read = (0..whole.len()).filter(|end| Pack::from_bytes(whole[..*end].to_vec()).is_some());
        assert!(read.count() < 20);
        let mut huge = vec![VERSION, 0, 0];
        huge.extend_from_slice(&[0xff; 4]);
        assert_eq!(Pack::from_bytes(huge), None);
    }

    #[test]
    fn an_empty_pack_finds_nothing() {
        let pack = Builder::default().finish();
        let query = words::query("a");
        assert_eq!(pack.find(0, &Asked { query: &query, kind: None, peer: None }), Vec::<i32>::new());
    }
}
