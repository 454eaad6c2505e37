//! Some messages less, for oneself or for both.

use grammers_tl_types::{enums, types};
use tl_api::functions;

use super::{expect, known};
use crate::model::{RemovalId, State};
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let (me, revoke) = (world.devices[at].person, rng.chance(500));
    let (mut ids, mut removals) = (Vec::new(), Vec::new());
    for _ in 0..=rng.below(3) {
        let Some((_, message)) = known(world, at, rng, |_| true) else { return };
        if !ids.contains(&message.id) {
            ids.push(message.id);
            if message.fwd_from.is_none() {
                removals.extend(world.model.remove(&message.message, me, revoke));
            }
        }
    }
    let request = functions::messages::DeleteMessages { revoke, id: ids.clone() };
    world.call(at, &request, move |world, at, outcome| {
        expect(world, "a deletion", &outcome, &[]);
        finish(world, &removals, outcome.is_answer(), outcome.is_refused());
        let Some(affected) = world.answer::<enums::messages::AffectedMessages>("a deletion", outcome) else {
            return;
        };
        let enums::messages::AffectedMessages::Messages(affected) = affected;
        let (pts, pts_count) = (affected.pts, affected.pts_count);
        world.hear_own(at, types::UpdateDeleteMessages { messages: ids, pts, pts_count }.into());
    });
}

pub(super) fn finish(world: &mut World, removals: &[RemovalId], is_done: bool, is_refused: bool) {
    let now = world.now();
    if is_done {
        world.model.removed(removals, State::Done(now));
    } else if is_refused {
        world.model.removed(removals, State::Refused);
    }
}
