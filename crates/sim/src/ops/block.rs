//! Somebody who may not write any more, or may again.

use tl_api::{Method, functions};

use super::{expect, somebody_else};
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let (me, other, now) = (world.devices[at].person, somebody_else(world, at, rng), world.now());
    let id = world.model.peer(me, other);
    // People are let in again soon, so that there is something to see.
    if rng.chance(350) {
        set(world, at, (other, true), now, &functions::contacts::Block { id, ..Default::default() });
    } else {
        set(world, at, (other, false), now, &functions::contacts::Unblock { id, ..Default::default() });
    }
}

fn set<M: Method>(world: &mut World, at: usize, (other, blocked): (usize, bool), now: i64, request: &M) {
    let me = world.devices[at].person;
    let write = world.model.blocked(me, other).begin(now, blocked);
    world.call(at, request, move |world, _, outcome| {
        expect(world, "a block", &outcome, &[]);
        let now = world.now();
        if outcome.is_answer() {
            world.model.blocked(me, other).done(write, now);
        } else if outcome.is_refused() {
            world.model.blocked(me, other).refused(write);
        }
    });
}
