//! Who is told of somebody's presence and profile.

use testkit::world::{Device, World};
use tl_api::{enums, functions, types};
use updates::people;

use crate::kit::{ANN, BOB, lines, say, state};

/// What `other` hears when `device` comes online and changes its profile.
async fn heard_of(device: &Device, other: &Device) -> Vec<String> {
    state(other).await;
    other.pushed().await;
    device.call(functions::account::UpdateStatus { offline: true }).await;
    device.call(functions::account::UpdateStatus { offline: false }).await;
    let about = Some(format!("at {}", device.world.service.now().0));
    device.call(functions::account::UpdateProfile { about, ..Default::default() }).await;
    lines(&other.pushed().await)
}

/// How a device addresses somebody whom its owner has not saved.
async fn stranger(device: &Device, other: &Device) -> enums::InputPeer {
    let (viewer, user) = (device.user, other.user);
    let hash =
        move |tx: &mut store::Tx<'_>| Ok::<_, store::StoreError>(people::access_hash(tx, viewer, user));
    let access_hash = device.world.service.store.read(hash).await.unwrap();
    types::InputPeerUser { user_id: user.0, access_hash }.into()
}

#[tokio::test]
async fn strangers_are_told_nothing() {
    World::each(|world| async move {
        let (ann, bob) = (world.sign_up(ANN, "Ann").await, world.sign_up(BOB, "Bob").await);
        let (to_bob, to_ann) = (stranger(&ann, &bob).await, stranger(&bob, &ann).await);
        let draft = functions::messages::SaveDraft {
            peer: to_bob.clone(),
            message: "hm".into(),
            ..Default::default()
        };
        ann.call(draft).await;
        ann.call(functions::messages::HidePeerSettingsBar { peer: to_bob.clone() }).await;
        assert_eq!(heard_of(&ann, &bob).await, [""; 0], "nobody has written yet");

        say(&ann, &to_bob, "hello").await;
        world.clock.advance_millis(1000);
        assert!(!heard_of(&ann, &bob).await.is_empty(), "now they have a dialog");

        // Bob wants nothing to do with it.
        let delete =
            functions::messages::DeleteHistory { peer: to_ann, max_id: i32::MAX, ..Default::default() };
        bob.call(delete).await;
        world.clock.advance_millis(1000);
        assert_eq!(heard_of(&ann, &bob).await, [""; 0], "the dialog is gone on Bob's side");
    })
    .await;
}
