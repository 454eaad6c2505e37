//! The ways that sign-in codes go, and the address that they go to by mail.

use std::sync::Arc;

use domain::Fault;
use service::delivery::{Channel, Purpose};
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};

use crate::kit::{ANN, BOB, sign_in};

const ADDRESS: &str = "postal@example.org";

async fn send_code(device: &Device, phone: &str) -> types::auth::SentCode {
    let request = functions::auth::SendCode { phone_number: phone.to_owned(), ..Default::default() };
    sent(device.call(request).await)
}

fn sent(answer: enums::auth::SentCode) -> types::auth::SentCode {
    match answer {
        enums::auth::SentCode::SentCode(sent) => *sent,
        other => panic!("no code was sent: {other:?}"),
    }
}

fn by_mail(phone: &str, hash: &str, code: &str) -> functions::auth::SignIn {
    let verification = types::EmailVerificationCode { code: code.to_owned() };
    functions::auth::SignIn {
        phone_code: None,
        email_verification: Some(verification.into()),
        ..sign_in(phone, hash, code)
    }
}

fn prove(email: &str) -> functions::account::SendVerifyEmailCode {
    functions::account::SendVerifyEmailCode {
        purpose: enums::EmailVerifyPurpose::LoginChange,
        email: email.to_owned(),
    }
}

fn proof(code: &str) -> functions::account::VerifyEmail {
    functions::account::VerifyEmail {
        purpose: enums::EmailVerifyPurpose::LoginChange,
        verification: types::EmailVerificationCode { code: code.to_owned() }.into(),
    }
}

/// The one code that left the server since this was asked last.
fn delivered(world: &World) -> (Channel, Purpose, Option<String>, String) {
    let [delivery] = <[_; 1]>::try_from(world.deliveries()).unwrap_or_else(|all| panic!("{}", all.len()));
    (delivery.channel, delivery.purpose, delivery.email, delivery.code)
}

/// Somebody with a sign-in address, who is signed out everywhere.
async fn with_address(world: &Arc<World>) {
    world.deliver_by(&[Channel::Email], &[]);
    let ann = world.sign_up(ANN, "Ann").await;
    world.deliveries();
    ann.call(prove(ADDRESS)).await;
    let (.., code) = delivered(world);
    ann.call(proof(&code)).await;
    ann.call(functions::auth::LogOut {}).await;
}

#[tokio::test]
async fn a_sign_in_address_is_proven_and_takes_codes() {
    World::each(|world| async move {
        world.deliver_by(&[Channel::Email], &[]);
        let ann = world.sign_up(ANN, "Ann").await;
        let (channel, purpose, email, _) = delivered(&world);
        assert_eq!((channel, purpose, email), (Channel::Console, Purpose::SignIn, None), "no address yet");
        assert_eq!(ann.call(functions::account::GetPassword {}).await.login_email_pattern, None);

        let asked = ann.call(prove(" postal@Example.org")).await;
        assert_eq!((asked.email_pattern.as_str(), asked.length), ("p***l@example.org", 5));
        let (channel, purpose, email, code) = delivered(&world);
        assert_eq!((channel, purpose), (Channel::Email, Purpose::ProveEmail));
        assert_eq!(email.as_deref(), Some(ADDRESS));
        assert_eq!(ann.try_call(proof("nonsense")).await, Err(Fault::code_invalid()));
        let enums::account::EmailVerified::EmailVerified(verified) = ann.call(proof(&code)).await else {
            panic!("there is nothing to sign in to");
        };
        assert_eq!(verified.email, ADDRESS);
        assert_eq!(
            ann.try_call(proof(&code)).await,
            Err(Fault::email_verify_expired()),
            "a code is used once"
        );
        let password = ann.call(functions::account::GetPassword {}).await;
        assert_eq!(password.login_email_pattern.as_deref(), Some("p***l@example.org"));

        ann.call(functions::auth::LogOut {}).await;
        let device = world.device().await;
        let sent = send_code(&device, ANN).await;
        let enums::auth::SentCodeType::EmailCode(kind) = &sent.r#type else { panic!("{sent:?}") };
        assert_eq!((kind.email_pattern.as_str(), kind.length), ("p***l@example.org", 5));
        let (channel, purpose, email, code) = delivered(&world);
        assert_eq!((channel, purpose), (Channel::Email, Purpose::SignIn));
        assert_eq!(email.as_deref(), Some(ADDRESS));
        let token = functions::auth::SignIn {
            email_verification: Some(types::EmailVerificationGoogle::default().into()),
            ..by_mail(ANN, &sent.phone_code_hash, "")
        };
        assert_eq!(device.try_call(token).await.map(drop), Err(Fault::email_token_invalid()));
        let answer = device.call(by_mail(ANN, &sent.phone_code_hash, &code)).await;
        assert!(matches!(answer, enums::auth::Authorization::Authorization(_)));
    })
    .await;
}

#[tokio::test]
async fn addresses_that_cannot_be_proven() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        assert_eq!(
            ann.try_call(prove(ADDRESS)).await,
            Err(Fault::email_not_allowed()),
            "no mail is sent here"
        );
        world.deliver_by(&[Channel::Email], &[]);
        for address in ["", "nobody", "a b@example.org", "a@example.org\nBcc: b@example.org"] {
            assert_eq!(ann.try_call(prove(address)).await, Err(Fault::email_invalid()), "{address:?}");
        }
        let passport = enums::EmailVerifyPurpose::Passport;
        let request = functions::account::SendVerifyEmailCode { purpose: passport.clone(), ..prove(ADDRESS) };
        assert_eq!(ann.try_call(request).await, Err(Fault::email_not_allowed()));
        let request = functions::account::VerifyEmail { purpose: passport, ..proof("1") };
        assert_eq!(ann.try_call(request).await, Err(Fault::email_not_allowed()));
        let stranger = world.device().await;
        assert_eq!(stranger.try_call(prove(ADDRESS)).await, Err(Fault::auth_key_unregistered()));
        world.deliver_by(&[Channel::Email], &[Channel::Email]);
        assert_eq!(ann.try_call(prove(ADDRESS)).await, Err(Fault::email_not_allowed()), "the mail is down");

        world.deliver_by(&[Channel::Email], &[]);
        world.deliveries();
        ann.call(prove(ADDRESS)).await;
        let (.., code) = delivered(&world);
        for _ in 0..5 {
            assert_eq!(ann.try_call(proof("1")).await, Err(Fault::code_invalid()));
        }
        assert_eq!(ann.try_call(proof(&code)).await, Err(Fault::email_verify_expired()), "too many tries");
        ann.call(prove(ADDRESS)).await;
        let (.., code) = delivered(&world);
        let bob = world.sign_up(BOB, "Bob").await;
        assert_eq!(bob.try_call(proof(&code)).await, Err(Fault::email_verify_expired()), "somebody else's");
        world.clock.advance_millis(300_001);
        assert_eq!(ann.try_call(proof(&code)).await, Err(Fault::email_verify_expired()), "too late");
        let refused = async { while ann.try_call(prove(ADDRESS)).await.is_ok() {} };
        refused.await;
        let refused = ann.try_call(prove(ADDRESS)).await;
        assert!(
            matches!(&refused, Err(fault) if fault.code == 420),
            "mailboxes are not flooded: {refused:?}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_newcomer_sets_the_address_up_while_signing_up() {
    World::each(|world| async move {
        world.deliver_by(&[Channel::Email], &[]);
        let device = world.device().await;
        let sent_code = send_code(&device, ANN).await;
        let hash = sent_code.phone_code_hash;
        let (channel, .., code) = delivered(&world);
        assert_eq!(channel, Channel::Console);
        let purpose: enums::EmailVerifyPurpose = types::EmailVerifyPurposeLoginSetup {
            phone_number: ANN.to_owned(),
            phone_code_hash: hash.clone(),
        }
        .into();
        let ask = functions::account::SendVerifyEmailCode { purpose: purpose.clone(), ..prove(ADDRESS) };
        let refused = device.try_call(ask.clone()).await;
        assert_eq!(refused, Err(Fault::phone_hash_expired()), "the number is not proven yet");
        device.call(sign_in(ANN, &hash, &code)).await;
        let thief = world.device().await;
        assert_eq!(thief.try_call(ask.clone()).await, Err(Fault::phone_hash_expired()));
        device.call(ask).await;
        let (.., code) = delivered(&world);
        let answer = device.call(functions::account::VerifyEmail { purpose, ..proof(&code) }).await;
        let enums::account::EmailVerified::Login(verified) = answer else { panic!("{answer:?}") };
        assert_eq!(verified.email, ADDRESS);
        let sent_code = sent(verified.sent_code);
        assert_eq!(sent_code.phone_code_hash, hash);
        assert!(matches!(sent_code.r#type, enums::auth::SentCodeType::EmailCode(_)));
        let (channel, _, email, code) = delivered(&world);
        assert_eq!((channel, email.as_deref()), (Channel::Email, Some(ADDRESS)));
        let sign_up = functions::auth::SignUp {
            phone_number: ANN.to_owned(),
            phone_code_hash: hash.clone(),
            first_name: "Ann".to_owned(),
            ..Default::default()
        };
        assert_eq!(device.try_call(sign_up.clone()).await.map(drop), Err(Fault::phone_code_expired()));
        device.call(by_mail(ANN, &hash, &code)).await;
        device.call(sign_up).await;
        let password = device.call(functions::account::GetPassword {}).await;
        assert_eq!(password.login_email_pattern.as_deref(), Some("p***l@example.org"));
    })
    .await;
}

#[tokio::test]
async fn whoever_lost_the_mailbox_gets_in_another_way() {
    World::each(|world| async move {
        with_address(&world).await;
        let device = world.device().await;
        let reset = |hash: &str| functions::auth::ResetLoginEmail {
            phone_number: ANN.to_owned(),
            phone_code_hash: hash.to_owned(),
        };
        let hash = send_code(&device, ANN).await.phone_code_hash;
        let (channel, .., mailed) = delivered(&world);
        assert_eq!(channel, Channel::Email);
        let sent_code = sent(device.call(reset(&hash)).await);
        assert!(matches!(sent_code.r#type, enums::auth::SentCodeType::Sms(_)));
        let (channel, .., code) = delivered(&world);
        assert_eq!(channel, Channel::Console, "the operator has it");
        assert_ne!(mailed, code);
        device.call(sign_in(ANN, &hash, &code)).await;
        assert_eq!(device.call(functions::account::GetPassword {}).await.login_email_pattern, None);

        let bob = world.device().await;
        let hash = send_code(&bob, BOB).await.phone_code_hash;
        let refused = functions::auth::ResetLoginEmail { phone_number: BOB.to_owned(), ..reset(&hash) };
        assert_eq!(bob.try_call(refused).await.map(drop), Err(Fault::email_install_missing()));
    })
    .await;
}

#[tokio::test]
async fn ways_that_fail_give_way_to_the_next() {
    World::each(|world| async move {
        with_address(&world).await;
        world.shown_codes();
        let device = world.device().await;
        let all = [Channel::Call, Channel::Email, Channel::Sms];
        for (channels, failing, taken) in [
            (&all[..], &[][..], Channel::Call),
            (&all[..], &[Channel::Call][..], Channel::Email),
            (&all[..], &[Channel::Call, Channel::Email][..], Channel::Sms),
            (&all[..], &all[..], Channel::Console),
        ] {
            world.deliver_by(channels, failing);
            let sent_code = send_code(&device, ANN).await;
            let (channel, .., code) = delivered(&world);
            assert_eq!(channel, taken);
            assert_eq!(world.shown_codes(), [code], "the operator sees every code");
            let is_right = matches!(
                (&sent_code.r#type, taken),
                (enums::auth::SentCodeType::Call(_), Channel::Call)
                    | (enums::auth::SentCodeType::EmailCode(_), Channel::Email)
                    | (enums::auth::SentCodeType::Sms(_), Channel::Sms | Channel::Console)
            );
            assert!(is_right, "{taken:?}: {sent_code:?}");
        }
        // Bob has no address: the mail is no way for him.
        world.deliver_by(&all, &[]);
        let bob = world.device().await;
        let sent_code = send_code(&bob, BOB).await;
        assert_eq!(delivered(&world).0, Channel::Call);
        assert_eq!(sent_code.next_type, Some(enums::auth::CodeType::Sms));
        for _ in 0..2 {
            let again = functions::auth::ResendCode {
                phone_number: BOB.to_owned(),
                phone_code_hash: sent_code.phone_code_hash.clone(),
                ..Default::default()
            };
            assert_eq!(sent(bob.call(again).await).next_type, None);
            assert_eq!(delivered(&world).0, Channel::Sms, "the last way again and again");
        }
    })
    .await;
}
