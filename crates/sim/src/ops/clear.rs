//! A whole chat less, for oneself or for both.

use grammers_tl_types::{enums, types};
use tl_api::functions;

use super::{delete, expect, somebody};
use crate::mirror::{Effect, text};
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let (me, with, revoke) = (world.devices[at].person, somebody(world, at, rng), rng.chance(300));
    let peer_id = world.model.people[with].id;
    let mirror = &world.devices[at].mirror;
    let Some(max_id) = mirror.with(peer_id).map(enums::Message::id).max() else { return };
    let texts: Vec<String> = mirror
        .with(peer_id)
        .filter(|message| !matches!(message, enums::Message::Message(message) if message.fwd_from.is_some()))
        .map(|message| text(message).to_owned())
        .collect();
    let removals: Vec<_> = texts.iter().filter_map(|text| world.model.remove(text, me, revoke)).collect();
    // Letters that are on their way into the chat can fall under it too.
    world.model.cleared.push((me, with, revoke));
    let request = functions::messages::DeleteHistory {
        peer: world.model.peer(me, with),
        max_id,
        revoke,
        ..Default::default()
    };
    world.call(at, &request, move |world, at, outcome| {
        expect(world, "the end of a chat", &outcome, &[]);
        delete::finish(world, &removals, outcome.is_answer(), outcome.is_refused());
        let affected = world.answer::<enums::messages::AffectedHistory>("the end of a chat", outcome);
        let Some(enums::messages::AffectedHistory::History(affected)) = affected else { return };
        let id = world.devices[at].mirror.effect(Effect { peer: peer_id, max_id });
        let (pts, pts_count) = (affected.pts, affected.pts_count);
        world.hear_own(at, types::UpdateDeleteMessages { messages: vec![id], pts, pts_count }.into());
    });
}
