//! Messages of one chat, passed on to somebody.

use tl_api::functions;

use super::{expect, known, random_id, somebody};
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let (me, to) = (world.devices[at].person, somebody(world, at, rng));
    let Some((from, first)) = known(world, at, rng, |_| true) else { return };
    let mut ids = vec![first.id];
    if let Some((with, second)) = known(world, at, rng, |_| true)
        && with == from
        && second.id != first.id
    {
        ids.push(second.id);
    }
    let request = functions::messages::ForwardMessages {
        from_peer: world.model.peer(me, from),
        to_peer: world.model.peer(me, to),
        random_id: ids.iter().map(|_| random_id(rng)).collect(),
        id: ids,
        ..Default::default()
    };
    world.call(at, &request, move |world, at, outcome| {
        let allowed = ["MESSAGE_ID_INVALID", "MESSAGE_IDS_EMPTY", "USER_IS_BLOCKED", "YOU_BLOCKED_USER"];
        expect(world, "a forward", &outcome, &allowed);
        world.hear_answer(at, &outcome);
    });
}
