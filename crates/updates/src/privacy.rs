//! Privacy rules in their wire form.

use domain::UserId;
use domain::privacy::{Key, Rule, Rules};
use store::{StoreError, Tx};
use tl_api::{enums, types};

use crate::Presence;
use crate::log::Event;
use crate::people::{self, Mentioned};

/// The rules in force for a key, with the people whom they name.
pub fn rules(
    tx: &mut Tx<'_>,
    owner: UserId,
    key: Key,
    presence: &Presence,
) -> Result<types::account::PrivacyRules, StoreError> {
    let rules = people::rules(tx, owner, key)?;
    let rules = rules_to_tl(&rules);
    let mut mentioned = Mentioned::default();
    mention(&rules, &mut mentioned);
    let users = mentioned.users(tx, owner, presence)?;
    Ok(types::account::PrivacyRules { rules, users, ..Default::default() })
}

/// The rules of a key were changed.
pub fn changed(key: Key, rules: &Rules) -> Event {
    Event::beside(types::UpdatePrivacy { key: key_to_tl(key), rules: rules_to_tl(rules) })
}

/// Notes the people whom rules name.
pub fn mention(rules: &[enums::PrivacyRule], mentioned: &mut Mentioned) {
    for rule in rules {
        let users = match rule {
            enums::PrivacyRule::PrivacyValueAllowUsers(rule) => &rule.users,
            enums::PrivacyRule::PrivacyValueDisallowUsers(rule) => &rule.users,
            _ => continue,
        };
        users.iter().for_each(|user| mentioned.user(UserId(*user)));
    }
}

fn key_to_tl(key: Key) -> enums::PrivacyKey {
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

fn rules_to_tl(rules: &Rules) -> Vec<enums::PrivacyRule> {
    rules.as_slice().iter().map(rule_to_tl).collect()
}

fn rule_to_tl(rule: &Rule) -> enums::PrivacyRule {
    use enums::PrivacyRule as Tl;
    let ids = |users: &[UserId]| users.iter().map(|user| user.0).collect();
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
