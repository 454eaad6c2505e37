//! Who sees and does what, as the owner has set it.

use domain::Fault;
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};
use updates::{StoreError, people};

const ANN: &str = "+15550100001";
const BOB: &str = "+15550100002";

fn set(key: enums::InputPrivacyKey, rules: Vec<enums::InputPrivacyRule>) -> functions::account::SetPrivacy {
    functions::account::SetPrivacy { key, rules }
}

async fn seen(viewer: &Device, user: &types::InputUser) -> types::User {
    let request = functions::users::GetUsers { id: vec![user.clone().into()] };
    match viewer.call(request).await.remove(0) {
        enums::User::User(user) => *user,
        other => panic!("nobody: {other:?}"),
    }
}

#[tokio::test]
async fn every_key_has_rules_that_can_be_changed() {
    use enums::InputPrivacyKey as Key;
    let world = World::sqlite().await;
    let ann = world.sign_up(ANN, "Ann").await;
    let keys = [
        Key::About,
        Key::AddedByPhone,
        Key::Birthday,
        Key::ChatInvite,
        Key::Forwards,
        Key::NoPaidMessages,
        Key::PhoneCall,
        Key::PhoneNumber,
        Key::PhoneP2P,
        Key::ProfilePhoto,
        Key::SavedMusic,
        Key::StarGiftsAutoSave,
        Key::StatusTimestamp,
        Key::VoiceMessages,
    ];
    for key in keys {
        let get = functions::account::GetPrivacy { key: key.clone() };
        assert_eq!(ann.call(get.clone()).await.rules.len(), 1, "{key:?}");
        let rules = vec![enums::InputPrivacyRule::InputPrivacyValueDisallowAll];
        let changed = ann.call(set(key.clone(), rules)).await;
        assert_eq!(changed.rules, [enums::PrivacyRule::PrivacyValueDisallowAll], "{key:?}");
        assert_eq!(ann.call(get).await, changed, "{key:?}");
    }
}

#[tokio::test]
async fn other_devices_learn_the_new_rules() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let tablet = world.sign_in(ANN).await;
        let bob = world.sign_up(BOB, "Bob").await;
        let bob_user = ann.input_user(&bob).await;
        tablet.call(functions::updates::GetState {}).await;
        tablet.pushed().await;
        let allow = types::InputPrivacyValueAllowUsers { users: vec![bob_user.into()] };
        let rules = vec![allow.into(), enums::InputPrivacyRule::InputPrivacyValueDisallowAll];
        let answer = ann.call(set(enums::InputPrivacyKey::PhoneNumber, rules)).await;
        assert_eq!(answer.users.len(), 2, "whom the rules name is described");
        let told = tablet.pushed_whole().await;
        assert_eq!(told.len(), 1);
        let enums::Update::Privacy(update) = &told[0].updates[0] else { panic!("{told:?}") };
        assert_eq!((&update.key, &update.rules), (&enums::PrivacyKey::PhoneNumber, &answer.rules));
        assert_eq!(told[0].users.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn bad_rules_are_refused() {
    let world = World::sqlite().await;
    let ann = world.sign_up(ANN, "Ann").await;
    let all = enums::InputPrivacyRule::InputPrivacyValueAllowAll;
    let stranger = types::InputUser { user_id: 12345, access_hash: 1 };
    let nobody = types::InputPrivacyValueAllowUsers { users: Vec::new() };
    let unknown = types::InputPrivacyValueAllowUsers { users: vec![stranger.into()] };
    for rules in [vec![all.clone(), all], vec![nobody.into()], vec![unknown.into()]] {
        let refused = ann.try_call(set(enums::InputPrivacyKey::About, rules.clone())).await.map(drop);
        assert_eq!(refused, Err(Fault::privacy_value_invalid()), "{rules:?}");
    }
    let many = types::InputPrivacyValueAllowChatParticipants { chats: (1..=1001).collect() };
    let refused = ann.try_call(set(enums::InputPrivacyKey::About, vec![many.into()])).await.map(drop);
    assert_eq!(refused, Err(Fault::privacy_too_long()));
}

#[tokio::test]
async fn a_phone_number_is_seen_by_those_who_may() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let bob = world.sign_up(BOB, "Bob").await;
        let carol = world.sign_up("+15550100003", "Carol").await;
        let ann_seen_by_carol = stranger(&carol, &ann).await;
        assert_eq!(seen(&carol, &ann_seen_by_carol).await.phone, None, "not in Ann's contacts");
        ann.input_user(&carol).await;
        assert!(seen(&carol, &ann_seen_by_carol).await.phone.is_some(), "in Ann's contacts");
        let nobody = vec![enums::InputPrivacyRule::InputPrivacyValueDisallowAll];
        ann.call(set(enums::InputPrivacyKey::PhoneNumber, nobody)).await;
        assert_eq!(seen(&carol, &ann_seen_by_carol).await.phone, None);
        let ann_seen_by_bob = bob.input_user(&ann).await;
        assert!(seen(&bob, &ann_seen_by_bob).await.phone.is_some(), "Bob wrote the number down himself");
    })
    .await;
}

/// How `viewer` addresses somebody whom they met without knowing their number.
async fn stranger(viewer: &Device, other: &Device) -> types::InputUser {
    let (viewer_id, user) = (viewer.user, other.user);
    let hash = viewer
        .world
        .service
        .store
        .read(move |tx| -> Result<_, StoreError> { Ok(people::access_hash(tx, viewer_id, user)) });
    types::InputUser { user_id: user.0, access_hash: hash.await.expect("the store reads") }
}

async fn write(from: &Device, to: enums::InputPeer) -> Result<(), Fault> {
    let random_id = i64::from_le_bytes(from.world.service.random.bytes());
    let request = functions::messages::SendMessage {
        peer: to,
        message: "hello".to_owned(),
        random_id,
        ..Default::default()
    };
    from.try_call(request).await.map(drop)
}

#[tokio::test]
async fn who_hides_their_last_time_online_does_not_see_that_of_others() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let bob = world.sign_up(BOB, "Bob").await;
        let (ann_for_bob, bob_for_ann) = (bob.input_user(&ann).await, ann.input_user(&bob).await);
        let at = |offline| functions::account::UpdateStatus { offline };
        ann.call(at(false)).await;
        bob.call(at(false)).await;
        ann.pushed().await;
        bob.pushed().await;
        assert!(matches!(seen(&bob, &ann_for_bob).await.status, Some(enums::UserStatus::Online(_))));
        let nobody = vec![enums::InputPrivacyRule::InputPrivacyValueDisallowAll];
        ann.call(set(enums::InputPrivacyKey::StatusTimestamp, nobody)).await;
        bob.pushed().await;
        let hidden = seen(&bob, &ann_for_bob).await.status;
        assert!(matches!(hidden, Some(enums::UserStatus::Recently(status)) if !status.by_me));
        let others = seen(&ann, &bob_for_ann).await.status;
        assert!(matches!(others, Some(enums::UserStatus::Recently(status)) if status.by_me), "fair is fair");
        ann.call(at(true)).await;
        let told = bob.pushed().await;
        assert!(
            !told.iter().any(|u| matches!(u, enums::Update::UserStatus(_))),
            "nor when it changes: {told:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn who_wants_no_strangers_hears_from_none() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let bob = world.sign_up(BOB, "Bob").await;
        let get = functions::account::GetGlobalPrivacySettings {};
        assert_eq!(ann.call(get.clone()).await, types::GlobalPrivacySettings::default());
        let to_ann = bob.input_peer(&ann).await;
        write(&bob, to_ann.clone()).await.expect("anybody may write to anybody");
        let settings = types::GlobalPrivacySettings {
            new_noncontact_peers_require_premium: true,
            hide_read_marks: true,
            ..Default::default()
        };
        let request = functions::account::SetGlobalPrivacySettings { settings: settings.clone() };
        assert_eq!(ann.call(request).await, settings);
        assert_eq!(ann.call(get).await, settings);
        assert_eq!(write(&bob, to_ann.clone()).await, Err(Fault::privacy_premium_required()));
        let enums::InputPeer::User(ann_for_bob) = to_ann.clone() else { panic!("a user") };
        let ann_for_bob =
            types::InputUser { user_id: ann_for_bob.user_id, access_hash: ann_for_bob.access_hash };
        assert!(seen(&bob, &ann_for_bob).await.contact_require_premium, "Bob's client can tell");

        let to_bob = ann.input_peer(&bob).await;
        write(&bob, to_ann.clone()).await.expect("Bob is a contact now");
        assert!(!seen(&bob, &ann_for_bob).await.contact_require_premium);
        write(&ann, to_bob).await.expect("Ann may write to anybody");
    })
    .await;
}

#[tokio::test]
async fn what_does_not_exist_cannot_be_switched_on() {
    let world = World::sqlite().await;
    let ann = world.sign_up(ANN, "Ann").await;
    let cases = [
        (
            types::GlobalPrivacySettings {
                archive_and_mute_new_noncontact_peers: true,
                ..Default::default()
            },
            Fault::autoarchive_not_available(),
        ),
        (
            types::GlobalPrivacySettings { noncontact_peers_paid_stars: Some(5), ..Default::default() },
            Fault::premium_account_required(),
        ),
        (
            types::GlobalPrivacySettings { display_gifts_button: true, ..Default::default() },
            Fault::premium_account_required(),
        ),
    ];
    for (settings, fault) in cases {
        let request = functions::account::SetGlobalPrivacySettings { settings };
        assert_eq!(ann.try_call(request).await.map(drop), Err(fault));
    }
}
