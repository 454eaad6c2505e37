//! A message at the top of its chat, or not any more.

use tl_api::functions;

use super::{expect, known};
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let unpin = rng.chance(400);
    let Some((with, message)) = known(world, at, rng, |message| message.pinned == unpin) else { return };
    let request = functions::messages::UpdatePinnedMessage {
        silent: rng.chance(500),
        unpin,
        pm_oneside: rng.chance(300),
        peer: world.model.peer(world.devices[at].person, with),
        id: message.id,
    };
    world.call(at, &request, |world, at, outcome| {
        let allowed = ["MESSAGE_ID_INVALID", "CHAT_NOT_MODIFIED", "USER_IS_BLOCKED", "YOU_BLOCKED_USER"];
        expect(world, "a pin", &outcome, &allowed);
        world.hear_answer(at, &outcome);
    });
}
