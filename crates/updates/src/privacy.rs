//! The privacy rules of a user, as answers and updates show them.

use domain::UserId;
use domain::privacy::Key;
use store::{StoreError, Tx};
use tl_api::{enums, types};

use crate::people::{self, Mentioned};
use crate::{Presence, rules};

/// The rules in force for a key, with the people whom they name.
pub fn rules(
    tx: &mut Tx<'_>,
    owner: UserId,
    key: Key,
    presence: &Presence,
) -> Result<types::account::PrivacyRules, StoreError> {
    let rules = people::rules(tx, owner, key)?;
    let rules = rules::to_tl(&rules);
    let mut mentioned = Mentioned::default();
    mention(&rules, &mut mentioned);
    let users = mentioned.users(tx, owner, presence)?;
    Ok(types::account::PrivacyRules { rules, users, ..Default::default() })
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
