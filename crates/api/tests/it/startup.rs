//! Everything that clients ask at their start, at every layer in which it exists.

use domain::Fault;
use testkit::world::{Device, World};
use tl::Decode;
use tl_api::{Method, enums, functions, types};

const ANN: &str = "+15550100001";

/// Calls a method at every layer that has it; what comes back has to parse at that layer as what the method
/// gives there.
async fn at_every_layer<M: Method + Clone>(mut device: Device, request: M) -> Device {
    let info = tl_api::METHODS.iter().find(|method| method.name == M::NAME).expect("a method");
    for layer in tl_api::LAYERS {
        if !info.ids.iter().any(|id| (id.first..=id.last).contains(layer)) {
            continue;
        }
        device = device.at_layer(*layer);
        let changed = tl_api::RESULT_CHANGES
            .iter()
            .any(|change| change.method == M::NAME && (change.first..=change.last).contains(layer));
        if changed {
            continue;
        }
        if let Err(fault) = device.try_call(request.clone()).await {
            panic!("{} in layer {layer} was answered {fault}", M::NAME);
        }
    }
    device
}

macro_rules! all_of {
    ($device:ident: $($space:ident::$method:ident $({ $($field:ident: $value:expr),* })?;)*) => {
        $($device = at_every_layer(
            $device,
            $space::$method { $($($field: $value,)*)? ..Default::default() },
        ).await;)*
    };
}

#[tokio::test]
#[expect(clippy::needless_update, reason = "some methods have no more fields than are named")]
async fn clients_start_before_they_sign_in() {
    use functions::{help, langpack};
    let world = World::sqlite().await;
    let mut device = world.device().await;
    let english = || "en".to_owned();
    all_of! { device:
        help::GetConfig;
        help::GetNearestDc;
        help::GetAppConfig;
        help::GetCountriesList { lang_code: english() };
        help::GetTermsOfServiceUpdate;
        help::GetAppUpdate;
        help::GetPromoData;
        help::GetPeerColors;
        help::GetPeerProfileColors;
        help::GetCdnConfig;
        langpack::GetLangPack { lang_code: english() };
        langpack::GetStrings { lang_code: english(), keys: vec!["Cancel".to_owned()] };
        langpack::GetDifference { lang_code: english() };
        langpack::GetLanguages;
        langpack::GetLanguage { lang_code: english() };
    }
}

#[tokio::test]
#[expect(clippy::needless_update, reason = "some methods have no more fields than are named")]
async fn clients_start_after_they_signed_in() {
    use functions::{account, contacts, help, messages, stories};
    let world = World::sqlite().await;
    let mut device = world.sign_up(ANN, "Ann").await;
    let myself = || enums::InputPeer::PeerSelf;
    all_of! { device:
        account::GetAuthorizations;
        account::GetChannelDefaultEmojiStatuses;
        account::GetChatThemes;
        account::GetCollectibleEmojiStatuses;
        account::GetContactSignUpNotification;
        account::GetContentSettings;
        account::GetDefaultEmojiStatuses;
        account::GetGlobalPrivacySettings;
        account::GetNotifyExceptions;
        account::GetNotifySettings { peer: enums::InputNotifyPeer::InputNotifyUsers };
        account::GetPassword;
        account::GetRecentEmojiStatuses;
        account::GetSavedRingtones;
        account::GetThemes;
        account::GetWallPapers;
        account::GetWebAuthorizations;
        account::UpdateStatus;
        contacts::GetTopPeers { correspondents: true, limit: 10 };
        help::AcceptTermsOfService;
        help::GetInviteText;
        messages::GetAllStickers;
        messages::GetArchivedStickers;
        messages::GetAttachMenuBots;
        messages::GetAvailableEffects;
        messages::GetAvailableReactions;
        messages::GetDefaultTagReactions;
        messages::GetDhConfig { random_length: 256 };
        messages::GetDialogFilters;
        messages::GetEmojiGroups;
        messages::GetEmojiKeywords { lang_code: "en".to_owned() };
        messages::GetEmojiKeywordsDifference { lang_code: "en".to_owned(), from_version: 3 };
        messages::GetEmojiKeywordsLanguages;
        messages::GetEmojiStatusGroups;
        messages::GetEmojiStickers;
        messages::GetFavedStickers;
        messages::GetFeaturedEmojiStickers;
        messages::GetFeaturedStickers;
        messages::GetMaskStickers;
        messages::GetOldFeaturedStickers;
        messages::GetQuickReplies;
        messages::GetRecentReactions { limit: 10 };
        messages::GetRecentStickers;
        messages::GetSavedGifs;
        messages::GetSavedReactionTags;
        messages::GetSuggestedDialogFilters;
        messages::GetTopReactions { limit: 10 };
        stories::GetAllReadPeerStories;
        stories::GetAllStories;
        stories::GetPeerStories { peer: myself() };
    }
    let sets =
        functions::messages::GetStickerSet { stickerset: enums::InputStickerSet::AnimatedEmoji, hash: 0 };
    assert_eq!(device.try_call(sets).await.map(drop), Err(Fault::stickerset_invalid()));
}

#[tokio::test]
async fn the_application_configuration_has_two_forms() {
    let world = World::sqlite().await;
    let device = world.device().await;
    let request = functions::help::GetAppConfig::default();
    let enums::help::AppConfig::AppConfig(newest) = device.call(request).await else { panic!("no config") };
    let again = functions::help::GetAppConfig { hash: newest.hash };
    assert_eq!(device.call(again).await, enums::help::AppConfig::NotModified);
    assert!(matches!(&newest.config, enums::JsonValue::JsonObject(object) if !object.value.is_empty()));

    let device = device.at_layer(152);
    let bare = device.raw_call(&0x9891_4110_u32.to_le_bytes()).await;
    assert_eq!(enums::JsonValue::from_bytes(&bare).expect("bare JSON"), newest.config);
}

#[tokio::test]
async fn the_folder_with_everything_is_always_there() {
    let world = World::sqlite().await;
    let device = world.sign_up(ANN, "Ann").await;
    let newest = device.call(functions::messages::GetDialogFilters {}).await;
    assert_eq!(newest.filters, [enums::DialogFilter::Default]);
    let device = device.at_layer(158);
    let older = device.raw_call(&0xf19e_d96d_u32.to_le_bytes()).await;
    let older = Vec::<enums::DialogFilter>::from_bytes(&older).expect("a bare list");
    assert_eq!(older, [enums::DialogFilter::Default]);
}

#[tokio::test]
async fn what_has_no_news_is_asked_for_later() {
    let world = World::sqlite().await;
    let device = world.sign_up(ANN, "Ann").await;
    let now = world.service.now().wire();
    let enums::help::PromoData::Empty(promo) = device.call(functions::help::GetPromoData {}).await else {
        panic!("nothing is promoted");
    };
    let terms = device.call(functions::help::GetTermsOfServiceUpdate {}).await;
    let enums::help::TermsOfServiceUpdate::Empty(terms) = terms else { panic!("there are no terms") };
    assert!(promo.expires > now + 3600 && terms.expires > now + 3600, "or clients ask without end");
}

#[tokio::test]
async fn countries_are_sent_once() {
    let world = World::sqlite().await;
    let device = world.device().await;
    let ask = |hash| functions::help::GetCountriesList { lang_code: "en".to_owned(), hash };
    let enums::help::CountriesList::CountriesList(list) = device.call(ask(0)).await else {
        panic!("no list")
    };
    let germany = list.countries.iter().find(|country| country.iso2 == "DE").expect("Germany");
    assert_eq!(germany.country_codes[0].country_code, "49");
    assert_eq!(device.call(ask(list.hash)).await, enums::help::CountriesList::NotModified);
}

#[tokio::test]
async fn unknown_languages_are_refused() {
    let world = World::sqlite().await;
    let device = world.device().await;
    let request = functions::langpack::GetLangPack { lang_code: "tlh".to_owned(), ..Default::default() };
    assert_eq!(device.try_call(request).await.map(drop), Err(Fault::lang_code_not_supported()));
}

#[tokio::test]
async fn the_group_for_secret_chats_is_that_of_the_handshake() {
    let world = World::sqlite().await;
    let device = world.sign_up(ANN, "Ann").await;
    let ask = |version, random_length| functions::messages::GetDhConfig { version, random_length };
    let enums::messages::DhConfig::DhConfig(config) = device.call(ask(0, 256)).await else {
        panic!("no group")
    };
    assert_eq!((config.g, config.p.len(), config.random.len()), (3, 256, 256));
    assert_eq!(config.p[..4], [0xc7, 0x1c, 0xae, 0xb9]);
    match device.call(ask(config.version, 16)).await {
        enums::messages::DhConfig::NotModified(same) => assert_eq!(same.random.len(), 16),
        other => panic!("the group changed: {other:?}"),
    }
    for length in [-1, 1025, i32::MAX] {
        let refused = device.try_call(ask(0, length)).await.map(drop);
        assert_eq!(refused, Err(Fault::random_length_invalid()), "{length}");
    }
}

#[tokio::test]
async fn the_service_account_can_be_looked_up() {
    let world = World::sqlite().await;
    let ann = world.sign_up(ANN, "Ann").await;
    world.sign_in(ANN).await;
    let dialogs = functions::messages::GetDialogs { limit: 10, ..Default::default() };
    let enums::messages::Dialogs::Dialogs(dialogs) = ann.call(dialogs).await else { panic!("a short list") };
    let service = dialogs.users.iter().find_map(|user| match user {
        enums::User::User(user) if user.id == 777_000 => Some(user),
        _ => None,
    });
    let service: &types::User = service.expect("it has written");
    assert!(service.verified && service.support && service.access_hash.is_some());
    assert_eq!(service.phone.as_deref(), Some("42777"));
}
