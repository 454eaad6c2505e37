//! The search index.

use domain::words as text;
use domain::{Peer, UserId};
use store::messages;
use store::words::{self, Asked, Builder};
use store::{Owner, StoreError, Tx, Value, boxes};

use crate::support::{both, message};

const ANN: UserId = UserId(1);
const BOB: Peer = Peer::User(UserId(2));

/// A box with messages in its first three packs, of which it has the first and the last, and in its ninth.
fn fill(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    boxes::allocate(tx, ANN, 9 * words::PACK, 9 * words::PACK)?;
    for number in [0, 1, 2, 8] {
        put(tx, number * words::PACK + 9)?;
    }
    for number in [0, 2] {
        let mut builder = Builder::default();
        builder.add(number * words::PACK + 9, BOB, text::words("common words"), &[]);
        words::put(tx, ANN, number, &builder.finish())?;
    }
    Ok(())
}

fn put(tx: &mut Tx<'_>, id: i32) -> Result<(), StoreError> {
    let message = message(tx, ANN, BOB, id, id);
    messages::insert(tx, message)
}

#[test]
fn packs_are_found_missed_and_forgotten() {
    both(|fixture| async move {
        fixture.store.write(fill).await.expect("the index is written");
        let look = |tx: &mut Tx<'_>| -> Result<_, StoreError> {
            let query = text::query("wor");
            let asked = Asked { query: &query, kind: None, peer: Some(BOB) };
            let found = words::open(tx, ANN, 2)?.map(|pack| pack.find(2, &asked));
            Ok((found, words::packs(tx, ANN)?, words::missing(tx, ANN, 9)?, words::behind(tx, UserId(0), 9)?))
        };
        let found = fixture.store.read(look).await.expect("the index is read");
        assert_eq!(found, (Some(vec![521]), vec![2, 0], vec![1, 8], vec![ANN]));
        let forget = |tx: &mut Tx<'_>| words::forget(tx, ANN, 3 * words::PACK - 1);
        fixture.store.write(forget).await.expect("the index is written");
        let found = fixture.store.read(look).await.expect("the index is read");
        assert_eq!(found, (None, vec![0], vec![1, 2, 8], vec![ANN]));
    });
}

#[test]
fn without_the_data_key_no_word_can_be_looked_for() {
    const ROWS: &str = "SELECT words FROM word_packs WHERE owner = $1";
    both(|fixture| async move {
        fixture.store.write(fill).await.expect("the index is written");
        let forget = |tx: &mut Tx<'_>| tx.shred(Owner::User(ANN.0));
        fixture.store.write(forget).await.expect("the key is forgotten");
        let look = |tx: &mut Tx<'_>| -> Result<_, StoreError> {
            assert_eq!(tx.query(ROWS, &[Value::Int(ANN.0)])?.len(), 2, "rows, as in a backup");
            words::open(tx, ANN, 0).map(|_| ())
        };
        let found = fixture.store.read(look).await;
        assert!(matches!(found, Err(StoreError::Shredded)), "{found:?}");
    });
}
