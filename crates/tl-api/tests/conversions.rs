//! What one layer says in another way than the newest.

use tl_api::{
    Decode, Encode, Inexpressible, LAYERS, METHODS, Writer, enums, functions, method_by_id, session_layer,
    types,
};

/// Writes `value` for `layer`, reads it back, and gives what arrived.
fn through<T: Encode + Decode>(value: &T, layer: i32) -> T {
    let bytes = value.to_bytes(layer).expect("has a form");
    T::from_bytes(&bytes).expect("decodes")
}

fn message() -> types::Message {
    types::Message {
        id: 7,
        peer_id: types::PeerUser { user_id: 5 }.into(),
        date: 1_700_000_000,
        message: "hello".into(),
        ..Default::default()
    }
}

#[test]
fn a_message_is_written_with_the_id_of_each_layer() {
    let value = enums::Message::from(message());
    let ids = [(152, 0x3811_6ee0u32), (181, 0x9434_5242), (198, 0x96fd_bbe9), (220, 0xb92f_76cf)];
    for (layer, id) in ids.into_iter().chain([(221, 0x9cb4_90e9), (227, 0x7600_b9d3), (232, 0x7600_b9d3)]) {
        assert_eq!(value.to_bytes(layer).expect("has a form")[..4], id.to_le_bytes(), "layer {layer}");
        assert_eq!(through(&value, layer), value);
    }
}

#[test]
fn media_that_a_layer_lacks_is_unsupported() {
    let mut value = message();
    value.media = Some(types::MessageMediaToDo::default().into());
    let value = enums::Message::from(value);
    assert_eq!(through(&value, 220), value);
    let enums::Message::Message(old) = through(&value, 158) else { panic!("still a message") };
    assert_eq!(old.media, Some(enums::MessageMedia::Unsupported));
}

#[test]
fn an_entity_that_a_layer_lacks_leaves_its_text() {
    let mut value = message();
    let (offset, length) = (1, 2);
    value.entities = Some(vec![
        types::MessageEntityBold { offset, length }.into(),
        types::MessageEntityTonAddress { offset, length }.into(),
    ]);
    let enums::Message::Message(old) = through(&enums::Message::from(value), 229) else {
        panic!("still a message")
    };
    let expected: Vec<enums::MessageEntity> = vec![
        types::MessageEntityBold { offset, length }.into(),
        types::MessageEntityUnknown { offset, length }.into(),
    ];
    assert_eq!(old.entities, Some(expected));
}

#[test]
fn updates_that_a_layer_lacks_are_left_out() {
    let update = enums::Update::from(types::UpdateStarsBalance::default());
    assert_eq!(update.to_bytes(152), Err(Inexpressible));
    let config = enums::Update::Config;
    let updates =
        enums::Updates::from(types::Updates { updates: vec![update, config.clone()], ..Default::default() });
    let enums::Updates::Updates(old) = through(&updates, 152) else { panic!("still updates") };
    assert_eq!(old.updates, [config]);
}

#[test]
fn text_with_entities_was_a_string() {
    let mut poll = types::Poll::default();
    poll.question.text = "why?".into();
    poll.question.entities = vec![types::MessageEntityBold { offset: 0, length: 3 }.into()];
    assert_eq!(through(&poll, 181), poll);
    let old = through(&poll, 158);
    assert_eq!((old.question.text.as_str(), old.question.entities.len()), ("why?", 0));
}

#[test]
fn a_reply_was_two_numbers() {
    let mut w = Writer::new(152);
    w.u32(0x1cc2_0387);
    w.u32(1 | 1 << 9);
    enums::InputPeer::PeerSelf.encode(&mut w).expect("has a form");
    w.i32(41);
    w.i32(40);
    w.string("hi");
    w.i64(99);
    let request = functions::messages::SendMessage::from_bytes(&w.buf).expect("decodes");
    let expected =
        types::InputReplyToMessage { reply_to_msg_id: 41, top_msg_id: Some(40), ..Default::default() };
    assert_eq!(request.reply_to, Some(expected.into()));
    assert_eq!((request.message.as_str(), request.random_id), ("hi", 99));

    let draft =
        enums::DraftMessage::from(types::DraftMessage { reply_to: request.reply_to, ..Default::default() });
    let enums::DraftMessage::DraftMessage(old) = through(&draft, 158) else { panic!("still a draft") };
    assert_eq!(old.reply_to_msg_id, Some(41));
}

#[test]
fn buttons_were_constructors() {
    let button =
        |text: &str, kind| types::KeyboardInlineButton { style: None, text: text.into(), r#type: kind };
    let inline = enums::ReplyMarkup::from(types::ReplyInlineMarkup {
        rows: vec![types::KeyboardInlineButtonRow {
            buttons: vec![
                button("a", types::InlineButtonTypeUrl { url: "https://example.org".into() }.into()),
                button("b", types::InlineButtonTypeCallback { data: vec![1], ..Default::default() }.into()),
            ],
        }],
        ..Default::default()
    });
    let keyboard = enums::ReplyMarkup::from(types::ReplyKeyboardMarkup {
        rows: vec![types::KeyboardButtonRow {
            buttons: vec![
                types::KeyboardButton { text: "plain".into(), ..Default::default() }.into(),
                types::KeyboardButton {
                    text: "phone".into(),
                    r#type: enums::ButtonType::RequestPhone,
                    ..Default::default()
                }
                .into(),
            ],
        }],
        ..Default::default()
    });
    for &layer in LAYERS {
        assert_eq!(through(&inline, layer), inline, "layer {layer}");
        assert_eq!(through(&keyboard, layer), keyboard, "layer {layer}");
    }
}

#[test]
fn right_answers_were_named_by_their_bytes() {
    let answer = |option: u8| types::PollAnswer { option: vec![option], ..Default::default() }.into();
    let old = types::InputMediaPoll {
        poll: types::Poll { answers: vec![answer(8), answer(9)], ..Default::default() },
        correct_options: Some(vec![vec![9]]),
        ..Default::default()
    };
    assert_eq!(through(&old, 158).correct_answers, Some(vec![1]));
}

#[test]
fn fields_that_share_a_bit_come_together() {
    // bot and bot_info_version share one: a bot without a version has version 0.
    let user = types::User { bot: true, ..Default::default() };
    let back = through(&user, 232);
    assert_eq!((back.bot, back.bot_info_version), (true, Some(0)));
    // A video is what makes a live photo one; without it the photo is sent as it is.
    let photo = types::InputMediaUploadedPhoto { live_photo: true, ..Default::default() };
    assert!(!through(&photo, 232).live_photo);
}

#[test]
fn sessions_get_the_newest_layer_not_above_theirs() {
    let cases = [(0, 152), (100, 152), (152, 152), (157, 152), (158, 158), (170, 158), (200, 198)];
    for (announced, layer) in cases.into_iter().chain([(228, 227), (231, 230), (232, 232), (9999, 232)]) {
        assert_eq!(session_layer(announced), layer, "announced {announced}");
    }
}

#[test]
fn methods_are_found_by_every_id() {
    assert!(METHODS.is_sorted_by_key(|method| method.name));
    for method in METHODS {
        for form in method.ids {
            assert_eq!(method_by_id(form.id).map(|found| found.name), Some(method.name));
        }
    }
    assert!(method_by_id(0).is_none());
    let send = method_by_id(0x1cc2_0387).expect("messages.sendMessage of layer 152");
    assert_eq!((send.name, send.result, send.ids[0].last), ("messages.sendMessage", "Updates", 180));
}

#[test]
fn debug_shows_no_content() {
    let mut value = message();
    value.message = "secret".into();
    assert_eq!(format!("{:?}", enums::Message::from(value)), "Message(message)");
}

/// Pyrogram and its kin send an `InputPeer` for a user, a channel or a dialog.
#[test]
fn a_peer_is_taken_for_a_user_a_channel_or_a_dialog() {
    fn read<T: Decode>(peer: &enums::InputPeer) -> Result<T, tl_api::DecodeError> {
        T::from_bytes(&peer.to_bytes(158).expect("has a form"))
    }
    let user = enums::InputPeer::from(types::InputPeerUser { user_id: 5, access_hash: 6 });
    let channel = enums::InputPeer::from(types::InputPeerChannel { channel_id: 7, access_hash: 8 });
    let wanted = types::InputUser { user_id: 5, access_hash: 6 };
    assert_eq!(read::<enums::InputUser>(&user), Ok(wanted.into()));
    assert_eq!(read::<enums::InputUser>(&enums::InputPeer::PeerSelf), Ok(enums::InputUser::UserSelf));
    assert_eq!(read::<enums::InputUser>(&enums::InputPeer::Empty), Ok(enums::InputUser::Empty));
    assert!(read::<enums::InputUser>(&channel).is_err());
    let wanted = types::InputChannel { channel_id: 7, access_hash: 8 };
    assert_eq!(read::<enums::InputChannel>(&channel), Ok(wanted.into()));
    assert!(read::<enums::InputChannel>(&user).is_err());
    let wanted = types::InputDialogPeer { peer: user.clone() };
    assert_eq!(read::<enums::InputDialogPeer>(&user), Ok(wanted.into()));
    // In the place of one argument among others.
    let call = functions::users::GetFullUser { id: types::InputUser { user_id: 5, access_hash: 6 }.into() };
    let mut bytes = call.to_bytes(158).expect("has a form");
    bytes[4..8].copy_from_slice(&0xdde8_a54cu32.to_le_bytes());
    assert_eq!(functions::users::GetFullUser::from_bytes(&bytes), Ok(call));
}
