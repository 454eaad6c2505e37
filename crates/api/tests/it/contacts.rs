//! Whom a user knows: saved, found, forgotten, blocked.

use domain::Fault;
use domain::privacy::{Key, Rule};
use testkit::world::{Device, World};
use tl_api::{enums, functions, types};

use crate::kit::{self, ANN, BOB, CEM, Pair, allow, described, lines, state, updates_of};

fn import(lines: &[(&str, &str)]) -> functions::contacts::ImportContacts {
    let contacts = (0..).zip(lines).map(|(client_id, (phone, name))| types::InputPhoneContact {
        client_id,
        phone: (*phone).to_owned(),
        first_name: (*name).to_owned(),
        ..Default::default()
    });
    functions::contacts::ImportContacts { contacts: contacts.collect() }
}

fn add(id: &types::InputUser, first_name: &str, phone: &str) -> functions::contacts::AddContact {
    functions::contacts::AddContact {
        id: id.clone().into(),
        first_name: first_name.to_owned(),
        phone: phone.to_owned(),
        ..Default::default()
    }
}

async fn contacts(device: &Device) -> (Vec<(i64, bool)>, i32) {
    match device.call(functions::contacts::GetContacts { hash: 0 }).await {
        enums::contacts::Contacts::Contacts(list) => {
            let contacts: Vec<_> =
                list.contacts.iter().map(|contact| (contact.user_id, contact.mutual)).collect();
            let users = list.users.iter().map(|user| match user {
                enums::User::User(user) => user.id,
                enums::User::Empty(user) => user.id,
            });
            let ids = contacts.iter().map(|(id, _)| *id);
            assert_eq!(users.collect::<Vec<_>>(), ids.collect::<Vec<_>>(), "clients list the users");
            (contacts, list.saved_count)
        }
        enums::contacts::Contacts::NotModified => panic!("without a hash there is always a list"),
    }
}

fn names(user: &types::User) -> (Option<&str>, Option<&str>) {
    (user.first_name.as_deref(), user.phone.as_deref())
}

#[tokio::test]
async fn imported_people_go_by_the_owners_name_for_them() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let tablet = world.sign_in(ANN).await;
        let bob = world.sign_up(BOB, "Bob").await;
        for device in [&ann, &tablet, &bob] {
            state(device).await;
            device.pushed().await;
        }
        let book = import(&[
            (BOB, "Robert"),
            ("no number", "Nobody"),
            (CEM, "Later"),
            (ANN, "Myself"),
            ("+1 (555) 010-0002", "Bobby"),
        ]);
        let answer = ann.call(book.clone()).await;
        let found: Vec<_> = answer.imported.iter().map(|one| (one.client_id, one.user_id)).collect();
        assert_eq!(found, [(0, bob.user.0), (4, bob.user.0)]);
        let seen = described(&answer.users, bob.user);
        assert_eq!(names(&seen), (Some("Bobby"), Some("15550100002")), "one number is one contact");
        assert!(seen.contact && !seen.mutual_contact);
        let (list, saved) = contacts(&ann).await;
        assert_eq!((list, saved), (vec![(bob.user.0, false)], 2), "and a number that waits");
        assert_eq!(lines(&ann.pushed().await), [""; 0]);
        assert_eq!(lines(&tablet.pushed().await), [format!("settings of {}", bob.user.0)]);
        assert_eq!(lines(&bob.pushed().await), [""; 0], "Bob does not know Ann");

        // The second time there is nothing new.
        ann.call(import(&[("+1 (555) 010-0002", "Bobby"), (CEM, "Later")])).await;
        assert_eq!(lines(&tablet.pushed().await), [""; 0]);

        // Bob sees his own name, and Ann by his.
        let answer = bob.call(import(&[(ANN, "Anna")])).await;
        let seen = described(&answer.users, ann.user);
        assert_eq!(seen.first_name.as_deref(), Some("Anna"));
        assert!(seen.contact && seen.mutual_contact);
        assert_eq!(answer.users.len(), 1);
        let me = functions::users::GetUsers { id: vec![enums::InputUser::UserSelf] };
        assert_eq!(described(&bob.call(me).await, bob.user).first_name.as_deref(), Some("Bob"));
        assert_eq!(lines(&ann.pushed().await), [format!("user {}", bob.user.0)], "now it is mutual");
        assert_eq!(contacts(&ann).await.0, [(bob.user.0, true)]);
    })
    .await;
}

#[tokio::test]
async fn a_waiting_number_becomes_a_contact_when_it_registers() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        ann.call(import(&[(CEM, "Cem from work")])).await;
        state(&ann).await;
        ann.pushed().await;
        let cem = world.sign_up(CEM, "Cem").await;
        let pushed = ann.pushed_whole().await;
        let users: Vec<_> = pushed.iter().flat_map(|updates| updates.users.clone()).collect();
        assert_eq!(described(&users, cem.user).first_name.as_deref(), Some("Cem from work"));
        let told: Vec<_> = pushed.iter().flat_map(|updates| lines(&updates.updates)).collect();
        assert!(told.len() == 1 && told[0].starts_with("new "), "{told:?}");
        assert_eq!(contacts(&ann).await, (vec![(cem.user.0, false)], 1));
        let again = ann.call(import(&[(CEM, "Cem from work")])).await;
        assert_eq!(again.imported.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn nobody_is_found_by_a_number_who_does_not_want_to_be() {
    World::each(|world| async move {
        let ann = world.sign_up(ANN, "Ann").await;
        let bob = world.sign_up(BOB, "Bob").await;
        let resolve = functions::contacts::ResolvePhone { phone: BOB.to_owned() };
        assert_eq!(ann.call(resolve.clone()).await.users.len(), 1);
        allow(&bob, Key::AddedByPhone, vec![Rule::AllowContacts]).await;
        assert_eq!(ann.try_call(resolve.clone()).await, Err(Fault::phone_not_occupied()));
        assert_eq!(ann.call(import(&[(BOB, "Bob")])).await.imported, []);
        // Adding by id with a guessed number confirms no number either.
        let id = types::InputUser { user_id: bob.user.0, access_hash: hash_for(&ann, &bob).await };
        let answer = kit::whole(ann.call(add(&id, "Bob", BOB)).await);
        assert_eq!(described(&answer.users, bob.user).phone, None);
        // Whom Bob knows may.
        bob.call(import(&[(ANN, "Ann")])).await;
        assert_eq!(ann.call(resolve).await.peer, types::PeerUser { user_id: bob.user.0 }.into());
        assert_eq!(ann.call(import(&[(BOB, "Bob")])).await.imported.len(), 1);
        for (phone, fault) in
            [("+15550109999", Fault::phone_not_occupied()), ("nonsense", Fault::phone_not_occupied())]
        {
            let request = functions::contacts::ResolvePhone { phone: phone.to_owned() };
            assert_eq!(ann.try_call(request).await, Err(fault));
        }
    })
    .await;
}

/// The access hash by which `viewer` may address `other`, as an earlier meeting would have left it.
async fn hash_for(viewer: &Device, other: &Device) -> i64 {
    let (me, them) = (viewer.user, other.user);
    let store = &viewer.world.service.store;
    store
        .read(move |tx| Ok::<_, store::StoreError>(updates::people::access_hash(tx, me, them)))
        .await
        .unwrap()
}

#[tokio::test]
async fn adding_and_deleting_contacts() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let cem = world.sign_up(CEM, "Cem").await;
        let id = types::InputUser { user_id: cem.user.0, access_hash: hash_for(&pair.ann, &cem).await };
        for (request, fault) in [
            (add(&id, " ", ""), Fault::contact_name_empty()),
            (add(&types::InputUser { access_hash: 1, ..id.clone() }, "x", ""), Fault::contact_id_invalid()),
        ] {
            assert_eq!(pair.ann.try_call(request).await, Err(fault));
        }
        let mut own = add(&id, "Me", "");
        own.id = enums::InputUser::UserSelf;
        assert_eq!(pair.ann.try_call(own).await, Err(Fault::contact_id_invalid()));

        let answer = kit::whole(pair.ann.call(add(&id, "Dr. Cem", "")).await);
        assert_eq!(lines(&answer.updates), [format!("settings of {}", cem.user.0)]);
        let enums::User::User(first) = &answer.users[0] else { panic!() };
        assert_eq!(
            (first.id, names(first)),
            (cem.user.0, (Some("Dr. Cem"), None)),
            "the contact comes first"
        );
        assert!(first.contact);
        assert_eq!(pair.heard().await[1], lines(&answer.updates));

        // The number comes later, and there is still one contact.
        let answer = kit::whole(pair.ann.call(add(&id, "Cem", CEM)).await);
        assert_eq!(names(&described(&answer.users, cem.user)), (Some("Cem"), Some("15550100003")));
        assert_eq!(contacts(&pair.ann).await.1, 2);

        let delete = functions::contacts::DeleteContacts { id: vec![id.clone().into()] };
        let answer = kit::whole(pair.ann.call(delete.clone()).await);
        assert_eq!(answer.updates.len(), 1);
        let enums::User::User(first) = &answer.users[0] else { panic!() };
        assert_eq!((first.id, first.contact, names(first)), (cem.user.0, false, (Some("Cem"), None)));
        assert_eq!(pair.heard().await[1].len(), 2, "the second addition and the deletion");
        assert_eq!(updates_of(&pair.ann, delete).await, [], "there is nothing left to delete");
        assert_eq!(contacts(&pair.ann).await.1, 1);
    })
    .await;
}

#[tokio::test]
async fn sharing_ones_number_with_a_contact() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        allow(&pair.ann, Key::PhoneNumber, vec![Rule::DisallowAll]).await;
        let bob = pair.ann.input_user(&pair.bob).await;
        let settings = functions::messages::GetPeerSettings { peer: pair.to_bob.clone() };
        assert!(pair.ann.call(settings.clone()).await.settings.share_contact);
        pair.settle().await;
        let accept = functions::contacts::AcceptContact { id: bob.clone().into() };
        let answer = updates_of(&pair.ann, accept.clone()).await;
        assert_eq!(lines(&answer), [format!("settings of {}", pair.bob.user.0)]);
        assert!(!pair.ann.call(settings).await.settings.share_contact);
        let heard = pair.heard().await;
        assert_eq!((heard[1].len(), &heard[2]), (2, &vec![format!("user {}", pair.ann.user.0)]));
        assert_eq!(pair.ann.try_call(accept).await, Err(Fault::contact_req_missing()));

        // Once as a wish that comes with the addition, by somebody who forgot the contact first.
        let delete = functions::contacts::DeleteContacts { id: vec![bob.clone().into()] };
        pair.ann.call(delete).await;
        let cem = world.sign_up(CEM, "Cem").await;
        let id = types::InputUser { user_id: cem.user.0, access_hash: hash_for(&pair.ann, &cem).await };
        let ann = types::InputUser { user_id: pair.ann.user.0, access_hash: hash_for(&cem, &pair.ann).await };
        let number = async || {
            let users = cem.call(functions::users::GetUsers { id: vec![ann.clone().into()] }).await;
            described(&users, pair.ann.user).phone
        };
        updates_of(&pair.ann, add(&id, "Cem", "")).await;
        assert_eq!(number().await, None);
        let share =
            functions::contacts::AddContact { add_phone_privacy_exception: true, ..add(&id, "Cem", "") };
        updates_of(&pair.ann, share).await;
        assert_eq!(number().await.as_deref(), Some("15550100001"));
    })
    .await;
}

#[tokio::test]
async fn synchronised_contacts_can_be_taken_off_the_server() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let book = [("+15550107001", "One"), ("+15550107002", "Two"), (BOB, "Bob")];
        pair.ann.call(import(&book)).await;
        let saved = pair.ann.call(functions::contacts::GetSaved {}).await;
        let mut kept: Vec<_> = saved.iter().map(|entry| entry.phone.as_str()).collect();
        kept.sort_unstable();
        assert_eq!(kept, ["15550100002", "15550107001", "15550107002"]);
        pair.settle().await;
        let phones = vec!["+1 555 010 7001".to_owned(), "+15550109998".to_owned(), "?".to_owned()];
        assert!(pair.ann.call(functions::contacts::DeleteByPhones { phones }).await);
        assert_eq!(contacts(&pair.ann).await, (vec![(pair.bob.user.0, true)], 2));
        assert!(pair.ann.call(functions::contacts::ResetSaved {}).await);
        assert_eq!(contacts(&pair.ann).await.1, 1, "only what has an account is left");
        assert_eq!(pair.heard().await[1], [""; 0]);
        let phones = vec![BOB.to_owned()];
        assert!(pair.ann.call(functions::contacts::DeleteByPhones { phones }).await);
        assert_eq!(pair.heard().await[1], [format!("settings of {}", pair.bob.user.0)]);
        assert_eq!(pair.ann.call(functions::contacts::GetSaved {}).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_list_that_the_client_has_is_not_sent_again() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        pair.ann.call(import(&[(CEM, "Waits")])).await;
        let numbers = [2, pair.bob.user.0];
        let hash = updates::offsets::list_hash(numbers);
        let same = pair.ann.call(functions::contacts::GetContacts { hash }).await;
        assert_eq!(same, enums::contacts::Contacts::NotModified);
        let other = pair.ann.call(functions::contacts::GetContacts { hash: hash + 1 }).await;
        assert!(matches!(other, enums::contacts::Contacts::Contacts(_)));
        let statuses = pair.ann.call(functions::contacts::GetStatuses {}).await;
        assert_eq!(statuses.iter().map(|one| one.user_id).collect::<Vec<_>>(), [pair.bob.user.0]);
    })
    .await;
}

#[tokio::test]
async fn many_changes_are_told_as_one() {
    let world = World::sqlite().await;
    let ann = world.sign_up(ANN, "Ann").await;
    let tablet = world.sign_in(ANN).await;
    let mut book = Vec::new();
    for number in 0..21 {
        let phone = format!("+155501002{number:02}");
        world.sign_up(&phone, "P").await;
        book.push(phone);
    }
    state(&tablet).await;
    tablet.pushed().await;
    let book: Vec<_> = book.iter().map(|phone| (phone.as_str(), "P")).collect();
    assert_eq!(ann.call(import(&book)).await.imported.len(), 21);
    assert_eq!(lines(&tablet.pushed().await), ["contacts reset"]);
}

#[tokio::test]
async fn people_are_found_by_name() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let cem = world.sign_up(CEM, "Cemal Öz").await;
        name(&pair.bob, "bobby_b").await;
        name(&cem, "cemal").await;
        kit::say(&cem, &cem.input_peer(&pair.ann).await, "hi").await;
        let ask = |q: &str| functions::contacts::Search { q: q.to_owned(), limit: 10, ..Default::default() };
        let ids = |peers: &[enums::Peer]| peers.iter().map(kit::peer).collect::<Vec<_>>();
        let (bob, cem) = (pair.bob.user.0.to_string(), cem.user.0.to_string());
        for (query, known, others) in [
            ("sav", vec![&bob], Vec::<&String>::new()),
            ("@bobby_b", vec![&bob], vec![]),
            ("bob", vec![&bob], vec![]),
            ("cemal oz", vec![&cem], vec![]),
            ("@CEMAL", vec![&cem], vec![]),
            ("nobody", vec![], vec![]),
        ] {
            let found = pair.ann.call(ask(query)).await;
            assert_eq!(ids(&found.my_results).iter().collect::<Vec<_>>(), known, "{query}");
            assert_eq!(ids(&found.results).iter().collect::<Vec<_>>(), others, "{query}");
        }
        let stranger = pair.bob.call(ask("cemal")).await;
        assert_eq!((ids(&stranger.my_results).len(), ids(&stranger.results)), (0, vec![cem.clone()]));
        assert_eq!(stranger.users.len(), 1, "clients take these for the people found");
        assert_eq!(ids(&pair.bob.call(ask("cem")).await.results), [""; 0], "not by a part of the name");
        assert_eq!(pair.ann.try_call(ask(" @ ")).await, Err(Fault::search_query_empty()));

        let resolve = |username: &str| functions::contacts::ResolveUsername {
            username: username.to_owned(),
            ..Default::default()
        };
        for username in ["cemal", "CeMaL", "@cemal"] {
            let found = pair.bob.call(resolve(username)).await;
            assert_eq!((kit::peer(&found.peer), found.users.len()), (cem.clone(), 1));
        }
        for (username, fault) in [
            ("nobody_at_all", Fault::username_not_occupied()),
            ("", Fault::username_invalid()),
            ("a b", Fault::username_invalid()),
        ] {
            assert_eq!(pair.bob.try_call(resolve(username)).await, Err(fault), "{username:?}");
        }
    })
    .await;
}

/// Gives somebody a username.
async fn name(device: &Device, username: &str) {
    let (user, username) = (device.user, username.to_owned());
    device
        .world
        .service
        .store
        .write(move |tx| {
            let mut profile = store::users::get(tx, user)?.expect("an account").profile;
            profile.username = username;
            store::users::set_profile(tx, user, &profile)
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn whoever_is_blocked_cannot_write_or_watch() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let sent = pair.ann_says("before").await;
        pair.settle().await;
        let bob = pair.bob.user.0;
        let block = functions::contacts::Block { id: pair.to_bob.clone(), ..Default::default() };
        for told in [1, 0] {
            assert!(pair.ann.call(block.clone()).await);
            let heard = pair.heard().await;
            assert_eq!((heard[0].len(), heard[1].len(), heard[2].len()), (0, told, 0), "{heard:?}");
        }
        let send = |to: &enums::InputPeer| functions::messages::SendMessage {
            peer: to.clone(),
            message: "hello?".to_owned(),
            random_id: kit::random_id(),
            ..Default::default()
        };
        assert_eq!(pair.bob.try_call(send(&pair.to_ann)).await, Err(Fault::user_is_blocked()));
        assert_eq!(pair.ann.try_call(send(&pair.to_bob)).await, Err(Fault::you_blocked_user()));
        let typing = functions::messages::SetTyping { peer: pair.to_ann.clone(), ..Default::default() };
        assert_eq!(pair.bob.try_call(typing).await, Err(Fault::user_is_blocked()));
        let statuses = pair.bob.call(functions::contacts::GetStatuses {}).await;
        assert_eq!(statuses[0].status, enums::UserStatus::Empty);
        let edit = functions::messages::EditMessage {
            peer: pair.to_bob.clone(),
            id: sent,
            message: Some("after".to_owned()),
            ..Default::default()
        };
        assert!(pair.ann.try_call(edit).await.is_ok(), "it was Ann who blocked");

        let ask = |offset, limit| functions::contacts::GetBlocked { offset, limit, ..Default::default() };
        let enums::contacts::Blocked::Blocked(list) = pair.ann.call(ask(0, 10)).await else { panic!() };
        assert_eq!((kit::peer(&list.blocked[0].peer_id), list.users.len()), (bob.to_string(), 1));
        let enums::contacts::Blocked::Slice(past) = pair.ann.call(ask(1, 10)).await else { panic!() };
        assert_eq!((past.blocked.len(), past.count), (0, 1), "pages end");
        assert_eq!(pair.ann.try_call(ask(0, -1)).await, Err(Fault::limit_invalid()));

        let unblock = functions::contacts::Unblock { id: pair.to_bob.clone(), ..Default::default() };
        for told in [1, 0] {
            assert!(pair.ann.call(unblock.clone()).await);
            let heard = pair.heard().await;
            assert!(
                heard[1].iter().filter(|line| line.contains("blocked false")).count() == told,
                "{heard:?}"
            );
        }
        assert!(pair.bob.try_call(send(&pair.to_ann)).await.is_ok());
        let own = functions::contacts::Block { id: enums::InputPeer::PeerSelf, ..Default::default() };
        assert_eq!(pair.ann.try_call(own).await, Err(Fault::contact_id_invalid()));
    })
    .await;
}

#[tokio::test]
async fn a_whole_list_of_blocked_people_is_replaced() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let cem = world.sign_up(CEM, "Cem").await;
        let to_cem = pair.ann.input_peer(&cem).await;
        pair.settle().await;
        for (peers, limit, told, left) in [
            (vec![&pair.to_bob], 0, 1, 1),
            (vec![&pair.to_bob, &to_cem], 0, 1, 2),
            (vec![&to_cem], 0, 1, 1),
            (vec![], 0, 1, 0),
        ] {
            let id = peers.into_iter().cloned().collect();
            let request = functions::contacts::SetBlocked { id, limit, ..Default::default() };
            assert!(pair.ann.call(request).await);
            assert_eq!(pair.heard().await[1].len(), told);
            let ask = functions::contacts::GetBlocked { limit: 100, ..Default::default() };
            let enums::contacts::Blocked::Blocked(list) = pair.ann.call(ask).await else { panic!() };
            assert_eq!(list.blocked.len(), left);
        }
    })
    .await;
}

#[tokio::test]
async fn lines_that_are_refused_cost_nothing() {
    let world = World::sqlite().await;
    let ann = world.sign_up(ANN, "Ann").await;
    let line = types::InputPhoneContact { phone: "no number".to_owned(), ..Default::default() };
    let book = functions::contacts::ImportContacts { contacts: vec![line; 1900] };
    for _ in 0..5 {
        assert_eq!(ann.call(book.clone()).await.retry_contacts.len(), 900);
    }
    let refused = ann.try_call(book).await;
    assert!(matches!(&refused, Err(fault) if fault.code == 420), "{refused:?}");
}

#[tokio::test]
async fn an_import_keeps_the_number_and_the_names_alone() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let bob = pair.ann.input_user(&pair.bob).await;
        let note = |text: &str| types::TextWithEntities { text: text.to_owned(), ..Default::default() };
        let line = |name: &str| types::InputPhoneContact {
            phone: BOB.to_owned(),
            first_name: name.to_owned(),
            note: Some(note("from the phone book")),
            ..Default::default()
        };
        let kept = async || {
            let request = functions::users::GetFullUser { id: bob.clone().into() };
            pair.ann.call(request).await.full_user.note.map(|note| note.text)
        };
        let import = functions::contacts::ImportContacts { contacts: vec![line("Robert")] };
        pair.ann.call(import).await;
        assert_eq!(kept().await, None);
        let written = functions::contacts::UpdateContactNote { id: bob.clone().into(), note: note("by Ann") };
        pair.ann.call(written).await;
        let import = functions::contacts::ImportContacts { contacts: vec![line("Bobby")] };
        pair.ann.call(import).await;
        assert_eq!(kept().await.as_deref(), Some("by Ann"), "what was written here stays");
    })
    .await;
}

#[tokio::test]
async fn a_search_gives_no_more_than_was_asked_for() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let book: Vec<String> = (0..5).map(|number| format!("+1555010100{number}")).collect();
        for phone in &book {
            world.sign_up(phone, "Same").await;
        }
        let book: Vec<_> = book.iter().map(|phone| (phone.as_str(), "Same Name")).collect();
        pair.ann.call(import(&book)).await;
        for (limit, expected) in [(0, 0), (2, 2), (100, 5)] {
            let request = functions::contacts::Search { q: "same".to_owned(), limit, ..Default::default() };
            assert_eq!(pair.ann.call(request).await.my_results.len(), expected);
        }
    })
    .await;
}

#[tokio::test]
async fn ratings_are_switched_off_and_on() {
    World::each(|world| async move {
        let pair = Pair::meet(&world).await;
        let ask = functions::contacts::GetTopPeers { correspondents: true, limit: 5, ..Default::default() };
        let is_off =
            async |device: &Device| device.call(ask.clone()).await == enums::contacts::TopPeers::Disabled;
        assert!(!is_off(&pair.ann).await);
        for enabled in [false, true] {
            assert!(pair.ann.call(functions::contacts::ToggleTopPeers { enabled }).await);
            assert_eq!(is_off(&pair.tablet).await, !enabled);
        }
        let reset =
            functions::contacts::ResetTopPeerRating { peer: pair.to_bob.clone(), ..Default::default() };
        assert!(pair.ann.call(reset).await);
    })
    .await;
}
