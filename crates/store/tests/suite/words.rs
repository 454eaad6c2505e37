//! The search index.

use domain::words::Terms;
use domain::{Peer, UserId};
use store::words::{self, Kind, Term};
use store::{StoreError, Tx};

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
