//! Methods that change, read, forward and pin messages which are there already.

use domain::Fault;
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};

use crate::kit::{self, Pair, lines, message, say, state, texts, updates_of};

fn edit(peer: &enums::InputPeer, id: i32, text: &str) -> functions::messages::EditMessage {
    functions::messages::EditMessage {
        peer: peer.clone(),
        id,
        message: Some(text.to_owned()),
        ..Default::default()
    }
}

fn delete(ids: &[i32], revoke: bool) -> functions::messages::DeleteMessages {
    functions::messages::DeleteMessages { revoke, id: ids.to_vec() }
}

fn forward(
    from: &enums::InputPeer,
    to: &enums::InputPeer,
    ids: &[i32],
) -> functions::messages::ForwardMessages {
    functions::messages::ForwardMessages {
        from_peer: from.clone(),
        to_peer: to.clone(),
        id: ids.to_vec(),
        random_id: ids.iter().map(|_| kit::random_id()).collect(),
        ..Default::default()
    }
}

/// What a fresh device of the same account would see of a chat equals `expected`, and so does this one.
async fn check(device: &Device, peer: &enums::InputPeer, expected: &[&str]) {
    assert_eq!(texts(device, peer).await, expected);
}

fn myself() -> enums::InputPeer {
    enums::InputPeer::PeerSelf
}

fn header(message: &enums::Message) -> Option<&types::MessageFwdHeader> {
    match message {
        enums::Message::Message(message) => message.fwd_from.as_ref(),
        other => panic!("no text: {other:?}"),
    }
}

fn new_message(updates: &[enums::Update]) -> &enums::Message {
    updates
        .iter()
        .find_map(|update| match update {
            enums::Update::NewMessage(update) => Some(&update.message),
            _ => None,
        })
        .expect("a new message")
}

#[tokio::test]
async fn an_edit_shows_on_both_sides() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let id = pair.ann_says("helo").await;
        pair.settle().await;
        let (ann_before, bob_before) = (state(&pair.ann).await, state(&pair.bob).await);
        world.clock.advance_millis(5000);

        let answer = updates_of(&pair.ann, edit(&pair.to_bob, id, "hello")).await;
        assert_eq!(lines(&answer), [format!("edit {id} \"hello\" out")]);
        assert_eq!(kit::follow(ann_before.pts, &answer), ann_before.pts + 1);
        let [ann, tablet, bob] = pair.heard().await;
        assert_eq!(ann, [""; 0]);
        assert_eq!(tablet, lines(&answer));
        assert_eq!(bob.len(), 1);
        assert!(bob[0].starts_with("edit ") && bob[0].ends_with("\"hello\""), "{bob:?}");
        assert_eq!(kit::missed(&pair.tablet, &ann_before).await, tablet);
        assert_eq!(kit::missed(&pair.bob, &bob_before).await, bob);
        let enums::Update::EditMessage(update) = &answer[0] else { panic!() };
        let enums::Message::Message(edited) = &update.message else { panic!() };
        assert_eq!(edited.edit_date, Some(world.service.now().wire()));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_edited() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let from_bob = {
            pair.bob_says("mine").await;
            kit::dialog_with(&pair.ann, &pair.to_bob).await.top_message
        };
        let own = pair.ann_says("own").await;
        let forwarded =
            new_message(&updates_of(&pair.ann, forward(&pair.to_bob, &pair.to_bob, &[own])).await).clone();
        let enums::Message::Message(forwarded) = forwarded else { panic!() };
        pair.settle().await;
        let pts = state(&pair.ann).await.pts;
        for (peer, id, text, fault) in [
            (&pair.to_bob, own, "own", Fault::message_not_modified()),
            (&pair.to_bob, own, " own\n", Fault::message_not_modified()),
            (&pair.to_bob, own, "", Fault::message_empty()),
            (&pair.to_bob, own, &"x".repeat(5000), Fault::message_too_long()),
            (&pair.to_bob, from_bob, "his", Fault::message_author_required()),
            (&pair.to_bob, forwarded.id, "again", Fault::message_author_required()),
            (&pair.to_bob, 9999, "nothing", Fault::message_id_invalid()),
            (&myself(), own, "another chat", Fault::message_id_invalid()),
        ] {
            assert_eq!(pair.ann.try_call(edit(peer, id, text)).await, Err(fault), "{id} {text:.20}");
        }
        let data = functions::messages::GetMessageEditData { peer: pair.to_bob.clone(), id: own };
        assert!(!pair.ann.call(data.clone()).await.caption);
        world.clock.advance_millis(48 * 3600 * 1000 + 1000);
        let late = Err(Fault::message_edit_time_expired());
        assert_eq!(pair.ann.try_call(edit(&pair.to_bob, own, "late")).await, late);
        assert_eq!(pair.ann.try_call(data).await, Err(Fault::message_edit_time_expired()));
        assert_eq!(state(&pair.ann).await.pts, pts);
        assert_eq!(pair.heard().await.concat(), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn notes_to_oneself_can_be_edited_at_any_time() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let id = say(&pair.ann, &myself(), "note").await;
        world.clock.advance_millis(400 * 24 * 3600 * 1000);
        let answer = updates_of(&pair.ann, edit(&myself(), id, "better note")).await;
        assert_eq!(lines(&answer), [format!("edit {id} \"better note\"")]);
    })
    .await;
}

#[tokio::test]
async fn deleting_for_oneself_leaves_the_other_side() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let mut ids = Vec::new();
        for text in ["one", "two", "three"] {
            ids.push(pair.ann_says(text).await);
        }
        pair.settle().await;
        let before = state(&pair.ann).await;
        let answer = pair.ann.call(delete(&[ids[2], ids[0], 9999, ids[0]], false)).await;
        assert_eq!((answer.pts, answer.pts_count), (before.pts + 2, 2));
        let [ann, tablet, bob] = pair.heard().await;
        assert_eq!((ann, tablet), (vec![], vec![format!("delete {:?}", [ids[0], ids[2]])]));
        assert_eq!(bob, [""; 0]);
        check(&pair.ann, &pair.to_bob, &[&format!("{} \"two\" out", ids[1])]).await;
        assert_eq!(texts(&pair.bob, &pair.to_ann).await.len(), 3);
        assert_eq!(kit::dialog_with(&pair.ann, &pair.to_bob).await.top_message, ids[1]);

        let again = pair.ann.call(delete(&[ids[0], ids[2]], true)).await;
        assert_eq!((again.pts, again.pts_count), (before.pts + 2, 0), "there is nothing left to delete");
        assert_eq!(pair.heard().await.concat(), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn either_side_deletes_for_both_at_any_time() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        pair.ann_says("one").await;
        pair.ann_says("two").await;
        let note = say(&pair.ann, &myself(), "note").await;
        let of_bob = pair.bob_says("three").await;
        world.clock.advance_millis(3 * 365 * 24 * 3600 * 1000);
        pair.settle().await;
        assert_eq!(kit::dialog_with(&pair.ann, &pair.to_bob).await.unread_count, 1);
        let (ann_before, bob_before) = (state(&pair.ann).await, state(&pair.bob).await);

        // Bob takes away his own and Ann's first; ids are those of his box.
        let theirs: Vec<i32> = {
            let history = functions::messages::GetHistory {
                peer: pair.to_ann.clone(),
                limit: 10,
                ..Default::default()
            };
            let found = kit::messages_of(pair.bob.call(history).await);
            found
                .iter()
                .map(|message| if let enums::Message::Message(m) = message { m.id } else { 0 })
                .collect()
        };
        assert_eq!(theirs[0], of_bob);
        let answer = pair.bob.call(delete(&[theirs[0], theirs[2]], true)).await;
        assert_eq!((answer.pts, answer.pts_count), (bob_before.pts + 2, 2));
        let updates = pair.ann.pushed().await;
        assert_eq!(kit::follow(ann_before.pts, &updates), ann_before.pts + 2);
        assert_eq!(updates.len(), 1);
        assert_eq!(lines(&pair.tablet.pushed().await), lines(&updates));
        assert_eq!(texts(&pair.ann, &pair.to_bob).await.len(), 1);
        assert_eq!(texts(&pair.bob, &pair.to_ann).await.len(), 1);
        assert_eq!(kit::dialog_with(&pair.ann, &pair.to_bob).await.unread_count, 0);

        // One call may name messages of several chats.
        let rest = kit::dialog_with(&pair.ann, &pair.to_bob).await.top_message;
        let answer = pair.ann.call(delete(&[rest, note], true)).await;
        assert_eq!(answer.pts_count, 2);
        assert_eq!(lines(&pair.bob.pushed().await).len(), 1);
        assert_eq!(kit::dialogs(&pair.bob).await.len(), 0, "an empty chat is not listed");
    })
    .await;
}

#[tokio::test]
async fn a_message_deleted_while_away_is_not_missed() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let before = state(&pair.bob).await;
        let id = pair.ann_says("gone").await;
        pair.ann_says("stays").await;
        pair.ann.call(delete(&[id], true)).await;
        let mut missed = kit::missed(&pair.bob, &before).await;
        // What stands beside the device's own `pts` is told again.
        missed.retain(|line| !line.starts_with("settings"));
        assert_eq!(missed.len(), 2, "{missed:?}");
        assert!(missed[0].contains("stays") && missed[1].starts_with("delete"), "{missed:?}");
    })
    .await;
}

fn delete_history(
    peer: &enums::InputPeer,
    just_clear: bool,
    revoke: bool,
) -> functions::messages::DeleteHistory {
    functions::messages::DeleteHistory { just_clear, revoke, peer: peer.clone(), ..Default::default() }
}

/// A dialog deleted for both leaves the other side nothing, even where the own copies went before.
#[tokio::test]
async fn a_dialog_deleted_for_both_goes_whole() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let first = pair.ann_says("gone on this side").await;
        pair.bob_says("kept").await;
        pair.ann.call(delete(&[first], false)).await;
        pair.settle().await;
        pair.ann.call(delete_history(&pair.to_bob, false, true)).await;
        assert_eq!(pair.heard().await[2].len(), 2, "what was linked, and the rest");
        assert!(kit::dialogs(&pair.bob).await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_deleted_history_leaves_the_list() {
    World::each(|world| async move {
        for revoke in [false, true] {
            let pair = Pair::meet(&World::sqlite().await).await;
            let _ = &world;
            for text in ["one", "two", "three"] {
                pair.ann_says(text).await;
                pair.bob_says(text).await;
            }
            let peer = types::InputDialogPeer { peer: pair.to_bob.clone() }.into();
            pair.ann.call(functions::messages::ToggleDialogPin { pinned: true, peer }).await;
            pair.settle().await;
            let before = state(&pair.ann).await;
            let answer = pair.ann.call(delete_history(&pair.to_bob, false, revoke)).await;
            assert_eq!((answer.pts, answer.pts_count, answer.offset), (before.pts + 6, 6, 0));
            let [ann, tablet, bob] = pair.heard().await;
            assert_eq!(ann, [""; 0]);
            assert_eq!(tablet.len(), 2, "{tablet:?}");
            assert_eq!(tablet[1], format!("dialog {} pinned false", pair.bob.user.0));
            assert_eq!(bob.len(), usize::from(revoke));
            assert_eq!(
                kit::dialogs(&pair.ann).await.len(),
                1,
                "only the one with the service account is left"
            );
            assert_eq!(kit::dialogs(&pair.bob).await.len(), usize::from(!revoke));
            let again = pair.ann.call(delete_history(&pair.to_bob, false, revoke)).await;
            assert_eq!((again.pts, again.pts_count, again.offset), (before.pts + 6, 0, 0));
        }
    })
    .await;
}

#[tokio::test]
async fn a_cleared_history_keeps_its_place() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        pair.ann_says("one").await;
        pair.bob_says("two").await;
        pair.settle().await;
        let before = state(&pair.ann).await;
        let top = kit::dialog_with(&pair.ann, &pair.to_bob).await.top_message;
        let answer = pair.ann.call(delete_history(&pair.to_bob, true, false)).await;
        // One was unread and is read, one is deleted, one became the mark.
        assert_eq!((answer.pts, answer.pts_count, answer.offset), (before.pts + 3, 3, 0));
        let updates = pair.tablet.pushed().await;
        assert_eq!(kit::follow(before.pts, &updates), answer.pts);
        check(&pair.ann, &pair.to_bob, &[&format!("{top} HistoryClear")]).await;
        let dialog = kit::dialog_with(&pair.ann, &pair.to_bob).await;
        assert_eq!((dialog.top_message, dialog.unread_count), (top, 0));
        let bob = texts(&pair.bob, &pair.to_ann).await;
        assert_eq!(bob.len(), 2);

        // What Bob does to his copy does not reach the mark.
        let of_bob = kit::dialog_with(&pair.bob, &pair.to_ann).await.top_message;
        updates_of(&pair.bob, edit(&pair.to_ann, of_bob, "changed")).await;
        pair.bob.call(delete(&[of_bob], true)).await;
        check(&pair.ann, &pair.to_bob, &[&format!("{top} HistoryClear")]).await;
        let again = pair.ann.call(delete_history(&pair.to_bob, true, false)).await;
        assert_eq!((again.pts_count, again.offset), (0, 0));
        let last = pair.ann.call(delete_history(&pair.to_bob, false, true)).await;
        assert_eq!(last.pts_count, 1);
        check(&pair.ann, &pair.to_bob, &[]).await;
    })
    .await;
}

#[tokio::test]
async fn a_long_history_goes_in_slices() {
    let pair = Pair::meet(&World::sqlite().await).await;
    for number in 0..1100 {
        pair.ann_says(&number.to_string()).await;
        if number % 500 == 0 {
            pair.world.clock.advance_millis(120_000);
        }
    }
    pair.settle().await;
    let before = state(&pair.ann).await;
    let request = functions::messages::DeleteHistory {
        max_id: kit::dialog_with(&pair.ann, &pair.to_bob).await.top_message,
        ..delete_history(&pair.to_bob, false, true)
    };
    let first = pair.ann.call(request.clone()).await;
    assert_eq!((first.pts, first.pts_count, first.offset), (before.pts + 1000, 1000, 100));
    let second = pair.ann.call(request).await;
    assert_eq!((second.pts, second.pts_count, second.offset), (before.pts + 1100, 100, 0));
    assert_eq!(texts(&pair.bob, &pair.to_ann).await.len(), 0);
}

#[tokio::test]
async fn a_stretch_of_history_goes_by_date() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let start = world.service.now().wire();
        for text in ["0", "1", "2", "3"] {
            pair.ann_says(text).await;
            world.clock.advance_millis(10_000);
        }
        let request = functions::messages::DeleteHistory {
            min_date: Some(start),
            max_date: Some(start + 30),
            ..delete_history(&pair.to_bob, false, false)
        };
        let answer = pair.ann.call(request.clone()).await;
        assert_eq!((answer.pts_count, answer.offset), (2, 0));
        let left: Vec<_> = texts(&pair.ann, &pair.to_bob).await;
        assert_eq!(left.len(), 2);
        assert!(left[0].contains('3') && left[1].contains('0'), "{left:?}");
        let wrong = functions::messages::DeleteHistory { min_date: Some(-1), ..request };
        assert_eq!(pair.ann.try_call(wrong).await, Err(Fault::min_date_invalid()));
    })
    .await;
}

#[tokio::test]
async fn reading_moves_both_marks() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let mut sent = Vec::new();
        for text in ["one", "two", "three"] {
            sent.push(pair.bob_says(text).await);
        }
        pair.settle().await;
        let (ann_before, bob_before) = (state(&pair.ann).await, state(&pair.bob).await);
        let top = kit::dialog_with(&pair.ann, &pair.to_bob).await.top_message;

        // (max_id, pts_count, left unread, what Bob learns)
        let mut pts = ann_before.pts;
        for (max_id, count, left, bob_learns) in [
            (top - 1, 1, 1, Some(sent[1])),
            (top - 1, 0, 1, None),
            (top - 2, 0, 1, None),
            (0, 1, 0, Some(sent[2])),
            (0, 0, 0, None),
            (top + 1000, 0, 0, None),
        ] {
            let request = functions::messages::ReadHistory { peer: pair.to_bob.clone(), max_id };
            let answer = pair.ann.call(request).await;
            pts += count;
            assert_eq!((answer.pts, answer.pts_count), (pts, count), "{max_id}");
            let [ann, tablet, bob] = pair.heard().await;
            assert_eq!(ann, [""; 0]);
            assert_eq!(tablet.len(), usize::try_from(count).unwrap());
            let learned = bob_learns.map(|id| format!("read out {} up to {id}", pair.ann.user.0));
            assert_eq!(bob, learned.into_iter().collect::<Vec<_>>(), "{max_id}");
            assert_eq!(kit::dialog_with(&pair.tablet, &pair.to_bob).await.unread_count, left);
        }
        assert_eq!(kit::dialog_with(&pair.bob, &pair.to_ann).await.read_outbox_max_id, sent[2]);
        assert_eq!(kit::missed(&pair.bob, &bob_before).await.len(), 2);
        assert_eq!(kit::missed(&pair.tablet, &ann_before).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn the_time_of_reading_is_told_for_a_week() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let id = pair.bob_says("well?").await;
        let received = kit::dialog_with(&pair.ann, &pair.to_bob).await.top_message;
        let ask = functions::messages::GetOutboxReadDate { peer: pair.to_ann.clone(), msg_id: id };
        assert_eq!(pair.bob.try_call(ask.clone()).await, Err(Fault::message_not_read_yet()));
        world.clock.advance_millis(60_000);
        let peer = pair.to_bob.clone();
        pair.ann.call(functions::messages::ReadHistory { peer: peer.clone(), max_id: 0 }).await;
        let at = world.service.now().wire();
        world.clock.advance_millis(60_000);
        assert_eq!(pair.bob.call(ask.clone()).await.date, at);
        let wrong = functions::messages::GetOutboxReadDate { peer, msg_id: received };
        assert_eq!(pair.ann.try_call(wrong).await, Err(Fault::message_id_invalid()));
        world.clock.advance_millis(8 * 24 * 3600 * 1000);
        assert_eq!(pair.bob.try_call(ask).await, Err(Fault::message_too_old()));
    })
    .await;
}

#[tokio::test]
async fn a_forward_names_its_author() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let cem = world.sign_up(kit::CEM, "Cem").await;
        let to_cem = pair.ann.input_peer(&cem).await;
        pair.bob_says("first").await;
        pair.bob_says("second").await;
        state(&cem).await;
        pair.settle().await;
        let top = kit::dialog_with(&pair.ann, &pair.to_bob).await.top_message;
        let before = state(&pair.ann).await;
        let request = forward(&pair.to_bob, &to_cem, &[top - 1, top]);
        let answer = kit::whole(pair.ann.call(request.clone()).await);
        let ids: Vec<_> = lines(&answer.updates).into_iter().map(|line| line[..3].to_owned()).collect();
        assert_eq!(ids, ["id ", "id ", "new", "new"]);
        assert_eq!(kit::follow(before.pts, &answer.updates), before.pts + 2);
        assert_eq!(answer.users.len(), 3, "the caller, the receiver and the author are described");
        let header = header(new_message(&answer.updates)).expect("a forward").clone();
        assert_eq!(header.from_id, Some(types::PeerUser { user_id: pair.bob.user.0 }.into()));
        assert_eq!((header.from_name, header.saved_from_msg_id), (None, None));
        assert_eq!(pair.tablet.pushed().await, answer.updates[2..]);
        let at_cem = cem.pushed_whole().await;
        assert_eq!(at_cem.iter().map(|updates| updates.updates.len()).sum::<usize>(), 2);
        assert!(at_cem.iter().all(|updates| updates.users.len() == 3));

        let again = kit::whole(pair.ann.call(request).await);
        assert_eq!(again.updates, answer.updates, "the same random ids get the same answer");
        assert_eq!(state(&pair.ann).await.pts, before.pts + 2);
    })
    .await;
}

#[tokio::test]
async fn forwards_without_an_author_and_with_a_hidden_one() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        pair.bob_says("secret").await;
        let top = kit::dialog_with(&pair.ann, &pair.to_bob).await.top_message;
        let copy = functions::messages::ForwardMessages {
            drop_author: true,
            ..forward(&pair.to_bob, &pair.to_bob, &[top])
        };
        let answer = updates_of(&pair.ann, copy).await;
        assert_eq!(header(new_message(&answer)), None);

        let bob = pair.bob.user;
        let rules = domain::privacy::Rules::new(vec![domain::privacy::Rule::DisallowAll]).unwrap();
        world
            .service
            .store
            .write(move |tx| {
                store::privacy::set_rules(tx, bob, domain::privacy::Key::Forwards.code(), &rules.to_bytes())
            })
            .await
            .unwrap();
        let linked = updates_of(&pair.ann, forward(&pair.to_bob, &pair.to_bob, &[top])).await;
        let hidden = header(new_message(&linked)).expect("a forward");
        assert_eq!(
            (&hidden.from_id, hidden.from_name.as_deref()),
            (&None, Some("Bob")),
            "his own name for himself"
        );
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_forwarded() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let own = pair.ann_says("plain").await;
        let guarded = {
            let request = functions::messages::SendMessage {
                peer: pair.to_bob.clone(),
                message: "guarded".to_owned(),
                random_id: kit::random_id(),
                noforwards: true,
                ..Default::default()
            };
            let answer = updates_of(&pair.ann, request).await;
            let enums::Message::Message(message) = new_message(&answer).clone() else { panic!() };
            message.id
        };
        let pts = state(&pair.ann).await.pts;
        for (from, ids, fault) in [
            (&pair.to_bob, vec![guarded], Fault::chat_forwards_restricted()),
            (&pair.to_bob, vec![own, guarded], Fault::chat_forwards_restricted()),
            (&pair.to_bob, vec![9999], Fault::message_id_invalid()),
            (&myself(), vec![own], Fault::message_id_invalid()),
            (&pair.to_bob, vec![], Fault::message_ids_empty()),
            (&pair.to_bob, vec![own; 101], Fault::request_too_long()),
        ] {
            let refused = pair.ann.try_call(forward(from, &pair.to_bob, &ids)).await;
            assert_eq!(refused, Err(fault), "{ids:?}");
        }
        let mut short = forward(&pair.to_bob, &pair.to_bob, &[own]);
        short.random_id.clear();
        assert_eq!(pair.ann.try_call(short).await, Err(Fault::random_id_invalid()));
        assert_eq!(state(&pair.ann).await.pts, pts);
        let some = updates_of(&pair.ann, forward(&pair.to_bob, &pair.to_bob, &[9999, own])).await;
        assert_eq!(some.len(), 2, "those that are gone are passed over");
    })
    .await;
}

#[tokio::test]
async fn saved_messages_say_where_they_are_from() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        pair.bob_says("keep this").await;
        pair.settle().await;
        let top = kit::dialog_with(&pair.ann, &pair.to_bob).await.top_message;
        let answer = updates_of(&pair.ann, forward(&pair.to_bob, &myself(), &[top])).await;
        let enums::Message::Message(saved) = new_message(&answer).clone() else { panic!() };
        let bob: enums::Peer = types::PeerUser { user_id: pair.bob.user.0 }.into();
        let me: enums::Peer = types::PeerUser { user_id: pair.ann.user.0 }.into();
        let header = saved.fwd_from.as_ref().unwrap();
        assert_eq!((&header.from_id, &header.saved_from_peer), (&Some(bob.clone()), &Some(bob.clone())));
        assert_eq!((header.saved_from_msg_id, header.saved_out), (Some(top), false));
        assert_eq!(
            (&saved.peer_id, &saved.from_id, &saved.saved_peer_id),
            (&me, &Some(me.clone()), &Some(bob))
        );
        assert!(!saved.out);
        let [ann, tablet, bob] = pair.heard().await;
        assert_eq!((ann.len(), tablet.len(), bob.len()), (0, 1, 0));

        // From there it goes on under its author's name, without the way it took.
        let onward = updates_of(&pair.ann, forward(&myself(), &pair.to_bob, &[saved.id])).await;
        let onward = self::header(new_message(&onward)).unwrap().clone();
        assert_eq!((onward.from_id, onward.saved_from_peer), (header.from_id.clone(), None));
        let dialog = kit::dialog_with(&pair.ann, &myself()).await;
        assert_eq!((dialog.unread_count, dialog.read_inbox_max_id), (0, saved.id));
    })
    .await;
}

#[tokio::test]
async fn messages_come_in_the_order_asked_for() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let one = pair.ann_says("one").await;
        let request = functions::messages::SendMessage {
            peer: pair.to_bob.clone(),
            message: "reply".to_owned(),
            random_id: kit::random_id(),
            reply_to: Some(types::InputReplyToMessage { reply_to_msg_id: one, ..Default::default() }.into()),
            ..Default::default()
        };
        updates_of(&pair.ann, request).await;
        let two = kit::dialog_with(&pair.ann, &pair.to_bob).await.top_message;
        let id = |id| enums::InputMessage::from(types::InputMessageId { id });
        let answered = |id| enums::InputMessage::from(types::InputMessageReplyTo { id });
        let asked =
            vec![id(two), id(777), answered(two), id(one), answered(one), enums::InputMessage::Pinned];
        let answer = pair.ann.call(functions::messages::GetMessages { id: asked }).await;
        let enums::messages::Messages::Messages(answer) = answer else { panic!("all that was asked for") };
        let expected = [
            format!("{two} \"reply\" out"),
            "777 empty".to_owned(),
            format!("{one} \"one\" out"),
            format!("{one} \"one\" out"),
            "0 empty".to_owned(),
            "0 empty".to_owned(),
        ];
        assert_eq!(answer.messages.iter().map(message).collect::<Vec<_>>(), expected);
        assert_eq!(answer.users.len(), 2);
        let many = vec![id(1); 201];
        let refused = pair.ann.try_call(functions::messages::GetMessages { id: many }).await;
        assert_eq!(refused, Err(Fault::request_too_long()));

        let views = functions::messages::GetMessagesViews {
            peer: pair.to_bob.clone(),
            id: vec![two, 777],
            increment: true,
        };
        assert_eq!(pair.ann.call(views).await.views, [types::MessageViews::default(), Default::default()]);
    })
    .await;
}

fn pin(peer: &enums::InputPeer, id: i32) -> functions::messages::UpdatePinnedMessage {
    functions::messages::UpdatePinnedMessage { peer: peer.clone(), id, ..Default::default() }
}

#[tokio::test]
async fn a_pin_is_told_to_both() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let id = pair.ann_says("important").await;
        pair.settle().await;
        let before = state(&pair.ann).await;
        let answer = updates_of(&pair.ann, pin(&pair.to_bob, id)).await;
        assert_eq!(kit::follow(before.pts, &answer), before.pts + 2);
        assert_eq!(
            lines(&answer),
            [format!("pin [{id}] with {}", pair.bob.user.0), format!("new {} PinMessage", id + 1)]
        );
        let enums::Message::Service(notice) = new_message(&answer) else { panic!() };
        let Some(enums::MessageReplyHeader::MessageReplyHeader(reply)) = &notice.reply_to else { panic!() };
        assert_eq!(reply.reply_to_msg_id, Some(id));
        let [ann, tablet, bob] = pair.heard().await;
        assert_eq!((ann.len(), tablet), (0, lines(&answer)));
        assert!(bob[0].starts_with("pin") && bob[1].ends_with("PinMessage"), "{bob:?}");
        assert!(texts(&pair.bob, &pair.to_ann).await[1].ends_with("pinned"));
        assert_eq!(pair.ann.try_call(pin(&pair.to_bob, id)).await, Err(Fault::chat_not_modified()));
        assert_eq!(pair.ann.try_call(pin(&pair.to_bob, id + 1)).await, Err(Fault::message_id_invalid()));

        let unpin = functions::messages::UpdatePinnedMessage { unpin: true, ..pin(&pair.to_bob, id) };
        let answer = updates_of(&pair.ann, unpin).await;
        assert_eq!(lines(&answer), [format!("unpin [{id}] with {}", pair.bob.user.0)]);
        assert_eq!(pair.heard().await[2].len(), 1);

        // For oneself alone, and then all at once.
        let alone = functions::messages::UpdatePinnedMessage { pm_oneside: true, ..pin(&pair.to_bob, id) };
        assert_eq!(updates_of(&pair.ann, alone).await.len(), 1);
        let second = pair.ann_says("another").await;
        updates_of(&pair.ann, pin(&pair.to_bob, second)).await;
        pair.settle().await;
        let before = state(&pair.ann).await;
        let all = functions::messages::UnpinAllMessages { peer: pair.to_bob.clone(), ..Default::default() };
        let answer = pair.ann.call(all.clone()).await;
        assert_eq!((answer.pts, answer.pts_count, answer.offset), (before.pts + 2, 2, 0));
        let [_, tablet, bob] = pair.heard().await;
        assert_eq!(tablet, [format!("unpin {:?} with {}", [second, id], pair.bob.user.0)]);
        assert_eq!(bob.len(), 1);
        assert_eq!(pair.ann.call(all).await.pts_count, 0);
    })
    .await;
}

#[tokio::test]
async fn a_pinned_note_is_nobody_elses_business() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let id = say(&pair.ann, &myself(), "note").await;
        let answer = updates_of(&pair.ann, pin(&myself(), id)).await;
        assert_eq!(lines(&answer), [format!("pin [{id}] with {}", pair.ann.user.0)]);
        assert_eq!(pair.heard().await[2], [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn typing_is_seen_by_the_other_side_alone() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        pair.settle().await;
        for (action, shown) in [
            (enums::SendMessageAction::SendMessageTypingAction, "SendMessageTypingAction"),
            (enums::SendMessageAction::SendMessageCancelAction, "SendMessageCancelAction"),
        ] {
            let request =
                functions::messages::SetTyping { peer: pair.to_bob.clone(), action, ..Default::default() };
            assert!(pair.ann.call(request).await);
            let [ann, tablet, bob] = pair.heard().await;
            assert_eq!((ann.len(), tablet.len()), (0, 0));
            assert_eq!(bob, [format!("{} types {shown}", pair.ann.user.0)]);
        }
        let alone = functions::messages::SetTyping { peer: myself(), ..Default::default() };
        assert!(pair.ann.call(alone).await);
        assert_eq!(pair.heard().await.concat(), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn export_helpers_answer_truthfully() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let ranges = pair.ann.call(functions::messages::GetSplitRanges {}).await;
        assert_eq!(ranges, [types::MessageRange { min_id: 1, max_id: i32::MAX }]);
        assert_eq!(pair.ann.call(functions::messages::ReceivedMessages { max_id: 5 }).await, []);
        let looked = functions::messages::ReadMessageContents { id: vec![1, 2, 9999] };
        assert_eq!(pair.ann.call(looked).await.pts_count, 0, "there is nothing that has to be played");
    })
    .await;
}
