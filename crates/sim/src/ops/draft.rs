//! Words that wait in a chat to be sent, on all devices.

use tl_api::functions;

use super::{expect, somebody};
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let (me, with) = (world.devices[at].person, somebody(world, at, rng));
    // Which of two at once comes last, devices that do both cannot tell.
    if world.is_asking(me, &["messages.saveDraft"]) {
        return;
    }
    let number = world.model.number();
    let message = if rng.chance(300) { String::new() } else { format!("draft {number}") };
    let now = world.now();
    let write = world.model.draft(me, with).begin(now, message.clone());
    let request = functions::messages::SaveDraft {
        peer: world.model.peer(me, with),
        message: message.clone(),
        ..Default::default()
    };
    let id = world.model.people[with].id;
    world.call(at, &request, move |world, at, outcome| {
        expect(world, "a draft", &outcome, &[]);
        let now = world.now();
        if outcome.is_answer() {
            world.model.draft(me, with).done(write, now);
            world.devices[at].mirror.chats.entry(id).or_default().draft = message;
        } else if outcome.is_refused() {
            world.model.draft(me, with).refused(write);
        }
    });
}
