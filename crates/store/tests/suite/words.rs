//! The search index.

use domain::words::Terms;
use domain::{Peer, UserId};
use store::words::{self, Kind, Term};
use store::{Owner, StoreError, Tx, Value};

use crate::support::both;

const ANN: UserId = UserId(1);
const BOB: Peer = Peer::User(UserId(2));
const CEM: Peer = Peer::User(UserId(3));

/// Message 1 to 9, of which the even ones are in another dialog and every third has a second word.
fn fill(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    for id in 1..=9 {
        let mut words = vec!["common".to_owned()];
        if id % 3 == 0 {
            words.push("rare".to_owned());
        }
        let terms = Terms { words, prefixes: Vec::new() };
        words::insert(tx, ANN, if id % 2 == 0 { CEM } else { BOB }, id, &terms, &[Kind::Url])?;
    }
    Ok(())
}

#[test]
fn without_the_data_key_no_word_can_be_looked_for() {
    const HASHES: &str = "SELECT word FROM words WHERE owner = $1 ORDER BY message_id, word";
    both(|fixture| async move {
        fixture.store.write(fill).await.expect("the index is written");
        let forget = |tx: &mut Tx<'_>| tx.shred(Owner::User(ANN.0));
        fixture.store.write(forget).await.expect("the key is forgotten");
        let look = |tx: &mut Tx<'_>| -> Result<_, StoreError> {
            assert!(!tx.query(HASHES, &[Value::Int(ANN.0)])?.is_empty(), "rows, as in a backup");
            words::find(tx, ANN, None, Term::Word("common"), 10)
        };
        let found = fixture.store.read(look).await;
        assert!(matches!(found, Err(StoreError::Shredded)), "{found:?}");
    });
}

#[test]
fn a_word_has_another_hash_in_each_box() {
    const HASH: &str = "SELECT word FROM words WHERE owner = $1";
    both(|fixture| async move {
        let write = |tx: &mut Tx<'_>| -> Result<(), StoreError> {
            for owner in [ANN, UserId(2)] {
                words::insert(tx, owner, BOB, 1, &Terms::default(), &[Kind::Url])?;
            }
            Ok(())
        };
        fixture.store.write(write).await.expect("the index is written");
        let look = |tx: &mut Tx<'_>| -> Result<_, StoreError> {
            let mut hashes = Vec::new();
            for owner in [1, 2] {
                for row in tx.query(HASH, &[Value::Int(owner)])? {
                    hashes.push(row.blob(0)?.to_vec());
                }
            }
            Ok(hashes)
        };
        let hashes = fixture.store.read(look).await.expect("the index is read");
        assert_eq!(hashes.len(), 2);
        assert_ne!(hashes[0], hashes[1]);
    });
}

#[test]
fn no_more_is_found_than_was_asked_for() {
    both(|fixture| async move {
        fixture.store.write(fill).await.expect("the index is written");
        let look = |tx: &mut Tx<'_>| -> Result<_, StoreError> {
            let common = Term::Word("common");
            let latest = words::find(tx, ANN, None, common, 4)?;
            let rare = words::keep(tx, ANN, &latest, Term::Word("rare"))?;
            Ok((latest, rare, words::find(tx, ANN, Some(BOB), common, 2)?))
        };
        let found = fixture.store.read(look).await.expect("the index is read");
        assert_eq!(found, (vec![9, 8, 7, 6], vec![9, 6], vec![9, 7]));
    });
}
