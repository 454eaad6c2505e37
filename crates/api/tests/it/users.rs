//! People as others may see them.

use domain::Fault;
use domain::privacy::{Key, Rule};
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};

use crate::kit::{self, CEM, Pair, allow, described, updates_of};

async fn full(device: &Device, id: enums::InputUser) -> types::UserFull {
    let answer = device.call(functions::users::GetFullUser { id }).await;
    assert!(answer.users.iter().any(|user| match user {
        enums::User::User(user) => user.id == answer.full_user.id,
        enums::User::Empty(_) => false,
    }));
    *Box::new(answer.full_user)
}

fn input(user: &types::InputUser) -> enums::InputUser {
    user.clone().into()
}

#[tokio::test]
async fn a_full_profile_says_what_may_be_done() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let bob = pair.ann.input_user(&pair.bob).await;
        let plain = full(&pair.ann, input(&bob)).await;
        assert!(plain.can_pin_message && !plain.blocked);
        assert_eq!((plain.common_chats_count, plain.about, plain.pinned_msg_id), (0, None, None));
        assert_eq!(
            (plain.personal_channel_id, plain.private_forward_name, plain.ttl_period),
            (None, None, None)
        );

        about(&pair.bob, "hello").await;
        let id = pair.ann_says("pinned").await;
        let pin = functions::messages::UpdatePinnedMessage {
            pm_oneside: true,
            peer: pair.to_bob.clone(),
            id,
            ..Default::default()
        };
        updates_of(&pair.ann, pin).await;
        let note = functions::contacts::UpdateContactNote {
            id: input(&bob),
            note: types::TextWithEntities { text: "owes me\nlunch".to_owned(), ..Default::default() },
        };
        assert!(pair.ann.call(note).await);
        let block = functions::contacts::Block { id: pair.to_bob.clone(), ..Default::default() };
        pair.ann.call(block).await;
        let now = full(&pair.ann, input(&bob)).await;
        assert_eq!((now.about.as_deref(), now.pinned_msg_id, now.blocked), (Some("hello"), Some(id), true));
        assert_eq!(now.note.map(|note| note.text).as_deref(), Some("owes me lunch"));
        let theirs = full(&pair.bob, pair.bob.input_user(&pair.ann).await.into()).await;
        assert_eq!((theirs.blocked, theirs.pinned_msg_id, theirs.note), (false, None, None));

        for key in [Key::About, Key::Forwards, Key::PhoneCall, Key::VoiceMessages, Key::StatusTimestamp] {
            allow(&pair.bob, key, vec![Rule::DisallowAll]).await;
        }
        hide_read_dates(&pair.bob).await;
        let hidden = full(&pair.ann, input(&bob)).await;
        assert_eq!((hidden.about, hidden.private_forward_name.as_deref()), (None, Some("Bob")));
        assert!(hidden.phone_calls_private && hidden.voice_messages_forbidden && hidden.read_dates_private);
        let own = full(&pair.bob, enums::InputUser::UserSelf).await;
        assert_eq!((own.about.as_deref(), own.private_forward_name), (Some("hello"), None));
        assert_eq!(own.settings, types::PeerSettings::default());
    })
    .await;
}

async fn about(device: &Device, text: &str) {
    let (user, text) = (device.user, text.to_owned());
    let store = &device.world.service.store;
    store
        .write(move |tx| {
            let mut profile = store::users::get(tx, user)?.expect("an account").profile;
            profile.about = text;
            store::users::set_profile(tx, user, &profile)
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn people_are_asked_for_in_any_order() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let cem = world.sign_up(CEM, "Cem").await;
        let bob = pair.ann.input_user(&pair.bob).await;
        let without = |user: domain::UserId| types::InputUser { user_id: user.0, access_hash: 0 };
        let asked: Vec<enums::InputUser> = vec![
            without(cem.user).into(),
            enums::InputUser::UserSelf,
            bob.into(),
            without(pair.bob.user).into(),
            types::InputUser { user_id: cem.user.0, access_hash: 5 }.into(),
            enums::InputUser::Empty,
        ];
        let ids = |users: &[enums::User]| -> Vec<(i64, bool)> {
            let one = |user: &enums::User| match user {
                enums::User::User(user) => (user.id, true),
                enums::User::Empty(user) => (user.id, false),
            };
            users.iter().map(one).collect()
        };
        let answer = pair.ann.call(functions::users::GetUsers { id: asked }).await;
        let (ann, bob, cem_id) = (pair.ann.user.0, pair.bob.user.0, cem.user.0);
        let expected = [(cem_id, false), (ann, true), (bob, true), (bob, true), (cem_id, false), (0, false)];
        assert_eq!(ids(&answer), expected);

        // Whoever wrote is known, without a hash.
        kit::say(&cem, &cem.input_peer(&pair.ann).await, "hi").await;
        let answer = pair.ann.call(functions::users::GetUsers { id: vec![without(cem.user).into()] }).await;
        assert_eq!(ids(&answer), [(cem_id, true)]);
        assert!(described(&answer, cem.user).access_hash.is_some_and(|hash| hash != 0));
        let stranger = functions::users::GetFullUser { id: without(domain::UserId(5)).into() };
        assert_eq!(pair.ann.try_call(stranger).await, Err(Fault::user_id_invalid()));
        let many = vec![enums::InputUser::UserSelf; 201];
        let refused = pair.ann.try_call(functions::users::GetUsers { id: many }).await;
        assert_eq!(refused, Err(Fault::request_too_long()));
    })
    .await;
}

#[tokio::test]
async fn whoever_hides_their_time_sees_no_times() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let bob = pair.ann.input_user(&pair.bob).await;
        let ann = pair.bob.input_user(&pair.ann).await;
        let status = async |of: &Device, by: &Device, id: &types::InputUser| {
            let answer = by.call(functions::users::GetUsers { id: vec![input(id)] }).await;
            described(&answer, of.user).status.expect("people have a status")
        };
        world.clock.advance_millis(3600 * 1000);
        assert!(matches!(status(&pair.bob, &pair.ann, &bob).await, enums::UserStatus::Offline(_)));
        allow(&pair.bob, Key::StatusTimestamp, vec![Rule::DisallowAll]).await;
        let hidden = status(&pair.bob, &pair.ann, &bob).await;
        assert!(matches!(&hidden, enums::UserStatus::Recently(recently) if !recently.by_me), "{hidden:?}");
        let mutual = status(&pair.ann, &pair.bob, &ann).await;
        assert!(matches!(&mutual, enums::UserStatus::Recently(recently) if recently.by_me), "{mutual:?}");
    })
    .await;
}

async fn hide_read_dates(device: &Device) {
    let settings = types::GlobalPrivacySettings { hide_read_marks: true, ..Default::default() };
    device.call(functions::account::SetGlobalPrivacySettings { settings }).await;
}

#[tokio::test]
async fn whoever_hides_when_they_read_does_not_learn_it_of_others() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let ann = pair.bob.input_user(&pair.ann).await;
        let id = pair.bob_says("when did you read this?").await;
        pair.ann.call(functions::messages::ReadHistory { peer: pair.to_bob.clone(), max_id: 0 }).await;
        let ask = functions::messages::GetOutboxReadDate { peer: pair.to_ann.clone(), msg_id: id };
        let date = pair.bob.call(ask.clone()).await;

        hide_read_dates(&pair.ann).await;
        assert_eq!(pair.bob.call(ask.clone()).await, date, "Bob sees when Ann is online anyway");
        assert!(!full(&pair.bob, input(&ann)).await.read_dates_private);
        allow(&pair.ann, Key::StatusTimestamp, vec![Rule::DisallowAll]).await;
        assert_eq!(pair.bob.try_call(ask.clone()).await, Err(Fault::user_privacy_restricted()));
        assert!(full(&pair.bob, input(&ann)).await.read_dates_private);

        let settings = types::GlobalPrivacySettings::default();
        pair.ann.call(functions::account::SetGlobalPrivacySettings { settings }).await;
        assert_eq!(pair.bob.call(ask.clone()).await, date, "the two are set apart from each other");
        allow(&pair.bob, Key::StatusTimestamp, vec![Rule::DisallowAll]).await;
        assert_eq!(pair.bob.call(ask.clone()).await, date);
        hide_read_dates(&pair.bob).await;
        assert_eq!(pair.bob.try_call(ask).await, Err(Fault::your_privacy_restricted()));
    })
    .await;
}

#[tokio::test]
async fn only_the_user_says_when_they_were_online() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let ann = pair.bob.input_user(&pair.ann).await;
        pair.ann.call(functions::account::UpdateStatus { offline: false }).await;
        world.clock.advance_millis(60_000);
        pair.ann.call(functions::account::UpdateStatus { offline: true }).await;
        let left = world.service.now();
        for _ in 0..3 {
            world.clock.advance_millis(3600 * 1000);
            kit::state(&pair.ann).await;
            kit::state(&pair.tablet).await;
        }
        let answer = pair.bob.call(functions::users::GetUsers { id: vec![input(&ann)] }).await;
        let Some(enums::UserStatus::Offline(status)) = described(&answer, pair.ann.user).status else {
            panic!("{answer:?}");
        };
        assert_eq!(status.was_online, left.wire(), "reading along is not being there");
        let list = pair.ann.call(functions::account::GetAuthorizations {}).await;
        assert_eq!(list.authorizations[0].date_active, world.service.now().wire(), "the own list shows it");
    })
    .await;
}

#[tokio::test]
async fn whoever_takes_no_strangers_says_so() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let cem = world.sign_up(CEM, "Cem").await;
        let settings =
            types::GlobalPrivacySettings { new_noncontact_peers_require_premium: true, ..Default::default() };
        for device in [&pair.bob, &cem] {
            let settings = settings.clone();
            device.call(functions::account::SetGlobalPrivacySettings { settings }).await;
        }
        let bob = input(&pair.ann.input_user(&pair.bob).await);
        let stranger = input(&pair.ann.input_user(&cem).await);
        let asked = vec![bob.clone(), stranger.clone(), enums::InputUser::UserSelf];
        let newer = functions::users::GetRequirementsToContact { id: asked.clone() };
        let expected = [
            enums::RequirementToContact::Empty,
            enums::RequirementToContact::Premium,
            enums::RequirementToContact::Empty,
        ];
        assert_eq!(pair.ann.call(newer).await, expected, "Bob has saved Ann, Cem has not");
        assert!(!full(&pair.ann, bob).await.contact_require_premium);
        assert!(full(&pair.ann, stranger.clone()).await.contact_require_premium);
        let older = functions::users::GetIsPremiumRequiredToContact { id: asked };
        assert_eq!(pair.ann.at_layer(198).call(older).await, [false, true, false]);
    })
    .await;
}

#[tokio::test]
async fn a_full_profile_has_the_dialogs_own_settings() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let bob = input(&pair.ann.input_user(&pair.bob).await);
        assert_eq!(full(&pair.ann, bob.clone()).await.notify_settings.mute_until, None);
        let peer = types::InputNotifyPeer { peer: pair.to_bob.clone() }.into();
        let settings = types::InputPeerNotifySettings { mute_until: Some(i32::MAX), ..Default::default() };
        pair.ann.call(functions::account::UpdateNotifySettings { peer, settings }).await;
        assert_eq!(full(&pair.ann, bob).await.notify_settings.mute_until, Some(i32::MAX));
    })
    .await;
}

#[tokio::test]
async fn birthdays_are_told_to_those_who_may_know() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let bob = input(&pair.ann.input_user(&pair.bob).await);
        let date = |day, month, year| types::Birthday { day, month, year };
        let set = |birthday| functions::account::UpdateBirthday { birthday };
        // The clock of these tests stands at the first of January 2026.
        assert!(pair.bob.call(set(Some(date(2, 1, Some(2000))))).await);
        assert_eq!(full(&pair.ann, bob.clone()).await.birthday, Some(date(2, 1, Some(2000))));
        let near = pair.ann.call(functions::contacts::GetBirthdays {}).await;
        let told: Vec<_> = near.contacts.iter().map(|contact| contact.contact_id).collect();
        assert_eq!((told, near.users.len()), (vec![pair.bob.user.0], 2));
        pair.bob.call(set(Some(date(5, 1, None)))).await;
        assert_eq!(pair.ann.call(functions::contacts::GetBirthdays {}).await.contacts, []);
        pair.bob.call(set(Some(date(1, 1, None)))).await;
        allow(&pair.bob, Key::Birthday, vec![Rule::DisallowAll]).await;
        assert_eq!(pair.ann.call(functions::contacts::GetBirthdays {}).await.contacts, []);
        assert_eq!(full(&pair.ann, bob).await.birthday, None);
        let own = full(&pair.bob, enums::InputUser::UserSelf).await;
        assert_eq!(own.birthday, Some(date(1, 1, None)));
        let refused = pair.bob.try_call(set(Some(date(30, 2, None)))).await;
        assert_eq!(refused, Err(Fault::birthday_invalid()));
        assert!(pair.bob.call(set(None)).await);
        assert_eq!(full(&pair.bob, enums::InputUser::UserSelf).await.birthday, None);
    })
    .await;
}
