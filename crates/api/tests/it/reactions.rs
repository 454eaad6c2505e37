//! Reactions.

use domain::Fault;
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};

use crate::mirror::{Mirror, history, id, listed, send, whole};

fn emoji(emoticon: &str) -> enums::Reaction {
    types::ReactionEmoji { emoticon: emoticon.to_owned() }.into()
}

fn request(peer: &enums::InputPeer, msg_id: i32, reactions: &[&str]) -> functions::messages::SendReaction {
    functions::messages::SendReaction {
        peer: peer.clone(),
        msg_id,
        reaction: Some(reactions.iter().map(|reaction| emoji(reaction)).collect()),
        ..Default::default()
    }
}

async fn react(
    device: &Device,
    peer: &enums::InputPeer,
    msg_id: i32,
    reactions: &[&str],
) -> Result<types::Updates, Fault> {
    device.try_call(request(peer, msg_id, reactions)).await.map(whole)
}

/// Emoji, how many gave it, the caller's own place for it.
type Counts = Vec<(String, i32, Option<i32>)>;

fn counts(reactions: &types::MessageReactions) -> Counts {
    let name = |reaction: &enums::Reaction| match reaction {
        enums::Reaction::Emoji(emoji) => emoji.emoticon.clone(),
        other => panic!("no emoji: {other:?}"),
    };
    reactions.results.iter().map(|one| (name(&one.reaction), one.count, one.chosen_order)).collect()
}

fn told(updates: &[enums::Update]) -> Vec<(i32, Counts)> {
    updates
        .iter()
        .filter_map(|update| match update {
            enums::Update::MessageReactions(update) => Some((update.msg_id, counts(&update.reactions))),
            _ => None,
        })
        .collect()
}

async fn unread(device: &Device, peer: &enums::InputPeer) -> (Vec<i32>, i32) {
    let request =
        functions::messages::GetUnreadReactions { peer: peer.clone(), limit: 10, ..Default::default() };
    let (messages, _) = listed(device.call(request).await);
    let dialogs = device.call(functions::messages::GetDialogs { limit: 10, ..Default::default() }).await;
    let enums::messages::Dialogs::Dialogs(dialogs) = dialogs else { panic!("few dialogs") };
    let counted = dialogs.dialogs.iter().map(|dialog| match dialog {
        enums::Dialog::Dialog(dialog) => dialog.unread_reactions_count,
        _ => 0,
    });
    (messages.iter().map(id).collect(), counted.sum())
}

#[tokio::test]
async fn reactions_are_seen_by_both_sides() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let ann_tablet = world.sign_in("+15550100001").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let (to_bob, to_ann) = (ann.input_peer(&bob).await, bob.input_peer(&ann).await);
        let mut mirrors = [Mirror::of(&ann).await, Mirror::of(&ann_tablet).await, Mirror::of(&bob).await];
        let since = mirrors.clone();
        let (in_ann, before) = (send(&ann, &to_bob, "hello").await, bob.pushed_whole().await);
        for updates in before {
            mirrors[2].take(updates);
        }
        let in_bob = *mirrors[2].known.messages.keys().next().expect("it came");

        let answer = react(&bob, &to_ann, in_bob, &["❤\u{fe0f}"]).await.unwrap();
        assert_eq!(told(&answer.updates), [(in_bob, vec![("❤".to_owned(), 1, Some(1))])]);
        assert_eq!(answer.users.len(), 2, "both sides are described");
        mirrors[2].take(answer);
        let pushed = ann.pushed().await;
        assert_eq!(told(&pushed), [(in_ann, vec![("❤".to_owned(), 1, None)])]);

        // Both of them the same one, then Bob another one.
        let answer = react(&ann, &to_bob, in_ann, &["❤"]).await.unwrap();
        assert_eq!(told(&answer.updates), [(in_ann, vec![("❤".to_owned(), 2, Some(1))])]);
        let answer = react(&bob, &to_ann, in_bob, &["👍"]).await.unwrap();
        assert_eq!(counts_of(&answer, "👍"), Some((1, Some(1))));
        assert_eq!(counts_of(&answer, "❤"), Some((1, None)));

        let request =
            functions::messages::GetMessagesReactions { peer: to_bob.clone(), id: vec![in_ann, 99] };
        let only = whole(ann.call(request).await);
        assert_eq!((only.updates.len(), told(&only.updates).len()), (1, 1));

        let list = functions::messages::GetMessageReactionsList {
            peer: to_bob.clone(),
            id: in_ann,
            limit: 1,
            ..Default::default()
        };
        let first = ann.call(list.clone()).await;
        assert_eq!((first.count, first.reactions.len(), first.next_offset.as_deref()), (2, 1, Some("1")));
        let second = ann
            .call(functions::messages::GetMessageReactionsList { offset: first.next_offset, ..list.clone() })
            .await;
        assert_eq!((second.reactions.len(), second.next_offset), (1, None));
        assert_ne!(first.reactions, second.reactions);
        let hearts =
            functions::messages::GetMessageReactionsList { reaction: Some(emoji("❤")), limit: 9, ..list };
        let hearts = ann.call(hearts).await;
        assert_eq!((hearts.count, hearts.reactions[0].my), (1, true));

        // Taken back by both.
        let taken = react(&bob, &to_ann, in_bob, &[]).await.unwrap();
        assert_eq!(told(&taken.updates), [(in_bob, vec![("❤".to_owned(), 1, None)])]);
        react(&ann, &to_bob, in_ann, &[]).await.unwrap();
        let [enums::Message::Message(message)] = &history(&bob, &to_ann).await[..] else { panic!("one") };
        assert_eq!(message.reactions, None);

        react(&bob, &to_ann, in_bob, &["🔥"]).await.unwrap();
        for ((mirror, since), device) in mirrors.iter_mut().zip(since).zip([&ann, &ann_tablet, &bob]) {
            mirror.hear(device).await;
            let mut late = since;
            late.catch_up(device).await;
            mirror.catch_up(device).await;
            assert_eq!(mirror.known, late.known, "pushed and fetched");
        }
    })
    .await;
}

fn counts_of(updates: &types::Updates, emoji: &str) -> Option<(i32, Option<i32>)> {
    let (_, counts) = told(&updates.updates).into_iter().next()?;
    counts.into_iter().find(|(other, ..)| other == emoji).map(|(_, count, chosen)| (count, chosen))
}

#[tokio::test]
async fn authors_see_what_is_new_until_they_looked() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let (to_bob, to_ann) = (ann.input_peer(&bob).await, bob.input_peer(&ann).await);
        let first = send(&ann, &to_bob, "one").await;
        let second = send(&ann, &to_bob, "two").await;
        let theirs: Vec<i32> = history(&bob, &to_ann).await.iter().map(id).collect();
        for id in &theirs {
            react(&bob, &to_ann, *id, &["👏"]).await.unwrap();
        }
        assert_eq!(unread(&ann, &to_bob).await, (vec![second, first], 2));
        assert_eq!(unread(&bob, &to_ann).await, (vec![], 0));

        react(&bob, &to_ann, theirs[0], &[]).await.unwrap();
        assert_eq!(unread(&ann, &to_bob).await, (vec![first], 1));

        let before = ann.call(functions::updates::GetState {}).await.pts;
        let read = functions::messages::ReadReactions { peer: to_bob.clone(), ..Default::default() };
        let affected = ann.call(read.clone()).await;
        assert_eq!((affected.pts, affected.pts_count, affected.offset), (before + 1, 1, 0));
        assert_eq!(unread(&ann, &to_bob).await, (vec![], 0));
        let again = ann.call(read).await;
        assert_eq!((again.pts, again.pts_count), (before + 1, 0));
        let enums::Message::Message(message) = &history(&ann, &to_bob).await[1] else { panic!("a message") };
        let recent = message.reactions.as_ref().and_then(|all| all.recent_reactions.clone()).unwrap();
        assert!(!recent[0].unread);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_given_is_refused() {
    let world = World::sqlite().await;
    let ann = world.sign_up("+15550100001", "Ann").await;
    let bob = world.sign_up("+15550100002", "Bob").await;
    let cleo = world.sign_up("+15550100003", "Cleo").await;
    let (to_bob, to_cleo) = (ann.input_peer(&bob).await, ann.input_peer(&cleo).await);
    let message = send(&ann, &to_bob, "hello").await;
    for unknown in ["", "x", "👍👍", "🏳"] {
        let answer = react(&ann, &to_bob, message, &[unknown]).await;
        assert_eq!(answer, Err(Fault::reaction_invalid()), "{unknown}");
    }
    let custom = functions::messages::SendReaction {
        reaction: Some(vec![types::ReactionCustomEmoji { document_id: 5 }.into()]),
        ..request(&to_bob, message, &[])
    };
    assert_eq!(ann.try_call(custom).await, Err(Fault::reaction_invalid()));
    assert_eq!(react(&ann, &to_bob, message, &["👍", "👎"]).await, Err(Fault::reactions_too_many()));
    assert_eq!(react(&ann, &to_bob, message, &[]).await, Err(Fault::message_not_modified()));
    react(&ann, &to_bob, message, &["👍"]).await.unwrap();
    assert_eq!(react(&ann, &to_bob, message, &["👍"]).await, Err(Fault::message_not_modified()));
    let big = functions::messages::SendReaction { big: true, ..request(&to_bob, message, &["👍"]) };
    assert!(ann.try_call(big).await.is_ok(), "the same one, bigger");
    assert_eq!(react(&ann, &to_bob, 999, &["👍"]).await, Err(Fault::message_id_invalid()));
    assert_eq!(
        react(&ann, &to_cleo, message, &["👍"]).await,
        Err(Fault::message_id_invalid()),
        "another dialog"
    );
    let stranger = types::InputPeerUser { user_id: bob.user.0, access_hash: 1 }.into();
    assert_eq!(react(&ann, &stranger, message, &["👍"]).await, Err(Fault::peer_id_invalid()));
}

#[tokio::test]
async fn emoji_last_used_come_first() {
    let world = World::sqlite().await;
    let ann = world.sign_up("+15550100001", "Ann").await;
    let tablet = world.sign_in("+15550100001").await;
    let to_self = enums::InputPeer::PeerSelf;
    let message = send(&ann, &to_self, "a note").await;
    tablet.call(functions::updates::GetState {}).await;
    tablet.pushed().await;
    for emoji in ["🔥", "👍", "🔥", "🎉"] {
        let request =
            functions::messages::SendReaction { add_to_recent: true, ..request(&to_self, message, &[emoji]) };
        ann.call(request).await;
    }
    assert!(tablet.pushed().await.contains(&enums::Update::RecentReactions));
    let recent = functions::messages::GetRecentReactions { limit: 10, hash: 0 };
    let enums::messages::Reactions::Reactions(list) = tablet.call(recent).await else { panic!("a list") };
    assert_eq!(list.reactions, [emoji("🎉"), emoji("🔥"), emoji("👍")]);
    let again = functions::messages::GetRecentReactions { limit: 10, hash: list.hash };
    assert_eq!(tablet.call(again).await, enums::messages::Reactions::NotModified);
    let top = functions::messages::GetTopReactions { limit: 4, hash: 0 };
    let enums::messages::Reactions::Reactions(top) = tablet.call(top).await else { panic!("a list") };
    assert_eq!(top.reactions, [emoji("🎉"), emoji("🔥"), emoji("👍"), emoji("👎")]);
    assert!(ann.call(functions::messages::ClearRecentReactions {}).await);
    let recent = functions::messages::GetRecentReactions { limit: 10, hash: 0 };
    let enums::messages::Reactions::Reactions(list) = ann.call(recent).await else { panic!("a list") };
    assert!(list.reactions.is_empty());
}

/// Clients take what they hear last of reactions for what is: word of an earlier change that comes late says what
/// there is by then.
#[tokio::test]
async fn late_word_of_a_reaction_is_of_the_last_one() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let to_bob = ann.input_peer(&bob).await;
        let sent = send(&ann, &to_bob, "hello").await;
        let state = ann.call(functions::updates::GetState {}).await;
        for one in ["❤", "👍", "🔥"] {
            react(&ann, &to_bob, sent, &[one]).await.unwrap();
        }
        let since =
            functions::updates::GetDifference { pts: state.pts, date: state.date, ..Default::default() };
        let enums::updates::Difference::Difference(missed) = ann.call(since).await else {
            panic!("little happened")
        };
        let told = told(&missed.other_updates);
        assert!(!told.is_empty());
        for (message, counts) in told {
            assert_eq!((message, counts), (sent, vec![("🔥".to_owned(), 1, Some(1))]));
        }
    })
    .await;
}
