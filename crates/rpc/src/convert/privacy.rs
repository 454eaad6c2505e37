//! Privacy rules as clients send them.

use domain::privacy::{Key, Rule};
use domain::{Fault, UserId};
use tl_api::enums::{self, InputPrivacyKey, InputPrivacyRule as Tl};
use updates::Tx;

use super::from_tl;

pub fn key(key: &InputPrivacyKey) -> Key {
    match key {
        InputPrivacyKey::About => Key::About,
        InputPrivacyKey::AddedByPhone => Key::AddedByPhone,
        InputPrivacyKey::Birthday => Key::Birthday,
        InputPrivacyKey::ChatInvite => Key::ChatInvite,
        InputPrivacyKey::Forwards => Key::Forwards,
        InputPrivacyKey::NoPaidMessages => Key::NoPaidMessages,
        InputPrivacyKey::PhoneCall => Key::PhoneCall,
        InputPrivacyKey::PhoneNumber => Key::PhoneNumber,
        InputPrivacyKey::PhoneP2P => Key::PhoneP2P,
        InputPrivacyKey::ProfilePhoto => Key::ProfilePhoto,
        InputPrivacyKey::SavedMusic => Key::SavedMusic,
        InputPrivacyKey::StarGiftsAutoSave => Key::StarGiftsAutoSave,
        InputPrivacyKey::StatusTimestamp => Key::StatusTimestamp,
        InputPrivacyKey::VoiceMessages => Key::VoiceMessages,
    }
}

/// Errors: `PRIVACY_VALUE_INVALID` for a rule that names somebody whom the caller has not met.
pub fn rules(tx: &Tx<'_>, me: UserId, rules: &[Tl]) -> Result<Vec<Rule>, Fault> {
    rules.iter().map(|rule| one(tx, me, rule)).collect()
}

fn one(tx: &Tx<'_>, me: UserId, rule: &Tl) -> Result<Rule, Fault> {
    Ok(match rule {
        Tl::InputPrivacyValueAllowAll => Rule::AllowAll,
        Tl::InputPrivacyValueAllowBots => Rule::AllowBots,
        Tl::InputPrivacyValueAllowChatParticipants(rule) => Rule::AllowChatParticipants(rule.chats.clone()),
        Tl::InputPrivacyValueAllowCloseFriends => Rule::AllowCloseFriends,
        Tl::InputPrivacyValueAllowContacts => Rule::AllowContacts,
        Tl::InputPrivacyValueAllowPremium => Rule::AllowPremium,
        Tl::InputPrivacyValueAllowUsers(rule) => Rule::AllowUsers(users(tx, me, &rule.users)?),
        Tl::InputPrivacyValueDisallowAll => Rule::DisallowAll,
        Tl::InputPrivacyValueDisallowBots => Rule::DisallowBots,
        Tl::InputPrivacyValueDisallowChatParticipants(rule) => {
            Rule::DisallowChatParticipants(rule.chats.clone())
        }
        Tl::InputPrivacyValueDisallowContacts => Rule::DisallowContacts,
        Tl::InputPrivacyValueDisallowUsers(rule) => Rule::DisallowUsers(users(tx, me, &rule.users)?),
    })
}

fn users(tx: &Tx<'_>, me: UserId, users: &[enums::InputUser]) -> Result<Vec<UserId>, Fault> {
    let users = users.iter().map(|user| from_tl::input_user(tx, me, user));
    users.collect::<Result<_, _>>().map_err(|_| Fault::privacy_value_invalid())
}
