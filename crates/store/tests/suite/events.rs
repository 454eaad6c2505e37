//! The order of a box's events, of which messages tell by their own rows.

use domain::{Peer, Time, UserId};
use store::events::{self, Event, Position, What};
use store::messages;
use store::{StoreError, Tx, boxes};

use crate::support::{both, message};

const ANN: UserId = UserId(1);
const BOB: Peer = Peer::User(UserId(2));

fn arrive(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    let place = boxes::allocate(tx, ANN, 1, 1)?;
    let message = message(tx, ANN, BOB, place.message_id, place.pts);
    messages::insert(tx, message)
}

fn edit(tx: &mut Tx<'_>, message_id: i32) -> Result<(), StoreError> {
    let pts = boxes::allocate(tx, ANN, 1, 0)?.pts;
    let what = What::Edit { message_id };
    events::insert(tx, &Event { owner: ANN, pts, sub: 0, count: 1, date: tx.now(), what })
}

fn delete(tx: &mut Tx<'_>, id: i32) -> Result<(), StoreError> {
    for message in messages::outlines(tx, ANN, &[id])? {
        messages::delete(tx, ANN, id)?;
        events::insert_gone(tx, ANN, &message)?;
    }
    Ok(())
}

/// Stretches of messages alone, of edits alone and of both, and messages that are gone.
fn fill(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    for round in 0..4 {
        for _ in 0..150 {
            arrive(tx)?;
        }
        for id in 1..200 {
            edit(tx, id)?;
            if id % (round + 2) == 0 {
                arrive(tx)?;
            }
        }
    }
    (1..900).filter(|id| id % 3 == 0 || (200..420).contains(id)).try_for_each(|id| delete(tx, id))
}

#[test]
fn a_box_tells_of_everything_once_and_in_order() {
    both(|fixture| async move {
        fixture.store.write(fill).await.expect("the box is filled");
        let look = |tx: &mut Tx<'_>| -> Result<_, StoreError> {
            let last = boxes::state(tx, ANN)?.pts;
            let all = events::after(tx, ANN, 1, Time(i64::MAX), 100_000)?;
            let told: Vec<i32> = all.iter().map(|event| event.pts).collect();
            assert_eq!(told, (2..=last).collect::<Vec<_>>());
            for from in (1..last).step_by(7) {
                let some = events::after(tx, ANN, from, Time(i64::MAX), 90)?;
                let begin = usize::try_from(from - 1).unwrap_or_default();
                let end = all.len().min(begin + 90);
                let what = |events: &[Event]| events.iter().map(|it| it.what.clone()).collect::<Vec<_>>();
                assert_eq!(what(&some), what(&all[begin..end]), "after {from}");
                let at = events::at(tx, ANN, Position { pts: from + 1, sub: 0 })?;
                assert_eq!(at.map(|event| event.what), Some(all[begin].what.clone()), "at {}", from + 1);
            }
            assert!(events::at(tx, ANN, Position { pts: last + 1, sub: 0 })?.is_none());
            Ok(())
        };
        fixture.store.read(look).await.expect("the box is read");
    });
}
