//! Names, usernames, presence, notifications: what one device sets, and the others learn.

use domain::Fault;
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};

const ANN: &str = "+15550100001";
const BOB: &str = "+15550100002";

/// Ann with two devices, and Bob; each is connected and knows the other.
async fn people(world: &std::sync::Arc<World>) -> (Device, Device, Device) {
    let ann = world.sign_up(ANN, "Ann").await;
    let tablet = world.sign_in(ANN).await;
    let bob = world.sign_up(BOB, "Bob").await;
    bob.input_user(&ann).await;
    for device in [&ann, &tablet, &bob] {
        device.call(functions::updates::GetState {}).await;
        device.pushed().await;
    }
    (ann, tablet, bob)
}

fn user(user: enums::User) -> types::User {
    match user {
        enums::User::User(user) => *user,
        other => panic!("nobody: {other:?}"),
    }
}

fn profile(
    first: Option<&str>,
    last: Option<&str>,
    about: Option<&str>,
) -> functions::account::UpdateProfile {
    functions::account::UpdateProfile {
        first_name: first.map(str::to_owned),
        last_name: last.map(str::to_owned),
        about: about.map(str::to_owned),
    }
}

fn names(updates: &[enums::Update]) -> Vec<(String, String, Vec<String>)> {
    updates
        .iter()
        .filter_map(|update| match update {
            enums::Update::UserName(update) => Some((
                update.first_name.clone(),
                update.last_name.clone(),
                update.usernames.iter().map(|username| username.username.clone()).collect(),
            )),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn names_are_changed_everywhere() {
    World::each(|world| async move {
        let (ann, tablet, bob) = people(&world).await;
        let changed = user(ann.call(profile(Some(" Anna "), Some("Lee"), None)).await);
        assert_eq!(
            (changed.first_name.as_deref(), changed.last_name.as_deref()),
            (Some("Anna"), Some("Lee"))
        );
        assert_eq!(names(&ann.pushed().await), [], "the answer said it");
        assert_eq!(names(&tablet.pushed().await), [("Anna".to_owned(), "Lee".to_owned(), Vec::new())]);
        assert_eq!(
            names(&bob.pushed().await),
            [("Saved".to_owned(), String::new(), Vec::new())],
            "Bob sees the name that he saved"
        );
        let same = ann.call(profile(Some("Anna"), None, None)).await;
        assert_eq!(user(same).last_name.as_deref(), Some("Lee"), "what is not named stays");
        assert_eq!(tablet.pushed().await, []);

        let cleared = user(ann.call(profile(None, Some(""), None)).await);
        assert_eq!(cleared.last_name, None);
        assert_eq!(
            ann.try_call(profile(Some("  "), None, None)).await.map(drop),
            Err(Fault::firstname_invalid())
        );
        let long = "x".repeat(71);
        assert_eq!(
            ann.try_call(profile(None, None, Some(&long))).await.map(drop),
            Err(Fault::about_too_long())
        );
        ann.call(profile(None, None, Some("Hello"))).await;
        let told = tablet.pushed().await;
        assert!(
            told.iter().any(|update| matches!(update, enums::Update::User(u) if u.user_id == ann.user.0))
        );
    })
    .await;
}

#[tokio::test]
async fn a_device_that_was_away_learns_the_new_name() {
    World::each(|world| async move {
        let (ann, tablet, _) = people(&world).await;
        let since = tablet.call(functions::updates::GetState {}).await;
        ann.call(profile(Some("Anna"), None, None)).await;
        let request =
            functions::updates::GetDifference { pts: since.pts, date: since.date, ..Default::default() };
        let enums::updates::Difference::Difference(difference) = tablet.call(request).await else {
            panic!("there is something new");
        };
        assert_eq!(names(&difference.other_updates), names(&tablet.pushed().await));
        assert_eq!(names(&difference.other_updates).len(), 1);
    })
    .await;
}

#[tokio::test]
async fn usernames_are_unique_whatever_their_case() {
    World::each(|world| async move {
        let (ann, tablet, bob) = people(&world).await;
        let check = |name: &str| functions::account::CheckUsername { username: name.to_owned() };
        let update = |name: &str| functions::account::UpdateUsername { username: name.to_owned() };
        assert!(ann.call(check("Ann_Lee")).await);
        let changed = user(ann.call(update("Ann_Lee")).await);
        assert_eq!(changed.username.as_deref(), Some("Ann_Lee"));
        assert_eq!(names(&tablet.pushed().await)[0].2, ["Ann_Lee"]);
        assert_eq!(names(&bob.pushed().await)[0].2, ["Ann_Lee"]);

        assert!(ann.call(check("ann_lee")).await, "one's own");
        assert!(!bob.call(check("ANN_LEE")).await);
        assert_eq!(bob.try_call(update("ann_LEE")).await.map(drop), Err(Fault::username_occupied()));
        assert_eq!(ann.try_call(update("Ann_Lee")).await.map(drop), Err(Fault::username_not_modified()));
        for invalid in ["ann", "1annlee", "ann lee", "ann__lee", "annlee_"] {
            assert_eq!(bob.try_call(check(invalid)).await, Err(Fault::username_invalid()), "{invalid}");
            let refused = bob.try_call(update(invalid)).await.map(drop);
            assert_eq!(refused, Err(Fault::username_invalid()), "{invalid}");
        }
        assert!(!bob.call(check("tdhbcfiles")).await, "a client crashes when this is a person");

        assert_eq!(user(ann.call(update("")).await).username, None);
        assert_eq!(user(bob.call(update("ann_lee")).await).username.as_deref(), Some("ann_lee"));
    })
    .await;
}

fn status(updates: &[enums::Update]) -> Vec<enums::UserStatus> {
    updates
        .iter()
        .filter_map(|update| match update {
            enums::Update::UserStatus(update) => Some(update.status.clone()),
            _ => None,
        })
        .collect()
}

#[tokio::test]
async fn people_see_each_other_come_and_go() {
    World::each(|world| async move {
        let (ann, tablet, bob) = people(&world).await;
        let at = |offline| functions::account::UpdateStatus { offline };
        let now = world.service.now();
        assert!(ann.call(at(false)).await);
        let online = types::UserStatusOnline { expires: now.plus_secs(300).wire() }.into();
        assert_eq!(status(&bob.pushed().await), [online]);
        tablet.call(at(false)).await;
        ann.call(at(true)).await;
        assert_eq!(status(&bob.pushed().await), [], "Ann is still at the tablet");
        world.clock.advance_millis(10_000);
        tablet.call(at(true)).await;
        let offline = |at: i32| enums::UserStatus::from(types::UserStatusOffline { was_online: at });
        assert_eq!(status(&bob.pushed().await), [offline(now.plus_secs(10).wire())]);

        ann.call(at(false)).await;
        bob.pushed().await;
        world.clock.advance_millis(300_000);
        world.run_jobs().await;
        assert_eq!(status(&bob.pushed().await), [offline(now.plus_secs(310).wire())], "gone without a word");
        world.run_jobs().await;
        assert_eq!(status(&bob.pushed().await), []);
    })
    .await;
}

fn muted(until: i32) -> types::InputPeerNotifySettings {
    types::InputPeerNotifySettings {
        mute_until: Some(until),
        sound: Some(enums::NotificationSound::None),
        ..Default::default()
    }
}

#[tokio::test]
async fn notification_settings_follow_the_user() {
    World::each(|world| async move {
        let (ann, tablet, bob) = people(&world).await;
        let bob_peer = ann.input_peer(&bob).await;
        tablet.pushed().await;
        let scopes = [
            enums::InputNotifyPeer::InputNotifyUsers,
            enums::InputNotifyPeer::InputNotifyChats,
            types::InputNotifyPeer { peer: bob_peer.clone() }.into(),
        ];
        for scope in scopes {
            let get = functions::account::GetNotifySettings { peer: scope.clone() };
            let before = ann.call(get.clone()).await;
            assert!(before.mute_until.is_none_or(|until| until == 0));
            let set = functions::account::UpdateNotifySettings { peer: scope.clone(), settings: muted(77) };
            assert!(ann.call(set).await);
            let after = tablet.call(get.clone()).await;
            assert_eq!(
                (after.mute_until, after.other_sound.clone()),
                (Some(77), Some(enums::NotificationSound::None))
            );
            let told = tablet.pushed().await;
            assert!(
                matches!(&told[..], [enums::Update::NotifySettings(u)] if u.notify_settings == after),
                "{told:?}"
            );
        }
        let exceptions = functions::account::GetNotifyExceptions::default();
        let enums::Updates::Updates(exceptions) = ann.call(exceptions).await else { panic!("a list") };
        assert_eq!(exceptions.updates.len(), 1, "kinds of chats are no exceptions");
        assert_eq!(exceptions.users.len(), 2);

        let enums::InputPeer::User(bob_peer) = bob_peer else { panic!("a user") };
        let peer = types::InputDialogPeer { peer: bob_peer.into() };
        let request = functions::messages::GetPeerDialogs { peers: vec![peer.into()] };
        let listed = ann.call(request).await;
        assert!(matches!(&listed.dialogs[..], [enums::Dialog::Dialog(d)] if d.notify_settings.mute_until == Some(77)));

        assert!(ann.call(functions::account::ResetNotifySettings {}).await);
        let told = tablet.pushed().await;
        assert_eq!(told.iter().filter(|u| matches!(u, enums::Update::NotifySettings(_))).count(), 3);
        let get = functions::account::GetNotifySettings { peer: enums::InputNotifyPeer::InputNotifyUsers };
        assert_eq!(ann.call(get).await.mute_until, Some(0));

        let topic = types::InputNotifyForumTopic { peer: enums::InputPeer::PeerSelf, top_msg_id: 1 };
        let get = functions::account::GetNotifySettings { peer: topic.into() };
        assert_eq!(ann.try_call(get).await.map(drop), Err(Fault::peer_id_invalid()));
    })
    .await;
}

#[tokio::test]
async fn who_does_not_want_to_hear_of_new_contacts_does_not() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let save = |phone: &str| functions::contacts::ImportContacts {
            contacts: vec![types::InputPhoneContact {
                phone: phone.to_owned(),
                first_name: "Friend".to_owned(),
                ..Default::default()
            }],
        };
        ann.call(save(BOB)).await;
        ann.call(save("+15550100003")).await;
        ann.pushed().await;
        assert!(!ann.call(functions::account::GetContactSignUpNotification {}).await);
        world.sign_up(BOB, "Bob").await;
        assert_eq!(ann.pushed().await.len(), 1, "told");
        assert!(ann.call(functions::account::SetContactSignUpNotification { silent: true }).await);
        assert!(ann.call(functions::account::GetContactSignUpNotification {}).await);
        let carol = world.sign_up("+15550100003", "Carol").await;
        assert_eq!(ann.pushed().await, [], "not told");
        assert_eq!(
            ann.call(save("+15550100003")).await.imported[0].user_id,
            carol.user.0,
            "saved all the same"
        );
    })
    .await;
}
