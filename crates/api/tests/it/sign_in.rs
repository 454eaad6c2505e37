//! Codes, QR codes, and what a device is told while it signs in.

use domain::Fault;
use testkit::world::{Device, World};
use tl::Decode;
use tl_api::{enums, functions, types};

use crate::kit::sign_in;

const ANN: &str = "+15550100001";

fn sign_up(phone: &str, hash: &str, first_name: &str) -> functions::auth::SignUp {
    functions::auth::SignUp {
        phone_number: phone.to_owned(),
        phone_code_hash: hash.to_owned(),
        first_name: first_name.to_owned(),
        ..Default::default()
    }
}

/// Another code of the same length.
fn wrong(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { '9' }).collect()
}

async fn asked(world: &std::sync::Arc<World>, phone: &str) -> (Device, String, String) {
    let device = world.device().await;
    let hash = device.send_code(phone).await;
    let code = world.last_code(phone).expect("a code was sent");
    (device, hash, code)
}

fn signed_in_to(answer: enums::auth::Authorization) -> types::User {
    match answer {
        enums::auth::Authorization::Authorization(answer) => match answer.user {
            enums::User::User(user) => *user,
            other => panic!("signed in to {other:?}"),
        },
        other => panic!("not signed in: {other:?}"),
    }
}

#[tokio::test]
async fn a_code_signs_a_new_number_up() {
    World::each(|world| async move {
        let (device, hash, code) = asked(&world, ANN).await;
        assert_eq!(code.len(), 5);
        assert_eq!(
            device.try_call(sign_up(ANN, &hash, "Ann")).await.map(drop),
            Err(Fault::phone_code_expired()),
            "not before the code was shown"
        );
        for spelling in ["15550100001", "+1 555 010 0001"] {
            let answer = device.call(sign_in(spelling, &hash, &code)).await;
            assert!(matches!(answer, enums::auth::Authorization::SignUpRequired(_)), "{spelling}");
        }
        assert_eq!(
            device.try_call(sign_up(ANN, &hash, " \u{200b}")).await.map(drop),
            Err(Fault::firstname_invalid())
        );
        let user = signed_in_to(device.call(sign_up(ANN, &hash, "Ann")).await);
        assert!(user.is_self && user.access_hash.is_some());
        assert_eq!(user.phone.as_deref(), Some("15550100001"));
        assert_eq!(
            device.try_call(sign_up(ANN, &hash, "Ann")).await.map(drop),
            Err(Fault::phone_code_expired()),
            "a code is used once"
        );
    })
    .await;
}

#[tokio::test]
async fn wrong_codes_are_counted() {
    World::each(|world| async move {
        let (device, hash, code) = asked(&world, ANN).await;
        for (text, expected) in [
            ("", Fault::phone_code_empty()),
            (wrong(&code).as_str(), Fault::phone_code_invalid()),
            ("nonsense", Fault::phone_code_invalid()),
        ] {
            let refused = device.try_call(sign_in(ANN, &hash, text)).await.map(drop);
            assert_eq!(refused, Err(expected), "{text:?}");
        }
        let empty_hash = device.try_call(sign_in(ANN, "", &code)).await.map(drop);
        assert_eq!(empty_hash, Err(Fault::phone_code_hash_empty()));
        let unknown_hash = device.try_call(sign_in(ANN, "unknown", &code)).await.map(drop);
        assert_eq!(unknown_hash, Err(Fault::phone_code_expired()));
        for _ in 0..3 {
            let refused = device.try_call(sign_in(ANN, &hash, &wrong(&code))).await.map(drop);
            assert_eq!(refused, Err(Fault::phone_code_invalid()));
        }
        let refused = device.try_call(sign_in(ANN, &hash, &code)).await.map(drop);
        assert!(
            matches!(&refused, Err(fault) if fault.text.starts_with("FLOOD_WAIT_")),
            "the right code comes too late: {refused:?}"
        );
        let again = functions::auth::ResendCode {
            phone_number: ANN.to_owned(),
            phone_code_hash: hash.clone(),
            ..Default::default()
        };
        device.call(again).await;
        let code = world.last_code(ANN).expect("another code was sent");
        let answer = device.call(sign_in(ANN, &hash, &code)).await;
        assert!(matches!(answer, enums::auth::Authorization::SignUpRequired(_)), "another code, other tries");
    })
    .await;
}

#[tokio::test]
async fn a_code_is_for_one_device_and_a_short_time() {
    World::each(|world| async move {
        let (device, hash, code) = asked(&world, ANN).await;
        let thief = world.device().await;
        let refused = thief.try_call(sign_in(ANN, &hash, &code)).await.map(drop);
        assert_eq!(refused, Err(Fault::phone_code_expired()));
        let refused = device.try_call(sign_in("+15550100002", &hash, &code)).await.map(drop);
        assert_eq!(refused, Err(Fault::phone_code_expired()), "for another number");
        world.clock.advance_millis(300_001);
        let refused = device.try_call(sign_in(ANN, &hash, &code)).await.map(drop);
        assert_eq!(refused, Err(Fault::phone_code_expired()));

        let (device, hash, code) = asked(&world, ANN).await;
        let cancel =
            functions::auth::CancelCode { phone_number: ANN.to_owned(), phone_code_hash: hash.clone() };
        assert!(device.call(cancel.clone()).await);
        assert_eq!(device.try_call(cancel).await, Err(Fault::phone_code_expired()));
        let refused = device.try_call(sign_in(ANN, &hash, &code)).await.map(drop);
        assert_eq!(refused, Err(Fault::phone_code_expired()));
    })
    .await;
}

#[tokio::test]
async fn numbers_that_are_none_are_refused() {
    let world = World::sqlite().await;
    let device = world.device().await;
    for number in ["", "42777", "abc", "+0123456789", "123"] {
        let request = functions::auth::SendCode { phone_number: number.to_owned(), ..Default::default() };
        assert_eq!(device.try_call(request).await.map(drop), Err(Fault::phone_number_invalid()), "{number}");
    }
}

#[tokio::test]
async fn codes_for_one_number_run_out() {
    let world = World::sqlite().await;
    let request = functions::auth::SendCode { phone_number: ANN.to_owned(), ..Default::default() };
    for _ in 0..5 {
        world.device().await.call(request.clone()).await;
    }
    let refused = world.device().await.try_call(request).await.map(drop);
    assert!(matches!(&refused, Err(fault) if fault.code == 420), "{refused:?}");
}

#[tokio::test]
async fn a_second_device_gets_its_code_from_the_first() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        ann.call(functions::updates::GetState {}).await;
        ann.pushed().await;
        let tablet = world.device().await;
        let request = functions::auth::SendCode { phone_number: ANN.to_owned(), ..Default::default() };
        let enums::auth::SentCode::SentCode(sent) = tablet.call(request).await else { panic!("no code") };
        assert!(matches!(sent.r#type, enums::auth::SentCodeType::App(_)));
        assert!(sent.next_type.is_some() && sent.timeout.is_some(), "the first device may be lost");
        let pushed = ann.pushed().await;
        let text = service_text(&pushed);
        let code: String =
            text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit).collect();
        let user = signed_in_to(tablet.call(sign_in(ANN, &sent.phone_code_hash, &code)).await);
        assert_eq!(user.id, ann.user.0);

        let pushed = ann.pushed().await;
        assert!(service_text(&pushed).contains("Test device"), "the new device is named");
        let new = pushed.iter().find_map(|update| match update {
            enums::Update::NewAuthorization(update) => Some(update),
            _ => None,
        });
        let new = new.expect("the first device can ask whether that was its user");
        assert!(new.unconfirmed && new.device.as_deref().is_some_and(|name| name.contains("Test device")));
    })
    .await;
}

fn service_text(updates: &[enums::Update]) -> String {
    updates
        .iter()
        .find_map(|update| match update {
            enums::Update::NewMessage(update) => match &update.message {
                enums::Message::Message(message) => Some(message.message.clone()),
                _ => None,
            },
            _ => None,
        })
        .expect("a message of the service account")
}

#[tokio::test]
async fn who_signs_out_is_nobody() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        ann.call(functions::updates::GetState {}).await;
        ann.call(functions::auth::LogOut {}).await;
        let refused = ann.try_call(functions::updates::GetState {}).await.map(drop);
        assert_eq!(refused, Err(Fault::auth_key_unregistered()));
        world.sign_in(ANN).await;
        assert_eq!(ann.pushed().await, [], "and hears nothing");
        assert!(world.closed().is_empty(), "its connection stays open");
    })
    .await;
}

/// The updates in short containers that were pushed to a device that nobody is signed in to.
async fn short(device: &Device) -> Vec<enums::Update> {
    let bodies = device.pushed_bytes().await;
    let short = |body: &Vec<u8>| match enums::Updates::from_bytes(body).expect("pushes are updates") {
        enums::Updates::UpdateShort(short) => short.update,
        other => panic!("pushed in another container: {other:?}"),
    };
    bodies.iter().map(short).collect()
}

fn shown(answer: enums::auth::LoginToken) -> types::auth::LoginToken {
    match answer {
        enums::auth::LoginToken::LoginToken(token) => *token,
        other => panic!("not a token to show: {other:?}"),
    }
}

fn export() -> functions::auth::ExportLoginToken {
    functions::auth::ExportLoginToken { api_id: 1, ..Default::default() }
}

#[tokio::test]
async fn a_qr_code_lets_a_device_in() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let screen = world.device().await;
        let token = shown(screen.call(export()).await);
        assert_eq!(i64::from(token.expires), world.service.now().secs() + 30);

        let accept = functions::auth::AcceptLoginToken { token: token.token.clone() };
        let device = ann.call(accept.clone()).await;
        assert_eq!(device.device_model, "Test device");
        assert!(device.hash != 0 && !device.unconfirmed);
        assert_eq!(short(&screen).await, [enums::Update::LoginToken], "the screen is told to look");

        let enums::auth::LoginToken::Success(success) = screen.call(export()).await else {
            panic!("the token was accepted");
        };
        assert_eq!(signed_in_to(success.authorization).id, ann.user.0);
        screen.call(functions::updates::GetState {}).await;
        let again = ann.try_call(accept).await.map(drop);
        assert_eq!(again, Err(Fault::auth_token_already_accepted()));
        assert!(ann.call(functions::account::ResetAuthorization { hash: device.hash }).await);
        assert_eq!(world.closed(), [screen.session.key_id], "the hash was that of the device");
    })
    .await;
}

#[tokio::test]
async fn a_qr_code_is_worth_nothing_to_anybody_else() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let screen = world.device().await;
        let token = shown(screen.call(export()).await).token;
        let import = functions::auth::ImportLoginToken { token: token.clone() };
        assert_eq!(shown(screen.call(import.clone()).await).token, token, "its own token");
        let thief = world.device().await;
        assert_eq!(thief.try_call(import).await.map(drop), Err(Fault::auth_token_invalid()));

        let accept = |token: &[u8]| functions::auth::AcceptLoginToken { token: token.to_vec() };
        assert_eq!(thief.try_call(accept(&token)).await.map(drop), Err(Fault::auth_key_unregistered()));
        assert_eq!(ann.try_call(accept(b"made up")).await.map(drop), Err(Fault::auth_token_invalidx()));
        world.clock.advance_millis(30_001);
        assert_eq!(ann.try_call(accept(&token)).await.map(drop), Err(Fault::auth_token_expired()));
        assert_eq!(short(&screen).await, []);
        shown(screen.call(export()).await);
    })
    .await;
}

#[tokio::test]
async fn a_device_carries_its_sign_in_to_another_key() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let media = world.device().await;
        let export = functions::auth::ExportAuthorization { dc_id: 4 };
        let exported = ann.call(export.clone()).await;
        let import = functions::auth::ImportAuthorization { id: exported.id, bytes: exported.bytes };
        let wrong_user = functions::auth::ImportAuthorization { id: 1, ..import.clone() };
        assert_eq!(media.try_call(wrong_user).await.map(drop), Err(Fault::auth_bytes_invalid()));
        assert_eq!(signed_in_to(media.call(import.clone()).await).id, ann.user.0);
        media.call(functions::updates::GetState {}).await;
        let thief = world.device().await;
        assert_eq!(thief.try_call(import).await.map(drop), Err(Fault::auth_bytes_invalid()), "once");
        let other_dc = functions::auth::ExportAuthorization { dc_id: 77 };
        assert_eq!(ann.try_call(other_dc).await.map(drop), Err(Fault::dc_id_invalid()));

        let late = ann.call(export).await;
        world.clock.advance_millis(60_001);
        let late = functions::auth::ImportAuthorization { id: late.id, bytes: late.bytes };
        assert_eq!(thief.try_call(late).await.map(drop), Err(Fault::auth_bytes_invalid()));

        let list = media.call(functions::account::GetAuthorizations {}).await;
        assert_eq!(list.authorizations.len(), 1, "both keys are one device");
        assert!(list.authorizations[0].current);
        ann.call(functions::auth::LogOut {}).await;
        let refused = media.try_call(functions::updates::GetState {}).await.map(drop);
        assert_eq!(refused, Err(Fault::auth_key_unregistered()), "and are signed out as one");
    })
    .await;
}

#[tokio::test]
async fn nobody_has_a_password() {
    let world = World::sqlite().await;
    let mut ann = world.sign_up(ANN, "Ann").await;
    for layer in tl_api::LAYERS {
        ann = ann.at_layer(*layer);
        let password = ann.call(functions::account::GetPassword {}).await;
        assert!(!password.has_password && password.current_algo.is_none());
        assert_eq!(password.secure_random.len(), 256);
    }
}

#[tokio::test]
async fn wrong_codes_of_a_number_run_out_over_all_codes() {
    World::each(|world| async move {
        for _ in 0..3 {
            let (device, hash, code) = asked(&world, ANN).await;
            for _ in 0..5 {
                let refused = device.try_call(sign_in(ANN, &hash, &wrong(&code))).await.map(drop);
                assert_eq!(refused, Err(Fault::phone_code_invalid()));
            }
        }
        let (device, hash, code) = asked(&world, ANN).await;
        let refused = device.try_call(sign_in(ANN, &hash, &code)).await.map(drop);
        let text = refused.expect_err("the right code is refused like a wrong one").text;
        let secs: i64 = text.strip_prefix("FLOOD_WAIT_").and_then(|secs| secs.parse().ok()).expect("a wait");
        world.clock.advance_millis(secs * 1000);
        let (device, hash, code) = asked(&world, ANN).await;
        device.call(sign_in(ANN, &hash, &code)).await;
    })
    .await;
}

#[tokio::test]
async fn a_call_on_its_way_does_not_undo_a_sign_out() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let screen = world.device().await;
        let token = shown(screen.call(export()).await).token;
        let device = ann.call(functions::auth::AcceptLoginToken { token }).await;
        screen.call(functions::updates::GetState {}).await;
        // Both wait for the same transaction, the export first.
        let (release, released) = std::sync::mpsc::channel::<()>();
        let held = world.service.store.write(move |_| {
            released.recv().expect("the test goes on");
            Ok::<_, store::StoreError>(())
        });
        let reset = ann.call(functions::account::ResetAuthorization { hash: device.hash });
        let go = async {
            tokio::task::yield_now().await;
            release.send(()).expect("the writer waits");
        };
        let (held, _, reset, ()) = tokio::join!(held, screen.try_call(export()), reset, go);
        assert!(held.is_ok() && reset);
        let refused = screen.try_call(functions::updates::GetState {}).await.map(drop);
        assert_eq!(refused, Err(Fault::auth_key_unregistered()));
    })
    .await;
}

#[tokio::test]
async fn a_device_that_is_signed_in_has_no_endless_tokens_either() {
    let world = World::sqlite().await;
    let ann = world.sign_up(ANN, "Ann").await;
    for _ in 0..domain::flood::EXPORT_LOGIN_TOKEN.limit {
        ann.call(export()).await;
    }
    let refused = ann.try_call(export()).await.map(drop);
    assert!(matches!(&refused, Err(fault) if fault.code == 420), "{refused:?}");
}
