//! A walk through everything that people can give to the server: each text, number and token is a canary.

use std::sync::Arc;
use std::time::Duration;

use tl::Encode;
use tl_api::{NEWEST_LAYER, enums, functions, types};

use super::plant::{Device, Garden, now, user_id};
use super::search::Planted;
use super::server::{REFUSED_DOMAIN, Server};

/// A reaction of several characters, so that random bytes do not look like it.
const REACTION: &str = "❤\u{200d}🔥";

pub(super) struct Walk<'a> {
    pub(super) server: &'a Server,
    pub(super) garden: Arc<Garden>,
}

/// Somebody with an account.
struct Person {
    device: Device,
    id: i64,
    phone: String,
    username: String,
}

impl Walk<'_> {
    pub(super) async fn all(&self) {
        let ann = self.newcomer("Ann").await;
        let bob = self.newcomer("Bob").await;
        self.profile(&ann).await;
        self.profile(&bob).await;
        let peer = self.contacts(&ann, &bob).await;
        self.messages(&ann, &peer).await;
        self.later(&ann, &peer).await;
        self.settings(&ann, &peer).await;
        self.interface(&ann).await;
        self.another_device(&ann).await;
        self.newcomer_by_mail().await;
        self.leaver().await;
        self.what_is_refused(&ann, &peer).await;
        // Everybody's words are in the index when they are found.
        self.searches(&ann, &peer).await;
    }

    async fn send_code(&self, device: &Device, phone: &str) -> String {
        let garden = &self.garden;
        let settings = types::CodeSettings {
            logout_tokens: Some(vec![garden.text("codeSettings.logout_tokens").into_bytes()]),
            token: Some(garden.text("codeSettings.token")),
            app_sandbox: Some(true),
            ..Default::default()
        };
        let request = functions::auth::SendCode {
            phone_number: garden.at("auth.sendCode.phone_number", phone),
            api_id: 1,
            api_hash: garden.text("auth.sendCode.api_hash"),
            settings,
        };
        sent(device.call(request).await).phone_code_hash
    }

    fn sign_in(&self, phone: &str, hash: &str, code: &str) -> functions::auth::SignIn {
        functions::auth::SignIn {
            phone_number: self.garden.at("auth.signIn.phone_number", phone),
            phone_code_hash: hash.to_owned(),
            phone_code: Some(self.garden.at("auth.signIn.phone_code", code)),
            email_verification: None,
        }
    }

    async fn sign_up(&self, device: &Device, phone: &str, hash: &str) -> i64 {
        let garden = &self.garden;
        let request = functions::auth::SignUp {
            phone_number: garden.at("auth.signUp.phone_number", phone),
            phone_code_hash: hash.to_owned(),
            first_name: garden.text("auth.signUp.first_name"),
            last_name: garden.text("auth.signUp.last_name"),
            ..Default::default()
        };
        user_id(device.call(request).await)
    }

    async fn newcomer(&self, whose: &str) -> Person {
        let garden = &self.garden;
        let device = Device::connect(self.server, garden).await;
        let phone = garden.phone(whose);
        let hash = self.send_code(&device, &phone).await;
        // First a wrong code, and the wish for another one.
        let wrong = garden.text("auth.signIn.phone_code");
        device.refused(self.sign_in(&phone, &hash, &wrong)).await;
        let request = functions::auth::ResendCode {
            phone_number: garden.at("auth.resendCode.phone_number", phone.clone()),
            phone_code_hash: hash.clone(),
            reason: Some(garden.text("auth.resendCode.reason")),
        };
        let _ = device.try_call(request).await;
        let code = self.server.codes.last(&phone);
        device.call(self.sign_in(&phone, &hash, &code)).await;
        let id = self.sign_up(&device, &phone, &hash).await;
        device.call(functions::updates::GetState {}).await;
        let username = garden.text("account.updateUsername.username");
        device.call(functions::account::UpdateUsername { username: username.clone() }).await;
        Person { device, id, phone, username }
    }

    async fn profile(&self, of: &Person) {
        let (garden, device) = (&self.garden, &of.device);
        let request = functions::account::UpdateProfile {
            first_name: Some(garden.text("account.updateProfile.first_name")),
            last_name: Some(garden.text("account.updateProfile.last_name")),
            about: Some(garden.text("account.updateProfile.about")),
        };
        device.call(request).await;
        let username = garden.text("account.checkUsername.username");
        device.call(functions::account::CheckUsername { username }).await;
        for domain in [REFUSED_DOMAIN, "example.org"] {
            let email = format!("{}@{domain}", garden.text("account.sendVerifyEmailCode.email"));
            let request = functions::account::SendVerifyEmailCode {
                purpose: enums::EmailVerifyPurpose::LoginChange,
                email: garden.at("account.sendVerifyEmailCode.email", email.clone()),
            };
            if domain == REFUSED_DOMAIN {
                device.refused(request).await;
                continue;
            }
            device.call(request).await;
            let verify = |verification| functions::account::VerifyEmail {
                purpose: enums::EmailVerifyPurpose::LoginChange,
                verification,
            };
            let google =
                types::EmailVerificationGoogle { token: garden.text("emailVerificationGoogle.token") };
            device.refused(verify(google.into())).await;
            let apple = types::EmailVerificationApple { token: garden.text("emailVerificationApple.token") };
            device.refused(verify(apple.into())).await;
            let wrong = types::EmailVerificationCode { code: garden.text("emailVerificationCode.code") };
            device.refused(verify(wrong.into())).await;
            let code = self.server.codes.last(&email);
            device.call(verify(types::EmailVerificationCode { code }.into())).await;
        }
    }

    fn entities(&self) -> Vec<enums::MessageEntity> {
        let garden = &self.garden;
        let url = format!("https://example.org/{}", garden.text("messageEntityTextUrl.url"));
        let url = garden.at("messageEntityTextUrl.url", url);
        let language = garden.text("messageEntityPre.language");
        let old_text = garden.text("messageEntityDiffReplace.old_text");
        vec![
            types::MessageEntityTextUrl { offset: 0, length: 2, url }.into(),
            types::MessageEntityPre { offset: 3, length: 2, language }.into(),
            types::MessageEntityDiffReplace { offset: 6, length: 2, old_text }.into(),
        ]
    }

    fn note(&self) -> types::TextWithEntities {
        types::TextWithEntities { text: self.garden.text("textWithEntities.text"), entities: self.entities() }
    }

    /// Ann saves Bob and others; gives Bob as she addresses him.
    async fn contacts(&self, ann: &Person, bob: &Person) -> types::InputPeerUser {
        let (garden, device) = (&self.garden, &ann.device);
        let stranger = garden.phone("somebody without an account");
        let contact = |phone: &str| types::InputPhoneContact {
            client_id: 1,
            phone: garden.at("inputPhoneContact.phone", phone),
            first_name: garden.text("inputPhoneContact.first_name"),
            last_name: garden.text("inputPhoneContact.last_name"),
            note: Some(self.note()),
        };
        let deleted = garden.phone("a contact that is deleted");
        let contacts = vec![contact(&bob.phone), contact(&stranger), contact(&deleted)];
        let found = device.call(functions::contacts::ImportContacts { contacts }).await;
        let access_hash = found.users.iter().find_map(|user| match user {
            enums::User::User(user) if user.id == bob.id => user.access_hash,
            _ => None,
        });
        let access_hash = access_hash.unwrap();
        let user: enums::InputUser = types::InputUser { user_id: bob.id, access_hash }.into();
        let request = functions::contacts::AddContact {
            add_phone_privacy_exception: true,
            id: user.clone(),
            first_name: garden.text("contacts.addContact.first_name"),
            last_name: garden.text("contacts.addContact.last_name"),
            phone: garden.at("contacts.addContact.phone", bob.phone.clone()),
            note: Some(self.note()),
        };
        device.call(request).await;
        device.call(functions::contacts::UpdateContactNote { id: user, note: self.note() }).await;
        let phone = garden.at("contacts.resolvePhone.phone", bob.phone.clone());
        device.call(functions::contacts::ResolvePhone { phone }).await;
        let request = functions::contacts::ResolveUsername {
            username: garden.at("contacts.resolveUsername.username", bob.username.clone()),
            referer: Some(garden.text("contacts.resolveUsername.referer")),
        };
        let _ = device.try_call(request.clone()).await;
        device.call(functions::contacts::ResolveUsername { referer: None, ..request }).await;
        let phones = vec![garden.at("contacts.deleteByPhones.phones", deleted)];
        device.call(functions::contacts::DeleteByPhones { phones }).await;
        types::InputPeerUser { user_id: bob.id, access_hash }
    }

    /// A text message with everything that can be in one.
    fn message(&self, peer: &types::InputPeerUser) -> functions::messages::SendMessage {
        let garden = &self.garden;
        let text = garden.text("messages.sendMessage.message");
        // What the server finds by itself: a link, a mention, a tag, an address, a number.
        let phone = garden.phone("somebody in a message");
        let found = format!("https://{text}.example/{text} @{text} #{text} {text}@example.org {phone}");
        functions::messages::SendMessage {
            peer: peer.clone().into(),
            message: format!("aa bb cc {text} {found}"),
            random_id: garden.random_id(),
            entities: Some(self.entities()),
            ..Default::default()
        }
    }

    async fn messages(&self, ann: &Person, peer: &types::InputPeerUser) {
        let (garden, device) = (&self.garden, &ann.device);
        device.call(self.message(peer)).await;
        let request =
            functions::messages::GetHistory { peer: peer.clone().into(), limit: 1, ..Default::default() };
        let enums::messages::Messages::Messages(history) = device.call(request).await else {
            panic!("the history of one message is whole");
        };
        let Some(enums::Message::Message(first)) = history.messages.first() else { panic!("no message") };
        let (id, text) = (first.id, first.message.clone());
        let quoted = text.split(' ').nth(3).unwrap().to_owned();
        let reply = |quote: &str| types::InputReplyToMessage {
            reply_to_msg_id: id,
            quote_text: Some(garden.at("inputReplyToMessage.quote_text", quote)),
            ..Default::default()
        };
        let answering = |reply: types::InputReplyToMessage| functions::messages::SendMessage {
            reply_to: Some(reply.into()),
            ..self.message(peer)
        };
        device.call(answering(reply(&quoted))).await;
        let poll_option = Some(garden.text("inputReplyToMessage.poll_option").into_bytes());
        let _ =
            device.try_call(answering(types::InputReplyToMessage { poll_option, ..reply(&quoted) })).await;
        let edit = |message: String| functions::messages::EditMessage {
            peer: peer.clone().into(),
            id,
            message: Some(message),
            entities: Some(self.entities()),
            ..Default::default()
        };
        device.call(edit(format!("aa bb cc {}", garden.text("messages.editMessage.message")))).await;
        let url = format!("https://example.org/{}", garden.text("inputMediaWebPage.url"));
        let media = Some(types::InputMediaWebPage { url, ..Default::default() }.into());
        let message = garden.text("messages.editMessage.message");
        device.refused(functions::messages::EditMessage { media, ..edit(message) }).await;
        let reaction = garden.at("reactionEmoji.emoticon", REACTION);
        garden.other("a reaction", Planted::Text(REACTION.to_owned()));
        let request = functions::messages::SendReaction {
            peer: peer.clone().into(),
            msg_id: id,
            add_to_recent: true,
            reaction: Some(vec![types::ReactionEmoji { emoticon: reaction }.into()]),
            ..Default::default()
        };
        device.call(request).await;
        let request = functions::messages::GetMessageReactionsList {
            peer: peer.clone().into(),
            id,
            offset: Some(garden.text("messages.getMessageReactionsList.offset")),
            limit: 1,
            ..Default::default()
        };
        device.refused(request).await;
        for to in [peer.clone().into(), enums::InputPeer::PeerSelf] {
            let request = functions::messages::ForwardMessages {
                from_peer: peer.clone().into(),
                id: vec![id],
                random_id: vec![garden.random_id()],
                to_peer: to,
                ..Default::default()
            };
            device.call(request.clone()).await;
            let shortcut = garden.text("inputQuickReplyShortcut.shortcut");
            let shortcut = types::InputQuickReplyShortcut { shortcut };
            let random_id = vec![garden.random_id()];
            let request = functions::messages::ForwardMessages {
                random_id,
                quick_reply_shortcut: Some(shortcut.into()),
                ..request
            };
            let _ = device.try_call(request).await;
        }
        let peer = peer.clone().into();
        device.call(functions::messages::UpdatePinnedMessage { peer, id, ..Default::default() }).await;
        device
            .call(functions::messages::SendMessage {
                peer: enums::InputPeer::PeerSelf,
                ..self.message(&types::InputPeerUser::default())
            })
            .await;
    }

    /// What waits: drafts and scheduled messages; and what is seen only while it is typed.
    async fn later(&self, ann: &Person, peer: &types::InputPeerUser) {
        let (garden, device) = (&self.garden, &ann.device);
        let markup = types::ReplyKeyboardForceReply {
            placeholder: Some(garden.text("replyKeyboardForceReply.placeholder")),
            ..Default::default()
        };
        let markdown = garden.text("inputRichMessageMarkdown.markdown");
        let rich: enums::InputRichMessage =
            types::InputRichMessageMarkdown { markdown, ..Default::default() }.into();
        let request = functions::messages::SendMessage {
            reply_markup: Some(markup.into()),
            rich_message: Some(rich.clone()),
            ..self.message(peer)
        };
        let _ = device.try_call(request).await;
        let scheduled =
            functions::messages::SendMessage { schedule_date: Some(now() + 86_400), ..self.message(peer) };
        device.call(scheduled).await;
        let url = format!("https://example.org/{}", garden.text("inputMediaWebPage.url"));
        let request = functions::messages::SaveDraft {
            peer: peer.clone().into(),
            message: format!("aa bb cc {}", garden.text("messages.saveDraft.message")),
            entities: Some(self.entities()),
            media: Some(types::InputMediaWebPage { url, ..Default::default() }.into()),
            rich_message: Some(rich),
            ..Default::default()
        };
        device.call(request).await;
        let interaction = types::SendMessageEmojiInteraction {
            emoticon: garden.text("sendMessageEmojiInteraction.emoticon"),
            msg_id: 1,
            interaction: types::DataJson { data: garden.text("dataJSON.data") },
        };
        let seen = types::SendMessageEmojiInteractionSeen {
            emoticon: garden.text("sendMessageEmojiInteractionSeen.emoticon"),
        };
        for action in [interaction.into(), seen.into()] {
            let request =
                functions::messages::SetTyping { peer: peer.clone().into(), action, ..Default::default() };
            let _ = device.try_call(request).await;
        }
    }

    async fn settings(&self, ann: &Person, peer: &types::InputPeerUser) {
        let (garden, device) = (&self.garden, &ann.device);
        let sound = types::NotificationSoundLocal {
            title: garden.text("notificationSoundLocal.title"),
            data: garden.text("notificationSoundLocal.data"),
        };
        let of_peer = types::InputNotifyPeer { peer: peer.clone().into() };
        for peer in [of_peer.into(), enums::InputNotifyPeer::InputNotifyUsers] {
            let settings =
                types::InputPeerNotifySettings { sound: Some(sound.clone().into()), ..Default::default() };
            device.call(functions::account::UpdateNotifySettings { peer, settings }).await;
        }
        let id = types::DataJson { data: garden.text("dataJSON.data") };
        let _ = device.try_call(functions::help::AcceptTermsOfService { id }).await;
    }

    /// What clients ask to show themselves: languages, themes, stickers.
    async fn interface(&self, ann: &Person) {
        let (garden, device) = (&self.garden, &ann.device);
        macro_rules! ask {
            ($request:expr) => {
                let _ = device.try_call($request).await;
            };
        }
        let lang = |method: &str| garden.text(&format!("{method}.lang_code"));
        let pack = |method: &str| garden.text(&format!("{method}.lang_pack"));
        let format = garden.text("account.getThemes.format");
        ask!(functions::account::GetThemes { format, ..Default::default() });
        ask!(functions::help::GetAppUpdate { source: garden.text("help.getAppUpdate.source") });
        ask!(functions::help::GetCountriesList { lang_code: lang("help.getCountriesList"), hash: 0 });
        ask!(functions::langpack::GetDifference {
            lang_pack: pack("langpack.getDifference"),
            lang_code: lang("langpack.getDifference"),
            from_version: 0,
        });
        ask!(functions::langpack::GetLangPack {
            lang_pack: pack("langpack.getLangPack"),
            lang_code: lang("langpack.getLangPack"),
        });
        ask!(functions::langpack::GetLanguage {
            lang_pack: pack("langpack.getLanguage"),
            lang_code: lang("langpack.getLanguage"),
        });
        ask!(functions::langpack::GetLanguages { lang_pack: pack("langpack.getLanguages") });
        ask!(functions::langpack::GetStrings {
            lang_pack: pack("langpack.getStrings"),
            lang_code: lang("langpack.getStrings"),
            keys: vec![garden.text("langpack.getStrings.keys")],
        });
        ask!(functions::messages::GetEmojiKeywords { lang_code: lang("messages.getEmojiKeywords") });
        ask!(functions::messages::GetEmojiKeywordsDifference {
            lang_code: lang("messages.getEmojiKeywordsDifference"),
            from_version: 0,
        });
        let lang_codes = vec![garden.text("messages.getEmojiKeywordsLanguages.lang_codes")];
        ask!(functions::messages::GetEmojiKeywordsLanguages { lang_codes });
        let short_name = garden.text("inputStickerSetShortName.short_name");
        let stickerset = types::InputStickerSetShortName { short_name }.into();
        ask!(functions::messages::GetStickerSet { stickerset, hash: 0 });
        let emoticon = garden.text("inputStickerSetDice.emoticon");
        let stickerset = types::InputStickerSetDice { emoticon }.into();
        ask!(functions::messages::GetStickerSet { stickerset, hash: 0 });
        let state = Some(garden.text("stories.getAllStories.state"));
        ask!(functions::stories::GetAllStories { state, ..Default::default() });
    }

    /// Ann's second device, by QR code; and a key of the first for another data centre.
    async fn another_device(&self, ann: &Person) {
        let garden = &self.garden;
        let second = Device::connect(self.server, garden).await;
        let request = functions::auth::ExportLoginToken {
            api_id: 1,
            api_hash: garden.text("auth.exportLoginToken.api_hash"),
            except_ids: Vec::new(),
        };
        let enums::auth::LoginToken::LoginToken(shown) = second.call(request).await else {
            panic!("a new device is not signed in");
        };
        let token = garden.secret_at("auth.importLoginToken.token", &shown.token);
        second.call(functions::auth::ImportLoginToken { token }).await;
        let token = garden.secret_at("auth.acceptLoginToken.token", &shown.token);
        ann.device.call(functions::auth::AcceptLoginToken { token: token.clone() }).await;
        second.call(functions::auth::ImportLoginToken { token }).await;
        let carried = ann.device.call(functions::auth::ExportAuthorization { dc_id: 2 }).await;
        let third = Device::connect(self.server, garden).await;
        let bytes = garden.secret_at("auth.importAuthorization.bytes", &carried.bytes);
        third.call(functions::auth::ImportAuthorization { id: carried.id, bytes }).await;
        // And one by a code that goes to the other devices, then by another way, then not at all.
        let fourth = Device::connect(self.server, garden).await;
        let hash = self.send_code(&fourth, &ann.phone).await;
        let request = functions::auth::ResetLoginEmail {
            phone_number: garden.at("auth.resetLoginEmail.phone_number", ann.phone.clone()),
            phone_code_hash: hash.clone(),
        };
        let _ = fourth.try_call(request).await;
        let request = functions::auth::CancelCode {
            phone_number: garden.at("auth.cancelCode.phone_number", ann.phone.clone()),
            phone_code_hash: hash,
        };
        fourth.call(request).await;
    }

    /// Somebody who proves an address before there is an account.
    async fn newcomer_by_mail(&self) {
        let garden = &self.garden;
        let device = Device::connect(self.server, garden).await;
        let phone = garden.phone("Cid");
        let hash = self.send_code(&device, &phone).await;
        let code = self.server.codes.last(&phone);
        device.call(self.sign_in(&phone, &hash, &code)).await;
        let setup = types::EmailVerifyPurposeLoginSetup {
            phone_number: garden.at("emailVerifyPurposeLoginSetup.phone_number", phone.clone()),
            phone_code_hash: hash.clone(),
        };
        let email = format!("{}@example.org", garden.text("account.sendVerifyEmailCode.email"));
        let request =
            functions::account::SendVerifyEmailCode { purpose: setup.clone().into(), email: email.clone() };
        device.call(request).await;
        let verification = types::EmailVerificationCode {
            code: garden.at("emailVerificationCode.code", self.server.codes.last(&email)),
        };
        let request =
            functions::account::VerifyEmail { purpose: setup.into(), verification: verification.into() };
        device.call(request).await;
        let verification = types::EmailVerificationCode { code: self.server.codes.last(&email) };
        let request = functions::auth::SignIn {
            phone_code: None,
            email_verification: Some(verification.into()),
            ..self.sign_in(&phone, &hash, "")
        };
        device.call(request).await;
        self.sign_up(&device, &phone, &hash).await;
    }

    /// Somebody who deletes their account, at first with a password that they do not have.
    async fn leaver(&self) {
        let garden = &self.garden;
        let leaver = self.newcomer("the leaver").await;
        self.profile(&leaver).await;
        let bytes = |place: &str| garden.text(place).into_bytes();
        let (a, m1) = (bytes("inputCheckPasswordSRP.A"), bytes("inputCheckPasswordSRP.M1"));
        let password = Some(types::InputCheckPasswordSrp { srp_id: 1, a, m1 }.into());
        let reason = || garden.text("account.deleteAccount.reason");
        leaver.device.refused(functions::account::DeleteAccount { reason: reason(), password }).await;
        leaver.device.call(functions::account::DeleteAccount { reason: reason(), password: None }).await;
    }

    /// Errors repeat nothing: methods that are not built, queries that are cut off, people who may not ask.
    async fn what_is_refused(&self, ann: &Person, peer: &types::InputPeerUser) {
        let garden = &self.garden;
        let request = functions::messages::TranslateText {
            text: Some(vec![self.note()]),
            to_lang: garden.text("messages.translateText.to_lang"),
            ..Default::default()
        };
        ann.device.refused(request).await;
        let stranger = Device::connect(self.server, garden).await;
        stranger.refused(self.message(peer)).await;
        let mut query = self.message(peer).to_bytes(NEWEST_LAYER).unwrap();
        query.truncate(query.len() - 8);
        assert!(ann.device.send(query).await.is_err());
        let text = garden.text("messages.sendMessage.message");
        // An identifier that nothing has, and whole words.
        let mut noise = [&[1, 2, 3, 4], text.as_bytes()].concat();
        noise.resize(noise.len().next_multiple_of(4), 0);
        assert!(ann.device.send(noise).await.is_err());
    }

    async fn searches(&self, ann: &Person, peer: &types::InputPeerUser) {
        let (garden, device) = (&self.garden, &ann.device);
        let q = garden.text("contacts.search.q");
        device.call(functions::contacts::Search { q, limit: 5, ..Default::default() }).await;
        let q = garden.text("messages.searchGlobal.q");
        let offset_peer = enums::InputPeer::Empty;
        let request = functions::messages::SearchGlobal { q, offset_peer, limit: 5, ..Default::default() };
        device.call(request).await;
        // The beginning of every word that was planted: what is found was indexed.
        let q = garden.at("messages.search.q", garden.marker.clone());
        for _ in 0..200 {
            let request = functions::messages::Search {
                peer: peer.clone().into(),
                q: q.clone(),
                limit: 5,
                ..Default::default()
            };
            let found = match device.call(request).await {
                enums::messages::Messages::Messages(found) => found.messages.len(),
                enums::messages::Messages::Slice(found) => found.messages.len(),
                _ => 0,
            };
            if found > 2 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(600)).await;
        }
        panic!("the words of the messages are never indexed");
    }
}

fn sent(answer: enums::auth::SentCode) -> types::auth::SentCode {
    match answer {
        enums::auth::SentCode::SentCode(sent) => *sent,
        _ => panic!("no code was sent"),
    }
}
