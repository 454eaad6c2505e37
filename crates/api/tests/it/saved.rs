//! Saved Messages by where they were saved from.

use domain::Fault;
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};

use crate::kit::{self, Pair, lines};

type Shown = (Vec<(String, i32, bool)>, Option<i32>);

/// The dialogs with their newest messages, and how many there are in all if there are more.
fn shown(answer: enums::messages::SavedDialogs) -> Shown {
    let (dialogs, messages, users, count) = match answer {
        enums::messages::SavedDialogs::SavedDialogs(all) => (all.dialogs, all.messages, all.users, None),
        enums::messages::SavedDialogs::Slice(some) => {
            (some.dialogs, some.messages, some.users, Some(some.count))
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(dialogs.len(), messages.len());
    assert!(dialogs.is_empty() || !users.is_empty());
    let one = |dialog: &enums::SavedDialog| match dialog {
        enums::SavedDialog::SavedDialog(dialog) => {
            (kit::peer(&dialog.peer), dialog.top_message, dialog.pinned)
        }
        other => panic!("{other:?}"),
    };
    (dialogs.iter().map(one).collect(), count)
}

fn list(limit: i32) -> functions::messages::GetSavedDialogs {
    functions::messages::GetSavedDialogs { limit, ..Default::default() }
}

async fn save(device: &Device, from: &enums::InputPeer, id: i32) -> i32 {
    let request = functions::messages::ForwardMessages {
        from_peer: from.clone(),
        id: vec![id],
        random_id: vec![kit::random_id()],
        to_peer: enums::InputPeer::PeerSelf,
        ..Default::default()
    };
    match kit::updates_of(device, request).await.first() {
        Some(enums::Update::MessageId(update)) => update.id,
        other => panic!("{other:?}"),
    }
}

/// Ann wrote something down, and saved what Bob and Cem said: Bob twice.
struct Saved {
    pair: Pair,
    to_cem: enums::InputPeer,
    note: i32,
    bobs: [i32; 2],
    cems: i32,
}

impl Saved {
    async fn begin(world: &std::sync::Arc<World>) -> Self {
        let pair = Pair::meet(world).await;
        let cem = world.sign_up(kit::CEM, "Cem").await;
        let to_cem = pair.ann.input_peer(&cem).await;
        let to_ann = cem.input_peer(&pair.ann).await;
        pair.bob_says("one").await;
        let one = kit::dialog_with(&pair.ann, &pair.to_bob).await.top_message;
        kit::say(&cem, &to_ann, "two").await;
        let two = kit::dialog_with(&pair.ann, &to_cem).await.top_message;
        let first = save(&pair.ann, &pair.to_bob, one).await;
        let note = kit::say(&pair.ann, &enums::InputPeer::PeerSelf, "milk").await;
        let cems = save(&pair.ann, &to_cem, two).await;
        let second = save(&pair.ann, &pair.to_bob, one).await;
        pair.settle().await;
        Self { pair, to_cem, note, bobs: [first, second], cems }
    }
}

#[tokio::test]
async fn saved_messages_are_listed_by_where_they_came_from() {
    World::each(|world| async move {
        let saved = Saved::begin(&world).await;
        let ann = &saved.pair.ann;
        let (me, bob) = (ann.user.0.to_string(), saved.pair.bob.user.0.to_string());
        let enums::InputPeer::User(cem) = &saved.to_cem else { panic!() };
        let cem = cem.user_id.to_string();
        let [bobs, cems, mine] =
            [(bob.clone(), saved.bobs[1], false), (cem, saved.cems, false), (me, saved.note, false)];
        let all = vec![bobs.clone(), cems.clone(), mine.clone()];
        assert_eq!(shown(ann.call(list(100)).await), (all, None));
        assert_eq!(shown(ann.call(list(2)).await), (vec![bobs, cems.clone()], Some(3)));
        let next = functions::messages::GetSavedDialogs { offset_id: saved.cems, ..list(2) };
        assert_eq!(shown(ann.call(next).await), (vec![mine.clone()], Some(3)));
        let end = functions::messages::GetSavedDialogs { offset_id: saved.note, ..list(2) };
        assert_eq!(shown(ann.call(end).await), (vec![], Some(3)));
        let some = functions::messages::GetSavedDialogsById {
            ids: vec![enums::InputPeer::PeerSelf, saved.to_cem.clone()],
            ..Default::default()
        };
        assert_eq!(shown(ann.call(some).await), (vec![mine, cems], None));
        assert_eq!(shown(saved.pair.bob.call(list(100)).await), (vec![], None), "Bob saved nothing");
        let refused = ann.try_call(list(-1)).await.map(drop);
        assert_eq!(refused, Err(Fault::limit_invalid()));
    })
    .await;
}

#[tokio::test]
async fn what_was_saved_from_one_dialog_is_read_and_deleted() {
    World::each(|world| async move {
        let saved = Saved::begin(&world).await;
        let ann = &saved.pair.ann;
        let history = |peer: &enums::InputPeer| functions::messages::GetSavedHistory {
            peer: peer.clone(),
            limit: 100,
            ..Default::default()
        };
        let ids = async |request: functions::messages::GetSavedHistory| -> Vec<i32> {
            let id = |message: &enums::Message| match message {
                enums::Message::Message(message) => message.id,
                other => panic!("{other:?}"),
            };
            kit::messages_of(ann.call(request).await).iter().map(id).collect()
        };
        let to_bob = &saved.pair.to_bob;
        let [first, second] = saved.bobs;
        assert_eq!(ids(history(to_bob)).await, [second, first]);
        assert_eq!(ids(history(&enums::InputPeer::PeerSelf)).await, [saved.note]);
        let next = functions::messages::GetSavedHistory { offset_id: second, limit: 1, ..history(to_bob) };
        assert_eq!(ids(next).await, [first]);

        let before = kit::state(ann).await.pts;
        let delete = functions::messages::DeleteSavedHistory { peer: to_bob.clone(), ..Default::default() };
        let answer = ann.call(delete.clone()).await;
        assert_eq!((answer.pts, answer.pts_count, answer.offset), (before + 2, 2, 0));
        assert_eq!(ids(history(to_bob)).await, [0; 0]);
        assert_eq!(shown(ann.call(list(100)).await).0.len(), 2);
        assert_eq!(kit::texts(ann, &enums::InputPeer::PeerSelf).await.len(), 2, "the others stay");
        assert_eq!(saved.pair.heard().await[1], [format!("delete {:?}", [first, second])]);
        assert_eq!(ann.call(delete).await.pts_count, 0);
        assert_eq!(kit::texts(&saved.pair.bob, &saved.pair.to_ann).await.len(), 1, "Bob keeps what he said");
    })
    .await;
}

#[tokio::test]
async fn saved_dialogs_are_pinned() {
    World::each(|world| async move {
        let saved = Saved::begin(&world).await;
        let ann = &saved.pair.ann;
        let dialog = |peer: &enums::InputPeer| -> enums::InputDialogPeer {
            types::InputDialogPeer { peer: peer.clone() }.into()
        };
        let pin = |peer: &enums::InputPeer, pinned| functions::messages::ToggleSavedDialogPin {
            pinned,
            peer: dialog(peer),
        };
        let order = async || -> Vec<i32> {
            let answer = ann.call(functions::messages::GetPinnedSavedDialogs {}).await;
            shown(answer).0.iter().map(|(_, top, pinned)| if *pinned { *top } else { 0 }).collect()
        };
        let myself = enums::InputPeer::PeerSelf;
        assert!(ann.call(pin(&myself, true)).await);
        assert!(ann.call(pin(&saved.to_cem, true)).await);
        assert!(ann.call(pin(&saved.to_cem, true)).await);
        assert_eq!(order().await, [saved.cems, saved.note]);
        assert_eq!(saved.pair.heard().await[1].len(), 2, "the other device is told of each once");
        let tops: Vec<i32> = shown(ann.call(list(100)).await).0.iter().map(|(_, top, _)| *top).collect();
        assert_eq!(tops, [saved.cems, saved.note, saved.bobs[1]], "pinned ones first");
        let rest = functions::messages::GetSavedDialogs { exclude_pinned: true, ..list(100) };
        assert_eq!(shown(ann.call(rest).await).0.len(), 1);
        let reorder = functions::messages::ReorderPinnedSavedDialogs {
            force: true,
            order: vec![dialog(&saved.pair.to_bob), dialog(&saved.to_cem)],
        };
        assert!(ann.call(reorder).await);
        assert_eq!(order().await, [saved.bobs[1], saved.cems]);
        let told = saved.pair.tablet.pushed().await;
        assert!(matches!(&told[..], [enums::Update::PinnedSavedDialogs(_)]), "{:?}", lines(&told));
        let delete =
            functions::messages::DeleteSavedHistory { peer: saved.to_cem.clone(), ..Default::default() };
        ann.call(delete).await;
        assert!(ann.call(pin(&saved.pair.to_bob, false)).await);
        assert_eq!(order().await, [0; 0]);
        let refused = ann.try_call(pin(&saved.to_cem, true)).await;
        assert_eq!(refused, Err(Fault::peer_history_empty()));
    })
    .await;
}
