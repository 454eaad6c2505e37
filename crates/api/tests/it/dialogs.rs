//! The list of dialogs: its pages, what is pinned, marked and begun in it.

use domain::Fault;
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};

use crate::kit::{self, Pair, lines, state, updates_of};

fn of(peer: &enums::InputPeer) -> enums::InputDialogPeer {
    types::InputDialogPeer { peer: peer.clone() }.into()
}

fn toggle(peer: &enums::InputPeer, pinned: bool) -> functions::messages::ToggleDialogPin {
    functions::messages::ToggleDialogPin { pinned, peer: of(peer) }
}

/// Ann writes to so many people; gives them as she addresses them, the last written to first.
async fn crowd(ann: &Device, people: usize) -> Vec<enums::InputPeer> {
    let mut peers = Vec::new();
    for number in 0..people {
        let other = ann.world.sign_up(&format!("+155501001{number:02}"), &format!("P{number}")).await;
        let peer = ann.input_peer(&other).await;
        kit::say(ann, &peer, "hi").await;
        if number % 3 == 0 {
            ann.world.clock.advance_millis(1000);
        }
        peers.insert(0, peer);
    }
    peers
}

fn id_of(peer: &enums::InputPeer) -> i64 {
    match peer {
        enums::InputPeer::User(user) => user.user_id,
        other => panic!("no user: {other:?}"),
    }
}

struct Page {
    dialogs: Vec<types::Dialog>,
    dates: Vec<i32>,
    /// `None` when it said that this was all.
    count: Option<i32>,
}

async fn page(device: &Device, request: functions::messages::GetDialogs) -> Page {
    let (dialogs, messages, users, count) = match device.call(request).await {
        enums::messages::Dialogs::Dialogs(answer) => (answer.dialogs, answer.messages, answer.users, None),
        enums::messages::Dialogs::Slice(answer) => {
            (answer.dialogs, answer.messages, answer.users, Some(answer.count))
        }
        other => panic!("not dialogs: {other:?}"),
    };
    let dialogs: Vec<types::Dialog> = dialogs.into_iter().map(kit::dialog).collect();
    let mut dates = Vec::new();
    for dialog in &dialogs {
        let top = messages.iter().find_map(|message| match message {
            enums::Message::Message(message) if message.id == dialog.top_message => Some(message.date),
            _ => None,
        });
        dates.push(top.expect("the newest message of each dialog is there"));
        let there = users.iter().any(|user| match user {
            enums::User::User(user) => kit::peer(&dialog.peer) == user.id.to_string(),
            enums::User::Empty(_) => false,
        });
        assert!(there, "each peer is described");
    }
    Page { dialogs, dates, count }
}

#[tokio::test]
async fn every_library_gets_through_the_list() {
    World::each(|world| async move {
        let ann = world.sign_up(kit::ANN, "Ann").await;
        let peers = crowd(&ann, 11).await;
        let mut expected: Vec<i64> = peers.iter().map(id_of).collect();
        for pinned in [9, 4] {
            assert!(ann.call(toggle(&peers[pinned], true)).await);
        }
        expected.retain(|id| *id != id_of(&peers[9]) && *id != id_of(&peers[4]));
        expected.splice(0..0, [id_of(&peers[4]), id_of(&peers[9])]);

        // Telethon and grammers leave the pinned ones out of later pages, Kurigram and Pyrogram do not.
        for excludes in [true, false] {
            for limit in [1, 3, 4, 100] {
                let mut seen = Vec::new();
                let mut request = functions::messages::GetDialogs { limit, ..Default::default() };
                for _ in 0..20 {
                    let page = page(&ann, request.clone()).await;
                    let Some(last) = page.dialogs.last() else { break };
                    request.offset_id = last.top_message;
                    request.offset_date = *page.dates.last().unwrap();
                    request.offset_peer = peers[0].clone();
                    request.exclude_pinned = excludes;
                    seen.extend(page.dialogs.iter().map(|dialog| kit::peer(&dialog.peer)));
                    if page.count.is_none() {
                        break;
                    }
                    assert_eq!(page.count, Some(11));
                }
                let expected: Vec<String> = expected.iter().map(i64::to_string).collect();
                assert_eq!(seen, expected, "excludes: {excludes}, limit: {limit}");
            }
        }
        let none = page(&ann, functions::messages::GetDialogs::default()).await;
        assert_eq!((none.dialogs.len(), none.count), (0, Some(11)), "only the count");
        let negative = functions::messages::GetDialogs { limit: -1, ..Default::default() };
        assert_eq!(ann.try_call(negative).await, Err(Fault::limit_invalid()));
    })
    .await;
}

#[tokio::test]
async fn pins_have_an_order_and_a_limit() {
    World::each(|world| async move {
        let ann = world.sign_up(kit::ANN, "Ann").await;
        let tablet = world.sign_in(kit::ANN).await;
        let peers = crowd(&ann, 7).await;
        let stranger = world.sign_up(kit::CEM, "Cem").await;
        let stranger = ann.input_peer(&stranger).await;
        state(&tablet).await;
        tablet.pushed().await;
        for (index, peer) in peers.iter().take(5).enumerate() {
            assert!(ann.call(toggle(peer, true)).await);
            assert!(ann.call(toggle(peer, true)).await, "again, without effect");
            let expected = vec![format!("dialog {} pinned true", id_of(peer))];
            assert_eq!(lines(&tablet.pushed().await), expected, "{index}");
        }
        let too_many = Err(Fault::pinned_dialogs_too_much());
        assert_eq!(ann.try_call(toggle(&peers[5], true)).await, too_many);
        assert_eq!(ann.try_call(toggle(&stranger, true)).await, Err(Fault::peer_history_empty()));

        let order = async || -> Vec<String> {
            let answer = ann.call(functions::messages::GetPinnedDialogs { folder_id: 0 }).await;
            assert_eq!(answer.messages.len(), answer.dialogs.len());
            answer.dialogs.into_iter().map(|dialog| kit::peer(&kit::dialog(dialog).peer)).collect()
        };
        let ids = |places: &[usize]| -> Vec<String> {
            places.iter().map(|place| id_of(&peers[*place]).to_string()).collect()
        };
        assert_eq!(order().await, ids(&[4, 3, 2, 1, 0]));
        for (places, force, after) in [
            (&[0, 2][..], false, &[0, 2, 4, 3, 1][..]),
            (&[0, 2, 2, 5], true, &[0, 2, 5]),
            (&[0, 2, 5], true, &[0, 2, 5]),
            (&[], true, &[]),
        ] {
            let request = functions::messages::ReorderPinnedDialogs {
                force,
                folder_id: 0,
                order: places.iter().map(|place| of(&peers[*place])).collect(),
            };
            let before = order().await;
            assert!(ann.call(request).await);
            assert_eq!(order().await, ids(after), "{places:?}");
            let told = lines(&tablet.pushed().await);
            let expected = (before != ids(after)).then(|| format!("dialogs pinned {:?}", ids(after)));
            assert_eq!(told, expected.into_iter().collect::<Vec<_>>());
        }
        // A long list is refused before anybody in it is looked up.
        let nobody = types::InputDialogPeer { peer: enums::InputPeer::Empty };
        let flood = functions::messages::ReorderPinnedDialogs {
            order: vec![nobody.into(); 10_000],
            ..Default::default()
        };
        assert_eq!(ann.try_call(flood).await, too_many);
        let archive = functions::messages::ReorderPinnedDialogs { folder_id: 1, ..Default::default() };
        assert_eq!(ann.try_call(archive).await, Err(Fault::folder_id_invalid()));
        let archive = ann.call(functions::messages::GetPinnedDialogs { folder_id: 1 }).await;
        assert!(archive.dialogs.is_empty() && archive.state.pts > 0);
    })
    .await;
}

#[tokio::test]
async fn a_dialog_is_marked_unread_until_it_is_read() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        pair.ann_says("hi").await;
        pair.settle().await;
        let mark = |unread| functions::messages::MarkDialogUnread {
            unread,
            peer: of(&pair.to_bob),
            ..Default::default()
        };
        let bob = pair.bob.user.0;
        let read = functions::messages::ReadHistory { peer: pair.to_bob.clone(), max_id: 0 };
        for (unread, told) in [(true, true), (true, false), (false, true), (false, false), (true, true)] {
            assert!(pair.ann.call(mark(unread)).await);
            let expected = told.then(|| format!("dialog {bob} marked {unread}"));
            assert_eq!(pair.heard().await[1], expected.into_iter().collect::<Vec<_>>());
            assert_eq!(kit::dialog_with(&pair.tablet, &pair.to_bob).await.unread_mark, unread);
        }
        let marks = pair.ann.call(functions::messages::GetDialogUnreadMarks::default()).await;
        assert_eq!(marks.len(), 1);
        assert_eq!(pair.ann.call(read).await.pts_count, 0);
        assert_eq!(pair.heard().await[1], [format!("dialog {bob} marked false")]);
        assert_eq!(pair.ann.call(functions::messages::GetDialogUnreadMarks::default()).await, []);
    })
    .await;
}

#[tokio::test]
async fn drafts_follow_to_other_devices() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let id = pair.ann_says("question").await;
        pair.settle().await;
        let before = state(&pair.tablet).await;
        let bob = pair.bob.user.0;
        let draft = |message: &str, reply_to: Option<i32>| functions::messages::SaveDraft {
            peer: pair.to_bob.clone(),
            message: message.to_owned(),
            reply_to: reply_to.map(|reply_to_msg_id| {
                types::InputReplyToMessage { reply_to_msg_id, ..Default::default() }.into()
            }),
            ..Default::default()
        };
        for (message, reply_to, told) in [
            ("beg", None, Some("draft {} \"beg\"")),
            ("beg", None, None),
            ("begun", Some(id), Some("draft {} \"begun\"")),
            ("", Some(id), Some("draft {} \"\"")),
            ("", Some(9999), Some("no draft {}")),
            ("", None, None),
            ("last", None, Some("draft {} \"last\"")),
        ] {
            assert!(pair.ann.call(draft(message, reply_to)).await);
            let [ann, tablet, other] = pair.heard().await;
            let told = told.map(|told| told.replace("{}", &bob.to_string()));
            assert_eq!(tablet, told.into_iter().collect::<Vec<_>>(), "{message} {reply_to:?}");
            assert_eq!((ann.len(), other.len()), (0, 0), "a draft is nobody else's business");
        }
        let all = kit::whole(pair.tablet.call(functions::messages::GetAllDrafts {}).await);
        assert_eq!((lines(&all.updates), all.users.len()), (vec![format!("draft {bob} \"last\"")], 2));
        assert_eq!(kit::missed(&pair.tablet, &before).await.last(), lines(&all.updates).last());
        let shown = kit::dialog_with(&pair.tablet, &pair.to_bob).await.draft;
        assert!(matches!(shown, Some(enums::DraftMessage::DraftMessage(draft)) if draft.message == "last"));

        let request = functions::messages::SendMessage {
            peer: pair.to_bob.clone(),
            message: "last".to_owned(),
            random_id: kit::random_id(),
            clear_draft: true,
            ..Default::default()
        };
        let answer = updates_of(&pair.ann, request).await;
        assert_eq!(lines(&answer)[2], format!("no draft {bob}"));
        pair.ann.call(draft("once more", None)).await;
        pair.settle().await;
        assert!(pair.ann.call(functions::messages::ClearAllDrafts {}).await);
        assert_eq!(pair.heard().await[1], [format!("no draft {bob}")]);
        assert_eq!(updates_of(&pair.ann, functions::messages::GetAllDrafts {}).await, []);
    })
    .await;
}

#[tokio::test]
async fn an_old_layers_draft_keeps_its_reply() {
    let pair = Pair::meet(&World::sqlite().await).await;
    let id = pair.ann_says("question").await;
    let old = pair.ann.at_layer(158);
    let request = functions::messages::SaveDraft {
        peer: pair.to_bob.clone(),
        message: "answer".to_owned(),
        reply_to_msg_id: Some(id),
        ..Default::default()
    };
    assert!(old.call(request).await);
    for device in [&old, &pair.tablet] {
        let answer = updates_of(device, functions::messages::GetAllDrafts {}).await;
        let [enums::Update::DraftMessage(update)] = &answer[..] else { panic!("{answer:?}") };
        let enums::DraftMessage::DraftMessage(draft) = &update.draft else { panic!() };
        let newer = draft.reply_to.as_ref().and_then(|reply| match reply {
            enums::InputReplyTo::Message(reply) => Some(reply.reply_to_msg_id),
            _ => None,
        });
        assert_eq!(draft.reply_to_msg_id.or(newer), Some(id));
    }
}

#[tokio::test]
async fn the_bar_above_a_strangers_chat_is_put_away_for_good() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let cem = world.sign_up(kit::CEM, "Cem").await;
        let to_ann = cem.input_peer(&pair.ann).await;
        kit::say(&cem, &to_ann, "you do not know me").await;
        let pushed = pair.ann.pushed_whole().await;
        let to_cem: enums::InputPeer = pushed
            .iter()
            .flat_map(|updates| &updates.users)
            .find_map(|user| match user {
                enums::User::User(user) if user.id == cem.user.0 => {
                    Some(types::InputPeerUser { user_id: user.id, access_hash: user.access_hash? }.into())
                }
                _ => None,
            })
            .expect("whoever writes is described");
        pair.settle().await;
        let ask = functions::messages::GetPeerSettings { peer: to_cem.clone() };
        let answer = pair.ann.call(ask.clone()).await;
        assert!(answer.settings.add_contact && !answer.settings.report_spam);
        assert_eq!(answer.users.len(), 2);
        let hide = functions::messages::HidePeerSettingsBar { peer: to_cem };
        assert!(pair.ann.call(hide.clone()).await);
        assert_eq!(pair.heard().await[1], [format!("settings of {}", cem.user.0)]);
        assert!(!pair.ann.call(ask).await.settings.add_contact);
        assert!(pair.ann.call(hide).await);
        assert_eq!(pair.heard().await[1], [""; 0]);
        let own = functions::messages::GetPeerSettings { peer: enums::InputPeer::PeerSelf };
        assert_eq!(pair.ann.call(own).await.settings, types::PeerSettings::default());
    })
    .await;
}
