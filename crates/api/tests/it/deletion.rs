//! Deleting an account: what goes, what others keep, and what they are shown.

use domain::{Fault, Peer, UserId};
use rpc::boundary::{PageRequest, Pages as _};
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};

use crate::kit::{
    ANN, BOB, CEM, Pair, described, dialog_with, lines, message, messages_of, missed, random_id, say, state,
    texts,
};

fn delete() -> functions::account::DeleteAccount {
    functions::account::DeleteAccount { reason: "enough".to_owned(), ..Default::default() }
}

/// Somebody as another device is shown them.
async fn shown(device: &Device, to: &enums::InputPeer) -> types::User {
    let enums::InputPeer::User(peer) = to else { panic!("not a user: {to:?}") };
    let input = types::InputUser { user_id: peer.user_id, access_hash: peer.access_hash };
    let users = device.call(functions::users::GetUsers { id: vec![input.into()] }).await;
    described(&users, UserId(peer.user_id))
}

fn input_user(to: &enums::InputPeer) -> enums::InputUser {
    let enums::InputPeer::User(peer) = to else { panic!("not a user: {to:?}") };
    types::InputUser { user_id: peer.user_id, access_hash: peer.access_hash }.into()
}

fn sending(to: &enums::InputPeer, text: &str) -> functions::messages::SendMessage {
    functions::messages::SendMessage {
        peer: to.clone(),
        message: text.to_owned(),
        random_id: random_id(),
        ..Default::default()
    }
}

async fn import(device: &Device, phone: &str, name: &str) {
    let contact = types::InputPhoneContact {
        client_id: 1,
        phone: phone.to_owned(),
        first_name: name.to_owned(),
        ..Default::default()
    };
    device.call(functions::contacts::ImportContacts { contacts: vec![contact] }).await;
}

async fn contact_count(device: &Device) -> usize {
    match device.call(functions::contacts::GetContacts { hash: 0 }).await {
        enums::contacts::Contacts::Contacts(list) => list.contacts.len(),
        enums::contacts::Contacts::NotModified => panic!("without a hash there is always a list"),
    }
}

async fn is_deleted(world: &World, user: UserId) -> bool {
    world.service.store.read(move |tx| store::users::is_deleted(tx, user)).await.unwrap()
}

/// Rows of each table that are filed under somebody.
async fn rows_of(world: &World, user: UserId) -> Vec<(&'static str, i64)> {
    const COUNTS: &[(&str, &str)] = &[
        ("messages", "SELECT COUNT(*) FROM messages WHERE owner = $1"),
        ("events", "SELECT COUNT(*) FROM events WHERE owner = $1"),
        ("dialogs", "SELECT COUNT(*) FROM dialogs WHERE owner = $1"),
        ("contacts", "SELECT COUNT(*) FROM contacts WHERE owner = $1 OR user_id = $1"),
        ("blocks", "SELECT COUNT(*) FROM blocks WHERE owner = $1"),
        ("privacy", "SELECT COUNT(*) FROM privacy WHERE owner = $1"),
        ("scheduled", "SELECT COUNT(*) FROM scheduled WHERE owner = $1"),
        ("sent", "SELECT COUNT(*) FROM sent WHERE owner = $1"),
        ("reactions", "SELECT COUNT(*) FROM reactions WHERE owner = $1"),
        ("word_packs", "SELECT COUNT(*) FROM word_packs WHERE owner = $1"),
        ("settings", "SELECT COUNT(*) FROM settings WHERE owner = $1"),
        ("notify_settings", "SELECT COUNT(*) FROM notify_settings WHERE owner = $1"),
        ("boxes", "SELECT COUNT(*) FROM boxes WHERE owner = $1"),
        ("auth_keys", "SELECT COUNT(*) FROM auth_keys WHERE user_id = $1"),
        ("login_tokens", "SELECT COUNT(*) FROM login_tokens WHERE user_id = $1"),
        ("deletions", "SELECT COUNT(*) FROM deletions WHERE user_id = $1"),
        ("shreds", "SELECT COUNT(*) FROM shreds WHERE owner_id = $1"),
    ];
    let store = &world.service.store;
    let counts = store.read(move |tx| -> Result<_, updates::StoreError> {
        let mut counts = Vec::new();
        for (table, sql) in COUNTS {
            let rows = tx.query(sql, &[store::Value::Int(user.0)])?;
            counts.push((*table, rows[0].int(0)?));
        }
        Ok(counts)
    });
    counts.await.unwrap().into_iter().filter(|(_, count)| *count > 0).collect()
}

#[tokio::test]
async fn a_deleted_account_is_shown_as_such_and_its_partner_keeps_the_chat() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        pair.ann_says("first words").await;
        pair.bob_says("an answer").await;
        pair.settle().await;
        let before = state(&pair.bob).await;

        assert!(pair.ann.call(delete()).await);
        world.quiet().await;
        let gone = Err(Fault::auth_key_unregistered());
        assert_eq!(pair.ann.try_call(functions::updates::GetState {}).await.map(drop), gone);
        assert_eq!(pair.tablet.try_call(functions::updates::GetState {}).await.map(drop), gone);
        assert_eq!(world.closed(), [pair.tablet.session.key_id], "the other device comes back and finds out");

        let pushed = pair.bob.pushed().await;
        assert_eq!(lines(&pushed), [format!("user {}", pair.ann.user.0)], "told at once");
        assert_eq!(
            missed(&pair.bob, &before).await,
            [format!("user {}", pair.ann.user.0)],
            "and if offline, later"
        );
        let user = shown(&pair.bob, &pair.to_ann).await;
        let empty = types::User {
            id: pair.ann.user.0,
            deleted: true,
            access_hash: user.access_hash,
            ..Default::default()
        };
        assert_eq!(user, empty);
        assert_eq!(texts(&pair.bob, &pair.to_ann).await, ["2 \"an answer\" out", "1 \"first words\""]);
        assert_eq!(rows_of(&world, pair.ann.user).await, []);
    })
    .await;
}

#[tokio::test]
async fn everything_of_a_deleted_account_goes() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let cem = world.sign_up(CEM, "Cem").await;
        let to_cem = pair.ann.input_peer(&cem).await;
        import(&pair.ann, CEM, "Jim").await;
        import(&pair.ann, "+15550100077", "nobody yet").await;
        let id = pair.ann_says("hello").await;
        for number in 0..600 {
            say(&pair.ann, &enums::InputPeer::PeerSelf, &format!("note {number}")).await;
            world.clock.advance_millis(1_000);
        }
        world.run_jobs().await;
        let reaction = Some(vec![types::ReactionEmoji { emoticon: "👍".to_owned() }.into()]);
        pair.ann
            .call(functions::messages::SendReaction {
                peer: pair.to_bob.clone(),
                msg_id: id,
                reaction,
                add_to_recent: true,
                ..Default::default()
            })
            .await;
        pair.ann
            .call(functions::messages::SaveDraft {
                peer: pair.to_bob.clone(),
                message: "not finished".to_owned(),
                ..Default::default()
            })
            .await;
        let later = world.service.now().wire() + 86_400;
        let scheduled =
            functions::messages::SendMessage { schedule_date: Some(later), ..sending(&to_cem, "later") };
        pair.ann.call(scheduled).await;
        pair.ann.call(functions::contacts::Block { id: to_cem.clone(), ..Default::default() }).await;
        pair.ann.call(functions::account::UpdateUsername { username: "ann_the_first".to_owned() }).await;
        pair.ann
            .call(functions::account::SetPrivacy {
                key: enums::InputPrivacyKey::PhoneNumber,
                rules: vec![enums::InputPrivacyRule::InputPrivacyValueDisallowAll],
            })
            .await;
        pair.ann
            .call(functions::account::UpdateNotifySettings {
                peer: enums::InputNotifyPeer::InputNotifyUsers,
                settings: types::InputPeerNotifySettings { silent: Some(true), ..Default::default() },
            })
            .await;
        assert!(rows_of(&world, pair.ann.user).await.len() > 10);

        assert!(pair.ann.call(delete()).await);
        world.run_jobs().await;
        assert_eq!(rows_of(&world, pair.ann.user).await, []);
        let resolve = functions::contacts::ResolveUsername {
            username: "ann_the_first".to_owned(),
            ..Default::default()
        };
        assert_eq!(pair.bob.try_call(resolve).await.map(drop), Err(Fault::username_not_occupied()));
        pair.bob.call(functions::account::UpdateUsername { username: "ann_the_first".to_owned() }).await;
    })
    .await;
}

#[tokio::test]
async fn the_number_of_a_deleted_account_is_free_and_whoever_takes_it_is_somebody_else() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        import(&pair.bob, ANN, "Annie").await;
        pair.ann_says("from the first Ann").await;
        pair.settle().await;
        assert!(pair.ann.call(delete()).await);
        assert_eq!(contact_count(&pair.bob).await, 0, "nobody is behind the number");
        assert_eq!(
            pair.bob.call(functions::contacts::GetSaved {}).await.len(),
            1,
            "but it is still in his book"
        );

        let again = world.sign_up(ANN, "Another").await;
        assert_ne!(again.user, pair.ann.user);
        assert_eq!(contact_count(&pair.bob).await, 1, "whoever has the number now");
        let to_again = pair.bob.input_peer(&again).await;
        let user = shown(&pair.bob, &to_again).await;
        assert!(user.first_name.is_some() && user.contact && !user.deleted, "{user:?}");
        assert!(shown(&pair.bob, &pair.to_ann).await.deleted);
        // The notice that a contact joined is all that is in the new chat.
        let history = texts(&pair.bob, &to_again).await;
        assert!(history.len() == 1 && history[0].contains("ContactSignUp"), "{history:?}");
        assert_eq!(texts(&again, &again.input_peer(&pair.bob).await).await, [] as [&str; 0]);
    })
    .await;
}

#[tokio::test]
async fn nobody_reaches_a_deleted_account_and_ones_own_side_stays_in_hand() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let (theirs, mine) = (pair.ann_says("hers").await, pair.bob_says("his").await);
        assert!(pair.ann.call(delete()).await);
        let deactivated = Err(Fault::input_user_deactivated());
        let bob = &pair.bob;
        assert_eq!(bob.try_call(sending(&pair.to_ann, "hello?")).await.map(drop), deactivated);
        let typing = functions::messages::SetTyping {
            peer: pair.to_ann.clone(),
            action: enums::SendMessageAction::SendMessageTypingAction,
            ..Default::default()
        };
        assert_eq!(bob.try_call(typing).await.map(drop), deactivated);
        let block = functions::contacts::Block { id: pair.to_ann.clone(), ..Default::default() };
        assert_eq!(bob.try_call(block).await.map(drop), deactivated);
        let edit = functions::messages::EditMessage {
            peer: pair.to_ann.clone(),
            id: mine,
            message: Some("better".to_owned()),
            ..Default::default()
        };
        assert_eq!(bob.try_call(edit).await.map(drop), deactivated);
        let add = functions::contacts::AddContact {
            id: input_user(&pair.to_ann),
            first_name: "Ghost".to_owned(),
            ..Default::default()
        };
        assert_eq!(bob.try_call(add).await.map(drop), Err(Fault::contact_id_invalid()));

        let full = bob.call(functions::users::GetFullUser { id: input_user(&pair.to_ann) }).await;
        assert!(described(&full.users, pair.ann.user).deleted);
        assert_eq!(full.full_user.about, None);
        let listed = bob.call(functions::messages::GetDialogs { limit: 10, ..Default::default() }).await;
        let enums::messages::Dialogs::Dialogs(listed) = listed else { panic!("all at once: {listed:?}") };
        assert!(described(&listed.users, pair.ann.user).deleted);
        bob.call(functions::messages::ReadHistory { peer: pair.to_ann.clone(), max_id: 0 }).await;
        assert_eq!(dialog_with(bob, &pair.to_ann).await.unread_count, 0);
        bob.call(functions::messages::DeleteMessages { revoke: true, id: vec![mine] }).await;
        let found = functions::messages::Search {
            peer: pair.to_ann.clone(),
            q: "hers".to_owned(),
            limit: 10,
            ..Default::default()
        };
        assert_eq!(
            messages_of(bob.call(found).await).iter().map(message).collect::<Vec<_>>(),
            ["1 \"hers\""]
        );
        let all = functions::messages::DeleteHistory {
            revoke: true,
            peer: pair.to_ann.clone(),
            max_id: 0,
            ..Default::default()
        };
        assert_eq!(bob.call(all).await.offset, 0);
        assert_eq!(texts(bob, &pair.to_ann).await, [] as [&str; 0]);
        assert_eq!(rows_of(&world, pair.ann.user).await, [], "nothing came back of {theirs}");
    })
    .await;
}

/// A crash right after the point of no return leaves all rows behind, which nobody can open.
#[tokio::test]
async fn others_can_do_everything_while_the_rows_of_a_deleted_account_are_still_there() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        import(&pair.ann, BOB, "Bobby").await;
        import(&pair.ann, "+15550100009", "Dee").await;
        pair.ann_says("hers").await;
        let mine = pair.bob_says("his").await;
        pair.ann
            .call(functions::messages::SaveDraft {
                peer: pair.to_bob.clone(),
                message: "not finished".to_owned(),
                ..Default::default()
            })
            .await;
        pair.ann.call(functions::messages::SetHistoryTtl { peer: pair.to_bob.clone(), period: 60 }).await;
        pair.ann_says("for a minute").await;
        let later = world.service.now().wire() + 100;
        pair.ann
            .call(functions::messages::SendMessage {
                schedule_date: Some(later),
                ..sending(&pair.to_bob, "never")
            })
            .await;
        let user = pair.ann.user;
        let begun =
            world.service.store.write(move |tx| store::deletions::begin(tx, user, None)).await.unwrap();
        assert!(begun);

        let bob = &pair.bob;
        assert!(shown(bob, &pair.to_ann).await.deleted);
        bob.call(functions::messages::ReadHistory { peer: pair.to_ann.clone(), max_id: 0 }).await;
        // What the server does on its own meets those rows, too.
        world.clock.advance_millis(200_000);
        for job in service::jobs::JOBS.iter().filter(|job| job.name != "deletions") {
            (job.run)(world.service.clone()).await.expect("the job runs");
        }
        let history = texts(bob, &pair.to_ann).await;
        assert!(
            history.iter().all(|text| !text.contains("minute") && !text.contains("never")),
            "{history:?}"
        );
        bob.call(functions::messages::DeleteMessages { revoke: true, id: vec![mine] }).await;
        bob.call(functions::messages::UnpinAllMessages { peer: pair.to_ann.clone(), ..Default::default() })
            .await;
        let all = functions::messages::DeleteHistory {
            revoke: true,
            peer: pair.to_ann.clone(),
            ..Default::default()
        };
        assert_eq!(bob.call(all).await.offset, 0);
        // Whom she had saved, and who has her number now.
        world.sign_up("+15550100009", "Dee").await;
        let again = world.sign_up(ANN, "Another").await;
        assert_ne!(again.user, user);
        assert!(rows_of(&world, user).await.iter().any(|(table, _)| *table == "deletions"));
        world.run_jobs().await;
        assert_eq!(rows_of(&world, user).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_password_that_nobody_has_is_wrong() {
    let world = World::sqlite().await;
    let ann = world.sign_up(ANN, "Ann").await;
    let srp = types::InputCheckPasswordSrp { srp_id: 1, a: vec![1; 256], m1: vec![1; 32] };
    let request = functions::account::DeleteAccount { password: Some(srp.into()), ..delete() };
    assert_eq!(ann.try_call(request).await, Err(Fault::password_hash_invalid()));
    let empty = functions::account::DeleteAccount {
        password: Some(enums::InputCheckPasswordSrp::InputCheckPasswordEmpty),
        ..delete()
    };
    assert!(ann.call(empty).await);
}

#[tokio::test]
async fn an_account_that_nobody_uses_is_deleted_after_its_period() {
    const DAY: i64 = 86_400_000;
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        pair.ann_says("remember me").await;
        let ttl = types::AccountDaysTtl { days: 30 };
        pair.ann.call(functions::account::SetAccountTtl { ttl }).await;
        for _ in 0..29 {
            world.clock.advance_millis(DAY);
            state(&pair.bob).await;
            world.run_jobs().await;
        }
        assert!(!shown(&pair.bob, &pair.to_ann).await.deleted, "a day is left");
        world.clock.advance_millis(DAY + 60_000);
        state(&pair.bob).await;
        world.run_jobs().await;
        assert!(shown(&pair.bob, &pair.to_ann).await.deleted);
        assert_eq!(rows_of(&world, pair.ann.user).await, []);
        assert_eq!(texts(&pair.bob, &pair.to_ann).await, ["1 \"remember me\""]);
        assert!(!is_deleted(&world, domain::ids::SERVICE_USER).await, "the server's own account stays");
    })
    .await;
}

#[tokio::test]
async fn a_server_that_was_away_lets_people_come_back_first() {
    const DAY: i64 = 86_400_000;
    let world = World::sqlite().await;
    let pair = Pair::meet(&world).await;
    world.run_jobs().await;
    // Nobody could use it for a year.
    world.clock.advance_millis(365 * DAY);
    world.run_jobs().await;
    assert!(!is_deleted(&world, pair.ann.user).await);
    for _ in 0..29 {
        world.clock.advance_millis(DAY);
        world.run_jobs().await;
    }
    assert!(!is_deleted(&world, pair.ann.user).await);
    world.clock.advance_millis(2 * DAY);
    world.run_jobs().await;
    assert!(is_deleted(&world, pair.ann.user).await, "whoever has not come by then does not come");
}

#[tokio::test]
async fn an_old_backup_of_the_rows_does_not_bring_an_account_back() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let user = pair.ann.user;
        pair.ann_says("from before").await;
        // The data keys know that the account is gone, the rows do not.
        let shred = world.service.store.write(move |tx| tx.shred(store::Owner::User(user.0)));
        shred.await.unwrap();
        service::accounts::deletion::settle(&world.service).await.unwrap();
        assert_eq!(
            pair.ann.try_call(functions::updates::GetState {}).await.map(drop),
            Err(Fault::auth_key_unregistered())
        );
        assert!(shown(&pair.bob, &pair.to_ann).await.deleted);
        world.run_jobs().await;
        assert_eq!(rows_of(&world, user).await, []);
        assert_eq!(texts(&pair.bob, &pair.to_ann).await, ["1 \"from before\""]);
        let peer = Peer::User(user);
        let kept =
            world.service.store.read(move |tx| store::users::deleted(tx, UserId(0), 10)).await.unwrap();
        assert_eq!(kept.into_iter().map(Peer::User).collect::<Vec<_>>(), [peer]);
    })
    .await;
}

/// The deactivation page, as a browser at an address is shown it: status, and what it says.
async fn visit(world: &World, form: Option<String>, address: &str) -> (u16, String) {
    let pages = api::Pages::new(world.service.clone());
    assert!(pages.has("/deactivate") && !pages.has("/") && !pages.has("/deactivate/"));
    let request = PageRequest { form: form.map(String::into_bytes), address: address.parse().unwrap() };
    let page = pages.respond(request).await;
    (page.status, page.html)
}

/// The name that a page has for the code it asks for.
fn name_in(html: &str) -> String {
    let (_, rest) = html.split_once("value=\"").expect("a name");
    rest.split('"').next().expect("its end").to_owned()
}

/// The last code that the service account brought.
async fn deletion_code(device: &Device) -> Option<String> {
    let request = functions::messages::GetHistory {
        peer: types::InputPeerUser {
            user_id: domain::ids::SERVICE_USER.0,
            access_hash: updates::people::access_hash(
                device.world.service.store.vault(),
                device.user,
                domain::ids::SERVICE_USER,
            ),
        }
        .into(),
        limit: 10,
        ..Default::default()
    };
    messages_of(device.call(request).await).iter().map(message).find_map(|text| {
        let (_, rest) = text.split_once("Deletion code: ")?;
        Some(rest.split('.').next()?.to_owned())
    })
}

#[tokio::test]
async fn an_account_is_deleted_from_the_public_page_with_a_code_from_the_app() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        pair.ann_says("before").await;
        let (status, html) = visit(&world, None, "192.0.2.1").await;
        assert!(status == 200 && html.contains("name=\"phone\""), "{html}");
        let phone = format!("phone={}", ANN.replace('+', "%2B"));
        let (status, html) = visit(&world, Some(phone), "192.0.2.1").await;
        assert_eq!(status, 200);
        let name = name_in(&html);
        let code = deletion_code(&pair.ann).await.expect("the app shows a code");
        let with = |code: &str| Some(format!("id={name}&code={code}"));

        assert_eq!(visit(&world, with("wrong"), "192.0.2.1").await.0, 400);
        let of_another = Some(format!("id={}&code={code}", "0".repeat(32)));
        assert_eq!(visit(&world, of_another, "192.0.2.1").await.0, 400);
        assert!(!is_deleted(&world, pair.ann.user).await);
        // It is no code for signing in.
        let device = world.device().await;
        let sign_in = crate::kit::sign_in(ANN, &name, &code);
        assert_eq!(device.try_call(sign_in).await.map(drop), Err(Fault::phone_code_expired()));

        assert_eq!(visit(&world, with(&code.to_uppercase()), "192.0.2.1").await.0, 200);
        assert!(shown(&pair.bob, &pair.to_ann).await.deleted);
        let gone = Err(Fault::auth_key_unregistered());
        assert_eq!(pair.ann.try_call(functions::updates::GetState {}).await.map(drop), gone);
        assert_eq!(rows_of(&world, pair.ann.user).await, []);
        assert_eq!(visit(&world, with(&code), "192.0.2.1").await.0, 400, "once");
    })
    .await;
}

#[tokio::test]
async fn the_public_page_tells_nothing_of_numbers_and_bears_no_guessing() {
    let world = World::sqlite().await;
    let ann = world.sign_up(ANN, "Ann").await;
    let ask = async |phone: &str, address: &str| visit(&world, Some(format!("phone={phone}")), address).await;
    let same = |html: &str| html.replace(&name_in(html), "");
    let (status, known) = ask("15550100001", "192.0.2.1").await;
    let (other, unknown) = ask("15550100002", "192.0.2.1").await;
    assert_eq!((status, same(&known)), (other, same(&unknown)), "with an account and without");
    assert_eq!(ask("nothing", "192.0.2.1").await.0, 400);
    let marked = visit(&world, Some("id=%22%3E%3Cb%3E&code=1".to_owned()), "192.0.2.1").await.1;
    assert!(!marked.contains("\"><b>"), "nothing that was typed comes back");

    // Five tries for a code, whoever types it.
    let code = deletion_code(&ann).await.expect("a code");
    for number in 0..5 {
        let guess = Some(format!("id={}&code=guess{number}", name_in(&known)));
        assert_eq!(visit(&world, guess, &format!("192.0.2.{}", 10 + number)).await.0, 400);
    }
    let right = || Some(format!("id={}&code={code}", name_in(&known)));
    assert_eq!(visit(&world, right(), "192.0.2.20").await.0, 400, "too late");

    // Three codes a day for a number, twenty an hour for an address.
    for address in ["192.0.2.30", "192.0.2.31"] {
        assert_eq!(ask("15550100001", address).await.0, 200);
    }
    assert_eq!(ask("15550100001", "192.0.2.32").await.0, 429);
    let mut asked = 0;
    while ask(&format!("1555010{:04}", 100 + asked), "192.0.2.40").await.0 == 200 {
        asked += 1;
        assert!(asked < 30);
    }
    assert_eq!(asked, 20);
    let mut typed = 0;
    while visit(&world, right(), "192.0.2.50").await.0 == 400 {
        typed += 1;
        assert!(typed < 40);
    }
    assert_eq!(typed, 30);
    // A code goes stale.
    world.clock.advance_millis(2 * 86_400_000);
    let (_, html) = ask("15550100001", "192.0.2.60").await;
    let code = deletion_code(&ann).await.expect("a new code");
    world.clock.advance_millis(301_000);
    let late = Some(format!("id={}&code={code}", name_in(&html)));
    assert_eq!(visit(&world, late, "192.0.2.60").await.0, 400);
    assert!(!is_deleted(&world, ann.user).await);
}
