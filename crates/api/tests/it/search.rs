//! Finding messages.

use std::sync::Arc;

use domain::Fault;
use service::jobs;
use service::search::index;
use testkit::world::{BEGINNING, Device, World};
use tl_api::{enums, functions, types};

use crate::mirror::{id, listed, send, words};

async fn run_job(world: &Arc<World>) {
    jobs::search_index::run(world.service.clone()).await.expect("the job runs");
}

fn in_dialog(peer: &enums::InputPeer, q: &str) -> functions::messages::Search {
    functions::messages::Search { peer: peer.clone(), q: q.to_owned(), limit: 100, ..Default::default() }
}

fn everywhere(q: &str, limit: i32) -> functions::messages::SearchGlobal {
    functions::messages::SearchGlobal { q: q.to_owned(), limit, ..Default::default() }
}

async fn found(device: &Device, request: functions::messages::Search) -> Vec<String> {
    listed(device.call(request).await).0.iter().map(words).collect()
}

async fn found_everywhere(device: &Device, q: &str) -> Vec<String> {
    listed(device.call(everywhere(q, 100)).await).0.iter().map(words).collect()
}

#[tokio::test]
async fn words_are_found_on_both_sides_and_nowhere_else() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let cleo = world.sign_up("+15550100003", "Cleo").await;
        let (to_bob, to_cleo) = (ann.input_peer(&bob).await, ann.input_peer(&cleo).await);
        send(&ann, &to_bob, "Der Kater schläft").await;
        send(&ann, &to_bob, "ein Kätzchen auf dem Sofa").await;
        send(&bob, &bob.input_peer(&ann).await, "der Hund auch").await;
        send(&ann, &to_cleo, "kein Kater hier").await;

        for (q, expected) in [
            ("kater", vec!["Der Kater schläft"]),
            ("KAT", vec!["ein Kätzchen auf dem Sofa", "Der Kater schläft"]),
            ("schlaf", vec!["Der Kater schläft"]),
            ("der ka", vec!["Der Kater schläft"]),
            ("der", vec!["der Hund auch", "Der Kater schläft"]),
            ("kat ", vec![]),
            ("ater", vec![]),
            ("maus", vec![]),
            ("?!", vec![]),
        ] {
            assert_eq!(found(&ann, in_dialog(&to_bob, q)).await, expected, "{q}");
            assert_eq!(found(&bob, in_dialog(&bob.input_peer(&ann).await, q)).await, expected, "{q}");
        }
        assert_eq!(found_everywhere(&ann, "kater").await, ["kein Kater hier", "Der Kater schläft"]);
        assert_eq!(found(&ann, in_dialog(&enums::InputPeer::Empty, "kater")).await.len(), 2);
        assert_eq!(found_everywhere(&bob, "kater").await, ["Der Kater schläft"]);
        assert_eq!(found_everywhere(&cleo, "kater").await, ["kein Kater hier"]);
        assert_eq!(found_everywhere(&cleo, "sofa").await, Vec::<String>::new());
    })
    .await;
}

/// What the packs say is what the messages say, from one change to the next.
#[tokio::test]
async fn packs_find_what_opening_every_message_finds() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let cleo = world.sign_up("+15550100003", "Cleo").await;
        let (to_bob, to_cleo) = (ann.input_peer(&bob).await, ann.input_peer(&cleo).await);
        let mut numbers = Vec::new();
        for number in 0..560 {
            let fruit = ["apple", "apricot", "banana", "see example.com"][number % 4];
            let peer = if number % 40 == 7 { &to_cleo } else { &to_bob };
            numbers.push(send(&ann, peer, &format!("{fruit} no. n{number}")).await);
            if number % 500 == 499 {
                world.clock.advance_millis(60_000);
            }
        }
        let packs = || async {
            let owner = ann.user;
            world.service.store.read(move |tx| store::words::packs(tx, owner)).await.unwrap()
        };
        let everything = || async {
            let mut all = Vec::new();
            for q in ["ap", "apple ", "banana no", "n55", "n7 ", "lemon", "see"] {
                let (messages, count) = listed(ann.call(everywhere(q, 100)).await);
                all.push((count, messages.iter().map(words).collect::<Vec<_>>()));
                for peer in [&to_bob, &to_cleo] {
                    let (messages, count) = listed(ann.call(in_dialog(peer, q)).await);
                    all.push((count, messages.iter().map(words).collect()));
                }
            }
            let filter = enums::MessagesFilter::InputMessagesFilterUrl;
            let request = functions::messages::Search { filter, ..in_dialog(&to_bob, "") };
            let (messages, count) = listed(ann.call(request).await);
            all.push((count, messages.iter().map(words).collect()));
            world.clock.advance_millis(60_000);
            all
        };
        let opened = everything().await;
        assert_eq!((opened[0].0, opened[6].0, opened[15].0), (280, 140, 0));
        assert!(packs().await.is_empty());
        run_job(&world).await;
        assert_eq!(packs().await, [1, 0]);
        assert_eq!(everything().await, opened);

        // One that is edited is found by its new words at once, and by none of the old ones.
        let edit = functions::messages::EditMessage {
            peer: to_bob.clone(),
            id: numbers[20],
            message: Some("lemon".to_owned()),
            ..Default::default()
        };
        ann.call(edit).await;
        assert_eq!(packs().await, [1], "the words of before are gone");
        assert_eq!(found_everywhere(&ann, "lemon").await, ["lemon"]);
        assert!(found(&ann, in_dialog(&to_bob, "n20 ")).await.is_empty());
        let (owner, gone) = (ann.user, numbers[300]);
        let erase = move |tx: &mut store::Tx<'_>| service::messages::erase::erase(tx, owner, &[gone], None);
        world.service.store.write(erase).await.unwrap();
        assert!(packs().await.is_empty());
        assert!(found(&ann, in_dialog(&to_bob, "n300")).await.is_empty());
        let opened = everything().await;
        run_job(&world).await;
        assert_eq!(packs().await, [1, 0]);
        assert_eq!(everything().await, opened);
        assert_eq!(found(&bob, in_dialog(&bob.input_peer(&ann).await, "n300")).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_pack_is_not_kept_when_its_messages_changed_meanwhile() {
    let world = World::sqlite().await;
    let ann = world.sign_up("+15550100001", "Ann").await;
    let owner = ann.user;
    let mut last = 0;
    for number in 0..260 {
        last = send(&ann, &enums::InputPeer::PeerSelf, &format!("n{number}")).await;
    }
    let store = &world.service.store;
    let draft = || store.read(move |tx| index::draft(tx, owner, 0));
    let (before, after_more) = (draft().await.unwrap(), draft().await.unwrap());
    send(&ann, &enums::InputPeer::PeerSelf, "more").await;
    assert!(store.write(move |tx| index::keep(tx, &after_more)).await.unwrap(), "new messages do not matter");
    let erase = move |tx: &mut store::Tx<'_>| service::messages::erase::erase(tx, owner, &[last - 100], None);
    store.write(erase).await.unwrap();
    assert!(!store.write(move |tx| index::keep(tx, &before)).await.unwrap());
    let packs = move |tx: &mut store::Tx<'_>| store::words::packs(tx, owner);
    assert!(store.read(packs).await.unwrap().is_empty());
}

/// A server that starts has heard no hints: it looks through the boxes.
#[tokio::test]
async fn boxes_that_are_behind_are_found_after_a_restart() {
    let world = World::sqlite().await;
    let ann = world.sign_up("+15550100001", "Ann").await;
    let bob = world.sign_up("+15550100002", "Bob").await;
    let to_bob = ann.input_peer(&bob).await;
    for number in 0..256 {
        send(&ann, &to_bob, &format!("n{number}")).await;
    }
    let behind = || world.service.store.read(|tx| store::words::behind(tx, domain::UserId(0), 10));
    let both = [ann.user.min(bob.user), ann.user.max(bob.user)];
    assert_eq!(behind().await.unwrap(), both);
    run_job(&world).await;
    assert!(behind().await.unwrap().is_empty());
}

#[tokio::test]
async fn pages_are_whole_however_clients_page() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let (to_bob, to_ann) = (ann.input_peer(&bob).await, bob.input_peer(&ann).await);
        let mut expected = Vec::new();
        for number in 0..25 {
            let text = format!("plum {number}");
            let (device, peer) = if number % 3 == 0 { (&bob, &to_ann) } else { (&ann, &to_bob) };
            send(device, peer, &text).await;
            send(&ann, &to_bob, "something else").await;
            expected.insert(0, text);
            if number % 2 == 0 {
                world.clock.advance_millis(1000);
            }
        }
        run_job(&world).await;
        let page = |change: &dyn Fn(&mut functions::messages::Search)| {
            let mut request = in_dialog(&to_bob, "plum");
            request.limit = 7;
            change(&mut request);
            request
        };

        let (messages, count) = listed(ann.call(page(&|r| r.limit = 0)).await);
        assert_eq!((messages.len(), count), (0, 25), "totals alone");

        // By offset_id; with the date beside it; by add_offset.
        for dated in [false, true] {
            let mut all = Vec::new();
            let (mut offset, mut date) = (0, 0);
            loop {
                let request = page(&|r| {
                    r.offset_id = offset;
                    r.max_date = if dated { date } else { 0 };
                });
                let (messages, _) = listed(ann.call(request).await);
                let Some(enums::Message::Message(last)) = messages.last() else { break };
                (offset, date) = (last.id, last.date);
                all.extend(messages.iter().map(words));
            }
            assert_eq!(all, expected, "dated: {dated}");
        }
        let mut all = Vec::new();
        loop {
            let skip = i32::try_from(all.len()).unwrap();
            let (messages, count) = listed(ann.call(page(&|r| r.add_offset = skip)).await);
            assert_eq!(count, if skip == 0 || !messages.is_empty() { 25 } else { count });
            if messages.is_empty() {
                break;
            }
            all.extend(messages.iter().map(words));
        }
        assert_eq!(all, expected, "by add_offset");

        // Everywhere, by the rate of the last page and its last message.
        let mut all = Vec::new();
        let (mut rate, mut offset) = (0, 0);
        loop {
            let request = functions::messages::SearchGlobal {
                offset_rate: rate,
                offset_id: offset,
                ..everywhere("plum", 7)
            };
            let answer = ann.call(request).await;
            let next_rate = match &answer {
                enums::messages::Messages::Slice(slice) => slice.next_rate,
                _ => None,
            };
            let (messages, _) = listed(answer);
            let Some(enums::Message::Message(last)) = messages.last() else { break };
            assert_eq!(next_rate, Some(last.date));
            (rate, offset) = (last.date, last.id);
            all.extend(messages.iter().map(words));
        }
        assert_eq!(all, expected, "everywhere");
    })
    .await;
}

#[tokio::test]
async fn authors_dates_and_kinds_narrow_down() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let (to_bob, to_ann) = (ann.input_peer(&bob).await, bob.input_peer(&ann).await);
        let mut ids = Vec::new();
        for (device, peer, text) in [
            (&ann, &to_bob, "one pear"),
            (&bob, &to_ann, "two pears, see example.com"),
            (&ann, &to_bob, "three"),
            (&bob, &to_ann, "four pears"),
        ] {
            send(device, peer, text).await;
            ids.push(());
            world.clock.advance_millis(10_000);
        }
        run_job(&world).await;
        let at = |secs: i32| BEGINNING.wire() + secs;
        let search = |change: &dyn Fn(&mut functions::messages::Search)| {
            let mut request = in_dialog(&to_bob, "");
            change(&mut request);
            request
        };
        let url = enums::MessagesFilter::InputMessagesFilterUrl;
        let pinned = enums::MessagesFilter::InputMessagesFilterPinned;
        let photos = enums::MessagesFilter::InputMessagesFilterPhotos;
        let me = enums::InputPeer::PeerSelf;
        let cases: Vec<(&str, functions::messages::Search, Vec<&str>)> = vec![
            ("all", search(&|_| {}), vec!["four pears", "three", "two pears, see example.com", "one pear"]),
            ("mine", search(&|r| r.from_id = Some(me.clone())), vec!["three", "one pear"]),
            (
                "theirs",
                search(&|r| r.from_id = Some(to_bob.clone())),
                vec!["four pears", "two pears, see example.com"],
            ),
            (
                "their pears",
                search(&|r| {
                    r.q = "pear".into();
                    r.from_id = Some(to_bob.clone());
                }),
                vec!["four pears", "two pears, see example.com"],
            ),
            (
                "my pears",
                search(&|r| {
                    r.q = "pear".into();
                    r.from_id = Some(me.clone());
                }),
                vec!["one pear"],
            ),
            ("after a date", search(&|r| r.min_date = at(10)), vec!["four pears", "three"]),
            (
                "until a date",
                search(&|r| r.max_date = at(10)),
                vec!["two pears, see example.com", "one pear"],
            ),
            (
                "pears between",
                search(&|r| {
                    r.q = "pears".into();
                    r.min_date = at(5);
                    r.max_date = at(25);
                }),
                vec!["two pears, see example.com"],
            ),
            ("links", search(&|r| r.filter = url.clone()), vec!["two pears, see example.com"]),
            (
                "links with a word",
                search(&|r| {
                    r.filter = url.clone();
                    r.q = "pears".into();
                }),
                vec!["two pears, see example.com"],
            ),
            (
                "links without it",
                search(&|r| {
                    r.filter = url.clone();
                    r.q = "three".into();
                }),
                vec![],
            ),
            ("pinned", search(&|r| r.filter = pinned.clone()), vec![]),
            (
                "photos",
                search(&|r| {
                    r.filter = photos.clone();
                    r.q = "pear".into();
                }),
                vec![],
            ),
        ];
        for (name, request, expected) in cases {
            assert_eq!(found(&ann, request).await, expected, "{name}");
        }
        let counters = functions::messages::GetSearchCounters {
            peer: to_bob.clone(),
            filters: vec![url, pinned, photos, enums::MessagesFilter::InputMessagesFilterEmpty],
            ..Default::default()
        };
        let counts: Vec<i32> = ann.call(counters).await.iter().map(|counter| counter.count).collect();
        assert_eq!(counts, [1, 0, 0, 4]);

        let all = listed(ann.call(search(&|_| {})).await).0;
        let (newest, oldest) = (id(&all[0]), id(&all[3]));
        let between = search(&|r| {
            r.q = "pears".into();
            r.max_id = newest;
            r.min_id = oldest;
        });
        assert_eq!(found(&ann, between).await, ["two pears, see example.com"]);
    })
    .await;
}

#[tokio::test]
async fn edits_change_what_is_found_at_once() {
    World::each(|world| async move {
        let ann = world.sign_up("+15550100001", "Ann").await;
        let bob = world.sign_up("+15550100002", "Bob").await;
        let (to_bob, to_ann) = (ann.input_peer(&bob).await, bob.input_peer(&ann).await);
        let note = send(&ann, &to_bob, "meet at noon").await;
        let pinned = send(&ann, &to_bob, "the address").await;
        run_job(&world).await;
        let edit = functions::messages::EditMessage {
            peer: to_bob.clone(),
            id: note,
            message: Some("meet at midnight".to_owned()),
            ..Default::default()
        };
        ann.call(edit).await;
        for (device, peer) in [(&ann, &to_bob), (&bob, &to_ann)] {
            assert!(
                found(device, in_dialog(peer, "noon")).await.is_empty(),
                "the old words are gone at once"
            );
        }
        run_job(&world).await;
        for (device, peer) in [(&ann, &to_bob), (&bob, &to_ann)] {
            assert_eq!(found(device, in_dialog(peer, "midn")).await, ["meet at midnight"]);
            assert!(found(device, in_dialog(peer, "noon")).await.is_empty());
        }
        let pin = functions::messages::UpdatePinnedMessage { peer: to_bob, id: pinned, ..Default::default() };
        ann.call(pin).await;
        let filter = enums::MessagesFilter::InputMessagesFilterPinned;
        let request =
            |q: &str| functions::messages::Search { filter: filter.clone(), ..in_dialog(&to_ann, q) };
        assert_eq!(found(&bob, request("")).await, ["the address"]);
        assert_eq!(found(&bob, request("address")).await, ["the address"]);
        assert!(found(&bob, request("midnight")).await.is_empty());
        let request = functions::messages::SearchGlobal { filter: filter.clone(), ..everywhere("", 10) };
        assert_eq!(listed(bob.call(request).await).0.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn asking_for_nothing_or_too_often_is_refused() {
    let world = World::sqlite().await;
    let ann = world.sign_up("+15550100001", "Ann").await;
    let bob = world.sign_up("+15550100002", "Bob").await;
    let to_bob = ann.input_peer(&bob).await;
    let empty = Err(Fault::search_query_empty());
    assert_eq!(ann.try_call(everywhere("", 10)).await, empty);
    assert_eq!(ann.try_call(in_dialog(&enums::InputPeer::Empty, "")).await, empty);
    let negative = functions::messages::Search { limit: -1, ..in_dialog(&to_bob, "x") };
    assert_eq!(ann.try_call(negative).await, Err(Fault::limit_invalid()));
    let stranger: enums::InputPeer = types::InputPeerUser { user_id: bob.user.0, access_hash: 1 }.into();
    assert_eq!(ann.try_call(in_dialog(&stranger, "x")).await, Err(Fault::peer_id_invalid()));
    let groups = functions::messages::SearchGlobal { groups_only: true, ..everywhere("x", 10) };
    assert!(listed(ann.call(groups).await).0.is_empty());
    let mut answers = Vec::new();
    for _ in 0..=domain::flood::SEARCH.limit {
        answers.push(ann.try_call(in_dialog(&to_bob, "x")).await.map(|_| ()));
    }
    assert_eq!(answers.last().unwrap().as_ref().map_err(|fault| fault.code), Err(420));
    let filter = enums::MessagesFilter::InputMessagesFilterPinned;
    assert!(ann.try_call(functions::messages::Search { filter, ..in_dialog(&to_bob, "") }).await.is_ok());
}

#[tokio::test]
async fn nothing_of_the_index_can_be_read_on_disk() {
    let world = World::sqlite().await;
    let ann = world.sign_up("+15550100001", "Ann").await;
    let to_self = enums::InputPeer::PeerSelf;
    for _ in 0..256 {
        send(&ann, &to_self, "xylophonequartet Schneeglöckchen").await;
    }
    run_job(&world).await;
    let owner = ann.user;
    let packs = world.service.store.read(move |tx| store::words::packs(tx, owner)).await.unwrap();
    assert_eq!(packs, [0]);
    assert_eq!(found(&ann, in_dialog(&to_self, "xyloph")).await.len(), 100);
    let mut files = 0;
    for file in std::fs::read_dir(world.folder()).unwrap() {
        let path = file.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        files += 1;
        for canary in ["xylophonequartet", "xyloph", "schneegl", "Schneegl"] {
            let there = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!there, "{canary} stands in {}", path.display());
        }
    }
    assert!(files >= 3);
}
