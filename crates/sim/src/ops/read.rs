//! A chat that somebody has seen, up to some message.

use grammers_tl_types::{enums, types};
use tl_api::functions;

use super::{expect, somebody_else};
use crate::mirror::is_out;
use crate::random::Rng;
use crate::world::World;

pub(crate) fn begin(world: &mut World, at: usize, rng: &Rng) {
    let (me, with) = (world.devices[at].person, somebody_else(world, at, rng));
    // Which of two at once comes last, devices that do both cannot tell.
    if world.is_asking(me, &["messages.markDialogUnread"]) {
        return;
    }
    let user_id = world.model.people[with].id;
    let mirror = &world.devices[at].mirror;
    let ids: Vec<i32> =
        mirror.with(user_id).filter(|message| !is_out(message)).map(enums::Message::id).collect();
    let Some(max_id) = rng.pick(&ids).copied() else { return };
    let request = functions::messages::ReadHistory { peer: world.model.peer(me, with), max_id };
    world.call(at, &request, move |world, at, outcome| {
        expect(world, "a reading", &outcome, &[]);
        let affected = world.answer::<enums::messages::AffectedMessages>("a reading", outcome);
        let Some(enums::messages::AffectedMessages::Messages(affected)) = affected else { return };
        let update = types::UpdateReadHistoryInbox {
            folder_id: None,
            peer: types::PeerUser { user_id }.into(),
            top_msg_id: None,
            max_id,
            still_unread_count: 0,
            pts: affected.pts,
            pts_count: affected.pts_count,
        };
        world.hear_own(at, update.into());
        // Opening a chat takes its mark off.
        world.devices[at].mirror.chats.entry(user_id).or_default().marked = false;
    });
}
