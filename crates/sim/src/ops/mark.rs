//! A chat that is marked as unread, or not any more.

use tl_api::{functions, types};

use super::{expect, somebody_else};
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let (me, with) = (world.devices[at].person, somebody_else(world, at, rng));
    // Which of two at once comes last, devices that do both cannot tell.
    if world.is_asking(me, &["messages.markDialogUnread", "messages.readHistory"]) {
        return;
    }
    // People mark what their list of chats shows.
    if world.devices[at].mirror.with(world.model.people[with].id).next().is_none() {
        return;
    }
    let unread = rng.chance(600);
    let id = world.model.people[with].id;
    let request = functions::messages::MarkDialogUnread {
        unread,
        peer: types::InputDialogPeer { peer: world.model.peer(me, with) }.into(),
        ..Default::default()
    };
    world.call(at, &request, move |world, at, outcome| {
        expect(world, "a mark", &outcome, &["PEER_ID_INVALID"]);
        if outcome.is_answer() {
            world.devices[at].mirror.chats.entry(id).or_default().marked = unread;
        }
    });
}
