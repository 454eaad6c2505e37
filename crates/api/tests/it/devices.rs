//! The list of devices, and turning devices out.

use domain::Fault;
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};

const ANN: &str = "+15550100001";
const DAY_MILLIS: i64 = 86_400_000;

async fn list(device: &Device) -> Vec<types::Authorization> {
    device.call(functions::account::GetAuthorizations {}).await.authorizations
}

async fn hash_of_other(device: &Device) -> i64 {
    let others: Vec<_> = list(device).await.into_iter().filter(|other| !other.current).collect();
    assert_eq!(others.len(), 1);
    others[0].hash
}

async fn is_signed_in(device: &Device) -> bool {
    match device.try_call(functions::updates::GetState {}).await {
        Ok(_) => true,
        Err(fault) if fault == Fault::auth_key_unregistered() => false,
        Err(fault) => panic!("{fault}"),
    }
}

#[tokio::test]
async fn devices_are_listed_the_current_one_first() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        world.clock.advance_millis(5_000);
        let tablet = world.sign_in(ANN).await;
        let seen_by_ann = list(&ann).await;
        let seen_by_tablet = list(&tablet).await;
        for seen in [&seen_by_ann, &seen_by_tablet] {
            assert_eq!(seen.iter().map(|device| device.current).collect::<Vec<_>>(), [true, false]);
            assert_eq!(seen[0].hash, 0);
            assert_ne!(seen[1].hash, 0);
            assert!(
                seen.iter().all(|d| d.device_model == "Test device" && d.ip == "127.0.0.1" && d.api_id == 1)
            );
        }
        assert_ne!(seen_by_ann[1].hash, seen_by_tablet[1].hash);
        assert_eq!(seen_by_ann[1].date_created, seen_by_ann[0].date_created + 5);
        assert!(seen_by_ann[1].unconfirmed && !seen_by_ann[0].unconfirmed);
    })
    .await;
}

#[tokio::test]
async fn a_device_that_is_turned_out_hears_no_more() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let tablet = world.sign_in(ANN).await;
        assert!(is_signed_in(&tablet).await);
        tablet.pushed().await;
        let hash = hash_of_other(&ann).await;

        let foreign = bob.try_call(functions::account::ResetAuthorization { hash }).await;
        assert_eq!(foreign, Err(Fault::hash_invalid()), "somebody else's device");
        let own = ann.try_call(functions::account::ResetAuthorization { hash: 0 }).await;
        assert_eq!(own, Err(Fault::hash_invalid()));
        assert!(ann.call(functions::account::ResetAuthorization { hash }).await);
        assert_eq!(world.closed(), [tablet.session.key_id], "its client comes back and finds out");

        let to_ann = bob.input_peer(&ann).await;
        bob.call(functions::messages::SendMessage {
            peer: to_ann,
            message: "for Ann's eyes".to_owned(),
            random_id: 1,
            ..Default::default()
        })
        .await;
        assert_eq!(tablet.pushed().await, []);
        assert!(!is_signed_in(&tablet).await && is_signed_in(&ann).await);
        let again = ann.try_call(functions::account::ResetAuthorization { hash }).await;
        assert_eq!(again, Err(Fault::hash_invalid()));
    })
    .await;
}

#[tokio::test]
async fn a_new_device_cannot_lock_the_old_ones_out() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        world.clock.advance_millis(2_000);
        let thief = world.sign_in(ANN).await;
        let hash = hash_of_other(&thief).await;
        let forbidden = Err(Fault::fresh_reset_authorisation_forbidden());
        assert_eq!(thief.try_call(functions::account::ResetAuthorization { hash }).await, forbidden);
        assert_eq!(thief.try_call(functions::auth::ResetAuthorizations {}).await, forbidden);
        assert!(is_signed_in(&ann).await);
        world.clock.advance_millis(DAY_MILLIS);
        assert!(thief.call(functions::auth::ResetAuthorizations {}).await, "a day later it is one of them");
        assert!(!is_signed_in(&ann).await && is_signed_in(&thief).await);
    })
    .await;
}

#[tokio::test]
async fn all_others_are_turned_out_at_once() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let (tablet, laptop) = (world.sign_in(ANN).await, world.sign_in(ANN).await);
        assert!(ann.call(functions::auth::ResetAuthorizations {}).await);
        let mut closed = world.closed();
        closed.sort_unstable();
        assert_eq!(closed, [tablet.session.key_id, laptop.session.key_id]);
        assert_eq!(list(&ann).await.len(), 1);
        assert!(ann.call(functions::auth::ResetAuthorizations {}).await, "nobody is left to turn out");
    })
    .await;
}

#[tokio::test]
async fn a_device_is_confirmed_and_limited_by_another() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let tablet = world.sign_in(ANN).await;
        let laptop = world.sign_in(ANN).await;
        assert!(is_signed_in(&laptop).await);
        laptop.pushed().await;
        let hash = list(&ann).await.into_iter().find(|d| d.hash != 0).expect("another device").hash;
        let change = functions::account::ChangeAuthorizationSettings {
            confirmed: true,
            hash,
            encrypted_requests_disabled: Some(true),
            ..Default::default()
        };
        assert!(ann.call(change.clone()).await);
        let changed = list(&ann).await.into_iter().find(|device| device.hash == hash).expect("it is there");
        assert!(!changed.unconfirmed && changed.encrypted_requests_disabled && !changed.call_requests_disabled);
        let told = laptop.pushed().await;
        let confirmed = |update: &enums::Update| matches!(update, enums::Update::NewAuthorization(u) if u.hash == hash && !u.unconfirmed);
        assert_eq!(told.iter().filter(|update| confirmed(update)).count(), 1);
        assert!(ann.call(change).await, "again is fine");
        assert_eq!(laptop.pushed().await, [], "and no news");
        let unknown = functions::account::ChangeAuthorizationSettings { hash: 5, ..Default::default() };
        assert_eq!(tablet.try_call(unknown).await, Err(Fault::hash_invalid()));
    })
    .await;
}

/// Whoever got in with a stolen code says nothing about whose sign-ins are right.
#[tokio::test]
async fn a_new_device_confirms_neither_itself_nor_another() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let (thief, friend) = (world.sign_in(ANN).await, world.sign_in(ANN).await);
        let others = list(&ann).await;
        let confirm = |hash| functions::account::ChangeAuthorizationSettings {
            confirmed: true,
            hash,
            ..Default::default()
        };
        for hash in others.iter().map(|device| device.hash) {
            assert_eq!(thief.try_call(confirm(hash)).await, Err(Fault::hash_invalid()));
            assert_eq!(friend.try_call(confirm(hash)).await, Err(Fault::hash_invalid()));
        }
        assert_eq!(list(&ann).await.iter().filter(|device| device.unconfirmed).count(), 2);
        assert_eq!(ann.try_call(confirm(0)).await, Err(Fault::hash_invalid()), "nobody asked");
    })
    .await;
}

#[tokio::test]
async fn unused_devices_are_signed_out() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let tablet = world.sign_in(ANN).await;
        for days in [0, -1, 367, i32::MAX] {
            let request = functions::account::SetAuthorizationTtl { authorization_ttl_days: days };
            assert_eq!(ann.try_call(request).await, Err(Fault::ttl_days_invalid()), "{days}");
        }
        assert_eq!(ann.call(functions::account::GetAuthorizations {}).await.authorization_ttl_days, 180);
        assert!(ann.call(functions::account::SetAuthorizationTtl { authorization_ttl_days: 7 }).await);
        assert_eq!(ann.call(functions::account::GetAuthorizations {}).await.authorization_ttl_days, 7);

        world.clock.advance_millis(6 * DAY_MILLIS);
        world.run_jobs().await;
        assert!(is_signed_in(&ann).await);
        world.clock.advance_millis(2 * DAY_MILLIS);
        world.run_jobs().await;
        assert!(is_signed_in(&ann).await, "was used two days ago");
        assert!(!is_signed_in(&tablet).await, "was not used for eight days");
    })
    .await;
}

#[tokio::test]
async fn an_account_lives_unused_as_long_as_its_owner_says() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        assert_eq!(ann.call(functions::account::GetAccountTtl {}).await.days, 183, "half a year");
        let set = |days: i32| functions::account::SetAccountTtl { ttl: types::AccountDaysTtl { days } };
        for days in [0, 29, 731, -5] {
            assert_eq!(ann.try_call(set(days)).await, Err(Fault::ttl_days_invalid()), "{days}");
        }
        assert!(ann.call(set(365)).await);
        assert_eq!(ann.call(functions::account::GetAccountTtl {}).await.days, 365);
    })
    .await;
}

#[tokio::test]
async fn a_device_that_signs_in_again_is_described_again() {
    let world = World::sqlite().await;
    let phone = world.sign_up(ANN, "Ann").await;
    let before = list(&phone).await.remove(0);
    assert!(!before.device_model.is_empty());
    phone.call(functions::auth::LogOut {}).await;
    world.quiet().await;
    let key = phone.session.key_id;
    let stored = service::accounts::keys::load(&world.service, key).await.unwrap().expect("the key stays");
    assert_eq!(stored.device, service::accounts::keys::Device::default(), "nothing of Ann's is left");
    let phone_code_hash = phone.send_code(ANN).await;
    let request = functions::auth::SignIn {
        phone_number: ANN.to_owned(),
        phone_code_hash,
        phone_code: world.last_code(ANN),
        ..Default::default()
    };
    phone.call(request).await;
    let after = list(&phone).await.remove(0);
    assert_eq!((after.device_model, after.ip), (before.device_model, before.ip));
}

#[tokio::test]
async fn a_key_that_may_have_changed_hands_is_looked_up_again() {
    let world = World::sqlite().await;
    let phone = world.sign_up(ANN, "Ann").await;
    assert!(is_signed_in(&phone).await);
    let key = phone.session.key_id;
    let sign_out = move |tx: &mut store::Tx<'_>| -> Result<(), store::StoreError> {
        tx.execute(
            "UPDATE auth_keys SET user_id = NULL, device = NULL WHERE id = $1",
            &[store::Value::Int(key)],
        )?;
        tx.hint(domain::Hint::KeyUnknown { auth_key_id: key });
        Ok(())
    };
    world.service.store.write(sign_out).await.unwrap();
    assert_eq!(world.closed(), [key], "its client is to come back");
    assert!(!is_signed_in(&phone).await);
}

#[tokio::test]
async fn a_takeout_begins_and_ends() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let begin = functions::account::InitTakeoutSession { contacts: true, ..Default::default() };
        let end = functions::account::FinishTakeoutSession { success: true };
        assert_eq!(
            ann.try_call(end.clone()).await.map_err(|fault| fault.text),
            Err("TAKEOUT_REQUIRED".into())
        );
        assert!(ann.call(begin.clone()).await.id > 0);
        assert!(ann.call(end.clone()).await);
        let refused = loop {
            if let Err(fault) = ann.try_call(begin.clone()).await {
                break fault;
            }
        };
        assert!(refused.text.starts_with("TAKEOUT_INIT_DELAY_"), "{refused}");
    })
    .await;
}

/// Keys that were made and never used for anything do not stay.
#[tokio::test]
async fn keys_of_silent_strangers_are_soon_forgotten() {
    World::each(|world| async move {
        let (silent, spoken) = (world.device().await, world.device().await);
        spoken.call(functions::help::GetConfig {}).await;
        world.clock.advance_millis(2 * DAY_MILLIS);
        world.run_jobs().await;
        let load = |id| service::accounts::keys::load(&world.service, id);
        assert!(load(silent.session.key_id).await.unwrap().is_none());
        assert!(load(spoken.session.key_id).await.unwrap().is_some());
        world.clock.advance_millis(29 * DAY_MILLIS);
        world.run_jobs().await;
        assert!(load(spoken.session.key_id).await.unwrap().is_none());
    })
    .await;
}

/// A query that outlives its session does not make it listen again: nobody would ever tell it to stop.
#[tokio::test]
async fn an_ended_session_listens_no_more() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        ann.call(functions::help::GetConfig {}).await;
        assert!(world.service.hub.is_attached(ann.user));
        world.end_session(ann.session);
        ann.call(functions::help::GetConfig {}).await;
        assert!(!world.service.hub.is_attached(ann.user));
    })
    .await;
}
