//! Privacy rules in their wire form.

use domain::privacy::{Key, Rule, Rules};
use tl_api::{enums, types};

pub fn key(key: Key) -> enums::PrivacyKey {
    use enums::PrivacyKey as Tl;
    match key {
        Key::StatusTimestamp => Tl::StatusTimestamp,
        Key::ChatInvite => Tl::ChatInvite,
        Key::PhoneCall => Tl::PhoneCall,
        Key::PhoneP2P => Tl::PhoneP2P,
        Key::Forwards => Tl::Forwards,
        Key::ProfilePhoto => Tl::ProfilePhoto,
        Key::PhoneNumber => Tl::PhoneNumber,
        Key::AddedByPhone => Tl::AddedByPhone,
        Key::VoiceMessages => Tl::VoiceMessages,
        Key::About => Tl::About,
        Key::Birthday => Tl::Birthday,
        Key::StarGiftsAutoSave => Tl::StarGiftsAutoSave,
        Key::NoPaidMessages => Tl::NoPaidMessages,
        Key::SavedMusic => Tl::SavedMusic,
    }
}

/// In the order in which they are tried.
pub fn to_tl(rules: &Rules) -> Vec<enums::PrivacyRule> {
    rules.as_slice().iter().map(one).collect()
}

fn one(rule: &Rule) -> enums::PrivacyRule {
    use enums::PrivacyRule as Tl;
    let ids = |users: &[domain::UserId]| users.iter().map(|user| user.0).collect();
    match rule {
        Rule::AllowAll => Tl::PrivacyValueAllowAll,
        Rule::AllowContacts => Tl::PrivacyValueAllowContacts,
        Rule::AllowCloseFriends => Tl::PrivacyValueAllowCloseFriends,
        Rule::AllowPremium => Tl::PrivacyValueAllowPremium,
        Rule::AllowBots => Tl::PrivacyValueAllowBots,
        Rule::AllowUsers(users) => types::PrivacyValueAllowUsers { users: ids(users) }.into(),
        Rule::AllowChatParticipants(chats) => {
            types::PrivacyValueAllowChatParticipants { chats: chats.clone() }.into()
        }
        Rule::DisallowAll => Tl::PrivacyValueDisallowAll,
        Rule::DisallowContacts => Tl::PrivacyValueDisallowContacts,
        Rule::DisallowBots => Tl::PrivacyValueDisallowBots,
        Rule::DisallowUsers(users) => types::PrivacyValueDisallowUsers { users: ids(users) }.into(),
        Rule::DisallowChatParticipants(chats) => {
            types::PrivacyValueDisallowChatParticipants { chats: chats.clone() }.into()
        }
    }
}
