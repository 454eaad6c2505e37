//! Other words for a message of one's own.

use tl_api::functions;

use super::{expect, known};
use crate::device::Outcome;
use crate::model::letter_of;
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let found = known(world, at, rng, |message| message.out && message.fwd_from.is_none());
    let Some((with, message)) = found else { return };
    let Some(letter) = letter_of(&message.message) else { return };
    let version = world.model.number();
    let text = format!("m{letter} v{version}");
    let now = world.now();
    let Some(known) = world.model.letters.get_mut(letter) else { return };
    let write = known.text.begin(now, text.clone());
    let request = functions::messages::EditMessage {
        peer: world.model.peer(world.devices[at].person, with),
        id: message.id,
        message: Some(text),
        ..Default::default()
    };
    world.call(at, &request, move |world, at, outcome| {
        let allowed = ["MESSAGE_ID_INVALID", "MESSAGE_NOT_MODIFIED", "USER_IS_BLOCKED", "YOU_BLOCKED_USER"];
        expect(world, "an edit", &outcome, &allowed);
        world.hear_answer(at, &outcome);
        let now = world.now();
        let register = &mut world.model.letters[letter].text;
        // Not modified: an earlier try of the same request made it so.
        let was_done = matches!(&outcome, Outcome::Refused { text, .. } if text == "MESSAGE_NOT_MODIFIED");
        if outcome.is_answer() {
            register.done(write, now);
        } else if outcome.is_refused() && !was_done {
            register.refused(write);
        }
    });
}
