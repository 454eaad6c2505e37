//! Auto-delete timers.

use domain::Fault;
use service::jobs;
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};

use crate::mirror::{Mirror, history, id, send, whole, words};

const HOUR: i32 = 3600;

async fn set(device: &Device, peer: &enums::InputPeer, period: i32) -> Result<types::Updates, Fault> {
    let request = functions::messages::SetHistoryTtl { peer: peer.clone(), period };
    device.try_call(request).await.map(whole)
}

async fn run_job(world: &std::sync::Arc<World>) {
    jobs::auto_delete::run(world.service.clone()).await.expect("the job runs");
}

/// The timer that each message of a list carries.
fn timers(messages: &[enums::Message]) -> Vec<Option<i32>> {
    messages
        .iter()
        .map(|message| match message {
            enums::Message::Message(message) => message.ttl_period,
            enums::Message::Service(message) => message.ttl_period,
            enums::Message::Empty(_) => None,
        })
        .collect()
}

#[tokio::test]
async fn a_timer_is_told_to_both_sides_and_deletes_on_both() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let ann_tablet = world.sign_in("+15550100001").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let (to_bob, to_ann) = (ann.input_peer(&bob).await, bob.input_peer(&ann).await);
        send(&ann, &to_bob, "stays").await;
        let mut mirrors = [Mirror::of(&ann).await, Mirror::of(&ann_tablet).await, Mirror::of(&bob).await];
        let since = mirrors.clone();

        let answer = set(&ann, &to_bob, HOUR).await.unwrap();
        assert!(answer.updates.iter().any(|update| matches!(update,
            enums::Update::PeerHistoryTtl(update) if update.ttl_period == Some(HOUR))));
        mirrors[0].take(answer);
        send(&bob, &to_ann, "goes").await;
        send(&bob, &to_ann, "goes too").await;
        for (mirror, device) in mirrors.iter_mut().zip([&ann, &ann_tablet, &bob]) {
            mirror.hear(device).await;
        }
        // Bob's own messages were in his answers, not in his pushes.
        mirrors[2].catch_up(&bob).await;
        assert_eq!(mirrors[0].known, mirrors[1].known, "both of Ann's devices");
        assert_eq!(mirrors[2].known.timers.values().collect::<Vec<_>>(), [&Some(HOUR)]);
        let told = history(&bob, &to_ann).await;
        assert_eq!(timers(&told), [Some(HOUR), Some(HOUR), None, None]);
        assert_eq!(notice(&told[2]), (HOUR, None));

        world.clock.advance_millis(i64::from(HOUR) * 1000 - 1);
        run_job(&world).await;
        assert_eq!(history(&ann, &to_bob).await.len(), 4, "not yet");
        world.clock.advance_millis(1);
        run_job(&world).await;
        for (device, peer) in [(&ann, &to_bob), (&bob, &to_ann)] {
            let left = history(device, peer).await;
            assert_eq!(left.len(), 2);
            assert_eq!(words(&left[1]), "stays");
        }
        let dialogs = ann.call(functions::messages::GetDialogs { limit: 10, ..Default::default() }).await;
        let enums::messages::Dialogs::Dialogs(dialogs) = dialogs else { panic!("few dialogs") };
        let dialog = dialogs
            .dialogs
            .iter()
            .find_map(|dialog| match dialog {
                enums::Dialog::Dialog(dialog) if dialog.peer == peer_of(&bob) => Some(dialog),
                _ => None,
            })
            .expect("the dialog is still there");
        assert_eq!(dialog.top_message, id(&history(&ann, &to_bob).await[0]));
        assert_eq!((dialog.unread_count, dialog.ttl_period), (0, Some(HOUR)));

        for ((mirror, since), device) in mirrors.iter_mut().zip(since).zip([&ann, &ann_tablet, &bob]) {
            mirror.hear(device).await;
            let mut late = since;
            late.catch_up(device).await;
            assert_eq!((mirror.pts, &mirror.known.timers), (late.pts, &late.known.timers));
            assert_eq!(mirror.known.messages, late.known.messages, "pushed and fetched");
        }
    })
    .await;
}

/// What a notice of a timer says: the timer, and whose default it is.
fn notice(message: &enums::Message) -> (i32, Option<i64>) {
    match message {
        enums::Message::Service(message) => match &message.action {
            enums::MessageAction::SetMessagesTtl(action) => (action.period, action.auto_setting_from),
            other => panic!("another action: {other:?}"),
        },
        other => panic!("not a notice: {other:?}"),
    }
}

fn peer_of(device: &Device) -> enums::Peer {
    types::PeerUser { user_id: device.user.0 }.into()
}

#[tokio::test]
async fn a_timer_that_is_turned_off_leaves_later_messages_alone() {
    let world = World::sqlite().await;
    let ann = world.sign_up("+15550100001", "Ann").await;
    let bob = world.sign_up("+15550100002", "Bob").await;
    let to_bob = ann.input_peer(&bob).await;
    set(&ann, &to_bob, 5).await.unwrap();
    send(&ann, &to_bob, "goes").await;
    set(&ann, &to_bob, 0).await.unwrap();
    send(&ann, &to_bob, "stays").await;
    world.clock.advance_millis(10_000);
    run_job(&world).await;
    run_job(&world).await;
    let left: Vec<String> = history(&ann, &to_bob).await.iter().map(words).collect();
    assert_eq!(left.len(), 3);
    assert_eq!(left[0], "stays");
}

#[tokio::test]
async fn what_cannot_be_a_timer_is_refused() {
    let world = World::sqlite().await;
    let ann = world.sign_up("+15550100001", "Ann").await;
    let bob = world.sign_up("+15550100002", "Bob").await;
    let to_bob = ann.input_peer(&bob).await;
    for period in [-1, i32::MIN, i32::MAX, domain::limits::TTL_PERIOD_SECS_MAX + 1] {
        assert_eq!(set(&ann, &to_bob, period).await, Err(Fault::ttl_period_invalid()), "{period}");
        let request = functions::messages::SetDefaultHistoryTtl { period };
        assert_eq!(ann.try_call(request).await, Err(Fault::ttl_period_invalid()), "{period}");
    }
    assert_eq!(set(&ann, &to_bob, 0).await, Err(Fault::chat_not_modified()));
    set(&ann, &to_bob, HOUR).await.unwrap();
    assert_eq!(set(&bob, &bob.input_peer(&ann).await, HOUR).await, Err(Fault::chat_not_modified()));
    let stranger = types::InputPeerUser { user_id: bob.user.0, access_hash: 1 }.into();
    assert_eq!(set(&ann, &stranger, HOUR).await, Err(Fault::peer_id_invalid()));
}

#[tokio::test]
async fn new_dialogs_begin_with_the_default() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let cleo = world.sign_up("+15550100003", "Cleo").await;
        let (to_bob, to_cleo) = (ann.input_peer(&bob).await, ann.input_peer(&cleo).await);
        send(&ann, &to_bob, "an old dialog").await;

        assert!(ann.call(functions::messages::SetDefaultHistoryTtl { period: HOUR }).await);
        let default = ann.call(functions::messages::GetDefaultHistoryTtl {}).await;
        assert_eq!(default.period, HOUR);

        send(&ann, &to_bob, "is as it was").await;
        assert_eq!(timers(&history(&ann, &to_bob).await), [None, None]);

        send(&ann, &to_cleo, "a new one").await;
        for (device, peer) in [(&ann, &to_cleo), (&cleo, &cleo.input_peer(&ann).await)] {
            let messages = history(device, peer).await;
            assert_eq!(timers(&messages), [Some(HOUR), None]);
            assert_eq!(notice(&messages[1]), (HOUR, Some(ann.user.0)));
        }

        // One that somebody else began gets the default with the first answer.
        let dora = world.sign_up("+15550100004", "Dora").await;
        send(&dora, &dora.input_peer(&ann).await, "hello").await;
        let to_dora = ann.input_peer(&dora).await;
        assert_eq!(timers(&history(&ann, &to_dora).await), [None]);
        send(&ann, &to_dora, "hello back").await;
        assert_eq!(timers(&history(&ann, &to_dora).await), [Some(HOUR), None, None]);

        assert!(ann.call(functions::messages::SetDefaultHistoryTtl { period: 0 }).await);
        assert_eq!(ann.call(functions::messages::GetDefaultHistoryTtl {}).await.period, 0);
    })
    .await;
}
