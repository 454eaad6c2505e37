//! An emoji under a message, or none any more.

use tl_api::{enums, functions, types};

use super::{expect, known};
use crate::random::Rng;
use crate::world::World;

const EMOJI: &[&str] = &["👍", "❤", "🔥"];

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let Some((with, message)) = known(world, at, rng, |_| true) else { return };
    let emoji = rng.pick(EMOJI).filter(|_| rng.chance(700));
    let reaction = emoji
        .map(|emoji| vec![enums::Reaction::from(types::ReactionEmoji { emoticon: (*emoji).to_owned() })]);
    let request = functions::messages::SendReaction {
        peer: world.model.peer(world.devices[at].person, with),
        msg_id: message.id,
        reaction,
        ..Default::default()
    };
    world.call(at, &request, |world, at, outcome| {
        let allowed = ["MESSAGE_ID_INVALID", "MESSAGE_NOT_MODIFIED", "USER_IS_BLOCKED", "YOU_BLOCKED_USER"];
        expect(world, "a reaction", &outcome, &allowed);
        world.hear_answer(at, &outcome);
    });
}
