//! What somebody with patience, many devices and many addresses cannot do.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use domain::privacy::{Key, Rule};
use domain::{Fault, flood};
use testkit::world::{Device, World};
use tl_api::{functions, types};

use crate::kit::allow;

const ANN: &str = "+15550100001";
const BOB: &str = "+15550100002";

/// A device of the attacker: a key and an address that nobody saw before.
async fn device_from(world: &Arc<World>, number: u8) -> Device {
    let mut device = world.device().await;
    device.address = IpAddr::V4(Ipv4Addr::new(198, 51, 100, number));
    device
}

fn sign_in(hash: &str, code: &str) -> functions::auth::SignIn {
    functions::auth::SignIn {
        phone_number: ANN.to_owned(),
        phone_code_hash: hash.to_owned(),
        phone_code: Some(code.to_owned()),
        ..Default::default()
    }
}

fn other_code(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { '9' }).collect()
}

fn is_flood_wait<T>(answer: &Result<T, Fault>) -> bool {
    answer.as_ref().is_err_and(|fault| fault.code == 420)
}

/// Codes are guessed by many devices at many addresses: the tries are counted by number, and once they are
/// spent even the right code opens nothing.
#[tokio::test]
async fn guessing_codes_from_many_addresses_has_one_budget() {
    World::each(|world| async move {
        world.sign_up(ANN, "Ann").await;
        let mut wrong = 0;
        for number in 1..=8 {
            // Codes that can be asked for are few; the clock passes that limit, not the day's of tries.
            world.clock.advance_millis(31 * 60_000);
            let thief = device_from(&world, number).await;
            let hash = thief.send_code(ANN).await;
            let code = world.last_code(ANN).expect("a code was sent");
            for _ in 0..4 {
                let refused = thief.try_call(sign_in(&hash, &other_code(&code))).await.map(drop);
                if refused.as_ref().err() == Some(&Fault::phone_code_invalid()) {
                    wrong += 1;
                } else {
                    assert!(is_flood_wait(&refused), "{refused:?}");
                }
            }
            let right = thief.try_call(sign_in(&hash, &code)).await.map(drop);
            if wrong < flood::SIGN_IN_PHONE.limit {
                assert!(right.is_ok(), "the budget is not spent: {right:?}");
            } else {
                assert!(is_flood_wait(&right), "a guess in time would have opened the account: {right:?}");
            }
        }
        assert_eq!(wrong, flood::SIGN_IN_PHONE.limit);

        // Tomorrow the owner gets in.
        world.clock.advance_millis(flood::SIGN_IN_PHONE.window_secs * 1000);
        world.sign_in(ANN).await;
    })
    .await;
}

/// One network cannot have codes sent to number after number.
#[tokio::test]
async fn codes_asked_for_from_one_address_run_out() {
    let world = World::sqlite().await;
    let ask = |number: u32| functions::auth::SendCode {
        phone_number: format!("+1555020{number:04}"),
        ..Default::default()
    };
    for number in 0..flood::SEND_CODE_ADDRESS.limit {
        device_from(&world, 1).await.call(ask(number)).await;
    }
    let refused = device_from(&world, 1).await.try_call(ask(9000)).await;
    assert!(is_flood_wait(&refused), "{refused:?}");
    device_from(&world, 2).await.call(ask(9001)).await;
}

/// Whoever is given a /64 of IPv6 addresses has one budget, however many of them they use.
#[tokio::test]
async fn codes_asked_for_from_one_ipv6_network_run_out() {
    let world = World::sqlite().await;
    let ask = async |address: String, number: u32| {
        let mut device = world.device().await;
        device.address = address.parse().unwrap();
        let phone_number = format!("+1555020{number:04}");
        device.try_call(functions::auth::SendCode { phone_number, ..Default::default() }).await
    };
    for number in 0..flood::SEND_CODE_ADDRESS.limit {
        ask(format!("2001:db8:1:2:{number:x}::1"), number).await.unwrap();
    }
    assert!(is_flood_wait(&ask("2001:db8:1:2::f".to_owned(), 9000).await));
    ask("2001:db8:1:3::1".to_owned(), 9001).await.unwrap();
}

/// Usernames are tried one after the other: soon nothing is answered any more, hit or miss.
#[tokio::test]
async fn usernames_cannot_be_enumerated() {
    let world = World::sqlite().await;
    let ann = world.sign_up(ANN, "Ann").await;
    let bob = world.sign_up(BOB, "Bob").await;
    ann.call(functions::account::UpdateUsername { username: "ann_of_old".to_owned() }).await;
    let resolve = |username: String| functions::contacts::ResolveUsername { username, ..Default::default() };
    for number in 0..flood::RESOLVE_USERNAME.limit {
        let missed = bob.try_call(resolve(format!("nobody_{number}"))).await.map(drop);
        assert_eq!(missed, Err(Fault::username_not_occupied()));
    }
    for name in ["ann_of_old", "nobody_at_all"] {
        assert!(is_flood_wait(&bob.try_call(resolve(name.to_owned())).await), "{name}");
    }
    for number in 0..flood::CHECK_USERNAME.limit {
        bob.call(functions::account::CheckUsername { username: format!("nobody_{number}") }).await;
    }
    let refused = bob.try_call(functions::account::CheckUsername { username: "ann_of_old".to_owned() }).await;
    assert!(is_flood_wait(&refused), "{refused:?}");
    assert!(ann.try_call(resolve("nobody_else".to_owned())).await.is_err_and(|fault| fault.code == 400));
}

/// The same for numbers, one by one and in lists.
#[tokio::test]
async fn numbers_cannot_be_enumerated() {
    let world = World::sqlite().await;
    let bob = world.sign_up(BOB, "Bob").await;
    world.sign_up(ANN, "Ann").await;
    let resolve = |phone: String| functions::contacts::ResolvePhone { phone };
    for number in 0..flood::RESOLVE_PHONE.limit {
        let missed = bob.try_call(resolve(format!("+1555030{number:04}"))).await.map(drop);
        assert_eq!(missed, Err(Fault::phone_not_occupied()));
    }
    for phone in [ANN, "+15550309999"] {
        assert!(is_flood_wait(&bob.try_call(resolve(phone.to_owned())).await), "{phone}");
    }

    let batch = |from: u32| functions::contacts::ImportContacts {
        contacts: (from..from + 1000)
            .map(|number| types::InputPhoneContact {
                client_id: i64::from(number),
                phone: format!("+1555{:07}", 4_000_000 + number),
                first_name: "x".to_owned(),
                ..Default::default()
            })
            .collect(),
    };
    for at in 0..flood::IMPORT_CONTACTS.limit / 1000 {
        bob.call(batch(at * 1000)).await;
    }
    let refused = bob.try_call(batch(900_000)).await.map(drop);
    assert!(is_flood_wait(&refused), "{refused:?}");
}

/// Whoever does not want to be found by their number looks like nobody.
#[tokio::test]
async fn a_hidden_number_looks_like_none() {
    let world = World::sqlite().await;
    let ann = world.sign_up(ANN, "Ann").await;
    let bob = world.sign_up(BOB, "Bob").await;
    allow(&ann, Key::AddedByPhone, vec![Rule::AllowContacts]).await;
    let resolve = |phone: &str| functions::contacts::ResolvePhone { phone: phone.to_owned() };
    let hidden = bob.try_call(resolve(ANN)).await.map(drop);
    let nobody = bob.try_call(resolve("+15550109999")).await.map(drop);
    assert_eq!(hidden, Err(Fault::phone_not_occupied()));
    assert_eq!(hidden, nobody);
}
